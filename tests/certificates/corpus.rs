//! Thousands of certificates of `generate/certificates.py`, good and broken: bytes, challenges
//! and answers must be those that `py_ecc`, eth-abi and the contracts' rules give.

use tutti_curves::{Group, bn254};
use tutti_domain::eigen::{MultichainCertificate, NonSignerCertificate};
use tutti_domain::symbiotic::{SymbioticCertificate, validators_hash};
use tutti_domain::{Judgement, Obligation, Outcome, Reason};
use tutti_statements::keccak256;
use tutti_types::Encoding;

use crate::cases::{
    Corpus, EPOCH, MultichainCase, NonSignerCase, Registry, SymbioticCase, Table, Validators,
    corpus, set_of, word,
};
use crate::rig::{Question, Twins};

fn hash(bytes: &[u8]) -> String {
    hex::encode(keccak256(&[bytes]))
}

/// The name of a reason in the generator's words.
fn name(reason: &Reason) -> String {
    match reason {
        Reason::SuppliedKeyOther => "SignatureInvalid".into(),
        other => {
            let text = format!("{other:?}");
            let end = text
                .find(|c: char| !c.is_alphanumeric())
                .unwrap_or(text.len());
            text[..end].into()
        }
    }
}

/// The hash of the points in the first group that a tied product pairs.
fn tied(obligation: Option<&Obligation>) -> Option<String> {
    let Obligation::Product(pairs) = obligation? else {
        return None;
    };
    let points = pairs.iter().flat_map(|(point, _)| {
        let point = point.point().expect("uncompressed");
        bn254::G1::encode(point.as_ref(), Encoding::Eip197)
    });
    Some(hash(&points.collect::<Vec<u8>>()))
}

/// Judges and decides, and holds the answer against the generator's.
fn compare(at: &str, judgement: Judgement, question: &Question, failing: &[String]) {
    let outcome = match judgement.into_claim() {
        Err(objection) => objection.into(),
        Ok(claim) => {
            let verdict = claim.obligation().verdict();
            claim.conclude(verdict, &question.standing)
        }
    };
    match outcome {
        Outcome::Accept(_) => assert!(failing.is_empty(), "{at}: accepted, {failing:?}"),
        Outcome::Reject(reason) => {
            assert!(
                failing.contains(&name(&reason)),
                "{at}: {reason}, {failing:?}"
            );
        }
        Outcome::Indeterminate(cause) => panic!("{at}: {cause}"),
    }
}

const BOTH: [Twins; 2] = [Twins::Known, Twins::Unknown];

#[test]
fn non_signer_certificates_are_what_the_contract_makes_of_them() {
    let corpus: Corpus<Registry, NonSignerCase> = corpus(include_str!("vectors/non-signer.json"));
    let sets: Vec<_> = corpus
        .sets
        .iter()
        .map(|set| BOTH.map(|twins| set_of(set.draft(twins))))
        .collect();
    for (place, case) in corpus.cases.iter().enumerate() {
        let at = format!("case {place}, {}", case.broken);
        let certificate = case.certificate();
        let call = certificate.encode_call();
        assert_eq!(hash(&call), case.call, "{at}: the call's data");
        let decoded = NonSignerCertificate::decode_call(&call);
        assert_eq!(decoded.as_ref(), Ok(&certificate), "{at}");
        let record = hex::encode(certificate.signatory_record_hash());
        assert_eq!(record, case.record, "{at}: the record hash");
        let question = case.question();
        let [known, unknown] = &sets[case.set];
        let judgement = certificate.judge(&question.case(unknown));
        assert_eq!(
            tied(judgement.obligation()),
            case.tied,
            "{at}: the tied product"
        );
        compare(&at, judgement, &question, &case.failing);
        compare(
            &at,
            certificate.judge(&question.case(known)),
            &question,
            &case.failing,
        );
    }
    assert!(corpus.cases.len() > 1_000, "{}", corpus.cases.len());
}

#[test]
fn multichain_certificates_are_what_the_contract_makes_of_them() {
    let corpus: Corpus<Table, MultichainCase> = corpus(include_str!("vectors/multichain.json"));
    let sets: Vec<_> = corpus
        .sets
        .iter()
        .map(|set| BOTH.map(|twins| set_of(set.draft(twins))))
        .collect();
    for (place, case) in corpus.cases.iter().enumerate() {
        let at = format!("case {place}, {}", case.broken);
        let certificate = case.certificate();
        assert_eq!(
            hex::encode(certificate.signed_digest()),
            case.digest,
            "{at}"
        );
        let bytes = certificate.encode();
        assert_eq!(hash(&bytes), case.call, "{at}: the struct's bytes");
        let decoded = MultichainCertificate::decode(&bytes);
        assert_eq!(decoded.as_ref(), Ok(&certificate), "{at}");
        let question = case.question();
        let [known, unknown] = &sets[case.set];
        let judgement = certificate.judge(&question.case(unknown));
        assert_eq!(
            tied(judgement.obligation()),
            case.tied,
            "{at}: the tied product"
        );
        compare(&at, judgement, &question, &case.failing);
        compare(
            &at,
            certificate.judge(&question.case(known)),
            &question,
            &case.failing,
        );
    }
    assert!(corpus.cases.len() > 900, "{}", corpus.cases.len());
}

#[test]
fn symbiotic_proofs_are_what_the_contract_makes_of_them() {
    let corpus: Corpus<Validators, SymbioticCase> = corpus(include_str!("vectors/symbiotic.json"));
    let sets: Vec<_> = corpus
        .sets
        .iter()
        .map(|set| BOTH.map(|twins| set_of(set.draft(twins))))
        .collect();
    for (place, case) in corpus.cases.iter().enumerate() {
        let at = format!("case {place}, {}", case.broken);
        let [known, unknown] = &sets[case.set];
        let certificate = case.certificate(known);
        let listed = hex::encode(validators_hash(&certificate.validators));
        assert_eq!(listed, case.validators, "{at}: the validators");
        let proof = certificate.encode();
        assert_eq!(hash(&proof), case.call, "{at}: the proof's bytes");
        let decoded = SymbioticCertificate::decode(EPOCH, word(&case.digest), &proof);
        assert_eq!(decoded.as_ref(), Ok(&certificate), "{at}");
        let question = case.question();
        let judgement = certificate.judge(&question.case(unknown));
        assert_eq!(
            tied(judgement.obligation()),
            case.tied,
            "{at}: the tied product"
        );
        compare(&at, judgement, &question, &case.failing);
        compare(
            &at,
            certificate.judge(&question.case(known)),
            &question,
            &case.failing,
        );
    }
    assert!(corpus.cases.len() > 500, "{}", corpus.cases.len());
}
