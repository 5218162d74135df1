//! Messages to points, against the oracle.

mod support;

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use support::Argument::{Bytes, Number, Numbers, Words as W};
use support::points::Stored;
use support::{Words, launch};
use tutti_curves::{Hashing, PointHash, bls12_381, bn254};
use tutti_types::HashVariant;

/// Messages of every length around the blocks of SHA-256 and Keccak, with their offsets.
fn messages() -> (Vec<Vec<u8>>, Vec<u8>, Vec<u32>) {
    let mut random = ChaCha20Rng::seed_from_u64(31);
    let lengths = [
        0, 1, 31, 32, 33, 55, 56, 63, 64, 65, 119, 120, 128, 135, 136, 137, 271, 272, 273, 500,
    ];
    let messages: Vec<Vec<u8>> = lengths
        .iter()
        .map(|&length| {
            let mut message = vec![0; length];
            random.fill_bytes(&mut message);
            message
        })
        .collect();
    let mut offsets = vec![0];
    for message in &messages {
        offsets.push(offsets[offsets.len() - 1] + message.len() as u32);
    }
    let bytes = messages.concat();
    (messages, bytes, offsets)
}

/// The tags of the standard, and the shortest and longest that need no hash of their own.
fn tags() -> Vec<Vec<u8>> {
    vec![
        b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_".to_vec(),
        vec![b'x'],
        vec![b'y'; 255],
    ]
}

fn to_affine<G: Stored>(jacobian: &mut Words) -> Words {
    let n = jacobian.stride;
    let mut affine = Words::new(2 * G::COORDINATE, n);
    let arguments = vec![W(jacobian), Number(n as u32), Number(16), W(&mut affine)];
    launch(&G::entry("affine"), n.div_ceil(16), arguments);
    affine
}

fn field_elements<G: Stored>(tag: &[u8]) -> Words {
    let (messages, mut bytes, mut offsets) = messages();
    let mut prime = [tag, &[tag.len() as u8]].concat();
    let length = prime.len() as u32;
    let mut u = Words::new(G::COORDINATE, 2 * messages.len());
    let arguments = vec![
        Bytes(&mut bytes),
        Numbers(&mut offsets),
        Number(messages.len() as u32),
        Bytes(&mut prime),
        Number(length),
        W(&mut u),
    ];
    launch(&G::entry("fields"), messages.len(), arguments);
    u
}

fn compare<G: PointHash + Stored>(affine: &Words, hashing: Hashing<'_>) {
    for (i, message) in messages().0.iter().enumerate() {
        let expected = G::hash(hashing, message, &[]).expect("a point");
        assert_eq!(affine.get(i), G::words(&expected), "{} {i}", G::NAME);
    }
}

const fn random_oracle(dst: &[u8]) -> Hashing<'_> {
    let variant = HashVariant::RandomOracle;
    Hashing::Rfc9380 { variant, dst }
}

fn sswu<G: PointHash + Stored>(mapped_words: usize) {
    for tag in tags() {
        let mut u = field_elements::<G>(&tag);
        let count = u.stride;
        let mut mapped = Words::new(mapped_words, count);
        launch(
            &G::entry("map"),
            count,
            vec![W(&mut u), Number(count as u32), W(&mut mapped)],
        );
        let n = count / 2;
        let mut jacobian = Words::new(3 * G::COORDINATE, n);
        launch(
            &G::entry("clear"),
            n,
            vec![W(&mut mapped), Number(n as u32), W(&mut jacobian)],
        );
        compare::<G>(&to_affine::<G>(&mut jacobian), random_oracle(&tag));
    }
}

#[test]
fn messages_hash_to_g2_of_bls12_381() {
    sswu::<bls12_381::G2>(48);
}

#[test]
fn messages_hash_to_g1_of_bls12_381() {
    sswu::<bls12_381::G1>(36);
}

#[test]
fn messages_hash_to_g1_of_bn254() {
    type G = bn254::G1;
    for tag in tags() {
        let mut u = field_elements::<G>(&tag);
        let count = u.stride;
        let mut mapped = Words::new(24, count);
        launch(
            "bn_g1_map",
            count,
            vec![W(&mut u), Number(count as u32), W(&mut mapped)],
        );
        let n = count / 2;
        let mut jacobian = Words::new(24, n);
        launch(
            "bn_g1_fold",
            n,
            vec![
                W(&mut mapped),
                Number(n as u32),
                Number(2),
                W(&mut jacobian),
            ],
        );
        compare::<G>(&to_affine::<G>(&mut jacobian), random_oracle(&tag));
    }
}

/// 0, ±1 and the elements at which denominators vanish, where there are any.
#[test]
fn exceptional_elements_map_as_the_oracle_maps_them() {
    use support::points::modulus;
    type G = bn254::G1;
    let p = modulus::<G>();
    // ±u with 4u² = ±1: 1 - c1 u² or 1 + c1 u² vanishes.
    let half: num_bigint::BigUint = (&p + 1u8) >> 1;
    let mut values = vec![p.clone() - &p, half.clone(), &p - &half];
    values.push((&p - 1u8).clone());
    let r = num_bigint::BigUint::from(1u8) << 256;
    let stored: Vec<Vec<u32>> = values
        .iter()
        .map(|u: &num_bigint::BigUint| {
            let montgomery: num_bigint::BigUint = u * &r % &p;
            let mut words = montgomery.to_u32_digits();
            words.resize(8, 0);
            words
        })
        .collect();
    let n = values.len();
    let mut mapped = Words::new(24, n);
    let mut stored = Words::from_elements(&stored);
    launch(
        "bn_g1_map",
        n,
        vec![W(&mut stored), Number(n as u32), W(&mut mapped)],
    );
    let affine = to_affine::<G>(&mut mapped);
    for (i, value) in values.iter().enumerate() {
        let mut bytes = value.to_bytes_be();
        bytes.splice(..0, vec![0; 32 - bytes.len()]);
        let expected = G::map(&bytes).expect("canonical").expect("finite");
        assert_eq!(affine.get(i), G::words(&expected), "{i}");
    }
}

#[test]
fn digests_are_keccaks_and_points_eigenlayers() {
    let (messages, mut bytes, mut offsets) = messages();
    let n = messages.len();
    let mut digests = vec![0; 32 * n];
    let arguments = vec![
        Bytes(&mut bytes),
        Numbers(&mut offsets),
        Number(n as u32),
        Bytes(&mut digests),
    ];
    launch("keccak256", n, arguments);
    let mut affine = Words::new(16, n);
    launch(
        "bn_g1_try",
        n,
        vec![Bytes(&mut digests), Number(n as u32), W(&mut affine)],
    );
    compare::<bn254::G1>(&affine, Hashing::KeccakTryAndIncrement);

    // Digests at and above the modulus, and those of all ones.
    let modulus = support::points::modulus::<bn254::G1>();
    let mut edges: Vec<Vec<u8>> = (0..8u8)
        .map(|k| (&modulus * (k / 2 + 1) - k % 2).to_bytes_be())
        .collect();
    edges.extend([vec![0; 32], vec![255; 32]]);
    let mut affine = Words::new(16, edges.len());
    let mut digests = edges.concat();
    let arguments = vec![
        Bytes(&mut digests),
        Number(edges.len() as u32),
        W(&mut affine),
    ];
    launch("bn_g1_try", edges.len(), arguments);
    for (i, digest) in edges.iter().enumerate() {
        let expected = bn254::G1::hash(Hashing::TryAndIncrement, digest, &[]).expect("a point");
        assert_eq!(affine.get(i), bn254::G1::words(&expected), "{i}");
    }
}
