//! The backend on a card that works, on lines that do not, and on cards that err or lie.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use tutti_backend::{
    Backend, Batch, Challenge, DeviceFault, HashInput, HashParcel, Keys, Outcomes, PairingParcel,
    VerifyParcelBuilder, Work, WorkSlice, run, self_test,
};
use tutti_backend_cpu::{CpuBackend, CpuConfig};
use tutti_backend_fpga::{
    CardPatience, FpgaBackend, FpgaConfig, MODEL_DIGEST, ModelPort, Port, PseudoTerminal,
    SerialDevice, SimulatedCard, Transport, UnixPort,
};
use tutti_curves::bls12_381::Bls12381;
use tutti_curves::bn254::Bn254;
use tutti_curves::{Bn254Sig, Curve, Group, Hashing, MinPk, MinSig, PointHash, Signed, Wire};
use tutti_hdl::microcode::pairing;
use tutti_hdl::model::Defect;
use tutti_types::{CurveId, Dst, Encoding, GroupId, HashVariant, Limits, Scheme, Verdict};

fn cpu() -> Arc<dyn Backend> {
    let config = CpuConfig::new(1, &Limits::default());
    Arc::new(CpuBackend::new(&config).expect("one thread"))
}

fn patience() -> CardPatience {
    CardPatience {
        answer: Duration::from_millis(20),
        run: Duration::from_millis(50),
        attempts: 6,
    }
}

fn config(redecide_one_in: u32) -> FpgaConfig {
    FpgaConfig {
        patience: patience(),
        redecide_one_in,
        ..FpgaConfig::default()
    }
}

fn backend(port: impl Port + 'static, redecide_one_in: u32) -> FpgaBackend {
    FpgaBackend::new("fpga-sim", Box::new(port), cpu(), config(redecide_one_in)).expect("a thread")
}

const MODEL: ModelPort = ModelPort {
    cores: 2,
    defect: None,
};

fn counter(backend: &dyn Backend, name: &str) -> u64 {
    let counters = backend.counters();
    counters
        .iter()
        .find(|(n, _)| *n == name)
        .expect("counted")
        .1
}

fn batch(works: Vec<Work>, seed: u64) -> Batch {
    let mut challenge = [0; 32];
    ChaCha20Rng::seed_from_u64(seed).fill_bytes(&mut challenge);
    let slices = works
        .into_iter()
        .map(|work| WorkSlice::whole(Arc::new(work)));
    Batch {
        id: seed,
        ..Batch::of(slices.collect(), Challenge(challenge))
    }
}

fn decide(backend: &dyn Backend, batch: &Batch) -> Result<Vec<Verdict>, DeviceFault> {
    let completion = run(backend, batch.clone()).expect("not refused");
    let outcomes = completion.result?;
    Ok(outcomes.iter().flat_map(Outcomes::verdicts).collect())
}

/// Signatures by keys 2, 3, … over three messages; those at `bad` are of another message.
fn signatures<W: Signed>(scheme: &Scheme, count: usize, bad: &[usize]) -> VerifyParcelBuilder<W> {
    signatures_over(scheme, count, 3, bad)
}

/// The same over as many messages as wanted.
fn signatures_over<W: Signed>(
    scheme: &Scheme,
    count: usize,
    messages: usize,
    bad: &[usize],
) -> VerifyParcelBuilder<W> {
    let mut builder = VerifyParcelBuilder::<W>::new(scheme.clone());
    let hashing = Hashing::of_scheme(scheme);
    for at in 0..count {
        let secret = at as u128 + 2;
        let key = W::Key::to_affine(&W::Key::mul(&W::Key::generator(), secret)).expect("finite");
        // Not 0: that is hashed to the generator of BN254.
        let message = [(at % messages) as u8 + 1; 32];
        let signed = if bad.contains(&at) {
            [0xff; 32]
        } else {
            message
        };
        let point = W::Sig::hash(hashing, &signed, &[]).expect("hashes");
        let signature = W::Sig::to_affine(&W::Sig::mul(&point, secret)).expect("finite");
        let source = builder.keys(Keys::Inline(vec![Wire::Point(key)]));
        let message = builder.message(&message);
        builder
            .item(&[(source, &[0], message)], Wire::Point(signature))
            .expect("may be asked");
    }
    builder
}

fn min_pk(count: usize, bad: &[usize]) -> Work {
    Work::MinPk(signatures::<MinPk>(&Scheme::Bls12381MinPkPop, count, bad).finish())
}

/// Each over a message of its own: four items are a leaf.
fn distinct(count: usize, bad: &[usize]) -> Work {
    Work::MinPk(signatures_over(&Scheme::Bls12381MinPkPop, count, count, bad).finish())
}

/// e(a, b)·e(-ab, 1) for several a and b; those at `bad` have another a.
fn products<C: Curve>(count: usize, bad: &[usize]) -> PairingParcel<C> {
    let g1 = |k: u128| C::G1::to_affine(&C::G1::mul(&C::G1::generator(), k)).expect("finite");
    let g2 = |k: u128| C::G2::to_affine(&C::G2::mul(&C::G2::generator(), k)).expect("finite");
    let mut pairs = Vec::new();
    let mut checks = Vec::new();
    for at in 0..count {
        let (a, b) = (at as u128 + 3, 2 * at as u128 + 5);
        let wrong = u128::from(bad.contains(&at));
        let start = pairs.len() as u32;
        pairs.push((Wire::Point(g1(a + wrong)), Wire::Point(g2(b))));
        let minus = C::G1::negate(&g1(a * b));
        pairs.push((Wire::Point(minus), Wire::Point(C::G2::generator())));
        checks.push(start..pairs.len() as u32);
    }
    PairingParcel { pairs, checks }
}

#[test]
fn the_known_answers_come_out_of_the_model() {
    let backend = backend(MODEL, 2);
    for seed in 0..4 {
        let report = self_test(&backend, Challenge([seed; 32])).expect("the known answers");
        assert!(report.checks > 30, "{} checks", report.checks);
    }
    assert!(counter(&backend, "card_runs") > 5);
    assert!(counter(&backend, "items_by_card") > 0);
    assert!(counter(&backend, "items_redecided") > 0);
    assert_eq!(counter(&backend, "quarantined"), 0);
    assert_eq!(counter(&backend, "card_retries"), 0);
}

/// Every way of signing and both curves' products, good and bad, together: what the CPU backend says.
#[test]
fn verdicts_are_those_of_the_cpu_backend() {
    let dst = Dst::new(b"QUUX").expect("a tag");
    let works: [fn(&[usize], Dst) -> Work; 5] = [
        |bad, _| min_pk(7, bad),
        |bad, dst| {
            Work::MinSig(signatures::<MinSig>(&Scheme::Bls12381MinSig(dst), 6, bad).finish())
        },
        |bad, _| Work::Bn254(signatures::<Bn254Sig>(&Scheme::Bn254EigenTai, 6, bad).finish()),
        |bad, _| Work::PairingBls12381(products::<Bls12381>(5, bad)),
        |bad, _| Work::PairingBn254(products::<Bn254>(5, bad)),
    ];
    let (ours, theirs) = (backend(MODEL, 64), cpu());
    let mut bad_seen = 0;
    for (nth, work) in works.iter().enumerate() {
        for bad in [&[][..], &[0], &[1, 3], &[0, 1, 2, 3, 4, 5, 6]] {
            let batch = batch(
                vec![work(bad, dst.clone()), work(&[], dst.clone())],
                nth as u64,
            );
            let expected = decide(&*theirs, &batch).expect("the CPU decides");
            bad_seen += expected.iter().filter(|v| **v != Verdict::Valid).count();
            assert_eq!(decide(&ours, &batch).expect("decided"), expected);
        }
    }
    assert!(bad_seen > 30);
    assert_eq!(counter(&ours, "quarantined"), 0);
}

/// The card's values find the leaf with the bad item; the CPU decides the four items of that leaf and no other.
#[test]
fn a_bad_item_costs_the_cpu_its_leaf_alone() {
    let works: [fn(&[usize]) -> Work; 2] = [
        |bad| distinct(96, bad),
        |bad| Work::PairingBls12381(products::<Bls12381>(96, bad)),
    ];
    for work in works {
        let ours = backend(MODEL, 1 << 30);
        for (bad, by_host) in [(&[][..], 0), (&[13], 4), (&[0, 2, 95], 8)] {
            let before = counter(&ours, "items_by_host");
            let batch = batch(vec![work(bad)], bad.len() as u64);
            let verdicts = decide(&ours, &batch).expect("decided");
            assert_eq!(Ok(verdicts), decide(&*cpu(), &batch), "{bad:?}");
            let decided = counter(&ours, "items_by_host") - before;
            assert_eq!(decided, by_host, "{bad:?}");
        }
        assert_eq!(counter(&ours, "quarantined"), 0);
    }
}

/// Hashes of the kind that cards have a program for, and of kinds that they have not.
fn hashes() -> Vec<Work> {
    let message = |length| HashInput::Message(vec![length as u8; length].into());
    let work = |group, variant, inputs: Vec<HashInput>| {
        Work::Hash(HashParcel {
            curve: CurveId::Bls12381,
            group,
            hashing: tutti_backend::Hashing::Rfc9380 {
                variant,
                dst: b"QUUX-V01-CS02".as_slice().into(),
            },
            inputs,
            encoding: Encoding::ZcashCompressed,
        })
    };
    let element = HashInput::Element(vec![0; 96].into());
    vec![
        work(
            GroupId::G2,
            HashVariant::RandomOracle,
            [0, 3, 64].map(message).into(),
        ),
        work(GroupId::G1, HashVariant::RandomOracle, vec![message(5)]),
        work(GroupId::G2, HashVariant::NonUniform, vec![message(6)]),
        work(
            GroupId::G2,
            HashVariant::RandomOracle,
            vec![element, message(200)],
        ),
    ]
}

fn points(backend: &dyn Backend, seed: u64) -> Result<Vec<Vec<u8>>, DeviceFault> {
    let completion = run(backend, batch(hashes(), seed)).expect("not refused");
    let outcomes = completion.result?;
    Ok(outcomes
        .into_iter()
        .flat_map(|outcome| match outcome {
            Outcomes::Points(points) => points,
            other => panic!("{other:?}"),
        })
        .map(|point| point.expect("a point"))
        .collect())
}

/// Where everything is decided by both, cards hash what they can; a card that errs is put away, and no wrong point gets out.
#[test]
fn hashes_are_the_hosts_and_the_cards() {
    let expected = points(&*cpu(), 1).expect("the CPU hashes");
    let saving = backend(MODEL, 64);
    assert_eq!(points(&saving, 1).as_ref(), Ok(&expected));
    assert_eq!(counter(&saving, "card_runs"), 0);
    let second_opinion = backend(MODEL, 1);
    assert_eq!(points(&second_opinion, 1).as_ref(), Ok(&expected));
    assert_eq!(counter(&second_opinion, "card_runs"), 4);
    assert_eq!(counter(&second_opinion, "items_redecided"), 4);
    for product in [1, 1_000, 3_000] {
        let port = ModelPort {
            cores: 1,
            defect: Some(Defect::StaleProduct { product }),
        };
        let erring = backend(port, 1);
        let fault = points(&erring, 1).expect_err("another point");
        assert!(matches!(fault, DeviceFault::WrongAnswer(_)), "{fault}");
        assert_eq!(counter(&erring, "quarantined"), 1);
    }
}

/// What a line does to bytes, and what it is to do.
struct Line {
    inner: Box<dyn Transport>,
    random: Arc<Mutex<ChaCha20Rng>>,
    harm: Harm,
}

#[derive(Clone, Copy, Debug)]
enum Harm {
    /// One bit in so many bytes.
    Flip(u32),
    /// One frame in so many is lost, or loses its end.
    Lose(u32),
    /// Garbage before one frame in so many.
    Garbage(u32),
    /// The line is gone after so many frames.
    Unplug(u64),
}

struct HarmedPort {
    harm: Harm,
    random: Arc<Mutex<ChaCha20Rng>>,
    opened: Arc<AtomicU64>,
    sent: Arc<AtomicU64>,
}

impl HarmedPort {
    fn new(harm: Harm) -> Self {
        Self {
            harm,
            random: Arc::new(Mutex::new(ChaCha20Rng::seed_from_u64(11))),
            opened: Arc::default(),
            sent: Arc::default(),
        }
    }
}

struct Counted {
    line: Line,
    sent: Arc<AtomicU64>,
}

impl Port for HarmedPort {
    fn open(&mut self) -> io::Result<Box<dyn Transport>> {
        self.opened.fetch_add(1, Ordering::Relaxed);
        let line = Line {
            inner: MODEL.clone().open()?,
            random: Arc::clone(&self.random),
            harm: self.harm,
        };
        Ok(Box::new(Counted {
            line,
            sent: Arc::clone(&self.sent),
        }))
    }

    fn name(&self) -> String {
        format!("a line with {:?}", self.harm)
    }
}

impl Line {
    fn harmed(&self, bytes: &[u8]) -> Vec<u8> {
        let mut random = self.random.lock().expect("no test thread panics with it");
        let mut one_in = |n: u32| random.next_u32().is_multiple_of(n);
        let mut bytes = bytes.to_vec();
        match self.harm {
            Harm::Flip(n) => {
                for byte in &mut bytes {
                    *byte ^= u8::from(one_in(n)) << 3;
                }
            }
            Harm::Lose(n) if one_in(n) => {
                let kept = bytes.len() / 2 * usize::from(one_in(2));
                bytes.truncate(kept);
            }
            Harm::Garbage(n) if one_in(n) => {
                bytes.splice(0..0, [0xa5, 0x5a, 0x00, 0xa5, 0xa5, 0x5a, 9, 9, 3, 0, 1]);
            }
            _ => {}
        }
        bytes
    }
}

impl Transport for Counted {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let sent = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
        if let Harm::Unplug(after) = self.line.harm
            && sent.is_multiple_of(after)
        {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let bytes = self.line.harmed(bytes);
        self.line.inner.send(&bytes)
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> io::Result<usize> {
        let count = self.line.inner.receive(buffer, wait)?;
        if count > 0 && matches!(self.line.harm, Harm::Flip(_)) {
            let harmed = self.line.harmed(&buffer[..count]);
            buffer[..count].copy_from_slice(&harmed);
        }
        Ok(count)
    }
}

/// Batches with bad items among good ones come out right on every bad line, or not at all.
#[test]
fn a_bad_line_costs_retries_and_no_verdict() {
    let truth = |bad: &[usize]| -> Vec<bool> { (0..6).map(|at| !bad.contains(&at)).collect() };
    for harm in [
        Harm::Flip(4_000),
        Harm::Lose(12),
        Harm::Garbage(4),
        Harm::Unplug(60),
    ] {
        let port = HarmedPort::new(harm);
        let opened = Arc::clone(&port.opened);
        let backend = backend(port, 64);
        let mut answered = 0;
        for round in 0..12 {
            let bad: &[usize] = if round % 2 == 0 { &[] } else { &[2, 5] };
            let batch = batch(vec![min_pk(6, bad)], round);
            if let Ok(verdicts) = decide(&backend, &batch) {
                let valid: Vec<bool> = verdicts.iter().map(|v| *v == Verdict::Valid).collect();
                assert_eq!(valid, truth(bad), "{harm:?}");
                answered += 1;
            }
        }
        assert!(answered >= 9, "{harm:?}: {answered} of 12");
        assert_eq!(counter(&backend, "quarantined"), 0, "{harm:?}");
        if matches!(harm, Harm::Garbage(_)) {
            assert_eq!(answered, 12, "garbage between frames costs nothing");
            continue;
        }
        let trouble = counter(&backend, "card_retries") + opened.load(Ordering::Relaxed) - 1;
        assert!(trouble > 0, "{harm:?} was never felt");
    }
}

fn a_defect(round: u64, slots: u32, random: &mut ChaCha20Rng) -> Defect {
    let slot = u64::from(random.next_u32() % slots);
    match round % 4 {
        0 => Defect::Flip {
            slot,
            register: random.next_u32() as u8,
            bit: (random.next_u32() % 432) as u16,
        },
        1 => Defect::StuckProduct {
            slot,
            register: pairing::F + round as u8 % 12,
        },
        2 => Defect::StaleProduct {
            product: slot / 11 + 1,
        },
        _ => Defect::Dead { slot },
    }
}

/// One core of two errs, and one leaf of four has a bad item: what the other leaves' values say must not help it, and a leaf that
/// failed without a bad item gives the card away.
#[test]
fn no_defect_helps_a_bad_item_in_a_search() {
    let mut random = ChaCha20Rng::seed_from_u64(6);
    let (mut searched, mut put_away) = (0, 0);
    for round in 0..24 {
        let defect = a_defect(round, 500_000, &mut random);
        let port = ModelPort {
            cores: 2,
            defect: Some(defect),
        };
        let backend = backend(port, 1 << 30);
        let bad = [random.next_u32() as usize % 16];
        match decide(&backend, &batch(vec![distinct(16, &bad)], round)) {
            Err(_) => put_away += counter(&backend, "quarantined"),
            Ok(verdicts) => {
                for (at, verdict) in verdicts.iter().enumerate() {
                    assert_eq!(*verdict == Verdict::Valid, !bad.contains(&at), "{defect:?}");
                }
                searched += u64::from(counter(&backend, "items_by_card") > 0);
            }
        }
    }
    assert!(
        searched > 5 && put_away > 5,
        "{searched} searched, {put_away} put away"
    );
}

/// Every kind of defect, all over the registers and the time of a run: a bad item is never VALID, whatever else happens.
#[test]
fn no_defect_of_a_core_makes_a_bad_item_valid() {
    let mut random = ChaCha20Rng::seed_from_u64(5);
    let (mut faults, mut harmless) = (0, 0);
    for round in 0..40 {
        let defect = a_defect(round, 170_000, &mut random);
        let port = ModelPort {
            cores: 1,
            defect: Some(defect),
        };
        let backend = backend(port, 1 << 30);
        for bad in [&[][..], &[1]] {
            match decide(&backend, &batch(vec![min_pk(3, bad)], round)) {
                Err(_) => faults += 1,
                Ok(verdicts) => {
                    for (at, verdict) in verdicts.iter().enumerate() {
                        assert_eq!(*verdict == Verdict::Valid, !bad.contains(&at), "{defect:?}");
                    }
                    harmless += 1;
                }
            }
        }
    }
    assert!(
        faults > 20 && harmless > 0,
        "{faults} faults, {harmless} harmless"
    );
}

/// What a lying card says when it is asked for registers.
#[derive(Clone, Copy, Debug)]
enum Lie {
    /// What it said first, to whatever question.
    FirstAnswer,
    /// Always the value one.
    One,
    /// Zeros.
    Zeros,
    /// The answer to the question before.
    Previous,
}

struct Liar {
    lie: Lie,
    told: Arc<Mutex<Vec<Vec<u8>>>>,
}

struct LyingCard {
    inner: Box<dyn Transport>,
    lie: Lie,
    told: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Port for Liar {
    fn open(&mut self) -> io::Result<Box<dyn Transport>> {
        let port = ModelPort {
            cores: 1,
            defect: None,
        };
        Ok(Box::new(LyingCard {
            inner: port.clone().open()?,
            lie: self.lie,
            told: Arc::clone(&self.told),
        }))
    }

    fn name(&self) -> String {
        format!("a liar of {:?}", self.lie)
    }
}

/// An answer to a read of twelve registers: head, status, registers, CRC.
const READ_ANSWER: usize = 6 + 1 + 12 * 54 + 4;

impl LyingCard {
    fn lie(&self, frame: &mut [u8]) {
        let mut told = self.told.lock().expect("no test thread panics with it");
        let registers = 7..READ_ANSWER - 4;
        let truth = frame[registers.clone()].to_vec();
        let said = match self.lie {
            Lie::FirstAnswer => told.first().unwrap_or(&truth).clone(),
            Lie::Previous => told.last().unwrap_or(&truth).clone(),
            Lie::Zeros => vec![0; truth.len()],
            Lie::One => {
                let mut one = vec![0; truth.len()];
                one[0] = 1;
                one
            }
        };
        told.push(truth);
        frame[registers].copy_from_slice(&said);
        let crc = crc32(&frame[2..READ_ANSWER - 4]);
        frame[READ_ANSWER - 4..].copy_from_slice(&crc.to_le_bytes());
    }
}

/// Bit by bit, by the definition.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

impl Transport for LyingCard {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.inner.send(bytes)
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> io::Result<usize> {
        let count = self.inner.receive(buffer, wait)?;
        if count == READ_ANSWER && buffer[2] == 0x84 {
            self.lie(&mut buffer[..count]);
        }
        Ok(count)
    }
}

/// A good batch first, so that there is a good answer to repeat; then bad ones.
#[test]
fn no_lie_makes_a_bad_item_valid() {
    for lie in [Lie::FirstAnswer, Lie::Previous, Lie::One, Lie::Zeros] {
        let port = Liar {
            lie,
            told: Arc::default(),
        };
        let backend = backend(port, 1 << 30);
        let mut caught = false;
        for (round, bad) in [&[][..], &[0], &[1], &[]].into_iter().enumerate() {
            match decide(&backend, &batch(vec![min_pk(2, bad)], round as u64)) {
                Ok(verdicts) => {
                    for (at, verdict) in verdicts.iter().enumerate() {
                        assert_eq!(*verdict == Verdict::Valid, !bad.contains(&at), "{lie:?}");
                    }
                }
                Err(fault) => {
                    caught = true;
                    let quarantined = counter(&backend, "quarantined");
                    assert_eq!(quarantined, 1, "{lie:?}: {fault}");
                }
            }
        }
        assert!(caught, "{lie:?} was never seen");
        // From then on it answers nothing at all.
        let after = decide(&backend, &batch(vec![min_pk(2, &[])], 9));
        assert!(matches!(after, Err(DeviceFault::Gone(_))), "{lie:?}");
    }
}

#[test]
fn the_wrong_bitstream_and_no_card_are_refused() {
    let mut other = MODEL_DIGEST;
    other[0] ^= 1;
    let wrong = FpgaConfig {
        digest: Some(other),
        ..config(64)
    };
    let backend = FpgaBackend::new("fpga-sim", Box::new(MODEL), cpu(), wrong).expect("a thread");
    let work = batch(vec![min_pk(1, &[])], 1);
    match decide(&backend, &work) {
        Err(DeviceFault::Gone(text)) => assert!(text.contains("right bitstream"), "{text}"),
        other => panic!("{other:?}"),
    }
    let right = FpgaConfig {
        digest: Some(MODEL_DIGEST),
        ..config(64)
    };
    let backend = FpgaBackend::new("fpga-sim", Box::new(MODEL), cpu(), right).expect("a thread");
    assert_eq!(decide(&backend, &work), Ok(vec![Verdict::Valid]));
    let nowhere = UnixPort("/nonexistent/card".into());
    let backend = FpgaBackend::new("fpga", Box::new(nowhere), cpu(), config(64)).expect("a thread");
    assert!(matches!(decide(&backend, &work), Err(DeviceFault::Gone(_))));
}

/// Good and bad items over a real socket or terminal, with the time that those take.
fn serves(port: impl Port + 'static) {
    let backend = FpgaBackend::new("fpga", Box::new(port), cpu(), FpgaConfig::default());
    let backend = backend.expect("a thread");
    let good = batch(vec![min_pk(3, &[])], 1);
    assert_eq!(decide(&backend, &good), Ok(vec![Verdict::Valid; 3]));
    let verdicts = decide(&backend, &batch(vec![min_pk(3, &[1])], 2)).expect("answered");
    let valid = verdicts.iter().map(|verdict| *verdict == Verdict::Valid);
    assert!(valid.eq([true, false, true]));
    let identity = backend.identity().expect("it was reached");
    assert_eq!((identity.cores, identity.digest), (3, MODEL_DIGEST));
    assert!(counter(&backend, "items_by_card") > 0);
    assert_eq!(counter(&backend, "quarantined"), 0);
}

#[test]
fn a_simulated_card_serves_one_host_after_the_other_on_a_socket() {
    let socket = std::env::temp_dir().join(format!("tutti-model-{}", std::process::id()));
    let listener = std::os::unix::net::UnixListener::bind(&socket).expect("a free path");
    let card = std::thread::spawn(move || {
        let mut card = SimulatedCard::model(3, MODEL_DIGEST);
        for host in listener.incoming().take(3) {
            let mut host = host.expect("a host");
            card.serve(&mut host).expect("the model does not end");
        }
    });
    serves(UnixPort(socket.clone()));
    // Gone in the midst of a frame, which must not hold up the next.
    let mut half = std::os::unix::net::UnixStream::connect(&socket).expect("it listens");
    half.send(&[0xa5, 0x5a, 3, 1, 0xff, 7, 0, 0]).expect("sent");
    std::thread::sleep(Duration::from_millis(500));
    drop(half);
    serves(UnixPort(socket.clone()));
    card.join().expect("three hosts were served");
    std::fs::remove_file(&socket).expect("it is ours");
}

#[test]
fn a_simulated_card_serves_on_a_serial_line() {
    let mut line = PseudoTerminal::open().expect("a pseudo-terminal");
    let device = SerialDevice {
        path: line.path().to_owned(),
        baud: 3_000_000,
    };
    // It ends with this process.
    std::thread::spawn(move || {
        let mut card = SimulatedCard::model(3, MODEL_DIGEST);
        while card.serve(&mut line).is_ok() {}
    });
    serves(device.clone());
    // One host at a time: the first lets go of the line as its thread ends.
    while device.clone().open().is_err() {
        std::thread::sleep(Duration::from_millis(10));
    }
    serves(device);
}

/// The Verilated card in a process of its own, where `TUTTI_CARD` names it (`cargo xtask card` builds it).
#[test]
fn the_verilated_card_gives_the_same_verdicts() {
    let Some(program) = std::env::var_os("TUTTI_CARD") else {
        println!("SKIPPED: TUTTI_CARD names no simulated card");
        return;
    };
    let socket = std::env::temp_dir().join(format!("tutti-card-{}", std::process::id()));
    let mut process = std::process::Command::new(program)
        .arg("--socket")
        .arg(&socket)
        .spawn()
        .expect("the simulated card starts");
    let slow = FpgaConfig {
        patience: CardPatience {
            answer: Duration::from_secs(10),
            run: Duration::from_mins(2),
            attempts: 2,
        },
        ..config(1 << 30)
    };
    for _ in 0..100 {
        if socket.exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let backend = FpgaBackend::new("fpga", Box::new(UnixPort(socket.clone())), cpu(), slow)
        .expect("a thread");
    let verdicts: Vec<_> = [&[][..], &[1]]
        .into_iter()
        .map(|bad| decide(&backend, &batch(vec![min_pk(2, bad)], 3)))
        .collect();
    process.kill().expect("it runs still");
    process.wait().expect("it ends");
    // It may have removed its socket itself.
    let _ = std::fs::remove_file(&socket);
    let good = |verdicts: &[Verdict]| -> Vec<bool> {
        verdicts.iter().map(|v| *v == Verdict::Valid).collect()
    };
    let [first, second] = verdicts.try_into().expect("two batches");
    assert_eq!(good(&first.expect("answered")), [true, true]);
    assert_eq!(good(&second.expect("answered")), [true, false]);
    assert_eq!(counter(&backend, "quarantined"), 0);
    assert_eq!(counter(&backend, "items_by_card"), 2);
}
