//! Certificates are accepted exactly where enough of the right set attested the statement.

mod eigenda;
mod non_signer;
mod policies;
mod rig;
mod sets;
