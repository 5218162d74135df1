use std::time::Duration;

/// Which servers to ask, and how patiently.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) endpoints: Vec<String>,
    pub(crate) deadline: Duration,
    pub(crate) attempts_max: u32,
    pub(crate) hedge_after: Option<Duration>,
    pub(crate) connect_timeout: Duration,
    pub(crate) control_token: Option<String>,
}

impl Config {
    /// `http://host:port` of each server. Calls go to them in turn.
    pub fn new<S: Into<String>>(endpoints: impl IntoIterator<Item = S>) -> Self {
        Self {
            endpoints: endpoints.into_iter().map(Into::into).collect(),
            deadline: Duration::from_secs(10),
            attempts_max: 4,
            hedge_after: None,
            connect_timeout: Duration::from_secs(2),
            control_token: None,
        }
    }

    /// How long a call may take, its retries included. The server is told, and answers in time
    /// with UNDECIDED for what it could not do. 10 s if not set.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How often a call is tried: again only when a server is unavailable or its queue is full,
    /// not before it said to come back, and never past the deadline. 4 if not set.
    #[must_use]
    pub const fn attempts_max(mut self, attempts: u32) -> Self {
        self.attempts_max = attempts;
        self
    }

    /// Asks a second server too when the first has not answered after this long, and takes
    /// whichever answer comes first: checking is idempotent. Costs the servers double work for
    /// the slowest calls, so set it near the 95th percentile. Needs two endpoints; off if not
    /// set.
    #[must_use]
    pub const fn hedge_after(mut self, delay: Duration) -> Self {
        self.hedge_after = Some(delay);
        self
    }

    /// What servers ask of whoever changes the sets that they keep. None if not set.
    #[must_use]
    pub fn control_token(mut self, token: impl Into<String>) -> Self {
        self.control_token = Some(token.into());
        self
    }

    /// How long a connection may take to be made. 2 s if not set.
    #[must_use]
    pub const fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }
}
