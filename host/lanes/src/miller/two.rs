//! The Miller loop of one or two pairs: the products of a doubling side by side in the four lanes of each pair, as they wait
//! for each other only three times.

use super::{Pairing, Row, Step, Twist, scaled, scaled_3b, steps};
use crate::across::Across;
use crate::element::{Element, ElementSum};
use crate::final_exp::Cyclotomic;
use crate::fp::Fp;
use crate::fp2::{Fp2, Sum2};
use crate::vector::Mask;

const LANE_0: Mask = Mask(0b0001_0001);
const LANE_1: Mask = Mask(0b0010_0010);
const LANE_2: Mask = Mask(0b0100_0100);

/// In both pairs' lanes the one of this number.
const fn all(from: u64) -> [u64; 8] {
    each([from; 4])
}

/// In each pair's lanes those of these numbers.
const fn each([a, b, c, d]: [u64; 4]) -> [u64; 8] {
    [a, b, c, d, a + 4, b + 4, c + 4, d + 4]
}

/// X, Y and Z side by side.
struct Two<M: Pairing> {
    t: Fp2<M>,
    /// -3x and 2y of P in the lanes 1 and 2.
    tangent: Fp2<M>,
}

/// The product of the values of the first pairs, at most two; none of their points is infinity.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(super) fn loop_of<M: Pairing>(mut row: Row<M>, pairs: usize) -> Across<M> {
    let isa = row.q.x.isa();
    let mut two = Two::new(&row);
    let mut f = Across::one(isa);
    for step in steps::<M>() {
        match step {
            Step::Square => f = f.mul(&f),
            Step::Double => f.mul_lines_side_by_side(&two.double(), pairs),
            Step::Add(summand) => {
                two.unpack(&mut row);
                f.mul_lines(&row.add(summand), pairs);
                two.pack(&row);
            }
            Step::Conjugate => f = f.conjugate(),
        }
    }
    f
}

impl<M: Pairing> Two<M> {
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn new(row: &Row<M>) -> Self {
        const PAIR: [u64; 8] = [0, 0, 0, 0, 1, 1, 1, 1];
        let (x, y) = (row.tangent.x.permute(&PAIR), row.tangent.y.permute(&PAIR));
        let mut two = Self {
            t: row.q.x,
            tangent: Fp2 {
                c0: Fp::select(LANE_1, &x, &y),
                c1: Fp::zero(x.isa()),
            },
        };
        two.pack(row);
        two
    }

    /// From lane 0 and 1 of each coordinate.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn pack(&mut self, row: &Row<M>) {
        const PAIR: [u64; 8] = [0, 0, 0, 0, 1, 1, 1, 1];
        let (x, y) = (row.t.x.permute(&PAIR), row.t.y.permute(&PAIR));
        let z = row.t.z.permute(&PAIR);
        self.t = Fp2::select(LANE_0, &x, &Fp2::select(LANE_1, &y, &z));
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn unpack(&self, row: &mut Row<M>) {
        row.t.x = self.t.permute(&[0, 4, 0, 0, 0, 0, 0, 0]);
        row.t.y = self.t.permute(&[1, 5, 1, 1, 1, 1, 1, 1]);
        row.t.z = self.t.permute(&[2, 6, 2, 2, 2, 2, 2, 2]);
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
}

/// The first in lane 0, the second in lanes 1 and 2, the third in lane 3.
#[inline(always)]
fn pick<M: Pairing>(first: &Fp2<M>, second: &Fp2<M>, third: &Fp2<M>) -> Fp2<M> {
    Fp2::select(LANE_0, first, &Fp2::select(LANE_1 | LANE_2, second, third))
}
