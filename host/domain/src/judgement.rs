use alloy_primitives::B256;
use tutti_statements::StatementId;
use tutti_types::Verdict;

use crate::check::{Cause, Check, Fact, Finding, Objection, Reason, Sheet, Step, input};
use crate::claim::Obligation;
use crate::key::KeyKind;
use crate::policy::Policy;
use crate::reference::Reference;
use crate::set::{OperatorSet, SetId};
use crate::standing::{Currency, Standing};
use crate::subject::Subject;
use crate::tally::Tally;

/// A certificate's question: is this attested, by that set, as it stands, enough for them?
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    pub set: &'a OperatorSet,
    pub standing: &'a Standing,
    pub subject: &'a Subject,
    pub policy: &'a Policy,
}

/// What was found without pairings: every check in its order, and what is left to compute.
#[derive(Debug)]
pub struct Judgement {
    checks: Vec<Check>,
    acceptance: Acceptance,
    obligation: Option<Obligation>,
    currency: Currency,
}

/// A certificate that is good if its obligation is.
#[derive(Debug)]
pub struct Claim {
    acceptance: Acceptance,
    obligation: Obligation,
    currency: Currency,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accept(Acceptance),
    Reject(Reason),
    Indeterminate(Cause),
}

impl From<Objection> for Outcome {
    fn from(objection: Objection) -> Self {
        match objection {
            Objection::Reject(reason) => Self::Reject(reason),
            Objection::Unsettled(cause) => Self::Indeterminate(cause),
        }
    }
}

/// That a set attested a subject. Made by [`Claim::conclude`] only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    set: SetId,
    statement: StatementId,
    signed_digest: B256,
    policy: B256,
    tallies: Vec<Tally>,
}

impl Acceptance {
    pub const fn set(&self) -> SetId {
        self.set
    }
    pub const fn statement(&self) -> StatementId {
        self.statement
    }
    /// What went into the hash to the curve.
    pub const fn signed_digest(&self) -> B256 {
        self.signed_digest
    }
    pub const fn policy(&self) -> B256 {
        self.policy
    }
    pub fn tallies(&self) -> &[Tally] {
        &self.tallies
    }
}

/// What a kind of certificate found, beside its checks.
pub(crate) struct Findings {
    pub(crate) reference: Reference,
    pub(crate) tallies: Vec<Tally>,
    pub(crate) obligation: Option<Obligation>,
}

impl Findings {
    /// Where a check failed that the rest builds on.
    pub(crate) const fn unfinished(reference: Reference) -> Self {
        Self {
            reference,
            tallies: Vec::new(),
            obligation: None,
        }
    }
}

impl Case<'_> {
    /// The checks that every certificate shares come first: set, reference, present, subject.
    pub(crate) fn open(&self, keys: KeyKind, reference: Reference, signed: B256) -> Sheet {
        let mut sheet = Sheet::default();
        let fitting = if self.set.key_kind() == keys {
            Ok(())
        } else {
            Err(Reason::OtherSetKind)
        };
        sheet.note(Step::SetKeys, Vec::new(), fitting);
        let covered = if self.set.covers(reference) {
            Ok(())
        } else {
            Err(Reason::OtherReference {
                certificate: reference,
            })
        };
        sheet.note(
            Step::Reference,
            vec![
                input("certificate", Fact::Reference(reference)),
                input("set", Fact::Reference(self.set.reference())),
            ],
            covered,
        );
        Currency::new(self.set, reference, self.policy).examine(self.standing, &mut sheet);
        self.subject.examine(signed, self.policy, &mut sheet);
        sheet
    }

    pub(crate) fn close(&self, sheet: Sheet, findings: Findings) -> Judgement {
        Judgement {
            checks: sheet.checks,
            currency: Currency::new(self.set, findings.reference, self.policy),
            acceptance: Acceptance {
                set: self.set.id(),
                statement: self.subject.statement().id(),
                signed_digest: self.subject.digest(),
                policy: self.policy.id(),
                tallies: findings.tallies,
            },
            obligation: findings.obligation,
        }
    }
}

impl Judgement {
    /// Every check in its order; those after a failure too.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    pub fn tallies(&self) -> &[Tally] {
        &self.acceptance.tallies
    }

    /// What is left to compute, as far as it could be told, whether or not checks failed.
    pub const fn obligation(&self) -> Option<&Obligation> {
        self.obligation.as_ref()
    }

    /// What the checks say already: the first that failed, else the first that is not settled.
    pub fn objection(&self) -> Option<Objection> {
        let failed = self.checks.iter().find_map(|check| match &check.finding {
            Finding::Failed(reason) => Some(Objection::Reject(reason.clone())),
            _ => None,
        });
        let unsettled = || {
            self.checks.iter().find_map(|check| match check.finding {
                Finding::Unsettled(cause) => Some(Objection::Unsettled(cause)),
                _ => None,
            })
        };
        failed.or_else(unsettled)
    }

    /// The claim, where no check stands against it.
    pub fn into_claim(self) -> Result<Claim, Objection> {
        if let Some(objection) = self.objection() {
            return Err(objection);
        }
        let obligation = self
            .obligation
            .expect("a judgement without objection reached its obligation");
        Ok(Claim {
            acceptance: self.acceptance,
            obligation,
            currency: self.currency,
        })
    }

    /// The whole list with the signature's own check at its end; nothing where it was not made.
    pub fn explain(mut self, signature: Option<Verdict>) -> Vec<Check> {
        let finding = match (&self.obligation, signature) {
            (Some(_), Some(Verdict::Valid)) => Finding::Passed,
            (Some(_), Some(Verdict::Undecided(cause))) => Finding::Unsettled(Cause::Backend(cause)),
            (Some(_), Some(invalid)) => Finding::Failed(Reason::of_invalid(invalid)),
            _ => Finding::NotReached,
        };
        self.checks.push(Check {
            step: Step::Signature,
            inputs: vec![input("digest", Fact::Digest(self.acceptance.signed_digest))],
            finding,
        });
        self.checks
    }
}

impl Claim {
    pub const fn obligation(&self) -> &Obligation {
        &self.obligation
    }

    /// The answer. What time can break is looked at again, with the set as it stands now.
    pub fn conclude(self, verdict: Verdict, standing: &Standing) -> Outcome {
        match verdict {
            Verdict::Invalid(..) => Outcome::Reject(Reason::of_invalid(verdict)),
            Verdict::Undecided(cause) => Outcome::Indeterminate(Cause::Backend(cause)),
            Verdict::Valid => match self.currency.holds(standing) {
                Ok(()) => Outcome::Accept(self.acceptance),
                Err(objection) => objection.into(),
            },
        }
    }
}
