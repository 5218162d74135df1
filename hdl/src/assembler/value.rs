//! Elements of Fp, Fp2, Fp6 and Fp12 in formulas.

use core::ops::{Add, Mul, Neg, Sub};

use num_bigint::BigUint;

use super::field::{NonResidue, UNIT};
use super::graph::{Graph, Kind};
use crate::isa::{Condition, FACTOR_BITS};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Plus,
    Minus,
}

/// An element of Fp, or its opposite: signs cost nothing until they must stand in a register.
#[derive(Clone, Copy)]
pub struct Fp<'g> {
    pub(crate) graph: &'g Graph,
    pub(crate) node: u32,
    pub(crate) sign: Sign,
}

impl std::fmt::Debug for Fp<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.sign, self.node)
    }
}

impl Fp<'_> {
    pub(crate) fn graph(&self) -> &Graph {
        self.graph
    }

    fn with(self, node: u32, sign: Sign) -> Self {
        Self { node, sign, ..self }
    }

    fn sum_of(self, a: u32, b: u32) -> u32 {
        let bound = self.graph.bound(a) + self.graph.bound(b);
        self.graph.node(Kind::Add(a.min(b), a.max(b)), bound)
    }

    /// What is subtracted is taken down first where no bias covers it.
    fn difference_of(self, a: u32, b: u32) -> u32 {
        let largest = self
            .graph
            .field
            .biases
            .into_iter()
            .max()
            .unwrap_or_default();
        let b = self.with(b, Sign::Plus).below(largest).node;
        let (bias, extra) = self.graph.bias_for(self.graph.bound(b));
        let bound = self.graph.bound(a) + extra;
        self.graph.node(Kind::Sub(a, b, bias), bound)
    }

    /// The same element with its sign carried out.
    pub(crate) fn positive(self) -> Self {
        match self.sign {
            Sign::Plus => self,
            Sign::Minus => {
                let zero = self.graph.zero();
                self.with(self.difference_of(zero.node, self.node), Sign::Plus)
            }
        }
    }

    #[must_use]
    pub fn double(self) -> Self {
        self + self
    }

    #[must_use]
    pub fn triple(self) -> Self {
        self.double() + self
    }

    #[must_use]
    pub fn square(self) -> Self {
        self * self
    }

    #[must_use]
    pub fn times_pow2(self, exponent: u32) -> Self {
        (0..exponent).fold(self, |x, _| x.double())
    }

    /// Out of the form of factors, as a number below p.
    ///
    /// The product with 1 is at most q (a·1 + m·q is at most (2^396 - 1)·q + 2^396), so k·p with small k: p is taken off by halves.
    #[must_use]
    pub fn canonical(self) -> Self {
        let graph = self.graph;
        let one = graph.plain(&BigUint::from(1u32));
        let reduced = self * one;
        let k = u32::try_from(&graph.field.q / &graph.field.p).expect("k has 18 bits at most");
        let mut value = reduced.positive();
        // Below 2^(n+1)·p at first, below p at the end.
        for shift in (0..=k.ilog2()).rev() {
            let step = graph.plain(&(&graph.field.p << shift).min(graph.field.q.clone()));
            value = value.less_if_not_below(step);
        }
        value.node = graph.tighten(value.node, UNIT);
        value
    }

    /// Out of the form of factors, as a number that is at most q and modulo p the element's.
    #[must_use]
    pub fn number(self) -> Self {
        self * self.graph.plain(&BigUint::from(1u32))
    }

    /// `then` for the element 0, `otherwise` for all others. With k = q/p, the element is 0 where k times it is 0 modulo q, and that
    /// product is below 2q.
    #[must_use]
    pub fn if_zero(self, then: Self, otherwise: Self) -> Self {
        let graph = self.graph;
        let field = &graph.field;
        let k = &field.q / &field.p;
        let factor = (k << FACTOR_BITS) % &field.q;
        let product = self * graph.plain(&factor);
        assert!(
            graph.bound(product.node) < 2 * UNIT,
            "the product is below 2q"
        );
        let q = graph.plain(&field.q);
        let inner = select(Condition::Zero, product.positive(), q, then, otherwise);
        select(
            Condition::Zero,
            product.positive(),
            graph.zero(),
            then,
            inner,
        )
    }

    /// The same element at most `bound` times q, by taking multiples of q off.
    #[must_use]
    pub fn below(self, bound: u32) -> Self {
        let mut value = self.positive();
        let reached = self.graph.bound(value.node).div_ceil(UNIT) as u32;
        let levels = reached.div_ceil(bound).next_power_of_two().ilog2();
        for level in (0..levels).rev() {
            let step = self.graph.multiple(bound << level);
            value = value.less_if_not_below(step);
            let reached = u128::from(bound << level) * UNIT;
            value.node = self.graph.tighten(value.node, reached);
        }
        value
    }

    /// Of a number, not of an element: less c, unless it is below c.
    #[must_use]
    fn less_if_not_below(self, c: Self) -> Self {
        let (a, c) = (self.positive(), c.positive());
        let kind = Kind::Reduce {
            a: a.node,
            c: c.node,
        };
        self.with(self.graph.node(kind, self.graph.bound(a.node)), Sign::Plus)
    }

    /// A number below p to an element in the form of factors.
    #[must_use]
    pub fn to_form(self) -> Self {
        let field = &self.graph.field;
        let square = field.to_form(&field.to_form(&BigUint::from(1u32)));
        self * self.graph.plain(&square)
    }
}

/// x where the condition holds for a - b (numbers, not elements), else y.
pub fn select<'g>(condition: Condition, a: Fp<'g>, b: Fp<'g>, x: Fp<'g>, y: Fp<'g>) -> Fp<'g> {
    let graph = a.graph;
    let [a, b, x, y] = [a, b, x, y].map(|value| value.positive().node);
    let bound = graph.bound(x).max(graph.bound(y));
    let kind = Kind::Choose {
        a,
        b,
        condition,
        x,
        y,
    };
    Fp {
        graph,
        node: graph.node(kind, bound),
        sign: Sign::Plus,
    }
}

pub fn select2<'g>(condition: Condition, a: Fp<'g>, b: Fp<'g>, x: Fp2<'g>, y: Fp2<'g>) -> Fp2<'g> {
    Fp2 {
        c0: select(condition, a, b, x.c0, y.c0),
        c1: select(condition, a, b, x.c1, y.c1),
    }
}

impl Add for Fp<'_> {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        match (self.sign, o.sign) {
            (Sign::Plus, Sign::Plus) => self.with(self.sum_of(self.node, o.node), Sign::Plus),
            (Sign::Minus, Sign::Minus) => self.with(self.sum_of(self.node, o.node), Sign::Minus),
            (Sign::Plus, Sign::Minus) => {
                self.with(self.difference_of(self.node, o.node), Sign::Plus)
            }
            (Sign::Minus, Sign::Plus) => {
                self.with(self.difference_of(o.node, self.node), Sign::Plus)
            }
        }
    }
}

impl Neg for Fp<'_> {
    type Output = Self;
    fn neg(self) -> Self {
        let sign = match self.sign {
            Sign::Plus => Sign::Minus,
            Sign::Minus => Sign::Plus,
        };
        Self { sign, ..self }
    }
}

impl Sub for Fp<'_> {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        self + -o
    }
}

impl Mul for Fp<'_> {
    type Output = Self;
    fn mul(self, o: Self) -> Self {
        let (a, b) = (self.node.min(o.node), self.node.max(o.node));
        let graph = self.graph;
        let bound = graph
            .field
            .product_bound(graph.bound(a), graph.bound(b))
            .unwrap_or_else(|| panic!("a factor may reach 2^396"));
        let node = graph.node(Kind::Mul(a, b), bound);
        let sign = if self.sign == o.sign {
            Sign::Plus
        } else {
            Sign::Minus
        };
        self.with(node, sign)
    }
}

/// c0 + c1·i with i² = -1.
#[derive(Clone, Copy, Debug)]
pub struct Fp2<'g> {
    pub c0: Fp<'g>,
    pub c1: Fp<'g>,
}

impl<'g> Fp2<'g> {
    /// Two products.
    #[must_use]
    pub fn square(self) -> Self {
        Self {
            c0: (self.c0 + self.c1) * (self.c0 - self.c1),
            c1: self.c0.double() * self.c1,
        }
    }

    #[must_use]
    pub fn double(self) -> Self {
        self + self
    }

    #[must_use]
    pub fn triple(self) -> Self {
        self.double() + self
    }

    #[must_use]
    pub fn times_pow2(self, exponent: u32) -> Self {
        (0..exponent).fold(self, |x, _| x.double())
    }

    #[must_use]
    pub fn conjugate(self) -> Self {
        Self {
            c0: self.c0,
            c1: -self.c1,
        }
    }

    #[must_use]
    pub fn times(self, k: Fp<'g>) -> Self {
        Self {
            c0: self.c0 * k,
            c1: self.c1 * k,
        }
    }

    /// c0² + c1².
    #[must_use]
    pub fn norm(self) -> Fp<'g> {
        self.c0.square() + self.c1.square()
    }

    /// Times i.
    #[must_use]
    pub fn times_i(self) -> Self {
        Self {
            c0: -self.c1,
            c1: self.c0,
        }
    }

    /// Times the tower's non-residue.
    #[must_use]
    pub fn times_xi(self) -> Self {
        match self.c0.graph.field.non_residue {
            NonResidue::OnePlusI => Self {
                c0: self.c0 - self.c1,
                c1: self.c0 + self.c1,
            },
            NonResidue::NinePlusI => {
                let nine = self.times_pow2(3) + self;
                Self {
                    c0: nine.c0 - self.c1,
                    c1: nine.c1 + self.c0,
                }
            }
        }
    }

    #[must_use]
    pub fn below(self, bound: u32) -> Self {
        Self {
            c0: self.c0.below(bound),
            c1: self.c1.below(bound),
        }
    }

    #[must_use]
    pub fn canonical(self) -> Self {
        Self {
            c0: self.c0.canonical(),
            c1: self.c1.canonical(),
        }
    }

    #[must_use]
    pub fn to_form(self) -> Self {
        Self {
            c0: self.c0.to_form(),
            c1: self.c1.to_form(),
        }
    }
}

impl Add for Fp2<'_> {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        Self {
            c0: self.c0 + o.c0,
            c1: self.c1 + o.c1,
        }
    }
}

impl Sub for Fp2<'_> {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        Self {
            c0: self.c0 - o.c0,
            c1: self.c1 - o.c1,
        }
    }
}

impl Neg for Fp2<'_> {
    type Output = Self;
    fn neg(self) -> Self {
        Self {
            c0: -self.c0,
            c1: -self.c1,
        }
    }
}

/// Karatsuba: three products.
impl Mul for Fp2<'_> {
    type Output = Self;
    fn mul(self, o: Self) -> Self {
        let t0 = self.c0 * o.c0;
        let t1 = self.c1 * o.c1;
        let t2 = (self.c0 + self.c1) * (o.c0 + o.c1);
        Self {
            c0: t0 - t1,
            c1: t2 - (t0 + t1),
        }
    }
}

/// c0 + c1·v + c2·v² with v³ the non-residue.
#[derive(Clone, Copy, Debug)]
pub struct Fp6<'g>(pub [Fp2<'g>; 3]);

impl Fp6<'_> {
    #[must_use]
    pub fn times_v(self) -> Self {
        let Self([c0, c1, c2]) = self;
        Self([c2.times_xi(), c0, c1])
    }

    #[must_use]
    pub fn below(self, bound: u32) -> Self {
        Self(self.0.map(|c| c.below(bound)))
    }
}

impl Add for Fp6<'_> {
    type Output = Self;
    fn add(self, o: Self) -> Self {
        Self([0, 1, 2].map(|i| self.0[i] + o.0[i]))
    }
}

impl Sub for Fp6<'_> {
    type Output = Self;
    fn sub(self, o: Self) -> Self {
        Self([0, 1, 2].map(|i| self.0[i] - o.0[i]))
    }
}

impl Neg for Fp6<'_> {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.map(|c| -c))
    }
}

/// Karatsuba: six products of Fp2.
impl Mul for Fp6<'_> {
    type Output = Self;
    fn mul(self, o: Self) -> Self {
        let (Self([a0, a1, a2]), Self([b0, b1, b2])) = (self, o);
        let (t0, t1, t2) = (a0 * b0, a1 * b1, a2 * b2);
        let m12 = (a1 + a2) * (b1 + b2) - (t1 + t2);
        let m01 = (a0 + a1) * (b0 + b1) - (t0 + t1);
        let m02 = (a0 + a2) * (b0 + b2) - (t0 + t2);
        Self([m12.times_xi() + t0, m01 + t2.times_xi(), m02 + t1])
    }
}

/// c0 + c1·w with w² = v.
#[derive(Clone, Copy, Debug)]
pub struct Fp12<'g> {
    pub c0: Fp6<'g>,
    pub c1: Fp6<'g>,
}

/// A line's value: the coefficients of three powers of w, which ones depends on the curve's twist.
#[derive(Clone, Copy, Debug)]
pub enum Line<'g> {
    /// Of 1, w², w³.
    M([Fp2<'g>; 3]),
    /// Of 1, w, w³.
    D([Fp2<'g>; 3]),
}

impl<'g> Fp12<'g> {
    pub fn coordinates(self) -> [Fp<'g>; 12] {
        let ([a0, a1, a2], [b0, b1, b2]) = (self.c0.0, self.c1.0);
        let [a0, a1, a2, b0, b1, b2] = [a0, a1, a2, b0, b1, b2].map(|c| [c.c0, c.c1]);
        [
            a0[0], a0[1], a1[0], a1[1], a2[0], a2[1], b0[0], b0[1], b1[0], b1[1], b2[0], b2[1],
        ]
    }

    #[must_use]
    pub fn below(self, bound: u32) -> Self {
        Self {
            c0: self.c0.below(bound),
            c1: self.c1.below(bound),
        }
    }

    #[must_use]
    pub fn conjugate(self) -> Self {
        Self {
            c0: self.c0,
            c1: -self.c1,
        }
    }

    /// Two products of Fp6. Five products of Fp2 for each by Toom and Cook would save six of Fp, but their sums would take longer
    /// than the multiplier.
    #[must_use]
    pub fn square(self) -> Self {
        let mixed = self.c0 * self.c1;
        let whole = (self.c0 + self.c1) * (self.c0 + self.c1.times_v());
        Self {
            c0: whole - (mixed + mixed.times_v()),
            c1: mixed + mixed,
        }
    }

    /// Granger and Scott, for elements of norm one over Fp6 only: nine squares of Fp2. Coordinates of the input come through
    /// doubled, so they are taken down again: at most `bound` in, at most `bound` out.
    #[must_use]
    pub fn cyclotomic_square(self, bound: u32) -> Self {
        let (Fp6([a0, a1, a2]), Fp6([b0, b1, b2])) = (self.c0, self.c1);
        let (s0, m0) = square4(a0, b1);
        let (s1, m1) = square4(b0, a2);
        let (s2, m2) = square4(a1, b2);
        let minus = |s: Fp2<'g>, a: Fp2<'g>| ((s - a).double() + s).below(bound);
        let plus = |m: Fp2<'g>, b: Fp2<'g>| ((m + b).double() + m).below(bound);
        Self {
            c0: Fp6([minus(s0, a0), minus(s1, a1), minus(s2, a2)]),
            c1: Fp6([plus(m2.times_xi(), b0), plus(m0, b1), plus(m1, b2)]),
        }
    }

    /// Twice the product with a line: 11 products of Fp2. Factors in Fp do not matter to a Miller value.
    #[must_use]
    pub fn twice_times_line(self, line: Line<'g>) -> Self {
        let (a, b) = (self.c0, self.c1);
        match line {
            // c0 + c1·v in the first half, c2·v in the second.
            Line::M([l0, l1, l2]) => {
                let t0 = twice_times_01(a, l0, l1);
                let Fp6([b0, b1, b2]) = b;
                let t1 = Fp6([(b2 * l2).times_xi(), b0 * l2, b1 * l2].map(Fp2::double));
                let mixed = twice_times_01(a + b, l0, l1 + l2);
                Self {
                    c0: t0 + t1.times_v(),
                    c1: mixed - (t0 + t1),
                }
            }
            // c0 in the first half, c1 + c2·v in the second.
            Line::D([l0, l1, l2]) => {
                let t0 = Fp6(a.0.map(|c| (c * l0).double()));
                let t1 = twice_times_01(b, l1, l2);
                let mixed = twice_times_01(a + b, l0 + l1, l2);
                Self {
                    c0: t0 + t1.times_v(),
                    c1: mixed - (t0 + t1),
                }
            }
        }
    }
}

/// Twice the product with l0 + l1·v: Toom and Cook's four products of Fp2, at 0, 1, -1 and infinity.
fn twice_times_01<'g>(Fp6([a0, a1, a2]): Fp6<'g>, l0: Fp2<'g>, l1: Fp2<'g>) -> Fp6<'g> {
    let even = a0 + a2;
    let (plus, minus) = ((even + a1) * (l0 + l1), (even - a1) * (l0 - l1));
    let (first, last) = ((a0 * l0).double(), (a2 * l1).double());
    Fp6([
        first + last.times_xi(),
        plus - (minus + last),
        plus + minus - first,
    ])
}

/// a² + xi·b² and 2ab: the square of a + b·y with y² = xi.
fn square4<'g>(a: Fp2<'g>, b: Fp2<'g>) -> (Fp2<'g>, Fp2<'g>) {
    let (aa, bb) = (a.square(), b.square());
    (aa + bb.times_xi(), (a + b).square() - (aa + bb))
}

/// Karatsuba: three products of Fp6.
impl Mul for Fp12<'_> {
    type Output = Self;
    fn mul(self, o: Self) -> Self {
        let (t0, t1) = (self.c0 * o.c0, self.c1 * o.c1);
        let mixed = (self.c0 + self.c1) * (o.c0 + o.c1);
        Self {
            c0: t0 + t1.times_v(),
            c1: mixed - (t0 + t1),
        }
    }
}
