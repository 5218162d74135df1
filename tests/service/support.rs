//! A server in this process on the CPU backend, whose batches can be held back.
#![allow(dead_code, reason = "each test binary uses its own part")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};
use tutti_backend::{Backend, Batch, Descriptor, Done, Refused};
use tutti_backend_cpu::{CpuBackend, CpuConfig};
use tutti_curves::{Bn254Sig, Group, Hashing, MinPk, MinSig, PointHash, Signed, oracle};
use tutti_engine::{Engine, EngineConfig};
use tutti_proto::v1;
use tutti_proto::v1::key_set_service_client::KeySetServiceClient;
use tutti_proto::v1::ops_service_client::OpsServiceClient;
use tutti_proto::v1::verify_service_client::VerifyServiceClient;
use tutti_server::{Config, Metrics, Report, ServeError, Server};
use tutti_types::{Dst, Encoding, Limits, Priority, Scheme};

/// The CPU backend behind a gate. It counts and answers as the CPU backend does; while the gate
/// is shut the batches wait in front of it.
pub struct Gated {
    inner: CpuBackend,
    gate: Mutex<Gate>,
}

#[derive(Default)]
struct Gate {
    shut: bool,
    held: Vec<(Arc<Batch>, Done)>,
    seen: Vec<(Priority, usize)>,
}

impl Gated {
    fn new() -> Arc<Self> {
        let config = CpuConfig::new(2, &Limits::default());
        Arc::new(Self {
            inner: CpuBackend::new(&config).expect("two threads"),
            gate: Mutex::default(),
        })
    }

    pub fn shut(&self) {
        let mut gate = self.gate.lock().unwrap();
        gate.shut = true;
        gate.seen.clear();
    }

    pub fn open(&self) {
        let held = {
            let mut gate = self.gate.lock().unwrap();
            gate.shut = false;
            std::mem::take(&mut gate.held)
        };
        for (batch, done) in held {
            self.inner.submit(batch, done).expect("the pool is there");
        }
    }

    /// Lets the batch pass that has waited longest.
    pub fn let_one_pass(&self) {
        let (batch, done) = self.gate.lock().unwrap().held.remove(0);
        self.inner.submit(batch, done).expect("the pool is there");
    }

    pub fn held(&self) -> usize {
        self.gate.lock().unwrap().held.len()
    }

    /// Priority and size of the batches since the gate was shut, in order.
    pub fn seen(&self) -> Vec<(Priority, usize)> {
        self.gate.lock().unwrap().seen.clone()
    }
}

impl Backend for Gated {
    fn descriptor(&self) -> &Descriptor {
        self.inner.descriptor()
    }

    fn submit(&self, batch: Arc<Batch>, done: Done) -> Result<(), Refused> {
        let mut gate = self.gate.lock().unwrap();
        gate.seen.push((batch.priority, batch.items()));
        if gate.shut {
            gate.held.push((batch, done));
            return Ok(());
        }
        drop(gate);
        self.inner.submit(batch, done)
    }

    fn counters(&self) -> Vec<(&'static str, u64)> {
        self.inner.counters()
    }
}

pub struct Running {
    pub grpc: SocketAddr,
    pub side: SocketAddr,
    pub engine: Engine,
    pub backend: Arc<Gated>,
    stop: Option<oneshot::Sender<()>>,
    ended: JoinHandle<Result<Report, ServeError>>,
}

pub fn config() -> Config {
    let any = (Ipv4Addr::LOCALHOST, 0).into();
    Config {
        grpc: any,
        side: Some(any),
        ..Config::default()
    }
}

pub fn start() -> Running {
    start_with(config())
}

pub fn start_with(config: Config) -> Running {
    let metrics = Arc::new(Metrics::new());
    let backend = Gated::new();
    let engine_config = EngineConfig {
        limits: config.limits.clone(),
        ..EngineConfig::default()
    };
    let backends: Vec<Arc<dyn Backend>> = vec![backend.clone()];
    let engine = Engine::start(&engine_config, backends, metrics.clone());
    let bound = Server::bind(config, engine.clone(), metrics).expect("free ports");
    let (grpc, side) = (bound.grpc_addr(), bound.side_addr().unwrap());
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(bound.run(async {
        let _ = stopped.await;
    }));
    Running {
        grpc,
        side,
        engine,
        backend,
        stop: Some(stop),
        ended,
    }
}

impl Running {
    pub async fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.grpc))
            .unwrap()
            .connect()
            .await
            .expect("the server listens")
    }

    pub async fn verify(&self) -> VerifyServiceClient<Channel> {
        VerifyServiceClient::new(self.channel().await)
            .max_decoding_message_size(usize::MAX)
            .max_encoding_message_size(usize::MAX)
    }

    pub async fn key_sets(&self) -> KeySetServiceClient<Channel> {
        KeySetServiceClient::new(self.channel().await).max_decoding_message_size(usize::MAX)
    }

    pub async fn ops(&self) -> OpsServiceClient<Channel> {
        OpsServiceClient::new(self.channel().await)
    }

    /// Sends the shutdown signal.
    pub fn signal(&mut self) {
        let _ = self.stop.take().expect("signalled once").send(());
    }

    pub async fn end(self) -> Report {
        drop(self.stop);
        self.ended.await.unwrap().expect("served until the end")
    }

    /// Shuts the gate and takes every slot of the backend with a batch of one item, so that
    /// whatever comes next waits in the queue.
    pub async fn shut_and_fill(&self) -> usize {
        self.backend.shut();
        let slots = self.backend.descriptor().slots as usize;
        for taken in 0..slots {
            let mut client = self.verify().await;
            let set = good_set(taken as u64);
            tokio::spawn(async move { client.verify_sets(pop_request(vec![set])).await });
            eventually("a slot is taken", || self.backend.held() > taken).await;
        }
        slots
    }

    /// Waits until nothing is queued; that nothing leaks is part of every hostile test.
    pub async fn idle(&self) {
        eventually("the queue is empty", || self.engine.queue().parcels == 0).await;
        let queue = self.engine.queue();
        assert_eq!((queue.items, queue.cost_us), (0, 0));
    }

    /// The body of a page of the side port.
    pub async fn page(&self, path: &str) -> (u16, String) {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = tokio::net::TcpStream::connect(self.side).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("a whole answer");
        (head[9..12].parse().unwrap(), body.to_owned())
    }
}

pub async fn eventually(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

/// Seven schemes with the kind that the contract calls them by.
pub fn schemes() -> Vec<(v1::SchemeKind, Scheme)> {
    let tag = Dst::new(TAG).unwrap();
    vec![
        (v1::SchemeKind::Bls12381MinPkPop, Scheme::Bls12381MinPkPop),
        (
            v1::SchemeKind::Bls12381MinPkBasic,
            Scheme::Bls12381MinPkBasic,
        ),
        (v1::SchemeKind::Bls12381MinPkAug, Scheme::Bls12381MinPkAug),
        (
            v1::SchemeKind::Bls12381MinSig,
            Scheme::Bls12381MinSig(tag.clone()),
        ),
        (v1::SchemeKind::Bn254EigenTai, Scheme::Bn254EigenTai),
        (v1::SchemeKind::Bn254KeccakTai, Scheme::Bn254KeccakTai),
        (v1::SchemeKind::Bn254Rfc9380, Scheme::Bn254Rfc9380(tag)),
    ]
}

pub const TAG: &[u8] = b"SERVICE-TEST-V01";

#[allow(clippy::unnecessary_wraps, reason = "as the contract's fields want it")]
pub fn wire_scheme(kind: v1::SchemeKind) -> Option<v1::Scheme> {
    let tagged = matches!(
        kind,
        v1::SchemeKind::Bls12381MinSig | v1::SchemeKind::Bn254Rfc9380
    );
    Some(v1::Scheme {
        kind: kind.into(),
        dst: Bytes::from_static(if tagged { TAG } else { b"" }),
    })
}

pub const POP: v1::SchemeKind = v1::SchemeKind::Bls12381MinPkPop;

/// Secret keys are small numbers: the server cannot see that.
pub fn key<W: Signed>(secret: u128, encoding: Encoding) -> Bytes {
    let sum = W::Key::mul(&W::Key::generator(), secret);
    W::Key::encode(W::Key::to_affine(&sum).as_ref(), encoding).into()
}

pub fn sign<W: Signed>(scheme: &Scheme, secret: u128, message: &[u8], to: Encoding) -> Bytes {
    let augmentation = if *scheme == Scheme::Bls12381MinPkAug {
        let sum = W::Key::mul(&W::Key::generator(), secret);
        oracle::augmentation::<W>(&W::Key::to_affine(&sum).unwrap())
    } else {
        Vec::new()
    };
    let point = W::Sig::hash(Hashing::of_scheme(scheme), message, &augmentation).unwrap();
    let signature = W::Sig::to_affine(&W::Sig::mul(&point, secret));
    W::Sig::encode(signature.as_ref(), to).into()
}

/// Key and signature in the curve's usual encoding.
pub fn signed(scheme: &Scheme, secret: u128, message: &[u8]) -> (Bytes, Bytes) {
    signed_as(
        scheme,
        secret,
        message,
        Encoding::canonical(scheme.world().curve()),
    )
}

pub fn signed_as(scheme: &Scheme, secret: u128, message: &[u8], to: Encoding) -> (Bytes, Bytes) {
    use tutti_types::World;
    match scheme.world() {
        World::Bls12381MinPk => (
            key::<MinPk>(secret, to),
            sign::<MinPk>(scheme, secret, message, to),
        ),
        World::Bls12381MinSig => (
            key::<MinSig>(secret, to),
            sign::<MinSig>(scheme, secret, message, to),
        ),
        World::Bn254 => (
            key::<Bn254Sig>(secret, to),
            sign::<Bn254Sig>(scheme, secret, message, to),
        ),
    }
}

pub fn pop(secret: u128, message: &[u8]) -> (Bytes, Bytes) {
    signed(&Scheme::Bls12381MinPkPop, secret, message)
}

pub fn inline_set(id: u64, keys: &[Bytes], message: &[u8], signature: &Bytes) -> v1::SignatureSet {
    v1::SignatureSet {
        id,
        message: Bytes::copy_from_slice(message),
        signature: signature.clone(),
        signers: Some(v1::signature_set::Signers::InlineKeys(v1::InlineKeys {
            keys: keys.to_vec(),
        })),
    }
}

/// A good set of Ethereum's scheme by one signer.
pub fn good_set(id: u64) -> v1::SignatureSet {
    let message = [id as u8; 32];
    let (key, signature) = pop(u128::from(id) + 3, &message);
    inline_set(id, &[key], &message, &signature)
}

pub fn pop_request(sets: Vec<v1::SignatureSet>) -> v1::VerifySetsRequest {
    v1::VerifySetsRequest {
        scheme: wire_scheme(POP),
        sets,
        ..Default::default()
    }
}

#[allow(clippy::unnecessary_wraps, reason = "as the contract's fields want it")]
pub fn options(request_id: &str, priority: v1::Priority) -> Option<v1::RequestOptions> {
    Some(v1::RequestOptions {
        request_id: request_id.into(),
        priority: priority.into(),
        ..Default::default()
    })
}

/// A verdict as people write it.
pub fn text(verdict: Option<&v1::Verdict>) -> String {
    use v1::verdict::Kind;
    match verdict.and_then(|verdict| verdict.kind.as_ref()) {
        None => "nothing".into(),
        Some(Kind::Valid(_)) => "VALID".into(),
        Some(Kind::Invalid(invalid)) => format!("INVALID({})", invalid.text),
        Some(Kind::Undecided(undecided)) => format!("UNDECIDED({})", undecided.text),
    }
}

pub fn texts(results: &[v1::ItemVerdict]) -> Vec<String> {
    results.iter().map(|r| text(r.verdict.as_ref())).collect()
}

/// Puts a set of Ethereum keys with these secrets.
pub async fn put_keys(running: &Running, secrets: &[u128]) -> v1::PutKeySetResponse {
    let keys: Vec<Bytes> = secrets.iter().map(|s| pop(*s, b"").0).collect();
    let messages = upload(v1::World::Bls12381MinPk, &keys, 3);
    running
        .key_sets()
        .await
        .put_key_set(tokio_stream::iter(messages))
        .await
        .expect("good keys")
        .into_inner()
}

/// The messages of an upload in chunks of so many keys.
pub fn upload(world: v1::World, keys: &[Bytes], per_chunk: usize) -> Vec<v1::PutKeySetRequest> {
    use v1::put_key_set_request::Part;
    let header = Part::Header(v1::KeySetHeader {
        world: world.into(),
        count: keys.len() as u32,
        name: "a test's".into(),
        ..Default::default()
    });
    let chunks = keys.chunks(per_chunk).map(|chunk| {
        Part::Chunk(v1::KeyChunk {
            keys: chunk.concat().into(),
        })
    });
    std::iter::once(header)
        .chain(chunks)
        .map(|part| v1::PutKeySetRequest { part: Some(part) })
        .collect()
}
