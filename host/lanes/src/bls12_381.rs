//! BLS12-381: the field of eight limbs, the tower over 1 + i, and what a batch of signatures needs of the curve. blst is the
//! oracle that each routine is tested against.

mod field;
mod tower;

pub(crate) mod alone;
pub(crate) mod group;
pub(crate) mod hash;

/// The curve with its fields.
#[derive(Clone, Copy)]
pub(crate) struct Bls12381;

type Fp = crate::fp::Fp<Bls12381>;
type Fp2 = crate::fp2::Fp2<Bls12381>;
type Plain = crate::fp::Plain<Bls12381>;

/// |x|, the parameter of the curve family, whose sign is negative.
const SEED: u64 = 0xd201_0000_0001_0000;
