//! Product checks over raw points.

use std::sync::Arc;

use rand_core::RngCore;
use tutti_backend::PairingParcel;
use tutti_curves::bls12_381::Bls12381;
use tutti_curves::bn254::Bn254;
use tutti_curves::{Curve, Group, Wire, oracle};
use tutti_types::{InvalidReason, Part, Verdict};

use crate::forge::{self, Forge};
use crate::products::Pairing;
use crate::rig::{self, BOTH_LENGTHS, below, one_in, pick, random, seeds, shuffle, slices};

type Pair<C> = (Wire<<C as Curve>::G1>, Wire<<C as Curve>::G2>);

fn at<G: Group>(scalar: u64, random: &mut impl RngCore) -> Wire<G> {
    forge::wire::<G>(&G::mul(&G::generator(), u128::from(scalar)), random)
}

/// Pairs whose product is one: e(aP, bQ) for a few, and what cancels them.
fn balanced<C: Pairing>(random: &mut impl RngCore) -> Vec<Pair<C>> {
    let mut total = 0u128;
    let mut pairs: Vec<Pair<C>> = (0..=below(random, 4))
        .map(|_| {
            let (a, b) = (random.next_u32(), random.next_u32());
            total += u128::from(a) * u128::from(b);
            (at(u64::from(a), random), at(u64::from(b), random))
        })
        .collect();
    let rest = C::G1::negate_sum(&C::G1::mul(&C::G1::generator(), total));
    pairs.push((forge::wire::<C::G1>(&rest, random), at(1, random)));
    for _ in 0..below(random, 3) {
        pairs.push(match below(random, 3) {
            0 => (Wire::Infinity, at(9, random)),
            1 => (at(9, random), Wire::Infinity),
            _ => (Wire::Infinity, Wire::Infinity),
        });
    }
    shuffle(random, &mut pairs);
    pairs
}

fn bad_point<G: Forge>(random: &mut impl RngCore) -> Option<(Wire<G>, InvalidReason)> {
    if one_in(random, 3) {
        return Some((forge::off_curve::<G>(random), InvalidReason::NotOnCurve));
    }
    if G::PRIME_ORDER {
        return None;
    }
    let order = *pick(random, G::SMALL_ORDERS);
    let point = match below(random, 3) {
        0 => forge::on_curve::<G>(random),
        1 => forge::of_order::<G>(order, random),
        _ => {
            let shifted = G::add_affine(
                &G::lift(&forge::of_order::<G>(order, random)),
                &G::generator(),
            );
            G::to_affine(&shifted).expect("not infinity")
        }
    };
    Some((Wire::Point(point), InvalidReason::NotInSubgroup))
}

fn check<C: Pairing>(random: &mut impl RngCore) -> (Vec<Pair<C>>, Verdict) {
    let mut pairs = balanced::<C>(random);
    let place = below(random, pairs.len());
    let point = Part::Point(place as u32);
    match below(random, 7) {
        0 => (
            Vec::new(),
            Verdict::Invalid(InvalidReason::Empty, Part::Whole),
        ),
        1 => {
            pairs.push((at(5, random), at(7, random)));
            (
                pairs,
                Verdict::Invalid(InvalidReason::DoesNotVerify, Part::Whole),
            )
        }
        2 => match bad_point::<C::G1>(random) {
            Some((bad, reason)) => {
                pairs[place].0 = bad;
                (pairs, Verdict::Invalid(reason, point))
            }
            None => (pairs, Verdict::Valid),
        },
        3 => match bad_point::<C::G2>(random) {
            Some((bad, reason)) => {
                pairs[place].1 = bad;
                // What stands beside infinity must be a point of the subgroup too.
                (pairs, Verdict::Invalid(reason, point))
            }
            None => (pairs, Verdict::Valid),
        },
        4 => (vec![(Wire::Infinity, Wire::Infinity)], Verdict::Valid),
        _ => (pairs, Verdict::Valid),
    }
}

fn mixes<C: Pairing>(count: u64) {
    let subjects = rig::subjects();
    for seed in seeds(count) {
        let mut random = random(seed);
        let size = *pick(&mut random, &[0, 1, 2, 3, 17, 33]);
        let mut checks: Vec<_> = (0..size).map(|_| check::<C>(&mut random)).collect();
        if size > 3 {
            // Two that only cancel where nothing weighs them apart.
            for sign in [false, true] {
                let mut pairs = balanced::<C>(&mut random);
                let more = C::G1::mul(&C::G1::generator(), 77);
                let more = if sign { C::G1::negate_sum(&more) } else { more };
                pairs.push((forge::wire::<C::G1>(&more, &mut random), at(1, &mut random)));
                let expected = Verdict::Invalid(InvalidReason::DoesNotVerify, Part::Whole);
                checks.push((pairs, expected));
            }
        }
        let mut parcel = PairingParcel::<C> {
            pairs: Vec::new(),
            checks: Vec::new(),
        };
        for (pairs, expected) in &checks {
            assert_eq!(oracle::pairing_check::<C>(pairs), *expected, "seed {seed}");
            let start = parcel.pairs.len() as u32;
            parcel.pairs.extend(pairs);
            parcel.checks.push(start..parcel.pairs.len() as u32);
        }
        let work = Arc::new(C::work(parcel));
        for subject in &subjects {
            let slices = slices(&mut random, &[Arc::clone(&work)]);
            if slices.is_empty() {
                continue;
            }
            let bits = *pick(&mut random, &BOTH_LENGTHS);
            let outcomes = rig::run(&subject.backend, &mut random, &slices, bits);
            for (slice, outcomes) in slices.iter().zip(outcomes) {
                let expected: Vec<Verdict> = checks[slice.range.clone()]
                    .iter()
                    .map(|(_, verdict)| *verdict)
                    .collect();
                assert_eq!(outcomes.verdicts(), expected, "{}, {seed}", subject.name);
            }
        }
    }
}

#[test]
fn product_checks_say_what_the_oracle_says_bls12_381() {
    mixes::<Bls12381>(12);
}

#[test]
fn product_checks_say_what_the_oracle_says_bn254() {
    mixes::<Bn254>(12);
}

/// Pair counts around the ones that a Miller loop takes at once.
#[test]
fn long_products() {
    fn long<C: Pairing>() {
        let subjects = rig::subjects();
        let mut random = random(5);
        for count in [15usize, 16, 17, 31, 33, 100] {
            for surplus in [0u128, 1] {
                let mut pairs: Vec<Pair<C>> = (1..count)
                    .map(|nth| (at(nth as u64, &mut random), at(3, &mut random)))
                    .collect();
                let total = 3 * (count * (count - 1) / 2) as u128 + surplus;
                let rest = C::G1::negate_sum(&C::G1::mul(&C::G1::generator(), total));
                pairs.push((forge::wire::<C::G1>(&rest, &mut random), at(1, &mut random)));
                let work = Arc::new(C::work(PairingParcel {
                    checks: std::iter::once(0..pairs.len() as u32).collect(),
                    pairs,
                }));
                let subject = pick(&mut random, &subjects);
                let outcomes = rig::run(
                    &subject.backend,
                    &mut random,
                    &rig::whole(&work),
                    BOTH_LENGTHS[0],
                );
                assert_eq!(
                    outcomes[0].verdicts()[0].is_valid(),
                    surplus == 0,
                    "{count}"
                );
            }
        }
    }
    long::<Bls12381>();
    long::<Bn254>();
}
