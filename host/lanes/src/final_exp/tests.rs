use blst::blst_fp12;

use super::{frobenius, frobenius_square, invert};
use crate::final_exponentiations;
use crate::fp12::Fp12;
use crate::testing::Random;

#[test]
fn powers_are_those_of_blst() {
    let isa = isa_or_skip!();
    let mut random = Random(120);
    for n in [0, 1, 8, 11] {
        let values: Vec<blst_fp12> = (0..n)
            .map(|i| match i {
                1 => blst_fp12::default(),
                2 => blst_fp12 {
                    fp6: [blst::blst_fp6::default(); 2],
                },
                3 => blst_fp12::miller_loop(&random.g2(), &random.g1()),
                _ => random.fp12(),
            })
            .collect();
        let expected: Vec<blst_fp12> = values.iter().map(blst_fp12::final_exp).collect();
        assert_eq!(final_exponentiations(isa, &values), expected);
    }
}

#[test]
fn inverses_and_frobenius_maps_are_those_of_blst() {
    let isa = isa_or_skip!();
    let mut random = Random(121);
    for _ in 0..10 {
        let a: [blst_fp12; 8] = core::array::from_fn(|_| random.fp12());
        let x = Fp12::from_blst(isa, a.each_ref());
        // SAFETY: isa proves the features.
        let (inverse, once, twice) = unsafe {
            (
                invert(&x).to_blst(),
                frobenius(&x).to_blst(),
                frobenius_square(&x).to_blst(),
            )
        };
        for l in 0..8 {
            let (mut i, mut f, mut g) = <(blst_fp12, blst_fp12, blst_fp12)>::default();
            // SAFETY: plain values of the types that blst asks for.
            unsafe {
                blst::blst_fp12_inverse(&raw mut i, &raw const a[l]);
                blst::blst_fp12_frobenius_map(&raw mut f, &raw const a[l], 1);
                blst::blst_fp12_frobenius_map(&raw mut g, &raw const a[l], 2);
            }
            assert_eq!(inverse[l], i);
            assert_eq!(once[l], f);
            assert_eq!(twice[l], g);
        }
    }
}
