//! The multiplier alone, in rust-hdl's simulation loop, against big integers.
use num_bigint::BigUint;
use rust_hdl::prelude::*;
use tutti_hdl::isa;
use tutti_rtl::multiplier::Multiplier;

const BLS12_381: &[u8] = b"1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";
const BN254: &[u8] = b"30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";

fn modulus(prime: &[u8], multiple: u32) -> BigUint {
    let q = BigUint::parse_bytes(prime, 16).expect("digits") * multiple;
    assert_eq!(&q % (1u32 << isa::DIGIT_BITS), isa::MODULUS_DIGIT.into());
    q
}

/// (a*b + m*q) / 2^396 by the definition: the one m below 2^396 that leaves no remainder.
fn product(a: &BigUint, b: &BigUint, q: &BigUint) -> BigUint {
    let r = BigUint::from(1u32) << isa::FACTOR_BITS;
    let inverse = q.modinv(&r).expect("q is odd");
    let m = (&r - (a * b * inverse) % &r) % &r;
    (a * b + m * q) >> isa::FACTOR_BITS
}

fn chunk(value: &BigUint, index: usize) -> Bits<108> {
    let part: BigUint = (value >> (108 * index)) % (BigUint::from(1u32) << 108u32);
    part.into()
}

struct Bench {
    multiplier: Multiplier,
}

impl Bench {
    fn new(q: &BigUint) -> Self {
        let mut multiplier = Multiplier::default();
        multiplier.connect_all();
        let mut bench = Self { multiplier };
        bench.multiplier.load_modulus.next = true;
        bench.slot(Some((q, q)));
        bench.multiplier.load_modulus.next = false;
        bench
    }

    /// One slot with these operands, or with noise; what stood on the result.
    fn slot(&mut self, operands: Option<(&BigUint, &BigUint)>) -> BigUint {
        let noise = (BigUint::from(1u32) << isa::REGISTER_BITS) - 1u32;
        let (a, b) = operands.unwrap_or((&noise, &noise));
        let mut result = BigUint::default();
        for phase in 0..8usize {
            self.multiplier.phase.next = (phase as u64).into();
            let index = if (2..6).contains(&phase) {
                phase - 2
            } else {
                0
            };
            self.multiplier.a.next = chunk(a, index);
            self.multiplier.b.next = chunk(b, index);
            self.multiplier.clock.next = false.into();
            assert!(simulate(&mut self.multiplier, 100));
            if (3..7).contains(&phase) {
                result |= BigUint::from(self.multiplier.result.val()) << (108 * (phase - 3));
            }
            self.multiplier.clock.next = true.into();
            assert!(simulate(&mut self.multiplier, 100));
        }
        result
    }

    /// Products one after the other, each as early as it may start: one in eleven slots.
    fn products(&mut self, factors: &[(BigUint, BigUint)]) -> Vec<BigUint> {
        let mut results = Vec::new();
        for slot in 0..11 * factors.len() + 2 {
            let now = factors.get(slot / 11).filter(|_| slot % 11 == 0);
            self.multiplier.load.next = now.is_some();
            self.multiplier.start.next = now.is_some();
            let result = self.slot(now.map(|(a, b)| (a, b)));
            if slot > 11 && slot % 11 == 1 {
                results.push(result);
            }
        }
        results
    }
}

/// A generator good enough for test values.
fn values(seed: u64, below: &BigUint, count: usize) -> Vec<BigUint> {
    let mut state = seed;
    let mut word = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 32) as u32
    };
    (0..count)
        .map(|_| BigUint::new((0..15).map(|_| word()).collect()) % below)
        .collect()
}

fn check(q: &BigUint, factors: &[(BigUint, BigUint)]) {
    let results = Bench::new(q).products(factors);
    assert_eq!(results.len(), factors.len());
    for ((a, b), result) in factors.iter().zip(results) {
        assert_eq!(result, product(a, b, q), "{a:x} * {b:x}");
    }
}

#[test]
fn products_of_random_factors() {
    let factor_end = BigUint::from(1u32) << isa::FACTOR_BITS;
    for (q, seed) in [(modulus(BLS12_381, 3), 1), (modulus(BN254, 171_127), 2)] {
        let a = values(seed, &factor_end, 150);
        let b = values(seed + 10, &factor_end, 150);
        check(&q, &a.into_iter().zip(b).collect::<Vec<_>>());
    }
}

#[test]
fn products_of_edge_values() {
    let q = modulus(BLS12_381, 3);
    let one = BigUint::from(1u32);
    let top = (&one << isa::FACTOR_BITS) - 1u32;
    // Carries that run through all words, words that are all ones, the ends of the range.
    let edges = [
        BigUint::default(),
        one.clone(),
        (&one << 18u32) - 1u32,
        &one << 378u32,
        &q - 1u32,
        q.clone(),
        &q * 2u32 - 1u32,
        top,
    ];
    let factors: Vec<_> = edges
        .iter()
        .flat_map(|a| edges.iter().map(move |b| (a.clone(), b.clone())))
        .collect();
    check(&q, &factors);
}

#[test]
fn bits_above_a_factor_do_not_count() {
    let q = modulus(BLS12_381, 3);
    let high = BigUint::from(0xfff_ffffu32) << isa::FACTOR_BITS;
    let (a, b) = (&q - 5u32, &q - 7u32);
    let results = Bench::new(&q).products(&[(&a | &high, &b | &high)]);
    assert_eq!(results, [product(&a, &b, &q)]);
}
