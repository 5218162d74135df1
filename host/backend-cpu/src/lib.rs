//! The CPU backend: the mathematics of a batch on a pool of threads. `docs/mathematics.md`
//! derives what is done here and bounds how often it can err.
#![forbid(unsafe_code)]

mod aggregate;
mod alone;
mod arithmetic;
mod caches;
mod hash;
mod pairing;
mod plan;
mod resolve;
mod search;
mod verify;
mod weighted;
mod weighted_sum;
mod weights;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use rayon::ThreadPool;
use tutti_backend::{
    Backend, Batch, CoefficientBits, Completion, Descriptor, DeviceFault, Done, Outcomes, Pulse,
    Refused, Work, WorkSlice,
};
use tutti_curves::{Bn254Sig, MinPk, MinSig};
use tutti_types::{Limits, Operation};

use arithmetic::Arithmetic;
use caches::Caches;

pub use arithmetic::CpuEngine;

/// How the backend is set up.
#[derive(Clone, Debug)]
pub struct CpuConfig {
    pub threads: usize,
    pub engine: CpuEngine,
    pub cached_keys_max: usize,
    pub cached_messages_max: usize,
    pub cached_aggregates_max: usize,
}

impl CpuConfig {
    pub fn new(threads: usize, limits: &Limits) -> Self {
        Self {
            threads,
            engine: CpuEngine::Auto,
            cached_keys_max: limits.cached_keys_max,
            cached_messages_max: limits.cached_messages_max,
            cached_aggregates_max: limits.cached_aggregates_max,
        }
    }

    /// Remembers nothing: what benchmarks of the arithmetic want.
    #[must_use]
    pub const fn without_caches(self) -> Self {
        Self {
            threads: self.threads,
            engine: self.engine,
            cached_keys_max: 0,
            cached_messages_max: 0,
            cached_aggregates_max: 0,
        }
    }
}

/// blst and arkworks on a pool of threads. Urgent batches have threads of their own, so that
/// the system's scheduler gives them their share at once, whatever bulk work is under way.
#[derive(Debug)]
pub struct CpuBackend {
    descriptor: Descriptor,
    pool: ThreadPool,
    urgent_pool: ThreadPool,
    caches: Arc<Caches>,
    arithmetic: Arithmetic,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the CPU backend cannot start {threads} threads: {source}")]
    Threads {
        threads: usize,
        source: rayon::ThreadPoolBuildError,
    },
    #[error("this processor has no AVX-512 IFMA: use the engine auto or scalar")]
    NoIfma,
}

impl CpuBackend {
    pub fn new(config: &CpuConfig) -> Result<Self, StartError> {
        let threads = config.threads.max(1);
        let arithmetic = Arithmetic::choose(config.engine)?;
        let pool = |name: &'static str| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .thread_name(move |index| format!("{name}-{index}"))
                .build()
                .map_err(|source| StartError::Threads { threads, source })
        };
        Ok(Self {
            descriptor: Descriptor {
                name: "cpu",
                engine: format!(
                    "{}: blst 0.3.17, arkworks 0.5, {threads} threads",
                    arithmetic.name()
                ),
                digest: concat!("tutti-backend-cpu ", env!("CARGO_PKG_VERSION")).into(),
                // One runs, the next fills its idle threads.
                slots: 2,
                urgent_slots: 1,
                operations: Operation::ALL.to_vec(),
            },
            pool: pool("tutti-cpu")?,
            urgent_pool: pool("tutti-urgent")?,
            caches: Arc::new(Caches::new(config)),
            arithmetic,
        })
    }
}

impl Backend for CpuBackend {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn submit(&self, batch: Arc<Batch>, done: Done) -> Result<(), Refused> {
        let caches = Arc::clone(&self.caches);
        let arithmetic = self.arithmetic;
        let pool = match batch.priority {
            tutti_types::Priority::Urgent => &self.urgent_pool,
            _ => &self.pool,
        };
        pool.spawn(move || {
            let result = catch_unwind(AssertUnwindSafe(|| decide(&batch, &caches, arithmetic)))
                .map_err(|_| DeviceFault::Internal("the CPU backend panicked".into()));
            done(Completion {
                batch: batch.id,
                result,
            });
        });
        Ok(())
    }

    fn counters(&self) -> Vec<(&'static str, u64)> {
        self.caches.counters()
    }
}

/// What one batch's mathematics draws on.
struct Context {
    arithmetic: Arithmetic,
    random: ChaCha20Rng,
    bits: CoefficientBits,
    pulse: Pulse,
}

fn decide(batch: &Batch, caches: &Caches, arithmetic: Arithmetic) -> Vec<Outcomes> {
    let mut context = Context {
        arithmetic,
        random: ChaCha20Rng::from_seed(batch.challenge.0),
        bits: batch.coefficient_bits,
        pulse: batch.pulse.clone(),
    };
    macro_rules! slices {
        ($variant:ident) => {
            parcels(&batch.slices, |work| match work {
                Work::$variant(parcel) => Some(parcel),
                _ => None,
            })
        };
    }
    match batch.operation {
        Operation::Verify(tutti_types::World::Bls12381MinPk) => {
            verify::verify::<MinPk>(&slices!(MinPk), &caches.min_pk, &mut context)
        }
        Operation::Verify(tutti_types::World::Bls12381MinSig) => {
            verify::verify::<MinSig>(&slices!(MinSig), &caches.min_sig, &mut context)
        }
        Operation::Verify(tutti_types::World::Bn254) => {
            verify::verify::<Bn254Sig>(&slices!(Bn254), &caches.bn254, &mut context)
        }
        Operation::HashToCurve => batch
            .slices
            .iter()
            .map(|slice| hash::hash(slice, &context))
            .collect(),
        Operation::PairingCheck => batch
            .slices
            .iter()
            .map(|slice| pairing::check(slice, &mut context))
            .collect(),
        Operation::Aggregate => batch
            .slices
            .iter()
            .map(|slice| aggregate::sums(slice, &mut context))
            .collect(),
        Operation::CheckKeys => batch
            .slices
            .iter()
            .map(|slice| aggregate::keys(slice, &mut context))
            .collect(),
    }
}

/// The batch's slices as parcels of its one kind.
fn parcels<'a, P>(
    slices: &'a [WorkSlice],
    pick: impl Fn(&'a Work) -> Option<&'a P>,
) -> Vec<(&'a P, std::ops::Range<usize>)> {
    slices
        .iter()
        .map(|slice| {
            let parcel = pick(&slice.work).expect("a batch holds one operation only");
            (parcel, slice.range.clone())
        })
        .collect()
}
