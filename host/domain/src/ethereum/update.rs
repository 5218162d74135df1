use tutti_statements::Bytes32;

use super::committee::{CommitteeError, SyncCommittee};
use super::header::{LightClientHeader, leads_to};
use super::spec::BeaconChain;
use super::sync::{SyncAggregate, SyncCertificate};
use crate::check::{Reason, Step};
use crate::judgement::{Case, Judgement};

/// Where a light client begins: a block, and the committee of its period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bootstrap {
    pub header: LightClientHeader,
    pub committee: SyncCommittee,
    pub committee_branch: Vec<Bytes32>,
}

/// A block that a sync committee signed, and what that block's state proves. With a next
/// committee it is what the specification calls an update, without one a finality update, and
/// without a finalized header an optimistic update.
#[derive(Clone, Debug, PartialEq)]
pub struct LightClientUpdate {
    pub attested: LightClientHeader,
    pub next_committee: Option<NextCommittee>,
    pub finality: Option<Finality>,
    pub aggregate: SyncAggregate,
    pub signature_slot: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextCommittee {
    pub committee: SyncCommittee,
    pub branch: Vec<Bytes32>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finality {
    /// `None` for genesis, which states name by zeros.
    pub header: Option<LightClientHeader>,
    pub branch: Vec<Bytes32>,
}

/// Why an update says nothing to a light client, or nothing it can believe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpdateFault {
    #[error("the attested block does not hold the execution header given with it")]
    AttestedHeader,
    #[error("the finalized block does not hold the execution header given with it")]
    FinalizedHeader,
    #[error("signed at slot {signature_slot}, it is slot {present_slot} now")]
    FromTheFuture {
        signature_slot: u64,
        present_slot: u64,
    },
    #[error("slots go finalized, attested, signed: not {finalized}, {attested}, {signed}")]
    SlotOrder {
        finalized: u64,
        attested: u64,
        signed: u64,
    },
    #[error(
        "slot {attested} is attested, slot {finalized} is final already, and no committee is new"
    )]
    NotRelevant { attested: u64, finalized: u64 },
    #[error("the finalized header is not the one in the attested state")]
    FinalityBranch,
    #[error("the next committee is not the one in the attested state")]
    CommitteeBranch,
    #[error("the next committee is not the one that is known already")]
    OtherCommittee,
    #[error("it brings no next committee")]
    NoCommittee,
    #[error("a period's committee is sure once a block of the period is final, and none is here")]
    PeriodNotFinal,
    #[error("the next committee is none: {0}")]
    Committee(#[from] CommitteeError),
}

/// Something that comes without what proves it, or a proof of nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is given without a branch that proves it, or the branch without it")]
pub struct Unproven(pub &'static str);

/// What is absent has a branch of zeros, where its format has no other way to leave it out.
fn is_absent(branch: &[Bytes32]) -> bool {
    branch.iter().all(|node| *node == [0; 32])
}

impl NextCommittee {
    /// `None` where an update brings no committee.
    pub fn proven(
        committee: Option<SyncCommittee>,
        branch: Vec<Bytes32>,
    ) -> Result<Option<Self>, Unproven> {
        let named = committee.filter(|c| c.keys.iter().any(|key| *key != [0; 48]));
        match (named, is_absent(&branch)) {
            (None, true) => Ok(None),
            (Some(committee), false) => Ok(Some(Self { committee, branch })),
            _ => Err(Unproven("the next committee")),
        }
    }
}

impl Finality {
    /// `None` where an update proves no finality. A header of zeros with a branch is genesis.
    pub fn proven(
        header: Option<LightClientHeader>,
        branch: Vec<Bytes32>,
    ) -> Result<Option<Self>, Unproven> {
        let zeros = |header: &LightClientHeader| header.beacon.encode().iter().all(|b| *b == 0);
        let absent = is_absent(&branch);
        match header {
            None if absent => Ok(None),
            Some(header) if absent && zeros(&header) => Ok(None),
            Some(header) if !absent => Ok(Some(Self {
                header: Some(header).filter(|header| !zeros(header)),
                branch,
            })),
            _ => Err(Unproven("the finalized header")),
        }
    }
}

impl LightClientUpdate {
    /// The signature with the block it is for.
    pub fn certificate(&self) -> SyncCertificate {
        SyncCertificate {
            header: self.attested.beacon,
            aggregate: self.aggregate.clone(),
            signature_slot: self.signature_slot,
        }
    }

    /// Held against the committee of its period, without a store: all that the specification
    /// demands but that it brings news.
    pub fn judge(&self, chain: &BeaconChain, case: &Case<'_>, present_slot: u64) -> Judgement {
        self.certificate().judge_with(chain, case, |sheet| {
            let checks = [
                (Step::Header, self.check_headers(chain)),
                (Step::Slots, self.check_slots(present_slot)),
                (Step::FinalityProof, self.check_finality(chain)),
                (Step::NextCommittee, self.check_committee_branch(chain)),
            ];
            for (step, found) in checks {
                sheet.note(step, Vec::new(), found.map_err(Reason::Update));
            }
        })
    }

    pub(super) fn check_headers(&self, chain: &BeaconChain) -> Result<(), UpdateFault> {
        if !self.attested.is_consistent(chain) {
            return Err(UpdateFault::AttestedHeader);
        }
        match self.finalized_header() {
            Some(header) if !header.is_consistent(chain) => Err(UpdateFault::FinalizedHeader),
            _ => Ok(()),
        }
    }

    pub(super) fn check_slots(&self, present_slot: u64) -> Result<(), UpdateFault> {
        let (signed, attested) = (self.signature_slot, self.attested.beacon.slot);
        let finalized = self.finalized_slot();
        if signed > present_slot {
            return Err(UpdateFault::FromTheFuture {
                signature_slot: signed,
                present_slot,
            });
        }
        if signed > attested && attested >= finalized {
            return Ok(());
        }
        Err(UpdateFault::SlotOrder {
            finalized,
            attested,
            signed,
        })
    }

    pub(super) fn check_finality(&self, chain: &BeaconChain) -> Result<(), UpdateFault> {
        let Some(Finality { header, branch }) = &self.finality else {
            return Ok(());
        };
        let attested = &self.attested.beacon;
        let root = match header {
            Some(header) if header.beacon.slot == 0 => return Err(UpdateFault::FinalizedHeader),
            Some(header) => header.root(),
            None => [0; 32],
        };
        let place = chain.shape_at(attested.slot).finalized_root();
        if leads_to(&root, branch, place, &attested.state_root) {
            return Ok(());
        }
        Err(UpdateFault::FinalityBranch)
    }

    pub(super) fn check_committee_branch(&self, chain: &BeaconChain) -> Result<(), UpdateFault> {
        let Some(NextCommittee { committee, branch }) = &self.next_committee else {
            return Ok(());
        };
        let attested = &self.attested.beacon;
        let place = chain.shape_at(attested.slot).next_sync_committee();
        if leads_to(&committee.tree_root(), branch, place, &attested.state_root) {
            return Ok(());
        }
        Err(UpdateFault::CommitteeBranch)
    }

    pub(super) fn finalized_slot(&self) -> u64 {
        self.finalized_header()
            .map_or(0, |header| header.beacon.slot)
    }

    pub(super) fn finalized_header(&self) -> Option<&LightClientHeader> {
        self.finality.as_ref()?.header.as_ref()
    }

    fn has_relevant_committee(&self, chain: &BeaconChain) -> bool {
        self.next_committee.is_some()
            && chain.period_at(self.attested.beacon.slot) == chain.period_at(self.signature_slot)
    }

    pub(super) fn finalizes_its_period(&self, chain: &BeaconChain) -> bool {
        chain.period_at(self.finalized_slot()) == chain.period_at(self.attested.beacon.slot)
    }

    /// The specification's `is_better_update`, its comparisons in their order.
    pub(super) fn is_better_than(&self, other: &Self, chain: &BeaconChain) -> bool {
        let votes = (
            self.aggregate.participants(),
            other.aggregate.participants(),
        );
        let (mine, theirs) = (
            self.aggregate.has_supermajority(),
            other.aggregate.has_supermajority(),
        );
        if mine != theirs {
            return mine;
        }
        if !mine && votes.0 != votes.1 {
            return votes.0 > votes.1;
        }
        let (mine, theirs) = (
            self.has_relevant_committee(chain),
            other.has_relevant_committee(chain),
        );
        if mine != theirs {
            return mine;
        }
        let (mine, theirs) = (self.finality.is_some(), other.finality.is_some());
        if mine != theirs {
            return mine;
        }
        if mine {
            let (mine, theirs) = (
                self.finalizes_its_period(chain),
                other.finalizes_its_period(chain),
            );
            if mine != theirs {
                return mine;
            }
        }
        if votes.0 != votes.1 {
            return votes.0 > votes.1;
        }
        let age = |update: &Self| (update.attested.beacon.slot, update.signature_slot);
        age(self) < age(other)
    }
}
