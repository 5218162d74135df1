//! Which points are keys: asked of many at once, since who can, checks many for the price of a few.

use tutti_backend::{CheckedKeys, KeyParcel, Work};
use tutti_curves::{Group, Member, Wire, bls12_381, bn254};
use tutti_types::InvalidReason;

type Each<G> = Vec<Result<Member<G>, InvalidReason>>;

/// The points as keys, in their order.
pub type Checked<G> = Result<Each<G>, KeysUndecided>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("whether they are keys was not computed, which says nothing of them; try again")]
pub struct KeysUndecided;

/// Tells which points are keys: in the subgroup, not infinity.
pub trait KeyCheck {
    fn bls12381(&self, keys: Vec<Wire<bls12_381::G1>>) -> Checked<bls12_381::G1>;
    fn bn254_twins(&self, twins: Vec<Wire<bn254::G2>>) -> Checked<bn254::G2>;
}

/// The oracle.
#[derive(Clone, Copy, Debug)]
pub struct OneByOne;

impl KeyCheck for OneByOne {
    fn bls12381(&self, keys: Vec<Wire<bls12_381::G1>>) -> Checked<bls12_381::G1> {
        Ok(keys.iter().map(Wire::member).collect())
    }

    fn bn254_twins(&self, twins: Vec<Wire<bn254::G2>>) -> Checked<bn254::G2> {
        Ok(twins.iter().map(Wire::member).collect())
    }
}

/// Whoever answers works, as an engine does: is given what makes the work, again for each try, and
/// says `None` where there was no answer.
#[derive(Clone, Copy, Debug)]
pub struct ByBackend<F>(pub F);

/// A piece of a long list: others' work comes in between.
const PIECE: usize = 8_192;

impl<F: Fn(&dyn Fn() -> Work) -> Option<CheckedKeys>> ByBackend<F> {
    fn ask<G: Group>(
        &self,
        keys: &[Wire<G>],
        work: fn(KeyParcel<G>) -> Work,
        of: fn(CheckedKeys) -> Option<Each<G>>,
    ) -> Checked<G> {
        let mut checked = Vec::with_capacity(keys.len());
        for piece in keys.chunks(PIECE) {
            let make = || {
                let keys = piece.to_vec();
                work(KeyParcel { keys })
            };
            let answer = (self.0)(&make).and_then(of);
            let answer = answer.filter(|answer| answer.len() == piece.len());
            checked.extend(answer.ok_or(KeysUndecided)?);
        }
        Ok(checked)
    }
}

impl<F: Fn(&dyn Fn() -> Work) -> Option<CheckedKeys>> KeyCheck for ByBackend<F> {
    fn bls12381(&self, keys: Vec<Wire<bls12_381::G1>>) -> Checked<bls12_381::G1> {
        self.ask(&keys, Work::KeysBls12381G1, |checked| match checked {
            CheckedKeys::Bls12381G1(keys) => Some(keys),
            _ => None,
        })
    }

    fn bn254_twins(&self, twins: Vec<Wire<bn254::G2>>) -> Checked<bn254::G2> {
        self.ask(&twins, Work::KeysBn254G2, |checked| match checked {
            CheckedKeys::Bn254G2(keys) => Some(keys),
            _ => None,
        })
    }
}

/// Points that may not have been read, each with its answer.
pub(crate) fn checked<G: Group>(
    read: Vec<Result<Wire<G>, InvalidReason>>,
    check: impl FnOnce(Vec<Wire<G>>) -> Checked<G>,
) -> Checked<G> {
    let points = read.iter().filter_map(|point| point.ok());
    let mut members = check(points.collect())?.into_iter();
    read.into_iter()
        .map(|point| match point {
            Ok(_) => members.next().ok_or(KeysUndecided),
            Err(reason) => Ok(Err(reason)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use tutti_types::Encoding;

    use super::*;
    use crate::Key;

    /// Wrong in every way, between good ones.
    fn keys() -> Vec<Vec<u8>> {
        let generator = bls12_381::G1::generator();
        let key = |scalar: u128| {
            let point = bls12_381::G1::to_affine(&bls12_381::G1::mul(&generator, scalar));
            bls12_381::G1::encode(point.as_ref(), Encoding::ZcashCompressed)
        };
        let mut infinity = vec![0; 48];
        infinity[0] = 0xc0;
        // x = 4 is on the curve and outside the subgroup, x = 1 is not on the curve.
        let at = |x: u8| {
            let mut bytes = vec![0; 48];
            (bytes[0], bytes[47]) = (0x80, x);
            bytes
        };
        vec![key(1), infinity, key(2), vec![1; 47], at(4), at(1), key(3)]
    }

    #[test]
    fn keys_are_the_same_all_at_once_and_one_by_one() {
        let keys = keys();
        let one_by_one: Vec<_> = keys.iter().map(|key| Key::bls12381(key)).collect();
        let good = one_by_one.iter().filter(|key| key.is_ok()).count();
        assert_eq!(good, 3);
        let by_backend = ByBackend(|work: &dyn Fn() -> Work| match work() {
            Work::KeysBls12381G1(parcel) => Some(CheckedKeys::Bls12381G1(
                parcel.keys.iter().map(Wire::member).collect(),
            )),
            _ => None,
        });
        let lists: [&dyn KeyCheck; 2] = [&OneByOne, &by_backend];
        for check in lists {
            let all = Key::bls12381_all(keys.iter().map(Vec::as_slice), check);
            assert_eq!(all.as_ref(), Ok(&one_by_one));
        }
    }

    #[test]
    fn what_was_not_computed_says_nothing_of_a_key() {
        let keys = keys();
        let silent = ByBackend(|_: &dyn Fn() -> Work| None);
        let short = ByBackend(|_: &dyn Fn() -> Work| Some(CheckedKeys::Bls12381G1(Vec::new())));
        let other = ByBackend(|_: &dyn Fn() -> Work| Some(CheckedKeys::Bn254G2(Vec::new())));
        let checks: [&dyn KeyCheck; 3] = [&silent, &short, &other];
        for check in checks {
            let all = Key::bls12381_all(keys.iter().map(Vec::as_slice), check);
            assert_eq!(all, Err(KeysUndecided));
        }
    }
}
