//! Backends that fail in every way they can: no verdict is ever made of it, and nothing is lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tutti_backend::{CheckedKeys, DeviceFault, Outcomes, Refused, Work};
use tutti_engine::{Health, Patience};
use tutti_types::{InvalidReason, Limits, Operation, Part, UndecidedCause, Verdict};

use crate::support::{
    Held, Scripted, ask, ask_with, assert_empty, assert_right, assert_undecided, batches_of,
    checks, engine, from, hashes, impatient_engine, is_up, keys, right_answers, status, submit,
    sums, until,
};

const IMPATIENT: Patience = Patience {
    floor: Duration::from_millis(400),
    cost_factor: 20,
};

/// Every way in which a backend can let a batch down.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Own,
    Gone,
    SaysTimeout,
    SaysWrong,
    TooFewItems,
    TooManyItems,
    TooFewSlices,
    NothingAtAll,
    OfAnotherKind,
    Undecided,
    OfAnotherBatch,
    Refuses,
    Panics,
    PanicsAfterAnswering,
    Forgets,
    Silent,
}

const FAULTS: [Fault; 16] = [
    Fault::Own,
    Fault::Gone,
    Fault::SaysTimeout,
    Fault::SaysWrong,
    Fault::TooFewItems,
    Fault::TooManyItems,
    Fault::TooFewSlices,
    Fault::NothingAtAll,
    Fault::OfAnotherKind,
    Fault::Undecided,
    Fault::OfAnotherBatch,
    Fault::Refuses,
    Fault::Panics,
    Fault::PanicsAfterAnswering,
    Fault::Forgets,
    Fault::Silent,
];

/// What a device would say that takes every item for valid.
fn all_valid(items: usize) -> Outcomes {
    Outcomes::Verdicts(vec![Verdict::Valid; items])
}

impl Fault {
    fn commit(self, held: Held, kept: &mut Vec<Held>) -> Result<(), Refused> {
        let items = held.batch.items();
        match self {
            Self::Own => held.give(Err(DeviceFault::Internal("scripted".into()))),
            Self::Gone => held.give(Err(DeviceFault::Gone("scripted".into()))),
            Self::SaysTimeout => held.give(Err(DeviceFault::Timeout)),
            Self::SaysWrong => held.give(Err(DeviceFault::WrongAnswer("scripted".into()))),
            Self::TooFewItems => held.give(Ok(vec![all_valid(items - 1)])),
            Self::TooManyItems => held.give(Ok(vec![all_valid(items + 1)])),
            Self::TooFewSlices => held.give(Ok(Vec::new())),
            Self::NothingAtAll => held.give(Ok(vec![all_valid(0)])),
            Self::OfAnotherKind => {
                held.give(Ok(vec![Outcomes::Points(vec![Ok(vec![1; 48]); items])]));
            }
            Self::Undecided => {
                let cause = UndecidedCause::Cancelled;
                held.give(Ok(vec![Outcomes::Undecided(cause, items)]));
            }
            Self::OfAnotherBatch => {
                let other = held.batch.id + 1;
                held.answer_as(other);
            }
            Self::Refuses => return Err(Refused::ShuttingDown),
            Self::Panics => panic!("scripted"),
            Self::PanicsAfterAnswering => {
                held.give(Err(DeviceFault::Internal("scripted".into())));
                panic!("scripted");
            }
            Self::Forgets => drop(held),
            Self::Silent => kept.push(held),
        }
        Ok(())
    }

    fn rig(self, backend: &Scripted) {
        let mut kept = Vec::new();
        backend.conduct(move |held| self.commit(held, &mut kept));
    }
}

#[test]
fn a_fault_is_never_a_verdict() {
    for fault in FAULTS {
        let backend = Scripted::new("a", 1);
        fault.rig(&backend);
        let engine = impatient_engine(IMPATIENT, Limits::default(), &[&backend]);
        backend.knows_answers(false);
        let answer = ask(&engine, checks(2, 5)).answer();
        assert_undecided(&answer, 5, UndecidedCause::DeviceFault);
        assert_eq!(answer.timing.backend, None, "{fault:?}");
        let status = status(&engine, "a");
        assert!(matches!(status.health, Health::Down(_)), "{fault:?}");
        assert_eq!((status.faults, status.batches), (1, 0), "{fault:?}");
        // With nobody to ask, nobody waits.
        let answer = ask(&engine, checks(2, 5)).answer();
        assert_undecided(&answer, 5, UndecidedCause::DeviceFault);
        assert_empty(&engine);
    }
}

#[test]
fn another_backend_answers_for_one_that_fails() {
    for fault in FAULTS {
        let (bad, good) = (Scripted::new("bad", 1), Scripted::new("good", 1));
        fault.rig(&bad);
        good.answer_all();
        let engine = impatient_engine(IMPATIENT, batches_of(3), &[&bad, &good]);
        bad.knows_answers(false);
        let asked = ask(&engine, checks(2, 20));
        let answer = asked.answer();
        assert_right(&answer, 2, 20);
        assert_eq!(answer.timing.backend, Some("good"), "{fault:?}");
        assert_eq!(status(&engine, "bad").faults, 1, "{fault:?}");
        assert!(!is_up(&engine, "bad") && is_up(&engine, "good"));
        assert_empty(&engine);
    }
}

#[test]
fn what_a_silent_backend_says_too_late_is_ignored() {
    let (silent, good) = (Scripted::new("silent", 1), Scripted::new("good", 3));
    let engine = impatient_engine(IMPATIENT, batches_of(3), &[&silent, &good]);
    silent.knows_answers(false);
    // The one with more room is given so much that its time is long.
    let dear = ask(&engine, checks(3_000, 1));
    let mut occupied = vec![good.next()];
    let filler = ask(&engine, checks(2, 1));
    occupied.push(good.next());
    let asked = ask(&engine, checks(4, 3));
    let late = silent.next();
    let again = good.next();
    assert_eq!(again.ranges(), late.ranges());
    assert!(!is_up(&engine, "silent"));
    late.give(Ok(vec![all_valid(3)]));
    again.answer();
    assert_right(&asked.answer(), 4, 3);
    occupied.into_iter().for_each(Held::answer);
    assert_right(&dear.answer(), 3_000, 1);
    assert_right(&filler.answer(), 2, 1);
    let counted = status(&engine, "silent");
    assert_eq!((counted.batches, counted.items, counted.faults), (0, 0, 1));
    assert_empty(&engine);
}

#[test]
fn a_silent_backend_loses_all_its_batches_to_others() {
    let silent = Scripted::new("silent", 3);
    let engine = impatient_engine(IMPATIENT, batches_of(2), &[&silent]);
    let asked = ask(&engine, checks(4, 6));
    let held = [silent.next(), silent.next(), silent.next()];
    let [_, lively, _] = held;
    lively.answer();
    let verdicts = asked.answer().outcomes.verdicts();
    let undecided = Verdict::Undecided(UndecidedCause::DeviceFault);
    assert_eq!(verdicts[..2], [undecided; 2]);
    assert_eq!(verdicts[4..], [undecided; 2]);
    assert_eq!(status(&engine, "silent").faults, 1);
    assert_empty(&engine);
}

#[test]
fn a_dear_batch_has_more_time_and_so_has_what_waits_beside_it() {
    let slow = Scripted::new("slow", 2);
    let patience = Patience {
        floor: Duration::from_millis(500),
        cost_factor: 20,
    };
    let engine = impatient_engine(patience, Limits::default(), &[&slow]);
    let started = Instant::now();
    let (dear, cheap) = (checks(300, 1), sums(1, 1));
    let expected = Duration::from_micros(20 * (dear.cost_us() + cheap.cost_us()));
    assert!(expected > Duration::from_secs(1));
    let asked = [ask(&engine, dear), ask(&engine, cheap)];
    let held = [slow.next(), slow.next()];
    for asked in asked {
        assert_undecided(&asked.answer(), 1, UndecidedCause::DeviceFault);
        assert!(started.elapsed() >= expected, "{:?}", started.elapsed());
    }
    drop(held);
}

/// A batch of many bad items takes a hundred times what was estimated, and so does what waits
/// behind it.
#[test]
fn a_backend_that_gets_on_is_waited_for_and_only_so_long() {
    let slow = Scripted::new("slow", 2);
    let patience = Patience {
        floor: Duration::from_secs(1),
        cost_factor: 20,
    };
    let engine = impatient_engine(patience, Limits::default(), &[&slow]);
    let asked = [ask(&engine, checks(2, 1)), ask(&engine, sums(1, 1))];
    let [first, behind] = [slow.next(), slow.next()];
    let started = Instant::now();
    while started.elapsed() < 3 * patience.floor {
        first.batch.pulse.beat();
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(is_up(&engine, "slow"));
    for asked in asked {
        assert_undecided(&asked.answer(), 1, UndecidedCause::DeviceFault);
    }
    assert!(started.elapsed() >= 4 * patience.floor);
    assert!(!is_up(&engine, "slow"));
    drop((first, behind));
}

#[test]
fn a_fault_of_its_own_code_spares_the_backends_other_batches() {
    let backend = Scripted::new("a", 2);
    let engine = engine(batches_of(2), &[&backend]);
    let asked = [ask(&engine, checks(3, 2)), ask(&engine, checks(4, 2))];
    let (first, second) = (backend.next(), backend.next());
    first.give(Err(DeviceFault::Internal("scripted".into())));
    assert_undecided(&asked[0].answer(), 2, UndecidedCause::DeviceFault);
    second.answer();
    assert_right(&asked[1].answer(), 4, 2);
}

#[test]
fn a_backend_that_is_gone_or_wrong_loses_all_its_batches_at_once() {
    let faults = [
        DeviceFault::Gone("scripted".into()),
        DeviceFault::WrongAnswer("scripted".into()),
    ];
    for fault in faults {
        let (bad, good) = (Scripted::new("bad", 2), Scripted::new("good", 2));
        let engine = engine(batches_of(2), &[&bad, &good]);
        let asked = ask(&engine, checks(3, 8));
        let [first, second] = [bad.next(), bad.next()];
        let others = [good.next(), good.next()];
        first.give(Err(fault));
        others.into_iter().for_each(Held::answer);
        let again = [good.next(), good.next()];
        let lies = vec![all_valid(second.batch.items())];
        second.give(Ok(lies));
        again.into_iter().for_each(Held::answer);
        assert_right(&asked.answer(), 3, 8);
        assert_empty(&engine);
    }
}

#[test]
fn answers_of_another_kind_are_a_fault_for_every_kind_of_work() {
    let as_keys = |items| {
        Outcomes::Keys(CheckedKeys::Bls12381G1(vec![
            Err(InvalidReason::Infinity);
            items
        ]))
    };
    let other_group = |items| {
        Outcomes::Keys(CheckedKeys::Bls12381G2(vec![
            Err(InvalidReason::Infinity);
            items
        ]))
    };
    let works = [checks(1, 2), sums(1, 2), keys(2), keys(2)];
    let lies = [as_keys(2), all_valid(2), all_valid(2), other_group(2)];
    for (work, lie) in works.into_iter().zip(lies) {
        let backend = Scripted::new("a", 1);
        let engine = engine(Limits::default(), &[&backend]);
        let asked = ask(&engine, work);
        backend.next().give(Ok(vec![lie]));
        assert_undecided(&asked.answer(), 2, UndecidedCause::DeviceFault);
        let status = status(&engine, "a");
        assert_eq!((status.faults, status.batches), (1, 0));
    }
}

#[test]
fn a_backend_comes_back_once_it_passes_its_self_test() {
    let backend = Scripted::new("a", 1);
    let engine = engine(Limits::default(), &[&backend]);
    assert!(is_up(&engine, "a"));
    let asked = ask(&engine, checks(1, 3));
    backend.knows_answers(false);
    backend.next().give(Err(DeviceFault::Timeout));
    assert_undecided(&asked.answer(), 3, UndecidedCause::DeviceFault);
    until("it fails its test", || {
        let health = status(&engine, "a").health;
        matches!(health, Health::Down(reason) if reason.contains("hash-to-curve"))
    });
    let refused = ask(&engine, checks(1, 3)).answer();
    assert_undecided(&refused, 3, UndecidedCause::DeviceFault);
    backend.knows_answers(true);
    until("it passes its test", || is_up(&engine, "a"));
    backend.answer_all();
    assert_right(&ask(&engine, checks(1, 3)).answer(), 1, 3);
    assert_empty(&engine);
}

#[test]
fn a_backend_that_fails_at_the_start_is_down_and_not_unknown() {
    let backend = Scripted::new("a", 1);
    backend.knows_answers(false);
    let engine = engine(Limits::default(), &[&backend]);
    assert!(!is_up(&engine, "a"));
    let answer = ask(&engine, checks(1, 1)).answer();
    assert_undecided(&answer, 1, UndecidedCause::DeviceFault);
    let (unknown, _) = crate::real::min_sig().parcel(1, 2);
    let answer = ask(&engine, Work::MinSig(unknown)).answer();
    assert_undecided(&answer, 2, UndecidedCause::Unsupported);
    backend.knows_answers(true);
    until("it passes its test", || is_up(&engine, "a"));
    backend.answer_all();
    assert_right(&ask(&engine, checks(1, 3)).answer(), 1, 3);
}

#[test]
fn a_backend_that_keeps_silent_in_its_self_test_is_out() {
    let inner = Scripted::doing("a", 1, &[Operation::HashToCurve]);
    let backend: Arc<dyn tutti_backend::Backend> =
        Arc::new(Mute(inner, parking_lot::Mutex::default()));
    let engine = tutti_engine::Engine::start_with_patience(
        &tutti_engine::EngineConfig::default(),
        IMPATIENT,
        vec![backend],
        Arc::new(tutti_engine::NoObserver),
    );
    let Health::Down(reason) = status(&engine, "a").health else {
        panic!("it must not serve");
    };
    assert!(reason.contains("no answer in time"), "{reason}");
    let answer = ask(&engine, hashes(&[b"abc"])).answer();
    assert_undecided(&answer, 1, UndecidedCause::DeviceFault);
}

/// Takes everything and answers nothing.
struct Mute(Arc<Scripted>, parking_lot::Mutex<Vec<tutti_backend::Done>>);

impl tutti_backend::Backend for Mute {
    fn descriptor(&self) -> &tutti_backend::Descriptor {
        self.0.descriptor()
    }

    fn submit(
        &self,
        _: Arc<tutti_backend::Batch>,
        done: tutti_backend::Done,
    ) -> Result<(), Refused> {
        self.1.lock().push(done);
        Ok(())
    }
}

#[test]
fn a_backend_that_fails_a_test_on_demand_is_out_and_what_it_was_doing_goes_elsewhere() {
    let forgetful = Scripted::new("forgetful", 1);
    let good = Scripted::new("good", 1);
    let engine = engine(batches_of(4), &[&forgetful, &good]);
    assert!(engine.self_test("forgetful").unwrap().is_ok());
    assert!(engine.self_test("nobody").is_none());
    let asked = ask(&engine, checks(5, 4));
    let held = forgetful.next();
    forgetful.knows_answers(false);
    good.answer_all();
    assert!(engine.self_test("forgetful").unwrap().is_err());
    assert_right(&asked.answer(), 5, 4);
    assert!(!is_up(&engine, "forgetful"));
    held.give(Ok(vec![all_valid(4)]));
    assert_empty(&engine);
}

#[test]
fn one_of_two_backends_dies_in_the_middle_of_a_load() {
    let (dying, good) = (Scripted::new("dying", 2), Scripted::new("good", 2));
    good.answer_all();
    let mut batches = 0;
    let mut kept = Vec::new();
    dying.conduct(move |held| {
        batches += 1;
        match batches {
            0..20 => held.answer(),
            20..22 => kept.push(held),
            _ => held.give(Err(DeviceFault::Gone("scripted".into()))),
        }
        Ok(())
    });
    let engine = impatient_engine(IMPATIENT, batches_of(7), &[&dying, &good]);
    let callers: Vec<_> = (1..9)
        .map(|caller| {
            let engine = engine.clone();
            std::thread::spawn(move || {
                for round in 0..50 {
                    let (tag, items) = (caller * 10 + round % 10, 1 + round as usize % 23);
                    let asked = ask_with(&engine, checks(tag, items), from(u64::from(caller)));
                    assert_right(&asked.answer(), tag, items);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.join().expect("each answer is right");
    }
    until("its death is known", || status(&engine, "dying").faults > 0);
    assert_empty(&engine);
}

#[test]
fn without_any_backend_work_is_answered_undecided() {
    let engine = engine(Limits::default(), &[]);
    let answer = ask(&engine, checks(1, 2)).answer();
    assert_undecided(&answer, 2, UndecidedCause::Unsupported);
    assert!(engine.drain(crate::support::SOON));
    assert!(submit(&engine, checks(1, 2), from(0)).is_err());
}

#[test]
fn a_right_answer_from_a_script_is_what_the_tests_take_it_for() {
    // The other tests stand on this: a script's right answers are not all the same.
    let backend = Scripted::new("a", 1);
    let engine = engine(Limits::default(), &[&backend]);
    let asked = ask(&engine, checks(2, 3));
    let held = backend.next();
    let verdicts = right_answers(&held.batch)[0].verdicts();
    assert_eq!(
        verdicts.iter().filter(|verdict| verdict.is_valid()).count(),
        1
    );
    let other = Verdict::Invalid(InvalidReason::NotOnCurve, Part::Point(200_000));
    assert!(verdicts.contains(&other));
    held.answer();
    asked.answer();
}
