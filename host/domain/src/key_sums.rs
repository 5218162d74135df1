use tutti_curves::{Group, Member as InSubgroup};

/// Members whose keys are added up beforehand, every choice of them: 1.4 KB of G2 a member.
const BLOCK: usize = 6;

/// Sets up to this size have such blocks, 1.5 MB of them at most. `EigenLayer` admits 200 operators
/// to a quorum.
const BLOCKS_MAX: usize = 1_024;

/// A set's keys, ready to be added up while judging. In a block of neighbours the sum of every
/// choice of them is kept, so that many keys cost few additions.
#[derive(Debug)]
pub struct KeySums<G: Group> {
    block: usize,
    /// For each block the sums of its choices in ascending order of their bits, none left out but
    /// the empty one. `None` is infinity: some keys are others' negatives.
    choices: Vec<Option<G::Affine>>,
    /// The aggregates' keys; empty where the set is too large for them.
    aggregates: Vec<G::Affine>,
}

impl<G: Group> KeySums<G> {
    pub(crate) fn new(keys: &[InSubgroup<G>], aggregates: Vec<G::Affine>) -> Self {
        let block = if keys.len() <= BLOCKS_MAX { BLOCK } else { 1 };
        let sums: Vec<G::Sum> = keys.chunks(block).flat_map(choices::<G>).collect();
        Self {
            block,
            choices: G::normalise(&sums),
            aggregates,
        }
    }

    /// The keys of those present, each as often as it is said for it; which must be the same as
    /// `aggregates` without the keys of those absent. The shorter of the two sums is made.
    pub(crate) fn sum(&self, aggregates: &[usize], present: &[u32], absent: &[u32]) -> G::Sum {
        let whole = aggregates.iter().map(|&at| self.aggregates.get(at));
        let whole: Option<Vec<&G::Affine>> = whole.collect();
        match whole {
            Some(whole) if whole.len() + self.additions(absent) < self.additions(present) => whole
                .into_iter()
                .fold(G::negate_sum(&self.multiples(absent)), |sum, key| {
                    G::add_affine(&sum, key)
                }),
            _ => self.multiples(present),
        }
    }

    fn additions(&self, times: &[u32]) -> usize {
        let blocks = times.chunks(self.block);
        blocks.map(|block| layers(block).count()).sum()
    }

    /// The sum of each member's key as many times as is said for it.
    pub(crate) fn multiples(&self, times: &[u32]) -> G::Sum {
        let most = times.iter().copied().max().unwrap_or(0);
        let mut by_times = vec![G::zero(); most as usize + 1];
        let choices_of_block = (1 << self.block) - 1;
        for (nth, block) in times.chunks(self.block).enumerate() {
            for layer in layers(block) {
                let choice = nth * choices_of_block + layer.choice - 1;
                if let Some(sum) = &self.choices[choice] {
                    let all = &mut by_times[layer.times as usize];
                    *all = G::add_affine(all, sum);
                }
            }
        }
        weighted::<G>(&by_times)
    }
}

/// The sum of every choice of a few keys but the empty one; bit n of a choice is key n.
fn choices<G: Group>(keys: &[InSubgroup<G>]) -> impl Iterator<Item = G::Sum> + use<G> {
    let mut sums = vec![G::zero()];
    for key in keys {
        for at in 0..sums.len() {
            sums.push(G::add_affine(&sums[at], key.point()));
        }
    }
    sums.into_iter().skip(1)
}

/// A choice of a block's members, to be added so many times.
struct Layer {
    times: u32,
    choice: usize,
}

/// A block's multiplicities as choices: all who are there at all, as often as the rarest of them;
/// of these all who are there more often; and so on.
fn layers(block: &[u32]) -> impl Iterator<Item = Layer> {
    let mut counted = 0;
    std::iter::from_fn(move || {
        let more = block.iter().filter(|&&times| times > counted);
        let next = *more.min()?;
        let choice = block.iter().rev().fold(0, |choice, &times| {
            choice << 1 | usize::from(times > counted)
        });
        let times = next - counted;
        counted = next;
        Some(Layer { times, choice })
    })
}

/// The sum of `sums[n]` taken n times.
pub(crate) fn weighted<G: Group>(sums: &[G::Sum]) -> G::Sum {
    let bits = usize::BITS - sums.len().leading_zeros();
    (0..bits).rev().fold(G::zero(), |total, bit| {
        let with_bit = sums.iter().enumerate().filter(|(n, _)| n >> bit & 1 == 1);
        with_bit.fold(G::add(&total, &total), |total, (_, sum)| {
            G::add(&total, sum)
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tutti_curves::{bls12_381, bn254};

    use super::*;

    /// Keys whose secrets are known; a negative one is the negative of its key.
    fn keys<G: Group>(secrets: &[i64]) -> Vec<InSubgroup<G>> {
        let key = |&secret: &i64| {
            let sum = G::mul(&G::generator(), secret.unsigned_abs().into());
            let key = G::to_affine(&sum).expect("not zero");
            InSubgroup::shown(if secret < 0 { G::negate(&key) } else { key })
        };
        secrets.iter().map(key).collect()
    }

    /// One by one, by the definition.
    fn plain<G: Group>(keys: &[InSubgroup<G>], times: &[u32]) -> Option<G::Affine> {
        let each = keys.iter().zip(times);
        let summands: Vec<_> = each
            .flat_map(|(key, &times)| std::iter::repeat_n(key.point(), times as usize))
            .collect();
        G::to_affine(&G::sum(&summands))
    }

    /// All keys as often as `times` says are two aggregates; those `away` stay away.
    fn agrees<G: Group>(keys: &[InSubgroup<G>], times: &[u32], away: &[bool]) {
        let split = |keep: bool| -> Vec<u32> {
            let each = times.iter().zip(away);
            each.map(|(&times, &away)| if away == keep { times } else { 0 })
                .collect()
        };
        let (present, absent) = (split(false), split(true));
        let expected = plain(keys, &present);
        let first: Vec<u32> = times.iter().map(|times| times / 2).collect();
        let second: Vec<u32> = times.iter().map(|times| times - times / 2).collect();
        let aggregates = [first, second].map(|times| plain(keys, &times));
        let both: Option<Vec<_>> = aggregates.into_iter().collect();
        for aggregates in [Some(Vec::new()), both].into_iter().flatten() {
            let sums = KeySums::new(keys, aggregates);
            let sum = G::to_affine(&sums.sum(&[0, 1], &present, &absent));
            assert_eq!(sum, expected);
            assert_eq!(G::to_affine(&sums.multiples(times)), plain(keys, times));
        }
    }

    /// Sizes at the borders of blocks, and sets past those that have blocks.
    const SIZES: [usize; 8] = [
        1,
        BLOCK - 1,
        BLOCK,
        BLOCK + 1,
        2 * BLOCK,
        2 * BLOCK + 3,
        5 * BLOCK + 1,
        BLOCKS_MAX + 1,
    ];

    fn secrets(size: usize) -> Vec<i64> {
        let mixed = |n: usize| (n as i64 + 1) * 0x0123_4567 % 0x7fff_ffff;
        (0..size).map(mixed).collect()
    }

    #[test]
    fn all_some_and_none_are_present_in_sets_around_the_borders_of_blocks() {
        for size in SIZES {
            let keys = keys::<bn254::G2>(&secrets(size));
            for times in [vec![0; size], vec![1; size], vec![2; size], vec![7; size]] {
                for stays in [0, 1, 3, 7] {
                    let away: Vec<bool> = (0..size).map(|n| n % 8 < stays).collect();
                    agrees(&keys, &times, &away);
                }
                agrees(&keys, &times, &vec![true; size]);
            }
            let nobody = KeySums::new(&keys, Vec::new()).sum(&[], &vec![0; size], &[]);
            assert!(bn254::G2::is_zero(&nobody));
        }
    }

    #[test]
    fn keys_that_cancel_are_infinity_in_one_block_and_across_blocks() {
        let near = [5, -5, 7, 11];
        let far = [5, 1, 2, 3, 4, 6, 8, -5, 1, 1];
        let both = [9, -9, 9, -9, 9, -9, 9, -9];
        for secrets in [&near[..], &far, &both] {
            let keys = keys::<bn254::G2>(secrets);
            for bits in 0..1usize << secrets.len() {
                let one = |n: usize| bits >> n & 1;
                let away: Vec<bool> = (0..secrets.len()).map(|n| one(n) == 1).collect();
                let expected: i64 = secrets
                    .iter()
                    .zip(&away)
                    .map(|(secret, &away)| if away { 0 } else { *secret })
                    .sum();
                let present: Vec<u32> = away.iter().map(|&away| u32::from(!away)).collect();
                let sum = KeySums::new(&keys, Vec::new()).multiples(&present);
                assert_eq!(bn254::G2::is_zero(&sum), expected == 0, "{away:?}");
            }
        }
        agrees(&keys::<bn254::G2>(&near), &[3, 2, 1, 1], &[false; 4]);
        agrees(
            &keys::<bn254::G2>(&near),
            &[2, 2, 1, 1],
            &[false, false, true, true],
        );
    }

    #[test]
    fn the_shorter_of_the_two_sums_is_made() {
        let size = 4 * BLOCK;
        let keys = keys::<bn254::G2>(&secrets(size));
        // An aggregate that is not the members' shows where it was taken.
        let sums = KeySums::new(&keys, vec![bn254::G2::generator()]);
        for (away, taken) in [(0, true), (1, true), (BLOCK, true), (BLOCK + 1, false)] {
            let times = |there: fn(usize, usize) -> bool| -> Vec<u32> {
                (0..size).map(|n| u32::from(there(n, away))).collect()
            };
            let (present, absent) = (times(|n, away| n >= away), times(|n, away| n < away));
            let sum = bn254::G2::to_affine(&sums.sum(&[0], &present, &absent));
            assert_eq!(sum != plain(&keys, &present), taken, "{away} away");
        }
        let uneven = [3, 1, 0, 3, 7, 1, 2, 2, 2, 2, 2, 2];
        assert_eq!(sums.additions(&uneven), 3 + 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn multiples_of_many_keys_are_those_of_each(
            drawn in prop::collection::vec((-6i64..=6, 0u32..=9, any::<bool>()), 1..40),
        ) {
            let secrets: Vec<i64> = drawn.iter().map(|d| if d.0 == 0 { 77 } else { d.0 }).collect();
            let times: Vec<u32> = drawn.iter().map(|d| d.1).collect();
            let away: Vec<bool> = drawn.iter().map(|d| d.2).collect();
            agrees(&keys::<bn254::G2>(&secrets), &times, &away);
            agrees(&keys::<bn254::G1>(&secrets), &times, &away);
            agrees(&keys::<bls12_381::G1>(&secrets), &times, &away);
        }
    }
}
