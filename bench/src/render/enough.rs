//! The plain answer, from the slot, the fleet and the highest rates; says so where they are not
//! measured.

use super::of_kind;
use super::page::Block;
use crate::results::Measurement;

/// A class of gossip is in time where this share of it was.
const IN_TIME: f64 = 0.99;

pub(super) fn answer(measurements: &[Measurement]) -> Vec<Block> {
    let mut blocks = vec![Block::Heading("When a CPU is enough")];
    let slot = of_kind(measurements, "slot").find(|m| m.text("place") == "server");
    blocks.push(Block::Words(match slot {
        None => "Not measured yet: there is no `slot` result for the server.".into(),
        Some(slot) => for_a_node(slot),
    }));
    let points: Vec<String> = fleets(measurements).chain(limits(measurements)).collect();
    if !points.is_empty() {
        blocks.push(Block::Points(points));
        blocks.push(Block::Words(
            "Below those rates a device buys nothing that this CPU does not give. Above them more \
             cores or a device are needed: cores first, while their verdicts cost less."
                .into(),
        ));
    }
    blocks
}

fn for_a_node(slot: &Measurement) -> String {
    let cores = slot.number("cores_used").unwrap_or_default();
    let has = slot.value["machine"]["cores"].as_f64().unwrap_or(1.0);
    let p99 = slot.value["arrival_to_verdict_us"]["p99"].as_f64();
    let p99 = p99.unwrap_or_default() / 1e3;
    let mut classes = slot.value["classes"].as_array().into_iter().flatten();
    let all_in_time = classes.all(|class| {
        class["share_decided_of_arrived_by_mark"]
            .as_f64()
            .is_some_and(|share| share > IN_TIME)
    });
    let is_clean = [
        "refused_requests",
        "undecided_sets",
        "wrong_sets",
        "unanswered_requests",
    ]
    .iter()
    .all(|count| slot.number(count) == Some(0.0));
    let verdict = if all_in_time && is_clean {
        "is enough"
    } else {
        "is not enough"
    };
    format!(
        "For one node on all of mainnet's subnets this machine's CPU **{verdict}**: over the slot \
         Tutti used {cores:.2} of {has:.0} cores, and 99 % of gossip objects had their verdict \
         {p99:.0} ms after they arrived."
    )
}

fn fleets(measurements: &[Measurement]) -> impl Iterator<Item = String> {
    let fleets = of_kind(measurements, "open").filter(|m| m.scenario() == "avs-fleet");
    fleets.filter_map(|m| {
        let stream = m.value["streams"].get(0)?;
        let p99 = stream["latency_us"]["p99"].as_f64()? / 1e3;
        let rate = m.number("rate")?;
        let whole = ["refused", "unsent", "lost", "undecided_items", "wrong_items"]
            .iter()
            .all(|count| stream[*count].as_f64() == Some(0.0));
        let verdict = if whole {
            "all decided"
        } else {
            "**not all decided**"
        };
        Some(format!(
            "A fleet of 1,000 rollups with {rate:.0} certificates a second: {verdict}, p99 {p99:.1} ms."
        ))
    })
}

fn limits(measurements: &[Measurement]) -> impl Iterator<Item = String> {
    of_kind(measurements, "search").filter_map(|search| {
        let rate = search.number("highest_rate")?;
        let items = rate * search.number("items_per_request").unwrap_or(1.0);
        Some(format!(
            "Steady `{}` in requests of {} through {}: up to {items:.0} a second with {} % of \
             answers within {} ms.",
            search.scenario(),
            search.value["items_per_request"],
            search.text("place"),
            search.value["percentile"],
            search.value["limit_ms"],
        ))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn slot(share: f64) -> Measurement {
        Measurement {
            path: "x.json".into(),
            value: json!({
                "kind": "slot", "scenario": "mainnet-slot", "command": "slot", "place": "server",
                "threads": 2, "cores_used": 0.61, "machine": {"cores": 2},
                "arrival_to_verdict_us": {"p99": 42_000}, "refused_requests": 0,
                "undecided_sets": 0, "wrong_sets": 0, "unanswered_requests": 0,
                "classes": [{"share_decided_of_arrived_by_mark": share}],
            }),
        }
    }

    fn said(measurements: &[Measurement]) -> String {
        super::super::page::markdown(&answer(measurements))
    }

    #[test]
    fn a_cpu_is_called_enough_only_where_verdicts_were_in_time() {
        let text = said(&[slot(0.999)]);
        assert!(text.contains("CPU **is enough**"), "{text}");
        assert!(text.contains("0.61 of 2 cores"), "{text}");
        let text = said(&[slot(0.98)]);
        assert!(text.contains("**is not enough**"), "{text}");
        assert!(said(&[]).contains("Not measured yet"));
    }
}
