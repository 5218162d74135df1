//! BLS12-381 on blst.

mod encoding;
mod raw;

use tutti_types::{CurveId, Encoding, GroupId, InvalidReason};

use crate::group::{Curve, Group, Wire};

pub use raw::{Fp12, P1, P1Affine, P2, P2Affine, hash_to_g1, hash_to_g2, map_to_g1, map_to_g2};

/// The base field's modulus, big endian.
pub const MODULUS: [u8; 48] = [
    0x1a, 0x01, 0x11, 0xea, 0x39, 0x7f, 0xe6, 0x9a, 0x4b, 0x1b, 0xa7, 0xb6, 0x43, 0x4b, 0xac, 0xd7,
    0x64, 0x77, 0x4b, 0x84, 0xf3, 0x85, 0x12, 0xbf, 0x67, 0x30, 0xd2, 0xa0, 0xf6, 0xb0, 0xf6, 0x24,
    0x1e, 0xab, 0xff, 0xfe, 0xb1, 0x53, 0xff, 0xff, 0xb9, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xaa, 0xab,
];

#[derive(Clone, Copy, Debug)]
pub struct Bls12381;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct G1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct G2;

impl Curve for Bls12381 {
    const ID: CurveId = CurveId::Bls12381;
    type G1 = G1;
    type G2 = G2;
    type Gt = Fp12;

    fn one() -> Fp12 {
        Fp12::default()
    }

    fn mul(a: &Fp12, b: &Fp12) -> Fp12 {
        *a * *b
    }

    fn pow(a: &Fp12, exponent: u128) -> Fp12 {
        raw::pow(a, exponent)
    }

    fn miller(pairs: &[(P1Affine, P2Affine)]) -> Fp12 {
        raw::miller(pairs)
    }

    fn is_one(value: &Fp12) -> bool {
        value.final_exp() == Fp12::default()
    }
}

macro_rules! impl_group {
    ($group:ident, $affine:ty, $sum:ty, $bytes:literal, $ops:path) => {
        impl Group for $group {
            const CURVE: CurveId = CurveId::Bls12381;
            const ID: GroupId = GroupId::$group;
            const PRIME_ORDER: bool = false;
            type Affine = $affine;
            type Sum = $sum;
            type Compressed = [u8; $bytes];

            fn generator() -> Self::Affine {
                use $ops as ops;
                ops::generator()
            }
            fn negate(point: &Self::Affine) -> Self::Affine {
                use $ops as ops;
                ops::negate(point)
            }
            fn zero() -> Self::Sum {
                <$sum>::default()
            }
            fn lift(point: &Self::Affine) -> Self::Sum {
                use $ops as ops;
                ops::lift(point)
            }
            fn add(a: &Self::Sum, b: &Self::Sum) -> Self::Sum {
                use $ops as ops;
                ops::add(a, b)
            }
            fn add_affine(a: &Self::Sum, b: &Self::Affine) -> Self::Sum {
                use $ops as ops;
                ops::add_affine(a, b)
            }
            fn negate_sum(a: &Self::Sum) -> Self::Sum {
                use $ops as ops;
                ops::negate_sum(a)
            }
            fn is_zero(a: &Self::Sum) -> bool {
                use $ops as ops;
                ops::is_zero(a)
            }
            fn normalise(sums: &[Self::Sum]) -> Vec<Option<Self::Affine>> {
                use $ops as ops;
                ops::normalise(sums)
            }
            fn sum(points: &[&Self::Affine]) -> Self::Sum {
                use $ops as ops;
                ops::sum(points)
            }
            fn mul(point: &Self::Affine, scalar: u128) -> Self::Sum {
                use $ops as ops;
                ops::mul(point, scalar)
            }
            fn msm(points: &[Self::Affine], scalars: &[u128], bits: u32) -> Self::Sum {
                use $ops as ops;
                ops::msm(points, scalars, bits)
            }
            fn in_subgroup(point: &Self::Affine) -> bool {
                use $ops as ops;
                ops::in_subgroup(point)
            }
            fn parse(encoding: Encoding, bytes: &[u8]) -> Result<Wire<Self>, InvalidReason> {
                use $ops as ops;
                if encoding.curve() != CurveId::Bls12381 {
                    return Err(InvalidReason::BadEncoding);
                }
                if bytes.len() != encoding.len(Self::ID) {
                    return Err(InvalidReason::MalformedLength);
                }
                match encoding {
                    Encoding::ZcashCompressed => encoding::compressed::<$bytes>(bytes)
                        .map(|finite| finite.map_or(Wire::Infinity, Wire::Compressed)),
                    Encoding::ZcashUncompressed => {
                        match encoding::uncompressed::<{ 2 * $bytes }>(bytes)? {
                            None => Ok(Wire::Infinity),
                            Some(bytes) => ops::deserialize(&bytes).map(Wire::Point),
                        }
                    }
                    _ => match encoding::from_eip2537::<{ 2 * $bytes }>(bytes)? {
                        None => Ok(Wire::Infinity),
                        Some(bytes) => ops::deserialize(&bytes).map(Wire::Point),
                    },
                }
            }
            fn decompress(bytes: &Self::Compressed) -> Result<Self::Affine, InvalidReason> {
                use $ops as ops;
                ops::uncompress(bytes)
            }
            fn encode(point: Option<&Self::Affine>, encoding: Encoding) -> Vec<u8> {
                use $ops as ops;
                match (encoding, point) {
                    (Encoding::ZcashUncompressed, Some(point)) => ops::serialize(point).to_vec(),
                    (Encoding::ZcashUncompressed, None) => encoding::infinity(2 * $bytes, 0x40),
                    (Encoding::Eip2537, Some(point)) => {
                        encoding::to_eip2537(&ops::serialize(point))
                    }
                    (Encoding::Eip2537, None) => vec![0; encoding.len(Self::ID)],
                    (_, Some(point)) => ops::compress(point).to_vec(),
                    (_, None) => encoding::infinity($bytes, 0xc0),
                }
            }
        }
    };
}

impl_group!(G1, P1Affine, P1, 48, raw::g1);
impl_group!(G2, P2Affine, P2, 96, raw::g2);
