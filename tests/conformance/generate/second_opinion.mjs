// What py_ecc and the plain integers of bn254.py made (vectors/bls, vectors/bn254/bn254-eigen-tai, the BN254 pairings),
// decided again by @noble/curves. Prints each difference and exits 1 if there is one.
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { bls12_381 as bls } from '@noble/curves/bls12-381.js';
import { bn254 } from '@noble/curves/bn254.js';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { VECTORS, word } from './corpus.mjs';

const DST = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';
const QUUX = 'QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_';
const bytes = (text) => hexToBytes(text.slice(2));
const point = (Point, text) => {
  const at = Point.fromBytes(bytes(text));
  at.assertValidity();
  return at;
};
const finite = (Point, text) => {
  const at = point(Point, text);
  if (at.is0()) throw new Error('infinity');
  return at;
};
/** noble throws where an input is no point: that is a refusal. */
const orRefused = (decide, refusal) => {
  try {
    return decide();
  } catch {
    return refusal;
  }
};
const is0 = (hex) => /^0x0*$/.test(hex);

// -- Ethereum's scheme ------------------------------------------------------------------------------------------------

const [P1, P2] = [bls.G1.Point, bls.G2.Point];
const { Fp12 } = bls.fields;
const hash = (message, tag = DST) => bls.G2.hashToCurve(message, { DST: tag });
const sum = (points) => points.reduce((total, next) => total.add(next));

/** e(key, hash) over all terms against e(generator, signature). */
function holds(terms, signature) {
  return orRefused(() => {
    if (terms.length === 0) return false;
    const pairs = terms.map(([keys, message]) => {
      const key = sum(keys.map((text) => finite(P1, text)));
      if (key.is0()) throw new Error('keys cancel');
      return { g1: key, g2: hash(bytes(message)) };
    });
    pairs.push({ g1: P1.BASE.negate(), g2: finite(P2, signature) });
    return Fp12.eql(bls.pairingBatch(pairs), Fp12.ONE);
  }, false);
}

const total = (Point, texts, infinityMayStand) =>
  orRefused(() => {
    if (texts.length === 0) return null;
    const added = sum(texts.map((text) => (infinityMayStand ? point : finite)(Point, text)));
    if (added.is0() && !infinityMayStand) return null;
    return '0x' + (added.is0() ? 'c0' + '00'.repeat(95) : bytesToHex(added.toBytes(true)));
  }, null);

const ethereum = {
  verify: ({ input }) => holds([[[input.pubkey], input.message]], input.signature),
  fast_aggregate_verify: ({ input }) => holds(input.pubkeys.length ? [[input.pubkeys, input.message]] : [], input.signature),
  eth_fast_aggregate_verify: ({ input }) =>
    (input.pubkeys.length === 0 && input.signature === '0xc0' + '00'.repeat(95)) ||
    holds(input.pubkeys.length ? [[input.pubkeys, input.message]] : [], input.signature),
  aggregate_verify: ({ input }) => holds(input.pubkeys.map((key, n) => [[key], input.messages[n]]), input.signature),
  batch_verify: ({ input, output }) => {
    const each = input.pubkeys.map((key, n) => holds([[[key], input.messages[n]]], input.signatures[n]));
    return typeof output === 'boolean' ? each.every(Boolean) : each;
  },
  aggregate: ({ input, role }) => (role === 'keys' ? total(P1, input, false) : total(P2, input, true)),
  // noble takes secret keys modulo r; KeyValidate of the draft wants them below it.
  sign: ({ input }) =>
    BigInt(input.privkey) >= bls.fields.Fr.ORDER
      ? null
      : orRefused(() => '0x' + bytesToHex(bls.longSignatures.sign(hash(bytes(input.message)), bytes(input.privkey)).toBytes(true)), null),
  hash_to_G2: ({ input }) => {
    const { x, y } = hash(utf8ToBytes(input.msg), QUUX).toAffine();
    const written = (value) => `${word(value.c0, 48)},${word(value.c1, 48)}`;
    return { x: written(x), y: written(y) };
  },
  deserialization_G1: ({ input }) => orRefused(() => Boolean(point(P1, input.pubkey)), false),
  deserialization_G2: ({ input }) => orRefused(() => Boolean(point(P2, input.signature)), false),
};

// -- BN254 ------------------------------------------------------------------------------------------------------------

const [Q1, Q2] = [bn254.G1.Point, bn254.G2.Point];
const { Fp } = bn254.fields;
const numbers = (text) => text.match(/.{64}/g).map((part) => BigInt('0x' + part));
const canonical = (list) => {
  if (list.some((value) => value >= Fp.ORDER)) throw new Error('not canonical');
  return list;
};
const checked = (at) => {
  at.assertValidity();
  if (!at.isTorsionFree()) throw new Error('outside the subgroup');
  return at;
};
/** EIP-196 and EIP-197 words; infinity is all zeros. */
function eip1(text) {
  if (text.length !== 128) throw new Error('length');
  const [x, y] = canonical(numbers(text));
  return x || y ? checked(Q1.fromAffine({ x, y })) : Q1.ZERO;
}
function eip2(text) {
  if (text.length !== 256) throw new Error('length');
  const [x1, x0, y1, y0] = canonical(numbers(text));
  if (!(x1 || x0 || y1 || y0)) return Q2.ZERO;
  return checked(Q2.fromAffine({ x: { c0: x0, c1: x1 }, y: { c0: y0, c1: y1 } }));
}
const isOne = (pairs) => {
  const some = pairs.filter(([g1, g2]) => !g1.is0() && !g2.is0());
  if (some.length === 0) return true;
  return bn254.fields.Fp12.eql(bn254.pairingBatch(some.map(([g1, g2]) => ({ g1, g2 }))), bn254.fields.Fp12.ONE);
};
function tryAndIncrement(digest) {
  if (!/^0x[0-9a-f]{64}$/.test(digest)) throw new Error('a digest has 32 bytes');
  for (let x = BigInt(digest) % Fp.ORDER; ; x = (x + 1n) % Fp.ORDER) {
    const square = Fp.create(x ** 3n + 3n);
    const y = Fp.pow(square, (Fp.ORDER + 1n) / 4n);
    if (Fp.eql(Fp.sqr(y), square)) return Q1.fromAffine({ x, y });
  }
}
const eigenHolds = (key, message, signature) =>
  orRefused(() => {
    const [at, sig] = [eip2(key.slice(2)), eip1(signature.slice(2))];
    return !at.is0() && !sig.is0() && isOne([[tryAndIncrement(message), at], [sig, Q2.BASE.negate()]]);
  }, false);

const eigen = {
  verify: ({ input, encoding, output }) => (encoding === 'eip197' ? eigenHolds(input.pubkey, input.message, input.signature) : output),
  batch_verify: ({ input }) => input.pubkeys.map((key, n) => eigenHolds(key, input.messages[n], input.signatures[n])),
  hash: ({ input }) =>
    orRefused(() => {
      const { x, y } = tryAndIncrement(input.message).toAffine();
      return word(x, 32) + word(y, 32).slice(2);
    }, null),
};

const call = ({ Input, Expected }) => {
  const got = orRefused(() => {
    const pairs = Input.match(/.{1,384}/g).map((pair) => [eip1(pair.slice(0, 128)), eip2(pair.slice(128))]);
    return isOne(pairs) ? '1'.padStart(64, '0') : '0'.padStart(64, '0');
  }, undefined);
  return [got, Expected];
};

// -- all of them ------------------------------------------------------------------------------------------------------

let [agreed, differed] = [0, 0];
function compare(name, got, wanted) {
  if (JSON.stringify(got) === JSON.stringify(wanted)) {
    agreed += 1;
  } else {
    differed += 1;
    console.log(`${name}: the corpus has ${JSON.stringify(wanted)}, noble ${JSON.stringify(got)}`);
  }
}
const json = (path) => JSON.parse(readFileSync(join(VECTORS, path), 'utf8'));
for (const [folder, kinds] of [['bls', ethereum], ['bn254/bn254-eigen-tai', eigen]]) {
  for (const [kind, decide] of Object.entries(kinds)) {
    for (const file of readdirSync(join(VECTORS, folder, kind)).sort()) {
      const test = json(join(folder, kind, file));
      compare(join(folder, kind, basename(file, '.json')), decide(test), test.output);
    }
  }
}
for (const file of ['eip2537/pairing_check_bn254.json', 'eip2537/fail-pairing_check_bn254.json']) {
  for (const test of json(file)) compare(`${file} ${test.Name}`, ...call(test));
}
console.log(`${agreed} agree, ${differed} differ`);
process.exit(differed ? 1 : 0);
