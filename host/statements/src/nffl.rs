//! NFFL (near-sffl): restaked operators attest rollups' state roots to other rollups.

use crate::abi::{Decoder, Encoder};
use crate::hash::keccak256;
use crate::statement::Facts;
use crate::{Binding, Bytes32, ChainId, DecodeError, Kind, Place, StatementError, U256};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StateRootUpdate {
    pub rollup_id: u32,
    pub block_height: u64,
    pub timestamp: u64,
    pub near_da_transaction_id: Bytes32,
    pub near_da_commitment: Bytes32,
    pub state_root: Bytes32,
}

/// The operator set that replaces the one that signs it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OperatorSetUpdate {
    id: u64,
    timestamp: u64,
    operators: Vec<Operator>,
}

/// A BN254 key in G1, as coordinates, and its weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operator {
    pub key_x: Bytes32,
    pub key_y: Bytes32,
    pub weight: u128,
}

fn message_hash(name: &str, message: &[u8]) -> Bytes32 {
    keccak256(&[&keccak256(&[name.as_bytes()]), &keccak256(&[message])])
}

impl StateRootUpdate {
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut words = Decoder::exact(bytes, 6)?;
        Ok(Self {
            rollup_id: words.uint32("the rollup id")?,
            block_height: words.uint64("the block height")?,
            timestamp: words.uint64("the timestamp")?,
            near_da_transaction_id: words.bytes32(),
            near_da_commitment: words.bytes32(),
            state_root: words.bytes32(),
        })
    }

    pub fn encode(&self) -> Vec<u8> {
        self.preimage()
    }
}

impl OperatorSetUpdate {
    /// `EigenLayer`'s middleware admits 200 operators to a quorum; this leaves room for more.
    pub const OPERATORS_MAX: usize = 4_096;
    const HEAD: usize = 5;

    pub fn new(id: u64, timestamp: u64, operators: Vec<Operator>) -> Result<Self, StatementError> {
        if operators.len() > Self::OPERATORS_MAX {
            return Err(StatementError::TooMany {
                what: "an operator set update",
                found: operators.len(),
                limit: Self::OPERATORS_MAX,
            });
        }
        Ok(Self {
            id,
            timestamp,
            operators,
        })
    }

    pub fn id(&self) -> u64 {
        self.id
    }

    pub fn timestamp(&self) -> u64 {
        self.timestamp
    }

    pub fn operators(&self) -> &[Operator] {
        &self.operators
    }

    /// `abi.encode` of the struct, in the canonical form only.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut words = Decoder::at_least(bytes, Self::HEAD)?;
        expect_offset(words.uint256(), 32, "the update")?;
        let id = words.uint64("the set id")?;
        let timestamp = words.uint64("the timestamp")?;
        expect_offset(words.uint256(), 96, "the operators")?;
        let count = words.uint64("the number of operators")? as usize;
        if count > Self::OPERATORS_MAX {
            return Err(StatementError::TooMany {
                what: "an operator set update",
                found: count,
                limit: Self::OPERATORS_MAX,
            }
            .into());
        }
        if words.words_left() != 3 * count {
            return Err(DecodeError::Length {
                expected: 32 * (Self::HEAD + 3 * count),
                found: bytes.len(),
            });
        }
        let operators = (0..count).map(|_| {
            Ok(Operator {
                key_x: words.bytes32(),
                key_y: words.bytes32(),
                weight: words.uint128("an operator's weight")?,
            })
        });
        let operators = operators.collect::<Result<_, DecodeError>>()?;
        Ok(Self::new(id, timestamp, operators)?)
    }

    pub fn encode(&self) -> Vec<u8> {
        self.preimage()
    }
}

fn expect_offset(found: U256, expected: u64, field: &'static str) -> Result<(), DecodeError> {
    if found == U256::from(expected) {
        return Ok(());
    }
    Err(DecodeError::Offset {
        field,
        expected,
        found,
    })
}

impl Facts for StateRootUpdate {
    fn kind(&self) -> Kind {
        Kind::NfflStateRoot
    }
    fn version(&self) -> u16 {
        1
    }
    fn stated_chain(&self) -> Option<ChainId> {
        Some(U256::from(self.rollup_id))
    }
    fn place(&self) -> Place {
        Place::Height(self.block_height)
    }
    fn place_binding(&self) -> Binding {
        Binding::Signed
    }
    fn preimage(&self) -> Vec<u8> {
        Encoder::default()
            .uint64(self.rollup_id.into())
            .uint64(self.block_height)
            .uint64(self.timestamp)
            .bytes32(&self.near_da_transaction_id)
            .bytes32(&self.near_da_commitment)
            .bytes32(&self.state_root)
            .finish()
    }
    fn upstream_hash(&self) -> Bytes32 {
        message_hash("SFFL::StateRootUpdateMessage", &self.preimage())
    }
}

impl Facts for OperatorSetUpdate {
    fn kind(&self) -> Kind {
        Kind::NfflOperatorSet
    }
    fn version(&self) -> u16 {
        1
    }
    fn place(&self) -> Place {
        Place::SetUpdate(self.id)
    }
    fn place_binding(&self) -> Binding {
        Binding::Signed
    }
    fn preimage(&self) -> Vec<u8> {
        let head = Encoder::default()
            .uint64(32)
            .uint64(self.id)
            .uint64(self.timestamp)
            .uint64(96)
            .uint64(self.operators.len() as u64);
        self.operators
            .iter()
            .fold(head, |words, operator| {
                words
                    .bytes32(&operator.key_x)
                    .bytes32(&operator.key_y)
                    .uint128(operator.weight)
            })
            .finish()
    }
    fn upstream_hash(&self) -> Bytes32 {
        message_hash("SFFL::OperatorSetUpdateMessage", &self.preimage())
    }
}
