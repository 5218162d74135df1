use std::future::Future;
use std::hash::{BuildHasher as _, RandomState};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status};

use crate::config::Config;
use crate::error::{ClientError, retry_delay};

/// An answer for each of a hundred thousand items is a few mebibytes.
pub(crate) const ANSWER_BYTES_MAX: usize = 256 << 20;
const STREAM_WINDOW: u32 = 2 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
const KEEPALIVE: Duration = Duration::from_secs(20);
/// The first pause before a server is asked again that did not say when; then twice as long.
const PAUSE_FIRST: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// The servers of a client.
#[derive(Debug)]
pub(crate) struct Endpoints {
    servers: Vec<Server>,
    turn: AtomicUsize,
    config: Config,
    /// The header of calls that change what is kept.
    control: Option<MetadataValue<Ascii>>,
    started: Instant,
}

#[derive(Debug)]
struct Server {
    channel: Channel,
    /// Not asked before then if another can be, in microseconds since the start.
    rests_until_us: AtomicU64,
}

/// A failed attempt and where it was made.
struct Failure {
    server: usize,
    status: Status,
}

impl Endpoints {
    pub(crate) fn new(config: Config) -> Result<Self, ClientError> {
        if config.endpoints.is_empty() {
            return Err(ClientError::NoEndpoint);
        }
        let servers = config
            .endpoints
            .iter()
            .map(|url| server(url, &config))
            .collect::<Result<_, _>>()?;
        let control = config.control_token.as_ref().map(|token| {
            let value = format!("Bearer {}", token.trim()).parse();
            value.map_err(|_| ClientError::NotAToken)
        });
        Ok(Self {
            control: control.transpose()?,
            servers,
            turn: AtomicUsize::new(0),
            config,
            started: Instant::now(),
        })
    }

    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.config.deadline
    }

    /// A call that changes what is kept.
    pub(crate) fn control<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Some(control) = &self.control {
            request
                .metadata_mut()
                .insert("authorization", control.clone());
        }
        request
    }

    /// The channels of all servers, for what each of them must be told.
    pub(crate) fn all(&self) -> impl Iterator<Item = Channel> {
        self.servers.iter().map(|server| server.channel.clone())
    }

    /// One server, for a stream.
    pub(crate) fn one(&self) -> Channel {
        self.servers[self.choose(None)].channel.clone()
    }

    /// Calls a server, and again or another one, as long as that can help and the deadline
    /// is not over.
    pub(crate) async fn call<R, A, F>(
        &self,
        request: &R,
        send: impl Fn(Channel, Request<R>) -> F,
    ) -> Result<A, ClientError>
    where
        R: Clone,
        F: Future<Output = Result<Response<A>, Status>>,
    {
        let deadline = self.deadline();
        let send = |server: usize| {
            let mut request = Request::new(request.clone());
            request.set_timeout(deadline.saturating_duration_since(Instant::now()));
            let answer = send(self.servers[server].channel.clone(), request);
            async move {
                match answer.await {
                    Ok(answer) => Ok(answer.into_inner()),
                    Err(status) => Err(Failure { server, status }),
                }
            }
        };
        let calls = self.call_until_answered(deadline, send);
        match tokio::time::timeout_at(deadline.into(), calls).await {
            Ok(answer) => answer,
            Err(_) => Err(ClientError::DeadlineExceeded),
        }
    }

    async fn call_until_answered<A, F>(
        &self,
        deadline: Instant,
        send: impl Fn(usize) -> F,
    ) -> Result<A, ClientError>
    where
        F: Future<Output = Result<A, Failure>>,
    {
        let mut failed = None;
        for attempt in 1.. {
            let Failure { server, status } = match self.attempt(failed, &send).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let Some(pause) = pause_after(&status, attempt) else {
                return Err(status.into());
            };
            self.rest(server, pause);
            failed = Some(server);
            // Another server need not be waited for.
            let wait = if self.all_rest() {
                pause
            } else {
                Duration::ZERO
            };
            if attempt >= self.config.attempts_max || Instant::now() + wait >= deadline {
                return Err(status.into());
            }
            tokio::time::sleep(wait).await;
        }
        unreachable!("the attempts are bounded")
    }

    /// One server; and a second one if that is wanted and the first takes long.
    async fn attempt<A, F>(
        &self,
        avoid: Option<usize>,
        send: impl Fn(usize) -> F,
    ) -> Result<A, Failure>
    where
        F: Future<Output = Result<A, Failure>>,
    {
        let server = self.choose(avoid);
        let mut first = pin!(send(server));
        let Some(delay) = self.config.hedge_after.filter(|_| self.servers.len() > 1) else {
            return first.await;
        };
        if let Ok(answer) = tokio::time::timeout(delay, &mut first).await {
            return answer;
        }
        let mut second = pin!(send(self.choose(Some(server))));
        // A failure of one is not the end while the other may still answer.
        tokio::select! {
            answer = &mut first => match answer {
                Ok(answer) => Ok(answer),
                Err(_) => second.await,
            },
            answer = &mut second => match answer {
                Ok(answer) => Ok(answer),
                Err(_) => first.await,
            },
        }
    }

    /// The next in turn that does not rest and is not to be avoided; or at least the latter.
    fn choose(&self, avoid: Option<usize>) -> usize {
        let n = self.servers.len();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let in_turn = |skip: usize| (turn + skip) % n;
        (0..n)
            .map(in_turn)
            .find(|&server| Some(server) != avoid && !self.rests(server))
            .or_else(|| (0..n).map(in_turn).find(|&server| Some(server) != avoid))
            .unwrap_or(in_turn(0))
    }

    fn now_us(&self) -> u64 {
        self.started.elapsed().as_micros() as u64
    }

    fn rest(&self, server: usize, pause: Duration) {
        let until = self.now_us() + pause.as_micros() as u64;
        self.servers[server]
            .rests_until_us
            .fetch_max(until, Ordering::Relaxed);
    }

    fn rests(&self, server: usize) -> bool {
        self.servers[server].rests_until_us.load(Ordering::Relaxed) > self.now_us()
    }

    fn all_rest(&self) -> bool {
        (0..self.servers.len()).all(|server| self.rests(server))
    }
}

fn server(url: &str, config: &Config) -> Result<Server, ClientError> {
    let bad = |reason: String| ClientError::BadEndpoint {
        url: url.to_owned(),
        reason,
    };
    let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|error| bad(error.to_string()))?;
    match endpoint.uri().scheme_str() {
        Some("http") => {}
        other => return Err(bad(format!("its scheme is {other:?}"))),
    }
    let channel = endpoint
        .connect_timeout(config.connect_timeout)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEPALIVE)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .connect_lazy();
    Ok(Server {
        channel,
        rests_until_us: AtomicU64::new(0),
    })
}

/// How long to wait before asking that server again; `None` where that will not help.
fn pause_after(status: &Status, attempt: u32) -> Option<Duration> {
    let said = retry_delay(status);
    match status.code() {
        Code::Unavailable => Some(said.unwrap_or_else(|| backoff(attempt))),
        // Without a time to come back it is not the queue that is full.
        Code::ResourceExhausted => said,
        _ => None,
    }
}

/// Between half and the whole of a pause that doubles: clients that failed together should
/// not come back together.
fn backoff(attempt: u32) -> Duration {
    let pause = PAUSE_FIRST
        .saturating_mul(1 << attempt.min(10).saturating_sub(1))
        .min(PAUSE_MAX);
    // A fresh hasher is keyed at random.
    let share = RandomState::new().hash_one(attempt) % 1_000;
    pause / 2 + pause.mul_f64(share as f64 / 2_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(n: usize) -> Endpoints {
        let urls = (0..n).map(|i| format!("http://127.0.0.1:{}", i + 1));
        Endpoints::new(Config::new(urls)).unwrap()
    }

    #[tokio::test]
    async fn servers_take_turns_and_those_that_rest_are_left_out() {
        let endpoints = endpoints(3);
        let chosen: Vec<_> = (0..6).map(|_| endpoints.choose(None)).collect();
        assert_eq!(chosen, [0, 1, 2, 0, 1, 2]);
        endpoints.rest(1, Duration::from_mins(1));
        assert!((0..6).all(|_| endpoints.choose(None) != 1));
        assert!((0..6).all(|_| endpoints.choose(Some(0)) == 2));
        endpoints.rest(0, Duration::from_mins(1));
        endpoints.rest(2, Duration::from_mins(1));
        assert!(endpoints.all_rest());
        assert!((0..6).all(|_| endpoints.choose(Some(0)) != 0));
    }

    #[tokio::test]
    async fn endpoints_are_checked() {
        assert!(matches!(
            Endpoints::new(Config::new(Vec::<String>::new())),
            Err(ClientError::NoEndpoint)
        ));
        for url in [
            "",
            "127.0.0.1:50051",
            "https://tutti.example",
            "http://",
            "ftp://x",
        ] {
            let made = Endpoints::new(Config::new([url]));
            assert!(
                matches!(made, Err(ClientError::BadEndpoint { .. })),
                "{url}"
            );
        }
    }

    #[test]
    fn pauses_grow_and_are_bounded() {
        for attempt in 1..40 {
            let pause = backoff(attempt);
            assert!(pause >= PAUSE_FIRST / 2 && pause <= PAUSE_MAX, "{pause:?}");
        }
        assert!(backoff(6) > backoff(1));
    }

    #[test]
    fn only_what_waiting_can_mend_is_tried_again() {
        assert!(pause_after(&Status::unavailable("gone"), 1).is_some());
        assert!(pause_after(&Status::resource_exhausted("no room for key sets"), 1).is_none());
        assert!(pause_after(&Status::invalid_argument("empty"), 1).is_none());
        assert!(pause_after(&Status::internal("a bug"), 1).is_none());
    }
}
