use std::process::ExitCode;

use tutti_client::ClientError;

/// How the program ends: a contract with scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Well,
    /// Something did not verify or conform.
    Refuted,
    /// The command line, a file or a setting is wrong.
    Usage,
    /// What was asked for cannot be served: a port is taken, an endpoint does not answer.
    CannotServe,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Well => 0,
            Exit::Refuted => 1,
            Exit::Usage => 2,
            Exit::CannotServe => 3,
        })
    }
}

/// Why a command could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    CannotServe(String),
}

#[allow(clippy::needless_pass_by_value)] // As `map_err` hands it over.
impl Failure {
    pub(crate) fn usage(error: impl ToString) -> Self {
        Self::Usage(error.to_string())
    }

    /// What the caller sent is the caller's to mend; the rest is the server's.
    pub(crate) fn of_call(error: ClientError) -> Self {
        match error {
            ClientError::Malformed { .. } | ClientError::BadKey { .. } | ClientError::Failed(_) => {
                Self::usage(error)
            }
            _ => Self::cannot_serve(error),
        }
    }

    pub(crate) fn cannot_serve(error: impl ToString) -> Self {
        Self::CannotServe(error.to_string())
    }

    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::CannotServe(_) => Exit::CannotServe,
        }
    }
}

/// Prints a line to standard output. A reader that went away, as `head` does, ends the program
/// quietly: nobody is left to tell.
pub(crate) fn say(line: impl std::fmt::Display) {
    use std::io::Write;
    if writeln!(std::io::stdout(), "{line}").is_err() {
        std::process::exit(0);
    }
}
