use sha3::{Digest, Keccak256};
use tutti_types::{HashVariant, InvalidReason, Scheme};

use crate::group::Group;
use crate::{bls12_381, bn254};

const POP: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
const BASIC: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_";
const AUG: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_AUG_";

/// How bytes become a point of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hashing<'a> {
    Rfc9380 {
        variant: HashVariant,
        dst: &'a [u8],
    },
    /// BN254 G1: EigenLayer's, on a raw 32-byte digest.
    TryAndIncrement,
    /// BN254 G1: keccak-256 first.
    KeccakTryAndIncrement,
}

impl<'a> Hashing<'a> {
    /// What a scheme signs with.
    pub fn of_scheme(scheme: &'a Scheme) -> Self {
        let oracle = |dst| Self::Rfc9380 {
            variant: HashVariant::RandomOracle,
            dst,
        };
        match scheme {
            Scheme::Bls12381MinPkPop => oracle(POP),
            Scheme::Bls12381MinPkBasic => oracle(BASIC),
            Scheme::Bls12381MinPkAug => oracle(AUG),
            Scheme::Bls12381MinSig(dst) | Scheme::Bn254Rfc9380(dst) => oracle(dst.as_bytes()),
            Scheme::Bn254EigenTai => Self::TryAndIncrement,
            Scheme::Bn254KeccakTai => Self::KeccakTryAndIncrement,
        }
    }
}

/// What is hashed, or mapped past the hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapInput<'a> {
    Message(&'a [u8]),
    /// One field element, big endian; for G2 two, real part first.
    Element(&'a [u8]),
}

/// The groups that messages are hashed to. The result is in the subgroup.
pub trait PointHash: Group {
    /// The reason is `MessageLength` for a digest of a wrong length, `BadEncoding` where this
    /// group has no such hash, `Infinity` where the result is the point at infinity.
    fn hash(
        hashing: Hashing<'_>,
        message: &[u8],
        augmentation: &[u8],
    ) -> Result<Self::Affine, InvalidReason>;

    /// RFC 9380's map with cofactor clearing. `None` is infinity.
    fn map(element: &[u8]) -> Result<Option<Self::Affine>, InvalidReason>;
}

fn one_element<const N: usize>(bytes: &[u8]) -> Result<[u8; N], InvalidReason> {
    bytes.try_into().map_err(|_| InvalidReason::MalformedLength)
}

fn two_elements<const N: usize>(bytes: &[u8]) -> Result<[[u8; N]; 2], InvalidReason> {
    if bytes.len() != 2 * N {
        return Err(InvalidReason::MalformedLength);
    }
    Ok([one_element(&bytes[..N])?, one_element(&bytes[N..])?])
}

macro_rules! impl_bls_hash {
    ($group:ty, $hash:path) => {
        fn hash(
            hashing: Hashing<'_>,
            message: &[u8],
            augmentation: &[u8],
        ) -> Result<Self::Affine, InvalidReason> {
            let Hashing::Rfc9380 { variant, dst } = hashing else {
                return Err(InvalidReason::BadEncoding);
            };
            let sum = $hash(variant, message, dst, augmentation);
            <$group>::to_affine(&sum).ok_or(InvalidReason::Infinity)
        }
    };
}

impl PointHash for bls12_381::G1 {
    impl_bls_hash!(bls12_381::G1, bls12_381::hash_to_g1);

    fn map(element: &[u8]) -> Result<Option<Self::Affine>, InvalidReason> {
        let sum = bls12_381::map_to_g1(&one_element(element)?)?;
        Ok(Self::to_affine(&sum))
    }
}

impl PointHash for bls12_381::G2 {
    impl_bls_hash!(bls12_381::G2, bls12_381::hash_to_g2);

    fn map(element: &[u8]) -> Result<Option<Self::Affine>, InvalidReason> {
        let sum = bls12_381::map_to_g2(&two_elements(element)?)?;
        Ok(Self::to_affine(&sum))
    }
}

impl PointHash for bn254::G1 {
    fn hash(
        hashing: Hashing<'_>,
        message: &[u8],
        augmentation: &[u8],
    ) -> Result<Self::Affine, InvalidReason> {
        let whole = [augmentation, message].concat();
        match hashing {
            Hashing::Rfc9380 { variant, dst } => {
                bn254::hash_to_g1(variant, &whole, dst).ok_or(InvalidReason::Infinity)
            }
            Hashing::TryAndIncrement => {
                let digest: &[u8; 32] = whole[..]
                    .try_into()
                    .map_err(|_| InvalidReason::MessageLength)?;
                Ok(bn254::try_and_increment(digest))
            }
            Hashing::KeccakTryAndIncrement => {
                Ok(bn254::try_and_increment(&Keccak256::digest(&whole).into()))
            }
        }
    }

    fn map(element: &[u8]) -> Result<Option<Self::Affine>, InvalidReason> {
        bn254::map_to_g1(&one_element(element)?).map(Some)
    }
}

impl PointHash for bn254::G2 {
    fn hash(
        hashing: Hashing<'_>,
        message: &[u8],
        augmentation: &[u8],
    ) -> Result<Self::Affine, InvalidReason> {
        let Hashing::Rfc9380 { variant, dst } = hashing else {
            return Err(InvalidReason::BadEncoding);
        };
        let whole = [augmentation, message].concat();
        bn254::hash_to_g2(variant, &whole, dst).ok_or(InvalidReason::Infinity)
    }

    fn map(element: &[u8]) -> Result<Option<Self::Affine>, InvalidReason> {
        bn254::map_to_g2(&two_elements(element)?)
    }
}
