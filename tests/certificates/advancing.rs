//! New sets on the word of those before them: NFFL, Symbiotic, `EigenLayer`'s tables.

use std::sync::Arc;

use tutti_curves::Wire;
use tutti_domain::eigen::{MultichainCertificate, TableInclusion, merkle, table_leaf};
use tutti_domain::symbiotic::{
    Settlement, SymbioticCertificate, ValidatorSetHeader, validators_of,
};
use tutti_domain::{
    Acceptance, B256, Case, Judgement, KeyKind, Outcome, Present, Provenance, Reference,
    ReferenceKind, Register, RegisterError, Roster, Rounding, SetState, Standing, Stored, Subject,
    Succession, SuccessionError, U256, Validity,
};
use tutti_statements::eigen::GlobalTableRoot;
use tutti_types::Limits;

use crate::made::successors::{
    ROOT_TIME, bn254_table, ecdsa_table, epoch_set, generator, header_of, settlement,
};
use crate::rig::{self, Question, Twins, g2};

fn accept(judgement: Judgement, standing: &Standing) -> Acceptance {
    let claim = judgement.into_claim().expect("a claim");
    let verdict = claim.obligation().verdict();
    match claim.conclude(verdict, standing) {
        Outcome::Accept(acceptance) => acceptance,
        other => panic!("{other:?}"),
    }
}

fn signed_by_epoch(epoch: u64, subject: &Subject) -> Acceptance {
    let set = epoch_set(epoch);
    let secret = (0..4).map(|i| 5_000 + 10 * epoch + i).sum();
    let certificate = SymbioticCertificate {
        epoch,
        message: subject.digest(),
        signature: Wire::Point(rig::sign(subject.digest(), secret)),
        apk_g2: Wire::Point(g2(secret)),
        validators: validators_of(&set),
        non_signers: Vec::new(),
    };
    let question = Question {
        subject: subject.clone(),
        ..Question::new()
    };
    accept(certificate.judge(&question.case(&set)), &question.standing)
}

#[test]
fn sets_advance_only_by_proof_from_the_previous_one() {
    let policy = rig::two_thirds();
    let mut register = Register::new(&Limits::default());
    register
        .put(epoch_set(1))
        .expect("the first, by the operator");
    let next = epoch_set(2);
    let succession = Succession::symbiotic(next.clone(), &header_of(&next), &settlement());
    let succession = succession.expect("the header is the set's");
    let by_first = signed_by_epoch(1, succession.subject());
    // Another policy than the one for new sets.
    let lax = rig::share(1, 100, Rounding::FloorGe);
    assert_eq!(
        register.advance(&succession, &by_first, &lax),
        Err(RegisterError::OtherPolicy)
    );
    // Signed by a set that is not stored, and by the new set itself.
    let by_second = signed_by_epoch(2, succession.subject());
    assert_eq!(
        register.advance(&succession, &by_second, &policy),
        Err(RegisterError::UnknownSet(next.id()))
    );
    // A certificate over something else.
    let elsewhere = signed_by_epoch(1, &Subject::opaque(rig::digest()));
    assert_eq!(
        register.advance(&succession, &elsewhere, &policy),
        Err(RegisterError::OtherCommitment)
    );
    assert_eq!(
        register.advance(&succession, &by_first, &policy),
        Ok(Stored::New)
    );
    assert_eq!(
        register.advance(&succession, &by_first, &policy),
        Ok(Stored::Known)
    );
    let (entry, state) = register.get(next.id()).expect("stored");
    assert_eq!(state, SetState::Active);
    assert!(matches!(entry.provenance, Provenance::AttestedBy { .. }));
    // No epoch is left out.
    let later = epoch_set(4);
    let succession = Succession::symbiotic(later.clone(), &header_of(&later), &settlement());
    let succession = succession.expect("the header is the set's");
    let by_second = signed_by_epoch(2, succession.subject());
    assert!(matches!(
        register.advance(&succession, &by_second, &policy),
        Err(RegisterError::AttesterNotEntitled(_))
    ));
}

#[test]
fn disabled_and_superseded_sets_attest_no_successor() {
    let policy = rig::two_thirds();
    let next = epoch_set(2);
    let succession = Succession::symbiotic(next.clone(), &header_of(&next), &settlement());
    let succession = succession.expect("the header is the set's");
    let acceptance = signed_by_epoch(1, succession.subject());
    let mut register = Register::new(&Limits::default());
    register.put(epoch_set(1)).expect("the first");
    register.disable(epoch_set(1).id()).expect("stored");
    assert!(matches!(
        register.advance(&succession, &acceptance, &policy),
        Err(RegisterError::AttesterDisabled(_))
    ));
    let mut register = Register::new(&Limits::default());
    register.put(epoch_set(1)).expect("the first");
    register.put(epoch_set(3)).expect("a later one");
    assert!(matches!(
        register.advance(&succession, &acceptance, &policy),
        Err(RegisterError::AttesterNotEntitled(_))
    ));
}

#[test]
fn a_header_that_is_not_the_sets_is_refused_by_field() {
    let next = epoch_set(2);
    let refused = |change: fn(&mut ValidatorSetHeader)| {
        let mut header = header_of(&next);
        change(&mut header);
        Succession::symbiotic(next.clone(), &header, &settlement()).expect_err("another set's")
    };
    let names = [
        refused(|h| h.version = 2),
        refused(|h| h.epoch = 3),
        refused(|h| h.total_voting_power += U256::ONE),
        refused(|h| h.quorum_threshold = h.total_voting_power + U256::ONE),
        refused(|h| h.validators_ssz_root = B256::ZERO),
        refused(|h| h.extra[0].1 = B256::ZERO),
        refused(|h| h.extra[1].1 = B256::ZERO),
        refused(|h| h.required_key_tag = 14),
    ];
    let expected = [
        "the version",
        "the epoch",
        "the total voting power",
        "the quorum threshold",
        "the validators root",
        "the hash of validators",
        "the aggregate key",
        "the hash of validators",
    ];
    assert_eq!(names, expected.map(SuccessionError::Header));
    let digest = |settlement: &Settlement, header: &ValidatorSetHeader| {
        header.digest(settlement).expect("numbers fit")
    };
    let mut other = settlement();
    other.subnetwork = B256::ZERO;
    let header = header_of(&next);
    assert_ne!(digest(&settlement(), &header), digest(&other, &header));
}

#[test]
fn nffl_sets_advance_one_id_at_a_time() {
    let operators = rig::operators();
    let mut first = rig::draft(&operators[..2], Twins::Known);
    first.members[0].weights.truncate(1);
    first.columns.truncate(1);
    first.validity.until = u64::MAX;
    let first = Arc::new(rig::set_of(first));
    let mut next = rig::draft(&operators[1..2], Twins::Known);
    next.reference.at += 1;
    next.validity = Validity::only(next.reference.at);
    let next = Arc::new(rig::set_of(next));
    let succession = Succession::nffl(next.clone(), 1_700_000_000).expect("one weight each");
    let mut signers = operators[..2].to_vec();
    signers[0].stakes.truncate(1);
    let digest = succession.subject().digest();
    let certificate = rig::certificate(&signers, &[0], &[], digest);
    let question = Question {
        subject: succession.subject().clone(),
        ..Question::new()
    };
    let acceptance = accept(
        certificate.judge(&question.case(&first)),
        &question.standing,
    );
    let mut register = Register::new(&Limits::default());
    register.put(first).expect("the first");
    assert_eq!(
        register.advance(&succession, &acceptance, &question.policy),
        Ok(Stored::New)
    );
    let two_quorums = Arc::new(rig::set(Twins::Known));
    assert_eq!(
        Succession::nffl(two_quorums, 0).err(),
        Some(SuccessionError::Member(0))
    );
}

#[test]
fn tables_in_an_attested_root_become_sets() {
    let tables = [bn254_table(0xaa), ecdsa_table(), bn254_table(0x99)];
    let leaves: Vec<B256> = tables.iter().map(|table| table_leaf(table)).collect();
    let root = GlobalTableRoot {
        root: merkle::root(&leaves).0,
        reference_timestamp: ROOT_TIME,
        reference_block_number: 20_000_000,
    };
    let proofs: Vec<Vec<u8>> = (0..3).map(|index| merkle::proof(&leaves, index)).collect();
    let succession = |index: usize, table: &[u8]| {
        let inclusion = TableInclusion {
            table,
            index: index as u32,
            proof: &proofs[index],
        };
        Succession::eigen_table(root, inclusion, &generator(), &Limits::default())
    };
    let bn254 = succession(0, &tables[0]).expect("in the root");
    let ecdsa = succession(1, &tables[1]).expect("in the root");
    assert_eq!(
        succession(2, &tables[2]).err(),
        Some(SuccessionError::OwnGenerator)
    );
    assert!(matches!(
        succession(1, &tables[0]),
        Err(SuccessionError::NotInRoot(_))
    ));

    let message_hash = B256::from(*bn254.subject().statement().upstream_hash().as_bytes());
    let mut certificate = MultichainCertificate {
        reference_timestamp: 1,
        message_hash,
        signature: Wire::Infinity,
        apk_g2: Wire::Point(g2(69)),
        witnesses: Vec::new(),
    };
    certificate.signature = Wire::Point(rig::sign(certificate.signed_digest(), 69));
    let (policy, standing) = (
        rig::two_thirds(),
        Standing::new(SetState::Active, Present::default()),
    );
    let generator = Arc::new(generator());
    let case = Case {
        set: &generator,
        standing: &standing,
        subject: bn254.subject(),
        policy: &policy,
    };
    let acceptance = accept(certificate.judge(&case), &standing);
    let mut register = Register::new(&Limits::default());
    register.put(generator).expect("by the operator");
    assert_eq!(
        register.advance(&bn254, &acceptance, &policy),
        Ok(Stored::New)
    );
    assert_eq!(
        register.advance(&ecdsa, &acceptance, &policy),
        Ok(Stored::New)
    );

    let set = bn254.next();
    assert_eq!(
        set.reference(),
        Reference::new(ReferenceKind::Timestamp, u64::from(ROOT_TIME))
    );
    assert_eq!(set.validity().max_staleness, Some(86_400));
    assert_eq!(set.aggregates()[0].operators, Some(7));
    assert!(matches!(set.roster(), Roster::Witnessed { .. }));
    assert_eq!(ecdsa.next().key_kind(), KeyKind::Ecdsa);
    assert_eq!(ecdsa.next().columns()[0].total, U256::from(6));
}

#[test]
fn every_bit_of_a_table_counts() {
    let leaves = [table_leaf(&bn254_table(0xaa)), table_leaf(&ecdsa_table())];
    let root = GlobalTableRoot {
        root: merkle::root(&leaves).0,
        reference_timestamp: ROOT_TIME,
        reference_block_number: 20_000_000,
    };
    let proof = merkle::proof(&leaves, 0);
    let table = bn254_table(0xaa);
    for bit in 0..8 * table.len() {
        let mut flipped = table.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let inclusion = TableInclusion {
            table: &flipped,
            index: 0,
            proof: &proof,
        };
        let refused = Succession::eigen_table(root, inclusion, &generator(), &Limits::default());
        assert!(
            matches!(refused, Err(SuccessionError::NotInRoot(_))),
            "bit {bit}"
        );
    }
}
