use alloy_primitives::{Address, B256, keccak256};
use k256::ecdsa::{RecoveryId, Signature as Scalars, VerifyingKey};

/// An ECDSA signature on secp256k1, as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    pub r: [u8; 32],
    pub s: [u8; 32],
    pub v: u8,
}

/// What is wrong with one signature of a list, or with its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EcdsaFault {
    #[error("signature {place} has the recovery value {v}")]
    RecoveryValue { place: u32, v: u8 },
    #[error("signature {0} has the upper of two possible values of s")]
    HighS(u32),
    #[error("signature {0} is of no key")]
    NotASignature(u32),
    #[error("signature {place} is by {signer}, who is not a member behind the one before")]
    NotInOrder { place: u32, signer: Address },
    #[error("signature {place} is by {signer}, not by the member it names")]
    OtherSigner { place: u32, signer: Address },
    #[error("signature {0} does not come after the one before it")]
    Unordered(u32),
    #[error("the set expired at {expired_at}, it is {present} now")]
    SetExpired { expired_at: u64, present: u64 },
}

/// Which values of v stand for which of the keys that a signature could be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recovery {
    /// `ecrecover`: 27 and 28.
    Evm,
    /// 0 and 1, which contracts add 27 to.
    Parity,
    /// Substrate: 0 to 3.
    Full,
}

/// For each signature (r, s) there is (r, -s) by the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Malleability {
    /// The lower s only: `OpenZeppelin`'s library.
    Refused,
    /// Both: `ecrecover` itself, Substrate.
    Accepted,
}

impl Signature {
    /// r, s, v.
    pub fn from_bytes(bytes: &[u8; 65]) -> Self {
        let (r, rest) = bytes.split_first_chunk().expect("65 bytes");
        let (s, v) = rest.split_first_chunk().expect("33 bytes");
        Self {
            r: *r,
            s: *s,
            v: v[0],
        }
    }

    pub fn to_bytes(&self) -> [u8; 65] {
        let mut bytes = [self.v; 65];
        bytes[..32].copy_from_slice(&self.r);
        bytes[32..64].copy_from_slice(&self.s);
        bytes
    }

    /// Whose signature this is, the `place`th of its list.
    pub(super) fn signer(
        &self,
        digest: B256,
        place: u32,
        recovery: Recovery,
        malleability: Malleability,
    ) -> Result<Address, EcdsaFault> {
        let id = self
            .recovery_id(recovery)
            .ok_or(EcdsaFault::RecoveryValue { place, v: self.v })?;
        let none = |_| EcdsaFault::NotASignature(place);
        let scalars = Scalars::from_scalars(self.r, self.s).map_err(none)?;
        let lower = scalars.normalize_s();
        if lower == scalars {
            return recover(digest, &scalars, id).map_err(none);
        }
        if malleability == Malleability::Refused {
            return Err(EcdsaFault::HighS(place));
        }
        let id = RecoveryId::new(!id.is_y_odd(), id.is_x_reduced());
        recover(digest, &lower, id).map_err(none)
    }

    fn recovery_id(&self, recovery: Recovery) -> Option<RecoveryId> {
        let (first, values) = match recovery {
            Recovery::Evm => (27, 2),
            Recovery::Parity => (0, 2),
            Recovery::Full => (0, 4),
        };
        let id = self.v.checked_sub(first).filter(|id| *id < values)?;
        RecoveryId::from_byte(id)
    }
}

fn recover(digest: B256, scalars: &Scalars, id: RecoveryId) -> Result<Address, k256::ecdsa::Error> {
    let key = VerifyingKey::recover_from_prehash(digest.as_slice(), scalars, id)?;
    let point = key.to_sec1_point(false);
    let hash = keccak256(&point.as_bytes()[1..]);
    Ok(Address::from_slice(&hash[12..]))
}
