use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use parking_lot::Mutex;
use tutti_engine::{Engine, SubmitOptions};
use tutti_types::{Priority, Verdict};

use super::{Answered, Done, Reply, Target, TargetError};
use crate::baseline::BlstGrouped;
use crate::workload::{Data, Workload};

/// Some items of a workload.
#[derive(Clone, Debug)]
pub struct Slice {
    workload: Arc<Workload>,
    items: Arc<[u32]>,
    priority: Priority,
}

impl Slice {
    fn of(
        workload: &Arc<Workload>,
        items: &[u32],
        priority: Priority,
    ) -> Result<Self, TargetError> {
        if matches!(workload.data, Data::Updates(_) | Data::Mixed(_)) {
            return Err(TargetError::NotALoad(workload.scenario));
        }
        Ok(Self {
            workload: Arc::clone(workload),
            items: items.into(),
            priority,
        })
    }
}

/// An engine in this process. Parsing the wire's bytes is part of sending.
#[derive(Clone, Debug)]
pub struct EngineTarget {
    pub engine: Engine,
    pub name: String,
}

impl Target for EngineTarget {
    type Request = Slice;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn prepare(
        &self,
        workload: &Arc<Workload>,
        items: &[u32],
        priority: Priority,
    ) -> Result<Slice, TargetError> {
        Slice::of(workload, items, priority)
    }

    fn send(&self, request: &Slice, done: Done) {
        let done = Arc::new(Mutex::new(Some(done)));
        let reply = Arc::clone(&done);
        let Slice {
            workload,
            items,
            priority,
        } = request.clone();
        let work = workload
            .work_of(&items)
            .expect("prepare takes what is one work");
        let options = SubmitOptions {
            priority,
            ..SubmitOptions::default()
        };
        let result = self.engine.submit(
            work,
            options,
            Box::new(move |answer| {
                let verdicts = answer.outcomes.verdicts();
                let mut answered = workload.judge(&items, verdicts.iter().map(decision));
                answered.queued = answer.timing.queued;
                answered.computed = answer.timing.computed;
                if let Some(done) = reply.lock().take() {
                    done(Reply::Answered(answered));
                }
            }),
        );
        if let Err(refused) = result
            && let Some(done) = done.lock().take()
        {
            done(Reply::Refused(refused.to_string()));
        }
    }
}

/// Valid or not; `None` where it is not decided.
const fn decision(verdict: &Verdict) -> Option<bool> {
    match verdict {
        Verdict::Valid => Some(true),
        Verdict::Invalid(..) => Some(false),
        Verdict::Undecided(_) => None,
    }
}

/// What waits for a worker; a node that falls further behind drops what comes.
const QUEUE_MAX: usize = 16_384;

/// blst-grouped as a node runs it: requests queue, and each of the workers takes all that is
/// there up to a number of sets and checks it as one batch on its own core.
#[derive(Debug)]
pub struct BaselineTarget {
    queue: Sender<(Slice, Done)>,
    name: String,
}

impl BaselineTarget {
    /// Lighthouse takes 64 sets at a time, Lodestar 128, Prysm 1,000.
    pub fn start(workers: usize, sets_max: usize) -> Self {
        let (queue, waiting) = bounded(QUEUE_MAX);
        for _ in 0..workers.max(1) {
            let waiting = waiting.clone();
            std::thread::spawn(move || serve(&waiting, sets_max));
        }
        Self {
            queue,
            name: format!("blst-grouped, {workers} workers, {sets_max} sets a batch"),
        }
    }
}

fn serve(waiting: &Receiver<(Slice, Done)>, sets_max: usize) {
    while let Ok((first, done)) = waiting.recv() {
        let workload = Arc::clone(&first.workload);
        let mut items = first.items.to_vec();
        let mut batch = vec![(first, done)];
        while items.len() < sets_max
            && let Ok((next, done)) = waiting.try_recv()
        {
            items.extend_from_slice(&next.items);
            batch.push((next, done));
        }
        let Data::MinPk(sets) = &workload.data else {
            unreachable!("prepare takes no others");
        };
        let good = BlstGrouped::new(1).verdicts(&sets.subset(&items));
        let mut good = good.into_iter();
        for (slice, done) in batch {
            let decisions: Vec<_> = good.by_ref().take(slice.items.len()).map(Some).collect();
            done(Reply::Answered(
                workload.judge(&slice.items, decisions.into_iter()),
            ));
        }
    }
}

impl Target for BaselineTarget {
    type Request = Slice;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn prepare(
        &self,
        workload: &Arc<Workload>,
        items: &[u32],
        priority: Priority,
    ) -> Result<Slice, TargetError> {
        match workload.data {
            Data::MinPk(_) => Slice::of(workload, items, priority),
            _ => Err(TargetError::NotALoad(workload.scenario)),
        }
    }

    fn send(&self, request: &Slice, done: Done) {
        match self.queue.try_send((request.clone(), done)) {
            Ok(()) => {}
            Err(TrySendError::Full((_, done)) | TrySendError::Disconnected((_, done))) => {
                done(Reply::Refused("the node's queue is full".into()));
            }
        }
    }
}

impl Workload {
    /// Compares decisions on some of the items with what they must be.
    pub(crate) fn judge(
        &self,
        items: &[u32],
        decisions: impl ExactSizeIterator<Item = Option<bool>>,
    ) -> Answered {
        let mut answered = Answered {
            wrong: items.len().abs_diff(decisions.len()),
            ..Answered::default()
        };
        for (&at, decision) in items.iter().zip(decisions) {
            let is_bad = self.bad.binary_search(&(at as usize)).is_ok();
            match decision {
                None => answered.undecided += 1,
                Some(valid) if valid != is_bad => answered.right += 1,
                Some(_) => answered.wrong += 1,
            }
        }
        answered
    }
}
