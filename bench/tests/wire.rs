//! Every load speaks the contract: each scenario, over each call, through a real server, gets
//! the verdicts that are its own.

use std::sync::Arc;
use std::time::Duration;

use tutti_backend_cpu::{CpuBackend, CpuConfig};
use tutti_bench::load::{ClosedLoop, SetCall, TargetError, WireTarget, closed_loop, requests};
use tutti_bench::{Twins, Workload};
use tutti_engine::{Engine, EngineConfig};
use tutti_server::{Config, Metrics, Server};
use tutti_types::{Limits, Priority};

/// A server of this process; it ends with the test.
fn server() -> String {
    let backend = CpuBackend::new(&CpuConfig::new(2, &Limits::default())).expect("two threads");
    let metrics = Arc::new(Metrics::new());
    let observer = Arc::<Metrics>::clone(&metrics);
    let engine = Engine::start(&EngineConfig::default(), vec![Arc::new(backend)], observer);
    let config = Config {
        grpc: ([127, 0, 0, 1], 0).into(),
        side: None,
        ..Config::default()
    };
    let bound = Server::bind(config, engine, metrics).expect("a free port");
    let endpoint = format!("http://{}", bound.grpc_addr());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(bound.run(std::future::pending()))
    });
    endpoint
}

fn workload(name: &str) -> Arc<Workload> {
    Arc::new(Workload::generate(name.parse().expect(name), 3))
}

/// Keeps three requests of three items under way for a moment.
fn load(endpoint: &str, call: SetCall, workload: &Arc<Workload>) -> tutti_bench::load::LoadReport {
    let target = WireTarget::connect(endpoint, 2, call).expect("the server listens");
    target
        .put_keys(workload, Twins::Known)
        .expect("the keys are good");
    let requests = requests(&target, workload, 3, Priority::Normal).expect("a load");
    let plan = ClosedLoop {
        concurrency: 3,
        warm_up: Duration::ZERO,
        time: Duration::from_millis(300),
    };
    closed_loop(&target, &requests, &plan)
}

#[test]
fn every_call_gets_the_verdicts_that_are_its_own() {
    let endpoint = server();
    let cases = [
        (SetCall::Sets, "poisoned-9-2"),
        (SetCall::Columns, "poisoned-9-2"),
        (SetCall::Stream, "poisoned-9-2"),
        (SetCall::Sets, "bn254-grouped-9-4"),
        (SetCall::Columns, "bn254-grouped-9-4"),
        (SetCall::Columns, "sync-committee"),
        (SetCall::Stream, "sync-committee"),
        (SetCall::Sets, "avs-quorum-6"),
        (SetCall::Sets, "hash-to-curve-6"),
        (SetCall::Sets, "bn254-hash-to-curve-6"),
        (SetCall::Sets, "pairing-check-6"),
        (SetCall::Sets, "bn254-pairing-check-6"),
    ];
    for (call, name) in cases {
        let report = load(&endpoint, call, &workload(name));
        assert!(report.shortfall.is_none(), "{call:?} {name}: {report:?}");
        assert!(report.answered > 0, "{call:?} {name}: {report:?}");
        // The server's account and the rest make up the latency.
        assert!(report.computed.max() > 0, "{call:?} {name}: {report:?}");
        assert!(report.computed.max() <= report.latency.max());
        assert!(report.overhead.max() <= report.latency.max());
    }
}

/// A target that mixes up verdicts would pass the test above if the judge did not look.
#[test]
fn verdicts_that_are_not_the_items_own_are_counted() {
    let endpoint = server();
    let mut spoilt = Workload::generate("poisoned-3".parse().expect("a name"), 3);
    spoilt.bad = vec![2];
    let spoilt = Arc::new(spoilt);
    for call in [SetCall::Sets, SetCall::Columns, SetCall::Stream] {
        let report = load(&endpoint, call, &spoilt);
        assert_eq!(
            report.shortfall.wrong_items,
            2 * report.answered,
            "{call:?}"
        );
    }
}

#[test]
fn what_is_no_load_is_refused_before_the_clock_runs() {
    let endpoint = server();
    let target = WireTarget::connect(&endpoint, 1, SetCall::Sets).expect("the server listens");
    let mixed = workload("mixed");
    let refused = requests(&target, &mixed, 1, Priority::Normal);
    assert!(matches!(refused, Err(TargetError::NotALoad(_))));
    assert_eq!(mixed.crowds().len(), 4);
}
