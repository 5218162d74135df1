//! BN254 in bulk. arkworks is slow enough that a register of eight pays for a single pairing.

use sha3::{Digest, Keccak256};
use tutti_curves::Hashing;
use tutti_curves::bn254::{Bn254, G1, G1Affine, G2};
use tutti_types::InvalidReason;

use super::{
    Arithmetic, Bulk, BulkCurve, LaneFunctions, PairingFunctions, hash_by_rfc9380, hash_one_by_one,
};

impl Bulk for G1 {
    const LANES: Option<LaneFunctions<Self>> = Some(LaneFunctions {
        from: 1,
        decompress: tutti_lanes::bn254_decompress_g1,
        // Every point of the curve is in the group.
        in_subgroup: |_, points| vec![true; points.len()],
        hash: Some(tutti_lanes::bn254_hash_to_g1),
        multiply_64: tutti_lanes::bn254_multiply_g1_64,
        multiply_128: tutti_lanes::bn254_multiply_g1_128,
        bucket_sums: tutti_lanes::bn254_bucket_sums_g1,
        part_sums: tutti_lanes::bn254_part_sums_g1,
        weighted_sums: tutti_lanes::bn254_weighted_sums_g1,
        digit_sums: tutti_lanes::bn254_digit_sums_g1,
        shifted_sums: tutti_lanes::bn254_shifted_sums_g1,
    });

    fn hash_each(
        arithmetic: Arithmetic,
        hashing: Hashing<'_>,
        messages: &[&[u8]],
    ) -> Vec<Result<G1Affine, InvalidReason>> {
        let digest = match hashing {
            Hashing::TryAndIncrement => as_digest,
            Hashing::KeccakTryAndIncrement => {
                |message: &[u8]| Ok(Keccak256::digest(message).into())
            }
            Hashing::Rfc9380 { .. } => {
                return hash_by_rfc9380::<Self>(arithmetic, hashing, messages);
            }
        };
        let Some(ifma) = arithmetic.ifma() else {
            return hash_one_by_one::<Self>(hashing, messages);
        };
        let digests: Vec<Result<[u8; 32], InvalidReason>> =
            messages.iter().map(|message| digest(message)).collect();
        let good: Vec<[u8; 32]> = digests.iter().filter_map(|d| d.ok()).collect();
        let mut points = tutti_lanes::bn254_try_and_increment(ifma, &good).into_iter();
        let point = |digest: Result<_, _>| {
            digest.map(|_: [u8; 32]| points.next().expect("a point for each digest"))
        };
        digests.into_iter().map(point).collect()
    }
}

fn as_digest(message: &[u8]) -> Result<[u8; 32], InvalidReason> {
    message.try_into().map_err(|_| InvalidReason::MessageLength)
}

impl Bulk for G2 {
    const LANES: Option<LaneFunctions<Self>> = Some(LaneFunctions {
        from: 1,
        decompress: tutti_lanes::bn254_decompress_g2,
        in_subgroup: tutti_lanes::bn254_in_g2,
        hash: None,
        multiply_64: tutti_lanes::bn254_multiply_g2_64,
        multiply_128: tutti_lanes::bn254_multiply_g2_128,
        bucket_sums: tutti_lanes::bn254_bucket_sums_g2,
        part_sums: tutti_lanes::bn254_part_sums_g2,
        weighted_sums: tutti_lanes::bn254_weighted_sums_g2,
        digit_sums: tutti_lanes::bn254_digit_sums_g2,
        shifted_sums: tutti_lanes::bn254_shifted_sums_g2,
    });
}

impl BulkCurve for Bn254 {
    const LANES: PairingFunctions<Self> = PairingFunctions {
        miller_loops: tutti_lanes::bn254_miller_loops,
        miller_product: tutti_lanes::bn254_miller_product,
        final_exponentiations: tutti_lanes::bn254_final_exponentiations,
    };
    const LEAF_PAIRS: usize = 32;
}
