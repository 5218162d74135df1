//! FPGA cards as operators have them: a card in a process of its own, the program `tutti` beside it, and what happens when the
//! card goes, is another one, or errs. The card is the model, or the Verilated hardware where `TUTTI_CARD` names it
//! (`cargo xtask card` builds it).
#![forbid(unsafe_code)]

mod bench;
mod conformance;
mod faults;
mod plugging;
mod rig;
