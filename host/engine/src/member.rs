//! A backend as the engine sees it: tested before it serves, counted, and not trusted to keep
//! its promises about threads, callbacks and time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;
use parking_lot::Mutex;
use tutti_backend::{
    Backend, Batch, Completion, Descriptor, DeviceFault, Done, Outcomes, Refused, SelfTestFailure,
    SelfTestReport, self_test,
};
use tutti_batcher::{Amount, BackendSlots};

use crate::{BackendStatus, Health, Patience, fresh_challenge};

/// What an item of a backend's large batches may cost on a core of the CPU: those of many pairs or
/// thousands of keys fill a batch before its items do.
const ITEM_COST_US_MAX: u64 = 1_000;

pub(crate) struct Member {
    pub(crate) backend: Arc<dyn Backend>,
    patience: Patience,
    health: Mutex<Health>,
    batches: AtomicU64,
    items: AtomicU64,
    faults: AtomicU64,
}

impl Member {
    pub(crate) fn tested(backend: Arc<dyn Backend>, patience: Patience) -> Arc<Self> {
        let member = Self {
            backend,
            patience,
            health: Mutex::new(Health::Up),
            batches: AtomicU64::new(0),
            items: AtomicU64::new(0),
            faults: AtomicU64::new(0),
        };
        if let Err(failure) = member.self_test() {
            member.down(failure.to_string());
        }
        Arc::new(member)
    }

    /// Runs the known answers. A backend that keeps silent fails.
    pub(crate) fn self_test(&self) -> Result<SelfTestReport, SelfTestFailure> {
        let impatient = Impatient {
            backend: &*self.backend,
            wait: self.patience.floor,
        };
        self_test(&impatient, fresh_challenge())
    }

    pub(crate) fn name(&self) -> &'static str {
        self.backend.descriptor().name
    }

    pub(crate) fn is_up(&self) -> bool {
        *self.health.lock() == Health::Up
    }

    pub(crate) fn up(&self) {
        *self.health.lock() = Health::Up;
    }

    pub(crate) fn down(&self, reason: String) {
        *self.health.lock() = Health::Down(reason);
    }

    pub(crate) fn count_batch(&self, items: u64) {
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.items.fetch_add(items, Ordering::Relaxed);
    }

    pub(crate) fn count_fault(&self) {
        self.faults.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn status(&self) -> BackendStatus {
        BackendStatus {
            descriptor: self.backend.descriptor().clone(),
            health: self.health.lock().clone(),
            batches: self.batches.load(Ordering::Relaxed),
            items: self.items.load(Ordering::Relaxed),
            faults: self.faults.load(Ordering::Relaxed),
            counters: self.backend.counters(),
        }
    }

    pub(crate) fn slots(&self) -> BackendSlots {
        let descriptor = self.backend.descriptor();
        BackendSlots {
            slots: descriptor.slots,
            urgent_slots: descriptor.urgent_slots,
            operations: descriptor
                .operations
                .iter()
                .map(|op| (*op, self.backend.crossover(*op)))
                .collect(),
            batch_max: self.backend.batch_items_max().map(|items| Amount {
                items: items as u64,
                cost_us: items as u64 * ITEM_COST_US_MAX,
            }),
        }
    }
}

/// Submits; that a backend refuses, or panics while it takes the batch, is a fault like others.
pub(crate) fn hand_over(
    backend: &dyn Backend,
    batch: Arc<Batch>,
    done: Done,
) -> Result<(), DeviceFault> {
    match catch_unwind(AssertUnwindSafe(|| backend.submit(batch, done))) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(refused)) => Err(DeviceFault::Internal(refused.to_string())),
        Err(_) => Err(DeviceFault::Internal(
            "it panicked as it was given a batch".into(),
        )),
    }
}

/// What a completion says of the batch that it was called back for.
pub(crate) fn result_of(batch: u64, completion: Completion) -> Result<Vec<Outcomes>, DeviceFault> {
    if completion.batch != batch {
        return Err(DeviceFault::WrongAnswer(format!(
            "batch {} was answered where {batch} was asked",
            completion.batch
        )));
    }
    completion.result
}

pub(crate) fn unanswered() -> DeviceFault {
    DeviceFault::Internal("the batch was dropped unanswered".into())
}

/// A backend whose batches are waited for, but not for ever.
struct Impatient<'a> {
    backend: &'a dyn Backend,
    wait: Duration,
}

impl Backend for Impatient<'_> {
    fn descriptor(&self) -> &Descriptor {
        self.backend.descriptor()
    }

    fn submit(&self, batch: Arc<Batch>, done: Done) -> Result<(), Refused> {
        let id = batch.id;
        let (sender, receiver) = crossbeam_channel::bounded(1);
        let answered: Done = Box::new(move |completion| {
            // Nobody waits for an answer that comes too late.
            let _ = sender.send(completion);
        });
        let result = hand_over(self.backend, batch, answered).and_then(|()| {
            match receiver.recv_timeout(self.wait) {
                Ok(completion) => result_of(id, completion),
                Err(RecvTimeoutError::Timeout) => Err(DeviceFault::Timeout),
                Err(RecvTimeoutError::Disconnected) => Err(unanswered()),
            }
        });
        done(Completion { batch: id, result });
        Ok(())
    }
}
