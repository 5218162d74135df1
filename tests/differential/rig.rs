//! Backends in every set-up, batches cut in every way, seeds.

use std::ops::Range;
use std::sync::Arc;

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use tutti_backend::{Batch, Challenge, CoefficientBits, Outcomes, Work, WorkSlice};
use tutti_backend_cpu::{CpuBackend, CpuConfig, CpuEngine};
use tutti_types::{Limits, Priority};

/// So many seeds; ten times as many where `TUTTI_LONG` is set.
pub(crate) fn seeds(count: u64) -> Range<u64> {
    match std::env::var_os("TUTTI_LONG") {
        Some(_) => 0..10 * count,
        None => 0..count,
    }
}

pub(crate) fn random(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(crate) fn below(random: &mut impl RngCore, end: usize) -> usize {
    (random.next_u64() % end as u64) as usize
}

pub(crate) fn one_in(random: &mut impl RngCore, count: usize) -> bool {
    below(random, count) == 0
}

pub(crate) fn pick<'a, T>(random: &mut impl RngCore, among: &'a [T]) -> &'a T {
    &among[below(random, among.len())]
}

pub(crate) fn shuffle<T>(random: &mut impl RngCore, list: &mut [T]) {
    for last in (1..list.len()).rev() {
        list.swap(last, below(random, last + 1));
    }
}

/// A backend and how it is set up.
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) backend: CpuBackend,
}

/// Every engine that this machine has, one and two threads, with and without caches.
pub(crate) fn subjects() -> Vec<Subject> {
    let mut subjects = Vec::new();
    for (engine, threads) in [CpuEngine::Auto, CpuEngine::Scalar]
        .into_iter()
        .flat_map(|engine| [(engine, 1), (engine, 2)])
    {
        let mut caching = CpuConfig::new(threads, &Limits::default());
        caching.engine = engine;
        for (caches, config) in [("no", caching.clone().without_caches()), ("with", caching)] {
            subjects.push(Subject {
                name: format!("{engine:?}, {threads} threads, {caches} caches"),
                backend: CpuBackend::new(&config).expect("threads can be started"),
            });
        }
    }
    subjects
}

/// Two of them, never the same set-up twice.
pub(crate) fn some<'a>(subjects: &'a [Subject], random: &mut impl RngCore) -> [&'a Subject; 2] {
    let first = below(random, subjects.len());
    let step = 1 + below(random, subjects.len() - 1);
    [first, (first + step) % subjects.len()].map(|at| &subjects[at])
}

pub(crate) const BOTH_LENGTHS: [CoefficientBits; 2] = [CoefficientBits::B64, CoefficientBits::B128];

/// Cuts each work into slices and puts these in any order.
pub(crate) fn slices(random: &mut impl RngCore, works: &[Arc<Work>]) -> Vec<WorkSlice> {
    let mut slices = Vec::new();
    for work in works {
        let mut start = 0;
        while start < work.len() {
            let end = start + 1 + below(random, work.len() - start);
            slices.push(WorkSlice {
                work: Arc::clone(work),
                range: start..end,
            });
            start = end;
        }
        if one_in(random, 4) {
            slices.push(WorkSlice {
                work: Arc::clone(work),
                range: start..start,
            });
        }
    }
    shuffle(random, &mut slices);
    slices
}

pub(crate) fn whole(work: &Arc<Work>) -> Vec<WorkSlice> {
    vec![WorkSlice {
        work: Arc::clone(work),
        range: 0..work.len(),
    }]
}

/// Runs one batch; the answer has an outcome for each slice.
pub(crate) fn run(
    backend: &CpuBackend,
    random: &mut impl RngCore,
    slices: &[WorkSlice],
    bits: CoefficientBits,
) -> Vec<Outcomes> {
    let mut challenge = [0; 32];
    random.fill_bytes(&mut challenge);
    let batch = Batch {
        id: random.next_u64(),
        priority: *pick(random, &Priority::ALL),
        coefficient_bits: bits,
        ..Batch::of(slices.to_vec(), Challenge(challenge))
    };
    let id = batch.id;
    let completion = tutti_backend::run(backend, batch).expect("the backend takes the batch");
    assert_eq!(completion.batch, id);
    let outcomes = completion.result.expect("no device fault");
    let answered: Vec<usize> = outcomes.iter().map(Outcomes::len).collect();
    let asked: Vec<usize> = slices.iter().map(|slice| slice.range.len()).collect();
    assert_eq!(answered, asked, "an answer for each item");
    outcomes
}
