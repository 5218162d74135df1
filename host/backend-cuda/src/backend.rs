//! The backend: a few slots, each a thread that takes a batch through the worker and checks what
//! comes back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::{Receiver, Sender};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use tutti_backend::{
    Backend, Batch, Completion, Descriptor, DeviceFault, Done, Outcomes, Refused, Work,
};
use tutti_curves::{Bn254Sig, MinPk, MinSig};
use tutti_types::{Operation, World};

use crate::entries::{entries, offered};
use crate::hash;
use crate::pairing;
use crate::program::DeviceFacts;
use crate::residents::Residents;
use crate::roots;
use crate::run::{Run, Stop};
use crate::supervisor::{Preparation, Supervisor, WorkerCommand, WorkerFault, WorkerPatience};
use crate::verify;
use crate::warm::{CrossoverTable, Effort, Warmth, multiplications_per_s};

/// How the backend is set up.
#[derive(Clone, Debug)]
pub struct CudaConfig {
    /// The name that health and metrics show.
    pub name: &'static str,
    pub worker: WorkerCommand,
    pub patience: WorkerPatience,
    /// Batches on the device at once: one computes while the next one's bytes are copied.
    pub slots: u32,
    /// Of the device's memory: for resident keys and for the slots' buffers.
    pub memory_bytes: u64,
    /// Keys sent along with a batch.
    pub inline_keys_max: u64,
    /// The smallest batch whose signatures are thrown into buckets.
    pub bucket_items_min: usize,
    pub warmth: Warmth,
}

impl CudaConfig {
    pub fn new(worker: WorkerCommand) -> Self {
        Self {
            name: "cuda",
            worker,
            patience: WorkerPatience::default(),
            slots: 2,
            memory_bytes: 4 << 30,
            inline_keys_max: 1 << 18,
            bucket_items_min: 8_192,
            warmth: Warmth::Measured(Effort::default()),
        }
    }

    /// Half for the slots' buffers.
    const fn arena_bytes(&self) -> u64 {
        self.memory_bytes / 2 / self.slots as u64
    }

    /// Half for keys, the same number in each table.
    fn key_places(&self) -> [u64; 3] {
        let bytes: u64 = crate::program::Table::ALL
            .iter()
            .map(|table| 4 * table.words())
            .sum();
        [self.memory_bytes / 2 / bytes; 3]
    }
}

/// Device memory that an item takes at most, with one key.
const BYTES_PER_ITEM: u64 = 4_096;

/// One device.
pub struct CudaBackend {
    descriptor: Descriptor,
    facts: DeviceFacts,
    station: Arc<Station>,
    jobs: Sender<(Arc<Batch>, Done)>,
    crossovers: CrossoverTable,
    multiplications_per_s: Option<f64>,
    batch_items_max: usize,
}

impl std::fmt::Debug for CudaBackend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CudaBackend")
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    #[error("{0}")]
    Worker(#[from] WorkerFault),
    #[error("these kernels do nothing that is asked for: the build has none of the entry points")]
    NothingOffered,
    #[error("no thread can be started: {0}")]
    Threads(String),
}

/// What all slots share.
struct Station {
    supervisor: Supervisor,
    residents: Residents,
    second: Arc<dyn Backend>,
    config: CudaConfig,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    batches: AtomicU64,
    items: AtomicU64,
    faults: AtomicU64,
    too_large: AtomicU64,
    device_us: AtomicU64,
    copied_bytes: AtomicU64,
    asked_again: AtomicU64,
}

impl CudaBackend {
    /// Starts the worker, warms the device, and measures from how many items on it is worth asking.
    /// `second` decides what the device cannot and what it calls bad.
    pub fn start(mut config: CudaConfig, second: Arc<dyn Backend>) -> Result<Self, StartError> {
        let places = config.key_places();
        // Half of the smallest table at most.
        let inline_keys_max = places[0] / 2 / u64::from(config.slots);
        config.inline_keys_max = config.inline_keys_max.min(inline_keys_max);
        let preparation = Preparation {
            keys: places,
            slots: config.slots,
            arena_bytes: config.arena_bytes(),
            entries: entries(),
        };
        let supervisor = Supervisor::new(config.worker.clone(), preparation, config.patience);
        let worker = supervisor.worker()?;
        let operations = offered(&worker.missing);
        if operations.is_empty() {
            return Err(StartError::NothingOffered);
        }
        let facts = worker.facts.clone();
        let multiplications_per_s = match config.warmth {
            Warmth::Measured(effort) => multiplications_per_s(&worker, effort),
            Warmth::Fixed(_) => None,
        };
        let reserved = config.inline_keys_max * u64::from(config.slots);
        let station = Arc::new(Station {
            supervisor,
            residents: Residents::new(places, reserved),
            second,
            config,
            counts: Counts::default(),
        });
        let (jobs, taken) = crossbeam_channel::bounded(WAITING_MAX);
        for slot in 0..station.config.slots {
            let (station, taken) = (Arc::clone(&station), taken.clone());
            std::thread::Builder::new()
                .name(format!("tutti-cuda-{slot}"))
                .spawn(move || serve_slot(&station, slot, &taken))
                .map_err(|error| StartError::Threads(error.to_string()))?;
        }
        let mut backend = Self {
            descriptor: descriptor(&station.config, &facts, operations),
            facts,
            batch_items_max: (station.config.arena_bytes() / BYTES_PER_ITEM) as usize,
            station,
            jobs,
            crossovers: CrossoverTable::default(),
            multiplications_per_s,
        };
        backend.crossovers = CrossoverTable::measure(&backend, &*backend.station.second);
        Ok(backend)
    }

    pub const fn facts(&self) -> &DeviceFacts {
        &self.facts
    }

    /// What was measured as it started, a line for each operation.
    pub const fn crossovers(&self) -> &CrossoverTable {
        &self.crossovers
    }

    /// In BLS12-381's base field, on the whole device; none where nothing was measured.
    pub const fn multiplications_per_s(&self) -> Option<f64> {
        self.multiplications_per_s
    }

    pub(crate) fn warmth(&self) -> Warmth {
        self.station.config.warmth
    }
}

/// Batches handed over at once: as many as there are slots, and the steps of self-tests.
const WAITING_MAX: usize = 64;

fn descriptor(config: &CudaConfig, facts: &DeviceFacts, operations: Vec<Operation>) -> Descriptor {
    Descriptor {
        name: config.name,
        engine: format!(
            "{}, sm_{}{}, {} multiprocessors, {} MiB, driver for CUDA {}.{}",
            facts.name,
            facts.compute_capability.0,
            facts.compute_capability.1,
            facts.multiprocessors,
            facts.memory_bytes >> 20,
            facts.driver_version / 1_000,
            facts.driver_version % 1_000 / 10
        ),
        digest: concat!("tutti-backend-cuda ", env!("CARGO_PKG_VERSION")).into(),
        slots: config.slots,
        urgent_slots: 0,
        operations,
    }
}

impl Backend for CudaBackend {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn submit(&self, batch: Arc<Batch>, done: Done) -> Result<(), Refused> {
        if !self.descriptor.operations.contains(&batch.operation) {
            return Err(Refused::Unsupported(batch.operation));
        }
        let waiting = self.jobs.try_send((batch, done));
        waiting.map_err(|_| Refused::ShuttingDown)
    }

    fn crossover(&self, operation: Operation) -> u32 {
        self.crossovers.of(operation)
    }

    fn batch_items_max(&self) -> Option<usize> {
        Some(self.batch_items_max)
    }

    fn counters(&self) -> Vec<(&'static str, u64)> {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (station, counts) = (&self.station, &self.station.counts);
        let (started, ended) = station.supervisor.counts();
        let (resident, uploads, evictions) = station.residents.counts();
        let mut counters = vec![
            ("cuda_batches", load(&counts.batches)),
            ("cuda_items", load(&counts.items)),
            ("cuda_faults", load(&counts.faults)),
            ("cuda_batches_too_large", load(&counts.too_large)),
            ("cuda_device_us", load(&counts.device_us)),
            ("cuda_copied_bytes", load(&counts.copied_bytes)),
            ("cuda_items_asked_again", load(&counts.asked_again)),
            ("cuda_wrong_answers", station.supervisor.wrong_answers()),
            ("cuda_workers_started", started),
            ("cuda_workers_ended", ended),
            ("cuda_key_sets_resident", resident),
            ("cuda_key_sets_uploaded", uploads),
            ("cuda_key_sets_evicted", evictions),
        ];
        counters.extend(self.crossovers.counters());
        counters
    }
}

fn serve_slot(station: &Station, slot: u32, jobs: &Receiver<(Arc<Batch>, Done)>) {
    for (batch, done) in jobs {
        let result = catch_unwind(AssertUnwindSafe(|| station.decide(slot, &batch)))
            .unwrap_or_else(|_| Err(DeviceFault::Internal("the CUDA backend panicked".into())));
        if result.is_err() {
            station.counts.faults.fetch_add(1, Ordering::Relaxed);
        }
        done(Completion {
            batch: batch.id,
            result,
        });
    }
}

impl Station {
    fn decide(&self, slot: u32, batch: &Batch) -> Result<Vec<Outcomes>, DeviceFault> {
        let worker = self.supervisor.worker()?;
        let mut run = Run {
            worker: &worker,
            slot,
            residents: &self.residents,
            scratch: self.config.inline_keys_max,
            second: &*self.second,
            random: ChaCha20Rng::from_seed(batch.challenge.0),
            elements: batch.items(),
            arena_bytes: self.config.arena_bytes(),
            pulse: batch.pulse.clone(),
            bucket_items_min: self.config.bucket_items_min,
            device_us: 0,
            copied: 0,
            asked_again: 0,
        };
        let result = dispatch(&mut run, batch);
        let add = |count: &AtomicU64, more| count.fetch_add(more, Ordering::Relaxed);
        add(&self.counts.device_us, run.device_us);
        add(&self.counts.copied_bytes, run.copied);
        add(&self.counts.asked_again, run.asked_again);
        match result {
            Ok(outcomes) => {
                self.supervisor.did_well();
                add(&self.counts.batches, 1);
                add(&self.counts.items, batch.items() as u64);
                Ok(outcomes)
            }
            Err(Stop::TooLarge) => {
                add(&self.counts.too_large, 1);
                let completion = tutti_backend::run(&*self.second, batch.clone());
                completion
                    .map_err(|refused| DeviceFault::Internal(refused.to_string()))?
                    .result
            }
            Err(Stop::Fault(fault)) => {
                if matches!(fault, DeviceFault::WrongAnswer(_)) {
                    self.supervisor.quarantine(&worker);
                }
                Err(fault)
            }
        }
    }
}

fn dispatch(run: &mut Run<'_>, batch: &Batch) -> Result<Vec<Outcomes>, Stop> {
    macro_rules! parcels {
        ($variant:ident) => {
            batch
                .slices
                .iter()
                .map(|slice| match &*slice.work {
                    Work::$variant(parcel) => (parcel, slice.range.clone()),
                    _ => unreachable!("a batch holds one operation only"),
                })
                .collect::<Vec<_>>()
        };
    }
    match batch.operation {
        Operation::Verify(World::Bls12381MinPk) => {
            verify::verify::<MinPk>(run, batch, &parcels!(MinPk))
        }
        Operation::Verify(World::Bls12381MinSig) => {
            verify::verify::<MinSig>(run, batch, &parcels!(MinSig))
        }
        Operation::Verify(World::Bn254) => verify::verify::<Bn254Sig>(run, batch, &parcels!(Bn254)),
        Operation::HashToCurve => hash::hash(run, batch),
        Operation::PairingCheck => pairing::check(run, batch),
        Operation::Aggregate | Operation::CheckKeys => roots::points(run, batch),
    }
}
