//! Steps of a batch that several tests take, as the device's host would.
#![allow(dead_code)]

use num_bigint::{BigInt, BigUint};
use tutti_curves::Group;

use super::Argument::{Bytes, Number, Numbers, Words as W};
use super::points::{Stored, StoredCurve, times};
use super::{Words, launch};

const BUCKETS: usize = 128;

/// Jacobian points to affine ones.
pub(crate) fn affine_words<G: Stored>(jacobian: &mut Words) -> Words {
    const RUN: usize = 7;
    let n = jacobian.stride;
    let mut affine = Words::new(2 * G::COORDINATE, n);
    let arguments = vec![
        W(jacobian),
        Number(n as u32),
        Number(RUN as u32),
        W(&mut affine),
    ];
    launch(&G::entry("affine"), n.div_ceil(RUN), arguments);
    affine
}

/// The same, as the oracle has them.
pub(crate) fn to_affine<G: Stored>(jacobian: &mut Words) -> Vec<Option<G::Affine>> {
    let words = affine_words::<G>(jacobian).elements();
    words.iter().map(|words| G::optional_point(words)).collect()
}

pub(crate) fn store<G: Stored>(points: &[Option<G::Affine>]) -> Words {
    let words: Vec<_> = points
        .iter()
        .map(|point| G::optional_words(point.as_ref()))
        .collect();
    Words::from_elements(&words)
}

/// a + b·Λ of README.md modulo the order.
pub(crate) fn coefficient<G: Stored>(weights: &[u8], i: usize, n: usize) -> BigUint {
    let bytes = weights.len() / n;
    let half = |first: usize| {
        (0..bytes / 2).rev().fold(BigInt::ZERO, |sum, w| {
            sum * 256 + BigInt::from(i32::from(weights[(first + w) * n + i]) - 127)
        })
    };
    let order = BigInt::from(G::order());
    let value = (half(0) + half(bytes / 2) * BigInt::from(G::lambda())) % &order;
    ((value + &order) % &order)
        .to_biguint()
        .expect("not negative")
}

pub(crate) fn sum_of<G: Group>(
    points: impl IntoIterator<Item = Option<G::Affine>>,
) -> Option<G::Affine> {
    let sum = points
        .into_iter()
        .flatten()
        .fold(G::zero(), |sum, point| G::add_affine(&sum, &point));
    G::to_affine(&sum)
}

/// The weighted sum of each part, from its buckets.
pub(crate) fn last_step<G: Stored>(
    buckets: &mut Words,
    bytes: usize,
    parts: usize,
) -> Vec<Option<G::Affine>> {
    let (outputs, split) = (8 * bytes * parts, 3);
    let mut shares = Words::new(3 * G::COORDINATE, outputs * split);
    let arguments = vec![
        W(buckets),
        Number(bytes as u32),
        Number(parts as u32),
        Number(split as u32),
        W(&mut shares),
    ];
    launch(&G::entry("bucket_bits"), outputs * split, arguments);
    let mut bits = Words::new(3 * G::COORDINATE, outputs);
    let arguments = vec![
        W(&mut shares),
        Number(outputs as u32),
        Number(split as u32),
        W(&mut bits),
    ];
    launch(&G::entry("fold"), outputs, arguments);
    let bits = to_affine::<G>(&mut bits);
    // Horner's rule over the bits of half the digits.
    let half = |first: usize| {
        let sum = bits[first..first + 4 * bytes]
            .iter()
            .rev()
            .fold(G::zero(), |sum, bit| {
                let twice = G::add(&sum, &sum);
                bit.map_or(twice, |bit| G::add_affine(&twice, &bit))
            });
        G::to_affine(&sum)
    };
    let part = |part: usize| {
        let first = 8 * bytes * part;
        let upper = half(first + 4 * bytes).and_then(|sum| times::<G>(&sum, &G::lambda()));
        sum_of::<G>([half(first), upper])
    };
    (0..parts).map(part).collect()
}

/// The first item of each of so many parts of about the same length, and behind them the end.
pub(crate) fn starts(n: usize, parts: usize) -> Vec<u32> {
    (0..=parts).map(|part| (n * part / parts) as u32).collect()
}

/// The bucket sums of each part, and of all of them.
pub(crate) fn bucket_sums<G: Stored>(
    points: &mut Words,
    weights: &mut [u8],
    parts: usize,
) -> (Words, Words) {
    let n = points.stride;
    let bytes = weights.len() / n;
    let lists = BUCKETS * bytes * parts;
    let (mut ranges, mut terms) = (vec![0; 2 * lists], vec![u32::MAX; n * bytes]);
    let mut starts = starts(n, parts);
    let arguments = vec![
        Bytes(weights),
        Number(n as u32),
        Number(bytes as u32),
        Numbers(&mut starts),
        Number(parts as u32),
        Numbers(&mut ranges),
        Numbers(&mut terms),
    ];
    launch("bucket_lists", parts * bytes, arguments);
    let mut by_part = Words::new(3 * G::COORDINATE, lists);
    let arguments = vec![
        W(points),
        Numbers(&mut ranges),
        Numbers(&mut terms),
        Number(lists as u32),
        W(&mut by_part),
    ];
    launch(&G::entry("sum_lists"), lists, arguments);
    let mut whole = Words::new(3 * G::COORDINATE, BUCKETS * bytes);
    let outputs = (BUCKETS * bytes) as u32;
    let arguments = vec![
        W(&mut by_part),
        Number(outputs),
        Number(parts as u32),
        W(&mut whole),
    ];
    launch(&G::entry("fold"), BUCKETS * bytes, arguments);
    (by_part, whole)
}

/// Each point times its coefficient, affine.
pub(crate) fn weigh<G: Stored>(points: &mut Words, weights: &mut [u8]) -> Words {
    let n = points.stride;
    let bytes = (weights.len() / n) as u32;
    let mut jacobian = Words::new(3 * G::COORDINATE, n);
    let arguments = vec![
        W(points),
        Bytes(weights),
        Number(n as u32),
        Number(bytes),
        W(&mut jacobian),
    ];
    launch(&G::entry("weigh"), n, arguments);
    affine_words::<G>(&mut jacobian)
}

/// The sum of each list of points, affine.
pub(crate) fn sum_lists<G: Stored>(points: &mut Words, lists: &[Vec<usize>]) -> Words {
    let (mut ranges, mut terms) = (Vec::new(), Vec::new());
    for list in lists {
        ranges.push(terms.len() as u32);
        terms.extend(list.iter().map(|&place| 2 * place as u32));
        ranges.push(terms.len() as u32);
    }
    let mut jacobian = Words::new(3 * G::COORDINATE, lists.len());
    let arguments = vec![
        W(points),
        Numbers(&mut ranges),
        Numbers(&mut terms),
        Number(lists.len() as u32),
        W(&mut jacobian),
    ];
    launch(&G::entry("sum_lists"), lists.len(), arguments);
    affine_words::<G>(&mut jacobian)
}

/// The values of so many pairs each: value i has the pairs i, i + n, i + 2 n, and so on.
pub(crate) fn miller<C: StoredCurve>(g1: &mut Words, g2: &mut Words, n: usize) -> Words {
    let pairs = g1.stride / n;
    let mut ranges: Vec<u32> = (0..n)
        .flat_map(|i| [i * pairs, (i + 1) * pairs])
        .map(|k| k as u32)
        .collect();
    let places = (0..n).flat_map(|i| (0..pairs).map(move |j| (i + j * n) as u32));
    let mut places: Vec<u32> = places.flat_map(|place| [place, place]).collect();
    let mut values = Words::new(12 * C::G1::BASE, n);
    let arguments = vec![
        W(g1),
        W(g2),
        Numbers(&mut ranges),
        Numbers(&mut places),
        Number(n as u32),
        W(&mut values),
    ];
    launch(&C::entry("miller"), n, arguments);
    values
}
