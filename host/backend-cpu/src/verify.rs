//! The verdicts of a batch of signatures: one random linear combination for all of them, and a
//! search for the bad ones where it fails.

use rayon::prelude::*;
use tutti_backend::Outcomes;
use tutti_curves::{Curve, Group, Pair, Signed};
use tutti_types::{GroupId, Verdict};

use crate::Context;
use crate::arithmetic::{Arithmetic, BulkCurve, World};
use crate::caches::WorldCaches;
use crate::resolve::{Factor, FlatItem, ItemState, KeyPoint, Parcels, Resolved, SigPoint, resolve};
use crate::search;
use crate::weighted_sum;
use crate::weights::{self, DigitShape, Weight};

pub(crate) type Gt<W> = <<W as Signed>::Curve as Curve>::Gt;
pub(crate) type SigSum<W> = <<W as Signed>::Sig as Group>::Sum;

pub(crate) fn verify<W: World>(
    parcels: &Parcels<'_, W>,
    caches: &WorldCaches<W>,
    context: &mut Context,
) -> Vec<Outcomes> {
    let resolved = resolve(parcels, caches, context);
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
    let mut items = regular(&resolved.items);
    let mut bad = Vec::new();
    let mut failed_tries = 0;
    let weighted = loop {
        if items.is_empty() {
            return bad;
        }
        let security = context.bits.bits();
        let shape = weighted_sum::shape(items.len(), security);
        // Drawn anew for each try: what a failed try revealed must not help the next.
        let weights = match items.len() {
            1 => vec![Weight::ONE],
            count => weights::draw(count, shape, &mut context.random),
        };
        let points: Vec<SigPoint<W>> = items.iter().map(|(_, point)| *point).collect();
        let arithmetic = context.arithmetic;
        match weighted_sum::checked::<W::Sig>(arithmetic, &points, &weights, shape, failed_tries) {
            Ok(sum) => {
                break Weighted::new(arithmetic, resolved, &items, points, weights, shape, sum);
            }
            Err(outside) => {
                failed_tries += 1;
                bad.extend(outside.iter().map(|&at| items[at].0));
                let mut at = 0;
                items.retain(|_| {
                    at += 1;
                    !outside.contains(&(at - 1))
                });
            }
        }
    };
    bad.extend(weighted.bad_items());
    bad
}

fn regular<W: World>(items: &[FlatItem<'_, W>]) -> Vec<(u32, SigPoint<W>)> {
    items
        .iter()
        .zip(0..)
        .filter_map(|(item, at)| match &item.state {
            ItemState::Regular(point) => Some((at, *point)),
            _ => None,
        })
        .collect()
}

/// Which side of the pairs is shared by a group of factors.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shared {
    Message,
    Key,
}

/// A batch whose signatures are all in the subgroup, with its coefficients.
pub(crate) struct Weighted<'a, W: World> {
    arithmetic: Arithmetic,
    resolved: &'a Resolved<'a, W>,
    shared: Shared,
    shape: DigitShape,
    /// The weight and signature of each item of the batch; none for items that are not in it.
    entries: Vec<Option<(Weight, SigPoint<W>)>>,
    /// Items in leaf order.
    leaves: Vec<Leaf<W>>,
    sum: SigSum<W>,
}

/// Some items with all their factors and their Miller loops' product.
pub(crate) struct Leaf<W: World> {
    pub(crate) items: Vec<u32>,
    pub(crate) product: Gt<W>,
}

impl<'a, W: World> Weighted<'a, W> {
    #[allow(clippy::too_many_arguments)] // All that a sealed and checked batch is.
    fn new(
        arithmetic: Arithmetic,
        resolved: &'a Resolved<'a, W>,
        items: &[(u32, SigPoint<W>)],
        points: Vec<SigPoint<W>>,
        weights: Vec<Weight>,
        shape: DigitShape,
        sum: SigSum<W>,
    ) -> Self {
        let mut entries = vec![None; resolved.items.len()];
        for ((&(item, _), point), weight) in items.iter().zip(points).zip(weights) {
            entries[item as usize] = Some((weight, point));
        }
        let live: Vec<Factor> = resolved
            .factors
            .iter()
            .filter(|factor| entries[factor.item as usize].is_some())
            .copied()
            .collect();
        let mut weighted = Self {
            arithmetic,
            resolved,
            shared: cheaper_side(&live),
            shape,
            entries,
            leaves: Vec::new(),
            sum,
        };
        let groups = weighted.groups(&live);
        let components = components(&groups);
        weighted.leaves = pack(components)
            .into_par_iter()
            .map(|groups| weighted.leaf(&groups))
            .collect();
        weighted
    }

    fn bad_items(&self) -> Vec<u32> {
        let product = product::<W>(&self.leaves);
        if self.holds(&product, &[], &self.sum) {
            Vec::new()
        } else {
            search::bad_items(self)
        }
    }

    pub(crate) fn leaves(&self) -> &[Leaf<W>] {
        &self.leaves
    }

    pub(crate) const fn sum(&self) -> SigSum<W> {
        self.sum
    }

    /// Whether Miller loops that were made before, those of some items' own factors and the one
    /// of the weighted sum of all their signatures come to one.
    pub(crate) fn holds(&self, made: &Gt<W>, items: &[u32], signatures: &SigSum<W>) -> bool {
        let factors: Vec<Factor> = items
            .iter()
            .flat_map(|&item| self.factors_of(item))
            .collect();
        let groups = self.groups(&factors);
        let mut pairs = self.pairs(&groups.iter().collect::<Vec<_>>());
        pairs.extend(W::Sig::to_affine(signatures).map(|sum| W::signature_pair(&sum)));
        let loops = W::Curve::miller_many(self.arithmetic, &pairs);
        W::Curve::is_one(&W::Curve::mul(made, &loops))
    }

    /// The weighted sum of some items' signatures.
    pub(crate) fn signature_sum(&self, items: &[u32]) -> SigSum<W> {
        let (weights, points): (Vec<_>, Vec<_>) =
            items.iter().map(|&item| self.entry(item)).unzip();
        weighted_sum::unchecked::<W::Sig>(self.arithmetic, &points, &weights, self.shape)
    }

    fn factors_of(&self, item: u32) -> impl Iterator<Item = Factor> + '_ {
        let factors = &self.resolved.factors;
        let start = factors.partition_point(|factor| factor.item < item);
        factors[start..]
            .iter()
            .take_while(move |factor| factor.item == item)
            .copied()
    }

    fn entry(&self, item: u32) -> (Weight, SigPoint<W>) {
        self.entries[item as usize].expect("only items of the batch are asked for")
    }

    fn groups(&self, factors: &[Factor]) -> Vec<FactorGroup> {
        let mut places = std::collections::HashMap::new();
        let mut groups: Vec<FactorGroup> = Vec::new();
        for factor in factors {
            let shared = match self.shared {
                Shared::Message => factor.message,
                Shared::Key => factor.key,
            };
            let place = *places.entry(shared).or_insert_with(|| {
                groups.push(FactorGroup::default());
                groups.len() - 1
            });
            groups[place].factors.push(*factor);
        }
        groups
    }

    fn leaf(&self, groups: &[FactorGroup]) -> Leaf<W> {
        let mut items: Vec<u32> = groups
            .iter()
            .flat_map(|group| group.factors.iter().map(|f| f.item))
            .collect();
        items.sort_unstable();
        items.dedup();
        let references: Vec<_> = groups.iter().collect();
        Leaf {
            items,
            product: W::Curve::miller_many(self.arithmetic, &self.pairs(&references)),
        }
    }

    /// One pair for each group: its varied side added up with weights, its shared side as it is.
    fn pairs(&self, groups: &[&FactorGroup]) -> Vec<Pair<W::Curve>> {
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
        groups.iter().filter_map(pair).collect()
    }

    /// What a group's pair shares. A single factor may carry its weight on either side: G1 is
    /// the cheaper one.
    fn shared_by(&self, group: &FactorGroup) -> Shared {
        match (group.factors.len(), W::KEY_GROUP) {
            (1, GroupId::G1) => Shared::Message,
            (1, GroupId::G2) => Shared::Key,
            _ => self.shared,
        }
    }

    fn weighted_keys(&self, group: &FactorGroup) -> Vec<(KeyPoint<W>, Weight)> {
        let weighted = |f: &Factor| (self.resolved.keys[f.key as usize], self.entry(f.item).0);
        group.factors.iter().map(weighted).collect()
    }

    fn weighted_messages(&self, group: &FactorGroup) -> Vec<(SigPoint<W>, Weight)> {
        let weighted = |f: &Factor| {
            (
                self.resolved.messages[f.message as usize],
                self.entry(f.item).0,
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

pub(crate) fn product<W: World>(leaves: &[Leaf<W>]) -> Gt<W> {
    leaves.iter().fold(W::Curve::one(), |product, leaf| {
        W::Curve::mul(&product, &leaf.product)
    })
}

/// Fewer groups are fewer Miller loops. Messages are shared unless keys are clearly fewer.
fn cheaper_side(factors: &[Factor]) -> Shared {
    let distinct = |of: fn(&Factor) -> u32| {
        factors
            .iter()
            .map(of)
            .collect::<std::collections::HashSet<_>>()
            .len()
    };
    if 2 * distinct(|factor| factor.key) <= distinct(|factor| factor.message) {
        Shared::Key
    } else {
        Shared::Message
    }
}

/// Groups that have items in common must stay together: an item's factors are one equation.
fn components(groups: &[FactorGroup]) -> Vec<Vec<FactorGroup>> {
    fn root(parent: &mut [usize], mut at: usize) -> usize {
        while parent[at] != at {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        at
    }
    let mut parent: Vec<usize> = (0..groups.len()).collect();
    let mut first_of_item = std::collections::HashMap::new();
    for (at, group) in groups.iter().enumerate() {
        for factor in &group.factors {
            let other = *first_of_item.entry(factor.item).or_insert(at);
            let (a, b) = (root(&mut parent, at), root(&mut parent, other));
            parent[a.max(b)] = a.min(b);
        }
    }
    let mut members: Vec<Vec<FactorGroup>> = vec![Vec::new(); groups.len()];
    for (at, group) in groups.iter().enumerate() {
        members[root(&mut parent, at)].push(group.clone());
    }
    members.retain(|component| !component.is_empty());
    members
}

/// Leaves of up to 16 pairs, which is as many as share squarings in blst's Miller loop; of
/// fewer where all threads would not have one otherwise.
fn pack(components: Vec<Vec<FactorGroup>>) -> Vec<Vec<FactorGroup>> {
    const PAIRS_MAX: usize = 16;
    let pairs: usize = components.iter().map(Vec::len).sum();
    let leaf_pairs = pairs
        .div_ceil(rayon::current_num_threads())
        .clamp(1, PAIRS_MAX);
    let mut leaves: Vec<Vec<FactorGroup>> = Vec::new();
    for component in components {
        match leaves.last_mut() {
            Some(leaf) if leaf.len() + component.len() <= leaf_pairs => leaf.extend(component),
            _ => leaves.push(component),
        }
    }
    leaves
}
