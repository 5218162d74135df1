use blst::{blst_p1, blst_p1_affine, blst_p2, blst_p2_affine};

use crate::testing::{Random, scalars};
use crate::{
    bucket_sums_g1, bucket_sums_g2, digit_sums_g1, digit_sums_g2, part_sums_g1, part_sums_g2,
    shifted_sums_g1, shifted_sums_g2, weighted_sums_g1, weighted_sums_g2,
};

const WINDOWS: usize = 9;
const LARGEST: i16 = 4;
const BITS: u32 = 3;

macro_rules! oracle {
    ($sum:ident, $neg:ident, $affine:ty, $projective:ty, $add:ident, $to:ident, $cneg:ident, $group:ty) => {
        fn $sum<'a>(points: impl Iterator<Item = &'a $affine>) -> $affine {
            let (mut sum, mut affine) = <($projective, $affine)>::default();
            // SAFETY: plain values of the types that blst asks for.
            unsafe {
                for p in points {
                    blst::$add(&raw mut sum, &raw const sum, p);
                }
                blst::$to(&raw mut affine, &raw const sum);
            }
            affine
        }

        fn $neg(p: &$affine) -> $affine {
            let mut q = *p;
            let zero = blst::blst_fp::default();
            let negate = |y: &mut blst::blst_fp| {
                let x = *y;
                // SAFETY: plain values of the types that blst asks for.
                unsafe { blst::blst_fp_sub(y, &raw const zero, &raw const x) };
            };
            $cneg(&mut q, negate);
            q
        }
    };
}

fn each_g1(p: &mut blst_p1_affine, negate: impl Fn(&mut blst::blst_fp)) {
    negate(&mut p.y);
}

fn each_g2(p: &mut blst_p2_affine, negate: impl Fn(&mut blst::blst_fp)) {
    negate(&mut p.y.fp[0]);
    negate(&mut p.y.fp[1]);
}

oracle!(
    sum_g1,
    neg_g1,
    blst_p1_affine,
    blst_p1,
    blst_p1_add_or_double_affine,
    blst_p1_to_affine,
    each_g1,
    G1
);
oracle!(
    sum_g2,
    neg_g2,
    blst_p2_affine,
    blst_p2,
    blst_p2_add_or_double_affine,
    blst_p2_to_affine,
    each_g2,
    G2
);

/// Random points with, among them, infinity, equal ones and opposite ones.
macro_rules! mixture {
    ($random:expr, $n:expr, $kind:ident, $neg:ident) => {{
        let base: Vec<_> = (0..$n.min(24)).map(|_| $random.$kind()).collect();
        (0..$n)
            .map(|i| match $random.word() % 8 {
                0 => Default::default(),
                1..=2 => $neg(&base[i % base.len()]),
                3 => base[0],
                _ => base[i % base.len()],
            })
            .collect::<Vec<_>>()
    }};
}

macro_rules! check {
    ($isa:expr, $random:expr, $kind:ident, $sum:ident, $neg:ident, $buckets:ident, $parts:ident, $weighted:ident, $digits:ident, $shifted:ident, $group:ty) => {
        for parts in [
            vec![0],
            vec![1],
            vec![1, 1],
            vec![9],
            vec![40, 0, 30, 2, 1, 9, 8, 7, 3],
            vec![1000, 500],
        ] {
            let n: usize = parts.iter().sum();
            let points = mixture!($random, n, $kind, $neg);
            let drawn: Vec<Vec<i16>> = (0..WINDOWS)
                .map(|_| {
                    (0..n)
                        .map(|_| ($random.word() % 9) as i16 - LARGEST)
                        .collect()
                })
                .collect();
            let digits: Vec<&[i16]> = drawn.iter().map(Vec::as_slice).collect();
            let buckets = $buckets($isa, &points, &parts, &digits, LARGEST as usize);
            let members = |digit: i16, window: usize, places: std::ops::Range<usize>| -> Vec<_> {
                places
                    .filter_map(|at| match digits[window][at] {
                        d if d == digit => Some(points[at]),
                        d if d == -digit => Some($neg(&points[at])),
                        _ => None,
                    })
                    .collect()
            };
            let mut of_parts = Vec::new();
            for digit in 1..=LARGEST {
                for window in 0..WINDOWS {
                    let mut first = 0;
                    for length in &parts {
                        of_parts.push($sum(members(digit, window, first..first + length).iter()));
                        first += length;
                    }
                }
            }
            assert!(buckets == of_parts, "{parts:?}");
            let mut first = 0;
            let whole = parts.iter().map(|length| {
                first += length;
                $sum(points[first - length..first].iter())
            });
            let whole: Vec<_> = whole.collect();
            assert!($parts($isa, &points, &parts) == whole, "{parts:?}");

            for scalars in [scalars($random, n, 64), scalars($random, n, 128)] {
                let mut products = points.iter().zip(&scalars);
                let sums = parts.iter().map(|&length| {
                    let products = products.by_ref().take(length);
                    let products = products.map(|(p, &s)| <$group>::multiply_scalar(p, s));
                    $sum(products.collect::<Vec<_>>().iter())
                });
                let sums: Vec<_> = sums.collect();
                assert!(
                    $weighted($isa, &points, &parts, &scalars) == sums,
                    "{parts:?}"
                );
            }

            let columns = WINDOWS * parts.len();
            let terms: Vec<_> = (0..columns)
                .map(|column| {
                    let rows = of_parts.chunks_exact(columns).zip(1..);
                    let of_digits: Vec<_> = rows
                        .flat_map(|(row, digit)| vec![row[column]; digit])
                        .collect();
                    $sum(of_digits.iter())
                })
                .collect();
            assert!($digits($isa, &of_parts, columns) == terms, "{parts:?}");
            let sums: Vec<_> = (0..parts.len())
                .map(|part| {
                    let shifted: Vec<_> = (0..WINDOWS)
                        .map(|w| {
                            <$group>::multiply_scalar(
                                &terms[w * parts.len() + part],
                                1 << (BITS * w as u32),
                            )
                        })
                        .collect();
                    $sum(shifted.iter())
                })
                .collect();
            assert!(
                $shifted($isa, &terms, parts.len(), BITS) == sums,
                "{parts:?}"
            );
        }
    };
}

#[test]
fn sums_and_buckets_are_those_of_blst() {
    use crate::bls12_381::group::{G1, G2};
    use crate::points::Points;
    let isa = isa_or_skip!();
    let mut random = Random(110);
    check!(
        isa,
        &mut random,
        g1,
        sum_g1,
        neg_g1,
        bucket_sums_g1,
        part_sums_g1,
        weighted_sums_g1,
        digit_sums_g1,
        shifted_sums_g1,
        G1
    );
    check!(
        isa,
        &mut random,
        g2,
        sum_g2,
        neg_g2,
        bucket_sums_g2,
        part_sums_g2,
        weighted_sums_g2,
        digit_sums_g2,
        shifted_sums_g2,
        G2
    );
}
