//! Checked points, sums of points, keys of key sets.

use rand_core::RngCore;
use tutti_backend::{CheckedKeys, KeyParcel, Outcomes, SumParcel, SumRole, Work, WorkSlice};
use tutti_curves::{Member, Wire};
use tutti_types::{InvalidReason, Part, Verdict};

use crate::Context;
use crate::arithmetic::{self, Arithmetic, Bulk};
use crate::weighted_sum;
use crate::weights;

/// Points at their places: decompressed, not infinity, in the subgroup. The subgroup is checked
/// with an error of at most 2^-64.
pub(crate) fn members<G: Bulk>(
    arithmetic: Arithmetic,
    wires: &[Wire<G>],
    random: &mut impl RngCore,
) -> Vec<Result<Member<G>, InvalidReason>> {
    let mut points = arithmetic::finite(arithmetic, wires);
    let mut failed_tries = 0;
    loop {
        let (places, finite): (Vec<usize>, Vec<G::Affine>) = points
            .iter()
            .enumerate()
            .filter_map(|(at, point)| Some((at, *point.as_ref().ok()?)))
            .unzip();
        let shape = weighted_sum::shape(finite.len(), 64);
        let weights = weights::draw(finite.len(), shape, random);
        let parts = [finite.len()];
        let Err(outside) =
            weighted_sum::checked::<G>(arithmetic, &finite, &weights, &parts, shape, failed_tries)
        else {
            return points
                .into_iter()
                .map(|point| point.map(Member::shown))
                .collect();
        };
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
        members(
            context.arithmetic,
            &parcel.keys[slice.range.clone()],
            &mut context.random,
        )
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
    Outcomes::Points(
        lists
            .iter()
            .map(|list| {
                sum_list(list, parcel.role, context)
                    .map(|sum| G::encode(sum.as_ref(), parcel.encoding))
            })
            .collect(),
    )
}

/// `None` is infinity.
fn sum_list<G: Bulk>(
    list: &[Wire<G>],
    role: SumRole,
    context: &mut Context,
) -> Result<Option<G::Affine>, Verdict> {
    let part = |at: usize| match role {
        SumRole::Signatures => Part::Point(at as u32),
        SumRole::Keys => Part::Key(at as u32),
    };
    let mut points = Vec::with_capacity(list.len());
    for (at, member) in members(context.arithmetic, list, &mut context.random)
        .into_iter()
        .enumerate()
    {
        match member {
            Ok(member) => points.push(member),
            Err(InvalidReason::Infinity) if role == SumRole::Signatures => {}
            Err(reason) => return Err(Verdict::Invalid(reason, part(at))),
        }
    }
    let references: Vec<_> = points.iter().map(Member::point).collect();
    let sum = G::to_affine(&G::sum(&references));
    if sum.is_none() && role == SumRole::Keys {
        return Err(Verdict::Invalid(
            InvalidReason::Infinity,
            Part::AggregateKey,
        ));
    }
    Ok(sum)
}
