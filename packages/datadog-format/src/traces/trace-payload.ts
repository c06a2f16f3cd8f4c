import { partsPayload, type Payload } from '../payload.ts';
import { type Mark, ProtoWriter } from '../proto-writer.ts';
import type { DatadogSpan, TraceChunk, TracerPayload } from './span.ts';

/** Who sends (the fields of AgentPayload that are not traces). */
export interface Agent {
  readonly hostname: string;
  readonly env: string;
  readonly version: string;
}

/** What the agent says of its samplers, in traces per second. */
const targetTracesPerSecond = 10;

/** The size at which the agent closes a payload, in bytes. */
const maxPayloadBytes = 3_200_000;

interface Part {
  readonly payload: TracerPayload;
  readonly chunk: TraceChunk;
}

/** Encodes payloads as `datadog.trace.AgentPayload`s of about 3.2 MB at most, apart from single traces that are larger. */
export function encodeTraces(payloads: readonly TracerPayload[], agent: Agent): Payload[] {
  const parts: Part[] = payloads.flatMap((payload) => payload.chunks.map((chunk) => ({ payload, chunk })));
  if (parts.length === 0) return [];
  const all = partsPayload(
    parts,
    (some) => encodePart(some, agent),
    ({ chunk }) => chunk.spans.length,
  );
  return bounded(all);
}

function bounded(payload: Payload): Payload[] {
  if (payload.bytes.length <= maxPayloadBytes) return [payload];
  const halves = payload.halves();
  return halves.length === 0 ? [payload] : halves.flatMap(bounded);
}

function encodePart(parts: readonly Part[], agent: Agent): Buffer {
  const writer = begin(agent);
  let mark = 0;
  for (const [i, { payload, chunk }] of parts.entries()) {
    if (payload !== parts[i - 1]?.payload) mark = openPayload(writer, payload);
    writeChunk(writer, chunk);
    if (payload !== parts[i + 1]?.payload) writer.end(mark);
  }
  return writer.bytes;
}

function begin({ hostname, env, version }: Agent): ProtoWriter {
  const writer = new ProtoWriter(64 * 1024);
  writer.string(1, hostname);
  writer.string(2, env);
  writer.string(7, version);
  writer.double(8, targetTracesPerSecond);
  writer.double(9, targetTracesPerSecond);
  return writer;
}

function openPayload(writer: ProtoWriter, payload: TracerPayload): Mark {
  const mark = writer.begin(5);
  writer.string(1, payload.containerId);
  writer.string(2, payload.language);
  writer.string(4, payload.tracerVersion);
  writer.textMap(7, payload.tags);
  writer.string(8, payload.env);
  writer.string(9, payload.hostname);
  writer.string(10, payload.appVersion);
  return mark;
}

function writeChunk(writer: ProtoWriter, { priority, origin, spans, tags }: TraceChunk): void {
  const mark = writer.begin(6);
  writer.integer(1, priority);
  writer.string(2, origin);
  for (const span of spans) writeSpan(writer, span);
  writer.textMap(4, tags);
  writer.end(mark);
}

function writeSpan(writer: ProtoWriter, span: DatadogSpan): void {
  const mark = writer.begin(3);
  writer.string(1, span.service);
  writer.string(2, span.name);
  writer.string(3, span.resource);
  writer.bigint(4, span.traceId);
  writer.bigint(5, span.spanId);
  writer.bigint(6, span.parentId);
  writer.bigint(7, span.start);
  writer.bigint(8, span.duration);
  writer.integer(9, span.error);
  writer.textMap(10, span.meta);
  writer.numberMap(11, span.metrics);
  writer.string(12, span.type);
  writer.end(mark);
}
