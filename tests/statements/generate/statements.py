"""Random statements of every kind, with the digests that independent libraries compute of them.

ABI encodings are eth-abi's, Keccak is PyCryptodome's, Merkle roots are remerkleable's, SCALE is
py-scale-codec's. Nothing
is drawn at random: every value is SHA-512 of a label.
"""

import hashlib
import json
import sys
from pathlib import Path

from Crypto.Hash import keccak
from eth_abi import encode
from eth_abi.packed import encode_packed
from remerkleable.basic import uint64
from remerkleable.byte_arrays import Bytes4, Bytes32
from remerkleable.complex import Container
from scalecodec.base import RuntimeConfigurationObject
from scalecodec.type_registry import load_type_registry_preset

EACH = 200


def keccak256(data):
    return keccak.new(digest_bits=256, data=data).digest()


class Draw:
    """Values that depend on nothing but the label they are drawn under."""

    def __init__(self, label):
        self.label, self.count = label, 0

    def octets(self, length):
        out = b""
        while len(out) < length:
            self.count += 1
            out += hashlib.sha512(f"{self.label}/{self.count}".encode()).digest()
        return out[:length]

    def word(self):
        return self.octets(32)

    def number(self, bits):
        """Small, middling and full-width numbers, and the two ends."""
        choice = self.octets(1)[0] % 8
        if choice == 0:
            return 0
        if choice == 1:
            return 2**bits - 1
        width = bits if choice > 4 else 1 + self.octets(1)[0] % bits
        return int.from_bytes(self.octets(32), "big") % 2**width

    def below(self, limit):
        return int.from_bytes(self.octets(8), "big") % limit


def text(value):
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, (bool, str)) or value is None:
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return [text(item) for item in value]
    return {key: text(item) for key, item in value.items()}


RAW = ({"name": "raw"}, lambda upstream, chain: upstream)


def eip191(_draw):
    return {"name": "eip-191"}, lambda upstream, chain: eip191_hash(upstream)


def eip191_hash(upstream):
    return keccak256(b"\x19Ethereum Signed Message:\n32" + upstream)


def eigen_certificate(draw):
    timestamp = draw.number(32)
    type_hash = keccak256(b"BN254Certificate(uint32 referenceTimestamp,bytes32 messageHash)")
    return {"name": "eigen-certificate", "reference_timestamp": timestamp}, lambda upstream, chain: keccak256(
        encode(["bytes32", "uint32", "bytes32"], [type_hash, timestamp, upstream])
    )


def avs(draw):
    return [[RAW, eip191(draw), eigen_certificate(draw)][draw.below(3)]]


def mach(draw):
    block = draw.number(32)
    return [
        (
            {"name": "mach-legacy", "reference_block_number": block},
            lambda upstream, chain: keccak256(encode(["bytes32", "uint32"], [upstream, block])),
        ),
        (
            {"name": "mach-chain-bound", "reference_block_number": block},
            lambda upstream, chain: keccak256(
                encode(["bytes32", "uint32", "uint256"], [upstream, block, chain])
            ),
        ),
    ]


class ForkData(Container):
    current_version: Bytes4
    genesis_validators_root: Bytes32


class SigningData(Container):
    object_root: Bytes32
    domain: Bytes32


class Checkpoint(Container):
    epoch: uint64
    root: Bytes32


class AttestationData(Container):
    slot: uint64
    index: uint64
    beacon_block_root: Bytes32
    source: Checkpoint
    target: Checkpoint


class BeaconBlockHeader(Container):
    slot: uint64
    proposer_index: uint64
    parent_root: Bytes32
    state_root: Bytes32
    body_root: Bytes32


def ethereum(draw, domain_type):
    version, root = draw.octets(4), draw.word()
    fork = ForkData(current_version=version, genesis_validators_root=root).hash_tree_root()
    domain = bytes([domain_type, 0, 0, 0]) + bytes(fork)[:28]
    context = {
        "name": "ethereum",
        "domain_type": domain_type,
        "fork_version": version,
        "genesis_validators_root": root,
    }
    return [
        (
            context,
            lambda upstream, chain: bytes(
                SigningData(object_root=upstream, domain=domain).hash_tree_root()
            ),
        )
    ]


def op_output_root(draw):
    fields = {
        "l2_block_number": draw.number(64),
        "state_root": draw.word(),
        "message_passer_storage_root": draw.word(),
        "block_hash": draw.word(),
    }
    encoding = encode(["bytes32"] * 4, [bytes(32), *list(fields.values())[1:]])
    return {
        "chain": draw.number(256),
        "fields": fields,
        "asserted": ["l2_block_number"],
        "upstream": keccak256(encoding),
        "signed": avs(draw),
    }


def op_super_root(draw):
    timestamp = draw.number(64)
    ids = sorted({draw.number(256) for _ in range(1 + draw.below(6))})
    chains = [{"chain": chain, "output_root": draw.word()} for chain in ids]
    encoding = encode_packed(["uint8", "uint64"], [1, timestamp]) + b"".join(
        encode(["uint256", "bytes32"], [c["chain"], c["output_root"]]) for c in chains
    )
    return {
        "chain": 0,
        "fields": {"timestamp": timestamp, "chains": chains},
        "upstream": keccak256(encoding),
        "signed": avs(draw),
    }


def op_interop_message(draw):
    chain = draw.number(256) if draw.below(2) else draw.number(64)
    fields = {
        "origin": draw.octets(20),
        "block_number": draw.number(64),
        "log_index": draw.number(32),
        "timestamp": draw.number(64),
        "chain": chain,
        "payload_hash": draw.word(),
    }
    log_hash = keccak256(encode_packed(["address", "bytes32"], [fields["origin"], fields["payload_hash"]]))
    packed = encode_packed(
        ["bytes12", "uint64", "uint64", "uint32"],
        [bytes(12), fields["block_number"], fields["timestamp"], fields["log_index"]],
    )
    bare = keccak256(keccak256(log_hash + packed) + encode(["uint256"], [chain]))
    checksum = b"\x03" + bare[1:]
    lookup = encode_packed(
        ["uint8", "bytes3", "uint64", "uint64", "uint64", "uint32"],
        [1, bytes(3), chain % 2**64, fields["block_number"], fields["timestamp"], fields["log_index"]],
    )
    extension = b"\x02" + bytes(7) + (chain >> 64).to_bytes(24, "big") if chain >> 64 else b""
    return {
        "chain": chain,
        "fields": fields,
        "encoding": lookup + extension + checksum,
        "upstream": checksum,
        "signed": avs(draw),
    }


STATE_TYPE = "((bytes32[2],uint64[2]),uint8,bytes32)"


def nitro_global_state(draw):
    fields = {
        "block_hash": draw.word(),
        "send_root": draw.word(),
        "inbox_position": draw.number(64),
        "position_in_message": draw.number(64),
    }
    packed = encode_packed(
        ["string", "bytes32", "bytes32", "uint64", "uint64"], ["Global state:", *fields.values()]
    )
    return {
        "chain": draw.number(256),
        "fields": fields,
        "upstream": keccak256(packed),
        "signed": avs(draw),
    }


def bold_assertion(draw):
    state = {
        "block_hash": draw.word(),
        "send_root": draw.word(),
        "inbox_position": draw.number(64),
        "position_in_message": draw.number(64),
        "machine_status": draw.below(3),
        "end_history_root": draw.word(),
    }
    encoding = encode(
        [STATE_TYPE],
        [
            (
                (
                    [state["block_hash"], state["send_root"]],
                    [state["inbox_position"], state["position_in_message"]],
                ),
                state["machine_status"],
                state["end_history_root"],
            )
        ],
    )
    parent, inbox = draw.word(), draw.word()
    return {
        "chain": draw.number(256),
        "fields": {"parent_hash": parent, **state, "inbox_accumulator": inbox},
        "upstream": keccak256(
            encode_packed(["bytes32"] * 3, [parent, keccak256(encoding), inbox])
        ),
        "signed": avs(draw),
    }


def zk_stored_batch(draw):
    fields = {
        "batch_number": draw.number(64),
        "batch_hash": draw.word(),
        "index_repeated_storage_changes": draw.number(64),
        "number_of_layer1_txs": draw.number(256),
        "priority_operations_hash": draw.word(),
        "dependency_roots_rolling_hash": draw.word() if draw.below(2) else None,
        "l2_logs_tree_root": draw.word(),
        "timestamp": draw.number(256),
        "commitment": draw.word(),
    }
    types = {
        "batch_number": "uint64",
        "index_repeated_storage_changes": "uint64",
        "number_of_layer1_txs": "uint256",
        "timestamp": "uint256",
    }
    present = {name: value for name, value in fields.items() if value is not None}
    struct = "(" + ",".join(types.get(name, "bytes32") for name in present) + ")"
    encoding = encode([struct], [tuple(present.values())])
    return {
        "chain": draw.number(256),
        "fields": fields,
        "upstream": keccak256(encoding),
        "signed": avs(draw),
    }


def zk_batch_commitment(draw):
    fields = {
        "batch_number": draw.number(64),
        "last_leaf_index": draw.number(64),
        "root_hash": draw.word(),
        "zkporter_is_available": bool(draw.below(2)),
        "bootloader_hash": draw.word(),
        "default_account_hash": draw.word(),
        "evm_emulator_hash": draw.word() if draw.below(2) else None,
        "auxiliary": [draw.word() for _ in range(4)],
        "blobs": None if draw.below(3) == 0 else [],
    }
    if fields["blobs"] is not None:
        count = [0, 2, 16][draw.below(3)]
        fields["blobs"] = [{"linear_hash": draw.word(), "commitment": draw.word()} for _ in range(count)]
    pass_through = encode_packed(
        ["uint64", "bytes32", "uint64", "bytes32"],
        [fields["last_leaf_index"], fields["root_hash"], 0, bytes(32)],
    )
    meta = encode_packed(
        ["bool", "bytes32", "bytes32"],
        [fields["zkporter_is_available"], fields["bootloader_hash"], fields["default_account_hash"]],
    ) + (fields["evm_emulator_hash"] or b"")
    auxiliary = b"".join(fields["auxiliary"]) + b"".join(
        blob["linear_hash"] + blob["commitment"] for blob in fields["blobs"] or []
    )
    return {
        "chain": draw.number(256),
        "fields": fields,
        "asserted": ["batch_number"],
        "upstream": keccak256(b"".join(keccak256(part) for part in (pass_through, meta, auxiliary))),
        "signed": avs(draw),
    }


def big_int_bytes(number):
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def mach_block_mismatch(draw):
    fields = {
        "invalid_output_root": draw.word(),
        "expected_output_root": draw.word(),
        "l2_block_number": draw.number(64),
    }
    preimage = (
        fields["invalid_output_root"]
        + fields["expected_output_root"]
        + big_int_bytes(fields["l2_block_number"])
    )
    return {
        "chain": draw.number(256),
        "fields": fields,
        "upstream": keccak256(preimage),
        "signed": mach(draw),
    }


def mach_output_oracle_mismatch(draw):
    fields = {"expected_output_root": draw.word(), "l2_output_index": draw.number(64)}
    preimage = fields["expected_output_root"] + big_int_bytes(fields["l2_output_index"])
    return {
        "chain": draw.number(256),
        "fields": fields,
        "upstream": keccak256(preimage),
        "signed": mach(draw),
    }


def mach_block_hash_mismatch(draw):
    block_hash = draw.word()
    return {
        "chain": draw.number(256),
        "fields": {"block_hash": block_hash},
        "upstream": block_hash,
        "signed": mach(draw),
    }


def nffl(name, encoding):
    return keccak256(encode(["bytes32", "bytes32"], [keccak256(name), keccak256(encoding)]))


def nffl_state_root(draw):
    fields = {
        "rollup_id": draw.number(32),
        "block_height": draw.number(64),
        "timestamp": draw.number(64),
        "near_da_transaction_id": draw.word(),
        "near_da_commitment": draw.word(),
        "state_root": draw.word(),
    }
    encoding = encode(["(uint32,uint64,uint64,bytes32,bytes32,bytes32)"], [tuple(fields.values())])
    return {
        "chain": fields["rollup_id"],
        "fields": fields,
        "upstream": nffl(b"SFFL::StateRootUpdateMessage", encoding),
        "signed": avs(draw),
    }


def nffl_operator_set(draw):
    identifier, timestamp = draw.number(64), draw.number(64)
    operators = [
        {"key_x": draw.word(), "key_y": draw.word(), "weight": draw.number(128)}
        for _ in range(draw.below(6))
    ]
    encoding = encode(
        ["(uint64,uint64,((uint256,uint256),uint128)[])"],
        [
            (
                identifier,
                timestamp,
                [
                    ((int.from_bytes(o["key_x"], "big"), int.from_bytes(o["key_y"], "big")), o["weight"])
                    for o in operators
                ],
            )
        ],
    )
    return {
        "chain": draw.number(256),
        "fields": {"id": identifier, "timestamp": timestamp, "operators": operators},
        "upstream": nffl(b"SFFL::OperatorSetUpdateMessage", encoding),
        "signed": avs(draw),
    }


def eigenda_batch(draw):
    fields = {"batch_root": draw.word(), "reference_block_number": draw.number(32)}
    return {
        "chain": draw.number(256),
        "fields": fields,
        "upstream": keccak256(encode(["(bytes32,uint32)"], [tuple(fields.values())])),
        "signed": avs(draw),
    }


def eigen_table_root(draw):
    fields = {
        "root": draw.word(),
        "reference_timestamp": draw.number(32),
        "reference_block_number": draw.number(32),
    }
    type_hash = keccak256(
        b"GlobalTableRootCert(bytes32 globalTableRoot,uint32 referenceTimestamp,uint32 referenceBlockNumber)"
    )
    return {
        "chain": draw.number(256),
        "fields": fields,
        "upstream": keccak256(
            encode(["bytes32", "bytes32", "uint32", "uint32"], [type_hash, *fields.values()])
        ),
        "signed": avs(draw),
    }


def eth_attestation(draw):
    fields = {
        "slot": draw.number(64),
        "index": draw.number(64),
        "beacon_block_root": draw.word(),
        "source_epoch": draw.number(64),
        "source_root": draw.word(),
        "target_epoch": draw.number(64),
        "target_root": draw.word(),
    }
    data = AttestationData(
        slot=fields["slot"],
        index=fields["index"],
        beacon_block_root=fields["beacon_block_root"],
        source=Checkpoint(epoch=fields["source_epoch"], root=fields["source_root"]),
        target=Checkpoint(epoch=fields["target_epoch"], root=fields["target_root"]),
    )
    return {
        "chain": draw.number(256),
        "fields": fields,
        "encoding": data.encode_bytes(),
        "upstream": bytes(data.hash_tree_root()),
        "signed": ethereum(draw, 1),
    }


def eth_block_root(draw):
    fields = {
        "slot": draw.number(64),
        "proposer_index": draw.number(64),
        "parent_root": draw.word(),
        "state_root": draw.word(),
        "body_root": draw.word(),
    }
    header = BeaconBlockHeader(**fields)
    return {
        "chain": draw.number(256),
        "fields": fields,
        "encoding": header.encode_bytes(),
        "upstream": bytes(header.hash_tree_root()),
        "signed": ethereum(draw, 7) + ethereum(draw, 0),
    }


def hyperlane_checkpoint(draw):
    fields = {
        "origin_domain": draw.number(32),
        "merkle_tree_hook": draw.word(),
        "root": draw.word(),
        "index": draw.number(32),
        "message_id": draw.word(),
    }
    domain = keccak256(
        encode_packed(
            ["uint32", "bytes32", "string"],
            [fields["origin_domain"], fields["merkle_tree_hook"], "HYPERLANE"],
        )
    )
    upstream = keccak256(
        encode_packed(
            ["bytes32", "bytes32", "uint32", "bytes32"],
            [domain, fields["root"], fields["index"], fields["message_id"]],
        )
    )
    return {
        "chain": fields["origin_domain"],
        "fields": fields,
        "upstream": upstream,
        "signed": [({"name": "hyperlane"}, lambda upstream, chain: eip191_hash(upstream))],
    }


def wormhole_message(draw):
    fields = {
        "timestamp": draw.number(32),
        "nonce": draw.number(32),
        "emitter_chain": draw.number(16),
        "emitter_address": draw.word(),
        "sequence": draw.number(64),
        "consistency_level": draw.number(8),
        "payload": draw.octets(draw.below(200)),
    }
    encoding = encode_packed(
        ["uint32", "uint32", "uint16", "bytes32", "uint64", "uint8", "bytes"], list(fields.values())
    )
    return {
        "chain": fields["emitter_chain"],
        "fields": fields,
        "upstream": keccak256(encoding),
        "signed": [({"name": "wormhole"}, lambda upstream, chain: keccak256(upstream))],
    }


SCALE = RuntimeConfigurationObject()
SCALE.update_type_registry(load_type_registry_preset("core"))
SCALE.update_type_registry(
    {
        "types": {
            "Commitment": {
                "type": "struct",
                "type_mapping": [
                    ["payload", "Vec<([u8; 2], Bytes)>"],
                    ["block_number", "u32"],
                    ["validator_set_id", "u64"],
                ],
            }
        }
    }
)


def beefy_commitment(draw):
    items = [
        {"id": draw.octets(2), "data": draw.octets([32, draw.below(100), draw.below(1_000)][draw.below(3)])}
        for _ in range(draw.below(4))
    ]
    block, validator_set = draw.number(32), draw.number(64)
    value = {
        "payload": [("0x" + i["id"].hex(), "0x" + i["data"].hex()) for i in items],
        "block_number": block,
        "validator_set_id": validator_set,
    }
    encoding = bytes(SCALE.create_scale_object("Commitment").encode(value).data)
    return {
        "chain": draw.number(256),
        "fields": {"payload": items, "block_number": block, "validator_set_id": validator_set},
        "upstream": keccak256(encoding),
        "signed": [({"name": "beefy"}, lambda upstream, chain: upstream)],
    }


def opaque32(draw):
    digest = draw.word()
    return {
        "chain": 0,
        "fields": {"digest": digest},
        "upstream": digest,
        "signed": avs(draw) + mach(draw)[: draw.below(3)] + ethereum(draw, 4),
    }


KINDS = [
    op_output_root,
    op_super_root,
    op_interop_message,
    nitro_global_state,
    bold_assertion,
    zk_stored_batch,
    zk_batch_commitment,
    mach_block_mismatch,
    mach_output_oracle_mismatch,
    mach_block_hash_mismatch,
    nffl_state_root,
    nffl_operator_set,
    eigenda_batch,
    eigen_table_root,
    eth_attestation,
    eth_block_root,
    hyperlane_checkpoint,
    wormhole_message,
    beefy_commitment,
    opaque32,
]


def case(make, number):
    name = make.__name__.replace("_", "-")
    made = make(Draw(f"{name}/{number}"))
    contexts = made.pop("signed")
    made["signed"] = [
        {**context, "digest": wrap(made["upstream"], made["chain"])} for context, wrap in contexts
    ]
    return json.dumps({"kind": name, **text(made)}, separators=(",", ":"))


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for make in KINDS:
        lines = [case(make, number) for number in range(EACH)]
        name = make.__name__.replace("_", "-")
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
