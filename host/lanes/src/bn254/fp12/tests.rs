use ark_bn254::{Fq2, Fq6, Fq12};
use ark_ff::Field;

use super::{Fp6, Fp12, Line};
use crate::Ifma;
use crate::bn254::fp2::Fp2;
use crate::testing::Random;

/// The same element with each coordinate as large as its type allows: 3p more, below 4p.
fn maximal(x: &Fp12) -> Fp12 {
    let six = |x: &Fp6| Fp6(x.0.map(|c| c.with_largest_representation()));
    Fp12 {
        c0: six(&x.c0),
        c1: six(&x.c1),
    }
}

fn check(isa: Ifma, a: &[Fq12; 8], b: &[Fq12; 8], line: &[[Fq2; 3]; 8], x: &Fp12, y: &Fp12) {
    assert_eq!(x.to_ark(), *a);
    let mul = x.mul(y).to_ark();
    let mut square = *x;
    square.square();
    let square = square.to_ark();
    let six = Fp12 {
        c0: x.c0.mul(&y.c0),
        c1: x.c1.mul(&y.c1),
    }
    .to_ark();
    let coefficient =
        |i: usize| Fp2::from_ark(isa, line.each_ref().map(|l| &l[i])).with_largest_representation();
    let mut by_line = *x;
    by_line.mul_line(&Line {
        c0: coefficient(0),
        c3: coefficient(1),
        c4: coefficient(2),
    });
    let by_line = by_line.to_ark();
    let rotated = x.rotate::<5>().to_ark();
    let conjugate = x.conjugate().to_ark();
    for l in 0..8 {
        assert_eq!(mul[l], a[l] * b[l]);
        assert_eq!(square[l], a[l].square());
        assert_eq!(six[l], Fq12::new(a[l].c0 * b[l].c0, a[l].c1 * b[l].c1));
        let [c0, c3, c4] = line[l];
        let zero = Fq2::default();
        let dense = Fq12::new(Fq6::new(c0, zero, zero), Fq6::new(c3, c4, zero));
        assert_eq!(by_line[l], a[l] * dense);
        assert_eq!(rotated[l], a[(l + 5) % 8]);
        assert_eq!(conjugate[l], Fq12::new(a[l].c0, -a[l].c1));
    }
}

#[test]
fn products_squares_and_lines_are_those_of_arkworks() {
    let isa = isa_or_skip!();
    let mut random = Random(50);
    for _ in 0..60 {
        let [a, b]: [[Fq12; 8]; 2] =
            core::array::from_fn(|_| core::array::from_fn(|_| random.fq12()));
        let line = core::array::from_fn(|_| core::array::from_fn(|_| random.fq2()));
        let [x, y] = [&a, &b].map(|x| Fp12::from_ark(isa, x.each_ref()));
        check(isa, &a, &b, &line, &x, &y);
        check(isa, &a, &b, &line, &maximal(&x), &maximal(&y));
    }
}

/// All coordinates at p - 1 or at 0, in their largest representation: the columns and values that the ranges are proved for.
#[test]
fn extreme_elements_stay_in_range() {
    let isa = isa_or_skip!();
    let mut random = Random(51);
    for _ in 0..100 {
        let mut extreme = || {
            let mut fq2 = || {
                let mut one = || {
                    if random.word().is_multiple_of(2) {
                        -ark_bn254::Fq::ONE
                    } else {
                        ark_bn254::Fq::default()
                    }
                };
                Fq2::new(largest_form(one()), largest_form(one()))
            };
            let mut fq6 = || Fq6::new(fq2(), fq2(), fq2());
            Fq12::new(fq6(), fq6())
        };
        let a: [Fq12; 8] = core::array::from_fn(|_| extreme());
        let b: [Fq12; 8] = core::array::from_fn(|_| extreme());
        let line = core::array::from_fn(|i: usize| [a[i].c0.c0, b[i].c1.c1, a[i].c1.c2]);
        let [x, y] = [&a, &b].map(|x| maximal(&Fp12::from_ark(isa, x.each_ref())));
        check(isa, &a, &b, &line, &x, &y);
    }
}

/// The element whose representation in lanes is p - 1 for p - 1, and 0 for 0: divided by 2^260.
fn largest_form(x: ark_bn254::Fq) -> ark_bn254::Fq {
    let r = ark_bn254::Fq::from(2u64).pow([260u64]);
    x * r.inverse().expect("two is a unit")
}
