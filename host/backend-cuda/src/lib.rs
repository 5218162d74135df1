//! The CUDA backend: whole batches on NVIDIA GPUs. Each device lives in a process of its own,
//! started from the same binary, so that no driver can take the server down; what comes back
//! from it is checked. `docs/gpu.md` says how, and what the checks do not see.
#![deny(unsafe_code)]

mod backend;
mod coefficients;
mod composer;
mod device;
mod entries;
mod frame;
mod hash;
mod judge;
mod libcuda;
mod pairing;
mod points;
mod program;
mod residents;
mod roots;
mod run;
mod signers;
mod supervisor;
mod verify;
mod warm;
mod words;
pub mod worker;

pub use backend::{CudaBackend, CudaConfig, StartError};
pub use program::{DeviceFacts, Failure};
pub use supervisor::{WorkerCommand, WorkerFault, WorkerPatience};
pub use warm::{Crossover, CrossoverTable, Effort, Line, Shape, Warmth};
