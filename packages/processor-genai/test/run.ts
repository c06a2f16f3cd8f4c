import { configOf, testContext, testHost } from '@millrace/api/testing';
import type { TestContext } from '@millrace/api/testing';
import type { ProcessorVisitor } from '@millrace/api';
import { admitBytes, decodeMessageJson, encodeMessageJson, noClient, requestMessage, walk } from '@millrace/wire';
import { factory } from '../src/index.ts';

// Output is looked into like any JSON.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = any;
const { pool } = testHost();

type Known = 'traces' | 'logs';

/** A started processor with these settings, which are checked; prices are ours unless they are given. */
export async function processor(
  settings: object = {},
  context: TestContext = testContext({ id: 'genai', signal: 'traces' }),
): Promise<ProcessorVisitor> {
  const visitor = factory.visit!(configOf(factory, { prices: { catalog: 'none' }, ...settings }), context);
  await visitor.start?.(testHost());
  return visitor;
}

/** Runs an OTLP/JSON request through. Fails when the visitor threw. */
export function pass(visitor: ProcessorVisitor, signal: Known, request: object): Json {
  using batch = admitBytes(signal, encoded(signal, request), noClient, pool);
  const errors: unknown[] = [];
  const output = walk([visitor], (_, error) => errors.push(error)).run(batch);
  if (errors.length > 0) throw errors[0];
  const bytes = output?.bytes ?? Buffer.alloc(0);
  using again = admitBytes(signal, Buffer.from(bytes), noClient, pool);
  if (!again.bytes.equals(bytes) || again.items !== batch.items) throw new Error('the output is not well formed');
  const result: Json = JSON.parse(Buffer.from(encodeMessageJson(requestMessage[signal], bytes)).toString());
  if (output !== batch) output?.release();
  return result;
}

function encoded(signal: Known, request: object): Buffer {
  return Buffer.from(decodeMessageJson(requestMessage[signal], Buffer.from(JSON.stringify(request))));
}

/** A request of one span. */
export function spanRequest(attributes: Json[], more: object = {}, scope: object = {}): object {
  return {
    resourceSpans: [{ scopeSpans: [{ scope, spans: [{ name: 'span', startTimeUnixNano: '1700000000000000000', attributes, ...more }] }] }],
  };
}

/** The first span of a request. */
export function spanOf(request: Json): Json {
  return request.resourceSpans[0].scopeSpans[0].spans[0];
}

/** The first log record of a request. */
export function logOf(request: Json): Json {
  return request.resourceLogs[0].scopeLogs[0].logRecords[0];
}

/** A span with these attributes as it comes out; `attributes` as a plain object. */
export async function spanAfter(settings: object, attributes: object, more: object = {}): Promise<Json> {
  const visitor = await processor(settings);
  const span = spanOf(pass(visitor, 'traces', spanRequest(attributesOf(attributes), more)));
  return { ...span, attributes: plainOf(span.attributes) };
}

/** The attributes of a span that had these, as they come out. */
export async function after(settings: object, attributes: object): Promise<Record<string, Json>> {
  return (await spanAfter(settings, attributes)).attributes;
}

/** A log record as it comes out. */
export async function logAfter(settings: object, log: { attributes?: object; body?: unknown; eventName?: string }): Promise<Json> {
  const visitor = await processor(settings, testContext({ id: 'genai', signal: 'logs' }));
  const record = {
    ...log,
    timeUnixNano: '1700000000000000000',
    attributes: attributesOf(log.attributes ?? {}),
    ...(log.body !== undefined && { body: valueOf(log.body) }),
  };
  const out = logOf(pass(visitor, 'logs', { resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }));
  return { ...out, attributes: plainOf(out.attributes), body: plainValue(out.body) };
}

export function attributesOf(map: object): Json[] {
  return Object.entries(map).map(([key, value]) => ({ key, value: valueOf(value) }));
}

function valueOf(value: unknown): Json {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (value === null || value === undefined) return {};
  if (Array.isArray(value)) return { arrayValue: { values: value.map(valueOf) } };
  return { kvlistValue: { values: attributesOf(value as object) } };
}

export function plainOf(attributes: Json[] | undefined): Record<string, Json> {
  return Object.fromEntries((attributes ?? []).map(({ key, value }) => [key, plainValue(value)]));
}

function plainValue(value: Json): Json {
  const [kind, inner] = Object.entries(value ?? {})[0] ?? [];
  if (kind === 'arrayValue') return ((inner as Json).values ?? []).map(plainValue);
  if (kind === 'kvlistValue') return plainOf((inner as Json).values);
  if (kind === 'intValue') return Number(inner);
  return inner;
}
