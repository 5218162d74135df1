//! The energy that a measurement took, where the machine tells.
//!
//! Processors count the energy of their packages (RAPL), and Linux shows the counters in
//! `powercap`; virtual machines mostly hide them. NVIDIA's devices count theirs, and NVML, which
//! comes with their driver, tells.

use std::fs;
use std::path::{Path, PathBuf};

use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;
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

/// What the counters showed.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    packages_uj: Option<Vec<u64>>,
    devices_mj: Option<u64>,
}

/// What was used between two readings, where it was readable.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Joules {
    cpu: Option<f64>,
    gpu: Option<f64>,
}

impl std::ops::AddAssign for Joules {
    fn add_assign(&mut self, more: Self) {
        let add = |sum: Option<f64>, more: Option<f64>| match (sum, more) {
            (Some(sum), Some(more)) => Some(sum + more),
            (one, other) => one.or(other),
        };
        self.cpu = add(self.cpu, more.cpu);
        self.gpu = add(self.gpu, more.gpu);
    }
}

#[derive(Debug)]
pub(crate) struct EnergyMeter {
    packages: Result<Vec<Package>, Unreadable>,
    devices: Result<Nvml, NvmlError>,
}

impl EnergyMeter {
    pub(crate) fn here() -> Self {
        Self {
            packages: packages(Path::new(POWERCAP)),
            devices: Nvml::init(),
        }
    }

    pub(crate) fn read(&self) -> Reading {
        let counters = |packages: &Vec<Package>| -> Option<Vec<u64>> {
            let counters = packages.iter().map(|package| number(&package.counter).ok());
            counters.collect()
        };
        Reading {
            packages_uj: self.packages.as_ref().ok().and_then(counters),
            devices_mj: self.devices.as_ref().ok().and_then(|nvml| drawn(nvml).ok()),
        }
    }

    /// The whole machine's since a reading, whoever used it.
    pub(crate) fn since(&self, before: &Reading) -> Joules {
        let now = self.read();
        let cpu = match (&self.packages, &before.packages_uj, &now.packages_uj) {
            (Ok(packages), Some(before), Some(now)) => Some(used(packages, before, now)),
            _ => None,
        };
        let gpu = match (before.devices_mj, now.devices_mj) {
            (Some(before), Some(now)) => Some(now.saturating_sub(before) as f64 / 1e3),
            _ => None,
        };
        Joules { cpu, gpu }
    }

    pub(crate) fn to_json(&self, joules: Joules, verdicts: u64) -> Value {
        let packages = self.packages.as_ref().err().map(ToString::to_string);
        let devices = self.devices.as_ref().err().map(ToString::to_string);
        json!({
            "cpu": told(joules.cpu, packages, verdicts),
            "gpu": told(joules.gpu, devices, verdicts),
        })
    }
}

fn told(joules: Option<f64>, unreadable: Option<String>, verdicts: u64) -> Value {
    match joules {
        Some(joules) => json!({
            "joules": joules,
            "joules_per_million_verdicts": joules / verdicts.max(1) as f64 * 1e6,
        }),
        None => {
            json!({ "not_readable": unreadable.unwrap_or("the counters tell nothing".into()) })
        }
    }
}

/// Millijoules that all devices drew since their driver was loaded.
fn drawn(nvml: &Nvml) -> Result<u64, NvmlError> {
    (0..nvml.device_count()?)
        .map(|nth| nvml.device_by_index(nth)?.total_energy_consumption())
        .sum()
}

fn used(packages: &[Package], before: &[u64], now: &[u64]) -> f64 {
    let of_each = packages.iter().zip(before.iter().zip(now));
    let micro: u64 = of_each
        .map(|(package, (before, now))| match now.checked_sub(*before) {
            Some(used) => used,
            None => package.range_uj.saturating_sub(*before) + now,
        })
        .sum();
    micro as f64 / 1e6
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
        let meter = || EnergyMeter {
            packages: packages(&dir),
            devices: Err(NvmlError::DriverNotLoaded),
        };
        let present = meter();
        let before = present.read();
        zone("intel-rapl:0", "package-0", 7_500_000);
        zone("intel-rapl:0:0", "core", 900_000_000);
        zone("intel-rapl:1", "package-1", 500_000);
        let mut joules = present.since(&before);
        assert_eq!(joules.gpu, None);
        let cpu = joules.cpu.expect("the counters are there");
        assert!((cpu - 4.0).abs() < 1e-9, "{cpu}");
        joules += joules;
        let told = present.to_json(joules, 2_000_000);
        assert_eq!(told["cpu"]["joules_per_million_verdicts"], 4.0);
        assert!(told["gpu"]["not_readable"].is_string(), "{told}");
        fs::remove_dir_all(&dir).expect("it is ours");
        let gone = meter();
        let told = gone.to_json(gone.since(&gone.read()), 1);
        let reason = told["cpu"]["not_readable"].as_str().expect("a reason");
        assert!(reason.contains("no RAPL or hides it"), "{reason}");
    }
}
