//! One element of Fp12 across the lanes, for the cases where there is one and not eight: the final exponentiation of a batch
//! and the Miller loops of a few pairs.
//!
//! Fp12 = Fp2[w] / (w⁶ - ξ), and lane k holds the coefficient of w^k. So six of eight lanes work, sums and Frobenius maps
//! need no exchange between lanes, and a product is six times (one lane of the one) · (the other, shifted up by as many
//! lanes), where what is shifted out comes in again from below times ξ. Lanes 6 and 7 hold elements that mean nothing.

use crate::Ifma;
use crate::element::{Element, ElementSum};
use crate::final_exp::Cyclotomic;
use crate::fp::{Fp, Shifts, Stored, Term, Wide};
use crate::fp2::{Fp2, Sum2, Tower};
use crate::fp12::Line;
use crate::miller::Pairing;
use crate::vector::Mask;

/// Σ aₖ·wᵏ, with aₖ in lane k.
#[derive(Clone, Copy)]
pub(crate) struct Across<M: Tower>(Fp2<M>);

/// An element of Fp2 in each lane, in memory: its coordinates and their sum.
struct Stored2<M: Tower>([Stored<M>; 3]);

const ODD: Mask = Mask(0b10_1010);
const LANE_1: Mask = Mask(0b10);

impl<M: Tower> Stored2<M> {
    #[inline(always)]
    fn new(x: &Fp2<M>) -> Self {
        let [c0, c1, sum] = x.factor().parts();
        Self([c0.store(), c1.store(), sum.store()])
    }
}

/// Lane by lane: where each factor's lane goes to in the product.
#[derive(Clone, Copy)]
struct Term2<'a, M: Tower> {
    factor: &'a Stored2<M>,
    lane: usize,
    shift: usize,
}

/// Karatsuba over Fp on sums of up to six products: columns of c1 below 18 of a product's, values below 2^9 p², or for factors
/// in a longer range 2^15 p².
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
fn sum_of_products<M: Tower, const N: usize>(
    isa: Ifma,
    terms: &[Term2<'_, M>; N],
    x: &Fp2<M>,
) -> Fp2<M> {
    let below = x.sum().times_xi().tight();
    let ([b0, b1, b2], [x0, x1, x2]) = (below.factor().parts(), x.factor().parts());
    let t0 = Wide::sum_of_products(isa, &part::<M, 0, N>(terms), &Shifts::new(&b0, &x0));
    let t1 = Wide::sum_of_products(isa, &part::<M, 1, N>(terms), &Shifts::new(&b1, &x1));
    let t2 = Wide::sum_of_products(isa, &part::<M, 2, N>(terms), &Shifts::new(&b2, &x2));
    Fp2 {
        c0: (t0 - t1).reduce(),
        c1: (t2 - t0 - t1).reduce(),
    }
}

#[inline(always)]
fn part<'a, M: Tower, const PART: usize, const N: usize>(
    terms: &[Term2<'a, M>; N],
) -> [Term<'a, M>; N] {
    core::array::from_fn(|n| Term {
        factor: &terms[n].factor.0[PART],
        lane: terms[n].lane,
        shift: terms[n].shift,
    })
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul<M: Tower>(a: &Across<M>, b: &Across<M>) -> Across<M> {
    let stored = Stored2::new(&a.0);
    let terms = core::array::from_fn::<_, 6, _>(|k| Term2 {
        factor: &stored,
        lane: k,
        shift: k,
    });
    Across(sum_of_products(a.0.isa(), &terms, &b.0))
}

/// Times a line whose three coefficients stand in these lanes.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul_line<M: Pairing>(a: &Across<M>, coefficients: [(&Stored2<M>, usize); 3]) -> Across<M> {
    let terms = core::array::from_fn::<_, 3, _>(|i| Term2 {
        factor: coefficients[i].0,
        lane: coefficients[i].1,
        shift: M::LINE[i],
    });
    Across(sum_of_products(a.0.isa(), &terms, &a.0))
}

/// Granger and Scott: squares of a + b·y, y² = ξ, for the coefficients j and j + 3 as (a, b), j = 0, 1, 2. With P = a·b and
/// Q = (a + b)(a + ξb): a² + ξb² = Q - P - ξP, and 2ab = 2P. One product of six lanes gives all: Q of pair 0, 1, 2 in the
/// lanes 0, 2, 4, P in the lanes 3, 5, 1. The square then has 3s - 2a in the even lanes and 3m + 2a in the odd ones, with
/// the m of pair 2, in lane 1, times ξ.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn cyclotomic_square<M: Tower>(x: &Across<M>) -> Across<M> {
    /// The pair that each lane works for, by its a and by its b.
    const A: [u64; 8] = [0, 2, 1, 0, 2, 1, 6, 7];
    const B: [u64; 8] = [3, 5, 4, 3, 5, 4, 6, 7];
    /// Where the P of the same pair is.
    const P: [u64; 8] = [3, 1, 5, 3, 1, 5, 6, 7];
    let x = &x.0;
    let (a, b) = (x.permute(&A), x.permute(&B));
    let left = Fp2::select(ODD, &a, &(a.sum() + b.sum()).tight());
    let right = Fp2::select(ODD, &b, &(a.sum() + b.sum().times_xi()).tight());
    let products = left.mul(&right);
    let p = products.permute(&P).sum();
    let s = products.sum() - p - p.times_xi();
    let m = products.sum().double();
    let m = Sum2::select(LANE_1, &m.times_xi(), &m);
    let t = Sum2::select(ODD, &m, &s);
    let signed = Sum2::select(ODD, &x.sum(), &-x.sum());
    Across(((t + signed).double() + t).tight())
}

/// Lane by lane the factors by which a Frobenius map multiplies w^k, after 1 for k = 0.
#[inline(always)]
fn factors<M: Tower>(isa: Ifma, of_w: [Fp2<M>; 5]) -> Fp2<M> {
    let mut factors = Fp2::one(isa);
    for (k, factor) in of_w.iter().enumerate() {
        factors = Fp2::select(Mask(2 << k), factor, &factors);
    }
    factors
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn frobenius<M: Tower>(x: &Across<M>) -> Across<M> {
    let isa = x.0.isa();
    let of_w = M::FROBENIUS.map(|factor| Fp2::splat(isa, &factor));
    Across(x.0.conjugate().mul(&factors(isa, of_w)))
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn frobenius_square<M: Tower>(x: &Across<M>) -> Across<M> {
    let isa = x.0.isa();
    let of_w = M::FROBENIUS_SQUARE.map(|factor| Fp2 {
        c0: Fp::splat(isa, &factor),
        c1: Fp::zero(isa),
    });
    Across(x.0.mul_fp(&factors(isa, of_w).c0))
}

impl<M: Tower> Across<M> {
    #[inline(always)]
    pub(crate) fn one(isa: Ifma) -> Self {
        let one = Fp::select(Mask(1), &Fp::one(isa), &Fp::zero(isa));
        Self(Fp2 {
            c0: one,
            c1: Fp::zero(isa),
        })
    }

    pub(crate) fn from_scalar(isa: Ifma, x: &M::Scalar12) -> Self {
        let zero = M::Scalar2::default();
        let [a, b, c, d, e, f] = M::coefficients(x);
        Self(Fp2::from_scalar(isa, [a, b, c, d, e, f, &zero, &zero]))
    }

    pub(crate) fn to_scalar(self) -> M::Scalar12 {
        let [a, b, c, d, e, f, ..] = self.0.to_scalar();
        M::from_coefficients([a, b, c, d, e, f])
    }
}

impl<M: Pairing> Across<M> {
    /// Times the lines of the first lanes, in place.
    #[inline(always)]
    pub(crate) fn mul_lines(&mut self, line: &Line<M>, lanes: usize) {
        let (constant, x) = (Stored2::new(&line.constant), Stored2::new(&line.x));
        let y = Stored2::new(&line.y);
        for lane in 0..lanes {
            self.mul_line([(&constant, lane), (&x, lane), (&y, lane)]);
        }
    }

    /// Times the lines whose three coefficients stand side by side from every fourth lane on, in place.
    #[inline(always)]
    pub(crate) fn mul_lines_side_by_side(&mut self, lines: &Fp2<M>, count: usize) {
        let lines = Stored2::new(lines);
        for first in (0..4 * count).step_by(4) {
            self.mul_line([(&lines, first), (&lines, first + 1), (&lines, first + 2)]);
        }
    }

    #[inline(always)]
    fn mul_line(&mut self, line: [(&Stored2<M>, usize); 3]) {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        *self = unsafe { mul_line(self, line) };
    }
}

impl<M: Tower> Cyclotomic for Across<M> {
    #[inline(always)]
    fn mul(&self, o: &Self) -> Self {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { mul(self, o) }
    }

    #[inline(always)]
    fn conjugate(&self) -> Self {
        Self(Fp2::select(ODD, &self.0.neg(), &self.0))
    }

    /// There is one only: the scalar library does it.
    fn invert(&self) -> Self {
        Self::from_scalar(self.0.isa(), &M::invert_scalar12(&self.to_scalar()))
    }

    #[inline(always)]
    fn frobenius(&self) -> Self {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { frobenius(self) }
    }

    #[inline(always)]
    fn frobenius_square(&self) -> Self {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { frobenius_square(self) }
    }

    #[inline(always)]
    fn cyclotomic_square(&self) -> Self {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { cyclotomic_square(self) }
    }
}

#[cfg(test)]
mod tests;
