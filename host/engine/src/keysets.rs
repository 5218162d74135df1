use std::collections::BTreeMap;

use parking_lot::RwLock;
use tutti_backend::AnyKeySet;
use tutti_types::{KeySetId, Limits};

/// The key sets that items may name. Bounded; nothing is evicted behind a caller's back.
#[derive(Debug)]
pub struct KeySets {
    sets: RwLock<BTreeMap<KeySetId, Entry>>,
    sets_max: usize,
    keys_total_max: usize,
}

#[derive(Clone, Debug)]
struct Entry {
    set: AnyKeySet,
    name: String,
}

#[derive(Clone, Debug)]
pub struct KeySetInfo {
    pub set: AnyKeySet,
    /// What the one who put it calls it; means nothing.
    pub name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetsRefused {
    #[error("{0} key sets are kept already, which is the limit; drop one first")]
    TooManySets(usize),
    #[error("all key sets together may hold {0} keys; drop one first")]
    TooManyKeys(usize),
}

impl KeySets {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            sets: RwLock::default(),
            sets_max: limits.key_sets_max,
            keys_total_max: limits.keys_total_max,
        }
    }

    /// Putting a set that is there already changes nothing, its name included.
    pub fn put(&self, set: AnyKeySet, name: &str) -> Result<(), KeySetsRefused> {
        let mut sets = self.sets.write();
        if sets.contains_key(&set.id()) {
            return Ok(());
        }
        if sets.len() >= self.sets_max {
            return Err(KeySetsRefused::TooManySets(self.sets_max));
        }
        let keys: usize = sets.values().map(|entry| entry.set.len()).sum();
        if keys + set.len() > self.keys_total_max {
            return Err(KeySetsRefused::TooManyKeys(self.keys_total_max));
        }
        sets.insert(
            set.id(),
            Entry {
                set,
                name: name.to_owned(),
            },
        );
        Ok(())
    }

    pub fn get(&self, id: &KeySetId) -> Option<AnyKeySet> {
        self.sets.read().get(id).map(|entry| entry.set.clone())
    }

    pub fn info(&self, id: &KeySetId) -> Option<KeySetInfo> {
        self.sets.read().get(id).map(Entry::info)
    }

    /// In the order of their ids, from `after` on (exclusive), at most `count`.
    pub fn list(&self, after: Option<KeySetId>, count: usize) -> Vec<KeySetInfo> {
        let sets = self.sets.read();
        let from = after.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
        sets.range((from, std::ops::Bound::Unbounded))
            .take(count)
            .map(|(_, entry)| entry.info())
            .collect()
    }

    /// Items that are queued keep their set until they are answered.
    pub fn drop_set(&self, id: &KeySetId) -> bool {
        self.sets.write().remove(id).is_some()
    }

    pub fn len(&self) -> usize {
        self.sets.read().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Entry {
    fn info(&self) -> KeySetInfo {
        KeySetInfo {
            set: self.set.clone(),
            name: self.name.clone(),
        }
    }
}
