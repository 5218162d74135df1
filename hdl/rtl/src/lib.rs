#![forbid(unsafe_code)]
// Blocks are made of signals, which have no Debug; what is no signal of a block has a name that begins with an underscore;
// and a kernel is one function, for rust-hdl knows no other.
#![allow(
    missing_debug_implementations,
    clippy::used_underscore_binding,
    clippy::too_many_lines
)]
//! The coprocessor's hardware: blocks in rust-hdl, the Verilog made from them, and boards. `README.md` says how it works.

pub mod alu;
pub mod boards;
pub mod card;
pub mod cells;
pub mod core;
pub mod floorplan;
pub mod lane;
pub mod link;
pub mod multiplier;
pub mod pending;
pub mod sequencer;
pub mod uart;
pub mod verilog;
