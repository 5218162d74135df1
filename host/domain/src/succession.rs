//! A new set that is proved, not merely said: by a certificate of those it takes over from.

use std::sync::Arc;

use alloy_primitives::U256;
use tutti_curves::bn254;
use tutti_statements::nffl::{Operator, OperatorSetUpdate};
use tutti_statements::{Body, SigningContext, Statement, StatementError};

use crate::eigen::abi::{DecodeError, g1_bytes};
use crate::eigen::merkle::MerkleError;
use crate::ethereum::UpdateFault;
use crate::judgement::Acceptance;
use crate::key::Key;
use crate::policy::Policy;
use crate::reference::SetName;
use crate::register::{Register, RegisterError, Stored};
use crate::set::{Member, OperatorSet, SetError};
use crate::standing::SetState;
use crate::subject::Subject;

/// A set and the subject that must be attested for it to be stored. That the subject commits to
/// the set was checked when this was made.
#[derive(Clone, Debug)]
pub struct Succession {
    next: Arc<OperatorSet>,
    subject: Subject,
    attester: Attester,
}

/// Who has to attest a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attester {
    /// The newest set of the same name, whose reference is the one before.
    Predecessor,
    /// Another set, which attests all others but never itself: `EigenLayer`'s generator.
    Generator(SetName),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SuccessionError {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Set(#[from] SetError),
    #[error(transparent)]
    Statement(#[from] StatementError),
    #[error("the table is not in the root that is attested: {0}")]
    NotInRoot(#[from] MerkleError),
    #[error("member {0} cannot be put into such an update: its key or weight has another form")]
    Member(u32),
    #[error("{0} of the header is not the set's")]
    Header(&'static str),
    #[error("curve type {0} of the table is not known here")]
    UnknownCurve(u8),
    #[error("the update does not lead to a next committee: {0}")]
    Update(#[from] UpdateFault),
    #[error("a generator does not attest itself")]
    OwnGenerator,
}

impl Succession {
    /// For a subject that is known to commit to the set.
    pub(crate) const fn new(next: Arc<OperatorSet>, subject: Subject, attester: Attester) -> Self {
        Self {
            next,
            subject,
            attester,
        }
    }

    /// NFFL: the set before signs the operators of the next, by an id that counts up.
    pub fn nffl(next: Arc<OperatorSet>, timestamp: u64) -> Result<Self, SuccessionError> {
        let operators = (0u32..)
            .zip(next.members())
            .map(|(index, member)| nffl_operator(member).ok_or(SuccessionError::Member(index)));
        let operators = operators.collect::<Result<_, _>>()?;
        let update = OperatorSetUpdate::new(next.reference().at, timestamp, operators)?;
        let statement = Statement::new(U256::ZERO, Body::NfflOperatorSet(update))?;
        let subject = Subject::new(statement, SigningContext::Raw)?;
        Ok(Self::new(next, subject, Attester::Predecessor))
    }

    /// The set that will be stored.
    pub const fn next(&self) -> &Arc<OperatorSet> {
        &self.next
    }

    /// What a certificate must attest for that.
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    pub const fn attester(&self) -> &Attester {
        &self.attester
    }
}

fn nffl_operator(member: &Member) -> Option<Operator> {
    let Key::Bn254 { g1, .. } = &member.key else {
        return None;
    };
    let [weight] = member.weights[..] else {
        return None;
    };
    let key = g1_bytes(&tutti_curves::Wire::<bn254::G1>::Point(*g1.point()));
    let ([key_x, key_y], []) = key.as_chunks::<32>() else {
        return None;
    };
    Some(Operator {
        key_x: *key_x,
        key_y: *key_y,
        weight: u128::try_from(weight).ok()?,
    })
}

impl Register {
    /// Stores a set on the word of those who attest it, given under the policy for that.
    pub fn advance(
        &mut self,
        succession: &Succession,
        acceptance: &Acceptance,
        policy: &Policy,
    ) -> Result<Stored, RegisterError> {
        if acceptance.policy() != policy.id() {
            return Err(RegisterError::OtherPolicy);
        }
        let subject = succession.subject();
        if acceptance.statement() != subject.statement().id()
            || acceptance.signed_digest() != subject.digest()
        {
            return Err(RegisterError::OtherCommitment);
        }
        let next = succession.next();
        let by = acceptance.set();
        if self.get(next.id()).is_some() {
            return Ok(Stored::Known);
        }
        let (entry, state) = self.get(by).ok_or(RegisterError::UnknownSet(by))?;
        if state == SetState::Disabled {
            return Err(RegisterError::AttesterDisabled(by));
        }
        let entitled = match succession.attester() {
            Attester::Generator(name) => entry.set.name() == name && next.name() != name,
            Attester::Predecessor => {
                let (mine, its) = (entry.set.reference(), next.reference());
                entry.set.name() == next.name()
                    && self.newest(next.name()).map(|(e, _)| e.set.id()) == Some(by)
                    && mine.kind == its.kind
                    && mine.at.checked_add(1) == Some(its.at)
            }
        };
        if !entitled {
            return Err(RegisterError::AttesterNotEntitled(by));
        }
        self.store_attested(next.clone(), by, acceptance.signed_digest())
    }
}
