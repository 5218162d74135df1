//! The weighted sum of points, and with it the proof that all of them are in the subgroup.
//!
//! The sum's own random buckets are the rounds of the group check (`docs/mathematics.md`): in
//! each window at most one of the 2^c values of a bad point's digit leaves every bucket sum in
//! the subgroup, whatever the other points are, so a bad point passes all t windows with
//! probability at most 2^-(c t). One random combination of all points would not do: a point
//! of order 13 vanishes from it once in 13 times.

mod bucket_sums;

use std::collections::HashSet;
use std::ops::{Range, RangeInclusive};

use rayon::prelude::*;
use tutti_curves::Group;

use crate::arithmetic::{self, Arithmetic, Bulk, tasks};
use crate::weights::{DigitShape, Weight};
use bucket_sums::BucketSums;

/// The cheapest digits for so many points. Each point is added once in each of t = s / c
/// windows, and each of the t 2^(c-1) bucket sums is checked.
pub(crate) const fn shape(points: usize, security: u32) -> DigitShape {
    let bits = match points {
        0..=1_535 => 4,
        1_536..=6_143 => 5,
        _ => 6,
    };
    DigitShape::new(bits, security)
}

/// Bad points of order 3 hide two thirds of each other in every window, so each try with
/// buckets finds but few of many: after this many each point is checked by itself.
const BUCKET_TRIES_MAX: u32 = 2;

/// Points with their weights, and what they are added up by.
pub(crate) struct Weighing<'a, G: Group> {
    arithmetic: Arithmetic,
    points: &'a [G::Affine],
    weights: &'a [Weight],
    shape: DigitShape,
}

impl<'a, G: Group> Weighing<'a, G> {
    pub(crate) const fn new(
        arithmetic: Arithmetic,
        points: &'a [G::Affine],
        weights: &'a [Weight],
        shape: DigitShape,
    ) -> Self {
        Self {
            arithmetic,
            points,
            weights,
            shape,
        }
    }
}

/// The weighted sums of the parts of some points.
pub(crate) enum PartSums<G: Bulk> {
    Sums(Vec<G::Sum>),
    /// Put together only where they are asked for.
    Buckets(Buckets<G>),
}

/// The weighted sums of the parts of some points before they are put together.
pub(crate) struct Buckets<G: Bulk> {
    arithmetic: Arithmetic,
    shape: DigitShape,
    parts: usize,
    of_parts: BucketSums<G>,
    /// Row after row, as those are.
    of_all: Vec<Option<G::Affine>>,
}

impl<G: Bulk> PartSums<G> {
    /// The sum over each part of the points, whose lengths are `parts`. `failed_tries` counts those
    /// before, with other weights and without the points that were found to be outside the subgroup.
    pub(crate) fn new(all: &Weighing<'_, G>, parts: &[usize], failed_tries: u32) -> Self {
        if all.group_check(failed_tries) == GroupCheck::Buckets || all.shares_buckets() {
            Self::Buckets(Buckets::new(all, parts))
        } else {
            Self::Sums(all.unchecked(parts))
        }
    }

    /// [`Weighing::outside`] of the points that the sums were made of.
    pub(crate) fn outside(&self, all: &Weighing<'_, G>, failed_tries: u32) -> Vec<usize> {
        match (all.group_check(failed_tries), self) {
            (GroupCheck::Buckets, Self::Buckets(buckets)) => buckets.outside(all),
            _ => all.outside(failed_tries),
        }
    }

    /// The sum over all parts.
    pub(crate) fn whole(&self) -> G::Sum {
        match self {
            Self::Sums(sums) => sums.iter().fold(G::zero(), |sum, part| G::add(&sum, part)),
            Self::Buckets(buckets) => {
                put_together::<G>(buckets.arithmetic, buckets.shape, &buckets.of_all, 1)[0]
            }
        }
    }

    /// The sum of each part.
    pub(crate) fn each(&self) -> Vec<G::Sum> {
        match self {
            Self::Sums(sums) => sums.clone(),
            Self::Buckets(buckets) => buckets.sums_of_parts(),
        }
    }
}

/// How points are shown to be in the subgroup.
#[derive(Clone, Copy, PartialEq)]
enum GroupCheck {
    /// All points of the curve are.
    None,
    Buckets,
    EachPoint,
}

impl<G: Bulk> Weighing<'_, G> {
    fn group_check(&self, failed_tries: u32) -> GroupCheck {
        if G::PRIME_ORDER {
            GroupCheck::None
        } else if self.points.len() < G::bucket_check_from(self.arithmetic)
            || failed_tries >= BUCKET_TRIES_MAX
        {
            GroupCheck::EachPoint
        } else {
            GroupCheck::Buckets
        }
    }

    /// The places of points outside the subgroup, in ascending order, perhaps not all of them; none
    /// only where all are inside.
    pub(crate) fn outside(&self, failed_tries: u32) -> Vec<usize> {
        match self.group_check(failed_tries) {
            GroupCheck::None => Vec::new(),
            GroupCheck::EachPoint => self.each_outside(0..self.points.len()),
            GroupCheck::Buckets => Buckets::new(self, &pieces(self.points.len())).outside(self),
        }
    }

    /// The places of the points that are not in the subgroup, each checked by itself.
    fn each_outside(&self, places: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let places: Vec<usize> = places.into_iter().collect();
        let asked: Vec<G::Affine> = places.iter().map(|&at| self.points[at]).collect();
        let inside = arithmetic::in_subgroup::<G>(self.arithmetic, &asked);
        let bad = places.into_iter().zip(inside).filter(|(_, inside)| !inside);
        bad.map(|(at, _)| at).collect()
    }

    /// The sum over each part of points known to be in the subgroup.
    pub(crate) fn unchecked(&self, parts: &[usize]) -> Vec<G::Sum> {
        if self.shares_buckets() {
            let of_parts = BucketSums::new(self, parts).all();
            return put_together::<G>(self.arithmetic, self.shape, &of_parts, parts.len());
        }
        if self.points.len() < G::shared_buckets_from(self.arithmetic) {
            let weighted = G::weigh_each(self.arithmetic, self.points, self.weights, self.shape);
            let sum =
                |part: Range<usize>| G::sum(&weighted[part].iter().flatten().collect::<Vec<_>>());
            return ranges(parts).map(sum).collect();
        }
        ranges(parts).map(|part| self.plain_sum(part)).collect()
    }

    fn shares_buckets(&self) -> bool {
        let points = self.points.len();
        points >= G::shared_buckets_from(self.arithmetic)
            && G::lanes(self.arithmetic, points).is_some()
    }

    /// Of some of the points, by plain code.
    fn plain_sum(&self, part: Range<usize>) -> G::Sum {
        /// Below this a second thread costs more than it brings.
        const POINTS_PER_TASK: usize = 512;
        let (points, weights) = (&self.points[part.clone()], &self.weights[part]);
        let share = points.len().div_ceil(rayon::current_num_threads());
        let task = share.max(POINTS_PER_TASK);
        points
            .par_chunks(task)
            .zip(weights.par_chunks(task))
            .map(|(points, weights)| {
                let magnitudes: Vec<_> = weights.iter().map(|weight| weight.magnitude).collect();
                let signed = signed::<G>(points, weights);
                G::msm(&signed, &magnitudes, self.shape.magnitude_bits())
            })
            .reduce(G::zero, |a, b| G::add(&a, &b))
    }
}

impl<G: Bulk> Buckets<G> {
    fn new(all: &Weighing<'_, G>, parts: &[usize]) -> Self {
        let of_parts = BucketSums::new(all, parts);
        let of_all = joined::<G>(all.arithmetic, &of_parts, &[parts.len()]);
        Self {
            arithmetic: all.arithmetic,
            shape: all.shape,
            parts: parts.len(),
            of_parts,
            of_all,
        }
    }

    fn sums_of_parts(&self) -> Vec<G::Sum> {
        put_together::<G>(
            self.arithmetic,
            self.shape,
            &self.of_parts.all(),
            self.parts,
        )
    }

    fn outside(&self, all: &Weighing<'_, G>) -> Vec<usize> {
        let bad_buckets = bad_buckets::<G>(self.arithmetic, &self.of_all, self.shape);
        if bad_buckets.is_empty() {
            return Vec::new();
        }
        // A bad point's bucket is bad in every window, unless another bad point hides it there.
        let suspects = (0..all.points.len()).filter(|&at| {
            (0..self.shape.windows()).all(|window| {
                let digit = all.weights[at].digit(window).unsigned_abs();
                digit == 0 || bad_buckets.contains(&(window, digit))
            })
        });
        let bad = all.each_outside(suspects);
        if bad.is_empty() {
            // Several bad points hide each other.
            return all.each_outside(0..all.points.len());
        }
        bad
    }
}

/// For each part the sum over all windows w of 2^(c w) times the sum over all digits d of d
/// times its bucket.
fn put_together<G: Bulk>(
    arithmetic: Arithmetic,
    shape: DigitShape,
    buckets: &[Option<G::Affine>],
    parts: usize,
) -> Vec<G::Sum> {
    let windows = shape.windows() as usize;
    let columns = windows * parts;
    let share = windows.div_ceil(rayon::current_num_threads()) * parts;
    let starts: Vec<usize> = (0..columns).step_by(share.max(1)).collect();
    let terms: Vec<Option<G::Affine>> = starts
        .into_par_iter()
        .flat_map_iter(|start| {
            let end = columns.min(start + share);
            let rows = buckets.chunks_exact(columns);
            let some: Vec<_> = rows.flat_map(|row| &row[start..end]).copied().collect();
            G::digit_sums(arithmetic, &some, end - start)
        })
        .collect();
    G::shifted_sums(arithmetic, &terms, parts, shape.window_bits(0))
}

/// The lengths of the pieces that a long list of points is cut into, so that all threads have some
/// of it.
pub(crate) fn pieces(count: usize) -> Vec<usize> {
    const POINTS_MAX: usize = 512;
    let length = count.div_ceil(count.div_ceil(POINTS_MAX).max(1)).max(1);
    let starts = (0..count).step_by(length);
    starts.map(|start| length.min(count - start)).collect()
}

/// The places of parts of these lengths.
pub(crate) fn ranges(lengths: &[usize]) -> impl Iterator<Item = Range<usize>> + '_ {
    lengths.iter().scan(0, |end, length| {
        *end += length;
        Some(*end - length..*end)
    })
}

/// The points with their weights' signs.
pub(crate) fn signed<G: Group>(points: &[G::Affine], weights: &[Weight]) -> Vec<G::Affine> {
    points
        .iter()
        .zip(weights)
        .map(|(point, weight)| {
            if weight.negative {
                G::negate(point)
            } else {
                *point
            }
        })
        .collect()
}

/// The bucket sums of parts that are made of `counts` smaller ones, row after row.
fn joined<G: Bulk>(
    arithmetic: Arithmetic,
    of_parts: &BucketSums<G>,
    counts: &[usize],
) -> Vec<Option<G::Affine>> {
    if counts.iter().all(|&count| count == 1) {
        return of_parts.all();
    }
    let rows: Vec<usize> = (0..of_parts.rows()).collect();
    let points = rows.len() * counts.iter().sum::<usize>();
    let rows_of_a_task = arithmetic::lists_of_a_task(rows.len(), points);
    tasks(&rows, rows_of_a_task)
        .flat_map_iter(|rows| {
            let (mut points, mut lengths) = (Vec::new(), Vec::new());
            for &row in rows {
                let mut sums = of_parts.row(row);
                for &count in counts {
                    let before = points.len();
                    points.extend(sums.by_ref().take(count).flatten());
                    lengths.push(points.len() - before);
                }
            }
            G::part_sums(arithmetic, &points, &lengths)
        })
        .collect()
}

/// The buckets, as window and digit, whose sum is not in the subgroup.
fn bad_buckets<G: Bulk>(
    arithmetic: Arithmetic,
    buckets: &[Option<G::Affine>],
    shape: DigitShape,
) -> HashSet<(u32, u16)> {
    let places =
        (1..=u16::MAX).flat_map(|digit| (0..shape.windows()).map(move |window| (window, digit)));
    let (places, finite): (Vec<(u32, u16)>, Vec<G::Affine>) = places
        .zip(buckets)
        .filter_map(|(place, sum)| Some((place, (*sum)?)))
        .unzip();
    let inside = arithmetic::in_subgroup::<G>(arithmetic, &finite);
    places
        .into_iter()
        .zip(inside)
        .filter(|(_, inside)| !inside)
        .map(|(place, _)| place)
        .collect()
}

/// Points with their weights.
pub(crate) type List<G> = Vec<(<G as Group>::Affine, Weight)>;

/// Each list's weighted sum; none where it is infinity.
pub(crate) fn each<G: Bulk>(
    arithmetic: Arithmetic,
    lists: &[List<G>],
    shape: DigitShape,
) -> Vec<Option<G::Affine>> {
    let short_max = G::own_multiples_up_to(arithmetic);
    let of_lengths = |lengths: RangeInclusive<usize>| -> Vec<&List<G>> {
        let lists = lists.iter();
        lists.filter(|list| lengths.contains(&list.len())).collect()
    };
    let singles = of_lengths(1..=1);
    let (points, weights) = concatenated::<G>(&singles);
    let mut singles = G::weigh_each(arithmetic, &points, &weights, shape).into_iter();
    let short = of_lengths(2..=short_max);
    let (points, weights) = concatenated::<G>(&short);
    let parts = lengths::<G>(&short);
    let mut short = G::weighted_sums(arithmetic, &points, &parts, &weights, shape).into_iter();
    let long = of_lengths(short_max + 1..=usize::MAX);
    let mut long = long_sums::<G>(arithmetic, &long, shape).into_iter();
    let sum = |list: &List<G>| match list.len() {
        0 => None,
        1 => singles.next().flatten(),
        few if few <= short_max => short.next().flatten(),
        _ => long.next().flatten(),
    };
    lists.iter().map(sum).collect()
}

fn concatenated<G: Bulk>(lists: &[&List<G>]) -> (Vec<G::Affine>, Vec<Weight>) {
    lists.iter().flat_map(|list| list.iter().copied()).unzip()
}

fn lengths<G: Bulk>(lists: &[&List<G>]) -> Vec<usize> {
    lists.iter().map(|list| list.len()).collect()
}

/// The sums of lists by their buckets, several lists at once.
fn long_sums<G: Bulk>(
    arithmetic: Arithmetic,
    lists: &[&List<G>],
    shape: DigitShape,
) -> Vec<Option<G::Affine>> {
    let (points, weights) = concatenated::<G>(lists);
    let all = Weighing::<G>::new(arithmetic, &points, &weights, shape);
    if G::lanes(arithmetic, points.len()).is_none() {
        let lengths = lengths::<G>(lists);
        let sums = ranges(&lengths).map(|place| all.plain_sum(place));
        return G::normalise(&sums.collect::<Vec<_>>());
    }
    let pieces: Vec<Vec<usize>> = lists.iter().map(|list| pieces(list.len())).collect();
    let counts: Vec<usize> = pieces.iter().map(Vec::len).collect();
    let of_pieces = BucketSums::new(&all, &pieces.concat());
    let of_lists = joined::<G>(arithmetic, &of_pieces, &counts);
    G::normalise(&put_together::<G>(
        arithmetic,
        shape,
        &of_lists,
        lists.len(),
    ))
}

#[cfg(test)]
mod tests;
