import { BufferPool, ByteWriter, MemoryLedger } from '@millrace/wire';
import type { Batch } from '@millrace/wire';
import { fromPlain } from '@millrace/wire/plain';
import type { PlainMessage } from '@millrace/wire/plain';
import { JaegerRequests } from '../../packages/exporter-jaeger/src/jaeger-requests.ts';
import type { Load } from './scenario.ts';

/** Points of each metric. */
export const pointsPerMetric = 7;

/** Lends the memory of everything that is sent. */
export const pool: BufferPool = new BufferPool(new MemoryLedger(Infinity));

const startNs = 1_700_000_000_000_000_000n;
const text = (key: string, value: string) => ({ key, value: { stringValue: value } });
const number = (key: string, value: number) => ({ key, value: { intValue: BigInt(value) } });

/** Text of random bytes from 0 to 127, control characters included; the same in every run (xorshift). */
export function randomText(seed: number, sizeBytes: number): string {
  let state = seed * 2_654_435_761 + 1;
  const bytes = Buffer.alloc(sizeBytes);
  for (let i = 0; i < sizeBytes; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state & 127;
  }
  return bytes.toString('latin1');
}

function span(load: Load, batch: number, index: number): PlainMessage {
  const id = (length: number, value: number): string => value.toString(16).padStart(length, '0');
  const { count, bytes } = load.attributes ?? { count: 0, bytes: 0 };
  const extra = Array.from({ length: count }, (_, i) => {
    const seed = (batch * load.itemsPerBatch + index) * count + i + 1;
    return text(randomText(seed, bytes), randomText(seed + 1_000_000, bytes));
  });
  return {
    traceId: id(32, batch + 1),
    spanId: id(16, index + 1),
    name: `load-generator-span${index}`,
    kind: 3,
    startTimeUnixNano: startNs,
    endTimeUnixNano: startNs + 1_000_000n,
    attributes: [number('load_generator.span_seq_num', index), number('load_generator.trace_seq_num', batch), ...extra],
  };
}

function metric(index: number): PlainMessage {
  const dataPoints = Array.from({ length: pointsPerMetric }, (_, i) => ({
    timeUnixNano: startNs,
    asInt: BigInt(i),
    attributes: [text('item_index', `item_${index}`), text('batch_index', `batch_${i}`)],
  }));
  return { name: `load_generator_${index}`, description: `Load Generator Counter #${index}`, gauge: { dataPoints } };
}

function logRecord(index: number): PlainMessage {
  const attributes = ['a', 'b', 'c', 'd', 'e', 'f'].map((key) => text(key, `test ${key}`));
  return {
    timeUnixNano: startNs,
    severityNumber: 11,
    severityText: 'INFO3',
    body: { stringValue: `Load Generator Counter #${index}` },
    attributes,
  };
}

function batchOf(load: Load, batch: number): Batch {
  const indexes = Array.from({ length: load.itemsPerBatch }, (_, i) => i);
  const request: PlainMessage =
    load.signal === 'traces'
      ? { resourceSpans: [{ resource: {}, scopeSpans: [{ spans: indexes.map((i) => span(load, batch, i)) }] }] }
      : load.signal === 'metrics'
        ? { resourceMetrics: [{ resource: {}, scopeMetrics: [{ metrics: indexes.map(metric) }] }] }
        : { resourceLogs: [{ resource: {}, scopeLogs: [{ logRecords: indexes.map(logRecord) }] }] };
  return fromPlain(load.signal, request, pool);
}

/** One OTLP request of a load; different batches have different contents. */
export function otlpRequest(load: Load, batch: number): Buffer {
  return Buffer.from(batchOf(load, batch).bytes);
}

/** A batch of one process as a PostSpansRequest of Jaeger's api_v2. */
export function postSpansRequest(batch: Batch): Buffer {
  using requests = new JaegerRequests(batch, pool);
  if (requests.count !== 1) throw new Error(`one process, ${requests.count} requests`);
  const writer = new ByteWriter(pool.lease(requests.sizeOf(0)));
  requests.write(0, writer);
  return Buffer.from(writer.buffer.subarray(0, writer.position));
}

/** The same for Jaeger. */
export function jaegerRequest(load: Load, batch: number): Buffer {
  return postSpansRequest(batchOf(load, batch));
}

/** The same as a list of spans for Zipkin. */
export function zipkinRequest(load: Load, batch: number): Buffer {
  const spans = Array.from({ length: load.itemsPerBatch }, (_, index) => ({
    traceId: (batch + 1).toString(16).padStart(32, '0'),
    id: (index + 1).toString(16).padStart(16, '0'),
    kind: 'CLIENT',
    name: `load-generator-span${index}`,
    timestamp: 1_700_000_000_000_000,
    duration: 1000,
    localEndpoint: { serviceName: 'load-generator' },
    tags: { 'load_generator.span_seq_num': String(index), 'load_generator.trace_seq_num': String(batch) },
  }));
  return Buffer.from(JSON.stringify(spans));
}
