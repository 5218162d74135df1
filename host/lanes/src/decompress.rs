//! Points from their compressed form: flags above a big-endian x. Over Fp2 the imaginary part comes first; the other
//! coordinate has no flags, and is not canonical with a bit there.

use crate::Ifma;
use crate::curve::Affine;
use crate::element::{Element, ElementSum};
use crate::fp::{Field, Fp, Plain};
use crate::fp2::Fp2;
use crate::points::{Points, eight_of};
use crate::vector::{Mask, V};

/// How the points of a curve are compressed.
pub(crate) trait Encoding: Field {
    /// The flags in the first byte.
    const FLAGS: u8;
    /// The bits that say whether a point is finite, and what they are where it is.
    const KIND: u8;
    const FINITE: u8;
    /// The greater of y and -y is meant.
    const GREATER: u8;
    /// Whether the scalar library takes a point with x = 0.
    const TAKES_ZERO: bool;

    fn is_finite(first: u8) -> bool {
        first & Self::KIND == Self::FINITE
    }
}

/// A coordinate in bytes.
pub(crate) trait Coordinate: Element {
    type Field: Encoding;

    /// Without its flags, and where it is canonical and may be a finite point's x.
    fn from_bytes(isa: Ifma, bytes: [&[u8]; 8]) -> (Self, Mask);
    fn roots<const N: usize>(x: &[Self; N]) -> ([Self; N], [Mask; N]);
    /// Where it is the greater of itself and its negative.
    fn is_greater(&self) -> Mask;
}

/// A group whose points come compressed in SIZE bytes.
pub(crate) trait Compressed<const SIZE: usize>: Points<F: Coordinate> {
    /// The b of y² = x³ + b.
    fn b(isa: Ifma) -> Self::F;
}

/// A big-endian integer, without the bits of its first byte that are flags.
#[inline(always)]
pub(crate) fn plain_from_bytes<M: Field>(isa: Ifma, bytes: [&[u8]; 8], flags: u8) -> Plain<M> {
    let mut words = [[0; 8]; 8];
    for lane in 0..8 {
        let (chunks, _) = bytes[lane].as_chunks::<8>();
        for w in 0..M::WORDS {
            words[w][lane] = u64::from_be_bytes(chunks[M::WORDS - 1 - w]);
        }
        words[M::WORDS - 1][lane] &= !(u64::from(flags) << 56);
    }
    Plain::from_words(&words.each_ref().map(|word| V::load(isa, word)))
}

impl<M: Encoding> Coordinate for Fp<M> {
    type Field = M;

    #[inline(always)]
    fn from_bytes(isa: Ifma, bytes: [&[u8]; 8]) -> (Self, Mask) {
        let x = plain_from_bytes::<M>(isa, bytes, M::FLAGS);
        let zero = if M::TAKES_ZERO {
            Mask::NONE
        } else {
            x.is_zero()
        };
        (x.element(), x.below_p() & !zero)
    }

    #[inline(always)]
    fn roots<const N: usize>(x: &[Self; N]) -> ([Self; N], [Mask; N]) {
        Self::roots(x)
    }

    #[inline(always)]
    fn is_greater(&self) -> Mask {
        self.plain().above_half()
    }
}

impl<M: Encoding> Coordinate for Fp2<M> {
    type Field = M;

    #[inline(always)]
    fn from_bytes(isa: Ifma, bytes: [&[u8]; 8]) -> (Self, Mask) {
        let halves = bytes.map(|bytes| bytes.split_at(8 * M::WORDS));
        let c1 = plain_from_bytes::<M>(isa, halves.map(|(c1, _)| c1), M::FLAGS);
        let c0 = plain_from_bytes::<M>(isa, halves.map(|(_, c0)| c0), 0);
        let zero = if M::TAKES_ZERO {
            Mask::NONE
        } else {
            c0.is_zero() & c1.is_zero()
        };
        let regular = c0.below_p() & c1.below_p() & !zero;
        let (c0, c1) = (c0.element(), c1.element());
        (Self { c0, c1 }, regular)
    }

    #[inline(always)]
    fn roots<const N: usize>(x: &[Self; N]) -> ([Self; N], [Mask; N]) {
        Self::roots(x)
    }

    /// By c1, and by c0 where that is 0.
    #[inline(always)]
    fn is_greater(&self) -> Mask {
        let (c0, c1) = (self.c0.plain(), self.c1.plain());
        c1.above_half() | (c1.is_zero() & c0.above_half())
    }
}

/// The finite points of the curve that the bytes stand for, in the group or not.
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
    type EncodingOf<G> = <<G as Points>::F as Coordinate>::Field;
    let b = G::b(isa).sum();
    let x = bytes.map(|some| {
        let lanes = eight_of(some).map(|bytes| &bytes[..]);
        G::F::from_bytes(isa, lanes)
    });
    let squares = x.map(|(x, _)| (x.sqr().mul(&x).sum() + b).tight());
    let (roots, exist) = G::F::roots(&squares);
    for n in 0..N {
        let first = eight_of(bytes[n]).map(|bytes| bytes[0]);
        let finite = Mask::from_lanes(first.map(EncodingOf::<G>::is_finite));
        let greater = Mask::from_lanes(first.map(|b| b & EncodingOf::<G>::GREATER != 0));
        let flip = roots[n].is_greater() ^ greater;
        let (x, regular) = x[n];
        let y = G::F::select(flip, &roots[n].neg(), &roots[n]);
        let good = finite & regular & exist[n];
        let stored = G::store(&Affine { x, y });
        let lanes = stored.iter().enumerate().take(bytes[n].len());
        points.extend(lanes.map(|(lane, point)| good.lane(lane).then_some(*point)));
    }
}
