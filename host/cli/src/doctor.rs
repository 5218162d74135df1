use std::sync::Arc;

use serde_json::json;
use tutti_backend::{Backend, self_test};
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
    let mut findings: Vec<Finding> = settings.backends(Caching::On)?.iter().map(test).collect();
    findings.push(Finding {
        name: "cuda",
        usable: false,
        text: cuda(),
    });
    findings.push(Finding {
        name: "fpga",
        usable: false,
        text: "this build has no FPGA backend".into(),
    });
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

fn cuda() -> String {
    let present = std::path::Path::new("/dev/nvidia0").exists();
    let device = if present {
        "an NVIDIA device is there"
    } else {
        "no NVIDIA device is there"
    };
    format!("this build has no CUDA backend ({device})")
}
