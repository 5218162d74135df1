use alloy_primitives::B256;
use tutti_statements::messages::WormholeMessage;
use tutti_statements::{Body, DecodeError, SigningContext, Statement, U256};

use super::recover::{EcdsaFault, Malleability, Recovery, Signature};
use super::{address_of, close};
use crate::check::{Cause, Fact, Objection, Reason, Step, input};
use crate::judgement::{Case, Judgement};
use crate::key::KeyKind;
use crate::reference::{Reference, ReferenceKind};
use crate::set::OperatorSet;
use crate::standing::{SetState, Standing};
use crate::subject::Subject;

/// A VAA: what the guardians saw, and those of a guardian set who say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WormholeCertificate {
    pub guardian_set: u32,
    pub signatures: Vec<GuardianSignature>,
    pub message: WormholeMessage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuardianSignature {
    /// The guardian's place in the set.
    pub index: u8,
    pub signature: Signature,
}

/// Until when a guardian set that is no longer the newest still counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetExpiry {
    /// It is the newest, which does not expire.
    Newest,
    /// The contract's `expirationTime`; through that second.
    At(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WormholeError {
    #[error("VAAs of version {0} are not known here")]
    Version(u8),
    #[error("the bytes end within {0}")]
    Truncated(&'static str),
    #[error("the message is none: {0}")]
    Message(#[from] DecodeError),
}

const VERSION: u8 = 1;

impl WormholeCertificate {
    pub fn decode(bytes: &[u8]) -> Result<Self, WormholeError> {
        let (&version, rest) = bytes
            .split_first()
            .ok_or(WormholeError::Truncated("the version"))?;
        if version != VERSION {
            return Err(WormholeError::Version(version));
        }
        let (guardian_set, rest) = rest
            .split_first_chunk()
            .ok_or(WormholeError::Truncated("the guardian set"))?;
        let (&count, rest) = rest
            .split_first()
            .ok_or(WormholeError::Truncated("the number of signatures"))?;
        let (signatures, message) = rest
            .split_at_checked(66 * usize::from(count))
            .ok_or(WormholeError::Truncated("the signatures"))?;
        let signature = |bytes: &[u8; 66]| {
            let (index, signature) = bytes.split_first().expect("66 bytes");
            let signature = signature.try_into().expect("65 bytes");
            GuardianSignature {
                index: *index,
                signature: Signature::from_bytes(signature),
            }
        };
        Ok(Self {
            guardian_set: u32::from_be_bytes(*guardian_set),
            signatures: signatures.as_chunks().0.iter().map(signature).collect(),
            message: WormholeMessage::decode(message)?,
        })
    }

    /// At most 255 signatures fit; more are cut off.
    pub fn encode(&self) -> Vec<u8> {
        let count = self.signatures.len().min(255);
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&self.guardian_set.to_be_bytes());
        bytes.push(count as u8);
        for GuardianSignature { index, signature } in &self.signatures[..count] {
            bytes.push(*index);
            bytes.extend_from_slice(&signature.to_bytes());
        }
        bytes.extend_from_slice(&self.message.encode());
        bytes
    }

    /// What its signers signed.
    pub fn subject(&self) -> Subject {
        let chain = U256::from(self.message.head().emitter_chain);
        let statement = Statement::new(chain, Body::WormholeMessage(self.message.clone()));
        let statement = statement.expect("its own emitter's chain");
        Subject::new(statement, SigningContext::Wormhole).expect("guardians sign messages")
    }

    /// `verifyVM` of the core contract. A guardian set is a set whose epoch is its index.
    pub fn judge(&self, case: &Case<'_>, expiry: SetExpiry) -> Judgement {
        let reference = Reference::new(ReferenceKind::Epoch, self.guardian_set.into());
        let signed = self.subject().digest();
        let mut sheet = case.open(KeyKind::Ecdsa, reference, signed);
        let inputs = match expiry {
            SetExpiry::Newest => Vec::new(),
            SetExpiry::At(time) => vec![input("expires", Fact::Number(time))],
        };
        sheet.note(Step::Expiry, inputs, in_force(case.standing, expiry));
        close(case, sheet, reference, self.signers(case.set, signed))
    }

    /// Indices ascend, and each signature is by the guardian it names.
    fn signers(&self, set: &OperatorSet, digest: B256) -> Result<Vec<u32>, Reason> {
        let members = set.members().len() as u32;
        let mut signers: Vec<u32> = Vec::with_capacity(self.signatures.len());
        for (place, GuardianSignature { index, signature }) in (0..).zip(&self.signatures) {
            let index = u32::from(*index);
            if signers.last().is_some_and(|last| *last >= index) {
                return Err(EcdsaFault::Unordered(place).into());
            }
            let named = address_of(set, index).ok_or(Reason::IndexOutOfRange { index, members })?;
            let signer =
                signature.signer(digest, place, Recovery::Parity, Malleability::Accepted)?;
            if signer != named {
                return Err(EcdsaFault::OtherSigner { place, signer }.into());
            }
            signers.push(index);
        }
        Ok(signers)
    }
}

/// The newest set is in force whatever its expiry; another one must have one.
fn in_force(standing: &Standing, expiry: SetExpiry) -> Result<(), Objection> {
    let expired_at = match (standing.state, expiry) {
        (SetState::Active, _) => return Ok(()),
        (_, SetExpiry::Newest) => return Err(Reason::SetSuperseded.into()),
        (_, SetExpiry::At(expired_at)) => expired_at,
    };
    let present = standing.present.timestamp;
    let present = present.ok_or(Cause::PresentUnknown(ReferenceKind::Timestamp))?;
    if expired_at < present {
        return Err(Reason::from(EcdsaFault::SetExpired {
            expired_at,
            present,
        })
        .into());
    }
    Ok(())
}
