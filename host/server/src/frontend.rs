use std::hash::RandomState;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tonic::{Request, Response, Status};
use tutti_backend::{CheckedKeys, Outcomes, Work};
use tutti_domain::{Docket, Obligation};
use tutti_engine::{Answer, Engine, SubmitOptions, SubmitRefused, Ticket};
use tutti_proto::v1;
use tutti_types::{Limits, Operation, UndecidedCause, Verdict};

use crate::attest::Sets;
use crate::metrics::{Counts, Metrics};
use crate::options::{Asked, Asking, Caller};
use crate::parse::Parsed;
use crate::refusal::Refusal;

/// Reading fewer items, signers or cells than this takes less than handing them to another
/// thread and back.
const READ_HERE_MAX: usize = 1_024;

const RETRY_MIN: Duration = Duration::from_millis(1);

/// A set whose keys find the queue full waits its turn, up to a minute in all.
const KEY_TRIES: u32 = 60;
const KEY_RETRY_MAX: Duration = Duration::from_secs(1);

/// What all services stand on.
#[derive(Debug)]
pub(crate) struct Frontend {
    pub(crate) engine: Engine,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) sets: Sets,
    pub(crate) sources: RandomState,
}

/// A parcel whose caller still waits; one that is dropped is cancelled.
struct Waiting<'a> {
    engine: &'a Engine,
    ticket: Option<Ticket>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.engine.cancel(ticket);
        }
    }
}

impl Frontend {
    pub(crate) fn limits(&self) -> &Limits {
        self.engine.limits()
    }

    /// Runs what reads a request; a large one on a thread that may be busy.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        items: usize,
        read: impl FnOnce(&Self) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        if items <= READ_HERE_MAX {
            return read(self);
        }
        let this = Arc::clone(self);
        ended(tokio::task::spawn_blocking(move || read(&this))).await
    }

    /// The same item by item, each of which weighs as much as so many signature sets: those of a
    /// large request on all cores. Answers keep the items' order, and the first of them that is
    /// refused refuses the request.
    pub(crate) async fn read_each<I, T>(
        self: &Arc<Self>,
        items: Vec<I>,
        weight: usize,
        read: impl Fn(&Self, usize, &I) -> Result<T, Refusal> + Send + Sync + 'static,
    ) -> Result<Vec<T>, Refusal>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
    {
        let count = items.len();
        let piece = move |frontend: &Self, places: Range<usize>| {
            let each = places.map(|place| read(frontend, place, &items[place]));
            each.collect::<Result<Vec<T>, Refusal>>()
        };
        if count * weight <= READ_HERE_MAX {
            return piece(self, 0..count);
        }
        let share = count.div_ceil(tutti_engine::cores());
        let share = share.max(READ_HERE_MAX.div_ceil(weight));
        let piece = Arc::new(piece);
        let running: Vec<_> = (0..count)
            .step_by(share)
            .map(|first| {
                let (this, piece) = (Arc::clone(self), Arc::clone(&piece));
                let places = first..(first + share).min(count);
                tokio::task::spawn_blocking(move || piece(&this, places))
            })
            .collect();
        let mut answers = Vec::with_capacity(count);
        for piece in running {
            answers.extend(ended(piece).await?);
        }
        Ok(answers)
    }

    /// Answers one call: what it asks for beside its items is read first.
    pub(crate) async fn answer<Q: Asking, A, F>(
        self: &Arc<Self>,
        request: Request<Q>,
        work: impl FnOnce(Arc<Self>, Asked, Q) -> F,
    ) -> Result<Response<A>, Status>
    where
        F: Future<Output = Result<A, Refusal>>,
    {
        let caller = Caller::of(&request);
        let mut request = request.into_inner();
        let asked = caller.asks(request.take_options(), &self.sources)?;
        let answer = work(Arc::clone(self), asked, request).await?;
        Ok(Response::new(answer))
    }

    /// Has a work done. What is not answered within the caller's patience is undecided.
    pub(crate) async fn ask(&self, work: Work, asked: &Asked) -> Result<Answer, Refusal> {
        let items = work.len();
        let (sender, mut receiver) = oneshot::channel();
        let reply = Box::new(move |answer| {
            // Whoever asked may be gone.
            let _ = sender.send(answer);
        });
        let ticket = self
            .engine
            .submit(work, asked.submit, reply)
            .map_err(refused)?;
        let mut waiting = Waiting {
            engine: &self.engine,
            ticket: Some(ticket),
        };
        if let Some(patience) = asked.patience {
            let in_time = tokio::time::timeout_at(patience.into(), &mut receiver).await;
            match in_time {
                Ok(answer) => return self.taken(answer, items, &mut waiting),
                Err(_) => self.engine.give_up(ticket),
            }
        }
        self.taken(receiver.await, items, &mut waiting)
    }

    /// What the engine said in the end.
    fn taken(
        &self,
        answer: Result<Answer, oneshot::error::RecvError>,
        items: usize,
        waiting: &mut Waiting<'_>,
    ) -> Result<Answer, Refusal> {
        Ok(match answer {
            Ok(answer) => {
                waiting.ticket = None;
                match answer.outcomes {
                    Outcomes::Undecided(UndecidedCause::Overload, _) => {
                        return Err(self.source_full());
                    }
                    _ => answer,
                }
            }
            Err(_) => Answer {
                outcomes: Outcomes::Undecided(UndecidedCause::ShuttingDown, items),
                timing: tutti_engine::Timing::default(),
            },
        })
    }

    /// The caller's share of the queue is full, though the queue may not be.
    fn source_full(&self) -> Refusal {
        let queued = Duration::from_micros(self.engine.queue().cost_us);
        Refusal::QueueFull {
            what: "this source has its share of the queue",
            retry_after: (queued / tutti_engine::cores() as u32 / 4).max(RETRY_MIN),
        }
    }

    /// Has obligations of any kinds decided, those of one operation in one parcel. The time is
    /// that of the slowest.
    pub(crate) async fn settle(
        self: &Arc<Self>,
        obligations: &[&Obligation],
        asked: &Asked,
    ) -> Result<(Vec<Verdict>, v1::Timing), Refusal> {
        let (works, places) = Docket::new(obligations).into_works();
        // Dropped with the caller's call, and each work with it.
        let mut running = JoinSet::new();
        let count = works.len();
        for (index, work) in works.into_iter().enumerate() {
            let (this, asked) = (Arc::clone(self), asked.clone());
            running.spawn(async move { (index, work.operation(), this.ask(work, &asked).await) });
        }
        let mut answers = vec![Vec::new(); count];
        let mut slowest = v1::Timing::default();
        while let Some(ended) = running.join_next().await {
            let ended = ended.map_err(|error| Refusal::EngineStopped(error.to_string()))?;
            let (index, operation, answer) = ended;
            let answer = answer?;
            let spent = timing(&answer.timing);
            if spent.queue_us + spent.compute_us >= slowest.queue_us + slowest.compute_us {
                slowest = spent;
            }
            answers[index] = answer.outcomes.verdicts();
            self.metrics.items(operation, Counts::of(&answers[index]));
        }
        Ok((places.verdicts(&answers), slowest))
    }

    /// On a thread that may wait: for a full queue too, as the caller sees only that it takes longer.
    /// `None` where the keys were not checked.
    pub(crate) fn check_keys(
        &self,
        work: &dyn Fn() -> Work,
        options: SubmitOptions,
    ) -> Option<CheckedKeys> {
        for _ in 0..KEY_TRIES {
            match self.engine.run(work(), options) {
                Ok(answer) => {
                    let Outcomes::Keys(keys) = answer.outcomes else {
                        return None;
                    };
                    let counts = Counts::of(&keys.verdicts());
                    self.metrics.items(Operation::CheckKeys, counts);
                    return Some(keys);
                }
                Err(SubmitRefused::QueueFull { retry_after, .. }) => {
                    std::thread::sleep(retry_after.clamp(RETRY_MIN, KEY_RETRY_MAX));
                }
                Err(SubmitRefused::ShuttingDown | SubmitRefused::Empty) => return None,
            }
        }
        None
    }

    /// Has the rest of a request's items decided.
    pub(crate) async fn decide(
        &self,
        operation: Operation,
        mut parsed: Parsed,
        asked: &Asked,
    ) -> Result<(Vec<Verdict>, v1::Timing), Refusal> {
        let (answers, spent) = match parsed.work.take() {
            None => (Vec::new(), v1::Timing::default()),
            Some(work) => {
                let answer = self.ask(work, asked).await?;
                (answer.outcomes.verdicts(), timing(&answer.timing))
            }
        };
        let verdicts = parsed.complete(answers);
        self.metrics.items(operation, Counts::of(&verdicts));
        Ok((verdicts, spent))
    }
}

/// What a thread that may be busy came to.
async fn ended<T>(read: JoinHandle<Result<T, Refusal>>) -> Result<T, Refusal> {
    match read.await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(Refusal::EngineStopped(error.to_string())),
        },
    }
}

fn refused(refused: SubmitRefused) -> Refusal {
    match refused {
        SubmitRefused::QueueFull { retry_after, .. } => Refusal::QueueFull {
            what: "more is sent, by all or by this source, than is done",
            retry_after: retry_after.max(RETRY_MIN),
        },
        SubmitRefused::ShuttingDown => Refusal::Draining,
        SubmitRefused::Empty => Refusal::malformed("items", "send at least one"),
    }
}

pub(crate) fn timing(timing: &tutti_engine::Timing) -> v1::Timing {
    v1::Timing {
        queue_us: timing.queued.as_micros() as u64,
        compute_us: timing.computed.as_micros() as u64,
        backend: timing.backend.unwrap_or_default().to_owned(),
        batches: timing.batches,
    }
}

/// The points of a work that gives points.
pub(crate) fn points(outcomes: Outcomes) -> Vec<Result<Vec<u8>, Verdict>> {
    match outcomes {
        Outcomes::Points(points) => points,
        other => other.verdicts().into_iter().map(Err).collect(),
    }
}
