//! Tests and lints, with a count at the end that names what was skipped and why.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{device_suite, hdl, kernels, root, tidy};

/// A suite that needs something this machine may not have.
struct Conditional {
    name: &'static str,
    missing: Option<String>,
}

pub(crate) fn test() -> Result<(), String> {
    tidy::tidy()?;
    let vectors = vectors();
    let verilator = hdl::verilator();
    let cards = match &verilator {
        Ok(verilator) => vec![
            ("TUTTI_CARD", hdl::card(verilator)?),
            ("TUTTI_BOARD", hdl::generic_board(verilator)?),
        ],
        Err(_) => Vec::new(),
    };
    let mut counts = cargo_test(vectors.as_deref(), cards)?;
    if foreign_missing().is_none() {
        // Where there are no vector lanes the scalar engine must build by itself.
        match cargo(&[
            "check",
            "--locked",
            "--target",
            FOREIGN,
            "-p",
            "tutti-backend-cpu",
        ]) {
            Ok(()) => counts.passed += 1,
            Err(error) => {
                println!("FAILED {FOREIGN}: {error}");
                counts.failed += 1;
            }
        }
    }
    let skipped: Vec<Conditional> = conditional(vectors.as_deref(), verilator.err())
        .into_iter()
        .filter(|suite| suite.missing.is_some())
        .collect();
    for suite in &skipped {
        let reason = suite.missing.as_deref().unwrap_or_default();
        println!("SKIPPED {}: {reason}", suite.name);
    }
    println!(
        "{} passed, {} failed, {} skipped",
        counts.passed,
        counts.failed,
        skipped.len()
    );
    if counts.failed == 0 && counts.finished {
        Ok(())
    } else {
        Err("not all tests passed".into())
    }
}

pub(crate) fn ci() -> Result<(), String> {
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ])?;
    test()
}

/// The vector lanes, which are `unsafe` throughout, and what calls them, under the address sanitizer: their own tests, with
/// every range asserted. The sanitizer's runtime comes with the toolchain, its switch is not stable yet. Apart from
/// everything else, as all is compiled anew.
pub(crate) fn sanitize() -> Result<(), String> {
    const TARGET: &str = "x86_64-unknown-linux-gnu";
    if let Some(missing) = ifma_missing() {
        println!("SKIPPED the lanes under the address sanitizer: {missing}");
        return Ok(());
    }
    let packages = ["--package", "tutti-lanes", "--package", "tutti-backend-cpu"];
    let status = command(&[&["test", "--lib", "--target", TARGET], &packages[..]].concat())
        .env("CARGO_TARGET_DIR", root().join("target/sanitize-lanes"))
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zsanitizer=address")
        // Instrumented frames are several times as large.
        .env("RUST_MIN_STACK", (64 << 20).to_string())
        .status()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("the lanes under the address sanitizer: {status}"))
    }
}

/// Test vectors made by others: the folder that `TUTTI_VECTORS` names.
fn vectors() -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os("TUTTI_VECTORS")?);
    // Tests run in their crates' folders: a relative path would mean something else there.
    std::path::absolute(path).ok()
}

fn conditional(vectors: Option<&Path>, verilator_missing: Option<String>) -> Vec<Conditional> {
    let vectors_missing = match vectors {
        None => Some("TUTTI_VECTORS names no folder of test vectors made by others".into()),
        Some(path) if !path.is_dir() => Some(format!("{} is no folder", path.display())),
        Some(_) => None,
    };
    vec![
        Conditional {
            name: "vectors made by others",
            missing: vectors_missing,
        },
        Conditional {
            name: "AVX-512 IFMA lanes",
            missing: ifma_missing(),
        },
        Conditional {
            name: "the Verilated card",
            missing: verilator_missing,
        },
        Conditional {
            name: "the CPU backend on another architecture",
            missing: foreign_missing(),
        },
        Conditional {
            name: "the kernels' device arithmetic, interpreted",
            missing: kernels::nvcc_missing(),
        },
        Conditional {
            name: "real CUDA devices",
            missing: device_suite::device_missing(),
        },
    ]
}

#[cfg(target_arch = "x86_64")]
fn ifma_missing() -> Option<String> {
    (!is_x86_feature_detected!("avx512ifma")).then(|| "this processor has no AVX-512 IFMA".into())
}

#[cfg(not(target_arch = "x86_64"))]
fn ifma_missing() -> Option<String> {
    Some("this is no x86-64 processor".into())
}

/// A target without the lanes.
const FOREIGN: &str = "aarch64-unknown-linux-gnu";
const FOREIGN_COMPILER: &str = "aarch64-linux-gnu-gcc";

/// What is missing to check the code for [`FOREIGN`]. The standard library is fetched where that
/// is possible; blst needs a C compiler too.
fn foreign_missing() -> Option<String> {
    let runs = |program: &str, args: &[&str]| {
        let quiet = Command::new(program)
            .args(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        quiet.is_ok_and(|status| status.success())
    };
    if !runs(FOREIGN_COMPILER, &["--version"]) {
        return Some(format!(
            "{FOREIGN_COMPILER} is not installed (apt-get install gcc-aarch64-linux-gnu)"
        ));
    }
    (!runs("rustup", &["target", "add", FOREIGN]))
        .then(|| format!("rustup cannot add the target {FOREIGN}"))
}

#[derive(Default)]
struct Counts {
    passed: usize,
    failed: usize,
    finished: bool,
}

fn cargo_test(
    vectors: Option<&Path>,
    cards: Vec<(&'static str, PathBuf)>,
) -> Result<Counts, String> {
    let mut command = command(&["test", "--workspace", "--no-fail-fast"]);
    if let Some(vectors) = vectors {
        command.env("TUTTI_VECTORS", vectors);
    }
    let mut child = command
        .envs(cards)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    let output = child.stdout.take().expect("standard output is piped");
    let mut counts = Counts::default();
    for line in BufReader::new(output).lines() {
        let line = line.map_err(|error| error.to_string())?;
        println!("{line}");
        if let Some(result) = line.strip_prefix("test result: ") {
            counts.passed += number_before(result, " passed");
            counts.failed += number_before(result, " failed");
        }
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    counts.finished = status.success();
    Ok(counts)
}

fn number_before(text: &str, word: &str) -> usize {
    text.split(word)
        .next()
        .and_then(|before| before.rsplit(' ').next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

fn cargo(args: &[&str]) -> Result<(), String> {
    let status = command(args)
        .status()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("cargo {} failed", args.join(" ")))
    }
}

fn command(args: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(args).current_dir(root());
    command
}
