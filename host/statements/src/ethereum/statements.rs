use crate::ssz::{merkle_root, uint64_leaf};
use crate::statement::Facts;
use crate::{Binding, Bytes32, DecodeError, Kind, Place};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Checkpoint {
    pub epoch: u64,
    pub root: Bytes32,
}

/// A validator's vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AttestationData {
    pub slot: u64,
    /// The committee, before Electra; zero since.
    pub index: u64,
    pub beacon_block_root: Bytes32,
    pub source: Checkpoint,
    pub target: Checkpoint,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BeaconBlockHeader {
    pub slot: u64,
    pub proposer_index: u64,
    pub parent_root: Bytes32,
    pub state_root: Bytes32,
    pub body_root: Bytes32,
}

/// Reads SSZ's fixed-size fields off the front of bytes whose length was checked.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn uint64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }

    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (field, rest) = self.0.split_first_chunk().expect("the length was checked");
        self.0 = rest;
        *field
    }
}

fn exactly(bytes: &[u8], expected: usize) -> Result<Fields<'_>, DecodeError> {
    match bytes.len() {
        found if found == expected => Ok(Fields(bytes)),
        found => Err(DecodeError::Length { expected, found }),
    }
}

impl Checkpoint {
    pub fn tree_root(&self) -> Bytes32 {
        merkle_root(&[uint64_leaf(self.epoch), self.root])
    }
}

impl AttestationData {
    pub const SSZ_LENGTH: usize = 128;

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut fields = exactly(bytes, Self::SSZ_LENGTH)?;
        Ok(Self {
            slot: fields.uint64(),
            index: fields.uint64(),
            beacon_block_root: fields.take(),
            source: Checkpoint {
                epoch: fields.uint64(),
                root: fields.take(),
            },
            target: Checkpoint {
                epoch: fields.uint64(),
                root: fields.take(),
            },
        })
    }

    pub fn encode(&self) -> Vec<u8> {
        self.preimage()
    }

    pub fn tree_root(&self) -> Bytes32 {
        merkle_root(&[
            uint64_leaf(self.slot),
            uint64_leaf(self.index),
            self.beacon_block_root,
            self.source.tree_root(),
            self.target.tree_root(),
        ])
    }

    /// A double vote, or one vote around the other.
    pub fn is_slashable_with(&self, other: &Self) -> bool {
        let surrounds = |outer: &Self, inner: &Self| {
            outer.source.epoch < inner.source.epoch && inner.target.epoch < outer.target.epoch
        };
        (self != other && self.target.epoch == other.target.epoch)
            || surrounds(self, other)
            || surrounds(other, self)
    }
}

impl BeaconBlockHeader {
    pub const SSZ_LENGTH: usize = 112;

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut fields = exactly(bytes, Self::SSZ_LENGTH)?;
        Ok(Self {
            slot: fields.uint64(),
            proposer_index: fields.uint64(),
            parent_root: fields.take(),
            state_root: fields.take(),
            body_root: fields.take(),
        })
    }

    pub fn encode(&self) -> Vec<u8> {
        self.preimage()
    }

    pub fn tree_root(&self) -> Bytes32 {
        merkle_root(&[
            uint64_leaf(self.slot),
            uint64_leaf(self.proposer_index),
            self.parent_root,
            self.state_root,
            self.body_root,
        ])
    }
}

impl Facts for AttestationData {
    fn kind(&self) -> Kind {
        Kind::EthAttestation
    }
    fn version(&self) -> u16 {
        1
    }
    fn place(&self) -> Place {
        Place::Epoch(self.target.epoch)
    }
    fn place_binding(&self) -> Binding {
        Binding::Signed
    }
    fn preimage(&self) -> Vec<u8> {
        [
            &self.slot.to_le_bytes()[..],
            &self.index.to_le_bytes(),
            &self.beacon_block_root,
            &self.source.epoch.to_le_bytes(),
            &self.source.root,
            &self.target.epoch.to_le_bytes(),
            &self.target.root,
        ]
        .concat()
    }
    fn upstream_hash(&self) -> Bytes32 {
        self.tree_root()
    }
}

impl Facts for BeaconBlockHeader {
    fn kind(&self) -> Kind {
        Kind::EthBlockRoot
    }
    fn version(&self) -> u16 {
        1
    }
    fn place(&self) -> Place {
        Place::Slot(self.slot)
    }
    fn place_binding(&self) -> Binding {
        Binding::Signed
    }
    fn preimage(&self) -> Vec<u8> {
        [
            &self.slot.to_le_bytes()[..],
            &self.proposer_index.to_le_bytes(),
            &self.parent_root,
            &self.state_root,
            &self.body_root,
        ]
        .concat()
    }
    fn upstream_hash(&self) -> Bytes32 {
        self.tree_root()
    }
}
