//! From the contract's messages to the engine's work. Everything is parsed here, once: what
//! cannot be a point gets its verdict here and is never put into a batch.

mod aggregates;
mod columns;
mod keyring;
mod points;
mod sets;

use std::collections::HashMap;
use std::sync::Arc;

use tutti_backend::{AnyKeySet, CheckedKeys, KeyParcel, VerifyParcel, VerifyParcelBuilder, Work};
use tutti_curves::{Bn254Sig, KeySet, Member, MinPk, MinSig, Signed};
use tutti_engine::KeySets;
use tutti_types::{Encoding, InvalidReason, Limits, Scheme, Verdict};

use crate::refusal::Refusal;

pub(crate) use aggregates::aggregates;
pub(crate) use columns::columns;
pub(crate) use points::{JobOutcome, hashes, pairings, sums};
pub(crate) use sets::{EmptyRule, sets};

/// What a request's items are read with.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) scheme: Scheme,
    pub(crate) encoding: Encoding,
    pub(crate) key_sets: &'a KeySets,
    pub(crate) limits: &'a Limits,
}

/// The items of a request: those that got their verdict while they were read, and the work
/// that will decide the others, in the same order.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) verdicts: Vec<Option<Verdict>>,
    pub(crate) work: Option<Work>,
}

impl Parsed {
    /// Puts the answers of the work where they belong.
    pub(crate) fn complete(self, answers: Vec<Verdict>) -> Vec<Verdict> {
        let mut answers = answers.into_iter();
        self.verdicts
            .into_iter()
            .map(|early| {
                early
                    .or_else(|| answers.next())
                    .expect("the engine answers each item of a work")
            })
            .collect()
    }
}

/// Why an item is not put into the work.
#[derive(Debug)]
enum Stop {
    /// It has its verdict.
    Item(Verdict),
    /// The request as a whole cannot be taken.
    Call(Refusal),
}

impl From<Verdict> for Stop {
    fn from(verdict: Verdict) -> Self {
        Self::Item(verdict)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Call(refusal)
    }
}

/// What became of an item: a place in the work, or its verdict.
fn place<T>(read: Result<T, Stop>) -> Result<Result<T, Verdict>, Refusal> {
    match read {
        Ok(item) => Ok(Ok(item)),
        Err(Stop::Item(verdict)) => Ok(Err(verdict)),
        Err(Stop::Call(refusal)) => Err(refusal),
    }
}

/// The worlds as the engine and the key-set store know them.
pub(crate) trait Served: Signed {
    fn work(parcel: VerifyParcel<Self>) -> Work;
    fn key_set(set: AnyKeySet) -> Option<Arc<KeySet<Self::Key>>>;
    fn any(set: Arc<KeySet<Self::Key>>) -> AnyKeySet;
    fn check_keys(keys: KeyParcel<Self::Key>) -> Work;
    fn checked(keys: CheckedKeys) -> Option<Vec<Result<Member<Self::Key>, InvalidReason>>>;
}

macro_rules! impl_served {
    ($world:ty, $work:ident, $check:ident, $group:ident) => {
        impl Served for $world {
            fn work(parcel: VerifyParcel<Self>) -> Work {
                Work::$work(parcel)
            }
            fn key_set(set: AnyKeySet) -> Option<Arc<KeySet<Self::Key>>> {
                match set {
                    AnyKeySet::$group(set) => Some(set),
                    _ => None,
                }
            }
            fn any(set: Arc<KeySet<Self::Key>>) -> AnyKeySet {
                AnyKeySet::$group(set)
            }
            fn check_keys(keys: KeyParcel<Self::Key>) -> Work {
                Work::$check(keys)
            }
            fn checked(keys: CheckedKeys) -> Option<Vec<Result<Member<Self::Key>, InvalidReason>>> {
                match keys {
                    CheckedKeys::$group(keys) => Some(keys),
                    _ => None,
                }
            }
        }
    };
}

impl_served!(MinPk, MinPk, KeysBls12381G1, Bls12381G1);
impl_served!(MinSig, MinSig, KeysBls12381G2, Bls12381G2);
impl_served!(Bn254Sig, Bn254, KeysBn254G2, Bn254G2);

/// A list must have something in it, and not too much.
fn bounded(field: &str, len: usize, max: usize) -> Result<(), Refusal> {
    match len {
        0 => Err(Refusal::malformed(field, "send at least one")),
        n if n > max => Err(Refusal::malformed(
            field,
            format!("{n} at once are too many; send at most {max}"),
        )),
        _ => Ok(()),
    }
}

fn bounded_message(field: impl Fn() -> String, message: &[u8], max: usize) -> Result<(), Refusal> {
    if message.len() > max {
        let what = format!("{} bytes are too many; hash it first", message.len());
        return Err(Refusal::malformed(field(), what));
    }
    Ok(())
}

/// Counts signers or points over a whole request.
struct Tally<'a> {
    field: &'a str,
    left: usize,
    max: usize,
}

impl<'a> Tally<'a> {
    fn new(field: &'a str, max: usize) -> Self {
        let left = max;
        Self { field, left, max }
    }

    fn add(&mut self, more: usize) -> Result<(), Refusal> {
        self.left = self.left.checked_sub(more).ok_or_else(|| {
            let what = format!(
                "more than {} signers or points; send less at once",
                self.max
            );
            Refusal::malformed(self.field, what)
        })?;
        Ok(())
    }
}

/// Each distinct message of a request once.
#[derive(Default)]
struct Messages<'a> {
    places: HashMap<&'a [u8], u32>,
}

impl<'a> Messages<'a> {
    fn place<W: Signed>(&mut self, builder: &mut VerifyParcelBuilder<W>, message: &'a [u8]) -> u32 {
        *self
            .places
            .entry(message)
            .or_insert_with(|| builder.message(message))
    }
}
