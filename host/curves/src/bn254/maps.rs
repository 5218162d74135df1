//! Bytes to points: EigenLayer's try-and-increment, and RFC 9380 with the Shallue-van de
//! Woestijne map (Z = 1 on both curves, as gnark has it).

use std::sync::LazyLock;

use ark_bn254::{Fq, Fq2, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::CurveGroup;
use ark_ec::short_weierstrass::SWCurveConfig;
use ark_ff::{AdditiveGroup, Field, MontFp, PrimeField, Zero};
use tutti_types::{HashVariant, InvalidReason};

use super::encoding::{Coordinate, field_from_be};
use crate::expand::expand_message_xmd;

/// Bytes drawn for each field element: 48 keep the bias below 2^-128.
const ELEMENT_BYTES: usize = 48;

/// `x = digest mod p`, then the first `x + k` with a point above it; the root is
/// `(x^3 + 3)^((p+1)/4)`, whatever its sign. Not collision resistant in the digest:
/// neighbours and `digest + p` share points, so a digest must come from a hash.
pub fn try_and_increment(digest: &[u8; 32]) -> G1Affine {
    let mut x = Fq::from_be_bytes_mod_order(digest);
    loop {
        let beta = x.square() * x + ark_bn254::g1::Config::COEFF_B;
        let y = beta.pow(ROOT_EXPONENT);
        if y.square() == beta {
            return G1Affine::new_unchecked(x, y);
        }
        x += Fq::ONE;
    }
}

/// (p + 1) / 4, little endian limbs.
const ROOT_EXPONENT: [u64; 4] = [
    0x4f08_2305_b61f_3f52,
    0x65e0_5aa4_5a1c_72a3,
    0x6e14_116d_a060_5617,
    0x0c19_139c_b84c_680a,
];

/// The constants of RFC 9380 section 6.6.1 for A = 0 and Z = 1.
struct Svdw<F> {
    b: F,
    c1: F,
    c2: F,
    c3: F,
    c4: F,
}

impl<F: Coordinate> Svdw<F> {
    fn new(b: F) -> Self {
        let three = F::from(3u64);
        let c1 = F::ONE + b;
        let c3 = (-c1 * three)
            .sqrt()
            .expect("-3 g(Z) is a square by the choice of Z");
        Self {
            b,
            c1,
            c2: -F::from(2u64).inverse().expect("two is not zero"),
            c3: if sgn0(&c3) == 1 { -c3 } else { c3 },
            c4: -F::from(4u64) * c1 * three.inverse().expect("three is not zero"),
        }
    }

    fn map(&self, u: F) -> (F, F) {
        let tv1 = u.square() * self.c1;
        let tv2 = F::ONE + tv1;
        let tv1 = F::ONE - tv1;
        let tv3 = (tv1 * tv2).inverse().unwrap_or(F::ZERO);
        let tv4 = u * tv1 * tv3 * self.c3;
        let x3 = (tv2.square() * tv3).square() * self.c4 + F::ONE;
        for x in [self.c2 - tv4, self.c2 + tv4, x3] {
            if let Some(y) = (x.square() * x + self.b).sqrt() {
                return (x, if sgn0(&u) == sgn0(&y) { y } else { -y });
            }
        }
        unreachable!("one of the three candidates has a square above it")
    }
}

/// RFC 9380 section 4.1.
fn sgn0<F: Coordinate>(value: &F) -> u8 {
    value
        .words()
        .as_ref()
        .iter()
        .find(|word| !word.is_zero())
        .map_or(0, |word| (word.into_bigint().0[0] & 1) as u8)
}

static SVDW_G1: LazyLock<Svdw<Fq>> = LazyLock::new(|| Svdw::new(ark_bn254::g1::Config::COEFF_B));
static SVDW_G2: LazyLock<Svdw<Fq2>> = LazyLock::new(|| Svdw::new(ark_bn254::g2::Config::COEFF_B));

fn hash_to_field<F: Coordinate>(message: &[u8], dst: &[u8], count: usize) -> Vec<F> {
    let len = count * F::WORDS * ELEMENT_BYTES;
    let bytes = expand_message_xmd(message, dst, len).expect("four elements fit");
    let element = |bytes: &[u8]| {
        let mut words = F::Words::default();
        let chunks = bytes.chunks_exact(ELEMENT_BYTES);
        for (word, bytes) in words.as_mut().iter_mut().zip(chunks) {
            *word = Fq::from_be_bytes_mod_order(bytes);
        }
        F::from_words(words)
    };
    let elements = bytes.chunks_exact(F::WORDS * ELEMENT_BYTES);
    elements.map(element).collect()
}

const fn maps(variant: HashVariant) -> usize {
    match variant {
        HashVariant::RandomOracle => 2,
        HashVariant::NonUniform => 1,
    }
}

/// `None` where the maps cancel, which nobody knows how to make happen.
pub fn hash_to_g1(variant: HashVariant, message: &[u8], dst: &[u8]) -> Option<G1Affine> {
    let sum: G1Projective = hash_to_field::<Fq>(message, dst, maps(variant))
        .into_iter()
        .map(svdw_g1)
        .fold(G1Projective::zero(), |sum, point| sum + point);
    finite(sum)
}

/// `None` where the maps cancel, which nobody knows how to make happen.
pub fn hash_to_g2(variant: HashVariant, message: &[u8], dst: &[u8]) -> Option<G2Affine> {
    let sum: G2Projective = hash_to_field::<Fq2>(message, dst, maps(variant))
        .into_iter()
        .map(svdw_g2)
        .fold(G2Projective::zero(), |sum, point| sum + point);
    finite(clear_cofactor(&sum))
}

fn finite<P: CurveGroup>(sum: P) -> Option<P::Affine> {
    (!sum.is_zero()).then(|| sum.into_affine())
}

fn svdw_g1(u: Fq) -> G1Affine {
    let (x, y) = SVDW_G1.map(u);
    G1Affine::new_unchecked(x, y)
}

fn svdw_g2(u: Fq2) -> G2Affine {
    let (x, y) = SVDW_G2.map(u);
    G2Affine::new_unchecked(x, y)
}

pub fn map_to_g1(u: &[u8; 32]) -> Result<G1Affine, InvalidReason> {
    field_from_be(u).map(svdw_g1)
}

/// From one element of Fp2, real part first. `None` is infinity.
pub fn map_to_g2(u: &[[u8; 32]; 2]) -> Result<Option<G2Affine>, InvalidReason> {
    let u = Fq2::new(field_from_be(&u[0])?, field_from_be(&u[1])?);
    Ok(finite(clear_cofactor(&svdw_g2(u).into())))
}

/// The curve's seed.
const SEED: u64 = 4_965_661_367_192_848_881;

/// Fuentes-Castaneda, Knapp, Rodriguez-Henriquez: xP + psi(3xP) + psi^2(xP) + psi^3(P).
fn clear_cofactor(point: &G2Projective) -> G2Projective {
    let x_point = super::mul_bits(point, u128::from(SEED));
    let three = x_point.double() + x_point;
    x_point + psi(&three) + psi(&psi(&x_point)) + psi(&psi(&psi(point)))
}

/// (9 + u)^((p-1)/3) and (9 + u)^((p-1)/2).
const PSI_X: Fq2 = Fq2::new(
    MontFp!("21575463638280843010398324269430826099269044274347216827212613867836435027261"),
    MontFp!("10307601595873709700152284273816112264069230130616436755625194854815875713954"),
);
const PSI_Y: Fq2 = Fq2::new(
    MontFp!("2821565182194536844548159561693502659359617185244120367078079554186484126554"),
    MontFp!("3505843767911556378687030309984248845540243509899259641013678093033130930403"),
);

/// Untwist, Frobenius, twist, in Jacobian coordinates.
fn psi(point: &G2Projective) -> G2Projective {
    let conjugate = |value: Fq2| Fq2::new(value.c0, -value.c1);
    G2Projective::new_unchecked(
        conjugate(point.x) * PSI_X,
        conjugate(point.y) * PSI_Y,
        conjugate(point.z),
    )
}
