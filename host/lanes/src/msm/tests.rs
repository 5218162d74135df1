use blst::{blst_p1, blst_p1_affine, blst_p2, blst_p2_affine};

use crate::testing::Random;
use crate::{bucket_sums_g1, bucket_sums_g2, coefficient, msm_g1, msm_g2};

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
    ($isa:expr, $random:expr, $kind:ident, $sum:ident, $neg:ident, $msm:ident, $buckets:ident, $group:ty) => {
        for n in [0usize, 1, 2, 9, 100, 1500] {
            let points = mixture!($random, n, $kind, $neg);
            let coefficients: Vec<[u8; 8]> = (0..n)
                .map(|i| match i {
                    0 => [128; 8],
                    1 => [129; 8],
                    2 => [0; 8],
                    _ if n < 50 => [$random.word() as u8 % 4; 8],
                    _ => $random.bytes(),
                })
                .collect();
            let result = $msm($isa, &points, &coefficients);
            let terms: Vec<_> = points
                .iter()
                .zip(&coefficients)
                .map(|(p, c)| {
                    let (negative, magnitude) = coefficient(*c);
                    let p = if negative { $neg(p) } else { *p };
                    <$group>::multiply_scalar(&p, u128::from(magnitude))
                })
                .collect();
            assert_eq!(result.sum, $sum(terms.iter()), "{n}");
            assert_eq!(result.buckets.len(), 1024);
            for window in [0, 7] {
                for k in [1u8, 2, 3, 127, 128] {
                    let members: Vec<_> = points
                        .iter()
                        .zip(&coefficients)
                        .filter_map(|(p, c)| match c[window] {
                            digit if digit == k => Some(*p),
                            digit if digit > 128 && digit.wrapping_neg() == k => Some($neg(p)),
                            _ => None,
                        })
                        .collect();
                    assert_eq!(
                        result.buckets[window * 128 + usize::from(k) - 1],
                        $sum(members.iter())
                    );
                }
            }
            let assignments: [Vec<u16>; 3] =
                core::array::from_fn(|_| (0..n).map(|_| $random.word() as u16 % 16).collect());
            let sums = $buckets(
                $isa,
                &points,
                &assignments.each_ref().map(Vec::as_slice),
                16,
            );
            for (round, assignment) in assignments.iter().enumerate() {
                for bucket in 0..16 {
                    let members = points
                        .iter()
                        .zip(assignment)
                        .filter(|(_, b)| usize::from(**b) == bucket);
                    assert_eq!(sums[round * 16 + bucket], $sum(members.map(|(p, _)| p)));
                }
            }
        }
    };
}

#[test]
fn sums_and_buckets_are_those_of_blst() {
    use crate::group::{G1, G2, Group};
    let isa = isa_or_skip!();
    let mut random = Random(110);
    check!(isa, random, g1, sum_g1, neg_g1, msm_g1, bucket_sums_g1, G1);
    check!(isa, random, g2, sum_g2, neg_g2, msm_g2, bucket_sums_g2, G2);
}

#[test]
fn coefficients_mean_their_digits() {
    assert_eq!(coefficient([0; 8]), (false, 0));
    assert_eq!(coefficient([1, 0, 0, 0, 0, 0, 0, 0]), (false, 1));
    assert_eq!(coefficient([255, 0, 0, 0, 0, 0, 0, 0]), (true, 1));
    assert_eq!(coefficient([255, 1, 0, 0, 0, 0, 0, 0]), (false, 255));
    assert_eq!(coefficient([128; 8]), (false, 0x8080_8080_8080_8080));
    assert_eq!(coefficient([129; 8]), (true, 0x7f7f_7f7f_7f7f_7f7f));
}
