//! Bytes and texts of anyone's choosing make no decoder panic.

use std::sync::Arc;

use proptest::prelude::*;
use tutti_domain::ethereum::{
    AttestationCertificate, BeaconChain, Bitlist, Committees, Format, Preset, Shape, beacon_api,
};

use crate::vectors;

/// Real objects with some bytes replaced and some cut off.
fn mangled() -> impl Strategy<Value = Vec<u8>> {
    let json = vectors::own("light-client.json");
    let steps = json["steps"].as_array().expect("steps");
    let objects: Vec<Vec<u8>> = steps
        .iter()
        .map(|step| vectors::bytes(&step["ssz"]))
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
    fn light_client_objects(bytes in mangled(), shape in 0_usize..4) {
        let shape = [Shape::Altair, Shape::Capella, Shape::Deneb, Shape::Electra][shape];
        for preset in [Preset::MINIMAL, Preset::MAINNET] {
            let format = Format { preset, shape };
            let read = [
                format.update(&bytes).is_ok(),
                format.finality_update(&bytes).is_ok(),
                format.optimistic_update(&bytes).is_ok(),
                format.bootstrap(&bytes).is_ok(),
            ];
            // Whatever it is, it is one thing only.
            prop_assert!(read.iter().filter(|read| **read).count() <= 1);
        }
    }

    #[test]
    fn attestations(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let committees = Arc::new(Committees::new(vec![vec![0, 1]]).expect("one"));
        let _ = AttestationCertificate::decode_indexed(&bytes);
        let chain = BeaconChain::mainnet();
        let _ = AttestationCertificate::decode(&chain, &bytes, committees);
        let bits = Bitlist::parse(&bytes);
        prop_assert_eq!(bits.is_ok(), bytes.last().is_some_and(|last| *last != 0));
    }

    #[test]
    fn texts(text in r#"[\[\]{}",:0-9a-fx]{0,60}"#) {
        prop_assert!(beacon_api::update(&text).is_err());
        prop_assert!(beacon_api::bootstrap(&text).is_err());
        let empty_list = beacon_api::updates(&text).is_ok_and(|updates| updates.is_empty());
        prop_assert!(empty_list || beacon_api::updates(&text).is_err());
    }
}
