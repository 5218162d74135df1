//! The quadratic extension Fp2 = Fp[i] / (i² + 1), eight elements at a time.

use core::ops::{Add, Neg, Sub};

use crate::Ifma;
use crate::element::{Element, ElementSum};
use crate::fp::{Factor, Field, Fp, Sum, Wide};
use crate::vector::{Mask, V};

/// What the extensions of one prime field have that others' have not: they are Fp2 = Fp[i] / (i² + 1) and
/// Fp12 = Fp2[w] / (w⁶ - ξ) with ξ = a + i.
pub(crate) trait Tower: Field {
    /// a times: at most 9 times.
    fn times_a(x: V) -> V;
    /// ξ^(k(p-1)/6) for k = 1..=5.
    const FROBENIUS: [[Self::Limbs<u64>; 2]; 5];
    /// ξ^(k(p²-1)/6) for k = 1..=5, sixth roots of one in Fp.
    const FROBENIUS_SQUARE: [Self::Limbs<u64>; 5];

    /// An element of Fp2 as the scalar library has it; the default is 0.
    type Scalar2: Copy + Default;
    fn coordinates(x: &Self::Scalar2) -> [&Self::Scalar; 2];
    fn from_coordinates(c: [Self::Scalar; 2]) -> Self::Scalar2;

    /// An element of Fp12 likewise.
    type Scalar12: Copy;
    /// Of w^0 to w^5.
    fn coefficients(x: &Self::Scalar12) -> [&Self::Scalar2; 6];
    fn from_coefficients(c: [Self::Scalar2; 6]) -> Self::Scalar12;
    /// 0 stays 0.
    fn invert_scalar12(x: &Self::Scalar12) -> Self::Scalar12;
}

/// Eight elements c0 + c1·i.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Fp2<M: Field> {
    pub(crate) c0: Fp<M>,
    pub(crate) c1: Fp<M>,
}

/// Eight sums of elements.
#[derive(Clone, Copy)]
pub(crate) struct Sum2<M: Field> {
    pub(crate) c0: Sum<M>,
    pub(crate) c1: Sum<M>,
}

/// Eight factors of one product, each coordinate in half the range of a [`Factor`].
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Factor2<M: Field> {
    c0: Factor<M>,
    c1: Factor<M>,
}

/// Eight sums of products.
#[derive(Clone, Copy)]
pub(crate) struct Wide2<M: Field> {
    pub(crate) c0: Wide<M>,
    pub(crate) c1: Wide<M>,
}

/// Karatsuba: c0 = t0 - t1 and c1 = t2 - t0 - t1. In units of a product's columns at most 1 and 2.
#[inline(always)]
fn products_of<M: Field>(a: &Factor2<M>, b: &Factor2<M>) -> [Wide<M>; 3] {
    [
        a.c0.wide_mul(&b.c0),
        a.c1.wide_mul(&b.c1),
        (a.c0 + a.c1).wide_mul(&(b.c0 + b.c1)),
    ]
}

/// Each product is below 16p², and t2 - t0 - t1 = a0·b1 + a1·b0 is in [0, 32p²).
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul<M: Field>(a: &Fp2<M>, b: &Fp2<M>) -> Fp2<M> {
    let (Factor2 { c0: a0, c1: a1 }, Factor2 { c0: b0, c1: b1 }) = (a.factor(), b.factor());
    let t0 = a0.wide_mul_inline(b0);
    let t1 = a1.wide_mul_inline(b1);
    let t2 = (*a0 + *a1).wide_mul_inline(&(*b0 + *b1));
    Fp2 {
        c0: (t0 - t1).reduce_difference(),
        c1: (t2 - t0 - t1).reduce_product(),
    }
}

/// (c0 + c1)(c0 - c1 + 4p), below 64p², and 2·c0·c1, below 32p².
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn sqr<M: Field>(a: &Fp2<M>) -> Fp2<M> {
    let sum = *a.c0.factor() + *a.c1.factor();
    let difference = a.c0.factor().minus(&a.c1);
    let mixed = a.c0.factor().wide_mul_inline(a.c1.factor());
    Fp2 {
        c0: sum.wide_mul_inline(&difference).reduce_product(),
        c1: (mixed + mixed).reduce_product(),
    }
}

/// In units of a product's columns: at most 1 and 2 for the product, 8 and 16 for the square.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul_sub_8_sqr<M: Field>(a: &Fp2<M>, b: &Fp2<M>, c: &Fp2<M>) -> Fp2<M> {
    let [t0, t1, t2] = products_of(a.factor(), b.factor());
    let (s0, s1) = (c.c0.wide_sqr(), c.c1.wide_sqr());
    let mixed = c.c0.factor().wide_mul(c.c1.factor());
    let zero = V::splat(a.isa(), 0);
    let (mut c0, mut c1) = (M::columns(zero), M::columns(zero));
    columns!(M, K, {
        let square = s0.column(K).sub(s1.column(K));
        c0[K] = t0.column(K).sub(t1.column(K)).sub(square.shl::<3>());
    });
    columns!(M, K, {
        let cross = t2.column(K).sub(t0.column(K)).sub(t1.column(K));
        c1[K] = cross.sub(mixed.column(K).shl::<4>());
    });
    Fp2 {
        c0: Wide::<M>::from_columns(c0).reduce(),
        c1: Wide::<M>::from_columns(c1).reduce(),
    }
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn wide_mul<M: Field>(a: &Factor2<M>, b: &Factor2<M>) -> Wide2<M> {
    let [t0, t1, t2] = products_of(a, b);
    Wide2 {
        c0: t0 - t1,
        c1: t2 - t0 - t1,
    }
}

impl<M: Field> Factor2<M> {
    /// Coordinates and their sum, as Karatsuba's products take them.
    #[inline(always)]
    pub(crate) fn parts(&self) -> [Factor<M>; 3] {
        [self.c0, self.c1, self.c0 + self.c1]
    }

    /// The product before its reduction.
    #[inline(always)]
    pub(crate) fn wide_mul(&self, o: &Self) -> Wide2<M> {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { wide_mul(self, o) }
    }
}

/// Not inlined, for the sake of the instruction cache.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn add_factors<M: Field>(a: &Factor2<M>, b: &Factor2<M>) -> Factor2<M> {
    Factor2 {
        c0: a.c0 + b.c0,
        c1: a.c1 + b.c1,
    }
}

/// The caller knows that the coordinates stay in range.
impl<M: Field> Add for &Factor2<M> {
    type Output = Factor2<M>;
    #[inline(always)]
    fn add(self, o: Self) -> Factor2<M> {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { add_factors(self, o) }
    }
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn norm<M: Field>(a: &Fp2<M>) -> Fp<M> {
    (a.c0.wide_sqr() + a.c1.wide_sqr()).reduce_product()
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn roots<M: Field, const N: usize>(x: &[Fp2<M>; N]) -> ([Fp2<M>; N], [Mask; N]) {
    let norms = x.map(|x| x.norm());
    let mut s = Fp::root_power(&norms);
    for n in 0..N {
        s[n] = s[n].mul(&norms[n]);
    }
    roots_with_norms(x, &s)
}

/// With t = (c0 + s) / 2 and w = t^((p-3)/4) we have (t·w)·w = t^((p-1)/2) = ±1.
/// +1: t·w is a root of t and w its inverse: the root is t·w + (c1·w / 2)·i.
/// -1: t·w is a root of -t and -w its inverse; the other choice (c0 - s) / 2 = c1² / (4·-t) is the square of -c1·w / 2, so
/// the root is -c1·w / 2 + t·w·i, up to its sign.
/// t = 0 means c1 = 0 and s = -c0: then c0 itself takes the place of t. The last comparison checks everything.
#[target_feature(enable = "avx512f,avx512ifma")]
fn roots_with_norms<M: Field, const N: usize>(
    x: &[Fp2<M>; N],
    s: &[Fp<M>; N],
) -> ([Fp2<M>; N], [Mask; N]) {
    let half = Fp::splat(x[0].isa(), &M::HALF);
    let mut t = *s;
    for n in 0..N {
        t[n] = (x[n].c0.sum() + s[n].sum()).tight().mul(&half);
        t[n] = Fp::select(t[n].is_zero(), &x[n].c0, &t[n]);
    }
    let w = Fp::root_power(&t);
    let mut roots = *x;
    let mut ok = [Mask::ALL; N];
    for n in 0..N {
        let tw = t[n].mul(&w[n]);
        let other = x[n].c1.mul(&half).mul(&w[n]);
        let residue = tw.sqr().equals(&t[n]);
        roots[n] = Fp2 {
            c0: Fp::select(residue, &tw, &other.neg()),
            c1: Fp::select(residue, &other, &tw),
        };
        ok[n] = roots[n].sqr().equals(&x[n]);
    }
    (roots, ok)
}

impl<M: Field> Fp2<M> {
    #[inline(always)]
    pub(crate) const fn factor(&self) -> &Factor2<M> {
        // SAFETY: both are two times the same registers in declaration order, and all values of the one are values of the
        // other.
        unsafe { &*core::ptr::from_ref(self).cast() }
    }

    #[inline(always)]
    pub(crate) fn mul_fp(&self, o: &Fp<M>) -> Self {
        Self {
            c0: self.c0.mul(o),
            c1: self.c1.mul(o),
        }
    }

    #[inline(always)]
    pub(crate) fn conjugate(&self) -> Self {
        Self {
            c0: self.c0,
            c1: self.c1.neg(),
        }
    }

    /// The element of lane N + i in lane i.
    #[inline(always)]
    pub(crate) fn rotate<const N: i32>(&self) -> Self {
        Self {
            c0: self.c0.rotate::<N>(),
            c1: self.c1.rotate::<N>(),
        }
    }

    /// The element of lane `from[i]` in lane i.
    #[inline(always)]
    pub(crate) fn permute(&self, from: &[u64; 8]) -> Self {
        Self {
            c0: self.c0.permute(from),
            c1: self.c1.permute(from),
        }
    }

    /// c0² + c1², an element of Fp that is a square exactly when this is one.
    #[inline(always)]
    pub(crate) fn norm(&self) -> Fp<M> {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { norm(self) }
    }

    #[inline(always)]
    pub(crate) fn splat(isa: Ifma, c: &[M::Limbs<u64>; 2]) -> Self {
        Self {
            c0: Fp::splat(isa, &c[0]),
            c1: Fp::splat(isa, &c[1]),
        }
    }

    /// A square root of each, where one exists: elsewhere the mask is off and the value means nothing.
    #[inline(always)]
    pub(crate) fn roots<const N: usize>(x: &[Self; N]) -> ([Self; N], [Mask; N]) {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { roots(x) }
    }

    /// The same, given s with s² = norm where the element is a square.
    #[inline(always)]
    pub(crate) fn roots_with_norms<const N: usize>(
        x: &[Self; N],
        s: &[Fp<M>; N],
    ) -> ([Self; N], [Mask; N]) {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { roots_with_norms(x, s) }
    }
}

impl<M: Tower> Fp2<M> {
    #[inline(always)]
    pub(crate) fn from_scalar(isa: Ifma, x: [&M::Scalar2; 8]) -> Self {
        let coordinates = x.map(M::coordinates);
        Self {
            c0: Fp::from_scalar(isa, coordinates.map(|[c0, _]| c0)),
            c1: Fp::from_scalar(isa, coordinates.map(|[_, c1]| c1)),
        }
    }

    #[inline(always)]
    pub(crate) fn to_scalar(self) -> [M::Scalar2; 8] {
        let (c0, c1) = (self.c0.to_scalar(), self.c1.to_scalar());
        core::array::from_fn(|lane| M::from_coordinates([c0[lane], c1[lane]]))
    }
}

impl<M: Field> Element for Fp2<M> {
    type Sum = Sum2<M>;
    type Packed = [[u64; 8]; 2];

    #[inline(always)]
    fn gather(isa: Ifma, x: [&[[u64; 8]; 2]; 8]) -> Self {
        Self {
            c0: Fp::gather(isa, x.map(|x| &x[0])),
            c1: Fp::gather(isa, x.map(|x| &x[1])),
        }
    }

    #[inline(always)]
    fn scatter(&self) -> [[[u64; 8]; 2]; 8] {
        let (c0, c1) = (self.c0.scatter(), self.c1.scatter());
        core::array::from_fn(|lane| [c0[lane], c1[lane]])
    }

    #[inline(always)]
    fn zero(isa: Ifma) -> Self {
        Self {
            c0: Fp::zero(isa),
            c1: Fp::zero(isa),
        }
    }

    #[inline(always)]
    fn one(isa: Ifma) -> Self {
        Self {
            c0: Fp::one(isa),
            c1: Fp::zero(isa),
        }
    }

    #[inline(always)]
    fn isa(&self) -> Ifma {
        self.c0.isa()
    }

    #[inline(always)]
    fn mul(&self, o: &Self) -> Self {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { mul(self, o) }
    }

    #[inline(always)]
    fn sqr(&self) -> Self {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { sqr(self) }
    }

    #[inline(always)]
    fn mul_sub_8_sqr(&self, b: &Self, c: &Self) -> Self {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { mul_sub_8_sqr(self, b, c) }
    }

    #[inline(always)]
    fn sum(&self) -> Sum2<M> {
        Sum2 {
            c0: self.c0.sum(),
            c1: self.c1.sum(),
        }
    }

    /// 1/(c0 + c1·i) = (c0 - c1·i) / norm.
    #[inline(always)]
    fn invert(&self) -> Self {
        self.conjugate().mul_fp(&self.norm().invert())
    }

    #[inline(always)]
    fn select(m: Mask, yes: &Self, no: &Self) -> Self {
        Self {
            c0: Fp::select(m, &yes.c0, &no.c0),
            c1: Fp::select(m, &yes.c1, &no.c1),
        }
    }
}

impl<M: Field> Sum2<M> {
    #[inline(always)]
    pub(crate) fn select(m: Mask, yes: &Self, no: &Self) -> Self {
        Self {
            c0: Sum::select(m, &yes.c0, &no.c0),
            c1: Sum::select(m, &yes.c1, &no.c1),
        }
    }
}

#[inline(always)]
fn times_a<M: Tower>(Sum(mut x): Sum<M>) -> Sum<M> {
    limbs!(M, I, {
        x[I] = M::times_a(x[I]);
    });
    Sum(x)
}

impl<M: Tower> Sum2<M> {
    /// ξ times.
    #[inline(always)]
    pub(crate) fn times_xi(self) -> Self {
        Self {
            c0: times_a(self.c0) - self.c1,
            c1: times_a(self.c1) + self.c0,
        }
    }
}

impl<M: Field> ElementSum for Sum2<M> {
    type Element = Fp2<M>;

    #[inline(always)]
    fn tight(self) -> Fp2<M> {
        Fp2 {
            c0: self.c0.tight(),
            c1: self.c1.tight(),
        }
    }

    #[inline(always)]
    fn is_zero(self) -> Mask {
        self.c0.is_zero() & self.c1.is_zero()
    }

    #[inline(always)]
    fn times_pow2<const N: u32>(self) -> Self {
        Self {
            c0: self.c0.times_pow2::<N>(),
            c1: self.c1.times_pow2::<N>(),
        }
    }
}

impl<M: Field> Wide2<M> {
    #[inline(always)]
    pub(crate) fn column(&self, k: usize) -> Column2 {
        Column2 {
            c0: self.c0.column(k),
            c1: self.c1.column(k),
        }
    }
}

/// One column of a [`Wide2`]: sums of several are formed column by column, so that nothing but the result is stored.
#[derive(Clone, Copy)]
pub(crate) struct Column2 {
    pub(crate) c0: V,
    pub(crate) c1: V,
}

impl Column2 {
    /// ξ times.
    #[inline(always)]
    pub(crate) fn times_xi<M: Tower>(self) -> Self {
        Self {
            c0: M::times_a(self.c0).sub(self.c1),
            c1: M::times_a(self.c1).add(self.c0),
        }
    }
}

impl Add for Column2 {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        Self {
            c0: self.c0.add(o.c0),
            c1: self.c1.add(o.c1),
        }
    }
}

impl Sub for Column2 {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        Self {
            c0: self.c0.sub(o.c0),
            c1: self.c1.sub(o.c1),
        }
    }
}

impl<M: Field> Add for Sum2<M> {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        Self {
            c0: self.c0 + o.c0,
            c1: self.c1 + o.c1,
        }
    }
}

impl<M: Field> Sub for Sum2<M> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        Self {
            c0: self.c0 - o.c0,
            c1: self.c1 - o.c1,
        }
    }
}

impl<M: Field> Neg for Sum2<M> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self {
            c0: -self.c0,
            c1: -self.c1,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
