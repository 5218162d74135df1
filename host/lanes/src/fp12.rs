//! The tower Fp6 = Fp2[v] / (v³ - ξ), Fp12 = Fp6[w] / (w² - v), eight elements at a time.
//!
//! Products of Fp6 and Fp12 are kept wide to the end: one reduction per coordinate of the result. Counting in units of a
//! product's columns, where a product of Fp2 has at most 1 and 2:
//!
//! | coordinates of | BLS12-381, ξ = 1 + i | BN254, ξ = 9 + i |
//! |---|---|---|
//! | a product of Fp6 | 11 | 33, 50, 14, 24, 4, 6 |
//! | a product of Fp12 | 33 | 150 |
//! | a square of Fp12 | 55 | 158 |
//! | what `Wide` may have | 63 | 200 |
//!
//! Values: with factors below 8p a coordinate of a product of Fp6 is a sum of at most 40 products, below 2^12 p², and one of
//! Fp12 below 2^14 p².

use core::mem::MaybeUninit;
use core::ops::Add;

use crate::Ifma;
use crate::element::{Element, ElementSum};
use crate::fp::{Fp, Wide};
use crate::fp2::{Column2, Factor2, Fp2, Tower};
use crate::miller::Pairing;
use crate::vector::V;

/// Eight elements c0 + c1·v + c2·v².
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Fp6<M: Tower>(pub(crate) [Fp2<M>; 3]);

/// Eight elements c0 + c1·w.
#[derive(Clone, Copy)]
pub(crate) struct Fp12<M: Tower> {
    pub(crate) c0: Fp6<M>,
    pub(crate) c1: Fp6<M>,
}

/// The three coefficients of a line: without a coordinate of P, with its x, with its y. [`Pairing::LINE`] says at which powers
/// of w they stand.
#[derive(Clone, Copy)]
pub(crate) struct Line<M: Tower> {
    pub(crate) constant: Fp2<M>,
    pub(crate) x: Fp2<M>,
    pub(crate) y: Fp2<M>,
}

/// Factors with coordinates in a quarter of a `Factor`'s range, so that sums of two are what `Factor2` asks.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Factor6<M: Tower>([Factor2<M>; 3]);

/// Wide coordinates c0.c0, c0.c1, c1.c0, ... column by column. Filled in place: a copy is 6 KB.
struct Wide6<M: Tower>(M::Columns<MaybeUninit<[V; 6]>>);

impl<M: Tower> Fp6<M> {
    #[inline(always)]
    const fn factor(&self) -> &Factor6<M> {
        // SAFETY: Fp2 and Factor2 have one layout, and all values of the one are values of the other.
        unsafe { &*core::ptr::from_ref(self).cast() }
    }
}

impl<M: Tower> Wide6<M> {
    /// To be given to one of the products at once.
    #[inline(always)]
    fn unfilled() -> Self {
        Self(M::columns(MaybeUninit::uninit()))
    }

    #[inline(always)]
    fn column(&self, k: usize) -> &[V; 6] {
        // SAFETY: the products fill all columns, and nobody asks before.
        unsafe { self.0[k].assume_init_ref() }
    }

    #[inline(always)]
    fn fill(&mut self, k: usize, c0: Column2, c1: Column2, c2: Column2) {
        self.0[k].write([c0.c0, c0.c1, c1.c0, c1.c1, c2.c0, c2.c1]);
    }

    #[inline(always)]
    fn add_assign(&mut self, o: &Self) {
        columns!(M, K, {
            let (mut sum, b) = (*self.column(K), o.column(K));
            for i in 0..6 {
                sum[i] = sum[i].add(b[i]);
            }
            self.0[K].write(sum);
        });
    }
}

/// Karatsuba: six products of Fp2.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn product<M: Tower>(wide: &mut Wide6<M>, Factor6(a): &Factor6<M>, Factor6(b): &Factor6<M>) {
    let t0 = a[0].wide_mul(&b[0]);
    let t1 = a[1].wide_mul(&b[1]);
    let t2 = a[2].wide_mul(&b[2]);
    let m12 = (&a[1] + &a[2]).wide_mul(&(&b[1] + &b[2]));
    let m01 = (&a[0] + &a[1]).wide_mul(&(&b[0] + &b[1]));
    let m02 = (&a[0] + &a[2]).wide_mul(&(&b[0] + &b[2]));
    columns!(M, K, {
        let (t0, t1, t2) = (t0.column(K), t1.column(K), t2.column(K));
        wide.fill(
            K,
            (m12.column(K) - t1 - t2).times_xi::<M>() + t0,
            m01.column(K) - t0 - t1 + t2.times_xi::<M>(),
            m02.column(K) - t0 - t2 + t1,
        );
    });
}

/// By b0 + b1·v: five products.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn product_01<M: Tower>(
    wide: &mut Wide6<M>,
    Factor6(a): &Factor6<M>,
    b0: &Factor2<M>,
    b1: &Factor2<M>,
) {
    let t0 = a[0].wide_mul(b0);
    let t1 = a[1].wide_mul(b1);
    let m01 = (&a[0] + &a[1]).wide_mul(&(b0 + b1));
    let (t20, t21) = (a[2].wide_mul(b0), a[2].wide_mul(b1));
    columns!(M, K, {
        let (t0, t1) = (t0.column(K), t1.column(K));
        wide.fill(
            K,
            t21.column(K).times_xi::<M>() + t0,
            m01.column(K) - t0 - t1,
            t20.column(K) + t1,
        );
    });
}

/// By b0: three products.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn product_0<M: Tower>(wide: &mut Wide6<M>, Factor6(a): &Factor6<M>, b0: &Factor2<M>) {
    let (t0, t1, t2) = (a[0].wide_mul(b0), a[1].wide_mul(b0), a[2].wide_mul(b0));
    columns!(M, K, {
        wide.fill(K, t0.column(K), t1.column(K), t2.column(K));
    });
}

/// By b1·v: three products.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn product_1<M: Tower>(wide: &mut Wide6<M>, Factor6(a): &Factor6<M>, b1: &Factor2<M>) {
    let (t0, t1, t2) = (a[2].wide_mul(b1), a[0].wide_mul(b1), a[1].wide_mul(b1));
    columns!(M, K, {
        wide.fill(K, t0.column(K).times_xi::<M>(), t1.column(K), t2.column(K));
    });
}

impl<M: Tower> Add for &Factor6<M> {
    type Output = Factor6<M>;
    #[inline(always)]
    fn add(self, o: Self) -> Factor6<M> {
        let (Factor6([a0, a1, a2]), Factor6([b0, b1, b2])) = (self, o);
        Factor6([a0 + b0, a1 + b1, a2 + b2])
    }
}

/// The element whose columns the expression gives for the constant `$k`.
macro_rules! reduced {
    ($k:ident, $first:expr, $value:expr) => {{
        let mut columns = M::columns(V::splat($first.column(0)[0].isa(), 0));
        columns!(M, $k, {
            columns[$k] = $value;
        });
        Wide::<M>::from_columns(columns).reduce()
    }};
}

/// One column of coordinate I of v·t, for I = 0 and 1: of ξ·c2.
#[inline(always)]
fn xi_c2<M: Tower, const I: usize>(t: &[V; 6]) -> V {
    if I == 0 {
        M::times_a(t[4]).sub(t[5])
    } else {
        M::times_a(t[5]).add(t[4])
    }
}

/// Coordinate I of a + v·b, for I = 0 and 1.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce_a_xi_b<M: Tower, const I: usize>(a: &Wide6<M>, b: &Wide6<M>) -> Fp<M> {
    reduced!(K, a, a.column(K)[I].add(xi_c2::<M, I>(b.column(K))))
}

/// Coordinate I of a - b - v·b, for I = 0 and 1.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce_a_b_xi_b<M: Tower, const I: usize>(a: &Wide6<M>, b: &Wide6<M>) -> Fp<M> {
    reduced!(K, a, {
        let b = b.column(K);
        a.column(K)[I].sub(b[I]).sub(xi_c2::<M, I>(b))
    })
}

/// Coordinate i of a + v·b.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce_a_vb<M: Tower>(a: &Wide6<M>, b: &Wide6<M>, i: usize) -> Fp<M> {
    match i {
        0 => reduce_a_xi_b::<M, 0>(a, b),
        1 => reduce_a_xi_b::<M, 1>(a, b),
        _ => reduced!(K, a, a.column(K)[i].add(b.column(K)[i - 2])),
    }
}

/// Coordinate i of a - b - v·b.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce_a_b_vb<M: Tower>(a: &Wide6<M>, b: &Wide6<M>, i: usize) -> Fp<M> {
    match i {
        0 => reduce_a_b_xi_b::<M, 0>(a, b),
        1 => reduce_a_b_xi_b::<M, 1>(a, b),
        _ => reduced!(K, a, {
            let b = b.column(K);
            a.column(K)[i].sub(b[i]).sub(b[i - 2])
        }),
    }
}

/// Coordinate i of a - b.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce_a_b<M: Tower>(a: &Wide6<M>, b: &Wide6<M>, i: usize) -> Fp<M> {
    reduced!(K, a, a.column(K)[i].sub(b.column(K)[i]))
}

/// Coordinate i of 2a.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce_2a<M: Tower>(a: &Wide6<M>, i: usize) -> Fp<M> {
    reduced!(K, a, a.column(K)[i].add(a.column(K)[i]))
}

/// Coordinate i of a.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn reduce_a<M: Tower>(a: &Wide6<M>, i: usize) -> Fp<M> {
    reduced!(K, a, a.column(K)[i])
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
fn mul<M: Tower>(a: &Fp12<M>, b: &Fp12<M>) -> Fp12<M> {
    let (mut t0, mut t1, mut m) = (Wide6::unfilled(), Wide6::unfilled(), Wide6::unfilled());
    product(&mut t0, a.c0.factor(), b.c0.factor());
    product(&mut t1, a.c1.factor(), b.c1.factor());
    let c0 = coordinates!(I, reduce_a_vb(&t0, &t1, I));
    t0.add_assign(&t1);
    product(
        &mut m,
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
fn square<M: Tower>(a: &mut Fp12<M>) {
    let (mut t, mut m) = (Wide6::unfilled(), Wide6::unfilled());
    let (a0, a1) = (a.c0.factor(), a.c1.factor());
    let v_a1 = Fp6([a.c1.0[2].sum().times_xi().tight(), a.c1.0[0], a.c1.0[1]]);
    product(&mut t, a0, a1);
    product(&mut m, &(a0 + a1), &(a0 + v_a1.factor()));
    store_coordinates!(a.c0, I, reduce_a_b_vb(&m, &t, I));
    store_coordinates!(a.c1, I, reduce_2a(&t, I));
}

/// 39 products of Fp and 12 reductions. In place: a copy of an element would be one twentieth of the work.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul_line<M: Pairing>(a: &mut Fp12<M>, line: &Line<M>) {
    let [constant, x, y] = [&line.constant, &line.x, &line.y].map(Fp2::factor);
    let (mut t0, mut t1, mut m) = (Wide6::unfilled(), Wide6::unfilled(), Wide6::unfilled());
    let sum = a.c0.factor() + a.c1.factor();
    match M::LINE {
        // (constant + x·v) + y·v·w
        [0, 2, 3] => {
            product_01(&mut t0, a.c0.factor(), constant, x);
            product_1(&mut t1, a.c1.factor(), y);
            product_01(&mut m, &sum, constant, &(x + y));
        }
        // y + (x + constant·v)·w
        [3, 1, 0] => {
            product_0(&mut t0, a.c0.factor(), y);
            product_01(&mut t1, a.c1.factor(), x, constant);
            product_01(&mut m, &sum, &(y + x), constant);
        }
        _ => unreachable!("a twist is of one of two kinds"),
    }
    store_coordinates!(a.c0, I, reduce_a_vb(&t0, &t1, I));
    t0.add_assign(&t1);
    store_coordinates!(a.c1, I, reduce_a_b(&m, &t0, I));
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn mul6<M: Tower>(a: &Fp6<M>, b: &Fp6<M>) -> Fp6<M> {
    let mut t = Wide6::unfilled();
    product(&mut t, a.factor(), b.factor());
    coordinates!(I, reduce_a(&t, I))
}

impl<M: Tower> Fp6<M> {
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
}

impl<M: Tower> Fp12<M> {
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

    pub(crate) fn to_scalar(self) -> [M::Scalar12; 8] {
        let ([a, c, e], [b, d, f]) = (self.c0.0, self.c1.0);
        let [a, b, c, d, e, f] = [a, b, c, d, e, f].map(Fp2::to_scalar);
        core::array::from_fn(|l| M::from_coefficients([a[l], b[l], c[l], d[l], e[l], f[l]]))
    }

    pub(crate) fn from_scalar(isa: Ifma, x: [&M::Scalar12; 8]) -> Self {
        let x = x.map(M::coefficients);
        let [a, b, c, d, e, f] =
            core::array::from_fn(|k| Fp2::from_scalar(isa, x.map(|coefficients| coefficients[k])));
        Self {
            c0: Fp6([a, c, e]),
            c1: Fp6([b, d, f]),
        }
    }
}

impl<M: Pairing> Fp12<M> {
    /// Times a line, in place.
    #[inline(always)]
    pub(crate) fn mul_line(&mut self, line: &Line<M>) {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { mul_line(self, line) }
    }
}

#[cfg(test)]
mod tests;
