//! Hashing to G2 (RFC 9380, `BLS12381G2_XMD:SHA-256_SSWU_RO_`), eight messages at a time.

pub(crate) mod g1;

use blst::blst_p2_affine;

use super::group::G2;
use super::{Fp, Fp2, Plain, SEED};
use crate::Ifma;
use crate::curve::{Affine, Point, affine_all};
use crate::element::{Element, ElementSum};
use crate::points::{Points, eight_of};
use crate::twist::{psi_point, psi2_point};
use crate::vector::{Mask, V};

/// The hash of each message, with one domain separation tag for all.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn hash_to_g2(isa: Ifma, messages: &[&[u8]], tag: &[u8]) -> Vec<blst_p2_affine> {
    let points: Vec<Point<Fp2>> = messages
        .chunks(8)
        .map(|eight| {
            let u = field_elements(isa, eight_of(eight), tag);
            map_to_g2(&u)
        })
        .collect();
    stored_or::<G2>(&points, messages, |message| hash_scalar(message, tag))
}

/// The messages' points as stored; where additions failed, which nobody has ever seen, by the scalar hash.
#[target_feature(enable = "avx512f,avx512ifma")]
fn stored_or<G: Points>(
    points: &[Point<G::F>],
    messages: &[&[u8]],
    scalar: impl Fn(&[u8]) -> G::Stored,
) -> Vec<G::Stored> {
    let affine = affine_all(points);
    let mut hashes = Vec::with_capacity(messages.len());
    for ((eight, point), affine) in messages.chunks(8).zip(points).zip(&affine) {
        let failed = point.z.is_zero();
        let stored = G::store(affine);
        for (lane, message) in eight.iter().enumerate() {
            hashes.push(if failed.lane(lane) {
                scalar(message)
            } else {
                stored[lane]
            });
        }
    }
    hashes
}

fn hash_scalar(message: &[u8], tag: &[u8]) -> blst_p2_affine {
    let (mut p, mut affine) = (blst::blst_p2::default(), blst_p2_affine::default());
    // SAFETY: the pointers come with their lengths; no augmentation.
    unsafe {
        blst::blst_hash_to_g2(
            &raw mut p,
            message.as_ptr(),
            message.len(),
            tag.as_ptr(),
            tag.len(),
            core::ptr::null(),
            0,
        );
        blst::blst_p2_to_affine(&raw mut affine, &raw const p);
    }
    affine
}

/// The point of G2 for two field elements; Z = 0 where two points to be added were equal, opposite or infinite.
#[target_feature(enable = "avx512f,avx512ifma")]
fn map_to_g2(u: &[Fp2; 2]) -> Point<Fp2> {
    let [p, q] = map_to_isogenous(u);
    clear_cofactor(&isogeny(&p.point().add_affine_distinct(&q)))
}

/// Two elements of Fp2, each coordinate from 64 bytes.
pub(crate) const EXPANDED: usize = 256;

#[target_feature(enable = "avx512f,avx512ifma")]
fn field_elements(isa: Ifma, messages: [&&[u8]; 8], tag: &[u8]) -> [Fp2; 2] {
    let bytes = messages.map(|message| expand::<EXPANDED>(message, tag));
    [element(isa, &bytes, 0), element(isa, &bytes, 128)]
}

pub(crate) fn expand<const N: usize>(message: &[u8], tag: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    // SAFETY: the pointers come with their lengths.
    unsafe {
        blst::blst_expand_message_xmd(
            bytes.as_mut_ptr(),
            N,
            message.as_ptr(),
            message.len(),
            tag.as_ptr(),
            tag.len(),
        );
    }
    bytes
}

/// An element of Fp2 from the bytes at `start`: 64 for each coordinate.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn element(isa: Ifma, bytes: &[[u8; EXPANDED]; 8], start: usize) -> Fp2 {
    Fp2 {
        c0: coordinate(isa, bytes, start),
        c1: coordinate(isa, bytes, start + 64),
    }
}

/// 512 bits, big-endian, modulo p: the upper 128 and the lower 384 of them by themselves.
#[target_feature(enable = "avx512f,avx512ifma")]
fn coordinate<const N: usize>(isa: Ifma, bytes: &[[u8; N]; 8], start: usize) -> Fp {
    let (mut high, mut low) = ([[0; 8]; 6], [[0; 8]; 6]);
    for lane in 0..8 {
        let words = bytes[lane][start..].as_chunks::<8>().0;
        for w in 0..8 {
            let word = u64::from_be_bytes(words[7 - w]);
            if w < 6 {
                low[w][lane] = word;
            } else {
                high[w - 6][lane] = word;
            }
        }
    }
    let plain =
        |words: &[[u64; 8]; 6]| Plain::from_words(&words.each_ref().map(|word| V::load(isa, word)));
    (plain(&high).times(&consts::HIGH).sum() + plain(&low).element().sum()).tight()
}

/// Parity as the RFC counts it: of c0, and of c1 where that is 0.
#[inline(always)]
fn is_odd(x: &Fp2) -> Mask {
    let (c0, c1) = (x.c0.plain(), x.c1.plain());
    c0.is_odd() | (c0.is_zero() & c1.is_odd())
}

/// The simplified SWU map to the curve y² = x³ + Ax + B that is isogenous to ours, for both elements of each message.
#[target_feature(enable = "avx512f,avx512ifma")]
fn map_to_isogenous(u: &[Fp2; 2]) -> [Affine<Fp2>; 2] {
    let candidates = [Candidate::new(&u[0]), Candidate::new(&u[1])];
    let norms = candidates.map(|candidate| candidate.c.norm());
    let powers = Fp::root_power(&norms);
    let (mut squares, mut roots, mut radicands) = ([Mask::ALL; 2], norms, *u);
    for i in 0..2 {
        (squares[i], radicands[i], roots[i]) = candidates[i].radicand(&norms[i], &powers[i]);
    }
    let (s, _) = Fp2::roots_with_norms(&radicands, &roots);
    core::array::from_fn(|i| candidates[i].point(squares[i], &powers[i], &s[i]))
}

/// What the first half of the map leaves for the second: u, t = Z·u², N, D², U and c = U·D³.
///
/// x1 = N/D, and g(x1) = U/D³. With c = U·D³ a root s of c gives y1 = s/D³. Where c is no square, t³·c is and its root
/// belongs to x2 = t·x1. One power e = n^((p-3)/4) of the norm n = N(c) serves three ends: n·e² = ±1 says whether c is a
/// square; n·e is the root of n that the root of c needs, or up to a constant and N(u)³ the root of N(t³·c); and ±e² = 1/n
/// inverts c, hence D³.
#[derive(Clone, Copy)]
pub(crate) struct Candidate {
    u: Fp2,
    t: Fp2,
    n: Fp2,
    d2: Fp2,
    g: Fp2,
    pub(crate) c: Fp2,
}

impl Candidate {
    #[inline(always)]
    pub(crate) fn new(u: &Fp2) -> Self {
        let isa = u.isa();
        let (a, b) = (Fp2::splat(isa, &consts::A), Fp2::splat(isa, &consts::B));
        let t = u.sqr().mul(&Fp2::splat(isa, &consts::Z));
        let tt = (t.sqr().sum() + t.sum()).tight();
        let n = (tt.sum() + Fp2::one(isa).sum()).tight().mul(&b);
        let d = a.mul(&tt).neg();
        let d = Fp2::select(d.is_zero(), &Fp2::splat(isa, &consts::AZ), &d);
        let d2 = d.sqr();
        let d3 = d2.mul(&d);
        let cubic = n.mul(&(n.sqr().sum() + a.mul(&d2).sum()).tight());
        let g = (cubic.sum() + b.mul(&d3).sum()).tight();
        Self {
            u: *u,
            t,
            n,
            d2,
            g,
            c: g.mul(&d3),
        }
    }

    /// Where c is a square, the square whose root is wanted, and a root of its norm.
    #[inline(always)]
    pub(crate) fn radicand(&self, norm: &Fp, power: &Fp) -> (Mask, Fp2, Fp) {
        let Self { t, c, .. } = self;
        let root = norm.mul(power);
        let square = root.sqr().equals(norm);
        let nu = self.u.norm();
        let other = root
            .mul(&Fp::splat(c.isa(), &consts::ROOT_125))
            .mul(&nu.sqr().mul(&nu));
        (
            square,
            Fp2::select(square, c, &t.sqr().mul(t).mul(c)),
            Fp::select(square, &root, &other),
        )
    }

    #[inline(always)]
    pub(crate) fn point(&self, square: Mask, power: &Fp, s: &Fp2) -> Affine<Fp2> {
        let Self { u, t, n, d2, g, c } = self;
        let ee = power.sqr();
        let inverse_norm = Fp::select(square, &ee, &(-ee.sum()).tight());
        let inverse_d3 = c.conjugate().mul_fp(&inverse_norm).mul(g);
        let y = s.mul(&inverse_d3);
        let x = n.mul(d2).mul(&inverse_d3);
        Affine {
            x: Fp2::select(square, &x, &x.mul(t)),
            y: Fp2::select(is_odd(u) ^ is_odd(&y), &y.neg(), &y),
        }
    }
}

/// Σ kᵢ·xⁱ·zz^(n-i), by Horner's rule, with a leading coefficient after the n constants of k; `zz` holds the powers of zz.
#[target_feature(enable = "avx512f,avx512ifma")]
fn polynomial(leading: Fp2, k: &[[[u64; 8]; 2]], x: &Fp2, zz: &[Fp2; 3]) -> Fp2 {
    let isa = x.isa();
    let mut sum = leading;
    for (k, zz) in k.iter().rev().zip(zz) {
        sum = (sum.mul(x).sum() + zz.mul(&Fp2::splat(isa, k)).sum()).tight();
    }
    sum
}

/// The isogeny of degree 3 to the curve of G2, in Jacobian coordinates on either side.
#[target_feature(enable = "avx512f,avx512ifma")]
pub(crate) fn isogeny(p: &Point<Fp2>) -> Point<Fp2> {
    let z2 = p.z.sqr();
    let z4 = z2.sqr();
    let zz = [z2, z4, z4.mul(&z2)];
    let isa = p.x.isa();
    let one = Fp2::one(isa);
    let ([x_most @ .., x_leading], [y_most @ .., y_leading]) = (&consts::X_NUM, &consts::Y_NUM);
    let x_num = polynomial(Fp2::splat(isa, x_leading), x_most, &p.x, &zz);
    let x_den = polynomial(one, &consts::X_DEN, &p.x, &zz).mul(&z2);
    let y_num = polynomial(Fp2::splat(isa, y_leading), y_most, &p.x, &zz).mul(&p.y);
    let y_den = polynomial(one, &consts::Y_DEN, &p.x, &zz).mul(&z2.mul(&p.z));
    let z = x_den.mul(&y_den);
    Point {
        x: x_num.mul(&y_den).mul(&z),
        y: z.sqr().mul(&x_den).mul(&y_num),
        z,
    }
}

/// [x² - x - 1]P + [x - 1]ψ(P) + ψ²(2P): Budroni and Pintore, "Efficient hash maps to G2 on BLS curves".
#[target_feature(enable = "avx512f,avx512ifma")]
fn clear_cofactor(p: &Point<Fp2>) -> Point<Fp2> {
    let again = second_multiplicand(p, &p.times(SEED));
    cleared(p, &again.times(SEED))
}

/// What is multiplied by |x| again, from P and its first multiple.
#[inline(always)]
pub(crate) fn second_multiplicand(p: &Point<Fp2>, once: &Point<Fp2>) -> Point<Fp2> {
    once.add_distinct(p).add_distinct(&psi_point(p).neg())
}

/// The point of G2, from P and the second multiple.
#[inline(always)]
pub(crate) fn cleared(p: &Point<Fp2>, twice: &Point<Fp2>) -> Point<Fp2> {
    psi2_point(&p.doubled())
        .add_distinct(&p.neg())
        .add_distinct(&psi_point(p).neg())
        .add_distinct(twice)
}

#[rustfmt::skip]
mod consts {
    /// 240 i.
    pub(super) const A: [[u64; 8]; 2] = [
        [
            0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000,
            0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000,
        ],
        [
            0x2_8dbe_5b5d_be7b, 0x1_8b81_ae63_4e1a, 0xb_e549_cbf6_3190, 0x7_f2ba_ea04_7ee1,
            0xc_bca6_3971_569e, 0xd_5aa9_1c16_ae50, 0x8_bf4b_1918_6595, 0x0_0000_0001_592c,
        ],
    ];
    /// 1012 + 1012 i.
    pub(super) const B: [[u64; 8]; 2] = [
        [
            0xc_d9f3_bcff_5c14, 0x3_8740_8d33_d90b, 0xd_fc0c_b4fd_dbb9, 0xc_9502_7a85_d7e4,
            0xa_a162_9fce_d22a, 0x7_8541_f03c_0fd4, 0x8_23dd_ac36_2126, 0x0_0000_0001_6ec6,
        ],
        [
            0xc_d9f3_bcff_5c14, 0x3_8740_8d33_d90b, 0xd_fc0c_b4fd_dbb9, 0xc_9502_7a85_d7e4,
            0xa_a162_9fce_d22a, 0x7_8541_f03c_0fd4, 0x8_23dd_ac36_2126, 0x0_0000_0001_6ec6,
        ],
    ];
    /// -2 - i.
    pub(super) const Z: [[u64; 8]; 2] = [
        [
            0x1_6fe2_ae2b_e1f8, 0x3_275c_ee03_6ea1, 0xb_f76a_4aea_7905, 0xa_f20f_e03a_abd9,
            0x9_faa6_cb28_8b3f, 0x3_871f_e8ae_f139, 0x7_c694_b848_a04a, 0x0_0000_0000_a704,
        ],
        [
            0x8_b7f1_5715_f0fc, 0x9_93ae_7701_b750, 0xd_fbb5_2575_3c82, 0xd_7907_f01d_55ec,
            0xc_fd53_6594_459f, 0x1_c38f_f457_789c, 0x3_e34a_5c24_5025, 0x0_0000_0000_5382,
        ],
    ];
    /// A Z.
    pub(super) const AZ: [[u64; 8]; 2] = [
        [
            0x2_8dbe_5b5d_be7b, 0x1_8b81_ae63_4e1a, 0xb_e549_cbf6_3190, 0x7_f2ba_ea04_7ee1,
            0xc_bca6_3971_569e, 0xd_5aa9_1c16_ae50, 0x8_bf4b_1918_6595, 0x0_0000_0001_592c,
        ],
        [
            0x8_e483_4943_d860, 0xc_bf27_2339_5b0b, 0x5_9758_b050_f4df, 0x2_7277_1211_565b,
            0x5_4fa2_2427_39cd, 0x8_bfa4_903c_18f9, 0x2_55dc_cd9c_696a, 0x0_0000_0000_8dc9,
        ],
    ];
    /// 125^((p+1)/4), whose square is -125.
    pub(super) const ROOT_125: [u64; 8] = [
        0x6_f142_0495_6874, 0x1_976a_ad57_71b1, 0xd_0424_f271_623a, 0x5_79b2_db56_a1ff,
        0xd_5513_bac1_9f4f, 0x1_1d60_ef08_b61d, 0x9_2c67_ce5a_b1dc, 0x0_0000_0000_1e80,
    ];
    /// The isogeny's x numerator, constant term first.
    pub(super) const X_NUM: [[[u64; 8]; 2]; 4] = [
[
        [
            0xc_9e60_f434_cbcc, 0xf_73d4_68a9_7617, 0x8_74b2_588c_3419, 0x5_5401_0c12_cafa,
            0x2_dfa0_d378_aad6, 0x6_cfc2_4603_d243, 0x4_08c6_48ae_6c6e, 0x0_0000_0001_42e0,
        ],
        [
            0xc_9e60_f434_cbcc, 0xf_73d4_68a9_7617, 0x8_74b2_588c_3419, 0x5_5401_0c12_cafa,
            0x2_dfa0_d378_aad6, 0x6_cfc2_4603_d243, 0x4_08c6_48ae_6c6e, 0x0_0000_0001_42e0,
        ],
    ],
[
        [
            0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000,
            0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000,
        ],
        [
            0x7_952e_3d8f_f467, 0x4_3b74_d2af_3fa1, 0xd_b991_0283_bd5c, 0xe_3418_59f4_81c7,
            0x5_820b_f5b4_687d, 0x4_20ac_14d7_ae08, 0x4_655d_cb13_f79f, 0x0_0000_0000_5400,
        ],
    ],
[
        [
            0x3_b568_e137_db22, 0xd_d7d0_36a8_5dff, 0xc_7bb2_90cd_7751, 0x9_7bef_0c8c_5423,
            0x8_f135_aae8_4583, 0xe_cce7_a7ae_8662, 0x6_c26d_da69_5155, 0x0_0000_0000_a608,
        ],
        [
            0xb_4a97_1ec7_cf89, 0x2_1345_0957_9da0, 0xa_3543_9351_34ae, 0x7_b007_6680_d5eb,
            0xe_7341_a09c_ae01, 0x2_ed93_bc86_346a, 0xb_27cb_a57d_48f5, 0x0_0000_0000_fa08,
        ],
    ],
[
        [
            0x9_79c8_bd6f_440a, 0xd_23d4_e48e_071a, 0x8_d277_e76b_9146, 0xc_fc52_5438_8e05,
            0x7_4f83_057e_d90b, 0x5_857d_3401_ffaa, 0x3_8c92_bcd9_e07e, 0x0_0000_0000_532e,
        ],
        [
            0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000,
            0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000,
        ],
    ],
    ];
    /// The isogeny's x denominator, without its leading 1, constant term first.
    pub(super) const X_DEN: [[[u64; 8]; 2]; 2] = [
[
        [
            0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000,
            0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000,
        ],
        [
            0x1_bbe0_7e30_7186, 0x2_ade7_f87b_cbe8, 0x1_1d7c_8f4b_9cbb, 0x9_a2c1_3d87_ddc7,
            0xf_c0ee_706e_43ad, 0x6_cdbd_3db7_b4dd, 0xd_1dc4_eb9a_1a54, 0x0_0000_0000_bbb1,
        ],
    ],
[
        [
            0x4_60af_eaf7_b431, 0xc_d512_2beb_5b19, 0xc_4664_aadd_2de0, 0x1_d784_17c7_7713,
            0xa_4d7d_1f9b_9711, 0x0_04b2_b884_890e, 0x7_1730_2e00_0d24, 0x0_0000_0000_f618,
        ],
        [
            0xa_9f50_1507_f67a, 0x3_1603_1414_a086, 0xa_6a91_7941_7e1f, 0xf_5472_5b45_b2fb,
            0xd_16fa_2be9_5c73, 0x1_b5c8_abb0_31be, 0xa_d309_51e6_8d27, 0x0_0000_0000_a9f8,
        ],
    ],
    ];
    /// The isogeny's y numerator, constant term first.
    pub(super) const Y_NUM: [[[u64; 8]; 2]; 4] = [
[
        [
            0x8_948e_d258_662c, 0x1_c85c_cb12_7737, 0x3_fb4e_4e15_1aae, 0xd_4274_4b81_9fcc,
            0x6_7ea2_d3ea_edeb, 0x2_c57b_9d21_01fa, 0x5_d744_44e6_153d, 0x0_0000_0001_44a0,
        ],
        [
            0x8_948e_d258_662c, 0x1_c85c_cb12_7737, 0x3_fb4e_4e15_1aae, 0xd_4274_4b81_9fcc,
            0x6_7ea2_d3ea_edeb, 0x2_c57b_9d21_01fa, 0x5_d744_44e6_153d, 0x0_0000_0001_44a0,
        ],
    ],
[
        [
            0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000,
            0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000,
        ],
        [
            0x2_dd01_1e45_0e15, 0x5_b4c5_50d2_bb85, 0x6_98df_26f0_8458, 0x2_d0ef_4f91_06e2,
            0x5_a91d_dfc6_7039, 0x8_80d8_392f_7af3, 0x7_c49f_6c94_ec71, 0x0_0000_0000_f6c0,
        ],
    ],
[
        [
            0x5_254b_8f63_bd1a, 0x0_ff2d_24ab_cca0, 0x8_731c_dbb7_f057, 0x4_6dfe_ecc6_fffd,
            0x2_ebdc_7610_d0c3, 0x2_5407_905d_779c, 0xe_8902_92b1_f1a0, 0x0_0000_0001_4d0c,
        ],
        [
            0x9_dab4_709b_ed91, 0xe_ebe8_1b54_2eff, 0xe_3dd9_4866_bba8, 0xc_bdf7_8646_2a11,
            0x4_789a_d574_22c1, 0xf_6673_d3d7_4331, 0x3_6136_ed34_a8aa, 0x0_0000_0000_5304,
        ],
    ],
[
        [
            0xc_2cbd_1630_05c4, 0xb_90c7_33d0_a561, 0xc_2fd1_759b_423d, 0xc_73de_30a0_975d,
            0xd_2879_3083_af54, 0xf_4fd3_3177_d1fa, 0xa_c2a0_1651_1c07, 0x0_0000_0000_f9a6,
        ],
        [
            0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000,
            0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000,
        ],
    ],
    ];
    /// The isogeny's y denominator, without its leading 1, constant term first.
    pub(super) const Y_DEN: [[[u64; 8]; 2]; 3] = [
[
        [
            0xc_6742_f523_53ce, 0x0_3d45_52e6_d030, 0x9_4eff_1388_5463, 0x7_789a_8b14_de8b,
            0xf_bca8_0b8b_af07, 0x5_5d78_a9e4_c798, 0xa_de2a_85cf_6964, 0x0_0000_0001_2608,
        ],
        [
            0xc_6742_f523_53ce, 0x0_3d45_52e6_d030, 0x9_4eff_1388_5463, 0x7_789a_8b14_de8b,
            0xf_bca8_0b8b_af07, 0x5_5d78_a9e4_c798, 0xa_de2a_85cf_6964, 0x0_0000_0001_2608,
        ],
    ],
[
        [
            0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000,
            0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000, 0x0_0000_0000_0000,
        ],
        [
            0x6_33a1_7a91_a9e7, 0x8_1ea2_a973_6818, 0xc_a77f_89c4_2a31, 0xb_bc4d_458a_6f45,
            0x7_de54_05c5_d783, 0x2_aebc_54f2_63cc, 0x5_6f15_42e7_b4b2, 0x0_0000_0000_9304,
        ],
    ],
[
        [
            0xf_1107_e073_b8f4, 0x3_4a10_a1e1_0ad5, 0xf_111b_ee3c_6ed1, 0x2_2d4a_ea24_9d95,
            0x3_c200_09a6_e8d7, 0x7_29ce_62ac_702f, 0x1_adab_850c_c690, 0x0_0000_0000_a11c,
        ],
        [
            0xf_eef8_1f8b_f1b7, 0xc_a104_9e1e_f0c9, 0x7_9fda_35e2_3d2e, 0xe_feab_88e8_8c79,
            0x3_a277_41de_0aad, 0xa_90ad_0188_4a9e, 0x0_3c8d_fad9_d3ba, 0x0_0000_0000_fef5,
        ],
    ],
    ];
    /// 2^(384 + 832) mod p: takes the plain integer x to our form of x·2^384.
    pub(super) const HIGH: [u64; 8] = [
        0xa_88c5_d248_34b0, 0xd_5359_b14b_0f9e, 0x9_c8a4_699a_6624, 0x7_ab4b_3203_bbb9,
        0x2_f932_a92b_246b, 0x0_2bcf_cd2a_29d1, 0x4_33fd_f679_d883, 0x0_0000_0001_27a0,
    ];
}

#[cfg(test)]
mod tests;
