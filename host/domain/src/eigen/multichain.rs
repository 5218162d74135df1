use std::collections::BTreeMap;

use alloy_primitives::{B256, U256, keccak256};
use alloy_sol_types::SolValue;
use tutti_curves::{Wire, bn254};
use tutti_statements::{SigningContext, Statement};

use super::abi::{
    self, BN254Certificate, BN254OperatorInfo, BN254OperatorInfoWitness, DecodeError,
};
use super::aliasing::Words;
use super::bn254_key::{AbsentKey, Part, Signed, Tie};
use super::merkle;
use crate::check::{Fact, Input, Reason, Sheet, Step, input};
use crate::judgement::{Case, Findings, Judgement};
use crate::key::{Key, KeyKind};
use crate::possession;
use crate::reference::{Reference, ReferenceKind};
use crate::set::{Layout, Member, OperatorSet, OperatorTree, Roster};
use crate::tally::{Absence, Attendance};

/// `BN254CertificateVerifier`'s certificate, parsed.
#[derive(Clone, Debug, PartialEq)]
pub struct MultichainCertificate {
    pub reference_timestamp: u32,
    pub message_hash: B256,
    pub signature: Wire<bn254::G1>,
    pub apk_g2: Wire<bn254::G2>,
    pub witnesses: Vec<Witness>,
}

/// A non-signer, and the proof that it is in the operator tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Witness {
    pub index: u32,
    pub proof: Vec<u8>,
    pub info: OperatorInfo,
}

/// A leaf of the operator tree.
#[derive(Clone, Debug, PartialEq)]
pub struct OperatorInfo {
    pub key: Wire<bn254::G1>,
    pub weights: Vec<U256>,
}

/// Operators whose place in a set's tree was proved before: their proofs may be left out.
pub type WitnessCache = BTreeMap<u32, OperatorInfo>;

/// Leaves are hashed behind this byte.
const OPERATOR_LEAF: u8 = 0x75;

impl OperatorInfo {
    pub fn leaf(&self) -> B256 {
        let info = self.words().abi_encode();
        keccak256([&[OPERATOR_LEAF][..], &info].concat())
    }

    pub(crate) fn of(member: &Member) -> Option<Self> {
        match &member.key {
            Key::Bn254 { g1, .. } => Some(Self {
                key: Wire::Point(*g1.point()),
                weights: member.weights.clone(),
            }),
            _ => None,
        }
    }

    fn words(&self) -> BN254OperatorInfo {
        BN254OperatorInfo {
            pubkey: abi::g1_words(&self.key),
            weights: self.weights.clone(),
        }
    }

    /// What stands where a proof was left out, if not the info itself.
    fn is_blank(&self) -> bool {
        matches!(self.key, Wire::Infinity) && self.weights.is_empty()
    }
}

/// The root of the tree over these operators.
pub fn operator_tree<'a>(operators: impl IntoIterator<Item = &'a OperatorInfo>) -> OperatorTree {
    let leaves: Vec<_> = operators.into_iter().map(OperatorInfo::leaf).collect();
    OperatorTree {
        root: merkle::root(&leaves),
        operators: leaves.len() as u32,
    }
}

impl MultichainCertificate {
    /// From `abi.encode` of the struct.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        abi::bounded(bytes)?;
        Words(bytes).witnesses()?;
        let words: BN254Certificate = abi::decode(bytes)?;
        let witnesses = words.nonSignerWitnesses.into_iter().enumerate();
        Ok(Self {
            reference_timestamp: words.referenceTimestamp,
            message_hash: words.messageHash,
            signature: abi::g1("signature", 0, &words.signature)?,
            apk_g2: abi::g2("apk", &words.apk)?,
            witnesses: witnesses
                .map(|(place, witness)| {
                    Ok(Witness {
                        index: witness.operatorIndex,
                        proof: witness.operatorInfoProof.to_vec(),
                        info: OperatorInfo {
                            key: abi::g1("non-signer", place, &witness.operatorInfo.pubkey)?,
                            weights: witness.operatorInfo.weights,
                        },
                    })
                })
                .collect::<Result<_, DecodeError>>()?,
        })
    }

    /// The struct that the contract takes.
    pub fn encode(&self) -> Vec<u8> {
        let witness = |witness: &Witness| BN254OperatorInfoWitness {
            operatorIndex: witness.index,
            operatorInfoProof: witness.proof.clone().into(),
            operatorInfo: witness.info.words(),
        };
        BN254Certificate {
            referenceTimestamp: self.reference_timestamp,
            messageHash: self.message_hash,
            signature: abi::g1_words(&self.signature),
            apk: abi::g2_words(&self.apk_g2),
            nonSignerWitnesses: self.witnesses.iter().map(witness).collect(),
        }
        .abi_encode()
    }

    /// What its signers signed: it binds neither chain nor operator set.
    pub fn signed_digest(&self) -> B256 {
        let context = SigningContext::EigenCertificate {
            reference_timestamp: self.reference_timestamp,
        };
        let digest = context.digest(&Statement::opaque(self.message_hash.0));
        B256::from(*digest.expect("opaque digests fit every context").as_bytes())
    }

    /// The operators that this certificate proves; for the set's cache, once it is accepted.
    pub fn proved(&self) -> WitnessCache {
        let proved = self
            .witnesses
            .iter()
            .filter(|witness| !witness.info.is_blank());
        proved
            .map(|witness| (witness.index, witness.info.clone()))
            .collect()
    }

    pub fn judge(&self, case: &Case<'_>) -> Judgement {
        let at = u64::from(self.reference_timestamp);
        let reference = Reference::new(ReferenceKind::Timestamp, at);
        let digest = self.signed_digest();
        let mut sheet = case.open(KeyKind::Bn254, reference, digest);
        let committed = match (case.set.tree(), case.set.layout()) {
            (Some(tree), Layout::StakeTypes) => Ok(tree),
            (None, _) => Err(Reason::NoCommitment),
            _ => Err(Reason::OtherSetKind),
        };
        let tree = sheet.note(Step::SetCommitment, Vec::new(), committed);
        let absent = tree.and_then(|tree| self.absent(case, tree, &mut sheet));
        let Some(absent) = absent else {
            for step in [Step::AggregateKey, Step::SignedWeight, Step::Threshold] {
                sheet.not_reached(step);
            }
            return case.close(sheet, Findings::unfinished(reference));
        };
        let seats: Vec<u32> = absent.iter().map(|(index, _)| *index).collect();
        let positions: Vec<usize> = (0..case.set.columns().len()).collect();
        possession::examine(case.set, &positions, &seats, &mut sheet);
        let signed = Signed {
            digest,
            signature: &self.signature,
            apk_g2: &self.apk_g2,
            tie: Tie::Eigen,
        };
        let obligation = signed.obligation(case.set, &part_of(case.set, &absent), &mut sheet);
        let attendance = Attendance {
            counted: positions,
            absent: absent
                .iter()
                .map(|(index, info)| absence(*index, info))
                .collect(),
        };
        let tallies = attendance.count(case.set, case.policy, &mut sheet);
        let findings = Findings {
            reference,
            tallies,
            obligation,
        };
        case.close(sheet, findings)
    }

    /// Each witness in turn: after the one before it, in range, proved or known.
    fn absent(
        &self,
        case: &Case<'_>,
        tree: OperatorTree,
        sheet: &mut Sheet,
    ) -> Option<Vec<(u32, OperatorInfo)>> {
        let mut absent = Vec::with_capacity(self.witnesses.len());
        let mut before = None;
        for (place, witness) in (0u32..).zip(&self.witnesses) {
            let inputs = || vec![input("operator", Fact::Number(u64::from(witness.index)))];
            if before.is_some_and(|before| before >= witness.index) {
                let unordered: Result<(), _> = Err(Reason::NonSignersUnordered(place));
                sheet.note(Step::NonSignerOrder, inputs(), unordered);
                return None;
            }
            before = Some(witness.index);
            if witness.index >= tree.operators {
                let outside: Result<(), _> = Err(Reason::IndexOutOfRange {
                    index: witness.index,
                    members: tree.operators,
                });
                sheet.note(Step::NonSignerMembership, inputs(), outside);
                continue;
            }
            if let Some(info) = sheet.note(Step::Witness, inputs(), witness.prove(case, tree)) {
                absent.push((witness.index, info));
            }
        }
        if absent.len() != self.witnesses.len() {
            return None;
        }
        let listed: Vec<Input> = vec![input(
            "non-signers",
            Fact::Numbers(absent.iter().map(|(index, _)| *index).collect()),
        )];
        sheet.note(Step::NonSignerMembership, listed, Ok::<_, Reason>(absent))
    }
}

impl Witness {
    /// The operator behind a witness. A proof that is there must hold; one that was left out
    /// needs the operator to be known, and then the info must be that one or blank.
    fn prove(&self, case: &Case<'_>, tree: OperatorTree) -> Result<OperatorInfo, Reason> {
        let proof = merkle::verify(&self.proof, tree.root, self.info.leaf(), self.index.into());
        if proof.is_ok() {
            return Ok(self.info.clone());
        }
        let known = known(case, self.index).filter(|_| self.proof.is_empty());
        let known = known.filter(|known| self.info == *known || self.info.is_blank());
        known.ok_or(Reason::WitnessInvalid(self.index))
    }
}

fn known(case: &Case<'_>, index: u32) -> Option<OperatorInfo> {
    let listed = match case.set.roster() {
        Roster::Complete => case.set.members().get(index as usize),
        Roster::Witnessed { .. } => None,
    };
    let cached = || case.standing.witnesses.get(&index).cloned();
    listed.and_then(OperatorInfo::of).or_else(cached)
}

/// One aggregate; each key is in it once. A complete set's members are its tree's leaves.
fn part_of(set: &OperatorSet, absent: &[(u32, OperatorInfo)]) -> Part {
    let absent = absent.iter().filter_map(|(index, info)| {
        Some(AbsentKey {
            key: abi::affine(&info.key)?,
            seat: (set.roster() == Roster::Complete).then_some(*index),
            times: 1,
        })
    });
    Part {
        aggregates: vec![0],
        absent: absent.collect(),
    }
}

/// In all columns; weights past the set's columns count for nothing, as in the contract.
fn absence(index: u32, info: &OperatorInfo) -> Absence<'_> {
    Absence {
        index,
        id: keccak256(abi::g1_bytes(&info.key)),
        bitmap: U256::MAX,
        weights: &info.weights,
    }
}
