//! Product checks over raw points: each check's Miller loops once, one final exponentiation
//! for all of them, and a walk down the tree of their products where that fails.

use rand_core::RngCore;
use rayon::prelude::*;
use tutti_backend::{Outcomes, PairingParcel, Work, WorkSlice};
use tutti_curves::{Curve, WirePair, oracle};
use tutti_types::Verdict;

use crate::Context;
use crate::arithmetic::{Arithmetic, BulkCurve};

pub(crate) fn check(slice: &WorkSlice, context: &mut Context) -> Outcomes {
    Outcomes::Verdicts(match &*slice.work {
        Work::PairingBls12381(parcel) => check_parcel(parcel, slice, context),
        Work::PairingBn254(parcel) => check_parcel(parcel, slice, context),
        _ => unreachable!("a batch holds one operation only"),
    })
}

fn check_parcel<C: BulkCurve>(
    parcel: &PairingParcel<C>,
    slice: &WorkSlice,
    context: &mut Context,
) -> Vec<Verdict> {
    let arithmetic = context.arithmetic;
    let checks = &parcel.checks[slice.range.clone()];
    let pairs_of = |at: usize| &parcel.pairs[checks[at].start as usize..checks[at].end as usize];
    let values: Vec<Option<C::Gt>> = (0..checks.len())
        .into_par_iter()
        .map(|at| miller::<C>(arithmetic, pairs_of(at)))
        .collect();
    let weighted = weigh::<C>(&values, context);
    let mut suspects: Vec<usize> = (0..checks.len())
        .filter(|&at| values[at].is_none())
        .collect();
    if !is_one::<C>(arithmetic, &weighted) {
        not_one::<C>(arithmetic, &weighted, &mut suspects);
    }
    let mut verdicts = vec![Verdict::Valid; checks.len()];
    for at in suspects {
        // The oracle has the last word on every INVALID.
        verdicts[at] = oracle::pairing_check::<C>(pairs_of(at));
    }
    verdicts
}

/// The product of the check's Miller loops; none where a point is bad or nothing is there.
fn miller<C: BulkCurve>(arithmetic: Arithmetic, pairs: &[WirePair<C>]) -> Option<C::Gt> {
    if pairs.is_empty() {
        return None;
    }
    let mut finite = Vec::with_capacity(pairs.len());
    for (p, q) in pairs {
        if let (Some(p), Some(q)) = (oracle::checked(p).ok()?, oracle::checked(q).ok()?) {
            finite.push((p, q));
        }
    }
    Some(C::miller_many(arithmetic, &finite))
}

/// Each value to the power of a random coefficient, so that no two can cancel.
fn weigh<C: Curve>(values: &[Option<C::Gt>], context: &mut Context) -> Vec<(usize, C::Gt)> {
    let mut random = || {
        let low = u128::from(context.random.next_u64());
        match context.bits.bits() {
            64 => low,
            _ => low | u128::from(context.random.next_u64()) << 64,
        }
    };
    let present: Vec<(usize, C::Gt)> = values
        .iter()
        .enumerate()
        .filter_map(|(at, value)| Some((at, (*value)?)))
        .collect();
    if present.len() < 2 {
        return present;
    }
    let drawn: Vec<(usize, C::Gt, u128)> = present
        .into_iter()
        .map(|(at, value)| (at, value, random()))
        .collect();
    drawn
        .into_par_iter()
        .map(|(at, value, power)| (at, C::pow(&value, power)))
        .collect()
}

/// Whether the product of the values is one.
fn is_one<C: BulkCurve>(arithmetic: Arithmetic, values: &[(usize, C::Gt)]) -> bool {
    let values = values.iter();
    let product = values.fold(C::one(), |product, (_, value)| C::mul(&product, value));
    C::are_one(arithmetic, &[product])[0]
}

/// The checks among `values` that are not one, where their product is not.
fn not_one<C: BulkCurve>(arithmetic: Arithmetic, values: &[(usize, C::Gt)], bad: &mut Vec<usize>) {
    if let [(at, _)] = values {
        return bad.push(*at);
    }
    let (left, right) = values.split_at(values.len() / 2);
    if is_one::<C>(arithmetic, left) {
        return not_one::<C>(arithmetic, right, bad);
    }
    not_one::<C>(arithmetic, left, bad);
    if !is_one::<C>(arithmetic, right) {
        not_one::<C>(arithmetic, right, bad);
    }
}
