//! Offsets of the ABI may all point to one list. Decoding would copy it for each of them, and a
//! hundred kilobytes become gigabytes: so the lists' lengths are added up first.

use alloy_primitives::U256;

use super::abi::DecodeError;

const WORD: usize = 32;

/// The words of an encoding, read where its offsets point.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a>(pub(crate) &'a [u8]);

impl Words<'_> {
    fn number(self, at: usize) -> Option<usize> {
        let word = self.0.get(at..at.checked_add(WORD)?)?;
        U256::from_be_slice(word).try_into().ok()
    }

    /// Where the offset in a tuple's n-th slot points.
    fn follow(self, tuple: usize, slot: usize) -> Option<usize> {
        tuple.checked_add(self.number(tuple.checked_add(slot * WORD)?)?)
    }

    /// The words that the elements of a list hold in lists of their own.
    fn inner(self, list: usize, size: impl Fn(Self, usize) -> Option<usize>) -> Option<usize> {
        let count = self.number(list)?;
        let elements = list.checked_add(WORD)?;
        if count > self.0.len() / WORD {
            return None;
        }
        (0..count).try_fold(0usize, |sum, element| {
            sum.checked_add(size(self, self.follow(elements, element)?)?)
        })
    }

    fn allow(self, inner: Option<usize>) -> Result<(), DecodeError> {
        match inner {
            Some(words) if words <= self.0.len() / WORD => Ok(()),
            _ => Err(DecodeError::Aliased),
        }
    }

    /// `NonSignerStakesAndSignature`, whose offset stands in a slot of the arguments.
    pub(crate) fn stake_indices(self, slot: usize) -> Result<(), DecodeError> {
        const STAKE_INDICES: usize = 11;
        let params = self.follow(0, slot);
        let list = params.and_then(|params| self.follow(params, STAKE_INDICES));
        self.allow(list.and_then(|list| self.inner(list, Self::number)))
    }

    /// `BN254Certificate`.
    pub(crate) fn witnesses(self) -> Result<(), DecodeError> {
        const WITNESSES: usize = 8;
        let size = |words: Self, witness: usize| {
            let proof = words.number(words.follow(witness, 1)?)?.div_ceil(WORD);
            let info = words.follow(witness, 2)?;
            proof.checked_add(words.number(words.follow(info, 2)?)?)
        };
        let list = self
            .follow(0, 0)
            .and_then(|certificate| self.follow(certificate, WITNESSES));
        self.allow(list.and_then(|list| self.inner(list, size)))
    }

    /// `ECDSAOperatorInfo[]`.
    pub(crate) fn operators(self) -> Result<(), DecodeError> {
        let weights = |words: Self, operator: usize| words.number(words.follow(operator, 1)?);
        let list = self.follow(0, 0);
        self.allow(list.and_then(|list| self.inner(list, weights)))
    }
}
