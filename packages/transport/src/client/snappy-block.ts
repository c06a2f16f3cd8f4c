/** Matches reach back within blocks of this size. */
const blockBytes = 65_536;
/** So close to the end of a block nothing is looked for, so that words can be read without looking where the end is. */
const marginBytes = 15;
const tableBits = 14;
/** Larger results are not written into memory that is kept. */
const keptBytes = 4 * 1024 * 1024;

const table = new Uint16Array(1 << tableBits);
let kept: Buffer = Buffer.allocUnsafeSlow(blockBytes);

/**
 * Compresses into one Snappy block (google/snappy, format_description.txt) in a buffer of its own, by the algorithm of the C++ and Go libraries:
 * four bytes at a time are looked up by their hash, and the longer nothing is found the fewer are.
 */
export function compressSnappy(body: Buffer): Buffer {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const mostBytes = 32 + body.length + Math.ceil(body.length / 6);
  let out = kept;
  if (mostBytes > out.length) {
    out = Buffer.allocUnsafeSlow(mostBytes);
    if (mostBytes <= keptBytes) kept = out;
  }
  let at = 0;
  let rest = body.length;
  for (; rest > 0x7f; rest >>>= 7) out[at++] = (rest & 0x7f) | 0x80;
  out[at++] = rest;
  for (let start = 0; start < body.length; start += blockBytes) {
    at = compressBlock(body, view, start, Math.min(start + blockBytes, body.length), out, at);
  }
  return Buffer.from(out.subarray(0, at));
}

function hash(word: number): number {
  return Math.imul(word, 0x1e35_a7bd) >>> (32 - tableBits);
}

function compressBlock(body: Buffer, view: DataView, start: number, end: number, out: Buffer, outAt: number): number {
  const limit = end - marginBytes;
  let at = outAt;
  let written = start;
  if (limit > start) {
    table.fill(0);
    for (let p = start + 1; ;) {
      let candidate = start;
      let found = false;
      for (let tries = 32; p <= limit; p += tries++ >>> 5) {
        const word = view.getInt32(p, true);
        const slot = hash(word);
        candidate = start + table[slot]!;
        table[slot] = p - start;
        if (view.getInt32(candidate, true) === word) {
          found = true;
          break;
        }
      }
      if (!found) break;
      at = writeLiteral(body, written, p, out, at);
      for (;;) {
        const from = p;
        const offset = p - candidate;
        p += 4;
        while (p <= end - 4 && view.getInt32(p, true) === view.getInt32(p - offset, true)) p += 4;
        while (p < end && body[p] === body[p - offset]) p++;
        at = writeCopy(offset, p - from, out, at);
        written = p;
        if (p >= limit) return writeLiteral(body, written, end, out, at);
        table[hash(view.getInt32(p - 1, true))] = p - 1 - start;
        const word = view.getInt32(p, true);
        const slot = hash(word);
        candidate = start + table[slot]!;
        table[slot] = p - start;
        if (view.getInt32(candidate, true) !== word) break;
      }
      p++;
    }
  }
  return writeLiteral(body, written, end, out, at);
}

function writeLiteral(body: Buffer, from: number, to: number, out: Buffer, outAt: number): number {
  const length = to - from;
  if (length === 0) return outAt;
  let at = outAt;
  if (length <= 60) out[at++] = (length - 1) << 2;
  else if (length <= 256) {
    out[at++] = 60 << 2;
    out[at++] = length - 1;
  } else {
    out[at++] = 61 << 2;
    out[at++] = (length - 1) & 0xff;
    out[at++] = (length - 1) >>> 8;
  }
  if (length > 64) body.copy(out, at, from, to);
  else for (let p = from, q = at; p < to;) out[q++] = body[p++]!;
  return at + length;
}

function writeCopy(offset: number, length: number, out: Buffer, outAt: number): number {
  let at = outAt;
  let left = length;
  while (left > 0) {
    // A copy has at least four bytes when it is a short one; what is left must not be less.
    const now = left >= 68 ? 64 : left > 64 ? 60 : left;
    if (now >= 4 && now < 12 && offset < 2048) {
      out[at++] = 1 | ((now - 4) << 2) | ((offset >>> 8) << 5);
      out[at++] = offset & 0xff;
    } else {
      out[at++] = 2 | ((now - 1) << 2);
      out[at++] = offset & 0xff;
      out[at++] = offset >>> 8;
    }
    left -= now;
  }
  return at;
}
