//! A field's numbers, as the assembler and the host need them.

use num_bigint::BigUint;

use crate::isa::{BIASES, DIGIT_BITS, FACTOR_BITS, MODULUS_DIGIT, REGISTER_BITS};

/// What v³ and w⁶ are in the tower over Fp2 = Fp[i] / (i² + 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonResidue {
    /// 1 + i, of BLS12-381.
    OnePlusI,
    /// 9 + i, of BN254.
    NinePlusI,
}

/// Bounds count in this part of q.
pub(crate) const UNIT: u128 = 1 << 10;

/// A prime field and the multiple of its modulus with which the multiplier reduces.
#[derive(Clone, Debug)]
pub struct Field {
    pub p: BigUint,
    /// k·p, which is 1 - 2^16 modulo 2^18.
    pub q: BigUint,
    /// 2^396 / q, rounded down: how far factors may go.
    room: u128,
    /// 2^432 / q, rounded down, or 2^100 where that is less.
    register_room: u128,
    /// Biases in units of q.
    pub biases: [u32; BIASES],
    pub non_residue: NonResidue,
}

impl Field {
    pub fn new(p: BigUint, biases: [u32; BIASES], non_residue: NonResidue) -> Self {
        let digit = BigUint::from(1u32) << DIGIT_BITS;
        let inverse = p.modinv(&digit).expect("p is odd");
        let k = inverse * MODULUS_DIGIT % digit;
        let q = &p * k;
        let quotient = |bits: u32| {
            let whole = (BigUint::from(1u32) << bits) / &q;
            u128::try_from(whole).unwrap_or(u128::MAX).min(1 << 100)
        };
        Self {
            room: quotient(FACTOR_BITS),
            register_room: quotient(REGISTER_BITS),
            p,
            q,
            biases,
            non_residue,
        }
    }

    /// x·2^396 modulo p, the form in which products are products.
    pub fn to_form(&self, x: &BigUint) -> BigUint {
        (x << FACTOR_BITS) % &self.p
    }

    /// Back from it, whatever representative it is.
    pub fn from_form(&self, x: &BigUint) -> BigUint {
        let r = BigUint::from(1u32) << FACTOR_BITS;
        let inverse = r.modinv(&self.p).expect("p is odd");
        x * inverse % &self.p
    }

    /// Bound of a product of factors with these bounds, if they may be factors.
    pub(crate) fn product_bound(&self, a: u128, b: u128) -> Option<u128> {
        let factor_max = self.room * UNIT;
        (a <= factor_max && b <= factor_max).then(|| (a * b).div_ceil(self.room * UNIT) + UNIT)
    }

    pub(crate) fn fits_register(&self, bound: u128) -> bool {
        // Half of the room: bit 431 is the sign of differences that are tested.
        bound < self.register_room / 2 * UNIT
    }
}
