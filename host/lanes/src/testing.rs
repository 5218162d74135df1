//! What the tests share: a seeded source of numbers, and the loud skip.

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

    pub(crate) fn fp12(&mut self) -> blst::blst_fp12 {
        let mut fp6 = || blst::blst_fp6 {
            fp2: [self.fp2(), self.fp2(), self.fp2()],
        };
        blst::blst_fp12 {
            fp6: [fp6(), fp6()],
        }
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

    pub(crate) fn fq12(&mut self) -> ark_bn254::Fq12 {
        let mut fq6 = || ark_bn254::Fq6::new(self.fq2(), self.fq2(), self.fq2());
        ark_bn254::Fq12::new(fq6(), fq6())
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
