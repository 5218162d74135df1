use num_bigint::BigUint;

use super::*;
use crate::isa::REGISTER_BITS;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn wide(&mut self) -> Wide {
        let bytes: [u8; REGISTER_BYTES] = std::array::from_fn(|_| self.next() as u8);
        Wide::from_bytes(&bytes)
    }
}

fn big(wide: &Wide) -> BigUint {
    BigUint::from_bytes_le(&wide.to_bytes())
}

fn wide(big: &BigUint) -> Wide {
    Wide::from_big_endian(&big.to_bytes_be())
}

/// 3p of BLS12-381, and 171127p of BN254.
fn moduli() -> [BigUint; 2] {
    let hex = |digits: &[u8]| BigUint::parse_bytes(digits, 16).expect("hexadecimal");
    [
        hex(b"1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab") * 3u32,
        hex(b"30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47") * 171_127u32,
    ]
}

/// By big integers: the m for which there is no remainder, and the quotient.
fn expected(a: &Wide, b: &Wide, q: &BigUint) -> BigUint {
    let r = BigUint::from(1u32) << crate::isa::FACTOR_BITS;
    let (a, b) = (big(a) % &r, big(b) % &r);
    let product = a * b;
    let inverse = q.modinv(&r).expect("q is odd");
    let m = (&r - &product * inverse % &r) % &r;
    (product + m * q) / r
}

#[test]
fn products_are_those_of_big_integers() {
    let mut random = Random(1);
    for q in moduli() {
        assert_eq!(&q % (1u32 << 18), BigUint::from(MODULUS_DIGIT));
        let modulus = Modulus::new(wide(&q));
        let edge = [
            Wide::ZERO,
            Wide::from(1),
            wide(&q),
            wide(&(&q * 2u32 - 1u32)),
            wide(&((BigUint::from(1u32) << 396) - 1u32)),
            wide(&((BigUint::from(1u32) << 432) - 1u32)),
        ];
        let check = |a: &Wide, b: &Wide| {
            let product = modulus.multiply(a, b);
            assert_eq!(big(&product), expected(a, b, &q));
            assert_eq!(product, by_digits(a, b, &wide(&q)));
        };
        for a in &edge {
            for b in &edge {
                check(a, b);
            }
        }
        for _ in 0..2000 {
            check(&random.wide(), &random.wide());
        }
    }
}

#[test]
fn sums_differences_and_shifts_are_modulo_2_to_the_432() {
    let mut random = Random(2);
    let m = BigUint::from(1u32) << REGISTER_BITS;
    for _ in 0..2000 {
        let (a, b) = (random.wide(), random.wide());
        assert_eq!(big(&a.plus(&b)), (big(&a) + big(&b)) % &m);
        assert_eq!(big(&a.minus(&b)), (big(&a) + &m - big(&b)) % &m);
        let bits = random.next() as u32 % REGISTER_BITS;
        assert_eq!(big(&a.shifted_left(bits)), (big(&a) << bits) % &m);
        assert_eq!(a.top_bit(), big(&a).bit(u64::from(REGISTER_BITS) - 1));
    }
}

fn words(instructions: &[Instruction]) -> Vec<Word> {
    instructions.iter().map(|i| i.encode()).collect()
}

fn r(number: u8) -> Operand {
    Operand::new(number, Index::Zero)
}

fn mul(d: u8, a: u8, b: u8) -> Instruction {
    Instruction::Mul {
        d: r(d),
        a: r(a),
        b: r(b),
    }
}

fn add(d: u8, a: u8, b: u8) -> Instruction {
    Instruction::Add {
        d: r(d),
        a: r(a),
        b: r(b),
        bias: Bias::Zero,
        flags: Flags::Keep,
    }
}

fn slots(program: &[Instruction]) -> u64 {
    let mut core = Core::new();
    core.load(0, &words(program));
    core.run(0, 10_000).expect("halts").slots
}

/// The rule at the head of `isa`, worked out by hand.
#[test]
fn slots_are_counted_by_the_rule() {
    use Instruction::Halt;
    assert_eq!(slots(&[Halt]), 1);
    assert_eq!(slots(&[add(1, 2, 3), add(4, 1, 1), Halt]), 3);
    // The product of slot 0 may be named from slot 13 on; Halt takes slot 13.
    assert_eq!(slots(&[mul(1, 2, 3), Halt]), 14);
    // A dependent chain: 0, 13, 26, and Halt in 39.
    assert_eq!(slots(&[mul(1, 2, 3), mul(1, 1, 1), mul(1, 1, 1), Halt]), 40);
    // Independent ones begin in 0, 11, 22, 33; the last is there in 46.
    let independent = [mul(1, 9, 9), mul(2, 9, 9), mul(3, 9, 9), mul(4, 9, 9), Halt];
    assert_eq!(slots(&independent), 47);
    // The third is issued in slot 12 only, one after the second was begun.
    assert_eq!(
        slots(
            &[mul(1, 9, 9), mul(2, 9, 9), mul(3, 9, 9), Instruction::Nop]
                .into_iter()
                .chain([Halt])
                .collect::<Vec<_>>()
        ),
        36
    );
    // Writing the register of a product that is not there yet waits, too.
    assert_eq!(slots(&[mul(1, 2, 3), add(1, 4, 4), Halt]), 15);
    assert_eq!(slots(&[mul(1, 2, 3), add(5, 4, 4), Halt]), 14);
}

#[test]
fn loops_calls_indices_and_flags() {
    use Instruction as I;
    let x1 = |number| Operand::new(number, Index::X1);
    // Doubles register 10 + X1 for X1 = 0, 1, 2, then tells which of 10 and 11 is greater.
    let program = [
        I::LoadCounter {
            counter: 1,
            value: 3,
        },
        I::SetIndex {
            index: Index::X1,
            value: 0,
        },
        I::Call { target: 10 },
        I::AddIndex {
            index: Index::X1,
            value: 1,
        },
        I::CountDown {
            counter: 1,
            target: 2,
        },
        I::Sub {
            d: r(20),
            a: r(10),
            b: r(11),
            bias: Bias::Zero,
            flags: Flags::Set,
        },
        I::Select {
            d: r(21),
            a: r(11),
            b: r(10),
            condition: Condition::Negative,
        },
        I::Jump {
            condition: Condition::Negative,
            sense: Sense::Unless,
            target: 9,
        },
        I::Halt,
        I::Jump {
            condition: Condition::Always,
            sense: Sense::If,
            target: 9,
        },
        I::Add {
            d: x1(10),
            a: x1(10),
            b: x1(10),
            bias: Bias::Zero,
            flags: Flags::Keep,
        },
        I::Return,
    ];
    let mut core = Core::new();
    core.load(0, &words(&program));
    for (register, value) in [(10, 3u64), (11, 5), (12, 7)] {
        core.set_register(register, value.into());
    }
    let run = core.run(0, 1000).expect("halts");
    assert_eq!(*core.register(10), 6.into());
    assert_eq!(*core.register(12), 14.into());
    assert_eq!(*core.register(21), 10.into());
    assert_eq!(run.slots, 2 + 3 * 5 + 4);
    // The other way round it never halts.
    core.set_register(10, 50.into());
    assert_eq!(core.run(0, 1000), Err(Stopped::TooLong(1000)));
}

#[test]
fn a_stack_that_overflows_or_is_empty_stops_the_core() {
    let mut core = Core::new();
    core.load(0, &words(&[Instruction::Call { target: 0 }]));
    assert_eq!(core.run(0, 1000), Err(Stopped::StackFull(0)));
    core.load(7, &words(&[Instruction::Return]));
    assert_eq!(core.run(7, 1000), Err(Stopped::StackEmpty(7)));
}
