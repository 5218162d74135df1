use crate::Bytes32;
use crate::hash::sha256;

/// What a signature is for, so that none can be used for anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum DomainType {
    BeaconProposer = 0,
    BeaconAttester = 1,
    Randao = 2,
    Deposit = 3,
    VoluntaryExit = 4,
    SelectionProof = 5,
    AggregateAndProof = 6,
    SyncCommittee = 7,
    SyncCommitteeSelectionProof = 8,
    ContributionAndProof = 9,
    BlsToExecutionChange = 10,
}

/// A domain: a purpose on one chain during one fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SigningDomain {
    pub domain_type: DomainType,
    pub fork_version: [u8; 4],
    pub genesis_validators_root: Bytes32,
}

impl SigningDomain {
    pub fn to_bytes(&self) -> Bytes32 {
        let mut version = [0; 32];
        version[..4].copy_from_slice(&self.fork_version);
        let fork_data_root = sha256(&[&version, &self.genesis_validators_root]);
        let mut domain = [0; 32];
        domain[0] = self.domain_type as u8;
        domain[4..].copy_from_slice(&fork_data_root[..28]);
        domain
    }
}

/// The forks of one chain, and the root that tells it from all others.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ForkSchedule {
    genesis_validators_root: Bytes32,
    /// First epoch and version of each fork, ascending; the first fork begins at epoch 0.
    forks: Vec<(u64, [u8; 4])>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForkScheduleError {
    #[error("the first fork begins at epoch 0")]
    NoGenesis,
    #[error("fork {index} begins before the one before it")]
    Unordered { index: usize },
}

impl ForkSchedule {
    /// Forks that begin at the same epoch: the last one holds.
    pub fn new(
        genesis_validators_root: Bytes32,
        forks: Vec<(u64, [u8; 4])>,
    ) -> Result<Self, ForkScheduleError> {
        if forks.first().is_none_or(|(epoch, _)| *epoch != 0) {
            return Err(ForkScheduleError::NoGenesis);
        }
        match forks.windows(2).position(|pair| pair[0].0 > pair[1].0) {
            Some(index) => Err(ForkScheduleError::Unordered { index: index + 1 }),
            None => Ok(Self {
                genesis_validators_root,
                forks,
            }),
        }
    }

    pub fn mainnet() -> Self {
        Self {
            genesis_validators_root: [
                0x4b, 0x36, 0x3d, 0xb9, 0x4e, 0x28, 0x61, 0x20, 0xd7, 0x6e, 0xb9, 0x05, 0x34, 0x0f,
                0xdd, 0x4e, 0x54, 0xbf, 0xe9, 0xf0, 0x6b, 0xf3, 0x3f, 0xf6, 0xcf, 0x5a, 0xd2, 0x7f,
                0x51, 0x1b, 0xfe, 0x95,
            ],
            forks: vec![
                (0, [0, 0, 0, 0]),
                (74_240, [1, 0, 0, 0]),
                (144_896, [2, 0, 0, 0]),
                (194_048, [3, 0, 0, 0]),
                (269_568, [4, 0, 0, 0]),
                (364_032, [5, 0, 0, 0]),
                (411_392, [6, 0, 0, 0]),
            ],
        }
    }

    pub fn genesis_validators_root(&self) -> Bytes32 {
        self.genesis_validators_root
    }

    pub fn version_at(&self, epoch: u64) -> [u8; 4] {
        let after = self.forks.partition_point(|(first, _)| *first <= epoch);
        self.forks[after - 1].1
    }

    pub fn domain(&self, domain_type: DomainType, epoch: u64) -> SigningDomain {
        SigningDomain {
            domain_type,
            fork_version: self.version_at(epoch),
            genesis_validators_root: self.genesis_validators_root,
        }
    }
}
