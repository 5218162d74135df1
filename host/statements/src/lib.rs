//! What is attested, typed, and the digests that are signed for it.
//!
//! A [`Statement`] is a [`Body`] about a chain. It computes the hash its own system computes
//! ([`Statement::upstream_hash`]) and carries in its [`Envelope`] what that hash lacks: kind,
//! chain, version, and the slot key that conflicting statements share. A [`SigningContext`]
//! turns the hash into the [`SignedDigest`]. Statements are compared as statements
//! ([`Statement::relation`], [`StatementId`]); hashes and digests have no equality, because
//! different statements can share them or the point they become.
//!
//! What each kind is placed by, and whether two signatures on conflicting statements of it can be
//! held against their signer on the strength of the signed bytes alone ([`Binding`]):
//!
//! | kind | conflicts at | chain | place |
//! |---|---|---|---|
//! | OP output root v0 | block | asserted | asserted: a block hash does not show its number |
//! | OP super root v1 | timestamp, over a chain both name | signed | signed |
//! | OP interop message | block and log | signed | signed |
//! | Nitro global state | inbox batch and message | asserted | signed |
//! | `BoLD` assertion | the same parent | asserted | signed |
//! | `StoredBatchInfo` (8 or 9 fields) | batch | asserted | signed |
//! | batch commitment | batch | asserted | asserted |
//! | MACH: block, output oracle | block, output index | by the second header | signed |
//! | MACH: block hash | nothing | by the second header | signed |
//! | NFFL state root | height | signed | signed |
//! | NFFL operator set | id | asserted | signed |
//! | `EigenDA` batch | nothing | asserted | signed |
//! | `EigenLayer` table root | timestamp | asserted | signed |
//! | Ethereum vote | target epoch, or surrounding | by the domain | signed |
//! | Ethereum block | slot | by the domain | signed |
//! | Hyperlane checkpoint | tree and index | signed | signed |
//! | Wormhole message | emitter and sequence | signed | signed |
//! | BEEFY commitment | block | asserted | signed |
//! | opaque digest | nothing; never evidence | asserted | asserted |
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
