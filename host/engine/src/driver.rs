//! The one thread that owns the batcher.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use parking_lot::Mutex;
use tutti_backend::{
    Backend, Batch, CoefficientBits, Completion, DeviceFault, Outcomes, Work, WorkSlice, self_test,
};
use tutti_batcher::{
    Action, BackendId, BackendSlots, BatchId, Batcher, Config, Event, Micros, Parcel, ParcelId,
    Slice, SourceId, Spoiler,
};
use tutti_types::{InvalidReason, Operation, Priority, UndecidedCause, Verdict};

use crate::admission::Admission;
use crate::observer::{BatchReport, Observer, ParcelReport};
use crate::pending::{Pending, PendingParcels, Submission};
use crate::{BackendStatus, EngineConfig, Health, fresh_challenge};

pub(crate) enum Command {
    Submit(Box<Submission>),
    Cancel(u64),
    Completed(BackendId, Completion),
    /// A backend that was taken out passed its self-test again.
    Recovered(BackendId),
    Drain(Sender<()>),
    Stop,
}

/// Commands taken before the batcher is asked to act: arrivals of one burst share a batch.
const COMMANDS_AT_ONCE: usize = 256;
/// A backend that failed is tested again after this long, then after twice as long, and so on.
const RETEST_FIRST: Duration = Duration::from_secs(1);
const RETEST_MAX: Duration = Duration::from_secs(60);

/// A backend and what is known of it.
pub(crate) struct Member {
    pub(crate) backend: Arc<dyn Backend>,
    health: Mutex<Health>,
    batches: AtomicU64,
    items: AtomicU64,
    faults: AtomicU64,
}

impl Member {
    pub(crate) fn tested(backend: Arc<dyn Backend>) -> Arc<Self> {
        let health = match self_test(&*backend, fresh_challenge()) {
            Ok(_) => Health::Up,
            Err(failure) => Health::Down(failure.to_string()),
        };
        Arc::new(Self {
            backend,
            health: Mutex::new(health),
            batches: AtomicU64::new(0),
            items: AtomicU64::new(0),
            faults: AtomicU64::new(0),
        })
    }

    pub(crate) fn status(&self) -> BackendStatus {
        BackendStatus {
            descriptor: self.backend.descriptor().clone(),
            health: self.health.lock().clone(),
            batches: self.batches.load(Ordering::Relaxed),
            items: self.items.load(Ordering::Relaxed),
            faults: self.faults.load(Ordering::Relaxed),
            counters: self.backend.counters(),
        }
    }

    fn slots(&self) -> BackendSlots {
        let descriptor = self.backend.descriptor();
        BackendSlots {
            slots: descriptor.slots,
            urgent_slots: descriptor.urgent_slots,
            operations: descriptor.operations.iter().map(|op| (*op, 1)).collect(),
        }
    }
}

pub(crate) fn start(
    config: &EngineConfig,
    members: Vec<Arc<Member>>,
    admission: Arc<Admission>,
    observer: Arc<dyn Observer>,
) -> Sender<Command> {
    // Unbounded in itself, bounded by admission: each command stands for an admitted parcel,
    // or for a batch in flight.
    let (sender, receiver) = crossbeam_channel::unbounded();
    let mut batching = Config::from(&config.limits);
    batching.gather_us = config.gather.as_micros() as u64;
    let driver = Driver {
        origin: Instant::now(),
        batcher: Batcher::new(batching),
        events: Vec::new(),
        actions: Vec::new(),
        pending: PendingParcels::default(),
        in_flight: HashMap::new(),
        wake_at: None,
        coefficient_bits: config.coefficient_bits,
        members,
        observer,
        commands: sender.clone(),
        drained: None,
        _admission: admission,
    };
    std::thread::Builder::new()
        .name("tutti-driver".into())
        .spawn(move || {
            // The batcher stops rather than answer wrongly. Callers must not wait for ever on a
            // process that cannot answer any more: it ends, and is started again.
            let run = std::panic::AssertUnwindSafe(|| driver.run(&receiver));
            if std::panic::catch_unwind(run).is_err() {
                tracing::error!("the driver panicked: the process ends");
                std::process::abort();
            }
        })
        .expect("a thread can be started");
    sender
}

struct InFlight {
    slices: Vec<Slice<Arc<Work>>>,
    operation: Operation,
    priority: Priority,
    submitted: Instant,
}

struct Driver {
    origin: Instant,
    batcher: Batcher<Arc<Work>>,
    /// What happened since the batcher was last asked.
    events: Vec<Event<Arc<Work>>>,
    actions: Vec<Action<Arc<Work>>>,
    pending: PendingParcels,
    in_flight: HashMap<BatchId, InFlight>,
    wake_at: Option<Micros>,
    coefficient_bits: CoefficientBits,
    members: Vec<Arc<Member>>,
    observer: Arc<dyn Observer>,
    commands: Sender<Command>,
    drained: Option<Sender<()>>,
    _admission: Arc<Admission>,
}

impl Driver {
    fn run(mut self, receiver: &Receiver<Command>) {
        for id in 0..self.members.len() {
            if *self.members[id].health.lock() == Health::Up {
                let slots = self.members[id].slots();
                self.events
                    .push(Event::BackendUp(BackendId(id as u32), slots));
            } else {
                self.retest(BackendId(id as u32));
            }
        }
        self.feed();
        loop {
            let first = match self.wait(receiver) {
                Ok(command) => Some(command),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if first.is_none() {
                self.wake_at = None;
                self.events.push(Event::Tick);
            }
            let more: Vec<_> = receiver.try_iter().take(COMMANDS_AT_ONCE).collect();
            let mut stop = false;
            for command in first.into_iter().chain(more) {
                stop |= matches!(command, Command::Stop);
                self.take(command);
            }
            if stop {
                break;
            }
            self.feed();
        }
        for parcel in self.pending.take_all() {
            self.answer(parcel, Some(UndecidedCause::ShuttingDown));
        }
    }

    fn wait(&self, receiver: &Receiver<Command>) -> Result<Command, RecvTimeoutError> {
        match self.wake_at {
            None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(at) => receiver.recv_deadline(self.origin + Duration::from_micros(at.0)),
        }
    }

    fn now(&self) -> Micros {
        self.micros(Instant::now())
    }

    fn micros(&self, instant: Instant) -> Micros {
        Micros(instant.saturating_duration_since(self.origin).as_micros() as u64)
    }

    fn take(&mut self, command: Command) {
        match command {
            Command::Submit(submission) => self.arrived(*submission),
            Command::Cancel(ticket) => self.events.push(Event::Cancelled(ParcelId(ticket))),
            Command::Completed(backend, completion) => self.completed(backend, completion),
            Command::Recovered(backend) => {
                let slots = self.members[backend.0 as usize].slots();
                self.events.push(Event::BackendUp(backend, slots));
            }
            Command::Drain(done) => {
                self.drained = Some(done);
                self.events.push(Event::Drain);
            }
            Command::Stop => {}
        }
    }

    fn arrived(&mut self, submission: Submission) {
        let (ticket, options) = (submission.ticket, submission.options);
        let (work, cost_us) = self.pending.insert(submission, Instant::now());
        let parcel = Parcel {
            id: ParcelId(ticket),
            operation: work.operation(),
            priority: options.priority,
            source: SourceId(options.source),
            deadline: options.deadline.map(|deadline| self.micros(deadline)),
            items: work.len() as u32,
            cost_us,
            payload: work,
        };
        self.events.push(Event::Arrived(parcel));
    }

    /// Gives the batcher what has happened and does what it says.
    fn feed(&mut self) {
        let mut actions = std::mem::take(&mut self.actions);
        self.batcher
            .handle_all(self.now(), self.events.drain(..), &mut actions);
        for action in actions.drain(..) {
            self.act(action);
        }
        self.actions = actions;
    }

    fn act(&mut self, action: Action<Arc<Work>>) {
        match action {
            Action::Submit {
                backend,
                batch,
                operation,
                priority,
                slices,
                ..
            } => {
                self.submit(
                    backend,
                    batch,
                    InFlight {
                        slices,
                        operation,
                        priority,
                        submitted: Instant::now(),
                    },
                );
            }
            Action::Undecided { slice, cause } => {
                let outcomes = Outcomes::Undecided(cause, slice.len as usize);
                self.answer_slice(&slice, outcomes, None);
            }
            Action::WakeAt(at) => self.wake_at = Some(at),
            Action::Drained => {
                if let Some(done) = self.drained.take() {
                    // Whoever drains may have lost patience.
                    let _ = done.send(());
                }
            }
        }
    }

    fn submit(&mut self, backend: BackendId, id: BatchId, in_flight: InFlight) {
        let now = Instant::now();
        for slice in &in_flight.slices {
            self.pending.sealed(slice.parcel.0, now);
        }
        let batch = Batch {
            id: id.0,
            operation: in_flight.operation,
            priority: in_flight.priority,
            slices: in_flight.slices.iter().map(work_slice).collect(),
            // Drawn only now: nobody who chose the items can know it.
            challenge: fresh_challenge(),
            coefficient_bits: self.coefficient_bits,
        };
        self.in_flight.insert(id, in_flight);
        let commands = self.commands.clone();
        let done = Box::new(move |completion| {
            // A driver that has stopped has answered everything already.
            let _ = commands.send(Command::Completed(backend, completion));
        });
        let member = &self.members[backend.0 as usize];
        if let Err(refused) = member.backend.submit(Arc::new(batch), done) {
            let completion = Completion {
                batch: id.0,
                result: Err(DeviceFault::Internal(refused.to_string())),
            };
            // Sent rather than handled here: the batcher is in the middle of its actions.
            let _ = self.commands.send(Command::Completed(backend, completion));
        }
    }

    fn completed(&mut self, backend: BackendId, completion: Completion) {
        let id = BatchId(completion.batch);
        let Some(in_flight) = self.in_flight.remove(&id) else {
            return;
        };
        let member = Arc::clone(&self.members[backend.0 as usize]);
        let result = completion
            .result
            .and_then(|outcomes| fits(&in_flight.slices, outcomes));
        let items = in_flight
            .slices
            .iter()
            .map(|slice| slice.len as usize)
            .sum();
        self.observer.batch_ended(&BatchReport {
            backend: member.backend.descriptor().name,
            operation: in_flight.operation,
            priority: in_flight.priority,
            items,
            compute: in_flight.submitted.elapsed(),
            faulted: result.is_err(),
        });
        match result {
            Ok(outcomes) => {
                member.batches.fetch_add(1, Ordering::Relaxed);
                member.items.fetch_add(items as u64, Ordering::Relaxed);
                let spoilers = spoilers(&in_flight.slices, &outcomes);
                let name = member.backend.descriptor().name;
                for (slice, outcomes) in in_flight.slices.iter().zip(outcomes) {
                    self.answer_slice(slice, outcomes, Some(name));
                }
                self.events.push(Event::Completed {
                    batch: id,
                    spoilers,
                });
            }
            Err(fault) => {
                tracing::error!(backend = member.backend.descriptor().name, %fault, "backend taken out");
                member.faults.fetch_add(1, Ordering::Relaxed);
                *member.health.lock() = Health::Down(fault.to_string());
                self.events.push(Event::Faulted { batch: id });
                self.retest(backend);
            }
        }
    }

    /// Tests a backend that was taken out, ever more rarely, until it passes.
    fn retest(&self, backend: BackendId) {
        let member = Arc::downgrade(&self.members[backend.0 as usize]);
        let commands = self.commands.clone();
        let test = move || {
            let mut pause = RETEST_FIRST;
            let member = loop {
                std::thread::sleep(pause);
                pause = (pause * 2).min(RETEST_MAX);
                // Gone when the engine is.
                let Some(member) = member.upgrade() else {
                    return;
                };
                match self_test(&*member.backend, fresh_challenge()) {
                    Ok(_) => break member,
                    Err(failure) => *member.health.lock() = Health::Down(failure.to_string()),
                }
            };
            *member.health.lock() = Health::Up;
            // The engine may have stopped meanwhile.
            let _ = commands.send(Command::Recovered(backend));
        };
        let thread = std::thread::Builder::new()
            .name("tutti-retest".into())
            .spawn(test);
        if let Err(error) = thread {
            tracing::error!(%error, "no thread to test the backend again: it stays out");
        }
    }

    fn answer_slice(
        &mut self,
        slice: &Slice<Arc<Work>>,
        outcomes: Outcomes,
        backend: Option<&'static str>,
    ) {
        let start = slice.start as usize;
        if let Some(parcel) = self
            .pending
            .answered(slice.parcel.0, start, outcomes, backend)
        {
            self.answer(parcel, None);
        }
    }

    fn answer(&self, parcel: Pending, cause: Option<UndecidedCause>) {
        let (operation, priority) = (parcel.work.operation(), parcel.options.priority);
        let now = Instant::now();
        let (answer, reply, permit) = match cause {
            None => parcel.finish(now),
            Some(cause) => parcel.give_up(cause, now),
        };
        self.observer.parcel_answered(&ParcelReport {
            operation,
            priority,
            answer: &answer,
        });
        // Room is made before the caller hears: its next request must find it.
        drop(permit);
        reply(answer);
    }
}

fn work_slice(slice: &Slice<Arc<Work>>) -> WorkSlice {
    let start = slice.start as usize;
    WorkSlice {
        work: Arc::clone(&slice.payload),
        range: start..start + slice.len as usize,
    }
}

/// A backend must answer every item of every slice.
fn fits(
    slices: &[Slice<Arc<Work>>],
    outcomes: Vec<Outcomes>,
) -> Result<Vec<Outcomes>, DeviceFault> {
    let whole = slices.len() == outcomes.len()
        && slices
            .iter()
            .zip(&outcomes)
            .all(|(slice, part)| slice.len as usize == part.len());
    if whole {
        Ok(outcomes)
    } else {
        Err(DeviceFault::WrongAnswer(
            "not one answer for each item".into(),
        ))
    }
}

/// Sources whose items made the batch fail, so that it had to be searched.
fn spoilers(slices: &[Slice<Arc<Work>>], outcomes: &[Outcomes]) -> Vec<Spoiler> {
    let mut spoilers: HashMap<SourceId, Spoiler> = HashMap::new();
    for (slice, part) in slices.iter().zip(outcomes) {
        let Outcomes::Verdicts(verdicts) = part else {
            continue;
        };
        let bad = verdicts.iter().filter(|verdict| spoils(verdict)).count() as u32;
        let entry = spoilers.entry(slice.source).or_insert(Spoiler {
            source: slice.source,
            bad: 0,
            of: 0,
        });
        entry.bad += bad;
        entry.of += slice.len;
    }
    spoilers
        .into_values()
        .filter(|spoiler| spoiler.bad > 0)
        .collect()
}

const fn spoils(verdict: &Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Invalid(
            InvalidReason::DoesNotVerify | InvalidReason::NotInSubgroup,
            _
        )
    )
}
