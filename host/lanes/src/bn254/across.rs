//! One element of BN254's Fp12 across the lanes, for the cases where there is one and not eight: the final exponentiation of a
//! batch and the Miller loops of a few pairs. The same as for BLS12-381, over another field and with lines of another shape.
//!
//! Fp12 = Fp2[w] / (w⁶ - (9+i)), and lane k holds the coefficient of w^k. So six of eight lanes work, sums and Frobenius maps
//! need no exchange between lanes, and a product is six times (one lane of the one) · (the other, shifted up by as many
//! lanes), where what is shifted out comes in again from below times 9 + i. Lanes 6 and 7 hold elements that mean nothing.

use ark_bn254::{Fq2, Fq6, Fq12};
use ark_ff::Field;

use super::final_exp::{FROBENIUS, FROBENIUS_SQUARE};
use super::fp::{Fp, Limbs, Shifts, Stored, Term, Wide};
use super::fp2::{Fp2, Sum2};
use super::fp12::Line;
use crate::Ifma;
use crate::element::{Element, ElementSum};
use crate::final_exp::Cyclotomic;
use crate::vector::Mask;

/// Σ aₖ·wᵏ, with aₖ in lane k.
#[derive(Clone, Copy)]
pub(crate) struct Across(Fp2);

/// An element of Fp2 in each lane, in memory: its coordinates and their sum.
struct Stored2([Stored; 3]);

/// The lines of eight pairs in memory.
struct Lines {
    c0: Stored2,
    c3: Stored2,
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
            c3: Stored2::new(&line.c3),
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

/// Karatsuba over Fp on sums of up to six products: columns of c1 below 12 of a product's, values below 2^9 p².
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

/// Times the line of one lane: c0 + c3·w + c4·w³.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul_line(a: &Across, lines: &Lines, lane: usize) -> Across {
    let term = |factor, shift| Term2 {
        factor,
        lane,
        shift,
    };
    let terms = [term(&lines.c0, 0), term(&lines.c3, 1), term(&lines.c4, 3)];
    Across(sum_of_products(a.0.isa(), &terms, &a.0))
}

/// Granger and Scott: squares of a + b·y, y² = 9 + i, for the coefficients j and j + 3 as (a, b), j = 0, 1, 2. With P = a·b and
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
fn factors(isa: Ifma, of_w: &[[Limbs; 2]; 5]) -> Fp2 {
    let one = Fp::one(isa).scatter()[0];
    let lane = |k: usize, i: usize| match (k, i) {
        (1..=5, _) => packed(&of_w[k - 1][i]),
        (_, 0) => one,
        _ => [0; 8],
    };
    let coordinate = |i: usize| {
        let lanes: [[u64; 8]; 8] = core::array::from_fn(|k| lane(k, i));
        Fp::gather(isa, lanes.each_ref())
    };
    Fp2 {
        c0: coordinate(0),
        c1: coordinate(1),
    }
}

const fn packed([a, b, c, d, e]: &Limbs) -> [u64; 8] {
    [*a, *b, *c, *d, *e, 0, 0, 0]
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn frobenius(x: &Across) -> Across {
    Across(x.0.conjugate().mul(&factors(x.0.isa(), &FROBENIUS)))
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn frobenius_square(x: &Across) -> Across {
    let of_w = FROBENIUS_SQUARE.map(|factor| [factor, [0; 5]]);
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
            // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
            *self = unsafe { mul_line(self, &lines, lane) };
        }
    }

    pub(crate) fn from_ark(isa: Ifma, x: &Fq12) -> Self {
        let zero = Fq2::default();
        let (Fq6 { c0, c1, c2, .. }, odd) = (&x.c0, &x.c1);
        let coefficients = [c0, &odd.c0, c1, &odd.c1, c2, &odd.c2, &zero, &zero];
        Self(Fp2::from_ark(isa, coefficients))
    }

    pub(crate) fn to_ark(self) -> Fq12 {
        let [a, b, c, d, e, f, ..] = self.0.to_ark();
        Fq12::new(Fq6::new(a, c, e), Fq6::new(b, d, f))
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

    /// There is one only: arkworks does it.
    fn invert(&self) -> Self {
        let inverse = self.to_ark().inverse().unwrap_or_default();
        Self::from_ark(self.0.isa(), &inverse)
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
