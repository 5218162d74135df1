use ark_bn254::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::short_weierstrass::SWCurveConfig;
use ark_ff::{BigInteger, Field, PrimeField, Zero};

use crate::testing::Random;
use crate::{bn254_decompress_g1, bn254_decompress_g2};

fn canonical(bytes: &[u8; 32]) -> Option<Fq> {
    let x = Fq::from_be_bytes_mod_order(bytes);
    (x.into_bigint().to_bytes_be() == bytes).then_some(x)
}

fn is_larger(y: &Fq) -> bool {
    y.into_bigint() > (-*y).into_bigint()
}

/// Flags, then x, or none where this is no finite point's form.
fn split<const SIZE: usize>(bytes: &[u8; SIZE]) -> Option<(bool, [u8; SIZE])> {
    let mut x = *bytes;
    x[0] &= 0x3f;
    match bytes[0] >> 6 {
        2 => Some((false, x)),
        3 => Some((true, x)),
        _ => None,
    }
}

fn oracle_g1(bytes: &[u8; 32]) -> Option<G1Affine> {
    let (larger, x) = split(bytes)?;
    let x = canonical(&x)?;
    let y = (x * x * x + Fq::from(3u64)).sqrt()?;
    let y = if is_larger(&y) == larger { y } else { -y };
    Some(G1Affine::new_unchecked(x, y))
}

fn oracle_g2(bytes: &[u8; 64]) -> Option<G2Affine> {
    let (larger, x) = split(bytes)?;
    let [c1, c0] = x.as_chunks::<32>().0 else {
        return None;
    };
    let x = Fq2::new(canonical(c0)?, canonical(c1)?);
    let y = (x * x * x + ark_bn254::g2::Config::COEFF_B).sqrt()?;
    let is_larger = if y.c1.is_zero() {
        is_larger(&y.c0)
    } else {
        is_larger(&y.c1)
    };
    let y = if is_larger == larger { y } else { -y };
    Some(G2Affine::new_unchecked(x, y))
}

const P: [u8; 32] = [
    0x30, 0x64, 0x4e, 0x72, 0xe1, 0x31, 0xa0, 0x29, 0xb8, 0x50, 0x45, 0xb6, 0x81, 0x81, 0x58, 0x5d,
    0x97, 0x81, 0x6a, 0x91, 0x68, 0x71, 0xca, 0x8d, 0x3c, 0x20, 0x8c, 0x16, 0xd8, 0x7c, 0xfd, 0x47,
];

/// An encoding: valid flags and a canonical x more often than not; about half of these are on the curve.
fn encoding<const SIZE: usize>(random: &mut Random) -> [u8; SIZE] {
    let mut bytes = random.bytes::<SIZE>();
    for word in bytes.as_chunks_mut::<32>().0 {
        word[0] &= 0x1f;
    }
    let last = bytes.len() - 32;
    match random.word() % 13 {
        // No flags stand in the second coordinate.
        12 if SIZE == 64 => bytes[last] |= 0x40 << (random.word() % 2),
        0 => bytes[last..].copy_from_slice(&P),
        1 => bytes[..32].copy_from_slice(&P),
        2 => bytes = [0; SIZE],
        3 => bytes[..32].fill(0x3f),
        4 => {
            bytes = [0; SIZE];
            bytes[SIZE - 1] = random.word() as u8 % 8;
        }
        5 => bytes[..32].fill(0),
        6 => {
            bytes[last..].copy_from_slice(&P);
            bytes[SIZE - 1] -= 1 + random.word() as u8 % 8;
        }
        _ => {}
    }
    bytes[0] &= 0x3f;
    bytes[0] |= if random.word().is_multiple_of(8) {
        random.word() as u8 & 0xc0
    } else {
        0x80 | (random.word() as u8 & 0x40)
    };
    bytes
}

#[test]
fn decompression_decides_by_the_definition() {
    let isa = isa_or_skip!();
    let mut random = Random(90);
    let (mut good, mut bad) = (0, 0);
    for n in (0..30).chain([63, 64, 65, 200]) {
        let bytes: Vec<[u8; 32]> = (0..n).map(|_| encoding(&mut random)).collect();
        let expected: Vec<_> = bytes.iter().map(oracle_g1).collect();
        assert_eq!(bn254_decompress_g1(isa, &bytes), expected);
        let bytes: Vec<[u8; 64]> = (0..n).map(|_| encoding(&mut random)).collect();
        let expected: Vec<_> = bytes.iter().map(oracle_g2).collect();
        assert_eq!(bn254_decompress_g2(isa, &bytes), expected);
        good += expected.iter().filter(|x| x.is_some()).count();
        bad += expected.iter().filter(|x| x.is_none()).count();
    }
    assert!(good > 150 && bad > 150, "{good} {bad}");
}
