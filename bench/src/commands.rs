//! The measurements as commands, for `tutti bench` and for the program `tutti-bench`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::{Baseline, Scenario, runner};

#[derive(Debug, Subcommand)]
pub enum Command {
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

#[derive(Debug, Args)]
pub struct Common {
    /// Threads of the CPU backend or baseline [default: the machine's cores].
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Also keep the raw data in this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) save: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct BatchArgs {
    /// A workload by name; may be given several times.
    #[arg(long, value_name = "NAME", required = true)]
    pub(crate) scenario: Vec<Scenario>,
    /// blst, blst-grouped or ark-bn254.
    #[arg(long, value_name = "NAME")]
    pub(crate) against: Option<Baseline>,
    #[arg(long, value_name = "S", default_value_t = 10)]
    pub(crate) seconds: u64,
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) rounds: usize,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Where the load goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Where {
    /// The engine in this process, without gRPC.
    Engine,
    /// A server in this process, over gRPC through loopback; or the one at --endpoint.
    Server,
    /// blst as the best consensus clients use it, in this process.
    BlstGrouped,
}

#[derive(Debug, Args)]
pub struct LoadArgs {
    #[arg(long, value_name = "NAME", default_value = "distinct-4096")]
    pub(crate) scenario: Scenario,
    /// Signature sets in a request.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) items: usize,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[arg(long, value_name = "S", default_value_t = 10)]
    pub(crate) seconds: u64,
    #[arg(long, value_name = "S", default_value_t = 2)]
    pub(crate) warm_up: u64,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub struct TargetArgs {
    #[arg(long, value_enum, default_value_t = Where::Server)]
    pub(crate) target: Where,
    /// A running server, such as <http://127.0.0.1:50051>.
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) connections: usize,
    /// Sets that blst-grouped takes at once.
    #[arg(long, value_name = "N", default_value_t = 128)]
    pub(crate) baseline_batch: usize,
}

#[derive(Debug, Args)]
pub struct ClosedArgs {
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    /// Requests under way: one number or FROM:TO, doubling.
    #[arg(long, value_name = "RANGE", default_value = "1:64")]
    pub(crate) concurrency: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PaceArg {
    Constant,
    Poisson,
}

#[derive(Debug, Args)]
pub struct OpenArgs {
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    /// Requests a second.
    #[arg(long, value_name = "R")]
    pub(crate) rate: f64,
    #[arg(long, value_enum, default_value_t = PaceArg::Poisson)]
    pub(crate) pace: PaceArg,
}

#[derive(Debug, Args)]
pub struct SearchArgs {
    #[command(flatten)]
    pub(crate) load: LoadArgs,
    /// The rate to start from, requests a second.
    #[arg(long, value_name = "R", default_value_t = 10.0)]
    pub(crate) from: f64,
    #[arg(long, value_name = "P", default_value_t = 99.0)]
    pub(crate) percentile: f64,
    #[arg(long, value_name = "MS", default_value_t = 50)]
    pub(crate) limit_ms: u64,
}

#[derive(Debug, Args)]
pub struct SlotArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// What arrives within this time goes out as one request.
    #[arg(long, value_name = "MS", default_value_t = 5)]
    pub(crate) gather_ms: u64,
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) slots: usize,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub struct ReportArgs {
    #[arg(long, value_name = "DIR", default_value = "bench/results")]
    pub(crate) results: PathBuf,
    #[arg(long, value_name = "FILE", default_value = "docs/benchmarks.md")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub struct PairArgs {
    pub(crate) before: PathBuf,
    pub(crate) after: PathBuf,
    #[arg(long, value_name = "N", default_value_t = 11)]
    pub(crate) pairs: usize,
    #[arg(long, value_name = "NAME")]
    pub(crate) scenario: Scenario,
    #[arg(long, value_name = "NAME")]
    pub(crate) against: Option<Baseline>,
    /// Seconds of each run.
    #[arg(long, value_name = "S", default_value_t = 3)]
    pub(crate) seconds: u64,
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) threads: usize,
}

pub type Failure = Box<dyn std::error::Error>;

/// Runs a measurement and prints what it gave.
pub fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Batch(args) => runner::batch(args),
        Command::Closed(args) => runner::closed(args),
        Command::Open(args) => runner::open(args),
        Command::Search(args) => runner::search(args),
        Command::Slot(args) => runner::slot(args),
        Command::Report(args) => runner::report(args),
        Command::Compare { before, after } => runner::compare(before, after),
        Command::Pair(args) => runner::pair(args),
    }
}
