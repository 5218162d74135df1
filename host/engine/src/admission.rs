use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tutti_backend::Work;
use tutti_types::{Limits, Priority};

use crate::{QueueStatus, SubmitRefused};

/// Counts what was accepted and not yet answered, so that a full queue is said at the door.
#[derive(Debug)]
pub(crate) struct Admission {
    parcels: AtomicUsize,
    items: AtomicUsize,
    cost_us: AtomicU64,
    parcels_max: usize,
    items_max: usize,
    cost_us_max: u64,
    cores: u64,
}

/// The room that one parcel takes, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    admission: Arc<Admission>,
    items: usize,
    pub(crate) cost_us: u64,
}

impl Admission {
    pub(crate) fn new(limits: &Limits, cores: usize) -> Self {
        Self {
            parcels: AtomicUsize::new(0),
            items: AtomicUsize::new(0),
            cost_us: AtomicU64::new(0),
            parcels_max: limits.queued_parcels_max,
            items_max: limits.queued_items_max,
            cost_us_max: limits.queued_cost_us_max,
            cores: cores as u64,
        }
    }

    /// Bulk work may fill three quarters of the room, normal work seven eighths: whatever
    /// queues up, urgent work still finds a place.
    pub(crate) fn admit(
        self: &Arc<Self>,
        work: &Work,
        priority: Priority,
    ) -> Result<Permit, SubmitRefused> {
        let eighths = match priority {
            Priority::Urgent => 8,
            Priority::Normal => 7,
            Priority::Bulk => 6,
        };
        let permit = Permit {
            admission: Arc::clone(self),
            items: work.len(),
            cost_us: work.cost_us(),
        };
        let parcels = self.parcels.fetch_add(1, Ordering::Relaxed) + 1;
        let items = self.items.fetch_add(permit.items, Ordering::Relaxed) + permit.items;
        let cost_us = self.cost_us.fetch_add(permit.cost_us, Ordering::Relaxed) + permit.cost_us;
        // A parcel above the limit by itself is taken when nothing else is queued: it could
        // never be taken otherwise.
        let alone = parcels == 1;
        let fits = parcels <= self.parcels_max / 8 * eighths
            && items <= self.items_max / 8 * eighths
            && cost_us <= self.cost_us_max / 8 * eighths as u64;
        if fits || alone {
            return Ok(permit);
        }
        let queued_us = cost_us - permit.cost_us;
        Err(SubmitRefused::QueueFull {
            queued_us,
            limit_us: self.cost_us_max / 8 * eighths as u64,
            retry_after: Duration::from_micros((queued_us / self.cores / 4).max(1_000)),
        })
    }

    pub(crate) fn status(&self) -> QueueStatus {
        QueueStatus {
            parcels: self.parcels.load(Ordering::Relaxed),
            items: self.items.load(Ordering::Relaxed),
            cost_us: self.cost_us.load(Ordering::Relaxed),
            cost_us_max: self.cost_us_max,
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.admission.parcels.fetch_sub(1, Ordering::Relaxed);
        self.admission
            .items
            .fetch_sub(self.items, Ordering::Relaxed);
        self.admission
            .cost_us
            .fetch_sub(self.cost_us, Ordering::Relaxed);
    }
}
