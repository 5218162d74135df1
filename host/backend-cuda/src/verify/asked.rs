//! Which items of a batch the device is asked about, and how they lie there.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use rand_chacha::ChaCha20Rng;
use rand_core::RngCore;
use rustc_hash::FxHashMap;
use tutti_backend::{Keys, TermRef, VerifyItem, VerifyParcel};
use tutti_curves::{Hashing, Wire};
use tutti_types::{HashVariant, Scheme};

use super::canary::Canary;
use super::{DeviceWorld, Parcels};
use crate::residents::Lodging;
use crate::run::{Run, Stop};
use crate::words::DeviceGroup;

/// How the device hashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum HashKind {
    Rfc9380(Arc<[u8]>),
    /// Messages are digests that a point is looked for from.
    Digests,
    /// Their keccak-256 is.
    Keccak,
}

impl HashKind {
    fn of(scheme: &Scheme) -> Option<Self> {
        match Hashing::of_scheme(scheme) {
            Hashing::Rfc9380 {
                variant: HashVariant::RandomOracle,
                dst,
            } if dst.len() <= 255 => Some(Self::Rfc9380(dst.into())),
            Hashing::Rfc9380 { .. } => None,
            Hashing::TryAndIncrement => Some(Self::Digests),
            Hashing::KeccakTryAndIncrement => Some(Self::Keccak),
        }
    }

    pub(super) fn hashing(&self) -> Hashing<'_> {
        match self {
            Self::Rfc9380(dst) => Hashing::Rfc9380 {
                variant: HashVariant::RandomOracle,
                dst,
            },
            Self::Digests => Hashing::TryAndIncrement,
            Self::Keccak => Hashing::KeccakTryAndIncrement,
        }
    }
}

/// Places of the known item's key and of keys that are known to be bad.
const KNOWN_KEYS: u64 = 3;

/// An item with one equation of one message.
#[derive(Debug)]
pub(super) struct AskedItem<'a, W: DeviceWorld> {
    /// Its place in the batch.
    pub(super) item: usize,
    hashing: usize,
    /// The message, behind the key where the scheme puts that before it.
    whole: Cow<'a, [u8]>,
    /// Places in the table of keys.
    keys: Vec<u32>,
    signature: &'a Wire<W::Sig>,
}

/// What goes to the device, and what does not.
#[derive(Debug)]
pub(super) struct Asked<'a, W: DeviceWorld> {
    pub(super) items: Vec<AskedItem<'a, W>>,
    hashings: Vec<HashKind>,
    /// Keys sent along, compressed.
    inline: Vec<u8>,
    inline_count: u64,
    scratch_first: u64,
    /// Where the known item's key will be: behind those.
    canary_place: [u32; 1],
    /// Items that only the CPU does: over several messages, or with more keys than there is room for.
    pub(super) left_out: Vec<usize>,
    /// The sets stay where they are as long as this is held.
    lodgings: Vec<Lodging>,
}

impl<'a, W: DeviceWorld> Asked<'a, W> {
    pub(super) fn new(run: &Run<'_>, parcels: &'a Parcels<'_, W>) -> Result<Self, Stop> {
        let mut asked = Self {
            items: Vec::new(),
            hashings: Vec::new(),
            inline: Vec::new(),
            inline_count: 0,
            scratch_first: run.scratch_first(),
            canary_place: [0],
            left_out: Vec::new(),
            lodgings: Vec::new(),
        };
        let mut item = 0;
        for (parcel, range) in parcels {
            let mut sources = Sources::<W>::new(run, parcel)?;
            let kind = HashKind::of(parcel.scheme());
            let hashing = kind.map(|kind| asked.hashing(kind));
            for verified in &parcel.items()[range.clone()] {
                match hashing.and_then(|hashing| {
                    asked.item(
                        item,
                        hashing,
                        parcel,
                        verified,
                        &mut sources,
                        run.scratch_places(),
                    )
                }) {
                    Some(question) => asked.items.push(question),
                    None => asked.left_out.push(item),
                }
                item += 1;
            }
            asked
                .lodgings
                .extend(sources.lodgings.into_iter().flatten());
        }
        asked.canary_place = [(asked.scratch_first + asked.inline_count) as u32];
        Ok(asked)
    }

    fn hashing(&mut self, kind: HashKind) -> usize {
        let known = self.hashings.iter().position(|known| *known == kind);
        known.unwrap_or_else(|| {
            self.hashings.push(kind);
            self.hashings.len() - 1
        })
    }

    pub(super) fn hashing_of_first(&self) -> &HashKind {
        &self.hashings[self.items[0].hashing]
    }

    fn item(
        &mut self,
        item: usize,
        hashing: usize,
        parcel: &'a VerifyParcel<W>,
        verified: &'a VerifyItem<W>,
        sources: &mut Sources<W>,
        room: u64,
    ) -> Option<AskedItem<'a, W>> {
        let [term] = parcel.terms(verified) else {
            return None;
        };
        let augments = *parcel.scheme() == Scheme::Bls12381MinPkAug;
        let indices = parcel.indices(term);
        if indices.is_empty() || (augments && indices.len() > 1) {
            return None;
        }
        let message = parcel.message(term);
        let whole = if augments {
            let key = key_bytes::<W>(parcel.source(term), indices[0])?;
            Cow::Owned([&key, &message[..]].concat())
        } else {
            Cow::Borrowed(&message[..])
        };
        let keys = self.keys(parcel, term, sources, room)?;
        Some(AskedItem {
            item,
            hashing,
            whole,
            keys,
            signature: &verified.signature,
        })
    }

    fn keys(
        &mut self,
        parcel: &VerifyParcel<W>,
        term: &TermRef,
        sources: &mut Sources<W>,
        room: u64,
    ) -> Option<Vec<u32>> {
        let indices = parcel.indices(term);
        let inline = match parcel.source(term) {
            Keys::Set(_) => {
                let first = sources.lodgings[term.source as usize].as_ref()?.first;
                return Some(indices.iter().map(|index| first as u32 + index).collect());
            }
            Keys::Inline(keys) => keys,
        };
        if self.inline_count + indices.len() as u64 + KNOWN_KEYS > room {
            return None;
        }
        let bytes = |index: &u32| compressed::<W::Key>(&inline[*index as usize]);
        let bytes: Vec<Vec<u8>> = indices.iter().map(bytes).collect::<Option<_>>()?;
        let place = |(index, bytes): (&u32, Vec<u8>)| {
            *sources
                .inline
                .entry((term.source, *index))
                .or_insert_with(|| {
                    self.inline.extend(bytes);
                    self.inline_count += 1;
                    (self.scratch_first + self.inline_count - 1) as u32
                })
        };
        Some(indices.iter().zip(bytes).map(place).collect())
    }

    /// The place among the keys sent along, of one that is there.
    pub(super) fn scratch_of(&self, key: u32) -> Option<usize> {
        let at = u64::from(key).checked_sub(self.scratch_first)?;
        (at <= self.inline_count).then_some(at as usize)
    }
}

/// Where a parcel's keys are.
struct Sources<W: DeviceWorld> {
    lodgings: Vec<Option<Lodging>>,
    inline: HashMap<(u32, u32), u32>,
    world: std::marker::PhantomData<W>,
}

impl<W: DeviceWorld> Sources<W> {
    fn new(run: &Run<'_>, parcel: &VerifyParcel<W>) -> Result<Self, Stop> {
        let lodge = |keys: &Keys<W>| match keys {
            Keys::Set(set) => run.lodge::<W::Key>(set),
            Keys::Inline(_) => Ok(None),
        };
        Ok(Self {
            lodgings: parcel
                .sources()
                .iter()
                .map(lodge)
                .collect::<Result<_, _>>()?,
            inline: HashMap::new(),
            world: std::marker::PhantomData,
        })
    }
}

fn key_bytes<W: DeviceWorld>(keys: &Keys<W>, index: u32) -> Option<Vec<u8>> {
    match keys {
        Keys::Set(set) => compressed::<W::Key>(&Wire::Point(set.keys()[index as usize])),
        Keys::Inline(keys) => compressed::<W::Key>(&keys[index as usize]),
    }
}

fn compressed<G: DeviceGroup>(wire: &Wire<G>) -> Option<Vec<u8>> {
    match wire {
        Wire::Infinity => None,
        Wire::Compressed(bytes) => Some(bytes.as_ref().to_vec()),
        Wire::Point(point) => Some(G::encode(Some(point), G::COMPRESSED)),
    }
}

/// One question to the device.
#[derive(Debug)]
pub(super) struct Question<'a> {
    /// None for the known item.
    pub(super) item: Option<usize>,
    pub(super) keys: &'a [u32],
    pub(super) message: u32,
}

/// The questions of a batch in the order of their messages, the known item among them.
#[derive(Debug)]
pub(super) struct Questions<'a> {
    pub(super) items: Vec<Question<'a>>,
    pub(super) canary_at: usize,
    /// Compressed, one after the other.
    pub(super) signatures: Vec<u8>,
    /// Keys sent along, compressed, one after the other; the known item's is the last.
    pub(super) keys: Vec<u8>,
    pub(super) key_count: u64,
    /// Distinct messages by how they are hashed; they are numbered in this order.
    pub(super) hashings: Vec<(&'a HashKind, Vec<&'a [u8]>)>,
    pub(super) messages: u32,
}

impl<'a> Questions<'a> {
    pub(super) fn new<W: DeviceWorld>(
        asked: &'a Asked<'_, W>,
        canary: &'a Canary<W>,
        random: &mut ChaCha20Rng,
    ) -> Self {
        let mut texts: Vec<Vec<&'a [u8]>> = vec![Vec::new(); asked.hashings.len()];
        let mut places: FxHashMap<(usize, &[u8]), u32> = FxHashMap::default();
        // The known item comes at a random place.
        let canary_after = random.next_u64() as usize % asked.items.len();
        let canary_hashing = asked.items[0].hashing;
        let mut order: Vec<(usize, u32, Option<usize>)> = Vec::with_capacity(asked.items.len() + 1);
        for (at, question) in asked.items.iter().enumerate() {
            let tag = (question.hashing, &question.whole[..]);
            let own = &mut texts[question.hashing];
            let place = *places.entry(tag).or_insert_with(|| {
                own.push(&question.whole[..]);
                own.len() as u32 - 1
            });
            order.push((question.hashing, place, Some(at)));
            if at == canary_after {
                let own = &mut texts[canary_hashing];
                own.push(&canary.message);
                order.push((canary_hashing, own.len() as u32 - 1, None));
            }
        }
        order.sort_by_key(|(hashing, place, _)| (*hashing, *place));
        Self::ordered(asked, canary, texts, &order)
    }

    fn ordered<W: DeviceWorld>(
        asked: &'a Asked<'_, W>,
        canary: &'a Canary<W>,
        texts: Vec<Vec<&'a [u8]>>,
        order: &[(usize, u32, Option<usize>)],
    ) -> Self {
        let firsts: Vec<u32> = texts
            .iter()
            .scan(0, |next, texts| {
                *next += texts.len() as u32;
                Some(*next - texts.len() as u32)
            })
            .collect();
        let mut keys = asked.inline.clone();
        keys.extend(&canary.key);
        let mut questions = Self {
            items: Vec::with_capacity(order.len()),
            canary_at: 0,
            signatures: Vec::with_capacity(order.len() * W::Sig::BYTES),
            keys,
            key_count: asked.inline_count + 1,
            messages: texts.iter().map(|texts| texts.len() as u32).sum(),
            hashings: asked.hashings.iter().zip(texts).collect(),
        };
        for (hashing, place, at) in order {
            let message = firsts[*hashing] + place;
            let (item, keys) = if let Some(at) = at {
                let question = &asked.items[*at];
                let signature = compressed::<W::Sig>(question.signature);
                let signature = signature.expect("no infinity is asked");
                questions.signatures.extend(signature);
                (Some(question.item), &question.keys[..])
            } else {
                questions.canary_at = questions.items.len();
                questions.signatures.extend(&canary.signature);
                (None, &asked.canary_place[..])
            };
            questions.items.push(Question {
                item,
                keys,
                message,
            });
        }
        questions
    }

    pub(super) fn one_item_each(&self) -> bool {
        self.items.len() == self.messages as usize
    }

    /// The questions' places by something that their messages decide.
    pub(super) fn grouped(&self, groups: usize, group: impl Fn(u32) -> u32) -> Vec<Vec<u32>> {
        let mut lists = vec![Vec::new(); groups];
        for (at, question) in (0..).zip(&self.items) {
            lists[group(question.message) as usize].push(at);
        }
        lists
    }
}
