//! Compiles the entry points: as plain C++ where the feature `host` asks for it, and with nvcc where there is one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

/// Devices that get machine code of their own; the oldest also gives the PTX that newer ones translate.
const ARCHITECTURES: &str = "75 80 86 89 90 100 120";

/// Says for which architectures, instead of [`ARCHITECTURES`] in releases and none otherwise:
/// `TUTTI_CUDA_ARCHITECTURES="90"`. An empty one makes no image.
const NARROWED: &str = "TUTTI_CUDA_ARCHITECTURES";

/// Compiles the plain C++ with these sanitizers: `cargo xtask kernels --sanitize` sets it.
const SANITIZE: &str = "TUTTI_KERNELS_SANITIZE";

struct Entry {
    name: String,
    /// The text between the parentheses.
    parameters: String,
}

fn main() {
    for watched in ["include", "entries", "src", "build.rs"] {
        println!("cargo::rerun-if-changed={watched}");
    }
    for variable in ["NVCC", NARROWED, SANITIZE] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    let entries = entries();
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    write(&out.join("entry_points.rs"), &entry_points(&entries));
    if std::env::var_os("CARGO_FEATURE_HOST").is_some() {
        host(&entries, &out);
    }
    let fatbin = match find_nvcc(&out) {
        Some(nvcc) => {
            probe(&nvcc, &out);
            fatbin(&nvcc, &entries, &out).map_or("None".to_owned(), |image| {
                format!("Some(include_bytes!({:?}))", image.display().to_string())
            })
        }
        None => "None".to_owned(),
    };
    write(
        &out.join("fatbin.rs"),
        &format!("const FATBIN: Option<&[u8]> = {fatbin};\n"),
    );
}

/// The entry points, one file each, by name.
fn entries() -> Vec<Entry> {
    let mut entries: Vec<Entry> = files("entries", "cu")
        .iter()
        .map(|path| {
            let name = path
                .file_stem()
                .and_then(|name| name.to_str())
                .expect("names are ASCII");
            let text = fs::read_to_string(path).expect("entries can be read");
            let parameters = text
                .split_once(&format!("KERNEL {name}("))
                .and_then(|(_, rest)| rest.split_once(") {"))
                .unwrap_or_else(|| {
                    panic!("{} does not define the entry point {name}", path.display())
                });
            Entry {
                name: name.to_owned(),
                parameters: parameters.0.to_owned(),
            }
        })
        .collect();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    entries
}

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the crate has this folder")
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|path| path.extension().is_some_and(|end| end == extension))
        .collect();
    paths.sort();
    paths
}

/// The table of names and arguments.
fn entry_points(entries: &[Entry]) -> String {
    let rows: Vec<String> = entries
        .iter()
        .map(|entry| {
            let parameters = entry.parameters.split(',').map(str::trim);
            let kinds: Vec<&str> = parameters
                .map(|parameter| kind(&entry.name, parameter))
                .collect();
            let (name, kinds) = (&entry.name, kinds.join(", "));
            format!("    EntryPoint {{ name: {name:?}, arguments: &[{kinds}] }},\n")
        })
        .collect();
    format!("&[\n{}]\n", rows.concat())
}

fn kind(entry: &str, parameter: &str) -> &'static str {
    match parameter {
        array if array.starts_with("Array ") => "Argument::Array",
        pointer if pointer.contains('*') => "Argument::Pointer",
        number if number.starts_with("uint32_t ") => "Argument::Number",
        other => panic!("{entry} takes {other}"),
    }
}

/// Groups of entry points that are compiled side by side: by curve.
const GROUPS: [&str; 3] = ["bls_", "bn_", ""];

fn group_of(entry: &Entry) -> usize {
    GROUPS
        .iter()
        .position(|prefix| entry.name.starts_with(prefix))
        .expect("every name begins with the empty prefix")
}

/// Plain C++: one translation unit and one table of functions for each group.
fn host(entries: &[Entry], out: &Path) {
    let mut build = cc::Build::new();
    build
        .cpp(true)
        .std("c++17")
        .opt_level(2)
        .include("include")
        .include("entries")
        .warnings(true)
        .flag_if_supported("-Wno-unknown-pragmas")
        .flag_if_supported("-Wno-unused-function");
    if let Ok(sanitizers) = std::env::var(SANITIZE) {
        build
            .flag(format!("-fsanitize={sanitizers}"))
            .flag("-fno-sanitize-recover=all")
            .debug(true);
    }
    for number in 0..GROUPS.len() {
        let names: Vec<&str> = entries
            .iter()
            .filter(|entry| group_of(entry) == number)
            .map(|entry| entry.name.as_str())
            .collect();
        let rows = lines(&names, |name| {
            format!("    {{\"{name}\", launch<&{name}>}},\n")
        });
        let table = format!("extern \"C\" const Entry tutti_kernels_group_{number}[]");
        let text = format!(
            "#include \"launch.h\"\n{}{table} = {{\n{rows}    {{nullptr, nullptr}},\n}};\n",
            includes(&names)
        );
        let path = out.join(format!("group_{number}.cpp"));
        write(&path, &text);
        build.file(path);
    }
    build.file("src/counter.cpp");
    build.compile("tutti_kernels_host");
}

fn includes(names: &[&str]) -> String {
    lines(names, |name| format!("#include \"{name}.cu\"\n"))
}

fn lines(names: &[&str], line: impl Fn(&str) -> String) -> String {
    names
        .iter()
        .map(|name| line(name))
        .collect::<Vec<_>>()
        .concat()
}

/// In this order: the variable NVCC, the path, the usual place, what `cargo xtask kernels --install` made.
fn find_nvcc(out: &Path) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("NVCC") {
        return Some(PathBuf::from(named));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("nvcc"));
    let usual = PathBuf::from("/usr/local/cuda/bin/nvcc");
    let installed = out
        .ancestors()
        .map(|folder| folder.join("cuda-toolkit/nvidia/cu13/bin/nvcc"));
    on_path
        .chain([usual])
        .chain(installed)
        .find(|nvcc| nvcc.is_file())
}

/// Minutes of compiling are spent on releases; other builds make an image where they are told the architectures.
fn default_architectures() -> String {
    let release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if release { ARCHITECTURES } else { "" }.to_owned()
}

/// One image with code for all architectures, kept by the digest of all that went into it.
fn fatbin(nvcc: &Path, entries: &[Entry], out: &Path) -> Option<PathBuf> {
    let architectures = std::env::var(NARROWED).unwrap_or_else(|_| default_architectures());
    if architectures.trim().is_empty() {
        return None;
    }
    let version = run(Command::new(nvcc).arg("--version"));
    let mut digest = Sha256::new();
    digest.update(architectures.as_bytes());
    digest.update(version.as_bytes());
    for path in [files("entries", "cu"), files("include", "h")].concat() {
        digest.update(path.to_string_lossy().as_bytes());
        digest.update(fs::read(&path).expect("sources can be read"));
    }
    let digest = format!("{:x}", digest.finalize());
    // Beside the build's own folders, so that it outlives them.
    let cache = out.ancestors().nth(3).unwrap_or(out).join("tutti-fatbin");
    fs::create_dir_all(&cache).expect("the target folder can be written");
    let image = cache.join(format!("{digest}.fatbin"));
    if image.is_file() {
        return Some(image);
    }
    let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    let source = out.join("all.cu");
    write(&source, &includes(&names));
    // A build that is stopped half-way leaves no image.
    let unfinished = cache.join(format!("{digest}.unfinished"));
    let mut command = Command::new(nvcc);
    command.args([
        "-std=c++17",
        "-O3",
        "--fatbin",
        "-t",
        "0",
        "-Iinclude",
        "-Ientries",
    ]);
    command
        .args(generate(&architectures))
        .arg(&source)
        .arg("-o")
        .arg(&unfinished);
    run(&mut command);
    fs::rename(&unfinished, &image).expect("the target folder can be written");
    Some(image)
}

/// The text of the field's operations for devices, which a test interprets.
fn probe(nvcc: &Path, out: &Path) {
    let text = out.join("probe.ptx");
    let mut command = Command::new(nvcc);
    command.args([
        "-std=c++17",
        "-O3",
        "--ptx",
        "-arch=compute_75",
        "-Iinclude",
        "src/probe.cu",
        "-o",
    ]);
    run(command.arg(&text));
    println!("cargo::rustc-env=TUTTI_PROBE_PTX={}", text.display());
}

/// The compiler proper runs once, for the oldest; only the assembler runs for each.
fn generate(architectures: &str) -> Vec<String> {
    let numbers: Vec<&str> = architectures.split_whitespace().collect();
    let oldest = numbers
        .first()
        .unwrap_or_else(|| panic!("{NARROWED} names no architecture"));
    let real: Vec<String> = numbers
        .iter()
        .map(|number| format!("sm_{number}"))
        .collect();
    let code = format!("[{},compute_{oldest}]", real.join(","));
    vec![
        "-gencode".to_owned(),
        format!("arch=compute_{oldest},code={code}"),
    ]
}

fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?} failed:\n{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return;
    }
    fs::write(path, text)
        .unwrap_or_else(|error| panic!("{} cannot be written: {error}", path.display()));
}
