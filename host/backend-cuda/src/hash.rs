//! Messages to points on a device. The points are the answer, so each is looked at: it must be on
//! the curve, and those of a known message and of a sampled share must be the oracle's.

use std::ops::Range;

use rand_core::RngCore;
use tutti_backend::{Batch, HashInput, HashParcel, Hashing, Outcomes, Work, WorkSlice};
use tutti_curves::{PointHash, bls12_381, bn254};
use tutti_types::{CurveId, GroupId, HashVariant};

use crate::composer::{Array, Composer};
use crate::judge;
use crate::run::{Run, Stop, parsed, wrong};
use crate::words::{DeviceGroup, is_on_curve};

pub(crate) fn hash(run: &mut Run<'_>, batch: &Batch) -> Result<Vec<Outcomes>, Stop> {
    let one = |slice: &WorkSlice| {
        let Work::Hash(parcel) = &*slice.work else {
            unreachable!("a batch holds one operation only");
        };
        match messages(parcel, slice.range.clone()) {
            Some(messages) => match (parcel.curve, parcel.group) {
                (CurveId::Bls12381, GroupId::G1) => points::<bls12_381::G1>(run, parcel, &messages),
                (CurveId::Bls12381, GroupId::G2) => points::<bls12_381::G2>(run, parcel, &messages),
                (CurveId::Bn254, _) => points::<bn254::G1>(run, parcel, &messages),
            },
            None => run.left_to_second(batch, slice),
        }
    };
    batch.slices.iter().map(one).collect()
}

/// The messages of a parcel that the kernels can hash.
fn messages(parcel: &HashParcel, range: Range<usize>) -> Option<Vec<&[u8]>> {
    let known = match &parcel.hashing {
        Hashing::Rfc9380 { variant, dst } => {
            *variant == HashVariant::RandomOracle && !dst.is_empty() && dst.len() <= 255
        }
        Hashing::TryAndIncrement | Hashing::KeccakTryAndIncrement => parcel.curve == CurveId::Bn254,
    };
    if !known || (parcel.curve, parcel.group) == (CurveId::Bn254, GroupId::G2) {
        return None;
    }
    let digests = parcel.hashing == Hashing::TryAndIncrement;
    let message = |input: &'_ HashInput| match input {
        HashInput::Message(message) => !digests || message.len() == 32,
        HashInput::Element(_) => false,
    };
    let inputs = &parcel.inputs[range];
    inputs.iter().all(message).then(|| {
        let bytes = inputs.iter().map(|input| match input {
            HashInput::Message(bytes) | HashInput::Element(bytes) => &bytes[..],
        });
        bytes.collect()
    })
}

fn points<G: DeviceGroup + PointHash>(
    run: &mut Run<'_>,
    parcel: &HashParcel,
    messages: &[&[u8]],
) -> Result<Outcomes, Stop> {
    let mut known = [0; 32];
    run.random.fill_bytes(&mut known);
    let known_at = run.random.next_u64() as usize % (messages.len() + 1);
    let mut asked = messages.to_vec();
    asked.insert(known_at, &known);
    let mut composer = Composer::default();
    let points = composer.array::<G::Affine>(asked.len() as u64);
    compose::<G>(&mut composer, &parcel.hashing, &asked, points);
    let points = composer.read::<G::Affine>(points);
    let answer = run.ask(&composer)?;
    let points = points.of(&answer);
    let mut points: Vec<G::Affine> = parsed(points, asked.len())?;
    if !points.iter().all(is_on_curve::<G>) {
        return Err(wrong("a point that is on no curve".into()));
    }
    let samples = judge::samples(asked.len(), &mut run.random);
    for at in samples.into_iter().chain([known_at]) {
        let own = G::hash(parcel.hashing.borrowed(), asked[at], &[]);
        if own != Ok(points[at]) {
            return Err(wrong(format!("message {at} was hashed to another point")));
        }
    }
    points.remove(known_at);
    let encode = |point: &G::Affine| Ok(G::encode(Some(point), parcel.encoding));
    Ok(Outcomes::Points(points.iter().map(encode).collect()))
}

fn compose<G: DeviceGroup>(
    composer: &mut Composer,
    hashing: &Hashing,
    messages: &[&[u8]],
    to: Array,
) {
    let count = messages.len() as u64;
    match hashing {
        Hashing::Rfc9380 { dst, .. } => composer.hash_rfc9380::<G>(messages, dst, to),
        Hashing::TryAndIncrement => {
            let digests = composer.input(&messages.concat());
            composer.hash_try::<G>(digests, count, to);
        }
        Hashing::KeccakTryAndIncrement => {
            let digests = composer.keccak(messages);
            composer.hash_try::<G>(digests, count, to);
        }
    }
}
