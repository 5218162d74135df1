use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use tutti_domain::KeysUndecided;
use tutti_proto::v1;
use tutti_types::{InvalidReason, KeySetId};

/// Who the machine-readable details come from.
const DOMAIN: &str = "tutti.v1";

/// Why a whole call is not answered. What is wrong with one item is its verdict instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{field}: {what}")]
    Malformed { field: String, what: String },
    #[error("the queue is full: {what}; try again in {} ms", retry_after.as_millis())]
    QueueFull {
        what: &'static str,
        retry_after: Duration,
    },
    #[error("requests in memory are at their limit; try again or send less at once")]
    MemoryFull,
    #[error("this server is stopping; send the request to another one")]
    Draining,
    #[error("this changes what the server keeps: send its control token as authorization: Bearer")]
    ControlDenied,
    #[error("the request stopped in its middle")]
    Stalled,
    #[error("there is no key set {0} here; put it first")]
    UnknownKeySet(KeySetId),
    #[error("key {index} of the set is bad: {}", reason.text())]
    BadKey { index: usize, reason: InvalidReason },
    #[error("there is no room for the key set: {0}; drop one first")]
    KeySetsFull(String),
    #[error("the keys could not be checked: {0}")]
    KeysUndecided(String),
    #[error("the operator set is bad: {0}")]
    InvalidSet(String),
    #[error("{0}")]
    UnknownOperatorSet(String),
    #[error("{0}")]
    SetTaken(String),
    #[error("{0}")]
    SetOrder(String),
    #[error("{0}")]
    SetsFull(String),
    #[error("as many watch operator sets as may; list them from time to time instead")]
    WatchersFull,
    #[error("changes came faster than they were read; watch again")]
    WatcherTooSlow,
    #[error("no contract takes this kind of certificate")]
    NotEncodable,
    #[error("there is no backend {name:?}; there are {known}")]
    UnknownBackend { name: String, known: String },
    #[error("another self-test is running; try again when it is over")]
    SelfTestRunning,
    #[error("the engine has stopped: {0}")]
    EngineStopped(String),
}

/// Long enough for a stopped server's clients to find another one.
const MOVE_ON: Duration = Duration::from_secs(1);
const TRY_AGAIN: Duration = Duration::from_millis(200);

impl Refusal {
    pub(crate) fn malformed(field: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Malformed {
            field: field.into(),
            what: what.into(),
        }
    }

    fn code(&self) -> Code {
        match self {
            Self::Malformed { .. } | Self::BadKey { .. } | Self::InvalidSet(_) => {
                Code::InvalidArgument
            }
            Self::SetTaken(_) => Code::AlreadyExists,
            Self::SetOrder(_) | Self::NotEncodable => Code::FailedPrecondition,
            Self::WatcherTooSlow => Code::Aborted,
            Self::QueueFull { .. }
            | Self::MemoryFull
            | Self::KeySetsFull(_)
            | Self::SetsFull(_)
            | Self::WatchersFull
            | Self::SelfTestRunning => Code::ResourceExhausted,
            Self::Draining | Self::KeysUndecided(_) | Self::EngineStopped(_) => Code::Unavailable,
            Self::Stalled => Code::DeadlineExceeded,
            Self::ControlDenied => Code::Unauthenticated,
            Self::UnknownKeySet(_) | Self::UnknownOperatorSet(_) | Self::UnknownBackend { .. } => {
                Code::NotFound
            }
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::QueueFull { retry_after, .. } => Some(*retry_after),
            Self::MemoryFull
            | Self::SelfTestRunning
            | Self::KeysUndecided(_)
            | Self::WatchersFull
            | Self::WatcherTooSlow => Some(TRY_AGAIN),
            Self::Draining | Self::EngineStopped(_) => Some(MOVE_ON),
            _ => None,
        }
    }

    fn details(&self) -> ErrorDetails {
        let mut details = ErrorDetails::new();
        match self {
            Self::Malformed { field, what } => {
                details.add_bad_request_violation(field, what);
            }
            Self::BadKey { index, reason } => {
                let metadata = [
                    ("index".to_owned(), index.to_string()),
                    ("invalid_reason".to_owned(), (*reason as u8).to_string()),
                ];
                details.set_error_info("INVALID_KEY", DOMAIN, metadata);
                details.add_bad_request_violation(format!("keys[{index}]"), reason.text());
            }
            Self::QueueFull { what, .. } => {
                details.add_quota_failure_violation("queue", *what);
            }
            Self::MemoryFull => {
                details.add_quota_failure_violation("request memory", self.to_string());
            }
            Self::KeySetsFull(what) => {
                details.add_quota_failure_violation("key sets", what);
            }
            Self::InvalidSet(what) => {
                details.set_error_info("INVALID_SET", DOMAIN, [("text".to_owned(), what.clone())]);
            }
            Self::SetsFull(what) => {
                details.add_quota_failure_violation("operator sets", what);
            }
            Self::WatchersFull => {
                details.add_quota_failure_violation("watchers", self.to_string());
            }
            Self::SetTaken(what) | Self::SetOrder(what) => {
                details.add_precondition_failure_violation("SET_ORDER", "operator set", what);
            }
            Self::UnknownOperatorSet(what) => {
                details.set_resource_info("tutti.v1.OperatorSet", "", "", what);
            }
            Self::UnknownKeySet(id) => {
                let what = "put it with KeySetService.PutKeySet";
                details.set_resource_info("tutti.v1.KeySet", id.to_string(), "", what);
            }
            Self::UnknownBackend { name, known } => {
                details.set_resource_info("tutti.v1.Backend", name, "", known);
            }
            Self::Draining => {
                details.add_precondition_failure_violation("DRAINING", "server", self.to_string());
            }
            Self::Stalled
            | Self::ControlDenied
            | Self::KeysUndecided(_)
            | Self::SelfTestRunning
            | Self::WatcherTooSlow
            | Self::NotEncodable
            | Self::EngineStopped(_) => {}
        }
        if let Some(delay) = self.retry_after() {
            details.set_retry_info(Some(delay));
        }
        details
    }

    /// The one place where what happened becomes a gRPC code.
    pub(crate) fn status(&self) -> Status {
        Status::with_error_details(self.code(), self.to_string(), self.details())
    }

    /// The same inside a stream that goes on.
    pub(crate) fn in_stream(&self, request_id: String) -> v1::Refusal {
        let field = match self {
            Self::Malformed { field, .. } => field.clone(),
            _ => String::new(),
        };
        v1::Refusal {
            request_id,
            code: self.code() as u32,
            text: self.to_string(),
            field,
            retry_after_ms: self.retry_after().map_or(0, |d| d.as_millis() as u32),
        }
    }
}

impl From<KeysUndecided> for Refusal {
    fn from(undecided: KeysUndecided) -> Self {
        Self::KeysUndecided(undecided.to_string())
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        refusal.status()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_field_is_named() {
        let status = Refusal::malformed("sets", "send at least one set").status();
        assert_eq!(status.code(), Code::InvalidArgument);
        let violations = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(violations[0].field, "sets");
        assert_eq!(violations[0].description, "send at least one set");
    }

    #[test]
    fn a_full_queue_says_when_to_come_back() {
        let refusal = Refusal::QueueFull {
            what: "work",
            retry_after: Duration::from_millis(70),
        };
        let status = refusal.status();
        assert_eq!(status.code(), Code::ResourceExhausted);
        let retry = status.get_details_retry_info().unwrap().retry_delay;
        assert_eq!(retry, Some(Duration::from_millis(70)));
        assert_eq!(refusal.in_stream("7".into()).retry_after_ms, 70);
        assert_eq!(refusal.in_stream("7".into()).code, 8);
    }

    #[test]
    fn a_bad_key_carries_its_index_and_reason() {
        let refusal = Refusal::BadKey {
            index: 12,
            reason: InvalidReason::NotInSubgroup,
        };
        let info = refusal.status().get_details_error_info().unwrap();
        assert_eq!(info.reason, "INVALID_KEY");
        assert_eq!(info.metadata["index"], "12");
        assert_eq!(info.metadata["invalid_reason"], "5");
    }
}
