//! A card in this process: cores of the model behind the same frames.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tutti_hdl::isa::{PROGRAM_WORDS, REGISTER_BYTES, REGISTERS, WORD_BYTES, Word};
use tutti_hdl::map::{
    ALL_CORES, ANSWER, DIGEST_BYTES, NAME, READ_REGISTERS_MAX, Request, Status, VERSION,
};
use tutti_hdl::model::{Core, Defect};

use crate::frame::{Frame, Reader, Received};
use crate::transport::{Port, Transport};

/// The model's design, where a card has the digest of its bitstream.
pub const MODEL_DIGEST: [u8; DIGEST_BYTES] = *b"tutti-hdl model.";

/// A program that never halts is stopped here: twenty times the longest there is.
const SLOTS_MAX: u64 = 1 << 23;

/// How a request ended.
enum Performed {
    Done(Vec<u8>),
    Refused(Status),
}

/// A simulated card; opened anew each time, as if it had lost its power.
#[derive(Clone, Debug)]
pub struct ModelPort {
    pub cores: u8,
    /// What is broken in the first core: for tests.
    pub defect: Option<Defect>,
}

impl Port for ModelPort {
    fn open(&mut self) -> io::Result<Box<dyn Transport>> {
        Ok(Box::new(ModelCard::new(
            self.cores,
            MODEL_DIGEST,
            self.defect,
        )))
    }

    fn name(&self) -> String {
        format!("the model of {} cores in this process", self.cores)
    }
}

/// The card itself. A program runs while its request is taken: nobody sees the difference but the clock.
pub(crate) struct ModelCard {
    digest: [u8; DIGEST_BYTES],
    cores: Vec<Core>,
    reader: Reader,
    out: VecDeque<u8>,
}

impl ModelCard {
    pub(crate) fn new(cores: u8, digest: [u8; DIGEST_BYTES], defect: Option<Defect>) -> Self {
        let mut all = vec![Core::new(); usize::from(cores)];
        if let (Some(defect), Some(core)) = (defect, all.first_mut()) {
            core.inject(defect);
        }
        Self {
            digest,
            cores: all,
            reader: Reader::default(),
            out: VecDeque::new(),
        }
    }

    /// Nothing came for so long that a frame which is half there will never be whole.
    pub(crate) fn silence(&mut self) {
        self.reader.clear();
    }

    fn answer(&mut self, kind: u8, tag: u8, status: Status, data: &[u8]) {
        let payload = [&[status as u8], data].concat();
        let kind = kind | ANSWER;
        let frame = Frame { kind, tag, payload };
        self.out.extend(frame.to_bytes());
    }

    fn take(&mut self, frame: &Frame) {
        let performed = match Request::from_byte(frame.kind) {
            None => Some(Performed::Refused(Status::UnknownRequest)),
            Some(request) => self.perform(request, &frame.payload),
        };
        match performed.unwrap_or(Performed::Refused(Status::BadArgument)) {
            Performed::Done(data) => self.answer(frame.kind, frame.tag, Status::Done, &data),
            Performed::Refused(status) => self.answer(frame.kind, frame.tag, status, &[]),
        }
    }

    /// None for an argument out of range.
    fn perform(&mut self, request: Request, payload: &[u8]) -> Option<Performed> {
        match (request, payload) {
            (Request::Identify, []) => Some(Performed::Done(self.identity())),
            (Request::Load, [low, high, words @ ..]) => {
                self.load(u16::from_le_bytes([*low, *high]), words)
            }
            (Request::Write, [core, first, data @ ..]) => self.write(*core, *first, data),
            (Request::Read, [core, first, count]) => self.read(*core, *first, *count),
            (Request::Run, [core, low, high]) => self.run(*core, u16::from_le_bytes([*low, *high])),
            (Request::Status, []) => Some(Performed::Done(vec![0, 0])),
            (Request::Reset, [core]) => {
                self.chosen(*core)?.iter_mut().for_each(Core::reset);
                Some(Performed::Done(Vec::new()))
            }
            _ => None,
        }
    }

    fn identity(&self) -> Vec<u8> {
        let mut identity = NAME.to_vec();
        identity.extend(VERSION.to_le_bytes());
        identity.push(self.cores.len() as u8);
        identity.push(PROGRAM_WORDS.ilog2() as u8);
        identity.extend(self.digest);
        identity
    }

    fn chosen(&mut self, core: u8) -> Option<&mut [Core]> {
        if core == ALL_CORES {
            return Some(&mut self.cores);
        }
        self.cores
            .get_mut(usize::from(core))
            .map(std::slice::from_mut)
    }

    fn load(&mut self, address: u16, bytes: &[u8]) -> Option<Performed> {
        let (words, []) = bytes.as_chunks::<WORD_BYTES>() else {
            return None;
        };
        let words: Vec<Word> = words.iter().map(|bytes| Word::from_bytes(*bytes)).collect();
        if usize::from(address) + words.len() > PROGRAM_WORDS {
            return None;
        }
        for core in &mut self.cores {
            core.load(address, &words);
        }
        Some(Performed::Done(Vec::new()))
    }

    fn write(&mut self, core: u8, first: u8, bytes: &[u8]) -> Option<Performed> {
        let (registers, []) = bytes.as_chunks::<REGISTER_BYTES>() else {
            return None;
        };
        if usize::from(first) + registers.len() > REGISTERS {
            return None;
        }
        for core in self.chosen(core)? {
            for (number, bytes) in (first..=u8::MAX).zip(registers) {
                core.set_register_bytes(number, bytes);
            }
        }
        Some(Performed::Done(Vec::new()))
    }

    fn read(&self, core: u8, first: u8, count: u8) -> Option<Performed> {
        let core = self.cores.get(usize::from(core))?;
        let fits = usize::from(first) + usize::from(count) <= REGISTERS
            && usize::from(count) <= READ_REGISTERS_MAX;
        fits.then(|| {
            let registers = (first..=u8::MAX).take(usize::from(count));
            Performed::Done(
                registers
                    .flat_map(|number| core.register(number).to_bytes())
                    .collect(),
            )
        })
    }

    fn run(&mut self, number: u8, entry: u16) -> Option<Performed> {
        let core = self.cores.get_mut(usize::from(number))?;
        let Ok(run) = core.run(entry, SLOTS_MAX) else {
            return Some(Performed::Refused(Status::Stopped));
        };
        let slots = (run.slots as u32).to_le_bytes();
        Some(Performed::Done([&[number][..], &slots].concat()))
    }
}

impl Transport for ModelCard {
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reader.push(bytes);
        while let Some(received) = self.reader.next() {
            match received {
                Received::Frame(frame) => self.take(&frame),
                Received::Spoilt { kind, tag } => self.answer(kind, tag, Status::BadCrc, &[]),
            }
        }
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], _: Duration) -> io::Result<usize> {
        let count = buffer.len().min(self.out.len());
        for (place, byte) in buffer.iter_mut().zip(self.out.drain(..count)) {
            *place = byte;
        }
        Ok(count)
    }
}
