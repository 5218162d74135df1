use alloy_primitives::{Address, B256, keccak256};
use tutti_curves::{Group, Member, bls12_381, bn254};
use tutti_types::{Encoding, InvalidReason};

use crate::encoding::Canonical;
use crate::key_check::{KeyCheck, KeysUndecided, checked};

/// An operator's key, checked: on the curve, in the subgroup, not infinity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Key {
    /// EigenLayer, Symbiotic: the registered key is in G1; its twin in G2 may be known.
    Bn254 {
        g1: Member<bn254::G1>,
        g2: Option<Member<bn254::G2>>,
    },
    /// Ethereum, Avalanche.
    Bls12381(Member<bls12_381::G1>),
    Ecdsa(Address),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum KeyKind {
    Bn254 = 1,
    Bls12381 = 2,
    Ecdsa = 3,
}

/// What is known of an operator's holding the secret behind its key. Keys may be added up to
/// verify one message of many only where it is known: else a key chosen as the difference to
/// others' signs for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Possession {
    /// A proof was verified here, when the set was made.
    Verified = 1,
    /// The registry that the set comes from demands a proof of everyone.
    AttestedBySource = 2,
    None = 3,
}

impl Key {
    /// From the words of EIP-196 and EIP-197.
    pub fn bn254(g1: &[u8], g2: Option<&[u8]>) -> Result<Self, InvalidReason> {
        let g1 = Member::parse(Encoding::Eip197, g1)?;
        let g2 = g2
            .map(|bytes| Member::parse(Encoding::Eip197, bytes))
            .transpose()?;
        Ok(Self::Bn254 { g1, g2 })
    }

    /// From 48 compressed bytes.
    pub fn bls12381(compressed: &[u8]) -> Result<Self, InvalidReason> {
        Member::parse(Encoding::ZcashCompressed, compressed).map(Self::Bls12381)
    }

    /// The same of many, which a backend checks at once.
    pub fn bls12381_all<'a>(
        compressed: impl Iterator<Item = &'a [u8]>,
        check: &dyn KeyCheck,
    ) -> Result<Vec<Result<Self, InvalidReason>>, KeysUndecided> {
        let read = compressed.map(|key| bls12_381::G1::parse(Encoding::ZcashCompressed, key));
        let keys = checked(read.collect(), |keys| check.bls12381(keys))?;
        Ok(keys
            .into_iter()
            .map(|key| key.map(Self::Bls12381))
            .collect())
    }

    /// The same of many keys with their twins. Points of G1 on the curve are in the group.
    pub fn bn254_all<'a>(
        keys: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>,
        check: &dyn KeyCheck,
    ) -> Result<Vec<Result<Self, InvalidReason>>, KeysUndecided> {
        let (g1, twins): (Vec<_>, Vec<_>) = keys
            .map(|(g1, g2)| {
                let twin = g2.map(|bytes| bn254::G2::parse(Encoding::Eip197, bytes));
                (Member::parse(Encoding::Eip197, g1), twin)
            })
            .unzip();
        let read = twins.iter().filter_map(|twin| *twin).collect();
        let mut checked = checked(read, |twins| check.bn254_twins(twins))?.into_iter();
        let key = |(g1, twin): (Result<_, InvalidReason>, Option<_>)| {
            let g2 = twin.and_then(|_| checked.next()).transpose();
            Ok(Self::Bn254 { g1: g1?, g2: g2? })
        };
        Ok(g1.into_iter().zip(twins).map(key).collect())
    }

    pub const fn kind(&self) -> KeyKind {
        match self {
            Self::Bn254 { .. } => KeyKind::Bn254,
            Self::Bls12381(_) => KeyKind::Bls12381,
            Self::Ecdsa(_) => KeyKind::Ecdsa,
        }
    }

    /// EigenLayer's operator id for BN254; the hash of the compressed key for BLS12-381; the
    /// address, padded on the left. Coordinates are canonical, so a key has one id.
    pub fn id(&self) -> B256 {
        match self {
            Self::Bn254 { g1, .. } => g1_hash(g1.point()),
            Self::Bls12381(key) => keccak256(bls12_381::G1::encode(
                Some(key.point()),
                Encoding::ZcashCompressed,
            )),
            Self::Ecdsa(address) => address.into_word(),
        }
    }

    pub(crate) fn write(&self, out: &mut Canonical) {
        out.byte(self.kind() as u8);
        match self {
            Self::Bn254 { g1, g2 } => {
                out.fixed(&bn254::G1::encode(Some(g1.point()), Encoding::Eip197));
                match g2 {
                    None => out.byte(0),
                    Some(g2) => out
                        .byte(1)
                        .fixed(&bn254::G2::encode(Some(g2.point()), Encoding::Eip197)),
                };
            }
            Self::Bls12381(key) => {
                out.fixed(&bls12_381::G1::encode(
                    Some(key.point()),
                    Encoding::ZcashCompressed,
                ));
            }
            Self::Ecdsa(address) => {
                out.fixed(address.as_slice());
            }
        }
    }
}

/// `BN254.hashG1Point`.
pub(crate) fn g1_hash(point: &bn254::G1Affine) -> B256 {
    keccak256(bn254::G1::encode(Some(point), Encoding::Eip197))
}
