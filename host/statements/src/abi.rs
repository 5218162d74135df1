//! The part of Solidity's ABI that statements use: words of 32 bytes, numbers at their right end.

use crate::{Address, Bytes32, DecodeError, U256};

pub(crate) const WORD: usize = 32;

/// `abi.encode` of static values, built word by word.
#[derive(Default)]
pub(crate) struct Encoder(Vec<u8>);

impl Encoder {
    pub(crate) fn bytes32(mut self, word: &Bytes32) -> Self {
        self.0.extend_from_slice(word);
        self
    }

    pub(crate) fn uint64(self, value: u64) -> Self {
        self.uint256(U256::from(value))
    }

    pub(crate) fn uint128(self, value: u128) -> Self {
        self.uint256(U256::from(value))
    }

    pub(crate) fn uint256(self, value: U256) -> Self {
        self.bytes32(&value.to_be_bytes())
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Reads words strictly: what a contract's decoder would refuse is refused here.
pub(crate) struct Decoder<'a> {
    words: &'a [Bytes32],
}

impl<'a> Decoder<'a> {
    /// The bytes must be exactly `count` words.
    pub(crate) fn exact(bytes: &'a [u8], count: usize) -> Result<Self, DecodeError> {
        match bytes.as_chunks::<WORD>() {
            (words, []) if words.len() == count => Ok(Self { words }),
            _ => Err(DecodeError::Length {
                expected: count * WORD,
                found: bytes.len(),
            }),
        }
    }

    /// The bytes must be whole words, at least `count` of them.
    pub(crate) fn at_least(bytes: &'a [u8], count: usize) -> Result<Self, DecodeError> {
        match bytes.as_chunks::<WORD>() {
            (words, []) if words.len() >= count => Ok(Self { words }),
            _ => Err(DecodeError::Length {
                expected: count * WORD,
                found: bytes.len(),
            }),
        }
    }

    pub(crate) fn words_left(&self) -> usize {
        self.words.len()
    }

    pub(crate) fn bytes32(&mut self) -> Bytes32 {
        let (first, rest) = self.words.split_first().expect("the length was checked");
        self.words = rest;
        *first
    }

    pub(crate) fn uint256(&mut self) -> U256 {
        U256::from_be_bytes(self.bytes32())
    }

    pub(crate) fn uint128(&mut self, field: &'static str) -> Result<u128, DecodeError> {
        u128::try_from(self.uint256()).map_err(|_| DecodeError::Padding { field })
    }

    pub(crate) fn uint64(&mut self, field: &'static str) -> Result<u64, DecodeError> {
        u64::try_from(self.uint256()).map_err(|_| DecodeError::Padding { field })
    }

    pub(crate) fn uint32(&mut self, field: &'static str) -> Result<u32, DecodeError> {
        u32::try_from(self.uint256()).map_err(|_| DecodeError::Padding { field })
    }

    pub(crate) fn uint8(&mut self, field: &'static str) -> Result<u8, DecodeError> {
        u8::try_from(self.uint256()).map_err(|_| DecodeError::Padding { field })
    }

    pub(crate) fn address(&mut self, field: &'static str) -> Result<Address, DecodeError> {
        let word = self.bytes32();
        let (padding, address) = word.split_at(12);
        if padding.iter().any(|byte| *byte != 0) {
            return Err(DecodeError::Padding { field });
        }
        Ok(address.try_into().expect("32 - 12 = 20"))
    }
}
