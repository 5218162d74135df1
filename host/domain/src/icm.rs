//! Avalanche's interchain messages: an aggregate signature and a bitset of the validators, in
//! their canonical order, who signed.

use std::sync::Arc;

use alloy_primitives::B256;
use tutti_curves::{Group, Wire, bls12_381};
use tutti_statements::sha256;
use tutti_types::{Encoding, InvalidReason};

use crate::check::{Fact, PointFault, Reason, Sheet, Step, input};
use crate::claim::{Obligation, Signers};
use crate::eigen::abi::{DecodeError, bounded};
use crate::judgement::{Case, Findings, Judgement};
use crate::key::KeyKind;
use crate::possession;
use crate::set::{Layout, Resident};
use crate::tally::{Absence, Attendance};

/// A signed warp message, parsed.
#[derive(Clone, Debug, PartialEq)]
pub struct IcmCertificate {
    pub network: u32,
    pub source_chain: B256,
    pub payload: Vec<u8>,
    /// Big-endian: the last byte's lowest bit is the first validator.
    pub signers: Vec<u8>,
    pub signature: Wire<bls12_381::G2>,
}

const CODEC_VERSION: [u8; 2] = [0, 0];
const BIT_SET_SIGNATURE: [u8; 4] = [0; 4];

impl IcmCertificate {
    /// From the bytes of a signed message.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        bounded(bytes)?;
        let mut rest = bytes;
        if take::<2>(&mut rest, "codec version")? != CODEC_VERSION {
            return Err(DecodeError::Number {
                field: "codec version",
            });
        }
        let network = u32::from_be_bytes(take(&mut rest, "network id")?);
        let source_chain = B256::from(take(&mut rest, "source chain")?);
        let payload = take_list(&mut rest, "payload")?;
        if take::<4>(&mut rest, "signature type")? != BIT_SET_SIGNATURE {
            return Err(DecodeError::Number {
                field: "signature type",
            });
        }
        let signers = take_list(&mut rest, "signers")?;
        let signature: [u8; 96] = take(&mut rest, "signature")?;
        if !rest.is_empty() {
            return Err(DecodeError::NotCanonical);
        }
        let signature = bls12_381::G2::parse(Encoding::ZcashCompressed, &signature);
        Ok(Self {
            network,
            source_chain,
            payload,
            signers,
            signature: signature.map_err(|reason| DecodeError::Point {
                field: "signature",
                index: 0,
                reason,
            })?,
        })
    }

    pub fn encode(&self) -> Vec<u8> {
        let signature = match &self.signature {
            Wire::Compressed(bytes) => bytes.to_vec(),
            Wire::Point(point) => bls12_381::G2::encode(Some(point), Encoding::ZcashCompressed),
            Wire::Infinity => bls12_381::G2::encode(None, Encoding::ZcashCompressed),
        };
        [
            &self.unsigned_message()[..],
            &BIT_SET_SIGNATURE,
            &(self.signers.len() as u32).to_be_bytes(),
            &self.signers,
            &signature,
        ]
        .concat()
    }

    /// What is signed. It names its network and chain itself.
    pub fn unsigned_message(&self) -> Vec<u8> {
        [
            &CODEC_VERSION[..],
            &self.network.to_be_bytes(),
            self.source_chain.as_slice(),
            &(self.payload.len() as u32).to_be_bytes(),
            &self.payload,
        ]
        .concat()
    }

    /// The message's id on Avalanche, by which its subject names it.
    pub fn message_id(&self) -> B256 {
        sha256(&[&self.unsigned_message()]).into()
    }

    /// The bitset names no height: it is one of the set it is judged against, which the policy
    /// of the destination chooses.
    pub fn judge(&self, case: &Case<'_>) -> Judgement {
        let reference = case.set.reference();
        let mut sheet = case.open(KeyKind::Bls12381, reference, self.message_id());
        let keys = match (case.set.resident(), case.set.layout()) {
            (Resident::Bls12381(keys), Layout::StakeTypes) => Ok(keys),
            _ => Err(Reason::OtherSetKind),
        };
        let keys = sheet.note(Step::SetCommitment, Vec::new(), keys);
        let Some((keys, present)) = keys.zip(self.present(case, &mut sheet)) else {
            for step in [Step::SignedWeight, Step::Threshold] {
                sheet.not_reached(step);
            }
            return case.close(sheet, Findings::unfinished(reference));
        };
        let members = case.set.members();
        let absent: Vec<u32> = (0..members.len() as u32)
            .filter(|seat| present.binary_search(seat).is_err())
            .collect();
        let positions: Vec<usize> = (0..case.set.columns().len()).collect();
        possession::examine(case.set, &positions, &absent, &mut sheet);
        let attendance = Attendance {
            counted: positions,
            absent: absent
                .iter()
                .map(|&seat| Absence::of(seat, &members[seat as usize]))
                .collect(),
        };
        let tallies = attendance.count(case.set, case.policy, &mut sheet);
        let finite = match self.signature {
            Wire::Infinity => Err(Reason::SignaturePoint(PointFault(InvalidReason::Infinity))),
            _ => Ok(self.signature),
        };
        let signature = sheet.note(Step::SignaturePoint, Vec::new(), finite);
        let obligation = signature.map(|signature| Obligation::Bls12381 {
            signers: Signers::Of {
                keys: keys.keys().clone(),
                indices: keys.sum(&[0], &present, &absent),
            },
            message: Arc::from(self.unsigned_message()),
            signature,
        });
        let findings = Findings {
            reference,
            tallies,
            obligation,
        };
        case.close(sheet, findings)
    }

    /// Who signed, ascending. Leading zero bytes would give one set two encodings.
    fn present(&self, case: &Case<'_>, sheet: &mut Sheet) -> Option<Vec<u32>> {
        let members = case.set.members().len() as u32;
        let bits = self
            .signers
            .iter()
            .rev()
            .zip(0u32..)
            .flat_map(|(byte, place)| {
                (0..8)
                    .filter(move |bit| byte >> bit & 1 == 1)
                    .map(move |bit| 8 * place + bit)
            });
        let present: Vec<u32> = bits.collect();
        let found = if self.signers.first() == Some(&0) {
            Err(Reason::BitsetNotMinimal)
        } else {
            match present.last() {
                Some(&index) if index >= members => Err(Reason::IndexOutOfRange { index, members }),
                _ => Ok(present),
            }
        };
        let inputs = vec![input("members", Fact::Number(u64::from(members)))];
        sheet.note(Step::Signers, inputs, found)
    }
}

fn take<const N: usize>(rest: &mut &[u8], field: &'static str) -> Result<[u8; N], DecodeError> {
    let (taken, left) = rest
        .split_first_chunk()
        .ok_or(DecodeError::Ends { field })?;
    *rest = left;
    Ok(*taken)
}

fn take_list(rest: &mut &[u8], field: &'static str) -> Result<Vec<u8>, DecodeError> {
    let len = u32::from_be_bytes(take(rest, field)?) as usize;
    let (taken, left) = rest
        .split_at_checked(len)
        .ok_or(DecodeError::Ends { field })?;
    *rest = left;
    Ok(taken.to_vec())
}
