//! Measurements that need no installed `tutti`: `cargo run --release -p tutti-bench -- --help`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use tutti_bench::commands::{Command, run};

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

fn main() -> ExitCode {
    match run(&Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tutti-bench: {error}");
            ExitCode::FAILURE
        }
    }
}
