import { BufferPool, MemoryLedger } from '@millrace/wire';
import { fromPlain, toPlain } from '@millrace/wire/plain';

/** A value of an attribute in object form. */
export type PlainAttribute = { key?: string; value?: { [member: string]: unknown } };

/** A data point of any kind in object form; what its kind lacks is absent. */
export interface PlainPoint {
  attributes: PlainAttribute[];
  startTimeUnixNano?: bigint;
  timeUnixNano?: bigint;
  asInt?: bigint;
  asDouble?: number;
  flags?: number;
  exemplars?: { asInt?: bigint; asDouble?: number }[];
  count?: bigint;
  sum?: number;
  min?: number;
  max?: number;
  bucketCounts?: bigint[];
  explicitBounds?: number[];
  scale?: number;
  zeroCount?: bigint;
  zeroThreshold?: number;
  positive?: PlainBuckets;
  negative?: PlainBuckets;
  quantileValues?: { quantile?: number; value?: number }[];
}

/** Buckets of an exponential histogram. */
export interface PlainBuckets {
  offset?: number;
  bucketCounts: bigint[];
}

/** The data of a metric. */
export interface PlainData {
  dataPoints: PlainPoint[];
  aggregationTemporality?: number;
  isMonotonic?: boolean;
}

/** The kinds of data. */
export type PlainKind = 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary';

/** A metric in object form, for conversions that change what it is. Fields that are not in the schema are lost. */
export interface PlainMetric {
  name?: string;
  description?: string;
  unit?: string;
  gauge?: PlainData;
  sum?: PlainData;
  histogram?: PlainData;
  exponentialHistogram?: PlainData;
  summary?: PlainData;
  metadata: PlainAttribute[];
}

/** In the order of the Collector's names in errors. */
const kinds: readonly PlainKind[] = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];

/** What kind of data a metric has. */
export function kindOf(metric: PlainMetric): PlainKind | undefined {
  return kinds.find((kind) => metric[kind] !== undefined);
}

/** The data of a metric, undefined when it has none. */
export function dataOf(metric: PlainMetric): PlainData | undefined {
  const kind = kindOf(metric);
  return kind && metric[kind];
}

/** Only for what is encoded here and released at once. */
const pool = new BufferPool(new MemoryLedger(1 << 26));
const tags = [0x0a, 0x12, 0x12];

/** The object form of an encoded metric. */
export function decodeMetric(bytes: Uint8Array): PlainMetric {
  const request = toPlain('metrics', requestOf(bytes)) as unknown as {
    resourceMetrics: { scopeMetrics: { metrics: PlainMetric[] }[] }[];
  };
  return request.resourceMetrics[0]!.scopeMetrics[0]!.metrics[0]!;
}

/** An encoded request with one metric. */
export function requestOf(metric: Uint8Array): Uint8Array {
  let bytes = Buffer.from(metric);
  for (const tag of tags.toReversed()) bytes = Buffer.concat([Uint8Array.of(tag), lengthOf(bytes), bytes]);
  return bytes;
}

function lengthOf({ length }: Uint8Array): Uint8Array {
  const bytes: number[] = [];
  let rest = length;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** The encoded form of a metric. */
export function encodeMetric(metric: PlainMetric): Uint8Array {
  using batch = fromPlain('metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics: [metric] }] }] } as never, pool);
  return metricOf(batch.bytes);
}

/** A copy of the only metric of a request. */
export function metricOf(request: Uint8Array): Uint8Array {
  let at = 0;
  for (const tag of tags) {
    // Neither resource nor scope is there.
    while (request[at] !== tag) throw new Error('a request of one metric has other parts');
    at++;
    while (request[at++]! > 0x7f);
  }
  return Uint8Array.prototype.slice.call(request, at);
}
