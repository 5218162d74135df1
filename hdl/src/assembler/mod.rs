//! From formulas to words: values without registers, then an order, then registers, then addresses.

mod field;
mod graph;
mod program;
mod schedule;
#[cfg(test)]
mod tests;
mod value;

pub use field::{Field, NonResidue};
pub use graph::Graph;
pub use program::{Assembler, Body, Image, Profile, ProfileRow, SETUP};
pub use schedule::Timing;
pub use value::{Fp, Fp2, Fp6, Fp12, Line, select, select2};
