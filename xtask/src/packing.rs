//! Folders that are carried elsewhere in one piece: the release package, and what needs a GPU.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::kernels::{nvcc_missing, target};
use crate::root;

/// `cargo xtask package`: the release build with what its operator needs, as one file.
pub(crate) fn package() -> Result<(), String> {
    if let Some(missing) = nvcc_missing() {
        return Err(format!(
            "the package would have no kernels for NVIDIA devices: {missing}"
        ));
    }
    cargo(&["build", "--release", "-p", "tutti-cli"])?;
    let (arch, os) = (std::env::consts::ARCH, std::env::consts::OS);
    let name = format!("tutti-{}-{arch}-{os}", env!("CARGO_PKG_VERSION"));
    let folder = emptied(&name)?;
    let program = folder.join("tutti");
    copy_stripped(&target().join("release/tutti"), &program)?;
    for file in [
        "README.md",
        "CHANGELOG.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "docs/operators.md",
        "docs/tutti.toml",
    ] {
        copy(&root().join(file), &folder.join(file))?;
    }
    has_kernels(&program)?;
    say_archive(&archive(&folder)?)
}

/// What is packed is asked itself.
fn has_kernels(program: &Path) -> Result<(), String> {
    let said = Command::new(program)
        .args(["doctor", "--json"])
        .output()
        .map_err(|error| format!("{} cannot be started: {error}", program.display()))?;
    let said = String::from_utf8_lossy(&said.stdout);
    if said.contains("\"cuda\"") && !said.contains("built without kernels") {
        Ok(())
    } else {
        Err(format!("the packed program has no kernels: {said}"))
    }
}

/// A folder of this name in the target folder: what an earlier packing left must not be taken for this one's.
pub(crate) fn emptied(name: &str) -> Result<PathBuf, String> {
    let folder = target().join(name);
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(format!("{} cannot be removed: {error}", folder.display()));
        }
        _ => {}
    }
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

/// The folder as one file beside it.
pub(crate) fn archive(folder: &Path) -> Result<PathBuf, String> {
    let name = folder.file_name().expect("a packed folder has a name");
    let file = folder.with_file_name(format!("{}.tar.gz", name.to_string_lossy()));
    let parent = folder.parent().expect("it lies in the target folder");
    let mut tar = Command::new("tar");
    tar.arg("-czf").arg(&file).arg("-C").arg(parent).arg(name);
    succeed(&mut tar)?;
    Ok(file)
}

pub(crate) fn say_archive(file: &Path) -> Result<(), String> {
    let bytes = size(file)?;
    println!(
        "{} ({:.1} MiB)",
        file.display(),
        bytes as f64 / f64::from(1 << 20)
    );
    Ok(())
}

pub(crate) fn size(file: &Path) -> Result<u64, String> {
    let metadata = fs::metadata(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(metadata.len())
}

pub(crate) fn cargo(args: &[&str]) -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    succeed(Command::new(cargo).args(args).current_dir(root()))
}

fn succeed(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?}: {status}")),
        Err(error) => Err(format!("{command:?} cannot be started: {error}")),
    }
}

/// A program without what only debuggers read.
pub(crate) fn copy_stripped(from: &Path, to: &Path) -> Result<(), String> {
    copy(from, to)?;
    succeed(Command::new("strip").arg(to))
}

pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let parent = to.parent().expect("packed files are in a folder");
    let copied = fs::create_dir_all(parent).and_then(|()| fs::copy(from, to));
    copied
        .map(drop)
        .map_err(|error| format!("{}: {error}", from.display()))
}

pub(crate) fn copy_tree(from: &Path, to: &Path) -> Result<(), String> {
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
