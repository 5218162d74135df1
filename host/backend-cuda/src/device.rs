//! One device, driven through cust: its memory, its streams, and programs run on them.
#![allow(unsafe_code)] // Launches and asynchronous copies: what the compiler cannot follow.

use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::Mutex;
use std::time::Instant;

use cust::context::{Context, CurrentContext};
use cust::device::{Device as CudaDevice, DeviceAttribute};
use cust::error::CudaError;
use cust::function::Function;
use cust::memory::{AsyncCopyDestination, CopyDestination, DeviceBuffer, LockedBuffer};
use cust::module::Module;
use cust::stream::{Stream, StreamFlags};
use cust::{CudaApiVersion, CudaFlags};

use crate::libcuda;
use crate::program::{
    Argument, BLOCK, Buffer, DeviceFacts, Failure, First, Launch, Memory, Program, Table, layout,
};

/// CUDA 13.0: what the kernels' compiler is, and so the least driver.
const DRIVER_VERSION_MIN: i32 = 13_000;

pub(crate) struct Device {
    context: Context,
    module: &'static Module,
    functions: Mutex<HashMap<String, Function<'static>>>,
    pub(crate) facts: DeviceFacts,
}

/// Keys that stay: words of affine points, limb-major, so many places in all.
pub(crate) struct Tables {
    tables: Vec<DeviceBuffer<u32>>,
    places: [u64; 3],
}

/// One program at a time: a stream, the memory of its buffers, and pinned memory for copies.
pub(crate) struct Slot {
    stream: Stream,
    arena: DeviceBuffer<u8>,
    up: LockedBuffer<u8>,
    down: LockedBuffer<u8>,
    before: Vec<Buffer>,
}

/// Pinned memory is so much at least, and doubles: to have more of it takes the driver milliseconds.
const PINNED_BYTES_MIN: usize = 1 << 20;

impl Device {
    pub(crate) fn open(ordinal: u32, kernels: Option<&'static [u8]>) -> Result<Self, Failure> {
        libcuda::keep_trampolines();
        cust::init(CudaFlags::empty()).map_err(no_driver)?;
        let version = driver_version()?;
        if version < DRIVER_VERSION_MIN {
            return Err(Failure::OldDriver { found: version });
        }
        let found = CudaDevice::num_devices().map_err(failed)?;
        if ordinal >= found {
            return Err(Failure::NoDevice {
                wanted: ordinal,
                found,
            });
        }
        let kernels = kernels.ok_or(Failure::NoKernels)?;
        let device = CudaDevice::get_device(ordinal).map_err(failed)?;
        let facts = facts(device, found, version).map_err(failed)?;
        let context = Context::new(device).map_err(failed)?;
        let module = Module::from_fatbin(kernels, &[])
            .map_err(|error| Failure::KernelsRefused(text(error)))?;
        Ok(Self {
            context,
            // For as long as the process: its functions are looked up once.
            module: Box::leak(Box::new(module)),
            functions: Mutex::default(),
            facts,
        })
    }

    /// To be called by each thread that uses the device.
    pub(crate) fn enter(&self) -> Result<(), Failure> {
        CurrentContext::set_current(&self.context).map_err(failed)
    }

    pub(crate) fn tables(places: [u64; 3]) -> Result<Tables, Failure> {
        let table = |(table, places): (&Table, u64)| {
            DeviceBuffer::zeroed((table.words() * places) as usize).map_err(failed)
        };
        Ok(Tables {
            tables: Table::ALL
                .iter()
                .zip(places)
                .map(table)
                .collect::<Result<_, _>>()?,
            places,
        })
    }

    pub(crate) fn slot(arena_bytes: u64) -> Result<Slot, Failure> {
        Ok(Slot {
            stream: Stream::new(StreamFlags::DEFAULT, None).map_err(failed)?,
            arena: DeviceBuffer::zeroed(arena_bytes as usize).map_err(failed)?,
            up: LockedBuffer::new(&0, PINNED_BYTES_MIN).map_err(failed)?,
            down: LockedBuffer::new(&0, PINNED_BYTES_MIN).map_err(failed)?,
            before: Vec::new(),
        })
    }

    pub(crate) fn has(&self, entry: &str) -> bool {
        self.function(entry).is_ok()
    }

    fn function(&self, entry: &str) -> Result<cust_raw::CUfunction, Failure> {
        let mut functions = self.functions.lock().expect("no thread panics with it");
        if let Some(function) = functions.get(entry) {
            return Ok(function.to_raw());
        }
        let function = self
            .module
            .get_function(entry)
            .map_err(|_| Failure::BadRequest(format!("the kernels have no entry point {entry}")))?;
        let raw = function.to_raw();
        functions.insert(entry.to_owned(), function);
        Ok(raw)
    }
}

// SAFETY: a context and a module's functions may be used by any thread that has made the context
// its own, which `enter` does; the map is behind a lock.
unsafe impl Send for Device {}
// SAFETY: as above.
unsafe impl Sync for Device {}

impl Tables {
    /// Puts keys in their places; nothing that reads these places may run meanwhile, which the
    /// backend sees to: it gives a place away only when no program in flight uses it.
    pub(crate) fn keep(
        &mut self,
        table: Table,
        first: u64,
        count: u64,
        words: &[u8],
    ) -> Result<(), Failure> {
        let places = self.places[table as usize];
        let fits = count > 0
            && first.checked_add(count).is_some_and(|end| end <= places)
            && table.words().checked_mul(count * 4) == Some(words.len() as u64);
        if !fits {
            return Err(Failure::BadRequest("keys that have no place".into()));
        }
        let rows = words.chunks_exact((4 * count) as usize);
        for (row, words) in rows.enumerate() {
            let start = row as u64 * places + first;
            let words: Vec<u32> = words
                .as_chunks()
                .0
                .iter()
                .map(|word| u32::from_le_bytes(*word))
                .collect();
            let mut place =
                self.tables[table as usize].index(start as usize..(start + count) as usize);
            place.copy_from(&words[..]).map_err(failed)?;
        }
        Ok(())
    }

    fn address(&self, table: Table) -> u64 {
        self.tables[table as usize].as_device_ptr().as_raw()
    }
}

impl Slot {
    /// Runs a program to its end. What it is asked to read comes back, with the time from the
    /// first copy to the last.
    pub(crate) fn run(
        &mut self,
        device: &Device,
        tables: &[u64; 3],
        program: &Program,
        bulk: &[u8],
    ) -> Result<(Vec<u8>, u64), Failure> {
        let arena_bytes = self.arena.len() as u64;
        program
            .check(arena_bytes, &self.before, bulk.len() as u64)
            .map_err(|what| Failure::BadRequest(what.into()))?;
        let (starts, _) = layout(&program.buffers).expect("the program was checked");
        let began = Instant::now();
        self.fill(program, &starts, bulk)?;
        let base = self.arena.as_device_ptr().as_raw();
        for launch in &program.launches {
            let address = |memory: Memory| match memory {
                Memory::Buffer(buffer) => base + starts[buffer as usize],
                Memory::Table(table) => tables[table as usize],
            };
            self.launch(device, launch, &address)?;
        }
        let bytes = self.read(program, &starts)?;
        self.before.clone_from(&program.buffers);
        Ok((bytes, began.elapsed().as_micros() as u64))
    }

    fn fill(&mut self, program: &Program, starts: &[u64], bulk: &[u8]) -> Result<(), Failure> {
        grow(&mut self.up, bulk.len())?;
        self.up[..bulk.len()].copy_from_slice(bulk);
        for (buffer, start) in program.buffers.iter().zip(starts) {
            let range = *start as usize..(*start + buffer.bytes) as usize;
            if range.is_empty() {
                continue;
            }
            let mut place = self.arena.index(range);
            match buffer.first {
                First::Bulk(from) => {
                    let bytes = &self.up[from as usize..(from + buffer.bytes) as usize];
                    // SAFETY: the pinned bytes stay as they are until `read` has waited for the
                    // stream; a slot runs one program at a time.
                    unsafe { place.async_copy_from(bytes, &self.stream) }.map_err(failed)?;
                }
                First::Zero => {
                    // SAFETY: only this stream touches the slot's arena.
                    unsafe { place.set_8_async(0, &self.stream) }.map_err(failed)?;
                }
                First::Anything | First::Kept => {}
            }
        }
        Ok(())
    }

    fn launch(
        &self,
        device: &Device,
        launch: &Launch,
        address: &dyn Fn(Memory) -> u64,
    ) -> Result<(), Failure> {
        let function = device.function(&launch.entry)?;
        check_arguments(launch)?;
        // Arguments as the kernels take them: an array is an address and a stride of 8 bytes each.
        let mut values: Vec<[u64; 2]> = launch
            .arguments
            .iter()
            .map(|argument| match *argument {
                Argument::Array { memory, at, stride } => [address(memory) + at, stride],
                Argument::Pointer { memory, at } => [address(memory) + at, 0],
                Argument::Word(word) => [u64::from(word), 0],
            })
            .collect();
        let mut pointers: Vec<*mut c_void> = values
            .iter_mut()
            .map(|value| std::ptr::from_mut(value).cast())
            .collect();
        let grid = launch.threads.div_ceil(BLOCK);
        // SAFETY: the pointers name values that live until the call returns, which copies them, in
        // the number and the sizes that the entry point takes, which was just checked. What the
        // kernel writes lies in this slot's arena as far as the backend's `composer` gives it arrays
        // of the documented sizes; a device has no more to touch than this process' own memory of it.
        let result = unsafe {
            cust_raw::cuLaunchKernel(
                function,
                grid,
                1,
                1,
                BLOCK,
                1,
                1,
                0,
                self.stream.as_inner(),
                pointers.as_mut_ptr(),
                std::ptr::null_mut(),
            )
        };
        match result {
            cust_raw::CUresult::CUDA_SUCCESS => Ok(()),
            other => Err(Failure::Device(format!(
                "{} was not launched: {other:?}",
                launch.entry
            ))),
        }
    }

    fn read(&mut self, program: &Program, starts: &[u64]) -> Result<Vec<u8>, Failure> {
        let length: u64 = program.reads.iter().map(|read| read.bytes).sum();
        grow(&mut self.down, length as usize)?;
        let mut end = 0;
        for read in &program.reads {
            let start = (starts[read.buffer as usize] + read.at) as usize;
            let length = read.bytes as usize;
            let from = self.arena.index(start..start + length);
            if length > 0 {
                let to = &mut self.down[end..end + length];
                // SAFETY: nobody looks at the pinned bytes before the stream was waited for, below.
                unsafe { from.async_copy_to(to, &self.stream) }.map_err(failed)?;
            }
            end += length;
        }
        self.stream.synchronize().map_err(failed)?;
        Ok(self.down[..end].to_vec())
    }
}

/// Whether a launch has the arguments that the entry point takes.
fn check_arguments(launch: &Launch) -> Result<(), Failure> {
    let entry = tutti_kernels::ENTRY_POINTS
        .iter()
        .find(|entry| entry.name == launch.entry);
    let fits = entry.is_some_and(|entry| {
        let given = launch.arguments.iter().map(|argument| match argument {
            Argument::Array { .. } => tutti_kernels::Argument::Array,
            Argument::Pointer { .. } => tutti_kernels::Argument::Pointer,
            Argument::Word(_) => tutti_kernels::Argument::Number,
        });
        given.eq(entry.arguments.iter().copied())
    });
    if fits {
        Ok(())
    } else {
        Err(Failure::BadRequest(format!(
            "{} takes other arguments",
            launch.entry
        )))
    }
}

/// The tables' addresses, which stay as long as the tables.
pub(crate) fn addresses(tables: &Tables) -> [u64; 3] {
    Table::ALL.map(|table| tables.address(table))
}

fn grow(pinned: &mut LockedBuffer<u8>, bytes: usize) -> Result<(), Failure> {
    if pinned.len() < bytes {
        *pinned = LockedBuffer::new(&0, bytes.next_power_of_two()).map_err(failed)?;
    }
    Ok(())
}

fn facts(device: CudaDevice, devices: u32, version: i32) -> Result<DeviceFacts, CudaError> {
    let attribute = |which| device.get_attribute(which);
    Ok(DeviceFacts {
        name: device.name()?,
        devices,
        driver_version: version,
        compute_capability: (
            attribute(DeviceAttribute::ComputeCapabilityMajor)?,
            attribute(DeviceAttribute::ComputeCapabilityMinor)?,
        ),
        multiprocessors: attribute(DeviceAttribute::MultiprocessorCount)?,
        memory_bytes: device.total_memory()? as u64,
    })
}

fn driver_version() -> Result<i32, Failure> {
    let version = CudaApiVersion::get().map_err(failed)?;
    Ok(version.major() * 1_000 + version.minor() * 10)
}

fn no_driver(error: CudaError) -> Failure {
    match libcuda::missing() {
        Some(why) => Failure::NoDriver(why.to_string_lossy().into_owned()),
        None => Failure::NoDriver(text(error)),
    }
}

fn failed(error: CudaError) -> Failure {
    match error {
        CudaError::OutOfMemory => Failure::OutOfMemory(text(error)),
        other => Failure::Device(text(other)),
    }
}

fn text(error: CudaError) -> String {
    format!("{error} ({error:?})")
}
