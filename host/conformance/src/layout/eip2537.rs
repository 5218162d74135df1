//! EIP-2537, and EIP-196/197 in the same form: a list of calls with what they return.

use serde::Deserialize;
use serde_json::Value;
use tutti_types::{CurveId, Encoding, GroupId, World};

use super::field::Hex;
use super::{CaseError, Origin};
use crate::case::{Case, Check, Expected, ExpectedPoint};
use crate::signing::is_in_subgroup;
use crate::subject::AggregateRole;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Call {
    name: String,
    input: Hex,
    expected: Option<Hex>,
    expected_error: Option<String>,
}

#[derive(Clone, Copy)]
enum Operation {
    PairingCheck,
    Map(GroupId),
    Add(GroupId),
    Multiply(GroupId),
}

pub(super) fn read(origin: &Origin<'_>, entries: Vec<Value>) -> Vec<Result<Case, CaseError>> {
    entries
        .into_iter()
        .map(|entry| read_call(origin, entry))
        .collect()
}

fn read_call(origin: &Origin<'_>, entry: Value) -> Result<Case, CaseError> {
    let call = Call::deserialize(entry)?;
    if call.expected.is_some() == call.expected_error.is_some() {
        return Err(CaseError::Disagrees {
            what: "a call",
            wanted: "either Expected or ExpectedError",
        });
    }
    let stem = origin.stem.to_ascii_lowercase();
    let operation = operation_of(&stem)
        .or_else(|| operation_of(&call.name.to_ascii_lowercase()))
        .ok_or(CaseError::UnknownOperation)?;
    let curve = curve_of(&stem);
    let kind = kind_of(curve, operation);
    let name = call.name.clone();
    let check = match operation {
        Operation::PairingCheck => pairing_check(curve, call)?,
        Operation::Map(group) if curve == CurveId::Bls12381 => map(group, call),
        Operation::Add(group) => add(curve, group, call),
        Operation::Map(_) | Operation::Multiply(_) => {
            Check::NotOffered("the API multiplies no point by a scalar of the caller".to_owned())
        }
    };
    Ok(origin.case(kind, Some(name), check))
}

/// The names of the EIP's own files (`map_fp2_to_G2_bls`) and of go-ethereum's (`blsMapG2`).
fn operation_of(name: &str) -> Option<Operation> {
    let has = |word: &str| name.contains(word);
    let group = if has("g2") || has("fp2") {
        GroupId::G2
    } else {
        GroupId::G1
    };
    if has("pairing") {
        Some(Operation::PairingCheck)
    } else if has("map") {
        Some(Operation::Map(group))
    } else if has("mul") || has("msm") {
        Some(Operation::Multiply(group))
    } else if has("add") {
        Some(Operation::Add(group))
    } else {
        None
    }
}

fn curve_of(stem: &str) -> CurveId {
    let names = ["bn254", "bn256", "bn128", "eip196", "eip197"];
    if names.iter().any(|name| stem.contains(name)) {
        CurveId::Bn254
    } else {
        CurveId::Bls12381
    }
}

fn kind_of(curve: CurveId, operation: Operation) -> String {
    let eip = match (curve, operation) {
        (CurveId::Bls12381, _) => "eip2537",
        (CurveId::Bn254, Operation::PairingCheck) => "eip197",
        (CurveId::Bn254, _) => "eip196",
    };
    match operation {
        Operation::PairingCheck => format!("{eip}/pairing_check"),
        Operation::Map(group) => format!("{eip}/map_to_{group:?}"),
        Operation::Add(group) => format!("{eip}/add_{group:?}"),
        Operation::Multiply(group) => format!("{eip}/mul_{group:?}"),
    }
}

const fn encoding_of(curve: CurveId) -> Encoding {
    match curve {
        CurveId::Bls12381 => Encoding::Eip2537,
        CurveId::Bn254 => Encoding::Eip197,
    }
}

fn pairing_check(curve: CurveId, call: Call) -> Result<Check, CaseError> {
    let expected = match call.expected {
        None => Expected::BadInput,
        Some(Hex(word)) => match word.split_last() {
            Some((1, rest)) if rest.iter().all(|byte| *byte == 0) => Expected::Valid,
            Some((0, rest)) if rest.iter().all(|byte| *byte == 0) => Expected::DoesNotVerify,
            _ => {
                return Err(CaseError::Disagrees {
                    what: "the Expected of a pairing check",
                    wanted: "a word that is 0 or 1",
                });
            }
        },
    };
    let input = call.input.0;
    if curve == CurveId::Bn254 && input.is_empty() {
        return Ok(Check::NotOffered(
            "EIP-197 calls the product of nothing one; the API refuses an empty list".to_owned(),
        ));
    }
    let encoding = encoding_of(curve);
    let (g1, g2) = (encoding.len(GroupId::G1), encoding.len(GroupId::G2));
    let pairs = input
        .chunks(g1 + g2)
        .map(|pair| pair.split_at(g1.min(pair.len())))
        .map(|(first, second)| (first.to_vec(), second.to_vec()))
        .collect();
    Ok(Check::PairingCheck {
        encoding,
        pairs,
        expected,
    })
}

fn expected_point(call: &Call) -> ExpectedPoint {
    match &call.expected {
        Some(Hex(bytes)) => ExpectedPoint::Bytes(bytes.clone()),
        None => ExpectedPoint::Refused(Expected::BadInput),
    }
}

/// The API takes elements of 48 and 96 bytes. An input that is no row of EIP-2537 words goes
/// to the subject as it stands, for its length to be refused.
fn map(group: GroupId, call: Call) -> Check {
    let words = match group {
        GroupId::G1 => 1,
        GroupId::G2 => 2,
    };
    let expected = expected_point(&call);
    let input = call.input.0;
    let element = match unpadded(&input, words) {
        Some(element) => element,
        None if input.len() == 48 * words => {
            return Check::NotOffered("no EIP-2537 words, but the API's own form".to_owned());
        }
        None => input,
    };
    Check::MapToCurve {
        curve: CurveId::Bls12381,
        group,
        element,
        out: Encoding::Eip2537,
        expected,
    }
}

fn unpadded(input: &[u8], words: usize) -> Option<Vec<u8>> {
    let (rows, rest) = input.as_chunks::<64>();
    let is_padded = |row: &[u8; 64]| row[..16].iter().all(|byte| *byte == 0);
    if rows.len() != words || !rest.is_empty() || !rows.iter().all(is_padded) {
        return None;
    }
    Some(rows.iter().flat_map(|row| &row[16..]).copied().collect())
}

/// The sum of two signatures, among which infinity may stand.
fn add(curve: CurveId, group: GroupId, call: Call) -> Check {
    let encoding = encoding_of(curve);
    let world = match (curve, group) {
        (CurveId::Bls12381, GroupId::G1) => World::Bls12381MinSig,
        (CurveId::Bls12381, GroupId::G2) => World::Bls12381MinPk,
        (CurveId::Bn254, _) => World::Bn254,
    };
    let expected = expected_point(&call);
    let input = call.input.0;
    let point_len = encoding.len(group);
    let points: Vec<_> = input.chunks(point_len).map(<[u8]>::to_vec).collect();
    if let Some(why) = cannot_aggregate(curve, group, &points, point_len, &expected) {
        return Check::NotOffered(why.to_owned());
    }
    Check::Aggregate {
        world,
        role: AggregateRole::Signatures,
        encoding,
        points,
        expected,
    }
}

/// Where the precompile and Aggregate answer differently by design.
fn cannot_aggregate(
    curve: CurveId,
    group: GroupId,
    points: &[Vec<u8>],
    point_len: usize,
    expected: &ExpectedPoint,
) -> Option<&'static str> {
    let are_whole = points.iter().all(|point| point.len() == point_len);
    match expected {
        ExpectedPoint::Refused(_) if are_whole && !matches!(points.len(), 0 | 2) => {
            Some("the precompile adds two points, Aggregate any number")
        }
        ExpectedPoint::Bytes(_) if !are_whole || points.len() != 2 => {
            Some("EIP-196 completes a short input with zeros, Aggregate refuses it")
        }
        ExpectedPoint::Bytes(_) if curve == CurveId::Bls12381 => {
            let is_outside = points.iter().any(|point| !is_in_subgroup(group, point));
            is_outside.then_some("a point outside the subgroup, which Aggregate refuses")
        }
        _ => None,
    }
}
