use std::collections::{BTreeMap, VecDeque};

use rustc_hash::FxHashMap;

use crate::ledger::share_us;
use crate::ring::{Ring, Turn};
use crate::{Amount, BackendId, Micros, ParcelId, Slice, SourceId};

/// With whom a source's items share batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    Shared,
    /// Only with themselves.
    Isolated,
}

impl Standing {
    pub(crate) const ALL: [Self; 2] = [Self::Shared, Self::Isolated];
}

/// The unsealed rest of a parcel: items `start .. items`.
#[derive(Debug)]
pub(crate) struct Queued<P> {
    pub(crate) payload: P,
    pub(crate) parcel: ParcelId,
    pub(crate) start: u32,
    pub(crate) items: u32,
    pub(crate) cost_us: u64,
    /// The seal that last took of it, and the slice it made: what follows joins that slice.
    last: (u64, usize),
}

impl<P> Queued<P> {
    pub(crate) fn new(payload: P, parcel: ParcelId, items: u32, cost_us: u64) -> Self {
        Self {
            payload,
            parcel,
            start: 0,
            items,
            cost_us,
            last: (0, 0),
        }
    }

    /// The next `len` items.
    fn amount(&self, len: u32) -> Amount {
        Amount {
            items: u64::from(len),
            cost_us: share_us(self.cost_us, self.items, self.start, self.start + len),
        }
    }

    fn rest(&self) -> Amount {
        self.amount(self.items - self.start)
    }

    /// How many of the next items cost no more than this.
    fn affordable(&self, cost_us: u64) -> u32 {
        // The rule for whole parcels and for those without cost; the division is for the others.
        if self.rest().cost_us <= cost_us {
            return self.items - self.start;
        }
        let items = u128::from(self.items);
        let spent = u128::from(self.cost_us) * u128::from(self.start) / items;
        // The largest end with floor(cost * end / items) - spent <= cost_us.
        let bound = (spent + u128::from(cost_us) + 1) * items - 1;
        let end = (bound / u128::from(self.cost_us)).min(u128::from(self.items));
        end as u32 - self.start
    }
}

/// What one source has waiting in a lane.
#[derive(Debug)]
struct Flow<P> {
    standing: Standing,
    turn: Turn,
    /// Items of the first parcel that the turn still allows.
    turn_items: u32,
    waiting: Amount,
    /// By place, oldest first.
    queue: BTreeMap<u64, Queued<P>>,
}

/// A batch that failed on the backends it was on, and waits for one it was not on.
#[derive(Debug)]
pub(crate) struct Retry<P> {
    pub(crate) slices: Vec<Slice<P>>,
    pub(crate) amount: Amount,
    pub(crate) tried: Vec<BackendId>,
}

/// One operation at one priority, for sources of one standing.
#[derive(Debug)]
pub(crate) struct Side<P> {
    ring: Ring,
    pub(crate) waiting: Amount,
    /// Since when the head is the head: the lower, the longer it waits.
    pub(crate) head_since: u64,
    /// Until when the gathering goes on, if it does.
    pub(crate) ripe_at: Micros,
    /// Go before all that is unsealed.
    pub(crate) retries: VecDeque<Retry<P>>,
}

impl<P> Side<P> {
    pub(crate) fn has_unsealed(&self) -> bool {
        !self.ring.is_empty()
    }

    pub(crate) fn has_work(&self) -> bool {
        self.has_unsealed() || !self.retries.is_empty()
    }
}

/// What a seal took.
#[derive(Debug)]
pub(crate) struct Sealed<P> {
    pub(crate) slices: Vec<Slice<P>>,
    pub(crate) amount: Amount,
}

/// One operation at one priority.
#[derive(Debug)]
pub(crate) struct Lane<P> {
    flows: FxHashMap<SourceId, Flow<P>>,
    sides: [Side<P>; 2],
    turn_cost_us: u64,
    places: u64,
    seals: u64,
}

impl<P: Clone> Lane<P> {
    pub(crate) fn new(turn_cost_us: u64) -> Self {
        let side = || Side {
            ring: Ring::default(),
            waiting: Amount::default(),
            head_since: 0,
            ripe_at: Micros(0),
            retries: VecDeque::new(),
        };
        Self {
            flows: FxHashMap::default(),
            sides: [side(), side()],
            turn_cost_us,
            places: 0,
            seals: 0,
        }
    }

    pub(crate) fn side(&self, standing: Standing) -> &Side<P> {
        &self.sides[standing as usize]
    }

    pub(crate) fn side_mut(&mut self, standing: Standing) -> &mut Side<P> {
        &mut self.sides[standing as usize]
    }

    /// Queues a parcel and says at which place.
    pub(crate) fn push(&mut self, source: SourceId, standing: Standing, queued: Queued<P>) -> u64 {
        self.places += 1;
        let amount = queued.rest();
        self.sides[standing as usize].waiting.add(amount);
        if let Some(flow) = self.flows.get_mut(&source) {
            assert_eq!(flow.standing, standing, "a source stands on one side");
            flow.waiting.add(amount);
            flow.queue.insert(self.places, queued);
        } else {
            let ring = &mut self.sides[standing as usize].ring;
            let (turn, turn_items) = enter(ring, source, standing, &queued, self.turn_cost_us);
            let flow = Flow {
                standing,
                turn,
                turn_items,
                waiting: amount,
                queue: BTreeMap::from([(self.places, queued)]),
            };
            self.flows.insert(source, flow);
        }
        self.places
    }

    /// Takes a parcel's unsealed rest out.
    pub(crate) fn withdraw(&mut self, source: SourceId, place: u64) -> Queued<P> {
        let flow = self
            .flows
            .get_mut(&source)
            .expect("a queued parcel has a flow");
        let first = flow.queue.first_key_value().map(|(place, _)| *place);
        let queued = flow
            .queue
            .remove(&place)
            .expect("a queued parcel has a place");
        let amount = queued.rest();
        flow.waiting.sub(amount);
        let standing = flow.standing;
        self.sides[standing as usize].waiting.sub(amount);
        if first == Some(place) {
            self.sides[standing as usize].ring.leave(flow.turn);
            self.requeue(source);
        }
        queued
    }

    /// Gives a flow that has no turn its next one, or ends it if nothing is left.
    fn requeue(&mut self, source: SourceId) {
        let flow = self
            .flows
            .get_mut(&source)
            .expect("only a flow is requeued");
        let Some((_, head)) = flow.queue.first_key_value() else {
            assert_eq!(flow.waiting, Amount::default(), "an empty flow has no work");
            self.flows.remove(&source);
            return;
        };
        let ring = &mut self.sides[flow.standing as usize].ring;
        (flow.turn, flow.turn_items) = enter(ring, source, flow.standing, head, self.turn_cost_us);
    }

    /// Moves all that a source has waiting to the other side.
    pub(crate) fn relocate(&mut self, source: SourceId, standing: Standing) {
        let Some(flow) = self.flows.get_mut(&source) else {
            return;
        };
        if flow.standing == standing {
            return;
        }
        let from = &mut self.sides[flow.standing as usize];
        from.ring.leave(flow.turn);
        from.waiting.sub(flow.waiting);
        self.sides[standing as usize].waiting.add(flow.waiting);
        flow.standing = standing;
        self.requeue(source);
    }

    /// Items of the batch that a side would make now, about.
    pub(crate) fn batch_items(&self, standing: Standing, max: Amount) -> u64 {
        let side = self.side(standing);
        let waiting = match standing {
            Standing::Shared => side.waiting,
            Standing::Isolated => side
                .ring
                .first()
                .map_or(Amount::default(), |(_, source)| self.flows[&source].waiting),
        };
        let affordable = if waiting.cost_us > max.cost_us {
            let share = u128::from(waiting.items) * u128::from(max.cost_us);
            (share / u128::from(waiting.cost_us)).max(1) as u64
        } else {
            waiting.items
        };
        affordable.min(max.items)
    }

    /// Makes a batch of a side that has something unsealed: of many sources in turns, or of the
    /// isolated one whose turn it is.
    pub(crate) fn seal(&mut self, standing: Standing, max: Amount) -> Sealed<P> {
        self.seals += 1;
        let mut sealed = Sealed {
            slices: Vec::new(),
            amount: Amount::default(),
        };
        match standing {
            Standing::Shared => self.seal_in_turns(max, &mut sealed),
            Standing::Isolated => self.seal_one_source(max, &mut sealed),
        }
        assert!(!sealed.slices.is_empty(), "a batch holds an item");
        assert!(sealed.amount.items <= max.items);
        assert!(sealed.amount.cost_us <= max.cost_us || sealed.amount.items == 1);
        sealed
    }

    fn seal_in_turns(&mut self, max: Amount, sealed: &mut Sealed<P>) {
        while let Some((turn, source)) = self.sides[Standing::Shared as usize].ring.first() {
            let flow = self
                .flows
                .get_mut(&source)
                .expect("a turn belongs to a flow");
            let taken = flow.take(source, flow.turn_items, max, self.seals, sealed);
            self.sides[Standing::Shared as usize].waiting.sub(taken);
            flow.turn_items -= taken.items as u32;
            if flow.turn_items > 0 {
                // The batch is full. What is left of the turn is first in the next one.
                return;
            }
            self.sides[Standing::Shared as usize].ring.serve(turn);
            self.requeue(source);
        }
    }

    fn seal_one_source(&mut self, max: Amount, sealed: &mut Sealed<P>) {
        let side = &mut self.sides[Standing::Isolated as usize];
        let (turn, source) = side.ring.first().expect("a side that is sealed has work");
        let flow = self
            .flows
            .get_mut(&source)
            .expect("a turn belongs to a flow");
        loop {
            let taken = flow.take(source, u32::MAX, max, self.seals, sealed);
            side.waiting.sub(taken);
            if taken.items == 0 || flow.queue.is_empty() {
                break;
            }
        }
        side.ring.serve(turn);
        self.requeue(source);
    }

    /// Takes everything out that is unsealed.
    pub(crate) fn abandon(&mut self) -> Vec<(SourceId, Queued<P>)> {
        let mut abandoned = Vec::new();
        for (source, flow) in std::mem::take(&mut self.flows) {
            let side = &mut self.sides[flow.standing as usize];
            side.ring.leave(flow.turn);
            side.waiting.sub(flow.waiting);
            abandoned.extend(flow.queue.into_values().map(|queued| (source, queued)));
        }
        abandoned
    }

    /// Counts everything anew.
    pub(crate) fn audit(&self, is_isolated: impl Fn(SourceId) -> bool) {
        let mut waiting = [Amount::default(); 2];
        let mut flows = [0; 2];
        for (source, flow) in &self.flows {
            assert!(!flow.queue.is_empty(), "a flow has work");
            assert_eq!(flow.standing == Standing::Isolated, is_isolated(*source));
            let mut sum = Amount::default();
            for queued in flow.queue.values() {
                assert!(queued.start < queued.items);
                sum.add(queued.rest());
            }
            assert_eq!(sum, flow.waiting);
            waiting[flow.standing as usize].add(sum);
            flows[flow.standing as usize] += 1;
        }
        for standing in Standing::ALL {
            let side = self.side(standing);
            assert_eq!(side.waiting, waiting[standing as usize]);
            assert_eq!(side.ring.len(), flows[standing as usize]);
            for retry in &side.retries {
                let items: u64 = retry.slices.iter().map(|slice| u64::from(slice.len)).sum();
                assert_eq!(items, retry.amount.items);
                assert!(items > 0 && !retry.tried.is_empty());
            }
        }
    }
}

impl<P: Clone> Flow<P> {
    /// Puts up to `allowed` items of the first parcel into the batch, as many as it has room for.
    fn take(
        &mut self,
        source: SourceId,
        allowed: u32,
        max: Amount,
        seal: u64,
        sealed: &mut Sealed<P>,
    ) -> Amount {
        let mut head = self.queue.first_entry().expect("a flow has work");
        let queued = head.get_mut();
        let left = queued.items - queued.start;
        let room = u32::try_from(max.items - sealed.amount.items).unwrap_or(u32::MAX);
        let affordable = max
            .cost_us
            .checked_sub(sealed.amount.cost_us)
            .map_or(0, |budget_us| queued.affordable(budget_us));
        let mut len = allowed.min(left).min(room).min(affordable);
        if len == 0 && sealed.slices.is_empty() {
            // One item above the limit must go some time: alone.
            len = 1;
        }
        let amount = queued.amount(len);
        if len == 0 {
            return amount;
        }
        append(queued, source, len, seal, &mut sealed.slices);
        sealed.amount.add(amount);
        self.waiting.sub(amount);
        if queued.start == queued.items {
            head.remove();
        }
        amount
    }
}

/// A turn for as much of the first parcel as a turn pays for. Isolated sources take turns batch by
/// batch, whatever those cost: their batches are small.
fn enter<P>(
    ring: &mut Ring,
    source: SourceId,
    standing: Standing,
    head: &Queued<P>,
    turn_cost_us: u64,
) -> (Turn, u32) {
    match standing {
        Standing::Shared => {
            let items = head.affordable(turn_cost_us).max(1);
            (ring.enter(source, head.amount(items).cost_us), items)
        }
        Standing::Isolated => (ring.enter(source, 1), 0),
    }
}

fn append<P: Clone>(
    queued: &mut Queued<P>,
    source: SourceId,
    len: u32,
    seal: u64,
    slices: &mut Vec<Slice<P>>,
) {
    if queued.last.0 == seal {
        slices[queued.last.1].len += len;
    } else {
        queued.last = (seal, slices.len());
        slices.push(Slice {
            payload: queued.payload.clone(),
            parcel: queued.parcel,
            source,
            start: queued.start,
            len,
        });
    }
    queued.start += len;
}
