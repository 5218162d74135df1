use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tutti_types::{Operation, Priority, UndecidedCause, Verdict};

use crate::work::{CheckedKeys, Work};

/// Secret randomness of one batch, drawn after the batch was sealed: whoever knew the
/// coefficients beforehand could make two bad signatures cancel.
#[derive(Clone, Copy)]
pub struct Challenge(pub [u8; 32]);

impl std::fmt::Debug for Challenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Challenge(secret)")
    }
}

/// How long the coefficients are: a bad item passes with probability 2^-64, as in every
/// consensus client, or 2^-128.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CoefficientBits {
    #[default]
    B64,
    B128,
}

impl CoefficientBits {
    pub const fn bits(self) -> u32 {
        match self {
            Self::B64 => 64,
            Self::B128 => 128,
        }
    }
}

/// A part of a caller's work.
#[derive(Clone, Debug)]
pub struct WorkSlice {
    pub work: Arc<Work>,
    pub range: Range<usize>,
}

impl WorkSlice {
    pub fn whole(work: Arc<Work>) -> Self {
        Self {
            range: 0..work.len(),
            work,
        }
    }
}

/// A batch's signs of life. One with many bad items takes far longer than was estimated, for each
/// of them is asked of the oracle: whoever waits for it must not take it for one that hangs.
#[derive(Clone, Debug, Default)]
pub struct Pulse(Arc<AtomicU64>);

impl Pulse {
    /// Some of what was to be computed is computed: never said while merely waiting.
    pub fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub fn beats(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Sealed: nothing is added or taken away any more. Everything in it is one operation.
#[derive(Clone, Debug)]
pub struct Batch {
    pub id: u64,
    pub operation: Operation,
    pub priority: Priority,
    pub slices: Vec<WorkSlice>,
    pub challenge: Challenge,
    pub coefficient_bits: CoefficientBits,
    /// Shared with all parts and copies of the batch.
    pub pulse: Pulse,
}

impl Batch {
    /// Of slices of one operation, at least one; with what is left to chance or to a caller as it is
    /// by default.
    pub fn of(slices: Vec<WorkSlice>, challenge: Challenge) -> Self {
        Self {
            id: 0,
            operation: slices[0].work.operation(),
            priority: Priority::default(),
            slices,
            challenge,
            coefficient_bits: CoefficientBits::default(),
            pulse: Pulse::default(),
        }
    }

    pub fn items(&self) -> usize {
        self.slices.iter().map(|slice| slice.range.len()).sum()
    }
}

/// The answers to a slice or to a whole work, in order.
#[derive(Clone, Debug)]
pub enum Outcomes {
    Verdicts(Vec<Verdict>),
    /// Encoded points, or the verdict that says why there is none.
    Points(Vec<Result<Vec<u8>, Verdict>>),
    Keys(CheckedKeys),
    /// Nothing was decided, for that many items.
    Undecided(UndecidedCause, usize),
}

impl Outcomes {
    pub fn len(&self) -> usize {
        match self {
            Self::Verdicts(verdicts) => verdicts.len(),
            Self::Points(points) => points.len(),
            Self::Keys(keys) => keys.len(),
            Self::Undecided(_, count) => *count,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The verdict of each item; for points and keys VALID means that there is one.
    pub fn verdicts(&self) -> Vec<Verdict> {
        match self {
            Self::Verdicts(verdicts) => verdicts.clone(),
            Self::Points(points) => points
                .iter()
                .map(|point| point.as_ref().err().copied().unwrap_or(Verdict::Valid))
                .collect(),
            Self::Keys(keys) => keys.verdicts(),
            Self::Undecided(cause, count) => vec![Verdict::Undecided(*cause); *count],
        }
    }
}
