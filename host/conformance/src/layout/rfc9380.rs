//! RFC 9380: a file a suite, with its tag and its vectors.

use serde::Deserialize;
use serde_json::Value;
use tutti_types::{CurveId, GroupId, HashVariant};

use super::field::{AffinePoint, Hex, compared_in};
use super::{CaseError, Origin};
use crate::case::{Case, Check, ExpectedPoint};

#[derive(Deserialize)]
struct SuiteFile {
    ciphersuite: String,
    dst: String,
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    msg: String,
    #[serde(rename = "P")]
    point: AffinePoint,
}

#[derive(Deserialize)]
struct ExpanderFile {
    #[serde(rename = "DST")]
    dst: String,
    hash: String,
    name: String,
    tests: Vec<ExpanderVector>,
}

#[derive(Deserialize)]
struct ExpanderVector {
    msg: String,
    uniform_bytes: Hex,
    len_in_bytes: String,
}

/// What a suite's name says; only those with SHA-256 on our two curves are ours.
fn suite_of(name: &str) -> Option<(CurveId, GroupId, HashVariant)> {
    use CurveId::{Bls12381, Bn254};
    use GroupId::{G1, G2};
    use HashVariant::{NonUniform, RandomOracle};
    Some(match name {
        "BLS12381G1_XMD:SHA-256_SSWU_RO_" => (Bls12381, G1, RandomOracle),
        "BLS12381G1_XMD:SHA-256_SSWU_NU_" => (Bls12381, G1, NonUniform),
        "BLS12381G2_XMD:SHA-256_SSWU_RO_" => (Bls12381, G2, RandomOracle),
        "BLS12381G2_XMD:SHA-256_SSWU_NU_" => (Bls12381, G2, NonUniform),
        "BN254G1_XMD:SHA-256_SVDW_RO_" => (Bn254, G1, RandomOracle),
        "BN254G1_XMD:SHA-256_SVDW_NU_" => (Bn254, G1, NonUniform),
        "BN254G2_XMD:SHA-256_SVDW_RO_" => (Bn254, G2, RandomOracle),
        "BN254G2_XMD:SHA-256_SVDW_NU_" => (Bn254, G2, NonUniform),
        _ => return None,
    })
}

pub(super) fn read_suite(origin: &Origin<'_>, json: Value) -> Result<Vec<Case>, CaseError> {
    let Some(name) = json["ciphersuite"].as_str() else {
        return Err(CaseError::UnknownLayout);
    };
    let Some(parts) = suite_of(name) else {
        return Ok(not_offered(origin, name, NO_SUITE, &json["vectors"]));
    };
    if !matches!(json["dst"].as_str().map(str::len), None | Some(1..=255)) {
        return Ok(not_offered(
            origin,
            name,
            "the API takes tags of 1 to 255 bytes",
            &json["vectors"],
        ));
    }
    let file = SuiteFile::deserialize(json)?;
    file.vectors
        .iter()
        .map(|vector| suite_case(origin, &file, parts, vector))
        .collect()
}

fn suite_case(
    origin: &Origin<'_>,
    file: &SuiteFile,
    (curve, group, variant): (CurveId, GroupId, HashVariant),
    vector: &Vector,
) -> Result<Case, CaseError> {
    let expected = vector.point.encode(curve, group);
    let expected = expected.ok_or_else(|| CaseError::UnknownName {
        what: "point",
        name: format!("{:?}", vector.point),
    })?;
    let check = Check::HashToCurve {
        curve,
        group,
        variant,
        dst: file.dst.clone().into_bytes(),
        message: vector.msg.clone().into_bytes(),
        out: compared_in(curve),
        expected: ExpectedPoint::Bytes(expected),
    };
    let name = message_name(&vector.msg);
    Ok(origin.case(file.ciphersuite.clone(), Some(name), check))
}

pub(super) fn read_expander(origin: &Origin<'_>, json: Value) -> Result<Vec<Case>, CaseError> {
    let name = json["name"].as_str().unwrap_or_default();
    let hash = json["hash"].as_str().unwrap_or_default();
    if name != "expand_message_xmd" || hash != "SHA256" {
        let kind = format!("{name} {hash}");
        return Ok(not_offered(origin, &kind, NO_SUITE, &json["tests"]));
    }
    let file = ExpanderFile::deserialize(json)?;
    let kind = format!("{} {}", file.name, file.hash);
    file.tests
        .into_iter()
        .map(|vector| expander_case(origin, &kind, &file.dst, vector))
        .collect()
}

fn expander_case(
    origin: &Origin<'_>,
    kind: &str,
    dst: &str,
    vector: ExpanderVector,
) -> Result<Case, CaseError> {
    let expected = vector.uniform_bytes.0;
    let digits = vector.len_in_bytes.trim_start_matches("0x");
    if usize::from_str_radix(digits, 16).ok() != Some(expected.len()) {
        return Err(CaseError::Disagrees {
            what: "len_in_bytes",
            wanted: "the length of uniform_bytes",
        });
    }
    let name = format!("{} to {} bytes", message_name(&vector.msg), expected.len());
    let check = Check::ExpandMessage {
        dst: dst.as_bytes().to_vec(),
        message: vector.msg.into_bytes(),
        expected,
    };
    Ok(origin.case(kind.to_owned(), Some(name), check))
}

const NO_SUITE: &str = "none of Tutti's suites";

fn not_offered(origin: &Origin<'_>, kind: &str, why: &str, vectors: &Value) -> Vec<Case> {
    let count = vectors.as_array().map_or(1, Vec::len);
    let check = Check::NotOffered(why.to_owned());
    vec![origin.case(kind.to_owned(), None, check); count]
}

fn message_name(message: &str) -> String {
    let head: String = message.chars().take(24).collect();
    format!("msg {head:?}, {} bytes", message.len())
}
