//! The base field of BLS12-381, and how blst keeps an element: Montgomery form with 2^384, six words.

use blst::blst_fp;

use super::{Bls12381, Fp};
use crate::Ifma;
use crate::element::Element;
use crate::fp::{Field, Plain, RootSteps};
use crate::vector::V;

impl Field for Bls12381 {
    const LIMBS: usize = 8;
    const WORDS: usize = 6;
    type Limbs<T: Copy> = [T; 8];
    type Columns<T: Copy> = [T; 16];

    #[inline(always)]
    fn limbs<T: Copy>(x: T) -> [T; 8] {
        [x; 8]
    }

    #[inline(always)]
    fn columns<T: Copy>(x: T) -> [T; 16] {
        [x; 16]
    }

    const P: [u64; 8] = [
        0xe_ffff_ffff_aaab,
        0xf_eb15_3fff_fb9f,
        0x6_b0f6_241e_abff,
        0x1_2bf6_730d_2a0f,
        0x7_6477_4b84_f385,
        0x1_ba7b_6434_bacd,
        0x1_ea39_7fe6_9a4b,
        0x0_0000_0001_a011,
    ];
    const FOLD: [u64; 8] = [
        0x0_4be0_7d20_27cb,
        0xd_7786_e390_02d4,
        0xf_5104_7083_c4dd,
        0x9_6079_a767_0223,
        0x0_4ca5_1304_4b79,
        0x6_615d_3780_ea11,
        0xf_9a56_23d6_a279,
        0x0_0000_0000_6803,
    ];
    const NEG_P: [u64; 8] = [
        0x1_0000_0000_5555,
        0x0_14ea_c000_0460,
        0x9_4f09_dbe1_5400,
        0xe_d409_8cf2_d5f0,
        0x8_9b88_b47b_0c7a,
        0xe_4584_9bcb_4532,
        0xe_15c6_8019_65b4,
        0xf_ffff_fffe_5fee,
    ];
    /// 4096p.
    const SUM_BELOW: [u64; 8] = [
        0xf_ffff_faaa_b000,
        0x1_53ff_ffb9_feff,
        0xf_6241_eabf_ffeb,
        0xf_6730_d2a0_f6b0,
        0x7_74b8_4f38_512b,
        0x7_b643_4bac_d764,
        0x3_97fe_69a4_b1ba,
        0x0_0000_1a01_11ea,
    ];
    const P_4: [u64; 8] = [
        0xb_ffff_fffe_aaac,
        0xf_ac54_ffff_ee7f,
        0xa_c3d8_907a_afff,
        0x4_afd9_cc34_a83d,
        0xd_91dd_2e13_ce14,
        0x6_e9ed_90d2_eb35,
        0x7_a8e5_ff9a_692c,
        0x0_0000_0006_8044,
    ];
    const HALF_UP: [u64; 8] = [
        0xf_7fff_ffff_d556,
        0xf_f58a_9fff_fdcf,
        0xb_587b_120f_55ff,
        0x8_95fb_3986_9507,
        0xb_b23b_a5c2_79c2,
        0x8_dd3d_b21a_5d66,
        0x8_f51c_bff3_4d25,
        0x0_0000_0000_d008,
    ];
    const ONE: [u64; 8] = [
        0x6_480e_a8e9_b9af,
        0x6_5766_c8fe_444f,
        0x8_b540_fea9_6f7d,
        0x3_b2ee_82ef_d422,
        0xa_6723_e5f0_ade5,
        0xf_f6eb_6fdd_4230,
        0xe_06ef_23c2_4a25,
        0x0_0000_0001_4c8e,
    ];
    const HALF: [u64; 8] = [
        0xa_a407_5474_b22d,
        0xb_213e_047f_1ff7,
        0xf_b31b_9164_0dbe,
        0x2_6f72_7afe_7f18,
        0x0_e5cd_98ba_d0b5,
        0x8_d8b3_6a08_fe7f,
        0xf_f894_51d4_7238,
        0x0_0000_0001_764f,
    ];
    const FROM_PLAIN: [u64; 8] = [
        0xa_5bf4_cb89_af51,
        0x3_afbb_a7ca_31a2,
        0x2_6461_60ec_71f1,
        0xa_84d7_1046_5903,
        0x3_480a_4a18_8311,
        0x9_8e59_07ad_91f5,
        0x2_075d_7450_7266,
        0x0_0000_0000_8746,
    ];
    const NINV: u64 = 0x3_fffc_fffc_fffd;
    const QUOTIENT_SHIFT: u32 = 0;
    const QUOTIENT_BIAS: u64 = 436_277_737;
    const QUOTIENT_SCALE: u64 = 42_282_111_731;
    const ROOT_STEPS: RootSteps = RootSteps::new(
        &[
            0xee7f_bfff_ffff_eaaa,
            0x07aa_ffff_ac54_ffff,
            0xd9cc_34a8_3dac_3d89,
            0xd91d_d2e1_3ce1_44af,
            0x92c6_e9ed_90d2_eb35,
            0x0680_447a_8e5f_f9a6,
        ],
        379,
    );
    const FACTOR_BELOW: u64 = 1 << 5;
    const COLUMN_BELOW: i64 = 1 << 62;
    const WIDE_IS_FAR: bool = false;

    type Scalar = blst_fp;

    #[inline(always)]
    fn load(isa: Ifma, x: [&blst_fp; 8]) -> Fp {
        // SAFETY: the function needs the Ifma features, which isa proves.
        unsafe { load(isa, x) }
    }

    #[inline(always)]
    fn store(x: &Fp) -> [blst_fp; 8] {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { store(x) }
    }

    fn multiply_scalar(a: &blst_fp, b: &blst_fp) -> blst_fp {
        let mut product = blst_fp::default();
        // SAFETY: plain values of the types that blst asks for.
        unsafe { blst::blst_fp_mul(&raw mut product, a, b) };
        product
    }

    fn invert_scalar(x: &blst_fp) -> blst_fp {
        let mut inverse = blst_fp::default();
        // SAFETY: plain values of the types that blst asks for.
        unsafe { blst::blst_fp_eucl_inverse(&raw mut inverse, x) };
        inverse
    }
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn load(isa: Ifma, x: [&blst_fp; 8]) -> Fp {
    let mut rows = [V::splat(isa, 0); 8];
    for lane in 0..8 {
        rows[lane] = V::load_first(isa, &x[lane].l);
    }
    Plain::from_words(&V::transpose(rows)).times(&FROM_384)
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn store(x: &Fp) -> [blst_fp; 8] {
    let form = x.mul(&Fp::splat(x.isa(), &TO_384)).canonical();
    let rows = V::transpose(form.as_plain().words());
    let mut elements = [blst_fp::default(); 8];
    for lane in 0..8 {
        let [a, b, c, d, e, f, ..] = rows[lane].store();
        elements[lane].l = [a, b, c, d, e, f];
    }
    elements
}

/// Takes the form with 2^384 to ours: 2^448 mod p.
const FROM_384: [u64; 8] = [
    0x7_fde3_7dba_9366,
    0x4_e275_25bc_342b,
    0x1_f5b1_e977_8489,
    0xb_872b_2b91_b9dc,
    0xb_206f_497d_fcaf,
    0x4_137c_c89a_9b0b,
    0xd_9d20_d7e3_9959,
    0x0_0000_0000_411c,
];
/// Takes our form to the one with 2^384: 2^384 mod p.
const TO_384: [u64; 8] = [
    0x9_0000_0002_fffd,
    0x0_bc40_c000_2760,
    0x3_c758_baeb_f400,
    0x5_7455_f489_8575,
    0xd_77ce_5853_7052,
    0x0_71a9_7a25_6ec6,
    0xe_c3fa_80e4_935c,
    0x0_0000_0001_5f65,
];
