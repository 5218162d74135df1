//! Multiples of two points by one scalar: the products of a doubling side by side, as they wait for each other only twice.

use super::Point;
use crate::element::{Element, ElementSum};
use crate::four::{LANE_0, LANE_1, all, each, spread};
use crate::fp::Field;
use crate::fp2::{Fp2, Sum2};

/// `scalar` times the points of these two lanes, in all of the first four lanes and in all of the last four: as
/// [`Point::times`] has it.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn times<M: Field>(p: &Point<Fp2<M>>, lanes: [usize; 2], scalar: u64) -> Point<Fp2<M>> {
    let p = p.permute(&spread(lanes.map(|lane| lane as u64)));
    let mut t = pack(&p);
    for bit in (0..scalar.ilog2()).rev() {
        t = double(&t);
        if scalar >> bit & 1 == 1 {
            t = pack(&unpack(&t).add_distinct(&p));
        }
    }
    unpack(&t)
}

/// X, Y, Z, Z.
#[inline(always)]
fn pack<M: Field>(p: &Point<Fp2<M>>) -> Fp2<M> {
    Fp2::select(LANE_0, &p.x, &Fp2::select(LANE_1, &p.y, &p.z))
}

#[inline(always)]
fn unpack<M: Field>(t: &Fp2<M>) -> Point<Fp2<M>> {
    Point {
        x: t.permute(&all(0)),
        y: t.permute(&all(1)),
        z: t.permute(&all(2)),
    }
}

/// T → 2T as `Point::double` has it.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512ifma")]
fn double<M: Field>(t: &Fp2<M>) -> Fp2<M> {
    // X, Y, Y, Y times X, Y, Z, Z
    let first = t.permute(&each([0, 1, 1, 1])).mul(t);
    let a = first.permute(&all(0)).sum();
    let e = (a.double() + a).tight();
    // X, 3A, B, B times B, 3A, B, B
    let b = first.permute(&all(1));
    let left = Fp2::select(LANE_0, t, &Fp2::select(LANE_1, &e, &b));
    let second = left.mul(&Fp2::select(LANE_1, &e, &b));
    let xb4 = second.permute(&all(0)).sum().times_pow2::<2>();
    let x = second.permute(&all(1)).sum() - xb4.double();
    let last = e.mul(&(xb4 - x).tight()).sum();
    let y = last - second.permute(&all(2)).sum().times_pow2::<3>();
    let z = first.permute(&each([2, 2, 2, 3])).sum().double();
    Sum2::select(LANE_0, &x, &Sum2::select(LANE_1, &y, &z)).tight()
}

#[cfg(test)]
mod tests {
    use super::{Point, times};
    use crate::Ifma;
    use crate::curve::affine_all;
    use crate::miller::Pairing;
    use crate::points::Points;
    use crate::testing::{Oracle, Random};

    for_both_curves! { multiples_of_two_are_those_of_each }

    fn multiples_of_two_are_those_of_each<M: Oracle>(isa: Ifma) {
        let mut random = Random(140);
        for scalar in [1, 2, 3, 7, 0xd201_0000_0001_0000, u64::MAX] {
            let points = [(); 8].map(|()| M::g2(&mut random));
            let p = <M as Pairing>::G2::load(isa, points.each_ref()).point();
            // Z is not one.
            let p: Point<_> = p.doubled();
            for lanes in [[0, 1], [6, 3], [5, 5]] {
                // SAFETY: isa proves the features.
                let [two, each] = unsafe {
                    let both = affine_all(&[times(&p, lanes, scalar), p.times(scalar)]);
                    [0, 1].map(|i| <M as Pairing>::G2::store(&both[i]))
                };
                for lane in 0..8 {
                    let from = lanes[lane / 4];
                    assert!(two[lane] == each[from], "{scalar} {lanes:?} {lane}");
                }
            }
        }
    }
}
