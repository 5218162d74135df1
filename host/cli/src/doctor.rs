use std::fmt::Write;
use std::sync::Arc;

use serde_json::json;
use tutti_backend::{Backend, self_test};
use tutti_backend_cuda::{CudaBackend, Failure as WorkerFailure, StartError, WorkerFault};
use tutti_backend_fpga::FpgaBackend;
use tutti_bench::Machine;
use tutti_engine::fresh_challenge;

use crate::args::DoctorArgs;
use crate::exit::{Exit, Failure, say};
use crate::settings::{Caching, EngineSettings};

/// What `doctor` found of one backend.
struct Finding {
    name: &'static str,
    usable: bool,
    text: String,
}

pub(crate) fn doctor(args: &DoctorArgs) -> Result<Exit, Failure> {
    let settings = EngineSettings::from_args(&args.engine)?;
    let machine = Machine::here();
    let cpu = settings.cpu(Caching::On)?;
    let mut findings = vec![test(&cpu)];
    match settings.cuda.start(&cpu) {
        Ok(devices) => findings.extend(devices.iter().map(test_device)),
        Err(error) => findings.push(Finding {
            name: "cuda",
            usable: false,
            text: without_cuda(&error),
        }),
    }
    findings.extend(cards(&settings, &cpu)?);
    let well = findings.iter().any(|finding| finding.usable)
        && !findings
            .iter()
            .any(|finding| finding.name == "cpu" && !finding.usable);
    if args.json {
        let backends: Vec<_> = findings
            .iter()
            .map(|f| json!({ "name": f.name, "usable": f.usable, "text": f.text }))
            .collect();
        say(json!({
            "version": env!("CARGO_PKG_VERSION"),
            "machine": machine.to_json(),
            "backends": backends,
            "well": well,
        }));
    } else {
        say(format_args!(
            "machine  {}, {} cores, {}",
            machine.cpu, machine.cores, machine.os
        ));
        say(format_args!("features {}", machine.features.join(" ")));
        for finding in &findings {
            let mark = if finding.usable {
                "usable"
            } else {
                "not usable"
            };
            say(format_args!("{:8} {mark}: {}", finding.name, finding.text));
        }
    }
    Ok(if well { Exit::Well } else { Exit::Refuted })
}

fn test(backend: &Arc<dyn Backend>) -> Finding {
    let descriptor = backend.descriptor();
    let (usable, verdict) = match self_test(&**backend, fresh_challenge()) {
        Ok(report) => (true, format!("{} known answers came out", report.checks)),
        Err(failure) => (false, format!("the self-test failed: {failure}")),
    };
    Finding {
        name: descriptor.name,
        usable,
        text: format!("{}; {verdict}", descriptor.engine),
    }
}

/// The cards that are named; where none is, how to name one.
fn cards(settings: &EngineSettings, cpu: &Arc<dyn Backend>) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    for card in settings.cards() {
        findings.push(test_card(&card.start(cpu, settings.cards)?));
    }
    if findings.is_empty() {
        findings.push(Finding {
            name: "fpga",
            usable: false,
            text: "no card is named: --backend fpga:serial:PATH:BAUD, fpga:unix:PATH, or fpga-sim for the model".into(),
        });
    }
    Ok(findings)
}

fn test_card(card: &Arc<FpgaBackend>) -> Finding {
    let backend: Arc<dyn Backend> = Arc::<FpgaBackend>::clone(card);
    let mut finding = test(&backend);
    if let Some(identity) = card.identity() {
        // Writing to a string does not fail.
        let _ = write!(
            finding.text,
            "; {} cores, design {}",
            identity.cores,
            hex::encode(identity.digest)
        );
    }
    finding
}

fn test_device(device: &Arc<CudaBackend>) -> Finding {
    let backend: Arc<dyn Backend> = Arc::<CudaBackend>::clone(device);
    let mut finding = test(&backend);
    // Writing to a string does not fail.
    if let Some(speed) = device.multiplications_per_s() {
        let _ = write!(
            finding.text,
            "; {:.1} G multiplications in Fp a second",
            speed / 1e9
        );
    }
    for row in device.crossovers().rows() {
        let worth = match row.items {
            Some(items) => format!("from {items} items on"),
            None => "never".into(),
        };
        let (device, cpu) = (row.device, row.cpu);
        let _ = write!(
            finding.text,
            "\n         {}, {}: worth asking {worth}; {:.0} us and {:.2} us an item, the CPU {:.0} and {:.2}",
            row.operation.name(),
            row.shape.name(),
            device.fixed_us,
            device.item_us,
            cpu.fixed_us,
            cpu.item_us,
        );
    }
    finding
}

/// What is missing, and the command that adds it.
fn without_cuda(error: &StartError) -> String {
    let StartError::Worker(WorkerFault::Failed(failure)) = error else {
        return error.to_string();
    };
    let remedy = match failure {
        WorkerFailure::NoDriver(_) | WorkerFailure::OldDriver { .. } => {
            "install NVIDIA's driver 580 or later (Debian, Ubuntu: `apt-get install nvidia-driver-580-server`), \
             then `nvidia-smi` must list the device"
        }
        WorkerFailure::NoDevice { .. } => "`nvidia-smi -L` lists the devices that there are",
        WorkerFailure::KernelsRefused(_) => {
            "the device may be older than sm_75; otherwise build again after `cargo xtask kernels --install`"
        }
        WorkerFailure::OutOfMemory(_) => "give less with `--cuda-memory-mib`, or free the device",
        WorkerFailure::NoKernels | WorkerFailure::Device(_) | WorkerFailure::BadRequest(_) => "",
    };
    match remedy {
        "" => failure.to_string(),
        remedy => format!("{failure}; {remedy}"),
    }
}
