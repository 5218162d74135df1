//! When gossip arrived: modelled, or recorded by a node.
//!
//! A trace is a CSV file with the header `at_us,class` and a line for each gossip object:
//! microseconds since the start of the trace's first slot, which is a slot's start, and one of
//! `vote`, `aggregate`, `sync-message`, `contribution` and `block`. The lines may be in any
//! order; lines that begin with `#` are passed over. The objects that are verified are the
//! workload's, a class's one after the other and again from the first where a slot brings more
//! of it than `mainnet-slot` has.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::workload::slot::{Arrival, Class, arrivals, objects};

pub(crate) const SLOT: Duration = Duration::from_secs(12);
const HEADER: &str = "at_us,class";
/// A hundred slots of mainnet.
const ARRIVALS_MAX: usize = 4_000_000;
/// An hour: a replay takes as long as its trace.
const SLOTS_MAX: usize = 300;

#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    #[error("{path} cannot be read: {source}")]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("a trace begins with the line {HEADER:?}")]
    Header,
    #[error("line {line}: {what}")]
    Line { line: usize, what: String },
    #[error("nothing arrives")]
    Empty,
    #[error("more than {ARRIVALS_MAX} arrivals or {SLOTS_MAX} slots: cut the trace into parts")]
    TooLong,
}

/// Arrivals slot by slot, each counted from its slot's start and in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    slots: Vec<Vec<Arrival>>,
}

impl Trace {
    /// Slots as the model in `workload/slot.rs` has them.
    pub fn modelled(seed: u64, slots: usize) -> Self {
        Self {
            slots: (0..slots as u64)
                .map(|slot| arrivals(seed + slot))
                .collect(),
        }
    }

    pub fn read(path: &Path) -> Result<Self, TraceError> {
        let text = std::fs::read_to_string(path).map_err(|source| TraceError::Io {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text)
    }

    pub fn parse(text: &str) -> Result<Self, TraceError> {
        let mut lines = (1..)
            .zip(text.lines())
            .filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty());
        match lines.next() {
            Some((_, header)) if header.trim() == HEADER => {}
            _ => return Err(TraceError::Header),
        }
        let mut seen: Vec<(u64, Class)> = Vec::new();
        for (line, text) in lines {
            if seen.len() == ARRIVALS_MAX {
                return Err(TraceError::TooLong);
            }
            seen.push(arrival(text).map_err(|what| TraceError::Line { line, what })?);
        }
        seen.sort_by_key(|(at_us, _)| *at_us);
        Self::of(&seen)
    }

    /// Gives each arrival the sets of an object of its class.
    fn of(seen: &[(u64, Class)]) -> Result<Self, TraceError> {
        let (last, _) = seen.last().ok_or(TraceError::Empty)?;
        let slot_us = SLOT.as_micros() as u64;
        if last / slot_us >= SLOTS_MAX as u64 {
            return Err(TraceError::TooLong);
        }
        let objects = objects();
        let of_class = |class: Class| -> Vec<std::ops::Range<u32>> {
            let all = objects.iter().filter(|(is, _)| *is == class);
            all.map(|(_, sets)| sets.clone()).collect()
        };
        let stock = Class::ALL.map(of_class);
        let mut slots = vec![Vec::new(); (last / slot_us) as usize + 1];
        let mut used = vec![[0; Class::ALL.len()]; slots.len()];
        for &(at_us, class) in seen {
            let (slot, kind) = ((at_us / slot_us) as usize, class as usize);
            let nth = used[slot][kind];
            used[slot][kind] += 1;
            slots[slot].push(Arrival {
                at: Duration::from_micros(at_us % slot_us),
                class,
                sets: stock[kind][nth % stock[kind].len()].clone(),
            });
        }
        Ok(Self { slots })
    }

    pub fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        writeln!(out, "{HEADER}")?;
        for (slot, arrivals) in (0..).zip(&self.slots) {
            for arrival in arrivals {
                let at = SLOT * slot + arrival.at;
                writeln!(out, "{},{}", at.as_micros(), arrival.class.word())?;
            }
        }
        Ok(())
    }

    pub fn slots(&self) -> &[Vec<Arrival>] {
        &self.slots
    }

    /// How long its replay takes.
    pub fn lasts(&self) -> Duration {
        SLOT * self.slots.len() as u32
    }
}

fn arrival(line: &str) -> Result<(u64, Class), String> {
    let (at_us, word) = line.split_once(',').ok_or("no comma")?;
    let at_us = at_us
        .trim()
        .parse()
        .map_err(|_| format!("{at_us:?} is no number of microseconds"))?;
    let class = Class::ALL
        .into_iter()
        .find(|class| class.word() == word.trim())
        .ok_or_else(|| {
            let words = Class::ALL.map(Class::word);
            format!("{word:?} is none of {}", words.join(", "))
        })?;
    Ok((at_us, class))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(trace: &Trace) -> Vec<(usize, u128, Class)> {
        let slots = trace.slots().iter().enumerate();
        slots
            .flat_map(|(slot, arrivals)| {
                let arrivals = arrivals.iter();
                arrivals.map(move |arrival| (slot, arrival.at.as_micros(), arrival.class))
            })
            .collect()
    }

    #[test]
    fn the_model_is_read_as_it_is_written() {
        let modelled = Trace::modelled(3, 2);
        let mut text = Vec::new();
        modelled.write(&mut text).expect("memory can be written");
        let read = Trace::parse(std::str::from_utf8(&text).expect("ASCII")).expect("a trace");
        assert_eq!(seen(&read), seen(&modelled));
        let mut sets: Vec<u32> = read.slots()[1]
            .iter()
            .flat_map(|arrival| arrival.sets.clone())
            .collect();
        sets.sort_unstable();
        let all = 0..crate::workload::slot::SETS as u32;
        assert_eq!(sets, all.collect::<Vec<_>>());
    }

    #[test]
    fn a_recorded_trace_has_its_own_times_and_counts() {
        let text =
            "# sentry 7\nat_us,class\n12000005,vote\n950000, block\n2000000,vote\n1500000,vote\n";
        let trace = Trace::parse(text).expect("a trace");
        assert_eq!(
            seen(&trace),
            [
                (0, 950_000, Class::Block),
                (0, 1_500_000, Class::Vote),
                (0, 2_000_000, Class::Vote),
                (1, 5, Class::Vote),
            ]
        );
        assert_eq!(trace.lasts(), SLOT * 2);
        // Each slot begins with a class's first object.
        assert_eq!(trace.slots()[1][0].sets, trace.slots()[0][1].sets);
        let blocks = "at_us,class\n".to_owned() + &"1,block\n".repeat(3);
        let trace = Trace::parse(&blocks).expect("more blocks than the workload has");
        assert_eq!(trace.slots()[0].len(), 3);
    }

    #[test]
    fn what_is_no_trace_is_refused() {
        let refused = |text: &str| Trace::parse(text).expect_err(text);
        assert!(matches!(refused(""), TraceError::Header));
        assert!(matches!(refused("1,vote\n"), TraceError::Header));
        assert!(matches!(refused("at_us,class\n"), TraceError::Empty));
        for line in ["1", "x,vote", "-1,vote", "1,votes", "1,vote,2"] {
            let text = format!("at_us,class\n5,vote\n{line}\n");
            assert!(
                matches!(refused(&text), TraceError::Line { line: 3, .. }),
                "{line}"
            );
        }
        let late = "at_us,class\n3600000000,vote\n";
        assert!(matches!(refused(late), TraceError::TooLong));
    }
}
