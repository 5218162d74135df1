//! Points and values as the device holds them: 32-bit words, least significant first, in
//! Montgomery form, which is blst's and arkworks' own.

use ark_bn254::{Fq, Fq2, Fq6, Fq12, g1, g2};
use ark_ec::short_weierstrass::{Affine, Projective};
use ark_ff::{BigInt, PrimeField};
use rayon::prelude::*;
use tutti_curves::bls12_381::{Fp12, P1, P1Affine, P2, P2Affine};
use tutti_curves::{Curve, Group, Wire, bls12_381, bn254};
use tutti_types::Encoding;

use crate::program::Table;

/// Something made of field elements.
pub(crate) trait Words: Copy {
    const WORDS: usize;
    fn put(&self, words: &mut Vec<u32>);
    /// None where a word is not what an honest device stores: a coordinate not below the modulus.
    fn take(words: &[u32]) -> Option<Self>;
}

const fn limbs<const N: usize>(modulus: [u8; 48]) -> [u64; N] {
    let mut limbs = [0; N];
    let mut at = 0;
    while at < 8 * N {
        limbs[at / 8] |= (modulus[47 - at] as u64) << (8 * (at % 8));
        at += 1;
    }
    limbs
}

const BLS_MODULUS: [u64; 6] = limbs(bls12_381::MODULUS);

fn below<const N: usize>(limbs: &[u64; N], modulus: &[u64; N]) -> bool {
    limbs.iter().rev().lt(modulus.iter().rev())
}

fn put_limbs(limbs: &[u64], words: &mut Vec<u32>) {
    words.extend(
        limbs
            .iter()
            .flat_map(|limb| [*limb as u32, (*limb >> 32) as u32]),
    );
}

fn take_limbs<const N: usize>(words: &[u32], modulus: &[u64; N]) -> Option<[u64; N]> {
    let limbs: [u64; N] =
        std::array::from_fn(|at| u64::from(words[2 * at]) | u64::from(words[2 * at + 1]) << 32);
    below(&limbs, modulus).then_some(limbs)
}

impl Words for blst::blst_fp {
    const WORDS: usize = 12;
    fn put(&self, words: &mut Vec<u32>) {
        put_limbs(&self.l, words);
    }
    fn take(words: &[u32]) -> Option<Self> {
        take_limbs(words, &BLS_MODULUS).map(|l| Self { l })
    }
}

impl Words for Fq {
    const WORDS: usize = 8;
    fn put(&self, words: &mut Vec<u32>) {
        put_limbs(&self.0.0, words);
    }
    fn take(words: &[u32]) -> Option<Self> {
        take_limbs(words, &Self::MODULUS.0).map(|limbs| Self::new_unchecked(BigInt(limbs)))
    }
}

/// A composite: its parts one after the other.
macro_rules! words_of_parts {
    ($type:ty, $part:ty, $($field:tt $([$index:literal])?),+ => $make:expr) => {
        impl Words for $type {
            const WORDS: usize = <$part as Words>::WORDS * [$(stringify!($field $($index)?)),+].len();
            fn put(&self, words: &mut Vec<u32>) {
                $(self.$field$([$index])?.put(words);)+
            }
            fn take(words: &[u32]) -> Option<Self> {
                let mut parts = words.chunks_exact(<$part as Words>::WORDS).map(<$part>::take);
                let mut next = || parts.next().flatten();
                #[allow(clippy::redundant_closure_call)] // The macro's caller says how parts make a whole.
                ($make)(&mut next)
            }
        }
    };
}

type Next<'a, T> = &'a mut dyn FnMut() -> Option<T>;

words_of_parts!(blst::blst_fp2, blst::blst_fp, fp[0], fp[1] =>
    |next: Next<'_, blst::blst_fp>| Some(Self { fp: [next()?, next()?] }));
words_of_parts!(blst::blst_fp6, blst::blst_fp2, fp2[0], fp2[1], fp2[2] =>
    |next: Next<'_, blst::blst_fp2>| Some(Self { fp2: [next()?, next()?, next()?] }));
words_of_parts!(Fp12, blst::blst_fp6, fp6[0], fp6[1] =>
    |next: Next<'_, blst::blst_fp6>| Some(Self { fp6: [next()?, next()?] }));
words_of_parts!(P1Affine, blst::blst_fp, x, y =>
    |next: Next<'_, blst::blst_fp>| Some(Self { x: next()?, y: next()? }));
words_of_parts!(P2Affine, blst::blst_fp2, x, y =>
    |next: Next<'_, blst::blst_fp2>| Some(Self { x: next()?, y: next()? }));
words_of_parts!(P1, blst::blst_fp, x, y, z =>
    |next: Next<'_, blst::blst_fp>| Some(Self { x: next()?, y: next()?, z: next()? }));
words_of_parts!(P2, blst::blst_fp2, x, y, z =>
    |next: Next<'_, blst::blst_fp2>| Some(Self { x: next()?, y: next()?, z: next()? }));
words_of_parts!(Fq2, Fq, c0, c1 => |next: Next<'_, Fq>| Some(Self::new(next()?, next()?)));
words_of_parts!(Fq6, Fq2, c0, c1, c2 =>
    |next: Next<'_, Fq2>| Some(Self::new(next()?, next()?, next()?)));
words_of_parts!(Fq12, Fq6, c0, c1 => |next: Next<'_, Fq6>| Some(Self::new(next()?, next()?)));
words_of_parts!(Affine<g1::Config>, Fq, x, y =>
    |next: Next<'_, Fq>| Some(Self::new_unchecked(next()?, next()?)));
words_of_parts!(Affine<g2::Config>, Fq2, x, y =>
    |next: Next<'_, Fq2>| Some(Self::new_unchecked(next()?, next()?)));
words_of_parts!(Projective<g1::Config>, Fq, x, y, z =>
    |next: Next<'_, Fq>| Some(Self::new_unchecked(next()?, next()?, next()?)));
words_of_parts!(Projective<g2::Config>, Fq2, x, y, z =>
    |next: Next<'_, Fq2>| Some(Self::new_unchecked(next()?, next()?, next()?)));

/// A point that may be infinity, which is all zeros.
impl<T: Words> Words for Option<T> {
    const WORDS: usize = T::WORDS;
    fn put(&self, words: &mut Vec<u32>) {
        match self {
            Some(point) => point.put(words),
            None => words.extend(std::iter::repeat_n(0, T::WORDS)),
        }
    }
    fn take(words: &[u32]) -> Option<Self> {
        if words.iter().all(|&word| word == 0) {
            return Some(None);
        }
        T::take(words).map(Some)
    }
}

/// A group that the kernels know.
pub(crate) trait DeviceGroup: Group<Affine: Words, Sum: Words> {
    /// What its entry points' names begin with.
    const NAME: &'static str;
    /// The compressed form that the kernels read.
    const COMPRESSED: Encoding;
    const UNCOMPRESSED: Encoding;
    /// Where its keys stay, if it has keys.
    const TABLE: Option<Table>;
    /// Bytes of a compressed point.
    const BYTES: usize;
    /// The kernels' endomorphism multiplies by the square of this (modulo the order).
    const EIGENVALUE_ROOT: u128;
}

/// A curve that the kernels know.
pub(crate) trait DeviceCurve: Curve<Gt: Words, G1: DeviceGroup, G2: DeviceGroup> {
    const NAME: &'static str;
}

/// The parameter of BLS12-381, without its sign.
const BLS_ROOT: u128 = 0xd201_0000_0001_0000;
/// The field's modulus modulo the group's order, for BN254 with its parameter u: 6u².
const BN_ROOT: u128 = 6 * 0x44e9_92b4_4a69_09f1 * 0x44e9_92b4_4a69_09f1;

macro_rules! device_group {
    ($group:ty, $name:literal, $compressed:ident, $uncompressed:ident, $bytes:literal, $root:ident, $table:expr) => {
        impl DeviceGroup for $group {
            const NAME: &'static str = $name;
            const COMPRESSED: Encoding = Encoding::$compressed;
            const UNCOMPRESSED: Encoding = Encoding::$uncompressed;
            const TABLE: Option<Table> = $table;
            const BYTES: usize = $bytes;
            const EIGENVALUE_ROOT: u128 = $root;
        }
    };
}

device_group!(
    bls12_381::G1,
    "bls_g1",
    ZcashCompressed,
    ZcashUncompressed,
    48,
    BLS_ROOT,
    Some(Table::BlsG1)
);
device_group!(
    bls12_381::G2,
    "bls_g2",
    ZcashCompressed,
    ZcashUncompressed,
    96,
    BLS_ROOT,
    Some(Table::BlsG2)
);
device_group!(
    bn254::G1,
    "bn_g1",
    GnarkCompressed,
    Eip197,
    32,
    BN_ROOT,
    None
);
device_group!(
    bn254::G2,
    "bn_g2",
    GnarkCompressed,
    Eip197,
    64,
    BN_ROOT,
    Some(Table::BnG2)
);

impl DeviceCurve for bls12_381::Bls12381 {
    const NAME: &'static str = "bls";
}

impl DeviceCurve for bn254::Bn254 {
    const NAME: &'static str = "bn";
}

/// Whether the words are those of a point; infinity is none.
pub(crate) fn is_on_curve<G: DeviceGroup>(point: &G::Affine) -> bool {
    let bytes = G::encode(Some(point), G::UNCOMPRESSED);
    matches!(G::parse(G::UNCOMPRESSED, &bytes), Ok(Wire::Point(_)))
}

/// Elements limb-major: the first word of all of them, then the second of all, and so on.
pub(crate) fn limb_major<T: Words>(elements: &[T]) -> Vec<u8> {
    let mut words = Vec::with_capacity(elements.len() * T::WORDS);
    for element in elements {
        element.put(&mut words);
    }
    let mut bytes = Vec::with_capacity(4 * words.len());
    for word in 0..T::WORDS {
        for element in words.chunks_exact(T::WORDS) {
            bytes.extend_from_slice(&element[word].to_le_bytes());
        }
    }
    bytes
}

/// The elements of limb-major bytes; none where one is not what an honest device stores.
pub(crate) fn from_limb_major<T: Words + Send>(bytes: &[u8], count: usize) -> Option<Vec<T>> {
    if bytes.len() != 4 * count * T::WORDS {
        return None;
    }
    let words: Vec<u32> = bytes
        .as_chunks()
        .0
        .iter()
        .map(|word| u32::from_le_bytes(*word))
        .collect();
    let element = |at: usize| {
        let own: Vec<u32> = words.iter().skip(at).step_by(count).copied().collect();
        T::take(&own)
    };
    (0..count).into_par_iter().map(element).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back<T: Words + Send + PartialEq + std::fmt::Debug>(elements: &[T]) {
        let bytes = limb_major(elements);
        assert_eq!(
            from_limb_major::<T>(&bytes, elements.len()).as_deref(),
            Some(elements)
        );
        // The first word of the second element stands behind that of the first.
        let mut words = Vec::new();
        elements[1].put(&mut words);
        assert_eq!(bytes[4..8], words[0].to_le_bytes());
    }

    #[test]
    fn words_are_the_libraries_own() {
        let (p, q) = (bls12_381::G1::generator(), bls12_381::G2::generator());
        there_and_back(&[p, bls12_381::G1::negate(&p)]);
        there_and_back(&[q, bls12_381::G2::negate(&q)]);
        let (p, q) = (bn254::G1::generator(), bn254::G2::generator());
        there_and_back(&[p, bn254::G1::negate(&p)]);
        there_and_back(&[q, bn254::G2::negate(&q)]);
        there_and_back(&[
            bn254::Bn254::miller(&[(p, q)]),
            bn254::Bn254::miller(&[(bn254::G1::negate(&p), q)]),
        ]);
    }

    #[test]
    fn a_coordinate_that_is_not_below_the_modulus_is_no_coordinate() {
        let mut words = Vec::new();
        put_limbs(&BLS_MODULUS, &mut words);
        assert!(blst::blst_fp::take(&words).is_none());
        words[0] -= 1;
        assert!(blst::blst_fp::take(&words).is_some());
        assert!(Fq::take(&[u32::MAX; 8]).is_none());
    }
}
