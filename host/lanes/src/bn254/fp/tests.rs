use ark_bn254::Fq;
use ark_ff::Field;
use num_bigint::{BigInt, BigUint, Sign};

use super::{Fp, Limbs, Plain, Sum, Wide, consts};
use crate::Ifma;
use crate::element::{Element, ElementSum};
use crate::testing::Random;
use crate::vector::{Mask, V};

fn value(limbs: &Limbs) -> BigUint {
    limbs
        .iter()
        .rev()
        .fold(BigUint::ZERO, |n, &l| (n << 52) + l)
}

fn limbs(n: &BigUint) -> Limbs {
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
        (one.clone() << 208) - &one,
        (one.clone() << 254) - &one,
        one << 52,
    ];
    core::array::from_fn(|lane| {
        if i < 2 * edges.len() && lane < 4 {
            edges[(i + lane * i.div_ceil(edges.len())) % edges.len()].clone()
        } else {
            BigUint::from_bytes_be(&random.bytes::<34>()) % (&p * 4u32)
        }
    })
}

fn montgomery(a: &BigUint, b: &BigUint) -> BigUint {
    let r: BigUint = (BigUint::from(1u32) << 260) % p();
    a * b * r.modinv(&p()).expect("p is prime") % p()
}

fn modulo(n: BigInt) -> BigUint {
    let p = BigInt::from(p());
    (((n % &p) + &p) % &p).to_biguint().expect("not negative")
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
        let (tight, neg) = (unpack(&mixed.tight()), unpack(&x.neg()));
        let (canonical, plain) = (unpack(&x.canonical()), unpack(&Fp(x.plain().0)));
        let eight = unpack(&x.mul_sub_8_sqr(&y, &y));
        let (zero, same) = (mixed.is_zero(), x.equals(&y));
        for l in 0..8 {
            assert_eq!(&mul[l] % p(), montgomery(&a[l], &b[l]));
            assert!(mul[l] < p() * 3u32);
            assert_eq!(&sqr[l] % p(), montgomery(&a[l], &a[l]));
            let expected = modulo(BigInt::from(&a[l] * 2u32) - BigInt::from(&b[l] * 8u32));
            assert_eq!(&tight[l] % p(), expected);
            assert!(&tight[l] * 1000u32 < p() * 1001u32);
            assert_eq!(zero.lane(l), expected == BigUint::ZERO);
            assert_eq!((&neg[l] + &a[l]) % p(), BigUint::ZERO);
            assert_eq!(canonical[l], &a[l] % p());
            assert_eq!(plain[l], montgomery(&a[l], &BigUint::from(1u32)));
            assert_eq!(same.lane(l), &a[l] % p() == &b[l] % p());
            let ab = BigInt::from(montgomery(&a[l], &b[l]));
            let bb = BigInt::from(montgomery(&b[l], &b[l]));
            assert_eq!(&eight[l] % p(), modulo(ab - bb * 8));
        }
        let m = Mask(random.word() as u8);
        let chosen = unpack(&Fp::select(m, &x, &y));
        for l in 0..8 {
            assert_eq!(&chosen[l], if m.lane(l) { &a[l] } else { &b[l] });
        }
    }
}

#[test]
fn sums_reduce_over_their_whole_range() {
    let isa = isa_or_skip!();
    let mut random = Random(2);
    // 1023p / 2^208, which leaves the other limbs their 2^58.
    let top = 1023 * consts::P[4].cast_signed();
    for i in 0..400u32 {
        let raw: [[i64; 8]; 5] = core::array::from_fn(|l| {
            core::array::from_fn(|lane| {
                let x = random.word().cast_signed();
                match (i % 8, lane, l) {
                    (0, 0, 4) => top,
                    (0, 1, 4) => -top,
                    (0, 0, _) => (1 << 58) - 1,
                    (0, 1, _) => -(1 << 58) + 1,
                    (_, _, 4) => x % top,
                    _ => x >> 5,
                }
            })
        });
        let raw = raw.map(|l| l.map(|x| x.clamp(-(1 << 58), 1 << 58)));
        let sum = Sum(raw.map(|l| V::load(isa, &l.map(i64::cast_unsigned))));
        let tight = unpack(&sum.tight());
        for lane in 0..8 {
            let exact = (0..5)
                .rev()
                .fold(BigInt::ZERO, |n, l| (n << 52) + raw[l][lane]);
            let difference: BigInt = exact - BigInt::from_biguint(Sign::Plus, tight[lane].clone());
            assert_eq!(difference % BigInt::from(p()), BigInt::ZERO);
            assert!(&tight[lane] * 1000u32 < p() * 1001u32);
        }
    }
}

/// Columns up to ±1800 · 2^52 with values up to ±2^16 p².
#[test]
fn wide_columns_at_their_limit_reduce_correctly() {
    let isa = isa_or_skip!();
    let mut random = Random(3);
    let p2: BigUint = (p() * p()) << 16;
    let top: i64 = (p2 >> 468u32).try_into().expect("fits the top column");
    for i in 0..400 {
        let raw: [[i64; 8]; 10] = core::array::from_fn(|column| {
            core::array::from_fn(|lane| {
                let (limit, x) = (1800i64 << 52, random.word().cast_signed());
                match (i % 4, lane, column) {
                    (0, 0, 9) => top - 4096,
                    (0, 1, 9) => 4096 - top,
                    (0, 0, _) => limit,
                    (0, 1, _) => -limit,
                    (_, _, 9) => x % (top - 4096),
                    _ => x % limit,
                }
            })
        });
        let wide = Wide(raw.map(|column| V::load(isa, &column.map(i64::cast_unsigned))));
        let reduced = unpack(&wide.reduce());
        for lane in 0..8 {
            let exact = (0..10)
                .rev()
                .fold(BigInt::ZERO, |n, k| (n << 52) + raw[k][lane]);
            let back: BigUint = (&reduced[lane] << 260) % p();
            assert_eq!(back, modulo(exact));
            assert!(&reduced[lane] * 1000u32 < p() * 1001u32);
        }
    }
}

#[test]
fn factors_and_short_reductions_at_their_limits() {
    let isa = isa_or_skip!();
    let mut random = Random(9);
    for i in 0..100 {
        let (a, b) = (samples(&mut random, i), samples(&mut random, 5 * i + 2));
        let (x, y) = (pack(isa, &a), pack(isa, &b));
        let (f, g) = (*x.factor() + *y.factor(), *y.factor() + *y.factor());
        let product = unpack(&f.wide_mul(&g).reduce_product());
        let square = unpack(&(x.wide_sqr() - y.wide_sqr()).reduce_difference());
        for l in 0..8 {
            assert_eq!(
                &product[l] % p(),
                montgomery(&(&a[l] + &b[l]), &(&b[l] * 2u32))
            );
            let (aa, bb) = (montgomery(&a[l], &a[l]), montgomery(&b[l], &b[l]));
            assert_eq!(
                &square[l] % p(),
                modulo(BigInt::from(aa) - BigInt::from(bb))
            );
            assert!(product[l] < p() * 3u32 && square[l] < p() * 4u32);
        }
    }
}

#[test]
fn powers_and_inverses_are_those_of_big_integers() {
    let isa = isa_or_skip!();
    let mut random = Random(4);
    let r: BigUint = (BigUint::from(1u32) << 260) % p();
    let r_inverse = r.modinv(&p()).expect("p is prime");
    for i in 0..6 {
        let (a, b) = (samples(&mut random, i), samples(&mut random, i + 6));
        let both = [pack(isa, &a), pack(isa, &b)];
        let powers = Fp::root_power(&both).each_ref().map(unpack);
        let (roots, exist) = Fp::roots(&both);
        let roots = roots.each_ref().map(unpack);
        let inverse = unpack(&both[0].invert());
        for l in 0..8 {
            for (n, x) in [&a, &b].into_iter().enumerate() {
                let plain = &x[l] * &r_inverse % p();
                let expected = plain.modpow(&((p() - 3u32) / 4u32), &p()) * &r % p();
                assert_eq!(&powers[n][l] % p(), expected);
                let root = plain.modpow(&((p() + 1u32) / 4u32), &p());
                assert_eq!(&roots[n][l] % p(), &root * &r % p());
                assert_eq!(exist[n].lane(l), &root * &root % p() == plain);
            }
            let zero = &a[l] % p() == BigUint::ZERO;
            let product = montgomery(&inverse[l], &a[l]);
            assert_eq!(product, if zero { BigUint::ZERO } else { r.clone() });
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
            (0, 5) => (BigUint::from(1u32) << 256) - 1u32,
            (0, 6) => p() + 1u32,
            (0, 7) => p() * 5u32,
            _ => BigUint::from_bytes_be(&random.bytes::<32>()),
        });
        let words: [[u64; 8]; 4] = core::array::from_fn(|w| {
            core::array::from_fn(|l| {
                (&a[l] >> (64 * w) & BigUint::from(u64::MAX))
                    .try_into()
                    .expect("64 bits")
            })
        });
        let plain = Plain::from_words(words.each_ref().map(|word| V::load(isa, word)));
        assert_eq!(plain.words().map(V::store), words);
        let back = unpack(&Fp(plain.element().plain().0));
        for l in 0..8 {
            assert_eq!(plain.below_p().lane(l), a[l] < p());
            assert_eq!(plain.is_zero().lane(l), a[l] == BigUint::ZERO);
            if a[l] < p() {
                assert_eq!(plain.above_half().lane(l), a[l] > half);
            }
            assert_eq!(back[l], &a[l] % p());
        }
    }
}

#[test]
fn elements_are_those_of_arkworks() {
    let isa = isa_or_skip!();
    let mut random = Random(6);
    for _ in 0..200 {
        let a: [Fq; 8] = core::array::from_fn(|_| random.fq());
        let b: [Fq; 8] = core::array::from_fn(|_| random.fq());
        let (x, y) = (
            Fp::from_ark(isa, a.each_ref()),
            Fp::from_ark(isa, b.each_ref()),
        );
        assert_eq!(x.to_ark(), a);
        assert_eq!(x.rotate::<3>().to_ark()[0], a[3]);
        assert_eq!(Fp::gather(isa, x.scatter().each_ref()).to_ark(), a);
        let mul = x.mul(&y).to_ark();
        let difference = (x.sum() - y.sum()).tight().to_ark();
        let inverse = x.invert().to_ark();
        for l in 0..8 {
            assert_eq!(mul[l], a[l] * b[l]);
            assert_eq!(difference[l], a[l] - b[l]);
            assert_eq!(inverse[l], a[l].inverse().unwrap_or_default());
        }
    }
}
