//! Bytes that are not what gRPC, HTTP/2 or protobuf say.

use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes};
use prost::Message as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tutti_proto::v1;
use tutti_types::Limits;

use crate::support::*;

/// Sends what it is given.
#[derive(Clone, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&mut self) -> Self {
        Self
    }
    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;
    fn encode(&mut self, item: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;
    fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        let len = bytes.remaining();
        Ok(Some(bytes.copy_to_bytes(len)))
    }
}

async fn send(channel: &Channel, method: &'static str, bytes: Bytes) -> Result<Bytes, Status> {
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await.expect("the server is there");
    let path = http::uri::PathAndQuery::from_static(method);
    let answer = grpc.unary(Request::new(bytes), path, Raw).await?;
    Ok(answer.into_inner())
}

const METHODS: [&str; 8] = [
    "/tutti.v1.VerifyService/VerifySets",
    "/tutti.v1.VerifyService/VerifyColumns",
    "/tutti.v1.VerifyService/AggregateVerify",
    "/tutti.v1.VerifyService/FastAggregateVerify",
    "/tutti.v1.VerifyService/Aggregate",
    "/tutti.v1.VerifyService/HashToCurve",
    "/tutti.v1.VerifyService/PairingCheck",
    "/tutti.v1.KeySetService/GetKeySet",
];

async fn still_serves(running: &Running) {
    let mut client = running.verify().await;
    let answer = client.verify_sets(pop_request(vec![good_set(1)])).await;
    assert_eq!(texts(&answer.unwrap().into_inner().results), ["VALID"]);
    running.idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_an_error_of_its_call_only() {
    let running = start();
    let channel = running.channel().await;
    let garbage = Bytes::from_static(&[0xff, 0xff, 0xff, 0xff, 0x0f, 0x80, 0x80]);
    for method in METHODS {
        let status = send(&channel, method, garbage.clone()).await.unwrap_err();
        assert!(
            matches!(status.code(), Code::Internal | Code::InvalidArgument),
            "{method}: {status}"
        );
    }
    let status = send(&channel, "/tutti.v1.VerifyService/Nothing", garbage.clone()).await;
    assert_eq!(status.unwrap_err().code(), Code::Unimplemented);
    let status = send(&channel, "/nobody/nothing", garbage).await;
    assert_eq!(status.unwrap_err().code(), Code::Unimplemented);
    still_serves(&running).await;
    // Unknown paths are one label, not one each.
    let (_, metrics) = running.page("/metrics").await;
    assert!(
        metrics.contains("method=\"other\"") && !metrics.contains("nobody"),
        "{metrics}"
    );
}

/// A small generator: the same requests in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mutilated_requests_are_all_answered() {
    let running = start();
    let channel = running.channel().await;
    let put = put_keys(&running, &[3, 4, 5]).await;
    let id = put.key_set.unwrap().key_set_id;
    let good: Vec<Bytes> = vec![
        pop_request((0..3).map(good_set).collect())
            .encode_to_vec()
            .into(),
        columns(&id).encode_to_vec().into(),
    ];
    let mut dice = Dice(2_026);
    let mut answered = 0;
    for round in 0..600 {
        let mut bytes = good[round % good.len()].to_vec();
        for _ in 0..=dice.below(4) {
            let at = dice.below(bytes.len());
            match dice.below(3) {
                0 => bytes[at] ^= 1 << dice.below(8),
                1 => bytes.truncate(at.max(1)),
                _ => bytes.insert(at, dice.below(256) as u8),
            }
        }
        // Also to methods that expect another message.
        let method = METHODS[dice.below(METHODS.len())];
        match send(&channel, method, bytes.into()).await {
            Ok(_) => answered += 1,
            Err(status) => assert!(
                matches!(
                    status.code(),
                    Code::Internal | Code::InvalidArgument | Code::NotFound
                ),
                "round {round}, {method}: {status}"
            ),
        }
    }
    assert!(
        answered > 0,
        "some mutations must get as far as the arithmetic"
    );
    still_serves(&running).await;
}

fn columns(id: &Bytes) -> v1::VerifyColumnsRequest {
    v1::VerifyColumnsRequest {
        scheme: wire_scheme(POP),
        signatures: (3..6).flat_map(|s| pop(s, &[1; 32]).1).collect(),
        message_bytes: vec![1; 32].into(),
        message_index: vec![0; 3],
        key_index: vec![0, 1, 2],
        keys: Some(v1::verify_columns_request::Keys::KeySetId(id.clone())),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_a_hundred_mebibytes_is_refused() {
    let running = start();
    let mut client = running.verify().await;
    let request = v1::VerifyColumnsRequest {
        scheme: wire_scheme(POP),
        signatures: vec![0; 100 << 20].into(),
        ..Default::default()
    };
    let status = client.verify_columns(request).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status}");
    still_serves(&running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_for_requests_is_bounded_and_given_back() {
    let running = start_with(tutti_server::Config {
        request_memory_max: 1 << 20,
        ..config()
    });
    let mut client = running.verify().await;
    let of_bytes = |bytes: usize| v1::VerifyColumnsRequest {
        scheme: wire_scheme(POP),
        signatures: vec![0; bytes / 96 * 96].into(),
        ..Default::default()
    };
    for _ in 0..5 {
        let status = client.verify_columns(of_bytes(3 << 20)).await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
        // Most of the room; it would not be there if the one before had kept its own.
        let status = client
            .verify_columns(of_bytes(900 << 10))
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    }
    // A stream gives back what is answered, however long it lives.
    let set = good_set(1);
    let padding = "x".repeat(60);
    let requests = (0..3_000).map(move |_| v1::VerifySetsStreamRequest {
        request: Some(v1::VerifySetsRequest {
            options: options(&padding, v1::Priority::Normal),
            ..pop_request(vec![set.clone(), v1::SignatureSet::default()])
        }),
    });
    let answers = client
        .verify_sets_stream(tokio_stream::iter(requests))
        .await;
    let mut answers = answers.unwrap().into_inner();
    let mut count = 0;
    while let Some(answer) = answers.message().await.expect("the stream goes on") {
        assert!(answer.outcome.is_some());
        count += 1;
    }
    assert_eq!(count, 3_000);
    still_serves(&running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_http2_is_hung_up_on() {
    let running = start();
    for bytes in [
        &b"GET / HTTP/1.1\r\nhost: here\r\n\r\n"[..],
        &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3],
        &[0; 4096],
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        let mut stream = TcpStream::connect(running.grpc).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let ended = tokio::time::timeout(Duration::from_secs(10), read).await;
        assert!(ended.is_ok(), "the connection is closed: {bytes:?}");
    }
    still_serves(&running).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_bounded() {
    let limits = Limits {
        connections_max: 3,
        ..Limits::default()
    };
    let running = start_with(tutti_server::Config { limits, ..config() });
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(TcpStream::connect(running.grpc).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut refused = TcpStream::connect(running.grpc).await.unwrap();
    let mut byte = [0; 1];
    let read = tokio::time::timeout(Duration::from_secs(5), refused.read(&mut byte)).await;
    let hung_up = match read.expect("it is hung up on") {
        Ok(count) => count == 0,
        Err(_) => true,
    };
    assert!(hung_up);
    drop(held);
    tokio::time::sleep(Duration::from_millis(100)).await;
    still_serves(&running).await;
    let (_, metrics) = running.page("/metrics").await;
    assert!(
        metrics.contains("tutti_connections_refused_total 1"),
        "{metrics}"
    );
}
