//! Hashing to G1 of BN254 by RFC 9380 (`BN254G1_XMD:SHA-256_SVDW_RO_`, Z = 1), as gnark has it.

use ark_bn254::{Fq, G1Affine};
use ark_ff::{BigInteger, PrimeField};

use super::group::G1;
use super::hash::above;
use super::{Fp, Limbs};
use crate::Ifma;
use crate::element::{Element, ElementSum, invert_all};
use crate::msm::part_sums;
use crate::points::eight_of;

/// Two field elements of 48 bytes for each message.
const EXPANDED: usize = 96;

/// The hash of each message, with one domain separation tag for all; infinity where a message's two points cancel.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn hash_to_g1(isa: Ifma, messages: &[&[u8]], tag: &[u8]) -> Vec<G1Affine> {
    let elements: Vec<Fq> = messages
        .iter()
        .flat_map(|message| field_elements(message, tag))
        .collect();
    let points = map_all(isa, &elements);
    part_sums::<G1>(isa, &points, &vec![2; messages.len()])
}

fn field_elements(message: &[u8], tag: &[u8]) -> [Fq; 2] {
    let mut bytes = [0; EXPANDED];
    // SAFETY: the pointers come with their lengths.
    unsafe {
        blst::blst_expand_message_xmd(
            bytes.as_mut_ptr(),
            EXPANDED,
            message.as_ptr(),
            message.len(),
            tag.as_ptr(),
            tag.len(),
        );
    }
    let (low, high) = bytes.split_at(EXPANDED / 2);
    [low, high].map(Fq::from_be_bytes_mod_order)
}

/// The map of Shallue and van de Woestijne: of three candidates for x one at least has a point, the first one counts. Those
/// that have none yet try the next together, so that lanes are filled.
#[target_feature(enable = "avx512f,avx512ifma")]
fn map_all(isa: Ifma, elements: &[Fq]) -> Vec<G1Affine> {
    let candidates = candidates(isa, elements);
    let mut points = vec![G1Affine::default(); elements.len()];
    let mut pending: Vec<usize> = (0..elements.len()).collect();
    for nth in 0..3 {
        let some: Vec<(usize, Fq)> = pending
            .iter()
            .map(|&at| (at, candidates[at][nth]))
            .collect();
        for some in some.chunks(16) {
            for (at, point) in above(isa, some) {
                let flip = is_odd(&point.y) != is_odd(&elements[at]);
                points[at] = if flip { -point } else { point };
            }
        }
        pending.retain(|&at| points[at].infinity);
    }
    points
}

fn is_odd(x: &Fq) -> bool {
    x.into_bigint().is_odd()
}

/// RFC 9380, appendix F.1: the three candidates of each element.
#[target_feature(enable = "avx512f,avx512ifma")]
fn candidates(isa: Ifma, elements: &[Fq]) -> Vec<[Fq; 3]> {
    let one = Fp::one(isa).sum();
    let [c1, c2, c3, c4] = [consts::C1, consts::C2, consts::C3, consts::C4];
    let [c1, c2, c3, c4] = [
        Fp::splat(isa, &c1),
        Fp::splat(isa, &c2),
        Fp::splat(isa, &c3),
        Fp::splat(isa, &c4),
    ];
    let (mut terms, mut inverses) = (Vec::new(), Vec::new());
    for eight in elements.chunks(8) {
        let u = Fp::from_scalar(isa, eight_of(eight));
        let t = u.sqr().mul(&c1).sum();
        let (minus, plus) = ((one - t).tight(), (one + t).tight());
        terms.push((u, minus, plus));
        inverses.push(minus.mul(&plus));
    }
    invert_all(&mut inverses);
    let mut candidates = Vec::with_capacity(elements.len());
    for (((u, minus, plus), inverse), eight) in terms.iter().zip(&inverses).zip(elements.chunks(8))
    {
        let t = u.mul(minus).mul(inverse).mul(&c3).sum();
        let x1 = (c2.sum() - t).tight().to_scalar();
        let x2 = (c2.sum() + t).tight().to_scalar();
        let ratio = plus.sqr().mul(inverse);
        let x3 = (ratio.sqr().mul(&c4).sum() + one).tight().to_scalar();
        candidates.extend((0..eight.len()).map(|lane| [x1[lane], x2[lane], x3[lane]]));
    }
    candidates
}

mod consts {
    use super::Limbs;

    /// g(Z) = 4.
    pub(super) const C1: Limbs = [
        0x7_09d6_2af9_9842,
        0x0_419c_2918_69d0,
        0x3_3954_6df7_214c,
        0x8_8eaa_603f_5090,
        0x0_1b90_6c52_ac7a,
    ];
    /// -Z / 2.
    pub(super) const C2: Limbs = [
        0x7_87d6_5cfe_8aed,
        0x6_c8b1_d05b_9197,
        0x0_b9d7_b872_bce6,
        0xe_701f_57bb_5a7c,
        0x0_20d9_2d4b_d355,
    ];
    /// The even root of -3·Z²·g(Z) = -12.
    pub(super) const C3: Limbs = [
        0x6_cc33_e9e3_bf4b,
        0x5_052a_62da_013e,
        0x7_53b6_2c57_23a0,
        0x4_bec1_cdf0_0604,
        0x0_25de_336b_e751,
    ];
    /// -4·g(Z) / 3Z² = -16/3.
    pub(super) const C4: Limbs = [
        0x2_31b3_2f83_85c9,
        0xe_ce10_f8f8_d3d8,
        0x3_8b22_b408_55f6,
        0x5_4620_0808_2ced,
        0x0_2be6_9cfb_e6af,
    ];
}

#[cfg(test)]
mod tests;
