//! From what a device finds fault with to verdicts. The CPU backend decides each suspect, and a
//! device that suspected good items is found out.

use std::ops::Range;

use rand_chacha::ChaCha20Rng;
use rand_core::RngCore;
use rayon::prelude::*;
use tutti_backend::Batch;
use tutti_curves::{Curve, Pair};
use tutti_types::Verdict;

use crate::run::{Run, Stop, wrong};

/// What a device finds fault with, by the items' places in the batch.
#[derive(Debug, Default)]
pub(crate) struct Suspicion {
    /// Each of these has a bad point.
    pub(crate) items: Vec<usize>,
    /// In each of these groups an equation does not hold.
    pub(crate) groups: Vec<Vec<usize>>,
}

/// VALID for all items but those that are suspected or were never asked: these have the CPU
/// backend's verdicts, whose INVALIDs are the oracle's.
pub(crate) fn verdicts(
    run: &mut Run<'_>,
    batch: &Batch,
    suspicion: &Suspicion,
    left_out: &[usize],
) -> Result<Vec<Verdict>, Stop> {
    let suspects = suspicion.groups.iter().flatten().chain(&suspicion.items);
    let doubtful: Vec<usize> = suspects.chain(left_out).copied().collect();
    let mut verdicts = vec![Verdict::Valid; batch.items()];
    for (&item, verdict) in doubtful.iter().zip(run.second_opinion(batch, &doubtful)?) {
        verdicts[item] = verdict;
    }
    let good = |item: &usize| verdicts[*item] == Verdict::Valid;
    if let Some(item) = suspicion.items.iter().find(|item| good(item)) {
        return Err(wrong(format!("item {item} was called bad and is good")));
    }
    if suspicion.groups.iter().any(|group| group.iter().all(good)) {
        return Err(wrong("good items did not verify".into()));
    }
    Ok(verdicts)
}

/// Of so many items, one is decided again by the oracle, whatever the device says of it.
const SAMPLED_ONE_IN: usize = 1_024;

/// Some of `count` things, at random.
pub(crate) fn samples(count: usize, random: &mut ChaCha20Rng) -> Vec<usize> {
    (0..count.div_ceil(SAMPLED_ONE_IN))
        .map(|_| random.next_u64() as usize % count)
        .collect()
}

/// What the device makes of a batch, whose samples the oracle decides meanwhile.
pub(crate) fn beside_oracle(
    samples: &[usize],
    by_oracle: impl Fn(usize) -> Verdict + Sync,
    by_device: impl FnOnce() -> Result<Vec<Verdict>, Stop>,
) -> Result<Vec<Verdict>, Stop> {
    let (verdicts, sampled) = std::thread::scope(|scope| {
        let one = |&item: &usize| (item, by_oracle(item));
        let sampled = scope.spawn(move || samples.iter().map(one).collect::<Vec<_>>());
        (by_device(), sampled.join())
    });
    let verdicts = verdicts?;
    let sampled = sampled.map_err(|_| Stop::internal("the oracle panicked"))?;
    compare(&verdicts, sampled.into_iter())?;
    Ok(verdicts)
}

/// Whether what was called good is good in the oracle's eyes, where it looked.
fn compare(
    verdicts: &[Verdict],
    by_oracle: impl Iterator<Item = (usize, Verdict)>,
) -> Result<(), Stop> {
    for (item, verdict) in by_oracle {
        if verdicts[item] == Verdict::Valid && verdict != Verdict::Valid {
            return Err(wrong(format!(
                "item {item} was called good and is {verdict:?}"
            )));
        }
    }
    Ok(())
}

/// Those of `count` parts that do not hold, where all of them together do not: parts of parts are
/// asked, as many at once as there are threads.
pub(crate) fn failing(
    count: usize,
    holds: impl Fn(Range<usize>) -> Result<bool, Stop> + Sync,
) -> Result<Vec<usize>, Stop> {
    let fan_out = rayon::current_num_threads().clamp(4, 32);
    let whole = 0..count;
    let mut level = Vec::from([whole]);
    let mut failing = Vec::new();
    while !level.is_empty() {
        let (single, several): (Vec<_>, Vec<_>) =
            level.into_iter().partition(|part| part.len() == 1);
        failing.extend(single.into_iter().map(|part| part.start));
        let pieces: Vec<Range<usize>> = several
            .into_iter()
            .flat_map(|part| {
                let step = part.len().div_ceil(fan_out).max(1);
                let starts = part.clone().step_by(step);
                starts.map(move |start| start..part.end.min(start + step))
            })
            .collect();
        let holding: Vec<bool> = pieces
            .par_iter()
            .map(|piece| holds(piece.clone()))
            .collect::<Result<_, _>>()?;
        let pieces = pieces.into_iter().zip(holding);
        level = pieces
            .filter(|(_, holds)| !holds)
            .map(|(piece, _)| piece)
            .collect();
    }
    failing.sort_unstable();
    Ok(failing)
}

/// Pairs whose Miller loops are done together.
const PAIRS_PER_TASK: usize = 16;

/// The product of the pairs' Miller loops, on all threads.
pub(crate) fn miller<C: Curve>(pairs: &[Pair<C>]) -> C::Gt {
    pairs
        .par_chunks(PAIRS_PER_TASK)
        .map(C::miller)
        .reduce(C::one, |a, b| C::mul(&a, &b))
}

pub(crate) fn product<C: Curve>(values: &[C::Gt]) -> C::Gt {
    values
        .par_iter()
        .copied()
        .reduce(C::one, |a, b| C::mul(&a, &b))
}

#[cfg(test)]
mod tests {
    use rand_core::SeedableRng;
    use tutti_types::{InvalidReason, Part};

    use super::*;

    const BAD: Verdict = Verdict::Invalid(InvalidReason::DoesNotVerify, Part::Signature);

    #[test]
    fn what_a_sample_contradicts_is_no_verdict() {
        let told = [Verdict::Valid, BAD, Verdict::Valid];
        for (at, truth, holds) in [
            (0, Verdict::Valid, true),
            (1, BAD, true),
            (0, BAD, false),
            (2, BAD, false),
        ] {
            let seen = compare(&told, std::iter::once((at, truth)));
            assert_eq!(seen.is_ok(), holds, "{at} {truth:?}");
        }
    }

    #[test]
    fn one_item_in_1024_is_sampled_and_any_may_be() {
        let mut random = ChaCha20Rng::seed_from_u64(5);
        for (count, expected) in [(0, 0), (1, 1), (1_024, 1), (1_025, 2), (65_536, 64)] {
            let drawn = samples(count, &mut random);
            assert_eq!(drawn.len(), expected);
            assert!(drawn.iter().all(|&at| at < count));
        }
        let mut seen = [false; 20];
        for _ in 0..1_000 {
            seen[samples(seen.len(), &mut random)[0]] = true;
        }
        assert_eq!(seen, [true; 20]);
    }

    #[test]
    fn the_parts_that_fail_are_found_and_no_others() {
        for (count, bad) in [
            (1, vec![0]),
            (2, vec![1]),
            (100, vec![0, 37, 38, 99]),
            (5_000, vec![4_321]),
        ] {
            let holds = |part: Range<usize>| Ok(!bad.iter().any(|at| part.contains(at)));
            assert_eq!(failing(count, holds), Ok(bad.clone()));
        }
        // Nothing fails by itself that failed together: an answer that makes no sense names nobody.
        assert_eq!(failing(9, |_| Ok(true)), Ok(Vec::new()));
    }
}
