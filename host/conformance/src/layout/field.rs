//! The fields that layouts share.

use serde::de::{Deserialize, Deserializer, Error};
use tutti_types::{CurveId, Encoding, GroupId, InvalidReason};

/// Bytes written in hexadecimal, with or without `0x`.
#[derive(Clone, Debug)]
pub(super) struct Hex(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let digits = text.strip_prefix("0x").unwrap_or(&text);
        hex::decode(digits).map(Self).map_err(D::Error::custom)
    }
}

pub(super) fn all_bytes(list: Vec<Hex>) -> Vec<Vec<u8>> {
    list.into_iter().map(|Hex(bytes)| bytes).collect()
}

/// A point as RFC 9380 writes it: `"0x…"`, or `"0x…,0x…"` with the real part first.
#[derive(Clone, Debug, serde::Deserialize)]
pub(super) struct AffinePoint {
    x: String,
    y: String,
}

impl AffinePoint {
    /// In the encoding that every suite's points are compared in: both coordinates, so that
    /// a wrong sign shows.
    pub(super) fn encode(&self, curve: CurveId, group: GroupId) -> Option<Vec<u8>> {
        let (x, y) = (
            coordinate(&self.x, curve, group)?,
            coordinate(&self.y, curve, group)?,
        );
        Some(x.into_iter().chain(y).flatten().collect())
    }
}

pub(super) const fn compared_in(curve: CurveId) -> Encoding {
    match curve {
        CurveId::Bls12381 => Encoding::Eip2537,
        CurveId::Bn254 => Encoding::Eigensdk,
    }
}

/// The words of one coordinate, real part first: both encodings of [`compared_in`] are
/// big-endian words in that order, of 64 and of 32 bytes.
fn coordinate(text: &str, curve: CurveId, group: GroupId) -> Option<Vec<Vec<u8>>> {
    let word_len = compared_in(curve).len(GroupId::G1) / 2;
    let words = text
        .split(',')
        .map(|part| left_padded(part.trim(), word_len))
        .collect::<Option<Vec<_>>>()?;
    let wanted = match group {
        GroupId::G1 => 1,
        GroupId::G2 => 2,
    };
    (words.len() == wanted).then_some(words)
}

fn left_padded(number: &str, len: usize) -> Option<Vec<u8>> {
    let digits = number.strip_prefix("0x").unwrap_or(number);
    hex::decode(format!("{digits:0>width$}", width = 2 * len))
        .ok()
        .filter(|bytes| bytes.len() == len)
}

pub(super) fn encoding(name: &str) -> Option<Encoding> {
    Some(match name {
        "zcash-compressed" => Encoding::ZcashCompressed,
        "zcash-uncompressed" => Encoding::ZcashUncompressed,
        "eip2537" => Encoding::Eip2537,
        "eip197" => Encoding::Eip197,
        "eigensdk" => Encoding::Eigensdk,
        "ark-uncompressed" => Encoding::ArkUncompressed,
        "gnark-compressed" => Encoding::GnarkCompressed,
        _ => return None,
    })
}

pub(super) fn reason(text: &str) -> Option<InvalidReason> {
    InvalidReason::ALL
        .into_iter()
        .find(|reason| reason.text() == text)
}
