//! The base field of BN254, eight elements at a time.
//!
//! An element x is kept as x·2^260 mod p (Montgomery) in five limbs of 52 bits. p has 254 bits and 2^260 is 84.6 p, so six
//! bits are spare and a reduction must say how far its result may be off:
//!
//! | type | limbs | value |
//! |---|---|---|
//! | [`Fp`] | each in [0, 2^52) | in [0, 4p) |
//! | [`Factor`] | each in [0, 2^52) | in [0, 64p) |
//! | [`Sum`] | signed, magnitude < 2^58 | magnitude < 2^10 p |
//! | [`Wide`] | ten signed columns, magnitude < 1800 · 2^52 | magnitude < 2^16 p² |
//!
//! `Fp` is what products take and give. `Sum` is a sum or difference of up to 64 `Fp` whose carries nobody has run yet. A
//! `Factor` is an addition's result on its way into a product. `Wide` is a sum of products that waits for its reduction: a
//! product's columns are below 9 · 2^52, so 200 of them keep it in range.

use core::ops::{Add, Neg, Sub};

use ark_bn254::Fq;
use ark_ff::{BigInt, Field, One, Zero};

use crate::Ifma;
use crate::element::{Element, ElementSum};
use crate::vector::{Mask, V};

mod consts {
    /// p.
    pub(super) const P: [u64; 5] = [
        0x0_8c16_d87c_fd47,
        0x9_1687_1ca8_d3c2,
        0x1_8158_5d97_816a,
        0xa_029b_8504_5b68,
        0x0_3064_4e72_e131,
    ];
    /// M = (p·NINV + 1) / 2^52, below p.
    pub(super) const FOLD: [u64; 5] = [
        0xc_93a3_dee2_2c55,
        0xe_15f4_ea25_0777,
        0x3_7f0b_49e7_cd63,
        0x2_079e_650a_0895,
        0x0_0623_4192_d7a1,
    ];
    /// 2^260 - p.
    pub(super) const NEG_P: [u64; 5] = [
        0xf_73e9_2783_02b9,
        0x6_e978_e357_2c3d,
        0xe_7ea7_a268_7e95,
        0x5_fd64_7afb_a497,
        0xf_cf9b_b18d_1ece,
    ];
    /// 1024 p.
    pub(super) const P_1024: [u64; 5] = [
        0x0_5b61_f3f5_1c00,
        0xa_1c72_a34f_0823,
        0x5_6176_5e05_aa45,
        0xa_6e14_116d_a060,
        0xc1_9139_cb84_c680,
    ];
    /// 4 p.
    pub(super) const P_4: [u64; 5] = [
        0x2_305b_61f3_f51c,
        0x4_5a1c_72a3_4f08,
        0x6_0561_765e_05aa,
        0x8_0a6e_1411_6da0,
        0x0_c191_39cb_84c6,
    ];
    /// (p + 1) / 2.
    pub(super) const HALF_UP: [u64; 5] = [
        0x0_460b_6c3e_7ea4,
        0x4_8b43_8e54_69e1,
        0x0_c0ac_2ecb_c0b5,
        0xd_014d_c282_2db4,
        0x0_1832_2739_7098,
    ];
    /// 2^260 mod p: the one.
    pub(super) const ONE: [u64; 5] = [
        0x2_0880_f6fc_e4b4,
        0x4_9baa_989a_8455,
        0x1_8f01_4a49_8908,
        0x7_24f8_5a92_01d8,
        0x0_1f16_424e_1bb7,
    ];
    /// Takes our form to 2^256 form: 2^256 mod p.
    pub(super) const TO_256: [u64; 5] = [
        0xd_438d_c58f_0d9d,
        0x2_8f5c_70b3_dd35,
        0x8_7946_2c0a_78eb,
        0xd_f2f6_66ea_36f7,
        0x0_0e0a_77c1_9a07,
    ];
    /// Takes plain integers to our form: 2^520 mod p.
    pub(super) const FROM_PLAIN: [u64; 5] = [
        0x8_a81d_1966_eb04,
        0x6_1950_1801_6b86,
        0xb_4f89_8c98_e615,
        0x9_969b_fd53_1600,
        0x0_0a84_69a3_0d3a,
    ];
    /// -1/p mod 2^52.
    pub(super) const NINV: u64 = 0x2_0782_e486_6389;
    /// Below 1024 p / 2^228 by at least one and less than two.
    pub(super) const QUOTIENT_BIAS: u64 = 51_960_323_255;
    /// Just below 2^52 / (p / 2^228).
    pub(super) const QUOTIENT_SCALE: u64 = 88_753_990;
    /// (p - 3) / 4.
    pub(super) const ROOT_EXPONENT: [u64; 4] = [
        0x4f08_2305_b61f_3f51,
        0x65e0_5aa4_5a1c_72a3,
        0x6e14_116d_a060_5617,
        0x0c19_139c_b84c_680a,
    ];
}

const LIMB: u32 = 52;
const LIMB_MASK: u64 = (1 << LIMB) - 1;

/// Bits below a quotient's estimate: it looks at the value / 2^(208 + 20).
const QUOTIENT_SHIFT: u32 = 20;

/// A constant: the limbs of one element.
pub(crate) type Limbs = [u64; 5];

/// Eight elements in [0, 4p), limbs carried.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Fp([V; 5]);

/// Eight signed sums of elements, limbs not carried.
#[derive(Clone, Copy)]
pub(crate) struct Sum([V; 5]);

/// Eight elements in [0, 64p), limbs carried. Two of them make a product where it stays below 84p², or where a [`Wide::reduce`]
/// follows.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Factor([V; 5]);

/// Eight signed sums of products, not carried and not reduced.
#[derive(Clone, Copy)]
pub(crate) struct Wide([V; 10]);

/// A factor in memory, limb after limb, so that one lane of it can be multiplied with all lanes of another.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Stored([[u64; 8]; 5]);

/// Two factors in memory, limb after limb: six lanes of the one, then all of the other. A load from the right place is the
/// second shifted up by some lanes, with the last of the first moved in from below.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Shifts([[u64; 16]; 5]);

/// One lane of a stored factor, and by how many lanes what it multiplies is shifted: at most six.
#[derive(Clone, Copy)]
pub(crate) struct Term<'a> {
    pub(crate) factor: &'a Stored,
    pub(crate) lane: usize,
    pub(crate) shift: usize,
}

impl Shifts {
    const LANES: usize = 6;

    #[inline(always)]
    pub(crate) fn new(below: &Factor, factor: &Factor) -> Self {
        let mut limbs = [[0; 16]; 5];
        five!(I, {
            below.0[I].store_to(&mut limbs[I], 0);
            factor.0[I].store_to(&mut limbs[I], Self::LANES);
        });
        Self(limbs)
    }

    #[inline(always)]
    fn by(&self, isa: Ifma, shift: usize) -> [V; 5] {
        let mut x = [V::splat(isa, 0); 5];
        five!(I, {
            x[I] = V::load_from(isa, &self.0[I], Self::LANES - shift);
        });
        x
    }
}

/// The sum of up to six products of factors below 8p: columns at most six of a product's, values below 6 · 64 p².
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn sum_of_products(isa: Ifma, terms: &[Term<'_>], shifts: &Shifts) -> Wide {
    debug_assert!(terms.len() <= 6);
    let mut t = [V::splat(isa, 0); 10];
    for term in terms {
        let b = shifts.by(isa, term.shift);
        five!(I, {
            let a = V::splat(isa, term.factor.0[I][term.lane]);
            five!(J, {
                t[I + J] = t[I + J].madd_lo(a, b[J]);
            });
            five!(J, {
                t[I + J + 1] = t[I + J + 1].madd_hi(a, b[J]);
            });
        });
    }
    Wide(t)
}

/// Runs the carries from the lowest limb up. The top limb keeps its sign and whatever is above 52 bits.
#[inline(always)]
fn carry(x: &mut [V; 5]) {
    let mask = V::splat(x[0].isa(), LIMB_MASK);
    five!(I, {
        if I < 4 {
            x[I + 1] = x[I + 1].add(x[I].sar::<LIMB>());
            x[I] = x[I].and(mask);
        }
    });
}

/// Where x - c is negative, for carried limbs x and a constant c.
#[inline(always)]
fn below(x: &[V; 5], c: &Limbs) -> Mask {
    let isa = x[0].isa();
    let mut borrow = V::splat(isa, 0);
    five!(I, {
        borrow = x[I].sub(V::splat(isa, c[I])).add(borrow).sar::<LIMB>();
    });
    borrow.lt(V::splat(isa, 0))
}

#[inline(always)]
fn add_const(x: &mut [V; 5], c: &Limbs) {
    let isa = x[0].isa();
    five!(I, {
        x[I] = x[I].add(V::splat(isa, c[I]));
    });
}

/// The schoolbook product: ten columns, each below 9 · 2^52.
#[inline(always)]
fn product_of(a: &[V; 5], b: &[V; 5]) -> Wide {
    let mut t = [V::splat(a[0].isa(), 0); 10];
    five!(I, {
        five!(J, {
            t[I + J] = t[I + J].madd_lo(a[I], b[J]);
        });
        five!(J, {
            t[I + J + 1] = t[I + J + 1].madd_hi(a[I], b[J]);
        });
    });
    Wide(t)
}

/// The square: mixed terms once, doubled, then the squares of limbs. Columns as of a product.
#[inline(always)]
fn square_of(a: &[V; 5]) -> Wide {
    let mut t = [V::splat(a[0].isa(), 0); 10];
    five!(I, {
        five!(J, {
            if I < J {
                t[I + J] = t[I + J].madd_lo(a[I], a[J]);
                t[I + J + 1] = t[I + J + 1].madd_hi(a[I], a[J]);
            }
        });
    });
    for column in &mut t {
        *column = column.add(*column);
    }
    five!(I, {
        t[2 * I] = t[2 * I].madd_lo(a[I], a[I]);
        t[2 * I + 1] = t[2 * I + 1].madd_hi(a[I], a[I]);
    });
    Wide(t)
}

/// Montgomery reduction without its last carries: T → T / 2^260 + e mod p with e in (0, 2p).
///
/// Four rounds add q·m with m = NINV·p. As m ≡ -1 mod 2^52, q is the low limb itself, no product is needed to find it, and
/// (T + q·m) / 2^52 = (T - q) / 2^52 + q·FOLD. The price is a larger remainder: together the four rounds have added less than
/// 2^208·m < 2^208·2^52·p, which is 2^52 p after their four shifts. The last round is the usual one (q = low limb times NINV,
/// add q·p): it adds less than 2^52 p more and shifts by 52 bits. Columns gain less than 11 · 2^52 on the way, which keeps
/// them below 2^63 = 2048 · 2^52.
#[inline(always)]
fn montgomery(t: &Wide) -> [V; 5] {
    let mut t = t.0;
    let isa = t[0].isa();
    five!(I, {
        if I < 4 {
            let q = t[I];
            five!(J, {
                t[I + 1 + J] = t[I + 1 + J].madd_lo(q, V::splat(isa, consts::FOLD[J]));
            });
            t[I + 1] = t[I + 1].add(q.sar::<LIMB>());
            five!(J, {
                t[I + 2 + J] = t[I + 2 + J].madd_hi(q, V::splat(isa, consts::FOLD[J]));
            });
        }
    });
    let zero = V::splat(isa, 0);
    let q = zero.madd_lo(t[4], V::splat(isa, consts::NINV));
    five!(J, {
        // The lowest product only makes the low 52 bits vanish: its carry is the ceiling below.
        if J > 0 {
            t[4 + J] = t[4 + J].madd_lo(q, V::splat(isa, consts::P[J]));
        }
        t[5 + J] = t[5 + J].madd_hi(q, V::splat(isa, consts::P[J]));
    });
    let [.., a, b, c, d, e] = t;
    [
        a.add(t[4].add(V::splat(isa, LIMB_MASK)).sar::<LIMB>()),
        b,
        c,
        d,
        e,
    ]
}

/// For T in [0, 84p²): the result is in [0, 3p).
#[inline(always)]
fn reduce_product(t: &Wide) -> Fp {
    let mut x = montgomery(t);
    carry(&mut x);
    Fp::checked(x)
}

/// For |T| < 84p²: p is added, and the result is in [0, 4p).
#[inline(always)]
fn reduce_difference(t: &Wide) -> Fp {
    let mut x = montgomery(t);
    add_const(&mut x, &consts::P);
    carry(&mut x);
    Fp::checked(x)
}

/// h is the value / 2^228 or less by less than 1 + 2^-19, if limbs below the fourth are below 2^63 in magnitude.
/// q = floor((h + BIAS)·SCALE / 2^52) with both constants rounded down, BIAS by one more, is at most value/p + 1024 and misses
/// it by less than 1 + 2^-15 for |value| < 1024p. So value + 1024p - q·p is in [0, 1.001p). -q·p is added as q·(2^260 - p),
/// whose surplus q·2^260 is never formed.
#[inline(always)]
fn tighten(mut x: [V; 5]) -> Fp {
    let isa = x[0].isa();
    let h = x[4].add(x[3].sar::<LIMB>()).sar::<QUOTIENT_SHIFT>();
    let zero = V::splat(isa, 0);
    let q = zero.madd_hi(
        h.add(V::splat(isa, consts::QUOTIENT_BIAS)),
        V::splat(isa, consts::QUOTIENT_SCALE),
    );
    add_const(&mut x, &consts::P_1024);
    five!(I, {
        x[I] = x[I].madd_lo(q, V::splat(isa, consts::NEG_P[I]));
        if I < 4 {
            x[I + 1] = x[I + 1].madd_hi(q, V::splat(isa, consts::NEG_P[I]));
        }
    });
    carry(&mut x);
    x[4] = x[4].and(V::splat(isa, LIMB_MASK));
    Fp::checked(x)
}

/// Not inlined: it is called so often that its copies would not fit the instruction cache.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn tight(sum: &Sum) -> Fp {
    tighten(sum.0)
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul(a: &Fp, b: &Fp) -> Fp {
    reduce_product(&product_of(&a.0, &b.0))
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn sqr(a: &Fp) -> Fp {
    reduce_product(&square_of(&a.0))
}

/// The product is below 16p², the square too: the difference is above -2^7 p² and below 2^4 p².
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul_sub_8_sqr(a: &Fp, b: &Fp, c: &Fp) -> Fp {
    let (ab, cc) = (product_of(&a.0, &b.0), square_of(&c.0));
    Wide(ten!(K, ab.0[K].sub(cc.0[K].shl::<3>()))).reduce()
}

#[cfg(debug_assertions)]
#[inline(never)]
fn assert_range(x: &[V; 5]) {
    let stored = x.map(V::store);
    for lane in 0..8 {
        let limbs = stored.map(|l| l[lane]);
        assert!(
            limbs.iter().all(|&l| l >> LIMB == 0),
            "limb out of range: {limbs:x?}"
        );
        assert!(
            limbs[4] <= 4 * consts::P[4] + 3,
            "value not below 4p: {limbs:x?}"
        );
    }
}

impl Fp {
    #[inline(always)]
    fn checked(x: [V; 5]) -> Self {
        #[cfg(debug_assertions)]
        assert_range(&x);
        Self(x)
    }

    /// The same constant in each lane: carried limbs of a value below 4p, in Montgomery form.
    #[inline(always)]
    pub(crate) fn splat(isa: Ifma, c: &Limbs) -> Self {
        let mut x = [V::splat(isa, 0); 5];
        five!(I, {
            x[I] = V::splat(isa, c[I]);
        });
        Self::checked(x)
    }

    #[inline(always)]
    pub(crate) const fn factor(&self) -> &Factor {
        // SAFETY: both are five registers, and all values of the one are values of the other.
        unsafe { &*core::ptr::from_ref(self).cast() }
    }

    /// The square before its reduction.
    #[inline(always)]
    pub(crate) fn wide_sqr(&self) -> Wide {
        square_of(&self.0)
    }

    /// The element of lane N + i in lane i.
    #[inline(always)]
    pub(crate) fn rotate<const N: i32>(&self) -> Self {
        let Self(mut x) = *self;
        five!(I, {
            x[I] = x[I].rotate::<N>();
        });
        Self(x)
    }

    /// The element of lane `from[i]` in lane i.
    #[inline(always)]
    pub(crate) fn permute(&self, from: &[u64; 8]) -> Self {
        let Self(mut x) = *self;
        let from = V::load(self.isa(), from);
        five!(I, {
            x[I] = x[I].permute(from);
        });
        Self(x)
    }

    /// The one representation in [0, p), still in Montgomery form.
    #[inline(always)]
    pub(crate) fn canonical(&self) -> Self {
        let Self(x) = self.sum().tight();
        let keep = below(&x, &consts::P);
        let mut y = x;
        five!(I, {
            y[I] = y[I].sub(V::splat(self.isa(), consts::P[I]));
        });
        carry(&mut y);
        Self::select(keep, &Self(x), &Self(y))
    }

    /// The plain integers in [0, p), out of Montgomery form.
    #[inline(always)]
    pub(crate) fn plain(&self) -> Plain {
        let zero = V::splat(self.isa(), 0);
        let [a, b, c, d, e] = self.0;
        let wide = Wide([a, b, c, d, e, zero, zero, zero, zero, zero]);
        Plain(reduce_product(&wide).canonical().0)
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
}

impl Element for Fp {
    type Sum = Sum;
    /// The limbs and three zeros: one register.
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
        Self([V::splat(isa, 0); 5])
    }

    #[inline(always)]
    fn one(isa: Ifma) -> Self {
        Self::splat(isa, &consts::ONE)
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
    fn sum(&self) -> Sum {
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
        let mut x = no.0;
        five!(I, {
            x[I] = V::select(m, yes.0[I], no.0[I]);
        });
        Self(x)
    }
}

/// One scalar inversion for the eight lanes: several times faster than a power in lock-step.
#[target_feature(enable = "avx512f,avx512ifma")]
fn invert(x: &Fp) -> Fp {
    let isa = x.isa();
    let mut x = x.to_ark();
    let mut before = [Fq::one(); 8];
    let mut running = Fq::one();
    for lane in 0..8 {
        before[lane] = running;
        if !x[lane].is_zero() {
            running *= x[lane];
        }
    }
    let mut inverse = running.inverse().expect("a product of units");
    for lane in (0..8).rev() {
        if !x[lane].is_zero() {
            let own = x[lane];
            x[lane] = inverse * before[lane];
            inverse *= own;
        }
    }
    Fp::from_ark(isa, x.each_ref())
}

const WINDOW: usize = 5;

/// The sliding windows of (p-3)/4 from the top: square so often, then multiply by x^(2k+1).
const ROOT_STEPS: ([(u8, u8); 60], usize) = {
    let e = consts::ROOT_EXPONENT;
    let mut steps = [(0, 0); 60];
    let mut n = 0;
    let mut squarings = 0;
    let mut i = 252;
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
    (steps, n)
};

#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn root_power<const N: usize>(x: &[Fp; N]) -> [Fp; N] {
    let mut odd = [*x; 1 << (WINDOW - 1)];
    for n in 0..N {
        let square = sqr(&x[n]);
        for k in 1..odd.len() {
            odd[k][n] = mul(&odd[k - 1][n], &square);
        }
    }
    let (steps, last) = &ROOT_STEPS;
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

impl ElementSum for Sum {
    type Element = Fp;

    /// Carries and reduces: the result is below 1.001 p, whatever the sum was.
    #[inline(always)]
    fn tight(self) -> Fp {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { tight(&self) }
    }

    /// Where the sum is a multiple of p.
    #[inline(always)]
    fn is_zero(self) -> Mask {
        // Below 1.001 p only 0 and p are.
        let Fp(x) = self.tight();
        let isa = x[0].isa();
        let (mut zero, mut p) = (x[0], x[0].xor(V::splat(isa, consts::P[0])));
        five!(I, {
            zero = zero.or(x[I]);
            p = p.or(x[I].xor(V::splat(isa, consts::P[I])));
        });
        let none = V::splat(isa, 0);
        zero.eq(none) | p.eq(none)
    }

    #[inline(always)]
    fn times_pow2<const N: u32>(self) -> Self {
        let Self(mut x) = self;
        five!(I, {
            x[I] = x[I].shl::<N>();
        });
        Self(x)
    }
}

impl Sum {
    #[inline(always)]
    pub(crate) fn select(m: Mask, yes: &Self, no: &Self) -> Self {
        let mut x = no.0;
        five!(I, {
            x[I] = V::select(m, yes.0[I], no.0[I]);
        });
        Self(x)
    }
}

impl Factor {
    #[inline(always)]
    pub(crate) fn store(&self) -> Stored {
        let mut limbs = [[0; 8]; 5];
        five!(I, {
            limbs[I] = self.0[I].store();
        });
        Stored(limbs)
    }

    /// self - o + 4p: below 8p for an element self.
    #[inline(always)]
    pub(crate) fn minus(&self, o: &Fp) -> Self {
        let Self(mut x) = *self;
        five!(I, {
            x[I] = x[I].sub(o.0[I]);
        });
        add_const(&mut x, &consts::P_4);
        carry(&mut x);
        Self(x)
    }

    #[inline(always)]
    pub(crate) fn wide_mul(&self, o: &Self) -> Wide {
        product_of(&self.0, &o.0)
    }
}

/// The caller knows that the value stays below 64p.
impl Add for Factor {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        let Self(mut x) = self;
        five!(I, {
            x[I] = x[I].add(o.0[I]);
        });
        carry(&mut x);
        Self(x)
    }
}

impl Wide {
    /// Σ lane of a term's factor · shifted factor, for up to six terms.
    #[inline(always)]
    pub(crate) fn sum_of_products(isa: Ifma, terms: &[Term<'_>], shifts: &Shifts) -> Self {
        // SAFETY: the function needs the Ifma features, which isa proves.
        unsafe { sum_of_products(isa, terms, shifts) }
    }

    #[inline(always)]
    pub(crate) const fn from_columns(columns: [V; 10]) -> Self {
        Self(columns)
    }

    #[inline(always)]
    pub(crate) const fn column(&self, k: usize) -> V {
        self.0[k]
    }

    /// The element, over the whole range: |T / 2^260| < 2^16 p² / 84p < 775p, and 2p more is in the range of a [`Sum`].
    #[inline(always)]
    pub(crate) fn reduce(&self) -> Fp {
        tighten(montgomery(self))
    }

    /// The element, for values in [0, 84p²).
    #[inline(always)]
    pub(crate) fn reduce_product(&self) -> Fp {
        reduce_product(self)
    }

    /// The element, for values in (-84p², 84p²).
    #[inline(always)]
    pub(crate) fn reduce_difference(&self) -> Fp {
        reduce_difference(self)
    }
}

macro_rules! limbwise {
    ($type:ident, $n:literal) => {
        impl Add for $type {
            type Output = Self;
            #[inline(always)]
            fn add(self, o: Self) -> Self {
                let Self(mut x) = self;
                for i in 0..$n {
                    x[i] = x[i].add(o.0[i]);
                }
                Self(x)
            }
        }

        impl Sub for $type {
            type Output = Self;
            #[inline(always)]
            fn sub(self, o: Self) -> Self {
                let Self(mut x) = self;
                for i in 0..$n {
                    x[i] = x[i].sub(o.0[i]);
                }
                Self(x)
            }
        }
    };
}

limbwise!(Sum, 5);
limbwise!(Wide, 10);

impl Neg for Sum {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        let Self(mut x) = self;
        let zero = V::splat(x[0].isa(), 0);
        five!(I, {
            x[I] = zero.sub(x[I]);
        });
        Self(x)
    }
}

/// Eight plain integers below 2^256, limbs carried.
#[derive(Clone, Copy)]
pub(crate) struct Plain([V; 5]);

impl Plain {
    /// From four little-endian words of 64 bits per lane.
    #[inline(always)]
    pub(crate) fn from_words([a, b, c, d]: [V; 4]) -> Self {
        let mask = V::splat(a.isa(), LIMB_MASK);
        Self([
            a.and(mask),
            a.shr::<52>().or(b.shl::<12>()).and(mask),
            b.shr::<40>().or(c.shl::<24>()).and(mask),
            c.shr::<28>().or(d.shl::<36>()).and(mask),
            d.shr::<16>(),
        ])
    }

    /// Back to words.
    #[inline(always)]
    pub(crate) fn words(&self) -> [V; 4] {
        let [a, b, c, d, e] = self.0;
        [
            a.or(b.shl::<52>()),
            b.shr::<12>().or(c.shl::<40>()),
            c.shr::<24>().or(d.shl::<28>()),
            d.shr::<36>().or(e.shl::<16>()),
        ]
    }

    /// Where the integer is below p.
    #[inline(always)]
    pub(crate) fn below_p(&self) -> Mask {
        below(&self.0, &consts::P)
    }

    /// Where the integer, which is below p, is above (p-1)/2.
    #[inline(always)]
    pub(crate) fn above_half(&self) -> Mask {
        !below(&self.0, &consts::HALF_UP)
    }

    /// Where the integer is 0.
    #[inline(always)]
    pub(crate) fn is_zero(&self) -> Mask {
        let [a, b, c, d, e] = self.0;
        let any = a.or(b).or(c).or(d).or(e);
        any.eq(V::splat(any.isa(), 0))
    }

    /// The elements, for any integers below 2^256: 5.3p times less than p is below 84p².
    #[inline(always)]
    pub(crate) fn element(&self) -> Fp {
        let c = Fp::splat(self.0[0].isa(), &consts::FROM_PLAIN);
        reduce_product(&product_of(&self.0, &c.0))
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn gather(isa: Ifma, x: [&[u64; 8]; 8]) -> Fp {
    let mut rows = [V::splat(isa, 0); 8];
    for lane in 0..8 {
        rows[lane] = V::load(isa, x[lane]);
    }
    let [a, b, c, d, e, ..] = V::transpose(rows);
    Fp::checked([a, b, c, d, e])
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn scatter(x: &Fp) -> [[u64; 8]; 8] {
    let zero = V::splat(x.isa(), 0);
    let [a, b, c, d, e] = x.0;
    let rows = V::transpose([a, b, c, d, e, zero, zero, zero]);
    let mut packed = [[0; 8]; 8];
    for lane in 0..8 {
        packed[lane] = rows[lane].store();
    }
    packed
}

/// How arkworks keeps an element: Montgomery form with 2^256, four words.
impl Fp {
    #[inline(always)]
    pub(crate) fn from_ark(isa: Ifma, x: [&Fq; 8]) -> Self {
        // SAFETY: the function needs the Ifma features, which isa proves.
        unsafe { from_ark(isa, x) }
    }

    /// Canonical, as all that arkworks is given.
    #[inline(always)]
    pub(crate) fn to_ark(self) -> [Fq; 8] {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { to_ark(&self) }
    }
}

/// 2^4 times: from the one Montgomery form to the other.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn from_ark(isa: Ifma, x: [&Fq; 8]) -> Fp {
    let mut rows = [V::splat(isa, 0); 8];
    for lane in 0..8 {
        rows[lane] = V::load_half(isa, &x[lane].0.0);
    }
    let [a, b, c, d, ..] = V::transpose(rows);
    Sum(Plain::from_words([a, b, c, d]).0)
        .times_pow2::<4>()
        .tight()
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn to_ark(x: &Fp) -> [Fq; 8] {
    let form = x.mul(&Fp::splat(x.isa(), &consts::TO_256)).canonical();
    let zero = V::splat(x.isa(), 0);
    let [a, b, c, d] = Plain(form.0).words();
    let rows = V::transpose([a, b, c, d, zero, zero, zero, zero]);
    let mut elements = [Fq::zero(); 8];
    for lane in 0..8 {
        let [a, b, c, d, ..] = rows[lane].store();
        elements[lane] = Fq::new_unchecked(BigInt([a, b, c, d]));
    }
    elements
}

#[cfg(test)]
impl Fp {
    /// The same element in [3p, 4p).
    pub(crate) fn with_largest_representation(&self) -> Self {
        let Self(mut x) = self.canonical();
        for _ in 0..3 {
            add_const(&mut x, &consts::P);
        }
        carry(&mut x);
        Self::checked(x)
    }
}

#[cfg(test)]
mod tests;
