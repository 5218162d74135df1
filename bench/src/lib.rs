//! Workloads, baselines and measurement: what `tutti bench` runs.
#![forbid(unsafe_code)]

mod baseline;
pub mod load;
mod machine;
mod measure;
mod report;
mod scenario;
mod statistics;
mod subject;
mod threads;
mod workload;

pub use baseline::{ArkBn254, Baseline, Blst, BlstGrouped, UnknownBaseline};
pub use machine::Machine;
pub use measure::{Plan, measure};
pub use report::{Report, Side};
pub use scenario::{Scenario, ScenarioError, Shape};
pub use statistics::Estimate;
pub use subject::{EngineSubject, Subject, SubjectFailure};
pub use workload::Workload;
pub use workload::slot::{Arrival, Class, arrivals};
