//! blst as its users have it, at its best settings.

use std::sync::atomic::{AtomicUsize, Ordering};

use blst::min_pk::Signature;
use blst::{BLST_ERROR, Pairing};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use tutti_curves::{Group, PointHash, bls12_381};
use tutti_types::Encoding;

use crate::scenario::Scenario;
use crate::subject::{Subject, SubjectFailure};
use crate::workload::{POP, Workload};

/// The loop of blst's `verify_multiple_aggregate_signatures` over a given number of threads:
/// `Pairing::mul_n_aggregate` with 64-bit coefficients and group checks, then merge, commit and
/// `finalverify`. Where the batch fails, every item by itself, which is what its users do.
/// Signatures come compressed and are decompressed here; keys are validated beforehand.
#[derive(Debug)]
pub struct Blst {
    threads: usize,
}

impl Blst {
    pub const fn new(threads: usize) -> Self {
        Self { threads }
    }

    fn verdicts(&self, workload: &Workload) -> Vec<bool> {
        let count = workload.signatures.len();
        let signatures = self.each(count, |at| {
            Signature::from_bytes(&workload.signatures[at]).expect("generated signatures")
        });
        if count > 1 && self.batch(workload, &signatures) {
            return vec![true; count];
        }
        self.each(count, |at| {
            let message = &workload.messages[workload.message_of[at] as usize];
            let key = &workload.blst_keys[at];
            signatures[at].verify(true, message, POP, &[], key, false) == BLST_ERROR::BLST_SUCCESS
        })
    }

    fn batch(&self, workload: &Workload, signatures: &[Signature]) -> bool {
        let mut seed = [0; 32];
        seed[..16].copy_from_slice(&tutti_engine::fresh_challenge().0[..16]);
        let next = AtomicUsize::new(0);
        let parts: Vec<Option<Pairing<'static>>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads)
                .map(|thread| {
                    let next = &next;
                    let mut random = ChaCha20Rng::from_seed(seed);
                    random.set_stream(thread as u64);
                    scope.spawn(move || aggregate_share(workload, signatures, next, &mut random))
                })
                .collect();
            threads
                .into_iter()
                .map(|t| t.join().expect("blst does not panic"))
                .collect()
        });
        let Some(mut parts) = parts.into_iter().collect::<Option<Vec<_>>>() else {
            return false;
        };
        let Some(mut whole) = parts.pop() else {
            return false;
        };
        parts
            .iter()
            .all(|part| whole.merge(part) == BLST_ERROR::BLST_SUCCESS)
            && whole.finalverify(None)
    }

    /// `make` for each place, the places shared among the threads.
    fn each<T: Send>(&self, count: usize, make: impl Fn(usize) -> T + Sync) -> Vec<T> {
        if self.threads == 1 {
            return (0..count).map(make).collect();
        }
        let share = count.div_ceil(self.threads).max(1);
        let make = &make;
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads)
                .map(|thread| {
                    let range = (thread * share).min(count)..((thread + 1) * share).min(count);
                    scope.spawn(move || range.map(make).collect::<Vec<T>>())
                })
                .collect();
            threads
                .into_iter()
                .flat_map(|t| t.join().expect("blst does not panic"))
                .collect()
        })
    }
}

/// `None` where a signature is not in its group.
fn aggregate_share(
    workload: &Workload,
    signatures: &[Signature],
    next: &AtomicUsize,
    random: &mut ChaCha20Rng,
) -> Option<Pairing<'static>> {
    let mut pairing = Pairing::new(true, POP);
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        if at >= signatures.len() {
            break;
        }
        let weight = (random.next_u64() | 1).to_le_bytes();
        let message = &workload.messages[workload.message_of[at] as usize];
        let key: &blst::blst_p1_affine = (&workload.blst_keys[at]).into();
        let signature: &blst::blst_p2_affine = (&signatures[at]).into();
        let result =
            pairing.mul_n_aggregate(key, false, signature, true, &weight, 64, message, &[]);
        if result != BLST_ERROR::BLST_SUCCESS {
            return None;
        }
    }
    pairing.commit();
    Some(pairing)
}

impl Subject for Blst {
    fn name(&self) -> String {
        "blst".into()
    }

    fn run(&mut self, workload: &Workload) -> Result<(), SubjectFailure> {
        if let Scenario::HashToCurve(_) = workload.scenario {
            let points = self.each(workload.messages.len(), |at| {
                let hashing = tutti_curves::Hashing::Rfc9380 {
                    variant: tutti_types::HashVariant::RandomOracle,
                    dst: POP,
                };
                let point = bls12_381::G2::hash(hashing, &workload.messages[at], &[]);
                bls12_381::G2::encode(point.as_ref().ok(), Encoding::ZcashCompressed)
            });
            std::hint::black_box(points);
            return Ok(());
        }
        let verdicts = self.verdicts(workload);
        let bad: Vec<usize> = (0..verdicts.len()).filter(|&at| !verdicts[at]).collect();
        if bad == workload.bad {
            Ok(())
        } else {
            Err(SubjectFailure::WrongVerdicts(bad.len()))
        }
    }
}
