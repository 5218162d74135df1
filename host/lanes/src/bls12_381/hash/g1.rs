//! Hashing to G1 (RFC 9380, `BLS12381G1_XMD:SHA-256_SSWU_RO_`), eight messages at a time.

use blst::blst_p1_affine;

use super::super::group::G1;
use super::super::{Fp, SEED};
use super::{coordinate, expand, stored_or};
use crate::Ifma;
use crate::curve::Point;
use crate::element::{Element, ElementSum};
use crate::points::eight_of;
use crate::vector::Mask;

/// The hash of each message, with one domain separation tag for all.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn hash_to_g1(isa: Ifma, messages: &[&[u8]], tag: &[u8]) -> Vec<blst_p1_affine> {
    let points: Vec<Point<Fp>> = messages
        .chunks(8)
        .map(|eight| {
            let bytes = eight_of(eight).map(|message| expand::<128>(message, tag));
            map_to_g1(&[coordinate(isa, &bytes, 0), coordinate(isa, &bytes, 64)])
        })
        .collect();
    stored_or::<G1>(&points, messages, |message| hash_scalar(message, tag))
}

fn hash_scalar(message: &[u8], tag: &[u8]) -> blst_p1_affine {
    let (mut p, mut affine) = (blst::blst_p1::default(), blst_p1_affine::default());
    // SAFETY: the pointers come with their lengths; no augmentation.
    unsafe {
        blst::blst_hash_to_g1(
            &raw mut p,
            message.as_ptr(),
            message.len(),
            tag.as_ptr(),
            tag.len(),
            core::ptr::null(),
            0,
        );
        blst::blst_p1_to_affine(&raw mut affine, &raw const p);
    }
    affine
}

/// The point of G1 for two field elements; Z = 0 where two points to be added were equal, opposite or infinite. The cofactor
/// is cleared by 1 - x, where x is the negative parameter.
#[target_feature(enable = "avx512f,avx512ifma")]
fn map_to_g1(u: &[Fp; 2]) -> Point<Fp> {
    let [p, q] = map_to_isogenous(u);
    let sum = isogeny(&p.add_distinct(&q));
    sum.times(SEED).add_distinct(&sum)
}

/// The simplified SWU map to the curve y² = x³ + Ax + B that is 11-isogenous to ours, for both elements of each message.
///
/// x1 = N/D, and g(x1) = U/D³. With e = (U·D⁹)^((p-3)/4) the root of U/D³ is y1 = U·D³·e, if there is one; else √-Z·y1 is
/// one of Z·U/D³ up to its sign, and t·u times that belongs to x2 = t·x1, t = Z·u². Points come with Z = D.
#[target_feature(enable = "avx512f,avx512ifma")]
fn map_to_isogenous(u: &[Fp; 2]) -> [Point<Fp>; 2] {
    let isa = u[0].isa();
    let [a, b, z] = [&consts::A, &consts::B, &consts::Z].map(|c| Fp::splat(isa, c));
    let zero = Fp::zero(isa);
    let (mut t, mut n, mut d, mut d3, mut g, mut gd) = (
        [zero; 2], [zero; 2], [zero; 2], [zero; 2], [zero; 2], [zero; 2],
    );
    let mut radicands = [zero; 2];
    for i in 0..2 {
        t[i] = u[i].sqr().mul(&z);
        let tt = (t[i].sqr().sum() + t[i].sum()).tight();
        n[i] = (tt.sum() + Fp::one(isa).sum()).tight().mul(&b);
        let minus = a.mul(&tt).neg();
        d[i] = Fp::select(minus.is_zero(), &Fp::splat(isa, &consts::AZ), &minus);
        let d2 = d[i].sqr();
        d3[i] = d2.mul(&d[i]);
        let cubic = n[i].mul(&(n[i].sqr().sum() + a.mul(&d2).sum()).tight());
        g[i] = (cubic.sum() + b.mul(&d3[i]).sum()).tight();
        gd[i] = g[i].mul(&d3[i]);
        radicands[i] = gd[i].mul(&d3[i].sqr());
    }
    let powers = Fp::root_power(&radicands);
    core::array::from_fn(|i| {
        let y = gd[i].mul(&powers[i]);
        let square = y.sqr().mul(&d3[i]).equals(&g[i]);
        let root = Fp::splat(isa, &consts::ROOT_MINUS_11);
        let other = t[i].mul(&u[i]).mul(&y).mul(&root);
        let y = Fp::select(square, &y, &other);
        let x = Fp::select(square, &n[i], &n[i].mul(&t[i]));
        let y = Fp::select(is_odd(&u[i]) ^ is_odd(&y), &y.neg(), &y);
        Point {
            x: x.mul(&d[i]),
            y: y.mul(&d3[i]),
            z: d[i],
        }
    })
}

#[inline(always)]
fn is_odd(x: &Fp) -> Mask {
    x.plain().is_odd()
}

/// Σ kᵢ·xⁱ·zz^(n-i), by Horner's rule, with a leading coefficient after the n constants of k; `zz` holds the powers of zz.
#[target_feature(enable = "avx512f,avx512ifma")]
fn polynomial(leading: Fp, k: &[[u64; 8]], x: &Fp, zz: &[Fp; 15]) -> Fp {
    let isa = x.isa();
    let mut sum = leading;
    for (k, zz) in k.iter().rev().zip(zz) {
        sum = (sum.mul(x).sum() + zz.mul(&Fp::splat(isa, k)).sum()).tight();
    }
    sum
}

/// The isogeny of degree 11 to the curve of G1, in Jacobian coordinates on either side.
#[target_feature(enable = "avx512f,avx512ifma")]
fn isogeny(p: &Point<Fp>) -> Point<Fp> {
    let isa = p.x.isa();
    let one = Fp::one(isa);
    let z2 = p.z.sqr();
    let mut zz = [z2; 15];
    for i in 1..15 {
        zz[i] = zz[i - 1].mul(&z2);
    }
    let ([x_most @ .., x_leading], [y_most @ .., y_leading]) = (&consts::X_NUM, &consts::Y_NUM);
    let x_num = polynomial(Fp::splat(isa, x_leading), x_most, &p.x, &zz);
    let x_den = polynomial(one, &consts::X_DEN, &p.x, &zz).mul(&z2);
    let y_num = polynomial(Fp::splat(isa, y_leading), y_most, &p.x, &zz).mul(&p.y);
    let y_den = polynomial(one, &consts::Y_DEN, &p.x, &zz).mul(&z2.mul(&p.z));
    let z = x_den.mul(&y_den);
    Point {
        x: x_num.mul(&y_den).mul(&z),
        y: z.sqr().mul(&x_den).mul(&y_num),
        z,
    }
}

#[rustfmt::skip]
mod consts {
    /// The A of the isogenous curve.
    pub(super) const A: [u64; 8] = [
        0xe_f04e_f21a_1d3d, 0xb_bb7d_d060_d393, 0xf_f807_c891_fa32, 0x4_fa22_6001_e542,
        0x0_7bb9_1181_60f3, 0x1_b290_faa8_1f81, 0x9_d3a9_6a7e_a346, 0x0_0000_0000_f49b,
    ];
    /// Its B.
    pub(super) const B: [u64; 8] = [
        0x3_b73b_c2a9_d2a5, 0x1_5a68_b00b_a2c3, 0x9_cc6f_3e45_ccb6, 0x9_5443_4d7b_95ae,
        0xa_be57_e8ae_707a, 0x0_9f7d_a2e4_af85, 0xb_2d56_37f0_c3a9, 0x0_0000_0001_3315,
    ];
    /// 11.
    pub(super) const Z: [u64; 8] = [
        0xd_18a1_420d_a52d, 0x6_68c0_a2ed_1269, 0xa_4219_d052_6a63, 0xf_508c_07e4_cd00,
        0x7_4ad0_852f_dcb0, 0x1_c842_acdc_01ab, 0xa_fa7a_8a24_5d49, 0x0_0000_0001_499a,
    ];
    /// 11 A.
    pub(super) const AZ: [u64; 8] = [
        0xa_5364_6721_419d, 0x1_8be8_7429_319b, 0x7_8290_c58d_b82e, 0xf_b7b3_6dc5_dd84,
        0x8_f627_fb71_7555, 0x8_4d56_6bfc_f9ba, 0x0_9aee_9409_6640, 0x0_0000_0000_c249,
    ];
    /// A root of -11.
    pub(super) const ROOT_MINUS_11: [u64; 8] = [
        0xb_25c3_69c7_3944, 0xb_664a_beed_21be, 0x5_828e_15c6_4ff6, 0x8_d088_01a5_8aa3,
        0x6_53f0_3a21_9d26, 0x8_ea42_c6cc_b7b7, 0xf_e127_773d_a07a, 0x0_0000_0000_84b4,
    ];
    /// The isogeny's x numerator, constant term first.
    pub(super) const X_NUM: [[u64; 8]; 12] = [
    [
        0xc_30e5_4cea_954c, 0x2_c005_849d_7971, 0xd_715c_29ae_0148, 0x9_0702_0e3a_53bd,
        0x7_c6a1_6c41_1041, 0xe_6994_8dd0_a956, 0x9_d40a_27f1_ed3b, 0x0_0000_0000_f5e1,
    ],
    [
        0xf_d4a2_8549_b8f4, 0x5_6c8a_b28c_709f, 0x4_a67a_9bb6_3a5c, 0x9_daed_82e7_09b4,
        0x3_6ecc_71ec_6721, 0xa_57a9_4c7c_aca4, 0xb_c4ec_6861_fa43, 0x0_0000_0000_5ede,
    ],
    [
        0xc_7ef4_d37b_be85, 0x9_2236_a05e_ef27, 0xd_6fc0_574d_b435, 0x3_6635_19c3_ca70,
        0x3_16b3_33e9_dff5, 0x3_c576_c7a1_40f5, 0xc_92ab_8490_ac71, 0x0_0000_0000_c4fc,
    ],
    [
        0x0_5716_e5f7_94dd, 0xf_c611_84e8_d686, 0x3_0e1d_3e38_b48c, 0x6_151f_cd7e_a3a6,
        0xa_0e4a_02f7_0bc7, 0x3_dcfb_71d3_1c24, 0x4_7d0c_8984_635a, 0x0_0000_0000_af4a,
    ],
    [
        0x2_6de7_d1f6_0d67, 0x8_1821_8843_6307, 0xd_73a0_43fb_5b43, 0xe_7d4f_f312_1ef7,
        0xa_701c_d8b6_ae46, 0x7_5c17_0e4d_cf03, 0xe_a6a1_303c_c944, 0x0_0000_0000_d60a,
    ],
    [
        0xf_789b_832e_2aed, 0xf_7895_8405_b096, 0xf_ddfe_71ba_af92, 0x4_7d0b_0a82_cad0,
        0x4_d90c_1c0d_eb6a, 0xb_15bc_e09e_5c9a, 0xc_dc08_86c5_5d30, 0x0_0000_0000_bdbd,
    ],
    [
        0x0_6a97_ce04_f560, 0x0_0fff_dd55_1b32, 0x4_7199_ac9b_ff50, 0xb_47c3_5979_02bb,
        0xc_dfba_c357_584a, 0x8_f6ef_a5ed_8ad2, 0xf_9fd7_f043_27ca, 0x0_0000_0001_22a7,
    ],
    [
        0xc_c540_3ae7_a87e, 0x1_cc77_3e1e_0b98, 0xa_2efb_f4da_56bf, 0x3_d4fc_6fd2_3363,
        0x2_6df5_5044_c6ba, 0xc_3676_29c7_621c, 0xc_38f1_9338_6049, 0x0_0000_0001_1aaf,
    ],
    [
        0x8_d088_3a03_a57f, 0x5_d571_d7b7_05a5, 0x8_cf1b_b2d8_8085, 0x1_2478_3735_4aad,
        0x5_75ff_8502_bf85, 0x6_c46c_2613_3291, 0x7_1d8b_e7e1_ff34, 0x0_0000_0001_6b25,
    ],
    [
        0xe_905b_e53d_fb6d, 0xf_6bde_5df1_763a, 0xa_8cf5_b1ff_affb, 0xf_0b25_ec56_7037,
        0x2_1fac_7580_f013, 0x7_d472_ca75_1155, 0xf_1937_2639_955d, 0x0_0000_0001_6a9c,
    ],
    [
        0x4_3b35_628f_e157, 0x1_93ba_130f_07bd, 0x4_9e1f_1f50_0ce8, 0x4_d6b2_4785_544c,
        0xd_353c_cf34_ad83, 0x4_391e_89fc_a1f7, 0xb_b58c_7c47_40de, 0x0_0000_0000_b65d,
    ],
    [
        0x1_c778_b758_a254, 0x8_1bbf_c802_1969, 0x3_ada6_7499_4d40, 0xe_da7f_bab7_72de,
        0x3_83c9_4462_de09, 0xc_6117_96de_0d20, 0xb_3240_1cd8_5fe7, 0x0_0000_0000_3653,
    ],
    ];
    /// Its x denominator, without the leading 1.
    pub(super) const X_DEN: [[u64; 8]; 10] = [
    [
        0xf_fdda_abaf_4fbb, 0x4_61a3_978d_1a87, 0x7_664f_4474_c135, 0xf_0d3c_9516_dc8b,
        0x4_2fc3_5a3e_acfc, 0xa_dfba_d50c_4be4, 0x9_406f_1317_f701, 0x0_0000_0001_5301,
    ],
    [
        0xe_dcc2_80d3_b998, 0xd_b32d_b8cb_9c83, 0x5_1de6_8c84_51b1, 0x6_5186_bc0b_b95b,
        0xb_015d_2931_b2ca, 0xc_3255_8bbd_773f, 0x7_305d_71c6_31f4, 0x0_0000_0000_187c,
    ],
    [
        0xe_1ebd_e057_ede6, 0xf_701b_f8ac_5cee, 0x8_9a38_4bf6_3519, 0xe_7f68_2522_c877,
        0x2_6455_e2d0_4bf4, 0x7_c6a0_d891_8a6c, 0xc_33a3_b1de_2f3c, 0x0_0000_0000_6671,
    ],
    [
        0xf_2b59_a37e_76be, 0x5_910c_ce3f_4423, 0x2_fb1a_5639_f07a, 0x2_c420_e7c4_a1ec,
        0x7_ec4a_742c_1ce0, 0x1_ba3c_c82c_18db, 0xa_a9dc_18dc_8167, 0x0_0000_0001_1e48,
    ],
    [
        0xc_4633_ef4c_7aa5, 0x5_a870_4113_ea0d, 0x0_c0c6_a885_ab6b, 0x5_8546_5bcc_8947,
        0xb_3bfc_dde4_c33e, 0x4_f1c0_c814_a1c4, 0x9_f307_fde3_1339, 0x0_0000_0001_7e63,
    ],
    [
        0xa_2f6e_963d_fe1e, 0xa_76d6_6529_a36b, 0x5_8975_ad56_bfc3, 0x8_6b89_e353_75ca,
        0x3_990c_df47_e935, 0xe_c17b_5350_fa5e, 0xf_8e88_e2e9_e4ff, 0x0_0000_0000_cc98,
    ],
    [
        0x3_685d_907c_46b5, 0xa_0fec_5847_d039, 0x9_edd4_f00a_367b, 0xc_9601_2039_bdb9,
        0x1_68aa_eb0f_e2eb, 0xe_8d3b_7732_6562, 0x9_a693_2b2d_bc15, 0x0_0000_0000_08a1,
    ],
    [
        0xd_164d_7bc5_e18e, 0x0_83a7_6217_257c, 0x7_7ba3_53b7_5913, 0x4_03a8_9f68_d8bc,
        0x6_49cb_a6d7_b1b0, 0x1_7b92_b217_6137, 0xb_0786_0155_e4ff, 0x0_0000_0000_0958,
    ],
    [
        0xb_3e92_c39c_bf78, 0x6_99e7_d70f_4eda, 0xf_635b_fd2e_9274, 0x3_ad35_21dd_7157,
        0xa_2555_359d_81f5, 0x7_88d4_799d_7ed3, 0x5_1132_0650_b4fc, 0x0_0000_0000_df73,
    ],
    [
        0x4_fc3b_9613_2cb8, 0x3_278c_c21b_9058, 0xc_19c0_527c_7db4, 0xb_603d_fc4b_22dd,
        0x6_5d0b_4d5f_9882, 0x3_63e3_797d_e199, 0x3_517f_42ef_b781, 0x0_0000_0000_0ec2,
    ],
    ];
    /// Its y numerator.
    pub(super) const Y_NUM: [[u64; 8]; 16] = [
    [
        0xf_9dad_592d_7b8c, 0xf_850a_6da6_e97d, 0xa_e950_b4a1_41e3, 0xb_fea5_4349_9d7e,
        0xa_feaa_b0d7_181a, 0xf_6e48_aefa_4f7e, 0x9_9990_7c66_8735, 0x0_0000_0001_9e2b,
    ],
    [
        0x0_6be0_7d28_6036, 0xa_b6d5_3525_838a, 0x2_98f6_a1b9_1f61, 0x3_725c_992e_9e88,
        0x5_7631_51c6_52c2, 0xd_71a2_7da4_5a6f, 0xd_8c73_e90d_7636, 0x0_0000_0001_583f,
    ],
    [
        0xb_37bd_c3e5_fa96, 0xc_9174_0538_f2e9, 0x4_03df_2a41_70e9, 0x5_1b80_c729_0ec2,
        0xd_06f6_a864_b7f1, 0x2_b5fc_d8a2_9239, 0x0_335a_8b09_bc01, 0x0_0000_0000_e40d,
    ],
    [
        0x1_e42b_7f50_04ea, 0xd_9b03_8d8d_fbcf, 0xc_16eb_0b20_be7a, 0x3_4267_196a_920d,
        0xf_262e_f745_40a4, 0x2_f100_9a65_fea2, 0xd_c431_a6aa_b1f9, 0x0_0000_0000_476d,
    ],
    [
        0x0_5ccf_50b6_f90e, 0x2_6964_ff12_b986, 0xb_16ab_608c_5d27, 0xb_e037_f65f_1212,
        0x6_688d_adb6_132f, 0x6_b1da_c26d_7e63, 0x4_3467_5461_0e94, 0x0_0000_0001_43b8,
    ],
    [
        0x5_c366_2214_d762, 0xf_2f50_5a11_e26f, 0x4_1cbd_9089_3e8e, 0x1_3d3e_73de_1d43,
        0x7_a064_6c60_25f3, 0xf_13d5_df46_d13d, 0x2_6351_734a_ed13, 0x0_0000_0000_c11d,
    ],
    [
        0xd_f34b_e536_00ce, 0xe_18fb_e77f_bd93, 0x1_e768_c3f4_67ee, 0x2_413b_bc59_b9df,
        0xa_069f_b72b_31c4, 0x3_b95d_bf3d_e6ff, 0x7_4a55_2e5e_c78d, 0x0_0000_0000_1ead,
    ],
    [
        0x8_f0b0_15ff_c674, 0x7_3a73_a074_c7c6, 0x3_b9c0_a1cb_b3d0, 0x5_80de_aa0e_d8fa,
        0x6_48ca_6442_d838, 0xd_df55_ec64_c756, 0x6_5f92_299b_08e7, 0x0_0000_0000_fd4b,
    ],
    [
        0x5_a2f7_0eaf_5858, 0x9_d473_0edf_6150, 0x1_3686_a15c_1147, 0xf_61ea_7788_c214,
        0x5_0f5b_a4cb_5cc8, 0xf_cc1b_9cbc_fd54, 0x4_0c6b_dcfd_8725, 0x0_0000_0001_290c,
    ],
    [
        0xf_e21f_62e9_4d11, 0xe_fa78_d5b8_962d, 0x4_ab2e_c294_42e3, 0xf_a16c_e68e_1658,
        0x1_cf92_d091_6f8f, 0x2_d0f0_f005_3dc5, 0x3_2881_4dd6_bb6c, 0x0_0000_0000_f92d,
    ],
    [
        0xa_69c6_f01c_7ced, 0x3_7c8a_4a93_3a92, 0x8_6121_17bb_22c2, 0x0_ad4d_7d90_07c2,
        0x4_cc61_5637_c8d7, 0x5_b04d_185d_9c71, 0x2_d11a_6da8_b672, 0x0_0000_0001_9b12,
    ],
    [
        0xd_457e_74be_d92f, 0x4_902b_5b99_df1f, 0x7_9447_8480_57fa, 0xb_ded2_c938_162f,
        0xe_3952_608d_0683, 0xa_4b36_1909_a216, 0x4_9288_a28e_5ae3, 0x0_0000_0000_3662,
    ],
    [
        0xa_275d_fe73_2ba4, 0x7_1f90_02ee_dfc5, 0x6_a06b_d966_cf49, 0xb_e246_a4e9_0afd,
        0x3_1f1d_ed82_69d8, 0x3_39ae_5add_7c65, 0x6_5145_bc21_ed0e, 0x0_0000_0000_3e72,
    ],
    [
        0xd_548e_ef5d_acd3, 0xa_c679_da95_e1c5, 0x9_e743_fc55_302b, 0x8_271b_9bae_a1f5,
        0xe_8516_db67_9329, 0x5_4c42_817c_86f6, 0x3_a69e_3cc5_0ec5, 0x0_0000_0001_6708,
    ],
    [
        0xf_8812_ea87_e0ab, 0xa_5ef1_96f6_6863, 0xa_c23b_49f1_c41f, 0x6_d9cf_742d_a483,
        0x9_f8ae_3feb_aaf6, 0x4_c31f_c9f9_0bb4, 0xc_6348_5c8d_4593, 0x0_0000_0000_9d40,
    ],
    [
        0x6_867f_567c_1e46, 0x6_7b24_c0ba_5b6c, 0x4_f67a_8886_e934, 0xe_0d48_bf62_767f,
        0xf_c467_796a_9479, 0x7_0f72_5189_f0d4, 0x7_1f51_5f9f_7db6, 0x0_0000_0001_7f2e,
    ],
    ];
    /// Its y denominator, without the leading 1.
    pub(super) const Y_DEN: [[u64; 8]; 15] = [
    [
        0xc_4db6_a5bc_e253, 0x8_3fa8_395c_58ae, 0xe_d5f6_23f5_66e1, 0xe_71ad_7040_0834,
        0xb_b377_632d_b3c9, 0xd_3490_133a_835b, 0x8_d8d7_b43d_b972, 0x0_0000_0000_3c37,
    ],
    [
        0xf_ed6e_a13f_80a2, 0x1_0311_7db2_5ef4, 0xe_f5dd_8c9a_2eed, 0x2_37ba_d1da_31d0,
        0x5_e5bc_6d67_e984, 0xb_5d7f_4268_ed4d, 0x2_f7d5_af2a_49a3, 0x0_0000_0000_ba58,
    ],
    [
        0x6_0b62_cfdb_2a5e, 0x3_4df2_ee30_1595, 0xc_b011_202b_f34c, 0x1_8e9e_4abb_fd7d,
        0xc_aa29_772e_e1c7, 0xd_e303_f65a_16b7, 0xa_c97f_2abc_4f47, 0x0_0000_0000_2670,
    ],
    [
        0x8_db5a_6b07_07cf, 0x4_82d0_d0e0_5560, 0x3_37f5_efd4_fbd5, 0xb_8c13_2be9_767c,
        0x8_9659_76c8_b21a, 0x6_d903_1a81_3689, 0xf_402b_edcb_ec7b, 0x0_0000_0001_983a,
    ],
    [
        0x4_fcc3_fb40_f6c1, 0x3_b763_e1eb_e6c2, 0xa_f467_3dcd_b23b, 0xb_148e_c914_29a2,
        0x9_f309_bbd9_0a62, 0xc_9cc5_c492_5c85, 0x4_28d8_5899_e813, 0x0_0000_0001_18e0,
    ],
    [
        0xd_e6d3_a891_8dd8, 0x6_4886_cbd5_8152, 0x9_f812_4a2e_17e9, 0x6_88de_2314_88a0,
        0x1_81f5_b891_8623, 0xf_0595_b089_9faf, 0xa_6c08_58cb_1d19, 0x0_0000_0001_8999,
    ],
    [
        0x9_18fe_b843_7407, 0xb_b784_b79d_e459, 0x2_7138_db7d_6a78, 0x3_3bc9_ad5c_014f,
        0xe_6a2d_abf6_6686, 0x8_4abe_4b70_0b38, 0xe_85a6_ca0c_d682, 0x0_0000_0000_b017,
    ],
    [
        0xa_0fac_a34d_86b6, 0xd_0824_b8e8_27b6, 0x2_0851_d5de_a5fc, 0xa_1050_678b_2ea3,
        0x4_696c_f8e5_9acb, 0xb_74cb_1adf_dce2, 0xa_452c_bdeb_3bff, 0x0_0000_0001_2bf8,
    ],
    [
        0x1_04b5_b3b3_1b3c, 0x0_bea0_51d6_e62c, 0xe_c153_815d_0b3a, 0x2_a183_bd0b_b2b6,
        0x7_a6d0_fb2d_0c03, 0xf_ab5b_2290_c03e, 0xc_b1b2_5347_a626, 0x0_0000_0000_0a0c,
    ],
    [
        0x6_d749_0d94_c750, 0xe_fc50_5f5a_6540, 0x2_6ffe_513f_84e8, 0x0_5927_941c_b99e,
        0x7_b3ec_b290_7ee7, 0xc_8bd8_f21b_4e47, 0xf_812e_edcb_47af, 0x0_0000_0000_4e02,
    ],
    [
        0x8_938e_7f8e_1ca7, 0x4_89c6_87a7_2320, 0x0_dc61_3cdf_68cc, 0x0_a4d2_4b46_83e6,
        0xd_0d87_a47e_7203, 0x2_5191_bf3d_6ecf, 0x9_ad30_ce30_b1d2, 0x0_0000_0000_ed06,
    ],
    [
        0xc_9842_e1b3_e524, 0xf_b2bc_a2fe_b44c, 0xd_17b7_f74f_7a49, 0x2_4def_9a5f_a320,
        0x5_ca95_cd68_51f1, 0x6_1517_9fb4_a7f5, 0xb_a124_0dd8_750a, 0x0_0000_0001_0a78,
    ],
    [
        0x7_11d3_138c_9baa, 0xf_b2bb_a376_9e04, 0x9_51a9_89fd_e949, 0xe_c54b_1b31_51d1,
        0xf_03ac_0bef_a941, 0xe_cf6f_d6da_686a, 0x5_5810_03f3_26d1, 0x0_0000_0000_85cf,
    ],
    [
        0xa_a003_1c5a_4d1f, 0xf_aebb_c96b_d4bf, 0xa_7e7f_4975_32ba, 0xf_bf00_e082_cb86,
        0x6_0d20_6e1a_2df3, 0x1_a142_fc13_187f, 0x9_b725_fbc1_7e8d, 0x0_0000_0000_c0b7,
    ],
    [
        0x7_7a59_611c_c314, 0x4_bb53_2329_5884, 0xa_26a0_7bba_bc8e, 0x1_105c_fa70_b44c,
        0x1_8b90_f40f_64c4, 0xd_15d5_363c_d266, 0x4_fa3e_e467_9341, 0x0_0000_0000_1623,
    ],
    ];
}

#[cfg(test)]
mod tests;
