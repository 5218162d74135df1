//! Streams of bytes to a card: a Unix socket, a serial line, or the model in this process.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use serialport::SerialPort;

/// An open stream of bytes.
pub trait Transport: Send {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// What has come, as much as the buffer takes; nothing after so long a silence. An error means that the card is gone.
    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> io::Result<usize>;
}

/// Where a card may be found, now or after it was unplugged and plugged in again.
pub trait Port: Send {
    fn open(&mut self) -> io::Result<Box<dyn Transport>>;
    fn name(&self) -> String;
}

/// The socket of a simulated card.
#[derive(Clone, Debug)]
pub struct UnixPort(pub PathBuf);

impl Port for UnixPort {
    fn open(&mut self) -> io::Result<Box<dyn Transport>> {
        Ok(Box::new(UnixStream::connect(&self.0)?))
    }

    fn name(&self) -> String {
        format!("socket {}", self.0.display())
    }
}

impl Transport for UnixStream {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> io::Result<usize> {
        self.set_read_timeout(Some(wait))?;
        received(self.read(buffer))
    }
}

/// A serial device, at so many bits a second, 8N1.
#[derive(Clone, Debug)]
pub struct SerialDevice {
    pub path: String,
    pub baud: u32,
}

struct SerialLine(Box<dyn SerialPort>);

impl Port for SerialDevice {
    fn open(&mut self) -> io::Result<Box<dyn Transport>> {
        let line = serialport::new(&self.path, self.baud).open()?;
        Ok(Box::new(SerialLine(line)))
    }

    fn name(&self) -> String {
        format!("serial line {} at {} bit/s", self.path, self.baud)
    }
}

impl Transport for SerialLine {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn receive(&mut self, buffer: &mut [u8], wait: Duration) -> io::Result<usize> {
        self.0.set_timeout(wait)?;
        received(self.0.read(buffer))
    }
}

/// Silence is no error, the end of the stream is one.
pub(crate) fn received(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
        Err(error) => match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => Ok(0),
            _ => Err(error),
        },
        some => some,
    }
}
