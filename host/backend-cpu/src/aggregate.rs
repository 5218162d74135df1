//! Checked points, sums of points, keys of key sets.

use rand_core::RngCore;
use tutti_backend::{
    CheckedKeys, CoefficientBits, KeyParcel, Outcomes, SumParcel, SumRole, Work, WorkSlice,
};
use tutti_curves::{Group, Member, Wire};
use tutti_types::{InvalidReason, Part, Verdict};

use crate::Context;
use crate::arithmetic::{self, Arithmetic, Bulk};
use crate::weighted_sum::{self, Weighing};
use crate::weights;

/// Points at their places: decompressed, not infinity, in the subgroup. The subgroup is checked
/// with the batch's own bound of error.
pub(crate) fn members<G: Bulk>(
    arithmetic: Arithmetic,
    wires: &[&Wire<G>],
    bits: CoefficientBits,
    random: &mut impl RngCore,
) -> Vec<Result<Member<G>, InvalidReason>> {
    let mut points = arithmetic::finite(arithmetic, wires).into_whole();
    let mut failed_tries = 0;
    loop {
        let (places, finite): (Vec<usize>, Vec<G::Affine>) = points
            .iter()
            .enumerate()
            .filter_map(|(at, point)| Some((at, *point.as_ref().ok()?)))
            .unzip();
        let shape = weighted_sum::shape(finite.len(), bits.bits());
        let weights = weights::draw(finite.len(), shape, random);
        let all = Weighing::<G>::new(arithmetic, &finite, &weights, shape);
        let outside = all.outside(failed_tries);
        if outside.is_empty() {
            return points
                .into_iter()
                .map(|point| point.map(Member::shown))
                .collect();
        }
        failed_tries += 1;
        for at in outside {
            points[places[at]] = Err(InvalidReason::NotInSubgroup);
        }
    }
}

pub(crate) fn keys(slice: &WorkSlice, context: &mut Context) -> Outcomes {
    fn checked<G: Bulk>(
        parcel: &KeyParcel<G>,
        slice: &WorkSlice,
        context: &mut Context,
    ) -> Vec<Result<Member<G>, InvalidReason>> {
        let keys: Vec<_> = parcel.keys[slice.range.clone()].iter().collect();
        members(context.arithmetic, &keys, context.bits, &mut context.random)
    }
    Outcomes::Keys(match &*slice.work {
        Work::KeysBls12381G1(parcel) => CheckedKeys::Bls12381G1(checked(parcel, slice, context)),
        Work::KeysBls12381G2(parcel) => CheckedKeys::Bls12381G2(checked(parcel, slice, context)),
        Work::KeysBn254G2(parcel) => CheckedKeys::Bn254G2(checked(parcel, slice, context)),
        _ => unreachable!("a batch holds one operation only"),
    })
}

pub(crate) fn sums(slice: &WorkSlice, context: &mut Context) -> Outcomes {
    match &*slice.work {
        Work::SumBls12381G1(parcel) => sum_lists(parcel, slice, context),
        Work::SumBls12381G2(parcel) => sum_lists(parcel, slice, context),
        Work::SumBn254G1(parcel) => sum_lists(parcel, slice, context),
        Work::SumBn254G2(parcel) => sum_lists(parcel, slice, context),
        _ => unreachable!("a batch holds one operation only"),
    }
}

fn sum_lists<G: Bulk>(parcel: &SumParcel<G>, slice: &WorkSlice, context: &mut Context) -> Outcomes {
    let lists = &parcel.lists[slice.range.clone()];
    let wires: Vec<&Wire<G>> = lists.iter().flatten().collect();
    let members = members(
        context.arithmetic,
        &wires,
        context.bits,
        &mut context.random,
    );
    let mut members = members.into_iter();
    let summands: Vec<Result<Vec<G::Affine>, Verdict>> = lists
        .iter()
        .map(|list| {
            let own: Vec<_> = members.by_ref().take(list.len()).collect();
            summands(own, parcel.role)
        })
        .collect();
    let good: Vec<Vec<G::Affine>> = summands.iter().flatten().cloned().collect();
    let mut sums = arithmetic::sums::<G>(context.arithmetic, &good).into_iter();
    let point = |summands: Result<_, Verdict>| {
        summands?;
        let sum = sums.next().flatten();
        if sum.is_none() && parcel.role == SumRole::Keys {
            return Err(Verdict::Invalid(
                InvalidReason::Infinity,
                Part::AggregateKey,
            ));
        }
        Ok(G::encode(sum.as_ref(), parcel.encoding))
    };
    Outcomes::Points(summands.into_iter().map(point).collect())
}

/// What a list adds up, or the first of its points that is bad. Infinity may stand among signatures.
fn summands<G: Group>(
    members: Vec<Result<Member<G>, InvalidReason>>,
    role: SumRole,
) -> Result<Vec<G::Affine>, Verdict> {
    let part = |at: u32| match role {
        SumRole::Signatures => Part::Point(at),
        SumRole::Keys => Part::Key(at),
    };
    let mut points = Vec::with_capacity(members.len());
    for (at, member) in (0..).zip(members) {
        match member {
            Ok(member) => points.push(*member.point()),
            Err(InvalidReason::Infinity) if role == SumRole::Signatures => {}
            Err(reason) => return Err(Verdict::Invalid(reason, part(at))),
        }
    }
    Ok(points)
}
