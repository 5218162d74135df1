//! A card as the host uses it: requests and their answers, the microcode it holds, and jobs on all its cores at once.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tutti_hdl::assembler::{Image, SETUP};
use tutti_hdl::isa::{PROGRAM_WORDS, REGISTER_BYTES};
use tutti_hdl::map::{
    ALL_CORES, ANSWER, DIGEST_BYTES, LOAD_WORDS_MAX, NAME, Request, Status, VERSION,
    WRITE_REGISTERS_MAX,
};
use tutti_hdl::wide::Wide;

use crate::frame::{Frame, Reader, Received};
use crate::transport::Transport;

/// How long the host waits, and how often it asks again.
#[derive(Clone, Copy, Debug)]
pub struct CardPatience {
    /// For the answer to a request that only moves bytes.
    pub answer: Duration,
    /// For a program to halt.
    pub run: Duration,
    /// Attempts at one request or one job.
    pub attempts: u32,
}

impl Default for CardPatience {
    fn default() -> Self {
        Self {
            answer: Duration::from_millis(500),
            run: Duration::from_secs(5),
            attempts: 3,
        }
    }
}

/// What went wrong between host and card.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    #[error("the line to the card failed: {0}")]
    Line(#[from] io::Error),
    #[error("the card did not answer {0:?}, asked as often as patience allows")]
    Silent(Request),
    #[error("a program did not halt in time, on any attempt")]
    NeverHalts,
    #[error("the card refused {0:?}: {1}")]
    Refused(Request, Status),
    #[error("what answers is no card of ours: {0}")]
    NotACard(String),
    #[error(
        "the card's design has the digest {found}, expected was {expected}: program the right bitstream"
    )]
    WrongDesign { found: String, expected: String },
}

/// What a card says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    pub cores: u8,
    pub digest: [u8; DIGEST_BYTES],
}

/// One program on one core: what it is given, and which registers are wanted when it has halted.
#[derive(Clone, Debug)]
pub struct Job {
    pub entry: u16,
    pub first: u8,
    pub inputs: Vec<Wide>,
    pub output_first: u8,
    pub output_count: u8,
}

/// What came of a job.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub registers: Vec<Wide>,
    pub slots: u32,
}

/// Bytes that may come without a frame among them before the line counts as failed.
const GARBAGE_MAX: usize = 1 << 16;
/// The grain of waiting.
const TICK: Duration = Duration::from_millis(5);

pub struct Card {
    transport: Box<dyn Transport>,
    patience: CardPatience,
    reader: Reader,
    tag: u8,
    identity: Identity,
    loaded: Option<&'static Image>,
    /// Answers to runs that came while something else was waited for.
    halted: VecDeque<Frame>,
    /// Requests and jobs that were tried again.
    pub(crate) retries: u64,
    /// In both directions.
    pub(crate) bytes: u64,
}

impl std::fmt::Debug for Card {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Card({:?})", self.identity)
    }
}

/// How a job goes.
enum Attempt {
    Waiting,
    Done(Outcome),
    /// So often it was begun without an end.
    Failed(u32),
}

impl Card {
    /// Asks what is there, and takes it only if it is a card of ours, with the design that is expected where one is.
    pub fn open(
        transport: Box<dyn Transport>,
        patience: CardPatience,
        expected: Option<[u8; DIGEST_BYTES]>,
    ) -> Result<Self, CardError> {
        let mut card = Self {
            transport,
            patience,
            reader: Reader::default(),
            tag: 0,
            identity: Identity {
                cores: 0,
                digest: [0; DIGEST_BYTES],
            },
            loaded: None,
            halted: VecDeque::new(),
            retries: 0,
            bytes: 0,
        };
        card.request(Request::Reset, &[ALL_CORES])?;
        card.identity = card.identify()?;
        match expected {
            Some(expected) if expected != card.identity.digest => Err(CardError::WrongDesign {
                found: hex(&card.identity.digest),
                expected: hex(&expected),
            }),
            _ => Ok(card),
        }
    }

    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    fn identify(&mut self) -> Result<Identity, CardError> {
        let answer = self.request(Request::Identify, &[])?;
        let wrong = |what: &str| CardError::NotACard(format!("{what}: {}", hex(&answer)));
        let Some((head, digest)) = answer.split_first_chunk::<8>() else {
            return Err(wrong("its identity is too short"));
        };
        let [n0, n1, n2, n3, v0, v1, cores, words_log2] = *head;
        if [n0, n1, n2, n3] != NAME {
            return Err(wrong("its name is another"));
        }
        if u16::from_le_bytes([v0, v1]) != VERSION {
            return Err(wrong("its version is another"));
        }
        if cores == 0 || cores == ALL_CORES || 1usize << words_log2.min(31) < PROGRAM_WORDS {
            return Err(wrong("it has no cores, or too little memory"));
        }
        let digest = digest
            .try_into()
            .map_err(|_| wrong("its digest has another length"))?;
        Ok(Identity { cores, digest })
    }

    /// Makes the image the one that is loaded.
    pub fn load(&mut self, image: &'static Image) -> Result<(), CardError> {
        if self
            .loaded
            .is_some_and(|loaded| std::ptr::eq(loaded, image))
        {
            return Ok(());
        }
        self.loaded = None;
        for (chunk, words) in image.words.chunks(LOAD_WORDS_MAX).enumerate() {
            let mut payload = ((chunk * LOAD_WORDS_MAX) as u16).to_le_bytes().to_vec();
            payload.extend(words.iter().flat_map(|word| word.to_bytes()));
            self.request(Request::Load, &payload)?;
        }
        // Constants stand in the lowest registers, in order.
        let constants: Vec<Wide> = image.constants.iter().map(|(_, value)| *value).collect();
        self.write(ALL_CORES, 0, &constants)?;
        let setup = Job {
            entry: image.entry(SETUP),
            first: 0,
            inputs: Vec::new(),
            output_first: 0,
            output_count: 0,
        };
        self.run_each_core(&setup)?;
        self.loaded = Some(image);
        Ok(())
    }

    fn run_each_core(&mut self, job: &Job) -> Result<(), CardError> {
        for core in 0..self.identity.cores {
            let tag = self.start(core, job)?;
            self.await_halt(&[tag])?.ok_or(CardError::NeverHalts)?;
        }
        Ok(())
    }

    fn write(&mut self, core: u8, first: u8, values: &[Wide]) -> Result<(), CardError> {
        for (chunk, values) in values.chunks(WRITE_REGISTERS_MAX).enumerate() {
            let register = first + (chunk * WRITE_REGISTERS_MAX) as u8;
            let mut payload = vec![core, register];
            payload.extend(values.iter().flat_map(|value| value.to_bytes()));
            self.request(Request::Write, &payload)?;
        }
        Ok(())
    }

    /// All jobs, on as many cores as there are, with the image that is loaded. Each is begun anew, inputs and all, if no end of it
    /// is heard.
    pub fn run(&mut self, jobs: &[Job]) -> Result<Vec<Outcome>, CardError> {
        let mut attempts: Vec<Attempt> = jobs.iter().map(|_| Attempt::Waiting).collect();
        let mut queue: VecDeque<usize> = (0..jobs.len()).collect();
        let mut idle: Vec<u8> = (0..self.identity.cores).rev().collect();
        let mut running: Vec<(u8, u8, usize)> = Vec::new();
        while !queue.is_empty() || !running.is_empty() {
            while let (false, Some(core)) = (queue.is_empty(), idle.pop()) {
                let job = queue.pop_front().expect("the queue is not empty");
                let tag = self.start(core, &jobs[job])?;
                running.push((tag, core, job));
            }
            let tags: Vec<u8> = running.iter().map(|&(tag, ..)| tag).collect();
            let Some((tag, slots)) = self.await_halt(&tags)? else {
                self.begin_anew(&mut running, &mut attempts, &mut queue, &mut idle)?;
                continue;
            };
            let at = running.iter().position(|run| run.0 == tag);
            let (_, core, job) = running.swap_remove(at.expect("one of the tags"));
            let registers = self.read(core, jobs[job].output_first, jobs[job].output_count)?;
            attempts[job] = Attempt::Done(Outcome { registers, slots });
            idle.push(core);
        }
        attempts
            .into_iter()
            .map(|attempt| match attempt {
                Attempt::Done(outcome) => Ok(outcome),
                _ => Err(CardError::NeverHalts),
            })
            .collect()
    }

    /// No end was heard of any running job: stops all of them and puts them back, unless one was tried too often.
    fn begin_anew(
        &mut self,
        running: &mut Vec<(u8, u8, usize)>,
        attempts: &mut [Attempt],
        queue: &mut VecDeque<usize>,
        idle: &mut Vec<u8>,
    ) -> Result<(), CardError> {
        self.request(Request::Reset, &[ALL_CORES])?;
        self.halted.clear();
        for (_, core, job) in running.drain(..) {
            let tried = match attempts[job] {
                Attempt::Failed(times) => times + 1,
                _ => 1,
            };
            if tried >= self.patience.attempts {
                return Err(CardError::NeverHalts);
            }
            attempts[job] = Attempt::Failed(tried);
            self.retries += 1;
            queue.push_back(job);
            idle.push(core);
        }
        Ok(())
    }

    fn start(&mut self, core: u8, job: &Job) -> Result<u8, CardError> {
        self.write(core, job.first, &job.inputs)?;
        let [low, high] = job.entry.to_le_bytes();
        self.send(Request::Run, &[core, low, high])
    }

    fn read(&mut self, core: u8, first: u8, count: u8) -> Result<Vec<Wide>, CardError> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let data = self.request(Request::Read, &[core, first, count])?;
        let (registers, rest) = data.as_chunks::<REGISTER_BYTES>();
        if registers.len() != usize::from(count) || !rest.is_empty() {
            return Err(CardError::Refused(Request::Read, Status::BadArgument));
        }
        Ok(registers.iter().map(Wide::from_bytes).collect())
    }

    /// The tag and the slots of the first of these runs that ends; none if patience does first.
    fn await_halt(&mut self, tags: &[u8]) -> Result<Option<(u8, u32)>, CardError> {
        let ours = |frame: &Frame| tags.contains(&frame.tag);
        let early = self.halted.iter().position(ours);
        let frame = match early {
            Some(at) => self.halted.remove(at),
            None => self.await_frame(self.patience.run, |frame| {
                frame.kind == Request::Run as u8 | ANSWER && ours(frame)
            })?,
        };
        let Some(frame) = frame else {
            return Ok(None);
        };
        match *frame.payload {
            [0, _, a, b, c, d] => Ok(Some((frame.tag, u32::from_le_bytes([a, b, c, d])))),
            // A run that was refused is like one that never ended: cores are reset, jobs begun anew.
            _ => Ok(None),
        }
    }

    /// A request that only moves bytes: asked again if no answer comes, or if it came there spoilt.
    fn request(&mut self, request: Request, payload: &[u8]) -> Result<Vec<u8>, CardError> {
        let mut last = CardError::Silent(request);
        for attempt in 0..self.patience.attempts {
            self.retries += u64::from(attempt > 0);
            let tag = self.send(request, payload)?;
            let answer = self.await_frame(self.patience.answer, |frame| {
                frame.kind == request as u8 | ANSWER && frame.tag == tag
            })?;
            let Some(mut answer) = answer.map(|frame| frame.payload) else {
                // What is half there will never be whole.
                self.reader.clear();
                continue;
            };
            match answer.first().copied().and_then(Status::from_byte) {
                Some(Status::Done) => {
                    answer.remove(0);
                    return Ok(answer);
                }
                Some(status @ (Status::BadCrc | Status::Busy)) => {
                    last = CardError::Refused(request, status);
                }
                Some(status) => return Err(CardError::Refused(request, status)),
                None => return Err(CardError::NotACard(hex(&answer))),
            }
        }
        Err(last)
    }

    fn send(&mut self, request: Request, payload: &[u8]) -> Result<u8, CardError> {
        self.tag = self.tag.wrapping_add(1);
        let frame = Frame {
            kind: request as u8,
            tag: self.tag,
            payload: payload.to_vec(),
        };
        let bytes = frame.to_bytes();
        self.bytes += bytes.len() as u64;
        self.transport.send(&bytes)?;
        Ok(self.tag)
    }

    /// The next frame that is wanted. Ends of runs that come meanwhile are kept, all else is late and forgotten.
    fn await_frame(
        &mut self,
        patience: Duration,
        wanted: impl Fn(&Frame) -> bool,
    ) -> Result<Option<Frame>, CardError> {
        let mut left = patience;
        let mut garbage = 0;
        let mut buffer = [0; 4096];
        loop {
            while let Some(received) = self.reader.next() {
                match received {
                    Received::Frame(frame) if wanted(&frame) => return Ok(Some(frame)),
                    Received::Frame(frame) if frame.kind == Request::Run as u8 | ANSWER => {
                        self.halted.push_back(frame);
                        self.halted.truncate(usize::from(ALL_CORES));
                    }
                    _ => {}
                }
            }
            let count = self.transport.receive(&mut buffer, TICK)?;
            self.reader.push(&buffer[..count]);
            self.bytes += count as u64;
            garbage += count;
            if count == 0 || garbage > GARBAGE_MAX {
                let Some(rest) = left.checked_sub(TICK) else {
                    return Ok(None);
                };
                left = rest;
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
