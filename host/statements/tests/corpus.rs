//! Statements against independent implementations (`tests/statements`), and every single change
//! of every field of every one of them.

mod reading;

use std::collections::BTreeSet;

use reading::{Case, cases, mutations, octets, statement, text};
use serde_json::Value;
use tutti_statements::{Binding, Kind, Statement};

fn upstream(statement: &Statement) -> String {
    format!("0x{}", hex::encode(statement.upstream_hash().as_bytes()))
}

#[test]
fn upstream_hashes_are_those_of_independent_encoders() {
    for kind in Kind::ALL {
        let cases = cases(kind);
        assert_eq!(cases.len(), 200, "{kind:?}");
        for case in cases {
            let statement = statement(&case.json).expect("the corpus holds statements");
            assert_eq!(statement.kind(), kind);
            assert_eq!(
                upstream(&statement),
                text(&case.json["upstream"]),
                "{case:?}"
            );
        }
    }
}

#[test]
fn signed_digests_are_those_of_independent_encoders() {
    for case in Kind::ALL.into_iter().flat_map(cases) {
        let statement = statement(&case.json).expect("the corpus holds statements");
        let signed = case.json["signed"].as_array().expect("a list");
        assert!(!signed.is_empty(), "{case:?}");
        for signed in signed {
            let context = reading::context(signed);
            let digest = context.digest(&statement).expect("a context that fits");
            assert_eq!(
                digest.as_bytes()[..],
                octets(&signed["digest"]),
                "{context:?} of {case:?}"
            );
        }
    }
}

/// A field that is hashed changes the hash; one that the caller asserts changes the name only.
#[test]
fn every_change_of_a_field_makes_another_statement() {
    let mut tried = 0;
    for case in Kind::ALL.into_iter().flat_map(cases) {
        let original = statement(&case.json).expect("the corpus holds statements");
        for (field, changed) in mutations(&case.json) {
            let Ok(changed) = statement(&changed) else {
                continue; // out of order, or of a chain that the envelope does not say
            };
            tried += 1;
            assert_ne!(original.id(), changed.id(), "{field} of {case:?}");
            assert_ne!(original, changed, "{field} of {case:?}");
            assert_eq!(
                upstream(&original) == upstream(&changed),
                case.asserts(&field),
                "{field} of {case:?}"
            );
        }
    }
    assert!(tried > 20_000, "only {tried} changes were possible");
}

#[test]
fn a_chain_named_inside_must_be_the_envelopes() {
    let mut refused = BTreeSet::new();
    for case in Kind::ALL.into_iter().flat_map(cases) {
        let mut other = case.json.clone();
        let chain: u128 = text(&other["chain"]).parse().unwrap_or(0);
        other["chain"] = Value::String((chain ^ 1).to_string());
        let names_its_chain = statement(&other).is_err();
        if names_its_chain {
            refused.insert(case.kind);
        }
    }
    let expected = [
        Kind::OpSuperRoot,
        Kind::OpInteropMessage,
        Kind::NfflStateRoot,
        Kind::HyperlaneCheckpoint,
        Kind::WormholeMessage,
    ];
    assert_eq!(refused, BTreeSet::from(expected));
}

#[test]
fn statements_of_different_kinds_never_share_a_name() {
    let mut names = BTreeSet::new();
    let mut cases_seen = BTreeSet::<String>::new();
    for Case { json, .. } in Kind::ALL.into_iter().flat_map(cases) {
        let statement = statement(&json).expect("the corpus holds statements");
        if cases_seen.insert(format!("{statement:?}")) {
            assert!(names.insert(statement.id()), "{json}");
        }
    }
    assert!(names.len() > 3_900);
}

#[test]
fn encodings_are_decoded_to_the_same_statement() {
    let mut decoded = 0;
    for case in Kind::ALL.into_iter().flat_map(cases) {
        let original = statement(&case.json).expect("the corpus holds statements");
        let Some(encoding) = reading::encode(&original) else {
            continue;
        };
        if let Some(expected) = case.json.get("encoding") {
            assert_eq!(encoding, octets(expected), "{case:?}");
        }
        let again = reading::decode(&original, &encoding).expect("its own encoding");
        assert_eq!(again, original);
        decoded += 1;
    }
    assert_eq!(decoded, 200 * 9);
}

/// Whatever a decoder accepts is exactly what is hashed: no two encodings of one statement.
#[test]
fn no_bit_of_an_encoding_is_ignored() {
    for case in Kind::ALL
        .into_iter()
        .flat_map(|kind| cases(kind).into_iter().take(8))
    {
        let original = statement(&case.json).expect("the corpus holds statements");
        let Some(encoding) = reading::encode(&original) else {
            continue;
        };
        for bit in 0..encoding.len() * 8 {
            let mut flipped = encoding.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(other) = reading::decode(&original, &flipped) {
                assert_ne!(other.id(), original.id(), "bit {bit} of {case:?}");
                assert_eq!(reading::encode(&other).as_deref(), Some(&flipped[..]));
            }
        }
        for end in 0..encoding.len() {
            if let Ok(other) = reading::decode(&original, &encoding[..end]) {
                assert_ne!(other.id(), original.id());
            }
        }
        let longer = [&encoding[..], &[0]].concat();
        if let Ok(other) = reading::decode(&original, &longer) {
            assert_ne!(other.id(), original.id());
        }
    }
}

/// The table of the crate's documentation.
#[test]
fn bindings_are_as_documented() {
    use Binding::{Asserted, Signed};
    for kind in Kind::ALL {
        let (chain, place) = match kind {
            Kind::OpOutputRoot | Kind::ZkBatchCommitment | Kind::Opaque32 => (Asserted, Asserted),
            Kind::OpSuperRoot
            | Kind::OpInteropMessage
            | Kind::NfflStateRoot
            | Kind::HyperlaneCheckpoint
            | Kind::WormholeMessage => (Signed, Signed),
            _ => (Asserted, Signed),
        };
        for case in cases(kind).iter().take(3) {
            let envelope = statement(&case.json).expect("a statement").envelope();
            assert_eq!(envelope.kind, kind);
            assert_eq!(envelope.slot.kind, kind);
            assert_eq!(
                (envelope.chain_binding, envelope.place_binding),
                (chain, place)
            );
        }
    }
}
