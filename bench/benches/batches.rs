//! Whole batches and certificates on the CPU backend, each engine, by size and by distinct
//! messages, caches off: `cargo bench -p tutti-bench --bench batches`.

use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use tutti_backend_cpu::{CpuBackend, CpuConfig, CpuEngine};
use tutti_bench::{EngineSubject, Subject, Workload};
use tutti_engine::{Engine, EngineConfig, NoObserver};
use tutti_types::Limits;

const SCENARIOS: [&str; 22] = [
    "single",
    "distinct-16",
    "distinct-128",
    "distinct-1024",
    "same-message-16",
    "same-message-128",
    "same-message-1024",
    "grouped-1024-32",
    "grouped-1024-256",
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
    "avs-quorum",
    "avs-quorum-64",
];

/// `None` where this processor has no such engine.
fn subject(engine: CpuEngine) -> Option<EngineSubject> {
    let threads = tutti_engine::cores();
    let config = CpuConfig {
        engine,
        ..CpuConfig::new(threads, &Limits::default())
    };
    let backend = Arc::new(CpuBackend::new(&config.without_caches()).ok()?);
    Some(EngineSubject {
        engine: Engine::start(
            &EngineConfig::default(),
            vec![backend],
            Arc::new(NoObserver),
        ),
        name: "cpu".into(),
        threads,
        runs: 0,
    })
}

fn batches(c: &mut Criterion) {
    let workloads = SCENARIOS.map(|name| Workload::generate(name.parse().expect(name), 1));
    for (name, engine) in [("scalar", CpuEngine::Scalar), ("ifma", CpuEngine::Ifma)] {
        let Some(mut subject) = subject(engine) else {
            println!("SKIPPED: this processor has no engine {name}");
            continue;
        };
        let mut group = c.benchmark_group(name);
        for workload in &workloads {
            group.throughput(Throughput::Elements(workload.scenario.items() as u64));
            group.bench_with_input(
                BenchmarkId::from_parameter(workload.scenario),
                workload,
                |b, workload| {
                    b.iter(|| subject.run(workload).expect("the verdicts are right"));
                },
            );
        }
        group.finish();
    }
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
