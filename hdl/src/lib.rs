//! The coprocessor without its hardware: instruction set, assembler, microcode, and a model that runs it.
#![forbid(unsafe_code)]
#![allow(clippy::needless_range_loop)] // limb, word and task numbers index several arrays at once

pub mod assembler;
pub mod isa;
pub mod map;
pub mod microcode;
pub mod model;
pub mod routed;
pub mod wide;
