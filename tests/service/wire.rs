//! Sets, policies and certificates as the contract has them, and what a server says of them.

use bytes::Bytes;
use tonic_types::StatusExt as _;
use tutti_curves::{Group, bls12_381, bn254};
use tutti_domain::{
    B256, Columns, Grade, Key, KeyKind, Layout, MemberDraft, Policy, Possession, ReferenceKind,
    ReplayScope, Roster, Rounding, Seating, SetDraft, Superseded, Threshold, U256, Unit,
};
use tutti_proto::v1;
use tutti_proto::v1::certificate_verdict::Verdict;
use tutti_proto::v1::put_operator_set_request::Source;
use tutti_proto::v1::statement::Body;
use tutti_types::Encoding;

use crate::support::Running;

pub(crate) type Service =
    v1::certificate_service_client::CertificateServiceClient<tonic::transport::Channel>;
pub(crate) type SetService =
    v1::operator_set_service_client::OperatorSetServiceClient<tonic::transport::Channel>;

/// What may be done to an item that was good.
pub(crate) type Spoil<'a> = &'a dyn Fn(&mut v1::CertificateItem);

pub(crate) async fn certificates(running: &Running) -> Service {
    Service::new(running.channel().await)
}

pub(crate) async fn sets(running: &Running) -> SetService {
    SetService::new(running.channel().await)
}

pub(crate) fn word(number: u64) -> Bytes {
    Bytes::copy_from_slice(&number.to_be_bytes())
}

#[allow(clippy::unnecessary_wraps, reason = "as the contract's fields want it")]
pub(crate) fn label(text: &str) -> Option<v1::OperatorSetName> {
    Some(v1::OperatorSetName {
        name: Some(v1::operator_set_name::Name::Label(text.to_owned())),
    })
}

#[allow(clippy::unnecessary_wraps, reason = "as the contract's fields want it")]
pub(crate) fn block(at: u64) -> Option<v1::Reference> {
    Some(v1::Reference {
        kind: v1::ReferenceKind::Block.into(),
        at,
    })
}

pub(crate) async fn put(running: &Running, request: v1::PutOperatorSetRequest) -> Bytes {
    let answer = sets(running).await.put_operator_set(request).await;
    answer
        .expect("a sound set")
        .into_inner()
        .set
        .expect("stored")
        .set_id
}

pub(crate) fn share(numerator: u64, denominator: u64) -> v1::Policy {
    v1::Policy {
        demands: vec![v1::Demand {
            threshold: Some(v1::demand::Threshold::Share(v1::ShareThreshold {
                numerator,
                denominator,
                rounding: v1::RoundingRule::FloorGe.into(),
            })),
            ..Default::default()
        }],
        ..Default::default()
    }
}

pub(crate) fn opaque(digest: B256) -> v1::Statement {
    v1::Statement {
        body: Some(Body::Opaque32(Bytes::copy_from_slice(digest.as_slice()))),
        ..Default::default()
    }
}

pub(crate) async fn ask(
    service: &mut Service,
    item: v1::CertificateItem,
) -> Result<v1::VerifyCertificateResponse, tonic::Status> {
    let request = v1::VerifyCertificateRequest {
        item: Some(item),
        options: None,
    };
    let answer = service.verify_certificate(request).await;
    answer.map(tonic::Response::into_inner)
}

/// As scripts would write it: the word and the number's name.
pub(crate) fn text(verdict: Option<&v1::CertificateVerdict>) -> String {
    match verdict.and_then(|verdict| verdict.verdict.as_ref()) {
        None => "nothing".to_owned(),
        Some(Verdict::Accept(_)) => "ACCEPT".to_owned(),
        Some(Verdict::Reject(rejected)) => rejected.reason().as_str_name().to_owned(),
        Some(Verdict::Indeterminate(cause)) => cause.cause().as_str_name().to_owned(),
    }
}

pub(crate) fn hex_of(value: &serde_json::Value) -> Bytes {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    hex::decode(digits.expect("0x and digits"))
        .expect("digits")
        .into()
}

/// What a server says of an item: a verdict in short, or the field that it cannot read.
pub(crate) async fn said(service: &mut Service, item: v1::CertificateItem) -> String {
    match ask(service, item).await {
        Ok(answer) => text(answer.verdict.as_ref()),
        Err(status) => refused_field(&status),
    }
}

pub(crate) fn refused_field(status: &tonic::Status) -> String {
    let violations = status.get_details_bad_request();
    let violations = violations.map_or(Vec::new(), |details| details.field_violations);
    match &violations[..] {
        [violation] => violation.field.clone(),
        _ => format!("{:?}: {}", status.code(), status.message()),
    }
}

pub(crate) fn integer(number: U256) -> Bytes {
    Bytes::copy_from_slice(&number.to_be_bytes::<32>())
}

pub(crate) fn octets(bytes: impl AsRef<[u8]>) -> Bytes {
    Bytes::copy_from_slice(bytes.as_ref())
}

/// A set as its operator puts it, under a name of the test's.
pub(crate) fn draft(name: &str, draft: &SetDraft) -> v1::OperatorSetDraft {
    let keys = match draft.keys {
        KeyKind::Bn254 => v1::OperatorKeyKind::Bn254,
        KeyKind::Bls12381 => v1::OperatorKeyKind::Bls12381,
        KeyKind::Ecdsa => v1::OperatorKeyKind::Ecdsa,
    };
    let (roster, unlisted) = match draft.roster {
        Roster::Complete => (v1::SetRoster::Complete, v1::KeyPossession::Unspecified),
        Roster::Witnessed { possession } => (v1::SetRoster::Witnessed, possessed(possession)),
    };
    let columns = draft.columns.iter().map(|(number, total)| v1::ColumnDraft {
        number: (*number).into(),
        total: total.map(integer),
    });
    let aggregates = draft.aggregates.iter().map(|stated| v1::StatedAggregate {
        apk: stated.apk.as_ref().map_or(Bytes::new(), |apk| {
            bn254::G1::encode(Some(apk.point()), Encoding::Eip197).into()
        }),
        operators: stated.operators,
    });
    v1::OperatorSetDraft {
        name: label(name),
        reference: Some(v1::Reference {
            kind: reference_kind(draft.reference.kind).into(),
            at: draft.reference.at,
        }),
        validity: Some(v1::SetValidity {
            from: draft.validity.from,
            until: draft.validity.until,
            max_staleness: draft.validity.max_staleness,
        }),
        keys: keys.into(),
        layout: match draft.layout {
            Layout::Quorums => v1::SetLayout::Quorums.into(),
            Layout::StakeTypes => v1::SetLayout::StakeTypes.into(),
        },
        roster: roster.into(),
        unlisted_possession: unlisted.into(),
        seating: match draft.seating {
            Seating::OnePerKey => v1::SetSeating::OnePerKey.into(),
            Seating::Repeated => v1::SetSeating::Repeated.into(),
        },
        columns: columns.collect(),
        aggregates: aggregates.collect(),
        members: draft.members.iter().map(member).collect(),
        tree: draft.tree.map(|tree| v1::OperatorTree {
            root: octets(tree.root),
            operators: tree.operators,
        }),
    }
}

fn reference_kind(kind: ReferenceKind) -> v1::ReferenceKind {
    match kind {
        ReferenceKind::Block => v1::ReferenceKind::Block,
        ReferenceKind::Timestamp => v1::ReferenceKind::Timestamp,
        ReferenceKind::Epoch => v1::ReferenceKind::Epoch,
        ReferenceKind::Height => v1::ReferenceKind::Height,
        ReferenceKind::Period => v1::ReferenceKind::Period,
    }
}

fn possessed(possession: Possession) -> v1::KeyPossession {
    match possession {
        Possession::Verified => v1::KeyPossession::Verified,
        Possession::AttestedBySource => v1::KeyPossession::AttestedBySource,
        Possession::None => v1::KeyPossession::None,
    }
}

fn member(member: &MemberDraft) -> v1::OperatorMember {
    let (key, key_g2) = match &member.key {
        Key::Bn254 { g1, g2 } => (
            bn254::G1::encode(Some(g1.point()), Encoding::Eip197).into(),
            g2.as_ref().map_or(Bytes::new(), |g2| {
                bn254::G2::encode(Some(g2.point()), Encoding::Eip197).into()
            }),
        ),
        Key::Bls12381(key) => (
            bls12_381::G1::encode(Some(key.point()), Encoding::ZcashCompressed).into(),
            Bytes::new(),
        ),
        Key::Ecdsa(address) => (octets(address), Bytes::new()),
    };
    v1::OperatorMember {
        key,
        key_g2,
        possession: possessed(member.possession).into(),
        weights: member
            .weights
            .iter()
            .map(|(column, weight)| v1::ColumnWeight {
                column: (*column).into(),
                weight: integer(*weight),
            })
            .collect(),
        proof: None,
    }
}

pub(crate) fn put_of(draft: v1::OperatorSetDraft) -> v1::PutOperatorSetRequest {
    v1::PutOperatorSetRequest {
        source: Some(Source::Draft(draft)),
        options: None,
    }
}

pub(crate) fn policy(policy: &Policy) -> v1::Policy {
    assert_eq!(
        (policy.max_staleness(), policy.scope(), policy.grade()),
        (None, ReplayScope::Anywhere, Grade::Any)
    );
    let demands = policy.demands().iter().map(|demand| v1::Demand {
        column: match demand.columns {
            Columns::Each => None,
            Columns::Number(number) => Some(number.into()),
        },
        unit: match demand.unit {
            Unit::Weight => v1::ThresholdUnit::Weight.into(),
            Unit::Count => v1::ThresholdUnit::Count.into(),
        },
        threshold: Some(threshold(&demand.threshold)),
    });
    v1::Policy {
        demands: demands.collect(),
        least_signers: policy.least_signers().get(),
        superseded: match policy.superseded() {
            Superseded::Refused => v1::SupersededRule::Refused.into(),
            Superseded::Accepted => v1::SupersededRule::Accepted.into(),
        },
        ..Default::default()
    }
}

fn threshold(threshold: &Threshold) -> v1::demand::Threshold {
    match threshold {
        Threshold::Nominal(least) => v1::demand::Threshold::Nominal(integer(*least)),
        Threshold::Share { ratio, rounding } => v1::demand::Threshold::Share(v1::ShareThreshold {
            numerator: ratio.numerator(),
            denominator: ratio.denominator(),
            rounding: match rounding {
                Rounding::FloorGe => v1::RoundingRule::FloorGe.into(),
                Rounding::ExactGe => v1::RoundingRule::ExactGe.into(),
                Rounding::StrictGt => v1::RoundingRule::StrictGt.into(),
            },
        }),
    }
}

/// Something of a set by its id, under a policy; statement and present are the test's to add.
pub(crate) fn asked(
    set: &Bytes,
    policy: v1::Policy,
    certificate: v1::certificate::Certificate,
) -> v1::CertificateItem {
    v1::CertificateItem {
        id: 7,
        set: Some(v1::certificate_item::Set::SetId(set.clone())),
        policy: Some(policy),
        certificate: Some(v1::Certificate {
            certificate: Some(certificate),
        }),
        ..Default::default()
    }
}
