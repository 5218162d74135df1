//! Points that a sender would like to pass: of small order, outside the subgroup, off the curve.

use std::sync::LazyLock;

use num_bigint::{BigInt, BigUint};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use tutti_curves::{Group, Wire, bls12_381, bn254};
use tutti_types::{CurveId, Encoding, GroupId, InvalidReason};

/// What the group's cofactor allows.
pub(crate) trait Forge: Group {
    /// Orders of points outside the subgroup; none where the curve has prime order.
    const SMALL_ORDERS: &'static [u32];

    /// The number of points of the curve.
    fn curve_order() -> &'static BigUint;
}

fn polynomial(at: &BigInt, coefficients: &[i32]) -> BigInt {
    coefficients
        .iter()
        .fold(BigInt::ZERO, |value: BigInt, &c| value * at + c)
}

/// Orders of BLS12-381's curve and twist, from the curve's parameter x.
static BLS12_381: LazyLock<[BigUint; 2]> = LazyLock::new(|| {
    let x = -BigInt::from(0xd201_0000_0001_0000_u64);
    let r = polynomial(&x, &[1, 0, -1, 0, 1]);
    let h1 = polynomial(&x, &[1, -2, 1]) / 3;
    let h2 = polynomial(&x, &[1, -4, 5, 0, -4, 6, -4, -4, 13]) / 9;
    [h1 * &r, h2 * &r].map(|order: BigInt| order.to_biguint().expect("an order is positive"))
});

/// Orders of BN254's curve and twist, from the curve's parameter x.
static BN254: LazyLock<[BigUint; 2]> = LazyLock::new(|| {
    let x = BigInt::from(4_965_661_367_192_848_881_u64);
    let p = polynomial(&x, &[36, 36, 24, 6, 1]);
    let r = polynomial(&x, &[36, 36, 18, 6, 1]);
    [r.clone(), (2 * p - &r) * r]
        .map(|order: BigInt| order.to_biguint().expect("an order is positive"))
});

impl Forge for bls12_381::G1 {
    const SMALL_ORDERS: &'static [u32] = &[3, 11, 10_177];
    fn curve_order() -> &'static BigUint {
        &BLS12_381[0]
    }
}

impl Forge for bls12_381::G2 {
    const SMALL_ORDERS: &'static [u32] = &[13, 23, 2_713];
    fn curve_order() -> &'static BigUint {
        &BLS12_381[1]
    }
}

impl Forge for bn254::G1 {
    const SMALL_ORDERS: &'static [u32] = &[];
    fn curve_order() -> &'static BigUint {
        &BN254[0]
    }
}

impl Forge for bn254::G2 {
    const SMALL_ORDERS: &'static [u32] = &[10_069];
    fn curve_order() -> &'static BigUint {
        &BN254[1]
    }
}

pub(crate) fn mul<G: Group>(point: &G::Affine, scalar: &BigUint) -> G::Sum {
    (0..scalar.bits()).rev().fold(G::zero(), |sum, bit| {
        let sum = G::add(&sum, &sum);
        if scalar.bit(bit) {
            G::add_affine(&sum, point)
        } else {
            sum
        }
    })
}

/// Bytes with the flags of a finite compressed point and a random coordinate.
fn random_compressed<G: Group>(random: &mut impl RngCore) -> Wire<G> {
    let encoding = compressed(G::CURVE);
    let mut bytes = vec![0; encoding.len(G::ID)];
    loop {
        random.fill_bytes(&mut bytes);
        match G::CURVE {
            CurveId::Bls12381 => bytes[0] = bytes[0] & 0x3f | 0x80,
            CurveId::Bn254 => bytes[0] |= 0x80,
        }
        if let Ok(wire) = G::parse(encoding, &bytes) {
            return wire;
        }
    }
}

pub(crate) const fn compressed(curve: CurveId) -> Encoding {
    match curve {
        CurveId::Bls12381 => Encoding::ZcashCompressed,
        CurveId::Bn254 => Encoding::GnarkCompressed,
    }
}

/// Any point of the curve: outside the subgroup but with a chance of one in the cofactor.
pub(crate) fn on_curve<G: Group>(random: &mut impl RngCore) -> G::Affine {
    loop {
        if let Ok(point) = random_compressed::<G>(random).finite() {
            return point;
        }
    }
}

/// Canonical bytes with no point behind them.
pub(crate) fn off_curve<G: Group>(random: &mut impl RngCore) -> Wire<G> {
    loop {
        let wire = random_compressed::<G>(random);
        if wire.finite() == Err(InvalidReason::NotOnCurve) {
            return wire;
        }
    }
}

/// A point of this prime order, which divides the curve's.
pub(crate) fn of_order<G: Forge>(order: u32, random: &mut impl RngCore) -> G::Affine {
    let order = BigUint::from(order);
    let mut rest = G::curve_order().clone();
    while &rest % &order == BigUint::ZERO {
        rest /= &order;
    }
    loop {
        let mut sum = mul::<G>(&on_curve::<G>(random), &rest);
        while let Some(point) = G::to_affine(&sum) {
            sum = mul::<G>(&point, &order);
            if G::is_zero(&sum) {
                return point;
            }
        }
    }
}

/// As a sender may write it: compressed or not.
pub(crate) fn wire<G: Group>(sum: &G::Sum, random: &mut impl RngCore) -> Wire<G> {
    let Some(point) = G::to_affine(sum) else {
        return Wire::Infinity;
    };
    if random.next_u32() & 1 == 0 {
        return Wire::Point(point);
    }
    let encoding = compressed(G::CURVE);
    G::parse(encoding, &G::encode(Some(&point), encoding)).expect("our own bytes are canonical")
}

#[test]
fn the_forged_points_have_the_orders_they_claim() {
    fn check<G: Forge>() {
        let mut random = ChaCha20Rng::seed_from_u64(0);
        assert!(G::is_zero(&mul::<G>(
            &on_curve::<G>(&mut random),
            G::curve_order()
        )));
        for &order in G::SMALL_ORDERS {
            let point = of_order::<G>(order, &mut random);
            assert!(G::is_zero(&mul::<G>(&point, &BigUint::from(order))));
            assert!(!G::in_subgroup(&point), "{:?} {order}", (G::CURVE, G::ID));
            let shifted = G::add_affine(&G::lift(&point), &G::generator());
            let shifted = G::to_affine(&shifted).expect("not infinity");
            assert!(!G::in_subgroup(&shifted), "{:?} {order}", (G::CURVE, G::ID));
        }
        assert_eq!(G::PRIME_ORDER, G::SMALL_ORDERS.is_empty());
    }
    check::<bls12_381::G1>();
    check::<bls12_381::G2>();
    check::<bn254::G1>();
    check::<bn254::G2>();
}

/// `docs/mathematics.md` rests on these.
#[test]
fn the_cofactors_are_odd_and_have_the_small_factors_we_say() {
    let r = |at: &BigInt| polynomial(at, &[1, 0, -1, 0, 1]);
    let x = -BigInt::from(0xd201_0000_0001_0000_u64);
    let r = r(&x).to_biguint().expect("positive");
    let power_in = |number: &BigUint, factor: u32| {
        let mut rest = number.clone();
        let mut power = 0;
        while &rest % factor == BigUint::ZERO {
            rest /= factor;
            power += 1;
        }
        power
    };
    let smallest = |number: &BigUint| (2u32..20_000).find(|&f| power_in(number, f) > 0);
    let h1 = bls12_381::G1::curve_order() / &r;
    assert_eq!(smallest(&h1), Some(3));
    let h1_factors = [(3, 1), (11, 2), (10_177, 2), (859_267, 2), (52_437_899, 2)];
    for (factor, power) in h1_factors {
        assert_eq!(power_in(&h1, factor), power, "{factor}");
    }
    let product = h1_factors
        .iter()
        .fold(BigUint::from(1u32), |product, &(factor, power)| {
            product * BigUint::from(factor).pow(power)
        });
    assert_eq!(product, h1, "these are all of G1's");
    let h2 = bls12_381::G2::curve_order() / &r;
    assert_eq!(smallest(&h2), Some(13));
    for (factor, power) in [(13, 2), (23, 2), (2_713, 1), (11_953, 1), (262_069, 1)] {
        assert_eq!(power_in(&h2, factor), power, "{factor}");
    }
    let bn_r = bn254::G1::curve_order();
    let bn_h2 = bn254::G2::curve_order() / bn_r;
    assert_eq!(smallest(&bn_h2), Some(10_069));
    assert_eq!(GroupId::G1, <bn254::G1 as Group>::ID);
}
