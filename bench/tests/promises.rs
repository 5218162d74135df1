//! What docs/specification.md promises of speed, against the results that are committed. They were
//! measured once; what this holds is that nobody commits worse ones, or none, without saying so.

use serde_json::Value;

fn result(name: &str) -> Value {
    let path = format!("{}/results/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn ratio(scenario: &str, against: &str) -> f64 {
    let result = result(&format!("batch-{scenario}-cpu-{against}-t1"));
    assert_eq!(result["scenario"], scenario);
    assert_eq!(result["against"], against);
    assert_eq!(result["threads"], 1);
    result["ratio"].as_f64().expect("a ratio")
}

#[test]
fn committed_results_keep_what_is_promised_beside_others() {
    for (scenario, against, promised) in [
        ("distinct-4096", "blst", 3.8),
        ("grouped-4096-512", "blst", 13.0),
        ("grouped-4096-64", "blst", 22.0),
        ("same-message-4096", "blst", 26.0),
        ("distinct-64", "blst", 3.4),
        ("distinct-8", "blst", 2.8),
        ("poisoned-1024", "blst", 10.0),
        ("single", "blst", 1.6),
        ("hash-to-curve-4096", "blst", 3.2),
        ("distinct-4096", "blst-grouped", 3.0),
        ("grouped-4096-512", "blst-grouped", 3.0),
        ("same-message-4096", "blst-grouped", 3.0),
        ("avs-quorum-64", "ark-bn254", 5.0),
    ] {
        let measured = ratio(scenario, against);
        assert!(
            measured >= promised,
            "{scenario}: {measured:.2} times {against}, promised are {promised}"
        );
    }
}

#[test]
fn committed_results_keep_what_is_promised_of_one_certificate() {
    for twins in ["", "-twins-unknown"] {
        for rate in [20, 100] {
            let result = result(&format!("open-avs-quorum-2000-server-1-{rate}{twins}-t2"));
            assert_eq!(result["rate"], f64::from(rate));
            let stream = &result["streams"][0];
            for nothing in [
                "refused",
                "unsent",
                "lost",
                "undecided_items",
                "wrong_items",
            ] {
                assert_eq!(stream[nothing], 0, "{nothing}");
            }
            let p99 = stream["latency_us"]["p99"].as_u64().expect("a latency");
            assert!(p99 <= 10_000, "{twins}, {rate} a second: {p99} us");
        }
    }
}

#[test]
fn committed_results_keep_what_is_promised_of_a_bad_item() {
    let result = result("batch-poisoned-1024-cpu-blst-t1");
    let overhead = result["poison_overhead"].as_f64().expect("a share");
    assert!(overhead <= 0.10, "{overhead}");
}

#[test]
fn committed_results_keep_what_is_promised_of_a_slot() {
    let result = result("slot-mainnet-slot-server-t2");
    for nothing in [
        "wrong_sets",
        "undecided_sets",
        "unanswered_requests",
        "refused_requests",
    ] {
        assert_eq!(result[nothing], 0, "{nothing}");
    }
    let classes = result["classes"].as_array().expect("classes");
    assert_eq!(classes.len(), 5);
    for class in classes {
        let share = class["share_decided_of_arrived_by_mark"].as_f64();
        assert!(share.expect("a share") >= 0.99, "{class}");
    }
}
