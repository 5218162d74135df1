//! A certificate with all that it is asked, from its bytes to its answer.

use std::sync::Arc;

use tutti_domain::{
    Case, Cause, Check, Claim, Judgement, Obligation, OperatorSet, Outcome, Policy, Present, SetId,
    StakeFreshness, Standing, Subject, Superseded, Tally,
};
use tutti_proto::v1;
use tutti_proto::v1::certificate_item::Set;
use tutti_types::Verdict;

use super::certificates::Claimed;
use super::chains::now;
use super::field::Field;
use super::register::Sets;
use super::sets::{set_name, set_reference};
use super::{policies, statements};
use crate::refusal::Refusal;

/// A certificate that can be judged whenever.
#[derive(Debug)]
pub(crate) struct Question {
    /// `None` where it is not here.
    set: Option<Arc<OperatorSet>>,
    pub(crate) subject: Subject,
    policy: Policy,
    claimed: Claimed,
    present: Present,
    freshness: StakeFreshness,
}

/// What was found without the curve.
#[derive(Debug)]
pub(crate) enum Judged {
    Settled(Outcome),
    /// Good if its obligation is.
    Open(SetId, Box<Claim>),
}

impl Question {
    pub(crate) fn read(
        name: &str,
        item: Option<&v1::CertificateItem>,
        sets: &Sets,
    ) -> Result<Self, Refusal> {
        let at = Field::new(name);
        let item = item.ok_or_else(|| at.refuse("is required"))?;
        let set = match at.required("set", item.set.as_ref())? {
            Set::SetId(id) => sets.get(super::set_id(at.of("set_id").name(), id)?),
            Set::SetAt(point) => {
                let at = at.of("set_at");
                let name = set_name(at.name(), point.name.as_ref())?;
                sets.at(&name, set_reference(at.name(), point.reference.as_ref())?)
            }
        };
        let policy = policies::policy(&at.of("policy"), item.policy.as_ref())?;
        let attested = Attested::read(&at, item.statement.as_ref(), item.certificate.as_ref())?;
        Ok(Self {
            set,
            subject: attested.subject,
            policy,
            claimed: attested.claimed,
            present: present(item.present.as_ref()),
            freshness: freshness(&at, item.freshness.as_ref())?,
        })
    }

    /// The question whether a successor is attested.
    pub(crate) fn succession(
        attester: Arc<OperatorSet>,
        subject: Subject,
        request: &v1::AdvanceOperatorSetRequest,
    ) -> Result<Self, Refusal> {
        use v1::advance_operator_set_request::Successor;
        let (claimed, policy) =
            if let Some(Successor::SyncCommittee(next)) = request.successor.as_ref() {
                if request.certificate.is_some() || request.policy.is_some() {
                    let what = "must be unset: the update is its own, the policy the chain's";
                    return Err(Refusal::malformed("certificate", what));
                }
                let certificate = v1::Certificate {
                    certificate: Some(v1::certificate::Certificate::SyncCommittee(
                        v1::SyncCommitteeCertificate {
                            chain: next.chain.clone(),
                            update: next.update.clone(),
                        },
                    )),
                };
                let at = Field::new("sync_committee");
                let claimed = Claimed::read(&at, &certificate, None)?;
                (claimed, policies::two_thirds())
            } else {
                let policy = policies::policy(&Field::new("policy"), request.policy.as_ref())?;
                if let Some(warning) = policy.lint(&attester).first() {
                    return Err(Refusal::malformed("policy", warning.to_string()));
                }
                let at = Field::new("certificate");
                let certificate = request.certificate.as_ref();
                let certificate = certificate.ok_or_else(|| at.refuse("is required"))?;
                (Claimed::read(&at, certificate, Some(&subject))?, policy)
            };
        Ok(Self {
            set: Some(attester),
            subject,
            policy,
            claimed,
            present: present(request.present.as_ref()),
            freshness: StakeFreshness::NotDemanded,
        })
    }

    /// The successor is stored already, and has superseded whoever attests it: whoever asks again
    /// hears the same.
    pub(crate) fn is_asked_again(&mut self) {
        self.policy = self.policy.clone().with_superseded(Superseded::Accepted);
    }

    pub(crate) const fn policy(&self) -> &Policy {
        &self.policy
    }

    fn judgement(&self, set: &OperatorSet, sets: &Sets) -> Option<Judgement> {
        let now = now();
        let standing = self.standing(set.id(), sets, now)?;
        let case = Case {
            set,
            standing: &standing,
            subject: &self.subject,
            policy: &self.policy,
        };
        Some(self.claimed.judge(&case, now))
    }

    /// How things stand at this moment.
    fn standing(&self, set: SetId, sets: &Sets, now: u64) -> Option<Standing> {
        let mut present = Present {
            timestamp: Some(now),
            ..self.present
        };
        if let Some(beacon) = self.claimed.beacon() {
            let slot = beacon.slot(now);
            present.epoch = Some(beacon.chain.epoch_at(slot));
            present.period = Some(beacon.chain.period_at(slot));
        }
        Some(Standing {
            witnesses: sets.witnesses.of(set),
            freshness: self.freshness.clone(),
            ..Standing::new(sets.state(set)?, present)
        })
    }

    /// Every check but those on the curve.
    pub(crate) fn judge(&self, sets: &Sets) -> Judged {
        let set = self.set.as_ref();
        let judged = set.and_then(|set| Some((set.id(), self.judgement(set, sets)?)));
        let Some((id, judgement)) = judged else {
            return Judged::Settled(Outcome::Indeterminate(Cause::UnknownSet));
        };
        match judgement.into_claim() {
            Ok(claim) => Judged::Open(id, Box::new(claim)),
            Err(objection) => Judged::Settled(objection.into()),
        }
    }

    /// The answer, with the clock and the register as they are now.
    pub(crate) fn conclude(&self, judged: Judged, verdict: Verdict, sets: &Sets) -> Outcome {
        match judged {
            Judged::Settled(outcome) => outcome,
            Judged::Open(set, claim) => match self.standing(set, sets, now()) {
                Some(standing) => self.remembered(claim.conclude(verdict, &standing), sets),
                None => Outcome::Indeterminate(Cause::UnknownSet),
            },
        }
    }

    fn remembered(&self, outcome: Outcome, sets: &Sets) -> Outcome {
        if let Outcome::Accept(acceptance) = &outcome {
            sets.witnesses
                .remember(acceptance.set(), self.claimed.proved());
        }
        outcome
    }

    /// What is left to compute, whether or not checks failed.
    pub(crate) fn obligation(&self, sets: &Sets) -> Option<Obligation> {
        let judgement = self.judgement(self.set.as_ref()?, sets)?;
        judgement.obligation().cloned()
    }

    /// Every check with its result, and the weights.
    pub(crate) fn explain(
        &self,
        signature: Option<Verdict>,
        sets: &Sets,
    ) -> Option<(Vec<Check>, Vec<Tally>)> {
        let judgement = self.judgement(self.set.as_ref()?, sets)?;
        let tallies = judgement.tallies().to_vec();
        Some((judgement.explain(signature), tallies))
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        let warnings = self.set.as_ref().map(|set| self.policy.lint(set));
        let warnings = warnings.unwrap_or_default().into_iter();
        warnings.map(|warning| warning.to_string()).collect()
    }
}

impl Judged {
    pub(crate) fn obligation(&self) -> Option<&Obligation> {
        match self {
            Self::Settled(_) => None,
            Self::Open(_, claim) => Some(claim.obligation()),
        }
    }
}

/// A certificate and what it is to attest.
struct Attested {
    subject: Subject,
    claimed: Claimed,
}

impl Attested {
    fn read(
        at: &Field,
        statement: Option<&v1::Statement>,
        certificate: Option<&v1::Certificate>,
    ) -> Result<Self, Refusal> {
        let stated = statement
            .map(|statement| statements::subject(&at.of("statement"), statement))
            .transpose()?;
        let certificate = at.required("certificate", certificate)?;
        let claimed = Claimed::read(&at.of("certificate"), certificate, stated.as_ref())?;
        let subject = stated.or_else(|| claimed.own_subject()).ok_or_else(|| {
            at.of("statement")
                .refuse("is required: this certificate holds none")
        })?;
        Ok(Self { subject, claimed })
    }
}

fn present(given: Option<&v1::Present>) -> Present {
    let given = given.copied().unwrap_or_default();
    Present {
        block: given.block,
        timestamp: None,
        epoch: given.epoch,
        height: given.height,
        period: given.period,
    }
}

fn freshness(at: &Field, given: Option<&v1::StakeFreshness>) -> Result<StakeFreshness, Refusal> {
    let Some(given) = given else {
        return Ok(StakeFreshness::NotDemanded);
    };
    let at = at.of("freshness");
    let updated = given.updated.iter().enumerate().map(|(index, update)| {
        let quorum = at.at("updated", index).narrow("quorum", update.quorum)?;
        Ok((quorum, update.block))
    });
    Ok(StakeFreshness::Within {
        window: given.window,
        updated: updated.collect::<Result<_, Refusal>>()?,
    })
}
