//! Bulk arithmetic: one point or many at a time, by the plain code of `curves` or by the vector
//! lanes. Chosen once at start; everything above asks for many and does not know which it is.

mod bn254;

use std::iter::repeat_n;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::iter::MaxLen;
use rayon::prelude::*;
use rayon::slice::Chunks;
use tutti_curves::bls12_381::{self, Bls12381};
use tutti_curves::{Bn254Sig, Curve, Group, Hashing, MinPk, MinSig, Pair, PointHash, Signed, Wire};
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

    const fn ifma(self) -> Option<Ifma> {
        match self {
            Self::Ifma(ifma) => Some(ifma),
            Self::Scalar => None,
        }
    }

    /// How many points make a task: all threads have as much to do, none has a long task left when
    /// the others are done, and lanes are filled.
    pub(crate) fn task(self, count: usize) -> usize {
        /// Longer tasks are no cheaper for a point.
        const POINTS_MAX: usize = 16;
        let share = count.div_ceil(rayon::current_num_threads());
        match self {
            Self::Scalar => share.clamp(1, 16),
            Self::Ifma(_) => {
                let tasks = share.div_ceil(POINTS_MAX).max(1);
                share.div_ceil(tasks).next_multiple_of(8).max(8)
            }
        }
    }
}

/// Pieces of a slice for all threads, each for itself: left alone, rayon gives a thread several in a
/// row, which no other takes over when it has nothing left to do.
pub(crate) fn tasks<T: Sync>(items: &[T], size: usize) -> MaxLen<Chunks<'_, T>> {
    items.par_chunks(size).with_max_len(1)
}

/// `work` on each item, begun in their order by whichever thread is free; its answers in that order.
pub(crate) fn in_order<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let take_next = |_| {
        let place = next.fetch_add(1, Ordering::Relaxed);
        (place, work(&items[place]))
    };
    let mut answers: Vec<(usize, R)> = (0..items.len())
        .into_par_iter()
        .with_max_len(1)
        .map(take_next)
        .collect();
    answers.sort_unstable_by_key(|(place, _)| *place);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// What the lanes do for one group. Infinity is the default point in and out.
#[allow(clippy::type_complexity)] // A table of functions.
pub(crate) struct LaneFunctions<G: Group> {
    /// From how many points on a register of eight pays.
    from: usize,
    decompress: fn(Ifma, &[G::Compressed]) -> Vec<Option<G::Affine>>,
    in_subgroup: fn(Ifma, &[G::Affine]) -> Vec<bool>,
    /// RFC 9380's hash as a random oracle, where the group has it in lanes.
    hash: Option<fn(Ifma, &[&[u8]], &[u8]) -> Vec<G::Affine>>,
    multiply_64: fn(Ifma, &[G::Affine], &[u64]) -> Vec<G::Affine>,
    multiply_128: fn(Ifma, &[G::Affine], &[u128]) -> Vec<G::Affine>,
    bucket_sums: fn(Ifma, &[G::Affine], &[usize], &[&[i16]], usize) -> Vec<G::Affine>,
    part_sums: fn(Ifma, &[G::Affine], &[usize]) -> Vec<G::Affine>,
    weighted_sums: fn(Ifma, &[G::Affine], &[usize], &[u128]) -> Vec<G::Affine>,
    digit_sums: fn(Ifma, &[G::Affine], usize) -> Vec<G::Affine>,
    shifted_sums: fn(Ifma, &[G::Affine], usize, u32) -> Vec<G::Affine>,
}

/// A group's arithmetic on many points: in the lanes that it names and where they pay, one by
/// one elsewhere.
pub(crate) trait Bulk: PointHash<Affine: Default> {
    const LANES: Option<LaneFunctions<Self>> = None;

    fn lanes(arithmetic: Arithmetic, count: usize) -> Option<(Ifma, LaneFunctions<Self>)> {
        let lanes = Self::LANES?;
        Some((arithmetic.ifma().filter(|_| count >= lanes.from)?, lanes))
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

    /// The bucket sums of some windows, none where it is infinity: for each digit from 1 on, in it
    /// for each window, in it for each part of the points. `parts` are the parts' lengths.
    fn bucket_sums(
        arithmetic: Arithmetic,
        points: &[Self::Affine],
        parts: &[usize],
        weights: &[Weight],
        largest: usize,
        windows: Range<u32>,
    ) -> Vec<Option<Self::Affine>> {
        let digits: Vec<Vec<i16>> = windows
            .map(|window| weights.iter().map(|weight| weight.digit(window)).collect())
            .collect();
        let digits: Vec<&[i16]> = digits.iter().map(Vec::as_slice).collect();
        match Self::lanes(arithmetic, points.len()) {
            Some((ifma, lanes)) => {
                finite_all((lanes.bucket_sums)(ifma, points, parts, &digits, largest))
            }
            None => bucket_sums_one_by_one::<Self>(points, parts, &digits, largest),
        }
    }

    /// Up to how many points a weighted sum is cheaper by their own multiples than by buckets.
    fn own_multiples_up_to(arithmetic: Arithmetic) -> usize {
        Self::lanes(arithmetic, usize::MAX).map_or(3, |_| 32)
    }

    /// The weighted sum of each part of the points by their own multiples; none where it is
    /// infinity.
    fn weighted_sums(
        arithmetic: Arithmetic,
        points: &[Self::Affine],
        parts: &[usize],
        weights: &[Weight],
        shape: DigitShape,
    ) -> Vec<Option<Self::Affine>> {
        let Some((ifma, lanes)) = Self::lanes(arithmetic, points.len()) else {
            let weighted = Self::weigh_each(arithmetic, points, weights, shape);
            let sum = |part: Range<usize>| {
                Self::sum(&weighted[part].iter().flatten().collect::<Vec<_>>())
            };
            return Self::normalise(&weighted_sum::ranges(parts).map(sum).collect::<Vec<_>>());
        };
        let signed = weighted_sum::signed::<Self>(points, weights);
        let magnitudes: Vec<u128> = weights.iter().map(|weight| weight.magnitude).collect();
        finite_all((lanes.weighted_sums)(ifma, &signed, parts, &magnitudes))
    }

    /// The sum of d times row d - 1, for each column.
    fn digit_sums(
        arithmetic: Arithmetic,
        rows: &[Option<Self::Affine>],
        columns: usize,
    ) -> Vec<Option<Self::Affine>> {
        match Self::lanes(arithmetic, columns) {
            Some((ifma, lanes)) => finite_all((lanes.digit_sums)(ifma, &zeros(rows), columns)),
            None => Self::normalise(&digit_sums_one_by_one::<Self>(rows, columns)),
        }
    }

    /// The sum of 2^(bits w) times row w, for each column.
    fn shifted_sums(
        arithmetic: Arithmetic,
        rows: &[Option<Self::Affine>],
        columns: usize,
        bits: u32,
    ) -> Vec<Self::Sum> {
        match Self::lanes(arithmetic, columns) {
            Some((ifma, lanes)) => {
                let sums = finite_all((lanes.shifted_sums)(ifma, &zeros(rows), columns, bits));
                sums.iter()
                    .map(|sum| sum.as_ref().map_or_else(Self::zero, Self::lift))
                    .collect()
            }
            None => (0..columns)
                .map(|column| shifted_sum::<Self>(rows.iter().skip(column).step_by(columns), bits))
                .collect(),
        }
    }

    /// Points where infinity may not stand. Whatever the lanes refuse is asked of the plain
    /// code: its answer counts.
    fn finite_each(
        arithmetic: Arithmetic,
        wires: &[&Wire<Self>],
    ) -> Vec<Result<Self::Affine, InvalidReason>> {
        let compressed: Vec<Self::Compressed> = wires
            .iter()
            .filter_map(|wire| match wire {
                Wire::Compressed(bytes) => Some(*bytes),
                _ => None,
            })
            .collect();
        let Some((ifma, lanes)) = Self::lanes(arithmetic, compressed.len()) else {
            return wires.iter().map(|wire| wire.finite()).collect();
        };
        let mut points = (lanes.decompress)(ifma, &compressed).into_iter();
        wires
            .iter()
            .map(|wire| match wire {
                Wire::Compressed(_) => match points.next() {
                    Some(Some(point)) => Ok(point),
                    _ => wire.finite(),
                },
                _ => wire.finite(),
            })
            .collect()
    }

    fn in_subgroup_each(arithmetic: Arithmetic, points: &[Self::Affine]) -> Vec<bool> {
        match Self::lanes(arithmetic, points.len()) {
            Some((ifma, lanes)) => (lanes.in_subgroup)(ifma, points),
            None => points.iter().map(Self::in_subgroup).collect(),
        }
    }

    fn hash_each(
        arithmetic: Arithmetic,
        hashing: Hashing<'_>,
        messages: &[&[u8]],
    ) -> Vec<Result<Self::Affine, InvalidReason>> {
        hash_by_rfc9380::<Self>(arithmetic, hashing, messages)
    }

    /// The sum of each part of the points; none where it is infinity.
    fn part_sums(
        arithmetic: Arithmetic,
        points: &[Self::Affine],
        parts: &[usize],
    ) -> Vec<Option<Self::Affine>> {
        /// Below this the lanes are rarely filled.
        const POINTS_MIN: usize = 32;
        match Self::lanes(arithmetic, points.len()) {
            Some((ifma, lanes)) if points.len() >= POINTS_MIN => {
                finite_all((lanes.part_sums)(ifma, points, parts))
            }
            _ => {
                let sum = |part: Range<usize>| Self::sum(&points[part].iter().collect::<Vec<_>>());
                Self::normalise(&weighted_sum::ranges(parts).map(sum).collect::<Vec<_>>())
            }
        }
    }

    /// Each point times its weight; none where that is infinity.
    fn weigh_each(
        arithmetic: Arithmetic,
        points: &[Self::Affine],
        weights: &[Weight],
        shape: DigitShape,
    ) -> Vec<Option<Self::Affine>> {
        let signed = weighted_sum::signed::<Self>(points, weights);
        let magnitudes = weights.iter().map(|weight| weight.magnitude);
        let Some((ifma, lanes)) = Self::lanes(arithmetic, points.len()) else {
            let each = signed.iter().zip(magnitudes);
            let sums: Vec<Self::Sum> = each.map(|(point, by)| Self::mul(point, by)).collect();
            return Self::normalise(&sums);
        };
        finite_all(if shape.magnitude_bits() <= u64::BITS {
            let scalars: Vec<u64> = magnitudes.map(|magnitude| magnitude as u64).collect();
            (lanes.multiply_64)(ifma, &signed, &scalars)
        } else {
            (lanes.multiply_128)(ifma, &signed, &magnitudes.collect::<Vec<_>>())
        })
    }
}

/// In lanes where the group has that hash there.
fn hash_by_rfc9380<G: Bulk>(
    arithmetic: Arithmetic,
    hashing: Hashing<'_>,
    messages: &[&[u8]],
) -> Vec<Result<G::Affine, InvalidReason>> {
    let lanes = G::lanes(arithmetic, messages.len());
    let in_lanes = lanes.and_then(|(ifma, lanes)| Some((ifma, lanes.hash?)));
    match (hashing, in_lanes) {
        (
            Hashing::Rfc9380 {
                variant: HashVariant::RandomOracle,
                dst,
            },
            Some((ifma, hash)),
        ) => hash(ifma, messages, dst)
            .into_iter()
            .map(|point| finite_or_none(point).ok_or(InvalidReason::Infinity))
            .collect(),
        _ => hash_one_by_one::<G>(hashing, messages),
    }
}

fn hash_one_by_one<G: PointHash>(
    hashing: Hashing<'_>,
    messages: &[&[u8]],
) -> Vec<Result<G::Affine, InvalidReason>> {
    messages
        .iter()
        .map(|message| G::hash(hashing, message, &[]))
        .collect()
}

fn bucket_sums_one_by_one<G: Group>(
    points: &[G::Affine],
    parts: &[usize],
    digits: &[&[i16]],
    largest: usize,
) -> Vec<Option<G::Affine>> {
    let negated: Vec<G::Affine> = points.iter().map(G::negate).collect();
    let columns = digits.len() * parts.len();
    let mut buckets: Vec<Vec<&G::Affine>> = vec![Vec::new(); largest * columns];
    let places = parts.iter().enumerate();
    let places: Vec<usize> = places
        .flat_map(|(part, &length)| repeat_n(part, length))
        .collect();
    for (window, digits) in digits.iter().enumerate() {
        for (at, &digit) in digits.iter().enumerate().filter(|(_, digit)| **digit != 0) {
            let signed = if digit < 0 { &negated[at] } else { &points[at] };
            let row = usize::from(digit.unsigned_abs()) - 1;
            buckets[row * columns + window * parts.len() + places[at]].push(signed);
        }
    }
    let sums: Vec<G::Sum> = buckets.iter().map(|bucket| G::sum(bucket)).collect();
    G::normalise(&sums)
}

fn digit_sums_one_by_one<G: Group>(rows: &[Option<G::Affine>], columns: usize) -> Vec<G::Sum> {
    let sum = |column: usize| {
        let digits = rows.iter().skip(column).step_by(columns).rev();
        let (_, total) = digits.fold((G::zero(), G::zero()), |(run, total), bucket| {
            let run = bucket.map_or(run, |bucket| G::add_affine(&run, &bucket));
            (run, G::add(&total, &run))
        });
        total
    };
    (0..columns).map(sum).collect()
}

fn shifted_sum<'a, G: Group>(
    terms: impl DoubleEndedIterator<Item = &'a Option<G::Affine>>,
    bits: u32,
) -> G::Sum {
    terms.rev().fold(G::zero(), |sum, term| {
        let shifted = (0..bits).fold(sum, |sum, _| G::add(&sum, &sum));
        term.map_or(shifted, |term| G::add_affine(&shifted, &term))
    })
}

/// The default point stands for infinity: blst's zeros, arkworks' flag.
fn finite_or_none<P: Default + PartialEq>(point: P) -> Option<P> {
    (point != P::default()).then_some(point)
}

fn finite_all<P: Default + PartialEq>(points: Vec<P>) -> Vec<Option<P>> {
    points.into_iter().map(finite_or_none).collect()
}

fn zeros<P: Default + Copy>(points: &[Option<P>]) -> Vec<P> {
    points
        .iter()
        .map(|point| point.unwrap_or_default())
        .collect()
}

/// What the lanes do for one pairing.
#[allow(clippy::type_complexity)] // A table of functions.
pub(crate) struct PairingFunctions<C: Curve> {
    miller_loops: fn(Ifma, &[G1Point<C>], &[G2Point<C>]) -> Vec<C::Gt>,
    miller_product: fn(Ifma, &[G1Point<C>], &[G2Point<C>]) -> C::Gt,
    final_exponentiations: fn(Ifma, &[C::Gt]) -> Vec<C::Gt>,
}

type G1Point<C> = <<C as Curve>::G1 as Group>::Affine;
type G2Point<C> = <<C as Curve>::G2 as Group>::Affine;

pub(crate) trait BulkCurve: Curve<Gt: PartialEq> {
    const LANES: PairingFunctions<Self>;
    /// How many pairs a leaf of the search's tree has at most in lanes; in plain code as many as
    /// share the squarings.
    const LEAF_PAIRS: usize;

    /// Into how many parts a failed part is split: as many as are asked at the price of one or
    /// two, where there are lanes.
    fn fan_out(arithmetic: Arithmetic) -> usize {
        arithmetic.ifma().map_or(4, |_| 8)
    }

    fn leaf_pairs(arithmetic: Arithmetic) -> usize {
        arithmetic.ifma().map_or(16, |_| Self::LEAF_PAIRS)
    }

    fn miller_many(arithmetic: Arithmetic, pairs: &[Pair<Self>]) -> Self::Gt {
        let Some(ifma) = arithmetic.ifma() else {
            return Self::miller(pairs);
        };
        // A register for one more pair costs more than that pair by itself.
        if pairs.len() > 8 && pairs.len() % 8 == 1 {
            let (full, last) = pairs.split_at(pairs.len() - 1);
            let full = Self::miller_many(arithmetic, full);
            return Self::mul(&full, &Self::miller_many(arithmetic, last));
        }
        let (p, q): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
        (Self::LANES.miller_product)(ifma, &p, &q)
    }

    /// The product of each list's Miller loops.
    fn miller_each(arithmetic: Arithmetic, lists: &[Vec<Pair<Self>>]) -> Vec<Self::Gt> {
        match arithmetic.ifma() {
            Some(ifma) if lists.len() > 2 => {
                products_of_lists::<Self>(lists, |p, q| (Self::LANES.miller_loops)(ifma, p, q))
            }
            _ => {
                let product = |pairs: &Vec<_>| Self::miller_many(arithmetic, pairs);
                lists.iter().map(product).collect()
            }
        }
    }

    fn are_one(arithmetic: Arithmetic, values: &[Self::Gt]) -> Vec<bool> {
        match arithmetic.ifma() {
            Some(ifma) => {
                let powers = (Self::LANES.final_exponentiations)(ifma, values);
                powers.iter().map(|power| *power == Self::one()).collect()
            }
            None => values.iter().map(Self::is_one).collect(),
        }
    }
}

/// A world whose groups this backend can do in bulk.
pub(crate) trait World: Signed<Key: Bulk, Sig: Bulk, Curve: BulkCurve> {
    /// The points of one signature by itself, where the lanes have it and all of them are finite
    /// points of their groups; the message is hashed by RFC 9380 as a random oracle.
    fn points_alone(
        _: Arithmetic,
        _key: Option<&<Self::Key as Group>::Compressed>,
        _signature: &<Self::Sig as Group>::Compressed,
        _message: &[u8],
        _dst: &[u8],
    ) -> Option<PointsAlone<Self>> {
        None
    }
}

pub(crate) struct PointsAlone<W: Signed> {
    /// None where no bytes were given.
    pub(crate) key: Option<<W::Key as Group>::Affine>,
    pub(crate) signature: <W::Sig as Group>::Affine,
    pub(crate) message: <W::Sig as Group>::Affine,
}

impl World for MinPk {
    fn points_alone(
        arithmetic: Arithmetic,
        key: Option<&[u8; 48]>,
        signature: &[u8; 96],
        message: &[u8],
        dst: &[u8],
    ) -> Option<PointsAlone<Self>> {
        let ifma = arithmetic.ifma()?;
        let points = tutti_lanes::points_alone(ifma, key, signature, message, dst)?;
        Some(PointsAlone {
            key: points.key,
            signature: points.signature,
            message: points.message,
        })
    }
}

impl World for MinSig {}

impl World for Bn254Sig {}

impl Bulk for bls12_381::G1 {
    const LANES: Option<LaneFunctions<Self>> = Some(LaneFunctions {
        from: 2,
        decompress: tutti_lanes::decompress_g1,
        in_subgroup: tutti_lanes::in_g1,
        hash: Some(tutti_lanes::hash_to_g1),
        multiply_64: tutti_lanes::multiply_g1_64,
        multiply_128: tutti_lanes::multiply_g1_128,
        bucket_sums: tutti_lanes::bucket_sums_g1,
        part_sums: tutti_lanes::part_sums_g1,
        weighted_sums: tutti_lanes::weighted_sums_g1,
        digit_sums: tutti_lanes::digit_sums_g1,
        shifted_sums: tutti_lanes::shifted_sums_g1,
    });
}

impl Bulk for bls12_381::G2 {
    const LANES: Option<LaneFunctions<Self>> = Some(LaneFunctions {
        from: 2,
        decompress: tutti_lanes::decompress_g2,
        in_subgroup: tutti_lanes::in_g2,
        hash: Some(tutti_lanes::hash_to_g2),
        multiply_64: tutti_lanes::multiply_g2_64,
        multiply_128: tutti_lanes::multiply_g2_128,
        bucket_sums: tutti_lanes::bucket_sums_g2,
        part_sums: tutti_lanes::part_sums_g2,
        weighted_sums: tutti_lanes::weighted_sums_g2,
        digit_sums: tutti_lanes::digit_sums_g2,
        shifted_sums: tutti_lanes::shifted_sums_g2,
    });
}

impl BulkCurve for Bls12381 {
    const LANES: PairingFunctions<Self> = PairingFunctions {
        miller_loops: tutti_lanes::miller_loops,
        miller_product: tutti_lanes::miller_product,
        final_exponentiations: tutti_lanes::final_exponentiations,
    };
    const LEAF_PAIRS: usize = 16;
}

/// Each list's product of the values that are made of all lists' pairs at once.
fn products_of_lists<C: Curve>(
    lists: &[Vec<Pair<C>>],
    values: impl FnOnce(&[G1Point<C>], &[G2Point<C>]) -> Vec<C::Gt>,
) -> Vec<C::Gt> {
    let (p, q): (Vec<_>, Vec<_>) = lists.iter().flatten().copied().unzip();
    let mut values = values(&p, &q).into_iter();
    let product = |pairs: &Vec<Pair<C>>| {
        let own = values.by_ref().take(pairs.len());
        own.fold(C::one(), |product, value| C::mul(&product, &value))
    };
    lists.iter().map(product).collect()
}

/// Answers as the tasks gave them: putting them together would be one thread's work.
pub(crate) struct Pieces<T> {
    size: usize,
    pieces: Vec<Vec<T>>,
}

impl<T> Pieces<T> {
    pub(crate) fn at(&self, place: usize) -> &T {
        &self.pieces[place / self.size][place % self.size]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.pieces.iter().flatten()
    }

    pub(crate) fn into_whole(self) -> Vec<T> {
        self.pieces.into_iter().flatten().collect()
    }
}

/// Points where infinity may not stand, on all threads.
pub(crate) fn finite<G: Bulk>(
    arithmetic: Arithmetic,
    wires: &[&Wire<G>],
) -> Pieces<Result<G::Affine, InvalidReason>> {
    let size = arithmetic.task(wires.len());
    let pieces = tasks(wires, size).map(|wires| G::finite_each(arithmetic, wires));
    Pieces {
        size,
        pieces: pieces.collect(),
    }
}

/// Whether each point is in the subgroup, on all threads.
pub(crate) fn in_subgroup<G: Bulk>(arithmetic: Arithmetic, points: &[G::Affine]) -> Vec<bool> {
    tasks(points, arithmetic.task(points.len()))
        .flat_map_iter(|points| G::in_subgroup_each(arithmetic, points))
        .collect()
}

/// Messages to points, on all threads.
pub(crate) fn hash<G: Bulk>(
    arithmetic: Arithmetic,
    hashing: Hashing<'_>,
    messages: &[&[u8]],
) -> Vec<Result<G::Affine, InvalidReason>> {
    tasks(messages, arithmetic.task(messages.len()))
        .flat_map_iter(|messages| G::hash_each(arithmetic, hashing, messages))
        .collect()
}

/// The sum of each list's points, on all threads; none where it is infinity.
pub(crate) fn sums<G: Bulk>(
    arithmetic: Arithmetic,
    lists: &[Vec<G::Affine>],
) -> Vec<Option<G::Affine>> {
    let points = lists.iter().map(Vec::len).sum();
    tasks(lists, lists_of_a_task(lists.len(), points))
        .flat_map_iter(|lists| {
            let lengths: Vec<usize> = lists.iter().map(Vec::len).collect();
            G::part_sums(arithmetic, &lists.concat(), &lengths)
        })
        .collect()
}

/// Into how many lists at a time so many are split, which have so many points.
pub(crate) fn lists_of_a_task(lists: usize, points: usize) -> usize {
    /// The points of a task and their sums stay in the second-level cache.
    const POINTS_MAX: usize = 4_096;
    /// Fewer take less time than waiting for another thread's last task.
    const POINTS_MIN: usize = 256;
    const TASKS_OF_A_THREAD: usize = 4;
    let threads = rayon::current_num_threads();
    let even = match threads {
        1 => 1,
        _ => (TASKS_OF_A_THREAD * threads).min(points / POINTS_MIN),
    };
    let count = points.div_ceil(POINTS_MAX).max(even);
    let count = count.max(1).next_multiple_of(threads);
    lists.div_ceil(count).max(1)
}

/// Each point times its weight, on all threads; none where that is infinity.
pub(crate) fn weigh<G: Bulk>(
    arithmetic: Arithmetic,
    points: &[G::Affine],
    weights: &[Weight],
    shape: DigitShape,
) -> Vec<Option<G::Affine>> {
    let task = arithmetic.task(points.len());
    tasks(points, task)
        .zip(tasks(weights, task))
        .flat_map_iter(|(points, weights)| G::weigh_each(arithmetic, points, weights, shape))
        .collect()
}
