//! The tower over 1 + i, and the pairing.

use blst::{blst_fp, blst_fp2, blst_fp6, blst_fp12};

use super::group::{G1, G2};
use super::{Bls12381, SEED};
use crate::element::ElementSum;
use crate::final_exp::{Cyclotomic, power};
use crate::fp2::{Sum2, Tower};
use crate::miller::{Pairing, Step, Twist};
use crate::vector::V;

impl Tower for Bls12381 {
    #[inline(always)]
    fn times_a(x: V) -> V {
        x
    }

    const FROBENIUS: [[[u64; 8]; 2]; 5] = consts::FROBENIUS;
    const FROBENIUS_SQUARE: [[u64; 8]; 5] = consts::FROBENIUS_SQUARE;

    type Scalar2 = blst_fp2;

    #[inline(always)]
    fn coordinates(x: &blst_fp2) -> [&blst_fp; 2] {
        x.fp.each_ref()
    }

    #[inline(always)]
    fn from_coordinates(fp: [blst_fp; 2]) -> blst_fp2 {
        blst_fp2 { fp }
    }

    type Scalar12 = blst_fp12;

    #[inline(always)]
    fn coefficients(x: &blst_fp12) -> [&blst_fp2; 6] {
        let [even, odd] = x.fp6.each_ref().map(|half| half.fp2.each_ref());
        [even[0], odd[0], even[1], odd[1], even[2], odd[2]]
    }

    #[inline(always)]
    fn from_coefficients([a, b, c, d, e, f]: [blst_fp2; 6]) -> blst_fp12 {
        blst_fp12 {
            fp6: [blst_fp6 { fp2: [a, c, e] }, blst_fp6 { fp2: [b, d, f] }],
        }
    }

    fn invert_scalar12(x: &blst_fp12) -> blst_fp12 {
        let mut inverse = blst_fp12::default();
        // SAFETY: plain values of the types that blst asks for.
        unsafe { blst::blst_fp12_inverse(&raw mut inverse, x) };
        inverse
    }
}

/// The digits of the parameter below the highest, from the top.
const LOOP: [i8; 63] = {
    let mut digits = [0; 63];
    let mut i = 0;
    while i < 63 {
        digits[i] = (SEED >> (62 - i) & 1) as i8;
        i += 1;
    }
    digits
};

impl Pairing for Bls12381 {
    type G1 = G1;
    type G2 = G2;

    const TWIST: Twist = Twist::Multiplied;

    /// b = 4.
    #[inline(always)]
    fn times_3b(x: Sum2<Self>) -> Sum2<Self> {
        let four = x.times_pow2::<2>();
        four.double() + four
    }

    const PSI_X: [[u64; 8]; 2] = consts::PSI_X;
    const PSI_Y: [[u64; 8]; 2] = consts::PSI_Y;
    const PSI2_X: [u64; 8] = consts::PSI2_X;

    const LOOP: &'static [i8] = &LOOP;
    const LAST: &'static [Step] = &[Step::Conjugate];
    const FEW: usize = 8;
    const LOCK_STEP_FROM: usize = 6;

    /// To the power 3 (p^4 - p^2 + 1) / r, as blst and zkcrypto's pairing compute it. x is the (negative) parameter.
    fn hard_part<F: Cyclotomic>(f: &F) -> F {
        let minus = |f: &F, e: u64| power(f, e).conjugate();
        let f2 = f.cyclotomic_square();
        let a = minus(&f2, SEED); // 2x
        let b = minus(&a, SEED / 2); // x²: half of x is still whole, and a is a square
        let c = a.mul(&f.conjugate()).conjugate().mul(&b); // x² - 2x + 1
        let d = minus(&c, SEED);
        let e = minus(&d, SEED).mul(&c.conjugate());
        let g = c.frobenius_square().frobenius().mul(&d.frobenius_square());
        let h = minus(&e, SEED).mul(&f2).mul(f);
        g.mul(&h).mul(&e.frobenius())
    }
}

#[rustfmt::skip]
mod consts {
    /// (1 + i)^(k(p-1)/6) for k = 1..=5.
    pub(super) const FROBENIUS: [[[u64; 8]; 2]; 5] = [
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
    pub(super) const FROBENIUS_SQUARE: [[u64; 8]; 5] = [
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
    /// (1 + i)^-((p-1)/3).
    pub(super) const PSI_X: [[u64; 8]; 2] = [
        [
            0x0_0000_0000_0000,
            0x0_0000_0000_0000,
            0x0_0000_0000_0000,
            0x0_0000_0000_0000,
            0x0_0000_0000_0000,
            0x0_0000_0000_0000,
            0x0_0000_0000_0000,
            0x0_0000_0000_0000,
        ],
        [
            0x1_8a55_00cc_654c,
            0x2_e1c1_e948_2fe9,
            0xd_5d53_2d24_a460,
            0x0_23e9_8269_5377,
            0x3_6c99_171e_f509,
            0x1_9b09_66cc_23e1,
            0x4_4c5f_b3cf_7304,
            0x0_0000_0001_227f,
        ],
    ];
    /// (1 + i)^-((p-1)/2).
    pub(super) const PSI_Y: [[u64; 8]; 2] = [
        [
            0x9_c1a6_77c9_6161,
            0xf_16c8_708f_cef3,
            0x9_4977_d280_93e6,
            0xa_06b7_1c92_7307,
            0xb_4fa7_40f7_0cc7,
            0x8_44ca_7b84_4683,
            0x3_f2d8_9b27_09bb,
            0x0_0000_0000_917d,
        ],
        [
            0x5_3e59_8836_494a,
            0x0_d44c_cf70_2cac,
            0xd_677e_519e_1819,
            0x7_253f_567a_b707,
            0xc_14d0_0a8d_e6bd,
            0x9_75b0_e8b0_7449,
            0xd_f760_e4bf_908f,
            0x0_0000_0001_0e93,
        ],
    ];
    /// `PSI_X` to the power p + 1.
    pub(super) const PSI2_X: [u64; 8] = [
        0xa_4246_57e2_5648,
        0xc_7570_6049_e739,
        0xb_5908_5299_e0e2,
        0xd_9cf1_7286_a964,
        0x0_69ec_7cb3_3aa8,
        0x3_5e99_5b23_9c7e,
        0x8_2faa_0ff3_c329,
        0x0_0000_0001_7601,
    ];
}
