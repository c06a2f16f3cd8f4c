import type { DatadogSpan } from '../traces/span.ts';
import { DurationSketch } from './duration-sketch.ts';
import { grpcStatus } from './grpc-status.ts';
import { matchingPeerTags } from './peer-tags.ts';
import { type ClientStats, clientStats, groupedStats, type StatsBucket } from './stats-payload.ts';

/** How statistics are computed. */
export interface ConcentratorOptions {
  /** Count servers, clients, producers and consumers besides top-level and measured spans. */
  readonly computeStatsBySpanKind: boolean;
  /** Attributes that tell peers apart. */
  readonly peerTags: readonly string[];
  /** Length of a bucket in nanoseconds. */
  readonly bucketNanos: bigint;
  /** Nanoseconds since the epoch. */
  readonly nowNanos: () => bigint;
}

/** Where spans come from, as far as statistics are kept apart by it. */
export interface StatsSource {
  readonly env: string;
  readonly hostname: string;
  readonly version: string;
  readonly containerId: string;
  readonly lang: string;
  readonly gitCommitSha: string;
  readonly imageTag: string;
  readonly containerTags: readonly string[];
}

/** Buckets that stay open for late spans, the current one included. */
const openBuckets = 2n;
/** Buckets of the future: spans that end later than the last are counted in it. */
const maxBuckets = 60n;
/** Beyond so many groups in a bucket, spans of new resources are counted under one; beyond twice as many, those of new services and peers too. */
const maxGroups = 10_000;
/** Beyond so many sources in a bucket, new ones are counted as one. */
const maxSources = 1000;
/** What those are called. */
const overflow = '[overflow]';
const overflowSource: StatsSource = {
  env: 'none',
  hostname: '',
  version: '',
  containerId: '',
  lang: '',
  gitCommitSha: '',
  imageTag: '',
  containerTags: [],
};

const countedKinds = new Set(['server', 'consumer', 'client', 'producer']);

interface Labels {
  readonly service: string;
  readonly name: string;
  readonly resource: string;
  readonly type: string;
  readonly spanKind: string;
  readonly statusCode: number;
  readonly synthetics: boolean;
  readonly peerTags: string[];
  readonly isTraceRoot: number;
  readonly grpcStatusCode: string;
}

interface Group extends Labels {
  hits: number;
  topLevelHits: number;
  errors: number;
  duration: number;
  readonly ok: DurationSketch;
  readonly error: DurationSketch;
}

interface Bucket {
  size: number;
  readonly sources: Map<string, { readonly source: StatsSource; readonly groups: Map<string, Group> }>;
}

/** Counts spans into buckets of time by service, operation, resource and more, as the concentrator of the Datadog Agent does. */
export class Concentrator {
  readonly #options: ConcentratorOptions;
  readonly #buckets = new Map<bigint, Bucket>();
  #oldest: bigint;

  constructor(options: ConcentratorOptions) {
    this.#options = options;
    this.#oldest = aligned(options.nowNanos(), options.bucketNanos);
  }

  /** Groups that are kept now. */
  get size(): number {
    let size = 0;
    for (const bucket of this.#buckets.values()) size += bucket.size;
    return size;
  }

  /** Counts a span when it is top-level, measured, or of a kind that is counted. `weight` is how many spans it stands for. */
  add(span: DatadogSpan, source: StatsSource, origin = '', weight = 1): void {
    const { meta, metrics } = span;
    const kind = meta.get('span.kind') ?? '';
    const isTopLevel = metrics.get('_top_level') === 1 || metrics.get('_dd.top_level') === 1;
    const isCounted = this.#options.computeStatsBySpanKind && countedKinds.has(kind.toLowerCase());
    if (!isTopLevel && !isCounted && metrics.get('_dd.measured') !== 1) return;
    if ((metrics.get('_dd.partial_version') ?? -1) >= 0) return;
    const end = span.start + span.duration;
    const { bucketNanos, nowNanos } = this.#options;
    const start = aligned(end, bucketNanos);
    const newest = aligned(nowNanos(), bucketNanos) + maxBuckets * bucketNanos;
    const inside = start < this.#oldest ? this.#oldest : start > newest ? newest : start;
    const group = this.#group(inside, span, source, kind, origin.startsWith('synthetics'));
    group.hits += weight;
    if (isTopLevel) group.topLevelHits += weight;
    if (span.error !== 0) group.errors += weight;
    group.duration += Number(span.duration) * weight;
    (span.error === 0 ? group.ok : group.error).add(span.duration);
  }

  /** Takes the buckets that are over, or with `everything` all of them. */
  flush(nowNanos: bigint, everything = false): ClientStats[] {
    const { bucketNanos } = this.#options;
    const result = new Map<string, ClientStats>();
    for (const [start, { sources }] of this.#buckets) {
      if (!everything && start > nowNanos - openBuckets * bucketNanos) continue;
      this.#buckets.delete(start);
      for (const [key, { source, groups }] of sources) {
        let stats = result.get(key);
        if (stats === undefined) {
          const { containerTags, ...fields } = source;
          stats = clientStats({ ...fields, tags: source.containerId === '' ? [] : [...containerTags] });
          result.set(key, stats);
        }
        stats.buckets.push({ start, duration: bucketNanos, agentTimeShift: 0n, groups: [...groups.values()].map(finished) });
      }
    }
    const oldest = aligned(nowNanos, bucketNanos) - (openBuckets - 1n) * bucketNanos;
    if (oldest > this.#oldest) this.#oldest = oldest;
    return [...result.values()];
  }

  #group(start: bigint, span: DatadogSpan, source: StatsSource, spanKind: string, synthetics: boolean): Group {
    let bucket = this.#buckets.get(start);
    if (bucket === undefined) this.#buckets.set(start, (bucket = { size: 0, sources: new Map() }));
    const groups = groupsOf(bucket, source);
    const { service, name, resource, type, meta, metrics } = span;
    const labels: Labels = {
      service,
      name,
      resource,
      type,
      spanKind,
      statusCode: Math.trunc(metrics.get('http.status_code') ?? (Number(meta.get('http.status_code') ?? 0) || 0)),
      synthetics,
      peerTags: matchingPeerTags(meta, this.#options.peerTags),
      isTraceRoot: span.parentId === 0n ? 1 : 2,
      grpcStatusCode: grpcStatus(meta, metrics),
    };
    const known = groups.get(keyOf(labels));
    if (known !== undefined) return known;
    const folded = bucket.size < maxGroups ? labels : foldedLabels(labels, bucket.size >= 2 * maxGroups);
    const key = keyOf(folded);
    let group = groups.get(key);
    if (group === undefined) {
      group = newGroup(folded);
      groups.set(key, group);
      bucket.size++;
    }
    return group;
  }
}

/** The groups of a source in a bucket. */
function groupsOf({ sources }: Bucket, source: StatsSource): Map<string, Group> {
  const { env, hostname, version, containerId, lang, gitCommitSha, imageTag } = source;
  const key = [env, hostname, version, containerId, lang, gitCommitSha, imageTag].join('\0');
  let found = sources.get(key);
  if (found === undefined && sources.size >= maxSources) return overflowGroups(sources);
  if (found === undefined) sources.set(key, (found = { source, groups: new Map() }));
  return found.groups;
}

function overflowGroups(sources: Bucket['sources']): Map<string, Group> {
  let found = sources.get(overflow);
  if (found === undefined) sources.set(overflow, (found = { source: overflowSource, groups: new Map() }));
  return found.groups;
}

function keyOf({ peerTags, ...rest }: Labels): string {
  return [...Object.values(rest), ...peerTags].join('\0');
}

function foldedLabels(labels: Labels, isAll: boolean): Labels {
  if (!isAll) return { ...labels, resource: overflow };
  const none = { type: '', statusCode: 0, synthetics: false, peerTags: [], isTraceRoot: 0, grpcStatusCode: '' };
  return { ...none, service: overflow, name: overflow, resource: overflow, spanKind: labels.spanKind };
}

function newGroup(labels: Labels): Group {
  return { ...labels, hits: 0, topLevelHits: 0, errors: 0, duration: 0, ok: new DurationSketch(), error: new DurationSketch() };
}

function aligned(nanos: bigint, bucketNanos: bigint): bigint {
  return nanos - (nanos % bucketNanos);
}

function finished(group: Group): StatsBucket['groups'][number] {
  return groupedStats({
    service: group.service,
    name: group.name,
    resource: group.resource,
    httpStatusCode: group.statusCode,
    type: group.type,
    hits: whole(group.hits),
    errors: whole(group.errors),
    duration: whole(group.duration),
    okSummary: group.ok.encode(),
    errorSummary: group.error.encode(),
    synthetics: group.synthetics,
    topLevelHits: whole(group.topLevelHits),
    spanKind: group.spanKind,
    peerTags: group.peerTags,
    isTraceRoot: group.isTraceRoot,
    grpcStatusCode: group.grpcStatusCode,
  });
}

function whole(value: number): bigint {
  return BigInt(Math.round(value));
}
