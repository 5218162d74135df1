//! The base field of BN254, and how arkworks keeps an element: Montgomery form with 2^256, four words.

use ark_bn254::Fq;
use ark_ff::{BigInt, Field as _, Zero};

use super::{Bn254, Fp};
use crate::Ifma;
use crate::element::Element;
use crate::fp::{Field, Plain, RootSteps};
use crate::vector::V;

impl Field for Bn254 {
    const LIMBS: usize = 5;
    const WORDS: usize = 4;
    type Limbs<T: Copy> = [T; 5];
    type Columns<T: Copy> = [T; 10];

    #[inline(always)]
    fn limbs<T: Copy>(x: T) -> [T; 5] {
        [x; 5]
    }

    #[inline(always)]
    fn columns<T: Copy>(x: T) -> [T; 10] {
        [x; 10]
    }

    const P: [u64; 5] = [
        0x0_8c16_d87c_fd47,
        0x9_1687_1ca8_d3c2,
        0x1_8158_5d97_816a,
        0xa_029b_8504_5b68,
        0x0_3064_4e72_e131,
    ];
    const FOLD: [u64; 5] = [
        0xc_93a3_dee2_2c55,
        0xe_15f4_ea25_0777,
        0x3_7f0b_49e7_cd63,
        0x2_079e_650a_0895,
        0x0_0623_4192_d7a1,
    ];
    const NEG_P: [u64; 5] = [
        0xf_73e9_2783_02b9,
        0x6_e978_e357_2c3d,
        0xe_7ea7_a268_7e95,
        0x5_fd64_7afb_a497,
        0xf_cf9b_b18d_1ece,
    ];
    /// 1024p.
    const SUM_BELOW: [u64; 5] = [
        0x0_5b61_f3f5_1c00,
        0xa_1c72_a34f_0823,
        0x5_6176_5e05_aa45,
        0xa_6e14_116d_a060,
        0xc1_9139_cb84_c680,
    ];
    const P_4: [u64; 5] = [
        0x2_305b_61f3_f51c,
        0x4_5a1c_72a3_4f08,
        0x6_0561_765e_05aa,
        0x8_0a6e_1411_6da0,
        0x0_c191_39cb_84c6,
    ];
    const HALF_UP: [u64; 5] = [
        0x0_460b_6c3e_7ea4,
        0x4_8b43_8e54_69e1,
        0x0_c0ac_2ecb_c0b5,
        0xd_014d_c282_2db4,
        0x0_1832_2739_7098,
    ];
    const ONE: [u64; 5] = [
        0x2_0880_f6fc_e4b4,
        0x4_9baa_989a_8455,
        0x1_8f01_4a49_8908,
        0x7_24f8_5a92_01d8,
        0x0_1f16_424e_1bb7,
    ];
    const HALF: [u64; 5] = [
        0x9_0440_7b7e_725a,
        0x2_4dd5_4c4d_422a,
        0x0_c780_a524_c484,
        0xb_927c_2d49_00ec,
        0x0_0f8b_2127_0ddb,
    ];
    const FROM_PLAIN: [u64; 5] = [
        0x8_a81d_1966_eb04,
        0x6_1950_1801_6b86,
        0xb_4f89_8c98_e615,
        0x9_969b_fd53_1600,
        0x0_0a84_69a3_0d3a,
    ];
    const NINV: u64 = 0x2_0782_e486_6389;
    const QUOTIENT_SHIFT: u32 = 20;
    const QUOTIENT_BIAS: u64 = 51_960_323_255;
    const QUOTIENT_SCALE: u64 = 88_753_990;
    const ROOT_STEPS: RootSteps = RootSteps::new(
        &[
            0x4f08_2305_b61f_3f51,
            0x65e0_5aa4_5a1c_72a3,
            0x6e14_116d_a060_5617,
            0x0c19_139c_b84c_680a,
        ],
        252,
    );
    const FACTOR_BELOW: u64 = 64;
    const COLUMN_BELOW: i64 = 1800 << 52;
    const WIDE_IS_FAR: bool = true;

    type Scalar = Fq;

    #[inline(always)]
    fn load(isa: Ifma, x: [&Fq; 8]) -> Fp {
        // SAFETY: the function needs the Ifma features, which isa proves.
        unsafe { load(isa, x) }
    }

    #[inline(always)]
    fn store(x: &Fp) -> [Fq; 8] {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { store(x) }
    }

    fn multiply_scalar(a: &Fq, b: &Fq) -> Fq {
        a * b
    }

    fn invert_scalar(x: &Fq) -> Fq {
        x.inverse().expect("not 0")
    }
}

/// 2^4 times: from the one Montgomery form to the other.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn load(isa: Ifma, x: [&Fq; 8]) -> Fp {
    let mut rows = [V::splat(isa, 0); 8];
    for lane in 0..8 {
        rows[lane] = V::load_first(isa, &x[lane].0.0);
    }
    Plain::from_words(&V::transpose(rows)).times_pow2::<4>()
}

#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn store(x: &Fp) -> [Fq; 8] {
    let form = x.mul(&Fp::splat(x.isa(), &TO_256)).canonical();
    let rows = V::transpose(form.as_plain().words());
    let mut elements = [Fq::zero(); 8];
    for lane in 0..8 {
        let [a, b, c, d, ..] = rows[lane].store();
        elements[lane] = Fq::new_unchecked(BigInt([a, b, c, d]));
    }
    elements
}

/// Takes our form to the one with 2^256: 2^256 mod p.
const TO_256: [u64; 5] = [
    0xd_438d_c58f_0d9d,
    0x2_8f5c_70b3_dd35,
    0x8_7946_2c0a_78eb,
    0xd_f2f6_66ea_36f7,
    0x0_0e0a_77c1_9a07,
];
