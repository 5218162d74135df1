//! Key sets: what is kept, how it is named, what is refused.

use std::sync::Arc;

use tutti_backend::{AnyKeySet, Keys, VerifyParcelBuilder, Work};
use tutti_curves::{Group, KeySet, Member, MinPk, Wire, bls12_381, bn254};
use tutti_engine::{KeySets, KeySetsRefused};
use tutti_types::{KeySetId, Limits, Operation, Scheme, Verdict, World};

use crate::support::{Scripted, ask, engine};

fn members<G: Group>(first: u128, count: u128) -> Vec<Member<G>> {
    (first..first + count)
        .map(|secret| {
            let key = G::to_affine(&G::mul(&G::generator(), secret)).expect("not infinity");
            Member::check(key).expect("in the subgroup")
        })
        .collect()
}

fn set(first: u128, count: u128) -> AnyKeySet {
    AnyKeySet::Bls12381G1(Arc::new(KeySet::new(members(first, count))))
}

fn with_sets(limits: Limits, check: impl FnOnce(&KeySets)) {
    check(engine(limits, &[]).key_sets());
}

#[test]
fn a_set_is_named_by_what_is_in_it() {
    assert_eq!(set(1, 3).id(), set(1, 3).id());
    let mut backwards = members::<bls12_381::G1>(1, 3);
    backwards.reverse();
    let backwards = AnyKeySet::Bls12381G1(Arc::new(KeySet::new(backwards)));
    let g2 = AnyKeySet::Bls12381G2(Arc::new(KeySet::new(members(1, 3))));
    let bn254 = AnyKeySet::Bn254G2(Arc::new(KeySet::new(members::<bn254::G2>(1, 3))));
    let sets = [set(1, 3), set(1, 2), set(2, 3), backwards, g2, bn254];
    let ids: std::collections::BTreeSet<KeySetId> = sets.iter().map(AnyKeySet::id).collect();
    assert_eq!(ids.len(), sets.len());
    with_sets(Limits::default(), |kept| {
        for set in &sets {
            kept.put(set.clone(), "any").unwrap();
        }
        for set in &sets {
            let found = kept.get(&set.id()).expect("what was put is there");
            assert_eq!((found.id(), found.group()), (set.id(), set.group()));
        }
    });
}

#[test]
fn putting_a_set_twice_changes_nothing() {
    with_sets(Limits::default(), |kept| {
        kept.put(set(1, 3), "first").unwrap();
        kept.put(set(1, 3), "second").unwrap();
        assert_eq!(kept.len(), 1);
        assert_eq!(kept.info(&set(1, 3).id()).unwrap().name, "first");
    });
}

#[test]
fn key_sets_are_bounded_and_dropping_makes_room() {
    let limits = Limits {
        key_sets_max: 3,
        keys_total_max: 10,
        ..Limits::default()
    };
    with_sets(limits, |kept| {
        assert!(kept.is_empty());
        kept.put(set(1, 4), "").unwrap();
        kept.put(set(2, 4), "").unwrap();
        let refused = kept.put(set(3, 3), "").unwrap_err();
        assert_eq!(refused, KeySetsRefused::TooManyKeys(10));
        kept.put(set(3, 2), "").unwrap();
        let refused = kept.put(set(4, 0), "").unwrap_err();
        assert_eq!(refused, KeySetsRefused::TooManySets(3));
        // What is there already needs no room.
        kept.put(set(1, 4), "").unwrap();
        assert!(kept.drop_set(&set(1, 4).id()));
        assert!(!kept.drop_set(&set(1, 4).id()));
        assert!(kept.get(&set(1, 4).id()).is_none());
        kept.put(set(5, 4), "").unwrap();
        assert_eq!(kept.len(), 3);
    });
}

#[test]
fn pages_of_the_list_follow_each_other_whatever_happens_between_them() {
    with_sets(Limits::default(), |kept| {
        let mut ids: Vec<KeySetId> = (1..=7)
            .map(|first| {
                kept.put(set(first, 1), "").unwrap();
                set(first, 1).id()
            })
            .collect();
        ids.sort();
        let page = |after, count| -> Vec<KeySetId> {
            let infos = kept.list(after, count).into_iter();
            infos.map(|info| info.set.id()).collect()
        };
        assert_eq!(page(None, 100), ids);
        assert_eq!(page(None, 0), []);
        assert_eq!(page(None, 3), ids[..3]);
        assert!(kept.drop_set(&ids[2]), "the last of the page goes");
        assert_eq!(page(Some(ids[2]), 3), ids[3..6]);
        assert_eq!(page(Some(ids[5]), 3), ids[6..]);
        assert_eq!(page(Some(ids[6]), 3), []);
    });
}

#[test]
fn a_set_that_is_dropped_serves_what_is_queued() {
    let world = Operation::Verify(World::Bls12381MinPk);
    let backend = Scripted::doing("a", 1, &[world]);
    let engine = engine(Limits::default(), &[&backend]);
    let set = Arc::new(KeySet::new(members::<bls12_381::G1>(1, 2)));
    let kept = AnyKeySet::Bls12381G1(Arc::clone(&set));
    let id = kept.id();
    engine.key_sets().put(kept, "").unwrap();
    let Some(AnyKeySet::Bls12381G1(found)) = engine.key_sets().get(&id) else {
        panic!("the set is there");
    };
    let mut parcel = VerifyParcelBuilder::<MinPk>::new(Scheme::Bls12381MinPkPop);
    let source = parcel.keys(Keys::Set(found));
    let message = parcel.message(&[1; 32]);
    let signature = Wire::Point(bls12_381::G2::generator());
    parcel.item(&[(source, &[1], message)], signature).unwrap();
    let asked = ask(&engine, Work::MinPk(parcel.finish()));
    let held = backend.next();
    assert!(engine.key_sets().drop_set(&id));
    drop(set);
    let Work::MinPk(parcel) = &*held.batch.slices[0].work else {
        panic!("it is what was asked");
    };
    let Keys::Set(used) = &parcel.sources()[0] else {
        panic!("keys by their set");
    };
    assert_eq!((used.id(), used.len()), (id, 2));
    let verdicts = tutti_backend::Outcomes::Verdicts(vec![Verdict::Valid]);
    held.give(Ok(vec![verdicts]));
    assert_eq!(asked.answer().outcomes.verdicts(), [Verdict::Valid]);
}
