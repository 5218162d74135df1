//! One batch's way through a worker: its slot, its part of the tables, its randomness, and whom to
//! ask where the device must not have the last word.

use std::sync::Arc;
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_core::RngCore;
use tutti_backend::{Backend, Batch, Challenge, DeviceFault, Outcomes, Pulse, Work, WorkSlice};
use tutti_curves::KeySet;
use tutti_types::Verdict;

use crate::composer::{Array, Composer};
use crate::frame::BULK_MAX;
use crate::program::{Table, layout};
use crate::residents::{Lodging, Residents};
use crate::supervisor::{Worker, WorkerFault};
use crate::words::{DeviceGroup, Words, from_limb_major};

/// What a program may take beyond the usual for each element: a device does a thousand of them in
/// that time, the kernels as plain C++ one.
const PATIENCE_PER_ELEMENT: Duration = Duration::from_millis(20);

pub(crate) struct Run<'a> {
    pub(crate) worker: &'a Worker,
    pub(crate) slot: u32,
    pub(crate) residents: &'a Residents,
    /// Keys sent along have so many places for each slot.
    pub(crate) scratch: u64,
    pub(crate) second: &'a dyn Backend,
    pub(crate) random: ChaCha20Rng,
    /// Signatures, messages, pairs or points: what a program's time depends on.
    pub(crate) elements: usize,
    pub(crate) arena_bytes: u64,
    /// The batch's: it beats with each program that the device has done.
    pub(crate) pulse: Pulse,
    /// From so many items on signatures are thrown into buckets, whose sums show their membership.
    pub(crate) bucket_items_min: usize,
    /// Time on the device, and bytes there and back, for the counters.
    pub(crate) device_us: u64,
    pub(crate) copied: u64,
    /// Items that the second backend decided.
    pub(crate) asked_again: u64,
}

/// Why a batch does not come to its end here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Fault(DeviceFault),
    /// It needs more memory than a slot has.
    TooLarge,
}

impl From<WorkerFault> for Stop {
    fn from(fault: WorkerFault) -> Self {
        Self::Fault(fault.into())
    }
}

impl From<DeviceFault> for Stop {
    fn from(fault: DeviceFault) -> Self {
        Self::Fault(fault)
    }
}

impl Stop {
    pub(crate) fn internal(what: &str) -> Self {
        Self::Fault(DeviceFault::Internal(what.into()))
    }
}

pub(crate) fn wrong(what: String) -> Stop {
    Stop::Fault(DeviceFault::WrongAnswer(what))
}

/// Points or values that a device told.
pub(crate) fn parsed<T: Words + Send>(bytes: &[u8], count: usize) -> Result<Vec<T>, Stop> {
    from_limb_major(bytes, count)
        .ok_or_else(|| wrong("a value that is not below the modulus".into()))
}

impl Run<'_> {
    /// Items of a part, whose buckets are summed by themselves: half of what makes buckets worth it.
    pub(crate) const fn part_items(&self) -> usize {
        self.bucket_items_min.div_ceil(2)
    }

    pub(crate) fn ask(&mut self, composer: &Composer) -> Result<Vec<u8>, Stop> {
        let program = &composer.program;
        let fits = layout(&program.buffers).is_some_and(|(_, end)| end <= self.arena_bytes);
        if !fits || composer.bulk.len() > BULK_MAX {
            return Err(Stop::TooLarge);
        }
        let extra = PATIENCE_PER_ELEMENT * self.elements as u32;
        let ran = self.worker.run(self.slot, program, &composer.bulk, extra)?;
        self.pulse.beat();
        self.device_us += ran.device_us;
        self.copied += (composer.bulk.len() + ran.bytes.len()) as u64;
        let asked: u64 = program.reads.iter().map(|read| read.bytes).sum();
        if ran.bytes.len() as u64 != asked {
            return Err(wrong("more or fewer bytes than were asked for".into()));
        }
        Ok(ran.bytes)
    }

    pub(crate) fn lodge<G: DeviceGroup>(&self, set: &KeySet<G>) -> Result<Option<Lodging>, Stop> {
        Ok(self.residents.lodge(self.worker, set)?)
    }

    pub(crate) const fn scratch_first(&self) -> u64 {
        self.scratch * self.slot as u64
    }

    pub(crate) const fn scratch_places(&self) -> u64 {
        self.scratch
    }

    pub(crate) fn table_array<G: DeviceGroup>(&self) -> Array {
        let table = table::<G>();
        Array::of_table(table, self.residents.places(table))
    }

    /// The slot's part of the table.
    pub(crate) fn scratch_array<G: DeviceGroup>(&self) -> Array {
        self.table_array::<G>().from(self.scratch_first())
    }

    /// A slice that the kernels do not know how to do.
    pub(crate) fn left_to_second(
        &mut self,
        batch: &Batch,
        slice: &WorkSlice,
    ) -> Result<Outcomes, Stop> {
        let part = Batch {
            slices: vec![slice.clone()],
            challenge: self.new_challenge(),
            ..batch.clone()
        };
        let mut outcomes = self.ask_second(part)?;
        match (outcomes.pop(), outcomes.is_empty()) {
            (Some(only), true) => Ok(only),
            _ => Err(Stop::internal("the second backend left a slice out")),
        }
    }

    /// What the other backend says of works that stand for the batch's slices.
    pub(crate) fn by_second(
        &mut self,
        batch: &Batch,
        works: Vec<Work>,
    ) -> Result<Vec<Outcomes>, Stop> {
        let count = works.len();
        let part = Batch {
            slices: works
                .into_iter()
                .map(|work| WorkSlice::whole(Arc::new(work)))
                .collect(),
            challenge: self.new_challenge(),
            ..batch.clone()
        };
        let outcomes = self.ask_second(part)?;
        if outcomes.len() != count {
            return Err(Stop::internal("the second backend left a slice out"));
        }
        Ok(outcomes)
    }

    fn new_challenge(&mut self) -> Challenge {
        let mut challenge = [0; 32];
        self.random.fill_bytes(&mut challenge);
        Challenge(challenge)
    }

    fn ask_second(&self, part: Batch) -> Result<Vec<Outcomes>, Stop> {
        let completion = tutti_backend::run(self.second, part)
            .map_err(|refused| Stop::internal(&refused.to_string()))?;
        Ok(completion.result?)
    }

    /// What the other backend says of some of the batch's items, which has its INVALIDs from the
    /// oracle.
    pub(crate) fn second_opinion(
        &mut self,
        batch: &Batch,
        items: &[usize],
    ) -> Result<Vec<Verdict>, Stop> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let part = Batch {
            slices: single(batch, items),
            challenge: self.new_challenge(),
            ..batch.clone()
        };
        self.asked_again += items.len() as u64;
        let outcomes = self.ask_second(part)?;
        let verdicts: Vec<Verdict> = outcomes.iter().flat_map(Outcomes::verdicts).collect();
        if verdicts.len() != items.len() {
            return Err(Stop::internal("the second backend left items out"));
        }
        Ok(verdicts)
    }
}

fn table<G: DeviceGroup>() -> Table {
    G::TABLE.expect("only groups that have keys are asked for a table")
}

/// The batch's items of these places, each by itself.
fn single(batch: &Batch, items: &[usize]) -> Vec<WorkSlice> {
    let mut ends = Vec::with_capacity(batch.slices.len());
    let mut end = 0;
    for slice in &batch.slices {
        end += slice.range.len();
        ends.push(end);
    }
    let one = |&item: &usize| {
        let at = ends.partition_point(|&end| end <= item);
        let slice = &batch.slices[at];
        let in_work = slice.range.end - (ends[at] - item);
        WorkSlice {
            work: slice.work.clone(),
            range: in_work..in_work + 1,
        }
    };
    items.iter().map(one).collect()
}
