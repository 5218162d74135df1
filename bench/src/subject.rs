use tutti_backend::{Outcomes, Work};
use tutti_domain::ByBackend;
use tutti_engine::{Engine, SubmitOptions, SubmitRefused};

use tutti_types::{Priority, Verdict};

use crate::scenario::Scenario;
use crate::threads::at_once;
use crate::workload::quorums::{Twins, settle};
use crate::workload::{Data, Workload};

/// Whatever can be timed over a workload. Building what it needs from the wire's bytes is part
/// of the run.
pub trait Subject {
    fn name(&self) -> String;
    /// Over the whole workload, as often as [`Self::times`] says; the verdicts are checked.
    fn run(&mut self, workload: &Workload) -> Result<(), SubjectFailure>;
    fn times(&self) -> u32 {
        1
    }
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
    /// What a scenario needs beside the engine is shared among this many.
    pub threads: usize,
    /// A source that spoils a batch is set apart for a while: each run is a source of its own.
    pub runs: u64,
}

impl EngineSubject {
    fn verdicts(
        &self,
        workload: &Workload,
        priority: Priority,
    ) -> Result<Vec<Verdict>, SubjectFailure> {
        let options = SubmitOptions {
            source: self.runs,
            priority,
            ..SubmitOptions::default()
        };
        let run = |work| {
            let answer = self.engine.run(work, options)?;
            Ok::<_, SubmitRefused>(answer.outcomes.verdicts())
        };
        Ok(match &workload.data {
            Data::Quorums(quorums) => {
                let claims = quorums.claims(Twins::Known, self.threads);
                settle(claims, quorums.standing(), run)?
            }
            Data::Updates(updates) => {
                let check = ByBackend(|work: &dyn Fn() -> Work| {
                    match self.engine.run(work(), options).ok()?.outcomes {
                        Outcomes::Keys(keys) => Some(keys),
                        _ => None,
                    }
                });
                let claims = updates.claims(self.threads, &check);
                settle(claims, updates.standing(), run)?
            }
            _ => run(workload.work().expect("all others are one work"))?,
        })
    }

    fn check(&self, workload: &Workload, priority: Priority) -> Result<(), SubjectFailure> {
        match workload.wrong(&self.verdicts(workload, priority)?) {
            0 => Ok(()),
            wrong => Err(SubjectFailure::WrongVerdicts(wrong)),
        }
    }
}

/// Several callers at the same time, of one engine or each of its own.
#[derive(Debug)]
pub struct AtOnce {
    pub callers: Vec<EngineSubject>,
}

impl Subject for AtOnce {
    /// The callers' own: they are of one kind.
    fn name(&self) -> String {
        let first = self.callers.first();
        first.map_or_else(String::new, Subject::name)
    }

    fn run(&mut self, workload: &Workload) -> Result<(), SubjectFailure> {
        let runs = at_once(&mut self.callers, |caller| caller.run(workload));
        runs.into_iter().collect()
    }

    /// Each once.
    fn times(&self) -> u32 {
        self.callers.len() as u32
    }
}

impl Subject for EngineSubject {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn run(&mut self, workload: &Workload) -> Result<(), SubjectFailure> {
        self.runs += 1;
        let crowds = workload.crowds();
        if crowds.is_empty() {
            return self.check(workload, Priority::Normal);
        }
        let subject = &*self;
        // All at once, as they come.
        let checks = at_once(crowds, |crowd| {
            subject.check(&crowd.workload, crowd.priority)
        });
        checks.into_iter().collect()
    }
}
