//! The tower over 9 + i, and the pairing.

use ark_bn254::{Fq, Fq2, Fq6, Fq12};
use ark_ff::Field as _;

use super::group::{G1, G2};
use super::{Bn254, Limbs, SEED};
use crate::element::ElementSum;
use crate::final_exp::{Cyclotomic, power};
use crate::fp2::{Sum2, Tower};
use crate::miller::{Pairing, Step, Summand, Twist};
use crate::vector::V;

impl Tower for Bn254 {
    #[inline(always)]
    fn times_a(x: V) -> V {
        x.shl::<3>().add(x)
    }

    const FROBENIUS: [[Limbs; 2]; 5] = consts::FROBENIUS;
    const FROBENIUS_SQUARE: [Limbs; 5] = consts::FROBENIUS_SQUARE;

    type Scalar2 = Fq2;

    #[inline(always)]
    fn coordinates(x: &Fq2) -> [&Fq; 2] {
        [&x.c0, &x.c1]
    }

    #[inline(always)]
    fn from_coordinates([c0, c1]: [Fq; 2]) -> Fq2 {
        Fq2::new(c0, c1)
    }

    type Scalar12 = Fq12;

    #[inline(always)]
    fn coefficients(x: &Fq12) -> [&Fq2; 6] {
        let (even, odd) = (&x.c0, &x.c1);
        [&even.c0, &odd.c0, &even.c1, &odd.c1, &even.c2, &odd.c2]
    }

    #[inline(always)]
    fn from_coefficients([a, b, c, d, e, f]: [Fq2; 6]) -> Fq12 {
        Fq12::new(Fq6::new(a, c, e), Fq6::new(b, d, f))
    }

    fn invert_scalar12(x: &Fq12) -> Fq12 {
        x.inverse().unwrap_or_default()
    }
}

/// The digits of 6u + 2 below the highest, from the top.
const LOOP: [i8; 64] = [
    1, 0, 1, 0, 0, 0, -1, 0, -1, 0, 0, 0, -1, 0, 1, 0, -1, 0, 0, -1, 0, 0, 0, 0, 0, 1, 0, 0, -1, 0,
    1, 0, 0, -1, 0, 0, 0, 0, -1, 0, 1, 0, 0, 0, -1, 0, -1, 0, 0, 1, 0, 0, 0, -1, 0, 0, -1, 0, 1, 0,
    1, 0, 0, 0,
];

/// Optimal ate pairing.
impl Pairing for Bn254 {
    type G1 = G1;
    type G2 = G2;

    const TWIST: Twist = Twist::Divided;

    /// b = 3.
    #[inline(always)]
    fn times_3b(x: Sum2<Self>) -> Sum2<Self> {
        x.times_pow2::<3>() + x
    }

    /// (9 + i)^((p-1)/3).
    const PSI_X: [Limbs; 2] = [
        [
            0xf_504d_9252_c8c8,
            0xf_f571_7f0e_1766,
            0x6_d5d6_268b_edc7,
            0x4_d79d_d84e_4be3,
            0x0_1249_59ea_0e94,
        ],
        [
            0x3_60d7_e4c8_961c,
            0x0_7ba3_3957_816c,
            0xb_fc7f_4787_b6b8,
            0x3_a46c_aadf_8519,
            0x0_21e1_4e52_59db,
        ],
    ];
    /// (9 + i)^((p-1)/2).
    const PSI_Y: [Limbs; 2] = [
        [
            0x7_3fb0_6d8f_833c,
            0x5_d2de_62e1_f7a3,
            0x4_3512_0898_fe17,
            0x0_bde7_6d9d_6e18,
            0x0_0ea3_5e87_c1bc,
        ],
        [
            0x0_2506_2911_a28e,
            0x2_3cc3_40a0_0d3b,
            0x2_daf1_9231_ebfd,
            0x2_a7eb_d080_280a,
            0x0_22f5_b5e0_0d39,
        ],
    ];
    /// (9 + i)^((p²-1)/3).
    const PSI2_X: Limbs = [
        0x5_f7cf_18a4_da6c,
        0xf_cd08_fecf_4638,
        0xf_4540_44c2_d458,
        0xf_c115_c580_6fd4,
        0x0_237a_b40d_91cd,
    ];

    const LOOP: &'static [i8] = &LOOP;
    const LAST: &'static [Step] = &[Step::Add(Summand::PsiQ), Step::Add(Summand::MinusPsi2Q)];
    const FEW: usize = 4;
    const LOCK_STEP_FROM: usize = 4;

    /// To the power 2u (6u² + 3u + 1) (p^4 - p^2 + 1) / r, as arkworks computes it: Fuentes-Castañeda, Knapp and
    /// Rodríguez-Henríquez, "Faster hashing to G2".
    fn hard_part<F: Cyclotomic>(f: &F) -> F {
        let a2 = power(f, SEED).cyclotomic_square(); // 2u
        let a6 = a2.cyclotomic_square().mul(&a2); // 6u
        let b = power(&a6, SEED); // 6u²
        let c = power(&b.cyclotomic_square(), SEED); // 12u³
        let d = c.mul(&b).mul(&a6); // 12u³ + 6u² + 6u
        let e = d.mul(&a2.conjugate()); // 12u³ + 6u² + 4u
        let low = d.mul(&b).mul(f); // 12u³ + 12u² + 6u + 1
        let high = e.mul(&f.conjugate()).frobenius_square().frobenius();
        low.mul(&e.frobenius())
            .mul(&d.frobenius_square())
            .mul(&high)
    }
}

#[rustfmt::skip]
mod consts {
    use super::Limbs;

    /// (9 + i)^(k(p-1)/6) for k = 1..=5.
    pub(super) const FROBENIUS: [[Limbs; 2]; 5] = [
        [
            [0xa_6963_3144_9070, 0x3_87af_b78a_af9b, 0x8_a208_7ca6_b1d7, 0xa_7c11_bded_5ef0, 0x0_2f34_d751_a1f3],
            [0x8_25c2_8a21_e4bd, 0x6_e5ba_520f_7f58, 0x6_75d8_990b_6915, 0x3_44d2_96dd_d94b, 0x0_187f_e92c_d2a1],
        ],
        [
            [0xf_504d_9252_c8c8, 0xf_f571_7f0e_1766, 0x6_d5d6_268b_edc7, 0x4_d79d_d84e_4be3, 0x0_1249_59ea_0e94],
            [0x3_60d7_e4c8_961c, 0x0_7ba3_3957_816c, 0xb_fc7f_4787_b6b8, 0x3_a46c_aadf_8519, 0x0_21e1_4e52_59db],
        ],
        [
            [0x7_3fb0_6d8f_833c, 0x5_d2de_62e1_f7a3, 0x4_3512_0898_fe17, 0x0_bde7_6d9d_6e18, 0x0_0ea3_5e87_c1bc],
            [0x0_2506_2911_a28e, 0x2_3cc3_40a0_0d3b, 0x2_daf1_9231_ebfd, 0x2_a7eb_d080_280a, 0x0_22f5_b5e0_0d39],
        ],
        [
            [0x9_a358_5840_fc2f, 0x3_8982_495d_a913, 0x9_58cf_0b37_28d3, 0xd_da5b_f100_b172, 0x0_0b3b_a8b7_91a1],
            [0x9_4042_97b0_b53c, 0x8_95ef_0376_70c5, 0x5_cd07_3312_a19b, 0x8_dded_8052_c12b, 0x0_037c_fc70_88cb],
        ],
        [
            [0x3_4a6b_03a3_0ec6, 0xa_a03e_9f16_d2e4, 0x3_3d8c_5c96_fac2, 0xc_318d_a0cc_4713, 0x0_0851_f81f_63de],
            [0xd_9cdd_5b99_2367, 0x0_5945_1e72_a4e9, 0xd_fce1_d470_fe03, 0xc_33b6_e562_b070, 0x0_1c3e_2298_2b40],
        ],
    ];
    /// (9 + i)^(k(p²-1)/6) for k = 1..=5.
    pub(super) const FROBENIUS_SQUARE: [Limbs; 5] = [
        [0x7_7439_3724_c1d9, 0xb_522c_7ac0_f6cb, 0xf_52e9_3174_dbf6, 0xc_e372_9b0e_1644, 0x0_122c_a7e8_cc53],
        [0x5_f7cf_18a4_da6c, 0xf_cd08_fecf_4638, 0xf_4540_44c2_d458, 0xf_c115_c580_6fd4, 0x0_237a_b40d_91cd],
        [0xe_8395_e180_1893, 0x4_7adc_840e_4f6c, 0xf_f257_134d_f862, 0x2_dda3_2a72_598f, 0x0_114e_0c24_c57a],
        [0x9_17dd_a158_3b6e, 0xd_c45a_a1e7_dcf6, 0x2_2e6f_2c22_a573, 0xd_1f28_e9f6_4523, 0x0_1e37_a68a_14dd],
        [0xa_9447_bfd8_22db, 0x9_497e_1dd9_8d89, 0x2_3c18_18d4_ad11, 0xa_4185_bf83_eb93, 0x0_0ce9_9a65_4f63],
    ];
}
