use crate::statement::Facts;
use crate::{Binding, Bytes32, DecodeError, Kind, Place, U256};

/// The state of an OP Stack chain after one block, version 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OutputRootV0 {
    /// Not part of the hash: the caller says which block it is.
    pub l2_block_number: u64,
    pub state_root: Bytes32,
    pub message_passer_storage_root: Bytes32,
    pub block_hash: Bytes32,
}

impl OutputRootV0 {
    const LENGTH: usize = 128;

    /// The output's preimage: version, state root, storage root, block hash, 32 bytes each.
    pub fn decode(bytes: &[u8], l2_block_number: u64) -> Result<Self, DecodeError> {
        let wrong_length = DecodeError::Length {
            expected: Self::LENGTH,
            found: bytes.len(),
        };
        let (words, _) = bytes.as_chunks::<32>();
        let version = words.first().ok_or(wrong_length)?;
        if *version != [0; 32] {
            return Err(DecodeError::UnknownVersion {
                found: U256::from_be_bytes(*version),
            });
        }
        if bytes.len() != Self::LENGTH {
            return Err(wrong_length);
        }
        Ok(Self {
            l2_block_number,
            state_root: words[1],
            message_passer_storage_root: words[2],
            block_hash: words[3],
        })
    }

    pub fn encode(&self) -> Vec<u8> {
        self.preimage()
    }
}

impl Facts for OutputRootV0 {
    fn kind(&self) -> Kind {
        Kind::OpOutputRoot
    }
    fn version(&self) -> u16 {
        0
    }
    fn place(&self) -> Place {
        Place::Height(self.l2_block_number)
    }
    fn place_binding(&self) -> Binding {
        Binding::Asserted
    }
    fn preimage(&self) -> Vec<u8> {
        [
            [0; 32],
            self.state_root,
            self.message_passer_storage_root,
            self.block_hash,
        ]
        .concat()
    }
}
