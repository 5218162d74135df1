//! Devices that fail in the midst of a batch, and devices that lie.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tutti_backend::{Backend, DeviceFault, HashInput, HashParcel, Hashing, Work};
use tutti_backend_cuda::{CudaBackend, CudaConfig};
use tutti_curves::bls12_381::Bls12381;
use tutti_curves::{Bn254Sig, MinPk, MinSig};
use tutti_engine::{Engine, EngineConfig, Health, NoObserver, Patience, SubmitOptions};
use tutti_types::{CurveId, Encoding, GroupId, HashVariant, Scheme, Verdict};

use crate::items::{Maker, Ring};
use crate::machine::{Machine, ask, cpu};
use crate::primitives;
use crate::rig;
use crate::signers;
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
        "timeout bls_product_lists",
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
                Err(DeviceFault::WrongAnswer(_) | DeviceFault::Gone(_)) => {
                    missed.push((among == Among::Good, entry.name));
                }
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
        "bls_product_lists",
    ] {
        assert!(
            missed.contains(&(true, step)),
            "{step} was not missed: {missed:?}"
        );
    }
}

/// It is the kernel that goes over bits that adds up most signers: without it the batch is missed.
#[test]
fn signers_that_are_not_added_up_are_missed() {
    let missed = |entry: &str, (work, _): (Arc<Work>, Vec<Verdict>)| {
        let machine = Machine::new();
        let backend = started(&machine);
        machine.faults(&format!("skip {entry}"));
        let answer = ask(&backend, &work, 2);
        assert!(
            matches!(answer, Err(DeviceFault::WrongAnswer(_))),
            "without {entry}: {answer:?}"
        );
    };
    let (min_pk, min_sig) = (Scheme::Bls12381MinPkPop, signers::min_sig());
    missed("bls_g1_sum_bits", signers::parcel::<MinPk>(&min_pk, None));
    missed("bls_g2_sum_bits", signers::parcel::<MinSig>(&min_sig, None));
    let bn254 = Scheme::Bn254EigenTai;
    missed("bn_g2_sum_bits", signers::parcel::<Bn254Sig>(&bn254, None));
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

/// Product checks and keys: a kernel that does not run, words that are wrong.
#[test]
fn no_lie_about_products_or_keys_is_believed() {
    let mut random = rig::random(41);
    let good = primitives::checks::<Bls12381>(5, 1_000_000, &mut random);
    let bad = primitives::checks::<Bls12381>(5, 3, &mut random);
    let keys = primitives::some_keys();
    let steps = [
        "bls_g1_decompress",
        "bls_g1_members",
        "bls_g1_weigh",
        "bls_g1_affine",
        "bls_g2_decompress",
        "bls_g2_members",
        "bls_miller",
        "bls_product_lists",
    ];
    let lies = steps.map(|step| format!("skip {step}"));
    let words = ["flip 3", "flip 150", "fill 255", "stale"].map(str::to_owned);
    for lie in lies.iter().chain(&words) {
        let machine = Machine::new();
        let backend = started(&machine);
        for (work, expected) in [&good, &bad, &keys] {
            assert_eq!(ask(&backend, work, 1).as_ref(), Ok(expected));
        }
        machine.faults(lie);
        // With nothing bad to explain it, each lie is seen. (Words that are no numbers below the
        // modulus may end the plain kernels themselves.)
        assert!(ask(&backend, &good.0, 2).is_err(), "{lie}");
        for (work, expected) in [&bad, &keys] {
            // Another device: the last one rests.
            let machine = Machine::new();
            let backend = started(&machine);
            assert_eq!(ask(&backend, work, 1).as_ref(), Ok(expected));
            machine.faults(lie);
            if let Ok(verdicts) = ask(&backend, work, 2) {
                assert_eq!(verdicts, *expected, "{lie}");
            }
        }
    }
}

/// The same for batches that go into buckets.
#[test]
fn buckets_that_do_not_add_up_make_no_verdict_wrong() {
    for among in [Among::Good, Among::Bad] {
        let (work, expected) = items(among);
        for lie in [
            "skip bucket_lists",
            "skip bls_g2_sum_lists",
            "skip bls_g2_fold",
            "skip bls_g2_affine",
            "skip bls_g2_bucket_bits",
            "skip bls_g2_weigh",
            "skip bls_g2_members",
            "skip bls_product_lists",
            "flip 97",
            "flip 2000",
        ] {
            let machine = Machine::new();
            machine.faults("");
            let backend = machine.with_buckets(4);
            assert_eq!(ask(&backend, &work, 1).as_ref(), Ok(&expected));
            machine.faults(lie);
            match ask(&backend, &work, 2) {
                Ok(verdicts) => assert_eq!(verdicts, expected, "{lie}"),
                // Words that are no numbers below the modulus end the plain kernels themselves.
                Err(DeviceFault::WrongAnswer(_) | DeviceFault::Gone(_)) => {}
                Err(fault) => panic!("{lie}: {fault}"),
            }
        }
    }
}

#[test]
fn memory_that_runs_out_later_is_a_fault() {
    let machine = Machine::new();
    let backend = started(&machine);
    // More than the worker has pinned so far.
    let message: Arc<[u8]> = vec![7; 3 << 20].into();
    let parcel = HashParcel {
        curve: CurveId::Bls12381,
        group: GroupId::G1,
        hashing: Hashing::Rfc9380 {
            variant: HashVariant::RandomOracle,
            dst: b"tag".as_slice().into(),
        },
        inputs: vec![HashInput::Message(message)],
        encoding: Encoding::ZcashCompressed,
    };
    let work = Arc::new(Work::Hash(parcel));
    machine.faults("memory 1000");
    let answer = ask(&backend, &work, 1);
    let Err(DeviceFault::Gone(why)) = &answer else {
        panic!("{answer:?}");
    };
    assert!(why.contains("no memory"), "{why}");
    machine.faults("");
    assert_eq!(after_rest(&backend, &work), [Verdict::Valid]);
}

/// An engine with these backends and the CPU behind them.
fn engine(mut backends: Vec<Arc<dyn Backend>>) -> Engine {
    let patience = Patience {
        floor: Duration::from_secs(6),
        ..Patience::default()
    };
    backends.push(cpu());
    Engine::start_with_patience(
        &EngineConfig::default(),
        patience,
        backends,
        Arc::new(NoObserver),
    )
}

fn answer(engine: &Engine) -> (Vec<Verdict>, Option<&'static str>) {
    let work = Arc::into_inner(questions().0).expect("nobody else has it");
    let answer = engine
        .run(work, SubmitOptions::default())
        .expect("there is room");
    (answer.outcomes.verdicts(), answer.timing.backend)
}

/// The worker's process is killed while it has a batch.
#[test]
fn a_worker_killed_in_the_midst_of_a_batch_is_replaced() {
    let (_, expected) = questions();
    let machine = Machine::new();
    let engine = engine(vec![Arc::new(started(&machine))]);
    assert_eq!(answer(&engine), (expected.clone(), Some("cuda")));
    machine.faults("hang bls_miller");
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| answer(&engine));
        machine.kill_worker_once_it_hangs();
        let answered = asked.join().expect("no thread panics");
        assert_eq!(answered, (expected.clone(), Some("cpu")));
    });
    machine.faults("");
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        match answer(&engine) {
            (verdicts, Some("cuda")) => return assert_eq!(verdicts, expected),
            (verdicts, _) => assert_eq!(verdicts, expected),
        }
        assert!(Instant::now() < until, "the device did not come back");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Of two devices one fails: nobody notices, and the other one goes on.
#[test]
fn one_device_of_two_is_enough() {
    let (_, expected) = questions();
    let (first, second) = (Machine::new(), Machine::new());
    let named = |machine: &Machine, name| {
        machine.faults("");
        let config = CudaConfig {
            name,
            ..machine.config()
        };
        CudaBackend::start(config, cpu()).expect("the stand-in is a device")
    };
    let devices: Vec<Arc<dyn Backend>> = vec![
        Arc::new(named(&first, "cuda")),
        Arc::new(named(&second, "cuda-1")),
    ];
    for (failing, fault) in [
        (&first, "die bls_miller"),
        (&first, "flip 3"),
        (&second, "fill 0"),
    ] {
        let engine = engine(devices.clone());
        failing.faults(fault);
        let answered: Vec<_> = (0..4).map(|_| answer(&engine)).collect();
        for (verdicts, _) in &answered {
            assert_eq!(*verdicts, expected, "{fault}");
        }
        let by_device = |name| answered.iter().any(|(_, backend)| *backend == Some(name));
        let sound = if std::ptr::eq(failing, &raw const first) {
            "cuda-1"
        } else {
            "cuda"
        };
        assert!(
            by_device(sound) || fault == "fill 0",
            "{fault}: {answered:?}"
        );
        failing.faults("");
    }
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
        let engine = engine(vec![Arc::new(started(&machine))]);
        assert_eq!(answer(&engine), (expected.clone(), Some("cuda")));
        machine.faults(fault);
        assert_eq!(answer(&engine), (expected.clone(), Some("cpu")), "{fault}");
        let status = engine.backends();
        assert!(
            matches!(status[0].health, Health::Down(_)),
            "{fault}: {:?}",
            status[0].health
        );
        assert_eq!(status[0].faults, 1, "{fault}");
    }
}
