//! What a worker is asked to do: buffers, launches on them in order, and which bytes come back.
//! The backend composes programs; the worker knows nothing of what they mean.

use serde::{Deserialize, Serialize};

/// Elements of every array and buffers begin at multiples of this.
pub(crate) const ALIGNMENT: u64 = 256;
/// Threads of a block, which the kernels are compiled for.
pub(crate) const BLOCK: u32 = 128;

/// Buffers live in one arena of the slot, one after the other, and keep what they hold until the
/// slot's next program says otherwise.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Program {
    pub(crate) buffers: Vec<Buffer>,
    pub(crate) launches: Vec<Launch>,
    /// What comes back, one after the other.
    pub(crate) reads: Vec<Read>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Buffer {
    pub(crate) bytes: u64,
    pub(crate) first: First,
}

/// What is in a buffer before the first launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum First {
    /// The program's bulk bytes from here on.
    Bulk(u64),
    Zero,
    /// Whatever: a launch writes it before one reads it.
    Anything,
    /// What the slot's program before left there: the buffer was declared alike.
    Kept,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Read {
    pub(crate) buffer: u32,
    pub(crate) at: u64,
    pub(crate) bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Launch {
    pub(crate) entry: String,
    pub(crate) threads: u32,
    pub(crate) arguments: Vec<Argument>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Argument {
    /// An address and a stride: words of elements, limb-major.
    Array {
        memory: Memory,
        at: u64,
        stride: u64,
    },
    Pointer {
        memory: Memory,
        at: u64,
    },
    Word(u32),
}

/// Where an address points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Memory {
    Buffer(u32),
    /// Keys that stay on the device between programs.
    Table(Table),
}

/// Tables of resident keys: the words of affine points, limb-major.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum Table {
    BlsG1,
    BlsG2,
    BnG2,
}

impl Table {
    pub(crate) const ALL: [Self; 3] = [Self::BlsG1, Self::BlsG2, Self::BnG2];

    /// 32-bit words of an affine point.
    pub(crate) const fn words(self) -> u64 {
        match self {
            Self::BlsG1 => 24,
            Self::BlsG2 => 48,
            Self::BnG2 => 32,
        }
    }
}

/// A request to the worker. Bulk bytes come behind it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Places for so many keys in each table, in the order of [`Table::ALL`], and an arena of so
    /// many bytes for each of so many slots.
    Prepare {
        keys: [u64; 3],
        slots: u32,
        arena_bytes: u64,
        /// Entry points that the backend would use.
        entries: Vec<String>,
    },
    /// Puts keys, whose words are the bulk bytes, at a place of a table.
    Keep {
        table: Table,
        first: u64,
        count: u64,
    },
    Run {
        job: u64,
        slot: u32,
        program: Program,
    },
    /// Are you there?
    Ping(u64),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    Found(DeviceFacts),
    Prepared {
        /// Entry points that these kernels do not have.
        missing: Vec<String>,
    },
    Kept,
    /// The bytes asked for are behind it.
    Ran {
        job: u64,
        device_us: u64,
    },
    Pong(u64),
    /// The worker cannot go on; it ends after this.
    Failed(Failure),
}

/// What a device says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceFacts {
    pub name: String,
    /// Devices of this machine.
    pub devices: u32,
    /// As the driver writes it: 13000 is 13.0.
    pub driver_version: i32,
    pub compute_capability: (i32, i32),
    pub multiprocessors: i32,
    pub memory_bytes: u64,
}

/// Why a worker cannot serve.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Failure {
    #[error("no NVIDIA driver: {0}")]
    NoDriver(String),
    #[error("there is no device {wanted}: the driver sees {found}")]
    NoDevice { wanted: u32, found: u32 },
    #[error(
        "the driver is for CUDA {}.{}, too old for these kernels, which need 13.0: install driver 580 or later",
        .found / 1000, .found % 1000 / 10
    )]
    OldDriver { found: i32 },
    #[error(
        "this program was built without kernels: `cargo xtask kernels --install`, then build again"
    )]
    NoKernels,
    #[error("the kernels do not load on this device: {0}")]
    KernelsRefused(String),
    #[error("the device has no memory for this: {0}")]
    OutOfMemory(String),
    #[error("the device failed: {0}")]
    Device(String),
    #[error("the worker was asked for something that it cannot do: {0}")]
    BadRequest(String),
}

/// Where each buffer begins in the arena, and where the last ends.
pub(crate) fn layout(buffers: &[Buffer]) -> Option<(Vec<u64>, u64)> {
    let mut end = 0u64;
    let mut starts = Vec::with_capacity(buffers.len());
    for buffer in buffers {
        starts.push(end);
        end = end
            .checked_add(buffer.bytes)?
            .checked_next_multiple_of(ALIGNMENT)?;
    }
    Some((starts, end))
}

impl Program {
    /// What is wrong with the program, whoever made it: the worker runs only what stays inside
    /// its buffers. (That a kernel does is its own affair; sizes are its documented ones.)
    pub(crate) fn check(
        &self,
        arena_bytes: u64,
        before: &[Buffer],
        bulk: u64,
    ) -> Result<(), &'static str> {
        let (_, end) = layout(&self.buffers).ok_or("its buffers are too large")?;
        if end > arena_bytes {
            return Err("its buffers are larger than the slot's memory");
        }
        for (at, buffer) in self.buffers.iter().enumerate() {
            match buffer.first {
                First::Bulk(from)
                    if from.checked_add(buffer.bytes).is_none_or(|end| end > bulk) =>
                {
                    return Err("a buffer's bytes are not there");
                }
                First::Kept
                    if before.len() <= at
                        || before[..=at]
                            .iter()
                            .zip(&self.buffers)
                            .any(|(old, new)| old.bytes != new.bytes) =>
                {
                    return Err("it keeps a buffer that was not there");
                }
                _ => {}
            }
        }
        for read in &self.reads {
            let buffer = self.buffers.get(read.buffer as usize);
            let end = read.at.checked_add(read.bytes);
            if buffer.is_none_or(|buffer| end.is_none_or(|end| end > buffer.bytes)) {
                return Err("it reads past a buffer");
            }
        }
        self.launches
            .iter()
            .try_for_each(|launch| self.check_launch(launch))
    }

    fn check_launch(&self, launch: &Launch) -> Result<(), &'static str> {
        if launch.threads == 0 || launch.threads > 1 << 28 {
            return Err("a launch has no threads or far too many");
        }
        for argument in &launch.arguments {
            let (Argument::Array { memory, at, .. } | Argument::Pointer { memory, at }) = argument
            else {
                continue;
            };
            if let Memory::Buffer(buffer) = memory {
                let buffer = self.buffers.get(*buffer as usize);
                if buffer.is_none_or(|buffer| *at > buffer.bytes) {
                    return Err("an argument points past its buffer");
                }
            }
        }
        Ok(())
    }
}
