use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tonic::Request;
use tutti_engine::SubmitOptions;
use tutti_proto::v1;

use crate::calls::Call;
use crate::refusal::Refusal;
use crate::words;

const REQUEST_ID_BYTES_MAX: usize = 128;
const SOURCE_BYTES_MAX: usize = 64;

/// Who calls, and how long they wait.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Caller {
    peer: Option<IpAddr>,
    times: Option<Times>,
}

/// When an answer must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Times {
    /// What the engine has not sent to a device by then is not sent any more.
    deadline: Instant,
    /// What is not answered by then is undecided: the answer needs time to be sent.
    patience: Instant,
}

/// What a request asks for beside its items.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) request_id: String,
    pub(crate) submit: SubmitOptions,
    pub(crate) patience: Option<Instant>,
}

/// The share of a time limit that is kept for encoding and sending the answer.
fn margin(limit: Duration) -> Duration {
    (limit / 8).clamp(Duration::from_millis(1), Duration::from_millis(40))
}

impl Times {
    /// The caller hangs up after `limit`.
    fn before_hang_up(from: Instant, limit: Duration) -> Self {
        let margin = margin(limit);
        Self {
            deadline: from + limit.saturating_sub(margin),
            patience: from + limit.saturating_sub(margin / 2),
        }
    }

    /// The caller has no use for later answers.
    fn within(from: Instant, limit: Duration) -> Self {
        Self {
            deadline: from + limit,
            patience: from + limit + margin(limit) / 2,
        }
    }
}

impl Caller {
    pub(crate) fn of<T>(request: &Request<T>) -> Self {
        let call = request.extensions().get::<Arc<Call>>();
        Self {
            // Without the port: who reconnects is still the same source.
            peer: request.remote_addr().map(|address| address.ip()),
            times: call.and_then(|call| {
                let limit = call.timeout?;
                Some(Times::before_hang_up(call.arrived, limit))
            }),
        }
    }

    pub(crate) fn asks(
        &self,
        options: Option<v1::RequestOptions>,
        hasher: &impl BuildHasher,
    ) -> Result<Asked, Refusal> {
        let options = options.unwrap_or_default();
        let at_most = |field: &str, text: &str, max: usize| match text.len() {
            len if len > max => {
                let what = format!("{len} bytes are too many; at most {max}");
                Err(Refusal::malformed(format!("options.{field}"), what))
            }
            _ => Ok(()),
        };
        at_most("request_id", &options.request_id, REQUEST_ID_BYTES_MAX)?;
        at_most("source", &options.source, SOURCE_BYTES_MAX)?;
        let limit = (options.time_limit_ms > 0)
            .then(|| Duration::from_millis(options.time_limit_ms.into()))
            .map(|limit| Times::within(Instant::now(), limit));
        let times = match (self.times, limit) {
            (Some(a), Some(b)) => Some(if a.deadline <= b.deadline { a } else { b }),
            (a, b) => a.or(b),
        };
        Ok(Asked {
            request_id: options.request_id,
            submit: SubmitOptions {
                priority: words::priority("options.priority", options.priority)?,
                deadline: times.map(|times| times.deadline),
                // Keyed by the process, so that nobody can aim at another's number.
                source: hasher.hash_one((self.peer, options.source)),
            },
            patience: times.map(|times| times.patience),
        })
    }
}

/// A request that says how it is to be done.
pub(crate) trait Asking {
    fn take_options(&mut self) -> Option<v1::RequestOptions>;
}

macro_rules! asking {
    ($($request:ident),* $(,)?) => {
        $(impl Asking for v1::$request {
            fn take_options(&mut self) -> Option<v1::RequestOptions> {
                self.options.take()
            }
        })*
    };
}

asking! {
    AdvanceOperatorSetRequest,
    AggregateRequest,
    AggregateVerifyRequest,
    ExplainCertificateRequest,
    FastAggregateVerifyRequest,
    HashToCurveRequest,
    PairingCheckRequest,
    PutOperatorSetRequest,
    VerifyCertificateRequest,
    VerifyCertificatesRequest,
    VerifyColumnsRequest,
    VerifyEvidenceRequest,
    VerifySetsRequest,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::RandomState;
    use tutti_types::Priority;

    fn asked(caller: Caller, options: v1::RequestOptions) -> Asked {
        caller.asks(Some(options), &RandomState::new()).unwrap()
    }

    #[test]
    fn the_answer_comes_before_the_caller_hangs_up() {
        let now = Instant::now();
        for millis in [1, 2, 10, 100, 5_000] {
            let limit = Duration::from_millis(millis);
            let times = Times::before_hang_up(now, limit);
            assert!(times.deadline <= times.patience);
            assert!(times.patience < now + limit);
        }
    }

    #[test]
    fn the_earlier_limit_counts() {
        let now = Instant::now();
        let caller = Caller {
            peer: None,
            times: Some(Times::before_hang_up(now, Duration::from_secs(1))),
        };
        let with = |time_limit_ms| {
            let options = v1::RequestOptions {
                time_limit_ms,
                ..Default::default()
            };
            asked(caller, options).submit.deadline.unwrap() - now
        };
        assert!(with(10) < Duration::from_millis(500));
        assert!(with(60_000) < Duration::from_secs(1));
        assert!(with(0) < Duration::from_secs(1));
    }

    #[test]
    fn sources_are_told_apart_by_peer_and_tag() {
        let hasher = RandomState::new();
        let source = |peer: Option<IpAddr>, tag: &str| {
            let options = v1::RequestOptions {
                source: tag.into(),
                ..Default::default()
            };
            let caller = Caller { peer, times: None };
            caller.asks(Some(options), &hasher).unwrap().submit.source
        };
        let peer = Some(IpAddr::from([10, 0, 0, 1]));
        assert_eq!(source(peer, "a"), source(peer, "a"));
        assert_ne!(source(peer, "a"), source(peer, "b"));
        assert_ne!(source(peer, "a"), source(None, "a"));
    }

    #[test]
    fn long_names_and_unknown_lanes_are_refused() {
        let refused = |options: v1::RequestOptions| {
            let asked = Caller::default().asks(Some(options), &RandomState::new());
            assert!(matches!(asked, Err(Refusal::Malformed { .. })), "{asked:?}");
        };
        refused(v1::RequestOptions {
            request_id: "x".repeat(129),
            ..Default::default()
        });
        refused(v1::RequestOptions {
            source: "x".repeat(65),
            ..Default::default()
        });
        refused(v1::RequestOptions {
            priority: 9,
            ..Default::default()
        });
        let plain = Caller::default().asks(None, &RandomState::new()).unwrap();
        assert_eq!(plain.submit.priority, Priority::Normal);
        assert_eq!(plain.submit.deadline, None);
    }
}
