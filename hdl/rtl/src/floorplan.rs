//! Where on an LFE5U-85F the cores' multipliers and block memories stand. Left to itself nextpnr mixes the cores with each other,
//! and their wires with them: it finds neither a way for all of them nor a fast one. With these cells held in a rectangle for
//! each core, the rest of the core follows.
use std::fmt::Write as _;

/// Multipliers and block memories stand in rows, in 13 groups of four that begin in these columns.
const GROUPS: [u32; 13] = [4, 13, 22, 31, 40, 49, 58, 69, 78, 87, 96, 105, 114];
/// Columns of a group's multipliers and block memories, from its first, and what they are called.
const MULTIPLIERS: [(u32, &str); 4] = [
    (0, "MULT18_0"),
    (1, "MULT18_1"),
    (4, "MULT18_4"),
    (5, "MULT18_5"),
];
const MEMORIES: [(u32, &str); 4] = [(0, "EBR0"), (2, "EBR1"), (4, "EBR2"), (6, "EBR3")];

/// Neighbours in one row; the first is counted from the left end of the chip.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub row: u32,
    pub first: usize,
    pub count: usize,
}

/// One core's multipliers and block memories, from left to right.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub multipliers: Run,
    pub memories: &'static [Run],
}

impl Run {
    fn sites(self, kinds: &[(u32, &str); 4]) -> impl Iterator<Item = String> {
        (self.first..self.first + self.count).map(move |i| {
            let (column, kind) = kinds[i % 4];
            format!("X{}/Y{}/{kind}", GROUPS[i / 4] + column, self.row)
        })
    }
}

impl Place {
    /// A lane's two multipliers side by side, lane by lane; between the halves of the microcode the registers, a word of
    /// each lane's in each memory.
    fn cells(&self) -> impl Iterator<Item = (String, String)> {
        let multipliers = (0..6).flat_map(|lane| {
            ["ab", "mq"].map(|product| format!("multiplier.lane${lane}.{product}.inner.mult"))
        });
        let code = |halves: std::ops::Range<usize>| halves.map(|i| format!("code.mem.0.{i}"));
        let registers = (0..6).map(|i| format!("registers.inner.mem.0.{i}"));
        let memories = code(0..4).chain(registers).chain(code(4..8));
        let sites = self.memories.iter().flat_map(|run| run.sites(&MEMORIES));
        multipliers
            .zip(self.multipliers.sites(&MULTIPLIERS))
            .chain(memories.zip(sites))
    }
}

/// For yosys: attributes that nextpnr-ecp5 goes by.
pub fn attributes(places: &[Place]) -> String {
    let mut text = String::from("# Sites on LFE5U-85F, of src/floorplan.rs\n");
    for (core, place) in places.iter().enumerate() {
        for (cell, site) in place.cells() {
            let _ = writeln!(
                text,
                "setattr -set BEL \"{site}\" tutti_board/card.card.cores.each\\[{core}\\].core.{cell}"
            );
        }
    }
    text
}

const fn run(row: u32, first: usize, count: usize) -> Run {
    Run { row, first, count }
}

const fn place(row: u32, first: usize, memories: &'static [Run]) -> Place {
    Place {
        multipliers: run(row, first, 12),
        memories,
    }
}

/// Ten cores: three in each of the lower two bands of the chip, four in the highest, which has two rows of memories.
pub const TEN: [Place; 10] = [
    place(10, 0, &[run(22, 0, 14)]),
    place(10, 20, &[run(22, 19, 14)]),
    place(10, 40, &[run(22, 38, 14)]),
    place(34, 0, &[run(46, 0, 14)]),
    place(34, 20, &[run(46, 19, 14)]),
    place(34, 40, &[run(46, 38, 14)]),
    place(58, 0, &[run(70, 0, 14)]),
    place(58, 12, &[run(70, 14, 12), run(82, 16, 2)]),
    place(58, 28, &[run(70, 26, 12), run(82, 30, 2)]),
    place(58, 40, &[run(70, 38, 14)]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_block_has_a_site_of_its_own_that_the_chip_has() {
        let mut taken = HashSet::new();
        for place in &TEN {
            let cells: Vec<_> = place.cells().collect();
            assert_eq!(cells.len(), 12 + 14);
            for (cell, site) in cells {
                let row = site
                    .split(['Y', '/'])
                    .nth(2)
                    .and_then(|row| row.parse().ok());
                let rows: &[u32] = if cell.starts_with("multiplier") {
                    &[10, 34, 58]
                } else {
                    &[22, 46, 70, 82]
                };
                assert!(rows.contains(&row.expect("a row")), "{cell} at {site}");
                assert!(taken.insert(site.clone()), "{site} twice");
            }
        }
    }
}
