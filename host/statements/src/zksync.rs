//! What `ZKsync` chains attest: stored batches and their commitments.

use crate::abi::{Decoder, Encoder};
use crate::hash::keccak256;
use crate::statement::Facts;
use crate::{Binding, Bytes32, DecodeError, Kind, Place, StatementError, U256};

/// The contract's `StoredBatchInfo`. Its layout grew by one field with interop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StoredBatch {
    pub batch_number: u64,
    pub batch_hash: Bytes32,
    pub index_repeated_storage_changes: u64,
    pub number_of_layer1_txs: U256,
    pub priority_operations_hash: Bytes32,
    /// Present in the layout of nine fields, absent in the one of eight.
    pub dependency_roots_rolling_hash: Option<Bytes32>,
    pub l2_logs_tree_root: Bytes32,
    pub timestamp: U256,
    pub commitment: Bytes32,
}

impl StoredBatch {
    const WORDS_LEGACY: usize = 8;
    const WORDS_INTEROP: usize = 9;

    /// Eight words or nine; the length says which layout it is.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let legacy = bytes.len() == Self::WORDS_LEGACY * 32;
        let count = if legacy {
            Self::WORDS_LEGACY
        } else {
            Self::WORDS_INTEROP
        };
        let mut words = Decoder::exact(bytes, count)?;
        Ok(Self {
            batch_number: words.uint64("the batch number")?,
            batch_hash: words.bytes32(),
            index_repeated_storage_changes: words.uint64("the index of repeated changes")?,
            number_of_layer1_txs: words.uint256(),
            priority_operations_hash: words.bytes32(),
            dependency_roots_rolling_hash: (!legacy).then(|| words.bytes32()),
            l2_logs_tree_root: words.bytes32(),
            timestamp: words.uint256(),
            commitment: words.bytes32(),
        })
    }

    pub fn encode(&self) -> Vec<u8> {
        self.preimage()
    }
}

impl Facts for StoredBatch {
    fn kind(&self) -> Kind {
        Kind::ZkStoredBatch
    }
    fn version(&self) -> u16 {
        match self.dependency_roots_rolling_hash {
            None => 8,
            Some(_) => 9,
        }
    }
    fn place(&self) -> Place {
        Place::Height(self.batch_number)
    }
    fn place_binding(&self) -> Binding {
        Binding::Signed
    }
    fn preimage(&self) -> Vec<u8> {
        let head = Encoder::default()
            .uint64(self.batch_number)
            .bytes32(&self.batch_hash)
            .uint64(self.index_repeated_storage_changes)
            .uint256(self.number_of_layer1_txs)
            .bytes32(&self.priority_operations_hash);
        let head = match &self.dependency_roots_rolling_hash {
            None => head,
            Some(rolling) => head.bytes32(rolling),
        };
        head.bytes32(&self.l2_logs_tree_root)
            .uint256(self.timestamp)
            .bytes32(&self.commitment)
            .finish()
    }
}

/// What a batch commits to: the state it leads to, the code that ran, and what came out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BatchCommitment {
    /// Not part of the hash: the caller says which batch it is.
    pub batch_number: u64,
    pub pass_through: PassThrough,
    pub meta: MetaParameters,
    pub auxiliary: AuxiliaryOutput,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PassThrough {
    pub last_leaf_index: u64,
    pub root_hash: Bytes32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MetaParameters {
    pub zkporter_is_available: bool,
    pub bootloader_hash: Bytes32,
    pub default_account_hash: Bytes32,
    /// Hashed since protocol 1.5.0. Chains without an emulator put the default account's hash here.
    pub evm_emulator_hash: Option<Bytes32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AuxiliaryOutput {
    PreBoojum {
        logs_merkle_root: Bytes32,
        logs_linear_hash: Bytes32,
        initial_writes_hash: Bytes32,
        repeated_writes_hash: Bytes32,
    },
    PostBoojum(BoojumOutput),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BoojumOutput {
    pub system_logs_hash: Bytes32,
    pub state_diffs_hash: Bytes32,
    pub bootloader_heap_hash: Bytes32,
    pub events_queue_hash: Bytes32,
    blobs: Vec<BlobOutput>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlobOutput {
    pub linear_hash: Bytes32,
    pub commitment: Bytes32,
}

impl PassThrough {
    /// The zkPorter's leaf index and root follow as zeros.
    pub fn hash(&self) -> Bytes32 {
        keccak256(&[
            &self.last_leaf_index.to_be_bytes(),
            &self.root_hash,
            &[0; 40],
        ])
    }
}

impl MetaParameters {
    pub fn hash(&self) -> Bytes32 {
        keccak256(&[
            &[u8::from(self.zkporter_is_available)],
            &self.bootloader_hash,
            &self.default_account_hash,
            self.evm_emulator_hash
                .as_ref()
                .map_or(&[], |hash| &hash[..]),
        ])
    }
}

impl BoojumOutput {
    /// No protocol version has more than sixteen blobs.
    pub const BLOBS_MAX: usize = 16;

    /// Without blobs; see `with_blobs`.
    pub fn new(
        system_logs_hash: Bytes32,
        state_diffs_hash: Bytes32,
        bootloader_heap_hash: Bytes32,
        events_queue_hash: Bytes32,
    ) -> Self {
        Self {
            system_logs_hash,
            state_diffs_hash,
            bootloader_heap_hash,
            events_queue_hash,
            blobs: Vec::new(),
        }
    }

    pub fn with_blobs(mut self, blobs: Vec<BlobOutput>) -> Result<Self, StatementError> {
        if blobs.len() > Self::BLOBS_MAX {
            return Err(StatementError::TooMany {
                what: "a batch's list of blobs",
                found: blobs.len(),
                limit: Self::BLOBS_MAX,
            });
        }
        self.blobs = blobs;
        Ok(self)
    }

    pub fn blobs(&self) -> &[BlobOutput] {
        &self.blobs
    }
}

impl AuxiliaryOutput {
    fn preimage(&self) -> Vec<u8> {
        match self {
            Self::PreBoojum {
                logs_merkle_root,
                logs_linear_hash,
                initial_writes_hash,
                repeated_writes_hash,
            } => [
                *logs_merkle_root,
                *logs_linear_hash,
                *initial_writes_hash,
                *repeated_writes_hash,
            ]
            .concat(),
            Self::PostBoojum(output) => {
                let mut words = vec![
                    output.system_logs_hash,
                    output.state_diffs_hash,
                    output.bootloader_heap_hash,
                    output.events_queue_hash,
                ];
                for blob in &output.blobs {
                    words.extend([blob.linear_hash, blob.commitment]);
                }
                words.concat()
            }
        }
    }

    pub fn hash(&self) -> Bytes32 {
        keccak256(&[&self.preimage()])
    }
}

impl Facts for BatchCommitment {
    fn kind(&self) -> Kind {
        Kind::ZkBatchCommitment
    }
    fn version(&self) -> u16 {
        match self.auxiliary {
            AuxiliaryOutput::PreBoojum { .. } => 1,
            AuxiliaryOutput::PostBoojum(_) => 2,
        }
    }
    fn place(&self) -> Place {
        Place::Height(self.batch_number)
    }
    fn place_binding(&self) -> Binding {
        Binding::Asserted
    }
    fn preimage(&self) -> Vec<u8> {
        [
            self.pass_through.hash(),
            self.meta.hash(),
            self.auxiliary.hash(),
        ]
        .concat()
    }
}
