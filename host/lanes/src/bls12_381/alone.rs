//! One signature by itself: the decompressions of key and signature, their membership checks and the hash of the message
//! would each leave the register all but empty, and share one here.
//!
//! Lanes 0 and 1 hold the two elements that the message is hashed to, lane 2 the signature, lane 3 the key: a point of G1 is
//! one over Fp2 whose coordinates have no imaginary part, and doubling and addition ask nothing else of a curve.

use blst::blst_p1_affine;

use super::group::{G1, G2, beta};
use super::hash::{Candidate, EXPANDED, cleared, element, expand, isogeny, second_multiplicand};
use super::{Bls12381, Fp, Fp2, Plain, SEED};
use crate::curve::{Affine, Point, affine_all, same, two};
use crate::decompress::{Compressed, Coordinate, Encoding, plain_from_bytes};
use crate::element::{Element, ElementSum};
use crate::points::Points;
use crate::twist::psi_point;
use crate::vector::Mask;
use crate::{Alone, Ifma};

const HASHED: Mask = Mask(0b0011);
/// Where the message's point is once its two parts are added.
const MESSAGE_LANE: usize = 0;
const MESSAGE: Mask = Mask(1 << MESSAGE_LANE);
const SIGNATURE_LANE: usize = 2;
const SIGNATURE: Mask = Mask(1 << SIGNATURE_LANE);
const KEY_LANE: usize = 3;
const KEY: Mask = Mask(1 << KEY_LANE);

/// The points of one signature, if each is a finite point of its group; none also where a hash is out of the ordinary, which
/// nobody has ever seen.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn points_alone(
    isa: Ifma,
    key: Option<&[u8; 48]>,
    signature: &[u8; 96],
    message: &[u8],
    tag: &[u8],
) -> Option<Alone> {
    let finite = Bls12381::is_finite;
    if !finite(signature[0]) || key.is_some_and(|key| !finite(key[0])) {
        return None;
    }
    let candidate = Candidate::new(&elements(isa, message, tag));
    let compressed = compressed_x(isa, key, signature);
    let (hashed, own) = points(&candidate, &compressed);
    let (own, on_curve) = (own.0, own.1 & compressed.regular);

    let start = Point::select(MESSAGE, &isogeny(&sum_of_first_two(&hashed)), &own.point());
    let once = two::times(&start, [MESSAGE_LANE, SIGNATURE_LANE], SEED);
    let again = Point::select(MESSAGE, &second_multiplicand(&start, &once), &start);
    let twice = two::times(&again, [MESSAGE_LANE, KEY_LANE], SEED);
    let message_point = cleared(&start, &twice);
    let mut in_group = SIGNATURE & is_signature(&start, &once.permute(&[4; 8]));
    if key.is_some() {
        in_group = in_group | (KEY & is_key(&start, &two::times(&twice, [4, 4], SEED)));
    }
    let in_group = in_group & on_curve;

    let is_good = in_group.lane(SIGNATURE_LANE)
        && (key.is_none() || in_group.lane(KEY_LANE))
        && !message_point.z.is_zero().lane(0);
    is_good.then(|| Alone {
        key: key.map(|_| blst_p1_affine {
            x: own.x.c0.to_scalar()[KEY_LANE],
            y: own.y.c0.to_scalar()[KEY_LANE],
        }),
        signature: G2::store(&own)[SIGNATURE_LANE],
        message: G2::store(&affine_all(&[message_point])[0])[0],
    })
}

/// The two elements of the message in the first two lanes.
#[target_feature(enable = "avx512f,avx512ifma")]
fn elements(isa: Ifma, message: &[u8], tag: &[u8]) -> Fp2 {
    let expanded = expand::<EXPANDED>(message, tag);
    let mut bytes = [[0; EXPANDED]; 8];
    let (first, second) = expanded.split_at(EXPANDED / 2);
    bytes[0][..EXPANDED / 2].copy_from_slice(first);
    bytes[1][..EXPANDED / 2].copy_from_slice(second);
    element(isa, &bytes, 0)
}

/// What the bytes of signature and key say.
struct CompressedX {
    x: Fp2,
    /// Where the coordinates are canonical and not 0.
    regular: Mask,
    /// Where the greater y is meant.
    greater: Mask,
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn compressed_x(isa: Ifma, key: Option<&[u8; 48]>, signature: &[u8; 96]) -> CompressedX {
    const ZERO: &[u8] = &[0; 48];
    let (c1, c0) = signature.split_at(48);
    let key = key.map_or(ZERO, |key| &key[..]);
    let first = [ZERO, ZERO, c1, key, ZERO, ZERO, ZERO, ZERO];
    let second = [ZERO, ZERO, c0, ZERO, ZERO, ZERO, ZERO, ZERO];
    let first: Plain = plain_from_bytes(isa, first, Bls12381::FLAGS);
    let second: Plain = plain_from_bytes(isa, second, 0);
    let regular = first.below_p() & second.below_p() & !(first.is_zero() & second.is_zero());
    let (first, second) = (first.element(), second.element());
    let bit = |first: u8, lane: usize| u8::from(first & Bls12381::GREATER != 0) << lane;
    CompressedX {
        // A signature's imaginary part comes first; a key has none.
        x: Fp2 {
            c0: Fp::select(KEY, &first, &second),
            c1: Fp::select(KEY, &second, &first),
        },
        regular,
        greater: Mask(bit(signature[0], SIGNATURE_LANE) | bit(key[0], KEY_LANE)),
    }
}

/// The message's two points on the isogenous curve, and the points of signature and key with where they are on theirs: all
/// their square roots at once.
#[target_feature(enable = "avx512f,avx512ifma")]
fn points(candidate: &Candidate, compressed: &CompressedX) -> (Affine<Fp2>, (Affine<Fp2>, Mask)) {
    let x = compressed.x;
    let isa = x.isa();
    let zero = Fp::zero(isa);
    let four = Fp2 {
        c0: G1::b(isa),
        c1: zero,
    };
    let b = Fp2::select(KEY, &four, &G2::b(isa));
    let yy = (x.sqr().mul(&x).sum() + b.sum()).tight();
    // The key's y² is an element of Fp: in its lane the first power already serves for y itself.
    let own = Fp::select(KEY, &yy.c0, &yy.norm());
    let norms = Fp::select(HASHED, &candidate.c.norm(), &own);
    let [power] = Fp::root_power(&[norms]);
    let root = norms.mul(&power);
    let (square, radicand, root_of_norm) = candidate.radicand(&norms, &power);
    let ([y], [is_root]) = Fp2::roots_with_norms(
        &[Fp2::select(HASHED, &radicand, &yy)],
        &[Fp::select(HASHED, &root_of_norm, &root)],
    );
    let hashed = candidate.point(square, &power, &y);
    let key_y = Fp2 { c0: root, c1: zero };
    let y = Fp2::select(KEY, &key_y, &y);
    let on_curve = (KEY & root.sqr().equals(&norms)) | (!KEY & is_root);
    let flip = y.is_greater() ^ compressed.greater;
    let y = Fp2::select(flip, &y.neg(), &y);
    (hashed, (Affine { x, y }, on_curve))
}

/// The sum of lanes 0 and 1 in lane 0.
#[target_feature(enable = "avx512f,avx512ifma")]
fn sum_of_first_two(p: &Affine<Fp2>) -> Point<Fp2> {
    let second = Affine {
        x: p.x.rotate::<1>(),
        y: p.y.rotate::<1>(),
    };
    p.point().add_affine_distinct(&second)
}

/// Where a point with Z = 1 is in G2, from its multiple by |x|, as `Points::in_subgroup` says.
#[target_feature(enable = "avx512f,avx512ifma")]
fn is_signature(p: &Point<Fp2>, once: &Point<Fp2>) -> Mask {
    let Point { x, y, .. } = psi_point(p);
    same(once, &Affine { x, y }.neg())
}

/// Where a point with Z = 1 is in G1, from its multiple by x².
#[target_feature(enable = "avx512f,avx512ifma")]
fn is_key(p: &Point<Fp2>, twice: &Point<Fp2>) -> Mask {
    let phi = Affine {
        x: p.x.mul_fp(&beta(p.x.isa())),
        y: p.y,
    };
    same(twice, &phi.neg())
}

#[cfg(test)]
mod tests;
