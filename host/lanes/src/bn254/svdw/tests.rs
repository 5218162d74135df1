use ark_bn254::{Fq, G1Affine};
use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};

use super::{field_elements, map_all};
use crate::bn254_hash_to_g1;
use crate::testing::Random;

fn g(x: Fq) -> Fq {
    x * x * x + Fq::from(3u64)
}

fn is_odd(x: Fq) -> bool {
    x.into_bigint().is_odd()
}

/// RFC 9380, section 6.6.1, as it stands there, for A = 0, B = 3 and Z = 1.
fn oracle(u: Fq) -> G1Affine {
    let z = Fq::ONE;
    let c3 = (-g(z) * Fq::from(3u64) * z.square())
        .sqrt()
        .expect("by the choice of Z");
    let c3 = if is_odd(c3) { -c3 } else { c3 };
    let c4 = -Fq::from(4u64) * g(z) / (Fq::from(3u64) * z.square());
    let tv1 = u.square() * g(z);
    let tv2 = Fq::ONE + tv1;
    let tv1 = Fq::ONE - tv1;
    let tv3 = (tv1 * tv2).inverse().unwrap_or(Fq::ZERO);
    let tv4 = u * tv1 * tv3 * c3;
    let half = -z / Fq::from(2u64);
    let x3 = z + c4 * (tv2.square() * tv3).square();
    let x = [half - tv4, half + tv4, x3]
        .into_iter()
        .find(|x| g(*x).legendre().is_qr() || g(*x) == Fq::ZERO)
        .expect("one of three");
    let y = g(x).sqrt().expect("a square");
    G1Affine::new_unchecked(x, if is_odd(y) == is_odd(u) { y } else { -y })
}

#[test]
fn maps_are_those_of_the_definition() {
    let isa = isa_or_skip!();
    let mut random = Random(85);
    // 1 ± 4u² = 0, where the inverse of 0 is taken for 0: u = 1/2 and, where it exists, u = sqrt(-1)/2.
    let half = Fq::from(2u64).inverse().expect("two is a unit");
    let mut elements = vec![Fq::ZERO, Fq::ONE, -Fq::ONE, half, -half];
    elements.extend((0..200).map(|_| random.fq()));
    let expected: Vec<G1Affine> = elements.iter().map(|u| oracle(*u)).collect();
    for n in [0, 1, 5, 8, 9, 17, elements.len()] {
        // SAFETY: isa proves the features.
        assert_eq!(unsafe { map_all(isa, &elements[..n]) }, expected[..n]);
    }
}

#[test]
fn hashes_are_sums_of_two_maps() {
    let isa = isa_or_skip!();
    let mut random = Random(86);
    for n in [0usize, 1, 7, 8, 9, 33] {
        let messages: Vec<Vec<u8>> = (0..n)
            .map(|i| random.bytes::<100>()[..(7 * i) % 100].to_vec())
            .collect();
        let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let tag = b"QUUX-V01-CS02-with-BN254G1_XMD:SHA-256_SVDW_RO_";
        let expected: Vec<G1Affine> = messages
            .iter()
            .map(|message| {
                let [u, v] = field_elements(message, tag);
                (oracle(u) + oracle(v)).into_affine()
            })
            .collect();
        assert_eq!(bn254_hash_to_g1(isa, &messages, tag), expected);
    }
}
