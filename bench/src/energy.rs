//! The energy that a measurement took, where the machine tells.
//!
//! Processors count the energy of their packages (RAPL), and Linux shows the counters in
//! `powercap`; virtual machines mostly hide them. What a device draws its backend's library
//! tells (NVML for CUDA); no backend of this build has one.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

const POWERCAP: &str = "/sys/class/powercap";

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("{0} has no package that counts its energy: the machine has no RAPL or hides it")]
    NoCounter(PathBuf),
    #[error("{path} cannot be read: {reason}; the system may keep it for root")]
    Denied { path: PathBuf, reason: String },
}

/// One processor package.
#[derive(Clone, Debug)]
struct Package {
    counter: PathBuf,
    /// Where the counter begins again.
    range_uj: u64,
}

/// What the packages' counters showed.
#[derive(Clone, Debug)]
pub(crate) struct Reading(Vec<u64>);

#[derive(Clone, Debug)]
pub(crate) struct EnergyMeter {
    packages: Result<Vec<Package>, Unreadable>,
}

impl EnergyMeter {
    pub(crate) fn here() -> Self {
        Self::at(Path::new(POWERCAP))
    }

    fn at(folder: &Path) -> Self {
        Self {
            packages: packages(folder),
        }
    }

    pub(crate) fn read(&self) -> Option<Reading> {
        let packages = self.packages.as_ref().ok()?;
        let counters = packages.iter().map(|package| number(&package.counter).ok());
        Some(Reading(counters.collect::<Option<_>>()?))
    }

    /// Joules of all packages since a reading: the whole machine's, whoever used them.
    pub(crate) fn since(&self, earlier: Option<Reading>) -> Option<f64> {
        let packages = self.packages.as_ref().ok()?;
        let (Reading(before), Reading(now)) = (earlier?, self.read()?);
        let used = packages.iter().zip(before.iter().zip(&now));
        let micro: u64 = used
            .map(|(package, (before, now))| match now.checked_sub(*before) {
                Some(used) => used,
                None => package.range_uj.saturating_sub(*before) + now,
            })
            .sum();
        Some(micro as f64 / 1e6)
    }

    pub(crate) fn to_json(&self, joules: Option<f64>, verdicts: u64) -> Value {
        let cpu = match (&self.packages, joules) {
            (Ok(_), Some(joules)) => json!({
                "joules": joules,
                "joules_per_million_verdicts": joules / verdicts.max(1) as f64 * 1e6,
            }),
            (Ok(_), None) => json!({ "not_readable": "the counters went away" }),
            (Err(reason), _) => json!({ "not_readable": reason.to_string() }),
        };
        json!({ "cpu": cpu, "gpu": { "not_readable": "this build has no GPU backend" } })
    }
}

fn number(path: &Path) -> Result<u64, Unreadable> {
    let denied = |reason: String| Unreadable::Denied {
        path: path.to_owned(),
        reason,
    };
    let text = fs::read_to_string(path).map_err(|error| denied(error.to_string()))?;
    text.trim().parse().map_err(|_| denied("no number".into()))
}

/// Packages only: their cores and caches are counted in them.
fn packages(folder: &Path) -> Result<Vec<Package>, Unreadable> {
    let none = || Unreadable::NoCounter(folder.to_owned());
    let mut zones: Vec<PathBuf> = fs::read_dir(folder)
        .map_err(|_| none())?
        .flatten()
        .map(|entry| entry.path())
        .filter(|zone| {
            let name = fs::read_to_string(zone.join("name")).unwrap_or_default();
            name.starts_with("package")
        })
        .collect();
    zones.sort();
    if zones.is_empty() {
        return Err(none());
    }
    let package = |zone: &PathBuf| {
        let counter = zone.join("energy_uj");
        number(&counter)?;
        Ok(Package {
            range_uj: number(&zone.join("max_energy_range_uj"))?,
            counter,
        })
    };
    zones.iter().map(package).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_added_up_and_counters_begin_again() {
        let dir = std::env::temp_dir().join(format!("tutti-powercap-{}", std::process::id()));
        let zone = |name: &str, kind: &str, micro: u64| {
            let zone = dir.join(name);
            fs::create_dir_all(&zone).expect("the folder can be written");
            for (file, text) in [
                ("name", kind.to_owned()),
                ("max_energy_range_uj", "1000000000".to_owned()),
                ("energy_uj", micro.to_string()),
            ] {
                fs::write(zone.join(file), text + "\n").expect("the folder can be written");
            }
        };
        zone("intel-rapl:0", "package-0", 5_000_000);
        zone("intel-rapl:0:0", "core", 1);
        zone("intel-rapl:1", "package-1", 999_000_000);
        let meter = EnergyMeter::at(&dir);
        let before = meter.read();
        zone("intel-rapl:0", "package-0", 7_500_000);
        zone("intel-rapl:0:0", "core", 900_000_000);
        zone("intel-rapl:1", "package-1", 500_000);
        let joules = meter.since(before).expect("the counters are there");
        assert!((joules - 4.0).abs() < 1e-9, "{joules}");
        let told = meter.to_json(Some(joules), 2_000_000);
        assert_eq!(told["cpu"]["joules_per_million_verdicts"], 2.0);
        fs::remove_dir_all(&dir).expect("it is ours");
        let gone = EnergyMeter::at(&dir);
        assert!(gone.read().is_none());
        let told = gone.to_json(None, 1);
        let reason = told["cpu"]["not_readable"].as_str().expect("a reason");
        assert!(reason.contains("no RAPL or hides it"), "{reason}");
    }
}
