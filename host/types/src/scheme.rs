use std::fmt;
use std::sync::Arc;

/// A domain separation tag: 1 to 255 bytes (RFC 9380 would hash a longer one; no system that
/// Tutti serves does so, and an empty tag separates nothing).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Dst(Arc<[u8]>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a domain separation tag has 1 to 255 bytes, this one has {0}")]
pub struct DstError(pub usize);

impl Dst {
    pub fn new(bytes: &[u8]) -> Result<Self, DstError> {
        match bytes.len() {
            1..=255 => Ok(Self(bytes.into())),
            n => Err(DstError(n)),
        }
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Dst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dst({})", self.0.escape_ascii())
    }
}

/// What a signature is and how its message becomes a point. A closed list, never inferred.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Keys in G1, signatures in G2, `BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_`: Ethereum.
    Bls12381MinPkPop,
    /// The same groups, `..._NUL_`: distinct messages only.
    Bls12381MinPkBasic,
    /// The same groups, `..._AUG_`: each signer's key is put before its message.
    Bls12381MinPkAug,
    /// Keys in G2, signatures in G1, RFC 9380 hash with the caller's tag.
    Bls12381MinSig(Dst),
    /// EigenLayer: keys in G2, signatures in G1, try-and-increment on a raw 32-byte digest.
    Bn254EigenTai,
    /// Symbiotic: keccak-256 of the message, then EigenLayer's try-and-increment.
    Bn254KeccakTai,
    /// RFC 9380 (SVDW) hash to G1 with the caller's tag, as gnark does.
    Bn254Rfc9380(Dst),
}

/// Which curve and which way round: what decides the arithmetic, and so what may share a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum World {
    Bls12381MinPk,
    Bls12381MinSig,
    Bn254,
}

impl World {
    pub const ALL: [Self; 3] = [Self::Bls12381MinPk, Self::Bls12381MinSig, Self::Bn254];
}

impl Scheme {
    pub const fn world(&self) -> World {
        match self {
            Self::Bls12381MinPkPop | Self::Bls12381MinPkBasic | Self::Bls12381MinPkAug => {
                World::Bls12381MinPk
            }
            Self::Bls12381MinSig(_) => World::Bls12381MinSig,
            Self::Bn254EigenTai | Self::Bn254KeccakTai | Self::Bn254Rfc9380(_) => World::Bn254,
        }
    }

    pub const fn name(&self) -> &'static str {
        match self {
            Self::Bls12381MinPkPop => "bls12381-min-pk-pop",
            Self::Bls12381MinPkBasic => "bls12381-min-pk-basic",
            Self::Bls12381MinPkAug => "bls12381-min-pk-aug",
            Self::Bls12381MinSig(_) => "bls12381-min-sig",
            Self::Bn254EigenTai => "bn254-eigen-tai",
            Self::Bn254KeccakTai => "bn254-keccak-tai",
            Self::Bn254Rfc9380(_) => "bn254-rfc9380",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_bounded() {
        assert_eq!(Dst::new(b""), Err(DstError(0)));
        assert_eq!(Dst::new(&[b'x'; 256]), Err(DstError(256)));
        assert!(Dst::new(&[b'x'; 255]).is_ok());
    }
}
