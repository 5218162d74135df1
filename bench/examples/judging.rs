//! What a certificate costs before its pairings: 128 operators in two quorums, 48 of them absent,
//! others each time. Medians of so many rounds over 64 certificates, in microseconds each.
//!
//! `cargo run --release -p tutti-bench --example judging [rounds]`

use std::time::Instant;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use tutti_bench::{Quorums, Twins};
use tutti_domain::eigen::NonSignerCertificate;

const CERTIFICATES: usize = 64;

/// The answers, and microseconds for each certificate.
fn timed<T>(work: impl Fn(usize) -> T) -> (Vec<T>, f64) {
    let start = Instant::now();
    let done: Vec<T> = (0..CERTIFICATES).map(work).collect();
    let spent = start.elapsed().as_secs_f64() * 1e6 / CERTIFICATES as f64;
    (std::hint::black_box(done), spent)
}

fn main() {
    let rounds = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let quorums = Quorums::sign(CERTIFICATES, 1, &mut ChaCha20Rng::seed_from_u64(1));
    let mut spent = [const { Vec::new() }; 4];
    for _ in 0..rounds.unwrap_or(51usize) {
        let (certificates, us) = timed(|at| quorums.decode(at));
        spent[0].push(us);
        for (twins, spent) in [Twins::Known, Twins::Unknown].iter().zip(&mut spent[1..]) {
            let (_, us) = timed(|at| quorums.judge(*twins, at, &certificates[at]));
            spent.push(us);
        }
        let (_, us) = timed(|at| NonSignerCertificate::signatory_record_hash(&certificates[at]));
        spent[3].push(us);
    }
    let steps = [
        "the call's bytes to points",
        "every check but the pairings, keys known in G1 and G2",
        "the same, keys known in G1 only",
        "the record hash, with the ids of all absent",
    ];
    for (step, mut spent) in steps.into_iter().zip(spent) {
        spent.sort_by(f64::total_cmp);
        println!("{:8.1}  {step}", spent[spent.len() / 2]);
    }
}
