//! Random coefficients as signed digits.
//!
//! A coefficient is `sum over w of digit[w] * 2^(c w)`. A digit of b bits is uniform in
//! `-(2^(b-1) - 1) ..= 2^(b-1)`; all have c bits but the last, which has what is left of the
//! security s wanted. So there are 2^s different coefficients, all equally likely and all
//! different modulo the group order, which is far longer. The digits serve twice: the
//! coefficient weighs the item's equation, and each digit throws the item's point into a
//! random bucket (`weighted_sum`).

use rand_core::RngCore;

/// The shape of a batch's coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DigitShape {
    /// c: bits of every digit but the last, 2 to 7.
    bits: u32,
    /// s: bits of security, 64 or 128, which is what all digits' bits add up to.
    security: u32,
}

impl DigitShape {
    pub(crate) const fn new(bits: u32, security: u32) -> Self {
        assert!(bits >= 2 && bits <= 7 && security <= u128::BITS);
        Self { bits, security }
    }

    /// t: digits of a coefficient.
    pub(crate) const fn windows(self) -> u32 {
        self.security.div_ceil(self.bits)
    }

    pub(crate) const fn window_bits(self, window: u32) -> u32 {
        let left = self.security - self.bits * window;
        if left < self.bits { left } else { self.bits }
    }

    /// Magnitudes of a window's digits that are not zero.
    pub(crate) const fn buckets(self, window: u32) -> usize {
        1 << (self.window_bits(window) - 1)
    }

    /// How far a window's digits are moved down from 0 ..= 2^b - 1.
    const fn down(self, window: u32) -> i8 {
        self.buckets(window) as i8 - 1
    }

    /// The number whose digits are those distances.
    fn all_down(self) -> u128 {
        let down = |window| u128::from(self.down(window).unsigned_abs()) << (self.bits * window);
        (0..self.windows()).map(down).sum()
    }

    /// Bits that hold any coefficient's magnitude. The digits are at most half their windows:
    /// the highest is at most 2^(s-1), and all below it come to less than 2^(s-b) <= 2^(s-1).
    pub(crate) const fn magnitude_bits(self) -> u32 {
        self.security
    }
}

/// One coefficient: its digits, and the same number as sign and magnitude.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weight {
    /// At most 2^6 in magnitude.
    digits: [i8; MAX_DIGITS],
    pub(crate) magnitude: u128,
    pub(crate) negative: bool,
}

const MAX_DIGITS: usize = 64;

impl Weight {
    pub(crate) fn digit(&self, window: u32) -> i16 {
        i16::from(self.digits[window as usize])
    }

    /// From a random number below 2^s, whose digits are moved down to where half of them are
    /// negative: uniform in 0 ..= 2^b - 1 before. `all_down` is the shape's.
    fn of(shape: DigitShape, all_down: u128, random: u128) -> Self {
        let mut digits = [0; MAX_DIGITS];
        let mut left = random;
        for (window, digit) in (0..shape.windows()).zip(&mut digits) {
            let bits = shape.window_bits(window);
            *digit = (left & ((1 << bits) - 1)) as i8 - shape.down(window);
            left >>= bits;
        }
        Self {
            digits,
            magnitude: random.abs_diff(all_down),
            negative: random < all_down,
        }
    }
}

pub(crate) fn draw(count: usize, shape: DigitShape, random: &mut impl RngCore) -> Vec<Weight> {
    let bytes = shape.security.div_ceil(u8::BITS) as usize;
    let mut drawn = vec![0; count * bytes];
    random.fill_bytes(&mut drawn);
    let largest = u128::MAX >> (u128::BITS - shape.security);
    let all_down = shape.all_down();
    let weight = |drawn: &[u8]| {
        let mut number = [0; size_of::<u128>()];
        number[..bytes].copy_from_slice(drawn);
        Weight::of(shape, all_down, u128::from_le_bytes(number) & largest)
    };
    drawn.chunks_exact(bytes).map(weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    #[test]
    fn digits_and_magnitude_are_one_number() {
        let mut random = ChaCha20Rng::seed_from_u64(1);
        for (bits, security) in (2..=7).flat_map(|bits| [(bits, 64), (bits, 128)]) {
            let shape = DigitShape::new(bits, security);
            let windows = 0..shape.windows();
            assert_eq!(windows.map(|w| shape.window_bits(w)).sum::<u32>(), security);
            for weight in draw(200, shape, &mut random) {
                assert!(128 - weight.magnitude.leading_zeros() <= shape.magnitude_bits());
                // Horner modulo 2^128: both sides are below it in magnitude.
                let value = (0..shape.windows()).rev().fold(0i128, |value, window| {
                    value
                        .wrapping_mul(1 << bits)
                        .wrapping_add(i128::from(weight.digit(window)))
                });
                let magnitude = weight.magnitude as i128;
                let signed = if weight.negative {
                    magnitude.wrapping_neg()
                } else {
                    magnitude
                };
                assert_eq!(value, signed);
            }
        }
    }

    #[test]
    fn every_digit_value_comes_up_equally_often() {
        let mut random = ChaCha20Rng::seed_from_u64(2);
        let shape = DigitShape::new(4, 64);
        let mut counts = [0u32; 16];
        for weight in draw(4_000, shape, &mut random) {
            for window in 0..shape.windows() {
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
