//! docs/benchmarks.md and its plots, made from raw data alone: no figure stands there that is
//! not in a result file, and under each is the command that made it.

mod enough;
mod page;
mod sections;

use std::fs;
use std::path::{Path, PathBuf};

use crate::results::{Measurement, ResultsError};
use page::Block;

const HEAD: &str = "\
Made by `cargo xtask bench report` from the raw data in `bench/results/`; do not edit.
`cargo xtask bench collect` makes all of the data anew on the machine it runs on, in some twenty
minutes. How each workload and baseline is made is said where it is: `bench/src/scenario.rs`,
`bench/src/workload/`, `bench/src/baseline/`. Libraries that cannot be linked here are in
[peers.md](peers.md).

Ratios are speed over the baseline's in the same rounds of the same run, with the 95 % bootstrap
interval of the median. Absolute figures hold for the machine named; ratios travel better.";

/// Where the report goes.
#[derive(Clone, Debug)]
pub struct Pages {
    /// The plots go into the folder `benchmarks` beside it.
    pub markdown: PathBuf,
    pub html: Option<PathBuf>,
    /// Assumed, for the cost of a million verdicts.
    pub core_hour_usd: f64,
}

impl Pages {
    pub fn write(&self, measurements: &[Measurement]) -> Result<(), ResultsError> {
        let blocks = self.blocks(measurements)?;
        let folder = self.markdown.parent().unwrap_or(Path::new("."));
        let plots = folder.join("benchmarks");
        fs::create_dir_all(&plots).map_err(|source| io(&plots, source))?;
        for block in &blocks {
            if let Block::Plot { file, svg, .. } = block {
                write(&plots.join(file), svg)?;
            }
        }
        write(&self.markdown, &page::markdown(&blocks))?;
        match &self.html {
            Some(path) => write(path, &page::html(&blocks)),
            None => Ok(()),
        }
    }

    fn blocks(&self, measurements: &[Measurement]) -> Result<Vec<Block>, ResultsError> {
        let mut blocks = vec![Block::Title("Benchmarks"), Block::Words(HEAD.into())];
        blocks.extend(enough::answer(measurements));
        blocks.extend(sections::machines(measurements));
        blocks.extend(sections::batches(measurements));
        blocks.extend(sections::engines(measurements)?);
        blocks.extend(sections::slots(measurements));
        blocks.extend(sections::open(measurements));
        blocks.extend(sections::rates(measurements));
        blocks.extend(sections::loops(measurements)?);
        blocks.extend(sections::costs(measurements, self.core_hour_usd));
        Ok(blocks)
    }
}

fn io(path: &Path, source: std::io::Error) -> ResultsError {
    ResultsError::Io {
        path: path.to_owned(),
        source,
    }
}

fn write(path: &Path, text: &str) -> Result<(), ResultsError> {
    fs::write(path, text).map_err(|source| io(path, source))
}

fn of_kind<'a>(
    measurements: &'a [Measurement],
    kind: &'a str,
) -> impl Iterator<Item = &'a Measurement> + Clone {
    measurements.iter().filter(move |m| m.kind() == kind)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn measurement(value: serde_json::Value) -> Measurement {
        Measurement {
            path: "x.json".into(),
            value,
        }
    }

    fn batch(scenario: &str, rate: f64) -> Measurement {
        measurement(json!({
            "kind": "batch", "scenario": scenario, "command": format!("batch --scenario {scenario}"),
            "threads": 1, "items_per_s": rate, "against": "blst", "against_items_per_s": 100.0,
            "ratio": rate / 100.0, "ratio_interval_95": [1.0, 3.0], "rounds": 7,
            "machine": {"cpu": "some", "cores": 2, "os": "linux", "features": []},
            "energy": {"cpu": {"not_readable": "no RAPL"}},
        }))
    }

    fn alone(scenario: &str, engine: &str, rate: f64) -> Measurement {
        measurement(json!({
            "kind": "batch", "scenario": scenario, "threads": 1, "items_per_s": rate,
            "command": format!("batch --scenario {scenario} --cpu-engine {engine}"),
            "engine": format!("{engine}: blst"), "against": null,
            "energy": {"cpu": {"joules_per_million_verdicts": 3.5}},
        }))
    }

    #[test]
    fn every_figure_stands_with_its_command() {
        let dir = std::env::temp_dir().join(format!("tutti-render-{}", std::process::id()));
        let pages = Pages {
            markdown: dir.join("benchmarks.md"),
            html: Some(dir.join("benchmarks.html")),
            core_hour_usd: 0.036,
        };
        let measurements = [
            batch("distinct-64", 150.0),
            batch("distinct-4096", 234.0),
            alone("distinct-16", "scalar", 80.0),
            alone("distinct-16", "ifma", 60.0),
            alone("distinct-64", "scalar", 90.0),
            alone("distinct-64", "ifma", 200.0),
        ];
        pages
            .write(&measurements)
            .expect("the folder can be written");
        let text = fs::read_to_string(&pages.markdown).expect("it was written");
        for part in [
            "| distinct-4096 | 1 | 234 | blst | 100 | **2.34** | 1.00 to 3.00 | 7 |",
            "-- bench batch --scenario distinct-64 --scenario distinct-4096\n",
            "Not measured yet",
            "distinct: `ifma` is ahead of `scalar` from 64 on",
            // 0.036 USD an hour are 0.00001 a second: a million verdicts at 200 a second.
            "| distinct-64, ifma | 1 | 200 | 0.050 | 3.5 | – |",
            "Processors are not readable: no RAPL.",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        let svg = fs::read_to_string(dir.join("benchmarks/throughput-distinct.svg"));
        let svg = svg.expect("drawn");
        assert!(svg.contains("<svg") && svg.contains("ifma") && svg.contains("blst"));
        let page = fs::read_to_string(dir.join("benchmarks.html")).expect("it was written");
        assert!(page.contains("<svg") && page.contains("<strong>2.34</strong>"));
        fs::remove_dir_all(&dir).expect("it is ours");
    }
}
