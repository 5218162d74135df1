use blst::{BLST_ERROR, blst_p1, blst_p1_affine, blst_p2, blst_p2_affine};
use num_bigint::BigUint;

use crate::testing::Random;
use crate::{decompress_g1, decompress_g2, in_g1, in_g2};

const P: [u8; 48] = [
    0x1a, 0x01, 0x11, 0xea, 0x39, 0x7f, 0xe6, 0x9a, 0x4b, 0x1b, 0xa7, 0xb6, 0x43, 0x4b, 0xac, 0xd7,
    0x64, 0x77, 0x4b, 0x84, 0xf3, 0x85, 0x12, 0xbf, 0x67, 0x30, 0xd2, 0xa0, 0xf6, 0xb0, 0xf6, 0x24,
    0x1e, 0xab, 0xff, 0xfe, 0xb1, 0x53, 0xff, 0xff, 0xb9, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xaa, 0xab,
];

/// An encoding: valid flags, valid x more often than not; about half are on the curve.
fn encoding<const SIZE: usize>(random: &mut Random) -> [u8; SIZE] {
    let mut bytes = random.bytes::<SIZE>();
    bytes[0] &= 0x1f;
    if SIZE == 96 {
        bytes[48] &= 0x1f;
    }
    match random.word() % 13 {
        0 => {}
        1 => bytes[0] |= 0xc0,
        2 => {
            bytes = [0; SIZE];
            bytes[0] = 0xc0;
        }
        3 => bytes[..48].copy_from_slice(&P),
        4 => bytes[SIZE - 48..].copy_from_slice(&P),
        5 => {
            bytes = [0; SIZE];
            bytes[SIZE - 1] = random.word() as u8 % 8;
        }
        6 if SIZE == 96 => bytes[..48].fill(0),
        7 if SIZE == 96 => bytes[48..].fill(0),
        // No flags stand in the second coordinate.
        8 if SIZE == 96 => bytes[48] |= 0x20 << (random.word() % 3),
        _ => bytes[0] &= 0x0f,
    }
    if !random.word().is_multiple_of(8) {
        bytes[0] |= 0x80 | (random.word() as u8 & 0x20);
    }
    bytes
}

/// blst's word, if the point is finite.
fn uncompress_g1(bytes: &[u8; 48]) -> Option<blst_p1_affine> {
    let mut p = blst_p1_affine::default();
    // SAFETY: blst reads 48 bytes and writes one point.
    let error = unsafe { blst::blst_p1_uncompress(&raw mut p, bytes.as_ptr()) };
    (error == BLST_ERROR::BLST_SUCCESS && p != blst_p1_affine::default()).then_some(p)
}

fn uncompress_g2(bytes: &[u8; 96]) -> Option<blst_p2_affine> {
    let mut p = blst_p2_affine::default();
    // SAFETY: blst reads 96 bytes and writes one point.
    let error = unsafe { blst::blst_p2_uncompress(&raw mut p, bytes.as_ptr()) };
    (error == BLST_ERROR::BLST_SUCCESS && p != blst_p2_affine::default()).then_some(p)
}

#[test]
fn decompression_decides_as_blst_does() {
    let isa = isa_or_skip!();
    let mut random = Random(40);
    let (mut good, mut bad) = (0, 0);
    for n in (0..40).chain([63, 64, 65, 200]) {
        let keys: Vec<[u8; 48]> = (0..n).map(|_| encoding(&mut random)).collect();
        let expected: Vec<_> = keys.iter().map(uncompress_g1).collect();
        assert_eq!(decompress_g1(isa, &keys), expected);
        let signatures: Vec<[u8; 96]> = (0..n).map(|_| encoding(&mut random)).collect();
        let expected: Vec<_> = signatures.iter().map(uncompress_g2).collect();
        assert_eq!(decompress_g2(isa, &signatures), expected);
        good += expected.iter().filter(|x| x.is_some()).count();
        bad += expected.iter().filter(|x| x.is_none()).count();
    }
    assert!(good > 200 && bad > 200, "{good} {bad}");
}

#[test]
fn membership_is_decided_as_blst_does() {
    let isa = isa_or_skip!();
    let mut random = Random(41);
    let mut g1: Vec<blst_p1_affine> = vec![blst_p1_affine::default()];
    let mut g2: Vec<blst_p2_affine> = vec![blst_p2_affine::default()];
    for _ in 0..60 {
        g1.extend(uncompress_g1(&encoding(&mut random)));
        g2.extend(uncompress_g2(&encoding(&mut random)));
        g1.push(random.g1());
        g2.push(random.g2());
    }
    for n in [0, 1, 7, 8, 9, g1.len().min(g2.len())] {
        // SAFETY: plain points of the types that blst asks for.
        let expected: Vec<bool> = g1[..n]
            .iter()
            .map(|p| unsafe { blst::blst_p1_affine_in_g1(p) })
            .collect();
        assert_eq!(in_g1(isa, &g1[..n]), expected);
        // SAFETY: as above.
        let expected: Vec<bool> = g2[..n]
            .iter()
            .map(|p| unsafe { blst::blst_p2_affine_in_g2(p) })
            .collect();
        assert_eq!(in_g2(isa, &g2[..n]), expected);
    }
}

fn big(hex: &[u8]) -> BigUint {
    BigUint::parse_bytes(hex, 16).expect("hexadecimal")
}

fn order() -> BigUint {
    big(b"73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001")
}

macro_rules! small_order {
    ($name:ident, $affine:ty, $projective:ty, $from:ident, $add:ident, $to:ident) => {
        /// k·p by doubling and adding, for p of any order.
        fn $name(p: &$affine, k: &BigUint) -> $affine {
            let (mut sum, mut power, mut affine) = <($projective, $projective, $affine)>::default();
            // SAFETY: plain points of the types that blst asks for.
            unsafe {
                blst::$from(&raw mut power, p);
                for i in 0..k.bits() {
                    if k.bit(i) {
                        blst::$add(&raw mut sum, &raw const sum, &raw const power);
                    }
                    blst::$add(&raw mut power, &raw const power, &raw const power);
                }
                blst::$to(&raw mut affine, &raw const sum);
            }
            affine
        }
    };
}

small_order!(
    times_g1,
    blst_p1_affine,
    blst_p1,
    blst_p1_from_affine,
    blst_p1_add_or_double,
    blst_p1_to_affine
);
small_order!(
    times_g2,
    blst_p2_affine,
    blst_p2,
    blst_p2_from_affine,
    blst_p2_add_or_double,
    blst_p2_to_affine
);

/// Points whose order is a small factor of the cofactor, and sums of such with members: the ladder runs into infinity and
/// must not take it for agreement.
#[test]
fn points_of_small_order_are_not_members() {
    let isa = isa_or_skip!();
    let mut random = Random(42);
    let h1 = big(b"396c8c005555e1568c00aaab0000aaab");
    let h2 = big(concat!(
        "5d543a95414e7f1091d50792876a202cd91de4547085abaa68a205b2e5a7ddfa628f1cb4d9e82ef21537e293a6691ae1616ec6e786f0c70c",
        "f1c38e31c7238e5"
    ).as_bytes());
    for (q, power) in [(3u32, 1), (11, 2), (10177, 2)] {
        let on_curve = loop {
            if let Some(p) = uncompress_g1(&encoding(&mut random)) {
                break p;
            }
        };
        let k = &h1 * order() / q.pow(power);
        let t = times_g1(&on_curve, &k);
        let points = [
            t,
            times_g1(&t, &q.into()),
            on_curve,
            times_g1(&on_curve, &h1),
            times_g1(&on_curve, &order()),
        ];
        // SAFETY: plain points of the types that blst asks for.
        let expected = points.map(|p| unsafe { blst::blst_p1_affine_in_g1(&raw const p) });
        assert_eq!(in_g1(isa, &points), expected);
        assert!(expected[3]);
    }
    for (q, power) in [(13u32, 2), (23, 2), (2713, 1), (11953, 1), (262_069, 1)] {
        let on_curve = loop {
            if let Some(p) = uncompress_g2(&encoding(&mut random)) {
                break p;
            }
        };
        let k = &h2 * order() / q.pow(power);
        let t = times_g2(&on_curve, &k);
        let points = [
            t,
            times_g2(&t, &q.into()),
            on_curve,
            times_g2(&on_curve, &h2),
            times_g2(&on_curve, &order()),
        ];
        // SAFETY: plain points of the types that blst asks for.
        let expected = points.map(|p| unsafe { blst::blst_p2_affine_in_g2(&raw const p) });
        assert_eq!(in_g2(isa, &points), expected);
        assert!(expected[3]);
    }
}
