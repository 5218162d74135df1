use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// `make` for each place, in order. A thread that is done takes the next places, so that none waits
/// long for another whose core is disturbed.
pub(crate) fn each<T: Send>(
    threads: usize,
    count: usize,
    make: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    const PIECES_OF_A_THREAD: usize = 8;
    if threads <= 1 || count <= 1 {
        return (0..count).map(make).collect();
    }
    let pieces: Vec<Range<usize>> = shares(PIECES_OF_A_THREAD * threads, count).collect();
    let (next, make) = (AtomicUsize::new(0), &make);
    let some = || {
        let mut made = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = pieces.get(at) else {
                return made;
            };
            made.push((at, piece.clone().map(make).collect::<Vec<T>>()));
        }
    };
    let mut made: Vec<(usize, Vec<T>)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(some)).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("what is measured does not panic"))
            .collect()
    });
    made.sort_unstable_by_key(|(at, _)| *at);
    made.into_iter().flat_map(|(_, piece)| piece).collect()
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
            }
        }
    }
}
