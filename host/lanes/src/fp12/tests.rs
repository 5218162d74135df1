use super::{Fp6, Fp12, Line};
use crate::Ifma;
use crate::fp::Fp;
use crate::fp2::Fp2;
use crate::testing::{Oracle, Random};

for_both_curves! {
    products_squares_and_lines_are_those_of_the_oracle,
    extreme_elements_stay_in_range,
}

/// The same element with each coordinate as large as its type allows: 3p more, below 4p.
fn maximal<M: Oracle>(x: &Fp12<M>) -> Fp12<M> {
    let six = |x: &Fp6<M>| Fp6(x.0.each_ref().map(crate::fp2::tests::largest));
    Fp12 {
        c0: six(&x.c0),
        c1: six(&x.c1),
    }
}

fn check<M: Oracle>(a: &[M::Scalar12; 8], b: &[M::Scalar12; 8], x: &Fp12<M>, y: &Fp12<M>) {
    let zero = M::from_coordinates([M::number(0); 2]);
    assert_eq!(x.to_scalar(), *a);
    let mul = x.mul(y).to_scalar();
    let (mut square, mut by_line) = (*x, *x);
    square.square();
    let square = square.to_scalar();
    let six = Fp12 {
        c0: x.c0.mul(&y.c0),
        c1: x.c1.mul(&y.c1),
    };
    let six = six.to_scalar();
    let of_y: [&Fp2<M>; 6] = core::array::from_fn(|k| {
        let half = [&y.c0, &y.c1][k % 2];
        &half.0[k / 2]
    });
    let [constant, x_of_p, y_of_p] = M::LINE.map(|power| *of_y[power]);
    by_line.mul_line(&Line {
        constant,
        x: x_of_p,
        y: y_of_p,
    });
    let by_line = by_line.to_scalar();
    let rotated = x.rotate::<5>().to_scalar();
    let conjugate = x.conjugate().to_scalar();
    for l in 0..8 {
        assert_eq!(mul[l], M::mul12(&a[l], &b[l]));
        assert_eq!(square[l], M::mul12(&a[l], &a[l]));
        let of = |x: &M::Scalar12, keep: &dyn Fn(usize) -> bool| {
            let coefficients = M::coefficients(x);
            let kept = core::array::from_fn(|k| if keep(k) { *coefficients[k] } else { zero });
            M::from_coefficients(kept)
        };
        let sparse = of(&b[l], &|k| M::LINE.contains(&k));
        assert_eq!(by_line[l], M::mul12(&a[l], &sparse));
        // c0·c0' of the even halves, and c1·c1', which w² = v multiplied by.
        let [even, odd] = [0, 1].map(|half| {
            let halves = [&a[l], &b[l]].map(|x| of(x, &|k| k % 2 == half));
            M::mul12(&halves[0], &halves[1])
        });
        assert_eq!(of(&six[l], &|k| k % 2 == 0), even);
        let w = M::from_coefficients(core::array::from_fn(|k| {
            M::from_coordinates([M::number(u64::from(k == 1)), M::number(0)])
        }));
        assert_eq!(M::mul12(&of(&six[l], &|k| k % 2 == 1), &w), odd);
        assert_eq!(rotated[l], a[(l + 5) % 8]);
        assert_eq!(conjugate[l], M::conjugate12(&a[l]));
    }
}

fn products_squares_and_lines_are_those_of_the_oracle<M: Oracle>(isa: Ifma) {
    let mut random = Random(50);
    for _ in 0..60 {
        let [a, b] = [(); 2].map(|()| [(); 8].map(|()| M::fp12(&mut random)));
        let [x, y] = [&a, &b].map(|x| Fp12::<M>::from_scalar(isa, x.each_ref()));
        check(&a, &b, &x, &y);
        check(&a, &b, &maximal(&x), &maximal(&y));
    }
}

/// All coordinates' representations at 0 or at 4p - 1: the columns and values that the ranges are proved for.
fn extreme_elements_stay_in_range<M: Oracle>(isa: Ifma) {
    let mut random = Random(51);
    let (zero, mut top) = (M::limbs(0), M::P_4);
    top[0] -= 1;
    for round in 0..100 {
        let [x, y] = [(); 2].map(|()| {
            let mut fp = || {
                let is_zero = round > 0 && random.word().is_multiple_of(2);
                Fp::<M>::splat(isa, if is_zero { &zero } else { &top })
            };
            let mut fp6 = || Fp6([(); 3].map(|()| Fp2 { c0: fp(), c1: fp() }));
            Fp12 {
                c0: fp6(),
                c1: fp6(),
            }
        });
        check(&x.to_scalar(), &y.to_scalar(), &x, &y);
    }
}
