//! The engine in a world that fails: seeded runs with backends that answer late, wrongly, twice
//! or not at all, callers that cancel and lose patience. Whatever happens, each parcel has one
//! answer, each verdict is right, and all room comes back.

#[path = "../../host/engine/tests/engine/support.rs"]
mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use support::{Held, Scripted, assert_empty, assert_right_or, checks, impatient_engine, submit};
use tutti_backend::{DeviceFault, Outcomes, Refused};
use tutti_engine::{Engine, Patience, SubmitOptions};
use tutti_types::{Limits, Priority, UndecidedCause, Verdict};

struct Dice(ChaCha20Rng);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(ChaCha20Rng::seed_from_u64(seed))
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0.next_u64() % limit
    }
}

fn all_valid(items: usize) -> Vec<Outcomes> {
    vec![Outcomes::Verdicts(vec![Verdict::Valid; items])]
}

/// What becomes of a batch: mostly the right answer, now or later; now and then a fault.
fn fate(dice: &mut Dice, faults: u64, held: Held, kept: &Mutex<Vec<Held>>) -> Result<(), Refused> {
    if dice.below(1_000) >= faults {
        let delay = Duration::from_micros(dice.below(400));
        std::thread::spawn(move || {
            std::thread::sleep(delay);
            held.answer();
        });
        return Ok(());
    }
    match dice.below(9) {
        0 => held.give(Err(DeviceFault::Internal("simulated".into()))),
        1 => held.give(Err(DeviceFault::Gone("simulated".into()))),
        2 => held.give(Ok(Vec::new())),
        3 => {
            let items = held.batch.items();
            held.give(Ok(all_valid(items + 1)));
        }
        4 => return Err(Refused::ShuttingDown),
        5 => panic!("simulated"),
        6 => drop(held),
        7 => {
            let other = held.batch.id - 1;
            held.answer_as(other);
        }
        // Silent, and a liar at the end.
        _ => kept.lock().push(held),
    }
    Ok(())
}

fn caller(engine: &Engine, seed: u64) {
    let mut dice = Dice::new(seed);
    let mut waiting = Vec::new();
    for _ in 0..60 {
        let tag = 1 + dice.below(50) as u32;
        let items = 1 + dice.below(40) as usize;
        let deadline =
            (dice.below(8) == 0).then(|| Instant::now() + Duration::from_micros(dice.below(3_000)));
        let options = SubmitOptions {
            priority: Priority::ALL[dice.below(3) as usize],
            deadline,
            source: dice.below(5),
        };
        if let Ok(asked) = submit(engine, checks(tag, items), options) {
            if dice.below(10) == 0 {
                engine.cancel(asked.ticket);
            }
            waiting.push((asked, tag, items));
        }
        if dice.below(3) == 0 {
            std::thread::sleep(Duration::from_micros(dice.below(2_000)));
        }
    }
    let causes = [
        UndecidedCause::DeviceFault,
        UndecidedCause::Deadline,
        UndecidedCause::Cancelled,
    ];
    for (asked, tag, items) in waiting {
        assert_right_or(&asked.answer(), tag, items, &causes);
    }
}

fn world(seed: u64) {
    let mut dice = Dice::new(seed);
    let kept = Arc::new(Mutex::new(Vec::new()));
    let names = ["a", "b", "c"];
    let count = 1 + dice.below(3) as usize;
    let backends: Vec<_> = names
        .into_iter()
        .take(count)
        .map(|name| {
            let backend = Scripted::new(name, 1 + dice.below(3) as u32);
            let mut fates = Dice::new(dice.below(u64::MAX));
            let faults = [0, 5, 40, 200][dice.below(4) as usize];
            let kept = Arc::clone(&kept);
            backend.conduct(move |held| fate(&mut fates, faults, held, &kept));
            backend
        })
        .collect();
    let limits = Limits {
        batch_items_max: 1 + dice.below(30) as usize,
        queued_parcels_max: 50 + dice.below(500) as usize,
        ..Limits::default()
    };
    let patience = Patience {
        floor: Duration::from_millis(300),
        cost_factor: 1,
    };
    let backends: Vec<_> = backends.iter().collect();
    let engine = impatient_engine(patience, limits, &backends);
    std::thread::scope(|scope| {
        for nth in 0..4 {
            let (engine, seed) = (&engine, dice.below(u64::MAX) ^ nth);
            scope.spawn(move || caller(engine, seed));
        }
    });
    assert_empty(&engine);
    for held in kept.lock().drain(..) {
        let items = held.batch.items();
        held.give(Ok(all_valid(items)));
    }
    assert!(engine.drain(support::SOON), "seed {seed}");
    assert_empty(&engine);
}

#[test]
fn every_parcel_is_answered_rightly_in_worlds_that_fail() {
    for seed in 0..24 {
        world(seed);
    }
}

#[test]
fn the_same_engine_works_again_after_every_backend_failed() {
    let backends = [Scripted::new("a", 2), Scripted::new("b", 2)];
    for backend in &backends {
        backend.conduct(|held| {
            held.give(Err(DeviceFault::Gone("simulated".into())));
            Ok(())
        });
    }
    let patience = Patience::default();
    let engine = impatient_engine(patience, Limits::default(), &[&backends[0], &backends[1]]);
    let asked = support::ask(&engine, checks(3, 30));
    support::assert_undecided(&asked.answer(), 30, UndecidedCause::DeviceFault);
    for backend in &backends {
        backend.answer_all();
    }
    support::until("both are up again", || {
        support::is_up(&engine, "a") && support::is_up(&engine, "b")
    });
    for tag in 1..20 {
        let asked = support::ask(&engine, checks(tag, 30));
        support::assert_right(&asked.answer(), tag, 30);
    }
    assert_empty(&engine);
}
