//! Workloads, baselines and measurement: what `tutti bench` runs.
#![forbid(unsafe_code)]

mod baseline;
mod card;
mod collect;
pub mod commands;
pub mod compare;
mod cpu_time;
mod energy;
pub mod load;
mod machine;
mod measure;
mod plot;
mod progress;
pub mod render;
mod replay;
mod report;
pub mod results;
mod runner;
mod scenario;
mod statistics;
mod subject;
mod threads;
pub mod trace;
mod workload;

pub use baseline::{ArkBn254, Baseline, Blst, BlstGrouped, UnknownBaseline};
pub use machine::Machine;
pub use measure::{Plan, measure};
pub use replay::{ClassReport, ReplayPlan, ReplayReport, replay};
pub use report::{Report, Side};
pub use scenario::{Scenario, ScenarioError, Shape};
pub use statistics::Estimate;
pub use subject::{AtOnce, EngineSubject, Subject, SubjectFailure};
pub use workload::Workload;
pub use workload::mixed::Crowd;
pub use workload::quorums::{Quorums, Twins};
pub use workload::slot::{Arrival, Class, arrivals};
