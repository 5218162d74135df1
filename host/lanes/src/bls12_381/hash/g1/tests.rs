use super::super::super::Fp;
use super::super::super::group::G1;
use super::{hash_scalar, map_to_g1, map_to_isogenous};
use crate::curve::affine_all;
use crate::element::{Element, ElementSum};
use crate::hash_to_g1;
use crate::points::Points;
use crate::testing::Random;

#[test]
fn hashes_are_those_of_blst() {
    let isa = isa_or_skip!();
    let mut random = Random(62);
    for n in [0usize, 1, 7, 8, 9, 40] {
        let messages: Vec<Vec<u8>> = (0..n)
            .map(|i| (0..i * 5).map(|_| random.word() as u8).collect())
            .collect();
        let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let long = random.bytes::<300>();
        for tag in [
            &b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_"[..],
            &b""[..],
            &long[..255],
            &long[..],
        ] {
            let expected: Vec<_> = messages.iter().map(|m| hash_scalar(m, tag)).collect();
            assert_eq!(hash_to_g1(isa, &messages, tag), expected);
        }
    }
}

/// u = 0 and roots of Z²u⁴ + Zu² are the exceptions of the map; they are met here on purpose.
#[test]
fn the_map_lands_on_the_isogenous_curve_for_edge_elements() {
    let isa = isa_or_skip!();
    let mut random = Random(63);
    let [a, b] = [&super::consts::A, &super::consts::B].map(|c| Fp::splat(isa, c));
    // Zu² = -1
    let minus_inverse = Fp::splat(isa, &super::consts::Z).invert().neg();
    let exceptional = Fp::root_power(&[minus_inverse])[0].mul(&minus_inverse);
    assert_eq!(exceptional.sqr().equals(&minus_inverse).0, 0xff);
    for _ in 0..20 {
        let u = Fp::from_scalar(
            isa,
            core::array::from_fn::<_, 8, _>(|_| random.fp()).each_ref(),
        );
        for u in [[u, Fp::zero(isa)], [exceptional, u]] {
            let (first, second) = (u[0].to_scalar(), u[1].to_scalar());
            // SAFETY: isa proves the features.
            let (mapped, affine) = unsafe {
                let mapped = map_to_g1(&u);
                (mapped, G1::store(&affine_all(&[mapped])[0]))
            };
            // SAFETY: isa proves the features.
            let points = unsafe { map_to_isogenous(&u) };
            let [first_zz, second_zz] = points.map(|p| p.z.sqr());
            let meet = points[0]
                .x
                .mul(&second_zz)
                .equals(&points[1].x.mul(&first_zz));
            for l in 0..8 {
                let (mut p, mut expected) = <(blst::blst_p1, blst::blst_p1_affine)>::default();
                // SAFETY: plain values of the types that blst asks for.
                unsafe {
                    blst::blst_map_to_g1(&raw mut p, &raw const first[l], &raw const second[l]);
                    blst::blst_p1_to_affine(&raw mut expected, &raw const p);
                }
                assert!(mapped.z.is_zero().lane(l) || affine[l] == expected);
                assert_eq!(mapped.z.is_zero().lane(l), meet.lane(l));
            }
            for p in points {
                let z4 = p.z.sqr().sqr();
                let right = p.x.sqr().mul(&p.x).sum()
                    + a.mul(&p.x).mul(&z4).sum()
                    + b.mul(&z4.mul(&p.z.sqr())).sum();
                assert_eq!(p.y.sqr().equals(&right.tight()).0, 0xff);
            }
        }
    }
}
