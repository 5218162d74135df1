use crate::statement::Facts;
use crate::{Binding, Bytes32, ChainId, DecodeError, Kind, Place, StatementError, U256};

/// The output roots of all chains of an interop set at one time, version 1.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SuperRootV1 {
    timestamp: u64,
    chains: Vec<ChainOutput>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChainOutput {
    pub chain: ChainId,
    pub output_root: Bytes32,
}

impl SuperRootV1 {
    const VERSION: u8 = 1;
    const HEAD: usize = 9;
    const ENTRY: usize = 64;
    /// The superchain registry lists fewer than 100 chains.
    pub const CHAINS_MAX: usize = 1_024;

    pub fn new(timestamp: u64, chains: Vec<ChainOutput>) -> Result<Self, StatementError> {
        if chains.is_empty() {
            return Err(StatementError::NoChains);
        }
        if chains.len() > Self::CHAINS_MAX {
            return Err(StatementError::TooMany {
                what: "a super root",
                found: chains.len(),
                limit: Self::CHAINS_MAX,
            });
        }
        match chains.windows(2).position(|w| w[0].chain >= w[1].chain) {
            Some(index) => Err(StatementError::UnsortedChains { index: index + 1 }),
            None => Ok(Self { timestamp, chains }),
        }
    }

    pub fn timestamp(&self) -> u64 {
        self.timestamp
    }

    pub fn chains(&self) -> &[ChainOutput] {
        &self.chains
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (version, rest) = bytes.split_first().ok_or(DecodeError::Length {
            expected: Self::HEAD + Self::ENTRY,
            found: 0,
        })?;
        if *version != Self::VERSION {
            return Err(DecodeError::UnknownVersion {
                found: U256::from(*version),
            });
        }
        let (timestamp, entries) = rest
            .split_first_chunk::<8>()
            .ok_or(DecodeError::Truncated {
                field: "the timestamp",
            })?;
        let (entries, partial) = entries.as_chunks::<64>();
        if !partial.is_empty() {
            return Err(DecodeError::Truncated {
                field: "a chain's entry",
            });
        }
        let chains = entries.iter().take(Self::CHAINS_MAX + 1).map(|entry| {
            let (chain, root) = entry.split_first_chunk::<32>().expect("64 bytes");
            ChainOutput {
                chain: U256::from_be_bytes(*chain),
                output_root: root.try_into().expect("32 of 64 bytes"),
            }
        });
        Self::new(u64::from_be_bytes(*timestamp), chains.collect()).map_err(DecodeError::Content)
    }

    pub fn encode(&self) -> Vec<u8> {
        self.preimage()
    }

    /// At one time, one chain has one output root. A chain left out contradicts nothing.
    pub(crate) fn contradicts(&self, other: &Self) -> bool {
        self.timestamp == other.timestamp
            && self.chains.iter().any(|mine| {
                other
                    .chains
                    .binary_search_by_key(&mine.chain, |theirs| theirs.chain)
                    .is_ok_and(|at| other.chains[at].output_root != mine.output_root)
            })
    }
}

impl Facts for SuperRootV1 {
    fn kind(&self) -> Kind {
        Kind::OpSuperRoot
    }
    fn version(&self) -> u16 {
        Self::VERSION.into()
    }
    /// It names its chains itself and belongs to none of them: its envelope has chain 0.
    fn stated_chain(&self) -> Option<ChainId> {
        Some(U256::ZERO)
    }
    fn place(&self) -> Place {
        Place::Timestamp(self.timestamp)
    }
    fn place_binding(&self) -> Binding {
        Binding::Signed
    }
    fn preimage(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::HEAD + Self::ENTRY * self.chains.len());
        bytes.push(Self::VERSION);
        bytes.extend_from_slice(&self.timestamp.to_be_bytes());
        for entry in &self.chains {
            bytes.extend_from_slice(&entry.chain.to_be_bytes::<32>());
            bytes.extend_from_slice(&entry.output_root);
        }
        bytes
    }
}
