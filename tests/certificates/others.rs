//! Avalanche's signed messages, Symbiotic's simple proofs, MACH's alerts.

use tutti_domain::icm::IcmCertificate;
use tutti_domain::mach::{AlertCertificate, AlertHeader, AlertRules};
use tutti_domain::symbiotic::SymbioticCertificate;
use tutti_domain::{
    Judgement, Key, KeyKind, OperatorSet, Outcome, Possession, Reason, Rounding, Subject, U256,
};
use tutti_types::{InvalidReason, Limits};

use crate::rig::{self, Question, Twins, g1, operators};

fn settle(judgement: Judgement, question: &Question) -> Outcome {
    match judgement.into_claim() {
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

mod icm {
    use super::*;
    use crate::made::icm::{certificate, draft};

    fn question(certificate: &IcmCertificate) -> Question {
        Question {
            subject: Subject::opaque(certificate.message_id()),
            policy: rig::share(1, 3, Rounding::ExactGe),
            ..Question::new()
        }
    }

    fn ask(set: &OperatorSet, certificate: &IcmCertificate) -> Outcome {
        let question = question(certificate);
        settle(certificate.judge(&question.case(set)), &question)
    }

    #[test]
    fn weights_of_validators_without_keys_count_against() {
        let set = rig::set_of(draft());
        // 10 + 9 + 8 + 7 = 34 of 100.
        assert!(accepted(&ask(&set, &certificate(&[6, 7, 8, 9]))));
        let outcome = ask(&set, &certificate(&[5, 7, 8, 9]));
        let below = Reason::ThresholdNotMet {
            column: 0,
            signed: U256::from(33),
            needed: U256::from(34),
        };
        assert_eq!(outcome, Outcome::Reject(below));
        assert!(accepted(&ask(
            &set,
            &certificate(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
        )));
        assert!(accepted(&ask(
            &set,
            &certificate(&[1, 2, 3, 4, 5, 6, 7, 8, 9])
        )));
    }

    #[test]
    fn bitsets_are_minimal_and_within_the_set() {
        let set = rig::set_of(draft());
        let mut padded = certificate(&[6, 7, 8, 9]);
        padded.signers.insert(0, 0);
        assert_eq!(
            ask(&set, &padded),
            Outcome::Reject(Reason::BitsetNotMinimal)
        );
        let outside = Reason::IndexOutOfRange {
            index: 10,
            members: 10,
        };
        assert_eq!(
            ask(&set, &certificate(&[6, 7, 8, 9, 10])),
            Outcome::Reject(outside)
        );
        let outcome = ask(&set, &certificate(&[]));
        assert_eq!(outcome, Outcome::Reject(Reason::NoSigners));
    }

    #[test]
    fn keys_without_proof_of_possession_are_not_added_up() {
        let mut rogue = draft();
        rogue.members[8].possession = Possession::None;
        let set = rig::set_of(rogue.clone());
        let outcome = ask(&set, &certificate(&[6, 7, 8, 9]));
        assert_eq!(outcome, Outcome::Reject(Reason::PossessionUnproven(8)));
        assert!(accepted(&ask(&set, &certificate(&[4, 5, 6, 7, 9]))));
        // One key alone needs no such proof.
        rogue.members[8].weights[0].1 = U256::from(54);
        let set = rig::set_of(rogue);
        assert!(accepted(&ask(&set, &certificate(&[8]))));
    }

    #[test]
    fn every_bit_of_a_signed_message_counts() {
        let set = rig::set_of(draft());
        let given = certificate(&[6, 7, 8, 9]);
        let bytes = given.encode();
        let decoded = IcmCertificate::decode(&bytes).expect("decodes");
        assert_eq!(decoded.encode(), bytes);
        assert!(accepted(&ask(&set, &decoded)));
        let question = question(&given);
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(changed) = IcmCertificate::decode(&flipped) {
                let outcome = settle(changed.judge(&question.case(&set)), &question);
                assert!(
                    matches!(outcome, Outcome::Reject(_)),
                    "bit {bit}: {outcome:?}"
                );
            }
        }
    }
}

mod symbiotic {
    use super::*;
    use crate::made::symbiotic::{certificate, draft};

    fn ask(set: &OperatorSet, certificate: &SymbioticCertificate) -> Outcome {
        let question = Question::new();
        settle(certificate.judge(&question.case(set)), &question)
    }

    #[test]
    fn proofs_go_there_and_back_and_hold() {
        for twins in [Twins::Known, Twins::Unknown] {
            let set = rig::set_of(draft(twins));
            let given = certificate(&set, &[1]);
            let proof = given.encode();
            assert_eq!(proof.len(), 224 + 64 * 6 + 2);
            let decoded = SymbioticCertificate::decode(12, rig::digest(), &proof);
            assert_eq!(decoded.as_ref(), Ok(&given));
            assert!(accepted(&ask(&set, &given)));
            assert!(matches!(
                ask(&set, &certificate(&set, &[1, 4, 5])),
                Outcome::Reject(_)
            ));
        }
    }

    #[test]
    fn every_bit_of_a_proof_counts() {
        for twins in [Twins::Known, Twins::Unknown] {
            let set = rig::set_of(draft(twins));
            let proof = certificate(&set, &[1]).encode();
            for bit in 0..8 * proof.len() {
                let mut flipped = proof.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                if let Ok(changed) = SymbioticCertificate::decode(12, rig::digest(), &flipped) {
                    let outcome = ask(&set, &changed);
                    assert!(
                        matches!(outcome, Outcome::Reject(_)),
                        "bit {bit}: {outcome:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn non_signers_ascend_and_exist_and_the_epoch_is_the_sets() {
        let set = rig::set_of(draft(Twins::Known));
        let changed = |change: fn(&mut SymbioticCertificate)| {
            let mut broken = certificate(&set, &[1]);
            change(&mut broken);
            ask(&set, &broken)
        };
        let unordered = Outcome::Reject(Reason::NonSignersUnordered(1));
        assert_eq!(changed(|c| c.non_signers = vec![1, 1]), unordered);
        assert_eq!(changed(|c| c.non_signers = vec![2, 1]), unordered);
        let outside = Reason::IndexOutOfRange {
            index: 6,
            members: 6,
        };
        assert_eq!(
            changed(|c| c.non_signers = vec![6]),
            Outcome::Reject(outside)
        );
        assert_eq!(
            changed(|c| c.validators.swap(0, 1)),
            Outcome::Reject(Reason::OtherMembers)
        );
        assert!(matches!(
            changed(|c| c.epoch = 13),
            Outcome::Reject(Reason::OtherReference { .. })
        ));
    }
}

mod mach {
    use super::*;
    use crate::made::mach::{alert, certificate};

    fn ask(subject: Subject, certificate: &AlertCertificate) -> Outcome {
        let set = rig::set(Twins::Known);
        let question = Question {
            subject,
            ..Question::new()
        };
        let judgement = certificate.judge(&AlertRules::default(), &question.case(&set));
        settle(judgement, &question)
    }

    #[test]
    fn alerts_are_bound_to_their_rollup() {
        let given = certificate(10, &[1], &[66, 66]);
        let decoded = AlertCertificate::decode_call(&given.encode_call()).expect("decodes");
        assert_eq!(decoded, given);
        assert!(accepted(&ask(alert(10), &decoded)));
        let outcome = ask(alert(11), &given);
        assert!(matches!(
            outcome,
            Outcome::Reject(Reason::OtherMessage { .. })
        ));
        // The same attestation under a header that names another rollup, or none.
        for header in [
            AlertHeader::ChainBound {
                rollup: U256::from(11),
            },
            AlertHeader::Legacy,
        ] {
            let moved = AlertCertificate {
                header,
                ..given.clone()
            };
            let outcome = ask(alert(10), &moved);
            assert!(matches!(
                outcome,
                Outcome::Reject(Reason::OtherMessage { .. })
            ));
            let moved = AlertCertificate::decode_call(&moved.encode_call()).expect("decodes");
            let outcome = ask(alert(11), &moved);
            assert!(matches!(outcome, Outcome::Reject(_)), "{outcome:?}");
        }
    }

    #[test]
    fn percents_are_whole_exact_and_at_least_the_contracts() {
        // Without operator 1, quorum 0 has 70 of 100 and quorum 1 all.
        let outcome = |percents: &[u8]| ask(alert(10), &certificate(10, &[1], percents));
        assert!(accepted(&outcome(&[70, 100])));
        let below = Reason::ThresholdNotMet {
            column: 0,
            signed: U256::from(70),
            needed: U256::from(71),
        };
        assert_eq!(outcome(&[71, 66]), Outcome::Reject(below));
        assert!(matches!(
            outcome(&[65, 66]),
            Outcome::Reject(Reason::Parameters(_))
        ));
        assert!(matches!(
            outcome(&[66, 101]),
            Outcome::Reject(Reason::Parameters(_))
        ));
        assert!(matches!(
            outcome(&[66]),
            Outcome::Reject(Reason::LengthMismatch { .. })
        ));
        assert!(matches!(
            outcome(&[66; 3]),
            Outcome::Reject(Reason::LengthMismatch { .. })
        ));
    }

    #[test]
    fn absence_is_not_consent() {
        // Nobody alerts, or too few: what comes of it speaks of the alert, and no outcome says
        // that the block is right.
        let nobody = certificate(10, &[0, 1, 2, 3], &[66, 66]);
        assert!(matches!(ask(alert(10), &nobody), Outcome::Reject(_)));
        let few = certificate(10, &[0], &[66, 66]);
        assert!(matches!(
            ask(alert(10), &few),
            Outcome::Reject(Reason::ThresholdNotMet { .. })
        ));
    }
}

#[test]
fn certificates_of_one_kind_need_sets_of_that_kind() {
    let given = rig::certificate(&operators(), &[0], &[], rig::digest());
    let mut ecdsa = rig::draft(&operators(), Twins::Unknown);
    ecdsa.keys = KeyKind::Ecdsa;
    for (member, byte) in ecdsa.members.iter_mut().zip(1u8..) {
        member.key = Key::Ecdsa(tutti_domain::Address::repeat_byte(byte));
    }
    let set = rig::set_of(ecdsa);
    let outcome = Question::new().ask(&set, &given);
    assert_eq!(outcome, Outcome::Reject(Reason::OtherSetKind));
    let mut bls = rig::draft(&operators(), Twins::Unknown);
    bls.keys = KeyKind::Bls12381;
    assert!(bls.check(&Limits::default()).is_err());
    assert_eq!(Key::bls12381(&[0; 48]), Err(InvalidReason::BadEncoding));
    assert_eq!(Key::bn254(&[0; 64], None), Err(InvalidReason::Infinity));
    assert_ne!(g1(1), g1(2));
}
