//! The Verilated hardware with defects, and on a line that cuts frames: no bad item becomes VALID, a card that erred is put away,
//! and who asked is answered by the CPU.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tutti_backend::{
    Backend, Batch, Challenge, DeviceFault, Keys, Outcomes, VerifyParcelBuilder, Work, WorkSlice,
    run,
};
use tutti_backend_cpu::{CpuBackend, CpuConfig};
use tutti_backend_fpga::{CardPatience, FpgaBackend, FpgaConfig, Port, Transport, UnixPort};
use tutti_curves::{Group, Hashing, MinPk, PointHash, Signed, Wire};
use tutti_engine::{Engine, EngineConfig, Health, NoObserver, Patience, SubmitOptions};
use tutti_types::{Limits, Scheme, Verdict};

use crate::rig::{SimulatedCard, path};

fn cpu() -> Arc<dyn Backend> {
    let config = CpuConfig::new(1, &Limits::default());
    Arc::new(CpuBackend::new(&config).expect("one thread"))
}

/// Nothing is sampled: what the card says is all there is against a bad item.
fn backend(port: impl Port + 'static, answer: Duration) -> FpgaBackend {
    let config = FpgaConfig {
        patience: CardPatience {
            answer,
            run: Duration::from_mins(2),
            attempts: 5,
        },
        redecide_one_in: 1 << 30,
        ..FpgaConfig::default()
    };
    FpgaBackend::new("fpga", Box::new(port), cpu(), config).expect("a thread")
}

/// Signatures over one message; those at `bad` are of another.
fn signatures(count: usize, bad: &[usize]) -> Work {
    type Key = <MinPk as Signed>::Key;
    type Sig = <MinPk as Signed>::Sig;
    let scheme = Scheme::Bls12381MinPkPop;
    let mut builder = VerifyParcelBuilder::<MinPk>::new(scheme.clone());
    for at in 0..count {
        let secret = at as u128 + 2;
        let key = Key::to_affine(&Key::mul(&Key::generator(), secret)).expect("finite");
        let signed = [u8::from(bad.contains(&at)); 32];
        let point = Sig::hash(Hashing::of_scheme(&scheme), &signed, &[]).expect("hashes");
        let signature = Sig::to_affine(&Sig::mul(&point, secret)).expect("finite");
        let source = builder.keys(Keys::Inline(vec![Wire::Point(key)]));
        let message = builder.message(&[0; 32]);
        builder
            .item(&[(source, &[0], message)], Wire::Point(signature))
            .expect("may be asked");
    }
    Work::MinPk(builder.finish())
}

fn decide(backend: &dyn Backend, count: usize, bad: &[usize]) -> Result<Vec<bool>, DeviceFault> {
    let slice = WorkSlice::whole(Arc::new(signatures(count, bad)));
    let batch = Batch::of(vec![slice], Challenge([9; 32]));
    let completion = run(backend, batch).expect("not refused");
    let outcomes = completion.result?;
    let verdicts = outcomes.iter().flat_map(Outcomes::verdicts);
    Ok(verdicts.map(|verdict| verdict == Verdict::Valid).collect())
}

fn counter(backend: &dyn Backend, name: &str) -> u64 {
    let counters = backend.counters();
    let found = counters.iter().find(|(counter, _)| *counter == name);
    found.expect("counted").1
}

/// In both cores, from the first cycle or in the midst of a Miller loop, which takes some 1.3 million.
const DEFECTS: [&[&str]; 5] = [
    &["--fault", "stuck:0:0:1@0", "--fault", "stuck:1:0:1@0"],
    &[
        "--fault",
        "stuck:0:9:40000@300000",
        "--fault",
        "stuck:1:9:40000@300000",
    ],
    // Of the Miller value, and of a point that moves.
    &[
        "--fault",
        "flip:0:330:1@200000",
        "--fault",
        "flip:1:330:1@200000",
    ],
    &[
        "--fault",
        "flip:0:393:8000@400000",
        "--fault",
        "flip:1:393:8000@400000",
    ],
    &[
        "--fault",
        "stale:0:0:0@250000",
        "--fault",
        "stale:1:0:0@250000",
    ],
];

#[test]
fn no_defect_of_the_hardware_makes_a_bad_item_valid() {
    let mut put_away = 0;
    for defect in DEFECTS {
        for bad in [&[1][..], &[]] {
            let socket = path("card");
            let Some(_card) = SimulatedCard::rtl(&socket, defect) else {
                return;
            };
            let backend = backend(UnixPort(socket), Duration::from_secs(20));
            let truth: Vec<bool> = (0..3).map(|at| !bad.contains(&at)).collect();
            match decide(&backend, 3, bad) {
                Ok(verdicts) => assert_eq!(verdicts, truth, "{defect:?}"),
                Err(fault) => {
                    assert!(matches!(fault, DeviceFault::WrongAnswer(_)), "{fault}");
                    assert_eq!(counter(&backend, "quarantined"), 1, "{defect:?}");
                    put_away += 1;
                    let after = decide(&backend, 1, &[]);
                    assert!(matches!(after, Err(DeviceFault::Gone(_))), "{after:?}");
                }
            }
        }
    }
    assert!(put_away >= 4, "{put_away} of {} were seen", DEFECTS.len());
}

/// The engine finds out by the known answers, and the CPU serves.
#[test]
fn a_defective_card_is_put_away_and_the_cpu_answers() {
    let socket = path("card");
    let Some(_card) = SimulatedCard::rtl(&socket, DEFECTS[0]) else {
        return;
    };
    let card: Arc<dyn Backend> = Arc::new(backend(UnixPort(socket), Duration::from_secs(20)));
    let engine = Engine::start_with_patience(
        &EngineConfig::default(),
        Patience {
            floor: Duration::from_mins(5),
            ..Patience::default()
        },
        vec![Arc::clone(&card), cpu()],
        Arc::new(NoObserver),
    );
    let work = signatures(4, &[2]);
    let answer = engine
        .run(work, SubmitOptions::default())
        .expect("there is room");
    let good: Vec<bool> = answer
        .outcomes
        .verdicts()
        .iter()
        .map(|v| *v == Verdict::Valid)
        .collect();
    assert_eq!(good, [true, true, false, true]);
    assert_eq!(answer.timing.backend, Some("cpu"));
    let health = engine.backends().swap_remove(0).health;
    assert!(matches!(&health, Health::Down(_)), "{health:?}");
    assert_eq!(counter(&*card, "quarantined"), 1);
}

/// Cuts one frame in so many.
struct Cutter {
    inner: UnixPort,
    one_in: u64,
    sent: Arc<AtomicU64>,
}

struct CutLine {
    inner: Box<dyn Transport>,
    one_in: u64,
    sent: Arc<AtomicU64>,
}

impl Port for Cutter {
    fn open(&mut self) -> io::Result<Box<dyn Transport>> {
        Ok(Box::new(CutLine {
            inner: self.inner.open()?,
            one_in: self.one_in,
            sent: Arc::clone(&self.sent),
        }))
    }

    fn name(&self) -> String {
        format!("a line that cuts one frame in {}", self.one_in)
    }
}

impl Transport for CutLine {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let nth = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
        let kept = if nth.is_multiple_of(self.one_in) {
            bytes.len() / 2
        } else {
            bytes.len()
        };
        self.inner.send(&bytes[..kept])
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> io::Result<usize> {
        self.inner.receive(buffer, wait)
    }
}

/// The hardware gives up a frame that does not end, and the host asks again.
#[test]
fn frames_without_an_end_cost_time_and_no_verdict() {
    let socket = path("card");
    let Some(_card) = SimulatedCard::rtl(&socket, &[]) else {
        return;
    };
    let sent = Arc::new(AtomicU64::new(0));
    let port = Cutter {
        inner: UnixPort(socket),
        one_in: 9,
        sent: Arc::clone(&sent),
    };
    // The card forgets half a frame after 2^23 clocks, some five seconds.
    let backend = backend(port, Duration::from_secs(8));
    assert_eq!(decide(&backend, 3, &[]), Ok(vec![true, true, true]));
    assert_eq!(decide(&backend, 3, &[0]), Ok(vec![false, true, true]));
    assert!(counter(&backend, "card_retries") > 0);
    assert_eq!(counter(&backend, "quarantined"), 0);
}
