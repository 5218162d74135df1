//! Workloads, baselines and measurement: what `tutti bench` runs.
#![forbid(unsafe_code)]

mod baseline;
mod machine;
mod measure;
mod report;
mod scenario;
mod subject;
mod workload;

pub use baseline::Blst;
pub use machine::Machine;
pub use measure::{Plan, Ratio, measure};
pub use report::{Report, Side};
pub use scenario::{Scenario, ScenarioError};
pub use subject::{EngineSubject, Subject, SubjectFailure};
pub use workload::Workload;
