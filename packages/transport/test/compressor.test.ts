import { type Compression, createCompressor } from '@millrace/transport';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { uncompress } from 'snappyjs';
import { decodeLz4 } from '../src/lz4/decode-lz4.ts';
import { decodeSnappy } from '../src/server/snappy.ts';

const unsnap = (bytes: Buffer): Buffer => {
  const output = Buffer.alloc(4_000_000);
  const length = decodeSnappy(bytes, { reserve: () => output });
  expect(typeof length).toBe('number');
  return output.subarray(0, length as number);
};

const unlz4 = (bytes: Buffer): Buffer => {
  const output = Buffer.alloc(4_000_000);
  const length = decodeLz4(bytes, { reserve: () => output });
  expect(typeof length).toBe('number');
  return output.subarray(0, length as number);
};

const unpackers: [Exclude<Compression, 'none'>, (bytes: Buffer) => Buffer][] = [
  ['gzip', gunzipSync],
  ['zlib', inflateSync],
  ['deflate', inflateSync],
  ['zstd', zstdDecompressSync],
  ['snappy', unsnap],
  ['x-snappy-framed', unsnap],
  ['lz4', unlz4],
];

function text(length: number): Buffer {
  let seed = 7;
  const words = Array.from({ length: length / 5 }, () => `${((seed = (seed * 48_271) % 2_147_483_647) % 900) + 100} `.padEnd(5, 'x'));
  return Buffer.from(words.join('')).subarray(0, length);
}

/** In a larger, shared buffer, as bodies are. */
function inPool(bytes: Buffer): Buffer {
  const pool = Buffer.from(new SharedArrayBuffer(bytes.length + 100));
  bytes.copy(pool, 50);
  return pool.subarray(50, 50 + bytes.length);
}

describe('a compressor', () => {
  it('is not needed for none', () => {
    expect(createCompressor('none')).toBeUndefined();
  });

  it.each(unpackers)('makes %s that reads back the same, of any size', async (compression, unpack) => {
    const compress = createCompressor(compression)!;
    for (const size of [0, 1, 1000, 65_536, 65_537, 3_000_000]) {
      const body = text(size);
      const compressed = await compress(inPool(body));
      expect(unpack(compressed).equals(body)).toBe(true);
      if (size > 1000) expect(compressed.length).toBeLessThan(size);
    }
  });

  it('keeps what cannot be compressed as it is in framed snappy', async () => {
    let state = 1;
    const noise = Buffer.from(Array.from({ length: 100_000 }, () => (state = (state * 48_271) % 2_147_483_647) >> 8));
    const compressed = await createCompressor('x-snappy-framed')!(noise);
    expect(compressed.length).toBeLessThan(noise.length + 100);
    expect(unsnap(compressed).equals(noise)).toBe(true);
  });

  it('does not hold up the event loop for a large body', () => {
    expect(Buffer.isBuffer(createCompressor('gzip')!(text(2_000_000)))).toBe(false);
    expect(Buffer.isBuffer(createCompressor('gzip')!(text(1000)))).toBe(true);
  });

  const sizeAt = async (compression: Compression, level: number): Promise<number> =>
    (await createCompressor(compression, level)!(text(500_000))).length;

  it.each(['gzip', 'zlib', 'deflate'] as const)("understands Go's levels of %s", async (compression) => {
    const [fastest, standard, smallest, huffman] = await Promise.all([1, 6, 9, -2].map((level) => sizeAt(compression, level)));
    expect(standard).toBeLessThan(fastest!);
    expect(smallest).toBeLessThanOrEqual(standard!);
    expect(huffman).toBeGreaterThan(fastest!);
    expect(await sizeAt(compression, 0)).toBe(standard);
    expect(await sizeAt(compression, -1)).toBe(standard);
  });

  it("rounds zstd's levels down to four", async () => {
    const sizes = await Promise.all([-1, 0, 2, 1, 3, 5, 6, 9, 11, 22].map((level) => sizeAt('zstd', level)));
    expect(new Set(sizes.slice(0, 4)).size).toBe(1);
    expect(sizes[4]).toBe(sizes[5]);
    expect(sizes[6]).toBe(sizes[7]);
    expect(sizes[8]).toBe(sizes[9]);
    expect(new Set(sizes).size).toBe(4);
  });
});

describe('A snappy block', () => {
  const pieces = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 20_000 })).map(([bytes, times]) => {
        const repeated = Buffer.alloc(bytes.length * times);
        return repeated.fill(bytes);
      }),
    ),
    { maxLength: 12 },
  );

  it('is what another implementation reads, whatever repeats at whatever distance', () => {
    const compress = createCompressor('snappy')!;
    fc.assert(
      fc.property(pieces, (all) => {
        const body = Buffer.concat([...all, ...all]);
        expect(Buffer.from(uncompress(compress(body) as Buffer)).equals(body)).toBe(true);
      }),
    );
  });

  it('of a large body takes no memory that a smaller one uses later', async () => {
    const compress = createCompressor('snappy')!;
    const large = text(5_000_000);
    expect(unsnap(await compress(text(1000))).equals(text(1000))).toBe(true);
    expect(Buffer.from(uncompress(await compress(large))).equals(large)).toBe(true);
    expect(unsnap(await compress(text(1000))).equals(text(1000))).toBe(true);
  });
});
