//! The wire contract: `tutti/v1/*.proto` and the code made from it.
//!
//! The `.proto` files are the documentation: every field says there how it is encoded, what is
//! checked and what the caller must know.
#![forbid(unsafe_code)]

/// Package `tutti.v1`.
#[allow(
    clippy::all,
    clippy::pedantic,
    missing_debug_implementations,
    unreachable_pub,
    rustdoc::all,
    reason = "made by prost and tonic from the .proto files"
)]
pub mod v1 {
    tonic::include_proto!("tutti.v1");
}

/// All files of the contract with their comments, as server reflection serves them.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
