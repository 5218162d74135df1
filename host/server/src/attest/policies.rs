//! What a relying party accepts.

use std::num::NonZeroU32;

use tutti_domain::{
    Columns, Demand, Grade, Policy, Ratio, ReplayScope, Rounding, Superseded, Threshold, Unit,
};
use tutti_proto::v1;
use tutti_proto::v1::demand::Threshold as WireThreshold;
use tutti_proto::v1::replay_scope::Scope;

use super::field::Field;
use crate::refusal::Refusal;

pub(super) fn policy(at: &Field, policy: Option<&v1::Policy>) -> Result<Policy, Refusal> {
    let policy = policy.ok_or_else(|| at.refuse("is required"))?;
    let demands = policy.demands.iter().enumerate();
    let demands = demands
        .map(|(index, demand)| read_demand(&at.at("demands", index), demand))
        .collect::<Result<_, _>>()?;
    let mut read = Policy::new(demands)
        .map_err(|error| at.refuse(error))?
        .with_superseded(superseded(at, policy.superseded)?)
        .with_scope(scope(at, policy.scope.as_ref())?)
        .with_grade(grade(at, policy.evidence)?);
    if let Some(least) = NonZeroU32::new(policy.least_signers) {
        read = read.with_least_signers(least);
    }
    if let Some(units) = policy.max_staleness {
        read = read.with_max_staleness(units);
    }
    Ok(read)
}

/// What light clients demand of a committee that names the next one.
pub(super) fn two_thirds() -> Policy {
    let ratio = Ratio::new(2, 3).expect("a proper fraction");
    Policy::share(ratio, Rounding::ExactGe).expect("one demand that can be met")
}

fn read_demand(at: &Field, demand: &v1::Demand) -> Result<Demand, Refusal> {
    let columns = match demand.column {
        None => Columns::Each,
        Some(number) => Columns::Number(at.narrow("column", number)?),
    };
    let unit = match v1::ThresholdUnit::try_from(demand.unit) {
        Ok(v1::ThresholdUnit::Unspecified | v1::ThresholdUnit::Weight) => Unit::Weight,
        Ok(v1::ThresholdUnit::Count) => Unit::Count,
        Err(_) => return Err(at.of("unit").refuse("unknown")),
    };
    let threshold = match at.required("threshold", demand.threshold.as_ref())? {
        WireThreshold::Nominal(least) => Threshold::Nominal(at.integer("nominal", least)?),
        WireThreshold::Share(share) => {
            let at = at.of("share");
            let ratio = Ratio::new(share.numerator, share.denominator);
            Threshold::Share {
                ratio: ratio.map_err(|error| at.refuse(error))?,
                rounding: rounding(&at, share.rounding)?,
            }
        }
    };
    Ok(Demand {
        columns,
        threshold,
        unit,
    })
}

fn rounding(at: &Field, rounding: i32) -> Result<Rounding, Refusal> {
    match v1::RoundingRule::try_from(rounding) {
        Ok(v1::RoundingRule::FloorGe) => Ok(Rounding::FloorGe),
        Ok(v1::RoundingRule::ExactGe) => Ok(Rounding::ExactGe),
        Ok(v1::RoundingRule::StrictGt) => Ok(Rounding::StrictGt),
        Ok(v1::RoundingRule::Unspecified) | Err(_) => Err(at
            .of("rounding")
            .refuse("a share without a rounding rule is ambiguous")),
    }
}

fn superseded(at: &Field, rule: i32) -> Result<Superseded, Refusal> {
    match v1::SupersededRule::try_from(rule) {
        Ok(v1::SupersededRule::Unspecified | v1::SupersededRule::Refused) => {
            Ok(Superseded::Refused)
        }
        Ok(v1::SupersededRule::Accepted) => Ok(Superseded::Accepted),
        Err(_) => Err(at.of("superseded").refuse("unknown")),
    }
}

fn grade(at: &Field, rule: i32) -> Result<Grade, Refusal> {
    match v1::EvidenceRule::try_from(rule) {
        Ok(v1::EvidenceRule::Unspecified | v1::EvidenceRule::Any) => Ok(Grade::Any),
        Ok(v1::EvidenceRule::Evidential) => Ok(Grade::Evidential),
        Err(_) => Err(at.of("evidence").refuse("unknown")),
    }
}

fn scope(at: &Field, scope: Option<&v1::ReplayScope>) -> Result<ReplayScope, Refusal> {
    let at = at.of("scope");
    Ok(match scope.and_then(|scope| scope.scope.as_ref()) {
        None => ReplayScope::Anywhere,
        Some(Scope::Chain(chain)) => ReplayScope::Chain(at.integer("chain", chain)?),
        Some(Scope::ChainSigned(chain)) => {
            ReplayScope::ChainSigned(at.integer("chain_signed", chain)?)
        }
    })
}
