//! What somebody is said to have signed twice.

use std::sync::Arc;

use tutti_curves::{Group, Member, bls12_381};
use tutti_domain::ecdsa::Signature;
use tutti_domain::{
    Accusation, Evidence, EvidenceFault, EvidenceOutcome, KeyKind, MemberSignature, OperatorSet,
    Testimony,
};
use tutti_proto::v1;
use tutti_proto::v1::verify_evidence_response::Outcome as Wire;
use tutti_types::Encoding;

use super::field::Field;
use super::register::Sets;
use super::statements;
use crate::refusal::Refusal;
use crate::words;

/// Evidence with the set that it speaks of.
#[derive(Debug)]
pub(crate) struct Charge {
    set: Arc<OperatorSet>,
    evidence: Evidence,
}

impl Charge {
    pub(crate) fn read(request: &v1::VerifyEvidenceRequest, sets: &Sets) -> Result<Self, Refusal> {
        let id = super::set_id("set_id", &request.set_id)?;
        let set = sets.get(id).ok_or_else(|| {
            Refusal::UnknownOperatorSet(format!("there is no set {id} here; put it"))
        })?;
        let kind = set.key_kind();
        let twin = Some(&*request.key_g2).filter(|key| !key.is_empty());
        let twin = twin
            .map(|key| Member::parse(Encoding::Eip197, key))
            .transpose()
            .map_err(|reason| Refusal::malformed("key_g2", reason.text()))?;
        let testimony = |name: &str, signed: Option<&v1::SignedStatement>| {
            let at = Field::new(name);
            let signed = signed.ok_or_else(|| at.refuse("is required"))?;
            testimony(&at, kind, signed)
        };
        let evidence = Evidence {
            member: request.member,
            twin,
            testimonies: [
                testimony("first", request.first.as_ref())?,
                testimony("second", request.second.as_ref())?,
            ],
        };
        Ok(Self { set, evidence })
    }

    pub(crate) fn examine(&self) -> Result<Accusation, EvidenceFault> {
        self.evidence.examine(&self.set)
    }

    pub(crate) fn outcome(&self, outcome: EvidenceOutcome) -> Wire {
        match outcome {
            EvidenceOutcome::Proven => Wire::Proven(self.proven()),
            EvidenceOutcome::Refuted(fault) => Wire::Refuted(v1::EvidenceRefuted {
                fault: fault_out(&fault).into(),
                text: fault.to_string(),
            }),
            EvidenceOutcome::Undecided(cause) => Wire::Undecided(words::undecided(cause)),
        }
    }

    fn proven(&self) -> v1::EvidenceProven {
        let member = self.set.members().get(self.evidence.member as usize);
        let testimonies = self.evidence.testimonies.iter();
        let statements = testimonies.map(|testimony| testimony.subject.statement());
        v1::EvidenceProven {
            set_id: self.set.id().0.to_vec().into(),
            member: self.evidence.member,
            member_id: member
                .map_or_else(Vec::new, |member| member.id.to_vec())
                .into(),
            statement_ids: statements.map(|s| s.id().0.to_vec().into()).collect(),
        }
    }
}

fn testimony(
    at: &Field,
    kind: KeyKind,
    signed: &v1::SignedStatement,
) -> Result<Testimony, Refusal> {
    let statement = at.required("statement", signed.statement.as_ref())?;
    let bad = |reason: tutti_types::InvalidReason| at.of("signature").refuse(reason.text());
    let signature = match kind {
        KeyKind::Bn254 => MemberSignature::Bn254(at.g1("signature", &signed.signature)?),
        KeyKind::Bls12381 => MemberSignature::Bls12381(
            bls12_381::G2::parse(Encoding::ZcashCompressed, &signed.signature).map_err(bad)?,
        ),
        KeyKind::Ecdsa => {
            let bytes = at.array("signature", &signed.signature)?;
            MemberSignature::Ecdsa(Signature::from_bytes(&bytes))
        }
    };
    Ok(Testimony {
        subject: statements::subject(&at.of("statement"), statement)?,
        signature,
    })
}

const fn fault_out(fault: &EvidenceFault) -> v1::EvidenceFault {
    use v1::EvidenceFault as Wire;
    match fault {
        EvidenceFault::Opaque => Wire::Opaque,
        EvidenceFault::Same => Wire::Same,
        EvidenceFault::Compatible => Wire::Compatible,
        EvidenceFault::OtherContext => Wire::OtherContext,
        EvidenceFault::ChainNotSigned => Wire::ChainNotSigned,
        EvidenceFault::PlaceNotSigned => Wire::PlaceNotSigned,
        EvidenceFault::Revocable => Wire::Revocable,
        EvidenceFault::UnknownMember { .. } => Wire::UnknownMember,
        EvidenceFault::OtherProposer(_) => Wire::OtherProposer,
        EvidenceFault::OtherKey => Wire::OtherKey,
        EvidenceFault::TwinMissing => Wire::TwinMissing,
        EvidenceFault::OtherTwin => Wire::OtherTwin,
        EvidenceFault::SamePoint => Wire::SamePoint,
        EvidenceFault::SignatureInvalid(_) => Wire::SignatureInvalid,
    }
}
