//! What the OP Stack attests: output roots, super roots, interop messages.

mod interop;
mod output_root;
mod super_root;

pub use interop::{Access, AccessError, EXPIRY_WINDOW_SECONDS, Execution, InteropMessage};
pub use output_root::OutputRootV0;
pub use super_root::{ChainOutput, SuperRootV1};
