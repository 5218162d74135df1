//! What decoders and contexts refuse, and how statements stand to each other.

use tutti_curves::bn254::G1;
use tutti_curves::{Hashing, PointHash};
use tutti_statements::arbitrum::AssertionState;
use tutti_statements::ethereum::{
    AttestationData, Checkpoint, DomainType, ForkSchedule, ForkScheduleError,
};
use tutti_statements::mach::{BlockHashMismatch, BlockMismatch, OutputOracleMismatch};
use tutti_statements::messages::BeefyCommitment;
use tutti_statements::nffl::{OperatorSetUpdate, StateRootUpdate};
use tutti_statements::optimism::{
    Access, AccessError, ChainOutput, EXPIRY_WINDOW_SECONDS, Execution, InteropMessage,
    OutputRootV0, SuperRootV1,
};
use tutti_statements::zksync::StoredBatch;
use tutti_statements::{
    Binding, Body, Bytes32, DecodeError, Kind, Relation, SigningContext, Statement, StatementError,
    U256, keccak256,
};

fn about(chain: u64, body: Body) -> Statement {
    Statement::new(U256::from(chain), body).expect("the chain is right")
}

fn super_root(timestamp: u64, chains: &[(u64, u8)]) -> Statement {
    let chains = chains.iter().map(|(chain, root)| ChainOutput {
        chain: U256::from(*chain),
        output_root: [*root; 32],
    });
    let root = SuperRootV1::new(timestamp, chains.collect()).expect("sorted");
    about(0, Body::OpSuperRoot(root))
}

#[test]
fn output_roots_of_other_lengths_and_versions() {
    for length in [0, 31, 32, 127, 129, 160] {
        let error = OutputRootV0::decode(&vec![0; length], 1).expect_err("not 128 bytes");
        let expected = DecodeError::Length {
            expected: 128,
            found: length,
        };
        assert_eq!(error, expected);
    }
    let mut bytes = [0; 128];
    bytes[0] = 0x0a;
    assert!(matches!(
        OutputRootV0::decode(&bytes, 1),
        Err(DecodeError::UnknownVersion { .. })
    ));
}

/// The cases of optimism's `super_root_test.go`, and the order of chains.
#[test]
fn super_roots_that_are_none() {
    let with_version = |rest: &[u8]| [&[1], rest].concat();
    let timestamp = 134_058_u64.to_be_bytes();
    assert!(matches!(
        SuperRootV1::decode(&[]),
        Err(DecodeError::Length { .. })
    ));
    assert!(matches!(
        SuperRootV1::decode(&[&[0x0a; 1][..], &[0; 72]].concat()),
        Err(DecodeError::UnknownVersion { .. })
    ));
    assert!(matches!(
        SuperRootV1::decode(&with_version(&[1])),
        Err(DecodeError::Truncated { .. })
    ));
    assert_eq!(
        SuperRootV1::decode(&with_version(&timestamp)),
        Err(StatementError::NoChains.into())
    );
    assert!(matches!(
        SuperRootV1::decode(&with_version(&[&timestamp[..], &[1, 2, 3]].concat())),
        Err(DecodeError::Truncated { .. })
    ));
    for second in [10_u8, 11] {
        let mut entries = [[0; 64]; 2];
        entries[0][31] = 11;
        entries[1][31] = second;
        let bytes = with_version(&[&timestamp[..], &entries.concat()].concat());
        assert_eq!(
            SuperRootV1::decode(&bytes),
            Err(StatementError::UnsortedChains { index: 1 }.into()),
            "11 and then {second}"
        );
    }
    let too_many = vec![[0; 64]; SuperRootV1::CHAINS_MAX + 1].concat();
    assert!(matches!(
        SuperRootV1::decode(&with_version(&[&timestamp[..], &too_many].concat())),
        Err(DecodeError::Content(StatementError::TooMany { .. }))
    ));
}

fn entry(bytes: &[(usize, u8)]) -> Bytes32 {
    let mut entry = [0; 32];
    for (at, byte) in bytes {
        entry[*at] = *byte;
    }
    entry
}

/// The cases of optimism's `types_test.go`, `TestParseAccess`.
#[test]
fn access_lists_that_are_none() {
    let lookup = entry(&[(0, 1)]);
    let entry_type = |expected, found| DecodeError::EntryType { expected, found };
    let refused: [(&[Bytes32], DecodeError); 9] = [
        (
            &[],
            DecodeError::MissingEntry {
                expected: "a lookup",
            },
        ),
        (&[entry(&[])], entry_type(1, 0)),
        (&[entry(&[(0, 10)])], entry_type(1, 10)),
        (
            &[entry(&[(0, 1), (1, 1)])],
            DecodeError::Padding {
                field: "the lookup entry",
            },
        ),
        (
            &[lookup],
            DecodeError::MissingEntry {
                expected: "a checksum",
            },
        ),
        (&[lookup, entry(&[])], entry_type(3, 0)),
        (&[lookup, lookup], entry_type(3, 1)),
        (&[lookup, entry(&[(0, 10)])], entry_type(3, 10)),
        (
            &[lookup, entry(&[(0, 2), (7, 1)])],
            DecodeError::Padding {
                field: "the chain extension",
            },
        ),
    ];
    for (entries, error) in refused {
        assert_eq!(Access::parse(entries), Err(error), "{entries:?}");
    }
    let zero = [lookup, entry(&[(0, 3)])];
    let (access, rest) = Access::parse(&zero).expect("valid but zero");
    assert_eq!((access.chain, access.block_number), (U256::ZERO, 0));
    assert!(rest.is_empty());
}

/// optimism's `TestInteropMessageFormatEdgeCases`.
#[test]
fn events_that_are_no_executing_message() {
    let event =
        keccak256(&[b"ExecutingMessage(bytes32,(address,uint256,uint256,uint256,uint256))"]);
    let data = [0; 160];
    let decode = InteropMessage::decode_event;
    assert!(decode(&[event, [1; 32]], &data).is_ok());
    for count in [0, 1, 3] {
        let topics = vec![event; count];
        assert_eq!(
            decode(&topics, &data),
            Err(DecodeError::Topics { found: count })
        );
    }
    assert_eq!(
        decode(&[[9; 32], [1; 32]], &data),
        Err(DecodeError::OtherEvent)
    );
    for length in [128, 159, 161, 192] {
        let error = decode(&[event, [1; 32]], &vec![0; length]).expect_err("another length");
        assert!(matches!(error, DecodeError::Length { expected: 160, .. }));
    }
    for (at, field) in [
        (11, "the origin"),
        (32 + 23, "the block number"),
        (64 + 27, "the log index"),
        (96 + 23, "the timestamp"),
    ] {
        let mut padded = data;
        padded[at] = 1;
        let error = decode(&[event, [1; 32]], &padded);
        assert_eq!(error, Err(DecodeError::Padding { field }));
    }
}

/// `TestParseAccess`, "with chainID extension" and "repeat".
#[test]
fn access_lists_are_read_one_by_one() {
    let access = |chain: U256| Access {
        block_number: 0xa1a2_a3a4_a5a6_a7a8,
        timestamp: 0xc1c2_c3c4_c5c6_c7c8,
        log_index: 0xb1b2_b3b4,
        chain,
        checksum: entry(&[(0, 3), (9, 9)]),
    };
    let short = access(U256::from(u64::MAX));
    let long = access(U256::from_be_bytes(entry(&[(0, 7), (31, 10)])));
    assert_eq!((short.entries().len(), long.entries().len()), (2, 3));
    let list = [long.entries(), short.entries(), long.entries()].concat();
    let (first, rest) = Access::parse(&list).expect("the first");
    let (second, rest) = Access::parse(rest).expect("the second");
    let (third, rest) = Access::parse(rest).expect("the third");
    assert_eq!([first, second, third], [long, short, long]);
    assert!(rest.is_empty());
}

/// optimism's `TestExecutingDescriptorAccessCheck`.
#[test]
fn messages_are_executed_within_their_window() {
    let max = u64::MAX;
    for (timestamp, timeout_seconds, window, initiated, expected) in [
        (3, 0, 10, 2, Ok(())),
        (3, 0, 10, 4, Err(AccessError::InitiatedLater)),
        (3, 0, 10, 3, Err(AccessError::SameTimestamp)),
        (max - 2, 0, 10, max - 3, Err(AccessError::TimeOverflow)),
        (100, 0, 10, 89, Err(AccessError::Expired { expired_at: 99 })),
        (100, max - 3, 10, 99, Err(AccessError::TimeOverflow)),
        (
            100,
            10,
            10,
            95,
            Err(AccessError::ExpiresBeforeTimeout { expires_at: 105 }),
        ),
    ] {
        let execution = Execution {
            timestamp,
            timeout_seconds,
        };
        assert_eq!(execution.check(initiated, window), expected);
    }
    let at = |timestamp| Execution {
        timestamp,
        timeout_seconds: 0,
    };
    let last = 1_000 + EXPIRY_WINDOW_SECONDS;
    assert_eq!(at(last).check(1_000, EXPIRY_WINDOW_SECONDS), Ok(()));
    assert!(at(last + 1).check(1_000, EXPIRY_WINDOW_SECONDS).is_err());
}

#[test]
fn words_with_bits_outside_their_field() {
    let mut state = [0; 192];
    state[5 * 32 - 1] = 3;
    assert_eq!(
        AssertionState::decode(&state),
        Err(DecodeError::UnknownValue {
            field: "the machine status",
            found: 3
        })
    );
    for first_byte_of in [2, 3, 4] {
        let mut state = [0; 192];
        state[first_byte_of * 32] = 1;
        let error = AssertionState::decode(&state).expect_err("too wide");
        assert!(matches!(error, DecodeError::Padding { .. }));
    }
    for length in [0, 255, 257, 287, 289] {
        assert!(matches!(
            StoredBatch::decode(&vec![0; length]),
            Err(DecodeError::Length { .. })
        ));
    }
    let mut update = [0; 192];
    update[27] = 1;
    assert_eq!(
        StateRootUpdate::decode(&update),
        Err(DecodeError::Padding {
            field: "the rollup id"
        })
    );
}

#[test]
fn operator_set_updates_in_other_layouts() {
    let canonical = OperatorSetUpdate::new(1, 2, Vec::new())
        .expect("few")
        .encode();
    assert_eq!(canonical.len(), 160);
    for (at, field) in [(31, "the update"), (127, "the operators")] {
        let mut moved = canonical.clone();
        moved[at] += 32;
        let error = OperatorSetUpdate::decode(&moved).expect_err("moved");
        assert!(matches!(error, DecodeError::Offset { field: f, .. } if f == field));
    }
    let mut huge = canonical;
    huge[152..160].fill(0xff);
    assert!(matches!(
        OperatorSetUpdate::decode(&huge),
        Err(DecodeError::Content(StatementError::TooMany { .. }))
    ));
}

#[test]
fn commitments_in_longer_or_broken_scale() {
    let canonical = BeefyCommitment::new(Vec::new(), 1, 2)
        .expect("few")
        .encode();
    assert_eq!(canonical[0], 0);
    let longer = |head: &[u8]| BeefyCommitment::decode(&[head, &canonical[1..]].concat());
    for head in [&[1, 0][..], &[2, 0, 0, 0], &[0xfd, 0]] {
        assert!(
            matches!(longer(head), Err(DecodeError::NotMinimal { .. })),
            "{head:?}"
        );
    }
    for head in [&[3, 0, 0, 0, 0][..], &[2, 0, 4, 0], &[0xfc]] {
        let error = longer(head).expect_err("too many items");
        assert!(
            matches!(
                error,
                DecodeError::Content(StatementError::TooMany { .. })
                    | DecodeError::Truncated { .. }
            ),
            "{head:?}"
        );
    }
    let trailing = [&canonical[..], &[0]].concat();
    assert_eq!(
        BeefyCommitment::decode(&trailing),
        Err(DecodeError::TrailingBytes { extra: 1 })
    );
}

fn alert(invalid: u8, expected: u8, block: u64) -> Statement {
    let alert = BlockMismatch {
        invalid_output_root: [invalid; 32],
        expected_output_root: [expected; 32],
        l2_block_number: block,
    };
    about(10, Body::MachBlockMismatch(alert))
}

#[test]
fn alerts_conflict_over_what_is_right() {
    let first = alert(1, 2, 7);
    assert_eq!(first.relation(&first.clone()), Relation::Same);
    assert_eq!(first.relation(&alert(3, 2, 7)), Relation::Compatible);
    assert_eq!(first.relation(&alert(1, 3, 7)), Relation::Conflicting);
    assert_eq!(first.relation(&alert(2, 1, 7)), Relation::Conflicting);
    assert_eq!(first.relation(&alert(1, 3, 8)), Relation::Compatible);
}

#[test]
fn super_roots_conflict_over_a_chain_they_share() {
    let first = super_root(7, &[(11, 1), (12, 2)]);
    assert_eq!(
        first.relation(&super_root(7, &[(12, 2), (13, 3)])),
        Relation::Compatible
    );
    assert_eq!(
        first.relation(&super_root(7, &[(12, 9)])),
        Relation::Conflicting
    );
    assert_eq!(
        first.relation(&super_root(8, &[(12, 9)])),
        Relation::Compatible
    );
    assert_eq!(first.slot_key(), super_root(7, &[(12, 9)]).slot_key());
}

fn vote(source: u64, target: u64, root: u8) -> Statement {
    let checkpoint = |epoch| Checkpoint {
        epoch,
        root: [root; 32],
    };
    let data = AttestationData {
        slot: target * 32,
        index: 0,
        beacon_block_root: [root; 32],
        source: checkpoint(source),
        target: checkpoint(target),
    };
    about(1, Body::EthAttestation(data))
}

#[test]
fn double_and_surround_votes_conflict() {
    let first = vote(3, 6, 1);
    for (other, expected) in [
        (vote(3, 6, 1), Relation::Same),
        (vote(3, 6, 2), Relation::Conflicting),
        (vote(4, 5, 1), Relation::Conflicting),
        (vote(2, 7, 1), Relation::Conflicting),
        (vote(3, 7, 1), Relation::Compatible),
        (vote(2, 5, 1), Relation::Compatible),
        (vote(6, 7, 1), Relation::Compatible),
    ] {
        assert_eq!(first.relation(&other), expected, "{other:?}");
        assert_eq!(other.relation(&first), expected, "{other:?}");
    }
    let elsewhere = about(5, vote(3, 6, 2).body().clone());
    assert_eq!(first.relation(&elsewhere), Relation::Compatible);
}

#[test]
fn kinds_are_signed_in_their_own_contexts_only() {
    let schedule = ForkSchedule::mainnet();
    let ethereum = |domain_type| SigningContext::Ethereum(schedule.domain(domain_type, 0));
    let mach = SigningContext::MachChainBound {
        reference_block_number: 1,
    };
    let vote = vote(1, 2, 3);
    let alert = alert(1, 2, 3);
    assert!(ethereum(DomainType::BeaconAttester).digest(&vote).is_ok());
    assert!(mach.digest(&alert).is_ok());
    let refused = [
        (SigningContext::Raw, &vote),
        (ethereum(DomainType::SyncCommittee), &vote),
        (ethereum(DomainType::Deposit), &vote),
        (ethereum(DomainType::BeaconAttester), &alert),
        (mach, &vote),
        (SigningContext::Raw, &alert),
        (SigningContext::Hyperlane, &alert),
        (SigningContext::Wormhole, &alert),
        (SigningContext::Beefy, &vote),
    ];
    for (context, statement) in refused {
        let error = context.digest(statement).expect_err("nobody signs that");
        assert!(matches!(error, StatementError::WrongContext { .. }));
    }
}

/// Neither alert names its kind. With 64-bit numbers no preimage of one is a preimage of the other.
#[test]
fn alerts_of_different_kinds_have_preimages_of_different_lengths() {
    let hash = |body| *about(10, body).upstream_hash().as_bytes();
    let longest = hash(Body::MachOutputOracleMismatch(OutputOracleMismatch {
        expected_output_root: [1; 32],
        l2_output_index: u64::MAX,
    }));
    let expected = tutti_statements::keccak256(&[&[1; 32], &[0xff; 8]]);
    assert_eq!(longest, expected); // 40 bytes; a block mismatch has 64 and more
}

#[test]
fn an_opaque_digest_is_never_evidence() {
    for kind in Kind::ALL {
        assert_eq!(kind.is_evidential(), kind != Kind::Opaque32);
    }
    let opaque = Statement::opaque([4; 32]);
    assert!(!opaque.is_evidential());
    assert_eq!(opaque.envelope().place_binding, Binding::Asserted);
    assert_eq!(
        opaque.relation(&Statement::opaque([5; 32])),
        Relation::Compatible
    );
}

/// The alert's signed bytes are its own hash: the same 32 bytes, said by kinds that must not meet.
#[test]
fn equal_hashes_of_different_kinds_are_different_statements() {
    let alert = about(
        0,
        Body::MachBlockHashMismatch(BlockHashMismatch {
            block_hash: [4; 32],
        }),
    );
    let opaque = Statement::opaque([4; 32]);
    assert_eq!(
        alert.upstream_hash().as_bytes(),
        opaque.upstream_hash().as_bytes()
    );
    assert_ne!(alert.id(), opaque.id());
    assert_ne!(alert, opaque);
    assert_eq!(alert.relation(&opaque), Relation::Compatible);
}

#[test]
fn chains_are_bound_by_the_statement_or_by_the_context() {
    let alert = alert(1, 2, 3);
    assert_eq!(alert.envelope().chain_binding, Binding::Asserted);
    let reference_block_number = 1;
    let legacy = SigningContext::MachLegacy {
        reference_block_number,
    };
    let bound = SigningContext::MachChainBound {
        reference_block_number,
    };
    assert_eq!(legacy.chain_binding(&alert), Binding::Asserted);
    assert_eq!(bound.chain_binding(&alert), Binding::Signed);
    let digest = |context: SigningContext, chain| {
        let statement = about(chain, alert.body().clone());
        *context.digest(&statement).expect("fits").as_bytes()
    };
    assert_eq!(digest(legacy, 10), digest(legacy, 11));
    assert_ne!(digest(bound, 10), digest(bound, 11));
}

#[test]
fn fork_schedules_begin_at_genesis_and_ascend() {
    let schedule = |forks| ForkSchedule::new([1; 32], forks);
    assert_eq!(schedule(vec![]), Err(ForkScheduleError::NoGenesis));
    assert_eq!(
        schedule(vec![(1, [0; 4])]),
        Err(ForkScheduleError::NoGenesis)
    );
    assert_eq!(
        schedule(vec![(0, [0; 4]), (9, [1; 4]), (8, [2; 4])]),
        Err(ForkScheduleError::Unordered { index: 2 })
    );
    let all_at_once = schedule(vec![(0, [0; 4]), (0, [1; 4])]).expect("ascending");
    assert_eq!(all_at_once.version_at(0), [1; 4]);
}

/// Try-and-increment sends 4 and 5, 7 and 7 + p to one point: one signature verifies for both
/// digests, and still they are two statements.
#[test]
fn digests_that_share_a_point_are_different_statements() {
    let p = "21888242871839275222246405745257275088696311157297823662689037894645226208583";
    let p: U256 = p.parse().expect("a number");
    let seven = U256::from(7);
    for (one, other) in [(U256::from(4), U256::from(5)), (seven, seven + p)] {
        let one = Statement::opaque(one.to_be_bytes());
        let other = Statement::opaque(other.to_be_bytes());
        let point = |statement: &Statement| {
            let digest = SigningContext::Raw.digest(statement).expect("fits");
            G1::hash(Hashing::TryAndIncrement, digest.as_bytes(), &[]).expect("a point")
        };
        assert_eq!(point(&one), point(&other));
        assert_ne!(one, other);
        assert_ne!(one.id(), other.id());
        assert_eq!(one.relation(&other), Relation::Compatible);
    }
}
