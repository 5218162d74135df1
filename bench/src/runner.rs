use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::load::{
    BaselineTarget, ClosedLoop, EngineTarget, Limit, LoadReport, OpenLoop, Pace, Target,
    WireTarget, closed_loop, highest_rate, open_loop, requests,
};
use crate::results::{Origin, document, load_average, save};
use crate::{EngineSubject, Plan, ReplayPlan, Workload, compare as comparing, measure, replay};
use serde_json::{Value, json};
use tutti_backend_cpu::{CpuBackend, CpuConfig};
use tutti_engine::{Engine, EngineConfig, NoObserver, Observer};
use tutti_server::{Config, Metrics, Server};
use tutti_types::Limits;

use crate::commands::{
    BatchArgs, ClosedArgs, Common, Failure, LoadArgs, OpenArgs, PaceArg, PairArgs, ReportArgs,
    SearchArgs, SlotArgs, TargetArgs, Where,
};

/// More requests than this under way are a target that has given up.
const UNDER_WAY_MAX: usize = 16_384;

impl Common {
    fn threads(&self) -> usize {
        self.threads.unwrap_or_else(tutti_engine::cores)
    }

    /// Prints a measurement and keeps it where asked. Says so when the machine was not quiet.
    fn keep(
        &self,
        kind: &'static str,
        scenario: &str,
        variant: &str,
        load_before: Option<f64>,
        report: Value,
    ) -> Result<(), Failure> {
        let origin = Origin {
            kind,
            scenario: scenario.to_owned(),
            variant: format!("{variant}-t{}", self.threads()),
            command: command_line(scenario),
        };
        let document = document(&origin, report, load_before);
        println!("{document}");
        if let Some(dir) = &self.save {
            eprintln!("{}", save(dir, &origin, &document)?.display());
        }
        if load_before.is_some_and(|load| load > 1.5) {
            eprintln!("the machine was busy before this measurement (load {load_before:?})");
        }
        Ok(())
    }
}

/// What was typed, with this scenario alone where several were given.
fn command_line(scenario: &str) -> String {
    let mut words = Vec::new();
    // `tutti bench` and `tutti-bench` take the same words.
    let mut given = std::env::args().skip(1).skip_while(|word| word == "bench");
    while let Some(word) = given.next() {
        match word.as_str() {
            "--save" => drop(given.next()),
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

fn engine(config: &CpuConfig, observer: Arc<dyn Observer>) -> Result<Engine, Failure> {
    let backend = CpuBackend::new(config)?;
    Ok(Engine::start(
        &EngineConfig::default(),
        vec![Arc::new(backend)],
        observer,
    ))
}

pub(crate) fn batch(args: &BatchArgs) -> Result<(), Failure> {
    let threads = args.common.threads();
    let plan = Plan {
        rounds_min: args.rounds.max(1),
        time: Duration::from_secs(args.seconds),
        ..Plan::default()
    };
    for &scenario in &args.scenario {
        let config = CpuConfig::new(threads, &Limits::default()).without_caches();
        let mut ours = EngineSubject {
            engine: engine(&config, Arc::new(NoObserver))?,
            name: "cpu".into(),
            runs: 0,
        };
        let mut theirs = args.against.map(|baseline| baseline.subject(threads));
        let load_before = load_average();
        let report = measure(
            scenario,
            args.common.seed,
            plan,
            &mut ours,
            theirs.as_deref_mut(),
        )?;
        let variant = args
            .against
            .map_or_else(|| "cpu".into(), |b| format!("cpu-{b}"));
        let name = scenario.to_string();
        let report = report.to_json("cpu", threads);
        args.common
            .keep("batch", &name, &variant, load_before, report)?;
    }
    Ok(())
}

/// A server of this process on a free port, with caches as in service.
fn start_server(threads: usize) -> Result<String, Failure> {
    let metrics = Arc::new(Metrics::new());
    let observer: Arc<dyn Observer> = Arc::<Metrics>::clone(&metrics);
    let engine = engine(&CpuConfig::new(threads, &Limits::default()), observer)?;
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
    threads: usize,
    workload: &Workload,
) -> Result<WireTarget, Failure> {
    let endpoint = match &args.endpoint {
        Some(endpoint) => endpoint.clone(),
        None => start_server(threads)?,
    };
    let target = WireTarget::connect(&endpoint, args.connections)?;
    target.put_keys(workload)?;
    Ok(target)
}

fn engine_target(threads: usize) -> Result<EngineTarget, Failure> {
    let config = CpuConfig::new(threads, &Limits::default());
    Ok(EngineTarget {
        engine: engine(&config, Arc::new(NoObserver))?,
        name: "engine".into(),
    })
}

/// What a loop does with a target and its requests.
trait LoopRun {
    fn run<T: Target>(&self, target: &T, requests: &[T::Request]) -> Result<(), Failure>;
}

impl LoadArgs {
    fn run(&self, run: &impl LoopRun) -> Result<(), Failure> {
        let threads = self.common.threads();
        let workload = Arc::new(Workload::generate(self.scenario, self.common.seed));
        match self.target.target {
            Where::Server => {
                let target = wire_target(&self.target, threads, &workload)?;
                run.run(&target, &requests(&target, &workload, self.items)?)
            }
            Where::Engine => {
                let target = engine_target(threads)?;
                run.run(&target, &requests(&target, &workload, self.items)?)
            }
            Where::BlstGrouped => {
                let target = BaselineTarget::start(threads, self.target.baseline_batch);
                run.run(&target, &requests(&target, &workload, self.items)?)
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
        kind: &'static str,
        load_before: Option<f64>,
        mut report: Value,
    ) -> Result<(), Failure> {
        report["threads"] = json!(self.common.threads());
        report["items_per_request"] = json!(self.items);
        let place = self.target.target.name();
        report["place"] = json!(place);
        let variant = format!("{place}-{}", self.items);
        let scenario = self.scenario.to_string();
        self.common
            .keep(kind, &scenario, &variant, load_before, report)
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
    let (from, to) = range.split_once(':').unwrap_or((range, range));
    let (from, to): (usize, usize) = (from.parse()?, to.parse()?);
    if from == 0 || to < from {
        return Err(format!("{range:?}: a range is FROM:TO, from 1 on").into());
    }
    let doubled = std::iter::successors(Some(from), |n| n.checked_mul(2));
    Ok(doubled.take_while(|n| *n <= to).collect())
}

pub(crate) fn closed(args: &ClosedArgs) -> Result<(), Failure> {
    struct Closed<'a>(&'a ClosedArgs, Vec<usize>);
    impl LoopRun for Closed<'_> {
        fn run<T: Target>(&self, target: &T, requests: &[T::Request]) -> Result<(), Failure> {
            let load_before = load_average();
            let (warm_up, time) = self.0.load.times();
            let run = |&concurrency: &usize| {
                let plan = ClosedLoop {
                    concurrency,
                    warm_up,
                    time,
                };
                let mut report = closed_loop(target, requests, &plan).to_json();
                report["concurrency"] = json!(concurrency);
                report
            };
            let loops: Vec<Value> = self.1.iter().map(run).collect();
            self.0
                .load
                .keep("closed", load_before, json!({ "loops": loops }))
        }
    }
    args.load
        .run(&Closed(args, concurrencies(&args.concurrency)?))
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

pub(crate) fn open(args: &OpenArgs) -> Result<(), Failure> {
    struct Open<'a>(&'a OpenArgs);
    impl LoopRun for Open<'_> {
        fn run<T: Target>(&self, target: &T, requests: &[T::Request]) -> Result<(), Failure> {
            let pace = match self.0.pace {
                PaceArg::Constant => Pace::Constant,
                PaceArg::Poisson => Pace::Poisson,
            };
            let load_before = load_average();
            let plan = open_plan(&self.0.load, self.0.rate, pace);
            let report = open_loop(target, requests, &plan).to_json();
            self.0.load.keep("open", load_before, report)
        }
    }
    if args.rate <= 0.0 {
        return Err("a rate is above zero".into());
    }
    args.load.run(&Open(args))
}

pub(crate) fn search(args: &SearchArgs) -> Result<(), Failure> {
    struct Search<'a>(&'a SearchArgs);
    impl LoopRun for Search<'_> {
        fn run<T: Target>(&self, target: &T, requests: &[T::Request]) -> Result<(), Failure> {
            let Self(args) = self;
            let limit = Limit {
                quantile: args.percentile / 100.0,
                latency: Duration::from_millis(args.limit_ms),
            };
            let load_before = load_average();
            let found = highest_rate(args.from, &limit, |rate| {
                let plan = open_plan(&args.load, rate, Pace::Poisson);
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
            args.load.keep("search", load_before, report)
        }
    }
    if args.from <= 0.0 || !(0.0..=100.0).contains(&args.percentile) {
        return Err("a rate is above zero and a percentile between 0 and 100".into());
    }
    args.load.run(&Search(args))
}

pub(crate) fn slot(args: &SlotArgs) -> Result<(), Failure> {
    let threads = args.common.threads();
    let scenario = "mainnet-slot".parse().expect("it is in the list");
    let workload = Arc::new(Workload::generate(scenario, args.common.seed));
    let plan = ReplayPlan {
        gather: Duration::from_millis(args.gather_ms),
        slots: args.slots.max(1),
        seed: args.common.seed,
    };
    let load_before = load_average();
    let place = args.target.target;
    let report = match place {
        Where::Server => replay(
            &wire_target(&args.target, threads, &workload)?,
            &workload,
            &plan,
        ),
        Where::Engine => replay(&engine_target(threads)?, &workload, &plan),
        Where::BlstGrouped => {
            let target = BaselineTarget::start(threads, args.target.baseline_batch);
            replay(&target, &workload, &plan)
        }
    }?;
    let mut report = report.to_json(threads);
    report["place"] = json!(place.name());
    args.common
        .keep("slot", "mainnet-slot", place.name(), load_before, report)
}

pub(crate) fn report(args: &ReportArgs) -> Result<(), Failure> {
    let measurements = crate::results::load(&args.results)?;
    crate::render::write(&measurements, &args.output)?;
    println!("{}", args.output.display());
    Ok(())
}

pub(crate) fn compare(before: &Path, after: &Path) -> Result<(), Failure> {
    print!("{}", comparing::hints(&comparing::compare(before, after)?));
    Ok(())
}

pub(crate) fn pair(args: &PairArgs) -> Result<(), Failure> {
    let mut arguments = vec![
        "batch".into(),
        "--scenario".into(),
        args.scenario.to_string(),
    ];
    if let Some(baseline) = args.against {
        arguments.extend(["--against".into(), baseline.to_string()]);
    }
    arguments.extend(["--threads".into(), args.threads.to_string()]);
    arguments.extend(["--seconds".into(), args.seconds.to_string()]);
    let found = comparing::pair(&comparing::Pairing {
        before: args.before.clone(),
        after: args.after.clone(),
        pairs: args.pairs,
        arguments,
    })?;
    print!("{}", comparing::to_text(&[found]));
    Ok(())
}
