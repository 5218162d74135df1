//! What a backend's answers must look like, and what they say of those who asked.

use std::collections::HashMap;
use std::sync::Arc;

use tutti_backend::{CheckedKeys, DeviceFault, Outcomes, Work};
use tutti_batcher::{Slice, SourceId, Spoiler};
use tutti_types::{InvalidReason, Verdict};

/// A backend must answer every item of every slice, and in kind: points where signatures were
/// asked about would read as VALID.
pub(crate) fn fitting(
    slices: &[Slice<Arc<Work>>],
    outcomes: Vec<Outcomes>,
) -> Result<Vec<Outcomes>, DeviceFault> {
    let complete = slices.len() == outcomes.len()
        && slices
            .iter()
            .zip(&outcomes)
            .all(|(slice, part)| slice.len as usize == part.len());
    if !complete {
        return Err(wrong("not one answer for each item"));
    }
    let in_kind = slices
        .iter()
        .zip(&outcomes)
        .all(|(slice, part)| is_in_kind(&slice.payload, part));
    if !in_kind {
        return Err(wrong("answers of another kind than the questions"));
    }
    Ok(outcomes)
}

fn wrong(what: &str) -> DeviceFault {
    DeviceFault::WrongAnswer(what.into())
}

fn is_in_kind(work: &Work, part: &Outcomes) -> bool {
    match work {
        Work::MinPk(_)
        | Work::MinSig(_)
        | Work::Bn254(_)
        | Work::PairingBls12381(_)
        | Work::PairingBn254(_) => matches!(part, Outcomes::Verdicts(_)),
        Work::Hash(_)
        | Work::SumBls12381G1(_)
        | Work::SumBls12381G2(_)
        | Work::SumBn254G1(_)
        | Work::SumBn254G2(_) => matches!(part, Outcomes::Points(_)),
        Work::KeysBls12381G1(_) => matches!(part, Outcomes::Keys(CheckedKeys::Bls12381G1(_))),
        Work::KeysBls12381G2(_) => matches!(part, Outcomes::Keys(CheckedKeys::Bls12381G2(_))),
        Work::KeysBn254G2(_) => matches!(part, Outcomes::Keys(CheckedKeys::Bn254G2(_))),
    }
}

/// Sources whose items made the batch fail, so that it had to be searched.
pub(crate) fn spoilers(slices: &[Slice<Arc<Work>>], outcomes: &[Outcomes]) -> Vec<Spoiler> {
    let mut spoilers: HashMap<SourceId, Spoiler> = HashMap::new();
    for (slice, part) in slices.iter().zip(outcomes) {
        let Outcomes::Verdicts(verdicts) = part else {
            continue;
        };
        let bad = verdicts.iter().filter(|verdict| spoils(verdict)).count() as u32;
        let entry = spoilers.entry(slice.source).or_insert(Spoiler {
            source: slice.source,
            bad: 0,
            of: 0,
        });
        entry.bad += bad;
        entry.of += slice.len;
    }
    spoilers
        .into_values()
        .filter(|spoiler| spoiler.bad > 0)
        .collect()
}

const fn spoils(verdict: &Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Invalid(
            InvalidReason::DoesNotVerify | InvalidReason::NotInSubgroup,
            _
        )
    )
}
