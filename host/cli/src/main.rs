//! The binary `tutti`: serve, verify, cert, conformance, doctor, bench, fpga-sim, version.
#![deny(unsafe_code)]

mod args;
mod bench;
mod card;
mod cert;
mod conformance;
mod contract_json;
mod cuda;
mod doctor;
mod exit;
mod fpga_sim;
mod memory;
mod serve;
mod settings;
mod source;
mod verify;

use clap::Parser;

use args::{Args, Command};
use exit::{Exit, say};

fn main() -> std::process::ExitCode {
    memory::keep_what_is_freed();
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version are errors to clap, and go to standard output.
            let code = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Well
            };
            // Nobody reads what cannot be printed.
            let _ = error.print();
            return code.into();
        }
    };
    let result = match args.command {
        Command::Serve(args) => serve::serve(&args),
        Command::Verify(args) => verify::verify(&args),
        Command::Cert(args) => cert::cert(&args),
        Command::Conformance(args) => conformance::conformance(&args),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Bench(args) => bench::bench(&args),
        Command::FpgaSim(args) => fpga_sim::fpga_sim(&args),
        Command::Version(args) => Ok(version(&args)),
        Command::CudaWorker(args) => return cuda::serve_worker(&args),
    };
    result
        .unwrap_or_else(|failure| {
            eprintln!("tutti: {failure}");
            failure.exit()
        })
        .into()
}

fn version(args: &args::VersionArgs) -> Exit {
    let version = env!("CARGO_PKG_VERSION");
    if args.json {
        say(serde_json::json!({ "name": "tutti", "version": version }));
    } else {
        say(format_args!("tutti {version}"));
    }
    Exit::Well
}
