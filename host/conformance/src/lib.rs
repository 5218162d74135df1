//! Runs other people's test suites against whatever answers: an engine in this process or a
//! server. Suites are recognised by what their files hold, never by where they lie:
//!
//! * ethereum/bls12-381-tests JSON, `<kind>/<case>.json`, and the same layout with a `scheme`
//!   and an `encoding` of its own (BN254, min-sig, BASIC, AUG);
//! * RFC 9380 JSON: hash-to-curve suites and `expand_message_xmd`;
//! * EIP-2537 JSON (and EIP-196/197 in the same form): lists of `Name`, `Input`, `Expected`.
//!
//! [`load`] reads a folder into a [`Suite`], [`run`] puts it to a [`Subject`], and the
//! [`Report`] names whatever differed.
#![forbid(unsafe_code)]

mod case;
mod layout;
mod report;
mod run;
mod signing;
mod subject;
mod suite;

pub use case::{Case, Check, Expected, ExpectedPoint, ExpectedSets};
pub use report::{Finding, KindTally, Report, Unread};
pub use run::{Sharing, run};
pub use subject::{AggregateRole, Answer, SetCase, Subject, SubjectError};
pub use suite::{LoadError, Suite, load};
