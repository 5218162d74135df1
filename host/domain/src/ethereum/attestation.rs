use std::sync::Arc;

use alloy_primitives::B256;
use tutti_curves::{Group, Wire, bls12_381};
use tutti_statements::ethereum::AttestationData;
use tutti_statements::{Body, SigningContext, Statement};
use tutti_types::{Encoding, InvalidReason};

use super::spec::{BeaconChain, Shape};
use super::sync::signed_by;
use crate::check::{Fact, Reason, Step, input};
use crate::judgement::{Case, Findings, Judgement};
use crate::key::KeyKind;
use crate::reference::{Reference, ReferenceKind};
use crate::set::OperatorSet;
use crate::subject::Subject;
use crate::tally::Attendance;

/// Validators' word on a block and on the checkpoints it builds on.
#[derive(Clone, Debug, PartialEq)]
pub struct AttestationCertificate {
    pub data: AttestationData,
    pub attesters: Attesters,
    pub signature: Wire<bls12_381::G2>,
}

/// Who attested; validators are members of the set, by their index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attesters {
    /// An `IndexedAttestation`.
    Indexed(Vec<u64>),
    /// An `Attestation`: which committees, and who of them, one after the other. Before Electra
    /// it is the one that the data names.
    Committees {
        committee_bits: u64,
        aggregation_bits: Bitlist,
        committees: Arc<Committees>,
    },
}

/// SSZ's list of bits, with its length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitlist {
    bytes: Vec<u8>,
    length: usize,
}

/// The committees of one slot, from the chain's shuffling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committees(Vec<Vec<u32>>);

/// Why bytes are no attestation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttestationError {
    #[error("the bytes end within the attestation")]
    Truncated,
    #[error("the list begins at byte {found}, {expected} is where it must")]
    Offset { expected: u32, found: u32 },
    #[error("the list of indices is not whole numbers of eight bytes")]
    PartialIndex,
    #[error("{found} attesters, at most {limit} fit an attestation")]
    TooMany { found: usize, limit: usize },
    #[error("the list of bits has no bit that marks its end")]
    NoDelimiter,
    #[error("the signature is {0:?}")]
    Signature(InvalidReason),
    #[error("validator {0} has two seats in the committees of one slot")]
    SeatedTwice(u32),
    #[error("a slot has at most {limit} committees, not {found}")]
    TooManyCommittees { found: usize, limit: usize },
}

/// What is wrong with an attestation that its signature may not heal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttestationFault {
    #[error("the target is epoch {target}, the slot is in epoch {slot}")]
    OtherEpoch { target: u64, slot: u64 },
    #[error("attestations name their committees by bits; index {0} must be 0")]
    CommitteeIndex(u64),
    #[error("attesters must ascend and not repeat: number {0} does not follow")]
    Unordered(u32),
    #[error("no committee is named")]
    NoCommittee,
    #[error("the slot has no committee {0}")]
    UnknownCommittee(u32),
    #[error("the committees have {expected} seats, there are {found} bits")]
    BitsLength { expected: usize, found: usize },
    #[error("nobody of committee {0} attested")]
    EmptyCommittee(u32),
}

/// `MAX_VALIDATORS_PER_COMMITTEE * MAX_COMMITTEES_PER_SLOT`.
const ATTESTERS_MAX: usize = 131_072;
const COMMITTEES_MAX: usize = 64;

impl Bitlist {
    pub fn parse(bytes: &[u8]) -> Result<Self, AttestationError> {
        let last = *bytes.last().ok_or(AttestationError::NoDelimiter)?;
        let delimiter = last.checked_ilog2().ok_or(AttestationError::NoDelimiter)?;
        let length = 8 * (bytes.len() - 1) + delimiter as usize;
        if length > ATTESTERS_MAX {
            return Err(AttestationError::TooMany {
                found: length,
                limit: ATTESTERS_MAX,
            });
        }
        Ok(Self {
            bytes: bytes.to_vec(),
            length,
        })
    }

    pub const fn len(&self) -> usize {
        self.length
    }

    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    fn has(&self, place: usize) -> bool {
        self.bytes[place / 8] >> (place % 8) & 1 == 1
    }
}

impl Committees {
    /// By committee index; each validator has one seat.
    pub fn new(committees: Vec<Vec<u32>>) -> Result<Self, AttestationError> {
        if committees.len() > COMMITTEES_MAX {
            return Err(AttestationError::TooManyCommittees {
                found: committees.len(),
                limit: COMMITTEES_MAX,
            });
        }
        let mut seated = committees.concat();
        if seated.len() > ATTESTERS_MAX {
            return Err(AttestationError::TooMany {
                found: seated.len(),
                limit: ATTESTERS_MAX,
            });
        }
        seated.sort_unstable();
        match seated.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(AttestationError::SeatedTwice(pair[0])),
            None => Ok(Self(committees)),
        }
    }

    fn attesters(&self, committee_bits: u64, bits: &Bitlist) -> Result<Vec<u32>, AttestationFault> {
        let named: Vec<u32> = (0..u64::BITS)
            .filter(|bit| committee_bits >> bit & 1 == 1)
            .collect();
        if named.is_empty() {
            return Err(AttestationFault::NoCommittee);
        }
        let unknown = named
            .iter()
            .find(|&&committee| committee as usize >= self.0.len());
        if let Some(&committee) = unknown {
            return Err(AttestationFault::UnknownCommittee(committee));
        }
        let expected = named.iter().map(|&c| self.0[c as usize].len()).sum();
        if bits.len() != expected {
            return Err(AttestationFault::BitsLength {
                expected,
                found: bits.len(),
            });
        }
        let mut attesters = Vec::new();
        let mut first = 0;
        for committee in named {
            let seats = &self.0[committee as usize];
            let before = attesters.len();
            let present = (first..).zip(seats).filter(|(place, _)| bits.has(*place));
            attesters.extend(present.map(|(_, validator)| *validator));
            if attesters.len() == before {
                return Err(AttestationFault::EmptyCommittee(committee));
            }
            first += seats.len();
        }
        attesters.sort_unstable();
        Ok(attesters)
    }
}

/// The fixed part that both SSZ containers begin with: an offset, the data, the signature.
struct Head<'a> {
    data: AttestationData,
    signature: Wire<bls12_381::G2>,
    rest: &'a [u8],
}

const HEAD: usize = 4 + AttestationData::SSZ_LENGTH + 96;

/// `fixed` is how long the part is that has always the same length, given what is attested.
fn head(
    bytes: &[u8],
    fixed: impl FnOnce(&AttestationData) -> usize,
) -> Result<Head<'_>, AttestationError> {
    let (head, rest) = bytes
        .split_at_checked(HEAD)
        .ok_or(AttestationError::Truncated)?;
    let (offset, body) = head.split_first_chunk().expect("the head is longer");
    let (data, signature) = body.split_at(AttestationData::SSZ_LENGTH);
    let data = AttestationData::decode(data).expect("128 bytes");
    let (expected, found) = (fixed(&data) as u32, u32::from_le_bytes(*offset));
    if found != expected {
        return Err(AttestationError::Offset { expected, found });
    }
    let signature = bls12_381::G2::parse(Encoding::ZcashCompressed, signature);
    Ok(Head {
        data,
        signature: signature.map_err(AttestationError::Signature)?,
        rest,
    })
}

impl AttestationCertificate {
    /// SSZ's `IndexedAttestation`.
    pub fn decode_indexed(bytes: &[u8]) -> Result<Self, AttestationError> {
        let head = head(bytes, |_| HEAD)?;
        let (indices, partial) = head.rest.as_chunks::<8>();
        if !partial.is_empty() {
            return Err(AttestationError::PartialIndex);
        }
        if indices.len() > ATTESTERS_MAX {
            return Err(AttestationError::TooMany {
                found: indices.len(),
                limit: ATTESTERS_MAX,
            });
        }
        let indices = indices.iter().map(|index| u64::from_le_bytes(*index));
        Ok(Self {
            data: head.data,
            attesters: Attesters::Indexed(indices.collect()),
            signature: head.signature,
        })
    }

    /// SSZ's `Attestation` in the form of its slot's fork, with the committees of that slot.
    pub fn decode(
        chain: &BeaconChain,
        bytes: &[u8],
        committees: Arc<Committees>,
    ) -> Result<Self, AttestationError> {
        let by_bits = |data: &AttestationData| chain.shape_at(data.slot) >= Shape::Electra;
        let head = head(bytes, |data| HEAD + if by_bits(data) { 8 } else { 0 })?;
        let (committee_bits, bits) = if by_bits(&head.data) {
            let split = head.rest.split_first_chunk();
            let (bits, rest) = split.ok_or(AttestationError::Truncated)?;
            (u64::from_le_bytes(*bits), rest)
        } else {
            let named = u32::try_from(head.data.index).unwrap_or(u32::MAX);
            (1u64.checked_shl(named).unwrap_or(0), head.rest)
        };
        Ok(Self {
            data: head.data,
            attesters: Attesters::Committees {
                committee_bits,
                aggregation_bits: Bitlist::parse(bits)?,
                committees,
            },
            signature: head.signature,
        })
    }

    /// What its signers signed: the data's root under the domain of the target epoch.
    pub fn subject(&self, chain: &BeaconChain) -> Subject {
        let statement = Statement::new(chain.chain, Body::EthAttestation(self.data))
            .expect("votes name no chain");
        let domain = chain.attestation_domain(self.data.target.epoch);
        Subject::new(statement, SigningContext::Ethereum(domain)).expect("validators sign votes")
    }

    pub fn judge(&self, chain: &BeaconChain, case: &Case<'_>) -> Judgement {
        let reference = Reference::new(ReferenceKind::Epoch, self.data.target.epoch);
        let signed: B256 = self.subject(chain).digest();
        let mut sheet = case.open(KeyKind::Bls12381, reference, signed);
        let epochs = self.check_epochs(chain).map_err(Reason::Attestation);
        sheet.note(Step::Slots, Vec::new(), epochs);
        let present = self.present(case.set);
        let seen = present.as_ref().map_or(&[][..], |present| present);
        let inputs = vec![input("attesters", Fact::Number(seen.len() as u64))];
        let Some(present) = sheet.note(Step::Membership, inputs, present) else {
            for step in [Step::SignedWeight, Step::Threshold, Step::AggregateKey] {
                sheet.not_reached(step);
            }
            return case.close(sheet, Findings::unfinished(reference));
        };
        let absent = absent(case.set, &present);
        let message = signed.as_slice();
        let signature = &self.signature;
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

    fn check_epochs(&self, chain: &BeaconChain) -> Result<(), AttestationFault> {
        let (target, slot) = (self.data.target.epoch, chain.epoch_at(self.data.slot));
        if target != slot {
            return Err(AttestationFault::OtherEpoch { target, slot });
        }
        if chain.shape_at(self.data.slot) >= Shape::Electra && self.data.index != 0 {
            return Err(AttestationFault::CommitteeIndex(self.data.index));
        }
        Ok(())
    }

    /// The attesters' seats in the set, ascending.
    fn present(&self, set: &OperatorSet) -> Result<Vec<u32>, Reason> {
        let members = set.members().len() as u32;
        let present = match &self.attesters {
            Attesters::Indexed(indices) => ascending(indices).map_err(Reason::Attestation)?,
            Attesters::Committees {
                committee_bits,
                aggregation_bits,
                committees,
            } => committees
                .attesters(*committee_bits, aggregation_bits)
                .map_err(Reason::Attestation)?
                .into_iter()
                .map(u64::from)
                .collect(),
        };
        match present.last() {
            None => Err(Reason::NoSigners),
            Some(&index) if index >= u64::from(members) => Err(Reason::IndexOutOfRange {
                index: u32::try_from(index).unwrap_or(u32::MAX),
                members,
            }),
            Some(_) => Ok(present.into_iter().map(|index| index as u32).collect()),
        }
    }
}

fn ascending(indices: &[u64]) -> Result<Vec<u64>, AttestationFault> {
    match indices.windows(2).position(|pair| pair[0] >= pair[1]) {
        Some(place) => Err(AttestationFault::Unordered(place as u32 + 1)),
        None => Ok(indices.to_vec()),
    }
}

/// The seats that are not in the ascending list.
fn absent(set: &OperatorSet, present: &[u32]) -> Vec<u32> {
    let mut present = present.iter().copied().peekable();
    (0..set.members().len() as u32)
        .filter(|seat| present.next_if_eq(seat).is_none())
        .collect()
}
