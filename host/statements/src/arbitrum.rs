//! What Arbitrum's Nitro and `BoLD` attest.

use crate::abi::{Decoder, Encoder};
use crate::hash::keccak256;
use crate::statement::Facts;
use crate::{Binding, Bytes32, DecodeError, Kind, Place};

/// The state of a Nitro chain after a message of its inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GlobalState {
    pub block_hash: Bytes32,
    pub send_root: Bytes32,
    pub inbox_position: u64,
    pub position_in_message: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum MachineStatus {
    Running = 0,
    Finished = 1,
    Errored = 2,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AssertionState {
    pub global_state: GlobalState,
    pub machine_status: MachineStatus,
    pub end_history_root: Bytes32,
}

/// A `BoLD` assertion: the child of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Assertion {
    pub parent_hash: Bytes32,
    pub after_state: AssertionState,
    pub inbox_accumulator: Bytes32,
}

impl AssertionState {
    /// `abi.encode` of the contract's struct: six words.
    pub fn encode(&self) -> Vec<u8> {
        Encoder::default()
            .bytes32(&self.global_state.block_hash)
            .bytes32(&self.global_state.send_root)
            .uint64(self.global_state.inbox_position)
            .uint64(self.global_state.position_in_message)
            .uint64(self.machine_status as u64)
            .bytes32(&self.end_history_root)
            .finish()
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut words = Decoder::exact(bytes, 6)?;
        let global_state = GlobalState {
            block_hash: words.bytes32(),
            send_root: words.bytes32(),
            inbox_position: words.uint64("the inbox position")?,
            position_in_message: words.uint64("the position in the message")?,
        };
        let machine_status = match words.uint8("the machine status")? {
            0 => MachineStatus::Running,
            1 => MachineStatus::Finished,
            2 => MachineStatus::Errored,
            found => {
                return Err(DecodeError::UnknownValue {
                    field: "the machine status",
                    found,
                });
            }
        };
        Ok(Self {
            global_state,
            machine_status,
            end_history_root: words.bytes32(),
        })
    }

    pub fn hash(&self) -> Bytes32 {
        keccak256(&[&self.encode()])
    }
}

impl Facts for GlobalState {
    fn kind(&self) -> Kind {
        Kind::NitroGlobalState
    }
    fn version(&self) -> u16 {
        1
    }
    fn place(&self) -> Place {
        Place::Inbox {
            batch: self.inbox_position,
            message: self.position_in_message,
        }
    }
    fn place_binding(&self) -> Binding {
        Binding::Signed
    }
    fn preimage(&self) -> Vec<u8> {
        [
            b"Global state:",
            &self.block_hash[..],
            &self.send_root,
            &self.inbox_position.to_be_bytes(),
            &self.position_in_message.to_be_bytes(),
        ]
        .concat()
    }
}

impl Facts for Assertion {
    fn kind(&self) -> Kind {
        Kind::BoldAssertion
    }
    fn version(&self) -> u16 {
        1
    }
    fn place(&self) -> Place {
        Place::ChildOf(self.parent_hash)
    }
    fn place_binding(&self) -> Binding {
        Binding::Signed
    }
    fn preimage(&self) -> Vec<u8> {
        [
            &self.parent_hash[..],
            &self.after_state.encode(),
            &self.inbox_accumulator,
        ]
        .concat()
    }
    fn upstream_hash(&self) -> Bytes32 {
        keccak256(&[
            &self.parent_hash,
            &self.after_state.hash(),
            &self.inbox_accumulator,
        ])
    }
}
