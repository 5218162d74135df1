//! Messages and field elements to points.

use tutti_backend::{HashInput, HashParcel, Outcomes, Work, WorkSlice};
use tutti_curves::{bls12_381, bn254};
use tutti_types::{CurveId, GroupId, Part, Verdict};

use crate::Context;
use crate::arithmetic::{self, Bulk};

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
    let messages: Vec<&[u8]> = inputs
        .iter()
        .filter_map(|input| match input {
            HashInput::Message(message) => Some(&**message),
            HashInput::Element(_) => None,
        })
        .collect();
    let hashing = parcel.hashing.borrowed();
    let mut hashed = arithmetic::hash::<G>(context.arithmetic, hashing, &messages).into_iter();
    inputs
        .iter()
        .map(|input| match input {
            HashInput::Message(message) => hashed
                .next()
                .unwrap_or_else(|| G::hash(hashing, message, &[]))
                .map(Some),
            HashInput::Element(element) => G::map(element),
        })
        .map(|point| {
            point
                .map(|point| G::encode(point.as_ref(), parcel.encoding))
                .map_err(|reason| Verdict::Invalid(reason, Part::Message))
        })
        .collect()
}
