use crate::abi::Encoder;
use crate::ethereum::{DomainType, SigningDomain};
use crate::hash::{keccak256, sha256};
use crate::{Binding, Bytes32, Kind, Statement, StatementError, UpstreamHash};

/// How a statement's own hash becomes the 32 bytes that are signed. Named by the caller, never
/// guessed: the same hash under another context is another message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SigningContext {
    /// The upstream hash is what is signed.
    Raw,
    /// Ethereum's consensus: SHA-256 of the root and the domain.
    Ethereum(SigningDomain),
    /// `EigenLayer`'s multichain certificates. Binds neither chain nor operator set.
    EigenCertificate { reference_timestamp: u32 },
    /// MACH's first header: no chain in it.
    MachLegacy { reference_block_number: u32 },
    /// MACH's second header, with the rollup's chain id: the statement's chain.
    MachChainBound { reference_block_number: u32 },
    /// Ethereum's `personal_sign` of 32 bytes.
    Eip191,
    /// Hyperlane's validators: EIP-191 over the checkpoint's hash.
    Hyperlane,
    /// Wormhole's guardians: keccak once more.
    Wormhole,
    /// BEEFY's validators: the hash of the commitment itself.
    Beefy,
}

/// The 32 bytes that go to the hash-to-curve or to ECDSA.
///
/// It has no equality, on purpose. Try-and-increment hashing sends `d`, `d + p` and neighbours
/// of `d` to one point, and an upstream hash does not say what kind of statement it is of.
/// Compare statements:
///
/// ```compile_fail
/// use tutti_statements::{SigningContext, Statement};
/// let signed = |n| SigningContext::Raw.digest(&Statement::opaque([n; 32])).unwrap();
/// assert!(signed(4) != signed(5));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SignedDigest(Bytes32);

impl SignedDigest {
    pub fn as_bytes(&self) -> &Bytes32 {
        &self.0
    }
}

/// keccak("BN254Certificate(uint32 referenceTimestamp,bytes32 messageHash)") is the first word.
const EIGEN_CERTIFICATE_TYPE: &[u8] =
    b"BN254Certificate(uint32 referenceTimestamp,bytes32 messageHash)";

impl SigningContext {
    /// What the signers of this statement signed. Refused where no system signs such a
    /// statement in such a way: a digest made nevertheless would mean something else.
    pub fn digest(&self, statement: &Statement) -> Result<SignedDigest, StatementError> {
        let kind = statement.kind();
        if !self.fits(kind) {
            return Err(StatementError::WrongContext {
                kind,
                context: self.name(),
            });
        }
        Ok(SignedDigest(self.wrap(statement)))
    }

    pub const fn name(&self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Ethereum(_) => "ethereum",
            Self::EigenCertificate { .. } => "eigen-certificate",
            Self::MachLegacy { .. } => "mach-legacy",
            Self::MachChainBound { .. } => "mach-chain-bound",
            Self::Eip191 => "eip-191",
            Self::Hyperlane => "hyperlane",
            Self::Wormhole => "wormhole",
            Self::Beefy => "beefy",
        }
    }

    /// Whether the signed bytes say which chain they are for, by the statement or by the context.
    pub fn chain_binding(&self, statement: &Statement) -> Binding {
        match self {
            Self::Ethereum(_) | Self::MachChainBound { .. } => Binding::Signed,
            _ => statement.envelope().chain_binding,
        }
    }

    fn fits(&self, kind: Kind) -> bool {
        let message_layer = matches!(
            kind,
            Kind::HyperlaneCheckpoint | Kind::WormholeMessage | Kind::BeefyCommitment
        );
        let consensus = matches!(kind, Kind::EthAttestation | Kind::EthBlockRoot);
        let alert = matches!(
            kind,
            Kind::MachBlockMismatch | Kind::MachOutputOracleMismatch | Kind::MachBlockHashMismatch
        );
        // An opaque digest is whatever its caller says; it proves nothing anyway.
        kind == Kind::Opaque32
            || match self {
                Self::Raw | Self::EigenCertificate { .. } | Self::Eip191 => {
                    !message_layer && !consensus && !alert
                }
                Self::Ethereum(domain) => match domain.domain_type {
                    DomainType::BeaconAttester => kind == Kind::EthAttestation,
                    DomainType::SyncCommittee | DomainType::BeaconProposer => {
                        kind == Kind::EthBlockRoot
                    }
                    _ => false,
                },
                Self::MachLegacy { .. } | Self::MachChainBound { .. } => alert,
                Self::Hyperlane => kind == Kind::HyperlaneCheckpoint,
                Self::Wormhole => kind == Kind::WormholeMessage,
                Self::Beefy => kind == Kind::BeefyCommitment,
            }
    }

    fn wrap(&self, statement: &Statement) -> Bytes32 {
        let UpstreamHash(hash) = statement.upstream_hash();
        match self {
            Self::Raw | Self::Beefy => hash,
            Self::Ethereum(domain) => sha256(&[&hash, &domain.to_bytes()]),
            Self::EigenCertificate {
                reference_timestamp,
            } => {
                let words = Encoder::default()
                    .bytes32(&keccak256(&[EIGEN_CERTIFICATE_TYPE]))
                    .uint64((*reference_timestamp).into())
                    .bytes32(&hash);
                keccak256(&[&words.finish()])
            }
            Self::MachLegacy {
                reference_block_number,
            } => keccak256(&[&mach_header(&hash, *reference_block_number).finish()]),
            Self::MachChainBound {
                reference_block_number,
            } => {
                let header = mach_header(&hash, *reference_block_number);
                keccak256(&[&header.uint256(statement.chain()).finish()])
            }
            Self::Eip191 | Self::Hyperlane => {
                keccak256(&[b"\x19Ethereum Signed Message:\n32", &hash])
            }
            Self::Wormhole => keccak256(&[&hash]),
        }
    }
}

fn mach_header(hash: &Bytes32, reference_block_number: u32) -> Encoder {
    Encoder::default()
        .bytes32(hash)
        .uint64(reference_block_number.into())
}
