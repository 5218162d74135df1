use crate::bls12_381::group::{G1, G2};
use crate::points::Points;
use crate::testing::Random;
use crate::{multiply_g1_64, multiply_g1_128, multiply_g2_64, multiply_g2_128};

#[test]
fn multiples_are_those_of_blst() {
    let isa = isa_or_skip!();
    let mut random = Random(100);
    for n in [0, 1, 8, 21] {
        let scalars: Vec<u128> = (0..n)
            .map(|i| match i {
                0 => 0,
                1 => 1,
                2 => u128::MAX,
                3 => u128::from(u64::MAX),
                4 => 0x8888_8888_8888_8888_8888_8888_8888_8888,
                5 => 0x9999_0000_0000_0009,
                _ if i % 2 == 0 => u128::from(random.word()),
                _ => u128::from(random.word()) << 64 | u128::from(random.word()),
            })
            .collect();
        let short: Vec<u64> = scalars.iter().map(|&s| s as u64).collect();
        let mut g1: Vec<_> = (0..n).map(|_| random.g1()).collect();
        let mut g2: Vec<_> = (0..n).map(|_| random.g2()).collect();
        if n > 10 {
            // Infinity, and a point of order 3.
            g1[9] = blst::blst_p1_affine::default();
            g2[9] = blst::blst_p2_affine::default();
            g1[10].x = blst::blst_fp::default();
            // SAFETY: plain values of the types that blst asks for.
            unsafe {
                let four = blst::blst_fp {
                    l: core::array::from_fn(|i| (*blst::blst_p1_generator()).z.l[i]),
                };
                let mut two = four;
                blst::blst_fp_add(&raw mut two, &raw const four, &raw const four);
                g1[10].y = two;
                assert!(blst::blst_p1_affine_on_curve(&raw const g1[10]));
            }
        }
        let want: Vec<_> = g1
            .iter()
            .zip(&scalars)
            .map(|(p, s)| G1::multiply_scalar(p, *s))
            .collect();
        assert_eq!(multiply_g1_128(isa, &g1, &scalars), want);
        let want: Vec<_> = g2
            .iter()
            .zip(&scalars)
            .map(|(p, s)| G2::multiply_scalar(p, *s))
            .collect();
        assert_eq!(multiply_g2_128(isa, &g2, &scalars), want);
        let want: Vec<_> = g1
            .iter()
            .zip(&short)
            .map(|(p, s)| G1::multiply_scalar(p, u128::from(*s)))
            .collect();
        assert_eq!(multiply_g1_64(isa, &g1, &short), want);
        let want: Vec<_> = g2
            .iter()
            .zip(&short)
            .map(|(p, s)| G2::multiply_scalar(p, u128::from(*s)))
            .collect();
        assert_eq!(multiply_g2_64(isa, &g2, &short), want);
    }
}
