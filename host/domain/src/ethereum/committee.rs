use alloy_primitives::U256;
use tutti_statements::Bytes32;
use tutti_statements::ssz::{bytes_root, merkle_root};
use tutti_types::{InvalidReason, Limits};

use super::spec::BeaconChain;
use crate::{
    Key, KeyCheck, KeyKind, KeysUndecided, Layout, MemberDraft, OperatorSet, Possession, Reference,
    ReferenceKind, Roster, Seating, SetDraft, SetError, Validity,
};

/// A sync committee as it came: keys in the order of their seats, one validator may have several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncCommittee {
    pub keys: Vec<[u8; 48]>,
    pub aggregate_key: [u8; 48],
}

/// Why a committee cannot be a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitteeError {
    #[error("{found} keys, a committee of this chain has {expected}")]
    Size { expected: usize, found: usize },
    #[error("the key of seat {seat} is {reason:?}")]
    Key { seat: u32, reason: InvalidReason },
    #[error(transparent)]
    Set(#[from] SetError),
    #[error(transparent)]
    Undecided(#[from] KeysUndecided),
}

impl SyncCommittee {
    pub fn tree_root(&self) -> Bytes32 {
        let keys: Vec<Bytes32> = self.keys.iter().map(|key| bytes_root(key)).collect();
        merkle_root(&[merkle_root(&keys), bytes_root(&self.aggregate_key)])
    }

    /// The committee of a period as a set: a seat weighs one. Deposits prove possession of each
    /// key to the chain.
    pub fn to_set(
        &self,
        chain: &BeaconChain,
        period: u64,
        limits: &Limits,
        check: &dyn KeyCheck,
    ) -> Result<OperatorSet, CommitteeError> {
        let expected = chain.preset.sync_committee_size;
        if self.keys.len() != expected {
            return Err(CommitteeError::Size {
                expected,
                found: self.keys.len(),
            });
        }
        let keys = Key::bls12381_all(self.keys.iter().map(|key| &key[..]), check)?;
        let seat = |(seat, key): (u32, Result<Key, InvalidReason>)| {
            Ok(MemberDraft {
                key: key.map_err(|reason| CommitteeError::Key { seat, reason })?,
                possession: Possession::AttestedBySource,
                weights: vec![(0, U256::from(1))],
            })
        };
        let members = (0..).zip(keys).map(seat);
        let draft = SetDraft {
            name: chain.sync_committees(),
            reference: Reference::new(ReferenceKind::Period, period),
            validity: Validity::only(period),
            keys: KeyKind::Bls12381,
            layout: Layout::StakeTypes,
            roster: Roster::Complete,
            seating: Seating::Repeated,
            columns: vec![(0, None)],
            aggregates: Vec::new(),
            members: members.collect::<Result<_, CommitteeError>>()?,
            tree: None,
        };
        let candidate = draft.check(limits)?;
        Ok(candidate.conclude(&[])?)
    }
}
