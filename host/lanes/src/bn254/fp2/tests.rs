use ark_bn254::Fq2;
use ark_ff::Field;

use super::Fp2;
use crate::element::{Element, ElementSum, invert_all};
use crate::testing::Random;

#[test]
fn arithmetic_is_that_of_arkworks() {
    let isa = isa_or_skip!();
    let mut random = Random(20);
    for _ in 0..200 {
        let [a, b, c]: [[Fq2; 8]; 3] =
            core::array::from_fn(|_| core::array::from_fn(|_| random.fq2()));
        let [x, y, z] =
            [&a, &b, &c].map(|x| Fp2::from_ark(isa, x.each_ref()).with_largest_representation());
        assert_eq!(x.to_ark(), a);
        let (mul, sqr) = (x.mul(&y).to_ark(), x.sqr().to_ark());
        let wide = x.factor().wide_mul(y.factor());
        let (wide0, wide1) = (wide.c0.reduce().to_ark(), wide.c1.reduce().to_ark());
        let mixed = x.mul_sub_8_sqr(&y, &z).to_ark();
        let xi = (x.sum().times_xi() - y.sum()).tight().to_ark();
        let (inverse, conjugate) = (x.invert().to_ark(), x.conjugate().to_ark());
        let gathered = Fp2::gather(isa, x.scatter().each_ref()).to_ark();
        let same = x.equals(&y);
        for l in 0..8 {
            assert_eq!(mul[l], a[l] * b[l]);
            assert_eq!(Fq2::new(wide0[l], wide1[l]), a[l] * b[l]);
            assert_eq!(sqr[l], a[l].square());
            assert_eq!(mixed[l], a[l] * b[l] - Fq2::from(8u32) * c[l].square());
            assert_eq!(xi[l], a[l] * Fq2::new(9.into(), 1.into()) - b[l]);
            assert_eq!(inverse[l], a[l].inverse().unwrap_or_default());
            assert_eq!(conjugate[l], Fq2::new(a[l].c0, -a[l].c1));
            assert_eq!(gathered[l], a[l]);
            assert_eq!(same.lane(l), a[l] == b[l]);
        }
    }
}

#[test]
fn inverses_in_batches_are_those_of_arkworks() {
    let isa = isa_or_skip!();
    let mut random = Random(21);
    let a: Vec<[Fq2; 8]> = (0..9)
        .map(|_| core::array::from_fn(|_| random.fq2()))
        .collect();
    let mut x: Vec<Fp2> = a.iter().map(|a| Fp2::from_ark(isa, a.each_ref())).collect();
    // SAFETY: isa proves the features.
    unsafe { invert_all(&mut x) };
    for (x, a) in x.iter().zip(&a) {
        assert_eq!(x.to_ark(), a.map(|a| a.inverse().unwrap_or_default()));
    }
}

#[test]
fn roots_exist_where_arkworks_finds_them() {
    let isa = isa_or_skip!();
    let mut random = Random(22);
    let mut found = 0;
    for i in 0..20 {
        let a: [Fq2; 8] = core::array::from_fn(|l| match (i + l) % 6 {
            0 => random.fq2().square(),
            1 => Fq2::new(random.fq(), 0.into()),
            2 => Fq2::new(0.into(), random.fq()),
            _ => random.fq2(),
        });
        let x = Fp2::from_ark(isa, a.each_ref()).with_largest_representation();
        let ([roots], [exist]) = Fp2::roots(&[x]);
        let squares = roots.to_ark().map(|root| root.square());
        for l in 0..8 {
            assert_eq!(exist.lane(l), a[l].sqrt().is_some(), "{}", a[l]);
            if exist.lane(l) {
                assert_eq!(squares[l], a[l]);
                found += 1;
            }
        }
    }
    assert!(found > 40 && found < 150);
}
