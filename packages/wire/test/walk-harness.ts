import { expect } from '@jest/globals';
import { admitBytes, createBatch, noClient, requestMessage, walk } from '@millrace/wire';
import type { Batch, BufferPool, Visitor } from '@millrace/wire';
import { countItems, testPool } from './meaning.ts';
import type { TestSignal } from './meaning.ts';
import { encode } from './reference.ts';
import type { PlainMessage } from './reference.ts';
import { scramble } from './scramble.ts';

/** A pool whose released buffers are overwritten. */
export const pool: BufferPool = testPool();

/** A batch with a copy of the bytes in pooled memory. */
export function toBatch(signal: TestSignal, bytes: Uint8Array, items: number = countItems(signal, bytes)): Batch {
  const lease = pool.lease(bytes.length + 3);
  // Not at the start of the buffer: offsets are relative to the batch.
  lease.buffer.set(bytes, 3);
  return createBatch(signal, lease, 3, 3 + bytes.length, items, noClient);
}

/** Expects bytes that `admit` takes as they are. */
export function expectAdmissible(signal: TestSignal, bytes: Uint8Array, items: number): void {
  using batch = admitBytes(signal, bytes, noClient, pool);
  expect(batch.bytes.equals(bytes)).toBe(true);
  expect(batch.items).toBe(items);
}

/** Walks a request and returns a copy of what is left; hooks must not throw. */
export function walked(signal: TestSignal, bytes: Uint8Array, ...visitors: Visitor[]): Buffer | undefined {
  using batch = toBatch(signal, bytes);
  const result = walk(visitors, (_, error) => {
    throw error;
  }).run(batch);
  if (result === batch) return Buffer.from(batch.bytes);
  if (result === undefined) return undefined;
  const copy = Buffer.from(result.bytes);
  expectAdmissible(signal, copy, result.items);
  result.release();
  return copy;
}

/** Repeatable random numbers. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  list<T>(max: number, make: () => T): T[] {
    return Array.from({ length: this.below(max + 1) }, make);
  }
}

/** Few keys and values, so that visitors meet them. The long values make lengths change their width. */
export const keyTexts: readonly string[] = ['service.name', 'http.route', 'a', 'b', 'unit', 'ключ'];
export const texts: readonly string[] = ['checkout', 'catalog', '', 'x', 'y'.repeat(110), 'z'.repeat(130), 'ä€😀'];

const unknown = [{ no: 99, wireType: 2, data: Uint8Array.from([3, 1, 2, 3]) }];

/** Random requests with everything that OTLP has: all value types, missing and empty parts, unknown fields. */
export class RandomRequest {
  readonly #r: Random;

  constructor(random: Random) {
    this.#r = random;
  }

  #value(depth = 0): PlainMessage {
    const r = this.#r;
    const plain: PlainMessage = {};
    switch (r.below(depth > 1 ? 6 : 8)) {
      case 0:
        plain['intValue'] = r.pick([0n, 1n, -1n, 300n, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 63n - 1n, BigInt(r.below(1e6))]);
        break;
      case 1:
        plain['doubleValue'] = r.pick([0, -0, 1.5, 1e300, Infinity]);
        break;
      case 2:
        plain['boolValue'] = r.chance(50);
        break;
      case 3:
        if (r.chance(50)) plain['bytesValue'] = Uint8Array.from([1, 2, r.below(256)]);
        break;
      case 6:
        plain['arrayValue'] = { values: r.list(3, () => this.#value(depth + 1)) };
        break;
      case 7:
        plain['kvlistValue'] = { values: this.attributes(3, depth + 1) };
        break;
      default:
        plain['stringValue'] = r.pick(texts);
    }
    return plain;
  }

  attributes(max = 4, depth = 0): PlainMessage[] {
    const keys = [...keyTexts];
    return this.#r.list(max, () => ({
      key: keys.splice(this.#r.below(keys.length), 1)[0],
      ...(this.#r.chance(95) && { value: this.#value(depth) }),
      ...this.#unknown(),
    }));
  }

  #unknown(): PlainMessage {
    return this.#r.chance(4) ? { $unknown: unknown } : {};
  }

  #id(length: number): Uint8Array {
    return this.#r.chance(10) ? new Uint8Array(0) : Uint8Array.from({ length }, () => this.#r.below(256));
  }

  #time(): bigint {
    return 1_790_000_000_000_000_000n + BigInt(this.#r.below(1e9));
  }

  #maybe<T>(percent: number, make: () => T): T | undefined {
    return this.#r.chance(percent) ? make() : undefined;
  }

  #span = (): PlainMessage => ({
    traceId: this.#id(16),
    spanId: this.#id(8),
    parentSpanId: this.#id(8),
    traceState: this.#maybe(30, () => this.#r.pick(texts)),
    name: this.#maybe(90, () => this.#r.pick(texts)),
    kind: this.#r.below(6),
    flags: this.#r.pick([0, 257, 4_000_000_000]),
    startTimeUnixNano: this.#time(),
    endTimeUnixNano: this.#time(),
    attributes: this.attributes(),
    droppedAttributesCount: this.#r.below(300),
    events: this.#r.list(3, () => ({
      timeUnixNano: this.#time(),
      name: this.#r.pick(texts),
      attributes: this.attributes(2),
      droppedAttributesCount: this.#r.below(2),
      ...this.#unknown(),
    })),
    droppedEventsCount: this.#r.below(2),
    links: this.#r.list(2, () => ({
      traceId: this.#id(16),
      spanId: this.#id(8),
      traceState: this.#r.pick(texts),
      flags: this.#r.below(300),
      attributes: this.attributes(2),
      droppedAttributesCount: this.#r.below(2),
      ...this.#unknown(),
    })),
    droppedLinksCount: this.#r.below(2),
    status: this.#maybe(60, () => ({ code: this.#r.below(3), message: this.#r.pick(texts), ...this.#unknown() })),
    ...this.#unknown(),
  });

  #log = (): PlainMessage => ({
    timeUnixNano: this.#time(),
    observedTimeUnixNano: this.#time(),
    severityNumber: this.#r.below(25),
    severityText: this.#maybe(60, () => this.#r.pick(texts)),
    body: this.#maybe(80, () => this.#value()),
    attributes: this.attributes(),
    droppedAttributesCount: this.#r.below(2),
    flags: this.#r.below(300),
    traceId: this.#id(16),
    spanId: this.#id(8),
    eventName: this.#maybe(40, () => this.#r.pick(texts)),
    ...this.#unknown(),
  });

  #exemplars(): PlainMessage[] {
    return this.#r.list(2, () => ({
      timeUnixNano: this.#time(),
      ...this.#number(),
      traceId: this.#id(16),
      spanId: this.#id(8),
      filteredAttributes: this.attributes(2),
      ...this.#unknown(),
    }));
  }

  #number(): PlainMessage {
    const r = this.#r;
    if (r.chance(10)) return {};
    return r.chance(50) ? { asInt: r.pick([0n, 7n, -(2n ** 63n), 2n ** 53n + 1n]) } : { asDouble: r.pick([0, 1.5, -2]) };
  }

  #points(kind: string): PlainMessage[] {
    const r = this.#r;
    const counts = (): bigint[] => r.list(4, () => BigInt(r.below(1000)));
    return r.list(5, () => {
      const common = {
        startTimeUnixNano: this.#time(),
        timeUnixNano: this.#time(),
        attributes: this.attributes(),
        flags: r.below(2),
        ...this.#unknown(),
      };
      const sums = { count: BigInt(r.below(9)), sum: this.#maybe(70, () => r.below(9) / 2) };
      const extremes = { min: this.#maybe(50, () => -1.5), max: this.#maybe(50, () => 0), exemplars: this.#exemplars() };
      if (kind === 'gauge' || kind === 'sum') return { ...common, ...this.#number(), exemplars: this.#exemplars() };
      if (kind === 'summary') return { ...common, ...sums, quantileValues: r.list(3, () => ({ quantile: 0.5, value: r.below(9) })) };
      if (kind === 'histogram')
        return { ...common, ...sums, ...extremes, bucketCounts: counts(), explicitBounds: r.list(3, () => r.below(100) / 4) };
      const buckets = (): PlainMessage | undefined => this.#maybe(70, () => ({ offset: r.below(20) - 10, bucketCounts: counts() }));
      const more = {
        scale: r.below(20) - 10,
        zeroCount: BigInt(r.below(3)),
        zeroThreshold: r.below(3),
        positive: buckets(),
        negative: buckets(),
      };
      return { ...common, ...sums, ...extremes, ...more };
    });
  }

  #metric = (): PlainMessage => {
    const kind = this.#r.pick(['gauge', 'sum', 'sum', 'histogram', 'exponentialHistogram', 'summary', '']);
    return {
      name: this.#maybe(90, () => this.#r.pick(texts)),
      description: this.#maybe(50, () => this.#r.pick(texts)),
      unit: this.#maybe(50, () => this.#r.pick(texts)),
      ...(kind !== '' && {
        [kind]: {
          dataPoints: this.#points(kind),
          ...(!['gauge', 'summary'].includes(kind) && { aggregationTemporality: this.#r.below(3) }),
          ...(kind === 'sum' && { isMonotonic: this.#r.chance(50) }),
          ...this.#unknown(),
        },
      }),
      metadata: this.attributes(2),
      ...this.#unknown(),
    };
  };

  message(signal: TestSignal): PlainMessage {
    const r = this.#r;
    const [groups, scopes, items, make] = {
      traces: ['resourceSpans', 'scopeSpans', 'spans', this.#span] as const,
      logs: ['resourceLogs', 'scopeLogs', 'logRecords', this.#log] as const,
      metrics: ['resourceMetrics', 'scopeMetrics', 'metrics', this.#metric] as const,
    }[signal];
    const resource = (): PlainMessage => ({
      attributes: this.attributes(),
      droppedAttributesCount: r.below(2),
      entityRefs: r.list(2, () => ({
        schemaUrl: r.pick(texts),
        type: 'service',
        idKeys: r.list(2, () => r.pick(keyTexts)),
        descriptionKeys: ['d'],
      })),
      ...this.#unknown(),
    });
    const scope = (): PlainMessage => ({
      name: this.#maybe(80, () => r.pick(texts)),
      version: this.#maybe(60, () => r.pick(texts)),
      attributes: this.attributes(2),
      droppedAttributesCount: r.below(2),
      ...this.#unknown(),
    });
    const scopeGroup = (): PlainMessage => ({
      scope: this.#maybe(75, scope),
      [items]: r.list(6, make),
      schemaUrl: r.pick(texts),
      ...this.#unknown(),
    });
    const group = (): PlainMessage => ({
      resource: this.#maybe(75, resource),
      [scopes]: r.list(3, scopeGroup),
      schemaUrl: r.pick(texts),
      ...this.#unknown(),
    });
    return { [groups]: r.list(3, group), ...this.#unknown() };
  }

  /** A well-formed request: half of them as encoders write it, half with its fields in any order. */
  bytes(signal: TestSignal): Buffer {
    const bytes = encode(signal, this.message(signal));
    if (this.#r.chance(50)) return bytes;
    using batch = admitBytes(
      signal,
      scramble(requestMessage[signal], bytes, () => this.#r.below(1 << 20) / (1 << 20)),
      noClient,
      pool,
    );
    return Buffer.from(batch.bytes);
  }

  /** A request with at least ten items. */
  large(signal: TestSignal): Buffer {
    let bytes = this.bytes(signal);
    while (countItems(signal, bytes) < 10) bytes = Buffer.concat([bytes, this.bytes(signal)]);
    return bytes;
  }
}
