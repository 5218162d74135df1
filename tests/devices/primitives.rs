//! Product checks, sums of points, checks of keys: what the device says of them and what the
//! oracle says of each alone.

use std::sync::Arc;

use rand_core::RngCore;
use tutti_backend::{
    Backend, CoefficientBits, KeyParcel, Outcomes, PairingParcel, SumParcel, SumRole, Work,
};
use tutti_curves::bls12_381::{self, Bls12381};
use tutti_curves::bn254::{self, Bn254};
use tutti_curves::{Group, Wire, WirePair, oracle};
use tutti_types::{Encoding, InvalidReason, Part, Verdict};

use crate::forge::{self, Forge};
use crate::machine::{Machine, ask, batch};
use crate::products::Pairing;
use crate::rig::{self, below, pick, random, shuffle};

fn times<G: Group>(scalar: u128, random: &mut impl RngCore) -> Wire<G> {
    forge::wire::<G>(&G::mul(&G::generator(), scalar), random)
}

/// Pairs that come to e(P, Q) to the power `surplus`, some of them with infinity.
fn pairs<C: Pairing>(count: usize, surplus: u128, random: &mut impl RngCore) -> Vec<WirePair<C>> {
    let mut total = 0;
    let mut pairs: Vec<WirePair<C>> = (1..count)
        .map(|_| {
            let (a, b) = (u128::from(random.next_u32()), u128::from(random.next_u32()));
            total += a * b;
            (times(a, random), times(b, random))
        })
        .collect();
    // From the other side of zero, so that a surplus of either sign can be had.
    let rest = C::G1::mul(&C::G1::generator(), total);
    let rest = C::G1::add(
        &C::G1::negate_sum(&rest),
        &C::G1::mul(&C::G1::generator(), surplus),
    );
    pairs.push((forge::wire::<C::G1>(&rest, random), times(1, random)));
    match below(random, 4) {
        0 => pairs.push((Wire::Infinity, times(9, random))),
        1 => pairs.push((times(9, random), Wire::Infinity)),
        2 => pairs.push((Wire::Infinity, Wire::Infinity)),
        _ => {}
    }
    shuffle(random, &mut pairs);
    pairs
}

fn bad_point<G: Forge>(random: &mut impl RngCore) -> Wire<G> {
    if G::PRIME_ORDER || below(random, 3) == 0 {
        return forge::off_curve::<G>(random);
    }
    let small = forge::of_order::<G>(*pick(random, G::SMALL_ORDERS), random);
    let beside = G::add_affine(&G::lift(&small), &G::generator());
    match below(random, 3) {
        0 => Wire::Point(small),
        1 => Wire::Point(forge::on_curve::<G>(random)),
        _ => forge::wire::<G>(&beside, random),
    }
}

/// Checks of every sort, good and bad; one in so many is bad.
pub(crate) fn checks<C: Pairing>(
    count: usize,
    one_bad_in: usize,
    random: &mut impl RngCore,
) -> (Arc<Work>, Vec<Verdict>) {
    let mut lists = Vec::new();
    while lists.len() < count {
        let length = *pick(random, &[1, 2, 2, 2, 3, 9]);
        if below(random, one_bad_in) > 0 {
            lists.push(pairs::<C>(length, 0, random));
            continue;
        }
        match below(random, 5) {
            0 => {
                // Two that only cancel where nothing weighs them apart.
                let order_less = C::G1::negate_sum(&C::G1::mul(&C::G1::generator(), 77));
                lists.push(pairs::<C>(length, 77, random));
                let mut other = pairs::<C>(length, 0, random);
                other.push((forge::wire::<C::G1>(&order_less, random), times(1, random)));
                lists.push(other);
            }
            1 => {
                let mut bad = pairs::<C>(length, 0, random);
                let at = below(random, bad.len());
                bad[at].0 = bad_point::<C::G1>(random);
                lists.push(bad);
            }
            2 => {
                let mut bad = pairs::<C>(length, 0, random);
                let at = below(random, bad.len());
                bad[at].1 = bad_point::<C::G2>(random);
                lists.push(bad);
            }
            3 => lists.push(Vec::new()),
            _ => lists.push(pairs::<C>(length, 5, random)),
        }
    }
    let expected = lists.iter().map(|list| oracle::pairing_check::<C>(list));
    let expected = expected.collect();
    let mut parcel = PairingParcel {
        pairs: Vec::new(),
        checks: Vec::new(),
    };
    for list in lists {
        let start = parcel.pairs.len() as u32;
        parcel.pairs.extend(list);
        parcel.checks.push(start..parcel.pairs.len() as u32);
    }
    (Arc::new(C::work(parcel)), expected)
}

#[test]
fn product_checks_are_the_oracles() {
    let backend = Machine::new().start().expect("the stand-in is a device");
    for seed in rig::seeds(4) {
        let mut random = random(seed);
        let one_bad_in = [1_000_000, 12, 2][seed as usize % 3];
        let works = [
            checks::<Bls12381>(40, one_bad_in, &mut random),
            checks::<Bn254>(25, one_bad_in, &mut random),
            checks::<Bls12381>(1, one_bad_in, &mut random),
            checks::<Bn254>(1, one_bad_in, &mut random),
        ];
        // Each curve alone, and both in one batch.
        for some in [&works[0..1], &works[1..2], &works[2..], &works[..]] {
            let bits = [CoefficientBits::B64, CoefficientBits::B128][seed as usize % 2];
            let slices = some.iter().flat_map(|(work, _)| rig::whole(work)).collect();
            let batch = tutti_backend::Batch {
                slices,
                ..batch(&some[0].0, seed as u8, bits)
            };
            let completion = tutti_backend::run(&backend, batch).expect("offered");
            let outcomes = completion.result.expect("no fault");
            for (outcome, (_, expected)) in outcomes.iter().zip(some) {
                assert_eq!(outcome.verdicts(), *expected, "seed {seed}");
            }
        }
    }
}

/// So many leaves that the host is told of parts only, and one check with more pairs than a leaf.
#[test]
fn bad_checks_are_found_among_many() {
    let backend = Machine::new().start().expect("the stand-in is a device");
    let mut random = random(31);
    let p = bls12_381::G1::generator();
    let minus_p = Wire::Point(bls12_381::G1::negate(&p));
    let (p, q) = (Wire::Point(p), Wire::Point(bls12_381::G2::generator()));
    // The first two cancel, the others do not.
    let mut parcel = PairingParcel::<Bls12381> {
        pairs: vec![(p, q), (minus_p, q), (p, q), (p, q)],
        checks: vec![0..2; 290],
    };
    for at in [3, 200, 289] {
        parcel.checks[at] = 2..4;
    }
    let first = parcel.pairs.len() as u32;
    parcel.pairs.extend(pairs::<Bls12381>(70, 0, &mut random));
    let between = parcel.pairs.len() as u32;
    parcel.pairs.extend(pairs::<Bls12381>(70, 1, &mut random));
    parcel.checks[100] = first..between;
    parcel.checks[101] = between..parcel.pairs.len() as u32;
    let verdicts = ask(&backend, &Arc::new(Work::PairingBls12381(parcel)), 1).expect("no fault");
    let bad: Vec<usize> = (0..verdicts.len())
        .filter(|&at| !verdicts[at].is_valid())
        .collect();
    assert_eq!(bad, [3, 101, 200, 289]);
}

fn member<G: Forge>(random: &mut impl RngCore) -> Wire<G> {
    times(u128::from(random.next_u64() | 1), random)
}

fn wires<G: Forge>(count: usize, random: &mut impl RngCore) -> Vec<Wire<G>> {
    (0..count)
        .map(|_| match below(random, 30) {
            0 => Wire::Infinity,
            1 => bad_point(random),
            _ => member(random),
        })
        .collect()
}

/// The definition: each point in turn, then their sum.
fn sum_alone<G: Forge>(
    list: &[Wire<G>],
    role: SumRole,
    encoding: Encoding,
) -> Result<Vec<u8>, Verdict> {
    let mut sum = G::zero();
    for (at, wire) in (0..).zip(list) {
        let part = match role {
            SumRole::Signatures => Part::Point(at),
            SumRole::Keys => Part::Key(at),
        };
        match wire.member() {
            Ok(member) => sum = G::add_affine(&sum, member.point()),
            Err(InvalidReason::Infinity) if role == SumRole::Signatures => {}
            Err(reason) => return Err(Verdict::Invalid(reason, part)),
        }
    }
    if G::is_zero(&sum) && role == SumRole::Keys {
        let reason = InvalidReason::Infinity;
        return Err(Verdict::Invalid(reason, Part::AggregateKey));
    }
    Ok(G::encode(G::to_affine(&sum).as_ref(), encoding))
}

fn sums<G: Forge>(backend: &dyn Backend, work: fn(SumParcel<G>) -> Work, encoding: Encoding) {
    let mut random = random(21);
    for role in [SumRole::Signatures, SumRole::Keys] {
        let lists: Vec<_> = [1, 1, 2, 5, 30, 3, 1]
            .map(|length| wires::<G>(length, &mut random))
            .to_vec();
        let expected: Vec<_> = lists
            .iter()
            .map(|list| sum_alone(list, role, encoding))
            .collect();
        let parcel = SumParcel {
            role,
            lists,
            encoding,
        };
        let work = Arc::new(work(parcel));
        // A part of the lists, then the others, in one batch.
        let slice = |range| tutti_backend::WorkSlice {
            work: Arc::clone(&work),
            range,
        };
        let batch = tutti_backend::Batch {
            slices: vec![slice(2..7), slice(0..2)],
            ..batch(&work, 1, CoefficientBits::B64)
        };
        let completion = tutti_backend::run(backend, batch).expect("offered");
        let [Outcomes::Points(last), Outcomes::Points(first)] =
            &completion.result.expect("no fault")[..]
        else {
            panic!("sums are points");
        };
        assert_eq!([&first[..], &last[..]].concat(), expected);
    }
}

fn keys<G: Forge>(backend: &dyn Backend, work: fn(KeyParcel<G>) -> Work) {
    let keys = wires::<G>(60, &mut random(22));
    let expected: Vec<_> = (0..)
        .zip(&keys)
        .map(|(at, key)| match key.member() {
            Ok(_) => Verdict::Valid,
            Err(reason) => Verdict::Invalid(reason, Part::Key(at)),
        })
        .collect();
    let verdicts = ask(backend, &Arc::new(work(KeyParcel { keys })), 1);
    assert_eq!(verdicts, Ok(expected));
}

#[test]
fn sums_and_keys_are_those_of_the_definition() {
    let backend = Machine::new().start().expect("the stand-in is a device");
    sums(&backend, Work::SumBls12381G1, Encoding::ZcashCompressed);
    sums(&backend, Work::SumBls12381G2, Encoding::ZcashUncompressed);
    sums(&backend, Work::SumBn254G1, Encoding::Eip197);
    sums(&backend, Work::SumBn254G2, Encoding::GnarkCompressed);
    keys(&backend, Work::KeysBls12381G1);
    keys(&backend, Work::KeysBls12381G2);
    keys::<bn254::G2>(&backend, Work::KeysBn254G2);
}

/// Keys with what must be said of them, for devices that fail.
pub(crate) fn some_keys() -> (Arc<Work>, Vec<Verdict>) {
    type G1 = bls12_381::G1;
    let mut random = random(23);
    let key = |scalar| {
        let point = G1::to_affine(&G1::mul(&G1::generator(), scalar));
        let bytes = G1::encode(point.as_ref(), Encoding::ZcashCompressed);
        G1::parse(Encoding::ZcashCompressed, &bytes).expect("a point")
    };
    let mut keys: Vec<_> = (1..=6).map(key).collect();
    keys[2] = forge::off_curve::<G1>(&mut random);
    let mut expected = vec![Verdict::Valid; 6];
    expected[2] = Verdict::Invalid(InvalidReason::NotOnCurve, Part::Key(2));
    (Arc::new(Work::KeysBls12381G1(KeyParcel { keys })), expected)
}
