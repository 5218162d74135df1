//! Cards on sockets and serial lines, and cards that are not the right one.

use serde_json::Value;

use crate::rig::{CORPUS, SimulatedCard, json, path, tutti};

/// What the model says it is: "tutti-hdl model.", in ASCII.
const MODEL_DIGEST: &str = "74757474692d68646c206d6f64656c2e";

fn doctor(options: &[&str]) -> Value {
    let report = json(&tutti(&[&["doctor", "--json"], options].concat()));
    let backends = report["backends"].as_array().expect("a list");
    let is_card = |finding: &&Value| {
        let name = finding["name"].as_str().expect("a name");
        name.starts_with("fpga")
    };
    let card = backends
        .iter()
        .find(is_card)
        .expect("it speaks of the card");
    card.clone()
}

#[test]
fn doctor_tests_the_model_and_says_what_it_is() {
    let card = doctor(&["--backend", "fpga-sim"]);
    assert_eq!(card["usable"], true, "{card}");
    let text = card["text"].as_str().expect("a text");
    assert!(text.contains("known answers came out"), "{text}");
    assert!(
        text.contains(&format!("2 cores, design {MODEL_DIGEST}")),
        "{text}"
    );
}

#[test]
fn doctor_refuses_another_design_and_an_empty_socket() {
    let card = SimulatedCard::on_socket(&path("card"));
    let right = doctor(&["--backend", &card.backend, "--fpga-digest", MODEL_DIGEST]);
    assert_eq!(right["usable"], true, "{right}");
    let other = MODEL_DIGEST.replace('7', "8");
    let wrong = doctor(&["--backend", &card.backend, "--fpga-digest", &other]);
    assert_eq!(wrong["usable"], false, "{wrong}");
    let text = wrong["text"].as_str().expect("a text");
    assert!(text.contains("program the right bitstream"), "{text}");
    let nowhere = doctor(&["--backend", "fpga:unix:/nonexistent/card"]);
    assert_eq!(nowhere["usable"], false, "{nowhere}");
}

/// The same bytes over a pseudo-terminal, opened as a serial device.
#[test]
fn a_card_on_a_serial_line_conforms() {
    let card = SimulatedCard::on_terminal();
    assert!(
        card.backend.starts_with("fpga:serial:/dev/"),
        "{}",
        card.backend
    );
    let folder = format!("{CORPUS}/bls/batch_verify");
    let args = ["conformance", &folder, "--backend", &card.backend, "--json"];
    let report = json(&tutti(&args));
    assert_eq!(
        report["failures"].as_array().map(Vec::len),
        Some(0),
        "{report}"
    );
}
