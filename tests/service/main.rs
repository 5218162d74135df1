//! What the services promise, asked over the wire of a server in this process.

#![allow(unreachable_pub, reason = "modules of a test binary")]

mod certificates;
mod flow;
mod keysets;
mod operations;
mod ops;
#[allow(dead_code, reason = "certificates' own tests use the rest")]
#[path = "../certificates/rig.rs"]
mod rig;
mod support;
mod verifying;
