//! Bytes to points and back: every encoding of both groups, every combination of flags, every
//! way of writing one point twice, each fault with its own reason.

use num_bigint::BigUint;
use tutti_curves::{Group, Wire, bls12_381, bn254};
use tutti_types::{CurveId, Encoding, GroupId, InvalidReason};

const ALL: [Encoding; 7] = [
    Encoding::ZcashCompressed,
    Encoding::ZcashUncompressed,
    Encoding::Eip2537,
    Encoding::Eip197,
    Encoding::Eigensdk,
    Encoding::ArkUncompressed,
    Encoding::GnarkCompressed,
];

fn of_curve(curve: CurveId) -> impl Iterator<Item = Encoding> {
    ALL.into_iter()
        .filter(move |encoding| encoding.curve() == curve)
}

fn modulus(curve: CurveId) -> BigUint {
    match curve {
        CurveId::Bls12381 => BigUint::from_bytes_be(&bls12_381::MODULUS),
        CurveId::Bn254 => {
            "21888242871839275222246405745257275088696311157297823662689037894645226208583"
                .parse()
                .expect("decimal digits")
        }
    }
}

fn multiple<G: Group>(scalar: u128) -> G::Affine {
    G::to_affine(&G::mul(&G::generator(), scalar)).expect("below the order")
}

/// The point behind the bytes, whether parsing or the square root says no.
fn read<G: Group>(encoding: Encoding, bytes: &[u8]) -> Result<Option<G::Affine>, InvalidReason> {
    G::parse(encoding, bytes)?.point()
}

fn every_group(check: [fn(); 4]) {
    for check in check {
        check();
    }
}

#[test]
fn points_come_back_as_they_went() {
    fn check<G: Group>() {
        for encoding in of_curve(G::CURVE) {
            for scalar in [1, 2, 3, 7, 0xffff_ffff_ffff, u128::MAX] {
                let point = multiple::<G>(scalar);
                for point in [point, G::negate(&point)] {
                    let bytes = G::encode(Some(&point), encoding);
                    assert_eq!(bytes.len(), encoding.len(G::ID));
                    assert_eq!(read::<G>(encoding, &bytes), Ok(Some(point)), "{encoding:?}");
                }
            }
            let infinity = G::encode(None, encoding);
            assert!(matches!(
                G::parse(encoding, &infinity),
                Ok(Wire::<G>::Infinity)
            ));
            for len in [0, 1, infinity.len() - 1, infinity.len() + 1] {
                let bytes = vec![0; len];
                let refused = G::parse(encoding, &bytes).err();
                assert_eq!(refused, Some(InvalidReason::MalformedLength));
            }
        }
        for encoding in ALL.into_iter().filter(|e| e.curve() != G::CURVE) {
            let bytes = vec![0; encoding.len(G::ID)];
            let refused = G::parse(encoding, &bytes).err();
            assert_eq!(refused, Some(InvalidReason::BadEncoding));
        }
    }
    every_group([
        check::<bls12_381::G1>,
        check::<bls12_381::G2>,
        check::<bn254::G1>,
        check::<bn254::G2>,
    ]);
}

/// Where flags stand, and which of them a finite point may have.
fn flags(encoding: Encoding, len: usize) -> (usize, u8, Vec<u8>) {
    match encoding {
        Encoding::ZcashCompressed => (0, 0xe0, vec![0x80, 0xa0]),
        Encoding::ZcashUncompressed => (0, 0xe0, vec![0x00]),
        Encoding::GnarkCompressed => (0, 0xc0, vec![0x80, 0xc0]),
        Encoding::ArkUncompressed => (len - 1, 0xc0, vec![0x00, 0x80]),
        _ => (0, 0, vec![0]),
    }
}

/// One point has one form: of all flag combinations on a point's bytes only its own reads as
/// that point; where the flags choose the root, the other one reads as the negative.
#[test]
fn no_other_flags_read_as_the_same_point() {
    fn check<G: Group>() {
        let point = multiple::<G>(5);
        for encoding in of_curve(G::CURVE) {
            let bytes = G::encode(Some(&point), encoding);
            let (place, mask, allowed) = flags(encoding, bytes.len());
            let compressed = matches!(
                encoding,
                Encoding::ZcashCompressed | Encoding::GnarkCompressed
            );
            for combination in (0..=u8::MAX).filter(|c| c & !mask == 0) {
                let mut changed = bytes.clone();
                changed[place] = changed[place] & !mask | combination;
                let expected = if changed == bytes {
                    Ok(Some(point))
                } else if compressed && allowed.contains(&combination) {
                    Ok(Some(G::negate(&point)))
                } else {
                    Err(InvalidReason::BadEncoding)
                };
                let got = read::<G>(encoding, &changed);
                assert_eq!(got, expected, "{encoding:?} {:?} {combination:#x}", G::ID);
            }
            assert!(allowed.contains(&(bytes[place] & mask)), "{encoding:?}");
        }
    }
    every_group([
        check::<bls12_381::G1>,
        check::<bls12_381::G2>,
        check::<bn254::G1>,
        check::<bn254::G2>,
    ]);
}

#[test]
fn infinity_has_one_form() {
    fn check<G: Group>() {
        for encoding in of_curve(G::CURVE) {
            let infinity = G::encode(None, encoding);
            let (place, mask, _) = flags(encoding, infinity.len());
            for at in [0, infinity.len() / 2, infinity.len() - 1] {
                let mut changed = infinity.clone();
                changed[at] ^= 1;
                assert!(
                    !matches!(read::<G>(encoding, &changed), Ok(None)),
                    "{encoding:?}"
                );
                if mask != 0 && encoding != Encoding::ArkUncompressed {
                    let refused = G::parse(encoding, &changed).err();
                    assert_eq!(refused, Some(InvalidReason::BadEncoding), "{encoding:?}");
                }
            }
            for combination in (1..=u8::MAX).filter(|c| c & !mask == 0) {
                let mut changed = infinity.clone();
                changed[place] ^= combination;
                assert!(
                    !matches!(read::<G>(encoding, &changed), Ok(None)),
                    "{encoding:?} {combination:#x}"
                );
            }
        }
    }
    every_group([
        check::<bls12_381::G1>,
        check::<bls12_381::G2>,
        check::<bn254::G1>,
        check::<bn254::G2>,
    ]);
}

/// Bytes of one coordinate word: (start, length, little endian).
fn words(encoding: Encoding, len: usize) -> Vec<(usize, usize, bool)> {
    let (stride, skip, width) = match encoding {
        Encoding::ZcashCompressed | Encoding::ZcashUncompressed => (48, 0, 48),
        Encoding::Eip2537 => (64, 16, 48),
        _ => (32, 0, 32),
    };
    let little = encoding == Encoding::ArkUncompressed;
    (0..len / stride)
        .map(|nth| (nth * stride + skip, width, little))
        .collect()
}

/// x + p is x again, and p is zero: both would name a point a second time.
#[test]
fn coordinates_are_below_the_modulus() {
    fn check<G: Group>() {
        let modulus = modulus(G::CURVE);
        for encoding in of_curve(G::CURVE) {
            let mut seen = 0;
            for scalar in 1..40 {
                let bytes = G::encode(Some(&multiple::<G>(scalar)), encoding);
                let (place, mask, _) = flags(encoding, bytes.len());
                for (start, width, little) in words(encoding, bytes.len()) {
                    let flagged = (start..start + width).contains(&place);
                    let mut word = bytes[start..start + width].to_vec();
                    if flagged {
                        word[place - start] &= !mask;
                    }
                    if little {
                        word.reverse();
                    }
                    for more in [BigUint::from_bytes_be(&word) + &modulus, modulus.clone()] {
                        let room = 8 * width as u64
                            - u64::from(if flagged { mask.count_ones() } else { 0 });
                        if more.bits() > room {
                            continue;
                        }
                        seen += 1;
                        let mut out = vec![0; width];
                        let digits = more.to_bytes_be();
                        out[width - digits.len()..].copy_from_slice(&digits);
                        if little {
                            out.reverse();
                        }
                        let mut changed = bytes.clone();
                        if flagged {
                            out[place - start] |= bytes[place] & mask;
                        }
                        changed[start..start + width].copy_from_slice(&out);
                        let refused = G::parse(encoding, &changed).err();
                        assert_eq!(refused, Some(InvalidReason::NonCanonical), "{encoding:?}");
                    }
                }
            }
            assert!(seen > 0, "{encoding:?}");
        }
    }
    every_group([
        check::<bls12_381::G1>,
        check::<bls12_381::G2>,
        check::<bn254::G1>,
        check::<bn254::G2>,
    ]);
}

#[test]
fn padding_is_zero_and_points_are_on_the_curve() {
    fn check<G: Group>() {
        for encoding in of_curve(G::CURVE) {
            let bytes = G::encode(Some(&multiple::<G>(11)), encoding);
            if encoding == Encoding::Eip2537 {
                for at in [0, 15, 64, bytes.len() - 64] {
                    let mut changed = bytes.clone();
                    changed[at] = 1;
                    let refused = G::parse(encoding, &changed).err();
                    assert_eq!(refused, Some(InvalidReason::BadEncoding));
                }
            }
            let (_, width, little) = words(encoding, bytes.len())[0];
            // The lowest byte of the first coordinate: half of all x have a point above them.
            let low = match (little, encoding) {
                (true, _) => 0,
                (false, Encoding::Eip2537) => 63,
                _ => width - 1,
            };
            let mut off = 0;
            for value in 0..=u8::MAX {
                let mut changed = bytes.clone();
                changed[low] = value;
                match read::<G>(encoding, &changed) {
                    Ok(_) => {}
                    Err(InvalidReason::NotOnCurve) => off += 1,
                    Err(other) => panic!("{encoding:?}: {other:?}"),
                }
            }
            match encoding {
                Encoding::ZcashCompressed | Encoding::GnarkCompressed => {
                    assert!((80..=176).contains(&off), "{encoding:?}: {off} of 256");
                }
                _ => assert_eq!(off, 255, "{encoding:?}"),
            }
        }
    }
    every_group([
        check::<bls12_381::G1>,
        check::<bls12_381::G2>,
        check::<bn254::G1>,
        check::<bn254::G2>,
    ]);
}

/// The order of a coordinate's halves, which is all that tells three encodings apart.
#[test]
fn the_halves_of_a_coordinate_stand_where_each_encoding_has_them() {
    let point = multiple::<bn254::G2>(69);
    let eip = bn254::G2::encode(Some(&point), Encoding::Eip197);
    let sdk = bn254::G2::encode(Some(&point), Encoding::Eigensdk);
    let ark = bn254::G2::encode(Some(&point), Encoding::ArkUncompressed);
    for nth in 0..4 {
        let word = &eip[32 * nth..32 * nth + 32];
        let other = nth ^ 1;
        assert_eq!(word, &sdk[32 * other..32 * other + 32]);
        let mut little = ark[32 * other..32 * other + 32].to_vec();
        little[31] &= 0x3f;
        little.reverse();
        assert_eq!(word, &little[..]);
    }
    let point = multiple::<bls12_381::G2>(69);
    let zcash = bls12_381::G2::encode(Some(&point), Encoding::ZcashUncompressed);
    let eip = bls12_381::G2::encode(Some(&point), Encoding::Eip2537);
    for nth in 0..4 {
        let other = nth ^ 1;
        assert_eq!(
            &zcash[48 * nth..48 * nth + 48],
            &eip[64 * other + 16..64 * other + 64]
        );
    }
    assert_eq!(GroupId::G2, <bn254::G2 as Group>::ID);
}

/// (0, 2) has order 3 on BLS12-381's G1. blst refuses it while it reads: the reason is the
/// same as for every other point outside the subgroup.
#[test]
fn the_point_of_order_three_with_a_zero_coordinate() {
    let mut bytes = vec![0; 128];
    bytes[127] = 2;
    let refused = bls12_381::G1::parse(Encoding::Eip2537, &bytes).err();
    assert_eq!(refused, Some(InvalidReason::NotInSubgroup));
    let mut bytes = vec![0; 48];
    bytes[0] = 0x80;
    let wire = bls12_381::G1::parse(Encoding::ZcashCompressed, &bytes).expect("canonical");
    assert_eq!(wire.member(), Err(InvalidReason::NotInSubgroup));
}

/// A word of BN254 holds any number of 256 bits, and only those below the modulus are elements:
/// the borders of each limb and of the modulus itself, in every word of every encoding.
#[test]
fn numbers_around_the_modulus_are_no_coordinates_from_it_on() {
    let modulus = modulus(CurveId::Bn254);
    let one = BigUint::from(1u8);
    let top = (BigUint::from(1u8) << 256) - &one;
    let mut numbers = vec![&modulus - &one, modulus.clone(), &modulus + &one, top];
    for bit in [64u32, 128, 192, 253, 254, 255] {
        let border = BigUint::from(1u8) << bit;
        numbers.extend([&border - &one, border.clone(), &modulus ^ &border]);
    }
    for number in numbers {
        let digits = number.to_bytes_be();
        let mut word = [0; 32];
        word[32 - digits.len()..].copy_from_slice(&digits);
        for place in 0..4 {
            let mut bytes = [0; 128];
            bytes[32 * place..32 * (place + 1)].copy_from_slice(&word);
            // Nothing but the word itself: no point, but what is no number is refused for that.
            let expected = if number < modulus {
                InvalidReason::NotOnCurve
            } else {
                InvalidReason::NonCanonical
            };
            for encoding in [Encoding::Eip197, Encoding::Eigensdk] {
                let refused = bn254::G2::parse(encoding, &bytes).err();
                assert_eq!(refused, Some(expected), "{number:x} in word {place}");
                if place < 2 {
                    let refused = bn254::G1::parse(encoding, &bytes[..64]).err();
                    assert_eq!(refused, Some(expected), "{number:x} in word {place}");
                }
            }
        }
    }
}

/// The bytes written are the number that was read, for coordinates that `num-bigint` says.
#[test]
fn coordinates_are_written_as_the_numbers_they_are() {
    let modulus = modulus(CurveId::Bn254);
    for scalar in 1..200u128 {
        let point = multiple::<bn254::G1>(scalar * 0x0123_4567_89ab_cdef);
        let bytes = bn254::G1::encode(Some(&point), Encoding::Eip197);
        let (x, y) = bytes.split_at(32);
        let (x, y) = (BigUint::from_bytes_be(x), BigUint::from_bytes_be(y));
        assert_eq!(point.x.to_string(), x.to_string());
        assert_eq!(point.y.to_string(), y.to_string());
        let three = BigUint::from(3u8);
        assert_eq!((&y * &y) % &modulus, (&x * &x * &x + three) % &modulus);
    }
}
