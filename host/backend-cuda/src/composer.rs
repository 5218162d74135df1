//! Programs put together: each entry point's arguments stand here once, as `kernels/README.md`
//! lists them.

use std::ops::Range;

use tutti_types::{CurveId, GroupId};

use crate::program::{Argument, Buffer, First, Launch, Memory, Program, Read, Table};
use crate::words::{DeviceCurve, DeviceGroup, Words};

/// Points whose inverses one thread takes together.
const RUN: u32 = 16;
/// Terms that one thread adds one after the other; longer lists are done in parts.
pub(crate) const TERMS_MAX: usize = 64;
/// The same for factors of a product, which take longer.
const FACTORS_MAX: usize = 16;
/// Magnitudes of a digit.
pub(crate) const BUCKETS: u64 = 128;
/// Threads that add the buckets of one bit.
const SHARES: u64 = 8;
/// Pairs of one thread, which share their squarings.
const PAIRS_MAX: usize = 8;
/// Pairs that are looked at together, unless one thing has more.
pub(crate) const LEAF_PAIRS: u32 = 32;
/// Threads that keep a large device busy: only beyond does sharing squarings pay.
const THREADS_ENOUGH: usize = 32_768;

/// Lists of numbers, one after the other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists {
    ends: Vec<u32>,
    numbers: Vec<u32>,
}

impl Lists {
    pub(crate) fn push(&mut self, numbers: impl IntoIterator<Item = u32>) {
        self.numbers.extend(numbers);
        self.ends.push(self.numbers.len() as u32);
    }

    pub(crate) const fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u32]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let range = |(start, end): (u32, &u32)| &self.numbers[start as usize..*end as usize];
        starts.zip(&self.ends).map(range)
    }

    /// Start and end of each list, as the kernels take them.
    fn ranges(&self) -> Vec<u32> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .flat_map(|(start, end)| [start, *end])
            .collect()
    }

    /// Lists of so many numbers at most, and which of them each list was cut into; none where no
    /// list is longer.
    fn cut(&self, longest: usize) -> Option<(Self, Self)> {
        if self.iter().all(|list| list.len() <= longest) {
            return None;
        }
        let (mut pieces, mut of_lists) = (Self::default(), Self::default());
        for list in self.iter() {
            let first = pieces.len() as u32;
            for piece in list.chunks(longest) {
                pieces.push(piece.iter().copied());
            }
            of_lists.push(first..pieces.len() as u32);
        }
        Some((pieces, of_lists))
    }
}

/// A point of a sum, by its place.
pub(crate) const fn plus(place: u32) -> u32 {
    2 * place
}

/// Elements on the device, limb-major.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Array {
    memory: Memory,
    /// In bytes.
    at: u64,
    stride: u64,
}

impl Array {
    /// Of so many elements, with the buffer to themselves.
    const fn of(bytes: Bytes, count: u64) -> Self {
        Self {
            memory: Memory::Buffer(bytes.buffer),
            at: 0,
            stride: count,
        }
    }

    pub(crate) const fn of_table(table: Table, places: u64) -> Self {
        Self {
            memory: Memory::Table(table),
            at: 0,
            stride: places,
        }
    }

    /// The elements from this one on.
    #[must_use]
    pub(crate) const fn from(self, element: u64) -> Self {
        Self {
            at: self.at + 4 * element,
            ..self
        }
    }

    const fn argument(self) -> Argument {
        Argument::Array {
            memory: self.memory,
            at: self.at,
            stride: self.stride,
        }
    }
}

/// Bytes on the device.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes {
    buffer: u32,
    bytes: u64,
}

impl Bytes {
    const fn at(self, byte: u64) -> Argument {
        Argument::Pointer {
            memory: Memory::Buffer(self.buffer),
            at: byte,
        }
    }

    const fn argument(self) -> Argument {
        self.at(0)
    }
}

/// What a program reads back, found again in its answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    at: u64,
    bytes: u64,
}

impl Answer {
    /// Of an answer that is as long as was asked, which [`crate::run::Run::ask`] sees to.
    pub(crate) fn of(self, answer: &[u8]) -> &[u8] {
        &answer[self.at as usize..(self.at + self.bytes) as usize]
    }
}

/// A program in the making, and the bytes it brings along.
#[derive(Clone, Debug, Default)]
pub(crate) struct Composer {
    pub(crate) program: Program,
    pub(crate) bulk: Vec<u8>,
    read: u64,
}

impl Composer {
    /// A program that goes on with what the slot's last one left.
    pub(crate) fn after(last: &Self) -> Self {
        let kept = |buffer: &Buffer| Buffer {
            first: First::Kept,
            ..*buffer
        };
        Self {
            program: Program {
                buffers: last.program.buffers.iter().map(kept).collect(),
                ..Program::default()
            },
            ..Self::default()
        }
    }

    fn buffer(&mut self, bytes: u64, first: First) -> Bytes {
        self.program.buffers.push(Buffer { bytes, first });
        Bytes {
            buffer: self.program.buffers.len() as u32 - 1,
            bytes,
        }
    }

    pub(crate) fn input(&mut self, bytes: &[u8]) -> Bytes {
        let at = self.bulk.len() as u64;
        self.bulk.extend_from_slice(bytes);
        self.buffer(bytes.len() as u64, First::Bulk(at))
    }

    pub(crate) fn numbers(&mut self, numbers: &[u32]) -> Bytes {
        let bytes: Vec<u8> = numbers.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.input(&bytes)
    }

    pub(crate) fn zeros(&mut self, bytes: u64) -> Bytes {
        self.buffer(bytes, First::Zero)
    }

    /// Elements that a launch writes.
    pub(crate) fn array<T: Words>(&mut self, count: u64) -> Array {
        let bytes = self.buffer(4 * T::WORDS as u64 * count, First::Anything);
        Array::of(bytes, count)
    }

    /// Elements whose words, limb-major, are given.
    pub(crate) fn elements(&mut self, words: &[u8], count: u64) -> Array {
        let bytes = self.input(words);
        Array::of(bytes, count)
    }

    pub(crate) fn read_bytes(&mut self, from: Bytes) -> Answer {
        self.program.reads.push(Read {
            buffer: from.buffer,
            at: 0,
            bytes: from.bytes,
        });
        self.read += from.bytes;
        Answer {
            at: self.read - from.bytes,
            bytes: from.bytes,
        }
    }

    /// All elements of an array that has a buffer of its own.
    pub(crate) fn read<T: Words>(&mut self, from: Array) -> Answer {
        let Memory::Buffer(buffer) = from.memory else {
            unreachable!("tables are not read back");
        };
        self.read_bytes(Bytes {
            buffer,
            bytes: 4 * T::WORDS as u64 * from.stride,
        })
    }

    fn launch(&mut self, entry: String, threads: u64, arguments: Vec<Argument>) {
        if threads > 0 {
            self.program.launches.push(Launch {
                entry,
                threads: threads as u32,
                arguments,
            });
        }
    }

    pub(crate) fn decompress<G: DeviceGroup>(
        &mut self,
        bytes: Bytes,
        count: u64,
        to: Array,
        status: Bytes,
    ) {
        let arguments = vec![
            bytes.argument(),
            word(count),
            to.argument(),
            status.argument(),
        ];
        self.launch(format!("{}_decompress", G::NAME), count, arguments);
    }

    pub(crate) fn members<G: DeviceGroup>(&mut self, points: Array, count: u64, status: Bytes) {
        if !G::PRIME_ORDER {
            let arguments = vec![points.argument(), word(count), status.argument()];
            self.launch(format!("{}_members", G::NAME), count, arguments);
        }
    }

    pub(crate) fn affine<G: DeviceGroup>(&mut self, from: Array, count: u64, to: Array) {
        let arguments = vec![
            from.argument(),
            word(count),
            Argument::Word(RUN),
            to.argument(),
        ];
        let threads = count.div_ceil(u64::from(RUN));
        self.launch(format!("{}_affine", G::NAME), threads, arguments);
    }

    /// Each point times its coefficient.
    pub(crate) fn weigh<G: DeviceGroup>(
        &mut self,
        points: Array,
        weights: Bytes,
        count: u64,
        to: Array,
    ) {
        let arguments = vec![
            points.argument(),
            weights.argument(),
            word(count),
            word(weights.bytes / count.max(1)),
            to.argument(),
        ];
        self.launch(format!("{}_weigh", G::NAME), count, arguments);
    }

    /// The sum of each list's points, as Jacobian points.
    pub(crate) fn sums<G: DeviceGroup>(&mut self, points: Array, lists: &Lists) -> Array {
        let Some((pieces, of_lists)) = lists.cut(TERMS_MAX) else {
            let to = self.array::<G::Sum>(lists.len() as u64);
            self.sum_lists::<G>(points, lists, to);
            return to;
        };
        let affine = self.affine_sums::<G>(points, &pieces);
        let mut whole = Lists::default();
        for list in of_lists.iter() {
            whole.push(list.iter().map(|&piece| plus(piece)));
        }
        self.sums::<G>(affine, &whole)
    }

    /// The same by one thread a list.
    pub(crate) fn sum_lists<G: DeviceGroup>(&mut self, points: Array, lists: &Lists, to: Array) {
        self.reduce(format!("{}_sum_lists", G::NAME), points, lists, to);
    }

    /// The sum of each piece's keys, of which bits say which they are: four numbers a piece.
    pub(crate) fn sum_bits<G: DeviceGroup>(
        &mut self,
        keys: Array,
        pieces: &[u32],
        bits: &[u32],
        to: Array,
    ) {
        let count = pieces.len() as u64 / 4;
        let (pieces, bits) = (self.numbers(pieces), self.numbers(bits));
        let arguments = vec![
            keys.argument(),
            pieces.argument(),
            bits.argument(),
            word(count),
            to.argument(),
        ];
        self.launch(format!("{}_sum_bits", G::NAME), count, arguments);
    }

    pub(crate) fn affine_sums<G: DeviceGroup>(&mut self, points: Array, lists: &Lists) -> Array {
        let count = lists.len() as u64;
        let sums = self.sums::<G>(points, lists);
        let affine = self.array::<G::Affine>(count);
        self.affine::<G>(sums, count, affine);
        affine
    }

    /// The product of each list's values.
    pub(crate) fn products<C: DeviceCurve>(&mut self, values: Array, lists: &Lists) -> Array {
        if let Some((pieces, of_lists)) = lists.cut(FACTORS_MAX) {
            let products = self.products::<C>(values, &pieces);
            return self.products::<C>(products, &of_lists);
        }
        let to = self.array::<C::Gt>(lists.len() as u64);
        self.reduce(format!("{}_product_lists", C::NAME), values, lists, to);
        to
    }

    fn reduce(&mut self, entry: String, from: Array, lists: &Lists, to: Array) {
        let ranges = self.numbers(&lists.ranges());
        let terms = self.numbers(&lists.numbers);
        let count = lists.len() as u64;
        let arguments = vec![
            from.argument(),
            ranges.argument(),
            terms.argument(),
            word(count),
            to.argument(),
        ];
        self.launch(entry, count, arguments);
    }

    /// The bucket sums of runs of items, which begin at `starts`, whose last is the end: those of
    /// a run's digit lie together, as `kernels/README.md` numbers them.
    pub(crate) fn bucket_sums<G: DeviceGroup>(
        &mut self,
        points: Array,
        weights: Bytes,
        starts: &[u32],
    ) -> Array {
        let items = u64::from(starts[starts.len() - 1]);
        let (digits, parts) = (weights.bytes / items, starts.len() as u64 - 1);
        let lists = BUCKETS * digits * parts;
        let starts = self.numbers(starts);
        let ranges = self.buffer(8 * lists, First::Anything);
        let terms = self.buffer(4 * items * digits, First::Anything);
        let arguments = vec![
            weights.argument(),
            word(items),
            word(digits),
            starts.argument(),
            word(parts),
            ranges.argument(),
            terms.argument(),
        ];
        self.launch("bucket_lists".into(), parts * digits, arguments);
        let sums = self.array::<G::Sum>(lists);
        let arguments = vec![
            points.argument(),
            ranges.argument(),
            terms.argument(),
            word(lists),
            sums.argument(),
        ];
        self.launch(format!("{}_sum_lists", G::NAME), lists, arguments);
        sums
    }

    /// For each part, digit and bit the sum of the buckets whose magnitude has the bit.
    pub(crate) fn bucket_bits<G: DeviceGroup>(
        &mut self,
        buckets: Array,
        digits: u64,
        parts: u64,
    ) -> Array {
        let outputs = 8 * digits * parts;
        let shares = self.array::<G::Sum>(outputs * SHARES);
        let arguments = vec![
            buckets.argument(),
            word(digits),
            word(parts),
            word(SHARES),
            shares.argument(),
        ];
        self.launch(
            format!("{}_bucket_bits", G::NAME),
            outputs * SHARES,
            arguments,
        );
        let bits = self.array::<G::Sum>(outputs);
        self.fold::<G>(shares, outputs, SHARES, bits);
        bits
    }

    /// out[i] is the sum of in[i + j * outputs].
    pub(crate) fn fold<G: DeviceGroup>(
        &mut self,
        from: Array,
        outputs: u64,
        terms: u64,
        to: Array,
    ) {
        let arguments = vec![from.argument(), word(outputs), word(terms), to.argument()];
        self.launch(format!("{}_fold", G::NAME), outputs, arguments);
    }

    /// Messages to points by RFC 9380's random oracle.
    pub(crate) fn hash_rfc9380<G: DeviceGroup>(
        &mut self,
        messages: &[&[u8]],
        dst: &[u8],
        to: Array,
    ) {
        let count = messages.len() as u64;
        let (bytes, offsets) = self.texts(messages);
        let mut dst_prime = dst.to_vec();
        dst_prime.push(dst.len() as u8);
        let tag = self.input(&dst_prime);
        // An element of the coordinates' field is half of an affine point.
        let fields = self.buffer(
            4 * (G::Affine::WORDS as u64 / 2) * 2 * count,
            First::Anything,
        );
        let fields = Array::of(fields, 2 * count);
        let arguments = vec![
            bytes.argument(),
            offsets.argument(),
            word(count),
            tag.argument(),
            word(dst_prime.len() as u64),
            fields.argument(),
        ];
        self.launch(format!("{}_fields", G::NAME), count, arguments);
        let sums = self.array::<G::Sum>(count);
        // The second group's points of the isogenous curve come out affine.
        let mapped = match G::ID {
            GroupId::G1 => self.array::<G::Sum>(2 * count),
            GroupId::G2 => self.array::<G::Affine>(2 * count),
        };
        let arguments = vec![fields.argument(), word(2 * count), mapped.argument()];
        self.launch(format!("{}_map", G::NAME), 2 * count, arguments);
        match G::CURVE {
            CurveId::Bls12381 => {
                let arguments = vec![mapped.argument(), word(count), sums.argument()];
                self.launch(format!("{}_clear", G::NAME), count, arguments);
            }
            CurveId::Bn254 => self.fold::<G>(mapped, count, 2, sums),
        }
        self.affine::<G>(sums, count, to);
    }

    /// Digests to points by EigenLayer's try and increment.
    pub(crate) fn hash_try<G: DeviceGroup>(&mut self, digests: Bytes, count: u64, to: Array) {
        let arguments = vec![digests.argument(), word(count), to.argument()];
        self.launch(format!("{}_try", G::NAME), count, arguments);
    }

    pub(crate) fn keccak(&mut self, messages: &[&[u8]]) -> Bytes {
        let count = messages.len() as u64;
        let (bytes, offsets) = self.texts(messages);
        let digests = self.buffer(32 * count, First::Anything);
        let arguments = vec![
            bytes.argument(),
            offsets.argument(),
            word(count),
            digests.argument(),
        ];
        self.launch("keccak256".into(), count, arguments);
        digests
    }

    fn texts(&mut self, messages: &[&[u8]]) -> (Bytes, Bytes) {
        let mut offsets = vec![0];
        let mut bytes = Vec::new();
        for message in messages {
            bytes.extend_from_slice(message);
            offsets.push(bytes.len() as u32);
        }
        // A buffer of no bytes has no place.
        bytes.push(0);
        (self.input(&bytes), self.numbers(&offsets))
    }

    /// So many multiplications in BLS12-381's base field, one after the other, in each thread.
    pub(crate) fn powers(&mut self, threads: u64, each: u64) {
        let elements = || 4 * 12 * threads;
        let from = Array::of(self.zeros(elements()), threads);
        let to = Array::of(self.buffer(elements(), First::Anything), threads);
        let arguments = vec![
            from.argument(),
            from.argument(),
            word(threads),
            word(each),
            to.argument(),
        ];
        self.launch("bls_fp_power".into(), threads, arguments);
    }

    /// The Miller loops of each leaf's pairs, which name points of the two groups by their
    /// places, and of each leaf the product.
    pub(crate) fn leaves<C: DeviceCurve>(
        &mut self,
        g1: Array,
        g2: Array,
        pairs: &[(u32, u32)],
        leaves: &[Range<u32>],
    ) -> Array {
        let shared = (pairs.len() / THREADS_ENOUGH).clamp(1, PAIRS_MAX) as u32;
        let (mut values, mut of_leaves) = (Vec::new(), Lists::default());
        for leaf in leaves {
            let first = values.len() as u32 / 2;
            let starts = leaf.clone().step_by(shared as usize);
            values.extend(starts.flat_map(|start| [start, leaf.end.min(start + shared)]));
            of_leaves.push(first..values.len() as u32 / 2);
        }
        let count = values.len() as u64 / 2;
        let ranges = self.numbers(&values);
        let places: Vec<u32> = pairs.iter().flat_map(|(p, q)| [*p, *q]).collect();
        let places = self.numbers(&places);
        let values = self.array::<C::Gt>(count);
        let arguments = vec![
            g1.argument(),
            g2.argument(),
            ranges.argument(),
            places.argument(),
            word(count),
            values.argument(),
        ];
        self.launch(format!("{}_miller", C::NAME), count, arguments);
        self.products::<C>(values, &of_leaves)
    }
}

fn word(number: u64) -> Argument {
    Argument::Word(u32::try_from(number).expect("batches are far below 2^32 elements"))
}
