//! Sets and certificates whose secrets are known, and the small machinery to judge them.

use tutti_curves::{Group, Hashing, Member, PointHash, Wire, bn254};
use tutti_domain::eigen::{HistoryIndices, NonSignerCertificate};
use tutti_domain::{
    Address, B256, Candidate, Case, Key, KeyKind, Label, Layout, MemberDraft, Obligation,
    OperatorSet, Outcome, Policy, Possession, Present, Ratio, Reference, ReferenceKind, Roster,
    Rounding, Seating, SetDraft, SetName, SetState, Standing, Subject, U256, Validity,
};
use tutti_types::{Limits, Verdict};

pub(crate) const REFERENCE: u32 = 1_000;

pub(crate) fn g1(secret: u64) -> bn254::G1Affine {
    times(bn254::G1::generator(), secret)
}

pub(crate) fn times(point: bn254::G1Affine, secret: u64) -> bn254::G1Affine {
    bn254::G1::to_affine(&bn254::G1::mul(&point, u128::from(secret))).expect("not zero mod r")
}

pub(crate) fn g2(secret: u64) -> bn254::G2Affine {
    let product = bn254::G2::mul(&bn254::G2::generator(), u128::from(secret));
    bn254::G2::to_affine(&product).expect("not zero mod r")
}

pub(crate) fn sign(digest: B256, secret: u64) -> bn254::G1Affine {
    let point =
        bn254::G1::hash(Hashing::TryAndIncrement, digest.as_slice(), &[]).expect("32 bytes");
    times(point, secret)
}

/// Whether a set knows its keys in G2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Twins {
    Known,
    Unknown,
}

/// An operator of the rig: a secret, and quorums with stakes.
#[derive(Clone, Debug)]
pub(crate) struct Operator {
    pub(crate) secret: u64,
    pub(crate) stakes: Vec<(u8, u64)>,
}

impl Operator {
    pub(crate) fn new(secret: u64, stakes: &[(u8, u64)]) -> Self {
        Self {
            secret,
            stakes: stakes.to_vec(),
        }
    }

    pub(crate) fn key(&self, twins: Twins) -> Key {
        Key::Bn254 {
            g1: Member::check(g1(self.secret)).expect("prime order"),
            g2: match twins {
                Twins::Known => Some(Member::check(g2(self.secret)).expect("a multiple")),
                Twins::Unknown => None,
            },
        }
    }

    pub(crate) fn id(&self) -> B256 {
        self.key(Twins::Unknown).id()
    }

    pub(crate) fn is_in(&self, quorum: u8) -> bool {
        self.stakes.iter().any(|(number, _)| *number == quorum)
    }
}

/// Three quorums; operators in one, two and three of them.
pub(crate) fn operators() -> Vec<Operator> {
    vec![
        Operator::new(1_001, &[(0, 50), (1, 10)]),
        Operator::new(1_002, &[(0, 30)]),
        Operator::new(1_003, &[(0, 20), (1, 40), (5, 7)]),
        Operator::new(1_004, &[(1, 50), (5, 3)]),
        Operator::new(1_005, &[(5, 90)]),
    ]
}

pub(crate) fn name() -> SetName {
    SetName::Contract {
        chain_id: 1,
        address: Address::repeat_byte(0x11),
    }
}

pub(crate) fn draft(operators: &[Operator], twins: Twins) -> SetDraft {
    let mut columns: Vec<u8> = operators
        .iter()
        .flat_map(|operator| operator.stakes.iter().map(|(quorum, _)| *quorum))
        .collect();
    columns.sort_unstable();
    columns.dedup();
    SetDraft {
        name: name(),
        reference: Reference::new(ReferenceKind::Block, u64::from(REFERENCE)),
        validity: Validity::only(u64::from(REFERENCE)),
        keys: KeyKind::Bn254,
        layout: Layout::Quorums,
        roster: Roster::Complete,
        seating: Seating::OnePerKey,
        columns: columns.into_iter().map(|number| (number, None)).collect(),
        aggregates: Vec::new(),
        members: operators
            .iter()
            .map(|operator| MemberDraft {
                key: operator.key(twins),
                possession: Possession::AttestedBySource,
                weights: operator
                    .stakes
                    .iter()
                    .map(|&(quorum, stake)| (quorum, U256::from(stake)))
                    .collect(),
            })
            .collect(),
        tree: None,
    }
}

pub(crate) fn label(text: &str) -> SetName {
    SetName::Label(Label::new(text).expect("short"))
}

/// The set, with its ties decided one by one by the oracle.
pub(crate) fn conclude(candidate: Candidate) -> OperatorSet {
    let ties: Vec<Verdict> = candidate.ties().iter().map(Obligation::verdict).collect();
    candidate.conclude(&ties).expect("twins have one secret")
}

pub(crate) fn set_of(draft: SetDraft) -> OperatorSet {
    conclude(draft.check(&Limits::default()).expect("a sound draft"))
}

pub(crate) fn set(twins: Twins) -> OperatorSet {
    set_of(draft(&operators(), twins))
}

/// A certificate by all of `operators` but `absent`, made as an aggregator makes it.
pub(crate) fn certificate(
    operators: &[Operator],
    quorums: &[u8],
    absent: &[usize],
    digest: B256,
) -> NonSignerCertificate {
    let times = |operator: &Operator| quorums.iter().filter(|&&q| operator.is_in(q)).count() as u64;
    let secret: u64 = operators
        .iter()
        .enumerate()
        .filter(|(index, _)| !absent.contains(index))
        .map(|(_, operator)| operator.secret * times(operator))
        .sum();
    let mut away: Vec<&Operator> = absent.iter().map(|&index| &operators[index]).collect();
    away.sort_by_key(|operator| operator.id());
    let apk = |quorum: &u8| {
        let members = operators.iter().filter(|operator| operator.is_in(*quorum));
        Wire::Point(g1(members.map(|operator| operator.secret).sum()))
    };
    let away_from = |quorum: &u8| vec![0; away.iter().filter(|o| o.is_in(*quorum)).count()];
    NonSignerCertificate {
        message_hash: digest,
        quorum_numbers: quorums.to_vec(),
        reference_block: REFERENCE,
        non_signers: away.iter().map(|o| Wire::Point(g1(o.secret))).collect(),
        quorum_apks: quorums.iter().map(apk).collect(),
        apk_g2: if secret == 0 {
            Wire::Infinity
        } else {
            Wire::Point(g2(secret))
        },
        signature: if secret == 0 {
            Wire::Infinity
        } else {
            Wire::Point(sign(digest, secret))
        },
        indices: HistoryIndices {
            non_signer_bitmaps: vec![0; away.len()],
            quorum_apks: vec![0; quorums.len()],
            total_stakes: vec![0; quorums.len()],
            non_signer_stakes: quorums.iter().map(away_from).collect(),
        },
    }
}

pub(crate) fn digest() -> B256 {
    tutti_statements::keccak256(&[b"hello world"]).into()
}

pub(crate) fn two_thirds() -> Policy {
    share(2, 3, Rounding::FloorGe)
}

pub(crate) fn share(numerator: u64, denominator: u64, rounding: Rounding) -> Policy {
    Policy::share(
        Ratio::new(numerator, denominator).expect("a ratio"),
        rounding,
    )
    .expect("a policy")
}

pub(crate) fn standing() -> Standing {
    let present = Present {
        block: Some(u64::from(REFERENCE) + 10),
        timestamp: Some(1_800_000_000),
        ..Present::default()
    };
    Standing::new(SetState::Active, present)
}

/// A question about one certificate, with everything in its favour.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) standing: Standing,
    pub(crate) subject: Subject,
    pub(crate) policy: Policy,
}

impl Question {
    pub(crate) fn new() -> Self {
        Self {
            standing: standing(),
            subject: Subject::opaque(digest()),
            policy: two_thirds(),
        }
    }

    pub(crate) fn case<'a>(&'a self, set: &'a OperatorSet) -> Case<'a> {
        Case {
            set,
            standing: &self.standing,
            subject: &self.subject,
            policy: &self.policy,
        }
    }

    /// Judged, and its obligation decided by the oracle.
    pub(crate) fn ask(&self, set: &OperatorSet, certificate: &NonSignerCertificate) -> Outcome {
        match certificate.judge(&self.case(set)).into_claim() {
            Err(objection) => objection.into(),
            Ok(claim) => {
                let verdict = claim.obligation().verdict();
                claim.conclude(verdict, &self.standing)
            }
        }
    }
}
