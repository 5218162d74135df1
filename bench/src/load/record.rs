use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use parking_lot::{Condvar, Mutex};
use serde_json::{Value, json};

use super::{Answered, Reply};

/// Requests that ended while this many equal windows of the measured time passed: whether the
/// rate held still.
const WINDOWS: usize = 5;
const HOUR_US: u64 = 3_600_000_000;

/// Requests that did not get what they asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shortfall {
    pub refused: u64,
    /// Due, but too many were under way already.
    pub unsent: u64,
    /// Sent and never answered.
    pub lost: u64,
    pub undecided_items: u64,
    pub wrong_items: u64,
}

impl Shortfall {
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// What a loop measured.
#[derive(Clone, Debug)]
pub struct LoadReport {
    pub target: String,
    /// "open constant 100/s", "closed 8".
    pub loop_name: String,
    pub answered: u64,
    pub shortfall: Shortfall,
    /// The first refusal in words.
    pub refusal: Option<String>,
    /// Right verdicts in the measured time.
    pub verdicts: u64,
    /// The same a second.
    pub items_per_s: f64,
    pub windows_items_per_s: Vec<f64>,
    /// From when the request was due.
    pub latency: Histogram<u64>,
    /// How late the generator itself was: part of the latency, and its limit of precision.
    pub lag: Histogram<u64>,
    pub queued: Histogram<u64>,
    pub computed: Histogram<u64>,
    /// The rest of the latency: the generator's lag, the wire, reading and writing.
    pub overhead: Histogram<u64>,
}

/// Microseconds up to an hour, three digits.
pub(crate) fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, HOUR_US, 3).expect("an hour fits")
}

fn micros(time: Duration) -> u64 {
    time.as_micros() as u64
}

/// Percentiles in microseconds.
pub(crate) fn percentiles(histogram: &Histogram<u64>) -> Value {
    json!({
        "mean": histogram.mean().round(),
        "p50": histogram.value_at_quantile(0.5),
        "p90": histogram.value_at_quantile(0.9),
        "p99": histogram.value_at_quantile(0.99),
        "p999": histogram.value_at_quantile(0.999),
        "max": histogram.max(),
    })
}

impl LoadReport {
    pub(crate) const fn verdicts(&self) -> u64 {
        self.verdicts
    }

    pub fn to_json(&self) -> Value {
        json!({
            "target": self.target,
            "loop": self.loop_name,
            "answered": self.answered,
            "refused": self.shortfall.refused,
            "unsent": self.shortfall.unsent,
            "lost": self.shortfall.lost,
            "undecided_items": self.shortfall.undecided_items,
            "wrong_items": self.shortfall.wrong_items,
            "refusal": self.refusal,
            "items_per_s": self.items_per_s,
            "windows_items_per_s": self.windows_items_per_s,
            "latency_us": percentiles(&self.latency),
            "generator_lag_us": percentiles(&self.lag),
            "target_queued_us": percentiles(&self.queued),
            "target_computed_us": percentiles(&self.computed),
            "overhead_us": percentiles(&self.overhead),
        })
    }
}

/// Requests under way and what came of those that ended.
pub(super) struct Flights {
    under_way: AtomicUsize,
    record: Mutex<Record>,
    landed: Condvar,
    /// What is due within is measured; before is warm-up.
    measured: std::ops::Range<Instant>,
}

struct Record {
    answered: u64,
    shortfall: Shortfall,
    refusal: Option<String>,
    windows: [u64; WINDOWS],
    latency: Histogram<u64>,
    lag: Histogram<u64>,
    queued: Histogram<u64>,
    computed: Histogram<u64>,
    overhead: Histogram<u64>,
}

impl Flights {
    pub(super) fn new(measured: std::ops::Range<Instant>) -> Self {
        Self {
            under_way: AtomicUsize::new(0),
            record: Mutex::new(Record {
                answered: 0,
                shortfall: Shortfall::default(),
                refusal: None,
                windows: [0; WINDOWS],
                latency: histogram(),
                lag: histogram(),
                queued: histogram(),
                computed: histogram(),
                overhead: histogram(),
            }),
            landed: Condvar::new(),
            measured,
        }
    }

    /// One more starts, unless `most` are under way.
    pub(super) fn start(&self, due: Instant, most: usize) -> bool {
        let is_measured = self.measured.contains(&due);
        if self.under_way.load(Ordering::Acquire) >= most {
            if is_measured {
                self.record.lock().shortfall.unsent += 1;
            }
            return false;
        }
        self.under_way.fetch_add(1, Ordering::AcqRel);
        if is_measured {
            let lag = micros(due.elapsed());
            self.record.lock().lag.saturating_record(lag);
        }
        true
    }

    pub(super) fn land(&self, due: Instant, reply: Reply) {
        let now = Instant::now();
        let mut record = self.record.lock();
        match reply {
            Reply::Answered(answered) => {
                if let Some(window) = self.window(now) {
                    record.windows[window] += answered.right as u64;
                }
                if self.measured.contains(&due) {
                    record.answer(&answered, now - due);
                }
            }
            Reply::Refused(reason) if self.measured.contains(&due) => {
                record.shortfall.refused += 1;
                record.refusal.get_or_insert(reason);
            }
            Reply::Refused(_) => {}
        }
        self.under_way.fetch_sub(1, Ordering::AcqRel);
        self.landed.notify_all();
    }

    fn window(&self, now: Instant) -> Option<usize> {
        let whole = self.measured.end - self.measured.start;
        let passed = now.checked_duration_since(self.measured.start)?;
        let window = (passed.as_secs_f64() / whole.as_secs_f64() * WINDOWS as f64) as usize;
        (window < WINDOWS).then_some(window)
    }

    /// Waits for those still under way; what is not answered by then is lost.
    pub(super) fn finish(
        &self,
        target: String,
        loop_name: String,
        patience: Duration,
    ) -> LoadReport {
        let deadline = Instant::now() + patience;
        let mut record = self.record.lock();
        while self.under_way.load(Ordering::Acquire) > 0 {
            if self.landed.wait_until(&mut record, deadline).timed_out() {
                break;
            }
        }
        record.shortfall.lost = self.under_way.load(Ordering::Acquire) as u64;
        let seconds = (self.measured.end - self.measured.start).as_secs_f64();
        let per_s = |items: u64, seconds: f64| items as f64 / seconds.max(1e-9);
        LoadReport {
            target,
            loop_name,
            answered: record.answered,
            shortfall: record.shortfall,
            refusal: record.refusal.clone(),
            verdicts: record.windows.iter().sum(),
            items_per_s: per_s(record.windows.iter().sum(), seconds),
            windows_items_per_s: record
                .windows
                .iter()
                .map(|&items| per_s(items, seconds / WINDOWS as f64))
                .collect(),
            latency: record.latency.clone(),
            lag: record.lag.clone(),
            queued: record.queued.clone(),
            computed: record.computed.clone(),
            overhead: record.overhead.clone(),
        }
    }
}

impl Record {
    fn answer(&mut self, answered: &Answered, latency: Duration) {
        self.answered += 1;
        self.shortfall.undecided_items += answered.undecided as u64;
        self.shortfall.wrong_items += answered.wrong as u64;
        self.latency.saturating_record(micros(latency));
        self.queued.saturating_record(micros(answered.queued));
        self.computed.saturating_record(micros(answered.computed));
        let accounted = answered.queued + answered.computed;
        self.overhead
            .saturating_record(micros(latency.saturating_sub(accounted)));
    }
}
