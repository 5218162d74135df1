//! Every kind of certificate through gRPC: a good one is accepted, and the ways in which each
//! kind is usually broken are refused with their reasons or by the field that cannot be read.

use std::path::Path;

use bytes::Bytes;
use serde_json::Value;
use tutti_curves::{Group, Wire, bls12_381, bn254};
use tutti_domain::ecdsa::{BeefyCertificate, WormholeCertificate};
use tutti_domain::{B256, Possession, Rounding, SetDraft, U256, Validity};
use tutti_proto::v1;
use tutti_proto::v1::certificate::Certificate;
use tutti_proto::v1::eth_attestation_certificate::Attestation;
use tutti_proto::v1::signing_context::Context;
use tutti_proto::v1::statement::Body;

use crate::made::{icm, mach, multichain, symbiotic};
use crate::rig::{self, Twins};
use crate::support::{Running, start};
use crate::wire::{
    Service, Spoil, asked, certificates, hex_of, integer, octets, opaque, policy, put, put_of,
    said, share,
};

/// Asks for the good one, and for each that was spoilt.
async fn refuses(service: &mut Service, good: &v1::CertificateItem, broken: &[(&str, Spoil<'_>)]) {
    assert_eq!(said(service, good.clone()).await, "ACCEPT");
    for (expected, spoil) in broken {
        let mut item = good.clone();
        spoil(&mut item);
        assert_eq!(&said(service, item).await, expected);
    }
}

async fn put_set(running: &Running, name: &str, draft: &SetDraft) -> Bytes {
    put(running, put_of(crate::wire::draft(name, draft))).await
}

fn certificate(item: &mut v1::CertificateItem, certificate: Certificate) {
    item.certificate = Some(v1::Certificate {
        certificate: Some(certificate),
    });
}

fn negated<G: Group>(wire: &Wire<G>) -> Wire<G> {
    let Wire::Point(point) = wire else {
        panic!("a point");
    };
    Wire::Point(G::negate(point))
}

fn without_proof(mut draft: SetDraft, member: usize) -> SetDraft {
    draft.members[member].possession = Possession::None;
    draft
}

#[tokio::test(flavor = "multi_thread")]
async fn multichain_certificates_over_the_wire() {
    let running = start();
    let mut service = certificates(&running).await;
    let operators = multichain::operators();
    let lasting = |draft: SetDraft| SetDraft {
        validity: Validity {
            max_staleness: None,
            ..draft.validity
        },
        ..draft
    };
    let complete = |twins| lasting(multichain::complete(&operators, twins));
    let sets = [
        put_set(&running, "known", &complete(Twins::Known)).await,
        put_set(&running, "unknown", &complete(Twins::Unknown)).await,
        put_set(&running, "stored", &lasting(multichain::stored(&operators))).await,
    ];
    let stale = multichain::complete(&operators, Twins::Known);
    let stale = put_set(&running, "stale", &stale).await;
    let given = multichain::certificate(&operators, &[1, 3]);
    let changed = |change: &dyn Fn(&mut tutti_domain::eigen::MultichainCertificate)| {
        let mut changed = given.clone();
        change(&mut changed);
        Certificate::EigenMultichain(changed.encode().into())
    };
    for set in &sets {
        let mut good = asked(set, share(1, 2), changed(&|_| {}));
        good.statement = Some(opaque(given.signed_digest()));
        let broken: [(&str, Spoil); 10] = [
            ("REJECT_REASON_STALE", &|item| {
                item.set = Some(v1::certificate_item::Set::SetId(stale.clone()));
            }),
            ("REJECT_REASON_OTHER_MESSAGE", &|item| {
                item.statement = Some(opaque(given.message_hash));
            }),
            ("REJECT_REASON_THRESHOLD_NOT_MET", &|item| {
                item.policy = Some(share(99, 100));
            }),
            ("REJECT_REASON_NON_SIGNERS_UNORDERED", &|item| {
                certificate(item, changed(&|c| c.witnesses.swap(0, 1)));
            }),
            ("REJECT_REASON_INDEX_OUT_OF_RANGE", &|item| {
                certificate(item, changed(&|c| c.witnesses[1].index = 5));
            }),
            ("REJECT_REASON_WITNESS_INVALID", &|item| {
                certificate(item, changed(&|c| c.witnesses[0].proof[3] ^= 1));
            }),
            ("REJECT_REASON_WITNESS_INVALID", &|item| {
                let cheaper = |c: &mut tutti_domain::eigen::MultichainCertificate| {
                    c.witnesses[0].info.weights[0] = U256::ONE;
                };
                certificate(item, changed(&cheaper));
            }),
            ("REJECT_REASON_SIGNATURE_INVALID", &|item| {
                certificate(item, changed(&|c| c.signature = negated(&c.signature)));
            }),
            ("REJECT_REASON_OTHER_REFERENCE", &|item| {
                let mut later = given.clone();
                later.reference_timestamp += 1;
                item.statement = Some(opaque(later.signed_digest()));
                let bytes = later.encode().into();
                certificate(item, Certificate::EigenMultichain(bytes));
            }),
            ("item.certificate.eigen_multichain", &|item| {
                let bytes = given.encode();
                let cut = octets(&bytes[..bytes.len() - 32]);
                certificate(item, Certificate::EigenMultichain(cut));
            }),
        ];
        refuses(&mut service, &good, &broken).await;
    }
}

/// The same, where a typed statement is what operators signed: its hash is the message hash.
#[tokio::test(flavor = "multi_thread")]
async fn typed_statements_are_certified_on_other_chains() {
    let running = start();
    let mut service = certificates(&running).await;
    let operators = multichain::operators();
    let mut draft = multichain::complete(&operators, Twins::Known);
    draft.validity.max_staleness = None;
    let set = put_set(&running, "operators", &draft).await;
    let typed = |send_root: u8| v1::Statement {
        chain: Bytes::from_static(&[10]),
        context: Some(v1::SigningContext {
            context: Some(Context::EigenCertificateTimestamp(multichain::TIMESTAMP)),
        }),
        body: Some(Body::NitroGlobalState(v1::NitroGlobalState {
            block_hash: octets([0x11; 32]),
            send_root: octets([send_root; 32]),
            inbox_position: 1,
            position_in_message: 2,
        })),
    };
    let mut given = multichain::certificate(&operators, &[]);
    // keccak("Global state:" || 11.. || 22.. || 1 || 2), recomputed with other code.
    let hash = "cfe55689400e2279cfee349c81651b0defb59d61a7713fb80f118a64fc2108de";
    given.message_hash = B256::from_slice(&hex::decode(hash).expect("digits"));
    let secret = operators.iter().map(|operator| operator.secret).sum();
    given.signature = Wire::Point(rig::sign(given.signed_digest(), secret));
    let bytes = Bytes::from(given.encode());
    let mut good = asked(&set, share(1, 2), Certificate::EigenMultichain(bytes));
    good.statement = Some(typed(0x22));
    let broken: [(&str, Spoil); 2] = [
        ("REJECT_REASON_OTHER_MESSAGE", &|item| {
            item.statement = Some(typed(0x23));
        }),
        // A global state names no chain, so nothing that was signed binds it to one.
        ("REJECT_REASON_OTHER_CHAIN", &|item| {
            item.policy.as_mut().expect("there").scope = Some(v1::ReplayScope {
                scope: Some(v1::replay_scope::Scope::ChainSigned(Bytes::from_static(&[
                    10,
                ]))),
            });
        }),
    ];
    refuses(&mut service, &good, &broken).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn avalanches_signed_messages_over_the_wire() {
    let running = start();
    let mut service = certificates(&running).await;
    let set = put_set(&running, "validators", &icm::draft()).await;
    let rogue = put_set(&running, "rogue", &without_proof(icm::draft(), 8)).await;
    let given = icm::certificate(&[6, 7, 8, 9]);
    let message = |signers: &[u32]| {
        let bytes = icm::certificate(signers).encode();
        Certificate::SignerBitset(bytes.into())
    };
    let third = policy(&rig::share(1, 3, Rounding::ExactGe));
    let mut good = asked(&set, third, message(&[6, 7, 8, 9]));
    good.statement = Some(opaque(given.message_id()));
    let broken: [(&str, Spoil); 9] = [
        ("REJECT_REASON_THRESHOLD_NOT_MET", &|item| {
            certificate(item, message(&[5, 7, 8, 9]));
        }),
        ("REJECT_REASON_BITSET_NOT_MINIMAL", &|item| {
            let mut padded = given.clone();
            padded.signers.insert(0, 0);
            certificate(item, Certificate::SignerBitset(padded.encode().into()));
        }),
        ("REJECT_REASON_INDEX_OUT_OF_RANGE", &|item| {
            certificate(item, message(&[6, 7, 8, 9, 10]));
        }),
        ("REJECT_REASON_NO_SIGNERS", &|item| {
            certificate(item, message(&[]));
        }),
        ("REJECT_REASON_POSSESSION_UNPROVEN", &|item| {
            item.set = Some(v1::certificate_item::Set::SetId(rogue.clone()));
        }),
        ("REJECT_REASON_SIGNATURE_INVALID", &|item| {
            let mut other = given.clone();
            other.signature = negated::<bls12_381::G2>(&other.signature);
            certificate(item, Certificate::SignerBitset(other.encode().into()));
        }),
        ("REJECT_REASON_OTHER_MESSAGE", &|item| {
            let mut other = given.clone();
            other.network = 5;
            certificate(item, Certificate::SignerBitset(other.encode().into()));
        }),
        ("item.certificate.signer_bitset", &|item| {
            let bytes = given.encode();
            let cut = octets(&bytes[..bytes.len() - 1]);
            certificate(item, Certificate::SignerBitset(cut));
        }),
        ("item.statement", &|item| item.statement = None),
    ];
    refuses(&mut service, &good, &broken).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn symbiotics_simple_proofs_over_the_wire() {
    let running = start();
    let mut service = certificates(&running).await;
    for twins in [Twins::Known, Twins::Unknown] {
        let draft = symbiotic::draft(twins);
        let set = put_set(&running, &format!("{twins:?}"), &draft).await;
        let known = rig::set_of(draft);
        let given = symbiotic::certificate(&known, &[1]);
        let proof = |change: &dyn Fn(&mut tutti_domain::symbiotic::SymbioticCertificate)| {
            let mut changed = given.clone();
            change(&mut changed);
            Certificate::SymbioticSimple(v1::SymbioticCertificate {
                epoch: changed.epoch,
                proof: changed.encode().into(),
            })
        };
        let mut good = asked(&set, share(2, 3), proof(&|_| {}));
        good.statement = Some(opaque(rig::digest()));
        let broken: [(&str, Spoil); 9] = [
            ("REJECT_REASON_OTHER_REFERENCE", &|item| {
                certificate(item, proof(&|c| c.epoch = 13));
            }),
            ("REJECT_REASON_NON_SIGNERS_UNORDERED", &|item| {
                certificate(item, proof(&|c| c.non_signers = vec![1, 1]));
            }),
            ("REJECT_REASON_INDEX_OUT_OF_RANGE", &|item| {
                certificate(item, proof(&|c| c.non_signers = vec![6]));
            }),
            ("REJECT_REASON_OTHER_MEMBERS", &|item| {
                certificate(item, proof(&|c| c.validators.swap(0, 1)));
            }),
            ("REJECT_REASON_THRESHOLD_NOT_MET", &|item| {
                let few = symbiotic::certificate(&known, &[1, 4, 5]);
                let proof = few.encode().into();
                let few = v1::SymbioticCertificate { epoch: 12, proof };
                certificate(item, Certificate::SymbioticSimple(few));
            }),
            ("REJECT_REASON_SIGNATURE_INVALID", &|item| {
                certificate(item, proof(&|c| c.signature = negated(&c.signature)));
            }),
            // What is attested is what the statement says; the proof names none.
            ("REJECT_REASON_SIGNATURE_INVALID", &|item| {
                item.statement = Some(opaque(B256::repeat_byte(3)));
            }),
            ("item.certificate.symbiotic_simple.proof", &|item| {
                let bytes = given.encode();
                let proof = octets(&bytes[..bytes.len() - 1]);
                let cut = v1::SymbioticCertificate { epoch: 12, proof };
                certificate(item, Certificate::SymbioticSimple(cut));
            }),
            ("item.certificate.symbiotic_simple", &|item| {
                item.statement = None;
            }),
        ];
        refuses(&mut service, &good, &broken).await;
    }
}

fn alert(rollup: u8) -> v1::Statement {
    v1::Statement {
        chain: octets([rollup]),
        context: Some(v1::SigningContext {
            context: Some(Context::MachChainBoundBlock(rig::REFERENCE)),
        }),
        body: Some(Body::MachBlockMismatch(v1::MachBlockMismatch {
            invalid_output_root: octets([0x11; 32]),
            expected_output_root: octets([0x22; 32]),
            l2_block_number: 256,
        })),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn machs_alerts_over_the_wire() {
    let running = start();
    let mut service = certificates(&running).await;
    let draft = rig::draft(&rig::operators(), Twins::Known);
    let set = put_set(&running, "operators", &draft).await;
    let call = |rollup, percents: &[u8], least| {
        let call = mach::certificate(rollup, &[1], percents).encode_call();
        Certificate::MachAlert(v1::MachAlertCertificate {
            call: call.into(),
            least_percent: least,
        })
    };
    let mut good = asked(&set, share(1, 2), call(10, &[70, 66], 0));
    good.statement = Some(alert(10));
    good.present = Some(v1::Present {
        block: Some(u64::from(rig::REFERENCE) + 10),
        ..Default::default()
    });
    let broken: [(&str, Spoil); 9] = [
        ("REJECT_REASON_OTHER_MESSAGE", &|item| {
            item.statement = Some(alert(11));
        }),
        ("REJECT_REASON_OTHER_MESSAGE", &|item| {
            certificate(item, call(11, &[70, 66], 0));
        }),
        ("REJECT_REASON_THRESHOLD_NOT_MET", &|item| {
            certificate(item, call(10, &[71, 66], 0));
        }),
        ("REJECT_REASON_PARAMETERS", &|item| {
            certificate(item, call(10, &[65, 66], 0));
        }),
        ("REJECT_REASON_PARAMETERS", &|item| {
            certificate(item, call(10, &[70, 66], 67));
        }),
        ("REJECT_REASON_LENGTH_MISMATCH", &|item| {
            certificate(item, call(10, &[70], 0));
        }),
        // An alert is what was signed; the same digest for a block that is good is not.
        ("REJECT_REASON_OTHER_MESSAGE", &|item| {
            let mut legacy = alert(10);
            legacy.context = Some(v1::SigningContext {
                context: Some(Context::MachLegacyBlock(rig::REFERENCE)),
            });
            item.statement = Some(legacy);
        }),
        ("item.certificate.mach_alert.least_percent", &|item| {
            certificate(item, call(10, &[70, 66], 101));
        }),
        ("item.certificate.mach_alert.call", &|item| {
            let cut = v1::MachAlertCertificate {
                call: Bytes::from_static(&[1, 2, 3]),
                least_percent: 0,
            };
            certificate(item, Certificate::MachAlert(cut));
        }),
    ];
    refuses(&mut service, &good, &broken).await;
}

fn nffl(state_root: u8) -> v1::Statement {
    v1::Statement {
        chain: Bytes::from_static(&[1]),
        context: Some(v1::SigningContext {
            context: Some(Context::Raw(v1::RawContext {})),
        }),
        body: Some(Body::NfflStateRoot(v1::NfflStateRoot {
            rollup_id: 1,
            block_height: 2,
            timestamp: 3,
            near_da_transaction_id: integer(U256::from(4)),
            near_da_commitment: integer(U256::from(5)),
            state_root: integer(U256::from(state_root)),
        })),
    }
}

/// State roots of other rollups, in the non-signer form: the statement is NFFL's own.
#[tokio::test(flavor = "multi_thread")]
async fn nffls_state_roots_over_the_wire() {
    let running = start();
    let mut service = certificates(&running).await;
    let operators = rig::operators();
    let set = put_set(
        &running,
        "operators",
        &rig::draft(&operators, Twins::Unknown),
    )
    .await;
    // The hash of (1, 2, 3, 4, 5, 6), recomputed with other code.
    let hash = "644b01b6cfaf45c54ee119a9e70f4d7098324fae710694714278592395677e42";
    let digest = B256::from_slice(&hex::decode(hash).expect("digits"));
    let given = rig::certificate(&operators, &[0], &[1], digest);
    let call = Certificate::EigenNonSigner(given.encode_call().into());
    let mut good = asked(&set, share(66, 100), call);
    good.statement = Some(nffl(6));
    good.present = Some(v1::Present {
        block: Some(u64::from(rig::REFERENCE) + 1),
        ..Default::default()
    });
    let broken: [(&str, Spoil); 4] = [
        ("REJECT_REASON_OTHER_MESSAGE", &|item| {
            item.statement = Some(nffl(7));
        }),
        ("REJECT_REASON_THRESHOLD_NOT_MET", &|item| {
            item.policy = Some(share(71, 100));
        }),
        ("REJECT_REASON_SIGNATURE_INVALID", &|item| {
            let mut other = given.clone();
            other.signature = negated::<bn254::G1>(&other.signature);
            certificate(
                item,
                Certificate::EigenNonSigner(other.encode_call().into()),
            );
        }),
        ("item.statement.nffl_state_root.state_root", &|item| {
            let Some(Body::NfflStateRoot(root)) = item.statement.as_mut().unwrap().body.as_mut()
            else {
                panic!("an update");
            };
            root.state_root = Bytes::from_static(b"short");
        }),
    ];
    refuses(&mut service, &good, &broken).await;
}

fn vectors(path: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests");
    let text = std::fs::read_to_string(Path::new(folder).join(path)).expect(path);
    serde_json::from_str(&text).expect("JSON")
}

fn numbers(list: &Value) -> Vec<u64> {
    let list = list.as_array().expect("a list").iter();
    list.map(|n| n.as_u64().expect("a number")).collect()
}

/// The minimal preset that `generate/consensus.py` makes votes in.
fn minimal() -> v1::BeaconChain {
    let root = &vectors("consensus/vectors/light-client.json")["genesis_validators_root"];
    let fork = |epoch, version: [u8; 4]| v1::BeaconFork {
        epoch,
        version: octets(version),
    };
    v1::BeaconChain {
        chain: Some(v1::beacon_chain::Chain::Spec(v1::BeaconSpec {
            chain_id: 7,
            genesis_validators_root: hex_of(root),
            genesis_time: 1_600_000_000,
            seconds_per_slot: 6,
            slots_per_epoch: 8,
            epochs_per_sync_committee_period: 8,
            sync_committee_size: 32,
            forks: vec![fork(0, [3, 0, 0, 2]), fork(28, [5, 0, 0, 2])],
            capella_epoch: 0,
            deneb_epoch: 12,
            electra_epoch: 28,
        })),
    }
}

/// Validators of an epoch, each weighing its index and one more.
fn validators(keys: &Value, epoch: u64, possession: v1::KeyPossession) -> v1::OperatorSetDraft {
    let keys = keys.as_array().expect("keys").iter();
    let member = |(index, key): (u64, &Value)| v1::OperatorMember {
        key: hex_of(key),
        possession: possession.into(),
        weights: vec![v1::ColumnWeight {
            column: 0,
            weight: crate::wire::word(index + 1),
        }],
        ..Default::default()
    };
    v1::OperatorSetDraft {
        name: crate::wire::label(&format!("epoch {epoch}, {}", possession.as_str_name())),
        reference: Some(v1::Reference {
            kind: v1::ReferenceKind::Epoch.into(),
            at: epoch,
        }),
        keys: v1::OperatorKeyKind::Bls12381.into(),
        layout: v1::SetLayout::StakeTypes.into(),
        roster: v1::SetRoster::Complete.into(),
        columns: vec![v1::ColumnDraft::default()],
        members: (0..).zip(keys).map(member).collect(),
        ..Default::default()
    }
}

fn vote(attestation: Attestation) -> Certificate {
    Certificate::EthAttestation(v1::EthAttestationCertificate {
        chain: Some(minimal()),
        attestation: Some(attestation),
    })
}

fn by_committees(case: &Value, ssz: Bytes) -> Attestation {
    let committees = case["committees"].as_array().expect("committees").iter();
    Attestation::Committees(v1::CommitteeAttestation {
        ssz,
        committees: committees
            .map(|committee| v1::BeaconCommittee {
                validators: numbers(committee).into_iter().map(|v| v as u32).collect(),
            })
            .collect(),
    })
}

fn nominal(least: u64, unit: v1::ThresholdUnit) -> v1::Policy {
    v1::Policy {
        demands: vec![v1::Demand {
            unit: unit.into(),
            threshold: Some(v1::demand::Threshold::Nominal(crate::wire::word(least))),
            ..Default::default()
        }],
        superseded: v1::SupersededRule::Accepted.into(),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ethereums_attestations_over_the_wire() {
    let running = start();
    let mut service = certificates(&running).await;
    let json = vectors("consensus/vectors/attestations.json");
    let attested = v1::KeyPossession::AttestedBySource;
    let cases = json["cases"].as_array().expect("cases").iter();
    for case in cases.chain(json["early"].as_array().expect("cases")) {
        let (ssz, indexed) = (hex_of(&case["attestation"]), hex_of(&case["indexed"]));
        // In `AttestationData`, which both begin with after their offset, at the target.
        let epoch = u64::from_le_bytes(ssz[4 + 88..4 + 96].try_into().expect("eight"));
        let set = put(&running, put_of(validators(&json["keys"], epoch, attested))).await;
        let weight = numbers(&case["attesting"]).iter().map(|i| i + 1).sum();
        let least = |least| nominal(least, v1::ThresholdUnit::Weight);
        let good = [
            asked(&set, least(weight), vote(by_committees(case, ssz.clone()))),
            asked(
                &set,
                least(weight),
                vote(Attestation::Indexed(indexed.clone())),
            ),
        ];
        let flipped = |bytes: &Bytes, at: usize| {
            let mut bytes = bytes.to_vec();
            bytes[at] ^= 1;
            Bytes::from(bytes)
        };
        let without = v1::KeyPossession::None;
        let rogue = put(&running, put_of(validators(&json["keys"], epoch, without))).await;
        let later = validators(&json["keys"], epoch + 1_000, attested);
        let later = put(&running, put_of(later)).await;
        for item in &good {
            let broken: [(&str, Spoil); 9] = [
                ("REJECT_REASON_THRESHOLD_NOT_MET", &|item| {
                    item.policy = Some(least(weight + 1));
                }),
                ("REJECT_REASON_POSSESSION_UNPROVEN", &|item| {
                    item.set = Some(v1::certificate_item::Set::SetId(rogue.clone()));
                }),
                ("REJECT_REASON_OTHER_REFERENCE", &|item| {
                    item.set = Some(v1::certificate_item::Set::SetId(later.clone()));
                }),
                // A bit of the block root, asked about itself.
                ("REJECT_REASON_SIGNATURE_INVALID", &|item| {
                    let ssz = flipped(&ssz, 4 + 20);
                    certificate(item, vote(by_committees(case, ssz)));
                }),
                ("REJECT_REASON_ATTESTATION", &|item| {
                    // Of the slot, so that it is of another epoch than the target.
                    let mut ssz = ssz.to_vec();
                    ssz[4] ^= 8;
                    certificate(item, vote(by_committees(case, ssz.into())));
                }),
                ("REJECT_REASON_NO_SIGNERS", &|item| {
                    let nobody = octets(&indexed[..228]);
                    certificate(item, vote(Attestation::Indexed(nobody)));
                }),
                ("REJECT_REASON_INDEX_OUT_OF_RANGE", &|item| {
                    let more = [&indexed[..], &60u64.to_le_bytes()].concat();
                    certificate(item, vote(Attestation::Indexed(more.into())));
                }),
                ("item.certificate.eth_attestation.indexed", &|item| {
                    let cut = octets(&indexed[..indexed.len() - 1]);
                    certificate(item, vote(Attestation::Indexed(cut)));
                }),
                ("item.certificate.eth_attestation.committees.ssz", &|item| {
                    certificate(item, vote(by_committees(case, flipped(&ssz, 0))));
                }),
            ];
            refuses(&mut service, item, &broken).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attesters_are_in_order_and_seated_once() {
    let running = start();
    let mut service = certificates(&running).await;
    let json = vectors("consensus/vectors/attestations.json");
    let case = &json["cases"][2];
    let indexed = hex_of(&case["indexed"]);
    let epoch = u64::from_le_bytes(indexed[4 + 88..4 + 96].try_into().expect("eight"));
    let attested = v1::KeyPossession::AttestedBySource;
    let set = put(&running, put_of(validators(&json["keys"], epoch, attested))).await;
    let policy = nominal(1, v1::ThresholdUnit::Weight);
    let good = asked(&set, policy, vote(Attestation::Indexed(indexed.clone())));
    let (head, indices) = indexed.split_at(228);
    let listed = |indices: &[&[u8]]| {
        let bytes = [head, &indices.concat()].concat();
        vote(Attestation::Indexed(bytes.into()))
    };
    let chunks: Vec<&[u8]> = indices.chunks(8).collect();
    let broken: [(&str, Spoil); 4] = [
        ("REJECT_REASON_ATTESTATION", &|item| {
            let mut swapped = chunks.clone();
            swapped.swap(1, 2);
            certificate(item, listed(&swapped));
        }),
        ("REJECT_REASON_ATTESTATION", &|item| {
            let mut twice = chunks.clone();
            twice.insert(1, chunks[0]);
            certificate(item, listed(&twice));
        }),
        ("REJECT_REASON_SIGNATURE_INVALID", &|item| {
            certificate(item, listed(&chunks[1..]));
        }),
        (
            "item.certificate.eth_attestation.committees.committees",
            &|item| {
                let Attestation::Committees(mut given) =
                    by_committees(case, hex_of(&case["attestation"]))
                else {
                    panic!("committees");
                };
                let first = given.committees[0].validators[0];
                given.committees[0].validators.push(first);
                certificate(item, vote(Attestation::Committees(given)));
            },
        ),
    ];
    refuses(&mut service, &good, &broken).await;
}

/// A set of addresses that weigh one each.
fn signers(name: &str, addresses: &Value, epoch: u64) -> v1::OperatorSetDraft {
    let addresses = addresses.as_array().expect("a list").iter();
    v1::OperatorSetDraft {
        name: crate::wire::label(name),
        reference: Some(v1::Reference {
            kind: v1::ReferenceKind::Epoch.into(),
            at: epoch,
        }),
        keys: v1::OperatorKeyKind::Ecdsa.into(),
        layout: v1::SetLayout::StakeTypes.into(),
        roster: v1::SetRoster::Complete.into(),
        columns: vec![v1::ColumnDraft::default()],
        members: addresses
            .map(|address| v1::OperatorMember {
                key: hex_of(address),
                possession: v1::KeyPossession::AttestedBySource.into(),
                weights: vec![v1::ColumnWeight {
                    column: 0,
                    weight: Bytes::from_static(&[1]),
                }],
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hyperlanes_checkpoints_over_the_wire() {
    let running = start();
    let mut service = certificates(&running).await;
    let cases = vectors("messages/vectors/hyperlane.json");
    for (place, case) in cases.as_array().expect("cases").iter().enumerate() {
        let draft = signers(&place.to_string(), &case["validators"], 0);
        let set = put(&running, put_of(draft)).await;
        let threshold = case["threshold"].as_u64().expect("a number");
        let message = hex_of(&case["message"]);
        let kinds = [
            (v1::HyperlaneMetadata::MessageId, "message_id_metadata"),
            (v1::HyperlaneMetadata::MerkleRoot, "merkle_root_metadata"),
        ];
        for (kind, field) in kinds {
            let metadata = hex_of(&case[field]);
            let signed = v1::HyperlaneCertificate {
                message: message.clone(),
                metadata: metadata.clone(),
                kind: kind.into(),
                threshold: threshold as u32,
            };
            let with = |change: &dyn Fn(&mut v1::HyperlaneCertificate)| {
                let mut changed = signed.clone();
                change(&mut changed);
                Certificate::Hyperlane(changed)
            };
            let counted = nominal(threshold, v1::ThresholdUnit::Count);
            let good = asked(&set, counted, with(&|_| {}));
            let broken: [(&str, Spoil); 7] = [
                ("REJECT_REASON_THRESHOLD_NOT_MET", &|item| {
                    item.policy = Some(nominal(threshold + 1, v1::ThresholdUnit::Count));
                }),
                // The last byte is the last signature's recovery value.
                ("REJECT_REASON_ECDSA", &|item| {
                    let flip = |c: &mut v1::HyperlaneCertificate| {
                        let mut metadata = metadata.to_vec();
                        *metadata.last_mut().expect("some") ^= 0x40;
                        c.metadata = metadata.into();
                    };
                    certificate(item, with(&flip));
                }),
                ("REJECT_REASON_OTHER_MESSAGE", &|item| {
                    item.statement = Some(opaque(B256::repeat_byte(1)));
                }),
                ("item.certificate.hyperlane.metadata", &|item| {
                    let cut = |c: &mut v1::HyperlaneCertificate| {
                        c.metadata = octets(&metadata[..metadata.len() - 1]);
                    };
                    certificate(item, with(&cut));
                }),
                ("item.certificate.hyperlane.message", &|item| {
                    certificate(item, with(&|c| c.message = octets([3; 76])));
                }),
                ("item.certificate.hyperlane.threshold", &|item| {
                    certificate(item, with(&|c| c.threshold = 0));
                }),
                ("item.certificate.hyperlane.kind", &|item| {
                    certificate(item, with(&|c| c.kind = 0));
                }),
            ];
            refuses(&mut service, &good, &broken).await;
        }
    }
}

fn vaa(vaa: Bytes) -> Certificate {
    Certificate::Wormhole(v1::WormholeCertificate {
        vaa,
        expires_at: None,
    })
}

/// floor(2n / 3) + 1 of them.
fn two_thirds() -> v1::Policy {
    let mut policy = nominal(1, v1::ThresholdUnit::Count);
    policy.demands[0].threshold = Some(v1::demand::Threshold::Share(v1::ShareThreshold {
        numerator: 2,
        denominator: 3,
        rounding: v1::RoundingRule::StrictGt.into(),
    }));
    policy
}

#[tokio::test(flavor = "multi_thread")]
async fn wormholes_messages_over_the_wire() {
    let running = start();
    let mut service = certificates(&running).await;
    let cases = vectors("messages/vectors/wormhole.json");
    for (place, case) in cases.as_array().expect("cases").iter().enumerate() {
        let epoch = case["guardian_set"].as_u64().expect("a number");
        let draft = signers(&place.to_string(), &case["guardians"], epoch);
        let set = put(&running, put_of(draft)).await;
        let bytes = hex_of(&case["vaa"]);
        let good = asked(&set, two_thirds(), vaa(bytes.clone()));
        let members = case["guardians"].as_array().expect("a list").len();
        let flipped = |at: usize| {
            let mut bytes = bytes.to_vec();
            bytes[at] ^= 1;
            vaa(bytes.into())
        };
        let decoded = WormholeCertificate::decode(&bytes).expect("a VAA");
        let broken: [(&str, Spoil); 5] = [
            ("REJECT_REASON_OTHER_REFERENCE", &|item| {
                certificate(item, flipped(4));
            }),
            ("REJECT_REASON_ECDSA", &|item| {
                // The recovery value of the first.
                let mut bytes = bytes.to_vec();
                bytes[6 + 65] ^= 0x40;
                certificate(item, vaa(bytes.into()));
            }),
            ("REJECT_REASON_ECDSA", &|item| {
                // What is signed: each signature is somebody else's then.
                certificate(item, flipped(bytes.len() - 1));
            }),
            ("REJECT_REASON_THRESHOLD_NOT_MET", &|item| {
                let mut fewer = decoded.clone();
                fewer.signatures.truncate(2 * members / 3);
                certificate(item, vaa(fewer.encode().into()));
            }),
            ("item.certificate.wormhole.vaa", &|item| {
                certificate(item, flipped(0));
            }),
        ];
        // Where one signature is enough there is no smaller number of them.
        let broken = if members == 1 { &broken[..3] } else { &broken };
        refuses(&mut service, &good, broken).await;
    }
}

/// The guardian sets of mainnet, each named by the one before, in their own words.
#[tokio::test(flavor = "multi_thread")]
async fn wormholes_mainnet_guardians_over_the_wire() {
    let running = start();
    let mut service = certificates(&running).await;
    let json = vectors("messages/vectors/mainnet-wormhole.json");
    let mut guardians = serde_json::json!([json["first_guardian"]]);
    let vaas = json["vaas"].as_array().expect("VAAs");
    for (index, bytes) in (0..).zip(vaas) {
        let set = put(&running, put_of(signers("guardians", &guardians, index))).await;
        let bytes = hex_of(bytes);
        let item = asked(&set, two_thirds(), vaa(bytes.clone()));
        assert_eq!(said(&mut service, item).await, "ACCEPT", "set {index}");
        let certificate = WormholeCertificate::decode(&bytes).expect("a VAA");
        // Module, action 2, chain, index, count, and the keys of the next.
        let keys = certificate.message.payload()[32 + 1 + 2 + 4 + 1..].chunks(20);
        guardians = keys
            .map(|key| Value::String(format!("0x{}", hex::encode(key))))
            .collect();
    }
    assert!(vaas.len() >= 7);
}

fn commitment(given: &BeefyCertificate) -> v1::Statement {
    let payload = given.commitment.payload().iter();
    v1::Statement {
        context: Some(v1::SigningContext {
            context: Some(Context::Beefy(v1::BeefyContext {})),
        }),
        body: Some(Body::BeefyCommitment(v1::BeefyCommitment {
            payload: payload
                .map(|item| v1::BeefyPayloadItem {
                    id: octets(item.id),
                    data: octets(&item.data),
                })
                .collect(),
            block_number: given.commitment.block_number,
            validator_set_id: given.commitment.validator_set_id,
        })),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn beefys_justifications_over_the_wire() {
    let running = start();
    let mut service = certificates(&running).await;
    let cases = vectors("messages/vectors/beefy.json");
    for (place, case) in cases.as_array().expect("cases").iter().enumerate() {
        let epoch = case["validator_set"].as_u64().expect("a number");
        let draft = signers(&place.to_string(), &case["authorities"], epoch);
        let set = put(&running, put_of(draft)).await;
        let bytes = hex_of(&case["justification"]);
        let given = BeefyCertificate::decode(&bytes).expect("a justification");
        let mut good = asked(&set, two_thirds(), Certificate::Beefy(bytes.clone()));
        good.statement = Some(commitment(&given));
        let other = signers(&format!("{place}, next"), &case["authorities"], epoch + 1);
        let other = put(&running, put_of(other)).await;
        let everyone = case["authorities"].as_array().expect("a list").len() as u64;
        let signed = case["seats"].as_array().expect("a list").len() as u64;
        let broken: [(&str, Spoil); 5] = [
            ("REJECT_REASON_OTHER_REFERENCE", &|item| {
                item.set = Some(v1::certificate_item::Set::SetId(other.clone()));
            }),
            ("REJECT_REASON_OTHER_MESSAGE", &|item| {
                let Some(Body::BeefyCommitment(commitment)) =
                    item.statement.as_mut().unwrap().body.as_mut()
                else {
                    panic!("a commitment");
                };
                commitment.block_number ^= 1;
            }),
            ("REJECT_REASON_THRESHOLD_NOT_MET", &|item| {
                item.policy = Some(nominal(signed + 1, v1::ThresholdUnit::Count));
            }),
            ("item.certificate.beefy", &|item| {
                let cut = octets(&bytes[..bytes.len() - 1]);
                certificate(item, Certificate::Beefy(cut));
            }),
            ("item.statement", &|item| item.statement = None),
        ];
        assert!(signed <= everyone);
        refuses(&mut service, &good, &broken).await;
    }
}
