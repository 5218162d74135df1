use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tonic::Code;
use tonic_types::StatusExt as _;
use tutti_proto::v1;
use tutti_proto::v1::key_set_signers::Selection;
use tutti_types::Limits;

use crate::support::*;

fn named(id: u64, set: &Bytes, selection: Selection, message: &[u8], by: u128) -> v1::SignatureSet {
    v1::SignatureSet {
        id,
        signers: Some(v1::signature_set::Signers::KeySet(v1::KeySetSigners {
            key_set_id: set.clone(),
            selection: Some(selection),
        })),
        message: Bytes::copy_from_slice(message),
        signature: pop(by, message).1,
    }
}

fn indices(list: &[u32]) -> Selection {
    Selection::Indices(v1::KeyIndices {
        indices: list.to_vec(),
    })
}

fn bits(bytes: &'static [u8]) -> Selection {
    Selection::Bitfield(Bytes::from_static(bytes))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_id_is_the_content_as_the_contract_defines_it() {
    let running = start();
    let secrets: Vec<u128> = (3..13).collect();
    let put = put_keys(&running, &secrets).await;
    assert_eq!(put.outcome(), v1::PutOutcome::Created);
    let info = put.key_set.unwrap();
    let mut hash = Sha256::new();
    hash.update(b"tutti.v1.KeySet");
    hash.update([1, 1]);
    hash.update(10_u64.to_be_bytes());
    for secret in &secrets {
        hash.update(pop(*secret, b"").0);
    }
    assert_eq!(info.key_set_id[..], hash.finalize()[..]);
    assert_eq!((info.count, info.name.as_str()), (10, "a test's"));
    let again = put_keys(&running, &secrets).await;
    assert_eq!(again.outcome(), v1::PutOutcome::AlreadyPresent);
    assert_eq!(again.key_set.unwrap(), info);
}

#[tokio::test(flavor = "multi_thread")]
async fn signers_are_named_by_index_or_bit() {
    let running = start();
    let secrets: Vec<u128> = (3..13).collect();
    let id = put_keys(&running, &secrets)
        .await
        .key_set
        .unwrap()
        .key_set_id;
    let gone = Bytes::from_static(&[9; 32]);
    let m: &[u8] = b"message";
    let sets = vec![
        named(0, &id, indices(&[0]), m, 3),
        named(1, &id, indices(&[9, 0]), m, 12 + 3),
        named(2, &id, indices(&[0, 0]), m, 6),
        named(3, &id, bits(&[0b1000_0001, 0b10]), m, 3 + 10 + 12),
        named(4, &id, bits(&[0b1000_0001, 0b01]), m, 3 + 10 + 12),
        named(5, &id, indices(&[3, 10]), m, 3),
        named(6, &id, bits(&[1, 0b100]), m, 3),
        named(7, &id, bits(&[1]), m, 3),
        named(8, &id, bits(&[1, 0, 0]), m, 3),
        named(9, &id, bits(&[0, 0]), m, 3),
        named(10, &id, indices(&[]), m, 3),
        named(11, &gone, indices(&[0]), m, 3),
    ];
    let answer = running.verify().await.verify_sets(pop_request(sets)).await;
    let results = answer.unwrap().into_inner().results;
    assert_eq!(
        texts(&results),
        [
            "VALID",
            "VALID",
            "VALID",
            "VALID",
            "INVALID(does not verify)",
            "INVALID(unknown key: key 1)",
            "INVALID(unknown key: key 1)",
            "INVALID(malformed length)",
            "INVALID(malformed length)",
            "INVALID(no signers)",
            "INVALID(no signers)",
            "UNDECIDED(unknown key set)",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_of_another_world_is_refused() {
    let running = start();
    let id = put_keys(&running, &[3, 4])
        .await
        .key_set
        .unwrap()
        .key_set_id;
    let set = named(0, &id, indices(&[0]), &[1; 32], 3);
    let request = v1::VerifySetsRequest {
        scheme: wire_scheme(v1::SchemeKind::Bn254EigenTai),
        sets: vec![set],
        ..Default::default()
    };
    let status = running
        .verify()
        .await
        .verify_sets(request)
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let violations = status.get_details_bad_request().unwrap().field_violations;
    assert_eq!(violations[0].field, "sets[0].key_set.key_set_id");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_world_takes_sets() {
    let running = start();
    let mut client = running.key_sets().await;
    for (world, kind) in [
        (v1::World::Bls12381MinSig, v1::SchemeKind::Bls12381MinSig),
        (v1::World::Bn254, v1::SchemeKind::Bn254KeccakTai),
    ] {
        let scheme = schemes().into_iter().find(|(k, _)| *k == kind).unwrap().1;
        let keys: Vec<Bytes> = (3..6).map(|s| signed(&scheme, s, b"m").0).collect();
        let put = client
            .put_key_set(tokio_stream::iter(upload(world, &keys, 2)))
            .await
            .unwrap()
            .into_inner();
        let info = put.key_set.unwrap();
        assert_eq!(info.world(), world);
        let mut set = named(0, &info.key_set_id, indices(&[2]), b"m", 1);
        set.signature = signed(&scheme, 5, b"m").1;
        let request = v1::VerifySetsRequest {
            scheme: wire_scheme(kind),
            sets: vec![set],
            ..Default::default()
        };
        let answer = running.verify().await.verify_sets(request).await.unwrap();
        assert_eq!(texts(&answer.into_inner().results), ["VALID"], "{world:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sets_are_read_back_listed_and_dropped() {
    let running = start();
    let mut client = running.key_sets().await;
    let mut ids = Vec::new();
    for first in 3..8 {
        let put = put_keys(&running, &[first, 100 + first, 3]).await;
        ids.push(put.key_set.unwrap().key_set_id);
    }
    let get = |id: &Bytes, first, count, encoding: v1::Encoding| v1::GetKeySetRequest {
        key_set_id: id.clone(),
        first,
        count,
        encoding: encoding.into(),
    };
    let request = get(&ids[0], 1, 10, v1::Encoding::Unspecified);
    let answer = client.get_key_set(request).await.unwrap().into_inner();
    assert_eq!(answer.keys, [&pop(103, b"").0[..], &pop(3, b"").0].concat());
    let request = get(&ids[0], 1, 1, v1::Encoding::Eip2537);
    let answer = client.get_key_set(request).await.unwrap().into_inner();
    assert_eq!(answer.keys.len(), 128);

    let mut listed = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = v1::ListKeySetsRequest {
            page_size: 2,
            page_token,
        };
        let page = client.list_key_sets(request).await.unwrap().into_inner();
        assert!(page.key_sets.len() <= 2);
        listed.extend(page.key_sets.into_iter().map(|info| info.key_set_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    ids.sort();
    assert_eq!(listed, ids);

    let drop_it = || v1::DropKeySetRequest {
        key_set_id: ids[0].clone(),
    };
    client.drop_key_set(drop_it()).await.unwrap();
    let status = client.drop_key_set(drop_it()).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    let resource = status.get_details_resource_info().unwrap();
    assert_eq!(resource.resource_type, "tutti.v1.KeySet");
    let request = get(&ids[0], 0, 0, v1::Encoding::Unspecified);
    assert_eq!(
        client.get_key_set(request).await.unwrap_err().code(),
        Code::NotFound
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_bad_key_ends_the_upload_and_is_named() {
    let running = start();
    let mut client = running.key_sets().await;
    let good = pop(3, b"").0;
    let mut off_curve = good.to_vec();
    // The next x that is on no point of the curve.
    while tutti_curves_accepts(&off_curve) {
        off_curve[47] = off_curve[47].wrapping_add(1);
    }
    let mut not_canonical = good.to_vec();
    not_canonical.fill(0xff);
    not_canonical[0] = 0x9f;
    let mut infinity = vec![0; 48];
    infinity[0] = 0xc0;
    // The second bad key is found first, while it is read; the first one is still the answer.
    let keys: Vec<Bytes> = vec![
        good.clone(),
        good.clone(),
        off_curve.into(),
        good.clone(),
        not_canonical.into(),
    ];
    let cases = [
        (keys.clone(), "2", "4"),
        (keys[3..].to_vec(), "1", "3"),
        (vec![good.clone(), infinity.into()], "1", "6"),
    ];
    for (keys, index, reason) in cases {
        let messages = upload(v1::World::Bls12381MinPk, &keys, 2);
        let status = client.put_key_set(tokio_stream::iter(messages)).await;
        let status = status.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        let info = status.get_details_error_info().unwrap();
        assert_eq!(info.reason, "INVALID_KEY");
        assert_eq!(info.metadata["index"], index);
        assert_eq!(info.metadata["invalid_reason"], reason);
    }
    assert!(running.engine.key_sets().is_empty());
    running.idle().await;
}

fn tutti_curves_accepts(bytes: &[u8]) -> bool {
    use tutti_curves::{Group as _, bls12_381::G1};
    let wire = G1::parse(tutti_types::Encoding::ZcashCompressed, bytes);
    wire.and_then(|wire| wire.finite()).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_set_comes_in_pieces_and_room_is_bounded() {
    let limits = Limits {
        keys_total_max: 20_000,
        key_sets_max: 2,
        ..Limits::default()
    };
    let running = start_with(tutti_server::Config { limits, ..config() });
    let mut client = running.key_sets().await;
    let few: Vec<Bytes> = (3..53).map(|secret| pop(secret, b"").0).collect();
    let many = |n: usize| -> Vec<Bytes> { few.iter().cycle().take(n).cloned().collect() };
    let mut put = async |n| {
        let messages = upload(v1::World::Bls12381MinPk, &many(n), 1_000);
        client.put_key_set(tokio_stream::iter(messages)).await
    };
    let info = put(18_000).await.unwrap().into_inner().key_set.unwrap();
    assert_eq!(info.count, 18_000);
    let set = named(
        0,
        &info.key_set_id,
        indices(&[17_999]),
        b"m",
        3 + 17_999 % 50,
    );
    let answer = running
        .verify()
        .await
        .verify_sets(pop_request(vec![set]))
        .await;
    assert_eq!(texts(&answer.unwrap().into_inner().results), ["VALID"]);
    let too_many_keys = put(3_000).await.unwrap_err();
    assert_eq!(too_many_keys.code(), Code::ResourceExhausted);
    assert!(too_many_keys.get_details_quota_failure().is_some());
    put(1).await.unwrap();
    let too_many_sets = put(2).await.unwrap_err();
    assert_eq!(too_many_sets.code(), Code::ResourceExhausted);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_says_what_is_wrong_with_it() {
    let running = start();
    let mut client = running.key_sets().await;
    let keys: Vec<Bytes> = (3..6).map(|s| pop(s, b"").0).collect();
    let good = upload(v1::World::Bls12381MinPk, &keys, 2);
    let header = |change: fn(&mut v1::KeySetHeader)| {
        let mut messages = good.clone();
        let Some(v1::put_key_set_request::Part::Header(header)) = &mut messages[0].part else {
            panic!("the header is first");
        };
        change(header);
        messages
    };
    let cases = [
        (Vec::new(), "header"),
        (good[1..].to_vec(), "header"),
        ([&good[..1], &good[..]].concat(), "header"),
        (
            vec![good[0].clone(), v1::PutKeySetRequest { part: None }],
            "part",
        ),
        (header(|h| h.count = 0), "header.count"),
        (header(|h| h.count = 2_000_001), "header.count"),
        (header(|h| h.count = 4), "header.count"),
        (header(|h| h.count = 2), "chunk.keys"),
        (header(|h| h.world = 0), "header.world"),
        (
            header(|h| h.world = v1::World::Bls12381MinSig.into()),
            "keys[0]",
        ),
        (
            header(|h| h.encoding = v1::Encoding::Eip197.into()),
            "header.encoding",
        ),
        (header(|h| h.name = "x".repeat(129)), "header.name"),
    ];
    for (messages, field) in cases {
        let status = client
            .put_key_set(tokio_stream::iter(messages))
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{field}: {status}");
        let violations = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(violations[0].field, field);
    }
    assert!(running.engine.key_sets().is_empty());
}
