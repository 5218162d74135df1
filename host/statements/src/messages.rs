//! What the signers of general message layers attest.

use crate::hash::keccak256;
use crate::statement::Facts;
use crate::{Binding, Bytes32, ChainId, DecodeError, Kind, Place, StatementError, U256};

/// Hyperlane: a root of a chain's outgoing messages, and the message at its last leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HyperlaneCheckpoint {
    pub origin_domain: u32,
    pub merkle_tree_hook: Bytes32,
    pub root: Bytes32,
    pub index: u32,
    pub message_id: Bytes32,
}

impl HyperlaneCheckpoint {
    pub fn domain_hash(&self) -> Bytes32 {
        keccak256(&[
            &self.origin_domain.to_be_bytes(),
            &self.merkle_tree_hook,
            b"HYPERLANE",
        ])
    }
}

/// The body of a Wormhole VAA: what the guardians saw.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WormholeMessage {
    head: WormholeHead,
    payload: Vec<u8>,
}

/// What stands in front of the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WormholeHead {
    pub timestamp: u32,
    pub nonce: u32,
    pub emitter_chain: u16,
    pub emitter_address: Bytes32,
    pub sequence: u64,
    pub consistency_level: u8,
}

impl WormholeMessage {
    const HEAD: usize = 51;
    /// The Solana core bridge, the tightest one, takes less than this.
    pub const PAYLOAD_MAX: usize = 65_536;

    pub fn new(head: WormholeHead, payload: Vec<u8>) -> Result<Self, StatementError> {
        if payload.len() > Self::PAYLOAD_MAX {
            return Err(StatementError::TooMany {
                what: "a message's payload",
                found: payload.len(),
                limit: Self::PAYLOAD_MAX,
            });
        }
        Ok(Self { head, payload })
    }

    pub fn head(&self) -> &WormholeHead {
        &self.head
    }

    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (head, payload) =
            bytes
                .split_first_chunk::<{ Self::HEAD }>()
                .ok_or(DecodeError::Truncated {
                    field: "the message's head",
                })?;
        if payload.len() > Self::PAYLOAD_MAX {
            return Err(StatementError::TooMany {
                what: "a message's payload",
                found: payload.len(),
                limit: Self::PAYLOAD_MAX,
            }
            .into());
        }
        let head = WormholeHead {
            timestamp: u32::from_be_bytes(head[..4].try_into().expect("4 bytes")),
            nonce: u32::from_be_bytes(head[4..8].try_into().expect("4 bytes")),
            emitter_chain: u16::from_be_bytes(head[8..10].try_into().expect("2 bytes")),
            emitter_address: head[10..42].try_into().expect("32 bytes"),
            sequence: u64::from_be_bytes(head[42..50].try_into().expect("8 bytes")),
            consistency_level: head[50],
        };
        Ok(Self::new(head, payload.to_vec())?)
    }

    pub fn encode(&self) -> Vec<u8> {
        self.preimage()
    }
}

/// A BEEFY commitment: what a finalised block of a relay chain holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BeefyCommitment {
    payload: Vec<PayloadItem>,
    pub block_number: u32,
    pub validator_set_id: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PayloadItem {
    pub id: [u8; 2],
    pub data: Vec<u8>,
}

impl BeefyCommitment {
    /// Polkadot has one item ("mh"), parachains' bridges two or three.
    pub const ITEMS_MAX: usize = 64;
    pub const ITEM_BYTES_MAX: usize = 4_096;

    pub fn new(
        payload: Vec<PayloadItem>,
        block_number: u32,
        validator_set_id: u64,
    ) -> Result<Self, StatementError> {
        let too_many = |what, found, limit| StatementError::TooMany { what, found, limit };
        if payload.len() > Self::ITEMS_MAX {
            return Err(too_many("a payload", payload.len(), Self::ITEMS_MAX));
        }
        if let Some(long) = payload.iter().find(|i| i.data.len() > Self::ITEM_BYTES_MAX) {
            return Err(too_many(
                "a payload item",
                long.data.len(),
                Self::ITEM_BYTES_MAX,
            ));
        }
        Ok(Self {
            payload,
            block_number,
            validator_set_id,
        })
    }

    pub fn payload(&self) -> &[PayloadItem] {
        &self.payload
    }

    /// SCALE, compact lengths in their shortest form only.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        match Self::decode_prefix(bytes)? {
            (commitment, []) => Ok(commitment),
            (_, rest) => Err(DecodeError::TrailingBytes { extra: rest.len() }),
        }
    }

    /// A commitment and what follows it.
    pub fn decode_prefix(bytes: &[u8]) -> Result<(Self, &[u8]), DecodeError> {
        let mut input = Scale(bytes);
        let items = input.length("the payload", Self::ITEMS_MAX)?;
        let payload = (0..items).map(|_| {
            let id = input.take("an item's id")?;
            let length = input.length("a payload item", Self::ITEM_BYTES_MAX)?;
            let data = input.bytes(length, "a payload item")?.to_vec();
            Ok(PayloadItem { id, data })
        });
        let payload = payload.collect::<Result<_, DecodeError>>()?;
        let block_number = u32::from_le_bytes(input.take("the block number")?);
        let validator_set_id = u64::from_le_bytes(input.take("the validator set id")?);
        let commitment = Self::new(payload, block_number, validator_set_id)?;
        Ok((commitment, input.0))
    }

    pub fn encode(&self) -> Vec<u8> {
        self.preimage()
    }
}

/// One of SCALE's compact lengths, in its shortest form, and what follows it.
pub fn compact_length<'a>(
    bytes: &'a [u8],
    field: &'static str,
    limit: usize,
) -> Result<(usize, &'a [u8]), DecodeError> {
    let mut input = Scale(bytes);
    let length = input.length(field, limit)?;
    Ok((length, input.0))
}

struct Scale<'a>(&'a [u8]);

impl<'a> Scale<'a> {
    fn take<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], DecodeError> {
        Ok(*self
            .bytes(N, field)?
            .first_chunk()
            .expect("N bytes were taken"))
    }

    fn bytes(&mut self, count: usize, field: &'static str) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(DecodeError::Truncated { field })?;
        self.0 = rest;
        Ok(taken)
    }

    /// A compact integer of at most 30 bits, checked against its limit.
    fn length(&mut self, field: &'static str, limit: usize) -> Result<usize, DecodeError> {
        let first = *self.0.first().ok_or(DecodeError::Truncated { field })?;
        let (value, least) = match first & 3 {
            0 => (u32::from(self.take::<1>(field)?[0]) >> 2, 0),
            1 => (
                u32::from(u16::from_le_bytes(self.take(field)?)) >> 2,
                1 << 6,
            ),
            2 => (u32::from_le_bytes(self.take(field)?) >> 2, 1 << 14),
            _ => (u32::MAX, 0),
        };
        if value < least {
            return Err(DecodeError::NotMinimal { field });
        }
        match value as usize {
            found if found > limit => Err(StatementError::TooMany {
                what: field,
                found,
                limit,
            }
            .into()),
            length => Ok(length),
        }
    }
}

/// The compact form of a length below 2^14; the limits above keep it there.
fn compact(length: usize) -> Vec<u8> {
    let length = u16::try_from(length).expect("limits are below 2^14");
    match length {
        0..=63 => vec![(length as u8) << 2],
        _ => (length << 2 | 1).to_le_bytes().to_vec(),
    }
}

impl Facts for HyperlaneCheckpoint {
    fn kind(&self) -> Kind {
        Kind::HyperlaneCheckpoint
    }
    fn version(&self) -> u16 {
        1
    }
    fn stated_chain(&self) -> Option<ChainId> {
        Some(U256::from(self.origin_domain))
    }
    fn place(&self) -> Place {
        Place::TreeLeaf {
            tree: self.merkle_tree_hook,
            index: self.index,
        }
    }
    fn place_binding(&self) -> Binding {
        Binding::Signed
    }
    fn preimage(&self) -> Vec<u8> {
        [
            &self.origin_domain.to_be_bytes()[..],
            &self.merkle_tree_hook,
            &self.root,
            &self.index.to_be_bytes(),
            &self.message_id,
        ]
        .concat()
    }
    fn upstream_hash(&self) -> Bytes32 {
        keccak256(&[
            &self.domain_hash(),
            &self.root,
            &self.index.to_be_bytes(),
            &self.message_id,
        ])
    }
}

impl Facts for WormholeMessage {
    fn kind(&self) -> Kind {
        Kind::WormholeMessage
    }
    fn version(&self) -> u16 {
        1
    }
    fn stated_chain(&self) -> Option<ChainId> {
        Some(U256::from(self.head.emitter_chain))
    }
    fn place(&self) -> Place {
        Place::Sequence {
            emitter: self.head.emitter_address,
            number: self.head.sequence,
        }
    }
    fn place_binding(&self) -> Binding {
        Binding::Signed
    }
    fn preimage(&self) -> Vec<u8> {
        [
            &self.head.timestamp.to_be_bytes()[..],
            &self.head.nonce.to_be_bytes(),
            &self.head.emitter_chain.to_be_bytes(),
            &self.head.emitter_address,
            &self.head.sequence.to_be_bytes(),
            &[self.head.consistency_level],
            &self.payload,
        ]
        .concat()
    }
}

impl Facts for BeefyCommitment {
    fn kind(&self) -> Kind {
        Kind::BeefyCommitment
    }
    fn version(&self) -> u16 {
        1
    }
    fn place(&self) -> Place {
        Place::Height(self.block_number.into())
    }
    fn place_binding(&self) -> Binding {
        Binding::Signed
    }
    fn preimage(&self) -> Vec<u8> {
        let mut bytes = compact(self.payload.len());
        for item in &self.payload {
            bytes.extend_from_slice(&item.id);
            bytes.extend_from_slice(&compact(item.data.len()));
            bytes.extend_from_slice(&item.data);
        }
        bytes.extend_from_slice(&self.block_number.to_le_bytes());
        bytes.extend_from_slice(&self.validator_set_id.to_le_bytes());
        bytes
    }
}
