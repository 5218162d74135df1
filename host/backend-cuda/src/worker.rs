//! The process that owns a device. It is the same binary, started by the backend with a hidden
//! subcommand; it reads requests from standard input, runs programs, and writes replies to
//! standard output. Whatever the driver does to it, the server lives on.

use std::io::{self, BufReader, Write};
use std::process::ExitCode;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender};
use parking_lot::{Mutex, RwLock};

use crate::device::{Device, Slot, Tables, addresses};
use crate::frame;
use crate::program::{Failure, Program, Reply, Request};

/// Programs of one slot that may wait; the backend sends the next when it has the last's answer.
const WAITING_MAX: usize = 2;

/// Serves until standard input closes or the device fails. Standard output belongs to the
/// protocol: nothing else may be printed there.
pub fn serve(ordinal: u32, kernels: Option<&'static [u8]>) -> ExitCode {
    let out = Arc::new(Out(Mutex::new(io::stdout())));
    match open_and_serve(ordinal, kernels, &out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => out.fail(failure),
    }
}

fn open_and_serve(
    ordinal: u32,
    kernels: Option<&'static [u8]>,
    out: &Arc<Out>,
) -> Result<(), Failure> {
    let device = Arc::new(Device::open(ordinal, kernels)?);
    out.say(&Reply::Found(device.facts.clone()), &[]);
    let mut input = BufReader::with_capacity(1 << 16, io::stdin());
    let mut ready: Option<Ready> = None;
    loop {
        let (request, bulk) = match frame::read::<Request>(&mut input) {
            Ok(Some(request)) => request,
            // The server is gone, or has no more use for this process.
            Ok(None) => std::process::exit(0),
            Err(error) => return Err(Failure::BadRequest(error.to_string())),
        };
        match (request, &ready) {
            (Request::Ping(number), _) => out.say(&Reply::Pong(number), &[]),
            (
                Request::Prepare {
                    keys,
                    slots,
                    arena_bytes,
                    entries,
                },
                None,
            ) => {
                ready = Some(Ready::new(&device, keys, slots, arena_bytes, out)?);
                let missing = entries.into_iter().filter(|entry| !device.has(entry));
                let missing = missing.collect();
                out.say(&Reply::Prepared { missing }, &[]);
            }
            (
                Request::Keep {
                    table,
                    first,
                    count,
                },
                Some(ready),
            ) => {
                ready.tables.write().keep(table, first, count, &bulk)?;
                out.say(&Reply::Kept, &[]);
            }
            (Request::Run { job, slot, program }, Some(ready)) => {
                ready.start(job, slot, program, bulk)?;
            }
            _ => return Err(Failure::BadRequest("a request out of turn".into())),
        }
    }
}

/// Standard output, a frame at a time.
struct Out(Mutex<io::Stdout>);

impl Out {
    fn say(&self, reply: &Reply, bulk: &[u8]) {
        if frame::write(&mut *self.0.lock(), reply, bulk).is_err() {
            // Nobody listens any more.
            std::process::exit(1);
        }
    }

    /// Tells why, and ends the process: destructors would only ask a broken driver again.
    fn fail(&self, failure: Failure) -> ! {
        let mut out = self.0.lock();
        // The exit tells it too.
        let _ = frame::write(&mut *out, &Reply::Failed(failure), &[]);
        let _ = out.flush();
        std::process::exit(1);
    }
}

struct Job {
    number: u64,
    program: Program,
    bulk: Vec<u8>,
}

/// What `Prepare` has made.
struct Ready {
    tables: Arc<RwLock<Tables>>,
    slots: Vec<Sender<Job>>,
}

impl Ready {
    fn new(
        device: &Arc<Device>,
        keys: [u64; 3],
        slots: u32,
        arena_bytes: u64,
        out: &Arc<Out>,
    ) -> Result<Self, Failure> {
        let tables = Arc::new(RwLock::new(Device::tables(keys)?));
        let mut senders = Vec::new();
        for number in 0..slots {
            let (sender, jobs) = crossbeam_channel::bounded(WAITING_MAX);
            let slot = Device::slot(arena_bytes)?;
            let (device, tables, out) = (Arc::clone(device), Arc::clone(&tables), Arc::clone(out));
            std::thread::Builder::new()
                .name(format!("tutti-slot-{number}"))
                .spawn(move || run_slot(&device, slot, &tables, &jobs, &out))
                .map_err(|error| Failure::Device(format!("no thread for a slot: {error}")))?;
            senders.push(sender);
        }
        Ok(Self {
            tables,
            slots: senders,
        })
    }

    fn start(
        &self,
        number: u64,
        slot: u32,
        program: Program,
        bulk: Vec<u8>,
    ) -> Result<(), Failure> {
        let slot = self.slots.get(slot as usize);
        let slot = slot.ok_or_else(|| Failure::BadRequest("there is no such slot".into()))?;
        slot.try_send(Job {
            number,
            program,
            bulk,
        })
        .map_err(|_| Failure::BadRequest("too many programs at once".into()))
    }
}

fn run_slot(
    device: &Device,
    mut slot: Slot,
    tables: &RwLock<Tables>,
    jobs: &Receiver<Job>,
    out: &Out,
) {
    if let Err(failure) = device.enter() {
        out.fail(failure);
    }
    for job in jobs {
        let addresses = addresses(&tables.read());
        match slot.run(device, &addresses, &job.program, &job.bulk) {
            Ok((bytes, device_us)) => {
                let job = job.number;
                out.say(&Reply::Ran { job, device_us }, &bytes);
            }
            Err(failure) => out.fail(failure),
        }
    }
}
