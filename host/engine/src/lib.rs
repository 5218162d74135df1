//! The driver: feeds the batcher from callers, backends and the clock, and hands every caller
//! its answers. One thread owns the batcher; callers talk to it through [`Engine`].
#![forbid(unsafe_code)]

mod admission;
mod driver;
mod keysets;
mod observer;
mod pending;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use tutti_backend::{
    Backend, Challenge, CoefficientBits, Descriptor, Outcomes, SelfTestFailure, SelfTestReport,
    Work, self_test,
};
use tutti_types::{Limits, Priority};

use admission::Admission;
use driver::Command;

pub use keysets::{KeySetInfo, KeySets, KeySetsRefused};
pub use observer::{BatchReport, NoObserver, Observer, ParcelReport};

/// How an engine is set up.
#[derive(Clone, Debug, Default)]
pub struct EngineConfig {
    pub limits: Limits,
    pub coefficient_bits: CoefficientBits,
    /// How long a batch waits for more items though a slot is free. Zero sends it at once.
    pub gather: Duration,
}

/// What a caller says about its work.
#[derive(Clone, Copy, Debug, Default)]
pub struct SubmitOptions {
    pub priority: Priority,
    /// When the answer is no longer wanted.
    pub deadline: Option<Instant>,
    /// Who sends it: sources are served in turn, and one that spoils batches is set apart.
    pub source: u64,
}

/// The end of one parcel.
#[derive(Debug)]
pub struct Answer {
    /// One for each item, in order.
    pub outcomes: Outcomes,
    pub timing: Timing,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// From submission until the first item was sent to a backend.
    pub queued: Duration,
    /// From there to the answer.
    pub computed: Duration,
    /// The backend that answered last; none where nothing was decided.
    pub backend: Option<&'static str>,
    /// Over how many batches the parcel was spread.
    pub batches: u32,
}

pub type Reply = Box<dyn FnOnce(Answer) + Send>;

/// Names a parcel that is not answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(pub(crate) u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitRefused {
    #[error(
        "the queue holds {queued_us} us of work of at most {limit_us}; try again in {retry_after:?}"
    )]
    QueueFull {
        queued_us: u64,
        limit_us: u64,
        retry_after: Duration,
    },
    #[error("the engine is shutting down")]
    ShuttingDown,
    #[error("the work has no items")]
    Empty,
}

/// How a backend stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    Up,
    /// Taken out, with the reason; it is tested again from time to time.
    Down(String),
}

#[derive(Clone, Debug)]
pub struct BackendStatus {
    pub descriptor: Descriptor,
    pub health: Health,
    pub batches: u64,
    pub items: u64,
    pub faults: u64,
    pub counters: Vec<(&'static str, u64)>,
}

/// A snapshot of what is queued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueStatus {
    pub parcels: usize,
    pub items: usize,
    pub cost_us: u64,
    pub cost_us_max: u64,
}

/// A handle; clones share one engine. The engine stops when the last is dropped.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    limits: Limits,
    admission: Arc<Admission>,
    commands: Sender<Command>,
    backends: Vec<Arc<driver::Member>>,
    key_sets: KeySets,
    next_ticket: AtomicU64,
    closing: AtomicBool,
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The driver may have ended already.
        let _ = self.commands.send(Command::Stop);
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("queue", &self.queue())
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Tests every backend, then starts with those that passed. A backend that failed stays
    /// listed with its reason and is tested again from time to time.
    pub fn start(
        config: &EngineConfig,
        backends: Vec<Arc<dyn Backend>>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        let admission = Arc::new(Admission::new(&config.limits, cores()));
        let members: Vec<_> = backends.into_iter().map(driver::Member::tested).collect();
        let commands = driver::start(config, members.clone(), Arc::clone(&admission), observer);
        Self {
            shared: Arc::new(Shared {
                limits: config.limits.clone(),
                admission,
                commands,
                backends: members,
                key_sets: KeySets::new(&config.limits),
                next_ticket: AtomicU64::new(1),
                closing: AtomicBool::new(false),
            }),
        }
    }

    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    pub fn key_sets(&self) -> &KeySets {
        &self.shared.key_sets
    }

    /// Never blocks. `reply` is called exactly once, from one of the engine's threads, unless
    /// the work is refused.
    pub fn submit(
        &self,
        work: Work,
        options: SubmitOptions,
        reply: Reply,
    ) -> Result<Ticket, SubmitRefused> {
        if work.is_empty() {
            return Err(SubmitRefused::Empty);
        }
        if self.shared.closing.load(Ordering::Acquire) {
            return Err(SubmitRefused::ShuttingDown);
        }
        let permit = self.shared.admission.admit(&work, options.priority)?;
        let ticket = self.shared.next_ticket.fetch_add(1, Ordering::Relaxed);
        let command = Command::Submit(Box::new(pending::Submission {
            ticket,
            work,
            options,
            reply,
            permit,
        }));
        match self.shared.commands.send(command) {
            Ok(()) => Ok(Ticket(ticket)),
            Err(_) => Err(SubmitRefused::ShuttingDown),
        }
    }

    /// Submits and waits.
    pub fn run(&self, work: Work, options: SubmitOptions) -> Result<Answer, SubmitRefused> {
        let (sender, receiver) = crossbeam_channel::bounded(1);
        let reply: Reply = Box::new(move |answer| {
            // The receiver waits below.
            let _ = sender.send(answer);
        });
        self.submit(work, options, reply)?;
        receiver.recv().map_err(|_| SubmitRefused::ShuttingDown)
    }

    /// The caller went away: what is not in a batch yet is dropped.
    pub fn cancel(&self, ticket: Ticket) {
        // An engine that has stopped has nothing to cancel.
        let _ = self.shared.commands.send(Command::Cancel(ticket.0));
    }

    /// Refuses new work from now on, finishes what was accepted, and gives up on what is left
    /// after `patience`: it is answered UNDECIDED(shutting down). Returns whether all was done.
    pub fn drain(&self, patience: Duration) -> bool {
        self.shared.closing.store(true, Ordering::Release);
        let (sender, receiver) = crossbeam_channel::bounded(1);
        if self.shared.commands.send(Command::Drain(sender)).is_err() {
            return true;
        }
        let finished = receiver.recv_timeout(patience).is_ok();
        if !finished {
            // The driver may end by itself at this moment.
            let _ = self.shared.commands.send(Command::Stop);
        }
        finished
    }

    pub fn queue(&self) -> QueueStatus {
        self.shared.admission.status()
    }

    pub fn backends(&self) -> Vec<BackendStatus> {
        self.shared
            .backends
            .iter()
            .map(|member| member.status())
            .collect()
    }

    /// Runs the known answers through one backend, beside whatever else it does.
    pub fn self_test(&self, backend: &str) -> Option<Result<SelfTestReport, SelfTestFailure>> {
        let member = self
            .shared
            .backends
            .iter()
            .find(|member| member.backend.descriptor().name == backend)?;
        Some(self_test(&*member.backend, fresh_challenge()))
    }
}

/// Cores that the machine gives this process.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// From the operating system's generator.
pub fn fresh_challenge() -> Challenge {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .expect("without the system's random generator no batch can be checked safely");
    Challenge(seed)
}
