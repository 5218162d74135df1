//! Raw data on disk: one JSON object for each measurement, with the machine and the command, and
//! what repeats in it (rounds, loops, trials, classes) as the lines of a CSV file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::machine::Machine;

#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    #[error("{path} cannot be read or written: {source}")]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{path} is not a result of `tutti bench`: {reason}")]
    Malformed { path: PathBuf, reason: String },
    #[error("{0} holds no results: measure something with --save {0}")]
    Empty(PathBuf),
    #[error("{0} and {1} share no measurement with a baseline: nothing can be compared")]
    NothingShared(PathBuf, PathBuf),
    #[error("a plot cannot be drawn: {0}")]
    Plot(String),
    #[error("{path} cannot be written as CSV: {source}")]
    Csv { path: PathBuf, source: csv::Error },
}

/// What a result is called and how it was made.
#[derive(Clone, Debug)]
pub struct Origin {
    /// "batch", "closed", "open", "search", "slot".
    pub kind: &'static str,
    pub scenario: String,
    /// What else tells it from others: subject, threads.
    pub variant: String,
    /// Arguments after `tutti bench`, as anybody can give them again.
    pub command: String,
}

/// One measurement as it lies on disk.
#[derive(Clone, Debug)]
pub struct Measurement {
    pub path: PathBuf,
    pub value: Value,
}

impl Measurement {
    pub fn kind(&self) -> &str {
        self.text("kind")
    }

    pub fn scenario(&self) -> &str {
        self.text("scenario")
    }

    pub fn command(&self) -> &str {
        self.text("command")
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.value[field].as_str().unwrap_or_default()
    }

    pub(crate) fn number(&self, field: &str) -> Option<f64> {
        self.value[field].as_f64()
    }
}

/// The load average before a measurement: whether the machine was quiet.
pub fn load_average() -> Option<f64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').next()?.parse().ok()
}

/// The revision that is measured, where this runs in its repository; marked where more than
/// results and documents differ from it.
pub(crate) fn revision() -> Option<String> {
    let git = |args: &[&str]| {
        let output = Command::new("git").args(args).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    let name = git(&["rev-parse", "--short", "HEAD"])?;
    let changed = git(&[
        "status",
        "--porcelain",
        "--",
        ":/",
        ":!/bench/results",
        ":!/docs",
    ])?;
    Some(if changed.is_empty() {
        name
    } else {
        name + "-dirty"
    })
}

/// Adds to a report how it came about.
pub fn document(origin: &Origin, report: Value, load_before: Option<f64>) -> Value {
    let mut document = json!({
        "kind": origin.kind,
        "scenario": origin.scenario,
        "command": origin.command,
        "load_average_before": load_before,
        "revision": revision(),
        "machine": Machine::here().to_json(),
    });
    if let (Some(document), Value::Object(report)) = (document.as_object_mut(), report) {
        for (name, value) in report {
            document.entry(name).or_insert(value);
        }
    }
    document
}

pub fn save(dir: &Path, origin: &Origin, document: &Value) -> Result<PathBuf, ResultsError> {
    let name: String = format!("{}-{}-{}", origin.kind, origin.scenario, origin.variant)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let path = dir.join(format!("{name}.json"));
    let io = |source| ResultsError::Io {
        path: path.clone(),
        source,
    };
    fs::create_dir_all(dir).map_err(io)?;
    let text = serde_json::to_string_pretty(document).expect("a report is JSON");
    fs::write(&path, text + "\n").map_err(io)?;
    let table = path.with_extension("csv");
    write_csv(&table, document).map_err(|source| ResultsError::Csv {
        path: table,
        source,
    })?;
    Ok(path)
}

/// Where the rows of a kind's table stand; a batch has a row for each round.
const ROWS: [&str; 4] = ["loops", "streams", "trials", "classes"];

fn rows(document: &Value) -> Vec<Value> {
    let array = |name: &str| document[name].as_array().cloned();
    if let Some(rows) = ROWS.iter().find_map(|name| array(name)) {
        return rows;
    }
    let against = array("against_samples_us").unwrap_or_default();
    let rounds = array("samples_us").unwrap_or_default();
    (0..)
        .zip(rounds)
        .map(|(round, us)| json!({ "round": round, "us": us, "against_us": against.get(round) }))
        .collect()
}

/// An object's fields, those of objects in it with the path's names joined by dots.
fn flat(prefix: &str, value: &Value, fields: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let path = if prefix.is_empty() {
                    name.clone()
                } else {
                    format!("{prefix}.{name}")
                };
                flat(&path, value, fields);
            }
        }
        Value::Null => drop(fields.insert(prefix.to_owned(), String::new())),
        Value::String(text) => drop(fields.insert(prefix.to_owned(), text.clone())),
        other => drop(fields.insert(prefix.to_owned(), other.to_string())),
    }
}

fn write_csv(path: &Path, document: &Value) -> Result<(), csv::Error> {
    let rows: Vec<BTreeMap<String, String>> = rows(document)
        .iter()
        .map(|row| {
            let mut fields = BTreeMap::new();
            flat("", row, &mut fields);
            fields
        })
        .collect();
    let names: BTreeSet<&String> = rows.iter().flat_map(BTreeMap::keys).collect();
    let mut writer = csv::Writer::from_path(path)?;
    writer.write_record(&names)?;
    for row in &rows {
        let cell = |name: &&String| row.get(*name).map_or("", String::as_str);
        writer.write_record(names.iter().map(cell))?;
    }
    Ok(writer.flush()?)
}

/// A file, or all of a folder ordered by name.
pub fn load(path: &Path) -> Result<Vec<Measurement>, ResultsError> {
    let io = |source| ResultsError::Io {
        path: path.to_owned(),
        source,
    };
    if path.is_file() {
        return Ok(vec![load_file(path)?]);
    }
    let mut files: Vec<PathBuf> = fs::read_dir(path)
        .map_err(io)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(io)?;
    files.retain(|file| file.extension().is_some_and(|ext| ext == "json"));
    files.sort();
    if files.is_empty() {
        return Err(ResultsError::Empty(path.to_owned()));
    }
    files.iter().map(|file| load_file(file)).collect()
}

fn load_file(path: &Path) -> Result<Measurement, ResultsError> {
    let text = fs::read_to_string(path).map_err(|source| ResultsError::Io {
        path: path.to_owned(),
        source,
    })?;
    let value = serde_json::from_str(&text).map_err(|error| ResultsError::Malformed {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    let measurement = Measurement {
        path: path.to_owned(),
        value,
    };
    for field in ["kind", "scenario", "command"] {
        if measurement.text(field).is_empty() {
            return Err(ResultsError::Malformed {
                path: path.to_owned(),
                reason: format!("it has no {field:?}"),
            });
        }
    }
    Ok(measurement)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_loaded_again() {
        let dir = std::env::temp_dir().join(format!("tutti-bench-{}", std::process::id()));
        let origin = Origin {
            kind: "batch",
            scenario: "single".into(),
            variant: "cpu/2".into(),
            command: "batch --scenario single".into(),
        };
        let report = json!({
            "items": 1, "kind": "else", "samples_us": [7, 8], "against_samples_us": [9],
        });
        let document = document(&origin, report, Some(0.5));
        let path = save(&dir, &origin, &document).expect("the folder can be written");
        assert!(path.ends_with("batch-single-cpu-2.json"));
        let loaded = load(&dir).expect("the folder can be read");
        assert_eq!(loaded.len(), 1);
        assert_eq!(loaded[0].kind(), "batch");
        assert_eq!(loaded[0].number("items"), Some(1.0));
        let table = fs::read_to_string(path.with_extension("csv")).expect("a table beside it");
        assert_eq!(table, "against_us,round,us\n9,0,7\n,1,8\n");
        fs::write(dir.join("other.json"), "{}").expect("the folder can be written");
        assert!(matches!(load(&dir), Err(ResultsError::Malformed { .. })));
        fs::remove_dir_all(&dir).expect("it is ours");
    }

    #[test]
    fn what_repeats_in_a_result_is_a_table() {
        let dir = std::env::temp_dir().join(format!("tutti-csv-{}", std::process::id()));
        fs::create_dir_all(&dir).expect("the folder can be written");
        let path = dir.join("table.csv");
        let document = json!({"loops": [
            {"concurrency": 1, "latency_us": {"p50": 5, "p99": 9}, "refusal": null},
            {"concurrency": 2, "latency_us": {"p50": 6, "p99": 11}, "refusal": "a, b"},
        ]});
        write_csv(&path, &document).expect("the folder can be written");
        let table = fs::read_to_string(&path).expect("it was written");
        let expected =
            "concurrency,latency_us.p50,latency_us.p99,refusal\n1,5,9,\n2,6,11,\"a, b\"\n";
        assert_eq!(table, expected);
        fs::remove_dir_all(&dir).expect("it is ours");
    }
}
