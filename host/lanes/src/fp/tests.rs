use num_bigint::{BigInt, BigUint, Sign};

use super::{Field, Fp, LIMB, Plain, Sum, Wide};
use crate::Ifma;
use crate::element::{Element, ElementSum};
use crate::testing::{Oracle, Random};
use crate::vector::{Mask, V};

/// A field and big integers modulo its p.
struct Numbers<M: Field> {
    p: BigUint,
    /// 2^(52·LIMBS).
    r: BigUint,
    r_inverse: BigUint,
    field: core::marker::PhantomData<M>,
}

impl<M: Field> Numbers<M> {
    fn new() -> Self {
        let p = value::<M>(M::P);
        let r = BigUint::from(1u32) << (LIMB as usize * M::LIMBS);
        let r_inverse = r.modinv(&p).expect("p is prime");
        let field = core::marker::PhantomData;
        Self {
            p,
            r,
            r_inverse,
            field,
        }
    }

    fn montgomery(&self, a: &BigUint, b: &BigUint) -> BigUint {
        a * b * &self.r_inverse % &self.p
    }

    fn modulo(&self, n: BigInt) -> BigUint {
        let p = BigInt::from(self.p.clone());
        (((n % &p) + &p) % &p).to_biguint().expect("not negative")
    }

    /// All edge values of the range [0, 4p), then random ones.
    fn samples(&self, random: &mut Random, i: usize) -> [BigUint; 8] {
        let (p, one) = (&self.p, BigUint::from(1u32));
        let edges = [
            BigUint::ZERO,
            one.clone(),
            p - &one,
            p.clone(),
            p + &one,
            p * 2u32 - &one,
            p * 2u32,
            p * 3u32 + &one,
            p * 4u32 - &one,
            (one.clone() << (LIMB as usize * (M::LIMBS - 1))) - &one,
            (one.clone() << p.bits()) - &one,
            one << 52,
        ];
        core::array::from_fn(|lane| {
            if i < 2 * edges.len() && lane < 4 {
                edges[(i + lane * i.div_ceil(edges.len())) % edges.len()].clone()
            } else {
                BigUint::from_bytes_be(&random.bytes::<52>()) % (p * 4u32)
            }
        })
    }
}

fn value<M: Field>(limbs: M::Limbs<u64>) -> BigUint {
    let top_first = (0..M::LIMBS).rev();
    top_first.fold(BigUint::ZERO, |n, i| (n << LIMB) + limbs[i])
}

fn pack<M: Field>(isa: Ifma, n: &[BigUint; 8]) -> Fp<M> {
    let mut x = M::limbs(V::splat(isa, 0));
    for i in 0..M::LIMBS {
        let limbs = n.each_ref().map(|n| {
            let limb = n >> (LIMB as usize * i) & BigUint::from((1u64 << LIMB) - 1);
            limb.try_into().expect("52 bits")
        });
        x[i] = V::load(isa, &limbs);
    }
    Fp::checked(x)
}

fn unpack_limbs<M: Field>(x: &M::Limbs<V>) -> [BigUint; 8] {
    let stored: Vec<[u64; 8]> = (0..M::LIMBS).map(|i| x[i].store()).collect();
    core::array::from_fn(|lane| {
        let top_first = stored.iter().rev();
        top_first.fold(BigUint::ZERO, |n, limb| (n << LIMB) + limb[lane])
    })
}

fn unpack<M: Field>(x: &Fp<M>) -> [BigUint; 8] {
    unpack_limbs::<M>(&x.0)
}

for_both_curves! {
    constants_are_what_their_names_say,
    products_squares_and_sums_are_those_of_big_integers,
    sums_reduce_over_their_whole_range,
    wide_columns_at_their_limit_reduce_correctly,
    factors_and_short_reductions_at_their_limits,
    powers_and_inverses_are_those_of_big_integers,
    plain_integers_compare_and_convert,
    elements_are_those_of_the_oracle,
}

fn constants_are_what_their_names_say<M: Field>(_: Ifma) {
    let Numbers { p, r, .. } = &Numbers::<M>::new();
    let (value, one) = (value::<M>, BigUint::from(1u32));
    assert_eq!(value(M::NEG_P), r - p);
    assert_eq!(value(M::P_4), p * 4u32);
    assert_eq!(value(M::HALF_UP), (p + &one) / 2u32);
    assert_eq!(value(M::ONE), r % p);
    assert_eq!(value(M::HALF) * 2u32 % p, r % p);
    assert_eq!(value(M::FROM_PLAIN), r * r % p);
    let limb = BigUint::from(1u64 << LIMB);
    assert_eq!((p * M::NINV + &one) % &limb, BigUint::ZERO);
    assert_eq!(value(M::FOLD), (p * M::NINV + &one) / &limb);
    let bound = value(M::SUM_BELOW);
    assert_eq!(&bound % p, BigUint::ZERO);
    let unit = one << (LIMB * (M::LIMBS as u32 - 1) + M::QUOTIENT_SHIFT);
    let bias = bound / &unit - M::QUOTIENT_BIAS;
    assert!(bias == BigUint::from(1u32), "{bias}");
    assert_eq!(BigUint::from(M::QUOTIENT_SCALE), limb * unit / p);
}

fn products_squares_and_sums_are_those_of_big_integers<M: Field>(isa: Ifma) {
    let numbers = Numbers::<M>::new();
    let p = &numbers.p;
    let mut random = Random(1);
    for i in 0..300 {
        let a = numbers.samples(&mut random, i);
        let b = numbers.samples(&mut random, 7 * i + 1);
        let (x, y) = (pack::<M>(isa, &a), pack::<M>(isa, &b));
        let (mul, sqr) = (unpack(&x.mul(&y)), unpack(&x.sqr()));
        let mixed = x.sum() + x.sum() - y.sum().times_pow2::<3>();
        let (tight, neg) = (unpack(&mixed.tight()), unpack(&x.neg()));
        let (canonical, plain) = (unpack(&x.canonical()), unpack_limbs::<M>(&x.plain().0));
        let eight = unpack(&x.mul_sub_8_sqr(&y, &y));
        let (zero, same) = (mixed.is_zero(), x.equals(&y));
        for l in 0..8 {
            assert_eq!(&mul[l] % p, numbers.montgomery(&a[l], &b[l]));
            assert!(mul[l] < p * 3u32);
            assert_eq!(&sqr[l] % p, numbers.montgomery(&a[l], &a[l]));
            let expected = numbers.modulo(BigInt::from(&a[l] * 2u32) - BigInt::from(&b[l] * 8u32));
            assert_eq!(&tight[l] % p, expected);
            assert!(&tight[l] * 1000u32 < p * 1001u32);
            assert_eq!(zero.lane(l), expected == BigUint::ZERO);
            assert_eq!((&neg[l] + &a[l]) % p, BigUint::ZERO);
            assert_eq!(canonical[l], &a[l] % p);
            assert_eq!(plain[l], numbers.montgomery(&a[l], &BigUint::from(1u32)));
            assert_eq!(same.lane(l), &a[l] % p == &b[l] % p);
            let ab = BigInt::from(numbers.montgomery(&a[l], &b[l]));
            let bb = BigInt::from(numbers.montgomery(&b[l], &b[l]));
            assert_eq!(&eight[l] % p, numbers.modulo(ab - bb * 8));
        }
        let m = Mask(random.word() as u8);
        let chosen = unpack(&Fp::select(m, &x, &y));
        for l in 0..8 {
            assert_eq!(&chosen[l], if m.lane(l) { &a[l] } else { &b[l] });
        }
    }
}

fn sums_reduce_over_their_whole_range<M: Field>(isa: Ifma) {
    let numbers = Numbers::<M>::new();
    let mut random = Random(2);
    // What the other limbs' 2^58 leave the top one.
    let last = M::LIMBS - 1;
    let top = (M::SUM_BELOW[last] - M::P[last]).cast_signed() - 65;
    for i in 0..400u32 {
        let mut sum = Sum::<M>(M::limbs(V::splat(isa, 0)));
        let mut exact = [BigInt::ZERO; 8];
        for l in 0..M::LIMBS {
            let is_top = l == last;
            let limb: [i64; 8] = core::array::from_fn(|lane| {
                let x = random.word().cast_signed();
                match (i % 8, lane, is_top) {
                    (0, 0, true) => top,
                    (0, 1, true) => -top,
                    (0, 0, false) => (1 << 58) - 1,
                    (0, 1, false) => -(1 << 58) + 1,
                    (_, _, true) => x % top,
                    (_, _, false) => (x >> 5).clamp(-(1 << 58), 1 << 58),
                }
            });
            sum.0[l] = V::load(isa, &limb.map(i64::cast_unsigned));
            for lane in 0..8 {
                exact[lane] += BigInt::from(limb[lane]) << (LIMB as usize * l);
            }
        }
        let tight = unpack(&sum.tight());
        for lane in 0..8 {
            let difference = &exact[lane] - BigInt::from_biguint(Sign::Plus, tight[lane].clone());
            assert_eq!(difference % BigInt::from(numbers.p.clone()), BigInt::ZERO);
            assert!(&tight[lane] * 1000u32 < &numbers.p * 1001u32);
        }
    }
}

/// Columns up to their bound, with values as large as the field's table says.
fn wide_columns_at_their_limit_reduce_correctly<M: Field>(isa: Ifma) {
    let numbers = Numbers::<M>::new();
    let mut random = Random(3);
    let (last, bits) = (2 * M::LIMBS - 1, if M::WIDE_IS_FAR { 16 } else { 34 });
    let largest: BigUint = (&numbers.p * &numbers.p) << bits;
    let top: i64 = (largest >> (LIMB as usize * last))
        .try_into()
        .expect("fits the top column");
    // The columns below the top, with their carries, are worth up to 4096 of it.
    let top = top - 4096;
    assert!(top > 0);
    for i in 0..400 {
        let mut wide = Wide::<M>(M::columns(V::splat(isa, 0)));
        let mut exact = [BigInt::ZERO; 8];
        for k in 0..=last {
            let column: [i64; 8] = core::array::from_fn(|lane| {
                let (limit, x) = (M::COLUMN_BELOW, random.word().cast_signed());
                match (i % 4, lane, k == last) {
                    (0, 0, true) => top,
                    (0, 1, true) => -top,
                    (0, 0, false) => limit,
                    (0, 1, false) => -limit,
                    (_, _, true) => x % top,
                    (_, _, false) => x % limit,
                }
            });
            wide.0[k] = V::load(isa, &column.map(i64::cast_unsigned));
            for lane in 0..8 {
                exact[lane] += BigInt::from(column[lane]) << (LIMB as usize * k);
            }
        }
        let reduced = unpack(&wide.reduce());
        for lane in 0..8 {
            let back = &reduced[lane] * &numbers.r % &numbers.p;
            assert_eq!(back, numbers.modulo(exact[lane].clone()));
            assert!(reduced[lane] < &numbers.p * 4u32);
        }
    }
}

fn factors_and_short_reductions_at_their_limits<M: Field>(isa: Ifma) {
    let numbers = Numbers::<M>::new();
    let p = &numbers.p;
    let mut random = Random(9);
    for i in 0..100 {
        let a = numbers.samples(&mut random, i);
        let b = numbers.samples(&mut random, 5 * i + 2);
        let (x, y) = (pack::<M>(isa, &a), pack::<M>(isa, &b));
        let (f, g) = (*x.factor() + *y.factor(), *y.factor() + *y.factor());
        let product = unpack(&f.wide_mul(&g).reduce_product());
        let square = unpack(&(x.wide_sqr() - y.wide_sqr()).reduce_difference());
        let by_difference = unpack(&f.wide_mul(&x.factor().minus(&y)).reduce_product());
        for l in 0..8 {
            let expected = numbers.montgomery(&(&a[l] + &b[l]), &(&b[l] * 2u32));
            assert_eq!(&product[l] % p, expected);
            let aa = BigInt::from(numbers.montgomery(&a[l], &a[l]));
            let difference = numbers.modulo(aa - BigInt::from(numbers.montgomery(&b[l], &b[l])));
            assert_eq!(&square[l] % p, difference);
            assert_eq!(&by_difference[l] % p, difference);
            assert!(product[l] < p * 3u32 && square[l] < p * 4u32);
        }
    }
}

fn powers_and_inverses_are_those_of_big_integers<M: Field>(isa: Ifma) {
    let numbers = Numbers::<M>::new();
    let (p, r) = (&numbers.p, &numbers.r);
    let mut random = Random(4);
    for i in 0..6 {
        let a = numbers.samples(&mut random, i);
        let b = numbers.samples(&mut random, i + 6);
        let both = [pack::<M>(isa, &a), pack::<M>(isa, &b)];
        let powers = Fp::root_power(&both).each_ref().map(unpack);
        let (roots, exist) = Fp::roots(&both);
        let roots = roots.each_ref().map(unpack);
        let inverse = unpack(&both[0].invert());
        for l in 0..8 {
            for (n, x) in [&a, &b].into_iter().enumerate() {
                let plain = &x[l] * &numbers.r_inverse % p;
                let expected = plain.modpow(&((p - 3u32) / 4u32), p) * r % p;
                assert_eq!(&powers[n][l] % p, expected);
                let root = plain.modpow(&((p + 1u32) / 4u32), p);
                assert_eq!(&roots[n][l] % p, &root * r % p);
                assert_eq!(exist[n].lane(l), &root * &root % p == plain);
            }
            let zero = &a[l] % p == BigUint::ZERO;
            let product = numbers.montgomery(&inverse[l], &a[l]);
            assert_eq!(product, if zero { BigUint::ZERO } else { r % p });
        }
    }
}

fn plain_integers_compare_and_convert<M: Field>(isa: Ifma) {
    let numbers = Numbers::<M>::new();
    let (p, half) = (&numbers.p, (&numbers.p - 1u32) / 2u32);
    let mut random = Random(5);
    for i in 0..100 {
        let a: [BigUint; 8] = core::array::from_fn(|l| match (i, l) {
            (0, 0) => BigUint::ZERO,
            (0, 1) => p - 1u32,
            (0, 2) => half.clone(),
            (0, 3) => &half + 1u32,
            (0, 4) => p.clone(),
            (0, 5) => (BigUint::from(1u32) << (64 * M::WORDS)) - 1u32,
            (0, 6) => p + 1u32,
            (0, 7) => p * 5u32,
            _ => BigUint::from_bytes_be(&random.bytes::<48>()[..8 * M::WORDS]),
        });
        let words: [[u64; 8]; 8] = core::array::from_fn(|w| {
            let word = |n: &BigUint| n >> (64 * w) & BigUint::from(u64::MAX);
            a.each_ref().map(|n| word(n).try_into().expect("64 bits"))
        });
        let plain = Plain::<M>::from_words(&words.each_ref().map(|word| V::load(isa, word)));
        assert_eq!(plain.words().map(V::store), words);
        let back = unpack_limbs::<M>(&plain.element().plain().0);
        for l in 0..8 {
            assert_eq!(plain.below_p().lane(l), a[l] < *p);
            assert_eq!(plain.is_zero().lane(l), a[l] == BigUint::ZERO);
            assert_eq!(plain.is_odd().lane(l), a[l].bit(0));
            if a[l] < *p {
                assert_eq!(plain.above_half().lane(l), a[l] > half);
            }
            assert_eq!(back[l], &a[l] % p);
        }
    }
}

fn elements_are_those_of_the_oracle<M: Oracle>(isa: Ifma) {
    let mut random = Random(6);
    for _ in 0..200 {
        let [a, b] = [(); 2].map(|()| [(); 8].map(|()| M::fp(&mut random)));
        let [x, y] = [&a, &b].map(|a| Fp::<M>::from_scalar(isa, a.each_ref()));
        assert_eq!(x.to_scalar(), a);
        assert_eq!(x.with_largest_representation().to_scalar(), a);
        assert_eq!(x.rotate::<3>().to_scalar()[0], a[3]);
        let gathered = Fp::<M>::gather(isa, x.scatter().each_ref());
        assert_eq!(gathered.to_scalar(), a);
        let (mul, inverse) = (x.mul(&y).to_scalar(), x.invert().to_scalar());
        let difference = (x.sum() - y.sum()).tight();
        let back = (difference.sum() + y.sum()).tight().to_scalar();
        let one = Fp::<M>::one(isa).to_scalar()[0];
        for l in 0..8 {
            assert_eq!(mul[l], M::multiply_scalar(&a[l], &b[l]));
            assert_eq!(back[l], a[l]);
            let is_zero = a[l] == M::Scalar::default();
            let product = M::multiply_scalar(&inverse[l], &a[l]);
            assert_eq!(product, if is_zero { a[l] } else { one });
        }
    }
}
