//! The structs that contracts take and give, and bytes to certificates.

use alloy_primitives::U256;
use alloy_sol_types::abi::TokenSeq;
use alloy_sol_types::{SolCall, SolType, SolValue, sol};
use tutti_curves::{Group, Wire, bn254};
use tutti_types::{Encoding, InvalidReason};

sol! {
    #[derive(Debug, PartialEq, Eq)]
    struct G1Point { uint256 X; uint256 Y; }
    #[derive(Debug, PartialEq, Eq)]
    struct G2Point { uint256[2] X; uint256[2] Y; }

    #[derive(Debug, PartialEq, Eq)]
    struct NonSignerStakesAndSignature {
        uint32[] nonSignerQuorumBitmapIndices;
        G1Point[] nonSignerPubkeys;
        G1Point[] quorumApks;
        G2Point apkG2;
        G1Point sigma;
        uint32[] quorumApkIndices;
        uint32[] totalStakeIndices;
        uint32[][] nonSignerStakeIndices;
    }

    /// `BLSSignatureChecker`.
    #[derive(Debug, PartialEq, Eq)]
    function checkSignatures(
        bytes32 msgHash,
        bytes quorumNumbers,
        uint32 referenceBlockNumber,
        NonSignerStakesAndSignature params
    );

    /// `MachServiceManager` before alerts named their rollup.
    interface MachLegacy {
        struct AlertHeader {
            bytes32 messageHash;
            bytes quorumNumbers;
            bytes quorumThresholdPercentages;
            uint32 referenceBlockNumber;
        }
        function confirmAlert(
            AlertHeader alertHeader,
            NonSignerStakesAndSignature nonSignerStakesAndSignature
        );
    }

    /// `MachServiceManager` now.
    interface MachChainBound {
        struct AlertHeader {
            bytes32 messageHash;
            bytes quorumNumbers;
            bytes quorumThresholdPercentages;
            uint32 referenceBlockNumber;
            uint256 rollupChainID;
        }
        function confirmAlert(
            AlertHeader alertHeader,
            NonSignerStakesAndSignature nonSignerStakesAndSignature
        );
    }

    #[derive(Debug, PartialEq, Eq)]
    struct BN254OperatorInfo { G1Point pubkey; uint256[] weights; }
    #[derive(Debug, PartialEq, Eq)]
    struct BN254OperatorInfoWitness {
        uint32 operatorIndex;
        bytes operatorInfoProof;
        BN254OperatorInfo operatorInfo;
    }
    #[derive(Debug, PartialEq, Eq)]
    struct BN254Certificate {
        uint32 referenceTimestamp;
        bytes32 messageHash;
        G1Point signature;
        G2Point apk;
        BN254OperatorInfoWitness[] nonSignerWitnesses;
    }

    #[derive(Debug, PartialEq, Eq)]
    struct BN254OperatorSetInfo {
        bytes32 operatorInfoTreeRoot;
        uint256 numOperators;
        G1Point aggregatePubkey;
        uint256[] totalWeights;
    }
    #[derive(Debug, PartialEq, Eq)]
    struct ECDSAOperatorInfo { address pubkey; uint256[] weights; }
    #[derive(Debug, PartialEq, Eq)]
    struct OperatorSetKey { address avs; uint32 id; }
    #[derive(Debug, PartialEq, Eq)]
    struct OperatorSetConfig { address owner; uint32 maxStalenessPeriod; }
    /// What `abi.encode` of these four gives is an operator table.
    #[derive(Debug, PartialEq, Eq)]
    struct OperatorTable {
        OperatorSetKey operatorSet;
        uint8 curveType;
        OperatorSetConfig config;
        bytes operatorSetInfo;
    }
}

/// The same of a call's data, selector included.
pub(crate) fn decode_call<T: SolCall>(data: &[u8]) -> Result<T, DecodeError> {
    bounded(data)?;
    let call = T::abi_decode_validate(data).map_err(|fault| DecodeError::Abi(fault.to_string()))?;
    if call.abi_encode() != data {
        return Err(DecodeError::NotCanonical);
    }
    Ok(call)
}

/// Decodes strictly: the bytes must be those that a compiler makes of the value.
pub(crate) fn decode<T>(bytes: &[u8]) -> Result<T, DecodeError>
where
    T: SolValue + From<<T::SolType as SolType>::RustType>,
{
    bounded(bytes)?;
    let value =
        T::abi_decode_validate(bytes).map_err(|fault| DecodeError::Abi(fault.to_string()))?;
    if value.abi_encode() != bytes {
        return Err(DecodeError::NotCanonical);
    }
    Ok(value)
}

/// Why bytes are not a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("the ABI encoding is malformed: {0}")]
    Abi(String),
    #[error(
        "the ABI encoding is not the one a compiler makes: offsets, padding or trailing bytes differ"
    )]
    NotCanonical,
    #[error("offsets of the ABI encoding point past its end or to one list several times")]
    Aliased,
    #[error("the RLP encoding is malformed: {0}")]
    Rlp(String),
    #[error("{bytes} bytes are more than the {limit} that a certificate may have")]
    TooLarge { bytes: usize, limit: usize },
    #[error("{field} {index} is no point: {reason:?}")]
    Point {
        field: &'static str,
        index: usize,
        reason: InvalidReason,
    },
    #[error("the bytes end inside {field}")]
    Ends { field: &'static str },
    #[error("{field} is not the number it must be")]
    Number { field: &'static str },
    #[error("{found} bytes are not the {expected} that this encoding has")]
    Length { expected: usize, found: usize },
    #[error("version {0} of this certificate is not known here")]
    UnknownVersion(u64),
}

/// The largest certificate: `EigenLayer` admits 200 operators to a quorum, each of which takes
/// less than a kilobyte as a witness with its proof.
pub(crate) const BYTES_MAX: usize = 1 << 20;

pub(crate) fn bounded(bytes: &[u8]) -> Result<(), DecodeError> {
    if bytes.len() > BYTES_MAX {
        return Err(DecodeError::TooLarge {
            bytes: bytes.len(),
            limit: BYTES_MAX,
        });
    }
    Ok(())
}

/// The same of values that stand one after the other.
pub(crate) fn decode_params<T>(bytes: &[u8]) -> Result<T, DecodeError>
where
    T: SolValue + From<<T::SolType as SolType>::RustType>,
    for<'a> <T::SolType as SolType>::Token<'a>: TokenSeq<'a>,
{
    bounded(bytes)?;
    let value = T::abi_decode_params_validate(bytes)
        .map_err(|fault| DecodeError::Abi(fault.to_string()))?;
    if value.abi_encode_params() != bytes {
        return Err(DecodeError::NotCanonical);
    }
    Ok(value)
}

pub(crate) fn g1(
    field: &'static str,
    index: usize,
    point: &G1Point,
) -> Result<Wire<bn254::G1>, DecodeError> {
    let words = [point.X, point.Y].map(|word| word.to_be_bytes::<32>());
    bn254::G1::parse(Encoding::Eip197, words.as_flattened()).map_err(|reason| DecodeError::Point {
        field,
        index,
        reason,
    })
}

pub(crate) fn g2(field: &'static str, point: &G2Point) -> Result<Wire<bn254::G2>, DecodeError> {
    let words = [point.X, point.Y].map(|halves| halves.map(|word| word.to_be_bytes::<32>()));
    bn254::G2::parse(Encoding::Eip197, words.as_flattened().as_flattened()).map_err(|reason| {
        DecodeError::Point {
            field,
            index: 0,
            reason,
        }
    })
}

pub(crate) fn g1_words(wire: &Wire<bn254::G1>) -> G1Point {
    let bytes = g1_bytes(wire);
    G1Point {
        X: word(&bytes, 0),
        Y: word(&bytes, 1),
    }
}

pub(crate) fn g2_words(wire: &Wire<bn254::G2>) -> G2Point {
    let bytes = g2_bytes(wire);
    G2Point {
        X: [word(&bytes, 0), word(&bytes, 1)],
        Y: [word(&bytes, 2), word(&bytes, 3)],
    }
}

/// EIP-196's 64 bytes. Points of certificates are uncompressed, so they have coordinates.
pub(crate) fn g1_bytes(wire: &Wire<bn254::G1>) -> Vec<u8> {
    bn254::G1::encode(affine(wire).as_ref(), Encoding::Eip197)
}

/// EIP-197's 128 bytes.
pub(crate) fn g2_bytes(wire: &Wire<bn254::G2>) -> Vec<u8> {
    bn254::G2::encode(affine(wire).as_ref(), Encoding::Eip197)
}

pub(crate) fn affine<G: Group>(wire: &Wire<G>) -> Option<G::Affine> {
    wire.point().ok().flatten()
}

fn word(bytes: &[u8], at: usize) -> U256 {
    U256::from_be_slice(&bytes[32 * at..32 * (at + 1)])
}
