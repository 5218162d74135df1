//! What one appliance hears when nodes and relayers share it, each at its priority.

use std::sync::Arc;

use tutti_types::Priority;

use super::Workload;

/// One kind of caller. The shares of all add up to one.
#[derive(Clone, Copy, Debug)]
struct Kind {
    name: &'static str,
    scenario: &'static str,
    priority: Priority,
    /// Of all requests.
    share: f64,
    items_per_request: usize,
}

/// Assumptions: a node's gossip is most of the requests, an aggregate of 512 keys in a hundred
/// requests must be known at once, relayers ask one certificate at a time, and a node that
/// catches up sends large requests that can wait.
const KINDS: [Kind; 4] = [
    Kind {
        name: "blocks",
        scenario: "sync-committee",
        priority: Priority::Urgent,
        share: 0.01,
        items_per_request: 1,
    },
    Kind {
        name: "gossip",
        scenario: "grouped-4096-64",
        priority: Priority::Normal,
        share: 0.64,
        items_per_request: 16,
    },
    Kind {
        name: "relayers",
        scenario: "avs-quorum-64",
        priority: Priority::Normal,
        share: 0.3,
        items_per_request: 1,
    },
    Kind {
        name: "catching up",
        scenario: "distinct-1024",
        priority: Priority::Bulk,
        share: 0.05,
        items_per_request: 128,
    },
];

/// One kind of caller with what it asks.
#[derive(Debug)]
pub struct Crowd {
    pub name: &'static str,
    pub priority: Priority,
    pub share: f64,
    pub items_per_request: usize,
    pub workload: Arc<Workload>,
}

pub(super) fn crowds(seed: u64) -> Vec<Crowd> {
    let crowd = |(nth, kind): (u64, &Kind)| Crowd {
        name: kind.name,
        priority: kind.priority,
        share: kind.share,
        items_per_request: kind.items_per_request,
        workload: Arc::new(Workload::generate(
            kind.scenario.parse().expect("the kinds name scenarios"),
            seed + nth,
        )),
    };
    (0..).zip(&KINDS).map(crowd).collect()
}

/// The items of all kinds: 1 + 4,096 + 64 + 1,024.
pub(crate) const fn items() -> usize {
    5_185
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Scenario;

    #[test]
    fn the_shares_are_a_whole_and_the_items_are_counted() {
        let share: f64 = KINDS.iter().map(|kind| kind.share).sum();
        assert!((share - 1.0).abs() < 1e-9);
        let of = |kind: &Kind| kind.scenario.parse::<Scenario>().expect("a scenario");
        let all: usize = KINDS.iter().map(|kind| of(kind).items()).sum();
        assert_eq!(all, items());
        assert!(
            KINDS
                .iter()
                .all(|kind| of(kind).items() >= kind.items_per_request)
        );
    }
}
