use std::fmt;

use alloy_primitives::{B256, U256};
use tutti_types::{InvalidReason, UndecidedCause, Verdict};

use crate::ecdsa::EcdsaFault;
use crate::ethereum::{AttestationFault, UpdateFault};
use crate::reference::{Reference, ReferenceKind};

/// One thing that must hold of a certificate, found to hold or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub step: Step,
    pub inputs: Vec<Input>,
    pub finding: Finding,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    Passed,
    Failed(Reason),
    /// Cannot be said with what is known.
    Unsettled(Cause),
    /// Rests on something that did not hold.
    NotReached,
}

/// A named value that a check looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    pub name: &'static str,
    pub value: Fact,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    Number(u64),
    Weight(U256),
    Digest(B256),
    Numbers(Vec<u32>),
    Reference(Reference),
    Words(&'static str),
}

/// The checks, in no particular order; each kind of certificate has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    SetState,
    SetKeys,
    SetCommitment,
    Reference,
    ReferencePast,
    Staleness,
    Subject,
    Evidence,
    ReplayScope,
    Quorums,
    Lengths,
    QuorumOrder,
    NonSignerOrder,
    NonSignerMembership,
    StakeFreshness,
    QuorumApk,
    Witness,
    SignedWeight,
    Signers,
    AggregateKey,
    SuppliedKey,
    KeyTie,
    SignaturePoint,
    Possession,
    SignerCount,
    Threshold,
    Inclusion,
    Header,
    Slots,
    Relevance,
    FinalityProof,
    NextCommittee,
    Membership,
    Expiry,
    Parameters,
    Signature,
}

/// Why a certificate can never be accepted as it is. Only arithmetic, parsing and the policy
/// give one of these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("the set is disabled")]
    SetDisabled,
    #[error("the set is superseded, and the policy accepts the newest only")]
    SetSuperseded,
    #[error("this kind of certificate needs a set with other keys or columns")]
    OtherSetKind,
    #[error("the set has no commitment to prove operators against")]
    NoCommitment,
    #[error("the certificate is for {certificate}, which this set says nothing of")]
    OtherReference { certificate: Reference },
    #[error("{reference} is not past: the chain is at {present}")]
    ReferenceNotPast { reference: Reference, present: u64 },
    #[error("{age} {} old, at most {limit} are allowed", kind.name())]
    Stale {
        kind: ReferenceKind,
        age: u64,
        limit: u64,
    },
    #[error("the certificate attests {certificate}, not the statement's {statement}")]
    OtherMessage { certificate: B256, statement: B256 },
    #[error("the policy demands a typed statement, an opaque digest is no evidence")]
    NotEvidential,
    #[error("the policy is for chain {policy}, the statement is not bound to it")]
    OtherChain { policy: U256 },
    #[error("no quorum is named")]
    NoQuorums,
    #[error("{name} has {found} entries, {expected} are needed")]
    LengthMismatch {
        name: &'static str,
        expected: usize,
        found: usize,
    },
    #[error("quorum numbers must ascend and not repeat: number {0} does not follow")]
    QuorumsUnordered(u8),
    #[error("the set has no quorum {0}")]
    UnknownQuorum(u8),
    #[error("the policy demands quorum {0}, the certificate does not name it")]
    QuorumMissing(u8),
    #[error("non-signers must ascend and not repeat: number {0} does not follow")]
    NonSignersUnordered(u32),
    #[error("non-signer {0} is not a member of the set")]
    NonSignerUnknown(u32),
    #[error("index {index} is past the set's {members} members")]
    IndexOutOfRange { index: u32, members: u32 },
    #[error(
        "stakes of quorum {quorum} were last updated at block {updated}, more than {window} blocks before the reference"
    )]
    StakesNotFresh {
        quorum: u8,
        updated: u64,
        window: u64,
    },
    #[error("the aggregate key given for quorum {0} is not the set's")]
    OtherQuorumApk(u8),
    #[error("the witness of operator {0} does not prove it a member")]
    WitnessInvalid(u32),
    #[error("the validators listed are not the set's")]
    OtherMembers,
    #[error("non-signers of column {0} weigh more than the whole")]
    WeightUnderflow(u8),
    #[error("nothing signed in column {0}")]
    NoSignedWeight(u8),
    #[error("nobody signed")]
    NoSigners,
    #[error("{signers} signed, at least {least} must")]
    TooFewSigners { signers: u32, least: u32 },
    #[error("the signer bitset is not in its shortest form")]
    BitsetNotMinimal,
    #[error("the keys of those who signed add up to infinity")]
    AggregateKeyInfinity,
    #[error("the aggregate key in G2 is {0:?}")]
    SuppliedKeyPoint(PointFault),
    #[error("the aggregate key in G2 is not that of the members who signed")]
    SuppliedKeyOther,
    #[error("the signature is {0:?}")]
    SignaturePoint(PointFault),
    #[error(
        "member {0} has not shown that it holds its key, so its key may not be added to others'"
    )]
    PossessionUnproven(u32),
    #[error("those not listed have not shown that they hold their keys")]
    PossessionUnknown,
    #[error("column {column}: {signed} signed, {needed} are needed")]
    ThresholdNotMet {
        column: u8,
        signed: U256,
        needed: U256,
    },
    #[error("the proof does not lead to the root")]
    NotIncluded,
    #[error("the parameters allow no security: {0}")]
    Parameters(&'static str),
    #[error(transparent)]
    Update(#[from] UpdateFault),
    #[error(transparent)]
    Attestation(#[from] AttestationFault),
    #[error(transparent)]
    Ecdsa(#[from] EcdsaFault),
    #[error("the signature does not verify")]
    SignatureInvalid,
    #[error("the signature cannot be checked: {0}")]
    CurveRefused(Verdict),
}

/// What is wrong with a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointFault(pub InvalidReason);

/// Why nothing can be said now. Asking again may give an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    #[error("the set is not known here")]
    UnknownSet,
    #[error("the present {} is not known", .0.name())]
    PresentUnknown(ReferenceKind),
    #[error("when the stakes of quorum {0} were last updated is not known")]
    FreshnessUnknown(u8),
    #[error("how many signed is not known, because the members listed are not all")]
    SignersUnknown,
    #[error("the curve arithmetic was not done: {}", .0.text())]
    Backend(UndecidedCause),
}

impl Reason {
    /// A reason of the curve's.
    pub(crate) const fn of_invalid(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Invalid(InvalidReason::DoesNotVerify, _) => Self::SignatureInvalid,
            other => Self::CurveRefused(other),
        }
    }
}

/// Why a check did not pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Objection {
    #[error("rejected: {0}")]
    Reject(Reason),
    #[error("not decided: {0}")]
    Unsettled(Cause),
}

impl From<Reason> for Objection {
    fn from(reason: Reason) -> Self {
        Self::Reject(reason)
    }
}

impl From<Cause> for Objection {
    fn from(cause: Cause) -> Self {
        Self::Unsettled(cause)
    }
}

/// Where checks are written down as they are made, in their order. Judging goes on after a
/// failure, so that an explanation and a verdict are the same list.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) checks: Vec<Check>,
}

impl Sheet {
    /// Writes down a finding and hands on what was found.
    pub(crate) fn note<T, P: Into<Objection>>(
        &mut self,
        step: Step,
        inputs: Vec<Input>,
        found: Result<T, P>,
    ) -> Option<T> {
        let (finding, value) = match found.map_err(Into::into) {
            Ok(value) => (Finding::Passed, Some(value)),
            Err(Objection::Reject(reason)) => (Finding::Failed(reason), None),
            Err(Objection::Unsettled(cause)) => (Finding::Unsettled(cause), None),
        };
        self.checks.push(Check {
            step,
            inputs,
            finding,
        });
        value
    }

    /// The first reason to reject.
    pub(crate) fn first_failure(&self) -> Option<Reason> {
        self.checks.iter().find_map(|check| match &check.finding {
            Finding::Failed(reason) => Some(reason.clone()),
            _ => None,
        })
    }

    /// A check that could not be made, because what it rests on did not hold.
    pub(crate) fn not_reached(&mut self, step: Step) {
        self.checks.push(Check {
            step,
            inputs: Vec::new(),
            finding: Finding::NotReached,
        });
    }

    /// Makes a check where its ground is there.
    pub(crate) fn rest<A, T, P: Into<Objection>>(
        &mut self,
        step: Step,
        ground: Option<A>,
        check: impl FnOnce(A) -> (Vec<Input>, Result<T, P>),
    ) -> Option<T> {
        if let Some(ground) = ground {
            let (inputs, found) = check(ground);
            return self.note(step, inputs, found);
        }
        self.not_reached(step);
        None
    }
}

pub(crate) const fn input(name: &'static str, value: Fact) -> Input {
    Input { name, value }
}

impl Step {
    pub const fn name(self) -> &'static str {
        match self {
            Self::SetState => "set state",
            Self::SetKeys => "set keys",
            Self::SetCommitment => "set commitment",
            Self::Reference => "reference",
            Self::ReferencePast => "reference past",
            Self::Staleness => "staleness",
            Self::Subject => "subject",
            Self::Evidence => "evidence",
            Self::ReplayScope => "replay scope",
            Self::Quorums => "quorums",
            Self::Lengths => "lengths",
            Self::QuorumOrder => "quorum order",
            Self::NonSignerOrder => "non-signer order",
            Self::NonSignerMembership => "non-signer membership",
            Self::StakeFreshness => "stake freshness",
            Self::QuorumApk => "quorum aggregate key",
            Self::Witness => "witness",
            Self::SignedWeight => "signed weight",
            Self::Signers => "signers",
            Self::AggregateKey => "aggregate key",
            Self::SuppliedKey => "supplied key",
            Self::KeyTie => "key tie",
            Self::SignaturePoint => "signature point",
            Self::Possession => "possession",
            Self::SignerCount => "signer count",
            Self::Threshold => "threshold",
            Self::Inclusion => "inclusion",
            Self::Header => "header",
            Self::Slots => "slots",
            Self::Relevance => "relevance",
            Self::FinalityProof => "finality proof",
            Self::NextCommittee => "next committee",
            Self::Membership => "membership",
            Self::Expiry => "expiry",
            Self::Parameters => "parameters",
            Self::Signature => "signature",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Weight(weight) => write!(f, "{weight}"),
            Self::Digest(digest) => write!(f, "{digest}"),
            Self::Numbers(numbers) => write!(f, "{numbers:?}"),
            Self::Reference(reference) => write!(f, "{reference}"),
            Self::Words(words) => f.write_str(words),
        }
    }
}
