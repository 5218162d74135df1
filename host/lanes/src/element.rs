//! What the curves ask of a field, so that G1 and G2 are one text.

use core::ops::{Add, Neg, Sub};

use crate::Ifma;
use crate::vector::Mask;

/// Eight elements of Fp or of Fp2.
pub(crate) trait Element: Copy {
    type Sum: ElementSum<Element = Self>;
    /// One element by itself, in memory.
    type Packed: Copy;

    fn gather(isa: Ifma, x: [&Self::Packed; 8]) -> Self;
    fn scatter(&self) -> [Self::Packed; 8];

    fn zero(isa: Ifma) -> Self;
    fn one(isa: Ifma) -> Self;
    fn isa(&self) -> Ifma;
    fn mul(&self, o: &Self) -> Self;
    fn sqr(&self) -> Self;
    /// self·b - 8c², reduced once.
    fn mul_sub_8_sqr(&self, b: &Self, c: &Self) -> Self;
    fn sum(&self) -> Self::Sum;
    fn invert(&self) -> Self;
    fn select(m: Mask, yes: &Self, no: &Self) -> Self;

    #[inline(always)]
    fn is_zero(&self) -> Mask {
        self.sum().is_zero()
    }

    #[inline(always)]
    fn equals(&self, o: &Self) -> Mask {
        (self.sum() - o.sum()).is_zero()
    }

    #[inline(always)]
    fn neg(&self) -> Self {
        (-self.sum()).tight()
    }
}

/// Sums of elements whose carries are outstanding.
pub(crate) trait ElementSum:
    Copy + Add<Output = Self> + Sub<Output = Self> + Neg<Output = Self>
{
    type Element;

    fn tight(self) -> Self::Element;
    fn is_zero(self) -> Mask;
    fn times_pow2<const N: u32>(self) -> Self;

    #[inline(always)]
    fn double(self) -> Self {
        self.times_pow2::<1>()
    }
}

/// The inverses of all, for the price of one and three products each. 0 stays 0 and disturbs no other.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn invert_all<F: Element>(xs: &mut [F]) {
    let Some(first) = xs.first() else { return };
    let (zero, one) = (F::zero(first.isa()), F::one(first.isa()));
    let mut running = one;
    let mut before = Vec::with_capacity(xs.len());
    for x in &mut *xs {
        before.push(running);
        running = running.mul(&F::select(x.is_zero(), &one, x));
    }
    let mut inverse = running.invert();
    for (x, before) in xs.iter_mut().zip(&before).rev() {
        let is_zero = x.is_zero();
        let own = inverse.mul(before);
        inverse = inverse.mul(&F::select(is_zero, &one, x));
        *x = F::select(is_zero, &zero, &own);
    }
}
