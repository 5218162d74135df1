use ark_bn254::Fr;
use ark_ec::CurveGroup;
use ark_ff::PrimeField;
use blst::blst_p2_affine;
use blst::min_pk::SecretKey;
use tutti_curves::{Bn254Sig, Group, Hashing, MinPk, PointHash, Signed, bn254};
use tutti_types::Scheme;

pub(crate) const POP: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// A world in which benchmarks can sign.
pub(crate) trait Signing: Signed {
    type Secret: Send + Sync;

    fn scheme() -> Scheme;
    fn secret(entropy: &[u8; 32]) -> Self::Secret;
    fn key(secret: &Self::Secret) -> <Self::Key as Group>::Affine;
    fn sign(secret: &Self::Secret, message: &[u8; 32]) -> <Self::Sig as Group>::Affine;
}

impl Signing for MinPk {
    type Secret = SecretKey;

    fn scheme() -> Scheme {
        Scheme::Bls12381MinPkPop
    }

    fn secret(entropy: &[u8; 32]) -> SecretKey {
        SecretKey::key_gen(entropy, &[]).expect("32 bytes make a key")
    }

    fn key(secret: &SecretKey) -> blst::blst_p1_affine {
        secret.sk_to_pk().into()
    }

    fn sign(secret: &SecretKey, message: &[u8; 32]) -> blst_p2_affine {
        secret.sign(message, POP, &[]).into()
    }
}

impl Signing for Bn254Sig {
    type Secret = Fr;

    fn scheme() -> Scheme {
        Scheme::Bn254EigenTai
    }

    fn secret(entropy: &[u8; 32]) -> Fr {
        Fr::from_le_bytes_mod_order(entropy)
    }

    fn key(secret: &Fr) -> bn254::G2Affine {
        (bn254::G2::generator() * secret).into_affine()
    }

    fn sign(secret: &Fr, message: &[u8; 32]) -> bn254::G1Affine {
        let point =
            bn254::G1::hash(Hashing::TryAndIncrement, message, &[]).expect("32 bytes have a point");
        (point * secret).into_affine()
    }
}
