import type { AttributesView, DataPointView, MetricEdit, ResourceView, ScopeView, ValueView } from '@millrace/api';
import { ByteWriter } from '@millrace/wire';
import { xxh64 } from './xxh64.ts';

/** What stands before a key or value, so that different sets of attributes never give the same bytes. */
const mark = { key: 0xf4, empty: 0xf5, bytes: 0xf6, string: 0xf7, true: 0xf8, false: 0xf9, int: 0xfa, double: 0xfb, map: 0xfc, list: 0xfe };
const endOfMap = 0xfd;
const endOfList = 0xff;
/** Ends the bytes of which the second half of a hash is made. */
const extra = 0xf3;

/** As the Collector numbers them (pmetric.MetricType). */
const metricTypes = { empty: 0, gauge: 1, sum: 2, histogram: 3, exponentialHistogram: 4, summary: 5 };

const scratch = new ByteWriter();

function text(value: string): void {
  const bytes = Buffer.from(value);
  scratch.copy(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
}

function writeMap(attributes: AttributesView): void {
  const entries: [key: string, slot: number][] = [];
  for (let slot = attributes.first(); slot >= 0; slot = attributes.next(slot)) entries.push([attributes.keyAt(slot), slot]);
  entries.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const [key, slot] of entries) {
    scratch.byte(mark.key);
    text(key);
    writeValue(attributes.valueAt(slot));
  }
}

function writeValue(value: ValueView): void {
  switch (value.type) {
    case 'string':
    case 'bytes': {
      scratch.byte(value.type === 'string' ? mark.string : mark.bytes);
      const { buffer, start, end } = value.range();
      scratch.copy(buffer, new DataView(buffer.buffer, buffer.byteOffset, buffer.length), start, end);
      return;
    }
    case 'bool':
      return scratch.byte(value.boolean() ? mark.true : mark.false);
    case 'int':
      scratch.byte(mark.int);
      return scratch.fixed64(value.bigint());
    case 'double':
      scratch.byte(mark.double);
      return scratch.double(value.number());
    case 'kvlist':
      scratch.byte(mark.map);
      writeMap(value.entries);
      return scratch.byte(endOfMap);
    case 'array':
      scratch.byte(mark.list);
      for (let i = 0; i < value.size; i++) writeValue(value.at(i));
      return scratch.byte(endOfList);
    default:
      return scratch.byte(mark.empty);
  }
}

/** 128 bits of a set of attributes, independent of their order: two XXH64 of its canonical bytes, zero for no attributes. */
function attributesHash(attributes: AttributesView): Buffer {
  const hash = Buffer.alloc(16);
  if (attributes.size === 0) return hash;
  scratch.position = 0;
  writeMap(attributes);
  hash.writeBigUInt64LE(xxh64(scratch.buffer.subarray(0, scratch.position)), 0);
  scratch.byte(extra);
  hash.writeBigUInt64LE(xxh64(scratch.buffer.subarray(0, scratch.position)), 8);
  return hash;
}

/** FNV-1a of 64 bits, which goes on where another one ended. */
class Fnv64 {
  #high: number;
  #low: number;

  constructor(before?: Fnv64) {
    this.#high = before === undefined ? 0xcbf29ce4 : before.#high;
    this.#low = before === undefined ? 0x84222325 : before.#low;
  }

  add(bytes: Uint8Array): this {
    let high = this.#high;
    let low = this.#low;
    for (const byte of bytes) {
      low = (low ^ byte) >>> 0;
      // Times the prime, 2^40 + 0x1b3.
      const product = low * 0x1b3;
      high = (Math.imul(high, 0x1b3) + Math.floor(product / 2 ** 32) + (low << 8)) >>> 0;
      low = product >>> 0;
    }
    this.#high = high;
    this.#low = low;
    return this;
  }

  hex(): string {
    return ((BigInt(this.#high) << 32n) | BigInt(this.#low)).toString(16);
  }
}

const ofResource = (resource: ResourceView): Fnv64 => new Fnv64().add(attributesHash(resource.attributes));

/** What identifies a resource: its attributes. */
export function resourceIdentity(resource: ResourceView): string {
  return `resource/${ofResource(resource).hex()}`;
}

/** What identifies the streams of the metric that is being walked: resource, scope, metric and the attributes of the point. */
export class StreamIdentity {
  #resource = new Fnv64();
  #scope = new Fnv64();
  #metric = new Fnv64();

  onResource(resource: ResourceView): void {
    this.#resource = ofResource(resource);
  }

  onScope(scope: ScopeView): void {
    const { name, version, attributes } = scope;
    this.#scope = new Fnv64(this.#resource).add(Buffer.from(name)).add(Buffer.from(version)).add(attributesHash(attributes));
  }

  onMetric(metric: MetricEdit): void {
    const { name, unit, type, temporality } = metric;
    // Histograms count as monotonic.
    const monotonic = type === 'sum' ? metric.isMonotonic : type === 'histogram' || type === 'exponentialHistogram';
    const traits = Uint8Array.of(metricTypes[type], monotonic ? 1 : 0, temporality);
    this.#metric = new Fnv64(this.#scope).add(Buffer.from(name)).add(Buffer.from(unit)).add(traits);
  }

  of(point: DataPointView): string {
    return `stream/${new Fnv64(this.#metric).add(attributesHash(point.attributes)).hex()}`;
  }
}
