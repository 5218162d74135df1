use alloy_primitives::{Address, B256};

use crate::encoding::Canonical;

/// What a set of operators is called, whatever its reference. Two systems never share a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SetName {
    /// The contract that keeps the set: an EigenLayer registry coordinator, a Symbiotic
    /// settlement, an NFFL registry, a multisig module.
    Contract { chain_id: u64, address: Address },
    /// EigenLayer's operator sets, the same on all chains.
    OperatorSet { avs: Address, id: u32 },
    /// A subnet of a network, such as Avalanche's.
    Subnet { network: u32, id: B256 },
    /// The validators of a beacon chain, by its genesis validators root.
    Beacon { genesis_validators_root: B256 },
    /// The sync committees of a beacon chain, one for each period.
    SyncCommittees { genesis_validators_root: B256 },
    /// Anything else, by words its operator chose.
    Label(Label),
}

/// 1 to 64 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label(Box<str>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a label has 1 to 64 bytes, this one has {0}")]
pub struct LabelError(pub usize);

impl Label {
    pub fn new(text: &str) -> Result<Self, LabelError> {
        match text.len() {
            1..=64 => Ok(Self(text.into())),
            n => Err(LabelError(n)),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a set's states are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum ReferenceKind {
    Block = 1,
    /// Seconds since 1970.
    Timestamp = 2,
    Epoch = 3,
    Height = 4,
    Period = 5,
}

impl ReferenceKind {
    pub const ALL: [Self; 5] = [
        Self::Block,
        Self::Timestamp,
        Self::Epoch,
        Self::Height,
        Self::Period,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Timestamp => "timestamp",
            Self::Epoch => "epoch",
            Self::Height => "height",
            Self::Period => "period",
        }
    }
}

/// The point at which a set was what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    pub kind: ReferenceKind,
    pub at: u64,
}

impl Reference {
    pub const fn new(kind: ReferenceKind, at: u64) -> Self {
        Self { kind, at }
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind.name(), self.at)
    }
}

impl std::fmt::Display for SetName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Contract { chain_id, address } => write!(f, "contract {address} on {chain_id}"),
            Self::OperatorSet { avs, id } => write!(f, "operator set {id} of {avs}"),
            Self::Subnet { network, id } => write!(f, "subnet {id} of network {network}"),
            Self::Beacon {
                genesis_validators_root,
            } => write!(f, "beacon chain {genesis_validators_root}"),
            Self::SyncCommittees {
                genesis_validators_root,
            } => write!(f, "sync committees of {genesis_validators_root}"),
            Self::Label(label) => f.write_str(label.as_str()),
        }
    }
}

impl SetName {
    pub(crate) fn write(&self, out: &mut Canonical) {
        match self {
            Self::Contract { chain_id, address } => {
                out.byte(1).number(*chain_id).fixed(address.as_slice());
            }
            Self::OperatorSet { avs, id } => {
                out.byte(2).fixed(avs.as_slice()).number(u64::from(*id));
            }
            Self::Subnet { network, id } => {
                out.byte(3).number(u64::from(*network)).fixed(id.as_slice());
            }
            Self::Beacon {
                genesis_validators_root,
            } => {
                out.byte(4).fixed(genesis_validators_root.as_slice());
            }
            Self::SyncCommittees {
                genesis_validators_root,
            } => {
                out.byte(6).fixed(genesis_validators_root.as_slice());
            }
            Self::Label(label) => {
                out.byte(5).bytes(label.as_str().as_bytes());
            }
        }
    }
}

/// The present, as far as the caller knows it. This crate has no clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Present {
    pub block: Option<u64>,
    pub timestamp: Option<u64>,
    pub epoch: Option<u64>,
    pub height: Option<u64>,
    pub period: Option<u64>,
}

impl Present {
    pub const fn of(&self, kind: ReferenceKind) -> Option<u64> {
        match kind {
            ReferenceKind::Block => self.block,
            ReferenceKind::Timestamp => self.timestamp,
            ReferenceKind::Epoch => self.epoch,
            ReferenceKind::Height => self.height,
            ReferenceKind::Period => self.period,
        }
    }
}
