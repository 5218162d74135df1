//! Everything that needs a GPU, packed: a folder with the program, the tests and one script that
//! runs on a machine with a GPU and without Rust, in less than ten minutes, and writes one JSON.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::kernels::{nvcc_missing, target};
use crate::packing::{archive, cargo, copy, copy_stripped, copy_tree, emptied, say_archive, size};
use crate::root;

const SCRIPT: &str = include_str!("device_suite.sh");

/// The program is its own worker; the tests look for one where cargo puts it.
const WORKER: &str = "#!/bin/sh\nexec \"$(dirname \"$0\")/../../tutti\" \"$@\"\n";

/// What can be carried to a machine that is lent for one call.
const CARRIED_BYTES_MAX: u64 = 64 << 20;

pub(crate) fn device_suite(args: &[String]) -> Result<(), String> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        [] => pack(),
        ["--rehearse"] => rehearse(),
        _ => Err("usage: cargo xtask device-suite [--rehearse]".into()),
    }
}

/// For a machine with a GPU: one file.
fn pack() -> Result<(), String> {
    if let Some(missing) = nvcc_missing() {
        return Err(format!("the suite would have no kernels: {missing}"));
    }
    cargo(&["build", "--release", "-p", "tutti-cli"])?;
    let tests = test_binary(&["--release"])?;
    let suite = emptied("device-suite")?;
    copy_stripped(&target().join("release/tutti"), &suite.join("tutti"))?;
    copy_stripped(&tests, &suite.join("build/deps/devices"))?;
    let worker = suite.join("build/examples/worker");
    write(&worker, WORKER)?;
    fs::set_permissions(&worker, fs::Permissions::from_mode(0o755))
        .map_err(|error| format!("{}: {error}", worker.display()))?;
    add_script_and_vectors(&suite)?;
    let file = archive(&suite)?;
    let bytes = size(&file)?;
    if bytes > CARRIED_BYTES_MAX {
        return Err(format!(
            "{} has {bytes} bytes, more than the {CARRIED_BYTES_MAX} that can be carried: narrow TUTTI_CUDA_ARCHITECTURES",
            file.display()
        ));
    }
    say_archive(&file)?;
    println!("on a machine with a GPU:");
    println!("    tar -xzf device-suite.tar.gz && bash device-suite/run.sh results.json");
    Ok(())
}

/// The script with all its steps, small, on this machine and against the stand-in for the driver: so
/// that no call with a GPU is lost to a mistake in it.
fn rehearse() -> Result<(), String> {
    cargo(&["build", "-p", "tutti-cli"])?;
    cargo(&["build", "-p", "tutti-backend-cuda", "--examples"])?;
    let tests = test_binary(&[])?;
    let (built, suite) = (target().join("debug"), emptied("device-suite-rehearsal")?);
    copy(&built.join("tutti"), &suite.join("tutti"))?;
    copy(&tests, &suite.join("build/deps/devices"))?;
    let worker = Path::new("examples/worker");
    copy(&built.join(worker), &suite.join("build").join(worker))?;
    let driver = built.join("examples/libfake_libcuda.so");
    copy(&driver, &suite.join("driver/libcuda.so.1"))?;
    copy(&driver, &suite.join("build/examples/libfake_libcuda.so"))?;
    add_script_and_vectors(&suite)?;
    let status = Command::new("bash")
        .args(["run.sh", "results.json"])
        .current_dir(&suite)
        .status()
        .map_err(|error| format!("bash cannot be started: {error}"))?;
    let results =
        fs::read_to_string(suite.join("results.json")).map_err(|error| error.to_string())?;
    let results: serde_json::Value = serde_json::from_str(&results)
        .map_err(|error| format!("the results are not JSON: {error}"))?;
    if !status.success() {
        return Err(format!("a step failed: {}", failures(&results)));
    }
    println!(
        "every step came to its end; {}",
        suite.join("results.json").display()
    );
    Ok(())
}

/// The steps that did not do well.
fn failures(results: &serde_json::Value) -> String {
    let steps = results["steps"].as_array().into_iter().flatten();
    let bad = steps.filter(|step| step["code"].as_i64().is_some_and(|code| code != 0));
    let named = bad.map(|step| format!("{} with {}", step["step"], step["code"]));
    named.collect::<Vec<_>>().join(", ")
}

fn add_script_and_vectors(suite: &Path) -> Result<(), String> {
    let vectors = root().join("tests/conformance/vectors");
    copy_tree(&vectors, &suite.join("vectors"))?;
    write(&suite.join("run.sh"), SCRIPT)
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let parent = path.parent().expect("files of the suite are in its folder");
    let written = fs::create_dir_all(parent).and_then(|()| fs::write(path, text));
    written.map_err(|error| format!("{}: {error}", path.display()))
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

/// What a machine lacks for the suite itself.
pub(crate) fn device_missing() -> Option<String> {
    let numbered = |name: &str| {
        let number = name.strip_prefix("nvidia");
        number.is_some_and(|number| number.starts_with(|digit: char| digit.is_ascii_digit()))
    };
    let nodes = fs::read_dir("/dev").into_iter().flatten().flatten();
    let mut names = nodes.filter_map(|node| node.file_name().into_string().ok());
    let device = names.any(|name| numbered(&name) || name == "dxg");
    (!device).then(|| {
        "there is no NVIDIA device: 14 steps of `cargo xtask device-suite` were not run".into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says its version, and as `doctor` one object.
    const PROGRAM: &str =
        "#!/bin/sh\n[ \"$1\" = doctor ] && echo '{\"well\":true}' || echo tutti 0\n";

    #[test]
    fn without_a_device_the_script_says_so_and_writes_its_results() {
        if device_missing().is_none() {
            eprintln!("SKIPPED: this machine has an NVIDIA device");
            return;
        }
        let suite = std::env::temp_dir().join(format!("tutti-suite-{}", std::process::id()));
        let program = suite.join("tutti");
        write(&program, PROGRAM).expect("the temporary folder can be written");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");
        write(&suite.join("run.sh"), SCRIPT).expect("the temporary folder can be written");
        let mut script = Command::new("bash");
        let output = script.args(["run.sh", "results.json"]).current_dir(&suite);
        let output = output.output().expect("there is bash");
        let results = fs::read_to_string(suite.join("results.json")).expect("results");
        fs::remove_dir_all(&suite).expect("it is ours");
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("no NVIDIA device"), "{said}");
        let results: serde_json::Value = serde_json::from_str(&results).expect("one JSON");
        assert_eq!(results["device"], false);
        let steps = results["steps"].as_array().expect("a list");
        assert_eq!(steps.len(), 14, "{results}");
        let self_test = steps.iter().find(|step| step["step"] == "self-test");
        assert_eq!(self_test.expect("it ran")["json"][0]["well"], true);
        let skipped = steps.iter().filter(|step| step["missing"].is_string());
        assert!(skipped.count() >= 12, "{results}");
    }
}
