//! The batcher against a model of everything around it: callers, backends that come, fail and go,
//! a clock. Each run follows from its seed alone, so a failure is repeated by its number.
#![forbid(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use tutti_batcher::{
    Action, BackendId, BackendSlots, BatchId, Batcher, Config, Event, Isolation, Micros, Parcel,
    ParcelId, Slice, SourceId, Spoiler,
};
use tutti_types::{Operation, Priority, UndecidedCause, World};

const SEEDS: u64 = 150;
const STEPS: u64 = 1_500;
const SOURCES: u64 = 12;
const OPERATIONS: [Operation; 3] = [
    Operation::Verify(World::Bls12381MinPk),
    Operation::HashToCurve,
    Operation::PairingCheck,
];

/// `SplitMix64`: all that a reproducible run needs.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    fn within(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to - from + 1)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize].clone()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Queued,
    Parked,
    Flying(BatchId),
    Completed,
    Undecided,
}

struct Accepted {
    parcel: Parcel<u64>,
    expires: Option<Micros>,
    items: Vec<State>,
    tried: Vec<Vec<BackendId>>,
    queued: u32,
    parked: u32,
}

impl Accepted {
    fn cost_us(&self, start: u32, len: u32) -> u64 {
        let until = |item: u32| {
            u128::from(self.parcel.cost_us) * u128::from(item) / u128::from(self.parcel.items)
        };
        (until(start + len) - until(start)) as u64
    }

    /// Whether items wait that failed elsewhere and not on this backend.
    fn is_untried_on(&self, id: BackendId) -> bool {
        let mut items = self.items.iter().zip(&self.tried);
        items.any(|(item, tried)| *item == State::Parked && !tried.contains(&id))
    }

    fn move_items(&mut self, start: u32, len: u32, to: State, mut from: impl FnMut(State)) {
        for item in &mut self.items[start as usize..(start + len) as usize] {
            from(*item);
            match *item {
                State::Queued => self.queued -= 1,
                State::Parked => self.parked -= 1,
                _ => {}
            }
            match to {
                State::Queued => self.queued += 1,
                State::Parked => self.parked += 1,
                _ => {}
            }
            *item = to;
        }
    }
}

struct Backend {
    slots: BackendSlots,
    healthy: bool,
    ordinary: BTreeSet<BatchId>,
    urgent: BTreeSet<BatchId>,
}

impl Backend {
    fn crossover(&self, operation: Operation, priority: Priority) -> Option<u32> {
        let capacity = match priority {
            Priority::Urgent => self.slots.slots + self.slots.urgent_slots,
            _ => self.slots.slots,
        };
        let mut operations = self.slots.operations.iter();
        let offered = operations.find(|(op, _)| *op == operation)?;
        (self.healthy && capacity > 0).then_some(offered.1)
    }

    /// Written apart from the batcher's own: ordinary batches never exceed the slots, all together
    /// never both kinds of slots, and urgent ones beyond their own slots count as ordinary.
    fn has_free(&self, priority: Priority) -> bool {
        let (slots, extra) = (self.slots.slots as usize, self.slots.urgent_slots as usize);
        let (ordinary, urgent) = (self.ordinary.len(), self.urgent.len());
        match priority {
            Priority::Urgent => ordinary + urgent < slots + extra,
            _ => ordinary < slots && ordinary + urgent < slots + extra,
        }
    }
}

struct Flight {
    backend: BackendId,
    slices: Vec<Slice<u64>>,
}

/// What the event that is being handled explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occasion {
    Arrivals { first: ParcelId },
    Cancellation(ParcelId),
    Other,
}

struct Simulation {
    dice: Dice,
    config: Config,
    batcher: Batcher<u64>,
    now: Micros,
    wake: Option<Micros>,
    open: BTreeMap<ParcelId, Accepted>,
    backends: BTreeMap<BackendId, Backend>,
    known: BTreeSet<Operation>,
    flights: BTreeMap<BatchId, Flight>,
    /// Offenders, and until when they are isolated at least.
    isolated: BTreeMap<SourceId, Micros>,
    occasion: Occasion,
    next_parcel: u64,
    last_batch: BatchId,
    draining: bool,
    drained: bool,
    seen: Seen,
    trace: DefaultHasher,
}

/// Rules say nothing about what never happens: the runs together must have met all of this.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    completed: u64,
    retried: u64,
    isolated: u64,
    split: u64,
    undecided: [u64; UndecidedCause::ALL.len()],
}

impl Simulation {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let config = random_config(&mut dice);
        Self {
            dice,
            batcher: Batcher::new(config.clone()),
            config,
            now: Micros(0),
            wake: None,
            open: BTreeMap::new(),
            backends: BTreeMap::new(),
            known: BTreeSet::new(),
            flights: BTreeMap::new(),
            isolated: BTreeMap::new(),
            occasion: Occasion::Other,
            next_parcel: 0,
            last_batch: BatchId(0),
            draining: false,
            drained: false,
            seen: Seen::default(),
            trace: DefaultHasher::new(),
        }
    }

    fn run(mut self) -> (Seen, u64) {
        for step in 0..STEPS {
            if step == STEPS * 9 / 10 && self.dice.one_in(2) {
                self.handle(Event::Drain);
                self.draining = true;
            }
            self.step();
            if step % 50 == 0 {
                self.batcher.audit();
            }
        }
        self.finish();
        (self.seen, self.trace.finish())
    }

    fn step(&mut self) {
        let ahead_us = if self.dice.one_in(3) {
            self.dice.below(300)
        } else {
            0
        };
        let then = self.now.after(ahead_us);
        if let Some(wake) = self.wake.filter(|wake| *wake <= then) {
            self.now = wake;
            self.handle(Event::Tick);
        } else {
            self.now = then;
            self.random_event();
        }
    }

    fn random_event(&mut self) {
        match self.dice.below(100) {
            0..50 => self.arrive(),
            50..84 => self.complete_some(),
            84..87 => self.fault_some(),
            87..93 => self.backend_up(),
            93..95 => self.backend_down(),
            95..98 => self.cancel_some(),
            98 => self.send_stale(),
            _ => self.handle(Event::Tick),
        }
    }

    fn arrive(&mut self) {
        let burst = if self.dice.one_in(8) { 12 } else { 1 };
        let parcels: Vec<_> = (0..burst).map(|_| self.random_parcel()).collect();
        self.handle_all(parcels.into_iter().map(Event::Arrived).collect());
    }

    fn random_parcel(&mut self) -> Parcel<u64> {
        self.next_parcel += 1;
        let items = if self.dice.one_in(4) {
            self.dice.within(1, 200)
        } else {
            self.dice.within(1, 4)
        };
        let item_cost_us = self.dice.pick(&[0, 1, 90, 450, 450, 2_000]);
        let deadline_us = self
            .dice
            .pick(&[None, None, Some(0), Some(60), Some(900), Some(5_000)]);
        Parcel {
            payload: self.next_parcel * 7,
            id: ParcelId(self.next_parcel),
            operation: self.dice.pick(&OPERATIONS),
            priority: self.dice.pick(&Priority::ALL),
            source: SourceId(self.dice.below(SOURCES)),
            deadline: deadline_us.map(|us| self.now.after(self.dice.within(us / 2, us))),
            items: items as u32,
            cost_us: (items * item_cost_us + self.dice.below(items)).min(60_000),
        }
    }

    fn complete_some(&mut self) {
        let Some(batch) = self.some_flight() else {
            return;
        };
        let mut of = BTreeMap::<SourceId, u32>::new();
        for slice in &self.flights[&batch].slices {
            *of.entry(slice.source).or_default() += slice.len;
        }
        let mut spoilers = Vec::new();
        for (source, of) in of {
            // The first sources are bad, one more is so at times.
            let bad = match source.0 {
                0 | 1 => self.dice.one_in(2),
                2 => self.dice.one_in(20),
                _ => false,
            };
            if bad {
                let bad = self.dice.within(1, u64::from(of)) as u32;
                spoilers.push(Spoiler { source, bad, of });
            }
        }
        self.handle(Event::Completed { batch, spoilers });
    }

    fn fault_some(&mut self) {
        if let Some(batch) = self.some_flight() {
            self.handle(Event::Faulted { batch });
        }
    }

    fn backend_up(&mut self) {
        let id = BackendId(self.dice.below(4) as u32);
        let mut operations = Vec::new();
        for operation in OPERATIONS {
            if !self.dice.one_in(4) {
                operations.push((operation, self.dice.pick(&[0, 1, 1, 8, 40])));
            }
        }
        let slots = self.dice.pick(&[0, 1, 1, 2, 3]);
        let urgent_slots = self.dice.pick(&[0, 0, 1, 2]);
        let slots = BackendSlots {
            slots,
            urgent_slots,
            operations,
            batch_max: None,
        };
        self.handle(Event::BackendUp(id, slots));
    }

    fn backend_down(&mut self) {
        let id = BackendId(self.dice.below(4) as u32);
        self.handle(Event::BackendDown(id));
    }

    fn cancel_some(&mut self) {
        let id = ParcelId(self.next_parcel.saturating_sub(self.dice.below(40)));
        self.handle(Event::Cancelled(id));
    }

    /// An attempt that is over: what is said of it changes nothing.
    fn send_stale(&mut self) {
        let batch = BatchId(self.dice.below(self.last_batch.0 + 2));
        if self.flights.contains_key(&batch) {
            return;
        }
        let before = self.batcher.stats();
        let spoilers = Vec::new();
        if self.dice.one_in(2) {
            self.handle(Event::Faulted { batch });
        } else {
            self.handle(Event::Completed { batch, spoilers });
        }
        let after = self.batcher.stats();
        // Time alone may have answered what is late.
        assert_eq!(before.flying, after.flying);
        assert_eq!(before.items_completed, after.items_completed);
    }

    fn some_flight(&mut self) -> Option<BatchId> {
        let flying: Vec<_> = self.flights.keys().copied().collect();
        (!flying.is_empty()).then(|| self.dice.pick(&flying))
    }

    fn handle(&mut self, event: Event<u64>) {
        self.handle_all(vec![event]);
    }

    fn handle_all(&mut self, events: Vec<Event<u64>>) {
        for event in &events {
            self.foresee(event);
        }
        let mut actions = Vec::new();
        self.batcher.handle_all(self.now, events, &mut actions);
        format!("{actions:?}").hash(&mut self.trace);
        self.wake = self.wake.filter(|wake| *wake > self.now);
        for action in actions {
            self.check(action);
        }
        self.occasion = Occasion::Other;
        self.open.retain(|_, accepted| {
            let open = |state: &State| !matches!(state, State::Completed | State::Undecided);
            accepted.items.iter().any(open)
        });
        self.check_rest();
    }

    /// What the event means, before the batcher sees it.
    fn foresee(&mut self, event: &Event<u64>) {
        match event {
            Event::Arrived(parcel) => self.foresee_arrival(parcel),
            Event::Completed { batch, spoilers } => {
                if self.flights.contains_key(batch) {
                    self.land(*batch, State::Completed);
                    let cooling_us = self.config.isolation.cooling_us_first;
                    for spoiler in spoilers {
                        let until = self.now.after(cooling_us);
                        self.isolated.insert(spoiler.source, until);
                    }
                }
            }
            Event::Faulted { batch } => {
                if let Some(backend) = self.flights.get(batch).map(|flight| flight.backend) {
                    self.land(*batch, State::Parked);
                    self.backends.get_mut(&backend).unwrap().healthy = false;
                }
            }
            Event::BackendUp(id, slots) => {
                self.known
                    .extend(slots.operations.iter().map(|(op, _)| *op));
                let backend = self.backends.entry(*id).or_insert_with(|| Backend {
                    slots: BackendSlots::default(),
                    healthy: true,
                    ordinary: BTreeSet::new(),
                    urgent: BTreeSet::new(),
                });
                backend.slots = slots.clone();
                backend.healthy = true;
            }
            Event::BackendDown(id) => {
                let here = |flight: &Flight| flight.backend == *id;
                let flights = self.flights.iter().filter(|(_, flight)| here(flight));
                let batches: Vec<_> = flights.map(|(batch, _)| *batch).collect();
                for batch in batches {
                    self.land(batch, State::Parked);
                }
                self.backends.remove(id);
            }
            Event::Cancelled(parcel) => self.occasion = Occasion::Cancellation(*parcel),
            Event::Tick | Event::Drain => {}
        }
        if matches!(event, Event::Drain) {
            self.draining = true;
        }
    }

    fn foresee_arrival(&mut self, parcel: &Parcel<u64>) {
        if self.occasion == Occasion::Other {
            self.occasion = Occasion::Arrivals { first: parcel.id };
        }
        let answer_us = self.config.answer_us;
        let accepted = Accepted {
            expires: parcel.deadline.map(|deadline| deadline.before(answer_us)),
            items: vec![State::Queued; parcel.items as usize],
            tried: vec![Vec::new(); parcel.items as usize],
            queued: parcel.items,
            parked: 0,
            parcel: parcel.clone(),
        };
        self.open.insert(parcel.id, accepted);
    }

    fn land(&mut self, batch: BatchId, to: State) {
        let flight = self.flights.remove(&batch).unwrap();
        let backend = self.backends.get_mut(&flight.backend).unwrap();
        assert!(backend.ordinary.remove(&batch) || backend.urgent.remove(&batch));
        for slice in flight.slices {
            let accepted = self.open.get_mut(&slice.parcel).unwrap();
            let flew = |from| assert_eq!(from, State::Flying(batch));
            accepted.move_items(slice.start, slice.len, to, flew);
            if to == State::Completed {
                self.seen.completed += u64::from(slice.len);
            }
        }
    }

    fn check(&mut self, action: Action<u64>) {
        match action {
            Action::Submit {
                backend,
                batch,
                operation,
                priority,
                slices,
                cost_us,
            } => {
                self.check_slot(backend, operation, priority, batch);
                self.check_size(&slices, cost_us);
                self.check_priority(backend, priority);
                for slice in &slices {
                    let parcel = &self.open[&slice.parcel].parcel;
                    assert_eq!((parcel.operation, parcel.priority), (operation, priority));
                }
                self.check_isolation(&slices);
                self.launch(backend, batch, slices);
            }
            Action::Undecided { slice, cause } => self.check_undecided(&slice, cause),
            Action::WakeAt(at) => {
                assert!(at > self.now);
                self.wake = Some(at);
            }
            Action::Drained => {
                assert!(self.draining && !self.drained, "drained is said once");
                self.drained = true;
            }
        }
    }

    fn check_slot(&mut self, id: BackendId, op: Operation, priority: Priority, batch: BatchId) {
        assert!(batch > self.last_batch, "an attempt has an id of its own");
        self.last_batch = batch;
        let backend = self.backends.get_mut(&id).expect("the backend is known");
        assert!(
            backend.crossover(op, priority).is_some(),
            "the backend does this"
        );
        assert!(backend.has_free(priority), "no slot is used twice");
        match priority {
            Priority::Urgent => backend.urgent.insert(batch),
            _ => backend.ordinary.insert(batch),
        };
    }

    fn check_size(&self, slices: &[Slice<u64>], cost_us: u64) {
        let items: u32 = slices.iter().map(|slice| slice.len).sum();
        let costs = slices.iter().map(|slice| {
            let accepted = &self.open[&slice.parcel];
            assert_eq!(slice.payload, accepted.parcel.payload);
            assert_eq!(slice.source, accepted.parcel.source);
            accepted.cost_us(slice.start, slice.len)
        });
        assert_eq!(cost_us, costs.sum::<u64>());
        assert!(items > 0 && items <= self.config.batch_items_max);
        assert!(cost_us <= self.config.batch_cost_us_max || items == 1);
        let parcels: BTreeSet<_> = slices.iter().map(|slice| slice.parcel).collect();
        assert_eq!(
            parcels.len(),
            slices.len(),
            "a batch has one slice of a parcel"
        );
    }

    /// Nothing more urgent could have gone to the same backend. Where gathering is on, only what
    /// failed before is known to be ready.
    fn check_priority(&self, id: BackendId, priority: Priority) {
        let more_urgent = self.open.values().filter(|a| a.parcel.priority < priority);
        for accepted in more_urgent {
            assert!(!self.could_go(accepted, id), "priorities are strict");
        }
    }

    fn could_go(&self, accepted: &Accepted, id: BackendId) -> bool {
        let Parcel {
            operation,
            priority,
            ..
        } = accepted.parcel;
        let backend = &self.backends[&id];
        let able = |backend: &Backend| backend.crossover(operation, priority);
        let Some(crossover) = able(backend) else {
            return false;
        };
        let ready = self.config.gather_us == 0 || priority == Priority::Urgent || self.draining;
        let alone = self.backends.values().filter_map(able).count() == 1;
        let reaches = crossover <= 1 || alone;
        let untried = accepted.parked > 0 && crossover <= 1 && accepted.is_untried_on(id);
        reaches && (ready && accepted.queued > 0 || untried)
    }

    fn check_isolation(&mut self, slices: &[Slice<u64>]) {
        let first = &slices[0];
        let fresh = self.open[&first.parcel].items[first.start as usize] == State::Queued;
        if !fresh || self.config.isolation.sources_max < SOURCES as usize {
            return;
        }
        let isolated = |slice: &Slice<u64>| {
            let until = self.isolated.get(&slice.source);
            until.is_some_and(|until| *until > self.now)
        };
        if slices.iter().any(isolated) {
            self.seen.isolated += 1;
            assert!(slices.iter().all(|slice| slice.source == first.source));
            let items: u32 = slices.iter().map(|slice| slice.len).sum();
            assert!(items <= self.config.isolation.batch_items_max);
        }
    }

    fn launch(&mut self, backend: BackendId, batch: BatchId, slices: Vec<Slice<u64>>) {
        let mut before = BTreeSet::new();
        for slice in &slices {
            let accepted = self.open.get_mut(&slice.parcel).unwrap();
            assert!(
                accepted.expires.is_none_or(|expires| expires > self.now),
                "nothing late is sent"
            );
            accepted.move_items(slice.start, slice.len, State::Flying(batch), |from| {
                before.insert(match from {
                    State::Queued => "queued",
                    State::Parked => "parked",
                    state => panic!("{state:?} is sent again"),
                });
            });
            for tried in
                &mut accepted.tried[slice.start as usize..(slice.start + slice.len) as usize]
            {
                assert!(!tried.contains(&backend), "a backend is tried once");
                tried.push(backend);
            }
            self.seen.split += u64::from(slice.len < accepted.parcel.items);
        }
        assert_eq!(
            before.len(),
            1,
            "a batch that failed is not mixed with others"
        );
        self.seen.retried += u64::from(before.contains("parked"));
        self.flights.insert(batch, Flight { backend, slices });
    }

    fn check_undecided(&mut self, slice: &Slice<u64>, cause: UndecidedCause) {
        self.seen.undecided[cause as usize - 1] += 1;
        let arrival = match self.occasion {
            Occasion::Arrivals { first } => slice.parcel >= first,
            _ => false,
        };
        let accepted = &self.open[&slice.parcel];
        assert_eq!(slice.payload, accepted.parcel.payload);
        let (operation, priority) = (accepted.parcel.operation, accepted.parcel.priority);
        let able = self
            .backends
            .iter()
            .filter(|(_, backend)| backend.crossover(operation, priority).is_some());
        match cause {
            UndecidedCause::Deadline => {
                assert!(accepted.expires.is_some_and(|expires| expires <= self.now));
            }
            UndecidedCause::Cancelled => {
                assert_eq!(self.occasion, Occasion::Cancellation(slice.parcel));
            }
            UndecidedCause::ShuttingDown => assert!(arrival && self.draining),
            UndecidedCause::Overload => assert!(arrival && !self.draining),
            UndecidedCause::Unsupported => assert!(arrival && !self.known.contains(&operation)),
            UndecidedCause::DeviceFault => {
                let tried = &accepted.tried[slice.start as usize];
                assert!(self.known.contains(&operation));
                assert!(able.clone().all(|(id, _)| tried.contains(id)));
            }
            UndecidedCause::UnknownKeySet => panic!("the batcher knows no key sets"),
        }
        let waited = |from| assert!(matches!(from, State::Queued | State::Parked), "{from:?}");
        let accepted = self.open.get_mut(&slice.parcel).unwrap();
        accepted.move_items(slice.start, slice.len, State::Undecided, waited);
    }

    /// What must hold between events.
    fn check_rest(&self) {
        let mut waiting = 0;
        let mut earliest: Option<Micros> = None;
        for accepted in self.open.values() {
            if accepted.queued + accepted.parked == 0 {
                continue;
            }
            waiting += u64::from(accepted.queued + accepted.parked);
            if let Some(expires) = accepted.expires {
                assert!(expires > self.now, "what is late is answered");
                earliest = Some(earliest.map_or(expires, |earliest| earliest.min(expires)));
            }
            self.check_not_stuck(accepted);
        }
        let stats = self.batcher.stats();
        let queued: u64 = stats.queued.iter().map(|amount| amount.items).sum();
        assert_eq!(queued + stats.parked.items, waiting);
        assert_eq!(stats.batches_flying, self.flights.len());
        assert_eq!(stats.parcels, self.open.len());
        assert!(stats.parcels <= self.config.queued_parcels_max);
        assert!(queued + stats.flying.items <= self.config.queued_items_max);
        if let Some(earliest) = earliest {
            let wake = self.wake.expect("a deadline has its wake");
            assert!(wake <= earliest);
            assert!(
                wake == earliest || self.config.gather_us > 0,
                "wakes are exact"
            );
        }
        assert!(!self.drained || self.open.is_empty());
        assert!(!(self.draining && self.open.is_empty()) || self.drained);
    }

    fn check_not_stuck(&self, accepted: &Accepted) {
        let Parcel {
            operation,
            priority,
            ..
        } = accepted.parcel;
        let mut able = 0;
        for (id, backend) in &self.backends {
            able += u32::from(backend.crossover(operation, priority).is_some());
            let idle = backend.has_free(priority) && self.could_go(accepted, *id);
            assert!(!idle, "no slot is idle while work waits for it");
        }
        assert!(able > 0, "nothing waits for a backend that is not there");
    }

    /// Everything in flight ends; then nothing may be left.
    fn finish(&mut self) {
        while !self.open.is_empty() {
            match self.wake {
                Some(wake) if self.flights.is_empty() || self.dice.one_in(3) => {
                    self.now = wake;
                    self.handle(Event::Tick);
                }
                _ => {
                    assert!(!self.flights.is_empty(), "work waits for nothing");
                    self.complete_some();
                }
            }
        }
        self.handle(Event::Drain);
        self.draining = true;
        assert!(self.drained);
        let stats = self.batcher.stats();
        assert_eq!(stats.items_completed, self.seen.completed);
        assert_eq!((stats.parcels, stats.batches_flying), (0, 0));
        self.batcher.audit();
    }
}

fn random_config(dice: &mut Dice) -> Config {
    Config {
        batch_items_max: dice.pick(&[1, 7, 64, 256]),
        batch_cost_us_max: dice.pick(&[300, 5_000, 100_000]),
        gather_us: dice.pick(&[0, 0, 0, 120]),
        answer_us: dice.pick(&[0, 0, 25]),
        turn_cost_us: dice.pick(&[1, 500, 10_000]),
        queued_parcels_max: dice.pick(&[24, 80]),
        queued_items_max: dice.pick(&[300, 2_000]),
        queued_cost_us_max: dice.pick(&[50_000, 900_000]),
        isolation: Isolation {
            batch_items_max: dice.pick(&[1, 16]),
            batch_cost_us_max: 3_000,
            tolerated_per_thousand: 0,
            cooling_us_first: dice.pick(&[400, 4_000]),
            cooling_us_max: 20_000,
            forget_us: 10_000,
            sources_max: dice.pick(&[1, 2, 64]),
        },
    }
}

#[test]
fn rules_hold_whatever_happens() {
    let mut total = Seen::default();
    for seed in 0..SEEDS {
        let watch = Watch(seed);
        let (seen, _) = Simulation::new(seed).run();
        std::mem::forget(watch);
        total.completed += seen.completed;
        total.retried += seen.retried;
        total.isolated += seen.isolated;
        total.split += seen.split;
        for (sum, more) in total.undecided.iter_mut().zip(seen.undecided) {
            *sum += more;
        }
    }
    println!("{total:?}");
    assert!(total.completed > 100_000);
    assert!(total.retried > 1_000 && total.isolated > 1_000 && total.split > 1_000);
    for (cause, count) in UndecidedCause::ALL.into_iter().zip(total.undecided) {
        let possible = cause != UndecidedCause::UnknownKeySet;
        assert_eq!(count > 100, possible, "{cause:?}: {count}");
    }
}

/// Names the seed of a run that panics.
struct Watch(u64);

impl Drop for Watch {
    fn drop(&mut self) {
        eprintln!("the run of seed {} failed", self.0);
    }
}

#[test]
fn the_same_events_give_the_same_actions() {
    for seed in 0..20 {
        let (_, first) = Simulation::new(seed).run();
        let (_, second) = Simulation::new(seed).run();
        assert_eq!(first, second, "seed {seed}");
    }
}

/// What one source of the fairness run sends again and again.
struct Flood {
    items: u32,
    item_cost_us: u64,
    waiting_items: u64,
    served_us: u64,
}

impl Flood {
    fn parcel(&self, id: u64, source: u64) -> Parcel<u64> {
        Parcel {
            payload: 0,
            id: ParcelId(id),
            operation: OPERATIONS[0],
            priority: Priority::Normal,
            source: SourceId(source),
            deadline: None,
            items: self.items,
            cost_us: self.item_cost_us * u64::from(self.items),
        }
    }

    /// More waits than one batch can take.
    fn is_satisfied(&self, config: &Config) -> bool {
        self.waiting_items > u64::from(config.batch_items_max)
            || self.waiting_items * self.item_cost_us > config.batch_cost_us_max
    }
}

/// Sources that always have work are served the same cost, to within a turn of each.
#[test]
fn sources_with_work_share_by_cost() {
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let config = Config {
            batch_items_max: dice.pick(&[50, 4_096]),
            batch_cost_us_max: dice.pick(&[20_000, 250_000]),
            turn_cost_us: dice.pick(&[1, 1_000, 10_000]),
            queued_cost_us_max: 1 << 40,
            ..Config::default()
        };
        let mut floods: Vec<Flood> = (0..dice.within(2, 6))
            .map(|_| Flood {
                items: dice.pick(&[1, 1, 3, 100, 5_000]),
                item_cost_us: dice.pick(&[10, 60, 450, 30_000]),
                waiting_items: 0,
                served_us: 0,
            })
            .collect();
        share_by_cost(&config, &mut floods);
    }
}

fn share_by_cost(config: &Config, floods: &mut [Flood]) {
    let mut batcher = Batcher::new(config.clone());
    let mut actions = Vec::new();
    let slots = BackendSlots {
        slots: 1,
        urgent_slots: 0,
        operations: vec![(OPERATIONS[0], 1)],
        batch_max: None,
    };
    batcher.handle(
        Micros(0),
        Event::BackendUp(BackendId(0), slots),
        &mut actions,
    );
    // Something else is on the backend while all floods begin.
    let mut parcels = 0;
    let other = Parcel {
        items: 1,
        ..floods[0].parcel(parcels, SOURCES)
    };
    batcher.handle(Micros(0), Event::Arrived(other), &mut actions);
    let (mut flying, _) = only_submission(&mut actions);
    for round in 0..150 {
        let now = Micros(round * 100);
        for (source, flood) in floods.iter_mut().enumerate() {
            while !flood.is_satisfied(config) {
                parcels += 1;
                let parcel = flood.parcel(parcels, source as u64);
                flood.waiting_items += u64::from(flood.items);
                batcher.handle(now, Event::Arrived(parcel), &mut actions);
            }
        }
        assert!(
            actions.is_empty(),
            "the slot is taken and the queue has room"
        );
        let spoilers = Vec::new();
        let batch = flying;
        batcher.handle(now, Event::Completed { batch, spoilers }, &mut actions);
        let (batch, slices) = only_submission(&mut actions);
        flying = batch;
        for slice in slices {
            let flood = &mut floods[slice.source.0 as usize];
            flood.waiting_items -= u64::from(slice.len);
            flood.served_us += flood.item_cost_us * u64::from(slice.len);
        }
        check_shares(config, floods);
    }
    assert!(floods.iter().all(|flood| flood.served_us > 0));
}

fn only_submission(actions: &mut Vec<Action<u64>>) -> (BatchId, Vec<Slice<u64>>) {
    assert_eq!(actions.len(), 1, "one slot, one batch");
    match actions.remove(0) {
        Action::Submit { batch, slices, .. } => (batch, slices),
        other => panic!("{other:?}"),
    }
}

fn check_shares(config: &Config, floods: &[Flood]) {
    let turn_us = |flood: &Flood| config.turn_cost_us.max(flood.item_cost_us);
    for one in floods {
        for other in floods {
            let apart_us = one.served_us.abs_diff(other.served_us);
            assert!(
                apart_us <= turn_us(one) + turn_us(other),
                "{} and {} apart",
                one.served_us,
                other.served_us
            );
        }
    }
}
