"""vectors/bls: Ethereum's scheme in all nine kinds of the ethereum/bls12-381-tests layout, made with py_ecc.

py_ecc decides every well-formed case; the hostile bytes are wrong by construction, and py_ecc must agree.
"""
from py_ecc.bls import G2ProofOfPossession as pop
from py_ecc.bls.g2_primitives import G1_to_pubkey, G2_to_signature, pubkey_to_G1, signature_to_G2, subgroup_check
from py_ecc.bls.hash_to_curve import hash_to_G2
from py_ecc.fields import optimized_bls12_381_FQ as FQ
from py_ecc.fields import optimized_bls12_381_FQ2 as FQ2
from py_ecc.optimized_bls12_381 import (
    G1, add, b, b2, curve_order, field_modulus as P, is_inf, is_on_curve, multiply, neg, normalize,
)
from py_ecc.bls.point_compression import modular_squareroot_in_FQ2
from hashlib import sha256

from corpus import Suite, number, octets

H1 = 0x396C8C005555E1568C00AAAB0000AAAB
H2 = 0x5D543A95414E7F1091D50792876A202CD91DE4547085ABAA68A205B2E5A7DDFA628F1CB4D9E82EF21537E293A6691AE1616EC6E786F0C70CF1C38E31C7238E5
QUUX = b"QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_"
INF1 = b"\xc0" + bytes(47)
INF2 = b"\xc0" + bytes(95)
suite = Suite("bls")


def key(label):
    return number(f"key {label}", curve_order)


def pk(label):
    return pop.SkToPk(key(label))


def sig(label, message):
    return pop.Sign(key(label), message)


def point1(start):
    """The first point of E(Fp) at or after x = start."""
    x = start
    while True:
        square = FQ(x) ** 3 + b
        y = square ** ((P + 1) // 4)
        if y * y == square:
            return FQ(x), y, FQ(1)
        x += 1


def point2(start):
    """The first point of E'(Fp2) at or after x = start + i."""
    x = start
    while True:
        at = FQ2([x, 1])
        y = modular_squareroot_in_FQ2(at * at * at + b2)
        if y is not None:
            point = (at, y, FQ2.one())
            assert is_on_curve(point, b2)
            return point
        x += 1


def of_order(find, cofactor, prime):
    """A point of that order: the prime's own part of the curve's group, cut down to the prime."""
    rest = cofactor * curve_order
    while rest % prime == 0:
        rest //= prime
    start = 2
    while True:
        point = multiply(find(start), rest)
        if not is_inf(point):
            while not is_inf(multiply(point, prime)):
                point = multiply(point, prime)
            return point
        start += 1


MSG = octets("message", 32)
OTHER = octets("another message", 32)
T13, T23 = of_order(point2, H2, 13), of_order(point2, H2, 23)
T3, T11 = of_order(point1, H1, 3), of_order(point1, H1, 11)
OUT1, OUT2 = point1(5), point2(5)
for outside in (T13, T23, T3, T11, OUT1, OUT2):
    assert not subgroup_check(outside)


def plus2(signature, point):
    return G2_to_signature(add(signature_to_G2(signature), point))


def plus1(pubkey, point):
    return G1_to_pubkey(add(pubkey_to_G1(pubkey), point))


def hostile1():
    """Bytes that are no usable point of G1: name -> (bytes, reason or None where several fit)."""
    good = pk("a")
    x = int.from_bytes(bytes([good[0] & 0x1F]) + good[1:], "big")
    small, _, _ = point1(5)
    no_root = next(n for n in range(2, 99) if (FQ(n) ** 3 + b) ** ((P - 1) // 2) == FQ(P - 1))
    whole = lambda number, flags: (number | flags << 376).to_bytes(48, "big")
    assert x < P
    return {
        "x_is_p": (whole(P, 0x80), "non-canonical"),
        "x_plus_p": (whole(small.n + P, 0x80), "non-canonical"),
        "x_all_ones": (b"\x9f" + b"\xff" * 47, "non-canonical"),
        "no_point_at_x": (whole(no_root, 0x80), "not on curve"),
        "no_point_at_x_signed": (whole(no_root, 0xA0), "not on curve"),
        "outside_subgroup": (G1_to_pubkey(OUT1), "not in subgroup"),
        "order_3": (G1_to_pubkey(T3), "not in subgroup"),
        "order_3_other": (G1_to_pubkey(neg(T3)), "not in subgroup"),
        "order_11": (G1_to_pubkey(T11), "not in subgroup"),
        "good_plus_order_3": (plus1(good, T3), "not in subgroup"),
        "good_plus_order_11": (plus1(good, T11), "not in subgroup"),
        "no_compression_flag": (bytes([good[0] & 0x7F]) + good[1:], None),
        "all_zero": (bytes(48), None),
        "all_ones": (b"\xff" * 48, None),
        "infinity_with_sign": (b"\xe0" + bytes(47), None),
        "infinity_without_compression": (b"\x40" + bytes(47), None),
        "infinity_with_last_bit": (b"\xc0" + bytes(46) + b"\x01", None),
        "infinity_with_first_bit": (b"\xd0" + bytes(47), None),
        "infinity_flag_on_a_point": (bytes([good[0] | 0x40]) + good[1:], None),
        "empty": (b"", "malformed length"),
        "one_byte": (b"\xc0", "malformed length"),
        "too_short": (good[:-1], "malformed length"),
        "too_long": (good + b"\x00", "malformed length"),
        "infinity_too_long": (INF1 + b"\x00", "malformed length"),
        "as_long_as_g2": (INF2, "malformed length"),
    }


def hostile2():
    """The same for G2."""
    good = sig("a", MSG)
    small = point2(5)[0].coeffs[0]
    whole = lambda c1, c0, flags: (c1 | flags << 376).to_bytes(48, "big") + c0.to_bytes(48, "big")
    c1 = int.from_bytes(bytes([good[0] & 0x1F]) + good[1:48], "big")
    no_root = next(n for n in range(2, 99) if modular_squareroot_in_FQ2(FQ2([n, 1]) ** 3 + b2) is None)
    small = int(small)
    return {
        "c1_is_p": (whole(P, 1, 0x80), "non-canonical"),
        "c0_is_p": (whole(1, P, 0x80), "non-canonical"),
        "c1_plus_p": (whole(1 + P, small, 0x80), "non-canonical"),
        "c0_plus_p": (whole(1, small + P, 0x80), "non-canonical"),
        "flag_in_c0": (good[:48] + bytes([good[48] | 0x80]) + good[49:], "non-canonical"),
        "no_point_at_x": (whole(1, no_root, 0x80), "not on curve"),
        "outside_subgroup": (G2_to_signature(OUT2), "not in subgroup"),
        "order_13": (G2_to_signature(T13), "not in subgroup"),
        "order_23": (G2_to_signature(T23), "not in subgroup"),
        "good_plus_order_13": (plus2(good, T13), "not in subgroup"),
        "good_plus_order_23": (plus2(good, T23), "not in subgroup"),
        "no_compression_flag": (bytes([good[0] & 0x7F]) + good[1:], None),
        "all_zero": (bytes(96), None),
        "all_ones": (b"\xff" * 96, None),
        "infinity_with_sign": (b"\xe0" + bytes(95), None),
        "infinity_without_compression": (b"\x40" + bytes(95), None),
        "infinity_with_last_bit": (b"\xc0" + bytes(94) + b"\x01", None),
        "infinity_with_middle_bit": (b"\xc0" + bytes(47) + b"\x80" + bytes(47), None),
        "infinity_flag_on_a_point": (bytes([good[0] | 0x40]) + good[1:], None),
        "halves_swapped": (bytes([good[48] | 0x80]) + good[49:96] + bytes([good[0] & 0x1F]) + good[1:48], None),
        "empty": (b"", "malformed length"),
        "too_short": (good[:-1], "malformed length"),
        "too_long": (good + b"\x00", "malformed length"),
        "as_long_as_g1": (INF1, "malformed length"),
    }


def sign():
    messages = {"empty": b"", "one_byte": b"\x00", "digest": MSG, "33_bytes": octets("odd", 33), "long": octets("long", 1000)}
    for name, message in messages.items():
        signature = sig("a", message)
        suite.case("sign", name, {"privkey": key("a").to_bytes(32, "big"), "message": message}, signature)
    for name, secret in {"one": 1, "order_minus_one": curve_order - 1}.items():
        suite.case("sign", name, {"privkey": secret.to_bytes(32, "big"), "message": MSG}, pop.Sign(secret, MSG))
    refused = {"zero": 0, "order": curve_order, "order_plus_one": curve_order + 1, "all_ones": 2**256 - 1}
    for name, secret in refused.items():
        suite.case("sign", name, {"privkey": secret.to_bytes(32, "big"), "message": MSG}, None)


def verify_case(name, pubkey, message, signature, output, reason=None):
    assert pop.Verify(pubkey, message, signature) is output, name
    suite.case("verify", name, {"pubkey": pubkey, "message": message, "signature": signature}, output, reason=reason)


def verify():
    for length in (0, 1, 31, 32, 33, 64, 500):
        message = octets(f"verify {length}", length)
        verify_case(f"valid_{length}_bytes", pk(f"v{length}"), message, sig(f"v{length}", message), True)
    negated = G2_to_signature(neg(signature_to_G2(sig("a", MSG))))
    wrong = "does not verify"
    verify_case("wrong_message", pk("a"), OTHER, sig("a", MSG), False, wrong)
    verify_case("wrong_key", pk("b"), MSG, sig("a", MSG), False, wrong)
    verify_case("negated_signature", pk("a"), MSG, negated, False, wrong)
    verify_case("negated_key", G1_to_pubkey(neg(pubkey_to_G1(pk("a")))), MSG, sig("a", MSG), False, wrong)
    verify_case("negated_both", G1_to_pubkey(neg(pubkey_to_G1(pk("a")))), MSG, negated, True)
    verify_case("message_longer_by_zero", pk("a"), MSG + b"\x00", sig("a", MSG), False, wrong)
    verify_case("generator_signs_with_one", G1_to_pubkey(G1), MSG, pop.Sign(1, MSG), True)
    verify_case("hash_is_no_signature", pk("a"), MSG, pop.Sign(1, MSG), False, wrong)
    verify_case("key_infinity", INF1, MSG, sig("a", MSG), False, "infinity")
    verify_case("signature_infinity", pk("a"), MSG, INF2, False, "infinity")
    verify_case("both_infinity", INF1, MSG, INF2, False, "infinity")
    for name in ("order_3", "order_11", "good_plus_order_3", "good_plus_order_11", "x_plus_p", "too_short", "no_point_at_x"):
        bad, reason = hostile1()[name]
        verify_case(f"key_{name}", bad, MSG, sig("a", MSG), False, reason)
    for name in ("order_13", "order_23", "good_plus_order_13", "good_plus_order_23", "c0_plus_p", "too_long", "no_point_at_x"):
        bad, reason = hostile2()[name]
        verify_case(f"signature_{name}", pk("a"), MSG, bad, False, reason)


def fast_case(name, pubkeys, message, signature, output, reason=None, kind="fast_aggregate_verify"):
    suite.case(kind, name, {"pubkeys": pubkeys, "message": message, "signature": signature}, output, reason=reason)


def fast_aggregate_verify():
    def checked(name, labels, output, signature=None, pubkeys=None, reason=None):
        signature = signature or pop.Aggregate([sig(label, MSG) for label in labels])
        pubkeys = [pk(label) for label in labels] if pubkeys is None else pubkeys
        assert pop.FastAggregateVerify(pubkeys, MSG, signature) is output, name
        fast_case(name, pubkeys, MSG, signature, output, reason)

    for count in (1, 2, 3, 17):
        checked(f"valid_{count}", [f"f{n}" for n in range(count)], True)
    checked("key_twice", ["a", "a", "b"], True)
    three = pop.Aggregate([sig(label, MSG) for label in "abc"])
    keys = [pk(label) for label in "abc"]
    wrong = "does not verify"
    checked("missing_key", [], False, three, keys[:2], wrong)
    checked("extra_key", [], False, three, keys + [pk("d")], wrong)
    checked("key_twice_signed_once", [], False, three, keys + [pk("a")], wrong)
    checked("infinity_among_keys", [], False, three, keys + [INF1], "infinity")
    opposite = G1_to_pubkey(neg(pubkey_to_G1(pk("a"))))
    checked("keys_cancel", [], False, INF2, [pk("a"), opposite], "infinity")
    checked("keys_cancel_good_signature", [], False, three, [pk("a"), opposite], "infinity")
    checked("small_orders_cancel", [], False, sig("a", MSG), [plus1(pk("a"), T11), G1_to_pubkey(neg(T11))], "not in subgroup")
    checked("good_keys_signature_plus_order_13", [], False, plus2(three, T13), keys, "not in subgroup")
    checked("no_keys", [], False, three, [], "no signers")
    checked("no_keys_infinity", [], False, INF2, [], None)

    kind = "eth_fast_aggregate_verify"
    fast_case("no_keys_infinity", [], MSG, INF2, True, kind=kind)
    fast_case("no_keys_some_signature", [], MSG, three, False, kind=kind)
    fast_case("no_keys_infinity_with_sign", [], MSG, b"\xe0" + bytes(95), False, kind=kind)
    fast_case("three_keys", keys, MSG, three, True, kind=kind)
    fast_case("three_keys_infinity", keys, MSG, INF2, False, kind=kind)
    fast_case("infinity_key_infinity", [INF1], MSG, INF2, False, kind=kind)


def aggregate_verify():
    def checked(name, labels, messages, output, signature=None, reason=None, pubkeys=None):
        signature = signature or pop.Aggregate([sig(label, message) for label, message in zip(labels, messages)])
        pubkeys = pubkeys or [pk(label) for label in labels]
        assert pop.AggregateVerify(pubkeys, messages, signature) is output, name
        given = {"pubkeys": pubkeys, "messages": messages, "signature": signature}
        suite.case("aggregate_verify", name, given, output, reason=reason)

    labels = ["a", "b", "c"]
    messages = [octets(f"aggregate {n}", 32) for n in range(3)]
    good = pop.Aggregate([sig(label, message) for label, message in zip(labels, messages)])
    wrong = "does not verify"
    checked("one", ["a"], [MSG], True)
    checked("three", labels, messages, True)
    checked("lengths_differ", labels, [b"", b"\x01", octets("long", 300)], True)
    checked("one_message_thrice", labels, [MSG] * 3, True)
    checked("one_key_thrice", ["a"] * 3, messages, True)
    checked("messages_swapped", labels, [messages[1], messages[0], messages[2]], False, good, wrong)
    checked("one_wrong_message", labels, messages[:2] + [OTHER], False, good, wrong)
    checked("pair_missing", labels[:2], messages[:2], False, good, wrong)
    checked("plus_order_23", labels, messages, False, plus2(good, T23), "not in subgroup")
    checked("infinity_signature", labels, messages, False, INF2, "infinity")
    checked("infinity_key", labels, messages, False, good, "infinity", [pk("a"), pk("b"), INF1])
    suite.case("aggregate_verify", "nobody", {"pubkeys": [], "messages": [], "signature": good}, False)
    suite.case("aggregate_verify", "nobody_infinity", {"pubkeys": [], "messages": [], "signature": INF2}, False)


def batch_verify():
    """`output` is one bool, as in the suite, or one for each item, as of ours."""

    def case(name, items, output):
        each = [pop.Verify(*item) for item in items]
        assert output == (all(each) if isinstance(output, bool) else each), name
        pubkeys, messages, signatures = map(list, zip(*items))
        given = {"pubkeys": pubkeys, "messages": messages, "signatures": signatures}
        suite.case("batch_verify", name, given, output)

    shift = multiply(signature_to_G2(sig("shift", MSG)), number("shift", curve_order))
    def same(signature_points):
        return [(pk(label), MSG, G2_to_signature(point)) for label, point in signature_points]

    a, c = (signature_to_G2(sig(label, MSG)) for label in "ac")
    good = [(pk(f"n{n}"), octets(f"batch {n}", 32), sig(f"n{n}", octets(f"batch {n}", 32))) for n in range(6)]
    case("distinct", good, True)
    case("one_of_one", good[:1], True)
    case("same_message", same([("a", a), ("c", c)]), True)
    case("same_item_twice", [good[0], good[0]], True)
    case("bad_among_good", good[:3] + [(good[3][0], good[4][1], good[3][2])] + good[4:], [True] * 3 + [False] + [True] * 2)
    case("signatures_swapped", [(*good[0][:2], good[1][2]), (*good[1][:2], good[0][2])], [False, False])
    case("keys_swapped", [(good[1][0], *good[0][1:]), (good[0][0], *good[1][1:])], [False, False])
    case("same_message_shifted", same([("a", add(a, shift)), ("c", add(c, neg(shift)))]), [False, False])
    case("same_message_signatures_swapped", same([("a", c), ("c", a)]), [False, False])
    case("same_message_shifted_among_good", good[:2] + same([("a", add(a, shift)), ("c", add(c, neg(shift)))]), [True, True, False, False])
    shifted = [G2_to_signature(add(signature_to_G2(good[0][2]), shift)), G2_to_signature(add(signature_to_G2(good[1][2]), neg(shift)))]
    case("distinct_shifted", [(*good[0][:2], shifted[0]), (*good[1][:2], shifted[1]), good[2]], [False, False, True])
    case("one_item_shifted_both_ways", same([("a", add(a, shift)), ("a", add(a, neg(shift)))]), [False, False])
    for name, small in {"13": T13, "23": T23}.items():
        case(f"order_{name}_cancels", same([("a", add(a, small)), ("c", add(c, neg(small)))]), [False, False])
        case(f"order_{name}_alone", same([("a", add(a, small)), ("c", c)]), [False, True])
    case("infinity_among_good", good[:2] + [(INF1, MSG, INF2)], [True, True, False])
    case("order_11_key_among_good", good[:1] + [(plus1(pk("a"), T11), MSG, sig("a", MSG))], [True, False])
    case("all_bad", [(pk("a"), message, sig("b", message)) for message in (MSG, OTHER)], [False, False])


def aggregate():
    def case(name, points, output, reason=None, **head):
        suite.case("aggregate", name, points, output, reason=reason, **head)

    sigs = [sig(label, MSG) for label in "abcde"]
    negated = G2_to_signature(neg(signature_to_G2(sigs[0])))
    case("one", sigs[:1], pop.Aggregate(sigs[:1]))
    case("five", sigs, pop.Aggregate(sigs))
    case("one_twice", [sigs[0]] * 2, pop.Aggregate([sigs[0]] * 2))
    case("with_infinity", [sigs[0], INF2, sigs[1]], pop.Aggregate(sigs[:2]))
    case("infinities", [INF2, INF2], INF2)
    case("opposites", [sigs[0], negated], INF2)
    case("opposites_and_one", [sigs[0], sigs[1], negated], sigs[1])
    case("none", [], None, "empty")
    case("order_13_cancels", [plus2(sigs[0], T13), plus2(sigs[1], neg(T13))], None, "not in subgroup")
    case("outside_subgroup", [sigs[0], G2_to_signature(OUT2)], None, "not in subgroup")
    case("one_too_short", [sigs[0], sigs[1][:-1]], None, "malformed length")
    case("one_non_canonical", [hostile2()["c0_plus_p"][0], sigs[1]], None, "non-canonical")
    keys = [pk(label) for label in "abcde"]
    opposite = G1_to_pubkey(neg(pubkey_to_G1(keys[0])))
    case("keys", keys, pop._AggregatePKs(keys), role="keys")
    case("keys_one_twice", [keys[0]] * 2, pop._AggregatePKs([keys[0]] * 2), role="keys")
    case("keys_with_infinity", [keys[0], INF1], None, "infinity", role="keys")
    case("keys_cancel", [keys[0], opposite], None, "infinity", role="keys")
    case("keys_order_3", [keys[0], G1_to_pubkey(T3)], None, "not in subgroup", role="keys")


def hash_to_g2():
    texts = {"empty": "", "one": "a", "block": "b" * 64, "block_and_one": "c" * 65, "accents": "vérité, 真理", "long": "d" * 2000}
    for name, text in texts.items():
        x, y = normalize(hash_to_G2(text.encode(), QUUX, sha256))
        as_text = lambda element: ",".join(f"0x{int(c):096x}" for c in element.coeffs)
        suite.case("hash_to_G2", name, {"msg": text}, {"x": as_text(x), "y": as_text(y)})


def deserialization():
    for name, (bad, reason) in hostile1().items():
        suite.case("deserialization_G1", name, {"pubkey": bad}, False, reason=reason)
    for name, (bad, reason) in hostile2().items():
        suite.case("deserialization_G2", name, {"signature": bad}, False, reason=reason)
    good1 = {"infinity": INF1, "generator": G1_to_pubkey(G1), "generator_negated": G1_to_pubkey(neg(G1)), "some": pk("a")}
    good2 = {"infinity": INF2, "some": sig("a", MSG), "some_negated": G2_to_signature(neg(signature_to_G2(sig("a", MSG))))}
    for name, good in good1.items():
        suite.case("deserialization_G1", name, {"pubkey": good}, True)
    for name, good in good2.items():
        suite.case("deserialization_G2", name, {"signature": good}, True)


if __name__ == "__main__":
    for part in (sign, deserialization, hash_to_g2, aggregate, verify, fast_aggregate_verify, aggregate_verify, batch_verify):
        part()
        print(part.__name__, len(suite.names), flush=True)
