use crate::{Bytes32, U256};

/// The chain a statement speaks of, in the numbering its system uses: EIP-155 for rollups and
/// Ethereum, the origin domain for Hyperlane, the emitter chain for Wormhole.
pub type ChainId = U256;

/// What is attested. No upstream hash names its own kind, so the envelope does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    OpOutputRoot = 1,
    OpSuperRoot = 2,
    OpInteropMessage = 3,
    NitroGlobalState = 4,
    BoldAssertion = 5,
    ZkStoredBatch = 6,
    ZkBatchCommitment = 7,
    MachBlockMismatch = 8,
    MachOutputOracleMismatch = 9,
    MachBlockHashMismatch = 10,
    NfflStateRoot = 11,
    NfflOperatorSet = 12,
    EigenDaBatch = 13,
    EigenTableRoot = 14,
    EthAttestation = 15,
    EthBlockRoot = 16,
    HyperlaneCheckpoint = 17,
    WormholeMessage = 18,
    BeefyCommitment = 19,
    Opaque32 = 255,
}

/// Where on its chain a statement stands, in the words of its system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    Height(u64),
    Timestamp(u64),
    Epoch(u64),
    Slot(u64),
    Log {
        block: u64,
        index: u32,
    },
    Inbox {
        batch: u64,
        message: u64,
    },
    Output {
        index: u64,
    },
    ChildOf(Bytes32),
    SetUpdate(u64),
    TreeLeaf {
        tree: Bytes32,
        index: u32,
    },
    Sequence {
        emitter: Bytes32,
        number: u64,
    },
    /// No other statement can stand in the way of this one.
    Own(Bytes32),
}

/// What two conflicting statements share. Made for indexes: statements with different keys are
/// compatible, except for surround votes of Ethereum, which `Statement::relation` knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SlotKey {
    pub kind: Kind,
    pub chain: ChainId,
    pub place: Place,
}

/// Who says where a statement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binding {
    /// The signed bytes do.
    Signed,
    /// Only the caller does: whoever holds two signatures could claim one place for both, so
    /// they are no evidence against the signer.
    Asserted,
}

/// What the upstream hash lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Envelope {
    pub kind: Kind,
    pub chain: ChainId,
    pub version: u16,
    pub slot: SlotKey,
    pub chain_binding: Binding,
    pub place_binding: Binding,
}

impl Kind {
    pub const ALL: [Self; 20] = [
        Self::OpOutputRoot,
        Self::OpSuperRoot,
        Self::OpInteropMessage,
        Self::NitroGlobalState,
        Self::BoldAssertion,
        Self::ZkStoredBatch,
        Self::ZkBatchCommitment,
        Self::MachBlockMismatch,
        Self::MachOutputOracleMismatch,
        Self::MachBlockHashMismatch,
        Self::NfflStateRoot,
        Self::NfflOperatorSet,
        Self::EigenDaBatch,
        Self::EigenTableRoot,
        Self::EthAttestation,
        Self::EthBlockRoot,
        Self::HyperlaneCheckpoint,
        Self::WormholeMessage,
        Self::BeefyCommitment,
        Self::Opaque32,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::OpOutputRoot => "op-output-root",
            Self::OpSuperRoot => "op-super-root",
            Self::OpInteropMessage => "op-interop-message",
            Self::NitroGlobalState => "nitro-global-state",
            Self::BoldAssertion => "bold-assertion",
            Self::ZkStoredBatch => "zk-stored-batch",
            Self::ZkBatchCommitment => "zk-batch-commitment",
            Self::MachBlockMismatch => "mach-block-mismatch",
            Self::MachOutputOracleMismatch => "mach-output-oracle-mismatch",
            Self::MachBlockHashMismatch => "mach-block-hash-mismatch",
            Self::NfflStateRoot => "nffl-state-root",
            Self::NfflOperatorSet => "nffl-operator-set",
            Self::EigenDaBatch => "eigenda-batch",
            Self::EigenTableRoot => "eigen-table-root",
            Self::EthAttestation => "eth-attestation",
            Self::EthBlockRoot => "eth-block-root",
            Self::HyperlaneCheckpoint => "hyperlane-checkpoint",
            Self::WormholeMessage => "wormhole-message",
            Self::BeefyCommitment => "beefy-commitment",
            Self::Opaque32 => "opaque32",
        }
    }

    /// Whether two signatures on conflicting statements of this kind may ever be held against
    /// their signer. An opaque digest says nothing about what was signed.
    pub const fn is_evidential(self) -> bool {
        !matches!(self, Self::Opaque32)
    }
}

impl Place {
    /// A prefix code: no encoding of one place begins with that of another.
    pub(crate) fn encode(self) -> Vec<u8> {
        let numbers = |tag: u8, first: u64, second: u64| {
            [&[tag][..], &first.to_be_bytes(), &second.to_be_bytes()].concat()
        };
        let hashed = |tag: u8, hash: Bytes32, number: u64| {
            [&[tag][..], &hash, &number.to_be_bytes()].concat()
        };
        match self {
            Self::Height(height) => numbers(1, height, 0),
            Self::Timestamp(time) => numbers(2, time, 0),
            Self::Epoch(epoch) => numbers(3, epoch, 0),
            Self::Slot(slot) => numbers(4, slot, 0),
            Self::Log { block, index } => numbers(5, block, index.into()),
            Self::Inbox { batch, message } => numbers(6, batch, message),
            Self::Output { index } => numbers(7, index, 0),
            Self::SetUpdate(id) => numbers(8, id, 0),
            Self::ChildOf(parent) => hashed(9, parent, 0),
            Self::TreeLeaf { tree, index } => hashed(10, tree, index.into()),
            Self::Sequence { emitter, number } => hashed(11, emitter, number),
            Self::Own(id) => hashed(12, id, 0),
        }
    }
}
