#![forbid(unsafe_code)]
// Blocks are made of signals, which have no Debug.
#![allow(missing_debug_implementations)]
//! The coprocessor's hardware.
pub mod cells;
pub mod lane;
pub mod multiplier;
pub mod alu;
pub mod core;
pub mod pending;
pub mod sequencer;
pub mod verilog;
pub mod link;
pub mod card;
pub mod uart;
pub mod boards;
