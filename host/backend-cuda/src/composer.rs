//! Programs put together: each entry point's arguments stand here once, as `kernels/README.md`
//! lists them.

use tutti_types::{CurveId, GroupId};

use crate::program::{Argument, Buffer, First, Launch, Memory, Program, Range, Table};
use crate::words::{DeviceCurve, DeviceGroup, Words};

/// Points whose inverses one thread takes together.
const RUN: u32 = 16;
/// Terms that one thread adds or multiplies one after the other; longer lists are done in parts.
const TERMS_MAX: usize = 64;
/// Pairs of one thread, which share their squarings.
const PAIRS_MAX: u32 = 8;
/// Threads that keep a large device busy: only beyond does sharing squarings pay.
const THREADS_ENOUGH: u32 = 32_768;

/// Elements on the device, limb-major.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Array {
    memory: Memory,
    /// In bytes.
    at: u64,
    stride: u64,
}

impl Array {
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
    pub(crate) fn of(self, answer: &[u8]) -> Option<&[u8]> {
        answer.get(self.at as usize..(self.at + self.bytes) as usize)
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
        self.elements::<T>(count, First::Anything)
    }

    /// Points at infinity, or whatever zero words are.
    pub(crate) fn zero_array<T: Words>(&mut self, count: u64) -> Array {
        self.elements::<T>(count, First::Zero)
    }

    fn elements<T: Words>(&mut self, count: u64, first: First) -> Array {
        let bytes = self.buffer(4 * T::WORDS as u64 * count, first);
        Array {
            memory: Memory::Buffer(bytes.buffer),
            at: 0,
            stride: count,
        }
    }

    pub(crate) fn read_bytes(&mut self, from: Bytes) -> Answer {
        self.program.reads.push(Range {
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

    /// The sum of each list's points, as Jacobian points. Long lists are added up in parts.
    pub(crate) fn sums<G: DeviceGroup>(&mut self, points: Array, lists: &[Vec<u32>]) -> Array {
        let count = lists.len() as u64;
        if lists.iter().all(|list| list.len() <= TERMS_MAX) {
            let to = self.array::<G::Sum>(count);
            self.sum_lists::<G>(points, lists.iter().map(Vec::as_slice), count, to);
            return to;
        }
        let parts: Vec<&[u32]> = lists
            .iter()
            .flat_map(|list| list.chunks(TERMS_MAX))
            .collect();
        let count = parts.len() as u64;
        let sums = self.array::<G::Sum>(count);
        self.sum_lists::<G>(points, parts.iter().copied(), count, sums);
        let affine = self.array::<G::Affine>(count);
        self.affine::<G>(sums, count, affine);
        let mut next = 0;
        let of_parts = |list: &Vec<u32>| {
            let first = next;
            next += list.len().div_ceil(TERMS_MAX) as u32;
            (first..next).collect()
        };
        let lists: Vec<Vec<u32>> = lists.iter().map(of_parts).collect();
        self.sums::<G>(affine, &lists)
    }

    fn sum_lists<'a, G: DeviceGroup>(
        &mut self,
        points: Array,
        lists: impl Iterator<Item = &'a [u32]>,
        count: u64,
        to: Array,
    ) {
        let (mut ranges, mut terms) = (Vec::new(), Vec::new());
        for list in lists {
            ranges.push(terms.len() as u32);
            // Twice the place: the lowest bit would say minus.
            terms.extend(list.iter().map(|place| 2 * place));
            ranges.push(terms.len() as u32);
        }
        let (ranges, terms) = (self.numbers(&ranges), self.numbers(&terms));
        let arguments = vec![
            points.argument(),
            ranges.argument(),
            terms.argument(),
            word(count),
            to.argument(),
        ];
        self.launch(format!("{}_sum_lists", G::NAME), count, arguments);
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
        let fields = Array {
            memory: Memory::Buffer(fields.buffer),
            at: 0,
            stride: 2 * count,
        };
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
        let array = |bytes: Bytes| Array {
            memory: Memory::Buffer(bytes.buffer),
            at: 0,
            stride: threads,
        };
        let from = array(self.zeros(elements()));
        let to = array(self.buffer(elements(), First::Anything));
        let arguments = vec![
            from.argument(),
            from.argument(),
            word(threads),
            word(each),
            to.argument(),
        ];
        self.launch("bls_fp_power".into(), threads, arguments);
    }

    /// The product of each leaf's Miller loops: pair m is in leaf m % leaves. The arrays have
    /// `shape.places()` places, infinity where there is no pair.
    pub(crate) fn products<C: DeviceCurve>(
        &mut self,
        g1: Array,
        g2: Array,
        shape: &MillerShape,
    ) -> Array {
        let values = self.array::<C::Gt>(shape.values);
        let arguments = vec![
            g1.argument(),
            g2.argument(),
            word(shape.values),
            word(shape.pairs),
            values.argument(),
        ];
        self.launch(format!("{}_miller", C::NAME), shape.values, arguments);
        let terms = shape.values / shape.leaves;
        if terms == 1 {
            return values;
        }
        let products = self.array::<C::Gt>(shape.leaves);
        let arguments = vec![
            values.argument(),
            word(shape.leaves),
            word(terms),
            products.argument(),
        ];
        self.launch(format!("{}_product", C::NAME), shape.leaves, arguments);
        products
    }
}

/// How so many pairs are spread over threads and leaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MillerShape {
    pub(crate) leaves: u64,
    /// Miller values, a multiple of the leaves.
    pub(crate) values: u64,
    /// Pairs of each value.
    pub(crate) pairs: u64,
}

/// Pairs of a leaf: what the host does again by itself where a leaf is bad.
const LEAF_PAIRS: u64 = 32;

impl MillerShape {
    pub(crate) fn new(pairs: u64) -> Self {
        let leaves = pairs.div_ceil(LEAF_PAIRS).max(1);
        let shared = (pairs / u64::from(THREADS_ENOUGH)).clamp(1, u64::from(PAIRS_MAX));
        let values = pairs.div_ceil(shared).max(1).next_multiple_of(leaves);
        Self {
            leaves,
            values,
            pairs: shared,
        }
    }

    pub(crate) const fn places(&self) -> u64 {
        self.values * self.pairs
    }

    pub(crate) const fn leaf_of(&self, pair: u32) -> u32 {
        pair % self.leaves as u32
    }
}

fn word(number: u64) -> Argument {
    Argument::Word(u32::try_from(number).expect("batches are far below 2^32 elements"))
}
