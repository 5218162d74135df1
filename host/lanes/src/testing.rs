//! What the tests share: a seeded source of numbers, the loud skip, and the scalar libraries as one oracle.

use std::fmt::Debug;

use ark_bn254::{Fq, Fq2, Fq12};
use ark_ec::pairing::{MillerLoopOutput, Pairing as _};
use ark_ff::{AdditiveGroup, Field as _};
use blst::{blst_fp, blst_fp2, blst_fp12, blst_p1_affine, blst_p2_affine};

use crate::bls12_381::Bls12381;
use crate::bn254::Bn254;
use crate::miller::{Pairing, Point1, Point2};

/// The proof, or a line saying that nothing was tested.
macro_rules! isa_or_skip {
    () => {
        match $crate::Ifma::detect() {
            Some(isa) => isa,
            None => {
                println!(
                    "SKIPPED {}: this processor has no AVX-512 IFMA",
                    module_path!()
                );
                return;
            }
        }
    };
}

/// Scalars of up to so many bits: random ones, and the edges of signed digits of four bits.
pub(crate) fn scalars(random: &mut Random, count: usize, bits: u32) -> Vec<u128> {
    let largest = u128::MAX >> (u128::BITS - bits);
    let edges = [
        0,
        1,
        8,
        9,
        0x88,
        0x89,
        largest >> 1,
        (largest >> 1) + 1,
        largest,
    ];
    (0..count)
        .map(|_| match edges.get(random.word() as usize % 32) {
            Some(edge) => *edge,
            None => u128::from_le_bytes(random.bytes()) & largest,
        })
        .collect()
}

/// splitmix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        core::array::from_fn(|_| self.word() as u8)
    }

    /// A field element, now and then an edge one.
    pub(crate) fn fp(&mut self) -> blst::blst_fp {
        let mut x = blst::blst_fp::default();
        let mut bytes = match self.word() % 16 {
            0 => return x,
            1 => [0; 48],
            _ => self.bytes::<48>(),
        };
        bytes[0] &= 0x0f;
        if bytes == [0; 48] {
            bytes[47] = 1;
        }
        // SAFETY: both point to what the function expects.
        unsafe { blst::blst_fp_from_bendian(&raw mut x, bytes.as_ptr()) };
        if self.word().is_multiple_of(16) {
            let y = x;
            // SAFETY: both point to what the function expects.
            unsafe { blst::blst_fp_cneg(&raw mut x, &raw const y, true) };
        }
        x
    }

    pub(crate) fn fp2(&mut self) -> blst::blst_fp2 {
        blst::blst_fp2 {
            fp: [self.fp(), self.fp()],
        }
    }

    /// A point of G1.
    pub(crate) fn g1(&mut self) -> blst::blst_p1_affine {
        let scalar = self.bytes::<32>();
        let (mut p, mut affine) = (blst::blst_p1::default(), blst::blst_p1_affine::default());
        // SAFETY: plain values of the types that blst asks for, 32 bytes for 255 bits.
        unsafe {
            blst::blst_p1_mult(&raw mut p, blst::blst_p1_generator(), scalar.as_ptr(), 255);
            blst::blst_p1_to_affine(&raw mut affine, &raw const p);
        }
        affine
    }

    /// A point of G2.
    pub(crate) fn g2(&mut self) -> blst::blst_p2_affine {
        let scalar = self.bytes::<32>();
        let (mut p, mut affine) = (blst::blst_p2::default(), blst::blst_p2_affine::default());
        // SAFETY: plain values of the types that blst asks for, 32 bytes for 255 bits.
        unsafe {
            blst::blst_p2_mult(&raw mut p, blst::blst_p2_generator(), scalar.as_ptr(), 255);
            blst::blst_p2_to_affine(&raw mut affine, &raw const p);
        }
        affine
    }

    /// An element of BN254's field, now and then an edge one.
    pub(crate) fn fq(&mut self) -> ark_bn254::Fq {
        use ark_ff::{AdditiveGroup, Field, PrimeField};
        match self.word() % 16 {
            0 => ark_bn254::Fq::ZERO,
            1 => ark_bn254::Fq::ONE,
            2 => -ark_bn254::Fq::ONE,
            _ => ark_bn254::Fq::from_be_bytes_mod_order(&self.bytes::<48>()),
        }
    }

    pub(crate) fn fq2(&mut self) -> ark_bn254::Fq2 {
        ark_bn254::Fq2::new(self.fq(), self.fq())
    }

    /// A point of BN254's G1.
    pub(crate) fn bn254_g1(&mut self) -> ark_bn254::G1Affine {
        use ark_ec::{AffineRepr, CurveGroup};
        let scalar = [self.word(), self.word(), self.word(), self.word() >> 3];
        ark_bn254::G1Affine::generator()
            .mul_bigint(scalar)
            .into_affine()
    }

    /// A point of BN254's G2.
    pub(crate) fn bn254_g2(&mut self) -> ark_bn254::G2Affine {
        use ark_ec::{AffineRepr, CurveGroup};
        let scalar = [self.word(), self.word(), self.word(), self.word() >> 3];
        ark_bn254::G2Affine::generator()
            .mul_bigint(scalar)
            .into_affine()
    }
}

/// Tests of both curves: each function is one, for each of them.
macro_rules! for_both_curves {
    ($($name:ident),* $(,)?) => {
        mod bls12_381 {$(
            #[test]
            fn $name() {
                super::$name::<$crate::bls12_381::Bls12381>(isa_or_skip!());
            }
        )*}

        mod bn254 {$(
            #[test]
            fn $name() {
                super::$name::<$crate::bn254::Bn254>(isa_or_skip!());
            }
        )*}
    };
}

/// A curve's scalar library, which its lanes are compared to.
pub(crate) trait Oracle:
    Pairing<Scalar: Debug, Scalar2: Debug + PartialEq, Scalar12: Debug + PartialEq>
{
    fn number(n: u64) -> Self::Scalar;
    fn add2(a: &Self::Scalar2, b: &Self::Scalar2) -> Self::Scalar2;
    fn mul2(a: &Self::Scalar2, b: &Self::Scalar2) -> Self::Scalar2;
    /// 0 for 0.
    fn invert2(a: &Self::Scalar2) -> Self::Scalar2;
    fn is_square2(a: &Self::Scalar2) -> bool;
    fn mul12(a: &Self::Scalar12, b: &Self::Scalar12) -> Self::Scalar12;
    fn conjugate12(a: &Self::Scalar12) -> Self::Scalar12;
    fn frobenius12(a: &Self::Scalar12, power: usize) -> Self::Scalar12;
    fn final_exponentiation(a: &Self::Scalar12) -> Self::Scalar12;
    /// A Miller loop; one where either point is infinity.
    fn miller_loop(p: &Point1<Self>, q: &Point2<Self>) -> Self::Scalar12;

    fn fp(random: &mut Random) -> Self::Scalar;
    fn g1(random: &mut Random) -> Point1<Self>;
    fn g2(random: &mut Random) -> Point2<Self>;

    fn fp2(random: &mut Random) -> Self::Scalar2 {
        Self::from_coordinates([Self::fp(random), Self::fp(random)])
    }

    fn fp12(random: &mut Random) -> Self::Scalar12 {
        Self::from_coefficients([(); 6].map(|()| Self::fp2(random)))
    }

    fn one12() -> Self::Scalar12 {
        let [zero, one] = [0, 1].map(Self::number);
        let zero2 = || Self::from_coordinates([zero, zero]);
        let one2 = Self::from_coordinates([one, zero]);
        Self::from_coefficients([one2, zero2(), zero2(), zero2(), zero2(), zero2()])
    }
}

impl Oracle for Bls12381 {
    fn number(n: u64) -> blst_fp {
        let mut x = blst_fp::default();
        // SAFETY: six words in, one element out.
        unsafe { blst::blst_fp_from_uint64(&raw mut x, [n, 0, 0, 0, 0, 0].as_ptr()) };
        x
    }

    fn add2(a: &blst_fp2, b: &blst_fp2) -> blst_fp2 {
        let mut sum = blst_fp2::default();
        // SAFETY: plain values of the types that blst asks for.
        unsafe { blst::blst_fp2_add(&raw mut sum, a, b) };
        sum
    }

    fn mul2(a: &blst_fp2, b: &blst_fp2) -> blst_fp2 {
        let mut product = blst_fp2::default();
        // SAFETY: plain values of the types that blst asks for.
        unsafe { blst::blst_fp2_mul(&raw mut product, a, b) };
        product
    }

    fn invert2(a: &blst_fp2) -> blst_fp2 {
        let mut inverse = blst_fp2::default();
        // SAFETY: plain values of the types that blst asks for.
        unsafe { blst::blst_fp2_inverse(&raw mut inverse, a) };
        inverse
    }

    fn is_square2(a: &blst_fp2) -> bool {
        let mut root = blst_fp2::default();
        // SAFETY: plain values of the types that blst asks for.
        unsafe { blst::blst_fp2_sqrt(&raw mut root, a) }
    }

    fn mul12(a: &blst_fp12, b: &blst_fp12) -> blst_fp12 {
        *a * *b
    }

    fn conjugate12(a: &blst_fp12) -> blst_fp12 {
        let mut conjugate = *a;
        // SAFETY: a plain value of the type that blst asks for.
        unsafe { blst::blst_fp12_conjugate(&raw mut conjugate) };
        conjugate
    }

    fn frobenius12(a: &blst_fp12, power: usize) -> blst_fp12 {
        let mut image = *a;
        // SAFETY: plain values of the types that blst asks for.
        unsafe { blst::blst_fp12_frobenius_map(&raw mut image, a, power) };
        image
    }

    fn final_exponentiation(a: &blst_fp12) -> blst_fp12 {
        a.final_exp()
    }

    fn miller_loop(p: &blst_p1_affine, q: &blst_p2_affine) -> blst_fp12 {
        blst_fp12::miller_loop(q, p)
    }

    fn fp(random: &mut Random) -> blst_fp {
        random.fp()
    }

    fn g1(random: &mut Random) -> blst_p1_affine {
        random.g1()
    }

    fn g2(random: &mut Random) -> blst_p2_affine {
        random.g2()
    }
}

impl Oracle for Bn254 {
    fn number(n: u64) -> Fq {
        Fq::from(n)
    }

    fn add2(a: &Fq2, b: &Fq2) -> Fq2 {
        a + b
    }

    fn mul2(a: &Fq2, b: &Fq2) -> Fq2 {
        a * b
    }

    fn invert2(a: &Fq2) -> Fq2 {
        a.inverse().unwrap_or_default()
    }

    fn is_square2(a: &Fq2) -> bool {
        a.sqrt().is_some()
    }

    fn mul12(a: &Fq12, b: &Fq12) -> Fq12 {
        a * b
    }

    fn conjugate12(a: &Fq12) -> Fq12 {
        Fq12::new(a.c0, -a.c1)
    }

    fn frobenius12(a: &Fq12, power: usize) -> Fq12 {
        a.frobenius_map(power)
    }

    fn final_exponentiation(a: &Fq12) -> Fq12 {
        ark_bn254::Bn254::final_exponentiation(MillerLoopOutput(*a)).map_or(Fq12::ZERO, |x| x.0)
    }

    fn miller_loop(p: &ark_bn254::G1Affine, q: &ark_bn254::G2Affine) -> Fq12 {
        ark_bn254::Bn254::multi_miller_loop([*p], [*q]).0
    }

    fn fp(random: &mut Random) -> Fq {
        random.fq()
    }

    fn g1(random: &mut Random) -> ark_bn254::G1Affine {
        random.bn254_g1()
    }

    fn g2(random: &mut Random) -> ark_bn254::G2Affine {
        random.bn254_g2()
    }
}
