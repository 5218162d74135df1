//! Between the words of the contract and those of the inside.

use tutti_proto::v1;
use tutti_types::{
    CurveId, Dst, Encoding, GroupId, HashVariant, InvalidReason, Operation, Part, Priority, Scheme,
    UndecidedCause, Verdict, World,
};

use crate::refusal::Refusal;

pub(crate) fn scheme(scheme: Option<&v1::Scheme>) -> Result<Scheme, Refusal> {
    let scheme = scheme.ok_or_else(|| Refusal::malformed("scheme", "say which scheme signed"))?;
    let fixed = |known: Scheme| {
        if scheme.dst.is_empty() {
            Ok(known)
        } else {
            let what = format!("must be empty: the tag of {} is its own", known.name());
            Err(Refusal::malformed("scheme.dst", what))
        }
    };
    match v1::SchemeKind::try_from(scheme.kind) {
        Ok(v1::SchemeKind::Bls12381MinPkPop) => fixed(Scheme::Bls12381MinPkPop),
        Ok(v1::SchemeKind::Bls12381MinPkBasic) => fixed(Scheme::Bls12381MinPkBasic),
        Ok(v1::SchemeKind::Bls12381MinPkAug) => fixed(Scheme::Bls12381MinPkAug),
        Ok(v1::SchemeKind::Bls12381MinSig) => Ok(Scheme::Bls12381MinSig(tag(scheme)?)),
        Ok(v1::SchemeKind::Bn254EigenTai) => fixed(Scheme::Bn254EigenTai),
        Ok(v1::SchemeKind::Bn254KeccakTai) => fixed(Scheme::Bn254KeccakTai),
        Ok(v1::SchemeKind::Bn254Rfc9380) => Ok(Scheme::Bn254Rfc9380(tag(scheme)?)),
        Ok(v1::SchemeKind::Unspecified) | Err(_) => Err(Refusal::malformed(
            "scheme.kind",
            "unknown; GetCapabilities lists the schemes",
        )),
    }
}

fn tag(scheme: &v1::Scheme) -> Result<Dst, Refusal> {
    dst("scheme.dst", &scheme.dst)
}

pub(crate) fn dst(field: &str, bytes: &[u8]) -> Result<Dst, Refusal> {
    Dst::new(bytes).map_err(|error| Refusal::malformed(field, error.to_string()))
}

pub(crate) fn encoding(field: &str, value: i32, curve: CurveId) -> Result<Encoding, Refusal> {
    match stated_encoding(field, value)? {
        None => Ok(Encoding::canonical(curve)),
        Some(encoding) if encoding.curve() == curve => Ok(encoding),
        Some(encoding) => Err(Refusal::malformed(
            field,
            format!("{encoding:?} is not an encoding of {curve:?}"),
        )),
    }
}

/// `None` is UNSPECIFIED.
pub(crate) fn stated_encoding(field: &str, value: i32) -> Result<Option<Encoding>, Refusal> {
    Ok(match v1::Encoding::try_from(value) {
        Ok(v1::Encoding::Unspecified) => None,
        Ok(v1::Encoding::ZcashCompressed) => Some(Encoding::ZcashCompressed),
        Ok(v1::Encoding::ZcashUncompressed) => Some(Encoding::ZcashUncompressed),
        Ok(v1::Encoding::Eip2537) => Some(Encoding::Eip2537),
        Ok(v1::Encoding::Eip197) => Some(Encoding::Eip197),
        Ok(v1::Encoding::Eigensdk) => Some(Encoding::Eigensdk),
        Ok(v1::Encoding::ArkUncompressed) => Some(Encoding::ArkUncompressed),
        Ok(v1::Encoding::GnarkCompressed) => Some(Encoding::GnarkCompressed),
        Err(_) => return Err(Refusal::malformed(field, "unknown encoding")),
    })
}

pub(crate) fn encoding_out(encoding: Encoding) -> v1::Encoding {
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

pub(crate) fn world(field: &str, value: i32) -> Result<World, Refusal> {
    match v1::World::try_from(value) {
        Ok(v1::World::Bls12381MinPk) => Ok(World::Bls12381MinPk),
        Ok(v1::World::Bls12381MinSig) => Ok(World::Bls12381MinSig),
        Ok(v1::World::Bn254) => Ok(World::Bn254),
        Ok(v1::World::Unspecified) | Err(_) => Err(Refusal::malformed(field, "unknown world")),
    }
}

pub(crate) const fn world_out(world: World) -> v1::World {
    match world {
        World::Bls12381MinPk => v1::World::Bls12381MinPk,
        World::Bls12381MinSig => v1::World::Bls12381MinSig,
        World::Bn254 => v1::World::Bn254,
    }
}

pub(crate) fn curve(field: &str, value: i32) -> Result<CurveId, Refusal> {
    match v1::Curve::try_from(value) {
        Ok(v1::Curve::Bls12381) => Ok(CurveId::Bls12381),
        Ok(v1::Curve::Bn254) => Ok(CurveId::Bn254),
        Ok(v1::Curve::Unspecified) | Err(_) => Err(Refusal::malformed(field, "unknown curve")),
    }
}

pub(crate) fn group(field: &str, value: i32) -> Result<GroupId, Refusal> {
    match v1::Group::try_from(value) {
        Ok(v1::Group::G1) => Ok(GroupId::G1),
        Ok(v1::Group::G2) => Ok(GroupId::G2),
        Ok(v1::Group::Unspecified) | Err(_) => Err(Refusal::malformed(field, "unknown group")),
    }
}

pub(crate) fn variant(field: &str, value: i32) -> Result<HashVariant, Refusal> {
    match v1::HashVariant::try_from(value) {
        Ok(v1::HashVariant::Unspecified | v1::HashVariant::RandomOracle) => {
            Ok(HashVariant::RandomOracle)
        }
        Ok(v1::HashVariant::NonUniform) => Ok(HashVariant::NonUniform),
        Err(_) => Err(Refusal::malformed(field, "unknown hash variant")),
    }
}

pub(crate) fn priority(field: &str, value: i32) -> Result<Priority, Refusal> {
    match v1::Priority::try_from(value) {
        Ok(v1::Priority::Unspecified | v1::Priority::Normal) => Ok(Priority::Normal),
        Ok(v1::Priority::Urgent) => Ok(Priority::Urgent),
        Ok(v1::Priority::Bulk) => Ok(Priority::Bulk),
        Err(_) => Err(Refusal::malformed(field, "unknown priority")),
    }
}

pub(crate) const fn operation_out(operation: Operation) -> v1::Operation {
    match operation {
        Operation::Verify(World::Bls12381MinPk) => v1::Operation::VerifyBls12381MinPk,
        Operation::Verify(World::Bls12381MinSig) => v1::Operation::VerifyBls12381MinSig,
        Operation::Verify(World::Bn254) => v1::Operation::VerifyBn254,
        Operation::HashToCurve => v1::Operation::HashToCurve,
        Operation::PairingCheck => v1::Operation::PairingCheck,
        Operation::Aggregate => v1::Operation::Aggregate,
        Operation::CheckKeys => v1::Operation::CheckKeys,
    }
}

pub(crate) fn verdict(verdict: Verdict) -> v1::Verdict {
    let kind = match verdict {
        Verdict::Valid => v1::verdict::Kind::Valid(v1::Valid {}),
        Verdict::Invalid(reason, part) => v1::verdict::Kind::Invalid(invalid(reason, part)),
        Verdict::Undecided(cause) => v1::verdict::Kind::Undecided(undecided(cause)),
    };
    v1::Verdict { kind: Some(kind) }
}

pub(crate) fn invalid(reason: InvalidReason, part: Part) -> v1::Invalid {
    let (item_part, index) = match part {
        Part::Whole => (v1::ItemPart::Whole, 0),
        Part::Signature => (v1::ItemPart::Signature, 0),
        Part::Key(index) => (v1::ItemPart::Key, index),
        Part::AggregateKey => (v1::ItemPart::AggregateKey, 0),
        Part::Message => (v1::ItemPart::Message, 0),
        Part::Point(index) => (v1::ItemPart::Point, index),
    };
    v1::Invalid {
        // The numbers are the contract's: the test below holds them together.
        reason: reason as i32,
        part: item_part.into(),
        index,
        text: match part {
            Part::Whole => reason.text().to_owned(),
            part => format!("{}: {part}", reason.text()),
        },
    }
}

pub(crate) fn undecided(cause: UndecidedCause) -> v1::Undecided {
    v1::Undecided {
        cause: cause as i32,
        retry_after_ms: retry_after_ms(cause),
        text: cause.text().to_owned(),
    }
}

/// When an undecided item may be sent again; 0 where waiting alone does not help.
pub(crate) const fn retry_after_ms(cause: UndecidedCause) -> u32 {
    match cause {
        UndecidedCause::Overload => 200,
        UndecidedCause::Deadline => 50,
        UndecidedCause::DeviceFault | UndecidedCause::ShuttingDown => 1_000,
        UndecidedCause::UnknownKeySet | UndecidedCause::Unsupported | UndecidedCause::Cancelled => {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screaming(text: &str) -> String {
        text.to_uppercase().replace([' ', '-'], "_")
    }

    #[test]
    fn the_numbers_are_those_of_the_contract() {
        for reason in InvalidReason::ALL {
            let wire = v1::InvalidReason::try_from(reason as i32).unwrap();
            let name = format!("INVALID_REASON_{}", screaming(reason.text()));
            assert_eq!(wire.as_str_name(), name);
        }
        for cause in UndecidedCause::ALL {
            let wire = v1::UndecidedCause::try_from(cause as i32).unwrap();
            let name = format!("UNDECIDED_CAUSE_{}", screaming(cause.text()));
            assert_eq!(wire.as_str_name(), name);
        }
        assert!(v1::InvalidReason::try_from(InvalidReason::ALL.len() as i32 + 1).is_err());
        assert!(v1::UndecidedCause::try_from(UndecidedCause::ALL.len() as i32 + 1).is_err());
    }

    #[test]
    fn operations_keep_their_names() {
        for operation in Operation::ALL {
            let name = format!("OPERATION_{}", screaming(operation.name()));
            assert_eq!(operation_out(operation).as_str_name(), name);
        }
    }

    #[test]
    fn a_tag_is_given_exactly_where_it_is_needed() {
        let with = |kind: v1::SchemeKind, dst: &'static [u8]| {
            scheme(Some(&v1::Scheme {
                kind: kind.into(),
                dst: dst.into(),
            }))
        };
        assert_eq!(
            with(v1::SchemeKind::Bls12381MinPkPop, b""),
            Ok(Scheme::Bls12381MinPkPop)
        );
        assert!(with(v1::SchemeKind::Bls12381MinPkPop, b"tag").is_err());
        assert!(with(v1::SchemeKind::Bls12381MinSig, b"").is_err());
        assert!(with(v1::SchemeKind::Bls12381MinSig, b"tag").is_ok());
        assert!(with(v1::SchemeKind::Bn254Rfc9380, &[7; 256]).is_err());
        assert!(with(v1::SchemeKind::Unspecified, b"").is_err());
        assert!(scheme(None).is_err());
    }

    #[test]
    fn an_encoding_must_be_the_curves_own() {
        let zcash = v1::Encoding::ZcashCompressed.into();
        assert_eq!(
            encoding("encoding", zcash, CurveId::Bls12381),
            Ok(Encoding::ZcashCompressed)
        );
        assert!(encoding("encoding", zcash, CurveId::Bn254).is_err());
        assert_eq!(
            encoding("encoding", 0, CurveId::Bn254),
            Ok(Encoding::Eip197)
        );
        assert!(encoding("encoding", 99, CurveId::Bn254).is_err());
    }
}
