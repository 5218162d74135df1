use alloy_primitives::{B256, keccak256};
use alloy_sol_types::SolCall;
use tutti_curves::{Wire, bn254};

use super::abi::{self, DecodeError, NonSignerStakesAndSignature, affine, checkSignaturesCall};
use super::aliasing::Words;
use super::bn254_key::{AbsentKey, Part, Signed, Tie};
use crate::check::{Cause, Fact, Objection, Reason, Sheet, Step, input};
use crate::judgement::{Case, Findings, Judgement};
use crate::key::{Key, KeyKind};
use crate::possession;
use crate::reference::{Reference, ReferenceKind};
use crate::set::{Layout, Member, OperatorSet};
use crate::standing::StakeFreshness;
use crate::tally::{Absence, Attendance};

/// The arguments of `BLSSignatureChecker.checkSignatures`, parsed: all points are on the curve,
/// with canonical coordinates, or infinity.
#[derive(Clone, Debug, PartialEq)]
pub struct NonSignerCertificate {
    pub message_hash: B256,
    pub quorum_numbers: Vec<u8>,
    pub reference_block: u32,
    pub non_signers: Vec<Wire<bn254::G1>>,
    pub quorum_apks: Vec<Wire<bn254::G1>>,
    pub apk_g2: Wire<bn254::G2>,
    pub signature: Wire<bn254::G1>,
    pub indices: HistoryIndices,
}

/// Where the contracts find what they look up in their histories. They say nothing about the
/// attestation; a contract reverts where one is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryIndices {
    pub non_signer_bitmaps: Vec<u32>,
    pub quorum_apks: Vec<u32>,
    pub total_stakes: Vec<u32>,
    pub non_signer_stakes: Vec<Vec<u32>>,
}

/// Which of the quorums that signed are held against the policy.
#[derive(Clone, Copy)]
pub(crate) enum Counted<'a> {
    Signed,
    Named(&'a [u8]),
}

impl Counted<'_> {
    fn among(self, set: &OperatorSet, mut positions: Vec<usize>) -> Vec<usize> {
        if let Self::Named(numbers) = self {
            positions.retain(|&position| numbers.contains(&set.columns()[position].number));
        }
        positions
    }
}

impl NonSignerCertificate {
    /// From the call's data, selector included.
    pub fn decode_call(data: &[u8]) -> Result<Self, DecodeError> {
        abi::bounded(data)?;
        Words(data.get(4..).unwrap_or_default()).stake_indices(3)?;
        let call: checkSignaturesCall = abi::decode_call(data)?;
        Self::from_params(
            call.msgHash,
            call.quorumNumbers.to_vec(),
            call.referenceBlockNumber,
            call.params,
        )
    }

    pub fn encode_call(&self) -> Vec<u8> {
        checkSignaturesCall {
            msgHash: self.message_hash,
            quorumNumbers: self.quorum_numbers.clone().into(),
            referenceBlockNumber: self.reference_block,
            params: self.params(),
        }
        .abi_encode()
    }

    pub fn from_params(
        message_hash: B256,
        quorum_numbers: Vec<u8>,
        reference_block: u32,
        params: NonSignerStakesAndSignature,
    ) -> Result<Self, DecodeError> {
        let points = |field, points: &[abi::G1Point]| {
            let points = points.iter().enumerate();
            points
                .map(|(index, point)| abi::g1(field, index, point))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            message_hash,
            quorum_numbers,
            reference_block,
            non_signers: points("non-signer", &params.nonSignerPubkeys)?,
            quorum_apks: points("quorum apk", &params.quorumApks)?,
            apk_g2: abi::g2("apkG2", &params.apkG2)?,
            signature: abi::g1("sigma", 0, &params.sigma)?,
            indices: HistoryIndices {
                non_signer_bitmaps: params.nonSignerQuorumBitmapIndices,
                quorum_apks: params.quorumApkIndices,
                total_stakes: params.totalStakeIndices,
                non_signer_stakes: params.nonSignerStakeIndices,
            },
        })
    }

    /// The struct that the contract takes.
    pub fn params(&self) -> NonSignerStakesAndSignature {
        NonSignerStakesAndSignature {
            nonSignerQuorumBitmapIndices: self.indices.non_signer_bitmaps.clone(),
            nonSignerPubkeys: self.non_signers.iter().map(abi::g1_words).collect(),
            quorumApks: self.quorum_apks.iter().map(abi::g1_words).collect(),
            apkG2: abi::g2_words(&self.apk_g2),
            sigma: abi::g1_words(&self.signature),
            quorumApkIndices: self.indices.quorum_apks.clone(),
            totalStakeIndices: self.indices.total_stakes.clone(),
            nonSignerStakeIndices: self.indices.non_signer_stakes.clone(),
        }
    }

    /// `signatoryRecordHash`, by which contracts later prove who did not sign.
    pub fn signatory_record_hash(&self) -> B256 {
        let mut bytes = self.reference_block.to_be_bytes().to_vec();
        for key in &self.non_signers {
            bytes.extend(operator_id(key));
        }
        keccak256(bytes)
    }

    pub fn judge(&self, case: &Case<'_>) -> Judgement {
        let mut sheet = case.open(KeyKind::Bn254, self.reference(), self.message_hash);
        let findings = self.examine(case, Counted::Signed, &mut sheet);
        case.close(sheet, findings)
    }

    pub(crate) const fn reference(&self) -> Reference {
        Reference::new(ReferenceKind::Block, self.reference_block as u64)
    }

    /// The contract's checks in the contract's order, then those that it leaves to its caller.
    pub(crate) fn examine(
        &self,
        case: &Case<'_>,
        counted: Counted<'_>,
        sheet: &mut Sheet,
    ) -> Findings {
        self.check_lengths(sheet);
        self.check_past(case, sheet);
        let positions = self.quorums(case.set, sheet);
        let absent = self.absent(case.set, sheet);
        if let Some(positions) = &positions {
            self.check_quorums(case, positions, sheet);
        }
        let (Some(positions), Some(absent)) = (positions, absent) else {
            for step in [Step::AggregateKey, Step::SignedWeight, Step::Threshold] {
                sheet.not_reached(step);
            }
            return Findings::unfinished(self.reference());
        };
        self.check_stake_indices(case.set, &positions, &absent, sheet);
        let seats: Vec<u32> = absent.iter().map(|(seat, _)| *seat).collect();
        possession::examine(case.set, &positions, &seats, sheet);
        let signed = Signed {
            digest: self.message_hash,
            signature: &self.signature,
            apk_g2: &self.apk_g2,
            tie: Tie::Eigen,
        };
        let part = part_of(case.set, &positions, &absent);
        let obligation = signed.obligation(case.set, &part, sheet);
        let attendance = Attendance {
            counted: counted.among(case.set, positions),
            absent: absent
                .iter()
                .map(|&(index, m)| Absence::of(index, m))
                .collect(),
        };
        Findings {
            reference: self.reference(),
            tallies: attendance.count(case.set, case.policy, sheet),
            obligation,
        }
    }

    fn check_lengths(&self, sheet: &mut Sheet) {
        let quorums = self.quorum_numbers.len();
        let some = if quorums == 0 {
            Err(Reason::NoQuorums)
        } else {
            Ok(())
        };
        let numbers = self.quorum_numbers.iter().map(|&n| u32::from(n)).collect();
        sheet.note(
            Step::Quorums,
            vec![input("quorums", Fact::Numbers(numbers))],
            some,
        );
        let lists = [
            ("quorumApks", self.quorum_apks.len(), quorums),
            ("quorumApkIndices", self.indices.quorum_apks.len(), quorums),
            (
                "totalStakeIndices",
                self.indices.total_stakes.len(),
                quorums,
            ),
            (
                "nonSignerStakeIndices",
                self.indices.non_signer_stakes.len(),
                quorums,
            ),
            (
                "nonSignerQuorumBitmapIndices",
                self.indices.non_signer_bitmaps.len(),
                self.non_signers.len(),
            ),
        ];
        let wrong = lists
            .into_iter()
            .find(|(_, found, expected)| found != expected);
        let equal = match wrong {
            None => Ok(()),
            Some((name, found, expected)) => Err(Reason::LengthMismatch {
                name,
                expected,
                found,
            }),
        };
        sheet.note(Step::Lengths, Vec::new(), equal);
    }

    fn check_past(&self, case: &Case<'_>, sheet: &mut Sheet) {
        let reference = self.reference();
        let past = match case.standing.present.block {
            None => Err(Objection::from(Cause::PresentUnknown(ReferenceKind::Block))),
            Some(present) if reference.at >= present => {
                Err(Reason::ReferenceNotPast { reference, present }.into())
            }
            Some(_) => Ok(()),
        };
        sheet.note(Step::ReferencePast, Vec::new(), past);
    }

    /// The set's columns that the certificate speaks for.
    fn quorums(&self, set: &OperatorSet, sheet: &mut Sheet) -> Option<Vec<usize>> {
        let unordered = self
            .quorum_numbers
            .windows(2)
            .find(|pair| pair[0] >= pair[1]);
        let positions = match (set.layout(), unordered) {
            (Layout::StakeTypes, _) => Err(Reason::OtherSetKind),
            (_, Some(pair)) => Err(Reason::QuorumsUnordered(pair[1])),
            _ => self
                .quorum_numbers
                .iter()
                .map(|&number| set.column(number).ok_or(Reason::UnknownQuorum(number)))
                .collect(),
        };
        sheet.note(Step::QuorumOrder, Vec::new(), positions)
    }

    /// Each non-signer in turn: after the one before it, and a member.
    fn absent<'a>(
        &self,
        set: &'a OperatorSet,
        sheet: &mut Sheet,
    ) -> Option<Vec<(u32, &'a Member)>> {
        let mut members = Vec::with_capacity(self.non_signers.len());
        let mut ordered = true;
        let mut before = None;
        for (place, key) in (0u32..).zip(&self.non_signers) {
            let seat = affine(key).and_then(|key| set.seat_of(&key));
            let member = seat.map(|seat| (seat, &set.members()[seat as usize]));
            let id = member.map_or_else(|| operator_id(key), |(_, member)| member.id);
            let inputs = || vec![input("id", Fact::Digest(id))];
            if before >= Some(id) {
                ordered = false;
                let unordered: Result<(), _> = Err(Reason::NonSignersUnordered(place));
                sheet.note(Step::NonSignerOrder, inputs(), unordered);
            }
            if member.is_none() {
                let unknown: Result<(), _> = Err(Reason::NonSignerUnknown(place));
                sheet.note(Step::NonSignerMembership, inputs(), unknown);
            }
            members.extend(member);
            before = Some(id);
        }
        if !ordered || members.len() != self.non_signers.len() {
            return None;
        }
        let indices = members.iter().map(|(index, _)| *index).collect();
        let inputs = vec![input("non-signers", Fact::Numbers(indices))];
        sheet.note(Step::NonSignerMembership, inputs, Ok::<_, Reason>(members))
    }

    /// Quorum by quorum: are its stakes fresh, is its aggregate key the set's.
    fn check_quorums(&self, case: &Case<'_>, positions: &[usize], sheet: &mut Sheet) {
        for (place, (&number, &position)) in self.quorum_numbers.iter().zip(positions).enumerate() {
            let inputs = || vec![input("quorum", Fact::Number(u64::from(number)))];
            let fresh = self.stakes_fresh(&case.standing.freshness, number);
            sheet.note(Step::StakeFreshness, inputs(), fresh);
            let given = self.quorum_apks.get(place).and_then(affine);
            let same = if given.is_some() && given == case.set.aggregates()[position].apk {
                Ok(())
            } else {
                Err(Reason::OtherQuorumApk(number))
            };
            sheet.note(Step::QuorumApk, inputs(), same);
        }
    }

    fn stakes_fresh(&self, freshness: &StakeFreshness, quorum: u8) -> Result<(), Objection> {
        let StakeFreshness::Within { window, updated } = freshness else {
            return Ok(());
        };
        let updated = updated.iter().find(|(number, _)| *number == quorum);
        let &(_, updated) = updated.ok_or(Cause::FreshnessUnknown(quorum))?;
        if updated.saturating_add(*window) > u64::from(self.reference_block) {
            return Ok(());
        }
        Err(Reason::StakesNotFresh {
            quorum,
            updated,
            window: *window,
        }
        .into())
    }

    /// The contract reads one stake index for each non-signer of a quorum; more are not read.
    fn check_stake_indices(
        &self,
        set: &OperatorSet,
        positions: &[usize],
        absent: &[(u32, &Member)],
        sheet: &mut Sheet,
    ) {
        let short = positions
            .iter()
            .zip(&self.indices.non_signer_stakes)
            .find_map(|(&p, given)| {
                let bit = usize::from(set.columns()[p].number);
                let expected = absent.iter().filter(|(_, m)| m.bitmap.bit(bit)).count();
                (given.len() < expected).then_some(Reason::LengthMismatch {
                    name: "nonSignerStakeIndices of a quorum",
                    expected,
                    found: given.len(),
                })
            });
        sheet.note(Step::Lengths, Vec::new(), short.map_or(Ok(()), Err));
    }
}

/// `BN254.hashG1Point`. The set knows its members' ids; a key of nobody's is hashed.
fn operator_id(key: &Wire<bn254::G1>) -> B256 {
    keccak256(abi::g1_bytes(key))
}

/// Signing quorums are aggregates; who is in k of them is in k aggregates.
fn part_of(set: &OperatorSet, positions: &[usize], absent: &[(u32, &Member)]) -> Part {
    let absent = absent.iter().filter_map(|&(seat, member)| {
        let Key::Bn254 { g1, .. } = &member.key else {
            return None;
        };
        let times = positions.iter().filter(|&&p| set.is_in(member, p)).count() as u32;
        Some(AbsentKey {
            key: *g1.point(),
            seat: Some(seat),
            times,
        })
    });
    Part {
        aggregates: positions.to_vec(),
        absent: absent.collect(),
    }
}
