//! `tutti fpga-sim`: a simulated card in a process of its own, which backends reach as they reach a board.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use tutti_backend_fpga::{MODEL_DIGEST, PseudoTerminal, SimulatedCard};

use crate::args::FpgaSimArgs;
use crate::card::parse_digest;
use crate::exit::{Exit, Failure, say};

/// A pseudo-terminal takes any speed; this is what boards have.
const BAUD: u32 = 3_000_000;

pub(crate) fn fpga_sim(args: &FpgaSimArgs) -> Result<Exit, Failure> {
    let mut card = card(args)?;
    match &args.socket {
        Some(path) => on_socket(&mut card, path),
        None => on_pseudo_terminal(&mut card, args.link.as_deref()),
    }
}

fn card(args: &FpgaSimArgs) -> Result<SimulatedCard, Failure> {
    if let Some(program) = &args.rtl {
        return SimulatedCard::rtl(program, &args.rtl_options)
            .map_err(|error| Failure::usage(format!("{}: {error}", program.display())));
    }
    let digest = args.digest.as_deref().map(parse_digest).transpose()?;
    Ok(SimulatedCard::model(
        args.cores,
        digest.unwrap_or(MODEL_DIGEST),
    ))
}

/// One host after the other.
fn on_socket(card: &mut SimulatedCard, path: &Path) -> Result<Exit, Failure> {
    let named = |error: io::Error| Failure::cannot_serve(format!("{}: {error}", path.display()));
    // A socket that nobody listens on any more is in the way of the next.
    if fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        fs::remove_file(path).map_err(named)?;
    }
    let listener = UnixListener::bind(path).map_err(named)?;
    say(format_args!("--backend fpga:unix:{}", path.display()));
    for host in listener.incoming() {
        card.serve(&mut host.map_err(named)?).map_err(gone)?;
    }
    Ok(Exit::Well)
}

fn on_pseudo_terminal(card: &mut SimulatedCard, link: Option<&Path>) -> Result<Exit, Failure> {
    let mut line = PseudoTerminal::open().map_err(Failure::cannot_serve)?;
    let path = Path::new(line.path());
    if let Some(link) = link {
        let named =
            |error: io::Error| Failure::cannot_serve(format!("{}: {error}", link.display()));
        // Of a card that is gone.
        if link.is_symlink() {
            fs::remove_file(link).map_err(named)?;
        }
        symlink(path, link).map_err(named)?;
    }
    let named = link.unwrap_or(path).display();
    say(format_args!("--backend fpga:serial:{named}:{BAUD}"));
    loop {
        card.serve(&mut line).map_err(gone)?;
    }
}

#[allow(clippy::needless_pass_by_value)] // As `map_err` hands it over.
fn gone(error: io::Error) -> Failure {
    Failure::cannot_serve(format!("the simulated card ended: {error}"))
}
