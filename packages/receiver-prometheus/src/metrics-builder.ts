import type { Batch, BufferPool } from '@millrace/api';
import type { Exemplar, FamilyType, ParsedHistogram } from '@millrace/prometheus-format';
import { BatchBuilder } from '@millrace/wire';
import type { ExemplarInput, NewScope, PlainAttributes } from '@millrace/wire';
import { histogramPoint, nativePoint, summaryPoint } from './distributions.ts';
import type { Metadata, MetadataStore } from './metadata.ts';
import type { Series } from './series.ts';
import { trimmedName } from './trimmed-name.ts';

const scopeName = 'github.com/open-telemetry/opentelemetry-collector-contrib/receiver/prometheusreceiver';
const cumulative = 2;
/** opentelemetry.proto.metrics.v1.DataPointFlags: NO_RECORDED_VALUE. */
export const noRecordedValue = 1;

/** A value of a series. */
export interface Value {
  readonly value: number;
  readonly timestampMs: number;
  /** NaN when unknown. */
  readonly createdMs: number;
  readonly exemplar: Exemplar | undefined;
  readonly histogram: ParsedHistogram | undefined;
  /** The series has ended. */
  readonly isStale: boolean;
}

/** The samples of one family that belong together: a histogram's buckets with its sum and count. */
export interface Group {
  readonly attributes: PlainAttributes;
  readonly timestampMs: number;
  createdMs: number;
  isStale: boolean;
  count: number | undefined;
  sum: number | undefined;
  value: number | undefined;
  readonly buckets: { readonly bound: number; readonly count: number }[];
  readonly quantiles: { readonly quantile: number; readonly value: number }[];
  histogram: ParsedHistogram | undefined;
  readonly exemplars: ExemplarInput[];
}

type Kind = 'gauge' | 'sum' | 'histogram' | 'summary';

interface Family {
  readonly name: string;
  readonly kind: Kind;
  readonly isMonotonic: boolean;
  readonly metadata: Metadata;
  readonly groups: Map<string, Group>;
}

interface Scope {
  readonly name: string;
  readonly version: string;
  readonly schemaUrl: string;
  readonly attributes: PlainAttributes;
  readonly families: Map<string, Family>;
}

const kinds: Readonly<Record<FamilyType, Kind>> = {
  counter: 'sum',
  gauge: 'gauge',
  unknown: 'gauge',
  histogram: 'histogram',
  gaugehistogram: 'histogram',
  summary: 'summary',
  info: 'sum',
  stateset: 'sum',
};

/** Units as OpenMetrics writes them, and as OpenTelemetry does (UCUM). */
const units: Readonly<Record<string, string>> = {
  days: 'd',
  hours: 'h',
  minutes: 'min',
  seconds: 's',
  milliseconds: 'ms',
  microseconds: 'us',
  nanoseconds: 'ns',
  bytes: 'By',
  kibibytes: 'KiBy',
  mebibytes: 'MiBy',
  gibibytes: 'GiBy',
  tibibytes: 'TiBy',
  kilobytes: 'KBy',
  megabytes: 'MBy',
  gigabytes: 'GBy',
  terabytes: 'TBy',
  meters: 'm',
  volts: 'V',
  amperes: 'A',
  joules: 'J',
  watts: 'W',
  grams: 'g',
  celsius: 'Cel',
  hertz: 'Hz',
  percent: '%',
};

/** How batches are made. */
export interface MetricsOptions {
  readonly trimSuffixes: boolean;
  readonly keepClassicBuckets: boolean;
  readonly programVersion: string;
}

/** Collects the samples of one scrape and makes OpenTelemetry metrics of them, as the Collector's receiver does. */
export class MetricsBuilder {
  readonly #metadata: MetadataStore;
  readonly #options: MetricsOptions;
  readonly #scopes = new Map<string, Scope>();
  readonly #resource: Record<string, string>;

  constructor(metadata: MetadataStore, resource: Readonly<Record<string, string>>, options: MetricsOptions) {
    this.#metadata = metadata;
    this.#resource = { ...resource };
    this.#options = options;
  }

  /** Adds a value. `job` and `instance` are those of the resource. */
  add({ name, labels }: Series, value: Value): void {
    if (name === 'target_info') return this.#targetInfo(labels);
    const { name: familyName, metadata } = this.#metadata.family(name);
    const scope = this.#scopeOf(labels);
    const kind = kinds[metadata.type];
    const id = `${kind} ${familyName}`;
    let family = scope.families.get(id);
    if (family === undefined) {
      family = { name: familyName, kind, isMonotonic: metadata.type === 'counter', metadata, groups: new Map() };
      scope.families.set(id, family);
    }
    this.#addTo(family, name, labels, value);
  }

  /** The batch of everything that was added; undefined when nothing was. */
  finish(pool: BufferPool): Batch | undefined {
    using builder = new BatchBuilder('metrics', pool);
    const resource = builder.resource(this.#resource);
    for (const { name, version, attributes, schemaUrl, families } of this.#scopes.values()) {
      const scope = resource.scope(name, version, attributes, schemaUrl);
      for (const family of families.values()) this.#write(scope, family);
    }
    return builder.finish();
  }

  #targetInfo(labels: ReadonlyMap<string, string>): void {
    for (const [label, value] of labels) if (label !== 'job' && label !== 'instance') this.#resource[label] = value;
  }

  #scopeOf(labels: ReadonlyMap<string, string>): Scope {
    const attributes: Record<string, string> = {};
    for (const [label, value] of labels) {
      if (label.startsWith('otel_scope_') && !['otel_scope_name', 'otel_scope_version', 'otel_scope_schema_url'].includes(label)) {
        attributes[label.slice('otel_scope_'.length)] = value;
      }
    }
    const given = labels.get('otel_scope_name');
    const name = given ?? scopeName;
    const version = labels.get('otel_scope_version') ?? (given === undefined ? this.#options.programVersion : '');
    const schemaUrl = labels.get('otel_scope_schema_url') ?? '';
    const key = JSON.stringify([name, version, schemaUrl, attributes]);
    let scope = this.#scopes.get(key);
    if (scope === undefined) this.#scopes.set(key, (scope = { name, version, schemaUrl, attributes, families: new Map() }));
    return scope;
  }

  #addTo({ kind, groups }: Family, name: string, labels: ReadonlyMap<string, string>, value: Value): void {
    const own = kind === 'histogram' ? 'le' : kind === 'summary' ? 'quantile' : '';
    const attributes: Record<string, string> = {};
    for (const [label, text] of [...labels].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      if (label !== own && label !== 'job' && label !== 'instance' && !label.startsWith('otel_scope_')) attributes[label] = text;
    }
    const key = JSON.stringify(attributes);
    let group = groups.get(key);
    if (group === undefined) groups.set(key, (group = newGroup(attributes, value.timestampMs)));
    if (value.isStale) group.isStale = true;
    if (!Number.isNaN(value.createdMs)) group.createdMs = value.createdMs;
    if (value.exemplar !== undefined) group.exemplars.push(exemplarInput(value.exemplar));
    if (value.histogram !== undefined) {
      group.histogram = value.histogram;
      for (const exemplar of value.histogram.exemplars ?? []) group.exemplars.push(exemplarInput(exemplar));
      return;
    }
    const part = labels.get(own);
    if (kind === 'gauge' || kind === 'sum') group.value = value.value;
    else if (name.endsWith('_sum')) group.sum = value.value;
    else if (name.endsWith('_count')) group.count = value.value;
    else if (part !== undefined && kind === 'histogram') group.buckets.push({ bound: Number(goInfinity(part)), count: value.value });
    else if (part !== undefined) group.quantiles.push({ quantile: Number(part), value: value.value });
  }

  #write(scope: NewScope, { name, kind, isMonotonic, metadata, groups }: Family): void {
    const { type, help, unit } = metadata;
    const header = {
      name: this.#options.trimSuffixes ? trimmedName(name, type, unit) : name,
      description: help,
      unit: units[unit] ?? unit,
      metadata: { 'prometheus.type': type },
    };
    for (const group of groups.values()) {
      const { timestampMs, createdMs, attributes, isStale, exemplars } = group;
      const common = {
        attributes,
        timeUnixNano: nanoseconds(timestampMs),
        ...(!Number.isNaN(createdMs) && kind !== 'gauge' && { startTimeUnixNano: nanoseconds(createdMs) }),
        ...(isStale && { flags: noRecordedValue }),
      };
      const withExemplars = exemplars.length > 0 ? { exemplars } : {};
      if (kind === 'gauge' && (group.value !== undefined || isStale)) {
        scope.metric({ ...header, type: 'gauge' }).point({ ...common, ...(!isStale && { asDouble: group.value! }), ...withExemplars });
      } else if (kind === 'sum' && (group.value !== undefined || isStale)) {
        const metric = scope.metric({ ...header, type: 'sum', temporality: cumulative, isMonotonic });
        metric.point({ ...common, ...(!isStale && { asDouble: group.value! }), ...withExemplars });
      } else if (kind === 'summary') {
        const point = summaryPoint(group);
        if (point !== undefined) scope.metric({ ...header, type: 'summary' }).point({ ...common, ...point });
      } else if (kind === 'histogram') {
        if (group.histogram !== undefined) {
          const metric = scope.metric({ ...header, type: 'exponentialHistogram', temporality: cumulative });
          metric.point({ ...common, ...nativePoint(group.histogram), ...withExemplars });
          if (!this.#options.keepClassicBuckets) continue;
        }
        const point = histogramPoint(group);
        if (point !== undefined) {
          scope.metric({ ...header, type: 'histogram', temporality: cumulative }).point({ ...common, ...point, ...withExemplars });
        }
      }
    }
  }
}

function newGroup(attributes: PlainAttributes, timestampMs: number): Group {
  return {
    attributes,
    timestampMs,
    createdMs: Number.NaN,
    isStale: false,
    count: undefined,
    sum: undefined,
    value: undefined,
    buckets: [],
    quantiles: [],
    histogram: undefined,
    exemplars: [],
  };
}

function goInfinity(text: string): string {
  return text === '+Inf' ? 'Infinity' : text;
}

function nanoseconds(timeMs: number): bigint {
  return BigInt(Math.round(timeMs * 1000)) * 1000n;
}

function exemplarInput({ labels, value, timestampMs }: Exemplar): ExemplarInput {
  const filteredAttributes: Record<string, string> = {};
  let traceId: string | undefined;
  let spanId: string | undefined;
  for (const [name, text] of labels) {
    if (name === 'trace_id' && /^[0-9a-f]{1,32}$/i.test(text)) traceId = text.toLowerCase().padStart(32, '0');
    else if (name === 'span_id' && /^[0-9a-f]{1,16}$/i.test(text)) spanId = text.toLowerCase().padStart(16, '0');
    else filteredAttributes[name] = text;
  }
  return {
    asDouble: value,
    ...(timestampMs !== undefined && { timeUnixNano: nanoseconds(timestampMs) }),
    ...(traceId !== undefined && { traceId }),
    ...(spanId !== undefined && { spanId }),
    filteredAttributes,
  };
}
