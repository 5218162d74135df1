//! Certificates and operator sets over the wire.

use bytes::Bytes;
use tonic::Code;
use tonic_types::StatusExt as _;
use tutti_curves::{Group, Wire, bn254};
use tutti_domain::eigen::{HistoryIndices, NonSignerCertificate};
use tutti_domain::{B256, Key};
use tutti_proto::v1;
use tutti_proto::v1::certificate::Certificate;
use tutti_proto::v1::certificate_item::Set;
use tutti_proto::v1::certificate_verdict::Verdict;
use tutti_proto::v1::put_operator_set_request::Source;
use tutti_types::Encoding;

use crate::rig::{self, Twins};
use crate::support::{Running, eventually, start};
use crate::wire::{
    Service, Spoil, ask, block, certificates, hex_of, label, opaque, put, sets, share, text, word,
};

/// Real ones, with their public source in the files of tests/certificates and in the demo.
const EIGENDA: &str = include_str!("../../host/cli/src/demo/eigenda.json");
const SYNC_COMMITTEE: &str = include_str!("../../host/cli/src/demo/sync-committee.json");

/// How many bits further the next one is that is changed: every `sampled`th, or each where
/// `TUTTI_EVERY_BIT` is set.
fn stride(sampled: usize) -> usize {
    match std::env::var_os("TUTTI_EVERY_BIT") {
        None => sampled,
        Some(_) => 1,
    }
}

/// The rig's operators, whose keys are known in both groups, at a reference.
fn rig_set(reference: u64) -> v1::PutOperatorSetRequest {
    let member = |operator: &rig::Operator| {
        let Key::Bn254 { g1, g2: Some(g2) } = operator.key(Twins::Known) else {
            panic!("twins");
        };
        v1::OperatorMember {
            key: bn254::G1::encode(Some(g1.point()), Encoding::Eip197).into(),
            key_g2: bn254::G2::encode(Some(g2.point()), Encoding::Eip197).into(),
            possession: v1::KeyPossession::AttestedBySource.into(),
            weights: operator
                .stakes
                .iter()
                .map(|&(column, stake)| v1::ColumnWeight {
                    column: column.into(),
                    weight: word(stake),
                })
                .collect(),
            proof: None,
        }
    };
    let columns = [0, 1, 5].map(|number| v1::ColumnDraft {
        number,
        total: None,
    });
    let draft = v1::OperatorSetDraft {
        name: label("the rig's"),
        reference: block(reference),
        keys: v1::OperatorKeyKind::Bn254.into(),
        layout: v1::SetLayout::Quorums.into(),
        roster: v1::SetRoster::Complete.into(),
        columns: columns.to_vec(),
        members: rig::operators().iter().map(member).collect(),
        ..Default::default()
    };
    v1::PutOperatorSetRequest {
        source: Some(Source::Draft(draft)),
        options: None,
    }
}

/// All but operator 1, who has 30 of the 100 of quorum 0.
fn quorum() -> NonSignerCertificate {
    rig::certificate(&rig::operators(), &[0, 1], &[1], rig::digest())
}

fn item(set: &Bytes, certificate: &NonSignerCertificate) -> v1::CertificateItem {
    v1::CertificateItem {
        id: 7,
        set: Some(Set::SetId(set.clone())),
        statement: Some(opaque(rig::digest())),
        policy: Some(share(2, 3)),
        certificate: Some(v1::Certificate {
            certificate: Some(Certificate::EigenNonSigner(
                certificate.encode_call().into(),
            )),
        }),
        present: Some(v1::Present {
            block: Some(u64::from(rig::REFERENCE) + 10),
            ..Default::default()
        }),
        freshness: None,
    }
}

async fn answer(service: &mut Service, item: v1::CertificateItem) -> String {
    let answer = ask(service, item).await.expect("answered");
    assert_eq!(answer.id, 7);
    text(answer.verdict.as_ref())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quorum_is_accepted_and_whatever_is_wrong_has_its_reason() {
    let running = start();
    let set = put(&running, rig_set(rig::REFERENCE.into())).await;
    let mut service = certificates(&running).await;
    let good = item(&set, &quorum());
    let accepted = ask(&mut service, good.clone()).await.expect("answered");
    let Some(Verdict::Accept(accepted)) = accepted.verdict.and_then(|v| v.verdict) else {
        panic!("not accepted");
    };
    assert_eq!(accepted.set_id, set);
    assert_eq!(accepted.signed_digest, rig::digest().as_slice());
    assert_eq!(accepted.evidence(), v1::EvidenceGrade::NeverEvidential);
    assert_eq!(accepted.tallies[0].absent[0].index, 1);
    let wrong: [(&str, Spoil); 9] = [
        ("REJECT_REASON_OTHER_MESSAGE", &|item| {
            item.statement = Some(opaque(B256::repeat_byte(9)));
        }),
        ("REJECT_REASON_NOT_EVIDENTIAL", &|item| {
            item.policy.as_mut().unwrap().evidence = v1::EvidenceRule::Evidential.into();
        }),
        ("REJECT_REASON_THRESHOLD_NOT_MET", &|item| {
            item.policy = Some(share(71, 100));
        }),
        ("REJECT_REASON_TOO_FEW_SIGNERS", &|item| {
            item.policy.as_mut().unwrap().least_signers = 4;
        }),
        ("REJECT_REASON_QUORUM_MISSING", &|item| {
            item.policy.as_mut().unwrap().demands[0].column = Some(5);
        }),
        ("REJECT_REASON_STALE", &|item| {
            item.policy.as_mut().unwrap().max_staleness = Some(9);
        }),
        ("REJECT_REASON_REFERENCE_NOT_PAST", &|item| {
            item.present.as_mut().unwrap().block = Some(rig::REFERENCE.into());
        }),
        ("INDETERMINATE_CAUSE_PRESENT_UNKNOWN", &|item| {
            item.present = None;
        }),
        ("INDETERMINATE_CAUSE_UNKNOWN_SET", &|item| {
            item.set = Some(Set::SetId(Bytes::from_static(&[1; 32])));
        }),
    ];
    for (expected, spoil) in wrong {
        let mut item = good.clone();
        spoil(&mut item);
        assert_eq!(answer(&mut service, item).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_changed_bit_of_a_certificate_is_accepted() {
    let running = start();
    let set = put(&running, rig_set(rig::REFERENCE.into())).await;
    let mut service = certificates(&running).await;
    let certificate = quorum();
    let call = certificate.encode_call();
    let good = item(&set, &certificate);
    let (mut rejected, mut refused, mut looked_up) = (0, 0, 0);
    for bit in (0..8 * call.len()).step_by(stride(5)) {
        let mut changed = call.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let read = NonSignerCertificate::decode_call(&changed);
        let mut item = good.clone();
        item.certificate = Some(v1::Certificate {
            certificate: Some(Certificate::EigenNonSigner(changed.into())),
        });
        match ask(&mut service, item).await {
            Err(status) => {
                assert_eq!(status.code(), Code::InvalidArgument, "bit {bit}: {status}");
                refused += 1;
            }
            Ok(answer) => match text(answer.verdict.as_ref()).as_str() {
                "ACCEPT" => {
                    // Where a contract looks up is no part of what is attested.
                    let indices = HistoryIndices::clone(&certificate.indices);
                    let same = NonSignerCertificate {
                        indices,
                        ..read.expect("it was read")
                    };
                    assert_eq!(same, certificate, "bit {bit}");
                    looked_up += 1;
                }
                reason => {
                    assert!(reason.starts_with("REJECT_REASON_"), "bit {bit}: {reason}");
                    rejected += 1;
                }
            },
        }
    }
    assert!(
        rejected > 20 && refused > 500 && looked_up > 20,
        "{rejected} {refused} {looked_up}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_of_one_request_share_batches_and_are_answered_one_by_one() {
    let running = start();
    let set = put(&running, rig_set(rig::REFERENCE.into())).await;
    let real = real_eigenda(&running).await;
    let mut spoilt = quorum();
    let Wire::Point(signature) = spoilt.signature else {
        panic!("a signature");
    };
    spoilt.signature = Wire::Point(bn254::G1::negate(&signature));
    let items = vec![
        item(&set, &quorum()),
        real,
        v1::CertificateItem {
            set: Some(Set::SetId(Bytes::from_static(&[3; 32]))),
            ..item(&set, &quorum())
        },
        item(&set, &spoilt),
    ];
    let items = (10..)
        .zip(items)
        .map(|(id, item)| v1::CertificateItem { id, ..item });
    let request = v1::VerifyCertificatesRequest {
        items: items.collect(),
        options: crate::support::options("mixed", v1::Priority::Urgent),
    };
    running.backend.shut();
    let mut service = certificates(&running).await;
    let asked = tokio::spawn(async move { service.verify_certificates(request).await });
    eventually("both works are there", || running.backend.held() == 2).await;
    let mut sizes: Vec<usize> = running
        .backend
        .seen()
        .iter()
        .map(|(_, size)| *size)
        .collect();
    sizes.sort_unstable();
    assert_eq!(
        sizes,
        [1, 2],
        "a product check, and two quorums in one batch"
    );
    running.backend.open();
    let answer = asked.await.unwrap().expect("answered").into_inner();
    assert_eq!(answer.request_id, "mixed");
    let found: Vec<_> = answer
        .results
        .iter()
        .map(|result| (result.id, text(result.verdict.as_ref())))
        .collect();
    let expected = [
        (10, "ACCEPT"),
        (11, "ACCEPT"),
        (12, "INDETERMINATE_CAUSE_UNKNOWN_SET"),
        (13, "REJECT_REASON_SIGNATURE_INVALID"),
    ];
    assert_eq!(found, expected.map(|(id, text)| (id, text.to_owned())));
}

/// More than one thread reads: verdicts and the first refusal stay where the caller's order has them.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_request_is_answered_in_its_order_and_refused_for_its_first_fault() {
    const COUNT: usize = 101;
    let running = start();
    let set = put(&running, rig_set(rig::REFERENCE.into())).await;
    let mut service = certificates(&running).await;
    let good = item(&set, &quorum());
    let mut spoilt = quorum();
    let Wire::Point(signature) = spoilt.signature else {
        panic!("a signature");
    };
    spoilt.signature = Wire::Point(bn254::G1::negate(&signature));
    let spoilt = item(&set, &spoilt);
    let unknown = Some(Set::SetId(Bytes::from_static(&[3; 32])));
    let drawn = |n: usize| match n {
        n if n % 7 == 3 => (spoilt.clone(), "REJECT_REASON_SIGNATURE_INVALID"),
        n if n % 5 == 1 => (
            v1::CertificateItem {
                set: unknown.clone(),
                ..good.clone()
            },
            "INDETERMINATE_CAUSE_UNKNOWN_SET",
        ),
        _ => (good.clone(), "ACCEPT"),
    };
    let request = |malformed: &[usize]| {
        let items = (0..COUNT).map(|n| v1::CertificateItem {
            id: 1_000 + n as u64,
            statement: (!malformed.contains(&n)).then(|| opaque(rig::digest())),
            ..drawn(n).0
        });
        v1::VerifyCertificatesRequest {
            items: items.collect(),
            options: None,
        }
    };
    let answer = service.verify_certificates(request(&[])).await;
    let results = answer.expect("answered").into_inner().results;
    assert_eq!(results.len(), COUNT);
    for (n, result) in results.iter().enumerate() {
        assert_eq!(result.id, 1_000 + n as u64);
        assert_eq!(text(result.verdict.as_ref()), drawn(n).1, "item {n}");
    }
    for malformed in [
        &[100, 99, 60][..],
        &[97, 12, 13],
        &[49, 50, 51],
        &[0],
        &[100],
    ] {
        let refused = service.verify_certificates(request(malformed)).await;
        let refused = refused.expect_err("an item states nothing");
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
        let details = refused.get_details_bad_request().expect("a field");
        let first = malformed.iter().min().expect("some");
        let field = format!("items[{first}].statement");
        assert_eq!(details.field_violations[0].field, field);
    }
}

/// EigenDA's batch of Sepolia block 9133435 with its set; nobody stayed away, so its stakes may
/// be any.
async fn real_eigenda(running: &Running) -> v1::CertificateItem {
    let file: serde_json::Value = serde_json::from_str(EIGENDA).expect("JSON");
    let (case, draft) = (&file[1], &file[1]["set"]["draft"]);
    let at = draft["reference"]["at"].as_u64().expect("a block");
    let aggregates = draft["aggregates"].as_array().expect("two").iter();
    let columns = [(0, 1_000), (1, 2_000)].map(|(number, total)| v1::ColumnDraft {
        number,
        total: Some(word(total)),
    });
    let draft = v1::OperatorSetDraft {
        name: label("EigenDA"),
        reference: block(at),
        keys: v1::OperatorKeyKind::Bn254.into(),
        layout: v1::SetLayout::Quorums.into(),
        roster: v1::SetRoster::Witnessed.into(),
        unlisted_possession: v1::KeyPossession::AttestedBySource.into(),
        columns: columns.to_vec(),
        aggregates: aggregates
            .map(|aggregate| v1::StatedAggregate {
                apk: hex_of(&aggregate["apk"]),
                operators: None,
            })
            .collect(),
        ..Default::default()
    };
    let source = Some(Source::Draft(draft));
    let set = put(
        running,
        v1::PutOperatorSetRequest {
            source,
            options: None,
        },
    )
    .await;
    v1::CertificateItem {
        id: 7,
        set: Some(Set::SetId(set)),
        statement: None,
        policy: Some(share(55, 100)),
        certificate: Some(v1::Certificate {
            certificate: Some(Certificate::EigenDa(v1::EigenDaCertificate {
                data: hex_of(&case["certificate"]["eigenDa"]["data"]),
                rules: None,
            })),
        }),
        present: Some(v1::Present {
            block: Some(at + 1),
            ..Default::default()
        }),
        freshness: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superseded_set_counts_where_the_policy_says_so_and_a_disabled_one_nowhere() {
    let running = start();
    let set = put(&running, rig_set(rig::REFERENCE.into())).await;
    let (mut service, mut keeper) = (certificates(&running).await, sets(&running).await);
    let later = put(&running, rig_set(u64::from(rig::REFERENCE) + 5)).await;
    assert_ne!(set, later);
    let strict = item(&set, &quorum());
    let mut past = strict.clone();
    past.policy.as_mut().unwrap().superseded = v1::SupersededRule::Accepted.into();
    let superseded = "REJECT_REASON_SET_SUPERSEDED";
    assert_eq!(answer(&mut service, strict).await, superseded);
    assert_eq!(answer(&mut service, past.clone()).await, "ACCEPT");
    let earlier = keeper.put_operator_set(rig_set(10)).await.unwrap_err();
    assert_eq!(earlier.code(), Code::FailedPrecondition, "{earlier}");
    let set_id = set.clone();
    let disabled = keeper
        .disable_operator_set(v1::DisableOperatorSetRequest { set_id })
        .await;
    let disabled = disabled
        .expect("it is here")
        .into_inner()
        .set
        .expect("told");
    assert_eq!(disabled.state(), v1::OperatorSetState::Disabled);
    assert_eq!(
        answer(&mut service, past).await,
        "REJECT_REASON_SET_DISABLED"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_that_is_disabled_while_its_certificate_waits_is_rejected() {
    let running = start();
    let set = put(&running, rig_set(rig::REFERENCE.into())).await;
    let (mut service, mut keeper) = (certificates(&running).await, sets(&running).await);
    running.backend.shut();
    let waiting = item(&set, &quorum());
    let asked = tokio::spawn(async move { answer(&mut service, waiting).await });
    eventually("its batch is held", || running.backend.held() == 1).await;
    let request = v1::DisableOperatorSetRequest { set_id: set };
    keeper
        .disable_operator_set(request)
        .await
        .expect("it is here");
    running.backend.open();
    assert_eq!(asked.await.unwrap(), "REJECT_REASON_SET_DISABLED");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_computed_in_time_is_indeterminate() {
    let running = start();
    let set = put(&running, rig_set(rig::REFERENCE.into())).await;
    let mut service = certificates(&running).await;
    running.backend.shut();
    let request = v1::VerifyCertificateRequest {
        item: Some(item(&set, &quorum())),
        options: Some(v1::RequestOptions {
            time_limit_ms: 50,
            ..Default::default()
        }),
    };
    let answer = service.verify_certificate(request).await.expect("answered");
    let verdict = answer
        .into_inner()
        .verdict
        .and_then(|verdict| verdict.verdict);
    let Some(Verdict::Indeterminate(cause)) = verdict else {
        panic!("{verdict:?}");
    };
    assert_eq!(cause.cause(), v1::IndeterminateCause::NotComputed);
    let undecided = cause.undecided.expect("why");
    assert_eq!(undecided.cause(), v1::UndecidedCause::Deadline);
    running.backend.open();
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_fields_are_refused_by_name() {
    let running = start();
    let set = put(&running, rig_set(rig::REFERENCE.into())).await;
    let mut service = certificates(&running).await;
    let good = item(&set, &quorum());
    let wrong: [(&str, Spoil); 7] = [
        ("item.set", &|item| item.set = None),
        ("item.set_id", &|item| {
            item.set = Some(Set::SetId(Bytes::from_static(b"short")));
        }),
        ("item.policy", &|item| item.policy = None),
        ("item.policy.demands[0].threshold", &|item| {
            item.policy.as_mut().unwrap().demands[0].threshold = None;
        }),
        ("item.policy.scope.chain", &|item| {
            item.policy.as_mut().unwrap().scope = Some(v1::ReplayScope {
                scope: Some(v1::replay_scope::Scope::Chain(Bytes::from_static(&[1; 33]))),
            });
        }),
        ("item.certificate.eigen_non_signer", &|item| {
            item.certificate = Some(v1::Certificate {
                certificate: Some(Certificate::EigenNonSigner(Bytes::from_static(b"call"))),
            });
        }),
        ("item.statement", &|item| item.statement = None),
    ];
    for (field, spoil) in wrong {
        let mut item = good.clone();
        spoil(&mut item);
        let status = ask(&mut service, item).await.expect_err(field);
        assert_eq!(status.code(), Code::InvalidArgument, "{field}: {status}");
        let violations = status
            .get_details_bad_request()
            .expect(field)
            .field_violations;
        assert_eq!(violations[0].field, field);
    }
    let request = v1::VerifyCertificatesRequest {
        items: vec![good; 4_097],
        options: None,
    };
    let status = service
        .verify_certificates(request)
        .await
        .expect_err("too many");
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_whose_keys_are_not_twins_is_refused() {
    let running = start();
    let mut request = rig_set(rig::REFERENCE.into());
    let Some(Source::Draft(draft)) = request.source.as_mut() else {
        panic!("a draft");
    };
    draft.members[2].key_g2 = draft.members[3].key_g2.clone();
    let status = sets(&running)
        .await
        .put_operator_set(request)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    let info = status.get_details_error_info().expect("details");
    assert_eq!(info.reason, "INVALID_SET");
    assert!(info.metadata["text"].contains("member 2"), "{info:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_goes_on_after_the_first_failure_and_says_what_is_missing() {
    let running = start();
    let set = put(&running, rig_set(rig::REFERENCE.into())).await;
    let mut service = certificates(&running).await;
    let mut asked = item(&set, &quorum());
    asked.statement = Some(opaque(B256::repeat_byte(9)));
    asked.policy = Some(share(80, 100));
    let request = v1::ExplainCertificateRequest {
        item: Some(asked),
        options: None,
    };
    let answer = service
        .explain_certificate(request)
        .await
        .expect("answered")
        .into_inner();
    assert_eq!(text(answer.verdict.as_ref()), "REJECT_REASON_OTHER_MESSAGE");
    let failed: Vec<_> = answer
        .checks
        .iter()
        .filter(|check| check.finding() == v1::CheckFinding::Failed)
        .map(|check| check.step.as_str())
        .collect();
    assert_eq!(failed, ["subject", "threshold"]);
    let last = answer.checks.last().expect("checks");
    assert_eq!(
        (last.step.as_str(), last.finding()),
        ("signature", v1::CheckFinding::Passed)
    );
    let need = &answer.tallies[0].needs[0];
    assert_eq!(need.state(), v1::NeedState::Reachable);
    assert_eq!((need.missing[31], need.least[31]), (10, 80));
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_encode_to_what_the_contract_takes() {
    let running = start();
    let mut service = certificates(&running).await;
    let certificate = quorum();
    let g1 = |wire: &Wire<bn254::G1>| match wire {
        Wire::Point(point) => bn254::G1::encode(Some(point), Encoding::Eip197).into(),
        _ => panic!("a point"),
    };
    let Wire::Point(apk_g2) = certificate.apk_g2 else {
        panic!("a key");
    };
    let indices = &certificate.indices;
    let stakes = indices.non_signer_stakes.iter();
    let fields = v1::NonSignerFields {
        quorum_numbers: certificate.quorum_numbers.clone().into(),
        reference_block: certificate.reference_block,
        non_signers: certificate.non_signers.iter().map(g1).collect(),
        quorum_apks: certificate.quorum_apks.iter().map(g1).collect(),
        apk_g2: bn254::G2::encode(Some(&apk_g2), Encoding::Eip197).into(),
        signature: g1(&certificate.signature),
        non_signer_bitmap_indices: indices.non_signer_bitmaps.clone(),
        quorum_apk_indices: indices.quorum_apks.clone(),
        total_stake_indices: indices.total_stakes.clone(),
        non_signer_stake_indices: stakes
            .map(|indices| v1::StakeIndices {
                indices: indices.clone(),
            })
            .collect(),
    };
    let request = v1::EncodeCertificateRequest {
        certificate: Some(v1::Certificate {
            certificate: Some(Certificate::EigenNonSignerFields(fields)),
        }),
        statement: Some(opaque(rig::digest())),
    };
    let answer = service
        .encode_certificate(request)
        .await
        .expect("encoded")
        .into_inner();
    assert_eq!(
        answer.encoding(),
        v1::CertificateEncoding::CheckSignaturesCall
    );
    assert_eq!(answer.encoded, certificate.encode_call());
}

#[allow(clippy::unnecessary_wraps, reason = "as the contract's fields want it")]
fn mainnet() -> Option<v1::BeaconChain> {
    let network = v1::BeaconNetwork::Mainnet.into();
    Some(v1::BeaconChain {
        chain: Some(v1::beacon_chain::Chain::Network(network)),
    })
}

#[allow(clippy::unnecessary_wraps, reason = "as the contract's fields want it")]
fn update(value: &serde_json::Value) -> Option<v1::LightClientUpdate> {
    let json = value["certificate"]["syncCommittee"]["update"]["json"].to_string();
    Some(v1::LightClientUpdate {
        update: Some(v1::light_client_update::Update::Json(json)),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn mainnets_sync_committees_follow_one_another_and_watchers_hear_of_it() {
    let running = start();
    let mut keeper = sets(&running).await;
    let file: serde_json::Value = serde_json::from_str(SYNC_COMMITTEE).expect("JSON");
    let begin = &file[0]["set"]["lightClient"];
    let bootstrap = |root: Bytes| v1::PutOperatorSetRequest {
        source: Some(Source::LightClient(v1::LightClientBootstrap {
            chain: mainnet(),
            trusted_root: root,
            bootstrap: Some(v1::light_client_bootstrap::Bootstrap::Json(
                begin["json"].to_string(),
            )),
        })),
        options: None,
    };
    let other = keeper
        .put_operator_set(bootstrap(Bytes::from_static(&[1; 32])))
        .await;
    assert_eq!(
        other.expect_err("another root").code(),
        Code::InvalidArgument
    );
    let first = put(&running, bootstrap(hex_of(&begin["trustedRoot"]))).await;
    let watch = keeper
        .watch_operator_sets(v1::WatchOperatorSetsRequest {})
        .await;
    let mut changes = watch.expect("few watch").into_inner();
    let present = changes
        .message()
        .await
        .expect("open")
        .expect("the first set");
    assert_eq!(present.change(), v1::SetChange::Present);
    assert_eq!(present.set.expect("told").set_id, first);

    let advance = |case: &serde_json::Value| v1::AdvanceOperatorSetRequest {
        successor: Some(v1::advance_operator_set_request::Successor::SyncCommittee(
            v1::SyncCommitteeSuccessor {
                chain: mainnet(),
                update: update(case),
            },
        )),
        attester_id: first.clone(),
        ..Default::default()
    };
    let nothing_new = keeper
        .advance_operator_set(advance(&file[1]))
        .await
        .unwrap_err();
    assert_eq!(nothing_new.code(), Code::InvalidArgument, "{nothing_new}");
    let mut forged = file[0].clone();
    let bits = &mut forged["certificate"]["syncCommittee"]["update"]["json"]["data"]["sync_aggregate"]
        ["sync_committee_bits"];
    *bits = file[2]["certificate"]["syncCommittee"]["update"]["json"]["data"]["sync_aggregate"]
        ["sync_committee_bits"]
        .clone();
    let refuted = keeper
        .advance_operator_set(advance(&forged))
        .await
        .expect("answered");
    let refuted = refuted.into_inner();
    assert_eq!(
        text(refuted.verdict.as_ref()),
        "REJECT_REASON_SIGNATURE_INVALID"
    );
    assert_eq!(refuted.outcome(), v1::StoreOutcome::NotStored);

    let stored = keeper
        .advance_operator_set(advance(&file[0]))
        .await
        .expect("answered");
    let stored = stored.into_inner();
    assert_eq!(text(stored.verdict.as_ref()), "ACCEPT");
    let next = stored.set.expect("stored");
    assert_eq!(next.attested_by, first);
    assert_eq!(next.reference.expect("a period").at, 863);
    let change = changes.message().await.expect("open").expect("a change");
    assert_eq!(change.change(), v1::SetChange::Stored);
    assert_eq!(change.set.expect("told").set_id, next.set_id);
    let listed = keeper.list_operator_sets(v1::ListOperatorSetsRequest {
        page_size: 1,
        page_token: String::new(),
    });
    let listed = listed.await.expect("listed").into_inner();
    assert_eq!(listed.sets[0].state(), v1::OperatorSetState::Superseded);
    let rest = keeper.list_operator_sets(v1::ListOperatorSetsRequest {
        page_size: 0,
        page_token: listed.next_page_token,
    });
    let rest = rest.await.expect("listed").into_inner();
    assert_eq!(rest.sets.len(), 1);
    assert_eq!(
        (&rest.sets[0].set_id, rest.next_page_token.as_str()),
        (&next.set_id, "")
    );
}
