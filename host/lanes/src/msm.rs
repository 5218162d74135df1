//! Sums of many points in buckets, by affine additions that share their inversions, and what Pippenger's method makes of them.
//!
//! Nothing is assumed of the points but that they are on the curve: equal, opposite and infinite ones add up correctly.
//! That matters because the bucket sums serve to find points outside the group of order r.

use crate::Ifma;
use crate::curve::{Affine, Point, affine_all, same};
use crate::element::{Element, ElementSum};
use crate::multiply::{MULTIPLES, WINDOW, signed_digits};
use crate::points::{Points, eight_of};
use crate::vector::Mask;

/// Vectors of additions that share an inversion: what they keep in between stays in the second-level cache.
const VECTORS: usize = 64;

/// Entries that are sorted into buckets at a time.
const ENTRIES: usize = 8192;

/// An affine point as it lies in memory: its limbs, lane after lane no more.
#[derive(Clone, Copy)]
struct Packed<F: Element> {
    x: F::Packed,
    y: F::Packed,
}

/// A point of the arena, and whether its opposite is meant.
#[derive(Clone, Copy)]
struct Entry(u32);

impl Entry {
    const fn new(index: usize, negative: bool) -> Self {
        Self((index as u32) << 1 | negative as u32)
    }

    const fn index(self) -> usize {
        (self.0 >> 1) as usize
    }

    const fn negative(self) -> bool {
        self.0 & 1 == 1
    }
}

/// The points given, then all sums formed of them.
struct Arena<F: Element> {
    isa: Ifma,
    points: Vec<Packed<F>>,
}

/// Entries in order of their buckets, and how many each bucket has.
struct Lists {
    entries: Vec<Entry>,
    lengths: Vec<usize>,
}

impl<F: Element> Arena<F> {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn load<G: Points<F = F>>(isa: Ifma, points: &[G::Stored]) -> Self {
        let mut arena = Vec::with_capacity(points.len());
        for eight in points.chunks(8) {
            let p = G::load(isa, eight_of(eight));
            let (x, y) = (p.x.scatter(), p.y.scatter());
            arena.extend((0..eight.len()).map(|i| Packed { x: x[i], y: y[i] }));
        }
        Self { isa, points: arena }
    }

    #[inline(always)]
    fn x_of(&self, entries: &[Entry; 8]) -> F {
        F::gather(self.isa, entries.map(|e| &self.points[e.index()].x))
    }

    #[inline(always)]
    fn y_of(&self, entries: &[Entry; 8]) -> F {
        let y = F::gather(self.isa, entries.map(|e| &self.points[e.index()].y));
        let negative = Mask::from_lanes(entries.map(Entry::negative));
        if negative == Mask::NONE {
            return y;
        }
        F::select(negative, &y.neg(), &y)
    }

    /// Appends the sum of each pair. Returns the indices of those that are infinity, whose coordinates mean nothing.
    ///
    /// The slope is (y2 - y1) / (x2 - x1), for equal points 3x² / 2y, where y is not 0 as there are no points of order 2.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn add_pairs(&mut self, pairs: &[(Entry, Entry)]) -> Vec<usize> {
        let one = F::one(self.isa);
        let mut steps: Vec<Step<F>> = Vec::with_capacity(pairs.len().div_ceil(8));
        let mut running = one;
        for eight in pairs.chunks(8) {
            let (first, second) = (eight_of(eight).map(|p| p.0), eight_of(eight).map(|p| p.1));
            let mut denominator = (self.x_of(&second).sum() - self.x_of(&first).sum()).tight();
            let (mut infinite, mut doubled) = (Mask::NONE, Mask::NONE);
            let same_x = denominator.is_zero();
            if same_x != Mask::NONE {
                let y = self.y_of(&first);
                doubled = same_x & y.equals(&self.y_of(&second));
                infinite = same_x & !doubled;
                denominator = F::select(doubled, &y.sum().double().tight(), &denominator);
                denominator = F::select(infinite, &one, &denominator);
            }
            steps.push(Step {
                before: running,
                denominator,
                infinite,
                doubled,
            });
            running = running.mul(&denominator);
        }
        let mut inverse = running.invert();
        let base = self.points.len();
        // Filled from the end, as the inverses come in that order.
        let Some(filler) = self.points.first().copied() else {
            return Vec::new();
        };
        self.points.resize(base + pairs.len(), filler);
        let mut infinities = Vec::new();
        for (v, (eight, step)) in pairs.chunks(8).zip(&steps).enumerate().rev() {
            let own = inverse.mul(&step.before);
            inverse = inverse.mul(&step.denominator);
            let (first, second) = (eight_of(eight).map(|p| p.0), eight_of(eight).map(|p| p.1));
            let (x1, y1) = (self.x_of(&first), self.y_of(&first));
            let (x2, y2) = (self.x_of(&second), self.y_of(&second));
            let mut numerator = (y2.sum() - y1.sum()).tight();
            if step.doubled != Mask::NONE {
                let square = x1.sqr().sum();
                numerator = F::select(
                    step.doubled,
                    &(square.double() + square).tight(),
                    &numerator,
                );
            }
            let slope = numerator.mul(&own);
            let x3 = (slope.sqr().sum() - x1.sum() - x2.sum()).tight();
            let y3 = (slope.mul(&(x1.sum() - x3.sum()).tight()).sum() - y1.sum()).tight();
            let (x, y) = (x3.scatter(), y3.scatter());
            for lane in 0..eight.len() {
                let index = base + 8 * v + lane;
                self.points[index] = Packed {
                    x: x[lane],
                    y: y[lane],
                };
                if step.infinite.lane(lane) {
                    infinities.push(index);
                }
            }
        }
        infinities
    }

    /// Adds up each list until at most one entry is left of it.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn add_up(&mut self, lists: &mut Lists) {
        while lists.lengths.iter().any(|&n| n > 1) {
            let (mut pairs, mut next) = (
                Vec::new(),
                Vec::with_capacity(lists.entries.len() / 2 + lists.lengths.len()),
            );
            let base = self.points.len();
            let mut start = 0;
            for length in &mut lists.lengths {
                for pair in lists.entries[start..start + *length].chunks(2) {
                    next.push(match *pair {
                        [a, b] => {
                            pairs.push((a, b));
                            Entry::new(base + pairs.len() - 1, false)
                        }
                        _ => pair[0],
                    });
                }
                start += *length;
                *length = length.div_ceil(2);
            }
            let mut infinities = Vec::new();
            for pairs in pairs.chunks(8 * VECTORS) {
                infinities.extend(self.add_pairs(pairs));
            }
            lists.entries = next;
            if !infinities.is_empty() {
                infinities.sort_unstable();
                lists.remove(&infinities);
            }
        }
    }

    /// The affine sum of each of `count` lists of entries.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn sums<G: Points<F = F>>(&mut self, count: usize, items: &[(usize, Entry)]) -> Vec<G::Stored> {
        // Each addition takes one of the entries away.
        self.points.reserve(items.len());
        let mut lists = Lists::new(count, items);
        self.add_up(&mut lists);
        self.store::<G>(&lists)
    }

    /// Each point's multiples by 1, 2 and so on to 8; none for infinity.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn multiples(&mut self, singles: Vec<Option<Entry>>) -> Vec<Vec<Option<Entry>>> {
        let count = singles.len();
        self.points.reserve((MULTIPLES - 1) * count);
        let mut multiples = vec![singles];
        while multiples.len() < MULTIPLES {
            // All that one addition of those at hand reaches: from n multiples on to 2n.
            let at_hand = multiples.len();
            let halves = (at_hand + 1..=2 * at_hand).map(|k| (k / 2 - 1, k.div_ceil(2) - 1));
            let pairs = halves.flat_map(|(a, b)| {
                let (a, b) = (multiples[a].iter(), multiples[b].iter());
                a.copied().zip(b.copied())
            });
            let sums = self.add_each(&pairs.collect::<Vec<_>>());
            multiples.extend((0..at_hand).map(|k| sums[k * count..(k + 1) * count].to_vec()));
        }
        multiples
    }

    /// The sum of each pair; none for infinity.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn add_each(&mut self, pairs: &[(Option<Entry>, Option<Entry>)]) -> Vec<Option<Entry>> {
        let base = self.points.len();
        let both = pairs.iter().filter_map(|&(a, b)| Some((a?, b?)));
        let both: Vec<(Entry, Entry)> = both.collect();
        let mut infinities = Vec::new();
        for pairs in both.chunks(8 * VECTORS) {
            infinities.extend(self.add_pairs(pairs));
        }
        infinities.sort_unstable();
        let mut next = base..;
        let sum = |&(a, b): &(Option<Entry>, Option<Entry>)| match (a, b) {
            (Some(_), Some(_)) => {
                let index = next.next()?;
                let finite = infinities.binary_search(&index).is_err();
                finite.then(|| Entry::new(index, false))
            }
            _ => a.or(b),
        };
        pairs.iter().map(sum).collect()
    }

    /// The affine sums of the lists, which have at most one entry each; none is infinity.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn store<G: Points<F = F>>(&self, lists: &Lists) -> Vec<G::Stored> {
        let mut sums = vec![G::Stored::default(); lists.lengths.len()];
        let mut filled = sums
            .iter_mut()
            .zip(&lists.lengths)
            .filter(|(_, n)| **n == 1)
            .map(|(sum, _)| sum);
        for entries in lists.entries.chunks(8) {
            let lanes = eight_of(entries).map(|e| *e);
            let affine = Affine {
                x: self.x_of(&lanes),
                y: self.y_of(&lanes),
            };
            for (sum, stored) in filled.by_ref().zip(G::store(&affine)).take(entries.len()) {
                *sum = stored;
            }
        }
        sums
    }
}

/// One vector of additions between the two passes.
struct Step<F> {
    before: F,
    denominator: F,
    infinite: Mask,
    doubled: Mask,
}

impl Lists {
    /// Entries by bucket, `count` buckets: a counting sort.
    fn new(count: usize, items: &[(usize, Entry)]) -> Self {
        let mut lengths = vec![0; count];
        for (bucket, _) in items {
            lengths[*bucket] += 1;
        }
        let mut next: Vec<usize> = lengths
            .iter()
            .scan(0, |start, n| {
                *start += n;
                Some(*start - n)
            })
            .collect();
        let mut entries = vec![Entry(0); items.len()];
        for (bucket, entry) in items {
            entries[next[*bucket]] = *entry;
            next[*bucket] += 1;
        }
        Self { entries, lengths }
    }

    /// Drops the entries of these (sorted) indices.
    fn remove(&mut self, indices: &[usize]) {
        let mut kept = Vec::with_capacity(self.entries.len());
        let mut start = 0;
        for length in &mut self.lengths {
            let list = &self.entries[start..start + *length];
            start += *length;
            let before = kept.len();
            kept.extend(
                list.iter()
                    .filter(|e| indices.binary_search(&e.index()).is_err()),
            );
            *length = kept.len() - before;
        }
        self.entries = kept;
    }
}

/// The sums of the points by digit: for each digit from 1 on, in it for each window, in it for each part of the points.
/// `parts` are the parts' lengths, `digits` holds for each window the digits of all points, from -largest to largest: a
/// negative digit's points go in negated, and those of digit 0 do not count.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn bucket_sums<G: Points>(
    isa: Ifma,
    points: &[G::Stored],
    parts: &[usize],
    digits: &[&[i16]],
    largest: usize,
) -> Vec<G::Stored> {
    let part_of = part_of_each(parts, points.len());
    let mut arena = Arena::load::<G>(isa, points);
    let infinity = G::Stored::default();
    let mut buckets = vec![infinity; largest * digits.len() * parts.len()];
    let together = (ENTRIES / points.len().max(1)).max(1);
    for (chunk, some) in digits.chunks(together).enumerate() {
        let mut items = Vec::with_capacity(some.len() * points.len());
        for (round, digits) in some.iter().enumerate() {
            assert_eq!(digits.len(), points.len(), "one digit for each point");
            for (i, (&digit, point)) in digits.iter().zip(points).enumerate() {
                let magnitude = usize::from(digit.unsigned_abs());
                assert!(magnitude <= largest, "a bucket that exists");
                if magnitude > 0 && *point != infinity {
                    let bucket = round * largest + magnitude - 1;
                    items.push((bucket * parts.len() + part_of[i], Entry::new(i, digit < 0)));
                }
            }
        }
        let sums = arena.sums::<G>(some.len() * largest * parts.len(), &items);
        // From window, digit, part here to digit, window, part there.
        let first = chunk * together;
        let column = |bucket: usize| bucket % largest * digits.len() + first + bucket / largest;
        for (at, sum) in sums.into_iter().enumerate() {
            buckets[column(at / parts.len()) * parts.len() + at % parts.len()] = sum;
        }
        arena.points.truncate(points.len());
    }
    buckets
}

/// The part that each of the points is in.
fn part_of_each(parts: &[usize], points: usize) -> Vec<usize> {
    assert_eq!(parts.iter().sum::<usize>(), points, "parts of these points");
    let each = parts.iter().enumerate();
    each.flat_map(|(part, &n)| std::iter::repeat_n(part, n))
        .collect()
}

/// The sum of the points times their scalars of each part, for parts of few points: each point's first multiples are made,
/// which all windows take theirs from, and the doublings are shared by a part's points.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn weighted_sums<G: Points>(
    isa: Ifma,
    points: &[G::Stored],
    parts: &[usize],
    scalars: &[u128],
) -> Vec<G::Stored> {
    assert_eq!(points.len(), scalars.len(), "as many points as scalars");
    let part_of = part_of_each(parts, points.len());
    let largest = scalars.iter().max().copied().unwrap_or(0);
    // The last digit may carry.
    let windows = (u128::BITS - largest.leading_zeros()) / WINDOW + 1;
    let windows = windows as usize;
    let infinity = G::Stored::default();
    let mut arena = Arena::load::<G>(isa, points);
    let single = |i: usize| (points[i] != infinity).then(|| Entry::new(i, false));
    let multiples = arena.multiples((0..points.len()).map(single).collect());
    let mut items = Vec::with_capacity(points.len() * windows);
    for (i, &scalar) in scalars.iter().enumerate() {
        for (window, digit) in signed_digits(scalar).take(windows).enumerate() {
            let magnitude = usize::from(digit.unsigned_abs());
            if let Some(entry) = magnitude.checked_sub(1).and_then(|at| multiples[at][i]) {
                let bucket = window * parts.len() + part_of[i];
                items.push((bucket, Entry::new(entry.index(), digit < 0)));
            }
        }
    }
    let terms = arena.sums::<G>(windows * parts.len(), &items);
    shifted_sums::<G>(isa, &terms, parts.len(), WINDOW)
}

/// The sum of each part of the points. `parts` are the parts' lengths.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn part_sums<G: Points>(
    isa: Ifma,
    points: &[G::Stored],
    parts: &[usize],
) -> Vec<G::Stored> {
    let infinity = G::Stored::default();
    let part_of = part_of_each(parts, points.len());
    let items: Vec<(usize, Entry)> = part_of
        .into_iter()
        .zip(points)
        .enumerate()
        .filter(|(_, (_, point))| **point != infinity)
        .map(|(i, (part, _))| (part, Entry::new(i, false)))
        .collect();
    Arena::load::<G>(isa, points).sums::<G>(parts.len(), &items)
}

/// Σ k · bucket k of each column: bucket k of all columns stands in row k - 1.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn digit_sums<G: Points>(
    isa: Ifma,
    buckets: &[G::Stored],
    columns: usize,
) -> Vec<G::Stored> {
    let infinity = G::Stored::default();
    let mut sums = Vec::with_capacity(columns.div_ceil(8));
    for first in (0..columns).step_by(8) {
        let mut running = Point::infinity(isa);
        let mut sum = Point::infinity(isa);
        for row in buckets.chunks_exact(columns).rev() {
            let eight = &row[first..columns.min(first + 8)];
            let lanes = eight_of(eight);
            let present = Mask::from_lanes(lanes.map(|p| *p != infinity));
            running = add_affine(&running, &G::load(isa, lanes), present);
            sum = add(&sum, &running);
        }
        sums.push(sum);
    }
    store_all::<G>(&sums, columns)
}

/// Σ 2^(bits · w) · term w of each column: term w of all columns stands in row w.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn shifted_sums<G: Points>(
    isa: Ifma,
    terms: &[G::Stored],
    columns: usize,
    bits: u32,
) -> Vec<G::Stored> {
    let infinity = G::Stored::default();
    let mut sums = Vec::with_capacity(columns.div_ceil(8));
    for first in (0..columns).step_by(8) {
        let mut sum = Point::infinity(isa);
        for row in terms.chunks_exact(columns).rev() {
            for _ in 0..bits {
                sum.double();
            }
            let lanes = eight_of(&row[first..columns.min(first + 8)]);
            let present = Mask::from_lanes(lanes.map(|p| *p != infinity));
            sum = add_affine(&sum, &G::load(isa, lanes), present);
        }
        sums.push(sum);
    }
    store_all::<G>(&sums, columns)
}

/// The first `count` points in affine coordinates, zero for infinity.
#[target_feature(enable = "avx512f,avx512ifma")]
fn store_all<G: Points>(points: &[Point<G::F>], count: usize) -> Vec<G::Stored> {
    let affine = affine_all(points);
    let each = points.iter().zip(&affine).flat_map(|(point, affine)| {
        let (infinite, stored) = (point.z.is_zero(), G::store(affine));
        (0..8).map(move |lane| {
            if infinite.lane(lane) {
                G::Stored::default()
            } else {
                stored[lane]
            }
        })
    });
    each.take(count).collect()
}

/// p + q in the lanes that are present, p elsewhere: for any points, p infinite or not.
#[target_feature(enable = "avx512f,avx512ifma")]
fn add_affine<F: Element>(p: &Point<F>, q: &Affine<F>, present: Mask) -> Point<F> {
    let mut sum = p.add_affine_distinct(q);
    let infinite = p.z.is_zero();
    if sum.z.is_zero() & present & !infinite != Mask::NONE {
        sum = Point::select(same(p, q), &p.doubled(), &sum);
    }
    sum = Point::select(infinite, &q.point(), &sum);
    Point::select(present, &sum, p)
}

/// p + q for any points.
#[target_feature(enable = "avx512f,avx512ifma")]
fn add<F: Element>(p: &Point<F>, q: &Point<F>) -> Point<F> {
    let mut sum = p.add_distinct(q);
    let (no_p, no_q) = (p.z.is_zero(), q.z.is_zero());
    if sum.z.is_zero() & !no_p & !no_q != Mask::NONE {
        let (zz1, zz2) = (p.z.sqr(), q.z.sqr());
        let same_x = p.x.mul(&zz2).equals(&q.x.mul(&zz1));
        let same_y = p.y.mul(&zz2.mul(&q.z)).equals(&q.y.mul(&zz1.mul(&p.z)));
        sum = Point::select(same_x & same_y & !no_p & !no_q, &p.doubled(), &sum);
    }
    sum = Point::select(no_q, p, &sum);
    Point::select(no_p, q, &sum)
}

#[cfg(test)]
mod tests;
