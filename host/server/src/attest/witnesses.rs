//! Operators whose place in their set's tree an accepted certificate proved: later certificates of
//! the set may leave out their proofs, as on chain.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tutti_domain::SetId;
use tutti_domain::eigen::WitnessCache;

/// Bounded in operators; what was proved first is forgotten first, set by set.
#[derive(Debug)]
pub(crate) struct Witnesses {
    operators_max: usize,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_set: HashMap<SetId, Arc<WitnessCache>>,
    order: VecDeque<SetId>,
    operators: usize,
}

impl Witnesses {
    pub(crate) fn new(operators_max: usize) -> Self {
        Self {
            operators_max,
            known: Mutex::default(),
        }
    }

    pub(crate) fn of(&self, set: SetId) -> Arc<WitnessCache> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.by_set.get(&set).cloned().unwrap_or_default()
    }

    pub(crate) fn remember(&self, set: SetId, proved: WitnessCache) {
        if proved.is_empty() {
            return;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = known.take(set);
        Arc::make_mut(&mut all).extend(proved);
        while known.operators + all.len() > self.operators_max && known.forget_first() {}
        if all.len() <= self.operators_max {
            known.operators += all.len();
            known.order.push_back(set);
            known.by_set.insert(set, all);
        }
    }
}

impl Known {
    fn take(&mut self, set: SetId) -> Arc<WitnessCache> {
        self.order.retain(|other| *other != set);
        let taken = self.by_set.remove(&set).unwrap_or_default();
        self.operators -= taken.len();
        taken
    }

    fn forget_first(&mut self) -> bool {
        let first = self.order.front().copied();
        first.map(|set| self.take(set)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tutti_curves::Wire;
    use tutti_domain::B256;
    use tutti_domain::eigen::OperatorInfo;

    fn proved(indices: std::ops::Range<u32>) -> WitnessCache {
        let info = OperatorInfo {
            key: Wire::Infinity,
            weights: Vec::new(),
        };
        indices.map(|index| (index, info.clone())).collect()
    }

    fn set(byte: u8) -> SetId {
        SetId(B256::repeat_byte(byte))
    }

    #[test]
    fn no_more_operators_are_remembered_than_allowed() {
        let witnesses = Witnesses::new(10);
        witnesses.remember(set(1), proved(0..4));
        witnesses.remember(set(2), proved(0..4));
        witnesses.remember(set(1), proved(2..6));
        let known = |byte| witnesses.of(set(byte)).len();
        assert_eq!((known(1), known(2)), (6, 4));
        // The set that was added to longest ago goes first.
        witnesses.remember(set(3), proved(0..1));
        assert_eq!((known(1), known(2), known(3)), (6, 0, 1));
        witnesses.remember(set(4), proved(0..11));
        assert_eq!((known(1), known(3), known(4)), (0, 0, 0));
        witnesses.remember(set(5), proved(0..10));
        assert_eq!(known(5), 10);
        assert_eq!(witnesses.known.lock().unwrap().operators, 10);
    }
}
