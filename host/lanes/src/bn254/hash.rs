//! `EigenLayer`'s hash to G1 of BN254, try and increment: the first x, x + 1, … with a point above it, from x = digest mod p.
//!
//! Half of all x have a point, so how often a message is tried varies. Lanes do not wait for each other: each round tries the
//! next candidates of all messages that have none yet, and where those are fewer than the lanes, several of each at once.

use ark_bn254::{Fq, G1Affine};
use ark_ff::{Field, PrimeField};

use super::Fp;
use super::group::G1;
use crate::Ifma;
use crate::decompress::Compressed;
use crate::element::{Element, ElementSum};
use crate::points::eight_of;
use crate::vector::Mask;

/// The point of each digest. The root is (x³ + 3)^((p+1)/4), whatever its sign.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn try_and_increment(isa: Ifma, digests: &[[u8; 32]]) -> Vec<G1Affine> {
    let mut next: Vec<Fq> = digests
        .iter()
        .map(|digest| Fq::from_be_bytes_mod_order(digest))
        .collect();
    let mut points = vec![None; digests.len()];
    let mut pending: Vec<usize> = (0..digests.len()).collect();
    while !pending.is_empty() {
        let tries = (8 / pending.len()).max(1);
        let mut candidates = Vec::with_capacity(pending.len() * tries);
        for &at in &pending {
            for _ in 0..tries {
                candidates.push((at, next[at]));
                next[at] += Fq::ONE;
            }
        }
        // Two vectors side by side fill the pipeline of the square roots better than one.
        for some in candidates.chunks(16) {
            for (at, point) in above(isa, some) {
                points[at].get_or_insert(point);
            }
        }
        pending.retain(|&at| points[at].is_none());
    }
    points.into_iter().flatten().collect()
}

/// The points above those of the candidates that have one, in their order.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn above(isa: Ifma, candidates: &[(usize, Fq)]) -> Vec<(usize, G1Affine)> {
    let (low, high) = candidates.split_at(candidates.len().min(8));
    let mut points = Vec::with_capacity(candidates.len());
    if high.is_empty() {
        above_vectors(isa, [low], &mut points);
    } else {
        above_vectors(isa, [low, high], &mut points);
    }
    points
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn above_vectors<const N: usize>(
    isa: Ifma,
    candidates: [&[(usize, Fq)]; N],
    points: &mut Vec<(usize, G1Affine)>,
) {
    let three = G1::b(isa).sum();
    let squares = candidates.map(|some| {
        let x = Fp::from_scalar(isa, eight_of(some).map(|(_, x)| x));
        (x.sqr().mul(&x).sum() + three).tight()
    });
    let (roots, exist): ([Fp; N], [Mask; N]) = Fp::roots(&squares);
    for n in 0..N {
        let y = roots[n].to_scalar();
        for (lane, (at, x)) in candidates[n].iter().enumerate() {
            if exist[n].lane(lane) {
                points.push((*at, G1Affine::new_unchecked(*x, y[lane])));
            }
        }
    }
}

#[cfg(test)]
mod tests;
