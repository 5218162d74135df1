//! What a batch's equation is made of: which factors share a pair, and which pairs a leaf of the
//! tree that a failed batch is searched by.

use crate::arithmetic::{Arithmetic, BulkCurve, World};
use crate::resolve::Factor;
use crate::search::Span;

/// Which side of the pairs is shared by a group of factors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Shared {
    Message,
    Key,
}

/// Which factors share a pair, and which pairs a leaf of the tree that a failed batch is searched by.
pub(crate) struct Plan {
    pub(crate) shared: Shared,
    pub(crate) leaves: Vec<Leaf>,
}

/// Some items with all their factors.
pub(crate) struct Leaf {
    pub(crate) items: Vec<u32>,
    pub(crate) groups: Vec<FactorGroup>,
}

impl Plan {
    pub(crate) fn new<W: World>(arithmetic: Arithmetic, factors: &[Factor]) -> Self {
        let shared = cheaper_side(factors);
        let leaf_pairs = W::Curve::leaf_pairs(arithmetic);
        let leaves = pack(components(groups(shared, factors)), leaf_pairs);
        Self {
            shared,
            leaves: leaves.into_iter().map(Leaf::new).collect(),
        }
    }

    /// All items, leaf by leaf.
    pub(crate) fn items(&self) -> Vec<u32> {
        self.leaves
            .iter()
            .flat_map(|leaf| &leaf.items)
            .copied()
            .collect()
    }

    /// How many items each part has of those that the search begins with.
    pub(crate) fn part_lengths(&self, fan_out: usize) -> Vec<usize> {
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

/// Factors that share a message or a key.
#[derive(Clone, Debug, Default)]
pub(crate) struct FactorGroup {
    pub(crate) factors: Vec<Factor>,
}

pub(crate) fn groups(shared: Shared, factors: &[Factor]) -> Vec<FactorGroup> {
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

/// Leaves of up to so many pairs; of fewer where all threads would not have one otherwise, and at the
/// end, so that no thread waits long for another's last leaf.
fn pack(components: Vec<Vec<FactorGroup>>, pairs_max: usize) -> Vec<Vec<FactorGroup>> {
    /// Smaller leaves share too few squarings.
    const LAST_PAIRS: usize = 16;
    let threads = rayon::current_num_threads();
    let mut left: usize = components.iter().map(Vec::len).sum();
    let share = left.div_ceil(threads).clamp(1, pairs_max);
    let last = if threads == 1 {
        share
    } else {
        share.min(LAST_PAIRS)
    };
    let mut leaves: Vec<Vec<FactorGroup>> = Vec::new();
    let mut room = 0;
    for component in components {
        if room < component.len() {
            room = if left > pairs_max { share } else { last };
            leaves.push(Vec::new());
        }
        room = room.saturating_sub(component.len());
        left -= component.len();
        let leaf = leaves.last_mut().expect("there is no room at first");
        leaf.extend(component);
    }
    leaves
}
