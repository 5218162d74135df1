//! Powers of field elements with a fixed exponent: windows of five bits over odd powers.

use num_bigint::BigUint;

use crate::assembler::Body;
use crate::isa::{Condition, Index, Instruction, Operand};

/// One power to be computed: where its base stands and where the power shall stand. The base is kept. Its table is 16 registers
/// that nobody else uses meanwhile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chain {
    pub(super) base: u8,
    pub(super) power: u8,
    pub(super) table: u8,
}

const WINDOW: u64 = 5;

/// Runs of squarings this long are loops: the loop's own slot lies in the shadow of the squaring.
const LOOP_FROM: u16 = 4;

fn r(number: u8) -> Operand {
    Operand::new(number, Index::Zero)
}

fn multiply(body: &mut Body, d: u8, a: u8, b: u8) {
    body.plain(Instruction::Mul {
        d: r(d),
        a: r(a),
        b: r(b),
    });
}

/// Each base to the same power. Several chains at once keep the multiplier busy where one would wait for itself.
pub(super) fn powers(body: &mut Body, exponent: &BigUint, chains: &[Chain]) {
    // base², then base^3, base^5, …, base^31; the square waits in the power's own place.
    for chain in chains {
        multiply(body, chain.power, chain.base, chain.base);
    }
    for chain in chains {
        body.plain(Instruction::Select {
            d: r(chain.table),
            a: r(chain.base),
            b: r(chain.base),
            condition: Condition::Always,
        });
    }
    for odd in 1..1 << (WINDOW - 1) {
        for chain in chains {
            multiply(body, chain.table + odd, chain.table + odd - 1, chain.power);
        }
    }
    let mut windows = windows(exponent).into_iter();
    let (_, first) = windows.next().expect("exponents are not zero");
    let first = first.expect("an exponent begins with a one");
    for chain in chains {
        let entry = r(chain.table + first);
        body.plain(Instruction::Select {
            d: r(chain.power),
            a: entry,
            b: entry,
            condition: Condition::Always,
        });
    }
    for (squarings, entry) in windows {
        square(body, squarings, chains);
        if let Some(entry) = entry {
            for chain in chains {
                multiply(body, chain.power, chain.power, chain.table + entry);
            }
        }
    }
}

fn square(body: &mut Body, times: u16, chains: &[Chain]) {
    let once = |body: &mut Body| {
        for chain in chains {
            multiply(body, chain.power, chain.power, chain.power);
        }
    };
    if times >= LOOP_FROM {
        body.repeat(times, once);
    } else {
        (0..times).for_each(|_| once(body));
    }
}

/// How many squarings, and which table entry then, from the exponent's top.
fn windows(exponent: &BigUint) -> Vec<(u16, Option<u8>)> {
    let mut windows = Vec::new();
    let mut squarings = 0;
    let mut top = exponent.bits();
    while top > 0 {
        if !exponent.bit(top - 1) {
            squarings += 1;
            top -= 1;
            continue;
        }
        let mut low = top.saturating_sub(WINDOW);
        while !exponent.bit(low) {
            low += 1;
        }
        let digit = (low..top).fold(0u8, |digit, bit| {
            digit | u8::from(exponent.bit(bit)) << (bit - low)
        });
        windows.push((squarings + (top - low) as u16, Some(digit / 2)));
        squarings = 0;
        top = low;
    }
    if squarings > 0 {
        windows.push((squarings, None));
    }
    windows
}
