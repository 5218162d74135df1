// With @noble/curves: the BLS12-381 suites of vectors/rfc9380, the schemes other than Ethereum's (vectors/basic,
// vectors/aug, vectors/min-sig) and the BLS12-381 files of vectors/eip2537.
import { bls12_381 as bls } from '@noble/curves/bls12-381.js';
import { expand_message_xmd } from '@noble/curves/abstract/hash-to-curve.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { number, octets, suite, word, write } from './corpus.mjs';

const { Fp, Fp2, Fp12, Fr } = bls.fields;
const P = Fp.ORDER;
const R = Fr.ORDER;
const [P1, P2] = [bls.G1.Point, bls.G2.Point];
const H1 = 0x396c8c005555e1568c00aaab0000aaabn;
const H2 = 0x5d543a95414e7f1091d50792876a202cd91de4547085abaa68a205b2e5a7ddfa628f1cb4d9e82ef21537e293a6691ae1616ec6e786f0c70cf1c38e31c7238e5n;
const INF1 = Uint8Array.from([0xc0, ...new Uint8Array(47)]);
const INF2 = Uint8Array.from([0xc0, ...new Uint8Array(95)]);
const WRONG = { reason: 'does not verify' };
const OUTSIDE = { reason: 'not in subgroup' };

// -- points -----------------------------------------------------------------------------------------------------------

/** Double and add over the whole curve: noble's own multiply is for scalars below r. */
function times(point, scalar) {
  let sum = point.subtract(point);
  for (const bit of scalar.toString(2)) {
    sum = sum.double();
    if (bit === '1') sum = sum.add(point);
  }
  return sum;
}

function curvePoint(Point, field, b, start) {
  for (let n = start; ; n += 1n) {
    const x = field === Fp ? n : Fp2.create({ c0: n, c1: 1n });
    const square = field.add(field.mul(field.sqr(x), x), b);
    try {
      const y = field.sqrt(square);
      if (field.eql(field.sqr(y), square)) return Point.fromAffine({ x, y });
    } catch {}
  }
}

function ofOrder(find, cofactor, prime) {
  let rest = cofactor * R;
  while (rest % prime === 0n) rest /= prime;
  for (let start = 2n; ; start += 1n) {
    let point = times(find(start), rest);
    if (point.is0()) continue;
    for (let next = point; !next.is0(); next = times(point, prime)) point = next;
    return point;
  }
}

const find1 = (start) => curvePoint(P1, Fp, 4n, start);
const find2 = (start) => curvePoint(P2, Fp2, { c0: 4n, c1: 4n }, start);
const [T3, T11] = [ofOrder(find1, H1, 3n), ofOrder(find1, H1, 11n)];
const [T13, T23] = [ofOrder(find2, H2, 13n), ofOrder(find2, H2, 23n)];
for (const [point, order] of [[T3, 3n], [T11, 11n], [T13, 13n], [T23, 23n]]) {
  if (point.is0() || !times(point, order).is0() || point.isTorsionFree()) throw new Error(`order ${order}`);
}

/** Coordinates as 48-byte words, imaginary part first: noble's own encoder refuses points outside the subgroup. */
const words = (value) => (typeof value === 'bigint' ? word(value, 48).slice(2) : word(value.c1, 48).slice(2) + word(value.c0, 48).slice(2));
const isLarger = (y) => (typeof y === 'bigint' ? y : y.c1 || y.c0) > (P - 1n) / 2n;

function small(point) {
  const { x, y } = point.toAffine();
  const out = hexToBytes(words(x));
  out[0] |= isLarger(y) ? 0xa0 : 0x80;
  if (point.isTorsionFree() && bytesToHex(out) !== bytesToHex(point.toBytes(true))) throw new Error('encoding');
  return out;
}

function large(point) {
  const { x, y } = point.toAffine();
  return hexToBytes(words(x) + words(y));
}

const isOne = (pairs) => Fp12.eql(bls.pairingBatch(pairs.map(([g1, g2]) => ({ g1, g2 }))), Fp12.ONE);

// -- RFC 9380 ---------------------------------------------------------------------------------------------------------

const TEXTS = ['', 'a', 'abc', 'b'.repeat(31), 'c'.repeat(32), 'd'.repeat(63), 'e'.repeat(64), 'vérité, 真理', 'f'.repeat(255), 'g'.repeat(256), 'h'.repeat(3000)];

function rfc9380() {
  for (const [group, hasher] of [['G1', bls.G1], ['G2', bls.G2]]) {
    const written = (value) => (group === 'G1' ? word(value, 48) : `${word(value.c0, 48)},${word(value.c1, 48)}`);
    for (const variant of ['RO', 'NU']) {
      const name = `BLS12381${group}_XMD:SHA-256_SSWU_${variant}_`;
      const tags = { own: `TUTTI-V01-${name}`, one: 'T', longest: 'T'.repeat(255), signing: `BLS_SIG_${name}POP_` };
      for (const [label, dst] of Object.entries(tags)) {
        const hash = variant === 'RO' ? hasher.hashToCurve : hasher.encodeToCurve;
        const vectors = TEXTS.map((msg) => {
          const { x, y } = hash(utf8ToBytes(msg), { DST: dst }).toAffine();
          return { msg, P: { x: written(x), y: written(y) } };
        });
        const head = { ciphersuite: name, curve: `BLS12-381 ${group}`, dst, hash: 'sha256', randomOracle: variant === 'RO' };
        write(`rfc9380/${name.replaceAll(':', '_')}tag_${label}.json`, { ...head, vectors });
      }
    }
  }
  for (const [label, dst] of Object.entries({ own: 'TUTTI-V01-expander', longest: 'T'.repeat(255), oversize: 'T'.repeat(256), long: 'T'.repeat(700) })) {
    const tests = [];
    for (const msg of ['', 'abc', 'q'.repeat(128), 'vérité']) {
      for (const length of [1, 31, 32, 33, 96, 256, 8160]) {
        if (length === 8160 && msg !== 'abc') continue;
        const bytes = expand_message_xmd(utf8ToBytes(msg), utf8ToBytes(dst), length, sha256);
        tests.push({ len_in_bytes: '0x' + length.toString(16), msg, uniform_bytes: bytesToHex(bytes) });
      }
    }
    write(`rfc9380/expand_message_xmd_SHA256_tag_${label}.json`, { DST: dst, hash: 'SHA256', k: 128, name: 'expand_message_xmd', tests });
  }
}

// -- signatures -------------------------------------------------------------------------------------------------------

const key = (label) => number(`key ${label}`, R);
const [M, N] = [octets('message', 32), octets('another message', 32)];

/** Keys in G1, signatures in G2; `hash` takes the key too, for AUG. */
function minPk(folder, scheme, tag, isAugmented) {
  const write = suite(folder, { scheme });
  const pk = (label) => P1.BASE.multiply(key(label));
  const hash = (message, pubkey) => bls.G2.hashToCurve(isAugmented ? concatBytes(small(pubkey), message) : message, { DST: tag });
  const sig = (label, message) => hash(message, pk(label)).multiply(key(label));
  const holds = (items, signature) => isOne([...items.map(([pubkey, m]) => [pubkey, hash(m, pubkey)]), [P1.BASE.negate(), signature]]);

  const verify = (name, pubkey, message, signature, output) => {
    if (holds([[pubkey, message]], signature) !== output) throw new Error(name);
    const more = output ? {} : WRONG;
    write('verify', name, { pubkey: small(pubkey), message, signature: small(signature) }, output, more);
    const bare = { pubkey: large(pubkey), message, signature: large(signature) };
    write('verify', `${name}_uncompressed`, bare, output, { ...more, encoding: 'zcash-uncompressed' });
  };
  verify('valid', pk('a'), M, sig('a', M), true);
  verify('valid_empty_message', pk('a'), new Uint8Array(), sig('a', new Uint8Array()), true);
  verify('wrong_message', pk('a'), N, sig('a', M), false);
  verify('wrong_key', pk('b'), M, sig('a', M), false);
  const ethereum = bls.G2.hashToCurve(M, { DST: 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_' }).multiply(key('a'));
  verify('signed_as_ethereum', pk('a'), M, ethereum, false);
  if (isAugmented) {
    const bare = bls.G2.hashToCurve(M, { DST: tag }).multiply(key('a'));
    verify('signed_without_the_key', pk('a'), M, bare, false);
  }

  const aggregate = (name, items, output, more) => {
    const signature = items.reduce((sum, [label, message]) => sum.add(sig(label, message)), P2.ZERO);
    if (!holds(items.map(([label, message]) => [pk(label), message]), signature)) throw new Error(name);
    const pubkeys = items.map(([label]) => small(pk(label)));
    const messages = items.map(([, message]) => message);
    write('aggregate_verify', name, { pubkeys, messages, signature: small(signature) }, output, more);
    if (new Set(messages).size > 1) {
      const swapped = { pubkeys, messages: messages.slice().reverse(), signature: small(signature) };
      write('aggregate_verify', `${name}_reversed`, swapped, false, WRONG);
    }
  };
  aggregate('three_messages', [['a', M], ['b', N], ['c', octets('third', 32)]], true);
  if (isAugmented) {
    aggregate('one_message_two_keys', [['a', M], ['b', M]], true);
  } else {
    aggregate('one_message_two_keys', [['a', M], ['b', M]], false, { reason: 'repeated message' });
    aggregate('one_message_one_key_twice', [['a', M], ['a', M]], false, { reason: 'repeated message' });
  }
  write('sign', 'digest', { privkey: word(key('a'), 32), message: M }, small(sig('a', M)));
  write('sign', 'zero', { privkey: word(0n, 32), message: M }, null);
}

/** Keys in G2, signatures in G1. */
function minSig(folder, dst) {
  const write = suite(folder, { scheme: 'bls12381-min-sig', dst });
  const pk = (label) => P2.BASE.multiply(key(label));
  const hash = (message) => bls.G1.hashToCurve(message, { DST: dst });
  const sig = (label, message) => hash(message).multiply(key(label));
  const holds = (items, signature) => isOne([...items.map(([pubkey, m]) => [hash(m), pubkey]), [signature, P2.BASE.negate()]]);

  const verify = (name, pubkey, message, signature, output) => {
    if (holds([[pubkey, message]], signature) !== output) throw new Error(name);
    const more = output ? {} : WRONG;
    write('verify', name, { pubkey: small(pubkey), message, signature: small(signature) }, output, more);
    const bare = { pubkey: large(pubkey), message, signature: large(signature) };
    write('verify', `${name}_uncompressed`, bare, output, { ...more, encoding: 'zcash-uncompressed' });
  };
  const refuse = (name, pubkey, signature, reason) =>
    write('verify', name, { pubkey, message: M, signature }, false, reason ? { reason } : {});
  verify('valid', pk('a'), M, sig('a', M), true);
  verify('valid_long_message', pk('b'), octets('long', 500), sig('b', octets('long', 500)), true);
  verify('wrong_message', pk('a'), N, sig('a', M), false);
  verify('wrong_key', pk('b'), M, sig('a', M), false);
  verify('another_tag', pk('a'), M, bls.G1.hashToCurve(M, { DST: 'ANOTHER-TAG' }).multiply(key('a')), false);
  refuse('signature_infinity', small(pk('a')), INF1, 'infinity');
  refuse('key_infinity', INF2, small(sig('a', M)), 'infinity');
  refuse('both_infinity', INF2, INF1, 'infinity');
  for (const [order, point] of [[3, T3], [11, T11]]) {
    refuse(`signature_order_${order}`, small(pk('a')), small(point), 'not in subgroup');
    refuse(`signature_plus_order_${order}`, small(pk('a')), small(sig('a', M).add(point)), 'not in subgroup');
  }
  for (const [order, point] of [[13, T13], [23, T23]]) {
    refuse(`key_order_${order}`, small(point), small(sig('a', M)), 'not in subgroup');
    refuse(`key_plus_order_${order}`, small(pk('a').add(point)), small(sig('a', M)), 'not in subgroup');
  }
  refuse('groups_exchanged', small(sig('a', M)), small(pk('a')), 'malformed length');

  const labels = ['a', 'b', 'c'];
  const sum = (points) => points.reduce((total, point) => total.add(point));
  const same = { pubkeys: labels.map((label) => small(pk(label))), message: M };
  write('fast_aggregate_verify', 'three', { ...same, signature: small(sum(labels.map((label) => sig(label, M)))) }, true);
  write('fast_aggregate_verify', 'one_missing', { ...same, signature: small(sum([sig('a', M), sig('b', M)])) }, false, WRONG);
  const messages = [M, N, octets('third', 32)];
  const parts = labels.map((label, n) => sig(label, messages[n]));
  const distinct = { pubkeys: same.pubkeys, messages, signature: small(sum(parts)) };
  write('aggregate_verify', 'three', distinct, true);
  write('aggregate_verify', 'reversed', { ...distinct, messages: messages.slice().reverse() }, false, WRONG);

  const batch = (name, signatures, output) => {
    signatures.forEach((signature, n) => {
      if (signature.isTorsionFree() && holds([[pk(labels[n]), M]], signature) !== output[n]) throw new Error(name);
    });
    const pubkeys = same.pubkeys.slice(0, signatures.length);
    write('batch_verify', name, { pubkeys, messages: signatures.map(() => M), signatures: signatures.map(small) }, output);
  };
  const good = labels.map((label) => sig(label, M));
  const shift = P1.BASE.multiply(number('shift', R));
  batch('same_message', good, [true, true, true]);
  batch('shifted', [good[0].add(shift), good[1].subtract(shift), good[2]], [false, false, true]);
  batch('order_3_cancels', [good[0].add(T3), good[1].subtract(T3), good[2]], [false, false, true]);
  batch('order_11_cancels', [good[0].add(T11), good[1].subtract(T11), good[2]], [false, false, true]);
  batch('order_3_thrice', good.map((signature) => signature.add(T3)), [false, false, false]);
  write('aggregate', 'three', good.map(small), small(sum(good)));
  write('aggregate', 'order_3_cancels', [small(good[0].add(T3)), small(good[1].subtract(T3))], null, OUTSIDE);
  write('aggregate', 'keys', same.pubkeys, small(sum(labels.map(pk))), { role: 'keys' });
  write('aggregate', 'keys_order_13_cancels', [small(pk('a').add(T13)), small(pk('b').subtract(T13))], null, { role: 'keys', ...OUTSIDE });
  for (const [name, message] of Object.entries({ empty: new Uint8Array(), digest: M })) {
    write('hash', name, { message }, small(hash(message)));
  }
}

// -- EIP-2537 ---------------------------------------------------------------------------------------------------------

const padded = (value) => value.toString(16).padStart(128, '0');
const eip1 = (point) => (point.is0() ? '00'.repeat(128) : [point.toAffine().x, point.toAffine().y].map(padded).join(''));
const eip2 = (point) => {
  if (point.is0()) return '00'.repeat(256);
  const { x, y } = point.toAffine();
  return [x.c0, x.c1, y.c0, y.c1].map(padded).join('');
};

function eip2537() {
  const calls = (file, list) =>
    write(`eip2537/${file}.json`, list.map(([Name, Input, Expected]) =>
      Expected === null ? { Name, Input, ExpectedError: 'bad input' } : { Name, Input, Expected }));
  const edges = [0n, 1n, 2n, P - 1n, P - 2n];
  const some = [1, 2, 3, 4].map((n) => number(`element ${n}`, P));
  calls('map_fp_to_G1_own', [...edges, ...some].map((u, n) => [`element ${n}`, padded(u), eip1(bls.G1.mapToCurve(u))]));
  const pairs = [[0n, 0n], [0n, 1n], [1n, 0n], [P - 1n, P - 1n], ...some.map((u, n) => [u, number(`imaginary ${n}`, P)])];
  calls('map_fp2_to_G2_own', pairs.map((u, n) => [`element ${n}`, u.map(padded).join(''), eip2(bls.G2.mapToCurve(u))]));
  const topBit = '01' + '00'.repeat(62) + '05';
  calls('fail-map_fp_to_G1_own', [['p', padded(P), null], ['p plus 1', padded(P + 1n), null], ['top byte', topBit, null], ['two words', padded(1n).repeat(2), null]]);
  calls('fail-map_fp2_to_G2_own', [['imaginary p', padded(1n) + padded(P), null], ['real p', padded(P) + padded(1n), null], ['one word', padded(1n), null], ['top byte', padded(1n) + topBit, null]]);

  const [s, t] = [number('s', R), number('t', R)];
  const [sP, tQ, stP] = [P1.BASE.multiply(s), P2.BASE.multiply(t), P1.BASE.multiply((s * t) % R)];
  const joined = (list) => list.map(([p, q]) => eip1(p) + eip2(q)).join('');
  const products = {
    'e(sP,tQ)=e(stP,Q)': [[sP, tQ], [stP.negate(), P2.BASE]],
    'e(sP,tQ)=e(P,stQ)': [[sP, tQ], [P1.BASE.negate(), P2.BASE.multiply((s * t) % R)]],
    'e(sP,tQ)!=e(stP,-Q)': [[sP, tQ], [stP, P2.BASE]],
    'e(P,Q)e(O,Q)e(P,O)!=1': [[P1.BASE, P2.BASE], [P1.ZERO, tQ], [sP, P2.ZERO]],
    'e(O,Q)e(P,O)=1': [[P1.ZERO, tQ], [sP, P2.ZERO]],
    'eight pairs that cancel=1': [1n, 2n, 3n, 4n].flatMap((n) => [[P1.BASE.multiply(n), tQ], [P1.BASE.multiply(n).negate(), tQ]]),
  };
  calls('pairing_check_own', Object.entries(products).map(([name, list]) => {
    const finite = list.filter(([p, q]) => !p.is0() && !q.is0());
    const holds = finite.length === 0 || isOne(finite);
    if (holds === name.includes('!=')) throw new Error(name);
    return [name, joined(list), padded(holds ? 1n : 0n).slice(64)];
  }));
  const refused = {
    'G1 order 3': [[T3, P2.BASE]],
    'G1 order 11': [[T11, P2.BASE]],
    'G1 order 3 beside infinity': [[T3, P2.ZERO]],
    'G1 orders cancel': [[P1.BASE.add(T3), P2.BASE], [P1.BASE.add(T3).negate(), P2.BASE]],
    'G2 order 13': [[P1.BASE, T13]],
    'G2 order 23': [[P1.BASE, T23]],
    'G2 order 13 beside infinity': [[P1.ZERO, T13]],
    'G2 orders cancel': [[P1.BASE, P2.BASE.add(T23)], [P1.BASE.negate(), P2.BASE.add(T23)]],
  };
  const good = joined([[P1.BASE, P2.BASE]]);
  const halves = ['half a pair', good.slice(0, 256), null];
  const spare = ['one pair and a byte', good + '00', null];
  const offCurve = ['G1 y plus 1', padded(1n) + padded(1n) + good.slice(256), null];
  calls('fail-pairing_check_own', [...Object.entries(refused).map(([name, list]) => [name, joined(list), null]), halves, spare, offCurve]);
  const sums1 = [[P1.BASE, sP], [sP, sP], [sP, sP.negate()], [sP, P1.ZERO], [P1.ZERO, P1.ZERO]];
  calls('add_G1_own', sums1.map(([p, q], n) => [`sum ${n}`, eip1(p) + eip1(q), eip1(p.add(q))]));
  const sums2 = [[P2.BASE, tQ], [tQ, tQ], [tQ, tQ.negate()], [tQ, P2.ZERO]];
  calls('add_G2_own', sums2.map(([p, q], n) => [`sum ${n}`, eip2(p) + eip2(q), eip2(p.add(q))]));
  calls('fail-add_G1_own', [['empty', '', null], ['short', eip1(sP) + eip1(sP).slice(2), null], ['not on the curve', eip1(sP) + padded(1n) + padded(1n), null], ['x is p', padded(P) + padded(2n) + eip1(sP), null]]);
}

rfc9380();
minPk('basic', 'bls12381-min-pk-basic', 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_', false);
minPk('aug', 'bls12381-min-pk-aug', 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_AUG_', true);
minSig('min-sig', 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_');
eip2537();
