//! Measurements that need no installed `tutti`: `cargo run --release -p tutti-bench -- --help`.
#![forbid(unsafe_code)]

mod runner;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use tutti_bench::{Baseline, Scenario};

#[derive(Parser)]
#[command(
    name = "tutti-bench",
    version,
    about = "Measures Tutti and what it is compared to"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Whole batches in this process, in turn with a baseline.
    Batch(BatchArgs),
    /// Keeps a number of requests under way, for each number in a range.
    Closed(ClosedArgs),
    /// Sends at a rate, whatever becomes of the requests.
    Open(OpenArgs),
    /// Finds the highest rate at which a percentile stays under a limit.
    Search(SearchArgs),
    /// Replays a slot of Ethereum's mainnet in real time.
    Slot(SlotArgs),
    /// Renders results into docs/benchmarks.md with its plots.
    Report(ReportArgs),
    /// Hints at changes between two results or folders of them.
    Compare { before: PathBuf, after: PathBuf },
    /// Runs two builds of this program by turns and tells real changes from noise.
    Pair(PairArgs),
}

#[derive(Args)]
struct Common {
    /// Threads of the CPU backend or baseline [default: the machine's cores].
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Also keep the raw data in this folder.
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
}

#[derive(Args)]
struct BatchArgs {
    /// A workload by name; may be given several times.
    #[arg(long, value_name = "NAME", required = true)]
    scenario: Vec<Scenario>,
    /// blst, blst-grouped or ark-bn254.
    #[arg(long, value_name = "NAME")]
    against: Option<Baseline>,
    #[arg(long, value_name = "S", default_value_t = 10)]
    seconds: u64,
    #[arg(long, value_name = "N", default_value_t = 7)]
    rounds: usize,
    #[command(flatten)]
    common: Common,
}

/// Where the load goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Where {
    /// The engine in this process, without gRPC.
    Engine,
    /// A server in this process, over gRPC through loopback; or the one at --endpoint.
    Server,
    /// blst as the best consensus clients use it, in this process.
    BlstGrouped,
}

#[derive(Args)]
struct LoadArgs {
    #[arg(long, value_name = "NAME", default_value = "distinct-4096")]
    scenario: Scenario,
    /// Signature sets in a request.
    #[arg(long, value_name = "N", default_value_t = 1)]
    items: usize,
    #[command(flatten)]
    target: TargetArgs,
    #[arg(long, value_name = "S", default_value_t = 10)]
    seconds: u64,
    #[arg(long, value_name = "S", default_value_t = 2)]
    warm_up: u64,
    #[command(flatten)]
    common: Common,
}

#[derive(Args)]
struct TargetArgs {
    #[arg(long, value_enum, default_value_t = Where::Server)]
    target: Where,
    /// A running server, such as <http://127.0.0.1:50051>.
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    #[arg(long, value_name = "N", default_value_t = 1)]
    connections: usize,
    /// Sets that blst-grouped takes at once.
    #[arg(long, value_name = "N", default_value_t = 128)]
    baseline_batch: usize,
}

#[derive(Args)]
struct ClosedArgs {
    #[command(flatten)]
    load: LoadArgs,
    /// Requests under way: one number or FROM:TO, doubling.
    #[arg(long, value_name = "RANGE", default_value = "1:64")]
    concurrency: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PaceArg {
    Constant,
    Poisson,
}

#[derive(Args)]
struct OpenArgs {
    #[command(flatten)]
    load: LoadArgs,
    /// Requests a second.
    #[arg(long, value_name = "R")]
    rate: f64,
    #[arg(long, value_enum, default_value_t = PaceArg::Poisson)]
    pace: PaceArg,
}

#[derive(Args)]
struct SearchArgs {
    #[command(flatten)]
    load: LoadArgs,
    /// The rate to start from, requests a second.
    #[arg(long, value_name = "R", default_value_t = 10.0)]
    from: f64,
    #[arg(long, value_name = "P", default_value_t = 99.0)]
    percentile: f64,
    #[arg(long, value_name = "MS", default_value_t = 50)]
    limit_ms: u64,
}

#[derive(Args)]
struct SlotArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// What arrives within this time goes out as one request.
    #[arg(long, value_name = "MS", default_value_t = 5)]
    gather_ms: u64,
    #[arg(long, value_name = "N", default_value_t = 3)]
    slots: usize,
    #[command(flatten)]
    common: Common,
}

#[derive(Args)]
struct ReportArgs {
    #[arg(long, value_name = "DIR", default_value = "bench/results")]
    results: PathBuf,
    #[arg(long, value_name = "FILE", default_value = "docs/benchmarks.md")]
    output: PathBuf,
}

#[derive(Args)]
struct PairArgs {
    before: PathBuf,
    after: PathBuf,
    #[arg(long, value_name = "N", default_value_t = 11)]
    pairs: usize,
    #[arg(long, value_name = "NAME")]
    scenario: Scenario,
    #[arg(long, value_name = "NAME")]
    against: Option<Baseline>,
    /// Seconds of each run.
    #[arg(long, value_name = "S", default_value_t = 3)]
    seconds: u64,
    #[arg(long, value_name = "N", default_value_t = 1)]
    threads: usize,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Batch(args) => runner::batch(&args),
        Command::Closed(args) => runner::closed(&args),
        Command::Open(args) => runner::open(&args),
        Command::Search(args) => runner::search(&args),
        Command::Slot(args) => runner::slot(&args),
        Command::Report(args) => runner::report(&args),
        Command::Compare { before, after } => runner::compare(&before, &after),
        Command::Pair(args) => runner::pair(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tutti-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
