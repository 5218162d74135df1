use ark_bn254::{Bn254 as ArkCurve, Fq12, G1Affine, G2Affine};
use ark_ec::pairing::{MillerLoopOutput, Pairing};
use ark_ff::One;
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use tutti_curves::bn254::{Bn254, G1, G2};
use tutti_curves::{Bn254Sig, Group, Hashing, PointHash};
use tutti_types::Encoding;

use super::{check, check_each_product, fresh_seed, hash_each};
use crate::subject::{Subject, SubjectFailure};
use crate::threads::{each, shares};
use crate::workload::quorums::{Twins, settle_singly};
use crate::workload::{Data, Sets, Workload};

const WEIGHT_BITS: u32 = 64;

/// arkworks 0.5 with its assembly, batched as well as its public calls allow: 64-bit weights,
/// one multi-scalar multiplication for the signatures, one multi-Miller loop and one final
/// exponentiation. The weight of a message with one signer goes on the message's point in G1,
/// which is cheaper than on the key in G2; keys of one message are merged by a multi-scalar
/// multiplication in G2. Where the batch fails, every item by itself. (Its users verify every
/// signature by itself today; this is more than they have.)
///
/// Certificates it checks singly, as the contract does: their aggregate key tied by gamma.
#[derive(Debug)]
pub struct ArkBn254 {
    threads: usize,
}

impl ArkBn254 {
    pub const fn new(threads: usize) -> Self {
        Self { threads }
    }

    fn verdicts(&self, sets: &Sets<Bn254Sig>) -> Vec<bool> {
        let count = sets.items.len();
        let signatures: Vec<G1Affine> = each(self.threads, count, |at| {
            G1::parse(Encoding::Eip197, &sets.signatures[at])
                .and_then(|wire| wire.finite())
                .expect("generated signatures are points")
        });
        let keys: Vec<G2Affine> = each(self.threads, count, |at| sum_of_keys(sets, at));
        if count > 1 && self.batch(sets, &keys, &signatures) {
            return vec![true; count];
        }
        each(self.threads, count, |at| {
            let message = &sets.messages[sets.items[at].message as usize];
            let points = [-signatures[at], hash(message)];
            is_one(&ArkCurve::multi_miller_loop(points, [G2::generator(), keys[at]]).0)
        })
    }

    fn batch(&self, sets: &Sets<Bn254Sig>, keys: &[G2Affine], signatures: &[G1Affine]) -> bool {
        let mut random = ChaCha20Rng::from_seed(fresh_seed());
        let weights: Vec<u128> = keys
            .iter()
            .map(|_| u128::from(random.next_u64() | 1))
            .collect();
        let groups = sets.groups();
        let sums: Vec<_> = shares(self.threads, signatures.len()).collect();
        let signature = each(self.threads, sums.len(), |run| {
            let run = sums[run].clone();
            G1::msm(&signatures[run.clone()], &weights[run], WEIGHT_BITS)
        })
        .iter()
        .fold(G1::zero(), |sum, part| sum + part);
        let Some(signature) = G1::to_affine(&signature) else {
            return false;
        };
        let runs: Vec<_> = shares(self.threads, groups.len()).collect();
        let parts = each(self.threads, runs.len(), |run| {
            message_side(sets, &groups[runs[run].clone()], keys, &weights)
        });
        let whole = ArkCurve::miller_loop(-signature, G2::generator()).0;
        is_one(&parts.iter().fold(whole, |product, part| product * part))
    }
}

/// The Miller loops of some messages.
fn message_side(
    sets: &Sets<Bn254Sig>,
    groups: &[Vec<usize>],
    keys: &[G2Affine],
    weights: &[u128],
) -> Fq12 {
    let (points, merged): (Vec<G1Affine>, Vec<G2Affine>) = groups
        .iter()
        .filter_map(|group| {
            let point = hash(&sets.messages[sets.items[group[0]].message as usize]);
            if let [one] = group[..] {
                return Some((G1::to_affine(&G1::mul(&point, weights[one]))?, keys[one]));
            }
            let (keys, weights): (Vec<G2Affine>, Vec<u128>) =
                group.iter().map(|&at| (keys[at], weights[at])).unzip();
            Some((
                point,
                G2::to_affine(&G2::msm(&keys, &weights, WEIGHT_BITS))?,
            ))
        })
        .unzip();
    ArkCurve::multi_miller_loop(points, merged).0
}

fn sum_of_keys(sets: &Sets<Bn254Sig>, at: usize) -> G2Affine {
    let keys = sets.key_set.keys();
    let signers: Vec<_> = sets.items[at]
        .signers
        .iter()
        .map(|&signer| &keys[signer as usize])
        .collect();
    match signers[..] {
        [one] => *one,
        _ => G2::to_affine(&G2::sum(&signers)).unwrap_or_default(),
    }
}

fn hash(message: &[u8; 32]) -> G1Affine {
    G1::hash(Hashing::TryAndIncrement, message, &[]).expect("32 bytes have a point")
}

fn is_one(miller: &Fq12) -> bool {
    ArkCurve::final_exponentiation(MillerLoopOutput(*miller)).is_some_and(|out| out.0.is_one())
}

impl Subject for ArkBn254 {
    fn name(&self) -> String {
        "ark-bn254".into()
    }

    fn run(&mut self, workload: &Workload) -> Result<(), SubjectFailure> {
        match &workload.data {
            Data::Bn254(sets) => check(workload, &self.verdicts(sets)),
            Data::Hash(messages) if !workload.is_bls12381() => {
                hash_each::<Bn254Sig>(self.threads, messages, Encoding::Eip197);
                Ok(())
            }
            Data::Quorums(quorums) => {
                let claims = quorums.claims(Twins::Unknown, self.threads);
                check(workload, &settle_singly(&claims, self.threads))
            }
            Data::ProductsBn254(products) => {
                let good = check_each_product::<Bn254>(self.threads, products, Encoding::Eip197);
                check(workload, &good)
            }
            _ => Err(SubjectFailure::NotOffered {
                subject: "ark-bn254",
                scenario: workload.scenario,
            }),
        }
    }
}
