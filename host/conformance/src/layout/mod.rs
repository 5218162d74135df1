//! Recognises a file by what it holds and hands it to the layout's reader.

mod bls;
mod eip2537;
mod field;
mod rfc9380;

use std::path::Path;

use serde_json::Value;

use crate::case::{Case, Check};
use crate::report::Unread;
use crate::suite::Suite;

/// Why a file, or one case in it, could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CaseError {
    #[error("not JSON: {0}")]
    NotJson(serde_json::Error),
    #[error(
        "no layout that this runner knows: neither input and output, nor a ciphersuite, nor a list of Input and Expected"
    )]
    UnknownLayout,
    #[error("the folder {0:?} is no kind of case that this runner knows")]
    UnknownKind(String),
    #[error("neither the file's name nor the case's says which operation this is")]
    UnknownOperation,
    #[error("a field is missing or of another shape: {0}")]
    Shape(#[from] serde_json::Error),
    #[error("unknown {what} {name:?}")]
    UnknownName { what: &'static str, name: String },
    #[error("{what} takes {wanted}")]
    Disagrees {
        what: &'static str,
        wanted: &'static str,
    },
}

/// Where a case comes from.
pub(crate) struct Origin<'a> {
    /// The name of the folder around the file.
    pub(crate) folder: &'a str,
    /// The file's name without its extension.
    pub(crate) stem: &'a str,
    pub(crate) shown: &'a Path,
}

impl Origin<'_> {
    fn case(&self, kind: String, name: Option<String>, check: Check) -> Case {
        Case {
            kind,
            file: self.shown.to_owned(),
            name,
            check,
        }
    }
}

/// Adds the file's cases to the suite, and whatever could not be read to its unread list.
pub(crate) fn read(file: &Path, shown: &Path, text: &[u8], suite: &mut Suite) {
    let origin = Origin {
        folder: name_of(file.parent().and_then(Path::file_name)),
        stem: name_of(file.file_stem()),
        shown,
    };
    let cases = match serde_json::from_slice(text) {
        Ok(json) => read_json(&origin, json),
        Err(error) => vec![Err(CaseError::NotJson(error))],
    };
    for case in cases {
        match case {
            Ok(case) => suite.cases.push(case),
            Err(error) => suite.unread.push(Unread {
                file: shown.to_owned(),
                why: error.to_string(),
            }),
        }
    }
}

fn name_of(name: Option<&std::ffi::OsStr>) -> &str {
    name.and_then(std::ffi::OsStr::to_str).unwrap_or_default()
}

fn read_json(origin: &Origin<'_>, json: Value) -> Vec<Result<Case, CaseError>> {
    match json {
        Value::Array(entries) if !entries.is_empty() => eip2537::read(origin, entries),
        Value::Object(ref fields) if fields.contains_key("ciphersuite") => {
            one_or_all(rfc9380::read_suite(origin, json))
        }
        Value::Object(ref fields) if fields.contains_key("tests") && fields.contains_key("DST") => {
            one_or_all(rfc9380::read_expander(origin, json))
        }
        Value::Object(ref fields) if fields.contains_key("input") => vec![bls::read(origin, json)],
        _ => vec![Err(CaseError::UnknownLayout)],
    }
}

/// A file whose head cannot be read is one complaint.
fn one_or_all(cases: Result<Vec<Case>, CaseError>) -> Vec<Result<Case, CaseError>> {
    match cases {
        Ok(cases) => cases.into_iter().map(Ok).collect(),
        Err(error) => vec![Err(error)],
    }
}
