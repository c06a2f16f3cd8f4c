/** The default secret of XXH3 (xxHash specification, XXH3 algorithm overview). */
const secret = Buffer.from(
  'b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c' +
    '3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364' +
    'eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e',
  'hex',
);

const prime32 = [0x9e3779b1n, 0x85ebca77n, 0xc2b2ae3dn] as const;
const prime64 = [0x9e3779b185ebca87n, 0xc2b2ae3d27d4eb4fn, 0x165667b19e3779f9n, 0x85ebca77c2b2ae63n, 0x27d4eb2f165667c5n] as const;
const primeMx1 = 0x165667919e3779f9n;
const primeMx2 = 0x9fb21c651e98df25n;

const stripeBytes = 64;
const stripesPerBlock = (secret.length - stripeBytes) / 8;

/** XXH3_64bits of bytes with seed 0. */
export function xxh3(bytes: Buffer): bigint {
  const { length } = bytes;
  if (length <= 16) return short64(bytes);
  if (length > 240) {
    const sums = accumulate(bytes);
    return merge(sums, 11, BigInt(length) * prime64[0]);
  }
  let sum = u64(BigInt(length) * prime64[0]);
  if (length <= 128) {
    for (let i = (length - 1) >> 5; i >= 0; i--) {
      sum += mix16(bytes, 16 * i, secretAt(32 * i), secretAt(32 * i + 8));
      sum += mix16(bytes, length - 16 * (i + 1), secretAt(32 * i + 16), secretAt(32 * i + 24));
    }
    return avalanche(u64(sum));
  }
  for (let i = 0; i < 8; i++) sum += mix16(bytes, 16 * i, secretAt(16 * i), secretAt(16 * i + 8));
  sum = avalanche(u64(sum));
  for (let i = 8; i < length >> 4; i++) sum += mix16(bytes, 16 * i, secretAt(16 * (i - 8) + 3), secretAt(16 * (i - 8) + 11));
  sum += mix16(bytes, length - 16, secretAt(119), secretAt(127));
  return avalanche(u64(sum));
}

/** XXH3_128bits of bytes with seed 0: the high half and the low half. */
export function xxh128(bytes: Buffer): readonly [high: bigint, low: bigint] {
  const { length } = bytes;
  if (length <= 16) return short128(bytes);
  const size = BigInt(length);
  if (length > 240) {
    const sums = accumulate(bytes);
    return [merge(sums, secret.length - 64 - 11, ~u64(size * prime64[1])), merge(sums, 11, size * prime64[0])];
  }
  let low = u64(size * prime64[0]);
  let high = 0n;
  const pair = (first: number, second: number, at: number): void => {
    low += mix16(bytes, first, secretAt(at), secretAt(at + 8));
    low = u64(low) ^ u64(bytes.readBigUInt64LE(second) + bytes.readBigUInt64LE(second + 8));
    high += mix16(bytes, second, secretAt(at + 16), secretAt(at + 24));
    high = u64(high) ^ u64(bytes.readBigUInt64LE(first) + bytes.readBigUInt64LE(first + 8));
  };
  if (length <= 128) {
    for (let i = (length - 1) >> 5; i >= 0; i--) pair(16 * i, length - 16 * (i + 1), 32 * i);
  } else {
    for (let i = 0; i < 4; i++) pair(32 * i, 32 * i + 16, 32 * i);
    low = avalanche(low);
    high = avalanche(high);
    for (let i = 4; i < length >> 5; i++) pair(32 * i, 32 * i + 16, 3 + 32 * (i - 4));
    pair(length - 16, length - 32, 136 - 17 - 16);
  }
  const total = u64(low * prime64[0] + high * prime64[3] + size * prime64[1]);
  return [u64(-avalanche(total)), avalanche(u64(low + high))];
}

function short64(bytes: Buffer): bigint {
  const { length } = bytes;
  const size = BigInt(length);
  if (length > 8) {
    const first = bytes.readBigUInt64LE(0) ^ secretAt(24) ^ secretAt(32);
    const last = bytes.readBigUInt64LE(length - 8) ^ secretAt(40) ^ secretAt(48);
    return avalanche(u64(size + swap64(first) + last + foldedProduct(first, last)));
  }
  if (length >= 4) {
    const first = BigInt(bytes.readUInt32LE(0));
    const last = BigInt(bytes.readUInt32LE(length - 4));
    let hash = secretAt(8) ^ secretAt(16) ^ (last + (first << 32n));
    hash ^= rotate(hash, 49n) ^ rotate(hash, 24n);
    hash = u64(hash * primeMx2);
    hash ^= u64((hash >> 35n) + size);
    hash = u64(hash * primeMx2);
    return hash ^ (hash >> 28n);
  }
  if (length > 0) return avalancheShort(BigInt(combined(bytes)) ^ BigInt((secret.readUInt32LE(0) ^ secret.readUInt32LE(4)) >>> 0));
  return avalancheShort(secretAt(56) ^ secretAt(64));
}

function short128(bytes: Buffer): readonly [high: bigint, low: bigint] {
  const { length } = bytes;
  const size = BigInt(length);
  if (length > 8) {
    const first = bytes.readBigUInt64LE(0);
    const last = bytes.readBigUInt64LE(length - 8);
    const mixed = last ^ secretAt(48) ^ secretAt(56);
    const product = (first ^ last ^ secretAt(32) ^ secretAt(40)) * prime64[0];
    let low = u64(product) + ((size - 1n) << 54n);
    let high = (product >> 64n) + mixed + (mixed & 0xffff_ffffn) * (prime32[1] - 1n);
    low = u64(low) ^ swap64(u64(high));
    const wide = u64(low) * prime64[1];
    high = u64((wide >> 64n) + u64(high) * prime64[1]);
    return [avalanche(high), avalanche(u64(wide))];
  }
  if (length >= 4) {
    const value = BigInt(bytes.readUInt32LE(0)) + (BigInt(bytes.readUInt32LE(length - 4)) << 32n);
    const product = (value ^ secretAt(16) ^ secretAt(24)) * (prime64[0] + (size << 2n));
    let high = u64(product >> 64n);
    let low = u64(product);
    high = u64(high + (low << 1n));
    low ^= high >> 3n;
    low ^= low >> 35n;
    low = u64(low * primeMx2);
    low ^= low >> 28n;
    return [avalanche(high), low];
  }
  if (length > 0) {
    const word = combined(bytes);
    const swapped = swap32(word);
    const rotated = ((swapped << 13) | (swapped >>> 19)) >>> 0;
    const low = BigInt(word) ^ BigInt((secret.readUInt32LE(0) ^ secret.readUInt32LE(4)) >>> 0);
    const high = BigInt(rotated) ^ BigInt((secret.readUInt32LE(8) ^ secret.readUInt32LE(12)) >>> 0);
    return [avalancheShort(high), avalancheShort(low)];
  }
  return [avalancheShort(secretAt(80) ^ secretAt(88)), avalancheShort(secretAt(64) ^ secretAt(72))];
}

/** One to three bytes and their number as 32 bits. */
function combined(bytes: Buffer): number {
  const { length } = bytes;
  return ((bytes[0]! << 16) | (bytes[length >> 1]! << 24) | bytes[length - 1]! | (length << 8)) >>> 0;
}

/** The eight sums over a long input. */
function accumulate(bytes: Buffer): bigint[] {
  const sums = [prime32[2], prime64[0], prime64[1], prime64[2], prime64[3], prime32[1], prime64[4], prime32[0]] as bigint[];
  const stripes = Math.floor((bytes.length - 1) / stripeBytes);
  for (let i = 0; i < stripes; i++) {
    addStripe(sums, bytes, i * stripeBytes, (i % stripesPerBlock) * 8);
    if (i % stripesPerBlock === stripesPerBlock - 1) {
      for (let lane = 0; lane < 8; lane++) {
        const sum = sums[lane]!;
        sums[lane] = u64((sum ^ (sum >> 47n) ^ secretAt(secret.length - stripeBytes + 8 * lane)) * prime32[0]);
      }
    }
  }
  addStripe(sums, bytes, bytes.length - stripeBytes, secret.length - stripeBytes - 7);
  return sums;
}

function addStripe(sums: bigint[], bytes: Buffer, at: number, key: number): void {
  for (let lane = 0; lane < 8; lane++) {
    const value = bytes.readBigUInt64LE(at + 8 * lane);
    const keyed = value ^ secretAt(key + 8 * lane);
    sums[lane ^ 1] = u64(sums[lane ^ 1]! + value);
    sums[lane] = u64(sums[lane]! + (keyed & 0xffff_ffffn) * (keyed >> 32n));
  }
}

function merge(sums: readonly bigint[], key: number, start: bigint): bigint {
  let hash = start;
  for (let i = 0; i < 4; i++) hash += foldedProduct(sums[2 * i]! ^ secretAt(key + 16 * i), sums[2 * i + 1]! ^ secretAt(key + 16 * i + 8));
  return avalanche(u64(hash));
}

function mix16(bytes: Buffer, at: number, first: bigint, second: bigint): bigint {
  return foldedProduct(bytes.readBigUInt64LE(at) ^ first, bytes.readBigUInt64LE(at + 8) ^ second);
}

function foldedProduct(a: bigint, b: bigint): bigint {
  const product = a * b;
  return u64(product) ^ (product >> 64n);
}

function avalanche(hash: bigint): bigint {
  const mixed = u64((hash ^ (hash >> 37n)) * primeMx1);
  return mixed ^ (mixed >> 32n);
}

function avalancheShort(hash: bigint): bigint {
  let mixed = u64((hash ^ (hash >> 33n)) * prime64[1]);
  mixed = u64((mixed ^ (mixed >> 29n)) * prime64[2]);
  return mixed ^ (mixed >> 32n);
}

function secretAt(offset: number): bigint {
  return secret.readBigUInt64LE(offset);
}

function rotate(word: bigint, bits: bigint): bigint {
  return u64((word << bits) | (word >> (64n - bits)));
}

function swap32(word: number): number {
  return (((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}

const swapping = Buffer.alloc(8);

function swap64(word: bigint): bigint {
  swapping.writeBigUInt64LE(word);
  return swapping.readBigUInt64BE(0);
}

function u64(word: bigint): bigint {
  return BigInt.asUintN(64, word);
}
