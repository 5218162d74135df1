// What the JavaScript generators share: where cases go, how they are written, and where numbers come from.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha512 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';

export const VECTORS = join(dirname(fileURLToPath(import.meta.url)), '..', 'vectors');

/** The same bytes for the same label, for ever: nothing here is drawn at random. */
export function octets(label, length) {
  let out = new Uint8Array();
  while (out.length < length) {
    out = concatBytes(out, sha512(utf8ToBytes(`tutti conformance noble ${label} ${out.length}`)));
  }
  return out.slice(0, length);
}

export function number(label, below) {
  return 1n + (BigInt('0x' + bytesToHex(octets(label, 64))) % (below - 1n));
}

export const hex = (bytes) => '0x' + bytesToHex(bytes);
export const word = (value, length) => '0x' + value.toString(16).padStart(2 * length, '0');

const hexed = (key, value) => (value instanceof Uint8Array ? hex(value) : value);

export function write(path, content) {
  const target = join(VECTORS, path);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, JSON.stringify(content, hexed, 1) + '\n');
}

/** One folder of cases, `<folder>/<kind>/<name>.json`. */
export function suite(folder, head) {
  return (kind, name, input, output, more = {}) =>
    write(`${folder}/${kind}/${name}.json`, { ...head, ...more, input, output });
}
