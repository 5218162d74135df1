//! Bulk arithmetic: one point or many at a time, by the plain code of `curves` or by the vector
//! lanes. Chosen once at start; everything above asks for many and does not know which it is.

use rayon::prelude::*;
use tutti_curves::bls12_381::{self, Bls12381};
use tutti_curves::bn254::{self, Bn254};
use tutti_curves::{Curve, Group, Hashing, Pair, PointHash, Signed, Wire};
use tutti_lanes::Ifma;
use tutti_types::{HashVariant, InvalidReason};

use crate::StartError;
use crate::weighted_sum;
use crate::weights::{DigitShape, Weight};

/// What the operator asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CpuEngine {
    /// The lanes where the processor has them.
    #[default]
    Auto,
    /// blst and arkworks only.
    Scalar,
    /// The AVX-512 IFMA lanes; refused where the processor has none.
    Ifma,
}

/// What is used.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Arithmetic {
    Scalar,
    Ifma(Ifma),
}

impl Arithmetic {
    pub(crate) fn choose(engine: CpuEngine) -> Result<Self, StartError> {
        match (engine, Ifma::detect()) {
            (CpuEngine::Scalar, _) | (CpuEngine::Auto, None) => Ok(Self::Scalar),
            (CpuEngine::Auto | CpuEngine::Ifma, Some(ifma)) => Ok(Self::Ifma(ifma)),
            (CpuEngine::Ifma, None) => Err(StartError::NoIfma),
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Ifma(_) => "ifma",
        }
    }

    /// The lanes, where they pay: a register of eight costs about two points of scalar code.
    fn lanes_for(self, count: usize) -> Option<Ifma> {
        match self {
            Self::Ifma(ifma) if count > 1 => Some(ifma),
            _ => None,
        }
    }

    /// How many points make a task: all threads have one, and lanes are filled.
    fn task(self, count: usize) -> usize {
        let share = count.div_ceil(rayon::current_num_threads());
        match self {
            Self::Scalar => share.clamp(1, 16),
            Self::Ifma(_) => share.next_multiple_of(8).clamp(8, 64),
        }
    }
}

/// A group's arithmetic on many points; what is not overridden is done one by one.
pub(crate) trait Bulk: PointHash {
    /// The lanes, where this group has them and they pay for so many points.
    fn lanes(_: Arithmetic, _count: usize) -> Option<Ifma> {
        None
    }

    /// From how many points on a weighted sum through shared buckets is cheaper than weighing
    /// each point by itself.
    fn shared_buckets_from(arithmetic: Arithmetic) -> usize {
        Self::lanes(arithmetic, usize::MAX).map_or(4, |_| 64)
    }

    /// From how many points on checking the buckets is cheaper than checking each point.
    fn bucket_check_from(arithmetic: Arithmetic) -> usize {
        Self::lanes(arithmetic, usize::MAX).map_or(128, |_| 96)
    }

    /// The bucket sums of each of some windows; see `weighted_sum`.
    fn bucket_sums(
        _: Arithmetic,
        points: &[Self::Affine],
        weights: &[Weight],
        shape: DigitShape,
        windows: &[u32],
    ) -> Vec<Vec<Self::Sum>> {
        bucket_sums_one_by_one::<Self>(points, weights, shape, windows)
    }

    fn finite_each(
        _: Arithmetic,
        wires: &[Wire<Self>],
    ) -> Vec<Result<Self::Affine, InvalidReason>> {
        wires.iter().map(Wire::finite).collect()
    }

    fn in_subgroup_each(_: Arithmetic, points: &[Self::Affine]) -> Vec<bool> {
        points.iter().map(Self::in_subgroup).collect()
    }

    fn hash_each(
        _: Arithmetic,
        hashing: Hashing<'_>,
        messages: &[&[u8]],
    ) -> Vec<Result<Self::Affine, InvalidReason>> {
        messages
            .iter()
            .map(|message| Self::hash(hashing, message, &[]))
            .collect()
    }

    /// Each point times its weight; none where that is infinity.
    fn weigh_each(
        _: Arithmetic,
        points: &[Self::Affine],
        weights: &[Weight],
        _: DigitShape,
    ) -> Vec<Option<Self::Affine>> {
        weigh_one_by_one::<Self>(points, weights)
    }
}

fn bucket_sums_one_by_one<G: Group>(
    points: &[G::Affine],
    weights: &[Weight],
    shape: DigitShape,
    windows: &[u32],
) -> Vec<Vec<G::Sum>> {
    let negated: Vec<G::Affine> = points.iter().map(G::negate).collect();
    let one = |&window: &u32| {
        let mut buckets: Vec<Vec<&G::Affine>> = vec![Vec::new(); shape.buckets(window)];
        for (at, weight) in weights.iter().enumerate() {
            let digit = weight.digit(window);
            if digit != 0 {
                let signed = if digit < 0 { &negated[at] } else { &points[at] };
                buckets[digit.unsigned_abs() as usize - 1].push(signed);
            }
        }
        buckets.iter().map(|bucket| G::sum(bucket)).collect()
    };
    windows.iter().map(one).collect()
}

/// The lanes add up each signed digit's points by themselves; a digit's bucket is the sum of
/// the one minus the sum of the other.
fn bucket_sums_in_lanes<G: Group<Affine: Default>>(
    weights: &[Weight],
    shape: DigitShape,
    windows: &[u32],
    sums: impl FnOnce(&[&[u16]], usize) -> Vec<G::Affine>,
) -> Vec<Vec<G::Sum>> {
    // Digits from -(half - 1) to half, as 0 to 2 half - 1; the last window has fewer.
    let places: Vec<Vec<u16>> = windows
        .iter()
        .map(|&window| {
            let half = shape.buckets(window) as i16;
            weights
                .iter()
                .map(|weight| (weight.digit(window) + half - 1) as u16)
                .collect()
        })
        .collect();
    let assignments: Vec<&[u16]> = places.iter().map(Vec::as_slice).collect();
    let count = 2 * shape.buckets(0);
    let sums: Vec<G::Sum> = sums(&assignments, count)
        .into_iter()
        .map(|sum| finite_or_none(sum).map_or_else(G::zero, |sum| G::lift(&sum)))
        .collect();
    windows
        .iter()
        .zip(sums.chunks_exact(count))
        .map(|(&window, sums)| merge_signs::<G>(sums, shape.buckets(window)))
        .collect()
}

/// The sums of digits 1 to `half`, each less the sum of its opposite.
fn merge_signs<G: Group>(sums: &[G::Sum], half: usize) -> Vec<G::Sum> {
    let zero = half - 1;
    (1..=half)
        .map(|digit| match zero.checked_sub(digit) {
            Some(opposite) => G::add(&sums[zero + digit], &G::negate_sum(&sums[opposite])),
            None => sums[zero + digit],
        })
        .collect()
}

fn weigh_one_by_one<G: Group>(points: &[G::Affine], weights: &[Weight]) -> Vec<Option<G::Affine>> {
    let signed = weighted_sum::signed::<G>(points, weights);
    let sums: Vec<G::Sum> = signed
        .iter()
        .zip(weights)
        .map(|(point, w)| G::mul(point, w.magnitude))
        .collect();
    G::normalise(&sums)
}

/// Each point with its weight.
fn weigh_in_lanes<G: Group>(
    points: &[G::Affine],
    weights: &[Weight],
    shape: DigitShape,
    short: impl FnOnce(&[G::Affine], &[u64]) -> Vec<G::Affine>,
    long: impl FnOnce(&[G::Affine], &[u128]) -> Vec<G::Affine>,
) -> Vec<G::Affine> {
    let signed = weighted_sum::signed::<G>(points, weights);
    if shape.magnitude_bits() <= u64::BITS {
        let scalars: Vec<u64> = weights
            .iter()
            .map(|weight| weight.magnitude as u64)
            .collect();
        short(&signed, &scalars)
    } else {
        let scalars: Vec<u128> = weights.iter().map(|weight| weight.magnitude).collect();
        long(&signed, &scalars)
    }
}

/// blst writes infinity as zeros, in affine coordinates too.
fn finite_or_none<P: Default + PartialEq>(point: P) -> Option<P> {
    (point != P::default()).then_some(point)
}

pub(crate) trait BulkCurve: Curve {
    fn miller_many(_: Arithmetic, pairs: &[Pair<Self>]) -> Self::Gt {
        Self::miller(pairs)
    }
}

/// A world whose groups this backend can do in bulk.
pub(crate) trait World: Signed<Key: Bulk, Sig: Bulk, Curve: BulkCurve> {}

impl<W: Signed<Key: Bulk, Sig: Bulk, Curve: BulkCurve>> World for W {}

impl Bulk for bls12_381::G1 {
    fn lanes(arithmetic: Arithmetic, count: usize) -> Option<Ifma> {
        arithmetic.lanes_for(count)
    }

    fn bucket_sums(
        arithmetic: Arithmetic,
        points: &[Self::Affine],
        weights: &[Weight],
        shape: DigitShape,
        windows: &[u32],
    ) -> Vec<Vec<Self::Sum>> {
        let Some(ifma) = arithmetic.lanes_for(points.len()) else {
            return bucket_sums_one_by_one::<Self>(points, weights, shape, windows);
        };
        bucket_sums_in_lanes::<Self>(weights, shape, windows, |places, count| {
            tutti_lanes::bucket_sums_g1(ifma, points, places, count)
        })
    }

    fn weigh_each(
        arithmetic: Arithmetic,
        points: &[Self::Affine],
        weights: &[Weight],
        shape: DigitShape,
    ) -> Vec<Option<Self::Affine>> {
        let Some(ifma) = arithmetic.lanes_for(points.len()) else {
            return weigh_one_by_one::<Self>(points, weights);
        };
        let weighted = weigh_in_lanes::<Self>(
            points,
            weights,
            shape,
            |points, scalars| tutti_lanes::multiply_g1_64(ifma, points, scalars),
            |points, scalars| tutti_lanes::multiply_g1_128(ifma, points, scalars),
        );
        weighted.into_iter().map(finite_or_none).collect()
    }

    fn finite_each(
        arithmetic: Arithmetic,
        wires: &[Wire<Self>],
    ) -> Vec<Result<Self::Affine, InvalidReason>> {
        decompress_in_lanes(arithmetic, wires, tutti_lanes::decompress_g1)
    }

    fn in_subgroup_each(arithmetic: Arithmetic, points: &[Self::Affine]) -> Vec<bool> {
        match arithmetic.lanes_for(points.len()) {
            Some(ifma) => tutti_lanes::in_g1(ifma, points),
            None => points.iter().map(Self::in_subgroup).collect(),
        }
    }
}

impl Bulk for bls12_381::G2 {
    fn lanes(arithmetic: Arithmetic, count: usize) -> Option<Ifma> {
        arithmetic.lanes_for(count)
    }

    fn bucket_sums(
        arithmetic: Arithmetic,
        points: &[Self::Affine],
        weights: &[Weight],
        shape: DigitShape,
        windows: &[u32],
    ) -> Vec<Vec<Self::Sum>> {
        let Some(ifma) = arithmetic.lanes_for(points.len()) else {
            return bucket_sums_one_by_one::<Self>(points, weights, shape, windows);
        };
        bucket_sums_in_lanes::<Self>(weights, shape, windows, |places, count| {
            tutti_lanes::bucket_sums_g2(ifma, points, places, count)
        })
    }

    fn weigh_each(
        arithmetic: Arithmetic,
        points: &[Self::Affine],
        weights: &[Weight],
        shape: DigitShape,
    ) -> Vec<Option<Self::Affine>> {
        let Some(ifma) = arithmetic.lanes_for(points.len()) else {
            return weigh_one_by_one::<Self>(points, weights);
        };
        let weighted = weigh_in_lanes::<Self>(
            points,
            weights,
            shape,
            |points, scalars| tutti_lanes::multiply_g2_64(ifma, points, scalars),
            |points, scalars| tutti_lanes::multiply_g2_128(ifma, points, scalars),
        );
        weighted.into_iter().map(finite_or_none).collect()
    }

    fn finite_each(
        arithmetic: Arithmetic,
        wires: &[Wire<Self>],
    ) -> Vec<Result<Self::Affine, InvalidReason>> {
        decompress_in_lanes(arithmetic, wires, tutti_lanes::decompress_g2)
    }

    fn in_subgroup_each(arithmetic: Arithmetic, points: &[Self::Affine]) -> Vec<bool> {
        match arithmetic.lanes_for(points.len()) {
            Some(ifma) => tutti_lanes::in_g2(ifma, points),
            None => points.iter().map(Self::in_subgroup).collect(),
        }
    }

    fn hash_each(
        arithmetic: Arithmetic,
        hashing: Hashing<'_>,
        messages: &[&[u8]],
    ) -> Vec<Result<Self::Affine, InvalidReason>> {
        let in_lanes = match hashing {
            Hashing::Rfc9380 {
                variant: HashVariant::RandomOracle,
                dst,
            } => arithmetic.lanes_for(messages.len()).map(|ifma| (ifma, dst)),
            _ => None,
        };
        match in_lanes {
            Some((ifma, dst)) => tutti_lanes::hash_to_g2(ifma, messages, dst)
                .into_iter()
                .map(|point| finite_or_none(point).ok_or(InvalidReason::Infinity))
                .collect(),
            None => messages
                .iter()
                .map(|message| Self::hash(hashing, message, &[]))
                .collect(),
        }
    }
}

impl Bulk for bn254::G1 {}
impl Bulk for bn254::G2 {}

impl BulkCurve for Bls12381 {
    fn miller_many(arithmetic: Arithmetic, pairs: &[Pair<Self>]) -> Self::Gt {
        let Some(ifma) = arithmetic.lanes_for(pairs.len()) else {
            return Self::miller(pairs);
        };
        let (p, q): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
        tutti_lanes::miller_product(ifma, &p, &q)
    }
}

impl BulkCurve for Bn254 {}

/// Compressed points to points, in lanes.
type Decompress<G, E> =
    fn(Ifma, &[<G as Group>::Compressed]) -> Vec<Result<<G as Group>::Affine, E>>;

/// The compressed ones in lanes. Whatever the lanes refuse is asked of the plain code: its
/// answer counts.
fn decompress_in_lanes<G: Group, E>(
    arithmetic: Arithmetic,
    wires: &[Wire<G>],
    decompress: Decompress<G, E>,
) -> Vec<Result<G::Affine, InvalidReason>> {
    let compressed: Vec<G::Compressed> = wires
        .iter()
        .filter_map(|wire| match wire {
            Wire::Compressed(bytes) => Some(*bytes),
            _ => None,
        })
        .collect();
    let Some(ifma) = arithmetic.lanes_for(compressed.len()) else {
        return wires.iter().map(Wire::finite).collect();
    };
    let mut points = decompress(ifma, &compressed).into_iter();
    wires
        .iter()
        .map(|wire| match wire {
            Wire::Compressed(_) => match points.next() {
                Some(Ok(point)) => Ok(point),
                _ => wire.finite(),
            },
            _ => wire.finite(),
        })
        .collect()
}

/// Points where infinity may not stand, on all threads.
pub(crate) fn finite<G: Bulk>(
    arithmetic: Arithmetic,
    wires: &[Wire<G>],
) -> Vec<Result<G::Affine, InvalidReason>> {
    wires
        .par_chunks(arithmetic.task(wires.len()))
        .flat_map_iter(|wires| G::finite_each(arithmetic, wires))
        .collect()
}

/// Whether each point is in the subgroup, on all threads.
pub(crate) fn in_subgroup<G: Bulk>(arithmetic: Arithmetic, points: &[G::Affine]) -> Vec<bool> {
    points
        .par_chunks(arithmetic.task(points.len()))
        .flat_map_iter(|points| G::in_subgroup_each(arithmetic, points))
        .collect()
}

/// Messages to points, on all threads.
pub(crate) fn hash<G: Bulk>(
    arithmetic: Arithmetic,
    hashing: Hashing<'_>,
    messages: &[&[u8]],
) -> Vec<Result<G::Affine, InvalidReason>> {
    messages
        .par_chunks(arithmetic.task(messages.len()))
        .flat_map_iter(|messages| G::hash_each(arithmetic, hashing, messages))
        .collect()
}
