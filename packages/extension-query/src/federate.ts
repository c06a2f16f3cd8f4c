import type { SeriesSamples } from '@millrace/api';
import { QueryError } from '@millrace/promql';
import { negotiate, writeFamilies } from '@millrace/prometheus-format';
import type { FamilyType, MetricFamily, Sample } from '@millrace/prometheus-format';
import { httpReply } from '@millrace/transport';
import type { Handler } from './handler.ts';

/**
 * `/federate`: the newest sample of each series, for a Prometheus that scrapes. Numbers are `untyped`; native histograms are there in protobuf
 * only. Series without `instance` get an empty one, so that the scraper does not add its own.
 */
export const federate: Handler = async ({ exchange, parameters, source, nowMs, lookbackMs, signal }) => {
  const format = negotiate(exchange.header('accept'), { openMetrics: false });
  const families = new Map<string, MetricFamily & { readonly samples: Sample[] }>();
  const seen = new Set<string>();
  for (const matchers of parameters.selectors()) {
    for await (const series of source.select({ matchers, startMs: nowMs - lookbackMs, endMs: nowMs, signal })) {
      const key = JSON.stringify(series.labels);
      if (seen.has(key)) continue;
      seen.add(key);
      const name = series.labels.find(([label]) => label === '__name__')?.[1];
      const sample = newest(series);
      if (name === undefined || sample === undefined) continue;
      const type: FamilyType = typeof sample.value === 'number' ? 'unknown' : 'histogram';
      if (type === 'histogram' && format.kind !== 'protobuf') continue;
      let family = families.get(`${type} ${name}`);
      if (family === undefined) families.set(`${type} ${name}`, (family = { name, type, samples: [] }));
      family.samples.push(sample);
    }
  }
  if (signal.aborted) throw new QueryError('canceled', 'query was canceled in expression evaluation');
  const sorted = [...families.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  exchange.reply(httpReply(200, format.contentType, writeFamilies(sorted, format)));
};

function newest({ labels, timestampsMs, values, histograms }: SeriesSamples): Sample | undefined {
  const last = timestampsMs.length - 1;
  const own = labels.filter(([name]) => name !== '__name__');
  const shared = {
    labels: own.some(([name]) => name === 'instance') ? own : [...own, ['instance', ''] as const],
    timestampMs: timestampsMs[last]!,
  };
  const histogram = histograms?.[last];
  if (histogram === undefined) return isStale(values, last) ? undefined : { ...shared, value: values[last]! };
  if (histogram.customBounds !== undefined) return undefined;
  const { count, sum } = histogram;
  return { ...shared, value: { count, sum, bounds: [], counts: [], native: histogram } };
}

/** A staleness marker is told from other NaNs by its bits. */
function isStale(values: Float64Array, index: number): boolean {
  return new BigUint64Array(values.buffer, values.byteOffset + index * 8, 1)[0] === 0x7ff0000000000002n;
}
