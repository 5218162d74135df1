//! `AltLayer`'s MACH: operators sign an alert when a block is wrong, and stay silent when it is
//! right. Silence is no statement.

use crate::hash::keccak256;
use crate::statement::Facts;
use crate::{Binding, Bytes32, Kind, Place};

/// The sequencer's output root of a block is not the one that re-execution gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockMismatch {
    pub invalid_output_root: Bytes32,
    pub expected_output_root: Bytes32,
    pub l2_block_number: u64,
}

/// The output oracle on L1 holds another root than the one expected.
///
/// The index has at most 64 bits here: with 256 bits its preimage could be read as that of a
/// [`BlockMismatch`], since neither names its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OutputOracleMismatch {
    pub expected_output_root: Bytes32,
    pub l2_output_index: u64,
}

/// A block's hash is wrong. The hash itself is what is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockHashMismatch {
    pub block_hash: Bytes32,
}

impl BlockMismatch {
    /// Re-execution has one result; several sequencers' roots may be wrong.
    pub(crate) fn contradicts(&self, other: &Self) -> bool {
        self.l2_block_number == other.l2_block_number
            && (self.expected_output_root != other.expected_output_root
                || self.invalid_output_root == other.expected_output_root
                || other.invalid_output_root == self.expected_output_root)
    }
}

/// Go's `big.Int.Bytes`: no leading zeros, nothing at all for zero.
fn minimal_bytes(number: u64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    bytes[number.leading_zeros() as usize / 8..].to_vec()
}

impl Facts for BlockMismatch {
    fn kind(&self) -> Kind {
        Kind::MachBlockMismatch
    }
    fn version(&self) -> u16 {
        1
    }
    fn place(&self) -> Place {
        Place::Height(self.l2_block_number)
    }
    fn place_binding(&self) -> Binding {
        Binding::Signed
    }
    fn preimage(&self) -> Vec<u8> {
        [
            &self.invalid_output_root[..],
            &self.expected_output_root,
            &minimal_bytes(self.l2_block_number),
        ]
        .concat()
    }
}

impl Facts for OutputOracleMismatch {
    fn kind(&self) -> Kind {
        Kind::MachOutputOracleMismatch
    }
    fn version(&self) -> u16 {
        1
    }
    fn place(&self) -> Place {
        Place::Output {
            index: self.l2_output_index,
        }
    }
    fn place_binding(&self) -> Binding {
        Binding::Signed
    }
    fn preimage(&self) -> Vec<u8> {
        [
            &self.expected_output_root[..],
            &minimal_bytes(self.l2_output_index),
        ]
        .concat()
    }
}

impl Facts for BlockHashMismatch {
    fn kind(&self) -> Kind {
        Kind::MachBlockHashMismatch
    }
    fn version(&self) -> u16 {
        1
    }
    fn place(&self) -> Place {
        Place::Own(keccak256(&[&self.block_hash]))
    }
    fn place_binding(&self) -> Binding {
        Binding::Signed
    }
    fn preimage(&self) -> Vec<u8> {
        self.block_hash.to_vec()
    }
    fn upstream_hash(&self) -> Bytes32 {
        self.block_hash
    }
}
