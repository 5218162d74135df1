use blst::blst_fp2;

use super::Fp2;
use crate::Ifma;
use crate::element::{Element, ElementSum, invert_all};
use crate::testing::Random;

type Binary = unsafe extern "C" fn(*mut blst_fp2, *const blst_fp2, *const blst_fp2);
type Unary = unsafe extern "C" fn(*mut blst_fp2, *const blst_fp2);

fn binary(f: Binary, a: &blst_fp2, b: &blst_fp2) -> blst_fp2 {
    let mut r = blst_fp2::default();
    // SAFETY: plain values of the types that blst asks for.
    unsafe { f(&raw mut r, a, b) };
    r
}

fn unary(f: Unary, a: &blst_fp2) -> blst_fp2 {
    let mut r = blst_fp2::default();
    // SAFETY: plain values of the types that blst asks for.
    unsafe { f(&raw mut r, a) };
    r
}

fn lanes(isa: Ifma, a: &[blst_fp2; 8]) -> Fp2 {
    Fp2::from_blst(isa, a.each_ref())
}

#[test]
fn arithmetic_is_that_of_blst() {
    let isa = isa_or_skip!();
    let mut random = Random(20);
    for _ in 0..300 {
        let a: [blst_fp2; 8] = core::array::from_fn(|_| random.fp2());
        let b: [blst_fp2; 8] = core::array::from_fn(|_| random.fp2());
        let (x, y) = (lanes(isa, &a), lanes(isa, &b));
        // Representations that are not canonical: up to 4p, from products and reductions.
        let loose = x.mul(&Fp2::one(isa));
        let (mul, sqr, mixed) = (
            loose.mul(&y).to_blst(),
            loose.sqr().to_blst(),
            x.mul(&loose).to_blst(),
        );
        let (sub, conjugate) = (
            (loose.sum() - y.sum()).tight().to_blst(),
            x.conjugate().to_blst(),
        );
        let (inverse, neg) = (loose.invert().to_blst(), x.neg().to_blst());
        let fused = x.mul_sub_8_sqr(&y, &loose).to_blst();
        let same = loose.equals(&y);
        for l in 0..8 {
            assert_eq!(mul[l], binary(blst::blst_fp2_mul, &a[l], &b[l]));
            assert_eq!(sqr[l], unary(blst::blst_fp2_sqr, &a[l]));
            assert_eq!(mixed[l], sqr[l]);
            assert_eq!(sub[l], binary(blst::blst_fp2_sub, &a[l], &b[l]));
            assert_eq!(inverse[l], unary(blst::blst_fp2_inverse, &a[l]));
            assert_eq!(
                neg[l],
                binary(blst::blst_fp2_sub, &blst_fp2::default(), &a[l])
            );
            assert_eq!(conjugate[l].fp[0], a[l].fp[0]);
            assert_eq!(conjugate[l].fp[1], neg[l].fp[1]);
            assert_eq!(same.lane(l), a[l] == b[l]);
            let mut eight = sqr[l];
            for _ in 0..3 {
                eight = binary(blst::blst_fp2_add, &eight, &eight);
            }
            assert_eq!(fused[l], binary(blst::blst_fp2_sub, &mul[l], &eight));
        }
    }
}

#[test]
fn inverses_in_batches_are_those_of_blst() {
    let isa = isa_or_skip!();
    let mut random = Random(21);
    for n in [0, 1, 2, 7] {
        let a: Vec<[blst_fp2; 8]> = (0..n)
            .map(|_| core::array::from_fn(|_| random.fp2()))
            .collect();
        let mut x: Vec<Fp2> = a.iter().map(|a| lanes(isa, a)).collect();
        // SAFETY: isa proves the features.
        unsafe { invert_all(&mut x) };
        for (x, a) in x.iter().zip(&a) {
            let x = x.to_blst();
            for l in 0..8 {
                assert_eq!(x[l], unary(blst::blst_fp2_inverse, &a[l]));
            }
        }
    }
}

#[test]
fn roots_exist_where_blst_finds_them() {
    let isa = isa_or_skip!();
    let mut random = Random(22);
    let mut seen = [0, 0];
    for round in 0..60 {
        let a: [[blst_fp2; 8]; 2] = core::array::from_fn(|_| {
            core::array::from_fn(|l| {
                let x = random.fp2();
                let real = blst_fp2 {
                    fp: [x.fp[0], blst::blst_fp::default()],
                };
                let imaginary = blst_fp2 {
                    fp: [blst::blst_fp::default(), x.fp[1]],
                };
                match (round + l) % 8 {
                    0 => real,
                    1 => imaginary,
                    2 => unary(blst::blst_fp2_sqr, &x),
                    3 => unary(blst::blst_fp2_sqr, &real),
                    4 => unary(blst::blst_fp2_sqr, &imaginary),
                    _ => x,
                }
            })
        });
        let (roots, ok) = Fp2::roots(&a.each_ref().map(|a| lanes(isa, a)));
        for n in 0..2 {
            let root = roots[n].to_blst();
            for l in 0..8 {
                let mut expected = blst_fp2::default();
                // SAFETY: plain values of the types that blst asks for.
                let exists = unsafe { blst::blst_fp2_sqrt(&raw mut expected, &raw const a[n][l]) };
                assert_eq!(ok[n].lane(l), exists, "{:?}", a[n][l]);
                seen[usize::from(exists)] += 1;
                if exists {
                    assert_eq!(unary(blst::blst_fp2_sqr, &root[l]), a[n][l]);
                }
            }
        }
    }
    assert!(seen[0] > 50 && seen[1] > 50, "{seen:?}");
}
