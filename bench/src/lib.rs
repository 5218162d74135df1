//! Workloads, baselines and measurement: what `tutti bench` runs.
#![forbid(unsafe_code)]

mod baseline;
pub mod commands;
pub mod compare;
mod cpu_time;
pub mod load;
mod machine;
mod measure;
mod plot;
pub mod render;
mod replay;
mod report;
pub mod results;
mod runner;
mod scenario;
mod statistics;
mod subject;
mod threads;
mod workload;

pub use baseline::{ArkBn254, Baseline, Blst, BlstGrouped, UnknownBaseline};
pub use machine::Machine;
pub use measure::{Plan, measure};
pub use replay::{ClassReport, ReplayPlan, ReplayReport, replay};
pub use report::{Report, Side};
pub use scenario::{Scenario, ScenarioError, Shape};
pub use statistics::Estimate;
pub use subject::{EngineSubject, Subject, SubjectFailure};
pub use workload::Workload;
pub use workload::slot::{Arrival, Class, arrivals};
