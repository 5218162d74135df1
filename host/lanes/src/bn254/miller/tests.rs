use ark_bn254::{Bn254, Fq12, G1Affine, G2Affine};
use ark_ec::pairing::{MillerLoopOutput, Pairing};
use ark_ff::One;

use crate::testing::Random;
use crate::{bn254_miller_loops, bn254_miller_product};

fn finished(value: Fq12) -> Fq12 {
    Bn254::final_exponentiation(MillerLoopOutput(value))
        .expect("Miller values are units")
        .0
}

#[test]
fn pairings_are_those_of_arkworks() {
    let isa = isa_or_skip!();
    let mut random = Random(70);
    for n in [0usize, 1, 2, 7, 8, 9, 17, 130] {
        let pairs: Vec<(G1Affine, G2Affine)> = (0..n)
            .map(|_| {
                let (p, q) = (random.bn254_g1(), random.bn254_g2());
                match random.word() % 8 {
                    0 => (G1Affine::default(), q),
                    1 => (p, G2Affine::default()),
                    _ => (p, q),
                }
            })
            .collect();
        let (p, q): (Vec<G1Affine>, Vec<G2Affine>) = pairs.into_iter().unzip();
        let expected: Vec<Fq12> = p
            .iter()
            .zip(&q)
            .map(|(p, q)| Bn254::pairing(p, q).0)
            .collect();
        let values = bn254_miller_loops(isa, &p, &q);
        assert_eq!(values.len(), n);
        for (value, expected) in values.iter().zip(&expected) {
            assert_eq!(finished(*value), *expected);
        }
        let product = expected
            .iter()
            .fold(Fq12::one(), |product, value| product * value);
        assert_eq!(finished(bn254_miller_product(isa, &p, &q)), product);
    }
}
