//! Signers of a large set: which of them signed stands in bits, and the device adds up their keys
//! from these. Key number i is i + 1 times the generator, so that their sum is known.

use std::sync::Arc;

use rand_core::RngCore;
use tutti_backend::{Keys, VerifyParcelBuilder, Work};
use tutti_curves::{Bn254Sig, Group, Hashing, KeySet, Member, MinPk, MinSig, PointHash, Wire};
use tutti_types::{Dst, Scheme, Verdict};

use crate::items::World;
use crate::machine::{Machine, ask};
use crate::rig::{self, below, shuffle};

/// No multiple of 32, nor of what one thread goes over.
const KEYS: u32 = 301;

fn set<W: World>() -> Arc<KeySet<W::Key>> {
    let keys = (1..=KEYS).map(|secret| {
        let key = W::Key::mul(&W::Key::generator(), secret.into());
        Member::shown(W::Key::to_affine(&key).expect("less than the order"))
    });
    Arc::new(KeySet::new(keys.collect()))
}

/// So many different signers, in any order.
fn some(count: u32, random: &mut impl RngCore) -> Vec<u32> {
    let mut all: Vec<u32> = (0..KEYS).collect();
    shuffle(random, &mut all);
    all.truncate(count as usize);
    all
}

/// Few signers and most of the set, the first and the last, one of them twice. Where `bad` is given,
/// that item is signed by one fewer than it names.
pub(crate) fn parcel<W: World>(scheme: &Scheme, bad: Option<usize>) -> (Arc<Work>, Vec<Verdict>) {
    let mut random = rig::random(51);
    let mut lists: Vec<Vec<u32>> = [1, 10, 11, 40, 150, 151, 152, 290, KEYS - 1, KEYS]
        .iter()
        .map(|&count| some(count, &mut random))
        .collect();
    lists.push((0..KEYS).filter(|index| index % 32 != 31).collect());
    let mut twice = some(250, &mut random);
    twice.push(twice[17]);
    lists.push(twice);
    let mut parcel = VerifyParcelBuilder::<W>::new(scheme.clone());
    let keys = parcel.keys(Keys::Set(set::<W>()));
    for (at, list) in lists.iter().enumerate() {
        // Some have a message to themselves.
        let mut text = [0; 32];
        text[0] = below(&mut random, 8) as u8;
        let message = parcel.message(&text);
        let signed = list.iter().skip(usize::from(bad == Some(at)));
        let secret: u128 = signed.map(|&index| u128::from(index) + 1).sum();
        let hashed = W::Sig::hash(Hashing::of_scheme(scheme), &text, &[]);
        let signature = W::Sig::mul(&hashed.expect("32 bytes can be hashed"), secret);
        let signature = W::Sig::to_affine(&signature).map_or(Wire::Infinity, Wire::Point);
        parcel
            .item(&[(keys, list, message)], signature)
            .expect("an item that can be valid");
    }
    let parcel = parcel.finish();
    let expected = parcel.items().iter().map(|item| parcel.by_oracle(item));
    let expected: Vec<Verdict> = expected.collect();
    for (at, verdict) in expected.iter().enumerate() {
        assert_eq!(verdict.is_valid(), bad != Some(at), "item {at}");
    }
    (Arc::new(W::work(parcel)), expected)
}

fn in_world<W: World>(scheme: &Scheme) {
    let backend = Machine::new().start().expect("the stand-in is a device");
    for bad in [None, Some(4), Some(8), Some(10)] {
        let (work, expected) = parcel::<W>(scheme, bad);
        assert_eq!(ask(&backend, &work, 1), Ok(expected), "{scheme:?}, {bad:?}");
    }
}

pub(crate) fn min_sig() -> Scheme {
    Scheme::Bls12381MinSig(Dst::new(b"tag").expect("a short tag"))
}

#[test]
fn signers_are_added_up_from_their_bits() {
    in_world::<MinPk>(&Scheme::Bls12381MinPkPop);
    in_world::<MinSig>(&min_sig());
    in_world::<Bn254Sig>(&Scheme::Bn254EigenTai);
}
