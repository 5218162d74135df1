//! Points of bytes or words, made and checked on the device.

use tutti_curves::Wire;

use crate::composer::{Answer, Array, Bytes, Composer};
use crate::run::{Stop, wrong};
use crate::words::{DeviceGroup, limb_major};

const FINE: u8 = 0;
const INFINITE: u8 = 1;
const NOT_ON_CURVE: u8 = 4;
const NOT_IN_SUBGROUP: u8 = 5;

/// Whether each point's membership is asked by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Membership {
    OfEach,
    /// The buckets of a sum will show it, or nobody needs to know.
    Later,
}

/// Points in the making, with known ones behind them.
pub(crate) struct Points {
    pub(crate) at: Array,
    status: Bytes,
    known: Vec<u8>,
    of_infinity: u8,
}

impl Points {
    /// From compressed points, one after the other; infinity is one of them only where it may be.
    pub(crate) fn of_bytes<G: DeviceGroup>(
        composer: &mut Composer,
        bytes: &[u8],
        membership: Membership,
        to: Option<Array>,
    ) -> Self {
        let mut known = known_bad::<G>();
        if membership == Membership::Later {
            known.retain(|(_, status)| *status != NOT_IN_SUBGROUP);
        }
        let mut bytes = bytes.to_vec();
        bytes.extend(known.iter().flat_map(|(point, _)| point));
        let count = (bytes.len() / G::BYTES) as u64;
        let bytes = composer.input(&bytes);
        let at = to.unwrap_or_else(|| composer.array::<G::Affine>(count));
        let status = composer.zeros(count);
        composer.decompress::<G>(bytes, count, at, status);
        if membership == Membership::OfEach {
            composer.members::<G>(at, count, status);
        }
        Self {
            at,
            status,
            known: known.into_iter().map(|(_, status)| status).collect(),
            of_infinity: INFINITE,
        }
    }

    /// From points on the curve; where there is none, infinity.
    fn of_words<G: DeviceGroup>(
        composer: &mut Composer,
        mut points: Vec<Option<G::Affine>>,
    ) -> Self {
        let outside = known_bad::<G>()
            .into_iter()
            .filter(|(_, status)| *status == NOT_IN_SUBGROUP)
            .map(|(bytes, _)| {
                G::parse(G::COMPRESSED, &bytes)
                    .and_then(|wire| wire.finite())
                    .ok()
            });
        let known: Vec<_> = outside.collect();
        points.extend(&known);
        let count = points.len() as u64;
        let at = composer.elements(&limb_major(&points), count);
        let status = composer.zeros(count);
        composer.members::<G>(at, count, status);
        Self {
            at,
            status,
            known: vec![NOT_IN_SUBGROUP; known.len()],
            of_infinity: FINE,
        }
    }

    /// From the wire; each one's membership is asked.
    pub(crate) fn of_wires<G: DeviceGroup>(composer: &mut Composer, wires: &[Wire<G>]) -> Self {
        let whole = |wire: &Wire<G>| match wire {
            Wire::Infinity => Some(None),
            Wire::Point(point) => Some(Some(*point)),
            Wire::Compressed(_) => None,
        };
        if let Some(points) = wires.iter().map(whole).collect() {
            return Self::of_words::<G>(composer, points);
        }
        let bytes: Vec<u8> = wires.iter().flat_map(compressed::<G>).collect();
        Self::of_bytes::<G>(composer, &bytes, Membership::OfEach, None)
    }

    pub(crate) fn read(&self, composer: &mut Composer) -> Answer {
        composer.read_bytes(self.status)
    }

    /// The places that were called bad, once the known points have the status that they must have.
    /// `infinite` are the places where infinity was sent.
    pub(crate) fn bad(
        &self,
        said: &[u8],
        infinite: impl Fn(usize) -> bool,
    ) -> Result<Vec<usize>, Stop> {
        let (own, of_known) = said.split_at(said.len() - self.known.len());
        if of_known != self.known {
            return Err(wrong(format!("known bad points were called {of_known:?}")));
        }
        let expected = |at: usize| if infinite(at) { self.of_infinity } else { FINE };
        Ok((0..own.len())
            .filter(|&at| own[at] != expected(at))
            .collect())
    }
}

/// A point in the form that the kernels read.
pub(crate) fn compressed<G: DeviceGroup>(wire: &Wire<G>) -> Vec<u8> {
    match wire {
        Wire::Infinity => G::encode(None, G::COMPRESSED),
        Wire::Compressed(bytes) => bytes.as_ref().to_vec(),
        Wire::Point(point) => G::encode(Some(point), G::COMPRESSED),
    }
}

/// Compressed points and the status that each must get: one that no point has, and one outside
/// the subgroup where that can be.
fn known_bad<G: DeviceGroup>() -> Vec<(Vec<u8>, u8)> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use tutti_curves::{bls12_381, bn254};

    #[test]
    fn there_are_known_bad_points_of_every_sort() {
        fn statuses<G: DeviceGroup>() -> Vec<u8> {
            known_bad::<G>()
                .into_iter()
                .map(|(_, status)| status)
                .collect()
        }
        assert_eq!(statuses::<bls12_381::G1>(), [NOT_ON_CURVE, NOT_IN_SUBGROUP]);
        assert_eq!(statuses::<bls12_381::G2>(), [NOT_ON_CURVE, NOT_IN_SUBGROUP]);
        assert_eq!(statuses::<bn254::G1>(), [NOT_ON_CURVE]);
        assert_eq!(statuses::<bn254::G2>(), [NOT_ON_CURVE, NOT_IN_SUBGROUP]);
    }
}
