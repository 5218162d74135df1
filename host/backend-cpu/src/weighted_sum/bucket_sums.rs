//! The sums of all buckets, made on all threads: each task has some windows of some parts.

use std::ops::Range;

use tutti_curves::Group;

use super::{Weighing, ranges};
use crate::arithmetic::{Bulk, in_order};

/// Sums by digit from 1 on, by window and by part of the points; none where it is infinity. They lie
/// as the tasks made them: putting them together would be one thread's work.
pub(super) struct BucketSums<G: Group> {
    digits: usize,
    windows: usize,
    groups: Vec<PartGroup<G>>,
}

/// Some parts' sums: for some windows at a time by digit, by window and by part.
struct PartGroup<G: Group> {
    parts: usize,
    windows_each: usize,
    pieces: Vec<Vec<Option<G::Affine>>>,
}

impl<G: Bulk> BucketSums<G> {
    pub(super) fn new(all: &Weighing<'_, G>, parts: &[usize]) -> Self {
        let windows = all.shape.windows() as usize;
        let grid = Grid::new(
            all.points.len(),
            parts.len(),
            windows,
            rayon::current_num_threads(),
        );
        let some_parts: Vec<&[usize]> = parts.chunks(grid.parts_each).collect();
        let lengths: Vec<usize> = some_parts.iter().map(|parts| parts.iter().sum()).collect();
        let places: Vec<Range<usize>> = ranges(&lengths).collect();
        let pieces_of = |group: usize| {
            let each = grid.windows_each(group);
            (0..windows)
                .step_by(each)
                .map(move |first| first..windows.min(first + each))
        };
        let tasks: Vec<(usize, Range<usize>)> = (0..some_parts.len())
            .flat_map(|group| pieces_of(group).map(move |windows| (group, windows)))
            .collect();
        let digits = all.shape.buckets(0);
        let mut made = in_order(&tasks, |(group, windows)| {
            let place = places[*group].clone();
            let (points, weights) = (&all.points[place.clone()], &all.weights[place]);
            let windows = windows.start as u32..windows.end as u32;
            let parts = some_parts[*group];
            G::bucket_sums(all.arithmetic, points, parts, weights, digits, windows)
        })
        .into_iter();
        let group = |(group, parts): (usize, &&[usize])| PartGroup {
            parts: parts.len(),
            windows_each: grid.windows_each(group),
            pieces: made.by_ref().take(pieces_of(group).count()).collect(),
        };
        Self {
            digits,
            windows,
            groups: some_parts.iter().enumerate().map(group).collect(),
        }
    }

    pub(super) const fn rows(&self) -> usize {
        self.digits * self.windows
    }

    /// The sum of each part in a bucket; rows go by digit, and in it by window.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = &Option<G::Affine>> {
        let (digit, window) = (row / self.windows, row % self.windows);
        let groups = self.groups.iter();
        groups.flat_map(move |group| group.row(digit, window, self.windows))
    }

    /// Row after row.
    pub(super) fn all(&self) -> Vec<Option<G::Affine>> {
        let rows = (0..self.rows()).flat_map(|row| self.row(row));
        rows.copied().collect()
    }
}

impl<G: Group> PartGroup<G> {
    fn row(&self, digit: usize, window: usize, windows: usize) -> &[Option<G::Affine>] {
        let piece = window / self.windows_each;
        let first = piece * self.windows_each;
        let in_piece = self.windows_each.min(windows - first);
        let start = (digit * in_piece + window - first) * self.parts;
        &self.pieces[piece][start..start + self.parts]
    }
}

/// How the work is split: each thread has as much as any other, and a task is no larger than what is
/// added up at once anyway. Smaller ones add up fewer at once, so that their inversions cost more:
/// only the last ones are, as none shall wait long for another's last task.
#[derive(Debug, PartialEq)]
pub(super) struct Grid {
    pub(super) parts_each: usize,
    /// How many groups of parts are done in larger tasks.
    pub(super) coarse_groups: usize,
    pub(super) coarse_windows: usize,
    pub(super) fine_windows: usize,
}

impl Grid {
    pub(super) fn new(points: usize, parts: usize, windows: usize, threads: usize) -> Self {
        /// A point in a window.
        const ENTRIES_MAX: usize = 6_656;
        const ENTRIES_MIN: usize = 3_328;
        const TASKS_OF_A_THREAD: usize = 8;
        const LAST_TASKS_OF_A_THREAD: usize = 2;
        let entries = points * windows;
        let fewest = entries.div_ceil(ENTRIES_MAX);
        let most = (TASKS_OF_A_THREAD * threads).min(entries.div_ceil(ENTRIES_MIN));
        let most = most.max(fewest);
        let groups = most.next_multiple_of(threads).min(parts).max(1);
        let parts_each = parts.div_ceil(groups).max(1);
        let groups = parts.div_ceil(parts_each).max(1);
        let pieces = |tasks: usize| tasks.max(threads).div_ceil(groups).min(windows);
        let fine_groups = (LAST_TASKS_OF_A_THREAD * threads).div_ceil(pieces(most));
        Self {
            parts_each,
            coarse_groups: groups.saturating_sub(fine_groups),
            coarse_windows: windows.div_ceil(pieces(fewest)),
            fine_windows: windows.div_ceil(pieces(most)),
        }
    }

    const fn windows_each(&self, group: usize) -> usize {
        if group < self.coarse_groups {
            self.coarse_windows
        } else {
            self.fine_windows
        }
    }
}
