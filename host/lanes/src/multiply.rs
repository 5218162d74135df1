//! Multiples by short scalars: one point and one scalar per lane.

use crate::Ifma;
use crate::curve::{Affine, Point, affine_all};
use crate::element::Element;
use crate::points::{Points, eight_of};
use crate::vector::{Mask, V};

/// Signed digits of 4 bits, from -8 to 8.
pub(crate) const WINDOW: u32 = 4;
/// The multiples that the digits ask for.
pub(crate) const MULTIPLES: usize = 8;

/// Each point times its scalar, an unsigned integer S. The points are on the curve; they need not be of order r.
///
/// For a point of order r no addition can fail: after the first non-zero digit the sum is k·P with k from 1 to 2^128, then
/// 16k·P, and the summand is at most 8P. For other points an addition that fails leaves Z = 0, and so does the rest: then the
/// scalar library does that lane.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn multiply<G: Points, S: Copy + Into<u128>>(
    isa: Ifma,
    points: &[G::Stored],
    scalars: &[S],
) -> Vec<G::Stored> {
    assert_eq!(points.len(), scalars.len(), "as many points as scalars");
    let mut multiples = Vec::with_capacity(points.len().div_ceil(8));
    for (points, scalars) in points.chunks(8).zip(scalars.chunks(8)) {
        let p = G::load(isa, eight_of(points));
        multiples.push(multiply_eight(
            isa,
            &p,
            eight_of(scalars).map(|&s| s.into()),
            8 * size_of::<S>(),
        ));
    }
    let affine = affine_all(&multiples);
    let infinity = G::Stored::default();
    let mut results = Vec::with_capacity(points.len());
    for (i, (points, scalars)) in points.chunks(8).zip(scalars.chunks(8)).enumerate() {
        let failed = multiples[i].z.is_zero();
        let stored = G::store(&affine[i]);
        for (lane, (point, scalar)) in points.iter().zip(scalars).enumerate() {
            let scalar = (*scalar).into();
            results.push(if *point == infinity || scalar == 0 {
                infinity
            } else if failed.lane(lane) {
                G::multiply_scalar(point, scalar)
            } else {
                stored[lane]
            });
        }
    }
    results
}

/// The signed digits of a scalar, lowest first, zeros at the end.
pub(crate) fn signed_digits(mut scalar: u128) -> impl Iterator<Item = i8> {
    let mut carry = 0;
    std::iter::repeat_with(move || {
        let digit = (scalar & ((1 << WINDOW) - 1)) as i8 + carry;
        scalar >>= WINDOW;
        carry = i8::from(digit > MULTIPLES as i8);
        digit - (carry << WINDOW)
    })
}

/// The signed digits of each scalar, lowest first: magnitude and where it is negative.
fn digits(isa: Ifma, scalars: [u128; 8], count: usize) -> Vec<(V, Mask)> {
    let mut lanes = scalars.map(signed_digits);
    (0..count)
        .map(|_| {
            let digits = lanes.each_mut().map(|lane| lane.next().unwrap_or(0));
            (
                V::load(isa, &digits.map(|digit| u64::from(digit.unsigned_abs()))),
                Mask::from_lanes(digits.map(|digit| digit < 0)),
            )
        })
        .collect()
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn multiply_eight<F: Element>(
    isa: Ifma,
    p: &Affine<F>,
    scalars: [u128; 8],
    bits: usize,
) -> Point<F> {
    let one = p.point();
    let mut table = [one; MULTIPLES];
    for k in 1..MULTIPLES {
        table[k] = if k % 2 == 1 {
            table[k / 2].doubled()
        } else {
            table[k - 1].add_affine_distinct(p)
        };
    }
    let digits = digits(isa, scalars, bits.div_ceil(WINDOW as usize) + 1);
    let mut sum = Point::infinity(isa);
    let mut started = Mask(0);
    for (magnitude, negative) in digits.iter().rev() {
        if started != Mask(0) {
            for _ in 0..WINDOW {
                sum.double();
            }
        }
        let mut entry = one;
        for (k, candidate) in table.iter().enumerate().skip(1) {
            entry = Point::select(magnitude.eq(V::splat(isa, k as u64 + 1)), candidate, &entry);
        }
        entry.y = F::select(*negative, &entry.y.neg(), &entry.y);
        let some = !magnitude.eq(V::splat(isa, 0));
        let added = Point::select(started, &sum.add_distinct(&entry), &entry);
        sum = Point::select(some, &added, &sum);
        started = started | some;
    }
    sum
}

#[cfg(test)]
mod tests;
