//! The committed corpus, and whatever `TUTTI_VECTORS` points at, against the plain oracle.

mod oracle;

use std::env;
use std::path::Path;

use oracle::Oracle;
use tutti_conformance::{Report, Sharing, load, run};

fn put(path: &Path, sharing: Sharing) -> Report {
    let suite = load(path).expect("the folder holds vectors");
    let report = run(&suite, &mut Oracle, sharing);
    assert!(report.is_ok(), "{}:\n{report}", path.display());
    report
}

fn corpus() -> &'static Path {
    Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/conformance/vectors"
    ))
}

#[test]
fn the_oracle_agrees_with_the_committed_corpus() {
    let total = put(corpus(), Sharing::Alone).total();
    assert_eq!((total.passed, total.unsupported), (793, 0));
}

#[test]
fn sharing_lists_changes_no_verdict() {
    let alone = put(corpus(), Sharing::Alone);
    let together = put(corpus(), Sharing::Together);
    assert_eq!(alone.kinds, together.kinds);
}

/// The suites that stand outside the repository: `TUTTI_VECTORS` names their folder.
#[test]
fn the_oracle_agrees_with_other_peoples_vectors() {
    let Some(vectors) = env::var_os("TUTTI_VECTORS") else {
        eprintln!("TUTTI_VECTORS is not set: nothing to compare with");
        return;
    };
    let vectors = Path::new(&vectors);
    let ethereum = put(&vectors.join("bls12-381-tests"), Sharing::Alone).total();
    assert!(ethereum.passed >= 104 && ethereum.unsupported == 0);
    let hashes = put(&vectors.join("rfc9380"), Sharing::Alone).total();
    assert!(hashes.passed >= 40 && hashes.unsupported == 0);
    // The API has no scalar multiplication and adds no points outside the subgroup.
    let precompiles = put(&vectors.join("eip2537"), Sharing::Alone).total();
    assert!(precompiles.passed >= 76);
}
