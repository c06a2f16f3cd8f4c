import { configOf, Sink, testContext, testHost } from '@millrace/api/testing';
import type { TestContext } from '@millrace/api/testing';
import { admitBytes, decodeMessageJson, encodeMessageJson, noClient, requestMessage } from '@millrace/wire';
import type { Signal } from '@millrace/wire';
import { factory } from '../src/index.ts';
import type { RedactionConfig } from '../src/config.ts';

// Output is looked into like any JSON.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = any;
type Known = Exclude<Signal, 'profiles'>;

/** The checked configuration of these settings. */
export function config(settings: object = {}): RedactionConfig {
  return configOf(factory, settings);
}

/** Runs an encoded request through a processor with these settings. `isSame`: the batch went on as it is. */
export function pass(
  settings: object,
  signal: Known,
  request: Uint8Array,
  context: TestContext = testContext({ id: 'redaction', signal }),
): { readonly bytes: Buffer; readonly isSame: boolean } {
  const { pool } = testHost();
  const sink = new Sink();
  using batch = admitBytes(signal, request, noClient, pool);
  let isSame = false;
  sink.before = (out) => {
    isSame = out === batch;
    return undefined;
  };
  const stage = factory.create!(config(settings), sink, context);
  void stage.consume(batch);
  // What comes out must be well formed.
  using again = admitBytes(signal, sink.requests[0]!, noClient, pool);
  if (!again.bytes.equals(sink.requests[0]!) || again.items !== batch.items) throw new Error('the output is not well formed');
  return { bytes: sink.requests[0]!, isSame };
}

/** An OTLP/JSON request as bytes. */
export function encoded(signal: Known, request: object): Buffer {
  return Buffer.from(decodeMessageJson(requestMessage[signal], Buffer.from(JSON.stringify(request))));
}

/** Runs an OTLP/JSON request through; the result as OTLP/JSON. */
export function redact(settings: object, signal: Known, request: object, context?: TestContext): Json {
  return JSON.parse(
    Buffer.from(encodeMessageJson(requestMessage[signal], pass(settings, signal, encoded(signal, request), context).bytes)).toString(),
  );
}

/** The attributes of a span that had these, as they come out. */
export function attributesAfter(
  settings: object,
  attributes: Readonly<Record<string, unknown>>,
  context?: TestContext,
): Record<string, Json> {
  const request = { resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'span', attributes: attributesOf(attributes) }] }] }] };
  const span = redact(settings, 'traces', request, context).resourceSpans[0].scopeSpans[0].spans[0];
  return plainOf(span.attributes);
}

/** The body of a log record that had this one, as it comes out. */
export function bodyAfter(settings: object, body: unknown): Json {
  const request = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: valueOf(body) }] }] }] };
  return plainValue(redact(settings, 'logs', request).resourceLogs[0].scopeLogs[0].logRecords[0].body);
}

export function attributesOf(map: Readonly<Record<string, unknown>>): Json[] {
  return Object.entries(map).map(([key, value]) => ({ key, value: valueOf(value) }));
}

function valueOf(value: unknown): Json {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'bigint') return { intValue: String(value) };
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('base64') };
  if (value === null) return {};
  if (Array.isArray(value)) return { arrayValue: { values: value.map(valueOf) } };
  return { kvlistValue: { values: attributesOf(value as Record<string, unknown>) } };
}

export function plainOf(attributes: Json[] | undefined): Record<string, Json> {
  return Object.fromEntries((attributes ?? []).map(({ key, value }) => [key, plainValue(value)]));
}

export function plainValue(value: Json): Json {
  const [kind, inner] = Object.entries(value ?? {})[0] ?? [];
  if (kind === 'arrayValue') return ((inner as Json).values ?? []).map(plainValue);
  if (kind === 'kvlistValue') return plainOf((inner as Json).values);
  if (kind === 'intValue') return Number(inner);
  if (kind === 'bytesValue') return Buffer.from(inner as string, 'base64').toString();
  return inner;
}
