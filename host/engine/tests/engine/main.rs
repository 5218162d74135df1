//! The engine with backends that do what the test says, and with the real one.

mod answers;
mod faults;
mod keysets;
mod queue;
mod real;
mod support;
