//! Blocks of random formulas, scheduled and run in the model, against big integers; and what must be refused.

use num_bigint::BigUint;

use super::{Assembler, Fp, Timing};
use crate::isa::{Index, Operand};
use crate::microcode::bls12_381;
use crate::wide::Wide;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 20) as usize % n
    }

    fn number(&mut self) -> BigUint {
        let words: Vec<u32> = (0..12).map(|_| self.next() as u32).collect();
        BigUint::new(words) % bls12_381::field().p
    }
}

/// Registers of the inputs, which the outputs replace in another order.
const INPUTS: u8 = 80;
const COUNT: u8 = 8;
const POOL: std::ops::Range<u8> = 200..230;
const BOUND: u32 = 64;

fn at(number: u8, index: Index) -> Operand {
    Operand::new(number, index)
}

/// A formula as a list of steps, so that it can be read twice.
#[derive(Clone, Copy)]
enum Step {
    Add(usize, usize),
    Sub(usize, usize),
    Mul(usize, usize),
}

fn steps(random: &mut Random) -> Vec<Step> {
    let mut steps = Vec::new();
    for length in usize::from(COUNT)..usize::from(COUNT) + 60 {
        let (a, b) = (random.below(length), random.below(length));
        steps.push(match random.below(3) {
            0 => Step::Add(a, b),
            1 => Step::Sub(a, b),
            _ => Step::Mul(a, b),
        });
    }
    steps
}

#[test]
fn scheduled_blocks_compute_their_formulas() {
    let field = bls12_381::field();
    let p = &field.p;
    let mut random = Random(99);
    for round in 0..150 {
        let steps = steps(&mut random);
        // Windows of two index registers that lie on each other: the scheduler must expect it.
        let index = if round % 2 == 0 {
            Index::Zero
        } else {
            Index::X1
        };
        let offset = if index == Index::Zero { 0 } else { INPUTS };
        let timing = Timing {
            late: vec![(at(INPUTS - offset, index), 40)],
            seed: round % 5,
        };
        let mut assembler = Assembler::new(field.clone(), 80, POOL);
        assembler.program("block", |body| {
            body.set_index(Index::X1, INPUTS);
            body.set_index(Index::X2, INPUTS);
            body.timed("", &timing, |g| {
                let mut values: Vec<Fp<'_>> = (0..COUNT)
                    .map(|i| g.input(at(INPUTS - offset + i, index), BOUND))
                    .collect();
                for step in &steps {
                    let value = match *step {
                        Step::Add(a, b) => values[a] + values[b],
                        Step::Sub(a, b) => values[a] - values[b],
                        Step::Mul(a, b) => values[a] * values[b],
                    };
                    values.push(value.below(BOUND));
                }
                let last = values.iter().rev().take(usize::from(COUNT));
                let to = if index == Index::Zero {
                    Index::Zero
                } else {
                    Index::X2
                };
                for (i, value) in (0..COUNT).zip(last) {
                    g.output(at(INPUTS - offset + i, to), *value, BOUND);
                }
            });
        });
        let image = assembler.link();
        let mut core = image.core();
        let mut values: Vec<BigUint> = (0..COUNT).map(|_| random.number()).collect();
        for (register, value) in (INPUTS..).zip(&values) {
            let form = field.to_form(value).to_bytes_be();
            core.set_register(register, Wide::from_big_endian(&form));
        }
        core.run(image.entry("block"), 100_000).expect("halts");
        for step in &steps {
            values.push(match *step {
                Step::Add(a, b) => (&values[a] + &values[b]) % p,
                Step::Sub(a, b) => (&values[a] + p - &values[b]) % p,
                Step::Mul(a, b) => &values[a] * &values[b] % p,
            });
        }
        for (register, expected) in (INPUTS..INPUTS + COUNT).zip(values.iter().rev()) {
            let found = BigUint::from_bytes_le(&core.register(register).to_bytes());
            assert!(found <= &field.q * BOUND);
            assert_eq!(field.from_form(&found), *expected, "round {round}");
        }
    }
}

/// Each refusal is the assembler's own assertion, found by its text.
fn refused(
    pool: std::ops::Range<u8>,
    write: impl FnOnce(&super::Graph) + std::panic::UnwindSafe,
) -> String {
    let panic = std::panic::catch_unwind(|| {
        let mut assembler = Assembler::new(bls12_381::field(), 80, pool);
        assembler.program("block", |body| body.block("", write));
    });
    let payload = panic.expect_err("it must be refused");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().expect("a text")).to_owned(),
    }
}

#[test]
fn what_could_overflow_is_refused() {
    let input = |bound: u32| {
        move |g: &super::Graph| {
            let x = g.input(at(100, Index::Zero), bound);
            g.output(at(101, Index::Zero), x * x, u32::MAX);
        }
    };
    // 2^396 / 3p is 13,441 and a bit.
    let text = refused(POOL, input(13_442));
    assert!(text.contains("2^396"), "{text}");
    let text = refused(POOL, |g| {
        let x = g.input(at(100, Index::Zero), 10);
        g.output(at(101, Index::Zero), x + x, 19);
    });
    assert!(text.contains("its readers expect 19"), "{text}");
    let text = refused(POOL, |g| {
        let x = g.input(at(100, Index::Zero), 1 << 31);
        g.output(at(101, Index::Zero), x.times_pow2(20), u32::MAX);
    });
    assert!(text.contains("outgrow its register"), "{text}");
    let text = refused(200..202, |g| {
        let x = [0, 1, 2, 3, 4, 5].map(|i| g.input(at(100 + i, Index::Zero), 1));
        let sums = [
            x[0] * x[1],
            x[1] * x[2],
            x[2] * x[3],
            x[3] * x[4],
            x[4] * x[5],
        ];
        let all = sums.map(|a| sums.map(|b| a * b)).into_iter().flatten();
        let sum = all.reduce(|a, b| a * b).expect("25 of them");
        g.output(at(110, Index::Zero), sum, 100);
    });
    assert!(text.contains("too small for this block"), "{text}");
}

#[test]
fn the_room_is_what_it_is_said_to_be() {
    let field = bls12_381::field();
    let r = BigUint::from(1u32) << 396;
    assert_eq!(&r / &field.q, BigUint::from(13_441u32));
}
