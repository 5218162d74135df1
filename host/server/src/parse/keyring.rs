use std::collections::HashMap;
use std::sync::Arc;

use tutti_backend::{Keys, VerifyParcelBuilder};
use tutti_curves::{Group, KeySet, Wire};
use tutti_engine::KeySets;
use tutti_types::{Encoding, InvalidReason, KeySetId, Part, UndecidedCause, Verdict};

use super::{Reading, Served, Stop};
use crate::refusal::Refusal;

/// The keys that the items of one request name, each once.
pub(super) struct Keyring<'a, W: Served> {
    store: &'a KeySets,
    encoding: Encoding,
    sets: Vec<Arc<KeySet<W::Key>>>,
    set_places: HashMap<KeySetId, Option<usize>>,
    inline: Vec<Wire<W::Key>>,
    inline_places: HashMap<&'a [u8], Result<u32, InvalidReason>>,
}

/// Where an index counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Inline,
    Set(usize),
}

/// The sources as a parcel numbers them.
pub(super) struct Sources {
    inline: u32,
    first_set: u32,
}

pub(super) fn key_set_id(field: impl Fn() -> String, bytes: &[u8]) -> Result<KeySetId, Refusal> {
    let id = bytes.try_into().map_err(|_| {
        let what = format!("a key set id has 32 bytes, this one has {}", bytes.len());
        Refusal::malformed(field(), what)
    })?;
    Ok(KeySetId(id))
}

impl<'a, W: Served> Keyring<'a, W> {
    pub(super) fn new(reading: &Reading<'a>) -> Self {
        Self {
            store: reading.key_sets,
            encoding: reading.encoding,
            sets: Vec::new(),
            set_places: HashMap::new(),
            inline: Vec::new(),
            inline_places: HashMap::new(),
        }
    }

    /// A key set and its length.
    pub(super) fn set(
        &mut self,
        field: impl Fn() -> String,
        id: &[u8],
    ) -> Result<(Source, usize), Stop> {
        let id = key_set_id(&field, id)?;
        let place = match self.set_places.get(&id) {
            Some(place) => *place,
            None => self.look_up(field, id)?,
        };
        let place = place.ok_or(Verdict::Undecided(UndecidedCause::UnknownKeySet))?;
        Ok((Source::Set(place), self.sets[place].len()))
    }

    fn look_up(
        &mut self,
        field: impl Fn() -> String,
        id: KeySetId,
    ) -> Result<Option<usize>, Refusal> {
        let place = match self.store.get(&id) {
            None => None,
            Some(set) => {
                let set = W::key_set(set).ok_or_else(|| {
                    Refusal::malformed(field(), "the key set is of another world than the scheme")
                })?;
                self.sets.push(set);
                Some(self.sets.len() - 1)
            }
        };
        self.set_places.insert(id, place);
        Ok(place)
    }

    /// The place of an inline key, which is the n-th of its item.
    pub(super) fn inline(&mut self, bytes: &'a [u8], nth: usize) -> Result<u32, Verdict> {
        let (inline, encoding) = (&mut self.inline, self.encoding);
        self.inline_places
            .entry(bytes)
            .or_insert_with(|| {
                inline.push(W::Key::parse(encoding, bytes)?);
                Ok(inline.len() as u32 - 1)
            })
            .map_err(|reason| Verdict::Invalid(reason, Part::Key(nth as u32)))
    }

    /// Hands the keys to a parcel.
    pub(super) fn install(self, builder: &mut VerifyParcelBuilder<W>) -> Sources {
        let mut sources = Sources {
            inline: 0,
            first_set: 0,
        };
        if !self.inline.is_empty() {
            sources.inline = builder.keys(Keys::Inline(self.inline));
            sources.first_set = 1;
        }
        for set in self.sets {
            builder.keys(Keys::Set(set));
        }
        sources
    }
}

impl Sources {
    pub(super) const fn number(&self, source: Source) -> u32 {
        match source {
            Source::Inline => self.inline,
            Source::Set(place) => self.first_set + place as u32,
        }
    }
}
