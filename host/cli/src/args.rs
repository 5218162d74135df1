use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Verifies attestations: BLS signatures on BLS12-381 and BN254, by the batch.
///
/// Exit codes: 0 all well, 1 something did not verify or conform, 2 usage, 3 cannot serve.
#[derive(Debug, Parser)]
#[command(name = "tutti", version, disable_help_subcommand = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve gRPC until SIGTERM or SIGINT, then finish what was accepted.
    Serve(ServeArgs),
    /// Verify signature sets from a JSON file and print a verdict a line.
    Verify(VerifyArgs),
    /// Verify certificates of operator sets: did enough of a set attest a statement.
    Cert(CertArgs),
    /// Run test suites made by others: bls12-381-tests, RFC 9380, EIP-2537.
    Conformance(ConformanceArgs),
    /// Say what devices there are, which backends work and why the others do not.
    Doctor(DoctorArgs),
    /// Measure a scenario, alone or against a baseline in the same run.
    Bench(Box<BenchArgs>),
    /// Be a simulated FPGA card that another process uses: prints the backend to name there.
    FpgaSim(FpgaSimArgs),
    /// Print the version.
    Version(VersionArgs),
    /// The process that owns a CUDA device; `serve` starts it.
    #[command(hide = true)]
    CudaWorker(CudaWorkerArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct CudaWorkerArgs {
    /// Number of the device, as the driver counts.
    pub(crate) device: u32,
}

/// What decides how the engine runs. Flags win over the environment, which wins over the file.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct EngineArgs {
    /// Settings file (TOML); unknown keys are refused.
    #[arg(long, value_name = "FILE", env = "TUTTI_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Backends to use: cpu, cuda, fpga-sim (the model of a card), fpga:unix:PATH, fpga:serial:PATH:BAUD, or auto, which is
    /// cuda where it works and cpu [default: auto].
    #[arg(
        long,
        value_name = "NAME",
        env = "TUTTI_BACKEND",
        value_delimiter = ','
    )]
    pub(crate) backend: Vec<String>,
    /// Threads of the CPU backend; as many as the machine has cores if not given.
    #[arg(long, value_name = "N", env = "TUTTI_THREADS")]
    pub(crate) threads: Option<usize>,
    /// Arithmetic of the CPU backend: the AVX-512 IFMA lanes where the processor has them, or
    /// scalar code.
    #[arg(long, value_name = "ENGINE", env = "TUTTI_CPU_ENGINE")]
    pub(crate) cpu_engine: Option<CpuEngineName>,
    /// Memory of each CUDA device for resident keys and batches, in MiB [default: 4096].
    #[arg(long, value_name = "MIB", env = "TUTTI_CUDA_MEMORY_MIB")]
    pub(crate) cuda_memory_mib: Option<u64>,
    /// Smallest batch that a CUDA device is asked; measured as it starts if not given.
    #[arg(long, value_name = "ITEMS", env = "TUTTI_CUDA_ITEMS_MIN")]
    pub(crate) cuda_items_min: Option<u32>,
    /// Program to start as a device's worker instead of this one. It is not trusted either.
    #[arg(long, value_name = "FILE", env = "TUTTI_CUDA_WORKER", hide = true)]
    pub(crate) cuda_worker: Option<PathBuf>,
    /// One in so many items that an FPGA card found good is decided again by the CPU. 1: every one, and hashes are computed by
    /// both [default: 64].
    #[arg(long, value_name = "N", env = "TUTTI_FPGA_REDECIDE_ONE_IN")]
    pub(crate) fpga_redecide_one_in: Option<u32>,
    /// Smallest batch that an FPGA card is asked where another backend can have it [default: 4].
    #[arg(long, value_name = "ITEMS", env = "TUTTI_FPGA_ITEMS_MIN")]
    pub(crate) fpga_items_min: Option<u32>,
    /// Design that FPGA cards must have, as `doctor` prints it; whatever is there first if not given.
    #[arg(long, value_name = "HEX", env = "TUTTI_FPGA_DIGEST")]
    pub(crate) fpga_digest: Option<String>,
    /// Bits of the random coefficients: 64, as consensus clients use, or 128.
    #[arg(long, value_name = "BITS", env = "TUTTI_COEFFICIENT_BITS")]
    pub(crate) coefficient_bits: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CpuEngineName {
    #[default]
    Auto,
    Scalar,
    Ifma,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// Where gRPC is served [default: 127.0.0.1:50051].
    #[arg(long, value_name = "ADDR", env = "TUTTI_LISTEN")]
    pub(crate) listen: Option<SocketAddr>,
    /// Where metrics, liveness and the console are served [default: 127.0.0.1:9464].
    #[arg(long, value_name = "ADDR", env = "TUTTI_SIDE_LISTEN")]
    pub(crate) side_listen: Option<SocketAddr>,
    /// File with the token that calls must send which change key sets and operator sets. Without
    /// it whoever reaches the server may.
    #[arg(long, value_name = "FILE", env = "TUTTI_CONTROL_TOKEN_FILE")]
    pub(crate) control_token_file: Option<PathBuf>,
    /// How long a batch waits for more items though a slot is free [default: 0].
    #[arg(long, value_name = "US", env = "TUTTI_GATHER_US")]
    pub(crate) gather_us: Option<u64>,
    /// How long accepted work may take after the signal to stop [default: 30].
    #[arg(long, value_name = "S", env = "TUTTI_DRAIN_TIMEOUT_S")]
    pub(crate) drain_timeout_s: Option<u64>,
    /// Format of the log on standard error [default: pretty].
    #[arg(long, value_name = "FORMAT", env = "TUTTI_LOG_FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
    /// What is logged, as a tracing filter [default: info].
    #[arg(long, value_name = "FILTER", env = "TUTTI_LOG")]
    pub(crate) log: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LogFormat {
    #[default]
    Pretty,
    Json,
}

/// Where the answers come from: a server that runs, or one in this process.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SourceArgs {
    /// Ask a running server instead of an engine in this process.
    #[arg(long, value_name = "URL", env = "TUTTI_ENDPOINT", conflicts_with_all = ["backend", "threads", "cpu_engine", "coefficient_bits", "config"])]
    pub(crate) endpoint: Option<String>,
    /// File with the token that the server asks of whoever puts sets there.
    #[arg(long, value_name = "FILE", env = "TUTTI_CONTROL_TOKEN_FILE")]
    pub(crate) control_token_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// JSON file of sets; `-` reads standard input.
    #[arg(required_unless_present = "demo", conflicts_with = "demo")]
    pub(crate) file: Option<PathBuf>,
    /// Verify the sets that come with the program, good and bad ones.
    #[arg(long)]
    pub(crate) demo: bool,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// One JSON object a line instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CertArgs {
    #[command(subcommand)]
    pub(crate) command: CertCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CertCommand {
    /// Print a verdict a line: ACCEPT, REJECT(reason) or INDETERMINATE(cause).
    Verify(CertFileArgs),
    /// Print every check with its inputs and its result, and who is missing.
    Explain(CertFileArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct CertFileArgs {
    /// JSON file of certificates, each with its set, statement and policy; `-` reads standard
    /// input. docs/relayers.md says what stands in it.
    #[arg(required_unless_present = "demo", conflicts_with = "demo")]
    pub(crate) file: Option<PathBuf>,
    /// Use the real certificates that come with the program.
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "all")]
    pub(crate) demo: Option<CertDemo>,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// One JSON object a line instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CertDemo {
    All,
    /// Two batches of EigenDA on Sepolia, and one of them spoilt.
    Eigenda,
    /// A period's sync committee of Ethereum names the next.
    SyncCommittee,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ConformanceArgs {
    /// Folder (or file) of the suites.
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Ask each case by itself; by default those that can share a batch do.
    #[arg(long)]
    pub(crate) alone: bool,
    /// The report as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    /// The findings as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) use tutti_bench::commands::BenchArgs;

#[derive(Debug, clap::Args)]
pub(crate) struct FpgaSimArgs {
    /// Unix socket to listen on; otherwise the card is on a pseudo-terminal, like a board on its serial line.
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// A symbolic link to the pseudo-terminal, by which a card that is started again is found.
    #[arg(long, value_name = "PATH", conflicts_with = "socket")]
    pub(crate) link: Option<PathBuf>,
    /// Design that the model says it is; its own if not given.
    #[arg(long, value_name = "HEX", conflicts_with = "rtl")]
    pub(crate) digest: Option<String>,
    /// Cores of the model.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=16), conflicts_with = "rtl")]
    pub(crate) cores: u8,
    /// Run the Verilated hardware instead of the model: the program that `cargo xtask card` builds.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) rtl: Option<PathBuf>,
    /// Options of that program, as --fault.
    #[arg(last = true, requires = "rtl")]
    pub(crate) rtl_options: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct VersionArgs {
    #[arg(long)]
    pub(crate) json: bool,
}
