//! Bytes of anyone's choosing make no decoder panic, and what is read is what was sent.

use proptest::prelude::*;
use tutti_domain::ecdsa::{
    BeefyCertificate, HyperlaneCertificate, HyperlaneMessage, WormholeCertificate,
};

use crate::rig;

/// Real objects with some bytes replaced and some cut off.
fn mangled(name: &'static str, field: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let objects: Vec<Vec<u8>> = rig::cases(name)
        .iter()
        .map(|case| rig::bytes(&case[field]))
        .collect();
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    let object = prop::sample::select(objects);
    (object, changes, any::<prop::sample::Index>()).prop_map(|(mut bytes, changes, end)| {
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let end = end.index(2 * bytes.len());
        bytes.truncate(end);
        bytes
    })
}

proptest! {
    #[test]
    fn vaas(bytes in mangled("wormhole.json", "vaa")) {
        if let Ok(vaa) = WormholeCertificate::decode(&bytes) {
            prop_assert_eq!(vaa.encode(), bytes);
        }
    }

    #[test]
    fn justifications(bytes in mangled("beefy.json", "justification")) {
        if let Ok(read) = BeefyCertificate::decode(&bytes) {
            let signed = read.signatures.iter().flatten().count();
            prop_assert!(bytes.len() > 65 * signed);
        }
    }

    #[test]
    fn metadata(bytes in mangled("hyperlane.json", "merkle_root_metadata"), threshold: u8) {
        let message = HyperlaneMessage { origin: 1, id: [2; 32] };
        let read = [
            HyperlaneCertificate::decode_message_id(&bytes, message, threshold),
            HyperlaneCertificate::decode_merkle_root(&bytes, message, threshold),
        ];
        for read in read.into_iter().flatten() {
            prop_assert_eq!(read.signatures.len(), usize::from(threshold));
        }
        prop_assert_eq!(HyperlaneMessage::parse(&bytes).is_ok(), bytes.len() >= 77);
    }
}
