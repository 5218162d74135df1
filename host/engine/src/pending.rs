use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use tutti_backend::{CheckedKeys, Outcomes, Work};
use tutti_types::{Part, UndecidedCause, Verdict};

use crate::admission::Permit;
use crate::{Answer, Reply, SubmitOptions, Timing};

/// What a caller hands over.
pub(crate) struct Submission {
    pub(crate) ticket: u64,
    pub(crate) work: Work,
    pub(crate) options: SubmitOptions,
    pub(crate) reply: Reply,
    pub(crate) permit: Permit,
}

/// A parcel that is not fully answered yet.
pub(crate) struct Pending {
    pub(crate) work: Arc<Work>,
    pub(crate) options: SubmitOptions,
    reply: Reply,
    permit: Permit,
    submitted: Instant,
    sealed: Option<Instant>,
    backend: Option<&'static str>,
    batches: u32,
    /// Answers so far with the item they start at.
    parts: Vec<(usize, Outcomes)>,
    missing: usize,
}

/// All parcels that are not fully answered yet.
#[derive(Default)]
pub(crate) struct PendingParcels {
    parcels: HashMap<u64, Pending>,
}

impl PendingParcels {
    pub(crate) fn insert(&mut self, submission: Submission, now: Instant) -> (Arc<Work>, u64) {
        let work = Arc::new(submission.work);
        let cost_us = submission.permit.cost_us();
        let pending = Pending {
            missing: work.len(),
            work: Arc::clone(&work),
            options: submission.options,
            reply: submission.reply,
            permit: submission.permit,
            submitted: now,
            sealed: None,
            backend: None,
            batches: 0,
            parts: Vec::new(),
        };
        self.parcels.insert(submission.ticket, pending);
        (work, cost_us)
    }

    pub(crate) fn sealed(&mut self, ticket: u64, now: Instant) {
        if let Some(pending) = self.parcels.get_mut(&ticket) {
            pending.sealed.get_or_insert(now);
            pending.batches += 1;
        }
    }

    /// Adds the answers to items `start..`; a parcel whose last items these were is returned.
    pub(crate) fn answered(
        &mut self,
        ticket: u64,
        start: usize,
        outcomes: Outcomes,
        backend: Option<&'static str>,
    ) -> Option<Pending> {
        let pending = self.parcels.get_mut(&ticket)?;
        pending.missing = pending
            .missing
            .checked_sub(outcomes.len())
            .expect("no item is answered twice");
        pending.backend = backend.or(pending.backend);
        pending.parts.push((start, outcomes));
        if pending.missing > 0 {
            return None;
        }
        self.parcels.remove(&ticket)
    }

    /// One that its caller no longer waits for.
    pub(crate) fn remove(&mut self, ticket: u64) -> Option<Pending> {
        self.parcels.remove(&ticket)
    }

    /// Whatever is left, to be given up.
    pub(crate) fn take_all(&mut self) -> Vec<Pending> {
        self.parcels.drain().map(|(_, pending)| pending).collect()
    }
}

impl Pending {
    /// The answer, and whom to give it to.
    pub(crate) fn finish(mut self, now: Instant) -> (Answer, Reply, Permit) {
        self.parts.sort_by_key(|(start, _)| *start);
        let sealed = self.sealed.unwrap_or(now);
        let answer = Answer {
            outcomes: join(self.parts, &self.work),
            timing: Timing {
                queued: sealed.duration_since(self.submitted),
                computed: now.duration_since(sealed),
                backend: self.backend,
                batches: self.batches,
            },
        };
        (answer, self.reply, self.permit)
    }

    /// Everything that is not answered yet is undecided.
    pub(crate) fn give_up(
        mut self,
        cause: UndecidedCause,
        now: Instant,
    ) -> (Answer, Reply, Permit) {
        self.parts.sort_by_key(|(start, _)| *start);
        let mut whole = Vec::new();
        let mut at = 0;
        for (start, part) in std::mem::take(&mut self.parts) {
            if start > at {
                whole.push((at, Outcomes::Undecided(cause, start - at)));
            }
            at = start + part.len();
            whole.push((start, part));
        }
        if at < self.work.len() {
            whole.push((at, Outcomes::Undecided(cause, self.work.len() - at)));
        }
        self.parts = whole;
        self.finish(now)
    }
}

/// One list of answers out of several that follow each other, each with the item it starts at.
fn join(mut parts: Vec<(usize, Outcomes)>, work: &Work) -> Outcomes {
    if parts.len() == 1 {
        return parts.remove(0).1;
    }
    let points = matches!(
        work,
        Work::Hash(_)
            | Work::SumBls12381G1(_)
            | Work::SumBls12381G2(_)
            | Work::SumBn254G1(_)
            | Work::SumBn254G2(_)
    );
    if points {
        let points = parts.into_iter().flat_map(|(_, part)| into_points(part));
        return Outcomes::Points(points.collect());
    }
    if let Some(keys) = join_keys(&parts) {
        return Outcomes::Keys(keys);
    }
    // Keys of which some are undecided are worth nothing: a set is put whole or not at all.
    let verdicts = parts.iter().flat_map(|(start, part)| {
        let named = matches!(part, Outcomes::Keys(_));
        let verdicts = part.verdicts().into_iter();
        verdicts.map(move |verdict| {
            if named {
                moved(verdict, *start)
            } else {
                verdict
            }
        })
    });
    Outcomes::Verdicts(verdicts.collect())
}

/// A slice of keys names each by its place in the slice.
fn moved(verdict: Verdict, start: usize) -> Verdict {
    match verdict {
        Verdict::Invalid(reason, Part::Key(at)) => {
            Verdict::Invalid(reason, Part::Key(at + start as u32))
        }
        other => other,
    }
}

fn into_points(part: Outcomes) -> Vec<Result<Vec<u8>, Verdict>> {
    match part {
        Outcomes::Points(points) => points,
        other => other.verdicts().into_iter().map(Err).collect(),
    }
}

/// Nothing where a part has no keys.
fn join_keys(parts: &[(usize, Outcomes)]) -> Option<CheckedKeys> {
    let mut parts = parts.iter().map(|(_, part)| match part {
        Outcomes::Keys(keys) => Some(keys),
        _ => None,
    });
    let mut joined = parts.next()??.clone();
    for part in parts {
        match (&mut joined, part?) {
            (CheckedKeys::Bls12381G1(all), CheckedKeys::Bls12381G1(more)) => {
                all.extend_from_slice(more);
            }
            (CheckedKeys::Bls12381G2(all), CheckedKeys::Bls12381G2(more)) => {
                all.extend_from_slice(more);
            }
            (CheckedKeys::Bn254G2(all), CheckedKeys::Bn254G2(more)) => all.extend_from_slice(more),
            _ => return None,
        }
    }
    Some(joined)
}
