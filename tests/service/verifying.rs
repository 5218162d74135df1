use bytes::Bytes;
use tonic::Code;
use tutti_proto::v1;
use tutti_types::{Encoding, Scheme};

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn every_scheme_tells_good_from_bad() {
    let running = start();
    let mut client = running.verify().await;
    for (kind, scheme) in schemes() {
        let (key, signature) = signed(&scheme, 5, &[7; 32]);
        let (other_key, _) = signed(&scheme, 6, &[7; 32]);
        let request = v1::VerifySetsRequest {
            scheme: wire_scheme(kind),
            options: options("a request", v1::Priority::Urgent),
            sets: vec![
                inline_set(9, std::slice::from_ref(&key), &[7; 32], &signature),
                inline_set(4, std::slice::from_ref(&key), &[8; 32], &signature),
                inline_set(4, &[other_key], &[7; 32], &signature),
                inline_set(1, &[], &[7; 32], &signature),
            ],
            ..Default::default()
        };
        let answer = client.verify_sets(request).await.unwrap().into_inner();
        assert_eq!(answer.request_id, "a request");
        assert_eq!(answer.timing.unwrap().backend, "cpu");
        let ids: Vec<u64> = answer.results.iter().map(|r| r.id).collect();
        assert_eq!(ids, [9, 4, 4, 1]);
        assert_eq!(
            texts(&answer.results),
            [
                "VALID",
                "INVALID(does not verify)",
                "INVALID(does not verify)",
                "INVALID(no signers)"
            ],
            "{kind:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_encoding_is_read_and_no_other_is_guessed() {
    let running = start();
    let mut client = running.verify().await;
    let encodings = [
        (
            POP,
            Scheme::Bls12381MinPkPop,
            v1::Encoding::ZcashCompressed,
            Encoding::ZcashCompressed,
        ),
        (
            POP,
            Scheme::Bls12381MinPkPop,
            v1::Encoding::ZcashUncompressed,
            Encoding::ZcashUncompressed,
        ),
        (
            POP,
            Scheme::Bls12381MinPkPop,
            v1::Encoding::Eip2537,
            Encoding::Eip2537,
        ),
        (
            v1::SchemeKind::Bn254EigenTai,
            Scheme::Bn254EigenTai,
            v1::Encoding::Eip197,
            Encoding::Eip197,
        ),
        (
            v1::SchemeKind::Bn254EigenTai,
            Scheme::Bn254EigenTai,
            v1::Encoding::Eigensdk,
            Encoding::Eigensdk,
        ),
        (
            v1::SchemeKind::Bn254EigenTai,
            Scheme::Bn254EigenTai,
            v1::Encoding::ArkUncompressed,
            Encoding::ArkUncompressed,
        ),
        (
            v1::SchemeKind::Bn254EigenTai,
            Scheme::Bn254EigenTai,
            v1::Encoding::GnarkCompressed,
            Encoding::GnarkCompressed,
        ),
    ];
    for (kind, scheme, wire, encoding) in encodings {
        let (key, signature) = signed_as(&scheme, 11, &[1; 32], encoding);
        let request = |encoding: v1::Encoding| v1::VerifySetsRequest {
            scheme: wire_scheme(kind),
            encoding: encoding.into(),
            sets: vec![inline_set(
                0,
                std::slice::from_ref(&key),
                &[1; 32],
                &signature,
            )],
            ..Default::default()
        };
        let answer = client
            .verify_sets(request(wire))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(texts(&answer.results), ["VALID"], "{wire:?}");
        let foreign = match kind {
            POP => v1::Encoding::Eip197,
            _ => v1::Encoding::ZcashCompressed,
        };
        let status = client.verify_sets(request(foreign)).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{wire:?}");
    }
    // EIP-197 and eigensdk-go differ in the order of G2's halves only.
    let (key, signature) = signed_as(&Scheme::Bn254EigenTai, 11, &[1; 32], Encoding::Eip197);
    let request = v1::VerifySetsRequest {
        scheme: wire_scheme(v1::SchemeKind::Bn254EigenTai),
        encoding: v1::Encoding::Eigensdk.into(),
        sets: vec![inline_set(0, &[key], &[1; 32], &signature)],
        ..Default::default()
    };
    let answer = client.verify_sets(request).await.unwrap().into_inner();
    assert!(texts(&answer.results)[0].starts_with("INVALID"));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_signers_are_checked_against_the_sum_of_their_keys() {
    let running = start();
    let mut client = running.verify().await;
    let (a, _) = pop(20, b"m");
    let (b, _) = pop(22, b"m");
    let (_, both) = pop(42, b"m");
    let (c, _) = pop(1, b"m");
    let sets = vec![
        inline_set(0, &[a.clone(), b.clone()], b"m", &both),
        inline_set(1, &[a.clone(), b.clone(), c], b"m", &both),
        inline_set(2, std::slice::from_ref(&b), b"m", &both),
        // 22 + 20 + 22 is another sum.
        inline_set(3, &[b.clone(), a, b], b"m", &both),
    ];
    let answer = client
        .verify_sets(pop_request(sets))
        .await
        .unwrap()
        .into_inner();
    let bad = "INVALID(does not verify)";
    assert_eq!(texts(&answer.results), ["VALID", bad, bad, bad]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shifted_pair_does_not_pass_together() {
    use tutti_curves::{Group, bls12_381::G2};
    let running = start();
    let mut client = running.verify().await;
    let shift = |signature: &[u8], by: &<G2 as Group>::Affine| -> Bytes {
        let point = G2::parse(Encoding::ZcashCompressed, signature)
            .unwrap()
            .finite()
            .unwrap();
        let sum = G2::add_affine(&G2::lift(&point), by);
        G2::encode(G2::to_affine(&sum).as_ref(), Encoding::ZcashCompressed).into()
    };
    let generator = G2::generator();
    let (key_a, good_a) = pop(3, &[1; 32]);
    let (key_b, good_b) = pop(4, &[1; 32]);
    let sets = vec![
        inline_set(0, &[key_a], &[1; 32], &shift(&good_a, &generator)),
        inline_set(
            1,
            &[key_b],
            &[1; 32],
            &shift(&good_b, &G2::negate(&generator)),
        ),
        good_set(2),
    ];
    let answer = client
        .verify_sets(pop_request(sets))
        .await
        .unwrap()
        .into_inner();
    let bad = "INVALID(does not verify)";
    assert_eq!(texts(&answer.results), [bad, bad, "VALID"]);
}

struct Columns {
    request: v1::VerifyColumnsRequest,
}

/// Six items of four signers over two messages; item 4 is signed by the wrong one.
fn columns() -> Columns {
    let messages = [[1_u8; 32], [2; 32]];
    let signed_by: [(u128, usize); 6] = [(3, 0), (4, 0), (5, 1), (6, 1), (3, 1), (4, 1)];
    let signatures: Vec<Bytes> = signed_by
        .iter()
        .enumerate()
        .map(|(item, (secret, message))| {
            let secret = if item == 4 { 99 } else { *secret };
            pop(secret, &messages[*message]).1
        })
        .collect();
    let keys: Vec<Bytes> = (3..7).map(|secret| pop(secret, b"").0).collect();
    Columns {
        request: v1::VerifyColumnsRequest {
            scheme: wire_scheme(POP),
            options: options("columns", v1::Priority::Bulk),
            signatures: signatures.concat().into(),
            message_bytes: messages.concat().into(),
            message_index: signed_by.iter().map(|(_, m)| *m as u32).collect(),
            key_index: signed_by.iter().map(|(s, _)| (*s - 3) as u32).collect(),
            keys: Some(v1::verify_columns_request::Keys::InlineKeys(
                keys.concat().into(),
            )),
            ..Default::default()
        },
    }
}

const GOOD: u8 = 1;
const FORGED: u8 = 0x40 | 9;
const UNKNOWN_KEY: u8 = 0x40 | 7;
const NO_SIGNERS: u8 = 0x40 | 8;
const NOT_CANONICAL: u8 = 0x40 | 3;
const UNKNOWN_SET: u8 = 0x80 | 4;

#[tokio::test(flavor = "multi_thread")]
async fn columns_are_verified_item_by_item() {
    let running = start();
    let mut client = running.verify().await;
    let Columns { request } = columns();
    let answer = client.verify_columns(request).await.unwrap().into_inner();
    assert_eq!(answer.request_id, "columns");
    assert_eq!(&answer.verdicts[..], [GOOD, GOOD, GOOD, GOOD, FORGED, GOOD]);
    let counts = (
        answer.valid_count,
        answer.invalid_count,
        answer.undecided_count,
    );
    assert_eq!(counts, (5, 1, 0));
    assert_eq!(answer.retry_after_ms, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_take_their_keys_from_a_set() {
    let running = start();
    let mut client = running.verify().await;
    let put = put_keys(&running, &[3, 4, 5, 6]).await;
    let Columns { mut request } = columns();
    request.key_index[5] = 4;
    request.keys = Some(v1::verify_columns_request::Keys::KeySetId(
        put.key_set.unwrap().key_set_id,
    ));
    let answer = client
        .verify_columns(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        &answer.verdicts[..],
        [GOOD, GOOD, GOOD, GOOD, FORGED, UNKNOWN_KEY]
    );
    request.keys = Some(v1::verify_columns_request::Keys::KeySetId(
        vec![7; 32].into(),
    ));
    let answer = client.verify_columns(request).await.unwrap().into_inner();
    assert_eq!(&answer.verdicts[..], [UNKNOWN_SET; 6]);
    assert_eq!(answer.undecided_count, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_with_offsets_have_any_number_of_signers() {
    let running = start();
    let mut client = running.verify().await;
    let message = [3; 32];
    let (_, sum) = pop(3 + 4 + 5, &message);
    let (_, one) = pop(4, &message);
    let keys: Vec<Bytes> = (3..7).map(|secret| pop(secret, b"").0).collect();
    let request = v1::VerifyColumnsRequest {
        scheme: wire_scheme(POP),
        signatures: [&sum[..], &one, &one].concat().into(),
        message_bytes: message.to_vec().into(),
        message_index: vec![0, 0, 0],
        key_index: vec![2, 0, 1, 1],
        key_offset: vec![0, 3, 3, 4],
        keys: Some(v1::verify_columns_request::Keys::InlineKeys(
            keys.concat().into(),
        )),
        ..Default::default()
    };
    let answer = client.verify_columns(request).await.unwrap().into_inner();
    assert_eq!(&answer.verdicts[..], [GOOD, NO_SIGNERS, GOOD]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_inline_key_spoils_only_the_items_that_name_it() {
    let running = start();
    let mut client = running.verify().await;
    let Columns { mut request } = columns();
    let Some(v1::verify_columns_request::Keys::InlineKeys(keys)) = request.keys.take() else {
        panic!("inline keys");
    };
    let mut keys = keys.to_vec();
    // The second key's coordinate is above the modulus.
    keys[48..96].fill(0xff);
    keys[48] = 0x9f;
    request.keys = Some(v1::verify_columns_request::Keys::InlineKeys(keys.into()));
    let answer = client.verify_columns(request).await.unwrap().into_inner();
    assert_eq!(
        &answer.verdicts[..],
        [GOOD, NOT_CANONICAL, GOOD, GOOD, FORGED, NOT_CANONICAL]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_and_sets_agree_over_many_items() {
    let running = start();
    let mut client = running.verify().await;
    // More than are read on the spot, and more than one batch.
    let n = 5_000_u64;
    let keys: Vec<Bytes> = (0..8).map(|i| pop(i + 3, b"").0).collect();
    let messages: Vec<[u8; 32]> = (0..4).map(|m| [m; 32]).collect();
    let signatures: Vec<Vec<Bytes>> = (0..8)
        .map(|i| messages.iter().map(|m| pop(i + 3, m).1).collect())
        .collect();
    let item = |i: u64| ((i % 8) as usize, (i / 8 % 4) as usize);
    let wrong = |i: u64| i % 1_237 == 11;
    let signature = |i: u64| {
        let (key, message) = item(i);
        &signatures[(key + usize::from(wrong(i))) % 8][message]
    };
    let sets = (0..n).map(|i| {
        let (key, message) = item(i);
        inline_set(i, &keys[key..=key], &messages[message], signature(i))
    });
    let by_sets = client
        .verify_sets(pop_request(sets.collect()))
        .await
        .unwrap();
    let by_columns = client
        .verify_columns(v1::VerifyColumnsRequest {
            scheme: wire_scheme(POP),
            signatures: (0..n).flat_map(|i| signature(i).to_vec()).collect(),
            message_bytes: messages.concat().into(),
            message_index: (0..n).map(|i| item(i).1 as u32).collect(),
            key_index: (0..n).map(|i| item(i).0 as u32).collect(),
            keys: Some(v1::verify_columns_request::Keys::InlineKeys(
                keys.concat().into(),
            )),
            ..Default::default()
        })
        .await
        .unwrap();
    let expected: Vec<u8> = (0..n)
        .map(|i| if wrong(i) { FORGED } else { GOOD })
        .collect();
    assert_eq!(&by_columns.into_inner().verdicts[..], expected);
    let texts = texts(&by_sets.into_inner().results);
    for (i, text) in texts.iter().enumerate() {
        let good = expected[i] == GOOD;
        assert_eq!(text == "VALID", good, "item {i}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn aggregates_over_several_messages() {
    use tutti_curves::{Group, bls12_381::G2};
    let running = start();
    let mut client = running.verify().await;
    let sum = |scheme: &Scheme, parts: &[(u128, &[u8])]| -> Bytes {
        let mut total = G2::zero();
        for (secret, message) in parts {
            let (_, signature) = signed(scheme, *secret, message);
            let point = G2::parse(Encoding::ZcashCompressed, &signature).unwrap();
            total = G2::add_affine(&total, &point.finite().unwrap());
        }
        G2::encode(G2::to_affine(&total).as_ref(), Encoding::ZcashCompressed).into()
    };
    let item = |scheme: &Scheme, parts: &[(u128, &[u8])], claimed: &[(u128, &[u8])]| {
        v1::AggregateVerifyItem {
            signature: sum(scheme, parts),
            signed: claimed
                .iter()
                .map(|(secret, message)| v1::SignedMessage {
                    signer: Some(v1::signed_message::Signer::Key(
                        signed(scheme, *secret, message).0,
                    )),
                    message: Bytes::copy_from_slice(message),
                })
                .collect(),
            ..Default::default()
        }
    };
    let apart: &[(u128, &[u8])] = &[(3, b"one"), (4, b"two"), (5, b"three")];
    let swapped: &[(u128, &[u8])] = &[(3, b"two"), (4, b"one"), (5, b"three")];
    let same: &[(u128, &[u8])] = &[(3, b"one"), (4, b"one")];
    let cases = [
        (POP, Scheme::Bls12381MinPkPop, "VALID"),
        (
            v1::SchemeKind::Bls12381MinPkBasic,
            Scheme::Bls12381MinPkBasic,
            "INVALID(repeated message: message)",
        ),
        (
            v1::SchemeKind::Bls12381MinPkAug,
            Scheme::Bls12381MinPkAug,
            "VALID",
        ),
    ];
    for (kind, scheme, of_same) in cases {
        let request = v1::AggregateVerifyRequest {
            scheme: wire_scheme(kind),
            items: vec![
                item(&scheme, apart, apart),
                item(&scheme, apart, swapped),
                item(&scheme, apart, &apart[..2]),
                item(&scheme, same, same),
                item(&scheme, apart, &[]),
            ],
            ..Default::default()
        };
        let answer = client.aggregate_verify(request).await.unwrap().into_inner();
        let bad = "INVALID(does not verify)";
        assert_eq!(
            texts(&answer.results),
            ["VALID", bad, bad, of_same, "INVALID(no signers)"],
            "{kind:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_empty_case_is_valid_only_under_its_own_name() {
    let running = start();
    let mut client = running.verify().await;
    let mut infinity = vec![0; 96];
    infinity[0] = 0xc0;
    let infinity = Bytes::from(infinity);
    let (key, signature) = pop(5, b"m");
    let request = |kind, rule: v1::EmptyRule| v1::FastAggregateVerifyRequest {
        scheme: wire_scheme(kind),
        empty_rule: rule.into(),
        items: vec![
            inline_set(0, &[], b"m", &infinity),
            inline_set(1, &[], b"m", &signature),
            inline_set(2, std::slice::from_ref(&key), b"m", &infinity),
            inline_set(3, std::slice::from_ref(&key), b"m", &signature),
        ],
        ..Default::default()
    };
    let none = "INVALID(no signers)";
    let at_infinity = "INVALID(infinity: signature)";
    let plain = request(POP, v1::EmptyRule::Unspecified);
    let answer = client
        .fast_aggregate_verify(plain)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(texts(&answer.results), [none, none, at_infinity, "VALID"]);
    let eth = request(POP, v1::EmptyRule::EthFastAggregateVerify);
    let answer = client
        .fast_aggregate_verify(eth)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        texts(&answer.results),
        ["VALID", none, at_infinity, "VALID"]
    );
    let elsewhere = request(
        v1::SchemeKind::Bls12381MinPkBasic,
        v1::EmptyRule::EthFastAggregateVerify,
    );
    let status = client.fast_aggregate_verify(elsewhere).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
}
