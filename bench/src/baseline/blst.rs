use std::sync::atomic::{AtomicUsize, Ordering};

use blst::min_pk::{AggregatePublicKey, PublicKey, Signature};
use blst::{BLST_ERROR, Pairing};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use tutti_curves::MinPk;
use tutti_curves::bls12_381::Bls12381;
use tutti_domain::OneByOne;
use tutti_types::Encoding;

use super::{check, check_each_product, fresh_seed, hash_each};
use crate::subject::{Subject, SubjectFailure};
use crate::threads::each;
use crate::workload::quorums::settle_singly;
use crate::workload::{Data, POP, Sets, Workload};

/// The loop of blst's `verify_multiple_aggregate_signatures` over a given number of threads:
/// `Pairing::mul_n_aggregate` with 64-bit coefficients and group checks, then merge, commit and
/// `finalverify`. Where the batch fails, every item by itself, which is what its users do.
/// Signatures come compressed and are decompressed here; keys are validated beforehand. Updates
/// of light clients it checks one by one, keys included, as light clients do.
#[derive(Debug)]
pub struct Blst {
    threads: usize,
}

impl Blst {
    pub const fn new(threads: usize) -> Self {
        Self { threads }
    }

    fn verdicts(&self, sets: &Sets<MinPk>) -> Vec<bool> {
        let count = sets.items.len();
        let decoded = each(self.threads, count, |at| Decoded::of(sets, at));
        if count > 1 && self.batch(sets, &decoded) {
            return vec![true; count];
        }
        each(self.threads, count, |at| decoded[at].verify(sets, at))
    }

    fn batch(&self, sets: &Sets<MinPk>, decoded: &[Decoded]) -> bool {
        let seed = fresh_seed();
        let next = AtomicUsize::new(0);
        let parts = each(self.threads, self.threads.max(1), |thread| {
            let mut random = ChaCha20Rng::from_seed(seed);
            random.set_stream(thread as u64);
            aggregate_share(sets, decoded, &next, &mut random)
        });
        parts
            .into_iter()
            .collect::<Option<Vec<Pairing<'static>>>>()
            .is_some_and(|parts| product_is_one(parts, None))
    }
}

/// An item's signature and the sum of its keys, as blst has them.
pub(super) struct Decoded {
    pub(super) key: PublicKey,
    pub(super) signature: Signature,
}

impl Decoded {
    pub(super) fn of(sets: &Sets<MinPk>, at: usize) -> Self {
        let keys = sets.key_set.keys();
        let signers = &sets.items[at].signers;
        let key = |&signer: &u32| PublicKey::from(keys[signer as usize]);
        let key = if let [one] = signers[..] {
            key(&one)
        } else {
            let all: Vec<PublicKey> = signers.iter().map(key).collect();
            let all: Vec<&PublicKey> = all.iter().collect();
            AggregatePublicKey::aggregate(&all, false)
                .expect("every item has a signer")
                .to_public_key()
        };
        let signature = Signature::from_bytes(&sets.signatures[at]).expect("generated signatures");
        Self { key, signature }
    }

    /// By itself, group check included.
    pub(super) fn verify(&self, sets: &Sets<MinPk>, at: usize) -> bool {
        let message = &sets.messages[sets.items[at].message as usize];
        let result = self
            .signature
            .verify(true, message, POP, &[], &self.key, false);
        result == BLST_ERROR::BLST_SUCCESS
    }
}

/// `None` where a signature is not in its group.
fn aggregate_share(
    sets: &Sets<MinPk>,
    decoded: &[Decoded],
    next: &AtomicUsize,
    random: &mut ChaCha20Rng,
) -> Option<Pairing<'static>> {
    let mut pairing = Pairing::new(true, POP);
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        if at >= decoded.len() {
            break;
        }
        let weight = (random.next_u64() | 1).to_le_bytes();
        let message = &sets.messages[sets.items[at].message as usize];
        let key: &blst::blst_p1_affine = (&decoded[at].key).into();
        let signature: &blst::blst_p2_affine = (&decoded[at].signature).into();
        let result =
            pairing.mul_n_aggregate(key, false, signature, true, &weight, 64, message, &[]);
        if result != BLST_ERROR::BLST_SUCCESS {
            return None;
        }
    }
    pairing.commit();
    Some(pairing)
}

/// The parts, committed, against the signatures' side where it was not put into them.
pub(super) fn product_is_one(
    mut parts: Vec<Pairing<'static>>,
    signatures: Option<&blst::blst_fp12>,
) -> bool {
    let Some(mut whole) = parts.pop() else {
        return false;
    };
    parts
        .iter()
        .all(|part| whole.merge(part) == BLST_ERROR::BLST_SUCCESS)
        && whole.finalverify(signatures)
}

impl Subject for Blst {
    fn name(&self) -> String {
        "blst".into()
    }

    fn run(&mut self, workload: &Workload) -> Result<(), SubjectFailure> {
        match &workload.data {
            Data::MinPk(sets) => check(workload, &self.verdicts(sets)),
            Data::Hash(messages) if workload.is_bls12381() => {
                hash_each::<MinPk>(self.threads, messages, Encoding::ZcashCompressed);
                Ok(())
            }
            Data::ProductsBls12381(products) => {
                let good =
                    check_each_product::<Bls12381>(self.threads, products, Encoding::Eip2537);
                check(workload, &good)
            }
            Data::Updates(updates) => {
                let claims = updates.claims(self.threads, &OneByOne);
                check(workload, &settle_singly(&claims, self.threads))
            }
            _ => Err(SubjectFailure::NotOffered {
                subject: "blst",
                scenario: workload.scenario,
            }),
        }
    }
}
