//! Sums of keys, all of a batch at once. Most of a key set is all of it less the keys left out.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use tutti_backend::{Keys, TermRef};
use tutti_curves::{Group, KeySet};

use super::{FlatItem, InlineKeys, KeyPoint, KeyTag, term_keys};
use crate::arithmetic::{self, Arithmetic, World};
use crate::caches::WorldCaches;

/// The sums of the terms that do not have one key.
pub(super) struct KeySums<W: World> {
    /// By item and term.
    pub(super) tags: HashMap<(u32, u32), KeyTag>,
    /// None is infinity.
    pub(super) points: HashMap<KeyTag, Option<KeyPoint<W>>>,
}

impl<W: World> KeySums<W> {
    /// Terms with a bad key are left out.
    pub(super) fn new(
        arithmetic: Arithmetic,
        items: &[FlatItem<'_, W>],
        places: &[&[TermRef]],
        inline: &InlineKeys<W>,
        caches: &WorldCaches<W>,
    ) -> Self {
        let (mut tags, mut points) = (HashMap::new(), HashMap::new());
        let (mut missing, mut lists) = (Vec::new(), Vec::new());
        let all = (0..).zip(items).zip(places);
        let terms = all.flat_map(|((at, flat), terms)| {
            let terms = (0..).zip(*terms);
            terms.map(move |(nth, term)| ((at, nth), flat, term))
        });
        for (place, flat, term) in terms {
            if !flat.adds_up(term) {
                continue;
            }
            let tag = sum_tag(place, flat, term);
            tags.insert(place, tag);
            if points.contains_key(&tag) {
                continue;
            }
            if let Some(sum) = tag.cached(caches) {
                points.insert(tag, Some(sum));
            } else if let Some(list) = Summands::of(inline, flat, term) {
                points.insert(tag, None);
                missing.push(tag);
                lists.push(list);
            }
        }
        let wholes = Wholes::new(arithmetic, &lists, caches);
        let lists: Vec<_> = lists.iter().map(|list| wholes.points_of(list)).collect();
        let sums = arithmetic::sums::<W::Key>(arithmetic, &lists);
        for (tag, sum) in missing.into_iter().zip(sums) {
            if let (KeyTag::Sum(name), Some(sum)) = (tag, sum) {
                caches.aggregates.put(name, sum);
            }
            points.insert(tag, sum);
        }
        Self { tags, points }
    }
}

/// What is to be added up.
enum Summands<'a, W: World> {
    Points(Vec<KeyPoint<W>>),
    OfSet {
        set: &'a KeySet<W::Key>,
        indices: &'a [u32],
        /// The keys of the set that are not named, where these are fewer and none is named twice.
        left_out: Option<Vec<u32>>,
    },
}

impl<'a, W: World> Summands<'a, W> {
    fn of(inline: &InlineKeys<W>, flat: &FlatItem<'a, W>, term: &TermRef) -> Option<Self> {
        match flat.parcel.source(term) {
            Keys::Inline(_) => term_keys(inline, flat, term, 0).ok().map(Self::Points),
            Keys::Set(set) => {
                let indices = flat.parcel.indices(term);
                Some(Self::OfSet {
                    set,
                    indices,
                    left_out: left_out(set.len(), indices),
                })
            }
        }
    }
}

fn left_out(len: usize, indices: &[u32]) -> Option<Vec<u32>> {
    if indices.len() > len || 2 * indices.len() <= len {
        return None;
    }
    let mut named = vec![false; len];
    for &index in indices {
        if std::mem::replace(&mut named[index as usize], true) {
            return None;
        }
    }
    Some((0..len as u32).filter(|&at| !named[at as usize]).collect())
}

/// The sums of whole key sets, where it pays to know them.
struct Wholes<W: World> {
    /// By the set's id; none is infinity.
    sums: HashMap<[u8; 32], Option<KeyPoint<W>>>,
}

impl<W: World> Wholes<W> {
    fn new(arithmetic: Arithmetic, lists: &[Summands<'_, W>], caches: &WorldCaches<W>) -> Self {
        let mut savings: HashMap<[u8; 32], (&KeySet<W::Key>, usize)> = HashMap::new();
        for list in lists {
            if let Summands::OfSet {
                set,
                indices,
                left_out: Some(out),
            } = list
            {
                let (_, saved) = savings.entry(set.id().0).or_insert((set, 0));
                *saved += indices.len() - out.len();
            }
        }
        let mut sums = HashMap::new();
        let (mut missing, mut keys) = (Vec::new(), Vec::new());
        for (id, (set, saved)) in savings {
            let all: Vec<u32> = (0..set.len() as u32).collect();
            let name = sum_name(&id, &all);
            if let Some(sum) = caches.aggregates.get(&name) {
                sums.insert(id, Some(sum));
            } else if saved > set.len() {
                missing.push((id, name));
                keys.push(set.keys().to_vec());
            }
        }
        let wholes = arithmetic::sums::<W::Key>(arithmetic, &keys);
        for ((id, name), sum) in missing.into_iter().zip(wholes) {
            if let Some(sum) = sum {
                caches.aggregates.put(name, sum);
            }
            sums.insert(id, sum);
        }
        Self { sums }
    }

    /// The points whose sum a list asks for.
    fn points_of(&self, list: &Summands<'_, W>) -> Vec<KeyPoint<W>> {
        match list {
            Summands::Points(points) => points.clone(),
            Summands::OfSet {
                set,
                indices,
                left_out,
            } => {
                let keys = set.keys();
                match (left_out, self.sums.get(&set.id().0)) {
                    (Some(out), Some(whole)) => {
                        let out = out.iter().map(|&at| W::Key::negate(&keys[at as usize]));
                        whole.iter().copied().chain(out).collect()
                    }
                    _ => indices.iter().map(|&at| keys[at as usize]).collect(),
                }
            }
        }
    }
}

impl KeyTag {
    fn cached<W: World>(&self, caches: &WorldCaches<W>) -> Option<KeyPoint<W>> {
        match self {
            Self::Sum(name) => caches.aggregates.get(name),
            _ => None,
        }
    }
}

fn sum_tag<W: World>((item, nth): (u32, u32), flat: &FlatItem<'_, W>, term: &TermRef) -> KeyTag {
    match flat.parcel.source(term) {
        Keys::Set(set) => KeyTag::Sum(sum_name(&set.id().0, flat.parcel.indices(term))),
        Keys::Inline(_) => KeyTag::OwnSum(item, nth),
    }
}

/// Names a sum of keys: no two different selections share it.
fn sum_name(set: &[u8; 32], indices: &[u32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(set);
    for index in indices {
        hash.update(index.to_le_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::{RngCore, SeedableRng};
    use tutti_curves::bn254::G2;
    use tutti_curves::{Bn254Sig, Member};
    use tutti_types::Limits;

    use super::*;
    use crate::caches::Caches;
    use crate::{CpuConfig, CpuEngine};

    /// Nine keys that come to [45], and one more.
    fn key_set(last: <G2 as Group>::Sum) -> KeySet<G2> {
        let mut sums: Vec<_> = (1..10).map(multiple).collect();
        sums.push(last);
        let keys = G2::normalise(&sums).into_iter().flatten();
        KeySet::new(keys.map(Member::shown).collect())
    }

    fn multiple(by: u128) -> <G2 as Group>::Sum {
        G2::mul(&G2::generator(), by)
    }

    #[test]
    fn what_is_left_out_is_the_rest_of_what_is_named_once() {
        assert_eq!(left_out(5, &[4, 0, 2]), Some(vec![1, 3]));
        assert_eq!(left_out(5, &[0, 1, 2, 3, 4]), Some(vec![]));
        assert_eq!(left_out(5, &[0, 1]), None);
        assert_eq!(left_out(4, &[0, 1]), None);
        assert_eq!(left_out(5, &[0, 1, 1, 2]), None);
        assert_eq!(left_out(2, &[0, 1, 0]), None);
    }

    #[test]
    fn sums_less_the_keys_left_out_are_the_sums_of_the_keys_named() {
        let mut random = ChaCha20Rng::seed_from_u64(3);
        let config = CpuConfig::new(1, &Limits::default());
        let cancelling = G2::negate_sum(&multiple(45));
        for (set, engine) in [
            (key_set(multiple(46)), CpuEngine::Auto),
            (key_set(cancelling), CpuEngine::Auto),
            (key_set(cancelling), CpuEngine::Scalar),
        ] {
            let arithmetic = Arithmetic::choose(engine).expect("either is there");
            let caches = Caches::new(&config).bn254;
            let mut selections: Vec<Vec<u32>> = (0..40)
                .map(|_| {
                    let named = random.next_u32() | random.next_u32();
                    (0..10).filter(|at| named >> at & 1 == 1).collect()
                })
                .collect();
            selections.extend([(0..10).collect(), (1..10).collect(), vec![3; 9], vec![]]);
            let lists: Vec<Summands<'_, Bn254Sig>> = selections
                .iter()
                .map(|indices| Summands::OfSet {
                    set: &set,
                    indices,
                    left_out: left_out(10, indices),
                })
                .collect();
            for _ in 0..2 {
                let wholes = Wholes::new(arithmetic, &lists, &caches);
                assert_eq!(wholes.sums.len(), 1);
                let short = lists.iter().map(|list| wholes.points_of(list));
                let short: Vec<Vec<_>> = short.collect();
                let sums = arithmetic::sums::<G2>(arithmetic, &short);
                for ((indices, short), sum) in selections.iter().zip(&short).zip(sums) {
                    let named = indices.iter().map(|&at| &set.keys()[at as usize]);
                    let named: Vec<_> = named.collect();
                    assert_eq!(sum, G2::to_affine(&G2::sum(&named)), "{indices:?}");
                    assert!(short.len() <= 5 || left_out(10, indices).is_none());
                }
            }
        }
    }
}
