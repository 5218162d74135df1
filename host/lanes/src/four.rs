//! Two things at a time, each in four lanes of its own, so that products that do not wait for each other stand side by side.

use crate::vector::Mask;

pub(crate) const LANE_0: Mask = Mask(0b0001_0001);
pub(crate) const LANE_1: Mask = Mask(0b0010_0010);
pub(crate) const LANE_2: Mask = Mask(0b0100_0100);
pub(crate) const LANE_3: Mask = Mask(0b1000_1000);

/// What is in one lane in the first four, what is in the other in the last four.
pub(crate) const fn spread([a, b]: [u64; 2]) -> [u64; 8] {
    [a, a, a, a, b, b, b, b]
}

/// In both things' lanes the one of this number.
pub(crate) const fn all(from: u64) -> [u64; 8] {
    each([from; 4])
}

/// In each thing's lanes those of these numbers.
pub(crate) const fn each([a, b, c, d]: [u64; 4]) -> [u64; 8] {
    [a, b, c, d, a + 4, b + 4, c + 4, d + 4]
}
