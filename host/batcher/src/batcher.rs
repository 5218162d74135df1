use std::collections::{BTreeMap, VecDeque};

use tutti_types::{Operation, Priority, UndecidedCause};

use crate::fleet::Fleet;
use crate::lane::{Lane, Queued, Retry, Sealed, Standing};
use crate::ledger::{Address, Ledger, Stage};
use crate::offenders::Offenders;
use crate::{
    Action, Amount, BackendId, BatchId, Config, Event, Micros, Parcel, ParcelId, Slice, SourceId,
    Spoiler,
};

/// By priority, most urgent first, then by operation: few, and looked through at each event.
type Lanes<P> = [Vec<(Operation, Lane<P>)>; 3];

/// The scheduler. See the crate's page for what the driver owes it.
#[derive(Debug)]
pub struct Batcher<P> {
    config: Config,
    now: Micros,
    lanes: Lanes<P>,
    ledger: Ledger,
    fleet: Fleet,
    offenders: Offenders,
    flying: BTreeMap<BatchId, Flying<P>>,
    parked_amount: Amount,
    flying_amount: Amount,
    /// Orders lanes by how long their heads wait.
    heads: u64,
    batches: u64,
    service: Service,
    wake_asked: Option<Micros>,
    counters: Counters,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    Open,
    Draining,
    Drained,
}

/// A batch on a backend.
#[derive(Debug)]
struct Flying<P> {
    operation: Operation,
    priority: Priority,
    standing: Standing,
    slices: Vec<Slice<P>>,
    amount: Amount,
    /// Where it was before, and last where it is.
    tried: Vec<BackendId>,
}

impl<P> Flying<P> {
    fn backend(&self) -> BackendId {
        *self.tried.last().expect("a flying batch is somewhere")
    }
}

/// What can be sent now.
#[derive(Clone, Copy, Debug)]
struct Ready {
    operation: Operation,
    standing: Standing,
    batch: Origin,
    backend: BackendId,
    /// What a batch that is not sealed yet may hold.
    max: Amount,
    since: u64,
}

#[derive(Clone, Copy, Debug)]
enum Origin {
    Unsealed,
    /// The n-th batch that waits for another backend.
    Retry(usize),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counters {
    items_accepted: u64,
    items_completed: u64,
    items_undecided: [u64; UndecidedCause::ALL.len()],
    batches_sealed: u64,
    batches_retried: u64,
}

/// What the batcher holds now, and what went through it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    pub parcels: usize,
    /// Not sealed, by priority, most urgent first.
    pub queued: [Amount; 3],
    /// In batches that failed and wait for another backend.
    pub parked: Amount,
    pub flying: Amount,
    pub batches_flying: usize,
    pub sources_isolated: usize,
    pub sources_tracked: usize,
    pub items_accepted: u64,
    pub items_completed: u64,
    /// In the order of [`UndecidedCause::ALL`]; refused items are among them.
    pub items_undecided: [u64; UndecidedCause::ALL.len()],
    pub batches_sealed: u64,
    pub batches_retried: u64,
}

impl<P: Clone> Batcher<P> {
    pub fn new(config: Config) -> Self {
        config.check();
        let turn_cost_us = config.turn_cost_us;
        Self {
            config,
            now: Micros(0),
            lanes: std::array::from_fn(|_| {
                let lane = |operation| (operation, Lane::new(turn_cost_us));
                Operation::ALL.into_iter().map(lane).collect()
            }),
            ledger: Ledger::default(),
            fleet: Fleet::default(),
            offenders: Offenders::default(),
            flying: BTreeMap::new(),
            parked_amount: Amount::default(),
            flying_amount: Amount::default(),
            heads: 0,
            batches: 0,
            service: Service::Open,
            wake_asked: None,
            counters: Counters::default(),
        }
    }

    /// Takes an event in and appends what is to be done. Time never runs back: an earlier `now`
    /// than the last counts as the last.
    pub fn handle(&mut self, now: Micros, event: Event<P>, actions: &mut Vec<Action<P>>) {
        self.handle_all(now, [event], actions);
    }

    /// Takes in what happened at once: nothing is sent before all of it is known, so that the
    /// arrivals of a burst share a batch.
    pub fn handle_all(
        &mut self,
        now: Micros,
        events: impl IntoIterator<Item = Event<P>>,
        actions: &mut Vec<Action<P>>,
    ) {
        self.now = self.now.max(now);
        while let Some(source) = self.offenders.pop_cooled(self.now) {
            self.relocate(source, Standing::Shared);
        }
        self.expire(actions);
        for event in events {
            self.take(event, actions);
        }
        self.dispatch(actions);
        self.report(actions);
        self.assert_balanced();
    }

    fn take(&mut self, event: Event<P>, actions: &mut Vec<Action<P>>) {
        match event {
            Event::Arrived(parcel) => self.arrive(parcel, actions),
            Event::Completed { batch, spoilers } => self.complete(batch, &spoilers),
            Event::Faulted { batch } => self.fault(batch, actions),
            Event::BackendUp(id, slots) => {
                self.fleet.up(id, slots);
                self.answer_unserved(actions);
            }
            Event::BackendDown(id) => self.take_down(id, actions),
            Event::Cancelled(parcel) => self.withdraw(parcel, UndecidedCause::Cancelled, actions),
            // It was asked for, and comes but once.
            Event::Tick => self.wake_asked = None,
            Event::Drain if self.service == Service::Open => self.service = Service::Draining,
            Event::Drain => {}
        }
    }

    pub fn stats(&self) -> Stats {
        Stats {
            parcels: self.ledger.parcels(),
            queued: std::array::from_fn(|priority| self.queued(priority)),
            parked: self.parked_amount,
            flying: self.flying_amount,
            batches_flying: self.flying.len(),
            sources_isolated: self.offenders.isolated(),
            sources_tracked: self.offenders.tracked(),
            items_accepted: self.counters.items_accepted,
            items_completed: self.counters.items_completed,
            items_undecided: self.counters.items_undecided,
            batches_sealed: self.counters.batches_sealed,
            batches_retried: self.counters.batches_retried,
        }
    }

    /// Counts everything anew and panics on any difference. For tests: it costs time in proportion
    /// to all that is held.
    pub fn audit(&self) {
        self.assert_balanced();
        self.ledger.audit();
        for (_, lane) in self.lanes.iter().flatten() {
            lane.audit(|source| self.offenders.is_isolated(source));
        }
        let mut flying = Amount::default();
        for batch in self.flying.values() {
            let items: u64 = batch.slices.iter().map(|slice| u64::from(slice.len)).sum();
            assert_eq!(items, batch.amount.items);
            flying.add(batch.amount);
        }
        assert_eq!(flying, self.flying_amount);
    }

    fn arrive(&mut self, parcel: Parcel<P>, actions: &mut Vec<Action<P>>) {
        assert!(parcel.items > 0, "a parcel holds an item");
        // Late already, at the last moment at which an answer could still be ready.
        let expires = parcel
            .deadline
            .map(|deadline| deadline.before(self.config.answer_us));
        if let Some(cause) = self.refusal(&parcel, expires) {
            self.counters.items_undecided[cause as usize - 1] += u64::from(parcel.items);
            let slice = Slice {
                payload: parcel.payload,
                parcel: parcel.id,
                source: parcel.source,
                start: 0,
                len: parcel.items,
            };
            actions.push(Action::Undecided { slice, cause });
            return;
        }
        self.counters.items_accepted += u64::from(parcel.items);
        self.enqueue(parcel, expires);
    }

    fn refusal(&self, parcel: &Parcel<P>, expires: Option<Micros>) -> Option<UndecidedCause> {
        if self.service != Service::Open {
            return Some(UndecidedCause::ShuttingDown);
        }
        if !self.fleet.serves(parcel.operation, parcel.priority, &[]) {
            return Some(self.unserved(parcel.operation));
        }
        if expires.is_some_and(|expires| expires <= self.now) {
            return Some(UndecidedCause::Deadline);
        }
        (!self.ledger.admits(parcel, &self.config)).then_some(UndecidedCause::Overload)
    }

    fn unserved(&self, operation: Operation) -> UndecidedCause {
        if self.fleet.knows(operation) {
            UndecidedCause::DeviceFault
        } else {
            UndecidedCause::Unsupported
        }
    }

    fn enqueue(&mut self, parcel: Parcel<P>, expires: Option<Micros>) {
        let (priority, operation, source) = (parcel.priority, parcel.operation, parcel.source);
        let standing = if self.offenders.is_isolated(source) {
            Standing::Isolated
        } else {
            Standing::Shared
        };
        let ripe_at = self.gathered_at(priority, standing, expires);
        let lane = lane_of(&mut self.lanes, priority, operation);
        let side = lane.side_mut(standing);
        if !side.has_work() {
            self.heads += 1;
            side.head_since = self.heads;
        }
        side.ripe_at = if side.has_unsealed() {
            side.ripe_at.min(ripe_at)
        } else {
            ripe_at
        };
        let (id, items, cost_us) = (parcel.id, parcel.items, parcel.cost_us);
        let queued = Queued::new(parcel.payload, id, items, cost_us);
        let address = Address {
            lane: (priority, operation),
            source,
            place: lane.push(source, standing, queued),
        };
        self.ledger.open(id, address, items, cost_us, expires);
    }

    /// When a batch with this newcomer need not wait for more.
    fn gathered_at(
        &self,
        priority: Priority,
        standing: Standing,
        expires: Option<Micros>,
    ) -> Micros {
        if priority == Priority::Urgent || standing == Standing::Isolated {
            return self.now;
        }
        let patience_us = expires.map_or(u64::MAX, |expires| expires.since(self.now) / 2);
        self.now.after(self.config.gather_us.min(patience_us))
    }

    fn expire(&mut self, actions: &mut Vec<Action<P>>) {
        while let Some((at, parcel)) = self.ledger.first_expiry() {
            if at > self.now {
                return;
            }
            self.withdraw(parcel, UndecidedCause::Deadline, actions);
        }
    }

    /// Answers all items of a parcel that are not on a backend.
    fn withdraw(&mut self, parcel: ParcelId, cause: UndecidedCause, actions: &mut Vec<Action<P>>) {
        if let Some(address) = self.ledger.queued_at(parcel) {
            let (priority, operation) = address.lane;
            let lane = lane_of(&mut self.lanes, priority, operation);
            let queued = lane.withdraw(address.source, address.place);
            let slice = rest_of(address.source, queued);
            self.answer(slice, Stage::Queued, cause, actions);
        }
        if let Some((priority, operation)) = self.ledger.parked_at(parcel) {
            let lane = lane_of(&mut self.lanes, priority, operation);
            let mut dropped = Vec::new();
            for standing in Standing::ALL {
                let retries = &mut lane.side_mut(standing).retries;
                drop_parked(retries, parcel, &self.ledger, &mut dropped);
            }
            for slice in dropped {
                self.parked_amount
                    .sub(self.ledger.amount(parcel, slice.start, slice.len));
                self.answer(slice, Stage::Parked, cause, actions);
            }
        }
    }

    fn answer(
        &mut self,
        slice: Slice<P>,
        from: Stage,
        cause: UndecidedCause,
        actions: &mut Vec<Action<P>>,
    ) {
        self.counters.items_undecided[cause as usize - 1] += u64::from(slice.len);
        self.ledger
            .shift(slice.parcel, slice.start, slice.len, from, Stage::Answered);
        actions.push(Action::Undecided { slice, cause });
    }

    fn land(&mut self, batch: BatchId) -> Option<Flying<P>> {
        let flying = self.flying.remove(&batch)?;
        self.flying_amount.sub(flying.amount);
        Some(flying)
    }

    fn complete(&mut self, batch: BatchId, spoilers: &[Spoiler]) {
        let Some(flying) = self.land(batch) else {
            return;
        };
        self.fleet.finish(flying.backend(), flying.priority, batch);
        self.counters.items_completed += flying.amount.items;
        for slice in &flying.slices {
            let (from, to) = (Stage::Flying, Stage::Answered);
            self.ledger
                .shift(slice.parcel, slice.start, slice.len, from, to);
        }
        for spoiler in spoilers {
            let sentence = self
                .offenders
                .offend(self.now, *spoiler, &self.config.isolation);
            if let Some(source) = sentence.released {
                self.relocate(source, Standing::Shared);
            }
            if let Some(source) = sentence.isolated {
                self.relocate(source, Standing::Isolated);
            }
        }
    }

    fn relocate(&mut self, source: SourceId, standing: Standing) {
        for (_, lane) in self.lanes.iter_mut().flatten() {
            let worked = lane.side(standing).has_work();
            lane.relocate(source, standing);
            let side = lane.side_mut(standing);
            if !worked && side.has_work() {
                self.heads += 1;
                side.head_since = self.heads;
                side.ripe_at = self.now;
            }
        }
    }

    fn fault(&mut self, batch: BatchId, actions: &mut Vec<Action<P>>) {
        let Some(flying) = self.land(batch) else {
            return;
        };
        self.fleet.finish(flying.backend(), flying.priority, batch);
        self.fleet.out(flying.backend());
        self.park(flying);
        self.answer_unserved(actions);
    }

    fn take_down(&mut self, id: BackendId, actions: &mut Vec<Action<P>>) {
        for batch in self.fleet.down(id) {
            let flying = self.land(batch).expect("a backend's batch is in flight");
            self.park(flying);
        }
        self.answer_unserved(actions);
    }

    fn park(&mut self, flying: Flying<P>) {
        for slice in &flying.slices {
            let (from, to) = (Stage::Flying, Stage::Parked);
            self.ledger
                .shift(slice.parcel, slice.start, slice.len, from, to);
        }
        self.parked_amount.add(flying.amount);
        let lane = lane_of(&mut self.lanes, flying.priority, flying.operation);
        let side = lane.side_mut(flying.standing);
        if !side.has_work() {
            self.heads += 1;
            side.head_since = self.heads;
        }
        side.retries.push_back(Retry {
            slices: flying.slices,
            amount: flying.amount,
            tried: flying.tried,
        });
    }

    /// Answers what no backend is left for.
    fn answer_unserved(&mut self, actions: &mut Vec<Action<P>>) {
        for priority in Priority::ALL {
            for operation in Operation::ALL {
                self.answer_unsealed(priority, operation, actions);
                self.answer_parked(priority, operation, actions);
            }
        }
    }

    fn answer_unsealed(
        &mut self,
        priority: Priority,
        operation: Operation,
        actions: &mut Vec<Action<P>>,
    ) {
        if self.fleet.serves(operation, priority, &[]) {
            return;
        }
        let cause = self.unserved(operation);
        for (source, queued) in lane_of(&mut self.lanes, priority, operation).abandon() {
            self.answer(rest_of(source, queued), Stage::Queued, cause, actions);
        }
    }

    fn answer_parked(
        &mut self,
        priority: Priority,
        operation: Operation,
        actions: &mut Vec<Action<P>>,
    ) {
        let lane = lane_of(&mut self.lanes, priority, operation);
        let mut lost = Vec::new();
        for standing in Standing::ALL {
            let retries = &mut lane.side_mut(standing).retries;
            let (kept, unserved): (VecDeque<_>, VecDeque<_>) = std::mem::take(retries)
                .into_iter()
                .partition(|retry| self.fleet.serves(operation, priority, &retry.tried));
            *retries = kept;
            lost.extend(unserved);
        }
        for retry in lost {
            self.parked_amount.sub(retry.amount);
            for slice in retry.slices {
                self.answer(slice, Stage::Parked, UndecidedCause::DeviceFault, actions);
            }
        }
    }

    fn dispatch(&mut self, actions: &mut Vec<Action<P>>) {
        // What just failed may have run out of time while it flew.
        self.expire(actions);
        for priority in Priority::ALL {
            while self.fleet.has_free(priority) {
                let Some(ready) = self.next_ready(priority) else {
                    break;
                };
                self.send(priority, ready, actions);
            }
        }
    }

    /// Of all that could be sent at this priority, that whose head waits longest.
    fn next_ready(&self, priority: Priority) -> Option<Ready> {
        let lanes = &self.lanes[priority as usize];
        let sides = lanes.iter().flat_map(|(operation, lane)| {
            Standing::ALL.map(|standing| (*operation, lane, standing))
        });
        sides
            .filter(|(_, lane, standing)| lane.side(*standing).has_work())
            .filter_map(|(operation, lane, standing)| {
                self.ready(priority, operation, lane, standing)
            })
            .min_by_key(|ready| ready.since)
    }

    fn ready(
        &self,
        priority: Priority,
        operation: Operation,
        lane: &Lane<P>,
        standing: Standing,
    ) -> Option<Ready> {
        let side = lane.side(standing);
        let usual = self.batch_max(standing);
        let ready = |batch, backend| Ready {
            operation,
            standing,
            batch,
            backend,
            max: match standing {
                Standing::Shared => self.fleet.batch_max(backend, usual),
                Standing::Isolated => usual,
            },
            since: side.head_since,
        };
        for (at, retry) in side.retries.iter().enumerate() {
            let (items, tried) = (retry.amount.items, &retry.tried);
            if let Some(backend) = self.fleet.choose(operation, priority, items, tried) {
                return Some(ready(Origin::Retry(at), backend));
            }
        }
        if !side.has_unsealed() || !self.is_ripe(lane, standing) {
            return None;
        }
        // The largest batch that there could be decides who has it, and whoever has it how much.
        let largest = match standing {
            Standing::Shared => self.fleet.largest_batch(operation, priority, usual),
            Standing::Isolated => usual,
        };
        let items = lane.batch_items(standing, largest);
        let backend = self.fleet.choose(operation, priority, items, &[])?;
        Some(ready(Origin::Unsealed, backend))
    }

    fn is_ripe(&self, lane: &Lane<P>, standing: Standing) -> bool {
        let side = lane.side(standing);
        let max = self.batch_max(standing);
        side.ripe_at <= self.now
            || self.service != Service::Open
            || side.waiting.items >= max.items
            || side.waiting.cost_us >= max.cost_us
    }

    fn batch_max(&self, standing: Standing) -> Amount {
        match standing {
            Standing::Shared => self.config.batch_max(),
            Standing::Isolated => self.config.isolated_batch_max(),
        }
    }

    fn send(&mut self, priority: Priority, ready: Ready, actions: &mut Vec<Action<P>>) {
        let lane = lane_of(&mut self.lanes, priority, ready.operation);
        self.heads += 1;
        lane.side_mut(ready.standing).head_since = self.heads;
        let (retry, from) = match ready.batch {
            Origin::Unsealed => {
                let Sealed { slices, amount } = lane.seal(ready.standing, ready.max);
                let tried = Vec::new();
                (
                    Retry {
                        slices,
                        amount,
                        tried,
                    },
                    Stage::Queued,
                )
            }
            Origin::Retry(at) => {
                let retries = &mut lane.side_mut(ready.standing).retries;
                let retry = retries.remove(at).expect("a ready retry waits");
                self.parked_amount.sub(retry.amount);
                self.counters.batches_retried += 1;
                (retry, Stage::Parked)
            }
        };
        self.launch(priority, ready, retry, from, actions);
    }

    fn launch(
        &mut self,
        priority: Priority,
        ready: Ready,
        retry: Retry<P>,
        from: Stage,
        actions: &mut Vec<Action<P>>,
    ) {
        let Retry {
            slices,
            amount,
            mut tried,
        } = retry;
        assert!(!tried.contains(&ready.backend), "a backend is tried once");
        tried.push(ready.backend);
        for slice in &slices {
            self.ledger
                .shift(slice.parcel, slice.start, slice.len, from, Stage::Flying);
        }
        self.batches += 1;
        let batch = BatchId(self.batches);
        self.counters.batches_sealed += u64::from(from == Stage::Queued);
        self.fleet.start(ready.backend, priority, batch);
        self.flying_amount.add(amount);
        actions.push(Action::Submit {
            backend: ready.backend,
            batch,
            operation: ready.operation,
            priority,
            slices: slices.clone(),
            cost_us: amount.cost_us,
        });
        let flying = Flying {
            operation: ready.operation,
            priority,
            standing: ready.standing,
            slices,
            amount,
            tried,
        };
        self.flying.insert(batch, flying);
    }

    fn report(&mut self, actions: &mut Vec<Action<P>>) {
        if self.service == Service::Draining && self.ledger.is_empty() {
            self.service = Service::Drained;
            actions.push(Action::Drained);
        }
        let deadline = self.ledger.first_expiry().map(|(at, _)| at);
        let next = deadline.into_iter().chain(self.gathering_ends()).min();
        if let Some(at) = next.filter(|at| self.wake_asked != Some(*at)) {
            assert!(at > self.now, "what is due is done");
            self.wake_asked = Some(at);
            actions.push(Action::WakeAt(at));
        }
    }

    fn gathering_ends(&self) -> Option<Micros> {
        if self.config.gather_us == 0 || self.service != Service::Open {
            return None;
        }
        let lanes = self.lanes.iter().flatten();
        lanes
            .flat_map(|(_, lane)| Standing::ALL.map(|standing| lane.side(standing)))
            .filter(|side| side.has_unsealed() && side.ripe_at > self.now)
            .map(|side| side.ripe_at)
            .min()
    }

    fn queued(&self, priority: usize) -> Amount {
        let mut queued = Amount::default();
        for (_, lane) in &self.lanes[priority] {
            for standing in Standing::ALL {
                queued.add(lane.side(standing).waiting);
            }
        }
        queued
    }

    /// Two sets of books that are kept apart say the same.
    fn assert_balanced(&self) {
        let mut queued = Amount::default();
        for priority in 0..self.lanes.len() {
            queued.add(self.queued(priority));
        }
        assert_eq!(queued, self.ledger.total(Stage::Queued));
        assert_eq!(self.parked_amount, self.ledger.total(Stage::Parked));
        assert_eq!(self.flying_amount, self.ledger.total(Stage::Flying));
        let held = self.ledger.held();
        assert!(held.items <= self.config.queued_items_max);
        assert!(held.cost_us <= self.config.queued_cost_us_max);
        assert!(self.ledger.parcels() <= self.config.queued_parcels_max);
    }
}

fn lane_of<P>(lanes: &mut Lanes<P>, priority: Priority, operation: Operation) -> &mut Lane<P> {
    let mut lanes = lanes[priority as usize].iter_mut();
    let lane = lanes.find(|(op, _)| *op == operation);
    lane.map(|(_, lane)| lane)
        .expect("every operation has a lane")
}

fn rest_of<P>(source: SourceId, queued: Queued<P>) -> Slice<P> {
    Slice {
        payload: queued.payload,
        parcel: queued.parcel,
        source,
        start: queued.start,
        len: queued.items - queued.start,
    }
}

/// Takes a parcel's slices out of batches that wait for another backend.
fn drop_parked<P: Clone>(
    retries: &mut VecDeque<Retry<P>>,
    parcel: ParcelId,
    ledger: &Ledger,
    dropped: &mut Vec<Slice<P>>,
) {
    for retry in retries.iter_mut() {
        for slice in retry.slices.extract_if(.., |slice| slice.parcel == parcel) {
            retry
                .amount
                .sub(ledger.amount(parcel, slice.start, slice.len));
            dropped.push(slice);
        }
    }
    retries.retain(|retry| !retry.slices.is_empty());
}
