//! Between this crate's words and those of the contract.

use bytes::Bytes;
use tutti_proto::v1;
use tutti_types::{
    CurveId, Encoding, GroupId, HashVariant, InvalidReason, KeySetId, Part, Priority, Scheme,
    UndecidedCause, Verdict, World,
};

use crate::error::ClientError;
use crate::items::{KeySetInfo, Timing};

pub(crate) fn scheme(scheme: &Scheme) -> v1::Scheme {
    let (kind, dst) = match scheme {
        Scheme::Bls12381MinPkPop => (v1::SchemeKind::Bls12381MinPkPop, None),
        Scheme::Bls12381MinPkBasic => (v1::SchemeKind::Bls12381MinPkBasic, None),
        Scheme::Bls12381MinPkAug => (v1::SchemeKind::Bls12381MinPkAug, None),
        Scheme::Bls12381MinSig(dst) => (v1::SchemeKind::Bls12381MinSig, Some(dst)),
        Scheme::Bn254EigenTai => (v1::SchemeKind::Bn254EigenTai, None),
        Scheme::Bn254KeccakTai => (v1::SchemeKind::Bn254KeccakTai, None),
        Scheme::Bn254Rfc9380(dst) => (v1::SchemeKind::Bn254Rfc9380, Some(dst)),
    };
    v1::Scheme {
        kind: kind.into(),
        dst: dst.map_or_else(Bytes::new, |dst| Bytes::copy_from_slice(dst.as_bytes())),
    }
}

pub(crate) const fn encoding(encoding: Encoding) -> v1::Encoding {
    match encoding {
        Encoding::ZcashCompressed => v1::Encoding::ZcashCompressed,
        Encoding::ZcashUncompressed => v1::Encoding::ZcashUncompressed,
        Encoding::Eip2537 => v1::Encoding::Eip2537,
        Encoding::Eip197 => v1::Encoding::Eip197,
        Encoding::Eigensdk => v1::Encoding::Eigensdk,
        Encoding::ArkUncompressed => v1::Encoding::ArkUncompressed,
        Encoding::GnarkCompressed => v1::Encoding::GnarkCompressed,
    }
}

pub(crate) const fn priority(priority: Priority) -> v1::Priority {
    match priority {
        Priority::Urgent => v1::Priority::Urgent,
        Priority::Normal => v1::Priority::Normal,
        Priority::Bulk => v1::Priority::Bulk,
    }
}

pub(crate) const fn world(world: World) -> v1::World {
    match world {
        World::Bls12381MinPk => v1::World::Bls12381MinPk,
        World::Bls12381MinSig => v1::World::Bls12381MinSig,
        World::Bn254 => v1::World::Bn254,
    }
}

pub(crate) const fn curve(curve: CurveId) -> v1::Curve {
    match curve {
        CurveId::Bls12381 => v1::Curve::Bls12381,
        CurveId::Bn254 => v1::Curve::Bn254,
    }
}

pub(crate) const fn group(group: GroupId) -> v1::Group {
    match group {
        GroupId::G1 => v1::Group::G1,
        GroupId::G2 => v1::Group::G2,
    }
}

pub(crate) const fn variant(variant: HashVariant) -> v1::HashVariant {
    match variant {
        HashVariant::RandomOracle => v1::HashVariant::RandomOracle,
        HashVariant::NonUniform => v1::HashVariant::NonUniform,
    }
}

pub(crate) fn id(id: KeySetId) -> Bytes {
    Bytes::copy_from_slice(&id.0)
}

fn misunderstood(what: impl Into<String>) -> ClientError {
    ClientError::Misunderstood(what.into())
}

/// Nothing that is not known for certain is taken for a verdict.
pub(crate) fn verdict(verdict: Option<v1::Verdict>) -> Result<Verdict, ClientError> {
    match verdict.and_then(|verdict| verdict.kind) {
        Some(v1::verdict::Kind::Valid(_)) => Ok(Verdict::Valid),
        Some(v1::verdict::Kind::Invalid(bad)) => invalid(&bad),
        Some(v1::verdict::Kind::Undecided(open)) => undecided(&open),
        None => Err(misunderstood("an item without a verdict")),
    }
}

pub(crate) fn invalid(invalid: &v1::Invalid) -> Result<Verdict, ClientError> {
    let reason = reason(invalid.reason)?;
    let part = match v1::ItemPart::try_from(invalid.part) {
        Ok(v1::ItemPart::Whole) => Part::Whole,
        Ok(v1::ItemPart::Signature) => Part::Signature,
        Ok(v1::ItemPart::Key) => Part::Key(invalid.index),
        Ok(v1::ItemPart::AggregateKey) => Part::AggregateKey,
        Ok(v1::ItemPart::Message) => Part::Message,
        Ok(v1::ItemPart::Point) => Part::Point(invalid.index),
        Ok(v1::ItemPart::Unspecified) | Err(_) => {
            return Err(misunderstood(format!("part {} of an item", invalid.part)));
        }
    };
    Ok(Verdict::Invalid(reason, part))
}

fn reason(number: i32) -> Result<InvalidReason, ClientError> {
    InvalidReason::ALL
        .into_iter()
        .find(|reason| *reason as i32 == number)
        .ok_or_else(|| misunderstood(format!("INVALID for reason {number}")))
}

pub(crate) fn undecided(undecided: &v1::Undecided) -> Result<Verdict, ClientError> {
    cause(undecided.cause).map(Verdict::Undecided)
}

fn cause(number: i32) -> Result<UndecidedCause, ClientError> {
    UndecidedCause::ALL
        .into_iter()
        .find(|cause| *cause as i32 == number)
        .ok_or_else(|| misunderstood(format!("UNDECIDED for cause {number}")))
}

/// The one-byte form. Which part of the item a reason speaks of is not in it.
pub(crate) fn packed(code: u8) -> Result<Verdict, ClientError> {
    let number = i32::from(code & 0x3f);
    match code >> 6 {
        0 if number == 1 => Ok(Verdict::Valid),
        0b01 => Ok(Verdict::Invalid(reason(number)?, Part::Whole)),
        0b10 => cause(number).map(Verdict::Undecided),
        _ => Err(misunderstood(format!("a verdict of {code:#04x}"))),
    }
}

/// One for each item, or nothing.
pub(crate) fn each<T>(items: usize, results: Vec<T>) -> Result<Vec<T>, ClientError> {
    if results.len() == items {
        return Ok(results);
    }
    let what = format!("{} answers to {items} items", results.len());
    Err(misunderstood(what))
}

pub(crate) fn verdicts(
    items: usize,
    results: Vec<v1::ItemVerdict>,
) -> Result<Vec<Verdict>, ClientError> {
    each(items, results)?
        .into_iter()
        .map(|result| verdict(result.verdict))
        .collect()
}

pub(crate) fn points(
    items: usize,
    results: Vec<v1::PointResult>,
) -> Result<Vec<Result<Bytes, Verdict>>, ClientError> {
    use v1::point_result::Outcome;
    each(items, results)?
        .into_iter()
        .map(|result| match result.outcome {
            Some(Outcome::Point(point)) => Ok(Ok(point)),
            Some(Outcome::Invalid(bad)) => invalid(&bad).map(Err),
            Some(Outcome::Undecided(open)) => undecided(&open).map(Err),
            None => Err(misunderstood("a point without an outcome")),
        })
        .collect()
}

pub(crate) fn timing(timing: Option<v1::Timing>) -> Timing {
    let timing = timing.unwrap_or_default();
    Timing {
        queued: std::time::Duration::from_micros(timing.queue_us),
        computed: std::time::Duration::from_micros(timing.compute_us),
        backend: timing.backend,
        batches: timing.batches,
    }
}

pub(crate) fn key_set(info: Option<v1::KeySetInfo>) -> Result<KeySetInfo, ClientError> {
    let info = info.ok_or_else(|| misunderstood("no key set in the answer"))?;
    let world = match info.world() {
        v1::World::Bls12381MinPk => World::Bls12381MinPk,
        v1::World::Bls12381MinSig => World::Bls12381MinSig,
        v1::World::Bn254 => World::Bn254,
        v1::World::Unspecified => {
            return Err(misunderstood(format!("a key set of world {}", info.world)));
        }
    };
    let id = info.key_set_id[..]
        .try_into()
        .map_err(|_| misunderstood("a key set id that is not 32 bytes"))?;
    Ok(KeySetInfo {
        id: KeySetId(id),
        world,
        count: info.count,
        name: info.name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_verdicts_come_back_and_unknown_ones_are_no_verdict() {
        let mut known = vec![Verdict::Valid];
        known.extend(InvalidReason::ALL.map(|reason| Verdict::Invalid(reason, Part::Whole)));
        known.extend(UndecidedCause::ALL.map(Verdict::Undecided));
        for verdict in &known {
            assert_eq!(packed(verdict.code()).unwrap(), *verdict);
        }
        let understood = (0..=u8::MAX).filter(|code| packed(*code).is_ok()).count();
        assert_eq!(understood, known.len());
    }

    #[test]
    fn an_item_without_a_verdict_is_not_valid() {
        assert!(verdict(None).is_err());
        assert!(verdict(Some(v1::Verdict { kind: None })).is_err());
        assert!(verdicts(2, vec![v1::ItemVerdict::default()]).is_err());
        let strange = v1::verdict::Kind::Invalid(v1::Invalid {
            reason: 99,
            ..Default::default()
        });
        assert!(
            verdict(Some(v1::Verdict {
                kind: Some(strange)
            }))
            .is_err()
        );
    }
}
