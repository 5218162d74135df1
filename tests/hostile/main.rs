//! What is wrong, hostile or half: the answer is clear, the server stays up, nothing leaks.
#![allow(unreachable_pub, reason = "modules of a test binary")]

mod bytes_on_the_wire;
mod malformed;
#[path = "../service/support.rs"]
mod support;
mod vanishing;
