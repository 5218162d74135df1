//! Whose keys are added up: each factor's, named by their places in a table of keys, or, where that
//! is shorter, by the bits of a set that lies there.

use crate::composer::{Array, Composer, Lists, TERMS_MAX, plus};
use crate::residents::Lodging;
use crate::words::DeviceGroup;

/// Keys that one thread goes over.
const PIECE_KEYS: u32 = 128;
/// Where no point is.
const NOWHERE: u32 = u32::MAX;

/// Some of a set's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BitSet {
    /// The place of the set's first key.
    first: u32,
    keys: u32,
    /// The first of its words among all sets'.
    word: u32,
    added: Added,
}

/// Which keys of a set are added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Added {
    Named,
    /// All, whose sum has this place, less those not named.
    AllButOthers(u32),
}

impl BitSet {
    /// The bits of some keys of a set, behind all others' words. None where places are as short, or
    /// where a key is named twice and so added twice.
    pub(crate) fn of(
        lodging: &Lodging,
        keys: usize,
        named: &[u32],
        words: &mut Vec<u32>,
    ) -> Option<Self> {
        let own = keys.div_ceil(32);
        if named.len() <= own {
            return None;
        }
        let word = words.len();
        words.resize(word + own, 0);
        for &index in named {
            let bit = 1 << (index % 32);
            let place = &mut words[word + index as usize / 32];
            if *place & bit != 0 {
                words.truncate(word);
                return None;
            }
            *place |= bit;
        }
        Some(Self {
            first: lodging.first as u32,
            keys: keys as u32,
            word: word as u32,
            added: if 2 * named.len() > keys + 1 {
                Added::AllButOthers(lodging.total as u32)
            } else {
                Added::Named
            },
        })
    }

    /// As the kernels take them.
    fn pieces(self) -> impl Iterator<Item = [u32; 4]> {
        (0..self.keys).step_by(PIECE_KEYS as usize).map(move |at| {
            let keys = PIECE_KEYS.min(self.keys - at);
            let (rest, start) = match self.added {
                Added::Named => (0, NOWHERE),
                Added::AllButOthers(total) => (1, if at == 0 { total } else { NOWHERE }),
            };
            [self.first + at, self.word + at / 32, 2 * keys + rest, start]
        })
    }
}

/// The keys of each factor.
#[derive(Debug)]
pub(crate) struct Signers<'a> {
    /// By place; nothing where a set says it.
    pub(crate) terms: Lists,
    /// In order of their factors.
    sets: Vec<(u32, BitSet)>,
    words: &'a [u32],
}

/// Sums that one thread makes, and which of them make a factor's.
struct Pieces {
    lists: Lists,
    /// Behind all lists.
    sets: Vec<[u32; 4]>,
    of_factors: Lists,
}

impl<'a> Signers<'a> {
    /// None yet, whose sets have these words.
    pub(crate) fn with_words(words: &'a [u32]) -> Self {
        Self {
            terms: Lists::default(),
            sets: Vec::new(),
            words,
        }
    }

    pub(crate) fn push_terms(&mut self, terms: &[u32]) {
        self.terms.push(terms.iter().copied());
    }

    pub(crate) fn push_set(&mut self, set: BitSet) {
        self.sets.push((self.terms.len() as u32, set));
        self.terms.push([]);
    }

    fn pieces(&self) -> Pieces {
        let pieces_of = |list: &[u32]| list.len().div_ceil(TERMS_MAX);
        let all_lists: usize = self.terms.iter().map(pieces_of).sum();
        let (mut lists, mut sets, mut of_factors) =
            (Lists::default(), Vec::new(), Lists::default());
        let mut next = self.sets.iter().peekable();
        for (factor, terms) in (0..).zip(self.terms.iter()) {
            let own = if let Some((_, set)) = next.next_if(|(of, _)| *of == factor) {
                let first = all_lists + sets.len();
                sets.extend(set.pieces());
                first..all_lists + sets.len()
            } else {
                let first = lists.len();
                for piece in terms.chunks(TERMS_MAX) {
                    lists.push(piece.iter().copied());
                }
                first..lists.len()
            };
            of_factors.push(own.map(|piece| plus(piece as u32)));
        }
        Pieces {
            lists,
            sets,
            of_factors,
        }
    }
}

impl Composer {
    /// The sum of each factor's keys, affine.
    pub(crate) fn sums_of_signers<G: DeviceGroup>(
        &mut self,
        table: Array,
        signers: &Signers<'_>,
    ) -> Array {
        if signers.sets.is_empty() {
            return self.affine_sums::<G>(table, &signers.terms);
        }
        let pieces = signers.pieces();
        let (lists, sets) = (pieces.lists.len() as u64, pieces.sets.len() as u64);
        let sums = self.array::<G::Sum>(lists + sets);
        self.sum_lists::<G>(table, &pieces.lists, sums);
        self.sum_bits::<G>(
            table,
            pieces.sets.as_flattened(),
            signers.words,
            sums.from(lists),
        );
        let affine = self.array::<G::Affine>(lists + sets);
        self.affine::<G>(sums, lists + sets, affine);
        self.affine_sums::<G>(affine, &pieces.of_factors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The set's keys lie from 100 on, their sum behind them.
    fn set(keys: usize, named: &[u32], words: &mut Vec<u32>) -> Option<BitSet> {
        BitSet::of(&Lodging::at(100, keys as u64), keys, named, words)
    }

    #[test]
    fn a_set_has_bits_where_these_are_shorter_and_no_key_is_named_twice() {
        let mut words = vec![7];
        assert_eq!(set(33, &[0, 32], &mut words), None, "two places, two words");
        assert_eq!(set(33, &[0, 5, 5], &mut words), None, "one of them twice");
        assert_eq!(words, [7], "nothing is left of them");
        let some = set(33, &[32, 0, 5], &mut words).expect("three places, two words");
        assert_eq!(words, [7, 0b10_0001, 1]);
        let pieces: Vec<_> = some.pieces().collect();
        assert_eq!(pieces, [[100, 1, 2 * 33, NOWHERE]]);
    }

    #[test]
    fn most_of_a_set_is_all_of_it_less_the_others() {
        let mut words = Vec::new();
        let half: Vec<u32> = (0..150).collect();
        let half = set(300, &half, &mut words).expect("many");
        assert_eq!(half.added, Added::Named);
        let most: Vec<u32> = (0..299).collect();
        let most = set(300, &most, &mut words).expect("many");
        let pieces: Vec<_> = most.pieces().collect();
        let rest = |keys: u32| 2 * keys + 1;
        assert_eq!(
            pieces,
            [
                [100, 10, rest(128), 400],
                [228, 14, rest(128), NOWHERE],
                [356, 18, rest(44), NOWHERE]
            ]
        );
    }

    #[test]
    fn a_factor_is_the_sum_of_its_pieces_whether_lists_or_sets() {
        let mut words = Vec::new();
        let many: Vec<u32> = (0..200).collect();
        let sets = [300, 200].map(|keys| set(keys, &many, &mut words).expect("many"));
        let mut signers = Signers::with_words(&words);
        signers.push_set(sets[0]);
        signers.push_terms(&[plus(3)]);
        signers.push_set(sets[1]);
        signers.push_terms(&many);
        let pieces = signers.pieces();
        // One list of one place, and 200 places in runs of 64; three pieces of a set, and two.
        assert_eq!(pieces.lists.len(), 5);
        assert_eq!(pieces.sets.len(), 5);
        let of_factors: Vec<Vec<u32>> = pieces.of_factors.iter().map(<[u32]>::to_vec).collect();
        let places = |pieces: std::ops::Range<u32>| pieces.map(plus).collect::<Vec<_>>();
        assert_eq!(
            of_factors,
            [places(5..8), places(0..1), places(8..10), places(1..5)]
        );
    }
}
