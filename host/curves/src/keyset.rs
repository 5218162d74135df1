use sha2::{Digest, Sha256};
use tutti_types::{Encoding, KeySetId};

use crate::group::{Group, Member};

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
