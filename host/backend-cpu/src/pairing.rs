//! Product checks over raw points: one random combination of all of them, and where that fails
//! a walk down the tree of their products.

use rayon::prelude::*;
use tutti_backend::{Outcomes, PairingParcel, Work, WorkSlice};
use tutti_curves::{Curve, Group, Pair, Wire, WirePair, oracle};
use tutti_types::{InvalidReason, Verdict};

use crate::Context;
use crate::arithmetic::{self, Arithmetic, Bulk, BulkCurve, tasks};
use crate::weighted_sum;
use crate::weights;

type G1Point<C> = <<C as Curve>::G1 as Group>::Affine;

pub(crate) fn check(slice: &WorkSlice, context: &mut Context) -> Outcomes {
    Outcomes::Verdicts(match &*slice.work {
        Work::PairingBls12381(parcel) => check_parcel(parcel, slice, context),
        Work::PairingBn254(parcel) => check_parcel(parcel, slice, context),
        _ => unreachable!("a batch holds one operation only"),
    })
}

fn check_parcel<C>(
    parcel: &PairingParcel<C>,
    slice: &WorkSlice,
    context: &mut Context,
) -> Vec<Verdict>
where
    C: BulkCurve<G1: Bulk, G2: Bulk>,
{
    let arithmetic = context.arithmetic;
    let checks = &parcel.checks[slice.range.clone()];
    let pairs_of = |at: usize| &parcel.pairs[checks[at].start as usize..checks[at].end as usize];
    let lists: Vec<&[WirePair<C>]> = (0..checks.len()).map(pairs_of).collect();
    let pairs = finite_pairs::<C>(arithmetic, &lists);
    let mut suspects: Vec<usize> = (0..checks.len())
        .filter(|&at| pairs[at].is_none())
        .collect();
    let good: Vec<(usize, Vec<Pair<C>>)> = (0..)
        .zip(pairs)
        .filter_map(|(at, pairs)| Some((at, pairs?)))
        .collect();
    let weighted = weigh::<C>(good, context);
    if !holds::<C>(arithmetic, &weighted) {
        context.pulse.beat();
        let values = values::<C>(arithmetic, &weighted);
        context.pulse.beat();
        suspects.extend(not_one::<C>(arithmetic, &values));
    }
    let mut verdicts = vec![Verdict::Valid; checks.len()];
    // The oracle has the last word on every INVALID.
    let decided: Vec<(usize, Verdict)> = suspects
        .into_par_iter()
        .map(|at| (at, oracle::pairing_check::<C>(pairs_of(at))))
        .inspect(|_| context.pulse.beat())
        .collect();
    for (at, verdict) in decided {
        verdicts[at] = verdict;
    }
    verdicts
}

/// Each check's pairs without those whose pairing is one because a point is infinity; none where
/// a point is bad or nothing is there.
fn finite_pairs<C>(arithmetic: Arithmetic, lists: &[&[WirePair<C>]]) -> Vec<Option<Vec<Pair<C>>>>
where
    C: BulkCurve<G1: Bulk, G2: Bulk>,
{
    let (p, q): (Vec<_>, Vec<_>) = lists.iter().copied().flatten().copied().unzip();
    let mut points = members::<C::G1>(arithmetic, &p)
        .into_iter()
        .zip(members::<C::G2>(arithmetic, &q));
    let mut finite = |list: &&[WirePair<C>]| {
        // All of them are taken, so that the next list's come next.
        let own: Vec<_> = points.by_ref().take(list.len()).collect();
        let mut pairs = Vec::with_capacity(own.len());
        for (p, q) in own {
            if let (Some(p), Some(q)) = (p.ok()?, q.ok()?) {
                pairs.push((p, q));
            }
        }
        (!list.is_empty()).then_some(pairs)
    };
    lists.iter().map(&mut finite).collect()
}

/// Each point if it is in the subgroup, which is asked of each by itself; none is infinity.
fn members<G: Bulk>(
    arithmetic: Arithmetic,
    wires: &[Wire<G>],
) -> Vec<Result<Option<G::Affine>, InvalidReason>> {
    let wires: Vec<_> = wires.iter().collect();
    let points = arithmetic::finite(arithmetic, &wires).into_whole();
    let finite: Vec<G::Affine> = points.iter().filter_map(|point| point.ok()).collect();
    let mut inside = if G::PRIME_ORDER {
        vec![true; finite.len()].into_iter()
    } else {
        arithmetic::in_subgroup::<G>(arithmetic, &finite).into_iter()
    };
    let member = |point: Result<G::Affine, InvalidReason>| match point {
        Ok(point) if inside.next() == Some(true) => Ok(Some(point)),
        Ok(_) => Err(InvalidReason::NotInSubgroup),
        Err(InvalidReason::Infinity) => Ok(None),
        Err(reason) => Err(reason),
    };
    points.into_iter().map(member).collect()
}

/// Each check with its points of G1 times a random coefficient, so that no two can cancel.
fn weigh<C>(checks: Vec<(usize, Vec<Pair<C>>)>, context: &mut Context) -> Vec<(usize, Vec<Pair<C>>)>
where
    C: BulkCurve<G1: Bulk>,
{
    if checks.len() < 2 {
        return checks;
    }
    let shape = weighted_sum::shape(checks.len(), context.bits.bits());
    let weights = weights::draw(checks.len(), shape, &mut context.random);
    let (points, each): (Vec<G1Point<C>>, Vec<_>) = checks
        .iter()
        .zip(&weights)
        .flat_map(|((_, pairs), weight)| pairs.iter().map(|(p, _)| (*p, *weight)))
        .unzip();
    let mut weighted =
        arithmetic::weigh::<C::G1>(context.arithmetic, &points, &each, shape).into_iter();
    checks
        .into_iter()
        .map(|(at, pairs)| {
            let own: Vec<_> = weighted.by_ref().take(pairs.len()).zip(pairs).collect();
            let pairs = own.into_iter().filter_map(|(p, (_, q))| Some((p?, q)));
            (at, pairs.collect())
        })
        .collect()
}

/// Whether the product of all pairings is one.
fn holds<C: BulkCurve>(arithmetic: Arithmetic, checks: &[(usize, Vec<Pair<C>>)]) -> bool {
    let pairs: Vec<Pair<C>> = checks
        .iter()
        .flat_map(|(_, pairs)| pairs)
        .copied()
        .collect();
    let product = tasks(&pairs, arithmetic.task(pairs.len()))
        .map(|pairs| C::miller_many(arithmetic, pairs))
        .reduce(C::one, |a, b| C::mul(&a, &b));
    C::are_one(arithmetic, &[product])[0]
}

/// Each check's product of Miller loops.
fn values<C: BulkCurve>(
    arithmetic: Arithmetic,
    checks: &[(usize, Vec<Pair<C>>)],
) -> Vec<(usize, C::Gt)> {
    tasks(checks, arithmetic.task(checks.len()))
        .flat_map_iter(|checks| {
            let lists: Vec<Vec<Pair<C>>> = checks.iter().map(|(_, pairs)| pairs.clone()).collect();
            let values = C::miller_each(arithmetic, &lists);
            checks.iter().map(|(at, _)| *at).zip(values)
        })
        .collect()
}

/// The checks among `values` that are not one, where their product is not.
fn not_one<C: BulkCurve>(arithmetic: Arithmetic, values: &[(usize, C::Gt)]) -> Vec<usize> {
    if let [(at, _)] = values {
        return vec![*at];
    }
    let parts: Vec<&[(usize, C::Gt)]> = values
        .chunks(values.len().div_ceil(C::fan_out(arithmetic)).max(1))
        .collect();
    let product = |part: &&[(usize, C::Gt)]| {
        let values = part.iter();
        values.fold(C::one(), |product, (_, value)| C::mul(&product, value))
    };
    let products: Vec<C::Gt> = parts.iter().map(product).collect();
    let holding = C::are_one(arithmetic, &products);
    let failing = parts.into_iter().zip(holding).filter(|(_, holds)| !holds);
    failing
        .flat_map(|(part, _)| not_one::<C>(arithmetic, part))
        .collect()
}
