//! The backend's side of the worker: starts it, talks to it, watches it, kills it, starts it again.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use parking_lot::Mutex;
use tutti_backend::DeviceFault;

use crate::frame;
use crate::program::{DeviceFacts, Failure, Program, Reply, Request, Table};

/// How a worker process is started: this binary with a hidden subcommand, or what a test puts there.
#[derive(Clone, Debug)]
pub struct WorkerCommand {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    pub environment: Vec<(OsString, OsString)>,
}

/// How long a worker may be silent.
#[derive(Clone, Copy, Debug)]
pub struct WorkerPatience {
    /// From its start to its first word, and for its memory: drivers take seconds to wake a device,
    /// and more to compile kernels for one that they do not know.
    pub start: Duration,
    /// Between two signs of life.
    pub heartbeat: Duration,
    /// For one program.
    pub program: Duration,
    /// Before it is started again, doubled after each further failure up to a minute.
    pub pause_first: Duration,
    /// After a wrong answer, doubled with each further one.
    pub quarantine_first: Duration,
}

impl Default for WorkerPatience {
    fn default() -> Self {
        Self {
            start: Duration::from_mins(1),
            heartbeat: Duration::from_secs(10),
            program: Duration::from_secs(10),
            pause_first: Duration::from_millis(500),
            quarantine_first: Duration::from_mins(1),
        }
    }
}

const PAUSE_MAX: Duration = Duration::from_mins(1);

/// What each worker is asked to make ready.
#[derive(Clone, Debug)]
pub(crate) struct Preparation {
    pub(crate) keys: [u64; 3],
    pub(crate) slots: u32,
    pub(crate) arena_bytes: u64,
    pub(crate) entries: Vec<String>,
}

/// Keeps one worker running, as far as that is possible.
pub(crate) struct Supervisor {
    command: WorkerCommand,
    preparation: Preparation,
    patience: WorkerPatience,
    state: Mutex<State>,
    started: AtomicU64,
    killed: AtomicU64,
}

#[derive(Default)]
struct State {
    worker: Option<Arc<Worker>>,
    failures: u32,
    /// Never forgotten while this process lives.
    wrong_answers: u32,
    not_before: Option<Instant>,
}

/// Why a worker cannot be had or cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkerFault {
    #[error("{0}")]
    Failed(#[from] Failure),
    #[error("the worker process cannot be started: {0}")]
    NotStarted(String),
    #[error("the worker process ended")]
    Ended,
    #[error("the worker process was silent for too long and was killed")]
    Silent,
    #[error("what the worker process said makes no sense: {0}")]
    Nonsense(String),
    #[error("the worker process failed before and is started again in {0:?}")]
    Resting(Duration),
}

impl From<WorkerFault> for DeviceFault {
    fn from(fault: WorkerFault) -> Self {
        match fault {
            WorkerFault::Silent => Self::Timeout,
            WorkerFault::Nonsense(what) => Self::WrongAnswer(what),
            other => Self::Gone(other.to_string()),
        }
    }
}

impl Supervisor {
    pub(crate) fn new(
        command: WorkerCommand,
        preparation: Preparation,
        patience: WorkerPatience,
    ) -> Self {
        Self {
            command,
            preparation,
            patience,
            state: Mutex::default(),
            started: AtomicU64::new(0),
            killed: AtomicU64::new(0),
        }
    }

    /// The worker that runs, or a new one, unless the last failed just now.
    pub(crate) fn worker(&self) -> Result<Arc<Worker>, WorkerFault> {
        let mut state = self.state.lock();
        if let Some(worker) = &state.worker {
            if worker.fate().is_none() {
                return Ok(Arc::clone(worker));
            }
            self.buried(&mut state);
        }
        if let Some(not_before) = state.not_before {
            let left = not_before.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                return Err(WorkerFault::Resting(left));
            }
        }
        self.started.fetch_add(1, Ordering::Relaxed);
        match Worker::start(&self.command, &self.preparation, self.patience) {
            Ok(worker) => {
                state.worker = Some(Arc::clone(&worker));
                Ok(worker)
            }
            Err(fault) => {
                self.buried(&mut state);
                Err(fault)
            }
        }
    }

    /// A worker did all of a batch: what went wrong before is forgiven.
    pub(crate) fn did_well(&self) {
        self.state.lock().failures = 0;
    }

    /// A device that answered wrongly passes any self-test that it meets on a good day: it rests,
    /// each time for longer.
    pub(crate) fn quarantine(&self, worker: &Worker) {
        worker.end(WorkerFault::Ended);
        let mut state = self.state.lock();
        let rest = self.patience.quarantine_first * 2u32.pow(state.wrong_answers.min(10));
        state.wrong_answers = state.wrong_answers.saturating_add(1);
        state.worker = None;
        state.not_before = Some(Instant::now() + rest);
        self.killed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn wrong_answers(&self) -> u64 {
        u64::from(self.state.lock().wrong_answers)
    }

    fn buried(&self, state: &mut State) {
        state.worker = None;
        let pause = self.patience.pause_first * 2u32.pow(state.failures.min(10));
        state.failures = state.failures.saturating_add(1);
        state.not_before = Some(Instant::now() + pause.min(PAUSE_MAX));
        self.killed.fetch_add(1, Ordering::Relaxed);
    }

    /// Workers started, and workers that ended or had to be killed.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (load(&self.started), load(&self.killed))
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        if let Some(worker) = self.state.lock().worker.take() {
            worker.end(WorkerFault::Ended);
        }
    }
}

/// One process.
pub(crate) struct Worker {
    pub(crate) facts: DeviceFacts,
    pub(crate) missing: Vec<String>,
    /// Different for each process: what was resident in the last one is gone.
    pub(crate) incarnation: u64,
    input: Mutex<ChildStdin>,
    waiting: Mutex<Waiting>,
    control: Mutex<Receiver<Reply>>,
    child: Mutex<Option<Child>>,
    next_job: AtomicU64,
    patience: WorkerPatience,
}

struct Waiting {
    jobs: HashMap<u64, Sender<Ran>>,
    control: Sender<Reply>,
    heard: Instant,
    fate: Option<WorkerFault>,
}

/// A program's end.
pub(crate) struct Ran {
    pub(crate) bytes: Vec<u8>,
    pub(crate) device_us: u64,
}

static INCARNATIONS: AtomicU64 = AtomicU64::new(1);

impl Worker {
    fn start(
        command: &WorkerCommand,
        preparation: &Preparation,
        patience: WorkerPatience,
    ) -> Result<Arc<Self>, WorkerFault> {
        let mut child = Command::new(&command.program)
            .args(&command.arguments)
            .envs(command.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A signal to the server's terminal is the server's to answer.
            .process_group(0)
            .spawn()
            .map_err(|error| WorkerFault::NotStarted(error.to_string()))?;
        let input = child.stdin.take().expect("standard input is piped");
        let output = child.stdout.take().expect("standard output is piped");
        let replies = read_replies(output);
        let facts = match first_words(&replies, patience.start) {
            Ok(facts) => facts,
            Err(fault) => {
                bury(child);
                return Err(fault);
            }
        };
        let (control_in, control) = crossbeam_channel::bounded(1);
        let worker = Arc::new(Self {
            facts,
            missing: Vec::new(),
            incarnation: INCARNATIONS.fetch_add(1, Ordering::Relaxed),
            input: Mutex::new(input),
            waiting: Mutex::new(Waiting {
                jobs: HashMap::new(),
                control: control_in,
                heard: Instant::now(),
                fate: None,
            }),
            control: Mutex::new(control),
            child: Mutex::new(Some(child)),
            next_job: AtomicU64::new(1),
            patience,
        });
        worker.prepare(preparation, replies)
    }

    /// Has the worker take its memory, then begins to listen and to watch.
    fn prepare(
        self: Arc<Self>,
        preparation: &Preparation,
        replies: Receiver<Heard>,
    ) -> Result<Arc<Self>, WorkerFault> {
        let Preparation {
            keys,
            slots,
            arena_bytes,
            entries,
        } = preparation.clone();
        self.tell(
            &Request::Prepare {
                keys,
                slots,
                arena_bytes,
                entries,
            },
            &[],
        )?;
        let missing = match next(&replies, self.patience.start) {
            Ok((Reply::Prepared { missing }, _)) => missing,
            Ok((Reply::Failed(failure), _)) => return Err(self.end(failure.into())),
            Ok((other, _)) => return Err(self.end(nonsense(&other))),
            Err(fault) => return Err(self.end(fault)),
        };
        let mut prepared = Arc::into_inner(self).expect("nobody else knows the worker yet");
        prepared.missing = missing;
        prepared.waiting.get_mut().heard = Instant::now();
        let prepared = Arc::new(prepared);
        spawn("tutti-cuda-ear", Arc::clone(&prepared), move |worker| {
            worker.listen(&replies);
        })?;
        spawn("tutti-cuda-pulse", Arc::clone(&prepared), |worker| {
            worker.watch();
        })?;
        Ok(prepared)
    }

    pub(crate) fn fate(&self) -> Option<WorkerFault> {
        self.waiting.lock().fate.clone()
    }

    /// Runs a program and waits for its end.
    pub(crate) fn run(
        &self,
        slot: u32,
        program: &Program,
        bulk: &[u8],
        extra: Duration,
    ) -> Result<Ran, WorkerFault> {
        let job = self.next_job.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = crossbeam_channel::bounded(1);
        {
            let mut waiting = self.waiting.lock();
            if let Some(fate) = &waiting.fate {
                return Err(fate.clone());
            }
            waiting.jobs.insert(job, sender);
        }
        let program = program.clone();
        self.tell(&Request::Run { job, slot, program }, bulk)?;
        match receiver.recv_timeout(self.patience.program + extra) {
            Ok(ran) => Ok(ran),
            Err(RecvTimeoutError::Timeout) => Err(self.end(WorkerFault::Silent)),
            Err(RecvTimeoutError::Disconnected) => Err(self.fate().unwrap_or(WorkerFault::Ended)),
        }
    }

    /// Puts keys on the device.
    pub(crate) fn keep(
        &self,
        table: Table,
        first: u64,
        count: u64,
        words: &[u8],
    ) -> Result<(), WorkerFault> {
        let control = self.control.lock();
        self.tell(
            &Request::Keep {
                table,
                first,
                count,
            },
            words,
        )?;
        match control.recv_timeout(self.patience.program) {
            Ok(Reply::Kept) => Ok(()),
            Ok(other) => Err(self.end(nonsense(&other))),
            Err(RecvTimeoutError::Timeout) => Err(self.end(WorkerFault::Silent)),
            Err(RecvTimeoutError::Disconnected) => Err(self.fate().unwrap_or(WorkerFault::Ended)),
        }
    }

    fn tell(&self, request: &Request, bulk: &[u8]) -> Result<(), WorkerFault> {
        let mut input = self.input.lock();
        let written = frame::write(&mut *input, request, bulk)
            .map_err(|_| ())
            .and_then(|()| input.flush().map_err(|_| ()));
        drop(input);
        // What it said before it went is the better reason; the listener has it soon.
        written.map_err(|()| {
            std::thread::sleep(LAST_WORDS);
            self.end(WorkerFault::Ended)
        })
    }

    fn listen(&self, replies: &Receiver<Heard>) {
        let fate = loop {
            match replies.recv() {
                Ok(Ok((Reply::Ran { job, device_us }, bytes))) => {
                    let mut waiting = self.waiting.lock();
                    waiting.heard = Instant::now();
                    if let Some(sender) = waiting.jobs.remove(&job) {
                        // Whoever asked may have lost patience.
                        let _ = sender.send(Ran { bytes, device_us });
                    }
                }
                Ok(Ok((Reply::Pong(_), _))) => self.waiting.lock().heard = Instant::now(),
                Ok(Ok((reply @ Reply::Kept, _))) => {
                    let waiting = self.waiting.lock();
                    // Full means that it answers what was not asked.
                    if waiting.control.try_send(reply).is_err() {
                        break WorkerFault::Nonsense("an answer to nothing".into());
                    }
                }
                Ok(Ok((Reply::Failed(failure), _))) => break failure.into(),
                Ok(Ok((other, _))) => break nonsense(&other),
                Ok(Err(fault)) => break fault,
                Err(_) => break WorkerFault::Ended,
            }
        };
        self.end(fate);
    }

    fn watch(&self) {
        let mut number = 0;
        while self.fate().is_none() {
            std::thread::sleep(self.patience.heartbeat / 8);
            let silent = self.waiting.lock().heard.elapsed();
            if silent > self.patience.heartbeat {
                self.end(WorkerFault::Silent);
                return;
            }
            // A writer that is stuck holds the pipe; silence will tell.
            if let Some(mut input) = self.input.try_lock() {
                number += 1;
                let sent = frame::write(&mut *input, &Request::Ping(number), &[]);
                drop(input);
                if sent.is_err() {
                    std::thread::sleep(LAST_WORDS);
                    self.end(WorkerFault::Ended);
                }
            }
        }
    }

    /// Kills the process and lets everybody know who waits; the first reason given is the reason.
    fn end(&self, fault: WorkerFault) -> WorkerFault {
        let fate = {
            let mut waiting = self.waiting.lock();
            let fate = waiting.fate.get_or_insert(fault).clone();
            waiting.jobs.clear();
            waiting.control = crossbeam_channel::bounded(0).0;
            fate
        };
        if let Some(child) = self.child.lock().take() {
            bury(child);
        }
        fate
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end(WorkerFault::Ended);
    }
}

/// How long the reason of a worker's end may be on its way after its pipe has closed.
const LAST_WORDS: Duration = Duration::from_millis(20);

type Heard = Result<(Reply, Vec<u8>), WorkerFault>;

/// Reads frames on a thread of its own: a pipe cannot be waited for with a limit.
fn read_replies(output: ChildStdout) -> Receiver<Heard> {
    // As many as one worker can have to say at once, and room.
    let (sender, receiver) = crossbeam_channel::bounded(64);
    let read = move || {
        let mut output = BufReader::with_capacity(1 << 16, output);
        loop {
            let heard = match frame::read::<Reply>(&mut output) {
                Ok(Some(reply)) => Ok(reply),
                Ok(None) | Err(frame::FrameError::Io(_)) => Err(WorkerFault::Ended),
                Err(error) => Err(WorkerFault::Nonsense(error.to_string())),
            };
            let last = heard.is_err();
            if sender.send(heard).is_err() || last {
                return;
            }
        }
    };
    // Without a thread the channel is closed, which reads as a worker that ended.
    let _ = std::thread::Builder::new()
        .name("tutti-cuda-pipe".into())
        .spawn(read);
    receiver
}

fn first_words(replies: &Receiver<Heard>, limit: Duration) -> Result<DeviceFacts, WorkerFault> {
    match next(replies, limit)? {
        (Reply::Found(facts), _) => Ok(facts),
        (Reply::Failed(failure), _) => Err(failure.into()),
        (other, _) => Err(nonsense(&other)),
    }
}

fn next(replies: &Receiver<Heard>, limit: Duration) -> Heard {
    match replies.recv_timeout(limit) {
        Ok(heard) => heard,
        Err(RecvTimeoutError::Timeout) => Err(WorkerFault::Silent),
        Err(RecvTimeoutError::Disconnected) => Err(WorkerFault::Ended),
    }
}

fn nonsense(reply: &Reply) -> WorkerFault {
    WorkerFault::Nonsense(format!("{reply:?} where it was not asked"))
}

fn spawn(
    name: &str,
    worker: Arc<Worker>,
    run: impl FnOnce(&Worker) + Send + 'static,
) -> Result<(), WorkerFault> {
    std::thread::Builder::new()
        .name(name.into())
        .spawn(move || run(&worker))
        .map(drop)
        .map_err(|error| WorkerFault::NotStarted(error.to_string()))
}

/// Kills a process and waits for it elsewhere: one that hangs in its driver may not end at once.
fn bury(mut child: Child) {
    // It may have ended by itself.
    let _ = child.kill();
    if let Ok(Some(_)) = child.try_wait() {
        return;
    }
    let wait = move || {
        let _ = child.wait();
    };
    // Without a thread it stays a zombie until we end.
    let _ = std::thread::Builder::new()
        .name("tutti-cuda-wait".into())
        .spawn(wait);
}
