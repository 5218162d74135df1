//! The two groups of BN254.

use ark_bn254::{G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};

use super::fp::{Fp, Limbs};
use super::fp2::Fp2;
use crate::Ifma;
use crate::curve::{Affine, Point};
use crate::element::Element;
use crate::points::Points;
use crate::vector::Mask;

/// The parameter of the curve.
pub(super) const SEED: u64 = 0x44e9_92b4_4a69_09f1;

/// Signatures and messages: points over Fp.
pub(crate) struct G1;

/// Keys: points over Fp2, on the twist.
pub(crate) struct G2;

impl Points for G1 {
    type F = Fp;
    type Stored = G1Affine;

    #[inline(always)]
    fn load(isa: Ifma, p: [&G1Affine; 8]) -> Affine<Fp> {
        Affine {
            x: Fp::from_ark(isa, p.map(|p| &p.x)),
            y: Fp::from_ark(isa, p.map(|p| &p.y)),
        }
    }

    #[inline(always)]
    fn store(p: &Affine<Fp>) -> [G1Affine; 8] {
        let (x, y) = (p.x.to_ark(), p.y.to_ark());
        core::array::from_fn(|lane| G1Affine::new_unchecked(x[lane], y[lane]))
    }

    fn multiply_scalar(p: &G1Affine, scalar: u128) -> G1Affine {
        p.mul_bigint(words(scalar)).into_affine()
    }

    /// The cofactor is one.
    #[inline(always)]
    fn in_subgroup(_: &Affine<Fp>) -> Mask {
        Mask::ALL
    }
}

impl Points for G2 {
    type F = Fp2;
    type Stored = G2Affine;

    #[inline(always)]
    fn load(isa: Ifma, p: [&G2Affine; 8]) -> Affine<Fp2> {
        Affine {
            x: Fp2::from_ark(isa, p.map(|p| &p.x)),
            y: Fp2::from_ark(isa, p.map(|p| &p.y)),
        }
    }

    #[inline(always)]
    fn store(p: &Affine<Fp2>) -> [G2Affine; 8] {
        let (x, y) = (p.x.to_ark(), p.y.to_ark());
        core::array::from_fn(|lane| G2Affine::new_unchecked(x[lane], y[lane]))
    }

    fn multiply_scalar(p: &G2Affine, scalar: u128) -> G2Affine {
        p.mul_bigint(words(scalar)).into_affine()
    }

    #[inline(always)]
    fn in_subgroup(p: &Affine<Fp2>) -> Mask {
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { in_g2(p) }
    }
}

const fn words(scalar: u128) -> [u64; 2] {
    [scalar as u64, (scalar >> 64) as u64]
}

/// [u + 1]P + ψ([u]P) + ψ²([u]P) = ψ³([2u]P): Dai, Lin, Zhao and Zhou, "Fast subgroup membership testings for G1, G2 and GT on
/// pairing-friendly curves", 2022/348. It says enough because the norm of u + 1 + uψ + uψ² - 2uψ³, modulo ψ² - tψ + p, has no
/// factor in common with the cofactor 2p - r.
///
/// On points of order r none of the additions can fail. Where one does, Z = 0 stays to the end, and nothing equals it.
#[target_feature(enable = "avx512f,avx512ifma")]
fn in_g2(p: &Affine<Fp2>) -> Mask {
    let multiple = p.point().times(SEED);
    let double = multiple.doubled();
    let sum = multiple
        .add_affine_distinct(p)
        .add_distinct(&psi_point(&multiple))
        .add_distinct(&psi2_point(&multiple));
    equal(&sum, &psi_point(&psi2_point(&double)))
}

/// Where two Jacobian points are the same: never where Z = 0.
#[target_feature(enable = "avx512f,avx512ifma")]
fn equal(p: &Point<Fp2>, q: &Point<Fp2>) -> Mask {
    let (zz1, zz2) = (p.z.sqr(), q.z.sqr());
    let x = p.x.mul(&zz2).equals(&q.x.mul(&zz1));
    let y = p.y.mul(&zz2.mul(&q.z)).equals(&q.y.mul(&zz1.mul(&p.z)));
    x & y & !p.z.is_zero() & !q.z.is_zero()
}

/// The endomorphism ψ = twist ∘ Frobenius ∘ untwist.
#[inline(always)]
pub(super) fn psi(p: &Affine<Fp2>) -> Affine<Fp2> {
    let isa = p.x.isa();
    Affine {
        x: p.x.conjugate().mul(&Fp2::splat(isa, &consts::PSI_X)),
        y: p.y.conjugate().mul(&Fp2::splat(isa, &consts::PSI_Y)),
    }
}

/// ψ²: conjugations cancel, what is left is a factor in Fp and a sign.
#[inline(always)]
pub(super) fn psi2(p: &Affine<Fp2>) -> Affine<Fp2> {
    Affine {
        x: p.x.mul_fp(&Fp::splat(p.x.isa(), &consts::PSI2_X)),
        y: p.y.neg(),
    }
}

/// ψ of Jacobian points: Z is conjugated as well.
#[inline(always)]
fn psi_point(p: &Point<Fp2>) -> Point<Fp2> {
    let Affine { x, y } = psi(&Affine { x: p.x, y: p.y });
    Point {
        x,
        y,
        z: p.z.conjugate(),
    }
}

#[inline(always)]
fn psi2_point(p: &Point<Fp2>) -> Point<Fp2> {
    let Affine { x, y } = psi2(&Affine { x: p.x, y: p.y });
    Point { x, y, z: p.z }
}

mod consts {
    use super::Limbs;

    /// (9 + i)^((p-1)/3).
    pub(super) const PSI_X: [Limbs; 2] = [
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
    pub(super) const PSI_Y: [Limbs; 2] = [
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
    pub(super) const PSI2_X: Limbs = [
        0x5_f7cf_18a4_da6c,
        0xf_cd08_fecf_4638,
        0xf_4540_44c2_d458,
        0xf_c115_c580_6fd4,
        0x0_237a_b40d_91cd,
    ];
}

#[cfg(test)]
mod tests;
