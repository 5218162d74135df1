use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use crate::case::Case;

/// What a run came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    pub kinds: Vec<KindTally>,
    pub failures: Vec<Finding>,
    /// Cases that ask for what the subject does not offer, each with the reason in `got`.
    pub unsupported: Vec<Finding>,
    /// JSON files, or cases in them, that no layout explains.
    pub unread: Vec<Unread>,
    /// Files that are no JSON, such as a README.
    pub ignored: Vec<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KindTally {
    pub kind: String,
    pub passed: usize,
    pub failed: usize,
    pub unsupported: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub kind: String,
    pub file: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    pub expected: String,
    pub got: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unread {
    pub file: PathBuf,
    pub why: String,
}

pub(crate) enum Outcome {
    Passed,
    Failed { expected: String, got: String },
    Unsupported(String),
}

impl Report {
    /// Nothing failed and nothing was left unread. What is not offered does not count against.
    pub fn is_ok(&self) -> bool {
        self.failures.is_empty() && self.unread.is_empty()
    }

    /// All kinds together.
    pub fn total(&self) -> KindTally {
        self.kinds
            .iter()
            .fold(KindTally::empty("total".to_owned()), |sum, tally| {
                KindTally {
                    passed: sum.passed + tally.passed,
                    failed: sum.failed + tally.failed,
                    unsupported: sum.unsupported + tally.unsupported,
                    ..sum
                }
            })
    }

    pub(crate) fn add(&mut self, case: &Case, outcome: Outcome) {
        let finding = |expected, got| Finding {
            kind: case.kind.clone(),
            file: case.file.clone(),
            case: case.name.clone(),
            expected,
            got,
        };
        let tally = self.tally(&case.kind);
        match outcome {
            Outcome::Passed => tally.passed += 1,
            Outcome::Failed { expected, got } => {
                tally.failed += 1;
                self.failures.push(finding(expected, got));
            }
            Outcome::Unsupported(why) => {
                tally.unsupported += 1;
                self.unsupported.push(finding(String::new(), why));
            }
        }
    }

    fn tally(&mut self, kind: &str) -> &mut KindTally {
        let at = self.kinds.iter().position(|tally| tally.kind == kind);
        let at = at.unwrap_or_else(|| {
            self.kinds.push(KindTally::empty(kind.to_owned()));
            self.kinds.len() - 1
        });
        &mut self.kinds[at]
    }
}

impl KindTally {
    const fn empty(kind: String) -> Self {
        Self {
            kind,
            passed: 0,
            failed: 0,
            unsupported: 0,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(case) = &self.case {
            write!(f, " [{case}]")?;
        }
        if self.expected.is_empty() {
            write!(f, ": {}", self.got)
        } else {
            write!(f, ": expected {}, got {}", self.expected, self.got)
        }
    }
}

/// The plain table, then whatever was not as it should be.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.total();
        let rows = || self.kinds.iter().chain([&total]);
        let width = rows().map(|row| row.kind.len()).max().unwrap_or_default();
        writeln!(
            f,
            "{:width$}  {:>6}  {:>6}  {:>11}",
            "kind", "passed", "failed", "unsupported"
        )?;
        for row in rows() {
            writeln!(
                f,
                "{:width$}  {:>6}  {:>6}  {:>11}",
                row.kind, row.passed, row.failed, row.unsupported
            )?;
        }
        for failure in &self.failures {
            writeln!(f, "FAILED {failure}")?;
        }
        for unread in &self.unread {
            writeln!(f, "UNREAD {}: {}", unread.file.display(), unread.why)?;
        }
        for file in &self.ignored {
            writeln!(f, "ignored {}: not JSON", file.display())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Check;

    fn report() -> Report {
        let case = Case {
            kind: "verify".to_owned(),
            file: "verify/a.json".into(),
            name: Some("third".to_owned()),
            check: Check::NotOffered(String::new()),
        };
        let mut report = Report::default();
        report.add(&case, Outcome::Passed);
        report.add(&case, Outcome::Unsupported("no such scheme".to_owned()));
        let failed = Outcome::Failed {
            expected: "VALID".to_owned(),
            got: "INVALID(empty)".to_owned(),
        };
        report.add(&case, failed);
        report
    }

    #[test]
    fn a_failure_is_named_with_what_was_wanted_and_what_came() {
        let report = report();
        assert!(!report.is_ok());
        let text = report.to_string();
        assert!(
            text.contains("verify       1       1            1"),
            "{text}"
        );
        let line = "FAILED verify/a.json [third]: expected VALID, got INVALID(empty)";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn an_unread_file_spoils_a_run_and_an_unsupported_case_does_not() {
        let mut report = report();
        report.failures.clear();
        assert!(report.is_ok());
        report.unread.push(Unread {
            file: "b.json".into(),
            why: "no layout".to_owned(),
        });
        assert!(!report.is_ok());
        assert!(report.to_string().contains("UNREAD b.json: no layout"));
    }

    #[test]
    fn machines_read_the_same() {
        let json = serde_json::to_value(report()).expect("a report is plain data");
        assert_eq!(json["kinds"][0]["failed"], 1);
        assert_eq!(json["failures"][0]["got"], "INVALID(empty)");
        assert_eq!(json["unsupported"][0]["got"], "no such scheme");
    }
}
