use blst::{blst_fp12, blst_p1_affine, blst_p2_affine};

use crate::testing::Random;
use crate::{miller_loops, miller_product};

fn final_exp(f: &blst_fp12) -> blst_fp12 {
    f.final_exp()
}

fn expected(p: &blst_p1_affine, q: &blst_p2_affine) -> blst_fp12 {
    blst_fp12::miller_loop(q, p).final_exp()
}

#[test]
fn pairings_are_those_of_blst() {
    let isa = isa_or_skip!();
    let mut random = Random(90);
    for n in [0, 1, 2, 1, 2, 3, 7, 8, 9, 130] {
        let p: Vec<blst_p1_affine> = (0..n)
            .map(|i| {
                if i % 11 == 5 {
                    blst_p1_affine::default()
                } else {
                    random.g1()
                }
            })
            .collect();
        let q: Vec<blst_p2_affine> = (0..n)
            .map(|i| {
                if i % 13 == 4 {
                    blst_p2_affine::default()
                } else {
                    random.g2()
                }
            })
            .collect();
        let values = miller_loops(isa, &p, &q);
        let mut product = blst_fp12::default();
        for i in 0..n {
            let pairing = expected(&p[i], &q[i]);
            assert_eq!(final_exp(&values[i]), pairing, "{i} of {n}");
            product *= pairing;
        }
        assert_eq!(final_exp(&miller_product(isa, &p, &q)), product);
    }
}

/// Where few pairs have a way of their own, any of their points may be infinity.
#[test]
fn infinity_among_few_pairs_is_one() {
    let isa = isa_or_skip!();
    let mut random = Random(91);
    for n in 1..=3 {
        for dead in 0..1 << (2 * n) {
            let (mut p, mut q) = (Vec::new(), Vec::new());
            let mut product = blst_fp12::default();
            for i in 0..n {
                let is_dead = |side: usize| dead >> (2 * i + side) & 1 == 1;
                p.push(if is_dead(0) {
                    blst_p1_affine::default()
                } else {
                    random.g1()
                });
                q.push(if is_dead(1) {
                    blst_p2_affine::default()
                } else {
                    random.g2()
                });
                if !is_dead(0) && !is_dead(1) {
                    product *= expected(&p[i], &q[i]);
                }
            }
            assert_eq!(
                final_exp(&miller_product(isa, &p, &q)),
                product,
                "{n} {dead:b}"
            );
        }
    }
}
