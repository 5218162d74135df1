//! What a card's Miller loops say of the leaves of a batch: first of all together, and where that fails of parts, down to the
//! leaves that fail. No Miller loop of the card's is made again, and none of its values is believed but in a product that is one.

use std::ops::Range;

use crate::curve::CardCurve;
use crate::equation::{Generators, Place};

pub(crate) struct Answered<C: CardCurve>(pub(crate) Vec<AnsweredLeaf<C>>);

pub(crate) struct AnsweredLeaf<C: CardCurve> {
    pub(crate) places: Vec<Place>,
    /// The product of its Miller loops, as the card says.
    pub(crate) value: C::Gt,
    /// What the host has to hold against it.
    pub(crate) generators: Generators<C>,
}

/// What the card says of some items together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) found: Found,
    pub(crate) places: Vec<Place>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Their product is one.
    Good,
    /// It is not: at least one of them is bad, or the card errs.
    Bad,
}

impl<C: CardCurve> Answered<C> {
    /// Each item in one claim. A search may take half of the time in which the CPU would decide all items.
    pub(crate) fn claims(&self) -> Vec<Claim> {
        let items: usize = self.0.iter().map(|leaf| leaf.places.len()).sum();
        self.claims_within(items / C::PRODUCT_ITEMS / 2)
    }

    /// By so many products beside that of all.
    fn claims_within(&self, mut products_left: usize) -> Vec<Claim> {
        let all = 0..self.0.len();
        let mut claims = Vec::new();
        if self.holds(all.clone()) {
            self.claim(&mut claims, Found::Good, all);
        } else {
            self.search(all, &mut products_left, &mut claims);
        }
        claims
    }

    /// A part that fails, cut in two.
    fn search(&self, failing: Range<usize>, products_left: &mut usize, claims: &mut Vec<Claim>) {
        // One product for each half.
        let left = products_left.checked_sub(2);
        let (Some(left), 2..) = (left, failing.len()) else {
            return self.claim(claims, Found::Bad, failing);
        };
        *products_left = left;
        let middle = failing.start.midpoint(failing.end);
        let (first, second) = (failing.start..middle, middle..failing.end);
        if self.holds(first.clone()) {
            // Both together are not one, so the second half is not, and is not asked.
            *products_left += 1;
            self.claim(claims, Found::Good, first);
            return self.search(second, products_left, claims);
        }
        let second_holds = self.holds(second.clone());
        self.search(first, products_left, claims);
        if second_holds {
            self.claim(claims, Found::Good, second);
        } else {
            self.search(second, products_left, claims);
        }
    }

    fn claim(&self, claims: &mut Vec<Claim>, found: Found, part: Range<usize>) {
        let places = self.0[part].iter().flat_map(|leaf| &leaf.places);
        let places = places.copied().collect();
        claims.push(Claim { found, places });
    }

    /// Whether the product over these leaves is one. What takes back the challenges of their runs, the pairs with generators and the
    /// final exponentiation are the host's own.
    fn holds(&self, part: Range<usize>) -> bool {
        let mut value = C::one();
        let mut generators = Generators::default();
        for leaf in &self.0[part] {
            value = C::mul(&value, &leaf.value);
            generators.add(&leaf.generators);
        }
        C::is_one(&C::mul(&value, &C::miller(&generators.pairs())))
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::{RngCore, SeedableRng};
    use tutti_backend::CoefficientBits;
    use tutti_curves::bls12_381::Bls12381;
    use tutti_curves::bn254::Bn254;
    use tutti_curves::{Curve, Group, Pair};

    use super::*;
    use crate::equation::{Equation, coefficient};

    const LEAVES: usize = 12;
    const PRODUCTS: usize = 32;
    /// Each item has a point of its own: a leaf has as many as a run has pairs of them.
    const LEAF_ITEMS: usize = 4;

    /// e(k·g, Q)·e(g, -k·Q) for many Q; the items at `bad` have another k, off by one.
    fn equation<C: CardCurve>(leaves: usize, bad: &[usize]) -> Equation<C> {
        let mut secrets = random(3);
        let mut equation = Equation::default();
        for item in 0..leaves * LEAF_ITEMS {
            let k = u128::from(secrets.next_u64());
            let key = k + u128::from(bad.contains(&item));
            let message = message::<C>(item);
            let signature = C::G2::to_affine(&C::G2::mul(&message, k)).expect("finite");
            let minus_one = C::G1::negate(&C::G1::generator());
            let pairs = [(g1::<C>(key), message), (minus_one, signature)];
            equation.add((0, item), &pairs, weight(item));
        }
        equation
    }

    fn weight(item: usize) -> u128 {
        coefficient(&mut random(item as u64), CoefficientBits::B64)
    }

    fn message<C: Curve>(item: usize) -> <C::G2 as Group>::Affine {
        g2::<C>(item as u128 + 2)
    }

    fn random(seed: u64) -> ChaCha20Rng {
        ChaCha20Rng::seed_from_u64(seed)
    }

    fn g1<C: Curve>(k: u128) -> <C::G1 as Group>::Affine {
        C::G1::to_affine(&C::G1::mul(&C::G1::generator(), k)).expect("finite")
    }

    fn g2<C: Curve>(k: u128) -> <C::G2 as Group>::Affine {
        C::G2::to_affine(&C::G2::mul(&C::G2::generator(), k)).expect("finite")
    }

    /// What a card says of its runs.
    fn claims<C: CardCurve>(
        equation: &Equation<C>,
        seed: u64,
        card: impl FnOnce(&[Vec<Pair<C>>]) -> Vec<C::Gt>,
    ) -> Vec<Claim> {
        let questions = equation.questions(&mut random(seed));
        let values = card(&questions.runs);
        questions.answered(&values).claims_within(PRODUCTS)
    }

    fn honest<C: Curve>(runs: &[Vec<Pair<C>>]) -> Vec<C::Gt> {
        runs.iter().map(|pairs| C::miller(pairs)).collect()
    }

    /// The items that were found so, in order. No item is in two claims.
    fn items(claims: &[Claim], found: Found) -> Vec<usize> {
        let mut all: Vec<usize> = claims.iter().flat_map(|c| &c.places).map(|p| p.1).collect();
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count, "an item is in two claims");
        let mut items: Vec<usize> = claims
            .iter()
            .filter(|claim| claim.found == found)
            .flat_map(|claim| &claim.places)
            .map(|place| place.1)
            .collect();
        items.sort_unstable();
        items
    }

    fn leaves_of(items: &[usize]) -> Vec<usize> {
        let mut leaves: Vec<usize> = items.iter().map(|item| item / LEAF_ITEMS).collect();
        leaves.dedup();
        leaves
    }

    fn finds_exactly_the_bad_leaves<C: CardCurve>() {
        for bad in [
            &[][..],
            &[0],
            &[47],
            &[21, 22],
            &[0, 17, 47],
            &[4, 8, 12, 16],
        ] {
            let found = claims(&equation::<C>(LEAVES, bad), 1, honest::<C>);
            let failing = items(&found, Found::Bad);
            assert_eq!(leaves_of(&failing), leaves_of(bad), "{bad:?}");
            assert_eq!(failing.len(), leaves_of(bad).len() * LEAF_ITEMS);
            let good = items(&found, Found::Good).len();
            assert_eq!(good + failing.len(), LEAVES * LEAF_ITEMS);
        }
    }

    #[test]
    fn exactly_the_bad_leaves_are_found() {
        finds_exactly_the_bad_leaves::<Bls12381>();
        finds_exactly_the_bad_leaves::<Bn254>();
    }

    /// Beyond the products that may be looked at, parts are bad as wholes, and every such part has a bad item in it.
    #[test]
    fn where_too_many_are_bad_the_search_ends() {
        let bad: Vec<usize> = (0..LEAVES * 3).map(|leaf| leaf * LEAF_ITEMS + 1).collect();
        let equation = equation::<Bls12381>(LEAVES * 3, &bad);
        let found = claims(&equation, 1, honest::<Bls12381>);
        assert_eq!(items(&found, Found::Good), []);
        let count = items(&found, Found::Bad).len();
        assert_eq!(count, LEAVES * 3 * LEAF_ITEMS);
        let splits = PRODUCTS / 2;
        assert_eq!(found.len(), splits + 1);
    }

    /// What a search may cost goes by what the CPU would take: for few items nothing at all.
    #[test]
    fn few_items_are_not_worth_a_search() {
        let claims = |leaves: usize| {
            let questions = equation::<Bn254>(leaves, &[1]).questions(&mut random(1));
            let values = honest::<Bn254>(&questions.runs);
            questions.answered(&values).claims()
        };
        assert_eq!(items(&claims(LEAVES), Found::Good), []);
        assert_eq!(
            items(&claims(4 * LEAVES), Found::Good).len(),
            2 * LEAVES * LEAF_ITEMS
        );
    }

    type Gt = <Bls12381 as Curve>::Gt;
    type Forge<'a> = &'a dyn Fn(&mut [Gt]);

    /// e(g, Q) to the k, for the message Q of the item at `BAD`.
    fn off_by(k: u128) -> Gt {
        Bls12381::miller(&[(g1::<Bls12381>(k), message::<Bls12381>(BAD))])
    }

    fn off_by_minus(k: u128) -> Gt {
        let p = <Bls12381 as Curve>::G1::negate(&g1::<Bls12381>(k));
        Bls12381::miller(&[(p, message::<Bls12381>(BAD))])
    }

    const BAD: usize = 9;
    const LEAF: usize = BAD / LEAF_ITEMS;

    fn times(value: &mut Gt, factor: Gt) {
        *value = Bls12381::mul(value, &factor);
    }

    fn forged(bad: &[usize], forge: Forge<'_>) -> Vec<usize> {
        let equation = equation::<Bls12381>(LEAVES, bad);
        let found = claims(&equation, 1, |runs| {
            let mut values = honest::<Bls12381>(runs);
            forge(&mut values);
            values
        });
        items(&found, Found::Bad)
    }

    /// Whatever is done to the values by who knows no coefficient and no challenge, an item that is bad stays so. With the coefficient
    /// it would not: that is what this test can see.
    #[test]
    fn no_value_without_its_secrets_makes_a_bad_leaf_good() {
        let good = equation::<Bls12381>(LEAVES, &[]);
        let before = honest::<Bls12381>(&good.questions(&mut random(7)).runs);
        let forgeries: [(&str, Forge<'_>); 6] = [
            ("taken off", &|v| times(&mut v[LEAF], off_by_minus(1))),
            ("in another leaf", &|v| times(&mut v[0], off_by_minus(1))),
            ("of a good batch", &|v| v[LEAF] = before[LEAF]),
            ("all of a good batch", &|v| v.copy_from_slice(&before)),
            ("another leaf's", &|v| v[LEAF] = v[0]),
            ("one", &|v| v[LEAF] = Bls12381::one()),
        ];
        for (what, forge) in forgeries {
            assert!(forged(&[BAD], forge).contains(&BAD), "{what}");
        }
        let knowing = |v: &mut [Gt]| times(&mut v[LEAF], off_by_minus(weight(BAD)));
        assert_eq!(forged(&[BAD], &knowing), []);
    }

    /// Nobody is wronged where all items are good; where one is bad the errors are found, too.
    #[test]
    fn errors_that_cancel_out_show_in_the_parts() {
        let cancelling = |v: &mut [Gt]| {
            times(&mut v[5], off_by(1));
            times(&mut v[6], off_by_minus(1));
        };
        assert_eq!(forged(&[], &cancelling), []);
        assert_eq!(leaves_of(&forged(&[BAD], &cancelling)), [LEAF, 5, 6]);
    }
}
