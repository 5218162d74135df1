//! BN254 in bulk. arkworks is slow enough that a register of eight pays for a single pairing.

use sha3::{Digest, Keccak256};
use tutti_curves::bn254::{Bn254, G1, G1Affine, G2};
use tutti_curves::{Curve, Hashing, Pair};
use tutti_lanes::Ifma;
use tutti_types::InvalidReason;

use super::{
    Arithmetic, Bulk, BulkCurve, LaneFunctions, hash_by_rfc9380, hash_one_by_one, products_of_lists,
};

impl Bulk for G1 {
    const LANES: Option<LaneFunctions<Self>> = Some(LaneFunctions {
        decompress: tutti_lanes::bn254_decompress_g1,
        // Every point of the curve is in the group.
        in_subgroup: |_, points| vec![true; points.len()],
        hash: Some(tutti_lanes::bn254_hash_to_g1),
        multiply_64: tutti_lanes::bn254_multiply_g1_64,
        multiply_128: tutti_lanes::bn254_multiply_g1_128,
        bucket_sums: tutti_lanes::bn254_bucket_sums_g1,
        part_sums: tutti_lanes::bn254_part_sums_g1,
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
        decompress: tutti_lanes::bn254_decompress_g2,
        in_subgroup: tutti_lanes::bn254_in_g2,
        hash: None,
        multiply_64: tutti_lanes::bn254_multiply_g2_64,
        multiply_128: tutti_lanes::bn254_multiply_g2_128,
        bucket_sums: tutti_lanes::bn254_bucket_sums_g2,
        part_sums: tutti_lanes::bn254_part_sums_g2,
        digit_sums: tutti_lanes::bn254_digit_sums_g2,
        shifted_sums: tutti_lanes::bn254_shifted_sums_g2,
    });
}

impl BulkCurve for Bn254 {
    fn fan_out(arithmetic: Arithmetic) -> usize {
        arithmetic.ifma().map_or(4, |_| 8)
    }

    fn leaf_pairs(arithmetic: Arithmetic) -> usize {
        arithmetic.ifma().map_or(16, |_| 32)
    }

    fn miller_many(arithmetic: Arithmetic, pairs: &[Pair<Self>]) -> Self::Gt {
        let Some(ifma) = arithmetic.ifma() else {
            return Self::miller(pairs);
        };
        // A register for one more pair costs more than that pair by itself.
        if pairs.len() > 8 && pairs.len() % 8 == 1 {
            let (full, last) = pairs.split_at(pairs.len() - 1);
            let full = Self::miller_many(arithmetic, full);
            return Self::mul(&full, &Self::miller_many(arithmetic, last));
        }
        let (p, q): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
        tutti_lanes::bn254_miller_product(ifma, &p, &q)
    }

    fn miller_each(arithmetic: Arithmetic, lists: &[Vec<Pair<Self>>]) -> Vec<Self::Gt> {
        let Some(ifma) = arithmetic.ifma() else {
            return lists.iter().map(|pairs| Self::miller(pairs)).collect();
        };
        products_of_lists::<Self>(lists, |p, q| tutti_lanes::bn254_miller_loops(ifma, p, q))
    }

    fn are_one(arithmetic: Arithmetic, values: &[Self::Gt]) -> Vec<bool> {
        match arithmetic.ifma() {
            Some(ifma) => finished_are_one(ifma, values),
            None => values.iter().map(Self::is_one).collect(),
        }
    }
}

fn finished_are_one(ifma: Ifma, values: &[<Bn254 as Curve>::Gt]) -> Vec<bool> {
    tutti_lanes::bn254_final_exponentiations(ifma, values)
        .iter()
        .map(|power| *power == Bn254::one())
        .collect()
}
