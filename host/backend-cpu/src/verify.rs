//! The verdicts of a batch of signatures: one random linear combination for all of them, and a
//! search for the bad ones where it fails.

use std::ops::Range;

use rayon::prelude::*;
use tutti_backend::{Outcomes, Pulse};
use tutti_curves::{Curve, Group, Pair, Signed};
use tutti_types::{GroupId, Verdict};

use crate::Context;
use crate::alone;
use crate::arithmetic::{Arithmetic, BulkCurve, World};
use crate::caches::WorldCaches;
use crate::resolve::{
    Factor, FlatItem, ItemState, KeyPoint, Parcels, Resolved, SigPoint, items, resolve,
};
use crate::search::{self, Span};
use crate::weighted_sum::{self, PartSums};
use crate::weights::{self, DigitShape, Weight};

pub(crate) type Gt<W> = <<W as Signed>::Curve as Curve>::Gt;
pub(crate) type SigSum<W> = <<W as Signed>::Sig as Group>::Sum;

pub(crate) fn verify<W: World>(
    parcels: &Parcels<'_, W>,
    caches: &WorldCaches<W>,
    context: &mut Context,
) -> Vec<Outcomes> {
    let items = items(parcels);
    if let [only] = &items[..]
        && let Some(verdict) = alone::verdict(only, caches, context.arithmetic)
    {
        let verdicts = parcels.iter().map(|(_, range)| vec![verdict; range.len()]);
        return verdicts.map(Outcomes::Verdicts).collect();
    }
    let resolved = resolve(parcels, items, caches, context);
    let mut verdicts = vec![Verdict::Valid; resolved.items.len()];
    let mut doubtful = not_verifying(&resolved, context);
    for (at, item) in (0..).zip(&resolved.items) {
        match item.state {
            ItemState::Regular(_) => {}
            ItemState::Irregular => doubtful.push(at),
            ItemState::Decided(decided) => verdicts[at as usize] = decided,
        }
    }
    // The oracle has the last word on every INVALID.
    let decided: Vec<Verdict> = doubtful
        .par_iter()
        .map(|&at| resolved.items[at as usize].by_oracle())
        .inspect(|_| context.pulse.beat())
        .collect();
    for (at, verdict) in doubtful.into_iter().zip(decided) {
        verdicts[at as usize] = verdict;
    }
    let mut verdicts = verdicts.into_iter();
    parcels
        .iter()
        .map(|(_, range)| Outcomes::Verdicts(verdicts.by_ref().take(range.len()).collect()))
        .collect()
}

/// The regular items whose equation does not hold or whose signature is outside the subgroup.
fn not_verifying<W: World>(resolved: &Resolved<'_, W>, context: &mut Context) -> Vec<u32> {
    let arithmetic = context.arithmetic;
    let mut signatures: Vec<Option<&SigPoint<W>>> =
        resolved.items.iter().map(FlatItem::signature).collect();
    let mut bad = Vec::new();
    let mut failed_tries = 0;
    loop {
        let leaf_pairs = W::Curve::leaf_pairs(arithmetic);
        let plan = Plan::new(resolved, leaf_pairs, |item| {
            signatures[item as usize].is_some()
        });
        let items = plan.items();
        if items.is_empty() {
            return bad;
        }
        if let [item] = items[..] {
            let signature = signatures[item as usize].expect("planned");
            if !verifies_alone(resolved, item, signature, arithmetic) {
                bad.push(item);
            }
            return bad;
        }
        let shape = weighted_sum::shape(items.len(), context.bits.bits());
        // Drawn anew for each try: what a failed try revealed must not help the next.
        let weights = weights::draw(items.len(), shape, &mut context.random);
        let points: Vec<SigPoint<W>> = items
            .iter()
            .map(|&item| *signatures[item as usize].expect("planned"))
            .collect();
        let parts = plan.part_lengths(W::Curve::fan_out(arithmetic));
        match weighted_sum::checked::<W::Sig>(
            arithmetic,
            &points,
            &weights,
            &parts,
            shape,
            failed_tries,
        ) {
            Ok(sums) => {
                let weighted =
                    Weighted::new(arithmetic, resolved, plan, points, weights, shape, sums);
                bad.extend(weighted.bad_items(&context.pulse));
                return bad;
            }
            Err(outside) => {
                context.pulse.beat();
                failed_tries += 1;
                for at in outside {
                    bad.push(items[at]);
                    signatures[items[at] as usize] = None;
                }
            }
        }
    }
}

/// One item by the plain equation: nothing to weigh, all its pairs in one product.
fn verifies_alone<W: World>(
    resolved: &Resolved<'_, W>,
    item: u32,
    signature: &SigPoint<W>,
    arithmetic: Arithmetic,
) -> bool {
    let mut pairs = resolved.own_pairs(item);
    pairs.push(W::signature_pair(signature));
    W::Sig::in_subgroup(signature)
        && W::Curve::are_one(arithmetic, &[W::Curve::miller_many(arithmetic, &pairs)])[0]
}

/// Which side of the pairs is shared by a group of factors.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shared {
    Message,
    Key,
}

/// Which factors share a pair, and which pairs a leaf of the tree that a failed batch is searched by.
pub(crate) struct Plan {
    shared: Shared,
    leaves: Vec<Leaf>,
}

/// Some items with all their factors.
pub(crate) struct Leaf {
    pub(crate) items: Vec<u32>,
    groups: Vec<FactorGroup>,
}

impl Plan {
    fn new<W: World>(
        resolved: &Resolved<'_, W>,
        leaf_pairs: usize,
        is_live: impl Fn(u32) -> bool,
    ) -> Self {
        let live: Vec<Factor> = resolved
            .factors
            .iter()
            .filter(|factor| is_live(factor.item))
            .copied()
            .collect();
        let shared = cheaper_side(&live);
        let leaves = pack(components(groups(shared, &live)), leaf_pairs);
        Self {
            shared,
            leaves: leaves.into_iter().map(Leaf::new).collect(),
        }
    }

    /// All items, leaf by leaf.
    fn items(&self) -> Vec<u32> {
        self.leaves
            .iter()
            .flat_map(|leaf| &leaf.items)
            .copied()
            .collect()
    }

    /// How many items each part has of those that the search begins with.
    fn part_lengths(&self, fan_out: usize) -> Vec<usize> {
        let parts = Span::Leaves(0..self.leaves.len()).split(&self.leaves, fan_out);
        parts
            .iter()
            .map(|part| part.items(&self.leaves).len())
            .collect()
    }
}

impl Leaf {
    fn new(groups: Vec<FactorGroup>) -> Self {
        let factors = groups.iter().flat_map(|group| &group.factors);
        let mut items: Vec<u32> = factors.map(|factor| factor.item).collect();
        items.sort_unstable();
        items.dedup();
        Self { items, groups }
    }
}

/// A batch whose signatures are all in the subgroup, with its coefficients.
pub(crate) struct Weighted<'a, W: World> {
    arithmetic: Arithmetic,
    resolved: &'a Resolved<'a, W>,
    plan: Plan,
    shape: DigitShape,
    /// The place of each of the batch's items among the weights and points.
    places: Vec<u32>,
    weights: Vec<Weight>,
    points: Vec<SigPoint<W>>,
    /// The product of each leaf's Miller loops, where there are several leaves.
    products: Vec<Gt<W>>,
    /// The weighted sums of the signatures of the parts that the search begins with.
    sums: PartSums<W::Sig>,
}

/// A part of the batch with its signatures' sum: weighted, but not where it is a single item.
pub(crate) struct Part<W: World> {
    pub(crate) span: Span,
    sum: SigSum<W>,
}

impl<'a, W: World> Weighted<'a, W> {
    #[allow(clippy::too_many_arguments)] // All that a sealed and checked batch is.
    fn new(
        arithmetic: Arithmetic,
        resolved: &'a Resolved<'a, W>,
        plan: Plan,
        points: Vec<SigPoint<W>>,
        weights: Vec<Weight>,
        shape: DigitShape,
        sums: PartSums<W::Sig>,
    ) -> Self {
        let mut places = vec![u32::MAX; resolved.items.len()];
        for (place, item) in (0..).zip(plan.items()) {
            places[item as usize] = place;
        }
        let mut weighted = Self {
            arithmetic,
            resolved,
            plan,
            shape,
            places,
            weights,
            points,
            products: Vec::new(),
            sums,
        };
        // The only leaf's product is that of the whole, which has the signatures' pair with it.
        if weighted.plan.leaves.len() > 1 {
            let product =
                |leaf: &Leaf| W::Curve::miller_many(arithmetic, &weighted.pairs(&leaf.groups));
            weighted.products = weighted.plan.leaves.par_iter().map(product).collect();
        }
        weighted
    }

    fn bad_items(&self, pulse: &Pulse) -> Vec<u32> {
        let mut pairs = match &self.plan.leaves[..] {
            [only] => self.pairs(&only.groups),
            _ => Vec::new(),
        };
        pairs.extend(W::Sig::to_affine(&self.sums.whole()).map(|sum| W::signature_pair(&sum)));
        let value = W::Curve::miller_many(self.arithmetic, &pairs);
        let whole = W::Curve::mul(&self.product(0..self.products.len()), &value);
        if W::Curve::are_one(self.arithmetic, &[whole])[0] {
            return Vec::new();
        }
        search::bad_items(self, pulse)
    }

    pub(crate) fn leaves(&self) -> &[Leaf] {
        &self.plan.leaves
    }

    fn product(&self, leaves: Range<usize>) -> Gt<W> {
        let products = self.products[leaves].iter();
        products.fold(W::Curve::one(), |product, leaf| {
            W::Curve::mul(&product, leaf)
        })
    }

    /// The parts that the search begins with.
    pub(crate) fn first_parts(&self) -> Vec<Part<W>> {
        let root = Span::Leaves(0..self.leaves().len());
        let spans = root.split(self.leaves(), W::Curve::fan_out(self.arithmetic));
        spans
            .into_iter()
            .zip(self.sums.each())
            .map(|(span, sum)| self.part(span, sum))
            .collect()
    }

    /// The parts of a part.
    pub(crate) fn parts_of(&self, span: &Span) -> Vec<Part<W>> {
        let spans = span.split(self.leaves(), W::Curve::fan_out(self.arithmetic));
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
        let (weights, points): (Vec<_>, Vec<_>) = entries.map(|item| self.entry(item)).unzip();
        let sums = weighted_sum::unchecked::<W::Sig>(
            self.arithmetic,
            &points,
            &weights,
            &lengths,
            self.shape,
        );
        spans
            .into_iter()
            .zip(sums.each())
            .map(|(span, sum)| self.part(span, sum))
            .collect()
    }

    fn part(&self, span: Span, sum: SigSum<W>) -> Part<W> {
        let sum = match span.items(self.leaves())[..] {
            [item] => W::Sig::lift(&self.entry(item).1),
            _ => sum,
        };
        Part { span, sum }
    }

    /// Whether each part's equation holds.
    pub(crate) fn hold_each(&self, parts: &[Part<W>], pulse: &Pulse) -> Vec<bool> {
        /// Lanes are filled by a check's few pairs.
        const PARTS_PER_TASK: usize = 8;
        let sums: Vec<SigSum<W>> = parts.iter().map(|part| part.sum).collect();
        let sums = W::Sig::normalise(&sums);
        let parts: Vec<_> = parts.iter().zip(sums).collect();
        parts
            .par_chunks(PARTS_PER_TASK)
            .flat_map_iter(|parts| {
                let pairs = |(part, sum): &(&Part<W>, Option<SigPoint<W>>)| {
                    let mut pairs = self.pairs_to_do(&part.span);
                    pairs.extend(sum.map(|sum| W::signature_pair(&sum)));
                    pairs
                };
                let pairs: Vec<_> = parts.iter().map(pairs).collect();
                let mut values = W::Curve::miller_each(self.arithmetic, &pairs);
                for ((part, _), value) in parts.iter().zip(&mut values) {
                    if let Span::Leaves(leaves) = &part.span {
                        *value = W::Curve::mul(value, &self.product(leaves.clone()));
                    }
                }
                pulse.beat();
                W::Curve::are_one(self.arithmetic, &values)
            })
            .collect()
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

    fn entry(&self, item: u32) -> (Weight, SigPoint<W>) {
        let place = self.places[item as usize] as usize;
        (self.weights[place], self.points[place])
    }

    fn weight(&self, item: u32) -> Weight {
        self.weights[self.places[item as usize] as usize]
    }

    /// One pair for each group: its varied side added up with weights, its shared side as it is.
    fn pairs(&self, groups: &[FactorGroup]) -> Vec<Pair<W::Curve>> {
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
        // Weighted points that cancel leave a pairing of one: no pair.
        let pair = |group: &FactorGroup| {
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
        groups.iter().filter_map(pair).collect()
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

/// Factors that share a message or a key.
#[derive(Clone, Debug, Default)]
struct FactorGroup {
    factors: Vec<Factor>,
}

fn groups(shared: Shared, factors: &[Factor]) -> Vec<FactorGroup> {
    let side = |factor: &Factor| match shared {
        Shared::Message => factor.message,
        Shared::Key => factor.key,
    };
    let mut places = Places::among(factors.iter().map(side));
    let mut groups: Vec<FactorGroup> = Vec::new();
    for factor in factors {
        let place = places.of(side(factor));
        if place == groups.len() {
            groups.push(FactorGroup::default());
        }
        groups[place].factors.push(*factor);
    }
    groups
}

/// The order in which numbers that lie close together first came.
struct Places {
    least: u32,
    of: Vec<Option<usize>>,
    next: usize,
}

impl Places {
    /// For all of these numbers.
    fn among(numbers: impl Iterator<Item = u32> + Clone) -> Self {
        let least = numbers.clone().min().unwrap_or(0);
        let count = numbers.max().map_or(0, |largest| largest - least + 1);
        Self {
            least,
            of: vec![None; count as usize],
            next: 0,
        }
    }

    fn of(&mut self, number: u32) -> usize {
        let next = self.next;
        let place = *self.of[(number - self.least) as usize].get_or_insert(next);
        self.next += usize::from(place == next);
        place
    }

    /// How many different ones came.
    const fn count(&self) -> usize {
        self.next
    }
}

/// Fewer groups are fewer Miller loops. Messages are shared unless keys are clearly fewer.
fn cheaper_side(factors: &[Factor]) -> Shared {
    let distinct = |of: fn(&Factor) -> u32| {
        let mut places = Places::among(factors.iter().map(of));
        for factor in factors {
            places.of(of(factor));
        }
        places.count()
    };
    if 2 * distinct(|factor| factor.key) <= distinct(|factor| factor.message) {
        Shared::Key
    } else {
        Shared::Message
    }
}

/// Groups that have items in common must stay together: an item's factors are one equation.
fn components(groups: Vec<FactorGroup>) -> Vec<Vec<FactorGroup>> {
    fn root(parent: &mut [usize], mut at: usize) -> usize {
        while parent[at] != at {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        at
    }
    let mut parent: Vec<usize> = (0..groups.len()).collect();
    let items = groups.iter().flat_map(|group| &group.factors);
    let last_item = items.map(|factor| factor.item as usize).max();
    let mut first_of_item = vec![None; last_item.map_or(0, |last| last + 1)];
    for (at, group) in groups.iter().enumerate() {
        for factor in &group.factors {
            let other = *first_of_item[factor.item as usize].get_or_insert(at);
            let (a, b) = (root(&mut parent, at), root(&mut parent, other));
            parent[a.max(b)] = a.min(b);
        }
    }
    let mut members: Vec<Vec<FactorGroup>> = vec![Vec::new(); groups.len()];
    for (at, group) in groups.into_iter().enumerate() {
        members[root(&mut parent, at)].push(group);
    }
    members.retain(|component| !component.is_empty());
    members
}

/// Leaves of up to so many pairs; of fewer where all threads would not have one otherwise.
fn pack(components: Vec<Vec<FactorGroup>>, pairs_max: usize) -> Vec<Vec<FactorGroup>> {
    let pairs: usize = components.iter().map(Vec::len).sum();
    let leaf_pairs = pairs
        .div_ceil(rayon::current_num_threads())
        .clamp(1, pairs_max);
    let mut leaves: Vec<Vec<FactorGroup>> = Vec::new();
    for component in components {
        match leaves.last_mut() {
            Some(leaf) if leaf.len() + component.len() <= leaf_pairs => leaf.extend(component),
            _ => leaves.push(component),
        }
    }
    leaves
}
