//! The final exponentiation of BN254, of eight values at a time or of one.

use ark_bn254::Fq12;

use super::across::Across;
use super::fp::{Fp, Limbs};
use super::fp2::Fp2;
use super::fp12::{Fp6, Fp12};
use super::group::SEED;
use crate::Ifma;
use crate::element::{Element, ElementSum};
use crate::final_exp::Cyclotomic;
use crate::points::eight_of;

/// From this many values on eight in lock-step are faster than one after the other, each across the lanes.
const LOCK_STEP_FROM: usize = 4;

/// Each value to the power that arkworks uses: 2u (6u² + 3u + 1) (p^12 - 1) / r.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn final_exponentiations(isa: Ifma, values: &[Fq12]) -> Vec<Fq12> {
    let mut powers = Vec::with_capacity(values.len());
    for eight in values.chunks(8) {
        if eight.len() < LOCK_STEP_FROM {
            let alone = |value| final_exponentiation(&Across::from_ark(isa, value)).to_ark();
            powers.extend(eight.iter().map(alone));
        } else {
            let power = final_exponentiation(&Fp12::from_ark(isa, eight_of(eight)));
            powers.extend_from_slice(&power.to_ark()[..eight.len()]);
        }
    }
    powers
}

/// The easy part, to the power (p^6 - 1)(p^2 + 1), then the hard part: Fuentes-Castañeda, Knapp and Rodríguez-Henríquez,
/// "Faster hashing to G2".
fn final_exponentiation<F: Cyclotomic>(f: &F) -> F {
    let f = f.conjugate().mul(&f.invert());
    let f = f.frobenius_square().mul(&f);
    // From here on in the cyclotomic subgroup, where the conjugate is the inverse.
    let a2 = power_of_parameter(&f).cyclotomic_square(); // 2u
    let a6 = a2.cyclotomic_square().mul(&a2); // 6u
    let b = power_of_parameter(&a6); // 6u²
    let c = power_of_parameter(&b.cyclotomic_square()); // 12u³
    let d = c.mul(&b).mul(&a6); // 12u³ + 6u² + 6u
    let e = d.mul(&a2.conjugate()); // 12u³ + 6u² + 4u
    let low = d.mul(&b).mul(&f); // 12u³ + 12u² + 6u + 1
    let high = e.mul(&f.conjugate()).frobenius_square().frobenius();
    low.mul(&e.frobenius())
        .mul(&d.frobenius_square())
        .mul(&high)
}

/// To the power u, in the cyclotomic subgroup.
fn power_of_parameter<F: Cyclotomic>(f: &F) -> F {
    let mut power = *f;
    for bit in (0..SEED.ilog2()).rev() {
        power = power.cyclotomic_square();
        if SEED >> bit & 1 == 1 {
            power = power.mul(f);
        }
    }
    power
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

/// Granger and Scott: three squarings in Fp4.
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

/// (a + b·y)² with y² = 9 + i: a² + (9 + i)·b², and 2ab.
#[target_feature(enable = "avx512f,avx512ifma")]
fn square4(a: &Fp2, b: &Fp2) -> (Fp2, Fp2) {
    let square = (a.sqr().sum() + b.sqr().sum().times_xi()).tight();
    (square, a.mul(b).sum().double().tight())
}

/// To the power p: coordinates are conjugated, and w^k gains the factor (9 + i)^(k(p-1)/6).
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

/// To the power p²: w^k gains the factor (9 + i)^(k(p²-1)/6), a sixth root of one in Fp.
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
    use super::Limbs;

    /// (9 + i)^(k(p-1)/6) for k = 1..=5.
    pub(crate) const FROBENIUS: [[Limbs; 2]; 5] = [
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
    pub(crate) const FROBENIUS_SQUARE: [Limbs; 5] = [
        [0x7_7439_3724_c1d9, 0xb_522c_7ac0_f6cb, 0xf_52e9_3174_dbf6, 0xc_e372_9b0e_1644, 0x0_122c_a7e8_cc53],
        [0x5_f7cf_18a4_da6c, 0xf_cd08_fecf_4638, 0xf_4540_44c2_d458, 0xf_c115_c580_6fd4, 0x0_237a_b40d_91cd],
        [0xe_8395_e180_1893, 0x4_7adc_840e_4f6c, 0xf_f257_134d_f862, 0x2_dda3_2a72_598f, 0x0_114e_0c24_c57a],
        [0x9_17dd_a158_3b6e, 0xd_c45a_a1e7_dcf6, 0x2_2e6f_2c22_a573, 0xd_1f28_e9f6_4523, 0x0_1e37_a68a_14dd],
        [0xa_9447_bfd8_22db, 0x9_497e_1dd9_8d89, 0x2_3c18_18d4_ad11, 0xa_4185_bf83_eb93, 0x0_0ce9_9a65_4f63],
    ];
}

#[cfg(test)]
mod tests;
