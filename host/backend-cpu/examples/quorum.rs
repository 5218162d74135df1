//! Quorum certificates on BN254, as restaked operators sign them: each over a digest of its own, by 80 to 160 of 200 resident
//! keys. Batches on one thread against arkworks one by one, interleaved in one run: medians
//! of processor time.
//!
//! `cargo run --release -p tutti-backend-cpu --example quorum [certificates] [rounds]`

use std::fs;
use std::sync::Arc;

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use tutti_backend::{Batch, Challenge, Keys, Outcomes, VerifyParcelBuilder, Work, WorkSlice};
use tutti_backend_cpu::{CpuBackend, CpuConfig, CpuEngine};
use tutti_curves::bn254::{Bn254, G1, G2};
use tutti_curves::{Bn254Sig, Curve, Group, Hashing, KeySet, Member, PointHash, Wire};
use tutti_types::{Limits, Priority, Scheme};

const KEYS: usize = 200;

struct Certificate {
    digest: [u8; 32],
    signers: Vec<u32>,
    signature: Wire<G1>,
}

fn main() {
    let mut args = std::env::args().skip(1);
    let mut number = |default: usize| {
        args.next()
            .map_or(default, |a| a.parse().expect("a number"))
    };
    let (count, rounds) = (number(64), number(11));
    let mut random = ChaCha20Rng::seed_from_u64(1);
    let secrets: Vec<u128> = (0..KEYS).map(|_| u128::from(random.next_u64())).collect();
    let keys = Arc::new(key_set(&secrets));
    let certificates: Vec<Certificate> = (0..count)
        .map(|_| certificate(&secrets, &mut random))
        .collect();
    let work = Arc::new(work(&keys, &certificates));
    let engines = [("auto", CpuEngine::Auto), ("scalar", CpuEngine::Scalar)];
    let backends = engines.map(|(name, engine)| (name, backend(engine)));
    let mut times = vec![Vec::new(); 1 + backends.len()];
    for _ in 0..rounds {
        times[0].push(time(count, || one_by_one(&keys, &certificates)));
        for ((_, backend), times) in backends.iter().zip(&mut times[1..]) {
            times.push(time(count, || check(backend, batch(&work, &mut random))));
        }
    }
    let medians: Vec<f64> = times.iter_mut().map(|times| median(times)).collect();
    println!(
        "{count} certificates, {rounds} rounds, one thread, medians of microseconds a certificate"
    );
    println!("{:<28} {:>9.1}", "arkworks, one by one", medians[0]);
    for ((name, _), median) in backends.iter().zip(&medians[1..]) {
        let ratio = medians[0] / median;
        println!(
            "{:<28} {median:>9.1} {ratio:>8.2} times",
            format!("batch, {name}")
        );
    }
}

fn key_set(secrets: &[u128]) -> KeySet<G2> {
    let key = |secret: &u128| G2::to_affine(&G2::mul(&G2::generator(), *secret));
    let members = secrets.iter().filter_map(key).map(Member::shown);
    KeySet::new(members.collect())
}

fn certificate(secrets: &[u128], random: &mut ChaCha20Rng) -> Certificate {
    let mut digest = [0; 32];
    random.fill_bytes(&mut digest);
    let quorum = 80 + random.next_u64() % 81;
    let mut signers: Vec<u32> = (0..KEYS as u32).collect();
    while signers.len() as u64 > quorum {
        signers.swap_remove((random.next_u64() % signers.len() as u64) as usize);
    }
    signers.sort_unstable();
    let secret: u128 = signers.iter().map(|&at| secrets[at as usize]).sum();
    let message = hash(&digest);
    let signature = G1::to_affine(&G1::mul(&message, secret)).expect("a secret below the order");
    Certificate {
        digest,
        signers,
        signature: Wire::Point(signature),
    }
}

fn hash(digest: &[u8; 32]) -> <G1 as Group>::Affine {
    G1::hash(Hashing::TryAndIncrement, digest, &[]).expect("32 bytes have a point")
}

fn work(keys: &Arc<KeySet<G2>>, certificates: &[Certificate]) -> Work {
    let mut parcel = VerifyParcelBuilder::<Bn254Sig>::new(Scheme::Bn254EigenTai);
    let source = parcel.keys(Keys::Set(Arc::clone(keys)));
    for certificate in certificates {
        let message = parcel.message(&certificate.digest);
        parcel
            .item(
                &[(source, &certificate.signers, message)],
                certificate.signature,
            )
            .expect("good certificates can be asked");
    }
    Work::Bn254(parcel.finish())
}

/// On one thread, and nothing is remembered between rounds.
fn backend(engine: CpuEngine) -> CpuBackend {
    let mut config = CpuConfig::new(1, &Limits::default()).without_caches();
    config.engine = engine;
    CpuBackend::new(&config).expect("a thread can be started")
}

fn batch(work: &Arc<Work>, random: &mut ChaCha20Rng) -> Batch {
    let mut challenge = [0; 32];
    random.fill_bytes(&mut challenge);
    Batch {
        priority: Priority::Urgent,
        ..Batch::of(
            vec![WorkSlice::whole(Arc::clone(work))],
            Challenge(challenge),
        )
    }
}

fn check(backend: &CpuBackend, batch: Batch) {
    let completion = tutti_backend::run(backend, batch).expect("the backend takes it");
    for outcomes in completion.result.expect("no fault") {
        let Outcomes::Verdicts(verdicts) = outcomes else {
            panic!("verdicts were asked for");
        };
        assert!(verdicts.iter().all(|verdict| verdict.is_valid()));
    }
}

/// What users of arkworks do: add the keys up, hash, one product of two pairings.
fn one_by_one(keys: &KeySet<G2>, certificates: &[Certificate]) {
    for certificate in certificates {
        let signers = certificate.signers.iter();
        let signers: Vec<_> = signers.map(|&at| &keys.keys()[at as usize]).collect();
        let key = G2::to_affine(&G2::sum(&signers)).expect("secrets do not cancel");
        let signature = certificate.signature.finite().expect("a point");
        let pairs = [
            (hash(&certificate.digest), key),
            (G1::negate(&signature), G2::generator()),
        ];
        assert!(Bn254::is_one(&Bn254::miller(&pairs)));
    }
}

/// Microseconds of processor time an item: of so many runs that the system's clock ticks do not count.
fn time(count: usize, mut run: impl FnMut()) -> f64 {
    let runs = 512_usize.div_ceil(count);
    let start = cpu_time_ns();
    for _ in 0..runs {
        run();
    }
    (cpu_time_ns() - start) as f64 / 1e3 / (runs * count) as f64
}

/// What the threads of this process have had of the processors: other load on the machine does not count.
fn cpu_time_ns() -> u64 {
    let threads = fs::read_dir("/proc/self/task").expect("the system lists threads");
    let account = |thread: fs::DirEntry| {
        let account = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        account.split(' ').next()?.parse::<u64>().ok()
    };
    threads.flatten().filter_map(account).sum()
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
