//! BN254, also called `alt_bn128`: optimal ate pairings.

use std::sync::OnceLock;

use super::miller;
use super::numbers::number;
use super::pairing::{
    ACC, BASE, C, CONSTANTS, F, F2, G, POOL, copy, cyclotomic_squares, for_all, miller_routines,
    multiply, on, programs, unit_routines,
};
use crate::assembler::{Assembler, Body, Field, Image, NonResidue};

const MODULUS: &str = "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";

/// The parameter u.
const SEED: u64 = 4_965_661_367_192_848_881;

/// Bound of values between blocks: here the multiplier has room for 2^125 q.
const BOUND: u32 = 1 << 10;

/// Cyclotomic squares in one block, as many as the memory has room for.
const SEVERAL: u16 = 2;

pub fn field() -> Field {
    Field::new(
        number(MODULUS),
        [0, 4, 1 << 10, 1 << 16],
        NonResidue::NinePlusI,
    )
}

/// The image with all programs.
pub fn image() -> &'static Image {
    static IMAGE: OnceLock<Image> = OnceLock::new();
    IMAGE.get_or_init(build)
}

fn build() -> Image {
    let mut assembler = Assembler::new(field(), CONSTANTS, POOL);
    miller_routines(&mut assembler, BOUND);
    assembler.routine("negate q", 1, |body| body.block("", miller::negate_q));
    assembler.routine("psi q", 1, |body| body.block("", miller::psi_q));
    for_all(&mut assembler, &["negate q", "psi q"]);
    unit_routines(&mut assembler, BOUND, SEVERAL);
    assembler.routine("power of the seed", 0, seed_power);
    assembler.routine("final exponentiation", 0, final_exponentiation);
    programs(&mut assembler, miller_loop);
    assembler.link()
}

/// A digit of a signed expansion: no two neighbours are both other than zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Digit {
    Zero,
    One,
    MinusOne,
}

/// Most significant first, and without the leading one.
fn signed_digits(mut number: u128) -> Vec<Digit> {
    let mut digits = Vec::new();
    while number > 0 {
        let digit = match number % 4 {
            1 => Digit::One,
            3 => Digit::MinusOne,
            _ => Digit::Zero,
        };
        digits.push(digit);
        number = match digit {
            Digit::MinusOne => number.div_ceil(2),
            _ => number / 2,
        };
    }
    digits.pop();
    digits.reverse();
    digits
}

/// The product of the pairs' Miller loops in F: over 6u + 2, then the lines through psi(Q) and -psi²(Q).
fn miller_loop(body: &mut Body) {
    body.call("all: enter pair");
    body.call("one");
    let mut sign = Digit::One;
    let digits = signed_digits(6 * u128::from(SEED) + 2);
    let mut rest = &digits[..];
    // The first square would be of one.
    let mut first = true;
    while !rest.is_empty() {
        let zeros = rest.iter().take_while(|&&d| d == Digit::Zero).count();
        let steps = (zeros + 1).min(rest.len());
        if first {
            body.call("all: double");
        }
        let squared = steps - usize::from(first);
        first = false;
        if squared > 0 {
            body.repeat(squared as u16, |body| {
                body.call("square");
                body.call("all: double");
            });
        }
        let digit = rest[steps - 1];
        if digit != Digit::Zero {
            if digit != sign {
                body.call("all: negate q");
                sign = digit;
            }
            body.call("all: add");
        }
        rest = &rest[steps..];
    }
    if sign == Digit::MinusOne {
        body.call("all: negate q");
    }
    body.call("all: psi q");
    body.call("all: add");
    body.call("all: psi q");
    body.call("all: negate q");
    body.call("all: add");
}

/// ACC = BASE^u, in the cyclotomic subgroup: a digit of -1 is a product with the conjugate.
fn seed_power(body: &mut Body) {
    copy(body, ACC, BASE);
    let mut sign = Digit::One;
    let mut squarings = 0;
    for digit in signed_digits(SEED.into()) {
        squarings += 1;
        if digit == Digit::Zero {
            continue;
        }
        cyclotomic_squares(body, squarings, SEVERAL);
        squarings = 0;
        if digit != sign {
            on(body, "conjugate", BASE);
            sign = digit;
        }
        multiply(body, ACC, BASE);
    }
    assert_eq!(squarings, 0, "u is odd");
}

/// The easy part, then Fuentes-Castañeda, Knapp and Rodríguez-Henríquez, "Faster hashing to G2": to the power
/// 2u(6u² + 3u + 1)(p^12 - 1)/r, from F to ACC.
fn final_exponentiation(body: &mut Body) {
    body.call("easy part");
    copy(body, BASE, F);
    body.call("power of the seed");
    // 2u
    body.call("cyclotomic square");
    copy(body, F2, ACC);
    // 6u
    body.call("cyclotomic square");
    multiply(body, ACC, F2);
    copy(body, C, ACC);
    copy(body, BASE, ACC);
    // b = 6u²
    body.call("power of the seed");
    copy(body, G, ACC);
    // 12u³
    body.call("cyclotomic square");
    copy(body, BASE, ACC);
    body.call("power of the seed");
    // d = 12u³ + 6u² + 6u
    multiply(body, ACC, G);
    multiply(body, ACC, C);
    copy(body, C, ACC);
    // 12u³ + 12u² + 6u + 1
    multiply(body, G, ACC);
    multiply(body, G, F);
    // e = d - 2u
    on(body, "conjugate", F2);
    multiply(body, ACC, F2);
    // times d^(p²), e^p and (e - 1)^(p³)
    on(body, "frobenius square", C);
    multiply(body, G, C);
    copy(body, BASE, ACC);
    on(body, "frobenius", BASE);
    multiply(body, G, BASE);
    on(body, "conjugate", F);
    multiply(body, ACC, F);
    on(body, "frobenius square", ACC);
    on(body, "frobenius", ACC);
    multiply(body, ACC, G);
    body.call("verdict");
}
