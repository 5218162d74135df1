//! Devices that do what they should and devices that do not, against a stand-in for the CUDA
//! driver that runs the kernels as plain C++ and can be told what to do wrong. Whatever it does,
//! no verdict is wrong.
#![forbid(unsafe_code)]

mod absent;
mod failing;
mod machine;
mod primitives;
mod signers;
mod verdicts;
mod warming;

// Shared with the tests of the CPU backend, which use all of it.
#[allow(dead_code)]
#[path = "../differential/forge.rs"]
mod forge;
#[allow(dead_code)]
#[path = "../differential/items.rs"]
mod items;
#[path = "../differential/products.rs"]
mod products;
#[allow(dead_code)]
#[path = "../differential/rig.rs"]
mod rig;
