//! Arithmetic in big integers, for constants.

use num_bigint::BigUint;

use crate::assembler::{Field, NonResidue};

/// An element of Fp2 as numbers: c0, c1.
pub(super) type Element2 = [BigUint; 2];

pub(super) fn number(hex: &str) -> BigUint {
    BigUint::parse_bytes(hex.as_bytes(), 16).expect("constants are hexadecimal")
}

fn product(field: &Field, a: &Element2, b: &Element2) -> Element2 {
    let p = &field.p;
    let c0 = &a[0] * &b[0] + (p - &a[1]) * &b[1];
    let c1 = &a[0] * &b[1] + &a[1] * &b[0];
    [c0 % p, c1 % p]
}

pub(super) fn power2(field: &Field, base: &Element2, exponent: &BigUint) -> Element2 {
    let mut power = [BigUint::from(1u32), BigUint::ZERO];
    for bit in (0..exponent.bits()).rev() {
        power = product(field, &power, &power);
        if exponent.bit(bit) {
            power = product(field, &power, base);
        }
    }
    power
}

/// xi^(k·(p^n - 1)/6) for k = 1..=5: what w^k gains when raised to the power p^n.
pub(super) fn frobenius_factors(field: &Field, n: u32) -> [Element2; 5] {
    let one = BigUint::from(1u32);
    let xi = match field.non_residue {
        NonResidue::OnePlusI => [one.clone(), one.clone()],
        NonResidue::NinePlusI => [BigUint::from(9u32), one.clone()],
    };
    let step = (field.p.pow(n) - one) / 6u32;
    [1u32, 2, 3, 4, 5].map(|k| power2(field, &xi, &(&step * k)))
}
