//! What `docs/mathematics.md` claims of the weighted sum, measured.

#[allow(dead_code)]
#[path = "../../../../tests/differential/forge.rs"]
mod forge;

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use tutti_backend::CoefficientBits;
use tutti_curves::bls12_381::{G1, G2};
use tutti_curves::{Wire, bn254};

use super::bucket_sums::Grid;
use super::*;
use crate::CpuEngine;
use crate::aggregate::members;
use crate::weights::draw;
use forge::Forge;

fn engines() -> [Arithmetic; 2] {
    [CpuEngine::Scalar, CpuEngine::Auto]
        .map(|engine| Arithmetic::choose(engine).expect("both run everywhere"))
}

fn good<G: Group>(count: usize, random: &mut impl RngCore) -> Vec<G::Affine> {
    (0..count)
        .map(|_| {
            let sum = G::mul(&G::generator(), u128::from(random.next_u64() | 1));
            G::to_affine(&sum).expect("a multiple below the order is not infinity")
        })
        .collect()
}

fn add<G: Group>(to: &mut G::Affine, point: &G::Affine) {
    let sum = G::add_affine(&G::lift(to), point);
    *to = G::to_affine(&sum).expect("points of different orders do not cancel");
}

/// Whether `passed` of `tries` is what a chance of one in `odds` gives, within six deviations.
fn is_about(passed: usize, tries: usize, odds: u32) -> bool {
    let chance = 1.0 / f64::from(odds);
    let mean = tries as f64 * chance;
    (passed as f64 - mean).abs() < 6.0 * (mean * (1.0 - chance)).sqrt()
}

/// Why the buckets are checked and not the sum: a point of order q vanishes from one sum of
/// all points once in q times, however long the coefficients are.
#[test]
fn one_random_combination_misses_a_point_of_small_order() {
    fn misses<G: Bulk + Forge>(order: u32, tries: usize) {
        let mut random = ChaCha20Rng::seed_from_u64(1);
        let [scalar, _] = engines();
        let mut points = good::<G>(4, &mut random);
        add::<G>(&mut points[2], &forge::of_order::<G>(order, &mut random));
        let shape = DigitShape::new(4, 64);
        let passed = (0..tries)
            .filter(|_| {
                let weights = draw(points.len(), shape, &mut random);
                let sum = Weighing::<G>::new(scalar, &points, &weights, shape).unchecked(&[4])[0];
                G::in_subgroup(&G::to_affine(&sum).expect("not infinity"))
            })
            .count();
        assert!(is_about(passed, tries, order), "{passed} of {tries}");
    }
    misses::<G2>(13, 2_600);
    misses::<G2>(23, 2_600);
    misses::<G1>(3, 1_200);
    misses::<G1>(11, 2_600);
}

/// How often no bucket shows that some points are bad.
fn passed<G: Bulk>(points: &[G::Affine], shape: DigitShape, tries: usize, seed: u64) -> usize {
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let [_, auto] = engines();
    (0..tries)
        .filter(|_| {
            let weights = draw(points.len(), shape, &mut random);
            let all = Weighing::<G>::new(auto, points, &weights, shape);
            let buckets = BucketSums::new(&all, &[points.len()]).all();
            bad_buckets::<G>(auto, &buckets, shape).is_empty()
        })
        .count()
}

/// The bound of a window, 2^-c, where it can be counted: one window of four bits errs once in
/// sixteen times, for a single point and for two that collude, whatever their order.
#[test]
fn a_window_errs_as_often_as_the_bound_says() {
    fn errs<G: Bulk + Forge>() {
        let mut random = ChaCha20Rng::seed_from_u64(2);
        let one_window = DigitShape::new(4, 4);
        let two_windows = DigitShape::new(4, 8);
        for &order in G::SMALL_ORDERS.iter().take(2) {
            let small = forge::of_order::<G>(order, &mut random);
            let mut points = good::<G>(130, &mut random);
            add::<G>(&mut points[70], &small);
            let once = passed::<G>(&points, one_window, 800, 3);
            assert!(is_about(once, 800, 16), "one, {order}: {once}");
            let twice = passed::<G>(&points, two_windows, 800, 4);
            assert!(twice <= 16, "two windows, {order}: {twice} for 3 expected");
            add::<G>(&mut points[3], &G::negate(&small));
            let once = passed::<G>(&points, one_window, 800, 5);
            assert!(is_about(once, 800, 16), "two, {order}: {once}");
            // However many there are, not more often.
            for point in &mut points[80..110] {
                add::<G>(point, &small);
            }
            let once = passed::<G>(&points, one_window, 800, 6);
            assert!(once <= 91, "many, {order}: {once} for at most 50 expected");
        }
    }
    errs::<G1>();
    errs::<G2>();
}

#[test]
fn all_windows_together_never_err() {
    fn never<G: Bulk + Forge>() {
        let mut random = ChaCha20Rng::seed_from_u64(7);
        for &order in G::SMALL_ORDERS.iter().take(2) {
            let small = forge::of_order::<G>(order, &mut random);
            let mut points = good::<G>(130, &mut random);
            add::<G>(&mut points[0], &small);
            assert_eq!(passed::<G>(&points, shape(130, 64), 120, 8), 0, "{order}");
            add::<G>(&mut points[129], &G::negate(&small));
            assert_eq!(passed::<G>(&points, shape(130, 64), 120, 9), 0, "{order}");
        }
    }
    never::<G1>();
    never::<G2>();
    never::<bn254::G2>();
}

/// That sums are what they are by the definition, and bad points are found.
fn sums_hold<G: Bulk + Forge>(counts: &[usize]) {
    let mut random = ChaCha20Rng::seed_from_u64(10);
    for &count in counts {
        let mut points = good::<G>(count, &mut random);
        if count > 3 {
            // Equal points and opposite ones meet in buckets.
            points[1] = points[0];
            points[2] = G::negate(&points[0]);
        }
        let shapes = [shape(count, 64), shape(count, 128), DigitShape::new(6, 64)];
        for shape in shapes.into_iter().take(if count > 200 { 1 } else { 3 }) {
            let weights = draw(count, shape, &mut random);
            let naive = |part: Range<usize>| {
                let each = points[part.clone()].iter().zip(&weights[part]);
                let sum = each.fold(G::zero(), |sum, (point, weight)| {
                    let part = G::mul(point, weight.magnitude);
                    let part = if weight.negative {
                        G::negate_sum(&part)
                    } else {
                        part
                    };
                    G::add(&sum, &part)
                });
                G::to_affine(&sum)
            };
            let whole = naive(0..count);
            for parts in [
                vec![count],
                vec![0, count],
                vec![1, count / 3, count - 1 - count / 3],
            ] {
                let each: Vec<_> = ranges(&parts).map(naive).collect();
                for engine in engines() {
                    let all = Weighing::<G>::new(engine, &points, &weights, shape);
                    let sums = PartSums::new(&all, &parts, 0);
                    assert_eq!(sums.outside(&all, 0), []);
                    assert_eq!(G::to_affine(&sums.whole()), whole, "{count}");
                    assert_eq!(G::normalise(&sums.each()), each, "{count} {parts:?}");
                    let sums = all.unchecked(&parts);
                    assert_eq!(G::normalise(&sums), each, "{count} {parts:?}");
                    let list = |part: Range<usize>| {
                        let points = points[part.clone()].iter().copied();
                        points.zip(weights[part].iter().copied()).collect()
                    };
                    let lists: Vec<List<G>> = ranges(&parts).map(list).collect();
                    let sums = super::each::<G>(engine, &lists, shape);
                    assert_eq!(sums, each, "{count} {parts:?}");
                }
            }
        }
        if G::PRIME_ORDER {
            continue;
        }
        let mut bad = points.clone();
        let small = forge::of_order::<G>(G::SMALL_ORDERS[0], &mut random);
        add::<G>(&mut bad[count / 2], &small);
        let shape = shape(count, 64);
        let weights = draw(count, shape, &mut random);
        for engine in engines() {
            let all = Weighing::<G>::new(engine, &bad, &weights, shape);
            for tries in [0, BUCKET_TRIES_MAX] {
                let sums = PartSums::new(&all, &[count], tries);
                assert_eq!(sums.outside(&all, tries), [count / 2], "{count}");
                assert_eq!(all.outside(tries), [count / 2], "{count}");
            }
        }
    }
}
#[test]
fn the_sum_is_the_sum_and_the_places_are_the_places() {
    const COUNTS: [usize; 15] = [1, 2, 3, 4, 5, 63, 64, 65, 95, 96, 127, 128, 129, 700, 1_100];
    sums_hold::<G1>(&COUNTS);
    sums_hold::<G2>(&COUNTS);
    sums_hold::<bn254::G1>(&COUNTS);
    sums_hold::<bn254::G2>(&COUNTS);
}

/// Parts and windows are shared out in ways that depend on the number of threads.
#[test]
fn sums_do_not_depend_on_the_number_of_threads() {
    for threads in [1, 3, 5, 40] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().expect("threads").install(|| {
            sums_hold::<G1>(&[2, 100, 300]);
            sums_hold::<bn254::G2>(&[100]);
        });
    }
}

/// Tasks of different sizes leave the sums where they are looked for.
#[test]
fn bucket_sums_are_those_of_their_digit_window_and_part() {
    const PARTS: [usize; 8] = [100, 200, 0, 150, 151, 199, 1, 299];
    let mut random = ChaCha20Rng::seed_from_u64(14);
    let points = good::<G1>(PARTS.iter().sum(), &mut random);
    let shape = DigitShape::new(5, 64);
    let windows = shape.windows();
    let weights = draw(points.len(), shape, &mut random);
    let mut sums = vec![G1::zero(); shape.buckets(0) * windows as usize * PARTS.len()];
    for (part, places) in ranges(&PARTS).enumerate() {
        for (place, window) in places.flat_map(|place| (0..windows).map(move |w| (place, w))) {
            let digit = weights[place].digit(window);
            if digit == 0 {
                continue;
            }
            let row = (usize::from(digit.unsigned_abs()) - 1) * windows as usize;
            let sum = &mut sums[(row + window as usize) * PARTS.len() + part];
            let negated = G1::negate(&points[place]);
            *sum = G1::add_affine(sum, if digit < 0 { &negated } else { &points[place] });
        }
    }
    let expected = G1::normalise(&sums);
    let grid = Grid::new(points.len(), PARTS.len(), windows as usize, 2);
    assert!(grid.coarse_groups > 0 && grid.coarse_windows > grid.fine_windows);
    for (threads, engine) in [1, 2, 7].into_iter().zip(engines().into_iter().cycle()) {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let all = Weighing::<G1>::new(engine, &points, &weights, shape);
        let made = pool
            .build()
            .expect("threads")
            .install(|| BucketSums::new(&all, &PARTS).all());
        assert_eq!(made, expected, "{threads} threads");
    }
}

#[test]
fn every_thread_has_as_much_to_do_as_any_other() {
    let grid = |parts_each, coarse_groups, coarse_windows, fine_windows| Grid {
        parts_each,
        coarse_groups,
        coarse_windows,
        fine_windows,
    };
    for (points, parts, windows, threads, expected) in [
        (96, 8, 16, 1, grid(8, 0, 16, 16)),
        (96, 8, 16, 2, grid(4, 0, 16, 16)),
        (96, 1, 16, 2, grid(1, 0, 8, 8)),
        (4_096, 8, 13, 1, grid(1, 6, 13, 13)),
        (4_096, 8, 13, 2, grid(1, 6, 13, 7)),
        (4_096, 8, 13, 16, grid(1, 0, 7, 7)),
        (4_096, 8, 13, 128, grid(1, 0, 1, 1)),
        (100_000, 8, 11, 2, grid(1, 7, 1, 1)),
    ] {
        assert_eq!(Grid::new(points, parts, windows, threads), expected);
    }
}

/// Counts how often coefficients are drawn.
struct Counting(ChaCha20Rng, usize);

impl RngCore for Counting {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }
    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.1 += 1;
        self.0.fill_bytes(bytes);
    }
}

/// A sender of nothing but points of order 3 must not make the check dearer than it would be
/// point by point: in each try such points hide two thirds of each other.
#[test]
fn points_that_hide_each_other_do_not_cost_try_after_try() {
    let mut random = ChaCha20Rng::seed_from_u64(12);
    let small = forge::of_order::<G1>(3, &mut random);
    for (count, bad) in [(600, 600), (600, 60), (600, 10), (1_600, 1_600)] {
        let mut points = good::<G1>(count, &mut random);
        for (at, point) in points[..bad].iter_mut().enumerate() {
            let sign = [small, G1::negate(&small)];
            add::<G1>(point, &sign[at % 2]);
        }
        let wires: Vec<Wire<G1>> = points.into_iter().map(Wire::Point).collect();
        let wires: Vec<_> = wires.iter().collect();
        for engine in engines() {
            let mut counting = Counting(ChaCha20Rng::seed_from_u64(13), 0);
            let checked = members::<G1>(engine, &wires, CoefficientBits::B64, &mut counting);
            assert!(checked[..bad].iter().all(Result::is_err));
            assert!(checked[bad..].iter().all(Result::is_ok));
            assert!(
                counting.1 <= 4, // twice through buckets, once one by one, and what is left
                "{bad} bad of {count}: coefficients drawn {} times",
                counting.1
            );
        }
    }
}
