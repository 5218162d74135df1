//! The stages that a verification is made of, one by one, on both curves' scalar code and in
//! vector lanes: `cargo bench -p tutti-bench --bench arithmetic`. Fields and towers are in
//! `cargo bench -p tutti-lanes`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use tutti_curves::bls12_381::{self, Bls12381};
use tutti_curves::bn254::{self, Bn254};
use tutti_curves::{Curve, Group, Hashing, PointHash, Wire};
use tutti_lanes::Ifma;
use tutti_types::{Encoding, HashVariant};

const TAG: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// Multiples of the generator: members of the group with nothing special about them.
fn points<G: Group>(count: usize) -> Vec<G::Affine> {
    let mut random = ChaCha20Rng::seed_from_u64(11);
    let sums: Vec<_> = (0..count)
        .map(|_| G::mul(&G::generator(), u128::from(random.next_u64()) << 60 | 1))
        .collect();
    G::normalise(&sums).into_iter().flatten().collect()
}

fn weights(count: usize) -> Vec<u128> {
    let mut random = ChaCha20Rng::seed_from_u64(12);
    (0..count)
        .map(|_| u128::from(random.next_u64() | 1))
        .collect()
}

fn group<G: Group>(c: &mut Criterion, name: &str, wire: Encoding) {
    let mut group = c.benchmark_group(name);
    let all = points::<G>(4_096);
    let bytes = G::encode(Some(&all[0]), wire);
    group.bench_function("parse", |b| {
        b.iter(|| G::parse(wire, black_box(&bytes)).expect("canonical"));
    });
    let parsed: Wire<G> = G::parse(wire, &bytes).expect("canonical");
    group.bench_function("decompress", |b| {
        b.iter(|| black_box(&parsed).finite());
    });
    group.bench_function("subgroup-check", |b| {
        b.iter(|| G::in_subgroup(black_box(&all[0])));
    });
    let (a, d) = (G::lift(&all[0]), G::lift(&all[1]));
    group.bench_function("add", |b| {
        b.iter(|| G::add(black_box(&a), black_box(&d)));
    });
    group.bench_function("add-affine", |b| {
        b.iter(|| G::add_affine(black_box(&a), &all[1]));
    });
    group.bench_function("mul-64", |b| {
        let weight = weights(1)[0];
        b.iter(|| G::mul(black_box(&all[0]), black_box(weight)));
    });
    for size in [16, 128, 1_024, 4_096] {
        group.throughput(Throughput::Elements(size as u64));
        let weights = weights(size);
        group.bench_with_input(BenchmarkId::new("msm-64", size), &size, |b, &size| {
            b.iter(|| G::msm(black_box(&all[..size]), &weights, 64));
        });
        let keys: Vec<&G::Affine> = all[..size].iter().collect();
        group.bench_with_input(BenchmarkId::new("sum", size), &keys, |b, keys| {
            b.iter(|| G::sum(black_box(keys)));
        });
    }
    group.finish();
}

fn hash<G: PointHash>(c: &mut Criterion, name: &str, hashing: Hashing<'_>) {
    let mut messages = ChaCha20Rng::seed_from_u64(13);
    // A try-and-increment hash costs what its message asks for: a new one each time.
    c.bench_function(name, |b| {
        b.iter_batched(
            || {
                let mut message = [0; 32];
                messages.fill_bytes(&mut message);
                message
            },
            |message| G::hash(hashing, &message, &[]),
            criterion::BatchSize::SmallInput,
        );
    });
}

fn pairing<C: Curve>(c: &mut Criterion, name: &str) {
    let mut group = c.benchmark_group(name);
    let pairs: Vec<_> = points::<C::G1>(64)
        .into_iter()
        .zip(points::<C::G2>(64))
        .collect();
    for count in [1, 2, 8, 64] {
        group.throughput(Throughput::Elements(count as u64));
        group.bench_with_input(BenchmarkId::new("miller", count), &count, |b, &count| {
            b.iter(|| C::miller(black_box(&pairs[..count])));
        });
    }
    group.throughput(Throughput::Elements(1));
    let (f, g) = (C::miller(&pairs[..1]), C::miller(&pairs[1..2]));
    group.bench_function("fp12-mul", |b| {
        b.iter(|| C::mul(black_box(&f), black_box(&g)));
    });
    group.bench_function("final-exponentiation", |b| {
        b.iter(|| C::is_one(black_box(&f)));
    });
    group.finish();
}

fn stages(c: &mut Criterion) {
    group::<bls12_381::G1>(c, "bls12-381-g1", Encoding::ZcashCompressed);
    group::<bls12_381::G2>(c, "bls12-381-g2", Encoding::ZcashCompressed);
    group::<bn254::G1>(c, "bn254-g1", Encoding::GnarkCompressed);
    group::<bn254::G2>(c, "bn254-g2", Encoding::GnarkCompressed);
    let oracle = Hashing::Rfc9380 {
        variant: HashVariant::RandomOracle,
        dst: TAG,
    };
    hash::<bls12_381::G1>(c, "bls12-381-g1/hash", oracle);
    hash::<bls12_381::G2>(c, "bls12-381-g2/hash", oracle);
    hash::<bn254::G1>(c, "bn254-g1/hash-svdw", oracle);
    hash::<bn254::G1>(
        c,
        "bn254-g1/hash-try-and-increment",
        Hashing::TryAndIncrement,
    );
    pairing::<Bls12381>(c, "bls12-381-pairing");
    pairing::<Bn254>(c, "bn254-pairing");
}

/// Whole registers of eight: what a batch is made of.
const IN_LANES: [usize; 2] = [8, 64];

/// A stage over many items in lanes.
fn stage<T>(c: &mut Criterion, name: &str, run: impl Fn(usize) -> T) {
    let mut group = c.benchmark_group("ifma");
    for count in IN_LANES {
        group.throughput(Throughput::Elements(count as u64));
        group.bench_with_input(BenchmarkId::new(name, count), &count, |b, &count| {
            b.iter(|| run(black_box(count)));
        });
    }
    group.finish();
}

fn compressed<G: Group, const N: usize>(points: &[G::Affine], encoding: Encoding) -> Vec<[u8; N]> {
    let compress = |point| G::encode(Some(point), encoding).try_into();
    let bytes = points.iter().map(compress).collect::<Result<_, _>>();
    bytes.expect("compressed points are of one length")
}

fn bls12_381_in_lanes(c: &mut Criterion, isa: Ifma) {
    let (keys, signatures) = (points::<bls12_381::G1>(64), points::<bls12_381::G2>(64));
    let key_bytes = compressed::<bls12_381::G1, 48>(&keys, Encoding::ZcashCompressed);
    let signature_bytes = compressed::<bls12_381::G2, 96>(&signatures, Encoding::ZcashCompressed);
    let messages: Vec<&[u8]> = key_bytes.iter().map(|bytes| &bytes[..32]).collect();
    let weights: Vec<u64> = weights(64)
        .into_iter()
        .map(|weight| weight as u64)
        .collect();
    let values = tutti_lanes::miller_loops(isa, &keys, &signatures);
    let name = |stage: &str| format!("bls12-381/{stage}");
    stage(c, &name("decompress-g1"), |n| {
        tutti_lanes::decompress_g1(isa, &key_bytes[..n])
    });
    stage(c, &name("decompress-g2"), |n| {
        tutti_lanes::decompress_g2(isa, &signature_bytes[..n])
    });
    stage(c, &name("subgroup-check-g1"), |n| {
        tutti_lanes::in_g1(isa, &keys[..n])
    });
    stage(c, &name("subgroup-check-g2"), |n| {
        tutti_lanes::in_g2(isa, &signatures[..n])
    });
    stage(c, &name("hash-g2"), |n| {
        tutti_lanes::hash_to_g2(isa, &messages[..n], TAG)
    });
    stage(c, &name("mul-64-g1"), |n| {
        tutti_lanes::multiply_g1_64(isa, &keys[..n], &weights[..n])
    });
    stage(c, &name("mul-64-g2"), |n| {
        tutti_lanes::multiply_g2_64(isa, &signatures[..n], &weights[..n])
    });
    stage(c, &name("miller"), |n| {
        tutti_lanes::miller_loops(isa, &keys[..n], &signatures[..n])
    });
    stage(c, &name("miller-product"), |n| {
        tutti_lanes::miller_product(isa, &keys[..n], &signatures[..n])
    });
    stage(c, &name("final-exponentiation"), |n| {
        tutti_lanes::final_exponentiations(isa, &values[..n])
    });
    let digits = digits(&weights);
    stage(c, &name("msm-buckets-g2"), |n| {
        let digits: Vec<&[i16]> = digits.iter().map(|window| &window[..n]).collect();
        tutti_lanes::bucket_sums_g2(isa, &signatures[..n], &[n], &digits, 128)
    });
}

/// The bytes of scalars as signed digits, window by window.
fn digits(scalars: &[u64]) -> Vec<Vec<i16>> {
    let window = |at: usize| {
        let digit = move |scalar: &u64| i16::from(scalar.to_le_bytes()[at].cast_signed());
        scalars.iter().map(digit).collect()
    };
    (0..8).map(window).collect()
}

fn bn254_in_lanes(c: &mut Criterion, isa: Ifma) {
    let (signatures, keys) = (points::<bn254::G1>(64), points::<bn254::G2>(64));
    let signature_bytes = compressed::<bn254::G1, 32>(&signatures, Encoding::GnarkCompressed);
    let digests: Vec<[u8; 32]> = signature_bytes.clone();
    let weights: Vec<u64> = weights(64)
        .into_iter()
        .map(|weight| weight as u64)
        .collect();
    let values = tutti_lanes::bn254_miller_loops(isa, &signatures, &keys);
    let name = |stage: &str| format!("bn254/{stage}");
    stage(c, &name("decompress-g1"), |n| {
        tutti_lanes::bn254_decompress_g1(isa, &signature_bytes[..n])
    });
    stage(c, &name("subgroup-check-g2"), |n| {
        tutti_lanes::bn254_in_g2(isa, &keys[..n])
    });
    stage(c, &name("hash-try-and-increment"), |n| {
        tutti_lanes::bn254_try_and_increment(isa, &digests[..n])
    });
    stage(c, &name("mul-64-g1"), |n| {
        tutti_lanes::bn254_multiply_g1_64(isa, &signatures[..n], &weights[..n])
    });
    stage(c, &name("mul-64-g2"), |n| {
        tutti_lanes::bn254_multiply_g2_64(isa, &keys[..n], &weights[..n])
    });
    stage(c, &name("miller"), |n| {
        tutti_lanes::bn254_miller_loops(isa, &signatures[..n], &keys[..n])
    });
    stage(c, &name("miller-product"), |n| {
        tutti_lanes::bn254_miller_product(isa, &signatures[..n], &keys[..n])
    });
    stage(c, &name("final-exponentiation"), |n| {
        tutti_lanes::bn254_final_exponentiations(isa, &values[..n])
    });
}

fn in_lanes(c: &mut Criterion) {
    let Some(isa) = Ifma::detect() else {
        println!("SKIPPED: this processor has no AVX-512 IFMA");
        return;
    };
    bls12_381_in_lanes(c, isa);
    bn254_in_lanes(c, isa);
}

criterion_group! {
    name = arithmetic;
    config = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = stages, in_lanes
}
criterion_main!(arithmetic);
