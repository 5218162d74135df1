//! Symbiotic's simple proof: an aggregate signature over BN254, all validators, and those of
//! them who did not sign.

use alloy_primitives::{B256, U256, keccak256};
use ark_ff::Field;
use tutti_curves::{Group, Wire, bn254};
use tutti_types::Encoding;

use crate::check::{Fact, Reason, Sheet, Step, input};
use crate::eigen::abi::{DecodeError, g1_bytes, g2_bytes};
use crate::eigen::{AbsentKey, Part, Signed, Tie};
use crate::judgement::{Case, Findings, Judgement};
use crate::key::{Key, KeyKind};
use crate::possession;
use crate::reference::{Reference, ReferenceKind};
use crate::set::{Layout, Member, OperatorSet, Roster};
use crate::tally::{Absence, Attendance};

/// `SigVerifierBlsBn254Simple`'s proof and what it is called with.
#[derive(Clone, Debug, PartialEq)]
pub struct SymbioticCertificate {
    pub epoch: u64,
    /// The 32 bytes that were signed: keccak of the message as validators were given it.
    pub message: B256,
    pub signature: Wire<bn254::G1>,
    pub apk_g2: Wire<bn254::G2>,
    /// All active validators, in the order of the set.
    pub validators: Vec<Validator>,
    /// Places among them, ascending.
    pub non_signers: Vec<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validator {
    /// The compressed key in G1: x doubled, and one where y is not the root that is a square.
    pub key: B256,
    pub voting_power: U256,
}

/// Signature, key, count.
const HEAD: usize = 224;
const VALIDATORS_MAX: usize = 65_536;
/// A full set takes four MiB.
const PROOF_MAX: usize = HEAD + (64 + 2) * VALIDATORS_MAX;

impl SymbioticCertificate {
    pub fn decode(epoch: u64, message: B256, proof: &[u8]) -> Result<Self, DecodeError> {
        if proof.len() > PROOF_MAX {
            return Err(DecodeError::TooLarge {
                bytes: proof.len(),
                limit: PROOF_MAX,
            });
        }
        let Some((head, rest)) = proof.split_first_chunk::<HEAD>() else {
            return Err(DecodeError::Length {
                expected: HEAD,
                found: proof.len(),
            });
        };
        let count = U256::from_be_slice(&head[192..]);
        let count = usize::try_from(count).ok().filter(|&n| n <= VALIDATORS_MAX);
        let count = count.ok_or(DecodeError::Number {
            field: "number of validators",
        })?;
        let (validators, non_signers) =
            rest.split_at_checked(64 * count).ok_or(DecodeError::Ends {
                field: "validators",
            })?;
        let (non_signers, []) = non_signers.as_chunks::<2>() else {
            return Err(DecodeError::NotCanonical);
        };
        Ok(Self {
            epoch,
            message,
            signature: point("signature", bn254::G1::parse(Encoding::Eip197, &head[..64]))?,
            apk_g2: point(
                "aggregate key",
                bn254::G2::parse(Encoding::Eip197, &head[64..192]),
            )?,
            validators: validators
                .chunks_exact(64)
                .map(|words| Validator {
                    key: B256::from_slice(&words[..32]),
                    voting_power: U256::from_be_slice(&words[32..]),
                })
                .collect(),
            non_signers: non_signers
                .iter()
                .map(|two| u16::from_be_bytes(*two))
                .collect(),
        })
    }

    /// The proof's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = [g1_bytes(&self.signature), g2_bytes(&self.apk_g2)].concat();
        out.extend(validators_data(&self.validators));
        self.non_signers
            .iter()
            .for_each(|index| out.extend(index.to_be_bytes()));
        out
    }

    pub fn judge(&self, case: &Case<'_>) -> Judgement {
        let reference = Reference::new(ReferenceKind::Epoch, self.epoch);
        let mut sheet = case.open(KeyKind::Bn254, reference, self.message);
        let listed = match (case.set.roster(), case.set.layout(), case.set.columns()) {
            (Roster::Complete, Layout::StakeTypes, [_]) => Ok(()),
            _ => Err(Reason::OtherSetKind),
        };
        let listed = sheet.note(Step::SetCommitment, Vec::new(), listed);
        let listed = sheet.rest(Step::Witness, listed, |()| self.same_validators(case.set));
        let absent = self.absent(case.set, &mut sheet);
        let Some(absent) = listed.and(absent) else {
            for step in [Step::AggregateKey, Step::SignedWeight, Step::Threshold] {
                sheet.not_reached(step);
            }
            return case.close(sheet, Findings::unfinished(reference));
        };
        let seats: Vec<u32> = absent.iter().map(|(seat, _)| *seat).collect();
        possession::examine(case.set, &[0], &seats, &mut sheet);
        let attendance = Attendance {
            counted: vec![0],
            absent: absent
                .iter()
                .map(|&(seat, member)| Absence::of(seat, member))
                .collect(),
        };
        let tallies = attendance.count(case.set, case.policy, &mut sheet);
        let signed = Signed {
            digest: self.message,
            signature: &self.signature,
            apk_g2: &self.apk_g2,
            tie: Tie::Symbiotic,
        };
        let part = Part {
            aggregates: vec![0],
            absent: absent
                .iter()
                .filter_map(|&(seat, m)| AbsentKey::once(seat, m))
                .collect(),
        };
        let findings = Findings {
            reference,
            tallies,
            obligation: signed.obligation(case.set, &part, &mut sheet),
        };
        case.close(sheet, findings)
    }

    /// The contract compares hashes of all validators; so do we, with those of the set.
    fn same_validators(&self, set: &OperatorSet) -> (Vec<crate::check::Input>, Result<(), Reason>) {
        let (given, kept) = (
            validators_hash(&self.validators),
            validators_hash(&validators_of(set)),
        );
        let inputs = vec![
            input("certificate", Fact::Digest(given)),
            input("set", Fact::Digest(kept)),
        ];
        let same = if given == kept {
            Ok(())
        } else {
            Err(Reason::OtherMembers)
        };
        (inputs, same)
    }

    fn absent<'a>(
        &self,
        set: &'a OperatorSet,
        sheet: &mut Sheet,
    ) -> Option<Vec<(u32, &'a Member)>> {
        let members = set.members().len() as u32;
        let mut before = None;
        let mut absent = Vec::with_capacity(self.non_signers.len());
        for (place, &index) in (0u32..).zip(&self.non_signers) {
            let index = u32::from(index);
            let found = match set.members().get(index as usize) {
                None => Err(Reason::IndexOutOfRange { index, members }),
                Some(_) if before >= Some(index) => Err(Reason::NonSignersUnordered(place)),
                Some(member) => Ok((index, member)),
            };
            before = Some(index);
            let inputs = vec![input("validator", Fact::Number(u64::from(index)))];
            absent.push(sheet.note(Step::NonSignerOrder, inputs, found)?);
        }
        Some(absent)
    }
}

/// The members as Symbiotic commits to them.
pub fn validators_of(set: &OperatorSet) -> Vec<Validator> {
    let validator = |member: &Member| match &member.key {
        Key::Bn254 { g1, .. } => Some(Validator {
            key: compressed(g1.point()),
            voting_power: member.weights[0],
        }),
        _ => None,
    };
    set.members().iter().filter_map(validator).collect()
}

/// `validatorSetHashKeccak256`.
pub fn validators_hash(validators: &[Validator]) -> B256 {
    keccak256(validators_data(validators))
}

fn validators_data(validators: &[Validator]) -> Vec<u8> {
    let count = U256::from(validators.len()).to_be_bytes::<32>();
    let words = validators.iter().flat_map(|validator| {
        [validator.key.0, validator.voting_power.to_be_bytes::<32>()].concat()
    });
    count.into_iter().chain(words).collect()
}

/// `KeyBlsBn254.serialize`. The root that the contract derives, a power, is itself a square.
fn compressed(point: &bn254::G1Affine) -> B256 {
    let bytes = g1_bytes(&Wire::Point(*point));
    let x = U256::from_be_slice(&bytes[..32]);
    let other_root = U256::from(u8::from(!point.y.legendre().is_qr()));
    B256::from((x << 1) | other_root)
}

fn point<G: Group>(
    field: &'static str,
    parsed: Result<Wire<G>, tutti_types::InvalidReason>,
) -> Result<Wire<G>, DecodeError> {
    parsed.map_err(|reason| DecodeError::Point {
        field,
        index: 0,
        reason,
    })
}
