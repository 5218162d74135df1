use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use tutti_types::InvalidReason;

/// Why a call gave no answer. What is wrong with an item is its verdict instead.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("no endpoint was given; name at least one server as http://host:port")]
    NoEndpoint,
    #[error("{url:?} is no endpoint: {reason}; write http://host:port")]
    BadEndpoint { url: String, reason: String },
    #[error("the control token has characters that no header may have")]
    NotAToken,
    #[error("the request is malformed in {field}: {what}")]
    Malformed { field: String, what: String },
    #[error("key {index} of the set is bad: {}", reason.text())]
    BadKey { index: usize, reason: InvalidReason },
    #[error("the server has no room: {what}")]
    Overloaded {
        what: String,
        /// When the server said to come back; it was later than the deadline.
        retry_after: Option<Duration>,
    },
    #[error("no server can be reached: {0}")]
    Unavailable(String),
    #[error("no answer came before the deadline")]
    DeadlineExceeded,
    #[error("not found: {0}")]
    NotFound(String),
    #[error("the server's answer cannot be understood: {0}; is it newer than this client?")]
    Misunderstood(String),
    #[error("the call failed: {0}")]
    Failed(Box<Status>),
}

impl From<Status> for ClientError {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::InvalidArgument => malformed(&status),
            Code::ResourceExhausted => Self::Overloaded {
                what: status.message().to_owned(),
                retry_after: retry_delay(&status),
            },
            Code::Unavailable => Self::Unavailable(status.message().to_owned()),
            // The transport calls its own time-out a cancellation; nobody else cancels.
            Code::DeadlineExceeded | Code::Cancelled => Self::DeadlineExceeded,
            Code::NotFound => Self::NotFound(status.message().to_owned()),
            _ => Self::Failed(Box::new(status)),
        }
    }
}

fn malformed(status: &Status) -> ClientError {
    if let Some(bad) = bad_key(status) {
        return bad;
    }
    let violation = status
        .get_details_bad_request()
        .and_then(|bad| bad.field_violations.into_iter().next());
    match violation {
        Some(violation) => ClientError::Malformed {
            field: violation.field,
            what: violation.description,
        },
        None => ClientError::Malformed {
            field: "the request".into(),
            what: status.message().to_owned(),
        },
    }
}

fn bad_key(status: &Status) -> Option<ClientError> {
    let info = status.get_details_error_info()?;
    if info.reason != "INVALID_KEY" {
        return None;
    }
    let index = info.metadata.get("index")?.parse().ok()?;
    let number: u8 = info.metadata.get("invalid_reason")?.parse().ok()?;
    let reason = InvalidReason::ALL
        .into_iter()
        .find(|reason| *reason as u8 == number)?;
    Some(ClientError::BadKey { index, reason })
}

pub(crate) fn retry_delay(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}
