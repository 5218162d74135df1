//! The hardware, Verilated, against the model in plain Rust: random programs and the whole microcode, every register and
//! every slot. What the model computes is compared with blst and arkworks in `tutti-hdl`; the verdicts here are known.
mod support;

use num_bigint::BigUint;
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use support::Card;
use tutti_curves::bls12_381::Bls12381;
use tutti_curves::bn254::Bn254;
use tutti_curves::{Curve, Group, expand_message_xmd};
use tutti_hdl::assembler::Image;
use tutti_hdl::isa::{self, Bias, Condition, Flags, Index, Instruction, Operand, Sense, Word};
use tutti_hdl::microcode::{self, pairing, points};
use tutti_hdl::model::Core;
use tutti_hdl::wide::Wide;
use tutti_types::Encoding;

const SLOTS_MAX: u64 = 1 << 24;

fn number(wide: &Wide) -> BigUint {
    BigUint::from_bytes_le(&wide.to_bytes())
}

fn wide(value: &BigUint) -> Wide {
    Wide::from_big_endian(&value.to_bytes_be())
}

/// A card's first core and the model of it, which are given the same and have to say the same.
struct Both {
    card: Card,
    model: Core,
}

impl Both {
    fn start() -> Option<Self> {
        Some(Self {
            card: Card::start(&[])?,
            model: Core::new(),
        })
    }

    fn with_image(image: &Image) -> Option<Self> {
        let mut both = Self::start()?;
        both.load(0, &image.words);
        for (register, value) in &image.constants {
            both.write(*register, &[number(value)]);
        }
        both.run(image.entry("setup"));
        Some(both)
    }

    fn load(&mut self, address: u16, words: &[Word]) {
        self.card.load(address, words);
        self.model.load(address, words);
    }

    fn write(&mut self, register: u8, values: &[BigUint]) {
        self.card.write(0, register, values);
        for (register, value) in (register..).zip(values) {
            self.model.set_register(register, wide(value));
        }
    }

    /// Runs both; they took the same time and leave the same in all registers.
    fn run(&mut self, entry: u16) {
        let slots = self.card.run(0, entry);
        let run = self.model.run(entry, SLOTS_MAX).expect("halts");
        assert_eq!(u64::from(slots), run.slots);
        let mut differ = Vec::new();
        for first in (0..isa::REGISTERS).step_by(32) {
            let ours = self.card.read(0, first as u8, 32);
            for (register, ours) in (first..).zip(ours) {
                if ours != number(self.model.register(register as u8)) {
                    differ.push((register, ours));
                }
            }
        }
        assert_eq!(differ, [], "registers that the model has otherwise");
    }
}

/// Random instructions, all of them, that end: jumps go forward, loops count, calls go to one leaf.
struct Author {
    random: ChaCha20Rng,
    code: Vec<Instruction>,
}

impl Author {
    fn below(&mut self, end: u32) -> u32 {
        self.random.next_u32() % end
    }

    /// Few registers, so that programs often wait for a product.
    fn operand(&mut self) -> Operand {
        let number = 16 + self.below(8) as u8;
        let index = Index::ALL[if self.below(4) == 0 {
            self.below(4) as usize
        } else {
            0
        }];
        Operand::new(number, index)
    }

    fn arithmetic(&mut self) -> Instruction {
        let (d, a, b) = (self.operand(), self.operand(), self.operand());
        let bias = Bias::ALL[self.below(4) as usize];
        let flags = if self.below(2) == 0 {
            Flags::Set
        } else {
            Flags::Keep
        };
        let condition = Condition::ALL[self.below(4) as usize];
        match self.below(8) {
            0..=2 => Instruction::Mul { d, a, b },
            3 => Instruction::Add {
                d,
                a,
                b,
                bias,
                flags,
            },
            4 | 5 => Instruction::Sub {
                d,
                a,
                b,
                bias,
                flags,
            },
            6 => Instruction::Select { d, a, b, condition },
            _ => Instruction::Nop,
        }
    }

    fn step(&mut self, leaf: u16) {
        let here = self.code.len() as u16;
        let index = Index::ALL[self.below(4) as usize];
        let value = self.below(8) as u8;
        let next = match self.below(24) {
            0 => Instruction::SetIndex { index, value },
            1 => Instruction::AddIndex {
                index,
                value: value.wrapping_sub(4),
            },
            2 => Instruction::Jump {
                condition: Condition::ALL[self.below(4) as usize],
                sense: if self.below(2) == 0 {
                    Sense::If
                } else {
                    Sense::Unless
                },
                target: here + 1 + self.below(3) as u16,
            },
            3 => Instruction::Call { target: leaf },
            4 => Instruction::LoadBias {
                bias: Bias::ALL[1 + self.below(3) as usize],
                a: self.operand(),
            },
            5 => Instruction::LoadModulus {
                a: Operand::new(1, Index::Zero),
            },
            6 => {
                let counter = self.below(4) as u8;
                let value = 1 + self.below(5) as u16;
                self.code.push(Instruction::LoadCounter { counter, value });
                for _ in 0..=self.below(4) {
                    let body = self.arithmetic();
                    self.code.push(body);
                }
                Instruction::CountDown {
                    counter,
                    target: here + 1,
                }
            }
            _ => self.arithmetic(),
        };
        self.code.push(next);
    }

    /// A program from address 0 on; the leaf that is called ends it.
    fn program(seed: u64, steps: u32) -> Vec<Word> {
        let mut author = Self {
            random: ChaCha20Rng::seed_from_u64(seed),
            code: Vec::new(),
        };
        let leaf = 3900;
        for _ in 0..steps {
            author.step(leaf);
        }
        // Where a jump may land.
        author.code.extend([Instruction::Nop; 3]);
        author.code.push(Instruction::Halt);
        author
            .code
            .iter()
            .map(|instruction| instruction.encode())
            .collect()
    }
}

#[test]
fn random_programs_do_what_the_model_says() {
    let Some(mut both) = Both::start() else {
        return;
    };
    let moduli = [microcode::bls12_381::field(), microcode::bn254::field()];
    let zero = Operand::new(17, Index::X1);
    let leaf = [
        Instruction::Mul {
            d: zero,
            a: Operand::new(18, Index::X2),
            b: zero,
        },
        Instruction::Return,
    ];
    both.load(3900, &leaf.map(Instruction::encode));
    for seed in 0..12 {
        let mut random = ChaCha20Rng::seed_from_u64(1000 + seed);
        both.write(1, &[moduli[seed as usize % 2].q.clone()]);
        let values: Vec<BigUint> = (0..24)
            .map(|i| match i % 6 {
                0 => BigUint::default(),
                1 => (BigUint::from(1u32) << 432u32) - 1u32,
                _ => BigUint::new((0..13).map(|_| random.next_u32()).collect()),
            })
            .collect();
        both.write(12, &values);
        both.load(0, &Author::program(seed, 500));
        both.run(0);
    }
}

/// P and Q, and the minus of P: the product of both pairings is one. With another P it is not.
fn pairs<C: Curve>(encoding: Encoding, width: usize, scalar: u128) -> Vec<BigUint> {
    let g1 = C::G1::to_affine(&C::G1::mul(&C::G1::generator(), scalar)).expect("finite");
    let q = C::G2::to_affine(&C::G2::mul(&C::G2::generator(), 77)).expect("finite");
    let minus = C::G1::negate(&C::G1::generator());
    let numbers = |bytes: Vec<u8>| {
        bytes
            .chunks(width)
            .map(BigUint::from_bytes_be)
            .collect::<Vec<_>>()
    };
    let two = C::G2::encode(Some(&q), encoding);
    [g1, minus]
        .iter()
        .flat_map(|p| {
            [
                numbers(C::G1::encode(Some(p), encoding)),
                numbers(two.clone()),
            ]
        })
        .flatten()
        .collect()
}

fn pairing_checks<C: Curve>(image: &Image, encoding: Encoding, width: usize) {
    let Some(mut both) = Both::with_image(image) else {
        return;
    };
    for (scalar, holds) in [(1, 1u32), (2, 0)] {
        let numbers = pairs::<C>(encoding, width, scalar);
        for (pair, numbers) in (0..).zip(numbers.chunks(6)) {
            both.write(pairing::PAIRS + pair * pairing::PAIR_REGISTERS, numbers);
        }
        both.run(image.entry("pairing-2"));
        assert_eq!(both.card.read(0, pairing::VERDICT, 1), [holds.into()]);
    }
}

#[test]
fn pairing_checks_on_bls12_381() {
    pairing_checks::<Bls12381>(microcode::bls12_381::image(), Encoding::Eip2537, 64);
}

#[test]
fn pairing_checks_on_bn254() {
    pairing_checks::<Bn254>(microcode::bn254::image(), Encoding::Eigensdk, 32);
}

/// RFC 9380, appendix J.10.1, the message "abc".
#[test]
fn a_hash_of_rfc_9380() {
    const DST: &[u8] = b"QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_";
    const X: [&str; 2] = [
        "02c2d18e033b960562aae3cab37a27ce00d80ccd5ba4b7fe0e7a210245129dbec7780ccc7954725f4168aff2787776e6",
        "139cddbccdc5e91b9623efd38c49f81a6f83f175e80b06fc374de9eb4b41dfe4ca3a230ed250fbe3a2acf73a41177fd8",
    ];
    let image = points::image();
    let Some(mut both) = Both::with_image(image) else {
        return;
    };
    let bytes = expand_message_xmd(b"abc", DST, 256).expect("short");
    let p = microcode::bls12_381::field().p;
    let elements: Vec<BigUint> = bytes
        .chunks(64)
        .map(|chunk| BigUint::from_bytes_be(chunk) % &p)
        .collect();
    both.write(points::HASHED, &elements);
    both.run(image.entry("hash"));
    let x = X.map(|hex| BigUint::parse_bytes(hex.as_bytes(), 16).expect("hexadecimal"));
    assert_eq!(both.card.read(0, points::AFFINE, 2), x);
}
