use super::Fp2;
use crate::Ifma;
use crate::element::{Element, ElementSum, invert_all};
use crate::fp::Fp;
use crate::testing::{Oracle, Random};

for_both_curves! {
    arithmetic_is_that_of_the_oracle,
    inverses_in_batches_are_those_of_the_oracle,
    roots_exist_where_the_oracle_finds_them,
}

fn eight<M: Oracle>(random: &mut Random) -> [M::Scalar2; 8] {
    [(); 8].map(|()| M::fp2(random))
}

fn lanes<M: Oracle>(isa: Ifma, x: &[M::Scalar2; 8]) -> Fp2<M> {
    Fp2::from_scalar(isa, x.each_ref())
}

/// The same element with coordinates in [3p, 4p).
pub(crate) fn largest<M: Oracle>(x: &Fp2<M>) -> Fp2<M> {
    Fp2 {
        c0: x.c0.with_largest_representation(),
        c1: x.c1.with_largest_representation(),
    }
}

fn arithmetic_is_that_of_the_oracle<M: Oracle>(isa: Ifma) {
    let mut random = Random(20);
    let number = |n| M::from_coordinates([M::number(n), M::number(0)]);
    let minus_one = Fp2::<M>::one(isa).neg().to_scalar()[0];
    assert_eq!(M::add2(&minus_one, &number(1)), number(0));
    let minus = |x: &M::Scalar2| M::mul2(x, &minus_one);
    let a_of_xi = M::times_a(crate::vector::V::splat(isa, 1)).store()[0];
    let xi = M::from_coordinates([M::number(a_of_xi), M::number(1)]);
    for round in 0..300 {
        let [a, b, c] = [(); 3].map(|()| eight::<M>(&mut random));
        let mut xyz = [&a, &b, &c].map(|a| lanes::<M>(isa, a));
        assert_eq!(xyz[0].to_scalar(), a);
        if round % 3 > 0 {
            xyz = xyz.each_ref().map(largest);
        }
        let [x, y, z] = xyz;
        assert_eq!(x.to_scalar(), a);
        let (mul, sqr) = (x.mul(&y).to_scalar(), x.sqr().to_scalar());
        let wide = x.factor().wide_mul(y.factor());
        let wide = [wide.c0, wide.c1].map(|c| c.reduce().to_scalar());
        let fused = x.mul_sub_8_sqr(&y, &z).to_scalar();
        let times_xi = (x.sum().times_xi() - y.sum()).tight().to_scalar();
        let (inverse, conjugate) = (x.invert().to_scalar(), x.conjugate().to_scalar());
        let (sub, neg) = ((x.sum() - y.sum()).tight().to_scalar(), x.neg().to_scalar());
        let by_real = x.mul_fp(&y.c0).to_scalar();
        let gathered = Fp2::<M>::gather(isa, x.scatter().each_ref()).to_scalar();
        let (same, itself) = (x.equals(&y), x.equals(&lanes::<M>(isa, &a)));
        for l in 0..8 {
            let product = M::mul2(&a[l], &b[l]);
            assert_eq!(mul[l], product);
            assert_eq!(M::from_coordinates([wide[0][l], wide[1][l]]), product);
            assert_eq!(sqr[l], M::mul2(&a[l], &a[l]));
            let eight = M::mul2(&number(8), &M::mul2(&c[l], &c[l]));
            assert_eq!(fused[l], M::add2(&product, &minus(&eight)));
            assert_eq!(times_xi[l], M::add2(&M::mul2(&a[l], &xi), &minus(&b[l])));
            assert_eq!(inverse[l], M::invert2(&a[l]));
            let [[c0, c1], [n0, n1]] = [M::coordinates(&a[l]), M::coordinates(&conjugate[l])];
            assert_eq!(c0, n0);
            assert_eq!(c1, M::coordinates(&minus(&conjugate[l]))[1]);
            assert_eq!(*n1, *M::coordinates(&neg[l])[1]);
            assert_eq!(neg[l], minus(&a[l]));
            assert_eq!(sub[l], M::add2(&a[l], &minus(&b[l])));
            let real = M::from_coordinates([*M::coordinates(&b[l])[0], M::number(0)]);
            assert_eq!(by_real[l], M::mul2(&a[l], &real));
            assert_eq!(gathered[l], a[l]);
            assert_eq!(same.lane(l), a[l] == b[l]);
            assert!(itself.lane(l));
        }
    }
}

fn inverses_in_batches_are_those_of_the_oracle<M: Oracle>(isa: Ifma) {
    let mut random = Random(21);
    for n in [0, 1, 2, 7, 9] {
        let a: Vec<[M::Scalar2; 8]> = (0..n).map(|_| eight::<M>(&mut random)).collect();
        let mut x: Vec<Fp2<M>> = a.iter().map(|a| lanes(isa, a)).collect();
        // SAFETY: isa proves the features.
        unsafe { invert_all(&mut x) };
        for (x, a) in x.iter().zip(&a) {
            assert_eq!(x.to_scalar(), a.map(|a| M::invert2(&a)));
        }
    }
}

fn roots_exist_where_the_oracle_finds_them<M: Oracle>(isa: Ifma) {
    let mut random = Random(22);
    let mut seen = [0, 0];
    for round in 0..60 {
        let a: [[M::Scalar2; 8]; 2] = [(); 2].map(|()| {
            core::array::from_fn(|l| {
                let x = M::fp2(&mut random);
                let [c0, c1] = M::coordinates(&x);
                let real = M::from_coordinates([*c0, M::number(0)]);
                let imaginary = M::from_coordinates([M::number(0), *c1]);
                let square = |x: &M::Scalar2| M::mul2(x, x);
                match (round + l) % 8 {
                    0 => real,
                    1 => imaginary,
                    2 => square(&x),
                    3 => square(&real),
                    4 => square(&imaginary),
                    _ => x,
                }
            })
        });
        let x = a.each_ref().map(|a| largest(&lanes::<M>(isa, a)));
        let (roots, exist) = Fp2::roots(&x);
        let norms = x.each_ref().map(Fp2::norm);
        let (_, norms_have) = Fp::roots(&norms);
        for n in 0..2 {
            let root = roots[n].to_scalar();
            for l in 0..8 {
                let expected = M::is_square2(&a[n][l]);
                assert_eq!(exist[n].lane(l), expected, "{:?}", a[n][l]);
                assert_eq!(norms_have[n].lane(l), expected, "{:?}", a[n][l]);
                seen[usize::from(expected)] += 1;
                if expected {
                    assert_eq!(M::mul2(&root[l], &root[l]), a[n][l]);
                }
            }
        }
    }
    assert!(seen[0] > 50 && seen[1] > 50, "{seen:?}");
}
