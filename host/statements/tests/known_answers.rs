//! Figures that others published, or that were recomputed from their sources elsewhere.

use tutti_statements::arbitrum::{Assertion, AssertionState, GlobalState, MachineStatus};
use tutti_statements::eigen::{EigenDaBatch, GlobalTableRoot};
use tutti_statements::ethereum::{DomainType, ForkSchedule, SigningDomain};
use tutti_statements::mach::{BlockHashMismatch, BlockMismatch};
use tutti_statements::nffl::StateRootUpdate;
use tutti_statements::optimism::{ChainOutput, InteropMessage, OutputRootV0, SuperRootV1};
use tutti_statements::zksync::{
    AuxiliaryOutput, BatchCommitment, BlobOutput, BoojumOutput, MetaParameters, PassThrough,
};
use tutti_statements::{Body, Bytes32, SigningContext, Statement, U256, keccak256};

fn bytes32(text: &str) -> Bytes32 {
    hex::decode(text)
        .expect("hex")
        .try_into()
        .expect("32 bytes")
}

fn number(value: u8) -> Bytes32 {
    U256::from(value).to_be_bytes()
}

fn starting_with(bytes: &[u8]) -> Bytes32 {
    let mut word = [0; 32];
    word[..bytes.len()].copy_from_slice(bytes);
    word
}

fn upstream(chain: u64, body: Body) -> String {
    let statement = Statement::new(U256::from(chain), body).expect("the chain is right");
    hex::encode(statement.upstream_hash().as_bytes())
}

fn signed(context: SigningContext, chain: u64, body: Body) -> String {
    let statement = Statement::new(U256::from(chain), body).expect("the chain is right");
    hex::encode(context.digest(&statement).expect("fits").as_bytes())
}

#[test]
fn op_output_root_v0() {
    let output = OutputRootV0 {
        l2_block_number: 9,
        state_root: starting_with(&[1, 2, 3]),
        message_passer_storage_root: starting_with(&[4, 5, 6]),
        block_hash: starting_with(&[7, 8, 9]),
    };
    assert_eq!(
        upstream(10, Body::OpOutputRoot(output)),
        "ee71f7339a6143212e6df5c2581f5c4ca193245c178176e6a025ab983843f0e6"
    );
}

/// optimism `op-service/eth/super_root_test.go`.
#[test]
fn op_super_root_v1() {
    let chains = [(11, 1), (12, 2), (13, 3)].map(|(chain, root)| ChainOutput {
        chain: U256::from(chain),
        output_root: starting_with(&[root]),
    });
    let root = SuperRootV1::new(7_000, chains.to_vec()).expect("sorted");
    assert_eq!(root.encode().len(), 201);
    assert_eq!(
        upstream(0, Body::OpSuperRoot(root)),
        "2c0e99209a3662fe7fe076e5248efa0e90561495fdeca80c95b1fb87355ebe48"
    );
}

/// optimism `op-supervisor/supervisor/types/types_test.go`.
fn interop_message() -> InteropMessage {
    InteropMessage {
        origin: hex::decode("e0e1e2e3e4e5e6e7e8e9f0f1f2f3f4f5f6f7f8f9")
            .expect("hex")
            .try_into()
            .expect("20 bytes"),
        block_number: 0xa1a2_a3a4_a5a6_a7a8,
        log_index: 0xb1b2_b3b4,
        timestamp: 0xc1c2_c3c4_c5c6_c7c8,
        chain: U256::from(0xd1d2_d3d4_d5d6_d7d8_u64),
        payload_hash: keccak256(&[b"example payload"]),
    }
}

#[test]
fn op_interop_message() {
    let message = interop_message();
    assert_eq!(
        hex::encode(message.payload_hash),
        "8017559a85b12c04b14a1a425d53486d1015f833714a09bd62f04152a7e2ae9b"
    );
    assert_eq!(
        hex::encode(message.log_hash()),
        "f9ed05990c887d3f86718aabd7e940faaa75d6a5cd44602e89642586ce85f2aa"
    );
    let checksum = "03749e87fd7789575de9906569deb05aaf220dc4cfab3d8abbfd34a2e1d7d357";
    assert_eq!(hex::encode(message.checksum()), checksum);
    let entries = message.access().entries();
    assert_eq!(
        entries.iter().map(hex::encode).collect::<Vec<_>>(),
        [
            "01000000d1d2d3d4d5d6d7d8a1a2a3a4a5a6a7a8c1c2c3c4c5c6c7c8b1b2b3b4",
            checksum
        ]
    );
    let chain = 0xd1d2_d3d4_d5d6_d7d8;
    assert_eq!(upstream(chain, Body::OpInteropMessage(message)), checksum);
}

/// optimism `op-supervisor/supervisor/backend/processors`, `TestDecodeExecutingMessageLog`: a log
/// of a devnet.
#[test]
fn op_executing_message_log() {
    let topics = [
        bytes32("5c37832d2e8d10e346e55ad62071a6a2f9fa5130614ef2ec6617555c6f467ba7"),
        bytes32("c3f57e1f0dd62a4f77787d834029bfeaab8894022c47edbe13b044fb658c9190"),
    ];
    let words = [
        "0000000000000000000000005fbdb2315678afecb367f032d93f642f64180aa3",
        "000000000000000000000000000000000000000000000000000000000000119d",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "000000000000000000000000000000000000000000000000000000006724d563",
        "00000000000000000000000000000000000000000000000000000000000dbc68",
    ]
    .map(bytes32);
    let message = InteropMessage::decode_event(&topics, words.as_flattened()).expect("an event");
    assert_eq!(
        hex::encode(message.origin),
        "5fbdb2315678afecb367f032d93f642f64180aa3"
    );
    assert_eq!((message.block_number, message.log_index), (4_509, 0));
    assert_eq!(message.timestamp, 1_730_467_171);
    assert_eq!(message.chain, U256::from(900_200));
    assert_eq!(message.payload_hash, topics[1]);
}

/// The same place, `TestLogToLogHash`.
#[test]
fn op_log_hash() {
    let topics = [starting_with(&[0xcc]), starting_with(&[0xdd])];
    let mut message = interop_message();
    message.origin = [0; 20];
    message.origin[..2].copy_from_slice(&[0xaa, 0xbb]);
    message.payload_hash = InteropMessage::payload_hash_of(&topics, &[0xee, 0xff, 0]);
    assert_eq!(
        hex::encode(message.log_hash()),
        "4e1dc08fddeb273275f787762cdfe945cf47bb4e80a1fabbc7a825801e81b73f"
    );
}

fn global_state() -> GlobalState {
    GlobalState {
        block_hash: [0x11; 32],
        send_root: [0x22; 32],
        inbox_position: 1,
        position_in_message: 2,
    }
}

#[test]
fn nitro_global_state() {
    assert_eq!(
        upstream(42_161, Body::NitroGlobalState(global_state())),
        "cfe55689400e2279cfee349c81651b0defb59d61a7713fb80f118a64fc2108de"
    );
}

#[test]
fn bold_assertion() {
    let after_state = AssertionState {
        global_state: global_state(),
        machine_status: MachineStatus::Finished,
        end_history_root: [0x33; 32],
    };
    let state_hash = hex::encode(after_state.hash());
    assert!(state_hash.starts_with("6162ebdc") && state_hash.ends_with("b7d5"));
    let assertion = Assertion {
        parent_hash: [0xaa; 32],
        after_state,
        inbox_accumulator: [0xbb; 32],
    };
    let hash = upstream(42_161, Body::BoldAssertion(assertion));
    assert!(
        hash.starts_with("783a738f") && hash.ends_with("3a5b"),
        "{hash}"
    );
}

/// zksync-era `core/lib/types/src/commitment/tests/post_gateway_test.json`.
#[test]
fn zk_batch_commitment() {
    let mut blobs = vec![
        BlobOutput {
            linear_hash: [0; 32],
            commitment: [0; 32],
        };
        16
    ];
    blobs[0] = BlobOutput {
        linear_hash: bytes32("ff4feb4bef9401731ab9db3626c2e015baa6880d7b1c4382d03b30da3a0fd75e"),
        commitment: bytes32("f840cf3f6b7dc92729b2b9ef3b399e7b896d553b746362fe81c4eb911013570d"),
    };
    let output = BoojumOutput::new(
        bytes32("e8460ce1ed47b77cfee3cadf803aa089c144c506ea2bdd358a6a38ff2c7bc8e3"),
        bytes32("c83cac9cd98a4216cbc0d0830e63c4956e4a1c45c122ebbc88af7ea3b496c406"),
        bytes32("97df88dcecbcd29b49773c042cdee7a44c57a741e64913fff5aa1b3484232f28"),
        bytes32("ec82208c87a937d88768a0067b2a80f0525eca8288dad2cf96cf8bbe6a1aa565"),
    );
    let default_account_hash =
        bytes32("0100055d760f11a3d737e7fd1816e600a4cd874a9f17f7a225d1f1c537c51a1e");
    let commitment = BatchCommitment {
        batch_number: 1,
        pass_through: PassThrough {
            last_leaf_index: 212,
            root_hash: bytes32("0332d2acc43785a44b2b84fc010372c8f3e4ff4d0ca5f312de142ffe74189500"),
        },
        meta: MetaParameters {
            zkporter_is_available: false,
            bootloader_hash: bytes32(
                "010008c753336bc8d1ddca235602b9f31d346412b2d463cd342899f7bfb73baf",
            ),
            default_account_hash,
            evm_emulator_hash: Some(default_account_hash),
        },
        auxiliary: AuxiliaryOutput::PostBoojum(output.with_blobs(blobs).expect("sixteen")),
    };
    assert_eq!(
        hex::encode(commitment.pass_through.hash()),
        "756c1660f611302295f6a56a8f4b9d68f2ebf51f8278f225d6b7e64bb9364be0"
    );
    assert_eq!(
        hex::encode(commitment.meta.hash()),
        "db298fa55c75b134333cee0b39f77aea956553a1eb861a5777dc7a66ad7a55b9"
    );
    assert_eq!(
        hex::encode(commitment.auxiliary.hash()),
        "cccf1ef8192054cb1b5fb668868ce4e069a695a1394b9486ebd3031cec12fe12"
    );
    assert_eq!(
        upstream(324, Body::ZkBatchCommitment(commitment)),
        "d6615c5447c817a320c69c6a5af12c472fd4d5bc2ef4de7806d40afe384ddc27"
    );
}

#[test]
fn mach_headers_of_both_generations() {
    let alert = Body::MachBlockHashMismatch(BlockHashMismatch {
        block_hash: keccak256(&[b"hello world"]),
    });
    let legacy = SigningContext::MachLegacy {
        reference_block_number: 100,
    };
    assert_eq!(
        signed(legacy, 10, alert.clone()),
        "bfb799b9d9b4a2f43f1201da0812a2f624e1614ce9db9cf9af18b5c3c12cf020"
    );
    let chain_bound = SigningContext::MachChainBound {
        reference_block_number: 100,
    };
    assert_eq!(
        signed(chain_bound, 10, alert),
        "b55c7f6bf4788a240df45251b53f73ba4fe92258c09a9ffdd9d5391d945039c3"
    );
}

#[test]
fn mach_block_mismatch() {
    let alert = BlockMismatch {
        invalid_output_root: [0x11; 32],
        expected_output_root: [0x22; 32],
        l2_block_number: 256,
    };
    assert_eq!(
        upstream(10, Body::MachBlockMismatch(alert)),
        "99e4b40bcc80885952ed6c80786a829d2b04eb407b6a8aef8a6e132065a5de21"
    );
}

#[test]
fn nffl_state_root_update() {
    let update = StateRootUpdate {
        rollup_id: 1,
        block_height: 2,
        timestamp: 3,
        near_da_transaction_id: number(4),
        near_da_commitment: number(5),
        state_root: number(6),
    };
    assert_eq!(
        upstream(1, Body::NfflStateRoot(update)),
        "644b01b6cfaf45c54ee119a9e70f4d7098324fae710694714278592395677e42"
    );
}

/// Real batches of Sepolia, from eigenda `tools/integration_utils/data`.
#[test]
fn eigenda_batches() {
    for (root, reference_block_number, digest) in [
        (
            "b7d09bf78c598d3f67a96c1b51f4dcf7f1ac14aaee74b576dfa8cc873e2a89f8",
            9_133_435,
            "4748cf72fbabdb4149ee6cde13fc4edfaf3c1ee809ed7cdc2b969db115d80ce7",
        ),
        (
            "5e27869d58bd1fe21f34d0e9120abe775896df7c0829cf4d870f576f188cbe30",
            9_080_069,
            "1b6b7534c6b3aa0c202ffe896801dd4da3bc1818bf0625891e5b43a7886e1572",
        ),
    ] {
        let batch = EigenDaBatch {
            batch_root: bytes32(root),
            reference_block_number,
        };
        let body = Body::EigenDaBatch(batch);
        assert_eq!(signed(SigningContext::Raw, 11_155_111, body), digest);
    }
}

#[test]
fn eigen_certificate_digest() {
    let statement = Statement::opaque(keccak256(&[b"test message"]));
    let context = SigningContext::EigenCertificate {
        reference_timestamp: 1,
    };
    assert_eq!(
        hex::encode(context.digest(&statement).expect("fits").as_bytes()),
        "e8866d5bb2c00e87b13b05ff04ddaae913fc6990514c45cfbbbd5160ad511629"
    );
}

/// The type's hash is the first word of what is hashed, so another hash would show here.
#[test]
fn eigen_global_table_root() {
    let root = GlobalTableRoot {
        root: [7; 32],
        reference_timestamp: 5,
        reference_block_number: 6,
    };
    let type_hash = keccak256(&[
        b"GlobalTableRootCert(bytes32 globalTableRoot,uint32 referenceTimestamp,uint32 referenceBlockNumber)",
    ]);
    let type_hash_text = hex::encode(type_hash);
    assert!(type_hash_text.starts_with("4491f5ee") && type_hash_text.ends_with("c1cc"));
    let by_hand = keccak256(&[&type_hash, &[7; 32], &number(5), &number(6)]);
    assert_eq!(
        upstream(1, Body::EigenTableRoot(root)),
        hex::encode(by_hand)
    );
}

#[test]
fn ethereum_domains_of_capella() {
    let domain = |domain_type| {
        let schedule = ForkSchedule::mainnet();
        let domain: SigningDomain = schedule.domain(domain_type, 194_048);
        hex::encode(domain.to_bytes())
    };
    let fork = "bba4da96354c9f25476cf1bc69bf583a7f9e0af049305b62de676640";
    assert_eq!(domain(DomainType::SyncCommittee), format!("07000000{fork}"));
    assert_eq!(
        domain(DomainType::BeaconAttester),
        format!("01000000{fork}")
    );
}

#[test]
fn mainnet_forks_begin_at_their_epochs() {
    let schedule = ForkSchedule::mainnet();
    for (version, first) in [
        (1, 74_240),
        (2, 144_896),
        (3, 194_048),
        (4, 269_568),
        (5, 364_032),
        (6, 411_392),
    ] {
        assert_eq!(schedule.version_at(first), [version, 0, 0, 0]);
        assert_eq!(schedule.version_at(first - 1), [version - 1, 0, 0, 0]);
    }
}
