import { normalizeName, normalizePeerService, normalizeService, normalizeTagValue, maxResourceBytes, truncateBytes } from '../normalize.ts';
import { obfuscateSpan } from './obfuscate.ts';
import type { DatadogSpan, TraceChunk } from './span.ts';

/** Earlier times are mistakes: 2000-01-01 in nanoseconds. */
const firstNano = 946_684_800_000_000_000n;
const maxInt64 = 2n ** 63n - 1n;
const maxTypeBytes = 100;
const maxKeyBytes = 200;
const maxValueBytes = 25_000;

/** Why a trace is not sent. */
export type TraceDrop = 'invalid_trace' | 'ignored_resource' | 'sampling_priority';

/** What is done with traces besides converting them. */
export interface ChunkOptions {
  /** Whether traces whose root has this resource are left out. */
  readonly ignores: (resource: string) => boolean;
  readonly computeTopLevelBySpanKind: boolean;
  /** Nanoseconds since the epoch. */
  readonly now: () => bigint;
}

/**
 * Brings the spans of a chunk in order, as the Datadog Agent does: names normalized, impossible times repaired, literals hidden, top-level
 * spans marked. Returns the root, or why the trace is left out.
 */
export function processChunk(chunk: TraceChunk, language: string, options: ChunkOptions): DatadogSpan | TraceDrop {
  for (const span of chunk.spans) if (!normalizeSpan(span, language, options)) return 'invalid_trace';
  const highs = new Set(chunk.spans.flatMap(({ meta }) => meta.get('_dd.p.tid') ?? []));
  if (highs.size > 1) return 'invalid_trace';
  const root = rootOf(chunk.spans);
  chunk.origin = root.meta.get('_dd.origin') ?? '';
  const decision = chunk.spans.find(({ meta }) => meta.has('_dd.p.dm'))?.meta.get('_dd.p.dm');
  if (decision !== undefined) chunk.tags.set('_dd.p.dm', decision);
  if (options.ignores(root.resource)) return 'ignored_resource';
  for (const span of chunk.spans) {
    obfuscateSpan(span);
    truncate(span);
    if (options.computeTopLevelBySpanKind && span.metrics.get('_dd.top_level') === 1) span.metrics.set('_top_level', 1);
  }
  const rate = root.metrics.get('_sample_rate') ?? 1;
  if (rate < 1) root.metrics.set('_dd1.sr.rcusr', rate);
  else root.metrics.delete('_dd1.sr.rcusr');
  if (!options.computeTopLevelBySpanKind) markTopLevel(chunk.spans);
  return root;
}

/**
 * Whether a trace is sent, by its sampling priority: dropped when negative, and at 0 unless it has an error; spans that a sampling rule kept are
 * sent in any case. To be asked after the statistics, which see everything.
 */
export function isKept(chunk: TraceChunk, root: DatadogSpan): boolean {
  const { priority, spans } = chunk;
  if (priority > 0 || (priority === 0 && spans.some(({ error }) => error !== 0))) {
    const hasRate = ['_dd.agent_psr', '_dd.rule_psr', '_sampling_priority_rate_v1'].some((key) => root.metrics.has(key));
    if (priority === 1 && root.parentId === 0n && !hasRate) root.metrics.set('_sampling_priority_rate_v1', 1);
    for (const { metrics } of spans) {
      const rate = metrics.get('_dd1.sr.eausr') ?? 0;
      if (rate < 1) continue;
      metrics.delete('_dd1.sr.eausr');
      metrics.set('_dd.analyzed', 1);
    }
    return true;
  }
  const kept = spans.filter(({ metrics }) => metrics.has('_dd.span_sampling.mechanism'));
  if (kept.length === 0) return false;
  chunk.spans = kept;
  chunk.priority = 2;
  return true;
}

/** The span without a parent, else the first whose parent is not among them, else the last. */
export function rootOf(spans: readonly DatadogSpan[]): DatadogSpan {
  const root = spans.findLast(({ parentId }) => parentId === 0n);
  if (root !== undefined) return root;
  const ids = new Set(spans.map(({ spanId }) => spanId));
  return spans.find(({ parentId }) => !ids.has(parentId)) ?? spans.at(-1)!;
}

function normalizeSpan(span: DatadogSpan, language: string, { now }: ChunkOptions): boolean {
  if (span.traceId === 0n || span.spanId === 0n) return false;
  const { meta } = span;
  span.service = normalizeService(span.service, language);
  for (const key of ['peer.service', '_dd.base_service']) {
    const value = meta.get(key);
    if (value !== undefined) meta.set(key, normalizePeerService(value));
  }
  span.name = normalizeName(span.name);
  if (span.resource === '') span.resource = span.name;
  if (span.parentId === span.traceId && span.parentId === span.spanId) span.parentId = 0n;
  if (span.duration < 0n || span.duration > maxInt64 - span.start) span.duration = 0n;
  if (span.start < firstNano) {
    const time = now();
    span.start = time < span.duration ? time : time - span.duration;
  }
  span.type = truncateBytes(span.type, maxTypeBytes);
  const env = meta.get('env');
  if (env !== undefined) meta.set('env', normalizeTagValue(env));
  const status = meta.get('http.status_code');
  if (status !== undefined && !/^0*[1-5]\d\d$/.test(status)) meta.delete('http.status_code');
  return true;
}

function truncate(span: DatadogSpan): void {
  span.resource = truncateBytes(span.resource, maxResourceBytes);
  for (const [key, value] of span.meta) {
    if (key.length * 3 <= maxKeyBytes && value.length * 3 <= maxValueBytes) continue;
    if (/^_dd\..*\.(?:json|msgpack|protobuf)$/.test(key)) continue;
    const shortKey = shortened(key, maxKeyBytes);
    const shortValue = shortened(value, maxValueBytes);
    if (shortKey !== key) span.meta.delete(key);
    if (shortKey !== key || shortValue !== value) span.meta.set(shortKey, shortValue);
  }
  for (const [key, value] of span.metrics) {
    const shortKey = shortened(key, maxKeyBytes);
    if (shortKey === key) continue;
    span.metrics.delete(key);
    span.metrics.set(shortKey, value);
  }
}

function shortened(text: string, maxBytes: number): string {
  const short = truncateBytes(text, maxBytes);
  return short === text ? text : `${short}...`;
}

/** A span is top-level when it has no parent here, or one of another service. */
function markTopLevel(spans: readonly DatadogSpan[]): void {
  const services = new Map(spans.map(({ spanId, service }) => [spanId, service]));
  for (const { parentId, service, metrics } of spans) {
    if (parentId === 0n || services.get(parentId) !== service) metrics.set('_top_level', 1);
  }
}
