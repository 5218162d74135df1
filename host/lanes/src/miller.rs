//! Miller loops: eight pairs in lock-step, rows of eight that share their squarings, and the product of a few pairs.
//!
//! The values differ from those of the scalar libraries by factors in Fp2, which the final exponentiation takes to one.

mod two;

use crate::Ifma;
use crate::across::Across;
use crate::curve::Affine;
use crate::element::{Element, ElementSum};
use crate::final_exp::Cyclotomic;
use crate::fp::Fp;
use crate::fp2::{Fp2, Sum2, Tower};
use crate::fp12::{Fp12, Line};
use crate::points::{Points, eight_of};
use crate::twist::{psi, psi2};
use crate::vector::Mask;

/// What the pairing of one curve y² = x³ + b has that others' have not.
pub(crate) trait Pairing: Tower {
    type G1: Points<F = Fp<Self>>;
    /// On the twist y² = x³ + b'.
    type G2: Points<F = Fp2<Self>>;

    const TWIST: Twist;
    /// 3b times: at most 12 times.
    fn times_3b(x: Sum2<Self>) -> Sum2<Self>;
    /// The factors of ψ's x and y, and of ψ²'s x.
    const PSI_X: [Self::Limbs<u64>; 2];
    const PSI_Y: [Self::Limbs<u64>; 2];
    const PSI2_X: Self::Limbs<u64>;

    /// The signed digits of the loop's number below the highest, from the top.
    const LOOP: &'static [i8];
    /// What follows the loop.
    const LAST: &'static [Step];
    /// At which powers of w the coefficients of a line stand: the constant one, that of x, that of y.
    const LINE: [usize; 3] = match Self::TWIST {
        Twist::Multiplied => [0, 2, 3],
        Twist::Divided => [3, 1, 0],
    };
    /// Up to this many pairs one accumulator across the lanes is faster than eight in lock-step.
    const FEW: usize;

    /// From this many values on eight final exponentiations in lock-step are faster than one after the other, each across the
    /// lanes.
    const LOCK_STEP_FROM: usize;
    /// The rest of the final exponentiation, of values in the cyclotomic subgroup, where the conjugate is the inverse.
    fn hard_part<F: Cyclotomic>(f: &F) -> F;
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Twist {
    /// b' = bξ.
    Multiplied,
    /// b' = b/ξ.
    Divided,
}

/// One step of a Miller loop.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    /// The accumulator, not in the beginning.
    Square,
    /// T, and the tangent's line into the accumulator.
    Double,
    /// To T, and the chord's line into the accumulator.
    Add(Summand),
    /// The accumulator: the loop's number is negative.
    Conjugate,
}

#[derive(Clone, Copy)]
pub(crate) enum Summand {
    Q,
    MinusQ,
    PsiQ,
    MinusPsi2Q,
}

fn steps<M: Pairing>() -> impl Iterator<Item = Step> {
    let looped = M::LOOP.iter().enumerate().flat_map(|(nth, digit)| {
        let square = (nth > 0).then_some(Step::Square);
        let add = match digit {
            1 => Some(Step::Add(Summand::Q)),
            -1 => Some(Step::Add(Summand::MinusQ)),
            _ => None,
        };
        square.into_iter().chain([Step::Double]).chain(add)
    });
    looped.chain(M::LAST.iter().copied())
}

/// Rows that share one accumulator. 6 KB each: all stay in the second-level cache.
const ROWS: usize = 16;

/// Eight pairs (P, Q) on their way.
struct Row<M: Pairing> {
    /// (-x, y) of P, for chords.
    chord: Affine<Fp<M>>,
    /// (-3x, 2y) of P, for tangents.
    tangent: Affine<Fp<M>>,
    q: Affine<Fp2<M>>,
    /// The multiple of Q that the loop has reached.
    t: Projective<M>,
    /// Lanes that count: neither P nor Q is infinity, and there is a pair at all.
    live: Mask,
}

/// (X/Z, Y/Z): here cheaper than Jacobian coordinates, because tangents come out of the doubling almost for nothing.
struct Projective<M: Pairing> {
    x: Fp2<M>,
    y: Fp2<M>,
    z: Fp2<M>,
}

pub(crate) type Point1<M> = <<M as Pairing>::G1 as Points>::Stored;
pub(crate) type Point2<M> = <<M as Pairing>::G2 as Points>::Stored;

/// Where b' = b/ξ, ξ times.
#[inline(always)]
fn scaled<M: Pairing>(x: Sum2<M>) -> Sum2<M> {
    match M::TWIST {
        Twist::Multiplied => x,
        Twist::Divided => x.times_xi(),
    }
}

/// 3b'·x, ξ times that where b' = b/ξ: no product is needed for either.
#[inline(always)]
fn scaled_3b<M: Pairing>(x: Sum2<M>) -> Sum2<M> {
    match M::TWIST {
        Twist::Multiplied => M::times_3b(x.times_xi()),
        Twist::Divided => M::times_3b(x),
    }
}

impl<M: Pairing> Row<M> {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn new(isa: Ifma, p: &[Point1<M>], q: &[Point2<M>]) -> Self {
        let (infinity1, infinity2) = (Point1::<M>::default(), Point2::<M>::default());
        let live = p.iter().zip(q).enumerate().fold(0, |m, (i, (p, q))| {
            m | u8::from(*p != infinity1 && *q != infinity2) << i
        });
        let p = M::G1::load(isa, eight_of(p));
        let q = M::G2::load(isa, eight_of(q));
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
    /// With E = 3b'·Z²: (2XY(Y² - 3E), (Y² + 3E)² - 12E², 8Y³Z). The tangent times 2YZ, at P:
    /// (Y² - E), -3X²·x, 2YZ·y. Where b' = b/ξ, B = ξY² takes the place of Y² and ξE that of E: the point comes out times ξ²
    /// and the line times ξ, if what is not a product of two of these is multiplied by ξ.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn double(&mut self) -> Line<M> {
        let Projective { x, y, z } = &self.t;
        let (mut b, mut xx, mut yz) = (y.sqr(), x.sqr(), y.mul(z));
        if M::TWIST == Twist::Divided {
            b = b.sum().times_xi().tight();
            xx = xx.sum().times_xi().tight();
            yz = yz.sum().times_xi().tight();
        }
        let e = scaled_3b(z.sqr().sum()).tight();
        let f = e.sum().double() + e.sum();
        let mut line = Line {
            constant: (b.sum() - e.sum()).tight(),
            x: xx.mul_fp(&self.tangent.x),
            y: yz.mul_fp(&self.tangent.y),
        };
        let ee = e.sqr().sum().times_pow2::<2>();
        self.t.x = x.mul(y).mul(&scaled((b.sum() - f).double()).tight());
        self.t.y = ((b.sum() + f).tight().sqr().sum() - ee.double() - ee).tight();
        self.t.z = b.mul(&yz).sum().times_pow2::<3>().tight();
        self.mask(&mut line);
        line
    }

    #[inline(always)]
    fn summand(&self, summand: Summand) -> Affine<Fp2<M>> {
        match summand {
            Summand::Q => self.q,
            Summand::MinusQ => self.q.neg(),
            Summand::PsiQ => psi(&self.q),
            Summand::MinusPsi2Q => psi2(&self.q).neg(),
        }
    }

    /// T → T + Q, with u = y·Z - Y and v = x·Z - X: (v·a, u(v²X - a) - v³Y, v³Z) for a = u²Z - v³ - 2v²X.
    /// The chord times v, at P: (u·x - v·y), -u·xp, v·yp.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn add(&mut self, summand: Summand) -> Line<M> {
        let q = self.summand(summand);
        let Projective { x, y, z } = &self.t;
        let u = (q.y.mul(z).sum() - y.sum()).tight();
        let v = (q.x.mul(z).sum() - x.sum()).tight();
        let vv = v.sqr();
        let vvv = vv.mul(&v);
        let vvx = vv.mul(x).sum();
        let a = u.sqr().mul(z).sum() - vvv.sum() - vvx.double();
        let mut line = Line {
            constant: (u.mul(&q.x).sum() - v.mul(&q.y).sum()).tight(),
            x: u.mul_fp(&self.chord.x),
            y: v.mul_fp(&self.chord.y),
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
    fn mask(&self, line: &mut Line<M>) {
        if self.live == Mask::ALL {
            return;
        }
        let isa = line.x.isa();
        for (coefficient, power) in [&mut line.constant, &mut line.x, &mut line.y]
            .into_iter()
            .zip(M::LINE)
        {
            let neutral = if power == 0 {
                Fp2::one(isa)
            } else {
                Fp2::zero(isa)
            };
            *coefficient = Fp2::select(self.live, coefficient, &neutral);
        }
    }
}

/// Lane by lane the product of the rows' Miller values.
#[target_feature(enable = "avx512f,avx512ifma")]
fn loop_of<M: Pairing>(isa: Ifma, rows: &mut [Row<M>]) -> Fp12<M> {
    let mut f = Fp12::one(isa);
    for step in steps::<M>() {
        match step {
            Step::Square => f.square(),
            Step::Double => {
                for row in &mut *rows {
                    f.mul_line(&row.double());
                }
            }
            Step::Add(summand) => {
                for row in &mut *rows {
                    f.mul_line(&row.add(summand));
                }
            }
            Step::Conjugate => f = f.conjugate(),
        }
    }
    f
}

/// The value of each pair.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn miller_loops<M: Pairing>(
    isa: Ifma,
    p: &[Point1<M>],
    q: &[Point2<M>],
) -> Vec<M::Scalar12> {
    assert_eq!(p.len(), q.len(), "as many points of G1 as of G2");
    let mut values = Vec::with_capacity(p.len());
    for (p, q) in p.chunks(8).zip(q.chunks(8)) {
        let f = loop_of::<M>(isa, &mut [Row::new(isa, p, q)]);
        values.extend_from_slice(&f.to_scalar()[..p.len()]);
    }
    values
}

/// The product of the values of a few pairs, in one accumulator across the lanes.
#[target_feature(enable = "avx512f,avx512ifma")]
fn loop_of_few<M: Pairing>(isa: Ifma, p: &[Point1<M>], q: &[Point2<M>]) -> M::Scalar12 {
    let mut row = Row::<M>::new(isa, p, q);
    if p.len() <= 2 && row.live.0.count_ones() as usize == p.len() {
        return two::loop_of(&row, p.len()).to_scalar();
    }
    let mut f = Across::<M>::one(isa);
    for step in steps::<M>() {
        match step {
            Step::Square => f = f.mul(&f),
            Step::Double => f.mul_lines(&row.double(), p.len()),
            Step::Add(summand) => f.mul_lines(&row.add(summand), p.len()),
            Step::Conjugate => f = f.conjugate(),
        }
    }
    f.to_scalar()
}

/// The product of all values; one for none.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn miller_product<M: Pairing>(
    isa: Ifma,
    p: &[Point1<M>],
    q: &[Point2<M>],
) -> M::Scalar12 {
    assert_eq!(p.len(), q.len(), "as many points of G1 as of G2");
    if (1..=M::FEW).contains(&p.len()) {
        return loop_of_few::<M>(isa, p, q);
    }
    let mut product = Fp12::<M>::one(isa);
    for (p, q) in p.chunks(8 * ROWS).zip(q.chunks(8 * ROWS)) {
        let mut rows: Vec<Row<M>> = p
            .chunks(8)
            .zip(q.chunks(8))
            .map(|(p, q)| Row::new(isa, p, q))
            .collect();
        product = product.mul(&loop_of(isa, &mut rows));
    }
    product = product.mul(&product.rotate::<4>());
    product = product.mul(&product.rotate::<2>());
    product = product.mul(&product.rotate::<1>());
    product.to_scalar()[0]
}

#[cfg(test)]
mod tests;
