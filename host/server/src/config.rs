use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tutti_types::Limits;

use crate::control::Control;

/// What the server is told. The defaults serve one machine's own clients.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where gRPC is served. Port 0 takes a free one.
    pub grpc: SocketAddr,
    /// Where metrics, liveness and the console are served; `None` for nowhere. 9464 is the
    /// port OpenTelemetry gives to Prometheus exporters.
    pub side: Option<SocketAddr>,
    pub limits: Limits,
    /// How long accepted work may take after the shutdown signal.
    pub drain_timeout: Duration,
    /// A connection that is silent for this long is asked whether it lives.
    pub keepalive_interval: Duration,
    /// And closed if it does not answer for this long.
    pub keepalive_timeout: Duration,
    /// A request that stops in its middle for this long is given up: it holds memory.
    pub stalled_request_timeout: Duration,
    /// Bytes of requests held at once, all connections together. Sixteen of the largest
    /// requests, or a hundred thousand small ones.
    pub request_memory_max: usize,
    /// Who may change what the server keeps.
    pub control: Control,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            grpc: (Ipv4Addr::LOCALHOST, 50051).into(),
            side: Some((Ipv4Addr::LOCALHOST, 9464).into()),
            limits: Limits::default(),
            drain_timeout: Duration::from_secs(30),
            keepalive_interval: Duration::from_secs(20),
            keepalive_timeout: Duration::from_secs(10),
            stalled_request_timeout: Duration::from_secs(30),
            request_memory_max: 1 << 30,
            control: Control::Anyone,
        }
    }
}
