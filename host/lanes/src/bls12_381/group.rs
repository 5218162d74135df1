//! The two groups: what distinguishes them.

use blst::{blst_p1_affine, blst_p2_affine};

use super::{Bls12381, Fp, Fp2, SEED};
use crate::Ifma;
use crate::curve::{Affine, same};
use crate::decompress::{Compressed, Encoding};
use crate::element::Element;
use crate::points::Points;
use crate::twist::psi;
use crate::vector::Mask;

/// Keys: points over Fp.
pub(crate) struct G1;

/// Signatures: points over Fp2, on the twist.
pub(crate) struct G2;

/// Three flags: compressed, infinity, greater.
impl Encoding for Bls12381 {
    const FLAGS: u8 = 0xe0;
    const KIND: u8 = 0xc0;
    const FINITE: u8 = 0x80;
    const GREATER: u8 = 0x20;
    const TAKES_ZERO: bool = false;
}

impl Points for G1 {
    type F = Fp;
    type Stored = blst_p1_affine;

    #[inline(always)]
    fn load(isa: Ifma, p: [&blst_p1_affine; 8]) -> Affine<Fp> {
        Affine {
            x: Fp::from_scalar(isa, p.map(|p| &p.x)),
            y: Fp::from_scalar(isa, p.map(|p| &p.y)),
        }
    }

    #[inline(always)]
    fn store(p: &Affine<Fp>) -> [blst_p1_affine; 8] {
        let (x, y) = (p.x.to_scalar(), p.y.to_scalar());
        core::array::from_fn(|lane| blst_p1_affine {
            x: x[lane],
            y: y[lane],
        })
    }

    fn multiply_scalar(p: &blst_p1_affine, scalar: u128) -> blst_p1_affine {
        let (mut sum, mut affine) = <(blst::blst_p1, blst_p1_affine)>::default();
        // SAFETY: plain values of the types that blst asks for.
        unsafe {
            for bit in (0..128).rev() {
                blst::blst_p1_double(&raw mut sum, &raw const sum);
                if scalar >> bit & 1 == 1 {
                    blst::blst_p1_add_or_double_affine(&raw mut sum, &raw const sum, p);
                }
            }
            blst::blst_p1_to_affine(&raw mut affine, &raw const sum);
        }
        affine
    }

    /// [x²]P = -φ(P), with φ(x, y) = (βx, y): M. Scott, "A note on group membership tests for G1, G2 and GT", 2021/1130.
    #[inline(always)]
    fn in_subgroup(p: &Affine<Fp>) -> Mask {
        let phi = Affine {
            x: p.x.mul(&beta(p.x.isa())),
            y: p.y,
        };
        let multiple = p.point().times(SEED).times(SEED);
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { same(&multiple, &phi.neg()) }
    }
}

/// The cube root of one with [x²](x, y) = (β·x, -y) in G1.
#[inline(always)]
pub(crate) fn beta(isa: Ifma) -> Fp {
    Fp::splat(isa, &consts::BETA)
}

impl Compressed<48> for G1 {
    #[inline(always)]
    fn b(isa: Ifma) -> Fp {
        Fp::splat(isa, &consts::B1)
    }
}

impl Points for G2 {
    type F = Fp2;
    type Stored = blst_p2_affine;

    #[inline(always)]
    fn load(isa: Ifma, p: [&blst_p2_affine; 8]) -> Affine<Fp2> {
        Affine {
            x: Fp2::from_scalar(isa, p.map(|p| &p.x)),
            y: Fp2::from_scalar(isa, p.map(|p| &p.y)),
        }
    }

    #[inline(always)]
    fn store(p: &Affine<Fp2>) -> [blst_p2_affine; 8] {
        let (x, y) = (p.x.to_scalar(), p.y.to_scalar());
        core::array::from_fn(|lane| blst_p2_affine {
            x: x[lane],
            y: y[lane],
        })
    }

    fn multiply_scalar(p: &blst_p2_affine, scalar: u128) -> blst_p2_affine {
        let (mut sum, mut affine) = <(blst::blst_p2, blst_p2_affine)>::default();
        // SAFETY: plain values of the types that blst asks for.
        unsafe {
            for bit in (0..128).rev() {
                blst::blst_p2_double(&raw mut sum, &raw const sum);
                if scalar >> bit & 1 == 1 {
                    blst::blst_p2_add_or_double_affine(&raw mut sum, &raw const sum, p);
                }
            }
            blst::blst_p2_to_affine(&raw mut affine, &raw const sum);
        }
        affine
    }

    /// ψ(P) = [x]P, x negative: Scott, as above.
    #[inline(always)]
    fn in_subgroup(p: &Affine<Fp2>) -> Mask {
        let multiple = p.point().times(SEED);
        // SAFETY: the function needs the Ifma features; a V exists, so an Ifma did.
        unsafe { same(&multiple, &psi(p).neg()) }
    }
}

impl Compressed<96> for G2 {
    #[inline(always)]
    fn b(isa: Ifma) -> Fp2 {
        Fp2::splat(isa, &consts::B2)
    }
}

mod consts {
    /// 4.
    pub(super) const B1: [u64; 8] = [
        0xc_203a_a3a7_e6bb,
        0x9_9c5b_63f9_1e5d,
        0xe_c221_8e49_b9f5,
        0xb_47d6_b297_d25b,
        0x3_6f29_b533_dd05,
        0xa_ac3b_92d6_d85a,
        0x2_5d10_0f55_59b6,
        0x0_0000_0000_5208,
    ];
    /// 4 + 4i.
    pub(super) const B2: [[u64; 8]; 2] = [B1, B1];
    pub(super) const BETA: [u64; 8] = [
        0xd_75aa_ff33_455f,
        0xd_0953_56b7_cbb6,
        0x9_53a2_f6fa_079f,
        0x1_080c_f0a3_d697,
        0x3_f7de_3465_fe7c,
        0x0_1f71_fd68_96ec,
        0xd_9dd9_cc17_2747,
        0x0_0000_0000_7d91,
    ];
}

#[cfg(test)]
mod tests;
