//! From a batch's items to points: signatures decompressed, keys looked up, checked and added,
//! messages hashed, equal ones found.

mod key_sums;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use tutti_backend::{Hashing, Keys, TermRef, VerifyItem, VerifyParcel};
use tutti_curves::{Group, Pair, Signed, Wire, oracle};
use tutti_types::{InvalidReason, Part, Scheme, Verdict};

use crate::Context;
use crate::aggregate::members;
use crate::arithmetic::{self, Arithmetic, Pieces, World};
use crate::caches::{MessageTag, WorldCaches};
use crate::plan::Plan;
use key_sums::KeySums;

pub(crate) type Parcels<'a, W> = [(&'a VerifyParcel<W>, Range<usize>)];
pub(crate) type KeyPoint<W> = <<W as Signed>::Key as Group>::Affine;
pub(crate) type SigPoint<W> = <<W as Signed>::Sig as Group>::Affine;

/// One factor of an item's equation: a key (or sum of keys) and a message, by their places in
/// [`Resolved`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Factor {
    pub(crate) item: u32,
    pub(crate) key: u32,
    pub(crate) message: u32,
}

/// A batch as points.
pub(crate) struct Resolved<'a, W: World> {
    pub(crate) items: Vec<FlatItem<'a, W>>,
    signatures: Pieces<Result<SigPoint<W>, InvalidReason>>,
    /// In the order of the items.
    pub(crate) factors: Vec<Factor>,
    pub(crate) keys: Vec<KeyPoint<W>>,
    pub(crate) messages: Vec<SigPoint<W>>,
}

pub(crate) struct FlatItem<'a, W: World> {
    pub(crate) parcel: &'a VerifyParcel<W>,
    parcel_at: usize,
    pub(crate) item: &'a VerifyItem<W>,
    pub(crate) state: ItemState,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum ItemState {
    /// All its points are there; the signature is on the curve.
    Regular,
    /// Something cannot be computed: the oracle says what.
    Irregular,
    Decided(Verdict),
}

/// The keys that items name, checked, by parcel, source and index.
type InlineKeys<W> = HashMap<(usize, u32, u32), Result<KeyPoint<W>, InvalidReason>>;

/// The items of all parcels; nothing is known of their points yet.
pub(crate) fn items<'a, W: World>(parcels: &'a Parcels<'a, W>) -> Vec<FlatItem<'a, W>> {
    parcels
        .iter()
        .enumerate()
        .flat_map(|(parcel_at, (parcel, range))| {
            parcel.items()[range.clone()]
                .iter()
                .map(move |item| FlatItem {
                    parcel,
                    parcel_at,
                    item,
                    state: ItemState::Irregular,
                })
        })
        .collect()
}

/// With the plan for its regular items, which is made while points are made: none where one of them
/// turned out to be bad.
pub(crate) fn resolve<'a, W: World>(
    mut items: Vec<FlatItem<'a, W>>,
    caches: &WorldCaches<W>,
    context: &mut Context,
) -> (Resolved<'a, W>, Option<Plan>) {
    let places = terms(&items);
    let arithmetic = context.arithmetic;
    let (signatures, (mut interned, regular, plan)) = rayon::join(
        || signatures(arithmetic, &items),
        || {
            let inline = inline_keys(&items, caches, context);
            intern(arithmetic, &items, &places, &inline, caches)
        },
    );
    for ((item, signature), regular) in items.iter_mut().zip(signatures.iter()).zip(regular) {
        item.state = match (regular, signature) {
            (Err(verdict), _) => ItemState::Decided(verdict),
            (Ok(Regular::Yes), Ok(_)) => ItemState::Regular,
            _ => ItemState::Irregular,
        };
    }
    let planned = interned.factors.len();
    let is_regular = |factor: &Factor| items[factor.item as usize].state == ItemState::Regular;
    interned.factors.retain(is_regular);
    let plan = (interned.factors.len() == planned).then_some(plan);
    let resolved = Resolved {
        items,
        signatures,
        factors: interned.factors,
        keys: interned.keys,
        messages: interned.messages,
    };
    (resolved, plan)
}

impl<W: World> Resolved<'_, W> {
    /// Of a regular item.
    pub(crate) fn signature(&self, item: u32) -> &SigPoint<W> {
        let signature = self.signatures.at(item as usize).as_ref();
        signature.expect("a regular item's bytes are a point")
    }

    pub(crate) fn factors_of(&self, item: u32) -> impl Iterator<Item = Factor> + '_ {
        let start = self.factors.partition_point(|factor| factor.item < item);
        self.factors[start..]
            .iter()
            .take_while(move |factor| factor.item == item)
            .copied()
    }

    /// An item's own equation but for its signature, without weights.
    pub(crate) fn own_pairs(&self, item: u32) -> Vec<Pair<W::Curve>> {
        let pair = |factor: Factor| {
            let key = &self.keys[factor.key as usize];
            W::pair(key, &self.messages[factor.message as usize])
        };
        self.factors_of(item).map(pair).collect()
    }
}

impl<W: World> FlatItem<'_, W> {
    /// Whether each key of a term makes a message of its own.
    pub(crate) fn augments(&self) -> bool {
        *self.parcel.scheme() == Scheme::Bls12381MinPkAug
    }

    /// Whether the term's factor is that of a sum of keys. The sum of no keys is infinity.
    fn adds_up(&self, term: &TermRef) -> bool {
        self.parcel.indices(term).len() != 1 && !self.augments()
    }

    /// What the oracle says of this item alone.
    pub(crate) fn by_oracle(&self) -> Verdict {
        self.parcel.by_oracle(self.item)
    }
}

fn signatures<W: World>(
    arithmetic: Arithmetic,
    items: &[FlatItem<'_, W>],
) -> Pieces<Result<SigPoint<W>, InvalidReason>> {
    let wires: Vec<&Wire<W::Sig>> = items.iter().map(|flat| &flat.item.signature).collect();
    arithmetic::finite(arithmetic, &wires)
}

fn terms<'a, W: World>(items: &[FlatItem<'a, W>]) -> Vec<&'a [TermRef]> {
    items
        .iter()
        .map(|flat| flat.parcel.terms(flat.item))
        .collect()
}

fn inline_keys<W: World>(
    items: &[FlatItem<'_, W>],
    caches: &WorldCaches<W>,
    context: &mut Context,
) -> InlineKeys<W> {
    let mut keys: InlineKeys<W> = HashMap::new();
    let mut missing = Vec::new();
    for flat in items {
        for term in flat.parcel.terms(flat.item) {
            let Keys::Inline(wires) = flat.parcel.source(term) else {
                continue;
            };
            for &index in flat.parcel.indices(term) {
                let place = (flat.parcel_at, term.source, index);
                if keys.contains_key(&place) {
                    continue;
                }
                let wire = &wires[index as usize];
                let cached = caches.keys.get(&key_name(wire));
                if cached.is_none() {
                    missing.push((place, wire));
                }
                // Overwritten below where it was not cached.
                keys.insert(place, cached.ok_or(InvalidReason::UnknownKey));
            }
        }
    }
    let wires: Vec<_> = missing.iter().map(|(_, wire)| *wire).collect();
    let checked = members::<W::Key>(
        context.arithmetic,
        &wires,
        context.bits,
        &mut context.random,
    );
    for ((place, wire), key) in missing.iter().zip(checked) {
        if let Ok(member) = &key {
            caches.keys.put(key_name(wire), *member.point());
        }
        keys.insert(*place, key.map(|member| *member.point()));
    }
    keys
}

/// The bytes that name a key: those that came for compressed ones, its encoding for points.
pub(crate) fn key_name<G: Group>(wire: &Wire<G>) -> Box<[u8]> {
    match wire {
        Wire::Compressed(bytes) => bytes.as_ref().into(),
        Wire::Point(point) => {
            G::encode(Some(point), tutti_types::Encoding::canonical(G::CURVE)).into()
        }
        Wire::Infinity => Box::default(),
    }
}

#[derive(Clone, Copy)]
enum Regular {
    Yes,
    No,
}

/// The distinct keys and messages of a batch.
struct Interned<W: World> {
    factors: Vec<Factor>,
    keys: Vec<KeyPoint<W>>,
    messages: Vec<SigPoint<W>>,
}

/// What makes two keys the same without looking at their coordinates.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum KeyTag {
    OfSet([u8; 32], u32),
    Inline(usize, u32, u32),
    Sum([u8; 32]),
    /// A sum of inline keys: taken for unlike any other.
    OwnSum(u32, u32),
}

fn intern<W: World>(
    arithmetic: Arithmetic,
    items: &[FlatItem<'_, W>],
    places: &[&[TermRef]],
    inline: &InlineKeys<W>,
    caches: &WorldCaches<W>,
) -> (Interned<W>, Vec<Result<Regular, Verdict>>, Plan) {
    let sums = KeySums::new(arithmetic, items, places, inline, caches);
    let mut interner = Interner::<W>::new(items.len(), inline, &sums);
    let mut states: Vec<_> = items
        .iter()
        .enumerate()
        .map(|(at, flat)| interner.item(at as u32, flat, places[at]))
        .collect();
    let Interner {
        factors,
        keys,
        message_places,
        ..
    } = interner;
    let (messages, plan) = rayon::join(
        || hash_messages(arithmetic, message_places, caches),
        || Plan::new::<W>(arithmetic, &factors),
    );
    let unhashed = |factor: &Factor| messages[factor.message as usize].is_none();
    for factor in factors.iter().filter(|factor| unhashed(factor)) {
        states[factor.item as usize] = Ok(Regular::No);
    }
    // A message that cannot be hashed belongs to irregular items only; its place must be kept.
    let filler = W::Sig::generator();
    let interned = Interned {
        factors,
        keys,
        messages: messages
            .into_iter()
            .map(|point| point.unwrap_or(filler))
            .collect(),
    };
    (interned, states, plan)
}

struct Interner<'a, W: World> {
    inline: &'a InlineKeys<W>,
    sums: &'a KeySums<W>,
    factors: Vec<Factor>,
    keys: Vec<KeyPoint<W>>,
    key_places: HashMap<KeyTag, u32>,
    message_places: HashMap<MessageTag, u32>,
    /// Of messages that no key goes before, by parcel and index: naming them by what they are
    /// takes longer.
    known_messages: HashMap<(usize, u32), u32>,
    hashings: HashMap<usize, Arc<Hashing>>,
}

impl<'a, W: World> Interner<'a, W> {
    fn new(items: usize, inline: &'a InlineKeys<W>, sums: &'a KeySums<W>) -> Self {
        Self {
            inline,
            sums,
            factors: Vec::with_capacity(items),
            keys: Vec::with_capacity(items),
            key_places: HashMap::with_capacity(items),
            message_places: HashMap::new(),
            known_messages: HashMap::new(),
            hashings: HashMap::new(),
        }
    }

    /// Adds an item's factors, unless a key is bad or a sum of keys is infinity.
    fn item(
        &mut self,
        at: u32,
        flat: &FlatItem<'_, W>,
        terms: &[TermRef],
    ) -> Result<Regular, Verdict> {
        let mut factors = Vec::with_capacity(terms.len());
        let mut signer = 0;
        for (nth, term) in (0..).zip(terms) {
            let message = |interner: &mut Self, key: Option<&KeyPoint<W>>| {
                let augmentation = key.map(|key| oracle::augmentation::<W>(key).into_boxed_slice());
                interner.message(flat, term, augmentation)
            };
            let sum = flat.adds_up(term);
            let keys = match flat.parcel.source(term) {
                Keys::Set(_) if sum => Vec::new(),
                _ => term_keys(self.inline, flat, term, signer)?,
            };
            signer += term.count;
            if sum {
                let tag = self.sums.tags[&(at, nth)];
                let Some(sum) = self.sums.points[&tag] else {
                    return Ok(Regular::No);
                };
                factors.push(Factor {
                    item: at,
                    key: self.key(tag, sum),
                    message: message(self, None),
                });
                continue;
            }
            for (key, &index) in keys.iter().zip(flat.parcel.indices(term)) {
                factors.push(Factor {
                    item: at,
                    key: self.key(single_tag(flat, term, index), *key),
                    message: message(self, flat.augments().then_some(key)),
                });
            }
        }
        self.factors.append(&mut factors);
        Ok(Regular::Yes)
    }

    fn key(&mut self, tag: KeyTag, point: KeyPoint<W>) -> u32 {
        *self.key_places.entry(tag).or_insert_with(|| {
            self.keys.push(point);
            self.keys.len() as u32 - 1
        })
    }

    fn message(
        &mut self,
        flat: &FlatItem<'_, W>,
        term: &TermRef,
        augmentation: Option<Box<[u8]>>,
    ) -> u32 {
        let by_index = augmentation
            .is_none()
            .then_some((flat.parcel_at, term.message));
        if let Some(&place) = by_index.and_then(|index| self.known_messages.get(&index)) {
            return place;
        }
        let hashing = self.hashings.entry(flat.parcel_at).or_insert_with(|| {
            Arc::new(tutti_curves::Hashing::of_scheme(flat.parcel.scheme()).into())
        });
        let tag = MessageTag {
            hashing: Arc::clone(hashing),
            augmentation,
            message: Arc::clone(flat.parcel.message(term)),
        };
        let next = self.message_places.len() as u32;
        let place = *self.message_places.entry(tag).or_insert(next);
        self.known_messages
            .extend(by_index.map(|index| (index, place)));
        place
    }
}

/// The messages' points, in the order of their places; none for one that cannot be hashed.
fn hash_messages<W: World>(
    arithmetic: Arithmetic,
    places: HashMap<MessageTag, u32>,
    caches: &WorldCaches<W>,
) -> Vec<Option<SigPoint<W>>> {
    let mut points = vec![None; places.len()];
    let mut unknown: HashMap<Arc<Hashing>, Vec<(MessageTag, u32)>> = HashMap::new();
    for (tag, place) in places {
        match caches.messages.get(&tag) {
            Some(point) => points[place as usize] = Some(point),
            None => unknown
                .entry(Arc::clone(&tag.hashing))
                .or_default()
                .push((tag, place)),
        }
    }
    for (hashing, tags) in unknown {
        let whole: Vec<_> = tags.iter().map(|(tag, _)| tag.whole()).collect();
        let messages: Vec<&[u8]> = whole.iter().map(AsRef::as_ref).collect();
        let hashed = arithmetic::hash::<W::Sig>(arithmetic, hashing.borrowed(), &messages);
        for ((tag, place), point) in tags.into_iter().zip(hashed) {
            if let Ok(point) = point {
                points[place as usize] = Some(point);
                caches.messages.put(tag, point);
            }
        }
    }
    points
}

fn term_keys<W: World>(
    inline: &InlineKeys<W>,
    flat: &FlatItem<'_, W>,
    term: &TermRef,
    signer: u32,
) -> Result<Vec<KeyPoint<W>>, Verdict> {
    let indices = flat.parcel.indices(term);
    match flat.parcel.source(term) {
        Keys::Set(set) => Ok(indices.iter().map(|&i| set.keys()[i as usize]).collect()),
        Keys::Inline(_) => indices
            .iter()
            .zip(signer..)
            .map(|(&index, at)| {
                inline[&(flat.parcel_at, term.source, index)]
                    .map_err(|reason| Verdict::Invalid(reason, Part::Key(at)))
            })
            .collect(),
    }
}

fn single_tag<W: World>(flat: &FlatItem<'_, W>, term: &TermRef, index: u32) -> KeyTag {
    match flat.parcel.source(term) {
        Keys::Set(set) => KeyTag::OfSet(set.id().0, index),
        Keys::Inline(_) => KeyTag::Inline(flat.parcel_at, term.source, index),
    }
}
