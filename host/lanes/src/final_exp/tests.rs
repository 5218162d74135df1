use super::{final_exponentiations, frobenius, frobenius_square, invert};
use crate::Ifma;
use crate::fp12::Fp12;
use crate::testing::{Oracle, Random};

for_both_curves! {
    powers_are_those_of_the_oracle,
    inverses_and_frobenius_maps_are_those_of_the_oracle,
}

fn powers_are_those_of_the_oracle<M: Oracle>(isa: Ifma) {
    let mut random = Random(120);
    let zero = M::from_coordinates([M::number(0); 2]);
    for n in [0, 1, 7, 8, 9, 11, 20] {
        let values: Vec<M::Scalar12> = (0..n)
            .map(|i| match i {
                1 => M::one12(),
                2 => M::from_coefficients([zero; 6]),
                3 => M::miller_loop(&M::g1(&mut random), &M::g2(&mut random)),
                _ => M::fp12(&mut random),
            })
            .collect();
        let expected: Vec<M::Scalar12> = values.iter().map(M::final_exponentiation).collect();
        // SAFETY: isa proves the features.
        let powers = unsafe { final_exponentiations::<M>(isa, &values) };
        assert_eq!(powers, expected);
    }
}

fn inverses_and_frobenius_maps_are_those_of_the_oracle<M: Oracle>(isa: Ifma) {
    let mut random = Random(121);
    for _ in 0..20 {
        let a = [(); 8].map(|()| M::fp12(&mut random));
        let x = Fp12::<M>::from_scalar(isa, a.each_ref());
        // SAFETY: isa proves the features.
        let (inverse, once, twice) = unsafe { (invert(&x), frobenius(&x), frobenius_square(&x)) };
        assert_eq!(inverse.to_scalar(), a.map(|a| M::invert_scalar12(&a)));
        assert_eq!(once.to_scalar(), a.map(|a| M::frobenius12(&a, 1)));
        assert_eq!(twice.to_scalar(), a.map(|a| M::frobenius12(&a, 2)));
    }
}
