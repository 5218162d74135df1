//! Product checks as work, for each curve whose points can be forged.

use tutti_backend::{PairingParcel, Work};
use tutti_curves::Curve;
use tutti_curves::bls12_381::Bls12381;
use tutti_curves::bn254::Bn254;

use crate::forge::Forge;

/// A curve with points to forge and product checks to put them into.
pub(crate) trait Pairing: Curve<G1: Forge, G2: Forge> {
    fn work(parcel: PairingParcel<Self>) -> Work;
}

impl Pairing for Bls12381 {
    fn work(parcel: PairingParcel<Self>) -> Work {
        Work::PairingBls12381(parcel)
    }
}

impl Pairing for Bn254 {
    fn work(parcel: PairingParcel<Self>) -> Work {
        Work::PairingBn254(parcel)
    }
}
