//! Requests that are protobuf but ask for nothing sensible.

use std::fmt::Debug;

use bytes::Bytes;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;
use tutti_curves::bls12_381::{G1, G2};
use tutti_curves::{Group, bn254};
use tutti_proto::v1;
use tutti_proto::v1::verify_columns_request::Keys;
use tutti_types::{Encoding, Limits, Scheme};

use crate::support::*;

/// `INVALID_ARGUMENT` that names the field and says what to do.
fn names<T: Debug>(answer: Result<Response<T>, Status>, field: &str) {
    let status = answer.expect_err(field);
    assert_eq!(status.code(), Code::InvalidArgument, "{field}: {status}");
    let violations = status
        .get_details_bad_request()
        .expect(field)
        .field_violations;
    assert_eq!(violations[0].field, field);
    assert!(!violations[0].description.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_requests_name_what_is_missing() {
    let running = start();
    let mut client = running.verify().await;
    names(
        client.verify_sets(v1::VerifySetsRequest::default()).await,
        "scheme",
    );
    names(client.verify_sets(pop_request(vec![])).await, "sets");
    let columns = v1::VerifyColumnsRequest {
        scheme: wire_scheme(POP),
        ..Default::default()
    };
    names(client.verify_columns(columns).await, "signatures");
    let aggregates = v1::AggregateVerifyRequest {
        scheme: wire_scheme(POP),
        ..Default::default()
    };
    names(client.aggregate_verify(aggregates).await, "items");
    let fast = v1::FastAggregateVerifyRequest {
        scheme: wire_scheme(POP),
        ..Default::default()
    };
    names(client.fast_aggregate_verify(fast).await, "items");
    names(
        client.aggregate(v1::AggregateRequest::default()).await,
        "world",
    );
    let sums = v1::AggregateRequest {
        world: v1::World::Bn254.into(),
        ..Default::default()
    };
    names(client.aggregate(sums).await, "jobs");
    names(
        client
            .hash_to_curve(v1::HashToCurveRequest::default())
            .await,
        "inputs",
    );
    let hash = v1::HashToCurveRequest {
        inputs: vec![v1::HashInput::default()],
        ..Default::default()
    };
    names(client.hash_to_curve(hash).await, "hash");
    names(
        client
            .pairing_check(v1::PairingCheckRequest::default())
            .await,
        "encoding",
    );
    let pairings = v1::PairingCheckRequest {
        encoding: v1::Encoding::Eip197.into(),
        ..Default::default()
    };
    names(client.pairing_check(pairings).await, "checks");
    let mut key_sets = running.key_sets().await;
    names(
        key_sets.get_key_set(v1::GetKeySetRequest::default()).await,
        "key_set_id",
    );
    names(
        key_sets
            .drop_key_set(v1::DropKeySetRequest::default())
            .await,
        "key_set_id",
    );
    let list = v1::ListKeySetsRequest {
        page_token: "not mine".into(),
        ..Default::default()
    };
    names(key_sets.list_key_sets(list).await, "page_token");
    running.idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schemes_and_tags_are_never_guessed() {
    let running = start();
    let mut client = running.verify().await;
    let mut ask = async |kind: i32, dst: &'static [u8], encoding: i32| {
        let request = v1::VerifySetsRequest {
            scheme: Some(v1::Scheme {
                kind,
                dst: Bytes::from_static(dst),
            }),
            encoding,
            ..pop_request(vec![good_set(1)])
        };
        client.verify_sets(request).await
    };
    names(ask(0, b"", 0).await, "scheme.kind");
    names(ask(77, b"", 0).await, "scheme.kind");
    names(ask(POP.into(), b"tag", 0).await, "scheme.dst");
    names(
        ask(v1::SchemeKind::Bls12381MinSig.into(), b"", 0).await,
        "scheme.dst",
    );
    names(
        ask(v1::SchemeKind::Bn254Rfc9380.into(), &[1; 256], 0).await,
        "scheme.dst",
    );
    names(ask(POP.into(), b"", 99).await, "encoding");
    names(
        ask(POP.into(), b"", v1::Encoding::Eip197.into()).await,
        "encoding",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_do_not_add_up_are_named() {
    let running = start();
    let mut client = running.verify().await;
    let (key, signature) = pop(3, &[1; 32]);
    let good = v1::VerifyColumnsRequest {
        scheme: wire_scheme(POP),
        signatures: [&signature[..], &signature].concat().into(),
        message_bytes: vec![1; 32].into(),
        message_index: vec![0, 0],
        key_index: vec![0, 0],
        keys: Some(Keys::InlineKeys(key.clone())),
        ..Default::default()
    };
    let cases: [(&str, Change); 19] = [
        ("signatures", |r| r.signatures = r.signatures.slice(..191)),
        ("signatures", |r| r.signatures = Bytes::new()),
        ("message_bytes", |r| r.message_bytes = vec![1; 33].into()),
        ("message_bytes", |r| r.message_bytes = vec![1; 96].into()),
        ("message_bytes", |r| r.message_length = 5),
        ("message_length", |r| r.message_length = 65_537),
        ("message_index", |r| r.message_index.clear()),
        ("message_index", |r| r.message_index.push(0)),
        ("message_index", |r| r.message_index[1] = 1),
        ("message_index", |r| r.message_index[1] = u32::MAX),
        ("keys", |r| r.keys = None),
        ("inline_keys", |r| {
            r.keys = Some(Keys::InlineKeys(vec![0; 47].into()));
        }),
        ("inline_keys", |r| {
            r.keys = Some(Keys::InlineKeys(Bytes::new()));
        }),
        ("key_set_id", |r| {
            r.keys = Some(Keys::KeySetId(vec![0; 31].into()));
        }),
        ("key_index", |r| {
            r.key_index.push(0);
        }),
        ("key_offset", |r| r.key_offset = vec![0, 1]),
        ("key_offset", |r| r.key_offset = vec![0, 2, 1]),
        ("key_offset", |r| r.key_offset = vec![1, 1, 2]),
        ("key_offset", |r| r.key_offset = vec![0, u32::MAX, 2]),
    ];
    for (field, change) in cases {
        let mut request = good.clone();
        change(&mut request);
        names(client.verify_columns(request).await, field);
    }
    let answer = client.verify_columns(good).await.unwrap().into_inner();
    assert_eq!(&answer.verdicts[..], [1, 1]);
    running.idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_at_once_is_refused() {
    let limits = Limits {
        items_per_request_max: 10,
        signers_per_request_max: 20,
        message_bytes_max: 100,
        pairs_per_check_max: 3,
        ..Limits::default()
    };
    let running = start_with(tutti_server::Config { limits, ..config() });
    let mut client = running.verify().await;
    names(
        client
            .verify_sets(pop_request((0..11).map(good_set).collect()))
            .await,
        "sets",
    );
    let (key, signature) = pop(3, b"m");
    let many = inline_set(0, &vec![key.clone(); 21], b"m", &signature);
    names(client.verify_sets(pop_request(vec![many])).await, "sets");
    let long = inline_set(0, std::slice::from_ref(&key), &[0; 101], &signature);
    let sets = vec![good_set(0), long];
    names(
        client.verify_sets(pop_request(sets)).await,
        "sets[1].message",
    );
    let columns = v1::VerifyColumnsRequest {
        scheme: wire_scheme(POP),
        signatures: signature.repeat(11).into(),
        message_bytes: vec![1; 32].into(),
        message_index: vec![0; 11],
        key_index: vec![0; 11],
        keys: Some(Keys::InlineKeys(key)),
        ..Default::default()
    };
    names(client.verify_columns(columns.clone()).await, "signatures");
    let columns = v1::VerifyColumnsRequest {
        signatures: signature.clone(),
        message_index: vec![0],
        key_index: vec![0; 21],
        key_offset: vec![0, 21],
        ..columns
    };
    names(client.verify_columns(columns).await, "key_index");
    let pair = v1::PointPair::default();
    let pairings = v1::PairingCheckRequest {
        encoding: v1::Encoding::Eip197.into(),
        checks: vec![v1::ProductCheck {
            pairs: vec![pair; 4],
            ..Default::default()
        }],
        ..Default::default()
    };
    names(client.pairing_check(pairings).await, "checks[0].pairs");
    let sums = v1::AggregateRequest {
        world: v1::World::Bls12381MinPk.into(),
        jobs: vec![v1::AggregateJob {
            role: v1::AggregateRole::Signatures.into(),
            points: vec![signature; 21],
            ..Default::default()
        }],
        ..Default::default()
    };
    names(client.aggregate(sums).await, "jobs");
    running.idle().await;
}

type Change = fn(&mut v1::VerifyColumnsRequest);

/// A point of the curve outside the subgroup.
fn outside<G: Group>(encoding: Encoding) -> Bytes {
    let len = Encoding::ZcashCompressed.len(G::ID);
    let point = (1..=u8::MAX).find_map(|x| {
        let mut bytes = vec![0; len];
        bytes[0] = 0x80;
        bytes[len - 1] = x;
        let point = G::parse(Encoding::ZcashCompressed, &bytes)
            .ok()?
            .finite()
            .ok()?;
        (!G::in_subgroup(&point)).then_some(point)
    });
    G::encode(point.as_ref(), encoding).into()
}

/// A compressed x that is on no point.
fn off_curve<G: Group>() -> Bytes {
    let len = Encoding::ZcashCompressed.len(G::ID);
    let mut bytes = vec![0; len];
    bytes[0] = 0x80;
    let found = (1..=u8::MAX).find(|&x| {
        bytes[len - 1] = x;
        let wire = G::parse(Encoding::ZcashCompressed, &bytes).unwrap();
        wire.point().is_err()
    });
    found.expect("half of all x are on no point");
    bytes.into()
}

fn with_first(bytes: &Bytes, first: u8) -> Bytes {
    let mut bytes = bytes.to_vec();
    bytes[0] = first;
    bytes.into()
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_point_are_invalid_with_their_reason() {
    let running = start();
    let mut client = running.verify().await;
    let message = [5; 32];
    let (key, signature) = pop(3, &message);
    let infinity = |len: usize| with_first(&vec![0; len].into(), 0xc0);
    let above = |len: usize| with_first(&vec![0xff; len].into(), 0x9f);
    let uncompressed_flag = |bytes: &Bytes| with_first(bytes, bytes[0] & 0x7f);
    let signatures = [
        (Bytes::new(), "INVALID(malformed length: signature)"),
        (
            signature.slice(..95),
            "INVALID(malformed length: signature)",
        ),
        (
            [&signature[..], &[0]].concat().into(),
            "INVALID(malformed length: signature)",
        ),
        (
            uncompressed_flag(&signature),
            "INVALID(bad encoding: signature)",
        ),
        (
            with_first(&signature, 0xe0),
            "INVALID(bad encoding: signature)",
        ),
        (above(96), "INVALID(non-canonical: signature)"),
        (off_curve::<G2>(), "INVALID(not on curve: signature)"),
        (
            outside::<G2>(Encoding::ZcashCompressed),
            "INVALID(not in subgroup: signature)",
        ),
        (infinity(96), "INVALID(infinity: signature)"),
    ];
    let keys = [
        (Bytes::new(), "INVALID(malformed length: key 1)"),
        (key.slice(..47), "INVALID(malformed length: key 1)"),
        (uncompressed_flag(&key), "INVALID(bad encoding: key 1)"),
        (above(48), "INVALID(non-canonical: key 1)"),
        (off_curve::<G1>(), "INVALID(not on curve: key 1)"),
        (
            outside::<G1>(Encoding::ZcashCompressed),
            "INVALID(not in subgroup: key 1)",
        ),
        (infinity(48), "INVALID(infinity: key 1)"),
    ];
    let mut sets = Vec::new();
    let mut expected = Vec::new();
    for (bad, text) in &signatures {
        sets.push(inline_set(0, std::slice::from_ref(&key), &message, bad));
        expected.push(*text);
    }
    for (bad, text) in &keys {
        sets.push(inline_set(
            0,
            &[key.clone(), bad.clone()],
            &message,
            &signature,
        ));
        expected.push(*text);
    }
    // All of them in one batch with one that is good, then each alone.
    sets.push(good_set(7));
    expected.push("VALID");
    let answer = client.verify_sets(pop_request(sets.clone())).await.unwrap();
    assert_eq!(texts(&answer.into_inner().results), expected);
    for (set, expected) in sets.into_iter().zip(expected) {
        let answer = client.verify_sets(pop_request(vec![set])).await.unwrap();
        assert_eq!(texts(&answer.into_inner().results), [expected]);
    }
    running.idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_cancel_out_are_invalid() {
    let running = start();
    let mut client = running.verify().await;
    let (key, signature) = pop(3, b"m");
    let point = G1::parse(Encoding::ZcashCompressed, &key)
        .unwrap()
        .finite()
        .unwrap();
    let minus = Bytes::from(G1::encode(
        Some(&G1::negate(&point)),
        Encoding::ZcashCompressed,
    ));
    let set = inline_set(0, &[key, minus], b"m", &signature);
    let answer = client.verify_sets(pop_request(vec![set])).await.unwrap();
    assert_eq!(
        texts(&answer.into_inner().results),
        ["INVALID(infinity: aggregate key)"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn coordinates_above_the_modulus_are_never_reduced() {
    let running = start();
    let mut client = running.verify().await;
    let scheme = Scheme::Bn254EigenTai;
    let (key, signature) = signed(&scheme, 9, &[1; 32]);
    let modulus = bn254_modulus();
    // The same point, with p added to a coordinate.
    let shifted = |bytes: &Bytes, word: usize| -> Bytes {
        let mut bytes = bytes.to_vec();
        let mut carry = 0_u16;
        for i in (0..32).rev() {
            let sum = u16::from(bytes[32 * word + i]) + u16::from(modulus[i]) + carry;
            bytes[32 * word + i] = sum as u8;
            carry = sum >> 8;
        }
        bytes.into()
    };
    let sets = vec![
        inline_set(0, std::slice::from_ref(&key), &[1; 32], &signature),
        inline_set(
            1,
            std::slice::from_ref(&key),
            &[1; 32],
            &shifted(&signature, 0),
        ),
        inline_set(2, &[shifted(&key, 3)], &[1; 32], &signature),
        inline_set(3, std::slice::from_ref(&key), &[1; 31], &signature),
        inline_set(4, &[key], &[1; 32], &vec![0; 64].into()),
    ];
    let request = v1::VerifySetsRequest {
        scheme: wire_scheme(v1::SchemeKind::Bn254EigenTai),
        sets,
        ..Default::default()
    };
    let answer = client.verify_sets(request).await.unwrap().into_inner();
    assert_eq!(
        texts(&answer.results),
        [
            "VALID",
            "INVALID(non-canonical: signature)",
            "INVALID(non-canonical: key 0)",
            "INVALID(message length: message)",
            "INVALID(infinity: signature)",
        ]
    );
}

/// p: what -1 encodes to, plus one. The generator is (1, 2), so its negative is (1, p - 2).
fn bn254_modulus() -> [u8; 32] {
    let minus = bn254::G1::negate(&bn254::G1::generator());
    let bytes = bn254::G1::encode(Some(&minus), Encoding::Eip197);
    let mut p: [u8; 32] = bytes[32..].try_into().unwrap();
    p[31] += 2;
    p
}
