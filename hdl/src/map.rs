//! What the host sees of a card: frames on a stream of bytes. The one place that numbers them; `generated/` is made from it.
//!
//! A frame is `MAGIC`, then `kind`, `tag`, the payload's length (2 bytes), the payload, and the CRC-32 (IEEE 802.3, 4 bytes) of
//! all from `kind` to the payload's end. Numbers are little endian. Every request is answered by one frame with its tag, of its
//! kind plus 0x80 with what the table says, or `Refused` and one byte with a reason. Answers come in any order. A frame with a wrong CRC
//! is answered by `Refused(BadCrc)` with the tag that it had; what it wrote into registers or microcode counts for nothing.
//! Bytes that are no frame are skipped up to the next `MAGIC`; a frame that stops in the middle for `GAP_CYCLES` is forgotten.

/// The first two bytes of every frame.
pub const MAGIC: [u8; 2] = [0x54, 0x6d];
/// The version of this page.
pub const PROTOCOL: u8 = 1;
/// Bytes of a frame around its payload.
pub const FRAME_OVERHEAD: usize = 10;
/// The longest payload.
pub const PAYLOAD_MAX: usize = 1024;
/// Silence within a frame after which the card waits for a new one.
pub const GAP_CYCLES: u32 = 1 << 22;
/// Added to a request's kind in its answer.
pub const ANSWER: u8 = 0x80;
/// Requests that a card keeps before it answers `Busy`, beyond those that are running: none.
pub const QUEUE: usize = 0;

/// What a frame asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Request {
    Identify = 1,
    LoadMicrocode = 2,
    Write = 3,
    Run = 4,
    Read = 5,
    Status = 6,
    Reset = 7,
}

/// The answer's kind where a request was refused.
pub const REFUSED: u8 = 0xff;

/// Why a card refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[repr(u8)]
pub enum Refusal {
    #[error("the frame's CRC is wrong")]
    BadCrc = 1,
    #[error("the card knows no such request")]
    UnknownRequest = 2,
    #[error("the payload's length does not fit the request")]
    BadLength = 3,
    #[error("there is no such core, register or address")]
    OutOfRange = 4,
    #[error("the core is running")]
    Busy = 5,
    #[error("the core ran past its end: a bad instruction, a full stack or the watchdog")]
    Stopped = 6,
}

/// One kind of request, for people.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub request: Request,
    pub payload: &'static str,
    pub answer: &'static str,
}

/// The register map as data.
pub const ROWS: [Row; 7] = [
    Row {
        request: Request::Identify,
        payload: "none",
        answer: "protocol (1), cores (1), instruction set (2), bitstream digest (16)",
    },
    Row {
        request: Request::LoadMicrocode,
        payload: "address (2), then words of 5 bytes; for all cores, none of which may run",
        answer: "none",
    },
    Row {
        request: Request::Write,
        payload: "core (1), first register (1), then registers of 54 bytes",
        answer: "none",
    },
    Row {
        request: Request::Run,
        payload: "core (1), entry address (2)",
        answer: "when it has halted: core (1), cycles (4)",
    },
    Row {
        request: Request::Read,
        payload: "core (1), first register (1), count (1), at most 18",
        answer: "registers of 54 bytes",
    },
    Row {
        request: Request::Status,
        payload: "none",
        answer: "running cores, one bit each (4), frames with a bad CRC since reset (2)",
    },
    Row {
        request: Request::Reset,
        payload: "core (1); 255 for all",
        answer: "none; a running program is stopped and its Run answered by Stopped",
    },
];

/// Registers that one Read may ask for.
pub const READ_REGISTERS_MAX: usize = 18;

/// The version of `isa`.
pub const INSTRUCTION_SET: u16 = 1;

impl Request {
    pub fn from_byte(byte: u8) -> Option<Self> {
        ROWS.iter()
            .map(|row| row.request)
            .find(|&request| request as u8 == byte)
    }
}

impl Refusal {
    pub const ALL: [Self; 6] = [
        Self::BadCrc,
        Self::UnknownRequest,
        Self::BadLength,
        Self::OutOfRange,
        Self::Busy,
        Self::Stopped,
    ];

    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|&reason| reason as u8 == byte)
    }
}
