//! Batches against the oracle: whatever is batched with what, in which order and on how many
//! threads, each item gets the verdict, reason and part that it gets alone.
//!
//! Everything is drawn from seeds; a failure names its seed. `TUTTI_LONG=1` runs ten times as
//! many of them.
#![forbid(unsafe_code)]

mod aggregate;
mod boundaries;
mod forge;
mod items;
mod pairing;
mod products;
mod rig;
mod verify;
