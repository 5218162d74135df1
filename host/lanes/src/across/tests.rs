use super::Across;
use crate::Ifma;
use crate::final_exp::{Cyclotomic, final_exponentiations};
use crate::miller::miller_product;
use crate::testing::{Oracle, Random};

for_both_curves! {
    products_inverses_and_frobenius_maps_are_those_of_the_oracle,
    chains_of_products_are_those_of_the_oracle,
    cyclotomic_squares_are_those_of_the_oracle,
    powers_and_pairings_of_few_are_those_of_the_oracle,
}

/// Random values with zero, one and elements with few coefficients among them.
fn values<M: Oracle>(random: &mut Random) -> Vec<M::Scalar12> {
    let zero = M::from_coordinates([M::number(0); 2]);
    let mut values = vec![M::from_coefficients([zero; 6]), M::one12()];
    for k in 0..12 {
        let mut coefficients = [zero; 6];
        let mut coordinates = [M::number(0); 2];
        coordinates[k % 2] = M::fp(random);
        coefficients[k / 2] = M::from_coordinates(coordinates);
        values.push(M::from_coefficients(coefficients));
    }
    values.extend((0..40).map(|_| M::fp12(random)));
    values
}

fn products_inverses_and_frobenius_maps_are_those_of_the_oracle<M: Oracle>(isa: Ifma) {
    let values = values::<M>(&mut Random(130));
    for (at, x) in values.iter().enumerate() {
        let across = Across::<M>::from_scalar(isa, x);
        assert_eq!(across.to_scalar(), *x, "{at}");
        let inverse = across.invert().to_scalar();
        assert_eq!(inverse, M::invert_scalar12(x), "{at}");
        let (once, twice) = (across.frobenius(), across.frobenius_square());
        assert_eq!(once.to_scalar(), M::frobenius12(x, 1), "{at}");
        assert_eq!(twice.to_scalar(), M::frobenius12(x, 2), "{at}");
        assert_eq!(across.conjugate().to_scalar(), M::conjugate12(x), "{at}");
        for y in values.iter().rev().take(9).chain(&values[..4]) {
            let product = across.mul(&Across::from_scalar(isa, y));
            assert_eq!(product.to_scalar(), M::mul12(x, y), "{at}");
        }
    }
}

/// Results of one operation go into the next unreduced: long chains must stay in range.
fn chains_of_products_are_those_of_the_oracle<M: Oracle>(isa: Ifma) {
    let mut random = Random(131);
    let [mut expected, y] = [(); 2].map(|()| M::fp12(&mut random));
    let mut x = Across::<M>::from_scalar(isa, &expected);
    let across = Across::<M>::from_scalar(isa, &y);
    for _ in 0..500 {
        x = x.mul(&x).mul(&across).conjugate();
        expected = M::conjugate12(&M::mul12(&M::mul12(&expected, &expected), &y));
    }
    assert_eq!(x.to_scalar(), expected);
}

fn cyclotomic_squares_are_those_of_the_oracle<M: Oracle>(isa: Ifma) {
    let mut random = Random(132);
    for _ in 0..20 {
        let mut expected = M::final_exponentiation(&M::fp12(&mut random));
        let mut x = Across::<M>::from_scalar(isa, &expected);
        for _ in 0..40 {
            x = x.cyclotomic_square();
            expected = M::mul12(&expected, &expected);
        }
        assert_eq!(x.to_scalar(), expected);
    }
}

fn powers_and_pairings_of_few_are_those_of_the_oracle<M: Oracle>(isa: Ifma) {
    let mut random = Random(133);
    for n in 1..=9usize {
        let values: Vec<M::Scalar12> = (0..n).map(|_| M::fp12(&mut random)).collect();
        let expected: Vec<M::Scalar12> = values.iter().map(M::final_exponentiation).collect();
        // SAFETY: isa proves the features.
        let powers = unsafe { final_exponentiations::<M>(isa, &values) };
        assert_eq!(powers, expected);

        let mut p: Vec<_> = (0..n).map(|_| M::g1(&mut random)).collect();
        let mut q: Vec<_> = (0..n).map(|_| M::g2(&mut random)).collect();
        p[n / 2] = if n % 3 == 0 { <_>::default() } else { p[n / 2] };
        q[n - 1] = if n % 4 == 0 { <_>::default() } else { q[n - 1] };
        let values = p.iter().zip(&q).map(|(p, q)| M::miller_loop(p, q));
        let expected = values.fold(M::one12(), |product, value| M::mul12(&product, &value));
        // SAFETY: isa proves the features.
        let product = unsafe { miller_product::<M>(isa, &p, &q) };
        let [product, expected] = [product, expected].map(|x| M::final_exponentiation(&x));
        assert_eq!(product, expected, "{n}");
    }
}
