//! Finding the bad items of a batch that failed: down the tree of the products and weighted
//! sums that the batch already made. Above the leaves no Miller loop is repeated but the one
//! of a node's signature sum; a leaf has 16 pairs, and only a bad leaf's are done again.

use tutti_curves::Group;

use crate::arithmetic::World;

use crate::verify::{Leaf, SigSum, Weighted, product};

/// The items whose own equation does not hold, of a batch whose whole does not.
pub(crate) fn bad_items<W: World>(weighted: &Weighted<'_, W>) -> Vec<u32> {
    let mut bad = Vec::new();
    among_leaves(weighted, weighted.leaves(), weighted.sum(), &mut bad);
    bad
}

/// `leaves` do not hold together and `sum` is their signatures' weighted sum.
fn among_leaves<W: World>(
    weighted: &Weighted<'_, W>,
    leaves: &[Leaf<W>],
    sum: SigSum<W>,
    bad: &mut Vec<u32>,
) {
    if let [leaf] = leaves {
        return among_items(weighted, &leaf.items, sum, bad);
    }
    let (left, right) = leaves.split_at(leaves.len() / 2);
    let items: Vec<u32> = left
        .iter()
        .flat_map(|leaf| leaf.items.iter().copied())
        .collect();
    let left_sum = weighted.signature_sum(&items);
    let right_sum = difference::<W>(&sum, &left_sum);
    if weighted.holds(&product::<W>(left), &left_sum) {
        // The whole does not hold, so the right half does not.
        return among_leaves(weighted, right, right_sum, bad);
    }
    among_leaves(weighted, left, left_sum, bad);
    if !weighted.holds(&product::<W>(right), &right_sum) {
        among_leaves(weighted, right, right_sum, bad);
    }
}

/// `items` do not hold together and `sum` is their signatures' weighted sum.
fn among_items<W: World>(
    weighted: &Weighted<'_, W>,
    items: &[u32],
    sum: SigSum<W>,
    bad: &mut Vec<u32>,
) {
    if let [item] = items {
        return bad.push(*item);
    }
    let (left, right) = items.split_at(items.len() / 2);
    let left_sum = weighted.signature_sum(left);
    let right_sum = difference::<W>(&sum, &left_sum);
    if weighted.holds(&weighted.product_of(left), &left_sum) {
        return among_items(weighted, right, right_sum, bad);
    }
    among_items(weighted, left, left_sum, bad);
    if !weighted.holds(&weighted.product_of(right), &right_sum) {
        among_items(weighted, right, right_sum, bad);
    }
}

fn difference<W: World>(whole: &SigSum<W>, part: &SigSum<W>) -> SigSum<W> {
    W::Sig::add(whole, &W::Sig::negate_sum(part))
}
