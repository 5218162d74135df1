//! Routines and programs made of blocks, loops and calls; and the image that a card is loaded with.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::rc::Rc;

use num_bigint::BigUint;

use super::field::Field;
use super::graph::Graph;
use super::schedule::{Pool, Timing, schedule};
use crate::isa::{
    Bias, Condition, Flags, Index, Instruction, Operand, PRODUCT_INTERVAL, PROGRAM_WORDS,
    REGISTER_BYTES, SLOT_CYCLES, Sense, Word,
};
use crate::model::{Core, Run, Step, Stopped};
use crate::wide::Wide;

/// Numbers that stand in registers for ever: the lowest registers, in the order in which they were asked for.
#[derive(Debug)]
pub(crate) struct Constants {
    values: Vec<BigUint>,
    limit: u8,
}

impl Constants {
    pub(crate) fn register(&mut self, value: &BigUint) -> u8 {
        let known = self.values.iter().position(|known| known == value);
        let place = known.unwrap_or_else(|| {
            self.values.push(value.clone());
            self.values.len() - 1
        });
        assert!(
            place < usize::from(self.limit),
            "more than {} constants",
            self.limit
        );
        place as u8
    }
}

/// The program that a card runs once after it was loaded.
pub const SETUP: &str = "setup";

/// Code on its way: targets are names.
#[derive(Clone, Debug)]
enum Item {
    Plain(Instruction),
    Call(String),
    CountDown {
        counter: u8,
        back: usize,
    },
    /// To the body's last instruction, which ends it.
    Leave(Condition),
}

/// A piece of code with a name, for listings and profiles.
#[derive(Clone, Debug)]
struct Segment {
    name: String,
    words: Range<usize>,
    products: usize,
    registers: usize,
}

/// The body of a routine or program while it is written.
#[derive(Debug)]
pub struct Body {
    name: String,
    field: Rc<Field>,
    constants: Rc<RefCell<Constants>>,
    pool: Pool,
    items: Vec<Item>,
    segments: Vec<Segment>,
    depth: u8,
}

impl Body {
    /// Straight-line arithmetic, scheduled as a whole.
    pub fn block(&mut self, name: &str, write: impl FnOnce(&Graph)) {
        self.timed(name, &Timing::default(), write);
    }

    /// The same with what the scheduler should know.
    pub fn timed(&mut self, name: &str, timing: &Timing, write: impl FnOnce(&Graph)) {
        let graph = Graph::new(Rc::clone(&self.field), Rc::clone(&self.constants));
        write(&graph);
        let scheduled = schedule(&graph, timing, &self.pool);
        let start = self.items.len();
        let code = scheduled.instructions.into_iter().map(Item::Plain);
        self.items.extend(code);
        self.segments.push(Segment {
            name: format!("{}/{name}", self.name),
            words: start..self.items.len(),
            products: scheduled.products,
            registers: scheduled.registers,
        });
    }

    pub fn field(&self) -> Rc<Field> {
        Rc::clone(&self.field)
    }

    pub fn call(&mut self, routine: &str) {
        self.items.push(Item::Call(routine.to_owned()));
    }

    pub fn set_index(&mut self, index: Index, value: u8) {
        self.plain(Instruction::SetIndex { index, value });
    }

    pub fn plain(&mut self, instruction: Instruction) {
        self.items.push(Item::Plain(instruction));
    }

    /// Ends the body early where a number in a register is this one.
    pub fn leave_if_equal(&mut self, register: u8, number: u32) {
        let constant = self.constants.borrow_mut().register(&number.into());
        let at = |number| Operand::new(number, Index::Zero);
        self.plain(Instruction::Sub {
            d: at(self.pool.scratch),
            a: at(register),
            b: at(constant),
            bias: Bias::Zero,
            flags: Flags::Set,
        });
        self.items.push(Item::Leave(Condition::Zero));
    }

    /// Puts a small number into a register.
    pub fn set_number(&mut self, register: u8, number: u32) {
        let constant = self.constants.borrow_mut().register(&number.into());
        let at = |number| Operand::new(number, Index::Zero);
        self.plain(Instruction::Select {
            d: at(register),
            a: at(constant),
            b: at(constant),
            condition: Condition::Always,
        });
    }

    /// The inner code so many times. Routines called from it must not count themselves in the same counter.
    pub fn repeat(&mut self, times: u16, write: impl FnOnce(&mut Self)) {
        assert!(times > 0, "a loop runs at least once");
        let counter = self.depth;
        self.depth += 1;
        self.plain(Instruction::LoadCounter {
            counter,
            value: times,
        });
        let back = self.items.len();
        write(self);
        self.items.push(Item::CountDown { counter, back });
        self.depth -= 1;
    }
}

/// Collects routines and programs, and puts them together.
#[derive(Debug)]
pub struct Assembler {
    field: Rc<Field>,
    constants: Rc<RefCell<Constants>>,
    pool: Pool,
    bodies: Vec<Body>,
}

impl Assembler {
    /// Registers below `constants` hold constants, those of `pool` the values of blocks; what is between is the programs'.
    pub fn new(field: Field, constants: u8, pool: Range<u8>) -> Self {
        let scratch = u8::MAX;
        assert!(constants <= pool.start && pool.end <= scratch);
        Self {
            field: Rc::new(field),
            constants: Rc::new(RefCell::new(Constants {
                values: Vec::new(),
                limit: constants,
            })),
            pool: Pool {
                scratch,
                registers: pool.collect(),
            },
            bodies: Vec::new(),
        }
    }

    pub fn field(&self) -> Rc<Field> {
        Rc::clone(&self.field)
    }

    /// Ends with `Return`. `depth` counters are left to its callers' loops.
    pub fn routine(&mut self, name: &str, depth: u8, write: impl FnOnce(&mut Body)) {
        self.body(name, depth, Instruction::Return, write);
    }

    /// Ends with `Halt`.
    pub fn program(&mut self, name: &str, write: impl FnOnce(&mut Body)) {
        self.body(name, 0, Instruction::Halt, write);
    }

    fn body(&mut self, name: &str, depth: u8, end: Instruction, write: impl FnOnce(&mut Body)) {
        let mut body = Body {
            name: name.to_owned(),
            field: Rc::clone(&self.field),
            constants: Rc::clone(&self.constants),
            pool: self.pool.clone(),
            items: Vec::new(),
            segments: Vec::new(),
            depth,
        };
        write(&mut body);
        body.plain(end);
        self.bodies.push(body);
    }

    /// The program `setup`, which loads modulus and biases: once after power-up.
    fn setup(&mut self) {
        let field = self.field();
        let constants = Rc::clone(&self.constants);
        let register = move |k: u32| {
            let number = constants.borrow_mut().register(&(&field.q * k));
            Operand::new(number, Index::Zero)
        };
        let biases = self.field.biases;
        self.program(SETUP, |body| {
            body.plain(Instruction::LoadModulus { a: register(1) });
            for bias in [Bias::B1, Bias::B2, Bias::B3] {
                let a = register(biases[bias as usize]);
                body.plain(Instruction::LoadBias { bias, a });
            }
        });
    }

    /// Addresses for names.
    pub fn link(mut self) -> Image {
        self.setup();
        let mut entries = BTreeMap::new();
        let mut address = 0;
        for body in &self.bodies {
            let known = entries.insert(body.name.clone(), address as u16);
            assert!(known.is_none(), "{} is there twice", body.name);
            address += body.items.len();
        }
        let mut image = Image {
            words: Vec::with_capacity(address),
            constants: Vec::new(),
            segments: Vec::new(),
            programs: Vec::new(),
            entries,
        };
        for body in &self.bodies {
            image.append(body);
        }
        assert!(
            address <= PROGRAM_WORDS,
            "{address} words are more than the memory's {PROGRAM_WORDS}:\n{}",
            image.listing()
        );
        let values = &self.constants.borrow().values;
        image.constants = (0..)
            .zip(values)
            .map(|(register, value)| (register, Wide::from_big_endian(&value.to_bytes_be())))
            .collect();
        image
    }
}

/// Microcode and constants: what a card is loaded with.
#[derive(Clone, Debug)]
pub struct Image {
    pub words: Vec<Word>,
    pub constants: Vec<(u8, Wide)>,
    entries: BTreeMap<String, u16>,
    segments: Vec<Segment>,
    programs: Vec<String>,
}

impl Image {
    /// What can be run, `setup` aside.
    pub fn programs(&self) -> impl Iterator<Item = &str> {
        self.programs
            .iter()
            .map(String::as_str)
            .filter(|name| *name != SETUP)
    }

    fn append(&mut self, body: &Body) {
        let start = self.words.len();
        if matches!(body.items.last(), Some(Item::Plain(Instruction::Halt))) {
            self.programs.push(body.name.clone());
        }
        for item in &body.items {
            let instruction = match item {
                Item::Plain(instruction) => *instruction,
                Item::Call(name) => Instruction::Call {
                    target: self.entry(name),
                },
                Item::CountDown { counter, back } => Instruction::CountDown {
                    counter: *counter,
                    target: (start + back) as u16,
                },
                Item::Leave(condition) => Instruction::Jump {
                    condition: *condition,
                    sense: Sense::If,
                    target: (start + body.items.len() - 1) as u16,
                },
            };
            self.words.push(instruction.encode());
        }
        self.segments.push(Segment {
            name: body.name.clone(),
            words: start..self.words.len(),
            products: 0,
            registers: 0,
        });
        let inner = body.segments.iter().cloned().map(|segment| Segment {
            words: segment.words.start + start..segment.words.end + start,
            ..segment
        });
        self.segments.extend(inner);
    }

    /// Where a routine or program begins.
    pub fn entry(&self, name: &str) -> u16 {
        *self
            .entries
            .get(name)
            .unwrap_or_else(|| panic!("the microcode has no {name}"))
    }

    /// A core with this image, modulus and biases loaded.
    pub fn core(&self) -> Core {
        let mut core = Core::new();
        core.load(0, &self.words);
        for (register, value) in &self.constants {
            core.set_register(*register, *value);
        }
        core.run(self.entry(SETUP), 1000)
            .expect("setup is five instructions");
        core
    }

    /// All words and constants as the card gets them, for digests.
    pub fn to_bytes(&self) -> Vec<u8> {
        let words = self.words.iter().flat_map(|word| word.to_bytes());
        let constants = self.constants.iter().flat_map(|(register, value)| {
            let bytes: [u8; REGISTER_BYTES] = value.to_bytes();
            std::iter::once(*register).chain(bytes)
        });
        words.chain(constants).collect()
    }

    /// Runs a program and counts where its slots went.
    pub fn profile(&self, core: &mut Core, program: &str) -> Result<Profile, Stopped> {
        let mut owner = vec![0; self.words.len()];
        // Blocks come after the bodies they stand in, so they own their words.
        for (at, segment) in self.segments.iter().enumerate() {
            owner[segment.words.clone()].fill(at);
        }
        let mut rows: Vec<ProfileRow> = self
            .segments
            .iter()
            .map(|segment| ProfileRow {
                name: segment.name.clone(),
                runs: 0,
                slots: 0,
                products: segment.products,
            })
            .collect();
        core.start(self.entry(program));
        let mut before = 0;
        loop {
            let at = usize::from(core.at());
            let row = owner[at];
            rows[row].runs += u64::from(self.segments[row].words.start == at);
            let step = core.step()?;
            rows[row].slots += core.progress().slots - before;
            before = core.progress().slots;
            if step == Step::Halted {
                break;
            }
        }
        rows.retain(|row| row.slots > 0);
        Ok(Profile {
            program: program.to_owned(),
            run: core.progress(),
            rows,
        })
    }

    /// One line for each routine, program and block: address, words, products, registers of the pool.
    pub fn listing(&self) -> String {
        let mut text = String::from("address  words  products  registers  name\n");
        for segment in &self.segments {
            let (start, words) = (segment.words.start, segment.words.len());
            let _ = writeln!(
                text,
                "{start:7}  {words:5}  {:8}  {:9}  {}",
                segment.products, segment.registers, segment.name
            );
        }
        text
    }
}

/// Where a program's slots went.
#[derive(Clone, Debug)]
pub struct Profile {
    pub program: String,
    pub run: Run,
    pub rows: Vec<ProfileRow>,
}

impl std::fmt::Display for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Run {
            slots,
            products,
            waited,
        } = self.run;
        writeln!(
            f,
            "{}: {} cycles, {products} products, {:.1} % of all slots waited, multiplier busy {:.1} %",
            self.program,
            self.run.cycles(),
            100.0 * waited as f64 / slots as f64,
            100.0 * (products * PRODUCT_INTERVAL) as f64 / slots as f64
        )?;
        writeln!(f, "   cycles   runs  a run  products  name")?;
        for row in &self.rows {
            writeln!(
                f,
                "{:9} {:6} {:6}  {:8}  {}",
                row.slots * SLOT_CYCLES,
                row.runs,
                row.slots * SLOT_CYCLES / row.runs.max(1),
                row.products,
                row.name
            )?;
        }
        Ok(())
    }
}

#[derive(Clone, Debug)]
pub struct ProfileRow {
    pub name: String,
    pub runs: u64,
    /// All runs together, waiting included.
    pub slots: u64,
    /// Of one run.
    pub products: usize,
}
