use std::sync::Arc;

use crate::check::{Cause, Fact, Objection, Reason, Sheet, Step, input};
use crate::eigen::WitnessCache;
use crate::policy::{Policy, Superseded};
use crate::reference::{Present, Reference};
use crate::set::OperatorSet;

/// What has become of a set since it was stored. Kept beside the set, which never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SetState {
    Active,
    /// There is a newer one of the same name.
    Superseded,
    /// Revoked: nothing it signed counts any more.
    Disabled,
}

/// What changes while a set does not: asked anew when a certificate is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    pub state: SetState,
    pub present: Present,
    pub freshness: StakeFreshness,
    /// What earlier certificates proved of the set's operators.
    pub witnesses: Arc<WitnessCache>,
}

impl Standing {
    pub fn new(state: SetState, present: Present) -> Self {
        Self {
            state,
            present,
            freshness: StakeFreshness::NotDemanded,
            witnesses: Arc::default(),
        }
    }
}

/// `EigenLayer` contracts may refuse quorums whose stakes were not updated lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StakeFreshness {
    /// `staleStakesForbidden` is not set.
    NotDemanded,
    Within {
        /// `minWithdrawalDelayBlocks`.
        window: u64,
        /// `quorumUpdateBlockNumber` of each quorum.
        updated: Vec<(u8, u64)>,
    },
}

/// The part of a policy that time can break.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Currency {
    reference: Reference,
    max_staleness: Option<u64>,
    superseded: Superseded,
}

impl Currency {
    pub(crate) fn new(set: &OperatorSet, reference: Reference, policy: &Policy) -> Self {
        let limits = [set.validity().max_staleness, policy.max_staleness()];
        Self {
            reference,
            max_staleness: limits.into_iter().flatten().min(),
            superseded: policy.superseded(),
        }
    }

    pub(crate) fn examine(&self, standing: &Standing, sheet: &mut Sheet) {
        sheet.note(Step::SetState, Vec::new(), self.state(standing));
        let mut inputs = vec![input("reference", Fact::Reference(self.reference))];
        inputs.extend(self.max_staleness.map(|n| input("limit", Fact::Number(n))));
        inputs.extend(
            standing
                .present
                .of(self.reference.kind)
                .map(|n| input("present", Fact::Number(n))),
        );
        sheet.note(Step::Staleness, inputs, self.fresh(standing));
    }

    /// The same, when the answer is given.
    pub(crate) fn holds(&self, standing: &Standing) -> Result<(), Objection> {
        self.state(standing)?;
        self.fresh(standing)
    }

    fn state(&self, standing: &Standing) -> Result<(), Reason> {
        match (standing.state, self.superseded) {
            (SetState::Disabled, _) => Err(Reason::SetDisabled),
            (SetState::Superseded, Superseded::Refused) => Err(Reason::SetSuperseded),
            _ => Ok(()),
        }
    }

    fn fresh(&self, standing: &Standing) -> Result<(), Objection> {
        let Some(limit) = self.max_staleness else {
            return Ok(());
        };
        let kind = self.reference.kind;
        let present = standing
            .present
            .of(kind)
            .ok_or(Cause::PresentUnknown(kind))?;
        let age = present.saturating_sub(self.reference.at);
        if age > limit {
            return Err(Reason::Stale { kind, age, limit }.into());
        }
        Ok(())
    }
}
