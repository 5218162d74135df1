//! Optimal ate Miller loops of BN254: eight pairs in lock-step, rows of eight that share their squarings, and the
//! product of a few pairs.
//!
//! The values differ from those of arkworks by factors in Fp2, which the final exponentiation takes to one.

use ark_bn254::{Fq12, G1Affine, G2Affine};

use super::across::Across;
use super::fp::{Fp, Limbs};
use super::fp2::Fp2;
use super::fp12::{Fp12, Line};
use super::group::{G1, G2, psi, psi2};
use crate::Ifma;
use crate::curve::Affine;
use crate::element::{Element, ElementSum};
use crate::final_exp::Cyclotomic;
use crate::points::{Points, eight_of};
use crate::vector::Mask;

/// Rows that share one accumulator. 4 KB each: all stay in the second-level cache.
const ROWS: usize = 16;

/// Up to this many pairs one accumulator across the lanes is faster than eight in lock-step.
const FEW: usize = 4;

/// The digits of 6u + 2 below the highest, from the top.
const LOOP: [i8; 64] = [
    1, 0, 1, 0, 0, 0, -1, 0, -1, 0, 0, 0, -1, 0, 1, 0, -1, 0, 0, -1, 0, 0, 0, 0, 0, 1, 0, 0, -1, 0,
    1, 0, 0, -1, 0, 0, 0, 0, -1, 0, 1, 0, 0, 0, -1, 0, -1, 0, 0, 1, 0, 0, 0, -1, 0, 0, -1, 0, 1, 0,
    1, 0, 0, 0,
];

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
    fn new(isa: Ifma, p: &[G1Affine], q: &[G2Affine]) -> Self {
        let live = p.iter().zip(q).enumerate().fold(0, |m, (i, (p, q))| {
            m | u8::from(!p.infinity && !q.infinity) << i
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
    /// With E = 3b·Z², b = 3 / (9 + i): (2XY(Y² - 3E), (Y² + 3E)² - 12E², 8Y³Z). The tangent times 2YZ, at P:
    /// 2YZ·y - 3X²·x·w + (Y² - E)·v·w.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn double(&mut self) -> Line {
        let Projective { x, y, z } = &self.t;
        let b = y.sqr();
        let e = z.sqr().mul(&Fp2::splat(z.isa(), &consts::TWIST_3B));
        let f = e.sum().double() + e.sum();
        let yz = y.mul(z);
        let mut line = Line {
            c0: yz.mul_fp(&self.tangent.y),
            c3: x.sqr().mul_fp(&self.tangent.x),
            c4: (b.sum() - e.sum()).tight(),
        };
        let ee = e.sqr().sum().times_pow2::<2>();
        self.t.x = x.mul(y).mul(&(b.sum() - f).double().tight());
        self.t.y = ((b.sum() + f).tight().sqr().sum() - ee.double() - ee).tight();
        self.t.z = b.mul(&yz).sum().times_pow2::<3>().tight();
        self.mask(&mut line);
        line
    }

    /// T → T + Q, with u = y·Z - Y and v = x·Z - X: (v·a, u(v²X - a) - v³Y, v³Z) for a = u²Z - v³ - 2v²X.
    /// The chord times v, at P: v·yp - u·xp·w + (u·x - v·y)·v·w.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn add(&mut self, q: &Affine<Fp2>) -> Line {
        let Projective { x, y, z } = &self.t;
        let u = (q.y.mul(z).sum() - y.sum()).tight();
        let v = (q.x.mul(z).sum() - x.sum()).tight();
        let vv = v.sqr();
        let vvv = vv.mul(&v);
        let vvx = vv.mul(x).sum();
        let a = u.sqr().mul(z).sum() - vvv.sum() - vvx.double();
        let mut line = Line {
            c0: v.mul_fp(&self.chord.y),
            c3: u.mul_fp(&self.chord.x),
            c4: (u.mul(&q.x).sum() - v.mul(&q.y).sum()).tight(),
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
        line.c3 = Fp2::select(self.live, &line.c3, &zero);
        line.c4 = Fp2::select(self.live, &line.c4, &zero);
    }
}

/// Lane by lane the product of the rows' Miller values: the loop over 6u + 2, then the lines through ψ(Q) and -ψ²(Q).
#[target_feature(enable = "avx512f,avx512ifma")]
fn loop_of(isa: Ifma, rows: &mut [Row]) -> Fp12 {
    let mut f = Fp12::one(isa);
    for (nth, digit) in LOOP.into_iter().enumerate() {
        if nth > 0 {
            f.square();
        }
        for row in &mut *rows {
            f.mul_line(&row.double());
        }
        if digit != 0 {
            for row in &mut *rows {
                let q = if digit == 1 { row.q } else { row.q.neg() };
                f.mul_line(&row.add(&q));
            }
        }
    }
    for row in rows {
        let (first, second) = (psi(&row.q), psi2(&row.q).neg());
        f.mul_line(&row.add(&first));
        f.mul_line(&row.add(&second));
    }
    f
}

/// The value of each pair.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn miller_loops(isa: Ifma, p: &[G1Affine], q: &[G2Affine]) -> Vec<Fq12> {
    assert_eq!(p.len(), q.len(), "as many points of G1 as of G2");
    let mut values = Vec::with_capacity(p.len());
    for (p, q) in p.chunks(8).zip(q.chunks(8)) {
        let f = loop_of(isa, &mut [Row::new(isa, p, q)]);
        values.extend_from_slice(&f.to_ark()[..p.len()]);
    }
    values
}

/// The product of the values of a few pairs, in one accumulator across the lanes.
#[target_feature(enable = "avx512f,avx512ifma")]
fn loop_of_few(isa: Ifma, p: &[G1Affine], q: &[G2Affine]) -> Fq12 {
    let mut row = Row::new(isa, p, q);
    let mut f = Across::one(isa);
    for (nth, digit) in LOOP.into_iter().enumerate() {
        if nth > 0 {
            f = f.mul(&f);
        }
        f.mul_lines(&row.double(), p.len());
        if digit != 0 {
            let q = if digit == 1 { row.q } else { row.q.neg() };
            f.mul_lines(&row.add(&q), p.len());
        }
    }
    let (first, second) = (psi(&row.q), psi2(&row.q).neg());
    f.mul_lines(&row.add(&first), p.len());
    f.mul_lines(&row.add(&second), p.len());
    f.to_ark()
}

/// The product of all values; one for none.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn miller_product(isa: Ifma, p: &[G1Affine], q: &[G2Affine]) -> Fq12 {
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
    product.to_ark()[0]
}

mod consts {
    use super::Limbs;

    /// 9 / (9 + i): three times the b of G2's curve.
    pub(super) const TWIST_3B: [Limbs; 2] = [
        [
            0x6_f770_00ec_e184,
            0xe_7799_f259_eca2,
            0xf_cf04_d713_e21a,
            0x0_e995_732c_f638,
            0x0_25ca_2144_fde5,
        ],
        [
            0xb_da50_80f2_e609,
            0xf_a4e3_0b11_d6f5,
            0xe_bec7_9585_a03c,
            0xd_e6ea_586e_3bff,
            0x0_0bee_883b_1268,
        ],
    ];
}

#[cfg(test)]
mod tests;
