import type { ByteRange, ByteWriter } from '@millrace/wire';

const nanosInSecond = 1_000_000_000n;

/** The `v_type` of a KeyValue: one of api_v2 ValueType. */
export function writeType(writer: ByteWriter, type: number): void {
  writer.byte(0x10);
  writer.byte(type);
}

/** A text field; nothing for an empty text. */
export function writeText(writer: ByteWriter, tag: number, value: string): void {
  if (value === '') return;
  const at = writer.begin(tag);
  writer.text(value);
  writer.end(at);
}

/** A field of the bytes `[start, end)` of a buffer. */
export function writeBytes(writer: ByteWriter, tag: number, buffer: Buffer, start: number, end: number): void {
  const at = writer.begin(tag);
  copyRange(writer, buffer, start, end);
  writer.end(at);
}

/** Up to this length a loop copies faster than a call. */
const longBytes = 48;

function copyRange(writer: ByteWriter, source: Buffer, start: number, end: number): void {
  const length = end - start;
  if (length > longBytes) {
    writer.bytes(source.subarray(start, end));
    return;
  }
  writer.room(length);
  const { buffer } = writer;
  let at = writer.position;
  for (let i = start; i < end; i++) buffer[at++] = source[i]!;
  writer.position = at;
}

/** Jaeger refuses ids of another length: a missing one is zeros. */
export function writeId(writer: ByteWriter, tag: number, sizeBytes: number, { buffer, start, end }: ByteRange): void {
  writer.byte(tag);
  writer.byte(sizeBytes);
  for (let i = end - start; i < sizeBytes; i++) writer.byte(0);
  copyRange(writer, buffer, start, end);
}

/** A google.protobuf.Timestamp or Duration. */
export function writeTime(writer: ByteWriter, tag: number, nanos: bigint): void {
  const at = writer.begin(tag);
  const seconds = nanos / nanosInSecond;
  const rest = nanos % nanosInSecond;
  if (seconds !== 0n) {
    writer.byte(0x08);
    writer.varint64(seconds);
  }
  if (rest !== 0n) {
    writer.byte(0x10);
    writer.varint64(rest);
  }
  writer.end(at);
}
