//! Prime fields, eight elements at a time.
//!
//! An element x is kept as x·R mod p (Montgomery) in limbs of 52 bits, R = 2^(52·LIMBS). R is larger than p by the spare bits
//! that a field has, so nothing is ever reduced all the way:
//!
//! | type | limbs | BLS12-381: 8 limbs, 2^416 > 2^34 p | BN254: 5 limbs, 2^260 = 84.6p |
//! |---|---|---|---|
//! | [`Fp`] | each in [0, 2^52) | in [0, 4p) | in [0, 4p) |
//! | [`Factor`] | each in [0, 2^52) | in [0, 2^5 p) | in [0, 64p) |
//! | [`Sum`] | signed, magnitude < 2^58 | magnitude < 4095p | magnitude < 1023p |
//! | [`Wide`] | | 16 signed columns < 2^62, magnitude < 2^34 p² | 10 signed columns < 1800 · 2^52, magnitude < 2^16 p² |
//!
//! `Fp` is what products take and give. `Sum` is a sum or difference of up to 64 `Fp` whose carries nobody has run yet
//! (64 · 2^52 = 2^58, 64 · 4p = 2^8 p). A `Factor` is an addition's result on its way into a product. `Wide` is a sum of
//! products that waits for its reduction; a product's columns are below (2·LIMBS - 1) · 2^52, so that 63 of BLS12-381's and 200
//! of BN254's keep it in range.
//!
//! [`Wide::reduce_product`] and [`Wide::reduce_difference`] are for values within p·R, which is beyond 2^34 p² or 84p².
//! [`Wide::reduce`] takes the whole range.

use core::ops::{Add, IndexMut, Neg, Sub};

use crate::Ifma;
use crate::element::{Element, ElementSum};
use crate::vector::{Mask, V};

/// What one prime field has that others have not: p ≡ 3 mod 4.
pub(crate) trait Field: Copy + 'static {
    /// Limbs of an element.
    const LIMBS: usize;
    /// Words of an integer below p.
    const WORDS: usize;
    /// `[T; LIMBS]`.
    type Limbs<T: Copy>: Copy + IndexMut<usize, Output = T>;
    /// `[T; 2 * LIMBS]`.
    type Columns<T: Copy>: Copy + IndexMut<usize, Output = T>;
    fn limbs<T: Copy>(x: T) -> Self::Limbs<T>;
    fn columns<T: Copy>(x: T) -> Self::Columns<T>;

    const P: Self::Limbs<u64>;
    /// NINV·p / 2^52 rounded up, see [`montgomery`].
    const FOLD: Self::Limbs<u64>;
    /// R - p.
    const NEG_P: Self::Limbs<u64>;
    /// A multiple of p that is beyond each `Sum` by p: its top limb may be longer than others.
    const SUM_BELOW: Self::Limbs<u64>;
    /// 4p.
    const P_4: Self::Limbs<u64>;
    /// (p + 1) / 2.
    const HALF_UP: Self::Limbs<u64>;
    /// R mod p: the one.
    const ONE: Self::Limbs<u64>;
    /// R/2 mod p.
    const HALF: Self::Limbs<u64>;
    /// R² mod p: takes plain integers to our form.
    const FROM_PLAIN: Self::Limbs<u64>;
    /// -1/p mod 2^52.
    const NINV: u64;
    /// By how many bits a value's two top limbs are too long for the estimate of its quotient by p.
    const QUOTIENT_SHIFT: u32;
    /// Below `SUM_BELOW` / 2^(52·(LIMBS - 1) + `QUOTIENT_SHIFT`) by at least one and less than two.
    const QUOTIENT_BIAS: u64;
    /// Just below 2^52 / (p / 2^(52·(LIMBS - 1) + `QUOTIENT_SHIFT`)).
    const QUOTIENT_SCALE: u64;
    /// The way to the (p-3)/4-th power.
    const ROOT_STEPS: RootSteps;

    /// A `Factor` is below so many p. Asserted in debug builds.
    #[cfg_attr(not(debug_assertions), allow(dead_code))]
    const FACTOR_BELOW: u64;
    /// A column of a `Wide` is below this in magnitude. Asserted in debug builds.
    #[cfg_attr(not(debug_assertions), allow(dead_code))]
    const COLUMN_BELOW: i64;
    /// Whether a `Wide` divided by R may be beyond p, so that its reduction has to find a quotient.
    const WIDE_IS_FAR: bool;

    /// An element as the scalar library has it; the default is 0.
    type Scalar: Copy + Default + PartialEq;
    fn load(isa: Ifma, x: [&Self::Scalar; 8]) -> Fp<Self>;
    /// Canonical, as all that a scalar library is given.
    fn store(x: &Fp<Self>) -> [Self::Scalar; 8];
    fn multiply_scalar(a: &Self::Scalar, b: &Self::Scalar) -> Self::Scalar;
    /// Of any but 0.
    fn invert_scalar(x: &Self::Scalar) -> Self::Scalar;
}

/// Two products side by side need so many registers: the columns of each and one of its factors. Where there are not enough,
/// the compiler would interleave and spill, and a product is better a function of its own.
const fn two_products_fit<M: Field>() -> bool {
    2 * (2 * M::LIMBS + M::LIMBS) <= 32
}

pub(crate) const LIMB: u32 = 52;
const LIMB_MASK: u64 = (1 << LIMB) - 1;

/// Eight elements in [0, 4p), limbs carried.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Fp<M: Field>(M::Limbs<V>);

/// Eight signed sums of elements, limbs not carried.
#[derive(Clone, Copy)]
pub(crate) struct Sum<M: Field>(pub(crate) M::Limbs<V>);

/// Eight elements in a longer range, limbs carried: good for one product.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Factor<M: Field>(M::Limbs<V>);

/// Eight signed sums of products, not carried and not reduced.
#[derive(Clone, Copy)]
pub(crate) struct Wide<M: Field>(M::Columns<V>);

/// A factor in memory, limb after limb, so that one lane of it can be multiplied with all lanes of another.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Stored<M: Field>(M::Limbs<[u64; 8]>);

/// Two factors in memory, limb after limb: six lanes of the one, then all of the other. A load from the right place is the
/// second shifted up by some lanes, with the last of the first moved in from below.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Shifts<M: Field>(M::Limbs<[u64; 16]>);

/// One lane of a stored factor, and by how many lanes what it multiplies is shifted: at most six.
#[derive(Clone, Copy)]
pub(crate) struct Term<'a, M: Field> {
    pub(crate) factor: &'a Stored<M>,
    pub(crate) lane: usize,
    pub(crate) shift: usize,
}

/// Lanes of the lower factor of [`Shifts`].
const SHIFTS_MAX: usize = 6;

impl<M: Field> Shifts<M> {
    #[inline(always)]
    pub(crate) fn new(below: &Factor<M>, factor: &Factor<M>) -> Self {
        let mut limbs = M::limbs([0; 16]);
        limbs!(M, I, {
            below.0[I].store_to(&mut limbs[I], 0);
            factor.0[I].store_to(&mut limbs[I], SHIFTS_MAX);
        });
        Self(limbs)
    }

    #[inline(always)]
    fn by(&self, isa: Ifma, shift: usize) -> M::Limbs<V> {
        let mut x = M::limbs(V::splat(isa, 0));
        limbs!(M, I, {
            x[I] = V::load_from(isa, &self.0[I], SHIFTS_MAX - shift);
        });
        x
    }
}

/// The sum of up to six products: columns at most six of a product's. Of factors below 8p the value is below 6 · 64 p².
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn sum_of_products<M: Field>(isa: Ifma, terms: &[Term<'_, M>], shifts: &Shifts<M>) -> Wide<M> {
    debug_assert!(terms.len() <= 6);
    let mut t = M::columns(V::splat(isa, 0));
    for term in terms {
        let b = shifts.by(isa, term.shift);
        limbs!(M, I, {
            let a = V::splat(isa, term.factor.0[I][term.lane]);
            limbs!(M, J, {
                t[I + J] = t[I + J].madd_lo(a, b[J]);
            });
            limbs!(M, J, {
                t[I + J + 1] = t[I + J + 1].madd_hi(a, b[J]);
            });
        });
    }
    Wide(t)
}

/// Runs the carries from the lowest limb up. The top limb keeps its sign and whatever is above 52 bits.
#[inline(always)]
fn carry<M: Field>(x: &mut M::Limbs<V>) {
    let mask = V::splat(x[0].isa(), LIMB_MASK);
    limbs!(M, I, {
        if I < M::LIMBS - 1 {
            x[I + 1] = x[I + 1].add(x[I].sar::<LIMB>());
            x[I] = x[I].and(mask);
        }
    });
}

/// Where x - c is negative, for carried limbs x and a constant c.
#[inline(always)]
fn below<M: Field>(x: &M::Limbs<V>, c: M::Limbs<u64>) -> Mask {
    let isa = x[0].isa();
    let mut borrow = V::splat(isa, 0);
    limbs!(M, I, {
        borrow = x[I].sub(V::splat(isa, c[I])).add(borrow).sar::<LIMB>();
    });
    borrow.lt(V::splat(isa, 0))
}

#[inline(always)]
fn add_const<M: Field>(x: &mut M::Limbs<V>, c: M::Limbs<u64>) {
    let isa = x[0].isa();
    limbs!(M, I, {
        x[I] = x[I].add(V::splat(isa, c[I]));
    });
}

#[inline(always)]
fn select<M: Field>(m: Mask, yes: &M::Limbs<V>, no: &M::Limbs<V>) -> M::Limbs<V> {
    let mut x = *no;
    limbs!(M, I, {
        x[I] = V::select(m, yes[I], no[I]);
    });
    x
}

/// The schoolbook product.
#[inline(always)]
fn product_of<M: Field>(a: &M::Limbs<V>, b: &M::Limbs<V>) -> Wide<M> {
    let mut t = M::columns(V::splat(a[0].isa(), 0));
    limbs!(M, I, {
        limbs!(M, J, {
            t[I + J] = t[I + J].madd_lo(a[I], b[J]);
        });
        limbs!(M, J, {
            t[I + J + 1] = t[I + J + 1].madd_hi(a[I], b[J]);
        });
    });
    Wide(t)
}

/// The square: mixed terms once, doubled, then the squares of limbs. Columns as of a product.
#[inline(always)]
fn square_of<M: Field>(a: &M::Limbs<V>) -> Wide<M> {
    let mut t = M::columns(V::splat(a[0].isa(), 0));
    limbs!(M, I, {
        limbs!(M, J, {
            if I < J {
                t[I + J] = t[I + J].madd_lo(a[I], a[J]);
                t[I + J + 1] = t[I + J + 1].madd_hi(a[I], a[J]);
            }
        });
    });
    columns!(M, K, {
        t[K] = t[K].add(t[K]);
    });
    limbs!(M, I, {
        t[2 * I] = t[2 * I].madd_lo(a[I], a[I]);
        t[2 * I + 1] = t[2 * I + 1].madd_hi(a[I], a[I]);
    });
    Wide(t)
}

/// Montgomery reduction without its last carries: T → T / R + e, a multiple of p besides, with e in (0, 2p).
///
/// All rounds but the last add q·m with m = NINV·p. As m ≡ -1 mod 2^52, q is the low limb itself, no product is needed to find
/// it, and (T + q·m) / 2^52 = (T - q) / 2^52 + q·FOLD. The price is a larger remainder: together they have added less than
/// (R / 2^52)·m < R·p, which is 2^52 p after their shifts. The last round is the usual one (q = low limb times NINV, add q·p):
/// it adds less than 2^52 p more and shifts by 52 bits. Columns gain less than (2·LIMBS + 1) · 2^52 on the way.
#[inline(always)]
fn montgomery<M: Field>(wide: &Wide<M>) -> M::Limbs<V> {
    // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
    #[cfg(debug_assertions)]
    unsafe {
        assert_columns(wide);
    }
    let (mut t, fold, p) = (wide.0, M::FOLD, M::P);
    let isa = t[0].isa();
    limbs!(M, I, {
        if I < M::LIMBS - 1 {
            let q = t[I];
            limbs!(M, J, {
                t[I + 1 + J] = t[I + 1 + J].madd_lo(q, V::splat(isa, fold[J]));
            });
            t[I + 1] = t[I + 1].add(q.sar::<LIMB>());
            limbs!(M, J, {
                t[I + 2 + J] = t[I + 2 + J].madd_hi(q, V::splat(isa, fold[J]));
            });
        }
    });
    let zero = V::splat(isa, 0);
    let last = M::LIMBS - 1;
    let q = zero.madd_lo(t[last], V::splat(isa, M::NINV));
    limbs!(M, J, {
        // The lowest product only makes the low 52 bits vanish: its carry is the ceiling below.
        if J > 0 {
            t[last + J] = t[last + J].madd_lo(q, V::splat(isa, p[J]));
        }
        t[last + 1 + J] = t[last + 1 + J].madd_hi(q, V::splat(isa, p[J]));
    });
    let mut x = M::limbs(zero);
    limbs!(M, I, {
        x[I] = t[M::LIMBS + I];
    });
    x[0] = x[0].add(t[last].add(V::splat(isa, LIMB_MASK)).sar::<LIMB>());
    x
}

/// For T in [0, p·R): the result is in [0, 3p).
#[inline(always)]
fn reduce_product<M: Field>(t: &Wide<M>) -> Fp<M> {
    let mut x = montgomery(t);
    carry::<M>(&mut x);
    Fp::checked(x)
}

/// For |T| < p·R: p is added, and the result is in [0, 4p).
#[inline(always)]
fn reduce_difference<M: Field>(t: &Wide<M>) -> Fp<M> {
    let mut x = montgomery(t);
    add_const::<M>(&mut x, M::P);
    carry::<M>(&mut x);
    Fp::checked(x)
}

/// h is the value / 2^(52·(LIMBS - 1) + SHIFT), but for an error in (-1 - 2^-19, 2^-40), if limbs below the top are below 2^63
/// in magnitude. q = floor((h + BIAS)·SCALE / 2^52) with both constants rounded down, BIAS by one more, is at most
/// value/p + `SUM_BELOW`/p and misses it by less than 1 + 4/106513 (BN254: 1 + 2^-15). So value + `SUM_BELOW` - q·p is in
/// [0, 1.001p). -q·p is added as q·(R - p), whose surplus q·R is never formed.
#[inline(always)]
fn tighten<M: Field>(mut x: M::Limbs<V>) -> Fp<M> {
    let (isa, top, neg_p) = (x[0].isa(), M::LIMBS - 1, M::NEG_P);
    let h = x[top]
        .add(x[top - 1].sar::<LIMB>())
        .sar_by(M::QUOTIENT_SHIFT);
    let zero = V::splat(isa, 0);
    let q = zero.madd_hi(
        h.add(V::splat(isa, M::QUOTIENT_BIAS)),
        V::splat(isa, M::QUOTIENT_SCALE),
    );
    add_const::<M>(&mut x, M::SUM_BELOW);
    limbs!(M, I, {
        x[I] = x[I].madd_lo(q, V::splat(isa, neg_p[I]));
        if I < M::LIMBS - 1 {
            x[I + 1] = x[I + 1].madd_hi(q, V::splat(isa, neg_p[I]));
        }
    });
    carry::<M>(&mut x);
    x[top] = x[top].and(V::splat(isa, LIMB_MASK));
    Fp::checked(x)
}

/// Not inlined: it is called so often that its copies would not fit the instruction cache.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn tight<M: Field>(sum: &Sum<M>) -> Fp<M> {
    #[cfg(debug_assertions)]
    assert_sum(sum);
    tighten(sum.0)
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul<M: Field>(a: &Fp<M>, b: &Fp<M>) -> Fp<M> {
    reduce_product(&product_of(&a.0, &b.0))
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn wide_mul<M: Field>(a: &Factor<M>, b: &Factor<M>) -> Wide<M> {
    product_of(&a.0, &b.0)
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn sqr<M: Field>(a: &Fp<M>) -> Fp<M> {
    reduce_product(&square_of(&a.0))
}

/// The product is below 16p², the square too: the difference is above -2^7 p² and below 2^4 p².
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul_sub_8_sqr<M: Field>(a: &Fp<M>, b: &Fp<M>, c: &Fp<M>) -> Fp<M> {
    let (ab, mut cc) = (a.factor().wide_mul(b.factor()), square_of::<M>(&c.0).0);
    columns!(M, K, {
        cc[K] = ab.0[K].sub(cc[K].shl::<3>());
    });
    Wide::<M>(cc).reduce()
}

/// Limbs carried, and the value below so many p.
#[cfg(debug_assertions)]
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn assert_range<M: Field>(x: &M::Limbs<V>, multiple: u64) {
    let (isa, top) = (x[0].isa(), M::LIMBS - 1);
    for i in 0..M::LIMBS {
        let carried = x[i].shr::<LIMB>().eq(V::splat(isa, 0));
        assert!(carried == Mask::ALL, "limb {i}: {:x?}", x[i].store());
    }
    let bound = V::splat(isa, multiple * (M::P[top] + 1));
    let is_below = x[top].lt(bound) == Mask::ALL;
    assert!(is_below, "not below {multiple}p: {:x?}", x[top].store());
}

#[cfg(debug_assertions)]
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn assert_sum<M: Field>(x: &Sum<M>) {
    let top = M::LIMBS - 1;
    for i in 0..top {
        assert_magnitude(x.0[i], 1 << 58);
    }
    assert_magnitude(x.0[top], M::SUM_BELOW[top] - M::P[top]);
}

#[cfg(debug_assertions)]
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn assert_columns<M: Field>(x: &Wide<M>) {
    for k in 0..2 * M::LIMBS {
        assert_magnitude(x.0[k], M::COLUMN_BELOW.cast_unsigned());
    }
}

/// In either direction at most that.
#[cfg(debug_assertions)]
#[inline(always)]
fn assert_magnitude(x: V, most: u64) {
    let (zero, most) = (V::splat(x.isa(), 0), V::splat(x.isa(), most));
    let beyond = most.lt(x) | x.lt(zero.sub(most));
    assert!(beyond == Mask::NONE, "out of range: {:x?}", x.store());
}

impl<M: Field> Fp<M> {
    #[inline(always)]
    fn checked(x: M::Limbs<V>) -> Self {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        #[cfg(debug_assertions)]
        unsafe {
            assert_range::<M>(&x, 4);
        }
        Self(x)
    }

    /// The same constant in each lane: carried limbs of a value below 4p, in Montgomery form.
    #[inline(always)]
    pub(crate) fn splat(isa: Ifma, c: &M::Limbs<u64>) -> Self {
        let mut x = M::limbs(V::splat(isa, 0));
        limbs!(M, I, {
            x[I] = V::splat(isa, c[I]);
        });
        Self::checked(x)
    }

    #[inline(always)]
    pub(crate) const fn factor(&self) -> &Factor<M> {
        // SAFETY: both are the same registers, and all values of the one are values of the other.
        unsafe { &*core::ptr::from_ref(self).cast() }
    }

    /// The square before its reduction.
    #[inline(always)]
    pub(crate) fn wide_sqr(&self) -> Wide<M> {
        square_of(&self.0)
    }

    /// The element of lane N + i in lane i.
    #[inline(always)]
    pub(crate) fn rotate<const N: i32>(&self) -> Self {
        let Self(mut x) = *self;
        limbs!(M, I, {
            x[I] = x[I].rotate::<N>();
        });
        Self(x)
    }

    /// The element of lane `from[i]` in lane i.
    #[inline(always)]
    pub(crate) fn permute(&self, from: &[u64; 8]) -> Self {
        let Self(mut x) = *self;
        let from = V::load(self.isa(), from);
        limbs!(M, I, {
            x[I] = x[I].permute(from);
        });
        Self(x)
    }

    /// The one representation in [0, p), still in Montgomery form.
    #[inline(always)]
    pub(crate) fn canonical(&self) -> Self {
        let Self(x) = self.sum().tight();
        let (isa, p) = (self.isa(), M::P);
        let keep = below::<M>(&x, p);
        let mut y = x;
        limbs!(M, I, {
            y[I] = y[I].sub(V::splat(isa, p[I]));
        });
        carry::<M>(&mut y);
        Self(select::<M>(keep, &x, &y))
    }

    /// The plain integers in [0, p), out of Montgomery form.
    #[inline(always)]
    pub(crate) fn plain(&self) -> Plain<M> {
        let mut t = M::columns(V::splat(self.isa(), 0));
        limbs!(M, I, {
            t[I] = self.0[I];
        });
        Plain(reduce_product::<M>(&Wide(t)).canonical().0)
    }

    /// x^((p-3)/4) for N vectors side by side: one alone waits for its own results most of the time.
    #[inline(always)]
    pub(crate) fn root_power<const N: usize>(x: &[Self; N]) -> [Self; N] {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { root_power(x) }
    }

    /// A square root of each, where one exists: elsewhere the mask is off. The root is x^((p+1)/4), whatever its sign.
    #[inline(always)]
    pub(crate) fn roots<const N: usize>(x: &[Self; N]) -> ([Self; N], [Mask; N]) {
        let mut roots = Self::root_power(x);
        let mut ok = [Mask::ALL; N];
        for n in 0..N {
            roots[n] = roots[n].mul(&x[n]);
            ok[n] = roots[n].sqr().equals(&x[n]);
        }
        (roots, ok)
    }

    #[inline(always)]
    pub(crate) fn from_scalar(isa: Ifma, x: [&M::Scalar; 8]) -> Self {
        M::load(isa, x)
    }

    #[inline(always)]
    pub(crate) fn to_scalar(self) -> [M::Scalar; 8] {
        M::store(&self)
    }
}

impl<M: Field> Element for Fp<M> {
    type Sum = Sum<M>;
    /// The limbs, and zeros: one register.
    type Packed = [u64; 8];

    #[inline(always)]
    fn gather(isa: Ifma, x: [&[u64; 8]; 8]) -> Self {
        // SAFETY: the function needs the Ifma features, which isa proves.
        unsafe { gather(isa, x) }
    }

    #[inline(always)]
    fn scatter(&self) -> [[u64; 8]; 8] {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { scatter(self) }
    }

    #[inline(always)]
    fn zero(isa: Ifma) -> Self {
        Self(M::limbs(V::splat(isa, 0)))
    }

    #[inline(always)]
    fn one(isa: Ifma) -> Self {
        Self::splat(isa, &M::ONE)
    }

    #[inline(always)]
    fn isa(&self) -> Ifma {
        self.0[0].isa()
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
    fn sum(&self) -> Sum<M> {
        Sum(self.0)
    }

    /// 1/x, and 0 for 0.
    #[inline(always)]
    fn invert(&self) -> Self {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { invert(self) }
    }

    #[inline(always)]
    fn select(m: Mask, yes: &Self, no: &Self) -> Self {
        Self(select::<M>(m, &yes.0, &no.0))
    }
}

/// One scalar inversion for the eight lanes: several times faster than a power in lock-step.
#[target_feature(enable = "avx512f,avx512ifma")]
fn invert<M: Field>(x: &Fp<M>) -> Fp<M> {
    let isa = x.isa();
    let mut x = x.to_scalar();
    let zero = M::Scalar::default();
    let mut running = Fp::<M>::one(isa).to_scalar()[0];
    let mut before = [running; 8];
    for lane in 0..8 {
        before[lane] = running;
        if x[lane] != zero {
            running = M::multiply_scalar(&running, &x[lane]);
        }
    }
    let mut inverse = M::invert_scalar(&running);
    for lane in (0..8).rev() {
        if x[lane] != zero {
            let own = x[lane];
            x[lane] = M::multiply_scalar(&inverse, &before[lane]);
            inverse = M::multiply_scalar(&inverse, &own);
        }
    }
    Fp::from_scalar(isa, x.each_ref())
}

const WINDOW: usize = 5;

/// The sliding windows of an exponent from the top: square so often, then multiply by x^(2k+1). The last only squares.
#[derive(Clone, Copy)]
pub(crate) struct RootSteps {
    steps: [(u8, u8); 80],
    last: usize,
}

impl RootSteps {
    /// For an exponent of so many bits.
    pub(crate) const fn new(e: &[u64], bits: usize) -> Self {
        let mut steps = [(0, 0); 80];
        let mut n = 0;
        let mut squarings = 0;
        let mut i = bits;
        while i > 0 {
            if e[(i - 1) / 64] >> ((i - 1) % 64) & 1 == 0 {
                squarings += 1;
                i -= 1;
                continue;
            }
            let mut low = i.saturating_sub(WINDOW);
            while e[low / 64] >> (low % 64) & 1 == 0 {
                low += 1;
            }
            let mut k = 0;
            let mut j = i;
            while j > low {
                j -= 1;
                k = k * 2 + (e[j / 64] >> (j % 64) & 1) as u8;
            }
            steps[n] = (squarings + (i - low) as u8, k / 2);
            n += 1;
            squarings = 0;
            i = low;
        }
        steps[n] = (squarings, u8::MAX);
        Self { steps, last: n }
    }
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn root_power<M: Field, const N: usize>(x: &[Fp<M>; N]) -> [Fp<M>; N] {
    let mut odd = [*x; 1 << (WINDOW - 1)];
    for n in 0..N {
        let square = sqr(&x[n]);
        for k in 1..odd.len() {
            odd[k][n] = mul(&odd[k - 1][n], &square);
        }
    }
    let RootSteps { steps, last } = &const { M::ROOT_STEPS };
    let mut y = odd[usize::from(steps[0].1)];
    for &(squarings, k) in &steps[1..*last] {
        for _ in 0..squarings {
            for y in &mut y {
                *y = sqr(y);
            }
        }
        for (y, m) in y.iter_mut().zip(&odd[usize::from(k)]) {
            *y = mul(y, m);
        }
    }
    for _ in 0..steps[*last].0 {
        for y in &mut y {
            *y = sqr(y);
        }
    }
    y
}

impl<M: Field> ElementSum for Sum<M> {
    type Element = Fp<M>;

    /// Carries and reduces: the result is below 1.001 p, whatever the sum was.
    #[inline(always)]
    fn tight(self) -> Fp<M> {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { tight(&self) }
    }

    /// Where the sum is a multiple of p.
    #[inline(always)]
    fn is_zero(self) -> Mask {
        // Below 1.001 p only 0 and p are.
        let Fp(x) = self.tight();
        let (isa, modulus) = (x[0].isa(), M::P);
        let (mut zero, mut p) = (x[0], x[0].xor(V::splat(isa, modulus[0])));
        limbs!(M, I, {
            zero = zero.or(x[I]);
            p = p.or(x[I].xor(V::splat(isa, modulus[I])));
        });
        let none = V::splat(isa, 0);
        zero.eq(none) | p.eq(none)
    }

    #[inline(always)]
    fn times_pow2<const N: u32>(self) -> Self {
        let Self(mut x) = self;
        limbs!(M, I, {
            x[I] = x[I].shl::<N>();
        });
        Self(x)
    }
}

impl<M: Field> Sum<M> {
    #[inline(always)]
    pub(crate) fn select(m: Mask, yes: &Self, no: &Self) -> Self {
        Self(select::<M>(m, &yes.0, &no.0))
    }
}

impl<M: Field> Factor<M> {
    #[inline(always)]
    fn checked(x: M::Limbs<V>) -> Self {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        #[cfg(debug_assertions)]
        unsafe {
            assert_range::<M>(&x, M::FACTOR_BELOW);
        }
        Self(x)
    }

    #[inline(always)]
    pub(crate) fn store(&self) -> Stored<M> {
        let mut limbs = M::limbs([0; 8]);
        limbs!(M, I, {
            limbs[I] = self.0[I].store();
        });
        Stored(limbs)
    }

    /// self - o + 4p: below 8p for an element self.
    #[inline(always)]
    pub(crate) fn minus(&self, o: &Fp<M>) -> Self {
        let Self(mut x) = *self;
        limbs!(M, I, {
            x[I] = x[I].sub(o.0[I]);
        });
        add_const::<M>(&mut x, M::P_4);
        carry::<M>(&mut x);
        Self::checked(x)
    }

    #[inline(always)]
    pub(crate) fn wide_mul(&self, o: &Self) -> Wide<M> {
        if const { two_products_fit::<M>() } {
            return self.wide_mul_inline(o);
        }
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { wide_mul(self, o) }
    }

    /// The same, inlined: where a reduction follows at once and hides in the product.
    #[inline(always)]
    pub(crate) fn wide_mul_inline(&self, o: &Self) -> Wide<M> {
        product_of(&self.0, &o.0)
    }
}

/// The caller knows that the value stays in range.
impl<M: Field> Add for Factor<M> {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        let Self(mut x) = self;
        limbs!(M, I, {
            x[I] = x[I].add(o.0[I]);
        });
        carry::<M>(&mut x);
        Self::checked(x)
    }
}

impl<M: Field> Wide<M> {
    /// Σ lane of a term's factor · shifted factor, for up to six terms.
    #[inline(always)]
    pub(crate) fn sum_of_products(isa: Ifma, terms: &[Term<'_, M>], shifts: &Shifts<M>) -> Self {
        // SAFETY: the function needs the Ifma features, which isa proves.
        unsafe { sum_of_products(isa, terms, shifts) }
    }

    #[inline(always)]
    pub(crate) const fn from_columns(columns: M::Columns<V>) -> Self {
        Self(columns)
    }

    #[inline(always)]
    pub(crate) fn column(&self, k: usize) -> V {
        self.0[k]
    }

    /// The element, over the whole range. Where that is far beyond p·R: |T / R| < 2^16 p² / 84p < 775p, and 2p more is in the
    /// range of a [`Sum`].
    #[inline(always)]
    pub(crate) fn reduce(&self) -> Fp<M> {
        if M::WIDE_IS_FAR {
            tighten(montgomery(self))
        } else {
            reduce_difference(self)
        }
    }

    /// The element, for values in [0, p·R).
    #[inline(always)]
    pub(crate) fn reduce_product(&self) -> Fp<M> {
        reduce_product(self)
    }

    /// The element, for values in (-p·R, p·R).
    #[inline(always)]
    pub(crate) fn reduce_difference(&self) -> Fp<M> {
        reduce_difference(self)
    }
}

macro_rules! limbwise {
    ($type:ident, $each:ident) => {
        impl<M: Field> Add for $type<M> {
            type Output = Self;
            #[inline(always)]
            fn add(self, o: Self) -> Self {
                let Self(mut x) = self;
                $each!(M, I, {
                    x[I] = x[I].add(o.0[I]);
                });
                Self(x)
            }
        }

        impl<M: Field> Sub for $type<M> {
            type Output = Self;
            #[inline(always)]
            fn sub(self, o: Self) -> Self {
                let Self(mut x) = self;
                $each!(M, I, {
                    x[I] = x[I].sub(o.0[I]);
                });
                Self(x)
            }
        }
    };
}

limbwise!(Sum, limbs);
limbwise!(Wide, columns);

impl<M: Field> Neg for Sum<M> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        let Self(mut x) = self;
        let zero = V::splat(x[0].isa(), 0);
        limbs!(M, I, {
            x[I] = zero.sub(x[I]);
        });
        Self(x)
    }
}

/// Eight plain integers of `WORDS` words, limbs carried.
#[derive(Clone, Copy)]
pub(crate) struct Plain<M: Field>(M::Limbs<V>);

impl<M: Field> Plain<M> {
    /// From little-endian words of 64 bits, `WORDS` or more.
    #[inline(always)]
    pub(crate) fn from_words(words: &[V]) -> Self {
        assert!(words.len() >= M::WORDS);
        let isa = words[0].isa();
        let mask = V::splat(isa, LIMB_MASK);
        let mut x = M::limbs(V::splat(isa, 0));
        limbs!(M, I, {
            const WORD: usize = I * LIMB as usize / 64;
            const BIT: u32 = I as u32 * LIMB % 64;
            let low = words[WORD].shr::<BIT>();
            x[I] = if BIT > 64 - LIMB && WORD + 1 < M::WORDS {
                low.or(words[WORD + 1].shl::<{ (64 - BIT) % 64 }>())
                    .and(mask)
            } else {
                low.and(mask)
            };
        });
        Self(x)
    }

    /// Back to words, and zeros.
    #[inline(always)]
    pub(crate) fn words(&self) -> [V; 8] {
        let mut words = [V::splat(self.0[0].isa(), 0); 8];
        limbs!(M, I, {
            const WORD: usize = I * LIMB as usize / 64;
            const BIT: u32 = I as u32 * LIMB % 64;
            words[WORD] = words[WORD].or(self.0[I].shl::<BIT>());
            if BIT > 64 - LIMB && WORD + 1 < M::WORDS {
                words[WORD + 1] = self.0[I].shr::<{ (64 - BIT) % 64 }>();
            }
        });
        words
    }

    /// Where the integer is below p.
    #[inline(always)]
    pub(crate) fn below_p(&self) -> Mask {
        below::<M>(&self.0, M::P)
    }

    /// Where the integer, which is below p, is above (p-1)/2.
    #[inline(always)]
    pub(crate) fn above_half(&self) -> Mask {
        !below::<M>(&self.0, M::HALF_UP)
    }

    /// Where the integer is 0.
    #[inline(always)]
    pub(crate) fn is_zero(&self) -> Mask {
        let mut any = self.0[0];
        limbs!(M, I, {
            any = any.or(self.0[I]);
        });
        any.eq(V::splat(any.isa(), 0))
    }

    /// Where the integer is odd.
    #[inline(always)]
    pub(crate) fn is_odd(&self) -> Mask {
        let one = V::splat(self.0[0].isa(), 1);
        self.0[0].and(one).eq(one)
    }

    /// The elements.
    #[inline(always)]
    pub(crate) fn element(&self) -> Fp<M> {
        self.times(&M::FROM_PLAIN)
    }

    /// self·c / R, for c < p: an integer below 2^400 (BN254: 2^256, which is 5.3p) keeps the product below p·R.
    #[inline(always)]
    pub(crate) fn times(&self, c: &M::Limbs<u64>) -> Fp<M> {
        let c = Fp::<M>::splat(self.0[0].isa(), c);
        reduce_product::<M>(&product_of(&self.0, &c.0))
    }

    /// 2^N times, for an integer that this leaves in the range of a [`Sum`].
    #[inline(always)]
    pub(crate) fn times_pow2<const N: u32>(&self) -> Fp<M> {
        Sum::<M>(self.0).times_pow2::<N>().tight()
    }
}

impl<M: Field> Fp<M> {
    /// The element's own integer, as it is.
    #[inline(always)]
    pub(crate) const fn as_plain(&self) -> Plain<M> {
        Plain(self.0)
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn gather<M: Field>(isa: Ifma, x: [&[u64; 8]; 8]) -> Fp<M> {
    let mut rows = [V::splat(isa, 0); 8];
    for lane in 0..8 {
        rows[lane] = V::load(isa, x[lane]);
    }
    let columns = V::transpose(rows);
    let mut x = M::limbs(rows[0]);
    limbs!(M, I, {
        x[I] = columns[I];
    });
    Fp::checked(x)
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn scatter<M: Field>(x: &Fp<M>) -> [[u64; 8]; 8] {
    let mut columns = [V::splat(x.isa(), 0); 8];
    limbs!(M, I, {
        columns[I] = x.0[I];
    });
    let rows = V::transpose(columns);
    let mut packed = [[0; 8]; 8];
    for lane in 0..8 {
        packed[lane] = rows[lane].store();
    }
    packed
}

#[cfg(test)]
impl<M: Field> Fp<M> {
    /// The same element in [3p, 4p).
    pub(crate) fn with_largest_representation(&self) -> Self {
        let Self(mut x) = self.canonical();
        for _ in 0..3 {
            add_const::<M>(&mut x, M::P);
        }
        carry::<M>(&mut x);
        Self::checked(x)
    }
}

#[cfg(test)]
mod tests;
