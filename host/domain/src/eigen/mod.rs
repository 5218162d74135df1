//! `EigenLayer`'s certificates over BN254.

pub mod abi;
mod bn254_key;
mod non_signer;

pub use non_signer::{HistoryIndices, NonSignerCertificate};
