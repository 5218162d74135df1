//! What holds of every certificate and set, one test for each promise. Promises on thresholds
//! are in `policies`, on advancing sets in `advancing`, on alerts in `others`.

use ark_bn254::{Fq2, G2Affine};
use ark_ec::AffineRepr;
use tutti_backend::{Batch, Challenge, Outcomes, Work, WorkSlice};
use tutti_backend_cpu::{CpuBackend, CpuConfig};
use tutti_curves::{Member, Wire, bn254};
use tutti_domain::eigen::NonSignerCertificate;
use tutti_domain::eigen::abi::DecodeError;
use tutti_domain::{
    Cause, Claim, Docket, Finding, Grade, Key, MemberDraft, Objection, Obligation, OperatorSet,
    Outcome, Possession, Reason, Reference, ReferenceKind, ReplayScope, Rounding, SetState, Step,
    Subject, U256, Validity,
};
use tutti_statements::optimism::OutputRootV0;
use tutti_statements::{Body, SigningContext, Statement};
use tutti_types::{InvalidReason, Limits, Part, UndecidedCause, Verdict};

use crate::rig::{self, Operator, Question, Twins, certificate, digest, g1, g2, operators};

const BOTH: [Twins; 2] = [Twins::Known, Twins::Unknown];

fn accepted(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Accept(_))
}

/// On the curve, outside the subgroup: the cofactor leaves few points inside.
fn outside_subgroup() -> bn254::G2Affine {
    let point = (1u64..).find_map(|x| G2Affine::get_point_from_x_unchecked(Fq2::from(x), false));
    let point = point.expect("every other x has a point");
    assert!(point.is_on_curve() && !point.is_in_correct_subgroup_assuming_on_curve());
    assert!(!point.is_zero());
    point
}

#[test]
fn acceptance_implies_canonical_points_of_the_subgroup() {
    for (twins, reason) in [
        (Twins::Known, Reason::SuppliedKeyOther),
        (
            Twins::Unknown,
            Reason::CurveRefused(Verdict::Invalid(
                InvalidReason::NotInSubgroup,
                Part::Point(1),
            )),
        ),
    ] {
        let mut given = certificate(&operators(), &[0], &[], digest());
        given.apk_g2 = Wire::Point(outside_subgroup());
        let outcome = Question::new().ask(&rig::set(twins), &given);
        assert_eq!(outcome, Outcome::Reject(reason));
    }
    // No coordinate of the call's data may be moved by the modulus.
    let modulus = "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";
    let modulus = U256::from_str_radix(modulus, 16).expect("hexadecimal");
    let call = certificate(&operators(), &[0, 1], &[1], digest()).encode_call();
    let mut points = 0;
    for at in (4..call.len()).step_by(32) {
        let word = U256::from_be_slice(&call[at..at + 32]);
        if word.bit_len() < 200 {
            continue;
        }
        let mut moved = call.clone();
        moved[at..at + 32].copy_from_slice(&(word + modulus).to_be_bytes::<32>());
        match NonSignerCertificate::decode_call(&moved) {
            Err(DecodeError::Point { reason, .. }) => {
                assert_eq!(reason, InvalidReason::NonCanonical);
                points += 1;
            }
            // The message's hash is no coordinate, and d + p is another message.
            Ok(changed) => assert_ne!(changed.message_hash, digest()),
            // Quorum numbers stand at the left end of a word.
            Err(fault) => assert_eq!(fault, DecodeError::NotCanonical),
        }
    }
    // Two quorum keys, one non-signer, the signature: two words each; the key in G2: four.
    assert_eq!(points, 12);
}

#[test]
fn infinity_is_refused_for_keys_aggregates_and_signatures() {
    assert_eq!(Key::bn254(&[0; 64], None), Err(InvalidReason::Infinity));
    assert_eq!(
        Key::bls12381(&[&[0xc0][..], &[0; 47]].concat()),
        Err(InvalidReason::Infinity)
    );
    let fault = tutti_domain::PointFault(InvalidReason::Infinity);
    for twins in BOTH {
        let set = rig::set(twins);
        let ask = |change: fn(&mut NonSignerCertificate)| {
            let mut given = certificate(&operators(), &[0], &[], digest());
            change(&mut given);
            Question::new().ask(&set, &given)
        };
        let signature = ask(|c| c.signature = Wire::Infinity);
        assert_eq!(signature, Outcome::Reject(Reason::SignaturePoint(fault)));
        let key = ask(|c| c.apk_g2 = Wire::Infinity);
        assert_eq!(key, Outcome::Reject(Reason::SuppliedKeyPoint(fault)));
        let quorum = ask(|c| c.quorum_apks[0] = Wire::Infinity);
        assert_eq!(quorum, Outcome::Reject(Reason::OtherQuorumApk(0)));
    }
}

#[test]
fn nothing_is_accepted_without_weight_and_a_signer() {
    // The only operator with weight stays away; another one, of no weight, signs.
    let operators = [Operator::new(11, &[(0, 5)]), Operator::new(12, &[(0, 0)])];
    let lax = rig::share(1, u64::MAX, Rounding::FloorGe);
    for twins in BOTH {
        let set = rig::set_of(rig::draft(&operators, twins));
        let question = Question {
            policy: lax.clone(),
            ..Question::new()
        };
        let weightless = certificate(&operators, &[0], &[0], digest());
        let outcome = question.ask(&set, &weightless);
        assert_eq!(outcome, Outcome::Reject(Reason::NoSignedWeight(0)));
        let nobody = certificate(&operators, &[0], &[0, 1], digest());
        let judgement = nobody.judge(&question.case(&set));
        let failed = |step| {
            judgement
                .checks()
                .iter()
                .any(|check| check.step == step && matches!(check.finding, Finding::Failed(_)))
        };
        assert!(failed(Step::SignerCount) && failed(Step::SignedWeight));
        let two = std::num::NonZeroU32::new(2).expect("two");
        let question = Question {
            policy: lax.clone().with_least_signers(two),
            ..Question::new()
        };
        let alone = certificate(&operators, &[0], &[1], digest());
        let few = Reason::TooFewSigners {
            signers: 1,
            least: 2,
        };
        assert_eq!(question.ask(&set, &alone), Outcome::Reject(few));
        assert!(accepted(
            &question.ask(&set, &certificate(&operators, &[0], &[], digest()))
        ));
    }
}

#[test]
fn signed_and_absent_weights_add_up_to_the_total() {
    let operators = operators();
    for twins in BOTH {
        let set = rig::set(twins);
        for absentees in 0u32..1 << operators.len() {
            let absent: Vec<usize> = (0..5).filter(|i| absentees >> i & 1 == 1).collect();
            let given = certificate(&operators, &[0, 1, 5], &absent, digest());
            let judgement = given.judge(&Question::new().case(&set));
            for tally in judgement.tallies() {
                let away: U256 = tally.absent.iter().map(|absentee| absentee.weight).sum();
                assert_eq!(tally.signed + away, tally.total, "{absent:?}");
                let (all, signed) = (tally.operators, tally.signers);
                let away = tally.absent.len() as u32;
                assert_eq!(all, signed.map(|signed| signed + away), "{absent:?}");
            }
            assert_eq!(judgement.tallies().len(), 3);
        }
    }
}

#[test]
fn weights_that_do_not_subtract_are_refused_without_wrapping() {
    // A registry whose stated total is smaller than what a member is said to hold is no set; one
    // whose witnessed weights exceed it is refused when it is used.
    let mut draft = rig::draft(&operators(), Twins::Unknown);
    draft.columns[0].1 = Some(U256::from(99));
    assert!(draft.check(&Limits::default()).is_err());
}

#[test]
fn supplied_keys_are_tied_to_the_sets() {
    // Keys that cancel between signature and key: forged for any digest where nothing ties them.
    for (key, signer) in [(77, 77), (3_006, 77), (77, 3_006)] {
        for twins in BOTH {
            let mut forged = certificate(&operators(), &[0], &[], digest());
            forged.apk_g2 = Wire::Point(g2(key));
            forged.signature = Wire::Point(rig::sign(digest(), signer));
            let outcome = Question::new().ask(&rig::set(twins), &forged);
            assert!(
                matches!(outcome, Outcome::Reject(_)),
                "{key} {signer} {outcome:?}"
            );
        }
    }
}

fn output_root(chain: u64) -> Subject {
    let root = OutputRootV0 {
        state_root: [1; 32],
        message_passer_storage_root: [2; 32],
        block_hash: [3; 32],
        l2_block_number: 7,
    };
    let statement = Statement::new(U256::from(chain), Body::OpOutputRoot(root));
    Subject::new(statement.expect("a statement"), SigningContext::Raw).expect("signed raw")
}

#[test]
fn digests_are_computed_of_statements_and_opaque_ones_are_no_evidence() {
    let set = rig::set(Twins::Known);
    let subject = output_root(10);
    let given = certificate(&operators(), &[0], &[], subject.digest());
    let evidential = rig::two_thirds().with_grade(Grade::Evidential);
    let ask = |subject: Subject, policy: tutti_domain::Policy| {
        let question = Question {
            subject,
            policy,
            ..Question::new()
        };
        question.ask(&set, &given)
    };
    assert!(accepted(&ask(subject.clone(), evidential.clone())));
    let opaque = Subject::opaque(subject.digest());
    assert!(accepted(&ask(opaque.clone(), rig::two_thirds())));
    assert_eq!(
        ask(opaque, evidential),
        Outcome::Reject(Reason::NotEvidential)
    );
    // An output root names no chain: the caller's word is enough for one scope and not for the
    // other.
    let (here, there) = (U256::from(10), U256::from(11));
    let scoped = |scope| ask(output_root(10), rig::two_thirds().with_scope(scope));
    assert!(accepted(&scoped(ReplayScope::Chain(here))));
    let other = |policy| Outcome::Reject(Reason::OtherChain { policy });
    assert_eq!(scoped(ReplayScope::Chain(there)), other(there));
    assert_eq!(scoped(ReplayScope::ChainSigned(here)), other(here));
}

#[test]
fn a_certificate_is_of_one_set_and_one_reference() {
    let given = certificate(&operators(), &[0], &[], digest());
    let mut later = rig::draft(&operators(), Twins::Known);
    later.reference = Reference::new(ReferenceKind::Block, 1_001);
    later.validity = Validity::only(1_001);
    let outcome = Question::new().ask(&rig::set_of(later.clone()), &given);
    assert!(matches!(
        outcome,
        Outcome::Reject(Reason::OtherReference { .. })
    ));
    // Where the set says that it is true for both, it is.
    later.validity.from = 1_000;
    assert!(accepted(&Question::new().ask(&rig::set_of(later), &given)));
    let mut epochs = rig::draft(&operators(), Twins::Known);
    epochs.reference.kind = ReferenceKind::Epoch;
    let outcome = Question::new().ask(&rig::set_of(epochs), &given);
    assert!(matches!(
        outcome,
        Outcome::Reject(Reason::OtherReference { .. })
    ));
    // What was accepted names set, statement, digest and policy.
    let set = rig::set(Twins::Known);
    let question = Question::new();
    let Outcome::Accept(acceptance) = question.ask(&set, &given) else {
        panic!("the good one");
    };
    assert_eq!(acceptance.set(), set.id());
    assert_eq!(acceptance.policy(), question.policy.id());
    assert_eq!(acceptance.signed_digest(), digest());
    assert_eq!(acceptance.statement(), question.subject.statement().id());
}

#[test]
fn keys_without_proof_of_possession_are_not_added_up() {
    // The classic: a key made as the difference to another's, which then signs for both.
    let honest = Operator::new(21, &[(0, 50)]);
    let rogue = Key::Bn254 {
        g1: Member::check((g1(90) - g1(21)).into()).expect("prime order"),
        g2: Some(Member::check((g2(90) - g2(21)).into()).expect("a difference of multiples")),
    };
    let mut draft = rig::draft(&[honest], Twins::Known);
    draft.members.push(MemberDraft {
        key: rogue,
        possession: Possession::None,
        weights: vec![(0, U256::from(50))],
    });
    let mut forged = certificate(&operators(), &[0], &[], digest());
    forged.quorum_apks = vec![Wire::Point(g1(90))];
    forged.apk_g2 = Wire::Point(g2(90));
    forged.signature = Wire::Point(rig::sign(digest(), 90));
    let question = Question::new();
    let outcome = question.ask(&rig::set_of(draft.clone()), &forged);
    assert_eq!(outcome, Outcome::Reject(Reason::PossessionUnproven(1)));
    // It is for the proof alone that this is refused.
    draft.members[1].possession = Possession::AttestedBySource;
    assert!(accepted(&question.ask(&rig::set_of(draft), &forged)));
}

/// Certificates of two sets, with and without keys in G2, good and bad, as claims.
fn claims<'a>(question: &Question, sets: &'a [OperatorSet]) -> Vec<(Claim, &'a OperatorSet)> {
    let mut claims = Vec::new();
    for set in sets {
        for (place, absent) in [&[][..], &[1], &[4], &[1, 4]].into_iter().enumerate() {
            let mut given = certificate(&operators(), &[0, 1], absent, digest());
            if place == 2 {
                given.signature = Wire::Point(rig::sign(digest(), 4_321));
            }
            claims.push((
                given
                    .judge(&question.case(set))
                    .into_claim()
                    .expect("a claim"),
                set,
            ));
        }
    }
    claims
}

fn run(backend: &CpuBackend, work: Work) -> Vec<Verdict> {
    let slice = WorkSlice::whole(std::sync::Arc::new(work));
    let batch = Batch::of(vec![slice], Challenge([7; 32]));
    let completion = tutti_backend::run(backend, batch).expect("the backend takes the batch");
    let outcomes = completion.result.expect("no device fault");
    match outcomes.into_iter().next() {
        Some(Outcomes::Verdicts(verdicts)) => verdicts,
        other => panic!("{other:?}"),
    }
}

#[test]
fn certificates_of_any_sets_share_batches_and_keep_their_own_answers() {
    let question = Question::new();
    let sets = [
        rig::set(Twins::Known),
        rig::set(Twins::Unknown),
        rig::set_of(rig::draft(&operators()[..4], Twins::Known)),
    ];
    // The third set lacks operator 4, who is in neither quorum.
    let mut claims = claims(&question, &sets[..2]);
    let short = certificate(&operators()[..4], &[0, 1], &[1], digest());
    claims.push((
        short
            .judge(&question.case(&sets[2]))
            .into_claim()
            .expect("a claim"),
        &sets[2],
    ));
    let mut obligations: Vec<&Obligation> =
        claims.iter().map(|(claim, _)| claim.obligation()).collect();
    let nothing = Obligation::Nothing;
    obligations.push(&nothing);
    let alone: Vec<Verdict> = obligations
        .iter()
        .map(|obligation| obligation.verdict())
        .collect();
    let (works, places) = Docket::new(&obligations).into_works();
    assert_eq!(works.len(), 2, "one of signatures, one of products");
    let config = CpuConfig::new(1, &Limits::default());
    let backend = CpuBackend::new(&config).expect("threads can be started");
    let answers: Vec<_> = works.into_iter().map(|work| run(&backend, work)).collect();
    let together = places.verdicts(&answers);
    assert_eq!(together, alone);
    assert_eq!(
        together
            .iter()
            .filter(|verdict| !verdict.is_valid())
            .count(),
        2
    );
    for ((claim, set), verdict) in claims.into_iter().zip(together) {
        match claim.conclude(verdict, &question.standing) {
            Outcome::Accept(acceptance) => assert_eq!(acceptance.set(), set.id()),
            Outcome::Reject(reason) => assert_eq!(reason, Reason::SignatureInvalid),
            Outcome::Indeterminate(cause) => panic!("{cause}"),
        }
    }
    assert_eq!(
        places
            .verdicts(&[])
            .into_iter()
            .filter(|v| matches!(v, Verdict::Undecided(_)))
            .count(),
        9,
        "what nobody answered is undecided"
    );
}

#[test]
fn a_fault_is_never_a_rejection_and_never_an_acceptance() {
    let question = Question::new();
    let set = [rig::set(Twins::Known)];
    for cause in UndecidedCause::ALL {
        for (claim, _) in claims(&question, &set) {
            let outcome = claim.conclude(Verdict::Undecided(cause), &question.standing);
            assert_eq!(outcome, Outcome::Indeterminate(Cause::Backend(cause)));
        }
    }
}

#[test]
fn explanation_and_verdict_are_one_list() {
    // Everything wrong at once: each fault is listed, and the first one is the verdict.
    let set = rig::set(Twins::Known);
    let mut broken = certificate(&operators(), &[0, 1], &[0, 2], digest());
    broken.quorum_apks[1] = Wire::Point(g1(9));
    broken.apk_g2 = Wire::Point(g2(9));
    let mut question = Question::new();
    question.standing.state = SetState::Superseded;
    question.subject = Subject::opaque(tutti_domain::B256::repeat_byte(1));
    let judgement = broken.judge(&question.case(&set));
    let reasons: Vec<Reason> = judgement
        .checks()
        .iter()
        .filter_map(|check| match &check.finding {
            Finding::Failed(reason) => Some(reason.clone()),
            _ => None,
        })
        .collect();
    let below = |column, signed: u64| Reason::ThresholdNotMet {
        column,
        signed: U256::from(signed),
        needed: U256::from(66),
    };
    assert_eq!(reasons.len(), 6, "{reasons:#?}");
    assert_eq!(reasons[0], Reason::SetSuperseded);
    assert!(matches!(reasons[1], Reason::OtherMessage { .. }));
    assert_eq!(
        reasons[2..],
        [
            Reason::OtherQuorumApk(1),
            Reason::SuppliedKeyOther,
            below(0, 30),
            below(1, 50)
        ]
    );
    assert_eq!(
        judgement.objection(),
        Some(Objection::Reject(reasons[0].clone()))
    );
    // Who is missing, how much, and whether it can still be had.
    let tally = &judgement.tallies()[0];
    let missing: Vec<_> = tally.absent.iter().map(|a| (a.index, a.weight)).collect();
    let mut expected = vec![(0, U256::from(50)), (2, U256::from(20))];
    expected.sort_by_key(|(index, _)| set.members()[*index as usize].id);
    assert_eq!(missing, expected);
    assert_eq!(tally.needs[0].missing(), U256::from(36));
    assert!(tally.needs[0].reachable());
    assert!(tally.reachable_without(&[2]));
    assert!(!tally.reachable_without(&[0]));
    let explained = judgement.explain(None);
    let last = explained.last().expect("the signature's own check");
    assert_eq!(
        (last.step, &last.finding),
        (Step::Signature, &Finding::NotReached)
    );
}

#[test]
fn lists_that_share_bytes_are_refused_before_they_are_copied() {
    // 4,000 offsets that all point to one list of 4,000 words: sixteen million, if believed.
    let word = |number: usize| U256::from(number).to_be_bytes::<32>();
    let mut call = certificate(&operators(), &[0], &[], digest()).encode_call();
    let start = call.len() - 4;
    let params_at = U256::from_be_slice(&call[4 + 96..4 + 128]).to::<usize>();
    let slot = 4 + params_at + 32 * 11;
    call[slot..slot + 32].copy_from_slice(&word(start - params_at));
    call.extend(word(4_000));
    for _ in 0..4_000 {
        call.extend(word(4_000 * 32));
    }
    call.extend(word(4_000));
    for _ in 0..4_000 {
        call.extend(word(0));
    }
    assert_eq!(
        NonSignerCertificate::decode_call(&call),
        Err(DecodeError::Aliased)
    );
}
