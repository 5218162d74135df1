//! Whatever bytes come: a certificate, or an error that names what is wrong. Never a panic, and
//! nothing that decodes encodes to other bytes.

use proptest::prelude::*;
use tutti_domain::B256;
use tutti_domain::eigen::{DaCertificate, MultichainCertificate, NonSignerCertificate};
use tutti_domain::icm::IcmCertificate;
use tutti_domain::mach::AlertCertificate;
use tutti_domain::symbiotic::SymbioticCertificate;

use crate::rig;

/// Decodes with every decoder; what decodes must encode to the same bytes.
fn decode_all(bytes: &[u8]) -> usize {
    let encodings = [
        NonSignerCertificate::decode_call(bytes)
            .ok()
            .map(|c| c.encode_call()),
        MultichainCertificate::decode(bytes)
            .ok()
            .map(|c| c.encode()),
        DaCertificate::decode(bytes).ok().map(|c| c.encode()),
        AlertCertificate::decode_call(bytes)
            .ok()
            .map(|c| c.encode_call()),
        IcmCertificate::decode(bytes).ok().map(|c| c.encode()),
        SymbioticCertificate::decode(1, B256::ZERO, bytes)
            .ok()
            .map(|c| c.encode()),
    ];
    let decoded = encodings.into_iter().flatten();
    decoded
        .inspect(|encoded| assert_eq!(encoded, bytes))
        .count()
}

/// A good one of each shape to start from.
fn seeds() -> Vec<Vec<u8>> {
    let given = rig::certificate(&rig::operators(), &[0, 1], &[1], rig::digest());
    let da = include_str!("vectors/eigenda-v3-sepolia.hex").trim();
    let da = hex::decode(da.trim_start_matches("0x")).expect("hexadecimal");
    let icm = [
        &[0; 2][..],
        &[0; 36],
        &[0, 0, 0, 1, 9],
        &[0; 4],
        &[0, 0, 0, 1, 1],
        &[0xc0],
        &[0; 95],
    ];
    let mut symbiotic = vec![0; 224 + 64 + 2];
    symbiotic[223] = 1;
    vec![given.encode_call(), da, icm.concat(), symbiotic]
}

#[test]
fn the_seeds_decode() {
    for (place, seed) in seeds().iter().enumerate() {
        assert_eq!(decode_all(seed), 1, "{place}");
    }
}

#[test]
fn every_shorter_certificate_is_refused_or_another_one() {
    for seed in seeds() {
        for length in 0..seed.len() {
            decode_all(&seed[..length]);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_refused_or_decoded(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        decode_all(&bytes);
    }

    #[test]
    fn changed_words_are_refused_or_decoded(
        which in 0usize..4,
        at in any::<prop::sample::Index>(),
        word in prop_oneof![
            Just([0xff; 32]),
            Just([0; 32]),
            any::<u16>().prop_map(|n| {
                let mut word = [0; 32];
                word[30..].copy_from_slice(&n.to_be_bytes());
                word
            }),
            any::<[u8; 32]>(),
        ],
    ) {
        let mut bytes = seeds().swap_remove(which);
        let start = 4 + at.index((bytes.len() - 36) / 32) * 32;
        bytes[start..start + 32].copy_from_slice(&word);
        decode_all(&bytes);
    }
}
