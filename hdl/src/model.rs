//! A core in plain Rust: the same results, the same flags and the same number of cycles as the hardware, instruction by
//! instruction.

use std::collections::VecDeque;

use crate::isa::{
    BIASES, Bias, CALL_DEPTH, COUNTERS, Condition, DIGIT_BITS, DIGITS, Flags, INDICES, Index,
    Instruction, MODULUS_DIGIT, Operand, PRODUCT_INTERVAL, PRODUCT_LATENCY, PROGRAM_WORDS,
    REGISTER_BYTES, REGISTERS, SLOT_CYCLES, Sense, Word,
};
use crate::wide::{FACTOR_LIMBS, LIMB_BITS, Wide};

/// What can be wrong with a core: injected by tests, never there by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// A bit of a register changes when the slot is reached.
    Flip { slot: u64, register: u8, bit: u16 },
    /// From this slot on every product is this register's value.
    StuckProduct { slot: u64, register: u8 },
    /// One product, counted from the start of the run, is not written: its register keeps the value that it had.
    StaleProduct { product: u64 },
    /// From this slot on nothing is written at all, though the program goes on.
    Dead { slot: u64 },
}

/// Why a program stopped before its `Halt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    #[error("the instruction at {0} called deeper than the stack of {CALL_DEPTH}")]
    StackFull(u16),
    #[error("the instruction at {0} returned from no call")]
    StackEmpty(u16),
    #[error("the program ran past slot {0}")]
    TooLong(u64),
}

/// How a program ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// From the first instruction's slot to that of `Halt`, which is counted.
    pub slots: u64,
    pub products: u64,
    /// Slots in which an instruction waited.
    pub waited: u64,
}

impl Run {
    pub const fn cycles(&self) -> u64 {
        self.slots * SLOT_CYCLES
    }
}

/// One core with its registers and its microcode.
#[derive(Clone)]
pub struct Core {
    program: Vec<Instruction>,
    registers: Box<[Wide; REGISTERS]>,
    modulus: Modulus,
    biases: [Wide; BIASES],
    indices: [u8; INDICES],
    counters: [u16; COUNTERS],
    stack: Vec<u16>,
    negative: bool,
    zero: bool,
    odd: bool,
    at: u16,
    /// The slot that the next instruction may take.
    slot: u64,
    /// The products that are not there yet: their registers, and the slots from which these may be named.
    pending: VecDeque<(u8, u64)>,
    /// The slot in which the last product was begun.
    begun: Option<u64>,
    run: Run,
    defect: Option<Defect>,
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Core(at {}, slot {})", self.at, self.slot)
    }
}

impl Default for Core {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether the program goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    GoesOn,
    Halted,
}

impl Core {
    /// A core after reset, its registers zero and its microcode all `Nop`.
    pub fn new() -> Self {
        Self {
            program: vec![Instruction::Nop; PROGRAM_WORDS],
            registers: Box::new([Wide::ZERO; REGISTERS]),
            modulus: Modulus::new(Wide::ZERO),
            biases: [Wide::ZERO; BIASES],
            indices: [0; INDICES],
            counters: [0; COUNTERS],
            stack: Vec::with_capacity(CALL_DEPTH),
            negative: false,
            zero: false,
            odd: false,
            at: 0,
            slot: 0,
            pending: VecDeque::new(),
            begun: None,
            run: Run::default(),
            defect: None,
        }
    }

    /// Puts words into the microcode memory from an address on; addresses wrap.
    pub fn load(&mut self, address: u16, words: &[Word]) {
        for (offset, word) in words.iter().enumerate() {
            let place = (usize::from(address) + offset) % PROGRAM_WORDS;
            self.program[place] = Instruction::decode(*word);
        }
    }

    pub fn register(&self, number: u8) -> &Wide {
        &self.registers[usize::from(number)]
    }

    pub fn set_register(&mut self, number: u8, value: Wide) {
        self.registers[usize::from(number)] = value;
    }

    pub fn set_register_bytes(&mut self, number: u8, bytes: &[u8; REGISTER_BYTES]) {
        self.set_register(number, Wide::from_bytes(bytes));
    }

    /// From now on this core is broken.
    pub fn inject(&mut self, defect: Defect) {
        self.defect = Some(defect);
    }

    /// Everything but registers, microcode, modulus, biases and defect as after power-up.
    pub fn reset(&mut self) {
        let fresh = Self::new();
        *self = Self {
            program: std::mem::take(&mut self.program),
            registers: self.registers.clone(),
            modulus: self.modulus.clone(),
            biases: self.biases,
            defect: self.defect,
            ..fresh
        };
    }

    /// Where the next instruction stands.
    pub fn at(&self) -> u16 {
        self.at
    }

    /// Runs the program at `entry` to its `Halt`. Registers, modulus and biases are what they were, all else is as after reset.
    pub fn run(&mut self, entry: u16, slots_max: u64) -> Result<Run, Stopped> {
        self.start(entry);
        while self.step()? == Step::GoesOn {
            if self.run.slots > slots_max {
                return Err(Stopped::TooLong(slots_max));
            }
        }
        Ok(self.run)
    }

    /// How far the run has come.
    pub fn progress(&self) -> Run {
        self.run
    }

    /// Makes the instruction at `entry` the first of a new run.
    pub fn start(&mut self, entry: u16) {
        self.at = entry;
        self.slot = 0;
        self.pending.clear();
        self.begun = None;
        self.stack.clear();
        self.indices = [0; INDICES];
        self.counters = [0; COUNTERS];
        (self.negative, self.zero, self.odd) = (false, false, false);
        self.run = Run::default();
    }

    /// One instruction.
    pub fn step(&mut self) -> Result<Step, Stopped> {
        let at = self.at;
        let instruction = self.program[usize::from(at) % PROGRAM_WORDS];
        self.wait_for(instruction);
        self.at = (at + 1) % PROGRAM_WORDS as u16;
        let mut step = Step::GoesOn;
        match instruction {
            Instruction::Nop => {}
            Instruction::Mul { d, a, b } => self.multiply(d, a, b),
            Instruction::Add {
                d,
                a,
                b,
                bias,
                flags,
            } => {
                let sum = self.read(a).plus(&self.read(b));
                self.finish(d, sum, bias, flags);
            }
            Instruction::Sub {
                d,
                a,
                b,
                bias,
                flags,
            } => {
                let difference = self.read(a).minus(&self.read(b));
                self.finish(d, difference, bias, flags);
            }
            Instruction::Select { d, a, b, condition } => {
                let chosen = if self.holds(condition) { a } else { b };
                let value = self.read(chosen);
                self.write(d, value);
            }
            Instruction::LoadModulus { a } => self.modulus = Modulus::new(self.read(a)),
            Instruction::LoadBias { bias, a } => self.biases[bias as usize] = self.read(a),
            Instruction::Halt => step = Step::Halted,
            control => self.control(control, at)?,
        }
        self.slot += 1;
        self.run.slots = self.slot;
        Ok(step)
    }

    fn control(&mut self, instruction: Instruction, at: u16) -> Result<(), Stopped> {
        match instruction {
            Instruction::Jump {
                condition,
                sense,
                target,
            } => {
                if self.holds(condition) == (sense == Sense::If) {
                    self.at = target;
                }
            }
            Instruction::Call { target } => {
                if self.stack.len() == CALL_DEPTH {
                    return Err(Stopped::StackFull(at));
                }
                self.stack.push(self.at);
                self.at = target;
            }
            Instruction::Return => {
                self.at = self.stack.pop().ok_or(Stopped::StackEmpty(at))?;
            }
            Instruction::LoadCounter { counter, value } => {
                self.counters[usize::from(counter)] = value;
            }
            Instruction::CountDown { counter, target } => {
                let count = &mut self.counters[usize::from(counter)];
                *count = count.wrapping_sub(1);
                if *count != 0 {
                    self.at = target;
                }
            }
            Instruction::SetIndex { index, value } => self.set_index(index, value),
            Instruction::AddIndex { index, value } => {
                self.set_index(index, self.indices[index as usize].wrapping_add(value));
            }
            _ => unreachable!("arithmetic is done by step"),
        }
        Ok(())
    }

    fn set_index(&mut self, index: Index, value: u8) {
        if index != Index::Zero {
            self.indices[index as usize] = value;
        }
    }

    /// Lets the slots pass in which the instruction may not be issued: `isa`'s rule.
    fn wait_for(&mut self, instruction: Instruction) {
        let before = self.slot;
        let [a, b] = instruction.reads();
        let named = [a, b, instruction.writes()].map(|operand| operand.map(|o| self.place(o)));
        for &(register, ready) in &self.pending {
            if named.contains(&Some(register)) {
                self.slot = self.slot.max(ready);
            }
        }
        match instruction {
            Instruction::Mul { .. } => {
                if let Some(begun) = self.begun {
                    self.slot = self.slot.max(begun + 1);
                }
            }
            Instruction::LoadModulus { .. } | Instruction::LoadBias { .. } | Instruction::Halt => {
                if let Some(&(_, ready)) = self.pending.back() {
                    self.slot = self.slot.max(ready);
                }
            }
            _ => {}
        }
        self.run.waited += self.slot - before;
        while self
            .pending
            .front()
            .is_some_and(|&(_, ready)| ready <= self.slot)
        {
            self.pending.pop_front();
        }
        self.flip_if_due(before);
    }

    fn flip_if_due(&mut self, before: u64) {
        if let Some(Defect::Flip {
            slot,
            register,
            bit,
        }) = self.defect
            && (before..=self.slot).contains(&slot)
        {
            self.registers[usize::from(register)].flip(bit.into());
        }
    }

    fn multiply(&mut self, d: Operand, a: Operand, b: Operand) {
        let begun = self
            .begun
            .map_or(self.slot, |last| self.slot.max(last + PRODUCT_INTERVAL));
        self.begun = Some(begun);
        self.pending
            .push_back((self.place(d), begun + PRODUCT_LATENCY));
        self.run.products += 1;
        match self.defect {
            Some(Defect::StaleProduct { product }) if product == self.run.products => {}
            Some(Defect::StuckProduct { slot, register }) if slot <= self.slot => {
                self.write(d, self.registers[usize::from(register)]);
            }
            _ => {
                let product = self.modulus.multiply(&self.read(a), &self.read(b));
                self.write(d, product);
            }
        }
    }

    fn finish(&mut self, d: Operand, value: Wide, bias: Bias, flags: Flags) {
        let value = value.plus(&self.biases[bias as usize]);
        if flags == Flags::Set {
            self.negative = value.top_bit();
            self.zero = value == Wide::ZERO;
            self.odd = value.is_odd();
        }
        self.write(d, value);
    }

    fn holds(&self, condition: Condition) -> bool {
        match condition {
            Condition::Always => true,
            Condition::Negative => self.negative,
            Condition::Zero => self.zero,
            Condition::Odd => self.odd,
        }
    }

    fn place(&self, operand: Operand) -> u8 {
        operand
            .number
            .wrapping_add(self.indices[operand.index as usize])
    }

    fn read(&self, operand: Operand) -> Wide {
        self.registers[usize::from(self.place(operand))]
    }

    fn write(&mut self, operand: Operand, value: Wide) {
        if !matches!(self.defect, Some(Defect::Dead { slot }) if slot <= self.slot) {
            self.registers[usize::from(self.place(operand))] = value;
        }
    }
}

/// The modulus in the form that products want.
#[derive(Clone)]
enum Modulus {
    /// As the hardware expects it: one factor m clears all lower bits, so its digits may have any length.
    Proper {
        limbs: [u64; FACTOR_LIMBS],
        /// -1/q modulo 2^44.
        inverse: u64,
    },
    /// Not 1 - 2^16 modulo 2^18, which no sane program loads: digit by digit as the hardware does it.
    Improper(Wide),
}

impl Modulus {
    fn new(q: Wide) -> Self {
        let limbs = q.factor_limbs();
        if limbs[0] % (1 << DIGIT_BITS) != u64::from(MODULUS_DIGIT) {
            return Self::Improper(q);
        }
        // Newton: each step doubles the bits that are right, from three on.
        let mut inverse = limbs[0];
        for _ in 0..4 {
            inverse = inverse.wrapping_mul(2u64.wrapping_sub(limbs[0].wrapping_mul(inverse)));
        }
        Self::Proper {
            limbs,
            inverse: inverse.wrapping_neg() & LIMB_MASK,
        }
    }

    fn multiply(&self, a: &Wide, b: &Wide) -> Wide {
        match self {
            Self::Proper { limbs, inverse } => product(a, b, limbs, *inverse),
            Self::Improper(q) => by_digits(a, b, q),
        }
    }
}

const LIMB_MASK: u64 = (1 << LIMB_BITS) - 1;

/// Columns of at most 18 products of 88 bits and a carry.
fn product(a: &Wide, b: &Wide, q: &[u64; FACTOR_LIMBS], inverse: u64) -> Wide {
    let (a, b) = (a.factor_limbs(), b.factor_limbs());
    let mut columns = [0u128; 2 * FACTOR_LIMBS];
    for i in 0..FACTOR_LIMBS {
        for j in 0..FACTOR_LIMBS {
            columns[i + j] += u128::from(a[i]) * u128::from(b[j]);
        }
    }
    for i in 0..FACTOR_LIMBS {
        let m = (columns[i] as u64).wrapping_mul(inverse) & LIMB_MASK;
        for j in 0..FACTOR_LIMBS {
            columns[i + j] += u128::from(m) * u128::from(q[j]);
        }
        columns[i + 1] += columns[i] >> LIMB_BITS;
    }
    Wide::from_columns(&columns[FACTOR_LIMBS..])
}

/// As the hardware does it, 18 bits at a time, whatever q is.
fn by_digits(a: &Wide, b: &Wide, q: &Wide) -> Wide {
    const MASK: u64 = (1 << DIGIT_BITS) - 1;
    let [a, b, q] = [a, b, q].map(|x| -> [u64; DIGITS] {
        std::array::from_fn(|i| x.bits(i as u32 * DIGIT_BITS, DIGIT_BITS))
    });
    let mut sum = [0u64; DIGITS + 1];
    for &a in &a {
        for j in 0..DIGITS {
            sum[j] += a * b[j];
        }
        let x = sum[0] & MASK;
        let m = (x + (x << 16)).wrapping_neg() & MASK;
        for j in 0..DIGITS {
            sum[j] += m * q[j];
        }
        let carry = sum[0] >> DIGIT_BITS;
        sum.rotate_left(1);
        sum[DIGITS] = 0;
        sum[0] += carry;
        // Carried on so that no digit outgrows its 64 bits: after this, all but the last are below 2^18.
        for j in 0..DIGITS {
            sum[j + 1] += sum[j] >> DIGIT_BITS;
            sum[j] &= MASK;
        }
    }
    let mut wide = Wide::ZERO;
    for (j, &digit) in sum.iter().enumerate() {
        wide = wide.plus(&Wide::from(digit).shifted_left(j as u32 * DIGIT_BITS));
    }
    wide
}

#[cfg(test)]
mod tests;
