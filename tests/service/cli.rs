//! The program as scripts see it: what it prints and how it ends.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn tutti(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tutti"))
        .args(args)
        .output()
        .expect("the program starts")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("the program ends by itself")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn corpus(part: &str) -> String {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/conformance/vectors")
        .join(part);
    root.to_string_lossy().into_owned()
}

/// A file of its own for each test.
fn file(name: &str, content: &str) -> String {
    let path = std::env::temp_dir().join(format!("tutti-cli-{}-{name}", std::process::id()));
    std::fs::write(&path, content).expect("the temporary folder can be written");
    path.to_string_lossy().into_owned()
}

#[test]
fn the_demo_tells_good_from_bad_and_ends_well() {
    let output = tutti(&["verify", "--demo"]);
    assert_eq!(code(&output), 0, "{output:?}");
    let lines = text(&output);
    assert!(
        lines.contains("one validator: VALID, as expected"),
        "{lines}"
    );
    assert!(
        lines.contains("another message: INVALID(does not verify), as expected"),
        "{lines}"
    );
    assert!(!lines.contains("NOT as expected"), "{lines}");
}

#[test]
fn what_does_not_verify_ends_with_one() {
    let demo = include_str!("../../host/cli/src/demo.json");
    let swapped = demo.replacen(
        "\"expect\": \"VALID\"",
        "\"expect\": \"INVALID(infinity: signature)\"",
        1,
    );
    let path = file("swapped.json", &swapped);
    let output = tutti(&["verify", &path, "--json"]);
    assert_eq!(code(&output), 1, "{output:?}");
    let first = text(&output)
        .lines()
        .next()
        .map(str::to_owned)
        .expect("a line");
    let first: serde_json::Value = serde_json::from_str(&first).expect("a JSON object a line");
    assert_eq!(first["verdict"], "VALID");
    assert_eq!(first["as_expected"], false);
}

#[test]
fn wrong_usage_ends_with_two() {
    let no_json = file("no.json", "{");
    let unknown_setting = file("unknown.toml", "lisen = \"127.0.0.1:1\"");
    let cases: [&[&str]; 8] = [
        &["verify"],
        &["no-such-command"],
        &["verify", &no_json],
        &["verify", "/no/such/file"],
        &["serve", "--backend", "abacus"],
        &["serve", "--config", &unknown_setting],
        &["bench", "--scenario", "no-such-scenario"],
        &["conformance", "/no/such/folder"],
    ];
    for args in cases {
        let output = tutti(args);
        assert_eq!(code(&output), 2, "{args:?}: {output:?}");
        assert!(!output.stderr.is_empty(), "{args:?} says what is wrong");
    }
}

#[test]
fn what_cannot_be_served_ends_with_three() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let output = tutti(&[
        "serve",
        "--listen",
        &address,
        "--side-listen",
        "127.0.0.1:0",
    ]);
    assert_eq!(code(&output), 3, "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stderr).contains(&address),
        "{output:?}"
    );
    drop(taken);
    let endpoint = format!("http://{address}");
    let output = tutti(&[
        "conformance",
        &corpus("bls/verify"),
        "--endpoint",
        &endpoint,
    ]);
    assert_eq!(code(&output), 3, "{output:?}");
}

#[test]
fn the_corpus_conforms_on_either_engine() {
    for engine in ["auto", "scalar"] {
        let output = tutti(&[
            "conformance",
            &corpus("bls"),
            "--cpu-engine",
            engine,
            "--json",
        ]);
        assert_eq!(code(&output), 0, "{output:?}");
        let report: serde_json::Value = serde_json::from_str(&text(&output)).expect("JSON");
        let passed: u64 = report["kinds"]
            .as_array()
            .expect("kinds")
            .iter()
            .map(|kind| kind["passed"].as_u64().expect("a count"))
            .sum();
        assert!(passed > 100, "{report}");
        assert_eq!(report["failures"].as_array().map(Vec::len), Some(0));
    }
}

#[test]
fn the_benchmark_keeps_its_contract() {
    let args = [
        "bench",
        "--scenario",
        "poisoned-16",
        "--scenario",
        "hash-to-curve-8",
    ];
    let options = [
        "--against",
        "blst",
        "--threads",
        "1",
        "--seconds",
        "0",
        "--rounds",
        "1",
        "--json",
    ];
    let output = tutti(&[&args[..], &options[..]].concat());
    assert_eq!(code(&output), 0, "{output:?}");
    let lines = text(&output);
    assert_eq!(lines.lines().count(), 2);
    for line in lines.lines() {
        let report: serde_json::Value = serde_json::from_str(line).expect("a JSON object a line");
        for name in [
            "scenario",
            "backend",
            "against",
            "threads",
            "items",
            "items_per_s",
            "against_items_per_s",
            "ratio",
            "p50_us",
            "p99_us",
            "machine",
        ] {
            assert!(!report[name].is_null(), "{name} is missing in {report}");
        }
    }
}

#[test]
fn the_doctor_finds_the_cpu_well() {
    let output = tutti(&["doctor", "--json"]);
    assert_eq!(code(&output), 0, "{output:?}");
    let findings: serde_json::Value = serde_json::from_str(&text(&output)).expect("JSON");
    assert_eq!(findings["well"], true);
    assert_eq!(findings["backends"][0]["name"], "cpu");
    assert_eq!(findings["backends"][0]["usable"], true);
}

#[test]
fn a_server_that_is_asked_to_stop_ends_well() {
    let mut server = Command::new(env!("CARGO_BIN_EXE_tutti"))
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--side-listen",
            "127.0.0.1:0",
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(server.stdout.take().expect("piped")).lines();
    let first = lines.next().expect("a line").expect("text");
    let endpoint = first
        .split_whitespace()
        .last()
        .expect("the address is last")
        .to_owned();
    let output = tutti(&["verify", "--demo", "--endpoint", &endpoint]);
    assert_eq!(code(&output), 0, "{output:?}");
    let stopped = Command::new("kill")
        .args(["-TERM", &server.id().to_string()])
        .status();
    assert!(stopped.expect("kill is there").success());
    assert_eq!(server.wait().expect("the server ends").code(), Some(0));
}

#[test]
fn a_reader_that_went_away_is_no_fault() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_tutti"))
        .args(["verify", "--demo"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(program.stdout.take());
    let output = program.wait_with_output().expect("the program ends");
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_real_certificates_that_come_along_are_told_from_spoilt_ones() {
    let output = tutti(&["cert", "verify", "--demo"]);
    assert_eq!(code(&output), 0, "{output:?}");
    let lines = text(&output);
    assert_eq!(lines.matches("ACCEPT, as expected").count(), 4, "{lines}");
    assert_eq!(lines.matches("REJECT(").count(), 4, "{lines}");
}

#[test]
fn an_explained_certificate_shows_every_check() {
    let output = tutti(&["cert", "explain", "--demo", "eigenda", "--json"]);
    assert_eq!(code(&output), 0, "{output:?}");
    let first = text(&output).lines().next().expect("a line").to_owned();
    let explanation: serde_json::Value = serde_json::from_str(&first).expect("JSON");
    let checks = explanation["checks"].as_array().expect("checks");
    let passed = |check: &&serde_json::Value| check["finding"] == "CHECK_FINDING_PASSED";
    assert!(checks.len() > 15, "{first}");
    assert_eq!(
        checks.iter().filter(passed).count(),
        checks.len(),
        "{first}"
    );
}

#[test]
fn a_certificate_that_is_not_as_expected_ends_with_one_and_no_certificate_with_two() {
    let demo = include_str!("../../host/cli/src/demo/eigenda.json");
    let stricter = demo.replacen("\"at\": 9080069", "\"at\": 9080070", 1);
    let path = file("another-reference.json", &stricter);
    assert_eq!(code(&tutti(&["cert", "verify", &path])), 1);
    let path = file("no-certificate.json", "{\"policy\": {}}");
    assert_eq!(code(&tutti(&["cert", "verify", &path])), 2);
    let path = file("unknown-field.json", "{\"set\": {\"drafted\": {}}}");
    let output = tutti(&["cert", "verify", &path]);
    assert_eq!(code(&output), 2);
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("drafted"),
        "{output:?}"
    );
}

/// What doctor says of CUDA here.
fn cuda_finding() -> serde_json::Value {
    let output = tutti(&["doctor", "--json"]);
    let findings: serde_json::Value = serde_json::from_str(&text(&output)).expect("an object");
    let backends = findings["backends"].as_array().expect("a list").clone();
    let cuda = backends
        .into_iter()
        .find(|backend| backend["name"] == "cuda");
    cuda.expect("doctor speaks of CUDA")
}

#[test]
fn without_a_device_doctor_says_which_command_adds_what_is_missing() {
    let cuda = cuda_finding();
    if cuda["usable"] == true {
        eprintln!("this machine has a CUDA device");
        return;
    }
    let said = cuda["text"].as_str().expect("a text");
    let commands = [
        "cargo xtask kernels --install",
        "apt-get install",
        "nvidia-smi",
    ];
    assert!(
        commands.iter().any(|command| said.contains(command)),
        "{said}"
    );
    // Who asks for the device alone is told no; who asks for the best is served by the CPU.
    let alone = tutti(&["verify", "--demo", "--backend", "cuda"]);
    assert_eq!(code(&alone), 3, "{alone:?}");
    let auto = tutti(&["verify", "--demo", "--backend", "auto"]);
    assert_eq!(code(&auto), 0, "{auto:?}");
}

/// A folder that looks like a machine with a device, in which faults can be put.
struct StandIn {
    folder: PathBuf,
    worker: PathBuf,
}

impl StandIn {
    /// None where nobody has built it.
    fn new(name: &str) -> Option<Self> {
        let examples = PathBuf::from(env!("CARGO_BIN_EXE_tutti")).with_file_name("examples");
        let (library, worker) = (examples.join("libfake_libcuda.so"), examples.join("worker"));
        if !library.exists() || !worker.exists() {
            eprintln!("SKIPPED: no stand-in here; `cargo build -p tutti-backend-cuda --examples`");
            return None;
        }
        let folder = std::env::temp_dir().join(format!("tutti-cli-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
        std::fs::copy(library, folder.join("libcuda.so.1")).expect("the library can be copied");
        Some(Self { folder, worker })
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tutti"));
        command
            .args(args)
            .env("LD_LIBRARY_PATH", &self.folder)
            .env("TUTTI_FAKE_CUDA", self.folder.join("faults"))
            .env("TUTTI_CUDA_WORKER", &self.worker)
            .env("TUTTI_CUDA_ITEMS_MIN", "1")
            .env("TUTTI_CUDA_MEMORY_MIB", "64");
        command
    }

    fn faults(&self, lines: &str) {
        std::fs::write(self.folder.join("faults"), lines).expect("the folder is ours");
    }

    /// The number of the worker's process, once the fault `hang` has befallen it.
    fn hanging(&self) -> String {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            match std::fs::read_to_string(self.folder.join("hangs")) {
                Ok(process) if process.ends_with('\n') => return process.trim().to_owned(),
                _ if Instant::now() > until => panic!("no worker hangs"),
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        // What is left of it lies among temporary files.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The whole program on the stand-in for a device: its worker, the server, the committed corpus.
#[test]
fn the_corpus_conforms_on_a_stand_in_for_a_device() {
    let Some(device) = StandIn::new("cuda") else {
        return;
    };
    for part in ["bls", "basic", "aug", "min-sig", "bn254"] {
        let dir = corpus(part);
        let mut conformance =
            device.command(&["conformance", &dir, "--backend", "cuda,cpu", "--json"]);
        let output = conformance.output().expect("the program starts");
        assert_eq!(code(&output), 0, "{part}: {output:?}");
    }
}

/// Each device of a machine has a worker and a backend of its own.
#[test]
fn every_device_of_a_machine_is_used() {
    let Some(machine) = StandIn::new("devices") else {
        return;
    };
    machine.faults("devices 3");
    let output = machine.command(&["doctor", "--json"]).output();
    let output = output.expect("the program starts");
    let findings: serde_json::Value = serde_json::from_str(&text(&output)).expect("an object");
    for name in ["cuda", "cuda-1", "cuda-2"] {
        let usable =
            |backend: &serde_json::Value| backend["name"] == name && backend["usable"] == true;
        let backends = findings["backends"].as_array().expect("a list");
        assert!(backends.iter().any(usable), "{name}: {findings}");
    }
}

/// SIGKILL for the process that owns the device, while a server has a caller's batch on it.
#[test]
fn a_server_whose_device_is_killed_answers_all_the_same() {
    let Some(device) = StandIn::new("killed") else {
        return;
    };
    let serve = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--side-listen",
        "127.0.0.1:0",
    ];
    let mut server = device
        .command(&[&serve[..], &["--backend", "cuda,cpu"]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(server.stdout.take().expect("piped")).lines();
    let first = lines.next().expect("a line").expect("text");
    let endpoint = first
        .split_whitespace()
        .last()
        .expect("the address is last");
    device.faults("hang bls_miller");
    let asking = Command::new(env!("CARGO_BIN_EXE_tutti"))
        .args(["verify", "--demo", "--endpoint", endpoint])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let killed = Command::new("kill")
        .args(["-9", &device.hanging()])
        .status();
    assert!(killed.expect("kill is there").success());
    let output = asking.wait_with_output().expect("it ends");
    assert_eq!(code(&output), 0, "{output:?}");
    let stopped = Command::new("kill")
        .args(["-TERM", &server.id().to_string()])
        .status();
    assert!(stopped.expect("kill is there").success());
    assert_eq!(server.wait().expect("the server ends").code(), Some(0));
}
