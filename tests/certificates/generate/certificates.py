"""Random certificates, good and broken, and what the contracts make of each.

Nothing here knows Tutti. Curve arithmetic is py_ecc's, ABI encodings are eth-abi's, keccak is
pycryptodome's. What a contract would do is written down below from the contracts' own rules.
Pairings are decided by the discrete logarithms that the generator knows; for some cases of every
kind py_ecc's pairing is asked too and must agree.

A case says how to build a certificate and gives hashes of what must come out: of the call's data,
of the two points of the first group that the tied product check pairs, of the signed digest. So
thousands of cases stay small.
"""
import hashlib
import json
import pathlib

from eth_abi import encode
from eth_abi.packed import encode_packed
from eth_hash.auto import keccak
from py_ecc.optimized_bn128 import (
    FQ, FQ12, G1, G2, add, b, b2, curve_order, field_modulus, multiply, neg, normalize, pairing,
)

VECTORS = pathlib.Path(__file__).resolve().parent.parent / "vectors"
G1_T, G2_T = "(uint256,uint256)", "(uint256[2],uint256[2])"
PARAMS_T = f"(uint32[],{G1_T}[],{G1_T}[],{G2_T},{G1_T},uint32[],uint32[],uint32[][])"
INFO_T = f"({G1_T},uint256[])"
CERTIFICATE_T = f"(uint32,bytes32,{G1_T},{G2_T},(uint32,bytes,{INFO_T})[])"


def number(label, below):
    """The same number for the same label, for ever: nothing here is drawn at random."""
    digest = hashlib.sha512(f"tutti certificates {label}".encode()).digest()
    return int.from_bytes(digest, "big") % below


def secret(label):
    return 1 + number(f"secret {label}", curve_order - 1)


def words32(label):
    return hashlib.sha256(f"tutti certificates {label}".encode()).digest()


# --- points -------------------------------------------------------------------------------

def g1(scalar):
    return multiply(G1, scalar % curve_order)


def g2(scalar):
    return multiply(G2, scalar % curve_order)


def xy(point):
    if point[2] == FQ(0):
        return (0, 0)
    x, y = normalize(point)
    return (int(x), int(y))


def xy2(point):
    """EIP-197: imaginary parts first."""
    x, y = normalize(point)
    return ((int(x.coeffs[1]), int(x.coeffs[0])), (int(y.coeffs[1]), int(y.coeffs[0])))


def hash_to_g1(digest):
    x = int.from_bytes(digest, "big") % field_modulus
    while True:
        beta = (pow(x, 3, field_modulus) + 3) % field_modulus
        y = pow(beta, (field_modulus + 1) // 4, field_modulus)
        if y * y % field_modulus == beta:
            return (FQ(x), FQ(y), FQ(1))
        x = (x + 1) % field_modulus


def operator_id(point):
    return keccak(encode([G1_T], [xy(point)]))


def eigen_challenge(digest, apk, apk_g2, sigma):
    packed = encode_packed(
        ["bytes32"] + ["uint256"] * 8,
        [digest, *apk, *apk_g2[0], *apk_g2[1], *sigma],
    )
    return int.from_bytes(keccak(packed), "big") % curve_order


def symbiotic_challenge(digest, apk, apk_g2, sigma):
    packed = encode_packed(
        ["uint256"] * 10,
        [*sigma, *apk, *apk_g2[0], *apk_g2[1], *xy(hash_to_g1(digest))],
    )
    return int.from_bytes(keccak(packed), "big") % curve_order


class Signed:
    """A signature and an aggregate key by their logarithms: the signature is that of `signing` on
    `over`, the key that of `key`. The verifier takes the message to be `digest`."""

    def __init__(self, signing, key, over, digest, challenge):
        self.signing, self.key, self.over, self.digest = signing, key, over, digest
        self.challenge = challenge
        self.sigma = multiply(hash_to_g1(over), signing % curve_order)
        self.apk_g2 = g2(key)

    def points(self, apk_log):
        apk = g1(apk_log)
        c = self.challenge(self.digest, xy(apk), xy2(self.apk_g2), xy(self.sigma))
        return add(self.sigma, multiply(apk, c)), add(hash_to_g1(self.digest), g1(c))

    def holds(self, apk_log):
        """By logarithms. Digests whose points are equal are one message to the curve."""
        one_point = xy(hash_to_g1(self.over)) == xy(hash_to_g1(self.digest))
        same = lambda a, b: (a - b) % curve_order == 0
        return one_point and same(self.signing, self.key) and same(self.key, apk_log)

    def pairs(self, apk_log):
        """By pairings."""
        left, right = self.points(apk_log)
        product = pairing(neg(G2), left) * pairing(self.apk_g2, right)
        return product == FQ12.one()

    def tied(self, apk_log):
        return keccak(encode(["uint256"] * 4, [n for p in self.points(apk_log) for n in xy(p)]))


PAIRED = {"asked": 0}


def decide(signed, apk_log, ask):
    holds = signed.holds(apk_log)
    if ask:
        assert signed.pairs(apk_log) == holds
        PAIRED["asked"] += 1
    return holds


def share(total, n, d, rule):
    floor, rest = divmod(total * n, d)
    return {"floor": floor, "exact": floor + (rest > 0), "strict": floor + 1}[rule]


# --- EigenLayer's non-signer certificates ----------------------------------------------------

def registry(index):
    """Operators by secret, with stakes in up to four quorums."""
    quorums = [[0], [0, 1], [0, 1, 2], [1, 3, 7], [0, 2, 5, 190]][index % 5]
    operators = []
    for i in range(2 + number(f"registry {index} size", 7)):
        label = f"registry {index} operator {i}"
        stakes = {
            q: number(f"{label} stake {q}", 10**24)
            for q in quorums
            if i == 0 or number(f"{label} in {q}", 3) > 0
        }
        if not stakes:
            stakes = {quorums[0]: 1}
        operators.append({"secret": secret(label), "stakes": stakes})
    return {"quorums": quorums, "operators": operators}


BREAKS = [
    "none", "none", "none", "other signature", "other key", "other key and signature",
    "swapped non-signers", "repeated non-signer", "missing non-signer", "signer among non-signers",
    "stranger", "swapped quorum keys", "other quorum key", "descending quorums",
    "repeated quorum", "unknown quorum", "neighbouring digest", "once each", "no quorums",
]


def non_signer_case(registries, n):
    index = number(f"case {n} registry", len(registries))
    reg = registries[index]
    ops = reg["operators"]
    quorums = [q for q in reg["quorums"] if number(f"case {n} quorum {q}", 3) > 0] or reg["quorums"][:1]
    absent = [i for i in range(len(ops)) if number(f"case {n} absent {i}", 4) == 0]
    kind = BREAKS[number(f"case {n} break", len(BREAKS))]
    digest = over = words32(f"case {n}")
    times = lambda i: sum(q in ops[i]["stakes"] for q in quorums)
    present = [i for i in range(len(ops)) if i not in absent and times(i)]
    signing = sum(ops[i]["secret"] * times(i) for i in present) % curve_order
    if signing == 0:
        return None
    key = signing
    ids = {i: operator_id(g1(ops[i]["secret"])) for i in range(len(ops))}
    away = sorted(absent, key=lambda i: ids[i])
    listed = [(ids[i], ops[i]["secret"]) for i in away]
    named = list(quorums)
    apks = [sum(o["secret"] for o in ops if q in o["stakes"]) % curve_order for q in quorums]
    other = secret(f"case {n} other")

    if kind in ("other signature", "other key and signature"):
        signing = other
    if kind in ("other key", "other key and signature"):
        key = other
    if kind == "once each":
        signing = key = sum(ops[i]["secret"] for i in present) % curve_order
    if kind == "neighbouring digest":
        over = digest
        digest = ((int.from_bytes(digest, "big") + 1) % 2**256).to_bytes(32, "big")
    if kind == "swapped non-signers" and len(listed) > 1:
        listed[0], listed[1] = listed[1], listed[0]
    if kind == "repeated non-signer" and listed:
        listed.insert(0, listed[0])
    if kind == "missing non-signer" and listed:
        listed.pop()
    if kind == "signer among non-signers" and present:
        i = present[0]
        listed = sorted(listed + [(ids[i], ops[i]["secret"])])
    if kind == "stranger":
        listed = sorted(listed + [(operator_id(g1(other)), other)])
    if kind == "swapped quorum keys" and len(apks) > 1:
        apks[0], apks[1] = apks[1], apks[0]
    if kind == "other quorum key":
        apks[-1] = other
    if kind == "descending quorums":
        named, apks = named[::-1], apks[::-1]
    if kind == "repeated quorum":
        named, apks = named + named[-1:], apks + apks[-1:]
    if kind == "unknown quorum":
        named = named[:-1] + [191]
    if kind == "no quorums":
        named, apks = [], []

    signed = Signed(signing, key, over, digest, eigen_challenge)
    n_d = (1 + number(f"case {n} share", 100), 100)
    rule = ["floor", "exact", "strict"][number(f"case {n} rule", 3)]
    if rule == "strict" and n_d == (100, 100):
        rule = "exact"
    params = (
        [0] * len(listed), [xy(g1(s)) for _, s in listed], [xy(g1(a)) for a in apks],
        xy2(signed.apk_g2), xy(signed.sigma), [0] * len(named), [0] * len(named),
        [[0] * len(listed) for _ in named],
    )
    call = keccak(b"checkSignatures(bytes32,bytes,uint32," + PARAMS_T.encode() + b")")[:4]
    call += encode(["bytes32", "bytes", "uint32", PARAMS_T], [digest, bytes(named), 1000, params])
    failing, tied = check_signatures(reg, ids, named, listed, apks, signed, n_d, rule, n % 40 == 0)
    record = keccak(encode_packed(["uint32"] + ["bytes32"] * len(listed), [1000] + [i for i, _ in listed]))
    return {
        "set": index, "quorums": named, "non_signers": [hex(s) for _, s in listed],
        "apks": [hex(a) for a in apks], "signing": hex(signing), "key": hex(key),
        "over": over.hex(), "digest": digest.hex(), "share": [*n_d, rule], "broken": kind,
        "call": keccak(call).hex(), "record": record.hex(), "tied": tied, "failing": failing,
    }


def check_signatures(reg, ids, named, listed, apks, signed, n_d, rule, ask):
    """All that the contract and a caller with a threshold would refuse, and the tied product."""
    ops, by_id = reg["operators"], {ids[i]: i for i in ids}
    failing = []
    if not named:
        failing.append("NoQuorums")
    if any(a >= b for a, b in zip(named, named[1:])):
        failing.append("QuorumsUnordered")
    if any(q not in reg["quorums"] for q in named):
        failing.append("UnknownQuorum")
    if any(a[0] >= b[0] for a, b in zip(listed, listed[1:])):
        failing.append("NonSignersUnordered")
    if any(i not in by_id for i, _ in listed):
        failing.append("NonSignerUnknown")
    if failing:
        return failing, None
    for q, apk in zip(named, apks):
        if apk != sum(o["secret"] for o in ops if q in o["stakes"]) % curve_order:
            failing.append("OtherQuorumApk")
    true_apks = [sum(o["secret"] for o in ops if q in o["stakes"]) for q in named]
    absent = [by_id[i] for i, _ in listed]
    apk = sum(true_apks) - sum(ops[i]["secret"] * sum(q in ops[i]["stakes"] for q in named) for i in absent)
    apk %= curve_order
    for q in named:
        total = sum(o["stakes"].get(q, 0) for o in ops)
        stake = total - sum(ops[i]["stakes"].get(q, 0) for i in absent)
        if stake == 0:
            failing.append("NoSignedWeight")
        if stake < share(total, *n_d, rule):
            failing.append("ThresholdNotMet")
    if apk == 0:
        return failing + ["AggregateKeyInfinity"], None
    if not decide(signed, apk, ask):
        failing.append("SignatureInvalid")
    return failing, signed.tied(apk).hex()


# --- EigenLayer's multichain certificates ----------------------------------------------------

def merkle_layers(leaves):
    layer = list(leaves)
    while len(layer) & (len(layer) - 1) or not layer:
        layer.append(b"\0" * 32)
    layers = [layer]
    while len(layer) > 1:
        layer = [keccak(layer[i] + layer[i + 1]) for i in range(0, len(layer), 2)]
        layers.append(layer)
    return layers


def merkle_proof(layers, index):
    out = b""
    for layer in layers[:-1]:
        out += layer[index ^ 1]
        index //= 2
    return out


def table(index):
    columns = 1 + number(f"table {index} columns", 3)
    operators = [
        {
            "secret": secret(f"table {index} operator {i}"),
            "weights": [number(f"table {index} operator {i} weight {c}", 2**96) for c in range(columns)],
        }
        for i in range(1 + number(f"table {index} size", 9))
    ]
    infos = [(xy(g1(o["secret"])), o["weights"]) for o in operators]
    leaves = [keccak(b"\x75" + encode([INFO_T], [info])) for info in infos]
    return {"operators": operators, "infos": infos, "layers": merkle_layers(leaves), "columns": columns}


TABLE_BREAKS = [
    "none", "none", "none", "other signature", "other key", "other key and signature",
    "swapped witnesses", "repeated witness", "index past the end", "another's index",
    "flipped proof", "shorter proof", "longer proof", "lighter weights", "other witness key",
    "missing witness",
]


def multichain_case(tables, n):
    index = number(f"multichain {n} table", len(tables))
    tab = tables[index]
    ops, layers = tab["operators"], tab["layers"]
    absent = [i for i in range(len(ops)) if number(f"multichain {n} absent {i}", 4) == 0]
    kind = TABLE_BREAKS[number(f"multichain {n} break", len(TABLE_BREAKS))]
    signing = sum(o["secret"] for i, o in enumerate(ops) if i not in absent) % curve_order
    if signing == 0:
        return None
    key, other = signing, secret(f"multichain {n} other")
    message = words32(f"multichain {n}")
    timestamp = 1_700_000_000
    digest = keccak(encode(
        ["bytes32", "uint32", "bytes32"],
        [keccak(b"BN254Certificate(uint32 referenceTimestamp,bytes32 messageHash)"), timestamp, message],
    ))
    witnesses = [
        {"index": i, "proof": merkle_proof(layers, i), "secret": ops[i]["secret"], "weights": list(ops[i]["weights"])}
        for i in absent
    ]
    if kind in ("other signature", "other key and signature"):
        signing = other
    if kind in ("other key", "other key and signature"):
        key = other
    if kind == "swapped witnesses" and len(witnesses) > 1:
        witnesses[0], witnesses[1] = witnesses[1], witnesses[0]
    if kind == "repeated witness" and witnesses:
        witnesses.insert(0, dict(witnesses[0]))
    if kind == "missing witness" and witnesses:
        witnesses.pop()
    if witnesses:
        last = witnesses[-1]
        if kind == "index past the end":
            last["index"] = len(ops)
        if kind == "another's index":
            last["index"] = (last["index"] + 1) % len(ops)
        if kind == "flipped proof" and last["proof"]:
            last["proof"] = bytes([last["proof"][0] ^ 1]) + last["proof"][1:]
        if kind == "shorter proof" and last["proof"]:
            last["proof"] = last["proof"][:-32]
        if kind == "longer proof":
            last["proof"] += b"\1" * 32
        if kind == "lighter weights":
            last["weights"][0] ^= 1
        if kind == "other witness key":
            last["secret"] = other
    signed = Signed(signing, key, digest, digest, eigen_challenge)
    encoded = encode([CERTIFICATE_T], [(
        timestamp, message, xy(signed.sigma), xy2(signed.apk_g2),
        [(w["index"], w["proof"], (xy(g1(w["secret"])), w["weights"])) for w in witnesses],
    )])
    bps = number(f"multichain {n} bps", 10_001) or 1
    failing, tied = verify_certificate(tab, witnesses, signed, bps, n % 40 == 0)
    return {
        "set": index, "message": message.hex(), "digest": digest.hex(), "bps": bps,
        "signing": hex(signing), "key": hex(key), "broken": kind,
        "witnesses": [
            [w["index"], hex(w["secret"]), [hex(x) for x in w["weights"]], w["proof"].hex()] for w in witnesses
        ],
        "call": keccak(encoded).hex(), "tied": tied, "failing": failing,
    }


def verify_certificate(tab, witnesses, signed, bps, ask):
    ops, failing = tab["operators"], []
    indices = [w["index"] for w in witnesses]
    if any(a >= b for a, b in zip(indices, indices[1:])):
        failing.append("NonSignersUnordered")
    if any(i >= len(ops) for i in indices):
        failing.append("IndexOutOfRange")
    root = tab["layers"][-1][0]
    for w in witnesses:
        info = (xy(g1(w["secret"])), w["weights"])
        node, position = keccak(b"\x75" + encode([INFO_T], [info])), w["index"]
        for at in range(0, len(w["proof"]), 32):
            sibling = w["proof"][at : at + 32]
            node = keccak(node + sibling if position % 2 == 0 else sibling + node)
            position //= 2
        if node != root or (w["proof"] and position):
            failing.append("WitnessInvalid")
    if failing:
        return failing, None
    apk = (sum(o["secret"] for o in ops) - sum(w["secret"] for w in witnesses)) % curve_order
    for c in range(tab["columns"]):
        total = sum(o["weights"][c] for o in ops)
        stake = total - sum(w["weights"][c] for w in witnesses)
        if stake == 0:
            failing.append("NoSignedWeight")
        if stake < share(total, bps, 10_000, "floor"):
            failing.append("ThresholdNotMet")
    if apk == 0:
        return failing + ["AggregateKeyInfinity"], None
    if not decide(signed, apk, ask):
        failing.append("SignatureInvalid")
    return failing, signed.tied(apk).hex()


# --- Symbiotic's simple proofs ---------------------------------------------------------------

def compressed(point):
    x, y = xy(point)
    beta = (pow(x, 3, field_modulus) + 3) % field_modulus
    derived = pow(beta, (field_modulus + 1) // 4, field_modulus)
    return (x << 1) | (0 if derived == y else 1)


SIMPLE_BREAKS = [
    "none", "none", "other signature", "other key", "other key and signature", "swapped non-signers",
    "repeated non-signer", "missing non-signer", "index past the end",
]


def validators(index):
    return [
        {"secret": secret(f"validators {index} {i}"), "power": number(f"validators {index} power {i}", 2**128)}
        for i in range(1 + number(f"validators {index} size", 10))
    ]


def symbiotic_case(sets, n):
    index = number(f"symbiotic {n} set", len(sets))
    vals = sets[index]
    absent = [i for i in range(len(vals)) if number(f"symbiotic {n} absent {i}", 4) == 0]
    kind = SIMPLE_BREAKS[number(f"symbiotic {n} break", len(SIMPLE_BREAKS))]
    signing = sum(v["secret"] for i, v in enumerate(vals) if i not in absent) % curve_order
    if signing == 0:
        return None
    key, other, digest = signing, secret(f"symbiotic {n} other"), words32(f"symbiotic {n}")
    listed = list(absent)
    if kind in ("other signature", "other key and signature"):
        signing = other
    if kind in ("other key", "other key and signature"):
        key = other
    if kind == "swapped non-signers" and len(listed) > 1:
        listed[0], listed[1] = listed[1], listed[0]
    if kind == "repeated non-signer" and listed:
        listed.insert(0, listed[0])
    if kind == "missing non-signer" and listed:
        listed.pop()
    if kind == "index past the end":
        listed.append(len(vals))
    signed = Signed(signing, key, digest, digest, symbiotic_challenge)
    data = encode_packed(["uint256"], [len(vals)])
    for v in vals:
        data += encode_packed(["uint256", "uint256"], [compressed(g1(v["secret"])), v["power"]])
    proof = encode([G1_T, G2_T], [xy(signed.sigma), xy2(signed.apk_g2)]) + data
    proof += b"".join(i.to_bytes(2, "big") for i in listed)
    total = sum(v["power"] for v in vals)
    threshold = 1 + number(f"symbiotic {n} threshold", total)
    failing, tied = [], None
    if any(a >= b for a, b in zip(listed, listed[1:])):
        failing.append("NonSignersUnordered")
    if any(i >= len(vals) for i in listed):
        failing.append("IndexOutOfRange")
    if not failing:
        if threshold > total - sum(vals[i]["power"] for i in listed):
            failing.append("ThresholdNotMet")
        apk = sum(v["secret"] for i, v in enumerate(vals) if i not in listed) % curve_order
        if apk == 0:
            failing.append("AggregateKeyInfinity")
        else:
            if not decide(signed, apk, n % 40 == 0):
                failing.append("SignatureInvalid")
            tied = signed.tied(apk).hex()
    return {
        "set": index, "digest": digest.hex(), "signing": hex(signing), "key": hex(key), "broken": kind,
        "non_signers": listed, "threshold": hex(threshold), "call": keccak(proof).hex(),
        "validators": keccak(data).hex(), "tied": tied, "failing": failing,
    }


def write(name, sets, cases):
    """One line for each case, so that differences can be read."""
    lines = [json.dumps(case, separators=(",", ":")) for case in cases]
    sets = [json.dumps(one, separators=(",", ":")) for one in sets]
    text = '{"sets":[\n' + ",\n".join(sets) + '\n],\n"cases":[\n' + ",\n".join(lines) + "\n]}\n"
    (VECTORS / name).write_text(text)
    good = sum(not case["failing"] for case in cases)
    print(f"{name}: {len(cases)} cases, {good} good, {len(text) >> 10} KiB")


def main():
    VECTORS.mkdir(exist_ok=True)
    registries = [registry(i) for i in range(40)]
    cases = [case for n in range(1500) if (case := non_signer_case(registries, n))]
    sets = [
        {"operators": [[hex(o["secret"]), [[q, hex(w)] for q, w in o["stakes"].items()]] for o in r["operators"]]}
        for r in registries
    ]
    write("non-signer.json", sets, cases)
    tables = [table(i) for i in range(40)]
    cases = [case for n in range(1000) if (case := multichain_case(tables, n))]
    sets = [
        {
            "operators": [[hex(o["secret"]), [hex(w) for w in o["weights"]]] for o in t["operators"]],
            "root": t["layers"][-1][0].hex(),
        }
        for t in tables
    ]
    write("multichain.json", sets, cases)
    groups = [validators(i) for i in range(30)]
    cases = [case for n in range(600) if (case := symbiotic_case(groups, n))]
    sets = [{"validators": [[hex(v["secret"]), hex(v["power"])] for v in g]} for g in groups]
    write("symbiotic.json", sets, cases)
    print(f"{PAIRED['asked']} answers were also computed by pairings")


if __name__ == "__main__":
    main()
