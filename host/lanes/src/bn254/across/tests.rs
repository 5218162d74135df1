use ark_bn254::{Bn254, Fq12};
use ark_ec::pairing::{MillerLoopOutput, Pairing};
use ark_ff::{AdditiveGroup, Field, One};

use super::Across;
use crate::final_exp::Cyclotomic;
use crate::testing::Random;
use crate::{bn254_final_exponentiations, bn254_miller_product};

/// Random values with zero, one and elements with few coefficients among them.
fn values(random: &mut Random) -> Vec<Fq12> {
    let mut values = vec![Fq12::ONE, Fq12::ZERO, -Fq12::ONE];
    for k in 0..12 {
        let mut value = Fq12::ZERO;
        let half = if k % 2 == 0 {
            &mut value.c0
        } else {
            &mut value.c1
        };
        let coefficient = [&mut half.c0, &mut half.c1, &mut half.c2]
            .into_iter()
            .nth(k / 4);
        let coefficient = coefficient.expect("three");
        *(if k / 2 % 2 == 0 {
            &mut coefficient.c0
        } else {
            &mut coefficient.c1
        }) = random.fq();
        values.push(value);
    }
    values.extend((0..40).map(|_| random.fq12()));
    values
}

fn conjugate(mut x: Fq12) -> Fq12 {
    x.conjugate_in_place();
    x
}

#[test]
fn products_inverses_and_frobenius_maps_are_those_of_arkworks() {
    let isa = isa_or_skip!();
    let mut random = Random(130);
    let values = values(&mut random);
    for (at, x) in values.iter().enumerate() {
        let across = Across::from_ark(isa, x);
        assert_eq!(across.to_ark(), *x, "{at}");
        let inverse = x.inverse().unwrap_or_default();
        assert_eq!(across.invert().to_ark(), inverse, "{at}");
        assert_eq!(across.frobenius().to_ark(), x.frobenius_map(1), "{at}");
        assert_eq!(
            across.frobenius_square().to_ark(),
            x.frobenius_map(2),
            "{at}"
        );
        assert_eq!(across.conjugate().to_ark(), conjugate(*x), "{at}");
        for y in values.iter().rev().take(9).chain(&values[..4]) {
            let product = across.mul(&Across::from_ark(isa, y));
            assert_eq!(product.to_ark(), *x * *y, "{at}");
        }
    }
}

/// Results of one operation go into the next unreduced: long chains must stay in range.
#[test]
fn chains_of_products_are_those_of_arkworks() {
    let isa = isa_or_skip!();
    let mut random = Random(131);
    let (mut expected, y) = (random.fq12(), random.fq12());
    let (mut x, across) = (Across::from_ark(isa, &expected), Across::from_ark(isa, &y));
    for _ in 0..500 {
        x = x.mul(&x).mul(&across).conjugate();
        expected = conjugate(expected * expected * y);
    }
    assert_eq!(x.to_ark(), expected);
}

#[test]
fn cyclotomic_squares_are_those_of_arkworks() {
    let isa = isa_or_skip!();
    let mut random = Random(132);
    for _ in 0..20 {
        let value = MillerLoopOutput(random.fq12());
        let mut expected = Bn254::final_exponentiation(value).expect("not zero").0;
        let mut x = Across::from_ark(isa, &expected);
        for _ in 0..40 {
            x = x.cyclotomic_square();
            expected = expected * expected;
        }
        assert_eq!(x.to_ark(), expected);
    }
}

#[test]
fn powers_and_pairings_of_few_are_those_of_arkworks() {
    let isa = isa_or_skip!();
    let mut random = Random(133);
    let finished = |value| {
        Bn254::final_exponentiation(MillerLoopOutput(value))
            .expect("not zero")
            .0
    };
    for n in 1..=9usize {
        let values: Vec<Fq12> = (0..n).map(|_| random.fq12()).collect();
        let expected: Vec<Fq12> = values.iter().map(|value| finished(*value)).collect();
        assert_eq!(bn254_final_exponentiations(isa, &values), expected);

        let mut p: Vec<_> = (0..n).map(|_| random.bn254_g1()).collect();
        let mut q: Vec<_> = (0..n).map(|_| random.bn254_g2()).collect();
        p[n / 2] = if n % 3 == 0 { <_>::default() } else { p[n / 2] };
        q[n - 1] = if n % 4 == 0 { <_>::default() } else { q[n - 1] };
        let pairings = p.iter().zip(&q).map(|(p, q)| Bn254::pairing(p, q).0);
        let expected = pairings.fold(Fq12::one(), |product, pairing| product * pairing);
        assert_eq!(finished(bn254_miller_product(isa, &p, &q)), expected, "{n}");
    }
}
