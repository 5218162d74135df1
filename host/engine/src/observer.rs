use std::time::Duration;

use tutti_types::{Operation, Priority};

use crate::Answer;

/// What one batch was.
#[derive(Clone, Copy, Debug)]
pub struct BatchReport {
    pub backend: &'static str,
    pub operation: Operation,
    pub priority: Priority,
    pub items: usize,
    pub compute: Duration,
    /// The device failed and the batch goes elsewhere.
    pub faulted: bool,
}

/// What one parcel was and got.
#[derive(Debug)]
pub struct ParcelReport<'a> {
    pub operation: Operation,
    pub priority: Priority,
    pub answer: &'a Answer,
}

/// Is told of every batch and parcel, on the driver's thread: must be quick.
pub trait Observer: Send + Sync {
    fn batch_ended(&self, _report: &BatchReport) {}
    fn parcel_answered(&self, _report: &ParcelReport<'_>) {}
}

/// Wants to know nothing.
#[derive(Clone, Copy, Debug)]
pub struct NoObserver;

impl Observer for NoObserver {}
