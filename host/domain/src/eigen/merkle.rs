//! `EigenLayer`'s keccak trees: leaves padded with zero words to a power of two, pairs hashed
//! as they stand.

use alloy_primitives::{B256, keccak256};

/// Why a proof does not show what it is said to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MerkleError {
    #[error("no tree has a root of zeros")]
    EmptyRoot,
    #[error("a proof is whole words, not {0} bytes")]
    Length(usize),
    #[error("the index is not one of a tree of this depth")]
    Index,
    #[error("the proof leads to another root")]
    OtherRoot,
}

/// `Merkle.verifyInclusionKeccak`: an empty proof says that the leaf is the root. The contract
/// does not look at the index then; here it must be that of the only leaf.
pub fn verify(proof: &[u8], root: B256, leaf: B256, index: u64) -> Result<(), MerkleError> {
    if root.is_zero() {
        return Err(MerkleError::EmptyRoot);
    }
    let (siblings, []) = proof.as_chunks::<32>() else {
        return Err(MerkleError::Length(proof.len()));
    };
    let mut left = index;
    let mut hash = leaf;
    for sibling in siblings {
        let sibling = B256::from(*sibling);
        hash = match left % 2 {
            0 => pair(hash, sibling),
            _ => pair(sibling, hash),
        };
        left /= 2;
    }
    if left != 0 {
        return Err(MerkleError::Index);
    }
    if hash != root {
        return Err(MerkleError::OtherRoot);
    }
    Ok(())
}

/// The root over at least one leaf.
pub fn root(leaves: &[B256]) -> B256 {
    let mut layer = padded(leaves);
    while layer.len() > 1 {
        layer = above(&layer);
    }
    layer[0]
}

/// The siblings of a leaf, from the bottom.
pub fn proof(leaves: &[B256], index: usize) -> Vec<u8> {
    let mut layer = padded(leaves);
    let mut index = index;
    let mut siblings = Vec::new();
    while layer.len() > 1 {
        siblings.extend(layer[index ^ 1].0);
        layer = above(&layer);
        index /= 2;
    }
    siblings
}

fn padded(leaves: &[B256]) -> Vec<B256> {
    let mut layer = leaves.to_vec();
    layer.resize(leaves.len().max(1).next_power_of_two(), B256::ZERO);
    layer
}

fn above(layer: &[B256]) -> Vec<B256> {
    layer
        .chunks_exact(2)
        .map(|two| pair(two[0], two[1]))
        .collect()
}

fn pair(left: B256, right: B256) -> B256 {
    keccak256([left.0, right.0].concat())
}
