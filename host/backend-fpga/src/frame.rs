//! Frames on a stream of bytes: `tutti_hdl::map` says what they are.

use tutti_hdl::map::{CRC_BYTES, HEAD_BYTES, MAGIC, PAYLOAD_MAX};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) tag: u8,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        debug_assert!(self.payload.len() <= PAYLOAD_MAX);
        let mut bytes = Vec::with_capacity(HEAD_BYTES + self.payload.len() + CRC_BYTES);
        bytes.extend(MAGIC);
        bytes.extend([self.kind, self.tag]);
        bytes.extend((self.payload.len() as u16).to_le_bytes());
        bytes.extend(&self.payload);
        let crc = crc32fast::hash(&bytes[MAGIC.len()..]);
        bytes.extend(crc.to_le_bytes());
        bytes
    }
}

/// A frame that came, whole or spoilt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Frame(Frame),
    /// Its CRC is wrong: kind and tag may be wrong, too.
    Spoilt {
        kind: u8,
        tag: u8,
    },
}

/// Finds frames among bytes. Holds less than one longest frame, and what came with the last bytes.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    bytes: Vec<u8>,
}

impl Reader {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Forgets a frame that never ended.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// The next frame, if all of it is there.
    pub(crate) fn next(&mut self) -> Option<Received> {
        loop {
            self.skip_to_magic();
            let head = self.bytes.get(..HEAD_BYTES)?;
            let (kind, tag) = (head[2], head[3]);
            let length = usize::from(u16::from_le_bytes([head[4], head[5]]));
            if length > PAYLOAD_MAX {
                self.bytes.drain(..MAGIC.len());
                continue;
            }
            let end = HEAD_BYTES + length;
            let crc = self.bytes.get(end..end + CRC_BYTES)?;
            let right = crc == crc32fast::hash(&self.bytes[MAGIC.len()..end]).to_le_bytes();
            if !right {
                // The next frame may begin anywhere after this magic.
                self.bytes.drain(..MAGIC.len());
                return Some(Received::Spoilt { kind, tag });
            }
            let payload = self.bytes[HEAD_BYTES..end].to_vec();
            self.bytes.drain(..end + CRC_BYTES);
            return Some(Received::Frame(Frame { kind, tag, payload }));
        }
    }

    fn skip_to_magic(&mut self) {
        let starts = |at: usize| MAGIC.starts_with(&self.bytes[at..self.bytes.len().min(at + 2)]);
        let start = (0..self.bytes.len()).find(|&at| starts(at));
        self.bytes.drain(..start.unwrap_or(self.bytes.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(tag: u8, length: usize) -> Frame {
        let payload = (0..length).map(|i| (i * 7) as u8).collect();
        Frame {
            kind: 3,
            tag,
            payload,
        }
    }

    /// The CRC of IEEE 802.3 over "123456789" is 0xcbf43926, as every description of it says.
    #[test]
    fn the_crc_is_that_of_ethernet() {
        assert_eq!(crc32fast::hash(b"123456789"), 0xcbf4_3926);
        let bytes = frame(9, 0).to_bytes();
        assert_eq!(bytes[..6], [0xa5, 0x5a, 3, 9, 0, 0]);
    }

    #[test]
    fn frames_are_found_however_the_bytes_come() {
        let frames = [frame(1, 0), frame(2, 2040), frame(3, 77)];
        let bytes: Vec<u8> = frames.iter().flat_map(Frame::to_bytes).collect();
        for step in [1, 2, 3, 1000] {
            let mut reader = Reader::default();
            let mut found = Vec::new();
            for part in bytes.chunks(step) {
                reader.push(part);
                found.extend(std::iter::from_fn(|| reader.next()));
            }
            let expected: Vec<_> = frames.iter().cloned().map(Received::Frame).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn frames_after_garbage_are_found() {
        let mut reader = Reader::default();
        reader.push(&[1, 2, 0xa5, 0xa5, 0x5a, 0xff, 0xff, 0xff, 0xff, 0, 0xa5]);
        reader.push(&frame(5, 10).to_bytes());
        assert_eq!(reader.next(), Some(Received::Frame(frame(5, 10))));
        assert_eq!(reader.next(), None);
    }

    /// Every single changed bit of a frame is seen, and the frame after it is found all the same.
    #[test]
    fn a_spoilt_frame_is_seen_and_the_next_one_found() {
        let good = frame(6, 40).to_bytes();
        for bit in 0..good.len() * 8 {
            let mut reader = Reader::default();
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            reader.push(&bad);
            // A changed length may have swallowed what follows: silence ends that.
            let mut found: Vec<_> = std::iter::from_fn(|| reader.next()).collect();
            assert!(found.iter().all(|r| matches!(r, Received::Spoilt { .. })));
            reader.clear();
            reader.push(&good);
            found = std::iter::from_fn(|| reader.next()).collect();
            assert_eq!(found, [Received::Frame(frame(6, 40))], "bit {bit}");
        }
    }
}
