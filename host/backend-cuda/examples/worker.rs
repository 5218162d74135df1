//! The worker process as tests start it. Where the build has no kernels the driver can only be the
//! stand-in, to which any image will do.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    let ordinal = std::env::args().nth(2).and_then(|word| word.parse().ok());
    let image = tutti_kernels::fatbin().unwrap_or(b"plain C++");
    tutti_backend_cuda::worker::serve(ordinal.unwrap_or(0), Some(image))
}
