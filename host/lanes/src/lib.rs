//! Eight field elements of BLS12-381 or of BN254 in lock-step on AVX-512 IFMA.
//!
//! An element is eight limbs of 52 bits (BN254: five), a vector register holds the same limb of eight independent elements,
//! and every routine does for its eight lanes what the scalar library does for one. `blst` (BN254: arkworks) is the oracle
//! that each is tested against.
//!
//! Nothing here runs without an [`Ifma`], and an `Ifma` exists only where the processor has the instructions.
#![allow(unsafe_code)] // std::arch intrinsics; each block argues its own case
#![allow(clippy::inline_always)] // a vector operation that is not inlined costs more than it does
#![allow(clippy::large_types_passed_by_value)] // vectors are large, and what takes them is inlined
#![allow(clippy::needless_range_loop)] // limb and lane numbers index several arrays at once
#![allow(clippy::absurd_extreme_comparisons, clippy::out_of_bounds_indexing)] // unrolled loops: `if I < 7` with I = 7

#[cfg(target_arch = "x86_64")]
#[macro_use]
mod vector;
#[cfg(all(test, target_arch = "x86_64"))]
#[macro_use]
mod testing;
#[cfg(target_arch = "x86_64")]
mod across;
#[cfg(target_arch = "x86_64")]
mod bls12_381;
#[cfg(target_arch = "x86_64")]
mod bn254;
#[cfg(target_arch = "x86_64")]
mod chains;
#[cfg(target_arch = "x86_64")]
mod curve;
#[cfg(target_arch = "x86_64")]
mod decompress;
#[cfg(target_arch = "x86_64")]
mod element;
#[cfg(target_arch = "x86_64")]
mod final_exp;
#[cfg(target_arch = "x86_64")]
mod four;
#[cfg(target_arch = "x86_64")]
mod fp;
#[cfg(target_arch = "x86_64")]
mod fp12;
#[cfg(target_arch = "x86_64")]
mod fp2;
#[cfg(target_arch = "x86_64")]
mod miller;
#[cfg(target_arch = "x86_64")]
mod msm;
#[cfg(target_arch = "x86_64")]
mod multiply;
#[cfg(target_arch = "x86_64")]
mod points;
#[cfg(target_arch = "x86_64")]
mod twist;

#[cfg(target_arch = "x86_64")]
mod proof {
    /// Proof that this processor has AVX-512F and AVX-512 IFMA, and that the system saves their registers.
    #[derive(Clone, Copy, Debug)]
    pub struct Ifma(());

    impl Ifma {
        /// Asks the processor.
        pub fn detect() -> Option<Self> {
            (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma"))
                .then_some(Self(()))
        }

        /// # Safety
        /// Only where an `Ifma` was detected before.
        pub(crate) const unsafe fn assume() -> Self {
            Self(())
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod proof {
    /// Proof that this processor has AVX-512 IFMA: on this architecture there is none.
    #[derive(Clone, Copy, Debug)]
    pub enum Ifma {}

    impl Ifma {
        /// Always `None` here.
        pub const fn detect() -> Option<Self> {
            None
        }
    }
}

pub use proof::Ifma;

/// How many vpmadd52 this thread has done.
#[cfg(all(feature = "count", target_arch = "x86_64"))]
pub fn multiply_adds() -> u64 {
    vector::count::so_far()
}

use blst::{blst_fp, blst_fp2, blst_fp12, blst_p1_affine, blst_p2_affine};

/// The points of one signature: signature and key are in their groups.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alone {
    /// None where no bytes of a key were given.
    pub key: Option<blst_p1_affine>,
    pub signature: blst_p2_affine,
    /// What the message is hashed to.
    pub message: blst_p2_affine,
}

/// Public functions: each enters the code compiled for the features that its `Ifma` proves. Where no `Ifma` can exist they
/// are there for the types only.
macro_rules! entries {
    ($($(#[$doc:meta])* pub fn $name:ident(isa: Ifma $(, $arg:ident: $type:ty)*) -> $output:ty = $inner:path;)*) => {$(
        $(#[$doc])*
        pub fn $name(isa: Ifma $(, $arg: $type)*) -> $output {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: the function needs the features that isa proves.
            unsafe {
                $inner(isa $(, $arg)*)
            }
            #[cfg(not(target_arch = "x86_64"))]
            {
                $(let _ = $arg;)*
                match isa {}
            }
        }
    )*};
}

entries! {
    /// Keys from their compressed form, where it is that of a finite point that `blst_p1_uncompress` takes. On the curve, but not
    /// checked to be in G1.
    pub fn decompress_g1(isa: Ifma, bytes: &[[u8; 48]]) -> Vec<Option<blst_p1_affine>> = decompress::decompress::<48, bls12_381::group::G1>;

    /// Signatures from their compressed form, where it is that of a finite point that `blst_p2_uncompress` takes. On the curve, but
    /// not checked to be in G2.
    pub fn decompress_g2(isa: Ifma, bytes: &[[u8; 96]]) -> Vec<Option<blst_p2_affine>> = decompress::decompress::<96, bls12_381::group::G2>;

    /// Whether each point of the curve is in G1; infinity is.
    pub fn in_g1(isa: Ifma, points: &[blst_p1_affine]) -> Vec<bool> = points::in_subgroup::<bls12_381::group::G1>;

    /// Whether each point of the curve is in G2; infinity is.
    pub fn in_g2(isa: Ifma, points: &[blst_p2_affine]) -> Vec<bool> = points::in_subgroup::<bls12_381::group::G2>;

    /// The hash to G2 of each message under one domain separation tag, as `blst_hash_to_g2`.
    pub fn hash_to_g2(isa: Ifma, messages: &[&[u8]], tag: &[u8]) -> Vec<blst_p2_affine> = bls12_381::hash::hash_to_g2;

    /// The hash to G1 of each message under one domain separation tag, as `blst_hash_to_g1`.
    pub fn hash_to_g1(isa: Ifma, messages: &[&[u8]], tag: &[u8]) -> Vec<blst_p1_affine> = bls12_381::hash::g1::hash_to_g1;

    /// One signature's points by themselves, if the bytes are those of finite points in their groups; the message is hashed as by
    /// [`hash_to_g2`].
    pub fn points_alone(isa: Ifma, key: Option<&[u8; 48]>, signature: &[u8; 96], message: &[u8], tag: &[u8]) -> Option<Alone> = bls12_381::alone::points_alone;

    /// The Miller value of each pair (a point of G1, a point of G2): one where either is infinity. Equal to blst's after the
    /// final exponentiation, not before.
    pub fn miller_loops(isa: Ifma, p: &[blst_p1_affine], q: &[blst_p2_affine]) -> Vec<blst_fp12> = miller::miller_loops::<bls12_381::Bls12381>;

    /// The product of the Miller values of all pairs, cheaper than one by one: squarings are shared.
    pub fn miller_product(isa: Ifma, p: &[blst_p1_affine], q: &[blst_p2_affine]) -> blst_fp12 = miller::miller_product::<bls12_381::Bls12381>;

    /// Each point of the curve times its scalar of 64 bits.
    pub fn multiply_g1_64(isa: Ifma, points: &[blst_p1_affine], scalars: &[u64]) -> Vec<blst_p1_affine> = multiply::multiply::<bls12_381::group::G1, u64>;

    /// Each point of the curve times its scalar of 128 bits.
    pub fn multiply_g1_128(isa: Ifma, points: &[blst_p1_affine], scalars: &[u128]) -> Vec<blst_p1_affine> = multiply::multiply::<bls12_381::group::G1, u128>;

    /// Each point of the curve times its scalar of 64 bits.
    pub fn multiply_g2_64(isa: Ifma, points: &[blst_p2_affine], scalars: &[u64]) -> Vec<blst_p2_affine> = multiply::multiply::<bls12_381::group::G2, u64>;

    /// Each point of the curve times its scalar of 128 bits.
    pub fn multiply_g2_128(isa: Ifma, points: &[blst_p2_affine], scalars: &[u128]) -> Vec<blst_p2_affine> = multiply::multiply::<bls12_381::group::G2, u128>;

    /// The final exponentiation of each value, as `blst_final_exp`.
    pub fn final_exponentiations(isa: Ifma, values: &[blst_fp12]) -> Vec<blst_fp12> = final_exp::final_exponentiations::<bls12_381::Bls12381>;

    /// The sums of any points of the curve by digit. `parts` are the lengths of the parts of the points, `digits` holds for each
    /// window the digits of all points, from -largest to largest; a negative digit's points go in negated.
    pub fn bucket_sums_g1(isa: Ifma, points: &[blst_p1_affine], parts: &[usize], digits: &[&[i16]], largest: usize) -> Vec<blst_p1_affine> = msm::bucket_sums::<bls12_381::group::G1>;

    /// The sum of each part of any points of the curve; `parts` are the parts' lengths.
    pub fn part_sums_g1(isa: Ifma, points: &[blst_p1_affine], parts: &[usize]) -> Vec<blst_p1_affine> = msm::part_sums::<bls12_381::group::G1>;

    /// The sum of any points of the curve times their scalars, of each part; for parts of few points.
    pub fn weighted_sums_g1(isa: Ifma, points: &[blst_p1_affine], parts: &[usize], scalars: &[u128]) -> Vec<blst_p1_affine> = msm::weighted_sums::<bls12_381::group::G1>;

    /// Σ k · bucket k of each column: bucket k of all columns stands in row k - 1.
    pub fn digit_sums_g1(isa: Ifma, buckets: &[blst_p1_affine], columns: usize) -> Vec<blst_p1_affine> = msm::digit_sums::<bls12_381::group::G1>;

    /// Σ 2^(bits · w) · term w of each column: term w of all columns stands in row w.
    pub fn shifted_sums_g1(isa: Ifma, terms: &[blst_p1_affine], columns: usize, bits: u32) -> Vec<blst_p1_affine> = msm::shifted_sums::<bls12_381::group::G1>;

    /// The sums of any points of the curve by digit. `parts` are the lengths of the parts of the points, `digits` holds for each
    /// window the digits of all points, from -largest to largest; a negative digit's points go in negated.
    pub fn bucket_sums_g2(isa: Ifma, points: &[blst_p2_affine], parts: &[usize], digits: &[&[i16]], largest: usize) -> Vec<blst_p2_affine> = msm::bucket_sums::<bls12_381::group::G2>;

    /// The sum of each part of any points of the curve; `parts` are the parts' lengths.
    pub fn part_sums_g2(isa: Ifma, points: &[blst_p2_affine], parts: &[usize]) -> Vec<blst_p2_affine> = msm::part_sums::<bls12_381::group::G2>;

    /// The sum of any points of the curve times their scalars, of each part; for parts of few points.
    pub fn weighted_sums_g2(isa: Ifma, points: &[blst_p2_affine], parts: &[usize], scalars: &[u128]) -> Vec<blst_p2_affine> = msm::weighted_sums::<bls12_381::group::G2>;

    /// Σ k · bucket k of each column: bucket k of all columns stands in row k - 1.
    pub fn digit_sums_g2(isa: Ifma, buckets: &[blst_p2_affine], columns: usize) -> Vec<blst_p2_affine> = msm::digit_sums::<bls12_381::group::G2>;

    /// Σ 2^(bits · w) · term w of each column: term w of all columns stands in row w.
    pub fn shifted_sums_g2(isa: Ifma, terms: &[blst_p2_affine], columns: usize, bits: u32) -> Vec<blst_p2_affine> = msm::shifted_sums::<bls12_381::group::G2>;

    /// BN254: whether each point of the twist is in G2; infinity is.
    pub fn bn254_in_g2(isa: Ifma, points: &[ark_bn254::G2Affine]) -> Vec<bool> = points::in_subgroup::<bn254::group::G2>;

    /// BN254: the point of G1 of each digest, the first x from it on that has one; the root is the (p+1)/4-th power.
    pub fn bn254_try_and_increment(isa: Ifma, digests: &[[u8; 32]]) -> Vec<ark_bn254::G1Affine> = bn254::hash::try_and_increment;

    /// BN254: the hash to G1 of each message by RFC 9380 (`XMD:SHA-256_SVDW_RO`) under one tag; infinity where two points cancel.
    pub fn bn254_hash_to_g1(isa: Ifma, messages: &[&[u8]], tag: &[u8]) -> Vec<ark_bn254::G1Affine> = bn254::svdw::hash_to_g1;

    /// BN254: each point of G1 times its scalar of 64 bits.
    pub fn bn254_multiply_g1_64(isa: Ifma, points: &[ark_bn254::G1Affine], scalars: &[u64]) -> Vec<ark_bn254::G1Affine> = multiply::multiply::<bn254::group::G1, u64>;

    /// BN254: each point of G1 times its scalar of 128 bits.
    pub fn bn254_multiply_g1_128(isa: Ifma, points: &[ark_bn254::G1Affine], scalars: &[u128]) -> Vec<ark_bn254::G1Affine> = multiply::multiply::<bn254::group::G1, u128>;

    /// BN254: each point of the twist times its scalar of 64 bits.
    pub fn bn254_multiply_g2_64(isa: Ifma, points: &[ark_bn254::G2Affine], scalars: &[u64]) -> Vec<ark_bn254::G2Affine> = multiply::multiply::<bn254::group::G2, u64>;

    /// BN254: each point of the twist times its scalar of 128 bits.
    pub fn bn254_multiply_g2_128(isa: Ifma, points: &[ark_bn254::G2Affine], scalars: &[u128]) -> Vec<ark_bn254::G2Affine> = multiply::multiply::<bn254::group::G2, u128>;

    /// BN254: sums by digit, as [`bucket_sums_g1`].
    pub fn bn254_bucket_sums_g1(isa: Ifma, points: &[ark_bn254::G1Affine], parts: &[usize], digits: &[&[i16]], largest: usize) -> Vec<ark_bn254::G1Affine> = msm::bucket_sums::<bn254::group::G1>;

    /// BN254: the sum of each part of any points of the curve; `parts` are the parts' lengths.
    pub fn bn254_part_sums_g1(isa: Ifma, points: &[ark_bn254::G1Affine], parts: &[usize]) -> Vec<ark_bn254::G1Affine> = msm::part_sums::<bn254::group::G1>;

    /// BN254: the sum of any points of the curve times their scalars, of each part; for parts of few points.
    pub fn bn254_weighted_sums_g1(isa: Ifma, points: &[ark_bn254::G1Affine], parts: &[usize], scalars: &[u128]) -> Vec<ark_bn254::G1Affine> = msm::weighted_sums::<bn254::group::G1>;

    /// BN254: Σ k · bucket k of each column, as [`digit_sums_g1`].
    pub fn bn254_digit_sums_g1(isa: Ifma, buckets: &[ark_bn254::G1Affine], columns: usize) -> Vec<ark_bn254::G1Affine> = msm::digit_sums::<bn254::group::G1>;

    /// BN254: Σ 2^(bits · w) · term w of each column, as [`shifted_sums_g1`].
    pub fn bn254_shifted_sums_g1(isa: Ifma, terms: &[ark_bn254::G1Affine], columns: usize, bits: u32) -> Vec<ark_bn254::G1Affine> = msm::shifted_sums::<bn254::group::G1>;

    /// BN254: sums by digit, as [`bucket_sums_g1`].
    pub fn bn254_bucket_sums_g2(isa: Ifma, points: &[ark_bn254::G2Affine], parts: &[usize], digits: &[&[i16]], largest: usize) -> Vec<ark_bn254::G2Affine> = msm::bucket_sums::<bn254::group::G2>;

    /// BN254: the sum of each part of any points of the curve; `parts` are the parts' lengths.
    pub fn bn254_part_sums_g2(isa: Ifma, points: &[ark_bn254::G2Affine], parts: &[usize]) -> Vec<ark_bn254::G2Affine> = msm::part_sums::<bn254::group::G2>;

    /// BN254: the sum of any points of the curve times their scalars, of each part; for parts of few points.
    pub fn bn254_weighted_sums_g2(isa: Ifma, points: &[ark_bn254::G2Affine], parts: &[usize], scalars: &[u128]) -> Vec<ark_bn254::G2Affine> = msm::weighted_sums::<bn254::group::G2>;

    /// BN254: Σ k · bucket k of each column, as [`digit_sums_g1`].
    pub fn bn254_digit_sums_g2(isa: Ifma, buckets: &[ark_bn254::G2Affine], columns: usize) -> Vec<ark_bn254::G2Affine> = msm::digit_sums::<bn254::group::G2>;

    /// BN254: Σ 2^(bits · w) · term w of each column, as [`shifted_sums_g1`].
    pub fn bn254_shifted_sums_g2(isa: Ifma, terms: &[ark_bn254::G2Affine], columns: usize, bits: u32) -> Vec<ark_bn254::G2Affine> = msm::shifted_sums::<bn254::group::G2>;

    /// BN254: the Miller value of each pair, one where either point is infinity. Equal to arkworks' after the final
    /// exponentiation, not before.
    pub fn bn254_miller_loops(isa: Ifma, p: &[ark_bn254::G1Affine], q: &[ark_bn254::G2Affine]) -> Vec<ark_bn254::Fq12> = miller::miller_loops::<bn254::Bn254>;

    /// BN254: the product of the Miller values of all pairs, cheaper than one by one.
    pub fn bn254_miller_product(isa: Ifma, p: &[ark_bn254::G1Affine], q: &[ark_bn254::G2Affine]) -> ark_bn254::Fq12 = miller::miller_product::<bn254::Bn254>;

    /// BN254: the final exponentiation of each value, as arkworks does it; 0 for 0.
    pub fn bn254_final_exponentiations(isa: Ifma, values: &[ark_bn254::Fq12]) -> Vec<ark_bn254::Fq12> = final_exp::final_exponentiations::<bn254::Bn254>;

    /// BN254: the point behind each compressed form of gnark's (two flags, big-endian x), if the flags say that it is finite, x
    /// is canonical and there is one. On the curve, which is G1.
    pub fn bn254_decompress_g1(isa: Ifma, bytes: &[[u8; 32]]) -> Vec<Option<ark_bn254::G1Affine>> = decompress::decompress::<32, bn254::group::G1>;

    /// BN254: likewise, imaginary part of x first. On the twist, but not checked to be in G2.
    pub fn bn254_decompress_g2(isa: Ifma, bytes: &[[u8; 64]]) -> Vec<Option<ark_bn254::G2Affine>> = decompress::decompress::<64, bn254::group::G2>;

    /// Each to the power of `products` + 1, a product after the other: what one product takes. For benchmarks.
    pub fn chain_fp(isa: Ifma, x: &[blst_fp; 8], products: usize) -> [blst_fp; 8] = chains::bls12_381_fp;

    /// As `chain_fp`.
    pub fn chain_fp2(isa: Ifma, x: &[blst_fp2; 8], products: usize) -> [blst_fp2; 8] = chains::bls12_381_fp2;

    /// As `chain_fp`.
    pub fn chain_fp12(isa: Ifma, x: &[blst_fp12; 8], products: usize) -> [blst_fp12; 8] = chains::bls12_381_fp12;

    /// As `chain_fp`.
    pub fn bn254_chain_fp(isa: Ifma, x: &[ark_bn254::Fq; 8], products: usize) -> [ark_bn254::Fq; 8] = chains::bn254_fp;

    /// As `chain_fp`.
    pub fn bn254_chain_fp2(isa: Ifma, x: &[ark_bn254::Fq2; 8], products: usize) -> [ark_bn254::Fq2; 8] = chains::bn254_fp2;

    /// As `chain_fp`.
    pub fn bn254_chain_fp12(isa: Ifma, x: &[ark_bn254::Fq12; 8], products: usize) -> [ark_bn254::Fq12; 8] = chains::bn254_fp12;
}
