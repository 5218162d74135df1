//! What is held against a member, and what is not: only its own two signatures on statements that
//! contradict each other in what was signed.

use tutti_curves::{Group, Hashing, Member, PointHash, Wire, bls12_381};
use tutti_domain::ecdsa::Signature;
use tutti_domain::{
    B256, Evidence, EvidenceFault, EvidenceOutcome, Key, KeyKind, Layout, MemberDraft,
    MemberSignature, Obligation, OperatorSet, Possession, SetDraft, Subject, Testimony, U256,
};
use tutti_statements::ethereum::{
    AttestationData, BeaconBlockHeader, Checkpoint, DomainType, SigningDomain,
};
use tutti_statements::messages::{WormholeHead, WormholeMessage};
use tutti_statements::nffl::StateRootUpdate;
use tutti_statements::optimism::OutputRootV0;
use tutti_statements::{Body, SigningContext, Statement};
use tutti_types::{HashVariant, InvalidReason, Part, UndecidedCause, Verdict};

use crate::rig::{self, Twins, g2, operators};

fn subject(chain: u64, body: Body, context: SigningContext) -> Subject {
    let statement = Statement::new(U256::from(chain), body).expect("a statement");
    Subject::new(statement, context).expect("signed so")
}

fn state_root(height: u64, root: u8) -> Subject {
    let update = StateRootUpdate {
        rollup_id: 7,
        block_height: height,
        timestamp: 3,
        near_da_transaction_id: [4; 32],
        near_da_commitment: [5; 32],
        state_root: [root; 32],
    };
    subject(7, Body::NfflStateRoot(update), SigningContext::Raw)
}

fn bn254(secret: u64, subject: Subject) -> Testimony {
    let signature = rig::sign(subject.digest(), secret);
    Testimony {
        signature: MemberSignature::Bn254(Wire::Point(signature)),
        subject,
    }
}

fn evidence(member: u32, testimonies: [Testimony; 2]) -> Evidence {
    Evidence {
        member,
        twin: None,
        testimonies,
    }
}

/// Decided by the oracle.
fn outcome(set: &OperatorSet, evidence: &Evidence) -> EvidenceOutcome {
    match evidence.examine(set) {
        Err(fault) => EvidenceOutcome::Refuted(fault),
        Ok(accusation) => {
            let verdicts: Vec<Verdict> = accusation
                .obligations()
                .iter()
                .map(Obligation::verdict)
                .collect();
            accusation.conclude(&verdicts)
        }
    }
}

fn refuted(set: &OperatorSet, testimonies: [Testimony; 2]) -> EvidenceFault {
    match outcome(set, &evidence(0, testimonies)) {
        EvidenceOutcome::Refuted(fault) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn evidence_is_the_accuseds_own_two_signatures_on_statements_that_contradict() {
    let set = rig::set(Twins::Known);
    let secrets: Vec<u64> = operators().iter().map(|operator| operator.secret).collect();
    let both = |first, second| {
        [
            bn254(first, state_root(9, 1)),
            bn254(second, state_root(9, 2)),
        ]
    };
    for (member, &secret) in (0..).zip(&secrets) {
        let proven = outcome(&set, &evidence(member, both(secret, secret)));
        assert_eq!(proven, EvidenceOutcome::Proven);
        // Nobody else's, and not one of each.
        for &other in secrets.iter().filter(|other| **other != secret) {
            let first = EvidenceOutcome::Refuted(EvidenceFault::SignatureInvalid(1));
            let second = EvidenceOutcome::Refuted(EvidenceFault::SignatureInvalid(2));
            assert_eq!(outcome(&set, &evidence(member, both(other, other))), first);
            assert_eq!(
                outcome(&set, &evidence(member, both(secret, other))),
                second
            );
        }
    }
    let alone = both(secrets[0], secrets[0]);
    let outside = EvidenceFault::UnknownMember {
        member: 5,
        members: 5,
    };
    assert_eq!(
        outcome(&set, &evidence(5, alone)),
        EvidenceOutcome::Refuted(outside)
    );
    // An aggregate of everybody is nobody's own.
    let all = secrets.iter().sum();
    assert_eq!(
        refuted(&set, both(all, all)),
        EvidenceFault::SignatureInvalid(1)
    );
}

#[test]
fn what_may_both_be_signed_is_no_evidence() {
    let set = rig::set(Twins::Known);
    let one = operators()[0].secret;
    let fault = |first, second| refuted(&set, [bn254(one, first), bn254(one, second)]);
    assert_eq!(
        fault(state_root(9, 1), state_root(9, 1)),
        EvidenceFault::Same
    );
    assert_eq!(
        fault(state_root(9, 1), state_root(10, 2)),
        EvidenceFault::Compatible
    );
    // A digest says nothing, even that of a statement that contradicts.
    let digest = state_root(9, 2).digest();
    for (first, second) in [
        (state_root(9, 1), Subject::opaque(digest)),
        (Subject::opaque(digest), state_root(9, 1)),
        (
            Subject::opaque(B256::repeat_byte(1)),
            Subject::opaque(digest),
        ),
    ] {
        assert_eq!(fault(first, second), EvidenceFault::Opaque);
    }
}

/// The accuser says for which chain and which height a statement was; only what was signed counts.
#[test]
fn what_only_the_accuser_says_is_not_held_against_the_signer() {
    let set = rig::set(Twins::Known);
    let one = operators()[0].secret;
    let root = |byte| {
        let root = OutputRootV0 {
            state_root: [byte; 32],
            message_passer_storage_root: [2; 32],
            block_hash: [3; 32],
            l2_block_number: 7,
        };
        subject(10, Body::OpOutputRoot(root), SigningContext::Raw)
    };
    assert_eq!(
        refuted(&set, [bn254(one, root(1)), bn254(one, root(2))]),
        EvidenceFault::ChainNotSigned
    );
    // Many batches refer to one block.
    let batch = |byte| {
        let batch = tutti_statements::eigen::EigenDaBatch {
            batch_root: [byte; 32],
            reference_block_number: 5,
        };
        subject(0, Body::EigenDaBatch(batch), SigningContext::Raw)
    };
    assert_eq!(
        refuted(&set, [bn254(one, batch(1)), bn254(one, batch(2))]),
        EvidenceFault::Compatible
    );
    let eip191 = |subject: Subject| {
        Subject::new(subject.statement().clone(), SigningContext::Eip191).expect("signed so")
    };
    assert_eq!(
        refuted(
            &set,
            [
                bn254(one, state_root(9, 1)),
                bn254(one, eip191(state_root(9, 2)))
            ]
        ),
        EvidenceFault::OtherContext
    );
}

#[test]
fn one_signature_for_two_digests_on_one_point_is_no_evidence() {
    let set = rig::set(Twins::Known);
    let one = operators()[0].secret;
    let first = bn254(one, state_root(9, 1));
    let second = Testimony {
        subject: state_root(9, 2),
        ..first.clone()
    };
    assert_eq!(refuted(&set, [first, second]), EvidenceFault::SamePoint);
}

#[test]
fn a_set_without_keys_in_the_second_group_needs_the_accuseds() {
    let set = rig::set(Twins::Unknown);
    let one = operators()[0].secret;
    let both = [bn254(one, state_root(9, 1)), bn254(one, state_root(9, 2))];
    assert_eq!(refuted(&set, both.clone()), EvidenceFault::TwinMissing);
    let with = |secret: u64, signer: u64| Evidence {
        twin: Some(Member::check(g2(secret)).expect("a multiple")),
        ..evidence(
            0,
            [
                bn254(signer, state_root(9, 1)),
                bn254(signer, state_root(9, 2)),
            ],
        )
    };
    assert_eq!(outcome(&set, &with(one, one)), EvidenceOutcome::Proven);
    // Somebody else's key with their own two signatures.
    assert_eq!(
        outcome(&set, &with(77, 77)),
        EvidenceOutcome::Refuted(EvidenceFault::OtherTwin)
    );
}

const SECRETS: [u128; 3] = [3, 5, 7];

fn validators() -> OperatorSet {
    let member = |secret: u128| {
        let point = bls12_381::G1::mul(&bls12_381::G1::generator(), secret);
        let point = bls12_381::G1::to_affine(&point).expect("finite");
        MemberDraft {
            key: Key::Bls12381(Member::check(point).expect("a multiple")),
            possession: Possession::None,
            weights: vec![(0, U256::ONE)],
        }
    };
    rig::set_of(SetDraft {
        keys: KeyKind::Bls12381,
        layout: Layout::StakeTypes,
        columns: vec![(0, None)],
        members: SECRETS.map(member).to_vec(),
        ..rig::draft(&[], Twins::Unknown)
    })
}

fn bls12381(member: usize, subject: Subject) -> Testimony {
    let hashing = Hashing::Rfc9380 {
        variant: HashVariant::RandomOracle,
        dst: b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_",
    };
    let point = bls12_381::G2::hash(hashing, subject.digest().as_slice(), &[]);
    let signature = bls12_381::G2::mul(&point.expect("a point"), SECRETS[member]);
    Testimony {
        signature: MemberSignature::Bls12381(Wire::Point(
            bls12_381::G2::to_affine(&signature).expect("finite"),
        )),
        subject,
    }
}

fn domain(domain_type: DomainType, version: u8) -> SigningContext {
    SigningContext::Ethereum(SigningDomain {
        domain_type,
        fork_version: [version, 0, 0, 0],
        genesis_validators_root: [9; 32],
    })
}

fn vote(source: u64, target: u64, root: u8) -> Subject {
    let checkpoint = |epoch| Checkpoint {
        epoch,
        root: [epoch as u8; 32],
    };
    let data = AttestationData {
        slot: 32 * target,
        index: 0,
        beacon_block_root: [root; 32],
        source: checkpoint(source),
        target: checkpoint(target),
    };
    let fork = if target < 100 { 4 } else { 5 };
    let context = domain(DomainType::BeaconAttester, fork);
    subject(1, Body::EthAttestation(data), context)
}

#[test]
fn double_and_surround_votes_are_evidence_and_later_votes_are_not() {
    let set = validators();
    let of = |first, second| {
        let both = [bls12381(1, first), bls12381(1, second)];
        outcome(&set, &evidence(1, both))
    };
    let refuted = EvidenceOutcome::Refuted;
    assert_eq!(of(vote(8, 9, 1), vote(8, 9, 2)), EvidenceOutcome::Proven);
    // Surrounding, either way round, and over a fork.
    assert_eq!(of(vote(5, 12, 1), vote(8, 9, 2)), EvidenceOutcome::Proven);
    assert_eq!(of(vote(8, 9, 1), vote(5, 12, 2)), EvidenceOutcome::Proven);
    assert_eq!(of(vote(5, 102, 1), vote(8, 9, 2)), EvidenceOutcome::Proven);
    assert_eq!(
        of(vote(8, 9, 1), vote(9, 10, 2)),
        refuted(EvidenceFault::Compatible)
    );
    assert_eq!(
        of(vote(8, 9, 1), vote(8, 9, 1)),
        refuted(EvidenceFault::Same)
    );
}

#[test]
fn two_blocks_of_one_slot_are_evidence_against_their_proposer_only() {
    let set = validators();
    let block = |proposer, root, domain_type| {
        let header = BeaconBlockHeader {
            slot: 77,
            proposer_index: proposer,
            parent_root: [1; 32],
            state_root: [root; 32],
            body_root: [2; 32],
        };
        subject(1, Body::EthBlockRoot(header), domain(domain_type, 4))
    };
    let of = |member: u32, proposer, domain_type| {
        let both = [
            bls12381(member as usize, block(proposer, 1, domain_type)),
            bls12381(member as usize, block(proposer, 2, domain_type)),
        ];
        outcome(&set, &evidence(member, both))
    };
    let proposing = DomainType::BeaconProposer;
    assert_eq!(of(2, 2, proposing), EvidenceOutcome::Proven);
    assert_eq!(
        of(2, 1, proposing),
        EvidenceOutcome::Refuted(EvidenceFault::OtherProposer(1))
    );
    // A sync committee votes for the head of each slot anew: a chain may be left for another.
    assert_eq!(
        of(2, 2, DomainType::SyncCommittee),
        EvidenceOutcome::Refuted(EvidenceFault::Revocable)
    );
}

fn guardian(payload: u8) -> Subject {
    let head = WormholeHead {
        timestamp: 1,
        nonce: 2,
        emitter_chain: 3,
        emitter_address: [4; 32],
        sequence: 5,
        consistency_level: 6,
    };
    let message = WormholeMessage::new(head, vec![payload]).expect("short");
    subject(3, Body::WormholeMessage(message), SigningContext::Wormhole)
}

#[test]
fn ecdsa_signatures_are_evidence_by_the_address_they_recover_to() {
    use k256::ecdsa::SigningKey;
    let key = SigningKey::from_slice(&[7; 32]).expect("a scalar");
    let sign = |subject: Subject| {
        let digest = subject.digest();
        let (signature, id) = key.sign_prehash_recoverable(digest.as_slice());
        let mut bytes = [27 + id.to_byte(); 65];
        bytes[..64].copy_from_slice(&signature.to_bytes());
        Testimony {
            signature: MemberSignature::Ecdsa(Signature::from_bytes(&bytes)),
            subject,
        }
    };
    let point = key.verifying_key().to_sec1_point(false);
    let hash = tutti_statements::keccak256(&[&point.as_bytes()[1..]]);
    let address = tutti_domain::Address::from_slice(&hash[12..]);
    let set = |address| {
        rig::set_of(SetDraft {
            keys: KeyKind::Ecdsa,
            layout: Layout::StakeTypes,
            columns: vec![(0, None)],
            members: vec![MemberDraft {
                key: Key::Ecdsa(address),
                possession: Possession::AttestedBySource,
                weights: vec![(0, U256::ONE)],
            }],
            ..rig::draft(&[], Twins::Unknown)
        })
    };
    let both = [sign(guardian(1)), sign(guardian(2))];
    let given = evidence(0, both.clone());
    assert_eq!(outcome(&set(address), &given), EvidenceOutcome::Proven);
    let other = set(tutti_domain::Address::repeat_byte(1));
    assert_eq!(
        outcome(&other, &given),
        EvidenceOutcome::Refuted(EvidenceFault::SignatureInvalid(1))
    );
    // A member whose key is of another kind.
    assert_eq!(
        refuted(&rig::set(Twins::Known), both),
        EvidenceFault::OtherKey
    );
}

#[test]
fn what_is_not_computed_proves_nothing() {
    let set = rig::set(Twins::Known);
    let one = operators()[0].secret;
    let both = [bn254(one, state_root(9, 1)), bn254(one, state_root(9, 2))];
    let accusation = evidence(0, both).examine(&set).expect("a contradiction");
    let invalid = Verdict::Invalid(InvalidReason::DoesNotVerify, Part::Whole);
    for cause in UndecidedCause::ALL {
        let undecided = EvidenceOutcome::Undecided(cause);
        let verdict = Verdict::Undecided(cause);
        assert_eq!(accusation.conclude(&[verdict, Verdict::Valid]), undecided);
        assert_eq!(accusation.conclude(&[Verdict::Valid, verdict]), undecided);
    }
    assert_ne!(accusation.conclude(&[]), EvidenceOutcome::Proven);
    assert_ne!(
        accusation.conclude(&[Verdict::Valid]),
        EvidenceOutcome::Proven
    );
    assert_eq!(
        accusation.conclude(&[Verdict::Valid, invalid]),
        EvidenceOutcome::Refuted(EvidenceFault::SignatureInvalid(2))
    );
}
