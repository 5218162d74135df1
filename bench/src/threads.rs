/// `make` for each place in order, the places shared evenly among the threads.
pub(crate) fn each<T: Send>(
    threads: usize,
    count: usize,
    make: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    if threads <= 1 || count <= 1 {
        return (0..count).map(make).collect();
    }
    let make = &make;
    std::thread::scope(|scope| {
        let parts: Vec<_> = shares(threads, count)
            .map(|share| scope.spawn(move || share.map(make).collect::<Vec<T>>()))
            .collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().expect("what is measured does not panic"))
            .collect()
    })
}

/// `0..count` cut into as many runs of like length as there are threads, none of them empty.
pub(crate) fn shares(threads: usize, count: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
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
