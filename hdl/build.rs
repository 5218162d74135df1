//! Lists the reports of `rtl/reports`: what was routed last is what projections are made from.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = |name| env::var_os(name).map(PathBuf::from).expect("cargo sets it");
    let reports = folder("CARGO_MANIFEST_DIR").join("rtl/reports");
    println!("cargo::rerun-if-changed={}", reports.display());
    let found = fs::read_dir(&reports)?.collect::<io::Result<Vec<_>>>()?;
    let mut files: Vec<PathBuf> = found.iter().map(fs::DirEntry::path).collect();
    files.sort();
    let texts = files.iter().map(|file: &PathBuf| included(file));
    let list = format!("[\n{}]\n", texts.collect::<String>());
    fs::write(folder("OUT_DIR").join("reports.rs"), list)
}

fn included(file: &Path) -> String {
    format!("    include_str!(r#\"{}\"#),\n", file.display())
}
