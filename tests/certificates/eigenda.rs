//! Real certificates of EigenDA, from what rollups posted to the end.

use tutti_curves::{Member, Wire, bn254};
use tutti_domain::eigen::{DaCertificate, DaRules, DaVersion};
use tutti_domain::{
    Judgement, Key, KeyKind, Layout, MemberDraft, OperatorSet, Outcome, Possession, Present,
    Reason, Reference, ReferenceKind, Roster, Rounding, Seating, SetDraft, SetState,
    StatedAggregate, Subject, U256, Validity,
};
use tutti_statements::eigen::EigenDaBatch;
use tutti_statements::{Body, SigningContext, Statement};

use crate::rig::{self, Question, Twins, operators};

/// Posted to Sepolia by rollups, blocks 9080069 and 9133435; carried over from Layr-Labs/eigenda,
/// `tools/integration_utils/data`.
const SEPOLIA: [&str; 2] = [
    include_str!("vectors/eigenda-v2-sepolia.hex"),
    include_str!("vectors/eigenda-v3-sepolia.hex"),
];

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text.trim().trim_start_matches("0x")).expect("hexadecimal")
}

/// What the registry stores at the reference block, as far as the certificate needs it. The
/// stakes are ours: nobody stayed away, so all that matters of them is that they are not zero.
fn registry(certificate: &DaCertificate) -> OperatorSet {
    registry_with(certificate, Vec::new())
}

fn registry_with(certificate: &DaCertificate, members: Vec<MemberDraft>) -> OperatorSet {
    let attestation = &certificate.attestation;
    let apk = |wire: &Wire<bn254::G1>| {
        let Wire::Point(point) = wire else {
            panic!("an aggregate key");
        };
        StatedAggregate {
            apk: Some(Member::check(*point).expect("prime order")),
            operators: None,
        }
    };
    let at = u64::from(attestation.reference_block);
    rig::set_of(SetDraft {
        name: rig::label("EigenDA"),
        reference: Reference::new(ReferenceKind::Block, at),
        validity: Validity::only(at),
        keys: KeyKind::Bn254,
        layout: Layout::Quorums,
        roster: Roster::Witnessed {
            possession: Possession::AttestedBySource,
        },
        seating: Seating::OnePerKey,
        columns: vec![(0, Some(U256::from(1_000))), (1, Some(U256::from(2_000)))],
        aggregates: attestation.quorum_apks.iter().map(apk).collect(),
        members,
        tree: None,
    })
}

fn question(batch: EigenDaBatch) -> Question {
    let statement = Statement::new(U256::from(11_155_111), Body::EigenDaBatch(batch));
    let subject = Subject::new(statement.expect("a statement"), SigningContext::Raw);
    let present = Present {
        block: Some(u64::from(batch.reference_block_number) + 100),
        ..Present::default()
    };
    Question {
        standing: tutti_domain::Standing::new(SetState::Active, present),
        subject: subject.expect("batches are signed raw"),
        policy: rig::share(55, 100, Rounding::ExactGe),
    }
}

fn settle(judgement: Judgement, question: &Question) -> Outcome {
    match judgement.into_claim() {
        Err(objection) => objection.into(),
        Ok(claim) => {
            let verdict = claim.obligation().verdict();
            claim.conclude(verdict, &question.standing)
        }
    }
}

fn real() -> [DaCertificate; 2] {
    SEPOLIA.map(|text| {
        let bytes = bytes(text);
        let certificate = DaCertificate::decode(&bytes).expect("decodes");
        assert_eq!(certificate.encode(), bytes, "and encodes to the same");
        certificate
    })
}

#[test]
fn sepolias_certificates_verify_end_to_end() {
    for certificate in real() {
        let question = question(certificate.batch);
        let set = registry(&certificate);
        let judgement = certificate.judge(&DaRules::deployed(), &question.case(&set));
        let outcome = settle(judgement, &question);
        let Outcome::Accept(acceptance) = outcome else {
            panic!("{:?}: {outcome:?}", certificate.version);
        };
        let signed: Vec<_> = acceptance
            .tallies()
            .iter()
            .map(|t| (t.column, t.signed))
            .collect();
        assert_eq!(signed, [(0, U256::from(1_000)), (1, U256::from(2_000))]);
    }
}

/// Posted to mainnet, reference block 23228139: of 128 operators 48 stayed away, 28 of them from
/// quorum 0 and 38 from quorum 1, as its stake indices say. Same source.
const MAINNET: &str = include_str!("vectors/eigenda-v3-mainnet.hex");

/// Which of them are in both quorums is nowhere in the certificate. Of all 2^48 choices this is
/// the only one whose aggregate key ties to the one in G2 (searched from both ends by pairings),
/// and it names 18 = 28 + 38 - 48 operators.
const IN_BOTH: u64 = 0x6277_808a_01c5;

fn mainnet(in_both: u64) -> Outcome {
    let certificate = DaCertificate::decode(&bytes(MAINNET)).expect("decodes");
    let mut only_in_quorum_0 = 10;
    let member = |(place, wire): (usize, &Wire<bn254::G1>)| {
        let Wire::Point(point) = wire else {
            panic!("a key");
        };
        let quorums = if in_both >> place & 1 == 1 {
            vec![0, 1]
        } else if only_in_quorum_0 > 0 {
            only_in_quorum_0 -= 1;
            vec![0]
        } else {
            vec![1]
        };
        MemberDraft {
            key: Key::Bn254 {
                g1: Member::check(*point).expect("prime order"),
                g2: None,
            },
            possession: Possession::AttestedBySource,
            weights: quorums
                .into_iter()
                .map(|quorum| (quorum, U256::ONE))
                .collect(),
        }
    };
    let members = certificate
        .attestation
        .non_signers
        .iter()
        .enumerate()
        .map(member);
    let set = registry_with(&certificate, members.collect());
    let question = question(certificate.batch);
    settle(
        certificate.judge(&DaRules::deployed(), &question.case(&set)),
        &question,
    )
}

#[test]
fn mainnets_certificate_with_48_non_signers_verifies() {
    assert_eq!(IN_BOTH.count_ones(), 18);
    let Outcome::Accept(acceptance) = mainnet(IN_BOTH) else {
        panic!("{:?}", mainnet(IN_BOTH));
    };
    let signed: Vec<_> = acceptance
        .tallies()
        .iter()
        .map(|tally| tally.signed)
        .collect();
    assert_eq!(signed, [U256::from(1_000 - 28), U256::from(2_000 - 38)]);
    // An operator of two quorums is taken out twice, and nobody else is.
    for place in 0..48 {
        let outcome = mainnet(IN_BOTH ^ 1 << place);
        let counted_otherwise = match &outcome {
            Outcome::Reject(Reason::SignatureInvalid) => true,
            // One more absence than the certificate has stake indices for.
            Outcome::Reject(Reason::LengthMismatch { name, .. }) => name.contains("of a quorum"),
            _ => false,
        };
        assert!(counted_otherwise, "{place}: {outcome:?}");
    }
}

#[test]
fn every_bit_of_a_real_certificate_counts() {
    let bytes = bytes(SEPOLIA[1]);
    let certificate = DaCertificate::decode(&bytes).expect("decodes");
    let (question, set) = (question(certificate.batch), registry(&certificate));
    let mut refused = 0;
    for bit in 0..8 * bytes.len() {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let Ok(changed) = DaCertificate::decode(&flipped) else {
            refused += 1;
            continue;
        };
        let judgement = changed.judge(&DaRules::deployed(), &question.case(&set));
        let outcome = settle(judgement, &question);
        // Where a contract looks into its history says nothing about the attestation.
        let only_history = {
            let mut same = changed.clone();
            same.attestation.indices = certificate.attestation.indices.clone();
            same == certificate
        };
        assert_eq!(
            matches!(outcome, Outcome::Accept(_)),
            only_history,
            "bit {bit}: {outcome:?}"
        );
        refused += usize::from(!only_history);
    }
    println!(
        "{refused} of {} single-bit changes refused",
        8 * bytes.len()
    );
    assert!(refused > 8 * bytes.len() - 64, "{refused}");
}

/// The list that the RLP of a certificate is, with something behind its last element.
fn appended(rlp: &[u8], element: &[u8]) -> Vec<u8> {
    assert_eq!(rlp[0], 0xf9, "a list of 256 to 65535 bytes");
    let items = [&rlp[3..], element].concat();
    let length = u16::try_from(items.len()).expect("still so long");
    [&[0xf9][..], &length.to_be_bytes(), &items].concat()
}

/// V4 is V3 and one number, which no operator signs: its bytes are put together here by hand from
/// what was posted.
#[test]
fn v4_names_its_derivation_and_is_otherwise_v3() {
    let v3 = bytes(SEPOLIA[1]);
    let given = DaCertificate::decode(&v3).expect("decodes");
    for (version, element) in [
        (0, &[0x80][..]),
        (1, &[1]),
        (200, &[0x81, 200]),
        (40_000, &[0x82, 0x9c, 0x40]),
    ] {
        let v4 = [&[1, 0, 3][..], &appended(&v3[3..], element)].concat();
        let decoded = DaCertificate::decode(&v4).expect("decodes");
        assert_eq!(decoded.encode(), v4);
        let derivation = DaVersion::V4 {
            derivation_version: version,
        };
        let expected = DaCertificate {
            version: derivation,
            ..given.clone()
        };
        assert_eq!(decoded, expected);
        let (question, set) = (question(decoded.batch), registry(&decoded));
        let ask = |derivation_version| {
            let rules = DaRules {
                derivation_version,
                ..DaRules::deployed()
            };
            settle(decoded.judge(&rules, &question.case(&set)), &question)
        };
        assert!(matches!(ask(version), Outcome::Accept(_)));
        let other = Reason::Parameters("another derivation version is in force");
        assert_eq!(ask(version + 1), Outcome::Reject(other));
    }
    // Not the shortest form, too large, too many, too few.
    for element in [&[0][..], &[0x81, 1], &[0x83, 1, 0, 0], &[0x80, 0x80], &[]] {
        let wrong = [&[1, 0, 3][..], &appended(&v3[3..], element)].concat();
        assert!(DaCertificate::decode(&wrong).is_err(), "{element:?}");
    }
    let mut as_v3 = [&[1, 0, 3][..], &appended(&v3[3..], &[0x80])].concat();
    as_v3[2] = 2;
    assert!(DaCertificate::decode(&as_v3).is_err());
}

/// A certificate of our own for a batch of several blobs.
fn own(absent: &[usize]) -> (DaCertificate, OperatorSet) {
    let [_, mut certificate] = real();
    let leaf = |blob: &tutti_domain::eigen::BlobInclusion| {
        alloy_primitives::keccak256(blob.certificate_hash())
    };
    let mut leaves = vec![tutti_domain::B256::repeat_byte(7); 5];
    certificate.blob.index = 3;
    leaves[3] = leaf(&certificate.blob);
    certificate.blob.proof = tutti_domain::eigen::merkle::proof(&leaves, 3);
    certificate.batch = EigenDaBatch {
        batch_root: tutti_domain::eigen::merkle::root(&leaves).0,
        reference_block_number: rig::REFERENCE,
    };
    let subject = question(certificate.batch).subject;
    certificate.attestation = rig::certificate(&operators(), &[0, 1, 5], absent, subject.digest());
    (certificate, rig::set(Twins::Known))
}

#[test]
fn quorums_of_the_blob_count_and_others_do_not() {
    let ask = |certificate: &DaCertificate, set: &OperatorSet, rules: &DaRules| {
        let question = question(certificate.batch);
        settle(certificate.judge(rules, &question.case(set)), &question)
    };
    let rules = DaRules::deployed();
    // Quorum 5 is far from its threshold, but the blob is not in it.
    let (certificate, set) = own(&[4]);
    assert!(matches!(
        ask(&certificate, &set, &rules),
        Outcome::Accept(_)
    ));
    // Quorum 0 has 50 of 100, quorum 1 has 90.
    let (certificate, set) = own(&[0]);
    let outcome = ask(&certificate, &set, &rules);
    let below = Reason::ThresholdNotMet {
        column: 0,
        signed: U256::from(50),
        needed: U256::from(55),
    };
    assert_eq!(outcome, Outcome::Reject(below.clone()));
    // The contract's threshold stands beside a weaker policy.
    let weak = Question {
        policy: rig::share(1, 10, Rounding::ExactGe),
        ..question(certificate.batch)
    };
    let outcome = settle(certificate.judge(&rules, &weak.case(&set)), &weak);
    assert_eq!(outcome, Outcome::Reject(below));
    let strict = DaRules {
        required_quorums: vec![0, 1, 5],
        ..rules.clone()
    };
    let (certificate, set) = own(&[]);
    assert_eq!(
        ask(&certificate, &set, &strict),
        Outcome::Reject(Reason::QuorumMissing(5))
    );
    let unsafe_rules = DaRules {
        adversary_percent: 34,
        ..rules
    };
    assert!(matches!(
        ask(&certificate, &set, &unsafe_rules),
        Outcome::Reject(Reason::Parameters(_))
    ));
}
