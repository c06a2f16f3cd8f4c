import { BatchBuilder, BufferPool, MemoryLedger, walk } from '@millrace/wire';
import type { LogInput, Plain, SpanInput } from '@millrace/wire';
import { CallReader, readCall, tokenKinds } from '../src/index.ts';
import { Call } from '../src/index.ts';
import type { Usage } from '../src/index.ts';

const reader = new CallReader();

export interface SpanTold extends SpanInput {
  readonly scope?: readonly [name: string, version?: string];
}

/** A number in an attribute of a test is an int when it is whole. */
export type Attributes = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export function plain(attributes: Attributes): Record<string, Plain> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value,
    ]),
  );
}

/** What the reader says of an encoded span, copied. */
export function readSpan(span: SpanTold): Call {
  const pool = new BufferPool(new MemoryLedger(1 << 24));
  const builder = new BatchBuilder('traces', pool);
  const { scope = ['test'], ...input } = span;
  builder.resource().scope(scope[0], scope[1]).span(input);
  const call = new Call();
  const batch = builder.finish()!;
  walk([{ onSpan: (view) => copy(reader.readSpan(view), call) }], (_visitor, error) => {
    throw error;
  }).run(batch);
  return call;
}

/** What the reader says of an encoded log record, copied. */
export function readLog(log: LogInput, scope = 'test'): Call {
  const pool = new BufferPool(new MemoryLedger(1 << 24));
  const builder = new BatchBuilder('logs', pool);
  builder.resource().scope(scope).log(log);
  const call = new Call();
  const batch = builder.finish()!;
  walk([{ onLog: (view) => copy(reader.readLog(view), call) }], (_visitor, error) => {
    throw error;
  }).run(batch);
  return call;
}

/** What the reader says of a span with these attributes. That of the plain object is the same. */
export function readAttributes(attributes: Attributes, scope?: readonly [name: string, version?: string]): Call {
  const call = readSpan(scope === undefined ? { attributes: plain(attributes) } : { attributes: plain(attributes), scope });
  const same = readCall(attributes, new Call(), { scopeName: scope?.[0] ?? 'test', scopeVersion: scope?.[1] ?? '' });
  if (JSON.stringify(told(same)) !== JSON.stringify(told(call))) {
    throw new Error(`the plain object reads as ${JSON.stringify(told(same))}, the span as ${JSON.stringify(told(call))}`);
  }
  return call;
}

function told(call: Call): object {
  return Object.assign({}, call, { usage: Object.assign({}, call.usage, { tokens: [...call.usage.tokens] }) });
}

/** The buckets that are not empty. */
export function buckets(usage: Usage): Partial<Record<(typeof tokenKinds)[number], number>> {
  return Object.fromEntries(tokenKinds.filter((kind) => usage.get(kind) !== 0).map((kind) => [kind, usage.get(kind)]));
}

function copy(from: Call, to: Call): void {
  const { usage, ...fields } = from;
  Object.assign(to, fields);
  to.usage.tokens.set(usage.tokens);
  to.usage.webSearches = usage.webSearches;
  to.usage.known = usage.known;
  to.usage.estimated = usage.estimated;
}
