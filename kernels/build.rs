//! Compiles the entry points: as plain C++ where the feature `host` asks for it, and with nvcc where there is one.

use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let entries = entries();
    println!("cargo::rerun-if-changed=include");
    println!("cargo::rerun-if-changed=entries");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    if std::env::var_os("CARGO_FEATURE_HOST").is_some() {
        host(&entries, &out);
    }
    write(
        &out.join("fatbin.rs"),
        "const FATBIN: Option<&[u8]> = None;\n",
    );
}

/// The names of the entry points: one file each.
fn entries() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir("entries")
        .expect("the crate has a folder entries")
        .map(|entry| entry.expect("entries can be listed").path())
        .filter(|path| path.extension().is_some_and(|end| end == "cu"))
        .filter_map(|path| path.file_stem()?.to_str().map(str::to_owned))
        .collect();
    names.sort();
    names
}

/// Groups of entry points that are compiled side by side: by curve.
const GROUPS: [&str; 3] = ["bls_", "bn_", ""];

fn group_of(name: &str) -> usize {
    GROUPS
        .iter()
        .position(|prefix| name.starts_with(prefix))
        .expect("every name begins with the empty prefix")
}

/// One translation unit for each group, and a table of all entry points.
fn host(entries: &[String], out: &Path) {
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
    for number in 0..GROUPS.len() {
        let names: Vec<&String> = entries
            .iter()
            .filter(|name| group_of(name) == number)
            .collect();
        let lines =
            |line: &dyn Fn(&str) -> String| names.iter().map(|name| line(name)).collect::<String>();
        let includes = lines(&|name| format!("#include \"{name}.cu\"\n"));
        let rows = lines(&|name| format!("    {{\"{name}\", launch<&{name}>}},\n"));
        let table = format!("extern \"C\" const Entry tutti_kernels_group_{number}[]");
        let text = format!(
            "#include \"launch.h\"\n{includes}{table} = {{\n{rows}    {{nullptr, nullptr}},\n}};\n"
        );
        let path = out.join(format!("group_{number}.cpp"));
        write(&path, &text);
        build.file(path);
    }
    build.compile("tutti_kernels_host");
    let names: Vec<String> = entries.iter().map(|name| format!("{name:?}")).collect();
    write(
        &out.join("names.rs"),
        &format!("const NAMES: &[&str] = &[{}];\n", names.join(", ")),
    );
}

fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return;
    }
    fs::write(path, text)
        .unwrap_or_else(|error| panic!("{} cannot be written: {error}", path.display()));
}
