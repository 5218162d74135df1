//! What is attested, typed, and the digests that are signed for it.
//!
//! A [`Statement`] is a [`Body`] about a chain. It computes the hash its own system computes
//! ([`Statement::upstream_hash`]) and carries in its [`Envelope`] what that hash lacks: kind,
//! chain, version, and the slot key that conflicting statements share. A [`SigningContext`]
//! turns the hash into the [`SignedDigest`]. Statements are compared as statements
//! ([`Statement::relation`], [`StatementId`]); hashes and digests have no equality, because
//! different statements can share them or the point they become.
//!
//! No IO, no clock.
#![forbid(unsafe_code)]

mod abi;
pub mod arbitrum;
mod context;
pub mod eigen;
mod envelope;
mod error;
pub mod ethereum;
mod hash;
pub mod mach;
pub mod messages;
pub mod nffl;
pub mod optimism;
pub mod ssz;
mod statement;
pub mod zksync;

pub use context::{SignedDigest, SigningContext};
pub use envelope::{Binding, ChainId, Envelope, Kind, Place, SlotKey};
pub use error::{DecodeError, StatementError};
pub use hash::{Address, Bytes32, keccak256, sha256};
pub use ruint::aliases::U256;
pub use statement::{Body, Opaque32, Relation, Statement, StatementId, UpstreamHash};
