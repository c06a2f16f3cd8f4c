import { BufferPool } from '../buffer-pool.ts';
import { MemoryLedger } from '../memory-ledger.ts';
import { jsonToProtobuf } from './json-to-protobuf.ts';
import { protobufToJson } from './protobuf-to-json.ts';
import type { Encoded } from './protobuf-writer.ts';

const pool = new BufferPool(new MemoryLedger(Infinity), { retainBytes: 64 * 1024 });

function copyOf({ lease, length }: Encoded): Buffer {
  using bytes = lease;
  return Buffer.from(bytes.buffer.subarray(0, length));
}

/**
 * Writes a small message, such as an `ExportTraceServiceResponse`, as OTLP/JSON; the form is that of `encodeJson`. For bytes of our own making:
 * they must be well formed.
 */
export function encodeMessageJson(messageName: string, bytes: Uint8Array): string {
  return copyOf(protobufToJson(messageName, Buffer.from(bytes), pool)).toString();
}

/** Reads a small message from OTLP/JSON into protobuf, as `jsonToProtobuf` does. Throws a `WireError` with the offset in the UTF-8 text. */
export function decodeMessageJson(messageName: string, json: string | Uint8Array): Buffer {
  const text = Buffer.from(json as string);
  return copyOf(jsonToProtobuf(messageName, text, 0, text.length, pool));
}
