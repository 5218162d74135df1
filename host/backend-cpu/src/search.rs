//! Finding the bad items of a batch that failed: level by level down the tree of the products and
//! weighted sums that the batch already made. Above the leaves no Miller loop is repeated but the
//! one of a part's signature sum; a leaf has 16 pairs, and only a bad leaf's are done again.
//!
//! All parts of a level are asked at once, which fills the lanes: eight parts cost them little
//! more than one. So a part is split in eight, not in two.

use std::ops::Range;

use tutti_backend::Pulse;

use crate::arithmetic::World;
use crate::plan::Leaf;
use crate::weighted::Proven;

/// Some items of a batch.
#[derive(Clone, Debug)]
pub(crate) enum Span {
    /// Whole leaves: their products are there.
    Leaves(Range<usize>),
    /// Items inside a leaf: their product is made when it is asked for.
    Items(Vec<u32>),
}

impl Span {
    /// Up to `fan_out` parts, or single items where there are not many more. The last split is
    /// into single items, and a single item is its own only part.
    pub(crate) fn split(&self, leaves: &[Leaf], fan_out: usize) -> Vec<Self> {
        match self {
            Self::Leaves(range) if range.len() == 1 => {
                Self::Items(leaves[range.start].items.clone()).split(leaves, fan_out)
            }
            Self::Leaves(range) => range
                .clone()
                .step_by(range.len().div_ceil(fan_out).max(1))
                .map(|first| {
                    let last = range.end.min(first + range.len().div_ceil(fan_out));
                    Self::Leaves(first..last)
                })
                .collect(),
            Self::Items(items) => {
                let length = match items.len() {
                    few if few <= 2 * fan_out => 1,
                    many => many.div_ceil(fan_out),
                };
                items
                    .chunks(length)
                    .map(|part| Self::Items(part.to_vec()))
                    .collect()
            }
        }
    }

    pub(crate) fn items(&self, leaves: &[Leaf]) -> Vec<u32> {
        match self {
            Self::Leaves(range) => {
                let leaves = leaves[range.clone()].iter();
                leaves.flat_map(|leaf| &leaf.items).copied().collect()
            }
            Self::Items(items) => items.clone(),
        }
    }
}

/// The items whose own equation does not hold, of a batch whose whole does not.
pub(crate) fn bad_items<W: World>(batch: &Proven<'_, W>, pulse: &Pulse) -> Vec<u32> {
    let mut bad = Vec::new();
    let mut level = batch.first_parts();
    if let [only] = &level[..] {
        return only.span.items(batch.leaves());
    }
    while !level.is_empty() {
        let holding = batch.hold_each(&level, pulse);
        let failing = level.iter().zip(holding).filter(|(_, holds)| !holds);
        let mut below = Vec::new();
        for (part, _) in failing {
            match part.span.items(batch.leaves())[..] {
                [item] => bad.push(item),
                _ => below.extend(batch.parts_of(&part.span)),
            }
        }
        level = below;
    }
    bad
}
