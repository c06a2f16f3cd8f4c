/** MurmurHash3_x86_32 of bytes with seed 0: its four bytes, little-endian, in hexadecimal digits. */
export function murmur3(bytes: Buffer): string {
  const blocks = bytes.length & ~3;
  let hash = 0;
  for (let at = 0; at < blocks; at += 4) {
    hash ^= scramble(bytes.readInt32LE(at));
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let at = bytes.length - 1; at >= blocks; at--) tail = (tail << 8) | bytes[at]!;
  hash ^= scramble(tail) ^ bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  hash ^= hash >>> 16;
  const digest = Buffer.allocUnsafe(4);
  digest.writeInt32LE(hash);
  return digest.toString('hex');
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

const c1 = 0x87c37b91114253d5n;
const c2 = 0x4cf5ad432745937fn;

/** MurmurHash3_x64_128 of bytes with seed 0: its two halves, each little-endian, in hexadecimal digits. */
export function murmur3Wide(bytes: Buffer): string {
  const blocks = bytes.length & ~15;
  let h1 = 0n;
  let h2 = 0n;
  for (let at = 0; at < blocks; at += 16) {
    h1 ^= scramble1(bytes.readBigUInt64LE(at));
    h1 = u64((rotate(h1, 27n) + h2) * 5n + 0x52dce729n);
    h2 ^= scramble2(bytes.readBigUInt64LE(at + 8));
    h2 = u64((rotate(h2, 31n) + h1) * 5n + 0x38495ab5n);
  }
  const tail = Buffer.alloc(16);
  bytes.copy(tail, 0, blocks);
  h1 ^= scramble1(tail.readBigUInt64LE(0)) ^ BigInt(bytes.length);
  h2 ^= scramble2(tail.readBigUInt64LE(8)) ^ BigInt(bytes.length);
  h1 = u64(h1 + h2);
  h2 = u64(h2 + h1);
  h1 = finish(h1);
  h2 = finish(h2);
  h1 = u64(h1 + h2);
  h2 = u64(h2 + h1);
  const digest = Buffer.allocUnsafe(16);
  digest.writeBigUInt64LE(h1, 0);
  digest.writeBigUInt64LE(h2, 8);
  return digest.toString('hex');
}

function scramble1(block: bigint): bigint {
  return u64(rotate(u64(block * c1), 31n) * c2);
}

function scramble2(block: bigint): bigint {
  return u64(rotate(u64(block * c2), 33n) * c1);
}

function finish(hash: bigint): bigint {
  let mixed = u64((hash ^ (hash >> 33n)) * 0xff51afd7ed558ccdn);
  mixed = u64((mixed ^ (mixed >> 33n)) * 0xc4ceb9fe1a85ec53n);
  return mixed ^ (mixed >> 33n);
}

function rotate(word: bigint, bits: bigint): bigint {
  return u64((word << bits) | (word >> (64n - bits)));
}

function u64(word: bigint): bigint {
  return BigInt.asUintN(64, word);
}
