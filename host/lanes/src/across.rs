//! One element of Fp12 across the lanes, for the cases where there is one and not eight: the final exponentiation of a batch
//! and the Miller loops of a few pairs.
//!
//! Fp12 = Fp2[w] / (w⁶ - (1+i)), and lane k holds the coefficient of w^k. So six of eight lanes work, sums and Frobenius maps
//! need no exchange between lanes, and a product is six times (one lane of the one) · (the other, shifted up by as many
//! lanes), where what is shifted out comes in again from below times 1 + i. Lanes 6 and 7 hold elements that mean nothing.

use blst::{blst_fp2, blst_fp12};

use crate::Ifma;
use crate::element::{Element, ElementSum};
use crate::final_exp::{Cyclotomic, FROBENIUS, FROBENIUS_SQUARE};
use crate::fp::{Fp, Shifts, Stored, Term, Wide};
use crate::fp2::{Fp2, Sum2};
use crate::fp12::Line;
use crate::vector::Mask;

/// Σ aₖ·wᵏ, with aₖ in lane k.
#[derive(Clone, Copy)]
pub(crate) struct Across(Fp2);

/// An element of Fp2 in each lane, in memory: its coordinates and their sum.
struct Stored2([Stored; 3]);

/// The lines of eight pairs in memory.
struct Lines {
    c0: Stored2,
    c1: Stored2,
    c4: Stored2,
}

const ODD: Mask = Mask(0b10_1010);
const LANE_1: Mask = Mask(0b10);

impl Stored2 {
    #[inline(always)]
    fn new(x: &Fp2) -> Self {
        let [c0, c1, sum] = x.factor().parts();
        Self([c0.store(), c1.store(), sum.store()])
    }
}

impl Lines {
    #[inline(always)]
    fn new(line: &Line) -> Self {
        Self {
            c0: Stored2::new(&line.c0),
            c1: Stored2::new(&line.c1),
            c4: Stored2::new(&line.c4),
        }
    }
}

/// Lane by lane: where each factor's lane goes to in the product.
#[derive(Clone, Copy)]
struct Term2<'a> {
    factor: &'a Stored2,
    lane: usize,
    shift: usize,
}

/// Karatsuba over Fp on sums of up to six products: columns of c1 below 3 · 6 · 2^56 < 2^61, values below 2^15 p².
#[target_feature(enable = "avx512f,avx512ifma")]
#[inline]
fn sum_of_products<const N: usize>(isa: Ifma, terms: &[Term2<'_>; N], x: &Fp2) -> Fp2 {
    let below = x.sum().times_xi().tight();
    let ([b0, b1, b2], [x0, x1, x2]) = (below.factor().parts(), x.factor().parts());
    let t0 = Wide::sum_of_products(isa, &part::<0, N>(terms), &Shifts::new(&b0, &x0));
    let t1 = Wide::sum_of_products(isa, &part::<1, N>(terms), &Shifts::new(&b1, &x1));
    let t2 = Wide::sum_of_products(isa, &part::<2, N>(terms), &Shifts::new(&b2, &x2));
    Fp2 {
        c0: (t0 - t1).reduce(),
        c1: (t2 - t0 - t1).reduce(),
    }
}

#[inline(always)]
fn part<'a, const PART: usize, const N: usize>(terms: &[Term2<'a>; N]) -> [Term<'a>; N] {
    core::array::from_fn(|n| Term {
        factor: &terms[n].factor.0[PART],
        lane: terms[n].lane,
        shift: terms[n].shift,
    })
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul(a: &Across, b: &Across) -> Across {
    let stored = Stored2::new(&a.0);
    let terms = core::array::from_fn::<_, 6, _>(|k| Term2 {
        factor: &stored,
        lane: k,
        shift: k,
    });
    Across(sum_of_products(a.0.isa(), &terms, &b.0))
}

/// Times a line c0 + c1·w² + c4·w³, whose coefficients stand in these lanes.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul_line(a: &Across, [c0, c1, c4]: [(&Stored2, usize); 3]) -> Across {
    let term = |(factor, lane), shift| Term2 {
        factor,
        lane,
        shift,
    };
    let terms = [term(c0, 0), term(c1, 2), term(c4, 3)];
    Across(sum_of_products(a.0.isa(), &terms, &a.0))
}

/// Granger and Scott: squares of a + b·y, y² = 1 + i, for the coefficients j and j + 3 as (a, b), j = 0, 1, 2. With P = a·b and
/// Q = (a + b)(a + ξb): a² + ξb² = Q - P - ξP, and 2ab = 2P. One product of six lanes gives all: Q of pair 0, 1, 2 in the
/// lanes 0, 2, 4, P in the lanes 3, 5, 1. The square then has 3s - 2a in the even lanes and 3m + 2a in the odd ones, with
/// the m of pair 2, in lane 1, times ξ.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn cyclotomic_square(x: &Across) -> Across {
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
fn factors(isa: Ifma, of_w: &[[[u64; 8]; 2]; 5]) -> Fp2 {
    let [one, zero] = [Fp::one(isa), Fp::zero(isa)].map(|x| x.scatter()[0]);
    let lane = |k: usize, i: usize| match k {
        1..=5 => &of_w[k - 1][i],
        _ => [&one, &zero][i],
    };
    Fp2 {
        c0: Fp::gather(isa, core::array::from_fn(|k| lane(k, 0))),
        c1: Fp::gather(isa, core::array::from_fn(|k| lane(k, 1))),
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn frobenius(x: &Across) -> Across {
    Across(x.0.conjugate().mul(&factors(x.0.isa(), &FROBENIUS)))
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn frobenius_square(x: &Across) -> Across {
    let of_w = FROBENIUS_SQUARE.map(|factor| [factor, [0; 8]]);
    Across(x.0.mul_fp(&factors(x.0.isa(), &of_w).c0))
}

impl Across {
    #[inline(always)]
    pub(crate) fn one(isa: Ifma) -> Self {
        let one = Fp::select(Mask(1), &Fp::one(isa), &Fp::zero(isa));
        Self(Fp2 {
            c0: one,
            c1: Fp::zero(isa),
        })
    }

    /// Times the lines of the first lanes, in place.
    #[inline(always)]
    pub(crate) fn mul_lines(&mut self, line: &Line, lanes: usize) {
        let lines = Lines::new(line);
        for lane in 0..lanes {
            self.mul_line([(&lines.c0, lane), (&lines.c1, lane), (&lines.c4, lane)]);
        }
    }

    /// Times the lines whose three coefficients stand side by side from every fourth lane on, in place.
    #[inline(always)]
    pub(crate) fn mul_lines_side_by_side(&mut self, lines: &Fp2, count: usize) {
        let lines = Stored2::new(lines);
        for first in (0..4 * count).step_by(4) {
            self.mul_line([(&lines, first), (&lines, first + 1), (&lines, first + 2)]);
        }
    }

    #[inline(always)]
    fn mul_line(&mut self, line: [(&Stored2, usize); 3]) {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        *self = unsafe { mul_line(self, line) };
    }

    pub(crate) fn from_blst(isa: Ifma, x: &blst_fp12) -> Self {
        let zero = blst_fp2::default();
        let [even, odd] = &x.fp6;
        let coefficient = |k: usize| match (k, k % 2) {
            (6.., _) => &zero,
            (_, 0) => &even.fp2[k / 2],
            _ => &odd.fp2[k / 2],
        };
        Self(Fp2::from_blst(isa, core::array::from_fn(coefficient)))
    }

    pub(crate) fn to_blst(self) -> blst_fp12 {
        let lanes = self.0.to_blst();
        let mut x = blst_fp12::default();
        for (k, coefficient) in lanes.into_iter().take(6).enumerate() {
            x.fp6[k % 2].fp2[k / 2] = coefficient;
        }
        x
    }
}

impl Cyclotomic for Across {
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
        let x = self.to_blst();
        let mut inverse = blst_fp12::default();
        // SAFETY: plain values of the types that blst asks for.
        unsafe { blst::blst_fp12_inverse(&raw mut inverse, &raw const x) };
        Self::from_blst(self.0.isa(), &inverse)
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
