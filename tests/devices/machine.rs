//! A folder that looks like a machine with a driver, and backends that use it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tutti_backend::{
    Backend, Batch, Challenge, CoefficientBits, DeviceFault, Outcomes, Work, WorkSlice,
};
use tutti_backend_cpu::{CpuBackend, CpuConfig};
use tutti_backend_cuda::{
    CudaBackend, CudaConfig, StartError, Warmth, WorkerCommand, WorkerPatience,
};
use tutti_types::{Limits, Verdict};

/// A machine with the stand-in as its driver, and faults that can be put in and taken out.
pub(crate) struct Machine {
    folder: TempDir,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let machine = Self::without_driver();
        if std::env::var_os("TUTTI_CUDA_REAL").is_none() {
            machine.install(&example("libfake_libcuda.so"));
        }
        machine
    }

    pub(crate) fn without_driver() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// Puts a library where the loader looks for the driver's.
    pub(crate) fn install(&self, library: &Path) {
        let place = self.folder.path().join("libcuda.so.1");
        std::fs::copy(library, place).expect("the library can be copied");
    }

    /// What goes wrong from now on.
    pub(crate) fn faults(&self, lines: &str) {
        std::fs::write(self.fault_file(), lines).expect("the temporary folder can be written");
    }

    /// Sends SIGKILL to the worker that has come upon the fault `hang`.
    pub(crate) fn kill_worker_once_it_hangs(&self) {
        let told = self.folder.path().join("hangs");
        let until = Instant::now() + Duration::from_secs(20);
        let process = loop {
            match std::fs::read_to_string(&told) {
                Ok(process) if process.ends_with('\n') => break process,
                _ if Instant::now() > until => panic!("no worker hangs"),
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        let kill = Command::new("kill").args(["-9", process.trim()]).status();
        assert!(kill.expect("there is kill").success());
    }

    fn fault_file(&self) -> PathBuf {
        self.folder.path().join("faults")
    }

    pub(crate) fn config(&self) -> CudaConfig {
        // The driver of this machine, on one that has a device: see `cargo xtask device-suite`.
        let environment = match std::env::var_os("TUTTI_CUDA_REAL") {
            Some(_) => Vec::new(),
            None => vec![
                ("LD_LIBRARY_PATH".into(), self.folder.path().into()),
                ("TUTTI_FAKE_CUDA".into(), self.fault_file().into()),
            ],
        };
        let worker = WorkerCommand {
            program: example("worker"),
            arguments: vec!["cuda-worker".into(), "0".into()],
            environment,
        };
        CudaConfig {
            patience: WorkerPatience {
                start: Duration::from_secs(20),
                heartbeat: Duration::from_secs(2),
                program: Duration::from_secs(2),
                pause_first: Duration::from_millis(20),
                quarantine_first: Duration::from_mins(5),
            },
            memory_bytes: 64 << 20,
            inline_keys_max: 1_024,
            warmth: Warmth::Fixed(1),
            ..CudaConfig::new(worker)
        }
    }

    /// A device whose batches of so many items go into buckets.
    pub(crate) fn with_buckets(&self, items: usize) -> CudaBackend {
        let config = CudaConfig {
            bucket_items_min: items,
            ..self.config()
        };
        CudaBackend::start(config, cpu()).expect("the stand-in is a device")
    }

    pub(crate) fn start(&self) -> Result<CudaBackend, StartError> {
        CudaBackend::start(self.config(), cpu())
    }
}

/// What `cargo test` has built beside this test.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this test has a path");
    let built = test.ancestors().nth(2).expect("target/debug/deps/test");
    let path = built.join("examples").join(name);
    assert!(
        path.exists(),
        "{} is missing: `cargo build -p tutti-backend-cuda --examples`",
        path.display()
    );
    path
}

pub(crate) fn cpu() -> Arc<dyn Backend> {
    let config = CpuConfig::new(2, &Limits::default()).without_caches();
    Arc::new(CpuBackend::new(&config).expect("the CPU backend starts anywhere"))
}

pub(crate) fn batch(work: &Arc<Work>, seed: u8, coefficient_bits: CoefficientBits) -> Batch {
    Batch {
        coefficient_bits,
        ..Batch::of(
            vec![WorkSlice::whole(Arc::clone(work))],
            Challenge([seed; 32]),
        )
    }
}

/// What the backend says of a work.
pub(crate) fn ask(
    backend: &dyn Backend,
    work: &Arc<Work>,
    seed: u8,
) -> Result<Vec<Verdict>, DeviceFault> {
    let batch = batch(work, seed, CoefficientBits::B64);
    let completion = tutti_backend::run(backend, batch).expect("the operation is offered");
    let outcomes = completion.result?;
    Ok(outcomes.iter().flat_map(Outcomes::verdicts).collect())
}
