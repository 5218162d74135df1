//! The words everything else speaks: schemes, verdicts, priorities, limits.
//! No IO, no async, no clock.
#![forbid(unsafe_code)]

mod key_set;
mod limits;
mod operation;
mod scheme;
mod verdict;

pub use key_set::{KeySetId, NotAKeySetId};
pub use limits::Limits;
pub use operation::{CurveId, Encoding, GroupId, HashVariant, Operation, Priority};
pub use scheme::{Dst, DstError, Scheme, World};
pub use verdict::{InvalidReason, Part, UndecidedCause, Verdict};
