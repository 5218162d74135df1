//! The two groups: what distinguishes them, and what is done alike in both.

use blst::{BLST_ERROR, blst_p1_affine, blst_p2_affine};

use super::{Fp, Fp2, Plain, SEED};
use crate::Ifma;
use crate::curve::{Affine, same};
use crate::element::{Element, ElementSum};
use crate::points::{Points, eight_of};
use crate::twist::psi;
use crate::vector::{Mask, V};

/// The compressed form of G1's or G2's points, SIZE bytes.
pub(crate) trait Group<const SIZE: usize>: Points {
    /// The b of y² = x³ + b.
    fn b(isa: Ifma) -> Self::F;
    /// The x of a compressed point without its flags, and where its coordinates are canonical and x is not 0, which blst
    /// refuses at once.
    fn x_from_bytes(isa: Ifma, bytes: [&[u8; SIZE]; 8]) -> (Self::F, Mask);
    fn roots<const N: usize>(x: &[Self::F; N]) -> ([Self::F; N], [Mask; N]);
    /// Where y is the greater of y and -y.
    fn is_greater(y: &Self::F) -> Mask;
    /// The scalar decompression, for the encodings that are none of a finite point.
    fn uncompress_scalar(bytes: &[u8; SIZE]) -> Result<Self::Stored, BLST_ERROR>;
}

/// Keys: points over Fp.
pub(crate) struct G1;

/// Signatures: points over Fp2, on the twist.
pub(crate) struct G2;

/// A big-endian integer, without the bits of its top word that are flags.
#[inline(always)]
pub(crate) fn plain_from_bytes(isa: Ifma, bytes: [&[u8; 48]; 8], flags: u64) -> Plain {
    let mut words = [[0; 8]; 6];
    for lane in 0..8 {
        let (chunks, _) = bytes[lane].as_chunks::<8>();
        for w in 0..6 {
            words[w][lane] = u64::from_be_bytes(chunks[5 - w]);
        }
        words[5][lane] &= !flags;
    }
    Plain::from_words(&words.each_ref().map(|word| V::load(isa, word)))
}

/// The three flags of a compressed point sit above the 381 bits of the first coordinate: these bits of its top word. Any other
/// coordinate has none, and is not canonical with a bit there.
pub(crate) const FLAGS_WORD: u64 = 0b111 << 61;

pub(crate) const COMPRESSED: u8 = 0x80;
pub(crate) const INFINITY: u8 = 0x40;
pub(crate) const GREATER: u8 = 0x20;

impl Points for G1 {
    type F = Fp;
    type Stored = blst_p1_affine;

    #[inline(always)]
    fn load(isa: Ifma, p: [&blst_p1_affine; 8]) -> Affine<Fp> {
        Affine {
            x: Fp::from_scalar(isa, p.map(|p| &p.x)),
            y: Fp::from_scalar(isa, p.map(|p| &p.y)),
        }
    }

    #[inline(always)]
    fn store(p: &Affine<Fp>) -> [blst_p1_affine; 8] {
        let (x, y) = (p.x.to_scalar(), p.y.to_scalar());
        core::array::from_fn(|lane| blst_p1_affine {
            x: x[lane],
            y: y[lane],
        })
    }

    fn multiply_scalar(p: &blst_p1_affine, scalar: u128) -> blst_p1_affine {
        let (mut sum, mut affine) = <(blst::blst_p1, blst_p1_affine)>::default();
        // SAFETY: plain values of the types that blst asks for.
        unsafe {
            for bit in (0..128).rev() {
                blst::blst_p1_double(&raw mut sum, &raw const sum);
                if scalar >> bit & 1 == 1 {
                    blst::blst_p1_add_or_double_affine(&raw mut sum, &raw const sum, p);
                }
            }
            blst::blst_p1_to_affine(&raw mut affine, &raw const sum);
        }
        affine
    }

    /// [x²]P = -φ(P), with φ(x, y) = (βx, y): M. Scott, "A note on group membership tests for G1, G2 and GT", 2021/1130.
    #[inline(always)]
    fn in_subgroup(p: &Affine<Fp>) -> Mask {
        let phi = Affine {
            x: p.x.mul(&beta(p.x.isa())),
            y: p.y,
        };
        let multiple = p.point().times(SEED).times(SEED);
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { same(&multiple, &phi.neg()) }
    }
}

/// The cube root of one with [x²](x, y) = (β·x, -y) in G1.
#[inline(always)]
pub(crate) fn beta(isa: Ifma) -> Fp {
    Fp::splat(isa, &consts::BETA)
}

impl Group<48> for G1 {
    #[inline(always)]
    fn b(isa: Ifma) -> Fp {
        Fp::splat(isa, &consts::B1)
    }

    #[inline(always)]
    fn x_from_bytes(isa: Ifma, bytes: [&[u8; 48]; 8]) -> (Fp, Mask) {
        let x = plain_from_bytes(isa, bytes, FLAGS_WORD);
        (x.element(), x.below_p() & !x.is_zero())
    }

    #[inline(always)]
    fn roots<const N: usize>(x: &[Fp; N]) -> ([Fp; N], [Mask; N]) {
        Fp::roots(x)
    }

    #[inline(always)]
    fn is_greater(y: &Fp) -> Mask {
        y.plain().above_half()
    }

    fn uncompress_scalar(bytes: &[u8; 48]) -> Result<blst_p1_affine, BLST_ERROR> {
        let mut p = blst_p1_affine::default();
        // SAFETY: blst reads 48 bytes and writes one point.
        match unsafe { blst::blst_p1_uncompress(&raw mut p, bytes.as_ptr()) } {
            BLST_ERROR::BLST_SUCCESS => Ok(p),
            error => Err(error),
        }
    }
}

impl Points for G2 {
    type F = Fp2;
    type Stored = blst_p2_affine;

    #[inline(always)]
    fn load(isa: Ifma, p: [&blst_p2_affine; 8]) -> Affine<Fp2> {
        Affine {
            x: Fp2::from_scalar(isa, p.map(|p| &p.x)),
            y: Fp2::from_scalar(isa, p.map(|p| &p.y)),
        }
    }

    #[inline(always)]
    fn store(p: &Affine<Fp2>) -> [blst_p2_affine; 8] {
        let (x, y) = (p.x.to_scalar(), p.y.to_scalar());
        core::array::from_fn(|lane| blst_p2_affine {
            x: x[lane],
            y: y[lane],
        })
    }

    fn multiply_scalar(p: &blst_p2_affine, scalar: u128) -> blst_p2_affine {
        let (mut sum, mut affine) = <(blst::blst_p2, blst_p2_affine)>::default();
        // SAFETY: plain values of the types that blst asks for.
        unsafe {
            for bit in (0..128).rev() {
                blst::blst_p2_double(&raw mut sum, &raw const sum);
                if scalar >> bit & 1 == 1 {
                    blst::blst_p2_add_or_double_affine(&raw mut sum, &raw const sum, p);
                }
            }
            blst::blst_p2_to_affine(&raw mut affine, &raw const sum);
        }
        affine
    }

    /// ψ(P) = [x]P, x negative: Scott, as above.
    #[inline(always)]
    fn in_subgroup(p: &Affine<Fp2>) -> Mask {
        let multiple = p.point().times(SEED);
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { same(&multiple, &psi(p).neg()) }
    }
}

impl Group<96> for G2 {
    #[inline(always)]
    fn b(isa: Ifma) -> Fp2 {
        Fp2::splat(isa, &consts::B2)
    }

    #[inline(always)]
    fn x_from_bytes(isa: Ifma, bytes: [&[u8; 96]; 8]) -> (Fp2, Mask) {
        let half = |i: usize| bytes.map(|b| &b.as_chunks::<48>().0[i]);
        let (c1, c0) = (
            plain_from_bytes(isa, half(0), FLAGS_WORD),
            plain_from_bytes(isa, half(1), 0),
        );
        let x = Fp2 {
            c0: c0.element(),
            c1: c1.element(),
        };
        (
            x,
            c0.below_p() & c1.below_p() & !(c0.is_zero() & c1.is_zero()),
        )
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

    fn uncompress_scalar(bytes: &[u8; 96]) -> Result<blst_p2_affine, BLST_ERROR> {
        let mut p = blst_p2_affine::default();
        // SAFETY: blst reads 96 bytes and writes one point.
        match unsafe { blst::blst_p2_uncompress(&raw mut p, bytes.as_ptr()) } {
            BLST_ERROR::BLST_SUCCESS => Ok(p),
            error => Err(error),
        }
    }
}

type Decompressed<B> = Result<B, BLST_ERROR>;

/// Points from their compressed form: on the curve, but in the group only if someone checks.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn decompress<const SIZE: usize, G: Group<SIZE>>(
    isa: Ifma,
    bytes: &[[u8; SIZE]],
) -> Vec<Decompressed<G::Stored>> {
    let mut points = Vec::with_capacity(bytes.len());
    // Two vectors side by side fill the pipeline of the square roots better than one.
    let pairs = bytes.chunks(16);
    for pair in pairs {
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
fn decompress_vectors<const SIZE: usize, G: Group<SIZE>, const N: usize>(
    isa: Ifma,
    bytes: [&[[u8; SIZE]]; N],
    points: &mut Vec<Decompressed<G::Stored>>,
) {
    let b = G::b(isa).sum();
    let mut x = [G::F::zero(isa); N];
    let mut regular = [Mask::ALL; N];
    let mut yy = x;
    for n in 0..N {
        (x[n], regular[n]) = G::x_from_bytes(isa, eight_of(bytes[n]));
        yy[n] = (x[n].sqr().mul(&x[n]).sum() + b).tight();
    }
    let (y, on_curve) = G::roots(&yy);
    for n in 0..N {
        let lanes = eight_of(bytes[n]);
        let wanted = lanes
            .iter()
            .enumerate()
            .fold(0, |m, (i, b)| m | u8::from(b[0] & GREATER != 0) << i);
        let flip = G::is_greater(&y[n]) ^ Mask(wanted);
        let y = G::F::select(flip, &y[n].neg(), &y[n]);
        let stored = G::store(&Affine { x: x[n], y });
        for (lane, bytes) in bytes[n].iter().enumerate() {
            let finite = bytes[0] & (COMPRESSED | INFINITY) == COMPRESSED;
            points.push(
                match (finite && regular[n].lane(lane), on_curve[n].lane(lane)) {
                    (true, true) => Ok(stored[lane]),
                    (true, false) => Err(BLST_ERROR::BLST_POINT_NOT_ON_CURVE),
                    (false, _) => G::uncompress_scalar(bytes),
                },
            );
        }
    }
}

mod consts {
    /// 4.
    pub(super) const B1: [u64; 8] = [
        0xc_203a_a3a7_e6bb,
        0x9_9c5b_63f9_1e5d,
        0xe_c221_8e49_b9f5,
        0xb_47d6_b297_d25b,
        0x3_6f29_b533_dd05,
        0xa_ac3b_92d6_d85a,
        0x2_5d10_0f55_59b6,
        0x0_0000_0000_5208,
    ];
    /// 4 + 4i.
    pub(super) const B2: [[u64; 8]; 2] = [B1, B1];
    pub(super) const BETA: [u64; 8] = [
        0xd_75aa_ff33_455f,
        0xd_0953_56b7_cbb6,
        0x9_53a2_f6fa_079f,
        0x1_080c_f0a3_d697,
        0x3_f7de_3465_fe7c,
        0x0_1f71_fd68_96ec,
        0xd_9dd9_cc17_2747,
        0x0_0000_0000_7d91,
    ];
}

#[cfg(test)]
mod tests;
