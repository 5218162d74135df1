//! The weighted sum of points, and with it the proof that all of them are in the subgroup.
//!
//! The sum's own random buckets are the rounds of the group check (`docs/mathematics.md`): in
//! each window at most one of the 2^c values of a bad point's digit leaves every bucket sum in
//! the subgroup, whatever the other points are, so a bad point passes all t windows with
//! probability at most 2^-(c t). One random combination of all points would not do: a point
//! of order 13 vanishes from it once in 13 times.

use std::collections::HashSet;
use std::ops::Range;

use rayon::prelude::*;
use tutti_curves::Group;

use crate::arithmetic::{self, Arithmetic, Buckets, Bulk};
use crate::weights::{DigitShape, Weight};

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

/// The weighted sums of the parts of some points.
pub(crate) enum PartSums<G: Bulk> {
    Sums(Vec<G::Sum>),
    /// Not yet put together: some windows' buckets on each thread, the first windows first.
    Buckets {
        arithmetic: Arithmetic,
        shape: DigitShape,
        parts: usize,
        windows: Vec<Windows<G>>,
    },
}

/// The bucket sums of some windows.
pub(crate) struct Windows<G: Bulk> {
    first: u32,
    count: usize,
    buckets: Buckets<G>,
}

impl<G: Bulk> PartSums<G> {
    /// The sum over all parts.
    pub(crate) fn whole(&self) -> G::Sum {
        match self {
            Self::Sums(sums) => sums.iter().fold(G::zero(), |sum, part| G::add(&sum, part)),
            Self::Buckets {
                arithmetic,
                shape,
                windows,
                ..
            } => put_together::<G>(*arithmetic, *shape, windows, 1, |buckets| &buckets.of_all)[0],
        }
    }

    /// The sum of each part.
    pub(crate) fn each(&self) -> Vec<G::Sum> {
        match self {
            Self::Sums(sums) => sums.clone(),
            Self::Buckets {
                arithmetic,
                shape,
                parts,
                windows,
            } => put_together::<G>(*arithmetic, *shape, windows, *parts, |buckets| {
                &buckets.of_parts
            }),
        }
    }
}

/// For each column the sum over all windows w of 2^(c w) times the sum over all digits d of d
/// times its bucket.
fn put_together<G: Bulk>(
    arithmetic: Arithmetic,
    shape: DigitShape,
    windows: &[Windows<G>],
    columns: usize,
    buckets: fn(&Buckets<G>) -> &Vec<Option<G::Affine>>,
) -> Vec<G::Sum> {
    let terms: Vec<Option<G::Affine>> = windows
        .par_iter()
        .flat_map_iter(|some| {
            G::digit_sums(arithmetic, buckets(&some.buckets), some.count * columns)
        })
        .collect();
    G::shifted_sums(arithmetic, &terms, columns, shape.window_bits(0))
}

/// The sums of `weights[i] * points[i]` over each part of the points, whose lengths are `parts`;
/// or the places of points outside the subgroup, in ascending order, perhaps not all of them.
/// `failed_tries` counts the calls before, with the points that they found and other weights.
pub(crate) fn checked<G: Bulk>(
    arithmetic: Arithmetic,
    points: &[G::Affine],
    weights: &[Weight],
    parts: &[usize],
    shape: DigitShape,
    failed_tries: u32,
) -> Result<PartSums<G>, Vec<usize>> {
    if G::PRIME_ORDER {
        return Ok(unchecked::<G>(arithmetic, points, weights, parts, shape));
    }
    let few = points.len() < G::bucket_check_from(arithmetic);
    if few || failed_tries >= BUCKET_TRIES_MAX {
        let bad = outside::<G>(arithmetic, points, 0..points.len());
        return if bad.is_empty() {
            Ok(unchecked::<G>(arithmetic, points, weights, parts, shape))
        } else {
            Err(bad)
        };
    }
    let windows = windows::<G>(arithmetic, points, weights, parts, shape);
    let bad_buckets = bad_buckets::<G>(arithmetic, &windows);
    if bad_buckets.is_empty() {
        return Ok(PartSums::Buckets {
            arithmetic,
            shape,
            parts: parts.len(),
            windows,
        });
    }
    // A bad point's bucket is bad in every window, unless another bad point hides it there.
    let suspects = (0..points.len()).filter(|&at| {
        (0..shape.windows()).all(|window| {
            let digit = weights[at].digit(window).unsigned_abs();
            digit == 0 || bad_buckets.contains(&(window, digit))
        })
    });
    let bad = outside::<G>(arithmetic, points, suspects);
    if bad.is_empty() {
        // Several bad points hide each other.
        return Err(outside::<G>(arithmetic, points, 0..points.len()));
    }
    Err(bad)
}

/// The places of the points that are not in the subgroup, each checked by itself.
fn outside<G: Bulk>(
    arithmetic: Arithmetic,
    points: &[G::Affine],
    places: impl IntoIterator<Item = usize>,
) -> Vec<usize> {
    let places: Vec<usize> = places.into_iter().collect();
    let asked: Vec<G::Affine> = places.iter().map(|&at| points[at]).collect();
    let inside = arithmetic::in_subgroup::<G>(arithmetic, &asked);
    let bad = places.into_iter().zip(inside).filter(|(_, inside)| !inside);
    bad.map(|(at, _)| at).collect()
}

/// The sums of `weights[i] * points[i]` over each part of points known to be in the subgroup.
pub(crate) fn unchecked<G: Bulk>(
    arithmetic: Arithmetic,
    points: &[G::Affine],
    weights: &[Weight],
    parts: &[usize],
    shape: DigitShape,
) -> PartSums<G> {
    if points.len() < G::shared_buckets_from(arithmetic) {
        let weighted = G::weigh_each(arithmetic, points, weights, shape);
        let sum = |part: Range<usize>| G::sum(&weighted[part].iter().flatten().collect::<Vec<_>>());
        return PartSums::Sums(ranges(parts).map(sum).collect());
    }
    if G::lanes(arithmetic, points.len()).is_some() {
        return PartSums::Buckets {
            arithmetic,
            shape,
            parts: parts.len(),
            windows: windows::<G>(arithmetic, points, weights, parts, shape),
        };
    }
    let sum = |part: Range<usize>| plain_sum::<G>(&points[part.clone()], &weights[part], shape);
    PartSums::Sums(ranges(parts).map(sum).collect())
}

fn plain_sum<G: Group>(points: &[G::Affine], weights: &[Weight], shape: DigitShape) -> G::Sum {
    /// Below this a second thread costs more than it brings.
    const POINTS_PER_TASK: usize = 512;
    let task = points
        .len()
        .div_ceil(rayon::current_num_threads())
        .max(POINTS_PER_TASK);
    points
        .par_chunks(task)
        .zip(weights.par_chunks(task))
        .map(|(points, weights)| {
            let magnitudes: Vec<_> = weights.iter().map(|weight| weight.magnitude).collect();
            G::msm(
                &signed::<G>(points, weights),
                &magnitudes,
                shape.magnitude_bits(),
            )
        })
        .reduce(G::zero, |a, b| G::add(&a, &b))
}

/// The lengths of as many parts as there are threads.
pub(crate) fn even_parts(count: usize) -> Vec<usize> {
    let length = count.div_ceil(rayon::current_num_threads()).max(1);
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

/// The bucket sums of all windows, on all threads: each has some windows of some parts.
fn windows<G: Bulk>(
    arithmetic: Arithmetic,
    points: &[G::Affine],
    weights: &[Weight],
    parts: &[usize],
    shape: DigitShape,
) -> Vec<Windows<G>> {
    let all: Vec<u32> = (0..shape.windows()).collect();
    let (window_groups, part_groups) = grid(all.len(), parts.len(), rayon::current_num_threads());
    let some_parts: Vec<&[usize]> = parts.chunks(parts.len().div_ceil(part_groups)).collect();
    let lengths: Vec<usize> = some_parts.iter().map(|parts| parts.iter().sum()).collect();
    let places: Vec<Range<usize>> = ranges(&lengths).collect();
    all.par_chunks(all.len().div_ceil(window_groups))
        .map(|windows| {
            let buckets = some_parts.par_iter().zip(&places).map(|(parts, place)| {
                let (points, weights) = (&points[place.clone()], &weights[place.clone()]);
                G::bucket_sums(
                    arithmetic,
                    points,
                    parts,
                    weights,
                    shape.buckets(0),
                    windows,
                )
            });
            Windows {
                first: windows[0],
                count: windows.len(),
                buckets: Buckets::of_groups(arithmetic, buckets.collect()),
            }
        })
        .collect()
}

/// Into how many groups of windows and of parts the work is split, so that each thread has as
/// much as any other: windows as far as they come out even, as their sums need not be added.
fn grid(windows: usize, parts: usize, threads: usize) -> (usize, usize) {
    let even = (1..=threads)
        .rev()
        .find(|&groups| threads.is_multiple_of(groups) && windows.is_multiple_of(groups))
        .unwrap_or(1);
    let part_groups = threads.div_ceil(even).min(parts);
    (threads.div_ceil(part_groups).min(windows), part_groups)
}

/// The buckets, as window and digit, whose sum is not in the subgroup.
fn bad_buckets<G: Bulk>(arithmetic: Arithmetic, windows: &[Windows<G>]) -> HashSet<(u32, u16)> {
    let places = |some: &Windows<G>| {
        let (first, count) = (some.first, some.count as u32);
        (1..=u16::MAX).flat_map(move |digit| (first..first + count).map(move |w| (w, digit)))
    };
    let (places, finite): (Vec<(u32, u16)>, Vec<G::Affine>) = windows
        .iter()
        .flat_map(|some| places(some).zip(&some.buckets.of_all))
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

/// Each list's weighted sum; none where it is infinity. Lists of one are many at a time.
pub(crate) fn each<G: Bulk>(
    arithmetic: Arithmetic,
    lists: &[Vec<(G::Affine, Weight)>],
    shape: DigitShape,
) -> Vec<Option<G::Affine>> {
    let (points, weights): (Vec<_>, Vec<_>) = lists
        .iter()
        .filter(|list| list.len() == 1)
        .map(|list| list[0])
        .unzip();
    let mut singles = G::weigh_each(arithmetic, &points, &weights, shape).into_iter();
    let sums: Vec<G::Sum> = lists
        .iter()
        .filter(|list| list.len() != 1)
        .map(|list| {
            let (points, weights): (Vec<_>, Vec<_>) = list.iter().copied().unzip();
            let parts = even_parts(points.len());
            unchecked::<G>(arithmetic, &points, &weights, &parts, shape).whole()
        })
        .collect();
    let mut sums = G::normalise(&sums).into_iter();
    lists
        .iter()
        .map(|list| {
            if list.len() == 1 {
                singles.next()
            } else {
                sums.next()
            }
            .flatten()
        })
        .collect()
}

#[cfg(test)]
mod tests;
