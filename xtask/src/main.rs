//! All automation. `cargo xtask test` is what everybody runs; `ci` adds format and lints.
#![forbid(unsafe_code)]

mod bench;
mod device_suite;
mod hdl;
mod kernels;
mod packing;
mod run;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let result = match args.first().map(String::as_str) {
        Some("test") => run::test(),
        Some("ci") => run::ci(),
        Some("tidy") => tidy::tidy(),
        Some("device-suite") => device_suite::device_suite(&args[1..]),
        Some("package") => packing::package(),
        Some("card") => hdl::card_command(&args[1..]),
        Some("bitstream") => hdl::bitstream(&args[1..]),
        Some("kernels") => kernels::kernels(&args[1..]),
        Some("sanitize") => run::sanitize(),
        Some("bench") => return bench::bench(&args[1..]),
        _ => {
            eprintln!(
                "usage: cargo xtask test | ci | tidy | sanitize | bench | kernels | package | device-suite | card | bitstream"
            );
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The repository's root, wherever the command was started.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the repository")
        .to_owned()
}
