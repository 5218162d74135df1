use std::future::Future;
use std::hash::RandomState;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::Router;
use tower::layer::util::{Identity, Stack};
use tutti_engine::Engine;
use tutti_proto::v1::certificate_service_server::CertificateServiceServer;
use tutti_proto::v1::key_set_service_server::KeySetServiceServer;
use tutti_proto::v1::operator_set_service_server::OperatorSetServiceServer;
use tutti_proto::v1::ops_service_server::OpsServiceServer;
use tutti_proto::v1::verify_service_server::VerifyServiceServer;

use crate::accept::Listener;
use crate::attest::Sets;
use crate::calls::{CallLayer, Calls};
use crate::certificates::Certificates;
use crate::config::Config;
use crate::frontend::Frontend;
use crate::health;
use crate::keysets::KeySetsFront;
use crate::metrics::Metrics;
use crate::operator_sets::OperatorSets;
use crate::ops::Ops;
use crate::side::{self, Side};
use crate::verify::Verify;

/// How much a caller may have under way on one stream and on one connection, in bytes.
const STREAM_WINDOW: u32 = 2 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
const FRAME_MAX: u32 = 256 << 10;
const HEADERS_MAX: u32 = 16 << 10;
/// Accepted connections waiting for the transport to take them.
const ACCEPTED_WAITING: usize = 16;
/// After the engine has stopped, the last answers are only to be sent.
const LAST_ANSWERS: Duration = Duration::from_secs(1);
/// Connections that are idle or only watch close when they are told to; this long they may take.
const LAST_CONNECTIONS: Duration = Duration::from_millis(500);

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(
        "{addr} for {what} is in use: stop what listens there (ss -ltnp tells) or choose \
         another address"
    )]
    AddressInUse { what: Port, addr: SocketAddr },
    #[error("{addr} for {what} is not an address of this machine: choose one of its own")]
    AddressNotHere { what: Port, addr: SocketAddr },
    #[error("{addr} for {what} may not be taken: ports below 1024 need CAP_NET_BIND_SERVICE")]
    PortForbidden { what: Port, addr: SocketAddr },
    #[error("{addr} for {what} cannot be listened on: {source}")]
    Listen {
        what: Port,
        addr: SocketAddr,
        source: std::io::Error,
    },
    #[error("the gRPC server ended by itself: {0}")]
    Transport(String),
    #[error("the contract's descriptors cannot be served: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// The runtime that a server is made for. Its threads only move messages; the mathematics has
/// threads of its own, and large requests are read on others. Few threads are faster: each
/// hand-over to one that sleeps costs a small request 50 us and more.
pub fn runtime() -> std::io::Result<Runtime> {
    const CORES_PER_THREAD: usize = 4;
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(tutti_engine::cores().div_ceil(CORES_PER_THREAD))
        .thread_name("tutti-net")
        .enable_all()
        .build()
}

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    Grpc,
    Side,
}

impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Grpc => "gRPC",
            Self::Side => "metrics",
        })
    }
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Calls that were open at the shutdown signal.
    pub open_at_signal: usize,
    /// Of these, calls whose work was given up when the time for draining was over.
    pub given_up: usize,
}

/// The way to a running server.
#[derive(Clone, Copy, Debug)]
pub struct Server;

/// A server that has its ports.
#[derive(Debug)]
pub struct Bound {
    config: Config,
    engine: Engine,
    metrics: Arc<Metrics>,
    grpc: TcpListener,
    side: Option<TcpListener>,
    grpc_addr: SocketAddr,
    side_addr: Option<SocketAddr>,
}

impl Server {
    /// Takes the ports. `metrics` is what the engine was started with as its observer.
    pub fn bind(
        config: Config,
        engine: Engine,
        metrics: Arc<Metrics>,
    ) -> Result<Bound, ServeError> {
        let (grpc, grpc_addr) = listen(Port::Grpc, config.grpc)?;
        let side = config
            .side
            .map(|addr| listen(Port::Side, addr))
            .transpose()?;
        let (side, side_addr) = side.unzip();
        Ok(Bound {
            config,
            engine,
            metrics,
            grpc,
            side,
            grpc_addr,
            side_addr,
        })
    }
}

fn listen(what: Port, addr: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let bound = TcpListener::bind(addr).and_then(|listener| {
        listener.set_nonblocking(true)?;
        let addr = listener.local_addr()?;
        Ok((listener, addr))
    });
    bound.map_err(|source| match source.kind() {
        std::io::ErrorKind::AddrInUse => ServeError::AddressInUse { what, addr },
        std::io::ErrorKind::AddrNotAvailable => ServeError::AddressNotHere { what, addr },
        std::io::ErrorKind::PermissionDenied => ServeError::PortForbidden { what, addr },
        _ => ServeError::Listen { what, addr, source },
    })
}

impl Bound {
    pub const fn grpc_addr(&self) -> SocketAddr {
        self.grpc_addr
    }

    /// `None` where no side port was asked for.
    pub const fn side_addr(&self) -> Option<SocketAddr> {
        self.side_addr
    }

    /// Serves until `shutdown`, then finishes what was accepted: new calls are refused with
    /// UNAVAILABLE, open ones have `drain_timeout`, then the engine is drained and stops.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<Report, ServeError> {
        let calls = Arc::new(Calls::new(Arc::clone(&self.metrics), &self.config));
        let stop = CancellationToken::new();
        // Whatever way this ends, the tasks below end with it.
        let _stop_all = stop.clone().drop_guard();
        let side = self.start_side(&calls, &stop)?;
        let (router, reporter) = self.router(&calls)?;
        let health = tokio::spawn(health::report(
            reporter,
            self.engine.clone(),
            calls.draining.clone(),
        ));
        let mut grpc = self.start_grpc(router, &stop)?;
        tokio::select! {
            () = shutdown => {}
            ended = &mut grpc => return Err(ServeError::Transport(ended_early(ended))),
        }
        tracing::info!(open = calls.open.len(), "draining");
        let report = self.drain(&calls).await;
        let _ = health.await;
        stop.cancel();
        if tokio::time::timeout(LAST_CONNECTIONS, &mut grpc)
            .await
            .is_err()
        {
            grpc.abort();
        }
        if let Some(side) = side {
            side.abort();
        }
        Ok(report)
    }

    fn start_side(
        &self,
        calls: &Calls,
        stop: &CancellationToken,
    ) -> Result<Option<JoinHandle<()>>, ServeError> {
        let Some(listener) = &self.side else {
            return Ok(None);
        };
        let listener = Listener::new(
            adopt(
                listener,
                Port::Side,
                self.config.side.unwrap_or(self.grpc_addr),
            )?,
            side::CONNECTIONS_MAX,
            Arc::clone(&self.metrics),
        );
        let router = side::router(Side {
            engine: self.engine.clone(),
            registry: self.metrics.registry(self.engine.clone()),
            draining: calls.draining.clone(),
            grpc: self.grpc_addr,
            started: Instant::now(),
        });
        let stop = stop.clone();
        Ok(Some(tokio::spawn(async move {
            let served = axum::serve(listener, router)
                .with_graceful_shutdown(stop.cancelled_owned())
                .await;
            if let Err(error) = served {
                tracing::error!(%error, "the side port ended");
            }
        })))
    }

    fn router(
        &self,
        calls: &Arc<Calls>,
    ) -> Result<
        (
            Router<Stack<CallLayer, Identity>>,
            tonic_health::server::HealthReporter,
        ),
        ServeError,
    > {
        let limits = self.engine.limits();
        let frontend = Arc::new(Frontend {
            engine: self.engine.clone(),
            metrics: Arc::clone(&self.metrics),
            sets: Sets::new(limits),
            sources: RandomState::new(),
        });
        let (reporter, health) = tonic_health::server::health_reporter();
        let descriptors = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(tutti_proto::FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        let verify = Verify {
            frontend: Arc::clone(&frontend),
            draining: calls.draining.clone(),
        };
        let operator_sets = OperatorSets::new(Arc::clone(&frontend), calls.draining.clone());
        let certificates = Certificates {
            frontend: Arc::clone(&frontend),
        };
        let bytes_max = limits.request_bytes_max;
        let router = tonic::transport::Server::builder()
            .http2_keepalive_interval(Some(self.config.keepalive_interval))
            .http2_keepalive_timeout(Some(self.config.keepalive_timeout))
            .max_concurrent_streams(limits.streams_per_connection_max)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_frame_size(FRAME_MAX)
            .http2_max_header_list_size(HEADERS_MAX)
            .layer(CallLayer(Arc::clone(calls)))
            .add_service(VerifyServiceServer::new(verify).max_decoding_message_size(bytes_max))
            .add_service(
                KeySetServiceServer::new(KeySetsFront::new(Arc::clone(&frontend)))
                    .max_decoding_message_size(bytes_max),
            )
            .add_service(
                OperatorSetServiceServer::new(operator_sets).max_decoding_message_size(bytes_max),
            )
            .add_service(
                CertificateServiceServer::new(certificates).max_decoding_message_size(bytes_max),
            )
            .add_service(
                OpsServiceServer::new(Ops::new(frontend)).max_decoding_message_size(bytes_max),
            )
            .add_service(health)
            .add_service(descriptors().build_v1()?)
            // What older tools still ask for.
            .add_service(descriptors().build_v1alpha()?);
        Ok((router, reporter))
    }

    fn start_grpc(
        &self,
        router: Router<Stack<CallLayer, Identity>>,
        stop: &CancellationToken,
    ) -> Result<JoinHandle<Result<(), tonic::transport::Error>>, ServeError> {
        let listener = adopt(&self.grpc, Port::Grpc, self.grpc_addr)?;
        let (accepted, incoming) = mpsc::channel(ACCEPTED_WAITING);
        let listener = Listener::new(
            listener,
            self.engine.limits().connections_max,
            Arc::clone(&self.metrics),
        );
        let accepting = listener.feed(accepted);
        let stopping = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = stopping.cancelled() => {}
                () = accepting => {}
            }
        });
        let incoming = ReceiverStream::new(incoming);
        let stopped = stop.clone().cancelled_owned();
        Ok(tokio::spawn(
            router.serve_with_incoming_shutdown(incoming, stopped),
        ))
    }

    async fn drain(&self, calls: &Calls) -> Report {
        calls.draining.cancel();
        calls.open.close();
        let open_at_signal = calls.open.len();
        let patience = self.config.drain_timeout;
        let finished = tokio::time::timeout(patience, calls.open.wait()).await;
        let given_up = match finished {
            Ok(()) => 0,
            Err(_) => calls.open.len(),
        };
        let engine = self.engine.clone();
        // What no call waits for any more is not worth waiting for.
        let drained = tokio::task::spawn_blocking(move || engine.drain(Duration::ZERO));
        let _ = drained.await;
        if given_up > 0 {
            tracing::warn!(given_up, "the time for draining is over");
            let _ = tokio::time::timeout(LAST_ANSWERS, calls.open.wait()).await;
        }
        Report {
            open_at_signal,
            given_up,
        }
    }
}

fn adopt(
    listener: &TcpListener,
    what: Port,
    addr: SocketAddr,
) -> Result<tokio::net::TcpListener, ServeError> {
    listener
        .try_clone()
        .and_then(tokio::net::TcpListener::from_std)
        .map_err(|source| ServeError::Listen { what, addr, source })
}

fn ended_early(
    ended: Result<Result<(), tonic::transport::Error>, tokio::task::JoinError>,
) -> String {
    match ended {
        Ok(Ok(())) => "without an error".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    }
}
