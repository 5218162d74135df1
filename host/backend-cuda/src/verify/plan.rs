//! How a batch lies on the device. Items over the same messages form groups, which share their
//! pairs; groups form leaves, whose products stay on the device; leaves form parts. Items are in
//! that order, so that each of these is a run of them.

use std::ops::Range;

use rand_chacha::ChaCha20Rng;
use rand_core::RngCore;
use rustc_hash::FxHashMap;

use super::DeviceWorld;
use super::asked::{Asked, HashKind};
use super::canary::Canary;
use crate::composer::{LEAF_PAIRS, Lists, plus};
use crate::points::compressed;
use crate::signers::Signers;

/// Items of a group, and of a leaf: what the search goes down to before it makes new pairs. Further
/// items of the same messages are another group, whose pairs are few among so many additions.
const LEAF_ITEMS: u32 = 1_024;

/// Items that share their messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) items: Range<u32>,
    /// Of its first item; the others' follow.
    pub(super) first_factor: u32,
    /// One for each message.
    pub(super) pairs: Range<u32>,
}

impl Group {
    /// The factors of some of the group's items that have its n-th message.
    pub(super) fn factors(&self, items: Range<u32>, nth: u32) -> impl Iterator<Item = u32> {
        let messages = self.pairs.len() as u32;
        let (first, begin) = (self.first_factor, self.items.start);
        items.map(move |item| first + (item - begin) * messages + nth)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) items: Range<u32>,
    pub(super) pairs: Range<u32>,
    pub(super) groups: Range<usize>,
}

/// The questions to the device, the known item among them.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    /// The items' places among those asked; none for the known one.
    pub(super) items: Vec<Option<usize>>,
    pub(super) canary_at: usize,
    /// Compressed, one after the other.
    pub(super) signatures: Vec<u8>,
    /// Keys sent along, compressed, one after the other; the known item's is the last.
    pub(super) inline_keys: Vec<u8>,
    /// Of each factor, item by item, its keys.
    pub(super) factors: Signers<'a>,
    /// The item of each factor.
    pub(super) owners: Vec<u32>,
    /// Distinct messages by how they are hashed; they are numbered in this order.
    pub(super) hashings: Vec<(&'a HashKind, Vec<&'a [u8]>)>,
    pub(super) messages: u32,
    /// The message of each pair.
    pub(super) pairs: Vec<u32>,
    pub(super) groups: Vec<Group>,
    pub(super) leaves: Vec<Leaf>,
    /// Runs of leaves.
    pub(super) parts: Vec<Range<usize>>,
}

/// Who belongs together, before it is put in order.
struct Members<'a> {
    /// Of each item, in the order in which they came: its place among those asked.
    items: Vec<Option<usize>>,
    groups: Vec<u32>,
    sizes: Vec<u32>,
    /// The messages of each group, by number of hashing and place among its messages.
    messages: Vec<Vec<(usize, u32)>>,
    texts: Vec<Vec<&'a [u8]>>,
}

impl<'a> Members<'a> {
    fn new<W: DeviceWorld>(
        asked: &'a Asked<'_, W>,
        canary: &'a Canary<W>,
        random: &mut ChaCha20Rng,
    ) -> Self {
        let mut members = Self {
            items: Vec::with_capacity(asked.items.len() + 1),
            groups: Vec::with_capacity(asked.items.len() + 1),
            sizes: Vec::new(),
            messages: Vec::new(),
            texts: vec![Vec::new(); asked.hashings.len()],
        };
        let mut places: FxHashMap<(usize, &[u8]), u32> = FxHashMap::default();
        let mut open: FxHashMap<Vec<(usize, u32)>, u32> = FxHashMap::default();
        // The known item comes at a random place.
        let canary_after = random.next_u64() as usize % asked.items.len();
        for (at, item) in asked.items.iter().enumerate() {
            let place = |factor: &'a super::asked::AskedFactor<'_>| {
                let own = &mut members.texts[factor.hashing];
                let next = own.len() as u32;
                let place = *places
                    .entry((factor.hashing, &factor.whole))
                    .or_insert(next);
                if place == next {
                    own.push(&factor.whole);
                }
                (factor.hashing, place)
            };
            let messages: Vec<_> = asked.factors(item).iter().map(place).collect();
            match open.get(&messages) {
                Some(&group) if members.sizes[group as usize] < LEAF_ITEMS => {
                    members.add(Some(at), group);
                }
                _ => {
                    let group = members.begin(messages.clone());
                    members.add(Some(at), group);
                    open.insert(messages, group);
                }
            }
            if at == canary_after {
                members.texts[0].push(&canary.message);
                let place = members.texts[0].len() as u32 - 1;
                let group = members.begin(vec![(0, place)]);
                members.add(None, group);
            }
        }
        members
    }

    fn begin(&mut self, messages: Vec<(usize, u32)>) -> u32 {
        self.messages.push(messages);
        self.sizes.push(0);
        self.sizes.len() as u32 - 1
    }

    fn add(&mut self, item: Option<usize>, group: u32) {
        self.items.push(item);
        self.groups.push(group);
        self.sizes[group as usize] += 1;
    }

    /// The items group by group.
    fn in_order(&self) -> Vec<Option<usize>> {
        let mut next: Vec<u32> = self
            .sizes
            .iter()
            .scan(0, |end, size| {
                *end += size;
                Some(*end - size)
            })
            .collect();
        let mut ordered = vec![None; self.items.len()];
        for (item, group) in self.items.iter().zip(&self.groups) {
            let place = &mut next[*group as usize];
            ordered[*place as usize] = *item;
            *place += 1;
        }
        ordered
    }
}

impl<'a> Plan<'a> {
    /// A part ends with the leaf that makes it have `part_items` or more.
    pub(super) fn new<W: DeviceWorld>(
        asked: &'a Asked<'_, W>,
        canary: &'a Canary<W>,
        part_items: usize,
        random: &mut ChaCha20Rng,
    ) -> Self {
        let members = Members::new(asked, canary, random);
        let mut inline_keys = asked.inline.clone();
        inline_keys.extend(&canary.key);
        let mut plan = Self {
            items: members.in_order(),
            canary_at: 0,
            signatures: Vec::new(),
            inline_keys,
            factors: Signers::with_words(&asked.words),
            owners: Vec::new(),
            hashings: Vec::new(),
            messages: members.texts.iter().map(|texts| texts.len() as u32).sum(),
            pairs: Vec::new(),
            groups: Vec::new(),
            leaves: Vec::new(),
            parts: Vec::new(),
        };
        plan.gather(asked, canary);
        plan.group(&members);
        plan.pack(part_items);
        plan.hashings = asked.hashings.iter().zip(members.texts).collect();
        plan
    }

    /// What each item brings along.
    fn gather<W: DeviceWorld>(&mut self, asked: &Asked<'_, W>, canary: &Canary<W>) {
        for (at, item) in self.items.iter().enumerate() {
            let Some(item) = item.map(|item| &asked.items[item]) else {
                self.canary_at = at;
                self.signatures.extend(&canary.signature);
                self.factors.push_terms(&asked.canary_key());
                self.owners.push(at as u32);
                continue;
            };
            self.signatures.extend(compressed::<W::Sig>(item.signature));
            for factor in asked.factors(item) {
                asked.name_keys(factor, &mut self.factors);
                self.owners.push(at as u32);
            }
        }
    }

    fn group(&mut self, members: &Members<'_>) {
        let firsts: Vec<u32> = members
            .texts
            .iter()
            .scan(0, |next, texts| {
                *next += texts.len() as u32;
                Some(*next - texts.len() as u32)
            })
            .collect();
        let (mut item, mut factor) = (0, 0);
        for (size, messages) in members.sizes.iter().zip(&members.messages) {
            let first_pair = self.pairs.len() as u32;
            let numbers = messages
                .iter()
                .map(|(hashing, place)| firsts[*hashing] + place);
            self.pairs.extend(numbers);
            self.groups.push(Group {
                items: item..item + size,
                first_factor: factor,
                pairs: first_pair..self.pairs.len() as u32,
            });
            item += size;
            factor += size * messages.len() as u32;
        }
    }

    fn pack(&mut self, part_items: usize) {
        for (at, group) in self.groups.iter().enumerate() {
            let fits = |leaf: &&mut Leaf| {
                let (items, pairs) = (
                    group.items.end - leaf.items.start,
                    group.pairs.end - leaf.pairs.start,
                );
                items <= LEAF_ITEMS && pairs <= LEAF_PAIRS
            };
            match self.leaves.last_mut().filter(fits) {
                Some(leaf) => {
                    leaf.items.end = group.items.end;
                    leaf.pairs.end = group.pairs.end;
                    leaf.groups.end = at + 1;
                }
                None => self.leaves.push(Leaf {
                    items: group.items.clone(),
                    pairs: group.pairs.clone(),
                    groups: at..at + 1,
                }),
            }
        }
        let mut first = 0;
        for (at, leaf) in self.leaves.iter().enumerate() {
            let items = leaf.items.end - self.leaves[first].items.start;
            if items as usize >= part_items || at + 1 == self.leaves.len() {
                self.parts.push(first..at + 1);
                first = at + 1;
            }
        }
    }

    /// The places of each pair's keys among the weighted ones, as terms of a sum.
    pub(super) fn pair_terms(&self) -> Lists {
        let mut terms = Lists::default();
        for group in &self.groups {
            for nth in 0..group.pairs.len() as u32 {
                terms.push(group.factors(group.items.clone(), nth).map(plus));
            }
        }
        terms
    }

    /// Whether every factor is a pair of its own.
    pub(super) const fn one_factor_each(&self) -> bool {
        self.owners.len() == self.pairs.len()
    }

    pub(super) fn leaf_of(&self, item: usize) -> usize {
        self.leaves
            .partition_point(|leaf| leaf.items.end as usize <= item)
    }

    /// Where each part's items begin, and the end.
    pub(super) fn part_starts(&self) -> Vec<u32> {
        let starts = self
            .parts
            .iter()
            .map(|part| self.leaves[part.start].items.start);
        starts.chain([self.items.len() as u32]).collect()
    }
}
