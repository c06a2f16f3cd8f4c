import zlib from 'node:zlib';
import { createCompressor } from '@millrace/transport';
import { crc32c } from '../../packages/transport/src/server/crc32c.ts';
import { xxh32 } from '../../packages/transport/src/lz4/xxh32.ts';
import { mutateBytes } from './mutate-bytes.ts';
import type { Random } from './random.ts';

/** The content codings that are sent; gRPC has but three of them. */
export const codings = ['gzip', 'zstd', 'zlib', 'deflate', 'snappy', 'x-snappy-framed', 'lz4'] as const;

/** One of them. */
export type Coding = (typeof codings)[number];

/** The codings that gRPC has. */
export const grpcCodings: ReadonlySet<Coding> = new Set(['gzip', 'zstd', 'snappy']);

/** More than any receiver takes, compressed into little. */
const bombBytes = 24 * 1024 * 1024;
const bombs = new Map<Coding, Buffer>();

/** Compresses a body. */
export function encode(coding: Coding, body: Buffer): Buffer {
  switch (coding) {
    case 'gzip':
      return zlib.gzipSync(body);
    case 'zstd':
      return zlib.zstdCompressSync(body);
    case 'zlib':
    case 'deflate':
      return zlib.deflateSync(body);
    default:
      // These two never leave the event loop.
      return createCompressor(coding)!(body) as Buffer;
  }
}

/** A compressed body that is too large when it is undone. */
export function bomb(coding: Coding): Buffer {
  let bytes = bombs.get(coding);
  if (bytes === undefined) bombs.set(coding, (bytes = encode(coding, Buffer.alloc(bombBytes))));
  return bytes;
}

/** Whether this is what `bomb` returned. */
export function isBomb(bytes: Buffer): boolean {
  return [...bombs.values()].includes(bytes);
}

/** A compressed body with one to three faults: cut off, changed, repeated. */
export function damage(bytes: Buffer, random: Random): Buffer {
  if (random.once(4)) return bytes.subarray(0, random.below(bytes.length + 1));
  if (random.once(10)) return Buffer.concat([bytes, bytes]);
  let damaged = bytes;
  for (let i = random.below(3); i >= 0; i--) damaged = mutateBytes(damaged, bytes, random);
  return damaged;
}

/** Undoes a coding with decoders other than the receiver's: zlib's own, and the two formats read word by word. Throws when it cannot. */
export function decode(coding: Coding, bytes: Buffer): Buffer {
  switch (coding) {
    case 'gzip':
      return zlib.gunzipSync(bytes);
    case 'zstd':
      return zlib.zstdDecompressSync(bytes);
    case 'zlib':
    case 'deflate':
      return zlib.inflateSync(bytes);
    case 'lz4':
      return lz4(bytes);
    default:
      return snappy(bytes);
  }
}

/** Takes pieces off the front of a payload; throws when it is too short. */
class Source {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  take(size: number): Buffer {
    if (size > this.left) throw new Error('cut off');
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }

  number(size: number): number {
    return this.take(size).readUIntLE(0, size);
  }
}

function fail(what: string): never {
  throw new Error(what);
}

function append(output: number[], bytes: Buffer): void {
  for (const byte of bytes) output.push(byte);
}

/** Appends `length` bytes from `offset` bytes back, one by one. */
function copyBack(output: number[], offset: number, length: number, oldest: number): void {
  if (offset === 0 || offset > output.length - oldest) fail('an offset in front of the start');
  for (let i = 0; i < length; i++) output.push(output[output.length - offset]!);
}

const identifier = Buffer.from('ff060000734e61507059', 'hex');

function snappy(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, 10).equals(identifier)) return snappyBlock(bytes);
  const source = new Source(bytes);
  const parts: Buffer[] = [];
  while (source.left > 0) {
    const type = source.number(1);
    const chunk = source.take(source.number(3));
    if (type === 0xff && !chunk.equals(identifier.subarray(4))) fail('another identifier');
    if (type >= 0x80) continue;
    if (type > 1 || chunk.length < 4) fail('a chunk that may not be skipped');
    const data = type === 1 ? chunk.subarray(4) : snappyBlock(chunk.subarray(4));
    const crc = crc32c(data, 0, data.length);
    const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
    if (data.length > 65_536 || masked !== chunk.readUInt32LE(0)) fail('checksum');
    parts.push(data);
  }
  return Buffer.concat(parts);
}

function snappyBlock(bytes: Buffer): Buffer {
  const source = new Source(bytes);
  let size = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = source.number(1);
    size += (byte & 127) * 2 ** shift;
    if (byte < 128) break;
    if (shift === 28) fail('a long size');
  }
  const output: number[] = [];
  while (source.left > 0) {
    const tag = source.number(1);
    const upper = tag >>> 2;
    if ((tag & 3) === 0) append(output, source.take(1 + (upper < 60 ? upper : source.number(upper - 59))));
    else if ((tag & 3) === 1) copyBack(output, ((tag >>> 5) << 8) | source.number(1), 4 + (upper & 7), 0);
    else copyBack(output, source.number((tag & 3) === 2 ? 2 : 4), upper + 1, 0);
    if (output.length > size) fail('more than the size');
  }
  if (output.length !== size) fail('less than the size');
  return Buffer.from(output);
}

function lz4(bytes: Buffer): Buffer {
  const source = new Source(bytes);
  const output: number[] = [];
  do {
    const magic = source.number(4);
    if (magic >>> 4 === 0x184d2a5) source.take(source.number(4));
    else if (magic === 0x184d2204) lz4Frame(source, output);
    else fail('no frame');
  } while (source.left > 0);
  return Buffer.from(output);
}

function lz4Frame(source: Source, output: number[]): void {
  const start = source.at;
  const flags = source.number(1);
  const sizeCode = (source.number(1) >>> 4) & 7;
  if (flags >>> 6 !== 1 || (flags & 1) !== 0 || sizeCode < 4) fail('a frame that is not supported');
  if ((flags & 8) !== 0) source.take(8);
  if (source.number(1) !== ((xxh32(source.bytes, start, source.at - 1) >>> 8) & 0xff)) fail('header checksum');
  const largest = 4 ** sizeCode * 256;
  const first = output.length;
  for (;;) {
    const head = source.number(4);
    if (head === 0) break;
    if ((head & 0x7fff_ffff) > largest) fail('a large block');
    const block = source.take(head & 0x7fff_ffff);
    if (head >= 2 ** 31) append(output, block);
    else lz4Block(new Source(block), output, (flags & 32) === 0 ? first : output.length, output.length + largest);
    if ((flags & 16) !== 0 && source.number(4) !== xxh32(block, 0, block.length)) fail('block checksum');
  }
  const content = Buffer.from(output.slice(first));
  if ((flags & 4) !== 0 && source.number(4) !== xxh32(content, 0, content.length)) fail('content checksum');
}

function lz4Block(source: Source, output: number[], oldest: number, limit: number): void {
  const length = (nibble: number): number => {
    let total = nibble;
    for (let more = nibble === 15 ? 255 : 0; more === 255; total += more) more = source.number(1);
    return total;
  };
  for (;;) {
    if (source.left === 0) fail('a block that ends behind a match');
    const token = source.number(1);
    append(output, source.take(length(token >>> 4)));
    if (output.length > limit) fail('a block that is too large');
    if (source.left === 0) return;
    const offset = source.number(2);
    copyBack(output, offset, length(token & 15) + 4, oldest);
    if (output.length > limit) fail('a block that is too large');
  }
}
