use std::sync::Arc;

use tutti_types::Limits;

use super::spec::BeaconChain;
use super::update::{LightClientUpdate, UpdateFault};
use crate::KeyCheck;
use crate::succession::{Attester, Succession, SuccessionError};

impl Succession {
    /// Ethereum: a sync committee signs a block whose state names the next one. As light clients
    /// do, it takes an update of one period with a block of that period final in it; the policy
    /// for new sets is to demand two thirds.
    pub fn sync_committee(
        chain: &BeaconChain,
        update: &LightClientUpdate,
        limits: &Limits,
        check: &dyn KeyCheck,
    ) -> Result<Self, SuccessionError> {
        let next = update
            .next_committee
            .as_ref()
            .ok_or(UpdateFault::NoCommittee)?;
        update.check_headers(chain)?;
        update.check_slots(update.signature_slot)?;
        update.check_finality(chain)?;
        update.check_committee_branch(chain)?;
        let period = chain.period_at(update.signature_slot);
        let one_period = chain.period_at(update.attested.beacon.slot) == period;
        if !one_period || update.finality.is_none() || !update.finalizes_its_period(chain) {
            return Err(UpdateFault::PeriodNotFinal.into());
        }
        let set = next.committee.to_set(chain, period + 1, limits, check);
        let set = set.map_err(UpdateFault::Committee)?;
        let subject = update.certificate().subject(chain);
        Ok(Self::new(Arc::new(set), subject, Attester::Predecessor))
    }
}
