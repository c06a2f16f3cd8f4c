import { randomBytes } from 'node:crypto';

const seeds = new Int32Array(2);
const random = randomBytes(8);
setHashSeed(random.readInt32LE(0), random.readInt32LE(4));

/** Sets the seed of `AttributesView.hash64`, two 32-bit words. It is random in every process; threads that compare hashes, and tests, set it. */
export function setHashSeed(low: number, high: number): void {
  seeds[0] = low;
  seeds[1] = high;
}

/** Adds the 64-bit hash of `[p, end)` to the sum in `into`; a sum does not depend on the order. */
export function addHash(view: DataView, p: number, end: number, into: Uint32Array): void {
  let low = seeds[0] ^ Math.imul(end - p, 0x9e37_79b1);
  let high = seeds[1];
  for (const words = end - 3; p < words; p += 4) {
    const word = view.getInt32(p, true);
    low = Math.imul(((low << 13) | (low >>> 19)) ^ word, 0x85eb_ca77);
    high = Math.imul(((high << 17) | (high >>> 15)) + word, 0xc2b2_ae3d);
  }
  let rest = 0;
  for (; p < end; p++) rest = (rest << 8) | view.getUint8(p);
  low = Math.imul(low ^ rest ^ (high >>> 16), 0x85eb_ca77);
  high = Math.imul((high ^ (low >>> 15)) + rest, 0xc2b2_ae3d);
  low = Math.imul(low ^ (low >>> 13) ^ high, 0x27d4_eb2f);
  high = Math.imul(high ^ (high >>> 16) ^ (low >>> 13), 0x1656_67b1);
  into[0] += low ^ (low >>> 15);
  into[1] += high ^ (high >>> 15);
}

/**
 * Adds a keyed 128-bit hash of `[p, end)` to the four words in `into`, each modulo 2^32: a sum does not depend on the order of what was added.
 * HalfSipHash-1-3 over the whole 128-bit state. `key` has four words; `place` (an int) tells apart what stands in different places.
 */
export function addKeyedHash(view: DataView, p: number, end: number, key: Int32Array, place: number, into: Int32Array): void {
  let a = key[0];
  let b = key[1];
  let c = key[2] ^ place;
  let d = key[3] ^ (end - p);
  for (const words = end - 3; p < words; p += 4) {
    const word = view.getInt32(p, true);
    d ^= word;
    a = (a + b) | 0;
    b = ((b << 5) | (b >>> 27)) ^ a;
    c = (c + d) | 0;
    d = ((d << 8) | (d >>> 24)) ^ c;
    a = (((a << 16) | (a >>> 16)) + d) | 0;
    d = ((d << 7) | (d >>> 25)) ^ a;
    c = (c + b) | 0;
    b = ((b << 13) | (b >>> 19)) ^ c;
    c = (c << 16) | (c >>> 16);
    a ^= word;
  }
  let rest = 0;
  for (let shift = 0; p < end; shift += 8) rest |= view.getUint8(p++) << shift;
  for (let round = 0; round < 4; round++) {
    d ^= rest;
    a = (a + b) | 0;
    b = ((b << 5) | (b >>> 27)) ^ a;
    c = (c + d) | 0;
    d = ((d << 8) | (d >>> 24)) ^ c;
    a = (((a << 16) | (a >>> 16)) + d) | 0;
    d = ((d << 7) | (d >>> 25)) ^ a;
    c = (c + b) | 0;
    b = ((b << 13) | (b >>> 19)) ^ c;
    c = (c << 16) | (c >>> 16);
    a ^= rest;
    if (round === 0) {
      rest = 0;
      c ^= 0xff;
    }
  }
  into[0] += a;
  into[1] += b;
  into[2] += c;
  into[3] += d;
}
