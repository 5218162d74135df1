//! The cases of `generate/certificates.py` as sets, certificates and questions.

use ark_bn254::Fr;
use serde::Deserialize;
use tutti_curves::{Group, Hashing, Member, PointHash, Wire, bn254};
use tutti_domain::eigen::{
    HistoryIndices, MultichainCertificate, NonSignerCertificate, OperatorInfo, Witness,
    operator_tree,
};
use tutti_domain::symbiotic::{SymbioticCertificate, validators_of};
use tutti_domain::{
    B256, Columns, Demand, Key, KeyKind, Layout, MemberDraft, OperatorSet, Policy, Possession,
    Reference, ReferenceKind, Rounding, SetDraft, Subject, Threshold, U256, Unit, Validity,
};
use tutti_statements::{SigningContext, Statement};

use crate::rig::{self, Question, Twins};

#[derive(Deserialize)]
pub(crate) struct Corpus<S, C> {
    pub(crate) sets: Vec<S>,
    pub(crate) cases: Vec<C>,
}

pub(crate) fn corpus<S: for<'a> Deserialize<'a>, C: for<'a> Deserialize<'a>>(
    text: &str,
) -> Corpus<S, C> {
    serde_json::from_str(text).expect("the generator's form")
}

/// A number below the group's order, as hexadecimal.
#[derive(Clone, Deserialize)]
pub(crate) struct Scalar(String);

impl Scalar {
    pub(crate) fn value(&self) -> Fr {
        let number: U256 = self.0.parse().expect("hexadecimal");
        number.to_string().parse().expect("below the order")
    }

    pub(crate) fn g1(&self) -> bn254::G1Affine {
        (bn254::G1::generator() * self.value()).into()
    }

    pub(crate) fn g2(&self) -> bn254::G2Affine {
        (bn254::G2::generator() * self.value()).into()
    }

    pub(crate) fn sign(&self, digest: B256) -> Wire<bn254::G1> {
        let point = bn254::G1::hash(Hashing::TryAndIncrement, digest.as_slice(), &[]);
        Wire::Point((point.expect("32 bytes") * self.value()).into())
    }

    pub(crate) fn key(&self, twins: Twins) -> Key {
        Key::Bn254 {
            g1: Member::check(self.g1()).expect("prime order"),
            g2: (twins == Twins::Known).then(|| Member::check(self.g2()).expect("a multiple")),
        }
    }
}

pub(crate) fn word(text: &str) -> B256 {
    B256::from_slice(&hex::decode(text).expect("hexadecimal"))
}

pub(crate) fn number(text: &str) -> U256 {
    text.parse().expect("a number")
}

/// A set whose twins are twins by construction: proving 40 sets again would only cost time.
pub(crate) fn set_of(draft: SetDraft) -> OperatorSet {
    let candidate = draft
        .check(&tutti_types::Limits::default())
        .expect("a sound draft");
    let ties = vec![tutti_types::Verdict::Valid; candidate.ties().len()];
    candidate.conclude(&ties).expect("as many verdicts as ties")
}

#[derive(Deserialize)]
pub(crate) struct Registry {
    pub(crate) operators: Vec<(Scalar, Vec<(u8, String)>)>,
}

#[derive(Deserialize)]
pub(crate) struct NonSignerCase {
    pub(crate) set: usize,
    pub(crate) quorums: Vec<u8>,
    pub(crate) non_signers: Vec<Scalar>,
    pub(crate) apks: Vec<Scalar>,
    pub(crate) signing: Scalar,
    pub(crate) key: Scalar,
    pub(crate) over: String,
    pub(crate) digest: String,
    pub(crate) share: (u64, u64, String),
    pub(crate) broken: String,
    pub(crate) call: String,
    pub(crate) record: String,
    pub(crate) tied: Option<String>,
    pub(crate) failing: Vec<String>,
}

impl Registry {
    pub(crate) fn draft(&self, twins: Twins) -> SetDraft {
        let mut columns: Vec<u8> = self
            .operators
            .iter()
            .flat_map(|(_, stakes)| stakes.iter().map(|(q, _)| *q))
            .collect();
        columns.sort_unstable();
        columns.dedup();
        SetDraft {
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
        }
    }
}

impl NonSignerCase {
    pub(crate) fn certificate(&self) -> NonSignerCertificate {
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

    pub(crate) fn question(&self) -> Question {
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

#[derive(Deserialize)]
pub(crate) struct Table {
    pub(crate) operators: Vec<(Scalar, Vec<String>)>,
    pub(crate) root: String,
}

#[derive(Deserialize)]
pub(crate) struct MultichainCase {
    pub(crate) set: usize,
    pub(crate) message: String,
    pub(crate) digest: String,
    pub(crate) bps: u64,
    pub(crate) signing: Scalar,
    pub(crate) key: Scalar,
    pub(crate) broken: String,
    pub(crate) witnesses: Vec<(u32, Scalar, Vec<String>, String)>,
    pub(crate) call: String,
    pub(crate) tied: Option<String>,
    pub(crate) failing: Vec<String>,
}

pub(crate) const TIMESTAMP: u32 = 1_700_000_000;

pub(crate) fn weights(words: &[String]) -> Vec<U256> {
    words.iter().map(|text| number(text)).collect()
}

impl Table {
    pub(crate) fn draft(&self, twins: Twins) -> SetDraft {
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
        SetDraft {
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
        }
    }
}

impl MultichainCase {
    pub(crate) fn certificate(&self) -> MultichainCertificate {
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

    pub(crate) fn question(&self) -> Question {
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

#[derive(Deserialize)]
pub(crate) struct Validators {
    pub(crate) validators: Vec<(Scalar, String)>,
}

#[derive(Deserialize)]
pub(crate) struct SymbioticCase {
    pub(crate) set: usize,
    pub(crate) digest: String,
    pub(crate) signing: Scalar,
    pub(crate) key: Scalar,
    pub(crate) broken: String,
    pub(crate) non_signers: Vec<u16>,
    pub(crate) threshold: String,
    pub(crate) call: String,
    pub(crate) validators: String,
    pub(crate) tied: Option<String>,
    pub(crate) failing: Vec<String>,
}

impl Validators {
    pub(crate) fn draft(&self, twins: Twins) -> SetDraft {
        SetDraft {
            reference: Reference::new(ReferenceKind::Epoch, EPOCH),
            validity: Validity::only(EPOCH),
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
        }
    }
}

/// The epoch of all sets of validators.
pub(crate) const EPOCH: u64 = 9;

impl SymbioticCase {
    pub(crate) fn certificate(&self, set: &OperatorSet) -> SymbioticCertificate {
        SymbioticCertificate {
            epoch: EPOCH,
            message: word(&self.digest),
            signature: self.signing.sign(word(&self.digest)),
            apk_g2: Wire::Point(self.key.g2()),
            validators: validators_of(set),
            non_signers: self.non_signers.clone(),
        }
    }

    pub(crate) fn question(&self) -> Question {
        let demand = Demand {
            columns: Columns::Number(0),
            threshold: Threshold::Nominal(number(&self.threshold)),
            unit: Unit::Weight,
        };
        Question {
            subject: Subject::opaque(word(&self.digest)),
            policy: Policy::new(vec![demand]).expect("a policy"),
            ..Question::new()
        }
    }
}
