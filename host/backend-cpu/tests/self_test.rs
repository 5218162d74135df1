//! The known answers of the self-test through the CPU backend.

use tutti_backend::{Challenge, self_test};
use tutti_backend_cpu::{CpuBackend, CpuConfig, CpuEngine};
use tutti_types::Limits;

#[test]
fn known_answers_come_out() {
    for threads in [1, 2] {
        let config = CpuConfig::new(threads, &Limits::default());
        let scalar = CpuConfig {
            engine: CpuEngine::Scalar,
            ..config.clone()
        };
        for config in [config.clone(), config.without_caches(), scalar] {
            let backend = CpuBackend::new(&config).expect("threads start");
            for seed in 0..8 {
                let report = self_test(&backend, Challenge([seed; 32])).expect("the self-test");
                assert_eq!(report.checks, 2 * (8 + 4 + 4 + 1 + 3 + 2 + 3));
            }
        }
    }
}
