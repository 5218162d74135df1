//! Unsigned integers modulo 2^432, as registers hold them.

use crate::isa::{REGISTER_BITS, REGISTER_BYTES};

const WORDS: usize = 7;
/// Bits of the highest word that count.
const TOP_BITS: u32 = REGISTER_BITS - 64 * (WORDS as u32 - 1);
const TOP_MASK: u64 = (1 << TOP_BITS) - 1;

/// Bits of the limbs in which the model multiplies: nine of them are a factor of 396 bits.
pub const LIMB_BITS: u32 = 44;
pub const FACTOR_LIMBS: usize = 9;

/// 432 bits, least significant word first.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wide([u64; WORDS]);

impl Wide {
    pub const ZERO: Self = Self([0; WORDS]);

    pub const ONE: Self = Self([1, 0, 0, 0, 0, 0, 0]);

    /// From bytes, least significant first.
    pub fn from_bytes(bytes: &[u8; REGISTER_BYTES]) -> Self {
        let mut padded = [0; 8 * WORDS];
        padded[..REGISTER_BYTES].copy_from_slice(bytes);
        let mut words = [0; WORDS];
        for (word, bytes) in words.iter_mut().zip(padded.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        Self(words)
    }

    /// From at most 54 bytes, most significant first.
    pub fn from_big_endian(bytes: &[u8]) -> Self {
        let mut little = [0; REGISTER_BYTES];
        for (place, &byte) in little.iter_mut().zip(bytes.iter().rev()) {
            *place = byte;
        }
        Self::from_bytes(&little)
    }

    pub fn to_bytes(self) -> [u8; REGISTER_BYTES] {
        let mut bytes = [0; 8 * WORDS];
        for (place, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(self.0) {
            *place = word.to_le_bytes();
        }
        std::array::from_fn(|i| bytes[i])
    }

    /// The lowest `N` bytes, most significant first.
    pub fn to_big_endian<const N: usize>(self) -> [u8; N] {
        let bytes = self.to_bytes();
        std::array::from_fn(|i| bytes.get(N - 1 - i).copied().unwrap_or(0))
    }

    #[must_use]
    pub fn plus(&self, o: &Self) -> Self {
        let mut carry = false;
        let mut words = [0; WORDS];
        for i in 0..WORDS {
            (words[i], carry) = self.0[i].carrying_add(o.0[i], carry);
        }
        words[WORDS - 1] &= TOP_MASK;
        Self(words)
    }

    #[must_use]
    pub fn minus(&self, o: &Self) -> Self {
        let mut borrow = false;
        let mut words = [0; WORDS];
        for i in 0..WORDS {
            (words[i], borrow) = self.0[i].borrowing_sub(o.0[i], borrow);
        }
        words[WORDS - 1] &= TOP_MASK;
        Self(words)
    }

    #[must_use]
    pub fn shifted_left(&self, bits: u32) -> Self {
        let (skip, shift) = ((bits / 64) as usize, bits % 64);
        let mut words = [0; WORDS];
        for i in skip..WORDS {
            words[i] = self.0[i - skip] << shift;
            if shift > 0 && i > skip {
                words[i] |= self.0[i - skip - 1] >> (64 - shift);
            }
        }
        words[WORDS - 1] &= TOP_MASK;
        Self(words)
    }

    /// Bit 431: set where a difference was below zero.
    pub const fn top_bit(&self) -> bool {
        self.0[WORDS - 1] >> (TOP_BITS - 1) & 1 == 1
    }

    pub const fn is_odd(&self) -> bool {
        self.0[0] & 1 == 1
    }

    /// Up to 64 bits from `lowest` on; those past the end are zero.
    pub fn bits(&self, lowest: u32, count: u32) -> u64 {
        let (word, shift) = ((lowest / 64) as usize, lowest % 64);
        let low = self.0.get(word).copied().unwrap_or(0) >> shift;
        let high = match self.0.get(word + 1) {
            Some(high) if shift > 0 => high << (64 - shift),
            _ => 0,
        };
        (low | high) & (u64::MAX >> (64 - count))
    }

    /// Changes one bit; bits past the end are none.
    pub fn flip(&mut self, bit: u32) {
        if bit < REGISTER_BITS {
            self.0[(bit / 64) as usize] ^= 1 << (bit % 64);
        }
    }

    /// The lower 396 bits, 44 at a time.
    pub(crate) fn factor_limbs(&self) -> [u64; FACTOR_LIMBS] {
        std::array::from_fn(|i| self.bits(i as u32 * LIMB_BITS, LIMB_BITS))
    }

    /// The sum of columns of 44 bits' weight, modulo 2^432.
    pub(crate) fn from_columns(columns: &[u128]) -> Self {
        let mut wide = Self::ZERO;
        let mut carry = 0u128;
        for (i, column) in columns.iter().enumerate() {
            carry += column;
            let limb = (carry as u64) & ((1 << LIMB_BITS) - 1);
            carry >>= LIMB_BITS;
            wide.place(limb, i as u32 * LIMB_BITS);
        }
        wide.place(carry as u64, columns.len() as u32 * LIMB_BITS);
        wide.0[WORDS - 1] &= TOP_MASK;
        wide
    }

    /// Puts bits where there are none yet.
    fn place(&mut self, bits: u64, lowest: u32) {
        let (word, shift) = ((lowest / 64) as usize, lowest % 64);
        if word < WORDS {
            self.0[word] |= bits << shift;
        }
        if shift > 0 && word + 1 < WORDS {
            self.0[word + 1] |= bits >> (64 - shift);
        }
    }
}

impl From<u64> for Wide {
    fn from(value: u64) -> Self {
        let mut wide = Self::ZERO;
        wide.0[0] = value;
        wide
    }
}

impl std::fmt::Debug for Wide {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("0x")?;
        self.to_bytes()
            .iter()
            .rev()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
