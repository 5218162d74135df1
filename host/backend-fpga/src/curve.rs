//! Points and values between the oracle's types and a card's registers.

use num_bigint::BigUint;
use tutti_curves::bls12_381::{self, Bls12381};
use tutti_curves::bn254::Bn254;
use tutti_curves::{Curve, Group, Pair};
use tutti_hdl::assembler::Image;
use tutti_hdl::microcode;
use tutti_hdl::wide::Wide;
use tutti_types::Encoding;

/// A curve that cards have microcode for.
pub(crate) trait CardCurve: Curve {
    /// Real parts first, one number in each `NUMBER_BYTES`.
    const ENCODING: Encoding;
    const NUMBER_BYTES: usize;
    /// Items that the CPU backend decides in a large batch in the time of a Miller loop of two pairs and a final exponentiation.
    const PRODUCT_ITEMS: usize;
    fn image() -> &'static Image;
    fn modulus() -> BigUint;
    /// From the coordinates in the order of the tower, numbers below p.
    fn value(coordinates: &[BigUint; 12]) -> Self::Gt;
}

pub(crate) type G1Sum<C> = <<C as Curve>::G1 as Group>::Sum;
pub(crate) type G2Sum<C> = <<C as Curve>::G2 as Group>::Sum;
pub(crate) type G2Point<C> = <<C as Curve>::G2 as Group>::Affine;

/// The registers of a pair's window that the host writes.
pub(crate) fn registers<C: CardCurve>((p, q): &Pair<C>) -> Vec<Wide> {
    let p = C::G1::encode(Some(p), C::ENCODING);
    let q = C::G2::encode(Some(q), C::ENCODING);
    p.chunks(C::NUMBER_BYTES)
        .chain(q.chunks(C::NUMBER_BYTES))
        .map(Wide::from_big_endian)
        .collect()
}

/// Whatever the registers hold is some value: a card's numbers are taken modulo p.
pub(crate) fn value_of<C: CardCurve>(registers: &[Wide]) -> Option<C::Gt> {
    let p = C::modulus();
    let numbers: Vec<BigUint> = registers
        .iter()
        .map(|register| BigUint::from_bytes_le(&register.to_bytes()) % &p)
        .collect();
    Some(C::value(&numbers.try_into().ok()?))
}

impl CardCurve for Bls12381 {
    const ENCODING: Encoding = Encoding::Eip2537;
    const NUMBER_BYTES: usize = 64;
    const PRODUCT_ITEMS: usize = 3;

    fn image() -> &'static Image {
        microcode::bls12_381::image()
    }

    fn modulus() -> BigUint {
        BigUint::from_bytes_be(&bls12_381::MODULUS)
    }

    fn value(coordinates: &[BigUint; 12]) -> bls12_381::Fp12 {
        let p = Self::modulus();
        let mut value = bls12_381::Fp12::default();
        for (at, number) in coordinates.iter().enumerate() {
            // blst keeps x·2^384 modulo p.
            let form: BigUint = (number << 384) % &p;
            let mut limbs = form.to_u64_digits();
            limbs.resize(6, 0);
            let place = &mut value.fp6[at / 6].fp2[at % 6 / 2].fp[at % 2];
            place.l.copy_from_slice(&limbs);
        }
        value
    }
}

impl CardCurve for Bn254 {
    const ENCODING: Encoding = Encoding::Eigensdk;
    const NUMBER_BYTES: usize = 32;
    const PRODUCT_ITEMS: usize = 25;

    fn image() -> &'static Image {
        microcode::bn254::image()
    }

    fn modulus() -> BigUint {
        microcode::bn254::field().p
    }

    fn value(coordinates: &[BigUint; 12]) -> Self::Gt {
        let mut value = Self::one();
        let half = [&mut value.c0, &mut value.c1];
        let places = half
            .into_iter()
            .flat_map(|half| [&mut half.c0, &mut half.c1, &mut half.c2])
            .flat_map(|c| [&mut c.c0, &mut c.c1]);
        for (place, number) in places.zip(coordinates) {
            *place = number.clone().into();
        }
        value
    }
}
