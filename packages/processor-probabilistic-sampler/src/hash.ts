import type { Randomness } from './threshold.ts';

const offsetBasis = 0x811c_9dc5;
const prime = 0x0100_0193;
const bucketBits = 14;
const bucketMask = 2 ** bucketBits - 1;

/** The state of 32-bit FNV-1a after the bytes `[start, end)`. Continue with the result of an earlier call. */
export function fnv1a(bytes: Uint8Array, start: number, end: number, state: number = offsetBasis): number {
  for (let p = start; p < end; p++) state = Math.imul(state ^ bytes[p], prime);
  return state;
}

/** The state after the four bytes of a hash seed. */
export function seeded(seed: number): number {
  const bytes = new Uint8Array([seed, seed >>> 8, seed >>> 16, seed >>> 24]);
  return fnv1a(bytes, 0, 4);
}

/**
 * The randomness of a 32-bit hash, such that the threshold of 2^14 buckets decides as the Collector's `hash_seed` mode always has: the lower
 * 14 bits of the hash, inverted, come first; then other bits of it that take no part in a decision.
 */
export function hashRandomness(hash: number, into: Randomness): void {
  const bucket = hash & bucketMask;
  const unused = hash >>> (32 - bucketBits);
  const mixed = unused ^ (unused << 10);
  into.high = ((bucketMask - bucket) << bucketBits) | (mixed >>> bucketBits);
  into.low = ((mixed & bucketMask) << bucketBits) | bucket;
}
