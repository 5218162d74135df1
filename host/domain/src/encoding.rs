//! The one encoding that ids are hashes of: every field has a fixed length or is preceded by
//! its length, so no two values share bytes.

use alloy_primitives::{B256, U256, keccak256};

#[derive(Debug)]
pub(crate) struct Canonical(Vec<u8>);

impl Canonical {
    pub(crate) fn new(domain: &str) -> Self {
        let mut out = Self(Vec::with_capacity(256));
        out.bytes(domain.as_bytes());
        out
    }

    pub(crate) fn byte(&mut self, byte: u8) -> &mut Self {
        self.0.push(byte);
        self
    }

    pub(crate) fn number(&mut self, number: u64) -> &mut Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    pub(crate) fn weight(&mut self, weight: &U256) -> &mut Self {
        self.0.extend_from_slice(&weight.to_be_bytes::<32>());
        self
    }

    /// Bytes whose length the type before them decides.
    pub(crate) fn fixed(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(bytes.len() as u64).fixed(bytes)
    }

    pub(crate) fn optional(&mut self, number: Option<u64>) -> &mut Self {
        match number {
            None => self.byte(0),
            Some(number) => self.byte(1).number(number),
        }
    }

    pub(crate) fn hash(&self) -> B256 {
        keccak256(&self.0)
    }
}
