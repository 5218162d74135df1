use std::collections::{BTreeMap, BTreeSet};

use crate::{Isolation, Micros, SourceId, Spoiler};

/// The sources that spoiled batches lately, and which of them are isolated now.
#[derive(Debug, Default)]
pub(crate) struct Offenders {
    records: BTreeMap<SourceId, Record>,
    /// By last offence, oldest first.
    recency: BTreeMap<u64, SourceId>,
    /// The isolated ones, by release.
    cooling: BTreeSet<(Micros, SourceId)>,
    offences: u64,
}

#[derive(Debug)]
struct Record {
    strikes: u32,
    until: Micros,
    last: u64,
}

/// What an offence changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sentence {
    pub(crate) isolated: Option<SourceId>,
    /// Forgotten early to make room.
    pub(crate) released: Option<SourceId>,
}

impl Offenders {
    pub(crate) fn tracked(&self) -> usize {
        self.records.len()
    }

    pub(crate) fn isolated(&self) -> usize {
        self.cooling.len()
    }

    pub(crate) fn is_isolated(&self, source: SourceId) -> bool {
        self.records
            .get(&source)
            .is_some_and(|record| self.cooling.contains(&(record.until, source)))
    }

    /// One source whose time is over.
    pub(crate) fn pop_cooled(&mut self, now: Micros) -> Option<SourceId> {
        let &(until, source) = self.cooling.first()?;
        if until > now {
            return None;
        }
        self.cooling.pop_first();
        Some(source)
    }

    pub(crate) fn offend(&mut self, now: Micros, spoiler: Spoiler, rules: &Isolation) -> Sentence {
        let tolerated = u64::from(spoiler.of) * u64::from(rules.tolerated_per_thousand) / 1_000;
        if u64::from(spoiler.bad) <= tolerated || rules.sources_max == 0 {
            return Sentence::default();
        }
        let source = spoiler.source;
        let released = self.make_room(source, rules.sources_max);
        self.offences += 1;
        let record = self.records.entry(source).or_insert(Record {
            strikes: 0,
            until: now,
            last: 0,
        });
        self.recency.remove(&record.last);
        // One bad parcel may lie in many batches: what is found during the cooling starts it
        // again, and only what comes after it makes the next one longer.
        if !self.cooling.remove(&(record.until, source)) {
            let forgotten = now.since(record.until) / rules.forget_us.max(1);
            let kept = u64::from(record.strikes).saturating_sub(forgotten);
            record.strikes = kept as u32 + 1;
        }
        record.until = now.after(cooling_us(record.strikes, rules));
        record.last = self.offences;
        self.recency.insert(record.last, source);
        self.cooling.insert((record.until, source));
        assert_eq!(self.records.len(), self.recency.len());
        Sentence {
            isolated: Some(source),
            released,
        }
    }

    fn make_room(&mut self, newcomer: SourceId, sources_max: usize) -> Option<SourceId> {
        if self.records.len() < sources_max || self.records.contains_key(&newcomer) {
            return None;
        }
        let (_, oldest) = self.recency.pop_first()?;
        let record = self
            .records
            .remove(&oldest)
            .expect("each recency is a record's");
        self.cooling
            .remove(&(record.until, oldest))
            .then_some(oldest)
    }
}

fn cooling_us(strikes: u32, rules: &Isolation) -> u64 {
    let doublings = strikes.saturating_sub(1);
    let factor = 1u64.checked_shl(doublings).unwrap_or(u64::MAX);
    rules
        .cooling_us_first
        .saturating_mul(factor)
        .min(rules.cooling_us_max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;

    const SECOND: u64 = 1_000_000;

    fn spoiler(source: u64) -> Spoiler {
        Spoiler {
            source: SourceId(source),
            bad: 1,
            of: 100,
        }
    }

    fn rules() -> Isolation {
        Config::default().isolation
    }

    fn until(offenders: &Offenders, source: u64) -> u64 {
        offenders.records[&SourceId(source)].until.0
    }

    #[test]
    fn cooling_doubles_with_repetition_up_to_a_limit() {
        let mut offenders = Offenders::default();
        let mut now = Micros(0);
        for strike in 0..20 {
            offenders.offend(now, spoiler(1), &rules());
            assert!(offenders.is_isolated(SourceId(1)));
            let cooling = until(&offenders, 1) - now.0;
            assert_eq!(cooling, (SECOND << strike).min(300 * SECOND));
            now = Micros(until(&offenders, 1));
            assert_eq!(offenders.pop_cooled(now), Some(SourceId(1)));
            assert!(!offenders.is_isolated(SourceId(1)));
        }
    }

    #[test]
    fn an_offence_while_cooling_restarts_it_without_growth() {
        let mut offenders = Offenders::default();
        for now in [0, SECOND / 2, SECOND] {
            offenders.offend(Micros(now), spoiler(1), &rules());
            assert_eq!(until(&offenders, 1), now + SECOND);
        }
        assert_eq!(offenders.pop_cooled(Micros(2 * SECOND - 1)), None);
        assert_eq!(offenders.pop_cooled(Micros(2 * SECOND)), Some(SourceId(1)));
    }

    #[test]
    fn good_conduct_takes_doublings_back() {
        let mut offenders = Offenders::default();
        let mut now = Micros(0);
        for _ in 0..4 {
            offenders.offend(now, spoiler(1), &rules());
            now = Micros(until(&offenders, 1));
            offenders.pop_cooled(now);
        }
        let later = now.after(2 * rules().forget_us);
        offenders.offend(later, spoiler(1), &rules());
        assert_eq!(until(&offenders, 1) - later.0, SECOND << 2);
        let release = Micros(until(&offenders, 1));
        offenders.pop_cooled(release);
        let long_after = release.after(100 * rules().forget_us);
        offenders.offend(long_after, spoiler(1), &rules());
        assert_eq!(until(&offenders, 1) - long_after.0, SECOND);
    }

    #[test]
    fn the_table_is_bounded_and_forgets_the_oldest_offence() {
        let mut offenders = Offenders::default();
        let rules = Isolation {
            sources_max: 3,
            ..rules()
        };
        for source in [1, 2, 3, 1] {
            offenders.offend(Micros(0), spoiler(source), &rules);
        }
        let sentence = offenders.offend(Micros(0), spoiler(4), &rules);
        assert_eq!(sentence.isolated, Some(SourceId(4)));
        assert_eq!(sentence.released, Some(SourceId(2)));
        assert_eq!(offenders.tracked(), 3);
        assert!(offenders.is_isolated(SourceId(1)));
        assert!(!offenders.is_isolated(SourceId(2)));
    }

    #[test]
    fn what_is_tolerated_is_no_offence() {
        let mut offenders = Offenders::default();
        let rules = Isolation {
            tolerated_per_thousand: 10,
            ..rules()
        };
        let tolerated = offenders.offend(Micros(0), spoiler(1), &rules);
        assert_eq!(tolerated, Sentence::default());
        let bad = Spoiler {
            bad: 2,
            ..spoiler(1)
        };
        assert_eq!(
            offenders.offend(Micros(0), bad, &rules).isolated,
            Some(SourceId(1))
        );
    }
}
