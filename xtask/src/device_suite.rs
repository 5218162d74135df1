//! Everything that needs a GPU, packed: a folder with the program, the tests and one script that
//! runs on a machine with a GPU and without Rust, in less than ten minutes, and writes one JSON.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::kernels::{nvcc_missing, target};
use crate::root;

const SCRIPT: &str = include_str!("device_suite.sh");

/// What is packed.
#[derive(Clone, Copy, PartialEq)]
enum Packing {
    /// For a machine with a GPU.
    Real,
    /// The script with all its steps, small, on this machine and against the stand-in for the
    /// driver: so that no call with a GPU is lost to a mistake in it.
    Rehearsal,
}

pub(crate) fn device_suite(args: &[String]) -> Result<(), String> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        [] => {
            if let Some(missing) = nvcc_missing() {
                return Err(format!("the suite would have no kernels: {missing}"));
            }
            let suite = pack(Packing::Real)?;
            println!(
                "{} holds the suite; on a machine with a GPU:",
                suite.display()
            );
            println!("    bash run.sh results.json");
            Ok(())
        }
        ["--rehearse"] => rehearse(&pack(Packing::Rehearsal)?),
        _ => Err("usage: cargo xtask device-suite [--rehearse]".into()),
    }
}

/// Runs the script where it was packed.
fn rehearse(suite: &Path) -> Result<(), String> {
    let status = Command::new("bash")
        .args(["run.sh", "results.json"])
        .current_dir(suite)
        .status()
        .map_err(|error| format!("bash cannot be started: {error}"))?;
    let results =
        fs::read_to_string(suite.join("results.json")).map_err(|error| error.to_string())?;
    let results: serde_json::Value = serde_json::from_str(&results)
        .map_err(|error| format!("the results are not JSON: {error}"))?;
    for step in results["steps"].as_array().into_iter().flatten() {
        // A machine without a GPU has no nvidia-smi.
        if step["code"].as_i64().is_some_and(|code| code != 0) && step["step"] != "gpu" {
            return Err(format!(
                "step {} failed with {}",
                step["step"], step["code"]
            ));
        }
    }
    println!(
        "every step came to its end ({status}); {}",
        suite.join("results.json").display()
    );
    Ok(())
}

fn pack(packing: Packing) -> Result<PathBuf, String> {
    let profile: &[&str] = match packing {
        Packing::Real => &["--release"],
        Packing::Rehearsal => &[],
    };
    cargo(&[&["build", "-p", "tutti-cli"], profile].concat())?;
    cargo(
        &[
            &["build", "-p", "tutti-backend-cuda", "--examples"],
            profile,
        ]
        .concat(),
    )?;
    let tests = test_binary(profile)?;
    let (built, name) = match packing {
        Packing::Real => (target().join("release"), "device-suite"),
        Packing::Rehearsal => (target().join("debug"), "device-suite-rehearsal"),
    };
    let suite = target().join(name);
    // What an earlier packing left must not be taken for this one's.
    match fs::remove_dir_all(&suite) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(format!("{} cannot be removed: {error}", suite.display()));
        }
        _ => {}
    }
    copy(&built.join("tutti"), &suite.join("tutti"))?;
    // The tests look for the worker where cargo puts it.
    copy(&tests, &suite.join("build/deps/devices"))?;
    let worker = Path::new("examples/worker");
    copy(&built.join(worker), &suite.join("build").join(worker))?;
    if packing == Packing::Rehearsal {
        let driver = built.join("examples/libfake_libcuda.so");
        copy(&driver, &suite.join("driver/libcuda.so.1"))?;
        copy(&driver, &suite.join("build/examples/libfake_libcuda.so"))?;
    }
    let vectors = root().join("tests/conformance/vectors");
    copy_tree(&vectors, &suite.join("vectors"))?;
    let script = suite.join("run.sh");
    fs::write(&script, SCRIPT).map_err(|error| format!("{}: {error}", script.display()))?;
    Ok(suite)
}

fn cargo(args: &[&str]) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo).args(args).current_dir(root()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("cargo {} failed", args.join(" "))),
        Err(error) => Err(format!("cargo cannot be started: {error}")),
    }
}

/// Builds the tests of devices and says where they are.
fn test_binary(profile: &[&str]) -> Result<PathBuf, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["test", "-p", "tutti-backend-cuda", "--test", "devices"])
        .args(profile)
        .args(["--no-run", "--message-format", "json"])
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    let messages = String::from_utf8_lossy(&output.stdout);
    let mut built = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "devices")
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    built
        .next()
        .ok_or_else(|| "the tests of devices were not built".into())
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let parent = to.parent().expect("files of the suite are in its folder");
    let copied = fs::create_dir_all(parent).and_then(|()| fs::copy(from, to));
    copied
        .map(drop)
        .map_err(|error| format!("{}: {error}", from.display()))
}

fn copy_tree(from: &Path, to: &Path) -> Result<(), String> {
    let entries = fs::read_dir(from).map_err(|error| format!("{}: {error}", from.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        let to = to.join(path.file_name().expect("an entry has a name"));
        if path.is_dir() {
            copy_tree(&path, &to)?;
        } else {
            copy(&path, &to)?;
        }
    }
    Ok(())
}

/// What a machine lacks for the suite itself.
pub(crate) fn device_missing() -> Option<String> {
    let device = Path::new("/dev/nvidia0").exists() || Path::new("/dev/dxg").exists();
    (!device).then(|| {
        "there is no NVIDIA device: 13 steps of `cargo xtask device-suite` were not run".into()
    })
}
