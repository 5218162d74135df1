use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use tutti_curves::bn254;

use crate::key::Key;
use crate::set::Member;

/// Where a BN254 key has its first seat, found without hashing the key to its id. Only seats are
/// kept, a few bytes for each of a million members; the keys are looked up where they sit.
#[derive(Debug, Default)]
pub(crate) struct Seats {
    keyed: RandomState,
    table: HashTable<u32>,
}

impl Seats {
    pub(crate) fn of(members: &[Member]) -> Self {
        let mut seats = Self::default();
        for (seat, member) in (0u32..).zip(members) {
            if let Key::Bn254 { g1, .. } = &member.key {
                seats.seat(members, seat, g1.point());
            }
        }
        seats
    }

    fn seat(&mut self, members: &[Member], seat: u32, key: &bn254::G1Affine) {
        if self.find(members, key).is_some() {
            return;
        }
        let keyed = &self.keyed;
        let again = |&seat: &u32| g1(members, seat).map_or(0, |key| hash(keyed, key));
        self.table.insert_unique(hash(keyed, key), seat, again);
    }

    /// Among the members that the seats are of.
    pub(crate) fn find(&self, members: &[Member], key: &bn254::G1Affine) -> Option<u32> {
        let same = |&seat: &u32| g1(members, seat) == Some(key);
        self.table.find(hash(&self.keyed, key), same).copied()
    }
}

fn g1(members: &[Member], seat: u32) -> Option<&bn254::G1Affine> {
    match &members[seat as usize].key {
        Key::Bn254 { g1, .. } => Some(g1.point()),
        _ => None,
    }
}

/// A key and its negative meet here, and no others do; callers cannot make keys meet.
fn hash(keyed: &RandomState, key: &bn254::G1Affine) -> u64 {
    keyed.hash_one(key.x)
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{B256, U256};
    use tutti_curves::{Group, Member as InSubgroup};

    use super::*;
    use crate::key::Possession;

    fn point(secret: u128) -> bn254::G1Affine {
        let point = bn254::G1::mul(&bn254::G1::generator(), secret);
        bn254::G1::to_affine(&point).expect("below the order")
    }

    fn member(point: bn254::G1Affine) -> Member {
        Member {
            key: Key::Bn254 {
                g1: InSubgroup::shown(point),
                g2: None,
            },
            id: B256::ZERO,
            possession: Possession::None,
            bitmap: U256::ZERO,
            weights: Vec::new(),
        }
    }

    #[test]
    fn each_key_has_its_first_seat_and_its_negative_another() {
        let keys: Vec<_> = (1..=300).map(point).collect();
        let negatives = keys.iter().map(bn254::G1::negate);
        let mut members: Vec<_> = keys.iter().copied().chain(negatives).map(member).collect();
        members.extend(keys.iter().copied().map(member));
        let seats = Seats::of(&members);
        for (seat, key) in (0u32..).zip(&keys) {
            assert_eq!(seats.find(&members, key), Some(seat));
            let negative = bn254::G1::negate(key);
            assert_eq!(seats.find(&members, &negative), Some(300 + seat));
        }
        for stranger in [301, 302, u128::MAX].map(point) {
            assert_eq!(seats.find(&members, &stranger), None);
        }
    }

    #[test]
    fn sets_of_other_keys_have_no_such_seats() {
        let key = Key::Ecdsa(alloy_primitives::Address::repeat_byte(7));
        let members = [Member {
            key,
            ..member(point(1))
        }];
        assert_eq!(Seats::of(&members).find(&members, &point(1)), None);
    }
}
