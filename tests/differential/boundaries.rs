//! The sizes at which the backend changes what it does, and batches made to wear it out.

use rand_core::RngCore;
use tutti_curves::{Bn254Sig, MinPk, MinSig};
use tutti_types::Scheme;

use crate::items::{Item, Maker, Ring, World};
use crate::rig::{self, below, pick, random, seeds, shuffle, some};
use crate::verify::{bn254, compare, made, min_pk, min_sig};

/// So many items of one message, cheap to make: twenty different ones over and over.
fn plain<W: World>(
    maker: &mut Maker<'_, W>,
    count: usize,
    random: &mut impl RngCore,
) -> Vec<Item<W>> {
    let different: Vec<_> = (0..20).map(|key| maker.plain(key, random)).collect();
    different.into_iter().cycle().take(count).collect()
}

/// Writes bad items over good ones.
fn plant<W: World>(items: &mut [Item<W>], bad: Vec<Item<W>>, random: &mut impl RngCore) {
    for item in bad {
        if !items.is_empty() {
            let at = below(random, items.len());
            items[at] = item;
        }
    }
}

fn sizes<W: World>(schemes: &[Scheme], sizes: &[usize]) {
    let subjects = rig::subjects();
    let mut random = random(11);
    let ring = Ring::<W>::new(&mut random);
    for &size in sizes {
        for bad in [0, 1, 6] {
            let scheme = pick(&mut random, schemes);
            let mut maker = Maker::new(&ring, scheme.clone(), &mut random);
            let mut items = plain(&mut maker, size, &mut random);
            let planted = (0..bad)
                .map(|_| maker.bad(&mut random).swap_remove(0))
                .collect();
            plant(&mut items, planted, &mut random);
            let note = format!("{size} items, {bad} bad");
            let made = made(&ring, scheme, items, &note);
            let subject = pick(&mut random, &subjects);
            compare(subject, &[made], &mut random, &note);
        }
    }
}

/// One by one below 128 points, buckets of three widths above; a full batch.
const SMALL: [usize; 11] = [0, 1, 2, 31, 32, 33, 63, 64, 127, 128, 129];
const LARGE: [usize; 6] = [1_535, 1_536, 1_537, 4_095, 4_096, 4_097];

#[test]
fn every_size_that_matters_min_pk() {
    sizes::<MinPk>(&min_pk(), &SMALL);
    sizes::<MinPk>(&min_pk(), &LARGE);
}

#[test]
fn every_size_that_matters_min_sig() {
    sizes::<MinSig>(&min_sig(), &SMALL);
    sizes::<MinSig>(&min_sig(), &LARGE);
}

#[test]
fn every_size_that_matters_bn254() {
    sizes::<Bn254Sig>(&bn254(), &SMALL);
    sizes::<Bn254Sig>(&bn254(), &LARGE);
}

/// The widest digits: no batch of the default limits is this large, but keys sent at once are.
#[test]
fn more_points_than_any_batch_has() {
    sizes::<MinPk>(&[Scheme::Bls12381MinPkPop], &[6_143, 6_144]);
}

fn many_small_order<W: World>(schemes: &[Scheme], size: usize, bad: usize, seed: u64) {
    let subjects = rig::subjects();
    let mut random = random(seed);
    let ring = Ring::<W>::new(&mut random);
    let scheme = pick(&mut random, schemes);
    let mut maker = Maker::new(&ring, scheme.clone(), &mut random);
    let mut items = plain(&mut maker, size, &mut random);
    let different: Vec<_> = (0..8)
        .flat_map(|_| maker.colluding_small_order(&mut random))
        .collect();
    for (item, bad) in items.iter_mut().zip(different.iter().cycle().take(bad)) {
        item.clone_from(bad);
    }
    shuffle(&mut random, &mut items);
    let note = format!("{bad} of {size} with a point of small order, seed {seed}");
    let made = made(&ring, scheme, items, &note);
    compare(pick(&mut random, &subjects), &[made], &mut random, &note);
}

#[test]
fn points_of_small_order_are_found_however_many_collude() {
    for seed in seeds(2) {
        for bad in [1, 2, 3, 20, 150] {
            many_small_order::<MinPk>(&min_pk(), 200, bad, seed);
            many_small_order::<MinSig>(&min_sig(), 200, bad, seed);
        }
        many_small_order::<MinPk>(&min_pk(), 1_600, 1_600, seed);
        many_small_order::<MinSig>(&min_sig(), 1_600, 1_600, seed);
    }
}

#[test]
fn large_mixes_with_items_of_every_sort() {
    fn mix<W: World>(schemes: &[Scheme]) {
        let subjects = rig::subjects();
        for seed in seeds(3) {
            let mut random = random(seed);
            let ring = Ring::<W>::new(&mut random);
            let parcels: Vec<_> = schemes
                .iter()
                .map(|scheme| {
                    let mut maker = Maker::new(&ring, scheme.clone(), &mut random);
                    let mut items = plain(&mut maker, 40, &mut random);
                    while items.len() < 110 {
                        items.extend(maker.any(&mut random));
                    }
                    shuffle(&mut random, &mut items);
                    made(&ring, scheme, items, &format!("seed {seed}"))
                })
                .collect();
            for subject in some(&subjects, &mut random) {
                compare(subject, &parcels, &mut random, &format!("seed {seed}"));
            }
        }
    }
    mix::<MinPk>(&min_pk());
    mix::<MinSig>(&min_sig());
    mix::<Bn254Sig>(&bn254());
}

/// None of them good: each must be found through the whole tree.
#[test]
fn a_batch_of_wrong_messages_only() {
    fn wrong<W: World>(schemes: &[Scheme]) {
        let subjects = rig::subjects();
        let mut random = random(13);
        let ring = Ring::<W>::new(&mut random);
        for scheme in schemes {
            let mut maker = Maker::new(&ring, scheme.clone(), &mut random);
            let items = (0..150).map(|_| maker.wrong_message(&mut random)).collect();
            let made = made(&ring, scheme, items, "wrong messages");
            compare(
                pick(&mut random, &subjects),
                &[made],
                &mut random,
                "wrong messages",
            );
        }
    }
    wrong::<MinPk>(&min_pk());
    wrong::<MinSig>(&min_sig());
    wrong::<Bn254Sig>(&bn254());
}
