//! The microcode in the model, against blst and arkworks.

use ark_ec::pairing::{MillerLoopOutput, Pairing};
use num_bigint::BigUint;
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore, SeedableRng};
use tutti_curves::bls12_381::{self, Bls12381, Fp12};
use tutti_curves::bn254::{self, Bn254};
use tutti_curves::{Curve, Group, Pair, Wire, expand_message_xmd, oracle};
use tutti_hdl::assembler::Image;
use tutti_hdl::microcode::{self, pairing, points};
use tutti_hdl::model::{Core, Run};
use tutti_hdl::wide::Wide;
use tutti_types::{Encoding, HashVariant, InvalidReason, Verdict};

const SLOTS_MAX: u64 = 1 << 24;

/// What the tests ask of a curve beyond the oracle.
trait Card: Curve {
    /// Real parts first, one number in each `WIDTH` bytes.
    const ENCODING: Encoding;
    const WIDTH: usize;
    fn image() -> &'static Image;
    fn image_modulus() -> BigUint;
    /// The pairing's value, twelve numbers in the order of our registers.
    fn value(pairs: &[Pair<Self>]) -> Vec<BigUint>;
}

impl Card for Bls12381 {
    const ENCODING: Encoding = Encoding::Eip2537;
    const WIDTH: usize = 64;

    fn image() -> &'static Image {
        microcode::bls12_381::image()
    }

    fn image_modulus() -> BigUint {
        microcode::bls12_381::field().p
    }

    fn value(pairs: &[Pair<Self>]) -> Vec<BigUint> {
        let value: Fp12 = Self::miller(pairs).final_exp();
        let bytes = value.to_bendian();
        let numbers: Vec<BigUint> = bytes.chunks(48).map(BigUint::from_bytes_be).collect();
        // blst writes the coefficients of 1, w, v, v·w, …
        [0, 4, 8, 2, 6, 10]
            .into_iter()
            .flat_map(|at| [numbers[at].clone(), numbers[at + 1].clone()])
            .collect()
    }
}

impl Card for Bn254 {
    const ENCODING: Encoding = Encoding::Eigensdk;
    const WIDTH: usize = 32;

    fn image() -> &'static Image {
        microcode::bn254::image()
    }

    fn image_modulus() -> BigUint {
        microcode::bn254::field().p
    }

    fn value(pairs: &[Pair<Self>]) -> Vec<BigUint> {
        let value = ark_bn254::Bn254::final_exponentiation(MillerLoopOutput(Self::miller(pairs)))
            .expect("a Miller value is not 0")
            .0;
        [value.c0, value.c1]
            .iter()
            .flat_map(|c| [c.c0, c.c1, c.c2])
            .flat_map(|c| [c.c0, c.c1])
            .map(BigUint::from)
            .collect()
    }
}

fn random_scalar(random: &mut ChaCha20Rng) -> u128 {
    u128::from(random.next_u64()) << 64 | u128::from(random.next_u64()) | 1
}

fn random_point<G: Group>(random: &mut ChaCha20Rng) -> G::Affine {
    let scalar = random_scalar(random);
    G::to_affine(&G::mul(&G::generator(), scalar)).expect("below the order, and not 0")
}

fn put(core: &mut Core, register: u8, bytes: &[u8]) {
    core.set_register(register, Wide::from_big_endian(bytes));
}

fn big(core: &Core, register: u8) -> BigUint {
    BigUint::from_bytes_le(&core.register(register).to_bytes())
}

fn put_pairs<C: Card>(core: &mut Core, pairs: &[Pair<C>]) {
    for (at, (p, q)) in pairs.iter().enumerate() {
        let window = pairing::PAIRS + at as u8 * pairing::PAIR_REGISTERS;
        let p = C::G1::encode(Some(p), C::ENCODING);
        let q = C::G2::encode(Some(q), C::ENCODING);
        let numbers = p.chunks(C::WIDTH).chain(q.chunks(C::WIDTH));
        for (offset, number) in (0..).zip(numbers) {
            put(core, window + offset, number);
        }
    }
}

fn run(core: &mut Core, image: &Image, program: &str) -> Run {
    core.run(image.entry(program), SLOTS_MAX).expect("halts")
}

fn pairing_value<C: Card>(core: &mut Core, pairs: &[Pair<C>]) -> Vec<BigUint> {
    put_pairs::<C>(core, pairs);
    run(core, C::image(), &format!("pairing-{}", pairs.len()));
    let p = C::image_modulus();
    (0..12)
        .map(|at| big(core, pairing::VALUE + at) % &p)
        .collect()
}

fn values_are_the_oracles<C: Card>(rounds: usize) {
    let mut random = ChaCha20Rng::seed_from_u64(1);
    let mut core = C::image().core();
    for _ in 0..rounds {
        for pairs in 1..=pairing::PAIRS_MAX {
            let pairs: Vec<Pair<C>> = (0..pairs)
                .map(|_| {
                    (
                        random_point::<C::G1>(&mut random),
                        random_point::<C::G2>(&mut random),
                    )
                })
                .collect();
            assert_eq!(pairing_value::<C>(&mut core, &pairs), C::value(&pairs));
        }
    }
}

#[test]
fn pairings_of_bls12_381_are_those_of_blst() {
    values_are_the_oracles::<Bls12381>(8);
}

#[test]
fn pairings_of_bn254_are_those_of_arkworks() {
    values_are_the_oracles::<Bn254>(8);
}

/// Products of one, and the same with one point changed: the verdict register says what the oracle says.
fn verdicts_are_the_oracles<C: Card>(rounds: usize) {
    let mut random = ChaCha20Rng::seed_from_u64(2);
    let mut core = C::image().core();
    let (mut valid, mut invalid) = (0, 0);
    for round in 0..rounds {
        let count = 2 + round % (pairing::PAIRS_MAX - 1);
        let g1 = |k| C::G1::to_affine(&C::G1::mul(&C::G1::generator(), k)).expect("finite");
        // The sum of a_i·b_i is 0: the last is minus all others, with b = 1.
        let mut sum = 0u128;
        let mut pairs: Vec<Pair<C>> = (1..count)
            .map(|_| {
                let (a, b) = (
                    u128::from(random.next_u32()) + 1,
                    u128::from(random.next_u32()) + 1,
                );
                sum += a * b;
                let q = C::G2::mul(&C::G2::generator(), b);
                (g1(a), C::G2::to_affine(&q).expect("finite"))
            })
            .collect();
        pairs.push((C::G1::negate(&g1(sum)), C::G2::generator()));
        if round % 2 == 1 {
            let at = random.next_u32() as usize % count;
            pairs[at].0 = random_point::<C::G1>(&mut random);
        }
        put_pairs::<C>(&mut core, &pairs);
        run(&mut core, C::image(), &format!("pairing-{count}"));
        let wires: Vec<_> = pairs
            .iter()
            .map(|(p, q)| (Wire::Point(*p), Wire::Point(*q)))
            .collect();
        let expected = oracle::pairing_check::<C>(&wires);
        let holds = *core.register(pairing::VERDICT) == Wide::ONE;
        assert_eq!(holds, expected == Verdict::Valid, "round {round}");
        match expected {
            Verdict::Valid => valid += 1,
            _ => invalid += 1,
        }
    }
    assert!(valid >= rounds / 2 && invalid >= rounds / 3);
}

#[test]
fn verdicts_on_bls12_381() {
    verdicts_are_the_oracles::<Bls12381>(120);
}

#[test]
fn verdicts_on_bn254() {
    verdicts_are_the_oracles::<Bn254>(120);
}

const P: &str = "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";

fn modulus() -> BigUint {
    BigUint::parse_bytes(P.as_bytes(), 16).expect("hexadecimal")
}

fn hash_on_card(core: &mut Core, message: &[u8], dst: &[u8]) -> Vec<BigUint> {
    let bytes = expand_message_xmd(message, dst, 256).expect("short");
    for (at, chunk) in (points::HASHED..).zip(bytes.chunks(64)) {
        let element = BigUint::from_bytes_be(chunk) % modulus();
        put(core, at, &element.to_bytes_be());
    }
    run(core, points::image(), "hash");
    (0..4).map(|at| big(core, points::AFFINE + at)).collect()
}

/// RFC 9380, appendix J.10.1: x and y of each message.
#[test]
fn hashes_are_those_of_rfc_9380() {
    const DST: &[u8] = b"QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_";
    let mut core = points::image().core();
    let abc = [
        "02c2d18e033b960562aae3cab37a27ce00d80ccd5ba4b7fe0e7a210245129dbec7780ccc7954725f4168aff2787776e6",
        "139cddbccdc5e91b9623efd38c49f81a6f83f175e80b06fc374de9eb4b41dfe4ca3a230ed250fbe3a2acf73a41177fd8",
    ];
    let empty = [
        "0141ebfbdca40eb85b87142e130ab689c673cf60f1a3e98d69335266f30d9b8d4ac44c1038e9dcdd5393faf5c41fb78a",
        "05cb8437535e20ecffaef7752baddf98034139c38452458baeefab379ba13dff5bf5dd71b72418717047f5b0f37da03d",
    ];
    for (message, x) in [(&b"abc"[..], abc), (b"", empty)] {
        let hashed = hash_on_card(&mut core, message, DST);
        let x = x.map(|hex| BigUint::parse_bytes(hex.as_bytes(), 16).expect("hexadecimal"));
        assert_eq!(hashed[..2], x);
    }
}

#[test]
fn hashes_are_those_of_blst() {
    const DST: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
    let mut random = ChaCha20Rng::seed_from_u64(3);
    let mut core = points::image().core();
    for length in 0..200 {
        let mut message = vec![0; length];
        random.fill_bytes(&mut message);
        let sum = bls12_381::hash_to_g2(HashVariant::RandomOracle, &message, DST, &[]);
        let point = bls12_381::G2::to_affine(&sum).expect("finite");
        assert_eq!(hash_on_card(&mut core, &message, DST), numbers(&point));
    }
}

fn numbers(point: &bls12_381::P2Affine) -> Vec<BigUint> {
    bls12_381::G2::encode(Some(point), Encoding::Eip2537)
        .chunks(64)
        .map(BigUint::from_bytes_be)
        .collect()
}

/// Bytes that may be signatures: members, points outside the group, and x without a point.
#[test]
fn signatures_are_read_as_blst_reads_them() {
    let mut random = ChaCha20Rng::seed_from_u64(4);
    let mut core = points::image().core();
    let (mut members, mut outside, mut nowhere) = (0, 0, 0);
    for round in 0..200 {
        let mut bytes = [0; 96];
        if round % 3 == 0 {
            let point = random_point::<bls12_381::G2>(&mut random);
            let point = if random.next_u32() % 2 == 0 {
                point
            } else {
                bls12_381::G2::negate(&point)
            };
            let encoded = bls12_381::G2::encode(Some(&point), Encoding::ZcashCompressed);
            bytes.copy_from_slice(&encoded);
        } else {
            random.fill_bytes(&mut bytes);
            // Below p for sure; the flags of a finite point, and any sign.
            bytes[0] = 0x80 | bytes[0] & 0x2f;
            bytes[48] &= 0x0f;
        }
        let greater = bytes[0] >> 5 & 1;
        let mut x = bytes;
        x[0] &= 0x1f;
        put(&mut core, points::COMPRESSED, &x[48..]);
        put(&mut core, points::COMPRESSED + 1, &x[..48]);
        put(&mut core, points::COMPRESSED + 2, &[greater]);
        run(&mut core, points::image(), "signature");
        let flag = |at| *core.register(at) == Wide::ONE;
        match bls12_381::G2::decompress(&bytes) {
            Ok(point) => {
                assert!(flag(points::ON_CURVE));
                let ours: Vec<BigUint> = (0..4).map(|at| big(&core, points::AFFINE + at)).collect();
                assert_eq!(ours, numbers(&point));
                let member = bls12_381::G2::in_subgroup(&point);
                assert_eq!(flag(points::IN_GROUP), member);
                *(if member { &mut members } else { &mut outside }) += 1;
            }
            Err(reason) => {
                assert_eq!(reason, InvalidReason::NotOnCurve);
                assert!(!flag(points::ON_CURVE) && !flag(points::IN_GROUP));
                nowhere += 1;
            }
        }
    }
    assert!(members > 50 && outside > 20 && nowhere > 20);
}

#[test]
fn multiples_are_those_of_blst() {
    type G = bls12_381::G1;
    let mut random = ChaCha20Rng::seed_from_u64(5);
    let mut core = points::image().core();
    let p = modulus();
    let edges = [0, 1, u64::MAX, 1 << 63];
    for round in 0..40 {
        let scalar = edges
            .get(round)
            .copied()
            .unwrap_or_else(|| random.next_u64());
        let point = random_point::<G>(&mut random);
        for (at, number) in
            (points::MULTIPLICAND..).zip(G::encode(Some(&point), Encoding::Eip2537).chunks(64))
        {
            put(&mut core, at, number);
        }
        core.set_register(points::SCALAR, Wide::from(scalar).shifted_left(432 - 64));
        run(&mut core, points::image(), "multiple");
        let [x, y, z] = [0, 1, 2].map(|at| big(&core, points::MULTIPLE + at));
        let inverse = z.modinv(&p).expect("finite");
        let square = &inverse * &inverse % &p;
        let ours = [x * &square % &p, y * square * inverse % &p];
        let expected =
            G::to_affine(&G::mul(&point, (1 << 64) + u128::from(scalar))).expect("finite");
        let expected = G::encode(Some(&expected), Encoding::Eip2537);
        let expected: Vec<BigUint> = expected.chunks(64).map(BigUint::from_bytes_be).collect();
        assert_eq!(ours[..], expected);
    }
}

/// Where the microcode's time goes is committed, and this is that.
#[test]
fn the_listings_are_those_of_this_microcode() {
    let text = microcode::listings();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/generated/microcode.txt");
    if std::env::var_os("TUTTI_WRITE_GENERATED").is_some() {
        std::fs::write(path, &text).expect("the folder can be written");
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        committed, text,
        "run: TUTTI_WRITE_GENERATED=1 cargo test -p tutti-hdl the_listings"
    );
}

#[test]
fn the_moduli_are_the_oracles() {
    assert_eq!(microcode::bls12_381::field().p, modulus());
    assert_eq!(
        microcode::bls12_381::field().p.to_bytes_be(),
        bls12_381::MODULUS
    );
    let generator = bn254::G1::encode(Some(&bn254::G1::generator()), Encoding::Eigensdk);
    let generator: Vec<BigUint> = generator.chunks(32).map(BigUint::from_bytes_be).collect();
    let p = microcode::bn254::field().p;
    let minus = bn254::G1::encode(
        Some(&bn254::G1::negate(&bn254::G1::generator())),
        Encoding::Eigensdk,
    );
    assert_eq!(
        &generator[1] + BigUint::from_bytes_be(&minus[32..]),
        p,
        "y and -y add up to the modulus"
    );
}
