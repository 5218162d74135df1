//! The oracle: BLS12-381 on blst and BN254 on arkworks, plain and kept for ever; what every
//! faster path is compared to, and what has the last word on every INVALID.
//!
//! Bytes become points in three steps, each a type: [`Wire`] (length, flags and coordinates
//! are canonical), [`Group::Affine`] (on the curve, not the point at infinity) and [`Member`]
//! (in the prime-order subgroup).
#![deny(unsafe_code)]

pub mod bls12_381;
pub mod bn254;
mod expand;
mod group;
mod hash;
mod keyset;
pub mod oracle;
mod world;

pub use expand::{ExpandError, expand_message_xmd};
pub use group::{Curve, Group, Member, Pair, Wire, WirePair};
pub use hash::{Hashing, MapInput, PointHash};
pub use keyset::KeySet;
pub use world::{Bn254Sig, MinPk, MinSig, Signed};
