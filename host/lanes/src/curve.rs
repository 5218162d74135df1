//! Points of y² = x³ + b, over Fp or Fp2: eight points at a time.

pub(crate) mod two;

use crate::Ifma;
use crate::element::{Element, ElementSum, invert_all};
use crate::fp::Field;
use crate::fp2::Fp2;
use crate::vector::Mask;

/// Eight points with affine coordinates. Infinity has none: who can meet it keeps a mask beside.
#[derive(Clone, Copy)]
pub(crate) struct Affine<F> {
    pub(crate) x: F,
    pub(crate) y: F,
}

/// Eight points (X/Z², Y/Z³); infinity has Z = 0.
#[derive(Clone, Copy)]
pub(crate) struct Point<F> {
    pub(crate) x: F,
    pub(crate) y: F,
    pub(crate) z: F,
}

impl<M: Field> Point<Fp2<M>> {
    /// The point of lane `from[i]` in lane i.
    #[inline(always)]
    pub(crate) fn permute(&self, from: &[u64; 8]) -> Self {
        Self {
            x: self.x.permute(from),
            y: self.y.permute(from),
            z: self.z.permute(from),
        }
    }
}

impl<F: Element> Affine<F> {
    #[inline(always)]
    pub(crate) fn point(&self) -> Point<F> {
        Point {
            x: self.x,
            y: self.y,
            z: F::one(self.x.isa()),
        }
    }

    #[inline(always)]
    pub(crate) fn neg(&self) -> Self {
        Self {
            x: self.x,
            y: self.y.neg(),
        }
    }
}

impl<F: Element> Point<F> {
    #[inline(always)]
    pub(crate) fn infinity(isa: Ifma) -> Self {
        Self {
            x: F::one(isa),
            y: F::one(isa),
            z: F::zero(isa),
        }
    }

    #[inline(always)]
    pub(crate) fn select(m: Mask, yes: &Self, no: &Self) -> Self {
        Self {
            x: F::select(m, &yes.x, &no.x),
            y: F::select(m, &yes.y, &no.y),
            z: F::select(m, &yes.z, &no.z),
        }
    }

    #[inline(always)]
    pub(crate) fn neg(&self) -> Self {
        Self {
            x: self.x,
            y: self.y.neg(),
            z: self.z,
        }
    }

    /// Doubles in place; infinity stays infinity (Z = 0).
    #[inline(always)]
    pub(crate) fn double(&mut self) {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { double(self) }
    }

    #[inline(always)]
    pub(crate) fn doubled(&self) -> Self {
        let mut p = *self;
        p.double();
        p
    }

    /// self + o where the two are not equal and neither is infinity; opposite points give Z = 0, equal ones X = Y = Z = 0,
    /// infinity gives Z = 0 whatever the other is.
    #[inline(always)]
    pub(crate) fn add_distinct(&self, o: &Self) -> Self {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { add_distinct(self, o) }
    }

    /// The same with affine o.
    #[inline(always)]
    pub(crate) fn add_affine_distinct(&self, o: &Affine<F>) -> Self {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { add_affine_distinct(self, o) }
    }

    /// `scalar` times, for a scalar of at least 1. Exact for points of order r. For any other point of the curve: exact, or
    /// Z = 0. The ladder's additions fail only where multiples of the point meet, and Z = 0 then stays to the end.
    #[inline(always)]
    pub(crate) fn times(&self, scalar: u64) -> Self {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { times(self, scalar) }
    }
}

/// 3M + 4S.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn double<F: Element>(p: &mut Point<F>) {
    let a = p.x.sqr();
    let b = p.y.sqr();
    let four_xb = p.x.mul(&b).sum().times_pow2::<2>();
    let e = (a.sum().double() + a.sum()).tight();
    p.z = p.y.mul(&p.z).sum().double().tight();
    p.x = (e.sqr().sum() - four_xb.double()).tight();
    p.y = e.mul_sub_8_sqr(&(four_xb - p.x.sum()).tight(), &b);
}

/// 12M + 4S.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn add_distinct<F: Element>(p: &Point<F>, q: &Point<F>) -> Point<F> {
    let (zz1, zz2) = (p.z.sqr(), q.z.sqr());
    let u1 = p.x.mul(&zz2);
    let s1 = p.y.mul(&zz2.mul(&q.z));
    let h = (q.x.mul(&zz1).sum() - u1.sum()).tight();
    let r = (q.y.mul(&zz1.mul(&p.z)).sum() - s1.sum()).tight();
    chord(&u1, &s1, &h, &r, &p.z.mul(&q.z))
}

/// 8M + 3S.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn add_affine_distinct<F: Element>(p: &Point<F>, q: &Affine<F>) -> Point<F> {
    let zz = p.z.sqr();
    let h = (q.x.mul(&zz).sum() - p.x.sum()).tight();
    let r = (q.y.mul(&zz.mul(&p.z)).sum() - p.y.sum()).tight();
    chord(&p.x, &p.y, &h, &r, &p.z)
}

/// The third point on the chord, mirrored: from (x, y) with the differences h and r to the other point, over a common Z.
#[inline(always)]
fn chord<F: Element>(x: &F, y: &F, h: &F, r: &F, z: &F) -> Point<F> {
    let hh = h.sqr();
    let hhh = h.mul(&hh);
    let v = x.mul(&hh);
    let x3 = (r.sqr().sum() - hhh.sum() - v.sum().double()).tight();
    let y3 = r.mul(&(v.sum() - x3.sum()).tight()).sum() - y.mul(&hhh).sum();
    Point {
        x: x3,
        y: y3.tight(),
        z: z.mul(h),
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn times<F: Element>(p: &Point<F>, scalar: u64) -> Point<F> {
    let mut t = *p;
    for bit in (0..scalar.ilog2()).rev() {
        t.double();
        if scalar >> bit & 1 == 1 {
            t = t.add_distinct(p);
        }
    }
    t
}

/// Affine coordinates of all, by one inversion; infinity becomes (0, 0).
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn affine_all<F: Element>(points: &[Point<F>]) -> Vec<Affine<F>> {
    let mut inverses: Vec<F> = points.iter().map(|p| p.z).collect();
    invert_all(&mut inverses);
    let mut affine = Vec::with_capacity(points.len());
    for (p, inverse) in points.iter().zip(&inverses) {
        let square = inverse.sqr();
        affine.push(Affine {
            x: p.x.mul(&square),
            y: p.y.mul(&square.mul(inverse)),
        });
    }
    affine
}

/// Where the Jacobian point is the affine one: never where Z = 0.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn same<F: Element>(p: &Point<F>, q: &Affine<F>) -> Mask {
    let zz = p.z.sqr();
    let x = q.x.mul(&zz).equals(&p.x);
    let y = q.y.mul(&zz.mul(&p.z)).equals(&p.y);
    x & y & !p.z.is_zero()
}
