//! A backend that does what a test says, and work whose right answers can be told without any
//! arithmetic.
// Each test binary uses a part of this.
#![allow(dead_code)]

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};
use parking_lot::Mutex;
use tutti_backend::{
    Backend, Batch, CheckedKeys, Completion, Descriptor, DeviceFault, Done, HashInput, HashParcel,
    Hashing, KeyParcel, Outcomes, PairingParcel, Refused, SumParcel, SumRole, Work,
};
use tutti_backend_cpu::{CpuBackend, CpuConfig};
use tutti_curves::{Wire, bls12_381};
use tutti_engine::{
    Answer, BackendStatus, Engine, EngineConfig, Health, NoObserver, Patience, SubmitOptions,
    SubmitRefused, Ticket,
};
use tutti_types::{
    CurveId, Encoding, GroupId, HashVariant, InvalidReason, Limits, Operation, Part, Priority,
    UndecidedCause, Verdict,
};

/// What surely happens, happens within this, however busy the machine is.
pub(crate) const SOON: Duration = Duration::from_mins(1);

pub(crate) type Conduct = Box<dyn FnMut(Held) -> Result<(), Refused> + Send>;

/// A backend that does what a test says.
pub(crate) struct Scripted {
    descriptor: Descriptor,
    conduct: Mutex<Conduct>,
    held: (Sender<Held>, Receiver<Held>),
    knows_answers: AtomicBool,
    arithmetic: CpuBackend,
}

/// A batch that a scripted backend was given.
pub(crate) struct Held {
    pub(crate) batch: Arc<Batch>,
    done: Done,
}

impl Held {
    /// As the work says.
    pub(crate) fn answer(self) {
        let outcomes = right_answers(&self.batch);
        self.give(Ok(outcomes));
    }

    pub(crate) fn give(self, result: Result<Vec<Outcomes>, DeviceFault>) {
        let batch = self.batch.id;
        (self.done)(Completion { batch, result });
    }

    pub(crate) fn answer_as(self, batch: u64) {
        let result = Ok(right_answers(&self.batch));
        (self.done)(Completion { batch, result });
    }

    pub(crate) fn ranges(&self) -> Vec<Range<usize>> {
        let slices = self.batch.slices.iter();
        slices.map(|slice| slice.range.clone()).collect()
    }
}

impl Scripted {
    /// Hands each batch to the test, and passes its self-test, which asks for hashes.
    pub(crate) fn new(name: &'static str, slots: u32) -> Arc<Self> {
        let operations = [
            Operation::HashToCurve,
            Operation::PairingCheck,
            Operation::Aggregate,
            Operation::CheckKeys,
        ];
        Self::doing(name, slots, &operations)
    }

    pub(crate) fn doing(name: &'static str, slots: u32, operations: &[Operation]) -> Arc<Self> {
        let held = crossbeam_channel::unbounded();
        let hold = held.0.clone();
        let limits = Limits {
            cached_keys_max: 0,
            cached_messages_max: 0,
            cached_aggregates_max: 0,
            ..Limits::default()
        };
        Arc::new(Self {
            descriptor: Descriptor {
                name,
                engine: "a script".into(),
                digest: "none".into(),
                slots,
                urgent_slots: 0,
                operations: operations.to_vec(),
            },
            conduct: Mutex::new(Box::new(move |batch| {
                hold.send(batch).expect("the script lives");
                Ok(())
            })),
            held,
            knows_answers: AtomicBool::new(true),
            arithmetic: CpuBackend::new(&CpuConfig::new(1, &limits)).expect("a thread starts"),
        })
    }

    pub(crate) fn conduct(
        &self,
        conduct: impl FnMut(Held) -> Result<(), Refused> + Send + 'static,
    ) {
        *self.conduct.lock() = Box::new(conduct);
    }

    /// Answers everything rightly and at once.
    pub(crate) fn answer_all(&self) {
        self.conduct(|held| {
            held.answer();
            Ok(())
        });
    }

    /// What the self-test sees.
    pub(crate) fn knows_answers(&self, knows: bool) {
        self.knows_answers.store(knows, Ordering::SeqCst);
    }

    pub(crate) fn next(&self) -> Held {
        let held = self.held.1.recv_timeout(SOON);
        held.expect("a batch is sent to this backend")
    }

    pub(crate) fn has_batch(&self) -> bool {
        !self.held.1.is_empty()
    }
}

impl Backend for Scripted {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn submit(&self, batch: Arc<Batch>, done: Done) -> Result<(), Refused> {
        if batch.id == 0 {
            if self.knows_answers.load(Ordering::SeqCst) {
                return self.arithmetic.submit(batch, done);
            }
            let forgotten = Outcomes::Points(vec![Ok(vec![0; 96]); batch.items()]);
            Held { batch, done }.give(Ok(vec![forgotten]));
            return Ok(());
        }
        (self.conduct.lock())(Held { batch, done })
    }
}

/// Product checks: item n of tag t has the verdict that t and n say.
pub(crate) fn checks(tag: u32, items: usize) -> Work {
    let pair = (Wire::Infinity, Wire::Infinity);
    Work::PairingBls12381(PairingParcel {
        pairs: vec![pair; tag as usize],
        checks: vec![0..tag; items],
    })
}

/// Sums: item n of tag t has a point that names t and n.
pub(crate) fn sums(tag: u32, items: usize) -> Work {
    Work::SumBls12381G1(SumParcel {
        role: SumRole::Keys,
        lists: vec![vec![Wire::Infinity; tag as usize]; items],
        encoding: Encoding::ZcashCompressed,
    })
}

/// Keys: key n is bad for a reason that its number says.
pub(crate) fn keys(items: usize) -> Work {
    Work::KeysBls12381G1(KeyParcel::<bls12_381::G1> {
        keys: vec![Wire::Infinity; items],
    })
}

pub(crate) fn hashes(messages: &[&[u8]]) -> Work {
    Work::Hash(HashParcel {
        curve: CurveId::Bls12381,
        group: GroupId::G1,
        hashing: Hashing::Rfc9380 {
            variant: HashVariant::RandomOracle,
            dst: b"tutti engine tests"[..].into(),
        },
        inputs: messages
            .iter()
            .map(|message| HashInput::Message((*message).into()))
            .collect(),
        encoding: Encoding::ZcashCompressed,
    })
}

pub(crate) fn right_verdict(tag: u32, item: usize) -> Verdict {
    if (tag as usize + item).is_multiple_of(3) {
        return Verdict::Valid;
    }
    // Not one that spoils a batch.
    Verdict::Invalid(
        InvalidReason::NotOnCurve,
        Part::Point(tag * 100_000 + item as u32),
    )
}

pub(crate) fn right_point(tag: u32, item: usize) -> Vec<u8> {
    format!("{tag}:{item}").into_bytes()
}

pub(crate) fn right_key_reason(item: usize) -> InvalidReason {
    InvalidReason::ALL[item % InvalidReason::ALL.len()]
}

pub(crate) fn right_answers(batch: &Batch) -> Vec<Outcomes> {
    let slices = batch.slices.iter();
    slices
        .map(|slice| right_answer(&slice.work, slice.range.clone()))
        .collect()
}

pub(crate) fn right_answer(work: &Work, range: Range<usize>) -> Outcomes {
    match work {
        Work::PairingBls12381(parcel) => {
            let tag = parcel.pairs.len() as u32;
            Outcomes::Verdicts(range.map(|item| right_verdict(tag, item)).collect())
        }
        Work::SumBls12381G1(parcel) => {
            let tag = parcel.lists[0].len() as u32;
            Outcomes::Points(range.map(|item| Ok(right_point(tag, item))).collect())
        }
        Work::KeysBls12381G1(_) => Outcomes::Keys(CheckedKeys::Bls12381G1(
            range.map(|item| Err(right_key_reason(item))).collect(),
        )),
        other => panic!("no right answer is known to {:?}", other.operation()),
    }
}

/// Every item has its right verdict or one of these causes.
pub(crate) fn assert_right_or(answer: &Answer, tag: u32, items: usize, causes: &[UndecidedCause]) {
    let verdicts = answer.outcomes.verdicts();
    assert_eq!(verdicts.len(), items);
    for (item, verdict) in verdicts.into_iter().enumerate() {
        match verdict {
            Verdict::Undecided(cause) => assert!(causes.contains(&cause), "{cause:?}"),
            decided => assert_eq!(
                decided,
                right_verdict(tag, item),
                "item {item} of tag {tag}"
            ),
        }
    }
}

pub(crate) fn assert_right(answer: &Answer, tag: u32, items: usize) {
    assert_right_or(answer, tag, items, &[]);
}

pub(crate) fn assert_undecided(answer: &Answer, items: usize, cause: UndecidedCause) {
    assert_eq!(
        answer.outcomes.verdicts(),
        vec![Verdict::Undecided(cause); items]
    );
}

/// A parcel that was asked about.
pub(crate) struct Asked {
    pub(crate) ticket: Ticket,
    answers: Receiver<Answer>,
}

impl Asked {
    /// Waits for it; that there is but one, its type says.
    pub(crate) fn answer(&self) -> Answer {
        let answer = self.answers.recv_timeout(SOON);
        answer.expect("each parcel is answered")
    }

    pub(crate) fn is_answered(&self) -> bool {
        !self.answers.is_empty()
    }
}

pub(crate) fn submit(
    engine: &Engine,
    work: Work,
    options: SubmitOptions,
) -> Result<Asked, SubmitRefused> {
    let (sender, answers) = crossbeam_channel::bounded(1);
    let reply = Box::new(move |answer| {
        // A test may not want to know.
        let _ = sender.send(answer);
    });
    let ticket = engine.submit(work, options, reply)?;
    Ok(Asked { ticket, answers })
}

pub(crate) fn ask_with(engine: &Engine, work: Work, options: SubmitOptions) -> Asked {
    submit(engine, work, options).expect("there is room for this")
}

pub(crate) fn try_ask(engine: &Engine, work: Work) -> Option<Asked> {
    submit(engine, work, SubmitOptions::default()).ok()
}

pub(crate) fn ask(engine: &Engine, work: Work) -> Asked {
    ask_with(engine, work, SubmitOptions::default())
}

pub(crate) fn at(priority: Priority) -> SubmitOptions {
    SubmitOptions {
        priority,
        ..SubmitOptions::default()
    }
}

pub(crate) fn from(source: u64) -> SubmitOptions {
    SubmitOptions {
        source,
        ..SubmitOptions::default()
    }
}

/// Nothing is silent for that long in a test that does not want it.
const NEVER: Patience = Patience {
    floor: Duration::from_hours(1),
    cost_factor: 20,
};

pub(crate) fn engine(limits: Limits, backends: &[&Arc<Scripted>]) -> Engine {
    impatient_engine(NEVER, limits, backends)
}

pub(crate) fn impatient_engine(
    patience: Patience,
    limits: Limits,
    backends: &[&Arc<Scripted>],
) -> Engine {
    let config = EngineConfig {
        limits,
        ..EngineConfig::default()
    };
    let backends = backends
        .iter()
        .map(|backend| Arc::clone(backend) as Arc<dyn Backend>)
        .collect();
    Engine::start_with_patience(&config, patience, backends, Arc::new(NoObserver))
}

pub(crate) fn batches_of(items: usize) -> Limits {
    Limits {
        batch_items_max: items,
        ..Limits::default()
    }
}

pub(crate) fn status(engine: &Engine, backend: &str) -> BackendStatus {
    let backends = engine.backends().into_iter();
    backends
        .into_iter()
        .find(|status| status.descriptor.name == backend)
        .expect("the backend is listed")
}

pub(crate) fn until(what: &str, happened: impl Fn() -> bool) {
    let started = Instant::now();
    while !happened() {
        assert!(started.elapsed() < SOON, "it never came: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub(crate) fn is_up(engine: &Engine, backend: &str) -> bool {
    status(engine, backend).health == Health::Up
}

/// The engine keeps no account of anything.
pub(crate) fn assert_empty(engine: &Engine) {
    let queue = engine.queue();
    assert_eq!((queue.parcels, queue.items, queue.cost_us), (0, 0, 0));
}
