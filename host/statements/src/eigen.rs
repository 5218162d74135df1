//! What EigenDA's operators and `EigenLayer`'s generators attest.

use crate::abi::Encoder;
use crate::hash::keccak256;
use crate::statement::Facts;
use crate::{Binding, Bytes32, Kind, Place};

/// A batch of blobs stored by the operators of one reference block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EigenDaBatch {
    pub batch_root: Bytes32,
    pub reference_block_number: u32,
}

/// The root of all operator tables, certified for every destination chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GlobalTableRoot {
    pub root: Bytes32,
    pub reference_timestamp: u32,
    pub reference_block_number: u32,
}

const TABLE_ROOT_TYPE: &[u8] =
    b"GlobalTableRootCert(bytes32 globalTableRoot,uint32 referenceTimestamp,uint32 referenceBlockNumber)";

impl Facts for EigenDaBatch {
    fn kind(&self) -> Kind {
        Kind::EigenDaBatch
    }
    fn version(&self) -> u16 {
        1
    }
    /// Many batches share a reference block: none excludes another.
    fn place(&self) -> Place {
        Place::Own(keccak256(&[&self.preimage()]))
    }
    fn place_binding(&self) -> Binding {
        Binding::Signed
    }
    fn preimage(&self) -> Vec<u8> {
        Encoder::default()
            .bytes32(&self.batch_root)
            .uint64(self.reference_block_number.into())
            .finish()
    }
}

impl Facts for GlobalTableRoot {
    fn kind(&self) -> Kind {
        Kind::EigenTableRoot
    }
    fn version(&self) -> u16 {
        1
    }
    fn place(&self) -> Place {
        Place::Timestamp(self.reference_timestamp.into())
    }
    fn place_binding(&self) -> Binding {
        Binding::Signed
    }
    fn preimage(&self) -> Vec<u8> {
        Encoder::default()
            .bytes32(&keccak256(&[TABLE_ROOT_TYPE]))
            .bytes32(&self.root)
            .uint64(self.reference_timestamp.into())
            .uint64(self.reference_block_number.into())
            .finish()
    }
}
