//! The engine with the real backend: many callers, all operations, and one who spoils batches.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tutti_backend::{
    AnyKeySet, Backend, Batch, Descriptor, Done, KeyParcel, Keys, Outcomes, PairingParcel, Refused,
    SumParcel, SumRole, VerifyParcel, VerifyParcelBuilder, Work,
};
use tutti_backend_cpu::{CpuBackend, CpuConfig};
use tutti_curves::{
    Bn254Sig, Group, Hashing, KeySet, Member, MinPk, MinSig, PointHash, Signed, Wire, bls12_381,
};
use tutti_engine::{Engine, EngineConfig, NoObserver, SubmitOptions};
use tutti_types::{Dst, Encoding, InvalidReason, Limits, Part, Priority, Scheme, Verdict};

use crate::support::{SOON, ask_with, assert_empty, from, hashes, is_up};

const FORGED: Verdict = Verdict::Invalid(InvalidReason::DoesNotVerify, Part::Whole);

fn cpu(threads: usize) -> CpuBackend {
    CpuBackend::new(&CpuConfig::new(threads, &Limits::default())).expect("threads start")
}

fn engine_of(limits: Limits, backend: Arc<dyn Backend>) -> Engine {
    let config = EngineConfig {
        limits,
        ..EngineConfig::default()
    };
    Engine::start(&config, vec![backend], Arc::new(NoObserver))
}

/// Signed items of one world, made once: signing takes longer than verifying in a batch.
pub(crate) struct Signatures<W: Signed> {
    scheme: Scheme,
    keys: Arc<KeySet<W::Key>>,
    inline: Vec<Wire<W::Key>>,
    messages: Vec<[u8; 32]>,
    /// By signer and message.
    signed: Vec<Vec<Wire<W::Sig>>>,
}

const SIGNERS: usize = 5;
const MESSAGES: usize = 3;

impl<W: Signed> Signatures<W> {
    fn new(scheme: Scheme) -> Self {
        let secrets: Vec<u128> = (0..SIGNERS as u128).map(|nth| 0x5eed << 40 | nth).collect();
        let key = |secret: &u128| {
            let key = W::Key::to_affine(&W::Key::mul(&W::Key::generator(), *secret));
            key.expect("a secret is not zero")
        };
        let keys: Vec<_> = secrets.iter().map(key).collect();
        let messages: Vec<[u8; 32]> = (0..MESSAGES as u8).map(|nth| [nth; 32]).collect();
        let sign = |secret: &u128, message: &[u8; 32]| {
            let hashed = W::Sig::hash(Hashing::of_scheme(&scheme), message, &[]);
            let point = hashed.expect("these messages can be hashed");
            let signature = W::Sig::to_affine(&W::Sig::mul(&point, *secret));
            Wire::Point(signature.expect("a secret is not zero"))
        };
        let signed = secrets
            .iter()
            .map(|secret| {
                messages
                    .iter()
                    .map(|message| sign(secret, message))
                    .collect()
            })
            .collect();
        let members = keys.iter().map(|key| Member::check(*key).expect("a key"));
        Self {
            keys: Arc::new(KeySet::new(members.collect())),
            inline: keys.iter().map(|key| Wire::Point(*key)).collect(),
            scheme,
            messages,
            signed,
        }
    }

    /// Items from a seed; of each four, one is signed over another message.
    pub(crate) fn parcel(&self, seed: usize, items: usize) -> (VerifyParcel<W>, Vec<Verdict>) {
        self.build(
            items,
            |item| {
                let mixed = (seed * 31 + item) * 7;
                let forged = (seed + item).is_multiple_of(4);
                (mixed % SIGNERS, mixed / 3 % MESSAGES, forged)
            },
            seed.is_multiple_of(2),
        )
    }

    fn build(
        &self,
        items: usize,
        item: impl Fn(usize) -> (usize, usize, bool),
        inline: bool,
    ) -> (VerifyParcel<W>, Vec<Verdict>) {
        let mut parcel = VerifyParcelBuilder::<W>::new(self.scheme.clone());
        let source = parcel.keys(if inline {
            Keys::Inline(self.inline.clone())
        } else {
            Keys::Set(Arc::clone(&self.keys))
        });
        let messages: Vec<u32> = self.messages.iter().map(|m| parcel.message(m)).collect();
        let verdicts = (0..items).map(|nth| {
            let (signer, message, forged) = item(nth);
            let signed = if forged {
                (message + 1) % MESSAGES
            } else {
                message
            };
            let signature = self.signed[signer][signed];
            parcel
                .item(&[(source, &[signer as u32], messages[message])], signature)
                .expect("these items can be asked");
            if forged { FORGED } else { Verdict::Valid }
        });
        let verdicts = verdicts.collect();
        (parcel.finish(), verdicts)
    }
}

fn min_pk() -> &'static Signatures<MinPk> {
    static MADE: OnceLock<Signatures<MinPk>> = OnceLock::new();
    MADE.get_or_init(|| Signatures::new(Scheme::Bls12381MinPkPop))
}

pub(crate) fn min_sig() -> &'static Signatures<MinSig> {
    static MADE: OnceLock<Signatures<MinSig>> = OnceLock::new();
    MADE.get_or_init(|| {
        let dst = Dst::new(b"tutti engine tests").expect("a tag");
        Signatures::new(Scheme::Bls12381MinSig(dst))
    })
}

fn bn254() -> &'static Signatures<Bn254Sig> {
    static MADE: OnceLock<Signatures<Bn254Sig>> = OnceLock::new();
    MADE.get_or_init(|| Signatures::new(Scheme::Bn254EigenTai))
}

fn multiple(factor: u128) -> bls12_381::P1Affine {
    let point = bls12_381::G1::mul(&bls12_381::G1::generator(), factor);
    bls12_381::G1::to_affine(&point).expect("not infinity")
}

/// e(a G1, G2) e(b G1, -G2): one where a = b.
fn products(seed: usize, items: usize) -> (Work, Vec<Verdict>) {
    let g2 = bls12_381::G2::generator();
    let minus_g2 = bls12_381::G2::negate(&g2);
    let mut parcel = PairingParcel {
        pairs: Vec::new(),
        checks: Vec::new(),
    };
    let mut verdicts = Vec::new();
    for item in 0..items {
        let forged = (seed + item).is_multiple_of(3);
        let a = 2 + (seed + item) as u128;
        let b = a + u128::from(forged);
        let first = parcel.pairs.len() as u32;
        let pairs = [(multiple(a), g2), (multiple(b), minus_g2)];
        parcel
            .pairs
            .extend(pairs.map(|(p, q)| (Wire::Point(p), Wire::Point(q))));
        parcel.checks.push(first..first + 2);
        verdicts.push(if forged { FORGED } else { Verdict::Valid });
    }
    (Work::PairingBls12381(parcel), verdicts)
}

/// 1 + 2 + .. + n times the generator.
fn sums(seed: usize, items: usize) -> (Work, Vec<Vec<u8>>) {
    let encoding = Encoding::ZcashCompressed;
    let length = |item: usize| 1 + (seed + item) % 4;
    let lists = (0..items)
        .map(|item| {
            (1..=length(item))
                .map(|n| Wire::Point(multiple(n as u128)))
                .collect()
        })
        .collect();
    let expected = (0..items).map(|item| {
        let n = length(item) as u128;
        bls12_381::G1::encode(Some(&multiple(n * (n + 1) / 2)), encoding)
    });
    let expected = expected.collect();
    let role = SumRole::Keys;
    let parcel = SumParcel {
        role,
        lists,
        encoding,
    };
    (Work::SumBls12381G1(parcel), expected)
}

/// Asks for one of everything and checks what comes.
fn ask_everything(engine: &Engine, seed: usize) {
    let options = SubmitOptions {
        priority: Priority::ALL[seed % 3],
        source: seed as u64,
        deadline: None,
    };
    let items = 1 + seed % 6;
    let (pk, pk_verdicts) = min_pk().parcel(seed, items);
    let (sig, sig_verdicts) = min_sig().parcel(seed, items);
    let (bn, bn_verdicts) = bn254().parcel(seed, items);
    let (product, product_verdicts) = products(seed, items);
    let (sum, points) = sums(seed, items);
    let message = [seed as u8; 9];
    let keys = Work::KeysBls12381G1(KeyParcel {
        keys: vec![
            Wire::Point(multiple(7)),
            Wire::Infinity,
            Wire::Point(multiple(9)),
        ],
    });
    let verified = [
        (ask_with(engine, Work::MinPk(pk), options), pk_verdicts),
        (ask_with(engine, Work::MinSig(sig), options), sig_verdicts),
        (ask_with(engine, Work::Bn254(bn), options), bn_verdicts),
        (ask_with(engine, product, options), product_verdicts),
    ];
    let summed = ask_with(engine, sum, options);
    let hashed = ask_with(engine, hashes(&[&message, b"abc"]), options);
    let checked = ask_with(engine, keys, options);
    for (asked, verdicts) in verified {
        assert_eq!(asked.answer().outcomes.verdicts(), verdicts, "seed {seed}");
    }
    let expected: Vec<_> = points.into_iter().map(Ok).collect();
    let Outcomes::Points(points) = summed.answer().outcomes else {
        panic!("sums are points");
    };
    assert_eq!(points, expected);
    let Outcomes::Points(points) = hashed.answer().outcomes else {
        panic!("hashes are points");
    };
    assert_eq!(
        points,
        [&message[..], b"abc"].map(|message| Ok(hash_alone(message)))
    );
    let infinity = Verdict::Invalid(InvalidReason::Infinity, Part::Key(1));
    let verdicts = checked.answer().outcomes.verdicts();
    assert_eq!(verdicts, [Verdict::Valid, infinity, Verdict::Valid]);
}

fn hash_alone(message: &[u8]) -> Vec<u8> {
    let hashing = Hashing::Rfc9380 {
        variant: tutti_types::HashVariant::RandomOracle,
        dst: b"tutti engine tests",
    };
    let point = bls12_381::G1::hash(hashing, message, &[]).expect("any message can be hashed");
    bls12_381::G1::encode(Some(&point), Encoding::ZcashCompressed)
}

#[test]
fn many_callers_at_once_get_their_own_right_answers() {
    let limits = Limits {
        batch_items_max: 13,
        ..Limits::default()
    };
    let engine = engine_of(limits, Arc::new(cpu(2)));
    std::thread::scope(|scope| {
        for caller in 0..12 {
            let engine = &engine;
            scope.spawn(move || {
                for round in 0..3 {
                    ask_everything(engine, caller * 3 + round);
                }
            });
        }
    });
    assert_empty(&engine);
    assert!(is_up(&engine, "cpu"));
    assert_eq!(engine.backends()[0].faults, 0);
    assert!(engine.drain(SOON));
}

#[test]
fn keys_checked_by_the_engine_become_a_set_that_verifies() {
    let engine = engine_of(Limits::default(), Arc::new(cpu(1)));
    let keys = min_pk().inline.clone();
    let work = Work::KeysBls12381G1(KeyParcel { keys });
    let answer = engine.run(work, SubmitOptions::default()).unwrap();
    let Outcomes::Keys(tutti_backend::CheckedKeys::Bls12381G1(keys)) = answer.outcomes else {
        panic!("keys come back as keys");
    };
    let members = keys.into_iter().map(|key| key.expect("all are good"));
    let set = AnyKeySet::Bls12381G1(Arc::new(KeySet::new(members.collect())));
    assert_eq!(set.id(), min_pk().keys.id());
    engine.key_sets().put(set, "validators").unwrap();
    assert!(engine.key_sets().get(&min_pk().keys.id()).is_some());
}

/// The CPU backend with a list of what shared a batch: how many items each of its parcels has.
struct Recorded {
    cpu: CpuBackend,
    batches: Mutex<Vec<Vec<usize>>>,
}

impl Backend for Recorded {
    fn descriptor(&self) -> &Descriptor {
        self.cpu.descriptor()
    }

    fn submit(&self, batch: Arc<Batch>, done: Done) -> Result<(), Refused> {
        if batch.id != 0 {
            let slices = batch.slices.iter();
            let items = slices.map(|slice| slice.work.len()).collect();
            self.batches.lock().push(items);
        }
        self.cpu.submit(batch, done)
    }
}

/// Whether honest items shared a batch with the spoiler's once it was known.
fn spoil_and_look(engine: &Engine, backend: &Recorded) -> Option<bool> {
    // Whose a parcel is, its size says.
    const HONEST: usize = 3;
    const SPOILT: usize = 2;
    let (bad, forged) = min_pk().build(SPOILT, |item| (item, 0, true), false);
    let first = ask_with(engine, Work::MinPk(bad), from(666)).answer();
    let known = Instant::now();
    assert_eq!(first.outcomes.verdicts(), forged);
    backend.batches.lock().clear();
    let asked: Vec<_> = (0..30)
        .map(|round| {
            let spoils = round % 3 == 0;
            let (items, source) = if spoils {
                (SPOILT, 666)
            } else {
                (HONEST, round)
            };
            let (parcel, verdicts) =
                min_pk().build(items, |item| (item, round as usize % 3, spoils), false);
            (
                ask_with(engine, Work::MinPk(parcel), from(source)),
                verdicts,
            )
        })
        .collect();
    for (asked, verdicts) in asked {
        assert_eq!(asked.answer().outcomes.verdicts(), verdicts);
    }
    // The first isolation lasts a second: a machine too slow for that tells nothing.
    if known.elapsed() > Duration::from_millis(900) {
        return None;
    }
    let batches = backend.batches.lock();
    let mixed = batches.iter().any(|parcels| {
        let kinds: HashSet<_> = parcels.iter().collect();
        kinds.len() > 1
    });
    assert!(batches.iter().any(|parcels| parcels.contains(&HONEST)));
    assert!(batches.iter().any(|parcels| parcels.contains(&SPOILT)));
    Some(mixed)
}

#[test]
fn a_source_that_spoils_batches_is_kept_from_others() {
    let backend = Arc::new(Recorded {
        cpu: cpu(2),
        batches: Mutex::default(),
    });
    let engine = engine_of(Limits::default(), Arc::clone(&backend) as Arc<dyn Backend>);
    let told = (0..30).find_map(|_| spoil_and_look(&engine, &backend));
    assert_eq!(told, Some(false), "nobody shares its batches");
    assert_empty(&engine);
}

#[test]
fn the_real_backend_passes_its_self_test_beside_other_work() {
    let engine = engine_of(Limits::default(), Arc::new(cpu(2)));
    let (parcel, verdicts) = min_pk().parcel(1, 40);
    let asked = ask_with(&engine, Work::MinPk(parcel), from(1));
    let report = engine
        .self_test("cpu")
        .expect("it is there")
        .expect("it passes");
    assert!(report.checks > 0);
    assert_eq!(asked.answer().outcomes.verdicts(), verdicts);
    assert!(is_up(&engine, "cpu"));
}
