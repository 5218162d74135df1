//! The two groups of BN254.

use ark_bn254::{G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};

use super::{Bn254, Fp, Fp2, SEED};
use crate::Ifma;
use crate::curve::{Affine, Point};
use crate::decompress::{Compressed, Encoding};
use crate::element::Element;
use crate::points::Points;
use crate::twist::{psi_point, psi2_point};
use crate::vector::Mask;

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
            x: Fp::from_scalar(isa, p.map(|p| &p.x)),
            y: Fp::from_scalar(isa, p.map(|p| &p.y)),
        }
    }

    #[inline(always)]
    fn store(p: &Affine<Fp>) -> [G1Affine; 8] {
        let (x, y) = (p.x.to_scalar(), p.y.to_scalar());
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
            x: Fp2::from_scalar(isa, p.map(|p| &p.x)),
            y: Fp2::from_scalar(isa, p.map(|p| &p.y)),
        }
    }

    #[inline(always)]
    fn store(p: &Affine<Fp2>) -> [G2Affine; 8] {
        let (x, y) = (p.x.to_scalar(), p.y.to_scalar());
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

/// gnark's two flags: finite, greater.
impl Encoding for Bn254 {
    const FLAGS: u8 = 0xc0;
    const KIND: u8 = 0x80;
    const FINITE: u8 = 0x80;
    const GREATER: u8 = 0x40;
    const TAKES_ZERO: bool = true;
}

impl Compressed<32> for G1 {
    #[inline(always)]
    fn b(isa: Ifma) -> Fp {
        Fp::splat(isa, &consts::THREE)
    }
}

impl Compressed<64> for G2 {
    #[inline(always)]
    fn b(isa: Ifma) -> Fp2 {
        Fp2::splat(isa, &consts::TWIST_B)
    }
}

mod consts {
    use super::super::Limbs;

    /// 3: the b of G1's curve.
    pub(super) const THREE: Limbs = [
        0x5_8d6c_0c79_b0d5,
        0x4_bc78_ad26_b93d,
        0x3_2bab_8145_19ae,
        0xb_6c4d_8ab1_aa20,
        0x0_2cde_7877_71f4,
    ];
    /// 3 / (9 + i): the b of G2's curve.
    pub(super) const TWIST_B: [Limbs; 2] = [
        [
            0xc_fd25_55a4_4b2c,
            0xa_27dd_fb73_4ee0,
            0x5_4501_9d06_a0b3,
            0x0_4ddc_7bb9_a768,
            0x0_0c98_b5c1_a9f7,
        ],
        [
            0xe_cccd_1dcf_f670,
            0xd_93ce_0d3e_38e7,
            0xa_c00a_a65f_0b37,
            0xd_4dd7_49d0_dd22,
            0x0_141b_9ce4_a688,
        ],
    ];
}

#[cfg(test)]
mod decompression;
#[cfg(test)]
mod tests;
