//! What the host knows the answer to. Each batch has one item whose signature is wrong by a secret
//! multiple of the generator: the device's sum must be wrong by just its weighted part, so an
//! answer that was not computed from this batch's points and weights does not fit. And some points
//! are known to be bad.

use rand_chacha::ChaCha20Rng;
use rand_core::RngCore;
use tutti_curves::{Group, PointHash};

use super::DeviceWorld;
use super::asked::HashKind;
use crate::words::DeviceGroup;

pub(super) struct Canary<W: DeviceWorld> {
    pub(super) message: [u8; 32],
    pub(super) key: Vec<u8>,
    pub(super) signature: Vec<u8>,
    shift: <W::Sig as Group>::Affine,
}

impl<W: DeviceWorld> Canary<W> {
    pub(super) fn draw(kind: &HashKind, random: &mut ChaCha20Rng) -> Self {
        let mut message = [0; 32];
        random.fill_bytes(&mut message);
        let (secret, shift) = (scalar(random), scalar(random));
        let key = W::Key::to_affine(&W::Key::mul(&W::Key::generator(), secret));
        let shift = W::Sig::to_affine(&W::Sig::mul(&W::Sig::generator(), shift));
        let shift = shift.expect("a scalar that is not zero, and below the order");
        let hashed = W::Sig::hash(kind.hashing(), &message, &[]);
        let hashed = hashed.expect("32 bytes can be hashed in every way");
        let signature = W::Sig::add_affine(&W::Sig::mul(&hashed, secret), &shift);
        Self {
            message,
            key: W::Key::encode(key.as_ref(), W::Key::COMPRESSED),
            signature: W::Sig::encode(W::Sig::to_affine(&signature).as_ref(), W::Sig::COMPRESSED),
            shift,
        }
    }

    /// By how much the weighted sum of the signatures is wrong.
    pub(super) fn shift_weighted(&self, coefficient: i64) -> <W::Sig as Group>::Sum {
        let shift = W::Sig::mul(&self.shift, u128::from(coefficient.unsigned_abs()));
        if coefficient < 0 {
            W::Sig::negate_sum(&shift)
        } else {
            shift
        }
    }
}

fn scalar(random: &mut ChaCha20Rng) -> u128 {
    u128::from(random.next_u64()) << 64 | u128::from(random.next_u64()) | 1
}

/// Compressed points and the status that each must get: one that no point has, and one outside
/// the subgroup where that can be.
pub(super) fn known_bad<G: DeviceGroup>() -> Vec<(Vec<u8>, u8)> {
    const NOT_ON_CURVE: u8 = 4;
    const NOT_IN_SUBGROUP: u8 = 5;
    let candidates = || {
        (1u8..=255).filter_map(|x| {
            let mut bytes = vec![0; G::BYTES];
            bytes[0] = 0x80;
            bytes[G::BYTES - 1] = x;
            let wire = G::parse(G::COMPRESSED, &bytes).ok()?;
            Some((bytes, wire.finite()))
        })
    };
    let nowhere = candidates().find(|(_, point)| point.is_err());
    let outside = candidates().find(|(_, point)| point.is_ok_and(|point| !G::in_subgroup(&point)));
    let with = |status| move |(bytes, _)| (bytes, status);
    let nowhere = nowhere.map(with(NOT_ON_CURVE));
    nowhere
        .into_iter()
        .chain(outside.map(with(NOT_IN_SUBGROUP)))
        .collect()
}
