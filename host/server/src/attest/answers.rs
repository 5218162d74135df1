//! Outcomes, explanations and sets on their way out.

use bytes::Bytes;
use tutti_curves::{Group, bls12_381, bn254};
use tutti_domain::{
    Absentee, Acceptance, Cause, Check, Entry, Finding, Key, KeyKind, Layout, Member, Need,
    OperatorSet, Outcome, Possession, Provenance, Reason, Reference, ReferenceKind, Roster,
    SetName, SetState, Subject, Tally, U256, Unit,
};
use tutti_proto::v1;
use tutti_proto::v1::certificate_verdict::Verdict as Kind;
use tutti_proto::v1::operator_set_name::Name;
use tutti_statements::Binding;
use tutti_types::Encoding;

use crate::words;

fn word(integer: U256) -> Bytes {
    Bytes::copy_from_slice(&integer.to_be_bytes::<32>())
}

fn octets(bytes: impl AsRef<[u8]>) -> Bytes {
    Bytes::copy_from_slice(bytes.as_ref())
}

pub(crate) fn verdict(outcome: &Outcome, subject: &Subject) -> v1::CertificateVerdict {
    let verdict = match outcome {
        Outcome::Accept(acceptance) => Kind::Accept(accepted(acceptance, subject)),
        Outcome::Reject(reason) => Kind::Reject(rejected(reason)),
        Outcome::Indeterminate(cause) => Kind::Indeterminate(indeterminate(*cause)),
    };
    v1::CertificateVerdict {
        verdict: Some(verdict),
    }
}

fn accepted(acceptance: &Acceptance, subject: &Subject) -> v1::Accepted {
    v1::Accepted {
        set_id: octets(acceptance.set().0),
        statement_id: octets(acceptance.statement().0),
        statement_kind: subject.statement().kind().name().to_owned(),
        signed_digest: octets(acceptance.signed_digest()),
        policy_id: octets(acceptance.policy()),
        evidence: evidence(subject).into(),
        tallies: tallies(acceptance.tallies()),
    }
}

fn evidence(subject: &Subject) -> v1::EvidenceGrade {
    let statement = subject.statement();
    let chain = subject.context().chain_binding(statement);
    let place = statement.envelope().place_binding;
    if !statement.is_evidential() {
        v1::EvidenceGrade::NeverEvidential
    } else if chain == Binding::Signed && place == Binding::Signed {
        v1::EvidenceGrade::Signed
    } else {
        v1::EvidenceGrade::Asserted
    }
}

fn rejected(reason: &Reason) -> v1::Rejected {
    v1::Rejected {
        reason: reject_reason(reason).into(),
        text: reason.to_string(),
    }
}

const fn reject_reason(reason: &Reason) -> v1::RejectReason {
    use v1::RejectReason as Wire;
    match reason {
        Reason::SetDisabled => Wire::SetDisabled,
        Reason::SetSuperseded => Wire::SetSuperseded,
        Reason::OtherSetKind => Wire::OtherSetKind,
        Reason::NoCommitment => Wire::NoCommitment,
        Reason::OtherReference { .. } => Wire::OtherReference,
        Reason::ReferenceNotPast { .. } => Wire::ReferenceNotPast,
        Reason::Stale { .. } => Wire::Stale,
        Reason::OtherMessage { .. } => Wire::OtherMessage,
        Reason::NotEvidential => Wire::NotEvidential,
        Reason::OtherChain { .. } => Wire::OtherChain,
        Reason::NoQuorums => Wire::NoQuorums,
        Reason::LengthMismatch { .. } => Wire::LengthMismatch,
        Reason::QuorumsUnordered(_) => Wire::QuorumsUnordered,
        Reason::UnknownQuorum(_) => Wire::UnknownQuorum,
        Reason::QuorumMissing(_) => Wire::QuorumMissing,
        Reason::NonSignersUnordered(_) => Wire::NonSignersUnordered,
        Reason::NonSignerUnknown(_) => Wire::NonSignerUnknown,
        Reason::IndexOutOfRange { .. } => Wire::IndexOutOfRange,
        Reason::StakesNotFresh { .. } => Wire::StakesNotFresh,
        Reason::OtherQuorumApk(_) => Wire::OtherQuorumApk,
        Reason::WitnessInvalid(_) => Wire::WitnessInvalid,
        Reason::OtherMembers => Wire::OtherMembers,
        Reason::WeightUnderflow(_) => Wire::WeightUnderflow,
        Reason::NoSignedWeight(_) => Wire::NoSignedWeight,
        Reason::NoSigners => Wire::NoSigners,
        Reason::TooFewSigners { .. } => Wire::TooFewSigners,
        Reason::BitsetNotMinimal => Wire::BitsetNotMinimal,
        Reason::AggregateKeyInfinity => Wire::AggregateKeyInfinity,
        Reason::SuppliedKeyPoint(_) => Wire::SuppliedKeyPoint,
        Reason::SuppliedKeyOther => Wire::SuppliedKeyOther,
        Reason::SignaturePoint(_) => Wire::SignaturePoint,
        Reason::PossessionUnproven(_) => Wire::PossessionUnproven,
        Reason::PossessionUnknown => Wire::PossessionUnknown,
        Reason::ThresholdNotMet { .. } => Wire::ThresholdNotMet,
        Reason::NotIncluded => Wire::NotIncluded,
        Reason::Parameters(_) => Wire::Parameters,
        Reason::Update(_) => Wire::LightClientUpdate,
        Reason::Attestation(_) => Wire::Attestation,
        Reason::Ecdsa(_) => Wire::Ecdsa,
        Reason::SignatureInvalid => Wire::SignatureInvalid,
        Reason::CurveRefused(_) => Wire::CurveRefused,
    }
}

fn indeterminate(cause: Cause) -> v1::Indeterminate {
    use v1::IndeterminateCause as Wire;
    let (wire, undecided) = match cause {
        Cause::UnknownSet => (Wire::UnknownSet, None),
        Cause::PresentUnknown(_) => (Wire::PresentUnknown, None),
        Cause::FreshnessUnknown(_) => (Wire::FreshnessUnknown, None),
        Cause::SignersUnknown => (Wire::SignersUnknown, None),
        Cause::Backend(cause) => (Wire::NotComputed, Some(words::undecided(cause))),
    };
    v1::Indeterminate {
        cause: wire.into(),
        text: cause.to_string(),
        undecided,
    }
}

pub(crate) fn checks(checks: &[Check]) -> Vec<v1::CertificateCheck> {
    checks.iter().map(check).collect()
}

fn check(check: &Check) -> v1::CertificateCheck {
    let inputs = check.inputs.iter().map(|input| v1::CheckInput {
        name: input.name.to_owned(),
        value: input.value.to_string(),
    });
    let (finding, reject, unsettled) = match &check.finding {
        Finding::Passed => (v1::CheckFinding::Passed, None, None),
        Finding::Failed(reason) => (v1::CheckFinding::Failed, Some(rejected(reason)), None),
        Finding::Unsettled(cause) => {
            let cause = indeterminate(*cause);
            (v1::CheckFinding::Unsettled, None, Some(cause))
        }
        Finding::NotReached => (v1::CheckFinding::NotReached, None, None),
    };
    v1::CertificateCheck {
        step: check.step.name().to_owned(),
        inputs: inputs.collect(),
        finding: finding.into(),
        reject,
        indeterminate: unsettled,
    }
}

pub(crate) fn tallies(tallies: &[Tally]) -> Vec<v1::ColumnTally> {
    tallies.iter().map(tally).collect()
}

fn tally(tally: &Tally) -> v1::ColumnTally {
    let absent = tally.absent.iter().map(|absentee: &Absentee| v1::Absentee {
        index: absentee.index,
        id: octets(absentee.id),
        weight: word(absentee.weight),
    });
    v1::ColumnTally {
        column: tally.column.into(),
        total: word(tally.total),
        keyless: word(tally.keyless),
        signed: word(tally.signed),
        operators: tally.operators,
        signers: tally.signers,
        absent: absent.collect(),
        needs: tally.needs.iter().map(need).collect(),
    }
}

fn need(need: &Need) -> v1::ColumnNeed {
    let unit = match need.unit {
        Unit::Weight => v1::ThresholdUnit::Weight,
        Unit::Count => v1::ThresholdUnit::Count,
    };
    let state = if need.met() {
        v1::NeedState::Met
    } else if need.reachable() {
        v1::NeedState::Reachable
    } else {
        v1::NeedState::Unreachable
    };
    v1::ColumnNeed {
        unit: unit.into(),
        least: word(need.least),
        have: word(need.have),
        most: word(need.most),
        missing: word(need.missing()),
        state: state.into(),
    }
}

fn name_out(name: &SetName) -> v1::OperatorSetName {
    let name = match name {
        SetName::Contract { chain_id, address } => Name::Contract(v1::ContractName {
            chain_id: *chain_id,
            address: octets(address),
        }),
        SetName::OperatorSet { avs, id } => Name::OperatorSet(v1::EigenOperatorSetName {
            avs: octets(avs),
            id: *id,
        }),
        SetName::Subnet { network, id } => Name::Subnet(v1::SubnetName {
            network: *network,
            id: octets(id),
        }),
        SetName::Beacon {
            genesis_validators_root,
        } => Name::BeaconValidators(octets(genesis_validators_root)),
        SetName::SyncCommittees {
            genesis_validators_root,
        } => Name::SyncCommittees(octets(genesis_validators_root)),
        SetName::Label(label) => Name::Label(label.as_str().to_owned()),
    };
    v1::OperatorSetName { name: Some(name) }
}

fn reference_out(reference: Reference) -> v1::Reference {
    let kind = match reference.kind {
        ReferenceKind::Block => v1::ReferenceKind::Block,
        ReferenceKind::Timestamp => v1::ReferenceKind::Timestamp,
        ReferenceKind::Epoch => v1::ReferenceKind::Epoch,
        ReferenceKind::Height => v1::ReferenceKind::Height,
        ReferenceKind::Period => v1::ReferenceKind::Period,
    };
    v1::Reference {
        kind: kind.into(),
        at: reference.at,
    }
}

pub(crate) fn set_info(entry: &Entry, state: SetState) -> v1::OperatorSetInfo {
    let set = &entry.set;
    let state = match state {
        SetState::Active => v1::OperatorSetState::Active,
        SetState::Superseded => v1::OperatorSetState::Superseded,
        SetState::Disabled => v1::OperatorSetState::Disabled,
    };
    let attested_by = match &entry.provenance {
        Provenance::Operator => Bytes::new(),
        Provenance::AttestedBy { set, .. } => octets(set.0),
    };
    let validity = set.validity();
    v1::OperatorSetInfo {
        set_id: octets(set.id().0),
        name: Some(name_out(set.name())),
        reference: Some(reference_out(set.reference())),
        validity: Some(v1::SetValidity {
            from: validity.from,
            until: validity.until,
            max_staleness: validity.max_staleness,
        }),
        keys: key_kind_out(set.key_kind()).into(),
        layout: layout_out(set.layout()).into(),
        roster: roster_out(set.roster()).into(),
        columns: columns_out(set),
        member_count: set.members().len() as u32,
        tree: set.tree().map(|tree| v1::OperatorTree {
            root: octets(tree.root),
            operators: tree.operators,
        }),
        state: state.into(),
        attested_by,
        apks: apks_out(set),
    }
}

const fn key_kind_out(kind: KeyKind) -> v1::OperatorKeyKind {
    match kind {
        KeyKind::Bn254 => v1::OperatorKeyKind::Bn254,
        KeyKind::Bls12381 => v1::OperatorKeyKind::Bls12381,
        KeyKind::Ecdsa => v1::OperatorKeyKind::Ecdsa,
    }
}

const fn layout_out(layout: Layout) -> v1::SetLayout {
    match layout {
        Layout::Quorums => v1::SetLayout::Quorums,
        Layout::StakeTypes => v1::SetLayout::StakeTypes,
    }
}

const fn roster_out(roster: Roster) -> v1::SetRoster {
    match roster {
        Roster::Complete => v1::SetRoster::Complete,
        Roster::Witnessed { .. } => v1::SetRoster::Witnessed,
    }
}

fn columns_out(set: &OperatorSet) -> Vec<v1::ColumnInfo> {
    let columns = set.columns().iter().map(|column| v1::ColumnInfo {
        number: column.number.into(),
        total: word(column.total),
        keyless: word(column.keyless),
    });
    columns.collect()
}

fn apks_out(set: &OperatorSet) -> Vec<Bytes> {
    let apks = set.aggregates().iter().filter_map(|a| a.apk.as_ref());
    apks.map(|apk| bn254::G1::encode(Some(apk), Encoding::Eip197).into())
        .collect()
}

pub(crate) fn set_members(
    set: &OperatorSet,
    first: usize,
    count: usize,
) -> Vec<v1::OperatorMemberInfo> {
    let members = set.members().iter().skip(first).take(count);
    members.map(|member| member_out(set, member)).collect()
}

fn member_out(set: &OperatorSet, member: &Member) -> v1::OperatorMemberInfo {
    let key = match &member.key {
        Key::Bn254 { g1, .. } => bn254::G1::encode(Some(g1.point()), Encoding::Eip197).into(),
        Key::Bls12381(key) => {
            bls12_381::G1::encode(Some(key.point()), Encoding::ZcashCompressed).into()
        }
        Key::Ecdsa(address) => octets(address),
    };
    let possession = match member.possession {
        Possession::Verified => v1::KeyPossession::Verified,
        Possession::AttestedBySource => v1::KeyPossession::AttestedBySource,
        Possession::None => v1::KeyPossession::None,
    };
    let weights = set.columns().iter().zip(&member.weights);
    let registered = weights.filter(|(column, _)| member.bitmap.bit(column.number.into()));
    v1::OperatorMemberInfo {
        id: octets(member.id),
        key,
        possession: possession.into(),
        weights: registered
            .map(|(column, weight)| v1::ColumnWeight {
                column: column.number.into(),
                weight: word(*weight),
            })
            .collect(),
    }
}
