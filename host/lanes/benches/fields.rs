//! Products in the fields and their towers, each engine: `cargo bench -p tutti-lanes`. A figure
//! is one step of eight products, which the lanes make at once and scalar code one by one.
#![allow(unsafe_code)] // blst's raw functions, to measure them without anything around

use std::hint::black_box;
use std::time::Duration;

use ark_bn254::{Fq, Fq2, Fq12};
use blst::{blst_fp, blst_fp2, blst_fp6, blst_fp12};
use criterion::{Criterion, criterion_group, criterion_main};
use tutti_lanes::Ifma;

/// In one call, so that the way in and out counts for nothing.
const CHAIN: usize = 256;

fn fp(n: u64) -> blst_fp {
    blst_fp {
        l: [n, 2, 3, 5, 7, n],
    }
}

fn fp2(n: u64) -> blst_fp2 {
    blst_fp2 {
        fp: [fp(n), fp(n + 1)],
    }
}

fn fp12(n: u64) -> blst_fp12 {
    let fp6 = |n: u64| blst_fp6 {
        fp2: [fp2(n), fp2(n + 2), fp2(n + 4)],
    };
    blst_fp12 {
        fp6: [fp6(n), fp6(n + 9)],
    }
}

fn lanes<T>(make: impl Fn(u64) -> T) -> [T; 8] {
    core::array::from_fn(|lane| make(lane as u64 + 1))
}

fn chained<T: Copy>(x: &[T; 8], product: impl Fn(&T, &T) -> T) -> [T; 8] {
    let mut powers = *x;
    for _ in 0..CHAIN {
        for (power, x) in powers.iter_mut().zip(x) {
            *power = product(power, x);
        }
    }
    powers
}

/// Nanoseconds that criterion prints are of a whole chain: it is told that a chain is `CHAIN`
/// elements, so that the throughput is in steps.
fn tower<T: Copy>(
    c: &mut Criterion,
    name: &str,
    x: &[T; 8],
    scalar: impl Fn(&T, &T) -> T,
    vector: fn(Ifma, &[T; 8], usize) -> [T; 8],
) {
    let mut group = c.benchmark_group(name);
    group.throughput(criterion::Throughput::Elements(CHAIN as u64));
    group.bench_function("scalar", |b| b.iter(|| chained(black_box(x), &scalar)));
    if let Some(isa) = Ifma::detect() {
        group.bench_function("ifma", |b| b.iter(|| vector(isa, black_box(x), CHAIN)));
    }
    group.finish();
}

fn products(c: &mut Criterion) {
    let blst_fp_mul = |a: &blst_fp, b: &blst_fp| {
        let mut product = blst_fp::default();
        // SAFETY: both are readable, and the product is writable.
        unsafe { blst::blst_fp_mul(&raw mut product, a, b) };
        product
    };
    let blst_fp2_mul = |a: &blst_fp2, b: &blst_fp2| {
        let mut product = blst_fp2::default();
        // SAFETY: as above.
        unsafe { blst::blst_fp2_mul(&raw mut product, a, b) };
        product
    };
    let name = |field: &str| format!("{field}, eight products");
    tower(
        c,
        &name("bls12-381 fp"),
        &lanes(fp),
        blst_fp_mul,
        tutti_lanes::chain_fp,
    );
    tower(
        c,
        &name("bls12-381 fp2"),
        &lanes(fp2),
        blst_fp2_mul,
        tutti_lanes::chain_fp2,
    );
    let product = |a: &blst_fp12, b: &blst_fp12| *a * *b;
    tower(
        c,
        &name("bls12-381 fp12"),
        &lanes(fp12),
        product,
        tutti_lanes::chain_fp12,
    );
    let fq2 = |n: u64| Fq2::new(Fq::from(n), Fq::from(n + 1));
    let fq6 = |n: u64| ark_bn254::Fq6::new(fq2(n), fq2(n + 2), fq2(n + 4));
    let fq12 = |n: u64| Fq12::new(fq6(n), fq6(n + 9));
    let product = |a: &Fq, b: &Fq| a * b;
    tower(
        c,
        &name("bn254 fp"),
        &lanes(Fq::from),
        product,
        tutti_lanes::bn254_chain_fp,
    );
    let product = |a: &Fq2, b: &Fq2| a * b;
    tower(
        c,
        &name("bn254 fp2"),
        &lanes(fq2),
        product,
        tutti_lanes::bn254_chain_fp2,
    );
    let product = |a: &Fq12, b: &Fq12| a * b;
    tower(
        c,
        &name("bn254 fp12"),
        &lanes(fq12),
        product,
        tutti_lanes::bn254_chain_fp12,
    );
}

criterion_group! {
    name = fields;
    config = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = products
}
criterion_main!(fields);
