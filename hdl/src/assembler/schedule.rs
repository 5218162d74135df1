//! The order of a block's instructions, and the registers of its values.
//!
//! A list scheduler that plays the hardware's rule while it goes: products are issued shortly before the multiplier falls idle,
//! the one with the longest way to the block's end first, and sums fill the slots between. Registers of the pool are given when
//! an instruction is issued and come back with the last reader. What comes out is checked by `verify`, which knows nothing of
//! how it was made.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::graph::{Graph, Kind};
use crate::isa::{
    Bias, Condition, Flags, Index, Instruction, Operand, PRODUCT_INTERVAL, PRODUCT_LATENCY,
};

/// What the block may count on, and how ties are broken.
#[derive(Clone, Debug, Default)]
pub struct Timing {
    /// Inputs that come late: the slot of the block in which each may be named without waiting.
    pub late: Vec<(Operand, u64)>,
    /// Chosen by trying: different seeds break ties differently.
    pub seed: u64,
}

/// The registers that a block may use for its own values. The first is for results nobody reads.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    pub(crate) scratch: u8,
    pub(crate) registers: Vec<u8>,
}

#[derive(Clone, Debug)]
pub(crate) struct Scheduled {
    pub(crate) instructions: Vec<Instruction>,
    pub(crate) products: usize,
    /// Registers of the pool that were in use at once.
    pub(crate) registers: usize,
}

/// A node with all that the scheduler wants to know of it.
struct Task {
    kind: Kind,
    /// Where it stands at the end, for outputs.
    home: Option<Operand>,
    /// Must have been issued before: operands, and readers of what this overwrites.
    after: Vec<usize>,
    before: Vec<usize>,
    /// Slots from its issue to the block's end, at least.
    height: u64,
    readers: usize,
}

/// Slots before the multiplier falls idle in which the next product is issued.
const LEAD: u64 = 2;

pub(crate) fn schedule(graph: &Graph, timing: &Timing, pool: &Pool) -> Scheduled {
    let (tasks, ends) = tasks(graph, timing);
    let order = Order::new(&tasks, timing, pool).run();
    verify(&tasks, &ends, &order.issued);
    Scheduled {
        products: tasks
            .iter()
            .filter(|task| matches!(task.kind, Kind::Mul(..)))
            .count(),
        instructions: order
            .issued
            .iter()
            .flat_map(|issue| issue.instructions.iter().copied())
            .collect(),
        registers: order.in_use_max,
    }
}

/// Whether a write to one may change what a read of the other gives. Windows of different index registers may overlap; fixed
/// registers and windows do not, which is the programs' duty.
fn may_alias(a: Operand, b: Operand) -> bool {
    if a.index == b.index {
        a.number == b.number
    } else {
        a.index != Index::Zero && b.index != Index::Zero
    }
}

/// The block's tasks, and which of them stands in each output at the end.
fn tasks(graph: &Graph, timing: &Timing) -> (Vec<Task>, Vec<(Operand, usize)>) {
    let nodes = graph.nodes.borrow();
    let outputs = graph.outputs.borrow();
    let mut live = vec![false; nodes.len()];
    let mut open: Vec<u32> = outputs.iter().map(|&(_, node)| node).collect();
    while let Some(node) = open.pop() {
        if !std::mem::replace(&mut live[node as usize], true) {
            open.extend(nodes[node as usize].kind.operands());
        }
    }
    let mut place = HashMap::new();
    let mut tasks: Vec<Task> = Vec::new();
    let push = |kind: Kind, tasks: &mut Vec<Task>| {
        tasks.push(Task {
            kind,
            home: None,
            after: Vec::new(),
            before: Vec::new(),
            height: 0,
            readers: 0,
        });
        tasks.len() - 1
    };
    for (node, value) in nodes.iter().enumerate().filter(|&(node, _)| live[node]) {
        let renamed = rename(value.kind, |operand| place[&operand] as u32);
        place.insert(node as u32, push(renamed, &mut tasks));
    }
    for at in 0..tasks.len() {
        tasks[at].after = tasks[at].kind.operands().map(|a| a as usize).collect();
    }
    let mut ends = Vec::new();
    for &(home, node) in outputs.iter() {
        let at = place[&node];
        ends.push((home, at));
        if let Kind::Input(operand) = tasks[at].kind
            && operand == home
        {
            continue;
        }
        let writer = if can_write(&tasks, at, home) {
            at
        } else {
            let copy = push(Kind::Move(at as u32), &mut tasks);
            tasks[copy].after = vec![at];
            copy
        };
        let readers = readers_of(&tasks, home, writer);
        tasks[writer].after.extend(readers);
        tasks[writer].home = Some(home);
    }
    finish(&mut tasks, timing);
    (tasks, ends)
}

fn rename(kind: Kind, to: impl Fn(u32) -> u32) -> Kind {
    match kind {
        Kind::Input(operand) => Kind::Input(operand),
        Kind::Mul(a, b) => Kind::Mul(to(a), to(b)),
        Kind::Add(a, b) => Kind::Add(to(a), to(b)),
        Kind::Sub(a, b, bias) => Kind::Sub(to(a), to(b), bias),
        Kind::Reduce { a, c } => Kind::Reduce { a: to(a), c: to(c) },
        Kind::Choose {
            a,
            b,
            condition,
            x,
            y,
        } => Kind::Choose {
            a: to(a),
            b: to(b),
            condition,
            x: to(x),
            y: to(y),
        },
        Kind::Move(a) => Kind::Move(to(a)),
    }
}

/// Tasks that read an input which a write to `home` may change.
fn readers_of(tasks: &[Task], home: Operand, writer: usize) -> Vec<usize> {
    (0..tasks.len())
        .filter(|&reader| reader != writer)
        .filter(|&reader| {
            tasks[reader].kind.operands().any(|operand| {
                matches!(tasks[operand as usize].kind, Kind::Input(input) if may_alias(input, home))
            })
        })
        .collect()
}

/// Whether the task may write its output itself: it has no other home, and nothing that must come before comes after it.
fn can_write(tasks: &[Task], at: usize, home: Operand) -> bool {
    if tasks[at].home.is_some() || matches!(tasks[at].kind, Kind::Input(_)) {
        return false;
    }
    let mut before = vec![false; tasks.len()];
    let mut open = readers_of(tasks, home, at);
    while let Some(task) = open.pop() {
        if !std::mem::replace(&mut before[task], true) {
            open.extend(&tasks[task].after);
        }
    }
    !before[at]
}

/// Heights, successors and counts of readers.
fn finish(tasks: &mut [Task], timing: &Timing) {
    let mut random = timing.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for at in 0..tasks.len() {
        tasks[at].after.sort_unstable();
        tasks[at].after.dedup();
        for before in tasks[at].after.clone() {
            tasks[before].before.push(at);
        }
        for operand in tasks[at].kind.operands().collect::<Vec<_>>() {
            tasks[operand as usize].readers += 1;
        }
    }
    // Outputs' constraints may point backwards, so by depth first.
    let mut done = vec![false; tasks.len()];
    for at in 0..tasks.len() {
        height(tasks, at, &mut done);
    }
    if timing.seed > 0 {
        for task in tasks {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            task.height = task.height * 4 + random % (4 * 24);
        }
    }
}

fn height(tasks: &mut [Task], at: usize, done: &mut [bool]) -> u64 {
    if !done[at] {
        let before = tasks[at].before.clone();
        let rest = before
            .into_iter()
            .map(|next| height(tasks, next, done))
            .max()
            .unwrap_or(0);
        tasks[at].height = rest + latency(tasks[at].kind);
        done[at] = true;
    }
    tasks[at].height
}

fn latency(kind: Kind) -> u64 {
    match kind {
        Kind::Input(_) => 0,
        Kind::Mul(..) => PRODUCT_LATENCY,
        Kind::Add(..) | Kind::Sub(..) | Kind::Move(_) => 1,
        Kind::Reduce { .. } | Kind::Choose { .. } => 2,
    }
}

/// One task as it was issued.
struct Issue {
    task: usize,
    instructions: Vec<Instruction>,
}

struct Order<'t> {
    tasks: &'t [Task],
    pool: &'t Pool,
    waiting_for: Vec<usize>,
    readers_left: Vec<usize>,
    /// From which slot each task's result may be named.
    ready: Vec<u64>,
    place: Vec<Option<Operand>>,
    free: VecDeque<u8>,
    open: Vec<usize>,
    slot: u64,
    begun: Option<u64>,
    issued: Vec<Issue>,
    in_use_max: usize,
}

/// Where so few registers are free, tasks that free some go first.
const TIGHT: usize = 6;

impl<'t> Order<'t> {
    fn new(tasks: &'t [Task], timing: &Timing, pool: &'t Pool) -> Self {
        let mut order = Self {
            tasks,
            pool,
            waiting_for: tasks.iter().map(|task| task.after.len()).collect(),
            readers_left: tasks.iter().map(|task| task.readers).collect(),
            ready: vec![0; tasks.len()],
            place: vec![None; tasks.len()],
            free: pool.registers.iter().copied().collect(),
            open: Vec::new(),
            slot: 0,
            begun: None,
            issued: Vec::new(),
            in_use_max: 0,
        };
        let late: BTreeMap<Operand, u64> = timing.late.iter().copied().collect();
        for at in 0..tasks.len() {
            if let Kind::Input(operand) = tasks[at].kind {
                order.place[at] = Some(operand);
                order.ready[at] = late.get(&operand).copied().unwrap_or(0);
                order.release(at);
            } else if tasks[at].after.is_empty() {
                order.open.push(at);
            }
        }
        order
    }

    /// Those that waited for this task only are open now.
    fn release(&mut self, at: usize) {
        for &next in &self.tasks[at].before {
            self.waiting_for[next] -= 1;
            if self.waiting_for[next] == 0 {
                self.open.push(next);
            }
        }
    }

    fn run(mut self) -> Self {
        while !self.open.is_empty() {
            match self.choose() {
                Some(task) => self.issue(task),
                None => self.slot = self.next_event(),
            }
        }
        self
    }

    fn ready_at(&self, task: usize) -> u64 {
        let ready = |operand: u32| self.ready[operand as usize];
        self.tasks[task]
            .kind
            .operands()
            .map(ready)
            .max()
            .unwrap_or(0)
    }

    fn is_product(&self, task: usize) -> bool {
        matches!(self.tasks[task].kind, Kind::Mul(..))
    }

    /// The best task for this slot, if there is any.
    fn choose(&self) -> Option<usize> {
        let ready = |&&task: &&usize| self.ready_at(task) <= self.slot && self.has_room(task);
        let best = |products: bool| {
            self.open
                .iter()
                .filter(ready)
                .filter(|&&task| self.is_product(task) == products)
                .max_by_key(|&&task| {
                    (
                        self.relief(task),
                        self.tasks[task].height,
                        usize::MAX - task,
                    )
                })
                .copied()
        };
        let idle_from = self.begun.map_or(0, |begun| begun + PRODUCT_INTERVAL);
        let may_queue = self.begun.is_none_or(|begun| self.slot > begun);
        let product = if may_queue { best(true) } else { None };
        let other = best(false);
        match (product, other) {
            (Some(product), Some(other)) => {
                let due = self.slot + LEAD >= idle_from;
                Some(if due { product } else { other })
            }
            (product, other) => product.or(other),
        }
    }

    /// Whether there is a register for its result.
    fn has_room(&self, task: usize) -> bool {
        self.tasks[task].home.is_some() || !self.free.is_empty() || self.freed_by(task) > 0
    }

    fn freed_by(&self, task: usize) -> usize {
        let mut operands: Vec<u32> = self.tasks[task].kind.operands().collect();
        operands.sort_unstable();
        let uses = |operand: u32| operands.iter().filter(|&&o| o == operand).count();
        let mut distinct = operands.clone();
        distinct.dedup();
        distinct
            .into_iter()
            .filter(|&operand| {
                let at = operand as usize;
                self.is_in_pool(at) && self.readers_left[at] == uses(operand)
            })
            .count()
    }

    fn is_in_pool(&self, task: usize) -> bool {
        self.tasks[task].home.is_none() && !matches!(self.tasks[task].kind, Kind::Input(_))
    }

    /// Registers it gives back net, where they are scarce.
    fn relief(&self, task: usize) -> i64 {
        if self.free.len() > TIGHT {
            return 0;
        }
        self.freed_by(task) as i64 - i64::from(self.tasks[task].home.is_none())
    }

    fn issue(&mut self, task: usize) {
        self.open.retain(|&open| open != task);
        let kind = self.tasks[task].kind;
        let operand = |order: &Self, at: u32| order.place[at as usize].expect("issued before");
        let named: Vec<Operand> = kind.operands().map(|at| operand(self, at)).collect();
        for at in kind.operands() {
            let at = at as usize;
            self.readers_left[at] -= 1;
            if self.readers_left[at] == 0 && self.is_in_pool(at) {
                let register = self.place[at].expect("issued before").number;
                self.free.push_back(register);
            }
        }
        let d = self.tasks[task].home.unwrap_or_else(|| {
            let number = self.free.pop_front().expect("has_room was asked");
            Operand::new(number, Index::Zero)
        });
        self.in_use_max = self
            .in_use_max
            .max(self.pool.registers.len() - self.free.len());
        self.place[task] = Some(d);
        let scratch = Operand::new(self.pool.scratch, Index::Zero);
        let instructions = instructions(kind, d, &named, scratch);
        self.ready[task] = self.slot + instructions.len() as u64;
        if self.is_product(task) {
            let begun = self
                .begun
                .map_or(self.slot, |last| self.slot.max(last + PRODUCT_INTERVAL));
            self.begun = Some(begun);
            self.ready[task] = begun + PRODUCT_LATENCY;
        }
        self.slot += instructions.len() as u64;
        self.issued.push(Issue { task, instructions });
        self.release(task);
    }

    /// The next slot in which something may have changed.
    fn next_event(&self) -> u64 {
        let idle = self.begun.map(|begun| begun + 1);
        self.open
            .iter()
            .map(|&task| self.ready_at(task))
            .chain(idle)
            .filter(|&slot| slot > self.slot)
            .min()
            .unwrap_or_else(|| {
                panic!(
                    "the pool of {} registers is too small for this block",
                    self.pool.registers.len()
                )
            })
    }
}

fn instructions(kind: Kind, d: Operand, named: &[Operand], scratch: Operand) -> Vec<Instruction> {
    let compare = |a, b| Instruction::Sub {
        d: scratch,
        a,
        b,
        bias: Bias::Zero,
        flags: Flags::Set,
    };
    match (kind, named) {
        (Kind::Mul(..), &[a, b]) => vec![Instruction::Mul { d, a, b }],
        (Kind::Add(..), &[a, b]) => vec![Instruction::Add {
            d,
            a,
            b,
            bias: Bias::Zero,
            flags: Flags::Keep,
        }],
        (Kind::Sub(_, _, bias), &[a, b]) => vec![Instruction::Sub {
            d,
            a,
            b,
            bias,
            flags: Flags::Keep,
        }],
        (Kind::Reduce { .. }, &[a, c]) => vec![
            compare(a, c),
            Instruction::Select {
                d,
                a,
                b: scratch,
                condition: Condition::Negative,
            },
        ],
        (Kind::Choose { condition, .. }, &[a, b, x, y]) => vec![
            compare(a, b),
            Instruction::Select {
                d,
                a: x,
                b: y,
                condition,
            },
        ],
        (Kind::Move(_), &[a]) => vec![Instruction::Select {
            d,
            a,
            b: a,
            condition: Condition::Always,
        }],
        _ => unreachable!("inputs are not issued, and operands are as many as the kind says"),
    }
}

/// Plays the instructions on registers that remember which value they hold: every read must find the value it was meant for,
/// and every output must stand in its place at the end.
fn verify(tasks: &[Task], ends: &[(Operand, usize)], issued: &[Issue]) {
    let mut holds: HashMap<Operand, usize> = HashMap::new();
    for (at, task) in tasks.iter().enumerate() {
        if let Kind::Input(operand) = task.kind {
            holds.insert(operand, at);
        }
    }
    for Issue { task, instructions } in issued {
        let reads = instructions.iter().flat_map(|i| i.reads()).flatten();
        let found: Vec<usize> = reads.filter_map(|o| holds.get(&o)).copied().collect();
        for wanted in tasks[*task].kind.operands() {
            assert!(
                found.contains(&(wanted as usize)),
                "a value was lost before it was read"
            );
        }
        let last = instructions.last().expect("every task has an instruction");
        let written = last.writes().expect("arithmetic writes");
        holds.retain(|&operand, _| !may_alias(operand, written));
        holds.insert(written, *task);
    }
    for (home, value) in ends {
        let held = holds.get(home).map(|&at| match tasks[at].kind {
            Kind::Move(from) => from as usize,
            _ => at,
        });
        assert_eq!(held, Some(*value), "an output was lost");
    }
}
