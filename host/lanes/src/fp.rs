//! The base field of BLS12-381, eight elements at a time.
//!
//! An element x is kept as x·2^416 mod p (Montgomery) in eight limbs of 52 bits. p has 381 bits, so 35 bits are spare and
//! nothing is ever reduced all the way:
//!
//! | type | limbs | value |
//! |---|---|---|
//! | [`Fp`] | each in [0, 2^52) | in [0, 4p) |
//! | [`Sum`] | signed, magnitude < 2^58 | magnitude < 2^12 p |
//! | [`Wide`] | 16 signed columns, magnitude < 2^62 | magnitude < 2^34 p² |
//!
//! `Fp` is what products take and give. `Sum` is a sum or difference of a few `Fp` whose carries nobody has run yet: up to
//! 64 terms keep it in range (64 · 2^52 = 2^58, 64 · 4p = 2^8 p). `Wide` is a sum of up to 63 products that waits for its
//! reduction (63 · 2^56 < 2^62, and 63 · 2^10 p² < 2^16 p²). A [`Factor`] is an addition's result on its way into a product.

use core::ops::{Add, Neg, Sub};

use crate::Ifma;
use crate::vector::{Mask, V};

mod consts {
    /// p.
    pub(super) const P: [u64; 8] = [
        0xe_ffff_ffff_aaab,
        0xf_eb15_3fff_fb9f,
        0x6_b0f6_241e_abff,
        0x1_2bf6_730d_2a0f,
        0x7_6477_4b84_f385,
        0x1_ba7b_6434_bacd,
        0x1_ea39_7fe6_9a4b,
        0x0_0000_0001_a011,
    ];
    /// M = (p·NINV + 1) / 2^52, below p.
    pub(super) const FOLD: [u64; 8] = [
        0x0_4be0_7d20_27cb,
        0xd_7786_e390_02d4,
        0xf_5104_7083_c4dd,
        0x9_6079_a767_0223,
        0x0_4ca5_1304_4b79,
        0x6_615d_3780_ea11,
        0xf_9a56_23d6_a279,
        0x0_0000_0000_6803,
    ];
    /// 2^416 - p.
    pub(super) const NEG_P: [u64; 8] = [
        0x1_0000_0000_5555,
        0x0_14ea_c000_0460,
        0x9_4f09_dbe1_5400,
        0xe_d409_8cf2_d5f0,
        0x8_9b88_b47b_0c7a,
        0xe_4584_9bcb_4532,
        0xe_15c6_8019_65b4,
        0xf_ffff_fffe_5fee,
    ];
    /// 4096 p.
    pub(super) const P_4096: [u64; 8] = [
        0xf_ffff_faaa_b000,
        0x1_53ff_ffb9_feff,
        0xf_6241_eabf_ffeb,
        0xf_6730_d2a0_f6b0,
        0x7_74b8_4f38_512b,
        0x7_b643_4bac_d764,
        0x3_97fe_69a4_b1ba,
        0x0_0000_1a01_11ea,
    ];
    /// (p + 1) / 2.
    pub(super) const HALF_UP: [u64; 8] = [
        0xf_7fff_ffff_d556,
        0xf_f58a_9fff_fdcf,
        0xb_587b_120f_55ff,
        0x8_95fb_3986_9507,
        0xb_b23b_a5c2_79c2,
        0x8_dd3d_b21a_5d66,
        0x8_f51c_bff3_4d25,
        0x0_0000_0000_d008,
    ];
    /// 2^416 mod p: the one.
    pub(super) const ONE: [u64; 8] = [
        0x6_480e_a8e9_b9af,
        0x6_5766_c8fe_444f,
        0x8_b540_fea9_6f7d,
        0x3_b2ee_82ef_d422,
        0xa_6723_e5f0_ade5,
        0xf_f6eb_6fdd_4230,
        0xe_06ef_23c2_4a25,
        0x0_0000_0001_4c8e,
    ];
    /// Takes 2^384 form to ours: 2^448 mod p.
    pub(super) const FROM_384: [u64; 8] = [
        0x7_fde3_7dba_9366,
        0x4_e275_25bc_342b,
        0x1_f5b1_e977_8489,
        0xb_872b_2b91_b9dc,
        0xb_206f_497d_fcaf,
        0x4_137c_c89a_9b0b,
        0xd_9d20_d7e3_9959,
        0x0_0000_0000_411c,
    ];
    /// Takes our form to 2^384 form.
    pub(super) const TO_384: [u64; 8] = [
        0x9_0000_0002_fffd,
        0x0_bc40_c000_2760,
        0x3_c758_baeb_f400,
        0x5_7455_f489_8575,
        0xd_77ce_5853_7052,
        0x0_71a9_7a25_6ec6,
        0xe_c3fa_80e4_935c,
        0x0_0000_0001_5f65,
    ];
    /// Takes plain integers to our form.
    pub(super) const FROM_PLAIN: [u64; 8] = [
        0xa_5bf4_cb89_af51,
        0x3_afbb_a7ca_31a2,
        0x2_6461_60ec_71f1,
        0xa_84d7_1046_5903,
        0x3_480a_4a18_8311,
        0x9_8e59_07ad_91f5,
        0x2_075d_7450_7266,
        0x0_0000_0000_8746,
    ];
    /// -1/p mod 2^52.
    pub(super) const NINV: u64 = 0x3_fffc_fffc_fffd;
    /// Below 4096 p / 2^364 by at least one and less than two.
    pub(super) const QUOTIENT_BIAS: u64 = 436_277_737;
    /// Just below 2^52 / (p / 2^364).
    pub(super) const QUOTIENT_SCALE: u64 = 42_282_111_731;
    /// (p - 3) / 4.
    pub(super) const ROOT_EXPONENT: [u64; 6] = [
        0xee7f_bfff_ffff_eaaa,
        0x07aa_ffff_ac54_ffff,
        0xd9cc_34a8_3dac_3d89,
        0xd91d_d2e1_3ce1_44af,
        0x92c6_e9ed_90d2_eb35,
        0x0680_447a_8e5f_f9a6,
    ];
}

pub(crate) const LIMB: u32 = 52;
const LIMB_MASK: u64 = (1 << LIMB) - 1;

/// Eight elements in [0, 4p), limbs carried.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Fp([V; 8]);

/// Eight signed sums of elements, limbs not carried.
#[derive(Clone, Copy)]
pub(crate) struct Sum([V; 8]);

/// Eight elements in [0, 2^5 p), limbs carried: good for one product, whose value is then below 2^10 p².
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Factor([V; 8]);

/// Eight signed sums of products, not carried and not reduced.
#[derive(Clone, Copy)]
pub(crate) struct Wide([V; 16]);

/// A factor in memory, limb after limb, so that one lane of it can be multiplied with all lanes of another.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Stored([[u64; 8]; 8]);

/// Two factors in memory, limb after limb: six lanes of the one, then all of the other. A load from the right place is the
/// second shifted up by some lanes, with the last of the first moved in from below.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Shifts([[u64; 16]; 8]);

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
        let mut limbs = [[0; 16]; 8];
        eight!(I, {
            below.0[I].store_to(&mut limbs[I], 0);
            factor.0[I].store_to(&mut limbs[I], Self::LANES);
        });
        Self(limbs)
    }

    #[inline(always)]
    fn by(&self, isa: Ifma, shift: usize) -> [V; 8] {
        let mut x = [V::splat(isa, 0); 8];
        eight!(I, {
            x[I] = V::load_from(isa, &self.0[I], Self::LANES - shift);
        });
        x
    }
}

/// The sum of up to six products: columns below 6 · 2^56, values below 6 · 2^10 p².
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn sum_of_products(isa: Ifma, terms: &[Term<'_>], shifts: &Shifts) -> Wide {
    debug_assert!(terms.len() <= 6);
    let mut t = [V::splat(isa, 0); 16];
    for term in terms {
        let b = shifts.by(isa, term.shift);
        eight!(I, {
            let a = V::splat(isa, term.factor.0[I][term.lane]);
            eight!(J, {
                t[I + J] = t[I + J].madd_lo(a, b[J]);
            });
            eight!(J, {
                t[I + J + 1] = t[I + J + 1].madd_hi(a, b[J]);
            });
        });
    }
    Wide(t)
}

/// Runs the carries from the lowest limb up. The top limb keeps its sign and whatever is above 52 bits.
#[inline(always)]
fn carry(x: &mut [V; 8]) {
    let mask = V::splat(x[0].isa(), LIMB_MASK);
    eight!(I, {
        if I < 7 {
            x[I + 1] = x[I + 1].add(x[I].sar::<LIMB>());
            x[I] = x[I].and(mask);
        }
    });
}

/// Where x - c is negative, for carried limbs x and a constant c.
#[inline(always)]
fn below(x: &[V; 8], c: &[u64; 8]) -> Mask {
    let isa = x[0].isa();
    let mut borrow = V::splat(isa, 0);
    eight!(I, {
        borrow = x[I].sub(V::splat(isa, c[I])).add(borrow).sar::<LIMB>();
    });
    borrow.lt(V::splat(isa, 0))
}

#[inline(always)]
fn add_const(x: &mut [V; 8], c: &[u64; 8]) {
    let isa = x[0].isa();
    eight!(I, {
        x[I] = x[I].add(V::splat(isa, c[I]));
    });
}

/// The schoolbook product: 16 columns, each below 16 · 2^52 = 2^56.
#[inline(always)]
fn product_of(a: &[V; 8], b: &[V; 8]) -> Wide {
    let mut t = [V::splat(a[0].isa(), 0); 16];
    eight!(I, {
        eight!(J, {
            t[I + J] = t[I + J].madd_lo(a[I], b[J]);
        });
        eight!(J, {
            t[I + J + 1] = t[I + J + 1].madd_hi(a[I], b[J]);
        });
    });
    Wide(t)
}

/// The square: mixed terms once, doubled, then the squares of limbs. Columns below 2^56.
#[inline(always)]
fn square_of(a: &[V; 8]) -> Wide {
    let mut t = [V::splat(a[0].isa(), 0); 16];
    eight!(I, {
        eight!(J, {
            if I < J {
                t[I + J] = t[I + J].madd_lo(a[I], a[J]);
                t[I + J + 1] = t[I + J + 1].madd_hi(a[I], a[J]);
            }
        });
    });
    for column in &mut t {
        *column = column.add(*column);
    }
    eight!(I, {
        t[2 * I] = t[2 * I].madd_lo(a[I], a[I]);
        t[2 * I + 1] = t[2 * I + 1].madd_hi(a[I], a[I]);
    });
    Wide(t)
}

/// Montgomery reduction: T → T / 2^416 mod p, for |T| < 2^34 p² (below p·2^416 / 2).
///
/// Seven rounds add q·m with m = NINV·p. As m ≡ -1 mod 2^52, q is the low limb itself, no product is needed to find it,
/// and (T + q·m) / 2^52 = (T - q) / 2^52 + q·FOLD. The price is a larger remainder: together the seven rounds have added
/// less than 2^364·m < 2^364·2^52·p, which is 2^52 p after their seven shifts. The last round is the usual one (q = low limb
/// times NINV, add q·p): it adds less than 2^52 p more and shifts by 52 bits, so that the result is in
/// (T / 2^416, T / 2^416 + 2p). |T / 2^416| < 2^34 p² / 2^416 < p/2, hence [0, 3p) for T ≥ 0; with SIGNED, p is added
/// and the result is in [0, 4p).
#[inline(always)]
fn reduce<const SIGNED: bool>(t: &Wide) -> Fp {
    let mut t = t.0;
    let isa = t[0].isa();
    eight!(I, {
        if I < 7 {
            let q = t[I];
            eight!(J, {
                t[I + 1 + J] = t[I + 1 + J].madd_lo(q, V::splat(isa, consts::FOLD[J]));
            });
            t[I + 1] = t[I + 1].add(q.sar::<LIMB>());
            eight!(J, {
                t[I + 2 + J] = t[I + 2 + J].madd_hi(q, V::splat(isa, consts::FOLD[J]));
            });
        }
    });
    let zero = V::splat(isa, 0);
    let q = zero.madd_lo(t[7], V::splat(isa, consts::NINV));
    eight!(J, {
        // The lowest product only makes the low 52 bits vanish: its carry is the ceiling below.
        if J > 0 {
            t[7 + J] = t[7 + J].madd_lo(q, V::splat(isa, consts::P[J]));
        }
        t[8 + J] = t[8 + J].madd_hi(q, V::splat(isa, consts::P[J]));
    });
    let mut r = [zero; 8];
    eight!(I, {
        r[I] = t[8 + I];
    });
    r[0] = r[0].add(t[7].add(V::splat(isa, LIMB_MASK)).sar::<LIMB>());
    if SIGNED {
        add_const(&mut r, &consts::P);
    }
    carry(&mut r);
    Fp::checked(r)
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul(a: &Fp, b: &Fp) -> Fp {
    reduce::<false>(&product_of(&a.0, &b.0))
}

// A function of its own, not inlined into what builds on it: two products side by side need more registers than there are,
// and the compiler would interleave and spill.

#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn wide_mul(a: &Factor, b: &Factor) -> Wide {
    product_of(&a.0, &b.0)
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn sqr(a: &Fp) -> Fp {
    reduce::<false>(&square_of(&a.0))
}

#[cfg(debug_assertions)]
#[inline(never)]
fn assert_range(x: &[V; 8]) {
    let stored = x.map(V::store);
    for lane in 0..8 {
        let limbs = stored.map(|l| l[lane]);
        assert!(
            limbs.iter().all(|&l| l >> LIMB == 0),
            "limb out of range: {limbs:x?}"
        );
        assert!(
            limbs[7] <= 4 * consts::P[7] + 3,
            "value not below 4p: {limbs:x?}"
        );
    }
}

/// The square is below 16p², so that the difference is above -2^7 p².
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn mul_sub_8_sqr(a: &Fp, b: &Fp, c: &Fp) -> Fp {
    let (ab, cc) = (wide_mul(a.factor(), b.factor()), square_of(&c.0));
    reduce::<true>(&Wide(sixteen!(K, ab.0[K].sub(cc.0[K].shl::<3>()))))
}

impl Fp {
    #[inline(always)]
    fn checked(x: [V; 8]) -> Self {
        #[cfg(debug_assertions)]
        assert_range(&x);
        Self(x)
    }

    /// The same constant in each lane: carried limbs of a value below 4p, in Montgomery form.
    #[inline(always)]
    pub(crate) fn splat(isa: Ifma, c: &[u64; 8]) -> Self {
        let mut x = [V::splat(isa, 0); 8];
        eight!(I, {
            x[I] = V::splat(isa, c[I]);
        });
        Self::checked(x)
    }

    #[inline(always)]
    pub(crate) fn zero(isa: Ifma) -> Self {
        Self([V::splat(isa, 0); 8])
    }

    #[inline(always)]
    pub(crate) fn one(isa: Ifma) -> Self {
        Self::splat(isa, &consts::ONE)
    }

    #[inline(always)]
    pub(crate) fn isa(&self) -> Ifma {
        self.0[0].isa()
    }

    #[inline(always)]
    pub(crate) fn mul(&self, o: &Self) -> Self {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { mul(self, o) }
    }

    #[inline(always)]
    pub(crate) fn sqr(&self) -> Self {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { sqr(self) }
    }

    #[inline(always)]
    pub(crate) fn mul_sub_8_sqr(&self, b: &Self, c: &Self) -> Self {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { mul_sub_8_sqr(self, b, c) }
    }

    #[inline(always)]
    pub(crate) fn sum(&self) -> Sum {
        Sum(self.0)
    }

    #[inline(always)]
    pub(crate) fn select(m: Mask, yes: &Self, no: &Self) -> Self {
        let mut x = no.0;
        eight!(I, {
            x[I] = V::select(m, yes.0[I], no.0[I]);
        });
        Self(x)
    }

    /// The square before its reduction.
    #[inline(always)]
    pub(crate) fn wide_sqr_inline(&self) -> Wide {
        square_of(&self.0)
    }

    #[inline(always)]
    pub(crate) const fn factor(&self) -> &Factor {
        // SAFETY: both are eight registers, and all values of the one are values of the other.
        unsafe { &*core::ptr::from_ref(self).cast() }
    }

    /// Where the element is 0.
    #[inline(always)]
    pub(crate) fn is_zero(&self) -> Mask {
        self.sum().is_zero()
    }

    /// The element of lane N + i in lane i.
    #[inline(always)]
    pub(crate) fn rotate<const N: i32>(&self) -> Self {
        let Self(mut x) = *self;
        eight!(I, {
            x[I] = x[I].rotate::<N>();
        });
        Self(x)
    }

    /// The element of lane `from[i]` in lane i.
    #[inline(always)]
    pub(crate) fn permute(&self, from: &[u64; 8]) -> Self {
        let Self(mut x) = *self;
        let from = V::load(self.isa(), from);
        eight!(I, {
            x[I] = x[I].permute(from);
        });
        Self(x)
    }

    /// Where both are the same element.
    #[inline(always)]
    pub(crate) fn equals(&self, o: &Self) -> Mask {
        (self.sum() - o.sum()).is_zero()
    }

    /// The one representation in [0, p), still in Montgomery form.
    #[inline(always)]
    pub(crate) fn canonical(&self) -> Self {
        let Self(x) = self.sum().tight();
        let keep = below(&x, &consts::P);
        let mut y = x;
        eight!(I, {
            y[I] = y[I].sub(V::splat(self.isa(), consts::P[I]));
        });
        carry(&mut y);
        Self::select(keep, &Self(x), &Self(y))
    }

    /// The plain integers in [0, p), out of Montgomery form.
    #[inline(always)]
    pub(crate) fn plain(&self) -> Plain {
        let zero = V::splat(self.isa(), 0);
        let mut t = [zero; 16];
        eight!(I, {
            t[I] = self.0[I];
        });
        Plain(reduce::<false>(&Wide(t)).canonical().0)
    }

    /// x^((p-3)/4) for N vectors side by side: one alone waits for its own results most of the time.
    #[inline(always)]
    pub(crate) fn root_power<const N: usize>(x: &[Self; N]) -> [Self; N] {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { root_power(x) }
    }

    /// 1/x, and 0 for 0.
    #[inline(always)]
    pub(crate) fn invert(&self) -> Self {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { invert(self) }
    }
}

/// One scalar inversion for the eight lanes: several times faster than a power in lock-step.
#[target_feature(enable = "avx512f,avx512ifma")]
fn invert(x: &Fp) -> Fp {
    let zero = blst::blst_fp::default();
    let isa = x.isa();
    let mut x = x.to_blst();
    let mut before = [zero; 8];
    let mut running = Fp::one(isa).to_blst()[0];
    // SAFETY: plain values of the types that blst asks for.
    unsafe {
        for lane in 0..8 {
            before[lane] = running;
            if x[lane] != zero {
                blst::blst_fp_mul(&raw mut running, &raw const running, &raw const x[lane]);
            }
        }
        blst::blst_fp_eucl_inverse(&raw mut running, &raw const running);
        for lane in (0..8).rev() {
            if x[lane] != zero {
                let own = x[lane];
                blst::blst_fp_mul(
                    &raw mut x[lane],
                    &raw const running,
                    &raw const before[lane],
                );
                blst::blst_fp_mul(&raw mut running, &raw const running, &raw const own);
            }
        }
    }
    Fp::from_blst(isa, x.each_ref())
}

const WINDOW: usize = 5;

/// The sliding windows of (p-3)/4 from the top: square so often, then multiply by x^(2k+1).
const ROOT_STEPS: ([(u8, u8); 80], usize) = {
    let e = consts::ROOT_EXPONENT;
    let mut steps = [(0, 0); 80];
    let mut n = 0;
    let mut squarings = 0;
    let mut i = 379;
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

/// h, the top limb with the carry that it is about to get, is the value / 2^364 but for an error in (-1 - 2^-40, 2^-40).
/// q = floor((h + BIAS)·SCALE / 2^52) with both constants rounded down, BIAS by one more, is at most value/p + 4096 and
/// misses it by less than 1 + 4/106513. So value + 4096p - q·p is in [0, 1.001p). -q·p is added as q·(2^416 - p), whose
/// surplus q·2^416 is never formed.
///
/// Not inlined: it is called so often that its copies would not fit the instruction cache.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn tight(sum: &Sum) -> Fp {
    let Sum(mut x) = *sum;
    let isa = x[0].isa();
    let h = x[7].add(x[6].sar::<LIMB>());
    let zero = V::splat(isa, 0);
    let q = zero.madd_hi(
        h.add(V::splat(isa, consts::QUOTIENT_BIAS)),
        V::splat(isa, consts::QUOTIENT_SCALE),
    );
    add_const(&mut x, &consts::P_4096);
    eight!(I, {
        x[I] = x[I].madd_lo(q, V::splat(isa, consts::NEG_P[I]));
        if I < 7 {
            x[I + 1] = x[I + 1].madd_hi(q, V::splat(isa, consts::NEG_P[I]));
        }
    });
    carry(&mut x);
    x[7] = x[7].and(V::splat(isa, LIMB_MASK));
    Fp::checked(x)
}

impl Sum {
    #[inline(always)]
    pub(crate) fn select(m: Mask, yes: &Self, no: &Self) -> Self {
        let mut x = no.0;
        eight!(I, {
            x[I] = V::select(m, yes.0[I], no.0[I]);
        });
        Self(x)
    }

    /// Carries and reduces: the result is below 1.001 p, whatever the sum was (|value| < 2^12 p).
    #[inline(always)]
    pub(crate) fn tight(self) -> Fp {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { tight(&self) }
    }

    /// Where the sum is a multiple of p.
    #[inline(always)]
    pub(crate) fn is_zero(self) -> Mask {
        // Below 1.001 p only 0 and p are.
        let Fp(x) = self.tight();
        let isa = x[0].isa();
        let (mut zero, mut p) = (x[0], x[0].xor(V::splat(isa, consts::P[0])));
        eight!(I, {
            zero = zero.or(x[I]);
            p = p.or(x[I].xor(V::splat(isa, consts::P[I])));
        });
        let none = V::splat(isa, 0);
        zero.eq(none) | p.eq(none)
    }

    /// 2^N times.
    #[inline(always)]
    pub(crate) fn times_pow2<const N: u32>(self) -> Self {
        let Self(mut x) = self;
        eight!(I, {
            x[I] = x[I].shl::<N>();
        });
        Self(x)
    }
}

impl Factor {
    #[inline(always)]
    pub(crate) fn store(&self) -> Stored {
        let mut limbs = [[0; 8]; 8];
        eight!(I, {
            limbs[I] = self.0[I].store();
        });
        Stored(limbs)
    }

    /// The same, inlined: where a reduction follows at once and hides in the product.
    #[inline(always)]
    pub(crate) fn wide_mul_inline(&self, o: &Self) -> Wide {
        product_of(&self.0, &o.0)
    }

    #[inline(always)]
    pub(crate) fn wide_mul(&self, o: &Self) -> Wide {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { wide_mul(self, o) }
    }
}

/// The caller knows that the value stays below 2^5 p.
impl Add for Factor {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        let Self(mut x) = self;
        eight!(I, {
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
    pub(crate) const fn from_columns(columns: [V; 16]) -> Self {
        Self(columns)
    }

    #[inline(always)]
    pub(crate) const fn column(&self, k: usize) -> V {
        self.0[k]
    }

    /// The element, for any sign.
    #[inline(always)]
    pub(crate) fn reduce(&self) -> Fp {
        reduce::<true>(self)
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

        impl Neg for $type {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                let Self(mut x) = self;
                let zero = V::splat(x[0].isa(), 0);
                for i in 0..$n {
                    x[i] = zero.sub(x[i]);
                }
                Self(x)
            }
        }
    };
}

limbwise!(Sum, 8);
limbwise!(Wide, 16);

/// Eight plain integers below 2^416, limbs carried.
#[derive(Clone, Copy)]
pub(crate) struct Plain([V; 8]);

impl Plain {
    /// From six little-endian words of 64 bits per lane: words[w][lane].
    #[inline(always)]
    pub(crate) fn from_words(isa: Ifma, words: &[[u64; 8]; 6]) -> Self {
        let (a, b, c) = (
            V::load(isa, &words[0]),
            V::load(isa, &words[1]),
            V::load(isa, &words[2]),
        );
        let (d, e, f) = (
            V::load(isa, &words[3]),
            V::load(isa, &words[4]),
            V::load(isa, &words[5]),
        );
        let mask = V::splat(isa, LIMB_MASK);
        Self([
            a.and(mask),
            a.shr::<52>().or(b.shl::<12>()).and(mask),
            b.shr::<40>().or(c.shl::<24>()).and(mask),
            c.shr::<28>().or(d.shl::<36>()).and(mask),
            d.shr::<16>().or(e.shl::<48>()).and(mask),
            e.shr::<4>().and(mask),
            e.shr::<56>().or(f.shl::<8>()).and(mask),
            f.shr::<44>(),
        ])
    }

    /// Back to words, for integers below 2^384.
    #[inline(always)]
    pub(crate) fn words(&self) -> [[u64; 8]; 6] {
        let [a, b, c, d, e, f, g, h] = self.0;
        [
            a.or(b.shl::<52>()).store(),
            b.shr::<12>().or(c.shl::<40>()).store(),
            c.shr::<24>().or(d.shl::<28>()).store(),
            d.shr::<36>().or(e.shl::<16>()).store(),
            e.shr::<48>().or(f.shl::<4>()).or(g.shl::<56>()).store(),
            g.shr::<8>().or(h.shl::<44>()).store(),
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
        let mut any = self.0[0];
        eight!(I, {
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

    /// The elements, for any integers below 2^400.
    #[inline(always)]
    pub(crate) fn element(&self) -> Fp {
        self.times(&consts::FROM_PLAIN)
    }

    /// self·c / 2^416. For c < p and an integer below 2^400 the product is far below 2^34 p².
    #[inline(always)]
    pub(crate) fn times(&self, c: &[u64; 8]) -> Fp {
        let c = Fp::splat(self.0[0].isa(), c);
        reduce::<false>(&product_of(&self.0, &c.0))
    }
}

/// How an element lies in memory by itself: its limbs.
impl Fp {
    #[inline(always)]
    pub(crate) fn gather(isa: Ifma, x: [&[u64; 8]; 8]) -> Self {
        // SAFETY: the function needs the Ifma features, which isa proves.
        unsafe { gather(isa, x) }
    }

    #[inline(always)]
    pub(crate) fn scatter(&self) -> [[u64; 8]; 8] {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { scatter(self) }
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn gather(isa: Ifma, x: [&[u64; 8]; 8]) -> Fp {
    let mut rows = [V::splat(isa, 0); 8];
    for lane in 0..8 {
        rows[lane] = V::load(isa, x[lane]);
    }
    Fp::checked(V::transpose(rows))
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn scatter(x: &Fp) -> [[u64; 8]; 8] {
    let rows = V::transpose(x.0);
    let mut packed = [[0; 8]; 8];
    for lane in 0..8 {
        packed[lane] = rows[lane].store();
    }
    packed
}

/// How blst keeps an element: Montgomery form with 2^384, six words.
impl Fp {
    #[inline(always)]
    pub(crate) fn from_blst(isa: Ifma, x: [&blst::blst_fp; 8]) -> Self {
        // SAFETY: the function needs the Ifma features, which isa proves.
        unsafe { from_blst(isa, x) }
    }

    /// Canonical, as all that blst is given.
    #[inline(always)]
    pub(crate) fn to_blst(self) -> [blst::blst_fp; 8] {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { to_blst(&self) }
    }
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn from_blst(isa: Ifma, x: [&blst::blst_fp; 8]) -> Fp {
    let mut words = [[0; 8]; 6];
    for lane in 0..8 {
        for w in 0..6 {
            words[w][lane] = x[lane].l[w];
        }
    }
    Plain::from_words(isa, &words).times(&consts::FROM_384)
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn to_blst(x: &Fp) -> [blst::blst_fp; 8] {
    let words = Plain(Plain(x.0).times(&consts::TO_384).canonical().0).words();
    let mut x = [blst::blst_fp::default(); 8];
    for lane in 0..8 {
        for w in 0..6 {
            x[lane].l[w] = words[w][lane];
        }
    }
    x
}

#[cfg(test)]
mod tests;
