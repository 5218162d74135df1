//! What no compiler checks: that the documents are true to the tree, and that the lines
//! between the crates hold.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::root;

/// Crates whose code may hold `unsafe`, and the files that do.
const UNSAFE_FILES: [&str; 5] = [
    "host/cli/src/memory.rs",
    "host/curves/src/bls12_381/raw.rs",
    "host/lanes/",
    "host/backend-cuda/",
    "kernels/",
];
/// Put together so that this file does not hold the words it looks for.
const ALLOWS_UNSAFE: &str = concat!("allow(", "unsafe_code)");

/// A crate and what it must never depend on, directly.
const ABSENCES: [(&str, &[&str]); 9] = [
    (
        "host/types",
        &["tokio", "tonic", "rayon", "blst", "getrandom"],
    ),
    (
        "host/curves",
        &["tokio", "tonic", "rayon", "getrandom", "rand_chacha"],
    ),
    ("host/backend", &["tokio", "tonic", "rayon", "getrandom"]),
    (
        "host/batcher",
        &[
            "tokio",
            "tonic",
            "rayon",
            "getrandom",
            "tutti-curves",
            "tutti-backend",
        ],
    ),
    (
        "host/backend-cpu",
        &[
            "tokio",
            "tonic",
            "tutti-proto",
            "tutti-engine",
            "tutti-server",
        ],
    ),
    (
        "host/lanes",
        &[
            "tokio",
            "tonic",
            "tutti-proto",
            "tutti-engine",
            "tutti-backend",
        ],
    ),
    (
        "host/statements",
        &[
            "tokio",
            "tonic",
            "rayon",
            "getrandom",
            "tutti-curves",
            "tutti-backend",
        ],
    ),
    (
        "host/domain",
        &[
            "tokio",
            "tonic",
            "rayon",
            "getrandom",
            "tutti-proto",
            "tutti-engine",
        ],
    ),
    (
        "host/engine",
        &["tokio", "tonic", "tutti-proto", "tutti-server"],
    ),
];

pub(crate) fn tidy() -> Result<(), String> {
    let mut faults = Vec::new();
    architecture(&mut faults);
    named_tests(&mut faults);
    unsafe_code(&mut faults);
    absences(&mut faults);
    no_clock(&mut faults);
    if faults.is_empty() {
        return Ok(());
    }
    Err(format!("the tree is not tidy:\n- {}", faults.join("\n- ")))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}

/// The tree in ARCHITECTURE.md is the tree on the disk: every folder it names is there, and
/// every crate and top-level folder is named.
fn architecture(faults: &mut Vec<String>) {
    let text = read("ARCHITECTURE.md");
    let Some(block) = text
        .split("```tree\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
    else {
        return faults.push("ARCHITECTURE.md has no ```tree block".into());
    };
    let named: BTreeSet<String> = block
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(|path| path.trim_end_matches('/').to_owned())
        .collect();
    for path in &named {
        if !root().join(path).exists() {
            faults.push(format!("ARCHITECTURE.md names {path}, which is not there"));
        }
    }
    for path in folders() {
        if !named.contains(&path) {
            faults.push(format!("{path}/ is not in the tree of ARCHITECTURE.md"));
        }
    }
}

/// Top-level folders, crates under host/, suites under tests/: those that git knows.
fn folders() -> Vec<String> {
    let mut folders = Vec::new();
    for (parent, prefix) in [("", ""), ("host", "host/"), ("tests", "tests/")] {
        let Ok(entries) = fs::read_dir(root().join(parent)) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let hidden = name.starts_with('.') || name == "target" || name == "node_modules";
            if entry.path().is_dir() && !hidden {
                folders.push(format!("{prefix}{name}"));
            }
        }
    }
    folders.sort();
    folders
}

/// Tests that documents name as the holders of a claim exist: `name` after "held by".
fn named_tests(faults: &mut Vec<String>) {
    let code: String = rust_files()
        .iter()
        .map(|path| fs::read_to_string(path).unwrap_or_default())
        .collect();
    let mut documents = vec!["ARCHITECTURE.md".to_owned()];
    if let Ok(entries) = fs::read_dir(root().join("docs")) {
        documents.extend(
            entries
                .flatten()
                .map(|entry| format!("docs/{}", entry.file_name().to_string_lossy()))
                .filter(|name| Path::new(name).extension().is_some_and(|end| end == "md")),
        );
    }
    let mut claims = 0;
    for document in documents {
        // A sentence may go on in the next line.
        let text = read(&document).replace("\n  ", " ");
        for rest in text.split("held by").skip(1) {
            let sentence = rest.split(['.', ';', '\n']).next().unwrap_or_default();
            for name in sentence.split('`').skip(1).step_by(2) {
                claims += 1;
                let lint = name.contains(' ') || name.contains("::");
                if !lint
                    && !code.contains(&format!("fn {name}("))
                    && !code.contains(&format!("{name},"))
                {
                    faults.push(format!(
                        "{document} names the test {name}, which is not there"
                    ));
                }
            }
        }
    }
    if claims == 0 {
        faults.push("no document names a test that holds a claim".into());
    }
}

/// Every crate forbids unsafe code, but for those whose field it is.
fn unsafe_code(faults: &mut Vec<String>) {
    for path in rust_files() {
        let name = relative(&path);
        let text = fs::read_to_string(&path).unwrap_or_default();
        let allowed = UNSAFE_FILES.iter().any(|prefix| name.starts_with(prefix));
        let is_root = (name.ends_with("src/lib.rs") || name.ends_with("src/main.rs"))
            && !name.starts_with("host/lanes/");
        let guarded =
            text.contains("#![forbid(unsafe_code)]") || text.contains("#![deny(unsafe_code)]");
        if is_root && !guarded {
            faults.push(format!("{name} does not forbid unsafe code"));
        }
        if !allowed && text.contains(ALLOWS_UNSAFE) {
            faults.push(format!(
                "{name} allows unsafe code; it belongs in {UNSAFE_FILES:?}"
            ));
        }
    }
}

fn absences(faults: &mut Vec<String>) {
    for (folder, absent) in ABSENCES {
        let text = read(&format!("{folder}/Cargo.toml"));
        let own = text.split("[dev-dependencies]").next().unwrap_or_default();
        for name in absent {
            let depends = own.lines().any(|line| {
                line.strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
            });
            if depends {
                faults.push(format!(
                    "{folder} depends on {name}, which ARCHITECTURE.md rules out"
                ));
            }
        }
    }
}

/// Types, batcher and backends are told the time and their randomness.
fn no_clock(faults: &mut Vec<String>) {
    let told = [
        "host/types/src",
        "host/curves/src",
        "host/batcher/src",
        "host/backend/src",
        "host/backend-cpu/src",
        "host/statements/src",
        "host/domain/src",
    ];
    for path in rust_files() {
        let name = relative(&path);
        if !told.iter().any(|prefix| name.starts_with(prefix)) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap_or_default();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in [
            "Instant::now",
            "SystemTime::now",
            "getrandom",
            "OsRng",
            "thread_rng",
        ] {
            if code.contains(word) {
                faults.push(format!(
                    "{name} reads {word}: time and randomness are arguments"
                ));
            }
        }
    }
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .to_string_lossy()
        .into_owned()
}

fn rust_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = ["hdl", "host", "proto", "bench", "tests", "xtask"]
        .iter()
        .map(|name| root().join(name))
        .collect();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                if !path.ends_with("node_modules") && !path.ends_with("target") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}
