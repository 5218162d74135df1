//! Simulated cards as processes have them: the model or the Verilated hardware, answering whoever is at the other end of a stream.

use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use serialport::{SerialPort, TTYPort};
use tutti_hdl::map::DIGEST_BYTES;

use crate::model::ModelCard;
use crate::transport::{Transport, received};

/// How long each side is listened to before it is the other's turn.
const TURN: Duration = Duration::from_millis(1);
/// Turns without a byte after which a card forgets a frame that is half there. In hardware it is 2^23 clocks.
const SILENT_TURNS_MAX: u32 = 100;

/// A card that no board is needed for. It keeps its state from one host to the next, as a board does.
#[derive(Debug)]
pub struct SimulatedCard(Kind);

enum Kind {
    Model(ModelCard),
    Rtl { process: Child, line: UnixStream },
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Model(_) => f.write_str("the model"),
            Self::Rtl { process, .. } => write!(f, "the Verilated card, process {}", process.id()),
        }
    }
}

impl SimulatedCard {
    /// The model with this many cores, which says that it is this design.
    pub fn model(cores: u8, digest: [u8; DIGEST_BYTES]) -> Self {
        Self(Kind::Model(ModelCard::new(cores, digest, None)))
    }

    /// The Verilated hardware: the program that `cargo xtask card` builds, which speaks on its standard input and output.
    pub fn rtl(program: &Path, options: &[String]) -> io::Result<Self> {
        let (line, theirs) = UnixStream::pair()?;
        let process = Command::new(program)
            .args(options)
            .stdin(OwnedFd::from(theirs.try_clone()?))
            .stdout(OwnedFd::from(theirs))
            .spawn()?;
        Ok(Self(Kind::Rtl { process, line }))
    }

    /// Answers this host until it goes away. An error is the card's end.
    pub fn serve(&mut self, host: &mut dyn Transport) -> io::Result<()> {
        let mut buffer = [0; 4096];
        let mut silent_turns = 0;
        loop {
            let Ok(asked) = host.receive(&mut buffer, TURN) else {
                return Ok(());
            };
            silent_turns = if asked == 0 { silent_turns + 1 } else { 0 };
            match &mut self.0 {
                Kind::Model(model) if silent_turns >= SILENT_TURNS_MAX => model.silence(),
                _ => self.line().send(&buffer[..asked])?,
            }
            let answered = self.line().receive(&mut buffer, TURN)?;
            if host.send(&buffer[..answered]).is_err() {
                return Ok(());
            }
        }
    }

    fn line(&mut self) -> &mut dyn Transport {
        match &mut self.0 {
            Kind::Model(model) => model,
            Kind::Rtl { line, .. } => line,
        }
    }
}

impl Drop for SimulatedCard {
    fn drop(&mut self) {
        if let Kind::Rtl { process, .. } = &mut self.0 {
            // It may have ended already.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// A serial line without a wire: what is opened at its path talks to who holds this.
#[derive(Debug)]
pub struct PseudoTerminal {
    near: TTYPort,
    path: String,
    /// Held open, so that the line outlives each of its users.
    _far: TTYPort,
}

impl PseudoTerminal {
    pub fn open() -> io::Result<Self> {
        let (near, far) = TTYPort::pair()?;
        let path = far.name().ok_or_else(|| {
            io::Error::new(ErrorKind::NotFound, "the pseudo-terminal has no path")
        })?;
        Ok(Self {
            near,
            path,
            _far: far,
        })
    }

    pub fn path(&self) -> &str {
        &self.path
    }
}

impl Transport for PseudoTerminal {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        io::Write::write_all(&mut self.near, bytes)
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> io::Result<usize> {
        self.near.set_timeout(wait)?;
        received(io::Read::read(&mut self.near, buffer))
    }
}
