//! The mainnet slot in real time: every gossip object goes to the target when the trace says
//! that it arrives, and the time from arrival to verdict is measured.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use parking_lot::{Condvar, Mutex};
use serde_json::{Value, json};
use tutti_types::Priority;

use crate::cpu_time::CpuTime;
use crate::energy::EnergyMeter;
use crate::load::{
    Answered, GENERATOR_THREADS, Reply, Target, TargetError, histogram, percentiles,
};
use crate::machine::Machine;
use crate::trace::{SLOT, Trace};
use crate::workload::Workload;
use crate::workload::slot::{Arrival, Class};

/// Votes must be in by a third of the slot to move the head; aggregates are sent at two thirds
/// and are worth little 400 ms later.
const VOTES_DUE: Duration = Duration::from_secs(4);
const AGGREGATES_DUE: Duration = Duration::from_millis(8_400);
/// Verdicts that come later than this after the slot are lost.
const PATIENCE: Duration = Duration::from_secs(30);
const SET_UP: Duration = Duration::from_millis(50);

/// How a node sends what it hears.
#[derive(Clone, Debug)]
pub struct ReplayPlan {
    /// What arrives within this time goes out as one request.
    pub gather: Duration,
    pub trace: Trace,
}

/// A slot's arrivals as requests.
struct Sending<R> {
    due: Duration,
    request: R,
    arrivals: Vec<Arrival>,
}

/// One class of gossip over all slots. Objects: an aggregate is one, with three sets.
#[derive(Clone, Debug)]
pub struct ClassReport {
    pub class: Class,
    pub objects: u64,
    /// From arrival to verdict, microseconds.
    pub latency: Histogram<u64>,
    /// Arrived before the mark, and had their verdict before it.
    pub arrived_by_mark: u64,
    pub decided_by_mark: u64,
}

#[derive(Clone, Debug)]
pub struct ReplayReport {
    pub target: String,
    pub slots: usize,
    pub gather: Duration,
    pub classes: Vec<ClassReport>,
    pub refused_requests: u64,
    pub refusal: Option<String>,
    pub undecided_sets: u64,
    pub wrong_sets: u64,
    pub unanswered_requests: u64,
    /// Mean cores over the slots of all but the generator's own threads; what answers must run
    /// in this process.
    pub cores_used: f64,
    pub generator_cores: f64,
    /// The target's own account of each request, and what is left of the time from its sending
    /// to its answer.
    pub queued: Histogram<u64>,
    pub computed: Histogram<u64>,
    pub overhead: Histogram<u64>,
    energy: Value,
}

impl Class {
    const fn mark(self) -> Duration {
        match self {
            Self::Vote | Self::SyncMessage | Self::Block => VOTES_DUE,
            Self::Aggregate | Self::Contribution => AGGREGATES_DUE,
        }
    }

    const fn priority(self) -> Priority {
        match self {
            Self::Block => Priority::Urgent,
            _ => Priority::Normal,
        }
    }
}

/// Replays the slots of the trace one after the other. The workload is `mainnet-slot`.
pub fn replay<T: Target>(
    target: &T,
    workload: &Arc<Workload>,
    plan: &ReplayPlan,
) -> Result<ReplayReport, TargetError> {
    let tally = Arc::new(Tally::new());
    let (mut used, mut lasted) = (CpuTime::default(), Duration::ZERO);
    let meter = EnergyMeter::here();
    let meter_before = meter.read();
    for arrivals in plan.trace.slots() {
        let sendings = sendings(target, workload, plan.gather, arrivals)?;
        let before = CpuTime::now();
        let start = Instant::now() + SET_UP;
        std::thread::scope(|scope| {
            let clock = std::thread::Builder::new().name(format!("{GENERATOR_THREADS}clock"));
            clock
                .spawn_scoped(scope, || send_all(target, &sendings, start, &tally))
                .map(|_| ())
        })?;
        tally.wait(start + SLOT + PATIENCE);
        let end = (start + SLOT).max(Instant::now());
        std::thread::sleep(end.saturating_duration_since(Instant::now()));
        let slot_used = CpuTime::now().since(&before);
        used.generator += slot_used.generator;
        used.others += slot_used.others;
        lasted += start.elapsed();
    }
    let energy = meter.to_json(meter.since(&meter_before), tally.decided());
    Ok(tally.report(target.name(), plan, (used, lasted), energy))
}

/// Arrivals cut into runs of one gathering time, sent when it ends; what is urgent goes apart
/// and at once.
fn sendings<T: Target>(
    target: &T,
    workload: &Arc<Workload>,
    gather: Duration,
    arrivals: &[Arrival],
) -> Result<Vec<Sending<T::Request>>, TargetError> {
    let gather = gather.max(Duration::from_micros(1)).as_nanos();
    let run = |arrival: &Arrival| arrival.at.as_nanos() / gather;
    let end_of_run = |arrival: &Arrival| Duration::from_nanos(((run(arrival) + 1) * gather) as u64);
    let mut sendings = Vec::new();
    for together in arrivals.chunk_by(|a, b| run(a) == run(b)) {
        for priority in [Priority::Urgent, Priority::Normal] {
            let of_priority = |arrival: &&Arrival| arrival.class.priority() == priority;
            let arrivals: Vec<Arrival> = together.iter().filter(of_priority).cloned().collect();
            let Some(last) = arrivals.last() else {
                continue;
            };
            let items: Vec<u32> = arrivals.iter().flat_map(|a| a.sets.clone()).collect();
            sendings.push(Sending {
                due: match priority {
                    Priority::Urgent => last.at,
                    _ => end_of_run(last),
                },
                request: target.prepare(workload, &items, priority)?,
                arrivals,
            });
        }
    }
    sendings.sort_by_key(|sending| sending.due);
    Ok(sendings)
}

fn send_all<T: Target>(
    target: &T,
    sendings: &[Sending<T::Request>],
    start: Instant,
    tally: &Arc<Tally>,
) {
    for sending in sendings {
        std::thread::sleep((start + sending.due).saturating_duration_since(Instant::now()));
        let tally = tally.depart();
        let arrivals = sending.arrivals.clone();
        let due = sending.due;
        let done = Box::new(move |reply| tally.land(start, due, &arrivals, &reply));
        target.send(&sending.request, done);
    }
}

/// What came of the requests so far.
struct Tally {
    counts: Mutex<Counts>,
    landed: Condvar,
}

struct Counts {
    under_way: u64,
    classes: Vec<ClassReport>,
    refused: u64,
    refusal: Option<String>,
    undecided: u64,
    wrong: u64,
    queued: Histogram<u64>,
    computed: Histogram<u64>,
    overhead: Histogram<u64>,
}

impl Tally {
    fn new() -> Self {
        let class = |class| ClassReport {
            class,
            objects: 0,
            latency: histogram(),
            arrived_by_mark: 0,
            decided_by_mark: 0,
        };
        Self {
            counts: Mutex::new(Counts {
                under_way: 0,
                classes: Class::ALL.into_iter().map(class).collect(),
                refused: 0,
                refusal: None,
                undecided: 0,
                wrong: 0,
                queued: histogram(),
                computed: histogram(),
                overhead: histogram(),
            }),
            landed: Condvar::new(),
        }
    }

    fn depart(self: &Arc<Self>) -> Arc<Self> {
        self.counts.lock().under_way += 1;
        Arc::clone(self)
    }

    fn land(&self, start: Instant, due: Duration, arrivals: &[Arrival], reply: &Reply) {
        let now = start.elapsed();
        let mut counts = self.counts.lock();
        counts.under_way -= 1;
        match reply {
            Reply::Answered(answered) => {
                counts.undecided += answered.undecided as u64;
                counts.wrong += answered.wrong as u64;
                counts.split(now.saturating_sub(due), answered);
                // Which of the objects are undecided is not told; then none counts as decided.
                let all_decided = answered.undecided == 0;
                for arrival in arrivals {
                    counts.class(arrival.class).count(arrival, now, all_decided);
                }
            }
            Reply::Refused(reason) => {
                counts.refused += 1;
                counts.refusal.get_or_insert_with(|| reason.clone());
                for arrival in arrivals {
                    counts.class(arrival.class).count(arrival, now, false);
                }
            }
        }
        self.landed.notify_all();
    }

    fn wait(&self, deadline: Instant) {
        let mut counts = self.counts.lock();
        while counts.under_way > 0 {
            if self.landed.wait_until(&mut counts, deadline).timed_out() {
                break;
            }
        }
    }

    fn decided(&self) -> u64 {
        let counts = self.counts.lock();
        counts.classes.iter().map(|class| class.latency.len()).sum()
    }

    fn report(
        &self,
        target: String,
        plan: &ReplayPlan,
        (used, lasted): (CpuTime, Duration),
        energy: Value,
    ) -> ReplayReport {
        let counts = self.counts.lock();
        let cores = |time: Duration| time.as_secs_f64() / lasted.as_secs_f64().max(1e-9);
        ReplayReport {
            target,
            slots: plan.trace.slots().len(),
            gather: plan.gather,
            classes: counts.classes.clone(),
            refused_requests: counts.refused,
            refusal: counts.refusal.clone(),
            undecided_sets: counts.undecided,
            wrong_sets: counts.wrong,
            unanswered_requests: counts.under_way,
            cores_used: cores(used.others),
            generator_cores: cores(used.generator),
            queued: counts.queued.clone(),
            computed: counts.computed.clone(),
            overhead: counts.overhead.clone(),
            energy,
        }
    }
}

impl Counts {
    fn split(&mut self, latency: Duration, answered: &Answered) {
        let micros = |time: Duration| time.as_micros() as u64;
        self.queued.saturating_record(micros(answered.queued));
        self.computed.saturating_record(micros(answered.computed));
        let accounted = answered.queued + answered.computed;
        let rest = latency.saturating_sub(accounted);
        self.overhead.saturating_record(micros(rest));
    }

    fn class(&mut self, class: Class) -> &mut ClassReport {
        self.classes
            .iter_mut()
            .find(|report| report.class == class)
            .expect("every class has a report")
    }
}

impl ClassReport {
    fn count(&mut self, arrival: &Arrival, decided: Duration, is_decided: bool) {
        let mark = self.class.mark();
        self.objects += 1;
        self.arrived_by_mark += u64::from(arrival.at < mark);
        if is_decided {
            self.decided_by_mark += u64::from(decided < mark);
            let latency = decided.saturating_sub(arrival.at).as_micros() as u64;
            self.latency.saturating_record(latency);
        }
    }

    fn to_json(&self) -> Value {
        let share = self.decided_by_mark as f64 / self.arrived_by_mark.max(1) as f64;
        json!({
            "class": self.class.name(),
            "objects": self.objects,
            "decided": self.latency.len(),
            "arrival_to_verdict_us": percentiles(&self.latency),
            "mark_ms": self.class.mark().as_millis() as u64,
            "arrived_by_mark": self.arrived_by_mark,
            "decided_by_mark": self.decided_by_mark,
            "share_decided_of_arrived_by_mark": share,
        })
    }
}

impl ReplayReport {
    pub fn to_json(&self, threads: usize) -> Value {
        let mut all = histogram();
        for class in &self.classes {
            // Both have the same digits and limits.
            let _ = all.add(&class.latency);
        }
        json!({
            "scenario": "mainnet-slot",
            "kind": "replay",
            "target": self.target,
            "threads": threads,
            "slots": self.slots,
            "gather_ms": self.gather.as_secs_f64() * 1e3,
            "arrival_to_verdict_us": percentiles(&all),
            "classes": self.classes.iter().map(ClassReport::to_json).collect::<Vec<_>>(),
            "refused_requests": self.refused_requests,
            "refusal": self.refusal,
            "undecided_sets": self.undecided_sets,
            "wrong_sets": self.wrong_sets,
            "unanswered_requests": self.unanswered_requests,
            "cores_used": self.cores_used,
            "generator_cores": self.generator_cores,
            "target_queued_us": percentiles(&self.queued),
            "target_computed_us": percentiles(&self.computed),
            "overhead_us": percentiles(&self.overhead),
            "energy": self.energy,
            "machine": Machine::here().to_json(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Done;

    fn vote(at: Duration) -> Arrival {
        Arrival {
            at,
            class: Class::Vote,
            sets: 0..1,
        }
    }

    fn answered(undecided: usize) -> Reply {
        Reply::Answered(Answered {
            right: 1,
            undecided,
            ..Answered::default()
        })
    }

    #[test]
    fn latency_counts_from_arrival_and_the_mark_from_the_slots_start() {
        let tally = Arc::new(Tally::new());
        let ms = Duration::from_millis;
        let start = Instant::now()
            .checked_sub(ms(4_500))
            .expect("the clock is older");
        for arrivals in [[vote(ms(3_500))], [vote(ms(4_200))]] {
            tally
                .depart()
                .land(start, ms(3_500), &arrivals, &answered(0));
        }
        let start = Instant::now()
            .checked_sub(ms(2_000))
            .expect("the clock is older");
        tally
            .depart()
            .land(start, ms(1_900), &[vote(ms(1_900))], &answered(0));
        tally
            .depart()
            .land(start, ms(1_900), &[vote(ms(1_900))], &answered(1));
        tally.depart().land(
            start,
            ms(1_900),
            &[vote(ms(1_900))],
            &Reply::Refused("full".into()),
        );
        let counts = tally.counts.lock();
        let votes = &counts.classes[0];
        assert_eq!((votes.objects, votes.latency.len()), (5, 3));
        assert_eq!((votes.arrived_by_mark, votes.decided_by_mark), (4, 1));
        assert_eq!(
            (counts.refused, counts.undecided, counts.under_way),
            (1, 1, 0)
        );
        let latency = |quantile: f64| votes.latency.value_at_quantile(quantile);
        assert!(
            (99_000..150_000).contains(&latency(0.0)),
            "{}",
            latency(0.0)
        );
        assert!(
            (999_000..1_100_000).contains(&latency(1.0)),
            "{}",
            latency(1.0)
        );
    }

    /// Takes what it is asked and answers nothing.
    struct Listener;

    impl Target for Listener {
        type Request = Vec<u32>;

        fn name(&self) -> String {
            "listener".into()
        }

        fn prepare(
            &self,
            _: &Arc<Workload>,
            items: &[u32],
            _: Priority,
        ) -> Result<Vec<u32>, TargetError> {
            Ok(items.to_vec())
        }

        fn send(&self, _: &Vec<u32>, _: Done) {}
    }

    #[test]
    fn everything_is_sent_once_after_it_arrived_and_no_later_than_a_gathering() {
        let workload = Arc::new(Workload::generate("single".parse().expect("a name"), 1));
        let (gather, trace) = (Duration::from_millis(5), Trace::modelled(1, 1));
        let sendings = sendings(&Listener, &workload, gather, &trace.slots()[0]);
        let sendings = sendings.expect("it takes anything");
        let mut items: Vec<u32> = Vec::new();
        for sending in &sendings {
            items.extend(&sending.request);
            for arrival in &sending.arrivals {
                assert!(arrival.at <= sending.due && sending.due <= arrival.at + gather);
            }
        }
        items.sort_unstable();
        let all = 0..crate::workload::slot::SETS as u32;
        assert_eq!(items, all.collect::<Vec<_>>());
        let urgent = |sending: &&Sending<_>| sending.arrivals[0].class == Class::Block;
        let block = sendings.iter().find(urgent).expect("there is a block");
        assert_eq!(block.due, block.arrivals[0].at);
        assert_eq!(block.arrivals.len(), 1);
    }
}
