"""Sync committees that lead a light client from Capella over Deneb to Electra, and votes of
Electra's committees. SSZ and Merkle roots are remerkleable's, signatures py_ecc's. Nothing is
drawn at random: values are SHA-256 of a label, secrets are small numbers.
"""

import hashlib
import json
import sys
from pathlib import Path

from py_ecc.bls.g2_primitives import G1_to_pubkey, G2_to_signature
from py_ecc.bls.hash_to_curve import hash_to_G2
from py_ecc.optimized_bls12_381 import G1, multiply
from remerkleable.basic import uint64, uint256
from remerkleable.bitfields import Bitlist, Bitvector
from remerkleable.byte_arrays import ByteList, Bytes4, Bytes32, Bytes48, Bytes96, ByteVector
from remerkleable.complex import Container, List, Vector

DST = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_"
SLOTS_PER_EPOCH, EPOCHS_PER_PERIOD, SEATS = 8, 8, 32
SLOTS_PER_PERIOD = SLOTS_PER_EPOCH * EPOCHS_PER_PERIOD
GENESIS_VALIDATORS_ROOT = hashlib.sha256(b"tutti consensus genesis").digest()
# First epoch and version; Deneb begins in period 1, Electra in period 3.
FORKS = {"capella": (0, 3), "deneb": (12, 4), "electra": (28, 5)}
ELECTRA_VERSION = Bytes4(b"\x05\x00\x00\x02")


class BeaconBlockHeader(Container):
    slot: uint64
    proposer_index: uint64
    parent_root: Bytes32
    state_root: Bytes32
    body_root: Bytes32


class CapellaExecution(Container):
    parent_hash: Bytes32
    fee_recipient: ByteVector[20]
    state_root: Bytes32
    receipts_root: Bytes32
    logs_bloom: ByteVector[256]
    prev_randao: Bytes32
    block_number: uint64
    gas_limit: uint64
    gas_used: uint64
    timestamp: uint64
    extra_data: ByteList[32]
    base_fee_per_gas: uint256
    block_hash: Bytes32
    transactions_root: Bytes32
    withdrawals_root: Bytes32


class DenebExecution(CapellaExecution):
    blob_gas_used: uint64
    excess_blob_gas: uint64


class SyncCommittee(Container):
    pubkeys: Vector[Bytes48, SEATS]
    aggregate_pubkey: Bytes48


class SyncAggregate(Container):
    sync_committee_bits: Bitvector[SEATS]
    sync_committee_signature: Bytes96


def shape(payload, committee_depth, finality_depth):
    class Header(Container):
        beacon: BeaconBlockHeader
        execution: payload
        execution_branch: Vector[Bytes32, 4]

    class Bootstrap(Container):
        header: Header
        current_sync_committee: SyncCommittee
        current_sync_committee_branch: Vector[Bytes32, committee_depth]

    class Update(Container):
        attested_header: Header
        next_sync_committee: SyncCommittee
        next_sync_committee_branch: Vector[Bytes32, committee_depth]
        finalized_header: Header
        finality_branch: Vector[Bytes32, finality_depth]
        sync_aggregate: SyncAggregate
        signature_slot: uint64

    class FinalityUpdate(Container):
        attested_header: Header
        finalized_header: Header
        finality_branch: Vector[Bytes32, finality_depth]
        sync_aggregate: SyncAggregate
        signature_slot: uint64

    class OptimisticUpdate(Container):
        attested_header: Header
        sync_aggregate: SyncAggregate
        signature_slot: uint64

    return Header, Bootstrap, Update, FinalityUpdate, OptimisticUpdate


SHAPES = {
    "capella": shape(CapellaExecution, 5, 6),
    "deneb": shape(DenebExecution, 5, 6),
    "electra": shape(DenebExecution, 6, 7),
}


def word(label):
    return hashlib.sha256(f"tutti consensus {label}".encode()).digest()


def fork_at(slot):
    return [name for name, (epoch, _) in FORKS.items() if epoch <= slot // SLOTS_PER_EPOCH][-1]


def version_at(slot):
    return bytes([FORKS[fork_at(slot)][1], 0, 0, 2])


def indices_at(slot):
    """Generalized indices of the two committees and of the finalized root."""
    return (86, 87, 169) if fork_at(slot) == "electra" else (54, 55, 105)


class Tree:
    """A tree of which only some nodes are known; the others are words of a label."""

    def __init__(self, label, known):
        self.label, self.known = label, known

    def node(self, index):
        if index in self.known:
            return self.known[index]
        depth = index.bit_length()
        below = any(k.bit_length() > depth and k >> (k.bit_length() - depth) == index for k in self.known)
        if below:
            return hashlib.sha256(self.node(2 * index) + self.node(2 * index + 1)).digest()
        return word(f"{self.label}/{index}")

    def branch(self, index):
        branch = []
        while index > 1:
            branch.append(self.node(index ^ 1))
            index //= 2
        return branch


def secrets(period):
    """One validator holds the first and the last seat."""
    seats = [1_000 * (period + 1) + seat for seat in range(SEATS - 1)]
    return [*seats, seats[0]]


def committee(period):
    keys = [multiply(G1, secret) for secret in secrets(period)]
    return SyncCommittee(
        pubkeys=[G1_to_pubkey(key) for key in keys],
        aggregate_pubkey=G1_to_pubkey(multiply(G1, sum(secrets(period)))),
    )


COMMITTEES = {period: committee(period) for period in range(8)}


def execution_header(slot):
    fork = fork_at(slot)
    header = SHAPES[fork][0].fields()["execution"]
    values = dict(
        parent_hash=word(f"parent hash {slot}"),
        fee_recipient=word(f"fee recipient {slot}")[:20],
        state_root=word(f"execution state {slot}"),
        receipts_root=word(f"receipts {slot}"),
        logs_bloom=word(f"bloom {slot}") * 8,
        prev_randao=word(f"randao {slot}"),
        block_number=slot * 7,
        gas_limit=30_000_000,
        gas_used=slot * 1_000,
        timestamp=1_700_000_000 + 12 * slot,
        extra_data=word(f"extra {slot}")[: slot % 33],
        base_fee_per_gas=int.from_bytes(word(f"fee {slot}")[:9], "big"),
        block_hash=word(f"block {slot}"),
        transactions_root=word(f"transactions {slot}"),
        withdrawals_root=word(f"withdrawals {slot}"),
    )
    if fork != "capella":
        values |= dict(blob_gas_used=131_072 * (slot % 7), excess_blob_gas=slot * 3)
    return header(**values)


def header(slot, finalized_root=None, forked=None):
    """A header of a shape, and the tree of its state."""
    current, following, final = indices_at(slot)
    period = slot // SLOTS_PER_PERIOD
    known = {
        current: bytes(COMMITTEES[period].hash_tree_root()),
        following: bytes(COMMITTEES[period + 1].hash_tree_root()),
        final: finalized_root or word(f"finalized {slot}"),
    }
    state = Tree(f"state {slot}", known)
    execution = execution_header(slot)
    body = Tree(f"body {slot}", {25: bytes(execution.hash_tree_root())})
    beacon = BeaconBlockHeader(
        slot=slot,
        proposer_index=slot % 91,
        parent_root=word(f"parent {slot}"),
        state_root=state.node(1),
        body_root=body.node(1),
    )
    made = dict(beacon=beacon, execution=execution, execution_branch=body.branch(25))
    return in_shape(made, forked or fork_at(slot)), state


def in_shape(made, fork):
    """The header as a later fork writes it."""
    execution = SHAPES[fork][0].fields()["execution"]
    values = {name: getattr(made["execution"], name) for name in made["execution"].fields()}
    return SHAPES[fork][0](**{**made, "execution": execution(**values)})


def padded(branch, depth):
    return [bytes(32)] * (depth - len(branch)) + branch


def sign(message, secret):
    return G2_to_signature(multiply(hash_to_G2(message, DST, hashlib.sha256), secret))


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def signing_root(root, domain_type, version):
    fork_data = sha(version.ljust(32, b"\0"), GENESIS_VALIDATORS_ROOT)
    return sha(bytes(root), bytes([domain_type, 0, 0, 0]) + fork_data[:28])


def aggregate(beacon, signature_slot, participants):
    period = signature_slot // SLOTS_PER_PERIOD
    present = [seat * 7 % SEATS for seat in range(participants)]
    secret = sum(secrets(period)[seat] for seat in present)
    message = signing_root(beacon.hash_tree_root(), 7, version_at(signature_slot - 1))
    return SyncAggregate(
        sync_committee_bits=[seat in present for seat in range(SEATS)],
        sync_committee_signature=sign(message, secret),
    )


def update(kind, attested, finalized, participants, signature_slot=None, forked=None):
    """An update in the shape of the attested block's fork, or of a later one."""
    forked = forked or fork_at(attested)
    signature_slot = signature_slot or attested + 1
    final, _ = header(finalized, forked=forked) if finalized else (None, None)
    root = bytes(final.beacon.hash_tree_root()) if finalized else None
    top, state = header(attested, root, forked)
    _, following, place = indices_at(attested)
    depths = {"electra": (6, 7)}.get(forked, (5, 6))
    values = dict(
        attested_header=top,
        sync_aggregate=aggregate(top.beacon, signature_slot, participants),
        signature_slot=signature_slot,
    )
    if kind != "optimistic" and finalized:
        values |= dict(finalized_header=final, finality_branch=padded(state.branch(place), depths[1]))
    if kind == "update":
        values |= dict(
            next_sync_committee=COMMITTEES[attested // SLOTS_PER_PERIOD + 1],
            next_sync_committee_branch=padded(state.branch(following), depths[0]),
        )
    container = SHAPES[forked][{"update": 2, "finality": 3, "optimistic": 4}[kind]]
    return {
        "kind": kind,
        "shape": forked,
        "participants": participants,
        "ssz": "0x" + container(**values).encode_bytes().hex(),
        "attested": named(top),
        "finalized": named(final) if finalized else None,
    }


def named(light_header):
    return {
        "slot": int(light_header.beacon.slot),
        "root": "0x" + bytes(light_header.beacon.hash_tree_root()).hex(),
    }


def step(made, slot, finalized, optimistic):
    """What the store knows afterwards: slots of its final and of its optimistic header."""
    return {**made, "present_slot": slot, "store": {"finalized": finalized, "optimistic": optimistic}}


def light_client():
    trusted, state = header(16)
    bootstrap = SHAPES["capella"][1](
        header=trusted,
        current_sync_committee=COMMITTEES[0],
        current_sync_committee_branch=state.branch(54),
    )
    steps = [
        step(update("optimistic", 20, None, 20), 21, 16, 20),
        # The next committee becomes known, then the client follows it over each fork.
        step(update("update", 40, 24, 32), 41, 24, 40),
        step(update("finality", 60, 44, 22), 61, 44, 60),
        step(update("update", 80, 66, 31), 81, 66, 80),
        # Deneb, signed in its first slot: the fork of the slot before counts.
        step(update("finality", 95, 84, 32), 96, 84, 95),
        step(update("finality", 98, 88, 32), 99, 88, 98),
        step(update("update", 150, 136, 30), 151, 136, 150),
        # Too few to finalise, enough to be plausible.
        step(update("update", 160, 144, 21), 161, 136, 160),
        # Too few to be plausible.
        step(update("optimistic", 164, None, 10), 165, 136, 160),
        # Deneb in the shape of Electra, branches padded.
        step(update("update", 200, 194, 32, forked="electra"), 201, 194, 200),
        step(update("finality", 223, 212, 32), 224, 212, 223),
        step(update("update", 240, 226, 32), 241, 226, 240),
        step(update("finality", 250, 236, 32), 251, 236, 250),
        step(update("update", 310, 290, 32), 311, 290, 310),
    ]
    return {
        "genesis_validators_root": "0x" + GENESIS_VALIDATORS_ROOT.hex(),
        "forks": [
            {"name": name, "epoch": epoch, "version": "0x" + bytes([v, 0, 0, 2]).hex()}
            for name, (epoch, v) in FORKS.items()
        ],
        "trusted_root": named(trusted)["root"],
        "bootstrap": "0x" + bootstrap.encode_bytes().hex(),
        "steps": steps,
        # A period passes with two thirds never reached.
        "unfinal": [
            step(update("update", 330, 316, 18), 331, 290, 330),
            step(update("update", 332, 318, 20), 333, 290, 332),
        ],
    }


class Checkpoint(Container):
    epoch: uint64
    root: Bytes32


class AttestationData(Container):
    slot: uint64
    index: uint64
    beacon_block_root: Bytes32
    source: Checkpoint
    target: Checkpoint


class Attestation(Container):
    aggregation_bits: Bitlist[131_072]
    data: AttestationData
    signature: Bytes96
    committee_bits: Bitvector[64]


class EarlyAttestation(Container):
    aggregation_bits: Bitlist[2_048]
    data: AttestationData
    signature: Bytes96


class IndexedAttestation(Container):
    attesting_indices: List[uint64, 131_072]
    data: AttestationData
    signature: Bytes96


VALIDATORS = 60


def attestation(number):
    """Three committees of a slot; the named ones vote."""
    sizes = [7, 12, 9]
    shuffled = sorted(range(VALIDATORS), key=lambda v: word(f"shuffle {number} {v}"))
    starts = [0, 7, 19, 28]
    committees = [shuffled[a:b] for a, b in zip(starts, starts[1:])]
    named_committees = [c for c in range(3) if (number % 7 + 1) >> c & 1]
    bits, attesting = [], []
    for c in named_committees:
        present = [word(f"present {number} {c} {seat}")[0] % 4 != 0 for seat in range(sizes[c])]
        present[number % sizes[c]] = True
        bits += present
        attesting += [v for v, is_present in zip(committees[c], present) if is_present]
    attesting.sort()
    slot = 224 + number
    data = AttestationData(
        slot=slot,
        index=0,
        beacon_block_root=word(f"head {number}"),
        source=Checkpoint(epoch=slot // 8 - 1, root=word(f"source {number}")),
        target=Checkpoint(epoch=slot // 8, root=word(f"target {number}")),
    )
    message = signing_root(data.hash_tree_root(), 1, bytes(ELECTRA_VERSION))
    signature = sign(message, sum(v + 1 for v in attesting))
    common = dict(data=data, signature=signature)
    by_bits = Attestation(
        aggregation_bits=bits, committee_bits=[c in named_committees for c in range(64)], **common
    )
    indexed = IndexedAttestation(attesting_indices=attesting, **common)
    return {
        "committees": committees,
        "attesting": attesting,
        "signing_root": "0x" + message.hex(),
        "attestation": "0x" + by_bits.encode_bytes().hex(),
        "indexed": "0x" + indexed.encode_bytes().hex(),
    }


def early_attestation(number):
    """Before Electra: one committee, which the data names."""
    sizes = [7, 12, 9]
    shuffled = sorted(range(VALIDATORS), key=lambda v: word(f"early shuffle {number} {v}"))
    starts = [0, 7, 19, 28]
    committees = [shuffled[a:b] for a, b in zip(starts, starts[1:])]
    index = number % 3
    bits = [word(f"early present {number} {seat}")[0] % 4 != 0 for seat in range(sizes[index])]
    bits[number % sizes[index]] = True
    attesting = sorted(v for v, is_present in zip(committees[index], bits) if is_present)
    slot = 40 + 3 * number
    data = AttestationData(
        slot=slot,
        index=index,
        beacon_block_root=word(f"early head {number}"),
        source=Checkpoint(epoch=slot // 8 - 1, root=word(f"early source {number}")),
        target=Checkpoint(epoch=slot // 8, root=word(f"early target {number}")),
    )
    message = signing_root(data.hash_tree_root(), 1, version_at(slot))
    common = dict(data=data, signature=sign(message, sum(v + 1 for v in attesting)))
    by_bits = EarlyAttestation(aggregation_bits=bits, **common)
    indexed = IndexedAttestation(attesting_indices=attesting, **common)
    return {
        "committees": committees,
        "attesting": attesting,
        "signing_root": "0x" + message.hex(),
        "attestation": "0x" + by_bits.encode_bytes().hex(),
        "indexed": "0x" + indexed.encode_bytes().hex(),
    }


def attestations():
    return {
        # Validator n has the secret n + 1.
        "keys": ["0x" + G1_to_pubkey(multiply(G1, v + 1)).hex() for v in range(VALIDATORS)],
        "cases": [attestation(number) for number in range(14)],
        "early": [early_attestation(number) for number in range(6)],
    }


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, made in [("light-client", light_client()), ("attestations", attestations())]:
        (folder / f"{name}.json").write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
