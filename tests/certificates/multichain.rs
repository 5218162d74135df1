//! `EigenLayer`'s multichain certificates.

use std::sync::Arc;

use tutti_curves::{Wire, bn254};
use tutti_domain::eigen::{MultichainCertificate, OperatorInfo, merkle};
use tutti_domain::{
    B256, Columns, Demand, OperatorSet, OperatorTree, Outcome, Policy, Ratio, Reason, Reference,
    ReferenceKind, Rounding, SetError, SetState, Subject, Threshold, U256, Unit,
};
use tutti_statements::{SigningContext, Statement, keccak256};
use tutti_types::Limits;

use crate::made::multichain::{
    TIMESTAMP, certificate, complete, leaves, message, operators, stored,
};
use crate::rig::{self, Operator, Question, Twins, g1};

/// A set of the same operators, as three sources know it.
fn sets() -> [OperatorSet; 3] {
    [
        rig::set_of(complete(&operators(), Twins::Known)),
        rig::set_of(complete(&operators(), Twins::Unknown)),
        rig::set_of(stored(&operators())),
    ]
}

fn question() -> Question {
    let context = SigningContext::EigenCertificate {
        reference_timestamp: TIMESTAMP,
    };
    let mut question = Question::new();
    question.subject =
        Subject::new(Statement::opaque(message().0), context).expect("opaque fits all");
    question.policy = rig::share(1, 2, Rounding::FloorGe);
    question.standing.present.timestamp = Some(u64::from(TIMESTAMP) + 500);
    question
}

fn ask(question: &Question, set: &OperatorSet, certificate: &MultichainCertificate) -> Outcome {
    match certificate.judge(&question.case(set)).into_claim() {
        Err(objection) => objection.into(),
        Ok(claim) => {
            let verdict = claim.obligation().verdict();
            claim.conclude(verdict, &question.standing)
        }
    }
}

fn accepted(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Accept(_))
}

fn refused(change: impl Fn(&mut MultichainCertificate), reason: &Reason) {
    for set in sets() {
        let mut broken = certificate(&operators(), &[1, 3]);
        assert!(accepted(&ask(&question(), &set, &broken)), "the good one");
        change(&mut broken);
        assert_eq!(
            ask(&question(), &set, &broken),
            Outcome::Reject(reason.clone())
        );
    }
}

#[test]
fn digest_and_signature_are_those_of_the_contract() {
    let certificate = MultichainCertificate {
        reference_timestamp: 1,
        message_hash: keccak256(&[b"test message"]).into(),
        signature: Wire::Infinity,
        apk_g2: Wire::Infinity,
        witnesses: Vec::new(),
    };
    let digest = certificate.signed_digest();
    let expected = "0xe8866d5bb2c00e87b13b05ff04ddaae913fc6990514c45cfbbbd5160ad511629";
    assert_eq!(digest, expected.parse::<B256>().expect("hexadecimal"));
    let signature = rig::sign(digest, 69);
    let x = "2023324803678012658540181807042081996142167290377861676509067553605552358767";
    let y = "4544004505100829230588767531546646071756504269104647643688208206726699608343";
    assert_eq!(
        (signature.x.to_string(), signature.y.to_string()),
        (x.into(), y.into())
    );
}

#[test]
fn leaves_are_those_of_the_contract() {
    let info = OperatorInfo {
        key: Wire::Point(g1(69)),
        weights: vec![U256::from(100), U256::from(200)],
    };
    let expected = "0xa7c4cb1e4898b8ee9d3377f478fe7268efb5f1be6c50250068149a02171addaa";
    assert_eq!(info.leaf(), expected.parse::<B256>().expect("hexadecimal"));
}

#[test]
fn every_choice_of_absentees_is_weighed_right() {
    let operators = operators();
    for set in sets() {
        for absentees in 0u32..1 << operators.len() {
            let absent: Vec<u32> = (0..5).filter(|i| absentees >> i & 1 == 1).collect();
            let signed = |column: usize| -> u64 {
                (0..5u32)
                    .filter(|i| !absent.contains(i))
                    .map(|i| operators[i as usize].stakes[column].1)
                    .sum()
            };
            // Totals are 150 and 400.
            let enough = signed(0) >= 75 && signed(1) >= 200;
            let outcome = ask(&question(), &set, &certificate(&operators, &absent));
            assert_eq!(accepted(&outcome), enough, "{absent:?} {outcome:?}");
        }
    }
}

#[test]
fn nominal_thresholds_are_absolute() {
    let demand = |column, least: u64| Demand {
        columns: Columns::Number(column),
        threshold: Threshold::Nominal(U256::from(least)),
        unit: Unit::Weight,
    };
    let given = certificate(&operators(), &[1, 3]);
    for (least, enough) in [([90, 240], true), ([91, 240], false), ([90, 241], false)] {
        let mut question = question();
        let demands = vec![demand(0, least[0]), demand(1, least[1])];
        question.policy = Policy::new(demands).expect("a policy");
        for set in sets() {
            let outcome = ask(&question, &set, &given);
            assert_eq!(accepted(&outcome), enough, "{least:?} {outcome:?}");
        }
    }
}

#[test]
fn witnesses_are_proved_in_order_and_in_range() {
    refused(|c| c.witnesses.swap(0, 1), &Reason::NonSignersUnordered(1));
    refused(
        |c| c.witnesses[1] = c.witnesses[0].clone(),
        &Reason::NonSignersUnordered(1),
    );
    let outside = Reason::IndexOutOfRange {
        index: 5,
        members: 5,
    };
    refused(|c| c.witnesses[1].index = 5, &outside);
    refused(|c| c.witnesses[1].index = 2, &Reason::WitnessInvalid(2));
    refused(
        |c| c.witnesses[0].proof[40] ^= 1,
        &Reason::WitnessInvalid(1),
    );
    refused(
        |c| c.witnesses[0].proof.truncate(64),
        &Reason::WitnessInvalid(1),
    );
    refused(
        |c| c.witnesses[0].proof.truncate(95),
        &Reason::WitnessInvalid(1),
    );
    refused(
        |c| c.witnesses[0].proof.extend([0; 32]),
        &Reason::WitnessInvalid(1),
    );
    refused(
        |c| c.witnesses[0].info.weights[0] = U256::ZERO,
        &Reason::WitnessInvalid(1),
    );
    refused(
        |c| c.witnesses[0].info.weights.clear(),
        &Reason::WitnessInvalid(1),
    );
    refused(
        |c| c.witnesses[0].info.key = Wire::Point(g1(5)),
        &Reason::WitnessInvalid(1),
    );
}

#[test]
fn an_inner_node_is_no_operator() {
    // The parent of two leaves with the proof above it: leaves are hashed behind a salt.
    let all = leaves(&operators());
    let parent = keccak256(&[all[0].as_slice(), all[1].as_slice()]);
    assert!(
        merkle::verify(
            &merkle::proof(&all, 0)[32..],
            merkle::root(&all),
            parent.into(),
            0
        )
        .is_ok()
    );
    assert!(all.iter().all(|leaf| leaf.0 != parent));
}

#[test]
fn an_empty_proof_is_the_whole_tree_of_one_operator_and_nothing_else() {
    let one = vec![Operator::new(77, &[(0, 5), (1, 5)])];
    let root = merkle::root(&leaves(&one));
    assert!(merkle::verify(&[], root, leaves(&one)[0], 0).is_ok());
    assert_eq!(
        merkle::verify(&[], root, leaves(&one)[0], 1),
        Err(merkle::MerkleError::Index)
    );
    assert_eq!(
        merkle::verify(&[], B256::ZERO, B256::ZERO, 0),
        Err(merkle::MerkleError::EmptyRoot)
    );
    // The only operator did not sign: nothing is left, whatever the policy.
    let mut question = question();
    question.policy = rig::share(1, 1_000_000, Rounding::FloorGe);
    for draft in [
        complete(&one, Twins::Known),
        complete(&one, Twins::Unknown),
        stored(&one),
    ] {
        let set = rig::set_of(draft);
        let outcome = ask(&question, &set, &certificate(&one, &[0]));
        assert!(matches!(outcome, Outcome::Reject(_)), "{outcome:?}");
        assert!(accepted(&ask(&question, &set, &certificate(&one, &[]))));
    }
}

#[test]
fn proofs_may_be_left_out_for_known_operators_only() {
    let good = certificate(&operators(), &[1, 3]);
    let mut bare = good.clone();
    bare.witnesses
        .iter_mut()
        .for_each(|witness| witness.proof.clear());
    let [known, listed, stored] = sets();
    assert!(accepted(&ask(&question(), &known, &bare)));
    assert!(accepted(&ask(&question(), &listed, &bare)));
    let outcome = ask(&question(), &stored, &bare);
    assert_eq!(outcome, Outcome::Reject(Reason::WitnessInvalid(1)));
    let mut question = question();
    question.standing.witnesses = Arc::new(good.proved());
    assert!(accepted(&ask(&question, &stored, &bare)));
    let mut blank = bare.clone();
    blank.witnesses[0].info = OperatorInfo {
        key: Wire::Infinity,
        weights: Vec::new(),
    };
    assert!(accepted(&ask(&question, &stored, &blank)));
    let mut lying = bare;
    lying.witnesses[0].info.weights[0] = U256::ZERO;
    let outcome = ask(&question, &stored, &lying);
    assert_eq!(outcome, Outcome::Reject(Reason::WitnessInvalid(1)));
    assert_eq!(blank.proved().into_keys().collect::<Vec<_>>(), [3]);
}

#[test]
fn stale_disabled_or_of_another_time_is_refused() {
    let given = certificate(&operators(), &[1]);
    for set in sets() {
        let mut question = question();
        question.standing.present.timestamp = Some(u64::from(TIMESTAMP) + 1_000);
        assert!(accepted(&ask(&question, &set, &given)));
        question.standing.present.timestamp = Some(u64::from(TIMESTAMP) + 1_001);
        let outcome = ask(&question, &set, &given);
        assert!(matches!(
            outcome,
            Outcome::Reject(Reason::Stale { age: 1_001, .. })
        ));
        question.standing.present.timestamp = None;
        assert!(matches!(
            ask(&question, &set, &given),
            Outcome::Indeterminate(_)
        ));
        question.standing = rig::standing();
        question.standing.present.timestamp = Some(u64::from(TIMESTAMP));
        question.standing.state = SetState::Disabled;
        assert_eq!(
            ask(&question, &set, &given),
            Outcome::Reject(Reason::SetDisabled)
        );
    }
    let later = Reference::new(ReferenceKind::Timestamp, u64::from(TIMESTAMP) + 1);
    refused(
        |c| c.reference_timestamp += 1,
        &Reason::OtherReference { certificate: later },
    );
}

#[test]
fn a_certificate_of_one_set_is_none_of_another() {
    let mut others = operators();
    others[0].secret = 999;
    let set = rig::set_of(complete(&others, Twins::Known));
    let outcome = ask(&question(), &set, &certificate(&operators(), &[]));
    assert_eq!(outcome, Outcome::Reject(Reason::SuppliedKeyOther));
    let set = rig::set_of(stored(&others));
    let outcome = ask(&question(), &set, &certificate(&operators(), &[]));
    assert_eq!(outcome, Outcome::Reject(Reason::SignatureInvalid));
    let outcome = ask(&question(), &set, &certificate(&operators(), &[0]));
    assert_eq!(outcome, Outcome::Reject(Reason::WitnessInvalid(0)));
}

#[test]
fn points_at_infinity_are_refused() {
    for set in sets() {
        let mut broken = certificate(&operators(), &[]);
        broken.signature = Wire::<bn254::G1>::Infinity;
        let outcome = ask(&question(), &set, &broken);
        assert!(
            matches!(outcome, Outcome::Reject(Reason::SignaturePoint(_))),
            "{outcome:?}"
        );
        let mut broken = certificate(&operators(), &[]);
        broken.apk_g2 = Wire::<bn254::G2>::Infinity;
        let outcome = ask(&question(), &set, &broken);
        assert!(
            matches!(outcome, Outcome::Reject(Reason::SuppliedKeyPoint(_))),
            "{outcome:?}"
        );
    }
}

#[test]
fn a_tree_that_is_not_of_the_members_makes_no_set() {
    let mut draft = complete(&operators(), Twins::Unknown);
    draft.tree = Some(OperatorTree {
        root: B256::repeat_byte(3),
        operators: 5,
    });
    let error = draft.check(&Limits::default()).expect_err("another tree");
    assert!(matches!(error, SetError::OtherTreeRoot { .. }));
}

#[test]
fn every_bit_of_an_encoded_certificate_counts() {
    let given = certificate(&operators(), &[1, 3]);
    let bytes = given.encode();
    assert_eq!(
        MultichainCertificate::decode(&bytes).expect("decodes"),
        given
    );
    let ratio = Ratio::new(1, 2).expect("a ratio");
    let question = Question {
        policy: Policy::share(ratio, Rounding::FloorGe).expect("a policy"),
        ..question()
    };
    for set in sets() {
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(changed) = MultichainCertificate::decode(&flipped) {
                let outcome = ask(&question, &set, &changed);
                assert!(
                    matches!(outcome, Outcome::Reject(_)),
                    "bit {bit}: {outcome:?}"
                );
            }
        }
    }
}
