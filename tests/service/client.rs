//! The client against servers in this process.
#![allow(unreachable_pub, reason = "modules of a test binary")]

mod support;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tutti_client::{
    Aggregate, AggregateRole, Client, ClientError, ColumnKeys, Columns, Config, CurveId, Dst,
    EmptyRule, Encoding, GroupId, Hash, HashInput, HashVariant, InvalidReason, KeySetId, Part,
    PointPair, Priority, Scheme, SignatureSet, SignedMessage, Signer, Signers, Sum, UndecidedCause,
    Verdict, World,
};
use tutti_curves::{Group as _, Hashing, PointHash as _, bls12_381};
use tutti_types::Limits;

use support::{Running, TAG, config, eventually, pop, schemes, signed, start, start_with};

const POP: Scheme = Scheme::Bls12381MinPkPop;
const FORGED: Verdict = Verdict::Invalid(InvalidReason::DoesNotVerify, Part::Whole);

fn url(running: &Running) -> String {
    format!("http://{}", running.grpc)
}

fn client(running: &Running) -> Client {
    Client::new(Config::new([url(running)])).unwrap()
}

fn good(secret: u128) -> SignatureSet {
    let message = [secret as u8; 32];
    let (key, signature) = pop(secret, &message);
    SignatureSet::single(key, message.to_vec(), signature)
}

fn forged(secret: u128) -> SignatureSet {
    SignatureSet {
        signature: good(secret + 1).signature,
        ..good(secret)
    }
}

/// An address on which nobody listens.
fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn verdicts_come_typed_for_every_scheme() {
    let running = start();
    let client = client(&running).priority(Priority::Urgent).source("a test");
    for (_, scheme) in schemes() {
        let (key, signature) = signed(&scheme, 7, &[1; 32]);
        let right = SignatureSet::single(key, vec![1; 32], signature);
        let wrong = SignatureSet {
            message: vec![2; 32].into(),
            ..right.clone()
        };
        let nobody = SignatureSet {
            signers: Signers::Keys(vec![]),
            ..right.clone()
        };
        let answer = client
            .verify_sets(&scheme, &[right, wrong, nobody])
            .await
            .unwrap();
        let no_signers = Verdict::Invalid(InvalidReason::NoSigners, Part::Whole);
        assert_eq!(
            answer.results,
            [Verdict::Valid, FORGED, no_signers],
            "{scheme:?}"
        );
        assert_eq!(answer.timing.backend, "cpu");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn key_sets_are_put_read_named_and_dropped() {
    let running = start();
    let client = client(&running);
    let keys: Vec<Bytes> = (3..13).map(|secret| pop(secret, b"").0).collect();
    let info = client
        .put_key_set(World::Bls12381MinPk, "ten", &keys)
        .await
        .unwrap();
    assert_eq!((info.count, info.name.as_str()), (10, "ten"));
    assert_eq!(
        client.list_key_sets().await.unwrap(),
        std::slice::from_ref(&info)
    );
    let (again, read) = client.get_key_set(info.id).await.unwrap();
    assert_eq!((again, read), (info.clone(), keys.clone()));

    let message = Bytes::from_static(b"m");
    let set = |signers, by| SignatureSet {
        signers,
        message: message.clone(),
        signature: pop(by, b"m").1,
    };
    let indices = |indices: &[u32]| Signers::Indices {
        set: info.id,
        indices: indices.to_vec(),
    };
    let sets = [
        set(indices(&[0, 9]), 3 + 12),
        set(indices(&[10]), 3),
        set(
            Signers::Bitfield {
                set: info.id,
                bits: Bytes::from_static(&[1, 2]),
            },
            3 + 12,
        ),
        set(
            Signers::Indices {
                set: KeySetId([1; 32]),
                indices: vec![0],
            },
            3,
        ),
    ];
    let answer = client.verify_sets(&POP, &sets).await.unwrap();
    let unknown_key = Verdict::Invalid(InvalidReason::UnknownKey, Part::Key(0));
    let unknown_set = Verdict::Undecided(UndecidedCause::UnknownKeySet);
    assert_eq!(
        answer.results,
        [Verdict::Valid, unknown_key, Verdict::Valid, unknown_set]
    );

    let columns = Columns {
        signatures: [pop(3, &[1; 32]).1, pop(5, &[1; 32]).1].concat().into(),
        messages: vec![1; 32].into(),
        message_length: 32,
        message_index: vec![0, 0],
        keys: ColumnKeys::Set(info.id),
        key_index: vec![0, 1],
        key_offset: vec![],
    };
    let answer = client.verify_columns(&POP, columns).await.unwrap();
    assert_eq!(answer.results, [Verdict::Valid, FORGED]);

    client.drop_key_set(info.id).await.unwrap();
    let gone = client.drop_key_set(info.id).await.unwrap_err();
    assert!(matches!(gone, ClientError::NotFound(_)), "{gone}");
    assert!(client.list_key_sets().await.unwrap().is_empty());

    let mut bad = keys;
    bad[4] = Bytes::from(vec![0; 48]);
    let refused = client
        .put_key_set(World::Bls12381MinPk, "", &bad)
        .await
        .unwrap_err();
    let expected = InvalidReason::BadEncoding;
    assert!(
        matches!(refused, ClientError::BadKey { index: 4, reason } if reason == expected),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_else_can_be_asked_too() {
    let running = start();
    let client = client(&running);
    let (key_a, sig_a) = pop(20, b"a");
    let (key_b, sig_b) = pop(22, b"b");
    let sum = |points: [Bytes; 2]| Sum {
        role: AggregateRole::Signatures,
        points: points.to_vec(),
    };
    let sums = [sum([sig_a, sig_b]), sum([Bytes::new(), Bytes::new()])];
    let answer = client
        .aggregate(World::Bls12381MinPk, None, &sums)
        .await
        .unwrap();
    let both = answer.results[0].clone().unwrap();
    let short = Verdict::Invalid(InvalidReason::MalformedLength, Part::Point(0));
    assert_eq!(answer.results[1], Err(short));

    let signed = |key: Bytes, message: &'static [u8]| SignedMessage {
        signer: Signer::Key(key),
        message: Bytes::from_static(message),
    };
    let right = Aggregate {
        signed: vec![signed(key_a.clone(), b"a"), signed(key_b.clone(), b"b")],
        signature: both,
        key_set: None,
    };
    let wrong = Aggregate {
        signed: vec![signed(key_a, b"b"), signed(key_b, b"a")],
        ..right.clone()
    };
    let answer = client
        .aggregate_verify(&POP, &[right, wrong])
        .await
        .unwrap();
    assert_eq!(answer.results, [Verdict::Valid, FORGED]);

    let mut infinity = vec![0; 96];
    infinity[0] = 0xc0;
    let nobody = SignatureSet {
        signers: Signers::Keys(vec![]),
        message: Bytes::from_static(b"m"),
        signature: infinity.into(),
    };
    for (rule, valid) in [
        (EmptyRule::Refuse, false),
        (EmptyRule::EthFastAggregateVerify, true),
    ] {
        let items = std::slice::from_ref(&nobody);
        let answer = client
            .fast_aggregate_verify(&POP, rule, items)
            .await
            .unwrap();
        assert_eq!(answer.results[0].is_valid(), valid, "{rule:?}");
    }

    let suite = Hash::Suite {
        curve: CurveId::Bls12381,
        group: GroupId::G1,
        variant: HashVariant::NonUniform,
        dst: Some(Dst::new(TAG).unwrap()),
    };
    let inputs = [HashInput::Message(Bytes::from_static(b"abc"))];
    let answer = client
        .encoding(Encoding::ZcashUncompressed)
        .hash_to_curve(&suite, &inputs)
        .await
        .unwrap();
    let hashing = Hashing::Rfc9380 {
        variant: HashVariant::NonUniform,
        dst: TAG,
    };
    let point = bls12_381::G1::hash(hashing, b"abc", &[]).unwrap();
    let expected = bls12_381::G1::encode(Some(&point), Encoding::ZcashUncompressed);
    assert_eq!(answer.results, [Ok(Bytes::from(expected))]);

    let (key, signature) = pop(3, b"m");
    let minus = bls12_381::G1::negate(&bls12_381::G1::generator());
    let hash = client
        .hash_to_curve(
            &Hash::Scheme(POP),
            &[HashInput::Message(Bytes::from_static(b"m"))],
        )
        .await
        .unwrap();
    let product = vec![
        PointPair {
            g1: key,
            g2: hash.results[0].clone().unwrap(),
        },
        PointPair {
            g1: bls12_381::G1::encode(Some(&minus), Encoding::ZcashCompressed).into(),
            g2: signature,
        },
    ];
    let half = product[..1].to_vec();
    let answer = client
        .pairing_check(Encoding::ZcashCompressed, &[product, half])
        .await;
    assert_eq!(answer.unwrap().results, [Verdict::Valid, FORGED]);

    assert_eq!(client.capabilities().await.unwrap().schemes.len(), 7);
    assert_eq!(client.backends().await.unwrap().backends.len(), 1);
    assert_eq!(client.self_test(None).await.unwrap().len(), 1);
    let unknown = client.self_test(Some("abacus")).await.unwrap_err();
    assert!(matches!(unknown, ClientError::NotFound(_)), "{unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tasks_share_one_stream() {
    let running = start();
    let client = client(&running);
    let stream = std::sync::Arc::new(client.verify_stream(&POP).await.unwrap());
    let tasks: Vec<_> = (0..100_u128)
        .map(|i| {
            let stream = stream.clone();
            let set = if i % 7 == 3 {
                forged(i + 3)
            } else {
                good(i + 3)
            };
            tokio::spawn(async move { stream.verify_sets(&[set]).await })
        })
        .collect();
    for (i, task) in tasks.into_iter().enumerate() {
        let answer = task.await.unwrap().unwrap();
        let expected = if i % 7 == 3 { FORGED } else { Verdict::Valid };
        assert_eq!(answer.results, [expected], "request {i}");
    }
    let empty = stream.verify_sets(&[]).await.unwrap_err();
    assert!(
        matches!(empty, ClientError::Malformed { ref field, .. } if field == "sets"),
        "{empty}"
    );
    running.end().await;
    let ended = stream.verify_sets(&[good(3)]).await.unwrap_err();
    assert!(matches!(ended, ClientError::Unavailable(_)), "{ended}");
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_name_their_field_and_are_not_tried_again() {
    let running = start();
    let client = client(&running);
    let started = Instant::now();
    let error = client.verify_sets(&POP, &[]).await.unwrap_err();
    assert!(
        matches!(error, ClientError::Malformed { ref field, .. } if field == "sets"),
        "{error}"
    );
    let client = client.encoding(Encoding::Eip197);
    let error = client.verify_sets(&POP, &[good(3)]).await.unwrap_err();
    assert!(
        matches!(error, ClientError::Malformed { ref field, .. } if field == "encoding"),
        "{error}"
    );
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_decided_in_time_is_undecided() {
    let running = start();
    let deadline = Duration::from_millis(300);
    let client = Client::new(Config::new([url(&running)]).deadline(deadline)).unwrap();
    // So that the connection is there.
    client.capabilities().await.unwrap();
    running.backend.shut();
    let started = Instant::now();
    let answer = client.verify_sets(&POP, &[good(3)]).await.unwrap();
    assert_eq!(
        answer.results,
        [Verdict::Undecided(UndecidedCause::Deadline)]
    );
    assert!(started.elapsed() <= deadline + Duration::from_millis(50));
    let stream = client.verify_stream(&POP).await.unwrap();
    let answer = stream.verify_sets(&[good(3)]).await.unwrap();
    assert_eq!(
        answer.results,
        [Verdict::Undecided(UndecidedCause::Deadline)]
    );
    running.backend.open();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_is_left_out() {
    let running = start();
    let urls = [nowhere(), url(&running), nowhere()];
    let client = Client::new(Config::new(urls)).unwrap();
    for _ in 0..6 {
        let answer = client.verify_sets(&POP, &[good(3)]).await.unwrap();
        assert_eq!(answer.results, [Verdict::Valid]);
    }
    let nobody = Config::new([nowhere()]).deadline(Duration::from_secs(2));
    let client = Client::new(nobody).unwrap();
    let error = client.verify_sets(&POP, &[good(3)]).await.unwrap_err();
    assert!(matches!(error, ClientError::Unavailable(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_servers_share_the_work() {
    let servers = [start(), start()];
    let client = Client::new(Config::new(servers.iter().map(url))).unwrap();
    for _ in 0..10 {
        client.verify_sets(&POP, &[good(3)]).await.unwrap();
    }
    for server in &servers {
        assert_eq!(server.engine.backends()[0].items, 5);
    }
    // A key set is put where any of them may be asked for it.
    let keys: Vec<Bytes> = (3..6).map(|secret| pop(secret, b"").0).collect();
    let info = client
        .put_key_set(World::Bls12381MinPk, "", &keys)
        .await
        .unwrap();
    for server in &servers {
        assert_eq!(server.engine.key_sets().len(), 1);
    }
    client.drop_key_set(info.id).await.unwrap();
    for server in &servers {
        assert!(server.engine.key_sets().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_server_is_hedged_by_another() {
    let servers = [start(), start()];
    let config = Config::new(servers.iter().map(url))
        .hedge_after(Duration::from_millis(50))
        .deadline(Duration::from_secs(20));
    let client = Client::new(config).unwrap();
    servers[0].backend.shut();
    for _ in 0..4 {
        let started = Instant::now();
        let answer = client.verify_sets(&POP, &[good(3)]).await.unwrap();
        assert_eq!(answer.results, [Verdict::Valid]);
        assert!(started.elapsed() < Duration::from_secs(10));
    }
    assert!(
        servers[0].backend.held() > 0,
        "the slow server was asked first at times"
    );
    servers[0].backend.open();
    // What lost the race was cancelled, or is finished for nobody.
    servers[0].idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_waited_for() {
    let limits = Limits {
        queued_parcels_max: 16,
        ..Limits::default()
    };
    let running = start_with(tutti_server::Config { limits, ..config() });
    let slots = running.shut_and_fill().await;
    let patient = Client::new(
        Config::new([url(&running)])
            .attempts_max(1_000)
            .deadline(Duration::from_secs(30)),
    )
    .unwrap();
    let asked: Vec<_> = (0..40)
        .map(|_| {
            let client = patient.clone();
            tokio::spawn(async move { client.verify_sets(&POP, &[good(3)]).await })
        })
        .collect();
    eventually("the queue is full", || {
        running.engine.queue().parcels > slots + 2
    })
    .await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let impatient = Client::new(Config::new([url(&running)]).attempts_max(1)).unwrap();
    let error = impatient.verify_sets(&POP, &[good(3)]).await.unwrap_err();
    let ClientError::Overloaded { retry_after, .. } = error else {
        panic!("{error}");
    };
    assert!(retry_after.unwrap() > Duration::ZERO);
    running.backend.open();
    for answer in asked {
        assert_eq!(answer.await.unwrap().unwrap().results, [Verdict::Valid]);
    }
    running.idle().await;
}
