use std::fmt;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeLabelValue, EncodeMetric, LabelValueEncoder,
};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use tonic::Code;
use tutti_backend::Outcomes;
use tutti_engine::{BatchReport, Engine, Health, Observer, ParcelReport};
use tutti_types::{Operation, Verdict};

/// What the server counts. Made before the engine, which reports to it.
#[derive(Debug)]
pub struct Metrics {
    calls: Family<CallLabels, Counter>,
    call_seconds: Family<MethodLabels, Histogram, fn() -> Histogram>,
    connections_refused: Counter,
    items: Family<ItemLabels, Counter>,
    batch_items: Family<BatchLabels, Histogram, fn() -> Histogram>,
    batch_seconds: Family<BatchLabels, Histogram, fn() -> Histogram>,
    batch_faults: Family<BatchLabels, Counter>,
    queue_seconds: Family<LaneLabels, Histogram, fn() -> Histogram>,
    compute_seconds: Family<LaneLabels, Histogram, fn() -> Histogram>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    method: &'static str,
    code: CodeLabel,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MethodLabels {
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ItemLabels {
    operation: &'static str,
    verdict: VerdictLabel,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BatchLabels {
    backend: &'static str,
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LaneLabels {
    operation: &'static str,
    priority: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BackendLabels {
    backend: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BackendCounterLabels {
    backend: &'static str,
    counter: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct CodeLabel(Code);

impl EncodeLabelValue for CodeLabel {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        use fmt::Write as _;
        write!(encoder, "{:?}", self.0)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(non_camel_case_types, reason = "the names are what a dashboard shows")]
enum VerdictLabel {
    valid,
    invalid,
    undecided,
}

/// 50 µs to 26 s.
fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(50e-6, 2.0, 20))
}

/// 1 to 16,384.
fn sizes() -> Histogram {
    Histogram::new(exponential_buckets(1.0, 2.0, 15))
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            calls: Family::default(),
            call_seconds: Family::new_with_constructor(seconds),
            connections_refused: Counter::default(),
            items: Family::default(),
            batch_items: Family::new_with_constructor(sizes),
            batch_seconds: Family::new_with_constructor(seconds),
            batch_faults: Family::default(),
            queue_seconds: Family::new_with_constructor(seconds),
            compute_seconds: Family::new_with_constructor(seconds),
        }
    }
}

impl Metrics {
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn call_ended(&self, method: &'static str, code: Code, took: Duration) {
        let code = CodeLabel(code);
        self.calls.get_or_create(&CallLabels { method, code }).inc();
        self.call_seconds
            .get_or_create(&MethodLabels { method })
            .observe(took.as_secs_f64());
    }

    pub(crate) fn connection_refused(&self) {
        self.connections_refused.inc();
    }

    /// What the callers of an operation were told.
    pub(crate) fn items(&self, operation: Operation, counts: Counts) {
        let operation = operation.name();
        let kinds = [
            (VerdictLabel::valid, counts.valid),
            (VerdictLabel::invalid, counts.invalid),
            (VerdictLabel::undecided, counts.undecided),
        ];
        for (verdict, count) in kinds.into_iter().filter(|(_, count)| *count > 0) {
            self.items
                .get_or_create(&ItemLabels { operation, verdict })
                .inc_by(count.into());
        }
    }

    /// A registry of everything here and of what the engine tells when it is asked.
    pub(crate) fn registry(&self, engine: Engine) -> Registry {
        let mut all = Registry::with_prefix("tutti");
        let version = vec![("version", env!("CARGO_PKG_VERSION"))];
        all.register("build", "The server's version", Info::new(version));
        all.register("calls", "gRPC calls ended", self.calls.clone());
        all.register_with_unit(
            "call",
            "Time from a call's head to the end of its answer",
            Unit::Seconds,
            self.call_seconds.clone(),
        );
        all.register(
            "connections_refused",
            "Connections closed at once because all places were taken",
            self.connections_refused.clone(),
        );
        all.register("items", "Items answered", self.items.clone());
        all.register("batch_items", "Items in a batch", self.batch_items.clone());
        all.register_with_unit(
            "batch",
            "Time a batch took on its backend",
            Unit::Seconds,
            self.batch_seconds.clone(),
        );
        all.register(
            "batch_faults",
            "Batches that a backend failed on",
            self.batch_faults.clone(),
        );
        all.register_with_unit(
            "queue",
            "Time from a parcel's acceptance to its first batch",
            Unit::Seconds,
            self.queue_seconds.clone(),
        );
        all.register_with_unit(
            "compute",
            "Time from a parcel's first batch to its answer",
            Unit::Seconds,
            self.compute_seconds.clone(),
        );
        all.register_collector(Box::new(EngineMetrics(engine)));
        all
    }
}

/// How many of a request's items got which kind of verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) valid: u32,
    pub(crate) invalid: u32,
    pub(crate) undecided: u32,
}

impl Counts {
    pub(crate) fn of<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> Self {
        let mut counts = Self::default();
        for verdict in verdicts {
            match verdict {
                Verdict::Valid => counts.valid += 1,
                Verdict::Invalid(..) => counts.invalid += 1,
                Verdict::Undecided(_) => counts.undecided += 1,
            }
        }
        counts
    }
}

impl Observer for Metrics {
    fn batch_ended(&self, report: &BatchReport) {
        let labels = BatchLabels {
            backend: report.backend,
            operation: report.operation.name(),
        };
        if report.faulted {
            self.batch_faults.get_or_create(&labels).inc();
            return;
        }
        self.batch_items
            .get_or_create(&labels)
            .observe(report.items as f64);
        self.batch_seconds
            .get_or_create(&labels)
            .observe(report.compute.as_secs_f64());
    }

    fn parcel_answered(&self, report: &ParcelReport<'_>) {
        if matches!(report.answer.outcomes, Outcomes::Undecided(..)) {
            return;
        }
        let labels = LaneLabels {
            operation: report.operation.name(),
            priority: report.priority.name(),
        };
        let timing = &report.answer.timing;
        self.queue_seconds
            .get_or_create(&labels)
            .observe(timing.queued.as_secs_f64());
        self.compute_seconds
            .get_or_create(&labels)
            .observe(timing.computed.as_secs_f64());
    }
}

/// What the engine knows itself, read when it is asked for.
#[derive(Debug)]
struct EngineMetrics(Engine);

impl Collector for EngineMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let queue = self.0.queue();
        let gauges = [
            (
                "queue_parcels",
                "Parcels accepted and not answered",
                queue.parcels as u64,
            ),
            (
                "queue_items",
                "Items accepted and not answered",
                queue.items as u64,
            ),
            (
                "queue_cost_us",
                "Estimated work accepted and not answered",
                queue.cost_us,
            ),
            (
                "queue_cost_us_max",
                "The most of it that is accepted",
                queue.cost_us_max,
            ),
            ("key_sets", "Key sets kept", self.0.key_sets().len() as u64),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(value);
            let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        self.encode_backends(&mut encoder)
    }
}

impl EngineMetrics {
    fn encode_backends(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let backends = self.0.backends();
        let up = ConstGauge::new(0_u64);
        let help = "1 if the backend is given work";
        let mut metric = encoder.encode_descriptor("backend_up", help, None, up.metric_type())?;
        for status in &backends {
            let backend = status.descriptor.name;
            let up = ConstGauge::new(u64::from(status.health == Health::Up));
            up.encode(metric.encode_family(&BackendLabels { backend })?)?;
        }
        let counter = ConstCounter::new(0_u64);
        let help = "What a backend counts of itself";
        let kind = counter.metric_type();
        let mut metric = encoder.encode_descriptor("backend_counter", help, None, kind)?;
        for status in &backends {
            for &(counter, value) in &status.counters {
                let labels = BackendCounterLabels {
                    backend: status.descriptor.name,
                    counter,
                };
                ConstCounter::new(value).encode(metric.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}
