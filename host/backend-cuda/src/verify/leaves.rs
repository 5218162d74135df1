//! The last steps, which no device is trusted with.

use std::ops::Range;

use rayon::prelude::*;
use tutti_curves::{Curve, Group, Signed};

use super::DeviceWorld;
use crate::run::{Stop, wrong};
use crate::words::{DeviceGroup, from_limb_major, is_on_curve};

/// Parts of a part that failed.
const FAN_OUT: usize = 8;

/// Of each leaf the product of its Miller loops and the weighted sum of its signatures.
pub(super) struct Leaves<W: DeviceWorld> {
    products: Vec<<W::Curve as Curve>::Gt>,
    sums: Vec<<W::Sig as Group>::Sum>,
}

impl<W: DeviceWorld> Leaves<W> {
    /// None where a value is not what an honest device stores.
    pub(super) fn parse(products: &[u8], sums: &[u8], count: usize) -> Option<Self> {
        Some(Self {
            products: from_limb_major(products, count)?,
            sums: from_limb_major(sums, count)?,
        })
    }

    pub(super) fn take_away(&mut self, leaf: u32, part: &<W::Sig as Group>::Sum) {
        let sum = &mut self.sums[leaf as usize];
        *sum = W::Sig::add(sum, &W::Sig::negate_sum(part));
    }

    /// The leaves whose equation does not hold, where that of all does not.
    pub(super) fn bad(&self) -> Result<Vec<u32>, Stop> {
        let whole = 0..self.products.len();
        let mut level = Vec::from([whole]);
        let mut bad = Vec::new();
        while !level.is_empty() {
            let holding: Vec<bool> = level
                .par_iter()
                .map(|part| self.holds(part.clone()))
                .collect::<Result<_, _>>()?;
            let failing = level.into_iter().zip(holding).filter(|(_, holds)| !holds);
            let mut below = Vec::new();
            for (part, _) in failing {
                if part.len() == 1 {
                    bad.push(part.start as u32);
                    continue;
                }
                let step = part.len().div_ceil(FAN_OUT);
                let split = part.clone().step_by(step);
                below.extend(split.map(|first| first..part.end.min(first + step)));
            }
            level = below;
        }
        Ok(bad)
    }

    /// Miller loop of the signatures' side, final exponentiation, comparison.
    fn holds(&self, part: Range<usize>) -> Result<bool, Stop> {
        let product = self.products[part.clone()]
            .par_iter()
            .copied()
            .reduce(W::Curve::one, |a, b| W::Curve::mul(&a, &b));
        let zero = W::Sig::zero;
        let sum = self.sums[part]
            .iter()
            .fold(zero(), |a, b| W::Sig::add(&a, b));
        let signatures = W::Sig::to_affine(&sum);
        if signatures.is_some_and(|point| !is_member::<W::Sig>(&point)) {
            return Err(wrong("a sum of signatures outside their group".into()));
        }
        let pair = signatures.map(|point| <W as Signed>::signature_pair(&point));
        let value = W::Curve::miller(pair.as_slice());
        Ok(W::Curve::is_one(&W::Curve::mul(&product, &value)))
    }
}

/// On the curve and in the subgroup, whatever the words say.
fn is_member<G: DeviceGroup>(point: &G::Affine) -> bool {
    is_on_curve::<G>(point) && G::in_subgroup(point)
}
