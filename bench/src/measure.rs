use std::time::{Duration, Instant};

use serde_json::Value;

use crate::energy::{EnergyMeter, Joules};
use crate::machine::Machine;
use crate::progress::Progress;
use crate::report::{Report, Side};
use crate::scenario::Scenario;
use crate::statistics::{estimate, round_ratios};
use crate::subject::{Subject, SubjectFailure};
use crate::workload::Workload;

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub rounds_min: usize,
    pub rounds_max: usize,
    /// Rounds are added until this much time is spent or the maximum is reached.
    pub time: Duration,
    pub warm_up: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            rounds_min: 5,
            rounds_max: 2_000,
            time: Duration::from_secs(10),
            warm_up: 1,
        }
    }
}

/// The times of each round.
#[derive(Debug, Default)]
struct Rounds {
    ours: Vec<Duration>,
    theirs: Vec<Duration>,
    clean: Vec<Duration>,
    /// Of ours alone.
    joules: Joules,
}

/// Times `ours`, and `theirs` in turn with it so that both see the same machine. For a poisoned
/// scenario the same batch without its bad items is timed along.
pub fn measure(
    scenario: Scenario,
    seed: u64,
    plan: Plan,
    ours: &mut dyn Subject,
    mut theirs: Option<&mut (dyn Subject + 'static)>,
) -> Result<Report, SubjectFailure> {
    let making = Progress::of(&format!("making {scenario}"));
    let workload = Workload::generate(scenario, seed);
    let clean = scenario
        .without_bad_items()
        .map(|clean| Workload::generate(clean, seed));
    drop(making);
    let _progress = Progress::over(&scenario.to_string(), plan.time);
    let meter = EnergyMeter::here();
    for _ in 0..plan.warm_up {
        ours.run(&workload)?;
        if let Some(theirs) = theirs.as_deref_mut() {
            theirs.run(&workload)?;
        }
    }
    let mut rounds = Rounds::default();
    let started = Instant::now();
    for round in 0..plan.rounds_max {
        if round >= plan.rounds_min && started.elapsed() > plan.time {
            break;
        }
        // Whoever goes second finds warmer caches: take turns.
        let we_go_first = round % 2 == 0;
        if we_go_first {
            rounds.measure_ours(ours, &workload, &meter)?;
        }
        if let Some(theirs) = theirs.as_deref_mut() {
            rounds.theirs.push(timed(theirs, &workload)?);
        }
        if !we_go_first {
            rounds.measure_ours(ours, &workload, &meter)?;
        }
        if let Some(clean) = &clean {
            rounds.clean.push(timed(ours, clean)?);
        }
    }
    let names = (ours.name(), theirs.map(|theirs| theirs.name()));
    let verdicts = rounds.ours.len() * scenario.items();
    let energy = meter.to_json(rounds.joules, verdicts as u64);
    Ok(Report {
        energy,
        ..rounds.report(scenario, seed, names)
    })
}

impl Rounds {
    fn measure_ours(
        &mut self,
        ours: &mut dyn Subject,
        workload: &Workload,
        meter: &EnergyMeter,
    ) -> Result<(), SubjectFailure> {
        let before = meter.read();
        self.ours.push(timed(ours, workload)?);
        self.joules += meter.since(&before);
        Ok(())
    }

    fn report(
        self,
        scenario: Scenario,
        seed: u64,
        (ours, theirs): (String, Option<String>),
    ) -> Report {
        let items = scenario.items();
        let micros = |times: &[Duration]| times.iter().map(|t| t.as_micros() as u64).collect();
        Report {
            scenario: scenario.to_string(),
            items,
            seed,
            rounds: self.ours.len(),
            ratio: estimate(&round_ratios(&self.theirs, &self.ours)),
            poison_overhead: estimate(&round_ratios(&self.ours, &self.clean))
                .map(|ratio| ratio.median - 1.0),
            ours: Side::new(ours, items, &self.ours),
            against: theirs.map(|name| Side::new(name, items, &self.theirs)),
            machine: Machine::here(),
            energy: Value::Null,
            samples_us: micros(&self.ours),
            against_samples_us: micros(&self.theirs),
        }
    }
}

fn timed(subject: &mut dyn Subject, workload: &Workload) -> Result<Duration, SubjectFailure> {
    let start = Instant::now();
    subject.run(workload)?;
    Ok(start.elapsed() / subject.times())
}
