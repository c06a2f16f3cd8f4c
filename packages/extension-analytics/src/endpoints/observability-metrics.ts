import type { MetricSource, SeriesSamples } from '@millrace/api';
import { negotiate, writeFamilies } from '@millrace/prometheus-format';
import type { MetricFamily, Sample } from '@millrace/prometheus-format';
import { isoTime, number, text, texts, time } from '../endpoint.ts';
import type { Endpoint } from '../endpoint.ts';
import { minuteMs } from '../periods.ts';

/** What is older is no longer so. */
const lookbackMs = 5 * minuteMs;

interface Newest {
  readonly name: string;
  readonly labels: SeriesSamples['labels'];
  readonly value: number;
  readonly timestampMs: number;
}

/** The newest number of every series. Native histograms are none. */
export const observabilityMetrics: Endpoint = {
  path: '/observability/metrics',
  summary: 'The newest value of every series: as Prometheus text (untyped), JSON or CSV',
  parameters: {},
  rows: 'metrics',
  columns: { name: text, labels: texts, value: { type: ['number', 'string'] }, timestamp: time },
  facts: { series: number },
  text: async ({ source, nowMs, accept }) => {
    const families = new Map<string, MetricFamily & { readonly samples: Sample[] }>();
    for await (const { name, ...sample } of newest(source, nowMs)) {
      let family = families.get(name);
      if (family === undefined) families.set(name, (family = { name, type: 'unknown', samples: [] }));
      family.samples.push(sample);
    }
    const format = negotiate(accept, { openMetrics: false });
    const sorted = [...families.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return { type: format.contentType, body: writeFamilies(sorted, format) };
  },
  find: async ({ source, nowMs }) => {
    const rows = [];
    for await (const { name, labels, value, timestampMs } of newest(source, nowMs)) {
      // JSON has no infinities.
      rows.push({
        name,
        labels: Object.fromEntries(labels),
        value: Number.isFinite(value) ? value : String(value),
        timestamp: isoTime(timestampMs),
      });
    }
    return { facts: { series: rows.length }, rows };
  },
};

async function* newest(source: MetricSource, nowMs: number): AsyncGenerator<Newest> {
  const matchers = [{ name: '__name__', operator: '!=' as const, value: '' }];
  for await (const { labels, timestampsMs, values, histograms } of source.select({ matchers, startMs: nowMs - lookbackMs, endMs: nowMs })) {
    const last = timestampsMs.length - 1;
    const name = labels.find(([label]) => label === '__name__')?.[1];
    if (name === undefined || histograms?.[last] !== undefined || isStale(values, last)) continue;
    yield { name, labels: labels.filter(([label]) => label !== '__name__'), value: values[last]!, timestampMs: timestampsMs[last]! };
  }
}

/** A staleness marker is told from other NaNs by its bits. */
function isStale(values: Float64Array, index: number): boolean {
  return new BigUint64Array(values.buffer, values.byteOffset + index * 8, 1)[0] === 0x7ff0000000000002n;
}
