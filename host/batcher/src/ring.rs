use std::collections::BTreeMap;

use crate::SourceId;

/// A source's place in the order of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turn {
    due: u64,
    /// Equal turns go first come, first served.
    entered: u64,
}

/// Who is next: self-clocked fair queueing. A turn is due at the ring's clock plus its cost, the
/// least due is served, and the clock moves to it. Sources with work share by cost like in a
/// deficit round robin, but dear turns need no idle rounds, and a source that went away and came
/// back has gained nothing: all it was served lies behind the clock.
#[derive(Debug, Default)]
pub(crate) struct Ring {
    clock: u64,
    entered: u64,
    order: BTreeMap<Turn, SourceId>,
}

impl Ring {
    pub(crate) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    pub(crate) fn enter(&mut self, source: SourceId, cost: u64) -> Turn {
        self.entered += 1;
        let turn = Turn {
            // A turn without cost would stop the clock, and with it everyone else.
            due: self.clock + cost.max(1),
            entered: self.entered,
        };
        self.order.insert(turn, source);
        turn
    }

    pub(crate) fn first(&self) -> Option<(Turn, SourceId)> {
        let (&turn, &source) = self.order.first_key_value()?;
        Some((turn, source))
    }

    /// The turn was used.
    pub(crate) fn serve(&mut self, turn: Turn) {
        self.leave(turn);
        assert!(turn.due >= self.clock, "a ring's clock does not run back");
        self.clock = turn.due;
    }

    /// The turn was given up.
    pub(crate) fn leave(&mut self, turn: Turn) {
        self.order.remove(&turn).expect("a turn is left once");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: SourceId = SourceId(1);
    const B: SourceId = SourceId(2);

    fn serve_next(ring: &mut Ring) -> SourceId {
        let (turn, source) = ring.first().unwrap();
        ring.serve(turn);
        source
    }

    #[test]
    fn turns_are_shared_by_cost() {
        let mut ring = Ring::default();
        let mut cost = BTreeMap::from([(A, 0), (B, 0)]);
        ring.enter(A, 7);
        ring.enter(B, 100);
        for _ in 0..10_000 {
            let source = serve_next(&mut ring);
            let price = if source == A { 7 } else { 100 };
            *cost.get_mut(&source).unwrap() += price;
            ring.enter(source, price);
            assert!(u64::abs_diff(cost[&A], cost[&B]) <= 107);
        }
    }

    #[test]
    fn coming_back_anew_gains_nothing() {
        let mut ring = Ring::default();
        ring.enter(A, 10);
        let mut served = BTreeMap::from([(A, 0), (B, 0)]);
        for _ in 0..1_000 {
            // B has one dear turn at a time and is gone in between; A is always there.
            if ring.len() == 1 {
                ring.enter(B, 50);
            }
            let source = serve_next(&mut ring);
            *served.get_mut(&source).unwrap() += if source == A { 10 } else { 50 };
            if source == A {
                ring.enter(A, 10);
            }
        }
        assert!(u64::abs_diff(served[&A], served[&B]) <= 60, "{served:?}");
    }

    #[test]
    fn new_sources_without_end_do_not_starve_an_old_one() {
        let mut ring = Ring::default();
        ring.enter(A, 10);
        let mut waited = 0;
        for new in 0..50 {
            ring.enter(SourceId(1_000 + new), 1);
            if serve_next(&mut ring) == A {
                break;
            }
            waited += 1;
        }
        assert!(waited <= 10, "{waited}");
    }

    #[test]
    fn work_without_cost_still_moves_the_clock() {
        let mut ring = Ring::default();
        ring.enter(A, 0);
        ring.enter(B, 5);
        let served: Vec<_> = (0..6)
            .map(|_| {
                let source = serve_next(&mut ring);
                ring.enter(source, 0);
                source
            })
            .collect();
        assert!(served.contains(&B), "{served:?}");
    }
}
