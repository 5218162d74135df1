//! What the oracle's values look like in the kernels' memory: both keep Montgomery form with the same R.
#![allow(dead_code)]

use ark_bn254::{Fq, Fq2, Fq12};
use ark_ec::AffineRepr;
use num_bigint::BigUint;
use rand_chacha::ChaCha20Rng;
use rand_core::RngCore;
use tutti_curves::bls12_381::{self, Bls12381, Fp12, P1Affine, P2Affine};
use tutti_curves::bn254::{self, Bn254, G1Affine, G2Affine};
use tutti_curves::{Curve, Group};

fn halves(words: &[u64]) -> Vec<u32> {
    words
        .iter()
        .flat_map(|&word| [word as u32, (word >> 32) as u32])
        .collect()
}

fn joined<const N: usize>(words: &[u32]) -> [u64; N] {
    std::array::from_fn(|i| u64::from(words[2 * i]) | u64::from(words[2 * i + 1]) << 32)
}

/// A group whose affine points have words.
pub(crate) trait Stored: Group {
    /// "bls" or "bn", and "g1" or "g2".
    const NAME: &'static str;
    /// Words of a coordinate.
    const COORDINATE: usize;
    /// Words of an element of the base field.
    const BASE: usize;
    fn words(point: &Self::Affine) -> Vec<u32>;
    fn point(words: &[u32]) -> Self::Affine;
    /// The cofactor.
    fn cofactor() -> BigUint;
    /// The order of the subgroup.
    fn order() -> BigUint;
    /// The eigenvalue of the endomorphism, from README.md.
    fn lambda() -> BigUint;
    fn compressed_bytes(bytes: &[u8]) -> Option<Self::Compressed>;

    fn entry(what: &str) -> String {
        format!("{}_{what}", Self::NAME)
    }
    fn optional_words(point: Option<&Self::Affine>) -> Vec<u32> {
        point.map_or(vec![0; 2 * Self::COORDINATE], Self::words)
    }
    fn optional_point(words: &[u32]) -> Option<Self::Affine> {
        words.iter().any(|&w| w != 0).then(|| Self::point(words))
    }
}

pub(crate) fn hexadecimal(digits: &str) -> BigUint {
    BigUint::parse_bytes(digits.as_bytes(), 16).expect("hexadecimal digits")
}

const BLS_ORDER: &str = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";
const BN_ORDER: &str = "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
const BN_MODULUS: &str = "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";

fn bls_lambda() -> BigUint {
    hexadecimal("d201000000010000").pow(2)
}

fn bn_lambda() -> BigUint {
    hexadecimal(BN_MODULUS).pow(2) % hexadecimal(BN_ORDER)
}

impl Stored for bls12_381::G1 {
    const NAME: &'static str = "bls_g1";
    const COORDINATE: usize = 12;
    const BASE: usize = 12;
    fn words(p: &P1Affine) -> Vec<u32> {
        [halves(&p.x.l), halves(&p.y.l)].concat()
    }
    fn point(words: &[u32]) -> P1Affine {
        let mut p = P1Affine::default();
        (p.x.l, p.y.l) = (joined(&words[..12]), joined(&words[12..]));
        p
    }
    fn cofactor() -> BigUint {
        hexadecimal("396c8c005555e1568c00aaab0000aaab")
    }
    fn order() -> BigUint {
        hexadecimal(BLS_ORDER)
    }
    fn lambda() -> BigUint {
        bls_lambda()
    }
    fn compressed_bytes(bytes: &[u8]) -> Option<[u8; 48]> {
        bytes.try_into().ok()
    }
}

impl Stored for bls12_381::G2 {
    const NAME: &'static str = "bls_g2";
    const COORDINATE: usize = 24;
    const BASE: usize = 12;
    fn words(p: &P2Affine) -> Vec<u32> {
        let elements = [p.x.fp[0], p.x.fp[1], p.y.fp[0], p.y.fp[1]];
        elements.iter().flat_map(|e| halves(&e.l)).collect()
    }
    fn point(words: &[u32]) -> P2Affine {
        let mut p = P2Affine::default();
        for (i, words) in words.chunks(12).enumerate() {
            let coordinate = if i < 2 { &mut p.x } else { &mut p.y };
            coordinate.fp[i % 2].l = joined(words);
        }
        p
    }
    fn cofactor() -> BigUint {
        hexadecimal(
            "5d543a95414e7f1091d50792876a202cd91de4547085abaa68a205b2e5a7ddfa628f1cb4d9e82ef21537e293a6691ae1616ec6e786f0c70cf1c38e31c7238e5",
        )
    }
    fn order() -> BigUint {
        hexadecimal(BLS_ORDER)
    }
    fn lambda() -> BigUint {
        bls_lambda()
    }
    fn compressed_bytes(bytes: &[u8]) -> Option<[u8; 96]> {
        bytes.try_into().ok()
    }
}

fn element(words: &[u32]) -> Fq {
    Fq::new_unchecked(ark_ff::BigInt::new(joined(words)))
}

impl Stored for bn254::G1 {
    const NAME: &'static str = "bn_g1";
    const COORDINATE: usize = 8;
    const BASE: usize = 8;
    fn words(p: &G1Affine) -> Vec<u32> {
        [halves(&p.x.0.0), halves(&p.y.0.0)].concat()
    }
    fn point(words: &[u32]) -> G1Affine {
        G1Affine::new_unchecked(element(&words[..8]), element(&words[8..]))
    }
    fn cofactor() -> BigUint {
        BigUint::from(1u8)
    }
    fn order() -> BigUint {
        hexadecimal(BN_ORDER)
    }
    fn lambda() -> BigUint {
        bn_lambda()
    }
    fn compressed_bytes(bytes: &[u8]) -> Option<[u8; 32]> {
        bytes.try_into().ok()
    }
}

impl Stored for bn254::G2 {
    const NAME: &'static str = "bn_g2";
    const COORDINATE: usize = 16;
    const BASE: usize = 8;
    fn words(p: &G2Affine) -> Vec<u32> {
        assert!(!p.is_zero());
        let elements = [p.x.c0, p.x.c1, p.y.c0, p.y.c1];
        elements.iter().flat_map(|e| halves(&e.0.0)).collect()
    }
    fn point(words: &[u32]) -> G2Affine {
        let e: Vec<Fq> = words.chunks(8).map(element).collect();
        G2Affine::new_unchecked(Fq2::new(e[0], e[1]), Fq2::new(e[2], e[3]))
    }
    fn cofactor() -> BigUint {
        hexadecimal(BN_MODULUS) * 2u8 - Self::order()
    }
    fn order() -> BigUint {
        hexadecimal(BN_ORDER)
    }
    fn lambda() -> BigUint {
        bn_lambda()
    }
    fn compressed_bytes(bytes: &[u8]) -> Option<[u8; 64]> {
        bytes.try_into().ok()
    }
}

/// A curve whose pairing values have words.
pub(crate) trait StoredCurve: Curve<G1: Stored, G2: Stored> {
    const NAME: &'static str;
    fn gt_words(value: &Self::Gt) -> Vec<u32>;
    fn gt(words: &[u32]) -> Self::Gt;
    fn final_exponentiation(value: &Self::Gt) -> Self::Gt;

    fn entry(what: &str) -> String {
        format!("{}_{what}", Self::NAME)
    }
}

impl StoredCurve for Bls12381 {
    const NAME: &'static str = "bls";
    fn gt_words(value: &Fp12) -> Vec<u32> {
        let coordinates = value.fp6.iter().flat_map(|c| &c.fp2).flat_map(|c| &c.fp);
        coordinates.flat_map(|c| halves(&c.l)).collect()
    }
    fn gt(words: &[u32]) -> Fp12 {
        let mut value = Fp12::default();
        for (i, words) in words.chunks(12).enumerate() {
            value.fp6[i / 6].fp2[i / 2 % 3].fp[i % 2].l = joined(words);
        }
        value
    }
    fn final_exponentiation(value: &Fp12) -> Fp12 {
        value.final_exp()
    }
}

impl StoredCurve for Bn254 {
    const NAME: &'static str = "bn";
    fn gt_words(value: &Fq12) -> Vec<u32> {
        [value.c0, value.c1]
            .iter()
            .flat_map(|c| [c.c0, c.c1, c.c2])
            .flat_map(|c| [c.c0, c.c1])
            .flat_map(|c| halves(&c.0.0))
            .collect()
    }
    fn gt(words: &[u32]) -> Fq12 {
        let c: Vec<Fq> = words.chunks(8).map(element).collect();
        let six = |c: &[Fq]| {
            ark_bn254::Fq6::new(
                Fq2::new(c[0], c[1]),
                Fq2::new(c[2], c[3]),
                Fq2::new(c[4], c[5]),
            )
        };
        Fq12::new(six(&c[..6]), six(&c[6..]))
    }
    fn final_exponentiation(value: &Fq12) -> Fq12 {
        use ark_ec::pairing::{MillerLoopOutput, Pairing};
        ark_bn254::Bn254::final_exponentiation(MillerLoopOutput(*value))
            .expect("the value is not zero")
            .0
    }
}

/// `scalar` times, by additions that are right for every point.
pub(crate) fn times<G: Group>(point: &G::Affine, scalar: &BigUint) -> Option<G::Affine> {
    let mut sum = G::zero();
    for bit in (0..scalar.bits()).rev() {
        sum = G::add(&sum, &sum);
        if scalar.bit(bit) {
            sum = G::add_affine(&sum, point);
        }
    }
    G::to_affine(&sum)
}

pub(crate) fn member<G: Group>(random: &mut ChaCha20Rng) -> G::Affine {
    let scalar = u128::from(random.next_u64()) << 64 | u128::from(random.next_u64());
    G::to_affine(&G::mul(&G::generator(), scalar | 1)).expect("below the order")
}

pub(crate) fn members<G: Group>(count: usize, random: &mut ChaCha20Rng) -> Vec<G::Affine> {
    (0..count).map(|_| member::<G>(random)).collect()
}

/// A point of the curve, hardly ever in the subgroup where that is smaller.
pub(crate) fn anywhere<G: Stored>(random: &mut ChaCha20Rng) -> G::Affine {
    let mut bytes = vec![0; G::COORDINATE * 4];
    loop {
        random.fill_bytes(&mut bytes);
        // Flags of a compressed finite point, and a coordinate below the modulus, of either curve.
        for (i, element) in bytes.chunks_mut(4 * G::BASE).enumerate() {
            let mask = if G::BASE == 12 { 0x0f } else { 0x1f };
            element[0] &= mask;
            if i == 0 {
                element[0] |= 0x80;
            }
        }
        let compressed = G::compressed_bytes(&bytes).expect("as many bytes");
        if let Ok(point) = G::decompress(&compressed) {
            return point;
        }
    }
}

/// A point whose order is the small prime, which divides the cofactor once or more.
pub(crate) fn of_order<G: Stored>(prime: u32, random: &mut ChaCha20Rng) -> G::Affine {
    let mut rest = G::cofactor();
    let prime = BigUint::from(prime);
    while &rest % &prime == BigUint::ZERO {
        rest /= &prime;
    }
    loop {
        let Some(mut point) = times::<G>(&anywhere::<G>(random), &(G::order() * &rest)) else {
            continue;
        };
        while let Some(next) = times::<G>(&point, &prime) {
            point = next;
        }
        return point;
    }
}

/// The base field's modulus.
pub(crate) fn modulus<G: Stored>() -> BigUint {
    if G::BASE == 12 {
        BigUint::from_bytes_be(&bls12_381::MODULUS)
    } else {
        hexadecimal(BN_MODULUS)
    }
}
