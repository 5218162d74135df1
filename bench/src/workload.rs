//! A scenario's data, made from a seed.

pub(crate) mod mixed;
pub(crate) mod quorums;
mod signing;
pub(crate) mod slot;
mod sync_year;

use std::collections::HashMap;
use std::sync::Arc;

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use tutti_backend::{
    HashInput, HashParcel, Hashing, Keys, PairingParcel, VerifyParcelBuilder, Work,
};
use tutti_curves::bls12_381::Bls12381;
use tutti_curves::bn254::Bn254;
use tutti_curves::{Bn254Sig, Curve, Group, KeySet, Member, MinPk, PointHash, Signed, Wire};
use tutti_types::{CurveId, Encoding, GroupId, Scheme, Verdict};

use crate::scenario::{Scenario, Shape};
use crate::threads::each;
use mixed::Crowd;
pub(crate) use quorums::ROLLUPS;
use quorums::{FLEET_SETS, Quorums};
pub(crate) use signing::{POP, Signing};
pub(crate) use sync_year::PERIODS;
use sync_year::SyncYear;

/// Keys are decompressed and checked beforehand, as nodes have them; messages, signatures and
/// the points of product checks are as they come off the wire.
#[derive(Debug)]
pub struct Workload {
    pub scenario: Scenario,
    pub(crate) data: Data,
    /// Places of the items that must come out invalid.
    pub bad: Vec<usize>,
}

#[derive(Debug)]
pub(crate) enum Data {
    MinPk(Sets<MinPk>),
    Bn254(Sets<Bn254Sig>),
    Hash(Vec<[u8; 32]>),
    ProductsBls12381(Products),
    ProductsBn254(Products),
    Quorums(Box<Quorums>),
    Updates(Box<SyncYear>),
    Mixed(Vec<Crowd>),
}

/// Signature sets: who signed what, and the signatures.
#[derive(Debug)]
pub(crate) struct Sets<W: Signed> {
    pub(crate) scheme: Scheme,
    pub(crate) key_set: Arc<KeySet<W::Key>>,
    pub(crate) messages: Vec<[u8; 32]>,
    pub(crate) items: Vec<Item>,
    /// In the curve's usual encoding, one for each item.
    pub(crate) signatures: Vec<Vec<u8>>,
}

/// One signature set: places in the key set, and the message's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) signers: Box<[u32]>,
    pub(crate) message: u32,
}

type WirePair<C> = (Wire<<C as Curve>::G1>, Wire<<C as Curve>::G2>);

/// Products of two pairings that are one: (key, H(message)) and (-generator, signature).
#[derive(Debug)]
pub(crate) struct Products {
    /// Pairs of points in the encoding of the curve's EVM precompile.
    pub(crate) checks: Vec<[(Vec<u8>, Vec<u8>); 2]>,
}

/// Who signs what, before anybody has a key.
#[derive(Clone, Debug)]
pub(crate) struct Blueprint {
    pub(crate) keys: usize,
    pub(crate) messages: usize,
    pub(crate) items: Vec<Item>,
    pub(crate) bad: Vec<usize>,
}

impl Blueprint {
    fn of(shape: Shape) -> Self {
        if shape == Shape::MainnetSlot {
            return slot::blueprint();
        }
        let one = |at: usize, signers: Box<[u32]>| Item {
            signers,
            message: (at % shape.messages()) as u32,
        };
        let (keys, items) = if shape == Shape::SyncCommittee {
            let committee: Box<[u32]> = (0..slot::SYNC_COMMITTEE as u32).collect();
            (slot::SYNC_COMMITTEE, vec![one(0, committee)])
        } else {
            let single = |at: usize| one(at, [at as u32].into());
            (shape.items(), (0..shape.items()).map(single).collect())
        };
        // Spread evenly, the first in the middle of its share: found neither first nor last.
        let bad = (0..shape.bad_items())
            .map(|nth| (2 * nth + 1) * shape.items() / (2 * shape.bad_items()))
            .collect();
        Self {
            keys,
            messages: shape.messages(),
            items,
            bad,
        }
    }
}

impl Workload {
    pub fn generate(scenario: Scenario, seed: u64) -> Self {
        let mut random = ChaCha20Rng::seed_from_u64(seed);
        let blueprint = Blueprint::of(scenario.shape);
        let bad = blueprint.bad.clone();
        let data = match (scenario.shape, scenario.curve) {
            (Shape::AvsQuorum(n), _) => Data::Quorums(Box::new(Quorums::sign(n, 1, &mut random))),
            (Shape::AvsFleet, _) => {
                Data::Quorums(Box::new(Quorums::sign(ROLLUPS, FLEET_SETS, &mut random)))
            }
            (Shape::LightClientYear, _) => {
                Data::Updates(Box::new(SyncYear::sign(PERIODS, &mut random)))
            }
            (Shape::Mixed, _) => Data::Mixed(mixed::crowds(seed)),
            (Shape::HashToCurve(n), _) => Data::Hash(random_bytes(&mut random, n)),
            (Shape::PairingCheck(_), CurveId::Bls12381) => Data::ProductsBls12381(Products::of(
                &Sets::<MinPk>::sign(blueprint, &mut random),
                Encoding::Eip2537,
            )),
            (Shape::PairingCheck(_), CurveId::Bn254) => Data::ProductsBn254(Products::of(
                &Sets::<Bn254Sig>::sign(blueprint, &mut random),
                Encoding::Eip197,
            )),
            (_, CurveId::Bls12381) => Data::MinPk(Sets::sign(blueprint, &mut random)),
            (_, CurveId::Bn254) => Data::Bn254(Sets::sign(blueprint, &mut random)),
        };
        Self {
            scenario,
            data,
            bad,
        }
    }

    /// The scenario as one work for an engine, parsed from the wire's bytes.
    pub fn work(&self) -> Option<Work> {
        let all: Vec<u32> = (0..self.scenario.items() as u32).collect();
        self.work_of(&all)
    }

    /// Some of the items as one work for an engine. What is several works, or needs more than
    /// an engine, has none.
    pub fn work_of(&self, items: &[u32]) -> Option<Work> {
        Some(match &self.data {
            Data::MinPk(sets) => Work::MinPk(sets.parcel(items)),
            Data::Bn254(sets) => Work::Bn254(sets.parcel(items)),
            Data::Hash(messages) => Work::Hash(hash_parcel(self.scenario.curve, messages, items)),
            Data::ProductsBls12381(products) => {
                Work::PairingBls12381(products.parcel::<Bls12381>(Encoding::Eip2537, items))
            }
            Data::ProductsBn254(products) => {
                Work::PairingBn254(products.parcel::<Bn254>(Encoding::Eip197, items))
            }
            Data::Quorums(quorums) => quorums.work(items),
            Data::Updates(_) | Data::Mixed(_) => return None,
        })
    }

    pub fn is_bls12381(&self) -> bool {
        self.scenario.curve == CurveId::Bls12381
    }

    /// The kinds of caller of `mixed`; none of any other scenario.
    pub fn crowds(&self) -> &[Crowd] {
        match &self.data {
            Data::Mixed(crowds) => crowds,
            _ => &[],
        }
    }

    /// How many verdicts are not what they must be: invalid for the bad items, valid for all
    /// others. An undecided item is a wrong one here: nothing was decided in the time measured.
    pub fn wrong(&self, verdicts: &[Verdict]) -> usize {
        let mut bad = self.bad.iter().copied().peekable();
        let wrong = move |(at, verdict): &(usize, &Verdict)| {
            let must_be_bad = bad.next_if_eq(at).is_some();
            match verdict {
                Verdict::Valid => must_be_bad,
                Verdict::Invalid(..) => !must_be_bad,
                Verdict::Undecided(_) => true,
            }
        };
        verdicts.iter().enumerate().filter(wrong).count()
            + self.scenario.items().abs_diff(verdicts.len())
    }
}

pub(crate) fn random_bytes(random: &mut ChaCha20Rng, count: usize) -> Vec<[u8; 32]> {
    let one = |_| {
        let mut bytes = [0; 32];
        random.fill_bytes(&mut bytes);
        bytes
    };
    (0..count).map(one).collect()
}

impl<W: Signing> Sets<W> {
    pub(crate) fn sign(blueprint: Blueprint, random: &mut ChaCha20Rng) -> Self {
        let cores = tutti_engine::cores();
        let messages = random_bytes(random, blueprint.messages);
        let entropy = random_bytes(random, blueprint.keys);
        let secrets = each(cores, entropy.len(), |at| W::secret(&entropy[at]));
        let keys = each(cores, secrets.len(), |at| {
            Member::shown(W::key(&secrets[at]))
        });
        let signatures = signatures::<W>(&blueprint, &secrets, &messages);
        Self {
            scheme: W::scheme(),
            key_set: Arc::new(KeySet::new(keys)),
            messages,
            items: blueprint.items,
            signatures,
        }
    }
}

/// Each signer signs each message once, however many items their signature is part of.
fn signatures<W: Signing>(
    blueprint: &Blueprint,
    secrets: &[W::Secret],
    messages: &[[u8; 32]],
) -> Vec<Vec<u8>> {
    let cores = tutti_engine::cores();
    let mut places: HashMap<(u32, u32, bool), usize> = HashMap::new();
    let mut votes = Vec::new();
    let key = |at: usize, item: &Item, signer: u32| {
        (
            signer,
            item.message,
            blueprint.bad.binary_search(&at).is_ok(),
        )
    };
    for (at, item) in blueprint.items.iter().enumerate() {
        for &signer in &item.signers {
            let vote = key(at, item, signer);
            places.entry(vote).or_insert_with(|| {
                votes.push(vote);
                votes.len() - 1
            });
        }
    }
    let signed = each(cores, votes.len(), |at| {
        let (signer, message, is_bad) = votes[at];
        let mut message = messages[message as usize];
        message[0] ^= u8::from(is_bad);
        W::sign(&secrets[signer as usize], &message)
    });
    let encoding = Encoding::canonical(W::WORLD.curve());
    each(cores, blueprint.items.len(), |at| {
        let item = &blueprint.items[at];
        let parts: Vec<_> = item
            .signers
            .iter()
            .map(|&signer| &signed[places[&key(at, item, signer)]])
            .collect();
        let sum = match parts[..] {
            [one] => Some(*one),
            _ => W::Sig::to_affine(&W::Sig::sum(&parts)),
        };
        W::Sig::encode(sum.as_ref(), encoding)
    })
}

impl<W: Signed> Sets<W> {
    fn parcel(&self, items: &[u32]) -> tutti_backend::VerifyParcel<W> {
        let encoding = Encoding::canonical(W::WORLD.curve());
        let mut parcel =
            VerifyParcelBuilder::<W>::new(self.scheme.clone()).with_room_for(items.len());
        let source = parcel.keys(Keys::Set(Arc::clone(&self.key_set)));
        let mut messages = vec![u32::MAX; self.messages.len()];
        for &at in items {
            let item = &self.items[at as usize];
            let message = &mut messages[item.message as usize];
            if *message == u32::MAX {
                *message = parcel.message(&self.messages[item.message as usize]);
            }
            let wire = W::Sig::parse(encoding, &self.signatures[at as usize])
                .expect("generated signatures are canonical");
            parcel
                .item(&[(source, &item.signers, *message)], wire)
                .expect("generated items can be asked");
        }
        parcel.finish()
    }

    /// Some of the items with only their messages.
    pub(crate) fn subset(&self, items: &[u32]) -> Self {
        let mut subset = Self {
            scheme: self.scheme.clone(),
            key_set: Arc::clone(&self.key_set),
            messages: Vec::new(),
            items: Vec::with_capacity(items.len()),
            signatures: Vec::with_capacity(items.len()),
        };
        let mut places = HashMap::new();
        for &at in items {
            let item = &self.items[at as usize];
            let message = *places.entry(item.message).or_insert_with(|| {
                subset.messages.push(self.messages[item.message as usize]);
                subset.messages.len() as u32 - 1
            });
            subset.items.push(Item {
                signers: item.signers.clone(),
                message,
            });
            subset.signatures.push(self.signatures[at as usize].clone());
        }
        subset
    }

    /// The items of each message, messages in order.
    pub(crate) fn groups(&self) -> Vec<Vec<usize>> {
        let mut groups = vec![Vec::new(); self.messages.len()];
        for (at, item) in self.items.iter().enumerate() {
            groups[item.message as usize].push(at);
        }
        groups
    }
}

impl Products {
    fn of<W: Signed>(sets: &Sets<W>, encoding: Encoding) -> Self {
        let wire = Encoding::canonical(encoding.curve());
        let hashing = tutti_curves::Hashing::of_scheme(&sets.scheme);
        let encode = |(p, q): (_, _)| {
            (
                <W::Curve as Curve>::G1::encode(Some(&p), encoding),
                <W::Curve as Curve>::G2::encode(Some(&q), encoding),
            )
        };
        let checks = each(tutti_engine::cores(), sets.items.len(), |at| {
            let item = &sets.items[at];
            let message = &sets.messages[item.message as usize];
            let point = W::Sig::hash(hashing, message, &[]).expect("32 bytes have a point");
            let signature = W::Sig::parse(wire, &sets.signatures[at])
                .and_then(|signature| signature.finite())
                .expect("generated signatures are points");
            let key = sets.key_set.keys()[item.signers[0] as usize];
            [
                encode(W::pair(&key, &point)),
                encode(W::signature_pair(&signature)),
            ]
        });
        Self { checks }
    }

    /// The points of one check, parsed.
    pub(crate) fn pairs<C: Curve>(&self, encoding: Encoding, at: usize) -> [WirePair<C>; 2] {
        self.checks[at].each_ref().map(|(p, q)| {
            (
                C::G1::parse(encoding, p).expect("generated points are canonical"),
                C::G2::parse(encoding, q).expect("generated points are canonical"),
            )
        })
    }

    fn parcel<C: Curve>(&self, encoding: Encoding, items: &[u32]) -> PairingParcel<C> {
        PairingParcel {
            pairs: items
                .iter()
                .flat_map(|&at| self.pairs::<C>(encoding, at as usize))
                .collect(),
            checks: (0..items.len() as u32)
                .map(|at| 2 * at..2 * at + 2)
                .collect(),
        }
    }
}

fn hash_parcel(curve: CurveId, messages: &[[u8; 32]], items: &[u32]) -> HashParcel {
    let scheme = match curve {
        CurveId::Bls12381 => MinPk::scheme(),
        CurveId::Bn254 => Bn254Sig::scheme(),
    };
    HashParcel {
        curve,
        group: match curve {
            CurveId::Bls12381 => GroupId::G2,
            CurveId::Bn254 => GroupId::G1,
        },
        hashing: Hashing::from(tutti_curves::Hashing::of_scheme(&scheme)),
        inputs: items
            .iter()
            .map(|&at| HashInput::Message(messages[at as usize][..].into()))
            .collect(),
        encoding: Encoding::canonical(curve),
    }
}

#[cfg(test)]
mod tests {
    use tutti_curves::oracle::{self, Term};

    use super::*;

    fn oracle_verdicts<W: Signed>(sets: &Sets<W>) -> Vec<Verdict> {
        let encoding = Encoding::canonical(W::WORLD.curve());
        let one = |at: usize| {
            let item = &sets.items[at];
            let keys = item.signers.iter();
            let term = Term::<W> {
                keys: keys.map(|&key| sets.key_set.keys()[key as usize]).collect(),
                message: &sets.messages[item.message as usize],
            };
            let signature = W::Sig::parse(encoding, &sets.signatures[at]).expect("canonical");
            oracle::verify::<W>(&sets.scheme, &[term], &signature)
        };
        (0..sets.items.len()).map(one).collect()
    }

    #[test]
    fn the_oracle_finds_bad_what_was_made_bad() {
        for name in [
            "single",
            "grouped-6-2",
            "poisoned-7-2",
            "sync-committee",
            "bn254-poisoned-5",
            "bn254-same-message-3",
        ] {
            let workload = Workload::generate(name.parse().expect(name), 3);
            let verdicts = match &workload.data {
                Data::MinPk(sets) => oracle_verdicts(sets),
                Data::Bn254(sets) => oracle_verdicts(sets),
                other => panic!("{name} has sets, not {other:?}"),
            };
            assert_eq!(workload.wrong(&verdicts), 0, "{name}");
            let bad = verdicts.iter().filter(|v| !v.is_valid()).count();
            assert_eq!(bad, workload.scenario.bad_items(), "{name}");
        }
    }

    #[test]
    fn products_are_one() {
        let workload = Workload::generate("pairing-check-2".parse().expect("a name"), 3);
        let Data::ProductsBls12381(products) = &workload.data else {
            panic!("products of BLS12-381");
        };
        let pairs = products.pairs::<Bls12381>(Encoding::Eip2537, 1);
        assert!(oracle::pairing_check::<Bls12381>(&pairs).is_valid());
        let workload = Workload::generate("bn254-pairing-check-2".parse().expect("a name"), 3);
        let Data::ProductsBn254(products) = &workload.data else {
            panic!("products of BN254");
        };
        let pairs = products.pairs::<Bn254>(Encoding::Eip197, 1);
        assert!(oracle::pairing_check::<Bn254>(&pairs).is_valid());
    }

    #[test]
    fn a_wrong_undecided_or_missing_verdict_is_counted() {
        use tutti_types::{InvalidReason, Part, UndecidedCause};
        let bad = Verdict::Invalid(InvalidReason::DoesNotVerify, Part::Whole);
        let workload = Workload::generate("poisoned-3".parse().expect("a name"), 1);
        assert_eq!(workload.bad, [1]);
        let valid = Verdict::Valid;
        assert_eq!(workload.wrong(&[valid, bad, valid]), 0);
        assert_eq!(workload.wrong(&[valid, valid, valid]), 1);
        assert_eq!(workload.wrong(&[bad, bad, valid]), 1);
        assert_eq!(workload.wrong(&[valid, bad]), 1);
        let undecided = Verdict::Undecided(UndecidedCause::Overload);
        assert_eq!(workload.wrong(&[valid, undecided, valid]), 1);
    }
}
