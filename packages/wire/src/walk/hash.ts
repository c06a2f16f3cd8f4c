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
