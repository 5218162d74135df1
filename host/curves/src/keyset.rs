use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use tutti_types::Encoding;

use crate::group::{Group, Member};

/// SHA-256 of `"tutti.v1.KeySet" || curve || group || count || keys`: the curve as one byte (1
/// BLS12-381, 2 BN254), the group as one (1 or 2), the count as 8 bytes big endian, the keys
/// in their curve's canonical encoding.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeySetId(pub [u8; 32]);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    #[error("a key set id is 32 bytes, written as 64 hexadecimal digits")]
    MalformedId,
}

impl fmt::Display for KeySetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeySetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeySetId({self})")
    }
}

impl FromStr for KeySetId {
    type Err = KeySetError;

    fn from_str(text: &str) -> Result<Self, KeySetError> {
        let digits: Option<Vec<u8>> = text
            .chars()
            .map(|c| c.to_digit(16).map(|d| d as u8))
            .collect();
        let digits = digits
            .filter(|d| d.len() == 64)
            .ok_or(KeySetError::MalformedId)?;
        Ok(Self(std::array::from_fn(|i| {
            digits[2 * i] << 4 | digits[2 * i + 1]
        })))
    }
}

/// Keys that were decompressed and checked once, named by index from then on. Immutable.
#[derive(Debug)]
pub struct KeySet<G: Group> {
    id: KeySetId,
    keys: Vec<G::Affine>,
}

impl<G: Group> KeySet<G> {
    pub fn new(members: Vec<Member<G>>) -> Self {
        let keys: Vec<_> = members.into_iter().map(|member| *member.point()).collect();
        let mut hash = Sha256::new();
        hash.update(b"tutti.v1.KeySet");
        hash.update([G::CURVE as u8 + 1, G::ID as u8 + 1]);
        hash.update((keys.len() as u64).to_be_bytes());
        for key in &keys {
            hash.update(G::encode(Some(key), Encoding::canonical(G::CURVE)));
        }
        Self {
            id: KeySetId(hash.finalize().into()),
            keys,
        }
    }

    pub const fn id(&self) -> KeySetId {
        self.id
    }

    /// All in the subgroup.
    pub fn keys(&self) -> &[G::Affine] {
        &self.keys
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}
