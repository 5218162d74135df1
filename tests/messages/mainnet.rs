//! What guardians and authorities of mainnets signed.

use serde_json::{Value, json};
use tutti_domain::ecdsa::{BeefyCertificate, SetExpiry, Signature, WormholeCertificate};
use tutti_domain::{Outcome, Reason, U256};
use tutti_statements::messages::{BeefyCommitment, PayloadItem};

use crate::rig;

/// The guardians that a guardian set upgrade names: module, action 2, chain, index, keys.
fn next_guardians(payload: &[u8]) -> (u64, Value) {
    let (head, rest) = payload.split_at(32 + 1 + 2);
    assert_eq!(&head[28..33], b"Core\x02");
    let (index, keys) = rest.split_first_chunk().expect("an index");
    let (count, keys) = keys.split_first().expect("a number of keys");
    let keys: Vec<String> = keys
        .chunks(20)
        .map(|key| format!("0x{}", hex::encode(key)))
        .collect();
    assert_eq!(keys.len(), usize::from(*count));
    (u32::from_be_bytes(*index).into(), json!(keys))
}

/// Each guardian set of Wormhole was named by the one before it.
#[test]
fn wormholes_guardian_sets_lead_from_one_to_the_next() {
    let json = rig::json("mainnet-wormhole.json");
    let mut guardians = json!([json["first_guardian"]]);
    let mut index = 0;
    let vaas = json["vaas"].as_array().expect("VAAs");
    for vaa in vaas {
        let certificate = WormholeCertificate::decode(&rig::bytes(vaa)).expect("a VAA");
        let subject = certificate.subject();
        let set = rig::set(&guardians, index);
        let judged = |set| {
            rig::outcome(set, &subject, &rig::two_thirds(), |case| {
                certificate.judge(case, SetExpiry::Newest)
            })
        };
        let outcome = judged(&set);
        let signers: Vec<u32> = certificate
            .signatures
            .iter()
            .map(|s| u32::from(s.index))
            .collect();
        assert_eq!(rig::signers(&outcome, set.members().len()), signers);
        let (next, keys) = next_guardians(certificate.message.payload());
        assert_eq!(next, index + 1);
        // The set it names is not the one that signed it.
        let later = judged(&rig::set(&keys, next));
        assert!(matches!(
            rig::rejected(later),
            Reason::OtherReference { .. }
        ));
        (index, guardians) = (next, keys);
    }
    assert_eq!(index, vaas.len() as u64);
    assert!(vaas.len() >= 7);
}

/// The authorities that a relayer had to show the bridge's contract, 28 of 600, as a set.
#[test]
fn polkadots_authorities_signed_the_commitment_of_a_bridge() {
    let json = rig::json("mainnet-beefy.json");
    let payload = json["payload"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| PayloadItem {
            id: rig::bytes(&item["id"]).try_into().expect("two bytes"),
            data: rig::bytes(&item["data"]),
        });
    let block = json["block_number"].as_u64().expect("a number") as u32;
    let epoch = json["validator_set"].as_u64().expect("a number");
    let commitment = BeefyCommitment::new(payload.collect(), block, epoch).expect("few items");
    let proofs = json["proofs"].as_array().expect("proofs");
    let accounts: Vec<&Value> = proofs.iter().map(|proof| &proof["account"]).collect();
    let signature = |proof: &Value| {
        let bytes = rig::bytes(&proof["signature"]);
        Some(Signature::from_bytes(&bytes.try_into().expect("65 bytes")))
    };
    let mut certificate = BeefyCertificate {
        commitment,
        signatures: proofs.iter().map(signature).collect(),
    };
    let subject = certificate.subject(U256::ZERO);
    assert_eq!(subject.digest().to_vec(), rig::bytes(&json["digest"]));
    let set = rig::set(&json!(accounts), epoch);
    let all = rig::at_least(28);
    let judged = |certificate: &BeefyCertificate| {
        rig::outcome(&set, &subject, &all, |case| certificate.judge(case))
    };
    assert!(matches!(judged(&certificate), Outcome::Accept(_)));
    certificate.signatures[27] = certificate.signatures[26];
    let reason = rig::rejected(judged(&certificate));
    assert!(matches!(reason, Reason::ThresholdNotMet { .. }));
}
