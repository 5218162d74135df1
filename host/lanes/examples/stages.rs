//! Nanoseconds of processor time per item of each stage, lanes against blst (BN254: arkworks), interleaved in one run: medians and their ratio.
//!
//! `cargo run --release -p tutti-lanes --example stages [items] [rounds] [part of a name]`
//!
//! With `--features count` the number of vpmadd52 per item instead, beside which the first line of a run without says how
//! many this core can do.
#![allow(unsafe_code)] // blst's raw functions, to measure them without anything around

#[path = "stages/bn254.rs"]
mod bn254;

use std::hint::black_box;

use blst::{blst_p1, blst_p1_affine, blst_p2, blst_p2_affine};
use tutti_lanes::Ifma;

fn main() {
    let Some(isa) = Ifma::detect() else {
        println!("SKIPPED: this processor has no AVX-512 IFMA");
        return;
    };
    let mut args = std::env::args().skip(1);
    let mut number = |default: usize| {
        args.next()
            .map_or(default, |a| a.parse().expect("a number"))
    };
    let (n, rounds) = (number(64), number(31));
    let part = args.next().unwrap_or_default();
    let material = Material::new(n);
    let stages = [point_stages, alone_stages, pairing_stages, multiple_stages];
    let bn254_material = bn254::Material::new(n);
    let bn254_stages = [
        bn254::point_stages,
        bn254::sum_stages,
        bn254::pairing_stages,
    ];
    let bls = stages.iter().flat_map(|f| f(isa, &material));
    let bn = bn254_stages.iter().flat_map(|f| f(isa, &bn254_material));
    let wanted = bls.chain(bn).filter(|(name, ..)| name.contains(&part));
    print(wanted, n, rounds);
}

#[cfg(feature = "count")]
fn print<'a>(stages: impl Iterator<Item = Stage<'a>>, n: usize, _: usize) {
    println!("{n} items");
    println!("{:<24} {:>16}", "stage", "vpmadd52 an item");
    for (name, lanes, _) in stages {
        let before = tutti_lanes::multiply_adds();
        lanes();
        let count = (tutti_lanes::multiply_adds() - before) as f64 / n as f64;
        println!("{name:<24} {count:>16.0}");
    }
}

#[cfg(not(feature = "count"))]
fn print<'a>(stages: impl Iterator<Item = Stage<'a>>, n: usize, rounds: usize) {
    let mut one: Vec<f64> = (0..rounds).map(|_| multiply_add_ns()).collect();
    println!("one vpmadd52 of many: {:.3} ns", median(&mut one));
    println!("{n} items, {rounds} rounds, medians");
    println!(
        "{:<24} {:>12} {:>12} {:>8}",
        "stage", "lanes ns", "scalar ns", "ratio"
    );
    for (name, lanes, scalar) in stages {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            a.push(time(&lanes, n));
            b.push(time(&scalar, n));
        }
        let (a, b) = (median(&mut a), median(&mut b));
        println!("{name:<24} {a:>12.0} {b:>12.0} {:>8.2}", b / a);
    }
}

/// What a multiply-add takes where none waits for another.
#[cfg(not(feature = "count"))]
fn multiply_add_ns() -> f64 {
    const ROUNDS: usize = 20_000;
    const CHAINS: usize = 16;
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn many() {
        use std::arch::{asm, x86_64::_mm512_set1_epi64};
        let mut sums = [_mm512_set1_epi64(1); CHAINS];
        let factor = _mm512_set1_epi64(3);
        for _ in 0..ROUNDS {
            for sum in &mut sums {
                // SAFETY: it changes its own registers only.
                unsafe {
                    asm!("vpmadd52luq {0}, {1}, {1}", inout(zmm_reg) *sum, in(zmm_reg) factor,
                         options(nomem, nostack, preserves_flags, pure));
                }
            }
        }
        black_box(sums);
    }
    #[cfg(not(target_arch = "x86_64"))]
    fn many() {}
    let start = cpu_time_ns();
    // SAFETY: main asked for the features.
    #[allow(unused_unsafe)]
    unsafe {
        many();
    }
    (cpu_time_ns() - start) / (ROUNDS * CHAINS) as f64
}

type Stage<'a> = (&'static str, Box<dyn Fn() + 'a>, Box<dyn Fn() + 'a>);

#[cfg(not(feature = "count"))]
fn time(f: &dyn Fn(), n: usize) -> f64 {
    let start = cpu_time_ns();
    f();
    (cpu_time_ns() - start) / n as f64
}

#[cfg(not(feature = "count"))]
/// What this thread has had of a processor: other load on the machine does not count.
fn cpu_time_ns() -> f64 {
    let mut t = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: t is writable.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut t) };
    t.tv_sec as f64 * 1e9 + t.tv_nsec as f64
}

fn keep<T>(x: T) {
    drop(black_box(x));
}

#[cfg(not(feature = "count"))]
fn median(x: &mut [f64]) -> f64 {
    x.sort_by(f64::total_cmp);
    x[x.len() / 2]
}

struct Material {
    keys: Vec<blst_p1_affine>,
    signatures: Vec<blst_p2_affine>,
    key_bytes: Vec<[u8; 48]>,
    signature_bytes: Vec<[u8; 96]>,
    scalars: Vec<u64>,
    values: Vec<blst::blst_fp12>,
}

impl Material {
    fn new(n: usize) -> Self {
        let mut it = Self {
            keys: Vec::new(),
            signatures: Vec::new(),
            key_bytes: Vec::new(),
            signature_bytes: Vec::new(),
            scalars: Vec::new(),
            values: Vec::new(),
        };
        for i in 0..n as u64 {
            let mut scalar = [0; 32];
            for (j, word) in scalar.as_chunks_mut::<8>().0.iter_mut().enumerate() {
                *word = (i * 4 + j as u64 + 1)
                    .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                    .to_le_bytes();
            }
            let (mut p, mut key, mut key_bytes) =
                (blst_p1::default(), blst_p1_affine::default(), [0; 48]);
            let (mut q, mut signature, mut signature_bytes) =
                (blst_p2::default(), blst_p2_affine::default(), [0; 96]);
            // SAFETY: plain values of the types that blst asks for.
            unsafe {
                blst::blst_p1_mult(&raw mut p, blst::blst_p1_generator(), scalar.as_ptr(), 255);
                blst::blst_p1_to_affine(&raw mut key, &raw const p);
                blst::blst_p1_affine_compress(key_bytes.as_mut_ptr(), &raw const key);
                blst::blst_p2_mult(&raw mut q, blst::blst_p2_generator(), scalar.as_ptr(), 255);
                blst::blst_p2_to_affine(&raw mut signature, &raw const q);
                blst::blst_p2_affine_compress(signature_bytes.as_mut_ptr(), &raw const signature);
            }
            it.scalars.push((i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            it.values
                .push(blst::blst_fp12::miller_loop(&signature, &key));
            it.keys.push(key);
            it.signatures.push(signature);
            it.key_bytes.push(key_bytes);
            it.signature_bytes.push(signature_bytes);
        }
        it
    }

    /// The scalars' bytes as signed digits, window by window.
    fn digits(&self) -> Vec<Vec<i16>> {
        let digits = |w: usize| {
            self.scalars
                .iter()
                .map(move |s| i16::from(s.to_le_bytes()[w] as i8))
        };
        (0..8).map(|w| digits(w).collect()).collect()
    }

    /// 32 bytes each.
    fn messages(&self) -> Vec<&[u8]> {
        self.key_bytes.iter().map(|k| &k[..32]).collect()
    }
}

macro_rules! weighted_sum {
    ($name:ident, $points:ident, $affine:ty, $buckets:ident, $digits:ident, $shifted:ident) => {
        fn $name(isa: Ifma, m: &Material) -> Vec<$affine> {
            let digits = m.digits();
            let digits: Vec<&[i16]> = digits.iter().map(Vec::as_slice).collect();
            let buckets = tutti_lanes::$buckets(isa, &m.$points, &[m.$points.len()], &digits, 128);
            let terms = tutti_lanes::$digits(isa, &buckets, digits.len());
            tutti_lanes::$shifted(isa, &terms, 1, 8)
        }
    };
}

weighted_sum!(
    weighted_sum_g1,
    keys,
    blst_p1_affine,
    bucket_sums_g1,
    digit_sums_g1,
    shifted_sums_g1
);
weighted_sum!(
    weighted_sum_g2,
    signatures,
    blst_p2_affine,
    bucket_sums_g2,
    digit_sums_g2,
    shifted_sums_g2
);

const TAG: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

fn point_stages(isa: Ifma, m: &Material) -> Vec<Stage<'_>> {
    vec![
        (
            "G2 decompression",
            Box::new(move || keep(tutti_lanes::decompress_g2(isa, &m.signature_bytes))),
            Box::new(|| {
                for bytes in &m.signature_bytes {
                    let mut p = blst_p2_affine::default();
                    // SAFETY: 96 bytes in, one point out.
                    black_box(unsafe { blst::blst_p2_uncompress(&raw mut p, bytes.as_ptr()) });
                }
            }),
        ),
        (
            "G2 membership",
            Box::new(move || keep(tutti_lanes::in_g2(isa, &m.signatures))),
            Box::new(|| {
                for p in &m.signatures {
                    // SAFETY: one point in.
                    black_box(unsafe { blst::blst_p2_affine_in_g2(p) });
                }
            }),
        ),
        (
            "G1 decompression",
            Box::new(move || keep(tutti_lanes::decompress_g1(isa, &m.key_bytes))),
            Box::new(|| {
                for bytes in &m.key_bytes {
                    let mut p = blst_p1_affine::default();
                    // SAFETY: 48 bytes in, one point out.
                    black_box(unsafe { blst::blst_p1_uncompress(&raw mut p, bytes.as_ptr()) });
                }
            }),
        ),
        (
            "G1 membership",
            Box::new(move || keep(tutti_lanes::in_g1(isa, &m.keys))),
            Box::new(|| {
                for p in &m.keys {
                    // SAFETY: one point in.
                    black_box(unsafe { blst::blst_p1_affine_in_g1(p) });
                }
            }),
        ),
    ]
}

fn hash_scalar(message: &[u8]) -> blst_p2_affine {
    let (mut p, mut a) = (blst_p2::default(), blst_p2_affine::default());
    // SAFETY: pointers with their lengths, no augmentation.
    unsafe {
        blst::blst_hash_to_g2(
            &raw mut p,
            message.as_ptr(),
            message.len(),
            TAG.as_ptr(),
            TAG.len(),
            std::ptr::null(),
            0,
        );
        blst::blst_p2_to_affine(&raw mut a, &raw const p);
    }
    a
}

fn points_alone_scalar(
    key: &[u8; 48],
    signature: &[u8; 96],
    message: &[u8],
) -> (blst_p1_affine, blst_p2_affine, blst_p2_affine) {
    let (mut p, mut q) = (blst_p1_affine::default(), blst_p2_affine::default());
    // SAFETY: blst reads 48 and 96 bytes and writes two points.
    unsafe {
        black_box(blst::blst_p1_uncompress(&raw mut p, key.as_ptr()));
        black_box(blst::blst_p2_uncompress(&raw mut q, signature.as_ptr()));
        black_box(blst::blst_p1_affine_in_g1(&raw const p));
        black_box(blst::blst_p2_affine_in_g2(&raw const q));
    }
    (p, q, hash_scalar(message))
}

/// The points of one signature at a time.
fn alone_stages(isa: Ifma, m: &Material) -> Vec<Stage<'_>> {
    vec![
        (
            "points, one by itself",
            Box::new(move || {
                let signatures = m.key_bytes.iter().zip(&m.signature_bytes);
                for ((key, signature), message) in signatures.zip(m.messages()) {
                    let key = Some(key);
                    keep(tutti_lanes::points_alone(isa, key, signature, message, TAG));
                }
            }),
            Box::new(|| {
                let signatures = m.key_bytes.iter().zip(&m.signature_bytes);
                for ((key, signature), message) in signatures.zip(m.messages()) {
                    keep(points_alone_scalar(key, signature, message));
                }
            }),
        ),
        (
            "points, key at hand",
            Box::new(move || {
                for (signature, message) in m.signature_bytes.iter().zip(m.messages()) {
                    keep(tutti_lanes::points_alone(
                        isa, None, signature, message, TAG,
                    ));
                }
            }),
            Box::new(|| {
                for (signature, message) in m.signature_bytes.iter().zip(m.messages()) {
                    let mut q = blst_p2_affine::default();
                    // SAFETY: blst reads 96 bytes and writes one point.
                    unsafe {
                        black_box(blst::blst_p2_uncompress(&raw mut q, signature.as_ptr()));
                        black_box(blst::blst_p2_affine_in_g2(&raw const q));
                    }
                    keep((q, hash_scalar(message)));
                }
            }),
        ),
    ]
}

fn pairing_stages(isa: Ifma, m: &Material) -> Vec<Stage<'_>> {
    let expand = move || {
        for message in m.messages() {
            let mut bytes = [0; 256];
            // SAFETY: pointers with their lengths.
            unsafe {
                blst::blst_expand_message_xmd(
                    bytes.as_mut_ptr(),
                    bytes.len(),
                    message.as_ptr(),
                    message.len(),
                    TAG.as_ptr(),
                    TAG.len(),
                );
            }
            black_box(bytes);
        }
    };
    vec![
        // Scalar in both: part of the hash.
        ("SHA-256 of the hash", Box::new(expand), Box::new(expand)),
        (
            "hash to G2",
            Box::new(move || keep(tutti_lanes::hash_to_g2(isa, &m.messages(), TAG))),
            Box::new(|| {
                for message in m.messages() {
                    black_box(hash_scalar(message));
                }
            }),
        ),
        (
            "hash to G1",
            Box::new(move || keep(tutti_lanes::hash_to_g1(isa, &m.messages(), TAG))),
            Box::new(|| {
                for message in m.messages() {
                    let (mut p, mut a) = (blst_p1::default(), blst_p1_affine::default());
                    // SAFETY: pointers with their lengths, no augmentation.
                    unsafe {
                        blst::blst_hash_to_g1(
                            &raw mut p,
                            message.as_ptr(),
                            message.len(),
                            TAG.as_ptr(),
                            TAG.len(),
                            std::ptr::null(),
                            0,
                        );
                        blst::blst_p1_to_affine(&raw mut a, &raw const p);
                    }
                    black_box(a);
                }
            }),
        ),
        (
            "Miller loop, one by one",
            Box::new(move || keep(tutti_lanes::miller_loops(isa, &m.keys, &m.signatures))),
            Box::new(|| {
                for (p, q) in m.keys.iter().zip(&m.signatures) {
                    keep(blst::blst_fp12::miller_loop(q, p));
                }
            }),
        ),
        (
            "Miller loop, product",
            Box::new(move || keep(tutti_lanes::miller_product(isa, &m.keys, &m.signatures))),
            Box::new(|| {
                // Not the crate's own function: that one uses all cores.
                let (p, q): (Vec<_>, Vec<_>) = (
                    m.keys.iter().map(std::ptr::from_ref).collect(),
                    m.signatures.iter().map(std::ptr::from_ref).collect(),
                );
                let mut f = blst::blst_fp12::default();
                // SAFETY: as many pointers as said, each to one point.
                unsafe { blst::blst_miller_loop_n(&raw mut f, q.as_ptr(), p.as_ptr(), p.len()) };
                keep(f);
            }),
        ),
        (
            "final exponentiation",
            Box::new(move || keep(tutti_lanes::final_exponentiations(isa, &m.values))),
            Box::new(|| {
                for value in &m.values {
                    keep(value.final_exp());
                }
            }),
        ),
    ]
}

fn multiple_stages(isa: Ifma, m: &Material) -> Vec<Stage<'_>> {
    vec![
        (
            "G1 times 64 bits",
            Box::new(move || keep(tutti_lanes::multiply_g1_64(isa, &m.keys, &m.scalars))),
            Box::new(|| {
                for (p, s) in m.keys.iter().zip(&m.scalars) {
                    let (mut q, mut a) = (blst_p1::default(), blst_p1_affine::default());
                    // SAFETY: plain points, and 8 bytes of scalar.
                    unsafe {
                        blst::blst_p1_from_affine(&raw mut q, p);
                        blst::blst_p1_mult(&raw mut q, &raw const q, s.to_le_bytes().as_ptr(), 64);
                        // The affine form costs blst an inversion each; lanes share theirs.
                        blst::blst_p1_to_affine(&raw mut a, &raw const q);
                    }
                    keep(a);
                }
            }),
        ),
        (
            "G2 times 64 bits",
            Box::new(move || keep(tutti_lanes::multiply_g2_64(isa, &m.signatures, &m.scalars))),
            Box::new(|| {
                for (p, s) in m.signatures.iter().zip(&m.scalars) {
                    let (mut q, mut a) = (blst_p2::default(), blst_p2_affine::default());
                    // SAFETY: plain points, and 8 bytes of scalar.
                    unsafe {
                        blst::blst_p2_from_affine(&raw mut q, p);
                        blst::blst_p2_mult(&raw mut q, &raw const q, s.to_le_bytes().as_ptr(), 64);
                        // The affine form costs blst an inversion each; lanes share theirs.
                        blst::blst_p2_to_affine(&raw mut a, &raw const q);
                    }
                    keep(a);
                }
            }),
        ),
        (
            "G1 MSM, 64 bits",
            Box::new(move || keep(weighted_sum_g1(isa, m))),
            Box::new(|| {
                let bytes: Vec<u8> = m.scalars.iter().flat_map(|s| s.to_le_bytes()).collect();
                let (points, scalars) = (
                    [m.keys.as_ptr(), std::ptr::null()],
                    [bytes.as_ptr(), std::ptr::null()],
                );
                let mut sum = blst_p1::default();
                // SAFETY: contiguous points and scalars of 8 bytes, and scratch of the size asked for.
                unsafe {
                    let scratch = blst::blst_p1s_mult_pippenger_scratch_sizeof(m.keys.len());
                    let mut scratch = vec![0u64; scratch / 8];
                    blst::blst_p1s_mult_pippenger(
                        &raw mut sum,
                        points.as_ptr(),
                        m.keys.len(),
                        scalars.as_ptr(),
                        64,
                        scratch.as_mut_ptr(),
                    );
                }
                keep(sum);
            }),
        ),
        (
            "G2 MSM, 64 bits",
            Box::new(move || keep(weighted_sum_g2(isa, m))),
            Box::new(|| {
                let bytes: Vec<u8> = m.scalars.iter().flat_map(|s| s.to_le_bytes()).collect();
                let (points, scalars) = (
                    [m.signatures.as_ptr(), std::ptr::null()],
                    [bytes.as_ptr(), std::ptr::null()],
                );
                let mut sum = blst_p2::default();
                // SAFETY: contiguous points and scalars of 8 bytes, and scratch of the size asked for.
                unsafe {
                    let scratch = blst::blst_p2s_mult_pippenger_scratch_sizeof(m.signatures.len());
                    let mut scratch = vec![0u64; scratch / 8];
                    blst::blst_p2s_mult_pippenger(
                        &raw mut sum,
                        points.as_ptr(),
                        m.signatures.len(),
                        scalars.as_ptr(),
                        64,
                        scratch.as_mut_ptr(),
                    );
                }
                keep(sum);
            }),
        ),
    ]
}
