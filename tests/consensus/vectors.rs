//! What others made, where `TUTTI_VECTORS` names the folder it lies in.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder of that name, or a word on what was not tested.
pub(crate) fn folder(name: &str) -> Option<PathBuf> {
    let found = std::env::var_os("TUTTI_VECTORS").map(|root| PathBuf::from(root).join(name));
    let found = found.filter(|folder| folder.exists());
    if found.is_none() {
        eprintln!("SKIPPED: TUTTI_VECTORS names no folder with {name}");
    }
    found
}

pub(crate) fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

pub(crate) fn json(path: &Path) -> Value {
    serde_json::from_str(&text(path)).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// Our own corpus, which is always there.
pub(crate) fn own(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/consensus/vectors");
    json(&Path::new(folder).join(name))
}

/// Bytes of a JSON text that begins with 0x.
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    hex::decode(digits.expect("0x and digits")).expect("hexadecimal digits")
}

pub(crate) fn octets<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().expect("the length of the field")
}

/// How many bits further the next one is that is changed: every `sampled`th, or each where
/// `TUTTI_EVERY_BIT` is set.
pub(crate) fn stride(sampled: usize) -> usize {
    match std::env::var_os("TUTTI_EVERY_BIT") {
        None => sampled,
        Some(_) => 1,
    }
}
