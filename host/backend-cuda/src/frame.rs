//! Messages between the backend and its worker: a header of fixed size with lengths and a digest,
//! then the message, then its bulk bytes. Neither side trusts the other's lengths.

use std::io::{self, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

const MAGIC: [u8; 4] = *b"TTcu";
/// magic, message length, bulk length, CRC-32 of message and bulk.
const HEADER: usize = 4 + 4 + 8 + 4;
/// A program has some dozens of steps of some dozens of bytes.
pub(crate) const MESSAGE_MAX: usize = 1 << 20;
/// The largest batch has 2^18 items of some hundred bytes.
pub(crate) const BULK_MAX: usize = 1 << 30;

#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("the pipe to the other side is broken: {0}")]
    Io(#[from] io::Error),
    #[error("what came does not begin like a frame")]
    NotAFrame,
    #[error("a frame of {message} and {bulk} bytes is larger than any may be")]
    TooLarge { message: u64, bulk: u64 },
    #[error("a frame's bytes are not those that were sent")]
    Damaged,
    #[error("a frame holds no message of this version: {0}")]
    Malformed(postcard::Error),
}

/// One message with its bulk bytes, written at once.
pub(crate) fn write(
    to: &mut impl Write,
    message: &impl Serialize,
    bulk: &[u8],
) -> Result<(), FrameError> {
    let message = postcard::to_stdvec(message).map_err(FrameError::Malformed)?;
    check_lengths(message.len() as u64, bulk.len() as u64)?;
    let mut header = [0; HEADER];
    header[..4].copy_from_slice(&MAGIC);
    header[4..8].copy_from_slice(&(message.len() as u32).to_le_bytes());
    header[8..16].copy_from_slice(&(bulk.len() as u64).to_le_bytes());
    header[16..].copy_from_slice(&digest(&message, bulk).to_le_bytes());
    to.write_all(&header)?;
    to.write_all(&message)?;
    to.write_all(bulk)?;
    Ok(to.flush()?)
}

/// The next message; none where the other side has closed between two of them.
pub(crate) fn read<M: DeserializeOwned>(
    from: &mut impl Read,
) -> Result<Option<(M, Vec<u8>)>, FrameError> {
    let mut header = [0; HEADER];
    match from.read(&mut header)? {
        0 => return Ok(None),
        some => from.read_exact(&mut header[some..])?,
    }
    if header[..4] != MAGIC {
        return Err(FrameError::NotAFrame);
    }
    let message = u32::from_le_bytes(header[4..8].try_into().expect("four bytes"));
    let bulk = u64::from_le_bytes(header[8..16].try_into().expect("eight bytes"));
    let sent = u32::from_le_bytes(header[16..].try_into().expect("four bytes"));
    check_lengths(u64::from(message), bulk)?;
    let message = exactly(from, message as usize)?;
    let bulk = exactly(from, bulk as usize)?;
    if digest(&message, &bulk) != sent {
        return Err(FrameError::Damaged);
    }
    let message = postcard::from_bytes(&message).map_err(FrameError::Malformed)?;
    Ok(Some((message, bulk)))
}

fn check_lengths(message: u64, bulk: u64) -> Result<(), FrameError> {
    if message > MESSAGE_MAX as u64 || bulk > BULK_MAX as u64 {
        return Err(FrameError::TooLarge { message, bulk });
    }
    Ok(())
}

/// Memory grows with what really comes, not with what a header promises.
fn exactly(from: &mut impl Read, length: usize) -> Result<Vec<u8>, FrameError> {
    let mut bytes = Vec::new();
    from.take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() < length {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(bytes)
}

fn digest(message: &[u8], bulk: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(message);
    crc.update(bulk);
    crc.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed() -> Vec<u8> {
        let mut bytes = Vec::new();
        write(&mut bytes, &(7u32, "text"), &[1, 2, 3]).expect("a small frame");
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = framed();
        let mut from = &bytes[..];
        let (message, bulk): ((u32, String), _) =
            read(&mut from).expect("a frame").expect("not closed");
        assert_eq!(
            (message.0, &*message.1, &bulk[..]),
            (7, "text", &[1, 2, 3][..])
        );
        assert!(read::<(u32, String)>(&mut from).expect("closed").is_none());
    }

    #[test]
    fn no_changed_bit_goes_unnoticed() {
        for bit in 0..framed().len() * 8 {
            let mut bytes = framed();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(read::<(u32, String)>(&mut &bytes[..]).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_frame_cut_short_or_too_long_is_an_error() {
        let bytes = framed();
        for length in 1..bytes.len() {
            assert!(read::<(u32, String)>(&mut &bytes[..length]).is_err());
        }
        let mut promise = bytes;
        promise[8..16].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(matches!(
            read::<(u32, String)>(&mut &promise[..]),
            Err(FrameError::TooLarge { .. })
        ));
    }
}
