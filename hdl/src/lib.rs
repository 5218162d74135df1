//! The coprocessor without its hardware: instruction set, assembler, microcode, and a model that runs it.
#![forbid(unsafe_code)]

pub mod isa;
pub mod map;
