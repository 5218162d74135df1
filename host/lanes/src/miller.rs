//! Miller loops: eight pairs in lock-step, rows of eight that share their squarings, and the product of a few pairs.
//!
//! The values differ from those of blst by factors in Fp, which the final exponentiation takes to one.

mod two;

use blst::{blst_fp12, blst_p1_affine, blst_p2_affine};

use crate::Ifma;
use crate::across::Across;
use crate::curve::{Affine, SEED};
use crate::element::{Element, ElementSum};
use crate::final_exp::Cyclotomic;
use crate::fp::Fp;
use crate::fp2::Fp2;
use crate::fp12::{Fp12, Line};
use crate::group::{G1, G2};
use crate::points::{Points, eight_of};
use crate::vector::Mask;

/// Rows that share one accumulator. 6 KB each: all stay in the second-level cache.
const ROWS: usize = 16;

/// Up to this many pairs one accumulator across the lanes is faster than eight in lock-step.
const FEW: usize = 8;

/// Eight pairs (P, Q) on their way.
struct Row {
    /// (-x, y) of P, for chords.
    chord: Affine<Fp>,
    /// (-3x, 2y) of P, for tangents.
    tangent: Affine<Fp>,
    q: Affine<Fp2>,
    /// The multiple of Q that the loop has reached.
    t: Projective,
    /// Lanes that count: neither P nor Q is infinity, and there is a pair at all.
    live: Mask,
}

/// (X/Z, Y/Z): here cheaper than Jacobian coordinates, because tangents come out of the doubling almost for nothing.
struct Projective {
    x: Fp2,
    y: Fp2,
    z: Fp2,
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
        let x = -p.x.sum();
        Self {
            chord: Affine {
                x: x.tight(),
                y: p.y,
            },
            tangent: Affine {
                x: (x + x + x).tight(),
                y: (p.y.sum() + p.y.sum()).tight(),
            },
            q,
            t: Projective {
                x: q.x,
                y: q.y,
                z: Fp2::one(isa),
            },
            live: Mask(live),
        }
    }

    /// T → 2T: Aranha and others, "Faster explicit formulas for computing pairings over ordinary curves", times 4.
    ///
    /// With E = 3b·Z², b = 4(1 + i): (2XY(Y² - 3E), (Y² + 3E)² - 12E², 8Y³Z). The tangent times 2YZ, at P:
    /// (Y² - E) - 3X²·x·v + 2YZ·y·v·w.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn double(&mut self) -> Line {
        let Projective { x, y, z } = &self.t;
        let b = y.sqr();
        let c = z.sqr().sum().times_xi().times_pow2::<2>();
        let e = (c.double() + c).tight();
        let f = e.sum().double() + e.sum();
        let yz = y.mul(z);
        let mut line = Line {
            c0: (b.sum() - e.sum()).tight(),
            c1: x.sqr().mul_fp(&self.tangent.x),
            c4: yz.mul_fp(&self.tangent.y),
        };
        let ee = e.sqr().sum().times_pow2::<2>();
        self.t.x = x.mul(y).mul(&(b.sum() - f).double().tight());
        self.t.y = ((b.sum() + f).tight().sqr().sum() - ee.double() - ee).tight();
        self.t.z = b.mul(&yz).sum().times_pow2::<3>().tight();
        self.mask(&mut line);
        line
    }

    /// T → T + Q, with u = y·Z - Y and v = x·Z - X: (v·a, u(v²X - a) - v³Y, v³Z) for a = u²Z - v³ - 2v²X.
    /// The chord times v, at P: (u·x - v·y) - u·xp·v + v·yp·v·w.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn add(&mut self) -> Line {
        let Projective { x, y, z } = &self.t;
        let u = (self.q.y.mul(z).sum() - y.sum()).tight();
        let v = (self.q.x.mul(z).sum() - x.sum()).tight();
        let vv = v.sqr();
        let vvv = vv.mul(&v);
        let vvx = vv.mul(x).sum();
        let a = u.sqr().mul(z).sum() - vvv.sum() - vvx.double();
        let mut line = Line {
            c0: (u.mul(&self.q.x).sum() - v.mul(&self.q.y).sum()).tight(),
            c1: u.mul_fp(&self.chord.x),
            c4: v.mul_fp(&self.chord.y),
        };
        self.t = Projective {
            x: v.mul(&a.tight()),
            y: (u.mul(&(vvx - a).tight()).sum() - vvv.mul(y).sum()).tight(),
            z: vvv.mul(z),
        };
        self.mask(&mut line);
        line
    }

    /// One, in the lanes that do not count.
    #[inline(always)]
    fn mask(&self, line: &mut Line) {
        if self.live == Mask::ALL {
            return;
        }
        let isa = line.c0.isa();
        let zero = Fp2::zero(isa);
        line.c0 = Fp2::select(self.live, &line.c0, &Fp2::one(isa));
        line.c1 = Fp2::select(self.live, &line.c1, &zero);
        line.c4 = Fp2::select(self.live, &line.c4, &zero);
    }
}

/// Lane by lane the product of the rows' Miller values.
#[target_feature(enable = "avx512f,avx512ifma")]
fn loop_of(isa: Ifma, rows: &mut [Row]) -> Fp12 {
    let mut f = Fp12::one(isa);
    for bit in (0..63).rev() {
        if bit < 62 {
            f.square();
        }
        for row in &mut *rows {
            f.mul_line(&row.double());
        }
        if SEED >> bit & 1 == 1 {
            for row in &mut *rows {
                f.mul_line(&row.add());
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

/// The product of the values of up to eight pairs, in one accumulator across the lanes.
#[target_feature(enable = "avx512f,avx512ifma")]
fn loop_of_few(isa: Ifma, p: &[blst_p1_affine], q: &[blst_p2_affine]) -> blst_fp12 {
    let mut row = Row::new(isa, p, q);
    if p.len() <= 2 && row.live.0.count_ones() as usize == p.len() {
        return two::loop_of(row, p.len()).to_blst();
    }
    let mut f = Across::one(isa);
    for bit in (0..63).rev() {
        if bit < 62 {
            f = f.mul(&f);
        }
        f.mul_lines(&row.double(), p.len());
        if SEED >> bit & 1 == 1 {
            f.mul_lines(&row.add(), p.len());
        }
    }
    // The parameter is negative.
    f.conjugate().to_blst()
}

/// The product of all values; one for none.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn miller_product(isa: Ifma, p: &[blst_p1_affine], q: &[blst_p2_affine]) -> blst_fp12 {
    assert_eq!(p.len(), q.len(), "as many points of G1 as of G2");
    if (1..=FEW).contains(&p.len()) {
        return loop_of_few(isa, p, q);
    }
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
