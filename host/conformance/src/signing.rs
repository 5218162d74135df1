//! What the subject cannot be asked, since no RPC signs: the other half of a `sign` case, and
//! which points lie outside the subgroup. All with blst's own safe API.

use blst::{min_pk, min_sig};
use tutti_types::{GroupId, Scheme};

/// r - 1, whose public key is the negated generator.
const MINUS_ONE: [u8; 32] = [
    0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8, 0x08, 0x09, 0xa1, 0xd8, 0x05,
    0x53, 0xbd, 0xa4, 0x02, 0xff, 0xfe, 0x5b, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
];

/// A secret key that blst takes: 32 bytes, not zero, below r.
pub(crate) struct Signer {
    key: min_pk::SecretKey,
    public: min_pk::PublicKey,
}

impl Signer {
    pub(crate) fn from_bytes(secret: &[u8]) -> Option<Self> {
        let key = min_pk::SecretKey::from_bytes(secret).ok()?;
        let public = key.sk_to_pk();
        Some(Self { key, public })
    }

    pub(crate) fn public_compressed(&self) -> Vec<u8> {
        self.public.compress().to_vec()
    }

    pub(crate) fn public_eip2537(&self) -> Vec<u8> {
        words(&self.public.serialize(), &[0, 1])
    }

    /// The message with what the scheme puts before it.
    pub(crate) fn signed_bytes(&self, scheme: &Scheme, message: &[u8]) -> Vec<u8> {
        let mut bytes = match scheme {
            Scheme::Bls12381MinPkAug => self.public_compressed(),
            _ => Vec::new(),
        };
        bytes.extend_from_slice(message);
        bytes
    }

    pub(crate) fn sign(&self, scheme: &Scheme, message: &[u8]) -> min_pk::Signature {
        let bytes = self.signed_bytes(scheme, message);
        self.key.sign(&bytes, tag(scheme), &[])
    }
}

/// The tag of a min-pk scheme.
pub(crate) const fn tag(scheme: &Scheme) -> &'static [u8] {
    match scheme {
        Scheme::Bls12381MinPkBasic => b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_",
        Scheme::Bls12381MinPkAug => b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_AUG_",
        _ => b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_",
    }
}

pub(crate) fn signature_eip2537(signature: &min_pk::Signature) -> Vec<u8> {
    words(&signature.serialize(), &[1, 0, 3, 2])
}

pub(crate) fn minus_generator_eip2537() -> Vec<u8> {
    let signer = Signer::from_bytes(&MINUS_ONE).expect("r - 1 is a secret key");
    signer.public_eip2537()
}

/// EIP-2537's 64-byte words from the 48-byte ones of blst, taken in the given order.
fn words(coordinates: &[u8], order: &[usize]) -> Vec<u8> {
    order
        .iter()
        .flat_map(|at| {
            let word = &coordinates[48 * at..48 * (at + 1)];
            [&[0; 16], word].concat()
        })
        .collect()
}

/// Whether an EIP-2537 point lies in the subgroup of order r. Infinity does.
pub(crate) fn is_in_subgroup(group: GroupId, point: &[u8]) -> bool {
    if point.iter().all(|byte| *byte == 0) {
        return true;
    }
    let word = |at: usize| &point[64 * at + 16..64 * (at + 1)];
    match group {
        GroupId::G1 => min_sig::Signature::deserialize(&[word(0), word(1)].concat())
            .is_ok_and(|point| point.subgroup_check()),
        GroupId::G2 => {
            let bytes = [word(1), word(0), word(3), word(2)].concat();
            min_pk::Signature::deserialize(&bytes).is_ok_and(|point| point.subgroup_check())
        }
    }
}
