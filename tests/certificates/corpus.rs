//! Thousands of certificates of `generate/certificates.py`, good and broken: bytes, challenges
//! and answers must be those that `py_ecc`, eth-abi and the contracts' rules give.

use ark_bn254::Fr;
use serde::Deserialize;
use tutti_curves::{Group, Hashing, Member, PointHash, Wire, bn254};
use tutti_domain::eigen::{
    HistoryIndices, MultichainCertificate, NonSignerCertificate, OperatorInfo, Witness,
    operator_tree,
};
use tutti_domain::symbiotic::{SymbioticCertificate, validators_hash, validators_of};
use tutti_domain::{
    B256, Columns, Demand, Judgement, Key, KeyKind, Layout, MemberDraft, Obligation, OperatorSet,
    Outcome, Policy, Possession, Reason, Reference, ReferenceKind, Rounding, SetDraft, Subject,
    Threshold, U256, Unit, Validity,
};
use tutti_statements::{SigningContext, Statement, keccak256};
use tutti_types::Encoding;

use crate::rig::{self, Question, Twins};

#[derive(Deserialize)]
struct Corpus<S, C> {
    sets: Vec<S>,
    cases: Vec<C>,
}

fn corpus<S: for<'a> Deserialize<'a>, C: for<'a> Deserialize<'a>>(text: &str) -> Corpus<S, C> {
    serde_json::from_str(text).expect("the generator's form")
}

/// A number below the group's order, as hexadecimal.
#[derive(Clone, Deserialize)]
struct Scalar(String);

impl Scalar {
    fn value(&self) -> Fr {
        let number: U256 = self.0.parse().expect("hexadecimal");
        number.to_string().parse().expect("below the order")
    }

    fn g1(&self) -> bn254::G1Affine {
        (bn254::G1::generator() * self.value()).into()
    }

    fn g2(&self) -> bn254::G2Affine {
        (bn254::G2::generator() * self.value()).into()
    }

    fn sign(&self, digest: B256) -> Wire<bn254::G1> {
        let point = bn254::G1::hash(Hashing::TryAndIncrement, digest.as_slice(), &[]);
        Wire::Point((point.expect("32 bytes") * self.value()).into())
    }

    fn key(&self, twins: Twins) -> Key {
        Key::Bn254 {
            g1: Member::check(self.g1()).expect("prime order"),
            g2: (twins == Twins::Known).then(|| Member::check(self.g2()).expect("a multiple")),
        }
    }
}

fn word(text: &str) -> B256 {
    B256::from_slice(&hex::decode(text).expect("hexadecimal"))
}

fn number(text: &str) -> U256 {
    text.parse().expect("a number")
}

fn hash(bytes: &[u8]) -> String {
    hex::encode(keccak256(&[bytes]))
}

/// A set whose twins are twins by construction: proving 40 sets again would only cost time.
fn set_of(draft: SetDraft) -> OperatorSet {
    let candidate = draft
        .check(&tutti_types::Limits::default())
        .expect("a sound draft");
    let ties = vec![tutti_types::Verdict::Valid; candidate.ties().len()];
    candidate.conclude(&ties).expect("as many verdicts as ties")
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

#[derive(Deserialize)]
struct Registry {
    operators: Vec<(Scalar, Vec<(u8, String)>)>,
}

#[derive(Deserialize)]
struct NonSignerCase {
    set: usize,
    quorums: Vec<u8>,
    non_signers: Vec<Scalar>,
    apks: Vec<Scalar>,
    signing: Scalar,
    key: Scalar,
    over: String,
    digest: String,
    share: (u64, u64, String),
    broken: String,
    call: String,
    record: String,
    tied: Option<String>,
    failing: Vec<String>,
}

impl Registry {
    fn set(&self, twins: Twins) -> OperatorSet {
        let mut columns: Vec<u8> = self
            .operators
            .iter()
            .flat_map(|(_, stakes)| stakes.iter().map(|(q, _)| *q))
            .collect();
        columns.sort_unstable();
        columns.dedup();
        set_of(SetDraft {
            columns: columns.into_iter().map(|column| (column, None)).collect(),
            members: self
                .operators
                .iter()
                .map(|(secret, stakes)| MemberDraft {
                    key: secret.key(twins),
                    possession: Possession::AttestedBySource,
                    weights: stakes
                        .iter()
                        .map(|(q, stake)| (*q, number(stake)))
                        .collect(),
                })
                .collect(),
            ..rig::draft(&[], twins)
        })
    }
}

impl NonSignerCase {
    fn certificate(&self) -> NonSignerCertificate {
        let named = self.quorums.clone();
        let points = |scalars: &[Scalar]| scalars.iter().map(|s| Wire::Point(s.g1())).collect();
        NonSignerCertificate {
            message_hash: word(&self.digest),
            reference_block: rig::REFERENCE,
            non_signers: points(&self.non_signers),
            quorum_apks: points(&self.apks),
            apk_g2: Wire::Point(self.key.g2()),
            signature: self.signing.sign(word(&self.over)),
            indices: HistoryIndices {
                non_signer_bitmaps: vec![0; self.non_signers.len()],
                quorum_apks: vec![0; named.len()],
                total_stakes: vec![0; named.len()],
                non_signer_stakes: vec![vec![0; self.non_signers.len()]; named.len()],
            },
            quorum_numbers: named,
        }
    }

    fn question(&self) -> Question {
        let (numerator, denominator, rule) = &self.share;
        let rounding = match &**rule {
            "floor" => Rounding::FloorGe,
            "exact" => Rounding::ExactGe,
            _ => Rounding::StrictGt,
        };
        Question {
            subject: Subject::opaque(word(&self.digest)),
            policy: rig::share(*numerator, *denominator, rounding),
            ..Question::new()
        }
    }
}

#[test]
fn non_signer_certificates_are_what_the_contract_makes_of_them() {
    let corpus: Corpus<Registry, NonSignerCase> = corpus(include_str!("vectors/non-signer.json"));
    let sets: Vec<_> = corpus
        .sets
        .iter()
        .map(|set| BOTH.map(|twins| set.set(twins)))
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

#[derive(Deserialize)]
struct Table {
    operators: Vec<(Scalar, Vec<String>)>,
    root: String,
}

#[derive(Deserialize)]
struct MultichainCase {
    set: usize,
    message: String,
    digest: String,
    bps: u64,
    signing: Scalar,
    key: Scalar,
    broken: String,
    witnesses: Vec<(u32, Scalar, Vec<String>, String)>,
    call: String,
    tied: Option<String>,
    failing: Vec<String>,
}

const TIMESTAMP: u32 = 1_700_000_000;

fn weights(words: &[String]) -> Vec<U256> {
    words.iter().map(|text| number(text)).collect()
}

impl Table {
    fn set(&self, twins: Twins) -> OperatorSet {
        let infos: Vec<_> = self
            .operators
            .iter()
            .map(|(secret, words)| OperatorInfo {
                key: Wire::Point(secret.g1()),
                weights: weights(words),
            })
            .collect();
        let tree = operator_tree(&infos);
        assert_eq!(hex::encode(tree.root), self.root, "the root of the tree");
        let at = u64::from(TIMESTAMP);
        let columns = self.operators[0].1.len();
        set_of(SetDraft {
            reference: Reference::new(ReferenceKind::Timestamp, at),
            validity: Validity::only(at),
            layout: Layout::StakeTypes,
            columns: (0..columns).map(|column| (column as u8, None)).collect(),
            members: self
                .operators
                .iter()
                .map(|(secret, words)| MemberDraft {
                    key: secret.key(twins),
                    possession: Possession::AttestedBySource,
                    weights: (0u8..).zip(weights(words)).collect(),
                })
                .collect(),
            tree: Some(tree),
            ..rig::draft(&[], twins)
        })
    }
}

impl MultichainCase {
    fn certificate(&self) -> MultichainCertificate {
        let witness =
            |(index, secret, words, proof): &(u32, Scalar, Vec<String>, String)| Witness {
                index: *index,
                proof: hex::decode(proof).expect("hexadecimal"),
                info: OperatorInfo {
                    key: Wire::Point(secret.g1()),
                    weights: weights(words),
                },
            };
        MultichainCertificate {
            reference_timestamp: TIMESTAMP,
            message_hash: word(&self.message),
            signature: self.signing.sign(word(&self.digest)),
            apk_g2: Wire::Point(self.key.g2()),
            witnesses: self.witnesses.iter().map(witness).collect(),
        }
    }

    fn question(&self) -> Question {
        let context = SigningContext::EigenCertificate {
            reference_timestamp: TIMESTAMP,
        };
        let statement = Statement::opaque(word(&self.message).0);
        Question {
            subject: Subject::new(statement, context).expect("opaque fits all"),
            policy: rig::share(self.bps, 10_000, Rounding::FloorGe),
            ..Question::new()
        }
    }
}

#[test]
fn multichain_certificates_are_what_the_contract_makes_of_them() {
    let corpus: Corpus<Table, MultichainCase> = corpus(include_str!("vectors/multichain.json"));
    let sets: Vec<_> = corpus
        .sets
        .iter()
        .map(|set| BOTH.map(|twins| set.set(twins)))
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

#[derive(Deserialize)]
struct Validators {
    validators: Vec<(Scalar, String)>,
}

#[derive(Deserialize)]
struct SymbioticCase {
    set: usize,
    digest: String,
    signing: Scalar,
    key: Scalar,
    broken: String,
    non_signers: Vec<u16>,
    threshold: String,
    call: String,
    validators: String,
    tied: Option<String>,
    failing: Vec<String>,
}

impl Validators {
    fn set(&self, twins: Twins) -> OperatorSet {
        set_of(SetDraft {
            reference: Reference::new(ReferenceKind::Epoch, 9),
            validity: Validity::only(9),
            keys: KeyKind::Bn254,
            layout: Layout::StakeTypes,
            columns: vec![(0, None)],
            members: self
                .validators
                .iter()
                .map(|(secret, power)| MemberDraft {
                    key: secret.key(twins),
                    possession: Possession::AttestedBySource,
                    weights: vec![(0, number(power))],
                })
                .collect(),
            ..rig::draft(&[], twins)
        })
    }
}

#[test]
fn symbiotic_proofs_are_what_the_contract_makes_of_them() {
    let corpus: Corpus<Validators, SymbioticCase> = corpus(include_str!("vectors/symbiotic.json"));
    let sets: Vec<_> = corpus
        .sets
        .iter()
        .map(|set| BOTH.map(|twins| set.set(twins)))
        .collect();
    for (place, case) in corpus.cases.iter().enumerate() {
        let at = format!("case {place}, {}", case.broken);
        let [known, unknown] = &sets[case.set];
        let certificate = SymbioticCertificate {
            epoch: 9,
            message: word(&case.digest),
            signature: case.signing.sign(word(&case.digest)),
            apk_g2: Wire::Point(case.key.g2()),
            validators: validators_of(known),
            non_signers: case.non_signers.clone(),
        };
        let listed = hex::encode(validators_hash(&certificate.validators));
        assert_eq!(listed, case.validators, "{at}: the validators");
        let proof = certificate.encode();
        assert_eq!(hash(&proof), case.call, "{at}: the proof's bytes");
        let decoded = SymbioticCertificate::decode(9, word(&case.digest), &proof);
        assert_eq!(decoded.as_ref(), Ok(&certificate), "{at}");
        let demand = Demand {
            columns: Columns::Number(0),
            threshold: Threshold::Nominal(number(&case.threshold)),
            unit: Unit::Weight,
        };
        let question = Question {
            subject: Subject::opaque(word(&case.digest)),
            policy: Policy::new(vec![demand]).expect("a policy"),
            ..Question::new()
        };
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
