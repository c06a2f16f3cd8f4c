import { promisify } from 'node:util';
import { constants, deflate, deflateSync, gzip, gzipSync, zstdCompress, zstdCompressSync } from 'node:zlib';
import { encodeLz4 } from '../lz4/encode-lz4.ts';
import { compressSnappy } from './snappy-block.ts';
import { compressSnappyFrames } from './snappy-frames.ts';

/** The compressions that the clients can send. `zlib` and `deflate` are the same bytes (RFC 1950), under two names. */
export type Compression = 'none' | 'gzip' | 'zlib' | 'deflate' | 'zstd' | 'snappy' | 'x-snappy-framed' | 'lz4';

/**
 * Compresses one body into a buffer of its own; the input is only read. A promise means that the input is still being read until it
 * settles.
 */
export type Compressor = (body: Buffer) => Buffer | Promise<Buffer>;

/**
 * From here on a body is compressed on a thread of libuv, which costs a tenth more CPU, so that one body never stops the event loop for
 * much longer than 5 ms.
 */
const asyncFromBytes = 1024 * 1024;

/** What gzip's "default compression" means in Go and in zlib. */
const defaultLevel = 6;

/** Go's `flate.HuffmanOnly`. */
const huffmanOnly = -2;

/** One eighth of the body: telemetry shrinks by five to ten, so the result is one or two pieces. */
function chunkSize(body: Buffer): number {
  return Math.max(4096, body.length >> 3);
}

/** Higher memory (384 KiB while it runs) makes the same size in a seventh less time. */
function zlibOptions(level: number): { level: number; memLevel: number; strategy: number } {
  const huffman = level === huffmanOnly;
  return {
    level: level === 0 || level === -1 ? defaultLevel : huffman ? 1 : level,
    memLevel: 9,
    strategy: huffman ? constants.Z_HUFFMAN_ONLY : constants.Z_DEFAULT_STRATEGY,
  };
}

/** The Collector knows four speeds of zstd and rounds any level down to one of them; 0 and -1 are the fastest. */
function zstdLevel(level: number): number {
  if (level < 3) return 1;
  if (level < 6) return 3;
  return level < 10 ? 6 : 11;
}

interface Codec {
  readonly now: (body: Buffer, options: object) => Buffer;
  readonly later: (body: Buffer, options: object) => Promise<Buffer>;
  readonly options: (level: number) => object;
}

const zlibCodec: Codec = { now: deflateSync, later: promisify(deflate), options: zlibOptions };

const codecs: Readonly<Record<'gzip' | 'zlib' | 'deflate' | 'zstd', Codec>> = {
  gzip: { now: gzipSync, later: promisify(gzip), options: zlibOptions },
  zlib: zlibCodec,
  deflate: zlibCodec,
  zstd: {
    now: zstdCompressSync,
    later: promisify(zstdCompress),
    options: (level) => ({ params: { [constants.ZSTD_c_compressionLevel]: zstdLevel(level) } }),
  },
};

/**
 * Makes the compressor for a Collector `compression` and `compression_params.level`; `undefined` for `none`. Levels are Go's: gzip, zlib and
 * deflate take 1 (fastest) to 9 (smallest), 0 and -1 for the default (6) and -2 for Huffman coding only; zstd maps every number to one of
 * four speeds. The others have no levels: `snappy` is one block, `x-snappy-framed` the stream format, `lz4` the frame format.
 */
export function createCompressor(compression: Compression, level = 0): Compressor | undefined {
  if (compression === 'none') return undefined;
  if (compression === 'snappy') return compressSnappy;
  if (compression === 'x-snappy-framed') return compressSnappyFrames;
  if (compression === 'lz4') return encodeLz4;
  const { now, later, options } = codecs[compression];
  const fixed = options(level);
  return (body) => {
    const settings = { ...fixed, chunkSize: chunkSize(body) };
    return body.length < asyncFromBytes ? now(body, settings) : later(body, settings);
  };
}
