//! Sets that take over from others, through gRPC: NFFL's, Symbiotic's, `EigenLayer`'s tables.
//! Sync committees are in `certificates`.

use bytes::Bytes;
use tonic::Code;
use tutti_curves::{Group, Wire, bn254};
use tutti_domain::eigen::{MultichainCertificate, TableInclusion, merkle, table_leaf};
use tutti_domain::symbiotic::{SymbioticCertificate, ValidatorSetHeader, validators_of};
use tutti_domain::{B256, SetDraft, Subject, Succession, U256, Validity};
use tutti_proto::v1;
use tutti_proto::v1::advance_operator_set_request::Successor;
use tutti_proto::v1::certificate::Certificate;
use tutti_statements::eigen::GlobalTableRoot;
use tutti_types::Limits;

use crate::made::successors::{
    ROOT_TIME, bn254_table, ecdsa_table, epoch_draft, epoch_set, generator, generator_draft,
    header_of, settlement,
};
use crate::rig::{self, Twins, g2};
use crate::support::{Running, start};
use crate::wire::{self, SetService, integer, octets, put, put_of, sets, share, text};

/// What may be done to a request that was good.
type Spoil<'a> = &'a dyn Fn(&mut v1::AdvanceOperatorSetRequest);

/// The verdict and whether the set is stored, or why the request is refused.
async fn advanced(keeper: &mut SetService, request: v1::AdvanceOperatorSetRequest) -> String {
    match keeper.advance_operator_set(request).await {
        Err(status) if status.code() == Code::InvalidArgument => {
            match &*wire::refused_field(&status) {
                field if field.starts_with("InvalidArgument") => status.message().to_owned(),
                field => field.to_owned(),
            }
        }
        Err(status) => format!("{:?}", status.code()),
        Ok(answer) => {
            let answer = answer.into_inner();
            let verdict = text(answer.verdict.as_ref());
            match answer.outcome() {
                v1::StoreOutcome::NotStored => verdict,
                outcome => format!("{verdict} {}", outcome.as_str_name()),
            }
        }
    }
}

/// Refused as often as it is broken, then taken, then known.
async fn takes_over(
    running: &Running,
    good: &v1::AdvanceOperatorSetRequest,
    broken: &[(&str, Spoil<'_>)],
) -> v1::OperatorSetInfo {
    let mut keeper = sets(running).await;
    for (expected, spoil) in broken {
        let mut request = good.clone();
        spoil(&mut request);
        let found = advanced(&mut keeper, request).await;
        assert!(found.contains(expected), "{found:?} is not {expected:?}");
    }
    assert_eq!(
        advanced(&mut keeper, good.clone()).await,
        "ACCEPT STORE_OUTCOME_NEW"
    );
    let again = keeper.advance_operator_set(good.clone()).await;
    let again = again.expect("answered").into_inner();
    assert_eq!(again.outcome(), v1::StoreOutcome::Known);
    let set = again.set.expect("stored");
    assert_eq!(set.attested_by, good.attester_id);
    set
}

#[allow(clippy::unnecessary_wraps, reason = "as the contract's fields want it")]
fn one(certificate: Certificate) -> Option<v1::Certificate> {
    Some(v1::Certificate {
        certificate: Some(certificate),
    })
}

#[allow(clippy::unnecessary_wraps, reason = "as the contract's fields want it")]
fn block(at: u64) -> Option<v1::Present> {
    Some(v1::Present {
        block: Some(at),
        ..Default::default()
    })
}

fn nffl_drafts() -> [SetDraft; 2] {
    let operators = rig::operators();
    let mut first = rig::draft(&operators[..2], Twins::Known);
    first.members[0].weights.truncate(1);
    first.columns.truncate(1);
    first.validity.until = u64::MAX;
    let mut next = rig::draft(&operators[1..2], Twins::Known);
    next.reference.at += 1;
    next.validity = Validity::only(next.reference.at);
    [first, next]
}

#[tokio::test(flavor = "multi_thread")]
async fn nffls_operators_name_those_who_follow() {
    let running = start();
    let [first, next] = nffl_drafts();
    let attester = put(&running, put_of(wire::draft("nffl", &first))).await;
    let time = 1_700_000_000;
    let succession = Succession::nffl(rig::set_of(next.clone()).into(), time);
    let digest = succession.expect("one weight each").subject().digest();
    let mut signers = rig::operators()[..2].to_vec();
    signers[0].stakes.truncate(1);
    let by = |signers: &[rig::Operator], absent: &[usize]| {
        let signed = rig::certificate(signers, &[0], absent, digest);
        one(Certificate::EigenNonSigner(signed.encode_call().into()))
    };
    let successor = |draft: &SetDraft, timestamp| {
        Some(Successor::Nffl(v1::NfflSuccessor {
            draft: Some(wire::draft("nffl", draft)),
            timestamp,
        }))
    };
    let good = v1::AdvanceOperatorSetRequest {
        successor: successor(&next, time),
        attester_id: attester,
        certificate: by(&signers, &[]),
        policy: Some(share(66, 100)),
        present: block(u64::from(rig::REFERENCE) + 5),
        options: None,
    };
    let mut heavier = next.clone();
    heavier.members[0].weights[0].1 += U256::ONE;
    let mut skipping = next.clone();
    skipping.reference.at += 1;
    skipping.validity = Validity::only(skipping.reference.at);
    let broken: [(&str, Spoil); 8] = [
        ("REJECT_REASON_OTHER_MESSAGE", &|request| {
            request.successor = successor(&heavier, time);
        }),
        ("REJECT_REASON_OTHER_MESSAGE", &|request| {
            request.successor = successor(&next, time + 1);
        }),
        ("REJECT_REASON_OTHER_MESSAGE", &|request| {
            request.successor = successor(&skipping, time);
        }),
        ("REJECT_REASON_THRESHOLD_NOT_MET", &|request| {
            request.certificate = by(&signers, &[0]);
        }),
        // The lint: two successors could both pass.
        ("policy", &|request| request.policy = Some(share(1, 2))),
        ("certificate", &|request| request.certificate = None),
        ("nffl.draft", &|request| {
            request.successor = Some(Successor::Nffl(v1::NfflSuccessor::default()));
        }),
        ("NotFound", &|request| request.attester_id = octets([5; 32])),
    ];
    let set = takes_over(&running, &good, &broken).await;
    assert_eq!(
        set.reference.expect("a block").at,
        u64::from(rig::REFERENCE) + 1
    );
}

#[allow(clippy::unnecessary_wraps, reason = "as the contract's fields want it")]
fn symbiotic_successor(draft: &SetDraft, header: &ValidatorSetHeader) -> Option<Successor> {
    let settlement = settlement();
    let extra = header.extra.iter().map(|(key, value)| v1::StoredWord {
        key: octets(key),
        value: octets(value),
    });
    Some(Successor::Symbiotic(v1::SymbioticSuccessor {
        draft: Some(wire::draft("symbiotic", draft)),
        version: header.version.into(),
        required_key_tag: header.required_key_tag.into(),
        epoch: header.epoch,
        capture_timestamp: header.capture_timestamp,
        quorum_threshold: integer(header.quorum_threshold),
        total_voting_power: integer(header.total_voting_power),
        validators_ssz_root: octets(header.validators_ssz_root),
        extra: extra.collect(),
        subnetwork: octets(settlement.subnetwork),
        domain_name: settlement.domain_name,
        domain_version: settlement.domain_version,
    }))
}

fn signed_by_epoch(epoch: u64, subject: &Subject) -> Option<v1::Certificate> {
    let secret = (0..4).map(|i| 5_000 + 10 * epoch + i).sum();
    let certificate = SymbioticCertificate {
        epoch,
        message: subject.digest(),
        signature: Wire::Point(rig::sign(subject.digest(), secret)),
        apk_g2: Wire::Point(g2(secret)),
        validators: validators_of(&epoch_set(epoch)),
        non_signers: Vec::new(),
    };
    one(Certificate::SymbioticSimple(v1::SymbioticCertificate {
        epoch,
        proof: certificate.encode().into(),
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn symbiotics_validators_commit_to_the_next_epoch() {
    let running = start();
    let first = wire::draft("symbiotic", &epoch_draft(1));
    let attester = put(&running, put_of(first)).await;
    let next = epoch_set(2);
    let header = header_of(&next);
    let succession = Succession::symbiotic(next, &header, &settlement());
    let subject = succession.expect("the set's").subject().clone();
    let good = v1::AdvanceOperatorSetRequest {
        successor: symbiotic_successor(&epoch_draft(2), &header),
        attester_id: attester,
        certificate: signed_by_epoch(1, &subject),
        policy: Some(share(2, 3)),
        ..Default::default()
    };
    let with = |change: &dyn Fn(&mut ValidatorSetHeader)| {
        let mut header = header.clone();
        change(&mut header);
        symbiotic_successor(&epoch_draft(2), &header)
    };
    let broken: [(&str, Spoil); 9] = [
        ("the epoch of the header", &|request| {
            request.successor = with(&|h| h.epoch = 3);
        }),
        ("the total voting power of the header", &|request| {
            request.successor = with(&|h| h.total_voting_power += U256::ONE);
        }),
        ("the hash of validators of the header", &|request| {
            request.successor = with(&|h| h.extra[0].1 = B256::ZERO);
        }),
        ("the aggregate key of the header", &|request| {
            request.successor = with(&|h| h.extra[1].1 = B256::ZERO);
        }),
        // What no rule ties to the set is still what was signed.
        ("REJECT_REASON_SIGNATURE_INVALID", &|request| {
            request.successor = with(&|h| h.capture_timestamp += 1);
        }),
        ("REJECT_REASON_SIGNATURE_INVALID", &|request| {
            request.successor = with(&|h| h.quorum_threshold -= U256::ONE);
        }),
        ("REJECT_REASON_OTHER_REFERENCE", &|request| {
            request.certificate = signed_by_epoch(2, &subject);
        }),
        ("policy", &|request| request.policy = Some(share(1, 3))),
        ("symbiotic.version", &|request| {
            let Some(Successor::Symbiotic(header)) = request.successor.as_mut() else {
                panic!("a header");
            };
            header.version = 256;
        }),
    ];
    let set = takes_over(&running, &good, &broken).await;
    assert_eq!(set.reference.expect("an epoch").at, 2);
    // No epoch is left out, whoever signs it.
    let far = epoch_set(4);
    let header = header_of(&far);
    let succession = Succession::symbiotic(far, &header, &settlement()).expect("the set's");
    let skipping = v1::AdvanceOperatorSetRequest {
        successor: symbiotic_successor(&epoch_draft(4), &header),
        attester_id: set.set_id,
        certificate: signed_by_epoch(2, succession.subject()),
        ..good
    };
    let mut keeper = sets(&running).await;
    assert_eq!(advanced(&mut keeper, skipping).await, "FailedPrecondition");
}

/// A root over tables, and each one's way into it.
struct Tables {
    encoded: Vec<Vec<u8>>,
    leaves: Vec<B256>,
    root: GlobalTableRoot,
}

fn tables() -> Tables {
    let encoded = vec![bn254_table(0xaa), ecdsa_table(), bn254_table(0x99)];
    let leaves: Vec<B256> = encoded.iter().map(|table| table_leaf(table)).collect();
    let root = GlobalTableRoot {
        root: merkle::root(&leaves).0,
        reference_timestamp: ROOT_TIME,
        reference_block_number: 20_000_000,
    };
    Tables {
        encoded,
        leaves,
        root,
    }
}

impl Tables {
    fn successor(&self, index: usize) -> v1::EigenTableSuccessor {
        v1::EigenTableSuccessor {
            root: Some(v1::EigenTableRoot {
                root: octets(self.root.root),
                reference_timestamp: self.root.reference_timestamp,
                reference_block_number: self.root.reference_block_number,
            }),
            table: octets(&self.encoded[index]),
            index: index as u32,
            proof: merkle::proof(&self.leaves, index).into(),
        }
    }

    /// By the generator, over the root.
    fn certificate(&self, change: impl Fn(&mut MultichainCertificate)) -> Option<v1::Certificate> {
        let proof = merkle::proof(&self.leaves, 0);
        let inclusion = TableInclusion {
            table: &self.encoded[0],
            index: 0,
            proof: &proof,
        };
        let limits = Limits::default();
        let succession = Succession::eigen_table(self.root, inclusion, &generator(), &limits);
        let subject = succession.expect("in the root").subject().clone();
        let hash = subject.statement().upstream_hash();
        let mut certificate = MultichainCertificate {
            reference_timestamp: 1,
            message_hash: B256::from(*hash.as_bytes()),
            signature: Wire::Infinity,
            apk_g2: Wire::Point(g2(69)),
            witnesses: Vec::new(),
        };
        let signature = rig::sign(certificate.signed_digest(), 69);
        certificate.signature = Wire::Point(signature);
        change(&mut certificate);
        one(Certificate::EigenMultichain(certificate.encode().into()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eigenlayers_generator_attests_roots_over_tables() {
    let running = start();
    let generator = put_of(wire::draft("generator", &generator_draft()));
    let attester: Bytes = put(&running, generator).await;
    let tables = tables();
    let of = |index: usize| v1::AdvanceOperatorSetRequest {
        successor: Some(Successor::EigenTable(tables.successor(index))),
        attester_id: attester.clone(),
        certificate: tables.certificate(|_| {}),
        policy: Some(share(2, 3)),
        ..Default::default()
    };
    let table = |change: &dyn Fn(&mut v1::EigenTableSuccessor)| {
        let mut table = tables.successor(0);
        change(&mut table);
        Some(Successor::EigenTable(table))
    };
    let broken: [(&str, Spoil); 6] = [
        ("not in the root", &|request| {
            let mut bytes = tables.encoded[0].clone();
            bytes[200] ^= 1;
            request.successor = table(&|t| t.table = octets(&bytes));
        }),
        ("not in the root", &|request| {
            request.successor = table(&|t| t.index = 1);
        }),
        ("not in the root", &|request| {
            let mut proof = merkle::proof(&tables.leaves, 0);
            proof[0] ^= 1;
            request.successor = table(&|t| t.proof = octets(&proof));
        }),
        // The root holds the table, and the time is not what was signed.
        ("REJECT_REASON_OTHER_MESSAGE", &|request| {
            let later = |t: &mut v1::EigenTableSuccessor| {
                t.root.as_mut().expect("there").reference_timestamp += 1;
            };
            request.successor = table(&later);
        }),
        ("REJECT_REASON_SIGNATURE_INVALID", &|request| {
            request.certificate = tables.certificate(|c| {
                let Wire::Point(signature) = c.signature else {
                    panic!("signed");
                };
                c.signature = Wire::Point(bn254::G1::negate(&signature));
            });
        }),
        ("eigen_table.root", &|request| {
            request.successor = table(&|t| t.root = None);
        }),
    ];
    let set = takes_over(&running, &of(0), &broken).await;
    assert_eq!(set.keys(), v1::OperatorKeyKind::Bn254);
    assert_eq!(
        set.validity.expect("the table's").max_staleness,
        Some(86_400)
    );
    let ecdsa = takes_over(&running, &of(1), &[]).await;
    assert_eq!(ecdsa.keys(), v1::OperatorKeyKind::Ecdsa);
    assert_eq!(ecdsa.member_count, 3);
}
