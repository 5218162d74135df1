use tutti_types::{Limits, Priority};

use crate::Amount;

/// How batches are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Items of one batch.
    pub batch_items_max: u32,
    /// Work of one batch. A single item above it is sent alone.
    pub batch_cost_us_max: u64,
    /// How long a batch that is not full waits for company though a slot is free. 0 sends at once.
    /// Urgent work never waits, and no item waits for longer than half of the time it has left.
    pub gather_us: u64,
    /// What an answer takes at least once its batch is sealed. An item whose deadline is nearer is
    /// answered undecided rather than computed in vain. 0 refuses only what is already late.
    pub answer_us: u64,
    /// Work that a source has done before the next one has its turn. Small turns mix sources
    /// finely, large ones split parcels less.
    pub turn_cost_us: u64,
    /// Parcels accepted but not fully answered.
    pub queued_parcels_max: usize,
    /// Items accepted but not answered, in flight or not.
    pub queued_items_max: u64,
    /// Work accepted but not answered, in flight or not.
    pub queued_cost_us_max: u64,
    pub isolation: Isolation,
}

/// How sources that spoil batches are kept from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Isolation {
    /// Items of a batch that holds an isolated source: small, so that its search is.
    pub batch_items_max: u32,
    pub batch_cost_us_max: u64,
    /// Bad items among a thousand of a source in a batch that are overlooked. 0: each search counts.
    pub tolerated_per_thousand: u32,
    /// The first isolation; each that follows before the last is forgotten is twice as long.
    pub cooling_us_first: u64,
    pub cooling_us_max: u64,
    /// Good conduct after a release that takes back one doubling.
    pub forget_us: u64,
    /// Offenders remembered; beyond, the one whose last offence is oldest is forgotten.
    pub sources_max: usize,
}

impl From<&Limits> for Config {
    fn from(limits: &Limits) -> Self {
        Self {
            batch_items_max: u32::try_from(limits.batch_items_max).unwrap_or(u32::MAX),
            batch_cost_us_max: limits.batch_cost_us_max,
            gather_us: 0,
            answer_us: 0,
            // About twenty signatures on distinct messages: 250 turns in a full batch.
            turn_cost_us: 10_000,
            queued_parcels_max: limits.queued_parcels_max,
            queued_items_max: limits.queued_items_max as u64,
            queued_cost_us_max: limits.queued_cost_us_max,
            isolation: Isolation {
                // Distinct messages cost 2 % more an item at 64 than at 512, while what a search
                // throws away is bounded by the batch.
                batch_items_max: 64,
                batch_cost_us_max: 100_000,
                tolerated_per_thousand: 0,
                cooling_us_first: 1_000_000,
                cooling_us_max: 300_000_000,
                forget_us: 60_000_000,
                sources_max: limits.sources_tracked_max,
            },
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::from(&Limits::default())
    }
}

impl Config {
    pub(crate) fn check(&self) {
        assert!(self.batch_items_max > 0, "a batch holds an item");
        assert!(self.isolation.batch_items_max > 0, "a batch holds an item");
        assert!(self.turn_cost_us > 0, "a turn moves work");
        assert!(
            self.queued_cost_us_max < 1 << 48,
            "nine years of work: sums of costs stay far from overflow"
        );
    }

    pub(crate) fn batch_max(&self) -> Amount {
        Amount {
            items: u64::from(self.batch_items_max),
            cost_us: self.batch_cost_us_max,
        }
    }

    pub(crate) fn isolated_batch_max(&self) -> Amount {
        let max = self.batch_max();
        Amount {
            items: max.items.min(u64::from(self.isolation.batch_items_max)),
            cost_us: max.cost_us.min(self.isolation.batch_cost_us_max),
        }
    }

    /// The share of a limit that work of this priority may fill: whatever bulk work queues up,
    /// urgent work still finds room.
    pub(crate) fn share(limit: u64, priority: Priority) -> u64 {
        let eighths = match priority {
            Priority::Urgent => 8,
            Priority::Normal => 7,
            Priority::Bulk => 6,
        };
        limit - limit / 8 * (8 - eighths)
    }
}
