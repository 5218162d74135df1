//! The measurements as commands: what `tutti bench` takes.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use tutti_engine::{Engine, Observer};

use crate::Twins;
use crate::baseline::UnknownBaseline;
use crate::compare::PairError;
use crate::load::{SetCall, TargetError};
use crate::results::ResultsError;
use crate::runner::Run;
use crate::trace::TraceError;
use crate::{Baseline, Scenario, SubjectFailure, collect, runner};

/// `tutti bench`: a measurement, or without one whole batches.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct BenchArgs {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    batch: BatchArgs,
}

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
    /// Replays a slot of Ethereum's mainnet, or a recorded trace, in real time.
    Slot(SlotArgs),
    /// Prints the modelled slot as a trace, in the format that `slot --trace` reads.
    Trace(TraceArgs),
    /// Makes every figure of docs/benchmarks.md in one go.
    Collect(CollectArgs),
    /// Renders results into docs/benchmarks.md with its plots, and as one HTML page.
    Report(ReportArgs),
    /// Tells real changes from noise: runs two builds of this program by turns. Of two results, or
    /// folders of them, it can only give hints.
    Compare(CompareArgs),
}

/// What the engine of a measurement is made of.
#[derive(Clone, Debug, Args)]
pub struct EngineArgs {
    /// Backend to use; may be given several times [default: cpu].
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub backend: Vec<String>,
    /// Threads of the CPU backend or baseline [default: the machine's cores].
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Arithmetic of the CPU backend: auto, scalar or ifma [default: auto].
    #[arg(long, value_name = "ENGINE")]
    pub cpu_engine: Option<String>,
    /// Bits of the random coefficients: 64, as consensus clients use, or 128.
    #[arg(long, value_name = "BITS")]
    pub coefficient_bits: Option<u32>,
    /// Smallest batch that a CUDA device is asked; measured as it starts if not given.
    #[arg(long, value_name = "ITEMS")]
    pub cuda_items_min: Option<u32>,
    /// Memory of each CUDA device for resident keys and batches, in MiB.
    #[arg(long, value_name = "MIB")]
    pub cuda_memory_mib: Option<u64>,
    /// Program to start as a device's worker instead of this one.
    #[arg(long, value_name = "FILE", hide = true)]
    pub cuda_worker: Option<PathBuf>,
}

/// Whether an engine remembers points between batches, as in service, or not, so that batches
/// can be measured over and over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caching {
    On,
    Off,
}

/// Makes the engine that a measurement runs on: the program that is measured knows its backends.
pub trait MakeEngine {
    fn engine(
        &self,
        args: &EngineArgs,
        caching: Caching,
        observer: Arc<dyn Observer>,
    ) -> Result<Engine, Failure>;
}

#[derive(Debug, Args)]
pub struct Common {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Also keep the raw data in this folder, as JSON and CSV.
    #[arg(long, value_name = "DIR")]
    pub(crate) save: Option<PathBuf>,
    /// One JSON object for each measurement instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub struct BatchArgs {
    /// single, distinct-N, same-message-N, grouped-N-K, poisoned-N, poisoned-N-B, subnet,
    /// sync-committee, mainnet-slot, light-client-year, avs-quorum, avs-quorum-N, avs-fleet,
    /// hash-to-curve-N, pairing-check-N, mixed; may be given several times.
    #[arg(long, value_name = "NAME", required = true)]
    pub(crate) scenario: Vec<Scenario>,
    /// What is measured in the same run, in turn with ours: blst, blst-grouped, ark-bn254,
    /// one-thread, which is ours on a single thread, or threads-apart, as many of those at once as
    /// ours has threads.
    #[arg(long, value_name = "NAME")]
    pub(crate) against: Option<Against>,
    /// Batches that an engine is asked at the same time, as a server under load is; baselines are
    /// asked one.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) at_once: usize,
    /// Keep the caches on: repeated messages and keys are then remembered.
    #[arg(long)]
    pub(crate) caches: bool,
    /// Seconds to measure each scenario.
    #[arg(long, value_name = "S", default_value_t = 10)]
    pub(crate) seconds: u64,
    /// Rounds at least, however long they take.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) rounds: usize,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// What a batch is measured beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Against {
    Baseline(Baseline),
    /// The same engine with one thread.
    OneThread,
    /// As many engines of one thread as ours has threads, each with a batch of its own: what threads
    /// do that share nothing.
    ThreadsApart,
}

impl Against {
    const ONE_THREAD: &str = "one-thread";
    const THREADS_APART: &str = "threads-apart";

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Baseline(baseline) => baseline.name(),
            Self::OneThread => Self::ONE_THREAD,
            Self::ThreadsApart => Self::THREADS_APART,
        }
    }
}

impl FromStr for Against {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            Self::ONE_THREAD => Ok(Self::OneThread),
            Self::THREADS_APART => Ok(Self::ThreadsApart),
            _ => name
                .parse()
                .map(Self::Baseline)
                .map_err(|error: UnknownBaseline| {
                    format!("{error}, {} and {}", Self::ONE_THREAD, Self::THREADS_APART)
                }),
        }
    }
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
    /// Items in a request; `mixed` has its own.
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
    /// The call that carries signature sets to a server.
    #[arg(long, value_enum, default_value_t = SetCall::Sets)]
    pub(crate) call: SetCall,
    /// Whether the server knows the operators' keys in G2 too, or only in G1, as the contracts do.
    #[arg(long, value_enum, default_value_t = Twins::Known)]
    pub(crate) twins: Twins,
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
    /// Slots of the model; a trace has its own.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) slots: usize,
    /// Arrivals as a node recorded them, instead of the model's; docs/measuring.md says what
    /// stands in the file.
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub struct TraceArgs {
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

#[derive(Debug, Args)]
pub struct CollectArgs {
    #[arg(long, value_name = "DIR", default_value = "bench/results")]
    pub(crate) save: PathBuf,
    /// Print the commands without running them.
    #[arg(long)]
    pub(crate) list: bool,
    /// Only those that hold this text.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) only: String,
    /// Divide the seconds of each by this: to see that all of them run.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) hurry: u64,
    /// Also where the code differs from the revision that results name.
    #[arg(long)]
    pub(crate) unclean: bool,
}

#[derive(Debug, Args)]
pub struct ReportArgs {
    #[arg(long, value_name = "DIR", default_value = "bench/results")]
    pub(crate) results: PathBuf,
    #[arg(long, value_name = "FILE", default_value = "docs/benchmarks.md")]
    pub(crate) output: PathBuf,
    /// The same as one HTML page with its plots inside.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// What a core costs an hour, for the cost of a million verdicts.
    #[arg(long, value_name = "USD", default_value_t = 0.045)]
    pub(crate) core_hour_usd: f64,
}

#[derive(Debug, Args)]
pub struct CompareArgs {
    /// A program `tutti`, a result, or a folder of results.
    pub(crate) before: PathBuf,
    /// Another of the same.
    pub(crate) after: PathBuf,
    /// Runs of each program.
    #[arg(long, value_name = "N", default_value_t = 11)]
    pub(crate) pairs: usize,
    /// What the programs measure.
    #[arg(long, value_name = "NAME", default_value = "distinct-64")]
    pub(crate) scenario: Scenario,
    #[arg(long, value_name = "NAME")]
    pub(crate) against: Option<Baseline>,
    /// Seconds of each run.
    #[arg(long, value_name = "S", default_value_t = 3)]
    pub(crate) seconds: u64,
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) threads: usize,
}

/// Why a measurement came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line asks for what there is not.
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Failed(#[from] Box<dyn std::error::Error + Send + Sync>),
}

macro_rules! failures {
    ($($error:ty),*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::Failed(Box::new(error))
            }
        }
    )*};
}

failures!(
    SubjectFailure,
    TargetError,
    ResultsError,
    TraceError,
    PairError,
    tutti_server::ServeError,
    std::io::Error
);

/// Runs a measurement and prints what it gave. `words` are those after `tutti bench`, for others
/// to repeat it.
pub fn run(args: &BenchArgs, words: &[String], make: &dyn MakeEngine) -> Result<(), Failure> {
    match &args.command {
        Some(command) => run_command(command, words, make),
        None => runner::batch(&args.batch, &Run::new(words, make)),
    }
}

pub(crate) fn run_command(
    command: &Command,
    words: &[String],
    make: &dyn MakeEngine,
) -> Result<(), Failure> {
    let run = Run::new(words, make);
    match command {
        Command::Batch(args) => runner::batch(args, &run),
        Command::Closed(args) => runner::closed(args, &run),
        Command::Open(args) => runner::open(args, &run),
        Command::Search(args) => runner::search(args, &run),
        Command::Slot(args) => runner::slot(args, &run),
        Command::Trace(args) => runner::trace(args),
        Command::Collect(args) => collect::collect(args, make),
        Command::Report(args) => runner::report(args),
        Command::Compare(args) => runner::compare(args),
    }
}
