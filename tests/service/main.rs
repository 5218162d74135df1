//! What the services promise, asked over the wire of a server in this process.

#![allow(unreachable_pub, reason = "modules of a test binary")]

#[allow(dead_code, reason = "certificates' own tests use the rest")]
#[path = "../certificates/cases.rs"]
mod cases;
mod certificates;
mod corpora;
mod flow;
mod keeping;
mod keysets;
mod kinds;
#[allow(dead_code, reason = "certificates' own tests use the rest")]
#[path = "../certificates/made.rs"]
mod made;
mod operations;
mod ops;
#[allow(dead_code, reason = "certificates' own tests use the rest")]
#[path = "../certificates/rig.rs"]
mod rig;
mod succeeding;
mod support;
mod verifying;
mod wire;
