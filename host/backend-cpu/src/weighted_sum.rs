//! The weighted sum of points, and with it the proof that all of them are in the subgroup.
//!
//! The sum's own random buckets are the rounds of the group check (`docs/mathematics.md`): in
//! each window at most one of the 2^c values of a bad point's digit leaves every bucket sum in
//! the subgroup, whatever the other points are, so a bad point passes all t windows with
//! probability at most 2^-(c t). One random combination of all points would not do: a point
//! of order 13 vanishes from it once in 13 times.

use std::collections::HashSet;

use rayon::prelude::*;
use tutti_curves::Group;

use crate::arithmetic::{self, Arithmetic, Bulk};
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

/// The sum of `weights[i] * points[i]`; or the places of points outside the subgroup, in
/// ascending order, perhaps not all of them. `failed_tries` counts the calls before, with the
/// points that they found and other weights.
pub(crate) fn checked<G: Bulk>(
    arithmetic: Arithmetic,
    points: &[G::Affine],
    weights: &[Weight],
    shape: DigitShape,
    failed_tries: u32,
) -> Result<G::Sum, Vec<usize>> {
    if G::PRIME_ORDER {
        return Ok(unchecked::<G>(arithmetic, points, weights, shape));
    }
    let few = points.len() < G::bucket_check_from(arithmetic);
    if few || failed_tries >= BUCKET_TRIES_MAX {
        let bad = outside::<G>(arithmetic, points, 0..points.len());
        return if bad.is_empty() {
            Ok(unchecked::<G>(arithmetic, points, weights, shape))
        } else {
            Err(bad)
        };
    }
    let windows = windows::<G>(arithmetic, points, weights, shape);
    let bad_buckets = bad_buckets::<G>(arithmetic, &windows);
    if bad_buckets.is_empty() {
        return Ok(combine::<G>(&windows, shape));
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

/// The sum of `weights[i] * points[i]` for points known to be in the subgroup.
pub(crate) fn unchecked<G: Bulk>(
    arithmetic: Arithmetic,
    points: &[G::Affine],
    weights: &[Weight],
    shape: DigitShape,
) -> G::Sum {
    /// Below this a second thread costs more than it brings.
    const POINTS_PER_TASK: usize = 512;
    if points.len() < G::shared_buckets_from(arithmetic) {
        let weighted = G::weigh_each(arithmetic, points, weights, shape);
        return G::sum(&weighted.iter().flatten().collect::<Vec<_>>());
    }
    if G::lanes(arithmetic, points.len()).is_some() {
        return combine::<G>(&windows::<G>(arithmetic, points, weights, shape), shape);
    }
    let part = points
        .len()
        .div_ceil(rayon::current_num_threads())
        .max(POINTS_PER_TASK);
    points
        .par_chunks(part)
        .zip(weights.par_chunks(part))
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

/// The bucket sums of each window: the one for digit d at place d - 1. Points whose digit is
/// negative go in negated.
fn windows<G: Bulk>(
    arithmetic: Arithmetic,
    points: &[G::Affine],
    weights: &[Weight],
    shape: DigitShape,
) -> Vec<Vec<G::Sum>> {
    let windows: Vec<u32> = (0..shape.windows()).collect();
    let share = windows.len().div_ceil(rayon::current_num_threads());
    windows
        .par_chunks(share)
        .flat_map_iter(|windows| G::bucket_sums(arithmetic, points, weights, shape, windows))
        .collect()
}

/// The buckets, as window and digit, whose sum is not in the subgroup.
fn bad_buckets<G: Bulk>(arithmetic: Arithmetic, windows: &[Vec<G::Sum>]) -> HashSet<(u32, u16)> {
    let places = (0..)
        .zip(windows)
        .flat_map(|(window, sums)| (1..).zip(sums).map(move |(digit, _)| (window, digit)));
    let sums: Vec<G::Sum> = windows.iter().flatten().copied().collect();
    let (places, finite): (Vec<(u32, u16)>, Vec<G::Affine>) = places
        .zip(G::normalise(&sums))
        .filter_map(|(place, sum)| Some((place, sum?)))
        .unzip();
    let inside = arithmetic::in_subgroup::<G>(arithmetic, &finite);
    places
        .into_iter()
        .zip(inside)
        .filter(|(_, inside)| !inside)
        .map(|(place, _)| place)
        .collect()
}

fn combine<G: Group>(windows: &[Vec<G::Sum>], shape: DigitShape) -> G::Sum {
    let step = shape.window_bits(0);
    windows.iter().rev().fold(G::zero(), |sum, window| {
        let shifted = (0..step).fold(sum, |sum, _| G::add(&sum, &sum));
        G::add(&shifted, &digits_times_sums::<G>(window))
    })
}

/// The sum of d times the bucket sum of digit d.
fn digits_times_sums<G: Group>(sums: &[G::Sum]) -> G::Sum {
    let (_, total) = sums
        .iter()
        .rev()
        .fold((G::zero(), G::zero()), |(run, total), sum| {
            let run = G::add(&run, sum);
            (run, G::add(&total, &run))
        });
    total
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
            unchecked::<G>(arithmetic, &points, &weights, shape)
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
