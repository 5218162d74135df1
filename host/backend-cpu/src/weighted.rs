//! A batch with its coefficients, and once its signatures are known to be in the subgroup its
//! equation and those of its parts.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use rayon::prelude::*;
use tutti_backend::Pulse;
use tutti_curves::{Curve, Group, Pair, Signed};
use tutti_types::GroupId;

use crate::arithmetic::{Arithmetic, BulkCurve, World, in_order, tasks};
use crate::plan::{FactorGroup, Leaf, Plan, Shared, groups};
use crate::resolve::{Factor, KeyPoint, Resolved, SigPoint};
use crate::search::Span;
use crate::weighted_sum::{self, PartSums, Weighing};
use crate::weights::{DigitShape, Weight};

type Gt<W> = <<W as Signed>::Curve as Curve>::Gt;
type SigSum<W> = <<W as Signed>::Sig as Group>::Sum;

/// A batch with its coefficients.
pub(crate) struct Weighted<'a, W: World> {
    arithmetic: Arithmetic,
    resolved: &'a Resolved<'a, W>,
    plan: Plan,
    shape: DigitShape,
    /// The place of each of the batch's items among the weights and points.
    places: Vec<u32>,
    weights: Vec<Weight>,
    points: Vec<SigPoint<W>>,
}

/// A batch whose signatures are all in the subgroup.
pub(crate) struct Proven<'a, W: World> {
    batch: Weighted<'a, W>,
    /// The product of each leaf's Miller loops, unless there is but one product.
    products: Vec<Gt<W>>,
    /// Whether the equation of the whole batch holds.
    holds: bool,
    /// The weighted sums of the signatures of the parts that the search begins with.
    sums: PartSums<W::Sig>,
}

/// A part of the batch with its signatures' sum: weighted, but not where it is a single item.
pub(crate) struct Part<W: World> {
    pub(crate) span: Span,
    sum: SigSum<W>,
}

/// What a side of the batch's equation comes to.
enum Side<W: World> {
    /// Few pairs, for one product with those of the other side.
    Pairs(Vec<Pair<W::Curve>>),
    /// The product of each leaf's Miller loops.
    Leaves(Vec<Gt<W>>),
    /// The Miller loop of the signatures' sum, which may be infinity.
    Signatures(Option<Gt<W>>),
}

/// What both sides come to.
struct Equation<W: World> {
    products: Vec<Gt<W>>,
    holds: bool,
}

impl<'a, W: World> Weighted<'a, W> {
    pub(crate) fn new(
        arithmetic: Arithmetic,
        resolved: &'a Resolved<'a, W>,
        plan: Plan,
        points: Vec<SigPoint<W>>,
        weights: Vec<Weight>,
        shape: DigitShape,
    ) -> Self {
        let mut places = vec![u32::MAX; resolved.items.len()];
        for (place, item) in (0..).zip(plan.items()) {
            places[item as usize] = place;
        }
        Self {
            arithmetic,
            resolved,
            plan,
            shape,
            places,
            weights,
            points,
        }
    }

    /// The proof that the signatures are in the subgroup, beside their sum, beside the Miller loops
    /// of keys and messages: none needs another, and no thread waits for the end of one of them.
    /// Who is done with the last side of the equation goes on to whether it holds. Or the places
    /// of signatures outside.
    pub(crate) fn proven(self, failed_tries: u32) -> Result<Proven<'a, W>, Vec<usize>> {
        let all = self.weighing(&self.points, &self.weights);
        let found_outside = AtomicBool::new(false);
        let first_side = Mutex::new(None);
        let of_signatures = || {
            let parts = self.plan.part_lengths(W::Curve::fan_out(self.arithmetic));
            let sums = PartSums::new(&all, &parts, failed_tries);
            let (outside, equation) = rayon::join(
                || {
                    let outside = sums.outside(&all, failed_tries);
                    found_outside.store(!outside.is_empty(), Ordering::Relaxed);
                    outside
                },
                || self.equation(self.signatures(&sums), &first_side),
            );
            (sums, outside, equation)
        };
        let of_leaves = || self.equation(self.leaves(&found_outside), &first_side);
        let ((sums, outside, by_signatures), by_leaves) = rayon::join(of_signatures, of_leaves);
        if !outside.is_empty() {
            return Err(outside);
        }
        let equation = by_signatures.or(by_leaves);
        let Equation { products, holds } = equation.expect("one of two sides is the last");
        Ok(Proven {
            batch: self,
            products,
            holds,
            sums,
        })
    }

    /// None where the other side is not there yet.
    fn equation(&self, own: Side<W>, first: &Mutex<Option<Side<W>>>) -> Option<Equation<W>> {
        /// Fewer take less than waking a thread.
        const PRODUCTS_OF_A_TASK: usize = 32;
        let other = {
            let mut first = first.lock();
            let Some(other) = first.take() else {
                *first = Some(own);
                return None;
            };
            other
        };
        let (mut pairs, mut products, mut signatures) = (Vec::new(), Vec::new(), None);
        for side in [own, other] {
            match side {
                Side::Pairs(some) => pairs.extend(some),
                Side::Leaves(values) => products = values,
                Side::Signatures(value) => signatures = value,
            }
        }
        let of_pairs = (!pairs.is_empty()).then(|| W::Curve::miller_many(self.arithmetic, &pairs));
        let of_leaves = tasks(&products, PRODUCTS_OF_A_TASK)
            .map(product::<W>)
            .reduce(W::Curve::one, |a, b| W::Curve::mul(&a, &b));
        let others = signatures.into_iter().chain(of_pairs);
        let whole = others.fold(of_leaves, |whole, value| W::Curve::mul(&whole, &value));
        let holds = W::Curve::are_one(self.arithmetic, &[whole])[0];
        Some(Equation { products, holds })
    }

    /// Whether one product of all pairs is done sooner than those of both sides beside each other.
    fn is_one_product(&self) -> bool {
        const POINTS_MAX: usize = 64;
        self.plan.leaves.len() == 1 && self.points.len() <= POINTS_MAX
    }

    /// The side of the signatures, as if all of them were good.
    fn signatures(&self, sums: &PartSums<W::Sig>) -> Side<W> {
        let sum = W::Sig::to_affine(&sums.whole());
        let pair = sum.as_ref().map(W::signature_pair);
        if self.is_one_product() {
            return Side::Pairs(pair.into_iter().collect());
        }
        Side::Signatures(pair.map(|pair| W::Curve::miller_many(self.arithmetic, &[pair])))
    }

    /// The side of keys and messages, leaf by leaf. Nothing of worth once it is known that the batch
    /// will be tried again.
    fn leaves(&self, found_outside: &AtomicBool) -> Side<W> {
        if let (true, [only]) = (self.is_one_product(), &self.plan.leaves[..]) {
            return Side::Pairs(self.pairs(&only.groups));
        }
        let products = |leaves: &[Leaf]| {
            if found_outside.load(Ordering::Relaxed) {
                return vec![W::Curve::one(); leaves.len()];
            }
            let groups: Vec<&FactorGroup> = leaves.iter().flat_map(|leaf| &leaf.groups).collect();
            let mut pairs = self.pair_of_each(&groups).into_iter();
            let own = leaves.iter().map(|leaf| {
                let pairs = pairs.by_ref().take(leaf.groups.len());
                let pairs: Vec<_> = pairs.flatten().collect();
                W::Curve::miller_many(self.arithmetic, &pairs)
            });
            own.collect()
        };
        let tasks: Vec<&[Leaf]> = self.plan.leaves.chunks(self.leaves_of_a_task()).collect();
        let products = in_order(&tasks, |leaves| products(leaves));
        Side::Leaves(products.into_iter().flatten().collect())
    }

    /// The more pairs are made together, the fewer inversions they take; but each thread must have
    /// as much to do as any other.
    fn leaves_of_a_task(&self) -> usize {
        const LEAVES_MAX: usize = 4;
        const TASKS_OF_A_THREAD: usize = 16;
        let tasks = TASKS_OF_A_THREAD * rayon::current_num_threads();
        (self.plan.leaves.len() / tasks).clamp(1, LEAVES_MAX)
    }

    /// The pairs of a span whose Miller loops are not among the products.
    fn pairs_to_do(&self, span: &Span) -> Vec<Pair<W::Curve>> {
        match span {
            Span::Leaves(_) => Vec::new(),
            Span::Items(items) => {
                if let [item] = items[..] {
                    return self.resolved.own_pairs(item);
                }
                let factors = items
                    .iter()
                    .flat_map(|&item| self.resolved.factors_of(item));
                self.pairs(&groups(self.plan.shared, &factors.collect::<Vec<_>>()))
            }
        }
    }

    const fn weighing<'b>(
        &self,
        points: &'b [SigPoint<W>],
        weights: &'b [Weight],
    ) -> Weighing<'b, W::Sig> {
        Weighing::new(self.arithmetic, points, weights, self.shape)
    }

    fn entry(&self, item: u32) -> (Weight, SigPoint<W>) {
        let place = self.places[item as usize] as usize;
        (self.weights[place], self.points[place])
    }

    fn weight(&self, item: u32) -> Weight {
        self.weights[self.places[item as usize] as usize]
    }

    /// One pair for each group: its varied side added up with weights, its shared side as it is.
    /// Weighted points that cancel leave a pairing of one: no pair.
    fn pair_of_each(&self, groups: &[&FactorGroup]) -> Vec<Option<Pair<W::Curve>>> {
        let (mut keys, mut messages) = (Vec::new(), Vec::new());
        for group in groups {
            match self.shared_by(group) {
                Shared::Message => keys.push(self.weighted_keys(group)),
                Shared::Key => messages.push(self.weighted_messages(group)),
            }
        }
        let mut keys = weighted_sum::each::<W::Key>(self.arithmetic, &keys, self.shape).into_iter();
        let mut messages =
            weighted_sum::each::<W::Sig>(self.arithmetic, &messages, self.shape).into_iter();
        let pair = |group: &&FactorGroup| {
            let first = group.factors[0];
            match self.shared_by(group) {
                Shared::Message => {
                    let message = &self.resolved.messages[first.message as usize];
                    keys.next()?.map(|key| W::pair(&key, message))
                }
                Shared::Key => {
                    let key = &self.resolved.keys[first.key as usize];
                    messages.next()?.map(|message| W::pair(key, &message))
                }
            }
        };
        groups.iter().map(pair).collect()
    }

    fn pairs(&self, groups: &[FactorGroup]) -> Vec<Pair<W::Curve>> {
        let groups: Vec<&FactorGroup> = groups.iter().collect();
        self.pair_of_each(&groups).into_iter().flatten().collect()
    }

    /// What a group's pair shares. A single factor may carry its weight on either side: G1 is
    /// the cheaper one.
    fn shared_by(&self, group: &FactorGroup) -> Shared {
        match (group.factors.len(), W::KEY_GROUP) {
            (1, GroupId::G1) => Shared::Message,
            (1, GroupId::G2) => Shared::Key,
            _ => self.plan.shared,
        }
    }

    fn weighted_keys(&self, group: &FactorGroup) -> Vec<(KeyPoint<W>, Weight)> {
        let weighted = |f: &Factor| (self.resolved.keys[f.key as usize], self.weight(f.item));
        group.factors.iter().map(weighted).collect()
    }

    fn weighted_messages(&self, group: &FactorGroup) -> Vec<(SigPoint<W>, Weight)> {
        let weighted = |f: &Factor| {
            (
                self.resolved.messages[f.message as usize],
                self.weight(f.item),
            )
        };
        group.factors.iter().map(weighted).collect()
    }
}

impl<W: World> Proven<'_, W> {
    /// Whether the equation of the whole batch holds.
    pub(crate) const fn holds(&self) -> bool {
        self.holds
    }

    pub(crate) fn leaves(&self) -> &[Leaf] {
        &self.batch.plan.leaves
    }

    /// The parts that the search begins with.
    pub(crate) fn first_parts(&self) -> Vec<Part<W>> {
        let root = Span::Leaves(0..self.leaves().len());
        let spans = root.split(self.leaves(), W::Curve::fan_out(self.batch.arithmetic));
        spans
            .into_iter()
            .zip(self.sums.each())
            .map(|(span, sum)| self.part(span, sum))
            .collect()
    }

    /// The parts of a part.
    pub(crate) fn parts_of(&self, span: &Span) -> Vec<Part<W>> {
        let spans = span.split(self.leaves(), W::Curve::fan_out(self.batch.arithmetic));
        let lengths: Vec<usize> = spans
            .iter()
            .map(|span| span.items(self.leaves()).len())
            .collect();
        if lengths.iter().all(|&length| length == 1) {
            return spans
                .into_iter()
                .map(|span| self.part(span, W::Sig::zero()))
                .collect();
        }
        let entries = spans.iter().flat_map(|span| span.items(self.leaves()));
        let (weights, points): (Vec<_>, Vec<_>) =
            entries.map(|item| self.batch.entry(item)).unzip();
        let sums = self.batch.weighing(&points, &weights).unchecked(&lengths);
        spans
            .into_iter()
            .zip(sums)
            .map(|(span, sum)| self.part(span, sum))
            .collect()
    }

    fn part(&self, span: Span, sum: SigSum<W>) -> Part<W> {
        let sum = match span.items(self.leaves())[..] {
            [item] => W::Sig::lift(&self.batch.entry(item).1),
            _ => sum,
        };
        Part { span, sum }
    }

    /// Whether each part's equation holds.
    pub(crate) fn hold_each(&self, parts: &[Part<W>], pulse: &Pulse) -> Vec<bool> {
        /// A part has few pairs: lanes are filled by as many parts, unless threads were idle then.
        const PARTS_MAX: usize = 8;
        let parts_of_a_task = parts.len().div_ceil(rayon::current_num_threads());
        let sums: Vec<SigSum<W>> = parts.iter().map(|part| part.sum).collect();
        let sums = W::Sig::normalise(&sums);
        let parts: Vec<_> = parts.iter().zip(sums).collect();
        tasks(&parts, parts_of_a_task.clamp(1, PARTS_MAX))
            .flat_map_iter(|parts| {
                let pairs = |(part, sum): &(&Part<W>, Option<SigPoint<W>>)| {
                    let mut pairs = self.batch.pairs_to_do(&part.span);
                    pairs.extend(sum.map(|sum| W::signature_pair(&sum)));
                    pairs
                };
                let pairs: Vec<_> = parts.iter().map(pairs).collect();
                let mut values = W::Curve::miller_each(self.batch.arithmetic, &pairs);
                for ((part, _), value) in parts.iter().zip(&mut values) {
                    if let Span::Leaves(leaves) = &part.span {
                        *value =
                            W::Curve::mul(value, &product::<W>(&self.products[leaves.clone()]));
                    }
                }
                pulse.beat();
                W::Curve::are_one(self.batch.arithmetic, &values)
            })
            .collect()
    }
}

fn product<W: World>(values: &[Gt<W>]) -> Gt<W> {
    let product = |product, value| W::Curve::mul(&product, value);
    values.iter().fold(W::Curve::one(), product)
}
