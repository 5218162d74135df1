//! Votes of validators (`vectors/attestations.json`).

use std::sync::Arc;

use serde_json::Value;
use tutti_domain::ethereum::{
    AttestationCertificate, AttestationError, AttestationFault, Attesters, BeaconChain, Bitlist,
    Committees, Preset, ShapeEpochs,
};
use tutti_domain::{
    Case, Columns, Demand, Judgement, Key, KeyKind, Layout, MemberDraft, OperatorSet, Outcome,
    Policy, Possession, Present, Reason, Reference, ReferenceKind, Roster, Seating, SetDraft,
    SetState, Standing, Subject, Threshold, U256, Unit, Validity,
};
use tutti_statements::ethereum::ForkSchedule;
use tutti_types::Limits;

use crate::vectors;

pub(crate) struct Votes {
    json: Value,
    pub(crate) chain: BeaconChain,
}

pub(crate) fn votes() -> Votes {
    let light_client = vectors::own("light-client.json");
    let root: [u8; 32] = vectors::octets(&light_client["genesis_validators_root"]);
    let chain = BeaconChain {
        chain: U256::from(7),
        preset: Preset::MINIMAL,
        shapes: ShapeEpochs {
            capella: 0,
            deneb: 12,
            electra: 28,
        },
        forks: ForkSchedule::new(root, vec![(0, [3, 0, 0, 2]), (28, [5, 0, 0, 2])]).expect("two"),
    };
    Votes {
        json: vectors::own("attestations.json"),
        chain,
    }
}

impl Votes {
    /// The validators of an epoch, each weighing its index and one more.
    pub(crate) fn set(&self, epoch: u64, possession: Possession) -> OperatorSet {
        let keys = self.json["keys"].as_array().expect("keys");
        let member = |(index, key): (u64, &Value)| MemberDraft {
            key: Key::bls12381(&vectors::bytes(key)).expect("a key"),
            possession,
            weights: vec![(0, U256::from(index + 1))],
        };
        let draft = SetDraft {
            name: self.chain.validators(),
            reference: Reference::new(ReferenceKind::Epoch, epoch),
            validity: Validity::only(epoch),
            keys: KeyKind::Bls12381,
            layout: Layout::StakeTypes,
            roster: Roster::Complete,
            seating: Seating::OnePerKey,
            columns: vec![(0, None)],
            aggregates: Vec::new(),
            members: (0..).zip(keys).map(member).collect(),
            tree: None,
        };
        let candidate = draft.check(&Limits::default()).expect("a set");
        candidate.conclude(&[]).expect("no ties")
    }

    pub(crate) fn cases(&self) -> Vec<Vote> {
        self.listed("cases")
    }

    /// From before Electra.
    fn early(&self) -> Vec<Vote> {
        self.listed("early")
    }

    fn listed(&self, name: &str) -> Vec<Vote> {
        let cases = self.json[name].as_array().expect("cases");
        cases.iter().map(Vote::new).collect()
    }

    fn outcome(&self, certificate: &AttestationCertificate, original: &Vote) -> Outcome {
        let set = self.set(
            original.indexed().data.target.epoch,
            Possession::AttestedBySource,
        );
        self.outcome_of(certificate, original, &set, 1)
    }

    fn outcome_of(
        &self,
        certificate: &AttestationCertificate,
        original: &Vote,
        set: &OperatorSet,
        least: u64,
    ) -> Outcome {
        self.concluded(
            certificate,
            &original.indexed().subject(&self.chain),
            set,
            least,
        )
    }

    /// Whatever it says, asked about just that.
    fn outcome_about_itself(&self, certificate: &AttestationCertificate) -> Outcome {
        let set = self.set(certificate.data.target.epoch, Possession::AttestedBySource);
        self.concluded(certificate, &certificate.subject(&self.chain), &set, 1)
    }

    pub(crate) fn judged(
        &self,
        certificate: &AttestationCertificate,
        subject: &Subject,
        set: &OperatorSet,
        least: u64,
    ) -> Judgement {
        let standing = Standing::new(SetState::Active, Present::default());
        let policy = Policy::new(vec![Demand {
            columns: Columns::Each,
            threshold: Threshold::Nominal(U256::from(least)),
            unit: Unit::Weight,
        }]);
        let case = Case {
            set,
            standing: &standing,
            subject,
            policy: &policy.expect("one demand"),
        };
        certificate.judge(&self.chain, &case)
    }

    /// Judged, decided by the oracle, and concluded.
    fn concluded(
        &self,
        certificate: &AttestationCertificate,
        subject: &Subject,
        set: &OperatorSet,
        least: u64,
    ) -> Outcome {
        match self.judged(certificate, subject, set, least).into_claim() {
            Err(objection) => objection.into(),
            Ok(claim) => {
                let verdict = claim.obligation().verdict();
                let standing = Standing::new(SetState::Active, Present::default());
                claim.conclude(verdict, &standing)
            }
        }
    }

    fn rejection(&self, certificate: &AttestationCertificate, original: &Vote) -> Reason {
        match self.outcome(certificate, original) {
            Outcome::Reject(reason) => reason,
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) struct Vote {
    committees: Arc<Committees>,
    pub(crate) attesting: Vec<u64>,
    signing_root: [u8; 32],
    ssz: Vec<u8>,
    indexed_ssz: Vec<u8>,
}

impl Vote {
    fn new(json: &Value) -> Self {
        let numbers = |list: &Value| -> Vec<u64> {
            let list = list.as_array().expect("a list");
            list.iter().map(|n| n.as_u64().expect("a number")).collect()
        };
        let committees = json["committees"].as_array().expect("committees");
        let committees = committees
            .iter()
            .map(|c| numbers(c).into_iter().map(|v| v as u32).collect())
            .collect();
        Self {
            committees: Arc::new(Committees::new(committees).expect("all different")),
            attesting: numbers(&json["attesting"]),
            signing_root: vectors::octets(&json["signing_root"]),
            ssz: vectors::bytes(&json["attestation"]),
            indexed_ssz: vectors::bytes(&json["indexed"]),
        }
    }

    pub(crate) fn indexed(&self) -> AttestationCertificate {
        AttestationCertificate::decode_indexed(&self.indexed_ssz).expect("an indexed attestation")
    }

    pub(crate) fn by_bits(&self) -> AttestationCertificate {
        let chain = votes().chain;
        AttestationCertificate::decode(&chain, &self.ssz, self.committees.clone())
            .expect("an attestation")
    }
}

#[test]
fn votes_of_committees_and_of_indices_are_one() {
    let votes = votes();
    for vote in votes.cases().into_iter().chain(votes.early()) {
        assert_eq!(
            vote.indexed().subject(&votes.chain).digest().0,
            vote.signing_root
        );
        for certificate in [vote.indexed(), vote.by_bits()] {
            let Outcome::Accept(acceptance) = votes.outcome(&certificate, &vote) else {
                panic!("it is valid");
            };
            let weight: u64 = vote.attesting.iter().map(|index| index + 1).sum();
            let tally = &acceptance.tallies()[0];
            assert_eq!(tally.signed, U256::from(weight));
            assert_eq!(tally.signers, Some(vote.attesting.len() as u32));
            assert_eq!(tally.total, U256::from(60 * 61 / 2));
        }
    }
}

#[test]
fn a_threshold_above_what_voted_is_not_met() {
    let votes = votes();
    let vote = &votes.cases()[0];
    let set = votes.set(28, Possession::AttestedBySource);
    let weight: u64 = vote.attesting.iter().map(|index| index + 1).sum();
    let outcome = |least| votes.outcome_of(&vote.by_bits(), vote, &set, least);
    assert!(matches!(outcome(weight), Outcome::Accept(_)));
    assert!(matches!(
        outcome(weight + 1),
        Outcome::Reject(Reason::ThresholdNotMet { .. })
    ));
}

#[test]
fn validators_without_a_proof_of_possession_are_not_added_up() {
    let votes = votes();
    let vote = &votes.cases()[0];
    let set = votes.set(28, Possession::None);
    let outcome = votes.outcome_of(&vote.indexed(), vote, &set, 1);
    let Outcome::Reject(Reason::PossessionUnproven(first)) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(u64::from(first), vote.attesting[0]);
}

#[test]
fn the_set_of_another_epoch_does_not_judge_a_vote() {
    let votes = votes();
    let vote = &votes.cases()[0];
    let set = votes.set(29, Possession::AttestedBySource);
    let outcome = votes.outcome_of(&vote.indexed(), vote, &set, 1);
    assert!(matches!(
        outcome,
        Outcome::Reject(Reason::OtherReference { .. })
    ));
}

/// Byte by byte of the container: where it is read, and what is wrong with a change of it.
#[test]
fn every_bit_of_an_attestation_counts() {
    let votes = votes();
    for vote in votes.cases().iter().skip(4).take(1) {
        let epoch = vote.indexed().data.target.epoch;
        let set = votes.set(epoch, Possession::AttestedBySource);
        for bit in 0..8 * vote.ssz.len() {
            let mut flipped = vote.ssz.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let decoded =
                AttestationCertificate::decode(&votes.chain, &flipped, vote.committees.clone());
            let certificate = match (bit / 8, decoded) {
                (0..4, Err(AttestationError::Offset { .. }))
                // A slot before the fork, where the form is another.
                | (4..12, Err(AttestationError::Offset { .. }))
                | (132..228, Err(AttestationError::Signature(_)))
                | (236.., Err(AttestationError::NoDelimiter)) => continue,
                (_, Ok(certificate)) => certificate,
                (byte, other) => panic!("byte {byte}: {other:?}"),
            };
            let Outcome::Reject(reason) = votes.outcome_of(&certificate, vote, &set, 1) else {
                panic!("bit {bit}");
            };
            let expected = match bit / 8 {
                4..132 => matches!(
                    reason,
                    Reason::OtherMessage { .. } | Reason::OtherReference { .. }
                ),
                132..228 => matches!(reason, Reason::SignatureInvalid | Reason::CurveRefused(_)),
                228..236 => matches!(
                    reason,
                    Reason::Attestation(
                        AttestationFault::UnknownCommittee(_)
                            | AttestationFault::BitsLength { .. }
                            | AttestationFault::NoCommittee
                    )
                ),
                _ => matches!(
                    reason,
                    Reason::SignatureInvalid
                        | Reason::Attestation(
                            AttestationFault::BitsLength { .. }
                                | AttestationFault::EmptyCommittee(_)
                        )
                ),
            };
            assert!(expected, "bit {bit}: {reason:?}");
            // Asked about itself, it is only a signature on something else.
            if bit % 16 == 0 {
                let own = votes.outcome_about_itself(&certificate);
                assert!(!matches!(own, Outcome::Accept(_)), "bit {bit}");
            }
        }
    }
}

/// Before Electra the data names one committee, and there are no bits of committees.
#[test]
fn every_bit_of_an_early_attestation_counts() {
    let votes = votes();
    for vote in votes.early().iter().take(2) {
        let epoch = vote.indexed().data.target.epoch;
        let set = votes.set(epoch, Possession::AttestedBySource);
        for bit in 0..8 * vote.ssz.len() {
            let mut flipped = vote.ssz.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let decoded =
                AttestationCertificate::decode(&votes.chain, &flipped, vote.committees.clone());
            let certificate = match (bit / 8, decoded) {
                (0..4, Err(AttestationError::Offset { .. }))
                // A slot after the fork, where the form is another.
                | (4..12, Err(AttestationError::Offset { .. }))
                | (132..228, Err(AttestationError::Signature(_)))
                | (228.., Err(AttestationError::NoDelimiter)) => continue,
                (_, Ok(certificate)) => certificate,
                (byte, other) => panic!("byte {byte}: {other:?}"),
            };
            let Outcome::Reject(reason) = votes.outcome_of(&certificate, vote, &set, 1) else {
                panic!("bit {bit}");
            };
            let expected = match bit / 8 {
                4..132 => matches!(
                    reason,
                    Reason::OtherMessage { .. } | Reason::OtherReference { .. }
                ),
                132..228 => matches!(reason, Reason::SignatureInvalid | Reason::CurveRefused(_)),
                _ => matches!(
                    reason,
                    Reason::SignatureInvalid
                        | Reason::Attestation(
                            AttestationFault::BitsLength { .. }
                                | AttestationFault::EmptyCommittee(_)
                        )
                ),
            };
            assert!(expected, "bit {bit}: {reason:?}");
        }
        // A committee that the slot does not have, or no slot has.
        for (index, fault) in [
            (3, AttestationFault::UnknownCommittee(3)),
            (64, AttestationFault::NoCommittee),
            (u64::MAX, AttestationFault::NoCommittee),
        ] {
            let mut moved = vote.ssz.clone();
            moved[4 + 8..4 + 16].copy_from_slice(&index.to_le_bytes());
            let moved =
                AttestationCertificate::decode(&votes.chain, &moved, vote.committees.clone());
            let outcome = votes.outcome_about_itself(&moved.expect("an attestation"));
            assert_eq!(outcome, Outcome::Reject(Reason::Attestation(fault)));
        }
    }
}

fn indexed(vote: &Vote, indices: Vec<u64>) -> AttestationCertificate {
    AttestationCertificate {
        attesters: Attesters::Indexed(indices),
        ..vote.indexed()
    }
}

#[test]
fn attesters_are_sorted_unique_and_members() {
    let votes = votes();
    let vote = &votes.cases()[2];
    let rejection = |indices| votes.rejection(&indexed(vote, indices), vote);
    assert_eq!(rejection(Vec::new()), Reason::NoSigners);
    let mut swapped = vote.attesting.clone();
    swapped.swap(1, 2);
    assert_eq!(
        rejection(swapped),
        Reason::Attestation(AttestationFault::Unordered(2))
    );
    let mut twice = vote.attesting.clone();
    twice.insert(1, twice[0]);
    assert_eq!(
        rejection(twice),
        Reason::Attestation(AttestationFault::Unordered(1))
    );
    let mut outside = vote.attesting.clone();
    outside.push(60);
    assert_eq!(
        rejection(outside.clone()),
        Reason::IndexOutOfRange {
            index: 60,
            members: 60
        }
    );
    *outside.last_mut().expect("some") = u64::MAX;
    assert!(matches!(rejection(outside), Reason::IndexOutOfRange { .. }));
    let fewer = vote.attesting[1..].to_vec();
    assert_eq!(rejection(fewer), Reason::SignatureInvalid);
}

#[test]
fn votes_name_their_own_epoch_and_no_committee_index() {
    let votes = votes();
    let vote = &votes.cases()[0];
    let mut other_epoch = vote.indexed();
    other_epoch.data.slot += 8;
    let mut with_index = vote.indexed();
    with_index.data.index = 1;
    for (certificate, fault) in [
        (
            other_epoch,
            AttestationFault::OtherEpoch {
                target: 28,
                slot: 29,
            },
        ),
        (with_index, AttestationFault::CommitteeIndex(1)),
    ] {
        let outcome = votes.outcome_about_itself(&certificate);
        assert_eq!(outcome, Outcome::Reject(Reason::Attestation(fault)));
    }
}

#[test]
fn committees_seat_nobody_twice_and_bits_have_an_end() {
    assert_eq!(
        Committees::new(vec![vec![1, 2], vec![3, 2]]),
        Err(AttestationError::SeatedTwice(2))
    );
    assert!(matches!(
        Committees::new(vec![Vec::new(); 65]),
        Err(AttestationError::TooManyCommittees { .. })
    ));
    for bytes in [&[][..], &[0], &[1, 0]] {
        assert_eq!(Bitlist::parse(bytes), Err(AttestationError::NoDelimiter));
    }
    for (bytes, length) in [
        (&[1][..], 0),
        (&[2], 1),
        (&[0xff], 7),
        (&[0, 1], 8),
        (&[0, 3], 8 + 1),
    ] {
        assert_eq!(Bitlist::parse(bytes).expect("delimited").len(), length);
    }
    let mut long = vec![0; 131_072 / 8];
    long.push(1);
    assert!(Bitlist::parse(&long).is_ok());
    *long.last_mut().expect("some") = 2;
    assert!(matches!(
        Bitlist::parse(&long),
        Err(AttestationError::TooMany { .. })
    ));
}
