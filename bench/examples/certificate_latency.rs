//! How long one certificate takes through gRPC at light load: `EigenLayer`'s non-signer form, 128
//! operators in two quorums, 48 of them absent, others for each certificate. Requests are due at
//! fixed times, whether or not earlier ones are answered, and their time counts from then.
//!
//! `cargo run --release -p tutti-bench --example certificate_latency -- bench/results`, and the URL
//! of a server behind it to ask that one.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use serde_json::json;
use tonic::transport::{Channel, Endpoint};
use tutti_backend_cpu::{CpuBackend, CpuConfig};
use tutti_bench::results::{self, Origin};
use tutti_curves::{Group, Hashing, Member, PointHash, Wire, bn254};
use tutti_domain::eigen::{HistoryIndices, NonSignerCertificate};
use tutti_domain::{B256, Key};
use tutti_engine::{Engine, EngineConfig};
use tutti_proto::v1;
use tutti_proto::v1::certificate_service_client::CertificateServiceClient;
use tutti_proto::v1::operator_set_service_client::OperatorSetServiceClient;
use tutti_server::{Metrics, Server};
use tutti_types::{Encoding, Limits};

const OPERATORS: usize = 128;
const NON_SIGNERS: usize = 48;
const QUORUMS: [u8; 2] = [0, 1];
const REFERENCE: u32 = 23_228_139;
/// Different ones, so that nothing is remembered from one request to the next but the set.
const CERTIFICATES: usize = 2_000;
/// Certificates a second.
const RATES: [u32; 2] = [20, 100];
const WARM_UP: usize = 100;

/// What a server knows of the keys.
#[derive(Clone, Copy, Debug)]
enum Known {
    /// In both groups: the signers' key is added up.
    BothGroups,
    /// As the contracts do: the key that is brought along is tied by a challenge.
    FirstGroup,
}

struct Operator {
    secret: u128,
    key: bn254::G1Affine,
    twin: bn254::G2Affine,
}

fn times<G: Group>(point: &G::Affine, scalar: u128) -> G::Affine {
    G::to_affine(&G::mul(point, scalar)).expect("sums of small secrets are not zero")
}

fn operators(random: &mut ChaCha20Rng) -> Vec<Operator> {
    let operator = |secret: u128| Operator {
        secret,
        key: times::<bn254::G1>(&bn254::G1::generator(), secret),
        twin: times::<bn254::G2>(&bn254::G2::generator(), secret),
    };
    let secrets = (0..OPERATORS).map(|_| u128::from(random.next_u64() | 1));
    secrets.map(operator).collect()
}

fn draft(operators: &[Operator], known: Known) -> v1::OperatorSetDraft {
    let weight = |column: u8| v1::ColumnWeight {
        column: column.into(),
        weight: Bytes::from_static(&[3, 0xe8]),
    };
    let member = |operator: &Operator| v1::OperatorMember {
        key: bn254::G1::encode(Some(&operator.key), Encoding::Eip197).into(),
        key_g2: match known {
            Known::BothGroups => bn254::G2::encode(Some(&operator.twin), Encoding::Eip197).into(),
            Known::FirstGroup => Bytes::new(),
        },
        possession: v1::KeyPossession::AttestedBySource.into(),
        weights: QUORUMS.map(weight).to_vec(),
        proof: None,
    };
    v1::OperatorSetDraft {
        name: Some(v1::OperatorSetName {
            name: Some(v1::operator_set_name::Name::Label(format!("{known:?}"))),
        }),
        reference: Some(v1::Reference {
            kind: v1::ReferenceKind::Block.into(),
            at: REFERENCE.into(),
        }),
        keys: v1::OperatorKeyKind::Bn254.into(),
        layout: v1::SetLayout::Quorums.into(),
        roster: v1::SetRoster::Complete.into(),
        columns: QUORUMS
            .map(|number| v1::ColumnDraft {
                number: number.into(),
                total: None,
            })
            .to_vec(),
        members: operators.iter().map(member).collect(),
        ..Default::default()
    }
}

/// Who stays away.
fn choose(random: &mut ChaCha20Rng) -> Vec<usize> {
    let mut places: Vec<usize> = (0..OPERATORS).collect();
    for chosen in 0..NON_SIGNERS {
        let other = chosen + random.next_u64() as usize % (OPERATORS - chosen);
        places.swap(chosen, other);
    }
    places.truncate(NON_SIGNERS);
    places
}

fn certificate(operators: &[Operator], mut away: Vec<usize>, message: B256) -> Vec<u8> {
    let all: u128 = operators.iter().map(|operator| operator.secret).sum();
    let absent: u128 = away.iter().map(|&at| operators[at].secret).sum();
    let signed = QUORUMS.len() as u128 * (all - absent);
    let apk = times::<bn254::G1>(&bn254::G1::generator(), all);
    let hashed = bn254::G1::hash(Hashing::TryAndIncrement, message.as_slice(), &[]);
    let signature = times::<bn254::G1>(&hashed.expect("32 bytes have a point"), signed);
    let id = |at: usize| {
        let g1 = Member::check(operators[at].key).expect("prime order");
        Key::Bn254 { g1, g2: None }.id()
    };
    away.sort_by_cached_key(|&at| id(at));
    let non_signers = away.iter().map(|&at| Wire::Point(operators[at].key));
    let certificate = NonSignerCertificate {
        message_hash: message,
        quorum_numbers: QUORUMS.to_vec(),
        reference_block: REFERENCE,
        non_signers: non_signers.collect(),
        quorum_apks: vec![Wire::Point(apk); QUORUMS.len()],
        apk_g2: Wire::Point(times::<bn254::G2>(&bn254::G2::generator(), signed)),
        signature: Wire::Point(signature),
        indices: HistoryIndices {
            non_signer_bitmaps: vec![0; away.len()],
            quorum_apks: vec![0; QUORUMS.len()],
            total_stakes: vec![0; QUORUMS.len()],
            non_signer_stakes: vec![vec![0; away.len()]; QUORUMS.len()],
        },
    };
    certificate.encode_call()
}

fn item(set: &Bytes, message: B256, call: Bytes) -> v1::CertificateItem {
    let share = v1::ShareThreshold {
        numerator: 55,
        denominator: 100,
        rounding: v1::RoundingRule::ExactGe.into(),
    };
    v1::CertificateItem {
        set: Some(v1::certificate_item::Set::SetId(set.clone())),
        statement: Some(v1::Statement {
            body: Some(v1::statement::Body::Opaque32(Bytes::copy_from_slice(
                message.as_slice(),
            ))),
            ..Default::default()
        }),
        policy: Some(v1::Policy {
            demands: vec![v1::Demand {
                threshold: Some(v1::demand::Threshold::Share(share)),
                ..Default::default()
            }],
            ..Default::default()
        }),
        certificate: Some(v1::Certificate {
            certificate: Some(v1::certificate::Certificate::EigenNonSigner(call)),
        }),
        present: Some(v1::Present {
            block: Some(u64::from(REFERENCE) + 100),
            ..Default::default()
        }),
        ..Default::default()
    }
}

async fn ask(
    mut service: CertificateServiceClient<Channel>,
    item: v1::CertificateItem,
) -> Result<(), tonic::Status> {
    let request = v1::VerifyCertificateRequest {
        item: Some(item),
        options: None,
    };
    let answer = service.verify_certificate(request).await?.into_inner();
    match answer.verdict.and_then(|verdict| verdict.verdict) {
        Some(v1::certificate_verdict::Verdict::Accept(_)) => Ok(()),
        other => Err(tonic::Status::internal(format!("{other:?}"))),
    }
}

/// Microseconds from when each request was due to its answer.
async fn measure(
    service: &CertificateServiceClient<Channel>,
    items: &[v1::CertificateItem],
    rate: u32,
) -> Result<Vec<u64>, Box<dyn Error>> {
    let (warm_up, items) = items.split_at(WARM_UP);
    for item in warm_up {
        ask(service.clone(), item.clone()).await?;
    }
    let begin = Instant::now() + Duration::from_millis(50);
    let mut running = tokio::task::JoinSet::new();
    for (place, item) in (0u32..).zip(items) {
        let due = begin + Duration::from_secs(1) * place / rate;
        tokio::time::sleep_until(due.into()).await;
        let (service, item) = (service.clone(), item.clone());
        running.spawn(async move {
            let answer = ask(service, item).await;
            answer.map(|()| (place, due.elapsed().as_micros() as u64))
        });
    }
    let mut took = vec![0; items.len()];
    while let Some(ended) = running.join_next().await {
        let (place, micros) = ended??;
        took[place as usize] = micros;
    }
    Ok(took)
}

fn quantile(sorted: &[u64], share: f64) -> u64 {
    sorted[((sorted.len() - 1) as f64 * share).ceil() as usize]
}

fn save(
    folder: &str,
    command: &str,
    known: Known,
    rate: u32,
    took: &[u64],
) -> Result<(), Box<dyn Error>> {
    let mut sorted = took.to_vec();
    sorted.sort_unstable();
    let at = |share| quantile(&sorted, share);
    println!(
        "{known:?}, {rate}/s: p50 {} us, p90 {} us, p99 {} us, p99.9 {} us, most {} us",
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999),
        at(1.0)
    );
    let origin = Origin {
        kind: "latency",
        scenario: "avs-quorum".into(),
        variant: format!("grpc-{known:?}-{rate}"),
        command: command.to_owned(),
    };
    let report = json!({
        "requests_per_s": rate,
        "keys_known": format!("{known:?}"),
        "latency_us": {
            "p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "p999": at(0.999), "max": at(1.0),
        },
        "each_us": took,
    });
    let document = results::document(&origin, report, results::load_average());
    results::save(&PathBuf::from(folder), &origin, &document)?;
    Ok(())
}

/// A server in this process, on a runtime of its own as if it were another process.
fn serve() -> Result<(tokio::runtime::Runtime, String), Box<dyn Error>> {
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
    let server = tutti_server::runtime()?;
    let bound = {
        let _inside = server.enter();
        Server::bind(config, engine, metrics)?
    };
    let endpoint = format!("http://{}", bound.grpc_addr());
    server.spawn(bound.run(std::future::pending()));
    Ok((server, endpoint))
}

async fn run(endpoint: String, folder: &str, command: &str) -> Result<(), Box<dyn Error>> {
    let channel = Endpoint::from_shared(endpoint)?.connect().await?;
    let mut random = ChaCha20Rng::seed_from_u64(1);
    let operators = operators(&mut random);
    let mut calls = Vec::new();
    for _ in 0..CERTIFICATES {
        let mut message = [0; 32];
        random.fill_bytes(&mut message);
        let message = B256::new(message);
        let call = certificate(&operators, choose(&mut random), message);
        calls.push((message, Bytes::from(call)));
    }
    for known in [Known::BothGroups, Known::FirstGroup] {
        let mut keeper = OperatorSetServiceClient::new(channel.clone());
        let draft = v1::put_operator_set_request::Source::Draft(draft(&operators, known));
        let put = v1::PutOperatorSetRequest {
            source: Some(draft),
            options: None,
        };
        let stored = keeper.put_operator_set(put).await?.into_inner();
        let set = stored.set.ok_or("a set without its description")?.set_id;
        let items: Vec<_> = calls
            .iter()
            .map(|(message, call)| item(&set, *message, call.clone()))
            .collect();
        let service = CertificateServiceClient::new(channel.clone());
        for rate in RATES {
            let took = measure(&service, &items, rate).await?;
            save(folder, command, known, rate, &took)?;
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (folder, given) = match &arguments[..] {
        [folder] => (folder, None),
        [folder, endpoint] => (folder, Some(endpoint.clone())),
        _ => return Err("name a folder for the raw data, and a server's URL if not ours".into()),
    };
    let command = format!(
        "cargo run --release -p tutti-bench --example certificate_latency -- {}",
        arguments.join(" ")
    );
    let (_server, endpoint) = if let Some(endpoint) = given {
        (None, endpoint)
    } else {
        let (server, endpoint) = serve()?;
        (Some(server), endpoint)
    };
    let caller = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    caller.block_on(run(endpoint, folder, &command))
}
