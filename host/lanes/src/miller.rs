//! Miller loops: eight pairs in lock-step, and rows of eight that share their squarings.
//!
//! The values differ from those of blst by factors in Fp, which the final exponentiation takes to one.

use blst::{blst_fp12, blst_p1_affine, blst_p2_affine};

use crate::Ifma;
use crate::curve::{Affine, Point, SEED};
use crate::element::{Element, ElementSum};
use crate::fp::Fp;
use crate::fp2::Fp2;
use crate::fp12::{Fp12, Line};
use crate::group::{G1, G2, Group, eight_of};
use crate::vector::Mask;

/// Rows that share one accumulator. 6 KB each: all stay in the second-level cache.
const ROWS: usize = 16;

/// Eight pairs (P, Q) on their way: T is the multiple of Q that the loop has reached.
struct Row {
    /// (-x, y) of P.
    p: Affine<Fp>,
    q: Affine<Fp2>,
    t: Point<Fp2>,
    /// Lanes that count: neither P nor Q is infinity, and there is a pair at all.
    live: Mask,
}

impl Row {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn new(isa: Ifma, p: &[blst_p1_affine], q: &[blst_p2_affine]) -> Self {
        let (infinity1, infinity2) = <(blst_p1_affine, blst_p2_affine)>::default();
        let live = p.iter().zip(q).enumerate().fold(0, |m, (i, (p, q))| {
            m | u8::from(*p != infinity1 && *q != infinity2) << i
        });
        let p = G1::load(isa, eight_of(p));
        let q = G2::load(isa, eight_of(q));
        Self {
            p: Affine {
                x: p.x.neg(),
                y: p.y,
            },
            q,
            t: q.point(),
            live: Mask(live),
        }
    }

    /// T → 2T. The tangent at T = (X, Y, Z), times 2YZ·Z³ and so without denominators, at P:
    /// (3X³ - 2Y²) + (3X²·Z²)·(-x)·v + (2YZ·Z²)·y·v·w.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn double(&mut self) -> Line {
        let Point { x, y, z } = &self.t;
        let a = x.sqr();
        let b = y.sqr();
        let zz = z.sqr();
        let c = b.sqr();
        let xb = x.mul(&b).sum().times_pow2::<2>();
        let e = (a.sum().double() + a.sum()).tight();
        let x3 = (e.sqr().sum() - xb.double()).tight();
        let y3 = (e.mul(&(xb - x3.sum()).tight()).sum() - c.sum().times_pow2::<3>()).tight();
        let z3 = y.mul(z).sum().double().tight();
        let line = Line {
            c0: (e.mul(x).sum() - b.sum().double()).tight(),
            c1: e.mul(&zz).mul_fp(&self.p.x),
            c4: z3.mul(&zz).mul_fp(&self.p.y),
        };
        self.t = Point {
            x: x3,
            y: y3,
            z: z3,
        };
        self.masked(line)
    }

    /// T → T + Q, with the chord at P: (r·X2 - Y2·Z3) + r·(-x)·v + Z3·y·v·w.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn add(&mut self) -> Line {
        let Point { x, y, z } = &self.t;
        let zz = z.sqr();
        let h = (self.q.x.mul(&zz).sum() - x.sum()).tight();
        let r = (self.q.y.mul(&zz.mul(z)).sum() - y.sum()).tight();
        let hh = h.sqr();
        let hhh = h.mul(&hh);
        let v = x.mul(&hh);
        let x3 = (r.sqr().sum() - hhh.sum() - v.sum().double()).tight();
        let y3 = (r.mul(&(v.sum() - x3.sum()).tight()).sum() - y.mul(&hhh).sum()).tight();
        let z3 = z.mul(&h);
        let line = Line {
            c0: (r.wide_mul(&self.q.x) - z3.wide_mul(&self.q.y)).reduce(),
            c1: r.mul_fp(&self.p.x),
            c4: z3.mul_fp(&self.p.y),
        };
        self.t = Point {
            x: x3,
            y: y3,
            z: z3,
        };
        self.masked(line)
    }

    /// One, in the lanes that do not count.
    #[inline(always)]
    fn masked(&self, line: Line) -> Line {
        if self.live == Mask::ALL {
            return line;
        }
        let isa = line.c0.isa();
        let zero = Fp2::zero(isa);
        Line {
            c0: Fp2::select(self.live, &line.c0, &Fp2::one(isa)),
            c1: Fp2::select(self.live, &line.c1, &zero),
            c4: Fp2::select(self.live, &line.c4, &zero),
        }
    }
}

/// Lane by lane the product of the rows' Miller values.
#[target_feature(enable = "avx512f,avx512ifma")]
fn loop_of(isa: Ifma, rows: &mut [Row]) -> Fp12 {
    let mut f = Fp12::one(isa);
    for bit in (0..63).rev() {
        if bit < 62 {
            f = f.sqr();
        }
        for row in &mut *rows {
            f = f.mul_line(&row.double());
        }
        if SEED >> bit & 1 == 1 {
            for row in &mut *rows {
                f = f.mul_line(&row.add());
            }
        }
    }
    // The parameter is negative.
    f.conjugate()
}

/// The value of each pair.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn miller_loops(
    isa: Ifma,
    p: &[blst_p1_affine],
    q: &[blst_p2_affine],
) -> Vec<blst_fp12> {
    assert_eq!(p.len(), q.len(), "as many points of G1 as of G2");
    let mut values = Vec::with_capacity(p.len());
    for (p, q) in p.chunks(8).zip(q.chunks(8)) {
        let f = loop_of(isa, &mut [Row::new(isa, p, q)]);
        values.extend_from_slice(&f.to_blst()[..p.len()]);
    }
    values
}

/// The product of all values; one for none.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn miller_product(isa: Ifma, p: &[blst_p1_affine], q: &[blst_p2_affine]) -> blst_fp12 {
    assert_eq!(p.len(), q.len(), "as many points of G1 as of G2");
    let mut product = Fp12::one(isa);
    for (p, q) in p.chunks(8 * ROWS).zip(q.chunks(8 * ROWS)) {
        let mut rows: Vec<Row> = p
            .chunks(8)
            .zip(q.chunks(8))
            .map(|(p, q)| Row::new(isa, p, q))
            .collect();
        product = product.mul(&loop_of(isa, &mut rows));
    }
    product = product.mul(&product.rotate::<4>());
    product = product.mul(&product.rotate::<2>());
    product = product.mul(&product.rotate::<1>());
    product.to_blst()[0]
}

#[cfg(test)]
mod tests;
