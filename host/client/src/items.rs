//! What is asked and answered.

use std::time::Duration;

use bytes::Bytes;
use tutti_types::{CurveId, Dst, GroupId, HashVariant, KeySetId, Scheme, World};

/// The answers to a request, in the order of its items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    pub results: Vec<T>,
    pub timing: Timing,
}

/// What a request cost on the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Until its first batch was started.
    pub queued: Duration,
    /// From there to the last answer.
    pub computed: Duration,
    /// The backend that answered; empty if none was needed.
    pub backend: String,
    pub batches: u32,
}

/// One message, whoever signed it, and their signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureSet {
    pub signers: Signers,
    pub message: Bytes,
    pub signature: Bytes,
}

/// Who signed. Several signers of one message are checked against the sum of their keys, which
/// is safe only if every key came with a proof of possession.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signers {
    Keys(Vec<Bytes>),
    Indices {
        set: KeySetId,
        indices: Vec<u32>,
    },
    /// Bit i is bit i mod 8, from the least significant, of byte i div 8.
    Bitfield {
        set: KeySetId,
        bits: Bytes,
    },
}

impl SignatureSet {
    /// A set of one signer.
    pub fn single(
        key: impl Into<Bytes>,
        message: impl Into<Bytes>,
        signature: impl Into<Bytes>,
    ) -> Self {
        Self {
            signers: Signers::Keys(vec![key.into()]),
            message: message.into(),
            signature: signature.into(),
        }
    }
}

/// Signature sets packed in columns: see `VerifyColumnsRequest` in the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// One after the other.
    pub signatures: Bytes,
    /// The distinct messages, one after the other.
    pub messages: Bytes,
    /// Of each message, in bytes.
    pub message_length: u32,
    /// For each item its message; empty where item i signs message i.
    pub message_index: Vec<u32>,
    pub keys: ColumnKeys,
    /// The keys of all items, one item after the other; empty where item i has key i.
    pub key_index: Vec<u32>,
    /// Where each item's keys begin, and the end; empty where each item has one.
    pub key_offset: Vec<u32>,
}

/// Where the key index points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ColumnKeys {
    Set(KeySetId),
    /// Distinct keys, one after the other.
    Inline(Bytes),
}

/// An aggregate signature over one message for each signer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aggregate {
    pub signed: Vec<SignedMessage>,
    pub signature: Bytes,
    /// Where the signers' indices count; not needed where all bring their keys.
    pub key_set: Option<KeySetId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedMessage {
    pub signer: Signer,
    pub message: Bytes,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    Key(Bytes),
    /// A place in the aggregate's key set.
    Index(u32),
}

/// What an item without signers is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmptyRule {
    #[default]
    Refuse,
    /// Ethereum's: VALID if the signature is infinity. It means that nobody signed.
    EthFastAggregateVerify,
}

/// Points to add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    pub role: AggregateRole,
    pub points: Vec<Bytes>,
}

/// What the points are: that decides their group, and whether infinity may be among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AggregateRole {
    Signatures,
    Keys,
}

/// Which hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hash {
    /// What the scheme signs.
    Scheme(Scheme),
    /// RFC 9380 by its parts. The tag is not needed to map field elements.
    Suite {
        curve: CurveId,
        group: GroupId,
        variant: HashVariant,
        dst: Option<Dst>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HashInput {
    Message(Bytes),
    /// Big endian; for G2 two, the real part first.
    FieldElement(Bytes),
}

/// One pairing of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointPair {
    pub g1: Bytes,
    pub g2: Bytes,
}

/// What is known of a key set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySetInfo {
    pub id: KeySetId,
    pub world: World,
    pub count: u32,
    pub name: String,
}
