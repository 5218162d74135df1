"""Hyperlane metadata, Wormhole VAAs and BEEFY justifications, signed with eth-keys. Keccak is
PyCryptodome's, packed encodings are eth-abi's, SCALE is py-scale-codec's. Nothing is drawn at
random: values are Keccak of a label.
"""

import json
import sys
from pathlib import Path

from Crypto.Hash import keccak
from eth_abi.packed import encode_packed
from eth_keys import keys
from scalecodec.base import RuntimeConfigurationObject
from scalecodec.type_registry import load_type_registry_preset

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def keccak256(data):
    return keccak.new(digest_bits=256, data=data).digest()


def word(label):
    return keccak256(f"tutti messages {label}".encode())


def number(label, below):
    return int.from_bytes(word(label)[:8], "big") % below


def signer(label):
    return keys.PrivateKey(word(f"secret {label}"))


def address(key):
    return "0x" + key.public_key.to_canonical_address().hex()


def chosen(label, of, count):
    """`count` places of `of`, ascending."""
    return sorted(sorted(range(of), key=lambda place: word(f"{label} {place}"))[:count])


def signature(key, digest, v=0):
    """r, s, v."""
    made = key.sign_msg_hash(digest)
    return made.r.to_bytes(32, "big") + made.s.to_bytes(32, "big") + bytes([made.v + v])


def upper(made):
    """The same key's other signature."""
    s = ORDER - int.from_bytes(made[32:64], "big")
    return made[:32] + s.to_bytes(32, "big") + bytes([made[64] ^ 1])


def branch_root(leaf, branch, index):
    node = leaf
    for depth, sibling in enumerate(branch):
        node = keccak256(sibling + node if index >> depth & 1 else node + sibling)
    return node


def checkpoint_digest(origin, hook, root, index, message_id):
    domain = keccak256(encode_packed(["uint32", "bytes32", "string"], [origin, hook, "HYPERLANE"]))
    inner = keccak256(
        encode_packed(["bytes32", "bytes32", "uint32", "bytes32"], [domain, root, index, message_id])
    )
    return keccak256(b"\x19Ethereum Signed Message:\n32" + inner)


def hyperlane(n):
    validators = 1 + number(f"hyperlane validators {n}", 12)
    threshold = 1 + number(f"hyperlane threshold {n}", validators)
    signers = [signer(f"hyperlane {n} {v}") for v in range(validators)]
    origin = number(f"hyperlane origin {n}", 2**32)
    message = encode_packed(
        ["uint8", "uint32", "uint32", "bytes32", "uint32", "bytes32", "bytes"],
        [3, n, origin, word(f"sender {n}"), 1, word(f"recipient {n}"), word(f"body {n}")[: n % 33]],
    )
    hook, root, index = word(f"hook {n}"), word(f"root {n}"), number(f"index {n}", 2**20)
    message_id = keccak256(message)
    leaf_index = number(f"leaf {n}", index + 1)
    branch = [word(f"branch {n} {depth}") for depth in range(32)]
    seats = chosen(f"hyperlane seats {n}", validators, threshold)

    def signed(digest):
        return b"".join(signature(signers[seat], digest, 27) for seat in seats)

    by_id = checkpoint_digest(origin, hook, root, index, message_id)
    last_id = word(f"last message {n}")
    by_root = checkpoint_digest(origin, hook, branch_root(message_id, branch, leaf_index), index, last_id)
    return {
        "validators": [address(key) for key in signers],
        "threshold": threshold,
        "seats": seats,
        "message": "0x" + message.hex(),
        "message_id_digest": "0x" + by_id.hex(),
        "message_id_metadata": "0x" + (hook + root + index.to_bytes(4, "big") + signed(by_id)).hex(),
        "merkle_root_digest": "0x" + by_root.hex(),
        "merkle_root_metadata": "0x"
        + (
            hook
            + leaf_index.to_bytes(4, "big")
            + last_id
            + b"".join(branch)
            + index.to_bytes(4, "big")
            + signed(by_root)
        ).hex(),
    }


def wormhole(n):
    guardians = 1 + number(f"guardians {n}", 25) if n else 19
    quorum = guardians * 2 // 3 + 1
    count = quorum + number(f"wormhole more {n}", guardians - quorum + 1)
    signers = [signer(f"guardian {n} {g}") for g in range(guardians)]
    body = encode_packed(
        ["uint32", "uint32", "uint16", "bytes32", "uint64", "uint8", "bytes"],
        [
            number(f"timestamp {n}", 2**32),
            number(f"nonce {n}", 2**32),
            number(f"emitter chain {n}", 2**16),
            word(f"emitter {n}"),
            number(f"sequence {n}", 2**63),
            number(f"consistency {n}", 256),
            word(f"payload {n}") * (n % 5),
        ],
    )
    digest = keccak256(keccak256(body))
    seats = chosen(f"wormhole seats {n}", guardians, count)
    signatures = [signature(signers[seat], digest) for seat in seats]
    # The contracts take either s.
    signatures = [upper(s) if n % 3 == 0 and place % 2 else s for place, s in enumerate(signatures)]
    listed = b"".join(bytes([seat]) + made for seat, made in zip(seats, signatures))
    guardian_set = number(f"guardian set {n}", 2**32)
    vaa = encode_packed(["uint8", "uint32", "uint8", "bytes"], [1, guardian_set, count, listed]) + body
    return {
        "guardians": [address(key) for key in signers],
        "guardian_set": guardian_set,
        "seats": seats,
        "digest": "0x" + digest.hex(),
        "vaa": "0x" + vaa.hex(),
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
            },
            "Signatures": {
                "type": "struct",
                "type_mapping": [
                    ["signatures_from", "Bytes"],
                    ["validator_set_len", "u32"],
                    ["signatures_compact", "Vec<[u8; 65]>"],
                ],
            },
        }
    }
)


def scale(kind, value):
    return bytes(SCALE.create_scale_object(kind).encode(value).data)


def beefy(n):
    authorities = [1, 4, 7, 8, 16, 33, 90][n % 7] + n // 7
    threshold = authorities - (authorities - 1) // 3
    count = threshold + number(f"beefy more {n}", authorities - threshold + 1)
    signers = [signer(f"authority {n} {a}") for a in range(authorities)]
    validator_set = number(f"validator set {n}", 2**40)
    commitment = scale(
        "Commitment",
        {
            "payload": [("0x6d68", "0x" + word(f"mmr {n}").hex())],
            "block_number": number(f"block {n}", 2**32),
            "validator_set_id": validator_set,
        },
    )
    digest = keccak256(commitment)
    seats = chosen(f"beefy seats {n}", authorities, count)
    # A bit for each authority and at least one more, the highest bit of a byte first.
    bits = [1 if seat in seats else 0 for seat in range(authorities)]
    bits += [0] * (8 - authorities % 8)
    packed = bytes(int("".join(map(str, bits[at : at + 8])), 2) for at in range(0, len(bits), 8))
    rest = scale(
        "Signatures",
        {
            "signatures_from": "0x" + packed.hex(),
            "validator_set_len": authorities,
            "signatures_compact": ["0x" + signature(signers[s], digest).hex() for s in seats],
        },
    )
    return {
        "authorities": [address(key) for key in signers],
        "validator_set": validator_set,
        "seats": seats,
        "digest": "0x" + digest.hex(),
        "justification": "0x" + (b"\x01" + commitment + rest).hex(),
    }


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for make, count in [(hyperlane, 40), (wormhole, 40), (beefy, 14)]:
        cases = [make(n) for n in range(count)]
        (folder / f"{make.__name__}.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
