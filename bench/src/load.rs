//! Load on whatever answers signature sets: an engine in this process, a server, a baseline.
//!
//! In an open loop requests start when they are due, whether or not earlier ones are answered,
//! and latency counts from when a request was due: a target that stalls is charged for all
//! that should have been sent meanwhile (no coordinated omission).

mod loops;
mod record;
mod search;
mod target;
mod wire;

pub use loops::{ClosedLoop, OpenLoop, Pace, closed_loop, open_loop};
pub use record::{LoadReport, Shortfall};
pub(crate) use record::{histogram, percentiles};
pub use search::{Limit, SearchReport, Trial, highest_rate};
pub use target::{BaselineTarget, EngineTarget, Slice};
pub(crate) use wire::GENERATOR_THREADS;
pub use wire::{Call, SetCall, WireTarget};

use std::sync::Arc;
use std::time::Duration;

use tutti_types::Priority;

use crate::scenario::Scenario;
use crate::workload::Workload;

/// What load can be put on. Requests are made ready before the clock runs.
pub trait Target: Send + Sync {
    type Request: Send + Sync;

    fn name(&self) -> String;

    /// Some items of a workload as one request.
    fn prepare(
        &self,
        workload: &Arc<Workload>,
        items: &[u32],
        priority: Priority,
    ) -> Result<Self::Request, TargetError>;

    /// Never waits for the answer. `done` is called exactly once.
    fn send(&self, request: &Self::Request, done: Done);
}

pub type Done = Box<dyn FnOnce(Reply) + Send>;

/// What became of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Answered(Answered),
    /// Not taken: overload, no connection; the reason in words.
    Refused(String),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// Items with the verdict that is theirs.
    pub right: usize,
    pub undecided: usize,
    pub wrong: usize,
    /// The target's own account of its time: waiting, and computing.
    pub queued: Duration,
    pub computed: Duration,
}

#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    #[error("{0} is no load for this target: choose another scenario, or measure it as a batch")]
    NotALoad(Scenario),
    #[error("{endpoint} cannot be reached: {reason}")]
    Unreachable { endpoint: String, reason: String },
    #[error("the server refused the key set: {0}")]
    KeySetRefused(String),
    #[error("{0} holds no address and port for gRPC, such as http://127.0.0.1:50051")]
    Endpoint(String),
    #[error("the system refused: {0}")]
    System(#[from] std::io::Error),
}

/// A workload cut into requests of the same size; what is left over is left out.
pub fn requests<T: Target>(
    target: &T,
    workload: &Arc<Workload>,
    items_per_request: usize,
    priority: Priority,
) -> Result<Vec<T::Request>, TargetError> {
    let all: Vec<u32> = (0..workload.scenario.items() as u32).collect();
    all.chunks_exact(items_per_request.clamp(1, all.len()))
        .map(|items| target.prepare(workload, items, priority))
        .collect()
}
