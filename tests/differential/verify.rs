//! Random mixes of every scheme's items.

use std::sync::Arc;

use rand_core::RngCore;
use tutti_backend::{Batch, Challenge, Outcomes, Work, WorkSlice};
use tutti_curves::{Bn254Sig, MinPk, MinSig};
use tutti_types::{Dst, Scheme, Verdict};

use crate::items::{Item, Maker, Ring, Signers, World, alone, parcel};
use crate::rig::{self, BOTH_LENGTHS, Subject, below, pick, random, seeds, shuffle, slices, some};

fn tag(text: &str) -> Dst {
    Dst::new(text.as_bytes()).expect("a short tag")
}

pub(crate) fn min_pk() -> Vec<Scheme> {
    vec![
        Scheme::Bls12381MinPkPop,
        Scheme::Bls12381MinPkBasic,
        Scheme::Bls12381MinPkAug,
    ]
}

pub(crate) fn min_sig() -> Vec<Scheme> {
    vec![
        Scheme::Bls12381MinSig(tag("BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_")),
        Scheme::Bls12381MinSig(tag("another")),
    ]
}

pub(crate) fn bn254() -> Vec<Scheme> {
    vec![
        Scheme::Bn254EigenTai,
        Scheme::Bn254KeccakTai,
        Scheme::Bn254Rfc9380(tag("BLS_SIG_BN254G1_XMD:SHA-256_SSWU_RO_NUL_")),
    ]
}

/// A scheme's items, in a parcel, and what each must get.
pub(crate) struct Made<W: World> {
    pub(crate) work: Arc<Work>,
    /// Of the items that the parcel took, in its order.
    pub(crate) items: Vec<Item<W>>,
}

/// Puts items in a parcel. Those that it refuses are checked here.
pub(crate) fn made<W: World>(
    ring: &Ring<W>,
    scheme: &Scheme,
    items: Vec<Item<W>>,
    note: &str,
) -> Made<W> {
    let (parcel, refused) = parcel(ring, scheme, &items);
    let mut taken = Vec::new();
    for (item, refused) in items.into_iter().zip(refused) {
        match refused {
            Some(verdict) => assert_eq!(verdict, item.expected, "{note}: {}", item.sort),
            None => taken.push(item),
        }
    }
    Made {
        work: Arc::new(W::work(parcel)),
        items: taken,
    }
}

/// Runs the parcels as one batch cut at random and compares each verdict.
pub(crate) fn compare<W: World>(
    subject: &Subject,
    made: &[Made<W>],
    random: &mut impl RngCore,
    note: &str,
) {
    let works: Vec<Arc<Work>> = made.iter().map(|made| Arc::clone(&made.work)).collect();
    let slices = slices(random, &works);
    if slices.is_empty() {
        return;
    }
    let bits = *pick(random, &BOTH_LENGTHS);
    let outcomes = rig::run(&subject.backend, random, &slices, bits);
    for (slice, outcomes) in slices.iter().zip(outcomes) {
        let of = made
            .iter()
            .find(|made| Arc::ptr_eq(&made.work, &slice.work))
            .expect("a slice of one of the works");
        for (at, verdict) in slice.range.clone().zip(outcomes.verdicts()) {
            let item = &of.items[at];
            assert_eq!(
                verdict,
                item.expected,
                "{note}: {}, item {at} of {}, {bits:?}: {} {:?}",
                subject.name,
                of.items.len(),
                item.sort,
                item.terms,
            );
        }
    }
}

fn mixes<W: World>(schemes: &[Scheme], sizes: &[usize], count: u64) {
    let subjects = rig::subjects();
    for seed in seeds(count) {
        let mut random = random(seed);
        let ring = Ring::<W>::new(&mut random);
        let size = *pick(&mut random, sizes);
        let all_bad = seed % 5 == 4;
        let mut parcels = Vec::new();
        for _ in 0..=below(&mut random, 3) {
            let scheme = pick(&mut random, schemes);
            let mut maker = Maker::new(&ring, scheme.clone(), &mut random);
            let mut items = Vec::new();
            while items.len() < size {
                items.extend(if all_bad {
                    maker.bad(&mut random)
                } else {
                    maker.any(&mut random)
                });
            }
            let again: Vec<_> = (0..size / 8)
                .map(|_| pick(&mut random, &items).clone())
                .collect();
            items.extend(again);
            shuffle(&mut random, &mut items);
            let note = format!("{:?}, seed {seed}", W::WORLD);
            let made = made(&ring, scheme, items, &note);
            for item in &made.items {
                let verdict = alone(&ring, scheme, item);
                assert_eq!(verdict, item.expected, "{note}: oracle, {}", item.sort);
            }
            parcels.push(made);
        }
        for subject in some(&subjects, &mut random) {
            // Twice: the second time from the caches, cut and weighed differently.
            for time in ["first", "second"] {
                let note = format!("{:?}, seed {seed}, {time} time", W::WORLD);
                compare(subject, &parcels, &mut random, &note);
            }
        }
    }
}

const SIZES: [usize; 8] = [0, 1, 2, 5, 12, 31, 33, 64];

#[test]
fn batch_verdicts_equal_single_verdicts() {
    mixes::<MinPk>(&min_pk(), &SIZES, 10);
    mixes::<MinSig>(&min_sig(), &SIZES, 10);
    mixes::<Bn254Sig>(&bn254(), &SIZES, 10);
}

/// Every item that a mix holds, alone in its batch.
#[test]
fn an_item_alone_gets_what_it_gets_among_others() {
    fn each<W: World>(schemes: &[Scheme]) {
        let subjects = rig::subjects();
        let mut random = random(7);
        let ring = Ring::<W>::new(&mut random);
        for scheme in schemes {
            let mut maker = Maker::new(&ring, scheme.clone(), &mut random);
            for _ in 0..seeds(20).end {
                let items = maker.any(&mut random);
                for item in items {
                    let made = made(&ring, scheme, vec![item], "alone");
                    let subject = pick(&mut random, &subjects);
                    compare(subject, &[made], &mut random, "alone");
                }
            }
        }
    }
    each::<MinPk>(&min_pk());
    each::<MinSig>(&min_sig());
    each::<Bn254Sig>(&bn254());
}

/// Two keys and many messages: the batch is grouped by key, and weights go to the messages.
/// Whoever waits for a batch that is all bad must see that it gets on.
#[test]
fn each_bad_item_is_a_sign_of_life() {
    let mut random = random(11);
    let ring = Ring::<MinPk>::new(&mut random);
    let scheme = &min_pk()[0];
    let mut maker = Maker::new(&ring, scheme.clone(), &mut random);
    let items = (0..24).flat_map(|_| maker.bad(&mut random)).collect();
    let made = made(&ring, scheme, items, "all bad");
    for subject in &rig::subjects() {
        let slice = WorkSlice::whole(Arc::clone(&made.work));
        let batch = Batch::of(vec![slice], Challenge([3; 32]));
        let pulse = batch.pulse.clone();
        let completion = tutti_backend::run(&subject.backend, batch).expect("it takes the batch");
        let outcomes = completion.result.expect("no device fault");
        let bad = outcomes.iter().flat_map(Outcomes::verdicts);
        let bad = bad.filter(|verdict| *verdict != Verdict::Valid).count();
        assert!(bad > 8, "{}: {bad}", subject.name);
        assert!(pulse.beats() > bad as u64 / 2, "{}", subject.name);
    }
}

#[test]
fn batches_grouped_by_key() {
    fn grouped<W: World>(schemes: &[Scheme]) {
        let subjects = rig::subjects();
        for seed in seeds(3) {
            let mut random = random(seed);
            let ring = Ring::<W>::new(&mut random);
            let scheme = pick(&mut random, schemes);
            let mut maker = Maker::of(Signers::Two, &ring, scheme.clone(), &mut random);
            let mut items: Vec<_> = (0..60).map(|_| maker.valid(&mut random)).collect();
            for _ in 0..6 * seed {
                items.push(maker.wrong_message(&mut random));
                items.extend(maker.shifted(true, &mut random));
                items.push(maker.small_order(&mut random));
            }
            shuffle(&mut random, &mut items);
            let note = format!("seed {seed}");
            let made = [made(&ring, scheme, items, &note)];
            for subject in some(&subjects, &mut random) {
                compare(subject, &made, &mut random, &note);
            }
        }
    }
    grouped::<MinPk>(&min_pk());
    grouped::<MinSig>(&min_sig());
    grouped::<Bn254Sig>(&bn254());
}

/// S + D with S - D, the pair that a sum without weights accepts, and nothing else around them.
#[test]
fn a_shift_of_two_signatures_never_passes() {
    let subjects = rig::subjects();
    for seed in seeds(20) {
        let mut random = random(seed);
        let ring = Ring::<MinPk>::new(&mut random);
        let scheme = pick(&mut random, &min_pk()).clone();
        let mut maker = Maker::new(&ring, scheme.clone(), &mut random);
        for same_message in [true, false] {
            let items = maker.shifted(same_message, &mut random);
            assert!(items.iter().all(|item| item.expected != Verdict::Valid));
            let made = made(&ring, &scheme, items, "shift");
            let subject = pick(&mut random, &subjects);
            compare(subject, &[made], &mut random, &format!("seed {seed}"));
        }
    }
}
