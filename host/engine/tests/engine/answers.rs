//! Each item has one answer, in its caller's order, whatever it was batched with.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use tutti_backend::{CheckedKeys, DeviceFault, Outcomes, Work};
use tutti_engine::{Answer, Engine, SubmitOptions, SubmitRefused};
use tutti_types::{Part, Priority, UndecidedCause, Verdict};

use crate::support::{
    Asked, Held, SOON, Scripted, ask, ask_with, assert_empty, assert_right, assert_right_or,
    assert_undecided, at, batches_of, checks, engine, from, is_up, keys, right_key_reason,
    right_point, right_verdict, sums, try_ask, until,
};

/// Ten items on three slots in batches of four, answered last batch first.
fn split(work: Work) -> Answer {
    let backend = Scripted::new("a", 3);
    let engine = engine(batches_of(4), &[&backend]);
    let asked = ask(&engine, work);
    let held = [backend.next(), backend.next(), backend.next()];
    let ranges: Vec<_> = held.iter().flat_map(Held::ranges).collect();
    assert_eq!(ranges, [0..4, 4..8, 8..10]);
    for batch in held.into_iter().rev() {
        assert!(!asked.is_answered());
        batch.answer();
    }
    let answer = asked.answer();
    assert_eq!(answer.timing.batches, 3);
    assert_eq!(answer.timing.backend, Some("a"));
    assert_empty(&engine);
    answer
}

#[test]
fn a_parcel_split_over_batches_is_put_together_in_order() {
    assert_right(&split(checks(7, 10)), 7, 10);

    let Outcomes::Points(points) = split(sums(5, 10)).outcomes else {
        panic!("sums have points");
    };
    let right: Vec<_> = (0..10).map(|item| Ok(right_point(5, item))).collect();
    assert_eq!(points, right);

    let Outcomes::Keys(CheckedKeys::Bls12381G1(keys)) = split(keys(10)).outcomes else {
        panic!("keys come back as keys");
    };
    let right: Vec<_> = (0..10).map(|item| Err(right_key_reason(item))).collect();
    assert_eq!(keys, right);
}

/// Items 0..4 meet a fault, 4..8 are decided, 8..10 are cancelled.
fn mixed(work: Work) -> Answer {
    let backend = Scripted::new("a", 2);
    let engine = engine(batches_of(4), &[&backend]);
    let asked = ask(&engine, work);
    let (first, second) = (backend.next(), backend.next());
    engine.cancel(asked.ticket);
    // The cancellation is known once something asked later is queued behind it.
    first.give(Err(DeviceFault::Internal("scripted".into())));
    until("the fault is known", || !is_up(&engine, "a"));
    second.answer();
    let answer = asked.answer();
    assert_empty(&engine);
    answer
}

fn assert_mixed(verdicts: &[Verdict], right: impl Fn(usize) -> Verdict) {
    let cause = |item| match item {
        0..4 => Some(UndecidedCause::DeviceFault),
        8.. => Some(UndecidedCause::Cancelled),
        _ => None,
    };
    for (item, verdict) in verdicts.iter().enumerate() {
        let expected = cause(item).map_or_else(|| right(item), Verdict::Undecided);
        assert_eq!(*verdict, expected, "item {item}");
    }
    assert_eq!(verdicts.len(), 10);
}

#[test]
fn what_was_decided_is_kept_beside_what_was_not() {
    let verdicts = mixed(checks(7, 10)).outcomes;
    assert!(matches!(verdicts, Outcomes::Verdicts(_)));
    assert_mixed(&verdicts.verdicts(), |item| right_verdict(7, item));

    let Outcomes::Points(points) = mixed(sums(5, 10)).outcomes else {
        panic!("sums have points");
    };
    assert_eq!(
        points[4..8],
        [4, 5, 6, 7].map(|item| Ok(right_point(5, item)))
    );
    let points = Outcomes::Points(points);
    assert_mixed(&points.verdicts(), |_| Verdict::Valid);

    // Keys of which some are undecided are no keys, but each verdict names its own.
    let keys = mixed(keys(10)).outcomes;
    assert!(matches!(keys, Outcomes::Verdicts(_)));
    assert_mixed(&keys.verdicts(), |item| {
        Verdict::Invalid(right_key_reason(item), Part::Key(item as u32))
    });
}

#[test]
fn a_caller_whose_time_is_over_gets_what_was_decided() {
    let backend = Scripted::new("a", 1);
    let engine = engine(batches_of(4), &[&backend]);
    let asked = ask(&engine, checks(7, 10));
    backend.next().answer();
    let late = backend.next();
    engine.give_up(asked.ticket);
    let verdicts = asked.answer().outcomes.verdicts();
    assert_eq!(
        verdicts[..4],
        [0, 1, 2, 3].map(|item| right_verdict(7, item))
    );
    let undecided = Verdict::Undecided(UndecidedCause::Deadline);
    assert!(verdicts[4..].iter().all(|verdict| *verdict == undecided));
    late.answer();
    // Nothing of it is sent any more, and others are served.
    let next = ask(&engine, checks(8, 2));
    backend.next().answer();
    assert_right(&next.answer(), 8, 2);
    assert_empty(&engine);
}

#[test]
fn parcels_that_share_a_batch_get_their_own_answers() {
    let backend = Scripted::new("a", 1);
    let engine = engine(batches_of(100), &[&backend]);
    let occupying = ask(&engine, checks(1, 1));
    let first = backend.next();
    let asked: Vec<_> = (2..22)
        .map(|tag| ask_with(&engine, checks(tag, tag as usize), from(u64::from(tag))))
        .collect();
    first.answer();
    let shared = backend.next();
    backend.answer_all();
    assert!(shared.ranges().len() > 1, "one batch holds several parcels");
    shared.answer();
    assert_right(&occupying.answer(), 1, 1);
    for (tag, asked) in (2..).zip(&asked) {
        assert_right(&asked.answer(), tag, tag as usize);
    }
    assert_empty(&engine);
}

#[test]
fn each_batch_has_a_challenge_of_its_own() {
    let (first, second) = (Scripted::new("a", 1), Scripted::new("b", 1));
    let engine = engine(batches_of(1), &[&first, &second]);
    let asked = ask(&engine, checks(3, 40));
    let mut challenges = HashSet::new();
    let mut batches = 0;
    for _ in 0..19 {
        for held in [first.next(), second.next()] {
            batches += 1;
            challenges.insert(held.batch.challenge.0);
            held.answer();
        }
    }
    // The same items again, on another backend, under another challenge.
    let failing = first.next();
    let items = failing.ranges();
    challenges.insert(failing.batch.challenge.0);
    failing.give(Err(DeviceFault::Internal("scripted".into())));
    let other = second.next();
    challenges.insert(other.batch.challenge.0);
    other.answer();
    let again = second.next();
    assert_eq!(again.ranges(), items);
    challenges.insert(again.batch.challenge.0);
    again.answer();
    batches += 3;
    assert_right(&asked.answer(), 3, 40);
    assert_eq!(challenges.len(), batches);
    assert!(!challenges.contains(&[0; 32]));
}

fn due(deadline: Instant) -> SubmitOptions {
    SubmitOptions {
        deadline: Some(deadline),
        ..SubmitOptions::default()
    }
}

#[test]
fn what_is_late_is_undecided_and_what_is_being_computed_is_kept() {
    let backend = Scripted::new("a", 1);
    let engine = engine(batches_of(4), &[&backend]);
    let late = ask_with(&engine, checks(2, 3), due(Instant::now()));
    assert_undecided(&late.answer(), 3, UndecidedCause::Deadline);
    assert!(!backend.has_batch(), "what is late is not computed");

    let occupying = ask(&engine, checks(1, 4));
    let held = backend.next();
    let deadline = Instant::now() + Duration::from_millis(150);
    let waiting = ask_with(&engine, checks(2, 3), due(deadline));
    assert_undecided(&waiting.answer(), 3, UndecidedCause::Deadline);
    assert!(Instant::now() >= deadline);
    held.answer();
    assert_right(&occupying.answer(), 1, 4);

    // Four of six items are on the backend at the deadline.
    let deadline = Instant::now() + Duration::from_secs(1);
    let half = ask_with(&engine, checks(3, 6), due(deadline));
    let held = backend.next();
    std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
    held.answer();
    let answer = half.answer();
    assert_right_or(&answer, 3, 6, &[UndecidedCause::Deadline]);
    assert_right_head(&answer, 4);
    assert_empty(&engine);
}

fn assert_right_head(answer: &Answer, items: usize) {
    for (item, verdict) in answer.outcomes.verdicts()[..items].iter().enumerate() {
        assert_eq!(*verdict, right_verdict(3, item));
    }
}

#[test]
fn a_cancelled_parcel_is_answered_and_makes_room() {
    let backend = Scripted::new("a", 1);
    let engine = engine(batches_of(4), &[&backend]);
    let running = ask(&engine, checks(1, 4));
    let held = backend.next();
    let waiting = ask(&engine, checks(2, 3));
    engine.cancel(waiting.ticket);
    assert_undecided(&waiting.answer(), 3, UndecidedCause::Cancelled);
    engine.cancel(waiting.ticket);
    engine.cancel(running.ticket);
    held.answer();
    assert_right(&running.answer(), 1, 4);
    assert_empty(&engine);
}

#[test]
fn urgent_work_is_next() {
    let backend = Scripted::new("a", 1);
    let engine = engine(batches_of(4), &[&backend]);
    let running = ask(&engine, checks(1, 1));
    let held = backend.next();
    let bulk = ask_with(&engine, checks(2, 4), at(Priority::Bulk));
    let normal = ask_with(&engine, checks(3, 4), at(Priority::Normal));
    let urgent = ask_with(&engine, checks(4, 4), at(Priority::Urgent));
    held.answer();
    let order: [Priority; 3] = std::array::from_fn(|_| {
        let held = backend.next();
        let priority = held.batch.priority;
        held.answer();
        priority
    });
    assert_eq!(order, Priority::ALL);
    for (tag, asked) in [(1, running), (2, bulk), (3, normal), (4, urgent)] {
        assert_right(&asked.answer(), tag, if tag == 1 { 1 } else { 4 });
    }
}

#[test]
fn a_reply_that_panics_harms_nobody_else() {
    let backend = Scripted::new("a", 1);
    backend.answer_all();
    let engine = engine(batches_of(4), &[&backend]);
    let panicking = Box::new(|_| panic!("a caller's own fault"));
    let options = SubmitOptions::default();
    engine.submit(checks(1, 1), options, panicking).unwrap();
    assert_right(&ask(&engine, checks(2, 9)).answer(), 2, 9);
    assert_empty(&engine);
}

fn asked_and_held(engine: &Engine, backend: &Scripted) -> (Asked, Held) {
    (ask(engine, checks(6, 3)), backend.next())
}

#[test]
fn a_drain_finishes_what_was_accepted_and_refuses_the_rest() {
    let backend = Scripted::new("a", 1);
    let engine = engine(batches_of(3), &[&backend]);
    let (running, held) = asked_and_held(&engine, &backend);
    let waiting = ask(&engine, checks(7, 3));
    let draining = engine.clone();
    let drains: Vec<_> = (0..2)
        .map(|_| {
            let draining = draining.clone();
            std::thread::spawn(move || draining.drain(SOON))
        })
        .collect();
    until("new work is refused", || {
        let refused = engine.submit(checks(8, 1), SubmitOptions::default(), Box::new(|_| {}));
        refused == Err(SubmitRefused::ShuttingDown)
    });
    backend.answer_all();
    held.answer();
    assert_right(&running.answer(), 6, 3);
    assert_right(&waiting.answer(), 7, 3);
    for drain in drains {
        assert!(drain.join().unwrap(), "all was done");
    }
    assert!(engine.drain(SOON), "and still is");
    assert_empty(&engine);
}

#[test]
fn a_drain_whose_patience_is_over_leaves_nobody_without_an_answer() {
    let backend = Scripted::new("a", 1);
    let engine = engine(batches_of(3), &[&backend]);
    let (running, held) = asked_and_held(&engine, &backend);
    let waiting = ask(&engine, checks(7, 3));
    assert!(!engine.drain(Duration::ZERO));
    assert_undecided(&running.answer(), 3, UndecidedCause::ShuttingDown);
    assert_undecided(&waiting.answer(), 3, UndecidedCause::ShuttingDown);
    assert_empty(&engine);
    held.answer();
    let refused = engine.run(checks(8, 1), SubmitOptions::default());
    assert_eq!(refused.unwrap_err(), SubmitRefused::ShuttingDown);
}

#[test]
fn the_last_handle_leaves_nobody_without_an_answer() {
    let backend = Scripted::new("a", 1);
    let engine = engine(batches_of(3), &[&backend]);
    let (running, held) = asked_and_held(&engine, &backend);
    let waiting = ask(&engine, sums(7, 3));
    let other = engine.clone();
    drop(engine);
    assert!(!running.is_answered() && !waiting.is_answered());
    drop(other);
    assert_undecided(&running.answer(), 3, UndecidedCause::ShuttingDown);
    assert_undecided(&waiting.answer(), 3, UndecidedCause::ShuttingDown);
    held.answer();
}

#[test]
fn whoever_is_accepted_beside_a_drain_is_answered() {
    for round in 0..20 {
        let backend = Scripted::new("a", 2);
        backend.answer_all();
        let engine = engine(batches_of(3), &[&backend]);
        let callers: Vec<_> = (0..4)
            .map(|_| {
                let engine = engine.clone();
                std::thread::spawn(move || {
                    while let Some(asked) = try_ask(&engine, checks(2, 5)) {
                        let causes = [UndecidedCause::ShuttingDown];
                        assert_right_or(&asked.answer(), 2, 5, &causes);
                    }
                })
            })
            .collect();
        std::thread::sleep(Duration::from_micros(200 * round));
        let patience = if round % 2 == 0 { SOON } else { Duration::ZERO };
        let finished = engine.drain(patience);
        assert!(finished || patience.is_zero());
        for caller in callers {
            caller.join().expect("an accepted parcel is answered");
        }
        assert_empty(&engine);
    }
}
