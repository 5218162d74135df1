use crate::abi::Decoder;
use crate::hash::keccak256;
use crate::statement::Facts;
use crate::{Address, Binding, Bytes32, ChainId, DecodeError, Kind, Place, U256};

/// How long after its initiation a message may be executed.
pub const EXPIRY_WINDOW_SECONDS: u64 = 604_800;

const LOOKUP: u8 = 1;
const CHAIN_EXTENSION: u8 = 2;
const CHECKSUM: u8 = 3;

/// A log of one chain of an interop set, which another chain may act upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InteropMessage {
    pub origin: Address,
    pub block_number: u64,
    pub log_index: u32,
    pub timestamp: u64,
    pub chain: ChainId,
    /// See [`Self::payload_hash_of`].
    pub payload_hash: Bytes32,
}

/// The event by which a transaction says which message it executes.
const EXECUTING_MESSAGE: &[u8] =
    b"ExecutingMessage(bytes32,(address,uint256,uint256,uint256,uint256))";

impl InteropMessage {
    /// From the log of an executing transaction: the event and the payload's hash as topics, the
    /// identifier as data.
    pub fn decode_event(topics: &[Bytes32], data: &[u8]) -> Result<Self, DecodeError> {
        let [event, payload_hash] = topics else {
            return Err(DecodeError::Topics {
                found: topics.len(),
            });
        };
        if *event != keccak256(&[EXECUTING_MESSAGE]) {
            return Err(DecodeError::OtherEvent);
        }
        let mut words = Decoder::exact(data, 5)?;
        Ok(Self {
            origin: words.address("the origin")?,
            block_number: words.uint64("the block number")?,
            log_index: words.uint32("the log index")?,
            timestamp: words.uint64("the timestamp")?,
            chain: words.uint256(),
            payload_hash: *payload_hash,
        })
    }

    /// What a log carries: its topics and its data, one after the other.
    pub fn payload_hash_of(topics: &[Bytes32], data: &[u8]) -> Bytes32 {
        keccak256(&[topics.as_flattened(), data])
    }

    pub fn log_hash(&self) -> Bytes32 {
        keccak256(&[&self.origin, &self.payload_hash])
    }

    pub fn checksum(&self) -> Bytes32 {
        let located = keccak256(&[
            &self.log_hash(),
            &[0; 12],
            &self.block_number.to_be_bytes(),
            &self.timestamp.to_be_bytes(),
            &self.log_index.to_be_bytes(),
        ]);
        let mut checksum = keccak256(&[&located, &self.chain.to_be_bytes::<32>()]);
        checksum[0] = CHECKSUM;
        checksum
    }

    /// The entry that asks an executing transaction's access list for this message.
    pub fn access(&self) -> Access {
        Access {
            block_number: self.block_number,
            timestamp: self.timestamp,
            log_index: self.log_index,
            chain: self.chain,
            checksum: self.checksum(),
        }
    }
}

/// What an access list says of a message: where it is, and its checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    pub block_number: u64,
    pub timestamp: u64,
    pub log_index: u32,
    pub chain: ChainId,
    pub checksum: Bytes32,
}

impl Access {
    pub fn lookup_entry(&self) -> Bytes32 {
        let chain = self.chain.to_be_bytes::<32>();
        let mut entry = [0; 32];
        entry[0] = LOOKUP;
        entry[4..12].copy_from_slice(&chain[24..]);
        entry[12..20].copy_from_slice(&self.block_number.to_be_bytes());
        entry[20..28].copy_from_slice(&self.timestamp.to_be_bytes());
        entry[28..].copy_from_slice(&self.log_index.to_be_bytes());
        entry
    }

    /// Chain ids above 64 bits put their upper 24 bytes here.
    fn chain_extension_entry(&self) -> Option<Bytes32> {
        let chain = self.chain.to_be_bytes::<32>();
        (self.chain > U256::from(u64::MAX)).then(|| {
            let mut entry = [0; 32];
            entry[0] = CHAIN_EXTENSION;
            entry[8..].copy_from_slice(&chain[..24]);
            entry
        })
    }

    pub fn entries(&self) -> Vec<Bytes32> {
        let mut entries = vec![self.lookup_entry()];
        entries.extend(self.chain_extension_entry());
        entries.push(self.checksum);
        entries
    }

    /// Takes one access off the front of the list; what is left comes back with it.
    pub fn parse(entries: &[Bytes32]) -> Result<(Self, &[Bytes32]), DecodeError> {
        let (lookup, rest) = next(entries, "a lookup")?;
        expect_type(lookup, LOOKUP)?;
        zero_padding(&lookup[1..4], "the lookup entry")?;
        let mut chain = [0; 32];
        chain[24..].copy_from_slice(&lookup[4..12]);
        let (mut entry, mut rest) = next(rest, "a checksum")?;
        if entry[0] == CHAIN_EXTENSION {
            zero_padding(&entry[1..8], "the chain extension")?;
            chain[..24].copy_from_slice(&entry[8..]);
            (entry, rest) = next(rest, "a checksum")?;
        }
        expect_type(entry, CHECKSUM)?;
        let access = Self {
            block_number: u64::from_be_bytes(lookup[12..20].try_into().expect("8 bytes")),
            timestamp: u64::from_be_bytes(lookup[20..28].try_into().expect("8 bytes")),
            log_index: u32::from_be_bytes(lookup[28..].try_into().expect("4 bytes")),
            chain: U256::from_be_bytes(chain),
            checksum: *entry,
        };
        Ok((access, rest))
    }
}

fn next<'a>(
    entries: &'a [Bytes32],
    expected: &'static str,
) -> Result<(&'a Bytes32, &'a [Bytes32]), DecodeError> {
    entries
        .split_first()
        .ok_or(DecodeError::MissingEntry { expected })
}

fn expect_type(entry: &Bytes32, expected: u8) -> Result<(), DecodeError> {
    match entry[0] {
        found if found == expected => Ok(()),
        found => Err(DecodeError::EntryType { expected, found }),
    }
}

fn zero_padding(bytes: &[u8], field: &'static str) -> Result<(), DecodeError> {
    if bytes.iter().any(|byte| *byte != 0) {
        return Err(DecodeError::Padding { field });
    }
    Ok(())
}

/// When a message is executed, and how much longer the transaction may wait in a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Execution {
    pub timestamp: u64,
    pub timeout_seconds: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    #[error("the message is initiated after its execution")]
    InitiatedLater,
    #[error("the message is initiated at the time of its execution, which access lists rule out")]
    SameTimestamp,
    #[error("a time of the message does not fit 64 bits")]
    TimeOverflow,
    #[error("the message expired at {expired_at}")]
    Expired { expired_at: u64 },
    #[error("the message expires at {expires_at}, before the transaction times out")]
    ExpiresBeforeTimeout { expires_at: u64 },
}

impl Execution {
    /// Whether a message of `initiated_at` may be executed here: later than it, within the window.
    pub fn check(&self, initiated_at: u64, window_seconds: u64) -> Result<(), AccessError> {
        if self.timestamp < initiated_at {
            return Err(AccessError::InitiatedLater);
        }
        if self.timestamp == initiated_at {
            return Err(AccessError::SameTimestamp);
        }
        let expires_at = initiated_at
            .checked_add(window_seconds)
            .ok_or(AccessError::TimeOverflow)?;
        if expires_at < self.timestamp {
            return Err(AccessError::Expired {
                expired_at: expires_at,
            });
        }
        let last = self
            .timestamp
            .checked_add(self.timeout_seconds)
            .ok_or(AccessError::TimeOverflow)?;
        if expires_at < last {
            return Err(AccessError::ExpiresBeforeTimeout { expires_at });
        }
        Ok(())
    }
}

impl Facts for InteropMessage {
    fn kind(&self) -> Kind {
        Kind::OpInteropMessage
    }
    fn version(&self) -> u16 {
        CHECKSUM.into()
    }
    fn stated_chain(&self) -> Option<ChainId> {
        Some(self.chain)
    }
    fn place(&self) -> Place {
        Place::Log {
            block: self.block_number,
            index: self.log_index,
        }
    }
    fn place_binding(&self) -> Binding {
        Binding::Signed
    }
    fn preimage(&self) -> Vec<u8> {
        [
            &self.origin[..],
            &self.payload_hash,
            &self.block_number.to_be_bytes(),
            &self.timestamp.to_be_bytes(),
            &self.log_index.to_be_bytes(),
            &self.chain.to_be_bytes::<32>(),
        ]
        .concat()
    }
    fn upstream_hash(&self) -> Bytes32 {
        self.checksum()
    }
}
