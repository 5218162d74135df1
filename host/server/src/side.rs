//! The side port: what operators and their tools look at. Not for callers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use prometheus_client::registry::Registry;
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use tutti_engine::{BackendStatus, Engine, Health};

use crate::health::Readiness;

/// Scrapers and a few browsers.
pub(crate) const CONNECTIONS_MAX: usize = 64;
const CONSOLE: &str = include_str!("console.html");
/// The console takes nothing from anywhere else.
const CONSOLE_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) engine: Engine,
    pub(crate) registry: Registry,
    pub(crate) draining: CancellationToken,
    pub(crate) grpc: SocketAddr,
    pub(crate) started: Instant,
}

pub(crate) fn router(side: Side) -> Router {
    Router::new()
        .route("/", get(console))
        .route("/metrics", get(metrics))
        .route("/livez", get(|| async { "alive" }))
        .route("/readyz", get(readyz))
        .route("/status.json", get(status))
        .with_state(Arc::new(side))
}

async fn console() -> impl IntoResponse {
    let policy = [(header::CONTENT_SECURITY_POLICY, CONSOLE_POLICY)];
    (policy, Html(CONSOLE))
}

async fn metrics(State(side): State<Arc<Side>>) -> Response {
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, &side.registry) {
        Ok(()) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn readyz(State(side): State<Arc<Side>>) -> impl IntoResponse {
    let readiness = Readiness::of(&side.engine, &side.draining);
    let code = match readiness {
        Readiness::Ready => StatusCode::OK,
        Readiness::NoBackend | Readiness::Draining => StatusCode::SERVICE_UNAVAILABLE,
    };
    (code, readiness.text())
}

async fn status(State(side): State<Arc<Side>>) -> impl IntoResponse {
    let body = serde_json::to_string(&side.status()).expect("the status is plain data");
    ([(header::CONTENT_TYPE, "application/json")], body)
}

/// What the console shows.
#[derive(Debug, Serialize)]
struct Status {
    version: &'static str,
    state: &'static str,
    grpc: String,
    uptime_s: u64,
    queue: Queue,
    key_sets: usize,
    backends: Vec<Backend>,
}

#[derive(Debug, Serialize)]
struct Queue {
    parcels: usize,
    items: usize,
    cost_us: u64,
    cost_us_max: u64,
}

#[derive(Debug, Serialize)]
struct Backend {
    name: &'static str,
    engine: String,
    digest: String,
    healthy: bool,
    fault: Option<String>,
    operations: Vec<&'static str>,
    batches: u64,
    items: u64,
    faults: u64,
    counters: Vec<(&'static str, u64)>,
}

impl Side {
    fn status(&self) -> Status {
        let queue = self.engine.queue();
        Status {
            version: env!("CARGO_PKG_VERSION"),
            state: Readiness::of(&self.engine, &self.draining).text(),
            grpc: self.grpc.to_string(),
            uptime_s: self.started.elapsed().as_secs(),
            queue: Queue {
                parcels: queue.parcels,
                items: queue.items,
                cost_us: queue.cost_us,
                cost_us_max: queue.cost_us_max,
            },
            key_sets: self.engine.key_sets().len(),
            backends: self.engine.backends().into_iter().map(backend).collect(),
        }
    }
}

fn backend(status: BackendStatus) -> Backend {
    let operations = status.descriptor.operations.iter();
    Backend {
        name: status.descriptor.name,
        operations: operations.map(|operation| operation.name()).collect(),
        engine: status.descriptor.engine,
        digest: status.descriptor.digest,
        healthy: status.health == Health::Up,
        fault: match status.health {
            Health::Up => None,
            Health::Down(reason) => Some(reason),
        },
        batches: status.batches,
        items: status.items,
        faults: status.faults,
        counters: status.counters,
    }
}
