import type { PlainField, PlainMessage } from '@millrace/wire/plain';

/** What is known of an item, by the path of the field. */
export type Facts = Map<string, string | bigint>;

/** Items by what identifies them. */
export type Items = Map<string, Facts>;

const groups = {
  traces: ['resourceSpans', 'scopeSpans', 'spans'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
} as const;

/** One item of a request with what it belongs to. */
export interface Part {
  readonly resource: PlainMessage;
  readonly scope: PlainMessage;
  readonly item: PlainMessage;
}

/** The items of an OTLP request. */
export function partsOf(signal: keyof typeof groups, request: PlainMessage): Part[] {
  const [resources, scopes, items] = groups[signal];
  const list = (message: PlainMessage, name: string): readonly PlainMessage[] => (message[name] ?? []) as readonly PlainMessage[];
  return list(request, resources).flatMap((group) =>
    list(group, scopes).flatMap((inner) =>
      list(inner, items).map((item) => ({
        resource: (group['resource'] ?? {}) as PlainMessage,
        scope: (inner['scope'] ?? {}) as PlainMessage,
        item,
      })),
    ),
  );
}

/** Every field of a message, each with its path. Fields of the default value that are no member of a oneof are the same as absent ones. */
export function flatten(facts: Facts, path: string, value: PlainField): void {
  if (value === undefined) return;
  if (value instanceof Uint8Array) facts.set(path, `0x${Buffer.from(value).toString('hex')}`);
  else if (Array.isArray(value)) for (const [i, one] of (value as readonly PlainField[]).entries()) flatten(facts, `${path}[${i}]`, one);
  else if (typeof value === 'object') {
    const entries = Object.entries(value as PlainMessage);
    // A value that is set to nothing is one, unlike a value that is not there.
    for (const [name, inner] of entries) {
      const isOneof = /(Value|as(Int|Double)|^(sum|min|max))$/.test(name);
      if (isOneof || (inner !== '' && inner !== 0 && inner !== 0n && inner !== false)) flatten(facts, `${path}.${name}`, inner);
    }
  } else facts.set(path, typeof value === 'bigint' && path.endsWith('Nano') ? value : `${typeof value} ${String(value)}`);
}

/** Adds an item of OTLP, every field of it. */
export function addOtlp(items: Items, signal: keyof typeof groups, { resource, scope, item }: Part): void {
  const identity = { traces: 'spanId', metrics: 'name', logs: 'timeUnixNano' }[signal];
  const key = String(item[identity] as string | bigint);
  const facts: Facts = new Map();
  flatten(facts, 'resource', resource);
  flatten(facts, 'scope', scope);
  flatten(facts, 'item', item);
  items.set(key, facts);
}

/** What differs between what was sent and what arrived; the first examples. */
export interface Comparison {
  readonly missing: number;
  readonly different: number;
  readonly examples: readonly string[];
}

/** Compares item by item and field by field: times may be off by so many nanoseconds, everything else must be the same. */
export function compare(sent: Items, received: Items, toleranceNs: bigint): Comparison {
  let missing = 0;
  let different = 0;
  const examples: string[] = [];
  for (const [key, expected] of sent) {
    const actual = received.get(key);
    if (actual === undefined) {
      missing++;
      continue;
    }
    const wrong: string[] = [];
    for (const path of new Set([...expected.keys(), ...actual.keys()])) {
      const [a, b] = [expected.get(path), actual.get(path)];
      const near = typeof a === 'bigint' && typeof b === 'bigint' && (a > b ? a - b : b - a) <= toleranceNs;
      if (a !== b && !near) wrong.push(`${path}: sent ${JSON.stringify(String(a))}, received ${JSON.stringify(String(b))}`);
    }
    if (wrong.length === 0) continue;
    different++;
    examples.push(...wrong.map((text) => `${key} ${text}`));
  }
  return { missing, different, examples };
}
