use crate::arbitrum::{Assertion, GlobalState};
use crate::eigen::{EigenDaBatch, GlobalTableRoot};
use crate::ethereum::{AttestationData, BeaconBlockHeader};
use crate::hash::keccak256;
use crate::mach::{BlockHashMismatch, BlockMismatch, OutputOracleMismatch};
use crate::messages::{BeefyCommitment, HyperlaneCheckpoint, WormholeMessage};
use crate::nffl::{OperatorSetUpdate, StateRootUpdate};
use crate::optimism::{InteropMessage, OutputRootV0, SuperRootV1};
use crate::zksync::{BatchCommitment, StoredBatch};
use crate::{Binding, Bytes32, ChainId, Envelope, Kind, Place, SlotKey, StatementError, U256};

/// What is attested, and where it belongs. Two statements are the same when their preimages
/// are; their digests are not comparable on purpose, see [`crate::SignedDigest`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Statement {
    chain: ChainId,
    body: Body,
}

/// The closed list of what Tutti can read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Body {
    OpOutputRoot(OutputRootV0),
    OpSuperRoot(SuperRootV1),
    OpInteropMessage(InteropMessage),
    NitroGlobalState(GlobalState),
    BoldAssertion(Assertion),
    ZkStoredBatch(StoredBatch),
    ZkBatchCommitment(BatchCommitment),
    MachBlockMismatch(BlockMismatch),
    MachOutputOracleMismatch(OutputOracleMismatch),
    MachBlockHashMismatch(BlockHashMismatch),
    NfflStateRoot(StateRootUpdate),
    NfflOperatorSet(OperatorSetUpdate),
    EigenDaBatch(EigenDaBatch),
    EigenTableRoot(GlobalTableRoot),
    EthAttestation(AttestationData),
    EthBlockRoot(BeaconBlockHeader),
    HyperlaneCheckpoint(HyperlaneCheckpoint),
    WormholeMessage(WormholeMessage),
    BeefyCommitment(BeefyCommitment),
    Opaque32(Opaque32),
}

/// A digest of who knows what. It can be verified; it never proves anything about its signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Opaque32(pub Bytes32);

/// Names a statement: equal exactly for equal kind, version, chain, place and preimage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatementId(pub Bytes32);

/// What the statement's own system computes of it. Has no equality: two different statements
/// may share what becomes of it on the curve, so they are compared as statements or by
/// [`StatementId`].
#[derive(Clone, Copy, Debug)]
pub struct UpstreamHash(pub(crate) Bytes32);

impl UpstreamHash {
    pub fn as_bytes(&self) -> &Bytes32 {
        &self.0
    }
}

/// How two statements stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    Same,
    Compatible,
    /// Not both can be true, or (Ethereum's votes) nobody may sign both.
    Conflicting,
}

/// What each kind of statement says about itself.
pub(crate) trait Facts {
    fn kind(&self) -> Kind;
    fn version(&self) -> u16;
    fn place(&self) -> Place;
    fn place_binding(&self) -> Binding;
    /// The chain that the preimage itself names.
    fn stated_chain(&self) -> Option<ChainId> {
        None
    }
    /// The bytes that identify the statement: what its upstream hash is taken of.
    fn preimage(&self) -> Vec<u8>;
    fn upstream_hash(&self) -> Bytes32 {
        keccak256(&[&self.preimage()])
    }
}

impl Facts for Opaque32 {
    fn kind(&self) -> Kind {
        Kind::Opaque32
    }
    fn version(&self) -> u16 {
        0
    }
    fn place(&self) -> Place {
        Place::Own(self.0)
    }
    fn place_binding(&self) -> Binding {
        Binding::Asserted
    }
    fn preimage(&self) -> Vec<u8> {
        self.0.to_vec()
    }
    fn upstream_hash(&self) -> Bytes32 {
        self.0
    }
}

impl Body {
    fn facts(&self) -> &dyn Facts {
        match self {
            Self::OpOutputRoot(body) => body,
            Self::OpSuperRoot(body) => body,
            Self::OpInteropMessage(body) => body,
            Self::NitroGlobalState(body) => body,
            Self::BoldAssertion(body) => body,
            Self::ZkStoredBatch(body) => body,
            Self::ZkBatchCommitment(body) => body,
            Self::MachBlockMismatch(body) => body,
            Self::MachOutputOracleMismatch(body) => body,
            Self::MachBlockHashMismatch(body) => body,
            Self::NfflStateRoot(body) => body,
            Self::NfflOperatorSet(body) => body,
            Self::EigenDaBatch(body) => body,
            Self::EigenTableRoot(body) => body,
            Self::EthAttestation(body) => body,
            Self::EthBlockRoot(body) => body,
            Self::HyperlaneCheckpoint(body) => body,
            Self::WormholeMessage(body) => body,
            Self::BeefyCommitment(body) => body,
            Self::Opaque32(body) => body,
        }
    }
}

impl Statement {
    /// A statement about `chain`. Where the preimage names its chain, it must be that one.
    pub fn new(chain: ChainId, body: Body) -> Result<Self, StatementError> {
        match body.facts().stated_chain() {
            Some(stated) if stated != chain => Err(StatementError::OtherChain {
                envelope: chain,
                stated,
            }),
            _ => Ok(Self { chain, body }),
        }
    }

    /// An opaque digest: verifiable, never evidence.
    pub fn opaque(digest: Bytes32) -> Self {
        Self {
            chain: U256::ZERO,
            body: Body::Opaque32(Opaque32(digest)),
        }
    }

    pub fn body(&self) -> &Body {
        &self.body
    }

    pub fn chain(&self) -> ChainId {
        self.chain
    }

    pub fn kind(&self) -> Kind {
        self.body.facts().kind()
    }

    pub fn is_evidential(&self) -> bool {
        self.kind().is_evidential()
    }

    pub fn envelope(&self) -> Envelope {
        let facts = self.body.facts();
        Envelope {
            kind: facts.kind(),
            chain: self.chain,
            version: facts.version(),
            slot: self.slot_key(),
            chain_binding: match facts.stated_chain() {
                Some(_) => Binding::Signed,
                None => Binding::Asserted,
            },
            place_binding: facts.place_binding(),
        }
    }

    pub fn slot_key(&self) -> SlotKey {
        SlotKey {
            kind: self.kind(),
            chain: self.chain,
            place: self.body.facts().place(),
        }
    }

    pub fn upstream_hash(&self) -> UpstreamHash {
        UpstreamHash(self.body.facts().upstream_hash())
    }

    pub fn id(&self) -> StatementId {
        let facts = self.body.facts();
        StatementId(keccak256(&[
            b"tutti statement 1",
            &[facts.kind() as u8],
            &facts.version().to_be_bytes(),
            &self.chain.to_be_bytes::<32>(),
            &facts.place().encode(),
            &facts.preimage(),
        ]))
    }

    /// Decided on the statements themselves, never on digests.
    pub fn relation(&self, other: &Self) -> Relation {
        if self == other {
            return Relation::Same;
        }
        let conflicting = match (&self.body, &other.body) {
            (Body::EthAttestation(a), Body::EthAttestation(b)) => {
                self.chain == other.chain && a.is_slashable_with(b)
            }
            (Body::OpSuperRoot(a), Body::OpSuperRoot(b)) => a.contradicts(b),
            (Body::MachBlockMismatch(a), Body::MachBlockMismatch(b)) => {
                self.chain == other.chain && a.contradicts(b)
            }
            _ => self.slot_key() == other.slot_key(),
        };
        if conflicting {
            Relation::Conflicting
        } else {
            Relation::Compatible
        }
    }
}
