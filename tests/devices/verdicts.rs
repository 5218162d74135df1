//! A device that does what it should: its verdicts are those of the oracle.

use std::sync::Arc;

use rand_core::RngCore;
use tutti_backend::{
    Backend, Challenge, CoefficientBits, HashInput, HashParcel, Hashing, Outcomes, Work, self_test,
};
use tutti_backend_cuda::{CudaBackend, CudaConfig};
use tutti_curves::{Bn254Sig, MinPk, MinSig};
use tutti_types::{CurveId, Dst, Encoding, GroupId, HashVariant, Operation, Scheme, Verdict};

use crate::items::{Item, Maker, Ring, World, parcel};
use crate::machine::{Machine, ask, batch, cpu};
use crate::rig::{self, pick, shuffle};

#[test]
fn the_known_answers_come_out() {
    let backend = Machine::new().start().expect("the stand-in is a device");
    assert_eq!(backend.descriptor().operations, Operation::ALL);
    let report = self_test(&backend, Challenge([3; 32])).expect("all answers are right");
    let by_cpu = self_test(&*cpu(), Challenge([3; 32])).expect("all answers are right");
    assert_eq!(report.checks, by_cpu.checks);
}

/// A parcel of items, and those of them that it took.
pub(crate) fn made<W: World>(
    ring: &Ring<W>,
    scheme: &Scheme,
    items: Vec<Item<W>>,
) -> (Arc<Work>, Vec<Item<W>>) {
    let (parcel, refused) = parcel(ring, scheme, &items);
    let taken = items.into_iter().zip(refused);
    let taken = taken.filter_map(|(item, refused)| refused.is_none().then_some(item));
    (Arc::new(W::work(parcel)), taken.collect())
}

/// Items of every sort, good and bad, in one batch of several parcels with their own tags.
fn mixes<W: World>(backend: &CudaBackend, schemes: &[Scheme], count: u64) {
    for seed in rig::seeds(count) {
        let mut random = rig::random(100 + seed);
        let ring = Ring::<W>::new(&mut random);
        let mut works = Vec::new();
        let mut expected = Vec::new();
        for scheme in schemes {
            let mut maker = Maker::new(&ring, scheme.clone(), &mut random);
            let mut items = Vec::new();
            while items.len() < *pick(&mut random, &[1, 7, 20]) {
                // Every third batch has nothing bad in it.
                items.extend(match seed % 3 {
                    0 => vec![maker.valid(&mut random)],
                    _ => maker.any(&mut random),
                });
            }
            shuffle(&mut random, &mut items);
            let (work, items) = made(&ring, scheme, items);
            if !work.is_empty() {
                expected.extend(items.into_iter().map(|item| (item.sort, item.expected)));
                works.push(work);
            }
        }
        let bits = [CoefficientBits::B64, CoefficientBits::B128][seed as usize % 2];
        let whole = batch(&works[0], seed as u8, bits);
        let slices = works.iter().flat_map(rig::whole).collect();
        let completion = tutti_backend::run(backend, tutti_backend::Batch { slices, ..whole });
        let outcomes = completion.expect("offered").result.expect("no fault");
        let verdicts = outcomes.iter().flat_map(Outcomes::verdicts);
        for (at, (verdict, (sort, expected))) in verdicts.zip(&expected).enumerate() {
            assert_eq!(
                verdict,
                *expected,
                "{:?}, seed {seed}, item {at}: {sort}",
                W::WORLD
            );
        }
    }
}

#[test]
fn device_verdicts_equal_single_verdicts() {
    let weighing = Machine::new().start().expect("the stand-in is a device");
    every_scheme(&weighing, [3, 2, 2]);
    // The same with signatures thrown into buckets.
    let bucketing = Machine::new().with_buckets(6);
    every_scheme(&bucketing, [4, 3, 3]);
}

fn every_scheme(backend: &CudaBackend, seeds: [u64; 3]) {
    let tag = |text: &str| Dst::new(text.as_bytes()).expect("a short tag");
    let min_pk = [
        Scheme::Bls12381MinPkPop,
        Scheme::Bls12381MinPkAug,
        Scheme::Bls12381MinPkBasic,
    ];
    mixes::<MinPk>(backend, &min_pk, seeds[0]);
    let min_sig = [tag("one"), tag("another")].map(Scheme::Bls12381MinSig);
    mixes::<MinSig>(backend, &min_sig, seeds[1]);
    let bn254 = [
        Scheme::Bn254EigenTai,
        Scheme::Bn254KeccakTai,
        Scheme::Bn254Rfc9380(tag("a third")),
    ];
    mixes::<Bn254Sig>(backend, &bn254, seeds[2]);
}

/// Many items of few messages, and of so many that sums are made in parts and leaves are many.
#[test]
fn bad_items_are_found_in_every_shape() {
    let shapes = [(1, 150), (100, 100), (40, 120)];
    found_in_shapes(
        &Machine::new().start().expect("the stand-in is a device"),
        &shapes,
    );
    // Several parts, some of which hold.
    let shapes = [(1, 150), (100, 100), (4, 1_200)];
    found_in_shapes(&Machine::new().with_buckets(64), &shapes);
}

fn found_in_shapes(backend: &CudaBackend, shapes: &[(usize, usize)]) {
    let mut random = rig::random(5);
    let ring = Ring::<MinPk>::new(&mut random);
    for &(messages, size) in shapes {
        let mut items = Vec::new();
        while items.len() < size {
            let mut maker = Maker::new(&ring, Scheme::Bls12381MinPkPop, &mut random);
            // Each maker has messages of its own.
            for key in 0..(size / messages) as u32 {
                items.push(maker.plain(key, &mut random));
            }
        }
        for _ in 0..2 {
            let mut maker = Maker::new(&ring, Scheme::Bls12381MinPkPop, &mut random);
            items.push(maker.wrong_message(&mut random));
            items.push(maker.small_order(&mut random));
            items.extend(maker.shifted(true, &mut random));
        }
        shuffle(&mut random, &mut items);
        let (work, items) = made(&ring, &Scheme::Bls12381MinPkPop, items);
        let verdicts = ask(backend, &work, 9).expect("no fault");
        for (verdict, item) in verdicts.iter().zip(&items) {
            assert_eq!(
                *verdict, item.expected,
                "{messages} messages: {}",
                item.sort
            );
        }
    }
}

/// One message that all items share, more of them than a leaf has: what the CPU decides is the
/// chunks that do not hold, not all of it.
#[test]
fn one_bad_item_of_one_message_is_searched_by_the_device() {
    let backend = Machine::new().with_buckets(256);
    let mut random = rig::random(8);
    let ring = Ring::<MinPk>::new(&mut random);
    let mut maker = Maker::new(&ring, Scheme::Bls12381MinPkPop, &mut random);
    let mut items: Vec<_> = (0..1_100)
        .map(|key| maker.plain(key % 30, &mut random))
        .collect();
    let other = maker.plain(3, &mut random);
    items[900].signature = other.signature;
    let (work, _) = made(&ring, &Scheme::Bls12381MinPkPop, items);
    let verdicts = ask(&backend, &work, 9).expect("no fault");
    for (at, verdict) in verdicts.iter().enumerate() {
        assert_eq!(*verdict == Verdict::Valid, at != 900, "item {at}");
    }
    let counters = backend.counters();
    let asked = counters
        .iter()
        .find(|(name, _)| *name == "cuda_items_asked_again");
    assert!(
        asked.is_some_and(|(_, items)| (1..=64).contains(items)),
        "{asked:?}"
    );
}

/// Sets that do not all fit take turns on the device.
#[test]
fn key_sets_give_way_to_each_other() {
    let machine = Machine::new();
    let config = CudaConfig {
        // 416 bytes a key in all tables: places for the inline keys and one ring of forty.
        memory_bytes: 2 * 416 * 100,
        slots: 1,
        inline_keys_max: 25,
        ..machine.config()
    };
    let too_small = CudaBackend::start(config.clone(), cpu()).expect("the stand-in is a device");
    let mut random = rig::random(6);
    for round in 0..3 {
        let ring = Ring::<MinPk>::new(&mut random);
        let mut maker = Maker::new(&ring, Scheme::Bls12381MinPkPop, &mut random);
        let items = vec![maker.plain(round, &mut random)];
        let (work, _) = made(&ring, &Scheme::Bls12381MinPkPop, items);
        let verdicts = ask(&too_small, &work, 1).expect("no fault");
        assert_eq!(verdicts, [tutti_types::Verdict::Valid]);
    }
    let count = |name: &str| {
        let counters = too_small.counters();
        counters
            .iter()
            .find(|(known, _)| *known == name)
            .expect("a counter")
            .1
    };
    assert_eq!(count("cuda_key_sets_uploaded"), 3);
    assert_eq!(count("cuda_key_sets_evicted"), 2);
    assert_eq!(count("cuda_batches_too_large"), 0);
}

/// Messages of every length around a block, by every way to hash that the kernels know.
#[test]
fn points_are_those_of_the_oracle() {
    let machine = Machine::new();
    let backend = machine.start().expect("the stand-in is a device");
    let mut random = rig::random(12);
    let oracle = |dst: &[u8]| Hashing::Rfc9380 {
        variant: HashVariant::RandomOracle,
        dst: dst.into(),
    };
    let bls = (CurveId::Bls12381, Encoding::ZcashCompressed);
    let bn = (CurveId::Bn254, Encoding::Eip197);
    for ((curve, encoding), group, hashing) in [
        (bls, GroupId::G1, oracle(b"tag")),
        (bls, GroupId::G2, oracle(&[7; 255])),
        (bn, GroupId::G1, oracle(b"another tag")),
        (bn, GroupId::G2, oracle(b"only the CPU does this")),
        (bn, GroupId::G1, Hashing::TryAndIncrement),
        (bn, GroupId::G1, Hashing::KeccakTryAndIncrement),
    ] {
        let inputs = [0, 1, 32, 55, 56, 64, 200].map(|length| {
            let length = if hashing == Hashing::TryAndIncrement {
                32
            } else {
                length
            };
            let mut message = vec![0; length];
            random.fill_bytes(&mut message);
            HashInput::Message(message.into())
        });
        let parcel = HashParcel {
            curve,
            group,
            hashing: hashing.clone(),
            inputs: inputs.to_vec(),
            encoding,
        };
        let work = Arc::new(Work::Hash(parcel));
        let points = |backend: &dyn Backend, seed| {
            let batch = batch(&work, seed, CoefficientBits::B64);
            let completion = tutti_backend::run(backend, batch).expect("offered");
            completion.result.map(|outcomes| match &outcomes[..] {
                [Outcomes::Points(points)] => points.clone(),
                other => panic!("{other:?}"),
            })
        };
        let expected = points(&*cpu(), 1).expect("the CPU hashes");
        assert_eq!(
            points(&backend, 1).as_ref(),
            Ok(&expected),
            "{curve:?} {group:?} {hashing:?}"
        );
    }
}
