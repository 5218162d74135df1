use std::time::Duration;

use serde_json::{Value, json};

use crate::machine::Machine;
use crate::statistics::Estimate;

/// What one measurement gave.
#[derive(Clone, Debug)]
pub struct Report {
    pub scenario: String,
    pub items: usize,
    pub seed: u64,
    pub rounds: usize,
    pub ours: Side,
    pub against: Option<Side>,
    /// Ours over theirs in items per second, round by round.
    pub ratio: Option<Estimate>,
    /// How much dearer a batch is than the same without its bad items; 0.05 is five percent.
    pub poison_overhead: Option<f64>,
    pub machine: Machine,
    /// What our rounds took, or why that is not readable.
    pub energy: Value,
    pub samples_us: Vec<u64>,
    pub against_samples_us: Vec<u64>,
}

#[derive(Clone, Debug)]
pub struct Side {
    pub name: String,
    /// Items over the median time of a round.
    pub items_per_s: f64,
    pub p50_us: u64,
    pub p99_us: u64,
}

impl Side {
    pub(crate) fn new(name: String, items: usize, times: &[Duration]) -> Self {
        let mut sorted = times.to_vec();
        sorted.sort_unstable();
        let at = |share: f64| {
            let place = ((sorted.len().max(1) - 1) as f64 * share).ceil() as usize;
            sorted.get(place).copied().unwrap_or_default()
        };
        Self {
            name,
            items_per_s: items as f64 / at(0.5).as_secs_f64().max(1e-9),
            p50_us: at(0.5).as_micros() as u64,
            p99_us: at(0.99).as_micros() as u64,
        }
    }
}

impl Report {
    /// The names are a contract.
    pub fn to_json(&self, backend: &str, threads: usize) -> Value {
        let against = self.against.as_ref();
        json!({
            "scenario": self.scenario,
            "backend": backend,
            "subject": self.ours.name,
            "against": against.map(|side| &side.name),
            "threads": threads,
            "items": self.items,
            "items_per_s": self.ours.items_per_s,
            "against_items_per_s": against.map(|side| side.items_per_s),
            "ratio": self.ratio.map(|ratio| ratio.median),
            "ratio_quartiles": self.ratio.map(|ratio| ratio.quartiles),
            "ratio_interval_95": self.ratio.map(|ratio| ratio.interval),
            "poison_overhead": self.poison_overhead,
            "p50_us": self.ours.p50_us,
            "p99_us": self.ours.p99_us,
            "against_p50_us": against.map(|side| side.p50_us),
            "against_p99_us": against.map(|side| side.p99_us),
            "rounds": self.rounds,
            "seed": self.seed,
            "machine": self.machine.to_json(),
            "energy": self.energy,
            "samples_us": self.samples_us,
            "against_samples_us": self.against_samples_us,
        })
    }
}
