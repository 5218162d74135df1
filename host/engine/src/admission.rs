use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tutti_backend::Work;
use tutti_types::{Limits, Priority};

use crate::{QueueStatus, SubmitRefused};

/// Counts what was accepted and not yet answered, so that a full queue is said at the door. The
/// only place that refuses for want of room: what it lets in, the batcher takes.
#[derive(Debug)]
pub(crate) struct Admission {
    limits: Room,
    cores: u64,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    total: Room,
    by_source: HashMap<u64, Room>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Room {
    parcels: u64,
    items: u64,
    cost_us: u64,
}

/// The room that one parcel takes, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    admission: Arc<Admission>,
    source: u64,
    room: Room,
}

impl Admission {
    pub(crate) fn new(limits: &Limits, cores: usize) -> Self {
        Self {
            limits: Room {
                parcels: limits.queued_parcels_max as u64,
                items: limits.queued_items_max as u64,
                cost_us: limits.queued_cost_us_max,
            },
            cores: cores as u64,
            held: Mutex::default(),
        }
    }

    pub(crate) fn admit(
        self: &Arc<Self>,
        work: &Work,
        priority: Priority,
        source: u64,
    ) -> Result<Permit, SubmitRefused> {
        let room = Room {
            parcels: 1,
            items: work.len() as u64,
            cost_us: work.cost_us(),
        };
        let share = self.limits.map(|limit| share_of(limit, priority));
        let mut held = self.held.lock();
        let own = held.by_source.get(&source).copied().unwrap_or_default();
        // A parcel above the limit by itself is taken when nothing else is queued: it could
        // never be taken otherwise.
        let alone = held.total.parcels == 0;
        if !alone && !fits(share, held.total, own, room) {
            let queued_us = held.total.cost_us;
            return Err(SubmitRefused::QueueFull {
                queued_us,
                limit_us: share.cost_us,
                retry_after: Duration::from_micros((queued_us / self.cores / 4).max(1_000)),
            });
        }
        held.total = held.total.plus(room);
        held.by_source.insert(source, own.plus(room));
        Ok(Permit {
            admission: Arc::clone(self),
            source,
            room,
        })
    }

    fn give_back(&self, source: u64, room: Room) {
        let mut held = self.held.lock();
        held.total = held.total.minus(room);
        let own = held
            .by_source
            .get_mut(&source)
            .expect("who gives room back holds some");
        *own = own.minus(room);
        if own.parcels == 0 {
            held.by_source.remove(&source);
        }
    }

    pub(crate) fn status(&self) -> QueueStatus {
        let total = self.held.lock().total;
        QueueStatus {
            parcels: total.parcels as usize,
            items: total.items as usize,
            cost_us: total.cost_us,
            cost_us_max: self.limits.cost_us,
        }
    }
}

impl Room {
    fn map(self, change: impl Fn(u64) -> u64) -> Self {
        Self {
            parcels: change(self.parcels),
            items: change(self.items),
            cost_us: change(self.cost_us),
        }
    }

    fn plus(self, more: Self) -> Self {
        Self {
            parcels: self.parcels + more.parcels,
            items: self.items + more.items,
            cost_us: self.cost_us + more.cost_us,
        }
    }

    fn minus(self, less: Self) -> Self {
        let left = |held: u64, less: u64| {
            held.checked_sub(less)
                .expect("no more room comes back than was given")
        };
        Self {
            parcels: left(self.parcels, less.parcels),
            items: left(self.items, less.items),
            cost_us: left(self.cost_us, less.cost_us),
        }
    }
}

/// Bulk work may fill three quarters of the room, normal work seven eighths: whatever queues
/// up, urgent work still finds a place.
fn share_of(limit: u64, priority: Priority) -> u64 {
    let kept_eighths = match priority {
        Priority::Urgent => 0,
        Priority::Normal => 1,
        Priority::Bulk => 2,
    };
    limit - limit / 8 * kept_eighths
}

fn fits(share: Room, held: Room, own: Room, more: Room) -> bool {
    has_room(share.parcels, held.parcels, own.parcels, more.parcels)
        && has_room(share.items, held.items, own.items, more.items)
        && has_room(share.cost_us, held.cost_us, own.cost_us, more.cost_us)
}

/// A source may hold four times what it leaves free: a single one gets 80 % of the room, n
/// flooding ones get equal parts and still leave 1/(4n + 1) to newcomers.
fn has_room(share: u64, held: u64, own: u64, more: u64) -> bool {
    share
        .checked_sub(held)
        .and_then(|free| free.checked_sub(more))
        .is_some_and(|free| own + more <= free.saturating_mul(4))
}

impl Permit {
    pub(crate) const fn cost_us(&self) -> u64 {
        self.room.cost_us
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.admission.give_back(self.source, self.room);
    }
}
