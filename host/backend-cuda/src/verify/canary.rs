//! What the host knows the answer to. Each batch has one item whose signature is wrong by a secret
//! multiple of the generator: the device's sum must be wrong by just its weighted part, so an
//! answer that was not computed from this batch's points and weights does not fit.

use rand_chacha::ChaCha20Rng;
use rand_core::RngCore;
use tutti_curves::{Group, PointHash};

use super::DeviceWorld;
use super::asked::HashKind;
use crate::words::DeviceGroup;

#[derive(Debug)]
pub(super) struct Canary<W: DeviceWorld> {
    pub(super) message: [u8; 32],
    pub(super) key: Vec<u8>,
    pub(super) signature: Vec<u8>,
    /// By how much the signature is wrong.
    pub(super) shift: <W::Sig as Group>::Affine,
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
}

fn scalar(random: &mut ChaCha20Rng) -> u128 {
    u128::from(random.next_u64()) << 64 | u128::from(random.next_u64()) | 1
}
