//! Operator sets, policies and certificates: what must hold for enough of a set to have
//! attested a statement. No IO, no clock, no randomness: the present is an argument.
//!
//! 1. A [`SetDraft`] describes a set; [`SetDraft::check`] makes it a [`Candidate`], whose
//!    [`Candidate::ties`] are curve work; concluded, it is an [`OperatorSet`]: immutable, named
//!    by the hash of what it is. A [`Register`] keeps sets by name and reference. It takes a new
//!    one on its operator's word, or by a [`Succession`] that those before it attest.
//! 2. A [`Subject`] is a typed statement and the context it is signed in; a [`Policy`] says how
//!    much is enough; a [`Standing`] is what may change (state of the set, the present).
//! 3. [`Certificate::judge`] makes every check that needs no pairing, in the order of the
//!    certificate's own system, and writes each down. The [`Judgement`] is the explanation;
//!    [`Judgement::into_claim`] is the verdict so far: a [`Claim`], or an [`Objection`].
//! 4. A claim's [`Obligation`] is all that is left to hold. A [`Docket`] makes the obligations of
//!    many certificates one piece of work for each operation of a backend.
//! 5. [`Claim::conclude`] takes the verdict, looks at what time can break once more, and answers
//!    [`Outcome`]: accepted, rejected for a reason, or undecided for a cause. Faults of devices
//!    and what is not known never reject.
//!
//! Where a set knows all its keys in G2 they are added up and no challenge is needed; where it
//! knows keys in G1 only, the aggregate key that a certificate brings along is tied to them by
//! the challenge of the system's own contracts. A set need not list its members: what a chain
//! stores of them ([`Roster::Witnessed`]) is enough for certificates that bring their proofs.
//!
//! A new kind of certificate parses its bytes to checked points, opens a sheet with the checks
//! that all share (`Case::open`), notes its own, counts who was absent (`Attendance::count`),
//! and closes the case with its obligation.
//!
//! ```
//! use tutti_domain::{Case, Certificate, Docket, Outcome};
//!
//! /// Many certificates, one by one on the oracle; a service hands the works to its engine.
//! fn answers(certificates: &[Certificate], case: &Case<'_>) -> Vec<Outcome> {
//!     let judged = certificates.iter().map(|certificate| certificate.judge(case).into_claim());
//!     let judged: Vec<_> = judged.collect();
//!     let claims = judged.iter().filter_map(|claim| claim.as_ref().ok());
//!     let obligations: Vec<_> = claims.map(|claim| claim.obligation()).collect();
//!     let (works, places) = Docket::new(&obligations).into_works();
//!     let unanswered = vec![Vec::new(); works.len()];
//!     assert_eq!(places.verdicts(&unanswered).len(), obligations.len());
//!     let conclude = |claim: tutti_domain::Claim| {
//!         let verdict = claim.obligation().verdict();
//!         claim.conclude(verdict, case.standing)
//!     };
//!     let answers = judged.into_iter();
//!     answers.map(|claim| claim.map_or_else(Into::into, conclude)).collect()
//! }
//! ```
#![forbid(unsafe_code)]

mod certificate;
mod check;
mod claim;
pub mod ecdsa;
pub mod eigen;
mod encoding;
pub mod ethereum;
mod evidence;
pub mod icm;
mod judgement;
mod key;
mod key_check;
mod key_sums;
pub mod mach;
mod policy;
mod possession;
mod reference;
mod register;
mod seats;
mod set;
mod standing;
mod subject;
mod succession;
pub mod symbiotic;
mod tally;

pub use alloy_primitives::{Address, B256, U256};
pub use certificate::Certificate;
pub use check::{Cause, Check, Fact, Finding, Input, Objection, PointFault, Reason, Step};
pub use claim::{Docket, Obligation, Places, Signers};
pub use evidence::{
    Accusation, Evidence, EvidenceFault, EvidenceOutcome, MemberSignature, Testimony,
};
pub use judgement::{Acceptance, Case, Claim, Judgement, Outcome};
pub use key::{Key, KeyKind, Possession};
pub use key_check::{ByBackend, Checked, KeyCheck, KeysUndecided, OneByOne};
pub use key_sums::KeySums;
pub use policy::{
    Columns, Demand, Grade, Policy, PolicyError, Ratio, ReplayScope, Rounding, Superseded,
    Threshold, Unit, Warning,
};
pub use possession::{PossessionProof, Registration};
pub use reference::{Label, LabelError, Present, Reference, ReferenceKind, SetName};
pub use register::{Entry, Provenance, Register, RegisterError, Stored};
pub use set::{
    Aggregate, Candidate, Column, Layout, Member, MemberDraft, OperatorSet, OperatorTree, Resident,
    Roster, Seating, SetDraft, SetError, SetId, StatedAggregate, Summands, Validity,
};
pub use standing::{SetState, StakeFreshness, Standing};
pub use subject::Subject;
pub use succession::{Attester, Succession, SuccessionError};
pub use tally::{Absentee, Need, Tally};
