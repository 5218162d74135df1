//! What is let in, and that all room comes back.

use std::collections::HashMap;
use std::time::Duration;

use tutti_engine::{Engine, SubmitOptions, SubmitRefused};
use tutti_types::{Limits, Priority, UndecidedCause};

use crate::support::{
    Asked, Scripted, ask, ask_with, assert_empty, assert_right, at, checks, engine, from, submit,
};

fn small_queue() -> Limits {
    Limits {
        queued_parcels_max: 80,
        queued_items_max: 800,
        queued_cost_us_max: 80_000_000,
        ..Limits::default()
    }
}

/// Submits until there is no more room.
fn fill(engine: &Engine, options: SubmitOptions, items: usize) -> Vec<Asked> {
    let mut asked = Vec::new();
    loop {
        match submit(engine, checks(1, items), options) {
            Ok(one) => asked.push(one),
            Err(SubmitRefused::QueueFull { retry_after, .. }) => {
                assert!(retry_after >= Duration::from_millis(1));
                return asked;
            }
            Err(refused) => panic!("{refused}"),
        }
        assert!(asked.len() < 100_000, "the queue has an end");
    }
}

#[test]
fn a_full_queue_says_so_at_the_door_and_what_was_let_in_is_answered() {
    let by_parcels = small_queue();
    let by_items = Limits {
        queued_parcels_max: 100_000,
        ..small_queue()
    };
    let cost_us = checks(1, 1).cost_us();
    let by_cost = Limits {
        queued_items_max: 100_000,
        queued_parcels_max: 100_000,
        queued_cost_us_max: 80 * cost_us,
        ..small_queue()
    };
    for (limits, items, parcels) in [(by_parcels, 1, 64), (by_items, 10, 64), (by_cost, 1, 64)] {
        let backend = Scripted::new("a", 1);
        let engine = engine(limits, &[&backend]);
        let mut all = vec![ask_with(&engine, checks(1, items), at(Priority::Urgent))];
        let held = backend.next();
        // One source gets four fifths.
        all.extend(fill(&engine, at(Priority::Urgent), items));
        assert_eq!(all.len(), parcels);
        assert_eq!(engine.queue().parcels, parcels);
        assert_eq!(engine.queue().items, parcels * items);
        // And leaves room to others.
        let other = SubmitOptions {
            source: 1,
            ..at(Priority::Urgent)
        };
        let theirs = fill(&engine, other, items);
        assert!((4..16).contains(&theirs.len()), "{}", theirs.len());
        all.extend(theirs);
        backend.answer_all();
        held.answer();
        for asked in all {
            assert_right(&asked.answer(), 1, items);
        }
        assert_empty(&engine);
    }
}

#[test]
fn lower_priorities_leave_room_for_higher_ones() {
    let backend = Scripted::new("a", 1);
    let engine = engine(small_queue(), &[&backend]);
    let mut all = vec![ask_with(&engine, checks(1, 1), at(Priority::Bulk))];
    let first = backend.next();
    let mut held = HashMap::new();
    for priority in [Priority::Bulk, Priority::Normal, Priority::Urgent] {
        for source in 1..200 {
            let options = SubmitOptions {
                source,
                ..at(priority)
            };
            if let Ok(asked) = submit(&engine, checks(1, 1), options) {
                all.push(asked);
            }
        }
        held.insert(priority, engine.queue().parcels);
    }
    // Each stops where its own share ends, of 80: one place is left to whoever comes next.
    assert_eq!(held[&Priority::Bulk], 59);
    assert_eq!(held[&Priority::Normal], 69);
    assert_eq!(held[&Priority::Urgent], 79);
    backend.answer_all();
    first.answer();
    for asked in all {
        assert_right(&asked.answer(), 1, 1);
    }
    assert_empty(&engine);
}

#[test]
fn a_parcel_above_the_limit_is_taken_when_it_is_alone() {
    let backend = Scripted::new("a", 1);
    let engine = engine(small_queue(), &[&backend]);
    for priority in Priority::ALL {
        let large = submit(&engine, checks(1, 2_000), at(priority)).expect("nothing else waits");
        let held = backend.next();
        assert!(submit(&engine, checks(1, 1), at(priority)).is_err());
        held.answer();
        assert_right(&large.answer(), 1, 2_000);
        assert_empty(&engine);
        let small = ask(&engine, checks(1, 1));
        let held = backend.next();
        assert!(submit(&engine, checks(1, 2_000), at(priority)).is_err());
        held.answer();
        assert_right(&small.answer(), 1, 1);
    }
    assert_empty(&engine);
}

#[test]
fn work_without_items_is_refused() {
    let backend = Scripted::new("a", 1);
    let engine = engine(small_queue(), &[&backend]);
    let refused = submit(&engine, checks(1, 0), from(1)).map(|_| ());
    assert_eq!(refused, Err(SubmitRefused::Empty));
    assert_empty(&engine);
}

#[test]
fn room_is_given_back_whatever_becomes_of_the_work() {
    let backend = Scripted::new("a", 2);
    let mut batches = 0;
    backend.conduct(move |held| {
        batches += 1;
        if batches % 50 == 0 {
            held.give(Err(tutti_backend::DeviceFault::Internal("scripted".into())));
        } else {
            held.answer();
        }
        Ok(())
    });
    let limits = Limits {
        batch_items_max: 16,
        ..small_queue()
    };
    let engine = engine(limits, &[&backend]);
    let (accepted, refused) = flood(&engine);
    assert!(accepted > 0 && refused > 0, "{accepted} {refused}");
    assert_empty(&engine);
}

fn flood(engine: &Engine) -> (usize, usize) {
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|caller: u64| scope.spawn(move || one_of_a_flood(engine, caller)))
            .collect();
        let counts = callers.into_iter().map(|caller| caller.join().unwrap());
        counts.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    })
}

fn one_of_a_flood(engine: &Engine, caller: u64) -> (usize, usize) {
    let mut waiting = Vec::new();
    let mut refused = 0;
    for round in 0..300_usize {
        let options = SubmitOptions {
            source: caller % 3,
            priority: Priority::ALL[round % 3],
            deadline: None,
        };
        match submit(engine, checks(2, 1 + round % 40), options) {
            Ok(asked) => {
                if round % 7 == 0 {
                    engine.cancel(asked.ticket);
                }
                waiting.push((asked, 1 + round % 40));
            }
            Err(_) => refused += 1,
        }
    }
    let accepted = waiting.len();
    for (asked, items) in waiting {
        // What is let in at the door is never turned away inside.
        let causes = [UndecidedCause::Cancelled, UndecidedCause::DeviceFault];
        crate::support::assert_right_or(&asked.answer(), 2, items, &causes);
    }
    (accepted, refused)
}
