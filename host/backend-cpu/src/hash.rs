//! Messages and field elements to points.

use rayon::prelude::*;
use tutti_backend::{HashInput, HashParcel, Outcomes, Work, WorkSlice};
use tutti_curves::{PointHash, bls12_381, bn254};
use tutti_types::{CurveId, GroupId, Part, Verdict};

pub(crate) fn hash(slice: &WorkSlice) -> Outcomes {
    let Work::Hash(parcel) = &*slice.work else {
        unreachable!("a batch holds one operation only");
    };
    let inputs = &parcel.inputs[slice.range.clone()];
    let one = match (parcel.curve, parcel.group) {
        (CurveId::Bls12381, GroupId::G1) => hash_one::<bls12_381::G1>,
        (CurveId::Bls12381, GroupId::G2) => hash_one::<bls12_381::G2>,
        (CurveId::Bn254, GroupId::G1) => hash_one::<bn254::G1>,
        (CurveId::Bn254, GroupId::G2) => hash_one::<bn254::G2>,
    };
    Outcomes::Points(inputs.par_iter().map(|input| one(parcel, input)).collect())
}

fn hash_one<G: PointHash>(parcel: &HashParcel, input: &HashInput) -> Result<Vec<u8>, Verdict> {
    let point = match input {
        HashInput::Message(message) => G::hash(parcel.hashing.borrowed(), message, &[]).map(Some),
        HashInput::Element(element) => G::map(element),
    };
    point
        .map(|point| G::encode(point.as_ref(), parcel.encoding))
        .map_err(|reason| Verdict::Invalid(reason, Part::Message))
}
