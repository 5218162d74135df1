//! What a device is asked before it serves: every operation in every shape, in two sizes, and how
//! fast it multiplies.

use tutti_backend::Backend;
use tutti_backend_cuda::{CudaBackend, CudaConfig, Effort, Warmth};
use tutti_types::Operation;

use crate::machine::{Machine, cpu};

#[test]
fn every_operation_is_measured_before_the_device_serves() {
    let machine = Machine::new();
    let config = CudaConfig {
        // As little as can be: what comes out are the stand-in's times.
        warmth: Warmth::Measured(Effort {
            sizes: [1, 3],
            threads: 4,
            multiplications: 1_000,
        }),
        ..machine.config()
    };
    let backend = CudaBackend::start(config, cpu()).expect("the stand-in is a device");
    let rows = backend.crossovers().rows();
    // Each of three worlds with distinct messages and with one; a hash; two curves' products; sums
    // and keys of three groups.
    assert_eq!(rows.len(), 6 + 1 + 2 + 3 + 3, "{rows:?}");
    assert!(
        backend
            .multiplications_per_s()
            .is_some_and(|speed| speed > 0.0)
    );
    let counters = backend.counters();
    let count = |name: &str| counters.iter().find(|(known, _)| *known == name);
    // Each row in two sizes, three times.
    assert_eq!(count("cuda_batches"), Some(&("cuda_batches", 15 * 2 * 3)));
    assert_eq!(count("cuda_faults"), Some(&("cuda_faults", 0)));
    for operation in Operation::ALL {
        let own = rows.iter().filter(|row| row.operation == operation);
        let worst = own.map(|row| row.items.unwrap_or(u32::MAX)).max();
        assert_eq!(Some(backend.crossover(operation)), worst, "{operation:?}");
    }
    let shown = counters
        .iter()
        .filter(|(name, _)| name.starts_with("cuda_crossover_items_"));
    assert_eq!(shown.count(), Operation::ALL.len());
}
