//! The final exponentiation, of eight values at a time or of one.

use blst::blst_fp12;

use crate::Ifma;
use crate::across::Across;
use crate::curve::SEED;
use crate::element::{Element, ElementSum};
use crate::fp::Fp;
use crate::fp2::Fp2;
use crate::fp12::{Fp6, Fp12};
use crate::points::eight_of;

/// From this many values on eight in lock-step are faster than one after the other, each across the lanes.
const LOCK_STEP_FROM: usize = 6;

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

/// Each value to the power that blst uses: 3 (p^12 - 1) / r.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn final_exponentiations(isa: Ifma, values: &[blst_fp12]) -> Vec<blst_fp12> {
    let mut powers = Vec::with_capacity(values.len());
    for eight in values.chunks(8) {
        if eight.len() < LOCK_STEP_FROM {
            let alone = |value| final_exponentiation(&Across::from_blst(isa, value)).to_blst();
            powers.extend(eight.iter().map(alone));
        } else {
            let power = final_exponentiation(&Fp12::from_blst(isa, eight_of(eight)));
            powers.extend_from_slice(&power.to_blst()[..eight.len()]);
        }
    }
    powers
}

/// The easy part, to the power (p^6 - 1)(p^2 + 1), then the hard part as blst and zkcrypto's pairing compute it.
fn final_exponentiation<F: Cyclotomic>(f: &F) -> F {
    let f = f.conjugate().mul(&f.invert());
    let f = f.frobenius_square().mul(&f);
    // From here on in the cyclotomic subgroup, where the conjugate is the inverse. x is the (negative) parameter.
    let f2 = f.cyclotomic_square();
    let a = power(&f2, SEED); // 2x
    let b = power(&a, SEED / 2); // x²: half of x is still whole, and a is a square
    let c = a.mul(&f.conjugate()).conjugate().mul(&b); // x² - 2x + 1
    let d = power(&c, SEED);
    let e = power(&d, SEED).mul(&c.conjugate());
    let g = c.frobenius_square().frobenius().mul(&d.frobenius_square());
    let h = power(&e, SEED).mul(&f2).mul(&f);
    g.mul(&h).mul(&e.frobenius())
}

/// To the power -e, in the cyclotomic subgroup.
fn power<F: Cyclotomic>(f: &F, e: u64) -> F {
    let mut power = *f;
    for bit in (0..e.ilog2()).rev() {
        power = power.cyclotomic_square();
        if e >> bit & 1 == 1 {
            power = power.mul(f);
        }
    }
    power.conjugate()
}

impl Cyclotomic for Fp12 {
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

/// Granger and Scott: three squarings in Fp4, of (c0, c4'), (c3', c2) and (c1, c5') in blst's numbering of coordinates.
#[target_feature(enable = "avx512f,avx512ifma")]
fn cyclotomic_square(f: &Fp12) -> Fp12 {
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
fn minus(s: &Fp2, a: &Fp2) -> Fp2 {
    ((s.sum() - a.sum()).double() + s.sum()).tight()
}

/// 3m + 2b.
#[target_feature(enable = "avx512f,avx512ifma")]
fn plus(m: &Fp2, b: &Fp2) -> Fp2 {
    ((m.sum() + b.sum()).double() + m.sum()).tight()
}

/// (a + b·y)² with y² = 1 + i: a² + (1 + i)·b², and 2ab.
#[target_feature(enable = "avx512f,avx512ifma")]
fn square4(a: &Fp2, b: &Fp2) -> (Fp2, Fp2) {
    let square = (a.sqr().sum() + b.sqr().sum().times_xi()).tight();
    (square, a.mul(b).sum().double().tight())
}

/// To the power p: coordinates are conjugated, and w^k gains the factor (1 + i)^(k(p-1)/6).
#[target_feature(enable = "avx512f,avx512ifma")]
fn frobenius(f: &Fp12) -> Fp12 {
    let isa = f.c0.0[0].isa();
    let ([a0, a1, a2], [b0, b1, b2]) = (&f.c0.0, &f.c1.0);
    let factors = &consts::FROBENIUS;
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

/// To the power p²: w^k gains the factor (1 + i)^(k(p²-1)/6), a sixth root of one in Fp.
#[target_feature(enable = "avx512f,avx512ifma")]
fn frobenius_square(f: &Fp12) -> Fp12 {
    let isa = f.c0.0[0].isa();
    let ([a0, a1, a2], [b0, b1, b2]) = (&f.c0.0, &f.c1.0);
    let factors = &consts::FROBENIUS_SQUARE;
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
fn invert(f: &Fp12) -> Fp12 {
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
fn invert6(Fp6([a0, a1, a2]): &Fp6) -> Fp6 {
    let c0 = (a0.sqr().sum() - a1.mul(a2).sum().times_xi()).tight();
    let c1 = (a2.sqr().sum().times_xi() - a0.mul(a1).sum()).tight();
    let c2 = (a1.sqr().sum() - a0.mul(a2).sum()).tight();
    let mixed = (a2.mul(&c1).sum() + a1.mul(&c2).sum()).times_xi();
    let inverse = (a0.mul(&c0).sum() + mixed).tight().invert();
    Fp6([c0.mul(&inverse), c1.mul(&inverse), c2.mul(&inverse)])
}

pub(crate) use consts::{FROBENIUS, FROBENIUS_SQUARE};

#[rustfmt::skip]
mod consts {
    /// (1 + i)^(k(p-1)/6) for k = 1..=5.
    pub(crate) const FROBENIUS: [[[u64; 8]; 2]; 5] = [
[
        [
            0x3_f1c0_02e8_3512, 0x0_7b2d_5add_b4fe, 0xf_8872_2674_745b, 0x0_86dc_4175_cadf,
            0x6_f8de_cd6c_7fb1, 0xb_7a3c_fa3f_dd94, 0x5_c66d_6d43_83f0, 0x0_0000_0001_119a,
        ],
        [
            0xb_0e3f_fd17_7599, 0xf_6fe7_e522_46a1, 0x7_2883_fdaa_37a4, 0x0_a51a_3197_5f2f,
            0x0_6b98_7e18_73d4, 0x6_403e_69f4_dd39, 0xc_23cc_12a3_165a, 0x0_0000_0000_8e76,
        ],
    ],
[
        [
            0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000,
            0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000,
        ],
        [
            0xa_4246_57e2_5648, 0xc_7570_6049_e739, 0xb_5908_5299_e0e2, 0xd_9cf1_7286_a964,
            0x0_69ec_7cb3_3aa8, 0x3_5e99_5b23_9c7e, 0x8_2faa_0ff3_c329, 0x0_0000_0001_7601,
        ],
    ],
[
        [
            0x5_3e59_8836_494a, 0x0_d44c_cf70_2cac, 0xd_677e_519e_1819, 0x7_253f_567a_b707,
            0xc_14d0_0a8d_e6bd, 0x9_75b0_e8b0_7449, 0xd_f760_e4bf_908f, 0x0_0000_0001_0e93,
        ],
        [
            0x5_3e59_8836_494a, 0x0_d44c_cf70_2cac, 0xd_677e_519e_1819, 0x7_253f_567a_b707,
            0xc_14d0_0a8d_e6bd, 0x9_75b0_e8b0_7449, 0xd_f760_e4bf_908f, 0x0_0000_0001_0e93,
        ],
    ],
[
        [
            0x1_8a55_00cc_654c, 0x2_e1c1_e948_2fe9, 0xd_5d53_2d24_a460, 0x0_23e9_8269_5377,
            0x3_6c99_171e_f509, 0x1_9b09_66cc_23e1, 0x4_4c5f_b3cf_7304, 0x0_0000_0001_227f,
        ],
        [
            0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000,
            0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000,
        ],
    ],
[
        [
            0xa_3019_8b1e_d3b1, 0x1_6464_ea4d_e60a, 0x6_3efa_53f3_e074, 0x6_8025_24e3_57d8,
            0xb_a937_8c75_72e9, 0x3_3572_7ebb_9710, 0x1_d394_d21c_7a35, 0x0_0000_0000_801d,
        ],
        [
            0x4_cfe6_74e0_d6fa, 0xe_86b0_55b2_1595, 0x0_71fb_d02a_cb8b, 0xa_abd1_4e29_d237,
            0xb_bb3f_bf0f_809b, 0xe_8508_e579_23bc, 0x0_16a4_adca_2015, 0x0_0000_0001_1ff4,
        ],
    ],
    ];
    /// (1 + i)^(k(p²-1)/6) for k = 1..=5.
    pub(crate) const FROBENIUS_SQUARE: [[u64; 8]; 5] = [
    [
        0x4_bdb9_a81d_5463, 0x3_75a4_dfb6_1466, 0xb_57ed_d184_cb1d, 0x3_8f05_0086_80aa,
        0x6_fa8a_ced1_b8dc, 0xe_5be2_0911_1e4f, 0x9_ba8f_6ff2_d721, 0x0_0000_0000_2a0f,
    ],
    [
        0xd_75aa_ff33_455f, 0xd_0953_56b7_cbb6, 0x9_53a2_f6fa_079f, 0x1_080c_f0a3_d697,
        0x3_f7de_3465_fe7c, 0x0_1f71_fd68_96ec, 0xd_9dd9_cc17_2747, 0x0_0000_0000_7d91,
    ],
    [
        0x8_b7f1_5715_f0fc, 0x9_93ae_7701_b750, 0xd_fbb5_2575_3c82, 0xd_7907_f01d_55ec,
        0xc_fd53_6594_459f, 0x1_c38f_f457_789c, 0x3_e34a_5c24_5025, 0x0_0000_0000_5382,
    ],
    [
        0xa_4246_57e2_5648, 0xc_7570_6049_e739, 0xb_5908_5299_e0e2, 0xd_9cf1_7286_a964,
        0x0_69ec_7cb3_3aa8, 0x3_5e99_5b23_9c7e, 0x8_2faa_0ff3_c329, 0x0_0000_0001_7601,
    ],
    [
        0x1_8a55_00cc_654c, 0x2_e1c1_e948_2fe9, 0xd_5d53_2d24_a460, 0x0_23e9_8269_5377,
        0x3_6c99_171e_f509, 0x1_9b09_66cc_23e1, 0x4_4c5f_b3cf_7304, 0x0_0000_0001_227f,
    ],
    ];
}

#[cfg(test)]
mod tests;
