//! Which items of a batch the device is asked about, and where their keys lie there.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use tutti_backend::{Keys, TermRef, VerifyItem, VerifyParcel};
use tutti_curves::{Hashing, Wire};
use tutti_types::{HashVariant, Scheme};

use super::{DeviceWorld, Parcels};
use crate::composer::plus;
use crate::points::compressed;
use crate::residents::Lodging;
use crate::run::{Run, Stop};
use crate::signers::{BitSet, Signers};

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

#[derive(Clone, Debug)]
pub(super) struct AskedItem<'a, W: DeviceWorld> {
    /// Its place in the batch.
    pub(super) item: usize,
    factors: Range<usize>,
    pub(super) signature: &'a Wire<W::Sig>,
}

/// Keys and the message that they signed: one side of a pairing each.
#[derive(Clone, Debug)]
pub(super) struct AskedFactor<'a> {
    pub(super) hashing: usize,
    /// The message, behind the key where the scheme puts that before it.
    pub(super) whole: Cow<'a, [u8]>,
    keys: FactorKeys,
}

/// Keys that are added up.
#[derive(Clone, Debug)]
enum FactorKeys {
    /// These of the places.
    Places(Range<usize>),
    Bits(BitSet),
}

/// What goes to the device, and what does not.
#[derive(Debug)]
pub(super) struct Asked<'a, W: DeviceWorld> {
    pub(super) items: Vec<AskedItem<'a, W>>,
    factors: Vec<AskedFactor<'a>>,
    /// Places in the table of keys, as terms of a sum.
    places: Vec<u32>,
    /// The bits of sets.
    pub(super) words: Vec<u32>,
    pub(super) hashings: Vec<HashKind>,
    /// Keys sent along, compressed.
    pub(super) inline: Vec<u8>,
    inline_count: u64,
    scratch_first: u64,
    /// Items that only the CPU does: hashed in a way that no kernel knows, or with more keys than
    /// there is room for.
    pub(super) left_out: Vec<usize>,
    /// The sets stay where they are as long as this is held.
    lodgings: Vec<Lodging>,
}

impl<'a, W: DeviceWorld> Asked<'a, W> {
    pub(super) fn new(run: &Run<'_>, parcels: &'a Parcels<'_, W>) -> Result<Self, Stop> {
        let mut asked = Self {
            items: Vec::new(),
            factors: Vec::new(),
            places: Vec::new(),
            words: Vec::new(),
            hashings: Vec::new(),
            inline: Vec::new(),
            inline_count: 0,
            scratch_first: run.scratch_first(),
            left_out: Vec::new(),
            lodgings: Vec::new(),
        };
        let mut item = 0;
        for (parcel, range) in parcels {
            let mut sources = Sources::<W>::new(run, parcel)?;
            let hashing = HashKind::of(parcel.scheme()).map(|kind| asked.hashing(kind));
            for verified in &parcel.items()[range.clone()] {
                let room = run.scratch_places();
                let taken = hashing.and_then(|hashing| {
                    asked.item(item, hashing, parcel, verified, &mut sources, room)
                });
                if taken.is_none() {
                    asked.left_out.push(item);
                }
                item += 1;
            }
            let lodgings = sources.lodgings.into_iter().flatten();
            asked.lodgings.extend(lodgings);
        }
        Ok(asked)
    }

    fn hashing(&mut self, kind: HashKind) -> usize {
        let known = self.hashings.iter().position(|known| *known == kind);
        known.unwrap_or_else(|| {
            self.hashings.push(kind);
            self.hashings.len() - 1
        })
    }

    pub(super) fn factors(&self, item: &AskedItem<'a, W>) -> &[AskedFactor<'a>] {
        &self.factors[item.factors.clone()]
    }

    pub(super) fn name_keys(&self, factor: &AskedFactor<'_>, signers: &mut Signers<'_>) {
        match &factor.keys {
            FactorKeys::Places(places) => signers.push_terms(&self.places[places.clone()]),
            FactorKeys::Bits(set) => signers.push_set(*set),
        }
    }

    /// Takes an item with all its factors, or nothing of it.
    fn item(
        &mut self,
        item: usize,
        hashing: usize,
        parcel: &'a VerifyParcel<W>,
        verified: &'a VerifyItem<W>,
        sources: &mut Sources<W>,
        room: u64,
    ) -> Option<()> {
        let (first, place, word) = (self.factors.len(), self.places.len(), self.words.len());
        let augments = *parcel.scheme() == Scheme::Bls12381MinPkAug;
        for term in parcel.terms(verified) {
            let taken = if augments {
                // Each key is a factor of its own, with a message of its own.
                (0..term.count).try_for_each(|at| {
                    let one = TermRef {
                        first: term.first + at,
                        count: 1,
                        ..*term
                    };
                    let key = key_bytes::<W>(parcel.source(term), parcel.indices(&one)[0]);
                    let whole = [&key, &parcel.message(term)[..]].concat();
                    self.factor(hashing, parcel, &one, Cow::Owned(whole), sources, room)
                })
            } else {
                let whole = Cow::Borrowed(&parcel.message(term)[..]);
                self.factor(hashing, parcel, term, whole, sources, room)
            };
            if taken.is_none() {
                self.places.truncate(place);
                self.words.truncate(word);
                self.factors.truncate(first);
                return None;
            }
        }
        self.items.push(AskedItem {
            item,
            factors: first..self.factors.len(),
            signature: &verified.signature,
        });
        Some(())
    }

    fn factor(
        &mut self,
        hashing: usize,
        parcel: &VerifyParcel<W>,
        term: &TermRef,
        whole: Cow<'a, [u8]>,
        sources: &mut Sources<W>,
        room: u64,
    ) -> Option<()> {
        let keys = match parcel.source(term) {
            Keys::Set(set) => {
                let lodging = sources.lodgings[term.source as usize].as_ref()?;
                self.keys_of_set(lodging, set.len(), parcel.indices(term))
            }
            Keys::Inline(keys) => {
                self.inline_keys(keys, term, parcel.indices(term), sources, room)?
            }
        };
        self.factors.push(AskedFactor {
            hashing,
            whole,
            keys,
        });
        Some(())
    }

    fn keys_of_set(&mut self, lodging: &Lodging, keys: usize, indices: &[u32]) -> FactorKeys {
        if let Some(set) = BitSet::of(lodging, keys, indices, &mut self.words) {
            return FactorKeys::Bits(set);
        }
        let (start, first) = (self.places.len(), lodging.first as u32);
        let places = indices.iter().map(|index| plus(first + index));
        self.places.extend(places);
        FactorKeys::Places(start..self.places.len())
    }

    fn inline_keys(
        &mut self,
        keys: &[Wire<W::Key>],
        term: &TermRef,
        indices: &[u32],
        sources: &mut Sources<W>,
        room: u64,
    ) -> Option<FactorKeys> {
        if self.inline_count + indices.len() as u64 + KNOWN_KEYS > room {
            return None;
        }
        // A key that is infinity is bad, but nothing that the kernels would call so.
        let infinite = |index: &u32| matches!(keys[*index as usize], Wire::Infinity);
        if indices.iter().any(infinite) {
            return None;
        }
        let start = self.places.len();
        for &index in indices {
            let place = *sources
                .inline
                .entry((term.source, index))
                .or_insert_with(|| {
                    self.inline
                        .extend(compressed::<W::Key>(&keys[index as usize]));
                    self.inline_count += 1;
                    (self.scratch_first + self.inline_count - 1) as u32
                });
            self.places.push(plus(place));
        }
        Some(FactorKeys::Places(start..self.places.len()))
    }

    /// The term of the key behind those that were sent along.
    pub(super) const fn canary_key(&self) -> [u32; 1] {
        [plus((self.scratch_first + self.inline_count) as u32)]
    }

    /// The place among the keys sent along, of a term of one that is there.
    pub(super) fn scratch_of(&self, term: u32) -> Option<usize> {
        let at = u64::from(term / 2).checked_sub(self.scratch_first)?;
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

fn key_bytes<W: DeviceWorld>(keys: &Keys<W>, index: u32) -> Vec<u8> {
    match keys {
        Keys::Set(set) => compressed::<W::Key>(&Wire::Point(set.keys()[index as usize])),
        Keys::Inline(keys) => compressed::<W::Key>(&keys[index as usize]),
    }
}
