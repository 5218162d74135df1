//! Whole batches on the CPU backend, by size and by distinct messages, caches off:
//! `cargo bench -p tutti-bench --bench batches`.

use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tutti_backend_cpu::{CpuBackend, CpuConfig};
use tutti_bench::{EngineSubject, Subject, Workload};
use tutti_engine::{Engine, EngineConfig, NoObserver};
use tutti_types::Limits;

const SCENARIOS: [&str; 19] = [
    "single",
    "distinct-16",
    "distinct-128",
    "distinct-1024",
    "same-message-16",
    "same-message-128",
    "same-message-1024",
    "grouped-1024-32",
    "poisoned-128",
    "subnet",
    "sync-committee",
    "hash-to-curve-128",
    "pairing-check-128",
    "bn254-single",
    "bn254-distinct-128",
    "bn254-same-message-128",
    "bn254-poisoned-128",
    "bn254-hash-to-curve-128",
    "bn254-pairing-check-128",
];

fn batches(c: &mut Criterion) {
    let threads = tutti_engine::cores();
    let config = CpuConfig::new(threads, &Limits::default()).without_caches();
    let backend = Arc::new(CpuBackend::new(&config).expect("threads can be started"));
    let engine = Engine::start(
        &EngineConfig::default(),
        vec![backend],
        Arc::new(NoObserver),
    );
    let mut subject = EngineSubject {
        engine,
        name: "cpu".into(),
        runs: 0,
    };
    let mut group = c.benchmark_group("cpu");
    for name in SCENARIOS {
        let workload = Workload::generate(name.parse().expect(name), 1);
        group.throughput(Throughput::Elements(workload.scenario.items() as u64));
        group.bench_with_input(
            BenchmarkId::from_parameter(name),
            &workload,
            |b, workload| {
                b.iter(|| subject.run(workload).expect("the verdicts are right"));
            },
        );
    }
    group.finish();
}

criterion_group! {
    name = cpu;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    targets = batches
}
criterion_main!(cpu);
