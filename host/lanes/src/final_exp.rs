//! The final exponentiation, of eight values at a time or of one.

use crate::Ifma;
use crate::across::Across;
use crate::element::{Element, ElementSum};
use crate::fp::Fp;
use crate::fp2::{Fp2, Tower};
use crate::fp12::{Fp6, Fp12};
use crate::miller::Pairing;
use crate::points::eight_of;

/// What the final exponentiation needs of a value, or of eight.
pub(crate) trait Cyclotomic: Copy {
    fn mul(&self, o: &Self) -> Self;
    /// To the power p^6.
    fn conjugate(&self) -> Self;
    /// 0 stays 0.
    fn invert(&self) -> Self;
    /// To the power p.
    fn frobenius(&self) -> Self;
    /// To the power p².
    fn frobenius_square(&self) -> Self;
    /// The square, in the cyclotomic subgroup only.
    fn cyclotomic_square(&self) -> Self;
}

/// Each value to the power that the scalar library uses; 0 for 0.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn final_exponentiations<M: Pairing>(
    isa: Ifma,
    values: &[M::Scalar12],
) -> Vec<M::Scalar12> {
    let mut powers = Vec::with_capacity(values.len());
    for eight in values.chunks(8) {
        if eight.len() < M::LOCK_STEP_FROM {
            let alone = |value| {
                final_exponentiation::<M, _>(&Across::<M>::from_scalar(isa, value)).to_scalar()
            };
            powers.extend(eight.iter().map(alone));
        } else {
            let values = Fp12::<M>::from_scalar(isa, eight_of(eight));
            let power = final_exponentiation::<M, _>(&values);
            powers.extend_from_slice(&power.to_scalar()[..eight.len()]);
        }
    }
    powers
}

/// The easy part, to the power (p^6 - 1)(p^2 + 1), then the hard part.
fn final_exponentiation<M: Pairing, F: Cyclotomic>(f: &F) -> F {
    let f = f.conjugate().mul(&f.invert());
    M::hard_part(&f.frobenius_square().mul(&f))
}

/// To the power e, in the cyclotomic subgroup.
pub(crate) fn power<F: Cyclotomic>(f: &F, e: u64) -> F {
    let mut power = *f;
    for bit in (0..e.ilog2()).rev() {
        power = power.cyclotomic_square();
        if e >> bit & 1 == 1 {
            power = power.mul(f);
        }
    }
    power
}

impl<M: Tower> Cyclotomic for Fp12<M> {
    #[inline(always)]
    fn mul(&self, o: &Self) -> Self {
        Self::mul(self, o)
    }

    #[inline(always)]
    fn conjugate(&self) -> Self {
        Self::conjugate(self)
    }

    #[inline(always)]
    fn invert(&self) -> Self {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { invert(self) }
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

/// Granger and Scott: three squarings in Fp4 = Fp2[y] / (y² - ξ).
#[target_feature(enable = "avx512f,avx512ifma")]
fn cyclotomic_square<M: Tower>(f: &Fp12<M>) -> Fp12<M> {
    let ([a0, a1, a2], [b0, b1, b2]) = (&f.c0.0, &f.c1.0);
    let (s0, m0) = square4(a0, b1);
    let (s1, m1) = square4(b0, a2);
    let (s2, m2) = square4(a1, b2);
    // 3 s - 2 a, and 3 m + 2 b
    Fp12 {
        c0: Fp6([minus(&s0, a0), minus(&s1, a1), minus(&s2, a2)]),
        c1: Fp6([
            plus(&m2.sum().times_xi().tight(), b0),
            plus(&m0, b1),
            plus(&m1, b2),
        ]),
    }
}

/// 3s - 2a.
#[target_feature(enable = "avx512f,avx512ifma")]
fn minus<M: Tower>(s: &Fp2<M>, a: &Fp2<M>) -> Fp2<M> {
    ((s.sum() - a.sum()).double() + s.sum()).tight()
}

/// 3m + 2b.
#[target_feature(enable = "avx512f,avx512ifma")]
fn plus<M: Tower>(m: &Fp2<M>, b: &Fp2<M>) -> Fp2<M> {
    ((m.sum() + b.sum()).double() + m.sum()).tight()
}

/// (a + b·y)² with y² = ξ: a² + ξ·b², and 2ab.
#[target_feature(enable = "avx512f,avx512ifma")]
fn square4<M: Tower>(a: &Fp2<M>, b: &Fp2<M>) -> (Fp2<M>, Fp2<M>) {
    let square = (a.sqr().sum() + b.sqr().sum().times_xi()).tight();
    (square, a.mul(b).sum().double().tight())
}

/// To the power p: coordinates are conjugated, and w^k gains the factor ξ^(k(p-1)/6).
#[target_feature(enable = "avx512f,avx512ifma")]
fn frobenius<M: Tower>(f: &Fp12<M>) -> Fp12<M> {
    let isa = f.c0.0[0].isa();
    let ([a0, a1, a2], [b0, b1, b2]) = (&f.c0.0, &f.c1.0);
    let factors = &M::FROBENIUS;
    Fp12 {
        c0: Fp6([
            a0.conjugate(),
            a1.conjugate().mul(&Fp2::splat(isa, &factors[1])),
            a2.conjugate().mul(&Fp2::splat(isa, &factors[3])),
        ]),
        c1: Fp6([
            b0.conjugate().mul(&Fp2::splat(isa, &factors[0])),
            b1.conjugate().mul(&Fp2::splat(isa, &factors[2])),
            b2.conjugate().mul(&Fp2::splat(isa, &factors[4])),
        ]),
    }
}

/// To the power p²: w^k gains the factor ξ^(k(p²-1)/6), a sixth root of one in Fp.
#[target_feature(enable = "avx512f,avx512ifma")]
fn frobenius_square<M: Tower>(f: &Fp12<M>) -> Fp12<M> {
    let isa = f.c0.0[0].isa();
    let ([a0, a1, a2], [b0, b1, b2]) = (&f.c0.0, &f.c1.0);
    let factors = &M::FROBENIUS_SQUARE;
    Fp12 {
        c0: Fp6([
            *a0,
            a1.mul_fp(&Fp::splat(isa, &factors[1])),
            a2.mul_fp(&Fp::splat(isa, &factors[3])),
        ]),
        c1: Fp6([
            b0.mul_fp(&Fp::splat(isa, &factors[0])),
            b1.mul_fp(&Fp::splat(isa, &factors[2])),
            b2.mul_fp(&Fp::splat(isa, &factors[4])),
        ]),
    }
}

/// 1/f, and 0 for 0: (c0 - c1·w) / (c0² - v·c1²).
#[target_feature(enable = "avx512f,avx512ifma")]
fn invert<M: Tower>(f: &Fp12<M>) -> Fp12<M> {
    let (Fp6([a0, a1, a2]), Fp6([b0, b1, b2])) = (f.c0.mul(&f.c0), f.c1.mul(&f.c1));
    let norm = Fp6([
        (a0.sum() - b2.sum().times_xi()).tight(),
        (a1.sum() - b0.sum()).tight(),
        (a2.sum() - b1.sum()).tight(),
    ]);
    let inverse = invert6(&norm);
    let f = f.conjugate();
    Fp12 {
        c0: f.c0.mul(&inverse),
        c1: f.c1.mul(&inverse),
    }
}

/// By the adjoint: its first column times the element is the norm to Fp2.
#[target_feature(enable = "avx512f,avx512ifma")]
fn invert6<M: Tower>(Fp6([a0, a1, a2]): &Fp6<M>) -> Fp6<M> {
    let c0 = (a0.sqr().sum() - a1.mul(a2).sum().times_xi()).tight();
    let c1 = (a2.sqr().sum().times_xi() - a0.mul(a1).sum()).tight();
    let c2 = (a1.sqr().sum() - a0.mul(a2).sum()).tight();
    let mixed = (a2.mul(&c1).sum() + a1.mul(&c2).sum()).times_xi();
    let inverse = (a0.mul(&c0).sum() + mixed).tight().invert();
    Fp6([c0.mul(&inverse), c1.mul(&inverse), c2.mul(&inverse)])
}

#[cfg(test)]
mod tests;
