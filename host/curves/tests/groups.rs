//! The groups' operations against the textbook, in big integers, and against each other: the
//! cases in which fast formulas go wrong are doublings, opposite points, infinity, points of
//! small order.

use num_bigint::{BigInt, BigUint, Sign};
use tutti_curves::{Curve, Group, bls12_381, bn254};
use tutti_types::{CurveId, Encoding, GroupId};

#[path = "../../../tests/differential/forge.rs"]
#[allow(dead_code)]
mod forge;

use forge::Forge;
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// An element of Fp2 = Fp[u] / (u^2 + 1); of Fp where the second is zero.
type Element = [BigInt; 2];

struct Textbook {
    p: BigInt,
}

impl Textbook {
    fn of(curve: CurveId) -> Self {
        let p = match curve {
            CurveId::Bls12381 => BigInt::from_bytes_be(Sign::Plus, &bls12_381::MODULUS),
            CurveId::Bn254 => {
                "21888242871839275222246405745257275088696311157297823662689037894645226208583"
                    .parse()
                    .expect("decimal digits")
            }
        };
        Self { p }
    }

    fn reduce(&self, value: &BigInt) -> BigInt {
        ((value % &self.p) + &self.p) % &self.p
    }

    fn mul(&self, a: &Element, b: &Element) -> Element {
        [
            self.reduce(&(&a[0] * &b[0] - &a[1] * &b[1])),
            self.reduce(&(&a[0] * &b[1] + &a[1] * &b[0])),
        ]
    }

    fn sub(&self, a: &Element, b: &Element) -> Element {
        [self.reduce(&(&a[0] - &b[0])), self.reduce(&(&a[1] - &b[1]))]
    }

    fn invert(&self, a: &Element) -> Element {
        let norm = self.reduce(&(&a[0] * &a[0] + &a[1] * &a[1]));
        let inverse = norm.modpow(&(&self.p - 2), &self.p);
        [
            self.reduce(&(&a[0] * &inverse)),
            self.reduce(&(-&a[1] * inverse)),
        ]
    }

    fn add(&self, a: &Point, b: &Point) -> Point {
        let (Some((x1, y1)), Some((x2, y2))) = (a, b) else {
            return a.clone().or_else(|| b.clone());
        };
        let slope = if x1 != x2 {
            self.mul(&self.sub(y2, y1), &self.invert(&self.sub(x2, x1)))
        } else if y1 == y2 {
            let three = [BigInt::from(3), BigInt::ZERO];
            let two = [BigInt::from(2), BigInt::ZERO];
            let rise = self.mul(&three, &self.mul(x1, x1));
            self.mul(&rise, &self.invert(&self.mul(&two, y1)))
        } else {
            return None;
        };
        let x3 = self.sub(&self.sub(&self.mul(&slope, &slope), x1), x2);
        let y3 = self.sub(&self.mul(&slope, &self.sub(x1, &x3)), y1);
        Some((x3, y3))
    }
}

type Point = Option<(Element, Element)>;

fn coordinates<G: Group>(point: Option<&G::Affine>) -> Point {
    let point = point?;
    let (encoding, stride, skip) = match G::CURVE {
        CurveId::Bls12381 => (Encoding::Eip2537, 64, 16),
        CurveId::Bn254 => (Encoding::Eigensdk, 32, 0),
    };
    let words: Vec<BigInt> = G::encode(Some(point), encoding)
        .chunks_exact(stride)
        .map(|word| BigInt::from_bytes_be(Sign::Plus, &word[skip..]))
        .collect();
    Some(match G::ID {
        GroupId::G1 => (
            [words[0].clone(), BigInt::ZERO],
            [words[1].clone(), BigInt::ZERO],
        ),
        GroupId::G2 => (
            [words[0].clone(), words[1].clone()],
            [words[2].clone(), words[3].clone()],
        ),
    })
}

/// Points of every sort, equal and opposite ones among them.
fn zoo<G: Forge>(seed: u64) -> Vec<G::Affine> {
    let mut random = rng(seed);
    let mut points = vec![G::generator()];
    for _ in 0..3 {
        let scalar = u128::from(random.next_u64() | 1);
        points.extend(G::to_affine(&G::mul(&G::generator(), scalar)));
        points.push(forge::on_curve::<G>(&mut random));
    }
    for &order in G::SMALL_ORDERS {
        let small = forge::of_order::<G>(order, &mut random);
        points.push(small);
        points.extend(G::to_affine(&G::add(&G::lift(&small), &G::lift(&small))));
        points.extend(G::to_affine(&G::add_affine(
            &G::lift(&small),
            &G::generator(),
        )));
    }
    points.extend(points.clone().iter().map(G::negate));
    points
}

/// The zoo without its points of small order.
fn of_large_order<G: Forge>(seed: u64) -> Vec<G::Affine> {
    let mut points = zoo::<G>(seed);
    points.retain(|point| {
        G::SMALL_ORDERS
            .iter()
            .all(|&order| !G::is_zero(&forge::mul::<G>(point, &order.into())))
    });
    points
}

fn affine<G: Group>(sum: &G::Sum) -> Option<G::Affine> {
    G::to_affine(sum)
}

fn double_and_add<G: Group>(point: &G::Affine, scalar: u128) -> G::Sum {
    forge::mul::<G>(point, &BigUint::from(scalar))
}

fn every_group(check: [fn(); 4]) {
    for check in check {
        check();
    }
}

#[test]
fn addition_is_the_textbooks() {
    fn check<G: Forge>() {
        let textbook = Textbook::of(G::CURVE);
        let points = zoo::<G>(1);
        for a in &points {
            for b in &points {
                let expected = textbook.add(&coordinates::<G>(Some(a)), &coordinates::<G>(Some(b)));
                let (sum, other) = (G::lift(a), G::lift(b));
                // A sum with another denominator than one.
                let shifted = G::add(&G::add(&sum, &other), &G::negate_sum(&other));
                for got in [
                    G::add(&sum, &other),
                    G::add(&shifted, &other),
                    G::add_affine(&shifted, b),
                    G::sum(&[a, b]),
                ] {
                    assert_eq!(coordinates::<G>(affine::<G>(&got).as_ref()), expected);
                    assert_eq!(G::is_zero(&got), expected.is_none());
                }
            }
            let sum = G::lift(a);
            let zero = G::add(&sum, &G::negate_sum(&sum));
            assert!(G::is_zero(&zero));
            for got in [
                G::add(&zero, &sum),
                G::add(&sum, &zero),
                G::add_affine(&zero, a),
                G::add_affine(&G::zero(), a),
            ] {
                assert_eq!(affine::<G>(&got), Some(*a));
            }
            assert!(G::is_zero(&G::add(&zero, &G::zero())));
            assert!(G::is_zero(&G::negate_sum(&zero)));
        }
    }
    every_group([
        check::<bls12_381::G1>,
        check::<bls12_381::G2>,
        check::<bn254::G1>,
        check::<bn254::G2>,
    ]);
}

#[test]
fn multiples_are_repeated_additions() {
    fn check<G: Forge>() {
        let mut random = rng(2);
        for point in of_large_order::<G>(3) {
            let long = u128::from(random.next_u64()) << 64 | u128::from(random.next_u64());
            let small = [0, 1, 2, 3, 4, 11, 13, 16, 23, 26, 39, 169];
            let large = [u128::from(u64::MAX), 1 << 64, long, u128::MAX];
            for scalar in small.into_iter().chain(large) {
                let expected = affine::<G>(&double_and_add::<G>(&point, scalar));
                assert_eq!(affine::<G>(&G::mul(&point, scalar)), expected, "{scalar}");
            }
        }
    }
    every_group([
        check::<bls12_381::G1>,
        check::<bls12_381::G2>,
        check::<bn254::G1>,
        check::<bn254::G2>,
    ]);
}

#[test]
fn many_multiples_at_once_are_the_sum_of_single_ones() {
    fn check<G: Forge>() {
        let mut random = rng(4);
        let zoo = of_large_order::<G>(5);
        for count in (0..=40).chain([64, 100, 300]) {
            for bits in [64, 65, 66, 128] {
                let largest = u128::MAX >> (128 - bits);
                // In every other round members only, as the backend has them.
                let members = count % 2 == 0;
                let points: Vec<G::Affine> = (0..count)
                    .map(|nth| {
                        let at = random.next_u32() as usize % if nth < 4 { 2 } else { zoo.len() };
                        let point = zoo[at];
                        if members && !G::in_subgroup(&point) {
                            G::negate(&G::generator())
                        } else {
                            point
                        }
                    })
                    .collect();
                let scalars: Vec<u128> = (0..count)
                    .map(|_| match random.next_u32() % 8 {
                        0 => 0,
                        1 => largest,
                        2 => 1,
                        _ => {
                            let high = u128::from(random.next_u64()) << 64;
                            (high | u128::from(random.next_u64())) & largest
                        }
                    })
                    .collect();
                let expected = points
                    .iter()
                    .zip(&scalars)
                    .fold(G::zero(), |sum, (point, &scalar)| {
                        G::add(&sum, &G::mul(point, scalar))
                    });
                let got = G::msm(&points, &scalars, bits);
                assert_eq!(
                    affine::<G>(&got),
                    affine::<G>(&expected),
                    "{:?} {:?}, {count} points, {bits} bits",
                    G::CURVE,
                    G::ID
                );
            }
        }
    }
    every_group([
        check::<bls12_381::G1>,
        check::<bls12_381::G2>,
        check::<bn254::G1>,
        check::<bn254::G2>,
    ]);
}

#[test]
fn sums_and_normal_forms_take_equal_opposite_and_infinite_points() {
    fn check<G: Forge>() {
        let mut random = rng(6);
        let zoo = zoo::<G>(7);
        for count in (0..=40).chain([200]) {
            let mut points: Vec<&G::Affine> = (0..count)
                .map(|_| &zoo[random.next_u32() as usize % zoo.len()])
                .collect();
            let expected = points
                .iter()
                .fold(G::zero(), |sum, point| G::add_affine(&sum, point));
            let got = G::sum(&points);
            assert_eq!(affine::<G>(&got), affine::<G>(&expected), "{count}");
            let opposite: Vec<G::Affine> = points.iter().map(|point| G::negate(point)).collect();
            points.extend(&opposite);
            assert!(G::is_zero(&G::sum(&points)), "{count}");
            // Infinity at the start, in the middle, at the end, everywhere.
            let sums: Vec<G::Sum> = (0..count)
                .map(|nth| match (nth, random.next_u32() % 3) {
                    (0, _) | (_, 0) => {
                        G::add_affine(&G::lift(points[nth]), &G::negate(points[nth]))
                    }
                    (_, 1) => G::lift(points[nth]),
                    _ => G::add_affine(&expected, points[nth]),
                })
                .collect();
            let each: Vec<_> = sums.iter().map(affine::<G>).collect();
            assert_eq!(G::normalise(&sums), each, "{count}");
            assert!(each.first().is_none_or(Option::is_none));
        }
        assert_eq!(G::normalise(&[G::zero(), G::zero()]), [None, None]);
    }
    every_group([
        check::<bls12_381::G1>,
        check::<bls12_381::G2>,
        check::<bn254::G1>,
        check::<bn254::G2>,
    ]);
}

/// The fast membership tests against multiplication by the order.
#[test]
fn membership_is_vanishing_under_the_order() {
    fn check<G: Forge>(order: &BigUint) {
        for point in zoo::<G>(8) {
            let vanishes = G::is_zero(&forge::mul::<G>(&point, order));
            assert_eq!(G::in_subgroup(&point), vanishes);
        }
    }
    let r = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";
    let bls = BigUint::parse_bytes(r.as_bytes(), 16).expect("hexadecimal digits");
    check::<bls12_381::G1>(&bls);
    check::<bls12_381::G2>(&bls);
    let bn = bn254::G1::curve_order();
    check::<bn254::G1>(bn);
    check::<bn254::G2>(bn);
}

/// One after the final exponentiation is all that is asked of a value: two values are compared
/// by their quotient with powers of known exponents.
#[test]
fn products_of_miller_loops_are_products_of_single_ones() {
    fn check<C: Curve>() {
        let mut random = rng(9);
        for count in [0usize, 1, 2, 3, 15, 16, 17, 33] {
            let mut total = 0u128;
            let mut pairs = Vec::new();
            for _ in 0..count {
                let (a, b) = (u128::from(random.next_u32()), u128::from(random.next_u32()));
                total += a * b;
                let p = C::G1::to_affine(&C::G1::mul(&C::G1::generator(), a));
                let q = C::G2::to_affine(&C::G2::mul(&C::G2::generator(), b));
                pairs.extend(p.zip(q));
            }
            let product = C::miller(&pairs);
            let singly = pairs.iter().fold(C::one(), |product, pair| {
                C::mul(&product, &C::miller(&[*pair]))
            });
            let opposite: Vec<_> = pairs.iter().map(|(p, q)| (C::G1::negate(p), *q)).collect();
            let undone = C::miller(&opposite);
            assert!(C::is_one(&C::mul(&product, &undone)), "{count}");
            assert!(C::is_one(&C::mul(&singly, &undone)), "{count}");
            assert_eq!(C::is_one(&product), count == 0, "{count}");
            // Bilinear: the product is e(P, Q) to the sum of a b.
            let one = C::miller(&[(C::G1::negate(&C::G1::generator()), C::G2::generator())]);
            let back = C::pow(&one, total);
            assert!(C::is_one(&C::mul(&product, &back)), "{count}");
            let wrong = C::pow(&one, total + 1);
            assert!(!C::is_one(&C::mul(&product, &wrong)), "{count}");
        }
    }
    check::<bls12_381::Bls12381>();
    check::<bn254::Bn254>();
}

#[test]
fn powers_are_repeated_products() {
    fn check<C: Curve>() {
        let value = C::miller(&[(C::G1::generator(), C::G2::generator())]);
        let inverse = C::miller(&[(C::G1::negate(&C::G1::generator()), C::G2::generator())]);
        for exponent in [0u128, 1, 2, 3, 5, 64, 255] {
            let power = C::pow(&value, exponent);
            let repeated = (0..exponent).fold(C::one(), |product, _| C::mul(&product, &inverse));
            assert!(C::is_one(&C::mul(&power, &repeated)), "{exponent}");
        }
        let (high, low) = (C::pow(&value, 1 << 127), C::pow(&value, (1 << 127) - 1));
        let all = C::pow(&inverse, u128::MAX);
        assert!(C::is_one(&C::mul(&C::mul(&high, &low), &all)));
    }
    check::<bls12_381::Bls12381>();
    check::<bn254::Bn254>();
}

/// The vendor's own vector and the collisions that it warns of.
#[test]
fn try_and_increment_gives_eigenlayers_points() {
    let digest: [u8; 32] = std::array::from_fn(|at| at as u8 + 1);
    let point = coordinates::<bn254::G1>(Some(&bn254::try_and_increment(&digest)));
    let (x, y) = point.expect("finite");
    assert!(x[0].to_string().starts_with("4558673563206912115"));
    assert!(x[0].to_string().ends_with("811811"));
    assert!(y[0].to_string().starts_with("98021256417298814"));
    assert!(y[0].to_string().ends_with("850981"));
    let of = |value: u8| {
        let mut digest = [0; 32];
        digest[31] = value;
        bn254::try_and_increment(&digest)
    };
    for (a, b) in [(4, 5), (10, 11), (12, 13)] {
        assert_eq!(of(a), of(b));
    }
    assert_ne!(of(5), of(6));
    // The modulus stands for zero.
    let p = Textbook::of(CurveId::Bn254).p;
    let mut plus = [0; 32];
    let more: BigInt = p + 4;
    plus.copy_from_slice(&more.to_bytes_be().1);
    assert_eq!(bn254::try_and_increment(&plus), of(4));
}
