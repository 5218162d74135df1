//! What happens around every call, whatever it asks: it is counted, its bytes are, it is
//! refused while the server stops, and given up when it stops in its middle.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use prost::Message as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};

use crate::config::Config;
use crate::control::Control;
use crate::metrics::Metrics;
use crate::refusal::Refusal;

const OURS: &str = "/tutti.v1.";
/// The one call that may be silent for as long as it likes.
const OPEN_ENDED: &str = "VerifySetsStream";
const OTHER: &str = "other";

/// The calls of one server.
#[derive(Debug)]
pub(crate) struct Calls {
    metrics: Arc<Metrics>,
    methods: HashMap<String, &'static str>,
    memory: Arc<Semaphore>,
    stalled_after: Duration,
    control: Control,
    /// Calls of ours that are not answered yet.
    pub(crate) open: TaskTracker,
    /// Cancelled when the server stops taking new ones.
    pub(crate) draining: CancellationToken,
}

/// One call, from its head to the last byte of its answer.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) arrived: Instant,
    /// What the caller said with grpc-timeout.
    pub(crate) timeout: Option<Duration>,
    method: &'static str,
    metrics: Arc<Metrics>,
    memory: Arc<Semaphore>,
    held: Mutex<Option<OwnedSemaphorePermit>>,
    code: OnceLock<Code>,
    _open: Option<TaskTrackerToken>,
}

impl Calls {
    pub(crate) fn new(metrics: Arc<Metrics>, config: &Config) -> Self {
        let memory_max = config.request_memory_max;
        Self {
            metrics,
            control: config.control.clone(),
            methods: methods(),
            memory: Arc::new(Semaphore::new(memory_max.min(Semaphore::MAX_PERMITS))),
            stalled_after: config.stalled_request_timeout,
            open: TaskTracker::new(),
            draining: CancellationToken::new(),
        }
    }

    fn begin<B>(&self, request: &http::Request<B>) -> Arc<Call> {
        let path = request.uri().path();
        let method = self.methods.get(path).copied().unwrap_or(OTHER);
        Arc::new(Call {
            arrived: Instant::now(),
            timeout: request
                .headers()
                .get("grpc-timeout")
                .and_then(|value| grpc_timeout(value.to_str().ok()?)),
            method,
            metrics: Arc::clone(&self.metrics),
            memory: Arc::clone(&self.memory),
            held: Mutex::new(None),
            code: OnceLock::new(),
            _open: path.starts_with(OURS).then(|| self.open.token()),
        })
    }

    fn refuses<B>(&self, request: &http::Request<B>) -> Option<Refusal> {
        let stopping = self.draining.is_cancelled() && request.uri().path().starts_with(OURS);
        if stopping {
            return Some(Refusal::Draining);
        }
        let method = self.methods.get(request.uri().path()).copied();
        let permitted = self
            .control
            .permits(method.unwrap_or(OTHER), request.headers());
        (!permitted).then_some(Refusal::ControlDenied)
    }
}

/// Paths of all methods and their names as labels: unknown paths must not become labels.
fn methods() -> HashMap<String, &'static str> {
    let set = prost_types::FileDescriptorSet::decode(tutti_proto::FILE_DESCRIPTOR_SET)
        .expect("the contract's descriptors are built in");
    let mut methods = HashMap::from([
        ("/grpc.health.v1.Health/Check".to_owned(), "HealthCheck"),
        ("/grpc.health.v1.Health/Watch".to_owned(), "HealthWatch"),
    ]);
    for file in &set.file {
        for service in &file.service {
            for method in &service.method {
                let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                // Once for each server and bounded by the contract.
                methods.insert(path, method.name().to_owned().leak());
            }
        }
    }
    methods
}

/// At most eight digits and a unit, as gRPC over HTTP/2 has it.
pub(crate) fn grpc_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let value: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(value * 3600),
        "M" => Duration::from_secs(value * 60),
        "S" => Duration::from_secs(value),
        "m" => Duration::from_millis(value),
        "u" => Duration::from_micros(value),
        "n" => Duration::from_nanos(value),
        _ => return None,
    })
}

impl Call {
    /// More bytes of the request are in memory.
    fn hold(&self, bytes: usize) -> Result<(), Refusal> {
        if bytes == 0 {
            return Ok(());
        }
        let bytes = u32::try_from(bytes).map_err(|_| Refusal::MemoryFull)?;
        let more = Arc::clone(&self.memory)
            .try_acquire_many_owned(bytes)
            .map_err(|_| Refusal::MemoryFull)?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        match held.as_mut() {
            Some(held) => held.merge(more),
            None => *held = Some(more),
        }
        Ok(())
    }

    /// Of a call that goes on: the bytes of one of its messages, to be dropped with it.
    pub(crate) fn message(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let held = held.as_mut()?;
        held.split(bytes.min(held.num_permits()))
    }

    fn ended(&self, headers: &http::HeaderMap) {
        if let Some(status) = headers.get("grpc-status") {
            // A call ends once; a second status cannot come.
            let _ = self.code.set(Code::from_bytes(status.as_bytes()));
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // Without a status nobody waited for one.
        let code = self.code.get().copied().unwrap_or(Code::Cancelled);
        self.metrics
            .call_ended(self.method, code, self.arrived.elapsed());
    }
}

/// The layer around the whole server.
#[derive(Clone, Debug)]
pub(crate) struct CallLayer(pub(crate) Arc<Calls>);

impl<S> Layer<S> for CallLayer {
    type Service = CallService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        CallService {
            inner,
            calls: Arc::clone(&self.0),
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct CallService<S> {
    inner: S,
    calls: Arc<Calls>,
}

impl<S> Service<http::Request<Body>> for CallService<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>>,
    S::Future: Send + 'static,
    S::Error: 'static,
{
    type Response = http::Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        let call = self.calls.begin(&request);
        if let Some(refusal) = self.calls.refuses(&request) {
            let response = refusal.status().into_http::<Body>();
            call.ended(response.headers());
            return Box::pin(async move { Ok(response) });
        }
        request.extensions_mut().insert(Arc::clone(&call));
        let stalled_after =
            (call.method != OPEN_ENDED && call.method != OTHER).then_some(self.calls.stalled_after);
        let request = request.map(|inner| {
            Body::new(Incoming {
                inner,
                call: Arc::clone(&call),
                stalled_after,
                waiting: None,
            })
        });
        let response = self.inner.call(request);
        Box::pin(async move {
            let response = response.await?;
            call.ended(response.headers());
            Ok(response.map(|inner| Body::new(Outgoing { inner, call })))
        })
    }
}

/// A request's body on its way in.
struct Incoming {
    inner: Body,
    call: Arc<Call>,
    stalled_after: Option<Duration>,
    /// Since the next part is awaited.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl HttpBody for Incoming {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) {
            self.waiting = None;
            let bytes = match &frame {
                Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len),
                _ => 0,
            };
            return Poll::Ready(match self.call.hold(bytes) {
                Ok(()) => frame,
                Err(refusal) => Some(Err(refusal.status())),
            });
        }
        let Some(stalled_after) = self.stalled_after else {
            return Poll::Pending;
        };
        let waiting = self
            .waiting
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(stalled_after)));
        waiting
            .as_mut()
            .poll(cx)
            .map(|()| Some(Err(Refusal::Stalled.status())))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// An answer on its way out.
struct Outgoing {
    inner: Body,
    call: Arc<Call>,
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && let Some(trailers) = frame.trailers_ref()
        {
            self.call.ended(trailers);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grpc_timeouts_are_read_as_the_protocol_has_them() {
        assert_eq!(grpc_timeout("250m"), Some(Duration::from_millis(250)));
        assert_eq!(grpc_timeout("1H"), Some(Duration::from_hours(1)));
        assert_eq!(
            grpc_timeout("99999999u"),
            Some(Duration::from_micros(99_999_999))
        );
        for wrong in ["", "m", "1", "-1m", "+1m", "1.5S", "100000000m", "1x", "1ü"] {
            assert_eq!(grpc_timeout(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_method_of_the_contract_is_a_label() {
        let methods = methods();
        assert_eq!(
            methods["/tutti.v1.VerifyService/VerifyColumns"],
            "VerifyColumns"
        );
        assert!(methods.values().any(|name| *name == OPEN_ENDED));
    }
}
