use ark_bn254::{Fq2, G1Affine, G2Affine};
use ark_ec::short_weierstrass::SWCurveConfig;
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{Field, PrimeField, Zero};

use super::G2;
use crate::points::Points;
use crate::testing::{Random, scalars};
use crate::twist::{psi, psi2};
use crate::{
    bn254_bucket_sums_g1, bn254_bucket_sums_g2, bn254_digit_sums_g1, bn254_digit_sums_g2,
    bn254_in_g2, bn254_multiply_g1_64, bn254_multiply_g1_128, bn254_multiply_g2_64,
    bn254_multiply_g2_128, bn254_part_sums_g1, bn254_part_sums_g2, bn254_shifted_sums_g1,
    bn254_shifted_sums_g2, bn254_weighted_sums_g1, bn254_weighted_sums_g2,
};

/// A point of the twist, almost never in G2.
fn on_twist(random: &mut Random) -> G2Affine {
    loop {
        let x = random.fq2();
        let square = x * x * x + ark_bn254::g2::Config::COEFF_B;
        if let Some(y) = square.sqrt() {
            return G2Affine::new_unchecked(x, y);
        }
    }
}

/// A point of order 10069, the cofactor's smallest prime factor: the multiple by r times what is left of the cofactor.
fn of_small_order(random: &mut Random) -> G2Affine {
    loop {
        let killed = on_twist(random)
            .mul_bigint(ark_bn254::Fr::MODULUS)
            .into_affine();
        let point = killed.mul_bigint(REST).into_affine();
        if !point.is_zero() {
            assert!(point.mul_bigint([10069u64]).is_zero());
            return point;
        }
    }
}

/// (2p - r) / 10069.
const REST: [u64; 4] = [
    0x6c3c_d334_915f_1659,
    0x2071_42f7_671a_f448,
    0x9e28_bcf6_5b56_81da,
    0x0001_3af7_a58f_ce69,
];

#[test]
fn membership_is_decided_as_arkworks_does() {
    let isa = isa_or_skip!();
    let mut random = Random(61);
    let mut points = vec![G2Affine::default()];
    for _ in 0..30 {
        let member = random.bn254_g2();
        let small = of_small_order(&mut random);
        points.extend([
            member,
            on_twist(&mut random),
            small,
            (member + small).into_affine(),
        ]);
    }
    let expected: Vec<bool> = points
        .iter()
        .map(G2Affine::is_in_correct_subgroup_assuming_on_curve)
        .collect();
    assert_eq!(expected.iter().filter(|&&inside| inside).count(), 31);
    for n in [0, 1, 7, 8, 9, points.len()] {
        assert_eq!(bn254_in_g2(isa, &points[..n]), expected[..n]);
    }
}

/// The definition: every point whose multiple by r is infinity, and no other.
#[test]
fn membership_is_vanishing_under_the_order() {
    let isa = isa_or_skip!();
    let mut random = Random(62);
    let points: Vec<G2Affine> = (0..24)
        .map(|i| match i % 3 {
            0 => random.bn254_g2(),
            1 => on_twist(&mut random),
            _ => of_small_order(&mut random),
        })
        .collect();
    let expected: Vec<bool> = points
        .iter()
        .map(|p| p.mul_bigint(ark_bn254::Fr::MODULUS).is_zero())
        .collect();
    assert_eq!(bn254_in_g2(isa, &points), expected);
}

#[test]
fn multiples_are_those_of_arkworks() {
    let isa = isa_or_skip!();
    let mut random = Random(63);
    for n in [0usize, 1, 7, 8, 9, 40] {
        let edges = [0u128, 1, 2, 8, 9, 16, u128::MAX, u128::from(u64::MAX)];
        let scalars: Vec<u128> = (0..n)
            .map(|i| match random.word() % 3 {
                0 => edges[i % edges.len()],
                _ => u128::from(random.word()) << 64 | u128::from(random.word()),
            })
            .collect();
        let short: Vec<u64> = scalars.iter().map(|s| *s as u64).collect();
        let g1: Vec<G1Affine> = (0..n)
            .map(|i| {
                if i == 3 {
                    G1Affine::default()
                } else {
                    random.bn254_g1()
                }
            })
            .collect();
        let g2: Vec<G2Affine> = (0..n)
            .map(|i| match i % 4 {
                1 => of_small_order(&mut random),
                2 => on_twist(&mut random),
                _ if i == 3 => G2Affine::default(),
                _ => random.bn254_g2(),
            })
            .collect();
        let words = |s: u128| [s as u64, (s >> 64) as u64];
        for (i, (s, multiple)) in bn254_multiply_g1_128(isa, &g1, &scalars)
            .iter()
            .enumerate()
            .map(|(i, m)| (i, (scalars[i], m)))
        {
            assert_eq!(*multiple, g1[i].mul_bigint(words(s)).into_affine());
        }
        for (i, multiple) in bn254_multiply_g1_64(isa, &g1, &short).iter().enumerate() {
            assert_eq!(*multiple, g1[i].mul_bigint([short[i]]).into_affine());
        }
        for (i, multiple) in bn254_multiply_g2_128(isa, &g2, &scalars).iter().enumerate() {
            assert_eq!(*multiple, g2[i].mul_bigint(words(scalars[i])).into_affine());
        }
        for (i, multiple) in bn254_multiply_g2_64(isa, &g2, &short).iter().enumerate() {
            assert_eq!(*multiple, g2[i].mul_bigint([short[i]]).into_affine());
        }
    }
}

/// Random points with, among them, infinity, equal ones and opposite ones.
fn mixture<P: AffineRepr>(random: &mut Random, base: &[P], n: usize) -> Vec<P> {
    (0..n)
        .map(|i| match random.word() % 8 {
            0 => P::zero(),
            1..=2 => (-base[i % base.len()].into_group()).into_affine(),
            3 => base[0],
            _ => base[i % base.len()],
        })
        .collect()
}

fn sum_of<P: AffineRepr>(points: impl Iterator<Item = P>) -> P {
    points
        .fold(P::Group::default(), |sum, p| sum + p)
        .into_affine()
}

const WINDOWS: usize = 5;
const LARGEST: i16 = 4;
const BITS: u32 = 3;

macro_rules! check_sums {
    ($isa:expr, $random:expr, $base:expr, $buckets:ident, $parts:ident, $weighted:ident, $digits:ident, $shifted:ident) => {
        for parts in [
            vec![0],
            vec![1],
            vec![1, 1],
            vec![9],
            vec![40, 0, 30, 2, 1, 9, 8, 7, 3],
            vec![1500, 500],
        ] {
            let n: usize = parts.iter().sum();
            let points = mixture(&mut $random, &$base, n);
            let drawn: Vec<Vec<i16>> = (0..WINDOWS)
                .map(|_| {
                    (0..n)
                        .map(|_| ($random.word() % 9) as i16 - LARGEST)
                        .collect()
                })
                .collect();
            let digits: Vec<&[i16]> = drawn.iter().map(Vec::as_slice).collect();
            let buckets = $buckets($isa, &points, &parts, &digits, LARGEST as usize);
            let members = |digit: i16, window: usize, places: std::ops::Range<usize>| {
                sum_of(places.filter_map(|at| match digits[window][at] {
                    d if d == digit => Some(points[at]),
                    d if d == -digit => Some(-points[at]),
                    _ => None,
                }))
            };
            let mut of_parts = Vec::new();
            for digit in 1..=LARGEST {
                for window in 0..WINDOWS {
                    let mut first = 0;
                    for length in &parts {
                        of_parts.push(members(digit, window, first..first + length));
                        first += length;
                    }
                }
            }
            assert!(buckets == of_parts, "{parts:?}");
            let mut first = 0;
            let whole = parts.iter().map(|length| {
                first += length;
                sum_of(points[first - length..first].iter().copied())
            });
            let whole: Vec<_> = whole.collect();
            assert!($parts($isa, &points, &parts) == whole, "{parts:?}");

            for scalars in [scalars(&mut $random, n, 64), scalars(&mut $random, n, 128)] {
                let mut products = points.iter().zip(&scalars);
                let sums = parts.iter().map(|&length| {
                    let products = products.by_ref().take(length);
                    sum_of(products.map(|(p, s)| {
                        let words = [*s as u64, (s >> 64) as u64];
                        p.mul_bigint(words).into_affine()
                    }))
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
                    sum_of(rows.flat_map(|(row, digit)| vec![row[column]; digit]))
                })
                .collect();
            assert!($digits($isa, &of_parts, columns) == terms, "{parts:?}");
            let sums: Vec<_> = (0..parts.len())
                .map(|part| {
                    sum_of((0..WINDOWS).map(|w| {
                        let by = 1u64 << (BITS * w as u32);
                        terms[w * parts.len() + part].mul_bigint([by]).into_affine()
                    }))
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
fn sums_are_those_of_arkworks() {
    let isa = isa_or_skip!();
    let mut random = Random(64);
    let g1: Vec<G1Affine> = (0..24).map(|_| random.bn254_g1()).collect();
    check_sums!(
        isa,
        random,
        g1,
        bn254_bucket_sums_g1,
        bn254_part_sums_g1,
        bn254_weighted_sums_g1,
        bn254_digit_sums_g1,
        bn254_shifted_sums_g1
    );
    let g2: Vec<G2Affine> = (0..24)
        .map(|i| match i % 3 {
            0 => on_twist(&mut random),
            1 => of_small_order(&mut random),
            _ => random.bn254_g2(),
        })
        .collect();
    check_sums!(
        isa,
        random,
        g2,
        bn254_bucket_sums_g2,
        bn254_part_sums_g2,
        bn254_weighted_sums_g2,
        bn254_digit_sums_g2,
        bn254_shifted_sums_g2
    );
}

#[test]
fn the_endomorphism_is_arkworks_frobenius() {
    // ψ(P) = [p]P in G2, which the membership test rests on.
    let isa = isa_or_skip!();
    let mut random = Random(65);
    let points: [G2Affine; 8] = core::array::from_fn(|_| random.bn254_g2());
    let lanes = G2::load(isa, points.each_ref());
    let (once, twice) = (G2::store(&psi(&lanes)), G2::store(&psi2(&lanes)));
    let p = <Fq2 as Field>::BasePrimeField::MODULUS;
    for lane in 0..8 {
        let expected = points[lane].mul_bigint(p).into_affine();
        assert_eq!(once[lane], expected);
        assert_eq!(twice[lane], expected.mul_bigint(p).into_affine());
    }
}
