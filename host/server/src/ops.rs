use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;
use tonic::{Request, Response, Status};
use tutti_engine::{BackendStatus, Health};
use tutti_proto::v1;
use tutti_proto::v1::ops_service_server::OpsService;
use tutti_types::{CurveId, Dst, Encoding, Operation, Scheme};

use crate::frontend::Frontend;
use crate::refusal::Refusal;
use crate::words;

#[derive(Clone, Debug)]
pub(crate) struct Ops {
    frontend: Arc<Frontend>,
    self_test: Arc<Semaphore>,
}

impl Ops {
    pub(crate) fn new(frontend: Arc<Frontend>) -> Self {
        Self {
            frontend,
            self_test: Arc::new(Semaphore::new(1)),
        }
    }
}

#[tonic::async_trait]
impl OpsService for Ops {
    async fn get_capabilities(
        &self,
        _request: Request<v1::GetCapabilitiesRequest>,
    ) -> Result<Response<v1::GetCapabilitiesResponse>, Status> {
        let backends = self.frontend.engine.backends();
        Ok(Response::new(v1::GetCapabilitiesResponse {
            version: env!("CARGO_PKG_VERSION").into(),
            schemes: schemes(),
            operations: Operation::ALL
                .map(|operation| capability(operation, &backends))
                .into(),
            limits: Some(self.limits()),
        }))
    }

    async fn get_backends(
        &self,
        _request: Request<v1::GetBackendsRequest>,
    ) -> Result<Response<v1::GetBackendsResponse>, Status> {
        let queue = self.frontend.engine.queue();
        let backends = self.frontend.engine.backends();
        Ok(Response::new(v1::GetBackendsResponse {
            backends: backends.into_iter().map(backend).collect(),
            queue: Some(v1::Queue {
                parcels: queue.parcels as u64,
                items: queue.items as u64,
                cost_us: queue.cost_us,
                cost_us_max: queue.cost_us_max,
            }),
        }))
    }

    async fn run_self_test(
        &self,
        request: Request<v1::RunSelfTestRequest>,
    ) -> Result<Response<v1::RunSelfTestResponse>, Status> {
        let _running = self
            .self_test
            .try_acquire()
            .map_err(|_| Refusal::SelfTestRunning)?;
        let wanted = request.into_inner().backend;
        let known: Vec<&'static str> = self
            .frontend
            .engine
            .backends()
            .iter()
            .map(|status| status.descriptor.name)
            .collect();
        let chosen: Vec<_> = known
            .iter()
            .copied()
            .filter(|name| wanted.is_empty() || *name == wanted)
            .collect();
        if chosen.is_empty() {
            let known = known.join(", ");
            return Err(Refusal::UnknownBackend {
                name: wanted,
                known,
            }
            .into());
        }
        let frontend = Arc::clone(&self.frontend);
        let results = tokio::task::spawn_blocking(move || {
            let each = chosen.into_iter().map(|name| self_test(&frontend, name));
            each.collect()
        })
        .await
        .map_err(|error| Refusal::EngineStopped(error.to_string()))?;
        Ok(Response::new(v1::RunSelfTestResponse { results }))
    }
}

impl Ops {
    fn limits(&self) -> v1::Limits {
        let limits = self.frontend.limits();
        v1::Limits {
            items_per_request_max: limits.items_per_request_max as u64,
            signers_per_request_max: limits.signers_per_request_max as u64,
            message_bytes_max: limits.message_bytes_max as u64,
            pairs_per_check_max: limits.pairs_per_check_max as u64,
            request_bytes_max: limits.request_bytes_max as u64,
            keys_per_set_max: limits.keys_per_set_max as u64,
            key_sets_max: limits.key_sets_max as u64,
            keys_total_max: limits.keys_total_max as u64,
            queued_cost_us_max: limits.queued_cost_us_max,
            queued_items_max: limits.queued_items_max as u64,
            stream_requests_max: limits.stream_requests_max as u64,
            streams_per_connection_max: limits.streams_per_connection_max.into(),
            connections_max: limits.connections_max as u64,
            certificates_per_request_max: limits.certificates_per_request_max as u64,
            set_watchers_max: limits.set_watchers_max as u64,
            witnesses_remembered_max: limits.witnesses_remembered_max as u64,
        }
    }
}

fn schemes() -> Vec<v1::SchemeCapability> {
    let tag = Dst::new(b"any").expect("three bytes are a tag");
    let all = [
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
    ];
    all.into_iter()
        .map(|(kind, scheme)| {
            let dst_rule = match scheme {
                Scheme::Bls12381MinSig(_) | Scheme::Bn254Rfc9380(_) => v1::DstRule::Required,
                _ => v1::DstRule::Fixed,
            };
            let encodings = encodings(scheme.world().curve());
            let operation = Operation::Verify(scheme.world());
            v1::SchemeCapability {
                scheme: kind.into(),
                name: scheme.name().into(),
                dst_rule: dst_rule.into(),
                encodings: encodings.map(i32::from).collect(),
                verify_operation: words::operation_out(operation).into(),
            }
        })
        .collect()
}

/// The usual one first.
fn encodings(curve: CurveId) -> impl Iterator<Item = v1::Encoding> {
    let all = [
        Encoding::ZcashCompressed,
        Encoding::ZcashUncompressed,
        Encoding::Eip2537,
        Encoding::Eip197,
        Encoding::Eigensdk,
        Encoding::ArkUncompressed,
        Encoding::GnarkCompressed,
    ];
    all.into_iter()
        .filter(move |encoding| encoding.curve() == curve)
        .map(words::encoding_out)
}

fn capability(operation: Operation, backends: &[BackendStatus]) -> v1::OperationCapability {
    let able: Vec<&BackendStatus> = backends
        .iter()
        .filter(|status| status.descriptor.operations.contains(&operation))
        .collect();
    let availability = if able.is_empty() {
        v1::Availability::None
    } else if able.iter().any(|status| status.health == Health::Up) {
        v1::Availability::Ready
    } else {
        v1::Availability::Down
    };
    v1::OperationCapability {
        operation: words::operation_out(operation).into(),
        backends: able.iter().map(|s| s.descriptor.name.to_owned()).collect(),
        availability: availability.into(),
    }
}

fn backend(status: BackendStatus) -> v1::Backend {
    let (health, fault) = match status.health {
        Health::Up => (v1::BackendHealth::Healthy, String::new()),
        Health::Down(reason) => (v1::BackendHealth::Quarantined, reason),
    };
    let own = status
        .counters
        .into_iter()
        .map(|(name, value)| v1::Counter {
            name: name.to_owned(),
            value,
        });
    let operations = status.descriptor.operations.iter();
    v1::Backend {
        name: status.descriptor.name.into(),
        operations: operations
            .map(|operation| words::operation_out(*operation).into())
            .collect(),
        description: status.descriptor.engine,
        digest: status.descriptor.digest,
        health: health.into(),
        fault,
        counters: Some(v1::BackendCounters {
            batches: status.batches,
            items: status.items,
            faults: status.faults,
            own: own.collect(),
        }),
        slots: status.descriptor.slots,
        urgent_slots: status.descriptor.urgent_slots,
    }
}

fn self_test(frontend: &Frontend, name: &'static str) -> v1::SelfTestResult {
    let started = Instant::now();
    let (outcome, checks, text) = match frontend.engine.self_test(name) {
        Some(Ok(report)) => (v1::SelfTestOutcome::Passed, report.checks, String::new()),
        Some(Err(failure)) => (v1::SelfTestOutcome::Failed, 0, failure.to_string()),
        None => (v1::SelfTestOutcome::Failed, 0, "the backend is gone".into()),
    };
    v1::SelfTestResult {
        backend: name.to_owned(),
        outcome: outcome.into(),
        text,
        elapsed_us: started.elapsed().as_micros() as u64,
        checks: checks as u32,
    }
}
