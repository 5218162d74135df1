//! blst's C functions behind safe ones. blst's own safe API either hides these functions or
//! runs them on a thread pool of its own; the backend brings its own threads.
//!
//! Soundness of every block here: blst reads and writes only through the pointers it is given;
//! each points to a live value of the right `repr(C)` type, output values are plain integers
//! for which any bit pattern is valid, and slices come with their true length.
#![allow(unsafe_code)]

use blst::{blst_fp, blst_fp2};
pub use blst::{
    blst_fp12 as Fp12, blst_p1 as P1, blst_p1_affine as P1Affine, blst_p2 as P2,
    blst_p2_affine as P2Affine,
};
use tutti_types::InvalidReason;

fn reason(error: blst::BLST_ERROR) -> InvalidReason {
    match error {
        blst::BLST_ERROR::BLST_POINT_NOT_ON_CURVE => InvalidReason::NotOnCurve,
        blst::BLST_ERROR::BLST_POINT_NOT_IN_GROUP => InvalidReason::NotInSubgroup,
        blst::BLST_ERROR::BLST_PK_IS_INFINITY => InvalidReason::Infinity,
        _ => InvalidReason::BadEncoding,
    }
}

macro_rules! group_ops {
    ($module:ident, $affine:ident, $sum:ident, $bytes:literal,
     $generator:ident, $cneg:ident, $from_affine:ident, $fp_cneg:ident, $to_affines:ident,
     $add:ident, $add_affine:ident, $sum_many:ident, $is_inf:ident, $mult:ident,
     $pippenger:ident, $scratch:ident, $in_group:ident,
     $uncompress:ident, $deserialize:ident, $compress:ident, $serialize:ident) => {
        pub(super) mod $module {
            use super::{InvalidReason, reason};
            use super::{$affine as Affine, $sum as Sum};

            pub(in super::super) fn generator() -> Affine {
                // SAFETY: blst returns a pointer to a static constant.
                unsafe { *blst::$generator() }
            }

            pub(in super::super) fn negate(point: &Affine) -> Affine {
                let mut out = *point;
                // SAFETY: `y` is a field element of `out`; input and output are
                // different places; see the head of this file.
                unsafe { blst::$fp_cneg(&raw mut out.y, &raw const point.y, true) };
                out
            }

            pub(in super::super) fn lift(point: &Affine) -> Sum {
                let mut out = Sum::default();
                // SAFETY: see the head of this file.
                unsafe { blst::$from_affine(&raw mut out, point) };
                out
            }

            pub(in super::super) fn add(a: &Sum, b: &Sum) -> Sum {
                let mut out = Sum::default();
                // SAFETY: see the head of this file.
                unsafe { blst::$add(&raw mut out, a, b) };
                out
            }

            pub(in super::super) fn add_affine(a: &Sum, b: &Affine) -> Sum {
                let mut out = Sum::default();
                // SAFETY: see the head of this file.
                unsafe { blst::$add_affine(&raw mut out, a, b) };
                out
            }

            pub(in super::super) fn negate_sum(a: &Sum) -> Sum {
                let mut out = *a;
                // SAFETY: see the head of this file.
                unsafe { blst::$cneg(&raw mut out, true) };
                out
            }

            pub(in super::super) fn is_zero(a: &Sum) -> bool {
                // SAFETY: see the head of this file.
                unsafe { blst::$is_inf(a) }
            }

            pub(in super::super) fn normalise(sums: &[Sum]) -> Vec<Option<Affine>> {
                if sums.is_empty() {
                    return Vec::new();
                }
                let mut out = vec![Affine::default(); sums.len()];
                // A null second pointer means that the points stand one after the other.
                let points = [sums.as_ptr(), std::ptr::null()];
                // SAFETY: `out` has room for `sums.len()` points; see the head of this file.
                unsafe { blst::$to_affines(out.as_mut_ptr(), points.as_ptr(), sums.len()) };
                out.into_iter()
                    .map(|point| (point != Affine::default()).then_some(point))
                    .collect()
            }

            pub(in super::super) fn sum(points: &[&Affine]) -> Sum {
                let mut out = Sum::default();
                if points.is_empty() {
                    return out;
                }
                // SAFETY: a reference and a non-null pointer have one layout, so the slice of
                // references is the array of pointers that blst reads; see the head of this file.
                unsafe {
                    blst::$sum_many(&raw mut out, points.as_ptr().cast(), points.len());
                }
                out
            }

            pub(in super::super) fn mul(point: &Affine, scalar: u128) -> Sum {
                let bytes = scalar.to_le_bytes();
                let bits = (128 - scalar.leading_zeros()) as usize;
                let mut out = Sum::default();
                if bits == 0 {
                    return out;
                }
                let point = lift(point);
                // SAFETY: blst reads ceil(bits / 8) <= 16 bytes; see the head of this file.
                unsafe { blst::$mult(&raw mut out, &raw const point, bytes.as_ptr(), bits) };
                out
            }

            pub(in super::super) fn msm(points: &[Affine], scalars: &[u128], bits: u32) -> Sum {
                assert_eq!(points.len(), scalars.len(), "one scalar for each point");
                debug_assert!(scalars.iter().all(|s| 128 - s.leading_zeros() <= bits));
                let mut out = Sum::default();
                if points.is_empty() {
                    return out;
                }
                let width = bits.div_ceil(8) as usize;
                let bytes: Vec<u8> = scalars
                    .iter()
                    .flat_map(|s| s.to_le_bytes().into_iter().take(width))
                    .collect();
                let point_list = [points.as_ptr(), std::ptr::null()];
                let scalar_list = [bytes.as_ptr(), std::ptr::null()];
                // SAFETY: blst says how many bytes of scratch it needs, as 64-bit limbs here;
                // points and scalars stand one after the other, `width` bytes a scalar; see
                // the head of this file.
                unsafe {
                    let mut scratch = vec![0u64; blst::$scratch(points.len()).div_ceil(8)];
                    blst::$pippenger(
                        &raw mut out,
                        point_list.as_ptr(),
                        points.len(),
                        scalar_list.as_ptr(),
                        bits as usize,
                        scratch.as_mut_ptr(),
                    );
                }
                out
            }

            pub(in super::super) fn in_subgroup(point: &Affine) -> bool {
                // SAFETY: see the head of this file.
                unsafe { blst::$in_group(point) }
            }

            pub(in super::super) fn uncompress(
                bytes: &[u8; $bytes],
            ) -> Result<Affine, InvalidReason> {
                let mut out = Affine::default();
                // SAFETY: blst reads the compressed length; see the head of this file.
                match unsafe { blst::$uncompress(&raw mut out, bytes.as_ptr()) } {
                    blst::BLST_ERROR::BLST_SUCCESS if out == Affine::default() => {
                        Err(InvalidReason::Infinity)
                    }
                    blst::BLST_ERROR::BLST_SUCCESS => Ok(out),
                    error => Err(reason(error)),
                }
            }

            pub(in super::super) fn deserialize(
                bytes: &[u8; 2 * $bytes],
            ) -> Result<Affine, InvalidReason> {
                let mut out = Affine::default();
                // SAFETY: blst reads the uncompressed length; see the head of this file.
                match unsafe { blst::$deserialize(&raw mut out, bytes.as_ptr()) } {
                    blst::BLST_ERROR::BLST_SUCCESS if out == Affine::default() => {
                        Err(InvalidReason::Infinity)
                    }
                    blst::BLST_ERROR::BLST_SUCCESS => Ok(out),
                    error => Err(reason(error)),
                }
            }

            pub(in super::super) fn compress(point: &Affine) -> [u8; $bytes] {
                let mut out = [0; $bytes];
                // SAFETY: blst writes the compressed length; see the head of this file.
                unsafe { blst::$compress(out.as_mut_ptr(), point) };
                out
            }

            pub(in super::super) fn serialize(point: &Affine) -> [u8; 2 * $bytes] {
                let mut out = [0; 2 * $bytes];
                // SAFETY: blst writes the uncompressed length; see the head of this file.
                unsafe { blst::$serialize(out.as_mut_ptr(), point) };
                out
            }
        }
    };
}

group_ops!(
    g1,
    P1Affine,
    P1,
    48,
    blst_p1_affine_generator,
    blst_p1_cneg,
    blst_p1_from_affine,
    blst_fp_cneg,
    blst_p1s_to_affine,
    blst_p1_add_or_double,
    blst_p1_add_or_double_affine,
    blst_p1s_add,
    blst_p1_is_inf,
    blst_p1_mult,
    blst_p1s_mult_pippenger,
    blst_p1s_mult_pippenger_scratch_sizeof,
    blst_p1_affine_in_g1,
    blst_p1_uncompress,
    blst_p1_deserialize,
    blst_p1_affine_compress,
    blst_p1_affine_serialize
);
group_ops!(
    g2,
    P2Affine,
    P2,
    96,
    blst_p2_affine_generator,
    blst_p2_cneg,
    blst_p2_from_affine,
    blst_fp2_cneg,
    blst_p2s_to_affine,
    blst_p2_add_or_double,
    blst_p2_add_or_double_affine,
    blst_p2s_add,
    blst_p2_is_inf,
    blst_p2_mult,
    blst_p2s_mult_pippenger,
    blst_p2s_mult_pippenger_scratch_sizeof,
    blst_p2_affine_in_g2,
    blst_p2_uncompress,
    blst_p2_deserialize,
    blst_p2_affine_compress,
    blst_p2_affine_serialize
);

pub(super) fn miller(pairs: &[(P1Affine, P2Affine)]) -> Fp12 {
    let mut out = Fp12::default();
    if pairs.is_empty() {
        return out;
    }
    let g1: Vec<*const P1Affine> = pairs.iter().map(|(p, _)| std::ptr::from_ref(p)).collect();
    let g2: Vec<*const P2Affine> = pairs.iter().map(|(_, q)| std::ptr::from_ref(q)).collect();
    // SAFETY: both arrays hold `pairs.len()` pointers to points that outlive the call; see the
    // head of this file.
    unsafe { blst::blst_miller_loop_n(&raw mut out, g2.as_ptr(), g1.as_ptr(), pairs.len()) };
    out
}

pub(super) fn pow(a: &Fp12, exponent: u128) -> Fp12 {
    let mut out = Fp12::default();
    for bit in (0..128 - exponent.leading_zeros()).rev() {
        let square = out;
        // SAFETY: see the head of this file.
        unsafe { blst::blst_fp12_sqr(&raw mut out, &raw const square) };
        if exponent >> bit & 1 == 1 {
            out *= *a;
        }
    }
    out
}

macro_rules! hash_op {
    ($name:ident, $sum:ident, $hash:ident, $encode:ident) => {
        /// RFC 9380 with the given tag; `augmentation` is hashed in front of the message.
        pub fn $name(
            variant: tutti_types::HashVariant,
            message: &[u8],
            dst: &[u8],
            augmentation: &[u8],
        ) -> $sum {
            let mut out = $sum::default();
            let hash = match variant {
                tutti_types::HashVariant::RandomOracle => blst::$hash,
                tutti_types::HashVariant::NonUniform => blst::$encode,
            };
            // SAFETY: the three byte slices come with their lengths; see the head of this file.
            unsafe {
                hash(
                    &raw mut out,
                    message.as_ptr(),
                    message.len(),
                    dst.as_ptr(),
                    dst.len(),
                    augmentation.as_ptr(),
                    augmentation.len(),
                );
            }
            out
        }
    };
}

hash_op!(hash_to_g1, P1, blst_hash_to_g1, blst_encode_to_g1);
hash_op!(hash_to_g2, P2, blst_hash_to_g2, blst_encode_to_g2);

fn element(bytes: &[u8; 48]) -> Result<blst_fp, InvalidReason> {
    if bytes >= &super::MODULUS {
        return Err(InvalidReason::NonCanonical);
    }
    let mut out = blst_fp::default();
    // SAFETY: blst reads 48 bytes; see the head of this file.
    unsafe { blst::blst_fp_from_bendian(&raw mut out, bytes.as_ptr()) };
    Ok(out)
}

/// The map of RFC 9380 with cofactor clearing, from one field element.
pub fn map_to_g1(u: &[u8; 48]) -> Result<P1, InvalidReason> {
    let u = element(u)?;
    let mut out = P1::default();
    // SAFETY: a null second element is allowed and means one map; see the head of this file.
    unsafe { blst::blst_map_to_g1(&raw mut out, &raw const u, std::ptr::null()) };
    Ok(out)
}

/// The map of RFC 9380 with cofactor clearing, from one element of Fp2, real part first.
pub fn map_to_g2(u: &[[u8; 48]; 2]) -> Result<P2, InvalidReason> {
    let u = blst_fp2 {
        fp: [element(&u[0])?, element(&u[1])?],
    };
    let mut out = P2::default();
    // SAFETY: a null second element is allowed and means one map; see the head of this file.
    unsafe { blst::blst_map_to_g2(&raw mut out, &raw const u, std::ptr::null()) };
    Ok(out)
}
