//! The tower Fp6 = Fp2[v] / (v³ - (9 + i)), Fp12 = Fp6[w] / (w² - v) of BN254, eight elements at a time.
//!
//! Products of Fp6 and Fp12 are kept wide to the end: one reduction per coordinate of the result. In units of a product's
//! columns (9 · 2^52) the coordinates of a product of Fp2 have at most 1 and 2, those of a product of Fp6 33, 50, 14, 24, 4 and
//! 6, those of a product of Fp12 150 and of a square 158 of the 200 that `Wide` may have. Values: with factors below 8p a
//! coordinate of a product of Fp6 is a sum of at most 40 products, below 2^12 p², and one of Fp12 below 2^14 p².

use core::ops::Add;

use ark_bn254::{Fq6, Fq12};

use super::fp::{Fp, Wide};
use super::fp2::{Column2, Factor2, Fp2, times_9};
use crate::Ifma;
use crate::element::{Element, ElementSum};
use crate::vector::V;

/// Eight elements c0 + c1·v + c2·v².
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Fp6(pub(crate) [Fp2; 3]);

/// Eight elements c0 + c1·w.
#[derive(Clone, Copy)]
pub(crate) struct Fp12 {
    pub(crate) c0: Fp6,
    pub(crate) c1: Fp6,
}

/// The three coefficients of a line: c0 + c3·w + c4·v·w.
#[derive(Clone, Copy)]
pub(crate) struct Line {
    pub(crate) c0: Fp2,
    pub(crate) c3: Fp2,
    pub(crate) c4: Fp2,
}

/// Factors with coordinates below 16p, so that sums of two are below 32p as `Factor2` asks.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Factor6([Factor2; 3]);

/// Wide coordinates c0.c0, c0.c1, c1.c0, ... column by column.
struct Wide6([[V; 6]; 10]);

impl Fp6 {
    #[inline(always)]
    const fn factor(&self) -> &Factor6 {
        // SAFETY: Fp2 and Factor2 have one layout, and all values of the one are values of the other.
        unsafe { &*core::ptr::from_ref(self).cast() }
    }
}

/// Karatsuba: six products of Fp2.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn product(Factor6(a): &Factor6, Factor6(b): &Factor6) -> Wide6 {
    let t0 = a[0].wide_mul(&b[0]);
    let t1 = a[1].wide_mul(&b[1]);
    let t2 = a[2].wide_mul(&b[2]);
    let m12 = (&a[1] + &a[2]).wide_mul(&(&b[1] + &b[2]));
    let m01 = (&a[0] + &a[1]).wide_mul(&(&b[0] + &b[1]));
    let m02 = (&a[0] + &a[2]).wide_mul(&(&b[0] + &b[2]));
    Wide6(ten!(K, {
        let (t0, t1, t2) = (t0.column(K), t1.column(K), t2.column(K));
        columns(
            (m12.column(K) - t1 - t2).times_xi() + t0,
            m01.column(K) - t0 - t1 + t2.times_xi(),
            m02.column(K) - t0 - t2 + t1,
        )
    }))
}

/// By b0 + b1·v: five products.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn product_01(Factor6(a): &Factor6, b0: &Factor2, b1: &Factor2) -> Wide6 {
    let t0 = a[0].wide_mul(b0);
    let t1 = a[1].wide_mul(b1);
    let m01 = (&a[0] + &a[1]).wide_mul(&(b0 + b1));
    let (t20, t21) = (a[2].wide_mul(b0), a[2].wide_mul(b1));
    Wide6(ten!(K, {
        let (t0, t1) = (t0.column(K), t1.column(K));
        columns(
            t21.column(K).times_xi() + t0,
            m01.column(K) - t0 - t1,
            t20.column(K) + t1,
        )
    }))
}

/// By b0: three products.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn product_0(Factor6(a): &Factor6, b0: &Factor2) -> Wide6 {
    let (t0, t1, t2) = (a[0].wide_mul(b0), a[1].wide_mul(b0), a[2].wide_mul(b0));
    Wide6(ten!(K, columns(t0.column(K), t1.column(K), t2.column(K))))
}

impl Add for &Factor6 {
    type Output = Factor6;
    #[inline(always)]
    fn add(self, o: Self) -> Factor6 {
        let (Factor6([a0, a1, a2]), Factor6([b0, b1, b2])) = (self, o);
        Factor6([a0 + b0, a1 + b1, a2 + b2])
    }
}

#[inline(always)]
fn columns(c0: Column2, c1: Column2, c2: Column2) -> [V; 6] {
    [c0.c0, c0.c1, c1.c0, c1.c1, c2.c0, c2.c1]
}

/// One column of coordinate I of v·t, for I = 0 and 1: of (9 + i)·c2.
#[inline(always)]
fn xi_c2<const I: usize>(t: &[V; 6]) -> V {
    if I == 0 {
        times_9(t[4]).sub(t[5])
    } else {
        times_9(t[5]).add(t[4])
    }
}

/// Coordinate I of a + v·b, for I = 0 and 1.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce_a_xi_b<const I: usize>(Wide6(a): &Wide6, Wide6(b): &Wide6) -> Fp {
    Wide::from_columns(ten!(K, a[K][I].add(xi_c2::<I>(&b[K])))).reduce()
}

/// Coordinate I of a - b - v·b, for I = 0 and 1.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce_a_b_xi_b<const I: usize>(Wide6(a): &Wide6, Wide6(b): &Wide6) -> Fp {
    Wide::from_columns(ten!(K, a[K][I].sub(b[K][I]).sub(xi_c2::<I>(&b[K])))).reduce()
}

/// Coordinate i of a + v·b.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce_a_vb(x: &Wide6, y: &Wide6, i: usize) -> Fp {
    let (Wide6(a), Wide6(b)) = (x, y);
    match i {
        0 => reduce_a_xi_b::<0>(x, y),
        1 => reduce_a_xi_b::<1>(x, y),
        _ => Wide::from_columns(ten!(K, a[K][i].add(b[K][i - 2]))).reduce(),
    }
}

/// Coordinate i of a - b - v·b.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce_a_b_vb(x: &Wide6, y: &Wide6, i: usize) -> Fp {
    let (Wide6(a), Wide6(b)) = (x, y);
    match i {
        0 => reduce_a_b_xi_b::<0>(x, y),
        1 => reduce_a_b_xi_b::<1>(x, y),
        _ => Wide::from_columns(ten!(K, a[K][i].sub(b[K][i]).sub(b[K][i - 2]))).reduce(),
    }
}

/// Coordinate i of a - b.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce_a_b(Wide6(a): &Wide6, Wide6(b): &Wide6, i: usize) -> Fp {
    Wide::from_columns(ten!(K, a[K][i].sub(b[K][i]))).reduce()
}

impl Wide6 {
    #[inline(always)]
    fn add_assign(&mut self, o: &Self) {
        for k in 0..10 {
            for i in 0..6 {
                self.0[k][i] = self.0[k][i].add(o.0[k][i]);
            }
        }
    }
}

/// Coordinate i of 2a.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce_2a(Wide6(a): &Wide6, i: usize) -> Fp {
    Wide::from_columns(ten!(K, a[K][i].add(a[K][i]))).reduce()
}

/// Coordinate i of a.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce_a(Wide6(a): &Wide6, i: usize) -> Fp {
    Wide::from_columns(ten!(K, a[K][i])).reduce()
}

/// The element whose coordinates the expression gives for the constant `$i` = 0..6.
macro_rules! coordinates {
    ($i:ident, $value:expr) => {
        coordinates!(@ $i, $value, 0 1, 2 3, 4 5)
    };
    (@ $i:ident, $value:expr, $($c0:literal $c1:literal),*) => {
        Fp6([$(Fp2 {
            c0: {
                const $i: usize = $c0;
                $value
            },
            c1: {
                const $i: usize = $c1;
                $value
            },
        }),*])
    };
}

/// The same, into an element that exists.
macro_rules! store_coordinates {
    ($to:expr, $i:ident, $value:expr) => {
        store_coordinates!(@ $to, $i, $value, 0 0 c0, 1 0 c1, 2 1 c0, 3 1 c1, 4 2 c0, 5 2 c1)
    };
    (@ $to:expr, $i:ident, $value:expr, $($n:literal $k:literal $c:ident),*) => {
        $($to.0[$k].$c = {
            const $i: usize = $n;
            $value
        };)*
    };
}

/// Karatsuba over Fp6: 54 products of Fp and 12 reductions.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul(a: &Fp12, b: &Fp12) -> Fp12 {
    let mut t0 = product(a.c0.factor(), b.c0.factor());
    let t1 = product(a.c1.factor(), b.c1.factor());
    let c0 = coordinates!(I, reduce_a_vb(&t0, &t1, I));
    t0.add_assign(&t1);
    let m = product(
        &(a.c0.factor() + a.c1.factor()),
        &(b.c0.factor() + b.c1.factor()),
    );
    Fp12 {
        c0,
        c1: coordinates!(I, reduce_a_b(&m, &t0, I)),
    }
}

/// c0 = (a0 + a1)(a0 + v·a1) - a0·a1 - v·a0·a1, c1 = 2·a0·a1.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn square(a: &mut Fp12) {
    let (a0, a1) = (a.c0.factor(), a.c1.factor());
    let v_a1 = Fp6([a.c1.0[2].sum().times_xi().tight(), a.c1.0[0], a.c1.0[1]]);
    let t = product(a0, a1);
    let m = product(&(a0 + a1), &(a0 + v_a1.factor()));
    store_coordinates!(a.c0, I, reduce_a_b_vb(&m, &t, I));
    store_coordinates!(a.c1, I, reduce_2a(&t, I));
}

/// 39 products of Fp and 12 reductions, in place.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul_line(a: &mut Fp12, line: &Line) {
    let (b0, b3, b4) = (line.c0.factor(), line.c3.factor(), line.c4.factor());
    let mut t0 = product_0(a.c0.factor(), b0);
    let t1 = product_01(a.c1.factor(), b3, b4);
    let m = product_01(&(a.c0.factor() + a.c1.factor()), &(b0 + b3), b4);
    store_coordinates!(a.c0, I, reduce_a_vb(&t0, &t1, I));
    t0.add_assign(&t1);
    store_coordinates!(a.c1, I, reduce_a_b(&m, &t0, I));
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn mul6(a: &Fp6, b: &Fp6) -> Fp6 {
    let t = product(a.factor(), b.factor());
    coordinates!(I, reduce_a(&t, I))
}

impl Fp6 {
    #[inline(always)]
    pub(crate) fn mul(&self, o: &Self) -> Self {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { mul6(self, o) }
    }

    #[inline(always)]
    fn zero(isa: Ifma) -> Self {
        Self([Fp2::zero(isa); 3])
    }

    #[inline(always)]
    fn neg(&self) -> Self {
        Self([self.0[0].neg(), self.0[1].neg(), self.0[2].neg()])
    }

    #[inline(always)]
    fn rotate<const N: i32>(&self) -> Self {
        let [a, b, c] = &self.0;
        Self([a.rotate::<N>(), b.rotate::<N>(), c.rotate::<N>()])
    }

    #[inline(always)]
    fn to_ark(self) -> [Fq6; 8] {
        let [a, b, c] = self.0.map(Fp2::to_ark);
        core::array::from_fn(|lane| Fq6::new(a[lane], b[lane], c[lane]))
    }

    #[inline(always)]
    fn from_ark(isa: Ifma, x: [&Fq6; 8]) -> Self {
        Self([
            Fp2::from_ark(isa, x.map(|x| &x.c0)),
            Fp2::from_ark(isa, x.map(|x| &x.c1)),
            Fp2::from_ark(isa, x.map(|x| &x.c2)),
        ])
    }
}

impl Fp12 {
    #[inline(always)]
    pub(crate) fn one(isa: Ifma) -> Self {
        let mut one = Self {
            c0: Fp6::zero(isa),
            c1: Fp6::zero(isa),
        };
        one.c0.0[0] = Fp2::one(isa);
        one
    }

    #[inline(always)]
    pub(crate) fn mul(&self, o: &Self) -> Self {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { mul(self, o) }
    }

    #[inline(always)]
    pub(crate) fn square(&mut self) {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { square(self) }
    }

    /// Times a line, in place.
    #[inline(always)]
    pub(crate) fn mul_line(&mut self, line: &Line) {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { mul_line(self, line) }
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

    pub(crate) fn to_ark(self) -> [Fq12; 8] {
        let (c0, c1) = (self.c0.to_ark(), self.c1.to_ark());
        core::array::from_fn(|lane| Fq12::new(c0[lane], c1[lane]))
    }

    pub(crate) fn from_ark(isa: Ifma, x: [&Fq12; 8]) -> Self {
        Self {
            c0: Fp6::from_ark(isa, x.map(|x| &x.c0)),
            c1: Fp6::from_ark(isa, x.map(|x| &x.c1)),
        }
    }
}

#[cfg(test)]
mod tests;
