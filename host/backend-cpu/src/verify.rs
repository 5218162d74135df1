//! The verdicts of a batch of signatures: one random linear combination for all of them, and a
//! search for the bad ones where it fails.

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use rayon::prelude::*;
use tutti_backend::{CoefficientBits, Outcomes};
use tutti_curves::Group;
use tutti_types::Verdict;

use crate::Context;
use crate::alone;
use crate::arithmetic::{Arithmetic, BulkCurve, World};
use crate::caches::WorldCaches;
use crate::plan::Plan;
use crate::resolve::{ItemState, Parcels, Resolved, SigPoint, items, resolve};
use crate::search;
use crate::weighted::Weighted;
use crate::weighted_sum;
use crate::weights::{self, DigitShape, Weight};

pub(crate) fn verify<W: World>(
    parcels: &Parcels<'_, W>,
    caches: &WorldCaches<W>,
    context: &mut Context,
) -> Vec<Outcomes> {
    let items = items(parcels);
    if let [only] = &items[..]
        && let Some(verdict) = alone::verdict(only, caches, context.arithmetic)
    {
        let verdicts = parcels.iter().map(|(_, range)| vec![verdict; range.len()]);
        return verdicts.map(Outcomes::Verdicts).collect();
    }
    let count = items.len();
    let mut coefficients = Coefficients::new(context);
    let ((resolved, plan), ()) = rayon::join(
        || resolve(items, caches, context),
        || coefficients.draw_ahead(count),
    );
    let mut verdicts = vec![Verdict::Valid; resolved.items.len()];
    let mut doubtful = not_verifying(&resolved, plan, coefficients, context);
    for (at, item) in (0..).zip(&resolved.items) {
        match item.state {
            ItemState::Regular => {}
            ItemState::Irregular => doubtful.push(at),
            ItemState::Decided(decided) => verdicts[at as usize] = decided,
        }
    }
    // The oracle has the last word on every INVALID.
    let decided: Vec<Verdict> = doubtful
        .par_iter()
        .map(|&at| resolved.items[at as usize].by_oracle())
        .inspect(|_| context.pulse.beat())
        .collect();
    for (at, verdict) in doubtful.into_iter().zip(decided) {
        verdicts[at as usize] = verdict;
    }
    let mut verdicts = verdicts.into_iter();
    parcels
        .iter()
        .map(|(_, range)| Outcomes::Verdicts(verdicts.by_ref().take(range.len()).collect()))
        .collect()
}

/// The regular items whose equation does not hold or whose signature is outside the subgroup.
/// `plan` is for all of them, where it is known.
fn not_verifying<W: World>(
    resolved: &Resolved<'_, W>,
    mut plan: Option<Plan>,
    mut coefficients: Coefficients,
    context: &Context,
) -> Vec<u32> {
    /// Copying fewer takes less than waking a thread.
    const POINTS_MIN: usize = 512;
    let arithmetic = context.arithmetic;
    let mut bad = Vec::new();
    let mut is_outside = vec![false; resolved.items.len()];
    let mut failed_tries = 0;
    loop {
        let plan = plan.take().unwrap_or_else(|| {
            let mut left = resolved.factors.clone();
            left.retain(|factor| !is_outside[factor.item as usize]);
            Plan::new::<W>(arithmetic, &left)
        });
        let items = plan.items();
        if items.is_empty() {
            return bad;
        }
        if let [item] = items[..] {
            if !verifies_alone(resolved, item, arithmetic) {
                bad.push(item);
            }
            return bad;
        }
        let (shape, weights) = coefficients.draw(items.len());
        let points: Vec<SigPoint<W>> = items
            .par_iter()
            .with_min_len(POINTS_MIN)
            .map(|&item| *resolved.signature(item))
            .collect();
        let batch = Weighted::new(arithmetic, resolved, plan, points, weights, shape);
        match batch.proven(failed_tries) {
            Ok(proven) => {
                if !proven.holds() {
                    bad.extend(search::bad_items(&proven, &context.pulse));
                }
                return bad;
            }
            Err(outside) => {
                context.pulse.beat();
                failed_tries += 1;
                for at in outside {
                    bad.push(items[at]);
                    is_outside[items[at] as usize] = true;
                }
            }
        }
    }
}

/// The coefficients of a batch's tries.
struct Coefficients {
    random: ChaCha20Rng,
    bits: CoefficientBits,
    /// For as many items as the batch has: drawn while their points are read.
    ahead: Vec<Weight>,
}

impl Coefficients {
    fn new(context: &mut Context) -> Self {
        Self {
            random: ChaCha20Rng::from_rng(&mut context.random),
            bits: context.bits,
            ahead: Vec::new(),
        }
    }

    fn draw_ahead(&mut self, items: usize) {
        self.ahead = self.draw(items).1;
    }

    /// Anew for each try: what a failed try revealed must not help the next.
    fn draw(&mut self, items: usize) -> (DigitShape, Vec<Weight>) {
        let shape = weighted_sum::shape(items, self.bits.bits());
        let ahead = std::mem::take(&mut self.ahead);
        if ahead.len() == items {
            return (shape, ahead);
        }
        (shape, weights::draw(items, shape, &mut self.random))
    }
}

/// One item by the plain equation: nothing to weigh, all its pairs in one product.
fn verifies_alone<W: World>(resolved: &Resolved<'_, W>, item: u32, arithmetic: Arithmetic) -> bool {
    let signature = resolved.signature(item);
    let mut pairs = resolved.own_pairs(item);
    pairs.push(W::signature_pair(signature));
    W::Sig::in_subgroup(signature)
        && W::Curve::are_one(arithmetic, &[W::Curve::miller_many(arithmetic, &pairs)])[0]
}
