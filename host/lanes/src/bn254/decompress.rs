//! Points of BN254 from gnark's compressed form: two flags above a big-endian x; for G2 the imaginary part comes first.

use super::group::{G1, G2};
use super::{Fp, Fp2, Limbs, Plain};
use crate::Ifma;
use crate::curve::Affine;
use crate::element::{Element, ElementSum};
use crate::points::{Points, eight_of};
use crate::vector::{Mask, V};

/// The two flags in the first byte.
const FLAGS: u8 = 0b11 << 6;
const SMALLER_Y: u8 = 0b10 << 6;
const LARGER_Y: u8 = 0b11 << 6;

/// The same flags in the top word of the first coordinate. The other has none, and is not canonical with a bit there.
const FLAGS_WORD: u64 = (FLAGS as u64) << 56;

/// A group whose points come compressed in SIZE bytes.
pub(crate) trait Compressed<const SIZE: usize>: Points {
    /// The b of y² = x³ + b.
    fn b(isa: Ifma) -> Self::F;
    /// The x without its flags, and where it is canonical.
    fn x_from_bytes(isa: Ifma, bytes: [&[u8; SIZE]; 8]) -> (Self::F, Mask);
    fn roots<const N: usize>(x: &[Self::F; N]) -> ([Self::F; N], [Mask; N]);
    /// Where y is the greater of y and -y.
    fn is_greater(y: &Self::F) -> Mask;
}

/// A big-endian integer, without the bits of its top word that are flags.
#[inline(always)]
fn plain_from_bytes(isa: Ifma, bytes: [&[u8; 32]; 8], flags: u64) -> Plain {
    let mut words = [[0; 8]; 4];
    for lane in 0..8 {
        let (chunks, _) = bytes[lane].as_chunks::<8>();
        for w in 0..4 {
            words[w][lane] = u64::from_be_bytes(chunks[3 - w]);
        }
        words[3][lane] &= !flags;
    }
    Plain::from_words(&words.each_ref().map(|word| V::load(isa, word)))
}

impl Compressed<32> for G1 {
    #[inline(always)]
    fn b(isa: Ifma) -> Fp {
        Fp::splat(isa, &consts::THREE)
    }

    #[inline(always)]
    fn x_from_bytes(isa: Ifma, bytes: [&[u8; 32]; 8]) -> (Fp, Mask) {
        let x = plain_from_bytes(isa, bytes, FLAGS_WORD);
        (x.element(), x.below_p())
    }

    #[inline(always)]
    fn roots<const N: usize>(x: &[Fp; N]) -> ([Fp; N], [Mask; N]) {
        Fp::roots(x)
    }

    #[inline(always)]
    fn is_greater(y: &Fp) -> Mask {
        y.plain().above_half()
    }
}

impl Compressed<64> for G2 {
    #[inline(always)]
    fn b(isa: Ifma) -> Fp2 {
        Fp2::splat(isa, &consts::TWIST_B)
    }

    #[inline(always)]
    fn x_from_bytes(isa: Ifma, bytes: [&[u8; 64]; 8]) -> (Fp2, Mask) {
        let half = |i: usize| bytes.map(|b| &b.as_chunks::<32>().0[i]);
        let c1 = plain_from_bytes(isa, half(0), FLAGS_WORD);
        let c0 = plain_from_bytes(isa, half(1), 0);
        let canonical = c0.below_p() & c1.below_p();
        let (c0, c1) = (c0.element(), c1.element());
        (Fp2 { c0, c1 }, canonical)
    }

    #[inline(always)]
    fn roots<const N: usize>(x: &[Fp2; N]) -> ([Fp2; N], [Mask; N]) {
        Fp2::roots(x)
    }

    /// By c1, and by c0 where that is 0.
    #[inline(always)]
    fn is_greater(y: &Fp2) -> Mask {
        let (c0, c1) = (y.c0.plain(), y.c1.plain());
        c1.above_half() | (c1.is_zero() & c0.above_half())
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn decompress<const SIZE: usize, G: Compressed<SIZE>>(
    isa: Ifma,
    bytes: &[[u8; SIZE]],
) -> Vec<Option<G::Stored>> {
    let mut points = Vec::with_capacity(bytes.len());
    // Two vectors side by side fill the pipeline of the square roots better than one.
    for pair in bytes.chunks(16) {
        let (low, high) = pair.split_at(pair.len().min(8));
        if high.is_empty() {
            decompress_vectors::<SIZE, G, 1>(isa, [low], &mut points);
        } else {
            decompress_vectors::<SIZE, G, 2>(isa, [low, high], &mut points);
        }
    }
    points
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn decompress_vectors<const SIZE: usize, G: Compressed<SIZE>, const N: usize>(
    isa: Ifma,
    bytes: [&[[u8; SIZE]]; N],
    points: &mut Vec<Option<G::Stored>>,
) {
    let b = G::b(isa).sum();
    let x = bytes.map(|some| G::x_from_bytes(isa, eight_of(some)));
    let squares = x.map(|(x, _)| (x.sqr().mul(&x).sum() + b).tight());
    let (roots, exist) = G::roots(&squares);
    for n in 0..N {
        let flags = eight_of(bytes[n]).map(|b| b[0] & FLAGS);
        let larger = Mask::from_lanes(flags.map(|flags| flags == LARGER_Y));
        let finite = Mask::from_lanes(flags.map(|flags| flags == LARGER_Y || flags == SMALLER_Y));
        let flip = G::is_greater(&roots[n]) ^ larger;
        let (x, canonical) = x[n];
        let y = G::F::select(flip, &roots[n].neg(), &roots[n]);
        let good = finite & canonical & exist[n];
        let stored = G::store(&Affine { x, y });
        let lanes = stored.iter().enumerate().take(bytes[n].len());
        points.extend(lanes.map(|(lane, point)| good.lane(lane).then_some(*point)));
    }
}

mod consts {
    use super::Limbs;

    /// 3: the b of G1's curve.
    pub(super) const THREE: Limbs = [
        0x5_8d6c_0c79_b0d5,
        0x4_bc78_ad26_b93d,
        0x3_2bab_8145_19ae,
        0xb_6c4d_8ab1_aa20,
        0x0_2cde_7877_71f4,
    ];
    /// 3 / (9 + i): the b of G2's curve.
    pub(super) const TWIST_B: [Limbs; 2] = [
        [
            0xc_fd25_55a4_4b2c,
            0xa_27dd_fb73_4ee0,
            0x5_4501_9d06_a0b3,
            0x0_4ddc_7bb9_a768,
            0x0_0c98_b5c1_a9f7,
        ],
        [
            0xe_cccd_1dcf_f670,
            0xd_93ce_0d3e_38e7,
            0xa_c00a_a65f_0b37,
            0xd_4dd7_49d0_dd22,
            0x0_141b_9ce4_a688,
        ],
    ];
}

#[cfg(test)]
mod tests;
