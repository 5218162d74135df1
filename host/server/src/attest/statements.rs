//! Statements and the contexts they are signed in.

use tutti_domain::{Subject, U256};
use tutti_proto::v1;
use tutti_proto::v1::signing_context::Context;
use tutti_proto::v1::statement::Body as WireBody;
use tutti_proto::v1::zk_batch_commitment::Auxiliary;
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
use tutti_statements::{Body, SigningContext, Statement};

use super::field::Field;
use crate::refusal::Refusal;

pub(super) fn subject(at: &Field, statement: &v1::Statement) -> Result<Subject, Refusal> {
    let body = statement.body.as_ref();
    let body = at.required("body", body)?;
    if let WireBody::Opaque32(digest) = body {
        if statement.context.is_some() {
            let what = "must be unset: an opaque digest is signed as it is";
            return Err(at.of("context").refuse(what));
        }
        return Ok(Subject::opaque(at.hash("opaque32", digest)?));
    }
    let chain = at.integer("chain", &statement.chain)?;
    let body = read_body(at, chain, body)?;
    let context = at.required("context", statement.context.as_ref())?;
    let context = read_context(&at.of("context"), context)?;
    Statement::new(chain, body)
        .and_then(|statement| Subject::new(statement, context))
        .map_err(|error| at.refuse(error))
}

fn read_context(at: &Field, context: &v1::SigningContext) -> Result<SigningContext, Refusal> {
    Ok(match at.required("context", context.context.as_ref())? {
        Context::Raw(_) => SigningContext::Raw,
        Context::Ethereum(ethereum) => {
            SigningContext::Ethereum(read_domain(&at.of("ethereum"), ethereum)?)
        }
        Context::EigenCertificateTimestamp(reference_timestamp) => {
            SigningContext::EigenCertificate {
                reference_timestamp: *reference_timestamp,
            }
        }
        Context::MachLegacyBlock(reference_block_number) => SigningContext::MachLegacy {
            reference_block_number: *reference_block_number,
        },
        Context::MachChainBoundBlock(reference_block_number) => SigningContext::MachChainBound {
            reference_block_number: *reference_block_number,
        },
        Context::Eip191(_) => SigningContext::Eip191,
        Context::Hyperlane(_) => SigningContext::Hyperlane,
        Context::Wormhole(_) => SigningContext::Wormhole,
        Context::Beefy(_) => SigningContext::Beefy,
    })
}

fn read_domain(at: &Field, context: &v1::EthereumContext) -> Result<SigningDomain, Refusal> {
    let domain_type = match v1::EthSigner::try_from(context.signer) {
        Ok(v1::EthSigner::Attester) => DomainType::BeaconAttester,
        Ok(v1::EthSigner::SyncCommittee) => DomainType::SyncCommittee,
        Ok(v1::EthSigner::Proposer) => DomainType::BeaconProposer,
        Ok(v1::EthSigner::Unspecified) | Err(_) => {
            return Err(at.of("signer").refuse("say who signs"));
        }
    };
    Ok(SigningDomain {
        domain_type,
        fork_version: at.array("fork_version", &context.fork_version)?,
        genesis_validators_root: at
            .array("genesis_validators_root", &context.genesis_validators_root)?,
    })
}

fn read_body(at: &Field, chain: U256, body: &WireBody) -> Result<Body, Refusal> {
    match body {
        WireBody::OpOutputRoot(_)
        | WireBody::OpSuperRoot(_)
        | WireBody::OpInteropMessage(_)
        | WireBody::NitroGlobalState(_)
        | WireBody::BoldAssertion(_) => rollup_state(at, chain, body),
        WireBody::ZkStoredBatch(batch) => {
            stored_batch(&at.of("zk_stored_batch"), batch).map(Body::ZkStoredBatch)
        }
        WireBody::ZkBatchCommitment(batch) => {
            batch_commitment(&at.of("zk_batch_commitment"), batch).map(Body::ZkBatchCommitment)
        }
        WireBody::HyperlaneCheckpoint(_)
        | WireBody::WormholeMessage(_)
        | WireBody::BeefyCommitment(_) => message_layer(at, body),
        WireBody::EthAttestation(data) => {
            attestation_data(&at.of("eth_attestation"), data).map(Body::EthAttestation)
        }
        WireBody::EthBlockRoot(header) => {
            block_header(&at.of("eth_block_root"), header).map(Body::EthBlockRoot)
        }
        _ => restaked(at, body),
    }
}

fn rollup_state(at: &Field, chain: U256, body: &WireBody) -> Result<Body, Refusal> {
    Ok(match body {
        WireBody::OpOutputRoot(root) => {
            let at = at.of("op_output_root");
            Body::OpOutputRoot(OutputRootV0 {
                l2_block_number: root.l2_block_number,
                state_root: at.array("state_root", &root.state_root)?,
                message_passer_storage_root: at.array(
                    "message_passer_storage_root",
                    &root.message_passer_storage_root,
                )?,
                block_hash: at.array("block_hash", &root.block_hash)?,
            })
        }
        WireBody::OpSuperRoot(root) => {
            let at = at.of("op_super_root");
            let chains = root.chains.iter().enumerate().map(|(index, output)| {
                let at = at.at("chains", index);
                Ok(ChainOutput {
                    chain: at.integer("chain", &output.chain)?,
                    output_root: at.array("output_root", &output.output_root)?,
                })
            });
            let chains = chains.collect::<Result<_, Refusal>>()?;
            let root = SuperRootV1::new(root.timestamp, chains);
            Body::OpSuperRoot(root.map_err(|error| at.refuse(error))?)
        }
        WireBody::OpInteropMessage(message) => {
            let at = at.of("op_interop_message");
            Body::OpInteropMessage(InteropMessage {
                origin: at.array("origin", &message.origin)?,
                block_number: message.block_number,
                log_index: message.log_index,
                timestamp: message.timestamp,
                chain,
                payload_hash: at.array("payload_hash", &message.payload_hash)?,
            })
        }
        WireBody::NitroGlobalState(state) => {
            Body::NitroGlobalState(global_state(&at.of("nitro_global_state"), state)?)
        }
        WireBody::BoldAssertion(assertion) => {
            Body::BoldAssertion(bold_assertion(&at.of("bold_assertion"), assertion)?)
        }
        _ => return Err(at.of("body").refuse("unknown")),
    })
}

fn global_state(at: &Field, state: &v1::NitroGlobalState) -> Result<GlobalState, Refusal> {
    Ok(GlobalState {
        block_hash: at.array("block_hash", &state.block_hash)?,
        send_root: at.array("send_root", &state.send_root)?,
        inbox_position: state.inbox_position,
        position_in_message: state.position_in_message,
    })
}

fn bold_assertion(at: &Field, assertion: &v1::BoldAssertion) -> Result<Assertion, Refusal> {
    let state = at.required("global_state", assertion.global_state.as_ref())?;
    let machine_status = match v1::MachineStatus::try_from(assertion.machine_status) {
        Ok(v1::MachineStatus::Running) => MachineStatus::Running,
        Ok(v1::MachineStatus::Finished) => MachineStatus::Finished,
        Ok(v1::MachineStatus::Errored) => MachineStatus::Errored,
        Ok(v1::MachineStatus::Unspecified) | Err(_) => {
            return Err(at.of("machine_status").refuse("unknown"));
        }
    };
    Ok(Assertion {
        parent_hash: at.array("parent_hash", &assertion.parent_hash)?,
        after_state: AssertionState {
            global_state: global_state(&at.of("global_state"), state)?,
            machine_status,
            end_history_root: at.array("end_history_root", &assertion.end_history_root)?,
        },
        inbox_accumulator: at.array("inbox_accumulator", &assertion.inbox_accumulator)?,
    })
}

fn stored_batch(at: &Field, batch: &v1::ZkStoredBatch) -> Result<StoredBatch, Refusal> {
    let rolling = batch.dependency_roots_rolling_hash.as_ref();
    Ok(StoredBatch {
        batch_number: batch.batch_number,
        batch_hash: at.array("batch_hash", &batch.batch_hash)?,
        index_repeated_storage_changes: batch.index_repeated_storage_changes,
        number_of_layer1_txs: at.integer("number_of_layer1_txs", &batch.number_of_layer1_txs)?,
        priority_operations_hash: at
            .array("priority_operations_hash", &batch.priority_operations_hash)?,
        dependency_roots_rolling_hash: rolling
            .map(|hash| at.array("dependency_roots_rolling_hash", hash))
            .transpose()?,
        l2_logs_tree_root: at.array("l2_logs_tree_root", &batch.l2_logs_tree_root)?,
        timestamp: at.integer("timestamp", &batch.timestamp)?,
        commitment: at.array("commitment", &batch.commitment)?,
    })
}

fn batch_commitment(at: &Field, batch: &v1::ZkBatchCommitment) -> Result<BatchCommitment, Refusal> {
    let emulator = batch.evm_emulator_hash.as_ref();
    let zkporter_is_available = match batch.zkporter_available {
        0 => false,
        1 => true,
        other => {
            return Err(at
                .of("zkporter_available")
                .refuse(format!("{other} is not 0 or 1")));
        }
    };
    Ok(BatchCommitment {
        batch_number: batch.batch_number,
        pass_through: PassThrough {
            last_leaf_index: batch.last_leaf_index,
            root_hash: at.array("state_root", &batch.state_root)?,
        },
        meta: MetaParameters {
            zkporter_is_available,
            bootloader_hash: at.array("bootloader_hash", &batch.bootloader_hash)?,
            default_account_hash: at.array("default_account_hash", &batch.default_account_hash)?,
            evm_emulator_hash: emulator
                .map(|hash| at.array("evm_emulator_hash", hash))
                .transpose()?,
        },
        auxiliary: auxiliary(at, batch)?,
    })
}

fn auxiliary(at: &Field, batch: &v1::ZkBatchCommitment) -> Result<AuxiliaryOutput, Refusal> {
    match at.required("auxiliary", batch.auxiliary.as_ref())? {
        Auxiliary::PreBoojum(output) => {
            let at = at.of("pre_boojum");
            Ok(AuxiliaryOutput::PreBoojum {
                logs_merkle_root: at.array("logs_merkle_root", &output.logs_merkle_root)?,
                logs_linear_hash: at.array("logs_linear_hash", &output.logs_linear_hash)?,
                initial_writes_hash: at
                    .array("initial_writes_hash", &output.initial_writes_hash)?,
                repeated_writes_hash: at
                    .array("repeated_writes_hash", &output.repeated_writes_hash)?,
            })
        }
        Auxiliary::Boojum(output) => {
            let at = at.of("boojum");
            let blobs = output.blobs.iter().enumerate().map(|(index, blob)| {
                let at = at.at("blobs", index);
                Ok(BlobOutput {
                    linear_hash: at.array("linear_hash", &blob.linear_hash)?,
                    commitment: at.array("commitment", &blob.commitment)?,
                })
            });
            let blobs = blobs.collect::<Result<_, Refusal>>()?;
            BoojumOutput::new(
                at.array("system_logs_hash", &output.system_logs_hash)?,
                at.array("state_diffs_hash", &output.state_diffs_hash)?,
                at.array("bootloader_heap_hash", &output.bootloader_heap_hash)?,
                at.array("events_queue_hash", &output.events_queue_hash)?,
            )
            .with_blobs(blobs)
            .map(AuxiliaryOutput::PostBoojum)
            .map_err(|error| at.refuse(error))
        }
    }
}

/// What operators of restaked systems attest.
fn restaked(at: &Field, body: &WireBody) -> Result<Body, Refusal> {
    Ok(match body {
        WireBody::MachBlockMismatch(alert) => {
            let at = at.of("mach_block_mismatch");
            Body::MachBlockMismatch(BlockMismatch {
                invalid_output_root: at.array("invalid_output_root", &alert.invalid_output_root)?,
                expected_output_root: at
                    .array("expected_output_root", &alert.expected_output_root)?,
                l2_block_number: alert.l2_block_number,
            })
        }
        WireBody::MachOutputOracleMismatch(alert) => {
            let at = at.of("mach_output_oracle_mismatch");
            Body::MachOutputOracleMismatch(OutputOracleMismatch {
                expected_output_root: at
                    .array("expected_output_root", &alert.expected_output_root)?,
                l2_output_index: alert.l2_output_index,
            })
        }
        WireBody::MachBlockHashMismatch(alert) => {
            let at = at.of("mach_block_hash_mismatch");
            Body::MachBlockHashMismatch(BlockHashMismatch {
                block_hash: at.array("block_hash", &alert.block_hash)?,
            })
        }
        WireBody::NfflStateRoot(update) => {
            let at = at.of("nffl_state_root");
            Body::NfflStateRoot(StateRootUpdate {
                rollup_id: update.rollup_id,
                block_height: update.block_height,
                timestamp: update.timestamp,
                near_da_transaction_id: at
                    .array("near_da_transaction_id", &update.near_da_transaction_id)?,
                near_da_commitment: at.array("near_da_commitment", &update.near_da_commitment)?,
                state_root: at.array("state_root", &update.state_root)?,
            })
        }
        WireBody::NfflOperatorSet(update) => {
            let at = at.of("nffl_operator_set");
            let operators = update.operators.iter().enumerate();
            let operators = operators
                .map(|(index, operator)| nffl_operator(&at.at("operators", index), operator))
                .collect::<Result<_, _>>()?;
            let update = OperatorSetUpdate::new(update.id, update.timestamp, operators);
            Body::NfflOperatorSet(update.map_err(|error| at.refuse(error))?)
        }
        WireBody::EigenDaBatch(batch) => {
            let at = at.of("eigen_da_batch");
            Body::EigenDaBatch(EigenDaBatch {
                batch_root: at.array("batch_root", &batch.batch_root)?,
                reference_block_number: batch.reference_block_number,
            })
        }
        WireBody::EigenTableRoot(root) => {
            Body::EigenTableRoot(table_root(&at.of("eigen_table_root"), root)?)
        }
        _ => return Err(at.of("body").refuse("unknown")),
    })
}

pub(super) fn table_root(
    at: &Field,
    root: &v1::EigenTableRoot,
) -> Result<GlobalTableRoot, Refusal> {
    Ok(GlobalTableRoot {
        root: at.array("root", &root.root)?,
        reference_timestamp: root.reference_timestamp,
        reference_block_number: root.reference_block_number,
    })
}

fn nffl_operator(at: &Field, operator: &v1::NfflOperator) -> Result<Operator, Refusal> {
    let key: [u8; 64] = at.array("key", &operator.key)?;
    let weight = at.integer("weight", &operator.weight)?;
    let (x, y) = key.split_at(32);
    Ok(Operator {
        key_x: at.array("key", x)?,
        key_y: at.array("key", y)?,
        weight: u128::try_from(weight).map_err(|_| at.of("weight").refuse("is too large"))?,
    })
}

fn checkpoint(at: &Field, point: Option<&v1::EthCheckpoint>) -> Result<Checkpoint, Refusal> {
    let point = point.ok_or_else(|| at.refuse("is required"))?;
    Ok(Checkpoint {
        epoch: point.epoch,
        root: at.array("root", &point.root)?,
    })
}

fn attestation_data(at: &Field, data: &v1::EthAttestationData) -> Result<AttestationData, Refusal> {
    Ok(AttestationData {
        slot: data.slot,
        index: data.index,
        beacon_block_root: at.array("beacon_block_root", &data.beacon_block_root)?,
        source: checkpoint(&at.of("source"), data.source.as_ref())?,
        target: checkpoint(&at.of("target"), data.target.as_ref())?,
    })
}

fn block_header(
    at: &Field,
    header: &v1::EthBeaconBlockHeader,
) -> Result<BeaconBlockHeader, Refusal> {
    Ok(BeaconBlockHeader {
        slot: header.slot,
        proposer_index: header.proposer_index,
        parent_root: at.array("parent_root", &header.parent_root)?,
        state_root: at.array("state_root", &header.state_root)?,
        body_root: at.array("body_root", &header.body_root)?,
    })
}

fn message_layer(at: &Field, body: &WireBody) -> Result<Body, Refusal> {
    Ok(match body {
        WireBody::HyperlaneCheckpoint(checkpoint) => {
            let at = at.of("hyperlane_checkpoint");
            Body::HyperlaneCheckpoint(HyperlaneCheckpoint {
                origin_domain: checkpoint.origin_domain,
                merkle_tree_hook: at.array("merkle_tree_hook", &checkpoint.merkle_tree_hook)?,
                root: at.array("root", &checkpoint.root)?,
                index: checkpoint.index,
                message_id: at.array("message_id", &checkpoint.message_id)?,
            })
        }
        WireBody::WormholeMessage(message) => {
            let at = at.of("wormhole_message");
            let head = WormholeHead {
                timestamp: message.timestamp,
                nonce: message.nonce,
                emitter_chain: at.narrow("emitter_chain", message.emitter_chain)?,
                emitter_address: at.array("emitter_address", &message.emitter_address)?,
                sequence: message.sequence,
                consistency_level: at.narrow("consistency_level", message.consistency_level)?,
            };
            let message = WormholeMessage::new(head, message.payload.to_vec());
            Body::WormholeMessage(message.map_err(|error| at.refuse(error))?)
        }
        WireBody::BeefyCommitment(commitment) => {
            let at = at.of("beefy_commitment");
            let items = commitment.payload.iter().enumerate().map(|(index, item)| {
                Ok(PayloadItem {
                    id: at.at("payload", index).array("id", &item.id)?,
                    data: item.data.to_vec(),
                })
            });
            let items = items.collect::<Result<_, Refusal>>()?;
            let (block, set) = (commitment.block_number, commitment.validator_set_id);
            let commitment = BeefyCommitment::new(items, block, set);
            Body::BeefyCommitment(commitment.map_err(|error| at.refuse(error))?)
        }
        _ => return Err(at.of("body").refuse("unknown")),
    })
}
