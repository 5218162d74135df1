//! Finding the bad items of a batch that failed: down the tree of the products and weighted
//! sums that the batch already made. Above the leaves no Miller loop is repeated but the one
//! of a node's signature sum; a leaf has 16 pairs, and only a bad leaf's are done again.
//!
//! Of two halves that do not hold together the left one is asked. If it holds, the right one
//! does not. If it does not, the right one is put aside, and all that was put aside is asked
//! at once at the end: one bad item among n costs log2(n) + 1 checks.

use tutti_curves::{Curve, Group};

use crate::arithmetic::World;
use crate::verify::{Leaf, SigSum, Weighted, product};

/// With this many bad items found, more are likely: halves are no longer put aside, which
/// bounds the checks by two for each node of the tree.
const PUT_ASIDE_UNTIL: usize = 8;

/// A part of the batch with its signatures' weighted sum.
struct Part<'a, W: World> {
    span: Span<'a, W>,
    sum: SigSum<W>,
}

enum Span<'a, W: World> {
    /// Their products are there.
    Leaves(&'a [Leaf<W>]),
    /// Items inside a leaf: their product is made when it is asked for.
    Items(&'a [u32]),
}

struct Search<'a, W: World> {
    batch: &'a Weighted<'a, W>,
    aside: Vec<Part<'a, W>>,
    bad: Vec<u32>,
}

/// The items whose own equation does not hold, of a batch whose whole does not.
pub(crate) fn bad_items<W: World>(batch: &Weighted<'_, W>) -> Vec<u32> {
    let mut search = Search {
        batch,
        aside: Vec::new(),
        bad: Vec::new(),
    };
    search.descend(Part {
        span: Span::Leaves(batch.leaves()),
        sum: batch.sum(),
    });
    while !search.aside.is_empty() {
        let aside = std::mem::take(&mut search.aside);
        search.among(aside);
    }
    search.bad
}

impl<'a, W: World> Search<'a, W> {
    /// Parts of which nothing is known.
    fn among(&mut self, mut parts: Vec<Part<'a, W>>) {
        if self.hold(&parts) {
            return;
        }
        if parts.len() == 1 {
            return parts.into_iter().for_each(|part| self.descend(part));
        }
        let right = parts.split_off(parts.len() / 2);
        self.among(parts);
        self.among(right);
    }

    /// A part that does not hold.
    fn descend(&mut self, Part { span, sum }: Part<'a, W>) {
        let (left, right) = match span {
            Span::Items([item]) => return self.bad.push(*item),
            Span::Leaves([leaf]) => {
                return self.descend(Part {
                    span: Span::Items(&leaf.items),
                    sum,
                });
            }
            Span::Leaves(leaves) => {
                let (left, right) = leaves.split_at(leaves.len() / 2);
                (Span::Leaves(left), Span::Leaves(right))
            }
            Span::Items(items) => {
                let (left, right) = items.split_at(items.len() / 2);
                (Span::Items(left), Span::Items(right))
            }
        };
        let left_sum = self.batch.signature_sum(&left.items());
        let right_sum = W::Sig::add(&sum, &W::Sig::negate_sum(&left_sum));
        let left = Part {
            span: left,
            sum: left_sum,
        };
        let right = Part {
            span: right,
            sum: right_sum,
        };
        if self.hold(std::slice::from_ref(&left)) {
            return self.descend(right);
        }
        self.descend(left);
        if self.bad.len() < PUT_ASIDE_UNTIL {
            self.aside.push(right);
        } else {
            self.among(vec![right]);
        }
    }

    fn hold(&self, parts: &[Part<'a, W>]) -> bool {
        let (mut stored, mut items, mut sum) = (W::Curve::one(), Vec::new(), W::Sig::zero());
        for part in parts {
            sum = W::Sig::add(&sum, &part.sum);
            match part.span {
                Span::Leaves(leaves) => stored = W::Curve::mul(&stored, &product::<W>(leaves)),
                Span::Items(more) => items.extend_from_slice(more),
            }
        }
        self.batch.holds(&stored, &items, &sum)
    }
}

impl<W: World> Span<'_, W> {
    fn items(&self) -> Vec<u32> {
        match self {
            Self::Leaves(leaves) => leaves
                .iter()
                .flat_map(|leaf| &leaf.items)
                .copied()
                .collect(),
            Self::Items(items) => items.to_vec(),
        }
    }
}
