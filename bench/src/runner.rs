use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use comfy_table::Table;
use serde_json::{Value, json};
use tutti_engine::{Engine, NoObserver, Observer};
use tutti_server::{Config, Metrics, Server};
use tutti_types::Priority;

use crate::Twins;
use crate::card::{CardWork, projections};
use crate::commands::{
    Against, BatchArgs, Caching, ClosedArgs, Common, CompareArgs, Failure, LoadArgs, MakeEngine,
    OpenArgs, PaceArg, ReportArgs, SearchArgs, SlotArgs, TargetArgs, TraceArgs, Where,
};
use crate::energy::EnergyMeter;
use crate::load::{
    BaselineTarget, ClosedLoop, EngineTarget, Limit, LoadReport, OpenLoop, Pace, SetCall, Target,
    TargetError, WireTarget, closed_loop, highest_rate, open_loop, requests,
};
use crate::progress::Progress;
use crate::results::{Origin, document, load_average, save};
use crate::trace::Trace;
use crate::workload::mixed::Crowd;
use crate::{
    AtOnce, EngineSubject, Plan, ReplayPlan, Report, Subject, Workload, compare as comparing,
    measure, replay,
};

/// More requests than this under way are a target that has given up.
const UNDER_WAY_MAX: usize = 16_384;

/// One measurement as it was asked for.
pub(crate) struct Run<'a> {
    /// After `tutti bench`, as anybody can type them again.
    words: &'a [String],
    make: &'a dyn MakeEngine,
}

impl<'a> Run<'a> {
    pub(crate) const fn new(words: &'a [String], make: &'a dyn MakeEngine) -> Self {
        Self { words, make }
    }

    fn engine(
        &self,
        common: &Common,
        caching: Caching,
        observer: Arc<dyn Observer>,
    ) -> Result<Engine, Failure> {
        self.make.engine(&common.engine, caching, observer)
    }

    /// Prints a measurement and keeps it where asked. Says so when the machine was not quiet.
    fn keep(
        &self,
        common: &Common,
        kind: &'static str,
        scenario: &str,
        variant: &str,
        load_before: Option<f64>,
        report: Value,
    ) -> Result<(), Failure> {
        let variant = match &common.engine.cpu_engine {
            Some(engine) => format!("{variant}-{engine}"),
            None => variant.to_owned(),
        };
        let origin = Origin {
            kind,
            scenario: scenario.to_owned(),
            variant: format!("{variant}-t{}", common.threads()),
            command: self.command_line(scenario),
        };
        let document = document(&origin, report, load_before);
        if common.json || kind != "batch" {
            println!("{document}");
        }
        if let Some(dir) = &common.save {
            eprintln!("{}", save(dir, &origin, &document)?.display());
        }
        if load_before.is_some_and(|load| load > 1.5) {
            eprintln!("the machine was busy before this measurement (load {load_before:?})");
        }
        Ok(())
    }

    /// What was typed, with this scenario alone where several were given.
    fn command_line(&self, scenario: &str) -> String {
        let mut words: Vec<&str> = Vec::new();
        let mut given = self.words.iter().map(String::as_str);
        while let Some(word) = given.next() {
            match word {
                "--save" => drop(given.next()),
                "--json" => {}
                "--scenario" => {
                    let name = given.next().unwrap_or_default();
                    if name == scenario {
                        words.extend([word, name]);
                    }
                }
                _ => words.push(word),
            }
        }
        words.join(" ")
    }
}

impl Common {
    fn threads(&self) -> usize {
        self.engine.threads.unwrap_or_else(tutti_engine::cores)
    }
}

/// What is measured in turn with ours.
fn beside(
    against: Against,
    args: &BatchArgs,
    caching: Caching,
    run: &Run<'_>,
) -> Result<Box<dyn Subject>, Failure> {
    let engines = match against {
        Against::Baseline(baseline) => return Ok(baseline.subject(args.common.threads())),
        Against::OneThread => 1,
        Against::ThreadsApart => args.common.threads(),
    };
    let mut of_one_thread = args.common.engine.clone();
    of_one_thread.threads = Some(1);
    let engines = (0..engines).map(|_| {
        let observer = Arc::new(NoObserver);
        run.make.engine(&of_one_thread, caching, observer)
    });
    let engines = engines.collect::<Result<Vec<_>, _>>()?;
    Ok(Box::new(asked_at_once(&engines, against.name(), 1, args)))
}

/// As many callers of each engine as asked for.
fn asked_at_once(engines: &[Engine], name: &str, threads: usize, args: &BatchArgs) -> AtOnce {
    let callers = engines
        .iter()
        .flat_map(|engine| std::iter::repeat_n(engine, args.at_once.max(1)));
    // A source that spoils a batch is set apart: no two callers' runs are the same one.
    let caller = |(nth, engine): (u64, &Engine)| EngineSubject {
        engine: engine.clone(),
        name: name.to_owned(),
        threads,
        runs: nth << 32,
    };
    AtOnce {
        callers: (0..).zip(callers).map(caller).collect(),
    }
}

pub(crate) fn batch(args: &BatchArgs, run: &Run<'_>) -> Result<(), Failure> {
    let threads = args.common.threads();
    let plan = Plan {
        rounds_min: args.rounds.max(1),
        time: Duration::from_secs(args.seconds),
        ..Plan::default()
    };
    let caching = if args.caches {
        Caching::On
    } else {
        Caching::Off
    };
    let mut reports = Vec::new();
    let (mut with_card, mut on_cards) = (false, Vec::new());
    for &scenario in &args.scenario {
        let engine = run.engine(&args.common, caching, Arc::new(NoObserver))?;
        let backends = engine.backends();
        let backend = backends.first().expect("an engine has a backend");
        let (name, device) = (
            backend.descriptor.name.to_owned(),
            backend.descriptor.engine.clone(),
        );
        let mut ours = asked_at_once(std::slice::from_ref(&engine), &name, threads, args);
        let mut theirs = match args.against {
            Some(against) => Some(beside(against, args, caching, run)?),
            None => None,
        };
        let load_before = load_average();
        let card_before = CardWork::of(&engine);
        with_card |= card_before.is_some();
        let report = measure(
            scenario,
            args.common.seed,
            plan,
            &mut ours,
            theirs.as_deref_mut(),
        )?;
        let mut variant = vec![name.clone()];
        variant.extend(args.against.map(|other| other.name().to_owned()));
        if args.at_once > 1 {
            variant.push(format!("at-once-{}", args.at_once));
        }
        let mut json = report.to_json(&name, threads);
        json["engine"] = json!(device);
        json["caches"] = json!(args.caches);
        json["at_once"] = json!(args.at_once);
        let scenario = scenario.to_string();
        if let Some(cost) = card_before.and_then(|before| CardWork::of(&engine)?.since(before)) {
            json["card"] = cost.to_json();
            on_cards.push((scenario.clone(), cost));
        }
        run.keep(
            &args.common,
            "batch",
            &scenario,
            &variant.join("-"),
            load_before,
            json,
        )?;
        reports.push(report);
    }
    if !args.common.json {
        println!("{}", table(&reports));
        if with_card {
            println!("{}", projections(&on_cards));
        }
    }
    Ok(())
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
                let [low, high] = ratio.interval;
                format!("{:.2} ({low:.2} to {high:.2})", ratio.median)
            }),
        ]);
    }
    table
}

/// A server of this process on a free port, with caches as in service.
fn start_server(common: &Common, run: &Run<'_>) -> Result<String, Failure> {
    let metrics = Arc::new(Metrics::new());
    let observer: Arc<dyn Observer> = Arc::<Metrics>::clone(&metrics);
    let engine = run.engine(common, Caching::On, observer)?;
    let config = Config {
        grpc: ([127, 0, 0, 1], 0).into(),
        side: None,
        ..Config::default()
    };
    let bound = Server::bind(config, engine, metrics)?;
    let endpoint = format!("http://{}", bound.grpc_addr());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("serve-net")
        // A thread that ends takes its account of CPU time along.
        .thread_keep_alive(Duration::from_hours(1))
        .enable_all()
        .build()?;
    std::thread::Builder::new()
        .name("serve".into())
        .spawn(move || runtime.block_on(bound.run(std::future::pending())))?;
    Ok(endpoint)
}

fn wire_target(
    args: &TargetArgs,
    common: &Common,
    workload: &Workload,
    run: &Run<'_>,
) -> Result<WireTarget, Failure> {
    let endpoint = match &args.endpoint {
        Some(endpoint) => endpoint.clone(),
        None => start_server(common, run)?,
    };
    let target = WireTarget::connect(&endpoint, args.connections, args.call)?;
    target.put_keys(workload, args.twins)?;
    Ok(target)
}

fn engine_target(common: &Common, run: &Run<'_>) -> Result<EngineTarget, Failure> {
    Ok(EngineTarget {
        engine: run.engine(common, Caching::On, Arc::new(NoObserver))?,
        name: "engine".into(),
    })
}

/// Callers of one kind, who make their share of a load.
struct Stream<R> {
    name: &'static str,
    share: f64,
    requests: Vec<R>,
}

/// A workload cut into requests: `mixed` into those of each kind of caller.
fn streams<T: Target>(
    target: &T,
    workload: &Arc<Workload>,
    items: usize,
) -> Result<Vec<Stream<T::Request>>, TargetError> {
    let crowds = workload.crowds();
    if crowds.is_empty() {
        return Ok(vec![Stream {
            name: "all",
            share: 1.0,
            requests: requests(target, workload, items, Priority::Normal)?,
        }]);
    }
    let stream = |crowd: &Crowd| {
        Ok(Stream {
            name: crowd.name,
            share: crowd.share,
            requests: requests(
                target,
                &crowd.workload,
                crowd.items_per_request,
                crowd.priority,
            )?,
        })
    };
    crowds.iter().map(stream).collect()
}

/// What a loop does with a target and its streams of requests.
trait LoopRun {
    fn run<T: Target>(&self, target: &T, streams: &[Stream<T::Request>]) -> Result<(), Failure>;
}

impl LoadArgs {
    fn run(&self, run: &Run<'_>, looping: &impl LoopRun) -> Result<(), Failure> {
        let threads = self.common.threads();
        let workload = {
            let _progress = Progress::of(&format!("making {}", self.scenario));
            Arc::new(Workload::generate(self.scenario, self.common.seed))
        };
        match self.target.target {
            Where::Server => {
                let target = wire_target(&self.target, &self.common, &workload, run)?;
                looping.run(&target, &streams(&target, &workload, self.items)?)
            }
            Where::Engine => {
                let target = engine_target(&self.common, run)?;
                looping.run(&target, &streams(&target, &workload, self.items)?)
            }
            Where::BlstGrouped => {
                let target = BaselineTarget::start(threads, self.target.baseline_batch);
                looping.run(&target, &streams(&target, &workload, self.items)?)
            }
        }
    }

    fn times(&self) -> (Duration, Duration) {
        (
            Duration::from_secs(self.warm_up),
            Duration::from_secs(self.seconds),
        )
    }

    fn keep(
        &self,
        run: &Run<'_>,
        kind: &'static str,
        at: Option<f64>,
        load_before: Option<f64>,
        mut report: Value,
    ) -> Result<(), Failure> {
        report["threads"] = json!(self.common.threads());
        report["items_per_request"] = json!(self.items);
        let place = self.target.target.name();
        report["place"] = json!(place);
        report["call"] = json!(self.target.call.name());
        let mut variant = match self.target.call {
            SetCall::Sets => format!("{place}-{}", self.items),
            call => format!("{place}-{}-{}", call.name(), self.items),
        };
        if let Some(rate) = at {
            variant = format!("{variant}-{rate}");
        }
        if self.target.twins == Twins::Unknown {
            report["twins"] = json!("unknown");
            variant += "-twins-unknown";
        }
        let scenario = self.scenario.to_string();
        run.keep(&self.common, kind, &scenario, &variant, load_before, report)
    }
}

impl Where {
    const fn name(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Server => "server",
            Self::BlstGrouped => "blst-grouped",
        }
    }
}

fn concurrencies(range: &str) -> Result<Vec<usize>, Failure> {
    let wrong = || Failure::Usage(format!("{range:?}: a range is FROM:TO, from 1 on"));
    let (from, to) = range.split_once(':').unwrap_or((range, range));
    let number = |text: &str| text.parse::<usize>().map_err(|_| wrong());
    let (from, to) = (number(from)?, number(to)?);
    if from == 0 || to < from {
        return Err(wrong());
    }
    let doubled = std::iter::successors(Some(from), |n| n.checked_mul(2));
    Ok(doubled.take_while(|n| *n <= to).collect())
}

/// The only stream, where a loop is of one kind of caller.
fn only<R>(streams: &[Stream<R>]) -> Result<&[R], Failure> {
    match streams {
        [only] => Ok(&only.requests),
        _ => Err(Failure::Usage(
            "a mixed load has a rate for each kind of caller: use open".into(),
        )),
    }
}

pub(crate) fn closed(args: &ClosedArgs, run: &Run<'_>) -> Result<(), Failure> {
    struct Closed<'a>(&'a ClosedArgs, Vec<usize>, &'a Run<'a>);
    impl LoopRun for Closed<'_> {
        fn run<T: Target>(
            &self,
            target: &T,
            streams: &[Stream<T::Request>],
        ) -> Result<(), Failure> {
            let Self(args, concurrencies, run) = self;
            let requests = only(streams)?;
            let load_before = load_average();
            let (warm_up, time) = args.load.times();
            let meter = EnergyMeter::here();
            let one = |&concurrency: &usize| {
                let plan = ClosedLoop {
                    concurrency,
                    warm_up,
                    time,
                };
                let _progress = Progress::over(&format!("closed {concurrency}"), warm_up + time);
                let before = meter.read();
                let report = closed_loop(target, requests, &plan);
                let mut json = report.to_json();
                json["concurrency"] = json!(concurrency);
                json["energy"] = meter.to_json(meter.since(&before), report.verdicts());
                json
            };
            let loops: Vec<Value> = concurrencies.iter().map(one).collect();
            args.load
                .keep(run, "closed", None, load_before, json!({ "loops": loops }))
        }
    }
    let concurrencies = concurrencies(&args.concurrency)?;
    args.load.run(run, &Closed(args, concurrencies, run))
}

fn open_plan(load: &LoadArgs, rate: f64, pace: Pace) -> OpenLoop {
    let (warm_up, time) = load.times();
    OpenLoop {
        rate,
        pace,
        warm_up,
        time,
        under_way_max: UNDER_WAY_MAX,
        seed: load.common.seed,
    }
}

/// All streams at once, each at its share of the rate.
fn open_streams<T: Target>(
    target: &T,
    streams: &[Stream<T::Request>],
    plan: &OpenLoop,
) -> Vec<LoadReport> {
    std::thread::scope(|scope| {
        let loops: Vec<_> = (0..)
            .zip(streams)
            .map(|(nth, stream)| {
                let plan = OpenLoop {
                    rate: plan.rate * stream.share,
                    seed: plan.seed + nth,
                    ..*plan
                };
                scope.spawn(move || open_loop(target, &stream.requests, &plan))
            })
            .collect();
        loops
            .into_iter()
            .map(|ended| ended.join().expect("a loop does not panic"))
            .collect()
    })
}

pub(crate) fn open(args: &OpenArgs, run: &Run<'_>) -> Result<(), Failure> {
    struct Open<'a>(&'a OpenArgs, &'a Run<'a>);
    impl LoopRun for Open<'_> {
        fn run<T: Target>(
            &self,
            target: &T,
            streams: &[Stream<T::Request>],
        ) -> Result<(), Failure> {
            let Self(args, run) = self;
            let pace = match args.pace {
                PaceArg::Constant => Pace::Constant,
                PaceArg::Poisson => Pace::Poisson,
            };
            let load_before = load_average();
            let plan = open_plan(&args.load, args.rate, pace);
            let _progress =
                Progress::over(&format!("open {}/s", args.rate), plan.warm_up + plan.time);
            let meter = EnergyMeter::here();
            let before = meter.read();
            let reports = open_streams(target, streams, &plan);
            let verdicts = reports.iter().map(LoadReport::verdicts).sum();
            let energy = meter.to_json(meter.since(&before), verdicts);
            let named = streams.iter().zip(&reports).map(|(stream, report)| {
                let mut json = report.to_json();
                json["callers"] = json!(stream.name);
                json
            });
            let report = json!({
                "rate": args.rate,
                "pace": pace.name(),
                "streams": named.collect::<Vec<_>>(),
                "energy": energy,
            });
            args.load
                .keep(run, "open", Some(args.rate), load_before, report)
        }
    }
    if args.rate <= 0.0 {
        return Err(Failure::Usage("a rate is above zero".into()));
    }
    args.load.run(run, &Open(args, run))
}

pub(crate) fn search(args: &SearchArgs, run: &Run<'_>) -> Result<(), Failure> {
    struct Search<'a>(&'a SearchArgs, &'a Run<'a>);
    impl LoopRun for Search<'_> {
        fn run<T: Target>(
            &self,
            target: &T,
            streams: &[Stream<T::Request>],
        ) -> Result<(), Failure> {
            let Self(args, run) = self;
            let requests = only(streams)?;
            let limit = Limit {
                quantile: args.percentile / 100.0,
                latency: Duration::from_millis(args.limit_ms),
            };
            let load_before = load_average();
            let found = highest_rate(args.from, &limit, |rate| {
                let plan = open_plan(&args.load, rate, Pace::Poisson);
                let _progress = Progress::over(&format!("{rate:.1}/s"), plan.warm_up + plan.time);
                let report: LoadReport = open_loop(target, requests, &plan);
                eprintln!(
                    "{rate:.1}/s: {} us at {}%, {:?}",
                    report.latency.value_at_quantile(limit.quantile),
                    args.percentile,
                    report.shortfall
                );
                report
            });
            let mut report = found.to_json();
            report["percentile"] = json!(args.percentile);
            report["limit_ms"] = json!(args.limit_ms);
            args.load.keep(run, "search", None, load_before, report)
        }
    }
    if args.from <= 0.0 || !(0.0..=100.0).contains(&args.percentile) {
        return Err(Failure::Usage(
            "a rate is above zero and a percentile between 0 and 100".into(),
        ));
    }
    args.load.run(run, &Search(args, run))
}

pub(crate) fn slot(args: &SlotArgs, run: &Run<'_>) -> Result<(), Failure> {
    let threads = args.common.threads();
    let scenario = "mainnet-slot".parse().expect("it is in the list");
    let trace = match &args.trace {
        None => Trace::modelled(args.common.seed, args.slots.max(1)),
        Some(path) => Trace::read(path)?,
    };
    let workload = {
        let _progress = Progress::of("making mainnet-slot");
        Arc::new(Workload::generate(scenario, args.common.seed))
    };
    let plan = ReplayPlan {
        gather: Duration::from_millis(args.gather_ms),
        trace,
    };
    let load_before = load_average();
    let place = args.target.target;
    let _progress = Progress::over("slots", plan.trace.lasts());
    let report = match place {
        Where::Server => replay(
            &wire_target(&args.target, &args.common, &workload, run)?,
            &workload,
            &plan,
        ),
        Where::Engine => replay(&engine_target(&args.common, run)?, &workload, &plan),
        Where::BlstGrouped => {
            let target = BaselineTarget::start(threads, args.target.baseline_batch);
            replay(&target, &workload, &plan)
        }
    }?;
    let mut report = report.to_json(threads);
    report["place"] = json!(place.name());
    report["seed"] = json!(args.common.seed);
    let variant = match &args.trace {
        None => place.name().to_owned(),
        Some(_) => format!("{}-recorded", place.name()),
    };
    run.keep(
        &args.common,
        "slot",
        "mainnet-slot",
        &variant,
        load_before,
        report,
    )
}

pub(crate) fn trace(args: &TraceArgs) -> Result<(), Failure> {
    Trace::modelled(args.seed, 1).write(&mut std::io::stdout().lock())?;
    Ok(())
}

pub(crate) fn report(args: &ReportArgs) -> Result<(), Failure> {
    let measurements = crate::results::load(&args.results)?;
    let pages = crate::render::Pages {
        markdown: args.output.clone(),
        html: args.html.clone(),
        core_hour_usd: args.core_hour_usd,
    };
    pages.write(&measurements)?;
    println!("{}", args.output.display());
    Ok(())
}
/// What can be run is run by turns; of results of the past there are only hints.
pub(crate) fn compare(args: &CompareArgs) -> Result<(), Failure> {
    let is_result =
        |path: &Path| path.is_dir() || path.extension().is_some_and(|end| end == "json");
    match (is_result(&args.before), is_result(&args.after)) {
        (true, true) => {
            let comparisons = comparing::compare(&args.before, &args.after)?;
            print!("{}", comparing::hints(&comparisons));
            Ok(())
        }
        (false, false) => pair(args),
        _ => Err(Failure::Usage(
            "a program and a result cannot be compared: give two of one kind".into(),
        )),
    }
}

fn pair(args: &CompareArgs) -> Result<(), Failure> {
    let mut arguments: Vec<String> = ["bench", "batch", "--json", "--scenario"]
        .map(String::from)
        .to_vec();
    arguments.push(args.scenario.to_string());
    if let Some(baseline) = args.against {
        arguments.extend(["--against".into(), baseline.to_string()]);
    }
    arguments.extend(["--threads".into(), args.threads.to_string()]);
    arguments.extend(["--seconds".into(), args.seconds.to_string()]);
    let _progress = Progress::of("comparing");
    let found = comparing::pair(&comparing::Pairing {
        before: args.before.clone(),
        after: args.after.clone(),
        pairs: args.pairs,
        arguments,
    })?;
    print!("{}", comparing::to_text(&[found]));
    Ok(())
}
