//! Operator sets and certificates between the contract's messages and `tutti-domain`.

mod answers;
mod certificates;
mod chains;
mod evidence;
mod field;
mod policies;
mod question;
mod register;
mod sets;
mod statements;
mod successors;
mod witnesses;

pub(crate) use answers::{checks, set_members, tallies, verdict};
pub(crate) use certificates::encode;
pub(crate) use evidence::Charge;
pub(crate) use field::set_id;
pub(crate) use question::{Judged, Question};
pub(crate) use register::{Change, Sets};
pub(crate) use sets::{Members, Reading, SetSource, set_head, set_name, set_reference};
pub(crate) use successors::Successor;
