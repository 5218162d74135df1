use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};

/// Enough for the second digit of an interval's ends.
const RESAMPLES: usize = 2_000;
/// A sample is drawn in about this many runs of neighbours.
const BLOCKS: usize = 12;

/// A median with what it may be by chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    pub median: f64,
    pub quartiles: [f64; 2],
    /// The 95 % bootstrap interval of the median: what another run on this machine may give, not
    /// what another machine would.
    pub interval: [f64; 2],
}

/// `None` of no values.
pub(crate) fn estimate(values: &[f64]) -> Option<Estimate> {
    if values.is_empty() {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut medians = resampled_medians(values, 0);
    medians.sort_unstable_by(f64::total_cmp);
    Some(Estimate {
        median: quantile(&sorted, 0.5),
        quartiles: [quantile(&sorted, 0.25), quantile(&sorted, 0.75)],
        interval: [quantile(&medians, 0.025), quantile(&medians, 0.975)],
    })
}

/// Medians of samples drawn from the values with replacement; the same seed gives the same.
///
/// Drawn in runs of neighbours: what slows a machine down lasts for many rounds, and rounds drawn
/// one by one would make it look like as many independent observations.
pub(crate) fn resampled_medians(values: &[f64], seed: u64) -> Vec<f64> {
    let mut random = ChaCha20Rng::seed_from_u64(seed);
    let mut sample = vec![0.0; values.len()];
    let block = (values.len() / BLOCKS).max(1);
    (0..RESAMPLES)
        .map(|_| {
            for places in sample.chunks_mut(block) {
                let first = below(&mut random, values.len());
                for (nth, place) in places.iter_mut().enumerate() {
                    *place = values[(first + nth) % values.len()];
                }
            }
            sample.sort_unstable_by(f64::total_cmp);
            quantile(&sample, 0.5)
        })
        .collect()
}

/// Between the two neighbours where the place is not whole.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = (sorted.len() - 1) as f64 * share;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    sorted[below] + (sorted[above] - sorted[below]) * place.fract()
}

fn below(random: &mut ChaCha20Rng, end: usize) -> usize {
    ((u64::from(random.next_u32()) * end as u64) >> 32) as usize
}

/// Round by round, so that what slowed both down in a round cancels out.
pub(crate) fn round_ratios(above: &[Duration], below: &[Duration]) -> Vec<f64> {
    above
        .iter()
        .zip(below)
        .map(|(a, b)| a.as_secs_f64() / b.as_secs_f64())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_leave_no_doubt() {
        let certain = Estimate {
            median: 3.0,
            quartiles: [3.0; 2],
            interval: [3.0; 2],
        };
        assert_eq!(estimate(&[3.0; 9]), Some(certain));
    }

    #[test]
    fn of_nothing_there_is_no_estimate() {
        assert_eq!(estimate(&[]), None);
    }

    /// Of 200 samples of 25 uniform values, the interval must hold the true median about 190
    /// times. 178 is four standard deviations below.
    #[test]
    fn the_interval_holds_the_true_median_as_often_as_it_says() {
        let mut random = ChaCha20Rng::seed_from_u64(1);
        let held = (0..200)
            .filter(|_| {
                let values: Vec<f64> = (0..25)
                    .map(|_| f64::from(random.next_u32()) / 2f64.powi(32))
                    .collect();
                let [low, high] = estimate(&values).expect("there are values").interval;
                (low..=high).contains(&0.5)
            })
            .count();
        assert!((178..=200).contains(&held), "{held} of 200");
    }

    /// A machine that changes its pace every 25 of 300 rounds by more than rounds differ: what
    /// another run gives, the interval must mostly hold. Rounds drawn one by one would make it
    /// hold less than half of them.
    #[test]
    fn what_lasts_for_many_rounds_is_not_taken_for_many_observations() {
        let mut random = ChaCha20Rng::seed_from_u64(2);
        let mut uniform = || f64::from(random.next_u32()) / 2f64.powi(32);
        let mut run = || -> Vec<f64> {
            let paces: Vec<f64> = (0..12).map(|_| uniform()).collect();
            let rounds = paces.iter().flat_map(|pace| std::iter::repeat_n(pace, 25));
            rounds.map(|pace| pace + uniform() / 10.0).collect()
        };
        let held = (0..100)
            .filter(|_| {
                let [low, high] = estimate(&run()).expect("there are values").interval;
                // The median of all that such a machine does.
                (low..=high).contains(&0.55)
            })
            .count();
        assert!(held >= 70, "{held} of 100");
    }

    #[test]
    fn a_round_that_slowed_both_changes_no_ratio() {
        let ms = Duration::from_millis;
        let ratios = round_ratios(&[ms(20), ms(200)], &[ms(10), ms(100)]);
        assert_eq!(ratios, [2.0, 2.0]);
    }
}
