use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};

use super::Target;
use super::record::{Flights, LoadReport};

/// After the last request, answers are waited for this long.
const PATIENCE: Duration = Duration::from_secs(30);
/// The first request is due this long after the loop was set up.
const SET_UP: Duration = Duration::from_millis(10);

/// When requests of an open loop are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    Constant,
    /// Independent arrivals: exponential gaps.
    Poisson,
}

impl Pace {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Poisson => "poisson",
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub struct OpenLoop {
    /// Requests a second.
    pub rate: f64,
    pub pace: Pace,
    pub warm_up: Duration,
    pub time: Duration,
    /// Beyond this many under way a request that is due is not sent, and counted.
    pub under_way_max: usize,
    pub seed: u64,
}

#[derive(Clone, Copy, Debug)]
pub struct ClosedLoop {
    /// Requests under way at any moment.
    pub concurrency: usize,
    pub warm_up: Duration,
    pub time: Duration,
}

/// Sends the requests in turn at the given rate, whatever becomes of them.
pub fn open_loop<T: Target>(target: &T, requests: &[T::Request], plan: &OpenLoop) -> LoadReport {
    assert!(plan.rate > 0.0, "a rate is above zero");
    let start = Instant::now() + SET_UP;
    let measured = start + plan.warm_up..start + plan.warm_up + plan.time;
    let flights = Arc::new(Flights::new(measured));
    for (nth, due) in due_times(plan).enumerate() {
        let due = start + due;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        if !flights.start(due, plan.under_way_max) {
            continue;
        }
        let landing = Arc::clone(&flights);
        let done = Box::new(move |reply| landing.land(due, reply));
        target.send(&requests[nth % requests.len()], done);
    }
    let loop_name = format!("open {} {:.1}/s", plan.pace.name(), plan.rate);
    flights.finish(target.name(), loop_name, PATIENCE)
}

/// Keeps a number of requests under way: each that ends makes room for the next.
pub fn closed_loop<T: Target>(
    target: &T,
    requests: &[T::Request],
    plan: &ClosedLoop,
) -> LoadReport {
    let start = Instant::now();
    let end = start + plan.warm_up + plan.time;
    let flights = Arc::new(Flights::new(start + plan.warm_up..end));
    let concurrency = plan.concurrency.max(1);
    let (freed, free) = bounded(concurrency);
    for _ in 0..concurrency {
        freed.send(()).expect("the channel has this much room");
    }
    let mut next = requests.iter().cycle();
    while free.recv_deadline(end).is_ok() {
        let due = Instant::now();
        if due >= end {
            break;
        }
        let request = next.next().expect("there is a request");
        flights.start(due, usize::MAX);
        let (landing, freed) = (Arc::clone(&flights), freed.clone());
        let done = Box::new(move |reply| {
            landing.land(due, reply);
            // After the end nobody takes it any more.
            let _ = freed.try_send(());
        });
        target.send(request, done);
    }
    let loop_name = format!("closed {concurrency}");
    flights.finish(target.name(), loop_name, PATIENCE)
}

/// When each request is due, from the start of the loop.
fn due_times(plan: &OpenLoop) -> impl Iterator<Item = Duration> + use<> {
    let OpenLoop { rate, pace, .. } = *plan;
    let end = (plan.warm_up + plan.time).as_secs_f64();
    let mut random = ChaCha20Rng::seed_from_u64(plan.seed);
    let mut at = 0.0;
    (0u64..)
        .map(move |nth| match pace {
            Pace::Constant => nth as f64 / rate,
            Pace::Poisson => {
                let share = (f64::from(random.next_u32()) + 0.5) / 2f64.powi(32);
                at -= share.ln() / rate;
                at
            }
        })
        .take_while(move |&at| at < end)
        .map(Duration::from_secs_f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(pace: Pace) -> OpenLoop {
        OpenLoop {
            rate: 1_000.0,
            pace,
            warm_up: Duration::from_secs(1),
            time: Duration::from_secs(19),
            under_way_max: 1,
            seed: 3,
        }
    }

    #[test]
    fn a_constant_pace_is_exactly_the_rate() {
        let due: Vec<Duration> = due_times(&plan(Pace::Constant)).collect();
        assert_eq!(due.len(), 20_000);
        assert_eq!(due[0], Duration::ZERO);
        assert_eq!(due[1_500], Duration::from_millis(1_500));
    }

    /// Exponential gaps: mean and standard deviation are both the inverse of the rate, and a
    /// share of 1/e is longer than it.
    #[test]
    fn a_poisson_pace_has_exponential_gaps() {
        let due: Vec<f64> = due_times(&plan(Pace::Poisson))
            .map(|at| at.as_secs_f64())
            .collect();
        let gaps: Vec<f64> = due.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>();
        let deviation = (variance / gaps.len() as f64).sqrt();
        let longer = gaps.iter().filter(|gap| **gap > 1e-3).count() as f64 / gaps.len() as f64;
        assert!((mean * 1e3 - 1.0).abs() < 0.03, "mean {mean}");
        assert!(
            (deviation * 1e3 - 1.0).abs() < 0.05,
            "deviation {deviation}"
        );
        assert!((longer - 0.368).abs() < 0.02, "longer {longer}");
    }
}
