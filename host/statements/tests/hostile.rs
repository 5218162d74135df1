//! Bytes of anyone's choosing: decoders refuse or read, and what they read is what was sent.

use proptest::prelude::*;
use tutti_statements::arbitrum::AssertionState;
use tutti_statements::ethereum::{AttestationData, BeaconBlockHeader};
use tutti_statements::messages::{BeefyCommitment, WormholeMessage};
use tutti_statements::nffl::{OperatorSetUpdate, StateRootUpdate};
use tutti_statements::optimism::{Access, Execution, OutputRootV0, SuperRootV1};
use tutti_statements::ssz::branch_root;
use tutti_statements::zksync::StoredBatch;

/// Sparse bytes: mostly zeros, so that paddings, offsets and lengths are often right.
fn sparse(length: usize) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![12 => Just(0_u8), 1 => Just(1), 1 => Just(32), 1 => any::<u8>()];
    prop::collection::vec(byte, 0..length)
}

/// Whole words of that kind.
fn words(count: usize) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![30 => Just(0_u8), 1 => Just(96), 1 => Just(32), 1 => any::<u8>()];
    prop::collection::vec(prop::array::uniform32(byte), 0..count).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn what_is_read_is_what_was_sent(bytes in prop_oneof![sparse(400), words(16)]) {
        if let Ok(read) = OutputRootV0::decode(&bytes, 7) {
            prop_assert_eq!(read.encode(), &bytes[..]);
        }
        if let Ok(read) = SuperRootV1::decode(&bytes) {
            prop_assert_eq!(read.encode(), &bytes[..]);
        }
        if let Ok(read) = AssertionState::decode(&bytes) {
            prop_assert_eq!(read.encode(), &bytes[..]);
        }
        if let Ok(read) = StoredBatch::decode(&bytes) {
            prop_assert_eq!(read.encode(), &bytes[..]);
        }
        if let Ok(read) = StateRootUpdate::decode(&bytes) {
            prop_assert_eq!(read.encode(), &bytes[..]);
        }
        if let Ok(read) = OperatorSetUpdate::decode(&bytes) {
            prop_assert_eq!(read.encode(), &bytes[..]);
        }
        if let Ok(read) = AttestationData::decode(&bytes) {
            prop_assert_eq!(read.encode(), &bytes[..]);
        }
        if let Ok(read) = BeaconBlockHeader::decode(&bytes) {
            prop_assert_eq!(read.encode(), &bytes[..]);
        }
        if let Ok(read) = WormholeMessage::decode(&bytes) {
            prop_assert_eq!(read.encode(), &bytes[..]);
        }
        if let Ok((read, rest)) = BeefyCommitment::decode_prefix(&bytes) {
            prop_assert_eq!([&read.encode()[..], rest].concat(), &bytes[..]);
        }
    }

    #[test]
    fn access_lists_are_read_as_they_are_written(
        list in prop::collection::vec(prop::array::uniform32(prop_oneof![
            8 => Just(0_u8), 1 => 1_u8..4, 1 => any::<u8>()
        ]), 0..6)
    ) {
        if let Ok((access, rest)) = Access::parse(&list) {
            let taken = &list[..list.len() - rest.len()];
            // An extension of zeros is read, as nodes read it, and not written.
            let mut written = taken.to_vec();
            written.retain(|entry| entry[0] != 2 || entry[8..] != [0; 24]);
            prop_assert_eq!(access.entries(), written);
        }
    }

    /// The window in whole numbers, where nothing overflows.
    #[test]
    fn execution_windows_agree_with_plain_arithmetic(
        timestamp: u64, timeout_seconds: u64, initiated: u64, window: u64
    ) {
        let execution = Execution { timestamp, timeout_seconds };
        let (at, timeout) = (u128::from(timestamp), u128::from(timeout_seconds));
        let (start, expiry) = (u128::from(initiated), u128::from(initiated) + u128::from(window));
        let fits = expiry <= u128::from(u64::MAX) && at + timeout <= u128::from(u64::MAX);
        let allowed = fits && start < at && at + timeout <= expiry;
        prop_assert_eq!(execution.check(initiated, window).is_ok(), allowed);
    }

    #[test]
    fn branches_of_any_length_have_a_root(
        leaf: [u8; 32],
        branch in prop::collection::vec(prop::array::uniform32(any::<u8>()), 0..80),
        index: u64,
    ) {
        let root = branch_root(&leaf, &branch, index);
        prop_assert_eq!(root == leaf, branch.is_empty());
    }
}
