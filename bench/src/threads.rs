use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use parking_lot::Mutex;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// `make` for each place, in order. A thread that is done takes over places of others, so that none
/// waits long for another whose core is disturbed.
pub(crate) fn each<T: Send>(
    threads: usize,
    count: usize,
    make: impl Fn(usize) -> T + Sync + Send,
) -> Vec<T> {
    const PIECES_OF_A_THREAD: usize = 16;
    if threads <= 1 || count <= 1 {
        return (0..count).map(make).collect();
    }
    let piece = count.div_ceil(PIECES_OF_A_THREAD * threads);
    let places = (0..count).into_par_iter().with_max_len(piece);
    pool(threads).install(|| places.map(make).collect())
}

/// So many threads, kept as a service keeps its own: a fresh one may have to wait beside its maker
/// until the scheduler finds it another core.
fn pool(threads: usize) -> Arc<ThreadPool> {
    static POOLS: Mutex<BTreeMap<usize, Arc<ThreadPool>>> = Mutex::new(BTreeMap::new());
    let mut pools = POOLS.lock();
    let pool = pools.entry(threads).or_insert_with(|| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        Arc::new(pool.expect("the system has threads"))
    });
    Arc::clone(pool)
}

/// `run` on all of them at the same time, each on a thread of its own; a single one on this thread.
pub(crate) fn at_once<T: Send, R: Send>(
    all: impl IntoIterator<Item = T>,
    run: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let all: Vec<T> = all.into_iter().collect();
    if all.len() == 1 {
        return all.into_iter().map(run).collect();
    }
    let run = &run;
    std::thread::scope(|scope| {
        let runs = all.into_iter().map(|item| scope.spawn(move || run(item)));
        let runs: Vec<_> = runs.collect();
        runs.into_iter()
            .map(|run| run.join().expect("what is measured does not panic"))
            .collect()
    })
}

/// `0..count` cut into as many runs of like length as there are threads, none of them empty.
pub(crate) fn shares(threads: usize, count: usize) -> impl Iterator<Item = Range<usize>> {
    let share = count.div_ceil(threads.max(1)).max(1);
    (0..count)
        .step_by(share)
        .map(move |first| first..(first + share).min(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_made_once_and_in_order() {
        for threads in [1, 2, 3, 8] {
            for count in [0, 1, 2, 7, 16] {
                assert_eq!(
                    each(threads, count, |at| at),
                    (0..count).collect::<Vec<_>>()
                );
                assert!(shares(threads, count).count() <= threads);
                assert_eq!(
                    at_once(0..count, |at| at + threads),
                    (threads..threads + count).collect::<Vec<_>>()
                );
            }
        }
    }
}
