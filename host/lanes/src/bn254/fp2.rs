//! The quadratic extension Fp2 = Fp[i] / (i² + 1) of BN254, eight elements at a time.

use core::ops::{Add, Neg, Sub};

use ark_bn254::Fq2;

use super::fp::{Factor, Fp, Limbs, Sum, Wide};
use crate::Ifma;
use crate::element::{Element, ElementSum};
use crate::vector::{Mask, V};

/// Eight elements c0 + c1·i.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Fp2 {
    pub(crate) c0: Fp,
    pub(crate) c1: Fp,
}

/// Eight sums of elements.
#[derive(Clone, Copy)]
pub(crate) struct Sum2 {
    pub(crate) c0: Sum,
    pub(crate) c1: Sum,
}

/// Eight factors of one product, each coordinate below 32p.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Factor2 {
    c0: Factor,
    c1: Factor,
}

/// Eight sums of products.
#[derive(Clone, Copy)]
pub(crate) struct Wide2 {
    pub(crate) c0: Wide,
    pub(crate) c1: Wide,
}

/// Karatsuba, whose sums are below 64p: c0 = t0 - t1 and c1 = t2 - t0 - t1.
#[inline(always)]
fn products_of(a: &Factor2, b: &Factor2) -> [Wide; 3] {
    [
        a.c0.wide_mul(&b.c0),
        a.c1.wide_mul(&b.c1),
        (a.c0 + a.c1).wide_mul(&(b.c0 + b.c1)),
    ]
}

/// Each product is below 16p², and t2 - t0 - t1 = a0·b1 + a1·b0 is in [0, 32p²).
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul(a: &Fp2, b: &Fp2) -> Fp2 {
    let [t0, t1, t2] = products_of(a.factor(), b.factor());
    Fp2 {
        c0: (t0 - t1).reduce_difference(),
        c1: (t2 - t0 - t1).reduce_product(),
    }
}

/// (c0 + c1)(c0 - c1 + 4p), below 64p², and 2·c0·c1, below 32p².
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn sqr(a: &Fp2) -> Fp2 {
    let sum = *a.c0.factor() + *a.c1.factor();
    let mixed = a.c0.factor().wide_mul(a.c1.factor());
    Fp2 {
        c0: sum.wide_mul(&a.c0.factor().minus(&a.c1)).reduce_product(),
        c1: (mixed + mixed).reduce_product(),
    }
}

/// In units of a product's columns: at most 1 and 2 for the product, 8 and 16 for the square.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul_sub_8_sqr(a: &Fp2, b: &Fp2, c: &Fp2) -> Fp2 {
    let [t0, t1, t2] = products_of(a.factor(), b.factor());
    let (s0, s1) = (c.c0.wide_sqr(), c.c1.wide_sqr());
    let mixed = c.c0.factor().wide_mul(c.c1.factor());
    let c0 = ten!(K, {
        let square = s0.column(K).sub(s1.column(K));
        t0.column(K).sub(t1.column(K)).sub(square.shl::<3>())
    });
    let c1 = ten!(K, {
        let cross = t2.column(K).sub(t0.column(K)).sub(t1.column(K));
        cross.sub(mixed.column(K).shl::<4>())
    });
    Fp2 {
        c0: Wide::from_columns(c0).reduce(),
        c1: Wide::from_columns(c1).reduce(),
    }
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn wide_mul(a: &Factor2, b: &Factor2) -> Wide2 {
    let [t0, t1, t2] = products_of(a, b);
    Wide2 {
        c0: t0 - t1,
        c1: t2 - t0 - t1,
    }
}

impl Factor2 {
    /// Coordinates and their sum, as Karatsuba's products take them.
    #[inline(always)]
    pub(crate) fn parts(&self) -> [Factor; 3] {
        [self.c0, self.c1, self.c0 + self.c1]
    }

    /// The product before its reduction.
    #[inline(always)]
    pub(crate) fn wide_mul(&self, o: &Self) -> Wide2 {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { wide_mul(self, o) }
    }
}

/// Not inlined, for the sake of the instruction cache.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn add_factors(a: &Factor2, b: &Factor2) -> Factor2 {
    Factor2 {
        c0: a.c0 + b.c0,
        c1: a.c1 + b.c1,
    }
}

/// The caller knows that the coordinates stay below 32p.
impl Add for &Factor2 {
    type Output = Factor2;
    #[inline(always)]
    fn add(self, o: Self) -> Factor2 {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { add_factors(self, o) }
    }
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn norm(a: &Fp2) -> Fp {
    (a.c0.wide_sqr() + a.c1.wide_sqr()).reduce_product()
}

/// With s a root of the norm, t = (c0 + s) / 2 and w = t^((p-3)/4) we have (t·w)·w = t^((p-1)/2) = ±1.
/// +1: t·w is a root of t and w its inverse: the root is t·w + (c1·w / 2)·i.
/// -1: t·w is a root of -t and -w its inverse; the other choice (c0 - s) / 2 = c1² / (4·-t) is the square of -c1·w / 2, so
/// the root is -c1·w / 2 + t·w·i, up to its sign.
/// t = 0 means c1 = 0 and s = -c0: then c0 itself takes the place of t. The last comparison checks everything.
#[target_feature(enable = "avx512f,avx512ifma")]
fn roots<const N: usize>(x: &[Fp2; N]) -> ([Fp2; N], [Mask; N]) {
    let (s, _) = Fp::roots(&x.map(|x| x.norm()));
    let half = Fp::splat(x[0].isa(), &consts::HALF);
    let mut t = s;
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

impl Fp2 {
    #[inline(always)]
    pub(crate) const fn factor(&self) -> &Factor2 {
        // SAFETY: both are two times five registers in declaration order, and all values of the one are values of the other.
        unsafe { &*core::ptr::from_ref(self).cast() }
    }

    #[inline(always)]
    pub(crate) fn mul_fp(&self, o: &Fp) -> Self {
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

    /// c0² + c1².
    #[inline(always)]
    fn norm(&self) -> Fp {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { norm(self) }
    }

    #[inline(always)]
    pub(crate) fn splat(isa: Ifma, c: &[Limbs; 2]) -> Self {
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

    #[inline(always)]
    pub(crate) fn from_ark(isa: Ifma, x: [&Fq2; 8]) -> Self {
        Self {
            c0: Fp::from_ark(isa, x.map(|x| &x.c0)),
            c1: Fp::from_ark(isa, x.map(|x| &x.c1)),
        }
    }

    #[inline(always)]
    pub(crate) fn to_ark(self) -> [Fq2; 8] {
        let (c0, c1) = (self.c0.to_ark(), self.c1.to_ark());
        core::array::from_fn(|lane| Fq2::new(c0[lane], c1[lane]))
    }
}

impl Element for Fp2 {
    type Sum = Sum2;
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
    fn sum(&self) -> Sum2 {
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

impl Sum2 {
    #[inline(always)]
    pub(crate) fn select(m: Mask, yes: &Self, no: &Self) -> Self {
        Self {
            c0: Sum::select(m, &yes.c0, &no.c0),
            c1: Sum::select(m, &yes.c1, &no.c1),
        }
    }

    /// (9 + i) times: the non-residue that the tower is built on.
    #[inline(always)]
    pub(crate) fn times_xi(self) -> Self {
        let nine = self.times_pow2::<3>() + self;
        Self {
            c0: nine.c0 - self.c1,
            c1: nine.c1 + self.c0,
        }
    }
}

impl ElementSum for Sum2 {
    type Element = Fp2;

    #[inline(always)]
    fn tight(self) -> Fp2 {
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

impl Wide2 {
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
    /// (9 + i) times.
    #[inline(always)]
    pub(crate) fn times_xi(self) -> Self {
        Self {
            c0: times_9(self.c0).sub(self.c1),
            c1: times_9(self.c1).add(self.c0),
        }
    }
}

#[inline(always)]
pub(crate) fn times_9(x: V) -> V {
    x.shl::<3>().add(x)
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

impl Add for Sum2 {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        Self {
            c0: self.c0 + o.c0,
            c1: self.c1 + o.c1,
        }
    }
}

impl Sub for Sum2 {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        Self {
            c0: self.c0 - o.c0,
            c1: self.c1 - o.c1,
        }
    }
}

impl Neg for Sum2 {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self {
            c0: -self.c0,
            c1: -self.c1,
        }
    }
}

mod consts {
    use super::Limbs;

    /// 1/2.
    pub(super) const HALF: Limbs = [
        0x9_0440_7b7e_725a,
        0x2_4dd5_4c4d_422a,
        0x0_c780_a524_c484,
        0xb_927c_2d49_00ec,
        0x0_0f8b_2127_0ddb,
    ];
}

#[cfg(test)]
impl Fp2 {
    /// The same element with coordinates in [3p, 4p).
    pub(crate) fn with_largest_representation(&self) -> Self {
        Self {
            c0: self.c0.with_largest_representation(),
            c1: self.c1.with_largest_representation(),
        }
    }
}

#[cfg(test)]
mod tests;
