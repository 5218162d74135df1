//! Ethereum's own quorums: attestations of validators, sync committees, and the light client
//! that follows them from one committee to the next.
//!
//! A [`LightClientStore`] begins at a trusted block ([`LightClientStore::bootstrap`]). It judges
//! an update as every certificate is judged, against the committee of the update's period, and
//! takes it up when the claim is concluded ([`LightClientStore::conclude`]). Nothing enters a
//! store but by a valid signature, or by [`LightClientStore::force`] after a signature that
//! was valid already.

mod attestation;
pub mod beacon_api;
mod committee;
mod header;
mod light_client;
mod spec;
mod ssz;
mod succession;
mod sync;
mod update;

pub use attestation::{
    AttestationCertificate, AttestationError, AttestationFault, Attesters, Bitlist, Committees,
};
pub use committee::{CommitteeError, SyncCommittee};
pub use header::{ExecutionHeader, ExtraData, LightClientHeader};
pub use light_client::{BootstrapError, Forced, LightClientStore, Pending, Proceeding};
pub use spec::{BeaconChain, Preset, Shape, ShapeEpochs};
pub use ssz::{Format, SszError};
pub use sync::{SyncAggregate, SyncCertificate};
pub use update::{Bootstrap, Finality, LightClientUpdate, NextCommittee, Unproven, UpdateFault};
