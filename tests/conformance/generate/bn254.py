"""vectors/bn254, the BN254 suites of vectors/rfc9380 and the EIP-196/197 files of vectors/eip2537.

Try-and-increment and RFC 9380's section 6.6.1 are written out here in plain integers; group law and pairing are
py_ecc's. RFC 9380 has no BN254 suite: what is made here agrees with the vectors that gnark-crypto publishes for its
own (GNARK below, one for each suite), which is what the tag and the cofactor clearing follow.
"""
import hashlib

from eth_hash.auto import keccak
from py_ecc.fields import optimized_bn128_FQ as FQ
from py_ecc.fields import optimized_bn128_FQ2 as FQ2
from py_ecc.fields import optimized_bn128_FQ12 as FQ12
from py_ecc.optimized_bn128 import (
    G1, G2, Z1, Z2, add, b, b2, curve_order as R, field_modulus as P, is_inf, is_on_curve, multiply, neg, normalize, pairing,
)

from corpus import Suite, hexed, number, octets, write

X = 4965661367192848881
assert R == 36 * X**4 + 36 * X**3 + 18 * X**2 + 6 * X + 1
H2 = 2 * P - R
SMALL = 10069
assert H2 % SMALL == 0 and H2 // SMALL % SMALL != 0

# -- points as bytes ---------------------------------------------------------------------------------------------------


def affine1(point):
    x, y = normalize(point)
    return int(x), int(y)


def affine2(point):
    x, y = normalize(point)
    return tuple(int(c) for c in x.coeffs), tuple(int(c) for c in y.coeffs)


def be(*numbers):
    return b"".join(n.to_bytes(32, "big") for n in numbers)


def eip1(point):
    return bytes(64) if is_inf(point) else be(*affine1(point))


def eip2(point):
    """EIP-197: imaginary part first."""
    if is_inf(point):
        return bytes(128)
    (x0, x1), (y0, y1) = affine2(point)
    return be(x1, x0, y1, y0)


def sdk2(point):
    """eigensdk-go: real part first."""
    (x0, x1), (y0, y1) = affine2(point)
    return be(x0, x1, y0, y1)


def is_larger(coordinate):
    """Whether y is above -y, compared as arkworks and gnark do: imaginary part first."""
    top = next((c for c in reversed(coordinate) if c), 0)
    return top > (P - 1) // 2


def ark(coordinates):
    """arkworks uncompressed: little endian; in the last byte 0x80 for the larger y."""
    x, y = coordinates
    out = bytearray(b"".join(n.to_bytes(32, "little") for n in (*x, *y)))
    out[-1] |= 0x80 if is_larger(y) else 0
    return bytes(out)


def gnark(coordinates):
    """gnark compressed: big endian, imaginary part first; 0x80 for the smaller y, 0xc0 for the larger."""
    x, y = coordinates
    out = bytearray(be(*reversed(x)))
    out[0] |= 0xC0 if is_larger(y) else 0x80
    return bytes(out)


def tuples1(point):
    x, y = affine1(point)
    return (x,), (y,)


ENCODINGS = {
    "eip197": (eip1, eip2),
    "eigensdk": (eip1, sdk2),
    "ark-uncompressed": (lambda p: ark(tuples1(p)), lambda p: ark(affine2(p))),
    "gnark-compressed": (lambda p: gnark(tuples1(p)), lambda p: gnark(affine2(p))),
}

# -- hashes ------------------------------------------------------------------------------------------------------------


def try_and_increment(digest):
    x = int.from_bytes(digest, "big") % P
    while True:
        square = (x**3 + 3) % P
        y = pow(square, (P + 1) // 4, P)
        if y * y % P == square:
            return FQ(x), FQ(y), FQ(1)
        x = (x + 1) % P


def expand_message_xmd(message, dst, length):
    """RFC 9380 section 5.3.1."""
    sha = lambda *parts: hashlib.sha256(b"".join(parts)).digest()
    assert 1 <= len(dst) <= 255 and length <= 255 * 32
    dst_prime = dst + bytes([len(dst)])
    b0 = sha(bytes(64), message, length.to_bytes(2, "big"), b"\x00", dst_prime)
    blocks = [sha(b0, b"\x01", dst_prime)]
    for i in range(2, (length + 31) // 32 + 1):
        mixed = bytes(x ^ y for x, y in zip(b0, blocks[-1]))
        blocks.append(sha(mixed, bytes([i]), dst_prime))
    return b"".join(blocks)[:length]


def hash_to_field(message, dst, count, degree):
    """Section 5.2; L = ceil((254 + 128) / 8) = 48."""
    uniform = expand_message_xmd(message, dst, count * degree * 48)
    numbers = [int.from_bytes(uniform[i : i + 48], "big") % P for i in range(0, len(uniform), 48)]
    return [tuple(numbers[i : i + degree]) for i in range(0, len(numbers), degree)]


def sgn0(parts):
    """Section 4.1: the parity of the first part that is not zero."""
    return next((c & 1 for c in parts if c), 0)


class Field:
    """What the map asks of a field, on top of py_ecc's elements."""

    def __init__(self, make, parts, curve_b, order):
        self.make, self.parts, self.b, self.order = make, parts, curve_b, order

    def is_square(self, a):
        return a ** ((self.order - 1) // 2) != self.make(tuple([P - 1] + [0] * 1)[: self.degree])

    def inv0(self, a):
        return a ** (self.order - 2)


class Fp(Field):
    degree = 1

    def __init__(self):
        super().__init__(lambda parts: FQ(parts[0]), lambda a: (int(a.n),), b, P)

    def sqrt(self, a):
        root = a ** ((P + 1) // 4)
        assert root * root == a
        return root


class Fp2(Field):
    degree = 2

    def __init__(self):
        super().__init__(lambda parts: FQ2(list(parts)), lambda a: tuple(int(c) for c in a.coeffs), b2, P * P)

    def sqrt(self, a):
        """By the norm: no formula that another implementation would share."""
        a0, a1 = self.parts(a)
        if a1 == 0:
            root = pow(a0, (P + 1) // 4, P)
            found = FQ2([root, 0]) if root * root % P == a0 else FQ2([0, pow(-a0 % P, (P + 1) // 4, P)])
        else:
            norm = pow(a0 * a0 + a1 * a1, (P + 1) // 4, P)
            half = pow(2, P - 2, P)
            real = (a0 + norm) * half % P
            if pow(real, (P - 1) // 2, P) != 1:
                real = (a0 - norm) * half % P
            x0 = pow(real, (P + 1) // 4, P)
            found = FQ2([x0, a1 * pow(2 * x0, P - 2, P) % P])
        assert found * found == a
        return found


def svdw(field, u):
    """Section 6.6.1 as its text has it, Z = 1, A = 0."""
    one = field.make((1, 0)[: field.degree])
    z = one
    g = lambda x: x * x * x + field.b
    c1 = g(z)
    c2 = -z * field.inv0(one + one)
    c3 = field.sqrt(-c1 * (z * z * 3))
    if sgn0(field.parts(c3)) == 1:
        c3 = -c3
    c4 = -(c1 * 4) * field.inv0(z * z * 3)
    tv1 = u * u * c1
    tv2 = one + tv1
    tv1 = one - tv1
    tv3 = field.inv0(tv1 * tv2)
    tv4 = u * tv1 * tv3 * c3
    x1, x2 = c2 - tv4, c2 + tv4
    x3 = tv2 * tv2 * tv3
    x3 = x3 * x3 * c4 + z
    x = next(x for x in (x1, x2, x3) if field.is_square(g(x)))
    y = field.sqrt(g(x))
    if sgn0(field.parts(u)) != sgn0(field.parts(y)):
        y = -y
    return x, y, one


FP, FP2 = Fp(), Fp2()
XI = FQ2([9, 1])
GAMMA_X, GAMMA_Y = XI ** ((P - 1) // 3), XI ** ((P - 1) // 2)


def conjugate(a):
    a0, a1 = FP2.parts(a)
    return FQ2([a0, -a1 % P])


def psi(point):
    x, y = normalize(point)
    return conjugate(x) * GAMMA_X, conjugate(y) * GAMMA_Y, FQ2.one()


def clear_cofactor(point):
    """Fuentes-Castañeda, Knapp, Rodríguez-Henríquez: xQ + psi(3xQ) + psi^2(xQ) + psi^3(Q)."""
    if is_inf(point):
        return point
    xq = multiply(point, X)
    parts = [xq, psi(multiply(xq, 3)), psi(psi(xq)), psi(psi(psi(point)))]
    total = parts[0]
    for part in parts[1:]:
        total = add(total, part)
    assert is_inf(multiply(total, R))
    return total


def map_to_g1(u):
    return svdw(FP, FP.make(u))


def map_to_g2(u):
    return clear_cofactor(svdw(FP2, FP2.make(u)))


def rfc_hash(group, variant, message, dst):
    degree, map_to = (1, map_to_g1) if group == "G1" else (2, map_to_g2)
    us = hash_to_field(message, dst, 2 if variant == "RO" else 1, degree)
    points = [map_to(u) for u in us]
    # Clearing is a homomorphism, so clearing each and adding is adding and clearing.
    return us, (points[0] if variant == "NU" else add(points[0], points[1]))


# gnark-crypto's own figures (commit f56d6368; before it the G2 map was another): x of the point of "abc" under the
# suite's QUUX tag, for G2 the real part and then the imaginary one.
GNARK = {
    ("G1", "NU"): (0x0DA4A96147DF1F35B0F820BD35C6FAC3B80E8E320DE7C536B1E054667B22C332,),
    ("G1", "RO"): (0x23F717BEE89B1003957139F193E6BE7DA1DF5F1374B26A4643B0378B5BAF53D1,),
    ("G2", "NU"): (
        0x101E2F3D9FA22CB435ECB67D5284DC27C247856D6DE4E420E1812E0BCEA5AFD8,
        0x29226A3CA7415A541599274BF9E805050C82D443FD953481B17236325BE3B6B7,
    ),
    ("G2", "RO"): (
        0x16C88B54EEC9AF86A41569608CD0F60AAB43464E52CE7E6E298BF584B94FCCD2,
        0x0B5DB3CA7E8EF5EDF3A33DFC3242357FBCCEAD98099C3EB564B3D9D13CBA4EFD,
    ),
}


def suite_id(group, variant):
    return f"BN254{group}_XMD:SHA-256_SVDW_{variant}_"


def rfc9380():
    texts = ["", "abc", "abcdef0123456789", "q128_" + "q" * 128, "a512_" + "a" * 512]
    for group in ("G1", "G2"):
        for variant in ("RO", "NU"):
            name = suite_id(group, variant)
            coordinates = tuples1 if group == "G1" else affine2
            tags = {"": f"QUUX-V01-CS02-with-{name}", "_own_tag": f"TUTTI-V01-{name}", "_tag_255": "T" * 255}
            for suffix, dst in tags.items():
                vectors = []
                for text in texts:
                    us, point = rfc_hash(group, variant, text.encode(), dst.encode())
                    written = [",".join(f"0x{c:064x}" for c in part) for part in coordinates(point)]
                    if suffix == "" and text == "abc":
                        assert coordinates(point)[0] == GNARK[group, variant]
                    u = [",".join(f"0x{c:064x}" for c in element) for element in us]
                    vectors.append({"msg": text, "P": {"x": written[0], "y": written[1]}, "u": u})
                head = {"ciphersuite": name, "curve": f"BN254 {group}", "dst": dst, "hash": "sha256"}
                head |= {"randomOracle": variant == "RO", "map": {"name": "SVDW"}, "Z": "0x1", "L": "0x30"}
                write(f"rfc9380/{name.replace(':', '_')}{suffix}.json", {**head, "vectors": vectors})


# -- signatures --------------------------------------------------------------------------------------------------------

NEG_G2 = neg(G2)
INF1, INF2 = bytes(64), bytes(128)


def is_one(pairs):
    product = FQ12.one()
    for p, q in pairs:
        product *= pairing(q, p)
    return product == FQ12.one()


class Scheme:
    def __init__(self, name, hashed, dst=None):
        self.suite = Suite(f"bn254/{name}", scheme=name, dst=dst, encoding="eip197")
        self.hashed, self.name = hashed, name

    def secret(self, label):
        return number(f"bn254 key {label}", R)

    def pk(self, label):
        return multiply(G2, self.secret(label))

    def sig(self, label, message):
        return multiply(self.hashed(message), self.secret(label))

    def verify(self, name, key, message, signature, output, encoding="eip197"):
        assert is_one([(self.hashed(message), key), (signature, NEG_G2)]) is output, name
        e1, e2 = ENCODINGS[encoding]
        given = {"pubkey": e2(key), "message": message, "signature": e1(signature)}
        reason = None if output else "does not verify"
        self.suite.case("verify", name, given, output, encoding=encoding, reason=reason)

    def refuse(self, name, key, message, signature, reason, encoding="eip197"):
        given = {"pubkey": key, "message": message, "signature": signature}
        self.suite.case("verify", name, given, False, encoding=encoding, reason=reason)


def total(points):
    out = points[0]
    for point in points[1:]:
        out = add(out, point)
    return out


def outside_g2():
    """A point of the twist outside G2, and one of order 10069."""
    x = 1
    while True:
        at = FQ2([x, 1])
        square = at * at * at + b2
        if FP2.is_square(square):
            point = (at, FP2.sqrt(square), FQ2.one())
            small = multiply(point, R * (H2 // SMALL))
            if not is_inf(small):
                assert is_on_curve(point, b2) and is_inf(multiply(small, SMALL))
                return point, small
        x += 1


OUTSIDE, ORDER_10069 = outside_g2()
D1, D2 = octets("digest 1", 32), octets("digest 2", 32)


def eigen_hashes(scheme):
    digests = {f"small_{n:02}": n.to_bytes(32, "big") for n in (0, 1, 4, 5, 10, 11, 12, 13)}
    digests |= {"p_minus_one": be(P - 1), "p": be(P), "p_plus_4": be(P + 4), "five_p_plus_4": be(5 * P + 4), "all_ones": be(2**256 - 1)}
    digests |= {"counting": bytes(range(1, 33)), "some": D1, "other": D2}
    for name, digest in digests.items():
        scheme.suite.case("hash", name, {"message": digest}, eip1(try_and_increment(digest)))
    for length in (0, 31, 33):
        scheme.suite.case("hash", f"{length}_bytes", {"message": octets("digest", length)}, None, reason="message length")
    # The vector of eigensdk-rs, test_map_to_curve: three increments.
    known = affine1(try_and_increment(bytes(range(1, 33))))
    assert str(known[0]).startswith("4558673563206912115") and str(known[1]).startswith("98021256417298814")
    same = [try_and_increment(n.to_bytes(32, "big")) for n in (4, 5)] + [try_and_increment(be(P + 4))]
    assert len({affine1(point) for point in same}) == 1


def eigen(scheme):
    eigen_hashes(scheme)
    pk, sig, verify, refuse = scheme.pk, scheme.sig, scheme.verify, scheme.refuse
    for encoding in ENCODINGS:
        verify(f"valid_{encoding}", pk("a"), D1, sig("a", D1), True, encoding)
        verify(f"valid_larger_y_{encoding}", neg(pk("b")), D2, neg(sig("b", D2)), True, encoding)
        verify(f"wrong_digest_{encoding}", pk("a"), D2, sig("a", D1), False, encoding)
    verify("wrong_key", pk("b"), D1, sig("a", D1), False)
    verify("negated_signature", pk("a"), D1, neg(sig("a", D1)), False)
    verify("generator_signs_with_one", G2, D1, scheme.hashed(D1), True)
    verify("same_point_digest_plus_one", pk("a"), (5).to_bytes(32, "big"), sig("a", (4).to_bytes(32, "big")), True)
    verify("same_point_digest_plus_p", pk("a"), be(P + 4), sig("a", (4).to_bytes(32, "big")), True)
    x, y = affine1(sig("a", D1))
    (k0, k1), (l0, l1) = affine2(pk("a"))
    key, good = eip2(pk("a")), eip1(sig("a", D1))
    refuse("signature_x_plus_p", key, D1, be(x + P, y), "non-canonical")
    refuse("signature_y_plus_p", key, D1, be(x, y + P), "non-canonical")
    refuse("signature_off_curve", key, D1, be(x, (y + 1) % P), "not on curve")
    refuse("signature_infinity", key, D1, INF1, "infinity")
    refuse("signature_too_short", key, D1, good[:-1], "malformed length")
    refuse("signature_too_long", key, D1, good + b"\x00", "malformed length")
    refuse("signature_compressed_length", key, D1, good[:32], "malformed length")
    refuse("key_infinity", INF2, D1, good, "infinity")
    refuse("both_infinity", INF2, D1, INF1, "infinity")
    refuse("key_non_canonical", be(k1 + P, k0, l1, l0), D1, good, "non-canonical")
    refuse("key_real_part_first", be(k0, k1, l0, l1), D1, good, "not on curve")
    refuse("key_outside_subgroup", eip2(OUTSIDE), D1, good, "not in subgroup")
    refuse("key_order_10069", eip2(ORDER_10069), D1, good, "not in subgroup")
    refuse("key_plus_order_10069", eip2(add(pk("a"), ORDER_10069)), D1, good, "not in subgroup")
    refuse("key_too_short", key[:-1], D1, good, "malformed length")
    for length in (0, 31, 33, 64):
        refuse(f"digest_of_{length}", key, octets("digest", length), good, "message length")
    e1, e2 = ENCODINGS["gnark-compressed"]
    bare = bytes([e1(sig("a", D1))[0] & 0x3F]) + e1(sig("a", D1))[1:]
    refuse("gnark_no_flags", e2(pk("a")), D1, bare, None, "gnark-compressed")
    refuse("gnark_x_is_p", e2(pk("a")), D1, bytes([be(P)[0] | 0x80]) + be(P)[1:], "non-canonical", "gnark-compressed")
    refuse("gnark_infinity", e2(pk("a")), D1, b"\x40" + bytes(31), "infinity", "gnark-compressed")
    refuse("ark_infinity", ark(affine2(pk("a"))), D1, bytes(63) + b"\x40", "infinity", "ark-uncompressed")


def eigen_lists(scheme):
    pk, sig, case = scheme.pk, scheme.sig, scheme.suite.case
    keys, wrong = {label: eip2(pk(label)) for label in "abc"}, "does not verify"
    sigs = {label: sig(label, D1) for label in "abc"}
    three = total(list(sigs.values()))

    def fast(name, pubkeys, signature, output, reason=None):
        case("fast_aggregate_verify", name, {"pubkeys": pubkeys, "message": D1, "signature": signature}, output, reason=reason)

    assert is_one([(scheme.hashed(D1), total([pk(label) for label in "abc"])), (three, NEG_G2)])
    fast("valid_3", list(keys.values()), eip1(three), True)
    fast("key_twice", [keys["a"], keys["a"]], eip1(multiply(sigs["a"], 2)), True)
    fast("missing_key", [keys["a"], keys["b"]], eip1(three), False, wrong)
    fast("key_twice_signed_once", [keys["a"], keys["a"]], eip1(sigs["a"]), False, wrong)
    fast("keys_cancel", [keys["a"], eip2(neg(pk("a")))], INF1, False, "infinity")
    fast("no_keys", [], eip1(three), False, "no signers")
    shared = [eip2(add(pk("a"), ORDER_10069)), eip2(add(pk("b"), neg(ORDER_10069)))]
    fast("small_orders_cancel", shared, eip1(total([sigs["a"], sigs["b"]])), False, "not in subgroup")

    both = eip1(add(sig("a", D1), sig("b", D2)))
    given = {"pubkeys": [keys["a"], keys["b"]], "messages": [D1, D2], "signature": both}
    case("aggregate_verify", "two", given, True)
    case("aggregate_verify", "swapped", {**given, "messages": [D2, D1]}, False, reason=wrong)
    case("aggregate_verify", "one_wrong", {**given, "messages": [D1, D1]}, False, reason=wrong)

    shift = multiply(G1, number("bn254 shift", R))
    def batch(name, items, output):
        assert output == [is_one([(scheme.hashed(m), pk(label)), (s, NEG_G2)]) for label, m, s in items], name
        labels, messages, signatures = zip(*items)
        given = {"pubkeys": [keys[label] for label in labels], "messages": messages, "signatures": [eip1(s) for s in signatures]}
        case("batch_verify", name, given, output)

    batch("same_digest", [(label, D1, sigs[label]) for label in "abc"], [True] * 3)
    batch("shifted", [("a", D1, add(sigs["a"], shift)), ("b", D1, add(sigs["b"], neg(shift))), ("c", D1, sigs["c"])], [False, False, True])
    batch("swapped", [("a", D1, sigs["b"]), ("b", D1, sigs["a"])], [False, False])
    batch("distinct_shifted", [("a", D1, add(sigs["a"], shift)), ("b", D2, add(sig("b", D2), neg(shift)))], [False, False])
    batch("digest_and_its_neighbour", [("a", be(4), sig("a", be(4))), ("b", be(5), sig("b", be(4))), ("c", D1, sigs["a"])], [True, True, False])

    def aggregate(name, points, output, reason=None, **head):
        case("aggregate", name, points, output, reason=reason, **head)

    aggregate("three", [eip1(s) for s in sigs.values()], eip1(three))
    aggregate("opposites", [eip1(sigs["a"]), eip1(neg(sigs["a"]))], INF1)
    aggregate("with_infinity", [eip1(sigs["a"]), INF1], eip1(sigs["a"]))
    aggregate("off_curve", [be(1, 3)], None, "not on curve")
    aggregate("none", [], None, "empty")
    aggregate("keys", list(keys.values()), eip2(total([pk(label) for label in "abc"])), role="keys")
    aggregate("keys_cancel", [keys["a"], eip2(neg(pk("a")))], None, "infinity", role="keys")
    aggregate("keys_order_10069_cancels", shared, None, "not in subgroup", role="keys")
    for encoding, (e1, e2) in ENCODINGS.items():
        aggregate(f"in_{encoding}", [e1(sigs["a"]), e1(sigs["b"])], e1(add(sigs["a"], sigs["b"])), encoding=encoding)
        aggregate(f"keys_in_{encoding}", [e2(pk("a")), e2(pk("b"))], e2(add(pk("a"), pk("b"))), role="keys", encoding=encoding)


def keccak_tai(scheme):
    messages = {"empty": b"", "hello": b"hello world", "digest": D1, "long": octets("keccak", 700)}
    for name, message in messages.items():
        scheme.suite.case("hash", name, {"message": message}, eip1(scheme.hashed(message)))
        scheme.verify(f"valid_{name}", scheme.pk("a"), message, scheme.sig("a", message), True)
    scheme.verify("wrong_message", scheme.pk("a"), b"hello worle", scheme.sig("a", b"hello world"), False)
    raw = multiply(try_and_increment(D1), scheme.secret("a"))
    scheme.verify("signed_without_keccak", scheme.pk("a"), D1, raw, False)


def rfc_scheme(scheme):
    for length in (0, 32, 200):
        message = octets("rfc", length)
        scheme.suite.case("hash", f"{length}_bytes", {"message": message}, eip1(scheme.hashed(message)))
        scheme.verify(f"valid_{length}_bytes", scheme.pk("a"), message, scheme.sig("a", message), True)
    scheme.verify("wrong_message", scheme.pk("a"), D2, scheme.sig("a", D1), False)
    other = multiply(rfc_hash("G1", "RO", D1, b"ANOTHER-TAG")[1], scheme.secret("a"))
    scheme.verify("signed_under_another_tag", scheme.pk("a"), D1, other, False)


def maps():
    suite = Suite("bn254/maps", scheme="bn254-eigen-tai", encoding="eip197")
    elements = [0, 1, P - 1] + [number(f"bn254 element {n}", P) for n in range(4)]
    for n, element in enumerate(elements):
        suite.case("map_to_G1", f"{n}", {"element": be(element)}, eip1(map_to_g1((element,))))
    for n, pair in enumerate([(0, 1), (1, 0), (P - 1, 5)] + [(number(f"bn254 c0 {n}", P), number(f"bn254 c1 {n}", P)) for n in range(3)]):
        suite.case("map_to_G2", f"{n}", {"element": be(*pair)}, eip2(map_to_g2(pair)))
    suite.case("map_to_G1", "p", {"element": be(P)}, None, reason="non-canonical")
    suite.case("map_to_G2", "imaginary_p", {"element": be(0, P)}, None, reason="non-canonical")
    suite.case("map_to_G1", "short", {"element": bytes(31)}, None, reason="malformed length")


def precompiles():
    """EIP-196 and EIP-197 calls in go-ethereum's JSON layout; pairings also as cases of ours, in eigensdk's order."""
    s, t = number("bn254 s", R), number("bn254 t", R)
    sp, tq, stp = multiply(G1, s), multiply(G2, t), multiply(G1, s * t % R)
    products = {
        "e(sP,tQ)=e(stP,Q)": [(sp, tq), (neg(stp), G2)],
        "e(sP,tQ)!=e(stP,-Q)": [(sp, tq), (stp, G2)],
        "e(P,Q)!=1": [(G1, G2)],
        "e(O,Q)=1": [(Z1, G2)],
        "e(P,O)=1": [(G1, Z2)],
        "e(O,O)=1": [(Z1, Z2)],
        "e(P,Q)e(P,-Q)=1": [(G1, G2), (G1, neg(G2))],
        "e(P,Q)e(O,Q)e(-P,Q)=1": [(G1, G2), (Z1, G2), (neg(G1), G2)],
        "e(P,Q)e(O,Q)e(P,Q)!=1": [(G1, G2), (Z1, G2), (G1, G2)],
    }
    calls = []
    suite = Suite("bn254/products", scheme="bn254-eigen-tai", encoding="eigensdk")
    for n, (name, pairs) in enumerate(products.items()):
        holds = is_one([(p, q) for p, q in pairs if not is_inf(p) and not is_inf(q)])
        assert holds is ("!=" not in name), name
        calls.append({"Name": name, "Input": b"".join(eip1(p) + eip2(q) for p, q in pairs), "Expected": be(int(holds))})
        zero = lambda q: bytes(128) if is_inf(q) else sdk2(q)
        reason = None if holds else "does not verify"
        suite.case("pairing_check", f"product_{n}", {"pairs": [[eip1(p), zero(q)] for p, q in pairs]}, holds, reason=reason)
    (x0, x1), (y0, y1) = affine2(G2)
    one_pair = eip1(G1) + eip2(G2)
    failing = {
        "short": one_pair[:-1],
        "long": one_pair + b"\x00",
        "x_plus_p": be(1 + P, 2) + eip2(G2),
        "g1_off_curve": be(1, 3) + eip2(G2),
        "g2_off_curve": eip1(G1) + be(x1, x0, y1, (y0 + 1) % P),
        "g2_real_part_first": eip1(G1) + be(x0, x1, y0, y1),
        "g2_outside_subgroup": eip1(G1) + eip2(OUTSIDE),
        "g2_outside_subgroup_beside_infinity": INF1 + eip2(OUTSIDE),
        "g2_order_10069": eip1(G1) + eip2(ORDER_10069),
        "infinity_beside_x_plus_p": be(P, 0) + eip2(G2),
    }
    bare = lambda call: {key: value[2:] if str(value).startswith("0x") else value for key, value in hexed(call).items()}
    write("eip2537/pairing_check_bn254.json", [bare(call) for call in calls])
    refusals = [{"Name": name, "Input": given, "ExpectedError": "bad input"} for name, given in failing.items()]
    write("eip2537/fail-pairing_check_bn254.json", [bare(call) for call in refusals])
    sums = {"P+P": (G1, G1), "P+sP": (G1, sp), "P-P": (G1, neg(G1)), "P+O": (G1, Z1), "O+O": (Z1, Z1)}
    adding = [{"Name": name, "Input": eip1(p) + eip1(q), "Expected": eip1(add(p, q))} for name, (p, q) in sums.items()]
    write("eip2537/add_bn254.json", [bare(call) for call in adding])


if __name__ == "__main__":
    rfc9380()
    print("rfc9380", flush=True)
    tag = "BLS_SIG_BN254G1_XMD:SHA-256_SVDW_RO_NUL_"
    eigen_scheme = Scheme("bn254-eigen-tai", try_and_increment)
    eigen(eigen_scheme)
    eigen_lists(eigen_scheme)
    keccak_tai(Scheme("bn254-keccak-tai", lambda message: try_and_increment(keccak(message))))
    rfc_scheme(Scheme("bn254-rfc9380", lambda message: rfc_hash("G1", "RO", message, tag.encode())[1], tag))
    maps()
    precompiles()
