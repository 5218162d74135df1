//! Each rule of `docs/batching.md`, one by one.
#![forbid(unsafe_code)]
// Parcels are described by nested calls.
#![allow(clippy::needless_pass_by_value)]

use tutti_batcher::{
    Action, Amount, BackendId, BackendSlots, BatchId, Batcher, Config, Event, Isolation, Micros,
    Parcel, ParcelId, Slice, SourceId, Spoiler, Stats,
};
use tutti_types::{Operation, Priority, UndecidedCause, World};

const VERIFY: Operation = Operation::Verify(World::Bls12381MinPk);
const HASH: Operation = Operation::HashToCurve;
const CPU: BackendId = BackendId(1);
const GPU: BackendId = BackendId(2);
const A: SourceId = SourceId(1);
const B: SourceId = SourceId(2);

/// A batcher, its clock, and what it asked for.
struct Stage {
    batcher: Batcher<()>,
    now: Micros,
    submitted: Vec<Submitted>,
    undecided: Vec<(u64, u32, UndecidedCause)>,
    wakes: Vec<u64>,
    drained: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Submitted {
    backend: BackendId,
    batch: BatchId,
    operation: Operation,
    priority: Priority,
    slices: Vec<Slice<()>>,
    cost_us: u64,
}

impl Submitted {
    fn items(&self) -> u32 {
        self.slices.iter().map(|slice| slice.len).sum()
    }

    fn parcels(&self) -> Vec<u64> {
        self.slices.iter().map(|slice| slice.parcel.0).collect()
    }

    fn sources(&self) -> Vec<SourceId> {
        let mut sources: Vec<_> = self.slices.iter().map(|slice| slice.source).collect();
        sources.sort_unstable();
        sources.dedup();
        sources
    }
}

impl Stage {
    fn new(config: Config) -> Self {
        Self {
            batcher: Batcher::new(config),
            now: Micros(0),
            submitted: Vec::new(),
            undecided: Vec::new(),
            wakes: Vec::new(),
            drained: 0,
        }
    }

    /// One backend that takes one batch at a time.
    fn with_cpu(config: Config) -> Self {
        let mut stage = Self::new(config);
        stage.up(CPU, slots(1, 0, 1));
        stage
    }

    fn handle(&mut self, event: Event<()>) {
        let mut actions = Vec::new();
        self.batcher.handle(self.now, event, &mut actions);
        self.batcher.audit();
        for action in actions {
            match action {
                Action::Submit {
                    backend,
                    batch,
                    operation,
                    priority,
                    slices,
                    cost_us,
                } => self.submitted.push(Submitted {
                    backend,
                    batch,
                    operation,
                    priority,
                    slices,
                    cost_us,
                }),
                Action::Undecided { slice, cause } => {
                    self.undecided.push((slice.parcel.0, slice.len, cause));
                }
                Action::WakeAt(at) => self.wakes.push(at.0),
                Action::Drained => self.drained += 1,
            }
        }
    }

    fn up(&mut self, id: BackendId, slots: BackendSlots) {
        self.handle(Event::BackendUp(id, slots));
    }

    fn arrive(&mut self, parcel: Parcel<()>) {
        self.handle(Event::Arrived(parcel));
    }

    fn tick(&mut self, at: u64) {
        self.now = Micros(at);
        self.handle(Event::Tick);
    }

    fn complete(&mut self, batch: BatchId) {
        let spoilers = Vec::new();
        self.handle(Event::Completed { batch, spoilers });
    }

    fn spoil(&mut self, batch: BatchId, source: SourceId) {
        let (bad, of) = (1, 1);
        let spoilers = vec![Spoiler { source, bad, of }];
        self.handle(Event::Completed { batch, spoilers });
    }

    fn last(&self) -> Submitted {
        self.submitted.last().expect("something was sent").clone()
    }

    /// Completes what was sent last and returns what is sent then.
    fn next(&mut self) -> Submitted {
        let before = self.submitted.len();
        self.complete(self.last().batch);
        assert_eq!(self.submitted.len(), before + 1, "one batch follows");
        self.last()
    }

    fn stats(&self) -> Stats {
        self.batcher.stats()
    }
}

fn slots(slots: u32, urgent_slots: u32, crossover: u32) -> BackendSlots {
    BackendSlots {
        slots,
        urgent_slots,
        operations: vec![(VERIFY, crossover), (HASH, crossover)],
        batch_max: None,
    }
}

/// A normal parcel of source A: each item costs 100 µs.
fn parcel(id: u64, items: u32) -> Parcel<()> {
    Parcel {
        payload: (),
        id: ParcelId(id),
        operation: VERIFY,
        priority: Priority::Normal,
        source: A,
        deadline: None,
        items,
        cost_us: 100 * u64::from(items),
    }
}

fn from(source: SourceId, parcel: Parcel<()>) -> Parcel<()> {
    Parcel { source, ..parcel }
}

fn due(at: u64, parcel: Parcel<()>) -> Parcel<()> {
    Parcel {
        deadline: Some(Micros(at)),
        ..parcel
    }
}

fn at(priority: Priority, parcel: Parcel<()>) -> Parcel<()> {
    Parcel { priority, ..parcel }
}

fn doing(operation: Operation, parcel: Parcel<()>) -> Parcel<()> {
    Parcel {
        operation,
        ..parcel
    }
}

fn small_batches(batch_items_max: u32) -> Config {
    Config {
        batch_items_max,
        ..Config::default()
    }
}

#[test]
fn an_item_is_sent_the_moment_it_arrives_if_a_slot_is_free() {
    let mut stage = Stage::with_cpu(Config::default());
    stage.arrive(parcel(1, 1));
    assert_eq!(stage.last().parcels(), [1]);
    assert_eq!(stage.last().cost_us, 100);
}

#[test]
fn what_gathered_while_busy_is_sealed_the_moment_a_slot_frees() {
    let mut stage = Stage::with_cpu(Config::default());
    for id in 1..=50 {
        stage.arrive(parcel(id, 2));
    }
    assert_eq!(stage.submitted.len(), 1);
    let batch = stage.next();
    assert_eq!(batch.parcels(), (2..=50).collect::<Vec<_>>());
    assert_eq!(batch.cost_us, 49 * 200);
}

#[test]
fn the_arrivals_of_a_burst_share_a_batch() {
    let mut stage = Stage::with_cpu(Config::default());
    let burst = (1..=9).map(|id| Event::Arrived(parcel(id, 1)));
    let mut actions = Vec::new();
    stage.batcher.handle_all(Micros(0), burst, &mut actions);
    assert!(matches!(&actions[..], [Action::Submit { slices, .. }] if slices.len() == 9));
}

#[test]
fn a_tick_that_comes_early_is_asked_for_again() {
    let mut stage = Stage::with_cpu(Config::default());
    stage.arrive(parcel(1, 1));
    stage.arrive(due(500, parcel(2, 1)));
    stage.tick(499);
    assert_eq!(stage.wakes, [500, 500]);
}

#[test]
fn batches_are_cut_by_items_and_large_parcels_split() {
    let mut stage = Stage::with_cpu(small_batches(10));
    stage.arrive(parcel(1, 25));
    stage.arrive(parcel(2, 3));
    let first = stage.last().slices;
    let second = stage.next().slices;
    let third = stage.next().slices;
    let cuts = |slices: &[Slice<()>]| {
        let cut = |slice: &Slice<()>| (slice.parcel.0, slice.start, slice.len);
        slices.iter().map(cut).collect::<Vec<_>>()
    };
    assert_eq!(cuts(&first), [(1, 0, 10)]);
    assert_eq!(cuts(&second), [(1, 10, 10)]);
    assert_eq!(cuts(&third), [(1, 20, 5), (2, 0, 3)]);
}

#[test]
fn batches_are_cut_by_cost() {
    let mut stage = Stage::with_cpu(Config {
        batch_cost_us_max: 1_050,
        ..Config::default()
    });
    stage.arrive(parcel(1, 25));
    assert_eq!((stage.last().items(), stage.last().cost_us), (10, 1_000));
    assert_eq!(stage.next().items(), 10);
    assert_eq!(stage.next().items(), 5);
}

#[test]
fn an_item_above_the_cost_limit_goes_alone() {
    let mut stage = Stage::with_cpu(Config {
        batch_cost_us_max: 50,
        ..Config::default()
    });
    stage.arrive(parcel(1, 2));
    assert_eq!(stage.last().items(), 1);
    assert_eq!(stage.next().items(), 1);
}

#[test]
fn priorities_are_strict() {
    let mut stage = Stage::with_cpu(Config::default());
    stage.arrive(parcel(1, 1));
    stage.arrive(at(Priority::Bulk, parcel(2, 1)));
    stage.arrive(parcel(3, 1));
    stage.arrive(at(Priority::Urgent, parcel(4, 1)));
    assert_eq!(stage.next().priority, Priority::Urgent);
    stage.arrive(at(Priority::Urgent, parcel(5, 1)));
    assert_eq!(stage.next().priority, Priority::Urgent);
    assert_eq!(stage.next().priority, Priority::Normal);
    assert_eq!(stage.next().priority, Priority::Bulk);
}

#[test]
fn urgent_slots_take_urgent_batches_at_once() {
    let mut stage = Stage::new(Config::default());
    stage.up(CPU, slots(1, 1, 1));
    stage.arrive(at(Priority::Bulk, parcel(1, 1)));
    stage.arrive(parcel(2, 1));
    assert_eq!(stage.submitted.len(), 1);
    stage.arrive(at(Priority::Urgent, parcel(3, 1)));
    assert_eq!(stage.last().parcels(), [3]);
}

#[test]
fn the_operation_whose_head_waits_longest_is_next() {
    let mut stage = Stage::with_cpu(Config::default());
    stage.arrive(parcel(1, 1));
    stage.arrive(doing(HASH, parcel(2, 1)));
    stage.arrive(parcel(3, 1));
    assert_eq!(stage.next().operation, HASH);
    assert_eq!(stage.next().operation, VERIFY);
}

#[test]
fn a_backlog_in_one_operation_does_not_hold_up_another() {
    let mut stage = Stage::with_cpu(small_batches(10));
    stage.arrive(parcel(1, 1_000));
    stage.arrive(doing(HASH, parcel(2, 30)));
    let operations: Vec<_> = (0..6).map(|_| stage.next().operation).collect();
    assert_eq!(operations, [VERIFY, HASH, VERIFY, HASH, VERIFY, HASH]);
}

#[test]
fn a_newcomer_is_in_the_next_batch_behind_a_flood() {
    let mut stage = Stage::with_cpu(small_batches(500));
    for id in 0..40 {
        stage.arrive(parcel(id, 1_000));
    }
    stage.arrive(from(B, parcel(100, 1)));
    let batch = stage.next();
    assert!(batch.parcels().contains(&100), "{:?}", batch.parcels());
    assert_eq!(batch.items(), 500);
}

#[test]
fn gathering_waits_for_company_but_not_beyond_a_full_batch() {
    let config = Config {
        gather_us: 100,
        ..small_batches(4)
    };
    let mut stage = Stage::with_cpu(config);
    stage.arrive(parcel(1, 1));
    stage.tick(50);
    stage.arrive(parcel(2, 1));
    assert!(stage.submitted.is_empty());
    assert_eq!(stage.wakes, [100, 100]);
    stage.tick(100);
    assert_eq!(stage.last().items(), 2);
    stage.complete(stage.last().batch);
    stage.arrive(parcel(3, 3));
    assert_eq!(stage.submitted.len(), 1);
    stage.arrive(parcel(4, 2));
    assert_eq!(stage.last().items(), 4);
}

#[test]
fn gathering_ends_when_a_batch_is_full_by_cost() {
    let mut stage = Stage::with_cpu(Config {
        gather_us: 100,
        batch_cost_us_max: 500,
        ..Config::default()
    });
    stage.arrive(parcel(1, 4));
    assert!(stage.submitted.is_empty());
    stage.arrive(parcel(2, 1));
    assert_eq!(stage.last().items(), 5);
}

#[test]
fn gathering_takes_at_most_half_of_the_time_left() {
    let config = Config {
        gather_us: 1_000,
        ..Config::default()
    };
    let mut stage = Stage::with_cpu(config);
    stage.arrive(parcel(1, 1));
    stage.arrive(due(300, parcel(2, 1)));
    assert_eq!(stage.wakes, [1_000, 150]);
    stage.tick(150);
    assert_eq!(stage.last().items(), 2);
}

#[test]
fn urgent_and_failed_work_does_not_gather() {
    let config = Config {
        gather_us: 1_000,
        ..Config::default()
    };
    let mut stage = Stage::new(config);
    stage.up(CPU, slots(1, 0, 1));
    stage.arrive(at(Priority::Urgent, parcel(1, 1)));
    assert_eq!(stage.submitted.len(), 1);
    stage.up(GPU, slots(1, 0, 1));
    stage.handle(Event::Faulted {
        batch: stage.last().batch,
    });
    assert_eq!(stage.last().backend, GPU);
}

fn isolation_of_four() -> Config {
    Config {
        isolation: Isolation {
            batch_items_max: 4,
            ..Config::default().isolation
        },
        ..Config::default()
    }
}

#[test]
fn a_spoiler_is_alone_with_what_it_has_and_what_it_sends() {
    let mut stage = Stage::with_cpu(isolation_of_four());
    stage.arrive(parcel(1, 1));
    stage.arrive(parcel(2, 6));
    stage.arrive(from(B, parcel(3, 20)));
    stage.spoil(stage.last().batch, A);
    stage.arrive(parcel(4, 6));
    let mut batches = vec![stage.last()];
    while stage.stats().queued[1].items > 0 {
        batches.push(stage.next());
    }
    let of_a: Vec<_> = batches.iter().filter(|b| b.sources() == [A]).collect();
    assert_eq!(
        of_a.iter().map(|b| b.items()).collect::<Vec<_>>(),
        [4, 4, 4]
    );
    let of_b: Vec<_> = batches.iter().filter(|b| b.sources() == [B]).collect();
    assert_eq!(of_b.iter().map(|b| b.items()).collect::<Vec<_>>(), [20]);
}

#[test]
fn a_spoiler_shares_again_after_its_cooling() {
    let mut stage = Stage::with_cpu(isolation_of_four());
    stage.arrive(parcel(1, 1));
    stage.spoil(stage.last().batch, A);
    assert_eq!(stage.stats().sources_isolated, 1);
    stage.arrive(from(B, parcel(2, 1)));
    stage.arrive(parcel(3, 20));
    stage.arrive(from(B, parcel(4, 1)));
    stage.tick(1_000_000);
    assert_eq!(stage.stats().sources_isolated, 0);
    let batch = stage.next();
    assert_eq!((batch.items(), batch.sources()), (21, vec![A, B]));
}

#[test]
fn many_spoilers_together_take_every_second_turn_at_most() {
    let mut stage = Stage::with_cpu(Config {
        batch_items_max: 10,
        ..isolation_of_four()
    });
    let mut id = 0;
    for spoiler in 100..200 {
        id += 1;
        stage.arrive(from(SourceId(spoiler), parcel(id, 1)));
        stage.spoil(stage.last().batch, SourceId(spoiler));
    }
    for spoiler in 100..200 {
        id += 1;
        stage.arrive(from(SourceId(spoiler), parcel(id, 1)));
    }
    stage.arrive(parcel(1_000, 100));
    let honest = (0..20).filter(|_| stage.next().sources() == [A]).count();
    assert_eq!(honest, 10);
}

#[test]
fn what_is_late_on_arrival_is_answered_at_once() {
    let mut stage = Stage::with_cpu(Config::default());
    stage.tick(100);
    stage.arrive(due(100, parcel(1, 5)));
    stage.arrive(due(101, parcel(2, 5)));
    assert_eq!(stage.undecided, [(1, 5, UndecidedCause::Deadline)]);
    assert_eq!(stage.last().parcels(), [2]);
}

#[test]
fn a_deadline_is_kept_to_the_microsecond_and_spares_what_is_sent() {
    let mut stage = Stage::with_cpu(small_batches(10));
    stage.arrive(due(500, parcel(1, 15)));
    stage.arrive(due(300, parcel(2, 1)));
    assert_eq!(stage.wakes, [500, 300]);
    stage.tick(299);
    assert!(stage.undecided.is_empty());
    stage.tick(300);
    assert_eq!(stage.undecided, [(2, 1, UndecidedCause::Deadline)]);
    assert_eq!(stage.wakes, [500, 300, 300, 500]);
    stage.tick(500);
    assert_eq!(stage.undecided[1], (1, 5, UndecidedCause::Deadline));
    assert_eq!(stage.stats().flying.items, 10);
    stage.complete(stage.last().batch);
    assert_eq!(stage.stats().parcels, 0);
}

#[test]
fn what_cannot_be_ready_in_time_is_not_started() {
    let mut stage = Stage::with_cpu(Config {
        answer_us: 200,
        ..Config::default()
    });
    stage.arrive(due(200, parcel(1, 1)));
    assert_eq!(stage.undecided, [(1, 1, UndecidedCause::Deadline)]);
    stage.arrive(parcel(2, 1));
    stage.arrive(due(900, parcel(3, 1)));
    assert_eq!(stage.wakes, [700]);
}

#[test]
fn a_failed_batch_goes_elsewhere_whole_first_and_under_a_new_id() {
    let mut stage = Stage::with_cpu(Config::default());
    stage.arrive(parcel(1, 7));
    let failed = stage.last();
    stage.up(GPU, slots(1, 0, 1));
    stage.arrive(parcel(2, 1));
    stage.arrive(parcel(3, 1));
    stage.handle(Event::Faulted {
        batch: failed.batch,
    });
    assert_eq!(
        stage.submitted.len(),
        2,
        "the other backend is busy, this one is out"
    );
    let again = stage.next();
    assert_eq!((again.backend, &again.slices), (GPU, &failed.slices));
    assert_ne!(again.batch, failed.batch);
    assert_eq!(stage.next().parcels(), [3]);
    assert_eq!(stage.stats().batches_retried, 1);
}

#[test]
fn a_batch_is_tried_once_on_each_backend() {
    let mut stage = Stage::with_cpu(Config::default());
    stage.up(GPU, slots(1, 0, 1));
    stage.arrive(parcel(1, 7));
    let first = stage.last();
    stage.handle(Event::Faulted { batch: first.batch });
    let second = stage.last();
    assert_ne!(first.backend, second.backend);
    stage.up(first.backend, slots(1, 0, 1));
    stage.handle(Event::Faulted {
        batch: second.batch,
    });
    assert_eq!(stage.undecided, [(1, 7, UndecidedCause::DeviceFault)]);
    assert_eq!(stage.submitted.len(), 2);
}

#[test]
fn a_failed_batch_that_cannot_go_here_does_not_hold_up_one_that_can() {
    let other = BackendId(3);
    let mut stage = Stage::with_cpu(Config::default());
    stage.arrive(parcel(1, 1));
    let on_cpu = stage.last().batch;
    stage.up(GPU, slots(1, 0, 1));
    stage.arrive(parcel(2, 1));
    let on_gpu = stage.last().batch;
    stage.up(other, slots(1, 0, 1));
    stage.arrive(parcel(3, 1));
    assert_eq!(stage.last().backend, other);
    stage.handle(Event::Faulted { batch: on_cpu });
    stage.handle(Event::Faulted { batch: on_gpu });
    assert_eq!(stage.stats().parked.items, 2);
    stage.up(CPU, slots(1, 0, 1));
    assert_eq!(
        (stage.last().backend, stage.last().parcels()),
        (CPU, vec![2])
    );
}

#[test]
fn an_attempt_that_was_declared_over_stays_over() {
    let mut stage = Stage::with_cpu(Config::default());
    stage.up(GPU, slots(1, 0, 1));
    stage.arrive(parcel(1, 7));
    let first = stage.last().batch;
    stage.handle(Event::Faulted { batch: first });
    stage.spoil(first, A);
    assert_eq!(stage.stats().items_completed, 0);
    assert_eq!(stage.stats().sources_tracked, 0);
    stage.complete(stage.last().batch);
    assert_eq!(stage.stats().items_completed, 7);
}

#[test]
fn a_fault_leaves_the_backends_other_batches_in_flight() {
    let mut stage = Stage::new(Config::default());
    stage.up(CPU, slots(2, 0, 1));
    stage.arrive(parcel(1, 1));
    let good = stage.last().batch;
    stage.arrive(parcel(2, 1));
    stage.handle(Event::Faulted {
        batch: stage.last().batch,
    });
    assert_eq!(stage.undecided, [(2, 1, UndecidedCause::DeviceFault)]);
    stage.complete(good);
    assert_eq!(stage.stats().items_completed, 1);
}

#[test]
fn a_backend_that_goes_leaves_all_its_batches_to_others() {
    let mut stage = Stage::new(Config::default());
    stage.up(CPU, slots(2, 0, 1));
    stage.arrive(parcel(1, 1));
    stage.arrive(parcel(2, 1));
    stage.up(GPU, slots(2, 0, 1));
    stage.handle(Event::BackendDown(CPU));
    let again: Vec<_> = stage.submitted[2..]
        .iter()
        .map(|b| (b.backend, b.parcels()))
        .collect();
    assert_eq!(again, [(GPU, vec![1]), (GPU, vec![2])]);
}

#[test]
fn without_a_backend_nothing_waits() {
    let mut stage = Stage::new(Config::default());
    stage.arrive(parcel(1, 1));
    stage.up(CPU, slots(1, 0, 1));
    stage.arrive(parcel(2, 1));
    stage.arrive(parcel(3, 1));
    stage.handle(Event::BackendDown(CPU));
    stage.arrive(parcel(4, 1));
    stage.arrive(doing(Operation::Aggregate, parcel(5, 1)));
    let causes: Vec<_> = stage
        .undecided
        .iter()
        .map(|(id, _, cause)| (*id, *cause))
        .collect();
    assert_eq!(
        causes,
        [
            (1, UndecidedCause::Unsupported),
            (3, UndecidedCause::DeviceFault),
            (2, UndecidedCause::DeviceFault),
            (4, UndecidedCause::DeviceFault),
            (5, UndecidedCause::Unsupported),
        ]
    );
}

#[test]
fn a_small_batch_waits_for_the_cpu_and_grows_into_one_for_the_gpu() {
    let mut stage = Stage::with_cpu(Config::default());
    stage.up(GPU, slots(1, 0, 100));
    stage.arrive(parcel(1, 5));
    assert_eq!(stage.last().backend, CPU);
    stage.arrive(parcel(2, 60));
    assert_eq!(stage.submitted.len(), 1);
    stage.arrive(parcel(3, 40));
    assert_eq!((stage.last().backend, stage.last().items()), (GPU, 100));
    stage.handle(Event::BackendDown(CPU));
    stage.complete(stage.last().batch);
    assert_eq!((stage.last().backend, stage.last().items()), (GPU, 5));
}

#[test]
fn cancelling_drops_what_is_not_on_a_backend() {
    let mut stage = Stage::with_cpu(small_batches(10));
    stage.arrive(parcel(1, 15));
    stage.handle(Event::Cancelled(ParcelId(1)));
    stage.handle(Event::Cancelled(ParcelId(1)));
    stage.handle(Event::Cancelled(ParcelId(99)));
    assert_eq!(stage.undecided, [(1, 5, UndecidedCause::Cancelled)]);
    stage.complete(stage.last().batch);
    assert_eq!(stage.stats().items_completed, 10);
}

/// Two parcels in one batch that waits, failed once, for a backend that is busy.
fn parked(second: Parcel<()>) -> Stage {
    let mut stage = Stage::with_cpu(Config::default());
    stage.arrive(parcel(1, 1));
    stage.arrive(parcel(2, 3));
    stage.arrive(second);
    let batch = stage.next().batch;
    stage.up(GPU, slots(1, 0, 1));
    stage.arrive(parcel(4, 1));
    stage.handle(Event::Faulted { batch });
    assert_eq!(stage.stats().parked.items, 8);
    stage
}

#[test]
fn cancelling_reaches_into_batches_that_wait_for_another_backend() {
    let mut stage = parked(parcel(3, 5));
    stage.handle(Event::Cancelled(ParcelId(2)));
    assert_eq!(stage.undecided, [(2, 3, UndecidedCause::Cancelled)]);
    let batch = stage.next();
    assert_eq!((batch.parcels(), batch.cost_us), (vec![3], 500));
}

#[test]
fn deadlines_reach_into_batches_that_wait_for_another_backend() {
    let mut stage = parked(due(700, parcel(3, 5)));
    assert_eq!(stage.wakes.last(), Some(&700));
    stage.tick(700);
    assert_eq!(stage.undecided, [(3, 5, UndecidedCause::Deadline)]);
    assert_eq!(stage.next().parcels(), [2]);
}

#[test]
fn draining_finishes_what_was_taken_and_takes_no_more() {
    let mut stage = Stage::with_cpu(Config {
        gather_us: 1_000,
        ..Config::default()
    });
    stage.arrive(parcel(1, 1));
    stage.handle(Event::Drain);
    assert_eq!(stage.last().parcels(), [1], "a drain gathers no more");
    stage.arrive(parcel(2, 1));
    assert_eq!(stage.undecided, [(2, 1, UndecidedCause::ShuttingDown)]);
    assert_eq!(stage.drained, 0);
    stage.complete(stage.last().batch);
    assert_eq!(stage.drained, 1);
    stage.handle(Event::Drain);
    stage.arrive(parcel(3, 1));
    assert_eq!(stage.undecided.len(), 2);
    assert_eq!(stage.drained, 1);
}

#[test]
fn an_idle_batcher_drains_at_once() {
    let mut stage = Stage::with_cpu(Config::default());
    stage.handle(Event::Drain);
    assert_eq!(stage.drained, 1);
}

fn tight_queue() -> Config {
    Config {
        queued_parcels_max: 80,
        queued_items_max: 800,
        queued_cost_us_max: 800_000,
        ..Config::default()
    }
}

/// Sends parcels of one kind until one is refused, and says how many were taken.
fn fill(stage: &mut Stage, first_id: u64, kind: &Parcel<()>) -> u64 {
    let refused = stage.undecided.len();
    for id in first_id.. {
        stage.arrive(Parcel {
            id: ParcelId(id),
            ..kind.clone()
        });
        if let Some((_, _, cause)) = stage.undecided.get(refused) {
            assert_eq!(*cause, UndecidedCause::Overload);
            return id - first_id;
        }
    }
    unreachable!("a queue is bounded")
}

#[test]
fn parcels_items_and_cost_are_bounded_and_all_come_back() {
    let urgent = |items, cost_us| Parcel {
        cost_us,
        ..at(Priority::Urgent, parcel(0, items))
    };
    for (kind, taken) in [
        (urgent(1, 1), 64),
        (urgent(20, 1), 32),
        (urgent(1, 40_000), 16),
    ] {
        let mut stage = Stage::with_cpu(tight_queue());
        assert_eq!(fill(&mut stage, 1, &kind), taken);
        while stage.stats().parcels > 0 {
            stage.complete(stage.last().batch);
        }
        assert_eq!(fill(&mut stage, 1_000, &kind), taken);
    }
}

#[test]
fn a_flood_leaves_room_for_others_in_the_queue() {
    let mut stage = Stage::with_cpu(tight_queue());
    let kind = |source| from(SourceId(source), at(Priority::Urgent, parcel(0, 1)));
    assert_eq!(fill(&mut stage, 1, &kind(1)), 64);
    let second = fill(&mut stage, 1_000, &kind(2));
    let third = fill(&mut stage, 2_000, &kind(3));
    assert_eq!((second, third), (12, 3));
}

#[test]
fn lower_priorities_leave_room_for_higher_ones() {
    let mut stage = Stage::with_cpu(tight_queue());
    let mut taken = [0; 3];
    for (priority, taken) in [Priority::Bulk, Priority::Normal, Priority::Urgent]
        .into_iter()
        .zip(&mut taken)
    {
        for source in 0..200 {
            let id = 1_000 * priority as u64 + source;
            let before = stage.undecided.len();
            stage.arrive(from(SourceId(id), at(priority, parcel(id, 1))));
            *taken += usize::from(stage.undecided.len() == before);
        }
    }
    assert_eq!(taken, [59, 10, 10]);
}

#[test]
#[should_panic(expected = "parcel ids are unique")]
fn a_parcel_id_is_not_used_twice_at_once() {
    let mut stage = Stage::with_cpu(Config::default());
    stage.arrive(parcel(1, 1));
    stage.arrive(parcel(1, 1));
}

/// Prints what an item costs here from arrival to completion; holds nothing but that it ends.
#[test]
fn speed_of_parcels_of_one_item() {
    for (backlog, sources) in [(1, 1), (4_000, 1), (4_000, 64), (40_000, 1_000)] {
        let items = 100_000;
        let started = std::time::Instant::now();
        let batches = pump(items, backlog, sources);
        let each = started.elapsed().as_secs_f64() * 1e9 / items as f64;
        println!(
            "{backlog:>6} waiting of {sources:>4} sources: {each:.0} ns an item, {batches} batches"
        );
    }
}

fn pump(items: u64, backlog: u64, sources: u64) -> u64 {
    let mut batcher = Batcher::new(Config {
        queued_cost_us_max: 1 << 40,
        ..Config::default()
    });
    let mut actions = Vec::new();
    let up = Event::BackendUp(CPU, slots(2, 0, 1));
    batcher.handle(Micros(0), up, &mut actions);
    let mut flying = std::collections::VecDeque::new();
    let mut completed = 0;
    for id in 0..items {
        let item = due(id + 1_000_000, from(SourceId(id % sources), parcel(id, 1)));
        batcher.handle(Micros(id), Event::Arrived(item), &mut actions);
        let last = id + 1 == items;
        while id + 1 - completed > if last { 0 } else { backlog } {
            for action in actions.drain(..) {
                match action {
                    Action::Submit { batch, slices, .. } => {
                        flying.push_back((batch, slices.len() as u64));
                    }
                    Action::WakeAt(_) => {}
                    other => panic!("{other:?}"),
                }
            }
            let (batch, done) = flying.pop_front().expect("a slot is never idle");
            completed += done;
            let spoilers = Vec::new();
            batcher.handle(
                Micros(id),
                Event::Completed { batch, spoilers },
                &mut actions,
            );
        }
    }
    let stats = batcher.stats();
    assert_eq!(stats.items_completed, items);
    stats.batches_sealed
}

#[test]
fn a_backend_for_large_batches_has_them_and_others_have_the_usual() {
    let mut stage = Stage::new(small_batches(10));
    stage.up(CPU, slots(1, 0, 1));
    let large = Some(Amount {
        items: 1_000,
        cost_us: 1_000_000,
    });
    stage.up(
        GPU,
        BackendSlots {
            batch_max: large,
            ..slots(1, 0, 100)
        },
    );
    stage.arrive(parcel(1, 1_500));
    let sent: Vec<_> = stage
        .submitted
        .iter()
        .map(|s| (s.backend, s.items()))
        .collect();
    // The device takes what it can, the CPU what it is used to.
    assert_eq!(sent, [(GPU, 1_000), (CPU, 10)]);
    stage.complete(stage.last().batch);
    assert_eq!((stage.last().backend, stage.last().items()), (CPU, 10));
}
