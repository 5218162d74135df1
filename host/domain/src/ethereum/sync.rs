use tutti_curves::{Group, Wire, bls12_381};
use tutti_statements::ethereum::BeaconBlockHeader;
use tutti_types::{Encoding, InvalidReason};

use super::spec::BeaconChain;
use crate::check::{Reason, Sheet, Step};
use crate::claim::{Obligation, Signers};
use crate::judgement::{Case, Findings, Judgement};
use crate::key::{KeyKind, Possession};
use crate::set::{Member, OperatorSet, Resident};
use crate::subject::Subject;
use crate::tally::Attendance;

/// Who of a sync committee signed, and the sum of their signatures.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncAggregate {
    bits: Vec<u8>,
    pub signature: Wire<bls12_381::G2>,
}

/// A sync committee's word on a block.
#[derive(Clone, Debug, PartialEq)]
pub struct SyncCertificate {
    pub header: BeaconBlockHeader,
    pub aggregate: SyncAggregate,
    /// The slot that the signature was included in, after the one it was made in.
    pub signature_slot: u64,
}

impl SyncAggregate {
    /// A bit for each seat, the lowest bit of the first byte first.
    pub fn new(bits: Vec<u8>, signature: &[u8; 96]) -> Result<Self, InvalidReason> {
        let signature = bls12_381::G2::parse(Encoding::ZcashCompressed, signature)?;
        Ok(Self { bits, signature })
    }

    pub fn bits(&self) -> &[u8] {
        &self.bits
    }

    pub fn participants(&self) -> u64 {
        self.bits
            .iter()
            .map(|byte| u64::from(byte.count_ones()))
            .sum()
    }

    pub fn seats(&self) -> usize {
        8 * self.bits.len()
    }

    fn has(&self, seat: u32) -> bool {
        self.bits[seat as usize / 8] >> (seat % 8) & 1 == 1
    }

    /// At least two of three seats signed.
    pub(super) fn has_supermajority(&self) -> bool {
        3 * self.participants() >= 2 * self.seats() as u64
    }
}

impl SyncCertificate {
    /// What its signers signed: the block's root under the domain of their time.
    pub fn subject(&self, chain: &BeaconChain) -> Subject {
        chain
            .sync_subject(self.header, self.signature_slot)
            .expect("sync committees sign block roots")
    }

    pub fn judge(&self, chain: &BeaconChain, case: &Case<'_>) -> Judgement {
        self.judge_with(chain, case, |_| {})
    }

    /// With checks of the caller's before those of the signers.
    pub(super) fn judge_with(
        &self,
        chain: &BeaconChain,
        case: &Case<'_>,
        more: impl FnOnce(&mut Sheet),
    ) -> Judgement {
        let reference = chain.period_reference(self.signature_slot);
        let signed = self.subject(chain).digest();
        let mut sheet = case.open(KeyKind::Bls12381, reference, signed);
        more(&mut sheet);
        let Some((present, absent)) = self.attendance(case.set, &mut sheet) else {
            for step in [Step::SignedWeight, Step::Threshold, Step::AggregateKey] {
                sheet.not_reached(step);
            }
            return case.close(sheet, Findings::unfinished(reference));
        };
        let message = signed.as_slice();
        let signature = &self.aggregate.signature;
        let obligation = signed_by(case.set, &present, &absent, message, signature, &mut sheet);
        let tallies =
            Attendance::without(case.set, &absent).count(case.set, case.policy, &mut sheet);
        let findings = Findings {
            reference,
            tallies,
            obligation,
        };
        case.close(sheet, findings)
    }

    fn attendance(&self, set: &OperatorSet, sheet: &mut Sheet) -> Option<(Vec<u32>, Vec<u32>)> {
        let seats = set.members().len();
        let matching = if self.aggregate.seats() == seats {
            Ok((0..seats as u32).partition(|&seat| self.aggregate.has(seat)))
        } else {
            Err(Reason::LengthMismatch {
                name: "sync committee bits",
                expected: seats,
                found: self.aggregate.seats(),
            })
        };
        sheet.note(Step::Lengths, Vec::new(), matching)
    }
}

/// The claim that these members of a set, each with one key, signed one message together.
pub(super) fn signed_by(
    set: &OperatorSet,
    present: &[u32],
    absent: &[u32],
    message: &[u8],
    signature: &Wire<bls12_381::G2>,
    sheet: &mut Sheet,
) -> Option<Obligation> {
    let unproven = present
        .iter()
        .find(|&&index| member(set, index).possession == Possession::None);
    let shown = unproven.map_or(Ok(()), |&index| Err(Reason::PossessionUnproven(index)));
    sheet.note(Step::Possession, Vec::new(), shown);
    let summands = match set.resident() {
        Resident::Bls12381(summands) => Ok(summands),
        _ => Err(Reason::OtherSetKind),
    };
    let summands = sheet.note(Step::AggregateKey, Vec::new(), summands)?;
    Some(Obligation::Bls12381 {
        signers: Signers::Of {
            keys: summands.keys().clone(),
            indices: summands.sum(&[0], present, absent),
        },
        message: message.into(),
        signature: *signature,
    })
}

fn member(set: &OperatorSet, index: u32) -> &Member {
    &set.members()[index as usize]
}
