//! The host's end of a simulated card.
#![allow(dead_code, reason = "each test uses a part")]
use num_bigint::BigUint;
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use tutti_hdl::isa::{self, Word};
use tutti_hdl::map::{self, Request, Status};

/// CRC-32 of IEEE 802.3, by the definition.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}

pub(crate) fn frame(kind: u8, tag: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len())
        .expect("a payload is short")
        .to_le_bytes();
    let body = [&[kind, tag], &length[..], payload].concat();
    [&map::MAGIC[..], &body, &crc32(&body).to_le_bytes()].concat()
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) kind: u8,
    pub(crate) tag: u8,
    pub(crate) payload: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(request: Request, tag: u8, status: Status) -> Self {
        Self {
            kind: request as u8 + map::ANSWER,
            tag,
            payload: vec![status as u8],
        }
    }
}

pub(crate) struct Card {
    process: Child,
    to: ChildStdin,
    from: ChildStdout,
}

impl Card {
    pub(crate) fn start(options: &[&str]) -> Option<Self> {
        Self::start_program("TUTTI_CARD", "cargo xtask card", options)
    }

    /// The generic board: what is sent and comes back goes over its serial line.
    pub(crate) fn start_board() -> Option<Self> {
        Self::start_program("TUTTI_BOARD", "cargo xtask card --board generic", &[])
    }

    fn start_program(variable: &str, builder: &str, options: &[&str]) -> Option<Self> {
        let Some(program) = std::env::var_os(variable) else {
            println!("SKIPPED: {variable} names no simulated card ({builder} builds one)");
            return None;
        };
        let mut process = Command::new(program)
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the card starts");
        let to = process.stdin.take().expect("piped");
        let from = process.stdout.take().expect("piped");
        Some(Self { process, to, from })
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.to.write_all(bytes).expect("the card listens");
        self.to.flush().expect("the card listens");
    }

    pub(crate) fn answer(&mut self) -> Answer {
        let mut head = [0; 6];
        self.from.read_exact(&mut head).expect("the card answers");
        assert_eq!(head[..2], map::MAGIC);
        let length = usize::from(u16::from_le_bytes([head[4], head[5]]));
        let mut rest = vec![0; length + 4];
        self.from.read_exact(&mut rest).expect("the answer goes on");
        let checksum = rest.split_off(length);
        assert_eq!(checksum, crc32(&[&head[2..], &rest].concat()).to_le_bytes());
        Answer {
            kind: head[2],
            tag: head[3],
            payload: rest,
        }
    }

    pub(crate) fn ask(&mut self, request: Request, payload: &[u8]) -> Answer {
        self.send(&frame(request as u8, 9, payload));
        self.answer()
    }

    pub(crate) fn done(&mut self, request: Request, payload: &[u8]) {
        assert_eq!(
            self.ask(request, payload),
            Answer::new(request, 9, Status::Done)
        );
    }

    pub(crate) fn load(&mut self, at: u16, code: &[Word]) {
        for (i, part) in code.chunks(200).enumerate() {
            let mut payload = (at + 200 * i as u16).to_le_bytes().to_vec();
            payload.extend(part.iter().flat_map(|word| word.to_bytes()));
            self.done(Request::Load, &payload);
        }
    }

    pub(crate) fn write(&mut self, core: u8, register: u8, values: &[BigUint]) {
        let mut payload = vec![core, register];
        for value in values {
            let mut bytes = value.to_bytes_le();
            bytes.resize(isa::REGISTER_BYTES, 0);
            payload.extend(bytes);
        }
        self.done(Request::Write, &payload);
    }

    pub(crate) fn read(&mut self, core: u8, register: u8, count: u8) -> Vec<BigUint> {
        let answer = self.ask(Request::Read, &[core, register, count]);
        assert_eq!(answer.kind, Request::Read as u8 + map::ANSWER);
        assert_eq!(answer.payload[0], Status::Done as u8);
        assert_eq!(
            answer.payload.len(),
            1 + usize::from(count) * isa::REGISTER_BYTES
        );
        answer.payload[1..]
            .chunks(isa::REGISTER_BYTES)
            .map(BigUint::from_bytes_le)
            .collect()
    }

    /// Slots it took.
    pub(crate) fn run(&mut self, core: u8, entry: u16) -> u32 {
        let [low, high] = entry.to_le_bytes();
        let answer = self.ask(Request::Run, &[core, low, high]);
        slots(&answer, 9, core)
    }
}

/// What a core that has halted says.
pub(crate) fn slots(answer: &Answer, tag: u8, core: u8) -> u32 {
    assert_eq!(
        (answer.kind, answer.tag),
        (Request::Run as u8 + map::ANSWER, tag)
    );
    assert_eq!(answer.payload[..2], [Status::Done as u8, core]);
    u32::from_le_bytes(answer.payload[2..].try_into().expect("four bytes"))
}

impl Drop for Card {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
