//! The corpus, and sets of addresses to judge by.

use std::path::Path;

use serde_json::Value;
use tutti_domain::{
    Address, Case, Columns, Demand, Judgement, Key, KeyKind, Label, Layout, MemberDraft,
    OperatorSet, Outcome, Policy, Possession, Present, Ratio, Reason, Reference, ReferenceKind,
    Roster, Rounding, Seating, SetDraft, SetName, SetState, Standing, Subject, Superseded,
    Threshold, U256, Unit, Validity,
};
use tutti_types::Limits;

pub(crate) fn cases(name: &str) -> Vec<Value> {
    json(name).as_array().expect("a list of cases").clone()
}

pub(crate) fn json(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/messages/vectors");
    let path = Path::new(folder).join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{name}: {why}"));
    serde_json::from_str(&text).expect("JSON")
}

pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    hex::decode(digits.expect("0x and digits")).expect("hexadecimal digits")
}

pub(crate) fn seats(case: &Value) -> Vec<u32> {
    let seats = case["seats"].as_array().expect("a list");
    seats
        .iter()
        .map(|seat| seat.as_u64().expect("a number") as u32)
        .collect()
}

/// A set of addresses, each weighing one.
pub(crate) fn set(addresses: &Value, epoch: u64) -> OperatorSet {
    let addresses = addresses.as_array().expect("a list");
    let member = |address: &Value| MemberDraft {
        key: Key::Ecdsa(Address::from_slice(&bytes(address))),
        possession: Possession::AttestedBySource,
        weights: vec![(0, U256::from(1))],
    };
    let draft = SetDraft {
        name: SetName::Label(Label::new("signers").expect("short")),
        reference: Reference::new(ReferenceKind::Epoch, epoch),
        validity: Validity::only(epoch),
        keys: KeyKind::Ecdsa,
        layout: Layout::StakeTypes,
        roster: Roster::Complete,
        seating: Seating::OnePerKey,
        columns: vec![(0, None)],
        aggregates: Vec::new(),
        members: addresses.iter().map(member).collect(),
        tree: None,
    };
    let candidate = draft.check(&Limits::default()).expect("a set");
    candidate.conclude(&[]).expect("no ties")
}

fn counted(threshold: Threshold) -> Policy {
    let demand = Demand {
        columns: Columns::Each,
        threshold,
        unit: Unit::Count,
    };
    let policy = Policy::new(vec![demand]).expect("one demand");
    policy.with_superseded(Superseded::Accepted)
}

pub(crate) fn at_least(count: u64) -> Policy {
    counted(Threshold::Nominal(U256::from(count)))
}

/// floor(2n / 3) + 1, which is n - floor((n - 1) / 3).
pub(crate) fn two_thirds() -> Policy {
    counted(Threshold::Share {
        ratio: Ratio::new(2, 3).expect("a share"),
        rounding: Rounding::StrictGt,
    })
}

pub(crate) fn standing(state: SetState, timestamp: Option<u64>) -> Standing {
    let present = Present {
        timestamp,
        ..Present::default()
    };
    Standing::new(state, present)
}

/// Judges and concludes; there is nothing left to compute in between.
pub(crate) fn outcome(
    set: &OperatorSet,
    subject: &Subject,
    policy: &Policy,
    judge: impl FnOnce(&Case<'_>) -> Judgement,
) -> Outcome {
    let standing = standing(SetState::Active, None);
    let case = Case {
        set,
        standing: &standing,
        subject,
        policy,
    };
    match judge(&case).into_claim() {
        Err(objection) => objection.into(),
        Ok(claim) => {
            let verdict = claim.obligation().verdict();
            claim.conclude(verdict, &standing)
        }
    }
}

pub(crate) fn rejected(outcome: Outcome) -> Reason {
    match outcome {
        Outcome::Reject(reason) => reason,
        other => panic!("{other:?}"),
    }
}

/// Who signed, by the tally of an acceptance.
pub(crate) fn signers(outcome: &Outcome, of: usize) -> Vec<u32> {
    let Outcome::Accept(acceptance) = outcome else {
        panic!("{outcome:?}");
    };
    let absent: Vec<u32> = acceptance.tallies()[0]
        .absent
        .iter()
        .map(|a| a.index)
        .collect();
    (0..of as u32)
        .filter(|seat| !absent.contains(seat))
        .collect()
}

/// How many bits further the next one is that is changed: every `sampled`th, or each where
/// `TUTTI_EVERY_BIT` is set.
pub(crate) fn stride(sampled: usize) -> usize {
    match std::env::var_os("TUTTI_EVERY_BIT") {
        None => sampled,
        Some(_) => 1,
    }
}
