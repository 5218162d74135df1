//! BN254 (`alt_bn128`) on arkworks.

mod encoding;
mod maps;

use ark_bn254::{Bn254 as ArkBn254, Fq12, G1Projective, G2Projective};
use ark_ec::pairing::{MillerLoopOutput, Pairing};
use ark_ec::{AffineRepr, CurveGroup, PrimeGroup, VariableBaseMSM};
use ark_ff::{Field, One, Zero};
use tutti_types::{CurveId, Encoding, GroupId, InvalidReason};

pub use ark_bn254::{G1Affine, G2Affine};
pub use maps::{hash_to_g1, hash_to_g2, map_to_g1, map_to_g2, try_and_increment};

use crate::group::{Curve, Group, Wire};

#[derive(Clone, Copy, Debug)]
pub struct Bn254;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct G1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct G2;

impl Curve for Bn254 {
    const ID: CurveId = CurveId::Bn254;
    type G1 = G1;
    type G2 = G2;
    type Gt = Fq12;

    fn one() -> Fq12 {
        Fq12::one()
    }

    fn mul(a: &Fq12, b: &Fq12) -> Fq12 {
        a * b
    }

    fn pow(a: &Fq12, exponent: u128) -> Fq12 {
        a.pow([exponent as u64, (exponent >> 64) as u64])
    }

    fn miller(pairs: &[(G1Affine, G2Affine)]) -> Fq12 {
        ArkBn254::multi_miller_loop(pairs.iter().map(|(p, _)| *p), pairs.iter().map(|(_, q)| *q)).0
    }

    fn is_one(value: &Fq12) -> bool {
        ArkBn254::final_exponentiation(MillerLoopOutput(*value)).is_some_and(|out| out.0.is_one())
    }
}

macro_rules! impl_group {
    ($group:ident, $affine:ty, $sum:ty, $bytes:literal, $prime_order:literal) => {
        impl Group for $group {
            const CURVE: CurveId = CurveId::Bn254;
            const ID: GroupId = GroupId::$group;
            const PRIME_ORDER: bool = $prime_order;
            type Affine = $affine;
            type Sum = $sum;
            type Compressed = [u8; $bytes];

            fn generator() -> Self::Affine {
                <$affine>::generator()
            }
            fn negate(point: &Self::Affine) -> Self::Affine {
                -*point
            }
            fn zero() -> Self::Sum {
                <$sum>::zero()
            }
            fn lift(point: &Self::Affine) -> Self::Sum {
                (*point).into()
            }
            fn add(a: &Self::Sum, b: &Self::Sum) -> Self::Sum {
                *a + *b
            }
            fn add_affine(a: &Self::Sum, b: &Self::Affine) -> Self::Sum {
                *a + *b
            }
            fn negate_sum(a: &Self::Sum) -> Self::Sum {
                -*a
            }
            fn is_zero(a: &Self::Sum) -> bool {
                a.is_zero()
            }
            fn normalise(sums: &[Self::Sum]) -> Vec<Option<Self::Affine>> {
                <$sum>::normalize_batch(sums)
                    .into_iter()
                    .map(|point| (!point.is_zero()).then_some(point))
                    .collect()
            }
            fn sum(points: &[&Self::Affine]) -> Self::Sum {
                points
                    .iter()
                    .fold(<$sum>::zero(), |sum, point| sum + **point)
            }
            fn mul(point: &Self::Affine, scalar: u128) -> Self::Sum {
                mul_bits(&(*point).into(), scalar)
            }
            fn msm(points: &[Self::Affine], scalars: &[u128], _bits: u32) -> Self::Sum {
                let scalars: Vec<_> = scalars
                    .iter()
                    .map(|s| ark_ff::BigInt::new([*s as u64, (*s >> 64) as u64, 0, 0]))
                    .collect();
                <$sum>::msm_bigint(points, &scalars)
            }
            fn in_subgroup(point: &Self::Affine) -> bool {
                $prime_order || point.is_in_correct_subgroup_assuming_on_curve()
            }
            fn parse(encoding: Encoding, bytes: &[u8]) -> Result<Wire<Self>, InvalidReason> {
                if encoding.curve() != CurveId::Bn254 {
                    return Err(InvalidReason::BadEncoding);
                }
                if bytes.len() != encoding.len(Self::ID) {
                    return Err(InvalidReason::MalformedLength);
                }
                encoding::parse::<Self>(encoding, bytes)
            }
            fn decompress(bytes: &Self::Compressed) -> Result<Self::Affine, InvalidReason> {
                encoding::decompress::<Self>(bytes)
            }
            fn encode(point: Option<&Self::Affine>, encoding: Encoding) -> Vec<u8> {
                encoding::encode::<Self>(point, encoding)
            }
        }
    };
}

impl_group!(G1, G1Affine, G1Projective, 32, true);
impl_group!(G2, G2Affine, G2Projective, 64, false);

/// Plain double-and-add: arkworks' own G1 multiplication splits the scalar by an endomorphism,
/// which costs more than it saves for short scalars.
fn mul_bits<P: PrimeGroup>(point: &P, scalar: u128) -> P {
    let mut out = P::zero();
    for bit in (0..128 - scalar.leading_zeros()).rev() {
        out.double_in_place();
        if scalar >> bit & 1 == 1 {
            out += point;
        }
    }
    out
}
