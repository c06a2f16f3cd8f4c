import { BufferPool, MemoryLedger, admitJson, noClient, type Batch, type Signal } from '@millrace/wire';

/** OTLP/JSON attributes of plain values. */
export type Value = string | number | boolean | Uint8Array | readonly Value[] | { readonly [key: string]: Value };

export function anyValue(value: Value): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return { kvlistValue: { values: attributes(value as Readonly<Record<string, Value>>) } };
}

export function attributes(values: Readonly<Record<string, Value>>): object[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }));
}

/** Makes a batch of an OTLP/JSON request and gives it to `use`. */
export function withBatch<T>(signal: Signal, request: object, use: (batch: Batch) => T): T {
  const pool = new BufferPool(new MemoryLedger(64 * 1024 * 1024), { poison: true });
  const body = Buffer.from(JSON.stringify(request));
  const lease = pool.lease(body.length);
  lease.buffer.set(body);
  using batch = admitJson(signal, lease, 0, body.length, noClient);
  return use(batch);
}
