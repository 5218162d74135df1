//! Who owns the batcher, and how news come to it.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{Ordering, fence};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};
use parking_lot::{Condvar, Mutex};
use tutti_backend::{
    Batch, CoefficientBits, DeviceFault, Outcomes, Pulse, SelfTestFailure, Work, WorkSlice,
};
use tutti_batcher::{
    Action, BackendId, BatchId, Batcher, Config, Event, Micros, Parcel, ParcelId, Slice, SourceId,
};
use tutti_types::{Operation, Priority, UndecidedCause};

use crate::answers::{fitting, spoilers};
use crate::member::{Member, hand_over, result_of, unanswered};
use crate::observer::{BatchReport, Observer, ParcelReport};
use crate::pending::{Pending, PendingParcels, Submission};
use crate::{EngineConfig, Patience, fresh_challenge};

pub(crate) enum Command {
    Submit(Box<Submission>),
    Cancel(u64),
    GiveUp(u64),
    /// A backend let go of a batch.
    Ended(BackendId, BatchId, Result<Vec<Outcomes>, DeviceFault>),
    /// A backend failed a test that somebody asked for.
    Failed(BackendId, SelfTestFailure),
    /// A backend that was taken out passed its self-test again.
    Recovered(BackendId),
    Drain(Sender<()>),
    Stop,
}

/// Commands taken before the batcher is asked to act: arrivals of one burst share a batch.
const COMMANDS_AT_ONCE: usize = 256;
/// A thread that came with a command of its own must not drive for all others for ever: after so
/// many steps the one that keeps time goes on.
const STEPS_IN_A_ROW: usize = 16;
/// A backend that failed is tested again after this long, then after twice as long, and so on.
const RETEST_FIRST: Duration = Duration::from_secs(1);
const RETEST_MAX: Duration = Duration::from_mins(1);

/// Where commands are put down, and the driver that takes them up. Whoever brings one drives, unless
/// somebody does already: who asks, or the backend's thread that has finished, is awake anyway, and
/// to wake another takes longer than what there is to do. A thread of its own drives when only
/// time has passed.
pub(crate) struct Desk {
    // Unbounded in itself, bounded by admission: each command stands for an admitted parcel, or
    // for a batch in flight.
    commands: Sender<Command>,
    taken_up: Receiver<Command>,
    /// None once it has stopped.
    driver: Mutex<Option<Driver>>,
    clock: Clock,
}

/// The engine has stopped and has answered everything.
#[derive(Debug)]
pub(crate) struct Stopped;

impl Desk {
    pub(crate) fn open(
        config: &EngineConfig,
        patience: Patience,
        members: Vec<Arc<Member>>,
        observer: Arc<dyn Observer>,
    ) -> Arc<Self> {
        let (commands, taken_up) = crossbeam_channel::unbounded();
        let desk = Arc::new_cyclic(|desk| Self {
            commands,
            taken_up,
            driver: Mutex::new(Some(Driver::new(
                config,
                patience,
                members,
                observer,
                Weak::clone(desk),
            ))),
            clock: Clock::default(),
        });
        let clocked = Arc::clone(&desk);
        std::thread::Builder::new()
            .name("tutti-clock".into())
            .spawn(move || clocked.keep_time())
            .expect("a thread can be started");
        desk
    }

    /// Puts a command down; [`Desk::drive`] must follow.
    pub(crate) fn put(&self, command: Command) {
        // The receiver lives as long as the sender: both are here.
        let _ = self.commands.send(command);
    }

    pub(crate) fn send(&self, command: Command) -> Result<(), Stopped> {
        self.put(command);
        self.drive()
    }

    /// Has all commands taken up that were put down before: by this thread or by the one that
    /// drives now.
    pub(crate) fn drive(&self) -> Result<(), Stopped> {
        for _ in 0..STEPS_IN_A_ROW {
            // Between this thread's command and its look at the lock, and between the driving
            // thread's unlocking and its look at the commands: one of the two sees the other.
            fence(Ordering::SeqCst);
            let Some(mut driver) = self.driver.try_lock() else {
                return Ok(());
            };
            self.step(&mut driver)?;
            drop(driver);
            fence(Ordering::SeqCst);
            if self.taken_up.is_empty() {
                return Ok(());
            }
        }
        self.clock.set(Some(Instant::now()));
        Ok(())
    }

    fn step(&self, driver: &mut Option<Driver>) -> Result<(), Stopped> {
        let Some(driving) = driver else {
            // Whoever waits for an answer finds the other end gone.
            self.taken_up.try_iter().for_each(drop);
            return Err(Stopped);
        };
        // The batcher stops rather than answer wrongly. Callers must not wait for ever on a
        // process that cannot answer any more: it ends, and is started again.
        let step = AssertUnwindSafe(|| driving.step(&self.taken_up));
        match catch_unwind(step) {
            Ok(Next::At(next)) => self.clock.set(next),
            Ok(Next::Never) => {
                *driver = None;
                self.clock.stop();
            }
            Err(_) => {
                tracing::error!("the driver panicked: the process ends");
                std::process::abort();
            }
        }
        Ok(())
    }

    fn keep_time(&self) {
        while self.clock.wait() {
            // Here the lock is waited for: nobody else looks at the time.
            let stepped = self.step(&mut self.driver.lock());
            if stepped.and_then(|()| self.drive()).is_err() {
                return;
            }
        }
    }
}

/// Wakes the thread that keeps time.
#[derive(Default)]
struct Clock {
    alarm: Mutex<Alarm>,
    changed: Condvar,
}

#[derive(Default)]
struct Alarm {
    /// When the thread means to wake, which may be too early but never too late.
    at: Option<Instant>,
    stopped: bool,
}

impl Clock {
    fn set(&self, next: Option<Instant>) {
        let Some(next) = next else { return };
        let mut alarm = self.alarm.lock();
        if alarm.at.is_none_or(|at| next < at) {
            alarm.at = Some(next);
            self.changed.notify_one();
        }
    }

    fn stop(&self) {
        self.alarm.lock().stopped = true;
        self.changed.notify_one();
    }

    /// Waits for the time that is set; false when there is no more to wait for.
    fn wait(&self) -> bool {
        let mut alarm = self.alarm.lock();
        loop {
            if alarm.stopped {
                return false;
            }
            match alarm.at {
                None => self.changed.wait(&mut alarm),
                Some(at) if at <= Instant::now() => {
                    alarm.at = None;
                    return true;
                }
                Some(at) => {
                    self.changed.wait_until(&mut alarm, at);
                }
            }
        }
    }
}

/// When the driver has something to do though nobody brings it anything.
enum Next {
    At(Option<Instant>),
    /// It has stopped.
    Never,
}

/// The batcher's bounds of its own would say no a second time, after the caller was told yes:
/// what is here was admitted.
fn batching(config: &EngineConfig) -> Config {
    Config {
        gather_us: config.gather.as_micros() as u64,
        queued_parcels_max: NO_BOUND as usize,
        queued_items_max: NO_BOUND,
        queued_cost_us_max: NO_BOUND,
        ..Config::from(&config.limits)
    }
}

/// Above all that admission lets in, below where the batcher's sums could overflow.
const NO_BOUND: u64 = (1 << 48) - 1;

struct InFlight {
    backend: BackendId,
    slices: Vec<Slice<Arc<Work>>>,
    operation: Operation,
    priority: Priority,
    submitted: Instant,
    cost_us: u64,
    /// The most that its backend had in hand at once since then: a small batch may have to wait
    /// for a large one there.
    load_us: u64,
    pulse: Pulse,
    beats: u64,
    /// When it was last seen to have got on.
    alive: Instant,
}

impl InFlight {
    fn look(&mut self, now: Instant) {
        let beats = self.pulse.beats();
        if beats != self.beats {
            (self.beats, self.alive) = (beats, now);
        }
    }

    fn items(&self) -> usize {
        self.slices.iter().map(|slice| slice.len as usize).sum()
    }
}

/// An attempt that a backend has in its hands: however it lets go, the driver hears of it.
struct Attempt {
    backend: BackendId,
    batch: BatchId,
    /// None once it has ended.
    desk: Option<Weak<Desk>>,
}

impl Attempt {
    fn end(&mut self, result: Result<Vec<Outcomes>, DeviceFault>) {
        if let Some(desk) = self.desk.take().and_then(|desk| desk.upgrade()) {
            // A driver that has stopped has answered everything already.
            let _ = desk.send(Command::Ended(self.backend, self.batch, result));
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        self.end(Err(unanswered()));
    }
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
    desk: Weak<Desk>,
    patience: Patience,
    /// Backends that are out and tested from time to time.
    in_test: HashSet<BackendId>,
    /// Who waits for the end.
    drains: Vec<Sender<()>>,
    drained: bool,
}

impl Driver {
    fn new(
        config: &EngineConfig,
        patience: Patience,
        members: Vec<Arc<Member>>,
        observer: Arc<dyn Observer>,
        desk: Weak<Desk>,
    ) -> Self {
        let mut driver = Self {
            origin: Instant::now(),
            batcher: Batcher::new(batching(config)),
            events: Vec::new(),
            actions: Vec::new(),
            pending: PendingParcels::default(),
            in_flight: HashMap::new(),
            wake_at: None,
            coefficient_bits: config.coefficient_bits,
            members,
            observer,
            desk,
            patience,
            in_test: HashSet::new(),
            drains: Vec::new(),
            drained: false,
        };
        for id in 0..driver.members.len() {
            let (id, member) = (BackendId(id as u32), &driver.members[id]);
            driver.events.push(Event::BackendUp(id, member.slots()));
            if !member.is_up() {
                // Known and down, not unknown: what it would do is a device fault, not unsupported.
                driver.events.push(Event::BackendDown(id));
                driver.test_again(id);
            }
        }
        driver.feed();
        driver
    }

    /// Takes up some of the commands that are there, and whatever is due.
    fn step(&mut self, commands: &Receiver<Command>) -> Next {
        if self.wake_at.is_some_and(|at| at <= self.now()) {
            self.wake_at = None;
            self.events.push(Event::Tick);
        }
        let mut stop = false;
        for command in commands.try_iter().take(COMMANDS_AT_ONCE) {
            stop |= matches!(command, Command::Stop);
            self.take(command);
        }
        if stop {
            for parcel in self.pending.take_all() {
                self.answer(parcel, Some(UndecidedCause::ShuttingDown));
            }
            return Next::Never;
        }
        self.take_out_silent();
        self.feed();
        Next::At(self.due_next())
    }

    fn due_next(&self) -> Option<Instant> {
        let tick = self
            .wake_at
            .map(|at| self.origin + Duration::from_micros(at.0));
        let overdue = self.in_flight.values().map(|batch| self.due(batch));
        tick.into_iter().chain(overdue).min()
    }

    /// When a batch that is not answered shows that its backend is dead.
    /// What lies before a batch, it may have to wait for: its time runs from their last sign of life,
    /// or its own.
    fn due(&self, batch: &InFlight) -> Instant {
        let before = |other: &&InFlight| {
            other.backend == batch.backend && other.submitted <= batch.submitted
        };
        let alive = self
            .in_flight
            .values()
            .filter(before)
            .map(|other| other.alive);
        alive.fold(batch.alive, Instant::max) + self.patience.with(batch.load_us)
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
            Command::GiveUp(ticket) => {
                // What is in flight goes on to its end; its answers find nobody.
                if let Some(parcel) = self.pending.remove(ticket) {
                    self.answer(parcel, Some(UndecidedCause::Deadline));
                    self.events.push(Event::Cancelled(ParcelId(ticket)));
                }
            }
            Command::Ended(backend, batch, result) => self.ended(backend, batch, result),
            Command::Failed(backend, failure) => self.take_out(backend, &fault_of(failure)),
            Command::Recovered(backend) => {
                self.in_test.remove(&backend);
                let member = &self.members[backend.0 as usize];
                member.up();
                self.events.push(Event::BackendUp(backend, member.slots()));
            }
            Command::Drain(done) => {
                self.drains.push(done);
                self.events.push(Event::Drain);
                self.tell_drained();
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

    /// Gives the batcher what has happened and does what it says, until nothing more happens.
    fn feed(&mut self) {
        let mut actions = std::mem::take(&mut self.actions);
        loop {
            self.batcher
                .handle_all(self.now(), self.events.drain(..), &mut actions);
            for action in actions.drain(..) {
                self.act(action);
            }
            if self.events.is_empty() {
                break;
            }
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
                cost_us,
            } => {
                let now = Instant::now();
                let in_flight = InFlight {
                    backend,
                    slices,
                    operation,
                    priority,
                    submitted: now,
                    cost_us,
                    load_us: cost_us,
                    pulse: Pulse::default(),
                    beats: 0,
                    alive: now,
                };
                self.submit(batch, in_flight);
            }
            Action::Undecided { slice, cause } => {
                let outcomes = Outcomes::Undecided(cause, slice.len as usize);
                self.answer_slice(&slice, outcomes, None);
            }
            Action::WakeAt(at) => self.wake_at = Some(at),
            Action::Drained => {
                self.drained = true;
                self.tell_drained();
            }
        }
    }

    fn tell_drained(&mut self) {
        if self.drained {
            for done in self.drains.drain(..) {
                // Whoever drains may have lost patience.
                let _ = done.send(());
            }
        }
    }

    fn submit(&mut self, id: BatchId, in_flight: InFlight) {
        for slice in &in_flight.slices {
            self.pending.sealed(slice.parcel.0, in_flight.submitted);
        }
        let batch = Batch {
            id: id.0,
            operation: in_flight.operation,
            priority: in_flight.priority,
            slices: in_flight.slices.iter().map(work_slice).collect(),
            // Drawn only now: nobody who chose the items can know it.
            challenge: fresh_challenge(),
            coefficient_bits: self.coefficient_bits,
            pulse: in_flight.pulse.clone(),
        };
        let backend = in_flight.backend;
        let mut attempt = Attempt {
            backend,
            batch: id,
            desk: Some(Weak::clone(&self.desk)),
        };
        self.in_flight.insert(id, in_flight);
        self.weigh(backend);
        let done = Box::new(move |completion| attempt.end(result_of(id.0, completion)));
        let member = &self.members[backend.0 as usize];
        if let Err(fault) = hand_over(&*member.backend, Arc::new(batch), done) {
            self.ended(backend, id, Err(fault));
        }
    }

    fn weigh(&mut self, backend: BackendId) {
        let there = || move |batch: &&mut InFlight| batch.backend == backend;
        let load_us = self
            .in_flight
            .values_mut()
            .filter(there())
            .map(|batch| batch.cost_us)
            .sum();
        for batch in self.in_flight.values_mut().filter(there()) {
            batch.load_us = batch.load_us.max(load_us);
        }
    }

    /// What is said of an attempt that is over already, twice or too late, is ignored.
    fn ended(
        &mut self,
        backend: BackendId,
        id: BatchId,
        result: Result<Vec<Outcomes>, DeviceFault>,
    ) {
        let Some(in_flight) = self.in_flight.remove(&id) else {
            return;
        };
        let result = result.and_then(|outcomes| fitting(&in_flight.slices, outcomes));
        self.report(&in_flight, result.is_err());
        match result {
            Ok(outcomes) => self.completed(id, &in_flight, outcomes),
            Err(fault) => {
                self.events.push(Event::Faulted { batch: id });
                self.take_out(backend, &fault);
            }
        }
    }

    fn completed(&mut self, id: BatchId, in_flight: &InFlight, outcomes: Vec<Outcomes>) {
        let member = &self.members[in_flight.backend.0 as usize];
        member.count_batch(in_flight.items() as u64);
        let name = member.name();
        let spoilers = spoilers(&in_flight.slices, &outcomes);
        for (slice, outcomes) in in_flight.slices.iter().zip(outcomes) {
            self.answer_slice(slice, outcomes, Some(name));
        }
        self.events.push(Event::Completed {
            batch: id,
            spoilers,
        });
    }

    /// A backend that keeps a batch for too long without getting on is dead, whatever else it does.
    fn take_out_silent(&mut self) {
        let now = Instant::now();
        for batch in self.in_flight.values_mut() {
            batch.look(now);
        }
        let silent = |driver: &Self| {
            let mut batches = driver.in_flight.values();
            let late = batches.find(|batch| driver.due(batch) <= now);
            late.map(|batch| batch.backend)
        };
        while let Some(backend) = silent(self) {
            self.take_out(backend, &DeviceFault::Timeout);
        }
    }

    /// A fault of the backend's own code is one batch's. A device that is gone, silent or wrong
    /// loses all its batches to others.
    fn take_out(&mut self, backend: BackendId, fault: &DeviceFault) {
        let member = &self.members[backend.0 as usize];
        tracing::error!(backend = member.name(), %fault, "backend taken out");
        member.count_fault();
        member.down(fault.to_string());
        if !matches!(fault, DeviceFault::Internal(_)) {
            self.events.push(Event::BackendDown(backend));
            let there = |batch: &InFlight| batch.backend == backend;
            let lost: Vec<_> = self.in_flight.extract_if(|_, batch| there(batch)).collect();
            for (_, in_flight) in lost {
                self.report(&in_flight, true);
            }
        }
        self.test_again(backend);
    }

    fn report(&self, in_flight: &InFlight, faulted: bool) {
        self.observer.batch_ended(&BatchReport {
            backend: self.members[in_flight.backend.0 as usize].name(),
            operation: in_flight.operation,
            priority: in_flight.priority,
            items: in_flight.items(),
            compute: in_flight.submitted.elapsed(),
            faulted,
        });
    }

    /// Tests a backend that was taken out, ever more rarely, until it passes.
    fn test_again(&mut self, backend: BackendId) {
        if !self.in_test.insert(backend) {
            return;
        }
        let member = Arc::downgrade(&self.members[backend.0 as usize]);
        let desk = Weak::clone(&self.desk);
        let test = move || {
            let mut pause = RETEST_FIRST;
            loop {
                std::thread::sleep(pause);
                pause = (pause * 2).min(RETEST_MAX);
                // Gone when the engine is.
                let Some(member) = member.upgrade() else {
                    return;
                };
                match member.self_test() {
                    Ok(_) => break,
                    Err(failure) => member.down(failure.to_string()),
                }
            }
            // The engine may have stopped meanwhile.
            if let Some(desk) = desk.upgrade() {
                let _ = desk.send(Command::Recovered(backend));
            }
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
        if catch_unwind(AssertUnwindSafe(|| reply(answer))).is_err() {
            tracing::error!("a caller's reply panicked");
        }
    }
}

fn work_slice(slice: &Slice<Arc<Work>>) -> WorkSlice {
    let start = slice.start as usize;
    WorkSlice {
        work: Arc::clone(&slice.payload),
        range: start..start + slice.len as usize,
    }
}

fn fault_of(failure: SelfTestFailure) -> DeviceFault {
    match failure {
        SelfTestFailure::Fault(fault) => fault,
        other => DeviceFault::WrongAnswer(other.to_string()),
    }
}
