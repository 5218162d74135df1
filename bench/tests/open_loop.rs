//! The generator measures targets of known delay as what they are. Delays are long and bounds
//! wide against the noise of a busy machine; what a wrong generator would say is far outside.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tutti_bench::Workload;
use tutti_bench::load::{
    Answered, ClosedLoop, Done, Limit, OpenLoop, Pace, Reply, Target, TargetError, closed_loop,
    highest_rate, open_loop,
};
use tutti_types::Priority;

const DELAY: Duration = Duration::from_millis(20);
const SLACK: Duration = Duration::from_millis(15);

/// Answers each request with one right item, in its own way.
struct Stub<F: Fn(Done) + Send + Sync>(F);

impl<F: Fn(Done) + Send + Sync> Target for Stub<F> {
    type Request = ();

    fn name(&self) -> String {
        "stub".into()
    }

    fn prepare(&self, _: &Arc<Workload>, _: &[u32], _: Priority) -> Result<(), TargetError> {
        Ok(())
    }

    fn send(&self, (): &(), done: Done) {
        (self.0)(done);
    }
}

fn one_right() -> Reply {
    Reply::Answered(Answered {
        right: 1,
        ..Answered::default()
    })
}

/// One server that works on a request for a time, the others waiting their turn. The n-th
/// request takes what `service` says.
fn single_server(
    service: impl Fn(usize) -> Duration + Send + 'static,
) -> Stub<impl Fn(Done) + Send + Sync> {
    let (sender, receiver) = crossbeam_channel::unbounded::<(Instant, Done)>();
    thread::spawn(move || {
        let mut free_at = Instant::now();
        for (nth, (sent, done)) in receiver.iter().enumerate() {
            // By the clock, so that a late wake-up delays nobody behind.
            free_at = free_at.max(sent) + service(nth);
            thread::sleep(free_at.saturating_duration_since(Instant::now()));
            done(one_right());
        }
    });
    Stub(move |done| {
        let sent = (Instant::now(), done);
        sender.send(sent).expect("the server lives");
    })
}

fn open(rate: f64, time: Duration) -> OpenLoop {
    OpenLoop {
        rate,
        pace: Pace::Constant,
        warm_up: Duration::from_millis(100),
        time,
        under_way_max: 10_000,
        seed: 1,
    }
}

fn latency(report: &tutti_bench::load::LoadReport, quantile: f64) -> Duration {
    Duration::from_micros(report.latency.value_at_quantile(quantile))
}

#[test]
fn below_its_capacity_a_server_answers_after_its_delay() {
    let target = single_server(|_| DELAY);
    let report = open_loop(&target, &[()], &open(25.0, Duration::from_secs(2)));
    assert!(report.shortfall.is_none(), "{:?}", report.shortfall);
    assert_eq!(report.answered, 50);
    let p50 = latency(&report, 0.5);
    assert!(p50 >= DELAY && p50 < DELAY + SLACK, "{p50:?}");
    assert!(
        (report.items_per_s - 25.0).abs() <= 1.5,
        "{}",
        report.items_per_s
    );
}

/// A stall of one second, with requests due every 10 ms: a generator that waits for the answer
/// before it sends on (coordinated omission) would report one slow request of 300; in truth a
/// hundred were due during the stall and waited for its end, half of them for over 500 ms.
#[test]
fn a_stall_is_charged_to_all_that_were_due_meanwhile() {
    let stall = Duration::from_secs(1);
    let target = single_server(move |nth| if nth == 100 { stall } else { Duration::ZERO });
    let report = open_loop(&target, &[()], &open(100.0, Duration::from_secs(3)));
    assert_eq!(report.answered, 300);
    let over = |limit: Duration| {
        let whole = report.latency.len();
        whole - report.latency.count_between(0, limit.as_micros() as u64)
    };
    let half = over(Duration::from_millis(500));
    assert!((44..=56).contains(&half), "{half} waited over 500 ms");
    let most = over(Duration::from_millis(900));
    assert!((6..=16).contains(&most), "{most} waited over 900 ms");
}

/// At twice the server's rate the queue grows by one with every second request: the last of n
/// waits for about n/2 services.
#[test]
fn above_its_capacity_the_wait_grows_to_what_arithmetic_says() {
    let target = single_server(|_| DELAY);
    let report = open_loop(&target, &[()], &open(100.0, Duration::from_secs(1)));
    let longest = Duration::from_micros(report.latency.max());
    // 110 requests with the warm-up's: 110 * 20 ms of work, the last due after 1.09 s.
    let expected = Duration::from_millis(110 * 20 - 1_090);
    assert!(longest.abs_diff(expected) < SLACK * 4, "{longest:?}");
    assert!(
        (report.items_per_s - 50.0).abs() <= 4.0,
        "{}",
        report.items_per_s
    );
}

#[test]
fn what_is_refused_unsent_or_lost_is_counted() {
    let nth = AtomicUsize::new(0);
    let target = Stub(
        move |done: Done| match nth.fetch_add(1, Ordering::Relaxed) % 2 {
            0 => done(one_right()),
            _ => done(Reply::Refused("full".into())),
        },
    );
    let report = open_loop(&target, &[()], &open(200.0, Duration::from_millis(500)));
    assert_eq!((report.answered, report.shortfall.refused), (50, 50));
    assert_eq!(report.refusal.as_deref(), Some("full"));

    let target = single_server(|_| Duration::from_secs(1));
    let plan = OpenLoop {
        under_way_max: 1,
        ..open(20.0, Duration::from_millis(500))
    };
    let report = open_loop(&target, &[()], &plan);
    // The warm-up's first request is under way the whole time.
    assert_eq!((report.answered, report.shortfall.unsent), (0, 10));
}

#[test]
fn a_closed_loop_has_as_many_under_way_as_it_says() {
    let (under_way, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let target = Stub(move |done: Done| {
        let now = under_way.fetch_add(1, Ordering::SeqCst) + 1;
        seen.fetch_max(now, Ordering::SeqCst);
        let under_way = Arc::clone(&under_way);
        thread::spawn(move || {
            thread::sleep(DELAY);
            under_way.fetch_sub(1, Ordering::SeqCst);
            done(one_right());
        });
    });
    let plan = ClosedLoop {
        concurrency: 4,
        warm_up: Duration::from_millis(100),
        time: Duration::from_secs(2),
    };
    let report = closed_loop(&target, &[()], &plan);
    assert_eq!(most.load(Ordering::SeqCst), 4);
    // Little's law: four under way, each for the delay.
    let by_delay = 4.0 / DELAY.as_secs_f64();
    assert!(report.items_per_s > by_delay * 0.6 && report.items_per_s <= by_delay * 1.02);
    assert!(latency(&report, 0.5) < DELAY + SLACK);
}

#[test]
fn the_search_finds_a_servers_capacity() {
    let target = single_server(|_| DELAY);
    let limit = Limit {
        quantile: 0.99,
        latency: Duration::from_millis(120),
    };
    let found = highest_rate(10.0, &limit, |rate| {
        open_loop(&target, &[()], &open(rate, Duration::from_secs(1)))
    });
    // 50 a second are served; over one second a little more passes within the limit.
    let rate = found.rate.expect("10 a second are few");
    assert!((45.0..=62.0).contains(&rate), "{rate}");
    assert!(found.trials.iter().any(|trial| !trial.held));
}

#[test]
fn the_search_says_when_nothing_holds() {
    let target = single_server(|_| DELAY);
    let limit = Limit {
        quantile: 0.5,
        latency: Duration::from_millis(1),
    };
    let found = highest_rate(10.0, &limit, |rate| {
        open_loop(&target, &[()], &open(rate, Duration::from_millis(500)))
    });
    assert_eq!(found.rate, None);
}
