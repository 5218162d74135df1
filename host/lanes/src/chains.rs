//! Powers by one product after the other, for nobody's use but to see what a product takes.

use ark_bn254::{Fq, Fq2, Fq12};
use blst::{blst_fp, blst_fp2, blst_fp12};

use crate::Ifma;
use crate::bls12_381::Bls12381;
use crate::bn254::Bn254;
use crate::element::Element as _;
use crate::fp::Fp;
use crate::fp2::Fp2;
use crate::fp12::Fp12;

macro_rules! chains {
    ($($name:ident: $outer:ty, $inner:ty;)*) => {$(
        #[target_feature(enable = "avx512f,avx512ifma")]
        pub(crate) fn $name(isa: Ifma, x: &[$outer; 8], products: usize) -> [$outer; 8] {
            type Inner = $inner;
            let x = Inner::from_scalar(isa, x.each_ref());
            let mut power = x;
            for _ in 0..products {
                power = power.mul(&x);
            }
            power.to_scalar()
        }
    )*};
}

chains! {
    bls12_381_fp: blst_fp, Fp<Bls12381>;
    bls12_381_fp2: blst_fp2, Fp2<Bls12381>;
    bls12_381_fp12: blst_fp12, Fp12<Bls12381>;
    bn254_fp: Fq, Fp<Bn254>;
    bn254_fp2: Fq2, Fp2<Bn254>;
    bn254_fp12: Fq12, Fp12<Bn254>;
}

#[cfg(test)]
mod tests {
    use ark_bn254::Fq6;
    use ark_ff::Field as _;
    use blst::blst_fp12;

    use super::*;

    #[test]
    fn a_chain_of_products_is_a_power() {
        let Some(isa) = Ifma::detect() else {
            println!("SKIPPED: this processor has no AVX-512 IFMA");
            return;
        };
        let fq = |n: u64| {
            Fq::from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
                .square()
                .square()
        };
        let fq2 = |n: u64| Fq2::new(fq(n), fq(n + 1));
        let fq6 = |n: u64| Fq6::new(fq2(n), fq2(n + 2), fq2(n + 4));
        let lanes: [Fq12; 8] =
            core::array::from_fn(|lane| Fq12::new(fq6(lane as u64 + 1), fq6(lane as u64 + 9)));
        // SAFETY: the function needs the features that isa proves.
        let powers = unsafe { bn254_fp12(isa, &lanes, 6) };
        assert_eq!(powers, lanes.map(|x| x.pow([7])));
        let lanes: [Fq2; 8] = lanes.map(|x| x.c0.c1);
        // SAFETY: as above.
        let powers = unsafe { bn254_fp2(isa, &lanes, 4) };
        assert_eq!(powers, lanes.map(|x| x.pow([5])));
        let lanes: [Fq; 8] = lanes.map(|x| x.c1);
        // SAFETY: as above.
        let powers = unsafe { bn254_fp(isa, &lanes, 9) };
        assert_eq!(powers, lanes.map(|x| x.pow([10])));
    }

    #[test]
    fn a_chain_of_blsts_elements_is_a_power_too() {
        let Some(isa) = Ifma::detect() else {
            println!("SKIPPED: this processor has no AVX-512 IFMA");
            return;
        };
        let fp = |n: u64| blst_fp {
            l: [n, 2, 3, 5, 7, n],
        };
        let fp2 = |n: u64| blst_fp2 {
            fp: [fp(n), fp(n + 1)],
        };
        let fp6 = |n: u64| blst::blst_fp6 {
            fp2: [fp2(n), fp2(n + 2), fp2(n + 4)],
        };
        let lanes: [blst_fp12; 8] = core::array::from_fn(|lane| blst_fp12 {
            fp6: [fp6(lane as u64), fp6(lane as u64 + 9)],
        });
        // SAFETY: the function needs the features that isa proves.
        let cubes = unsafe { bls12_381_fp12(isa, &lanes, 2) };
        for (x, cube) in lanes.iter().zip(cubes) {
            assert_eq!(*x * *x * *x, cube);
        }
        let lanes: [blst_fp2; 8] = core::array::from_fn(|lane| fp2(lane as u64));
        // SAFETY: as above.
        let squares = unsafe { bls12_381_fp2(isa, &lanes, 1) };
        let mut expected = blst_fp2::default();
        for (x, square) in lanes.iter().zip(squares) {
            // SAFETY: both are readable, and the result is writable.
            unsafe { blst::blst_fp2_sqr(&raw mut expected, x) };
            assert_eq!(expected, square);
        }
        let lanes: [blst_fp; 8] = core::array::from_fn(|lane| fp(lane as u64));
        // SAFETY: as above.
        let squares = unsafe { bls12_381_fp(isa, &lanes, 1) };
        let mut expected = blst_fp::default();
        for (x, square) in lanes.iter().zip(squares) {
            // SAFETY: both are readable, and the result is writable.
            unsafe { blst::blst_fp_sqr(&raw mut expected, x) };
            assert_eq!(expected, square);
        }
    }
}
