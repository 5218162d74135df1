//! BLS12-381's points: hashing to G2, decompression and membership of signatures, multiples of keys by short scalars.

use std::sync::OnceLock;

use num_bigint::BigUint;

use super::bls12_381::{SEED, field, runs};
use super::numbers::{Element2, number, power2};
use super::pairing::r;
use super::power::{Chain, powers};
use crate::assembler::{Assembler, Body, Fp, Fp2, Graph, Image, select, select2};
use crate::isa::{Bias, Condition, Flags, Index, Instruction, Operand};

const CONSTANTS: u8 = 80;
const POOL: std::ops::Range<u8> = 152..255;

/// `hash`: the field elements u0 and u1, two numbers each.
pub const HASHED: u8 = 80;
/// `signature`: x, two numbers, and then 1 where the greater y is wanted, 0 otherwise.
pub const COMPRESSED: u8 = 80;
/// `multiple`: x and y of a point of G1, then the scalar's lower 64 bits in the register's upper ones. Bit 64 is always 1.
pub const MULTIPLICAND: u8 = 80;
pub const SCALAR: u8 = 82;

/// `hash` and `signature`: x and y, two numbers each.
pub const AFFINE: u8 = 84;
/// `signature`: 1 where a point has this x; then 1 where it is in the group.
pub const ON_CURVE: u8 = 88;
pub const IN_GROUP: u8 = 89;
/// `multiple`: X, Y and Z, numbers, of (X/Z², Y/Z³).
pub const MULTIPLE: u8 = 92;

/// Base and power of the one exponentiation with (p - 3)/4.
const POWER_BASE: u8 = 90;
const POWER: u8 = 91;
/// Jacobian points over Fp2, six registers each.
const POINT: u8 = 92;
const OTHER: u8 = 98;
const SUM: u8 = 104;
const PSI: u8 = 110;
const MAPPED: u8 = 116;
/// Between the parts of a map.
const STATE: u8 = 122;

/// Bound of values between blocks.
const BOUND: u32 = 32;

/// The image with all programs.
pub fn image() -> &'static Image {
    static IMAGE: OnceLock<Image> = OnceLock::new();
    IMAGE.get_or_init(build)
}

fn build() -> Image {
    let mut assembler = Assembler::new(field(), CONSTANTS, POOL);
    let exponent = (&assembler.field().p - 3u32) / 4u32;
    let chain = Chain {
        base: POWER_BASE,
        power: POWER,
        table: POOL.start,
    };
    assembler.routine("root power", 0, |body| powers(body, &exponent, &[chain]));
    group_routines(&mut assembler);
    assembler.routine("map", 0, map);
    assembler.routine("affine", 0, affine);
    assembler.program("hash", hash);
    assembler.program("signature", signature);
    assembler.program("multiple", multiple);
    assembler.link()
}

/// (X/Z², Y/Z³).
#[derive(Clone, Copy)]
struct Point<'g> {
    x: Fp2<'g>,
    y: Fp2<'g>,
    z: Fp2<'g>,
}

impl<'g> Point<'g> {
    fn at(g: &'g Graph, at: Operand) -> Self {
        Self {
            x: g.input2(at, BOUND),
            y: g.input2(at.after(2), BOUND),
            z: g.input2(at.after(4), BOUND),
        }
    }

    fn put(self, g: &Graph, at: Operand) {
        g.output2(at, self.x.below(BOUND), BOUND);
        g.output2(at.after(2), self.y.below(BOUND), BOUND);
        g.output2(at.after(4), self.z.below(BOUND), BOUND);
    }

    /// For curves y² = x³ + b.
    fn doubled(self) -> Self {
        let (a, b) = (self.x.square(), self.y.square());
        let c = b.square();
        let d = ((self.x + b).square() - (a + c)).double();
        let e = a.triple();
        let x = e.square() - d.double();
        Self {
            x,
            y: e * (d - x) - c.times_pow2(3),
            z: self.y.double() * self.z,
        }
    }

    /// For different points of any curve, neither infinity; z becomes 0 where they are equal or opposite.
    fn plus(self, o: Self) -> Self {
        let (zz1, zz2) = (self.z.square(), o.z.square());
        let (u1, u2) = (self.x * zz2, o.x * zz1);
        let s1 = self.y * (zz2 * o.z);
        let s2 = o.y * (zz1 * self.z);
        let (h, slope) = (u2 - u1, s2 - s1);
        let hh = h.square();
        let hhh = hh * h;
        let v = u1 * hh;
        let x = slope.square() - (hhh + v.double());
        Self {
            x,
            y: slope * (v - x) - s1 * hhh,
            z: self.z * o.z * h,
        }
    }

    /// The endomorphism: conjugates times 1/xi^((p-1)/3) and 1/xi^((p-1)/2).
    fn psi(self, g: &'g Graph) -> Self {
        Self {
            x: self.x.conjugate() * g.constant2(&psi_factor(3)),
            y: self.y.conjugate() * g.constant2(&psi_factor(2)),
            z: self.z.conjugate(),
        }
    }
}

fn psi_factor(root: u32) -> Element2 {
    let field = field();
    let xi = [BigUint::from(1u32), BigUint::from(1u32)];
    let order = &field.p * &field.p - 1u32;
    power2(&field, &xi, &(order - (&field.p - 1u32) / root))
}

fn group_routines(assembler: &mut Assembler) {
    let first = Operand::new(0, Index::X1);
    let second = Operand::new(0, Index::X2);
    assembler.routine("double", 1, |body| {
        body.block("", |g| Point::at(g, first).doubled().put(g, first));
    });
    assembler.routine("add", 1, |body| {
        body.block("", |g| {
            Point::at(g, first).plus(Point::at(g, second)).put(g, first);
        });
    });
    assembler.routine("times seed", 1, |body| {
        move_point(body, SUM, OTHER);
        body.set_index(Index::X1, SUM);
        body.set_index(Index::X2, OTHER);
        for run in runs(SEED, SEED.ilog2()) {
            body.repeat(run.squarings, |body| body.call("double"));
            if run.product {
                body.call("add");
            }
        }
    });
}

fn move_point(body: &mut Body, to: u8, from: u8) {
    for offset in 0..6 {
        body.plain(Instruction::Select {
            d: r(to + offset),
            a: r(from + offset),
            b: r(from + offset),
            condition: Condition::Always,
        });
    }
}

/// sum += other.
fn add(body: &mut Body, sum: u8, other: u8) {
    body.set_index(Index::X1, sum);
    body.set_index(Index::X2, other);
    body.call("add");
}

fn negate(body: &mut Body, name: &str, at: u8) {
    body.block(name, |g| {
        let y = g.input2(r(at + 2), BOUND);
        g.output2(r(at + 2), (-y).below(BOUND), BOUND);
    });
}

fn is_zero<'g>(g: &'g Graph, number: Fp<'g>, then: Fp<'g>, otherwise: Fp<'g>) -> Fp<'g> {
    select(Condition::Zero, number, g.zero(), then, otherwise)
}

fn flag(g: &Graph) -> Fp<'_> {
    g.plain(&BigUint::from(1u32))
}

/// 1 where both numbers are 0, else 0.
fn both_zero<'g>(g: &'g Graph, x: Fp2<'g>) -> Fp<'g> {
    let inner = is_zero(g, x.c1, flag(g), g.zero());
    is_zero(g, x.c0, inner, g.zero())
}

/// Parity as RFC 9380 counts it: of c0, and of c1 where that is 0. Numbers below p.
fn parity<'g>(g: &'g Graph, x: Fp2<'g>) -> Fp<'g> {
    let odd = |c: Fp<'g>| select(Condition::Odd, c, g.zero(), flag(g), g.zero());
    is_zero(g, x.c0, odd(x.c1), odd(x.c0))
}

// Registers of STATE.
const T: u8 = STATE;
const N: u8 = STATE + 2;
const D2: u8 = STATE + 4;
const NUMERATOR: u8 = STATE + 6;
const RADICAND: u8 = STATE + 8;
const PARITY: u8 = STATE + 10;
const SQUARE: u8 = STATE + 11;
const NORM_INVERSE: u8 = STATE + 12;
const NORM_U: u8 = STATE + 13;
const CUBED: u8 = STATE + 14;

fn state2(g: &Graph, at: u8) -> Fp2<'_> {
    g.input2(r(at), BOUND)
}

fn keep2(g: &Graph, at: u8, value: Fp2<'_>) {
    g.output2(r(at), value.below(BOUND), BOUND);
}

fn small(g: &Graph, c0: i32, c1: i32) -> Fp2<'_> {
    let p = &field().p;
    let number = |c: i32| (BigUint::from(c.unsigned_abs()), c < 0);
    let [c0, c1] = [c0, c1].map(|c| match number(c) {
        (c, true) => p - c,
        (c, false) => c,
    });
    g.constant2(&[c0, c1])
}

/// The simplified SWU map to the curve y² = x³ + 240i·x + 1012(1 + i), of the element at X1, to the point at X2. The same steps as
/// `host/lanes/src/hash.rs`, where they are derived: x1 = N/D, g(x1) = U/D³, c = U·D³; one power of the norm of c says whether c
/// is a square, and gives the root of the norm and its inverse; a second one gives the root of c, or of t³·c.
fn map(body: &mut Body) {
    body.block("fraction", |g| {
        let u = g.input2(Operand::new(0, Index::X1), 1);
        g.output(r(PARITY), parity(g, u), 1);
        let u = u.to_form();
        let (a, b) = (small(g, 0, 240), small(g, 1012, 1012));
        let t = u.square() * small(g, -2, -1);
        let tt = t.square() + t;
        let one = Fp2 {
            c0: g.one(),
            c1: g.zero(),
        };
        let n = ((tt + one) * b).below(BOUND);
        // A·Z = 240i·(-2 - i) where the denominator would be 0.
        let none = both_zero(g, tt.canonical());
        let d = select2(
            Condition::Zero,
            none,
            g.zero(),
            -(a * tt),
            small(g, 240, -480),
        )
        .below(BOUND);
        let d2 = d.square().below(BOUND);
        let d3 = (d2 * d).below(BOUND);
        let cubic = n * (n.square() + a * d2).below(BOUND);
        let numerator = (cubic + b * d3).below(BOUND);
        let c = (numerator * d3).below(BOUND);
        keep2(g, T, t);
        keep2(g, N, n);
        keep2(g, D2, d2);
        keep2(g, NUMERATOR, numerator);
        keep2(g, RADICAND, c);
        g.output(r(POWER_BASE), c.norm(), BOUND);
        g.output(r(NORM_U), u.norm(), BOUND);
    });
    body.call("root power");
    body.block("radicand", |g| {
        let (norm, power) = (g.input(r(POWER_BASE), BOUND), g.input(r(POWER), 2));
        let (t, c) = (state2(g, T), state2(g, RADICAND));
        let root = norm * power;
        let difference = (root.square() - norm).canonical();
        let square = is_zero(g, difference, flag(g), g.zero());
        let nu = g.input(r(NORM_U), BOUND);
        let p = &field().p;
        let root_125 = BigUint::from(125u32).modpow(&((p + 1u32) / 4u32), p);
        let other = root * g.constant(&root_125) * (nu.square() * nu);
        let root = select(Condition::Zero, square, g.zero(), other, root);
        let cubed = t.square().below(BOUND) * t;
        let radicand = select2(
            Condition::Zero,
            square,
            g.zero(),
            (cubed.below(BOUND) * c).below(BOUND),
            c,
        );
        let inverse = power.square();
        let inverse = select(Condition::Zero, square, g.zero(), -inverse, inverse);
        g.output(r(SQUARE), square, 1);
        g.output(r(NORM_INVERSE), inverse.below(BOUND), BOUND);
        keep2(g, CUBED, radicand);
        g.output(r(POWER_BASE), half_sum(g, radicand, root), BOUND);
    });
    body.call("root power");
    body.block("point", |g| {
        let (s, _) = root_of(g, state2(g, CUBED));
        let c = state2(g, RADICAND);
        let inverse = c.conjugate().times(g.input(r(NORM_INVERSE), BOUND));
        let inverse_d3 = (inverse * state2(g, NUMERATOR)).below(BOUND);
        let y = (s.below(BOUND) * inverse_d3).below(BOUND);
        let x = (state2(g, N) * state2(g, D2)).below(BOUND);
        let x = (x * inverse_d3).below(BOUND);
        let square = g.input(r(SQUARE), 1);
        let x = select2(Condition::Zero, square, g.zero(), x * state2(g, T), x);
        let same = g.input(r(PARITY), 1);
        let y = select2(Condition::Zero, same, parity(g, y.canonical()), y, -y);
        let z = Fp2 {
            c0: g.one(),
            c1: g.zero(),
        };
        Point { x, y, z }.put(g, Operand::new(0, Index::X2));
    });
}

/// (c0 + s)/2 for a root s of the norm, or c0 where that is 0: a root of its square or of its opposite is half of what is wanted.
fn half_sum<'g>(g: &'g Graph, x: Fp2<'g>, s: Fp<'g>) -> Fp<'g> {
    let half = g.constant(&((&field().p + 1u32) / 2u32));
    let t = ((x.c0 + s) * half).below(BOUND);
    is_zero(g, t.canonical(), x.c0.below(BOUND), t)
}

/// A root of x, from t = `half_sum` and w = t^((p-3)/4): (t·w)² = ±t. Also 1 where its square is x, 0 where x has none.
fn root_of<'g>(g: &'g Graph, x: Fp2<'g>) -> (Fp2<'g>, Fp<'g>) {
    let (t, w) = (g.input(r(POWER_BASE), BOUND), g.input(r(POWER), 2));
    let half = g.constant(&((&field().p + 1u32) / 2u32));
    let tw = t * w;
    let other = x.c1 * half * w;
    let difference = (tw.square() - t).canonical();
    let pick = |yes: Fp<'g>, no: Fp<'g>| select(Condition::Zero, difference, g.zero(), yes, no);
    let root = Fp2 {
        c0: pick(tw, -other),
        c1: pick(other, tw),
    };
    let wrong = (root.square() - x).canonical();
    (root, both_zero(g, wrong))
}

/// Of RFC 9380, appendix E.3: the isogeny of degree 3 to the curve of G2.
mod isogeny {
    /// The x numerator, constant term first.
    pub(super) const X_NUM: [[&str; 2]; 4] = [
        [
            "5c759507e8e333ebb5b7a9a47d7ed8532c52d39fd3a042a88b58423c50ae15d5c2638e343d9c71c6238aaaaaaaa97d6",
            "5c759507e8e333ebb5b7a9a47d7ed8532c52d39fd3a042a88b58423c50ae15d5c2638e343d9c71c6238aaaaaaaa97d6",
        ],
        [
            "0",
            "11560bf17baa99bc32126fced787c88f984f87adf7ae0c7f9a208c6b4f20a4181472aaa9cb8d555526a9ffffffffc71a",
        ],
        [
            "11560bf17baa99bc32126fced787c88f984f87adf7ae0c7f9a208c6b4f20a4181472aaa9cb8d555526a9ffffffffc71e",
            "8ab05f8bdd54cde190937e76bc3e447cc27c3d6fbd7063fcd104635a790520c0a395554e5c6aaaa9354ffffffffe38d",
        ],
        [
            "171d6541fa38ccfaed6dea691f5fb614cb14b4e7f4e810aa22d6108f142b85757098e38d0f671c7188e2aaaaaaaa5ed1",
            "0",
        ],
    ];
    /// The x denominator, without its leading 1, constant term first.
    pub(super) const X_DEN: [[&str; 2]; 2] = [
        [
            "0",
            "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaa63",
        ],
        [
            "c",
            "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaa9f",
        ],
    ];
    /// The y numerator, constant term first.
    pub(super) const Y_NUM: [[&str; 2]; 4] = [
        [
            "1530477c7ab4113b59a4c18b076d11930f7da5d4a07f649bf54439d87d27e500fc8c25ebf8c92f6812cfc71c71c6d706",
            "1530477c7ab4113b59a4c18b076d11930f7da5d4a07f649bf54439d87d27e500fc8c25ebf8c92f6812cfc71c71c6d706",
        ],
        [
            "0",
            "5c759507e8e333ebb5b7a9a47d7ed8532c52d39fd3a042a88b58423c50ae15d5c2638e343d9c71c6238aaaaaaaa97be",
        ],
        [
            "11560bf17baa99bc32126fced787c88f984f87adf7ae0c7f9a208c6b4f20a4181472aaa9cb8d555526a9ffffffffc71c",
            "8ab05f8bdd54cde190937e76bc3e447cc27c3d6fbd7063fcd104635a790520c0a395554e5c6aaaa9354ffffffffe38f",
        ],
        [
            "124c9ad43b6cf79bfbf7043de3811ad0761b0f37a1e26286b0e977c69aa274524e79097a56dc4bd9e1b371c71c718b10",
            "0",
        ],
    ];
    /// The y denominator, without its leading 1, constant term first.
    pub(super) const Y_DEN: [[&str; 2]; 3] = [
        [
            "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffa8fb",
            "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffa8fb",
        ],
        [
            "0",
            "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffa9d3",
        ],
        [
            "12",
            "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaa99",
        ],
    ];
}

/// The sum of k_i·x^i·zz^(n-i), by Horner's rule; the leading coefficient is given.
fn polynomial<'g>(
    g: &'g Graph,
    k: &[[&str; 2]],
    lead: Fp2<'g>,
    x: Fp2<'g>,
    zz: &[Fp2<'g>; 3],
) -> Fp2<'g> {
    k.iter().rev().zip(zz).fold(lead, |sum, (k, zz)| {
        let k = k.map(number);
        (sum * x + *zz * g.constant2(&k)).below(BOUND)
    })
}

fn through_isogeny<'g>(g: &'g Graph, p: Point<'g>) -> Point<'g> {
    let one = Fp2 {
        c0: g.one(),
        c1: g.zero(),
    };
    let z2 = p.z.square().below(BOUND);
    let z4 = z2.square().below(BOUND);
    let zz = [z2, z4, (z4 * z2).below(BOUND)];
    let lead = |k: &[[&str; 2]; 4]| g.constant2(&k[3].map(number));
    let x_num = polynomial(g, &isogeny::X_NUM[..3], lead(&isogeny::X_NUM), p.x, &zz);
    let x_den = (polynomial(g, &isogeny::X_DEN, one, p.x, &zz) * z2).below(BOUND);
    let y_num = polynomial(g, &isogeny::Y_NUM[..3], lead(&isogeny::Y_NUM), p.x, &zz);
    let y_num = (y_num * p.y).below(BOUND);
    let z3 = (z2 * p.z).below(BOUND);
    let y_den = (polynomial(g, &isogeny::Y_DEN, one, p.x, &zz) * z3).below(BOUND);
    let z = (x_den * y_den).below(BOUND);
    Point {
        x: (x_num * y_den).below(BOUND) * z,
        y: z.square().below(BOUND) * (x_den * y_num).below(BOUND),
        z,
    }
}

/// u0 and u1 at HASHED to a point of G2 at AFFINE. The cofactor is cleared as Budroni and Pintore do it:
/// [x² - x - 1]P + [x - 1]psi(P) + psi²(2P).
fn hash(body: &mut Body) {
    for (u, point) in [(HASHED, MAPPED), (HASHED + 2, POINT)] {
        body.set_index(Index::X1, u);
        body.set_index(Index::X2, point);
        body.call("map");
    }
    add(body, POINT, MAPPED);
    body.block("isogeny", |g| {
        let p = through_isogeny(g, Point::at(g, r(POINT)));
        p.put(g, r(POINT));
        p.put(g, r(OTHER));
    });
    body.block("psi", |g| {
        let psi = Point::at(g, r(POINT)).psi(g);
        Point { y: -psi.y, ..psi }.put(g, r(PSI));
    });
    // once = [|x|]P + P - psi(P)
    body.call("times seed");
    add(body, SUM, POINT);
    add(body, SUM, PSI);
    move_point(body, OTHER, SUM);
    body.call("times seed");
    // [|x|]once - P - psi(P) + psi²(2P)
    move_point(body, OTHER, POINT);
    negate(body, "negative", OTHER);
    add(body, SUM, OTHER);
    add(body, SUM, PSI);
    body.set_index(Index::X1, POINT);
    body.call("double");
    body.block("psi²", |g| {
        let psi = Point::at(g, r(POINT)).psi(g);
        let psi = Point {
            x: psi.x.below(BOUND),
            y: psi.y.below(BOUND),
            z: psi.z.below(BOUND),
        };
        psi.psi(g).put(g, r(POINT));
    });
    add(body, SUM, POINT);
    body.call("affine");
}

/// SUM to two numbers for x and two for y.
fn affine(body: &mut Body) {
    body.block("norm", |g| {
        let z = g.input2(r(SUM + 4), BOUND);
        g.output(r(POWER_BASE), z.norm(), BOUND);
    });
    body.call("root power");
    body.block("divide", |g| {
        let p = Point::at(g, r(SUM));
        let (norm, power) = (g.input(r(POWER_BASE), BOUND), g.input(r(POWER), 2));
        let inverse = power.square().square() * norm;
        let inverse = p.z.conjugate().times(inverse).below(BOUND);
        let squared = inverse.square().below(BOUND);
        let cubed = (squared * inverse).below(BOUND);
        g.output2(r(AFFINE), (p.x * squared).canonical(), 1);
        g.output2(r(AFFINE + 2), (p.y * cubed).canonical(), 1);
    });
}

/// The point of a compressed signature, whether there is one, and whether it is in the group: psi(P) = [x]P.
fn signature(body: &mut Body) {
    body.block("curve", |g| {
        let x = g.input2(r(COMPRESSED), 1).to_form();
        let yy = (x.square().below(BOUND) * x + small(g, 4, 4)).below(BOUND);
        keep2(g, CUBED, yy);
        keep2(g, OTHER, x);
        g.output(r(POWER_BASE), yy.norm(), BOUND);
    });
    body.call("root power");
    body.block("half", |g| {
        let (norm, power) = (g.input(r(POWER_BASE), BOUND), g.input(r(POWER), 2));
        let t = half_sum(g, state2(g, CUBED), norm * power);
        g.output(r(POWER_BASE), t, BOUND);
    });
    body.call("root power");
    body.block("root", |g| {
        let (y, found) = root_of(g, state2(g, CUBED));
        let number = y.canonical();
        let half = g.plain(&((&field().p - 1u32) / 2u32));
        let greater = |c| select(Condition::Negative, half, c, flag(g), g.zero());
        let greater = is_zero(g, number.c1, greater(number.c0), greater(number.c1));
        let wanted = g.input(r(COMPRESSED + 2), 1);
        let y = select2(Condition::Zero, greater, wanted, y, -y);
        g.output(r(ON_CURVE), found, 1);
        keep2(g, OTHER + 2, y);
        g.output2(r(AFFINE + 2), y.canonical(), 1);
        g.output2(r(AFFINE), g.input2(r(COMPRESSED), 1), 1);
        g.output2(
            r(OTHER + 4),
            Fp2 {
                c0: g.one(),
                c1: g.zero(),
            },
            BOUND,
        );
    });
    body.call("times seed");
    // x is negative: psi(P) = -[|x|]P
    body.block("membership", |g| {
        let p = Point::at(g, r(OTHER)).psi(g);
        let sum = Point::at(g, r(SUM));
        let zz = sum.z.square().below(BOUND);
        let zzz = (zz * sum.z).below(BOUND);
        let x = (p.x.below(BOUND) * zz - sum.x).canonical();
        let y = (p.y.below(BOUND) * zzz + sum.y).canonical();
        let z = sum.z.canonical();
        let finite = is_zero(g, both_zero(g, z), flag(g), g.zero());
        let y = is_zero(g, both_zero(g, y), g.zero(), finite);
        let x = is_zero(g, both_zero(g, x), g.zero(), y);
        let found = g.input(r(ON_CURVE), 1);
        g.output(r(IN_GROUP), is_zero(g, found, g.zero(), x), 1);
    });
}

/// (2^64 + scalar)·P in G1, in Jacobian coordinates, by doubling and adding always: the leading one spares us infinity, and P in
/// the group, whose order is far above 2^66, is never met again on the way.
fn multiple(body: &mut Body) {
    const X: u8 = OTHER;
    const Y: u8 = OTHER + 1;
    body.block("enter", |g| {
        let x = g.input(r(MULTIPLICAND), 1).to_form();
        let y = g.input(r(MULTIPLICAND + 1), 1).to_form();
        for (at, value) in [
            (X, x),
            (Y, y),
            (MULTIPLE, x),
            (MULTIPLE + 1, y),
            (MULTIPLE + 2, g.one()),
        ] {
            g.output(r(at), value, BOUND);
        }
    });
    body.repeat(64, |body| {
        body.block("step", |g| {
            let p = [0, 1, 2].map(|offset| g.input(r(MULTIPLE + offset), BOUND));
            let doubled = doubled_1(p).map(|c| c.below(BOUND));
            let affine = [g.input(r(X), BOUND), g.input(r(Y), BOUND)];
            let sum = plus_affine(doubled, affine);
            let scalar = g.input(r(SCALAR), 1);
            for (at, (sum, doubled)) in (MULTIPLE..).zip(sum.into_iter().zip(doubled)) {
                let chosen = select(
                    Condition::Negative,
                    scalar,
                    g.zero(),
                    sum.below(BOUND),
                    doubled,
                );
                g.output(r(at), chosen, BOUND);
            }
        });
        body.plain(Instruction::Add {
            d: r(SCALAR),
            a: r(SCALAR),
            b: r(SCALAR),
            bias: Bias::Zero,
            flags: Flags::Keep,
        });
    });
    body.block("leave", |g| {
        for at in MULTIPLE..MULTIPLE + 3 {
            let number = g.input(r(at), BOUND).canonical();
            g.output(r(at), number, 1);
        }
    });
}

fn doubled_1([x, y, z]: [Fp<'_>; 3]) -> [Fp<'_>; 3] {
    let (a, b) = (x.square(), y.square());
    let c = b.square();
    let d = ((x + b).square() - (a + c)).double();
    let e = a.triple();
    let doubled = e.square() - d.double();
    [doubled, e * (d - doubled) - c.times_pow2(3), y.double() * z]
}

fn plus_affine<'g>([x, y, z]: [Fp<'g>; 3], [ax, ay]: [Fp<'g>; 2]) -> [Fp<'g>; 3] {
    let zz = z.square();
    let h = ax * zz - x;
    let slope = ay * (zz * z) - y;
    let hh = h.square();
    let hhh = hh * h;
    let v = x * hh;
    let sum = slope.square() - (hhh + v.double());
    [sum, slope * (v - sum) - y * hhh, z * h]
}
