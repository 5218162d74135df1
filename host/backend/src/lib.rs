//! The backend trait, what flows through it, and the self-test every backend passes.
#![forbid(unsafe_code)]

mod batch;
mod cost;
mod self_test;
mod work;

use std::fmt;
use std::sync::Arc;

use tutti_types::Operation;

pub use batch::{Batch, Challenge, CoefficientBits, Outcomes, Pulse, WorkSlice};
pub use cost::Costs;
pub use self_test::{SelfTestFailure, SelfTestReport, self_test};
pub use work::{
    AnyKeySet, CheckedKeys, HashInput, HashParcel, Hashing, KeyParcel, Keys, PairingParcel,
    SumParcel, SumRole, TermRef, VerifyItem, VerifyParcel, VerifyParcelBuilder, Work,
};

/// Whatever does the arithmetic: a pool of CPU threads, a GPU, an FPGA card. Push in, push
/// out; time and randomness are arguments.
pub trait Backend: Send + Sync {
    fn descriptor(&self) -> &Descriptor;

    /// Never blocks. `done` is called exactly once, from a thread of the backend's own, unless
    /// the batch is refused.
    fn submit(&self, batch: Arc<Batch>, done: Done) -> Result<(), Refused>;

    /// The smallest batch that is worth sending here rather than to a backend for small ones.
    fn crossover(&self, _operation: Operation) -> u32 {
        1
    }

    /// Items of the largest batch that it gains by, where that is not what the limits say.
    fn batch_items_max(&self) -> Option<usize> {
        None
    }

    /// What the backend counts of itself, for metrics and `doctor`.
    fn counters(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }
}

pub type Done = Box<dyn FnOnce(Completion) + Send>;

/// What a backend is and can do.
#[derive(Clone, Debug)]
pub struct Descriptor {
    /// The name that `--backend` takes.
    pub name: &'static str,
    /// The arithmetic inside, for people: "blst 0.3.17, arkworks 0.5, 2 threads".
    pub engine: String,
    /// Digest of the kernels or bitstream; of the version for code that is in the binary.
    pub digest: String,
    /// Batches it works on at once.
    pub slots: u32,
    /// Further batches that only urgent items may fill.
    pub urgent_slots: u32,
    pub operations: Vec<Operation>,
}

/// One batch's end. The verdicts are in the order of its slices.
#[derive(Debug)]
pub struct Completion {
    pub batch: u64,
    pub result: Result<Vec<Outcomes>, DeviceFault>,
}

/// The device did not do what it should: never a verdict on an item.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceFault {
    #[error("the device is gone: {0}")]
    Gone(String),
    #[error("the device gave no answer in time")]
    Timeout,
    #[error("the device gave a wrong answer: {0}")]
    WrongAnswer(String),
    #[error("the backend's own code failed: {0}")]
    Internal(String),
}

/// Why a batch was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the backend does not do {0:?}")]
    Unsupported(Operation),
    #[error("the backend is shutting down")]
    ShuttingDown,
}

impl fmt::Debug for dyn Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Backend({})", self.descriptor().name)
    }
}

/// Submits and waits: for self-tests, tools and benchmarks.
pub fn run(backend: &dyn Backend, batch: Batch) -> Result<Completion, Refused> {
    let (sender, receiver) = std::sync::mpsc::channel();
    let done: Done = Box::new(move |completion| {
        // The receiver lives until the answer is there.
        let _ = sender.send(completion);
    });
    backend.submit(Arc::new(batch), done)?;
    Ok(receiver.recv().unwrap_or_else(|_| Completion {
        batch: 0,
        result: Err(DeviceFault::Internal(
            "the batch was dropped unanswered".into(),
        )),
    }))
}
