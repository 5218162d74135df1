//! BLS12-381: optimal ate pairings.

use std::sync::OnceLock;

use super::numbers::number;
use super::pairing::{
    ACC, BASE, C, CONSTANTS, F, F2, G, POOL, copy, cyclotomic_squares, miller_routines, multiply,
    on, programs, unit_routines,
};
use crate::assembler::{Assembler, Body, Field, Image, NonResidue};

const MODULUS: &str = "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";

/// The parameter's absolute value; it is negative.
pub(super) const SEED: u64 = 0xd201_0000_0001_0000;

/// Bound of values between blocks.
const BOUND: u32 = 32;

/// Cyclotomic squares in one block, as many as the memory has room for.
const SEVERAL: u16 = 4;

pub fn field() -> Field {
    Field::new(number(MODULUS), [0, 4, 32, 256], NonResidue::OnePlusI)
}

/// The image with all programs.
pub fn image() -> &'static Image {
    static IMAGE: OnceLock<Image> = OnceLock::new();
    IMAGE.get_or_init(build)
}

fn build() -> Image {
    let mut assembler = Assembler::new(field(), CONSTANTS, POOL);
    miller_routines(&mut assembler, BOUND);
    unit_routines(&mut assembler, BOUND, SEVERAL);
    for (name, bits) in [("power of half the seed", 1), ("power of the seed", 0)] {
        assembler.routine(name, 0, |body| seed_power(body, bits));
    }
    assembler.routine("final exponentiation", 0, final_exponentiation);
    programs(&mut assembler, miller_loop);
    assembler.link()
}

/// The product of the pairs' Miller loops in F. The parameter is negative: conjugated at the end.
fn miller_loop(body: &mut Body) {
    body.call("all: enter pair");
    body.call("one");
    body.call("all: double");
    body.call("all: add");
    for run in runs(SEED, 62) {
        body.repeat(run.squarings, |body| {
            body.call("square");
            body.call("all: double");
        });
        if run.product {
            body.call("all: add");
        }
    }
    on(body, "conjugate", F);
}

/// Squarings and then, perhaps, a product.
pub(super) struct Run {
    pub(super) squarings: u16,
    pub(super) product: bool,
}

/// An exponent's bits below `top`, in runs.
pub(super) fn runs(exponent: u64, top: u32) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut squarings = 0;
    for bit in (0..top).rev() {
        squarings += 1;
        if exponent >> bit & 1 == 1 {
            runs.push(Run {
                squarings,
                product: true,
            });
            squarings = 0;
        }
    }
    if squarings > 0 {
        runs.push(Run {
            squarings,
            product: false,
        });
    }
    runs
}

/// ACC = BASE^-(SEED / 2^shift), conjugated at the end.
fn seed_power(body: &mut Body, shift: u32) {
    copy(body, ACC, BASE);
    let exponent = SEED >> shift;
    for run in runs(exponent, exponent.ilog2()) {
        cyclotomic_squares(body, run.squarings, SEVERAL);
        if run.product {
            multiply(body, ACC, BASE);
        }
    }
    on(body, "conjugate", ACC);
}

/// To the power (p^6 - 1)(p² + 1), then the hard part as blst and zkcrypto's pairing compute it, 3(p^4 - p² + 1)/r; from F to
/// ACC. x is the (negative) parameter; in the cyclotomic subgroup the conjugate is the inverse.
fn final_exponentiation(body: &mut Body) {
    body.call("easy part");
    copy(body, ACC, F);
    body.call("cyclotomic square");
    copy(body, F2, ACC);
    copy(body, BASE, ACC);
    body.call("power of the seed");
    // c = f^(x² - 2x + 1)
    copy(body, BASE, ACC);
    copy(body, C, ACC);
    body.call("power of half the seed");
    on(body, "conjugate", C);
    multiply(body, C, F);
    multiply(body, C, ACC);
    copy(body, BASE, C);
    body.call("power of the seed");
    // g = c^(p³) · d^(p²) for d = c^x
    copy(body, BASE, ACC);
    copy(body, G, C);
    on(body, "frobenius", G);
    multiply(body, G, ACC);
    on(body, "frobenius square", G);
    body.call("power of the seed");
    // e = d^x / c
    on(body, "conjugate", C);
    multiply(body, C, ACC);
    copy(body, BASE, C);
    body.call("power of the seed");
    // e^x · f2 · f · g · e^p
    multiply(body, ACC, F2);
    multiply(body, ACC, F);
    multiply(body, ACC, G);
    on(body, "frobenius", BASE);
    multiply(body, ACC, BASE);
    body.call("verdict");
}
