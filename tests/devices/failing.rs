//! Devices that fail in the midst of a batch, and devices that lie.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tutti_backend::{Backend, DeviceFault, Work};
use tutti_backend_cuda::CudaBackend;
use tutti_curves::MinPk;
use tutti_engine::{Engine, EngineConfig, Health, NoObserver, Patience, SubmitOptions};
use tutti_types::{Scheme, Verdict};

use crate::items::{Maker, Ring};
use crate::machine::{Machine, ask, cpu};
use crate::rig;
use crate::verdicts::made;

/// Whether there are bad items among the good ones.
#[derive(Clone, Copy, PartialEq)]
enum Among {
    Good,
    Bad,
}

/// Good items and bad ones, with what each must get.
fn questions() -> (Arc<Work>, Vec<Verdict>) {
    items(Among::Bad)
}

fn items(among: Among) -> (Arc<Work>, Vec<Verdict>) {
    let mut random = rig::random(11);
    let ring = Ring::<MinPk>::new(&mut random);
    let mut maker = Maker::new(&ring, Scheme::Bls12381MinPkPop, &mut random);
    let mut items = Vec::new();
    for nth in 0..3 {
        items.push(maker.plain(nth, &mut random));
        items.push(maker.valid(&mut random));
    }
    if among == Among::Bad {
        items.push(maker.wrong_message(&mut random));
        items.extend(maker.shifted(false, &mut random));
        items.push(maker.small_order(&mut random));
    }
    let (work, items) = made(&ring, &Scheme::Bls12381MinPkPop, items);
    (work, items.into_iter().map(|item| item.expected).collect())
}

fn started(machine: &Machine) -> CudaBackend {
    machine.faults("");
    machine.start().expect("the stand-in is a device")
}

fn after_rest(backend: &CudaBackend, work: &Arc<Work>) -> Vec<Verdict> {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        match ask(backend, work, 1) {
            Ok(verdicts) => return verdicts,
            Err(fault) if Instant::now() > until => panic!("it did not come back: {fault}"),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

#[test]
fn a_device_that_fails_gives_no_verdict_and_comes_back() {
    let machine = Machine::new();
    let (work, expected) = questions();
    let backend = started(&machine);
    for fault in [
        "launch-fails bls_g2_decompress",
        "launch-fails bls_miller",
        "ecc bls_g1_weigh",
        "timeout bls_product",
        "die bls_g2_map",
        "die bls_miller",
    ] {
        machine.faults(fault);
        let answer = ask(&backend, &work, 1);
        assert!(
            matches!(answer, Err(DeviceFault::Gone(_))),
            "{fault}: {answer:?}"
        );
        machine.faults("");
        assert_eq!(after_rest(&backend, &work), expected, "after {fault}");
    }
}

#[test]
fn a_device_that_hangs_is_given_up() {
    let machine = Machine::new();
    let (work, expected) = questions();
    let backend = started(&machine);
    machine.faults("hang bls_miller");
    let began = Instant::now();
    assert_eq!(ask(&backend, &work, 1), Err(DeviceFault::Timeout));
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
    machine.faults("");
    assert_eq!(after_rest(&backend, &work), expected);
}

/// A kernel that does not run leaves what was there before: zeros, or another batch's values.
#[test]
fn kernels_that_do_not_run_make_no_verdict_wrong() {
    let mut missed = Vec::new();
    for among in [Among::Good, Among::Bad] {
        let (work, expected) = items(among);
        for entry in tutti_kernels::ENTRY_POINTS {
            if !entry.name.starts_with("bls_") {
                continue;
            }
            let machine = Machine::new();
            let backend = started(&machine);
            assert_eq!(ask(&backend, &work, 1).as_ref(), Ok(&expected));
            machine.faults(&format!("skip {}", entry.name));
            match ask(&backend, &work, 2) {
                Ok(verdicts) => assert_eq!(verdicts, expected, "without {}", entry.name),
                Err(DeviceFault::WrongAnswer(_)) => missed.push((among == Among::Good, entry.name)),
                Err(fault) => panic!("without {}: {fault}", entry.name),
            }
        }
    }
    // With nothing bad to explain it, each step of the batch is missed that does not run.
    for step in [
        "bls_g1_affine",
        "bls_g1_decompress",
        "bls_g1_members",
        "bls_g1_sum_lists",
        "bls_g1_weigh",
        "bls_g2_affine",
        "bls_g2_clear",
        "bls_g2_decompress",
        "bls_g2_fields",
        "bls_g2_map",
        "bls_g2_members",
        "bls_g2_sum_lists",
        "bls_g2_weigh",
        "bls_miller",
    ] {
        assert!(
            missed.contains(&(true, step)),
            "{step} was not missed: {missed:?}"
        );
    }
}

#[test]
fn wrong_words_make_no_verdict_wrong() {
    let (work, expected) = questions();
    let mut faults = 0;
    for lie in [
        "flip 1",
        "flip 2",
        "flip 7",
        "flip 50",
        "flip 400",
        "flip 1500",
        "fill 0",
        "fill 1",
        "fill 255",
        "stale",
    ] {
        let machine = Machine::new();
        let backend = started(&machine);
        assert_eq!(ask(&backend, &work, 1).as_ref(), Ok(&expected));
        machine.faults(lie);
        for seed in 2..5 {
            match ask(&backend, &work, seed) {
                Ok(verdicts) => assert_eq!(verdicts, expected, "{lie}"),
                Err(_) => faults += 1,
            }
        }
        machine.faults("");
        // A device that answered wrongly rests, for longer than this test.
        assert!(
            ask(&backend, &work, 9).is_err_and(|fault| matches!(fault, DeviceFault::Gone(_))),
            "{lie}"
        );
    }
    assert_eq!(faults, 30, "every lie was seen");
}

/// The engine's callers notice nothing: another backend answers.
#[test]
fn whoever_asks_gets_an_answer_whatever_the_device_does() {
    let (work, expected) = questions();
    let Work::MinPk(_) = &*work else {
        unreachable!("questions are signatures");
    };
    for fault in [
        "launch-fails bls_miller",
        "die",
        "hang bls_g1_weigh",
        "flip 3",
        "fill 0",
    ] {
        let machine = Machine::new();
        let backend: Arc<dyn Backend> = Arc::new(started(&machine));
        let patience = Patience {
            floor: Duration::from_secs(6),
            ..Patience::default()
        };
        let engine = Engine::start_with_patience(
            &EngineConfig::default(),
            patience,
            vec![backend, cpu()],
            Arc::new(NoObserver),
        );
        let ask = || {
            let (work, _) = questions();
            let work = Arc::into_inner(work).expect("nobody else has it");
            let answer = engine
                .run(work, SubmitOptions::default())
                .expect("there is room");
            (answer.outcomes.verdicts(), answer.timing.backend)
        };
        assert_eq!(ask(), (expected.clone(), Some("cuda")));
        machine.faults(fault);
        assert_eq!(ask(), (expected.clone(), Some("cpu")), "{fault}");
        let status = engine.backends();
        assert!(
            matches!(status[0].health, Health::Down(_)),
            "{fault}: {:?}",
            status[0].health
        );
        assert_eq!(status[0].faults, 1, "{fault}");
    }
}
