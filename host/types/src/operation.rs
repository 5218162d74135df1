use crate::World;

/// What a batch does. One batch does one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    Verify(World),
    HashToCurve,
    PairingCheck,
    Aggregate,
    /// Decompression and subgroup check of keys that become a key set.
    CheckKeys,
}

impl Operation {
    pub const ALL: [Self; 7] = [
        Self::Verify(World::Bls12381MinPk),
        Self::Verify(World::Bls12381MinSig),
        Self::Verify(World::Bn254),
        Self::HashToCurve,
        Self::PairingCheck,
        Self::Aggregate,
        Self::CheckKeys,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Verify(World::Bls12381MinPk) => "verify-bls12381-min-pk",
            Self::Verify(World::Bls12381MinSig) => "verify-bls12381-min-sig",
            Self::Verify(World::Bn254) => "verify-bn254",
            Self::HashToCurve => "hash-to-curve",
            Self::PairingCheck => "pairing-check",
            Self::Aggregate => "aggregate",
            Self::CheckKeys => "check-keys",
        }
    }
}

/// Lanes are served strictly in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    Urgent,
    #[default]
    Normal,
    Bulk,
}

impl Priority {
    pub const ALL: [Self; 3] = [Self::Urgent, Self::Normal, Self::Bulk];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::Normal => "normal",
            Self::Bulk => "bulk",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CurveId {
    Bls12381,
    Bn254,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupId {
    G1,
    G2,
}

/// RFC 9380's two constructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HashVariant {
    /// `hash_to_curve`: indistinguishable from a random oracle.
    RandomOracle,
    /// `encode_to_curve`: one map, not uniform.
    NonUniform,
}

/// How a point stands in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// BLS12-381: 48 / 96 bytes, three flag bits, G2's imaginary part first (IETF, Ethereum).
    ZcashCompressed,
    /// BLS12-381: 96 / 192 bytes with the same flags.
    ZcashUncompressed,
    /// BLS12-381: 64-byte words with 16 zero bytes in front, G2's real part first, zeros for infinity.
    Eip2537,
    /// BN254: 64 / 128 bytes, G2's imaginary part first, zeros for infinity (EIP-196, EIP-197).
    Eip197,
    /// BN254: 64 / 128 bytes, G2's real part first, zeros for infinity (eigensdk-go).
    Eigensdk,
    /// BN254: arkworks uncompressed, little endian, flags in the last byte (eigensdk-rs).
    ArkUncompressed,
    /// BN254: gnark compressed, 32 / 64 bytes, two flag bits, G2's imaginary part first.
    GnarkCompressed,
}

impl Encoding {
    pub const fn curve(self) -> CurveId {
        match self {
            Self::ZcashCompressed | Self::ZcashUncompressed | Self::Eip2537 => CurveId::Bls12381,
            _ => CurveId::Bn254,
        }
    }

    pub const fn len(self, group: GroupId) -> usize {
        let g1 = match self {
            Self::ZcashCompressed => 48,
            Self::ZcashUncompressed => 96,
            Self::Eip2537 => 128,
            Self::Eip197 | Self::Eigensdk | Self::ArkUncompressed => 64,
            Self::GnarkCompressed => 32,
        };
        match group {
            GroupId::G1 => g1,
            GroupId::G2 => 2 * g1,
        }
    }

    /// What the curve's own world uses on the wire.
    pub const fn canonical(curve: CurveId) -> Self {
        match curve {
            CurveId::Bls12381 => Self::ZcashCompressed,
            CurveId::Bn254 => Self::Eip197,
        }
    }
}

impl World {
    pub const fn curve(self) -> CurveId {
        match self {
            Self::Bls12381MinPk | Self::Bls12381MinSig => CurveId::Bls12381,
            Self::Bn254 => CurveId::Bn254,
        }
    }

    pub const fn key_group(self) -> GroupId {
        match self {
            Self::Bls12381MinPk => GroupId::G1,
            Self::Bls12381MinSig | Self::Bn254 => GroupId::G2,
        }
    }

    pub const fn signature_group(self) -> GroupId {
        match self {
            Self::Bls12381MinPk => GroupId::G2,
            Self::Bls12381MinSig | Self::Bn254 => GroupId::G1,
        }
    }
}
