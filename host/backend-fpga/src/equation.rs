//! Items with secret weights in leaves that stand by themselves, and a card's Miller loops of each leaf.

use std::collections::{BTreeMap, HashMap};

use rand_chacha::ChaCha20Rng;
use rand_core::RngCore;
use tutti_backend::{CoefficientBits, Keys, PairingParcel, VerifyItem, VerifyParcel};
use tutti_curves::{Group, Hashing, Pair, PointHash, Signed, oracle};
use tutti_hdl::microcode::pairing::{F, PAIRS, PAIRS_MAX};
use tutti_types::{Encoding, Scheme};

use crate::card::{Card, CardError, Job};
use crate::curve::{CardCurve, G1Sum, G2Point, G2Sum, registers, value_of};
use crate::search::{Answered, AnsweredLeaf};

/// An item's place: its slice, and its place in it.
pub(crate) type Place = (usize, usize);

/// Pairs of a run beside the one that the host puts in.
const RUN_PAIRS: usize = PAIRS_MAX - 1;

/// The items of a batch on one curve. For each, the product of its pairs must be one.
pub(crate) struct Equation<C: CardCurve> {
    items: Vec<Item<C>>,
    /// All points of G2, and their numbers by what they are.
    points: Vec<G2Point<C>>,
    numbers: HashMap<Vec<u8>, usize>,
}

/// An item's pairs to the power of its coefficient.
struct Item<C: CardCurve> {
    place: Place,
    /// By the number of the point of G2.
    own: Vec<(usize, G1Sum<C>)>,
    generators: Generators<C>,
}

/// Pairs with a generator: of any number of items they are one or two. The card never sees them.
#[derive(Clone, Copy)]
pub(crate) struct Generators<C: CardCurve> {
    /// With that of G2.
    g2: G1Sum<C>,
    /// With minus that of G1, as signatures are.
    minus_g1: G2Sum<C>,
}

impl<C: CardCurve> Default for Generators<C> {
    fn default() -> Self {
        Self {
            g2: C::G1::zero(),
            minus_g1: C::G2::zero(),
        }
    }
}

impl<C: CardCurve> Generators<C> {
    /// Takes the pair if it is one with a generator.
    fn take(&mut self, (p, q): &Pair<C>, weight: u128) -> bool {
        let (g1, g2) = (C::G1::generator(), C::G2::generator());
        if *q == g2 || *q == C::G2::negate(&g2) {
            let p = if *q == g2 { *p } else { C::G1::negate(p) };
            self.g2 = C::G1::add(&self.g2, &C::G1::mul(&p, weight));
        } else if *p == g1 || *p == C::G1::negate(&g1) {
            let q = if *p == g1 { C::G2::negate(q) } else { *q };
            self.minus_g1 = C::G2::add(&self.minus_g1, &C::G2::mul(&q, weight));
        } else {
            return false;
        }
        true
    }

    fn subtract_g2(&mut self, p: &G1Sum<C>) {
        self.g2 = C::G1::add(&self.g2, &C::G1::negate_sum(p));
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.g2 = C::G1::add(&self.g2, &other.g2);
        self.minus_g1 = C::G2::add(&self.minus_g1, &other.minus_g1);
    }

    /// Those that are not infinity.
    pub(crate) fn pairs(&self) -> Vec<Pair<C>> {
        let g2 = C::G1::to_affine(&self.g2).map(|p| (p, C::G2::generator()));
        let minus_g1 =
            C::G2::to_affine(&self.minus_g1).map(|q| (C::G1::negate(&C::G1::generator()), q));
        g2.into_iter().chain(minus_g1).collect()
    }
}

/// Items that share no pair of the card's with those of other leaves. One run computes a leaf, but where a single item has more
/// pairs than that.
struct Leaf<C: CardCurve> {
    places: Vec<Place>,
    own: BTreeMap<usize, G1Sum<C>>,
    generators: Generators<C>,
}

impl<C: CardCurve> Leaf<C> {
    fn of(item: &Item<C>) -> Self {
        let mut leaf = Self {
            places: Vec::new(),
            own: BTreeMap::new(),
            generators: Generators::default(),
        };
        leaf.add(item);
        leaf
    }

    fn add(&mut self, item: &Item<C>) {
        for (number, p) in &item.own {
            let sum = self.own.entry(*number).or_insert_with(C::G1::zero);
            *sum = C::G1::add(sum, p);
        }
        self.generators.add(&item.generators);
        self.places.push(item.place);
    }

    fn has_room_for(&self, item: &Item<C>) -> bool {
        let new = item.own.iter();
        let new = new.filter(|(number, _)| !self.own.contains_key(number));
        self.own.len() + new.count() <= RUN_PAIRS
    }
}

impl<C: CardCurve> Default for Equation<C> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            points: Vec::new(),
            numbers: HashMap::new(),
        }
    }
}

/// A coefficient that is not zero: the batch's challenge decides it.
pub(crate) fn coefficient(random: &mut ChaCha20Rng, bits: CoefficientBits) -> u128 {
    let low = u128::from(random.next_u64());
    let number = match bits {
        CoefficientBits::B64 => low,
        CoefficientBits::B128 => low | u128::from(random.next_u64()) << 64,
    };
    number.max(1)
}

impl<C: CardCurve> Equation<C> {
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// An item's pairs, all to the power of one coefficient. Where all are with generators there is nothing for the card.
    pub(crate) fn add(&mut self, place: Place, pairs: &[Pair<C>], weight: u128) {
        let mut item = Item {
            place,
            own: Vec::new(),
            generators: Generators::default(),
        };
        for pair in pairs {
            if !item.generators.take(pair, weight) {
                let number = self.number(&pair.1);
                item.own.push((number, C::G1::mul(&pair.0, weight)));
            }
        }
        if !item.own.is_empty() {
            self.items.push(item);
        }
    }

    fn number(&mut self, q: &G2Point<C>) -> usize {
        let name = C::G2::encode(Some(q), Encoding::canonical(C::ID));
        *self.numbers.entry(name).or_insert_with(|| {
            self.points.push(*q);
            self.points.len() - 1
        })
    }

    /// Items that share their first point of G2 lie side by side.
    fn leaves(&self) -> Vec<Leaf<C>> {
        let mut items: Vec<&Item<C>> = self.items.iter().collect();
        items.sort_by_key(|item| item.own.first().map(|(number, _)| *number));
        let mut leaves: Vec<Leaf<C>> = Vec::new();
        for item in items {
            match leaves.last_mut() {
                Some(leaf) if leaf.has_room_for(item) => leaf.add(item),
                _ => leaves.push(Leaf::of(item)),
            }
        }
        leaves
    }

    /// A leaf's pairs, less those that have become infinity.
    fn pairs(&self, leaf: &Leaf<C>) -> Vec<Pair<C>> {
        let sums: Vec<G1Sum<C>> = leaf.own.values().copied().collect();
        let points = leaf.own.keys().map(|&number| self.points[number]);
        let sums = C::G1::normalise(&sums).into_iter();
        sums.zip(points)
            .filter_map(|(p, q)| Some((p?, q)))
            .collect()
    }

    /// The runs that the card is asked for. Into each goes one more pair, t times the generators' for a t that only this run knows, so
    /// that no other run's result will do; the leaf's own generators take it back.
    pub(crate) fn questions(&self, random: &mut ChaCha20Rng) -> Questions<C> {
        let mut runs = Vec::new();
        let mut leaves = self.leaves();
        let mut ends = Vec::with_capacity(leaves.len());
        for leaf in &mut leaves {
            for run in self.pairs(leaf).chunks(RUN_PAIRS) {
                let t = coefficient(random, CoefficientBits::B128);
                let challenge = C::G1::mul(&C::G1::generator(), t);
                leaf.generators.subtract_g2(&challenge);
                let p = C::G1::to_affine(&challenge).expect("t is below the order, and not 0");
                let mut pairs = run.to_vec();
                let place = random.next_u32() as usize % (pairs.len() + 1);
                pairs.insert(place, (p, C::G2::generator()));
                runs.push(pairs);
            }
            ends.push(runs.len());
        }
        Questions { runs, leaves, ends }
    }
}

/// What a card is asked, and what it is asked for.
pub(crate) struct Questions<C: CardCurve> {
    pub(crate) runs: Vec<Vec<Pair<C>>>,
    leaves: Vec<Leaf<C>>,
    /// Of each leaf's runs.
    ends: Vec<usize>,
}

impl<C: CardCurve> Questions<C> {
    pub(crate) fn ask(self, card: &mut Card) -> Result<Reply<C>, CardError> {
        card.load(C::image())?;
        let jobs: Vec<Job> = self
            .runs
            .iter()
            .map(|pairs| miller_job::<C>(pairs))
            .collect();
        let outcomes = card.run(&jobs)?;
        let values = outcomes
            .iter()
            .map(|outcome| value_of::<C>(&outcome.registers));
        let values: Option<Vec<C::Gt>> = values.collect();
        Ok(Reply {
            answered: self.answered(&values.ok_or(CardError::NeverHalts)?),
            runs: jobs.len() as u64,
            slots: outcomes
                .iter()
                .map(|outcome| u64::from(outcome.slots))
                .sum(),
        })
    }

    /// One value for each run.
    pub(crate) fn answered(self, values: &[C::Gt]) -> Answered<C> {
        let mut first = 0;
        let leaves = self.leaves.into_iter().zip(self.ends);
        let leaves = leaves.map(|(leaf, end)| {
            let runs = std::mem::replace(&mut first, end)..end;
            let value = values[runs].iter().fold(C::one(), |a, b| C::mul(&a, b));
            AnsweredLeaf {
                places: leaf.places,
                value,
                generators: leaf.generators,
            }
        });
        Answered(leaves.collect())
    }
}

/// What a card answered, and what that took.
pub(crate) struct Reply<C: CardCurve> {
    pub(crate) answered: Answered<C>,
    pub(crate) runs: u64,
    pub(crate) slots: u64,
}

fn miller_job<C: CardCurve>(pairs: &[Pair<C>]) -> Job {
    const WINDOW: usize = tutti_hdl::microcode::pairing::PAIR_REGISTERS as usize;
    let mut inputs = Vec::with_capacity(pairs.len() * WINDOW);
    for (at, pair) in pairs.iter().enumerate() {
        inputs.resize(at * WINDOW, tutti_hdl::wide::Wide::ZERO);
        inputs.extend(registers::<C>(pair));
    }
    Job {
        entry: C::image().entry(&format!("miller-{}", pairs.len())),
        first: PAIRS,
        inputs,
        output_first: F,
        output_count: 12,
    }
}

/// The pairs whose product is one where the item is good; none where something about it cannot be computed, which is for the host
/// to judge.
pub(crate) fn pairs_of_item<W: Signed<Curve: CardCurve>>(
    parcel: &VerifyParcel<W>,
    item: &VerifyItem<W>,
) -> Option<Vec<Pair<W::Curve>>> {
    let signature = *item.signature.member().ok()?.point();
    let mut pairs = vec![W::signature_pair(&signature)];
    let hashing = Hashing::of_scheme(parcel.scheme());
    for term in parcel.terms(item) {
        let keys = parcel
            .indices(term)
            .iter()
            .map(|&index| key::<W>(parcel.source(term), index as usize))
            .collect::<Option<Vec<_>>>()?;
        let message = parcel.message(term);
        if *parcel.scheme() == Scheme::Bls12381MinPkAug {
            for key in &keys {
                let point = W::Sig::hash(hashing, message, &oracle::augmentation::<W>(key)).ok()?;
                pairs.push(W::pair(key, &point));
            }
            continue;
        }
        let keys: Vec<_> = keys.iter().collect();
        let sum = W::Key::to_affine(&W::Key::sum(&keys))?;
        pairs.push(W::pair(&sum, &W::Sig::hash(hashing, message, &[]).ok()?));
    }
    Some(pairs)
}

/// A key in its group: of a set they were checked, inline ones are now.
fn key<W: Signed>(keys: &Keys<W>, index: usize) -> Option<<W::Key as Group>::Affine> {
    match keys {
        Keys::Set(set) => set.keys().get(index).copied(),
        Keys::Inline(wires) => Some(*wires.get(index)?.member().ok()?.point()),
    }
}

/// The same for a product check.
pub(crate) fn pairs_of_check<C: CardCurve>(
    parcel: &PairingParcel<C>,
    check: &std::ops::Range<u32>,
) -> Option<Vec<Pair<C>>> {
    let mut pairs = Vec::new();
    for (p, q) in &parcel.pairs[check.start as usize..check.end as usize] {
        if let (Some(p), Some(q)) = (oracle::checked(p).ok()?, oracle::checked(q).ok()?) {
            pairs.push((p, q));
        }
    }
    Some(pairs)
}
