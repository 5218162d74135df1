//! The corpora that independent implementations made, through gRPC: what a server answers must
//! be what their generators say. The cases are those of `tests/certificates/vectors`.

use bytes::Bytes;
use tutti_domain::SetDraft;
use tutti_proto::v1;
use tutti_proto::v1::certificate::Certificate;

use crate::cases::{
    Corpus, EPOCH, MultichainCase, NonSignerCase, Registry, SymbioticCase, Table, Validators,
    corpus, set_of, word,
};
use crate::rig::{self, Question, Twins};
use crate::support::{Running, start};
use crate::wire::{self, asked, certificates, octets, opaque, put, text};

const BOTH: [Twins; 2] = [Twins::Known, Twins::Unknown];
/// Certificates of one request: few enough that a busy machine decides them, most of them bad ones,
/// long before its backend counts as silent.
const AT_ONCE: usize = 128;

/// A question and the reasons to refuse it, none for a good one.
struct Expected {
    at: String,
    item: v1::CertificateItem,
    failing: Vec<String>,
}

/// Ids of a set that knows its keys in both groups and of one that does not.
async fn put_both(running: &Running, name: &str, draft: impl Fn(Twins) -> SetDraft) -> [Bytes; 2] {
    let mut ids = Vec::new();
    for twins in BOTH {
        let draft = wire::draft(&format!("{name}, {twins:?}"), &draft(twins));
        ids.push(put(running, wire::put_of(draft)).await);
    }
    ids.try_into().expect("two")
}

fn item(
    set: &Bytes,
    question: &Question,
    digest: &str,
    certificate: Certificate,
) -> v1::CertificateItem {
    v1::CertificateItem {
        statement: Some(opaque(word(digest))),
        present: Some(v1::Present {
            block: Some(u64::from(rig::REFERENCE) + 10),
            ..Default::default()
        }),
        ..asked(set, wire::policy(&question.policy), certificate)
    }
}

/// A reason of the contract in the generator's words: `REJECT_REASON_NO_SIGNERS`, `NoSigners`.
fn name(verdict: &str) -> String {
    let words = verdict.trim_start_matches("REJECT_REASON_").split('_');
    let name: String = words
        .map(|word| word[..1].to_owned() + &word[1..].to_lowercase())
        .collect();
    match &*name {
        "SuppliedKeyOther" => "SignatureInvalid".to_owned(),
        _ => name,
    }
}

/// Asks them all, many at once, and counts those accepted.
async fn compare(running: &Running, expected: Vec<Expected>) -> usize {
    let mut service = certificates(running).await;
    let mut accepted = 0;
    for some in expected.chunks(AT_ONCE) {
        let items = (0..).zip(some).map(|(id, case)| v1::CertificateItem {
            id,
            ..case.item.clone()
        });
        let request = v1::VerifyCertificatesRequest {
            items: items.collect(),
            options: None,
        };
        let answer = service.verify_certificates(request).await;
        let results = answer.expect("all can be read").into_inner().results;
        assert_eq!(results.len(), some.len());
        for (case, (id, result)) in some.iter().zip((0..).zip(&results)) {
            assert_eq!(result.id, id);
            let found = text(result.verdict.as_ref());
            let as_expected = match &*found {
                "ACCEPT" => case.failing.is_empty(),
                reason => case.failing.contains(&name(reason)),
            };
            assert!(as_expected, "{}: {found}, {:?}", case.at, case.failing);
            accepted += usize::from(found == "ACCEPT");
        }
    }
    accepted
}

#[tokio::test(flavor = "multi_thread")]
async fn non_signer_certificates_through_the_wire_are_what_the_contract_makes_of_them() {
    let text = include_str!("../certificates/vectors/non-signer.json");
    let corpus: Corpus<Registry, NonSignerCase> = corpus(text);
    let running = start();
    let mut sets = Vec::new();
    for (place, set) in corpus.sets.iter().enumerate() {
        sets.push(put_both(&running, &place.to_string(), |twins| set.draft(twins)).await);
    }
    let mut expected = Vec::new();
    for (place, case) in corpus.cases.iter().enumerate() {
        let call = Bytes::from(case.certificate().encode_call());
        for set in &sets[case.set] {
            let certificate = Certificate::EigenNonSigner(call.clone());
            expected.push(Expected {
                at: format!("case {place}, {}", case.broken),
                item: item(set, &case.question(), &case.digest, certificate),
                failing: case.failing.clone(),
            });
        }
    }
    assert!(expected.len() > 2_000);
    let accepted = compare(&running, expected).await;
    assert!(accepted > 500, "{accepted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn multichain_certificates_through_the_wire_are_what_the_contract_makes_of_them() {
    let text = include_str!("../certificates/vectors/multichain.json");
    let corpus: Corpus<Table, MultichainCase> = corpus(text);
    let running = start();
    let mut sets = Vec::new();
    for (place, set) in corpus.sets.iter().enumerate() {
        sets.push(put_both(&running, &place.to_string(), |twins| set.draft(twins)).await);
    }
    let mut expected = Vec::new();
    for (place, case) in corpus.cases.iter().enumerate() {
        let bytes = Bytes::from(case.certificate().encode());
        for set in &sets[case.set] {
            let certificate = Certificate::EigenMultichain(bytes.clone());
            expected.push(Expected {
                at: format!("case {place}, {}", case.broken),
                item: item(set, &case.question(), &case.digest, certificate),
                failing: case.failing.clone(),
            });
        }
    }
    assert!(expected.len() > 1_800);
    let accepted = compare(&running, expected).await;
    assert!(accepted > 300, "{accepted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn symbiotic_proofs_through_the_wire_are_what_the_contract_makes_of_them() {
    let text = include_str!("../certificates/vectors/symbiotic.json");
    let corpus: Corpus<Validators, SymbioticCase> = corpus(text);
    let running = start();
    let mut sets = Vec::new();
    for (place, set) in corpus.sets.iter().enumerate() {
        let ids = put_both(&running, &place.to_string(), |twins| set.draft(twins)).await;
        sets.push((ids, set_of(set.draft(Twins::Known))));
    }
    let mut expected = Vec::new();
    for (place, case) in corpus.cases.iter().enumerate() {
        let (ids, set) = &sets[case.set];
        let proof = octets(case.certificate(set).encode());
        for id in ids {
            let certificate = Certificate::SymbioticSimple(v1::SymbioticCertificate {
                epoch: EPOCH,
                proof: proof.clone(),
            });
            expected.push(Expected {
                at: format!("case {place}, {}", case.broken),
                item: item(id, &case.question(), &case.digest, certificate),
                failing: case.failing.clone(),
            });
        }
    }
    assert!(expected.len() > 1_000);
    let accepted = compare(&running, expected).await;
    assert!(accepted > 200, "{accepted}");
}
