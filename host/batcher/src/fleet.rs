use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use tutti_types::{Operation, Priority};

use crate::{Amount, BackendId, BackendSlots, BatchId};

/// The backends: what each does, how much it has in flight, whether it takes more.
#[derive(Debug, Default)]
pub(crate) struct Fleet {
    stations: BTreeMap<BackendId, Station>,
    /// Operations that some backend did at some time.
    known: BTreeSet<Operation>,
}

#[derive(Debug)]
struct Station {
    slots: BackendSlots,
    health: Health,
    ordinary: BTreeSet<BatchId>,
    urgent: BTreeSet<BatchId>,
}

#[derive(Debug, PartialEq, Eq)]
enum Health {
    Up,
    /// Faulted: takes nothing until it is up again.
    Out,
}

impl Station {
    fn new(slots: BackendSlots) -> Self {
        Self {
            slots,
            health: Health::Up,
            ordinary: BTreeSet::new(),
            urgent: BTreeSet::new(),
        }
    }

    /// The smallest batch worth sending here, if it does this at all.
    fn crossover(&self, operation: Operation, priority: Priority) -> Option<u32> {
        if self.health == Health::Out || self.capacity(priority) == 0 {
            return None;
        }
        let mut offered = self.slots.operations.iter();
        let (_, crossover) = offered.find(|(op, _)| *op == operation)?;
        Some(*crossover)
    }

    fn capacity(&self, priority: Priority) -> usize {
        match priority {
            Priority::Urgent => self.slots.slots as usize + self.slots.urgent_slots as usize,
            Priority::Normal | Priority::Bulk => self.slots.slots as usize,
        }
    }

    /// Urgent batches fill their own slots first, so that they displace ordinary ones least.
    fn free(&self, priority: Priority) -> usize {
        let urgent_excess = self
            .urgent
            .len()
            .saturating_sub(self.slots.urgent_slots as usize);
        let taken = match priority {
            Priority::Urgent => self.ordinary.len() + self.urgent.len(),
            Priority::Normal | Priority::Bulk => self.ordinary.len() + urgent_excess,
        };
        self.capacity(priority).saturating_sub(taken)
    }

    fn flying(&mut self, priority: Priority) -> &mut BTreeSet<BatchId> {
        match priority {
            Priority::Urgent => &mut self.urgent,
            Priority::Normal | Priority::Bulk => &mut self.ordinary,
        }
    }
}

impl Fleet {
    pub(crate) fn up(&mut self, id: BackendId, slots: BackendSlots) {
        self.known
            .extend(slots.operations.iter().map(|(op, _)| *op));
        // Batches still in flight there from before keep their slots until they end.
        let station = self
            .stations
            .entry(id)
            .or_insert_with(|| Station::new(BackendSlots::default()));
        station.slots = slots;
        station.health = Health::Up;
    }

    pub(crate) fn out(&mut self, id: BackendId) {
        if let Some(station) = self.stations.get_mut(&id) {
            station.health = Health::Out;
        }
    }

    /// Takes the backend away and names its batches in flight, oldest first.
    pub(crate) fn down(&mut self, id: BackendId) -> BTreeSet<BatchId> {
        let Some(mut station) = self.stations.remove(&id) else {
            return BTreeSet::new();
        };
        let mut flying = station.ordinary;
        flying.append(&mut station.urgent);
        flying
    }

    pub(crate) fn start(&mut self, id: BackendId, priority: Priority, batch: BatchId) {
        let station = self
            .stations
            .get_mut(&id)
            .expect("a chosen backend is here");
        assert!(station.free(priority) > 0, "a chosen backend has a slot");
        station.flying(priority).insert(batch);
    }

    pub(crate) fn finish(&mut self, id: BackendId, priority: Priority, batch: BatchId) {
        let station = self
            .stations
            .get_mut(&id)
            .expect("a flying batch's backend is here");
        assert!(
            station.flying(priority).remove(&batch),
            "a batch ends where it was started"
        );
    }

    pub(crate) fn knows(&self, operation: Operation) -> bool {
        self.known.contains(&operation)
    }

    /// Whether some backend, busy or not, would take this.
    pub(crate) fn serves(
        &self,
        operation: Operation,
        priority: Priority,
        tried: &[BackendId],
    ) -> bool {
        self.able(operation, priority, tried).next().is_some()
    }

    pub(crate) fn has_free(&self, priority: Priority) -> bool {
        self.stations
            .values()
            .any(|station| station.health == Health::Up && station.free(priority) > 0)
    }

    /// The largest batch that any backend would take.
    pub(crate) fn largest_batch(
        &self,
        operation: Operation,
        priority: Priority,
        usual: Amount,
    ) -> Amount {
        let able = self.able(operation, priority, &[]);
        let own = able.filter_map(|(_, station, _)| station.slots.batch_max);
        own.fold(usual, |largest, own| Amount {
            items: largest.items.max(own.items),
            cost_us: largest.cost_us.max(own.cost_us),
        })
    }

    /// The largest batch of one backend.
    pub(crate) fn batch_max(&self, id: BackendId, usual: Amount) -> Amount {
        let station = self.stations.get(&id);
        let own = station.and_then(|station| station.slots.batch_max);
        own.unwrap_or(usual)
    }

    /// Where a batch of this size goes now. The backend with the largest crossover that it
    /// reaches: those with a smaller one are the only help of smaller batches. If it reaches none,
    /// waiting would not help, and the one made for the smallest batches has it.
    pub(crate) fn choose(
        &self,
        operation: Operation,
        priority: Priority,
        size: u64,
        tried: &[BackendId],
    ) -> Option<BackendId> {
        let reached = self
            .able(operation, priority, tried)
            .any(|(_, _, crossover)| u64::from(crossover) <= size);
        let free = self
            .able(operation, priority, tried)
            .filter(|(_, station, _)| station.free(priority) > 0);
        let chosen = if reached {
            free.filter(|(_, _, crossover)| u64::from(*crossover) <= size)
                .max_by_key(|(id, station, crossover)| {
                    (*crossover, station.free(priority), Reverse(*id))
                })
        } else {
            free.min_by_key(|(id, station, crossover)| {
                (*crossover, Reverse(station.free(priority)), *id)
            })
        };
        chosen.map(|(id, _, _)| id)
    }

    fn able(
        &self,
        operation: Operation,
        priority: Priority,
        tried: &[BackendId],
    ) -> impl Iterator<Item = (BackendId, &Station, u32)> {
        self.stations.iter().filter_map(move |(id, station)| {
            let crossover = station.crossover(operation, priority)?;
            (!tried.contains(id)).then_some((*id, station, crossover))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OP: Operation = Operation::HashToCurve;
    const CPU: BackendId = BackendId(1);
    const GPU: BackendId = BackendId(2);

    fn slots(slots: u32, urgent_slots: u32, crossover: u32) -> BackendSlots {
        BackendSlots {
            slots,
            urgent_slots,
            operations: vec![(OP, crossover)],
            batch_max: None,
        }
    }

    #[test]
    fn small_batches_wait_for_the_backend_made_for_them() {
        let mut fleet = Fleet::default();
        fleet.up(CPU, slots(1, 0, 1));
        fleet.up(GPU, slots(1, 0, 1_000));
        assert_eq!(fleet.choose(OP, Priority::Normal, 999, &[]), Some(CPU));
        assert_eq!(fleet.choose(OP, Priority::Normal, 1_000, &[]), Some(GPU));
        fleet.start(CPU, Priority::Normal, BatchId(1));
        assert_eq!(fleet.choose(OP, Priority::Normal, 999, &[]), None);
        fleet.start(GPU, Priority::Normal, BatchId(2));
        fleet.finish(CPU, Priority::Normal, BatchId(1));
        assert_eq!(fleet.choose(OP, Priority::Normal, 1_000, &[]), Some(CPU));
    }

    #[test]
    fn a_crossover_gives_way_where_no_other_backend_can() {
        let mut fleet = Fleet::default();
        fleet.up(GPU, slots(1, 0, 1_000));
        fleet.up(BackendId(3), slots(1, 0, 2_000));
        assert_eq!(fleet.choose(OP, Priority::Normal, 1, &[]), Some(GPU));
        assert_eq!(
            fleet.choose(OP, Priority::Normal, 1, &[GPU]),
            Some(BackendId(3))
        );
        fleet.up(CPU, slots(1, 0, 1));
        fleet.out(CPU);
        assert_eq!(fleet.choose(OP, Priority::Normal, 1, &[]), Some(GPU));
    }

    #[test]
    fn urgent_slots_are_for_urgent_batches_and_used_by_them_first() {
        let mut fleet = Fleet::default();
        fleet.up(CPU, slots(1, 1, 1));
        fleet.start(CPU, Priority::Urgent, BatchId(1));
        assert_eq!(fleet.choose(OP, Priority::Bulk, 1, &[]), Some(CPU));
        fleet.start(CPU, Priority::Urgent, BatchId(2));
        assert_eq!(fleet.choose(OP, Priority::Bulk, 1, &[]), None);
        assert_eq!(fleet.choose(OP, Priority::Urgent, 1, &[]), None);
        fleet.finish(CPU, Priority::Urgent, BatchId(1));
        fleet.start(CPU, Priority::Bulk, BatchId(3));
        assert_eq!(fleet.choose(OP, Priority::Urgent, 1, &[]), None);
        fleet.finish(CPU, Priority::Urgent, BatchId(2));
        assert_eq!(fleet.choose(OP, Priority::Bulk, 1, &[]), None);
        assert_eq!(fleet.choose(OP, Priority::Urgent, 1, &[]), Some(CPU));
    }

    #[test]
    fn a_backend_with_urgent_slots_only_serves_nothing_else() {
        let mut fleet = Fleet::default();
        fleet.up(CPU, slots(0, 1, 1));
        assert!(fleet.serves(OP, Priority::Urgent, &[]));
        assert!(!fleet.serves(OP, Priority::Normal, &[]));
    }

    #[test]
    fn batches_in_flight_count_across_an_outage() {
        let mut fleet = Fleet::default();
        fleet.up(CPU, slots(2, 0, 1));
        fleet.start(CPU, Priority::Normal, BatchId(1));
        fleet.start(CPU, Priority::Normal, BatchId(2));
        fleet.out(CPU);
        assert!(!fleet.has_free(Priority::Normal));
        fleet.up(CPU, slots(2, 0, 1));
        assert_eq!(fleet.choose(OP, Priority::Normal, 1, &[]), None);
        assert_eq!(fleet.down(CPU), BTreeSet::from([BatchId(1), BatchId(2)]));
    }
}
