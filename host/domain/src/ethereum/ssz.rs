//! Light-client objects in SSZ, in the shape of a fork.

use tutti_statements::Bytes32;
use tutti_statements::ethereum::BeaconBlockHeader;
use tutti_types::InvalidReason;

use super::committee::SyncCommittee;
use super::header::{ExecutionHeader, ExtraData, LightClientHeader};
use super::spec::{Preset, Shape, TreeIndex};
use super::sync::SyncAggregate;
use super::update::{Bootstrap, Finality, LightClientUpdate, NextCommittee, Unproven};

/// Why bytes are not the object they were said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SszError {
    #[error("the bytes end within {0}")]
    Truncated(&'static str),
    #[error("{name} begins at byte {found}, {expected} is where it must")]
    Offset {
        name: &'static str,
        expected: usize,
        found: usize,
    },
    #[error("extra_data has {0} bytes, at most 32 fit")]
    ExtraData(usize),
    #[error("light clients know no headers of before Capella")]
    TooOld,
    #[error("the signature is {0:?}")]
    Signature(InvalidReason),
    #[error(transparent)]
    Unproven(#[from] Unproven),
}

/// The shape that bytes are in: that of the fork whose digest came with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    pub preset: Preset,
    pub shape: Shape,
}

impl Format {
    pub fn bootstrap(self, bytes: &[u8]) -> Result<Bootstrap, SszError> {
        let mut object = Object::new(bytes);
        let header = object.offset("the header")?;
        let committee = self.committee(&mut object)?;
        let place = self.shape.current_sync_committee();
        let committee_branch = object.branch(place, "the committee's branch")?;
        let [header] = object.parts(&[header])?;
        Ok(Bootstrap {
            header: self.header(header)?,
            committee,
            committee_branch,
        })
    }

    pub fn update(self, bytes: &[u8]) -> Result<LightClientUpdate, SszError> {
        let mut object = Object::new(bytes);
        let attested = object.offset("the attested header")?;
        let committee = self.committee(&mut object)?;
        let place = self.shape.next_sync_committee();
        let committee_branch = object.branch(place, "the committee's branch")?;
        let finalized = object.offset("the finalized header")?;
        let place = self.shape.finalized_root();
        let finality_branch = object.branch(place, "the finality branch")?;
        let aggregate = self.aggregate(&mut object)?;
        let signature_slot = object.uint64("the signature's slot")?;
        let [attested, finalized] = object.parts(&[attested, finalized])?;
        Ok(LightClientUpdate {
            attested: self.header(attested)?,
            next_committee: NextCommittee::proven(Some(committee), committee_branch)?,
            finality: Finality::proven(Some(self.header(finalized)?), finality_branch)?,
            aggregate,
            signature_slot,
        })
    }

    pub fn finality_update(self, bytes: &[u8]) -> Result<LightClientUpdate, SszError> {
        let mut object = Object::new(bytes);
        let attested = object.offset("the attested header")?;
        let finalized = object.offset("the finalized header")?;
        let place = self.shape.finalized_root();
        let branch = object.branch(place, "the finality branch")?;
        let aggregate = self.aggregate(&mut object)?;
        let signature_slot = object.uint64("the signature's slot")?;
        let [attested, finalized] = object.parts(&[attested, finalized])?;
        Ok(LightClientUpdate {
            attested: self.header(attested)?,
            next_committee: None,
            finality: Finality::proven(Some(self.header(finalized)?), branch)?,
            aggregate,
            signature_slot,
        })
    }

    pub fn optimistic_update(self, bytes: &[u8]) -> Result<LightClientUpdate, SszError> {
        let mut object = Object::new(bytes);
        let attested = object.offset("the attested header")?;
        let aggregate = self.aggregate(&mut object)?;
        let signature_slot = object.uint64("the signature's slot")?;
        let [attested] = object.parts(&[attested])?;
        Ok(LightClientUpdate {
            attested: self.header(attested)?,
            next_committee: None,
            finality: None,
            aggregate,
            signature_slot,
        })
    }

    fn committee(self, object: &mut Object<'_>) -> Result<SyncCommittee, SszError> {
        let keys = 0..self.preset.sync_committee_size;
        let keys = keys.map(|_| object.take("the committee's keys"));
        Ok(SyncCommittee {
            keys: keys.collect::<Result<_, _>>()?,
            aggregate_key: object.take("the committee's aggregate key")?,
        })
    }

    fn aggregate(self, object: &mut Object<'_>) -> Result<SyncAggregate, SszError> {
        let bits = object.bytes(self.preset.sync_committee_size / 8, "the committee's bits")?;
        let signature = object.take("the signature")?;
        SyncAggregate::new(bits.to_vec(), &signature).map_err(SszError::Signature)
    }

    fn header(self, bytes: &[u8]) -> Result<LightClientHeader, SszError> {
        if self.shape == Shape::Altair {
            return Err(SszError::TooOld);
        }
        let mut object = Object::new(bytes);
        let beacon: [u8; BeaconBlockHeader::SSZ_LENGTH] = object.take("the beacon header")?;
        let execution = object.offset("the execution header")?;
        let mut execution_branch = [[0; 32]; 4];
        for node in &mut execution_branch {
            *node = object.take("the execution branch")?;
        }
        let [execution] = object.parts(&[execution])?;
        Ok(LightClientHeader {
            beacon: BeaconBlockHeader::decode(&beacon).expect("the length is right"),
            execution: self.execution(execution)?,
            execution_branch,
        })
    }

    fn execution(self, bytes: &[u8]) -> Result<ExecutionHeader, SszError> {
        const NAME: &str = "the execution header";
        let mut object = Object::new(bytes);
        let mut header = ExecutionHeader {
            parent_hash: object.take(NAME)?,
            fee_recipient: object.take(NAME)?,
            state_root: object.take(NAME)?,
            receipts_root: object.take(NAME)?,
            logs_bloom: Box::new(object.take(NAME)?),
            prev_randao: object.take(NAME)?,
            block_number: object.uint64(NAME)?,
            gas_limit: object.uint64(NAME)?,
            gas_used: object.uint64(NAME)?,
            timestamp: object.uint64(NAME)?,
            extra_data: ExtraData::default(),
            base_fee_per_gas: [0; 32],
            block_hash: [0; 32],
            transactions_root: [0; 32],
            withdrawals_root: [0; 32],
            blob_gas_used: 0,
            excess_blob_gas: 0,
        };
        let extra = object.offset("extra_data")?;
        header.base_fee_per_gas = object.take(NAME)?;
        header.block_hash = object.take(NAME)?;
        header.transactions_root = object.take(NAME)?;
        header.withdrawals_root = object.take(NAME)?;
        if self.shape >= Shape::Deneb {
            header.blob_gas_used = object.uint64(NAME)?;
            header.excess_blob_gas = object.uint64(NAME)?;
        }
        let [extra] = object.parts(&[extra])?;
        header.extra_data = ExtraData::new(extra).ok_or(SszError::ExtraData(extra.len()))?;
        Ok(header)
    }
}

/// A container: fixed fields and offsets first, then the parts that the offsets name, in order
/// and without gaps.
struct Object<'a> {
    whole: &'a [u8],
    fixed: &'a [u8],
}

/// Where a part begins.
struct Offset {
    name: &'static str,
    at: usize,
}

impl<'a> Object<'a> {
    const fn new(bytes: &'a [u8]) -> Self {
        Self {
            whole: bytes,
            fixed: bytes,
        }
    }

    fn bytes(&mut self, count: usize, name: &'static str) -> Result<&'a [u8], SszError> {
        let split = self.fixed.split_at_checked(count);
        let (taken, rest) = split.ok_or(SszError::Truncated(name))?;
        self.fixed = rest;
        Ok(taken)
    }

    fn take<const N: usize>(&mut self, name: &'static str) -> Result<[u8; N], SszError> {
        Ok(self.bytes(N, name)?.try_into().expect("N bytes were taken"))
    }

    fn uint64(&mut self, name: &'static str) -> Result<u64, SszError> {
        self.take(name).map(u64::from_le_bytes)
    }

    fn offset(&mut self, name: &'static str) -> Result<Offset, SszError> {
        let at = u32::from_le_bytes(self.take(name)?) as usize;
        Ok(Offset { name, at })
    }

    fn branch(&mut self, place: TreeIndex, name: &'static str) -> Result<Vec<Bytes32>, SszError> {
        (0..place.depth()).map(|_| self.take(name)).collect()
    }

    /// The parts behind the fixed fields, which have all been read.
    fn parts<const N: usize>(self, offsets: &[Offset; N]) -> Result<[&'a [u8]; N], SszError> {
        let mut parts = [&[][..]; N];
        let mut expected = self.whole.len() - self.fixed.len();
        for (place, Offset { name, at }) in offsets.iter().enumerate() {
            let next = offsets
                .get(place + 1)
                .map_or(self.whole.len(), |next| next.at);
            // The first part begins where the fixed fields end; the others where they say.
            let wrong = place == 0 && *at != expected;
            parts[place] = match self.whole.get(*at..next) {
                Some(part) if !wrong => part,
                _ => {
                    return Err(SszError::Offset {
                        name,
                        expected,
                        found: *at,
                    });
                }
            };
            expected = next;
        }
        Ok(parts)
    }
}
