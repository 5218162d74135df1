//! Miller loops, products and final exponentiations, against the oracle, bit for bit.

mod support;

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use support::Argument::{Bytes, Number, Numbers, Words as W};
use support::points::{Stored, StoredCurve, members};
use support::steps::miller;
use support::{Words, launch};
use tutti_curves::bls12_381::Bls12381;
use tutti_curves::bn254::Bn254;
use tutti_curves::{Curve, Group};

type Values<C> = Vec<<C as Curve>::Gt>;

/// Pairing values before the final exponentiation.
fn values<C: StoredCurve>(count: usize, random: &mut ChaCha20Rng) -> Values<C> {
    let p = members::<C::G1>(count, random);
    let q = members::<C::G2>(count, random);
    let pairs = p.into_iter().zip(q);
    pairs.map(|pair| C::miller(&[pair])).collect()
}

fn store<C: StoredCurve>(values: &[C::Gt]) -> Words {
    Words::from_elements(&values.iter().map(C::gt_words).collect::<Vec<_>>())
}

/// Values whose coordinates are at the edges of the field, one after the other.
fn edges<C: StoredCurve>() -> Values<C> {
    let base = C::G1::BASE;
    let mut largest = support::points::modulus::<C::G1>().to_u32_digits();
    largest[0] -= 1;
    let mut one = vec![0; base];
    one[0] = 1;
    let elements = [vec![0; base], one, largest];
    (0..60usize)
        .map(|n| {
            let pick = |k: usize| &elements[(n / [1, 3, 9, 27][k % 4] + n * k / 7) % 3];
            C::gt(&(0..12).flat_map(|k| pick(k).clone()).collect::<Vec<_>>())
        })
        .collect()
}

fn products<C: StoredCurve>() {
    let mut random = ChaCha20Rng::seed_from_u64(21);
    let mut factors = values::<C>(12, &mut random);
    factors.extend(edges::<C>());
    let (outputs, terms) = (factors.len() / 3, 3);
    let mut stored = store::<C>(&factors);
    let mut out = Words::new(stored.words.len() / stored.stride, outputs);
    let arguments = vec![
        W(&mut stored),
        Number(outputs as u32),
        Number(terms),
        W(&mut out),
    ];
    launch(&C::entry("product"), outputs, arguments);
    for i in 0..outputs {
        let expected = (0..3).fold(C::one(), |product, j| {
            C::mul(&product, &factors[i + j * outputs])
        });
        assert_eq!(out.get(i), C::gt_words(&expected), "{} {i}", C::NAME);
    }
    // Lists of any length, the empty one among them.
    let mut ranges = vec![0, 0, 0, 1, 1, 6];
    let mut terms = vec![5, 0, 1, 1, 11, 30];
    let mut out = Words::new(stored.words.len() / stored.stride, 3);
    let arguments = vec![
        W(&mut stored),
        Numbers(&mut ranges),
        Numbers(&mut terms),
        Number(3),
        W(&mut out),
    ];
    launch(&C::entry("product_lists"), 3, arguments);
    for (i, range) in [0..0, 0..1, 1..6].into_iter().enumerate() {
        let named = terms[range].iter().map(|&at| &factors[at as usize]);
        let expected = named.fold(C::one(), |product, factor| C::mul(&product, factor));
        assert_eq!(out.get(i), C::gt_words(&expected), "{} {i}", C::NAME);
    }
}

#[test]
fn products_are_the_oracles() {
    products::<Bls12381>();
    products::<Bn254>();
}

/// The device's powers, and where it says that they are one.
fn powers<C: StoredCurve>(values: &mut Words) -> (Vec<Vec<u32>>, Vec<u8>) {
    let n = values.stride;
    let mut out = Words::new(values.words.len() / n, n);
    let mut ones = vec![9; n];
    let arguments = vec![W(values), Number(n as u32), W(&mut out), Bytes(&mut ones)];
    launch(&C::entry("final"), n, arguments);
    (out.elements(), ones)
}

fn exponentiations<C: StoredCurve>() {
    let mut random = ChaCha20Rng::seed_from_u64(22);
    let mut list = values::<C>(6, &mut random);
    list.push(C::one());
    let (found, ones) = powers::<C>(&mut store::<C>(&list));
    for (i, value) in list.iter().enumerate() {
        let expected = C::final_exponentiation(value);
        assert_eq!(found[i], C::gt_words(&expected), "{} {i}", C::NAME);
        assert_eq!(ones[i] == 1, C::is_one(value));
    }
}

#[test]
fn final_exponentiations_are_the_oracles() {
    exponentiations::<Bls12381>();
    exponentiations::<Bn254>();
}

/// Values of several pairs, some with infinity, and products that are one.
fn millers<C: StoredCurve>() {
    let mut random = ChaCha20Rng::seed_from_u64(23);
    for pairs in [1, 2, 3, 8] {
        let n = 4;
        let mut p: Vec<_> = members::<C::G1>(n * pairs, &mut random)
            .into_iter()
            .map(Some)
            .collect();
        let mut q: Vec<_> = members::<C::G2>(n * pairs, &mut random)
            .into_iter()
            .map(Some)
            .collect();
        // Value 1 has infinity in it; the first two pairs of value 2 cancel.
        p[1] = None;
        if pairs > 1 {
            q[1 + n] = None;
            q[2 + n] = q[2];
            p[2 + n] = p[2].map(|p| C::G1::negate(&p));
        }
        let mut g1 = Words::from_elements(
            &p.iter()
                .map(|p| C::G1::optional_words(p.as_ref()))
                .collect::<Vec<_>>(),
        );
        let mut g2 = Words::from_elements(
            &q.iter()
                .map(|q| C::G2::optional_words(q.as_ref()))
                .collect::<Vec<_>>(),
        );
        let mut out = miller::<C>(&mut g1, &mut g2, n);
        let (found, ones) = powers::<C>(&mut out);
        for i in 0..n {
            let finite: Vec<_> = (0..pairs)
                .filter_map(|j| Some((p[i + j * n]?, q[i + j * n]?)))
                .collect();
            let value = C::miller(&finite);
            let expected = C::final_exponentiation(&value);
            assert_eq!(found[i], C::gt_words(&expected), "{} {pairs} {i}", C::NAME);
            assert_eq!(ones[i] == 1, C::is_one(&value));
        }
        assert_eq!(ones[2] == 1, pairs == 2);
    }
}

#[test]
fn miller_loops_are_the_oracles() {
    millers::<Bls12381>();
    millers::<Bn254>();
}

/// e(aP, bQ) with e(-abP, Q), for small a and b: one, and with another sign not.
#[test]
fn pairings_are_bilinear() {
    fn check<C: StoredCurve>() {
        let mut random = ChaCha20Rng::seed_from_u64(24);
        let (a, b) = (u128::from(random.next_u32()), u128::from(random.next_u32()));
        let times1 =
            |k| C::G1::to_affine(&C::G1::mul(&C::G1::generator(), k)).expect("not infinity");
        let times2 =
            |k| C::G2::to_affine(&C::G2::mul(&C::G2::generator(), k)).expect("not infinity");
        let words1 = [
            times1(a),
            times1(a),
            C::G1::negate(&times1(a * b)),
            times1(a * b),
        ];
        let words2 = [times2(b), times2(b), times2(1), times2(1)];
        let mut g1 = Words::from_elements(&words1.iter().map(C::G1::words).collect::<Vec<_>>());
        let mut g2 = Words::from_elements(&words2.iter().map(C::G2::words).collect::<Vec<_>>());
        let mut out = miller::<C>(&mut g1, &mut g2, 2);
        assert_eq!(powers::<C>(&mut out).1, [1, 0], "{}", C::NAME);
    }
    check::<Bls12381>();
    check::<Bn254>();
}
