//! What a server keeps and who may change it: large sets in parts, proofs that need not be sent
//! twice, the control token; and evidence against members of what is kept.

use bytes::Bytes;
use tonic::Code;
use tutti_curves::{Group, Wire, bn254};
use tutti_domain::B256;
use tutti_domain::eigen::OperatorInfo;
use tutti_proto::v1;
use tutti_proto::v1::certificate::Certificate;
use tutti_proto::v1::put_operator_set_stream_request::Part;
use tutti_proto::v1::statement::Body;
use tutti_proto::v1::verify_evidence_response::Outcome;
use tutti_server::{Config, Control, ControlToken};
use tutti_types::Encoding;

use crate::made::multichain;
use crate::rig::{self, Twins};
use crate::support::{config, start, start_with};
use crate::wire::{
    self, asked, certificates, integer, octets, opaque, put, put_of, refused_field, said, sets,
    share,
};

fn part(part: Part) -> v1::PutOperatorSetStreamRequest {
    v1::PutOperatorSetStreamRequest { part: Some(part) }
}

/// A set's head, and its members so many at once.
fn parts(draft: &v1::OperatorSetDraft, at_once: usize) -> Vec<v1::PutOperatorSetStreamRequest> {
    let mut head = draft.clone();
    let members = std::mem::take(&mut head.members);
    let head = v1::OperatorSetHead {
        draft: Some(head),
        options: crate::support::options("in parts", v1::Priority::Normal),
    };
    let members = members.chunks(at_once).map(|members| {
        Part::Members(v1::OperatorMembers {
            members: members.to_vec(),
        })
    });
    std::iter::once(Part::Head(head))
        .chain(members)
        .map(part)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_in_parts_is_the_set_in_one_piece() {
    let running = start();
    let draft = wire::draft("rig", &rig::draft(&rig::operators(), Twins::Known));
    let whole = put(&running, put_of(draft.clone())).await;
    let mut keeper = sets(&running).await;
    for at_once in [1, 2, 5] {
        let parts = tokio_stream::iter(parts(&draft, at_once));
        let answer = keeper.put_operator_set_stream(parts).await;
        let answer = answer.expect("the same set").into_inner();
        assert_eq!(answer.request_id, "in parts");
        assert_eq!(answer.outcome(), v1::StoreOutcome::Known);
        assert_eq!(answer.set.expect("told").set_id, whole);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_are_wrong_or_too_many_are_refused() {
    let mut config = config();
    config.limits.keys_per_set_max = 4;
    let running = start_with(config);
    let mut keeper = sets(&running).await;
    let draft = wire::draft("rig", &rig::draft(&rig::operators(), Twins::Known));
    let good = parts(&draft, 2);
    let mut bad_member = good.clone();
    let Some(Part::Members(members)) = bad_member[2].part.as_mut() else {
        panic!("members");
    };
    members.members[1].key = Bytes::from_static(&[0xff; 64]);
    let mut whole_head = good.clone();
    let Some(Part::Head(head)) = whole_head[0].part.as_mut() else {
        panic!("a head");
    };
    head.draft = Some(draft);
    let cases = [
        ("part", vec![]),
        ("part", good[1..].to_vec()),
        ("part", vec![good[0].clone(), good[0].clone()]),
        (
            "part",
            vec![good[0].clone(), v1::PutOperatorSetStreamRequest::default()],
        ),
        ("head.draft.members", whole_head),
        // Members are counted over all parts.
        ("head.draft.members[3].key", bad_member),
        ("head.draft.members", good),
    ];
    for (field, parts) in cases {
        let refused = keeper
            .put_operator_set_stream(tokio_stream::iter(parts))
            .await;
        assert_eq!(refused_field(&refused.expect_err(field)), field);
    }
    let listed = keeper
        .list_operator_sets(v1::ListOperatorSetsRequest::default())
        .await;
    assert!(listed.expect("listed").into_inner().sets.is_empty());
}

/// As on chain: what an accepted certificate proved of a set's operators need not be proved again.
#[tokio::test(flavor = "multi_thread")]
async fn proofs_are_remembered_for_their_set_only() {
    let running = start();
    let mut service = certificates(&running).await;
    let operators = multichain::operators();
    let mut stored = multichain::stored(&operators);
    stored.validity.max_staleness = None;
    let set = put(&running, put_of(wire::draft("one", &stored))).await;
    let twin = put(&running, put_of(wire::draft("other", &stored))).await;
    let proved = multichain::certificate(&operators, &[1, 3]);
    let mut left_out = proved.clone();
    left_out.witnesses[0].proof.clear();
    left_out.witnesses[1].proof.clear();
    left_out.witnesses[1].info = OperatorInfo {
        key: Wire::Infinity,
        weights: Vec::new(),
    };
    let item = |set: &Bytes, certificate: &tutti_domain::eigen::MultichainCertificate| {
        let bytes = certificate.encode().into();
        let mut item = asked(set, share(1, 2), Certificate::EigenMultichain(bytes));
        item.statement = Some(opaque(certificate.signed_digest()));
        item
    };
    let missing = "REJECT_REASON_WITNESS_INVALID";
    assert_eq!(said(&mut service, item(&set, &left_out)).await, missing);
    // What is not accepted teaches nothing.
    let mut forged = proved.clone();
    forged.signature = Wire::Point(rig::g1(5));
    assert_eq!(
        said(&mut service, item(&set, &forged)).await,
        "REJECT_REASON_SIGNATURE_INVALID"
    );
    assert_eq!(said(&mut service, item(&set, &left_out)).await, missing);
    assert_eq!(said(&mut service, item(&set, &proved)).await, "ACCEPT");
    assert_eq!(said(&mut service, item(&set, &left_out)).await, "ACCEPT");
    assert_eq!(said(&mut service, item(&twin, &left_out)).await, missing);
    let mut other = left_out;
    other.witnesses[0].info.weights[0] += tutti_domain::U256::ONE;
    assert_eq!(said(&mut service, item(&set, &other)).await, missing);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_sets_needs_the_control_token_where_there_is_one() {
    let secret = "c0ffee5ec2e7c0ffee5ec2e7";
    let token = ControlToken::new(secret).expect("long enough");
    let running = start_with(Config {
        control: Control::Token(token),
        ..config()
    });
    let mut keeper = sets(&running).await;
    let draft = wire::draft("rig", &rig::draft(&rig::operators(), Twins::Known));
    let with = |header: Option<String>| {
        let mut request = tonic::Request::new(put_of(draft.clone()));
        if let Some(header) = header {
            let header = header.parse().expect("a header");
            request.metadata_mut().insert("authorization", header);
        }
        request
    };
    for wrong in [None, Some("Bearer c0ffee5ec2e7c0ffee5ec2e8".to_owned())] {
        let status = keeper.put_operator_set(with(wrong)).await.unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated, "{status}");
        assert!(!status.message().contains(secret));
    }
    let denied = [
        keeper
            .put_operator_set_stream(tokio_stream::iter(parts(&draft, 5)))
            .await
            .expect_err("no token"),
        keeper
            .advance_operator_set(v1::AdvanceOperatorSetRequest::default())
            .await
            .expect_err("no token"),
        keeper
            .disable_operator_set(v1::DisableOperatorSetRequest::default())
            .await
            .expect_err("no token"),
        running
            .key_sets()
            .await
            .drop_key_set(v1::DropKeySetRequest::default())
            .await
            .expect_err("no token"),
    ];
    for status in denied {
        assert_eq!(status.code(), Code::Unauthenticated, "{status}");
    }
    let stored = keeper
        .put_operator_set(with(Some(format!("Bearer {secret}"))))
        .await;
    assert_eq!(
        stored.expect("stored").into_inner().outcome(),
        v1::StoreOutcome::New
    );
    // Asking needs none.
    let listed = keeper
        .list_operator_sets(v1::ListOperatorSetsRequest::default())
        .await;
    assert_eq!(listed.expect("listed").into_inner().sets.len(), 1);
}

fn state_root(height: u64, root: u8) -> v1::Statement {
    v1::Statement {
        chain: Bytes::from_static(&[7]),
        context: Some(v1::SigningContext {
            context: Some(v1::signing_context::Context::Raw(v1::RawContext {})),
        }),
        body: Some(Body::NfflStateRoot(v1::NfflStateRoot {
            rollup_id: 7,
            block_height: height,
            timestamp: 3,
            near_da_transaction_id: octets([4; 32]),
            near_da_commitment: octets([5; 32]),
            state_root: octets([root; 32]),
        })),
    }
}

/// What may be done to evidence that was good.
type Change<'a> = &'a dyn Fn(&mut v1::VerifyEvidenceRequest);

/// By other means than the server's: the statement is built again and signed.
fn signed(secret: u64, statement: v1::Statement) -> v1::SignedStatement {
    use tutti_statements::nffl::StateRootUpdate;
    let digest = match statement.body.as_ref().expect("a body") {
        Body::Opaque32(digest) => B256::from_slice(digest),
        Body::NfflStateRoot(root) => {
            let array = |bytes: &Bytes| -> [u8; 32] { bytes[..].try_into().expect("32 bytes") };
            let update = StateRootUpdate {
                rollup_id: root.rollup_id,
                block_height: root.block_height,
                timestamp: root.timestamp,
                near_da_transaction_id: array(&root.near_da_transaction_id),
                near_da_commitment: array(&root.near_da_commitment),
                state_root: array(&root.state_root),
            };
            let body = tutti_statements::Body::NfflStateRoot(update);
            let statement = tutti_statements::Statement::new(tutti_domain::U256::from(7), body);
            B256::from(*statement.expect("NFFL's").upstream_hash().as_bytes())
        }
        other => panic!("{other:?}"),
    };
    let signature = rig::sign(digest, secret);
    v1::SignedStatement {
        statement: Some(statement),
        signature: bn254::G1::encode(Some(&signature), Encoding::Eip197).into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_over_the_wire_is_proven_or_refuted_with_its_fault() {
    let running = start();
    let mut service = certificates(&running).await;
    let draft = rig::draft(&rig::operators(), Twins::Known);
    let set = put(&running, put_of(wire::draft("rig", &draft))).await;
    let secret = rig::operators()[2].secret;
    let good = v1::VerifyEvidenceRequest {
        set_id: set.clone(),
        member: 2,
        first: Some(signed(secret, state_root(9, 1))),
        second: Some(signed(secret, state_root(9, 2))),
        ..Default::default()
    };
    let proven = service.verify_evidence(good.clone()).await;
    let proven = proven.expect("answered").into_inner().outcome;
    let Some(Outcome::Proven(proven)) = proven else {
        panic!("{proven:?}");
    };
    assert_eq!((proven.set_id, proven.member), (set, 2));
    assert_eq!(proven.member_id, rig::operators()[2].id().as_slice());
    assert_ne!(proven.statement_ids[0], proven.statement_ids[1]);
    let cases: [(v1::EvidenceFault, Change); 7] = [
        (v1::EvidenceFault::UnknownMember, &|e| e.member = 5),
        (v1::EvidenceFault::SignatureInvalid, &|e| e.member = 1),
        (v1::EvidenceFault::Same, &|e| e.second = e.first.clone()),
        (v1::EvidenceFault::Compatible, &|e| {
            e.second = Some(signed(secret, state_root(10, 2)));
        }),
        (v1::EvidenceFault::Opaque, &|e| {
            e.second = Some(signed(secret, opaque(B256::repeat_byte(1))));
        }),
        (v1::EvidenceFault::SamePoint, &|e| {
            let signature = e.first.as_ref().expect("there").signature.clone();
            e.second.as_mut().expect("there").signature = signature;
        }),
        (v1::EvidenceFault::OtherTwin, &|e| {
            // Their own key and signatures, held against another.
            let twin = rig::g2(77);
            e.key_g2 = bn254::G2::encode(Some(&twin), Encoding::Eip197).into();
            e.first = Some(signed(77, state_root(9, 1)));
            e.second = Some(signed(77, state_root(9, 2)));
        }),
    ];
    for (fault, change) in cases {
        let mut request = good.clone();
        change(&mut request);
        let answer = service.verify_evidence(request).await;
        match answer.expect("answered").into_inner().outcome {
            Some(Outcome::Refuted(refuted)) => assert_eq!(refuted.fault(), fault),
            other => panic!("{fault:?}: {other:?}"),
        }
    }
    let mut unsigned = good.clone();
    unsigned.second.as_mut().expect("there").signature = integer(tutti_domain::U256::ONE);
    let status = service.verify_evidence(unsigned).await.unwrap_err();
    assert_eq!(refused_field(&status), "second.signature");
    let mut elsewhere = good;
    elsewhere.set_id = octets([1; 32]);
    let status = service.verify_evidence(elsewhere).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
}
