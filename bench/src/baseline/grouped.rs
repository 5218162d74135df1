use blst::{BLST_ERROR, Pairing, blst_fp12};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use tutti_curves::bls12_381::{G1, G2};
use tutti_curves::{Group, MinPk};

use super::blst::{Decoded, product_is_one};
use super::{check, fresh_seed};
use crate::subject::{Subject, SubjectFailure};
use crate::threads::{each, shares};
use crate::workload::{Data, POP, Sets, Workload};

const WEIGHT_BITS: u32 = 64;

/// The best that consensus clients do with blst today: every signature is checked to be in its
/// group and weighted by 64 random bits, keys of one message are merged by blst's Pippenger
/// (as `AggregatePublicKey::aggregate_with_randomness` does), and all signatures likewise, so
/// that k messages cost k + 1 Miller loops and one final exponentiation. Where the batch fails,
/// every item by itself.
///
/// Clients merge the signatures message by message; here they are merged all at once, which is
/// cheaper. blst's own multi-scalar calls take all of the machine's threads, so the same
/// routines are called a share to each thread instead, which keeps to the number asked for.
#[derive(Debug)]
pub struct BlstGrouped {
    threads: usize,
}

impl BlstGrouped {
    pub const fn new(threads: usize) -> Self {
        Self { threads }
    }

    pub(crate) fn verdicts(&self, sets: &Sets<MinPk>) -> Vec<bool> {
        let count = sets.items.len();
        let decoded = each(self.threads, count, |at| Decoded::of(sets, at));
        let in_group = each(self.threads, count, |at| {
            decoded[at].signature.validate(true).is_ok()
        });
        if count > 1 && in_group.iter().all(|good| *good) && self.batch(sets, &decoded) {
            return vec![true; count];
        }
        each(self.threads, count, |at| {
            in_group[at] && alone(sets, &decoded[at], at)
        })
    }

    fn batch(&self, sets: &Sets<MinPk>, decoded: &[Decoded]) -> bool {
        let mut random = ChaCha20Rng::from_seed(fresh_seed());
        let weights: Vec<u128> = decoded
            .iter()
            .map(|_| u128::from(random.next_u64() | 1))
            .collect();
        let groups = sets.groups();
        let keys: Vec<_> = decoded.iter().map(|item| item.key.into()).collect();
        let signatures: Vec<_> = decoded.iter().map(|item| item.signature.into()).collect();
        let Some(signature) = G2::to_affine(&self.weighted_sum::<G2>(&signatures, &weights)) else {
            return false;
        };
        let mut signatures_side = blst_fp12::default();
        Pairing::aggregated(&mut signatures_side, &signature);
        let parts = if groups.len() < self.threads {
            // Few messages: the threads share each sum.
            vec![pairing_of(sets, &groups, |group| {
                let (keys, weights) = pick(group, &keys, &weights);
                self.weighted_sum::<G1>(&keys, &weights)
            })]
        } else {
            let runs: Vec<_> = shares(self.threads, groups.len()).collect();
            each(self.threads, runs.len(), |run| {
                pairing_of(sets, &groups[runs[run].clone()], |group| {
                    let (keys, weights) = pick(group, &keys, &weights);
                    weighted_sum::<G1>(&keys, &weights)
                })
            })
        };
        product_is_one(parts, Some(&signatures_side))
    }

    fn weighted_sum<G: Group>(&self, points: &[G::Affine], weights: &[u128]) -> G::Sum {
        let runs: Vec<_> = shares(self.threads, points.len()).collect();
        let parts = each(self.threads, runs.len(), |run| {
            let run = runs[run].clone();
            weighted_sum::<G>(&points[run.clone()], &weights[run])
        });
        parts.iter().fold(G::zero(), |sum, part| G::add(&sum, part))
    }
}

/// The group check stands already.
fn alone(sets: &Sets<MinPk>, item: &Decoded, at: usize) -> bool {
    let message = &sets.messages[sets.items[at].message as usize];
    let result = item
        .signature
        .verify(false, message, POP, &[], &item.key, false);
    result == BLST_ERROR::BLST_SUCCESS
}

/// The keys' side of some messages.
fn pairing_of(
    sets: &Sets<MinPk>,
    groups: &[Vec<usize>],
    key: impl Fn(&[usize]) -> <G1 as Group>::Sum,
) -> Pairing<'static> {
    let mut pairing = Pairing::new(true, POP);
    for group in groups {
        let message = &sets.messages[sets.items[group[0]].message as usize];
        // Weighted keys that cancel out contribute one.
        if let Some(key) = G1::to_affine(&key(group)) {
            pairing.aggregate(&key, false, &(), false, message, &[]);
        }
    }
    pairing.commit();
    pairing
}

/// blst's double-and-add for one point, its Pippenger for more.
fn weighted_sum<G: Group>(points: &[G::Affine], weights: &[u128]) -> G::Sum {
    match points {
        [one] => G::mul(one, weights[0]),
        _ => G::msm(points, weights, WEIGHT_BITS),
    }
}

fn pick<T: Copy>(places: &[usize], points: &[T], weights: &[u128]) -> (Vec<T>, Vec<u128>) {
    places.iter().map(|&at| (points[at], weights[at])).unzip()
}

impl Subject for BlstGrouped {
    fn name(&self) -> String {
        "blst-grouped".into()
    }

    fn run(&mut self, workload: &Workload) -> Result<(), SubjectFailure> {
        match &workload.data {
            Data::MinPk(sets) => check(workload, &self.verdicts(sets)),
            _ => Err(SubjectFailure::NotOffered {
                subject: "blst-grouped",
                scenario: workload.scenario,
            }),
        }
    }
}
