use tutti_engine::{Engine, SubmitOptions, SubmitRefused};

use crate::scenario::Scenario;
use crate::workload::{Data, Workload};

/// Whatever can be timed over a workload. Building what it needs from the wire's bytes is part
/// of the run.
pub trait Subject {
    fn name(&self) -> String;
    /// Once over the whole workload; the verdicts are checked.
    fn run(&mut self, workload: &Workload) -> Result<(), SubjectFailure>;
}

#[derive(Debug, thiserror::Error)]
pub enum SubjectFailure {
    #[error("the engine refused: {0}")]
    Refused(#[from] SubmitRefused),
    #[error("{0} items did not get the verdict that is theirs")]
    WrongVerdicts(usize),
    #[error("{subject} does not do {scenario}: choose another baseline, or none")]
    NotOffered {
        subject: &'static str,
        scenario: Scenario,
    },
    #[error("{0}")]
    Other(String),
}

/// An engine in this process.
#[derive(Debug)]
pub struct EngineSubject {
    pub engine: Engine,
    pub name: String,
    /// A source that spoils a batch is set apart for a while: each run is a source of its own.
    pub runs: u64,
}

impl Subject for EngineSubject {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn run(&mut self, workload: &Workload) -> Result<(), SubjectFailure> {
        self.runs += 1;
        let options = SubmitOptions {
            source: self.runs,
            ..SubmitOptions::default()
        };
        let run = |work| {
            let answer = self.engine.run(work, options)?;
            Ok::<_, SubmitRefused>(answer.outcomes.verdicts())
        };
        let verdicts = match &workload.data {
            Data::Quorums(quorums) => quorums.settle(run)?,
            _ => run(workload.work())?,
        };
        match workload.wrong(&verdicts) {
            0 => Ok(()),
            wrong => Err(SubjectFailure::WrongVerdicts(wrong)),
        }
    }
}
