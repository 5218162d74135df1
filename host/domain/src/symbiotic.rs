//! Symbiotic's simple proof: an aggregate signature over BN254, all validators, and those of
//! them who did not sign.

use std::sync::Arc;

use alloy_primitives::{B256, U256, Uint, keccak256};
use alloy_sol_types::{SolValue, sol};
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
use crate::subject::Subject;
use crate::succession::{Attester, Succession, SuccessionError};
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
pub fn compressed(point: &bn254::G1Affine) -> B256 {
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

/// What the previous validators commit to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidatorSetHeader {
    pub version: u8,
    pub required_key_tag: u8,
    pub epoch: u64,
    pub capture_timestamp: u64,
    pub quorum_threshold: U256,
    pub total_voting_power: U256,
    pub validators_ssz_root: B256,
    /// Keys and values that the settlement stores beside the header.
    pub extra: Vec<(B256, B256)>,
}

/// Whose settlement the header is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    pub subnetwork: B256,
    /// Of the EIP-712 domain, which names no chain: one commitment serves all.
    pub domain_name: String,
    pub domain_version: String,
}

sol! {
    struct ValSetHeader {
        uint8 version;
        uint8 requiredKeyTag;
        uint48 epoch;
        uint48 captureTimestamp;
        uint256 quorumThreshold;
        uint256 totalVotingPower;
        bytes32 validatorsSszMRoot;
    }
    struct ExtraData { bytes32 key; bytes32 value; }
}

const HEADER_TYPE: &[u8] =
    b"ValSetHeaderCommit(bytes32 subnetwork,uint48 epoch,bytes32 headerHash,bytes32 extraDataHash)";
const DOMAIN_TYPE: &[u8] = b"EIP712Domain(string name,string version)";
/// `SigVerifierBlsBn254Simple.VERIFICATION_TYPE`.
const SIMPLE: u32 = 1;
const HEADER_VERSION: u8 = 1;

impl ValidatorSetHeader {
    /// The 32 bytes that the validators of the epoch before sign.
    pub fn digest(&self, settlement: &Settlement) -> Result<B256, DecodeError> {
        let uint48 = |number: u64, field| {
            Uint::<48, 1>::try_from(number).map_err(|_| DecodeError::Number { field })
        };
        let header = ValSetHeader {
            version: self.version,
            requiredKeyTag: self.required_key_tag,
            epoch: uint48(self.epoch, "epoch")?,
            captureTimestamp: uint48(self.capture_timestamp, "capture timestamp")?,
            quorumThreshold: self.quorum_threshold,
            totalVotingPower: self.total_voting_power,
            validatorsSszMRoot: self.validators_ssz_root,
        };
        let extra = self
            .extra
            .iter()
            .map(|&(key, value)| ExtraData { key, value });
        let extra: Vec<_> = extra.collect();
        let commit = (
            keccak256(HEADER_TYPE),
            settlement.subnetwork,
            U256::from(self.epoch),
            keccak256(header.abi_encode()),
            keccak256(extra.abi_encode()),
        );
        let domain = (
            keccak256(DOMAIN_TYPE),
            keccak256(&settlement.domain_name),
            keccak256(&settlement.domain_version),
        );
        let domain = keccak256(domain.abi_encode_params());
        let commit = keccak256(commit.abi_encode_params());
        Ok(keccak256(
            [b"\x19\x01", domain.as_slice(), commit.as_slice()].concat(),
        ))
    }

    fn stored(&self, key: B256) -> Option<B256> {
        self.extra
            .iter()
            .find(|(stored, _)| *stored == key)
            .map(|(_, value)| *value)
    }
}

/// Where the settlement keeps what the simple verifier needs for one key tag.
fn storage_key(key_tag: u8, name: &str) -> B256 {
    let prefix = keccak256("keyTag.");
    let words = (SIMPLE, prefix, U256::from(key_tag), keccak256(name));
    keccak256(words.abi_encode_params())
}

impl Succession {
    /// A set whose header the epoch before signs. The header must be of that very set.
    pub fn symbiotic(
        next: Arc<OperatorSet>,
        header: &ValidatorSetHeader,
        settlement: &Settlement,
    ) -> Result<Self, SuccessionError> {
        let tag = header.required_key_tag;
        let [column] = next.columns() else {
            return Err(SuccessionError::Header("the number of weights"));
        };
        let Some(apk) = next.aggregates()[0].apk else {
            return Err(SuccessionError::Header("the kind of keys"));
        };
        let listed = validators_hash(&validators_of(&next));
        let same = [
            ("the version", header.version == HEADER_VERSION),
            (
                "the epoch",
                Reference::new(ReferenceKind::Epoch, header.epoch) == next.reference(),
            ),
            (
                "the total voting power",
                header.total_voting_power == column.total,
            ),
            (
                "the quorum threshold",
                header.quorum_threshold <= header.total_voting_power,
            ),
            ("the validators root", !header.validators_ssz_root.is_zero()),
            (
                "the hash of validators",
                header.stored(storage_key(tag, "validatorSetHashKeccak256")) == Some(listed),
            ),
            (
                "the aggregate key",
                header.stored(storage_key(tag, "aggPublicKeyG1")) == Some(compressed(&apk)),
            ),
        ];
        if let Some((name, _)) = same.into_iter().find(|(_, same)| !same) {
            return Err(SuccessionError::Header(name));
        }
        let subject = Subject::opaque(header.digest(settlement)?);
        Ok(Self::new(next, subject, Attester::Predecessor))
    }
}
