import type { Transform } from 'node:stream';
import zlib, { type ZlibOptions, type ZstdOptions } from 'node:zlib';
import type { Lease } from '@millrace/wire';
import { decodeLz4 } from '../lz4/decode-lz4.ts';
import { type DecodeFault, decodeSnappy, type DecodeTarget } from './snappy.ts';

/** The content codings that a server can undo. `deflate` means the zlib format, as in the Collector. */
export type ContentCoding = 'gzip' | 'zlib' | 'deflate' | 'zstd' | 'snappy' | 'x-snappy-framed' | 'lz4';

/** Every content coding. */
export const contentCodings: readonly ContentCoding[] = ['gzip', 'zstd', 'zlib', 'snappy', 'deflate', 'lz4', 'x-snappy-framed'];

/** Why a body could not be read to its end. */
export type BodyFault = 'too large' | 'no memory' | 'malformed';

/** Is told how a decompression ended; exactly one of the two is called, once, perhaps before `decompress` returns. */
export interface DecompressTarget {
  /** The decoded body is `[0, length)` of the lease, which the target takes over. */
  decompressed(body: Lease, length: number): void;
  /** `detail` says what is wrong with a malformed body. */
  undecodable(fault: BodyFault, detail: string): void;
}

/**
 * Beyond these sizes a decompression leaves the event loop. Below, one synchronous call costs about half of what a stream does; from about
 * 1 MB of output on they cost the same.
 */
const synchronousInputBytes = 128 * 1024;
const synchronousOutputBytes = 2 * 1024 * 1024;

/**
 * Undoes a content coding: `[0, length)` of `input`, which is taken over, becomes a new lease of at most `limitBytes`. Memory is leased
 * from the pool as output appears and stays within its ledger, so a bomb costs no more than the limit.
 */
export function decompress(coding: ContentCoding, input: Lease, length: number, limitBytes: number, target: DecompressTarget): void {
  const encoded = input.buffer.subarray(0, length);
  if (coding === 'snappy' || coding === 'x-snappy-framed') decode('snappy', decodeSnappy, input, encoded, limitBytes, target);
  else if (coding === 'lz4') decode('lz4', decodeLz4, input, encoded, limitBytes, target);
  else if (length > synchronousInputBytes) inBackground(coding, input, encoded, limitBytes, target);
  else atOnce(coding, input, encoded, limitBytes, target);
}

/** Decodes with a decoder of our own, straight into leased memory. */
function decode(
  name: string,
  decoder: (input: Uint8Array, target: DecodeTarget) => number | DecodeFault,
  input: Lease,
  encoded: Buffer,
  limitBytes: number,
  target: DecompressTarget,
): void {
  const output = input.pool.lease(1);
  let starved = false;
  const result = decoder(encoded, {
    reserve: (sizeBytes, keepBytes) => {
      starved = sizeBytes <= limitBytes && !makeRoom(output, sizeBytes, keepBytes);
      if (starved || sizeBytes > limitBytes) return undefined;
      // A lease may be larger than it was asked to be.
      return output.buffer.length > limitBytes ? output.buffer.subarray(0, limitBytes) : output.buffer;
    },
  });
  input.release();
  if (typeof result === 'number') return target.decompressed(output, result);
  output.release();
  if (starved) target.undecodable('no memory', '');
  else if (result === 'too large') target.undecodable('too large', '');
  else target.undecodable('malformed', `${name}: corrupt input`);
}

function atOnce(coding: ContentCoding, input: Lease, encoded: Buffer, limitBytes: number, target: DecompressTarget): void {
  const maxOutputLength = Math.min(limitBytes, synchronousOutputBytes);
  let decoded: Buffer;
  try {
    decoded = inflateSync(coding, encoded, maxOutputLength, limitBytes);
  } catch (error) {
    const fault = error as NodeJS.ErrnoException;
    if (fault.code === 'ERR_BUFFER_TOO_LARGE' && maxOutputLength < limitBytes)
      return inBackground(coding, input, encoded, limitBytes, target);
    input.release();
    if (fault.code === 'ERR_BUFFER_TOO_LARGE') target.undecodable('too large', '');
    else target.undecodable('malformed', `${coding}: ${fault.message}`);
    return;
  }
  const { pool } = input;
  input.release();
  if (pool.ledger.available < decoded.length) return target.undecodable('no memory', '');
  const output = pool.lease(decoded.length);
  decoded.copy(output.buffer);
  target.decompressed(output, decoded.length);
}

/** An output buffer of the right size saves a fifth of the time: gzip ends with the size, others are guessed. */
function outputSize(coding: ContentCoding, encoded: Buffer, maxOutputLength: number): number {
  const guess = coding === 'gzip' && encoded.length >= 18 ? encoded.readUInt32LE(encoded.length - 4) + 1 : encoded.length * 6;
  return Math.min(Math.max(guess, 1024), maxOutputLength + 1);
}

function inflateSync(coding: ContentCoding, encoded: Buffer, maxOutputLength: number, limitBytes: number): Buffer {
  const chunkSize = outputSize(coding, encoded, maxOutputLength);
  if (coding === 'zstd') return zlib.zstdDecompressSync(encoded, { ...zstdOptions(limitBytes), chunkSize, maxOutputLength });
  const options: ZlibOptions = { chunkSize, maxOutputLength };
  return coding === 'gzip' ? zlib.gunzipSync(encoded, options) : zlib.inflateSync(encoded, options);
}

/** A zstd frame may ask for a window of up to 2 GiB; none needs more than the largest body, nor less than the 8 MiB that RFC 8878 asks for. */
function zstdOptions(limitBytes: number): ZstdOptions {
  const windowLog = Math.min(27, Math.max(23, Math.ceil(Math.log2(limitBytes))));
  return { params: { [zlib.constants.ZSTD_d_windowLogMax]: windowLog } };
}

function inBackground(coding: ContentCoding, input: Lease, encoded: Buffer, limitBytes: number, target: DecompressTarget): void {
  const chunkSize = 128 * 1024;
  const decoder: Transform =
    coding === 'zstd'
      ? zlib.createZstdDecompress({ ...zstdOptions(limitBytes), chunkSize })
      : coding === 'gzip'
        ? zlib.createGunzip({ chunkSize })
        : zlib.createInflate({ chunkSize });
  const output = input.pool.lease(encoded.length);
  let length = 0;
  let settled = false;
  const refuse = (fault: BodyFault, detail: string): void => {
    if (settled) return;
    settled = true;
    output.release();
    decoder.destroy();
    target.undecodable(fault, detail);
  };
  decoder.on('data', (chunk: Buffer) => {
    if (settled) return;
    const end = length + chunk.length;
    if (end > limitBytes) return refuse('too large', '');
    if (!makeRoom(output, end, length)) return refuse('no memory', '');
    chunk.copy(output.buffer, length);
    length = end;
  });
  decoder.on('error', (error) => refuse('malformed', `${coding}: ${error.message}`));
  decoder.on('end', () => {
    if (settled) return;
    settled = true;
    target.decompressed(output, length);
  });
  // Only now is no thread reading the input any more.
  decoder.on('close', () => input.release());
  decoder.end(encoded);
}

function makeRoom(lease: Lease, sizeBytes: number, keepBytes: number): boolean {
  if (sizeBytes <= lease.buffer.length) return true;
  if (lease.pool.ledger.available < sizeBytes) return false;
  lease.grow(sizeBytes, keepBytes);
  return true;
}
