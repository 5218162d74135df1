use blst::{blst_fp6, blst_fp12};

use super::{Fp6, Fp12, Line};
use crate::fp::Fp;
use crate::fp2::Fp2;
use crate::testing::Random;

fn mul(a: &blst_fp12, b: &blst_fp12) -> blst_fp12 {
    let mut r = blst_fp12::default();
    // SAFETY: plain values of the types that blst asks for.
    unsafe { blst::blst_fp12_mul(&raw mut r, a, b) };
    r
}

fn squared(x: &Fp12) -> Fp12 {
    let mut x = *x;
    x.square();
    x
}

fn with_line(x: &Fp12, line: &Line) -> Fp12 {
    let mut x = *x;
    x.mul_line(line);
    x
}

#[test]
fn products_squares_and_conjugates_are_those_of_blst() {
    let isa = isa_or_skip!();
    let mut random = Random(80);
    for _ in 0..60 {
        let a: [blst_fp12; 8] = core::array::from_fn(|_| random.fp12());
        let b: [blst_fp12; 8] = core::array::from_fn(|_| random.fp12());
        let (x, y) = (
            Fp12::from_blst(isa, a.each_ref()),
            Fp12::from_blst(isa, b.each_ref()),
        );
        assert_eq!(x.to_blst(), a);
        // Not canonical: between p and 4p.
        let loose = x.mul(&Fp12::one(isa));
        let (product, square, conjugate) = (
            loose.mul(&y).to_blst(),
            squared(&loose).to_blst(),
            x.conjugate().to_blst(),
        );
        let rotated = x.rotate::<2>().to_blst();
        let line = Line {
            c0: y.c0.0[0],
            c1: y.c0.0[1],
            c4: y.c1.0[1],
        };
        let times_line = with_line(&loose, &line).to_blst();
        for l in 0..8 {
            assert_eq!(product[l], mul(&a[l], &b[l]));
            assert_eq!(square[l], mul(&a[l], &a[l]));
            assert_eq!(rotated[l], a[(l + 2) % 8]);
            let mut expected = a[l];
            // SAFETY: plain values of the types that blst asks for.
            unsafe { blst::blst_fp12_conjugate(&raw mut expected) };
            assert_eq!(conjugate[l], expected);
            let zero = blst::blst_fp2::default();
            let sparse = blst_fp12 {
                fp6: [
                    blst_fp6 {
                        fp2: [b[l].fp6[0].fp2[0], b[l].fp6[0].fp2[1], zero],
                    },
                    blst_fp6 {
                        fp2: [zero, b[l].fp6[1].fp2[1], zero],
                    },
                ],
            };
            assert_eq!(times_line[l], mul(&a[l], &sparse));
        }
    }
}

/// Every coordinate as large as a representation may be, 4p - 1: the column and value bounds at their limit.
#[test]
fn products_of_maximal_representations_are_those_of_blst() {
    let isa = isa_or_skip!();
    let p: [u64; 8] = [
        0xe_ffff_ffff_aaab,
        0xf_eb15_3fff_fb9f,
        0x6_b0f6_241e_abff,
        0x1_2bf6_730d_2a0f,
        0x7_6477_4b84_f385,
        0x1_ba7b_6434_bacd,
        0x1_ea39_7fe6_9a4b,
        0x1_a011,
    ];
    let (mut limbs, mut carry) = (p, -1i64);
    for limb in &mut limbs {
        let sum = (4 * *limb).cast_signed() + carry;
        *limb = sum.cast_unsigned() & ((1 << 52) - 1);
        carry = sum >> 52;
    }
    let fp = Fp::splat(isa, &limbs);
    let fp2 = Fp2 { c0: fp, c1: fp };
    let fp6 = Fp6([fp2; 3]);
    let x = Fp12 { c0: fp6, c1: fp6 };
    let a = x.to_blst()[0];
    assert_eq!(x.mul(&x).to_blst(), [mul(&a, &a); 8]);
    assert_eq!(squared(&x).to_blst(), [mul(&a, &a); 8]);
    let line = Line {
        c0: fp2,
        c1: fp2,
        c4: fp2,
    };
    let mut sparse = a;
    sparse.fp6[0].fp2[2] = blst::blst_fp2::default();
    sparse.fp6[1].fp2[0] = blst::blst_fp2::default();
    sparse.fp6[1].fp2[2] = blst::blst_fp2::default();
    assert_eq!(with_line(&x, &line).to_blst(), [mul(&a, &sparse); 8]);
}
