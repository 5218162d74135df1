//! The endomorphism ψ = twist ∘ Frobenius ∘ untwist of the curve over Fp2.

use crate::curve::{Affine, Point};
use crate::element::Element;
use crate::fp::Fp;
use crate::fp2::Fp2;
use crate::miller::Pairing;

#[inline(always)]
pub(crate) fn psi<M: Pairing>(p: &Affine<Fp2<M>>) -> Affine<Fp2<M>> {
    let isa = p.x.isa();
    Affine {
        x: p.x.conjugate().mul(&Fp2::splat(isa, &M::PSI_X)),
        y: p.y.conjugate().mul(&Fp2::splat(isa, &M::PSI_Y)),
    }
}

/// ψ²: conjugations cancel, what is left is a factor in Fp and a sign.
#[inline(always)]
pub(crate) fn psi2<M: Pairing>(p: &Affine<Fp2<M>>) -> Affine<Fp2<M>> {
    Affine {
        x: p.x.mul_fp(&Fp::splat(p.x.isa(), &M::PSI2_X)),
        y: p.y.neg(),
    }
}

/// ψ of Jacobian points: Z is conjugated as well.
#[inline(always)]
pub(crate) fn psi_point<M: Pairing>(p: &Point<Fp2<M>>) -> Point<Fp2<M>> {
    let Affine { x, y } = psi(&Affine { x: p.x, y: p.y });
    Point {
        x,
        y,
        z: p.z.conjugate(),
    }
}

#[inline(always)]
pub(crate) fn psi2_point<M: Pairing>(p: &Point<Fp2<M>>) -> Point<Fp2<M>> {
    let Affine { x, y } = psi2(&Affine { x: p.x, y: p.y });
    Point { x, y, z: p.z }
}
