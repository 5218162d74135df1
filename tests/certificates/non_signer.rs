//! `EigenLayer`'s non-signer certificates, check by check.

use tutti_curves::{Wire, bn254};
use tutti_domain::eigen::NonSignerCertificate;
use tutti_domain::{
    Cause, Objection, Outcome, Reason, Rounding, SetState, StakeFreshness, Step, Subject, U256,
};
use tutti_types::{UndecidedCause, Verdict};

use crate::rig::{self, Question, Twins, certificate, digest, g1, g2, operators};

const BOTH: [Twins; 2] = [Twins::Known, Twins::Unknown];

fn accepted(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Accept(_))
}

/// Changes a good certificate and asks for it, of sets with and without keys in G2.
fn refused(change: impl Fn(&mut NonSignerCertificate), reason: &Reason) {
    for twins in BOTH {
        let mut broken = certificate(&operators(), &[0, 1], &[1, 3], digest());
        let question = Question {
            policy: rig::share(1, 3, Rounding::ExactGe),
            ..Question::new()
        };
        let set = rig::set(twins);
        assert!(accepted(&question.ask(&set, &broken)), "the good one");
        change(&mut broken);
        assert_eq!(
            question.ask(&set, &broken),
            Outcome::Reject(reason.clone()),
            "{twins:?}"
        );
    }
}

#[test]
fn every_choice_of_quorums_and_absentees_is_weighed_right() {
    let operators = operators();
    for twins in BOTH {
        let set = rig::set(twins);
        for quorums in [&[0][..], &[1], &[5], &[0, 1], &[0, 5], &[1, 5], &[0, 1, 5]] {
            for absentees in 0u32..1 << operators.len() {
                let absent: Vec<usize> = (0..operators.len())
                    .filter(|i| absentees >> i & 1 == 1)
                    .collect();
                let enough = quorums.iter().all(|&quorum| {
                    let weigh = |all: bool| -> u64 {
                        (0..operators.len())
                            .filter(|i| all || !absent.contains(i))
                            .flat_map(|i| &operators[i].stakes)
                            .filter(|(number, _)| *number == quorum)
                            .map(|(_, stake)| stake)
                            .sum()
                    };
                    weigh(false) > 0 && weigh(false) >= weigh(true) * 2 / 3
                });
                let given = certificate(&operators, quorums, &absent, digest());
                let outcome = Question::new().ask(&set, &given);
                assert_eq!(
                    accepted(&outcome),
                    enough,
                    "{quorums:?} {absent:?} {outcome:?}"
                );
            }
        }
    }
}

#[test]
fn empty_quorums_are_refused() {
    refused(|c| c.quorum_numbers.clear(), &Reason::NoQuorums);
}

#[test]
fn lists_of_other_lengths_are_refused_each_by_name() {
    let short = |name, expected, found| Reason::LengthMismatch {
        name,
        expected,
        found,
    };
    refused(|c| c.quorum_apks.truncate(1), &short("quorumApks", 2, 1));
    refused(
        |c| c.indices.quorum_apks.truncate(1),
        &short("quorumApkIndices", 2, 1),
    );
    refused(
        |c| c.indices.total_stakes.push(0),
        &short("totalStakeIndices", 2, 3),
    );
    refused(
        |c| c.indices.non_signer_stakes.truncate(1),
        &short("nonSignerStakeIndices", 2, 1),
    );
    refused(
        |c| c.indices.non_signer_bitmaps.truncate(1),
        &short("nonSignerQuorumBitmapIndices", 2, 1),
    );
    refused(
        |c| c.indices.non_signer_stakes[1].clear(),
        &short("nonSignerStakeIndices of a quorum", 1, 0),
    );
}

#[test]
fn a_reference_must_be_past_and_the_sets_own() {
    let other = tutti_domain::Reference::new(tutti_domain::ReferenceKind::Block, 1_001);
    refused(
        |c| c.reference_block = 1_001,
        &Reason::OtherReference { certificate: other },
    );
    let given = certificate(&operators(), &[0], &[], digest());
    let mut question = Question::new();
    question.standing.present.block = Some(u64::from(rig::REFERENCE));
    let outcome = question.ask(&rig::set(Twins::Known), &given);
    assert!(matches!(
        outcome,
        Outcome::Reject(Reason::ReferenceNotPast { present: 1_000, .. })
    ));
    question.standing.present.block = Some(u64::from(rig::REFERENCE) + 1);
    assert!(accepted(&question.ask(&rig::set(Twins::Known), &given)));
}

#[test]
fn quorum_numbers_ascend_and_exist() {
    refused(
        |c| c.quorum_numbers = vec![1, 0],
        &Reason::QuorumsUnordered(0),
    );
    refused(
        |c| c.quorum_numbers = vec![0, 0],
        &Reason::QuorumsUnordered(0),
    );
    refused(|c| c.quorum_numbers = vec![0, 2], &Reason::UnknownQuorum(2));
    refused(
        |c| c.quorum_numbers = vec![0, 255],
        &Reason::UnknownQuorum(255),
    );
    // A quorum that exists, but another than its keys and stakes are of.
    refused(
        |c| c.quorum_numbers = vec![0, 5],
        &Reason::OtherQuorumApk(5),
    );
}

#[test]
fn non_signers_ascend_by_operator_id_and_are_members() {
    refused(
        |c| c.non_signers.swap(0, 1),
        &Reason::NonSignersUnordered(1),
    );
    refused(
        |c| c.non_signers[1] = c.non_signers[0],
        &Reason::NonSignersUnordered(1),
    );
    let stranger = |c: &mut NonSignerCertificate| {
        c.non_signers.truncate(1);
        c.indices.non_signer_bitmaps.truncate(1);
        c.non_signers[0] = Wire::Point(g1(9));
    };
    refused(stranger, &Reason::NonSignerUnknown(0));
    refused(
        |c| {
            stranger(c);
            c.non_signers[0] = Wire::Infinity;
        },
        &Reason::NonSignerUnknown(0),
    );
}

#[test]
fn aggregate_keys_come_from_the_set() {
    refused(|c| c.quorum_apks.swap(0, 1), &Reason::OtherQuorumApk(0));
    refused(
        |c| c.quorum_apks[1] = Wire::Point(g1(9)),
        &Reason::OtherQuorumApk(1),
    );
    refused(
        |c| c.quorum_apks[0] = Wire::Infinity,
        &Reason::OtherQuorumApk(0),
    );
}

#[test]
fn a_supplied_key_that_is_not_tied_is_refused() {
    let set = rig::set(Twins::Known);
    let mut broken = certificate(&operators(), &[0, 1], &[1], digest());
    // An attacker's own key, with a signature that verifies under it.
    broken.apk_g2 = Wire::Point(g2(77));
    broken.signature = Wire::Point(rig::sign(digest(), 77));
    let outcome = Question::new().ask(&set, &broken);
    assert_eq!(outcome, Outcome::Reject(Reason::SuppliedKeyOther));
    let outcome = Question::new().ask(&rig::set(Twins::Unknown), &broken);
    assert_eq!(outcome, Outcome::Reject(Reason::SignatureInvalid));
}

#[test]
fn a_signature_by_others_or_of_others_is_refused() {
    refused(
        |c| c.signature = Wire::Point(rig::sign(digest(), 9)),
        &Reason::SignatureInvalid,
    );
    let absent_more = certificate(&operators(), &[0, 1], &[1], digest());
    refused(
        |c| c.signature = absent_more.signature,
        &Reason::SignatureInvalid,
    );
}

#[test]
fn an_operator_of_two_quorums_signs_twice() {
    // Each key once, as an aggregator that forgets the multiplicity would do it.
    let operators = operators();
    let once: u64 = [0, 1, 2, 3]
        .iter()
        .map(|&i: &usize| operators[i].secret)
        .sum();
    let mut given = certificate(&operators, &[0, 1], &[], digest());
    given.apk_g2 = Wire::Point(g2(once));
    given.signature = Wire::Point(rig::sign(digest(), once));
    let outcome = Question::new().ask(&rig::set(Twins::Known), &given);
    assert_eq!(outcome, Outcome::Reject(Reason::SuppliedKeyOther));
    let outcome = Question::new().ask(&rig::set(Twins::Unknown), &given);
    assert_eq!(outcome, Outcome::Reject(Reason::SignatureInvalid));
}

#[test]
fn stakes_must_be_fresh_where_that_is_demanded() {
    let given = certificate(&operators(), &[0, 1], &[], digest());
    let set = rig::set(Twins::Known);
    let ask = |updated: &[(u8, u64)]| {
        let mut question = Question::new();
        question.standing.freshness = StakeFreshness::Within {
            window: 100,
            updated: updated.to_vec(),
        };
        question.ask(&set, &given)
    };
    assert!(accepted(&ask(&[(0, 901), (1, 901)])));
    // updated + window > reference, strictly.
    let stale = Reason::StakesNotFresh {
        quorum: 1,
        updated: 900,
        window: 100,
    };
    assert_eq!(ask(&[(0, 901), (1, 900)]), Outcome::Reject(stale));
    assert_eq!(
        ask(&[(0, 901)]),
        Outcome::Indeterminate(Cause::FreshnessUnknown(1))
    );
}

#[test]
fn what_is_not_known_never_rejects_and_faults_never_do() {
    let given = certificate(&operators(), &[0], &[], digest());
    let set = rig::set(Twins::Known);
    let mut question = Question::new();
    question.standing.present.block = None;
    assert!(matches!(
        question.ask(&set, &given),
        Outcome::Indeterminate(Cause::PresentUnknown(_))
    ));
    for cause in UndecidedCause::ALL {
        let question = Question::new();
        let claim = given
            .judge(&question.case(&set))
            .into_claim()
            .expect("a claim");
        let outcome = claim.conclude(Verdict::Undecided(cause), &question.standing);
        assert_eq!(outcome, Outcome::Indeterminate(Cause::Backend(cause)));
    }
}

#[test]
fn disabled_and_stale_are_seen_when_the_answer_is_given() {
    let given = certificate(&operators(), &[0], &[], digest());
    let set = rig::set(Twins::Known);
    let question = Question {
        policy: rig::two_thirds().with_max_staleness(10),
        ..Question::new()
    };
    let claim = || {
        given
            .judge(&question.case(&set))
            .into_claim()
            .expect("a claim")
    };
    let later = |change: &dyn Fn(&mut tutti_domain::Standing)| {
        let mut standing = question.standing.clone();
        change(&mut standing);
        claim().conclude(Verdict::Valid, &standing)
    };
    assert!(accepted(&later(&|_| ())));
    let disabled = later(&|standing| standing.state = SetState::Disabled);
    assert_eq!(disabled, Outcome::Reject(Reason::SetDisabled));
    let superseded = later(&|standing| standing.state = SetState::Superseded);
    assert_eq!(superseded, Outcome::Reject(Reason::SetSuperseded));
    let stale = later(&|standing| standing.present.block = Some(1_011));
    assert!(matches!(
        stale,
        Outcome::Reject(Reason::Stale {
            age: 11,
            limit: 10,
            ..
        })
    ));
}

#[test]
fn all_points_at_infinity_are_refused_whatever_the_policy() {
    for twins in BOTH {
        let set = rig::set(twins);
        let everyone = certificate(&operators(), &[0, 1], &[0, 1, 2, 3], digest());
        assert_eq!(everyone.signature, Wire::<bn254::G1>::Infinity);
        let mut question = Question::new();
        question.policy = rig::share(1, 1_000_000, Rounding::FloorGe);
        let judgement = everyone.judge(&question.case(&set));
        let failed: Vec<Step> = judgement
            .checks()
            .iter()
            .filter(|check| matches!(check.finding, tutti_domain::Finding::Failed(_)))
            .map(|check| check.step)
            .collect();
        for step in [
            Step::SignaturePoint,
            Step::SuppliedKey,
            Step::AggregateKey,
            Step::SignedWeight,
            Step::SignerCount,
        ] {
            assert!(failed.contains(&step), "{step}: {failed:?}");
        }
        assert!(matches!(judgement.into_claim(), Err(Objection::Reject(_))));
    }
}

#[test]
fn the_digests_that_share_a_point_are_not_confused() {
    // H(keccak("hello world")) needs one increment, so the next digest has the same point, and
    // so has the digest plus the field's modulus.
    let set = rig::set(Twins::Known);
    let given = certificate(&operators(), &[0], &[], digest());
    let next = (U256::from_be_bytes(digest().0) + U256::ONE).into();
    assert_eq!(rig::sign(next, 5), rig::sign(digest(), 5), "one point");
    let question = Question {
        subject: Subject::opaque(next),
        ..Question::new()
    };
    let outcome = question.ask(&set, &given);
    assert!(
        matches!(outcome, Outcome::Reject(Reason::OtherMessage { .. })),
        "{outcome:?}"
    );
}

#[test]
fn call_data_goes_there_and_back() {
    let given = certificate(&operators(), &[0, 1, 5], &[1, 4], digest());
    let data = given.encode_call();
    assert_eq!(
        NonSignerCertificate::decode_call(&data).expect("decodes"),
        given
    );
    let mut longer = data.clone();
    longer.push(0);
    assert!(NonSignerCertificate::decode_call(&longer).is_err());
}
