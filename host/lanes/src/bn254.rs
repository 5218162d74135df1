//! BN254 (`alt_bn128`): the field of five limbs, the tower over 9 + i, and what a batch of signatures needs of the curve.
//! arkworks is the oracle that each routine is tested against.

mod field;
mod tower;

pub(crate) mod group;
pub(crate) mod hash;
pub(crate) mod svdw;

/// The curve with its fields.
#[derive(Clone, Copy)]
pub(crate) struct Bn254;

type Fp = crate::fp::Fp<Bn254>;
type Fp2 = crate::fp2::Fp2<Bn254>;
type Limbs = [u64; 5];

/// The parameter of the curve.
const SEED: u64 = 0x44e9_92b4_4a69_09f1;
