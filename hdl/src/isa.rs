//! The instruction set: what microcode means, how it is written in words of 36 bits, and how long it takes.
//!
//! The hardware in `hdl/rtl`, the model in `model` and the assembler all read this file.
//!
//! # State of a core
//! - 256 registers of 432 bits: unsigned integers modulo 2^432.
//! - The modulus q and three biases, each loaded from a register by `LoadModulus` and `LoadBias`. q = 1 - 2^16 modulo 2^18, so
//!   that the reduction needs no multiplier to find its factors.
//! - Three index registers of 8 bits, added modulo 256 to the register numbers that ask for it.
//! - Four counters of 16 bits, a stack of 16 return addresses, and the flags N, Z and L.
//!
//! At the start of a run indices, counters and flags are zero and the stack is empty; the rest is what it was.
//!
//! # Time
//! A slot is 8 cycles. Every instruction takes one, and its result and flags are there for the next. Only products are late:
//! product k, issued in slot s, is begun in slot `T(k) = max(s, T(k-1) + 11)` and may be read, or its register written, from
//! slot `T(k) + 13` on. An instruction waits, slot by slot, while
//! - it reads or writes the register of a product that is not there yet;
//! - it is a product, and the one before it has not been begun: `s >= T(k-1) + 1`, for only one may wait;
//! - it is `LoadModulus`, `LoadBias` or `Halt`, and any product is not there yet.

/// Bits of a register.
pub const REGISTER_BITS: u32 = 432;
/// Bytes in which the host writes and reads a register, little endian.
pub const REGISTER_BYTES: usize = 54;
/// Registers of a core.
pub const REGISTERS: usize = 256;
/// Bits of a factor, and of R in the product a·b/R.
pub const FACTOR_BITS: u32 = 396;
/// Bits of the multiplier's digits.
pub const DIGIT_BITS: u32 = 18;
/// Digits of a factor.
pub const DIGITS: usize = 22;
/// What every modulus is modulo 2^18.
pub const MODULUS_DIGIT: u32 = 0x3_0001;
/// Bits of an instruction.
pub const WORD_BITS: u32 = 36;
/// Bytes in which the host writes an instruction, little endian.
pub const WORD_BYTES: usize = 5;
/// Instructions that the microcode memory holds.
pub const PROGRAM_WORDS: usize = 4096;
/// Return addresses that the stack holds.
pub const CALL_DEPTH: usize = 16;
/// Counters for loops.
pub const COUNTERS: usize = 4;
/// Index registers, the first of which is always zero.
pub const INDICES: usize = 4;
/// Biases, the first of which is always zero.
pub const BIASES: usize = 4;
/// Cycles of a slot.
pub const SLOT_CYCLES: u64 = 8;
/// Slots from the begin of a product to the next one's.
pub const PRODUCT_INTERVAL: u64 = 11;
/// Slots from the begin of a product to its first use.
pub const PRODUCT_LATENCY: u64 = 13;

/// A register, by its number and the index register that is added to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Operand {
    pub number: u8,
    pub index: Index,
}

/// An index register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Index {
    /// Always zero.
    #[default]
    Zero,
    X1,
    X2,
    X3,
}

/// What is added to every sum and difference: a multiple of the modulus that keeps differences above zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bias {
    #[default]
    Zero,
    B1,
    B2,
    B3,
}

/// What a selection or a jump looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    Always,
    /// The last flagged result had its bit 431 set: the difference was below zero.
    Negative,
    /// The last flagged result was zero.
    Zero,
    /// The last flagged result was odd.
    Odd,
}

/// Whether a jump is taken where its condition holds or where it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sense {
    If,
    Unless,
}

/// Whether a sum or difference sets the flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flags {
    Keep,
    Set,
}

/// One instruction. Arithmetic is on whole registers; see the head of this file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Instruction {
    Nop,
    /// d = (a·b + m·q) / 2^396, exactly, with the one m below 2^396 for which there is no remainder. Of a and b only the lower
    /// 396 bits count.
    Mul {
        d: Operand,
        a: Operand,
        b: Operand,
    },
    /// d = a + b + bias.
    Add {
        d: Operand,
        a: Operand,
        b: Operand,
        bias: Bias,
        flags: Flags,
    },
    /// d = a - b + bias.
    Sub {
        d: Operand,
        a: Operand,
        b: Operand,
        bias: Bias,
        flags: Flags,
    },
    /// d = a where the condition holds, b otherwise.
    Select {
        d: Operand,
        a: Operand,
        b: Operand,
        condition: Condition,
    },
    Jump {
        condition: Condition,
        sense: Sense,
        target: u16,
    },
    Call {
        target: u16,
    },
    Return,
    LoadCounter {
        counter: u8,
        value: u16,
    },
    /// One less; to the target unless that is zero.
    CountDown {
        counter: u8,
        target: u16,
    },
    SetIndex {
        index: Index,
        value: u8,
    },
    AddIndex {
        index: Index,
        value: u8,
    },
    LoadModulus {
        a: Operand,
    },
    /// Bias zero cannot be loaded.
    LoadBias {
        bias: Bias,
        a: Operand,
    },
    Halt,
}

/// The opcodes, bits 35 to 32 of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    Nop = 0,
    Mul = 1,
    Add = 2,
    AddFlags = 3,
    Sub = 4,
    SubFlags = 5,
    Select = 6,
    Jump = 7,
    Call = 8,
    Return = 9,
    LoadCounter = 10,
    CountDown = 11,
    SetIndex = 12,
    AddIndex = 13,
    LoadConstant = 14,
    Halt = 15,
}

/// A field of the instruction word: its lowest bit and how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    pub lowest: u32,
    pub bits: u32,
    pub what: &'static str,
}

const fn field(name: &'static str, lowest: u32, bits: u32, what: &'static str) -> Field {
    Field {
        name,
        lowest,
        bits,
        what,
    }
}

pub const OPCODE: Field = field("OPCODE", 32, 4, "what is done");
pub const D: Field = field("D", 24, 8, "number of the register that is written");
pub const A: Field = field("A", 16, 8, "number of the first register that is read");
pub const B: Field = field("B", 8, 8, "number of the second register that is read");
pub const XD: Field = field("XD", 6, 2, "index register added to D");
pub const XA: Field = field("XA", 4, 2, "index register added to A");
pub const XB: Field = field("XB", 2, 2, "index register added to B");
pub const LOW: Field = field(
    "LOW",
    0,
    2,
    "bias of sums, differences and LoadConstant (0: the modulus); condition of Select",
);
pub const CONDITION: Field = field("CONDITION", 30, 2, "condition of Jump");
pub const INVERT: Field = field("INVERT", 29, 1, "Jump where the condition does not hold");
pub const TARGET: Field = field("TARGET", 16, 12, "address of Jump, Call, CountDown");
pub const COUNTER: Field = field("COUNTER", 30, 2, "counter of LoadCounter, CountDown");
pub const COUNT: Field = field("COUNT", 8, 16, "value of LoadCounter");
pub const INDEX: Field = field("INDEX", 30, 2, "index register of SetIndex, AddIndex");
pub const OFFSET: Field = field("OFFSET", 16, 8, "value of SetIndex, AddIndex");

/// All fields, for the generated pages.
pub const FIELDS: [Field; 15] = [
    OPCODE, D, A, B, XD, XA, XB, LOW, CONDITION, INVERT, TARGET, COUNTER, COUNT, INDEX, OFFSET,
];

impl Field {
    const fn put(self, value: u64) -> u64 {
        value << self.lowest
    }

    const fn take(self, word: u64) -> u64 {
        word >> self.lowest & ((1 << self.bits) - 1)
    }
}

/// An instruction as it stands in the microcode memory: 36 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Word(u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the word {0:#x} has more than 36 bits")]
pub struct WordTooLong(pub u64);

impl Word {
    pub const fn new(bits: u64) -> Result<Self, WordTooLong> {
        if bits >> WORD_BITS == 0 {
            Ok(Self(bits))
        } else {
            Err(WordTooLong(bits))
        }
    }

    pub const fn bits(self) -> u64 {
        self.0
    }

    /// As the hardware takes it: the four upper bits of the last byte are not there.
    pub const fn from_bytes([a, b, c, d, e]: [u8; WORD_BYTES]) -> Self {
        Self(u64::from_le_bytes([a, b, c, d, e & 0xf, 0, 0, 0]))
    }

    /// As the host sends it.
    pub const fn to_bytes(self) -> [u8; WORD_BYTES] {
        let [a, b, c, d, e, _, _, _] = self.0.to_le_bytes();
        [a, b, c, d, e]
    }
}

impl Operand {
    pub const fn new(number: u8, index: Index) -> Self {
        Self { number, index }
    }

    /// The register so many further on.
    #[must_use]
    pub const fn after(self, offset: u8) -> Self {
        Self::new(self.number.wrapping_add(offset), self.index)
    }
}

impl Index {
    pub const ALL: [Self; INDICES] = [Self::Zero, Self::X1, Self::X2, Self::X3];
}

impl Bias {
    pub const ALL: [Self; BIASES] = [Self::Zero, Self::B1, Self::B2, Self::B3];
}

impl Condition {
    pub const ALL: [Self; 4] = [Self::Always, Self::Negative, Self::Zero, Self::Odd];
}

fn three(opcode: Opcode, d: Operand, a: Operand, b: Operand, low: u64) -> u64 {
    OPCODE.put(opcode as u64)
        | D.put(d.number.into())
        | A.put(a.number.into())
        | B.put(b.number.into())
        | XD.put(d.index as u64)
        | XA.put(a.index as u64)
        | XB.put(b.index as u64)
        | LOW.put(low)
}

fn constant(a: Operand, low: u64) -> u64 {
    three(
        Opcode::LoadConstant,
        Operand::default(),
        a,
        Operand::default(),
        low,
    )
}

impl Instruction {
    /// The word. Targets above the microcode memory and counters there are not lose their upper bits.
    pub fn encode(self) -> Word {
        let target = |target: u16| TARGET.put(u64::from(target) % (1 << TARGET.bits));
        let counter = |counter: u8| COUNTER.put(u64::from(counter) % (1 << COUNTER.bits));
        let control = |opcode: Opcode, rest: u64| OPCODE.put(opcode as u64) | rest;
        Word(match self {
            Self::Nop => control(Opcode::Nop, 0),
            Self::Mul { d, a, b } => three(Opcode::Mul, d, a, b, 0),
            Self::Add {
                d,
                a,
                b,
                bias,
                flags,
            } => {
                let opcode = match flags {
                    Flags::Keep => Opcode::Add,
                    Flags::Set => Opcode::AddFlags,
                };
                three(opcode, d, a, b, bias as u64)
            }
            Self::Sub {
                d,
                a,
                b,
                bias,
                flags,
            } => {
                let opcode = match flags {
                    Flags::Keep => Opcode::Sub,
                    Flags::Set => Opcode::SubFlags,
                };
                three(opcode, d, a, b, bias as u64)
            }
            Self::Select { d, a, b, condition } => three(Opcode::Select, d, a, b, condition as u64),
            Self::Jump {
                condition,
                sense,
                target: to,
            } => control(
                Opcode::Jump,
                CONDITION.put(condition as u64) | INVERT.put(sense as u64) | target(to),
            ),
            Self::Call { target: to } => control(Opcode::Call, target(to)),
            Self::Return => control(Opcode::Return, 0),
            Self::LoadCounter { counter: c, value } => {
                control(Opcode::LoadCounter, counter(c) | COUNT.put(value.into()))
            }
            Self::CountDown {
                counter: c,
                target: to,
            } => control(Opcode::CountDown, counter(c) | target(to)),
            Self::SetIndex { index, value } => control(
                Opcode::SetIndex,
                INDEX.put(index as u64) | OFFSET.put(value.into()),
            ),
            Self::AddIndex { index, value } => control(
                Opcode::AddIndex,
                INDEX.put(index as u64) | OFFSET.put(value.into()),
            ),
            Self::LoadModulus { a } => constant(a, 0),
            Self::LoadBias { bias, a } => constant(a, bias as u64),
            Self::Halt => control(Opcode::Halt, 0),
        })
    }

    /// What the word says. Every word is some instruction; bits that an instruction does not use are not looked at.
    pub fn decode(word: Word) -> Self {
        let word = word.bits();
        let operand = |number: Field, index: Field| Operand {
            number: number.take(word) as u8,
            index: Index::ALL[index.take(word) as usize],
        };
        let (d, a, b) = (operand(D, XD), operand(A, XA), operand(B, XB));
        let low = LOW.take(word) as usize;
        let bias = Bias::ALL[low];
        let target = TARGET.take(word) as u16;
        let counter = COUNTER.take(word) as u8;
        let index = Index::ALL[INDEX.take(word) as usize];
        let value = OFFSET.take(word) as u8;
        let sum = |flags| Self::Add {
            d,
            a,
            b,
            bias,
            flags,
        };
        let difference = |flags| Self::Sub {
            d,
            a,
            b,
            bias,
            flags,
        };
        match Opcode::ALL[OPCODE.take(word) as usize] {
            Opcode::Nop => Self::Nop,
            Opcode::Mul => Self::Mul { d, a, b },
            Opcode::Add => sum(Flags::Keep),
            Opcode::AddFlags => sum(Flags::Set),
            Opcode::Sub => difference(Flags::Keep),
            Opcode::SubFlags => difference(Flags::Set),
            Opcode::Select => Self::Select {
                d,
                a,
                b,
                condition: Condition::ALL[low],
            },
            Opcode::Jump => Self::Jump {
                condition: Condition::ALL[CONDITION.take(word) as usize],
                sense: if INVERT.take(word) == 0 {
                    Sense::If
                } else {
                    Sense::Unless
                },
                target,
            },
            Opcode::Call => Self::Call { target },
            Opcode::Return => Self::Return,
            Opcode::LoadCounter => Self::LoadCounter {
                counter,
                value: COUNT.take(word) as u16,
            },
            Opcode::CountDown => Self::CountDown { counter, target },
            Opcode::SetIndex => Self::SetIndex { index, value },
            Opcode::AddIndex => Self::AddIndex { index, value },
            Opcode::LoadConstant if bias == Bias::Zero => Self::LoadModulus { a },
            Opcode::LoadConstant => Self::LoadBias { bias, a },
            Opcode::Halt => Self::Halt,
        }
    }

    /// The registers that are read.
    pub fn reads(self) -> [Option<Operand>; 2] {
        match self {
            Self::Mul { a, b, .. }
            | Self::Add { a, b, .. }
            | Self::Sub { a, b, .. }
            | Self::Select { a, b, .. } => [Some(a), Some(b)],
            Self::LoadModulus { a } | Self::LoadBias { a, .. } => [Some(a), None],
            _ => [None, None],
        }
    }

    /// The register that is written.
    pub fn writes(self) -> Option<Operand> {
        match self {
            Self::Mul { d, .. }
            | Self::Add { d, .. }
            | Self::Sub { d, .. }
            | Self::Select { d, .. } => Some(d),
            _ => None,
        }
    }
}

impl Opcode {
    pub const ALL: [Self; 16] = [
        Self::Nop,
        Self::Mul,
        Self::Add,
        Self::AddFlags,
        Self::Sub,
        Self::SubFlags,
        Self::Select,
        Self::Jump,
        Self::Call,
        Self::Return,
        Self::LoadCounter,
        Self::CountDown,
        Self::SetIndex,
        Self::AddIndex,
        Self::LoadConstant,
        Self::Halt,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each instruction that any word can be, with fields of all values that matter.
    #[test]
    fn words_and_instructions_are_one() {
        let mut bits: u64 = 0x1234_5678_9abc_def0;
        let mut seen = [0; 16];
        for _ in 0..100_000 {
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            let word = Word::new(bits >> (64 - WORD_BITS)).expect("36 bits");
            let instruction = Instruction::decode(word);
            let again = instruction.encode();
            assert_eq!(Instruction::decode(again), instruction);
            assert_eq!(again.bits() & !word.bits(), 0, "no bit comes from nowhere");
            seen[OPCODE.take(word.bits()) as usize] += 1;
        }
        assert!(seen.iter().all(|&count| count > 1000));
    }

    #[test]
    fn words_are_as_the_hardware_reads_them() {
        let r = |number, index| Operand::new(number, index);
        let product = Instruction::Mul {
            d: r(1, Index::X1),
            a: r(2, Index::X2),
            b: r(3, Index::X3),
        };
        assert_eq!(product.encode().bits(), 0x1_0102_036c);
        let difference = Instruction::Sub {
            d: r(255, Index::Zero),
            a: r(0, Index::Zero),
            b: r(128, Index::Zero),
            bias: Bias::B3,
            flags: Flags::Set,
        };
        assert_eq!(difference.encode().bits(), 0x5_ff00_8003);
        let jump = Instruction::Jump {
            condition: Condition::Zero,
            sense: Sense::Unless,
            target: 0xabc,
        };
        assert_eq!(jump.encode().bits(), 0x7_aabc_0000);
        let count = Instruction::LoadCounter {
            counter: 3,
            value: 0xffff,
        };
        assert_eq!(count.encode().bits(), 0xa_c0ff_ff00);
        assert_eq!(Word::new(1 << 36), Err(WordTooLong(1 << 36)));
        assert_eq!(product.encode().to_bytes(), [0x6c, 0x03, 0x02, 0x01, 0x01]);
    }
}
