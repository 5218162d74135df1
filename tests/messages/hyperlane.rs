use serde_json::Value;
use tutti_domain::ecdsa::{
    EcdsaFault, HyperlaneCertificate, HyperlaneError, HyperlaneMessage, Inclusion,
};
use tutti_domain::{OperatorSet, Outcome, Reason};

use crate::rig;

struct Checkpoint {
    set: OperatorSet,
    threshold: u8,
    message: HyperlaneMessage,
    by_id: Vec<u8>,
    by_root: Vec<u8>,
    json: Value,
}

fn checkpoints() -> Vec<Checkpoint> {
    let read = |json: Value| Checkpoint {
        set: rig::set(&json["validators"], 0),
        threshold: json["threshold"].as_u64().expect("a number") as u8,
        message: HyperlaneMessage::parse(&rig::bytes(&json["message"])).expect("a message"),
        by_id: rig::bytes(&json["message_id_metadata"]),
        by_root: rig::bytes(&json["merkle_root_metadata"]),
        json,
    };
    rig::cases("hyperlane.json").into_iter().map(read).collect()
}

impl Checkpoint {
    fn decode_id(&self, metadata: &[u8]) -> HyperlaneCertificate {
        HyperlaneCertificate::decode_message_id(metadata, self.message, self.threshold)
            .expect("metadata")
    }

    fn decode_root(&self, metadata: &[u8]) -> HyperlaneCertificate {
        HyperlaneCertificate::decode_merkle_root(metadata, self.message, self.threshold)
            .expect("metadata")
    }

    fn outcome(&self, certificate: &HyperlaneCertificate) -> Outcome {
        let policy = rig::at_least(self.threshold.into());
        let subject = certificate.subject();
        rig::outcome(&self.set, &subject, &policy, |case| certificate.judge(case))
    }
}

#[test]
fn messages_with_enough_signatures_are_accepted() {
    for checkpoint in checkpoints() {
        let by_id = checkpoint.decode_id(&checkpoint.by_id);
        let by_root = checkpoint.decode_root(&checkpoint.by_root);
        for (certificate, digest) in [
            (by_id, &checkpoint.json["message_id_digest"]),
            (by_root, &checkpoint.json["merkle_root_digest"]),
        ] {
            let subject = certificate.subject();
            assert_eq!(subject.digest().to_vec(), rig::bytes(digest));
            let outcome = checkpoint.outcome(&certificate);
            let members = checkpoint.set.members().len();
            assert_eq!(
                rig::signers(&outcome, members),
                rig::seats(&checkpoint.json)
            );
        }
    }
}

/// A change of what is signed makes another digest, of which the signatures are somebody's.
#[test]
fn every_bit_of_the_metadata_counts() {
    let small = |c: &&Checkpoint| (2..=3).contains(&c.threshold);
    for checkpoint in checkpoints().iter().filter(small).take(2) {
        let tries = [(&checkpoint.by_id, 68), (&checkpoint.by_root, 1_096)];
        for (at, (metadata, head)) in tries.into_iter().enumerate() {
            for bit in (0..8 * metadata.len()).step_by(rig::stride(1 + 12 * at)) {
                let mut flipped = metadata.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let certificate = match at {
                    0 => checkpoint.decode_id(&flipped),
                    _ => checkpoint.decode_root(&flipped),
                };
                let reason = rig::rejected(checkpoint.outcome(&certificate));
                let in_v = bit / 8 >= head && (bit / 8 - head) % 65 == 64;
                let expected = match &reason {
                    Reason::Ecdsa(EcdsaFault::RecoveryValue { .. }) => in_v,
                    Reason::Ecdsa(
                        EcdsaFault::NotInOrder { .. }
                        | EcdsaFault::NotASignature(_)
                        | EcdsaFault::HighS(_),
                    ) => true,
                    // A leaf past the checkpoint.
                    Reason::NotIncluded => at == 1 && bit / 8 < head,
                    _ => false,
                };
                assert!(expected, "bit {bit}: {reason:?}");
            }
        }
    }
}

#[test]
fn a_subject_of_other_content_is_not_attested() {
    let checkpoints = checkpoints();
    let (one, other) = (&checkpoints[0], &checkpoints[1]);
    let certificate = one.decode_id(&one.by_id);
    let subject = other.decode_id(&other.by_id).subject();
    let policy = rig::at_least(1);
    let outcome = rig::outcome(&one.set, &subject, &policy, |case| certificate.judge(case));
    assert!(matches!(
        rig::rejected(outcome),
        Reason::OtherMessage { .. }
    ));
}

fn with_several_signers() -> Checkpoint {
    let several = |c: &Checkpoint| c.threshold >= 3 && c.set.members().len() > 3;
    checkpoints()
        .into_iter()
        .find(several)
        .expect("one of forty")
}

#[test]
fn signatures_stand_in_the_validators_order_and_once() {
    let checkpoint = with_several_signers();
    let good = checkpoint.decode_id(&checkpoint.by_id);
    let mut swapped = good.clone();
    swapped.signatures.swap(0, 1);
    let mut twice = good.clone();
    twice.signatures[1] = twice.signatures[0];
    for (certificate, place) in [(swapped, 1), (twice, 1)] {
        let reason = rig::rejected(checkpoint.outcome(&certificate));
        assert!(
            matches!(reason, Reason::Ecdsa(EcdsaFault::NotInOrder { place: p, .. }) if p == place),
            "{reason:?}"
        );
    }
    let mut fewer = good;
    fewer.signatures.pop();
    assert!(matches!(
        rig::rejected(checkpoint.outcome(&fewer)),
        Reason::ThresholdNotMet { .. }
    ));
    let mut none = fewer;
    none.signatures.clear();
    assert_eq!(rig::rejected(checkpoint.outcome(&none)), Reason::NoSigners);
}

/// The order of secp256k1's group, minus s.
fn upper(s: [u8; 32]) -> [u8; 32] {
    let order = "115792089237316195423570985008687907852837564279074904382605163141518161494337";
    let order: tutti_domain::U256 = order.parse().expect("a number");
    (order - tutti_domain::U256::from_be_bytes(s)).to_be_bytes()
}

#[test]
fn the_upper_s_is_refused() {
    let checkpoint = with_several_signers();
    let mut certificate = checkpoint.decode_id(&checkpoint.by_id);
    let signature = &mut certificate.signatures[1];
    signature.s = upper(signature.s);
    signature.v = 55 - signature.v; // 27 and 28 change places
    let reason = rig::rejected(checkpoint.outcome(&certificate));
    assert_eq!(reason, Reason::Ecdsa(EcdsaFault::HighS(1)));
}

#[test]
fn degenerate_scalars_are_no_signatures() {
    let checkpoint = with_several_signers();
    for (r, s) in [
        ([0; 32], [1; 32]),
        ([1; 32], [0; 32]),
        ([0xff; 32], [1; 32]),
        ([1; 32], [0xff; 32]),
    ] {
        let mut certificate = checkpoint.decode_id(&checkpoint.by_id);
        certificate.signatures[0].r = r;
        certificate.signatures[0].s = s;
        let reason = rig::rejected(checkpoint.outcome(&certificate));
        assert_eq!(reason, Reason::Ecdsa(EcdsaFault::NotASignature(0)));
    }
    for v in [0, 1, 26, 29, 255] {
        let mut certificate = checkpoint.decode_id(&checkpoint.by_id);
        certificate.signatures[0].v = v;
        let reason = rig::rejected(checkpoint.outcome(&certificate));
        assert_eq!(
            reason,
            Reason::Ecdsa(EcdsaFault::RecoveryValue { place: 0, v })
        );
    }
}

#[test]
fn a_leaf_past_the_checkpoint_is_not_included() {
    let checkpoint = with_several_signers();
    let mut certificate = checkpoint.decode_root(&checkpoint.by_root);
    let Inclusion::Leaf { index, .. } = &certificate.inclusion else {
        panic!("a merkle-root certificate");
    };
    // The signatures are of another checkpoint then; the inclusion is looked at first.
    certificate.checkpoint.index = index - 1;
    assert_eq!(
        rig::rejected(checkpoint.outcome(&certificate)),
        Reason::NotIncluded
    );
}

#[test]
fn metadata_are_long_enough_and_messages_are_whole() {
    let checkpoint = with_several_signers();
    let short = &checkpoint.by_id[..checkpoint.by_id.len() - 1];
    let decoded =
        HyperlaneCertificate::decode_message_id(short, checkpoint.message, checkpoint.threshold);
    assert!(matches!(decoded, Err(HyperlaneError::Length { .. })));
    assert!(matches!(
        HyperlaneMessage::parse(&[3; 76]),
        Err(HyperlaneError::MessageLength(76))
    ));
    // What a contract does not read is not read here.
    let longer = [&checkpoint.by_id[..], &[7; 65]].concat();
    let outcome = checkpoint.outcome(&checkpoint.decode_id(&longer));
    assert!(matches!(outcome, Outcome::Accept(_)));
}
