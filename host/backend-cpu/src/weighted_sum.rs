//! The weighted sum of points, and with it the proof that all of them are in the subgroup.
//!
//! The sum's own random buckets are the rounds of the group check (`docs/mathematics.md`): in
//! each window at most one of the 2^c values of a bad point's digit leaves every bucket sum in
//! the subgroup, whatever the other points are, so a bad point passes all t windows with
//! probability at most 2^-(c t). One random combination of all points would not do: a point
//! of order 13 vanishes from it once in 13 times.

use rayon::prelude::*;
use tutti_curves::Group;

use crate::arithmetic::{self, Arithmetic, Bulk};
use crate::weights::{DigitShape, Weight};

/// Below this many points each is checked by itself, which is cheaper.
const BUCKETS_FROM: usize = 128;

/// The cheapest windows for so many points. Each point is added once in each of t = 64 / c
/// windows, and each of the t 2^(c-1) bucket sums is checked.
pub(crate) const fn shape(points: usize, security: u32) -> DigitShape {
    let bits = match points {
        0..=1_535 => 4,
        1_536..=6_143 => 5,
        _ => 6,
    };
    DigitShape::new(bits, security)
}

/// The sum of `weights[i] * points[i]`; or the places of the points outside the subgroup, in
/// ascending order.
pub(crate) fn checked<G: Bulk>(
    arithmetic: Arithmetic,
    points: &[G::Affine],
    weights: &[Weight],
    shape: DigitShape,
) -> Result<G::Sum, Vec<usize>> {
    if G::PRIME_ORDER {
        return Ok(unchecked::<G>(arithmetic, points, weights, shape));
    }
    if points.len() < BUCKETS_FROM {
        let bad = outside::<G>(arithmetic, points, 0..points.len());
        return if bad.is_empty() {
            Ok(unchecked::<G>(arithmetic, points, weights, shape))
        } else {
            Err(bad)
        };
    }
    let negated: Vec<_> = points.iter().map(G::negate).collect();
    let windows: Vec<Window<G>> = (0..shape.windows())
        .into_par_iter()
        .map(|window| Window::fill(arithmetic, points, &negated, weights, shape, window))
        .collect();
    if windows.iter().all(|window| window.bad_buckets.is_empty()) {
        return Ok(combine::<G>(&windows, shape));
    }
    // A bad point's bucket is bad in every window, unless another bad point hides it there.
    let suspects = (0..points.len()).filter(|&at| {
        windows.iter().enumerate().all(|(window, buckets)| {
            let digit = weights[at].digit(window as u32).unsigned_abs();
            digit == 0 || buckets.bad_buckets.contains(&digit)
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
    places
        .into_iter()
        .zip(inside)
        .filter(|(_, inside)| !inside)
        .map(|(at, _)| at)
        .collect()
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
    if points.len() < 2 * POINTS_PER_TASK {
        return sum_of_part::<G>(arithmetic, points, weights, shape);
    }
    let part = points
        .len()
        .div_ceil(rayon::current_num_threads())
        .max(POINTS_PER_TASK);
    points
        .par_chunks(part)
        .zip(weights.par_chunks(part))
        .map(|(points, weights)| sum_of_part::<G>(arithmetic, points, weights, shape))
        .reduce(G::zero, |a, b| G::add(&a, &b))
}

fn sum_of_part<G: Bulk>(
    arithmetic: Arithmetic,
    points: &[G::Affine],
    weights: &[Weight],
    shape: DigitShape,
) -> G::Sum {
    if points.len() < arithmetic.shared_buckets_from() {
        let weighted = G::weigh_each(arithmetic, points, weights, shape);
        return G::sum(&weighted.iter().flatten().collect::<Vec<_>>());
    }
    let signed = signed::<G>(points, weights);
    let magnitudes: Vec<_> = weights.iter().map(|weight| weight.magnitude).collect();
    G::msm(&signed, &magnitudes, shape.magnitude_bits())
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

/// One window's bucket sums.
struct Window<G: Bulk> {
    /// `sums[b]` belongs to digit `b + 1`.
    sums: Vec<G::Sum>,
    /// Digits whose bucket sum is not in the subgroup.
    bad_buckets: Vec<u16>,
}

impl<G: Bulk> Window<G> {
    fn fill(
        arithmetic: Arithmetic,
        points: &[G::Affine],
        negated: &[G::Affine],
        weights: &[Weight],
        shape: DigitShape,
        window: u32,
    ) -> Self {
        let mut buckets: Vec<Vec<&G::Affine>> =
            vec![Vec::with_capacity(points.len() / shape.buckets(window)); shape.buckets(window)];
        for (at, weight) in weights.iter().enumerate() {
            let digit = weight.digit(window);
            if digit != 0 {
                let signed = if digit < 0 { &negated[at] } else { &points[at] };
                buckets[digit.unsigned_abs() as usize - 1].push(signed);
            }
        }
        let sums: Vec<G::Sum> = buckets.iter().map(|bucket| G::sum(bucket)).collect();
        let (digits, finite): (Vec<u16>, Vec<G::Affine>) = (1..)
            .zip(G::normalise(&sums))
            .filter_map(|(digit, sum)| Some((digit, sum?)))
            .unzip();
        let inside = G::in_subgroup_each(arithmetic, &finite);
        let bad_buckets = digits
            .into_iter()
            .zip(inside)
            .filter(|(_, inside)| !inside)
            .map(|(d, _)| d)
            .collect();
        Self { sums, bad_buckets }
    }

    /// The sum of `digit * bucket`.
    fn total(&self) -> G::Sum {
        let (_, total) =
            self.sums
                .iter()
                .rev()
                .fold((G::zero(), G::zero()), |(run, total), sum| {
                    let run = G::add(&run, sum);
                    (run, G::add(&total, &run))
                });
        total
    }
}

fn combine<G: Bulk>(windows: &[Window<G>], shape: DigitShape) -> G::Sum {
    let step = shape.window_bits(0);
    windows.iter().rev().fold(G::zero(), |sum, window| {
        let shifted = (0..step).fold(sum, |sum, _| G::add(&sum, &sum));
        G::add(&shifted, &window.total())
    })
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
