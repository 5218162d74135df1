//! ethereum/bls12-381-tests: one case a file, in a folder named for its kind. Our own corpus
//! adds a head (`scheme`, `dst`, `encoding`, `role`, `reason`) to the same layout.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tutti_types::{CurveId, Dst, Encoding, GroupId, HashVariant, Scheme, World};

use super::field::{AffinePoint, Hex, all_bytes, compared_in, encoding, reason};
use super::{CaseError, Origin};
use crate::case::{Case, Check, Expected, ExpectedPoint, ExpectedSets};
use crate::subject::{AggregateRole, SetCase};

/// The tag of the suite's `hash_to_G2` cases, which are those of RFC 9380.
const HASH_TO_G2_DST: &[u8] = b"QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_";

#[derive(Deserialize)]
struct File {
    scheme: Option<String>,
    dst: Option<String>,
    encoding: Option<String>,
    /// For `aggregate`: `signatures` (as the suite has it) or `keys`.
    role: Option<String>,
    /// Why the input is refused, where the case insists on it.
    reason: Option<String>,
    input: Value,
    #[serde(default)]
    output: Value,
}

/// The head, understood.
struct Head {
    scheme: Scheme,
    encoding: Encoding,
    role: AggregateRole,
    refusal: Expected,
}

#[derive(Deserialize)]
struct SetInput {
    #[serde(alias = "pubkey", deserialize_with = "one_or_many")]
    pubkeys: Vec<Hex>,
    message: Hex,
    signature: Hex,
}

#[derive(Deserialize)]
struct ListInput<S> {
    pubkeys: Vec<Hex>,
    messages: Vec<Hex>,
    #[serde(alias = "signatures")]
    signature: S,
}

#[derive(Deserialize)]
struct SignInput {
    privkey: Hex,
    message: Hex,
}

#[derive(Deserialize)]
struct TextInput {
    msg: String,
}

#[derive(Deserialize)]
struct PointInput {
    #[serde(alias = "pubkey", alias = "signature")]
    point: Hex,
}

#[derive(Deserialize)]
struct MessageInput {
    message: Hex,
}

#[derive(Deserialize)]
struct ElementInput {
    element: Hex,
}

#[derive(Deserialize)]
struct PairsInput {
    pairs: Vec<(Hex, Hex)>,
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<Hex>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Keys {
        One(Hex),
        Many(Vec<Hex>),
    }
    Ok(match Keys::deserialize(from)? {
        Keys::One(key) => vec![key],
        Keys::Many(keys) => keys,
    })
}

pub(super) fn read(origin: &Origin<'_>, json: Value) -> Result<Case, CaseError> {
    let file = File::deserialize(json)?;
    let head = head(&file)?;
    let check = check(origin.folder, head, file.input, file.output)?;
    let kind = match file.scheme {
        Some(scheme) => format!("{scheme}/{}", origin.folder),
        None => origin.folder.to_owned(),
    };
    Ok(origin.case(kind, None, check))
}

fn head(file: &File) -> Result<Head, CaseError> {
    let scheme = scheme(file.scheme.as_deref(), file.dst.as_deref())?;
    let encoding = match &file.encoding {
        Some(name) => encoding(name).ok_or_else(|| unknown("encoding", name))?,
        None => Encoding::canonical(scheme.world().curve()),
    };
    let role = match file.role.as_deref() {
        None | Some("signatures") => AggregateRole::Signatures,
        Some("keys") => AggregateRole::Keys,
        Some(name) => return Err(unknown("role", name)),
    };
    let refusal = match &file.reason {
        Some(text) => Expected::Because(reason(text).ok_or_else(|| unknown("reason", text))?),
        None => Expected::Invalid,
    };
    if encoding.curve() != scheme.world().curve() {
        return Err(CaseError::Disagrees {
            what: "the scheme",
            wanted: "an encoding of its own curve",
        });
    }
    Ok(Head {
        scheme,
        encoding,
        role,
        refusal,
    })
}

fn scheme(name: Option<&str>, dst: Option<&str>) -> Result<Scheme, CaseError> {
    let dst = match dst {
        Some(text) => Some(Dst::new(text.as_bytes()).map_err(|_| unknown("dst", text))?),
        None => None,
    };
    let wants_tag = CaseError::Disagrees {
        what: "the scheme",
        wanted: "a dst of its own, or none",
    };
    match (name.unwrap_or("bls12381-min-pk-pop"), dst) {
        ("bls12381-min-pk-pop", None) => Ok(Scheme::Bls12381MinPkPop),
        ("bls12381-min-pk-basic", None) => Ok(Scheme::Bls12381MinPkBasic),
        ("bls12381-min-pk-aug", None) => Ok(Scheme::Bls12381MinPkAug),
        ("bn254-eigen-tai", None) => Ok(Scheme::Bn254EigenTai),
        ("bn254-keccak-tai", None) => Ok(Scheme::Bn254KeccakTai),
        ("bls12381-min-sig", Some(dst)) => Ok(Scheme::Bls12381MinSig(dst)),
        ("bn254-rfc9380", Some(dst)) => Ok(Scheme::Bn254Rfc9380(dst)),
        (name, None) if name == "bls12381-min-sig" || name == "bn254-rfc9380" => Err(wants_tag),
        (name, Some(_)) if name.starts_with("bls12381-min-pk") || name.ends_with("-tai") => {
            Err(wants_tag)
        }
        (name, _) => Err(unknown("scheme", name)),
    }
}

fn unknown(what: &'static str, name: &str) -> CaseError {
    CaseError::UnknownName {
        what,
        name: name.to_owned(),
    }
}

fn check(kind: &str, head: Head, input: Value, output: Value) -> Result<Check, CaseError> {
    match kind {
        "sign" => sign(head, input, output),
        "verify" => verify(head, input, output),
        "fast_aggregate_verify" => fast_aggregate_verify(head, input, output),
        "eth_fast_aggregate_verify" => Ok(Check::EthFastAggregateVerify {
            set: set(input)?,
            expected: head.verdict(output)?,
        }),
        "aggregate_verify" => aggregate_verify(head, input, output),
        "batch_verify" => batch_verify(head, input, output),
        "aggregate" => aggregate(&head, input, output),
        "eth_aggregate_pubkeys" => aggregate(
            &Head {
                role: AggregateRole::Keys,
                ..head
            },
            input,
            output,
        ),
        "hash_to_G2" => hash_to_g2(input, output),
        "deserialization_G1" => deserialization(World::Bls12381MinSig, &head, input, output),
        "deserialization_G2" => deserialization(World::Bls12381MinPk, &head, input, output),
        "pairing_check" => pairing_check(&head, input, output),
        "hash" => hash(head, input, output),
        "map_to_G1" => map(&head, GroupId::G1, input, output),
        "map_to_G2" => map(&head, GroupId::G2, input, output),
        other => Err(CaseError::UnknownKind(other.to_owned())),
    }
}

impl Head {
    fn verdict(&self, output: Value) -> Result<Expected, CaseError> {
        Ok(if bool::deserialize(output)? {
            Expected::Valid
        } else {
            self.refusal
        })
    }

    /// `null` and `false` say that there is no such point.
    fn point(&self, output: Value) -> Result<ExpectedPoint, CaseError> {
        Ok(match output {
            Value::Null | Value::Bool(false) => ExpectedPoint::Refused(self.refusal),
            other => ExpectedPoint::Bytes(Hex::deserialize(other)?.0),
        })
    }
}

fn set(input: Value) -> Result<SetCase, CaseError> {
    let input = SetInput::deserialize(input)?;
    Ok(SetCase {
        keys: all_bytes(input.pubkeys),
        message: input.message.0,
        signature: input.signature.0,
    })
}

fn lists<S: DeserializeOwned>(input: Value) -> Result<ListInput<S>, CaseError> {
    Ok(ListInput::deserialize(input)?)
}

fn sign(head: Head, input: Value, output: Value) -> Result<Check, CaseError> {
    if head.scheme.world() != World::Bls12381MinPk {
        return Err(CaseError::Disagrees {
            what: "a sign case",
            wanted: "a min-pk scheme",
        });
    }
    let input = SignInput::deserialize(input)?;
    Ok(Check::Sign {
        secret: input.privkey.0,
        message: input.message.0,
        signature: Option::<Hex>::deserialize(output)?.map(|Hex(bytes)| bytes),
        scheme: head.scheme,
    })
}

fn verify(head: Head, input: Value, output: Value) -> Result<Check, CaseError> {
    Ok(Check::Sets {
        sets: vec![set(input)?],
        expected: ExpectedSets::Each(vec![head.verdict(output)?]),
        scheme: head.scheme,
        encoding: head.encoding,
    })
}

fn fast_aggregate_verify(head: Head, input: Value, output: Value) -> Result<Check, CaseError> {
    Ok(Check::FastAggregateVerify {
        set: set(input)?,
        expected: head.verdict(output)?,
        scheme: head.scheme,
        encoding: head.encoding,
    })
}

fn aggregate_verify(head: Head, input: Value, output: Value) -> Result<Check, CaseError> {
    let input = lists::<Hex>(input)?;
    if input.pubkeys.len() != input.messages.len() {
        return Ok(unequal_lists());
    }
    Ok(Check::AggregateVerify {
        expected: head.verdict(output)?,
        scheme: head.scheme,
        encoding: head.encoding,
        keys: all_bytes(input.pubkeys),
        messages: all_bytes(input.messages),
        signature: input.signature.0,
    })
}

fn unequal_lists() -> Check {
    Check::NotOffered("keys and messages come in pairs, these lists differ in length".to_owned())
}

/// The suite has one bool for the list; a list of bools says it for each item.
fn batch_verify(head: Head, input: Value, output: Value) -> Result<Check, CaseError> {
    let input = lists::<Vec<Hex>>(input)?;
    let (keys, messages, signatures) = (input.pubkeys, input.messages, input.signature);
    if keys.len() != messages.len() || keys.len() != signatures.len() {
        return Ok(unequal_lists());
    }
    let sets: Vec<_> = keys
        .into_iter()
        .zip(messages)
        .zip(signatures)
        .map(|((key, message), signature)| SetCase {
            keys: vec![key.0],
            message: message.0,
            signature: signature.0,
        })
        .collect();
    let expected = match output {
        Value::Bool(true) => ExpectedSets::AllValid,
        Value::Bool(false) => ExpectedSets::NotAllValid,
        list => {
            let each = Vec::<bool>::deserialize(list)?;
            ExpectedSets::Each(each.into_iter().map(Expected::from_bool).collect())
        }
    };
    Ok(Check::Sets {
        scheme: head.scheme,
        encoding: head.encoding,
        sets,
        expected,
    })
}

fn aggregate(head: &Head, input: Value, output: Value) -> Result<Check, CaseError> {
    Ok(Check::Aggregate {
        world: head.scheme.world(),
        role: head.role,
        encoding: head.encoding,
        points: all_bytes(Vec::deserialize(input)?),
        expected: head.point(output)?,
    })
}

fn hash_to_g2(input: Value, output: Value) -> Result<Check, CaseError> {
    let (curve, group) = (CurveId::Bls12381, GroupId::G2);
    let expected = AffinePoint::deserialize(output)?.encode(curve, group);
    Ok(Check::HashToCurve {
        curve,
        group,
        variant: HashVariant::RandomOracle,
        dst: HASH_TO_G2_DST.to_vec(),
        message: TextInput::deserialize(input)?.msg.into_bytes(),
        out: compared_in(curve),
        expected: expected
            .map(ExpectedPoint::Bytes)
            .ok_or_else(|| unknown("point", "output"))?,
    })
}

/// A point that can be read is one whose sum with nothing is itself, byte for byte. It is read
/// as a signature, since infinity may stand among those: in G1 one of the min-sig world.
fn deserialization(
    world: World,
    head: &Head,
    input: Value,
    output: Value,
) -> Result<Check, CaseError> {
    let point = PointInput::deserialize(input)?.point.0;
    let expected = match head.verdict(output)? {
        Expected::Valid => ExpectedPoint::Bytes(point.clone()),
        refusal => ExpectedPoint::Refused(refusal),
    };
    Ok(Check::Aggregate {
        world,
        role: AggregateRole::Signatures,
        encoding: head.encoding,
        points: vec![point],
        expected,
    })
}

fn pairing_check(head: &Head, input: Value, output: Value) -> Result<Check, CaseError> {
    let input = PairsInput::deserialize(input)?;
    Ok(Check::PairingCheck {
        expected: head.verdict(output)?,
        encoding: head.encoding,
        pairs: input.pairs.into_iter().map(|(a, b)| (a.0, b.0)).collect(),
    })
}

fn hash(head: Head, input: Value, output: Value) -> Result<Check, CaseError> {
    Ok(Check::HashByScheme {
        message: MessageInput::deserialize(input)?.message.0,
        expected: head.point(output)?,
        scheme: head.scheme,
        out: head.encoding,
    })
}

fn map(head: &Head, group: GroupId, input: Value, output: Value) -> Result<Check, CaseError> {
    Ok(Check::MapToCurve {
        curve: head.encoding.curve(),
        group,
        element: ElementInput::deserialize(input)?.element.0,
        out: head.encoding,
        expected: head.point(output)?,
    })
}
