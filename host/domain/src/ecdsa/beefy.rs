use alloy_primitives::B256;
use tutti_statements::messages::BeefyCommitment;
use tutti_statements::{Body, ChainId, DecodeError, SigningContext, Statement};

use super::recover::{Malleability, Recovery, Signature};
use super::{address_of, close};
use crate::check::Reason;
use crate::judgement::{Case, Judgement};
use crate::key::KeyKind;
use crate::reference::{Reference, ReferenceKind};
use crate::set::OperatorSet;
use crate::subject::Subject;

/// A BEEFY justification: a commitment, and for each authority its signature or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BeefyCertificate {
    pub commitment: BeefyCommitment,
    pub signatures: Vec<Option<Signature>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BeefyError {
    #[error("justifications of version {0} are not known here")]
    Version(u8),
    #[error("the bytes end within {0}")]
    Truncated(&'static str),
    #[error("{0} bytes follow the end")]
    TrailingBytes(usize),
    #[error("{found} authorities, at most {limit} are read")]
    TooMany { found: usize, limit: usize },
    #[error("{bits} bytes of bits for {authorities} authorities")]
    BitsLength { bits: usize, authorities: usize },
    #[error("bits are set for {marked} signatures, {found} are there")]
    SignatureCount { marked: usize, found: usize },
    #[error("the commitment is none: {0}")]
    Commitment(#[from] DecodeError),
}

/// Kusama has a thousand authorities.
const AUTHORITIES_MAX: usize = 16_384;
const VERSION: u8 = 1;

impl BeefyCertificate {
    /// A versioned finality proof in SCALE, signatures compacted: commitment, bits of who signed
    /// (the highest bit of the first byte first, at least one bit too many), number of
    /// authorities, signatures.
    pub fn decode(bytes: &[u8]) -> Result<Self, BeefyError> {
        let (&version, rest) = bytes
            .split_first()
            .ok_or(BeefyError::Truncated("the version"))?;
        if version != VERSION {
            return Err(BeefyError::Version(version));
        }
        let (commitment, rest) = BeefyCommitment::decode_prefix(rest)?;
        let mut input = Input(rest);
        let count = input.length("the bits", AUTHORITIES_MAX / 8)?;
        let bits = input.bytes(count, "the bits")?;
        let authorities = input.bytes(4, "the number of authorities")?;
        let authorities = u32::from_le_bytes(authorities.try_into().expect("4 bytes")) as usize;
        if bits.len() != authorities / 8 + 1 {
            return Err(BeefyError::BitsLength {
                bits: bits.len(),
                authorities,
            });
        }
        let found = input.length("the signatures", AUTHORITIES_MAX)?;
        let signatures = input.bytes(65 * found, "the signatures")?;
        if !input.0.is_empty() {
            return Err(BeefyError::TrailingBytes(input.0.len()));
        }
        let signed = |seat: usize| bits[seat / 8] >> (7 - seat % 8) & 1 == 1;
        let marked = (0..authorities).filter(|&seat| signed(seat)).count();
        if marked != found {
            return Err(BeefyError::SignatureCount { marked, found });
        }
        let mut signatures = signatures.as_chunks().0.iter().map(Signature::from_bytes);
        let signatures: Vec<_> = (0..authorities)
            .map(|seat| {
                if signed(seat) {
                    signatures.next()
                } else {
                    None
                }
            })
            .collect();
        Ok(Self {
            commitment,
            signatures,
        })
    }

    /// What its signers signed, on the relay chain that the caller names.
    pub fn subject(&self, chain: ChainId) -> Subject {
        let statement = Statement::new(chain, Body::BeefyCommitment(self.commitment.clone()));
        let statement = statement.expect("commitments name no chain");
        Subject::new(statement, SigningContext::Beefy).expect("authorities sign commitments")
    }

    /// The authorities of a set id are a set whose epoch is that id. A signature that is not the
    /// authority's does not count, as in Substrate; it spoils nothing.
    pub fn judge(&self, case: &Case<'_>) -> Judgement {
        let epoch = self.commitment.validator_set_id;
        let reference = Reference::new(ReferenceKind::Epoch, epoch);
        let signed = self.subject(case.subject.statement().chain()).digest();
        let sheet = case.open(KeyKind::Ecdsa, reference, signed);
        close(case, sheet, reference, self.signers(case.set, signed))
    }

    fn signers(&self, set: &OperatorSet, digest: B256) -> Result<Vec<u32>, Reason> {
        let expected = set.members().len();
        if self.signatures.len() != expected {
            return Err(Reason::LengthMismatch {
                name: "signatures",
                expected,
                found: self.signatures.len(),
            });
        }
        let by_its_authority = |(seat, signature): (u32, &Option<Signature>)| {
            let signer =
                signature
                    .as_ref()?
                    .signer(digest, seat, Recovery::Full, Malleability::Accepted);
            (signer.ok()? == address_of(set, seat)?).then_some(seat)
        };
        Ok((0..)
            .zip(&self.signatures)
            .filter_map(by_its_authority)
            .collect())
    }
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn bytes(&mut self, count: usize, name: &'static str) -> Result<&'a [u8], BeefyError> {
        let split = self.0.split_at_checked(count);
        let (taken, rest) = split.ok_or(BeefyError::Truncated(name))?;
        self.0 = rest;
        Ok(taken)
    }

    fn length(&mut self, name: &'static str, limit: usize) -> Result<usize, BeefyError> {
        let (length, rest) = tutti_statements::messages::compact_length(self.0, name, limit)?;
        self.0 = rest;
        Ok(length)
    }
}
