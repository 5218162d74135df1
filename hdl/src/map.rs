//! What the host sees of a card: frames on a stream of bytes. The one place that numbers them; `generated/` is made from it.
//!
//! A frame is [`MAGIC`], then kind (1 byte), tag (1), the payload's length (2), the payload, and the CRC-32 (IEEE 802.3, 4
//! bytes) of all from the kind to the payload's end. Numbers are little endian. A card takes a frame in whole and looks at its
//! CRC before it does anything. Every request is answered by one frame with its tag and its kind plus [`ANSWER`], whose first
//! byte is a [`Status`]. `Run` is answered when the core has halted, so answers come in any order. Bytes that are no frame are
//! skipped up to the next magic.

/// The first two bytes of every frame.
pub const MAGIC: [u8; 2] = [0xa5, 0x5a];
/// The version of this page and of `isa`.
pub const VERSION: u16 = 1;
/// What an identity begins with.
pub const NAME: [u8; 4] = *b"TUTT";
/// Bytes of the design's digest.
pub const DIGEST_BYTES: usize = 16;
/// Bytes of a frame before its payload, and after it.
pub const HEAD_BYTES: usize = 6;
pub const CRC_BYTES: usize = 4;
/// The longest payload.
pub const PAYLOAD_MAX: usize = 2040;
/// Added to a request's kind in its answer.
pub const ANSWER: u8 = 0x80;
/// The core number that means all of them.
pub const ALL_CORES: u8 = 0xff;
/// Registers that one read may ask for.
pub const READ_REGISTERS_MAX: usize = 32;
/// Registers that one write may carry.
pub const WRITE_REGISTERS_MAX: usize = (PAYLOAD_MAX - 2) / crate::isa::REGISTER_BYTES;
/// Instructions that one load may carry.
pub const LOAD_WORDS_MAX: usize = (PAYLOAD_MAX - 2) / crate::isa::WORD_BYTES;

/// What a frame asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Request {
    Identify = 1,
    Load = 2,
    Write = 3,
    Read = 4,
    Run = 5,
    Status = 6,
    Reset = 7,
}

/// The first byte of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[repr(u8)]
pub enum Status {
    #[error("done")]
    Done = 0,
    #[error("a core that this needs is running")]
    Busy = 1,
    #[error("there is no such core, register or address, or the length does not fit")]
    BadArgument = 2,
    #[error("the frame's CRC is wrong")]
    BadCrc = 3,
    #[error("the card knows no such request")]
    UnknownRequest = 4,
    #[error("the program called too deep, returned from no call, or ran past its watchdog")]
    Stopped = 5,
}

/// One kind of request, for people.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub request: Request,
    pub payload: &'static str,
    pub answer: &'static str,
}

/// The requests as data.
pub const ROWS: [Row; 7] = [
    Row {
        request: Request::Identify,
        payload: "none",
        answer: "\"TUTT\", version (2), cores (1), log2 of the microcode's words (1), digest of the design (16)",
    },
    Row {
        request: Request::Load,
        payload: "address (2), then words of 5 bytes, for all cores; none may run",
        answer: "none",
    },
    Row {
        request: Request::Write,
        payload: "core (1; 255: all), first register (1), then registers of 54 bytes",
        answer: "none",
    },
    Row {
        request: Request::Read,
        payload: "core (1), first register (1), count (1; at most 32)",
        answer: "registers of 54 bytes",
    },
    Row {
        request: Request::Run,
        payload: "core (1), entry address (2)",
        answer: "when it has halted: core (1), slots (4)",
    },
    Row {
        request: Request::Status,
        payload: "none",
        answer: "running cores, one bit each (2)",
    },
    Row {
        request: Request::Reset,
        payload: "core (1; 255: all)",
        answer: "none; a program that is stopped so gets no answer to its Run",
    },
];

impl Request {
    pub fn from_byte(byte: u8) -> Option<Self> {
        ROWS.iter()
            .map(|row| row.request)
            .find(|&request| request as u8 == byte)
    }
}

impl Status {
    pub const ALL: [Self; 6] = [
        Self::Done,
        Self::Busy,
        Self::BadArgument,
        Self::BadCrc,
        Self::UnknownRequest,
        Self::Stopped,
    ];

    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|&status| status as u8 == byte)
    }
}

/// The page and the Verilog header of what host and hardware share: `generated/map.md` and `generated/map.vh`.
pub mod pages {
    use std::fmt::Write as _;

    use super::{ANSWER, FRAME_CONSTANTS, ROWS, Status};
    use crate::isa::{FIELDS, Opcode};

    const NOTE: &str = "Made from hdl/src/isa.rs and hdl/src/map.rs; do not edit.";

    /// Requests, statuses, opcodes and fields, for people.
    pub fn markdown() -> String {
        let mut text = format!("# What host and card say to each other\n\n{NOTE}\n\n");
        text += "| request | kind | payload | data of the answer |\n|---|---|---|---|\n";
        for row in ROWS {
            let (request, kind) = (row.request, row.request as u8);
            let _ = writeln!(
                text,
                "| {request:?} | {kind} | {} | {} |",
                row.payload, row.answer
            );
        }
        let _ = writeln!(
            text,
            "\nAnswers have the request's kind plus {ANSWER:#x}.\n"
        );
        text += "| status | first byte of an answer | meaning |\n|---|---|---|\n";
        for status in Status::ALL {
            let _ = writeln!(text, "| {status:?} | {} | {status} |", status as u8);
        }
        text += "\n| constant | value |\n|---|---|\n";
        for (name, value) in FRAME_CONSTANTS {
            let _ = writeln!(text, "| {name} | {value:#x} |");
        }
        text += "\n# The instruction word\n\n| opcode | value |\n|---|---|\n";
        for opcode in Opcode::ALL {
            let _ = writeln!(text, "| {opcode:?} | {} |", opcode as u8);
        }
        text += "\n| field | bits | meaning |\n|---|---|---|\n";
        for field in FIELDS {
            let highest = field.lowest + field.bits - 1;
            let _ = writeln!(
                text,
                "| {} | {highest}:{} | {} |",
                field.name, field.lowest, field.what
            );
        }
        text
    }

    /// The same numbers as Verilog local parameters.
    pub fn verilog() -> String {
        let mut text = format!("// {NOTE}\n");
        let mut put = |name: &str, value: u64| {
            let _ = writeln!(text, "localparam {name} = {value};");
        };
        for row in ROWS {
            let name = format!("REQUEST_{}", format!("{:?}", row.request).to_uppercase());
            put(&name, row.request as u64);
        }
        for status in Status::ALL {
            let name = format!("STATUS_{}", format!("{status:?}").to_uppercase());
            put(&name, status as u64);
        }
        for (name, value) in FRAME_CONSTANTS {
            put(name, value);
        }
        for opcode in Opcode::ALL {
            let name = format!("OP_{}", format!("{opcode:?}").to_uppercase());
            put(&name, opcode as u64);
        }
        for field in FIELDS {
            put(&format!("{}_LOWEST", field.name), field.lowest.into());
            put(&format!("{}_BITS", field.name), field.bits.into());
        }
        text
    }
}

/// Numbers of the frames that hardware needs.
const FRAME_CONSTANTS: [(&str, u64); 6] = [
    ("MAGIC_0", MAGIC[0] as u64),
    ("MAGIC_1", MAGIC[1] as u64),
    ("VERSION", VERSION as u64),
    ("PAYLOAD_MAX", PAYLOAD_MAX as u64),
    ("ANSWER", ANSWER as u64),
    ("ALL_CORES", ALL_CORES as u64),
];

#[cfg(test)]
mod tests {
    use super::pages;

    #[test]
    fn the_generated_pages_are_of_this_map() {
        for (name, text) in [("map.md", pages::markdown()), ("map.vh", pages::verilog())] {
            let path = format!("{}/generated/{name}", env!("CARGO_MANIFEST_DIR"));
            if std::env::var_os("TUTTI_WRITE_GENERATED").is_some() {
                std::fs::write(&path, &text).expect("the folder can be written");
            }
            let committed = std::fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(
                committed, text,
                "run: TUTTI_WRITE_GENERATED=1 cargo test -p tutti-hdl the_generated"
            );
        }
    }
}
