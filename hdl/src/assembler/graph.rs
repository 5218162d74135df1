//! The values of one block and how they come from each other, with a bound on each.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use num_bigint::BigUint;

use super::field::{Field, UNIT};
use super::program::Constants;
use super::value::{Fp, Fp2, Fp6, Fp12, Sign};
use crate::isa::{Bias, Condition, Index, Operand};

/// How a value comes to be. Numbers are places of other values in the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Input(Operand),
    Mul(u32, u32),
    Add(u32, u32),
    Sub(u32, u32, Bias),
    /// a, less c unless that is below zero.
    Reduce {
        a: u32,
        c: u32,
    },
    /// x where the condition holds for a - b, else y.
    Choose {
        a: u32,
        b: u32,
        condition: Condition,
        x: u32,
        y: u32,
    },
    /// A copy, for outputs that must stand at two places.
    Move(u32),
}

impl Kind {
    pub(crate) fn operands(self) -> impl Iterator<Item = u32> {
        let list = match self {
            Self::Input(_) => [None; 4],
            Self::Mul(a, b) | Self::Add(a, b) | Self::Sub(a, b, _) => {
                [Some(a), Some(b), None, None]
            }
            Self::Reduce { a, c } => [Some(a), Some(c), None, None],
            Self::Choose { a, b, x, y, .. } => [Some(a), Some(b), Some(x), Some(y)],
            Self::Move(a) => [Some(a), None, None, None],
        };
        list.into_iter().flatten()
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    /// In parts of q: the value is below or at this.
    pub(crate) bound: u128,
}

/// One block: straight-line arithmetic that is scheduled as a whole.
#[derive(Debug)]
pub struct Graph {
    pub(crate) field: Rc<Field>,
    pub(crate) nodes: RefCell<Vec<Node>>,
    known: RefCell<HashMap<Kind, u32>>,
    pub(crate) outputs: RefCell<Vec<(Operand, u32)>>,
    constants: Rc<RefCell<Constants>>,
}

impl Graph {
    pub(crate) fn new(field: Rc<Field>, constants: Rc<RefCell<Constants>>) -> Self {
        Self {
            field,
            nodes: RefCell::default(),
            known: RefCell::default(),
            outputs: RefCell::default(),
            constants,
        }
    }

    pub(crate) fn bound(&self, node: u32) -> u128 {
        self.nodes.borrow()[node as usize].bound
    }

    /// The value of this kind, the same one each time.
    pub(crate) fn node(&self, kind: Kind, bound: u128) -> u32 {
        if let Some(&node) = self.known.borrow().get(&kind) {
            return node;
        }
        assert!(
            self.field.fits_register(bound),
            "{kind:?} may outgrow its register: {} q",
            bound / UNIT
        );
        let mut nodes = self.nodes.borrow_mut();
        let node = nodes.len() as u32;
        nodes.push(Node { kind, bound });
        self.known.borrow_mut().insert(kind, node);
        node
    }

    fn value(&self, node: u32) -> Fp<'_> {
        Fp {
            graph: self,
            node,
            sign: Sign::Plus,
        }
    }

    /// What stands in a register at the block's start, at most `bound` times q.
    pub fn input(&self, operand: Operand, bound: u32) -> Fp<'_> {
        self.value(self.node(Kind::Input(operand), u128::from(bound) * UNIT))
    }

    pub fn input2(&self, at: Operand, bound: u32) -> Fp2<'_> {
        Fp2 {
            c0: self.input(at, bound),
            c1: self.input(at.after(1), bound),
        }
    }

    pub fn input6(&self, at: Operand, bound: u32) -> Fp6<'_> {
        Fp6([0, 2, 4].map(|offset| self.input2(at.after(offset), bound)))
    }

    pub fn input12(&self, at: Operand, bound: u32) -> Fp12<'_> {
        Fp12 {
            c0: self.input6(at, bound),
            c1: self.input6(at.after(6), bound),
        }
    }

    /// An element of the field, in the form of factors.
    pub fn constant(&self, x: &BigUint) -> Fp<'_> {
        self.plain(&self.field.to_form(&(x % &self.field.p)))
    }

    pub fn constant2(&self, [c0, c1]: &[BigUint; 2]) -> Fp2<'_> {
        Fp2 {
            c0: self.constant(c0),
            c1: self.constant(c1),
        }
    }

    /// A number as it is, at most q.
    pub fn plain(&self, x: &BigUint) -> Fp<'_> {
        assert!(*x <= self.field.q, "constants are at most q");
        let register = self.constants.borrow_mut().register(x);
        self.input(
            Operand::new(register, Index::Zero),
            u32::from(*x != BigUint::ZERO),
        )
    }

    /// k·q.
    pub(crate) fn multiple(&self, k: u32) -> Fp<'_> {
        let register = self.constants.borrow_mut().register(&(&self.field.q * k));
        self.input(Operand::new(register, Index::Zero), k)
    }

    /// A bound known better than by addition: after multiples of q were taken off.
    pub(crate) fn tighten(&self, node: u32, bound: u128) -> u32 {
        let known = &mut self.nodes.borrow_mut()[node as usize].bound;
        *known = (*known).min(bound);
        node
    }

    pub fn zero(&self) -> Fp<'_> {
        self.plain(&BigUint::ZERO)
    }

    /// One in the form of factors.
    pub fn one(&self) -> Fp<'_> {
        self.constant(&BigUint::from(1u32))
    }

    /// Where a value shall stand at the block's end. It must be at most `bound` times q.
    pub fn output(&self, operand: Operand, value: Fp<'_>, bound: u32) {
        let node = value.positive().node;
        let reached = self.bound(node);
        assert!(
            reached <= u128::from(bound) * UNIT,
            "an output reaches {:.1} q, its readers expect {bound}",
            reached as f64 / UNIT as f64
        );
        self.outputs.borrow_mut().push((operand, node));
    }

    pub fn output2(&self, at: Operand, value: Fp2<'_>, bound: u32) {
        self.output(at, value.c0, bound);
        self.output(at.after(1), value.c1, bound);
    }

    pub fn output6(&self, at: Operand, value: Fp6<'_>, bound: u32) {
        for (value, offset) in value.0.into_iter().zip([0, 2, 4]) {
            self.output2(at.after(offset), value, bound);
        }
    }

    pub fn output12(&self, at: Operand, value: Fp12<'_>, bound: u32) {
        self.output6(at, value.c0, bound);
        self.output6(at.after(6), value.c1, bound);
    }

    /// The smallest bias that keeps a difference above zero when this is subtracted.
    pub(crate) fn bias_for(&self, bound: u128) -> (Bias, u128) {
        Bias::ALL
            .into_iter()
            .zip(self.field.biases)
            .skip(1)
            .map(|(bias, q)| (bias, u128::from(q) * UNIT))
            .find(|&(_, q)| q >= bound)
            .unwrap_or_else(|| panic!("no bias covers {} q", bound / UNIT))
    }
}
