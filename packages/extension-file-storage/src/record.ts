import { crc32 } from 'node:zlib';
import type { Signal } from '@millrace/api';

/**
 * The format of a segment file, version 1. All numbers are little-endian.
 *
 *     header, 16 bytes:  "MRLG" | u8 version | u8 0 | u48 first sequence number | u32 CRC of the 12 bytes before
 *     record, 28 bytes:  u32 marker | u32 CRC of everything after it | u32 length of what follows these 28 bytes | u48 sequence number |
 *                        u8 signal | u8 0 | u32 items | u32 length of the client
 *       then the client's metadata (see `encodeClient`), then the Export*ServiceRequest
 *
 * CRC is the CRC-32 of zlib. A version that differs gets another number; a reader keeps the older ones.
 */
export const formatVersion = 1;

export const segmentHeaderBytes = 16;
export const recordHeaderBytes = 28;

const magic = Buffer.from('MRLG');
/** Begins every record, so that those behind a damaged one are found again. */
export const marker: Buffer = Buffer.from([0xec, 0x4d, 0x52, 0x0d]);

const signalCodes: Readonly<Record<Signal, number>> = { traces: 1, metrics: 2, logs: 3, profiles: 4 };
const signalsByCode: readonly (Signal | undefined)[] = [undefined, 'traces', 'metrics', 'logs', 'profiles'];

/** Writes the header of a segment into the first 16 bytes. */
export function writeSegmentHeader(target: Buffer, firstSequence: number): void {
  magic.copy(target, 0);
  target[4] = formatVersion;
  target[5] = 0;
  target.writeUIntLE(firstSequence, 6, 6);
  target.writeUInt32LE(crc32(target.subarray(0, 12)), 12);
}

/** The version of a segment; undefined when its header is damaged. */
export function readSegmentVersion(bytes: Buffer): number | undefined {
  if (bytes.length < segmentHeaderBytes || !bytes.subarray(0, 4).equals(magic)) return undefined;
  return crc32(bytes.subarray(0, 12)) === bytes.readUInt32LE(12) ? bytes[4] : undefined;
}

/** What a record holds beside its payload. */
export interface RecordHeader {
  readonly sequence: number;
  readonly signal: Signal;
  readonly items: number;
}

/** Writes the header of a record to `at`. */
export function writeRecordHeader(target: Buffer, at: number, header: RecordHeader, client: Buffer, request: Buffer): void {
  marker.copy(target, at);
  target.writeUInt32LE(client.length + request.length, at + 8);
  target.writeUIntLE(header.sequence, at + 12, 6);
  target[at + 18] = signalCodes[header.signal];
  target[at + 19] = 0;
  target.writeUInt32LE(header.items, at + 20);
  target.writeUInt32LE(client.length, at + 24);
  let crc = crc32(target.subarray(at + 8, at + recordHeaderBytes));
  if (client.length > 0) crc = crc32(client, crc);
  target.writeUInt32LE(crc32(request, crc), at + 4);
}

/** An intact record in a buffer. */
export interface RecordView extends RecordHeader {
  /** Where the request starts: the client's metadata is between the header and it. */
  readonly requestAt: number;
  readonly end: number;
}

/** The record at `at`; undefined when there is none that is intact. */
export function readRecord(bytes: Buffer, at: number): RecordView | undefined {
  const payloadAt = at + recordHeaderBytes;
  if (payloadAt > bytes.length || bytes.compare(marker, 0, 4, at, at + 4) !== 0) return undefined;
  const end = payloadAt + bytes.readUInt32LE(at + 8);
  const requestAt = payloadAt + bytes.readUInt32LE(at + 24);
  const signal = signalsByCode[bytes[at + 18]!];
  if (end > bytes.length || requestAt > end || signal === undefined) return undefined;
  if (crc32(bytes.subarray(at + 8, end)) !== bytes.readUInt32LE(at + 4)) return undefined;
  return { sequence: bytes.readUIntLE(at + 12, 6), signal, items: bytes.readUInt32LE(at + 20), requestAt, end };
}
