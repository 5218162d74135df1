use std::fmt;
use std::path::PathBuf;

use tutti_types::{CurveId, Encoding, GroupId, HashVariant, InvalidReason, Scheme, Verdict, World};

use crate::subject::{AggregateRole, SetCase};

/// One question with its answer, and where it stands.
#[derive(Clone, Debug)]
pub struct Case {
    /// The row of the report's table.
    pub kind: String,
    /// Relative to the folder that was loaded.
    pub file: PathBuf,
    /// Which case of the file, where a file holds several.
    pub name: Option<String>,
    pub check: Check,
}

#[derive(Clone, Debug)]
pub enum Check {
    Sign {
        scheme: Scheme,
        secret: Vec<u8>,
        message: Vec<u8>,
        /// `None`: the key must be refused.
        signature: Option<Vec<u8>>,
    },
    Sets {
        scheme: Scheme,
        encoding: Encoding,
        sets: Vec<SetCase>,
        expected: ExpectedSets,
    },
    FastAggregateVerify {
        scheme: Scheme,
        encoding: Encoding,
        set: SetCase,
        expected: Expected,
    },
    EthFastAggregateVerify {
        set: SetCase,
        expected: Expected,
    },
    AggregateVerify {
        scheme: Scheme,
        encoding: Encoding,
        keys: Vec<Vec<u8>>,
        messages: Vec<Vec<u8>>,
        signature: Vec<u8>,
        expected: Expected,
    },
    Aggregate {
        world: World,
        role: AggregateRole,
        encoding: Encoding,
        points: Vec<Vec<u8>>,
        expected: ExpectedPoint,
    },
    HashToCurve {
        curve: CurveId,
        group: GroupId,
        variant: HashVariant,
        dst: Vec<u8>,
        message: Vec<u8>,
        out: Encoding,
        expected: ExpectedPoint,
    },
    HashByScheme {
        scheme: Scheme,
        message: Vec<u8>,
        out: Encoding,
        expected: ExpectedPoint,
    },
    MapToCurve {
        curve: CurveId,
        group: GroupId,
        element: Vec<u8>,
        out: Encoding,
        expected: ExpectedPoint,
    },
    PairingCheck {
        encoding: Encoding,
        pairs: Vec<(Vec<u8>, Vec<u8>)>,
        expected: Expected,
    },
    ExpandMessage {
        dst: Vec<u8>,
        message: Vec<u8>,
        expected: Vec<u8>,
    },
    /// Read and understood, but nothing that Tutti offers.
    NotOffered(String),
}

/// What a verdict must be. UNDECIDED is never right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    Valid,
    /// INVALID for whatever reason.
    Invalid,
    /// Well-formed points whose equation does not hold.
    DoesNotVerify,
    /// INVALID, and because of the input's form.
    BadInput,
    Because(InvalidReason),
}

impl Expected {
    pub(crate) const fn from_bool(holds: bool) -> Self {
        if holds { Self::Valid } else { Self::Invalid }
    }

    pub(crate) fn is_met_by(self, verdict: Verdict) -> bool {
        match (self, verdict) {
            (Self::Valid, Verdict::Valid) | (Self::Invalid, Verdict::Invalid(..)) => true,
            (Self::DoesNotVerify, Verdict::Invalid(reason, _)) => {
                reason == InvalidReason::DoesNotVerify
            }
            (Self::BadInput, Verdict::Invalid(reason, _)) => reason != InvalidReason::DoesNotVerify,
            (Self::Because(wanted), Verdict::Invalid(reason, _)) => reason == wanted,
            _ => false,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Valid => f.write_str("VALID"),
            Self::Invalid => f.write_str("INVALID"),
            Self::DoesNotVerify => f.write_str("INVALID(does not verify)"),
            Self::BadInput => f.write_str("INVALID(the input's form)"),
            Self::Because(reason) => write!(f, "INVALID({})", reason.text()),
        }
    }
}

/// What the verdicts of a list must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedSets {
    AllValid,
    /// At least one INVALID, none UNDECIDED.
    NotAllValid,
    Each(Vec<Expected>),
}

impl fmt::Display for ExpectedSets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllValid => f.write_str("all VALID"),
            Self::NotAllValid => f.write_str("at least one INVALID"),
            Self::Each(each) => join(f, each),
        }
    }
}

pub(crate) fn join<T: fmt::Display>(f: &mut impl fmt::Write, items: &[T]) -> fmt::Result {
    for (n, item) in items.iter().enumerate() {
        let separator = if n == 0 { "" } else { ", " };
        write!(f, "{separator}{item}")?;
    }
    Ok(())
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectedPoint {
    Bytes(Vec<u8>),
    Refused(Expected),
}

impl fmt::Display for ExpectedPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => f.write_str(&hex::encode(bytes)),
            Self::Refused(expected) => expected.fmt(f),
        }
    }
}
