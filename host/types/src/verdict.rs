use std::fmt;

/// The answer for one item. Only arithmetic says `Invalid`: whatever went wrong with a
/// device, a queue or a deadline is `Undecided`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    Valid,
    Invalid(InvalidReason, Part),
    Undecided(UndecidedCause),
}

impl Verdict {
    pub const fn is_valid(self) -> bool {
        matches!(self, Self::Valid)
    }

    /// The one-byte form of the packed answers: 1 is valid, `0x40 | reason`, `0x80 | cause`.
    pub const fn code(self) -> u8 {
        match self {
            Self::Valid => 1,
            Self::Invalid(reason, _) => 0x40 | reason as u8,
            Self::Undecided(cause) => 0x80 | cause as u8,
        }
    }
}

/// Why an item can never be accepted. The numbers are those of the wire contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum InvalidReason {
    /// The bytes have another length than the encoding has.
    MalformedLength = 1,
    /// Flag bits that no point has, or padding that is not zero.
    BadEncoding = 2,
    /// A coordinate or scalar that is not below its modulus.
    NonCanonical = 3,
    NotOnCurve = 4,
    NotInSubgroup = 5,
    /// The point at infinity where none may stand.
    Infinity = 6,
    /// An index past the end of the key set.
    UnknownKey = 7,
    NoSigners = 8,
    DoesNotVerify = 9,
    /// The scheme forbids one message under several keys (BASIC).
    RepeatedMessage = 10,
    /// The scheme signs digests of one length only.
    MessageLength = 11,
    /// Nothing to work on: an empty list where at least one element is needed.
    Empty = 12,
}

/// Which part of the item the reason speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    Whole,
    Signature,
    /// The n-th signer of the item.
    Key(u32),
    /// The sum of the item's keys.
    AggregateKey,
    Message,
    /// The n-th point of a list.
    Point(u32),
}

/// Why an item was not decided. The same request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum UndecidedCause {
    Overload = 1,
    Deadline = 2,
    DeviceFault = 3,
    UnknownKeySet = 4,
    ShuttingDown = 5,
    /// No healthy backend does this operation.
    Unsupported = 6,
    /// The caller went away before the item was started.
    Cancelled = 7,
}

impl InvalidReason {
    pub const ALL: [Self; 12] = [
        Self::MalformedLength,
        Self::BadEncoding,
        Self::NonCanonical,
        Self::NotOnCurve,
        Self::NotInSubgroup,
        Self::Infinity,
        Self::UnknownKey,
        Self::NoSigners,
        Self::DoesNotVerify,
        Self::RepeatedMessage,
        Self::MessageLength,
        Self::Empty,
    ];

    pub const fn text(self) -> &'static str {
        match self {
            Self::MalformedLength => "malformed length",
            Self::BadEncoding => "bad encoding",
            Self::NonCanonical => "non-canonical",
            Self::NotOnCurve => "not on curve",
            Self::NotInSubgroup => "not in subgroup",
            Self::Infinity => "infinity",
            Self::UnknownKey => "unknown key",
            Self::NoSigners => "no signers",
            Self::DoesNotVerify => "does not verify",
            Self::RepeatedMessage => "repeated message",
            Self::MessageLength => "message length",
            Self::Empty => "empty",
        }
    }
}

impl UndecidedCause {
    pub const ALL: [Self; 7] = [
        Self::Overload,
        Self::Deadline,
        Self::DeviceFault,
        Self::UnknownKeySet,
        Self::ShuttingDown,
        Self::Unsupported,
        Self::Cancelled,
    ];

    pub const fn text(self) -> &'static str {
        match self {
            Self::Overload => "overload",
            Self::Deadline => "deadline",
            Self::DeviceFault => "device fault",
            Self::UnknownKeySet => "unknown key set",
            Self::ShuttingDown => "shutting down",
            Self::Unsupported => "unsupported",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("item"),
            Self::Signature => f.write_str("signature"),
            Self::Key(n) => write!(f, "key {n}"),
            Self::AggregateKey => f.write_str("aggregate key"),
            Self::Message => f.write_str("message"),
            Self::Point(n) => write!(f, "point {n}"),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Valid => f.write_str("VALID"),
            Self::Invalid(reason, Part::Whole) => write!(f, "INVALID({})", reason.text()),
            Self::Invalid(reason, part) => write!(f, "INVALID({}: {part})", reason.text()),
            Self::Undecided(cause) => write!(f, "UNDECIDED({})", cause.text()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn packed_codes_are_distinct_and_tell_the_kind() {
        let mut seen = BTreeSet::from([Verdict::Valid.code()]);
        for reason in InvalidReason::ALL {
            let code = Verdict::Invalid(reason, Part::Whole).code();
            assert_eq!(code & 0xc0, 0x40, "{reason:?}");
            assert!(seen.insert(code), "{reason:?}");
        }
        for cause in UndecidedCause::ALL {
            let code = Verdict::Undecided(cause).code();
            assert_eq!(code & 0xc0, 0x80, "{cause:?}");
            assert!(seen.insert(code), "{cause:?}");
        }
    }
}
