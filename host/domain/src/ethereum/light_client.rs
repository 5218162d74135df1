use std::sync::Arc;

use alloy_primitives::U256;
use tutti_statements::Bytes32;
use tutti_types::{Limits, Verdict};

use super::committee::CommitteeError;
use super::header::{LightClientHeader, leads_to};
use super::spec::BeaconChain;
use super::update::{Bootstrap, LightClientUpdate, UpdateFault};
use crate::check::{Fact, Objection, Reason, Sheet, Step, input};
use crate::claim::Obligation;
use crate::judgement::{Case, Claim, Judgement, Outcome};
use crate::key_check::{KeyCheck, OneByOne};
use crate::policy::{Columns, Demand, Policy, Superseded, Threshold, Unit};
use crate::reference::Present;
use crate::set::OperatorSet;
use crate::standing::{SetState, Standing};

/// What a light client knows: the newest final block, the newest plausible one, the committee of
/// the final block's period and, once proven, the next one.
#[derive(Clone, Debug)]
pub struct LightClientStore {
    chain: Arc<BeaconChain>,
    limits: Limits,
    finalized: LightClientHeader,
    optimistic: LightClientHeader,
    current: Arc<OperatorSet>,
    next: Option<Known>,
    /// The best update since the last final one, should finality fail to come.
    best: Option<Box<Proven>>,
    previous_participants_max: u64,
    current_participants_max: u64,
}

#[derive(Clone, Debug)]
struct Known {
    set: Arc<OperatorSet>,
    root: Bytes32,
}

/// An update whose signature was found valid.
#[derive(Clone, Debug)]
struct Proven {
    update: LightClientUpdate,
    next: Option<Known>,
}

/// An update as judged: every check, and the claim if none stands against it.
#[derive(Debug)]
pub struct Proceeding {
    judgement: Judgement,
    update: LightClientUpdate,
    next: Option<Known>,
    present_slot: u64,
}

/// An update of which only the signature is left to check.
#[derive(Debug)]
pub struct Pending {
    claim: Claim,
    update: LightClientUpdate,
    next: Option<Known>,
    present_slot: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BootstrapError {
    #[error("the block is not the trusted one; ask another source")]
    OtherBlock,
    #[error("the block does not hold the execution header given with it")]
    Header,
    #[error("the committee is not the one in the block's state")]
    CommitteeBranch,
    #[error(transparent)]
    Committee(#[from] CommitteeError),
}

impl Proceeding {
    /// Every check that needs no pairing, for explanations.
    pub const fn judgement(&self) -> &Judgement {
        &self.judgement
    }

    pub fn into_pending(self) -> Result<Pending, Objection> {
        Ok(Pending {
            claim: self.judgement.into_claim()?,
            update: self.update,
            next: self.next,
            present_slot: self.present_slot,
        })
    }
}

impl Pending {
    pub const fn obligation(&self) -> &Obligation {
        self.claim.obligation()
    }
}

impl LightClientStore {
    /// Begins at a block whose root the caller trusts.
    pub fn bootstrap(
        chain: Arc<BeaconChain>,
        limits: Limits,
        trusted_root: &Bytes32,
        bootstrap: Bootstrap,
        check: &dyn KeyCheck,
    ) -> Result<Self, BootstrapError> {
        let Bootstrap {
            header,
            committee,
            committee_branch,
        } = bootstrap;
        if header.root() != *trusted_root {
            return Err(BootstrapError::OtherBlock);
        }
        if !header.is_consistent(&chain) {
            return Err(BootstrapError::Header);
        }
        let place = chain.shape_at(header.beacon.slot).current_sync_committee();
        let root = committee.tree_root();
        if !leads_to(&root, &committee_branch, place, &header.beacon.state_root) {
            return Err(BootstrapError::CommitteeBranch);
        }
        let period = chain.period_at(header.beacon.slot);
        let current = Arc::new(committee.to_set(&chain, period, &limits, check)?);
        Ok(Self {
            chain,
            limits,
            optimistic: header.clone(),
            finalized: header,
            current,
            next: None,
            best: None,
            previous_participants_max: 0,
            current_participants_max: 0,
        })
    }

    pub fn chain(&self) -> &BeaconChain {
        &self.chain
    }
    pub fn finalized(&self) -> &LightClientHeader {
        &self.finalized
    }
    pub fn optimistic(&self) -> &LightClientHeader {
        &self.optimistic
    }
    pub fn current_committee(&self) -> &Arc<OperatorSet> {
        &self.current
    }
    pub fn next_committee(&self) -> Option<&Arc<OperatorSet>> {
        self.next.as_ref().map(|next| &next.set)
    }

    fn period(&self) -> u64 {
        self.chain.period_at(self.finalized.beacon.slot)
    }

    /// The committee that signs in the update's period, or the present one: its judgement then
    /// finds that the period is not its own.
    fn committee_for(&self, update: &LightClientUpdate) -> &Arc<OperatorSet> {
        let period = self.chain.period_at(update.signature_slot);
        match &self.next {
            Some(next) if period == self.period() + 1 => &next.set,
            _ => &self.current,
        }
    }

    /// Makes every check but that of the signature.
    pub fn judge(&self, update: LightClientUpdate, present_slot: u64) -> Proceeding {
        let certificate = update.certificate();
        let present = Present {
            period: Some(self.chain.period_at(present_slot)),
            ..Present::default()
        };
        let standing = Standing::new(SetState::Active, present);
        let case = Case {
            set: self.committee_for(&update),
            standing: &standing,
            subject: &certificate.subject(&self.chain),
            policy: &anyone(),
        };
        let mut next = None;
        let judgement = certificate.judge_with(&self.chain, &case, |sheet| {
            self.examine(&update, present_slot, sheet);
            // Keys are dear to check: only those of a committee that is proven so far.
            if sheet.first_failure().is_none() {
                next = self.examine_committee_keys(&update, sheet);
            }
        });
        Proceeding {
            judgement,
            update,
            next,
            present_slot,
        }
    }

    /// What the specification demands of an update beside its signature.
    fn examine(&self, update: &LightClientUpdate, present_slot: u64, sheet: &mut Sheet) {
        let slots = vec![
            input("finalized", Fact::Number(update.finalized_slot())),
            input("attested", Fact::Number(update.attested.beacon.slot)),
            input("signed", Fact::Number(update.signature_slot)),
            input("present", Fact::Number(present_slot)),
        ];
        let checks = [
            (Step::Header, Vec::new(), update.check_headers(&self.chain)),
            (Step::Slots, slots, update.check_slots(present_slot)),
            (Step::Relevance, Vec::new(), self.check_relevance(update)),
            (
                Step::FinalityProof,
                Vec::new(),
                update.check_finality(&self.chain),
            ),
            (
                Step::NextCommittee,
                Vec::new(),
                self.check_committee(update),
            ),
        ];
        for (step, inputs, found) in checks {
            sheet.note(step, inputs, found.map_err(Reason::Update));
        }
    }

    fn check_relevance(&self, update: &LightClientUpdate) -> Result<(), UpdateFault> {
        let (attested, finalized) = (update.attested.beacon.slot, self.finalized.beacon.slot);
        let brings_committee = self.next.is_none()
            && update.next_committee.is_some()
            && self.chain.period_at(attested) == self.period();
        if attested > finalized || brings_committee {
            return Ok(());
        }
        Err(UpdateFault::NotRelevant {
            attested,
            finalized,
        })
    }

    fn check_committee(&self, update: &LightClientUpdate) -> Result<(), UpdateFault> {
        let same_period = self.chain.period_at(update.attested.beacon.slot) == self.period();
        if let (Some(known), Some(next)) = (&self.next, &update.next_committee)
            && same_period
            && known.root != next.committee.tree_root()
        {
            return Err(UpdateFault::OtherCommittee);
        }
        update.check_committee_branch(&self.chain)
    }

    /// The next committee as a set: its keys are checked here, once.
    fn examine_committee_keys(
        &self,
        update: &LightClientUpdate,
        sheet: &mut Sheet,
    ) -> Option<Known> {
        let committee = &update.next_committee.as_ref()?.committee;
        let root = committee.tree_root();
        let period = self.chain.period_at(update.attested.beacon.slot) + 1;
        let is_it = |known: &&Known| known.root == root && known.set.reference().at == period;
        if let Some(known) = self.next.as_ref().filter(is_it) {
            return Some(known.clone());
        }
        let set = committee.to_set(&self.chain, period, &self.limits, &OneByOne);
        let set = set.map_err(|fault| Reason::Update(UpdateFault::Committee(fault)));
        let set = sheet.note(Step::SetKeys, Vec::new(), set)?;
        Some(Known {
            set: Arc::new(set),
            root,
        })
    }

    /// Takes up an update whose signature has been checked. What else the store has taken up
    /// meanwhile may have made it irrelevant; then it is refused.
    pub fn conclude(&mut self, pending: Pending, verdict: Verdict) -> Outcome {
        let Pending {
            claim,
            update,
            next,
            present_slot,
        } = pending;
        let standing = Standing::new(SetState::Active, Present::default());
        let outcome = claim.conclude(verdict, &standing);
        let Outcome::Accept(acceptance) = &outcome else {
            return outcome;
        };
        if acceptance.set() != self.committee_for(&update).id() {
            let certificate = self.chain.period_reference(update.signature_slot);
            return Outcome::Reject(Reason::OtherReference { certificate });
        }
        let mut sheet = Sheet::default();
        self.examine(&update, present_slot, &mut sheet);
        if let Some(reason) = sheet.first_failure() {
            return Outcome::Reject(reason);
        }
        self.take_up(Proven { update, next });
        outcome
    }

    fn take_up(&mut self, proven: Proven) {
        let update = &proven.update;
        let participants = update.aggregate.participants();
        let chain = self.chain.clone();
        let better = |best: &Proven| update.is_better_than(&best.update, &chain);
        if self.best.as_deref().is_none_or(better) {
            self.best = Some(Box::new(proven.clone()));
        }
        self.current_participants_max = self.current_participants_max.max(participants);
        let safe = self
            .previous_participants_max
            .max(self.current_participants_max)
            / 2;
        let newer = update.attested.beacon.slot > self.optimistic.beacon.slot;
        if participants > safe && newer {
            self.optimistic = update.attested.clone();
        }
        let finalizes_committee = self.next.is_none()
            && update.next_committee.is_some()
            && update.finality.is_some()
            && update.finalizes_its_period(&chain);
        let advances = update.finalized_slot() > self.finalized.beacon.slot;
        if update.aggregate.has_supermajority() && (advances || finalizes_committee) {
            let finalized = update.finalized_header().cloned();
            self.apply(finalized, proven.next);
            self.best = None;
        }
    }

    /// After a long time without finality: takes the best update seen, as if its attested block
    /// were final. Gives up safety for progress, so it is the caller's decision.
    pub fn force(&mut self, present_slot: u64) -> Forced {
        let due = self
            .finalized
            .beacon
            .slot
            .saturating_add(self.chain.update_timeout());
        if present_slot <= due {
            return Forced::TooEarly { until: due };
        }
        let Some(best) = self.best.take() else {
            return Forced::NothingSeen;
        };
        let Proven { update, next } = *best;
        let finalized = match update.finalized_header() {
            Some(header) if header.beacon.slot > self.finalized.beacon.slot => header.clone(),
            _ => update.attested,
        };
        self.apply(Some(finalized), next);
        Forced::Advanced
    }

    fn apply(&mut self, finalized: Option<LightClientHeader>, next: Option<Known>) {
        let slot = finalized.as_ref().map_or(0, |header| header.beacon.slot);
        match self.next.take() {
            None => self.next = next,
            Some(known) if self.chain.period_at(slot) == self.period() + 1 => {
                self.current = known.set;
                self.next = next;
                self.previous_participants_max = self.current_participants_max;
                self.current_participants_max = 0;
            }
            known => self.next = known,
        }
        let Some(finalized) = finalized.filter(|_| slot > self.finalized.beacon.slot) else {
            return;
        };
        if slot > self.optimistic.beacon.slot {
            self.optimistic = finalized.clone();
        }
        self.finalized = finalized;
    }
}

/// What [`LightClientStore::force`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forced {
    Advanced,
    /// The timeout is not over until after that slot.
    TooEarly {
        until: u64,
    },
    NothingSeen,
}

/// `MIN_SYNC_COMMITTEE_PARTICIPANTS`: one seat suffices for an update to be valid. What it moves
/// is decided by how many more there are.
fn anyone() -> Policy {
    Policy::new(vec![Demand {
        columns: Columns::Each,
        threshold: Threshold::Nominal(U256::from(1)),
        unit: Unit::Weight,
    }])
    .expect("one demand of one")
    .with_superseded(Superseded::Accepted)
}
