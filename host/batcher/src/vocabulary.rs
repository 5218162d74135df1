use tutti_types::{Operation, Priority, UndecidedCause};

/// A point in time, in microseconds since an origin of the driver's choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micros(pub u64);

impl Micros {
    #[must_use]
    pub const fn after(self, us: u64) -> Self {
        Self(self.0.saturating_add(us))
    }

    #[must_use]
    pub const fn before(self, us: u64) -> Self {
        Self(self.0.saturating_sub(us))
    }

    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Unique among the parcels that are not fully answered yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParcelId(pub u64);

/// Whoever work comes from and is fair or unfair to others: a connection, a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BackendId(pub u32);

/// One attempt at one batch: a batch that is sent again has a new id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchId(pub u64);

/// How much work something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    pub items: u64,
    pub cost_us: u64,
}

impl Amount {
    pub(crate) fn add(&mut self, other: Self) {
        self.items += other.items;
        self.cost_us += other.cost_us;
    }

    pub(crate) fn sub(&mut self, other: Self) {
        self.items = self
            .items
            .checked_sub(other.items)
            .expect("no more items leave than came");
        self.cost_us = self
            .cost_us
            .checked_sub(other.cost_us)
            .expect("no more cost leaves than came");
    }
}

/// What one caller brings at once: items of one operation that may be split over batches.
#[derive(Clone, Debug)]
pub struct Parcel<P> {
    pub payload: P,
    pub id: ParcelId,
    pub operation: Operation,
    pub priority: Priority,
    pub source: SourceId,
    pub deadline: Option<Micros>,
    /// At least one.
    pub items: u32,
    /// Estimated work of the whole parcel on one core; each item is taken to cost the same.
    pub cost_us: u64,
}

/// Items `start .. start + len` of a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice<P> {
    pub payload: P,
    pub parcel: ParcelId,
    pub source: SourceId,
    pub start: u32,
    pub len: u32,
}

/// What a backend can take at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackendSlots {
    /// Batches in flight.
    pub slots: u32,
    /// Batches in flight beyond these, urgent ones only.
    pub urgent_slots: u32,
    /// What it does, and the smallest batch worth sending to it, in items.
    pub operations: Vec<(Operation, u32)>,
    /// Its largest batch; where it is none, the configured one.
    pub batch_max: Option<Amount>,
}

/// A source some of whose items in a batch were bad, so that a search had to find them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spoiler {
    pub source: SourceId,
    pub bad: u32,
    /// All items of this source in the batch.
    pub of: u32,
}

#[derive(Clone, Debug)]
pub enum Event<P> {
    Arrived(Parcel<P>),
    /// Every item of the attempt was answered.
    Completed {
        batch: BatchId,
        spoilers: Vec<Spoiler>,
    },
    /// The attempt failed, and its backend takes nothing more until it is up again. Other batches
    /// in flight there still end with an event of their own.
    Faulted {
        batch: BatchId,
    },
    BackendUp(BackendId, BackendSlots),
    /// The backend is gone, and with it all its attempts.
    BackendDown(BackendId),
    /// The caller went away. What is in flight goes on to its end.
    Cancelled(ParcelId),
    Tick,
    /// Take nothing more, finish the rest, then say [`Action::Drained`].
    Drain,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action<P> {
    Submit {
        backend: BackendId,
        batch: BatchId,
        operation: Operation,
        priority: Priority,
        slices: Vec<Slice<P>>,
        cost_us: u64,
    },
    Undecided {
        slice: Slice<P>,
        cause: UndecidedCause,
    },
    /// Send a tick at this time. Replaces what was asked for earlier.
    WakeAt(Micros),
    /// Said once: nothing is left and nothing will be taken.
    Drained,
}
