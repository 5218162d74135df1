use tutti_engine::{Engine, SubmitOptions, SubmitRefused};
use tutti_types::Verdict;

use crate::workload::Workload;

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
    #[error("{0} items came out invalid, and not those that are")]
    WrongVerdicts(usize),
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
        let answer = self.engine.run(workload.work(), options)?;
        check(&answer.outcomes.verdicts(), &workload.bad)
    }
}

/// Exactly the bad items must be invalid, everything else valid.
pub(crate) fn check(verdicts: &[Verdict], bad: &[usize]) -> Result<(), SubjectFailure> {
    let invalid: Vec<usize> = (0..verdicts.len())
        .filter(|&at| !verdicts[at].is_valid())
        .collect();
    if invalid == bad {
        Ok(())
    } else {
        Err(SubjectFailure::WrongVerdicts(invalid.len()))
    }
}
