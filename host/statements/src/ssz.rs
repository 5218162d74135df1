//! The Merkle rules of SSZ, for the fixed shapes that statements and light clients use.

use crate::Bytes32;
use crate::hash::sha256;

/// Root of the leaves, padded with zeros to a power of two.
pub fn merkle_root(leaves: &[Bytes32]) -> Bytes32 {
    let mut layer = leaves.to_vec();
    layer.resize(leaves.len().next_power_of_two(), [0; 32]);
    while layer.len() > 1 {
        layer = layer
            .chunks_exact(2)
            .map(|pair| sha256(&[&pair[0], &pair[1]]))
            .collect();
    }
    layer[0]
}

/// Root of bytes in chunks of 32, the last one padded with zeros: byte vectors.
pub fn bytes_root(bytes: &[u8]) -> Bytes32 {
    let leaves: Vec<Bytes32> = bytes
        .chunks(32)
        .map(|chunk| {
            let mut leaf = [0; 32];
            leaf[..chunk.len()].copy_from_slice(chunk);
            leaf
        })
        .collect();
    merkle_root(&leaves)
}

pub fn uint64_leaf(value: u64) -> Bytes32 {
    let mut leaf = [0; 32];
    leaf[..8].copy_from_slice(&value.to_le_bytes());
    leaf
}

/// A list's root is mixed with its length.
pub fn mix_in_length(root: &Bytes32, length: usize) -> Bytes32 {
    sha256(&[root, &uint64_leaf(length as u64)])
}

/// The root that `leaf` leads to, if it stands at `index` of a tree as deep as the branch is long.
pub fn branch_root(leaf: &Bytes32, branch: &[Bytes32], index: u64) -> Bytes32 {
    let up = |node: Bytes32, (depth, sibling): (usize, &Bytes32)| {
        let is_right = index.checked_shr(depth as u32).unwrap_or(0) & 1 == 1;
        if is_right {
            sha256(&[sibling, &node])
        } else {
            sha256(&[&node, sibling])
        }
    };
    branch.iter().enumerate().fold(*leaf, up)
}
