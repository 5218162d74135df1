//! Programs on one core in rust-hdl's own simulation, against big integers and the cycle rule of the instruction set.
use num_bigint::BigUint;
use rust_hdl::prelude::*;
use tutti_hdl::isa::{Bias, Condition, Flags, Index, Instruction, Operand};
use tutti_rtl::core::{Core, command};

const P: &[u8] = b"1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";

fn one() -> BigUint {
    1u32.into()
}

fn modulus() -> BigUint {
    BigUint::parse_bytes(P, 16).expect("digits") * 3u32
}

struct Bench {
    core: Box<Core>,
}

impl Bench {
    fn new() -> Self {
        let mut core = Box::new(Core::default());
        core.connect_all();
        Self { core }
    }

    fn cycle(&mut self) {
        for level in [false, true] {
            self.core.clock.next = level.into();
            assert!(simulate(self.core.as_mut(), 100), "the logic settles");
        }
    }

    fn bits_in(&mut self, value: &BigUint, bits: u64) {
        for i in 0..bits {
            self.core.select.next = true;
            self.core.shift.next = true;
            self.core.bit_in.next = u64::from(value.bit(i)).into();
            self.cycle();
        }
        self.core.shift.next = false;
        self.settle();
    }

    fn settle(&mut self) {
        for _ in 0..8 {
            self.cycle();
        }
    }

    fn order(&mut self, command: u64) {
        self.core.select.next = true;
        self.core.command.next = command.into();
        self.cycle();
        self.core.command.next = 0u64.into();
        self.settle();
    }

    fn bits_out(&mut self, bits: u64) -> BigUint {
        let mut value = BigUint::default();
        for i in 0..bits {
            if self.core.bit_out.val() == 1 {
                value.set_bit(i, true);
            }
            self.core.shift.next = true;
            self.cycle();
            self.core.shift.next = false;
            self.cycle();
            self.cycle();
            self.cycle();
        }
        value
    }

    fn write(&mut self, register: u64, value: &BigUint) {
        for chunk in 0..4u64 {
            let part = (value >> (108 * chunk)) % (one() << 108u32);
            self.bits_in(&part, 108);
            self.bits_in(&(register * 4 + chunk).into(), 12);
            self.order(command::STORE);
        }
    }

    fn read(&mut self, register: u64) -> BigUint {
        let mut value = BigUint::default();
        for chunk in 0..4u64 {
            self.bits_in(&(register * 4 + chunk).into(), 12);
            self.order(command::FETCH);
            value |= self.bits_out(108) << (108 * chunk);
        }
        value
    }

    fn program(&mut self, code: &[Instruction]) {
        for (address, &instruction) in code.iter().enumerate() {
            self.bits_in(&instruction.encode().bits().into(), 36);
            self.bits_in(&address.into(), 12);
            self.order(command::STORE_CODE);
        }
    }

    /// Slots it took.
    fn run(&mut self) -> u64 {
        self.bits_in(&BigUint::default(), 12);
        self.order(command::START);
        let mut left = 2_000_000;
        while self.core.running.val() {
            self.cycle();
            left -= 1;
            assert!(left > 0, "the program ends");
        }
        self.settle();
        self.order(command::FETCH_STATUS);
        let status = self.bits_out(33);
        status.try_into().expect("33 bits")
    }
}

fn at(number: u8) -> Operand {
    Operand::new(number, Index::Zero)
}

#[test]
fn a_product_and_a_sum() {
    let mut bench = Bench::new();
    let q = modulus();
    let (a, b) = (&q - 12345u32, (&q >> 3u32) + 99u32);
    bench.write(1, &q);
    bench.write(2, &a);
    bench.write(3, &b);
    assert_eq!(bench.read(2), a);
    bench.program(&[
        Instruction::LoadModulus { a: at(1) },
        Instruction::Mul {
            d: at(4),
            a: at(2),
            b: at(3),
        },
        Instruction::Add {
            d: at(5),
            a: at(2),
            b: at(3),
            bias: Bias::Zero,
            flags: Flags::Keep,
        },
        Instruction::Mul {
            d: at(6),
            a: at(2),
            b: at(2),
        },
        Instruction::Mul {
            d: at(7),
            a: at(4),
            b: at(6),
        },
        Instruction::Sub {
            d: at(8),
            a: at(3),
            b: at(2),
            bias: Bias::Zero,
            flags: Flags::Set,
        },
        Instruction::Select {
            d: at(9),
            a: at(2),
            b: at(3),
            condition: Condition::Negative,
        },
        Instruction::Halt,
    ]);
    let slots = bench.run();
    println!("{slots} slots");
    let r = one() << 396u32;
    assert_eq!(bench.read(5), &a + &b);
    let ab = bench.read(4);
    assert!(ab < &q * 2u32);
    assert_eq!((&ab * &r) % &q, (&a * &b) % &q);
    let aa = bench.read(6);
    assert_eq!((&aa * &r) % &q, (&a * &a) % &q);
    assert_eq!((bench.read(7) * &r) % &q, (&aa * &ab) % &q);
    assert_eq!(bench.read(8), (one() << 432u32) + &b - &a);
    assert_eq!(bench.read(9), a);
    // 0: modulus; 1: product, starts; 2: sum; 3: product, starts in 12; 25: its first use, as of the one that needs it;
    // that one starts at once, is there in 38. The end waits for it.
    assert_eq!(slots, 39);
}
