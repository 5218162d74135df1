//! Two statements that nobody may both sign, and the accused's own signature on each.

use alloy_primitives::B256;
use tutti_curves::{Member as InSubgroup, Wire, bls12_381, bn254};
use tutti_statements::ethereum::DomainType;
use tutti_statements::{Binding, Body, Relation, SigningContext};
use tutti_types::{UndecidedCause, Verdict};

use crate::claim::{Obligation, Signers};
use crate::ecdsa::{self, Signature};
use crate::key::Key;
use crate::set::{Member, OperatorSet};
use crate::subject::Subject;

/// A member's own signature; aggregates prove nothing against anybody.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MemberSignature {
    Bn254(Wire<bn254::G1>),
    Bls12381(Wire<bls12_381::G2>),
    Ecdsa(Signature),
}

/// What somebody is said to have signed.
#[derive(Clone, Debug)]
pub struct Testimony {
    pub subject: Subject,
    pub signature: MemberSignature,
}

/// The claim that a member of a set contradicted itself.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The accused, by its place in the set.
    pub member: u32,
    /// Its key in G2, where the set knows it in G1 only.
    pub twin: Option<InSubgroup<bn254::G2>>,
    pub testimonies: [Testimony; 2],
}

/// Why two signatures are not held against their signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceFault {
    #[error("an opaque digest does not say what was signed: it is never evidence")]
    Opaque,
    #[error("both statements are the same one")]
    Same,
    #[error("the statements do not contradict each other: both may be signed")]
    Compatible,
    #[error("the statements were signed in different ways")]
    OtherContext,
    #[error("what is signed does not name its chain: it may have been signed for two")]
    ChainNotSigned,
    #[error("what is signed does not name its place: it may have been signed for two")]
    PlaceNotSigned,
    #[error("who signs in this way may change their mind")]
    Revocable,
    #[error("the set has {members} members, not a number {member}")]
    UnknownMember { member: u32, members: u32 },
    #[error("the proposals are of validator {0}")]
    OtherProposer(u64),
    #[error("the signature is of another kind than the member's key")]
    OtherKey,
    #[error("the member's key is known in G1 only: bring the one in G2")]
    TwinMissing,
    #[error("the key in G2 is not the member's")]
    OtherTwin,
    #[error("one signature stands for both: their digests share a point")]
    SamePoint,
    #[error("signature {0} is not the member's")]
    SignatureInvalid(u8),
}

/// What has to hold on the curves for evidence to be true.
#[derive(Clone, Debug)]
pub struct Accusation {
    /// Those of the two signatures, then that of the twin if one was brought.
    obligations: Vec<Obligation>,
}

/// What becomes of an accusation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceOutcome {
    Proven,
    Refuted(EvidenceFault),
    Undecided(UndecidedCause),
}

impl Evidence {
    /// Makes every check that needs no pairing. Statements are compared as statements; whoever
    /// accuses chooses everything but the signatures, so what the signed bytes do not say
    /// themselves is not held against the signer.
    pub fn examine(&self, set: &OperatorSet) -> Result<Accusation, EvidenceFault> {
        let [first, second] = &self.testimonies;
        contradiction(&first.subject, &second.subject)?;
        let members = set.members().len() as u32;
        let unknown = EvidenceFault::UnknownMember {
            member: self.member,
            members,
        };
        let member = set.members().get(self.member as usize).ok_or(unknown)?;
        for testimony in &self.testimonies {
            self.proposes_itself(&testimony.subject)?;
        }
        if first.signature == second.signature {
            return Err(EvidenceFault::SamePoint);
        }
        let mut obligations = Vec::with_capacity(3);
        for (number, testimony) in (1..).zip(&self.testimonies) {
            obligations.push(self.obligation(member, testimony, number)?);
        }
        if let (Key::Bn254 { g1, .. }, Some(twin)) = (&member.key, &self.twin) {
            obligations.push(Obligation::same_secret(g1, twin));
        }
        Ok(Accusation { obligations })
    }

    fn proposes_itself(&self, subject: &Subject) -> Result<(), EvidenceFault> {
        match subject.statement().body() {
            Body::EthBlockRoot(header) if header.proposer_index != u64::from(self.member) => {
                Err(EvidenceFault::OtherProposer(header.proposer_index))
            }
            _ => Ok(()),
        }
    }

    fn obligation(
        &self,
        member: &Member,
        testimony: &Testimony,
        number: u8,
    ) -> Result<Obligation, EvidenceFault> {
        let digest: B256 = testimony.subject.digest();
        match (&member.key, &testimony.signature) {
            (Key::Bn254 { g2, .. }, MemberSignature::Bn254(signature)) => {
                let key = self.twin.or(*g2).ok_or(EvidenceFault::TwinMissing)?;
                Ok(Obligation::Bn254 {
                    signers: Signers::Sum(key),
                    digest,
                    signature: *signature,
                })
            }
            (Key::Bls12381(key), MemberSignature::Bls12381(signature)) => {
                Ok(Obligation::Bls12381 {
                    signers: Signers::Sum(*key),
                    message: digest.as_slice().into(),
                    signature: *signature,
                })
            }
            (Key::Ecdsa(address), MemberSignature::Ecdsa(signature)) => {
                match ecdsa::signer_of(signature, digest) {
                    Some(signer) if signer == *address => Ok(Obligation::Nothing),
                    _ => Err(EvidenceFault::SignatureInvalid(number)),
                }
            }
            _ => Err(EvidenceFault::OtherKey),
        }
    }
}

/// Whether nobody may sign both, and the signed bytes show it.
fn contradiction(first: &Subject, second: &Subject) -> Result<(), EvidenceFault> {
    let (one, other) = (first.statement(), second.statement());
    if !one.is_evidential() || !other.is_evidential() {
        return Err(EvidenceFault::Opaque);
    }
    match one.relation(other) {
        Relation::Same => return Err(EvidenceFault::Same),
        Relation::Compatible => return Err(EvidenceFault::Compatible),
        Relation::Conflicting => {}
    }
    if !same_context(first.context(), second.context()) {
        return Err(EvidenceFault::OtherContext);
    }
    for subject in [first, second] {
        let statement = subject.statement();
        if subject.context().chain_binding(statement) != Binding::Signed {
            return Err(EvidenceFault::ChainNotSigned);
        }
        if statement.envelope().place_binding != Binding::Signed {
            return Err(EvidenceFault::PlaceNotSigned);
        }
        // Who votes for the head of a chain may see another one a slot later.
        if let SigningContext::Ethereum(domain) = subject.context()
            && domain.domain_type == DomainType::SyncCommittee
        {
            return Err(EvidenceFault::Revocable);
        }
    }
    Ok(())
}

/// Votes that surround each other may lie on both sides of a fork.
fn same_context(first: &SigningContext, second: &SigningContext) -> bool {
    match (first, second) {
        (SigningContext::Ethereum(first), SigningContext::Ethereum(second)) => {
            first.domain_type == second.domain_type
                && first.genesis_validators_root == second.genesis_validators_root
        }
        _ => first == second,
    }
}

impl Accusation {
    /// To be decided one by one; a batch may hold them together.
    pub fn obligations(&self) -> &[Obligation] {
        &self.obligations
    }

    /// With the verdict of each obligation; what was not decided proves nothing.
    pub fn conclude(&self, verdicts: &[Verdict]) -> EvidenceOutcome {
        for (place, _) in self.obligations.iter().enumerate() {
            let fault = match place {
                2 => EvidenceFault::OtherTwin,
                place => EvidenceFault::SignatureInvalid(place as u8 + 1),
            };
            match verdicts.get(place) {
                Some(Verdict::Valid) => {}
                Some(Verdict::Invalid(..)) => return EvidenceOutcome::Refuted(fault),
                Some(Verdict::Undecided(cause)) => return EvidenceOutcome::Undecided(*cause),
                None => return EvidenceOutcome::Undecided(UndecidedCause::Cancelled),
            }
        }
        EvidenceOutcome::Proven
    }
}
