use alloy_primitives::B256;
use tutti_statements::ethereum::{BeaconBlockHeader, DomainType, ForkSchedule, SigningDomain};
use tutti_statements::{Body, ChainId, SigningContext, Statement, StatementError};

use crate::{Reference, ReferenceKind, SetName, Subject};

/// What a beacon chain's constants are: mainnet's, or those of tests and devnets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    pub slots_per_epoch: u64,
    pub epochs_per_sync_committee_period: u64,
    pub sync_committee_size: usize,
}

impl Preset {
    pub const MAINNET: Self = Self {
        slots_per_epoch: 32,
        epochs_per_sync_committee_period: 256,
        sync_committee_size: 512,
    };
    pub const MINIMAL: Self = Self {
        slots_per_epoch: 8,
        epochs_per_sync_committee_period: 8,
        sync_committee_size: 32,
    };
}

/// First epochs of the forks that changed what light clients read. Fulu changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShapeEpochs {
    pub capella: u64,
    pub deneb: u64,
    pub electra: u64,
}

/// What the objects of a time look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// Before execution headers were part of it.
    Altair,
    Capella,
    Deneb,
    Electra,
}

/// A beacon chain, as far as its signatures and light clients are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeaconChain {
    /// The execution chain's id (EIP-155).
    pub chain: ChainId,
    pub preset: Preset,
    pub forks: ForkSchedule,
    pub shapes: ShapeEpochs,
}

/// Where a value stands in a tree: its generalized index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TreeIndex(u64);

pub(super) const EXECUTION_PAYLOAD: TreeIndex = TreeIndex(25);

impl TreeIndex {
    pub(super) const fn depth(self) -> usize {
        self.0.ilog2() as usize
    }

    /// The index among the leaves of its depth.
    pub(super) const fn place(self) -> u64 {
        self.0 - (1 << self.0.ilog2())
    }
}

impl Shape {
    pub(super) const fn finalized_root(self) -> TreeIndex {
        match self {
            Self::Electra => TreeIndex(169),
            _ => TreeIndex(105),
        }
    }

    pub(super) const fn current_sync_committee(self) -> TreeIndex {
        match self {
            Self::Electra => TreeIndex(86),
            _ => TreeIndex(54),
        }
    }

    pub(super) const fn next_sync_committee(self) -> TreeIndex {
        match self {
            Self::Electra => TreeIndex(87),
            _ => TreeIndex(55),
        }
    }
}

impl BeaconChain {
    pub fn mainnet() -> Self {
        Self {
            chain: ChainId::from(1),
            preset: Preset::MAINNET,
            forks: ForkSchedule::mainnet(),
            shapes: ShapeEpochs {
                capella: 194_048,
                deneb: 269_568,
                electra: 364_032,
            },
        }
    }

    /// What the chain's validators are called; a set of them is of an epoch.
    pub fn validators(&self) -> SetName {
        SetName::Beacon {
            genesis_validators_root: B256::from(self.forks.genesis_validators_root()),
        }
    }

    /// What the chain's sync committees are called; a set is of a period.
    pub fn sync_committees(&self) -> SetName {
        SetName::SyncCommittees {
            genesis_validators_root: B256::from(self.forks.genesis_validators_root()),
        }
    }

    pub const fn epoch_at(&self, slot: u64) -> u64 {
        slot / self.preset.slots_per_epoch
    }

    pub const fn period_at(&self, slot: u64) -> u64 {
        self.epoch_at(slot) / self.preset.epochs_per_sync_committee_period
    }

    pub const fn shape_at(&self, slot: u64) -> Shape {
        let epoch = self.epoch_at(slot);
        if epoch >= self.shapes.electra {
            Shape::Electra
        } else if epoch >= self.shapes.deneb {
            Shape::Deneb
        } else if epoch >= self.shapes.capella {
            Shape::Capella
        } else {
            Shape::Altair
        }
    }

    /// How long a light client waits for finality before it takes the best update it has seen.
    pub const fn update_timeout(&self) -> u64 {
        self.preset.slots_per_epoch * self.preset.epochs_per_sync_committee_period
    }

    /// The sync committee of a period signs under its number.
    pub fn period_reference(&self, slot: u64) -> Reference {
        Reference::new(ReferenceKind::Period, self.period_at(slot))
    }

    /// The fork is that of the slot before the one the signature was included in.
    pub fn sync_domain(&self, signature_slot: u64) -> SigningDomain {
        let epoch = self.epoch_at(signature_slot.max(1) - 1);
        self.forks.domain(DomainType::SyncCommittee, epoch)
    }

    /// What a sync committee attests when it signs a block.
    pub fn sync_subject(
        &self,
        header: BeaconBlockHeader,
        signature_slot: u64,
    ) -> Result<Subject, StatementError> {
        let statement = Statement::new(self.chain, Body::EthBlockRoot(header))?;
        Subject::new(
            statement,
            SigningContext::Ethereum(self.sync_domain(signature_slot)),
        )
    }

    /// The fork is that of the target epoch.
    pub fn attestation_domain(&self, target_epoch: u64) -> SigningDomain {
        self.forks.domain(DomainType::BeaconAttester, target_epoch)
    }
}
