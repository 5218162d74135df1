//! Light-client objects as the beacon API's JSON has them.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use tutti_statements::ethereum::BeaconBlockHeader;
use tutti_types::InvalidReason;

use super::committee::SyncCommittee;
use super::header::{ExecutionHeader, ExtraData, LightClientHeader};
use super::sync::SyncAggregate;
use super::update::{Bootstrap, Finality, LightClientUpdate, NextCommittee, Unproven};

/// Why text is not the object it was said to be.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("not the JSON of a beacon API: {0}")]
    Json(#[from] serde_json::Error),
    #[error("extra_data has {0} bytes, at most 32 fit")]
    ExtraData(usize),
    #[error("a branch of {found} nodes, 4 lead to an execution header")]
    ExecutionBranch { found: usize },
    #[error("the signature is {0:?}")]
    Signature(InvalidReason),
    #[error(transparent)]
    Unproven(#[from] Unproven),
    #[error("the text has {found} bytes, at most {limit} are read")]
    TooLong { found: usize, limit: usize },
}

/// A hundred updates, the most that an API returns at once, take 4 MiB.
const TEXT_MAX: usize = 16 << 20;

pub fn bootstrap(text: &str) -> Result<Bootstrap, ApiError> {
    let Versioned { data }: Versioned<ApiBootstrap> = parse(text)?;
    Ok(Bootstrap {
        header: data.header.try_into()?,
        committee: data.current_sync_committee.into(),
        committee_branch: data
            .current_sync_committee_branch
            .into_iter()
            .map(|node| node.0)
            .collect(),
    })
}

/// The answer to a request for updates by range.
pub fn updates(text: &str) -> Result<Vec<LightClientUpdate>, ApiError> {
    let updates: Vec<Versioned<ApiUpdate>> = parse(text)?;
    updates
        .into_iter()
        .map(|update| update.data.try_into())
        .collect()
}

/// One update, finality update or optimistic update.
pub fn update(text: &str) -> Result<LightClientUpdate, ApiError> {
    let Versioned { data }: Versioned<ApiUpdate> = parse(text)?;
    data.try_into()
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    if text.len() > TEXT_MAX {
        return Err(ApiError::TooLong {
            found: text.len(),
            limit: TEXT_MAX,
        });
    }
    Ok(serde_json::from_str(text)?)
}

/// Bytes of one length, as 0x and hexadecimal digits.
struct Octets<const N: usize>([u8; N]);

impl<'de, const N: usize> Deserialize<'de> for Octets<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Bytes(bytes) = Bytes::deserialize(deserializer)?;
        let found = bytes.len();
        let wrong = |_| D::Error::custom(format!("{found} bytes where {N} are needed"));
        bytes.try_into().map(Self).map_err(wrong)
    }
}

/// Bytes of any length, as 0x and hexadecimal digits.
struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text
            .strip_prefix("0x")
            .ok_or_else(|| D::Error::custom("bytes begin with 0x"))?;
        hex::decode(digits).map(Self).map_err(D::Error::custom)
    }
}

/// A number as decimal text.
struct Number<T>(T);

impl<'de, T: std::str::FromStr> Deserialize<'de> for Number<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let decimal = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if decimal => Ok(Self(number)),
            _ => Err(D::Error::custom(format!("{text:?} is no number that fits"))),
        }
    }
}

#[derive(Deserialize)]
struct Versioned<T> {
    data: T,
}

#[derive(Deserialize)]
struct ApiBeacon {
    slot: Number<u64>,
    proposer_index: Number<u64>,
    parent_root: Octets<32>,
    state_root: Octets<32>,
    body_root: Octets<32>,
}

#[derive(Deserialize)]
struct ApiExecution {
    parent_hash: Octets<32>,
    fee_recipient: Octets<20>,
    state_root: Octets<32>,
    receipts_root: Octets<32>,
    logs_bloom: Octets<256>,
    prev_randao: Octets<32>,
    block_number: Number<u64>,
    gas_limit: Number<u64>,
    gas_used: Number<u64>,
    timestamp: Number<u64>,
    extra_data: Bytes,
    base_fee_per_gas: Number<alloy_primitives::U256>,
    block_hash: Octets<32>,
    transactions_root: Octets<32>,
    withdrawals_root: Octets<32>,
    blob_gas_used: Option<Number<u64>>,
    excess_blob_gas: Option<Number<u64>>,
}

#[derive(Deserialize)]
struct ApiHeader {
    beacon: ApiBeacon,
    execution: ApiExecution,
    execution_branch: Vec<Octets<32>>,
}

#[derive(Deserialize)]
struct ApiCommittee {
    pubkeys: Vec<Octets<48>>,
    aggregate_pubkey: Octets<48>,
}

#[derive(Deserialize)]
struct ApiAggregate {
    sync_committee_bits: Bytes,
    sync_committee_signature: Octets<96>,
}

#[derive(Deserialize)]
struct ApiBootstrap {
    header: ApiHeader,
    current_sync_committee: ApiCommittee,
    current_sync_committee_branch: Vec<Octets<32>>,
}

#[derive(Deserialize)]
struct ApiUpdate {
    attested_header: ApiHeader,
    next_sync_committee: Option<ApiCommittee>,
    #[serde(default)]
    next_sync_committee_branch: Vec<Octets<32>>,
    finalized_header: Option<ApiHeader>,
    #[serde(default)]
    finality_branch: Vec<Octets<32>>,
    sync_aggregate: ApiAggregate,
    signature_slot: Number<u64>,
}

impl From<ApiBeacon> for BeaconBlockHeader {
    fn from(api: ApiBeacon) -> Self {
        Self {
            slot: api.slot.0,
            proposer_index: api.proposer_index.0,
            parent_root: api.parent_root.0,
            state_root: api.state_root.0,
            body_root: api.body_root.0,
        }
    }
}

impl TryFrom<ApiExecution> for ExecutionHeader {
    type Error = ApiError;

    fn try_from(api: ApiExecution) -> Result<Self, ApiError> {
        let extra = api.extra_data.0;
        Ok(Self {
            parent_hash: api.parent_hash.0,
            fee_recipient: api.fee_recipient.0,
            state_root: api.state_root.0,
            receipts_root: api.receipts_root.0,
            logs_bloom: Box::new(api.logs_bloom.0),
            prev_randao: api.prev_randao.0,
            block_number: api.block_number.0,
            gas_limit: api.gas_limit.0,
            gas_used: api.gas_used.0,
            timestamp: api.timestamp.0,
            extra_data: ExtraData::new(&extra).ok_or(ApiError::ExtraData(extra.len()))?,
            base_fee_per_gas: api.base_fee_per_gas.0.to_le_bytes(),
            block_hash: api.block_hash.0,
            transactions_root: api.transactions_root.0,
            withdrawals_root: api.withdrawals_root.0,
            blob_gas_used: api.blob_gas_used.map_or(0, |gas| gas.0),
            excess_blob_gas: api.excess_blob_gas.map_or(0, |gas| gas.0),
        })
    }
}

impl TryFrom<ApiHeader> for LightClientHeader {
    type Error = ApiError;

    fn try_from(api: ApiHeader) -> Result<Self, ApiError> {
        let branch: Vec<[u8; 32]> = api
            .execution_branch
            .into_iter()
            .map(|node| node.0)
            .collect();
        let found = branch.len();
        Ok(Self {
            beacon: api.beacon.into(),
            execution: api.execution.try_into()?,
            execution_branch: branch
                .try_into()
                .map_err(|_| ApiError::ExecutionBranch { found })?,
        })
    }
}

impl From<ApiCommittee> for SyncCommittee {
    fn from(api: ApiCommittee) -> Self {
        Self {
            keys: api.pubkeys.into_iter().map(|key| key.0).collect(),
            aggregate_key: api.aggregate_pubkey.0,
        }
    }
}

fn nodes(branch: Vec<Octets<32>>) -> Vec<[u8; 32]> {
    branch.into_iter().map(|node| node.0).collect()
}

impl TryFrom<ApiUpdate> for LightClientUpdate {
    type Error = ApiError;

    fn try_from(api: ApiUpdate) -> Result<Self, ApiError> {
        let committee = api.next_sync_committee.map(Into::into);
        let committee_branch = nodes(api.next_sync_committee_branch);
        let header = api.finalized_header.map(TryInto::try_into).transpose()?;
        let ApiAggregate {
            sync_committee_bits,
            sync_committee_signature,
        } = api.sync_aggregate;
        let aggregate = SyncAggregate::new(sync_committee_bits.0, &sync_committee_signature.0);
        Ok(Self {
            attested: api.attested_header.try_into()?,
            next_committee: NextCommittee::proven(committee, committee_branch)?,
            finality: Finality::proven(header, nodes(api.finality_branch))?,
            aggregate: aggregate.map_err(ApiError::Signature)?,
            signature_slot: api.signature_slot.0,
        })
    }
}
