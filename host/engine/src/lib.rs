//! The driver: feeds the batcher from callers, backends and the clock, and hands every caller
//! its answers. One thread owns the batcher; callers talk to it through [`Engine`].
#![forbid(unsafe_code)]

mod admission;
mod answers;
mod driver;
mod keysets;
mod member;
mod observer;
mod pending;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::RwLock;
use tutti_backend::{
    Backend, Challenge, CoefficientBits, Descriptor, Outcomes, SelfTestFailure, SelfTestReport,
    Work,
};
use tutti_batcher::BackendId;
use tutti_types::{Limits, Priority};

use admission::Admission;
use driver::{Command, Desk};
use member::Member;

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

/// How long a backend may keep a batch without getting on with it ([`tutti_backend::Pulse`]) before it
/// counts as dead and the batch goes elsewhere.
/// Estimates of cost are right within a factor of two, machines are slow or busy: what is still
/// silent after twenty times the estimate is not slow.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the smallest batch, and for each step of a self-test.
    pub floor: Duration,
    /// How many times the estimated cost of all that the backend has in hand.
    pub cost_factor: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            floor: Duration::from_secs(10),
            cost_factor: 20,
        }
    }
}

impl Patience {
    fn with(&self, cost_us: u64) -> Duration {
        let by_cost = Duration::from_micros(cost_us.saturating_mul(self.cost_factor));
        self.floor.max(by_cost)
    }
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
        "no room for this now, with {queued_us} us of work queued of at most {limit_us}, of which \
         one source may hold four times what it leaves free; try again in {retry_after:?}"
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
    desk: Arc<Desk>,
    backends: Vec<Arc<Member>>,
    key_sets: KeySets,
    next_ticket: AtomicU64,
    /// Whether work is taken. Held while a parcel goes to the driver, so that none can come to
    /// it after it was told to drain.
    open: RwLock<bool>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        // The driver may have ended already.
        let _ = self.desk.send(Command::Stop);
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
        Self::start_with_patience(config, Patience::default(), backends, observer)
    }

    /// As [`Engine::start`], for backends that are to be waited for shorter or longer than usual.
    pub fn start_with_patience(
        config: &EngineConfig,
        patience: Patience,
        backends: Vec<Arc<dyn Backend>>,
        observer: Arc<dyn Observer>,
    ) -> Self {
        let members: Vec<_> = backends
            .into_iter()
            .map(|backend| Member::tested(backend, patience))
            .collect();
        let desk = Desk::open(config, patience, members.clone(), observer);
        Self {
            shared: Arc::new(Shared {
                limits: config.limits.clone(),
                admission: Arc::new(Admission::new(&config.limits, cores())),
                desk,
                backends: members,
                key_sets: KeySets::new(&config.limits),
                next_ticket: AtomicU64::new(1),
                open: RwLock::new(true),
            }),
        }
    }

    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    pub fn key_sets(&self) -> &KeySets {
        &self.shared.key_sets
    }

    /// Never blocks. `reply` is called exactly once, unless the work is refused: by the thread that
    /// has its last answer, perhaps even this one before it returns. It must be quick.
    pub fn submit(
        &self,
        work: Work,
        options: SubmitOptions,
        reply: Reply,
    ) -> Result<Ticket, SubmitRefused> {
        if work.is_empty() {
            return Err(SubmitRefused::Empty);
        }
        let open = self.shared.open.read();
        if !*open {
            return Err(SubmitRefused::ShuttingDown);
        }
        let admission = &self.shared.admission;
        let permit = admission.admit(&work, options.priority, options.source)?;
        let ticket = self.shared.next_ticket.fetch_add(1, Ordering::Relaxed);
        let command = Command::Submit(Box::new(pending::Submission {
            ticket,
            work,
            options,
            reply,
            permit,
        }));
        self.shared.desk.put(command);
        // A reply that is called meanwhile may submit again.
        drop(open);
        match self.shared.desk.drive() {
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

    /// The caller's time is over: it is answered at once with what was decided so far, and
    /// UNDECIDED(deadline) for the rest.
    pub fn give_up(&self, ticket: Ticket) {
        // An engine that has stopped has answered everything.
        let _ = self.shared.desk.send(Command::GiveUp(ticket.0));
    }

    /// The caller went away: what is not in a batch yet is dropped.
    pub fn cancel(&self, ticket: Ticket) {
        // An engine that has stopped has nothing to cancel.
        let _ = self.shared.desk.send(Command::Cancel(ticket.0));
    }

    /// Refuses new work from now on, finishes what was accepted, and gives up on what is left
    /// after `patience`: it is answered UNDECIDED(shutting down). Returns whether all was done.
    pub fn drain(&self, patience: Duration) -> bool {
        *self.shared.open.write() = false;
        let (sender, receiver) = crossbeam_channel::bounded(1);
        if self.shared.desk.send(Command::Drain(sender)).is_err() {
            return true;
        }
        let finished = receiver.recv_timeout(patience).is_ok();
        if !finished {
            // The driver may end by itself at this moment.
            let _ = self.shared.desk.send(Command::Stop);
            // It hangs up once it has answered everything, unless a backend holds it up.
            let _ = receiver.recv_timeout(LAST_ANSWERS);
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

    /// Runs the known answers through one backend, beside whatever else it does. One that fails
    /// is taken out, and its batches go elsewhere.
    pub fn self_test(&self, backend: &str) -> Option<Result<SelfTestReport, SelfTestFailure>> {
        let mut backends = self.shared.backends.iter();
        let at = backends.position(|member| member.name() == backend)?;
        let tested = self.shared.backends[at].self_test();
        if let Err(failure) = &tested {
            let failed = Command::Failed(BackendId(at as u32), failure.clone());
            // An engine that has stopped uses no backend.
            let _ = self.shared.desk.send(failed);
        }
        Some(tested)
    }
}

/// The driver answers what is left at once.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

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
