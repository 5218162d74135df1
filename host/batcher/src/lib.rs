//! The scheduler: what arrives is put in lanes, sealed into batches when a device can take one,
//! and sent again elsewhere when a device fails. Sans-IO: `(now, event)` in, actions out; no
//! threads, no clock, no randomness. The rules and their reasons stand in `docs/batching.md`.
//!
//! The driver keeps three promises:
//! * it carries out the actions in the order given;
//! * it ends each submitted attempt with one [`Event::Completed`] or [`Event::Faulted`], or all of
//!   a backend's attempts with [`Event::BackendDown`]; a [`BatchId`] names one attempt, and results
//!   that come in after their attempt was declared over are dropped;
//! * it sends [`Event::Tick`] at the time of the latest [`Action::WakeAt`].
#![forbid(unsafe_code)]

mod batcher;
mod config;
mod fleet;
mod lane;
mod ledger;
mod offenders;
mod ring;
mod vocabulary;

pub use batcher::{Batcher, Stats};
pub use config::{Config, Isolation};
pub use vocabulary::{
    Action, Amount, BackendId, BackendSlots, BatchId, Event, Micros, Parcel, ParcelId, Slice,
    SourceId, Spoiler,
};
