//! Multiplications of each stage, counted while plain C++ runs: products of 32-bit words, in units of one multiplication
//! with its reduction (N² + N (N + 1) products of words). The bar is the plan, plus 15 %.

mod support;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use support::Argument::{Bytes, Number, Numbers, Words as W};
use support::points::{Stored, StoredCurve, member, members};
use support::{Words, launch, steps};
use tutti_curves::bls12_381::{Bls12381, G1, G2};
use tutti_curves::bn254::Bn254;
use tutti_kernels::host::take_multiply_adds;
use tutti_types::Encoding;

/// Elements of each count: an average over random ones.
const N: usize = 48;

/// Multiplications per element.
fn counted(base: usize, elements: usize, run: impl FnOnce()) -> f64 {
    take_multiply_adds();
    run();
    let unit = base * base + base * (base + 1);
    take_multiply_adds() as f64 / unit as f64 / elements as f64
}

fn points<G: Stored>(count: usize) -> Words {
    let mut random = ChaCha20Rng::seed_from_u64(41);
    let points = members::<G>(count, &mut random);
    Words::from_elements(&points.iter().map(G::words).collect::<Vec<_>>())
}

fn entry<G: Stored>(what: &str, threads: usize, arguments: Vec<support::Argument<'_>>) -> f64 {
    counted(G::BASE, threads, || {
        launch(&G::entry(what), threads, arguments);
    })
}

/// Hashing to G2, all three stages.
fn hash() -> f64 {
    let mut random = ChaCha20Rng::seed_from_u64(42);
    let mut bytes = vec![0; 32 * N];
    rand_core::RngCore::fill_bytes(&mut random, &mut bytes);
    let mut offsets: Vec<u32> = (0..=N as u32).map(|i| 32 * i).collect();
    let mut tag = b"tag\x03".to_vec();
    let (mut u, mut mapped, mut jacobian) = (
        Words::new(24, 2 * N),
        Words::new(48, 2 * N),
        Words::new(72, N),
    );
    let n = N as u32;
    let arguments = vec![
        Bytes(&mut bytes),
        Numbers(&mut offsets),
        Number(n),
        Bytes(&mut tag),
        Number(4),
        W(&mut u),
    ];
    let fields = entry::<G2>("fields", N, arguments);
    let map = entry::<G2>("map", 2 * N, vec![W(&mut u), Number(2 * n), W(&mut mapped)]);
    let clear = entry::<G2>(
        "clear",
        N,
        vec![W(&mut mapped), Number(n), W(&mut jacobian)],
    );
    fields + 2.0 * map + clear + affine::<G2>(&mut jacobian)
}

/// To affine coordinates, sixteen to an inversion.
fn affine<G: Stored>(jacobian: &mut Words) -> f64 {
    let n = jacobian.stride;
    let mut out = Words::new(2 * G::COORDINATE, n);
    let arguments = vec![W(jacobian), Number(n as u32), Number(16), W(&mut out)];
    counted(G::BASE, n, || {
        launch(&G::entry("affine"), n.div_ceil(16), arguments);
    })
}

fn decompress<G: Stored>() -> f64 {
    let mut random = ChaCha20Rng::seed_from_u64(43);
    let encode = |_| G::encode(Some(&member::<G>(&mut random)), Encoding::ZcashCompressed);
    let mut bytes: Vec<u8> = (0..N).flat_map(encode).collect();
    let (mut out, mut status) = (Words::new(2 * G::COORDINATE, N), vec![0; N]);
    let arguments = vec![
        Bytes(&mut bytes),
        Number(N as u32),
        W(&mut out),
        Bytes(&mut status),
    ];
    entry::<G>("decompress", N, arguments)
}

fn membership<G: Stored>() -> f64 {
    let (mut points, mut status) = (points::<G>(N), vec![0; N]);
    entry::<G>(
        "members",
        N,
        vec![W(&mut points), Number(N as u32), Bytes(&mut status)],
    )
}

/// A random coefficient of 64 bits times a point.
fn weigh<G: Stored>() -> f64 {
    let (mut points, mut weights) = (points::<G>(N), vec![0; 8 * N]);
    rand_core::RngCore::fill_bytes(&mut ChaCha20Rng::seed_from_u64(44), &mut weights);
    let mut jacobian = Words::new(3 * G::COORDINATE, N);
    let arguments = vec![
        W(&mut points),
        Bytes(&mut weights),
        Number(N as u32),
        Number(8),
        W(&mut jacobian),
    ];
    entry::<G>("weigh", N, arguments) + affine::<G>(&mut jacobian)
}

/// One addition of a long sum.
fn addition<G: Stored>() -> f64 {
    const TERMS: u32 = 1_000;
    let mut points = points::<G>(TERMS as usize);
    let mut range = [0, TERMS];
    let mut terms: Vec<u32> = (0..TERMS).map(|i| 2 * i).collect();
    let mut jacobian = Words::new(3 * G::COORDINATE, 1);
    let arguments = vec![
        W(&mut points),
        Numbers(&mut range),
        Numbers(&mut terms),
        Number(1),
        W(&mut jacobian),
    ];
    entry::<G>("sum_lists", 1, arguments) / f64::from(TERMS)
}

/// The sum of a set's keys of which so many of 1,024 are named by bits: whichever is less, those or all less the others.
fn by_bits<G: Stored>(named: u32) -> f64 {
    const KEYS: u32 = 1_024;
    let mut points = points::<G>(KEYS as usize + 1);
    let mut bits = vec![0; KEYS as usize / 32];
    // Odd, so that they lie all over the set.
    for key in (0..named).map(|nth| nth * 389 % KEYS) {
        bits[key as usize / 32] |= 1 << (key % 32);
    }
    let rest = u32::from(2 * named > KEYS);
    let start = if rest == 1 { KEYS } else { u32::MAX };
    let mut piece = [0, 0, 2 * KEYS + rest, start];
    let mut jacobian = Words::new(3 * G::COORDINATE, 1);
    let arguments = vec![
        W(&mut points),
        Numbers(&mut piece),
        Numbers(&mut bits),
        Number(1),
        W(&mut jacobian),
    ];
    entry::<G>("sum_bits", 1, arguments)
}

/// A value's Miller loops, and its product with another one.
fn miller<C: StoredCurve>(pairs: usize) -> f64 {
    let (mut g1, mut g2) = (points::<C::G1>(2 * pairs), points::<C::G2>(2 * pairs));
    let mut values = Words::default();
    let loops = counted(C::G1::BASE, 2, || {
        values = steps::miller::<C>(&mut g1, &mut g2, 2);
    });
    let mut product = Words::new(12 * C::G1::BASE, 1);
    let arguments = vec![W(&mut values), Number(1), Number(2), W(&mut product)];
    loops
        + counted(C::G1::BASE, 1, || {
            launch(&C::entry("product"), 1, arguments);
        })
}

fn final_exponentiation<C: StoredCurve>() -> f64 {
    let (mut g1, mut g2) = (points::<C::G1>(1), points::<C::G2>(1));
    let mut value = steps::miller::<C>(&mut g1, &mut g2, 1);
    let (mut out, mut one) = (Words::new(12 * C::G1::BASE, 1), [0]);
    let arguments = vec![W(&mut value), Number(1), W(&mut out), Bytes(&mut one)];
    counted(C::G1::BASE, 1, || launch(&C::entry("final"), 1, arguments))
}

/// What a batch of 65,536 spends on each signature beside its additions into buckets: 1,024 buckets are folded, made affine
/// and checked, and their bits summed.
fn buckets_shared() -> f64 {
    const ITEMS: f64 = 65_536.0;
    const BUCKETS: f64 = 1_024.0;
    const PARTS: f64 = 16.0;
    /// 12M + 4S over Fp2.
    const JACOBIAN_ADDITION: f64 = 44.0;
    let bits = BUCKETS * 4.0 * JACOBIAN_ADDITION;
    let check = BUCKETS * (membership::<G2>() + 60.0);
    (BUCKETS * PARTS * JACOBIAN_ADDITION + check + bits) / ITEMS
}

#[test]
fn multiplications_per_signature_stay_within_the_plan() {
    let signature_sum = 8.0 * 255.0 / 256.0 * addition::<G2>() + buckets_shared();
    let key_sum = 8.0 * 255.0 / 256.0 * addition::<G1>();
    let decompressed = decompress::<G2>();
    let (one, eight) = (miller::<Bls12381>(1), miller::<Bls12381>(8) / 8.0);
    // Stage, planned, counted.
    let stages = [
        (
            "hash to G2, affine",
            1_914.0 + 94.0 + 2_689.0 + 21.0,
            hash(),
        ),
        ("decompress a signature", 929.0, decompressed),
        ("membership of one signature", 1_165.0, membership::<G2>()),
        ("coefficient times key, affine", 604.0, weigh::<G1>()),
        (
            "sum of weighed signatures, all members",
            248.0,
            signature_sum,
        ),
        ("sum of weighed keys", 248.0, key_sum),
        (
            "Miller loop, one pair a thread",
            1_780.0 + 2_652.0 + 2_232.0 + 54.0,
            one,
        ),
        (
            "Miller loop, eight pairs a thread",
            1_780.0 + 2_652.0 + 279.0 + 7.0,
            eight,
        ),
        (
            "final exponentiation",
            7_860.0,
            final_exponentiation::<Bls12381>(),
        ),
    ];
    let distinct = stages[0].2 + decompressed + stages[3].2 + signature_sum;
    let totals = [
        (
            "distinct messages, one pair a thread",
            14_380.0,
            distinct + one,
        ),
        (
            "distinct messages, eight pairs a thread",
            12_400.0,
            distinct + eight,
        ),
        (
            "same message",
            2_430.0,
            decompressed + signature_sum + key_sum,
        ),
    ];
    for (stage, planned, counted) in stages.iter().chain(&totals) {
        println!("| {stage} | {planned:.0} | {counted:.0} |");
    }
    for (stage, planned, counted) in stages.into_iter().chain(totals) {
        assert!(
            counted > 0.0 && counted <= 1.15 * planned,
            "{stage}: {counted} of {planned}"
        );
    }
    let each = addition::<G1>();
    for (named, additions) in [(1_024, 0.0), (922, 102.0), (512, 511.0), (102, 101.0)] {
        let counted = by_bits::<G1>(named);
        println!("| {named} of 1,024 keys by their bits | | {counted:.0} |");
        assert!(
            counted <= additions * each * 1.01 + 1.0,
            "{named} keys: {counted} of {additions} additions"
        );
    }
    let weighed_alone = weigh::<G2>();
    println!(
        "| membership of a point of G1 | | {:.0} |",
        membership::<G1>()
    );
    println!("| coefficient times signature, affine | | {weighed_alone:.0} |");
    println!(
        "| product check of two pairs | | {:.0} |",
        2.0 * (membership::<G1>() + membership::<G2>() + weigh::<G1>() + one)
    );
    println!(
        "| BN254: Miller loop, one pair a thread | | {:.0} |",
        miller::<Bn254>(1)
    );
    println!(
        "| BN254: final exponentiation | | {:.0} |",
        final_exponentiation::<Bn254>()
    );
}
