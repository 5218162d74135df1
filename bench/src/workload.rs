use std::sync::Arc;

use blst::min_pk::{PublicKey, SecretKey};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use tutti_backend::{HashInput, HashParcel, Hashing, Keys, VerifyParcelBuilder, Work};
use tutti_curves::{Group, KeySet, Member, MinPk, bls12_381};
use tutti_types::{CurveId, Encoding, GroupId, HashVariant, Scheme};

use crate::scenario::Scenario;

pub(crate) const POP: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// A scenario's data, made from a seed. Keys are decompressed and checked beforehand, as nodes
/// have them; messages and compressed signatures are as they come off the wire.
#[derive(Debug)]
pub struct Workload {
    pub scenario: Scenario,
    pub key_set: Arc<KeySet<bls12_381::G1>>,
    pub(crate) blst_keys: Vec<PublicKey>,
    pub messages: Vec<[u8; 32]>,
    /// Which message each item signs.
    pub message_of: Vec<u32>,
    pub signatures: Vec<[u8; 96]>,
    /// Places of the items that must come out invalid.
    pub bad: Vec<usize>,
}

impl Workload {
    pub fn generate(scenario: Scenario, seed: u64) -> Self {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let mut bytes = || {
            let mut bytes = [0; 32];
            random.fill_bytes(&mut bytes);
            bytes
        };
        let messages: Vec<[u8; 32]> = (0..scenario.messages()).map(|_| bytes()).collect();
        let items = scenario.items();
        let message_of: Vec<u32> = (0..items).map(|at| (at % messages.len()) as u32).collect();
        if let Scenario::HashToCurve(_) = scenario {
            return Self::bare(scenario, messages, message_of);
        }
        let secrets: Vec<SecretKey> = (0..items)
            .map(|_| SecretKey::key_gen(&bytes(), &[]).expect("32 bytes make a key"))
            .collect();
        // Spread evenly, the first in the middle of its share: found neither first nor last.
        let bad: Vec<usize> = (0..scenario.bad_items())
            .map(|nth| (2 * nth + 1) * items / (2 * scenario.bad_items()))
            .collect();
        let signatures = in_parallel(items, |at| {
            let message = &messages[message_of[at] as usize];
            let mut signed = *message;
            if bad.contains(&at) {
                signed[0] ^= 1;
            }
            secrets[at].sign(&signed, POP, &[]).compress()
        });
        let blst_keys: Vec<PublicKey> = secrets.iter().map(SecretKey::sk_to_pk).collect();
        let members = blst_keys
            .iter()
            .map(|key| {
                bls12_381::G1::parse(Encoding::ZcashCompressed, &key.compress())
                    .and_then(|wire| wire.finite())
                    .map(Member::shown)
                    .expect("blst's keys are keys")
            })
            .collect();
        Self {
            scenario,
            key_set: Arc::new(KeySet::new(members)),
            blst_keys,
            messages,
            message_of,
            signatures,
            bad,
        }
    }

    fn bare(scenario: Scenario, messages: Vec<[u8; 32]>, message_of: Vec<u32>) -> Self {
        Self {
            scenario,
            key_set: Arc::new(KeySet::new(Vec::new())),
            blst_keys: Vec::new(),
            messages,
            message_of,
            signatures: Vec::new(),
            bad: Vec::new(),
        }
    }

    /// The scenario as work for an engine, parsed from the wire's bytes.
    pub fn work(&self) -> Work {
        if let Scenario::HashToCurve(_) = self.scenario {
            return Work::Hash(HashParcel {
                curve: CurveId::Bls12381,
                group: GroupId::G2,
                hashing: Hashing::Rfc9380 {
                    variant: HashVariant::RandomOracle,
                    dst: POP.into(),
                },
                inputs: self
                    .messages
                    .iter()
                    .map(|m| HashInput::Message(m[..].into()))
                    .collect(),
                encoding: Encoding::ZcashCompressed,
            });
        }
        let mut parcel = VerifyParcelBuilder::<MinPk>::new(Scheme::Bls12381MinPkPop);
        let source = parcel.keys(Keys::Set(Arc::clone(&self.key_set)));
        let messages: Vec<u32> = self.messages.iter().map(|m| parcel.message(m)).collect();
        for (at, signature) in self.signatures.iter().enumerate() {
            let wire = bls12_381::G2::parse(Encoding::ZcashCompressed, signature)
                .expect("generated signatures are canonical");
            let message = messages[self.message_of[at] as usize];
            parcel
                .item(&[(source, &[at as u32], message)], wire)
                .expect("generated items can be asked");
        }
        Work::MinPk(parcel.finish())
    }
}

/// Signing takes longer than what is measured: on all cores, in order.
fn in_parallel<T: Send>(count: usize, make: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = tutti_engine::cores();
    let share = count.div_ceil(threads).max(1);
    let make = &make;
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads)
            .map(|thread| {
                let range = (thread * share).min(count)..((thread + 1) * share).min(count);
                scope.spawn(move || range.map(make).collect::<Vec<T>>())
            })
            .collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().expect("signing does not panic"))
            .collect()
    })
}
