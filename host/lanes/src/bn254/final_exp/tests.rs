use ark_bn254::{Bn254, Fq12};
use ark_ec::pairing::{MillerLoopOutput, Pairing};
use ark_ff::Field;

use super::{Fp12, frobenius, frobenius_square, invert};
use crate::bn254_final_exponentiations;
use crate::testing::Random;

#[test]
fn powers_are_those_of_arkworks() {
    let isa = isa_or_skip!();
    let mut random = Random(80);
    for n in [0usize, 1, 7, 8, 9, 20] {
        let values: Vec<Fq12> = (0..n)
            .map(|i| match i {
                2 => Fq12::ONE,
                3 => Fq12::from(7u64),
                _ => random.fq12(),
            })
            .collect();
        let expected: Vec<Fq12> = values
            .iter()
            .map(|value| {
                Bn254::final_exponentiation(MillerLoopOutput(*value))
                    .expect("not zero")
                    .0
            })
            .collect();
        assert_eq!(bn254_final_exponentiations(isa, &values), expected);
    }
    let zero = [Fq12::default()];
    assert_eq!(bn254_final_exponentiations(isa, &zero), zero);
}

#[test]
fn inverses_and_frobenius_maps_are_those_of_arkworks() {
    let isa = isa_or_skip!();
    let mut random = Random(81);
    for _ in 0..20 {
        let a: [Fq12; 8] = core::array::from_fn(|_| random.fq12());
        let x = Fp12::from_ark(isa, a.each_ref());
        // SAFETY: isa proves the features.
        let (inverse, once, twice) = unsafe { (invert(&x), frobenius(&x), frobenius_square(&x)) };
        let expected = a.map(|a| a.inverse().unwrap_or_default());
        assert_eq!(inverse.to_ark(), expected);
        for (power, lanes) in [(1, once), (2, twice)] {
            assert_eq!(lanes.to_ark(), a.map(|a| a.frobenius_map(power)));
        }
    }
}
