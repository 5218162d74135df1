use ark_bn254::{Fq, G1Affine};
use ark_ff::{Field, MontFp, PrimeField};

use crate::bn254_try_and_increment;
use crate::testing::Random;

/// By the definition: the first x from the digest on whose x³ + 3 is the square of its (p+1)/4-th power.
fn oracle(digest: &[u8; 32]) -> G1Affine {
    let mut x = Fq::from_be_bytes_mod_order(digest);
    let mut exponent = Fq::MODULUS;
    exponent.0[0] += 1;
    let quarter = exponent >> 2;
    loop {
        let square = x * x * x + Fq::from(3u64);
        let y = square.pow(quarter);
        if y * y == square {
            return G1Affine::new_unchecked(x, y);
        }
        x += Fq::ONE;
    }
}

#[test]
fn points_are_those_of_the_definition() {
    let isa = isa_or_skip!();
    let mut random = Random(60);
    for n in (0..20).chain([63, 64, 65, 200]) {
        let mut digests: Vec<[u8; 32]> = (0..n).map(|_| random.bytes()).collect();
        for (i, digest) in digests.iter_mut().enumerate().take(6) {
            match (n + i) % 8 {
                0 => *digest = [0; 32],
                1 => *digest = [0xff; 32],
                2 => *digest = big_endian(MontFp!("-1")),
                3 => *digest = big_endian(MontFp!("-2")),
                4 => (digest[..31]).fill(0),
                _ => {}
            }
        }
        let expected: Vec<G1Affine> = digests.iter().map(oracle).collect();
        assert_eq!(bn254_try_and_increment(isa, &digests), expected);
    }
}

fn big_endian(x: Fq) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (chunk, word) in bytes
        .as_chunks_mut::<8>()
        .0
        .iter_mut()
        .zip(x.into_bigint().0.iter().rev())
    {
        *chunk = word.to_be_bytes();
    }
    bytes
}

/// p is 0, and so is its point.
#[test]
fn digests_beyond_the_modulus_wrap() {
    let isa = isa_or_skip!();
    let p = {
        let mut p = big_endian(MontFp!("-1"));
        p[31] += 1;
        p
    };
    let points = bn254_try_and_increment(isa, &[p, [0; 32]]);
    assert_eq!(points[0], points[1]);
    // 0³ + 3 is no square; 1³ + 3 = 2² is, and (p+1)/4 picks its root p - 2 or 2 for good.
    assert_eq!(points[0].x, Fq::ONE);
    assert_eq!(points[0].y.square(), Fq::from(4u64));
}
