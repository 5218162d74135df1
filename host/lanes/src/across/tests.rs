use blst::blst_fp12;

use super::Across;
use crate::final_exp::Cyclotomic;
use crate::testing::Random;
use crate::{final_exponentiations, miller_product};

/// Random values with zero, one and elements with few coefficients among them.
fn values(random: &mut Random) -> Vec<blst_fp12> {
    let mut values = vec![
        blst_fp12::default(),
        blst_fp12 {
            fp6: [blst::blst_fp6::default(); 2],
        },
    ];
    for k in 0..12 {
        let mut value = values[1];
        value.fp6[k % 2].fp2[k / 4].fp[k / 2 % 2] = random.fp();
        values.push(value);
    }
    values.extend((0..40).map(|_| random.fp12()));
    values
}

#[test]
fn products_inverses_and_frobenius_maps_are_those_of_blst() {
    let isa = isa_or_skip!();
    let mut random = Random(130);
    let values = values(&mut random);
    for (at, x) in values.iter().enumerate() {
        let across = Across::from_blst(isa, x);
        assert_eq!(across.to_blst(), *x, "{at}");
        let mut inverse = blst_fp12::default();
        let (mut once, mut twice, mut conjugate) = (*x, *x, *x);
        // SAFETY: plain values of the types that blst asks for.
        unsafe {
            blst::blst_fp12_inverse(&raw mut inverse, x);
            blst::blst_fp12_frobenius_map(&raw mut once, x, 1);
            blst::blst_fp12_frobenius_map(&raw mut twice, x, 2);
            blst::blst_fp12_conjugate(&raw mut conjugate);
        }
        assert_eq!(across.invert().to_blst(), inverse, "{at}");
        assert_eq!(across.frobenius().to_blst(), once, "{at}");
        assert_eq!(across.frobenius_square().to_blst(), twice, "{at}");
        assert_eq!(across.conjugate().to_blst(), conjugate, "{at}");
        for y in values.iter().rev().take(9).chain(&values[..4]) {
            let product = across.mul(&Across::from_blst(isa, y));
            assert_eq!(product.to_blst(), *x * *y, "{at}");
        }
    }
}

/// Results of one operation go into the next unreduced: long chains must stay in range.
#[test]
fn chains_of_products_are_those_of_blst() {
    let isa = isa_or_skip!();
    let mut random = Random(131);
    let (mut expected, y) = (random.fp12(), random.fp12());
    let (mut x, across) = (
        Across::from_blst(isa, &expected),
        Across::from_blst(isa, &y),
    );
    for _ in 0..500 {
        x = x.mul(&x).mul(&across).conjugate();
        expected = expected * expected * y;
        // SAFETY: plain values of the types that blst asks for.
        unsafe { blst::blst_fp12_conjugate(&raw mut expected) };
    }
    assert_eq!(x.to_blst(), expected);
}

#[test]
fn cyclotomic_squares_are_those_of_blst() {
    let isa = isa_or_skip!();
    let mut random = Random(132);
    for _ in 0..20 {
        let mut expected = random.fp12().final_exp();
        let mut x = Across::from_blst(isa, &expected);
        for _ in 0..40 {
            x = x.cyclotomic_square();
            expected = expected * expected;
        }
        assert_eq!(x.to_blst(), expected);
    }
}

#[test]
fn powers_and_pairings_of_few_are_those_of_blst() {
    let isa = isa_or_skip!();
    let mut random = Random(133);
    for n in 1..=9usize {
        let values: Vec<blst_fp12> = (0..n).map(|_| random.fp12()).collect();
        let expected: Vec<blst_fp12> = values.iter().map(blst_fp12::final_exp).collect();
        assert_eq!(final_exponentiations(isa, &values), expected);

        let mut p: Vec<_> = (0..n).map(|_| random.g1()).collect();
        let mut q: Vec<_> = (0..n).map(|_| random.g2()).collect();
        p[n / 2] = if n % 3 == 0 { <_>::default() } else { p[n / 2] };
        q[n - 1] = if n % 4 == 0 { <_>::default() } else { q[n - 1] };
        let pairings = p.iter().zip(&q).map(|(p, q)| blst_fp12::miller_loop(q, p));
        let expected = pairings.fold(blst_fp12::default(), |product, pairing| product * pairing);
        let product = miller_product(isa, &p, &q);
        assert_eq!(product.final_exp(), expected.final_exp(), "{n}");
    }
}
