use alloy_primitives::keccak256;
use tutti_statements::messages::HyperlaneCheckpoint;
use tutti_statements::{Body, Bytes32, SigningContext, Statement, U256};

use super::recover::{EcdsaFault, Malleability, Recovery, Signature};
use super::{address_of, close};
use crate::check::{Fact, Reason, Step, input};
use crate::judgement::{Case, Judgement};
use crate::key::KeyKind;
use crate::set::OperatorSet;
use crate::subject::Subject;

/// What a multisig ISM of Hyperlane is given with a message: a checkpoint of the origin's tree,
/// and signatures in the order of the validators. The checkpoint is on another chain than the
/// set, which has no version of its own: the certificate holds for whatever set is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HyperlaneCertificate {
    pub checkpoint: HyperlaneCheckpoint,
    pub inclusion: Inclusion,
    pub signatures: Vec<Signature>,
}

/// How the message is part of the checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inclusion {
    /// It is the last one of it.
    Last,
    /// It stands at an earlier leaf.
    Leaf {
        message_id: Bytes32,
        index: u32,
        branch: Box<[Bytes32; DEPTH]>,
    },
}

/// A message between chains, as far as its origin's validators are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HyperlaneMessage {
    pub origin: u32,
    pub id: Bytes32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HyperlaneError {
    #[error("{found} bytes, this metadata has at least {expected} for {threshold} signatures")]
    Length {
        expected: usize,
        found: usize,
        threshold: u8,
    },
    #[error("a message has at least 77 bytes, not {0}")]
    MessageLength(usize),
}

const DEPTH: usize = 32;

impl HyperlaneMessage {
    /// Version, nonce, origin, sender, destination, recipient, body.
    pub fn parse(bytes: &[u8]) -> Result<Self, HyperlaneError> {
        if bytes.len() < 77 {
            return Err(HyperlaneError::MessageLength(bytes.len()));
        }
        Ok(Self {
            origin: u32::from_be_bytes(bytes[5..9].try_into().expect("4 bytes")),
            id: keccak256(bytes).0,
        })
    }
}

/// Reads fixed fields; the length was checked.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (field, rest) = self.0.split_first_chunk().expect("the length was checked");
        self.0 = rest;
        *field
    }

    fn signatures(&mut self, threshold: u8) -> Vec<Signature> {
        (0..threshold)
            .map(|_| Signature::from_bytes(&self.take()))
            .collect()
    }
}

fn fields(metadata: &[u8], head: usize, threshold: u8) -> Result<Fields<'_>, HyperlaneError> {
    let expected = head + 65 * usize::from(threshold);
    if metadata.len() < expected {
        return Err(HyperlaneError::Length {
            expected,
            found: metadata.len(),
            threshold,
        });
    }
    Ok(Fields(metadata))
}

impl HyperlaneCertificate {
    /// The metadata of a message-id multisig ISM. As in the contract, what stands behind the
    /// signatures that the threshold asks for is not read.
    pub fn decode_message_id(
        metadata: &[u8],
        message: HyperlaneMessage,
        threshold: u8,
    ) -> Result<Self, HyperlaneError> {
        let mut fields = fields(metadata, 68, threshold)?;
        let checkpoint = HyperlaneCheckpoint {
            origin_domain: message.origin,
            merkle_tree_hook: fields.take(),
            root: fields.take(),
            index: u32::from_be_bytes(fields.take()),
            message_id: message.id,
        };
        Ok(Self {
            checkpoint,
            inclusion: Inclusion::Last,
            signatures: fields.signatures(threshold),
        })
    }

    /// The metadata of a merkle-root multisig ISM: the message may be an earlier one than the
    /// last, and the root is computed from it.
    pub fn decode_merkle_root(
        metadata: &[u8],
        message: HyperlaneMessage,
        threshold: u8,
    ) -> Result<Self, HyperlaneError> {
        let mut fields = fields(metadata, 1_096, threshold)?;
        let merkle_tree_hook = fields.take();
        let index = u32::from_be_bytes(fields.take());
        let signed_message_id = fields.take();
        let mut branch = Box::new([[0; 32]; DEPTH]);
        for node in branch.iter_mut() {
            *node = fields.take();
        }
        let checkpoint = HyperlaneCheckpoint {
            origin_domain: message.origin,
            merkle_tree_hook,
            root: branch_root(&message.id, &branch, index),
            index: u32::from_be_bytes(fields.take()),
            message_id: signed_message_id,
        };
        Ok(Self {
            checkpoint,
            inclusion: Inclusion::Leaf {
                message_id: message.id,
                index,
                branch,
            },
            signatures: fields.signatures(threshold),
        })
    }

    /// What its signers signed.
    pub fn subject(&self) -> Subject {
        let statement = Statement::new(
            U256::from(self.checkpoint.origin_domain),
            Body::HyperlaneCheckpoint(self.checkpoint),
        );
        let statement = statement.expect("its own origin");
        Subject::new(statement, SigningContext::Hyperlane).expect("validators sign checkpoints")
    }

    pub fn judge(&self, case: &Case<'_>) -> Judgement {
        let signed = self.subject().digest();
        let reference = case.set.reference();
        let mut sheet = case.open(KeyKind::Ecdsa, reference, signed);
        let inputs = vec![input(
            "checkpoint",
            Fact::Number(self.checkpoint.index.into()),
        )];
        sheet.note(Step::Inclusion, inputs, self.check_inclusion());
        close(case, sheet, reference, self.signers(case.set, signed))
    }

    fn check_inclusion(&self) -> Result<(), Reason> {
        match &self.inclusion {
            Inclusion::Last => Ok(()),
            Inclusion::Leaf {
                message_id,
                index,
                branch,
            } => {
                let root = branch_root(message_id, branch, *index);
                if root == self.checkpoint.root && *index <= self.checkpoint.index {
                    Ok(())
                } else {
                    Err(Reason::NotIncluded)
                }
            }
        }
    }

    /// The contract's walk: each signer stands behind the one before.
    fn signers(
        &self,
        set: &OperatorSet,
        digest: alloy_primitives::B256,
    ) -> Result<Vec<u32>, Reason> {
        let mut seats = 0..set.members().len() as u32;
        let mut signers = Vec::with_capacity(self.signatures.len());
        for (place, signature) in (0..).zip(&self.signatures) {
            let signer = signature.signer(digest, place, Recovery::Evm, Malleability::Refused)?;
            let seat = seats.find(|&seat| address_of(set, seat) == Some(signer));
            signers.push(seat.ok_or(EcdsaFault::NotInOrder { place, signer })?);
        }
        Ok(signers)
    }
}

/// `MerkleLib.branchRoot`.
fn branch_root(leaf: &Bytes32, branch: &[Bytes32; DEPTH], index: u32) -> Bytes32 {
    let up = |node: Bytes32, (depth, sibling): (usize, &Bytes32)| {
        let pair = match index >> depth & 1 {
            1 => [*sibling, node],
            _ => [node, *sibling],
        };
        keccak256(pair.concat()).0
    };
    branch.iter().enumerate().fold(*leaf, up)
}
