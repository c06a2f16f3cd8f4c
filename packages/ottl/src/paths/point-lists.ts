import { ByteWriter } from '@millrace/wire';

function encoded(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  write(writer);
  return writer.buffer.subarray(0, writer.position);
}

/** Packed fixed64 counts. */
export function encodeCounts(counts: readonly bigint[]): Uint8Array {
  return encoded((writer) => {
    for (const count of counts) writer.fixed64(count);
  });
}

/** Packed doubles. */
export function encodeDoubles(values: readonly number[]): Uint8Array {
  return encoded((writer) => {
    for (const value of values) writer.double(value);
  });
}

/** A `Buckets` message: its offset and its counts. */
export function encodeBuckets(offset: number, counts: readonly bigint[]): Uint8Array {
  return encoded((writer) => {
    if (offset !== 0) {
      writer.byte(0x08);
      writer.varint(((offset << 1) ^ (offset >> 31)) >>> 0);
    }
    if (counts.length === 0) return;
    const at = writer.begin(0x12);
    for (const count of counts) writer.varint64(count);
    writer.end(at);
  });
}
