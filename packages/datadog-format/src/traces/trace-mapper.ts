import type { Batch, Visitor, Walk } from '@millrace/wire';
import { walk } from '@millrace/wire';
import { type Attributes, attributesOf, firstText } from '../attributes.ts';
import { normalizeTagValue } from '../normalize.ts';
import { containerTags } from '../resource-tags.ts';
import { hostName, sourceOf } from '../source.ts';
import { convertSpan, type Scope, type SpanOptions } from './convert-span.ts';
import { type ChunkOptions, isKept, processChunk, type TraceDrop } from './process-chunk.ts';
import type { DatadogSpan, TraceChunk, TracerPayload } from './span.ts';

/** How traces are converted. */
export interface TraceOptions extends SpanOptions, ChunkOptions {
  /** The host of resources that name none. */
  readonly hostname: string;
  /** Sees every trace that is valid and not ignored, also those that sampling drops; absent when nobody counts. */
  readonly onTrace?: (payload: TracerPayload, chunk: TraceChunk, root: DatadogSpan) => void;
}

/** What became of a batch. */
export interface MappedTraces {
  readonly payloads: TracerPayload[];
  /** Spans that are not sent, by reason. */
  readonly dropped: ReadonlyMap<TraceDrop, number>;
}

/** Converts batches of spans to the agent's payloads, one for each resource. */
export class TraceMapper {
  readonly #options: TraceOptions;
  readonly #walk: Walk;
  #resource: Attributes = new Map();
  #scope: Scope = { name: '', version: '', attributes: new Map() };
  #traces = new Map<bigint, DatadogSpan[]>();
  #payloads: TracerPayload[] = [];
  #dropped = new Map<TraceDrop, number>();

  constructor(options: TraceOptions) {
    this.#options = options;
    const visitor: Visitor = {
      traits: { refuses: true },
      onResource: (resource) => {
        this.#resource = attributesOf(resource.attributes);
        this.#traces = new Map();
      },
      onScope: ({ name, version, attributes }) => {
        this.#scope = { name, version, attributes: attributesOf(attributes) };
      },
      onSpan: (view) => {
        const span = convertSpan(view, this.#resource, this.#scope, options);
        const trace = this.#traces.get(span.traceId);
        if (trace === undefined) this.#traces.set(span.traceId, [span]);
        else trace.push(span);
      },
      onResourceEnd: () => this.#endResource(),
    };
    this.#walk = walk([visitor], () => {});
  }

  map(batch: Batch): MappedTraces {
    this.#payloads = [];
    this.#dropped = new Map();
    this.#walk.run(batch);
    return { payloads: this.#payloads, dropped: this.#dropped };
  }

  #endResource(): void {
    const payload = this.#payload();
    for (const spans of this.#traces.values()) {
      const count = spans.length;
      const chunk = chunkOf(spans);
      const root = processChunk(chunk, payload.language, this.#options);
      if (typeof root === 'string') {
        this.#drop(count, root);
        continue;
      }
      setFromRoot(payload, root, chunk);
      this.#options.onTrace?.(payload, chunk, root);
      const kept = isKept(chunk, root) ? chunk.spans.length : 0;
      if (kept > 0) payload.chunks.push(chunk);
      if (kept < count) this.#drop(count - kept, 'sampling_priority');
    }
    this.#traces = new Map();
    if (payload.chunks.length > 0) this.#payloads.push(payload);
  }

  #drop(spans: number, reason: TraceDrop): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + spans);
  }

  #payload(): TracerPayload {
    const resource = this.#resource;
    const texts = [...containerTags(resource)].map(([key, value]) => `${key}:${value}`);
    const source = sourceOf(resource);
    if (source !== undefined && 'taskArn' in source) texts.push(`task_arn:${source.taskArn}`);
    return {
      containerId: normalizeTagValue(firstText(resource, ['container.id', 'k8s.pod.uid'])),
      language: normalizeTagValue(firstText(resource, ['telemetry.sdk.language'])),
      tracerVersion: `otlp-${normalizeTagValue(firstText(resource, ['telemetry.sdk.version']))}`,
      chunks: [],
      tags: new Map(texts.length === 0 ? [] : [['_dd.tags.container', texts.join(',')]]),
      env: normalizeTagValue(firstText(resource, ['deployment.environment.name', 'deployment.environment'])),
      hostname: hostName(resource, this.#options.hostname),
      appVersion: '',
    };
  }
}

/** A chunk with the sampling decision that its spans ask for; without one, it is kept. */
function chunkOf(spans: DatadogSpan[]): TraceChunk {
  const asked = spans.findLast(({ metrics }) => metrics.has('_sampling_priority_v1'));
  const priority = asked === undefined ? 1 : Math.trunc(asked.metrics.get('_sampling_priority_v1')!);
  if (priority === 1 || priority === 2) spans[0]!.meta.set('_dd.p.dm', asked === undefined ? '-9' : '-4');
  return { priority, origin: '', spans, tags: new Map([['_dd.otlp_sr', '1.00']]) };
}

/** What the resource does not say is taken from the first trace that does. */
function setFromRoot(payload: TracerPayload, root: DatadogSpan, chunk: TraceChunk): void {
  const search = (key: string): string => {
    if (root.meta.has(key)) return root.meta.get(key)!;
    return chunk.spans.find(({ meta }) => meta.has(key))?.meta.get(key) ?? '';
  };
  if (payload.hostname === '') payload.hostname = root.meta.get('_dd.hostname') ?? '';
  if (payload.env === '') payload.env = search('env');
  if (payload.appVersion === '') payload.appVersion = search('version');
  const mode = root.meta.get('_dd.apm_mode') ?? '';
  if (mode.toLowerCase() === 'edge' && !payload.tags.has('_dd.apm_mode')) payload.tags.set('_dd.apm_mode', mode);
}
