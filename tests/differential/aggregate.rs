//! Sums of points, keys for key sets, messages to points.

use std::sync::Arc;

use rand_core::RngCore;
use tutti_backend::{
    HashInput, HashParcel, Hashing, KeyParcel, Outcomes, SumParcel, SumRole, Work,
};
use tutti_curves::{PointHash, Wire, bls12_381, bn254};
use tutti_types::{Encoding, HashVariant, InvalidReason, Part, Verdict};

use crate::forge::{self, Forge};
use crate::rig::{self, BOTH_LENGTHS, below, one_in, pick, random, seeds, slices};

fn member<G: Forge>(random: &mut impl RngCore) -> Wire<G> {
    let sum = G::mul(&G::generator(), u128::from(random.next_u64() | 1));
    forge::wire::<G>(&sum, random)
}

fn bad<G: Forge>(random: &mut impl RngCore) -> Wire<G> {
    match below(random, 4) {
        0 => Wire::Infinity,
        1 => forge::off_curve::<G>(random),
        2 => Wire::Point(forge::on_curve::<G>(random)),
        _ if G::PRIME_ORDER => Wire::Infinity,
        _ => {
            let point = forge::of_order::<G>(*pick(random, G::SMALL_ORDERS), random);
            forge::wire::<G>(&G::add_affine(&G::lift(&point), &G::generator()), random)
        }
    }
}

/// The definition: each point in turn, then their sum.
fn sum_alone<G: Forge>(
    list: &[Wire<G>],
    role: SumRole,
    encoding: Encoding,
) -> Result<Vec<u8>, Verdict> {
    let mut sum = G::zero();
    for (at, wire) in (0..).zip(list) {
        match (wire.member(), role) {
            (Ok(member), _) => sum = G::add_affine(&sum, member.point()),
            (Err(InvalidReason::Infinity), SumRole::Signatures) => {}
            (Err(reason), SumRole::Signatures) => {
                return Err(Verdict::Invalid(reason, Part::Point(at)));
            }
            (Err(reason), SumRole::Keys) => return Err(Verdict::Invalid(reason, Part::Key(at))),
        }
    }
    if G::is_zero(&sum) && role == SumRole::Keys {
        return Err(Verdict::Invalid(
            InvalidReason::Infinity,
            Part::AggregateKey,
        ));
    }
    Ok(G::encode(G::to_affine(&sum).as_ref(), encoding))
}

fn list<G: Forge>(random: &mut impl RngCore) -> Vec<Wire<G>> {
    let size = *pick(random, &[1, 2, 3, 40, 127, 128, 200]);
    let mut list: Vec<Wire<G>> = (0..size).map(|_| member(random)).collect();
    match below(random, 4) {
        0 => {
            for _ in 0..=below(random, 3) {
                let at = below(random, list.len());
                list[at] = bad(random);
            }
        }
        1 => {
            // All of it cancels.
            let negatives: Vec<_> = list
                .iter()
                .map(|wire| Wire::Point(G::negate(&wire.finite().expect("a member"))))
                .collect();
            list.extend(negatives);
        }
        2 => list.push(list[0]),
        _ => {}
    }
    list
}

fn sums<G: Forge>(work: fn(SumParcel<G>) -> Work, encodings: &[Encoding]) {
    let subjects = rig::subjects();
    for seed in seeds(3) {
        let mut random = random(seed);
        for role in [SumRole::Signatures, SumRole::Keys] {
            let encoding = *pick(&mut random, encodings);
            let lists: Vec<_> = (0..6).map(|_| list::<G>(&mut random)).collect();
            let expected: Vec<_> = lists
                .iter()
                .map(|list| sum_alone(list, role, encoding))
                .collect();
            let work = Arc::new(work(SumParcel {
                role,
                lists,
                encoding,
            }));
            for subject in &subjects {
                let slices = slices(&mut random, &[Arc::clone(&work)]);
                let outcomes = rig::run(&subject.backend, &mut random, &slices, BOTH_LENGTHS[0]);
                for (slice, outcomes) in slices.iter().zip(outcomes) {
                    let Outcomes::Points(points) = outcomes else {
                        panic!("sums are points");
                    };
                    assert_eq!(
                        points,
                        expected[slice.range.clone()],
                        "{}, {seed}",
                        subject.name
                    );
                }
            }
        }
    }
}

const BLS12_381: [Encoding; 3] = [
    Encoding::ZcashCompressed,
    Encoding::ZcashUncompressed,
    Encoding::Eip2537,
];
const BN254: [Encoding; 4] = [
    Encoding::Eip197,
    Encoding::Eigensdk,
    Encoding::ArkUncompressed,
    Encoding::GnarkCompressed,
];

#[test]
fn sums_are_those_of_the_definition() {
    sums(Work::SumBls12381G1, &BLS12_381);
    sums(Work::SumBls12381G2, &BLS12_381);
    sums(Work::SumBn254G1, &BN254);
    sums(Work::SumBn254G2, &BN254);
}

fn keys<G: Forge>(work: fn(KeyParcel<G>) -> Work, sizes: &[usize]) {
    let subjects = rig::subjects();
    for (seed, &size) in (0..).zip(sizes) {
        let mut random = random(seed);
        let different: Vec<Wire<G>> = (0..24).map(|_| member(&mut random)).collect();
        for sort in ["good", "one bad", "T and -T", "some bad", "many collude"] {
            let mut keys: Vec<Wire<G>> = different.iter().copied().cycle().take(size).collect();
            let order = *pick(&mut random, G::SMALL_ORDERS);
            let small = forge::of_order::<G>(order, &mut random);
            let planted: Vec<Wire<G>> = match sort {
                "good" => Vec::new(),
                "one bad" => vec![bad(&mut random)],
                "T and -T" => vec![Wire::Point(small), Wire::Point(G::negate(&small))],
                "some bad" => (0..5).map(|_| bad(&mut random)).collect(),
                _ => vec![Wire::Point(small); size / 2],
            };
            for wire in planted {
                let at = below(&mut random, size);
                keys[at] = wire;
            }
            let expected: Vec<_> = keys.iter().map(|key| key.member().err()).collect();
            let work = Arc::new(work(KeyParcel { keys }));
            let subject = pick(&mut random, &subjects);
            let slices = if one_in(&mut random, 2) {
                rig::whole(&work)
            } else {
                slices(&mut random, &[work])
            };
            let outcomes = rig::run(&subject.backend, &mut random, &slices, BOTH_LENGTHS[0]);
            for (slice, outcomes) in slices.iter().zip(outcomes) {
                let verdicts: Vec<_> = (0..)
                    .zip(&expected[slice.range.clone()])
                    .map(|(at, reason)| match reason {
                        None => Verdict::Valid,
                        Some(reason) => Verdict::Invalid(*reason, Part::Key(at)),
                    })
                    .collect();
                assert_eq!(outcomes.verdicts(), verdicts, "{size} keys, {sort}");
            }
        }
    }
}

#[test]
fn keys_are_checked_as_one_by_one() {
    const SIZES: [usize; 6] = [1, 2, 127, 128, 300, 1_536];
    keys(Work::KeysBls12381G1, &SIZES);
    keys(Work::KeysBls12381G2, &SIZES);
    keys(Work::KeysBn254G2, &SIZES);
}

fn hashes<G: PointHash>(
    make: impl Fn(&mut rand_chacha::ChaCha20Rng) -> (Hashing, usize),
    encoding: Encoding,
) {
    let subjects = rig::subjects();
    for seed in seeds(4) {
        let mut random = random(seed);
        let (hashing, element_bytes) = make(&mut random);
        let size = *pick(&mut random, &[1, 2, 7, 8, 9, 33, 64]);
        let inputs: Vec<HashInput> = (0..size)
            .map(|_| {
                let element = one_in(&mut random, 4);
                let len = if element {
                    element_bytes
                } else {
                    *pick(&mut random, &[0, 1, 31, 32, 32, 32, 33, 200])
                };
                let mut bytes = vec![0; len];
                random.fill_bytes(&mut bytes);
                if element {
                    // Half of them below the modulus.
                    for word in bytes.chunks_mut(element_bytes.min(48)) {
                        word[0] &= 0x1f;
                    }
                    HashInput::Element(bytes.into())
                } else {
                    HashInput::Message(bytes.into())
                }
            })
            .collect();
        let expected: Vec<Result<Vec<u8>, Verdict>> = inputs
            .iter()
            .map(|input| {
                match input {
                    HashInput::Message(message) => {
                        G::hash(hashing.borrowed(), message, &[]).map(Some)
                    }
                    HashInput::Element(element) => G::map(element),
                }
                .map(|point| G::encode(point.as_ref(), encoding))
                .map_err(|reason| Verdict::Invalid(reason, Part::Message))
            })
            .collect();
        let work = Arc::new(Work::Hash(HashParcel {
            curve: G::CURVE,
            group: G::ID,
            hashing,
            inputs,
            encoding,
        }));
        for subject in &subjects {
            let slices = slices(&mut random, &[Arc::clone(&work)]);
            let outcomes = rig::run(&subject.backend, &mut random, &slices, BOTH_LENGTHS[0]);
            for (slice, outcomes) in slices.iter().zip(outcomes) {
                let Outcomes::Points(points) = outcomes else {
                    panic!("hashes are points");
                };
                assert_eq!(points, expected[slice.range.clone()], "seed {seed}");
            }
        }
    }
}

fn rfc9380(random: &mut rand_chacha::ChaCha20Rng) -> Hashing {
    let mut dst = vec![0; 1 + below(random, 255)];
    random.fill_bytes(&mut dst);
    Hashing::Rfc9380 {
        variant: *pick(
            random,
            &[HashVariant::RandomOracle, HashVariant::NonUniform],
        ),
        dst: dst.into(),
    }
}

#[test]
fn messages_become_the_points_of_the_definition() {
    hashes::<bls12_381::G1>(|random| (rfc9380(random), 48), Encoding::ZcashCompressed);
    hashes::<bls12_381::G2>(|random| (rfc9380(random), 96), Encoding::Eip2537);
    hashes::<bn254::G2>(|random| (rfc9380(random), 64), Encoding::Eip197);
    hashes::<bn254::G1>(
        |random| {
            let hashing = match below(random, 3) {
                0 => Hashing::TryAndIncrement,
                1 => Hashing::KeccakTryAndIncrement,
                _ => rfc9380(random),
            };
            (hashing, 32)
        },
        Encoding::Eigensdk,
    );
}
