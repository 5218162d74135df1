//! The random coefficients of a batch: digits for the kernels, numbers for the host's last steps.
//! `kernels/README.md` ("Weights") says how the one becomes the other.

use rand_chacha::ChaCha20Rng;
use rand_core::RngCore;
use tutti_backend::CoefficientBits;
use tutti_curves::Group;

use crate::words::DeviceGroup;

/// The byte of a digit of zero: a coefficient of nothing else drops out of every sum.
const ZERO: u8 = 127;

pub(crate) struct Coefficients {
    /// Digit by digit: the first of all, then the second of all, and so on.
    bytes: Vec<u8>,
    count: usize,
}

impl Coefficients {
    pub(crate) fn draw(count: usize, bits: CoefficientBits, random: &mut ChaCha20Rng) -> Self {
        let mut bytes = vec![0; bits.bits() as usize / 8 * count];
        random.fill_bytes(&mut bytes);
        Self { bytes, count }
    }

    pub(crate) const fn digits(&self) -> usize {
        self.bytes.len() / self.count
    }

    /// These become 0.
    pub(crate) fn leave_out(&mut self, places: &[usize]) {
        for digit in self.bytes.chunks_exact_mut(self.count) {
            for &place in places {
                digit[place] = ZERO;
            }
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digits of elements that have the coefficients of these places.
    pub(crate) fn of(&self, places: &(impl Iterator<Item = usize> + Clone)) -> Vec<u8> {
        let digits = self.bytes.chunks_exact(self.count);
        digits
            .flat_map(|digit| places.clone().map(|place| digit[place]))
            .collect()
    }

    /// A point of the subgroup times a coefficient.
    pub(crate) fn times<G: DeviceGroup>(&self, at: usize, point: &G::Affine) -> G::Sum {
        let half = self.digits() / 2;
        let number = |digits: std::ops::Range<usize>| {
            digits.rev().fold(0i128, |number, digit| {
                number * 256 + i128::from(self.bytes[digit * self.count + at]) - i128::from(ZERO)
            })
        };
        let own = signed::<G>(point, number(0..half));
        match G::to_affine(&eigen::<G>(point)) {
            Some(image) => G::add(&own, &signed::<G>(&image, number(half..2 * half))),
            None => own,
        }
    }
}

fn signed<G: Group>(point: &G::Affine, number: i128) -> G::Sum {
    let multiple = G::mul(point, number.unsigned_abs());
    if number < 0 {
        G::negate_sum(&multiple)
    } else {
        multiple
    }
}

/// A point of the subgroup times Λ.
fn eigen<G: DeviceGroup>(point: &G::Affine) -> G::Sum {
    let once = G::to_affine(&G::mul(point, G::EIGENVALUE_ROOT));
    once.map_or_else(G::zero, |once| G::mul(&once, G::EIGENVALUE_ROOT))
}

/// The weighted sum of points whose buckets these are: of each digit one for each magnitude.
pub(crate) fn sum_of_buckets<G: DeviceGroup>(
    buckets: &[Option<G::Affine>],
    digits: usize,
) -> G::Sum {
    let of_digit = |buckets: &[Option<G::Affine>]| {
        let (mut above, mut sum) = (G::zero(), G::zero());
        for bucket in buckets.iter().rev() {
            if let Some(bucket) = bucket {
                above = G::add_affine(&above, bucket);
            }
            sum = G::add(&sum, &above);
        }
        sum
    };
    let of_digits: Vec<G::Sum> = buckets
        .chunks_exact(buckets.len() / digits)
        .map(of_digit)
        .collect();
    put_together::<G>(&of_digits, 8)
}

/// The same from the sums of the buckets whose magnitude has a bit, eight of each digit.
pub(crate) fn sum_of_bits<G: DeviceGroup>(bits: &[G::Sum]) -> G::Sum {
    put_together::<G>(bits, 1)
}

/// The sum of `terms[k]` times 2^(`step` k), for each half of the terms, the upper one times Λ.
fn put_together<G: DeviceGroup>(terms: &[G::Sum], step: usize) -> G::Sum {
    let half = |terms: &[G::Sum]| {
        terms.iter().rev().fold(G::zero(), |sum, term| {
            let shifted = (0..step).fold(sum, |sum, _| G::add(&sum, &sum));
            G::add(&shifted, term)
        })
    };
    let (lower, upper) = terms.split_at(terms.len() / 2);
    let upper = G::to_affine(&half(upper)).map_or_else(G::zero, |point| eigen::<G>(&point));
    G::add(&half(lower), &upper)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_core::SeedableRng;
    use tutti_curves::{bls12_381, bn254};

    /// Λ² - Λ + 1 = 0: what the kernels' endomorphism fulfils.
    fn a_sixth_root_of_one<G: DeviceGroup>() {
        let point = G::generator();
        let once = G::to_affine(&eigen::<G>(&point)).expect("finite");
        let twice = eigen::<G>(&once);
        let sum = G::add_affine(&G::add_affine(&twice, &G::negate(&once)), &point);
        assert!(G::is_zero(&sum), "{}", G::NAME);
        assert!(once != G::negate(&point), "{}: a primitive one", G::NAME);
    }

    #[test]
    fn the_eigenvalues_are_sixth_roots_of_one() {
        a_sixth_root_of_one::<bls12_381::G1>();
        a_sixth_root_of_one::<bls12_381::G2>();
        a_sixth_root_of_one::<bn254::G1>();
        a_sixth_root_of_one::<bn254::G2>();
    }

    #[test]
    fn buckets_and_single_multiples_come_to_the_same() {
        type G = bls12_381::G2;
        let mut random = ChaCha20Rng::seed_from_u64(1);
        for bits in [CoefficientBits::B64, CoefficientBits::B128] {
            let mut coefficients = Coefficients::draw(5, bits, &mut random);
            coefficients.leave_out(&[3]);
            let points: Vec<_> = (1..=5)
                .map(|k| G::to_affine(&G::mul(&G::generator(), k)).expect("finite"))
                .collect();
            let digits = coefficients.digits();
            let mut buckets = vec![G::zero(); 128 * digits];
            let mut expected = G::zero();
            for (at, point) in points.iter().enumerate() {
                expected = G::add(&expected, &coefficients.times::<G>(at, point));
                for digit in 0..digits {
                    let value = i32::from(coefficients.bytes()[digit * 5 + at]) - 127;
                    if value != 0 {
                        let signed = if value < 0 { G::negate(point) } else { *point };
                        let bucket = &mut buckets[128 * digit + value.unsigned_abs() as usize - 1];
                        *bucket = G::add_affine(bucket, &signed);
                    }
                }
            }
            let bits: Vec<_> = (0..8 * digits)
                .map(|bit| {
                    let of_digit = &buckets[128 * (bit / 8)..128 * (bit / 8 + 1)];
                    let with_bit =
                        (1..=128usize).filter(|magnitude| magnitude >> (bit % 8) & 1 == 1);
                    with_bit.fold(G::zero(), |sum, magnitude| {
                        G::add(&sum, &of_digit[magnitude - 1])
                    })
                })
                .collect();
            let affine = G::normalise(&buckets);
            for found in [
                sum_of_buckets::<G>(&affine, digits),
                sum_of_bits::<G>(&bits),
            ] {
                let difference = G::add(&found, &G::negate_sum(&expected));
                assert!(G::is_zero(&difference));
            }
        }
    }
}
