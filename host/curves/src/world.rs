use tutti_types::{GroupId, World};

use crate::bls12_381::{self, Bls12381};
use crate::bn254::{self, Bn254};
use crate::group::{Curve, Group, Pair};
use crate::hash::PointHash;

/// A curve and which way round it is used: keys in one group, messages and signatures in the
/// other. A signature S of message m under key K verifies where e(K, H(m)) = e(generator, S).
pub trait Signed: Copy + std::fmt::Debug + Send + Sync + 'static {
    const WORLD: World;
    type Curve: Curve;
    type Key: Group;
    type Sig: PointHash;

    fn pair(
        key: &<Self::Key as Group>::Affine,
        point: &<Self::Sig as Group>::Affine,
    ) -> Pair<Self::Curve>;

    /// The signature's side of the equation: minus the generator with the (sum of) signatures.
    fn signature_pair(signature: &<Self::Sig as Group>::Affine) -> Pair<Self::Curve> {
        Self::pair(&Self::Key::negate(&Self::Key::generator()), signature)
    }

    const KEY_GROUP: GroupId = <Self::Key as Group>::ID;
}

/// BLS12-381, keys in G1: Ethereum.
#[derive(Clone, Copy, Debug)]
pub struct MinPk;

/// BLS12-381, signatures in G1.
#[derive(Clone, Copy, Debug)]
pub struct MinSig;

/// BN254, signatures in G1: EigenLayer, Symbiotic.
#[derive(Clone, Copy, Debug)]
pub struct Bn254Sig;

impl Signed for MinPk {
    const WORLD: World = World::Bls12381MinPk;
    type Curve = Bls12381;
    type Key = bls12_381::G1;
    type Sig = bls12_381::G2;
    fn pair(key: &bls12_381::P1Affine, point: &bls12_381::P2Affine) -> Pair<Bls12381> {
        (*key, *point)
    }
}

impl Signed for MinSig {
    const WORLD: World = World::Bls12381MinSig;
    type Curve = Bls12381;
    type Key = bls12_381::G2;
    type Sig = bls12_381::G1;
    fn pair(key: &bls12_381::P2Affine, point: &bls12_381::P1Affine) -> Pair<Bls12381> {
        (*point, *key)
    }
}

impl Signed for Bn254Sig {
    const WORLD: World = World::Bn254;
    type Curve = Bn254;
    type Key = bn254::G2;
    type Sig = bn254::G1;
    fn pair(key: &bn254::G2Affine, point: &bn254::G1Affine) -> Pair<Bn254> {
        (*point, *key)
    }
}
