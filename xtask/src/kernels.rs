//! The CUDA side: the compiler from `PyPI`, what can be said of the machine code without a device, the sanitizers.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::root;

/// Versions that work together and whose code driver 580 takes. The last two read machine code; only `--report` needs them.
const WHEELS: [&str; 6] = [
    "nvidia-cuda-nvcc==13.0.88",
    "nvidia-nvvm==13.0.88",
    "nvidia-cuda-crt==13.0.88",
    "nvidia-cuda-runtime==13.0.96",
    "nvidia-cuda-cuobjdump==13.2.86",
    "nvidia-cuda-nvdisasm==13.2.86",
];

/// The device that the static figures are for.
const REPORTED: &str = "sm_90";

pub(crate) fn kernels(args: &[String]) -> Result<(), String> {
    match args.first().map(String::as_str) {
        Some("--install") => install(),
        Some("--report") => report(),
        Some("--sanitize") => sanitize(),
        _ => Err("usage: cargo xtask kernels --install | --report | --sanitize".into()),
    }
}

pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

fn toolkit() -> PathBuf {
    target().join("cuda-toolkit")
}

/// Why the build has no fatbin: it looks in the same places.
pub(crate) fn nvcc_missing() -> Option<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path)
        .map(|folder| folder.join("nvcc"))
        .chain(std::env::var_os("NVCC").map(PathBuf::from))
        .chain([
            PathBuf::from("/usr/local/cuda/bin/nvcc"),
            toolkit().join("nvidia/cu13/bin/nvcc"),
        ]);
    let found = places.into_iter().any(|nvcc| nvcc.is_file());
    (!found).then(|| "nvcc is not installed (cargo xtask kernels --install)".into())
}

fn install() -> Result<(), String> {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--no-deps", "--upgrade", "--target"]);
    status(pip.arg(toolkit()).args(WHEELS))
}

/// The entry points under the address and undefined-behaviour sanitizers, compiled apart from everything else.
fn sanitize() -> Result<(), String> {
    const TARGET: &str = "x86_64-unknown-linux-gnu";
    // rustc links without a compiler's own libraries, so that the runtimes are named; the first must also be loaded first.
    let runtime = output(Command::new("cc").arg("-print-file-name=libasan.so"))?;
    let runner = format!("env LD_PRELOAD={}", runtime.trim());
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args([
            "test",
            "--package",
            "tutti-kernels",
            "--lib",
            "--tests",
            "--target",
            TARGET,
        ])
        .env("CARGO_TARGET_DIR", target().join("sanitize"))
        .env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER", runner)
        .env("TUTTI_KERNELS_SANITIZE", "address,undefined")
        .env("RUSTFLAGS", "-Clink-args=-lasan -lubsan")
        // The test runner's own threads outlive their allocations.
        .env("ASAN_OPTIONS", "detect_leaks=0")
        .current_dir(root());
    status(&mut cargo)
}

fn status(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?}: {status}")),
        Err(error) => Err(format!("{command:?} cannot be started: {error}")),
    }
}

fn output(command: &mut Command) -> Result<String, String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?} cannot be started: {error}"))?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    if output.status.success() {
        Ok(text)
    } else {
        Err(format!("{command:?} failed:\n{text}"))
    }
}

/// The static figures, written where a test holds them to the sources and to their bars.
fn report() -> Result<(), String> {
    let bin = toolkit().join("nvidia/cu13/bin");
    if !bin.join("nvcc").is_file() {
        return Err("there is no toolkit here: cargo xtask kernels --install".into());
    }
    let work = target().join("kernels-report");
    fs::create_dir_all(&work).map_err(|error| error.to_string())?;
    let version = output(Command::new(bin.join("nvcc")).arg("--version"))?;
    let release = version.lines().find(|line| line.contains("release"));
    let text = [
        format!(
            "Made by `cargo xtask kernels --report`; do not edit.\n\n\
             Compiler: {}, for {REPORTED}. Sources: `{}`.\n\n",
            release.unwrap_or("unknown").trim(),
            sources_digest()?
        ),
        multiplication(&bin, &work)?,
        entry_points(&bin, &work)?,
        counts()?,
    ]
    .concat();
    let file = root().join("kernels/report.md");
    fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
    println!("{}", file.display());
    Ok(())
}

/// Of all that the machine code depends on; kernels/tests/report.rs has the same.
fn sources_digest() -> Result<String, String> {
    let mut digest = Sha256::new();
    for path in [files("entries")?, files("include")?].concat() {
        let text = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let name = path.file_name().unwrap_or_default();
        digest.update(name.as_encoded_bytes());
        digest.update(text);
    }
    Ok(format!("{:x}", digest.finalize()))
}

/// The files of one of the kernels' folders, by name.
fn files(folder: &str) -> Result<Vec<PathBuf>, String> {
    let folder = root().join("kernels").join(folder);
    let entries =
        fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}

/// Multiplications of each stage, as the test counts them.
fn counts() -> Result<String, String> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args([
            "test",
            "--quiet",
            "--package",
            "tutti-kernels",
            "--test",
            "counts",
            "--",
            "--nocapture",
        ])
        .env("TUTTI_CUDA_ARCHITECTURES", "")
        .current_dir(root());
    let printed = output(&mut cargo)?;
    let rows = printed.lines().filter(|line| line.starts_with('|'));
    let rows = rows.collect::<Vec<_>>().join("\n");
    Ok(format!(
        "\n| stage, in multiplications | planned | counted |\n|---|---|---|\n{rows}\n"
    ))
}

/// Straight lines of 8 and of 24 multiplications: the difference is sixteen, with nothing around them.
const PROBE: &str = r#"#include "moduli.h"
template <int TIMES> __device__ void chain(Array a, Array b, Array out) {
    uint32_t i = thread_number();
    Fp<Bls12381Fp> x = Fp<Bls12381Fp>::load(a, i), y = Fp<Bls12381Fp>::load(b, i);
#pragma unroll
    for (int k = 0; k < TIMES; k++) x = mul_inline(x, y);
    store_words(x.v, out, i, 0);
}
extern "C" __global__ void eight(Array a, Array b, Array out) { chain<8>(a, b, out); }
extern "C" __global__ void more(Array a, Array b, Array out) { chain<24>(a, b, out); }
"#;

fn multiplication(bin: &Path, work: &Path) -> Result<String, String> {
    let source = work.join("probe.cu");
    fs::write(&source, PROBE).map_err(|error| error.to_string())?;
    let (_, code) = compile(bin, &source)?;
    let empty = BTreeMap::new();
    let (few, many) = (
        code.get("eight").unwrap_or(&empty),
        code.get("more").unwrap_or(&empty),
    );
    let mut rows = String::from(
        "| instruction of one multiplication in Fp of BLS12-381 | count |\n|---|---|\n",
    );
    let mut total = 0.0;
    for (name, count) in many {
        let each = (*count as f64 - few.get(name).copied().unwrap_or(0) as f64) / 16.0;
        total += each;
        if each != 0.0 {
            // Writing to a string does not fail.
            let _ = writeln!(rows, "| {name} | {each:.1} |");
        }
    }
    let _ = writeln!(rows, "| all | {total:.1} |\n");
    Ok(rows)
}

fn entry_points(bin: &Path, work: &Path) -> Result<String, String> {
    let lines: Vec<String> = files("entries")?
        .iter()
        .map(|path| format!("#include \"{}\"\n", path.display()))
        .collect();
    let source = work.join("all.cu");
    fs::write(&source, lines.concat()).map_err(|error| error.to_string())?;
    let (log, code) = compile(bin, &source)?;
    let mut rows = String::from(
        "| entry point | registers | stack bytes | spilled bytes | instructions, called ones included |\n|---|---|---|---|---|\n",
    );
    for (name, figures) in figures(&log) {
        let instructions: usize = code.get(&name).map_or(0, |counts| counts.values().sum());
        let Figures {
            registers,
            stack,
            spilled,
        } = figures;
        // Writing to a string does not fail.
        let _ = writeln!(
            rows,
            "| {name} | {registers} | {stack} | {spilled} | {instructions} |"
        );
    }
    Ok(rows)
}

/// Instructions by name, of each function.
type Code = BTreeMap<String, BTreeMap<String, usize>>;

/// What ptxas says, and the machine code.
fn compile(bin: &Path, source: &Path) -> Result<(String, Code), String> {
    let image = source.with_extension("cubin");
    let mut nvcc = Command::new(bin.join("nvcc"));
    nvcc.args(["-std=c++17", "-O3", "-cubin", "-Xptxas", "-v"])
        .args(["-gencode", &format!("arch=compute_75,code={REPORTED}")])
        .arg("-I")
        .arg(root().join("kernels/include"))
        .arg(source)
        .arg("-o")
        .arg(&image);
    let log = output(&mut nvcc)?;
    let listing = output(
        Command::new(bin.join("cuobjdump"))
            .arg("-sass")
            .arg(&image)
            .env("PATH", bin),
    )?;
    Ok((log, instructions(&listing)))
}

fn instructions(listing: &str) -> Code {
    let mut code = Code::new();
    let mut function = String::new();
    for line in listing.lines() {
        if let Some((_, name)) = line.split_once("Function : ") {
            name.trim().clone_into(&mut function);
            continue;
        }
        // An address, perhaps a predicate, the instruction.
        let Some((address, rest)) = line
            .trim()
            .strip_prefix("/*")
            .and_then(|rest| rest.split_once("*/"))
        else {
            continue;
        };
        let Some(name) = rest.split_whitespace().find(|word| !word.starts_with('@')) else {
            continue;
        };
        if address.len() > 5 || name.starts_with("/*") || name.starts_with("NOP") {
            continue;
        }
        let mut parts = name.trim_end_matches(';').split('.');
        let first = parts.next().unwrap_or_default();
        let name = match (first, parts.next()) {
            ("IMAD", Some(kind @ ("WIDE" | "HI" | "MOV"))) => format!("IMAD.{kind}"),
            _ => first.to_owned(),
        };
        *code
            .entry(function.clone())
            .or_default()
            .entry(name)
            .or_default() += 1;
    }
    code
}

/// A function in the machine code, as ptxas tells of it; called ones come behind the entry point that calls them.
struct Function {
    name: String,
    /// Of an entry point.
    registers: Option<usize>,
    stack: usize,
    spilled: usize,
}

fn functions(log: &str) -> Vec<Function> {
    let number = |text: &str, after: &str| {
        let rest = text.split(after).next()?;
        let last = rest.trim_end().rsplit([' ', ',']).next()?;
        last.parse::<usize>().ok()
    };
    let mut all: Vec<Function> = Vec::new();
    for line in log.lines() {
        if let Some((_, name)) = line.split_once("Function properties for ") {
            all.push(Function {
                name: name.trim().to_owned(),
                registers: None,
                stack: 0,
                spilled: 0,
            });
        }
        let Some(function) = all.last_mut() else {
            continue;
        };
        if line.contains("bytes stack frame") {
            function.stack = number(line, "bytes stack").unwrap_or_default();
            function.spilled = number(line, "bytes spill stores").unwrap_or_default();
        } else if line.contains("Used ") && line.contains(" registers") {
            function.registers = number(line, "registers");
        }
    }
    all
}

struct Figures {
    registers: usize,
    stack: usize,
    spilled: usize,
}

/// Of each entry point, whose spilled bytes are those of the functions that it calls as well.
fn figures(log: &str) -> BTreeMap<String, Figures> {
    let mut all: Vec<(String, Figures)> = Vec::new();
    for function in functions(log) {
        let Function {
            name,
            registers,
            stack,
            spilled,
        } = function;
        match (registers, all.last_mut()) {
            (Some(registers), _) => all.push((
                name,
                Figures {
                    registers,
                    stack,
                    spilled,
                },
            )),
            (None, Some((_, entry))) => entry.spilled += spilled,
            (None, None) => {}
        }
    }
    all.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_called_functions_spill_is_their_entry_points() {
        let log = "\
ptxas info    : Function properties for one
    16 bytes stack frame, 4 bytes spill stores, 4 bytes spill loads
ptxas info    : Used 40 registers, used 0 barriers, 416 bytes cmem[0]
ptxas info    : Function properties for called_by_one
    0 bytes stack frame, 20 bytes spill stores, 20 bytes spill loads
ptxas info    : Function properties for also_called
    0 bytes stack frame, 8 bytes spill stores, 8 bytes spill loads
ptxas info    : Function properties for two
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 255 registers, used 0 barriers, 416 bytes cmem[0]
";
        let found = figures(log);
        let row = |name: &str| {
            let figures = &found[name];
            (figures.registers, figures.stack, figures.spilled)
        };
        assert_eq!(found.len(), 2);
        assert_eq!(row("one"), (40, 16, 32));
        assert_eq!(row("two"), (255, 0, 0));
    }
}
