//! Cards and servers as processes, which end with the test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) const CORPUS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/conformance/vectors"
);

pub(crate) fn tutti(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tutti"))
        .args(args)
        .output()
        .expect("the program starts")
}

/// What a command that ended well printed.
pub(crate) fn json(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// A path of its own for each use.
pub(crate) fn path(name: &str) -> PathBuf {
    static USED: AtomicU32 = AtomicU32::new(0);
    let nth = USED.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("tutti-cards-{}-{nth}-{name}", std::process::id()))
}

/// `tutti fpga-sim`.
pub(crate) struct SimulatedCard {
    process: Child,
    /// What it says to name as the backend.
    pub(crate) backend: String,
}

impl SimulatedCard {
    pub(crate) fn on_socket(socket: &Path) -> Self {
        Self::start(&["--socket", &socket.to_string_lossy()])
    }

    pub(crate) fn on_terminal() -> Self {
        Self::start(&[])
    }

    pub(crate) fn start_with(args: &[String]) -> Self {
        Self::start(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// It keeps its line, and does nothing any more.
    pub(crate) fn freeze(&self) {
        let stopped = Command::new("kill")
            .args(["-STOP", &self.process.id().to_string()])
            .status();
        assert!(stopped.expect("kill is there").success());
    }

    /// The Verilated hardware, if it can be had.
    pub(crate) fn rtl(socket: &Path, options: &[&str]) -> Option<Self> {
        let Some(program) = std::env::var_os("TUTTI_CARD") else {
            println!("SKIPPED: TUTTI_CARD names no simulated card (cargo xtask card builds one)");
            return None;
        };
        let (socket, program) = (socket.to_string_lossy(), program.to_string_lossy());
        let own = ["--socket", &socket, "--rtl", &program, "--"];
        Some(Self::start(&[&own[..], options].concat()))
    }

    fn start(args: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_tutti"))
            .arg("fpga-sim")
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("piped"))
            .read_line(&mut line)
            .expect("a line");
        let backend = line.trim().strip_prefix("--backend ");
        let backend = backend.expect("it says what to name").to_owned();
        Self { process, backend }
    }
}

impl Drop for SimulatedCard {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `tutti serve`.
pub(crate) struct Server {
    process: Child,
    pub(crate) endpoint: String,
    side: String,
}

impl Server {
    pub(crate) fn start(options: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_tutti"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(["--side-listen", "127.0.0.1:0", "--log", "error"])
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let mut address = || {
            let line = lines.next().expect("a line").expect("text");
            let url = line.split("http://").nth(1).expect("an address");
            url.trim_end_matches('/').to_owned()
        };
        let endpoint = format!("http://{}", address());
        let side = address();
        Self {
            process,
            endpoint,
            side,
        }
    }

    fn get(&self, page: &str) -> String {
        let mut stream = TcpStream::connect(&self.side).expect("the side port is open");
        let request = format!("GET {page} HTTP/1.0\r\nHost: {}\r\n\r\n", self.side);
        stream.write_all(request.as_bytes()).expect("it listens");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("it answers");
        text
    }

    /// Whether a backend is given work.
    pub(crate) fn is_up(&self, backend: &str) -> bool {
        self.value(&["backend_up", &format!("backend=\"{backend}\"")]) == 1
    }

    /// What the card's backend counts of itself.
    pub(crate) fn counter(&self, counter: &str) -> u64 {
        let counter = format!("counter=\"{counter}\"");
        self.value(&["backend_counter", "backend=\"fpga", &counter])
    }

    /// Why a backend is given no work; empty where it is.
    pub(crate) fn fault(&self, backend: &str) -> String {
        let page = self.get("/status.json");
        let (_, body) = page.split_once("\r\n\r\n").expect("a body");
        let status: Value = serde_json::from_str(body).expect("JSON");
        let backends = status["backends"].as_array().expect("a list");
        let named = backends.iter().find(|found| found["name"] == backend);
        let fault = &named.expect("it is listed")["fault"];
        fault.as_str().unwrap_or_default().to_owned()
    }

    /// Waits for what the server is about to find out by itself.
    pub(crate) fn wait(&self, what: &str, found: impl Fn(&Self) -> bool) {
        let patience = Instant::now() + Duration::from_mins(1);
        while !found(self) {
            assert!(
                Instant::now() < patience,
                "{what}: {}",
                self.get("/status.json")
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn value(&self, words: &[&str]) -> u64 {
        let text = self.get("/metrics");
        let line = text
            .lines()
            .find(|line| !line.starts_with('#') && words.iter().all(|word| line.contains(word)));
        let value = line.and_then(|line| line.rsplit(' ').next()?.parse().ok());
        value.unwrap_or_else(|| panic!("no metric {words:?} in {text}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
