use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use serde_json::json;
use tutti_client::{SignatureSet, Signers};
use tutti_types::{Dst, Encoding, Scheme, Verdict};

use crate::args::VerifyArgs;
use crate::exit::{Exit, Failure, say};
use crate::source::Source;

const DEMO: &str = include_str!("demo.json");

/// A list of sets of one scheme; a file holds one or an array of them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    scheme: String,
    /// Domain separation tag as text, for the schemes that take one.
    dst: Option<String>,
    encoding: Option<String>,
    sets: Vec<Set>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    id: Option<serde_json::Value>,
    keys: Vec<Hex>,
    message: Hex,
    signature: Hex,
    /// The verdict in its written form; without it VALID is expected.
    expect: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<List>),
    One(List),
}

/// Bytes in hexadecimal, with or without 0x.
#[derive(Debug)]
struct Hex(Vec<u8>);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        hex::decode(text.strip_prefix("0x").unwrap_or(&text))
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

pub(crate) fn verify(args: &VerifyArgs) -> Result<Exit, Failure> {
    let text = match &args.file {
        None => DEMO.to_owned(),
        Some(path) => read(path)?,
    };
    let lists = match serde_json::from_str(&text).map_err(Failure::usage)? {
        OneOrMany::Many(lists) => lists,
        OneOrMany::One(list) => vec![list],
    };
    let source = Source::open(&args.source)?;
    let mut exit = Exit::Well;
    let mut count = 0;
    for list in &lists {
        let verdicts = ask(&source, list)?;
        for (set, verdict) in list.sets.iter().zip(verdicts) {
            count += 1;
            let as_expected = verdict.to_string() == set.expect.as_deref().unwrap_or("VALID");
            if !as_expected {
                exit = Exit::Refuted;
            }
            print(set, count, verdict, as_expected, args.json);
        }
    }
    Ok(exit)
}

pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(Failure::usage)?;
        return Ok(text);
    }
    std::fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))
}

fn ask(source: &Source, list: &List) -> Result<Vec<Verdict>, Failure> {
    let scheme = scheme(list)?;
    let client = match &list.encoding {
        None => source.client.clone(),
        Some(name) => source.client.encoding(encoding(name)?),
    };
    let sets: Vec<SignatureSet> = list.sets.iter().map(Set::to_ask).collect();
    if sets.is_empty() {
        return Err(Failure::usage("a list has no sets"));
    }
    let answer = source
        .wait(client.verify_sets(&scheme, &sets))
        .map_err(Failure::cannot_serve)?;
    Ok(answer.results)
}

impl Set {
    fn to_ask(&self) -> SignatureSet {
        SignatureSet {
            signers: Signers::Keys(self.keys.iter().map(|key| key.0.clone().into()).collect()),
            message: self.message.0.clone().into(),
            signature: self.signature.0.clone().into(),
        }
    }
}

fn print(set: &Set, count: usize, verdict: Verdict, as_expected: bool, as_json: bool) {
    let id = set.id.clone().unwrap_or_else(|| count.into());
    if as_json {
        let line = json!({
            "id": id,
            "verdict": verdict.to_string(),
            "valid": verdict.is_valid(),
            "as_expected": as_expected,
        });
        say(line);
        return;
    }
    let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
    let note = match (&set.expect, as_expected) {
        (Some(_), true) => ", as expected",
        (Some(_), false) => ", NOT as expected",
        (None, _) => "",
    };
    say(format_args!("{id}: {verdict}{note}"));
}

fn scheme(list: &List) -> Result<Scheme, Failure> {
    let dst = || {
        let text = list.dst.as_deref().unwrap_or_default();
        Dst::new(text.as_bytes())
            .map_err(|error| Failure::usage(format!("{}: dst: {error}", list.scheme)))
    };
    let known = match list.scheme.as_str() {
        "bls12381-min-pk-pop" => Scheme::Bls12381MinPkPop,
        "bls12381-min-pk-basic" => Scheme::Bls12381MinPkBasic,
        "bls12381-min-pk-aug" => Scheme::Bls12381MinPkAug,
        "bls12381-min-sig" => Scheme::Bls12381MinSig(dst()?),
        "bn254-eigen-tai" => Scheme::Bn254EigenTai,
        "bn254-keccak-tai" => Scheme::Bn254KeccakTai,
        "bn254-rfc9380" => Scheme::Bn254Rfc9380(dst()?),
        other => {
            return Err(Failure::usage(format!(
                "there is no scheme {other:?}; there are bls12381-min-pk-pop, -basic, -aug, \
                 bls12381-min-sig, bn254-eigen-tai, bn254-keccak-tai, bn254-rfc9380"
            )));
        }
    };
    debug_assert_eq!(known.name(), list.scheme);
    Ok(known)
}

fn encoding(name: &str) -> Result<Encoding, Failure> {
    let known = [
        ("zcash-compressed", Encoding::ZcashCompressed),
        ("zcash-uncompressed", Encoding::ZcashUncompressed),
        ("eip2537", Encoding::Eip2537),
        ("eip197", Encoding::Eip197),
        ("eigensdk", Encoding::Eigensdk),
        ("ark-uncompressed", Encoding::ArkUncompressed),
        ("gnark-compressed", Encoding::GnarkCompressed),
    ];
    known
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, encoding)| *encoding)
        .ok_or_else(|| {
            let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
            Failure::usage(format!(
                "there is no encoding {name:?}; there are {}",
                names.join(", ")
            ))
        })
}
