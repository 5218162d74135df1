//! One equation for many items, checked with a card's Miller loops and the host's last step.

use std::collections::HashMap;

use rand_chacha::ChaCha20Rng;
use rand_core::RngCore;
use tutti_backend::{CoefficientBits, Keys, PairingParcel, VerifyItem, VerifyParcel};
use tutti_curves::{Curve, Group, Hashing, Pair, PointHash, Signed, oracle};
use tutti_hdl::microcode::pairing::{F, PAIRS, PAIRS_MAX};
use tutti_types::{Encoding, Scheme};

use crate::card::{Card, CardError, Job};
use crate::curve::{CardCurve, registers, value_of};

type G1Sum<C> = <<C as Curve>::G1 as Group>::Sum;
type G2Sum<C> = <<C as Curve>::G2 as Group>::Sum;
type G2Point<C> = <<C as Curve>::G2 as Group>::Affine;
type G1Point<C> = <<C as Curve>::G1 as Group>::Affine;

/// The pairs whose product must be one, weighted and collected: those that share their point of G2 are one pair.
pub(crate) struct Equation<C: CardCurve> {
    sums: Vec<(G1Sum<C>, G2Point<C>)>,
    by_q: HashMap<Vec<u8>, usize>,
    /// Over all items of one way of signing: the sum of weighted signatures where it is in G2.
    signatures_g2: Option<(G1Point<C>, G2Sum<C>)>,
}

impl<C: CardCurve> Default for Equation<C> {
    fn default() -> Self {
        Self {
            sums: Vec::new(),
            by_q: HashMap::new(),
            signatures_g2: None,
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
        self.sums.is_empty() && self.signatures_g2.is_none()
    }

    /// An item's pairs, all to the power of one coefficient.
    pub(crate) fn add(&mut self, pairs: &[Pair<C>], weight: u128) {
        for (p, q) in pairs {
            let weighted = C::G1::mul(p, weight);
            let name = C::G2::encode(Some(q), Encoding::canonical(C::ID));
            let place = *self.by_q.entry(name).or_insert(self.sums.len());
            match self.sums.get_mut(place) {
                Some((sum, _)) => *sum = C::G1::add(sum, &weighted),
                None => self.sums.push((weighted, *q)),
            }
        }
    }

    /// Every signature of G2 is paired with the same point: their weighted sum is.
    fn add_signature_g2(&mut self, p: G1Point<C>, q: &G2Point<C>, weight: u128) {
        let weighted = C::G2::mul(q, weight);
        let (_, sum) = self.signatures_g2.get_or_insert_with(|| (p, C::G2::zero()));
        *sum = C::G2::add(sum, &weighted);
    }

    /// The pairs, less those that have become infinity.
    fn pairs(&self) -> Vec<Pair<C>> {
        let own = self
            .sums
            .iter()
            .filter_map(|(sum, q)| Some((C::G1::to_affine(sum)?, *q)));
        let signatures = self
            .signatures_g2
            .iter()
            .filter_map(|(p, sum)| Some((*p, C::G2::to_affine(sum)?)));
        own.chain(signatures).collect()
    }

    /// Whether the product is one. The card computes Miller loops of up to five pairs; in each run one of them is t times the
    /// generators' for a t that only this run knows, so that no other run's result will do. What the host holds against that, and
    /// the final exponentiation, are its own.
    pub(crate) fn holds(
        &self,
        card: &mut Card,
        random: &mut ChaCha20Rng,
    ) -> Result<Checked, CardError> {
        let image = C::image();
        card.load(image)?;
        let mut answer = C::G1::zero();
        let mut jobs = Vec::new();
        for chunk in self.pairs().chunks(PAIRS_MAX - 1) {
            let t = coefficient(random, CoefficientBits::B128);
            let challenge = C::G1::mul(&C::G1::generator(), t);
            answer = C::G1::add(&answer, &challenge);
            let challenge = C::G1::to_affine(&challenge).expect("t is below the order, and not 0");
            let mut pairs = chunk.to_vec();
            let place = random.next_u32() as usize % (pairs.len() + 1);
            pairs.insert(place, (challenge, C::G2::generator()));
            jobs.push(miller_job::<C>(&pairs));
        }
        let outcomes = card.run(&jobs)?;
        let mut product = C::one();
        let mut slots = 0;
        for outcome in &outcomes {
            let value = value_of::<C>(&outcome.registers).ok_or(CardError::NeverHalts)?;
            product = C::mul(&product, &value);
            slots += u64::from(outcome.slots);
        }
        let held = C::G1::to_affine(&C::G1::negate_sum(&answer));
        let held = held.map(|p| C::miller(&[(p, C::G2::generator())]));
        Ok(Checked {
            holds: C::is_one(&held.map_or(product, |held| C::mul(&product, &held))),
            runs: jobs.len() as u64,
            slots,
        })
    }
}

/// What a check found and took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checked {
    pub(crate) holds: bool,
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

/// Puts an item into the equation; false where something about it cannot be computed, which is for the host to judge.
pub(crate) fn add_item<W: Signed<Curve: CardCurve>>(
    equation: &mut Equation<W::Curve>,
    parcel: &VerifyParcel<W>,
    item: &VerifyItem<W>,
    weight: u128,
) -> Option<()> {
    let signature = *item.signature.member().ok()?.point();
    let mut pairs = Vec::new();
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
    let (p, q) = W::signature_pair(&signature);
    equation.add(&pairs, weight);
    if W::KEY_GROUP == tutti_types::GroupId::G1 {
        equation.add_signature_g2(p, &q, weight);
    } else {
        equation.add(&[(p, q)], weight);
    }
    Some(())
}

/// A key in its group: of a set they were checked, inline ones are now.
fn key<W: Signed>(keys: &Keys<W>, index: usize) -> Option<<W::Key as Group>::Affine> {
    match keys {
        Keys::Set(set) => set.keys().get(index).copied(),
        Keys::Inline(wires) => Some(*wires.get(index)?.member().ok()?.point()),
    }
}

/// The same for a product check.
pub(crate) fn add_check<C: CardCurve>(
    equation: &mut Equation<C>,
    parcel: &PairingParcel<C>,
    check: &std::ops::Range<u32>,
    weight: u128,
) -> Option<()> {
    let mut pairs = Vec::new();
    for (p, q) in &parcel.pairs[check.start as usize..check.end as usize] {
        if let (Some(p), Some(q)) = (oracle::checked(p).ok()?, oracle::checked(q).ok()?) {
            pairs.push((p, q));
        }
    }
    // Nothing finite is nothing for the card.
    (!pairs.is_empty()).then(|| equation.add(&pairs, weight))
}
