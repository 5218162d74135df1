//! A batch of signatures on a device: two programs, one that makes points of bytes and says which
//! are bad, one that weighs and multiplies. The device answers with products of Miller loops and
//! weighted sums of signatures; what these come to is found out here. Where they do not come to
//! one, more programs lead to the bad items.

mod asked;
mod canary;
mod combine;
mod decode;
mod plan;
mod search;

use std::ops::Range;

use rayon::prelude::*;
use tutti_backend::{Batch, Keys, Outcomes, VerifyItem, VerifyParcel};
use tutti_curves::{Bn254Sig, Curve, Group, Hashing, MinPk, MinSig, Pair, PointHash, Signed};
use tutti_types::{Encoding, InvalidReason, Part, Scheme, Verdict};

use crate::judge::{self, Suspicion};
use crate::run::{Run, Stop, wrong};
use crate::words::{DeviceCurve, DeviceGroup};
use asked::Asked;
use canary::Canary;
use combine::{Combined, holds};
use decode::Decoded;
use plan::Plan;

/// A way round of a curve that the kernels know.
pub(crate) trait DeviceWorld:
    Signed<Curve: DeviceCurve, Key: DeviceGroup, Sig: DeviceGroup>
{
}

impl DeviceWorld for MinPk {}
impl DeviceWorld for MinSig {}
impl DeviceWorld for Bn254Sig {}

pub(crate) type Parcels<'a, W> = [(&'a VerifyParcel<W>, Range<usize>)];
type Item<'a, W> = (&'a VerifyParcel<W>, &'a VerifyItem<W>);

pub(crate) fn verify<W: DeviceWorld>(
    run: &mut Run<'_>,
    batch: &Batch,
    parcels: &Parcels<'_, W>,
) -> Result<Vec<Outcomes>, Stop> {
    let items: Vec<Item<'_, W>> = parcels
        .iter()
        .flat_map(|(parcel, range)| {
            let items = parcel.items()[range.clone()].iter();
            items.map(move |item| (*parcel, item))
        })
        .collect();
    let asked = Asked::<W>::new(run, parcels)?;
    let samples = judge::samples(asked.items.len(), &mut run.random);
    let samples: Vec<usize> = samples.into_iter().map(|at| asked.items[at].item).collect();
    let by_oracle = |item: usize| items[item].0.by_oracle(items[item].1);
    let decide = || decide(run, batch, &items, &asked);
    let verdicts = judge::beside_oracle(&samples, by_oracle, decide)?;
    let mut verdicts = verdicts.into_iter();
    let outcomes = parcels
        .iter()
        .map(|(_, range)| Outcomes::Verdicts(verdicts.by_ref().take(range.len()).collect()));
    Ok(outcomes.collect())
}

fn decide<W: DeviceWorld>(
    run: &mut Run<'_>,
    batch: &Batch,
    items: &[Item<'_, W>],
    asked: &Asked<'_, W>,
) -> Result<Vec<Verdict>, Stop> {
    if asked.items.is_empty() {
        return judge::verdicts(run, batch, &Suspicion::default(), &asked.left_out);
    }
    let canary = Canary::<W>::draw(&asked.hashings[0], &mut run.random);
    let plan = Plan::new(asked, &canary, run.part_items(), &mut run.random);
    let mut decoded = Decoded::ask(run, asked, &plan)?;
    let mut combined = Combined::ask(run, batch, &plan, &decoded, &canary)?;
    if combined.is_none() {
        decoded = decoded.find_outside::<W>(run, &plan)?;
        combined = Combined::ask(run, batch, &plan, &decoded, &canary)?;
    }
    let combined =
        combined.ok_or_else(|| wrong("points outside the group that nobody found".into()))?;
    let item = |at: usize| plan.items[at].map(|at| asked.items[at].item);
    let mut suspicion = Suspicion {
        items: decoded.bad.iter().filter_map(|&at| item(at)).collect(),
        groups: Vec::new(),
    };
    let live = |at: &usize| decoded.bad.binary_search(at).is_err();
    let holds = holds::<W>(&combined.product, &combined.sum)?;
    if !holds {
        for suspects in search::suspects(run, &plan, &decoded, &combined)? {
            let suspects = suspects.start as usize..suspects.end as usize;
            suspicion
                .groups
                .push(suspects.filter(live).filter_map(item).collect());
        }
    }
    let verdicts = judge::verdicts(run, batch, &suspicion, &asked.left_out)?;
    if !holds {
        let refuted = |at: &usize| item(*at).is_some_and(|item| verdicts[item] != Verdict::Valid);
        let refuted = (0..plan.items.len()).filter(live).filter(refuted);
        let refuted: Vec<(usize, usize)> = refuted.filter_map(|at| Some((at, item(at)?))).collect();
        hold_without(&combined, items, &refuted, &verdicts)?;
    }
    Ok(verdicts)
}

/// Whether the batch holds without the items, by place in the plan and in the batch, that were
/// found bad: what the host takes away for them is its own.
fn hold_without<W: DeviceWorld>(
    combined: &Combined<W>,
    items: &[Item<'_, W>],
    refuted: &[(usize, usize)],
    verdicts: &[Verdict],
) -> Result<(), Stop> {
    for (_, item) in refuted {
        if !matches!(
            verdicts[*item],
            Verdict::Invalid(InvalidReason::DoesNotVerify, _)
                | Verdict::Invalid(InvalidReason::Infinity, Part::AggregateKey)
        ) {
            return Err(wrong(format!("a point of item {item} was called good")));
        }
    }
    let parts: Vec<_> = refuted
        .par_iter()
        .map(|(at, item)| weighed_item(combined, *at, items[*item]))
        .collect::<Result<Vec<_>, InvalidReason>>()
        .map_err(|_| Stop::internal("the oracle takes a point that cannot be read"))?;
    let sum = parts.iter().fold(combined.sum, |sum, (_, signature)| {
        W::Sig::add(&sum, &W::Sig::negate_sum(signature))
    });
    let pairs: Vec<Pair<W::Curve>> = parts.into_iter().flat_map(|(pairs, _)| pairs).collect();
    let product = W::Curve::mul(&combined.product, &judge::miller::<W::Curve>(&pairs));
    if holds::<W>(&product, &sum)? {
        Ok(())
    } else {
        Err(wrong(
            "the batch does not hold without its bad items".into(),
        ))
    }
}

type Weighed<W> = (
    Vec<Pair<<W as Signed>::Curve>>,
    <<W as Signed>::Sig as Group>::Sum,
);

/// Pairs that take an item's keys out of the product, and its weighed signature.
fn weighed_item<W: DeviceWorld>(
    combined: &Combined<W>,
    at: usize,
    (parcel, item): Item<'_, W>,
) -> Result<Weighed<W>, InvalidReason> {
    let coefficients = &combined.coefficients;
    let signature = coefficients.times::<W::Sig>(at, &item.signature.finite()?);
    let hashing = Hashing::of_scheme(parcel.scheme());
    let mut pairs = Vec::new();
    let mut pair = |keys: &[<W::Key as Group>::Affine], message: &[u8], before: &[u8]| {
        let sum = W::Key::sum(&keys.iter().collect::<Vec<_>>());
        let Some(key) = W::Key::to_affine(&sum) else {
            return Ok(());
        };
        let weighed = W::Key::to_affine(&coefficients.times::<W::Key>(at, &key));
        let message = W::Sig::hash(hashing, message, before)?;
        pairs.extend(weighed.map(|key| W::pair(&W::Key::negate(&key), &message)));
        Ok(())
    };
    for term in parcel.terms(item) {
        let keys = parcel.indices(term).iter();
        let keys = keys.map(|&index| match parcel.source(term) {
            Keys::Set(set) => Ok(set.keys()[index as usize]),
            Keys::Inline(keys) => keys[index as usize].finite(),
        });
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        if *parcel.scheme() == Scheme::Bls12381MinPkAug {
            for key in keys {
                let before = W::Key::encode(Some(&key), Encoding::ZcashCompressed);
                pair(&[key], parcel.message(term), &before)?;
            }
        } else {
            pair(&keys, parcel.message(term), &[])?;
        }
    }
    Ok((pairs, signature))
}
