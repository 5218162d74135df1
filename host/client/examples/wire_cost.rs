//! What the wire costs: the same work asked of the engine in this process and of a server on
//! the loopback, in turns, so that both see the same machine.
//!
//! `cargo run --release -p tutti-client --example wire_cost`

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tutti_backend::{Keys, VerifyParcelBuilder, Work};
use tutti_backend_cpu::{CpuBackend, CpuConfig};
use tutti_client::{Client, ColumnKeys, Columns, Config, Encoding, Scheme, SignatureSet};
use tutti_curves::{Group, Hashing, MinPk, PointHash, Signed, Wire};
use tutti_engine::{Engine, EngineConfig, SubmitOptions};
use tutti_server::{Metrics, Server};
use tutti_types::Limits;

const ROUNDS: usize = 300;
const ITEMS: usize = 32_768;
const REQUESTS_AT_ONCE: usize = 4;

type Key = <MinPk as Signed>::Key;
type Sig = <MinPk as Signed>::Sig;

/// Items of one message under as many keys.
struct Items {
    keys: Vec<Wire<Key>>,
    signatures: Vec<Wire<Sig>>,
    message: [u8; 32],
}

fn items(count: usize) -> Items {
    let message = [7; 32];
    let scheme = Scheme::Bls12381MinPkPop;
    let hash = Sig::hash(Hashing::of_scheme(&scheme), &message, &[]).expect("a hash");
    let (mut keys, mut signatures) = (Vec::new(), Vec::new());
    for secret in 2..2 + count as u128 {
        keys.push(compressed::<Key>(&Key::mul(&Key::generator(), secret)));
        signatures.push(compressed::<Sig>(&Sig::mul(&hash, secret)));
    }
    Items {
        keys,
        signatures,
        message,
    }
}

/// As a caller sends it.
fn compressed<G: Group>(sum: &G::Sum) -> Wire<G> {
    G::parse(Encoding::ZcashCompressed, &bytes::<G>(sum)).expect("a point")
}

fn bytes<G: Group>(sum: &G::Sum) -> Vec<u8> {
    G::encode(G::to_affine(sum).as_ref(), Encoding::ZcashCompressed)
}

fn column<G: Group>(wires: &[Wire<G>]) -> Bytes {
    let each = wires.iter().map(|wire| {
        let point = wire.finite().expect("a point");
        G::encode(Some(&point), Encoding::ZcashCompressed)
    });
    each.flatten().collect()
}

fn work(items: &Items) -> Work {
    let mut builder = VerifyParcelBuilder::<MinPk>::new(Scheme::Bls12381MinPkPop);
    let source = builder.keys(Keys::Inline(items.keys.clone()));
    let message = builder.message(&items.message);
    for (index, signature) in (0..).zip(&items.signatures) {
        let terms: [(u32, &[u32], u32); 1] = [(source, &[index], message)];
        builder.item(&terms, *signature).expect("a good item");
    }
    Work::MinPk(builder.finish())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn main() -> Result<(), Box<dyn Error>> {
    let metrics = Arc::new(Metrics::new());
    let backend = CpuBackend::new(&CpuConfig::new(tutti_engine::cores(), &Limits::default()))?;
    let engine = Engine::start(
        &EngineConfig::default(),
        vec![Arc::new(backend)],
        metrics.clone(),
    );
    let config = tutti_server::Config {
        grpc: ([127, 0, 0, 1], 0).into(),
        side: None,
        ..tutti_server::Config::default()
    };
    // Each side has its own runtime, as if they were two processes.
    let server = tutti_server::runtime()?;
    let bound = Server::bind(config, engine.clone(), metrics)?;
    let endpoint = format!("http://{}", bound.grpc_addr());
    server.spawn(bound.run(std::future::pending()));
    let caller = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    caller.block_on(async {
        let client = Client::new(Config::new([endpoint]).deadline(Duration::from_mins(1)))?;
        single(&engine, &client).await?;
        saturated(&engine, &client).await
    })
}

async fn single(engine: &Engine, client: &Client) -> Result<(), Box<dyn Error>> {
    let item = items(1);
    let set = SignatureSet::single(
        column(&item.keys),
        item.message.to_vec(),
        column(&item.signatures),
    );
    let (mut here, mut wire) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (engine, work) = (engine.clone(), work(&item));
        let took = tokio::task::spawn_blocking(move || {
            let started = Instant::now();
            let answer = engine.run(work, SubmitOptions::default());
            answer.map(|_| started.elapsed())
        });
        here.push(took.await??);
        let started = Instant::now();
        let sets = std::slice::from_ref(&set);
        let answer = client.verify_sets(&Scheme::Bls12381MinPkPop, sets).await?;
        wire.push(started.elapsed());
        assert!(answer.results[0].is_valid());
    }
    let (here, wire) = (median(here), median(wire));
    println!("single set, p50: in process {here:?}, loopback {wire:?}");
    println!("  the wire adds {:?}", wire.saturating_sub(here));
    Ok(())
}

async fn saturated(engine: &Engine, client: &Client) -> Result<(), Box<dyn Error>> {
    let many = items(ITEMS);
    let columns = Columns {
        signatures: column(&many.signatures),
        messages: many.message.to_vec().into(),
        message_length: 32,
        message_index: vec![0; ITEMS],
        keys: ColumnKeys::Inline(column(&many.keys)),
        key_index: vec![],
        key_offset: vec![],
    };
    let (mut here, mut wire) = (Vec::new(), Vec::new());
    for _ in 0..8 {
        let started = Instant::now();
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..REQUESTS_AT_ONCE {
            let (engine, work) = (engine.clone(), work(&many));
            running.spawn_blocking(move || engine.run(work, SubmitOptions::default()).map(|_| ()));
        }
        while let Some(done) = running.join_next().await {
            done??;
        }
        here.push(started.elapsed());
        let started = Instant::now();
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..REQUESTS_AT_ONCE {
            let (client, columns) = (client.clone(), columns.clone());
            running.spawn(async move {
                let scheme = Scheme::Bls12381MinPkPop;
                client.verify_columns(&scheme, columns).await.map(|_| ())
            });
        }
        while let Some(done) = running.join_next().await {
            done??;
        }
        wire.push(started.elapsed());
    }
    let rate = |time: Duration| (REQUESTS_AT_ONCE * ITEMS) as f64 / time.as_secs_f64();
    let (here, wire) = (rate(median(here)), rate(median(wire)));
    println!("one message, saturated: in process {here:.0} items/s, loopback {wire:.0} items/s");
    println!("  the wire keeps {:.1} %", 100.0 * wire / here);
    Ok(())
}
