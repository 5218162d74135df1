//! BN254's stages, lanes against arkworks.

use ark_bn254::{Bn254, Fq12, Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::pairing::{MillerLoopOutput, Pairing};
use ark_ec::short_weierstrass::SWCurveConfig;
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::BigInt;
use tutti_lanes::Ifma;
use tutti_types::HashVariant;

use super::{Stage, keep};

/// What a quorum's aggregate adds up.
const SIGNERS: usize = 120;

pub(super) struct Material {
    digests: Vec<[u8; 32]>,
    points: Vec<G1Affine>,
    keys: Vec<G2Affine>,
    /// Miller values.
    values: Vec<Fq12>,
    scalars: Vec<u64>,
    /// `SIGNERS` places of keys for each item.
    quorums: Vec<Vec<u32>>,
}

impl Material {
    pub(super) fn new(n: usize) -> Self {
        let numbers: Vec<u64> = (1..=n as u64)
            .map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .collect();
        let scalar = |i: u64| Fr::from(i) * Fr::from(i) * Fr::from(i) * Fr::from(i);
        let times = |i: &u64| (G1Affine::generator() * scalar(*i)).into_affine();
        let points: Vec<G1Affine> = numbers.iter().map(times).collect();
        let keys: Vec<G2Affine> = numbers
            .iter()
            .map(|i| (G2Affine::generator() * scalar(*i)).into_affine())
            .collect();
        Self {
            digests: numbers
                .iter()
                .map(|i| {
                    let mut digest = [0; 32];
                    for (at, byte) in digest.iter_mut().enumerate() {
                        *byte = (i.rotate_left(at as u32) >> 24) as u8;
                    }
                    digest
                })
                .collect(),
            values: points
                .iter()
                .zip(&keys)
                .map(|(p, q)| Bn254::miller_loop(p, q).0)
                .collect(),
            quorums: (0..n)
                .map(|i| (0..SIGNERS).map(|k| ((i + 7 * k) % n) as u32).collect())
                .collect(),
            scalars: numbers,
            points,
            keys,
        }
    }

    fn sums_of_quorums(&self, isa: Ifma) -> Vec<G2Affine> {
        let all = self.quorums.iter().flatten();
        let keys: Vec<G2Affine> = all.map(|&at| self.keys[at as usize]).collect();
        tutti_lanes::bn254_part_sums_g2(isa, &keys, &vec![SIGNERS; self.quorums.len()])
    }

    /// With 16 windows of signed digits of 4 bits.
    fn weighted_sum(&self, isa: Ifma) -> Vec<G1Affine> {
        let digit = |s: &u64, w: usize| (s >> (4 * w) & 15) as i16 - 7;
        let digits: Vec<Vec<i16>> = (0..16)
            .map(|w| self.scalars.iter().map(|s| digit(s, w)).collect())
            .collect();
        let digits: Vec<&[i16]> = digits.iter().map(Vec::as_slice).collect();
        let parts = [self.points.len()];
        let buckets = tutti_lanes::bn254_bucket_sums_g1(isa, &self.points, &parts, &digits, 8);
        let terms = tutti_lanes::bn254_digit_sums_g1(isa, &buckets, digits.len());
        tutti_lanes::bn254_shifted_sums_g1(isa, &terms, 1, 4)
    }
}

pub(super) fn point_stages(isa: Ifma, m: &Material) -> Vec<Stage<'_>> {
    vec![
        (
            "BN254 try and increment",
            Box::new(move || keep(tutti_lanes::bn254_try_and_increment(isa, &m.digests))),
            Box::new(|| {
                for digest in &m.digests {
                    keep(tutti_curves::bn254::try_and_increment(digest));
                }
            }),
        ),
        (
            "BN254 RFC 9380 to G1",
            Box::new(move || {
                let messages: Vec<&[u8]> = m.digests.iter().map(<[u8; 32]>::as_slice).collect();
                keep(tutti_lanes::bn254_hash_to_g1(isa, &messages, b"TAG"));
            }),
            Box::new(|| {
                for digest in &m.digests {
                    keep(tutti_curves::bn254::hash_to_g1(
                        HashVariant::RandomOracle,
                        digest,
                        b"TAG",
                    ));
                }
            }),
        ),
        (
            "BN254 G2 membership",
            Box::new(move || keep(tutti_lanes::bn254_in_g2(isa, &m.keys))),
            Box::new(|| {
                for key in &m.keys {
                    keep(key.is_in_correct_subgroup_assuming_on_curve());
                }
            }),
        ),
        (
            "BN254 G1 times 64 bits",
            Box::new(move || {
                keep(tutti_lanes::bn254_multiply_g1_64(
                    isa, &m.points, &m.scalars,
                ));
            }),
            Box::new(|| {
                let multiples: Vec<G1Projective> = m
                    .points
                    .iter()
                    .zip(&m.scalars)
                    .map(|(p, s)| ark_bn254::g1::Config::mul_affine(p, &[*s]))
                    .collect();
                keep(G1Projective::normalize_batch(&multiples));
            }),
        ),
        (
            "BN254 G2 times 64 bits",
            Box::new(move || keep(tutti_lanes::bn254_multiply_g2_64(isa, &m.keys, &m.scalars))),
            Box::new(|| {
                let multiples: Vec<G2Projective> = m
                    .keys
                    .iter()
                    .zip(&m.scalars)
                    .map(|(p, s)| ark_bn254::g2::Config::mul_affine(p, &[*s]))
                    .collect();
                keep(G2Projective::normalize_batch(&multiples));
            }),
        ),
    ]
}

pub(super) fn sum_stages(isa: Ifma, m: &Material) -> Vec<Stage<'_>> {
    vec![
        (
            "BN254 sum of 120 keys",
            Box::new(move || keep(m.sums_of_quorums(isa))),
            Box::new(|| {
                for quorum in &m.quorums {
                    let sum = quorum.iter().fold(G2Projective::default(), |sum, &at| {
                        sum + m.keys[at as usize]
                    });
                    keep(sum.into_affine());
                }
            }),
        ),
        (
            "BN254 G1 sum, 64 bits",
            Box::new(move || keep(m.weighted_sum(isa))),
            Box::new(|| {
                let scalars: Vec<_> = m.scalars.iter().map(|s| BigInt::from(*s)).collect();
                keep(G1Projective::msm_bigint(&m.points, &scalars));
            }),
        ),
    ]
}

pub(super) fn pairing_stages(isa: Ifma, m: &Material) -> Vec<Stage<'_>> {
    vec![
        (
            "BN254 Miller, one by one",
            Box::new(move || keep(tutti_lanes::bn254_miller_loops(isa, &m.points, &m.keys))),
            Box::new(|| {
                for (p, q) in m.points.iter().zip(&m.keys) {
                    keep(Bn254::miller_loop(p, q));
                }
            }),
        ),
        (
            "BN254 Miller, product",
            Box::new(move || keep(tutti_lanes::bn254_miller_product(isa, &m.points, &m.keys))),
            Box::new(|| keep(Bn254::multi_miller_loop(&m.points, &m.keys))),
        ),
        (
            "BN254 final exponent.",
            Box::new(move || keep(tutti_lanes::bn254_final_exponentiations(isa, &m.values))),
            Box::new(|| {
                for value in &m.values {
                    keep(Bn254::final_exponentiation(MillerLoopOutput(*value)));
                }
            }),
        ),
    ]
}
