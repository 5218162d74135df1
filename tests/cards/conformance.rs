//! The suites on cards: all cases on the model, a core of them on the Verilated hardware behind a server.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::rig::{CORPUS, Server, SimulatedCard, json, path, tutti};

/// Cases that passed; none failed.
fn passed(report: &Value) -> u64 {
    assert_eq!(
        report["failures"].as_array().map(Vec::len),
        Some(0),
        "{report}"
    );
    let kinds = report["kinds"].as_array().expect("kinds");
    let count = |kind: &Value| kind["passed"].as_u64().expect("a count");
    kinds.iter().map(count).sum()
}

#[test]
fn the_whole_corpus_conforms_on_the_model() {
    for options in [&[][..], &["--alone", "--fpga-redecide-one-in", "1"]] {
        let args = ["conformance", CORPUS, "--backend", "fpga-sim", "--json"];
        let report = json(&tutti(&[&args[..], options].concat()));
        assert_eq!(passed(&report), 793, "{options:?}");
    }
}

/// The suites that stand outside the repository: `TUTTI_VECTORS` names their folder.
#[test]
fn other_peoples_suites_conform_on_the_model() {
    let Some(vectors) = std::env::var_os("TUTTI_VECTORS").map(PathBuf::from) else {
        println!("SKIPPED: TUTTI_VECTORS names no folder");
        return;
    };
    for (suite, cases) in [("bls12-381-tests", 104), ("rfc9380", 40), ("eip2537", 76)] {
        let folder = vectors.join(suite);
        let folder = folder.to_string_lossy();
        let args = ["conformance", &folder, "--backend", "fpga-sim", "--json"];
        let options = ["--fpga-redecide-one-in", "1"];
        let report = json(&tutti(&[&args[..], &options].concat()));
        assert!(passed(&report) >= cases, "{suite}: {report}");
    }
}

/// The core of the corpus: on each curve good and bad signatures of every kind, products, hashes; and what only looks good.
const CORE: [&str; 16] = [
    "bls/verify/valid_32_bytes.json",
    "bls/verify/valid_500_bytes.json",
    "bls/verify/wrong_message.json",
    "bls/verify/negated_signature.json",
    "bls/verify/signature_good_plus_order_13.json",
    "bls/fast_aggregate_verify/valid_17.json",
    "bls/fast_aggregate_verify/missing_key.json",
    "bls/aggregate_verify/three.json",
    "bls/aggregate_verify/messages_swapped.json",
    "bls/batch_verify/distinct.json",
    "bls/batch_verify/distinct_shifted.json",
    "bls/batch_verify/order_13_cancels.json",
    "bn254/bn254-eigen-tai/verify/valid_eip197.json",
    "bn254/bn254-eigen-tai/batch_verify/swapped.json",
    "eip2537/pairing_check_own.json",
    "rfc9380/BLS12381G2_XMD_SHA-256_SSWU_RO_tag_signing.json",
];

/// A folder with the core alone, and RFC 9380's own vectors.
fn core() -> PathBuf {
    let folder = path("core");
    let put = |from: &Path, name: &str| {
        let to = folder.join(name);
        let parent = to.parent().expect("it lies in a folder");
        std::fs::create_dir_all(parent).expect("the temporary folder can be written");
        std::fs::copy(from, to).expect("the case is there");
    };
    for case in CORE {
        put(&Path::new(CORPUS).join(case), case);
    }
    let rfc = "rfc9380/BLS12381G2_XMD_SHA-256_SSWU_RO_.json";
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/cards");
    put(&Path::new(own).join(rfc), rfc);
    folder
}

/// Through the gRPC server, each case by itself. Whatever the hardware computes is computed by the CPU too, and only what both
/// say is answered: pairings, and hashes.
#[test]
fn the_core_conforms_on_the_verilated_hardware_behind_a_server() {
    let Some(card) = SimulatedCard::rtl(&path("card"), &[]) else {
        return;
    };
    let server = Server::start(&["--backend", &card.backend, "--fpga-redecide-one-in", "1"]);
    assert!(server.is_up("fpga"), "its known answers come out");
    let before = server.counter("items_redecided");
    let folder = core();
    let folder = folder.to_string_lossy();
    let args = ["conformance", &folder, "--endpoint", &server.endpoint];
    let report = json(&tutti(&[&args[..], &["--alone", "--json"]].concat()));
    std::fs::remove_dir_all(&*folder).expect("the folder is ours");
    assert!(passed(&report) > 25, "{report}");
    // Pairings and hashes on which the hardware and the CPU agreed.
    let agreed = server.counter("items_redecided") - before;
    assert!(agreed > 15, "{agreed}");
    assert_eq!(server.counter("quarantined"), 0);
}
