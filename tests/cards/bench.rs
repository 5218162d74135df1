//! `tutti bench` on a card: what it counts, and what its projections are made from.

use crate::rig::{json, tutti};

/// A line of a text that is kept in the repository.
fn line(text: &str, holds: &str) -> String {
    let found = text.lines().find(|line| line.contains(holds));
    found.expect("the text has it").to_owned()
}

/// Sixteen items with messages of their own fill four runs of five pairs: each costs a quarter of such a run, as listed.
/// The rate is that of one core at the frequency of the report that is kept, and is called a projection.
#[test]
fn a_cards_cycles_are_those_of_the_listing_and_its_rates_those_of_the_report() {
    let measured = [
        "bench",
        "--backend",
        "fpga-sim",
        "--scenario",
        "distinct-16",
    ];
    let brief = ["--seconds", "1", "--rounds", "1", "--json"];
    let report = json(&tutti(&[&measured[..], &brief].concat()));
    let card = &report["card"];

    let listing = include_str!("../../hdl/generated/microcode.txt");
    let run = line(listing, "miller-5: ");
    let cycles: f64 = run["miller-5: ".len()..]
        .split(' ')
        .next()
        .and_then(|cycles| cycles.parse().ok())
        .expect("cycles");
    assert_eq!(card["cycles_an_item"], cycles / 4.0, "{report}");

    let routed = line(
        include_str!("../../hdl/rtl/reports/core.txt"),
        " MHz after routing",
    );
    let megahertz: f64 = routed
        .split(' ')
        .find_map(|word| word.parse().ok())
        .expect("a frequency");
    let projected = &card["projected_not_measured"][0];
    assert_eq!(projected["cores"], 1);
    let rate = projected["items_per_s"].as_f64().expect("a rate");
    assert!(
        (rate - megahertz * 1e6 * 4.0 / cycles).abs() < 1e-6,
        "{card}"
    );
}
