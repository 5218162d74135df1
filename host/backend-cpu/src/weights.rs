//! Random coefficients as signed digits.
//!
//! A coefficient is `sum over w of digit[w] * 2^(c w)` with `t` digits, each uniform in
//! `-(2^(c-1) - 1) ..= 2^(c-1)`: 2^(c t) different values, all equally likely and all
//! different modulo the group order, which is far longer. The digits serve twice: the
//! coefficient weighs the item's equation, and each digit throws the item's point into a
//! random bucket (`weighted_sum`).

use rand_core::RngCore;

/// The shape of a batch's coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DigitShape {
    /// c: bits of a digit, 2 to 8.
    pub(crate) bits: u32,
    /// t: digits of a coefficient; `bits * count` is at least the security wanted.
    pub(crate) count: u32,
}

impl DigitShape {
    /// Digits for at least `security` bits. Each digit is at most half its window, so the
    /// magnitude is below (2^(c t) - 1) * 2^(c-1) / (2^c - 1) < 2^(c t): it fits 128 bits.
    pub(crate) const fn new(bits: u32, security: u32) -> Self {
        let shape = Self {
            bits,
            count: security.div_ceil(bits),
        };
        assert!(shape.magnitude_bits() <= u128::BITS && shape.count as usize <= MAX_DIGITS);
        shape
    }

    pub(crate) const fn buckets(self) -> usize {
        1 << (self.bits - 1)
    }

    /// Bits that hold any coefficient's magnitude.
    pub(crate) const fn magnitude_bits(self) -> u32 {
        self.bits * self.count
    }
}

/// One coefficient: its digits, and the same number as sign and magnitude.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weight {
    digits: [i16; MAX_DIGITS],
    pub(crate) magnitude: u128,
    pub(crate) negative: bool,
}

const MAX_DIGITS: usize = 64;

impl Weight {
    pub(crate) const ONE: Self = Self {
        digits: [0; MAX_DIGITS],
        magnitude: 1,
        negative: false,
    };

    pub(crate) fn digit(&self, window: u32) -> i16 {
        self.digits[window as usize]
    }

    fn draw(shape: DigitShape, random: &mut impl RngCore) -> Self {
        let mut digits = [0; MAX_DIGITS];
        let mut bytes = [0; MAX_DIGITS];
        random.fill_bytes(&mut bytes[..shape.count as usize]);
        let largest = 1i16 << (shape.bits - 1);
        let mask = (1i16 << shape.bits) - 1;
        let (mut positive, mut negative) = (0u128, 0u128);
        for window in 0..shape.count {
            // Uniform in 0 ..= 2^c - 1, moved down by 2^(c-1) - 1.
            let digit = (i16::from(bytes[window as usize]) & mask) - (largest - 1);
            digits[window as usize] = digit;
            let part = u128::from(digit.unsigned_abs()) << (shape.bits * window);
            if digit < 0 {
                negative += part
            } else {
                positive += part
            }
        }
        Self {
            digits,
            magnitude: positive.abs_diff(negative),
            negative: negative > positive,
        }
    }
}

pub(crate) fn draw(count: usize, shape: DigitShape, random: &mut impl RngCore) -> Vec<Weight> {
    (0..count).map(|_| Weight::draw(shape, random)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    #[test]
    fn digits_and_magnitude_are_one_number() {
        let mut random = ChaCha20Rng::seed_from_u64(1);
        let short = (2..=8).map(|bits| DigitShape::new(bits, 64));
        let long = [2, 4, 8].map(|bits| DigitShape::new(bits, 128));
        for shape in short.chain(long) {
            {
                let bits = shape.bits;
                for weight in draw(200, shape, &mut random) {
                    // Horner modulo 2^128 is enough to compare: both sides are below it.
                    let value = (0..shape.count).rev().fold(0i128, |value, window| {
                        value
                            .wrapping_mul(1 << bits)
                            .wrapping_add(i128::from(weight.digit(window)))
                    });
                    let signed = if weight.negative {
                        (weight.magnitude as i128).wrapping_neg()
                    } else {
                        weight.magnitude as i128
                    };
                    assert_eq!(value, signed);
                }
            }
        }
    }

    #[test]
    fn every_digit_value_comes_up_equally_often() {
        let mut random = ChaCha20Rng::seed_from_u64(2);
        let shape = DigitShape::new(4, 64);
        let mut counts = [0u32; 16];
        for weight in draw(4_000, shape, &mut random) {
            for window in 0..shape.count {
                counts[(weight.digit(window) + 7) as usize] += 1;
            }
        }
        // 4,000 expected for each; six standard deviations are 368.
        assert!(
            counts.iter().all(|&count| count.abs_diff(4_000) < 368),
            "{counts:?}"
        );
    }
}
