use std::process::{Command, ExitCode};

/// `cargo xtask bench report | compare A B | collect | …`: hands on to `tutti bench`, built
/// optimised.
pub(crate) fn bench(args: &[String]) -> ExitCode {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let status = Command::new(cargo)
        .args([
            "run",
            "--quiet",
            "--release",
            "--package",
            "tutti-cli",
            "--",
            "bench",
        ])
        .args(args)
        .current_dir(crate::root())
        .status();
    match status {
        Ok(status) => ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)),
        Err(error) => {
            eprintln!("xtask: cargo cannot be started: {error}");
            ExitCode::FAILURE
        }
    }
}
