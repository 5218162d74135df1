//! Sets that take over from others, and what attests them.

use std::sync::Arc;

use tutti_domain::eigen::TableInclusion;
use tutti_domain::ethereum::{CommitteeError, UpdateFault};
use tutti_domain::symbiotic::{Settlement, ValidatorSetHeader};
use tutti_domain::{OperatorSet, PossessionProof, SetDraft, Succession, SuccessionError, U256};
use tutti_proto::v1;
use tutti_proto::v1::advance_operator_set_request::Successor as Wire;

use super::chains::{self, Beacon};
use super::field::Field;
use super::sets::{self, Reading};
use super::statements;
use crate::refusal::Refusal;

/// A successor that was read.
#[derive(Debug)]
pub(crate) enum Successor {
    /// A set in full, whose keys are checked like those of any other.
    Drafted {
        draft: Box<SetDraft>,
        proofs: Vec<PossessionProof>,
        commitment: Commitment,
    },
    /// Its set is part of what is attested.
    Proven(Box<Succession>),
}

/// What the attesting set signs of a set.
#[derive(Debug)]
pub(crate) enum Commitment {
    Nffl { timestamp: u64 },
    Symbiotic(Box<ValidatorSetHeader>, Box<Settlement>),
}

impl Successor {
    pub(crate) fn read(
        request: &v1::AdvanceOperatorSetRequest,
        attester: &OperatorSet,
        reading: Reading<'_>,
    ) -> Result<Self, Refusal> {
        let successor = request.successor.as_ref();
        let successor = successor.ok_or_else(|| Refusal::malformed("successor", "is required"))?;
        match successor {
            Wire::Nffl(nffl) => {
                let timestamp = nffl.timestamp;
                let commitment = Commitment::Nffl { timestamp };
                drafted(
                    &Field::new("nffl"),
                    nffl.draft.as_ref(),
                    commitment,
                    reading,
                )
            }
            Wire::Symbiotic(header) => {
                let at = Field::new("symbiotic");
                let commitment = symbiotic(&at, header)?;
                drafted(&at, header.draft.as_ref(), commitment, reading)
            }
            Wire::EigenTable(table) => {
                let at = Field::new("eigen_table");
                let root = at.required("root", table.root.as_ref())?;
                let root = statements::table_root(&at.of("root"), root)?;
                let inclusion = TableInclusion {
                    table: &table.table,
                    index: table.index,
                    proof: &table.proof,
                };
                let limits = reading.limits;
                proven(Succession::eigen_table(root, inclusion, attester, limits))
            }
            Wire::SyncCommittee(next) => {
                let at = Field::new("sync_committee");
                let beacon = Beacon::read(&at, next.chain.as_ref())?;
                let update = chains::update(&at, &beacon, next.update.as_ref())?;
                let Reading { limits, keys } = reading;
                proven(Succession::sync_committee(
                    &beacon.chain,
                    &update,
                    limits,
                    keys,
                ))
            }
        }
    }
}

fn proven(succession: Result<Succession, SuccessionError>) -> Result<Successor, Refusal> {
    let succession = succession.map_err(|error| match error {
        SuccessionError::Update(UpdateFault::Committee(CommitteeError::Undecided(undecided))) => {
            undecided.into()
        }
        error => Refusal::InvalidSet(error.to_string()),
    })?;
    Ok(Successor::Proven(Box::new(succession)))
}

impl Commitment {
    pub(crate) fn to(&self, next: Arc<OperatorSet>) -> Result<Succession, Refusal> {
        let succession = match self {
            Self::Nffl { timestamp } => Succession::nffl(next, *timestamp),
            Self::Symbiotic(header, settlement) => Succession::symbiotic(next, header, settlement),
        };
        succession.map_err(|error| Refusal::InvalidSet(error.to_string()))
    }
}

fn drafted(
    at: &Field,
    draft: Option<&v1::OperatorSetDraft>,
    commitment: Commitment,
    reading: Reading<'_>,
) -> Result<Successor, Refusal> {
    let draft = at.required("draft", draft)?;
    let (draft, proofs) = sets::draft_of(&at.of("draft"), draft, reading)?;
    Ok(Successor::Drafted {
        draft: Box::new(draft),
        proofs,
        commitment,
    })
}

/// A settlement stores a few words for each kind of key.
const STORED_WORDS_MAX: usize = 1_024;

fn symbiotic(at: &Field, header: &v1::SymbioticSuccessor) -> Result<Commitment, Refusal> {
    if header.extra.len() > STORED_WORDS_MAX {
        return Err(at.of("extra").refuse(format!("at most {STORED_WORDS_MAX}")));
    }
    let extra = header.extra.iter().enumerate().map(|(index, word)| {
        let at = at.at("extra", index);
        Ok((at.hash("key", &word.key)?, at.hash("value", &word.value)?))
    });
    let integer = |name, bytes| -> Result<U256, Refusal> { at.integer(name, bytes) };
    let settlement = Settlement {
        subnetwork: at.hash("subnetwork", &header.subnetwork)?,
        domain_name: header.domain_name.clone(),
        domain_version: header.domain_version.clone(),
    };
    let header = ValidatorSetHeader {
        version: at.narrow("version", header.version)?,
        required_key_tag: at.narrow("required_key_tag", header.required_key_tag)?,
        epoch: header.epoch,
        capture_timestamp: header.capture_timestamp,
        quorum_threshold: integer("quorum_threshold", &header.quorum_threshold)?,
        total_voting_power: integer("total_voting_power", &header.total_voting_power)?,
        validators_ssz_root: at.hash("validators_ssz_root", &header.validators_ssz_root)?,
        extra: extra.collect::<Result<_, Refusal>>()?,
    };
    Ok(Commitment::Symbiotic(
        Box::new(header),
        Box::new(settlement),
    ))
}
