//! The static figures in report.md: that they are of these sources, and that they keep their bars.

use std::fs;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

const REPORT: &str = include_str!("../report.md");

/// Registers that a thread can have, and still run.
const REGISTERS_MAX: f64 = 255.0;
/// Machine instructions of a multiplication in Fp of BLS12-381: what a prototype took.
const MULTIPLICATION_MAX: f64 = 346.0;
/// The share of them that multiplies and adds.
const MULTIPLY_ADDS_MIN: f64 = 0.85;

/// The cells of a table's rows.
fn table(header: &str) -> Vec<Vec<&'static str>> {
    let rows = REPORT.lines().skip_while(|line| !line.starts_with(header));
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    let cells = |row: &'static str| row.split('|').map(str::trim).collect::<Vec<_>>();
    let rows: Vec<_> = rows.map(|row| cells(row)[1..].to_vec()).collect();
    assert!(!rows.is_empty(), "the report has no table {header}");
    rows
}

fn number(cell: &str) -> f64 {
    cell.parse()
        .unwrap_or_else(|_| panic!("{cell} is no number"))
}

#[test]
fn the_report_is_of_these_sources() {
    let mut digest = Sha256::new();
    for folder in ["entries", "include"] {
        let files = fs::read_dir(folder).expect("the crate has this folder");
        let mut paths: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
        paths.sort();
        for path in paths {
            let name = path.file_name().expect("a file has a name");
            digest.update(name.as_encoded_bytes());
            digest.update(fs::read(&path).expect("sources can be read"));
        }
    }
    let digest = format!("Sources: `{:x}`", digest.finalize());
    assert!(
        REPORT.contains(&digest),
        "report.md is of other sources than {digest}: cargo xtask kernels --report"
    );
}

#[test]
fn a_multiplication_is_multiply_adds_for_the_most_part() {
    let rows = table("| instruction of one multiplication");
    let (mut all, mut multiply_adds) = (0.0, 0.0);
    for row in rows.iter().filter(|row| row[0] != "all") {
        // Moves more or fewer are what registers make of it; fewer do not count.
        let count = number(row[1]).max(0.0);
        all += count;
        if ["IMAD", "IMAD.HI", "IMAD.WIDE"].contains(&row[0]) {
            multiply_adds += count;
        }
    }
    assert!(all <= MULTIPLICATION_MAX, "{all} instructions");
    assert!(
        multiply_adds >= MULTIPLY_ADDS_MIN * all,
        "{multiply_adds} of {all} instructions multiply"
    );
}

#[test]
fn nothing_spills_in_any_entry_point() {
    let rows = table("| entry point |");
    let named: Vec<&str> = rows.iter().map(|row| row[0]).collect();
    for entry in tutti_kernels::ENTRY_POINTS {
        assert!(
            named.contains(&entry.name),
            "{} is not reported",
            entry.name
        );
    }
    for row in rows {
        let name = row[0];
        assert_eq!(row[3], "0", "{name} spills");
        assert!(number(row[1]) <= REGISTERS_MAX, "{name}");
    }
}
