//! The FPGA backend: a card behind a stream of bytes computes Miller loops; the host does all that makes its results worth
//! believing. `docs/fpga.md` says what a card that errs or lies can do.
#![forbid(unsafe_code)]

mod card;
mod curve;
mod device;
mod equation;
mod frame;
mod hash;
mod model;
mod owner;
mod search;
mod transport;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};

use tutti_backend::{Backend, Batch, Completion, Descriptor, DeviceFault, Done, Refused};
use tutti_types::Operation;

pub use card::{Card, CardError, CardPatience, Identity, Job, Outcome};
pub use device::{PseudoTerminal, SimulatedCard};
pub use model::{MODEL_DIGEST, ModelPort};
pub use tutti_hdl::map::DIGEST_BYTES;

pub use transport::{Port, SerialDevice, Transport, UnixPort};

use owner::Owner;

/// How the backend is set up.
#[derive(Clone, Copy, Debug)]
pub struct FpgaConfig {
    pub patience: CardPatience,
    /// The design that the card must have. Where none is given it is the one that is there first.
    pub digest: Option<[u8; DIGEST_BYTES]>,
    /// One in so many items that a card found good is decided again by the host. 1: every one, and then the card hashes too, for
    /// every hash is computed by both.
    pub redecide_one_in: u32,
    /// Items of the smallest batch worth sending: fewer leave a run part empty, and are answered by the CPU before the card is.
    pub items_min: u32,
    /// Items of a batch at most, for cards that are so slow that a batch of the usual size takes too long.
    pub batch_items_max: Option<usize>,
}

impl Default for FpgaConfig {
    fn default() -> Self {
        Self {
            patience: CardPatience::default(),
            digest: None,
            redecide_one_in: 64,
            items_min: 4,
            batch_items_max: None,
        }
    }
}

impl FpgaConfig {
    /// Whether the card has a part in this at all.
    const fn asks_card(&self, operation: Operation) -> bool {
        match operation {
            Operation::Verify(_) | Operation::PairingCheck => true,
            Operation::HashToCurve => self.redecide_one_in == 1,
            Operation::Aggregate | Operation::CheckKeys => false,
        }
    }
}

/// What the backend counts of itself.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) runs: AtomicU64,
    pub(crate) cycles: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) retries: AtomicU64,
    pub(crate) reopened: AtomicU64,
    pub(crate) items_by_card: AtomicU64,
    pub(crate) items_by_host: AtomicU64,
    pub(crate) redecided: AtomicU64,
    pub(crate) quarantined: AtomicU64,
}

pub(crate) fn count(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

/// Batches that wait for the card's owner, all priorities together.
const SLOTS: u32 = 1;
const URGENT_SLOTS: u32 = 1;

/// A card and the thread that owns it.
#[derive(Debug)]
pub struct FpgaBackend {
    descriptor: Descriptor,
    tasks: SyncSender<(Arc<Batch>, Done)>,
    counters: Arc<Counters>,
    identity: Arc<OnceLock<Identity>>,
    config: FpgaConfig,
}

impl FpgaBackend {
    /// `host` decides what the card cannot, what it found bad, and samples of what it found good. The card is opened with the
    /// first batch, and again whenever it was lost.
    pub fn new(
        name: &'static str,
        port: Box<dyn Port>,
        host: Arc<dyn Backend>,
        config: FpgaConfig,
    ) -> std::io::Result<Self> {
        let counters = Arc::new(Counters::default());
        let digest = config.digest.map_or_else(
            || "any design".to_owned(),
            |digest| format!("{:032x}", u128::from_be_bytes(digest)),
        );
        let descriptor = Descriptor {
            name,
            engine: format!(
                "Miller loops on {}; the rest by {}",
                port.name(),
                host.descriptor().engine
            ),
            digest,
            slots: SLOTS,
            urgent_slots: URGENT_SLOTS,
            operations: Operation::ALL.to_vec(),
        };
        let (tasks, inbox) = sync_channel::<(Arc<Batch>, Done)>((SLOTS + URGENT_SLOTS) as usize);
        let identity = Arc::new(OnceLock::new());
        let known = (Arc::clone(&counters), Arc::clone(&identity));
        let mut owner = Owner::new(port, host, config, known);
        std::thread::Builder::new()
            .name(format!("tutti-{name}"))
            .spawn(move || {
                for (batch, done) in inbox {
                    let result = owner.decide(&batch);
                    done(Completion {
                        batch: batch.id,
                        result,
                    });
                }
            })?;
        Ok(Self {
            descriptor,
            tasks,
            counters,
            identity,
            config,
        })
    }

    /// What the card said of itself when it was first reached.
    pub fn identity(&self) -> Option<Identity> {
        self.identity.get().copied()
    }
}

impl Backend for FpgaBackend {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn submit(&self, batch: Arc<Batch>, done: Done) -> Result<(), Refused> {
        match self.tasks.try_send((batch, done)) {
            Ok(()) => Ok(()),
            // More than the slots that the descriptor names.
            Err(TrySendError::Full((batch, done))) => {
                done(Completion {
                    batch: batch.id,
                    result: Err(DeviceFault::Internal(
                        "more batches than the card has slots".into(),
                    )),
                });
                Ok(())
            }
            Err(TrySendError::Disconnected(_)) => Err(Refused::ShuttingDown),
        }
    }

    /// What the card has no part in is the CPU's.
    fn crossover(&self, operation: Operation) -> u32 {
        if self.config.asks_card(operation) {
            self.config.items_min
        } else {
            u32::MAX
        }
    }

    fn batch_items_max(&self) -> Option<usize> {
        self.config.batch_items_max
    }

    fn counters(&self) -> Vec<(&'static str, u64)> {
        let c = &self.counters;
        [
            ("card_runs", &c.runs),
            ("card_cycles", &c.cycles),
            ("card_bytes", &c.bytes),
            ("card_retries", &c.retries),
            ("card_reopened", &c.reopened),
            ("items_by_card", &c.items_by_card),
            ("items_by_host", &c.items_by_host),
            ("items_redecided", &c.redecided),
            ("quarantined", &c.quarantined),
        ]
        .map(|(name, counter)| (name, counter.load(Ordering::Relaxed)))
        .to_vec()
    }
}
