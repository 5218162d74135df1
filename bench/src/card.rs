//! What an FPGA card was asked to do, and what that would be on hardware: projections, from the cycles that were counted and the
//! designs that were placed and routed. No card is timed here.

use comfy_table::Table;
use serde_json::{Value, json};
use tutti_engine::Engine;
use tutti_hdl::microcode;
use tutti_hdl::routed::{Routed, designs};

/// Bytes a second on a board's serial line: 3 Mbit/s, ten bits to a byte.
const LINE_BYTES_A_S: f64 = 300_000.0;

/// What an engine's card has done since it was started.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CardWork {
    /// Those whose verdict is the card's and the host's together.
    items: u64,
    cycles: u64,
    bytes: u64,
}

impl CardWork {
    /// None where the engine has no card.
    pub(crate) fn of(engine: &Engine) -> Option<Self> {
        engine.backends().iter().find_map(|status| {
            let counter = |name: &str| {
                let found = status.counters.iter().find(|(counter, _)| *counter == name);
                found.map(|(_, value)| *value)
            };
            Some(Self {
                items: counter("items_by_card")? + counter("items_redecided")?,
                cycles: counter("card_cycles")?,
                bytes: counter("card_bytes")?,
            })
        })
    }

    /// None where the card decided nothing meanwhile.
    pub(crate) fn since(self, before: Self) -> Option<CardCost> {
        let items = self.items - before.items;
        (items > 0).then(|| CardCost {
            items,
            cycles: (self.cycles - before.cycles) as f64 / items as f64,
            bytes: (self.bytes - before.bytes) as f64 / items as f64,
        })
    }
}

/// What an item of a scenario costs a card.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CardCost {
    items: u64,
    cycles: f64,
    bytes: f64,
}

impl CardCost {
    pub(crate) fn to_json(self) -> Value {
        let projected: Vec<Value> = designs()
            .iter()
            .map(|design| {
                json!({
                    "design": design.name,
                    "cores": design.cores,
                    "megahertz": design.megahertz,
                    "items_per_s": per_second(design, self.cycles),
                })
            })
            .collect();
        json!({
            "items": self.items,
            "cycles_an_item": self.cycles,
            "bytes_an_item": self.bytes,
            "projected_not_measured": projected,
            "serial_line_items_per_s": LINE_BYTES_A_S / self.bytes,
        })
    }
}

fn per_second(design: &Routed, cycles: f64) -> f64 {
    f64::from(design.cores) * design.megahertz * 1e6 / cycles
}

/// Cycles of each scenario's items and of each operation that cards have a program for, and what they would be on each design
/// that was routed.
pub(crate) fn projections(scenarios: &[(String, CardCost)]) -> String {
    let designs = designs();
    let mut table = Table::new();
    let named = |design: &Routed| {
        let Routed {
            name,
            cores,
            megahertz,
        } = design;
        let word = if *cores == 1 { "core" } else { "cores" };
        format!("{name}: {cores} {word}, {megahertz} MHz")
    };
    let head = ["on a card", "cycles", "bytes"].map(str::to_owned);
    table.set_header(head.into_iter().chain(designs.iter().map(named)));
    let row = |name: &str, cycles: f64, bytes: String| {
        let cells = [name.to_owned(), format!("{cycles:.0}"), bytes];
        let rates = designs.iter().map(|design| per_second(design, cycles));
        let rates = rates.map(|rate| format!("{rate:.1} /s"));
        cells.into_iter().chain(rates).collect::<Vec<_>>()
    };
    for (scenario, cost) in scenarios {
        let name = format!("{scenario}, an item");
        table.add_row(row(&name, cost.cycles, format!("{:.0}", cost.bytes)));
    }
    for (name, cycles) in microcode::operations() {
        table.add_row(row(name, cycles as f64, String::new()));
    }
    format!(
        "{table}\nRates are projections, not measurements: the frequencies are static timing after routing, all cores \
         always have work, and neither the host nor the line is counted. A serial line of 3 Mbit/s carries {LINE_BYTES_A_S} \
         bytes a second. An item of a scenario is what the card computes of it, Miller loops; the rest is the host's."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_costs_what_came_since() {
        let work = |items, cycles, bytes| CardWork {
            items,
            cycles,
            bytes,
        };
        let before = work(10, 5_000, 700);
        assert!(work(10, 9_000, 900).since(before).is_none());
        let cost = work(14, 7_000, 1_100).since(before).expect("four items");
        assert_eq!((cost.items, cost.cycles, cost.bytes), (4, 500.0, 100.0));
    }

    /// Every design with its own cores and frequency, under a name that says what the rates are.
    #[test]
    fn rates_are_those_of_the_designs_that_were_routed() {
        let cost = CardCost {
            items: 1,
            cycles: 1e6,
            bytes: 600.0,
        };
        let json = cost.to_json();
        let projected = json["projected_not_measured"].as_array().expect("a list");
        assert_eq!(projected.len(), designs().len());
        for (projected, design) in projected.iter().zip(designs()) {
            let rate = projected["items_per_s"].as_f64().expect("a rate");
            let expected = f64::from(design.cores) * design.megahertz;
            assert!((rate - expected).abs() < 1e-6, "{projected}");
        }
        assert_eq!(json["serial_line_items_per_s"], 500.0);
        let text = projections(&[("single".into(), cost)]);
        assert!(text.contains("projections, not measurements"), "{text}");
        // The whole check of docs/fpga.md.
        assert!(text.contains("2412504"), "{text}");
    }
}
