use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Runtime;
use tonic::transport::{Channel, Endpoint};
use tutti_curves::{Group, Signed};
use tutti_proto::v1::key_set_service_client::KeySetServiceClient;
use tutti_proto::v1::put_key_set_request::Part;
use tutti_proto::v1::signature_set::Signers;
use tutti_proto::v1::verify_service_client::VerifyServiceClient;
use tutti_proto::v1::{self as wire, key_set_signers::Selection, verdict::Kind};
use tutti_types::{CurveId, Encoding, Priority};

use super::{Answered, Done, Reply, Target, TargetError};
use crate::workload::{Data, Sets, Workload};

/// About a MiB of compressed keys.
const KEYS_PER_CHUNK: usize = 16_384;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// No request of a benchmark may hang for ever.
const CALL_TIMEOUT: Duration = Duration::from_mins(1);
/// Threads of the generator, named so that their CPU time can be told from the server's.
pub(crate) const GENERATOR_THREADS: &str = "load-";

/// A server, spoken to as the contract says and nothing more: no retries, no hedging, so that
/// what the server does is what is measured. The workload's keys are put as a key set before
/// the clock runs, as nodes have them.
#[derive(Debug)]
pub struct WireTarget {
    runtime: Runtime,
    channels: Vec<Channel>,
    endpoint: String,
    next: std::sync::atomic::AtomicUsize,
}

/// A call and what it must answer.
#[derive(Clone, Debug)]
pub struct Call {
    message: wire::VerifySetsRequest,
    workload: Arc<Workload>,
    items: Arc<[u32]>,
}

impl WireTarget {
    /// Requests take the connections in turn.
    pub fn connect(endpoint: &str, connections: usize) -> Result<Self, TargetError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name(format!("{GENERATOR_THREADS}calls"))
            .enable_all()
            .build()?;
        let address = Endpoint::from_shared(endpoint.to_owned())
            .map_err(|_| TargetError::Endpoint(endpoint.to_owned()))?
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(CALL_TIMEOUT)
            .tcp_nodelay(true);
        let channels = (0..connections.max(1))
            .map(|_| runtime.block_on(address.connect()))
            .collect::<Result<_, _>>()
            .map_err(|error| TargetError::Unreachable {
                endpoint: endpoint.to_owned(),
                reason: in_full(&error),
            })?;
        Ok(Self {
            runtime,
            channels,
            endpoint: endpoint.to_owned(),
            next: std::sync::atomic::AtomicUsize::new(0),
        })
    }

    /// Puts the workload's keys; once for each workload, before its requests are sent.
    pub fn put_keys(&self, workload: &Workload) -> Result<(), TargetError> {
        let parts = match &workload.data {
            Data::MinPk(sets) => key_parts(sets),
            Data::Bn254(sets) => key_parts(sets),
            _ => return Err(TargetError::NotSets),
        };
        let mut client = KeySetServiceClient::new(self.channels[0].clone());
        self.runtime
            .block_on(client.put_key_set(tokio_stream::iter(parts)))
            .map(|_| ())
            .map_err(|status| TargetError::KeySetRefused(status.message().to_owned()))
    }

    fn channel(&self) -> Channel {
        let next = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.channels[next % self.channels.len()].clone()
    }
}

/// An error's causes too: tonic's own text says only "transport error".
fn in_full(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<String> = causes.map(ToString::to_string).collect();
    texts.join(": ")
}

fn wire_encoding(curve: CurveId) -> wire::Encoding {
    match curve {
        CurveId::Bls12381 => wire::Encoding::ZcashCompressed,
        CurveId::Bn254 => wire::Encoding::Eip197,
    }
}

fn key_parts<W: Signed>(sets: &Sets<W>) -> Vec<wire::PutKeySetRequest> {
    let curve = W::WORLD.curve();
    let world = match curve {
        CurveId::Bls12381 => wire::World::Bls12381MinPk,
        CurveId::Bn254 => wire::World::Bn254,
    };
    let header = wire::KeySetHeader {
        world: world.into(),
        encoding: wire_encoding(curve).into(),
        count: sets.key_set.len() as u32,
        name: "benchmark".into(),
    };
    let chunk = |keys: &[<W::Key as Group>::Affine]| {
        let encode = |key| W::Key::encode(Some(key), Encoding::canonical(curve));
        let keys: Vec<u8> = keys.iter().flat_map(encode).collect();
        Part::Chunk(wire::KeyChunk { keys: keys.into() })
    };
    std::iter::once(Part::Header(header))
        .chain(sets.key_set.keys().chunks(KEYS_PER_CHUNK).map(chunk))
        .map(|part| wire::PutKeySetRequest { part: Some(part) })
        .collect()
}

fn message<W: Signed>(
    sets: &Sets<W>,
    items: &[u32],
    priority: Priority,
) -> wire::VerifySetsRequest {
    let curve = W::WORLD.curve();
    let kind = match curve {
        CurveId::Bls12381 => wire::SchemeKind::Bls12381MinPkPop,
        CurveId::Bn254 => wire::SchemeKind::Bn254EigenTai,
    };
    let id = Bytes::copy_from_slice(&sets.key_set.id().0);
    let set = |&at: &u32| {
        let item = &sets.items[at as usize];
        wire::SignatureSet {
            id: u64::from(at),
            signers: Some(Signers::KeySet(wire::KeySetSigners {
                key_set_id: id.clone(),
                selection: Some(Selection::Indices(wire::KeyIndices {
                    indices: item.signers.to_vec(),
                })),
            })),
            message: Bytes::copy_from_slice(&sets.messages[item.message as usize]),
            signature: Bytes::copy_from_slice(&sets.signatures[at as usize]),
        }
    };
    wire::VerifySetsRequest {
        scheme: Some(wire::Scheme {
            kind: kind.into(),
            dst: Bytes::new(),
        }),
        encoding: wire_encoding(curve).into(),
        options: Some(wire::RequestOptions {
            priority: match priority {
                Priority::Urgent => wire::Priority::Urgent,
                Priority::Normal => wire::Priority::Normal,
                Priority::Bulk => wire::Priority::Bulk,
            }
            .into(),
            ..wire::RequestOptions::default()
        }),
        sets: items.iter().map(set).collect(),
    }
}

impl Target for WireTarget {
    type Request = Call;

    fn name(&self) -> String {
        format!("{} over {} connections", self.endpoint, self.channels.len())
    }

    fn prepare(
        &self,
        workload: &Arc<Workload>,
        items: &[u32],
        priority: Priority,
    ) -> Result<Call, TargetError> {
        let message = match &workload.data {
            Data::MinPk(sets) => message(sets, items, priority),
            Data::Bn254(sets) => message(sets, items, priority),
            _ => return Err(TargetError::NotSets),
        };
        Ok(Call {
            message,
            workload: Arc::clone(workload),
            items: items.into(),
        })
    }

    fn send(&self, call: &Call, done: Done) {
        let Call {
            message,
            workload,
            items,
        } = call.clone();
        let mut client =
            VerifyServiceClient::new(self.channel()).max_decoding_message_size(usize::MAX);
        self.runtime.spawn(async move {
            done(match client.verify_sets(message).await {
                Ok(response) => {
                    Reply::Answered(answered(&response.into_inner(), &workload, &items))
                }
                Err(status) => Reply::Refused(format!("{:?}: {}", status.code(), status.message())),
            });
        });
    }
}

fn answered(response: &wire::VerifySetsResponse, workload: &Workload, items: &[u32]) -> Answered {
    let decision = |result: &wire::ItemVerdict| match result
        .verdict
        .as_ref()
        .and_then(|verdict| verdict.kind.as_ref())
    {
        Some(Kind::Valid(_)) => Some(true),
        Some(Kind::Invalid(_)) => Some(false),
        Some(Kind::Undecided(_)) | None => None,
    };
    let mut answered = workload.judge(items, response.results.iter().map(decision));
    if let Some(timing) = &response.timing {
        answered.queued = Duration::from_micros(timing.queue_us);
        answered.computed = Duration::from_micros(timing.compute_us);
    }
    answered
}
