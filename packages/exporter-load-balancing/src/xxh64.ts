const p1 = 0x9e3779b185ebca87n;
const p2 = 0xc2b2ae3d27d4eb4fn;
const p3 = 0x165667b19e3779f9n;
const p4 = 0x85ebca77c2b2ae63n;
const p5 = 0x27d4eb2f165667c5n;

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotate = (value: bigint, bits: bigint): bigint => u64((value << bits) | (value >> (64n - bits)));
const round = (state: bigint, lane: bigint): bigint => u64(rotate(u64(state + lane * p2), 31n) * p1);
const fold = (hash: bigint, state: bigint): bigint => u64((hash ^ round(0n, state)) * p1 + p4);

/** XXH64 with seed 0 (xxHash specification, "XXH64 algorithm description"). */
export function xxh64(bytes: Buffer): bigint {
  const { length } = bytes;
  let at = 0;
  let hash = p5;
  if (length >= 32) {
    let [a, b, c, d] = [u64(p1 + p2), p2, 0n, u64(-p1)];
    for (; at + 32 <= length; at += 32) {
      a = round(a, bytes.readBigUInt64LE(at));
      b = round(b, bytes.readBigUInt64LE(at + 8));
      c = round(c, bytes.readBigUInt64LE(at + 16));
      d = round(d, bytes.readBigUInt64LE(at + 24));
    }
    hash = u64(rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n));
    for (const state of [a, b, c, d]) hash = fold(hash, state);
  }
  hash = u64(hash + BigInt(length));
  for (; at + 8 <= length; at += 8) hash = u64(rotate(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27n) * p1 + p4);
  if (at + 4 <= length) {
    hash = u64(rotate(hash ^ u64(BigInt(bytes.readUInt32LE(at)) * p1), 23n) * p2 + p3);
    at += 4;
  }
  for (; at < length; at++) hash = u64(rotate(hash ^ u64(BigInt(bytes[at]!) * p5), 11n) * p1);
  hash = u64((hash ^ (hash >> 33n)) * p2);
  hash = u64((hash ^ (hash >> 29n)) * p3);
  return hash ^ (hash >> 32n);
}
