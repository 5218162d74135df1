//! What the pairings of both curves share: where values stand, the steps of the Miller loop on the accumulator, and the
//! routines of the final exponentiation.

use num_bigint::BigUint;

use super::final_exponentiation::{Norms, frobenius, frobenius_square, norms};
use super::miller::{self, PAIR};
use super::numbers::frobenius_factors;
use super::power::{Chain, powers};
use crate::assembler::{Assembler, Body, Fp6, Fp12, Graph};
use crate::isa::{Condition, Index, Instruction, Operand};

/// Registers of constants.
pub(super) const CONSTANTS: u8 = 80;
/// The Miller value, then what the final exponentiation works on.
pub const F: u8 = CONSTANTS;
/// The first pair's window; the next follow.
pub const PAIRS: u8 = F + 12;
/// Pairs of one product at most.
pub const PAIRS_MAX: usize = 5;
/// Registers of a pair's window: xP, yP, xQ (2), yQ (2), then the program's own.
pub const PAIR_REGISTERS: u8 = PAIR;
pub(super) const F2: u8 = 92;
pub(super) const C: u8 = 104;
pub(super) const G: u8 = 116;
pub(super) const BASE: u8 = 128;
pub(super) const ACC: u8 = 140;
/// How many pairs there are, a number.
const COUNT: u8 = 152;
pub(super) const POOL: std::ops::Range<u8> = 153..255;

/// Where `pairing` leaves 1 for a product of one, 0 otherwise.
pub const VERDICT: u8 = F2;
/// Where it leaves the product's value: twelve numbers, each to be taken modulo p. `miller` leaves its own in [`F`].
pub const VALUE: u8 = ACC;

pub(super) fn r(number: u8) -> Operand {
    Operand::new(number, Index::Zero)
}

/// A routine on one value.
pub(super) fn on(body: &mut Body, routine: &str, value: u8) {
    body.set_index(Index::X1, value);
    body.call(routine);
}

/// a = a·b.
pub(super) fn multiply(body: &mut Body, a: u8, b: u8) {
    body.set_index(Index::X1, a);
    body.set_index(Index::X2, b);
    body.call("multiply");
}

pub(super) fn copy(body: &mut Body, d: u8, a: u8) {
    for offset in 0..12 {
        body.plain(Instruction::Select {
            d: r(d + offset),
            a: r(a + offset),
            b: r(a + offset),
            condition: Condition::Always,
        });
    }
}

/// The routine `all: <step>` does a step on as many pairs as there are.
pub(super) fn for_all(assembler: &mut Assembler, steps: &[&str]) {
    for step in steps {
        assembler.routine(&format!("all: {step}"), 1, |body| {
            for pair in 0..PAIRS_MAX as u8 {
                on(body, step, PAIRS + pair * PAIR);
                if usize::from(pair) + 1 < PAIRS_MAX {
                    body.leave_if_equal(COUNT, u32::from(pair) + 1);
                }
            }
        });
    }
}

/// ACC squared so many times, in the cyclotomic subgroup, `several` at once.
pub(super) fn cyclotomic_squares(body: &mut Body, times: u16, several: u16) {
    if times >= several {
        body.repeat(times / several, |body| {
            body.call("several cyclotomic squares");
        });
    }
    for _ in 0..times % several {
        body.call("cyclotomic square");
    }
}

/// The programs `miller-n` and `pairing-n` around the curve's own loop.
pub(super) fn programs(assembler: &mut Assembler, miller_loop: fn(&mut Body)) {
    assembler.routine("miller loop", 0, miller_loop);
    for pairs in 1..=PAIRS_MAX {
        for (program, last) in [("miller", "leave"), ("pairing", "final exponentiation")] {
            assembler.program(&format!("{program}-{pairs}"), |body| {
                body.set_number(COUNT, pairs as u32);
                body.call("miller loop");
                body.call(last);
            });
        }
    }
}

/// Steps on the accumulator F. Between them values are at most `bound` times q.
pub(super) fn miller_routines(assembler: &mut Assembler, bound: u32) {
    assembler.routine("enter pair", 1, |body| {
        body.block("", |g| miller::enter_pair(g, bound));
    });
    assembler.routine("one", 1, |body| {
        body.block("", |g| {
            for offset in 0..12 {
                let value = if offset == 0 { g.one() } else { g.zero() };
                g.output(r(F + offset), value, bound);
            }
        });
    });
    assembler.routine("leave", 1, |body| {
        body.block("", |g| {
            for (at, c) in (F..).zip(g.input12(r(F), bound).coordinates()) {
                g.output(r(at), c.number(), NUMBER);
            }
        });
    });
    assembler.routine("square", 1, |body| {
        body.block("", |g| {
            let f = g.input12(r(F), bound);
            g.output12(r(F), f.square().below(bound), bound);
        });
    });
    assembler.routine("double", 1, |body| {
        body.block("", |g| {
            let f = g.input12(r(F), bound);
            let f = f.twice_times_line(miller::double(g, bound));
            g.output12(r(F), f.below(bound), bound);
        });
    });
    assembler.routine("add", 1, |body| {
        body.block("", |g| {
            let f = g.input12(r(F), bound);
            let f = f.twice_times_line(miller::add(g, bound));
            g.output12(r(F), f.below(bound), bound);
        });
    });
    for_all(assembler, &["enter pair", "double", "add"]);
}

/// Routines of the final exponentiation, all but the hard part's own order.
pub(super) fn unit_routines(assembler: &mut Assembler, bound: u32, several: u16) {
    let field = assembler.field();
    let exponent = (&field.p - 3u32) / 4u32;
    let chain = Chain {
        base: F2,
        power: F2 + 1,
        table: POOL.start,
    };
    assembler.routine("root power", 0, |body| powers(body, &exponent, &[chain]));
    assembler.routine("cyclotomic square", 1, |body| {
        body.block("", |g| {
            let f = g.input12(r(ACC), bound);
            g.output12(r(ACC), f.cyclotomic_square(bound), bound);
        });
    });
    // The end of a squaring lies open until the next one's products begin: several in one block hide it.
    assembler.routine("several cyclotomic squares", 1, |body| {
        body.block("", |g| {
            let f = g.input12(r(ACC), bound);
            let f = (0..several).fold(f, |f, _| f.cyclotomic_square(bound));
            g.output12(r(ACC), f, bound);
        });
    });
    let first = Operand::new(0, Index::X1);
    let second = Operand::new(0, Index::X2);
    assembler.routine("multiply", 1, |body| {
        body.block("", |g| {
            let f = g.input12(first, bound) * g.input12(second, bound);
            g.output12(first, f.below(bound), bound);
        });
    });
    assembler.routine("conjugate", 1, |body| {
        body.block("", |g| {
            let f = g.input12(first, bound).conjugate().below(bound);
            g.output6(first.after(6), f.c1, bound);
        });
    });
    let (once, twice) = (frobenius_factors(&field, 1), frobenius_factors(&field, 2));
    assembler.routine("frobenius", 1, |body| {
        body.block("", |g| {
            let f = frobenius(g, g.input12(first, bound), &once);
            g.output12(first, f.below(bound), bound);
        });
    });
    assembler.routine("frobenius square", 1, |body| {
        body.block("", |g| {
            let f = frobenius_square(g, g.input12(first, bound), &twice);
            g.output12(first, f.below(bound), bound);
        });
    });
    assembler.routine("easy part", 0, |body| easy_part(body, bound));
    assembler.routine("verdict", 0, |body| {
        body.block("", |g| verdict(g, bound));
    });
}

/// F = F^((p^6 - 1)(p² + 1)): conj(f) / f is conj(f)² over f's norm.
fn easy_part(body: &mut Body, bound: u32) {
    body.block("norms", |g| {
        let Norms { adjoint, in_fp2 } = norms(g.input12(r(F), bound));
        let in_fp2 = in_fp2.below(bound);
        g.output6(r(C), adjoint.below(bound), bound);
        g.output2(r(C + 6), in_fp2, bound);
        g.output(r(F2), in_fp2.norm(), bound);
    });
    body.call("root power");
    on(body, "conjugate", F);
    body.call("square");
    body.block("inverse", |g| {
        let (norm, power) = (g.input(r(F2), bound), g.input(r(F2 + 1), 2));
        // (norm^((p-3)/4))^4 · norm = norm^(p-2)
        let inverse = power.square().square() * norm;
        let inverse = g.input2(r(C + 6), bound).conjugate().times(inverse);
        let Fp6(adjoint) = g.input6(r(C), bound);
        let inverse = Fp6(adjoint.map(|c| c * inverse));
        let f = g.input12(r(F), bound);
        let f = Fp12 {
            c0: f.c0 * inverse,
            c1: f.c1 * inverse,
        };
        g.output12(r(F), f.below(bound), bound);
    });
    copy(body, ACC, F);
    on(body, "frobenius square", ACC);
    multiply(body, F, ACC);
}

/// Bound of numbers that the host takes modulo p.
const NUMBER: u32 = 2;

/// Whether ACC is one; and its coordinates as numbers.
fn verdict(g: &Graph, bound: u32) {
    let (yes, no) = (g.plain(&BigUint::from(1u32)), g.zero());
    let mut holds = yes;
    for (at, c) in (0..).zip(g.input12(r(ACC), bound).coordinates()) {
        let difference = if at == 0 { c - g.one() } else { c };
        holds = difference.if_zero(holds, no);
        g.output(r(VALUE + at), c.number(), NUMBER);
    }
    g.output(r(VERDICT), holds, 1);
}
