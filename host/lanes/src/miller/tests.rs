use super::{Point1, Point2, miller_loops, miller_product};
use crate::Ifma;
use crate::testing::{Oracle, Random};

for_both_curves! {
    pairings_are_those_of_the_oracle,
    infinity_among_few_pairs_is_one,
}

/// The lanes' values and their product are those of the oracle, after the final exponentiation.
fn check<M: Oracle>(isa: Ifma, p: &[Point1<M>], q: &[Point2<M>]) {
    // SAFETY: isa proves the features.
    let (values, product) =
        unsafe { (miller_loops::<M>(isa, p, q), miller_product::<M>(isa, p, q)) };
    assert_eq!(values.len(), p.len());
    let mut expected = M::one12();
    for ((p, q), value) in p.iter().zip(q).zip(values) {
        let pairing = M::final_exponentiation(&M::miller_loop(p, q));
        assert_eq!(M::final_exponentiation(&value), pairing);
        expected = M::mul12(&expected, &pairing);
    }
    assert_eq!(M::final_exponentiation(&product), expected);
}

fn pairings_are_those_of_the_oracle<M: Oracle>(isa: Ifma) {
    let mut random = Random(90);
    for n in [0, 1, 2, 1, 2, 3, 7, 8, 9, 17, 130] {
        let mut p: Vec<_> = (0..n).map(|_| M::g1(&mut random)).collect();
        let mut q: Vec<_> = (0..n).map(|_| M::g2(&mut random)).collect();
        p.iter_mut()
            .skip(5)
            .step_by(11)
            .for_each(|p| *p = <_>::default());
        q.iter_mut()
            .skip(4)
            .step_by(13)
            .for_each(|q| *q = <_>::default());
        check::<M>(isa, &p, &q);
    }
}

/// Where few pairs have a way of their own, any of their points may be infinity.
fn infinity_among_few_pairs_is_one<M: Oracle>(isa: Ifma) {
    let mut random = Random(91);
    for n in 1..=3 {
        for dead in 0..1 << (2 * n) {
            let is_dead = |i: usize, side: usize| dead >> (2 * i + side) & 1 == 1;
            let mut pair = |i| {
                let (p, q) = (M::g1(&mut random), M::g2(&mut random));
                (
                    if is_dead(i, 0) { <_>::default() } else { p },
                    if is_dead(i, 1) { <_>::default() } else { q },
                )
            };
            let (p, q): (Vec<_>, Vec<_>) = (0..n).map(&mut pair).unzip();
            check::<M>(isa, &p, &q);
        }
    }
}
