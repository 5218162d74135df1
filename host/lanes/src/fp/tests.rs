use num_bigint::{BigInt, BigUint, Sign};

use super::{Fp, Plain, Sum, consts};
use crate::Ifma;
use crate::testing::Random;
use crate::vector::{Mask, V};

fn value(limbs: &[u64; 8]) -> BigUint {
    limbs
        .iter()
        .rev()
        .fold(BigUint::ZERO, |n, &l| (n << 52) + l)
}

fn limbs(n: &BigUint) -> [u64; 8] {
    core::array::from_fn(|i| {
        (n >> (52 * i) & BigUint::from((1u64 << 52) - 1))
            .try_into()
            .expect("52 bits")
    })
}

fn p() -> BigUint {
    value(&consts::P)
}

fn pack(isa: Ifma, n: &[BigUint; 8]) -> Fp {
    let lanes = n.each_ref().map(limbs);
    Fp::checked(core::array::from_fn(|i| {
        V::load(isa, &core::array::from_fn(|lane| lanes[lane][i]))
    }))
}

fn unpack(x: &Fp) -> [BigUint; 8] {
    let stored = x.0.map(V::store);
    core::array::from_fn(|lane| value(&stored.map(|l| l[lane])))
}

/// All edge values of the range [0, 4p), then random ones.
fn samples(random: &mut Random, i: usize) -> [BigUint; 8] {
    let p = p();
    let one = BigUint::from(1u32);
    let edges = [
        BigUint::ZERO,
        one.clone(),
        &p - &one,
        p.clone(),
        &p + &one,
        &p * 2u32 - &one,
        &p * 2u32,
        &p * 3u32 + &one,
        &p * 4u32 - &one,
        (one.clone() << 364) - &one,
        (one.clone() << 381) - &one,
        one << 52,
    ];
    core::array::from_fn(|lane| {
        if i < 2 * edges.len() && lane < 4 {
            edges[(i + lane * i.div_ceil(edges.len())) % edges.len()].clone()
        } else {
            BigUint::from_bytes_be(&random.bytes::<52>()) % (&p * 4u32)
        }
    })
}

fn montgomery(a: &BigUint, b: &BigUint) -> BigUint {
    let r: BigUint = (BigUint::from(1u32) << 416) % p();
    a * b * r.modinv(&p()).expect("p is prime") % p()
}

#[test]
fn products_squares_and_sums_are_those_of_big_integers() {
    let isa = isa_or_skip!();
    let mut random = Random(1);
    for i in 0..300 {
        let (a, b) = (samples(&mut random, i), samples(&mut random, 7 * i + 1));
        let (x, y) = (pack(isa, &a), pack(isa, &b));
        let (mul, sqr) = (unpack(&x.mul(&y)), unpack(&x.sqr()));
        let mixed = x.sum() + x.sum() - y.sum().times_pow2::<3>();
        let (tight, neg) = (unpack(&mixed.tight()), unpack(&(-x.sum()).tight()));
        let (canonical, plain) = (unpack(&x.canonical()), unpack(&Fp(x.plain().0)));
        let (zero, same) = (mixed.is_zero(), x.equals(&y));
        for l in 0..8 {
            assert_eq!(&mul[l] % p(), montgomery(&a[l], &b[l]));
            assert!(mul[l] < p() * 3u32);
            assert_eq!(&sqr[l] % p(), montgomery(&a[l], &a[l]));
            let expected =
                BigInt::from(&a[l] * 2u32) - BigInt::from(&b[l] * 8u32) + BigInt::from(p() * 64u32);
            let expected = expected.to_biguint().expect("positive") % p();
            assert_eq!(&tight[l] % p(), expected);
            assert!(&tight[l] * 1000u32 < p() * 1001u32);
            assert_eq!(zero.lane(l), expected == BigUint::ZERO);
            assert_eq!((&neg[l] + &a[l]) % p(), BigUint::ZERO);
            assert_eq!(canonical[l], &a[l] % p());
            assert_eq!(plain[l], montgomery(&a[l], &BigUint::from(1u32)));
            assert_eq!(same.lane(l), &a[l] % p() == &b[l] % p());
        }
        let m = Mask(random.word() as u8);
        let chosen = unpack(&Fp::select(m, &x, &y));
        for l in 0..8 {
            assert_eq!(
                chosen[l],
                if m.lane(l) {
                    a[l].clone()
                } else {
                    b[l].clone()
                }
            );
        }
    }
}

#[test]
fn sums_reduce_over_their_whole_range() {
    let isa = isa_or_skip!();
    let mut random = Random(2);
    for i in 0..200u32 {
        // Limbs up to the stated 2^58 with either sign, top limb up to 4000p.
        let raw: [[i64; 8]; 8] = core::array::from_fn(|l| {
            core::array::from_fn(|lane| {
                let bits = if l == 7 { 35 } else { 5 };
                let x = random.word().cast_signed() >> bits;
                match (i, lane) {
                    (0, 0) => (1 << 58) - 1,
                    (0, 1) if l < 7 => -(1 << 58),
                    _ => x,
                }
            })
        });
        let raw = raw.map(|l| l.map(|x| x.clamp(-(1 << 58), 1 << 58)));
        let mut raw = raw;
        raw[7] = raw[7].map(|x| x.clamp(-400_000_000, 400_000_000));
        let sum = Sum(raw.map(|l| V::load(isa, &l.map(i64::cast_unsigned))));
        let tight = unpack(&sum.tight());
        for lane in 0..8 {
            let exact = (0..8)
                .rev()
                .fold(BigInt::ZERO, |n, l| (n << 52) + raw[l][lane]);
            let difference: BigInt = exact - BigInt::from_biguint(Sign::Plus, tight[lane].clone());
            assert_eq!(difference % BigInt::from(p()), BigInt::ZERO);
            assert!(&tight[lane] * 1000u32 < p() * 1001u32);
        }
    }
}

#[test]
fn wide_columns_at_their_limit_reduce_correctly() {
    let isa = isa_or_skip!();
    let mut random = Random(3);
    for _ in 0..200 {
        let (a, b) = (samples(&mut random, 1000), samples(&mut random, 1000));
        let (x, y) = (pack(isa, &a), pack(isa, &b));
        let (xx, yy) = (super::square_of(&x.0), super::square_of(&y.0));
        let mut sum = xx;
        for _ in 0..30 {
            sum = sum + xx - yy;
        }
        let reduced = unpack(&super::reduce::<true>(&sum));
        for l in 0..8 {
            let back: BigUint = (&reduced[l] << 416) % p();
            let expected =
                (&a[l] * &a[l] * 31u32 + (p() * p() - &b[l] % p() * (&b[l] % p())) * 30u32) % p();
            assert_eq!(back, expected);
        }
    }
}

#[test]
fn powers_and_inverses_are_those_of_big_integers() {
    let isa = isa_or_skip!();
    let mut random = Random(4);
    let r: BigUint = (BigUint::from(1u32) << 416) % p();
    let r_inverse = r.modinv(&p()).expect("p is prime");
    for i in 0..6 {
        let (a, b) = (samples(&mut random, i), samples(&mut random, i + 6));
        let powers = Fp::root_power(&[pack(isa, &a), pack(isa, &b)])
            .each_ref()
            .map(unpack);
        let inverse = unpack(&pack(isa, &a).invert());
        for l in 0..8 {
            for (power, x) in powers.iter().zip([&a, &b]) {
                let plain = &x[l] * &r_inverse % p();
                let expected = plain.modpow(&((p() - 3u32) / 4u32), &p()) * &r % p();
                assert_eq!(&power[l] % p(), expected);
            }
            let product = montgomery(&inverse[l], &a[l]);
            assert_eq!(
                product,
                if &a[l] % p() == BigUint::ZERO {
                    BigUint::ZERO
                } else {
                    r.clone()
                }
            );
        }
    }
}

#[test]
fn plain_integers_compare_and_convert() {
    let isa = isa_or_skip!();
    let mut random = Random(5);
    let half = (p() - 1u32) / 2u32;
    for i in 0..100 {
        let a: [BigUint; 8] = core::array::from_fn(|l| match (i, l) {
            (0, 0) => BigUint::ZERO,
            (0, 1) => p() - 1u32,
            (0, 2) => half.clone(),
            (0, 3) => &half + 1u32,
            (0, 4) => p(),
            (0, 5) => (BigUint::from(1u32) << 384) - 1u32,
            (0, 6) => p() + 1u32,
            _ => BigUint::from_bytes_be(&random.bytes::<48>()) % (p() + 5u32),
        });
        let words: [[u64; 8]; 6] = core::array::from_fn(|w| {
            core::array::from_fn(|l| {
                (&a[l] >> (64 * w) & BigUint::from(u64::MAX))
                    .try_into()
                    .expect("64 bits")
            })
        });
        let plain = Plain::from_words(isa, &words);
        assert_eq!(plain.words(), words);
        let back = unpack(&Fp(plain.element().plain().0));
        for l in 0..8 {
            assert_eq!(plain.below_p().lane(l), a[l] < p());
            assert_eq!(plain.is_zero().lane(l), a[l] == BigUint::ZERO);
            assert_eq!(plain.is_odd().lane(l), a[l].bit(0));
            if a[l] < p() {
                assert_eq!(plain.above_half().lane(l), a[l] > half);
            }
            assert_eq!(back[l], &a[l] % p());
        }
    }
}

#[test]
fn products_are_those_of_blst() {
    let isa = isa_or_skip!();
    let mut random = Random(6);
    for _ in 0..200 {
        let a: [blst::blst_fp; 8] = core::array::from_fn(|_| random.fp());
        let b: [blst::blst_fp; 8] = core::array::from_fn(|_| random.fp());
        let (x, y) = (
            Fp::from_blst(isa, a.each_ref()),
            Fp::from_blst(isa, b.each_ref()),
        );
        assert_eq!(x.to_blst(), a);
        let mul = x.mul(&y).to_blst();
        let difference = (x.sum() - y.sum()).tight().to_blst();
        for l in 0..8 {
            let mut expected = blst::blst_fp::default();
            // SAFETY: plain values of the types that blst asks for.
            unsafe { blst::blst_fp_mul(&raw mut expected, &raw const a[l], &raw const b[l]) };
            assert_eq!(mul[l], expected);
            // SAFETY: as above.
            unsafe { blst::blst_fp_sub(&raw mut expected, &raw const a[l], &raw const b[l]) };
            assert_eq!(difference[l], expected);
        }
    }
    assert_eq!(
        Fp::one(isa).to_blst()[0],
        Fp::from_blst(isa, [&Fp::one(isa).to_blst()[3]; 8]).to_blst()[5]
    );
}
