//! What the services promise, asked over the wire of a server in this process.

#![allow(unreachable_pub, reason = "modules of a test binary")]

mod flow;
mod keysets;
mod operations;
mod ops;
mod support;
mod verifying;
