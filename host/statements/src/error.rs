use crate::{Kind, U256};

/// Why bytes are not the statement they were said to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("{expected} bytes are needed, {found} were sent")]
    Length { expected: usize, found: usize },
    #[error("the bytes end inside {field}")]
    Truncated { field: &'static str },
    #[error("{extra} bytes follow the end; send one statement without more")]
    TrailingBytes { extra: usize },
    #[error("version {found} is not known here")]
    UnknownVersion { found: U256 },
    #[error("{field} has bits set outside its width")]
    Padding { field: &'static str },
    #[error("{field} has the value {found}, which has no meaning")]
    UnknownValue { field: &'static str, found: u8 },
    #[error("an executing message has two topics, not {found}")]
    Topics { found: usize },
    #[error("the first topic is not that of an executing message")]
    OtherEvent,
    #[error("an access list entry of type {expected} is needed, this one has type {found}")]
    EntryType { expected: u8, found: u8 },
    #[error("the access list ends where {expected} is needed")]
    MissingEntry { expected: &'static str },
    #[error("the offset of {field} is {found}; the canonical one is {expected}")]
    Offset {
        field: &'static str,
        expected: u64,
        found: U256,
    },
    #[error("{field} is not in its shortest form")]
    NotMinimal { field: &'static str },
    #[error(transparent)]
    Content(#[from] StatementError),
}

/// Why a statement cannot be made or signed as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    #[error("the envelope says chain {envelope}, the statement itself says {stated}")]
    OtherChain { envelope: U256, stated: U256 },
    #[error("a super root holds at least one chain")]
    NoChains,
    #[error("chains are sorted by id and named once; entry {index} is not after the one before it")]
    UnsortedChains { index: usize },
    #[error("{what} holds {found}, more than the {limit} that are accepted")]
    TooMany {
        what: &'static str,
        found: usize,
        limit: usize,
    },
    #[error("nobody signs a {kind:?} under {context}; name the context its signers use")]
    WrongContext { kind: Kind, context: &'static str },
}
