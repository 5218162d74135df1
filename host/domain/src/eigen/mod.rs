//! `EigenLayer`'s certificates over BN254.

pub mod abi;
mod aliasing;
mod bn254_key;
mod da;
pub mod merkle;
mod multichain;
mod non_signer;
mod table;

pub(crate) use aliasing::Words;
pub(crate) use bn254_key::{AbsentKey, Part, Signed, Tie};
pub use da::{BlobInclusion, BlobParams, DaCertificate, DaRules, DaVersion};
pub use multichain::{MultichainCertificate, OperatorInfo, Witness, WitnessCache, operator_tree};
pub(crate) use non_signer::Counted;
pub use non_signer::{HistoryIndices, NonSignerCertificate};
pub use table::{TableInclusion, table_leaf};
