//! Messages and field elements to points.

use rayon::prelude::*;
use tutti_backend::{HashInput, HashParcel, Outcomes, Work, WorkSlice};
use tutti_curves::{Hashing, bls12_381, bn254};
use tutti_types::{CurveId, GroupId, InvalidReason, Part, Verdict};

use crate::Context;
use crate::arithmetic::{Arithmetic, Bulk, tasks};

pub(crate) fn hash(slice: &WorkSlice, context: &Context) -> Outcomes {
    let Work::Hash(parcel) = &*slice.work else {
        unreachable!("a batch holds one operation only");
    };
    let inputs = &parcel.inputs[slice.range.clone()];
    Outcomes::Points(match (parcel.curve, parcel.group) {
        (CurveId::Bls12381, GroupId::G1) => points::<bls12_381::G1>(parcel, inputs, context),
        (CurveId::Bls12381, GroupId::G2) => points::<bls12_381::G2>(parcel, inputs, context),
        (CurveId::Bn254, GroupId::G1) => points::<bn254::G1>(parcel, inputs, context),
        (CurveId::Bn254, GroupId::G2) => points::<bn254::G2>(parcel, inputs, context),
    })
}

fn points<G: Bulk>(
    parcel: &HashParcel,
    inputs: &[HashInput],
    context: &Context,
) -> Vec<Result<Vec<u8>, Verdict>> {
    let arithmetic = context.arithmetic;
    tasks(inputs, arithmetic.task(inputs.len()))
        .flat_map_iter(|inputs| {
            let points = points_of_a_task::<G>(arithmetic, parcel.hashing.borrowed(), inputs);
            points.into_iter().map(|point| match point {
                Ok(point) => Ok(G::encode(point.as_ref(), parcel.encoding)),
                Err(reason) => Err(Verdict::Invalid(reason, Part::Message)),
            })
        })
        .collect()
}

/// None is infinity.
fn points_of_a_task<G: Bulk>(
    arithmetic: Arithmetic,
    hashing: Hashing<'_>,
    inputs: &[HashInput],
) -> Vec<Result<Option<G::Affine>, InvalidReason>> {
    let messages: Vec<&[u8]> = inputs
        .iter()
        .filter_map(|input| match input {
            HashInput::Message(message) => Some(&**message),
            HashInput::Element(_) => None,
        })
        .collect();
    let mut hashed = G::hash_each(arithmetic, hashing, &messages).into_iter();
    let point = |input: &HashInput| match input {
        HashInput::Message(message) => hashed
            .next()
            .unwrap_or_else(|| G::hash(hashing, message, &[]))
            .map(Some),
        HashInput::Element(element) => G::map(element),
    };
    inputs.iter().map(point).collect()
}
