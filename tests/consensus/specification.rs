//! The consensus specification's own `light_client/sync` tests, in the minimal preset, as plain
//! SSZ and JSON: `light-client-sync/<fork>/<case>/`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use tutti_domain::ethereum::{
    BeaconChain, Forced, Format, LightClientHeader, LightClientStore, Preset, Shape, ShapeEpochs,
};
use tutti_domain::{OneByOne, Outcome};
use tutti_statements::U256;
use tutti_statements::ethereum::ForkSchedule;
use tutti_types::Limits;

use crate::{process, vectors};

fn number(value: &Value) -> u64 {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .expect("a number")
}

/// The chain that a case's configuration describes.
fn chain(config: &Value, genesis_validators_root: [u8; 32]) -> BeaconChain {
    let epoch = |name: &str| {
        config
            .get(format!("{name}_FORK_EPOCH"))
            .map_or(u64::MAX, number)
    };
    let forks = ["ALTAIR", "BELLATRIX", "CAPELLA", "DENEB", "ELECTRA"]
        .into_iter()
        .filter(|name| epoch(name) != u64::MAX)
        .map(|name| {
            (
                epoch(name),
                vectors::octets(&config[format!("{name}_FORK_VERSION")]),
            )
        });
    let genesis = (0, vectors::octets(&config["GENESIS_FORK_VERSION"]));
    let forks = std::iter::once(genesis).chain(forks).collect();
    BeaconChain {
        chain: U256::ZERO,
        preset: Preset::MINIMAL,
        shapes: ShapeEpochs {
            capella: epoch("CAPELLA"),
            deneb: epoch("DENEB"),
            electra: epoch("ELECTRA"),
        },
        forks: ForkSchedule::new(genesis_validators_root, forks).expect("in their order"),
    }
}

fn check_header(header: &LightClientHeader, expected: &Value) {
    assert_eq!(header.beacon.slot, number(&expected["slot"]));
    assert_eq!(header.root(), vectors::octets(&expected["beacon_root"]));
}

fn run(case: &Path, shape: Shape) -> usize {
    let json = |name: &str| vectors::json(&case.join(format!("{name}.json")));
    let ssz = |name: &str| std::fs::read(case.join(format!("{name}.ssz"))).expect("an object");
    let meta = json("meta");
    let root = vectors::octets(&meta["genesis_validators_root"]);
    let chain = Arc::new(chain(&json("config"), root));
    let format = Format {
        preset: Preset::MINIMAL,
        shape,
    };
    let bootstrap = format.bootstrap(&ssz("bootstrap")).expect("a bootstrap");
    let trusted = vectors::octets(&meta["trusted_block_root"]);
    let mut store =
        LightClientStore::bootstrap(chain, Limits::default(), &trusted, bootstrap, &OneByOne)
            .expect("a bootstrap that fits");
    let steps = json("steps");
    let steps = steps.as_array().expect("steps");
    for step in steps {
        let checks = if let Some(step) = step.get("process_update") {
            let name = step["update"].as_str().expect("a name");
            let update = format.update(&ssz(name)).expect("an update");
            let outcome = process(&mut store, update, number(&step["current_slot"]));
            assert!(matches!(outcome, Outcome::Accept(_)), "{name}: {outcome:?}");
            &step["checks"]
        } else {
            let step = step
                .get("force_update")
                .expect("an update, or a forced one");
            let forced = store.force(number(&step["current_slot"]));
            assert_eq!(forced, Forced::Advanced);
            &step["checks"]
        };
        check_header(store.finalized(), &checks["finalized_header"]);
        check_header(store.optimistic(), &checks["optimistic_header"]);
    }
    steps.len()
}

#[test]
fn stores_follow_the_specification_step_by_step() {
    let Some(folder) = vectors::folder("light-client-sync") else {
        return;
    };
    let mut steps = 0;
    for (fork, shape) in [("deneb", Shape::Deneb), ("electra", Shape::Electra)] {
        let cases = std::fs::read_dir(folder.join(fork)).expect("a folder of cases");
        let mut cases: Vec<PathBuf> = cases.flatten().map(|entry| entry.path()).collect();
        cases.sort();
        for case in cases {
            steps += run(&case, shape);
        }
    }
    assert!(steps > 10, "only {steps} steps");
    eprintln!("{steps} steps of the specification's tests followed");
}
