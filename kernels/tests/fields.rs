//! The fields and their towers, bit for bit.

mod support;

use num_bigint::BigUint;
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use support::Argument::{Number, Words as W};
use support::{Words, launch};

struct Field {
    entry: &'static str,
    words: usize,
    modulus: &'static str,
}

const FIELDS: [Field; 2] = [
    Field {
        entry: "bls_fp_power",
        words: 12,
        modulus: "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab",
    },
    Field {
        entry: "bn_fp_power",
        words: 8,
        modulus: "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47",
    },
];

impl Field {
    fn modulus(&self) -> BigUint {
        BigUint::parse_bytes(self.modulus.as_bytes(), 16).expect("hexadecimal digits")
    }

    fn limbs(&self, value: &BigUint) -> Vec<u32> {
        let mut words = value.to_u32_digits();
        words.resize(self.words, 0);
        words
    }

    /// Values at the edges of the field and of its words, then random ones.
    fn samples(&self, count: usize) -> Vec<BigUint> {
        let p = self.modulus();
        let one = BigUint::from(1u8);
        let mut values = vec![
            BigUint::ZERO,
            one.clone(),
            &p - &one,
            &p >> 1,
            (&p >> 1) + &one,
        ];
        for bit in (31..32 * self.words).step_by(32) {
            values.push((&one << bit) % &p);
            values.push(((&one << (bit + 1)) - &one) % &p);
        }
        // Loose values too: up to 2p - 1.
        values.extend([p.clone(), &p + &one, &p * 2u8 - &one]);
        let mut random = ChaCha20Rng::seed_from_u64(7);
        while values.len() < count {
            let mut bytes = vec![0; 4 * self.words + 8];
            random.fill_bytes(&mut bytes);
            values.push(BigUint::from_bytes_le(&bytes) % &p);
        }
        values
    }
}

/// a·b^k / R^k: Montgomery multiplications of every pair of samples, against big integers.
#[test]
fn multiplication_is_that_of_the_integers() {
    for field in &FIELDS {
        let p = field.modulus();
        let samples = field.samples(140);
        let pairs: Vec<_> = samples
            .iter()
            .flat_map(|a| samples.iter().map(move |b| (a, b)))
            .collect();
        let mut a = Words::from_elements(
            &pairs
                .iter()
                .map(|(a, _)| field.limbs(a))
                .collect::<Vec<_>>(),
        );
        let mut b = Words::from_elements(
            &pairs
                .iter()
                .map(|(_, b)| field.limbs(b))
                .collect::<Vec<_>>(),
        );
        let mut out = Words::new(field.words, pairs.len());
        let inverse = (BigUint::from(1u8) << (32 * field.words))
            .modinv(&p)
            .expect("p is odd");
        for k in [0, 1, 3] {
            launch(
                field.entry,
                pairs.len(),
                vec![
                    W(&mut a),
                    W(&mut b),
                    Number(pairs.len() as u32),
                    Number(k),
                    W(&mut out),
                ],
            );
            for (i, (a, b)) in pairs.iter().enumerate() {
                let mut expected = *a % &p;
                for _ in 0..k {
                    expected = expected * *b * &inverse % &p;
                }
                assert_eq!(
                    out.get(i),
                    field.limbs(&expected),
                    "{} {a} {b} {k}",
                    field.entry
                );
            }
        }
    }
}

#[test]
fn the_table_says_what_the_entry_points_take() {
    use tutti_kernels::{Argument, ENTRY_POINTS};
    let miller = ENTRY_POINTS
        .iter()
        .find(|entry| entry.name == "bls_miller")
        .expect("an entry point of this name");
    let (array, words, number) = (Argument::Array, Argument::Pointer, Argument::Number);
    assert_eq!(
        miller.arguments,
        [array, array, words, words, number, array]
    );
    assert!(ENTRY_POINTS.is_sorted_by(|a, b| a.name < b.name));
}
