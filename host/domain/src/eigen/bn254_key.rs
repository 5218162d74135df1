//! The key that a BN254 certificate's signers have together, and what it must satisfy.

use std::sync::LazyLock;

use alloy_primitives::{B256, keccak256};
use ark_bn254::Fr;
use ark_ec::CurveGroup;
use ark_ff::{BigInteger, PrimeField};
use tutti_curves::{Group, Hashing, Member as InSubgroup, PointHash, Wire, bn254};
use tutti_types::InvalidReason;

use super::abi::{affine, g1_bytes, g2_bytes};
use crate::check::{PointFault, Reason, Sheet, Step};
use crate::claim::{Obligation, Signers};
use crate::key::Key;
use crate::key_sums::{KeySums, weighted};
use crate::set::{Member, OperatorSet, Resident};

/// What the certificate brings along.
#[derive(Clone, Copy)]
pub(crate) struct Signed<'a> {
    pub(crate) digest: B256,
    pub(crate) signature: &'a Wire<bn254::G1>,
    pub(crate) apk_g2: &'a Wire<bn254::G2>,
    pub(crate) tie: Tie,
}

/// In which order a system hashes what ties an aggregate key in G2 to that in G1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tie {
    /// Digest, apk, apkG2, signature.
    Eigen,
    /// Signature, apk, apkG2, the digest's point.
    Symbiotic,
}

/// Whose keys the signers' key is: whole aggregates without some.
pub(crate) struct Part {
    pub(crate) aggregates: Vec<usize>,
    pub(crate) absent: Vec<AbsentKey>,
}

pub(crate) struct AbsentKey {
    pub(crate) key: bn254::G1Affine,
    /// The place in the set, where it lists this member.
    pub(crate) seat: Option<u32>,
    /// In how many of the aggregates the key is.
    pub(crate) times: u32,
}

impl Signed<'_> {
    /// What has to hold for the signature to be one of the members who are not absent.
    pub(crate) fn obligation(
        &self,
        set: &OperatorSet,
        part: &Part,
        sheet: &mut Sheet,
    ) -> Option<Obligation> {
        let signature = finite(self.signature).map_err(Reason::SignaturePoint);
        let signature = sheet.note(Step::SignaturePoint, Vec::new(), signature);
        let supplied = finite(self.apk_g2).map_err(Reason::SuppliedKeyPoint);
        let supplied = sheet.note(Step::SuppliedKey, Vec::new(), supplied);
        if let Resident::Bn254(keys) = set.resident() {
            let key = known_key(set, part, keys, supplied, sheet);
            return signature
                .zip(key)
                .map(|(signature, key)| Obligation::Bn254 {
                    signers: Signers::Sum(key),
                    digest: self.digest,
                    signature: Wire::Point(signature),
                });
        }
        let apk = sum_g1(set, part).ok_or(Reason::AggregateKeyInfinity);
        let apk = sheet.note(Step::AggregateKey, Vec::new(), apk);
        Some(self.tied(&apk?, &signature?, &supplied?))
    }

    /// e(S + c apk, -g2) e(H(m) + c g1, apkG2) = 1: that the signature verifies under apkG2, and
    /// that apkG2 and apk have one secret, with the challenge c of the system's own contracts.
    fn tied(
        &self,
        apk: &bn254::G1Affine,
        signature: &bn254::G1Affine,
        apk_g2: &bn254::G2Affine,
    ) -> Obligation {
        let point = hash_to_g1(&self.digest);
        let challenge = self.challenge(apk, &point);
        let key_side = *apk * challenge + signature;
        let message_side = generator_times(challenge) + point;
        let minus_g2 = bn254::G2::negate(&bn254::G2::generator());
        Obligation::Product(vec![
            (wire(key_side.into_affine()), Wire::Point(minus_g2)),
            (wire(message_side.into_affine()), Wire::Point(*apk_g2)),
        ])
    }

    fn challenge(&self, apk: &bn254::G1Affine, point: &bn254::G1Affine) -> Fr {
        let apk = g1_bytes(&Wire::Point(*apk));
        let apk_g2 = g2_bytes(self.apk_g2);
        let signature = g1_bytes(self.signature);
        let point = g1_bytes(&Wire::Point(*point));
        let bytes = match self.tie {
            Tie::Eigen => [self.digest.as_slice(), &apk, &apk_g2, &signature].concat(),
            Tie::Symbiotic => [&signature[..], &apk, &apk_g2, &point].concat(),
        };
        Fr::from_be_bytes_mod_order(keccak256(bytes).as_slice())
    }
}

impl AbsentKey {
    /// A member whose key is in the one aggregate.
    pub(crate) fn once(seat: u32, member: &Member) -> Option<Self> {
        match &member.key {
            Key::Bn254 { g1, .. } => Some(Self {
                key: *g1.point(),
                seat: Some(seat),
                times: 1,
            }),
            _ => None,
        }
    }
}

/// The generator's doublings are keys like others: the bits of a number say which make its multiple.
static DOUBLINGS: LazyLock<KeySums<bn254::G1>> = LazyLock::new(|| {
    let first = bn254::G1::lift(&bn254::G1::generator());
    let all = std::iter::successors(Some(first), |sum| Some(bn254::G1::add(sum, sum)));
    let all: Vec<_> = all.take(Fr::MODULUS_BIT_SIZE as usize).collect();
    let finite = bn254::G1::normalise(&all).into_iter().flatten();
    let keys: Vec<_> = finite.map(InSubgroup::shown).collect();
    KeySums::new(&keys, Vec::new())
});

fn generator_times(scalar: Fr) -> <bn254::G1 as Group>::Sum {
    let bits = scalar.into_bigint().to_bits_le();
    let bits = bits.into_iter().take(Fr::MODULUS_BIT_SIZE as usize);
    DOUBLINGS.multiples(&bits.map(u32::from).collect::<Vec<_>>())
}

/// `BN254.hashToG1`.
fn hash_to_g1(digest: &B256) -> bn254::G1Affine {
    bn254::G1::hash(Hashing::TryAndIncrement, digest.as_slice(), &[])
        .expect("a digest of 32 bytes has a point")
}

fn wire(point: bn254::G1Affine) -> Wire<bn254::G1> {
    if point.infinity {
        Wire::Infinity
    } else {
        Wire::Point(point)
    }
}

fn finite<G: Group>(wire: &Wire<G>) -> Result<G::Affine, PointFault> {
    affine(wire).ok_or(PointFault(InvalidReason::Infinity))
}

fn sum_g1(set: &OperatorSet, part: &Part) -> Option<bn254::G1Affine> {
    let whole = part
        .aggregates
        .iter()
        .filter_map(|&i| set.aggregates()[i].apk);
    let whole = whole.fold(bn254::G1::zero(), |sum, apk| {
        bn254::G1::add_affine(&sum, &apk)
    });
    let most = part.absent.iter().map(|absent| absent.times).max();
    let mut by_times = vec![bn254::G1::zero(); most.unwrap_or(0) as usize + 1];
    for absent in &part.absent {
        by_times[absent.times as usize] += absent.key;
    }
    bn254::G1::to_affine(&(whole - weighted::<bn254::G1>(&by_times)))
}

/// The signers' key from the set's own keys in G2, which are tied to those in G1 already. The
/// one that the certificate brings must be the same.
fn known_key(
    set: &OperatorSet,
    part: &Part,
    keys: &KeySums<bn254::G2>,
    supplied: Option<bn254::G2Affine>,
    sheet: &mut Sheet,
) -> Option<InSubgroup<bn254::G2>> {
    let (present, absent) = attendance(set, part);
    let sum = keys.sum(&part.aggregates, &present, &absent);
    let finite = if bn254::G2::is_zero(&sum) {
        Err(Reason::AggregateKeyInfinity)
    } else {
        Ok(sum)
    };
    let sum = sheet.note(Step::AggregateKey, Vec::new(), finite);
    sheet.rest(Step::KeyTie, sum.zip(supplied), |(sum, supplied)| {
        let difference = bn254::G2::add_affine(&sum, &bn254::G2::negate(&supplied));
        let same = if bn254::G2::is_zero(&difference) {
            Ok(InSubgroup::shown(supplied))
        } else {
            Err(Reason::SuppliedKeyOther)
        };
        (Vec::new(), same)
    })
}

/// The members who signed and those who did not, each as often as it is in the aggregates.
fn attendance(set: &OperatorSet, part: &Part) -> (Vec<u32>, Vec<u32>) {
    let times = |member: &Member| {
        let aggregates = part.aggregates.iter();
        aggregates.filter(|&&at| set.is_in(member, at)).count() as u32
    };
    let mut present: Vec<u32> = set.members().iter().map(times).collect();
    let mut absent = vec![0; present.len()];
    for seat in part.absent.iter().filter_map(|key| key.seat) {
        let seat = seat as usize;
        absent[seat] += std::mem::take(&mut present[seat]);
    }
    (present, absent)
}

#[cfg(test)]
mod tests {
    use ark_ff::Field;

    use super::*;

    #[test]
    fn multiples_of_the_generator_are_arkworks() {
        let small = (0..70u64).map(Fr::from);
        let large = (0..70u64).map(|n| -Fr::from(n * n));
        let mixed = (1..70u64).map(|n| Fr::from(n).inverse().expect("not zero"));
        for scalar in small.chain(large).chain(mixed) {
            assert_eq!(generator_times(scalar), bn254::G1::generator() * scalar);
        }
    }

    #[test]
    fn the_challenge_is_the_contracts() {
        // The signer 69 of EigenLayer's own tests on keccak("hello world"); the figure was
        // computed with py_ecc.
        let digest = keccak256(b"hello world");
        let times = |point: bn254::G1Affine| bn254::G1::to_affine(&bn254::G1::mul(&point, 69));
        let apk = times(bn254::G1::generator()).expect("finite");
        let point = hash_to_g1(&digest);
        let signature = Wire::Point(times(point).expect("finite"));
        let apk_g2 = bn254::G2::mul(&bn254::G2::generator(), 69);
        let apk_g2 = Wire::Point(bn254::G2::to_affine(&apk_g2).expect("finite"));
        let signed = Signed {
            digest,
            signature: &signature,
            apk_g2: &apk_g2,
            tie: Tie::Eigen,
        };
        let expected =
            "3117615047686008098826864784513513879492701687114675930388672258997613200972";
        assert_eq!(signed.challenge(&apk, &point).to_string(), expected);
        assert_eq!(
            signed
                .tied(
                    &apk,
                    &affine(&signature).expect("finite"),
                    &affine(&apk_g2).expect("finite")
                )
                .verdict(),
            tutti_types::Verdict::Valid
        );
    }
}
