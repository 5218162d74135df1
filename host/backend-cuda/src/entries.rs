//! Which entry points each operation needs.

use tutti_types::{Operation, World};

/// Of both groups: points of bytes, membership, weights, sums.
const POINTS: [&str; 5] = ["decompress", "members", "affine", "weigh", "sum_lists"];

const HASHING: [&str; 14] = [
    "bls_g1_fields",
    "bls_g1_map",
    "bls_g1_clear",
    "bls_g1_affine",
    "bls_g2_fields",
    "bls_g2_map",
    "bls_g2_clear",
    "bls_g2_affine",
    "bn_g1_fields",
    "bn_g1_map",
    "bn_g1_fold",
    "bn_g1_affine",
    "bn_g1_try",
    "keccak256",
];

/// Points of bytes of every group.
const ROOTS: [&str; 4] = [
    "bls_g1_decompress",
    "bls_g2_decompress",
    "bn_g1_decompress",
    "bn_g2_decompress",
];

/// Products of pairings, on either curve.
const PAIRINGS: [&str; 15] = [
    "bls_g1_decompress",
    "bls_g1_members",
    "bls_g1_weigh",
    "bls_g1_affine",
    "bls_g2_decompress",
    "bls_g2_members",
    "bls_miller",
    "bls_product_lists",
    "bn_g1_decompress",
    "bn_g1_weigh",
    "bn_g1_affine",
    "bn_g2_decompress",
    "bn_g2_members",
    "bn_miller",
    "bn_product_lists",
];

fn of(operation: Operation) -> Vec<String> {
    let (curve, keys, signatures, hashes): (_, _, _, &[&str]) = match operation {
        Operation::Verify(World::Bls12381MinPk) => ("bls", "g1", "g2", &["fields", "map", "clear"]),
        Operation::Verify(World::Bls12381MinSig) => {
            ("bls", "g2", "g1", &["fields", "map", "clear"])
        }
        Operation::Verify(World::Bn254) => ("bn", "g2", "g1", &["fields", "map", "try"]),
        Operation::HashToCurve => return HASHING.map(str::to_owned).to_vec(),
        Operation::PairingCheck => return PAIRINGS.map(str::to_owned).to_vec(),
        Operation::Aggregate | Operation::CheckKeys => return ROOTS.map(str::to_owned).to_vec(),
    };
    let mut needed = Vec::new();
    for point in POINTS {
        needed.push(format!("{curve}_{keys}_{point}"));
        // Every point of BN254's first group is a member.
        if (curve, point) != ("bn", "members") {
            needed.push(format!("{curve}_{signatures}_{point}"));
        }
    }
    needed.push(format!("{curve}_{keys}_sum_bits"));
    let of_signatures = hashes.iter().chain(&["fold", "bucket_bits"]);
    needed.extend(of_signatures.map(|step| format!("{curve}_{signatures}_{step}")));
    if curve == "bn" {
        needed.push("keccak256".into());
    }
    needed.push("bucket_lists".into());
    needed.push(format!("{curve}_miller"));
    needed.push(format!("{curve}_product_lists"));
    needed
}

/// All that any operation needs.
pub(crate) fn entries() -> Vec<String> {
    let mut all: Vec<String> = Operation::ALL.into_iter().flat_map(of).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The operations that need nothing that is missing.
pub(crate) fn offered(missing: &[String]) -> Vec<Operation> {
    let complete =
        |operation: &Operation| !of(*operation).iter().any(|entry| missing.contains(entry));
    Operation::ALL.into_iter().filter(complete).collect()
}
