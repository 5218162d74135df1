//! One slot of Ethereum's mainnet as a node on all subnets sees it: a million validators, what
//! they sign, and when it arrives.
//!
//! Counts are those of the specification at a million validators. Of the arrival curves these
//! points are measured by others (first sightings by the fastest of several sentries, June
//! 2026): half of the votes by 2.916 s, 29.9 % after 4 s; half of the aggregates by 8.042 s,
//! 95 % by 8.072 s, 97.8 % between 8.000 and 8.099 s. The rest of each curve, the block's
//! arrival, the votes' split over messages and the makeup of the block's attestations are
//! assumptions, each named below.

use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};

use super::{Blueprint, Item};

const COMMITTEES: usize = 64;
/// A million validators over 32 slots.
const VOTERS: usize = 31_250;
/// 16.25 for each committee.
const AGGREGATORS: usize = 1_040;
pub(crate) const SYNC_COMMITTEE: usize = 512;
const SYNC_SUBCOMMITTEES: usize = 4;
const CONTRIBUTIONS: usize = 64;
const BLOCK_ATTESTATIONS: usize = 8;
/// Assumption: one aggregate over all committees of the slot before, the others are stragglers
/// of a committee each: 31,016 keys in all.
const BLOCK_MAIN_ATTESTERS: usize = 27_600;
const BLOCK_LATE_ATTESTERS: usize = 488;

const VOTE_MESSAGES: u32 = 3;
const SELECTION: u32 = VOTE_MESSAGES;
const BLOCK_ROOT: u32 = SELECTION + 1;
const SUBCOMMITTEE_SELECTION: u32 = BLOCK_ROOT + 1;
const PROPOSAL: u32 = SUBCOMMITTEE_SELECTION + SYNC_SUBCOMMITTEES as u32;
const RANDAO: u32 = PROPOSAL + 1;
const PARENT_ROOT: u32 = RANDAO + 1;
const PARENT_VOTES: u32 = PARENT_ROOT + 1;
const AGGREGATE_AND_PROOF: u32 = PARENT_VOTES + VOTE_MESSAGES;
const CONTRIBUTION_AND_PROOF: u32 = AGGREGATE_AND_PROOF + AGGREGATORS as u32;

pub(crate) const MESSAGES: usize = CONTRIBUTION_AND_PROOF as usize + CONTRIBUTIONS;
pub(crate) const SETS: usize =
    VOTERS + 3 * AGGREGATORS + SYNC_COMMITTEE + 3 * CONTRIBUTIONS + 3 + BLOCK_ATTESTATIONS;
const KEYS: usize = VOTERS + SYNC_COMMITTEE + 1;
const PROPOSER: u32 = KEYS as u32 - 1;

/// What arrives as one gossip object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    Vote,
    Aggregate,
    SyncMessage,
    Contribution,
    Block,
}

impl Class {
    pub const ALL: [Self; 5] = [
        Self::Vote,
        Self::Aggregate,
        Self::SyncMessage,
        Self::Contribution,
        Self::Block,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Vote => "votes",
            Self::Aggregate => "aggregates",
            Self::SyncMessage => "sync messages",
            Self::Contribution => "contributions",
            Self::Block => "block",
        }
    }

    /// As it stands in a trace.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Vote => "vote",
            Self::Aggregate => "aggregate",
            Self::SyncMessage => "sync-message",
            Self::Contribution => "contribution",
            Self::Block => "block",
        }
    }

    /// When a share of the class has arrived: seconds into the slot, and the share. Straight
    /// lines between.
    const fn curve(self) -> &'static [(f64, f64)] {
        match self {
            // Measured: 2.916 and 4.0. Assumed: nothing before 1.0 s; most of those who saw no
            // block by 4 s vote at once then.
            Self::Vote => &[
                (1.0, 0.0),
                (2.916, 0.5),
                (4.0, 0.701),
                (4.3, 0.9),
                (5.0, 0.97),
                (7.9, 1.0),
            ],
            // Measured: all but the two ends.
            Self::Aggregate | Self::Contribution => &[
                (7.95, 0.0),
                (8.0, 0.006),
                (8.042, 0.5),
                (8.072, 0.95),
                (8.099, 0.984),
                (8.6, 1.0),
            ],
            // Assumed to follow the block as votes do.
            Self::SyncMessage => &[(1.0, 0.0), (2.916, 0.5), (4.0, 0.7), (4.5, 1.0)],
            // Assumed; votes wait for it.
            Self::Block => &[(0.9, 0.0), (0.901, 1.0)],
        }
    }
}

/// A gossip object: when it arrives and which signature sets it brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    pub at: Duration,
    pub class: Class,
    pub sets: std::ops::Range<u32>,
}

/// 96 % of the votes for one head, the others split: assumption.
fn vote_message(voter: usize) -> u32 {
    match voter % 100 {
        0..=95 => 0,
        96..=98 => 1,
        _ => 2,
    }
}

fn committee(number: usize) -> std::ops::Range<usize> {
    number * VOTERS / COMMITTEES..(number + 1) * VOTERS / COMMITTEES
}

fn set(signers: impl IntoIterator<Item = u32>, message: u32) -> Item {
    Item {
        signers: signers.into_iter().collect(),
        message,
    }
}

/// The sets in the order of [`objects`].
pub(super) fn blueprint() -> Blueprint {
    let mut items = Vec::with_capacity(SETS);
    items.extend((0..VOTERS).map(|voter| set([voter as u32], vote_message(voter))));
    for nth in 0..AGGREGATORS {
        let committee = committee(nth % COMMITTEES);
        let aggregator = (committee.start + nth / COMMITTEES) as u32;
        // What the aggregator has seen by 8 s: all who voted for the head but a few.
        let seen = committee.filter(|voter| vote_message(*voter) == 0 && (voter + nth) % 16 != 0);
        items.push(set([aggregator], SELECTION));
        items.push(set([aggregator], AGGREGATE_AND_PROOF + nth as u32));
        items.push(set(seen.map(|voter| voter as u32), 0));
    }
    let sync = |nth: usize| (VOTERS + nth) as u32;
    items.extend((0..SYNC_COMMITTEE).map(|nth| set([sync(nth)], BLOCK_ROOT)));
    let share = SYNC_COMMITTEE / SYNC_SUBCOMMITTEES;
    for nth in 0..CONTRIBUTIONS {
        let first = nth % SYNC_SUBCOMMITTEES * share;
        let contributor = sync(first + nth / SYNC_SUBCOMMITTEES);
        let seen = (first..first + share).filter(|member| (member + nth) % 32 != 0);
        let selection = SUBCOMMITTEE_SELECTION + (nth % SYNC_SUBCOMMITTEES) as u32;
        items.push(set([contributor], selection));
        items.push(set([contributor], CONTRIBUTION_AND_PROOF + nth as u32));
        items.push(set(seen.map(sync), BLOCK_ROOT));
    }
    block(&mut items);
    Blueprint {
        keys: KEYS,
        messages: MESSAGES,
        items,
        bad: Vec::new(),
    }
}

fn block(items: &mut Vec<Item>) {
    items.push(set([PROPOSER], PROPOSAL));
    items.push(set([PROPOSER], RANDAO));
    let committee = (0..SYNC_COMMITTEE).map(|nth| (VOTERS + nth) as u32);
    items.push(set(committee, PARENT_ROOT));
    items.push(set(0..BLOCK_MAIN_ATTESTERS as u32, PARENT_VOTES));
    for late in 0..BLOCK_ATTESTATIONS - 1 {
        let first = late * BLOCK_LATE_ATTESTERS;
        let late_votes = first as u32..(first + BLOCK_LATE_ATTESTERS) as u32;
        items.push(set(late_votes, PARENT_VOTES + 1 + late as u32 % 2));
    }
}

/// Gossip objects of the slot: class and sets, in the order of the blueprint.
pub(crate) fn objects() -> Vec<(Class, std::ops::Range<u32>)> {
    let kinds = [
        (Class::Vote, VOTERS, 1),
        (Class::Aggregate, AGGREGATORS, 3),
        (Class::SyncMessage, SYNC_COMMITTEE, 1),
        (Class::Contribution, CONTRIBUTIONS, 3),
        (Class::Block, 1, 3 + BLOCK_ATTESTATIONS as u32),
    ];
    let mut first = 0;
    let mut objects = Vec::new();
    for (class, count, sets) in kinds {
        for _ in 0..count {
            objects.push((class, first..first + sets));
            first += sets;
        }
    }
    objects
}

/// When each object of the slot arrives, earliest first.
pub fn arrivals(seed: u64) -> Vec<Arrival> {
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let mut arrivals: Vec<Arrival> = objects()
        .into_iter()
        .map(|(class, sets)| {
            let share = (f64::from(random.next_u32()) + 0.5) / 2f64.powi(32);
            Arrival {
                at: Duration::from_secs_f64(quantile(class.curve(), share)),
                class,
                sets,
            }
        })
        .collect();
    arrivals.sort_by_key(|arrival| arrival.at);
    arrivals
}

fn quantile(curve: &[(f64, f64)], share: f64) -> f64 {
    let after = curve.partition_point(|&(_, reached)| reached < share);
    let (t0, s0) = curve[after.max(1) - 1];
    let (t1, s1) = curve[after.clamp(1, curve.len() - 1)];
    t0 + (t1 - t0) * (share - s0) / (s1 - s0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slot_is_the_modelled_one() {
        let blueprint = blueprint();
        assert_eq!(blueprint.items.len(), SETS);
        assert!((35_000..35_200).contains(&SETS));
        assert!((1_100..1_140).contains(&MESSAGES));
        let mut used = vec![false; MESSAGES];
        for item in &blueprint.items {
            used[item.message as usize] = true;
            assert!(item.signers.iter().all(|&key| (key as usize) < KEYS));
            assert!(!item.signers.is_empty());
        }
        assert!(used.iter().all(|used| *used));
        let of_block = &blueprint.items[SETS - 3 - BLOCK_ATTESTATIONS..];
        let keys: usize = of_block.iter().map(|item| item.signers.len()).sum();
        assert!((30_000..32_000).contains(&keys), "{keys} keys");
        let objects = objects();
        assert_eq!(
            objects.last().map(|(_, sets)| sets.end as usize),
            Some(SETS)
        );
    }

    #[test]
    fn the_curves_pass_through_their_measured_points() {
        let arrivals = arrivals(7);
        assert!(arrivals.is_sorted_by_key(|arrival| arrival.at));
        let share = |class: Class, from: f64, to: f64| {
            let all = arrivals.iter().filter(|arrival| arrival.class == class);
            let within = |arrival: &&Arrival| (from..to).contains(&arrival.at.as_secs_f64());
            all.clone().filter(within).count() as f64 / all.count() as f64
        };
        let near = |a: f64, b: f64, tolerance: f64| assert!((a - b).abs() < tolerance, "{a} {b}");
        near(share(Class::Vote, 0.0, 2.916), 0.5, 0.01);
        near(share(Class::Vote, 4.0, 12.0), 0.299, 0.01);
        near(share(Class::Aggregate, 0.0, 8.042), 0.5, 0.05);
        near(share(Class::Aggregate, 0.0, 8.072), 0.95, 0.03);
        near(share(Class::Aggregate, 8.0, 8.099), 0.978, 0.02);
        near(share(Class::Block, 0.0, 1.0), 1.0, 1e-9);
    }
}
