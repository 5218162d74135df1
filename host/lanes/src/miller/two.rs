//! The Miller loop of one or two pairs: the products of a step side by side in the four lanes of each pair, as those of a
//! doubling wait for each other only three times, and those of an addition four times.

use super::{Pairing, Row, Step, Summand, Twist, scaled, scaled_3b, steps};
use crate::across::Across;
use crate::element::{Element, ElementSum};
use crate::final_exp::Cyclotomic;
use crate::four::{LANE_0, LANE_1, LANE_2, LANE_3, all, each, spread};
use crate::fp::Fp;
use crate::fp2::{Fp2, Sum2};

/// From the first two lanes of a row.
const SPREAD: [u64; 8] = spread([0, 1]);

/// The loop's points and what stays the same: whatever is no coordinate of a point has no imaginary part.
struct Two<M: Pairing> {
    /// X, Y, Z, Z.
    t: Fp2<M>,
    /// Of P: -3x and 2y in the lanes 1 and 2.
    tangent: Fp2<M>,
    /// Of P: -x in lane 3.
    chord: Fp2<M>,
}

/// A point Q that is added.
struct Addend<M: Pairing> {
    /// y, x, the y of P, x times that.
    first: Fp2<M>,
    /// x and y in the lanes 2 and 3.
    second: Fp2<M>,
}

/// The product of the values of the first pairs, at most two; none of their points is infinity.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn loop_of<M: Pairing>(row: &Row<M>, pairs: usize) -> Across<M> {
    let mut two = Two::new(row);
    let (q, minus_q) = (
        Addend::new(row, Summand::Q),
        Addend::new(row, Summand::MinusQ),
    );
    let mut f = Across::one(row.q.x.isa());
    for step in steps::<M>() {
        let lines = match step {
            Step::Square => {
                f = f.mul(&f);
                continue;
            }
            Step::Conjugate => {
                f = f.conjugate();
                continue;
            }
            Step::Double => two.double(),
            Step::Add(Summand::Q) => two.add(&q),
            Step::Add(Summand::MinusQ) => two.add(&minus_q),
            Step::Add(summand) => two.add(&Addend::new(row, summand)),
        };
        f.mul_lines_side_by_side(&lines, pairs);
    }
    f
}

impl<M: Pairing> Addend<M> {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn new(row: &Row<M>, summand: Summand) -> Self {
        let q = row.summand(summand);
        let (x, y) = (q.x.permute(&SPREAD), q.y.permute(&SPREAD));
        let yp = real(row.chord.y.permute(&SPREAD));
        let last = Fp2::select(LANE_2, &yp, &x.mul_fp(&yp.c0));
        Self {
            first: Fp2::select(LANE_0, &y, &Fp2::select(LANE_1, &x, &last)),
            second: Fp2::select(LANE_2, &x, &y),
        }
    }
}

#[inline(always)]
fn real<M: Pairing>(c0: Fp<M>) -> Fp2<M> {
    let c1 = Fp::zero(c0.isa());
    Fp2 { c0, c1 }
}

impl<M: Pairing> Two<M> {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn new(row: &Row<M>) -> Self {
        let (x, y) = (row.q.x.permute(&SPREAD), row.q.y.permute(&SPREAD));
        let one = Fp2::one(x.isa());
        let tangent = [&row.tangent.x, &row.tangent.y].map(|x| x.permute(&SPREAD));
        Self {
            t: Fp2::select(LANE_0, &x, &Fp2::select(LANE_1, &y, &one)),
            tangent: real(Fp::select(LANE_1, &tangent[0], &tangent[1])),
            chord: real(row.chord.x.permute(&SPREAD)),
        }
    }

    /// T → 2T as `Row::double` has it, and the tangent's coefficients side by side.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn double(&mut self) -> Fp2<M> {
        // Y, Z, X, Y times Y, Z, X, Z
        let left = self.t.permute(&each([1, 2, 0, 1]));
        let mut first = left.mul(&self.t.permute(&each([1, 2, 0, 2])));
        let e = scaled_3b(first.permute(&all(1)).sum()).tight();
        if M::TWIST == Twist::Divided {
            first = first.sum().times_xi().tight();
        }
        let b = first.permute(&all(0));
        let f = e.sum().double() + e.sum();
        let difference = scaled((b.sum() - f).double()).tight();
        let sum = (b.sum() + f).tight();
        // X, E, B + F, B times 2(B - F), E, B + F, YZ
        let middle = Fp2::select(LANE_1, &e, &sum);
        let second = pick(&self.t, &middle, &b).mul(&pick(&difference, &middle, &first));
        // 2X(B - F), X², YZ times Y, -3x, 2y
        let shifted = first.permute(&each([0, 2, 3, 3]));
        let third =
            Fp2::select(LANE_0, &second, &shifted).mul(&Fp2::select(LANE_0, &left, &self.tangent));
        let moved = second.permute(&each([0, 2, 3, 3])).sum();
        let ee = second.sum().times_pow2::<2>();
        let y = moved - ee.double() - ee;
        let yz = Sum2::select(LANE_1, &y, &moved.times_pow2::<3>());
        self.t = Sum2::select(LANE_0, &third.sum(), &yz).tight();
        Fp2::select(LANE_0, &(b.sum() - e.sum()).tight(), &third)
    }

    /// T → T + Q as `Row::add` has it, and the chord's coefficients side by side.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn add(&mut self, q: &Addend<M>) -> Fp2<M> {
        let t = &self.t;
        // Z, Z, X, Z times y, x, yp, x·yp
        let first = t.permute(&each([2, 2, 0, 2])).mul(&q.first);
        let subtrahend = Fp2::select(
            LANE_3,
            &first.permute(&all(2)),
            &t.permute(&each([1, 0, 0, 0])),
        );
        // u, v, nothing, v·yp
        let uv = (first.sum() - subtrahend.sum()).tight();
        let vu = uv.permute(&each([1, 0, 0, 1]));
        // v, u, u, v times v, u, x, y
        let second = vu.mul(&Fp2::select(LANE_0 | LANE_1, &vu, &q.second));
        // v², v², u², u times v, X, Z, -xp
        let left = Fp2::select(
            LANE_3,
            &uv.permute(&all(0)),
            &second.permute(&each([0, 0, 1, 1])),
        );
        let right = Fp2::select(LANE_3, &self.chord, &t.permute(&each([0, 0, 2, 2])));
        let third = left.mul(&Fp2::select(LANE_0, &vu, &right));
        let (vvv, vvx) = (third.permute(&all(0)), third.permute(&all(1)).sum());
        let a = third.permute(&all(2)).sum() - vvv.sum() - vvx.double();
        let sums = Sum2::select(LANE_0, &a, &(vvx - a)).tight();
        // v, u, v³, v³ times a, v²X - a, Y, Z
        let right = Fp2::select(LANE_0 | LANE_1, &sums, &t.permute(&each([1, 1, 1, 2])));
        let fourth = Fp2::select(LANE_0 | LANE_1, &vu, &vvv).mul(&right);
        let moved = fourth.permute(&each([0, 1, 3, 3])).sum();
        let y = moved - fourth.permute(&all(2)).sum();
        self.t = Sum2::select(LANE_1, &y, &moved).tight();
        let constant = second.permute(&all(2)).sum() - second.permute(&all(3)).sum();
        let coordinates = Fp2::select(LANE_1, &third.permute(&all(3)), &uv.permute(&all(3)));
        Fp2::select(LANE_0, &constant.tight(), &coordinates)
    }
}

/// The first in lane 0, the second in lanes 1 and 2, the third in lane 3.
#[inline(always)]
fn pick<M: Pairing>(first: &Fp2<M>, second: &Fp2<M>, third: &Fp2<M>) -> Fp2<M> {
    Fp2::select(LANE_0, first, &Fp2::select(LANE_1 | LANE_2, second, third))
}
