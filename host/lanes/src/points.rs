//! What sums, multiples and membership ask of a group of points, on whichever curve it is.

use crate::Ifma;
use crate::curve::Affine;
use crate::element::Element;
use crate::vector::Mask;

/// The points of one curve over one field.
pub(crate) trait Points {
    type F: Element;
    /// An affine point as the scalar library has it; the default is infinity.
    type Stored: Copy + Default + PartialEq;

    fn load(isa: Ifma, p: [&Self::Stored; 8]) -> Affine<Self::F>;
    fn store(p: &Affine<Self::F>) -> [Self::Stored; 8];
    /// The multiple of any point of the curve, without lanes.
    fn multiply_scalar(p: &Self::Stored, scalar: u128) -> Self::Stored;
    /// Where a point of the curve is in the group of order r. Infinity is not to be asked for.
    fn in_subgroup(p: &Affine<Self::F>) -> Mask;
}

/// The references to eight items from the front, the last one repeated where fewer are left.
pub(crate) fn eight_of<T>(items: &[T]) -> [&T; 8] {
    core::array::from_fn(|i| &items[i.min(items.len() - 1)])
}

/// Whether each point, which must be on the curve, is in the group of order r. Infinity is.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn in_subgroup<G: Points>(isa: Ifma, points: &[G::Stored]) -> Vec<bool> {
    let infinity = G::Stored::default();
    let mut answers = Vec::with_capacity(points.len());
    for eight in points.chunks(8) {
        let mask = G::in_subgroup(&G::load(isa, eight_of(eight)));
        answers.extend(
            eight
                .iter()
                .enumerate()
                .map(|(lane, p)| mask.lane(lane) || *p == infinity),
        );
    }
    answers
}
