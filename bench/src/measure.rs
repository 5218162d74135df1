use std::time::{Duration, Instant};

use crate::machine::Machine;
use crate::report::{Report, Side};
use crate::scenario::Scenario;
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

/// Times `ours`, and `theirs` in turn with it so that both see the same machine. For a poisoned
/// scenario the same batch without its bad items is timed along.
pub fn measure(
    scenario: Scenario,
    seed: u64,
    plan: Plan,
    ours: &mut dyn Subject,
    mut theirs: Option<&mut dyn Subject>,
) -> Result<Report, SubjectFailure> {
    let workload = Workload::generate(scenario, seed);
    let clean = match scenario {
        Scenario::Poisoned(n, _) => Some(Workload::generate(Scenario::Distinct(n), seed)),
        _ => None,
    };
    let (mut our_times, mut their_times, mut clean_times) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..plan.warm_up {
        ours.run(&workload)?;
        if let Some(theirs) = theirs.as_deref_mut() {
            theirs.run(&workload)?;
        }
    }
    let started = Instant::now();
    for round in 0..plan.rounds_max {
        if round >= plan.rounds_min && started.elapsed() > plan.time {
            break;
        }
        // Whoever goes second finds warmer caches: take turns.
        let we_go_first = round % 2 == 0;
        if we_go_first {
            our_times.push(timed(ours, &workload)?);
        }
        if let Some(theirs) = theirs.as_deref_mut() {
            their_times.push(timed(theirs, &workload)?);
        }
        if !we_go_first {
            our_times.push(timed(ours, &workload)?);
        }
        if let Some(clean) = &clean {
            clean_times.push(timed(ours, clean)?);
        }
    }
    let items = scenario.items();
    Ok(Report {
        scenario: scenario.to_string(),
        items,
        seed,
        rounds: our_times.len(),
        ratio: ratio(&their_times, &our_times),
        poison_overhead: ratio(&our_times, &clean_times).map(|r| r.median - 1.0),
        ours: Side::new(ours.name(), items, &our_times),
        against: theirs.map(|theirs| Side::new(theirs.name(), items, &their_times)),
        machine: Machine::here(),
        samples_us: our_times.iter().map(|t| t.as_micros() as u64).collect(),
        against_samples_us: their_times.iter().map(|t| t.as_micros() as u64).collect(),
    })
}

fn timed(subject: &mut dyn Subject, workload: &Workload) -> Result<Duration, SubjectFailure> {
    let start = Instant::now();
    subject.run(workload)?;
    Ok(start.elapsed())
}

/// Medians over rounds of the ratio within a round, and its quartiles.
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    pub median: f64,
    pub quartiles: [f64; 2],
}

fn ratio(above: &[Duration], below: &[Duration]) -> Option<Ratio> {
    let mut ratios: Vec<f64> = above
        .iter()
        .zip(below)
        .map(|(a, b)| a.as_secs_f64() / b.as_secs_f64())
        .collect();
    if ratios.is_empty() {
        return None;
    }
    ratios.sort_by(f64::total_cmp);
    let at = |share: f64| ratios[((ratios.len() - 1) as f64 * share).round() as usize];
    Some(Ratio {
        median: at(0.5),
        quartiles: [at(0.25), at(0.75)],
    })
}
