//! CUDA devices: the worker process, and the backends that use one each.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use tutti_backend::Backend;
use tutti_backend_cuda::{
    CudaBackend, CudaConfig, Failure as WorkerFailure, StartError, Warmth, WorkerCommand,
    WorkerFault, worker,
};

use crate::args::CudaWorkerArgs;

/// Runs programs on one device until standard input closes.
pub(crate) fn serve_worker(args: &CudaWorkerArgs) -> ExitCode {
    worker::serve(args.device, tutti_kernels::fatbin())
}

/// What an operator may say of CUDA devices.
#[derive(Clone, Debug)]
pub(crate) struct CudaSettings {
    pub(crate) memory_mib: u64,
    pub(crate) items_min: Option<u32>,
    pub(crate) worker: Option<PathBuf>,
}

impl CudaSettings {
    /// A backend for each device, or why there is none.
    pub(crate) fn start(
        &self,
        second: &Arc<dyn Backend>,
    ) -> Result<Vec<Arc<CudaBackend>>, StartError> {
        if tutti_kernels::fatbin().is_none() && self.worker.is_none() {
            return Err(WorkerFault::Failed(WorkerFailure::NoKernels).into());
        }
        let first = self.start_one(0, second)?;
        let devices = first.facts().devices;
        let mut backends = vec![Arc::new(first)];
        for device in 1..devices {
            match self.start_one(device, second) {
                Ok(backend) => backends.push(Arc::new(backend)),
                Err(error) => tracing::error!(device, %error, "a CUDA device is left out"),
            }
        }
        Ok(backends)
    }

    fn start_one(&self, device: u32, second: &Arc<dyn Backend>) -> Result<CudaBackend, StartError> {
        let program = match &self.worker {
            Some(program) => program.clone(),
            None => std::env::current_exe()
                .map_err(|error| WorkerFault::NotStarted(error.to_string()))?,
        };
        let command = WorkerCommand {
            program,
            arguments: vec!["cuda-worker".into(), device.to_string().into()],
            environment: Vec::new(),
        };
        let mut config = CudaConfig::new(command);
        config.name = name(device);
        config.memory_bytes = self.memory_mib << 20;
        if let Some(items) = self.items_min {
            config.warmth = Warmth::Fixed(items);
        }
        CudaBackend::start(config, Arc::clone(second))
    }
}

fn name(device: u32) -> &'static str {
    match device {
        0 => "cuda",
        // Once for each device of the machine.
        _ => Box::leak(format!("cuda-{device}").into_boxed_str()),
    }
}
