use std::sync::Arc;
use std::time::Duration;

use comfy_table::Table;
use tutti_bench::{Baseline, EngineSubject, Plan, Report, Scenario, measure};
use tutti_engine::{Engine, NoObserver};

use crate::args::BenchArgs;
use crate::exit::{Exit, Failure, say};
use crate::settings::{Caching, EngineSettings};

pub(crate) fn bench(args: &BenchArgs) -> Result<Exit, Failure> {
    if let Some(command) = &args.command {
        return match tutti_bench::commands::run(command) {
            Ok(()) => Ok(Exit::Well),
            Err(error) => Err(Failure::cannot_serve(error)),
        };
    }
    let settings = EngineSettings::from_args(&args.engine)?;
    let scenarios: Vec<Scenario> = args
        .scenario
        .iter()
        .map(|name| name.parse().map_err(Failure::usage))
        .collect::<Result<_, _>>()?;
    let against: Option<Baseline> = args
        .against
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(Failure::usage)?;
    let plan = Plan {
        rounds_min: args.rounds.max(1),
        time: Duration::from_secs(args.seconds),
        ..Plan::default()
    };
    let mut reports = Vec::new();
    for scenario in scenarios {
        let mut theirs = against.map(|baseline| baseline.subject(settings.threads));
        let mut ours = engine(args, &settings)?;
        let theirs = theirs.as_deref_mut();
        let report =
            measure(scenario, args.seed, plan, &mut ours, theirs).map_err(Failure::cannot_serve)?;
        if args.json {
            say(report.to_json(&ours.name, settings.threads));
        }
        reports.push(report);
        if !args.json {
            cards(&ours.engine);
        }
    }
    if !args.json {
        say(table(&reports));
    }
    Ok(Exit::Well)
}

fn engine(args: &BenchArgs, settings: &EngineSettings) -> Result<EngineSubject, Failure> {
    let caching = if args.caches {
        Caching::On
    } else {
        Caching::Off
    };
    let backends = settings.backends(caching)?;
    // The first is asked first.
    let name = backends
        .first()
        .map_or("cpu", |backend| backend.descriptor().name);
    let engine = Engine::start(&settings.engine, backends, Arc::new(NoObserver));
    Ok(EngineSubject {
        engine,
        name: name.into(),
        runs: 0,
    })
}

/// What cards were asked to do, and what that would be on one core of hardware: a projection, for no card is timed here.
fn cards(engine: &Engine) {
    for status in engine.backends() {
        let counter = |name: &str| {
            let found = status.counters.iter().find(|(counter, _)| *counter == name);
            found.map_or(0, |(_, value)| *value)
        };
        let items = counter("items_by_card") + counter("items_redecided");
        let Some(cycles) = counter("card_cycles").checked_div(items) else {
            continue;
        };
        say(format_args!(
            "{}: {cycles} cycles an item over {items} items; projected for one core at 100 MHz: {:.1} items/s",
            status.descriptor.name,
            100e6 / cycles.max(1) as f64,
        ));
    }
}

fn table(reports: &[Report]) -> Table {
    let mut table = Table::new();
    table.set_header([
        "scenario", "items/s", "p50 us", "p99 us", "against", "items/s", "ratio",
    ]);
    for report in reports {
        let against = report.against.as_ref();
        table.add_row([
            report.scenario.clone(),
            format!("{:.0}", report.ours.items_per_s),
            report.ours.p50_us.to_string(),
            report.ours.p99_us.to_string(),
            against.map_or_else(String::new, |side| side.name.clone()),
            against.map_or_else(String::new, |side| format!("{:.0}", side.items_per_s)),
            report.ratio.map_or_else(String::new, |ratio| {
                format!(
                    "{:.2} ({:.2} to {:.2})",
                    ratio.median, ratio.quartiles[0], ratio.quartiles[1]
                )
            }),
        ]);
    }
    table
}
