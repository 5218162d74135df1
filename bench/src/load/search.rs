use std::time::Duration;

use serde_json::{Value, json};

use super::record::LoadReport;

/// A rate is good while this share of requests is answered within this time, and every one of
/// them is answered.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// 0.99 for the 99th percentile.
    pub quantile: f64,
    pub latency: Duration,
}

impl Limit {
    pub fn holds(&self, report: &LoadReport) -> bool {
        let latency = report.latency.value_at_quantile(self.quantile);
        report.answered > 0
            && report.shortfall.is_none()
            && u128::from(latency) <= self.latency.as_micros()
    }
}

/// One rate that was tried.
#[derive(Clone, Debug)]
pub struct Trial {
    pub rate: f64,
    pub held: bool,
    pub report: LoadReport,
}

#[derive(Clone, Debug)]
pub struct SearchReport {
    /// The highest rate that held; none if not even the lowest did.
    pub rate: Option<f64>,
    pub trials: Vec<Trial>,
}

impl SearchReport {
    pub fn to_json(&self) -> Value {
        let trial = |trial: &Trial| {
            json!({
                "rate": trial.rate,
                "held": trial.held,
                "report": trial.report.to_json(),
            })
        };
        json!({
            "highest_rate": self.rate,
            "trials": self.trials.iter().map(trial).collect::<Vec<_>>(),
        })
    }
}

/// Doublings at most: from one request a second past any machine's reach.
const DOUBLINGS_MAX: usize = 24;
/// The answer is this close to the first rate that did not hold.
const RESOLUTION: f64 = 1.05;

/// Doubles the rate until the limit breaks, then halves the distance until it is small.
pub fn highest_rate(
    from: f64,
    limit: &Limit,
    mut run: impl FnMut(f64) -> LoadReport,
) -> SearchReport {
    let mut trials = Vec::new();
    let mut holds = |rate: f64| {
        let report = run(rate);
        let held = limit.holds(&report);
        trials.push(Trial { rate, held, report });
        held
    };
    let mut good = None;
    let mut rate = from;
    let mut bad = None;
    for _ in 0..DOUBLINGS_MAX {
        if !holds(rate) {
            bad = Some(rate);
            break;
        }
        good = Some(rate);
        rate *= 2.0;
    }
    if let (Some(mut low), Some(mut high)) = (good, bad) {
        while high / low > RESOLUTION {
            let middle = (low * high).sqrt();
            if holds(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        good = Some(low);
    }
    SearchReport { rate: good, trials }
}
