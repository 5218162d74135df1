use std::sync::Arc;
use tutti_backend_cpu::*;
use tutti_bench::*;
use tutti_engine::*;
use tutti_types::Limits;
fn main() {
    let threads: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    for name in std::env::args().skip(2) {
        let backend =
            CpuBackend::new(&CpuConfig::new(threads, &Limits::default()).without_caches()).unwrap();
        let engine = Engine::start(
            &EngineConfig::default(),
            vec![Arc::new(backend)],
            Arc::new(NoObserver),
        );
        let mut ours = EngineSubject {
            engine,
            name: "cpu".into(),
        };
        let mut theirs = Blst::new(threads);
        let report = measure(
            name.parse().unwrap(),
            1,
            Plan {
                time: std::time::Duration::from_secs(6),
                rounds_min: 3,
                ..Plan::default()
            },
            &mut ours,
            Some(&mut theirs),
        )
        .unwrap();
        println!(
            "{name}: {:.2} {:?} us/item {:.1} vs {:.1} overhead {:?}",
            report.ratio.unwrap().median,
            report.ratio.unwrap().quartiles,
            1e6 / report.ours.items_per_s,
            1e6 / report.against.unwrap().items_per_s,
            report.poison_overhead
        );
    }
}
