//! Which key sets lie where in the device's tables. The set that was not used for longest gives
//! way; what a batch in flight uses never does.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use rayon::prelude::*;
use tutti_curves::KeySet;
use tutti_types::KeySetId;

use crate::program::Table;
use crate::supervisor::{Worker, WorkerFault};
use crate::words::{DeviceGroup, limb_major};

pub(crate) struct Residents {
    places: [u64; 3],
    /// Of each table, the first so many places are for keys sent along, slot by slot.
    reserved: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Whose tables these are: a new process has empty ones.
    incarnation: u64,
    tables: [HashMap<KeySetId, Resident>; 3],
    clock: u64,
    uploads: u64,
    evictions: u64,
}

struct Resident {
    first: u64,
    count: u64,
    used: u64,
    users: Arc<()>,
}

/// A set's first place; it stays while this is held.
#[derive(Clone, Debug)]
pub(crate) struct Lodging {
    pub(crate) first: u64,
    /// The place of the sum of all its keys.
    pub(crate) total: u64,
    _user: Arc<()>,
}

#[cfg(test)]
impl Lodging {
    /// Of a set of so many keys.
    pub(crate) fn at(first: u64, keys: u64) -> Self {
        Self {
            first,
            total: first + keys,
            _user: Arc::default(),
        }
    }
}

impl Residents {
    pub(crate) fn new(places: [u64; 3], reserved: u64) -> Self {
        Self {
            places,
            reserved,
            state: Mutex::default(),
        }
    }

    pub(crate) const fn places(&self, table: Table) -> u64 {
        self.places[table as usize]
    }

    /// Where the set lies, once it is there; none if there is no room for it.
    pub(crate) fn lodge<G: DeviceGroup>(
        &self,
        worker: &Worker,
        set: &KeySet<G>,
    ) -> Result<Option<Lodging>, WorkerFault> {
        let Some(table) = G::TABLE else {
            return Ok(None);
        };
        let mut state = self.state.lock();
        if state.incarnation != worker.incarnation {
            state.incarnation = worker.incarnation;
            state.tables = Default::default();
        }
        state.clock += 1;
        let now = state.clock;
        if let Some(resident) = state.tables[table as usize].get_mut(&set.id()) {
            resident.used = now;
            return Ok(Some(resident.lodging()));
        }
        // The sum of all keys lies behind them.
        let count = set.len() as u64 + 1;
        let Some(first) = state.make_room(table, count, self.reserved, self.places(table)) else {
            return Ok(None);
        };
        let mut keys: Vec<Option<G::Affine>> = set.keys().iter().copied().map(Some).collect();
        keys.push(total::<G>(set.keys()));
        worker.keep(table, first, count, &limb_major(&keys))?;
        state.uploads += 1;
        let resident = Resident {
            first,
            count,
            used: now,
            users: Arc::default(),
        };
        let lodging = resident.lodging();
        state.tables[table as usize].insert(set.id(), resident);
        Ok(Some(lodging))
    }

    /// Sets on the device, sets brought there, sets that gave way.
    pub(crate) fn counts(&self) -> (u64, u64, u64) {
        let state = self.state.lock();
        let resident: usize = state.tables.iter().map(HashMap::len).sum();
        (resident as u64, state.uploads, state.evictions)
    }
}

/// The sum of all keys of a set; none is infinity.
fn total<G: DeviceGroup>(keys: &[G::Affine]) -> Option<G::Affine> {
    /// As many as make a thread worth waking.
    const KEYS_PER_TASK: usize = 4_096;
    let sum = keys
        .par_chunks(KEYS_PER_TASK)
        .map(|keys| G::sum(&keys.iter().collect::<Vec<_>>()))
        .reduce(G::zero, |a, b| G::add(&a, &b));
    G::to_affine(&sum)
}

impl Resident {
    fn lodging(&self) -> Lodging {
        Lodging {
            first: self.first,
            total: self.first + self.count - 1,
            _user: Arc::clone(&self.users),
        }
    }
}

impl State {
    fn make_room(&mut self, table: Table, count: u64, from: u64, to: u64) -> Option<u64> {
        loop {
            let table = &mut self.tables[table as usize];
            if let Some(first) = gap(table, count, from, to) {
                return Some(first);
            }
            let unused = table
                .iter()
                .filter(|(_, resident)| Arc::strong_count(&resident.users) == 1);
            let (id, _) = unused.min_by_key(|(_, resident)| resident.used)?;
            let id = *id;
            table.remove(&id);
            self.evictions += 1;
        }
    }
}

/// The first gap of that many places.
fn gap(table: &HashMap<KeySetId, Resident>, count: u64, from: u64, to: u64) -> Option<u64> {
    let mut taken: Vec<(u64, u64)> = table
        .values()
        .map(|resident| (resident.first, resident.first + resident.count))
        .collect();
    taken.sort_unstable();
    let mut first = from;
    for (start, end) in taken {
        if start >= first + count {
            break;
        }
        first = end;
    }
    (count > 0 && first + count <= to).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lodge(state: &mut State, name: u8, count: u64) -> Option<Lodging> {
        let first = state.make_room(Table::BlsG1, count, 10, 100)?;
        state.clock += 1;
        let resident = Resident {
            first,
            count,
            used: state.clock,
            users: Arc::default(),
        };
        let lodging = resident.lodging();
        state.tables[0].insert(KeySetId([name; 32]), resident);
        Some(lodging)
    }

    #[test]
    fn the_set_unused_for_longest_gives_way_but_never_one_in_use() {
        let mut state = State::default();
        assert_eq!(lodge(&mut state, 1, 40).map(|it| it.first), Some(10));
        let held = lodge(&mut state, 2, 40).expect("there is room");
        assert_eq!(held.first, 50);
        assert_eq!(
            lodge(&mut state, 3, 30).map(|it| it.first),
            Some(10),
            "1 gave way"
        );
        assert!(lodge(&mut state, 4, 90).is_none(), "2 is in use");
        assert_eq!(state.tables[0].len(), 1, "but 3 gave way for nothing");
        drop(held);
        assert_eq!(lodge(&mut state, 5, 90).map(|it| it.first), Some(10));
        assert!(lodge(&mut state, 6, 91).is_none(), "larger than the table");
    }
}
