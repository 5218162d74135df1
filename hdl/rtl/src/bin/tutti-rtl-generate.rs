//! Writes the generated Verilog, or says with `--check` that what is there is not what would be written.
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("generated");
    let check = std::env::args().nth(1).as_deref() == Some("--check");
    for (name, text) in tutti_rtl::verilog::files() {
        let path = folder.join(&name);
        if check {
            if std::fs::read_to_string(&path).ok().as_deref() != Some(&text) {
                eprintln!(
                    "{name} is not what the blocks say: cargo run -p tutti-rtl --bin tutti-rtl-generate"
                );
                return ExitCode::FAILURE;
            }
        } else if let Err(error) = std::fs::write(&path, text) {
            eprintln!("{}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
