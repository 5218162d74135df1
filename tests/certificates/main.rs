//! Certificates are accepted exactly where enough of the right set attested the statement.

mod advancing;
mod bytes;
mod cases;
mod corpus;

mod eigenda;
mod evidence;
mod invariants;
mod made;
mod multichain;
mod non_signer;
mod others;
mod policies;
mod rig;
mod sets;
