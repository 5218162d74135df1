//! The build scripts of `cust` and `cust_raw` call the crate of this name to find a CUDA
//! installation to link with, and fail where there is none. We need none: `tutti-backend-cuda`
//! defines every function that they declare, and opens the driver when the first is called.
#![forbid(unsafe_code)]

use std::path::PathBuf;

/// Asks the linker for nothing.
pub const fn include_cuda() {}

/// There is no installation that the build would need.
pub const fn find_cuda_root() -> Option<PathBuf> {
    None
}
