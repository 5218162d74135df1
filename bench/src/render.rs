//! docs/benchmarks.md and its plots, made from raw data alone: no figure stands there that is
//! not in a result file, and under each is the command that made it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::plot::{Axis, Line, plot};
use crate::results::{Measurement, ResultsError};

const HEAD: &str = "\
# Benchmarks

Made by `cargo xtask bench report` from the raw data in `bench/results/`; do not edit. How each
workload and baseline is made is said where it is: `bench/src/scenario.rs`,
`bench/src/workload/slot.rs`, `bench/src/baseline/`. Libraries that cannot be linked here are in
[peers.md](peers.md).

Ratios are speed over the baseline's in the same rounds of the same run, with the 95 % bootstrap
interval of the median. Absolute figures hold for the machine named; ratios travel better.
";

pub fn write(measurements: &[Measurement], output: &Path) -> Result<(), ResultsError> {
    let folder = output.parent().unwrap_or(Path::new("."));
    let plots = folder.join("benchmarks");
    let io = |path: &Path, source| ResultsError::Io {
        path: path.to_owned(),
        source,
    };
    fs::create_dir_all(&plots).map_err(|source| io(&plots, source))?;
    let mut text = String::from(HEAD);
    enough(&mut text, measurements);
    machines(&mut text, measurements);
    batches(&mut text, measurements, &plots)?;
    slots(&mut text, measurements);
    rates(&mut text, measurements);
    loops(&mut text, measurements, &plots)?;
    fs::write(output, text).map_err(|source| io(output, source))
}

fn of_kind<'a>(
    measurements: &'a [Measurement],
    kind: &'a str,
) -> impl Iterator<Item = &'a Measurement> {
    measurements.iter().filter(move |m| m.kind() == kind)
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn commands<'a>(text: &mut String, measurements: impl Iterator<Item = &'a Measurement>) {
    line(text, "\n```sh");
    for measurement in measurements {
        let command = measurement.command();
        line(text, &format!("cargo run --release -- bench {command}"));
    }
    line(text, "```");
}

fn machines(text: &mut String, measurements: &[Measurement]) {
    let mut seen: Vec<String> = Vec::new();
    for measurement in measurements {
        let machine = &measurement.value["machine"];
        let features: Vec<&str> = machine["features"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(serde_json::Value::as_str)
            .collect();
        let words = format!(
            "{}, {} cores, {} ({})",
            machine["cpu"].as_str().unwrap_or("unknown"),
            machine["cores"],
            machine["os"].as_str().unwrap_or("unknown"),
            features.join(", ")
        );
        if !seen.contains(&words) {
            seen.push(words);
        }
    }
    line(text, "\n## Machine\n");
    for words in seen {
        line(text, &format!("- {words}"));
    }
}

/// The plain answer, from the slot and the highest rates; says so where they are not measured.
fn enough(text: &mut String, measurements: &[Measurement]) {
    line(text, "\n## When a CPU is enough\n");
    let slot = of_kind(measurements, "slot").find(|m| m.text("place") == "server");
    let Some(slot) = slot else {
        line(
            text,
            "Not measured yet: there is no `slot` result for the server.",
        );
        return;
    };
    let cores = slot.number("cores_used").unwrap_or_default();
    let has = slot.value["machine"]["cores"].as_f64().unwrap_or(1.0);
    let p99 = slot.value["arrival_to_verdict_us"]["p99"]
        .as_f64()
        .unwrap_or_default()
        / 1e3;
    let all_in_time = slot.value["classes"]
        .as_array()
        .into_iter()
        .flatten()
        .all(|class| {
            class["share_decided_of_arrived_by_mark"]
                .as_f64()
                .unwrap_or_default()
                > 0.99
        });
    let is_clean = [
        "refused_requests",
        "undecided_sets",
        "wrong_sets",
        "unanswered_requests",
    ]
    .iter()
    .all(|count| slot.number(count) == Some(0.0));
    let verdict = if all_in_time && is_clean {
        "is enough"
    } else {
        "is not enough"
    };
    let _ = writeln!(
        text,
        "For one node on all of mainnet's subnets this machine's CPU {verdict}: over the slot \
         Tutti used {cores:.2} of {has:.0} cores, and 99 % of gossip objects had their verdict \
         {p99:.0} ms after they arrived."
    );
    for search in of_kind(measurements, "search") {
        let Some(rate) = search.number("highest_rate") else {
            continue;
        };
        let sets = rate * search.number("items_per_request").unwrap_or(1.0);
        let _ = writeln!(
            text,
            "Steady `{}` in requests of {} through {}: up to {sets:.0} sets a second with \
             {}&nbsp;% of answers within {} ms. Beyond that more cores, or a device, are needed.",
            search.scenario(),
            search.value["items_per_request"],
            search.text("place"),
            search.value["percentile"],
            search.value["limit_ms"],
        );
    }
}

fn batches(
    text: &mut String,
    measurements: &[Measurement],
    plots: &Path,
) -> Result<(), ResultsError> {
    if of_kind(measurements, "batch").next().is_none() {
        return Ok(());
    }
    line(text, "\n## Whole batches, in process, caches off\n");
    line(
        text,
        "| scenario | threads | items/s | against | items/s | ratio | 95 % interval | rounds |",
    );
    line(text, "|---|---|---|---|---|---|---|---|");
    for m in of_kind(measurements, "batch") {
        let number = |field: &str| m.number(field).unwrap_or_default();
        let interval: Vec<f64> = m.value["ratio_interval_95"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(serde_json::Value::as_f64)
            .collect();
        let (against, ratio) = match interval[..] {
            [low, high] => (
                format!(
                    "{} | {:.0}",
                    m.text("against"),
                    number("against_items_per_s")
                ),
                format!("**{:.2}** | {low:.2} to {high:.2}", number("ratio")),
            ),
            _ => ("| ".into(), "| ".into()),
        };
        let (threads, rate) = (number("threads"), number("items_per_s"));
        let rounds = number("rounds");
        let name = m.scenario();
        line(
            text,
            &format!("| {name} | {threads} | {rate:.0} | {against} | {ratio} | {rounds} |"),
        );
    }
    let lines = throughput_lines(measurements);
    if !lines.is_empty() {
        let axes = (
            Axis::log("signatures in a batch"),
            Axis::log("signatures a second"),
        );
        plot(
            &plots.join("throughput.svg"),
            "Throughput by batch size",
            axes,
            &lines,
        )?;
        line(
            text,
            "\n![Throughput by batch size](benchmarks/throughput.svg)",
        );
    }
    commands(text, of_kind(measurements, "batch"));
    Ok(())
}

/// One line for each family of scenarios and side that was measured at two sizes or more.
fn throughput_lines(measurements: &[Measurement]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut add =
        |name: String, point: (f64, f64)| match lines.iter_mut().find(|line| line.name == name) {
            Some(line) => line.points.push(point),
            None => lines.push(Line {
                name,
                points: vec![point],
            }),
        };
    for m in of_kind(measurements, "batch") {
        let Some((family, size)) = m.scenario().rsplit_once('-') else {
            continue;
        };
        let is_simple = family.ends_with("distinct") || family.ends_with("same-message");
        let (Ok(size), true) = (size.parse::<f64>(), is_simple) else {
            continue;
        };
        let threads = m.number("threads").unwrap_or_default();
        if let Some(rate) = m.number("items_per_s") {
            add(format!("{family}, tutti, {threads} threads"), (size, rate));
        }
        if let Some(rate) = m.number("against_items_per_s") {
            let against = m.text("against");
            add(
                format!("{family}, {against}, {threads} threads"),
                (size, rate),
            );
        }
    }
    lines.retain(|line| line.points.len() > 1);
    for line in &mut lines {
        line.points.sort_by(|a, b| a.0.total_cmp(&b.0));
        line.points.dedup_by(|a, b| a.0.total_cmp(&b.0).is_eq());
    }
    lines
}

fn slots(text: &mut String, measurements: &[Measurement]) {
    if of_kind(measurements, "slot").next().is_none() {
        return;
    }
    line(text, "\n## A slot of Ethereum's mainnet in real time\n");
    line(
        text,
        "35,085 signature sets of 1,119 messages, arriving as the model in \
         `bench/src/workload/slot.rs` says, which also says what in it is measured by others and \
         what is assumed. Through `server` is gRPC over loopback, generator and server on the \
         same cores; `blst-grouped` is the same trace in process, without a wire.\n",
    );
    line(
        text,
        "| through | threads | class | p50 ms | p99 ms | mark | decided by it, of those arrived | cores used |",
    );
    line(text, "|---|---|---|---|---|---|---|---|");
    for m in of_kind(measurements, "slot") {
        for class in m.value["classes"].as_array().into_iter().flatten() {
            let ms = |quantile: &str| {
                class["arrival_to_verdict_us"][quantile]
                    .as_f64()
                    .unwrap_or_default()
                    / 1e3
            };
            let share = class["share_decided_of_arrived_by_mark"]
                .as_f64()
                .unwrap_or_default();
            let _ = writeln!(
                text,
                "| {} | {} | {} | {:.1} | {:.1} | {:.1} s | {:.2} % | {:.2} |",
                m.text("place"),
                m.value["threads"],
                class["class"].as_str().unwrap_or_default(),
                ms("p50"),
                ms("p99"),
                class["mark_ms"].as_f64().unwrap_or_default() / 1e3,
                share * 100.0,
                m.number("cores_used").unwrap_or_default(),
            );
        }
    }
    commands(text, of_kind(measurements, "slot"));
}

fn rates(text: &mut String, measurements: &[Measurement]) {
    if of_kind(measurements, "search").next().is_none() {
        return;
    }
    line(text, "\n## The highest rate under a latency limit\n");
    line(
        text,
        "Poisson arrivals, latency from when each request was due.\n",
    );
    line(
        text,
        "| scenario | sets a request | through | threads | limit | requests/s |",
    );
    line(text, "|---|---|---|---|---|---|");
    for m in of_kind(measurements, "search") {
        let rate = m.number("highest_rate");
        let rate = rate.map_or_else(|| "none held".into(), |rate| format!("{rate:.0}"));
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | p{} ≤ {} ms | {rate} |",
            m.scenario(),
            m.value["items_per_request"],
            m.text("place"),
            m.value["threads"],
            m.value["percentile"],
            m.value["limit_ms"],
        );
    }
    commands(text, of_kind(measurements, "search"));
}

fn loops(
    text: &mut String,
    measurements: &[Measurement],
    plots: &Path,
) -> Result<(), ResultsError> {
    if of_kind(measurements, "closed").next().is_none() {
        return Ok(());
    }
    line(text, "\n## Latency under load\n");
    line(
        text,
        "| scenario | sets a request | through | under way | sets/s | p50 ms | p99 ms |",
    );
    line(text, "|---|---|---|---|---|---|---|");
    let mut lines = Vec::new();
    for m in of_kind(measurements, "closed") {
        let mut points = Vec::new();
        for run in m.value["loops"].as_array().into_iter().flatten() {
            let ms =
                |quantile: &str| run["latency_us"][quantile].as_f64().unwrap_or_default() / 1e3;
            let rate = run["items_per_s"].as_f64().unwrap_or_default();
            points.push((rate, ms("p99")));
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {rate:.0} | {:.2} | {:.2} |",
                m.scenario(),
                m.value["items_per_request"],
                m.text("place"),
                run["concurrency"],
                ms("p50"),
                ms("p99"),
            );
        }
        points.retain(|(rate, p99)| *rate > 0.0 && *p99 > 0.0);
        if points.len() > 1 {
            let name = format!("{}, {}", m.scenario(), m.text("place"));
            lines.push(Line { name, points });
        }
    }
    if !lines.is_empty() {
        let axes = (Axis::log("sets a second"), Axis::log("p99, ms"));
        plot(
            &plots.join("latency.svg"),
            "Latency under load",
            axes,
            &lines,
        )?;
        line(text, "\n![Latency under load](benchmarks/latency.svg)");
    }
    commands(text, of_kind(measurements, "closed"));
    Ok(())
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
        }))
    }

    #[test]
    fn every_figure_stands_with_its_command() {
        let dir = std::env::temp_dir().join(format!("tutti-render-{}", std::process::id()));
        let output = dir.join("benchmarks.md");
        let measurements = [batch("distinct-64", 150.0), batch("distinct-4096", 234.0)];
        write(&measurements, &output).expect("the folder can be written");
        let text = fs::read_to_string(&output).expect("it was written");
        assert!(
            text.contains("| distinct-4096 | 1 | 234 | blst | 100 | **2.34** | 1.00 to 3.00 | 7 |")
        );
        assert!(text.contains("-- bench batch --scenario distinct-64"));
        assert!(text.contains("Not measured yet"));
        let svg = fs::read_to_string(dir.join("benchmarks/throughput.svg")).expect("drawn");
        assert!(svg.contains("<svg") && svg.contains("distinct, tutti, 1 threads"));
        fs::remove_dir_all(&dir).expect("it is ours");
    }

    fn slot(share: f64) -> Measurement {
        measurement(json!({
            "kind": "slot", "scenario": "mainnet-slot", "command": "slot", "place": "server",
            "threads": 2, "cores_used": 0.61, "machine": {"cores": 2},
            "arrival_to_verdict_us": {"p99": 42_000}, "refused_requests": 0,
            "undecided_sets": 0, "wrong_sets": 0, "unanswered_requests": 0,
            "classes": [{"share_decided_of_arrived_by_mark": share}],
        }))
    }

    #[test]
    fn a_cpu_is_called_enough_only_where_verdicts_were_in_time() {
        let mut text = String::new();
        enough(&mut text, &[slot(0.999)]);
        assert!(
            text.contains("CPU is enough") && text.contains("0.61 of 2 cores"),
            "{text}"
        );
        let mut text = String::new();
        enough(&mut text, &[slot(0.98)]);
        assert!(text.contains("is not enough"), "{text}");
    }
}
