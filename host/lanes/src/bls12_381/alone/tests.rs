use blst::{BLST_ERROR, blst_p1_affine, blst_p2_affine};

use crate::testing::Random;
use crate::{Alone, hash_to_g2, points_alone};

const TAG: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// blst's word: the point where it is finite, on the curve and in the group.
fn key(bytes: &[u8; 48]) -> Option<blst_p1_affine> {
    let mut p = blst_p1_affine::default();
    // SAFETY: blst reads 48 bytes and writes one point.
    let is_member = unsafe {
        blst::blst_p1_uncompress(&raw mut p, bytes.as_ptr()) == BLST_ERROR::BLST_SUCCESS
            && blst::blst_p1_affine_in_g1(&raw const p)
    };
    (is_member && p != blst_p1_affine::default()).then_some(p)
}

fn signature(bytes: &[u8; 96]) -> Option<blst_p2_affine> {
    let mut p = blst_p2_affine::default();
    // SAFETY: blst reads 96 bytes and writes one point.
    let is_member = unsafe {
        blst::blst_p2_uncompress(&raw mut p, bytes.as_ptr()) == BLST_ERROR::BLST_SUCCESS
            && blst::blst_p2_affine_in_g2(&raw const p)
    };
    (is_member && p != blst_p2_affine::default()).then_some(p)
}

fn key_bytes(p: &blst_p1_affine) -> [u8; 48] {
    let mut bytes = [0; 48];
    // SAFETY: blst writes 48 bytes.
    unsafe { blst::blst_p1_affine_compress(bytes.as_mut_ptr(), p) };
    bytes
}

fn signature_bytes(p: &blst_p2_affine) -> [u8; 96] {
    let mut bytes = [0; 96];
    // SAFETY: blst writes 96 bytes.
    unsafe { blst::blst_p2_affine_compress(bytes.as_mut_ptr(), p) };
    bytes
}

/// All three as blst has them, with the key and without; whether there was something to compare.
fn agree(key_bytes: &[u8; 48], signature_bytes: &[u8; 96], message: &[u8]) -> bool {
    let isa = crate::Ifma::detect().expect("asked for before");
    let (key, signature) = (key(key_bytes), signature(signature_bytes));
    let hashed = hash_to_g2(isa, &[message], TAG)[0];
    let alone = |key| {
        Some(Alone {
            key,
            signature: signature?,
            message: hashed,
        })
    };
    let with = points_alone(isa, Some(key_bytes), signature_bytes, message, TAG);
    assert_eq!(with, key.and_then(|key| alone(Some(key))));
    let without = points_alone(isa, None, signature_bytes, message, TAG);
    assert_eq!(without, alone(None));
    with.is_some()
}

#[test]
fn points_are_those_of_blst() {
    isa_or_skip!();
    let mut random = Random(700);
    for length in 0..40 {
        let message: Vec<u8> = (0..length * 3).map(|_| random.word() as u8).collect();
        let (mut key, mut signature) = (key_bytes(&random.g1()), signature_bytes(&random.g2()));
        assert!(agree(&key, &signature, &message));
        // The opposite points.
        key[0] ^= 0x20;
        assert!(agree(&key, &signature, &message));
        signature[0] ^= 0x20;
        assert!(agree(&key, &signature, &message));
    }
}

#[test]
fn what_is_no_finite_point_of_its_group_is_refused() {
    isa_or_skip!();
    let mut random = Random(701);
    let (good_key, good_signature) = (key_bytes(&random.g1()), signature_bytes(&random.g2()));
    // On the curve one time in two, in the group never.
    for _ in 0..60 {
        let mut key = random.bytes::<48>();
        key[0] = key[0] & 0x0f | 0x80;
        assert!(!agree(&key, &good_signature, b"m"));
        let mut signature = random.bytes::<96>();
        signature[0] = signature[0] & 0x0f | 0x80;
        signature[48] &= 0x0f;
        assert!(!agree(&good_key, &signature, b"m"));
    }
    // Every bit, the flags among them: none leaves the point in its group but the sign.
    for bit in 0..8 * 48 {
        let mut key = good_key;
        key[bit / 8] ^= 0x80 >> (bit % 8);
        assert_eq!(agree(&key, &good_signature, b"m"), bit == 2);
    }
    for bit in 0..8 * 96 {
        let mut signature = good_signature;
        signature[bit / 8] ^= 0x80 >> (bit % 8);
        assert_eq!(agree(&good_key, &signature, b"m"), bit == 2);
    }
}

#[test]
fn encodings_out_of_the_ordinary_are_refused() {
    isa_or_skip!();
    let mut random = Random(702);
    let (good_key, good_signature) = (key_bytes(&random.g1()), signature_bytes(&random.g2()));
    for first in 0..=255 {
        for fill in [0, 0xff] {
            let (mut key, mut signature) = ([fill; 48], [fill; 96]);
            (key[0], signature[0]) = (first, first);
            assert!(!agree(&key, &good_signature, b"m"));
            assert!(!agree(&good_key, &signature, b"m"));
        }
    }
    // p and what is next to it, in each coordinate, real and imaginary.
    let p: [u8; 48] = core::array::from_fn(|i| {
        let digits = "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f624\
                      1eabfffeb153ffffb9feffffffffaaab";
        u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).expect("digits")
    });
    for last in [0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae] {
        let mut x = p;
        x[47] = last;
        let mut key = x;
        key[0] |= 0x80;
        agree(&key, &good_signature, b"m");
        for (first, second) in [(x, [0; 48]), ([0; 48], x), (x, x)] {
            let mut signature = [0; 96];
            signature[..48].copy_from_slice(&first);
            signature[48..].copy_from_slice(&second);
            signature[0] |= 0x80;
            agree(&good_key, &signature, b"m");
        }
    }
}
