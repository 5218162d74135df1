//! The corpus as statements.

use serde_json::Value;
use tutti_statements::arbitrum::{Assertion, AssertionState, GlobalState, MachineStatus};
use tutti_statements::eigen::{EigenDaBatch, GlobalTableRoot};
use tutti_statements::ethereum::{
    AttestationData, BeaconBlockHeader, Checkpoint, DomainType, SigningDomain,
};
use tutti_statements::mach::{BlockHashMismatch, BlockMismatch, OutputOracleMismatch};
use tutti_statements::messages::{
    BeefyCommitment, HyperlaneCheckpoint, PayloadItem, WormholeHead, WormholeMessage,
};
use tutti_statements::nffl::{Operator, OperatorSetUpdate, StateRootUpdate};
use tutti_statements::optimism::{ChainOutput, InteropMessage, OutputRootV0, SuperRootV1};
use tutti_statements::zksync::{
    AuxiliaryOutput, BatchCommitment, BlobOutput, BoojumOutput, MetaParameters, PassThrough,
    StoredBatch,
};
use tutti_statements::{
    Body, Bytes32, DecodeError, Kind, Opaque32, SigningContext, Statement, StatementError, U256,
};

#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) kind: Kind,
    pub(crate) json: Value,
}

impl Case {
    /// Whether the upstream hash leaves this field out.
    pub(crate) fn asserts(&self, field: &str) -> bool {
        let listed = self.json.get("asserted").and_then(Value::as_array);
        listed.is_some_and(|names| names.iter().any(|name| name == field))
    }
}

pub(crate) fn cases(kind: Kind) -> Vec<Case> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/statements/vectors"
    );
    let path = format!("{folder}/{}.jsonl", kind.name());
    let lines = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{path}: {why}"));
    lines
        .lines()
        .map(|line| Case {
            kind,
            json: serde_json::from_str(line).expect("JSON"),
        })
        .collect()
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

pub(crate) fn octets(value: &Value) -> Vec<u8> {
    let digits = text(value).strip_prefix("0x").expect("bytes begin with 0x");
    hex::decode(digits).expect("hex")
}

struct Fields<'a>(&'a Value);

impl Fields<'_> {
    fn bytes(&self, name: &str) -> Vec<u8> {
        octets(&self.0[name])
    }
    fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name)
            .try_into()
            .expect("the length of the field")
    }
    fn word(&self, name: &str) -> Bytes32 {
        self.array(name)
    }
    fn optional_word(&self, name: &str) -> Option<Bytes32> {
        (!self.0[name].is_null()).then(|| self.word(name))
    }
    fn number<T: std::str::FromStr>(&self, name: &str) -> T {
        let digits = text(&self.0[name]);
        digits
            .parse()
            .unwrap_or_else(|_| panic!("{name}: {digits}"))
    }
    fn list(&self, name: &str) -> Vec<Fields<'_>> {
        let items = self.0[name].as_array().expect("a list");
        items.iter().map(Fields).collect()
    }
}

pub(crate) fn statement(json: &Value) -> Result<Statement, StatementError> {
    let f = Fields(&json["fields"]);
    let chain: U256 = text(&json["chain"]).parse().expect("a chain id");
    let body = match text(&json["kind"]) {
        "op-output-root" => Body::OpOutputRoot(OutputRootV0 {
            l2_block_number: f.number("l2_block_number"),
            state_root: f.word("state_root"),
            message_passer_storage_root: f.word("message_passer_storage_root"),
            block_hash: f.word("block_hash"),
        }),
        "op-super-root" => {
            let chains = f.list("chains").into_iter().map(|entry| ChainOutput {
                chain: entry.number("chain"),
                output_root: entry.word("output_root"),
            });
            Body::OpSuperRoot(SuperRootV1::new(f.number("timestamp"), chains.collect())?)
        }
        "op-interop-message" => Body::OpInteropMessage(InteropMessage {
            origin: f.array("origin"),
            block_number: f.number("block_number"),
            log_index: f.number("log_index"),
            timestamp: f.number("timestamp"),
            chain: f.number("chain"),
            payload_hash: f.word("payload_hash"),
        }),
        "nitro-global-state" => Body::NitroGlobalState(global_state(&f)),
        "bold-assertion" => Body::BoldAssertion(assertion(&f)),
        "zk-stored-batch" => Body::ZkStoredBatch(stored_batch(&f)),
        "zk-batch-commitment" => Body::ZkBatchCommitment(batch_commitment(&f)?),
        "nffl-operator-set" => {
            let operators = f.list("operators").into_iter().map(|operator| Operator {
                key_x: operator.word("key_x"),
                key_y: operator.word("key_y"),
                weight: operator.number("weight"),
            });
            let (id, timestamp) = (f.number("id"), f.number("timestamp"));
            Body::NfflOperatorSet(OperatorSetUpdate::new(id, timestamp, operators.collect())?)
        }
        "eth-attestation" => Body::EthAttestation(attestation(&f)),
        "wormhole-message" => Body::WormholeMessage(wormhole(&f)?),
        "beefy-commitment" => {
            let items = f.list("payload").into_iter().map(|item| PayloadItem {
                id: item.array("id"),
                data: item.bytes("data"),
            });
            let (block, set) = (f.number("block_number"), f.number("validator_set_id"));
            Body::BeefyCommitment(BeefyCommitment::new(items.collect(), block, set)?)
        }
        "opaque32" => Body::Opaque32(Opaque32(f.word("digest"))),
        flat => flat_body(flat, &f),
    };
    Statement::new(chain, body)
}

fn flat_body(kind: &str, f: &Fields<'_>) -> Body {
    match kind {
        "mach-block-mismatch" => Body::MachBlockMismatch(BlockMismatch {
            invalid_output_root: f.word("invalid_output_root"),
            expected_output_root: f.word("expected_output_root"),
            l2_block_number: f.number("l2_block_number"),
        }),
        "mach-output-oracle-mismatch" => Body::MachOutputOracleMismatch(OutputOracleMismatch {
            expected_output_root: f.word("expected_output_root"),
            l2_output_index: f.number("l2_output_index"),
        }),
        "mach-block-hash-mismatch" => Body::MachBlockHashMismatch(BlockHashMismatch {
            block_hash: f.word("block_hash"),
        }),
        "nffl-state-root" => Body::NfflStateRoot(StateRootUpdate {
            rollup_id: f.number("rollup_id"),
            block_height: f.number("block_height"),
            timestamp: f.number("timestamp"),
            near_da_transaction_id: f.word("near_da_transaction_id"),
            near_da_commitment: f.word("near_da_commitment"),
            state_root: f.word("state_root"),
        }),
        "eigenda-batch" => Body::EigenDaBatch(EigenDaBatch {
            batch_root: f.word("batch_root"),
            reference_block_number: f.number("reference_block_number"),
        }),
        "eigen-table-root" => Body::EigenTableRoot(GlobalTableRoot {
            root: f.word("root"),
            reference_timestamp: f.number("reference_timestamp"),
            reference_block_number: f.number("reference_block_number"),
        }),
        "eth-block-root" => Body::EthBlockRoot(BeaconBlockHeader {
            slot: f.number("slot"),
            proposer_index: f.number("proposer_index"),
            parent_root: f.word("parent_root"),
            state_root: f.word("state_root"),
            body_root: f.word("body_root"),
        }),
        "hyperlane-checkpoint" => Body::HyperlaneCheckpoint(HyperlaneCheckpoint {
            origin_domain: f.number("origin_domain"),
            merkle_tree_hook: f.word("merkle_tree_hook"),
            root: f.word("root"),
            index: f.number("index"),
            message_id: f.word("message_id"),
        }),
        other => panic!("{other} is no kind of statement"),
    }
}

fn global_state(f: &Fields<'_>) -> GlobalState {
    GlobalState {
        block_hash: f.word("block_hash"),
        send_root: f.word("send_root"),
        inbox_position: f.number("inbox_position"),
        position_in_message: f.number("position_in_message"),
    }
}

fn assertion(f: &Fields<'_>) -> Assertion {
    Assertion {
        parent_hash: f.word("parent_hash"),
        after_state: AssertionState {
            global_state: global_state(f),
            // A changed status wraps round.
            machine_status: match f.number::<u8>("machine_status") % 3 {
                0 => MachineStatus::Running,
                1 => MachineStatus::Finished,
                _ => MachineStatus::Errored,
            },
            end_history_root: f.word("end_history_root"),
        },
        inbox_accumulator: f.word("inbox_accumulator"),
    }
}

fn stored_batch(f: &Fields<'_>) -> StoredBatch {
    StoredBatch {
        batch_number: f.number("batch_number"),
        batch_hash: f.word("batch_hash"),
        index_repeated_storage_changes: f.number("index_repeated_storage_changes"),
        number_of_layer1_txs: f.number("number_of_layer1_txs"),
        priority_operations_hash: f.word("priority_operations_hash"),
        dependency_roots_rolling_hash: f.optional_word("dependency_roots_rolling_hash"),
        l2_logs_tree_root: f.word("l2_logs_tree_root"),
        timestamp: f.number("timestamp"),
        commitment: f.word("commitment"),
    }
}

fn batch_commitment(f: &Fields<'_>) -> Result<BatchCommitment, StatementError> {
    let hashes = f.0["auxiliary"].as_array().expect("four hashes");
    let hash = |at: usize| -> Bytes32 { octets(&hashes[at]).try_into().expect("32 bytes") };
    let auxiliary = if f.0["blobs"].is_null() {
        AuxiliaryOutput::PreBoojum {
            logs_merkle_root: hash(0),
            logs_linear_hash: hash(1),
            initial_writes_hash: hash(2),
            repeated_writes_hash: hash(3),
        }
    } else {
        let blobs = f.list("blobs").into_iter().map(|blob| BlobOutput {
            linear_hash: blob.word("linear_hash"),
            commitment: blob.word("commitment"),
        });
        let output = BoojumOutput::new(hash(0), hash(1), hash(2), hash(3));
        AuxiliaryOutput::PostBoojum(output.with_blobs(blobs.collect())?)
    };
    Ok(BatchCommitment {
        batch_number: f.number("batch_number"),
        pass_through: PassThrough {
            last_leaf_index: f.number("last_leaf_index"),
            root_hash: f.word("root_hash"),
        },
        meta: MetaParameters {
            zkporter_is_available: f.0["zkporter_is_available"] == true,
            bootloader_hash: f.word("bootloader_hash"),
            default_account_hash: f.word("default_account_hash"),
            evm_emulator_hash: f.optional_word("evm_emulator_hash"),
        },
        auxiliary,
    })
}

fn attestation(f: &Fields<'_>) -> AttestationData {
    let checkpoint = |epoch, root| Checkpoint {
        epoch: f.number(epoch),
        root: f.word(root),
    };
    AttestationData {
        slot: f.number("slot"),
        index: f.number("index"),
        beacon_block_root: f.word("beacon_block_root"),
        source: checkpoint("source_epoch", "source_root"),
        target: checkpoint("target_epoch", "target_root"),
    }
}

fn wormhole(f: &Fields<'_>) -> Result<WormholeMessage, StatementError> {
    let head = WormholeHead {
        timestamp: f.number("timestamp"),
        nonce: f.number("nonce"),
        emitter_chain: f.number("emitter_chain"),
        emitter_address: f.word("emitter_address"),
        sequence: f.number("sequence"),
        consistency_level: f.number("consistency_level"),
    };
    WormholeMessage::new(head, f.bytes("payload"))
}

pub(crate) fn context(json: &Value) -> SigningContext {
    let f = Fields(json);
    match text(&json["name"]) {
        "raw" => SigningContext::Raw,
        "eip-191" => SigningContext::Eip191,
        "hyperlane" => SigningContext::Hyperlane,
        "wormhole" => SigningContext::Wormhole,
        "beefy" => SigningContext::Beefy,
        "eigen-certificate" => SigningContext::EigenCertificate {
            reference_timestamp: f.number("reference_timestamp"),
        },
        "mach-legacy" => SigningContext::MachLegacy {
            reference_block_number: f.number("reference_block_number"),
        },
        "mach-chain-bound" => SigningContext::MachChainBound {
            reference_block_number: f.number("reference_block_number"),
        },
        "ethereum" => SigningContext::Ethereum(SigningDomain {
            domain_type: match f.number::<u8>("domain_type") {
                0 => DomainType::BeaconProposer,
                1 => DomainType::BeaconAttester,
                4 => DomainType::VoluntaryExit,
                7 => DomainType::SyncCommittee,
                other => panic!("the corpus has no domain {other}"),
            },
            fork_version: f.array("fork_version"),
            genesis_validators_root: f.word("genesis_validators_root"),
        }),
        other => panic!("{other} is no context"),
    }
}

/// The bytes of those kinds that have a byte format of their own.
pub(crate) fn encode(statement: &Statement) -> Option<Vec<u8>> {
    Some(match statement.body() {
        Body::OpOutputRoot(body) => body.encode(),
        Body::OpSuperRoot(body) => body.encode(),
        Body::ZkStoredBatch(body) => body.encode(),
        Body::NfflStateRoot(body) => body.encode(),
        Body::NfflOperatorSet(body) => body.encode(),
        Body::EthAttestation(body) => body.encode(),
        Body::EthBlockRoot(body) => body.encode(),
        Body::WormholeMessage(body) => body.encode(),
        Body::BeefyCommitment(body) => body.encode(),
        _ => return None,
    })
}

/// Bytes read as a statement of the same kind, on the chain they name or else on the same one.
pub(crate) fn decode(like: &Statement, bytes: &[u8]) -> Result<Statement, DecodeError> {
    let mut chain = like.chain();
    let body = match like.body() {
        Body::OpOutputRoot(body) => {
            Body::OpOutputRoot(OutputRootV0::decode(bytes, body.l2_block_number)?)
        }
        Body::OpSuperRoot(_) => Body::OpSuperRoot(SuperRootV1::decode(bytes)?),
        Body::ZkStoredBatch(_) => Body::ZkStoredBatch(StoredBatch::decode(bytes)?),
        Body::NfflStateRoot(_) => {
            let update = StateRootUpdate::decode(bytes)?;
            chain = U256::from(update.rollup_id);
            Body::NfflStateRoot(update)
        }
        Body::NfflOperatorSet(_) => Body::NfflOperatorSet(OperatorSetUpdate::decode(bytes)?),
        Body::EthAttestation(_) => Body::EthAttestation(AttestationData::decode(bytes)?),
        Body::EthBlockRoot(_) => Body::EthBlockRoot(BeaconBlockHeader::decode(bytes)?),
        Body::WormholeMessage(_) => {
            let message = WormholeMessage::decode(bytes)?;
            chain = U256::from(message.head().emitter_chain);
            Body::WormholeMessage(message)
        }
        Body::BeefyCommitment(_) => Body::BeefyCommitment(BeefyCommitment::decode(bytes)?),
        other => panic!("no byte format: {other:?}"),
    };
    Ok(Statement::new(chain, body)?)
}

const NAMES_THE_CHAIN: [&str; 4] = [
    "/fields/chain",
    "/fields/rollup_id",
    "/fields/origin_domain",
    "/fields/emitter_chain",
];

/// Every leaf of the fields, changed by one bit or by one; a change of the field that holds the
/// chain is made in the envelope too.
pub(crate) fn mutations(json: &Value) -> Vec<(String, Value)> {
    let mut paths = Vec::new();
    collect(&json["fields"], String::from("/fields"), &mut paths);
    paths
        .into_iter()
        .map(|path| {
            let mut changed = json.clone();
            let leaf = changed.pointer_mut(&path).expect("collected from it");
            *leaf = change(leaf);
            if NAMES_THE_CHAIN.contains(&path.as_str()) {
                changed["chain"] = changed.pointer(&path).expect("still there").clone();
            }
            (path.trim_start_matches("/fields/").to_owned(), changed)
        })
        .collect()
}

fn collect(value: &Value, path: String, paths: &mut Vec<String>) {
    match value {
        Value::Object(entries) => entries
            .iter()
            .for_each(|(name, entry)| collect(entry, format!("{path}/{name}"), paths)),
        Value::Array(entries) => entries
            .iter()
            .enumerate()
            .for_each(|(at, entry)| collect(entry, format!("{path}/{at}"), paths)),
        Value::Null => {}
        _ => paths.push(path),
    }
}

fn change(leaf: &Value) -> Value {
    let Value::String(digits) = leaf else {
        return Value::Bool(*leaf != true);
    };
    if digits.starts_with("0x") {
        let mut bytes = octets(leaf);
        match bytes.last_mut() {
            Some(last) => *last ^= 1,
            None => bytes.push(0),
        }
        return Value::String(format!("0x{}", hex::encode(bytes)));
    }
    let number: U256 = digits.parse().expect("a number");
    Value::String((number ^ U256::from(1)).to_string())
}
