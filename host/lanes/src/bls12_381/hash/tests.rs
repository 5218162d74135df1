use super::super::Fp2;
use super::super::group::G2;
use super::{field_elements, hash_scalar, map_to_g2, map_to_isogenous};
use crate::curve::affine_all;
use crate::element::{Element, ElementSum};
use crate::hash_to_g2;
use crate::points::Points;
use crate::testing::Random;

#[test]
fn hashes_are_those_of_blst() {
    let isa = isa_or_skip!();
    let mut random = Random(60);
    for n in [0usize, 1, 7, 8, 9, 40] {
        let messages: Vec<Vec<u8>> = (0..n)
            .map(|i| {
                let length = if i % 3 == 0 {
                    32
                } else {
                    random.word() as usize % 200
                };
                (0..length).map(|_| random.word() as u8).collect()
            })
            .collect();
        let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let long = random.bytes::<300>();
        for tag in [
            &b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_"[..],
            &b""[..],
            &long[..255],
            &long[..],
        ] {
            let expected: Vec<_> = messages.iter().map(|m| hash_scalar(m, tag)).collect();
            assert_eq!(hash_to_g2(isa, &messages, tag), expected);
        }
    }
}

/// u = 0 and roots of Z²u⁴ + Zu² are the exceptions of the map; they are met here on purpose.
#[test]
fn the_map_lands_on_the_isogenous_curve_for_edge_elements() {
    let isa = isa_or_skip!();
    let mut random = Random(61);
    let a = Fp2::splat(isa, &super::consts::A);
    let b = Fp2::splat(isa, &super::consts::B);
    let z = Fp2::splat(isa, &super::consts::Z);
    // Zu² = -1
    let ([exceptional], _) = Fp2::roots(&[z.invert().neg()]);
    for _ in 0..20 {
        let u = Fp2::from_scalar(
            isa,
            core::array::from_fn::<_, 8, _>(|_| random.fp2()).each_ref(),
        );
        for u in [[u, Fp2::zero(isa)], [exceptional, u]] {
            let (first, second) = (u[0].to_scalar(), u[1].to_scalar());
            // SAFETY: isa proves the features.
            let (mapped, affine) = unsafe {
                let mapped = map_to_g2(&u);
                (mapped, G2::store(&affine_all(&[mapped])[0]))
            };
            for l in 0..8 {
                let (mut p, mut expected) = <(blst::blst_p2, blst::blst_p2_affine)>::default();
                // SAFETY: plain values of the types that blst asks for.
                unsafe {
                    blst::blst_map_to_g2(&raw mut p, &raw const first[l], &raw const second[l]);
                    blst::blst_p2_to_affine(&raw mut expected, &raw const p);
                }
                assert!(mapped.z.is_zero().lane(l) || affine[l] == expected);
                assert!(!mapped.z.is_zero().lane(l) || first[l] == second[l]);
            }
            // SAFETY: isa proves the features.
            for p in unsafe { map_to_isogenous(&u) } {
                let right = p.x.sqr().mul(&p.x).sum() + a.mul(&p.x).sum() + b.sum();
                assert_eq!(p.y.sqr().equals(&right.tight()).0, 0xff);
            }
        }
    }
    let message: &[u8] = b"edge";
    // SAFETY: isa proves the features.
    let u = unsafe { field_elements(isa, [&message; 8], b"tag") };
    assert_ne!(u[0].to_scalar()[0], u[1].to_scalar()[0]);
}
