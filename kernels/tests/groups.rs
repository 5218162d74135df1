//! Points: decompression, membership, multiples, sums, against the oracle.

mod support;

use num_bigint::BigUint;
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use support::Argument::{Bytes, Number, Numbers, Words as W};
use support::points::{Stored, anywhere, member, members, of_order, times};
use support::steps::{bucket_sums, coefficient, last_step, starts, store, sum_of, to_affine};
use support::{Words, launch};
use tutti_curves::{Group, Wire, bls12_381, bn254};
use tutti_types::{CurveId, Encoding, InvalidReason};

fn some<G: Group>(points: &[G::Affine]) -> Vec<Option<G::Affine>> {
    points.iter().copied().map(Some).collect()
}

fn encoding<G: Stored>() -> Encoding {
    match G::CURVE {
        CurveId::Bls12381 => Encoding::ZcashCompressed,
        CurveId::Bn254 => Encoding::GnarkCompressed,
    }
}

/// What the kernels' status byte says.
fn status<G: Stored>(bytes: &[u8]) -> (u8, Option<G::Affine>) {
    let reason = match G::parse(encoding::<G>(), bytes) {
        Ok(Wire::Infinity) => return (1, None),
        Ok(wire) => match wire.finite() {
            Ok(point) => return (0, Some(point)),
            Err(reason) => reason,
        },
        Err(reason) => reason,
    };
    let status = match reason {
        InvalidReason::BadEncoding => 2,
        InvalidReason::NonCanonical => 3,
        InvalidReason::NotOnCurve => 4,
        InvalidReason::NotInSubgroup => 5,
        other => panic!("{other:?}"),
    };
    (status, None)
}

/// Encodings of every sort: members, other points, each with every combination of flags, coordinates at and above the
/// modulus, small x, noise.
fn encodings<G: Stored>() -> Vec<Vec<u8>> {
    let mut random = ChaCha20Rng::seed_from_u64(11);
    let mut all = Vec::new();
    let points = [
        member::<G>(&mut random),
        anywhere::<G>(&mut random),
        anywhere::<G>(&mut random),
    ];
    for point in points {
        for point in [point, G::negate(&point)] {
            let bytes = G::encode(Some(&point), encoding::<G>());
            for flags in 0..8u8 {
                let mut changed = bytes.clone();
                changed[0] ^= flags << 5;
                all.push(changed);
            }
        }
    }
    let size = 4 * G::COORDINATE;
    let modulus = support::points::modulus::<G>();
    for offset in 0..6u32 {
        for element in 0..G::COORDINATE / G::BASE {
            let mut small = vec![0; size];
            small[4 * G::BASE * (element + 1) - 1] = offset as u8;
            let mut large = vec![0; size];
            let value = (&modulus + BigUint::from(offset) - BigUint::from(3u8)).to_bytes_be();
            large[4 * G::BASE * (element + 1) - value.len()..4 * G::BASE * (element + 1)]
                .copy_from_slice(&value);
            for mut bytes in [small, large] {
                for flags in [0x80, 0xa0, 0xc0, 0x40, 0] {
                    let mut flagged = bytes.clone();
                    flagged[0] |= flags;
                    all.push(flagged);
                }
                bytes[0] |= 0xe0;
                all.push(bytes);
            }
        }
    }
    for _ in 0..40 {
        let mut noise = vec![0; size];
        random.fill_bytes(&mut noise);
        all.push(noise.clone());
        noise[0] = noise[0] & 0x0f | 0x80;
        all.push(noise);
    }
    all
}

fn decompression<G: Stored>() {
    let encodings = encodings::<G>();
    let n = encodings.len();
    let (mut affine, mut statuses) = (Words::new(2 * G::COORDINATE, n), vec![99; n]);
    let mut concatenated = encodings.concat();
    let arguments = vec![
        Bytes(&mut concatenated),
        Number(n as u32),
        W(&mut affine),
        Bytes(&mut statuses),
    ];
    launch(&G::entry("decompress"), n, arguments);
    let mut seen = [0; 6];
    for (i, bytes) in encodings.iter().enumerate() {
        let (expected, point) = status::<G>(bytes);
        assert_eq!(statuses[i], expected, "{} {bytes:02x?}", G::NAME);
        assert_eq!(affine.get(i), G::optional_words(point.as_ref()));
        seen[expected as usize] += 1;
    }
    // Each reason came up, but that a coordinate 0 belongs to no point of some curves.
    assert!(
        seen[..5].iter().all(|&count| count > 0),
        "{} {seen:?}",
        G::NAME
    );
}

#[test]
fn decompression_says_what_the_oracle_says() {
    decompression::<bls12_381::G1>();
    decompression::<bls12_381::G2>();
    decompression::<bn254::G1>();
    decompression::<bn254::G2>();
}

fn membership<G: Stored>(small: &[u32]) {
    let mut random = ChaCha20Rng::seed_from_u64(12);
    let mut points = some::<G>(&members::<G>(6, &mut random));
    for _ in 0..6 {
        points.push(Some(anywhere::<G>(&mut random)));
    }
    for &prime in small {
        let low = of_order::<G>(prime, &mut random);
        assert!(times::<G>(&low, &BigUint::from(prime)).is_none());
        let shifted = G::add_affine(&G::lift(&member::<G>(&mut random)), &low);
        points.extend([Some(low), G::to_affine(&shifted)]);
    }
    points.push(None);
    let n = points.len();
    let mut statuses = vec![0; n];
    let mut stored = store::<G>(&points);
    let arguments = vec![W(&mut stored), Number(n as u32), Bytes(&mut statuses)];
    launch(&G::entry("members"), n, arguments);
    for (point, status) in points.iter().zip(&statuses) {
        let inside = point.as_ref().is_none_or(G::in_subgroup);
        assert_eq!(*status, if inside { 0 } else { 5 }, "{}", G::NAME);
    }
    // Six points from anywhere, and two for each small order.
    let outside: usize = statuses
        .iter()
        .map(|&status| usize::from(status == 5))
        .sum();
    assert_eq!(outside, 6 + 2 * small.len());
}

#[test]
fn membership_is_the_oracles() {
    membership::<bls12_381::G1>(&[3, 11, 10_177]);
    membership::<bls12_381::G2>(&[13, 23, 2_713]);
    membership::<bn254::G2>(&[10_069]);
}

/// Random weights, and the extreme digits.
fn weights(n: usize, bytes: usize, random: &mut ChaCha20Rng) -> Vec<u8> {
    let mut weights = vec![0; n * bytes];
    random.fill_bytes(&mut weights);
    for w in 0..bytes {
        for (i, digit) in [0, 255, 127, 126, 128, 119, 120, 135]
            .into_iter()
            .enumerate()
        {
            weights[w * n + i] = digit;
        }
    }
    weights
}

fn multiples<G: Stored>() {
    let mut random = ChaCha20Rng::seed_from_u64(13);
    for bytes in [8, 16] {
        let mut points = some::<G>(&members::<G>(12, &mut random));
        points.push(None);
        let n = points.len();
        let mut weights = weights(n, bytes, &mut random);
        let mut jacobian = Words::new(3 * G::COORDINATE, n);
        let mut stored = store::<G>(&points);
        let arguments = vec![
            W(&mut stored),
            Bytes(&mut weights),
            Number(n as u32),
            Number(bytes as u32),
            W(&mut jacobian),
        ];
        launch(&G::entry("weigh"), n, arguments);
        let found = to_affine::<G>(&mut jacobian);
        for i in 0..n {
            let expected =
                points[i].and_then(|p| times::<G>(&p, &coefficient::<G>(&weights, i, n)));
            assert!(found[i] == expected, "{} {bytes} {i}", G::NAME);
        }
    }
}

#[test]
fn weighed_points_are_multiples_by_the_coefficient() {
    multiples::<bls12_381::G1>();
    multiples::<bls12_381::G2>();
    multiples::<bn254::G1>();
    multiples::<bn254::G2>();
}

/// Points that meet in sums: equal, opposite, infinite and of small order.
fn awkward<G: Stored>(random: &mut ChaCha20Rng) -> Vec<Option<G::Affine>> {
    let mut points = some::<G>(&members::<G>(5, random));
    points.push(None);
    for at in [0, 0, 1] {
        points.push(points[at].map(|p| G::negate(&p)));
        points.push(points[at]);
    }
    let sum = G::add_affine(
        &G::lift(&points[0].expect("finite")),
        &points[1].expect("finite"),
    );
    points.push(G::to_affine(&G::negate_sum(&sum)));
    points
}

fn lists<G: Stored>() {
    let mut random = ChaCha20Rng::seed_from_u64(14);
    let points = awkward::<G>(&mut random);
    let (mut ranges, mut terms) = (vec![0, 0], Vec::new());
    for _ in 0..120 {
        let start = terms.len() as u32;
        for _ in 0..random.next_u32() % 9 {
            terms.push(random.next_u32() % (2 * points.len() as u32));
        }
        ranges.extend([start, terms.len() as u32]);
    }
    let count = ranges.len() / 2;
    let mut jacobian = Words::new(3 * G::COORDINATE, count);
    let mut stored = store::<G>(&points);
    let arguments = vec![
        W(&mut stored),
        Numbers(&mut ranges),
        Numbers(&mut terms),
        Number(count as u32),
        W(&mut jacobian),
    ];
    launch(&G::entry("sum_lists"), count, arguments);
    let sums = to_affine::<G>(&mut jacobian);
    for (list, range) in ranges.chunks(2).enumerate() {
        let named = terms[range[0] as usize..range[1] as usize]
            .iter()
            .map(|term| {
                let point = points[(term / 2) as usize];
                if term % 2 == 1 {
                    point.map(|p| G::negate(&p))
                } else {
                    point
                }
            });
        assert!(sums[list] == sum_of::<G>(named), "{} {list}", G::NAME);
    }
    // Folded in three parts, the sums of sums: Jacobian additions meet equal and opposite points too.
    let (outputs, terms) = (count / 3, 3);
    let mut folded = Words::new(3 * G::COORDINATE, outputs);
    let arguments = vec![
        W(&mut jacobian),
        Number(outputs as u32),
        Number(terms),
        W(&mut folded),
    ];
    launch(&G::entry("fold"), outputs, arguments);
    for (i, found) in to_affine::<G>(&mut folded).iter().enumerate() {
        let expected = sum_of::<G>((0..3).map(|j| sums[i + j * outputs]));
        assert!(*found == expected, "{} {i}", G::NAME);
    }
}

#[test]
fn sums_of_lists_are_the_oracles() {
    lists::<bls12_381::G1>();
    lists::<bls12_381::G2>();
    lists::<bn254::G1>();
    lists::<bn254::G2>();
}

/// A run of the points at `place`, by bits: those named, or the point at `start` less those that are not.
struct BitPiece {
    place: usize,
    bits: Vec<bool>,
    rest: bool,
    start: Option<usize>,
}

impl BitPiece {
    fn sum<G: Stored>(&self, points: &[Option<G::Affine>]) -> Option<G::Affine> {
        let due = |(at, &named): (usize, &bool)| {
            let point = points[self.place + at];
            let point = if self.rest {
                point.as_ref().map(G::negate)
            } else {
                point
            };
            (named != self.rest).then_some(point)
        };
        let start = self.start.map(|start| points[start]);
        sum_of::<G>(
            start
                .into_iter()
                .chain(self.bits.iter().enumerate().filter_map(due)),
        )
    }
}

fn bit_sets<G: Stored>() {
    let mut random = ChaCha20Rng::seed_from_u64(15);
    let points = awkward::<G>(&mut random);
    let points: Vec<_> = points.into_iter().cycle().take(120).collect();
    let mut pieces = Vec::new();
    // Runs that end in the midst of a word, at its end, and behind it.
    for length in [1, 7, 31, 32, 33, 64, 65, 96, points.len()] {
        for density in [0, 1, 128, 255, 256] {
            for (rest, start) in [
                (false, None),
                (true, None),
                (true, Some(0)),
                (false, Some(3)),
            ] {
                let place = random.next_u32() as usize % (points.len() - length + 1);
                let start = start.map(|start| (place + start) % points.len());
                let bits = (0..length)
                    .map(|_| random.next_u32() % 256 < density)
                    .collect();
                pieces.push(BitPiece {
                    place,
                    bits,
                    rest,
                    start,
                });
            }
        }
    }
    let (mut numbers, mut words) = (Vec::new(), Vec::new());
    for piece in &pieces {
        let start = piece.start.map_or(u32::MAX, |start| start as u32);
        let keys = 2 * piece.bits.len() as u32 + u32::from(piece.rest);
        numbers.extend([piece.place as u32, words.len() as u32, keys, start]);
        words.extend(piece.bits.chunks(32).map(|run| {
            // Bits behind the last key say nothing.
            let noise = random.next_u32().checked_shl(run.len() as u32).unwrap_or(0);
            (0..)
                .zip(run)
                .fold(noise, |word, (at, &named)| word | u32::from(named) << at)
        }));
    }
    let mut stored = store::<G>(&points);
    let mut jacobian = Words::new(3 * G::COORDINATE, pieces.len());
    let arguments = vec![
        W(&mut stored),
        Numbers(&mut numbers),
        Numbers(&mut words),
        Number(pieces.len() as u32),
        W(&mut jacobian),
    ];
    launch(&G::entry("sum_bits"), pieces.len(), arguments);
    for (at, found) in to_affine::<G>(&mut jacobian).iter().enumerate() {
        assert!(*found == pieces[at].sum::<G>(&points), "{} {at}", G::NAME);
    }
}

#[test]
fn sums_of_bit_sets_are_the_oracles() {
    bit_sets::<bls12_381::G1>();
    bit_sets::<bls12_381::G2>();
    bit_sets::<bn254::G1>();
    bit_sets::<bn254::G2>();
}

/// The whole way of a weighted sum: lists, bucket sums by part, fold, bits of the magnitude, and the last step of the host.
fn buckets<G: Stored>(bytes: usize) {
    let mut random = ChaCha20Rng::seed_from_u64(16);
    let (n, parts) = (45, 4);
    let points = some::<G>(&members::<G>(n, &mut random));
    let mut weights = weights(n, bytes, &mut random);
    let mut stored = store::<G>(&points);
    let (mut by_part, mut whole) = bucket_sums::<G>(&mut stored, &mut weights, parts);
    let expected = |items: &mut dyn Iterator<Item = usize>| {
        sum_of::<G>(items.map(|i| {
            let point = points[i].expect("finite");
            times::<G>(&point, &coefficient::<G>(&weights, i, n))
        }))
    };
    let found = last_step::<G>(&mut whole, bytes, 1);
    assert!(found[0] == expected(&mut (0..n)), "{}", G::NAME);
    let starts = starts(n, parts);
    for (part, found) in last_step::<G>(&mut by_part, bytes, parts)
        .iter()
        .enumerate()
    {
        assert!(
            *found == expected(&mut (starts[part] as usize..starts[part + 1] as usize)),
            "{} {part}",
            G::NAME
        );
    }
}

#[test]
fn bucket_sums_come_to_the_weighted_sum() {
    buckets::<bls12_381::G1>(8);
    buckets::<bls12_381::G2>(8);
    buckets::<bn254::G1>(8);
    buckets::<bn254::G2>(8);
    // 128 bits.
    buckets::<bls12_381::G2>(16);
}
