use super::of_kind;
use super::page::Block;
use crate::plot::{Axis, Line, plot};
use crate::results::{Measurement, ResultsError};
use serde_json::Value;

const INTERVAL: &str = "ratio_interval_95";

/// Commands that differ in their scenario alone are one that names them all.
fn commands<'a>(measurements: impl Iterator<Item = &'a Measurement>) -> Block {
    let mut folded: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for m in measurements {
        let command = m.command();
        let (head, tail) = command.split_once(m.scenario()).unwrap_or((command, ""));
        let scenario = &command[head.len()..command.len() - tail.len()];
        let alike = |one: &&mut (&str, &str, Vec<&str>)| {
            head.starts_with("batch --scenario ") && (one.0, one.1) == (head, tail)
        };
        match folded.iter_mut().find(alike) {
            Some((_, _, scenarios)) => scenarios.push(scenario),
            None => folded.push((head, tail, vec![scenario])),
        }
    }
    let line = |(head, tail, mut scenarios): (&str, &str, Vec<&str>)| {
        scenarios.dedup();
        let scenarios = scenarios.join(" --scenario ");
        format!("cargo run --release -- bench {head}{scenarios}{tail}")
    };
    let mut lines: Vec<String> = folded.into_iter().map(line).collect();
    lines.dedup();
    Block::Commands(lines)
}

fn ms(latency: &Value, quantile: &str) -> f64 {
    latency[quantile].as_f64().unwrap_or_default() / 1e3
}

/// Medians of what the server says of its time, and of the rest.
fn split(run: &Value) -> String {
    let of = |name: &str| ms(&run[name], "p50");
    format!(
        "{:.2}, {:.2}, {:.2}",
        of("target_queued_us"),
        of("target_computed_us"),
        of("overhead_us")
    )
}

pub(super) fn machines(measurements: &[Measurement]) -> Vec<Block> {
    let mut machines: Vec<String> = Vec::new();
    let mut revisions: Vec<String> = Vec::new();
    for measurement in measurements {
        let machine = &measurement.value["machine"];
        let features: Vec<&str> = machine["features"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let words = format!(
            "{}, {} cores, {} ({})",
            machine["cpu"].as_str().unwrap_or("unknown"),
            machine["cores"],
            machine["os"].as_str().unwrap_or("unknown"),
            features.join(", ")
        );
        let revision = measurement.text("revision").to_owned();
        for (list, one) in [(&mut machines, words), (&mut revisions, revision)] {
            if !one.is_empty() && !list.contains(&one) {
                list.push(one);
            }
        }
    }
    vec![
        Block::Heading("Machine"),
        Block::Points(machines),
        Block::Words(match &revisions[..] {
            [] => "The results name no revision.".into(),
            revisions => format!("Measured at revision {}.", revisions.join(", ")),
        }),
    ]
}

/// Batches that were measured in turn with a baseline, and those of no particular engine.
pub(super) fn batches(measurements: &[Measurement]) -> Vec<Block> {
    let shown = of_kind(measurements, "batch").filter(|m| !is_of_an_engine(m));
    if shown.clone().next().is_none() {
        return Vec::new();
    }
    let row = |m: &Measurement| {
        let number = |field: &str| m.number(field).unwrap_or_default();
        let interval: Vec<f64> = m.value[INTERVAL]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_f64)
            .collect();
        let [against, their_rate, ratio, interval] = match interval[..] {
            [low, high] => [
                m.text("against").to_owned(),
                format!("{:.0}", number("against_items_per_s")),
                format!("**{:.2}**", number("ratio")),
                format!("{low:.2} to {high:.2}"),
            ],
            _ => Default::default(),
        };
        let at_once = match m.number("at_once") {
            Some(callers) if callers > 1.0 => format!(", {callers} at once"),
            _ => String::new(),
        };
        vec![
            m.scenario().to_owned() + &at_once,
            number("threads").to_string(),
            format!("{:.0}", number("items_per_s")),
            against,
            their_rate,
            ratio,
            interval,
            number("rounds").to_string(),
        ]
    };
    vec![
        Block::Heading("Whole batches, in process, caches off"),
        Block::Table {
            head: vec![
                "scenario",
                "threads",
                "items/s",
                "against",
                "items/s",
                "ratio",
                "95 % interval",
                "rounds",
            ],
            rows: shown.clone().map(row).collect(),
        },
        commands(shown),
    ]
}

fn is_of_an_engine(m: &Measurement) -> bool {
    m.command().contains("--cpu-engine")
}

/// "distinct" and 64 of "distinct-64".
fn family(scenario: &str) -> Option<(&str, f64)> {
    let (family, size) = scenario.rsplit_once('-')?;
    let is_simple = family.ends_with("distinct") || family.ends_with("same-message");
    Some((family, size.parse().ok()?)).filter(|_| is_simple)
}

fn engine(m: &Measurement) -> &str {
    m.text("engine").split(':').next().unwrap_or_default()
}

/// Lines of one family on one thread: each engine alone, and the baselines beside them.
fn lines(measurements: &[Measurement], wanted: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut add = |name: &str, point: (f64, f64)| match lines.iter_mut().find(|l| l.name == name) {
        Some(line) => line.points.push(point),
        None => lines.push(Line {
            name: name.to_owned(),
            points: vec![point],
        }),
    };
    for m in of_kind(measurements, "batch") {
        let Some((_, size)) = family(m.scenario()).filter(|(family, _)| *family == wanted) else {
            continue;
        };
        if m.number("threads") != Some(1.0) {
            continue;
        }
        if let Some(rate) = m.number("items_per_s").filter(|_| is_of_an_engine(m)) {
            add(engine(m), (size, rate));
        }
        if let Some(rate) = m.number("against_items_per_s") {
            add(m.text("against"), (size, rate));
        }
    }
    lines.retain(|line| line.points.len() > 1);
    for line in &mut lines {
        line.points.sort_by(|a, b| a.0.total_cmp(&b.0));
        line.points.dedup_by(|a, b| a.0.total_cmp(&b.0).is_eq());
    }
    lines
}

/// From which size on one line stays above another, of those that both were measured at.
fn crossover(faster: &Line, slower: &Line) -> Option<f64> {
    let shared: Vec<(f64, bool)> = faster
        .points
        .iter()
        .filter_map(|(size, rate)| {
            let (_, other) = slower
                .points
                .iter()
                .find(|(at, _)| at.total_cmp(size).is_eq())?;
            Some((*size, rate > other))
        })
        .collect();
    let behind = shared.iter().rposition(|(_, ahead)| !ahead);
    let from = behind.map_or(0, |at| at + 1);
    shared.get(from).map(|(size, _)| *size)
}

pub(super) fn engines(measurements: &[Measurement]) -> Result<Vec<Block>, ResultsError> {
    let mut families: Vec<&str> = Vec::new();
    for m in of_kind(measurements, "batch").filter(|m| is_of_an_engine(m)) {
        if let Some((family, _)) = family(m.scenario()).filter(|(f, _)| !families.contains(f)) {
            families.push(family);
        }
    }
    if families.is_empty() {
        return Ok(Vec::new());
    }
    let mut points = Vec::new();
    let mut plots = Vec::new();
    for family in families {
        let lines = lines(measurements, family);
        for faster in &lines {
            for slower in lines.iter().filter(|line| line.name != faster.name) {
                if let Some(size) = crossover(faster, slower) {
                    points.push(format!(
                        "{family}: `{}` is ahead of `{}` from {size} on",
                        faster.name, slower.name
                    ));
                }
            }
        }
        let title = format!("Throughput by size of batch: {family}, one thread");
        let axes = (Axis::log("items in a batch"), Axis::log("items a second"));
        plots.push(Block::Plot {
            svg: plot(&title, axes, &lines)?,
            file: format!("throughput-{family}.svg"),
            title,
        });
    }
    let mut blocks = vec![
        Block::Heading("Engines by size of batch, and where one overtakes the other"),
        Block::Words(
            "Each engine alone on one thread, caches off; the baselines are those of the table \
             above. \"From N on\" is from the smallest size measured from which it stays ahead."
                .into(),
        ),
    ];
    if !points.is_empty() {
        blocks.push(Block::Points(points));
    }
    blocks.extend(plots);
    blocks.push(commands(
        of_kind(measurements, "batch").filter(|m| is_of_an_engine(m)),
    ));
    Ok(blocks)
}

pub(super) fn slots(measurements: &[Measurement]) -> Vec<Block> {
    let shown = of_kind(measurements, "slot");
    let mut rows = Vec::new();
    for m in shown.clone() {
        for class in m.value["classes"].as_array().into_iter().flatten() {
            let latency = &class["arrival_to_verdict_us"];
            let number = |name: &str| class[name].as_f64().unwrap_or_default();
            rows.push(vec![
                m.text("place").to_owned(),
                m.value["threads"].to_string(),
                class["class"].as_str().unwrap_or_default().to_owned(),
                format!("{:.1}", ms(latency, "p50")),
                format!("{:.1}", ms(latency, "p99")),
                format!("{:.1} s", number("mark_ms") / 1e3),
                format!(
                    "{:.2} %",
                    number("share_decided_of_arrived_by_mark") * 100.0
                ),
                format!("{:.2}", m.number("cores_used").unwrap_or_default()),
            ]);
        }
    }
    if rows.is_empty() {
        return Vec::new();
    }
    let splits = shown.clone().filter(|m| m.text("place") == "server");
    let splits = splits.map(|m| {
        format!(
            "Time of a request through the server, medians in ms: {} (waiting for a batch, \
             computing, the rest).",
            split(&m.value)
        )
    });
    vec![
        Block::Heading("A slot of Ethereum's mainnet in real time"),
        Block::Words(
            "35,085 signature sets of 1,119 messages, arriving as the model in \
             `bench/src/workload/slot.rs` says, which also says what in it is measured by others \
             and what is assumed; `bench slot --trace FILE` replays what a node recorded instead. \
             Through `server` is gRPC over loopback, generator and server on the same cores; \
             `blst-grouped` is the same trace in process, without a wire."
                .into(),
        ),
        Block::Table {
            head: vec![
                "through",
                "threads",
                "class",
                "p50 ms",
                "p99 ms",
                "mark",
                "decided by it, of those arrived",
                "cores used",
            ],
            rows,
        },
        Block::Points(splits.collect()),
        commands(shown),
    ]
}

pub(super) fn open(measurements: &[Measurement]) -> Vec<Block> {
    let shown = of_kind(measurements, "open");
    let mut rows = Vec::new();
    for m in shown.clone() {
        for stream in m.value["streams"].as_array().into_iter().flatten() {
            let count = |name: &str| stream[name].as_u64().unwrap_or_default();
            let short = count("refused") + count("unsent") + count("lost");
            rows.push(vec![
                match m.text("twins") {
                    "unknown" => format!("{}, keys in G1 only", m.scenario()),
                    _ => m.scenario().to_owned(),
                },
                stream["callers"].as_str().unwrap_or_default().to_owned(),
                format!("{}, {}", m.value["rate"], m.text("pace")),
                format!("{:.0}", stream["items_per_s"].as_f64().unwrap_or_default()),
                format!("{:.2}", ms(&stream["latency_us"], "p50")),
                format!("{:.2}", ms(&stream["latency_us"], "p99")),
                split(stream),
                short.to_string(),
            ]);
        }
    }
    if rows.is_empty() {
        return Vec::new();
    }
    vec![
        Block::Heading("Certificates, fleets and mixed callers at a rate"),
        Block::Words(
            "Through the server over loopback, generator and server on the same cores; latency from \
             when each request was due. `avs-quorum` asks one EigenLayer certificate after the other \
             (128 operators, two quorums, 48 absent, others each time); where the keys are known in G1 \
             only, the aggregate that it brings along is tied to them by a challenge. `mixed` is nodes \
             and relayers at once, at their priorities (`bench/src/workload/mixed.rs`)."
                .into(),
        ),
        Block::Table {
            head: vec![
                "scenario",
                "callers",
                "requests/s of all, pace",
                "items/s",
                "p50 ms",
                "p99 ms",
                "queue, compute, rest, ms",
                "unanswered",
            ],
            rows,
        },
        commands(shown),
    ]
}

pub(super) fn rates(measurements: &[Measurement]) -> Vec<Block> {
    let shown = of_kind(measurements, "search");
    if shown.clone().next().is_none() {
        return Vec::new();
    }
    let row = |m: &Measurement| {
        let rate = m.number("highest_rate");
        vec![
            m.scenario().to_owned(),
            m.value["items_per_request"].to_string(),
            m.text("place").to_owned(),
            m.value["threads"].to_string(),
            format!("p{} ≤ {} ms", m.value["percentile"], m.value["limit_ms"]),
            rate.map_or_else(|| "none held".into(), |rate| format!("{rate:.0}")),
        ]
    };
    vec![
        Block::Heading("The highest rate under a latency limit"),
        Block::Words("Poisson arrivals, latency from when each request was due.".into()),
        Block::Table {
            head: vec![
                "scenario",
                "items a request",
                "through",
                "threads",
                "limit",
                "requests/s",
            ],
            rows: shown.clone().map(row).collect(),
        },
        commands(shown),
    ]
}

pub(super) fn loops(measurements: &[Measurement]) -> Result<Vec<Block>, ResultsError> {
    let shown = of_kind(measurements, "closed");
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    for m in shown.clone() {
        let (items, call) = (&m.value["items_per_request"], m.text("call"));
        let mut points = Vec::new();
        for run in m.value["loops"].as_array().into_iter().flatten() {
            let rate = run["items_per_s"].as_f64().unwrap_or_default();
            let p99 = ms(&run["latency_us"], "p99");
            points.push((rate, p99));
            rows.push(vec![
                m.scenario().to_owned(),
                items.to_string(),
                format!("{}, {call}", m.text("place")),
                run["concurrency"].to_string(),
                format!("{rate:.0}"),
                format!("{:.2}", ms(&run["latency_us"], "p50")),
                format!("{p99:.2}"),
                split(run),
            ]);
        }
        points.retain(|(rate, p99)| *rate > 0.0 && *p99 > 0.0);
        if points.len() > 1 {
            let name = format!("{} by {items}, {call}", m.scenario());
            lines.push(Line { name, points });
        }
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut blocks = vec![
        Block::Heading("Latency under load"),
        Block::Table {
            head: vec![
                "scenario",
                "items a request",
                "through",
                "under way",
                "items/s",
                "p50 ms",
                "p99 ms",
                "queue, compute, rest, ms",
            ],
            rows,
        },
    ];
    if !lines.is_empty() {
        let axes = (Axis::log("items a second"), Axis::log("p99, ms"));
        let title = "Latency under load".to_owned();
        blocks.push(Block::Plot {
            svg: plot(&title, axes, &lines)?,
            file: "latency.svg".into(),
            title,
        });
    }
    blocks.push(commands(shown));
    Ok(blocks)
}

/// What a million verdicts drew, and what is to be said where that is not readable.
fn energies(m: &Measurement, silent: &mut Vec<String>) -> [String; 2] {
    [("cpu", "Processors"), ("gpu", "Devices")].map(|(meter, kind)| {
        let energy = &m.value["energy"][meter];
        if let Some(why) = energy["not_readable"].as_str() {
            let words = format!("{kind} are not readable: {why}.");
            if !silent.contains(&words) {
                silent.push(words);
            }
        }
        let million = energy["joules_per_million_verdicts"].as_f64();
        million.map_or_else(|| "–".into(), |joules| format!("{joules:.1}"))
    })
}

/// Cost is the assumed price of the threads over the rate; energy is what was read.
pub(super) fn costs(measurements: &[Measurement], core_hour_usd: f64) -> Vec<Block> {
    let mut silent: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    for m in of_kind(measurements, "batch") {
        let (Some(rate), Some(threads)) = (m.number("items_per_s"), m.number("threads")) else {
            continue;
        };
        let energies = energies(m, &mut silent);
        let name = if is_of_an_engine(m) {
            format!("{}, {}", m.scenario(), engine(m))
        } else {
            m.scenario().to_owned()
        };
        let usd = threads * core_hour_usd / 3_600.0 / rate.max(1e-9) * 1e6;
        let mut row = vec![
            name,
            threads.to_string(),
            format!("{rate:.0}"),
            format!("{usd:.3}"),
        ];
        row.extend(energies);
        rows.push(row);
    }
    rows.sort();
    rows.dedup_by(|a, b| a[..2] == b[..2]);
    if rows.is_empty() {
        return Vec::new();
    }
    let assumed = format!(
        "Assumed: a core costs {core_hour_usd} USD an hour, about what clouds ask on demand for a \
         virtual core with AVX-512 (`report --core-hour-usd` takes yours; the cost scales with it), \
         and is busy all the time with batches of this kind."
    );
    let words: Vec<String> = std::iter::once(assumed).chain(silent).collect();
    vec![
        Block::Heading("Cost and energy of a million verdicts"),
        Block::Words(words.join(" ")),
        Block::Table {
            head: vec![
                "scenario",
                "threads",
                "items/s",
                "USD a million",
                "joules of processors a million",
                "joules of devices a million",
            ],
            rows,
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(rates: &[(u32, u32)]) -> Line {
        Line {
            name: String::new(),
            points: rates
                .iter()
                .map(|&(size, rate)| (f64::from(size), f64::from(rate)))
                .collect(),
        }
    }

    #[test]
    fn a_crossover_is_where_a_line_is_ahead_for_good() {
        let slow = line(&[(1, 10), (2, 10), (4, 10), (8, 10)]);
        let from = |rates: &[(u32, u32)]| crossover(&line(rates), &slow);
        assert_eq!(from(&[(1, 5), (2, 11), (4, 9), (8, 12)]), Some(8.0));
        assert_eq!(from(&[(1, 11), (2, 12), (4, 13)]), Some(1.0));
        assert_eq!(from(&[(2, 12), (8, 9)]), None);
        assert_eq!(from(&[(16, 12)]), None);
    }
}
