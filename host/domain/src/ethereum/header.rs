use tutti_statements::ethereum::BeaconBlockHeader;
use tutti_statements::ssz::{branch_root, bytes_root, merkle_root, mix_in_length, uint64_leaf};
use tutti_statements::{Address, Bytes32};

use super::spec::{BeaconChain, EXECUTION_PAYLOAD, Shape, TreeIndex};

/// What a block says of its execution payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionHeader {
    pub parent_hash: Bytes32,
    pub fee_recipient: Address,
    pub state_root: Bytes32,
    pub receipts_root: Bytes32,
    pub logs_bloom: Box<[u8; 256]>,
    pub prev_randao: Bytes32,
    pub block_number: u64,
    pub gas_limit: u64,
    pub gas_used: u64,
    pub timestamp: u64,
    pub extra_data: ExtraData,
    /// Little endian, as it is hashed.
    pub base_fee_per_gas: Bytes32,
    pub block_hash: Bytes32,
    pub transactions_root: Bytes32,
    pub withdrawals_root: Bytes32,
    /// Zero before Deneb.
    pub blob_gas_used: u64,
    pub excess_blob_gas: u64,
}

/// At most 32 bytes that a block's builder chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExtraData {
    bytes: Bytes32,
    length: u8,
}

/// A beacon block's header with the execution header that its body holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LightClientHeader {
    pub beacon: BeaconBlockHeader,
    pub execution: ExecutionHeader,
    pub execution_branch: [Bytes32; 4],
}

impl ExtraData {
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut padded = [0; 32];
        padded.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(Self {
            bytes: padded,
            length: bytes.len() as u8,
        })
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length.into()]
    }

    fn tree_root(&self) -> Bytes32 {
        mix_in_length(&self.bytes, self.length.into())
    }
}

impl ExecutionHeader {
    fn tree_root(&self, shape: Shape) -> Bytes32 {
        let mut leaves = vec![
            self.parent_hash,
            bytes_root(&self.fee_recipient),
            self.state_root,
            self.receipts_root,
            bytes_root(&self.logs_bloom[..]),
            self.prev_randao,
            uint64_leaf(self.block_number),
            uint64_leaf(self.gas_limit),
            uint64_leaf(self.gas_used),
            uint64_leaf(self.timestamp),
            self.extra_data.tree_root(),
            self.base_fee_per_gas,
            self.block_hash,
            self.transactions_root,
            self.withdrawals_root,
        ];
        if shape >= Shape::Deneb {
            leaves.push(uint64_leaf(self.blob_gas_used));
            leaves.push(uint64_leaf(self.excess_blob_gas));
        }
        merkle_root(&leaves)
    }
}

impl LightClientHeader {
    pub fn root(&self) -> Bytes32 {
        self.beacon.tree_root()
    }

    /// Whether the execution header is the one in the block's body.
    pub(super) fn is_consistent(&self, chain: &BeaconChain) -> bool {
        let shape = chain.shape_at(self.beacon.slot);
        let blobs = self.execution.blob_gas_used != 0 || self.execution.excess_blob_gas != 0;
        if shape == Shape::Altair || (shape < Shape::Deneb && blobs) {
            return false;
        }
        let root = self.execution.tree_root(shape);
        leads_to(
            &root,
            &self.execution_branch,
            EXECUTION_PAYLOAD,
            &self.beacon.body_root,
        )
    }
}

/// Whether the branch leads from the leaf, at its place, to the root. Objects that outlived a
/// fork which made trees deeper have zeros in front of their branches.
pub(super) fn leads_to(
    leaf: &Bytes32,
    branch: &[Bytes32],
    index: TreeIndex,
    root: &Bytes32,
) -> bool {
    let Some(extra) = branch.len().checked_sub(index.depth()) else {
        return false;
    };
    let (padding, branch) = branch.split_at(extra);
    padding.iter().all(|node| *node == [0; 32]) && branch_root(leaf, branch, index.place()) == *root
}
