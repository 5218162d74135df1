//! Tells a change from noise. Both runs measured the same baseline in the same rounds, so each
//! is first divided by it round by round: what made one machine or hour slower cancels out.

use std::fmt::Write as _;
use std::path::Path;

use crate::results::{Measurement, ResultsError, load};
use crate::statistics::{quantile, resampled_medians};

/// What is smaller than this is not worth calling a change, however sure it is.
const SMALLEST: f64 = 0.01;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    Faster,
    Slower,
    /// The interval holds 1, or the difference is below one percent.
    NoChangeShown,
}

impl Finding {
    pub const fn text(self) -> &'static str {
        match self {
            Self::Faster => "faster",
            Self::Slower => "slower",
            Self::NoChangeShown => "no change shown",
        }
    }
}

/// One measurement that both have.
#[derive(Clone, Debug)]
pub struct Comparison {
    pub name: String,
    /// Speed of the second over the first.
    pub change: f64,
    pub interval: [f64; 2],
    pub finding: Finding,
}

/// Compares two files or folders of batch measurements.
pub fn compare(before: &Path, after: &Path) -> Result<Vec<Comparison>, ResultsError> {
    let (befores, afters) = (load(before)?, load(after)?);
    let comparisons: Vec<Comparison> = befores
        .iter()
        .filter_map(|old| {
            let new = afters.iter().find(|new| name(new) == name(old))?;
            comparison(name(old), &ratios(old), &ratios(new))
        })
        .collect();
    if comparisons.is_empty() {
        return Err(ResultsError::NothingShared(before.into(), after.into()));
    }
    Ok(comparisons)
}

fn name(measurement: &Measurement) -> String {
    let threads = measurement.number("threads").unwrap_or_default();
    format!(
        "{} against {}, {threads} threads",
        measurement.scenario(),
        measurement.text("against")
    )
}

/// Our speed over the baseline's, round by round.
fn ratios(measurement: &Measurement) -> Vec<f64> {
    let times = |field: &str| -> Vec<f64> {
        let times = measurement.value[field].as_array();
        times
            .into_iter()
            .flatten()
            .filter_map(serde_json::Value::as_f64)
            .collect()
    };
    times("against_samples_us")
        .iter()
        .zip(times("samples_us"))
        .map(|(theirs, ours)| theirs / ours.max(1.0))
        .collect()
}

fn comparison(name: String, old: &[f64], new: &[f64]) -> Option<Comparison> {
    if old.is_empty() || new.is_empty() {
        return None;
    }
    let median = |values: &[f64]| {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        quantile(&sorted, 0.5)
    };
    let mut changes: Vec<f64> = resampled_medians(new, 1)
        .iter()
        .zip(resampled_medians(old, 2))
        .map(|(new, old)| new / old)
        .collect();
    changes.sort_unstable_by(f64::total_cmp);
    let change = median(new) / median(old);
    let interval = [quantile(&changes, 0.025), quantile(&changes, 0.975)];
    let finding = match interval {
        _ if (change - 1.0).abs() < SMALLEST => Finding::NoChangeShown,
        [low, _] if low > 1.0 => Finding::Faster,
        [_, high] if high < 1.0 => Finding::Slower,
        _ => Finding::NoChangeShown,
    };
    Some(Comparison {
        name,
        change,
        interval,
        finding,
    })
}

/// A line each.
pub fn to_text(comparisons: &[Comparison]) -> String {
    comparisons.iter().fold(String::new(), |mut text, found| {
        let [low, high] = found.interval;
        let _ = writeln!(
            text,
            "{}: {:.3} ({low:.3} to {high:.3}) {}",
            found.name,
            found.change,
            found.finding.text()
        );
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(old: &[f64], new: &[f64]) -> Finding {
        comparison(String::new(), old, new)
            .expect("there are rounds")
            .finding
    }

    fn noisy(median: f64) -> Vec<f64> {
        (0..21)
            .map(|n| median * (1.0 + 0.004 * f64::from(n - 10)))
            .collect()
    }

    #[test]
    fn a_real_change_is_told_from_noise() {
        assert_eq!(finding(&noisy(2.0), &noisy(2.0)), Finding::NoChangeShown);
        assert_eq!(finding(&noisy(2.0), &noisy(2.01)), Finding::NoChangeShown);
        assert_eq!(finding(&noisy(2.0), &noisy(2.4)), Finding::Faster);
        assert_eq!(finding(&noisy(2.4), &noisy(2.0)), Finding::Slower);
    }

    #[test]
    fn a_difference_within_the_noise_is_no_change() {
        let wild = [1.0, 2.0, 3.0, 4.0, 5.0, 1.5, 2.5];
        let wilder = [1.2, 2.2, 3.2, 4.2, 5.2, 1.7, 2.7];
        assert_eq!(finding(&wild, &wilder), Finding::NoChangeShown);
    }
}
