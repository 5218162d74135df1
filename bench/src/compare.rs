//! Tells a change from noise.
//!
//! [`pair`] decides: it runs two programs by turns, many times, and each pair of runs is one
//! observation. [`compare`] reads what was measured before. Both of its runs measured the same
//! baseline in the same rounds, so each is first divided by it; but rounds of one run agree
//! better than runs do, so with one run on each side it can only give a hint.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::results::{Measurement, ResultsError, load};
use crate::statistics::{Estimate, estimate, quantile, resampled_medians};

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
    fn of(change: f64, interval: [f64; 2]) -> Self {
        match interval {
            _ if (change - 1.0).abs() < SMALLEST => Self::NoChangeShown,
            [low, _] if low > 1.0 => Self::Faster,
            [_, high] if high < 1.0 => Self::Slower,
            _ => Self::NoChangeShown,
        }
    }

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
    Some(Comparison {
        name,
        change,
        interval,
        finding: Finding::of(change, interval),
    })
}

/// What [`pair`] runs, by turns.
#[derive(Clone, Debug)]
pub struct Pairing {
    pub before: PathBuf,
    pub after: PathBuf,
    pub pairs: usize,
    /// The arguments of one measurement, one scenario: `batch --scenario … --against …`.
    pub arguments: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum PairError {
    #[error("{program} cannot be run: {reason}")]
    Run { program: PathBuf, reason: String },
    #[error("{program} printed no measurement of one scenario: {reason}")]
    Output { program: PathBuf, reason: String },
    #[error("fewer than {PAIRS_MIN} pairs show nothing: ask for more")]
    TooFew,
}

const PAIRS_MIN: usize = 5;

/// Runs two builds of `tutti` by turns and compares each pair: ours over the baseline's
/// speed where there is a baseline, else items a second.
pub fn pair(pairing: &Pairing) -> Result<Comparison, PairError> {
    if pairing.pairs < PAIRS_MIN {
        return Err(PairError::TooFew);
    }
    let mut changes = Vec::with_capacity(pairing.pairs);
    for nth in 0..pairing.pairs {
        let run = |program: &PathBuf| speed(program, &pairing.arguments);
        let (old, new) = if nth % 2 == 0 {
            let old = run(&pairing.before)?;
            (old, run(&pairing.after)?)
        } else {
            let new = run(&pairing.after)?;
            (run(&pairing.before)?, new)
        };
        changes.push(new / old);
    }
    let Estimate {
        median, interval, ..
    } = estimate(&changes).expect("there are pairs");
    Ok(Comparison {
        name: pairing.arguments.join(" "),
        change: median,
        interval,
        finding: Finding::of(median, interval),
    })
}

fn speed(program: &Path, arguments: &[String]) -> Result<f64, PairError> {
    let failed = |reason: String| PairError::Run {
        program: program.to_owned(),
        reason,
    };
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let unreadable = |reason: String| PairError::Output {
        program: program.to_owned(),
        reason,
    };
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).map_err(|error| unreadable(error.to_string()))?;
    let number = |field: &str| report[field].as_f64().filter(|number| *number > 0.0);
    number("ratio")
        .or_else(|| number("items_per_s"))
        .ok_or_else(|| unreadable("it has neither ratio nor items_per_s".into()))
}

/// What [`compare`] may say: a line each, and that it is a hint.
pub fn hints(comparisons: &[Comparison]) -> String {
    let mut text = to_text(comparisons);
    text.push_str("One run on each side: a hint only. `compare` of two programs decides.\n");
    text
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

    /// Two programs that print what a measurement prints.
    #[cfg(unix)]
    #[test]
    fn pairs_of_runs_decide() {
        use std::fs;
        use std::os::unix::fs::PermissionsExt as _;
        let dir = std::env::temp_dir().join(format!("tutti-pair-{}", std::process::id()));
        fs::create_dir_all(&dir).expect("the folder can be written");
        let program = |name: &str, body: &str| {
            let path = dir.join(name);
            fs::write(&path, format!("#!/bin/sh\n{body}\n")).expect("it can be written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
            path
        };
        let pairing = |before: &str, after: &str, pairs| Pairing {
            before: dir.join(before),
            after: dir.join(after),
            pairs,
            arguments: vec!["batch".into()],
        };
        program("two", r#"echo '{"ratio": 2.0, "items_per_s": 7}'"#);
        program("three", r#"echo '{"ratio": 3.0, "items_per_s": 1}'"#);
        program("silent", "true");
        program("failing", "echo broken >&2; exit 1");
        let found = pair(&pairing("two", "three", 5)).expect("both run");
        assert_eq!(found.finding, Finding::Faster);
        assert!((found.change - 1.5).abs() < 1e-9);
        let found = pair(&pairing("two", "two", 5)).expect("both run");
        assert_eq!(found.finding, Finding::NoChangeShown);
        let result = |before, after, pairs| pair(&pairing(before, after, pairs));
        assert!(matches!(
            result("two", "silent", 5),
            Err(PairError::Output { .. })
        ));
        assert!(matches!(
            result("failing", "two", 5),
            Err(PairError::Run { .. })
        ));
        assert!(matches!(result("two", "three", 1), Err(PairError::TooFew)));
        fs::remove_dir_all(&dir).expect("it is ours");
    }

    #[test]
    fn a_difference_within_the_noise_is_no_change() {
        let wild = [1.0, 2.0, 3.0, 4.0, 5.0, 1.5, 2.5];
        let wilder = [1.2, 2.2, 3.2, 4.2, 5.2, 1.7, 2.7];
        assert_eq!(finding(&wild, &wilder), Finding::NoChangeShown);
    }
}
